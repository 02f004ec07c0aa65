"""Seven paintings made by code: style images with rich colour and brushwork, free of any licence.

Places and lengths are fractions of the side and all randomness is seeded, so that any size shows
the same composition. Here are the entry and what is painted touch by touch; glass, woodcut,
watercolour and mosaic are in `labkit.crafts`.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator, default_rng
from PIL import Image, ImageDraw

from labkit.brushes import blank, blend, noise, ramp, strokes, to_rgb
from labkit.crafts import glass, mosaic, wash, waves

OVERSAMPLING = 2  # PIL draws without antialiasing: draw larger, then shrink


def paint(name: str, size: int) -> np.ndarray:
    """Return one of PAINTINGS as (size, size, 3) uint8.

    Raises: ValueError for an unknown name, which lists the known ones, or a size below 1.
    """
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"size is {size!r}; expected a positive int, the side in pixels")
    if name not in PAINTINGS:
        raise ValueError(f"No style {name!r}; expected one of {', '.join(PAINTINGS)}")
    canvas = PAINTINGS[name](OVERSAMPLING * size)
    return np.asarray(canvas.resize((size, size), Image.Resampling.LANCZOS))


# --- swirls ---------------------------------------------------------------------------------------

EDDIES = [(0.36, 0.36, 0.2), (0.6, 0.47, 0.12), (0.12, 0.3, 0.09)]  # x, y, radius
DRIFT, NIGHT, BARK = noise(2, 4, octaves=3), noise(3, 7, octaves=4), noise(5, 9, octaves=3)


def swirls(side: int) -> Image.Image:
    """Thick strokes along the eddies of a night sky, over dark hills and lit windows."""
    rng = default_rng(1)
    stars = _stars(rng)

    def angle(x, y):
        return np.where(y > _hills(x), _furrows(x, y), _wind(x, y, stars))

    def colour(x, y):
        return np.where((y > _hills(x))[:, None], _night_land(x, y), _night_sky(x, y, stars))

    canvas = blank(side, "122058")
    for count, length, width in [(2500, 0.1, 0.02), (6000, 0.06, 0.011), (7000, 0.035, 0.007)]:
        strokes(canvas, rng, angle, colour, count=count, length=length, width=width)
    strokes(
        canvas,
        rng,
        lambda x, y: -np.pi / 2 + 1.6 * (BARK(x, y) - 0.5),
        lambda x, y: ramp(BARK(y, x), "060d10 0d2a1c 1c4a26 5a5a22 0a1822"),
        count=14000,
        length=0.08,
        width=0.009,
        within=_in_cypress,
    )
    return canvas


def _stars(rng: Generator) -> np.ndarray:
    """Return x, y and radius (13, 3) of a moon and twelve stars."""
    x, y, radius = rng.uniform([[0.03], [0.04], [0.035]], [[0.97], [0.5], [0.075]], (3, 13))
    stars = np.column_stack([x, y, radius])
    stars[0] = (0.8, 0.17, 0.15)
    return stars


def _hills(x: np.ndarray) -> np.ndarray:
    return 0.72 - 0.1 * np.sin(5 * x + 0.6) + 0.035 * np.sin(17 * x)


def _in_cypress(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.abs(x - 0.13) < 0.065 * np.sin(np.pi * np.clip((y - 0.2) / 1.1, 0, 1))


def _furrows(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 0.5 * np.cos(5 * x + 6 * y) + DRIFT(x, y) - 0.5


def _wind(x: np.ndarray, y: np.ndarray, stars: np.ndarray) -> np.ndarray:
    """Return the wind's direction: a drift to the right that turns around stars and eddies."""
    u, v = np.ones_like(x), 0.5 * np.sin(9 * x) + 2 * (DRIFT(x, y) - 0.5)
    for cx, cy, r in [*EDDIES, *stars]:
        pull = 7 * np.exp(-((((x - cx) ** 2 + (y - cy) ** 2) / r**2) ** 1.2) / 1.2)
        u, v = u - pull * (y - cy) / r, v + pull * (x - cx) / r
    return np.arctan2(v, u)


