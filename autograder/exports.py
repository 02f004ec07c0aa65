"""Grades in the forms that learning platforms import: Canvas and Moodle CSV.

The points are the checks', scaled as course.toml says, as in the gradebook and `nbgrader export`.
Cells that a spreadsheet would take for a formula are written as text.
"""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from autograder.collect import HANDED_IN
from autograder.course import load_course
from autograder.feedback import comment
from autograder.lab import load_lab
from autograder.rows import Row

# Canvas: one column an assignment, "Points Possible" in the second line, IDs as Canvas exported.
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
          "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
          "Feedback comments")  # fmt: skip
FORMULA = re.compile(r"^[\s\0]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # full-width ones, too


def students_of(rows: Iterable[Row]) -> list[str]:
    """Return the student of each submission: the folder it lies in, below a lab's folder or not.

    submitted/ada/06-saliency/06-saliency.ipynb and ada/06-saliency.ipynb are both ada's. What lies
    deeper than others do is its outermost folder's: submitted/eve/ada/06-saliency.ipynb is eve's.
    Where all lie in one folder, it is no student's, and each file's name says whose it is.
    """
    rows = list(rows)
    folders = [_folder(row) for row in rows]
    if len(set(folders)) == 1:
        return [_named(row) or folders[0][-1] for row in rows]
    places = {folder[:-1] for folder in folders}
    depths = [min(len(p) for p in places if p == f[: len(p)] and p != f) for f in folders]
    return [folder[depth] for folder, depth in zip(folders, depths, strict=True)]


def _folder(row: Row) -> tuple[str, ...]:
    parts = Path(row.submission).parts[:-1]
    while parts and parts[-1] == row.lab:
        parts = parts[:-1]
    return parts or (_named(row) or Path(row.submission).stem,)


def _named(row: Row) -> str:
    """Return the student in the name that a platform gives a file, "" where it holds none."""
    found = re.fullmatch(HANDED_IN, Path(row.submission).with_suffix(".ipynb").name)
    return found["student_id"] if found else ""


def best_rows(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """Return {(student, lab): row}; ValueError where a student has two submissions of one lab."""
    rows = list(rows)
    found: dict[tuple[str, str], Row] = {}
    for row, student in zip(rows, students_of(rows), strict=True):
        key = student, row.lab
        if key in found:
            raise ValueError(
                f"two submissions of {key[0]} for {key[1] or 'no lab'}: {found[key].submission} "
                f"and {row.submission}; keep one"
            )
        found[key] = row
    return found


def in_course_points(row: Row) -> Row:
    """Return a row with the points that the course gives for it; see course.toml."""
    return row.scaled(_scale(row.lab))


def _scale(lab: str) -> float:
    return load_course().scale_of(lab, load_lab(lab).max_points)


def canvas(rows: Iterable[Row], roster: Path | None = None) -> list[list[str]]:
    """Return the lines of a gradebook that Canvas imports, one column a lab.

    Args:
        roster: a gradebook that Canvas exported; its students keep their names and IDs, and are
            found by SIS Login ID, SIS User ID, ID or what Canvas calls their files. Without it,
            the login is the student.
    Raises: ValueError for a roster that is none, or a submission of nobody in it, or of two.
    """
    found = best_rows(in_course_points(row) for row in rows if row.lab)
    labs = sorted({lab for _, lab in found})
    students = sorted({student for student, _ in found})
    people = _roster(roster, students) if roster else {s: [s, "", "", s, ""] for s in students}
    most = {row.lab: f"{row.max_points:g}" for row in found.values()}
    possible = ["    Points Possible", "", "", "", "", *(most[lab] for lab in labs)]
    lines = [[*CANVAS, *labs], possible]
    for student, about in people.items():
        points = [_points(found.get((student, lab))) for lab in labs]
        lines.append([*map(_text, about), *points])
    return lines


def _roster(path: Path, students: Sequence[str]) -> dict[str, list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    if not lines or any(name not in lines[0] for name in CANVAS[:4]):
        got = lines[0] if lines else "an empty file"
        raise ValueError(f"{path.name}: expected the columns {CANVAS}, got {got}")
    columns = [lines[0].index(name) if name in lines[0] else None for name in CANVAS]
    people: dict[str, list[str]] = {}
    for line in lines[1:]:
        about = ["" if c is None or c >= len(line) else line[c] for c in columns]
        known = [student for student in students if student and student in _canvas_names(about)]
        if len(known) > 1:
            _refuse(path, f"{about[0]!r} is {known}")
        if known and known[0] in people:
            _refuse(path, f"{known[0]!r} may be {people[known[0]][0]!r} or {about[0]!r}")
        people |= dict.fromkeys(known, about)
    if lost := [student for student in students if student not in people]:
        raise ValueError(
            f"{path.name} has nobody whose SIS Login ID, SIS User ID, ID or name is one of {lost}"
        )
    return people


def _refuse(path: Path, why: str) -> NoReturn:
    raise ValueError(f"{path.name}: {why}; name each student's folder after the login or number")


def _canvas_names(about: Sequence[str]) -> set[str]:
    """Return what a line's student may be called; Canvas calls files of "Muster, Max" mustermax."""
    name, number, user, login, _ = about
    return {number, user, login, re.sub(r"\W", "", name).lower()}


def moodle(rows: Iterable[Row], lab: str, worksheet: Path) -> list[list[str]]:
    """Return Moodle's grading worksheet of an assignment with grades and first messages filled in.

    Args:
        worksheet: as Moodle's "Download grading worksheet" gives it; lines are found by the
            e-mail address, its part before the @, the identifier's number or the full name.
    Raises: ValueError for a lab that is none or that nobody handed in, a worksheet that is none or
        has another maximum grade than the checks, or a submission of nobody in it, or of two.
    """
    load_lab(lab)
    with worksheet.open(encoding="utf-8-sig", newline="") as file:
        head, *lines = [line for line in csv.reader(file) if line] or [[]]
    if missing := [name for name in ("Identifier", "Grade") if name not in head]:
        raise ValueError(f"{worksheet.name}: expected the columns {MOODLE}; {missing} are missing")
    found = {student: row for (student, name), row in best_rows(rows).items() if name == lab}
    if not found:
        raise ValueError(f"no submission of {lab} among those found; expected at least one")
    waiting = set(found)
    for line in lines:
        about = dict(zip(head, line, strict=False))
        _require_maximum(about.get("Maximum Grade", ""), lab, worksheet.name)
        names = _moodle_names(about)
        student = next((s for s in found if s.lower() in names), None)
        if student is None:
            continue
        if student not in waiting:
            _refuse(worksheet, f"{student!r} is on two lines")
        waiting.discard(student)
        row = in_course_points(found[student])
        line[head.index("Grade")] = _points(row)
        if "Feedback comments" in head:
            line[head.index("Feedback comments")] = _text(comment(row))
    if waiting:
        raise ValueError(f"{worksheet.name} has nobody called {sorted(waiting)}")
    return [head, *lines]


def _require_maximum(text: str, lab: str, worksheet: str) -> None:
    """Raise ValueError where a worksheet's maximum grade is not what the checks give in all."""
    most = load_lab(lab).max_points * _scale(lab)
    with contextlib.suppress(ValueError):
        if not text or abs(float(text.replace(",", ".")) - most) < 0.01:  # Moodle has two decimals
            return
    raise ValueError(
        f"{worksheet}: expected the Maximum Grade {most:g} of the checks of {lab}, got {text}; "
        f"change it in Moodle, or write points = ... for {lab} into course.toml"
    )


def _moodle_names(about: dict[str, str]) -> set[str]:
    email = about.get("Email address", "")
    number = re.sub(r"\D", "", about.get("Identifier", ""))
    names = {email, email.partition("@")[0], number, about.get("Full name", "")}
    return {name.lower() for name in names if name}


def _points(row: Row | None) -> str:
    return "" if row is None or row.status == "failed" else f"{row.points:g}"


def _text(value: str) -> str:
    return f"'{value}" if FORMULA.match(value) else value


def write_csv(lines: Iterable[Sequence[str]], path: Path) -> Path:
    """Write lines as CSV in UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        csv.writer(file).writerows(lines)
    return path
