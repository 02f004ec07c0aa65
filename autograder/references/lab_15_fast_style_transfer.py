"""References of lab 15: one image, one channel, one pair of channels at a time, in NumPy."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def instance_norm(x: Tensor, eps: float = 1e-5) -> Tensor:
    """Return x (N, C, H, W) with each map's mean at 0 and variance at 1. Ulyanov et al., 2016."""
    maps = x.detach().double().numpy()
    result = np.empty_like(maps)
    for n, c in np.ndindex(maps.shape[:2]):
        centred = maps[n, c] - maps[n, c].sum() / maps[n, c].size
        result[n, c] = centred / np.sqrt((centred * centred).sum() / centred.size + eps)
    return torch.from_numpy(result)


def perceptual_loss(
    features: dict[str, Tensor],
    content_features: dict[str, Tensor],
    style_grams: dict[str, Tensor],
    weights: dict[str, dict[str, float]],
) -> Tensor:
    """Return the mean over the images of the weighted sums. Johnson et al., 2016.

    Unlike the paper's, the content term is a sum of squares, as in lab 14: weights scale it.
    """
    count = len(next(iter(features.values())))
    total = torch.zeros((), dtype=torch.float64)
    for n in range(count):
        for layer, weight in weights["content"].items():
            difference = features[layer][n].double() - content_features[layer][n].double()
            total = total + weight * difference.pow(2).sum()
        for layer, weight in weights["style"].items():
            for i, row in enumerate(style_grams[layer][0].double()):
                for j, wanted in enumerate(row):
                    maps = features[layer][n].double()
                    found = (maps[i] * maps[j]).sum() / maps.numel()
                    total = total + weight * (found - wanted).pow(2)
    return total / count
