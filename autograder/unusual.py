"""Answers unlike the others: a check lost that nearly everybody passed, and nothing else.

Either the answer is unusual, or the check is unfair to it: worth a look by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.feedback import first_failure, is_answered
from autograder.rows import Row

RARE = 0.05  # of the answers fail it
FEWEST = 20  # answers; of fewer, one failure is no exception


@dataclass(frozen=True)
class Unusual:
    """A submission, and the check that it lost first in the one exercise that it lost points in."""

    submission: str
    exercise: str
    title: str
    message: str
    failed: int  # in the class
    answered: int


def unusual(rows: Sequence[Row]) -> list[Unusual]:
    """Return the answers of graded rows that are unlike the others, the rarest failure first."""
    answered, failed = Counter(), Counter()
    for row in rows:
        for exercise in filter(is_answered, row.exercises):
            answered[exercise.exercise] += 1
            failed.update((exercise.exercise, c.check) for c in exercise.checks if not c.passed)
    found = []
    for row in rows:
        short = [exercise for exercise in row.exercises if exercise.points < exercise.max_points]
        if len(short) == 1 and is_answered(short[0]) and (lost := first_failure(short[0])):
            name = short[0].exercise
            counts = failed[name, lost.check], answered[name]
            found.append(Unusual(row.submission, name, lost.title, lost.message, *counts))
    rare = [u for u in found if u.answered >= FEWEST and u.failed <= RARE * u.answered]
    return sorted(rare, key=lambda u: u.failed / u.answered)
