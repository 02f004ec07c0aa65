"""References of lab 03: eigenvectors, a root finder, and a divergence that is differentiated."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
from torch import Tensor


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
