"""Shows what a new autograde would change in the gradebook, and keeps what was given by hand.

python -m autograder regrade 06-saliency            compares and writes nothing
python -m autograder regrade 06-saliency --write    autogrades again
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.collect import lab_of
from autograder.lab import ROOT, load_lab, load_release
from autograder.submission import UnreadableSubmission, require_file, stated_lab
from labkit.errors import printable


@dataclass(frozen=True)
class Score:
    """One check cell of one student: what the gradebook holds and what the engine gives now."""

    student: str
    exercise: str
    before: float | None  # None: not graded yet
    after: float
    by_hand: float | None  # counts instead of both; None: no score by hand

    @property
    def changes(self) -> bool:
        """Whether a new autograde would write another score."""
        return self.before is None or abs(self.before - self.after) > 1e-6


@dataclass(frozen=True)
class Record:
    """What the gradebook holds on one lab, by (student, cell)."""

    automatic: dict[tuple[str, str], float | None] = field(default_factory=dict)
    by_hand: dict[tuple[str, str], tuple] = field(default_factory=dict)  # score, extra credit
    comments: dict[tuple[str, str], str] = field(default_factory=dict)


def regrade(lab: str, *, write: bool) -> int:
    """Print the scores that a new autograde would change; with `write`, change them.

    Returns: the exit status: 1 where a submission's new scores could not be written, else 0.
    Raises: ValueError for an unknown lab, a missing gradebook or no submissions; RuntimeError
        where something given by hand did not stay.
    """
    load_lab(lab)
    course = _course_folder(lab)
    record = read_record(course, lab)
    paths = find_submitted(course, lab)
    scores, unreadable = _grade(paths, lab, record)
    print(table(scores))
    for student, reason in unreadable.items():
        print(f"{printable(student)}: not graded: {reason}")
    print(_summary(scores, record))
    if write:
        failed = _write(lab, [s for s in paths if s not in unreadable])
        for student, reason in failed.items():
            print(f"{printable(student)}: not written: {printable(reason)}")
        _require_kept(record, read_record(course, lab))
        print("Written. nbgrader marks what was graded by hand for review; the points stayed.")
        return int(bool(failed))
    print("Nothing was written; --write changes the gradebook.")
    return 0


def _course_folder(lab: str) -> Any:
    """Return nbgrader's view of the checkout, by nbgrader_config.py."""
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    config.CourseDirectory.assignment_id = lab
    return CourseDirectory(config=config)


def read_record(course: Any, lab: str) -> Record:
    """Return what the gradebook holds on a lab; ValueError where there is no gradebook."""
    from nbgrader.api import Gradebook, MissingEntry

    file = Path(course.db_url.removeprefix("sqlite:///"))
    if course.db_url.startswith("sqlite:///") and not file.exists():
        raise ValueError(f"there is no {file.name}; run `python -m autograder build`")
    record = Record()
    with Gradebook(course.db_url, course.course_id) as gradebook:
        try:
            submissions = gradebook.find_assignment(lab).submissions
        except MissingEntry as error:
            advice = f"run `python -m autograder build {lab}`"
            raise ValueError(f"{file.name} does not know the lab {lab!r}; {advice}") from error
        for submission in submissions:
            for notebook in submission.notebooks:
                _note(record, submission.student.id, notebook)
    return record


def _note(record: Record, student: str, notebook: Any) -> None:
    for grade in notebook.grades:
        key = (student, grade.name)
        record.automatic[key] = grade.auto_score
        if grade.manual_score is not None or grade.extra_credit:
            record.by_hand[key] = (grade.manual_score, grade.extra_credit)
    for comment in notebook.comments:
        if comment.manual_comment:
            record.comments[student, comment.name] = comment.manual_comment