def _night_sky(x: np.ndarray, y: np.ndarray, stars: np.ndarray) -> np.ndarray:
    glow, bands = np.zeros_like(x), np.zeros_like(x)
    for cx, cy, r in stars:
        distance = np.hypot(x - cx, y - cy) / r
        glow = np.maximum(glow, np.exp(-(distance**2)) * (1 - 0.25 * np.cos(9 * distance)))
    for cx, cy, r in EDDIES:
        distance, turn = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx)
        spiral = 0.5 + 0.5 * np.cos(60 * distance - turn)
        bands = np.maximum(bands, np.exp(-((distance / (1.6 * r)) ** 2)) * spiral)
    tone = np.clip(0.62 * NIGHT(x, y) + 0.1 * y + 0.55 * bands, 0, 1)
    sky = ramp(tone, "0b1440 16307a 1f55a8 3f86c4 8fc1cf dfe9c0")
    light = ramp(glow, "4fa3b5 a8d08a f2d64b f9c52e fff6c8")
    return blend(sky, light, np.clip(1.5 * glow - 0.2, 0, 1))


def _night_land(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    tone = np.clip(NIGHT(y, x) + 0.25 * (0.9 - y), 0, 1)
    windows = (np.sin(70 * x) > 0.86) & (np.sin(52 * y + 14 * x) > 0.88) & (y > 0.8)
    land = ramp(tone, "0a1a24 123a3c 1d5a4a 4f8a4a 20407a")
    return blend(land, np.array([245, 190, 60.0]), 0.9 * windows)


# --- dots -----------------------------------------------------------------------------------------

# x, width and height of the trees on the far bank
GROVE = [(0.05, 0.06, 0.12), (0.17, 0.07, 0.2), (0.26, 0.022, 0.27), (0.34, 0.05, 0.1)]
GROVE += [(0.88, 0.07, 0.14)]
LEAVES = noise(12, 5, octaves=4)


def dots(side: int) -> Image.Image:
    """A river in evening light, in dots of divided colour: every tone is mixed in the eye."""
    rng = default_rng(11)
    canvas = blank(side, "efe6cf")
    draw = ImageDraw.Draw(canvas)
    for count, radius in [(5000, 0.012), (12000, 0.0075), (14000, 0.0052)]:
        x, y = rng.uniform(-0.01, 1.01, (2, count))
        tones = _divided(_river(x, y), rng)
        radii = radius * rng.uniform(0.6, 1.15, count) * side
        for cx, cy, r, tone in zip(x * side, y * side, radii, tones, strict=True):
            draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=to_rgb(tone))
    return canvas


def _divided(tones: np.ndarray, rng: Generator) -> np.ndarray:
    """Lean one colour in four to its complement, and all to a neighbouring hue."""
    opposite = 255 + tones.min(1, keepdims=True) - tones
    lean = np.where(rng.random((len(tones), 1)) < 0.25, 0.3, 0)
    return tones + lean * (opposite - tones) + rng.normal(0, 24, tones.shape)


