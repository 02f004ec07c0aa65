"""References of lab 13: NumPy's sliding windows, and a loop over places for the Gram matrix."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def masked_distances(window: Tensor, mask: Tensor, sample: Tensor) -> Tensor:
    """Return (h - w + 1, w' - w + 1), weighted squared distances. Efros and Leung, 1999."""
    x, weights, s = (t.double().numpy() for t in (window, mask, sample))
    windows = np.lib.stride_tricks.sliding_window_view(s, mask.shape, axis=(1, 2))
    return torch.from_numpy(np.einsum("cijuv,uv->ij", (windows - x[:, None, None]) ** 2, weights))


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
