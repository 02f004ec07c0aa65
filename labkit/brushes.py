"""Brushes for the painted styles: smooth noise, palettes, and strokes that follow a field."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator, default_rng
from PIL import Image, ImageDraw

# x, y (n,) in the unit square, y downwards -> values (n,) or colours (n, 3) in [0, 255]
Field = Callable[[np.ndarray, np.ndarray], np.ndarray]


def strokes(
    canvas: Image.Image,
    rng: Generator,
    angle: Field,
    colour: Field,
    *,
    count: int,
    length: float,
    width: float,
    within: Field | None = None,
) -> None:
    """Draw curved strokes that follow `angle`; three bristles of uneven tone make each one.

    Args:
        canvas: drawn upon.
        angle: direction of the brush, in radians.
        colour: the tone at a stroke's start; each stroke and bristle departs from it a little.
        count: strokes tried; those that start where `within` is False are left out.
        length, width: mean size of a stroke, as fractions of the side.
    """
    start = rng.uniform(-0.03, 1.03, (2, count))
    if within is not None:
        start = start[:, within(*start)]
    count = start.shape[1]
    lengths, widths = rng.uniform(0.6, 1.3, (2, count))
    tones = colour(*start) + rng.normal(0, 16, (count, 1)) + rng.normal(0, 8, (count, 3))
    tones = tones[:, None] + rng.normal(0, 16, (count, 3, 1))  # (count, bristles, 3)
    path = _walk(start, angle, length * lengths)  # (count, steps, 2)
    offsets = width * np.outer(widths, (-0.33, 0.33, 0))  # (count, bristles)
    lines = path[:, None] + _normals(path)[:, None] * offsets[..., None, None]
    thickness = np.maximum(1, np.rint(0.45 * width * widths * canvas.width)).astype(int).tolist()
    points = (lines * canvas.width).reshape(count, 3, -1).tolist()
    inks = tones.clip(0, 255).astype(int).tolist()
    draw = ImageDraw.Draw(canvas)
    for stroke in range(count):
        for line, ink in zip(points[stroke], inks[stroke], strict=True):
            draw.line(line, fill=tuple(ink), width=thickness[stroke])


def _walk(start: np.ndarray, angle: Field, lengths: np.ndarray, steps: int = 9) -> np.ndarray:
    """Return the paths (n, steps, 2) of walkers that follow `angle` from `start` (2, n)."""
    places = [start]
    for _ in range(steps - 1):
        turn = angle(*places[-1])
        places.append(places[-1] + lengths / steps * np.array([np.cos(turn), np.sin(turn)]))
    return np.stack(places).transpose(2, 0, 1)


def _normals(path: np.ndarray) -> np.ndarray:
    """Return the unit vectors across each path, (n, steps, 2)."""
    along = np.gradient(path, axis=1)
    along /= np.linalg.norm(along, axis=2, keepdims=True) + 1e-9
    return np.stack([-along[..., 1], along[..., 0]], axis=2)


def noise(seed: int, cells: int, octaves: int = 1) -> Field:
    """Return a smooth random function of the unit square in about [0, 1], wrapping at its edges."""
    rng = default_rng(seed)
    lattices = [rng.random((cells * 2**k, cells * 2**k)) for k in range(octaves)]

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        total = sum(_sample(lattice, x, y) / 2**k for k, lattice in enumerate(lattices))
        mean = total / (2 - 2 ** (1 - octaves))
        return np.clip(0.5 + 1.4 * (mean - 0.5), 0, 1)

    return field


def _sample(lattice: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Interpolate a wrapping lattice with an ease curve, so that no cell edge shows."""
    n = len(lattice)
    column, row = np.floor(x * n).astype(int), np.floor(y * n).astype(int)
    u, v = x * n - column, y * n - row
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    left, right, top, bottom = column % n, (column + 1) % n, row % n, (row + 1) % n
    upper = lattice[top, left] * (1 - u) + lattice[top, right] * u
    lower = lattice[bottom, left] * (1 - u) + lattice[bottom, right] * u
    return upper * (1 - v) + lower * v


def ramp(tone: np.ndarray, palette: str) -> np.ndarray:
    """Return the colours (..., 3) at `tone` in [0, 1] along a palette of hexadecimal colours."""
    colours = np.array([from_hex(code) for code in palette.split()])
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(tone, stops, channel) for channel in colours.T], axis=-1)


def blend(below: np.ndarray, above: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Lay the colours `above` over `below`, both (..., 3), with opacity (...) in [0, 1]."""
    return below + (above - below) * opacity[..., None]


def from_hex(code: str) -> tuple[int, ...]:
    """Return (red, green, blue) of a code such as "1f55a8"."""
    return tuple(bytes.fromhex(code))


def to_rgb(colour: np.ndarray) -> tuple[int, ...]:
    """Return a colour as the integers that PIL wants."""
    return tuple(np.clip(colour, 0, 255).astype(int).tolist())


def pixel_grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the side * side pixel centres, row by row."""
    centres = (np.arange(side) + 0.5) / side
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return x.ravel(), y.ravel()


def picture(colours: np.ndarray, side: int) -> Image.Image:
    """Return the picture of (side * side, 3) colours in [0, 255]."""
    return Image.fromarray(colours.clip(0, 255).astype(np.uint8).reshape(side, side, 3))


def blank(side: int, code: str) -> Image.Image:
    """Return a square canvas of one colour."""
    return Image.new("RGB", (side, side), from_hex(code))
