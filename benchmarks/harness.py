"""One task done the kit's way and in other ways: do they agree, and how long does each take?

First every way runs once, to compare its result with the kit's and to be warm. Those that agree
are then timed in turns, so that a busy moment of the machine meets all of them alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import ArrayLike

ROUNDS = 3  # at least, however slow
SECONDS = 60.0  # after that no further round begins


@dataclass(frozen=True)
class Agreement:
    """How far two results are alike, in words, and whether that is enough."""

    measure: str
    good: bool


@dataclass(frozen=True)
class Rival:
    """Another way to do a task.

    Attributes:
        name: the library and how it is set.
        run: imports what it needs by itself, so that a missing library is found out by calling.
        compare: takes the kit's result and the rival's.
        aim: how many times as long as the kit it should take at least.
    """

    name: str
    run: Callable[..., Any]
    compare: Callable[[Any, Any], Agreement]
    aim: float | None = None


@dataclass(frozen=True)
class Task:
    """What is measured: its name, its size in words, the kit's way, and the others'.

    Attributes:
        few: arguments with which every way takes a few steps only, to compare: rounding turns a
            ReLU around here and there, and each step carries that on.
    """

    name: str
    size: str
    ours: Callable[..., Any]
    rivals: Sequence[Rival]
    few: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Meeting:
    """A rival that was called once: its agreement, or the reason why it cannot run."""

    task: Task
    rival: Rival
    agreement: Agreement | None = None
    reason: str = ""

    @property
    def agrees(self) -> bool:
        """Whether its time counts."""
        return self.agreement is not None and self.agreement.good


@dataclass(frozen=True)
class Times:
    """Seconds of each round."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """How many times as long as ours theirs take, by the medians."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    @property
    def ratios(self) -> list[float]:
        """The same in each round."""
        return [b / a for a, b in zip(self.ours, self.theirs, strict=True)]


def meet(task: Task) -> list[Meeting]:
    """Call every way once; a rival that raises is named with its reason."""
    ours, met = task.ours(**task.few), []
    for rival in task.rivals:
        try:
            theirs = rival.run(**task.few)
        except Exception as error:  # whatever an old library trips over
            met.append(Meeting(task, rival, reason=reason_of(error)))
        else:
            met.append(Meeting(task, rival, rival.compare(ours, theirs)))
    return met


def reason_of(error: Exception) -> str:
    """Return why a rival cannot run, on one line."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed"
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"


def time_in_turns(task: Task, met: Sequence[Meeting], rounds: int) -> list[Times | None]:
    """Return the times of each rival that agrees, None for the others.

    Every second round goes backwards. Beyond SECONDS in all, the rounds end at ROUNDS. With one
    thread the seconds are the processor's: what other programs take does not count.
    """
    ways = [task.ours, *(m.rival.run for m in met if m.agrees)]
    seconds: list[list[float]] = [[] for _ in ways]
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    started = time.perf_counter()
    for number in range(rounds if len(ways) > 1 else 0):
        if number >= ROUNDS and time.perf_counter() - started > SECONDS:
            break
        order = list(range(len(ways)))
        for way in order[::-1] if number % 2 else order:
            before = clock()
            ways[way]()
            seconds[way].append(clock() - before)
    theirs = iter(seconds[1:])
    return [Times(seconds[0], next(theirs)) if m.agrees else None for m in met]


# Agreement


def close(ours: ArrayLike, theirs: ArrayLike, limit: float = 1e-3) -> Agreement:
    """Compare by the largest difference, relative to the largest value."""
    a, b = _pair(ours, theirs)
    difference = float((a - b).abs().max() / a.abs().max())
    return Agreement(
        f"largest difference {difference:.0e} of the largest value", difference < limit
    )


def alike(ours: ArrayLike, theirs: ArrayLike, least: float = 0.99) -> Agreement:
    """Compare by correlation: a gradient jumps where rounding turns a ReLU around."""
    a, b = _pair(ours, theirs)
    correlation = float(torch.corrcoef(torch.stack([a, b]))[0, 1])
    return Agreement(f"correlation {correlation:.5f}", correlation > least)


def _pair(ours: ArrayLike, theirs: ArrayLike) -> tuple[torch.Tensor, torch.Tensor]:
    a, b = (torch.as_tensor(value).detach().double() for value in (ours, theirs))
    if a.shape != b.shape:
        raise ValueError(f"ours has shape {tuple(a.shape)}, theirs {tuple(b.shape)}")
    return a.flatten(), b.flatten()


# Tables


def agreement_row(meeting: Meeting) -> list[str]:
    """Return the cells of a rival in the first table."""
    what = [f"{meeting.task.name}, {meeting.task.size}", meeting.rival.name]
    if meeting.agreement is None:
        return [*what, meeting.reason, "cannot run"]
    return [*what, meeting.agreement.measure, "agree" if meeting.agrees else "DIFFERENT"]


def time_row(meeting: Meeting, times: Times | None) -> list[str]:
    """Return the cells of a rival in the second table."""
    what = [meeting.task.name, meeting.rival.name]
    aim = f"{meeting.rival.aim:g}" if meeting.rival.aim else ""
    if times is None:
        why = meeting.reason or "its result is another: its time does not count"
        return [*what, "", "", why, aim]
    medians = [_seconds(statistics.median(s)) for s in (times.theirs, times.ours)]
    span = f"{min(times.ratios):.2g} to {max(times.ratios):.2g}"
    return [*what, *medians, f"{times.ratio:.2g} ({span})", aim]


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def line(cells: Sequence[str]) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def header(cells: Sequence[str]) -> str:
    """Return the first two lines of a Markdown table."""
    return f"{line(cells)}\n{line(['---'] * len(cells))}"
