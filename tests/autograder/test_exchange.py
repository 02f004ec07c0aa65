"""nbgrader's exchange: a lab goes out, answers come back, each student gets the own feedback."""

import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from classroom import LAB, Clone, copy_checkout
from nbgrader.api import Gradebook

from autograder.lab import grade_info, load_lab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows"),
]

STUDENTS = ("ada", "bob")
EXERCISE = load_lab(LAB).exercise("saliency_map")
MISTAKE = "def saliency_map(model, images, labels):\n    return images.sum(dim=1)"
ANSWERS = {"ada": EXERCISE.solution, "bob": MISTAKE}


@dataclass(frozen=True)
class Exchange:
    """The instructor's checkout, and a folder for each student, after one round."""

    course: Clone
    students: dict[str, Clone]


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """One round: released, fetched, answered, submitted, collected, graded, fetched again."""
    root = tmp_path_factory.mktemp("exchange")
    course = copy_checkout(root / "course")
    students = {name: Clone(root / name) for name in STUDENTS}
    for folder in (course, *students.values()):
        settle(folder.root, root / "shared")
    course.run("autograder", "build", LAB)
    course.run("nbgrader", "release_assignment", LAB)
    for name, student in students.items():
        student.run("nbgrader", "fetch_assignment", LAB)
        answer(student.root / LAB / f"{LAB}.ipynb", ANSWERS[name])
        student.run("nbgrader", "submit", LAB, "--student", name)
    for command in ("collect", "autograde", "generate_feedback", "release_feedback"):
        course.run("nbgrader", command, LAB)
    for name, student in students.items():
        student.run("nbgrader", "fetch_feedback", LAB, "--student", name)
    return Exchange(course, students)


def settle(folder: Path, shared: Path) -> None:
    """Write what docs/jupyterhub.md asks of everybody's settings."""
    folder.mkdir(exist_ok=True)
    with (folder / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(
            "c = get_config()\n"
            f"c.Exchange.root = {str(shared)!r}\n"
            f"c.Exchange.cache = {str(folder / 'cache')!r}\n"
            "c.CourseDirectory.course_id = 'convnet-labkit'\n"
        )


def answer(path: Path, source: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if grade_info(cell).get("grade_id") == EXERCISE.name:
            cell.source = source
    nbformat.write(notebook, path)


def test_what_was_submitted_is_graded(exchange: Exchange) -> None:
    with Gradebook(f"sqlite:///{exchange.course.root / 'gradebook.db'}", "convnet-labkit") as book:
        points = {name: book.find_submission_notebook(LAB, LAB, name).score for name in STUDENTS}
    assert points == {"ada": EXERCISE.points, "bob": 0}


def test_each_student_gets_the_own_feedback(exchange: Exchange) -> None:
    pages = {
        name: [path.read_text("utf-8") for path in student.root.rglob("feedback/*/*.html")]
        for name, student in exchange.students.items()
    }
    assert [len(found) for found in pages.values()] == [1, 1]
    ada, bob = (page for found in pages.values() for page in found)
    assert f"(Score: {EXERCISE.points:.1f} /" in ada
    assert "(Score: 0.0 /" in bob
    assert "not the gradient of the label" in bob
    assert "not the gradient of the label" not in ada
