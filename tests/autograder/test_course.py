"""The course's own settings: read, refused with a reason, and what they do to a build."""

import datetime

import pytest
from nbgrader.api import Gradebook

from autograder import build
from autograder.course import Course, LabSettings, kit_address, load_course

EVENING = datetime.datetime.fromisoformat("2027-01-15T23:59:00+01:00")


@pytest.fixture
def root(tmp_path):
    """A course with two labs, of which nothing but the names matters."""
    (tmp_path / "solutions").mkdir()
    for name in ("01-first", "02-second"):
        (tmp_path / "solutions" / f"{name}.py").write_text("")
    return tmp_path


def settings(root, text):
    (root / "course.toml").write_text(text)
    return load_course(root)


def test_settings_are_read_and_unknown_ones_refused(root):
    assert load_course(root) == Course()
    assert settings(root, "scale = 2.0\n").scale == 2
    with pytest.raises(ValueError, match=r"unknown \['scales'\]; expected"):
        settings(root, "scales = 2.0\n")
    with pytest.raises(ValueError, match=r"course.toml cannot be read: .*line 1"):
        settings(root, "scale = \n")


def test_labs_in_use_with_due_dates_and_points(root):
    course = settings(root, "[labs]\n02-second = {due = 2027-01-15T23:59:00+01:00, points = 50}\n")
    assert course.labs == {"02-second": LabSettings(EVENING, 50)}
    assert course.in_use(["01-first", "02-second"]) == ["02-second"]
    assert course.due("02-second") == EVENING
    assert course.scale_of("02-second", 40) == 1.25
    assert (course.due("01-first"), course.scale_of("01-first", 40)) == (None, 1.0)
    assert Course().in_use(["01-first", "02-second"]) == ["01-first", "02-second"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("03-third = {}", r"no lab '03-third'; expected one of \['01-first', '02-second'\]"),
        ("01-first = 5", r"01-first: expected { due = ..., points = ... }, got 5"),
        ("01-first = {dew = 1}", r"01-first: unknown \['dew'\]; expected \['due', 'points'\]"),
        ("01-first = {due = 2027-01-15T23:59:00}", "expected due with a time zone, such as"),
        ('01-first = {due = "friday"}', "expected due with a time zone, such as .*got friday"),
        ("01-first = {points = -1}", "expected points above 0, got -1"),
        ("01-first = {points = true}", "expected points above 0, got True"),
    ],
)
def test_settings_of_a_lab_that_cannot_be_are_named(root, line, message):
    with pytest.raises(ValueError, match=message):
        settings(root, f"[labs]\n{line}\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('worked_answers = "false"', "expected worked_answers to be true or false, got 'false'"),
        ("scale = -1", "expected scale to be a number above 0, got -1"),
        ('scale = "2"', "expected scale to be a number above 0, got '2'"),
        ("scale = true", "expected scale to be a number above 0, got True"),
        ("scale = inf", "expected scale to be a number above 0, got inf"),
        ("name = 5", "expected name to be a text in quotes, got 5"),
        ('labs = ["06-saliency"]', r"expected labs to be a table, \[labs\], got \['06-saliency'\]"),
    ],
)
def test_settings_of_the_wrong_kind_are_named(root, line, message):
    """The text "false" counts as true: it published the answers."""
    with pytest.raises(ValueError, match=message):
        settings(root, line)


def test_a_file_as_windows_editors_write_it_is_read_or_named(root):
    (root / "course.toml").write_text("scale = 2.0\n", encoding="utf-8-sig")
    assert load_course(root).scale == 2
    (root / "course.toml").write_bytes("name = 'Müller'\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"course\.toml cannot be read"):
        load_course(root)


def test_points_of_a_lab_are_what_its_check_cells_add_up_to():
    course = Course(labs={"06-saliency": LabSettings(points=50)})
    cells = build.instructor_notebook("06-saliency", course).cells
    infos = [cell.metadata.get("nbgrader", {}) for cell in cells]
    checks = [i.points for i in infos if i and i.grade and not i.solution]
    assert len(checks) == 3
    assert sum(checks) == pytest.approx(50)


def test_a_due_date_reaches_the_gradebook_in_universal_time(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    course = Course(labs={"06-saliency": LabSettings(due=EVENING)})
    build.set_due("06-saliency", course, tmp_path)
    build.set_due("07-shortcuts-and-segmentation", course, tmp_path)
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        (assignment,) = gradebook.assignments
        assert assignment.duedate == datetime.datetime(2027, 1, 15, 22, 59)


def test_the_kits_address_is_the_repository_of_the_project(tmp_path):
    assert kit_address(tmp_path) == ""
    text = '[project]\n[project.urls]\nRepository = "https://example.org/a/b.git"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    assert kit_address(tmp_path) == "https://example.org/a/b"
