"""A regrade shows what changes before it writes, and keeps what was given by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import build, regrade
from autograder.lab import load_release
from autograder.regrade import Record, Score

if TYPE_CHECKING:
    from classroom import Clone

pytest_plugins = ["classroom"]
LAB = "06-saliency"


def book(clone: Clone) -> Gradebook:
    return Gradebook(f"sqlite:///{clone.root / 'gradebook.db'}", "convnet-labkit")


@pytest.mark.slow
def test_a_regrade_shows_then_writes_and_keeps_points_and_comments(graded: Clone) -> None:
    with book(graded) as gradebook:
        by_hand = gradebook.find_grade("check_deletion_curve", LAB, LAB, "mal")
        by_hand.manual_score, by_hand.auto_score = 5.0, 1.0
        gradebook.find_grade("explain_deletion", LAB, LAB, "ada").manual_score = 2.0
        gradebook.find_comment("explain_deletion", LAB, LAB, "ada").manual_comment = "well said"
        gradebook.db.commit()
    before = (graded.root / "gradebook.db").read_bytes()

    said = graded.run("autograder", "regrade", LAB)
    assert "mal      deletion_curve                    1       0  5 stays" in said
    assert "1 of 9 scores change; 2 scores and 1 comments given by hand stay." in said
    assert "eve: not graded: expected a Jupyter notebook" in said
    assert (graded.root / "gradebook.db").read_bytes() == before

    graded.run("autograder", "regrade", LAB, "--write")
    with book(graded) as gradebook:
        grade = gradebook.find_grade("check_deletion_curve", LAB, LAB, "mal")
        assert (grade.auto_score, grade.manual_score, grade.score) == (0.0, 5.0, 5.0)
        assert gradebook.find_grade("explain_deletion", LAB, LAB, "ada").manual_score == 2.0
        comment = gradebook.find_comment("explain_deletion", LAB, LAB, "ada")
        assert comment.comment == "well said"


def test_a_missing_gradebook_says_how_to_make_it_and_makes_none(tmp_path: Path) -> None:
    class Course:
        db_url = f"sqlite:///{tmp_path / 'gradebook.db'}"

    with pytest.raises(ValueError, match=r"no gradebook.db; run `python -m autograder build`"):
        regrade.read_record(Course(), LAB)
    assert not any(tmp_path.iterdir())


def test_an_unknown_lab_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"there is no lab '99-x'; expected one of \['00-"):
        regrade.regrade("99-x", write=False)


@pytest.fixture
def course(monkeypatch, tmp_path: Path) -> object:
    """nbgrader's view of an empty course."""

    class Course:
        submitted_directory = "submitted"

        def format_path(self, step: str, student: str, lab: str) -> str:
            return str(tmp_path / step / student / lab)

    monkeypatch.setattr(regrade, "ROOT", tmp_path)
    return Course()


def test_no_submissions_names_the_folder(course) -> None:
    with pytest.raises(ValueError, match=f"expected submitted/STUDENT/{LAB}/{LAB}.ipynb"):
        regrade.find_submitted(course, LAB)


def test_a_folder_without_the_labs_own_notebook_is_named(course, tmp_path: Path) -> None:
    """Autograde passes over it: nobody else would say that its student has no points."""
    for name in (f"ada/{LAB}/{LAB} (1).ipynb", f"bob/{LAB}/notes.txt"):
        path = tmp_path / "submitted" / name
        path.parent.mkdir(parents=True)
        path.touch()
    (tmp_path / "submitted" / "cy" / LAB).mkdir(parents=True)
    other = tmp_path / "submitted" / "dan" / LAB / f"{LAB}.ipynb"
    other.parent.mkdir(parents=True)
    nbformat.write(load_release("05-occlusion"), other)
    _, unreadable = regrade._grade(regrade.find_submitted(course, LAB), LAB, Record())
    assert unreadable == {
        "ada": f"expected {LAB}.ipynb, found {LAB} (1).ipynb",
        "bob": f"expected {LAB}.ipynb, found notes.txt",
        "cy": f"expected {LAB}.ipynb, found nothing",
        "dan": f"handed in as {LAB}, but it is the notebook of 05-occlusion",
    }


def test_one_that_cannot_be_written_stops_nobody_and_is_named(
    course, monkeypatch, tmp_path: Path, capsys
) -> None:
    """nbgrader strips the blanks of "  lead" and finds no such folder."""

    def convert(converter: type, lab: str, root: Path, student: str) -> None:
        written.append(student)
        if student != student.strip():
            raise RuntimeError(f"{lab}: No notebooks were matched\nand a long log")

    written: list[str] = []
    for name in ("  lead", "zoe"):
        (tmp_path / "submitted" / name / LAB).mkdir(parents=True)
    monkeypatch.setattr(regrade, "_course_folder", lambda lab: course)
    monkeypatch.setattr(regrade, "read_record", lambda course, lab: Record())
    monkeypatch.setattr(regrade, "_scores", lambda *arguments: [])
    monkeypatch.setattr(build, "run_converter", convert)
    assert regrade.regrade(LAB, write=True) == 1
    assert written == ["  lead", "zoe"]
    assert f"  lead: not written: {LAB}: No notebooks were matched\n" in capsys.readouterr().out


def test_the_table_lists_only_what_changes() -> None:
    same = Score("ada", "f", 3.0, 3.0, None)
    new = Score("bob", "f", None, 2.5, None)
    lines = regrade.table([same, new]).splitlines()
    assert len(lines) == 2
    assert lines[1].split() == ["bob", "f", "-", "2.5"]
    assert regrade.table([same]) == "No score changes."


@pytest.mark.parametrize(
    "after",
    [
        Record(by_hand={("ada", "f"): (1.0, None)}, comments={("ada", "f"): "good"}),
        Record(by_hand={("ada", "f"): (2.0, None)}, comments={}),
    ],
)
def test_what_was_given_by_hand_and_is_gone_is_an_error(after: Record) -> None:
    before = Record(by_hand={("ada", "f"): (2.0, None)}, comments={("ada", "f"): "good"})
    regrade._require_kept(before, before)
    with pytest.raises(RuntimeError, match="given by hand have changed: ada f"):
        regrade._require_kept(before, after)
