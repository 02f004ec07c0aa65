"""The panel of `widgets.live`: an optimization that shows itself and stops without losing a step.

It computes in slices, so that between two of them the kernel hears the stop button, a turned knob
or another cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

from ipywidgets import Button, IntProgress, Label

from labkit.between_cells import MainThread, call, interruptible
from labkit.panel import Panel

SLICE = 0.25  # seconds of steps between two pictures
BREATH = 0.02  # seconds for the kernel's other messages
END = object()


class Live(Panel):
    """A panel whose `result` is the picture that the function yielded last."""

    def __init__(self, function: Callable, steps: int, knobs: Mapping[str, Any], still: Any = None):
        if steps < 1:
            raise ValueError(f"expected at least 1 step, got {steps}")
        self.function, self.steps = function, steps
        self.result: Any = None
        self.done, self.seconds, self.running = 0, 0.0, False
        self._walk: Iterator | None = None  # while more steps may come
        self._due = False  # whether a slice is on its way
        self._main = MainThread()
        self.button, self.again = Button(), Button(description="Start over", icon="undo")
        self.bar, self.status = IntProgress(max=steps), Label()
        super().__init__(knobs, [self.button, self.again, self.bar, self.status], still)
        self.button.on_click(lambda _: self.stop() if self.running else self.start())
        self.again.on_click(lambda _: self.start(over=True))
        self._report()

    def start(self, *, over: bool = False) -> None:
        """Begin, go on where it was stopped, or begin again."""
        self._main.later(0, lambda: self._start(over))

    def stop(self) -> None:
        """Stop after the step that is being computed; what was made stays."""
        self.running = False  # at once, from whichever thread the click comes

    def _start(self, over: bool) -> None:
        if over or self._walk is None:
            self.done, self.seconds = 0, 0.0
            self._walk, text = call(self.function, self.settings)
            if self._walk is not None and not isinstance(self._walk, Iterator):
                self._walk, text = None, f"`{self._name}` should yield pictures, not return one."
            self.say(text)
        self.running = self._walk is not None
        self._report()
        self._come_back(0)

    def _come_back(self, seconds: float) -> None:
        if not self._due and self.running:
            self._due = True
            self._main.later(seconds, self._slice)

    def _slice(self) -> None:
        """Take steps for a moment, show what came of them, and come back for more."""
        self._due = False
        started, before, text = perf_counter(), self.done, ""
        moment = SLICE if self._main.loop else math.inf  # in a script there is nobody to hear
        try:
            with interruptible():
                while self.running:
                    text = self._step() or text
                    if perf_counter() - started > moment:
                        break
        except KeyboardInterrupt:  # it ended the generator too
            self._walk, self.running = None, False
        self.seconds += perf_counter() - started
        if self.done > before or text:
            made = self.result if self.done > before else None
            self.present(made, text, alt=f"Step {self.done}, with {self.settings!r}.")
        self._report()
        self._come_back(BREATH)
        if not self.running:
            self.keep()

    def _step(self) -> str:
        """Take one step and return what it printed, or what went wrong."""
        made, text = call(next, self._walk, END, name=self._name)
        if made is END or made is None:
            self._walk, self.running = None, False
            return text
        self.result, self.done = made, self.done + 1
        if self.done == self.steps:
            self._walk, self.running = None, False
        return text

    def _report(self) -> None:
        """Say on the button and beside the bar how things stand."""
        description, icon = ("Stop", "stop") if self.running else ("Start", "play")
        if self._walk is not None and self.done and not self.running:
            description = "Go on"
        self.button.description, self.button.icon = description, icon
        self.bar.value = self.done
        self.status.value = self._status()

    def _status(self) -> str:
        if not self.done:
            return "computing ..." if self.running else f"{self.steps} steps"
        where = f"step {self.done} of {self.steps}"
        if self.running:
            left = self.seconds / self.done * (self.steps - self.done)
            return f"{where}, about {math.ceil(left)} s left"
        return f"{where}, {self.seconds:.0f} s" + (", stopped" if self._walk is not None else "")

    @property
    def _name(self) -> str:
        return getattr(self.function, "__name__", "the function")
