"""What grading gives: a row a submission, in it a row an exercise, in it the checks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from labkit.check import CheckResult


@dataclass(frozen=True)
class ExerciseRow:
    """The result of one exercise."""

    exercise: str
    points: float
    max_points: float
    error: str
    checks: list[CheckResult]
    helped_by: tuple[str, ...] = ()  # earlier exercises that a sound version stood in for
    # Of grading, where that was in an earlier run, else 0; the result is the same either way.
    kept_seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Row:
    """The result of one submission, one row of the class table."""

    submission: str
    lab: str
    status: str  # "graded" or "failed"
    reason: str
    points: float
    max_points: float
    seconds: float
    isolation: str
    seed: int
    exercises: list[ExerciseRow] = field(default_factory=list)

    @property
    def took(self) -> float:
        """The seconds that grading took, in this run and for what is kept of earlier ones."""
        return self.seconds + sum(exercise.kept_seconds for exercise in self.exercises)

    def scaled(self, factor: float) -> Row:
        """Return the row with all its points multiplied, as course.toml may want it."""

        def times(what: Any, *fields: str) -> dict[str, float]:
            return {name: getattr(what, name) * factor for name in fields}

        exercises = [
            replace(
                exercise,
                **times(exercise, "points", "max_points"),
                checks=[replace(check, **times(check, "points")) for check in exercise.checks],
            )
            for exercise in self.exercises
        ]
        return replace(self, **times(self, "points", "max_points"), exercises=exercises)

    def as_json(self) -> dict:
        """Return the row as DESIGN.md gives it."""
        row = asdict(self)
        for exercise in row["exercises"]:
            del exercise["helped_by"], exercise["kept_seconds"]
            keys = ("check", "passed", "points", "message")
            exercise["checks"] = [{k: check[k] for k in keys} for check in exercise["checks"]]
        return row
