"""Every lab: the release is what the source builds, holds no answer, and runs untouched."""

import os
import re
from unittest import mock

import nbformat
import pytest

from autograder.answers import read_answers
from autograder.build import SOLUTION_REGION, instructor_notebook, write_instructor_notebook
from autograder.course import load_course
from autograder.kit import answers_in
from autograder.lab import ROOT, lab_names, load_lab, points_by_exercise, read_source
from autograder.pictures import run
from labkit.check import check

LABS = lab_names()


def released(name):
    return nbformat.read(ROOT / "notebooks" / name / f"{name}.ipynb", as_version=4)


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A copy of the course's sources, so that a build here touches nothing."""
    folder = tmp_path_factory.mktemp("course")
    for item in ("nbgrader_config.py", "course.toml", "labkit", "autograder", "docs"):
        (folder / item).symlink_to(ROOT / item)
    (folder / "solutions").mkdir()
    for source in (ROOT / "solutions").glob("*.py"):
        (folder / "solutions" / source.name).symlink_to(source)
    return folder


@pytest.mark.parametrize("name", LABS)
def test_release_is_what_the_source_builds(name, course):
    from autograder.build import release

    write_instructor_notebook(name, load_course(), course)
    built = release(name, course, say=lambda _: None)
    committed = ROOT / "notebooks" / name / f"{name}.ipynb"
    assert built.read_bytes() == committed.read_bytes(), "run: python -m autograder build"


@pytest.mark.parametrize("name", LABS)
def test_release_holds_no_answer_and_no_rubric(name):
    text = "\n".join(cell.source for cell in released(name).cells)
    assert "BEGIN SOLUTION" not in text
    assert answers_in(text, name) == []
    assert "import autograder" not in text
    assert "from autograder" not in text


@pytest.mark.parametrize("name", LABS)
def test_points_of_a_check_cell_are_the_sum_of_its_hidden_checks(name):
    points = points_by_exercise(name)
    cells = {
        c.metadata.nbgrader.grade_id: c for c in released(name).cells if "nbgrader" in c.metadata
    }
    for exercise, total in points.items():
        assert cells[f"check_{exercise}"].metadata.nbgrader.points == total
        assert total > 0


@pytest.mark.parametrize("name", LABS)
def test_the_visible_checks_accept_what_the_hidden_ones_do(name, tmp_path, monkeypatch):
    """The solution as the release's own cell checks it, and every unusual right answer."""
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    lab = load_lab(name)
    cells = {
        c.metadata.nbgrader.grade_id: c for c in released(name).cells if "nbgrader" in c.metadata
    }
    solution = {"check": check}
    for exercise in lab.exercises:
        exec(exercise.solution, solution)
    for exercise in lab.exercises:
        report = eval(cells[f"check_{exercise.name}"].source, solution)
        assert report.passed, report
    for answer in read_answers(name):
        student = dict(solution)
        if answer.right:
            exec(answer.source, student)
            function = student[answer.exercise]
            helpers = [student[used] for used in lab.exercise(answer.exercise).uses]
            if hasattr(function, "__name__"):  # a callable object has no name to go by
                report = check(name, function, *helpers)
                assert report.passed, f"{answer.title}: {report}"


@pytest.mark.parametrize("name", LABS)
def test_two_builds_have_the_same_cell_ids(name):
    first, again = (instructor_notebook(name, load_course()) for _ in range(2))
    ids = [cell.id for cell in first.cells]
    assert ids == [cell.id for cell in again.cells]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", LABS)
def test_text_follows_the_house_style(name):
    """Short cells; a picture has alternative text; no word that tells a student it is easy."""
    for cell in read_source(ROOT / "solutions" / f"{name}.py").cells:
        if cell.cell_type == "code":
            body = SOLUTION_REGION.sub("", cell.source)
            lines = [line for line in body.splitlines() if line.strip()]
            assert len(lines) <= 25, f"{len(lines)} lines of code: {lines[0]}"
        else:
            assert not re.search(r"\b([Ss]imply|[Oo]bviously|[Tt]rivial(ly)?)\b", cell.source)
            assert "![](" not in cell.source


@pytest.mark.slow
@pytest.mark.parametrize("name", LABS)
def test_untouched_release_runs_from_top_to_bottom(name, tmp_path):
    settings = {
        "LABKIT_FAST": "1",
        "LABKIT_PROGRESS": str(tmp_path / "progress.json"),
        "LABKIT_DATA": str(tmp_path),
    }
    notebook = released(name)
    with mock.patch.dict(os.environ, settings):
        run(notebook, tmp_path)
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    stderr = [o.text for o in outputs if o.get("name") == "stderr"]
    assert not [text for text in stderr if "Warning" in text]
