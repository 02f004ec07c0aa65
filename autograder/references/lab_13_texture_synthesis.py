"""References of lab 13: NumPy's sliding windows, the draws of a texture, a loop over places."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


def masked_distances(window: Tensor, mask: Tensor, sample: Tensor) -> Tensor:
    """Return (h - w + 1, w' - w + 1), weighted squared distances. Efros and Leung, 1999."""
    x, weights, s = (t.double().numpy() for t in (window, mask, sample))
    windows = np.lib.stride_tricks.sliding_window_view(s, mask.shape, axis=(1, 2))
    return torch.from_numpy(np.einsum("cijuv,uv->ij", (windows - x[:, None, None]) ** 2, weights))


class Draw(NamedTuple):
    """One draw of a texture that grew: which window was taken, of those that there were."""

    ratio: float  # its distance, times the smallest one
    place: int  # among the candidates, row by row
    rank: int  # among the candidates, the nearest first
    candidates: int


def gaussian_weights(window: int) -> Tensor:
    """Return (window, window) weights, largest in the middle; Efros and Leung's width."""
    x = torch.arange(window, dtype=torch.float64) - window // 2
    one = torch.exp(-0.5 * (x / (window / 6.4)) ** 2)
    return one[:, None] * one


def draws_of(sample: Tensor, texture: Tensor, window: int, weights: Tensor) -> list[Draw]:
    """Return what was drawn at each place of a texture, ring by ring as the lab goes.

    No two pixels of the sample may have one colour: a colour tells where it was copied from. A
    texture that grew in another order, or by other weights, has ratios far above 1.1.
    """
    size, margin = texture.shape[1], window // 2
    sample, texture = sample.double(), texture.double()
    columns = sample.shape[2] - window + 1
    source = torch.cdist(texture.flatten(1).T, sample.flatten(1).T).argmin(1).view(size, size)
    windows = np.lib.stride_tricks.sliding_window_view(
        sample.numpy(), (window, window), axis=(1, 2)
    ).reshape(3, -1, window * window)  # (3, windows, pixels)
    image = torch.nn.functional.pad(texture, [margin] * 4)
    known = torch.zeros(size + 2 * margin, size + 2 * margin, dtype=torch.float64)
    first = size // 2 - 1 + margin
    known[first : first + 3, first : first + 3] = 1
    draws = []
    for row, column in _rings(size):
        here = slice(row, row + window), slice(column, column + window)
        mask = (weights * known[here]).flatten().numpy()
        x = image[(slice(None), *here)].reshape(3, 1, -1).numpy()
        distances = ((windows - x) ** 2).sum(0) @ mask
        i, j = divmod(int(source[row, column]), sample.shape[2])
        draws.append(_draw(distances, i - margin, j - margin, columns))
        known[row + margin, column + margin] = 1
    return draws


def _rings(size: int) -> list[tuple[int, int]]:
    """Return the places around the middle 3 x 3, ring by ring, each ring once around."""

    def ring_and_angle(place: tuple[int, int]) -> tuple[int, float]:
        down, right = place[0] - size // 2, place[1] - size // 2
        return max(abs(down), abs(right)), math.atan2(down, right)

    places = itertools.product(range(size), repeat=2)
    return [p for p in sorted(places, key=ring_and_angle) if ring_and_angle(p)[0] > 1]


def _draw(distances: np.ndarray, i: int, j: int, columns: int) -> Draw:
    """Return the draw of the window at (i, j) by the distances to all windows, row by row."""
    taken = i * columns + j
    if not (0 <= j < columns and 0 <= taken < len(distances)):
        return Draw(math.inf, 0, 0, 0)  # no window has this pixel in its middle
    own, best = float(distances[taken]), float(distances.min())
    candidates = np.flatnonzero(distances <= 1.1 * best)
    nearer = int((distances[candidates] < own).sum())
    ratio = own / best if best else math.inf if own else 1.0
    return Draw(ratio, int((candidates < taken).sum()), nearer, len(candidates))


def gram_matrix(features: Tensor, normalize: bool = True) -> Tensor:
    """Return (N, C, C), outer products added up place by place, divided by C * H * W."""
    N, C, H, W = features.shape
    total = features.new_zeros(N, C, C).double()
    for place in features.double().flatten(2).unbind(2):  # (N, C)
        total = total + place[:, :, None] * place[:, None, :]
    return total / (C * H * W) if normalize else total


def layer_distances(features: dict[str, Tensor], grams: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return each layer's squared Gram distance relative to its target: what texture_loss sums."""
    return {
        layer: ((gram_matrix(f) - grams[layer]) ** 2).sum() / (grams[layer].double() ** 2).sum()
        for layer, f in features.items()
    }
