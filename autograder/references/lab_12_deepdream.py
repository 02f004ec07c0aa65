"""References of lab 12: Jacobians in float64, and sizes in fractions."""

from __future__ import annotations

import copy
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian


def dream_loss(activation: Tensor) -> Tensor:
    """Return minus half the sum of squares, number by number, in float64."""
    squares = [value * value for value in activation.double().flatten().tolist()]
    return torch.tensor(-sum(squares) / 2, dtype=torch.float64)


def dream_gradient(model: nn.Sequential, image: Tensor, depth: int) -> Tensor:
    """Return (1, 3, H, W) in float64: the first layers' transposed Jacobian times their output.

    Args:
        depth: how many modules of the chain lead to the layer.
    """
    layers = copy.deepcopy(model)[:depth].double()
    image = image.double()
    matrix = jacobian(layers, image)  # (1, C, h, w, 1, 3, H, W)
    return torch.tensordot(layers(image), matrix, dims=4)


def octave_sizes(height: int, width: int, octaves: int, scale: Fraction) -> list[tuple[int, int]]:
    """Return the sizes, smallest first, by exact division."""
    sizes, factor = [], Fraction(1)
    for _ in range(octaves):
        sizes.insert(0, (round(height / factor), round(width / factor)))
        factor *= scale
    return sizes
