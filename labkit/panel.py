"""What a notebook shows of a widget: knobs, a picture, a text; and a picture that stays.

A cell gets two outputs: the still picture, which is an ordinary output, and the live panel, which
hides it. So the picture stands in exported, printed and reopened notebooks, and never twice.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import torch
from ipywidgets import HTML, HBox, Image, Layout, VBox, Widget
from PIL import Image as Picture

from labkit.images import check_images, to_array
from labkit.knobs import Settings, make_knob
from labkit.plotting import mosaic
from labkit.report import inline

VIEW = "application/vnd.jupyter.widget-view+json"
SMALLEST = 224  # pixels: a smaller picture is enlarged


class Panel:
    """Knobs above a picture above a text; shown by `display(panel)`."""

    def __init__(self, knobs: Mapping[str, Any], buttons: Sequence[Widget] = (), still: Any = None):
        """Take {name: what `make_knob` takes}, and a picture to begin with."""
        self.knobs = {name: make_knob(name, knob) for name, knob in knobs.items()}
        self.settings = Settings(self.knobs)
        self.buttons = list(buttons)
        # A box would stretch its pictures; without one yet, there is nothing to show.
        self.picture = Image(layout=Layout(align_self="flex-start", flex="none", display="none"))
        self.text = HTML()
        self.alt = self.words = ""
        self._class = f"labkit-still-{uuid4().hex[:12]}"
        self._handle: Any = None  # of the still picture, once it is displayed
        self.widget = VBox([*self.arrange(), HTML(_hiding(self._class))])
        if still is not None:
            self.present(still, alt="The picture from above.")

    def arrange(self) -> list[Widget]:
        """Return the parts from top to bottom."""
        wrap = Layout(flex_flow="row wrap")
        rows = [HBox(list(part), layout=wrap) for part in (self.knobs.values(), self.buttons)]
        return [*(row for row in rows if row.children), self.picture, self.text]

    def show(self, made: Any, alt: str = "") -> None:
        """Show a figure, an image (3, H, W) or images (N, 3, H, W)."""
        self.picture.value, self.alt = render(made, alt)
        self.picture.layout.display = "block"

    def say(self, words: str) -> None:
        """Replace the text below the picture; what stands between backticks is code."""
        style = "white-space:pre-wrap;line-height:1.4;max-width:60em"
        self.words = f'<div style="{style}">{inline(words)}</div>' if words else ""
        # The widget's own picture takes no alternative text: it stands unseen in front.
        unseen = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
        self.text.value = f'<span style="{unseen}">{html.escape(self.alt)}</span>{self.words}'

    def present(self, made: Any, text: str = "", alt: str = "") -> None:
        """Show what a function made, if anything, and say what it printed or what is wrong."""
        try:
            if made is not None:
                self.show(made, alt)
        except (TypeError, ValueError) as error:
            text = str(error)
        self.say(text)

    def keep(self) -> None:
        """Make what is shown now the still picture, so that a saved notebook holds it."""
        if self._handle is not None:
            self._handle.update(self.still(), raw=True)

    def still(self) -> dict[str, str]:
        """Return the picture and its text as an output: HTML for a page, a PNG for a printer."""
        png, alt = base64.b64encode(self.picture.value).decode(), self.alt
        source = f"data:image/png;base64,{png}"
        image = f'<img src="{source}" alt="{html.escape(alt)}" style="max-width:100%">'
        page = f'<div class="{self._class}">{image if png else ""}{self.words}</div>'
        data = {"text/html": page, "text/plain": alt or repr(self)}
        return data | ({"image/png": png} if png else {})

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self._handle = display(self.still(), raw=True, display_id=uuid4().hex)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        display({VIEW: view, "text/plain": repr(self)}, raw=True)

    def __repr__(self) -> str:
        return f"Run this cell to change: {', '.join(self.knobs)}"


def render(made: Any, alt: str = "") -> tuple[bytes, str]:
    """Return the PNG of a figure, an image or images, and its alternative text.

    Raises: TypeError for anything else; ValueError for images that break the convention.
    """
    file = io.BytesIO()
    if hasattr(made, "savefig"):
        made.savefig(file, format="png", dpi=100)
        return file.getvalue(), getattr(made, "alt", "") or alt
    if not isinstance(made, torch.Tensor):
        raise TypeError(
            f"expected a figure, or images of shape (N, 3, H, W), got a {type(made).__name__}"
        )
    images = check_images(made[None] if made.ndim == 3 else made, bounded=False)
    picture = Picture.fromarray(to_array(torch.from_numpy(mosaic(images, pad=4))))
    if (scale := SMALLEST / min(picture.size)) > 1:
        picture = picture.resize([round(side * scale) for side in picture.size])
    picture.save(file, format="PNG")
    return file.getvalue(), alt


def _hiding(name: str) -> str:
    """Return the style that hides the still picture; it acts only where the panel is live."""
    return f"<style>.{name}, .jp-OutputArea-child:has(.{name}) {{ display: none }}</style>"
