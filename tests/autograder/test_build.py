"""Sources become notebooks: metadata filled in, points from the checks, mistakes named."""

import shutil
import types

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from autograder import build as builder
from autograder import lab
from autograder.build import complete_metadata, instructor_notebook
from autograder.course import Course, load_course
from autograder.lab import ROOT, check_source, lab_names


def cell(**info):
    node = nbformat.v4.new_code_cell("pass")
    node.metadata["nbgrader"] = info
    return node


def test_points_of_a_check_cell_are_scaled_by_the_course():
    check = cell(grade_id="check_f", grade=True)
    complete_metadata(check, {"f": 8.0}, scale=0.5)
    assert check.metadata.nbgrader.points == 4.0
    assert check.metadata.nbgrader.locked
    assert check.metadata.nbgrader.schema_version == 3


def test_a_solution_cell_is_open_and_carries_no_points():
    solution = cell(grade_id="f", solution=True)
    complete_metadata(solution, {"f": 8.0}, scale=1.0)
    assert not solution.metadata.nbgrader.locked
    assert "points" not in solution.metadata.nbgrader


def test_points_given_by_hand_stay_as_written():
    explain = nbformat.v4.new_markdown_cell("rubric")
    explain.metadata["nbgrader"] = {
        "grade_id": "explain", "grade": True, "solution": True, "points": 3,
    }  # fmt: skip
    complete_metadata(explain, {}, scale=2.0)
    assert explain.metadata.nbgrader.points == 3


def test_worked_answers_appear_only_if_the_course_asks():
    def text(course):
        return "\n".join(c.source for c in instructor_notebook("06-saliency", course).cells)

    assert "Worked answer" not in text(Course(worked_answers=False))
    assert "<summary>Worked answer</summary>" in text(Course(worked_answers=True))


def test_a_worked_answer_of_several_parts_is_the_whole_class():
    region = "        ### BEGIN SOLUTION\n        return {}\n        ### END SOLUTION\n"
    one = "def f():\n" + region.format(1)
    assert builder._worked_answer(one) == "        return 1\n"
    two = "class A:\n    def f():\n" + region.format(1) + "    def g():\n" + region.format(2)
    plain = "class A:\n    def f():\n        return 1\n    def g():\n        return 2\n"
    assert builder._worked_answer(two) == plain
    assert builder._worked_answer("x = 1") == ""


def test_a_grade_id_that_stands_twice_is_named():
    cells = [cell(grade_id="f", solution=True), cell(grade_id="f", solution=True)]
    with pytest.raises(ValueError, match=r"\['f'\] stand twice"):
        check_source("99-x", cells, {})


def test_an_exercise_without_its_check_cell_is_named():
    with pytest.raises(ValueError, match="grade 'f', no cell is 'check_f'"):
        check_source("99-x", [cell(grade_id="f", solution=True)], {"f": 1.0})


@pytest.mark.parametrize(
    "marks", [("### BEGIN SOLUTION", "### END SOLUTON"), ("### BEGIN SOLUTION", "## END SOLUTION"),
              ("### END SOLUTION",), ("### BEGIN SOLUTION",) * 2]
)  # fmt: skip
def test_a_solution_that_does_not_end_is_named(marks):
    broken = cell(grade_id="f", solution=True)
    broken.source = "\n".join(["def f():", *(f"    {mark}" for mark in marks)])
    with pytest.raises(ValueError, match=r"in turns in cell 'f', got \['###"):
        check_source("99-x", [broken], {})


def test_an_unknown_lab_names_the_labs_there_are():
    with pytest.raises(ValueError, match=r"no lab '77-nothing'; expected one of \['00-start-here'"):
        builder.build(["77-nothing"])


def test_an_unknown_setting_of_the_course_is_named(tmp_path):
    (tmp_path / "course.toml").write_text("worked_answer = true\n")
    with pytest.raises(ValueError, match=r"unknown \['worked_answer'\]; expected \['name'"):
        load_course(tmp_path)


def test_a_missing_picture_says_how_to_make_it(tmp_path):
    (tmp_path / "solutions").mkdir()
    shutil.copy(ROOT / "solutions" / "06-saliency.py", tmp_path / "solutions")
    with pytest.raises(ValueError, match="make it with: python -m autograder pictures"):
        instructor_notebook("06-saliency", Course(), tmp_path)


def test_every_folder_that_nbgrader_takes_for_an_assignment_is_a_lab():
    """Formgrader lists every folder below solutions/: pictures there looked like one more lab."""
    api = NbGraderAPI(CourseDirectory(config=builder.nbgrader_config(ROOT)))
    assert api.get_source_assignments() <= set(lab_names())


def test_the_opening_picture_travels_inside_the_notebook():
    first = instructor_notebook("06-saliency", Course()).cells[0]
    assert "(attachment:06-saliency.jpg)" in first.source
    assert "image/jpeg" in first.attachments["06-saliency.jpg"]


def test_uses_must_name_an_earlier_exercise():
    """A misspelt name would otherwise end the grading of the whole class."""
    later = cell(grade_id="g", solution=True)
    later.metadata["labkit"] = {"uses": ["f"]}
    with pytest.raises(ValueError, match=r"uses names \['f'\]; expected exercises that"):
        check_source("99-x", [later, cell(grade_id="f", solution=True)], {})


def test_an_unknown_key_is_named():
    misspelt = cell(grade_id="g", solution=True)
    misspelt.metadata["labkit"] = {"use": ["f"]}
    with pytest.raises(ValueError, match=r"knows uses and opening, not \['use'\]"):
        check_source("99-x", [misspelt], {})


def test_a_check_without_points_and_two_checks_of_one_name_are_named(tmp_path, monkeypatch):
    module = tmp_path / "lab_99_x.py"
    monkeypatch.setattr(lab, "HIDDEN_CHECKS", tmp_path)
    monkeypatch.setattr(lab.importlib, "import_module", lambda _: types.SimpleNamespace(test_a=len))
    module.write_text("def test_a(student): pass\n")
    with pytest.raises(ValueError, match=r"lab_99_x.py: test_a carries no @points"):
        lab.points_by_exercise.__wrapped__("99-x")
    module.write_text("def test_a(student): pass\n" * 2)
    with pytest.raises(ValueError, match=r"\['test_a'\] stand twice"):
        lab.points_by_exercise.__wrapped__("99-x")
