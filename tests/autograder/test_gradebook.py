"""nbgrader's stock commands with our engine: the whole path, and each repair of a notebook."""

from __future__ import annotations

import copy
import csv
import io
import re
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import determine_grade

from autograder import gradebook
from autograder.claims import claim_of
from autograder.lab import load_release
from autograder.rows import ExerciseRow, Row
from autograder.sanitize import grade_id, sanitize
from autograder.submission import UnreadableSubmission

if TYPE_CHECKING:
    from classroom import Clone

pytest_plugins = ["classroom"]
LAB = "06-saliency"

# The whole path, from a clone without a gradebook


def scores(clone: Clone, student: str) -> dict[str, float | None]:
    """Return {cell: automatic score} as the gradebook has them."""
    with Gradebook(f"sqlite:///{clone.root / 'gradebook.db'}", "convnet-labkit") as book:
        notebook = book.find_submission_notebook(LAB, LAB, student)
        return {grade.name: grade.auto_score for grade in notebook.grades}


def page(clone: Clone, student: str) -> str:
    path = clone.root / "feedback" / student / LAB / f"{LAB}.html"
    return path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_solution_earns_every_point_of_the_checks(graded: Clone) -> None:
    cells = graded.notebook("notebooks").cells
    wanted = {grade_id(c): c.metadata.nbgrader.points for c in cells if gradebook.is_autograded(c)}
    got = scores(graded, "ada")
    assert {name: got[name] for name in wanted} == wanted
    assert sum(wanted.values()) > 0
    assert got["explain_deletion"] is None  # waits for a person


@pytest.mark.slow
def test_the_untouched_release_earns_nothing_and_waits_for_nobody(graded: Clone) -> None:
    """Explanations nobody wrote are 0 without anybody looking at them."""
    assert set(scores(graded, "bob").values()) == {0.0}


@pytest.mark.slow
def test_damage_costs_nothing_and_cheats_give_nothing(graded: Clone) -> None:
    """Copies, tags, edited points, deleted and changed cells, output, a write to the database."""
    right, got = scores(graded, "ada"), scores(graded, "mal")
    assert got["check_saliency_map"] == right["check_saliency_map"]
    assert got["check_randomize_top"] == right["check_randomize_top"]
    assert got["check_deletion_curve"] == 0


@pytest.mark.slow
def test_one_unreadable_notebook_does_not_stop_the_class(graded: Clone) -> None:
    said = (graded.root / "autograde.txt").read_text()
    assert "UnreadableSubmission: expected a Jupyter notebook" in said
    assert "for student 'eve'" in said
    assert "for student 'mal'" not in said  # graded after eve
    assert "mal, 06-saliency: cell 'check_randomize_top' was deleted: it is back" in said


@pytest.mark.slow
def test_export_holds_the_same_points_as_the_gradebook(graded: Clone) -> None:
    with (graded.root / "grades.csv").open() as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    sums = {
        name: sum(filter(None, scores(graded, name).values())) for name in ("ada", "bob", "mal")
    }
    assert {name: exported[name] for name in sums} == sums
    assert exported["eve"] == 0


@pytest.mark.slow
def test_feedback_pages_show_our_words_and_no_hidden_source(graded: Clone) -> None:
    assert "raised ZeroDivisionError: division by zero" in page(graded, "mal")
    assert "Not answered yet" in page(graded, "bob")
    assert "Each image is explained by its own label" in page(graded, "ada")
    for student in ("ada", "bob", "mal"):
        text = re.sub("<[^>]+>", "", page(graded, student))  # undo the colouring of code
        for secret in ("from autograder", "def test_", "reference.", "Traceback (", "@points"):
            assert secret not in text, (student, secret)


@pytest.mark.slow
def test_a_script_in_an_answer_is_shown_and_not_run(graded: Clone) -> None:
    """The formgrader shows answers in the instructor's session: a script could give points."""
    assert "<script>alert(1)" not in page(graded, "mal")
    assert "script&gt;alert(1)" in page(graded, "mal")


@pytest.mark.slow
def test_generate_assignment_reproduces_the_committed_release(graded: Clone) -> None:
    before = (graded.root / "notebooks" / LAB / f"{LAB}.ipynb").read_bytes()
    graded.run("nbgrader", "generate_assignment", LAB, "--force")
    assert (graded.root / "notebooks" / LAB / f"{LAB}.ipynb").read_bytes() == before


