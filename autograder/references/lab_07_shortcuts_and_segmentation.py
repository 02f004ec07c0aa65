"""References of lab 07: NumPy, one pixel at a time; ranks instead of quantiles."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

MARK, PLACES_A_LINE = 3, 5  # pixels; places


def mark_of(label: int, shape: tuple[int, int]) -> Tensor:
    """Return (H, W), True on the pixels of the label's mark."""
    rows, columns = np.indices(shape)
    here = (rows // MARK == label // PLACES_A_LINE) & (columns // MARK == label % PLACES_A_LINE)
    return torch.from_numpy(here)


def plant_shortcut(images: Tensor, labels: Tensor) -> Tensor:
    """Return (N, 3, H, W), each image with a white square at the place of its label."""
    places = torch.stack([mark_of(int(k), images.shape[2:]) for k in labels])  # (N, H, W)
    return torch.where(places[:, None], torch.ones_like(images), images)


def grabcut_seeds(saliency: Tensor, low: float, high: float) -> Tensor:
    """Return (H, W) of 0, 1, 2, 3. Simonyan et al., 2013; thresholds by NumPy."""
    values = saliency.double().numpy()
    first, last = np.quantile(values, [low, high])
    zone = np.searchsorted([first, (first + last) / 2, last], values)  # 0 to 3, by saliency
    return torch.from_numpy(np.array([0, 2, 3, 1])[zone])


def intersection_over_union(a: Tensor, b: Tensor) -> float:
    """Return the Jaccard index of two masks (H, W), from sets of pixels."""
    first, second = ({tuple(place) for place in mask.nonzero().tolist()} for mask in (a, b))
    return len(first & second) / len(first | second) if first | second else 1.0
