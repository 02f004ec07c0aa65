"""The knobs of a panel: sliders, choices, boxes to tick, photos with one of the student's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import traitlets
from ipywidgets import (
    HTML,
    Dropdown,
    FileUpload,
    FloatLogSlider,
    FloatSlider,
    HBox,
    IntSlider,
    Widget,
    interactive,
)
from torch import Tensor

from labkit.images import check_images, load_image

TICKS = 100  # steps of a continuous slider


def make_knob(name: str, knob: Any) -> Widget:
    """Return the widget of a knob, with its name in front.

    Args:
        knob: a widget with a `value`, or what ipywidgets' `interact` takes: (low, high) or
            (low, high, step) is a slider, a list or a dict a choice, a bool a box to tick.
    Raises: ValueError for anything else.
    """
    try:
        known = isinstance(knob, Widget) and hasattr(knob, "value")
        widget = knob if known else interactive.widget_from_abbrev(knob)
    except (ValueError, TypeError) as error:  # a slider without extent
        raise ValueError(f"{name}={knob!r} makes no knob: {error}") from error
    if not isinstance(widget, Widget) or not getattr(widget, "options", True):
        raise ValueError(
            f"{name}={knob!r} makes no knob: expected (low, high), (low, high, step), a list of "
            "choices, True or False, or a widget with a value"
        )
    if hasattr(widget, "description"):
        widget.description = widget.description or name.replace("_", " ")
    if hasattr(widget, "style"):
        widget.style.description_width = "initial"  # as wide as the name
    return widget


def slider(low: float, high: float, start: float | None = None, *, log: bool = False) -> Widget:
    """Return a slider: of whole numbers where all are, logarithmic on request.

    Args:
        start: where it stands at first; in the middle if not given.
    """
    if not low < high or (log and low <= 0):
        above = "0 < low < high" if log else "low < high"
        raise ValueError(f"expected a slider with {above}, got {low} and {high}")
    whole = all(isinstance(x, int) for x in (low, high, start) if x is not None)
    if start is None:
        start = math.sqrt(low * high) if log else (low + high) / 2
    if not low <= start <= high:
        raise ValueError(f"expected a start from {low} to {high}, got {start}")
    if log:
        ends = {"min": math.log10(low), "max": math.log10(high), "step": math.log10(high / low)}
        return FloatLogSlider(start, **ends | {"step": ends["step"] / TICKS}, readout_format=".2g")
    if whole:
        return IntSlider(int(start), min=low, max=high)
    return FloatSlider(start, min=low, max=high, step=(high - low) / TICKS, readout_format=".2g")


class Photo(HBox):
    """A choice of pictures, with a button that takes a file of the student's own.

    Its `value` is the picture, (1, 3, H, W).
    """

    value = traitlets.Any()
    description = traitlets.Unicode()

    def __init__(self, pictures: Mapping[str, Tensor]):
        """Take {name: (1, 3, H, W)}; a file becomes one of the first one's size and device."""
        if not pictures:
            raise ValueError("expected at least one picture, got none")
        self.pictures = {name: check_images(picture) for name, picture in pictures.items()}
        self.choice = Dropdown(options=list(self.pictures), style={"description_width": "initial"})
        self.upload = FileUpload(accept="image/*", description="your photo")
        self.problem = HTML()
        super().__init__([self.choice, self.upload, self.problem])
        traitlets.dlink((self, "description"), (self.choice, "description"))
        self.choice.observe(self._choose, "value")
        self.upload.observe(self._take, "value")
        self._choose()

    def _choose(self, change: Any = None) -> None:
        self.value = self.pictures[self.choice.value]

    def _take(self, change: Any) -> None:
        first = next(iter(self.pictures.values()))
        for file in self.upload.value:
            try:
                picture = load_image(bytes(file.content), tuple(first.shape[2:]))
            except ValueError as error:
                self.problem.value = str(error)
                continue
            self.problem.value = ""
            self.pictures[file.name] = picture.to(first.device)
            self._offer(file.name)

    def _offer(self, name: str) -> None:
        """Choose a new picture; new options alone would choose the first one for a moment."""
        self.choice.unobserve(self._choose, "value")
        self.choice.options, self.choice.value = list(self.pictures), name
        self.choice.observe(self._choose, "value")
        self._choose()


class Settings:
    """The knobs as they stand at the moment of asking: `knobs.l2_reg`."""

    def __init__(self, knobs: Mapping[str, Widget]):
        self._knobs = knobs

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._knobs:
            raise AttributeError(f"there is no knob {name!r}, only {list(self._knobs)}")
        return self._knobs[name].value

    def __repr__(self) -> str:
        return ", ".join(f"{n.replace('_', ' ')} {_short(k)}" for n, k in self._knobs.items())


def _short(knob: Widget) -> str:
    if isinstance(knob, Photo):
        return str(knob.choice.value)
    return f"{knob.value:.3g}" if isinstance(knob.value, float) else str(knob.value)
