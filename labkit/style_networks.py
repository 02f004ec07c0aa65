"""The network of fast style transfer: a photo in, a painting out, in one pass.

The normalization is handed in, so that a lab can put its own there:

network = load_style_network("instance", lambda channels: ScaleAndShift(channels, instance_norm))
painting = network(photo)

`training/train_style.py` made the weights.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).parent / "weights"
TRAINED = ("instance", "batch", "none", "styles")  # the last one paints in all of STYLES

STYLES = ("glass", "swirls", "flames", "mosaic", "waves")  # all others paint in the first
HELD_OUT = ("cat", "pagoda", "coffee")  # photos that no network was trained on

CHANNELS = (16, 32, 48)  # at full, half and a quarter of the side
RESIDUAL_BLOCKS = 3

Normalization = Callable[[int], nn.Module]  # number of channels -> module


class StyleNetwork(nn.Module):
    """Down to a quarter of the side, residual blocks, and up again (Johnson et al., 2016).

    A normalization follows every convolution but the last. Borders are mirrored, since zeros would
    frame the painting. On the way up pixels are doubled and convolved, since a transposed
    convolution leaves a checkerboard (Odena et al., 2016). Smaller than the paper's: 16 to 48
    channels for 32 to 128, and a last kernel of 3 for 9, which took a third of the time.
    """

    def __init__(self, norm: Normalization):
        super().__init__()
        full, half, quarter = CHANNELS
        self.down = nn.ModuleList(
            (
                Layer(3, full, norm, kernel=9),
                Layer(full, half, norm, stride=2),
                Layer(half, quarter, norm, stride=2),
            )
        )
        self.residual = nn.ModuleList(Residual(quarter, norm) for _ in range(RESIDUAL_BLOCKS))
        self.up = nn.ModuleList((Layer(quarter, half, norm), Layer(half, full, norm)))
        self.last = nn.Conv2d(full, 3, 3)

    def forward(self, images: Tensor, *condition: Tensor) -> Tensor:
        """Return paintings (N, 3, H, W) in (0, 1) of images (N, 3, H, W) in [0, 1].

        Args:
            condition: what every normalization takes after its input, e.g. the style weights.
        """
        x = 2 * images - 1
        for layer in (*self.down, *self.residual):
            x = layer(x, *condition)
        for layer in self.up:
            x = layer(F.interpolate(x, scale_factor=2), *condition)
        height, width = images.shape[2:]  # sides that 4 does not divide come back larger
        return torch.sigmoid(self.last(mirror(x, 1)))[:, :, :height, :width]


class Layer(nn.Module):
    """Convolution, normalization and, unless told otherwise, a ReLU."""

    def __init__(
        self,
        channels_in: int,
        channels: int,
        norm: Normalization,
        *,
        kernel: int = 3,
        stride: int = 1,
        relu: bool = True,
    ):
        super().__init__()
        self.margin = kernel // 2
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, bias=False)
        self.norm = norm(channels)
        self.relu = relu

    def forward(self, x: Tensor, *condition: Tensor) -> Tensor:
        """Return (N, channels, h, w)."""
        x = self.norm(self.conv(mirror(x, self.margin)), *condition)
        return x.relu() if self.relu else x


class Residual(nn.Module):
    """Two layers whose result is added to their input (He et al., 2016)."""

    def __init__(self, channels: int, norm: Normalization):
        super().__init__()
        self.first = Layer(channels, channels, norm)
        self.second = Layer(channels, channels, norm, relu=False)

    def forward(self, x: Tensor, *condition: Tensor) -> Tensor:
        """Return a tensor of x's shape."""
        return x + self.second(self.first(x, *condition), *condition)


class ScaleAndShift(nn.Module):
    """A normalization that has no parameters, then a learned scale and shift of each channel."""

    def __init__(self, channels: int, normalize: Callable[[Tensor], Tensor]):
        super().__init__()
        self.normalize = normalize
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of x's shape."""
        return self.normalize(x) * self.weight[:, None, None] + self.bias[:, None, None]


def mirror(x: Tensor, width: int) -> Tensor:
    """Extend (N, C, H, W) by `width` pixels on each side, mirrored at the border."""
    return F.pad(x, (width,) * 4, mode="reflect")


def load_style_network(
    name: str, norm: Normalization, *, device: str | torch.device | None = None
) -> StyleNetwork:
    """Return one of the TRAINED networks, frozen and in eval mode.

    Args:
        norm: what it was trained with, or the same written by hand: its parameters must be called
            `weight` and `bias`.
    """
    from safetensors.torch import load_file

    network = StyleNetwork(norm)
    network.load_state_dict(load_file(_file(name, ".safetensors")))  # stored as float16
    return network.requires_grad_(False).eval().to(device)


def training_log(name: str) -> dict[str, list[float]]:
    """Return the columns of a TRAINED network's log: step, content, style (on HELD_OUT photos)."""
    with _file(name, ".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {column: [float(row[column]) for row in rows] for column in rows[0]}


def _file(name: str, suffix: str) -> Path:
    if name not in TRAINED:
        raise ValueError(f"no style network {name!r}; expected one of {', '.join(TRAINED)}")
    return WEIGHTS / f"style-{name}{suffix}"
