"""Plugs the engine into nbgrader: the exporter and the preprocessors that nbgrader_config.py names.

`nbgrader autograde` reads each submission, sanitizes it and writes it to autograded/, then grades
that copy. Nothing of a submission is executed here: the engine runs it in the sandbox.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.cache import Cache
from autograder.collect import lab_of
from autograder.feedback import render_exercise
from autograder.grade import Engine, NotKept
from autograder.lab import load_lab, load_release
from autograder.rows import ExerciseRow, Row
from autograder.sandbox import (
    NOT_ISOLATED,
    Limits,
    isolation_here,
    warm_sandbox,
    why_not_isolated,
)
from autograder.sanitize import grade_id, sanitize
from autograder.seeds import load_seeds
from autograder.submission import (
    UnreadableSubmission,
    about_bytes,
    parse_notebook,
    require_file,
    stated_lab,
    submission_from_notebook,
)
from labkit.errors import printable


class SubmissionExporter(NotebookExporter):
    """Reads submissions: a file that is none is a clear error, and costs its student alone."""

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> tuple:
        """Return the notebook in a file; neither it nor its folder may be a link to another's."""
        if Path(filename).parent.is_symlink():
            raise UnreadableSubmission("expected a folder, got a symbolic link")
        require_file(Path(filename))
        return super().from_filename(filename, resources=resources, **options)

    def from_file(self, file_stream: Any, resources: Any = None, **options: Any) -> tuple:
        """Return the notebook in an open file as text, preprocessed, and its resources."""
        notebook = read_notebook(file_stream)
        return self.from_notebook_node(notebook, resources=resources, **options)


class Sanitize(NbGraderPreprocessor):
    """Puts the student's text into the release's frame; see `autograder.sanitize`."""

    def preprocess(self, notebook: Any, resources: Any) -> tuple:
        """Return the notebook as far as it can be believed, if it is this lab's."""
        about = resources["nbgrader"]
        lab_of(Path(f"{about['notebook']}.ipynb"), stated_lab(notebook))
        release = load_release(about["assignment"], about["notebook"])

        def say(text: str) -> None:
            who = f"{about['student']}, {about['assignment']}"
            self.log.warning(printable(f"{who}: {text}"))

        return sanitize(notebook, release, say), resources


class GradeInSandbox(NbGraderPreprocessor):
    """Gives each check cell one output: its points, for SaveAutoGrades, and the feedback."""

    def preprocess(self, notebook: Any, resources: Any) -> tuple:
        """Return the notebook with what the engine found."""
        about = resources["nbgrader"]
        row = grade_notebook(notebook, about["assignment"], about["student"])
        if row.isolation == NOT_ISOLATED:
            self.log.warning("graded without isolation: %s", why_not_isolated())
        for cell in notebook.cells:
            if is_autograded(cell):
                cell.outputs = [_output(cell, row)]
        return notebook, resources


def read_notebook(file: Any) -> Any:
    """Return the notebook in an open file; UnreadableSubmission says why there is none."""
    try:
        return parse_notebook(file.read())
    except UnicodeDecodeError as error:
        reason = about_bytes(error)
    except UnreadableSubmission as error:
        reason = str(error)
    raise UnreadableSubmission(reason)  # without nbformat's own errors: nbgrader prints them all


def grade_notebook(notebook: Any, lab: str, name: str) -> Row:
    """Return the engine's row for a sanitized notebook."""
    submission = submission_from_notebook(name, notebook)
    engine = Engine("", Limits(), isolation_here(), load_seeds(), Cache())
    try:
        return engine.grade(submission, load_lab(lab), name)
    except NotKept:  # only now is a sandbox worth its seconds
        engine = replace(engine, address=warm_sandbox().address)
        return engine.grade(submission, load_lab(lab), name)


# One check cell


def is_autograded(cell: Any) -> bool:
    """Return whether a sanitized cell gets its points from checks."""
    info = cell.metadata.get("nbgrader", {})
    return bool(info.get("grade")) and not info.get("solution")


def score_of(cell: Any, row: Row) -> float:
    """Return a check cell's score: the share of the checks' points, of the cell's points.

    A plain float between 0 and the cell's points, whatever course.toml scaled them by.

    Raises: ValueError where the release and the hidden checks do not fit together.
    """
    exercise, most = exercise_of(cell, row), float(cell.metadata.nbgrader["points"])
    return min(most, round(most * float(exercise.points) / float(exercise.max_points), 6))


def exercise_of(cell: Any, row: Row) -> ExerciseRow:
    """Return the result that a check cell shows."""
    name = grade_id(cell).removeprefix("check_")
    for exercise in row.exercises:
        if exercise.exercise == name:
            return exercise
    raise ValueError(
        f"{row.lab}: cell {grade_id(cell)!r} of the release has no hidden checks; expected one of "
        f"{[e.exercise for e in row.exercises]}; run `python -m autograder build {row.lab}`"
    )


def _output(cell: Any, row: Row) -> Any:
    exercise = exercise_of(cell, row)
    data = {
        "text/plain": str(score_of(cell, row)),
        "text/html": render_exercise(exercise, row.isolation),
    }
    return nbformat.v4.new_output("execute_result", data, execution_count=1)
