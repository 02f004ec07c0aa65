"""Grades for Canvas and Moodle: every student in their line, and nobody's points with another."""

import csv

import pytest

from autograder import exports
from autograder.course import Course, LabSettings
from autograder.rows import ExerciseRow, Row
from labkit.check import CheckResult

LAB = "06-saliency"
CANVAS_HEAD = "Student,ID,SIS User ID,SIS Login ID,Section,An old quiz (12)"
MOODLE_HEAD = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)


def row(student, points=30.0, lab=LAB, status="graded"):
    check = CheckResult("shape", "Shape", "f", 40 - points, points == 40, "=1+1 is no shape")
    exercises = [ExerciseRow("f", points, 40, "", [check])] if status == "graded" else []
    path = f"submitted/{student}/{lab}/{lab}.ipynb"
    return Row(path, lab, status, "no notebook", points, 40, 1, "bubblewrap", 1, exercises)


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("submitted/ada/06-saliency/06-saliency.ipynb", "ada"),
        ("ada/06-saliency.ipynb", "ada"),
        ("/tmp/class/ada/06-saliency/06-saliency.py", "ada"),
        ("ada.ipynb", "ada"),
        ("o_brien_06-saliency.ipynb", "o_brien"),
    ],
)
def test_the_student_is_the_folder(path, student):
    assert exports.students_of([Row(path, LAB, "graded", "", 1, 2, 1, "", 1)]) == [student]


def test_a_folder_with_anothers_name_inside_ones_own_is_ones_own():
    """Else eve could answer for ada, or stop the export."""
    paths = [f"submitted/ada/{LAB}.ipynb", f"submitted/eve/ada/{LAB}/{LAB}.ipynb"]
    paths += [f"other/class/bob/{LAB}.ipynb", f"submitted/eve/bob/cy/{LAB}.ipynb"]
    rows = [Row(path, LAB, "graded", "", 1, 2, 1, "", 1) for path in paths]
    assert exports.students_of(rows) == ["ada", "eve", "bob", "eve"]


def test_in_one_folder_the_names_say_whose_the_files_are():
    names = ["mustermax_123_456_06-saliency-1.ipynb", f"o_brien_{LAB}.py", "notes.ipynb"]
    rows = [Row(f"down/loads/{name}", LAB, "graded", "", 1, 2, 1, "", 1) for name in names]
    assert exports.students_of(rows) == ["mustermax", "o_brien", "loads"]


def test_two_submissions_of_one_student_are_refused():
    with pytest.raises(ValueError, match="two submissions of ada for 06-saliency"):
        exports.canvas([row("ada"), row("ada")])


def test_canvas_without_a_roster():
    other = row("bob", 5, "05-occlusion")
    lines = exports.canvas([row("bob", 40), row("ada", 12.5), other, row("cy", status="failed")])
    assert lines[0][:5] == list(exports.CANVAS)
    assert lines[0][5:] == ["05-occlusion", LAB]
    assert lines[1] == ["    Points Possible", "", "", "", "", "40", "40"]
    points = {line[3]: line[5:] for line in lines[2:]}
    assert points == {"ada": ["", "12.5"], "bob": ["5", "40"], "cy": ["", ""]}


def test_canvas_keeps_the_rosters_names_and_ids(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text(
        f'\ufeff{CANVAS_HEAD}\n    Points Possible,,,,,12\n"Lovelace, Ada",7,s-07,ada,A,3\n'
        '"Bob, B.",8,s-08,bob@uni.edu,A,4\n"Idle, I.",9,s-09,idle,B,\n',
        encoding="utf-8",
    )
    lines = exports.canvas([row("ada", 12), row("s-08", 13)], roster)
    assert lines[2] == ["Lovelace, Ada", "7", "s-07", "ada", "A", "12"]
    assert lines[3] == ["Bob, B.", "8", "s-08", "bob@uni.edu", "A", "13"]
    assert len(lines) == 4, "who submitted nothing keeps what Canvas has"
    with pytest.raises(ValueError, match=r"roster.csv has nobody .* \['zoe'\]"):
        exports.canvas([row("zoe")], roster)
    roster.write_text("Name,Points\n")
    with pytest.raises(ValueError, match=r"expected the columns .*Student"):
        exports.canvas([row("ada")], roster)


ROSTER = f'{CANVAS_HEAD}\n"Muster, Max",12345,s-1,mm1,A,3\n"O\'Brien-Lang, Zoë",6,s-2,ob,A,\n'


@pytest.mark.parametrize("student", ["mustermax", "12345", "mm1", "s-1"])
def test_what_canvas_calls_a_students_files_finds_the_student(tmp_path, student):
    """After zip_collect, the name in front of the numbers is all that is left."""
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    lines = exports.canvas([row(student, 12), row("obrienlangzoë", 13)], roster)
    assert [(line[1], line[5]) for line in lines[2:]] == [("12345", "12"), ("6", "13")]


def test_nobody_is_guessed_where_a_name_may_be_two_students(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER + '"Muster, Max",7,s-7,mm7,A,\n', encoding="utf-8")
    with pytest.raises(ValueError, match="'mustermax' may be 'Muster, Max' or 'Muster, Max'; "):
        exports.canvas([row("mustermax")], roster)
    with pytest.raises(ValueError, match=r"'Muster, Max' is \['mm1', 's-1'\]; name each"):
        exports.canvas([row("mm1"), row("s-1")], roster)
    lines = exports.canvas([row("12345", 1), row("7", 2)], roster)
    assert [line[5] for line in lines[2:]] == ["1", "2"]


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", " =1", "\uff1d1", "=HYPERLINK(1)"]
)
def test_a_name_is_never_a_formula(name):
    assert exports.canvas([row(name)])[2][0] == f"'{name}"


