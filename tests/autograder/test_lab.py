"""What the course knows of its labs, and that sources and hidden checks fit together."""

import pytest

from autograder import lab as module
from autograder.lab import (
    check_source,
    grade_info,
    lab_names,
    load_lab,
    points_by_exercise,
    read_source,
)


def source(text):
    import jupytext

    return jupytext.reads(text, fmt="py:percent").cells


SOLVED = """
# %% nbgrader={"grade_id": "f", "solution": true}
def f():
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION
# %% nbgrader={"grade_id": "check_f", "grade": true}
check("01-tiny", f)
"""


@pytest.mark.parametrize("name", lab_names())
def test_every_lab_loads_and_its_points_are_those_of_its_checks(name):
    lab = load_lab(name)
    assert {e.name: e.points for e in lab.exercises} == points_by_exercise(name)
    assert lab.max_points == sum(points_by_exercise(name).values())


@pytest.mark.parametrize("name", lab_names())
def test_locked_cells_hold_no_answer(name):
    """They are put into every submission."""
    lab = load_lab(name)
    answers = {e.name for e in lab.exercises}
    for cell in lab.locked:
        assert cell.grade_id not in answers
        assert "BEGIN SOLUTION" not in cell.source


def test_a_solution_brings_the_imports_it_needs():
    """It stands in for a student's answer, whose notebook may import other things."""
    for name in lab_names():
        for exercise in load_lab(name).exercises:
            compile(exercise.solution, exercise.name, "exec")
    saliency = load_lab("06-saliency").exercise("randomize_top").solution
    assert "import torch" in saliency
    assert "import copy" in saliency


def test_labs_are_named_by_number(tmp_path):
    (tmp_path / "solutions").mkdir()
    for name in ("02-b", "01-a", "notes", "3-c", "10-UPPER"):
        (tmp_path / "solutions" / f"{name}.py").write_text("")
    assert lab_names(tmp_path) == ["01-a", "02-b"]


def test_an_unknown_lab_names_the_known_ones():
    with pytest.raises(ValueError, match=r"there is no lab '99-nothing'; expected one of \['00-"):
        load_lab("99-nothing")


def test_a_source_that_fits_is_accepted():
    check_source("01-tiny", source(SOLVED), {"f": 1.0})


@pytest.mark.parametrize(
    ("text", "points", "says"),
    [
        (SOLVED + SOLVED, {"f": 1.0}, "stand twice"),
        (SOLVED, {"f": 1.0, "g": 1.0}, "its checks grade 'g', no cell is 'g'"),
        ("# %%\n### BEGIN SOLUTION\n1\n### END SOLUTION", {}, "without nbgrader metadata"),
        (SOLVED.replace('"solution": true}', '"solution": true} labkit={"use": []}'), {"f": 1.0},
         "knows uses"),
        (SOLVED.replace('"solution": true}', '"solution": true} labkit={"uses": ["later"]}'),
         {"f": 1.0}, "expected exercises that come before"),
    ],
)  # fmt: skip
def test_a_source_that_does_not_fit_says_why(text, points, says):
    with pytest.raises(ValueError, match=says):
        check_source("01-tiny", source(text), points)


def test_two_checks_of_one_name_are_noticed(tmp_path, monkeypatch):
    """Python would keep the last one alone, and its points would be lost."""
    (tmp_path / "lab_01_tiny.py").write_text("def test_a(): pass\ndef test_a(): pass\n")
    with pytest.raises(ValueError, match=r"\['test_a'\] stand twice"):
        module._check_names(tmp_path / "lab_01_tiny.py")


def test_an_ungraded_lab_has_no_points():
    assert points_by_exercise("99-nothing") == {}


def test_a_cell_without_metadata_has_no_grade_info():
    assert grade_info(source("# %%\nx = 1")[0]) == {}


def test_the_source_is_read_with_its_metadata():
    cells = read_source(module.ROOT / "solutions" / "06-saliency.py").cells
    assert "saliency_map" in [grade_info(c).get("grade_id") for c in cells]
