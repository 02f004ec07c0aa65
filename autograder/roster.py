"""Who is in the class: a gradebook that Canvas exported, or a plain list of logins, one a line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.exports import CANVAS, students_of
from autograder.rows import Row


@dataclass(frozen=True)
class Person:
    """One of the class, and what the folder of a submission may call them."""

    name: str
    logins: frozenset[str]


def read_roster(path: Path) -> list[Person]:
    """Return the people of a roster, in its order; ValueError says what was expected.

    Canvas' people are found by SIS Login ID, SIS User ID or ID, as `export --canvas` does.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if any(cell.strip() for cell in line)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"the roster {path.name} cannot be read: {error}") from error
    if lines and set(CANVAS[:4]) <= set(lines[0]):
        people = _of_canvas(lines)
    elif all(len(line) == 1 for line in lines):
        people = [Person(line[0].strip(), frozenset([line[0].strip()])) for line in lines]
    else:
        raise ValueError(
            f"{path.name}: expected a gradebook that Canvas exported, with the columns "
            f"{CANVAS[:4]}, or one login a line; got {lines[0]}"
        )
    if not people:
        raise ValueError(f"{path.name} has nobody in it")
    return people


def _of_canvas(lines: Sequence[Sequence[str]]) -> list[Person]:
    people = []
    for line in lines[1:]:
        about = dict(zip(lines[0], line, strict=False))
        name, *logins = (about.get(column, "").strip() for column in CANVAS[:4])
        if any(logins):  # Canvas' line of "Points Possible" has none
            people.append(Person(name or next(filter(None, logins)), frozenset(logins) - {""}))
    return people


@dataclass(frozen=True)
class Attendance:
    """A roster against the submissions of one lab."""

    names: dict[str, str]  # {submission: its student's name}, where that is not the login
    absent: list[str]  # names of those who handed in nothing
    strangers: list[str]  # submissions of nobody in the roster


def attendance(people: Iterable[Person], rows: Iterable[Row]) -> dict[str, Attendance]:
    """Return {lab: who of the class is there}; a student is the folder, as in an export."""
    people, rows = list(people), list(rows)
    person_of = {login: person for person in people for login in person.logins}
    by_lab: dict[str, dict[str, Person | None]] = {}
    for row, student in zip(rows, students_of(rows), strict=True):
        by_lab.setdefault(row.lab, {})[row.submission] = person_of.get(student)
    return {
        lab: Attendance(
            {path: p.name for path, p in found.items() if p and p.name not in p.logins},
            [person.name for person in people if person not in found.values()],
            [path for path, person in found.items() if not person],
        )
        for lab, found in by_lab.items()
    }
