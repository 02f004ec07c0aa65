"""A network that remembers one image, and computes anew only what a change to it can reach.

remembering = Remembering(model, image)
remembering(covered)  # model(covered), in about half the time while the change is small
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from labkit.patches import Window, windows

Extent = tuple[int, int]  # the first and the last row or column

# Deeper, a change reaches nearly all of the map: computing everything is then as fast.
EARLY = ("blocks.1.1", "blocks.2.0", "blocks.2.1", "blocks.3.0", "blocks.3.1")


class Remembering(nn.Module):
    """The model, for images that differ from one image in a small place, such as a square.

    The early layers, whose maps are large, run in stages. Each sees a cut around the change alone,
    and its output is patched into what it gave for the whole image. Results are those of the model
    up to rounding, without gradient: it would miss the pixels that did not change.

    Args:
        model: a chain, as those of `labkit.models`.
        image: (1, 3, H, W).
        layers: the last layer of each stage, in order; the default is what is fastest in the
            embedded network.
    Raises: ValueError for layers out of order, and for one that does not exist, lies inside a
        module that is no chain, or comes after parallel windows.
    """

    def __init__(self, model: nn.Sequential, image: Tensor, layers: str | Sequence[str] = EARLY):
        super().__init__()
        self.image = image.detach().clone()
        layers = [layers] if isinstance(layers, str) else list(layers)
        *early, self.late = _split(model, layers)
        self.stages = nn.ModuleList()
        passed, maps = 0, self.image
        for layer, chain in zip(layers, early, strict=True):
            down, right = (windows(model, layer, side)[passed:] for side in image.shape[2:])
            self.stages.append(_Stage(chain, down, right, maps))
            passed, maps = passed + len(down), self.stages[-1].features

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Return what the model gives for images (N, 3, H, W)."""
        changed = (images != self.image).any(dim=1)  # (N, H, W)
        down, right = (_extents(changed.any(dim=axis)) for axis in (2, 1))
        maps = images
        for stage in self.stages:
            maps, down, right = stage(maps, down, right)
        return self.late(maps)


class _Stage(nn.Module):
    """Some layers, and what they gave for the whole image."""

    def __init__(
        self, chain: nn.Sequential, down: Sequence[Window], right: Sequence[Window], maps: Tensor
    ):
        super().__init__()
        self.chain, self.down, self.right = chain, down, right
        with torch.no_grad():
            self.features = chain(maps)  # (1, C, h, w)

    def forward(
        self, maps: Tensor, down: list[Extent], right: list[Extent]
    ) -> tuple[Tensor, list[Extent], list[Extent]]:
        """Return the output for maps that changed within these rows and columns, and where it did.

        Args:
            maps: (N, C, H, W).
            down, right: one for each of the N.
        """
        _, _, h, w = self.features.shape
        rows = _cuts(down, self.down, maps.shape[2], h)
        columns = _cuts(right, self.right, maps.shape[3], w)
        places = list(zip(rows, columns, strict=True))
        seen = torch.stack(
            [one[:, r.seen, c.seen] for one, (r, c) in zip(maps, places, strict=True)]
        )
        features = self.features.repeat(len(maps), 1, 1, 1)
        for whole, part, (r, c) in zip(features, self.chain(seen), places, strict=True):
            whole[:, r.reached, c.reached] = part[:, r.inside, c.inside]
        return features, [r.extent for r in rows], [c.extent for c in columns]


def _split(model: nn.Sequential, layers: list[str]) -> list[nn.Sequential]:
    """Return the modules up to each layer, and those after the last."""
    names, modules = zip(*_links(model), strict=True)
    ends = [0]
    for layer in layers:
        parts = [n for n, name in enumerate(names, 1) if f"{name}.".startswith(f"{layer}.")]
        if not parts:
            raise ValueError(f"{layer!r} lies inside a module that is no chain, or nowhere")
        ends.append(parts[-1])
    if ends != sorted(set(ends)):
        raise ValueError(f"expected layers in order, the first one first; got {layers}")
    return [nn.Sequential(*modules[a:b]) for a, b in pairwise([*ends, len(modules)])]


def _links(chain: nn.Sequential, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield name and module of all that a chain of chains calls, one after the other."""
    for name, module in chain._modules.items():
        if isinstance(module, nn.Sequential):
            yield from _links(module, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", module


# Along one axis


@dataclass(frozen=True)
class _Cut:
    """What a stage looks at, along one axis of one image."""

    seen: slice  # of the maps that it gets
    extent: Extent  # what the change reaches of the maps that it gives
    start: int  # where the first cell of the cut's output lies in the whole output

    @property
    def reached(self) -> slice:
        """The cells that the change reaches, in the whole output."""
        return slice(self.extent[0], self.extent[1] + 1)

    @property
    def inside(self) -> slice:
        """The same cells, in the output of the cut."""
        return slice(self.extent[0] - self.start, self.extent[1] + 1 - self.start)


def _extents(changed: Tensor) -> list[Extent]:
    """Return the first and last True of each row of (N, cells); the whole row where none is."""
    first = changed.int().argmax(dim=1)
    last = changed.shape[1] - 1 - changed.flip(1).int().argmax(dim=1)
    return list(zip(first.tolist(), last.tolist(), strict=True))


def _cuts(changed: list[Extent], windows: Sequence[Window], side: int, cells: int) -> list[_Cut]:
    """Return each image's cut of maps with `side` cells, all of one size."""
    stride = math.prod(stride for _, stride, _ in windows)
    reached = [_reached(extent, windows, cells) for extent in changed]
    if side % stride:  # a cut would be padded otherwise than the whole
        return [_Cut(slice(0, side), extent, 0) for extent in reached]
    needed = [_needed(extent, windows, side) for extent in reached]
    starts = [first // stride * stride for first, _ in needed]
    ends = [(last // stride + 1) * stride for _, last in needed]
    size = max(end - start for start, end in zip(starts, ends, strict=True))
    starts = [min(start, side - size) for start in starts]
    return [
        _Cut(slice(start, start + size), extent, start // stride)
        for start, extent in zip(starts, reached, strict=True)
    ]


def _reached(extent: Extent, windows: Sequence[Window], cells: int) -> Extent:
    """Return the cells behind the windows that see any of these."""
    first, last = extent
    for kernel, stride, padding in windows:
        first = max((first + padding - kernel) // stride + 1, 0)
        last = (last + padding) // stride
    return first, min(last, cells - 1)


def _needed(extent: Extent, windows: Sequence[Window], side: int) -> Extent:
    """Return what these cells see, of a map with `side` cells."""
    first, last = extent
    for kernel, stride, padding in reversed(windows):
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return max(first, 0), min(last, side - 1)
