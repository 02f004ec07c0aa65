"""Writes what a submission got: a page for the student, a table and JSON for the instructor."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

import jinja2
from markupsafe import Markup

from autograder.rows import ExerciseRow, Row
from autograder.sandbox import NOT_ISOLATED
from labkit import report
from labkit.check import CheckResult
from labkit.errors import printable

TEMPLATES = Path(__file__).parent / "templates"


def first_failure(exercise: ExerciseRow) -> CheckResult | None:
    """Return the failed check that the student should read first."""
    return next((c for c in exercise.checks if not c.passed), None)


def first_message(exercise: ExerciseRow) -> str:
    """Return the one message that comes first: the reason nothing ran, else the first failure."""
    failure = first_failure(exercise)
    return exercise.error or (failure.message if failure else "")


def is_answered(exercise: ExerciseRow) -> bool:
    """Return whether the student wrote anything that could be checked."""
    return not exercise.error and any(c.answered for c in exercise.checks)


def render_page(row: Row) -> str:
    """Return a submission's feedback as an HTML page of its own."""
    return render("feedback.html", row.isolation, row=row)


def render_exercise(exercise: ExerciseRow, isolation: str) -> str:
    """Return one exercise's feedback as an HTML table, for a cell of nbgrader's pages."""
    note = "" if isolation != NOT_ISOLATED else "<p><strong>Not isolated.</strong></p>"
    return render("exercise.html", isolation, exercise=exercise) + note


def render(template: str, isolation: str = "", **values: object) -> str:
    """Return one of our templates with these values, escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True
    )
    environment.filters |= {"inline": inline, "sentence": sentence}
    environment.globals |= {"first_failure": first_failure, "is_answered": is_answered}
    isolated = isolation != NOT_ISOLATED
    return environment.get_template(template).render(isolated=isolated, **values)


def inline(text: str) -> Markup:
    """Escape text and set `code` between backticks as code."""
    return Markup(report.inline(text))


def sentence(text: str) -> Markup:
    """Return a message with a capital and a full stop, its code set as code."""
    return inline(as_sentence(text))


def as_sentence(text: str) -> str:
    """Return a message with a capital and a full stop."""
    end = "" if not text or text[-1] in ".?!" else "."
    return text[:1].upper() + text[1:] + end


def write_page(row: Row, folder: Path) -> Path:
    """Write a submission's feedback page and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{page_name(row.submission)}.html"
    path.write_text(render_page(row), encoding="utf-8", errors="backslashreplace")
    return path


def page_name(submission: str) -> str:
    """Return a file name for a submission's page: its last folders and name, made harmless.

    Where that is not all of the name, a few digits keep two pages apart.
    """
    parts = Path(submission.removesuffix(".ipynb")).parts
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", "_".join(parts[-3:])).strip("_.")[:100]
    if name and name == "_".join(parts) and "_" not in "".join(parts):
        return name
    digits = hashlib.sha256(submission.encode(errors="backslashreplace")).hexdigest()[:6]
    return f"{name or 'submission'}_{digits}"


def write_json(rows: Iterable[Row], path: Path) -> None:
    """Write the rows as DESIGN.md gives them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([row.as_json() for row in rows], indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def table(rows: list[Row]) -> str:
    """Return the class table as text: points, seconds, and what to look at first."""
    width = max((len(_short(row)) for row in rows), default=0)
    lines = [f"{'submission':{width}}  {'lab':14}  {'points':>9}  {'s':>5}  first message"]
    for row in rows:
        points = f"{row.points:g}/{row.max_points:g}"
        lines.append(
            f"{_short(row):{width}}  {row.lab[:14]:14}  {points:>9}  {row.seconds:5.1f}  "
            f"{_first_of_row(row)}"
        )
    graded = sum(row.status == "graded" for row in rows)
    isolation = sorted({row.isolation for row in rows})
    lines.append(f"{graded} graded, {len(rows) - graded} failed; isolation: {', '.join(isolation)}")
    if NOT_ISOLATED in isolation:
        lines.append("Install bubblewrap before you grade code that you do not trust.")
    return "\n".join(lines)


def comment(row: Row) -> str:
    """Return a submission's feedback as plain text: points and first message of each exercise."""
    if row.status == "failed":
        return f"Not graded: {row.reason}"
    lines = []
    for exercise in row.exercises:
        text = f"{exercise.exercise}: {exercise.points:g} of {exercise.max_points:g}."
        if message := first_message(exercise):
            text += f" {as_sentence(message)}"
        if exercise.helped_by:
            text += (
                f" Graded with a correct {', '.join(exercise.helped_by)}: one mistake costs once."
            )
        lines.append(text)
    return "\n".join(lines)


def _short(row: Row) -> str:
    return printable("/".join(Path(row.submission).parts[-3:]), 80)


def _first_of_row(row: Row) -> str:
    if row.status == "failed":
        return f"FAILED: {row.reason}"
    messages = ((e.exercise, first_message(e)) for e in row.exercises)
    return next((f"{name}: {text}" for name, text in messages if text), "")[:110]
