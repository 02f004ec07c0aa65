"""Independent implementations of the graded functions: another road to the same values.

Where a solution differentiates a batch at once, these take full Jacobians, loops or NumPy, so
that one misunderstanding cannot hide in both.
"""

from __future__ import annotations

import copy
import itertools
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


# 03-embedding-maps


def pca(features: Tensor, k: int) -> Tensor:
    """Return (N, k), coordinates along the eigenvectors of the covariance, largest first."""
    centred = features.double().numpy() - features.double().numpy().mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(centred, rowvar=False, ddof=0))
    return torch.from_numpy(centred @ vectors[:, np.argsort(-values)[:k]])


def neighbour_shares(squared_distances: Tensor, perplexity: float) -> Tensor:
    """Return (N, N), p(j | i), row by row with a root finder for the logarithm of beta."""
    from scipy.optimize import brentq
    from scipy.special import entr, softmax

    def shares(row: np.ndarray, log_beta: float) -> np.ndarray:
        return softmax(-np.exp(log_beta) * row)

    def excess(log_beta: float, row: np.ndarray) -> float:
        return entr(shares(row, log_beta)).sum() - math.log(perplexity)

    distances = squared_distances.double().numpy()
    found = np.zeros_like(distances)
    for i, row in enumerate(distances):
        others = np.arange(len(row)) != i
        unit = row[others] / row[others].mean()
        found[i, others] = shares(unit, brentq(excess, -30, 30, args=(unit,)))
    return torch.from_numpy(found)


def perplexity_affinities(squared_distances: Tensor, perplexity: float) -> Tensor:
    """Return (N, N), the symmetric affinities. Van der Maaten and Hinton, 2008."""
    shares = neighbour_shares(squared_distances, perplexity)
    return (shares + shares.mT) / (2 * len(shares))


def map_affinities(places: Tensor) -> Tensor:
    """Return (N, N), Student's t with one degree of freedom over all pairs of the map."""
    weights = torch.zeros(len(places), len(places), dtype=torch.float64)
    for i, j in itertools.permutations(range(len(places)), 2):
        weights[i, j] = 1 / (1 + (places[i] - places[j]).square().sum())
    return weights / weights.sum()


def tsne_gradient(affinities: Tensor, places: Tensor) -> Tensor:
    """Return (N, 2), the gradient of KL(P || Q), found by differentiating the divergence."""
    places = places.detach().double().clone().requires_grad_()
    apart = ~torch.eye(len(places), dtype=torch.bool)
    p, q = affinities.double()[apart], map_affinities(places)[apart]
    return torch.autograd.grad(-(p * q.log()).sum(), places)[0]


def map_corners(coordinates: Tensor, h: int, w: int, size: int) -> list[tuple[float, float]]:
    """Return the top and left of each thumbnail, not rounded."""
    points = coordinates.double().tolist()
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    steps = [
        (size - side) / (max(values) - min(values))
        for side, values in ((w, xs), (h, ys))
        if max(values) > min(values)
    ]
    step = min(steps, default=0.0)
    x0, y0 = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    return [((size - h) / 2 - step * (y - y0), (size - w) / 2 + step * (x - x0)) for x, y in points]


def paste_on_map(coordinates: Tensor, thumbnails: Tensor, size: int) -> Tensor:
    """Return (3, size, size), white, with the thumbnails in order, the last one on top."""
    _, _, h, w = thumbnails.shape
    picture = np.ones((3, size, size))
    corners = map_corners(coordinates, h, w, size)
    for (top, left), thumbnail in zip(corners, thumbnails.double().numpy(), strict=True):
        rows, columns = np.arange(h) + int(top + 0.5), np.arange(w) + int(left + 0.5)
        picture[:, rows[:, None], columns] = thumbnail
    return torch.from_numpy(picture)
