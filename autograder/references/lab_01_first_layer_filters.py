"""References of lab 01: filters and responses window by window in NumPy."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def normalize_filters(weights: Tensor) -> Tensor:
    """Return (F, C, k, k) in [0, 1], one filter after the other; a constant one is 0.5."""
    pictures = []
    for weight in weights.double().numpy():
        low, high = weight.min(), weight.max()
        same = np.full_like(weight, 0.5)
        pictures.append(same if low == high else np.interp(weight, (low, high), (0, 1)))
    return torch.from_numpy(np.stack(pictures))


def filter_response(image: Tensor, filters: Tensor) -> Tensor:
    """Return (F, H - k + 1, W - k + 1), window by window."""
    size, (height, width) = filters.shape[-1], image.shape[2:]
    pixels, weights = image[0].double().numpy(), filters.double().numpy()
    response = np.empty((len(weights), height - size + 1, width - size + 1))
    for i, j in np.ndindex(response.shape[1:]):
        window = pixels[:, i : i + size, j : j + size]  # (C, k, k)
        response[:, i, j] = (weights * window).sum((1, 2, 3))
    return torch.from_numpy(response)


def grayscale_slices(weights: Tensor) -> Tensor:
    """Return (F, C, k, k) in [0, 1], slice by slice, zero at 0.5; a slice of zeros is 0.5."""
    pictures = np.full(weights.shape, 0.5)
    for f, c in np.ndindex(*weights.shape[:2]):
        one = weights[f, c].double().numpy()
        reach = max(one.max(), -one.min())
        if reach > 0:
            pictures[f, c] = np.interp(one, (-reach, reach), (0, 1))
    return torch.from_numpy(pictures)
