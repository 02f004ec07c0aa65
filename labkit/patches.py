"""Places in images: which pixels a unit sees, and where, over many images, a channel is strongest.

layers = windows(model, layer, size=224)  # for the arithmetic of receptive fields
best = best_places(top_patches, model, layer, [203], images.split(16), k=8)
patches = cut_patches(images, best[203], size, stride, offset)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from labkit.hooks import activations, capture

Window = tuple[int, int, int]  # kernel, stride, leading padding


class Place(NamedTuple):
    """One unit of one channel's map, and its activation."""

    image: int
    row: int
    column: int
    activation: float


def best_places(
    find: Callable[[Tensor, int, int], Sequence],
    model: nn.Module,
    layer: str,
    channels: Iterable[int],
    batches: Iterable[Tensor],
    k: int,
) -> dict[int, list[Place]]:
    """Return the k strongest places of each channel; memory holds one batch, however many come.

    Args:
        find: what gives a batch's best, (maps (N, C, h, w), channel, k) -> [(image, row, column)].
        batches: images (N, 3, H, W) each; an image's number counts through all batches.
    Returns: channel -> at most k places, the strongest first; of equal ones the earlier image.
    """
    best: dict[int, list[Place]] = {int(channel): [] for channel in channels}
    seen = 0
    for images in batches:
        with torch.no_grad():
            maps = activations(model, images, layer)[layer]
        for channel, places in best.items():
            for n, row, column in find(maps, channel, k):
                value = float(maps[n, channel, row, column])
                places.append(Place(seen + int(n), int(row), int(column), value))
            places.sort(key=lambda place: -place.activation)  # a stable sort
            del places[k:]
        seen += len(images)
    return best


def cut_patches(
    images: Tensor, places: Iterable[Sequence], size: int, stride: int, offset: float
) -> Tensor:
    """Return what the units at these places see, mid-grey where that lies outside the image.

    Args:
        images: (N, 3, H, W).
        places: (image, row, column), and whatever follows.
        size: side of a patch in pixels: that of the receptive field, or of its middle alone.
        stride, offset: distance of neighbouring fields, and centre of the first, in pixels.
    Returns: (len(places), 3, size, size), a copy.
    Raises: ValueError if a patch lies outside its image altogether, as with another layer's stride.
    """
    patches = [_cut(images[n], row, column, size, stride, offset) for n, row, column, *_ in places]
    return torch.stack(patches) if patches else images.new_empty(0, 3, size, size)


def _cut(image: Tensor, row: int, column: int, size: int, stride: int, offset: float) -> Tensor:
    _, height, width = image.shape
    top, left = (math.floor(offset + int(i) * stride - (size - 1) / 2 + 0.5) for i in (row, column))
    bottom, right = top + size, left + size
    inside = image[:, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if inside.numel() == 0:
        raise ValueError(
            f"the patch of unit ({int(row)}, {int(column)}) begins at pixel ({top}, {left}), "
            f"outside the image of {height} x {width}: do stride and offset belong to this layer?"
        )
    beyond = (max(-left, 0), max(right - width, 0), max(-top, 0), max(bottom - height, 0))
    return F.pad(inside, beyond, value=0.5)


def windows(model: nn.Module, layer: str, size: int) -> list[Window]:
    """List the convolutions and poolings that an image passes on its way to a layer.

    Args:
        layer: a name as in `model.named_modules()`.
        size: side of the images: "same" padding, of which a strided convolution puts the larger
            half behind the image, depends on it.
    Returns: (kernel, stride, padding before the first pixel), in order; a dilated kernel counts
        with the width it spans.
    Raises: ValueError for a network with parallel windows (ResNet, GoogLeNet), for windows that are
        not square, and for a layer without rows and columns.
    """
    found: list[Window] = []
    inputs: list[Tensor] = []  # kept alive, so that identity tells them apart

    def note(module: nn.Module, given: tuple) -> None:
        if any(given[0] is other for other in inputs):
            raise ValueError(
                f"{type(model).__name__} has parallel windows on the way to {layer!r}; list those "
                "of the path that reaches farthest by hand"
            )
        inputs.append(given[0])
        found.append(_window(module, given[0]))

    kinds = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    hooks = [m.register_forward_pre_hook(note) for m in model.modules() if isinstance(m, kinds)]
    try:
        weight = next(model.parameters())
        with torch.no_grad(), capture(model, layer, stop=True) as features:
            model(torch.full((1, 3, size, size), 0.5, device=weight.device))
    finally:
        for hook in hooks:
            hook.remove()
    if features[layer].ndim != 4:
        shape = tuple(features[layer].shape)
        raise ValueError(f"expected a layer of shape (N, C, h, w), {layer!r} has {shape}")
    return found


def _window(module: nn.Module, images: Tensor) -> Window:
    sides = [_square(module, name) for name in ("kernel_size", "stride")]
    dilation = _square(module, "dilation") if hasattr(module, "dilation") else 1
    kernel, stride = dilation * (sides[0] - 1) + 1, sides[1]
    if type(module).__name__ == "Conv2dSame":  # timm's, which pads as TensorFlow does
        side = images.shape[-1]
        return kernel, stride, max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) // 2
    if isinstance(module.padding, str):
        return kernel, stride, (kernel - 1) // 2 if module.padding == "same" else 0
    return kernel, stride, _square(module, "padding")


def _square(module: nn.Module, name: str) -> int:
    value = getattr(module, name)
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if pair[0] != pair[1]:
        raise ValueError(f"expected a square window, {type(module).__name__} has {name} {pair}")
    return pair[0]
