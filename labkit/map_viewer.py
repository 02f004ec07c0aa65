"""A map of pictures to zoom into, with the picture under the pointer.

The page in `map_viewer.html` holds everything it needs, so it works without a kernel or a network:
in JupyterLab, in Colab, in a saved notebook and on an exported page. On paper the still picture
stands in its place.
"""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from labkit.images import check_images, to_array
from labkit.panel import render
from labkit.plotting import Figure, mosaic

PAGE = Path(__file__).with_suffix(".html")
QUALITY = 85  # of the JPEG with all pictures


class MapView:
    """What `map_viewer` returns: displays as a page in a frame, or as a still picture."""

    def __init__(self, page: str, png: bytes, alt: str, height: int):
        self.page, self.png, self.alt, self.height = page, png, alt, height

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        """The frame lies over the still picture: where frames are taken away, that is seen."""
        png = base64.b64encode(self.png).decode()
        inner = "position:absolute;top:0;left:0;width:100%;height:100%"
        frame = (
            f'<div style="position:relative;height:{self.height}px;border:1px solid #999">'
            f'<img src="data:image/png;base64,{png}" alt="{html.escape(self.alt)}" '
            f'style="max-width:100%;max-height:100%">'
            f'<iframe srcdoc="{html.escape(self.page)}" title="{html.escape(self.alt)}" '
            f'style="{inner};border:0;background:#fff"></iframe></div>'
        )
        return {"text/html": frame, "image/png": png, "text/plain": self.alt}


def map_viewer(
    coordinates: Tensor,
    thumbnails: Tensor,
    names: Sequence[str] | None = None,
    *,
    still: Any = None,
    alt: str = "",
    height: int = 480,
) -> MapView:
    """Return a map that zooms with the wheel, moves with the pointer, and names what lies under it.

    Args:
        coordinates: (N, 2), x to the right and y up, in any units.
        thumbnails: (N, 3, h, w) in [0, 1].
        names: one a picture, shown beside it; its number if not given.
        still: a picture of the map for printed notebooks; a map of dots if not given.
        alt: what the map shows, for those who listen.
        height: in pixels.
    """
    check_images(thumbnails)
    places, n = torch.as_tensor(coordinates).detach().cpu().double(), len(thumbnails)
    if places.shape != (n, 2) or not places.isfinite().all():
        raise ValueError(
            f"expected finite coordinates of shape ({n}, 2), one row for each thumbnail, got "
            f"shape {tuple(places.shape)} with {int((~places.isfinite()).sum())} that are not"
        )
    names = [f"number {i}" for i in range(n)] if names is None else [str(x) for x in names]
    if len(names) != n:
        raise ValueError(f"expected {n} names, one a thumbnail, got {len(names)}")
    alt = alt or f"A map of {n} pictures."
    png, _ = render(_dots(places) if still is None else still)
    return MapView(_page(_unit(places), thumbnails, names, alt), png, alt, height)


def _unit(places: Tensor) -> Tensor:
    """Return the places within [0, 1], with the same scale on both axes."""
    low, high = places.amin(0), places.amax(0)
    extent = (high - low).max().clamp(min=1e-12)
    return (places - (low + high) / 2) / extent + 0.5


def _page(places: Tensor, thumbnails: Tensor, names: list[str], alt: str) -> str:
    columns = math.ceil(math.sqrt(len(thumbnails)))
    file = io.BytesIO()
    tiles = torch.from_numpy(mosaic(thumbnails, columns, pad=0))  # (3, rows * h, columns * w)
    Image.fromarray(to_array(tiles)).save(file, format="JPEG", quality=QUALITY, subsampling=0)
    data = {
        "places": [[round(x, 5), round(y, 5)] for x, y in places.tolist()],
        "names": names,
        "columns": columns,
        "width": thumbnails.shape[3],
        "height": thumbnails.shape[2],
        "sprite": f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}",
        "alt": alt,
    }
    safe = json.dumps(data).replace("<", "\\u003c")  # a name cannot end the script
    return PAGE.read_text(encoding="utf-8").replace("/*DATA*/", safe)


def _dots(places: Tensor) -> Figure:
    figure = Figure(figsize=(6, 6), layout="constrained")
    ax = figure.subplots()
    ax.scatter(*places.T, s=8)
    ax.set_aspect("equal")
    return figure