@pytest.mark.slow
def test_zip_collect_takes_what_learning_platforms_give(graded: Clone) -> None:
    """A student's own archive, a file with the student's name, one with a platform's numbers."""
    archive = graded.root / "downloaded" / LAB / "archive"
    archive.mkdir(parents=True)
    release = graded.root / "notebooks" / LAB / f"{LAB}.ipynb"
    for name in (f"zoe_{LAB}.ipynb", f"lee_123_4567_{LAB}-1.ipynb"):
        shutil.copy(release, archive / name)
    with zipfile.ZipFile(archive / "kim.zip", "w") as file:
        file.write(release, f"{LAB}/{LAB}.ipynb")
    graded.run("nbgrader", "zip_collect", LAB)
    for student in ("zoe", "lee", "kim"):
        collected = graded.root / "submitted" / student / LAB
        assert (collected / f"{LAB}.ipynb").exists()
        shutil.rmtree(collected.parent)


# Each repair, on a small release


def code(source: str, name: str = "", **info: object) -> nbformat.NotebookNode:
    return _cell(nbformat.v4.new_code_cell(source), name, info)


def text(source: str, name: str = "", **info: object) -> nbformat.NotebookNode:
    return _cell(nbformat.v4.new_markdown_cell(source), name, info)


def _cell(cell: nbformat.NotebookNode, name: str, info: dict) -> nbformat.NotebookNode:
    if name:
        grade, solution = info.get("grade", False), info.get("solution", False)
        full = {"schema_version": 3, "grade_id": name, "grade": grade, "solution": solution}
        full |= {"locked": not solution, "task": False, "cell_type": cell.cell_type}
        cell.metadata["nbgrader"] = full | ({"points": info["points"]} if grade else {})
    return cell


@pytest.fixture
def release() -> nbformat.NotebookNode:
    """A stub with its check, a locked cell and a question."""
    cells = [
        text("# A lab <b>with HTML</b>"),
        code("def f(x):\n    return None", "f", solution=True),
        code("check('lab', f)", "check_f", grade=True, points=4),
        code("given = 1", "given", locked=True),
        text("Why?"),
        text("*Your answer.*", "explain", grade=True, solution=True, points=2),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "P"},
        "labkit": {"lab": "lab"},
    }
    return notebook


