"""References of lab 09: Jacobians in float64, a Gaussian from its formula, distances in NumPy."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

from autograder.references.lab_06_saliency import logit_gradients


def ascent_direction(model: nn.Module, image: Tensor, label: int, l2_reg: float = 0.0) -> Tensor:
    """Return (1, 3, H, W), the gradient of logit - l2_reg * ||image - 0.5||^2 over its norm."""
    gradient = logit_gradients(model, image, torch.tensor([label]))
    gradient = gradient - 2 * l2_reg * (image.double() - 0.5)
    return gradient / gradient.square().sum().sqrt()


def gaussian_spot(size: tuple[int, int], place: tuple[int, int], sigma: float) -> Tensor:
    """Return (H, W): what a Gaussian blur makes of a single 1 there, far from the border."""
    offsets = (np.arange(n) - p for n, p in zip(size, place, strict=True))
    rows, columns = (np.exp(-(x**2) / (2 * sigma**2)) for x in offsets)
    return torch.from_numpy(np.outer(rows / rows.sum(), columns / columns.sum()))


def nearest_to_grey(image: Tensor, count: int) -> Tensor:
    """Return (H, W) bool: the `count` pixels of (1, 3, H, W) that are nearest to 0.5."""
    distances = np.sqrt(((image[0].double().numpy() - 0.5) ** 2).sum(0))
    chosen = np.zeros(distances.size, dtype=bool)
    chosen[np.argsort(distances, axis=None, kind="stable")[:count]] = True
    return torch.from_numpy(chosen.reshape(distances.shape))


def latent_directions(generator: nn.Module, model: nn.Module, z: Tensor, label: int) -> Tensor:
    """Return (N, D), d logit / d z of each row over its norm, one Jacobian a row."""
    draw, network = copy.deepcopy(generator).double(), copy.deepcopy(model).double()
    rows = []
    for latent in z.double():
        gradient = jacobian(lambda row: network(draw(row[None]))[0], latent)[label]  # (D,)
        rows.append(gradient / gradient.square().sum().sqrt())
    return torch.stack(rows)
