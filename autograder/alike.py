"""Groups of submissions that are nearly the same: a reason to talk, never a proof.

One answer that went round a class makes one group, however many pairs its copies form.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.course import load_course
from autograder.lab import load_lab, load_release
from autograder.rows import Row
from autograder.similar import Pair, code_of, similar_pairs, tokens_of
from autograder.submission import (
    Cell,
    UnreadableSubmission,
    read_submission,
    submission_from_notebook,
)


@dataclass(frozen=True)
class Group:
    """Submissions of which each is nearly the same as another one of the group."""

    submissions: tuple[str, ...]
    least: float  # likeness of the pairs that make the group, 0 to 1
    most: float


def groups_in(lab: str, rows: Iterable[Row]) -> list[Group]:
    """Return the groups of one lab's submissions; those that have gone since are left out."""
    if not lab:
        return []
    given, answers = given_cells(lab), {}
    for row in rows:
        try:
            cells = read_submission(Path(row.submission)).cells
        except UnreadableSubmission:
            continue
        answers[row.submission] = tokens_of(code_of(load_lab(lab), cells, given))
    return groups_of(similar_pairs(answers))


def given_cells(lab: str) -> list[Cell]:
    """Return what everybody was given: the release, with worked answers where the course has them.

    A worked answer that was copied as it stands is no sign of anything between two students.
    """
    cells = list(submission_from_notebook(lab, load_release(lab)).cells)
    if load_course().worked_answers:
        cells += [Cell(e.name, "", e.solution) for e in load_lab(lab).exercises]
    return cells


def groups_of(pairs: Iterable[Pair]) -> list[Group]:
    """Return the sets that pairs connect, the largest first, of one size the most alike."""
    pairs = list(pairs)
    group_of: dict[str, set[str]] = {}
    for pair in pairs:
        first = group_of.setdefault(pair.first, {pair.first})
        second = group_of.setdefault(pair.second, {pair.second})
        if first is not second:
            first |= second
            group_of |= dict.fromkeys(second, first)
    likeness: dict[int, list[float]] = {}
    for pair in pairs:
        likeness.setdefault(id(group_of[pair.first]), []).append(pair.likeness)
    sets = {id(group): group for group in group_of.values()}
    found = [Group(tuple(sorted(s)), min(likeness[i]), max(likeness[i])) for i, s in sets.items()]
    return sorted(found, key=lambda g: (-len(g.submissions), -g.most, -g.least, g.submissions))
