"""The class's page: its numbers, its first lines, claims, and that students' text stays text."""

import json
from dataclasses import replace

import pytest

from autograder.claims import Claim, claim_of
from autograder.feedback import render_page
from autograder.lab import ROOT, visible_points
from autograder.report import histogram, render_report, short_names, write_report
from autograder.rows import ExerciseRow, Row
from autograder.summary import LabSummary, summarize, summarize_exercise
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


def row(path, found, *, seconds=1.0, status="graded", reason=""):
    exercises = [found] if found else []
    points = sum(e.points for e in exercises)
    return Row(str(path), LAB, status, reason, points, 4.0, seconds, "bubblewrap", 1, exercises)


def test_an_exercise_is_summed_up_by_checks_and_by_what_was_said_first():
    found = summarize_exercise("saliency_map", [RIGHT, MEAN, MEAN, SUM, NONE])
    assert (found.answered, found.right, found.mean) == (4, 1, 2.0 * 2 * 2 / 5)
    one, two = found.checks
    assert (one.title, one.failed) == ("Title of one", 3)
    assert one.messages == [
        ("take the maximum, not the mean", 2),
        (f"not the sum {EVIL}", 1),
    ]
    assert (two.failed, two.messages) == (1, []), "it failed after another one"
    assert (found.telling, found.following) == ([one], [two])
    assert found.first_messages[0] == ("take the maximum, not the mean", 2)


def test_code_that_cannot_run_counts_as_what_was_said_first():
    broken = exercise(check("one", False, "x", False), error="cell 3 is not valid Python")
    found = summarize_exercise("saliency_map", [broken, broken, RIGHT])
    assert found.answered == 1
    assert found.first_messages == [("cell 3 is not valid Python", 2)]
    assert found.errors == [("cell 3 is not valid Python", 2)]


def test_rare_messages_are_counted_together():
    many = [exercise(check("one", False, f"value {i // 2}")) for i in range(15)]
    messages = summarize_exercise("saliency_map", many).checks[0].messages
    assert messages[-1] == ("something else", 3)
    assert sum(count for _, count in messages) == 15


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
    rows.append(row(f"eve/{EVIL}.ipynb", None, status="failed", reason=f"no notebook: {EVIL}"))
    return rows


def test_the_page_says_what_an_instructor_asks(classroom, tmp_path):
    page = write_report(classroom, tmp_path / "out" / "report.html").read_text()
    assert "06-saliency: 5 submissions, 1 not graded" in page
    assert "Mean 1.5, median 1, of 4 points." in page
    assert "Failed only where a check above had failed, too: Title of two (1)." in page
    assert "Take the maximum, not the mean. (1)" in page
    assert page.count("<svg role=") == 1
    assert "100 %" in page.partition("Nearly the same code")[2].partition("</table>")[0]
    slowest = page.partition("Slowest")[2].partition("</table>")[0]
    assert slowest.index("dee") < slowest.index("bob")
    assert EVIL not in page
    assert "<script" not in page


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
        (["s/ada/06-x/06-x.ipynb", "t/ada/06-x.ipynb"], ["s/ada", "t/ada/06-x.ipynb"]),
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
