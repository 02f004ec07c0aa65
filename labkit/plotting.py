"""Arrays in, a Matplotlib figure out: titles, scales, and alternative text for those who listen.

Arrays are NumPy's or torch's. A wrong shape is a ValueError that names the shape expected and the
one that came; so are values that are NaN or infinite, which would be drawn as nothing.
"""

from __future__ import annotations

import base64
import html
import io
import math
import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure as MatplotlibFigure
from numpy.typing import ArrayLike

WIDTH = 10.0  # inches, at most: a narrow notebook, a printed page
SMALL = 9  # points
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe-Ito
DASHES = ("-", "--", "-.", ":")


class Figure(MatplotlibFigure):
    """A figure that a notebook shows once, with its alternative text.

    pyplot never hears of it, so none stays open and none is drawn twice: it appears as the last
    expression of a cell or through `display(figure)`, and `savefig` works as ever. Neither
    JupyterLab nor nbconvert's default template gives alternative text to a PNG, so the picture
    travels as an HTML image too, which both prefer.
    """

    alt = ""

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=100, metadata={"Description": self.alt})
        png = base64.b64encode(file.getvalue()).decode()
        alt = html.escape(self.alt, quote=True)
        image = f'<img src="data:image/png;base64,{png}" alt="{alt}" style="max-width: 100%">'
        data = {"text/html": image, "image/png": png, "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}


def show_images(
    images: ArrayLike,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    *,
    contrast: float | None = None,
    center: float | None = None,
    title: str = "",
    alt: str = "",
) -> Figure:
    """Show images side by side.

    Args:
        images: (N, 3, H, W), or a list of (3, H, W) of any sizes, in [0, 1].
        titles: one an image.
        contrast: stretch each image by this percentile, as `stretch` does, and say so.
        center: the value that `contrast` maps to mid-grey, 0 for a gradient or a difference.
    """
    pictures, note = _images(images), ""
    if contrast is not None:
        pictures, notes = zip(*(stretch(p, contrast, center) for p in pictures), strict=True)
        note = "; ".join(dict.fromkeys(notes))
    elif any(p.min() < -1e-4 or p.max() > 1 + 1e-4 for p in pictures):
        note = "values outside [0, 1] are clipped"
    names, what = _titles(titles, len(pictures)), _count(len(pictures), "image")
    columns = min(columns or 5, len(pictures))
    if titles is None and len({p.shape for p in pictures}) == 1:
        pictures, names = [mosaic(pictures, columns, pad=pictures[0].shape[2] // 40 + 1)], [""]
        figure, axes = _grid(names, 1, _aspect(pictures), cell=min(WIDTH, 3.2 * columns))
    else:
        figure, axes = _grid(names, columns, _aspect(pictures))
    for ax, picture in zip(axes, pictures, strict=True):
        ax.imshow(_hwc(picture))
    return _finish(figure, title, note, alt or _sentence(title, what, names, note))


def show_maps(
    maps: ArrayLike,
    columns: int | None = None,
    *,
    per_map: bool = False,
    signed: bool = False,
    cmap: str | None = None,
    label: str = "activation",
    title: str = "",
    alt: str = "",
) -> Figure:
    """Show the maps of one layer as one mosaic, numbered along its sides.

    Args:
        maps: (C, h, w).
        per_map: scale every map from its own minimum to its own maximum; one scale otherwise.
        signed: diverging colours with zero in the middle.
        cmap: Matplotlib's name of a colour map; grey, or red and blue when signed.
        label: what the colour means, for the colour bar.
    """
    maps = _array(maps, "maps", "(C, h, w)", 3)
    columns = min(columns or _columns(len(maps)), len(maps))
    norm = Normalize(0, 1) if per_map else _norm(maps, signed)
    shown = np.stack([np.asarray(_norm(m, signed)(m)) for m in maps]) if per_map else maps
    width, height = _mosaic_size(maps, columns)
    flat = height < 3  # too low for an upright colour bar and its label
    figure = Figure(figsize=(width, height + 0.8 * flat), layout="compressed")
    ax = figure.subplots()
    picture = ax.imshow(
        mosaic(shown, columns, fill=np.nan),
        cmap=_cmap(cmap or ("RdBu_r" if signed else "gray")),
        norm=norm,
        interpolation="nearest",
    )
    _number_tiles(ax, maps.shape, columns)
    bar = figure.colorbar(picture, ax=ax, shrink=0.8, location="bottom" if flat else "right")
    if per_map:
        bar.set_ticks([0, 0.5, 1], labels=("-max", "0", "max") if signed else ("min", "", "max"))
    if len(maps) > 1:
        label += ", every map on its own scale" if per_map else ", one scale for all maps"
    bar.set_label(label, fontsize=SMALL)
    span = f"values from {maps.min():.3g} to {maps.max():.3g}"
    return _finish(
        figure, title, "", alt or _sentence(title, _count(len(maps), "map"), [label, span])
    )


def show_saliency(
    images: ArrayLike,
    maps: ArrayLike,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    *,
    percentile: float = 99.0,
    title: str = "",
    alt: str = "",
) -> Figure:
    """Show each image above its map; the display is clipped at a percentile, which is stated.

    Args:
        images: (N, 3, H, W) in [0, 1].
        maps: (N, H, W). All >= 0: dark is 0. Otherwise: red and blue, with 0 white.
        percentile: of each map's absolute values, drawn at full strength.
    """
    pictures, maps = _images(images), _array(maps, "maps", "(N, H, W)", 3)
    if len(pictures) != len(maps):
        raise ValueError(f"expected a map for each of {len(pictures)} images, got {len(maps)} maps")
    names, signed = _titles(titles, len(maps)), bool(maps.min() < 0)
    figure, axes = _grid(names, min(columns or 5, len(maps)), _aspect(pictures), bands=2)
    for above, below, picture, values in zip(axes[::2], axes[1::2], pictures, maps, strict=True):
        norm = _norm(values, signed, percentile, low=0)
        above.imshow(_hwc(picture))
        below.imshow(values, cmap=_cmap("RdBu_r" if signed else "magma"), norm=norm)
        ends = ("blue", "red") if signed else ("black", "bright")
        scale = f"{ends[0]} {norm.vmin:.2g}, {ends[1]} {norm.vmax:.2g}"
        below.set_xlabel(scale, fontsize=SMALL)
    note = f"display clipped at the {_ordinal(percentile)} percentile of each map"
    what = f"{_count(len(maps), 'image')}, each above its map"
    return _finish(figure, title, note, alt or _sentence(title, what, names, note))


def overlay(
    image: ArrayLike,
    map: ArrayLike,
    *,
    alpha: float = 0.5,
    percentile: float | None = None,
    label: str = "",
    title: str = "",
    alt: str = "",
) -> Figure:
    """Lay a map over the grey image, with a colour bar.

    Args:
        image: (3, H, W) in [0, 1].
        map: (h, w), stretched to the image: an occlusion map has fewer cells than the image.
        alpha: opacity of the map.
        percentile: clip the display there and say so.
        label: what the colour means.
    """
    picture, values = _images([image])[0], _array(map, "map", "(h, w)", 2)
    signed = bool(values.min() < 0)
    _, height, width = picture.shape
    figure = Figure(figsize=(6, 4.9 * height / width), layout="compressed")
    ax = figure.subplots()
    ax.imshow(picture.mean(0), cmap="gray", vmin=0, vmax=1)
    shown = ax.imshow(
        values,
        cmap=_cmap("RdBu_r" if signed else "viridis"),
        norm=_norm(values, signed, percentile or 100),
        alpha=alpha,
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        interpolation="nearest",
    )
    _bare(ax)
    figure.colorbar(shown, ax=ax, shrink=0.85).set_label(label, fontsize=SMALL)
    clipped = percentile is not None
    note = f"display clipped at the {_ordinal(percentile)} percentile" if clipped else ""
    span = f"values from {values.min():.3g} to {values.max():.3g}"
    return _finish(figure, title, note, alt or _sentence(title, "map over image", [label, span]))


def show_curves(
    curves: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    *,
    x: Sequence[float] | None = None,
    log: bool = False,
    title: str = "",
    alt: str = "",
) -> Figure:
    """Draw one line a name, told apart by colour and by dashes.

    Args:
        curves: name -> values.
        x: where the values lie; 0, 1, 2, ... if not given.
        log: logarithmic vertical axis.
    """
    if not curves:
        raise ValueError("expected at least one curve, got an empty mapping")
    figure = Figure(figsize=(6.5, 3.6), layout="constrained")
    ax = figure.subplots()
    ends = []
    for i, (name, values) in enumerate(curves.items()):
        values = _array(values, f"curve {name!r}", "(n,)", 1)
        at = np.arange(len(values)) if x is None else _array(x, "x", f"({len(values)},)", 1)
        if len(at) != len(values):
            raise ValueError(f"curve {name!r} has {len(values)} values for {len(at)} places in x")
        style = {"color": COLOURS[i % 7], "linestyle": DASHES[i % 4], "linewidth": 1.8}
        ax.plot(at, values, label=name, marker="o" if len(values) < 16 else "", **style)
        ends.append(f"{name}: {values[0]:.3g} to {values[-1]:.3g}")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.grid(alpha=0.3)
    if len(curves) < 4:
        ax.legend(fontsize=SMALL)
    else:  # no corner of the axes is free
        figure.legend(fontsize=SMALL, loc="outside right center")
    if log:
        ax.set_yscale("log")
    what = f"curves of {ylabel} over {xlabel}"
    return _finish(figure, title, "", alt or _sentence(title, what, ends))


def show_filters(
    weights: ArrayLike, columns: int | None = None, *, title: str = "", alt: str = ""
) -> Figure:
    """Show first-layer filters as colour images, each from its own minimum to its own maximum.

    Args:
        weights: (F, 3, k, k).
    """
    weights = _array(weights, "weights", "(F, 3, k, k)", 4)
    if weights.shape[1] != 3:
        raise ValueError(
            f"expected weights of shape (F, 3, k, k), got {weights.shape}: only filters that look "
            "at colours are colour images; show the others as maps, show_maps(weights[0])"
        )
    scaled = np.stack([np.asarray(Normalize()(filter)) for filter in weights])
    columns = min(columns or _columns(len(weights)), len(weights))
    figure = Figure(figsize=_mosaic_size(weights, columns, bar=0), layout="compressed")
    ax = figure.subplots()
    ax.imshow(_hwc(mosaic(scaled, columns)), interpolation="nearest")
    _number_tiles(ax, weights.shape, columns, "filter")
    note = "each filter scaled from its own minimum (black) to its own maximum"
    size = f"{_count(len(weights), 'filter')} of {weights.shape[2]} x {weights.shape[3]} pixels"
    return _finish(figure, title, note, alt or _sentence(title, size, [], note))


def mosaic(
    pictures: ArrayLike, columns: int | None = None, pad: int = 1, fill: float = 1.0
) -> np.ndarray:
    """Return all pictures in one array, row by row: far faster to draw than as many subplots.

    Args:
        pictures: (N, 3, h, w) or (N, h, w).
        columns: about as many as rows if not given.
        pad: pixels between the tiles, which have the value `fill`, as have missing tiles.
    Returns: (3, H, W) or (H, W) float32.
    """
    pictures = _array(pictures, "pictures", "(N, 3, h, w) or (N, h, w)", 3, 4)
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    *lead, height, width = pictures.shape[1:]
    size = (rows * (height + pad) - pad, columns * (width + pad) - pad)
    canvas = np.full((*lead, *size), fill, np.float32)
    for i, picture in enumerate(pictures):
        top, left = i // columns * (height + pad), i % columns * (width + pad)
        canvas[..., top : top + height, left : left + width] = picture
    return canvas


def stretch(
    image: ArrayLike, percentile: float = 99.0, center: float | None = None
) -> tuple[np.ndarray, str]:
    """Return the image with visible contrast, and the sentence that owns up to it.

    Args:
        image: any shape and range.
        percentile: what lies between this percentile and its mirror image, 100 - percentile,
            fills [0, 1]; what lies outside is clipped.
        center: if given, this value becomes 0.5 and both sides are stretched alike; the
            percentile is that of the distance from it.
    Where the percentiles coincide, as in a map that is almost everywhere 0, the extremes count.
    """
    values = _array(image, "image", "any shape")
    if not 50 < percentile <= 100:
        raise ValueError(f"expected a percentile above 50 and up to 100, got {percentile:g}")
    if center is None:
        low, high = np.percentile(values, [100 - percentile, percentile])
        note = (
            f"contrast stretched: {_ordinal(100 - percentile)} to {_ordinal(percentile)} percentile"
        )
    else:
        reach = np.percentile(np.abs(values - center), percentile)
        low, high = center - reach, center + reach
        note = (
            f"contrast stretched to the {_ordinal(percentile)} percentile about {center:g} (grey)"
        )
    if high <= low and percentile < 100:  # all but a few values are equal: those few shall be seen
        return stretch(values, 100, center)
    if high <= low:
        return np.full_like(values, 0.5), "constant, shown as mid-grey"
    return np.clip((values - low) / (high - low), 0, 1), note


# What comes in


def _array(values: ArrayLike, name: str, expected: str, *ndims: int) -> np.ndarray:
    """Return float32 values; torch tensors are known by their methods, torch is not imported."""
    array = np.asarray(_without_torch(values), dtype=np.float32)
    if (ndims and array.ndim not in ndims) or array.size == 0:
        raise ValueError(f"expected {name} of shape {expected}, got {array.shape}")
    if bad := int((~np.isfinite(array)).sum()):
        raise ValueError(f"{name} of shape {array.shape} has {bad} values that are NaN or infinite")
    return array


def _without_torch(values: ArrayLike) -> ArrayLike:
    """Return NumPy's array of a tensor, also of those in a list, such as the losses of a loop."""
    if hasattr(values, "detach"):
        return values.detach().float().cpu().numpy()
    return [_without_torch(v) for v in values] if isinstance(values, list | tuple) else values


def _images(images: ArrayLike) -> list[np.ndarray]:
    pictures = [_array(image, "each image", "(3, H, W)", 3) for image in images]
    wrong = [p.shape for p in pictures if p.shape[0] != 3]
    if wrong or not pictures:
        got = wrong[0] if wrong else "none"
        raise ValueError(
            f"expected images of shape (N, 3, H, W), or a list of (3, H, W), got {got}"
        )
    return pictures


def _titles(titles: Sequence[str] | None, n: int) -> list[str]:
    titles = [""] * n if titles is None else [str(title) for title in titles]
    if len(titles) != n:
        raise ValueError(f"expected {n} titles, one an image, got {len(titles)}")
    return titles


# How it is laid out


def _grid(
    titles: Sequence[str], columns: int, aspect: float, bands: int = 1, cell: float | None = None
) -> tuple[Figure, list[Axes]]:
    """Return a bare axes for each title; with `bands` 2, each is followed by the one below it."""
    rows = math.ceil(len(titles) / columns)
    cell = cell or min(3.2 if len(titles) > 1 else 4.5, WIDTH / columns)
    text = 0.25 * bands * any(titles)
    size = (cell * columns, rows * (bands * cell * aspect + text))
    figure = Figure(figsize=size, layout="constrained" if bands == 1 else "compressed")
    grid = figure.subplots(rows * bands, columns, squeeze=False)
    tiles = grid.reshape(rows, bands, columns).transpose(0, 2, 1).reshape(-1, bands)
    for ax in grid.flat:
        _bare(ax)
    for ax in tiles[len(titles) :].flat:
        ax.remove()
    for (ax, *_), title in zip(tiles, titles, strict=False):
        ax.set_title(textwrap.fill(title, int(11 * cell)), fontsize=SMALL + 1)
    return figure, list(tiles[: len(titles)].flat)


def _aspect(pictures: Sequence[np.ndarray]) -> float:
    return max(p.shape[1] / p.shape[2] for p in pictures)


def _columns(n: int) -> int:
    """Powers of two, so that rows begin at round numbers."""
    return 8 if n <= 64 else 16 if n <= 256 else 32


def _mosaic_size(tiles: np.ndarray, columns: int, bar: float = 1.2) -> tuple[float, float]:
    height, width = tiles.shape[-2:]
    inner = min(WIDTH - bar - 0.5, max(4.0, 0.9 * columns))
    rows = math.ceil(len(tiles) / columns)
    return inner + bar + 0.5, inner * rows * height / (columns * width) + 0.5


def _number_tiles(ax: Axes, shape: tuple, columns: int, what: str = "channel") -> None:
    """A tile's number is that of its row plus that of its column."""
    n, height, width = shape[0], *shape[-2:]
    if n == 1:
        return _bare(ax)
    rows = math.ceil(n / columns)
    steps = range(0, columns, math.ceil(columns / 16))
    plus = "+" * (rows > 1)
    ax.set_xticks([(width + 1) * c + width / 2 - 0.5 for c in steps], [f"{plus}{c}" for c in steps])
    steps = range(0, rows, math.ceil(rows / 16)) if rows > 1 else ()
    ticks = [(height + 1) * r + height / 2 - 0.5 for r in steps]
    ax.set_yticks(ticks, [str(r * columns) for r in steps])
    ax.set_xlabel(f"{what} = row + column" if rows > 1 else what, fontsize=SMALL)
    ax.tick_params(length=0, labelsize=SMALL)
    ax.spines[:].set_visible(False)


def _norm(
    values: np.ndarray, signed: bool, percentile: float = 100, low: float | None = None
) -> Normalize:
    """Return the scale from smallest (or `low`) to largest value, or symmetric about zero."""
    size = np.abs(values) if signed else values
    high = float(np.percentile(size, percentile)) or float(size.max())
    if signed:
        return Normalize(-(high or 1.0), high or 1.0)
    return Normalize(float(values.min()) if low is None else low, high)


def _cmap(name: str) -> Colormap:
    return matplotlib.colormaps[name].with_extremes(bad="white")  # NaN: between the tiles


def _hwc(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture, 0, 1).transpose(1, 2, 0)


def _bare(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _ordinal(percentile: float) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(int(percentile) % 10, "th")
    teens = 10 < percentile % 100 < 14 or percentile != int(percentile)
    return f"{percentile:g}{'th' if teens else ending}"


def _finish(figure: Figure, title: str, note: str, alt: str) -> Figure:
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.35 * bool(title) + 0.3 * bool(note))
    if title:
        figure.suptitle(textwrap.fill(title, int(9 * width)), fontsize=SMALL + 3)
    if note:
        figure.supxlabel(textwrap.fill(note, int(12 * width)), fontsize=SMALL)
    figure.alt = alt
    return figure


def _sentence(title: str, what: str, details: Sequence[str], note: str = "") -> str:
    parts = [title, what, "; ".join(d for d in details if d), note]
    return ". ".join(part for part in parts if part) + "."


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"
