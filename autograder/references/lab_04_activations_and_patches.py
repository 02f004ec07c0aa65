"""References of lab 04: NumPy, sets of pixels, and sorting in Python."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def scale_maps(maps: Tensor, per_map: bool) -> Tensor:
    """Return (C, h, w) in [0, 1] in NumPy, one interpolation a map, a constant one 0."""
    array = maps.double().numpy()
    scaled = np.zeros_like(array)
    for one, target in zip(array, scaled, strict=True):
        low, *_, high = sorted((one if per_map else array).ravel())
        if high > low:
            target[:] = np.interp(one, (low, high), (0, 1))
    return torch.from_numpy(scaled)


def receptive_field(layers: list[tuple[int, int, int]]) -> tuple[int, int, float]:
    """Return (size, stride, offset) from the sets of pixels that units 0 and 1 depend on."""
    seen = []
    for unit in (0, 1):
        inputs = {unit}
        for kernel, stride, padding in reversed(layers):
            inputs = {u * stride - padding + i for u in inputs for i in range(kernel)}
        seen.append((min(inputs), max(inputs)))
    (first, last), (second, _) = seen
    return last - first + 1, second - first, (first + last) / 2


def top_patches(maps: Tensor, channel: int, k: int) -> list[tuple[int, int, int]]:
    """Return (image, row, column) of the k best images, number by number in Python."""
    best = []
    for n, image in enumerate(maps[:, channel].tolist()):
        value, row, column = max(
            (value, -r, -c) for r, values in enumerate(image) for c, value in enumerate(values)
        )
        best.append((-value, n, -row, -column))
    return [place[1:] for place in sorted(best)[:k]]
