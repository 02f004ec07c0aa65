"""Planted mistakes and unusual right answers: what the hidden checks must tell apart.

tests/autograder/answers/NN-name.py holds them, one cell each, as students would write them. The
tests and `python -m autograder audit` judge them all by the real engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.grade import Engine
from autograder.lab import ROOT, load_lab, read_source
from autograder.rows import ExerciseRow
from autograder.submission import Cell, Submission

ANSWERS = ROOT / "tests" / "autograder" / "answers"
KNOWN = {"title", "exercise", "fails", "may", "says", "right", "lines_to_next_cell"}


@dataclass(frozen=True)
class Answer:
    """One student's answer to one exercise.

    Attributes:
        right: an unusual right answer, which earns every point; otherwise a mistake.
        fails: the checks that the mistake fails, the one meant for it first; "all" for all.
        may: further checks that it fails for some seeds of the hidden inputs only.
        says: a part of the first message that its author reads.
    """

    lab: str
    exercise: str
    title: str
    source: str
    right: bool = False
    fails: tuple[str, ...] = ()
    says: str = ""
    may: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What the checks made of an answer: `slip` says what went wrong, "" where nothing did."""

    answer: Answer
    slip: str
    message: str  # the first one that the student reads


def read_answers(lab: str, folder: Path = ANSWERS) -> Iterator[Answer]:
    """Yield a lab's answers, mistakes and right ones, in the order of its file.

    Raises: ValueError for a cell that names an unknown exercise or setting: it would test nothing.
    """
    path = folder / f"{lab}.py"
    exercises = [e.name for e in load_lab(lab).exercises]
    for cell in read_source(path).cells if path.exists() else ():
        about = dict(cell.metadata)
        if "exercise" not in about:
            continue
        if about["exercise"] not in exercises or set(about) - KNOWN:
            raise ValueError(
                f"{path.name}: {about.get('title')!r} names the exercise {about['exercise']!r} and "
                f"{sorted(set(about) - KNOWN)}; expected one of {exercises}, and {sorted(KNOWN)}"
            )
        yield Answer(
            lab=lab,
            exercise=about["exercise"],
            title=about.get("title", ""),
            source=cell.source,
            right=bool(about.get("right")),
            fails=tuple(about.get("fails", "").split()),
            says=about.get("says", ""),
            may=tuple(about.get("may", "").split()),
        )


def grade_answer(engine: Engine, answer: Answer) -> ExerciseRow:
    """Return the row of an answer's exercise, graded alone."""
    lab = load_lab(answer.lab)
    alone = replace(lab, exercises=(lab.exercise(answer.exercise),))
    submission = Submission("answer", answer.lab, (Cell("answer", "", answer.source),))
    return engine.grade(submission, alone, answer.title).exercises[0]


def judge(answer: Answer, row: ExerciseRow) -> Verdict:
    """Return whether an answer was graded as it should have been."""
    failed = {c.check: c.message for c in row.checks if not c.passed}
    first = next(iter(failed.values()), "")
    if answer.right:
        found = "; ".join(f"{name}: {text}" for name, text in failed.items())
        return Verdict(answer, found and f"it is right, and fails {found}", first)
    expected = answer.fails
    if expected == ("all",):
        expected = tuple(c.check for c in row.checks)
    always = {name: text for name, text in failed.items() if name not in answer.may}
    if set(always) != set(expected):
        slip = f"expected to fail {sorted(expected)}, fails {sorted(always)}"
    elif next(iter(always)) != expected[0]:
        slip = f"the first message is that of {next(iter(always))}, not of {expected[0]}"
    elif answer.says not in always[expected[0]]:
        slip = f"the first message should say {answer.says!r}: {always[expected[0]]}"
    else:
        slip = ""
    return Verdict(answer, slip, first)
