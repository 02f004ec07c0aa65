"""References of lab 05: one pixel and one picture at a time, in float64."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn


def occlude(image: Tensor, row: int, column: int, size: int, fill: float | Tensor) -> Tensor:
    """Return (1, 3, H, W) in float64, pixel by pixel; what lies outside the picture is cut off."""
    covered, colours = image.double().numpy().copy(), np.empty(image.shape)
    values = fill.double().numpy() if isinstance(fill, Tensor) else np.float64(fill)
    colours[:] = values[None, :, None, None] if values.ndim == 1 else values
    for i, j in np.ndindex(*image.shape[2:]):
        if 0 <= i - row < size and 0 <= j - column < size:
            covered[0, :, i, j] = colours[0, :, i, j]
    return torch.from_numpy(covered)


def occlusion_logits(
    model: nn.Module, image: Tensor, size: int, stride: int, fill: float | Tensor
) -> Tensor:
    """Return (rows, columns, K), one picture at a time, in float64."""
    exact = copy.deepcopy(model).double()
    height, width = image.shape[2:]
    lines, row = [], 0
    while row + size <= height:
        line, column = [], 0
        while column + size <= width:
            line.append(exact(occlude(image, row, column, size, fill))[0])
            column += stride
        lines.append(torch.stack(line))
        row += stride
    return torch.stack(lines)
