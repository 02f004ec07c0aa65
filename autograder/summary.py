"""How a class did, in numbers: what was understood, what was not, and what to look at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import mean, median

from autograder.alike import Group, groups_in
from autograder.claims import Claim, claim_of
from autograder.feedback import first_failure, is_answered
from autograder.rows import ExerciseRow, Row
from autograder.unusual import Unusual, unusual

SLOWEST = 5
MOST_MESSAGES = 6  # of one check


@dataclass(frozen=True)
class Said:
    """What was said first, and of which submissions."""

    message: str
    who: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many were told so."""
        return len(self.who)


@dataclass(frozen=True)
class CheckSummary:
    """How a class did in one check.

    Each student is told one thing first, what the first failed check says; the checks that fail
    after it mostly fail with it.
    """

    title: str
    failed: int
    messages: list[Said]  # where it was the first to fail


@dataclass(frozen=True)
class ExerciseSummary:
    """How a class did in one exercise."""

    name: str
    answered: int
    unanswered: list[Said]  # nothing that could be checked, and why
    right: int  # every point
    mean: float  # of the points
    max_points: float
    checks: list[CheckSummary]  # the most failed first
    errors: list[Said]  # why nothing ran
    first_messages: list[Said]  # of what was answered

    @property
    def left_out(self) -> int:
        """How many did not answer."""
        return sum(said.count for said in self.unanswered)

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
    groups: list[Group]  # nearly the same code
    claims: list[Claim]
    unusual: list[Unusual] = field(default_factory=list)

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
        """The submissions that took longest to grade."""
        timed = [row for row in self.graded if row.took >= 0.05]  # looking up takes less
        return sorted(timed, key=lambda row: -row.took)[:SLOWEST]

    def cells(self, row: Row) -> list[ExerciseRow | None]:
        """What a submission got, in the order of the exercises; None where there is nothing."""
        found = {exercise.exercise: exercise for exercise in row.exercises}
        return [found.get(exercise.name) for exercise in self.exercises]

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
    by_exercise: dict[str, list[tuple[str, ExerciseRow]]] = defaultdict(list)
    for row in graded:
        for exercise in row.exercises:
            by_exercise[exercise.exercise].append((row.submission, exercise))
    exercises = [summarize_exercise(name, found) for name, found in by_exercise.items()]
    groups = groups_in(lab, graded)
    return LabSummary(lab, rows, exercises, groups, claims(graded), unusual(graded))


def summarize_exercise(name: str, found: Sequence[tuple[str, ExerciseRow]]) -> ExerciseSummary:
    """Return how the class did in one exercise, from {submission: row} as pairs."""
    every = [exercise for _, exercise in found]
    answered = [(who, e) for who, e in found if is_answered(e)]
    failures = Counter(c.check for _, e in answered for c in e.checks if not c.passed)
    titles = {c.check: c.title for e in every for c in e.checks}
    firsts = [(who, failure) for who, e in answered if (failure := first_failure(e))]
    errors = [(who, e.error) for who, e in found if e.error]
    checks = []
    for check, failed in failures.most_common():
        said = _gather((who, f.message) for who, f in firsts if f.check == check)
        checks.append(CheckSummary(titles[check], failed, _most_often(said)))
    return ExerciseSummary(
        name=name,
        answered=len(answered),
        unanswered=_gather((who, _why_unanswered(e)) for who, e in found if _is_left_out(e)),
        right=sum(e.points == e.max_points for e in every),
        mean=mean(e.points for e in every),
        max_points=every[0].max_points,
        checks=checks,
        errors=_most_often(_gather(errors)),
        first_messages=_gather([*((who, f.message) for who, f in firsts), *errors]),
    )


def _is_left_out(exercise: ExerciseRow) -> bool:
    return not exercise.error and not is_answered(exercise)


def _why_unanswered(exercise: ExerciseRow) -> str:
    """Return whether a function is not there, or returns None."""
    failure = first_failure(exercise)
    return failure.message.removeprefix("not answered yet: ") if failure else ""


def _gather(told: Iterable[tuple[str, str]]) -> list[Said]:
    """Return each message once, with who got it, the most common first."""
    who: dict[str, list[str]] = defaultdict(list)
    for submission, message in told:
        who[message].append(submission)
    found = [Said(message, tuple(submissions)) for message, submissions in who.items()]
    return sorted(found, key=lambda said: -said.count)


def _most_often(said: list[Said]) -> list[Said]:
    """Return the most common messages, and all others as one."""
    others = [submission for rare in said[MOST_MESSAGES:] for submission in rare.who]
    first = said[:MOST_MESSAGES]
    return [*first, Said("something else", tuple(others))] if others else first


def claims(rows: Iterable[Row]) -> list[Claim]:
    """Return what notebooks say of themselves, where it differs most from what they earn, first."""
    found = [claim for row in rows if (claim := claim_of(row))]
    return sorted(found, key=lambda claim: claim.earned - claim.claimed)
