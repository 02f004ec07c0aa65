"""Seven paintings made by code: style images with rich colour and brushwork, free of any licence.

Every painting is a function of its pixel count only: places and lengths are fractions of the side,
so any size shows the same composition, and all randomness is seeded.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator, default_rng
from PIL import Image, ImageDraw

from labkit.brushes import blank, blend, from_hex, noise, picture, pixel_grid, ramp, strokes, to_rgb

GROVE = [
    (0.05, 0.06, 0.6),
    (0.17, 0.07, 1),
    (0.26, 0.022, 1.35),
    (0.34, 0.05, 0.5),
    (0.88, 0.07, 0.7),
]
OVERSAMPLING = 2  # PIL draws without antialiasing: draw larger, then shrink


def paint(name: str, size: int) -> np.ndarray:
    """Return the painting `name` as (size, size, 3) uint8; the same picture at any size."""
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"size is {size!r}; expected a positive int, the side in pixels")
    if name not in PAINTINGS:
        raise ValueError(f"No style {name!r}; expected one of {', '.join(PAINTINGS)}")
    canvas = PAINTINGS[name](OVERSAMPLING * size)
    return np.asarray(canvas.resize((size, size), Image.Resampling.LANCZOS))


def swirls(side: int) -> Image.Image:
    """Thick strokes along the eddies of a night sky, over dark hills and lit windows."""
    rng = default_rng(1)
    stars = np.column_stack([rng.uniform(0.03, 0.97, 13), rng.uniform(0.04, 0.5, 13)])
    radii = rng.uniform(0.035, 0.075, 13)
    stars[0], radii[0] = (0.8, 0.17), 0.15
    eddies = [(0.36, 0.36, 0.2), (0.6, 0.47, 0.12), (0.12, 0.3, 0.09)]
    drift, mottle = noise(2, 4, octaves=3), noise(3, 7, octaves=4)

    def hills(x):
        return 0.72 - 0.1 * np.sin(5 * x + 0.6) + 0.035 * np.sin(17 * x)

    def angle(x, y):
        u, v = np.ones_like(x), 0.5 * np.sin(9 * x) + 2 * (drift(x, y) - 0.5)
        for cx, cy, r in [*eddies, *np.column_stack([stars, radii])]:
            pull = 7 * np.exp(-((((x - cx) ** 2 + (y - cy) ** 2) / r**2) ** 1.2) / 1.2)
            u, v = u - pull * (y - cy) / r, v + pull * (x - cx) / r
        ground = y > hills(x)
        return np.where(ground, 0.5 * np.cos(5 * x + 6 * y) + drift(x, y) - 0.5, np.arctan2(v, u))

    def colour(x, y):
        glow = np.zeros_like(x)
        for (cx, cy), r in zip(stars, radii, strict=True):
            distance = np.hypot(x - cx, y - cy) / r
            glow = np.maximum(glow, np.exp(-(distance**2)) * (1 - 0.25 * np.cos(9 * distance)))
        bands = np.zeros_like(x)
        for cx, cy, r in eddies:
            distance = np.hypot(x - cx, y - cy)
            near = np.exp(-((distance / (1.6 * r)) ** 2))
            turn = np.arctan2(y - cy, x - cx)
            bands = np.maximum(bands, near * (0.5 + 0.5 * np.cos(60 * distance - turn)))
        tone = np.clip(0.62 * mottle(x, y) + 0.1 * y + 0.55 * bands, 0, 1)
        sky = ramp(tone, "0b1440 16307a 1f55a8 3f86c4 8fc1cf dfe9c0")
        sky = blend(
            sky, ramp(glow, "4fa3b5 a8d08a f2d64b f9c52e fff6c8"), np.clip(1.5 * glow - 0.2, 0, 1)
        )
        land = ramp(
            np.clip(mottle(y, x) + 0.25 * (0.9 - y), 0, 1), "0a1a24 123a3c 1d5a4a 4f8a4a 20407a"
        )
        windows = (np.sin(70 * x) > 0.86) & (np.sin(52 * y + 14 * x) > 0.88) & (y > 0.8)
        land = blend(land, np.array([245, 190, 60.0]), windows * 0.9)
        return np.where((y > hills(x))[:, None], land, sky)

    canvas = blank(side, "122058")
    for count, length, width in [(2500, 0.1, 0.02), (6000, 0.06, 0.011), (7000, 0.035, 0.007)]:
        strokes(canvas, rng, angle, colour, count=count, length=length, width=width)
    cypress = noise(5, 9, octaves=3)
    strokes(
        canvas,
        rng,
        lambda x, y: -np.pi / 2 + 1.6 * (cypress(x, y) - 0.5),
        lambda x, y: ramp(cypress(y, x), "060d10 0d2a1c 1c4a26 5a5a22 0a1822"),
        count=14000,
        length=0.08,
        width=0.009,
        within=lambda x, y: (
            np.abs(x - 0.13) < 0.065 * np.sin(np.pi * np.clip((y - 0.2) / 1.1, 0, 1))
        ),
    )
    return canvas


def dots(side: int) -> Image.Image:
    """A river in evening light, in dots of divided colour: every tone is mixed in the eye."""
    rng = default_rng(11)
    mottle = noise(12, 5, octaves=4)

    def colour(x, y):
        bank = 0.4 + 0.02 * np.sin(11 * x)
        crowns = [0.2 * np.exp(-(((x - at) / wide) ** 4)) * high for at, wide, high in GROVE]
        trees = bank - 0.03 - 0.05 * mottle(x, 3 * x) - np.max(crowns, axis=0)
        height = np.where(y < bank, y, 2 * bank - y)  # the water mirrors what stands above it
        sun = np.exp(-((np.hypot(x - 0.68, height - 0.24) / 0.13) ** 2))
        sky = ramp(np.clip(height / 0.42, 0, 1), "5f8fd0 8fb4e0 d9c4d8 f6c9a0 fbd779")
        sky = blend(sky, np.array([255, 238, 150.0]), sun)
        wood = ramp(mottle(x, height), "2a2f6b 2f5f5a 4f8a45 9ab04a")
        view = np.where(((height > trees) & (height < bank))[:, None], wood, sky)
        ripple = 0.22 * (np.sin(150 * y + 9 * mottle(x, y)) > 0.2) * (y > bank)
        view = blend(view, np.array([44, 84, 150.0]), ripple + 0.12 * (y > bank))
        shore = 0.66 + 0.26 * x + 0.03 * np.sin(13 * x)
        grass = ramp(
            np.clip(mottle(y, x) + 0.6 * (shore + 0.12 - y), 0, 1), "1f4a52 3f7f3a 86ad3f d9cf5a"
        )
        flowers = (mottle(3 * x, 3 * y) > 0.77)[:, None]
        grass = np.where(flowers, np.array([226, 96, 84.0]), grass)
        return np.where((y > shore)[:, None], grass, view)

    canvas = blank(side, "efe6cf")
    draw = ImageDraw.Draw(canvas)
    for count, radius in [(5000, 0.012), (12000, 0.0075), (14000, 0.0052)]:
        x, y = rng.uniform(-0.01, 1.01, (2, count))
        tones = colour(x, y)
        # One dot in four leans to the complementary colour, the others to a neighbouring hue.
        opposite = 255 + tones.min(1, keepdims=True) - tones
        lean = np.where(rng.random((count, 1)) < 0.25, 0.3, 0)
        tones = tones + lean * (opposite - tones) + rng.normal(0, 24, (count, 3))
        radii = radius * rng.uniform(0.6, 1.15, count) * side
        for cx, cy, r, tone in zip(x * side, y * side, radii, tones, strict=True):
            draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=to_rgb(tone))
    return canvas


def glass(side: int) -> Image.Image:
    """A rose window: panes around a centre in jewel colours, held by dark lead."""
    from sklearn.neighbors import KDTree

    rng = default_rng(21)
    seeds, codes = [np.array([[0.5, 0.5]])], ["f7d046"]
    rings = [
        (0.09, 8, "c1121f"),
        (0.17, 16, "f28c28 1d3f9e"),
        (0.255, 16, "1f7a4d e9b82c"),
        (0.335, 32, "1a2f8f 7a1fa2"),
        (0.425, 32, "c1121f 1289a7 e2571e 1d3f9e"),
        (0.515, 48, "f2c230 0f6b5c 43188f"),
    ]
    for k, (radius, count, palette) in enumerate(rings):
        turn = 2 * np.pi * (np.arange(count) + k % 2 / 2) / count
        wobble = radius + rng.normal(0, 0.004, count)
        seeds.append(0.5 + np.column_stack([wobble * np.cos(turn), wobble * np.sin(turn)]))
        colours = palette.split()
        codes += [colours[i % len(colours)] for i in range(count)]
    outside = rng.uniform(0, 1, (260, 2))
    outside = outside[np.hypot(*(outside - 0.5).T) > 0.56]
    codes += list(rng.choice("14213d 1d3557 234e70 5b2a86 2a6f97".split(), len(outside)))
    x, y = pixel_grid(side)
    distances, nearest = KDTree(np.vstack([*seeds, outside])).query(np.column_stack([x, y]), k=2)
    panes = np.array([from_hex(code) for code in codes], dtype=float)
    panes += rng.normal(0, 18, panes.shape)
    streaks = noise(22, 10, octaves=4)
    light = (
        0.55 + 0.75 * streaks(x + 0.05 * streaks(y, x), 2 * y) - 0.35 * np.hypot(x - 0.4, y - 0.35)
    )
    gap = distances[:, 1] - distances[:, 0]
    light += 0.25 * np.exp(-(((gap - 0.02) / 0.012) ** 2))  # thin glass glows beside the lead
    colour = panes[nearest[:, 0]] * light[:, None] + 40 * np.clip(light - 0.9, 0, 1)[:, None]
    lead = ramp(np.clip(gap / 0.012, 0, 1) * streaks(2 * x, 2 * y), "08080c 1c1c22 4a4744")
    return picture(blend(colour, lead, np.clip((0.0115 - gap) / 0.003, 0, 1)), side)


def waves(side: int) -> Image.Image:
    """Breaking waves as in a colour woodcut: few inks, carved lines, foam like claws."""
    rng = default_rng(31)
    x, y = pixel_grid(side)
    grain = noise(32, 6, octaves=4)
    fibres = 9 * np.sin(260 * y + 30 * grain(x / 4, y)) + 22 * (grain(x, y) - 0.5)
    sky = ramp(np.clip(1.5 * y + 0.06 * grain(x, y), 0, 1), "b9a58a e6d3ac f3e6c8 efd9b4")
    disc = np.clip((0.115 - np.hypot(x - 0.68, y - 0.2)) * 300, 0, 1)
    sky = blend(sky, np.array([196, 62, 44.0]), disc) + fibres[:, None]
    canvas = picture(sky, side)
    draw = ImageDraw.Draw(canvas)
    inks = ["12264f", "e9e2cc", "1f4e86", "a9c4cc", "2c6aa0", "12264f", "d9dcc9", "18386e"]
    layers = [(0.44, 0.05, 4.1, 0.5), (0.54, 0.1, 2.6, 3.9), (0.66, 0.14, 1.9, 1.3)]
    for base, height, count, phase in [*layers, (0.85, 0.17, 1.45, 4.3), (1.02, 0.12, 2.2, 0.2)]:
        turn = np.linspace(-4, 2 * np.pi * count + 4, 1500)
        lift = np.exp(1.1 * (np.cos(turn + phase) - 1)) * (1 + 0.15 * np.sin(0.7 * turn))  # peaked
        across = turn / (2 * np.pi * count) + 0.95 * height * lift**2.2  # crests lean and overhang
        crest = np.column_stack([across, base - height * (2 * lift - 0.6)])
        for band in range(16):
            drop = height * (0.0 + 0.17 * band + 0.012 * band**2)
            squeeze = np.exp(-0.16 * band)  # carved lines flatten with depth
            line = crest * [1, squeeze] + [0, base * (1 - squeeze) + drop]
            line[:, 0] -= 0.035 * band * height * lift
            polygon = np.vstack([line, [[1.2, 1.3], [-0.2, 1.3]]]) * side
            draw.polygon([*map(tuple, polygon)], fill=to_rgb(np.array(from_hex(inks[band % 8]))))
        _foam(draw, rng, crest, lift, height, side)
    return canvas


def _foam(
    draw: ImageDraw.ImageDraw,
    rng: Generator,
    crest: np.ndarray,
    lift: np.ndarray,
    height: float,
    side: int,
) -> None:
    """Scatter foam along the crest, dense and large where the wave is high."""
    near = np.flatnonzero(rng.random(len(crest)) < 0.9 * lift**1.5)
    for i in near:
        x, y = crest[i] + rng.normal(0, 0.07 * height, 2) + [0.05 * height, -0.02 * height]
        r = height * rng.uniform(0.02, 0.085) * (0.4 + lift[i])
        box = np.array([x - r, y - r, x + r, y + r]) * side
        width = max(1, round(0.0022 * side))
        draw.ellipse(tuple(box), fill=from_hex("f4efe0"), outline=from_hex("1f4e86"), width=width)


def wash(side: int) -> Image.Image:
    """Poppies and irises in watercolour: transparent washes, dark rims, grain of the paper."""
    rng = default_rng(41)
    x, y = (axis.reshape(side, side) for axis in pixel_grid(side))
    edge, bloom, grain = noise(42, 6, octaves=5), noise(43, 4, octaves=4), noise(44, 90, octaves=2)
    edge, bloom, grain = edge(x, y), bloom(x, y), grain(x, y)
    paper = np.full((side, side, 3), [0.98, 0.965, 0.925])

    def lay(cx, cy, long, short, turn, pigment, strength=0.7):
        reach = 1.6 * max(long, short) + 0.004
        rows = slice(*np.clip([(cy - reach) * side, (cy + reach) * side], 0, side).astype(int))
        columns = slice(*np.clip([(cx - reach) * side, (cx + reach) * side], 0, side).astype(int))
        here = (rows, columns)
        u, v = x[here] - cx, y[here] - cy
        u, v = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
        depth = 1.25 - np.hypot(u / long, v / short) - 0.9 * (edge[here] - 0.3)
        inside = 1 / (1 + np.exp(-np.clip(depth * min(long, short) * 420, -40, 40)))
        rim = 0.5 * np.exp(-((depth * min(long, short) / 0.006) ** 2))
        amount = strength * inside * (0.35 + 0.75 * bloom[here] + rim) * (0.75 + 0.5 * grain[here])
        dye = 1 - np.array(from_hex(pigment)) / 255
        paper[here] *= np.exp(-np.clip(1.1 * amount, 0, 1.8)[..., None] * dye)

    for pigment in "8fc8ff ffd070 a8e8a8 ffa8d0 8fd8f8 ffc090".split():
        lay(*rng.uniform(0, 1, 2), *rng.uniform(0.22, 0.42, 2), rng.uniform(0, 3), pigment, 0.5)
    heads = [(0.3, 0.3, 0.15), (0.68, 0.24, 0.13), (0.52, 0.52, 0.16), (0.17, 0.62, 0.11)]
    heads += [(0.84, 0.56, 0.13), (0.42, 0.12, 0.07), (0.9, 0.1, 0.07), (0.08, 0.12, 0.08)]
    for cx, cy, r in heads:
        foot, top = 0.5 + 0.5 * (cx - 0.5), cy + 1.15 * r
        slant = np.arctan2(1.05 - top, foot - cx)
        lay((cx + foot) / 2, (top + 1.05) / 2, 0.36 * (1.05 - top), 0.006, slant, "3f8b4a", 1.2)
    for _ in range(16):
        turn = rng.uniform(-2.4, -0.7)
        lay(
            rng.uniform(0, 1),
            rng.uniform(0.72, 1),
            rng.uniform(0.1, 0.2),
            0.022,
            turn,
            str(rng.choice(["4fa860", "8fc850", "3f9a90"])),
        )
    for k, (cx, cy, r) in enumerate(heads):
        pigments = [["f03a28", "ff7a30", "e0305a"], ["6a58e0", "a070e8", "4a86f0"]][k % 2]
        for petal in range(6):
            turn = petal * np.pi / 3 + rng.uniform(-0.3, 0.3)
            lay(
                cx + 0.55 * r * np.cos(turn),
                cy + 0.55 * r * np.sin(turn),
                0.62 * r,
                0.42 * r,
                turn,
                pigments[petal % 3],
                0.62,
            )
        lay(cx, cy, 0.22 * r, 0.2 * r, 0, ["201a30", "f0b000"][k % 2], 1.5)
    for _ in range(90):
        drop = rng.uniform(0.003, 0.009)
        lay(
            *rng.uniform(0, 1, 2),
            drop,
            drop,
            0,
            str(rng.choice(["d8281f", "4a3fb0", "2f7a45", "e0a020"])),
        )
    return picture(255 * paper.reshape(-1, 3), side)


def mosaic(side: int) -> Image.Image:
    """A sun over the sea in small stones, laid in rings around it and in rows along the waves."""
    rng = default_rng(51)
    canvas = blank(side, "38332c")
    draw = ImageDraw.Draw(canvas)
    stone, centre = 0.026, np.array([0.56, 0.34])
    mottle = noise(52, 5, octaves=3)

    def shore(x):
        return 0.63 + 0.03 * np.sin(8 * x + 1)

    def lay(x, y, turn, tone):
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.44 * stone
        corners = corners * rng.uniform(0.88, 1.06, (4, 2))
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        tone = tone + rng.normal(0, 13) + rng.normal(0, 9, 3)
        for shrink, lift in [(1, -26), (0.8, 8)]:  # a darker bevel around the polished face
            corner = (shrink * corners @ rotation + [x, y]) * side
            draw.polygon([*map(tuple, corner)], fill=to_rgb(tone + lift))

    for ring in range(1, round(1.1 / stone)):
        radius = ring * stone
        count = round(2 * np.pi * radius / stone)
        for turn in 2 * np.pi * (np.arange(count) + 0.5 * (ring % 2)) / count:
            x, y = centre + radius * np.array([np.cos(turn), np.sin(turn)])
            if y > shore(x) or not -0.02 < x < 1.02 or y < -0.02:
                continue
            ray = 0.5 + 0.5 * np.sign(np.sin(11 * turn + 0.35 * np.sin(30 * radius)))
            if radius < 0.15:
                tone = ramp(np.array(radius / 0.15), "fff2b0 f9c834 ee8a1d c8501a")
            elif radius < 0.18:
                tone = np.array([122, 26, 24.0])
            else:
                shade = np.clip((radius - 0.18) / 0.5 + 0.35 * (mottle(x, y) - 0.5), 0, 1)
                warm, cold = "f2b03a e8743a b8405a 5a2a6a", "f6e2b0 9fd0cf 3f92b8 1f4a8a"
                tone = ramp(np.array(shade), warm if ray > 0.5 else cold)
            lay(x, y, turn, tone)
    for row in range(round(0.5 / stone)):
        for x in np.arange(-0.01 + stone / 2 * (row % 2), 1.02, stone):
            y = shore(x) + (row + 0.5) * stone + 0.35 * row * stone * 0.12 * np.sin(14 * x + row)
            swell = 0.5 + 0.5 * np.sin(14 * x + 0.9 * row + 2 * mottle(x, y))
            tone = ramp(np.array(swell), "0f2f5f 14608a 1fa0a0 7fd0b8 f2f0d8")
            glitter = abs(x - centre[0]) < 0.05 + 0.012 * row and rng.random() < 0.45
            lay(x, y, 0.24 * np.cos(8 * x + 1), np.array([246, 196, 70.0]) if glitter else tone)
    return canvas


def flames(side: int) -> Image.Image:
    """An expressionist burning sky: long bands of fire bend over a dark, turning fjord."""
    rng = default_rng(61)
    bend, mottle = noise(62, 3, octaves=2), noise(63, 9, octaves=3)

    def level(x, y):
        sky = y + 0.34 * (bend(x, y) - 0.5) + 0.05 * np.sin(7 * x + 4 * y)
        fjord = 0.9 * np.hypot((x - 0.62) / 1.3, y - 0.8) + 0.16 * (bend(y, x) - 0.5)
        return np.where(y < horizon(x), sky, fjord)

    def horizon(x):
        return 0.55 + 0.05 * np.sin(4 * x + 2) - 0.05 * x

    def angle(x, y):
        step = 1e-3
        across = level(x + step, y) - level(x - step, y)
        return np.arctan2(-across, level(x, y + step) - level(x, y - step))

    def colour(x, y):
        band = 0.5 + 0.5 * np.sin(46 * level(x, y) + 2 * mottle(x, y))
        heat = np.clip(0.75 * band + 0.5 * (y - 0.2), 0, 1)
        fire = ramp(heat, "7a1016 c8241a e8501c f28a1e f9c03a fbe68a")
        cold = ramp(
            np.clip(0.8 * band + 0.2 * mottle(y, x), 0, 1), "0a1426 14305a 1f5a6a 3f8a7a c8803a"
        )
        return np.where((y < horizon(x))[:, None], fire, cold)

    canvas = blank(side, "5a1a1a")
    for count, length, width in [(1500, 0.22, 0.024), (3500, 0.16, 0.014), (4500, 0.1, 0.008)]:
        strokes(canvas, rng, angle, colour, count=count, length=length, width=width)
    planks = noise(64, 6, octaves=3)
    strokes(
        canvas,
        rng,
        lambda x, y: np.full_like(x, -0.62),
        lambda x, y: ramp(planks(x + y, 6 * (y + 0.71 * x)), "2a1410 5a2a1a 8a4a24 c07a3a 3a2a3a"),
        count=4500,
        length=0.2,
        width=0.012,
        within=lambda x, y: y > 1.18 - 0.71 * x,
    )
    return canvas


PAINTINGS: dict[str, Callable[[int], Image.Image]] = {
    "swirls": swirls,
    "dots": dots,
    "glass": glass,
    "waves": waves,
    "wash": wash,
    "mosaic": mosaic,
    "flames": flames,
}
