"""A large picture inside a notebook, with a slider for its size and scroll bars to walk through.

No kernel takes part, so the picture still zooms in a saved notebook, in Colab and on a web page.
"""

from __future__ import annotations

import base64
import html
import io
from typing import Any

from PIL import Image
from torch import Tensor

from labkit.images import to_array

QUALITY = 85  # of the JPEG: a map of 2000 pixels stays below a megabyte


def zoomable(picture: Tensor, *, alt: str, height: int = 480, most: int = 4) -> Any:
    """Return a picture that a notebook shows in a frame, whole at first.

    Args:
        picture: (3, H, W) in [0, 1].
        alt: what it shows, for those who listen.
        height: of the frame, in pixels.
        most: the slider goes from 1, the whole picture, to this many times its size.
    Returns: `IPython.display.HTML`.
    """
    from IPython.display import HTML

    if picture.ndim != 3:
        raise ValueError(f"expected one picture of shape (3, H, W), got {tuple(picture.shape)}")
    file = io.BytesIO()
    Image.fromarray(to_array(picture)).save(file, format="JPEG", quality=QUALITY)
    source = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
    resize = (
        "const image = this.closest('figure').querySelector('img'); "
        f"image.style.height = {height - 20} * this.value + 'px'"
    )
    return HTML(
        '<figure style="margin:0">'
        f'<label>zoom <input type="range" min="1" max="{most}" step="0.25" value="1" '
        f'oninput="{html.escape(resize)}"></label>'
        f'<div style="overflow:auto;height:{height}px;border:1px solid #999" tabindex="0">'
        f'<img src="{source}" alt="{html.escape(alt)}" '
        f'style="height:{height - 20}px;max-width:none"></div></figure>'
    )
