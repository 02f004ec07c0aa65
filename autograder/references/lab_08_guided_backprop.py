"""References of lab 08: the rules number by number, networks as matrices, all in float64."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

from labkit.hooks import capture

PASSES = {
    "plain": lambda x, g: x > 0,
    "deconvnet": lambda x, g: g > 0,
    "guided": lambda x, g: x > 0 and g > 0,
}


def sent_back(x: Tensor, upstream: Tensor, rule: str = "guided") -> Tensor:
    """Return what a ReLU with input x makes of the upstream gradient, one number at a time."""
    pairs = zip(x.double().flatten().tolist(), upstream.double().flatten().tolist(), strict=True)
    passed = [g if PASSES[rule](value, g) else 0.0 for value, g in pairs]
    return torch.tensor(passed, dtype=torch.float64).reshape(x.shape)


def guided_backprop(
    model: nn.Module, image: Tensor, layer: str, channel: int, rule: str = "guided"
) -> Tensor:
    """Return (3, H, W), by one full Jacobian a linear layer; for an nn.Sequential.

    A ReLU6 passes nothing at or above 6, whatever the rule.
    """
    given = [image.double()]
    modules = _up_to(copy.deepcopy(model).double(), layer)
    for module in modules:
        given.append(module(given[-1]))
    upstream = _one_at_the_largest(given.pop(), channel)
    for module, x in zip(reversed(modules), reversed(given), strict=True):
        if isinstance(module, nn.ReLU | nn.ReLU6):
            below = x < 6 if isinstance(module, nn.ReLU6) else torch.ones_like(x).bool()
            upstream = sent_back(x, upstream * below, rule)
        else:
            matrix = jacobian(module, x).reshape(upstream.numel(), x.numel()).numpy()
            upstream = torch.from_numpy(matrix.T @ upstream.numpy().ravel()).reshape(x.shape)
    return upstream[0]


def _up_to(model: nn.Module, layer: str) -> list[nn.Module]:
    """Return the layers without children, in order, the named one last."""
    leaves = [(name, m) for name, m in model.named_modules() if not list(m.children())]
    names = [name for name, _ in leaves]
    return [module for _, module in leaves[: names.index(layer) + 1]]


def _one_at_the_largest(features: Tensor, channel: int) -> Tensor:
    """Return zeros with a 1 where the channel is largest."""
    chosen = np.zeros(features.shape)
    row = features[0, channel].numpy()
    chosen[(0, channel, *np.unravel_index(row.argmax(), row.shape))] = 1
    return torch.from_numpy(chosen)


def guided_backprop_by_hooks(model: nn.Module, image: Tensor, layer: str, channel: int) -> Tensor:
    """Return (3, H, W) for any network: backward hooks drop what is negative, in float64."""
    exact = copy.deepcopy(model).double()
    for module in exact.modules():
        if isinstance(module, nn.ReLU | nn.ReLU6):
            module.register_full_backward_hook(lambda m, passed, _: (passed[0].clamp(min=0),))
    image = image.double().requires_grad_()
    with capture(exact, layer, stop=True) as features:
        exact(image)
    features[layer][0, channel].max().backward()
    return image.grad[0]
