"""Masks of the objects in the sample photos, drawn by hand for this project.

`labkit/masks.csv` holds outlines: corners as shares of the photo's width and height, x to the
right and y down, so that a mask can be had at any size. What each mask counts as the object was
decided before anything was segmented: the cup without its saucer, the rocket without its tower.
"""

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from labkit.images import Size, height_width

FINER = 4  # drawn this many times larger, so that a pixel half covered is decided by its area

Outline = tuple[tuple[float, float], ...]  # (x, y) of each corner


def object_mask(name: str, size: Size = 224) -> Tensor:
    """Return (h, w) bool, True on the object of the sample photo `name`.

    Args:
        name: one of `mask_names()`; the mask fits `labkit.data.photo(name, size)`.
        size: an int for a square, or (h, w).
    Raises: ValueError for another size, or a photo without a mask; the message lists the others.
    """
    if name not in mask_names():
        raise ValueError(f"no mask for {name!r}; expected one of {', '.join(mask_names())}")
    height, width = height_width(size)
    canvas = Image.new("L", (width * FINER, height * FINER))
    for outline in _outlines()[name]:
        corners = [(x * canvas.width, y * canvas.height) for x, y in outline]
        ImageDraw.Draw(canvas).polygon(corners, fill=255)
    covered = np.asarray(canvas.resize((width, height), Image.Resampling.BOX))
    return torch.from_numpy(covered > 127)


def mask_names() -> list[str]:
    """Return the names of the photos that have a mask."""
    return list(_outlines())


@cache
def _outlines() -> dict[str, list[Outline]]:
    """Return the outlines of each photo; an object may have several parts."""
    text = (files("labkit") / "masks.csv").read_text(encoding="utf-8")
    outlines: dict[str, list[Outline]] = {}
    for row in csv.DictReader(text.splitlines()):
        values = [float(value) for value in row["outline"].split()]
        corners = tuple(zip(values[::2], values[1::2], strict=True))
        outlines.setdefault(row["photo"], []).append(corners)
    return outlines
