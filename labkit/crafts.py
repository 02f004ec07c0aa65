"""The painted styles of four crafts: stained glass, colour woodcut, watercolour and mosaic."""

import numpy as np
from numpy.random import Generator, default_rng
from PIL import Image, ImageDraw

from labkit.brushes import blank, blend, from_hex, noise, picture, pixel_grid, ramp, to_rgb

# --- glass ----------------------------------------------------------------------------------------

# radius, number of panes and their colours in turn, from the centre outwards
RINGS = [
    (0.09, 8, "c1121f"),
    (0.17, 16, "f28c28 1d3f9e"),
    (0.255, 16, "1f7a4d e9b82c"),
    (0.335, 32, "1a2f8f 7a1fa2"),
    (0.425, 32, "c1121f 1289a7 e2571e 1d3f9e"),
    (0.515, 48, "f2c230 0f6b5c 43188f"),
]
STREAKS = noise(22, 10, octaves=4)


def glass(side: int) -> Image.Image:
    """A rose window: panes around a centre in jewel colours, held by dark lead."""
    from sklearn.neighbors import KDTree

    centres, panes = _rose_window(default_rng(21))
    x, y = pixel_grid(side)
    distances, nearest = KDTree(centres).query(np.column_stack([x, y]), k=2)
    gap = distances[:, 1] - distances[:, 0]  # 0 on the border between two panes
    light = 0.55 + 0.75 * STREAKS(x + 0.05 * STREAKS(y, x), 2 * y)
    light -= 0.35 * np.hypot(x - 0.4, y - 0.35)
    light += 0.25 * np.exp(-(((gap - 0.02) / 0.012) ** 2))  # thin glass glows beside the lead
    colour = panes[nearest[:, 0]] * light[:, None] + 40 * np.clip(light - 0.9, 0, 1)[:, None]
    lead = ramp(np.clip(gap / 0.012, 0, 1) * STREAKS(2 * x, 2 * y), "08080c 1c1c22 4a4744")
    return picture(blend(colour, lead, np.clip((0.0115 - gap) / 0.003, 0, 1)), side)


