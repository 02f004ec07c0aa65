"""References of lab 14: losses by loops and NumPy, and which weights a finished picture obeyed."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from autograder.references.lab_13_texture_synthesis import gram_matrix

CONTENT, STYLE = "content", ("fine", "middle", "coarse")  # the layers of a probe


def content_loss(features: Tensor, target_features: Tensor, weight: float) -> float:
    """Return the weighted sum of squared differences, by the binomial formula."""
    f, t = (x.double().numpy().ravel() for x in (features, target_features))
    return weight * float(f @ f - 2 * f @ t + t @ t)


def layer_losses(features: dict[str, Tensor], target_grams: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return {layer: squared distance of its Gram matrices}, without weights."""
    return {
        layer: ((gram_matrix(features[layer]) - target) ** 2).sum()
        for layer, target in target_grams.items()
    }


def mix_grams(grams: Sequence[dict[str, Tensor]], weights: Sequence[float]) -> dict[str, Tensor]:
    """Return {layer: weighted mean}."""
    mixed = {}
    for layer in grams[0]:
        matrices = [g[layer].double().numpy() for g in grams]
        mixed[layer] = torch.from_numpy(np.average(matrices, axis=0, weights=weights))
    return mixed


# The terms of stylize at a picture, in float64, for a chain whose layers have the names above


def probe_outputs(model: nn.Sequential, image: Tensor) -> dict[str, Tensor]:
    """Return what each layer of a chain puts out."""
    x, found = image.double(), {}
    for name, layer in copy.deepcopy(model).double().named_children():
        found[name] = x = layer(x)
    return found


def style_targets(model: nn.Sequential, style: Tensor) -> dict[str, Tensor]:
    """Return {style layer: (1, C, C)} of a picture."""
    features = probe_outputs(model, style)
    return {layer: gram_matrix(features[layer].detach()) for layer in STYLE}


def style_terms(
    model: nn.Sequential, image: Tensor, content: Tensor, targets: dict[str, Tensor]
) -> list[Tensor]:
    """Return the relative content term, the relative style term and the smoothing, unweighted."""
    features, kept = probe_outputs(model, image), probe_outputs(model, content)[CONTENT]
    of_content = (features[CONTENT] - kept).square().sum() / kept.square().sum()
    shares = []
    for layer, target in targets.items():
        x = features[layer]
        own = torch.einsum("nahw,nbhw->nab", x, x) / x[0].numel()
        shares.append((own - target).square().sum() / target.square().sum())
    along = [image.double().diff(dim=axis).square().sum() for axis in (2, 3)]
    return [of_content, sum(shares) / len(shares), sum(along) / image.numel()]


def weight_obeyed(
    model: nn.Sequential, image: Tensor, content: Tensor, targets: dict[str, Tensor], term: int
) -> float:
    """Return the weight of term 1 or 2, against a content weight of 1, that the picture obeys.

    Where a weighted sum of two terms is smallest, their gradients cancel. So a picture tells by
    which weight it was made, whatever the optimizer.
    """
    pixels = image.double().requires_grad_()
    values = style_terms(model, pixels, content, targets)
    a, b = (torch.autograd.grad(values[k], pixels, retain_graph=True)[0] for k in (0, term))
    return float(-(a * b).sum() / (b * b).sum().clamp(min=1e-30))
