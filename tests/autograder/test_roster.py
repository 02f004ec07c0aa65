"""Who is in the class, from Canvas or a plain list, and who of them handed in nothing."""

import pytest

from autograder.roster import Attendance, Person, attendance, read_roster
from autograder.rows import Row

LAB = "06-saliency"
CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,An old quiz (12)
    Points Possible,,,,,12
"Lovelace, Ada",7,s-07,ada,A,3
"Idle, I.",9,s-09,,B,

Short
"""


def row(student, lab=LAB):
    return Row(f"submitted/{student}/{lab}/{lab}.ipynb", lab, "graded", "", 1, 2, 1, "", 1)


@pytest.fixture
def roster(tmp_path):
    return tmp_path / "roster.csv"


def test_a_gradebook_of_canvas_gives_names_and_all_that_finds_them(roster):
    roster.write_text(CANVAS, encoding="utf-8")
    assert read_roster(roster) == [
        Person("Lovelace, Ada", frozenset({"7", "s-07", "ada"})),
        Person("Idle, I.", frozenset({"9", "s-09"})),
    ]


def test_a_plain_list_is_one_login_a_line(roster):
    roster.write_text("ada\r\n\r\n bob \r\n")
    assert read_roster(roster) == [Person(login, frozenset({login})) for login in ("ada", "bob")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Name,Points\nada,3\n", r"one login a line; got \['Name', 'Points'\]"),
        (b"", "roster.csv has nobody in it"),
        (CANVAS.partition('"')[0].encode(), "roster.csv has nobody in it"),
        (b"J\xf6rg\n", "the roster roster.csv cannot be read: 'utf-8' codec"),
    ],
)
def test_what_is_no_roster_is_a_clear_error(roster, content, said):
    roster.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read_roster(roster)


def test_each_lab_has_those_who_handed_in_nothing_and_those_nobody_knows():
    ada, bob = (Person(name.title(), frozenset({name, f"s-{name}"})) for name in ("ada", "bob"))
    rows = [row("s-ada"), row("eve"), row("bob"), row("ada", "05-occlusion")]
    found = attendance([ada, bob], rows)
    paths = [r.submission for r in rows]
    assert found == {
        LAB: Attendance({paths[0]: "Ada", paths[2]: "Bob"}, [], [paths[1]]),
        "05-occlusion": Attendance({paths[3]: "Ada"}, ["Bob"], []),
    }


def test_a_login_is_no_name_to_show_beside_itself(roster):
    roster.write_text("ada\nbob\n")
    assert attendance(read_roster(roster), [row("ada")]) == {LAB: Attendance({}, ["bob"], [])}
