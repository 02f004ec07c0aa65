"""Knobs over a function of yours: turn one, and its picture is made anew.

    explore(draw, layer=layers, guided=True)       draw(layer=..., guided=...) returns a picture
    live(climb, steps=200, l2_reg=slider(0, 1))    climb(knobs) yields pictures, one a step
    blending_square(paint, corners)                paint(weights) returns a picture
    map_viewer(places, thumbnails)                 a map to zoom into; needs no kernel

A picture is a figure, an image (3, H, W) or images (N, 3, H, W); what the function prints stands
below it. `photo(pictures)` is a knob that also takes a photo of the student's own.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import torch
from ipywidgets import HTML, FloatSlider, HBox, Layout, Widget
from torch import Tensor

from labkit.between_cells import MainThread, call, interruptible
from labkit.knobs import Photo, slider
from labkit.live import Live
from labkit.map_viewer import map_viewer
from labkit.panel import Panel

__all__ = ["blending_square", "explore", "live", "map_viewer", "photo", "slider"]

SETTLE = 0.05  # seconds in which turns of a knob are gathered: a slider sends dozens
NOTICEABLE = 0.5  # seconds: what takes longer is announced
SIDE, GAP = "288px", "3em"  # of the blending square, and of the slider beside it


def explore(function: Callable, *, still: Any = None, **knobs: Any) -> Explorer:
    """Show what a function makes, and make it anew whenever a knob is turned.

    Args:
        function: takes the knobs by name and returns a picture; or None with a printed message,
            as after `ready(...)`, while an exercise waits. It is called once at first.
        still: a picture to begin with instead, which exported notebooks show as well.
        knobs: (low, high), (low, high, step), a list or dict of choices, a bool, `slider(...)`,
            `photo(...)`, or any widget with a value.
    """
    return Explorer(function, knobs, still)


def live(function: Callable, *, steps: int, still: Any = None, **knobs: Any) -> Live:
    """Show an optimization while it runs, with a button that stops it and keeps what was made.

    ::

        def climb(knobs):
            image = start
            while True:
                image = class_visualization_step(model, image, label, knobs.l2_reg, step_size)
                yield image

    Args:
        function: takes the knobs, reads their values as they stand, and yields a picture a step.
        steps: how many at most: so the panel can say how long it will take.
        still: a picture to show before anything has run.
    Returns: a panel; its `result` is the picture yielded last.
    """
    return Live(function, steps, knobs, still)


def blending_square(
    function: Callable, corners: Sequence[str], *, still: Any = None, **knobs: Any
) -> Square:
    """Mix four things by the place of a point in a square.

    Args:
        function: takes (4,) weights of sum 1, those of the corners, and the other knobs by name;
            returns a picture.
        corners: names: top left, top right, bottom left, bottom right.
        still: as in `explore`.
        knobs: more of them, as in `explore`.
    """
    return Square(function, corners, knobs, still)


def photo(pictures: Mapping[str, Tensor]) -> Photo:
    """Return a knob that chooses a picture, or takes a file of the student's own.

    Args:
        pictures: name -> (1, 3, H, W) in [0, 1]; a file becomes one of the first one's size.
    """
    return Photo(pictures)


class Explorer(Panel):
    """The panel of `explore`. Turns of a knob never queue: the latest values win."""

    def __init__(self, function: Callable, knobs: Mapping[str, Any], still: Any = None):
        super().__init__(knobs, still=still)
        self.function = function
        self.pinned = still is not None
        self._main = MainThread()
        self._due = False  # whether a new picture is on its way
        self._seconds = 0.0  # that the last one took
        if not self.pinned:
            self.update()
        for knob in self.knobs.values():
            knob.observe(self._turned, "value")

    def update(self) -> None:
        """Call the function with the knobs as they stand, and show what it makes."""
        if self._seconds > NOTICEABLE:
            self.say(f"Computing, about {self._seconds:.1f} s ...")
        started = perf_counter()
        settings = {name: knob.value for name, knob in self.knobs.items()}
        self.present(*call(self.function, **settings), alt=f"Made with {self.settings!r}.")
        self._seconds = perf_counter() - started
        if not self.pinned:
            self.keep()

    def _turned(self, change: Any) -> None:
        if not self._due:
            self._due = True
            self._main.later(SETTLE, self._update_now)

    def _update_now(self) -> None:
        self._due = False  # before the knobs are read: whatever turns from now on counts
        try:
            with interruptible():
                self.update()
        except KeyboardInterrupt:
            self.say("Interrupted. The picture is the one from before.")


class Square(Explorer):
    """The panel of `blending_square`: a slider below the picture, and one beside it."""

    def __init__(
        self, paint: Callable, corners: Sequence[str], knobs: Mapping[str, Any], still: Any = None
    ):
        if len(corners) != 4:
            raise ValueError(f"expected the names of four corners, got {list(corners)}")
        self.paint, self.corners = paint, [str(corner) for corner in corners]
        unit = {"min": 0, "max": 1, "step": 0.05, "readout": False}
        place = {"across": FloatSlider(0.5, **unit)}
        place["up"] = FloatSlider(0.5, orientation="vertical", **unit)
        super().__init__(self._blend, place | dict(knobs), still)

    def _blend(self, across: float, up: float, **others: Any) -> Any:
        left, right, down = 1 - across, across, 1 - up
        weights = [left * up, right * up, left * down, right * down]
        made, text = call(self.paint, torch.tensor(weights), **others)
        mixture = [f"{w:.2f} {name}" for w, name in zip(weights, self.corners, strict=True)]
        print(" + ".join(mixture) if made is not None else "", text, sep="\n")
        return made

    def arrange(self) -> list[Widget]:
        """Return the square, each corner's name at its corner, below the other knobs."""
        across, up, *others = self.knobs.values()
        across.layout.width = up.layout.height = self.picture.layout.width = SIDE
        across.description = up.description = ""
        across.layout.margin, up.layout.width = f"0 0 0 {GAP}", GAP
        wide = Layout(width=SIDE, justify_content="space-between", margin=f"0 0 0 {GAP}")
        top, bottom = (
            HBox([HTML(f"<b>{html.escape(name)}</b>") for name in pair], layout=wide)
            for pair in (self.corners[:2], self.corners[2:])
        )
        square = [top, HBox([up, self.picture]), across, bottom]
        return [HBox(others, layout=Layout(flex_flow="row wrap")), *square, self.text]
