"""The class's page: its numbers, its first lines, claims, and that students' text stays text."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.__main__ import main
from autograder.alike import Group
from autograder.claims import Claim, claim_of
from autograder.feedback import render_page
from autograder.lab import ROOT, visible_points
from autograder.report import histogram, render_report, short_names, write_report
from autograder.roster import Attendance
from autograder.rows import ExerciseRow, Row
from autograder.summary import LabSummary, Said, summarize, summarize_exercise
from labkit.check import CheckResult

LAB = "06-saliency"
EVIL = "<script>alert(1)</script>"


def check(name, passed, message="", answered=True):
    return CheckResult(name, f"Title of {name}", "saliency_map", 2.0, passed, message, answered)


def exercise(*checks, error=""):
    points = sum(c.points for c in checks if c.passed)
    return ExerciseRow("saliency_map", points, 4.0, error, list(checks))


RIGHT = exercise(check("one", True), check("two", True))
MEAN = exercise(check("one", False, "take the maximum, not the mean"), check("two", True))
SUM = exercise(check("one", False, f"not the sum {EVIL}"), check("two", False, "and this"))
NONE = exercise(check("one", False, "not answered yet", False), check("two", False, "", False))
NOT_THERE = exercise(check("one", False, "not answered yet: `saliency_map` is not defined", False))


def row(path, found, *, seconds=1.0, status="graded", reason=""):
    exercises = [found] if found else []
    points = sum(e.points for e in exercises)
    return Row(str(path), LAB, status, reason, points, 4.0, seconds, "bubblewrap", 1, exercises)


def summed_up(*found):
    """Sum up an exercise of students called a, b, c and so on."""
    return summarize_exercise("saliency_map", list(zip("abcdefghijklmno", found, strict=False)))


def test_an_exercise_is_summed_up_by_checks_and_by_what_was_said_first():
    found = summed_up(RIGHT, MEAN, MEAN, SUM, NONE)
    assert (found.answered, found.right, found.mean) == (4, 1, 2.0 * 2 * 2 / 5)
    one, two = found.checks
    assert (one.title, one.failed) == ("Title of one", 3)
    assert one.messages == [
        Said("take the maximum, not the mean", ("b", "c")),
        Said(f"not the sum {EVIL}", ("d",)),
    ]
    assert (two.failed, two.messages) == (1, []), "it failed after another one"
    assert (found.telling, found.following) == ([one], [two])
    assert found.first_messages[0] == one.messages[0]


def test_code_that_cannot_run_counts_as_what_was_said_first():
    broken = exercise(check("one", False, "x", False), error="cell 3 is not valid Python")
    found = summed_up(broken, broken, RIGHT)
    assert found.answered == 1
    assert found.errors == [Said("cell 3 is not valid Python", ("a", "b"))]
    assert found.first_messages == found.errors


def test_what_was_left_out_is_counted_by_its_reason():
    found = summed_up(NONE, NOT_THERE, RIGHT, NOT_THERE)
    assert (found.answered, found.left_out) == (1, 3)
    assert found.unanswered == [
        Said("`saliency_map` is not defined", ("b", "d")),
        Said("not answered yet", ("a",)),
    ]
    broken = exercise(check("one", False, "x", False), error="cell 3 is not valid Python")
    assert summed_up(broken).left_out == 0, "it was answered, by what does not run"


def test_rare_messages_are_counted_together():
    many = [exercise(check("one", False, f"value {i // 2}")) for i in range(15)]
    messages = summed_up(*many).checks[0].messages
    assert messages[-1] == Said("something else", ("m", "n", "o"))
    assert sum(said.count for said in messages) == 15


@pytest.fixture
def classroom(tmp_path):
    """Rows of six submissions, two of them the same but for names."""
    source = (ROOT / "tests/autograder/answers/06-saliency.py").read_text()
    answer = source[source.index("def saliency_map") :].split("# %%")[0]
    answer = answer + "\n    ".join(["", *(f"total = [images + {k}, labels]" for k in range(12))])
    rows = []
    for name, found in (("ada", RIGHT), ("bob", MEAN), ("cy", SUM), ("dee", NONE)):
        path = tmp_path / name / f"{LAB}.py"
        path.parent.mkdir()
        path.write_text(
            answer.replace("images", "x") if name == "bob" else answer[: 40 * len(rows)]
        )
        rows.append(row(path, found, seconds=len(rows)))
    (tmp_path / "ada" / f"{LAB}.py").write_text(answer)
    path = tmp_path / "eve" / f"{EVIL}.ipynb"
    rows.append(row(path, None, status="failed", reason=f"no notebook: {EVIL}"))
    return rows


def test_the_page_says_what_an_instructor_asks(classroom, tmp_path):
    page = write_report(classroom, tmp_path / "out" / "report.html").read_text()
    assert "06-saliency: 5 submissions, 1 not graded" in page
    assert "Mean 1.5, median 1, of 4 points." in page
    assert "Failed only where a check above had failed, too: Title of two (1)." in page
    assert "Take the maximum, not the mean. (1)" in page
    assert page.count("<svg role=") == 1
    alike = text_of(page.partition("Nearly the same code")[2].partition("</table>")[0])
    assert "100 % | 2 | ada, bob" in alike
    assert "those of fewer than 60 words and signs are not compared" in alike
    slowest = page.partition("Slowest")[2].partition("</table>")[0]
    assert slowest.index("dee") < slowest.index("bob")
    assert EVIL not in page
    assert page.count("<script") == 1, "the page's own, which sorts"


def text_of(html):
    """Return what a table shows, its cells between bars."""
    return " ".join(re.sub(r"<[^>]*>", "", re.sub(r"</t[dh]>", " | ", html)).split())


def test_behind_each_message_stands_who_got_it(classroom):
    page = render_report(summarize(classroom))
    told = re.findall(r"<summary>(.*?)</summary><p>(.*?)</p>", page)
    assert [(message, text_of(who)) for message, who in told] == [
        ("Take the maximum, not the mean. (1)", "bob"),
        ("Not the sum &lt;script&gt;alert(1)&lt;/script&gt;. (1)", "cy"),
        ("Not answered yet. (1)", "dee"),
    ]
    assert "Not answered" in page.partition("what was not understood")[2]


def test_everybody_has_a_line_with_points_by_exercise(classroom):
    broken = exercise(check("one", False, "x", False), error="cell 3 is not valid Python")
    folder = Path(classroom[0].submission).parents[1]
    rows = [row(folder / name / f"{LAB}.py", broken) for name in ("s10", "s9")]
    page = render_report(summarize([*rows, *classroom[:4]]))
    table = page.partition("By student and exercise</h3>")[2].partition("</table>")[0]
    assert re.findall(r"(\w+) \| (\S+) \| (\S+) \|", text_of(table.partition("</thead>")[2])) == [
        ("ada", "4", "4"), ("bob", "2", "2"), ("cy", "0", "0"), ("dee", "0", "–"),
        ("s9", "0", "×"), ("s10", "0", "×"),
    ]  # fmt: skip
    assert "saliency_<wbr>map" in table


def test_what_could_not_be_graded_has_a_line_too(classroom):
    table = render_report(summarize(classroom)).partition("By student and exercise</h3>")[2]
    assert EVIL.replace("<", "&lt;").replace(">", "&gt;") in table
    assert 'title="not graded">?</td>' in table


def test_with_a_roster_the_page_says_who_handed_in_nothing(classroom, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("ada\nbob\ncy\nidle & <b>\n")
    rows = iter(classroom[:4])
    page = write_report(rows, tmp_path / "report.html", roster).read_text()
    assert "Handed in nothing: 1</h3>" in page
    assert "<li>idle &amp; &lt;b&gt;</li>" in page
    assert text_of(page.partition("Not in the roster: ")[2].partition(".</p>")[0]) == "dee"
    assert "Handed in nothing" not in render_report(summarize(classroom)), "nobody can know"


def test_the_rosters_names_stand_in_the_table_where_they_are_not_the_logins(classroom):
    labs, path = summarize(classroom[:4]), classroom[0].submission
    table = text_of(render_report(labs, {LAB: Attendance({path: EVIL}, [], [])}))
    assert "ada | &lt;script&gt;alert(1)&lt;/script&gt; | 4 | 4 |" in table
    assert "<th>name</th>" not in render_report(labs, {LAB: Attendance({}, [], [])})


def test_who_is_unlike_the_others_is_named(classroom):
    rows = [row(f"s/student-{n}/{LAB}.py", RIGHT) for n in range(30)]
    page = render_report(summarize([*rows, row(f"s/eve/{LAB}.py", SUM)]))
    listed = text_of(page.partition("Unlike the others")[2].partition("</table>")[0])
    assert "eve | saliency_map: Title of one | 1 of 31 | Not the sum &lt;script" in listed
    assert "Unlike the others" not in render_report(summarize(classroom))


def test_a_roster_of_other_people_makes_nobody_absent(classroom):
    labs = summarize(classroom[:1])
    page = render_report(labs, {LAB: Attendance({}, ["zoe"], [classroom[0].submission])})
    assert "zoe" not in page
    assert "No submission lies in a folder that the roster knows" in page


def test_a_bad_roster_is_said_before_anything_is_graded(tmp_path):
    with pytest.raises(ValueError, match=r"the roster none\.csv cannot be read"):
        write_report(map(pytest.fail, ["graded"]), tmp_path / "x.html", tmp_path / "none.csv")


def test_the_command_takes_a_roster(tmp_path, capsys):
    command = ["report", str(tmp_path), "--output", str(tmp_path / "x.html")]
    assert main([*command, "--roster", str(tmp_path / "none.csv")]) == 2
    assert "error: the roster none.csv cannot be read" in capsys.readouterr().err


def test_the_slowest_are_those_that_took_longest_when_they_were_graded(classroom):
    """After `grade`, everything is kept, and the report only looks up."""

    def kept(row, seconds):
        exercises = [replace(e, kept_seconds=seconds) for e in row.exercises]
        return replace(row, seconds=0.01, exercises=exercises)

    rows = [kept(classroom[0], 1), kept(classroom[1], 7.7), kept(classroom[2], 0)]
    page = render_report(summarize(rows))
    slowest = text_of(page.partition("<h3>Slowest</h3>")[2].partition("</table>")[0])
    assert "7.7 | bob | 1.0 | ada" in slowest
    assert "cy" not in slowest, "it was kept before times were"


def test_groups_that_are_left_out_are_told(classroom):
    (lab,) = summarize(classroom[:4])
    paths = [r.submission for r in classroom[:4]]
    many = [Group(tuple(paths), 0.925, 1.0), *[Group(tuple(paths[:2]), 1.0, 1.0)] * 30]
    page = render_report([replace(lab, groups=many)])
    assert "These are the 30 largest of 31 groups; the others have at most 2 submissions." in page
    assert "92 to 100 % | 4 | ada, bob, cy, dee |" in text_of(page)
    assert "These are" not in render_report([replace(lab, groups=many[1:])])


def test_a_large_group_is_folded(classroom):
    rows = [row(f"s/student-{n}/{LAB}.py", RIGHT) for n in range(13)]
    (lab,) = summarize(rows)
    group = Group(tuple(r.submission for r in rows), 1.0, 1.0)
    page = text_of(render_report([replace(lab, groups=[group])]))
    assert "student-7 and 5 morestudent-8" in page


def test_the_page_says_the_seed_and_how_submissions_were_isolated(classroom):
    """The seed is the instructor's secret: students' pages do not have it."""
    mixed = [*classroom, replace(classroom[0], seed=20, isolation="not isolated")]
    page = render_report(summarize(mixed))
    assert "Hidden inputs of seeds 1, 20, the same for everybody" in page
    assert "Isolation: bubblewrap, not isolated." in page
    assert "987654" not in render_page(replace(classroom[0], seed=987654))


def test_labs_come_in_order_and_rows_of_no_lab_last():
    lost = replace(row("x.ipynb", None, status="failed", reason="which lab?"), lab="")
    other = replace(lost, lab="01-first-layer-filters")
    found = summarize([lost, row("ada.py", RIGHT), other])
    assert [s.name for s in found] == ["01-first-layer-filters", LAB, ""]
    page = render_report(found)
    assert "Of no lab" in page
    assert '<a href="#lab-3">of no lab</a>' in page
    assert "which lab?" in page.lower()


def test_a_histogram_is_an_svg_with_its_meaning_in_words():
    picture = histogram([0, 5, 10, 10], 10)
    assert "Points of 4 submissions, of at most 10." in picture
    assert picture.startswith("<svg role=")
    assert histogram([], 10), "nobody could be graded"
    assert "#000000" not in picture, "black would vanish on a dark page"
    assert picture == histogram([0, 5, 10, 10], 10), "the same points give the same picture"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["s/ada/06-x/06-x.ipynb", "s/bob/06-x/06-x.ipynb"], ["ada", "bob"]),
        (["class/06-x/ada.py", "class/06-x/bob.py"], ["ada.py", "bob.py"]),
        (["/s/ada/06-x/06-x.ipynb"], ["ada"]),
        (["06-x/06-x.ipynb"], ["06-x.ipynb"]),
        (["s/ada/06-x/06-x.ipynb", "t/ada/06-x.ipynb"], ["s/ada", "t/ada"]),
        (["s/ada/06-x.ipynb", "s/bob/06-x.py"], ["ada", "bob"]),
        (["s/ada/06-x.ipynb", "s/ada/06-x/06-x.py"], ["s/ada/06-x.ipynb", "s/ada/06-x/06-x.py"]),
        (["/s/ada.py", "t/bob.py"], ["/s/ada.py", "t/bob.py"]),
        (["s/ada/06-x/06-x.ipynb", "s/ada"], ["s/ada/06-x/06-x.ipynb", "s/ada"]),
    ],
)
def test_a_submission_is_called_what_tells_it_from_the_others(paths, names):
    assert short_names(paths) == dict(zip(paths, names, strict=True))


def test_only_claims_to_more_than_was_earned_are_listed():
    claims = [Claim(f"s/{n}/{LAB}/{LAB}.ipynb", 0.9, e) for n, e in (("cy", 0.4), ("ada", 0.9))]
    rows = [row(claim.submission, RIGHT) for claim in claims]
    lab = LabSummary(LAB, rows, [], [], claims)
    assert lab.overclaims == claims[:1]
    listed = render_report([lab]).partition("Claimed against regraded")[2]
    listed = listed.partition("</table>")[0]
    assert "1 of 2 shows more than was earned." in listed
    assert ">cy<" in listed
    assert ">ada<" not in listed


def notebook(path, **shown):
    cells = [
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {"nbgrader": {"grade_id": f"check_{name}"}},
            "source": "",
            "outputs": [
                {"output_type": "execute_result", "metadata": {}, "execution_count": 1,
                 "data": {"text/plain": text}}
            ],
        }
        for name, text in shown.items()
    ]  # fmt: skip
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})
    )
    return path


def test_a_claim_is_what_the_notebook_shows_against_what_it_earns(tmp_path):
    most = visible_points(LAB)
    path = notebook(
        tmp_path / "a.ipynb", saliency_map=str(most["saliency_map"]), deletion_curve="9999"
    )
    claim = claim_of(row(path, MEAN))
    shown = most["saliency_map"] + most["deletion_curve"]
    assert claim.claimed == pytest.approx(shown / sum(most.values())), "no more than there is"
    assert claim.earned == 0.5


@pytest.mark.parametrize("text", ["nan", "-5", "a lot", "'4.0'"])
def test_a_claim_that_is_no_number_counts_nothing(tmp_path, text):
    claim = claim_of(row(notebook(tmp_path / "a.ipynb", saliency_map=text), RIGHT))
    assert claim is None or claim.claimed == 0


def test_what_shows_no_result_claims_nothing(tmp_path):
    (tmp_path / "b.ipynb").write_text("{")
    (tmp_path / "link.ipynb").symlink_to(notebook(tmp_path / "c.ipynb", saliency_map="4.0"))
    for path in ("gone.ipynb", tmp_path / "b.ipynb", "a.py", tmp_path / "link.ipynb"):
        assert claim_of(row(path, RIGHT)) is None
    assert claim_of(row(notebook(tmp_path / "d.ipynb"), RIGHT)) is None