@pytest.fixture
def answer(release: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A student's notebook that answers everything and breaks nothing."""
    notebook = copy.deepcopy(release)
    notebook.cells[1].source = "def f(x):\n    return x"
    notebook.cells[5].source = "Because."
    return notebook


def sources(notebook: nbformat.NotebookNode) -> dict[str, str]:
    return {grade_id(cell): cell.source for cell in notebook.cells if grade_id(cell)}


def test_a_sound_notebook_keeps_its_text_and_its_order(release, answer) -> None:
    said: list[str] = []
    clean = sanitize(answer, release, said.append)
    assert [c.source for c in clean.cells] == [c.source for c in answer.cells]
    assert said == []


def test_every_result_is_valid_for_nbformat_and_nbgrader(release, answer) -> None:
    answer.cells[2].metadata = {"nbgrader": [], "tags": 7}
    answer.cells[1].id = answer.cells[0].id = "a b c !"
    answer.cells.append({"cell_type": "heading"})
    answer.cells.append("no cell")
    clean = sanitize(answer, release)
    nbformat.validate(clean)
    MetadataValidator().validate_nb(clean)
    assert len({cell.id for cell in clean.cells}) == len(clean.cells)


def test_arguments_stay_as_they_are(release, answer) -> None:
    before = copy.deepcopy((release, answer))
    del answer.cells[2]
    damaged = copy.deepcopy(answer)
    sanitize(answer, release)
    assert (release, answer) == (before[0], damaged)


def test_tags_outputs_and_the_kernel_are_dropped(release, answer) -> None:
    """A cell tagged skip-execution has full marks in stock nbgrader."""
    answer.cells[2].metadata.tags = ["skip-execution"]
    answer.cells[2].outputs = [nbformat.v4.new_output("stream", name="stderr", text="5")]
    answer.metadata = {"kernelspec": {"name": "evil"}, "widgets": {"x": 1}}
    clean = sanitize(answer, release)
    assert clean.metadata == release.metadata
    assert "tags" not in clean.cells[2].metadata
    assert not clean.cells[2].outputs


def test_of_copies_the_first_answered_one_keeps_the_id(release, answer) -> None:
    """Stock nbgrader stops the whole class at a duplicated cell."""
    stub, later = copy.deepcopy(release.cells[1]), copy.deepcopy(answer.cells[1])
    later.source = "def f(x):\n    return -x"
    answer.cells[1:2] = [stub, answer.cells[1], later]
    said: list[str] = []
    clean = sanitize(answer, release, said.append)
    assert sources(clean)["f"] == "def f(x):\n    return x"
    assert [c.source for c in clean.cells[1:4]] == [c.source for c in answer.cells[1:4]]
    assert said == ["cell 'f' is a copy or none of this lab's: it counts as a plain cell"] * 2


@pytest.mark.parametrize(
    "info",
    [
        {"grade_id": "check_g", "grade": True, "points": 99},
        {"grade_id": "check_g", "schema_version": 99},
        {"grade_id": ["check_g"]},
        {"points": "many"},
        "text",
        None,
    ],
)
def test_ids_that_are_not_in_the_release_are_dropped(release, answer, info) -> None:
    extra = code("1")
    extra.metadata["nbgrader"] = info
    answer.cells.append(extra)
    clean = sanitize(answer, release)
    assert clean.cells[-1].source == "1"
    assert clean.cells[-1].metadata == {}


@pytest.mark.parametrize(
    "edit", [{"points": 1000}, {"points": None}, {"grade": False}, {"schema_version": 0}]
)
def test_edited_metadata_comes_back(release, answer, edit) -> None:
    answer.cells[2].metadata.nbgrader.update(edit)
    assert sanitize(answer, release).cells[2].metadata == release.cells[2].metadata


def test_missing_keys_of_metadata_come_back(release, answer) -> None:
    answer.cells[2].metadata.nbgrader = {"grade_id": "check_f"}
    assert sanitize(answer, release).cells[2].metadata == release.cells[2].metadata


def test_a_retyped_cell_gets_its_type_back_and_keeps_its_text(release, answer) -> None:
    answer.cells[1] = text(answer.cells[1].source, "f")
    answer.cells[5] = code("Because.", "explain")
    said: list[str] = []
    clean = sanitize(answer, release, said.append)
    assert [clean.cells[i].cell_type for i in (1, 5)] == ["code", "markdown"]
    assert sources(clean)["explain"] == "Because."
    assert said[0] == "cell 'f' was made a markdown cell: it is code"


def test_a_text_answer_without_metadata_is_found_by_its_cells_id(release, answer) -> None:
    """Tools that strip metadata left it in a plain cell, and "missing" was what one graded."""
    for cell in answer.cells:
        cell.metadata = {}
    said: list[str] = []
    clean = sanitize(answer, release, said.append)
    assert sources(clean) == sources(release) | {
        "f": "def f(x):\n    return x",
        "explain": "Because.",
    }
    assert [c.source for c in clean.cells] == [c.source for c in answer.cells]
    assert said == []


def test_the_grade_id_comes_before_the_cells_id(release, answer) -> None:
    moved = code("# mine")
    moved.id, answer.cells[1].id = answer.cells[1].id, "elsewhere"
    answer.cells.append(moved)
    clean = sanitize(answer, release)
    assert sources(clean)["f"] == "def f(x):\n    return x"
    assert clean.cells[-1].source == "# mine"


def test_locked_cells_get_the_text_of_the_release(release, answer) -> None:
    answer.cells[2].source, answer.cells[3].source = "4.0", "given = 2"
    clean = sanitize(answer, release)
    assert sources(clean)["check_f"] == "check('lab', f)"
    assert sources(clean)["given"] == "given = 1"


@pytest.mark.parametrize("gone", [{2}, {1, 2}, {0, 1, 2}, {1, 2, 3}, {2, 3, 4, 5}, set(range(6))])
def test_deleted_cells_come_back_in_their_place(release, answer, gone) -> None:
    """Stock nbgrader fails where the neighbour of a deleted cell is missing too."""
    answer.cells = [cell for i, cell in enumerate(answer.cells) if i not in gone]
    clean = sanitize(answer, release)
    assert list(sources(clean)) == ["f", "check_f", "given", "explain"]
    assert sources(clean)["check_f"] == "check('lab', f)"


def test_a_deleted_answer_comes_back_as_a_note_not_as_the_stub(release, answer) -> None:
    """The stub would undo an answer that stands in another cell; an untouched text would be 0."""
    answer.cells[1] = code(answer.cells[1].source)
    del answer.cells[5]
    clean = sanitize(answer, release)
    assert sources(clean)["f"] == "# This cell was missing from the submission."
    assert "return x" in "".join(c.source for c in clean.cells)
    assert sources(clean)["explain"].startswith("*This cell was missing")


def test_html_of_students_is_defused_and_that_of_the_release_stays(release, answer) -> None:
    answer.cells[5].source = "a < b <img src=x onerror=alert(1)>"
    answer.cells.append(nbformat.v4.new_raw_cell("<script>alert(1)</script>"))
    clean = sanitize(answer, release)
    assert clean.cells[0].source == "# A lab <b>with HTML</b>"
    assert sources(clean)["explain"] == "a < b < img src=x onerror=alert(1)>"
    assert clean.cells[-1].cell_type == "markdown"
    assert clean.cells[-1].source == "< script>alert(1)< /script>"


def test_pasted_pictures_stay_and_other_attachments_go(release, answer) -> None:
    """A page with an attachment that is not there stops generate_feedback for its student."""
    answer.cells[5].source = "![](attachment:a.png) ![](attachment:b.svg) ![](attachment:c.png)"
    answer.cells[5]["attachments"] = {
        "a.png": {"image/png": "aGk="},
        "b.svg": {"image/svg+xml": "aGk="},
        "c.png": {"image/png": '"onerror="alert(1)'},
    }
    cell = sanitize(answer, release).cells[5]
    assert cell.attachments == {"a.png": {"image/png": "aGk="}}
    assert cell.source == "![](attachment:a.png) ![](lost:b.svg) ![](lost:c.png)"


def test_another_labs_notebook_is_not_graded_as_this_ones() -> None:
    """In the release's frame every answer would be missing: 0 of all points."""
    about = {"assignment": LAB, "notebook": LAB, "student": "ben"}
    notebook = load_release("05-occlusion")
    with pytest.raises(UnreadableSubmission, match=f"as {LAB}, but it is the notebook of 05-occ"):
        gradebook.Sanitize().preprocess(notebook, {"nbgrader": about})
    clean, _ = gradebook.Sanitize().preprocess(load_release(LAB), {"nbgrader": about})
    assert sources(clean) == sources(load_release(LAB))


# Scores and files


def row(points: float, most: float) -> Row:
    exercise = ExerciseRow("f", points, most, "", [])
    return Row("s", "lab", "graded", "", points, most, 0.1, "bubblewrap", 1, [exercise])


@pytest.mark.parametrize(("points", "score"), [(0, 0.0), (7, 2.333333), (12, 4.0)])
def test_a_score_is_the_share_of_the_cells_points(release, points, score) -> None:
    """course.toml may scale the points; nbgrader refuses more than the cell has."""
    got = gradebook.score_of(release.cells[2], row(points, 12))
    assert got == score
    assert type(got) is float


def test_nbgrader_reads_the_score_from_the_output(release) -> None:
    cell = release.cells[2]
    cell.outputs = [gradebook._output(cell, row(6, 12))]
    assert determine_grade(cell) == (2.0, 4.0)


def test_a_release_without_checks_says_what_to_do(release) -> None:
    release.cells[2].metadata.nbgrader.grade_id = "check_g"
    with pytest.raises(
        ValueError, match=r"'check_g' of the release has no hidden checks; .* build"
    ):
        gradebook.score_of(release.cells[2], row(1, 1))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"cells": 3}', b"\xff\xfe"])
def test_a_file_that_is_no_notebook_says_what_was_expected(content: bytes) -> None:
    with pytest.raises(UnreadableSubmission, match=r"expected (a Jupyter notebook|text in UTF-8)"):
        gradebook.read_notebook(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_a_mark_that_windows_editors_put_in_front_costs_nothing(tmp_path) -> None:
    """It costs nothing in autograde, and nothing in what a notebook claims for itself."""
    shown = load_release(LAB)
    check = next(cell for cell in shown.cells if gradebook.is_autograded(cell))
    check.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2.0"})]
    path = tmp_path / f"{LAB}.ipynb"
    path.write_text(nbformat.writes(shown), encoding="utf-8-sig")
    with path.open(encoding="utf-8") as file:
        assert len(gradebook.read_notebook(file).cells) == len(shown.cells)
    assert claim_of(Row(str(path), LAB, "graded", "", 0, 40, 1, "", 1)).claimed > 0


def test_a_missing_release_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"run `python -m autograder build 06-saliency`"):
        load_release(LAB, root=tmp_path)
