"""What every model of the kit is: named modules in a chain that takes images in [0, 1]."""

from collections.abc import Iterable, Mapping
from itertools import chain

import torch
from torch import Tensor, nn

from labkit.images import check_images

HIGHEST_VALUE = 50.0  # optimized images leave [0, 1]; beyond this, somebody forgot to divide by 255


class Layer(str):
    """A layer's name, as in `model.get_submodule(name)`, that knows whether it is rectified."""

    rectified: bool  # never negative, many exact zeros; otherwise linear

    def __new__(cls, name: str, rectified: bool) -> "Layer":
        """Make the name; `str` takes its value here, not in `__init__`."""
        layer = super().__new__(cls, name)
        layer.rectified = rectified
        return layer

    def __getnewargs__(self) -> tuple[str, bool]:
        return str(self), self.rectified  # what copy and pickle build it from


class Network(nn.Sequential):
    """Named modules, called one after the other: images (N, 3, H, W) in [0, 1] to logits (N, K).

    Attributes:
        layers: names worth looking at, shallow to deep, each with its `rectified`.
        categories: the K class names.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        layers: Iterable[tuple[str, bool]] = (),
        categories: Iterable[str] = (),
    ):
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)
        self.layers = tuple(Layer(name, rectified) for name, rectified in layers)
        self.categories = tuple(categories)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits.

        Raises: TypeError or ValueError for what surely is no batch of images in [0, 1]: another
            shape or type, values that are not finite, or far outside. Slightly outside is fine.
        """
        # A slice of the beginning may hold no weights, but the normalization's buffers.
        weight = next(chain(self.parameters(), self.buffers()), None)
        own_type = isinstance(images, Tensor) and images.dtype == getattr(weight, "dtype", None)
        check_images(images.float() if own_type else images, bounded=False)
        highest = images.detach().abs().max().item()
        if highest > HIGHEST_VALUE:
            raise ValueError(f"Images reach {highest:.3g}; expected about [0, 1]: divide by 255")
        return super().forward(images)


class Normalization(nn.Module):
    """Maps images in [0, 1] to the range that the network was trained on."""

    def __init__(self, mean: Iterable[float], std: Iterable[float]):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return (images - mean) / std; the gradient comes back contiguous, so `.view` works."""
        images = images.view_as(images)  # the hook belongs to this call, not to the caller's tensor
        if images.requires_grad:
            images.register_hook(Tensor.contiguous)
        return (images - self.mean) / self.std
