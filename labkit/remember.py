"""A network that remembers one image, and computes anew only what a change to it can reach.

remembering = Remembering(model, image)
remembering(covered)  # model(covered), in about two thirds of the time while the change is small
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from labkit.patches import Window, windows


class Remembering(nn.Module):
    """The model, for images that differ from one image in a small place, such as a square.

    The early layers, whose maps are large, see a cut around the change alone; their output is
    patched into what they gave for the whole image. Results are those of the model up to rounding,
    without gradient: it would miss the pixels that did not change.

    Args:
        model: a chain, as those of `labkit.models`.
        image: (1, 3, H, W).
        layer: the last early one. Deeper, a change reaches half of the map; the default is what is
            fastest in the embedded network.
    Raises: ValueError for a layer inside a module that is no chain, or after parallel windows.
    """

    def __init__(self, model: nn.Sequential, image: Tensor, layer: str = "blocks.1.1"):
        super().__init__()
        self.windows = windows(model, layer, image.shape[2])
        self.early, self.late = _split(model, layer)
        self.image = image.detach().clone()
        with torch.no_grad():
            self.features = self.early(self.image)  # (1, C, h, w)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Return what the model gives for images (N, 3, H, W)."""
        changed = (images != self.image).any(dim=1)  # (N, H, W)
        _, _, h, w = self.features.shape
        down = _along(changed.any(dim=2), h, self.windows)
        right = _along(changed.any(dim=1), w, self.windows)
        places = list(zip(down, right, strict=True))
        cuts = torch.stack(
            [image[:, d.pixels, r.pixels] for image, (d, r) in zip(images, places, strict=True)]
        )
        features = self.features.repeat(len(images), 1, 1, 1)
        for whole, cut, (d, r) in zip(features, self.early(cuts), places, strict=True):
            whole[:, d.reached, r.reached] = cut[:, d.inside, r.inside]
        return self.late(features)


def _split(model: nn.Sequential, layer: str) -> tuple[nn.Sequential, nn.Sequential]:
    """Return the modules up to a layer, and those after it."""
    early: list[nn.Module] = []
    late: list[nn.Module] = []
    chain: nn.Module = model
    for name in layer.split("."):
        if not isinstance(chain, nn.Sequential):
            raise ValueError(f"{layer!r} lies inside a {type(chain).__name__}, which is no chain")
        names, modules = list(chain._modules), list(chain)
        place = names.index(name)
        early += modules[:place]
        late = modules[place + 1 :] + late
        chain = modules[place]
    return nn.Sequential(*early, chain), nn.Sequential(*late)


# Along one axis


@dataclass(frozen=True)
class _Place:
    """Where one image changed, along one axis."""

    pixels: slice  # the cut
    reached: slice  # cells of the whole map that the change reaches
    inside: slice  # the same cells in the map of the cut


def _along(changed: Tensor, cells: int, windows: Sequence[Window]) -> list[_Place]:
    """Return the place of each image's change; all cuts have one size.

    Args:
        changed: (N, pixels), bool.
        cells: how many the map has along this axis.
    """
    pixels = changed.shape[1]
    stride = math.prod(stride for _, stride, _ in windows)
    # Where nothing changed, the whole image: slow, but right.
    first = changed.int().argmax(dim=1).tolist()
    last = (pixels - 1 - changed.flip(1).int().argmax(dim=1)).tolist()
    reached = [_cells_reached(a, b, windows, cells) for a, b in zip(first, last, strict=True)]
    if pixels % stride:  # a cut would be padded otherwise than the image
        return [_Place(slice(0, pixels), slice(a, b + 1), slice(a, b + 1)) for a, b in reached]
    needed = [_pixels_needed(a, b, windows, pixels) for a, b in reached]
    starts = [a // stride * stride for a, _ in needed]
    ends = [(b // stride + 1) * stride for _, b in needed]
    size = max(end - start for start, end in zip(starts, ends, strict=True))
    starts = [min(start, pixels - size) for start in starts]
    return [
        _Place(
            slice(start, start + size),
            slice(a, b + 1),
            slice(a - start // stride, b + 1 - start // stride),
        )
        for start, (a, b) in zip(starts, reached, strict=True)
    ]


def _cells_reached(first: int, last: int, windows: Sequence[Window], cells: int) -> tuple[int, int]:
    """Return the first and the last cell behind the windows that see any of these pixels."""
    for kernel, stride, padding in windows:
        first = max((first + padding - kernel) // stride + 1, 0)
        last = (last + padding) // stride
    return first, min(last, cells - 1)


def _pixels_needed(
    first: int, last: int, windows: Sequence[Window], pixels: int
) -> tuple[int, int]:
    """Return the first and the last pixel that any of these cells sees."""
    for kernel, stride, padding in reversed(windows):
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return max(first, 0), min(last, pixels - 1)
