"""References of lab 11: loops over neighbours, and a picture found by solving linear equations."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def total_variation(image: Tensor) -> float:
    """Return the sum of squared differences of neighbours of (N, 3, H, W), pair by pair."""
    pixels = image.detach().double().numpy()
    total = 0.0
    for a, b in _neighbours(*pixels.shape[2:]):
        total += float(((pixels[:, :, *a] - pixels[:, :, *b]) ** 2).sum())
    return total


def smoothest_match(picture: Tensor, strength: float) -> Tensor:
    """Return x (1, 3, H, W) that minimizes |x - picture|^2 + strength * total variation of x.

    This is the answer of an inversion through a linear layer that keeps lengths: each channel
    solves (I + strength * L) x = picture, with L the Laplacian of the grid.
    """
    height, width = picture.shape[2:]
    laplacian = np.zeros((height * width, height * width))
    for (i, j), (k, l) in _neighbours(height, width):  # noqa: E741
        a, b = i * width + j, k * width + l
        laplacian[[a, b], [a, b]] += 1
        laplacian[[a, b], [b, a]] -= 1
    system = np.eye(height * width) + strength * laplacian
    columns = picture.double().reshape(3, -1).numpy().T  # (H*W, 3)
    return torch.from_numpy(np.linalg.solve(system, columns).T).reshape(picture.shape)


def _neighbours(height: int, width: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return every pair of pixels that share a side."""
    places = [(i, j) for i in range(height) for j in range(width)]
    below = [((i, j), (i + 1, j)) for i, j in places if i + 1 < height]
    beside = [((i, j), (i, j + 1)) for i, j in places if j + 1 < width]
    return below + beside
