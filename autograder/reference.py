"""Independent implementations of the graded functions: another road to the same values.

Where a solution differentiates a batch at once, these take full Jacobians, loops or NumPy, so
that one misunderstanding cannot hide in both.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

# 06-saliency


def logit_gradients(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return (N, 3, H, W), d logit of its label / d pixel, one Jacobian an image."""
    exact = copy.deepcopy(model).double()
    rows = []
    for image, label in zip(images, labels, strict=True):
        full = jacobian(exact, image[None].double())  # (1, K, 1, 3, H, W)
        rows.append(full[0, int(label), 0])
    return torch.stack(rows)


def loss_gradients(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return (N, 3, H, W), d cross-entropy / d pixel: what saliency is not."""
    exact = copy.deepcopy(model).double()
    rows = []
    for image, label in zip(images, labels, strict=True):
        full = jacobian(exact, image[None].double())[0, :, 0]  # (K, 3, H, W)
        p = torch.softmax(exact(image[None].double())[0], dim=0)  # (K,)
        rows.append(torch.einsum("k,kchw->chw", p, full) - full[int(label)])
    return torch.stack(rows)


def saliency_map(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return (N, H, W), the largest absolute gradient over the channels. Simonyan et al., 2013."""
    return torch.from_numpy(np.abs(logit_gradients(model, images, labels).numpy()).max(axis=1))


# 01-first-layer-filters


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


# 02-nearest-neighbors


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


# 05-occlusion


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


# 04-activations-and-patches


def scale_maps(maps: Tensor, per_map: bool) -> Tensor:
    """Return (C, h, w) in [0, 1] in NumPy, one interpolation a map, a constant one 0."""
    array = maps.double().numpy()
    scaled = np.zeros_like(array)
    for one, target in zip(array, scaled, strict=True):
        low, *_, high = sorted((one if per_map else array).ravel())
        if high > low:
            target[:] = np.interp(one, (low, high), (0, 1))
    return torch.from_numpy(scaled)


def receptive_field(layers: list[tuple[int, int, int]]) -> tuple[int, int, float]:
    """Return (size, stride, offset) from the sets of pixels that units 0 and 1 depend on."""
    seen = []
    for unit in (0, 1):
        inputs = {unit}
        for kernel, stride, padding in reversed(layers):
            inputs = {u * stride - padding + i for u in inputs for i in range(kernel)}
        seen.append((min(inputs), max(inputs)))
    (first, last), (second, _) = seen
    return last - first + 1, second - first, (first + last) / 2


def top_patches(maps: Tensor, channel: int, k: int) -> list[tuple[int, int, int]]:
    """Return (image, row, column) of the k best images, number by number in Python."""
    best = []
    for n, image in enumerate(maps[:, channel].tolist()):
        value, row, column = max(
            (value, -r, -c) for r, values in enumerate(image) for c, value in enumerate(values)
        )
        best.append((-value, n, -row, -column))
    return [place[1:] for place in sorted(best)[:k]]
