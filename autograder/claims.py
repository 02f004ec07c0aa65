"""What a submitted notebook shows of its own checks, against what the hidden checks found.

A notebook that shows more than it earns was edited, was run with other functions than it holds,
or has an answer that the visible checks are too weak for. The page lists it; it proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.collect import is_notebook
from autograder.lab import visible_points
from autograder.rows import Row
from autograder.sanitize import grade_id
from autograder.submission import LARGEST_FILE, UnreadableSubmission, parse_notebook


@dataclass(frozen=True)
class Claim:
    """Shares of the points, 0 to 1: of the visible checks as shown, of the hidden ones as found."""

    submission: str
    claimed: float
    earned: float


def claim_of(row: Row) -> Claim | None:
    """Return a graded notebook's claim; None for a .py file, and for one that shows no result."""
    path = Path(row.submission)
    if not is_notebook(path) or path.is_symlink() or not path.is_file():
        return None
    if path.stat().st_size > LARGEST_FILE:
        return None
    try:
        notebook = parse_notebook(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, UnreadableSubmission):
        return None
    shown = dict(_shown(notebook))
    if not shown or not row.max_points:
        return None
    most = visible_points(row.lab)
    claimed = sum(min(max(shown.get(name, 0.0), 0.0), limit) for name, limit in most.items())
    return Claim(row.submission, claimed / sum(most.values()), row.points / row.max_points)


def _shown(notebook: dict) -> Iterator[tuple[str, float]]:
    """Yield (exercise, points that its check cell shows)."""
    for cell in notebook["cells"]:
        name = grade_id(cell) if isinstance(cell, dict) else ""
        if name.startswith("check_"):
            for output in cell.get("outputs") or ():
                if (points := _number(output)) is not None:
                    yield name.removeprefix("check_"), points


def _number(output: Any) -> float | None:
    try:
        number = float("".join(output["data"]["text/plain"]))
    except (KeyError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
