"""The class at a glance: one HTML page of what was understood, what was not, and what to look at.

    python -m autograder report submitted/ --output report.html

The page needs no network and no script; its plots are SVG and print.
"""

from __future__ import annotations

import html
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from autograder.claims import Claim, claim_of
from autograder.feedback import first_failure, render
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
    """How a class did in one check."""

    title: str
    failed: int
    messages: list[tuple[str, int]]  # what the students were told, and how many of them


@dataclass(frozen=True)
class ExerciseSummary:
    """How a class did in one exercise."""

    name: str
    answered: int
    right: int  # every point
    mean: float  # of the points
    max_points: float
    checks: list[CheckSummary]  # the most failed first
    first_messages: list[tuple[str, int]]  # what was said first, and to how many


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
    def distribution(self) -> Markup:
        """The points of the class as an SVG picture."""
        return histogram([row.points for row in self.graded], self.graded[0].max_points)


def write_report(rows: Iterable[Row], path: Path) -> Path:
    """Write the page of these rows; their files are read again for claims and likeness."""
    labs = summarize(list(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    text = render("report.html", labs=labs)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


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
    messages: dict[str, Counter] = defaultdict(Counter)
    titles: dict[str, str] = {}
    for exercise in answered:
        for check in exercise.checks:
            titles[check.check] = check.title
            if not check.passed:
                messages[check.check][check.message] += 1
    first = Counter(failure.message for e in answered if (failure := first_failure(e)))
    first.update(e.error for e in found if e.error)
    checks = [
        CheckSummary(titles[c], sum(said.values()), said.most_common(MOST_MESSAGES))
        for c, said in messages.items()
    ]
    return ExerciseSummary(
        name=name,
        answered=len(answered),
        right=sum(e.points == e.max_points for e in found),
        mean=sum(e.points for e in found) / len(found),
        max_points=found[0].max_points,
        checks=sorted(checks, key=lambda check: -check.failed),
        first_messages=first.most_common(),
    )


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


def histogram(points: Sequence[float], most: float) -> Markup:
    """Return the distribution of points as SVG, ten bars from none to all."""
    figure = Figure(figsize=(6.4, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.hist(points, bins=10, range=(0, most or 1), color="#0072B2", edgecolor="white")
    axes.set_xlabel("points")
    axes.set_ylabel("submissions")
    axes.yaxis.get_major_locator().set_params(integer=True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return _svg(figure, f"Points of {len(points)} submissions, of at most {most:g}.")


def _svg(figure: Figure, alt: str) -> Markup:
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "report", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return Markup(
        f'<svg role="img" aria-label="{html.escape(alt)}"{text[text.index("<svg") + 4 :]}'
    )