def find_submitted(course: Any, lab: str) -> dict[str, Path]:
    """Return {student: notebook}, also of a folder without it; ValueError where nothing is."""
    folder = Path(course.format_path(course.submitted_directory, "*", lab))
    folders = sorted(p for p in Path(ROOT).glob(str(folder.relative_to(ROOT))) if p.is_dir())
    if not folders:
        wanted = f"submitted/STUDENT/{lab}/{lab}.ipynb"
        raise ValueError(f"no submissions of {lab}; expected {wanted}")
    return {path.parent.name: path / f"{lab}.ipynb" for path in folders}


def _grade(paths: dict[str, Path], lab: str, record: Record) -> tuple[list[Score], dict[str, str]]:
    """Return the scores of all that can be graded, and {student: reason} of the others."""
    from tqdm import tqdm

    scores, unreadable = [], {}
    for student, path in tqdm(paths.items(), desc="grading", unit="submission", leave=False):
        try:
            scores += _scores(student, path, lab, record)
        except UnreadableSubmission as error:
            unreadable[student] = str(error)
    return scores, unreadable


def _scores(student: str, path: Path, lab: str, record: Record) -> list[Score]:
    """Return the scores that autograde would give one submission, next to the gradebook's."""
    from autograder import gradebook
    from autograder.sanitize import grade_id, sanitize

    if not path.exists():  # autograde knows no other name
        found = ", ".join(sorted(p.name for p in path.parent.iterdir())[:5]) or "nothing"
        raise UnreadableSubmission(f"expected {path.name}, found {found}")
    require_file(path)
    with path.open(encoding="utf-8") as file:
        notebook = gradebook.read_notebook(file)
    lab_of(path, stated_lab(notebook))
    notebook = sanitize(notebook, load_release(lab))
    row = gradebook.grade_notebook(notebook, lab, student)
    return [
        Score(
            student,
            gradebook.exercise_of(cell, row).exercise,
            record.automatic.get((student, grade_id(cell))),
            gradebook.score_of(cell, row),
            record.by_hand.get((student, grade_id(cell)), (None,))[0],
        )
        for cell in notebook.cells
        if gradebook.is_autograded(cell)
    ]


def _write(lab: str, students: list[str]) -> dict[str, str]:
    """Autograde the students' submissions; return {student: reason} of those that cannot be."""
    from nbgrader.converters import Autograde
    from tqdm import tqdm

    from autograder.build import run_converter

    failed = {}
    for student in tqdm(students, desc="writing", unit="submission", leave=False):
        try:
            run_converter(Autograde, lab, ROOT, student)
        except Exception as error:  # nbgrader's own or ours: not worth the rest of the class
            failed[student] = (str(error).strip().splitlines() or [repr(error)])[0]
    return failed


def _require_kept(before: Record, after: Record) -> None:
    """Raise RuntimeError naming what was given by hand and is not there any more."""
    lost = [k for k, v in before.by_hand.items() if after.by_hand.get(k) != v]
    lost += [k for k, v in before.comments.items() if after.comments.get(k) != v]
    if lost:
        names = ", ".join(f"{student} {cell}" for student, cell in lost)
        raise RuntimeError(f"points or comments given by hand have changed: {names}")


# What is printed


def table(scores: list[Score]) -> str:
    """Return the scores that change, as text."""
    changed = [s for s in scores if s.changes]
    if not changed:
        return "No score changes."
    changed = [replace(s, student=printable(s.student)) for s in changed]
    width = max(len(s.student) for s in [*changed, Score("student", "", None, 0, None)])
    lines = [f"{'student':{width}}  {'exercise':24}  {'gradebook':>9}  {'now':>6}  by hand"]
    for s in changed:
        kept = "" if s.by_hand is None else f"{s.by_hand:g} stays"
        before = "-" if s.before is None else f"{s.before:g}"
        lines.append(f"{s.student:{width}}  {s.exercise:24}  {before:>9}  {s.after:>6g}  {kept}")
    return "\n".join(lines)


def _summary(scores: list[Score], record: Record) -> str:
    changed = sum(s.changes for s in scores)
    return (
        f"{changed} of {len(scores)} scores change; {len(record.by_hand)} scores and "
        f"{len(record.comments)} comments given by hand stay."
    )
