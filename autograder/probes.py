"""Small networks for hidden checks, each made to reveal one property and to hide all others.

A check about one rule should not fail for a mistake in another. `saliency_probe()` is neutral:
its gradients have one sign, live in one colour channel, are zero in a corner (so that a map scaled
to [0, 1] is a multiple of the gradient), and a class that always wins makes the gradient of the
loss a multiple of the gradient of the logit. Each argument takes away one of
these, so that the check using it fails for exactly one kind of mistake.

All networks are nn.Sequential, frozen, in eval mode, for images of one size.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from labkit.checks.results import linear_network

LARGEST_LOGIT = 3.0  # about
ALWAYS_WINS = 30.0  # logit of the last class: its probability is 1 - 1e-11


def saliency_probe(
    generator: Generator,
    size: tuple[int, int],
    *,
    classes: int = 4,
    signed: bool = False,
    coloured: bool = False,
    rivals: bool = False,
) -> nn.Sequential:
    """Return a convolutional network of `classes` classes for (N, 3, *size).

    Args:
        signed: gradients have both signs.
        coloured: all three channels matter, differently.
        rivals: no class always wins, so that softmax mixes the classes' gradients.
    """
    height, width = size
    first, second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 5, 3, padding=1)
    last = nn.Linear(5 * height * width, classes)
    for layer in (first, second, last):
        layer.weight.data = torch.rand(layer.weight.shape, generator=generator)
        if signed and layer is not first:
            layer.weight.data -= 0.5
        layer.bias.data = -torch.rand(layer.bias.shape, generator=generator)
    if coloured:  # each filter sees one colour, and few of them matter at a place
        first.weight.data *= torch.eye(3)[torch.arange(6) % 3][:, :, None, None]
        second.weight.data **= 8
        last.weight.data **= 8
    else:
        first.weight.data[:, [0, 2]] = 0
    first.bias.data -= first.weight.data.sum((1, 2, 3)) / 3  # some ReLUs are off
    last.weight.data.view(classes, 5, height, width)[:, :, :3, :3] = 0  # no class reads pixel 0, 0
    last.bias.data[:] = 0
    network = _frozen(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), last)
    last.weight.data *= LARGEST_LOGIT / network(random_images(generator, 8, size)).abs().max()
    if not rivals:
        last.weight.data[-1] = 0
        last.bias.data[-1] = ALWAYS_WINS
    return network


def linear_probe(weight: Tensor, bias: Tensor | None = None) -> nn.Sequential:
    """Return the network whose logits are weight (K, 3, H, W) times the image, plus a bias (K,).

    It says so when it gets anything but (N, 3, H, W).
    """
    return linear_network(weight.float(), bias)


def deep_probe(
    generator: Generator,
    spreads: tuple[float, ...],
    *,
    normalized: bool = False,
    nested: bool = False,
) -> nn.Sequential:
    """Return convolutions and a linear layer whose weights have these standard deviations.

    Args:
        normalized: batch normalization after each convolution, whose weights are no layer's.
        nested: the convolutions are in a module of their own.
    """
    *convolutions, last = spreads
    layers: list[nn.Module] = []
    channels = 3
    for spread in convolutions:
        layers.append(_spread(nn.Conv2d(channels, 24, 3, padding=1), spread, generator))
        layers += [nn.BatchNorm2d(24), nn.ReLU()] if normalized else [nn.ReLU()]
        channels = 24
    if nested:
        layers = [nn.Sequential(*layers)]
    layers += [nn.AdaptiveAvgPool2d(4), nn.Flatten()]
    layers.append(_spread(nn.Linear(channels * 16, 12), last, generator))
    return _frozen(*layers)


def _spread(layer: nn.Module, spread: float, generator: Generator) -> nn.Module:
    layer.weight.data = spread * torch.randn(layer.weight.shape, generator=generator)
    layer.bias.data = torch.rand(layer.bias.shape, generator=generator)
    return layer


def _frozen(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers).requires_grad_(False).eval()


def random_images(generator: Generator, count: int, size: tuple[int, int]) -> Tensor:
    """Return (count, 3, *size) of uniform noise in [0, 1]."""
    return torch.rand(count, 3, *size, generator=generator)