def test_what_a_student_wrote_is_no_formula_in_moodles_comments(worksheet):
    check = CheckResult("a", "A", "f", 1, False, "=HYPERLINK(1)")
    evil = Row("ada/x.ipynb", LAB, "graded", "", 0, 1, 1, "b", 1,
               [ExerciseRow("=f", 0, 1, "=1+1", [check])])  # fmt: skip
    assert exports.moodle([evil], LAB, worksheet)[1][9].startswith("'=f: 0 of 1")


@pytest.fixture
def worksheet(tmp_path):
    path = tmp_path / "grading.csv"
    path.write_text(
        f"{MOODLE_HEAD}\nParticipant 101,Ada L,ada@uni.edu,Submitted,,40.00,Yes,-,-,\n"
        "Participant 102,Bob B,b.b@uni.edu,Submitted,,40.00,Yes,-,-,\n"
        "Participant 103,Idle I,idle@uni.edu,No submission,,40.00,Yes,-,-,\n"
    )
    return path


def test_moodles_worksheet_is_filled_in(worksheet):
    head, *lines = exports.moodle(
        [row("ada", 12.5), row("102", 40), row("x", 1, "05")], LAB, worksheet
    )
    grades = {line[0]: (line[4], line[9]) for line in lines}
    assert head == MOODLE_HEAD.split(",")
    assert grades["Participant 101"] == ("12.5", "f: 12.5 of 40. =1+1 is no shape.")
    assert grades["Participant 102"] == ("40", "f: 40 of 40.")
    assert grades["Participant 103"] == ("", "")


def test_two_lines_of_one_name_in_moodle_are_not_both_graded(worksheet):
    worksheet.write_text(worksheet.read_text().replace("Bob B", "Ada L"))
    with pytest.raises(ValueError, match=r"grading.csv: 'Ada L' is on two lines; name each"):
        exports.moodle([row("Ada L")], LAB, worksheet)
    assert exports.moodle([row("102", 12)], LAB, worksheet)[2][4] == "12"


@pytest.fixture
def scaled(monkeypatch):
    """course.toml gives 50 points for the 40 of the checks."""
    course = Course(labs={LAB: LabSettings(points=50)})
    monkeypatch.setattr(exports, "load_course", lambda: course)


def test_the_points_are_the_courses_as_in_the_gradebook(scaled, worksheet):
    canvas = exports.canvas([row("ada", 12), row("bob", 40)])
    assert [line[5] for line in canvas[1:]] == ["50", "15", "50"]
    worksheet.write_text(worksheet.read_text().replace("40.00", '"50,00"'))
    _, ada, *_ = exports.moodle([row("ada", 12)], LAB, worksheet)
    assert (ada[4], ada[9]) == ("15", "f: 15 of 50. =1+1 is no shape.")


@pytest.mark.parametrize("maximum", ["40.00", "Passed"])
def test_a_worksheet_with_another_maximum_is_an_error(scaled, worksheet, maximum):
    worksheet.write_text(worksheet.read_text().replace("40.00", maximum))
    with pytest.raises(ValueError, match=f"expected the Maximum Grade 50 of .* got {maximum}; "):
        exports.moodle([row("ada", 12)], LAB, worksheet)


def test_a_submission_that_cannot_be_graded_gets_no_grade_and_a_reason(worksheet):
    _, ada, *_ = exports.moodle([row("ada", status="failed")], LAB, worksheet)
    assert (ada[4], ada[9]) == ("", "Not graded: no notebook")


def test_a_stranger_or_another_file_is_an_error(worksheet):
    with pytest.raises(ValueError, match=r"has nobody called \['zoe'\]"):
        exports.moodle([row("ada"), row("zoe")], LAB, worksheet)
    worksheet.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"\['Identifier', 'Grade'\] are missing"):
        exports.moodle([row("ada")], LAB, worksheet)


@pytest.mark.parametrize(
    ("lab", "said"),
    [("06-salience", "there is no lab '06-salience'"), ("05-occlusion", "no submission of 05-oc")],
)
def test_a_worksheet_without_any_grade_is_an_error(worksheet, lab, said):
    with pytest.raises(ValueError, match=said):
        exports.moodle([row("ada")], lab, worksheet)


def test_csv_holds_what_was_given(tmp_path):
    path = exports.write_csv([["a", 'b "c", d'], ["é", "1"]], tmp_path / "new" / "x.csv")
    assert list(csv.reader(path.open(encoding="utf-8"))) == [["a", 'b "c", d'], ["é", "1"]]
