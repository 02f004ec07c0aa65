"""Pages, table and JSON: the wording, and that a student's text stays text."""

import json
from dataclasses import replace

import pytest

from autograder import feedback
from autograder.rows import ExerciseRow, Row
from labkit.check import CheckResult

EVIL = '<script>alert(1)</script> `<img src=x onerror=alert(2)>` & "q"'


def check(name="one_image", *, passed=False, message="", answered=True):
    return CheckResult(name, f"Title of {name}", "f", 2.0, passed, message, answered)


def row(*checks, error="", **more):
    points = sum(c.points for c in checks if c.passed)
    exercise = ExerciseRow("f", points, 2.0 * len(checks), error, list(checks))
    base = Row("ann/06-saliency.ipynb", "06-saliency", "graded", "", points, 2.0 * len(checks),
               1.25, "bubblewrap", 7, [exercise])  # fmt: skip
    return replace(base, **more)


def failed(reason="expected a Jupyter notebook", name="bob/06-saliency.ipynb"):
    return Row(name, "", "failed", reason, 0.0, 0.0, 0.1, "bubblewrap", 0)


def test_a_page_shows_points_and_one_message_first():
    page = feedback.render_page(
        row(
            check("a", passed=True),
            check("b", message="take `abs` first"),
            check("c", message="also"),
        )
    )
    assert "2 of 6 points" in page
    assert page.count("Take <code>abs</code> first.") == 1, "the first message is not repeated"
    assert page.index("Take <code>abs</code>") < page.index("Title of a") < page.index("Also.")
    assert 'name="viewport"' in page, "readable on a phone"


def test_a_page_never_runs_what_a_student_wrote():
    for page in (
        feedback.render_page(row(check(message=EVIL), check("b", message=EVIL), error=EVIL)),
        feedback.render_page(row(check(message=EVIL), submission=EVIL, lab=EVIL)),
        feedback.render_page(failed(EVIL)),
    ):
        assert "<script>" not in page
        assert "<img" not in page


def test_an_exercise_that_is_not_answered_lists_no_checks():
    page = feedback.render_page(
        row(check(message="not answered yet: `f` returns None", answered=False))
    )
    assert "Not answered yet" in page
    assert "Title of" not in page


def test_code_that_could_not_run_says_why_once():
    page = feedback.render_page(row(check(message="boom"), error="boom"))
    assert page.lower().count("boom") == 1


def test_a_page_says_when_an_earlier_answer_was_replaced():
    exercise = replace(row(check()).exercises[0], helped_by=("double",))
    page = feedback.render_page(row(exercises=[exercise]))
    assert "Your <code>double</code> failed its own checks" in page


@pytest.mark.parametrize("isolation", ["bubblewrap", "not isolated"])
def test_missing_isolation_is_said_in_page_table_and_json(isolation):
    told = row(check(), isolation=isolation)
    words = "Not isolated" in feedback.render_page(told)
    advice = "Install bubblewrap" in feedback.table([told])
    assert words == advice == (isolation == "not isolated")
    assert f"isolation: {isolation}" in feedback.table([told])
    assert told.as_json()["isolation"] == isolation


def test_a_failed_submission_has_a_page_with_its_reason():
    page = feedback.render_page(failed())
    assert "could not be graded" in page
    assert "Expected a Jupyter notebook." in page


def test_the_table_has_a_line_for_each_and_counts():
    lines = feedback.table([row(check(message="b")), failed()]).splitlines()
    assert lines[1].split()[:3] == ["ann/06-saliency.ipynb", "06-saliency", "0/2"]
    assert lines[1].endswith("f: b")
    assert "FAILED: expected a Jupyter notebook" in lines[2]
    assert lines[3] == "1 graded, 1 failed; isolation: bubblewrap"


def test_the_table_of_nobody_is_no_crash():
    assert "0 graded, 0 failed" in feedback.table([])


def test_a_file_name_moves_no_cursor():
    """Students name their files; the instructor's terminal shows them."""
    table = feedback.table([failed(name="x/\x1b[2J\n16/16.ipynb")])
    assert "\x1b" not in table
    assert len(table.splitlines()) == 3


@pytest.mark.parametrize(
    "submission",
    ["../../etc/passwd", "/", "", ".", "..", "a/../b.ipynb", "x\0y.ipynb", "é/ü.ipynb", "a b.ipynb",
     "-rf.ipynb", "d/" * 50 + "x.ipynb", "n" * 255 + ".ipynb", "\udcff.ipynb", "CON.ipynb"],
)  # fmt: skip
def test_page_names_are_harmless(tmp_path, submission):
    name = feedback.page_name(submission)
    assert name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert not name.startswith(".")
    path = feedback.write_page(row(check(), submission=submission), tmp_path / "pages")
    assert path.parent == tmp_path / "pages"
    assert path.exists()


def test_two_submissions_never_share_a_page():
    names = ["a/b/c/06.ipynb", "x/b/c/06.ipynb", "a/b_c.ipynb", "a_b/c.ipynb", "a/b c.ipynb",
             "a/b-c.ipynb", "a/b-c.py", "a/b/c.ipynb", "b/c.ipynb", "a_b_c.ipynb"]  # fmt: skip
    assert len({feedback.page_name(n) for n in names}) == len(names)


def test_a_plain_name_stays_readable():
    assert feedback.page_name("class/ann/06-saliency.ipynb") == "class_ann_06-saliency"


def test_json_holds_any_text(tmp_path):
    rows = [row(check(message="é \ud800 \x1b"), submission="\udcff.ipynb")]
    feedback.write_json(rows, tmp_path / "new" / "rows.json")
    (read,) = json.loads((tmp_path / "new" / "rows.json").read_text(encoding="utf-8"))
    assert read["exercises"][0]["checks"][0]["message"].startswith("é ")
    assert "answered" not in read["exercises"][0]["checks"][0]


def test_code_between_backticks():
    assert feedback.inline("a `b<c` d") == "a <code>b&lt;c</code> d"
    assert feedback.inline("odd ` one") == "odd <code> one</code>"