def _rose_window(rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres (n, 2) and the colours (n, 3) of the panes."""
    centres, codes = [np.array([[0.5, 0.5]])], ["f7d046"]
    for k, (radius, count, palette) in enumerate(RINGS):
        turn = 2 * np.pi * (np.arange(count) + k % 2 / 2) / count
        uneven = radius + rng.normal(0, 0.004, count)
        centres.append(0.5 + np.column_stack([uneven * np.cos(turn), uneven * np.sin(turn)]))
        codes += (palette.split() * count)[:count]
    outside = rng.uniform(0, 1, (260, 2))
    outside = outside[np.hypot(*(outside - 0.5).T) > 0.56]
    codes += list(rng.choice(["14213d", "1d3557", "234e70", "5b2a86", "2a6f97"], len(outside)))
    panes = np.array([from_hex(code) for code in codes], dtype=float)
    return np.vstack([*centres, outside]), panes + rng.normal(0, 18, panes.shape)


# --- waves ----------------------------------------------------------------------------------------

INKS = ["12264f", "e9e2cc", "1f4e86", "a9c4cc", "2c6aa0", "12264f", "d9dcc9", "18386e"]
# water level, height, waves across the picture and phase, from back to front
LAYERS = [(0.44, 0.05, 4.1, 0.5), (0.54, 0.1, 2.6, 3.9), (0.66, 0.14, 1.9, 1.3)]
LAYERS += [(0.85, 0.17, 1.45, 4.3), (1.02, 0.12, 2.2, 0.2)]
WOOD = noise(32, 6, octaves=4)


def waves(side: int) -> Image.Image:
    """Breaking waves as in a colour woodcut: few inks, carved lines, foam like claws."""
    rng = default_rng(31)
    canvas = picture(_printed_sky(*pixel_grid(side)), side)
    draw = ImageDraw.Draw(canvas)
    for level, height, count, phase in LAYERS:
        turn = np.linspace(-4, 2 * np.pi * count + 4, 1500)
        lift = np.exp(1.1 * (np.cos(turn + phase) - 1)) * (1 + 0.15 * np.sin(0.7 * turn))  # peaked
        across = turn / (2 * np.pi * count) + 0.95 * height * lift**2.2  # crests lean and overhang
        crest = np.column_stack([across, level - height * (2 * lift - 0.6)])
        _carve(draw, crest, lift, level, height, side)
        _foam(draw, rng, crest, lift, height, side)
    return canvas


def _printed_sky(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a pale sky with a red sun, printed from a block whose grain shows."""
    grain = WOOD(x, y)
    fibres = 9 * np.sin(260 * y + 30 * WOOD(x / 4, y)) + 22 * (grain - 0.5)
    sky = ramp(np.clip(1.5 * y + 0.06 * grain, 0, 1), "b9a58a e6d3ac f3e6c8 efd9b4")
    sun = np.clip((0.115 - np.hypot(x - 0.68, y - 0.2)) * 300, 0, 1)
    return blend(sky, np.array([196, 62, 44.0]), sun) + fibres[:, None]


def _carve(
    draw: ImageDraw.ImageDraw,
    crest: np.ndarray,
    lift: np.ndarray,
    level: float,
    height: float,
    side: int,
) -> None:
    """Print sixteen bands below the crest, flatter the deeper they lie."""
    for band in range(16):
        flat = np.exp(-0.16 * band)
        drop = height * (0.17 * band + 0.012 * band**2)
        line = crest * [1, flat] + [0, level * (1 - flat) + drop]
        line[:, 0] -= 0.035 * band * height * lift
        water = np.vstack([line, [[1.2, 1.3], [-0.2, 1.3]]]) * side
        draw.polygon([*map(tuple, water)], fill=from_hex(INKS[band % len(INKS)]))


def _foam(
    draw: ImageDraw.ImageDraw,
    rng: Generator,
    crest: np.ndarray,
    lift: np.ndarray,
    height: float,
    side: int,
) -> None:
    """Scatter foam along the crest, dense and large where the wave is high."""
    outline = max(1, round(0.0022 * side))
    for i in np.flatnonzero(rng.random(len(crest)) < 0.9 * lift**1.5):
        x, y = crest[i] + rng.normal(0, 0.07 * height, 2) + [0.05 * height, -0.02 * height]
        r = height * rng.uniform(0.02, 0.085) * (0.4 + lift[i])
        box = tuple(np.array([x - r, y - r, x + r, y + r]) * side)
        draw.ellipse(box, fill=from_hex("f4efe0"), outline=from_hex("1f4e86"), width=outline)


# --- wash -----------------------------------------------------------------------------------------

# x, y and radius of the flowers: poppy and iris in turn
FLOWERS = [(0.3, 0.3, 0.15), (0.68, 0.24, 0.13), (0.52, 0.52, 0.16), (0.17, 0.62, 0.11)]
FLOWERS += [(0.84, 0.56, 0.13), (0.42, 0.12, 0.07), (0.9, 0.1, 0.07), (0.08, 0.12, 0.08)]
PETALS = [["f03a28", "ff7a30", "e0305a"], ["6a58e0", "a070e8", "4a86f0"]]
HEARTS = ["201a30", "f0b000"]


def wash(side: int) -> Image.Image:
    """Poppies and irises in watercolour: transparent washes, dark rims, grain of the paper."""
    rng, paper = default_rng(41), _Paper(side)
    for pigment in ["8fc8ff", "ffd070", "a8e8a8", "ffa8d0", "8fd8f8", "ffc090"]:
        place, axes = rng.uniform(0, 1, 2), rng.uniform(0.22, 0.42, 2)
        paper.lay(place, axes, rng.uniform(0, 3), pigment, 0.5)
    _stems_and_leaves(paper, rng)
    for k, (x, y, r) in enumerate(FLOWERS):
        for petal in range(6):
            turn = petal * np.pi / 3 + rng.uniform(-0.3, 0.3)
            place = (x + 0.55 * r * np.cos(turn), y + 0.55 * r * np.sin(turn))
            paper.lay(place, (0.62 * r, 0.42 * r), turn, PETALS[k % 2][petal % 3], 0.62)
        paper.lay((x, y), (0.22 * r, 0.2 * r), 0, HEARTS[k % 2], 1.5)
    for _ in range(90):
        drop = rng.uniform(0.003, 0.009)
        pigment = rng.choice(["d8281f", "4a3fb0", "2f7a45", "e0a020"])
        paper.lay(rng.uniform(0, 1, 2), (drop, drop), 0, pigment, 0.7)
    return picture(255 * paper.colours.reshape(-1, 3), side)


def _stems_and_leaves(paper: "_Paper", rng: Generator) -> None:
    for x, y, r in FLOWERS:
        foot, top = 0.5 + 0.5 * (x - 0.5), y + 1.15 * r
        turn, length = np.arctan2(1.05 - top, foot - x), 0.36 * (1.05 - top)
        paper.lay(((x + foot) / 2, (top + 1.05) / 2), (length, 0.006), turn, "3f8b4a", 1.2)
    for _ in range(16):
        turn, x, y, length = rng.uniform([-2.4, 0, 0.72, 0.1], [-0.7, 1, 1, 0.2])
        pigment = rng.choice(["4fa860", "8fc850", "3f9a90"])
        paper.lay((x, y), (length, 0.022), turn, pigment, 0.7)


class _Paper:
    """A sheet that takes up pigment: more where a wash blooms, along its rim, and in the grain."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.colours = np.full((side, side, 3), [0.98, 0.965, 0.925])
        self.x, self.y = x, y = [axis.reshape(side, side) for axis in pixel_grid(side)]
        self.edge = noise(42, 6, octaves=5)(x, y)
        self.bloom = 0.35 + 0.75 * noise(43, 4, octaves=4)(x, y)
        self.grain = 0.75 + 0.5 * noise(44, 90, octaves=2)(x, y)

    def lay(self, place, axes, turn: float, pigment: str, strength: float) -> None:
        """Lay one elliptic wash with an uneven edge; only the pixels around it are touched."""
        here = self._window(place, 1.6 * max(axes) + 0.004)
        u, v = self.x[here] - place[0], self.y[here] - place[1]
        u, v = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
        depth = 1.25 - np.hypot(u / axes[0], v / axes[1]) - 0.9 * (self.edge[here] - 0.3)
        depth *= min(axes)  # about the distance to the rim
        inside = 1 / (1 + np.exp(-np.clip(420 * depth, -40, 40)))
        rim = 0.5 * np.exp(-((depth / 0.006) ** 2))
        amount = strength * inside * (self.bloom[here] + rim) * self.grain[here]
        absorbed = 1 - np.array(from_hex(pigment)) / 255
        self.colours[here] *= np.exp(-np.clip(1.1 * amount, 0, 1.8)[..., None] * absorbed)

    def _window(self, place, reach: float) -> tuple[slice, slice]:
        x, y = place
        bounds = np.array([[y - reach, y + reach], [x - reach, x + reach]]) * self.side
        rows, columns = bounds.clip(0, self.side).astype(int)
        return slice(*rows), slice(*columns)


# --- mosaic ---------------------------------------------------------------------------------------

STONE = 0.026  # side of a stone
SUN = np.array([0.56, 0.34])
MARBLE = noise(52, 5, octaves=3)


def mosaic(side: int) -> Image.Image:
    """A sun over the sea in small stones, laid in rings around it and in rows along the waves."""
    rng = default_rng(51)
    canvas = blank(side, "38332c")
    for ring in range(1, round(1.1 / STONE)):
        radius = ring * STONE
        count = round(2 * np.pi * radius / STONE)
        for turn in 2 * np.pi * (np.arange(count) + 0.5 * (ring % 2)) / count:
            x, y = SUN + radius * np.array([np.cos(turn), np.sin(turn)])
            if y <= _waterline(x) and -0.02 < x < 1.02 and y > -0.02:
                _lay_stone(canvas, rng, x, y, turn, _sunlight(x, y, radius, turn))
    for row in range(round(0.5 / STONE)):
        for x in np.arange(-0.01 + STONE / 2 * (row % 2), 1.02, STONE):
            y = _waterline(x) + STONE * (row + 0.5 + 0.042 * row * np.sin(14 * x + row))
            swell = 0.5 + 0.5 * np.sin(14 * x + 0.9 * row + 2 * MARBLE(x, y))
            glitters = abs(x - SUN[0]) < 0.05 + 0.012 * row and rng.random() < 0.45
            tone = ramp(swell, "f6c446" if glitters else "0f2f5f 14608a 1fa0a0 7fd0b8 f2f0d8")
            _lay_stone(canvas, rng, x, y, 0.24 * np.cos(8 * x + 1), tone)
    return canvas


def _waterline(x: float) -> float:
    return 0.63 + 0.03 * np.sin(8 * x + 1)


def _sunlight(x: float, y: float, radius: float, turn: float) -> np.ndarray:
    """Return the colour of a stone of the sun, its rim, or its warm and cold rays."""
    if radius < 0.15:
        return ramp(radius / 0.15, "fff2b0 f9c834 ee8a1d c8501a")
    if radius < 0.18:
        return np.array([122, 26, 24.0])
    shade = np.clip((radius - 0.18) / 0.5 + 0.35 * (MARBLE(x, y) - 0.5), 0, 1)
    warm = np.sin(11 * turn + 0.35 * np.sin(30 * radius)) > 0
    return ramp(shade, "f2b03a e8743a b8405a 5a2a6a" if warm else "f6e2b0 9fd0cf 3f92b8 1f4a8a")


def _lay_stone(
    canvas: Image.Image, rng: Generator, x: float, y: float, turn: float, tone: np.ndarray
) -> None:
    """Draw an uneven square: a darker bevel around the polished face."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.44 * STONE
    corners = corners * rng.uniform(0.88, 1.06, (4, 2))
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    tone = tone + rng.normal(0, 13) + rng.normal(0, 9, 3)
    draw = ImageDraw.Draw(canvas)
    for shrink, lift in [(1, -26), (0.8, 8)]:
        corner = (shrink * corners @ rotation + [x, y]) * canvas.width
        draw.polygon([*map(tuple, corner)], fill=to_rgb(tone + lift))
