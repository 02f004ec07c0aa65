"""References of lab 02: features caught before the last matrix, distances in Python's floats."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn


class _Keeper(nn.Module):
    """Stands in the place of a layer and keeps what it is given."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer
        self.given: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.given.append(x)
        return self.layer(x)


def extract_features(model: nn.Module, images: Tensor) -> Tensor:
    """Return (N, D), what the last matrix of the network is given, one image at a time."""
    exact = copy.deepcopy(model).double()
    matrices = [n for n, w in exact.state_dict().items() if n.endswith("weight") and w.dim() == 2]
    parent, _, name = matrices[-1].removesuffix(".weight").rpartition(".")
    keeper = _Keeper(exact.get_submodule(matrices[-1].removesuffix(".weight")))
    setattr(exact.get_submodule(parent), name, keeper)
    for image in images:
        exact(image[None].double())
    return torch.cat(keeper.given)


def nearest_neighbors(queries: Tensor, gallery: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return distances and indices (Q, k), number by number in Python's floats."""
    lists = [
        sorted((math.dist(q, g), i) for i, g in enumerate(gallery.tolist()))
        for q in queries.tolist()
    ]
    best = torch.tensor([row[:k] for row in lists], dtype=torch.float64)  # (Q, k, 2)
    return best[..., 0], best[..., 1].long()
