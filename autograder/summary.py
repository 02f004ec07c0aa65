"""How a class did, in numbers: what was understood, what was not, and what to look at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from autograder.claims import Claim, claim_of
from autograder.feedback import first_failure
from autograder.lab import load_lab, load_release
from autograder.rows import ExerciseRow, Row
from autograder.similar import Pair, code_of, similar_pairs, tokens_of
from autograder.submission import (
    UnreadableSubmission,
    read_submission,
    submission_from_notebook,
)

SLOWEST = 5
MOST_MESSAGES = 6  # of one check
MOST_PAIRS = 30


@dataclass(frozen=True)
class CheckSummary:
    """How a class did in one check.

    Each student is told one thing first, what the first failed check says; the checks that fail
    after it mostly fail with it.
    """

    title: str
    failed: int
    messages: list[tuple[str, int]]  # what it said first, and to how many


@dataclass(frozen=True)
class ExerciseSummary:
    """How a class did in one exercise."""

    name: str
    answered: int
    right: int  # every point
    mean: float  # of the points
    max_points: float
    checks: list[CheckSummary]  # the most failed first
    errors: list[tuple[str, int]]  # why nothing ran, and for how many
    first_messages: list[tuple[str, int]]  # what was said first, and to how many

    @property
    def telling(self) -> list[CheckSummary]:
        """The failed checks that were the first to fail for somebody."""
        return [check for check in self.checks if check.messages]

    @property
    def following(self) -> list[CheckSummary]:
        """The checks that failed only where another one had."""
        return [check for check in self.checks if not check.messages]


@dataclass(frozen=True)
class LabSummary:
    """How a class did in one lab."""

    name: str
    rows: list[Row]
    exercises: list[ExerciseSummary]
    pairs: list[Pair]
    claims: list[Claim]

    @property
    def graded(self) -> list[Row]:
        """The submissions that could be graded."""
        return [row for row in self.rows if row.status == "graded"]

    @property
    def failed(self) -> list[Row]:
        """The submissions that could not."""
        return [row for row in self.rows if row.status == "failed"]

    @property
    def drawn(self) -> str:
        """The secret seeds that the hidden inputs came from: one, unless runs were mixed."""
        seeds = sorted({row.seed for row in self.graded})
        return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"

    @property
    def isolation(self) -> str:
        """How the submissions were kept apart from the machine."""
        return ", ".join(sorted({row.isolation for row in self.graded}))

    @property
    def slowest(self) -> list[Row]:
        """The submissions that took longest."""
        return sorted(self.graded, key=lambda row: -row.seconds)[:SLOWEST]

    @property
    def overclaims(self) -> list[Claim]:
        """The claims to more than was earned, the largest difference first."""
        return [claim for claim in self.claims if claim.claimed > claim.earned]

    @property
    def max_points(self) -> float:
        """The points of the lab; 0 where nothing could be graded."""
        return self.graded[0].max_points if self.graded else 0.0

    @property
    def mean(self) -> float:
        """The mean of the points of what could be graded."""
        return mean(row.points for row in self.graded)

    @property
    def median(self) -> float:
        """The median of the points of what could be graded."""
        return median(row.points for row in self.graded)


def summarize(rows: list[Row]) -> list[LabSummary]:
    """Return one summary a lab, in the labs' order; rows of no lab come last, under ""."""
    by_lab: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_lab[row.lab].append(row)
    return [
        summarize_lab(lab, by_lab[lab]) for lab in sorted(by_lab, key=lambda lab: (not lab, lab))
    ]


def summarize_lab(lab: str, rows: list[Row]) -> LabSummary:
    """Return how the class did in one lab."""
    graded = [row for row in rows if row.status == "graded"]
    by_exercise: dict[str, list[ExerciseRow]] = defaultdict(list)
    for row in graded:
        for exercise in row.exercises:
            by_exercise[exercise.exercise].append(exercise)
    exercises = [summarize_exercise(name, found) for name, found in by_exercise.items()]
    return LabSummary(lab, rows, exercises, likeness(lab, graded), claims(graded))


def summarize_exercise(name: str, found: Sequence[ExerciseRow]) -> ExerciseSummary:
    """Return how the class did in one exercise."""
    answered = [e for e in found if not e.error and any(c.answered for c in e.checks)]
    failures = Counter(c.check for e in answered for c in e.checks if not c.passed)
    titles = {c.check: c.title for e in answered for c in e.checks}
    firsts = [failure for e in answered if (failure := first_failure(e))]
    errors = Counter(e.error for e in found if e.error)
    checks = []
    for check, failed in failures.most_common():
        said = Counter(f.message for f in firsts if f.check == check)
        checks.append(CheckSummary(titles[check], failed, _most_often(said)))
    return ExerciseSummary(
        name=name,
        answered=len(answered),
        right=sum(e.points == e.max_points for e in found),
        mean=mean(e.points for e in found),
        max_points=found[0].max_points,
        checks=checks,
        errors=_most_often(errors),
        first_messages=(Counter(f.message for f in firsts) + errors).most_common(),
    )


def _most_often(said: Counter) -> list[tuple[str, int]]:
    """Return the most common messages and how often each, and the number of all others."""
    first = said.most_common(MOST_MESSAGES)
    others = said.total() - sum(count for _, count in first)
    return [*first, ("something else", others)] if others else first


def claims(rows: Iterable[Row]) -> list[Claim]:
    """Return what notebooks say of themselves, where it differs most from what they earn, first."""
    found = [claim for row in rows if (claim := claim_of(row))]
    return sorted(found, key=lambda claim: claim.earned - claim.claimed)


def likeness(lab: str, rows: Iterable[Row]) -> list[Pair]:
    """Return the pairs of submissions that are nearly the same."""
    if not lab:
        return []
    full = load_lab(lab)
    given = submission_from_notebook(lab, load_release(lab)).cells
    answers: dict[str, list[int]] = {}
    for row in rows:
        try:
            cells = read_submission(Path(row.submission)).cells
        except UnreadableSubmission:  # it has gone since it was graded
            continue
        answers[row.submission] = tokens_of(code_of(full, cells, given))
    return similar_pairs(answers)[:MOST_PAIRS]