def _river(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    bank = 0.4 + 0.02 * np.sin(11 * x)
    height = np.where(y < bank, y, 2 * bank - y)  # the water mirrors what stands above it
    view = _evening(x, height, bank)
    ripple = 0.22 * (np.sin(150 * y + 9 * LEAVES(x, y)) > 0.2) + 0.12
    view = blend(view, np.array([44, 84, 150.0]), ripple * (y > bank))
    shore = 0.66 + 0.26 * x + 0.03 * np.sin(13 * x)
    return np.where((y > shore)[:, None], _meadow(x, y, shore), view)


def _evening(x: np.ndarray, y: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Return the sky with its low sun, and the trees before it."""
    sun = np.exp(-((np.hypot(x - 0.68, y - 0.24) / 0.13) ** 2))
    sky = ramp(np.clip(y / 0.42, 0, 1), "5f8fd0 8fb4e0 d9c4d8 f6c9a0 fbd779")
    sky = blend(sky, np.array([255, 238, 150.0]), sun)
    crowns = [high * np.exp(-(((x - at) / wide) ** 4)) for at, wide, high in GROVE]
    treetops = bank - 0.03 - 0.05 * LEAVES(x, 3 * x) - np.max(crowns, axis=0)
    trees = ramp(LEAVES(x, y), "2a2f6b 2f5f5a 4f8a45 9ab04a")
    return np.where(((y > treetops) & (y < bank))[:, None], trees, sky)


def _meadow(x: np.ndarray, y: np.ndarray, shore: np.ndarray) -> np.ndarray:
    light = np.clip(LEAVES(y, x) + 0.6 * (shore + 0.12 - y), 0, 1)
    poppies = (LEAVES(3 * x, 3 * y) > 0.77)[:, None]
    grass = ramp(light, "1f4a52 3f7f3a 86ad3f d9cf5a")
    return np.where(poppies, np.array([226, 96, 84.0]), grass)


# --- flames ---------------------------------------------------------------------------------------

BEND, HEAT, PLANKS = noise(62, 3, octaves=2), noise(63, 9, octaves=3), noise(64, 6, octaves=3)


def flames(side: int) -> Image.Image:
    """An expressionist burning sky: long bands of fire bend over a dark, turning fjord."""
    rng = default_rng(61)
    canvas = blank(side, "5a1a1a")
    for count, length, width in [(1500, 0.22, 0.024), (3500, 0.16, 0.014), (4500, 0.1, 0.008)]:
        strokes(canvas, rng, _along_bands, _fire, count=count, length=length, width=width)
    strokes(
        canvas,
        rng,
        lambda x, y: np.full_like(x, -0.62),
        lambda x, y: ramp(PLANKS(x + y, 6 * (y + 0.71 * x)), "2a1410 5a2a1a 8a4a24 c07a3a 3a2a3a"),
        count=4500,
        length=0.2,
        width=0.012,
        within=lambda x, y: y > 1.18 - 0.71 * x,
    )
    return canvas


def _horizon(x: np.ndarray) -> np.ndarray:
    return 0.55 + 0.05 * np.sin(4 * x + 2) - 0.05 * x


def _level(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the height whose contour lines are the bands of sky and fjord."""
    sky = y + 0.34 * (BEND(x, y) - 0.5) + 0.05 * np.sin(7 * x + 4 * y)
    fjord = 0.9 * np.hypot((x - 0.62) / 1.3, y - 0.8) + 0.16 * (BEND(y, x) - 0.5)
    return np.where(y < _horizon(x), sky, fjord)


def _along_bands(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    step = 1e-3
    slope_x = _level(x + step, y) - _level(x - step, y)
    slope_y = _level(x, y + step) - _level(x, y - step)
    return np.arctan2(-slope_x, slope_y)  # at a right angle to the slope


def _fire(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    band = 0.5 + 0.5 * np.sin(46 * _level(x, y) + 2 * HEAT(x, y))
    hot, cold = 0.75 * band + 0.5 * (y - 0.2), 0.8 * band + 0.2 * HEAT(y, x)
    sky = ramp(np.clip(hot, 0, 1), "7a1016 c8241a e8501c f28a1e f9c03a fbe68a")
    fjord = ramp(np.clip(cold, 0, 1), "0a1426 14305a 1f5a6a 3f8a7a c8803a")
    return np.where((y < _horizon(x))[:, None], sky, fjord)


PAINTINGS: dict[str, Callable[[int], Image.Image]] = {
    "swirls": swirls,
    "dots": dots,
    "glass": glass,
    "waves": waves,
    "wash": wash,
    "mosaic": mosaic,
    "flames": flames,
}
