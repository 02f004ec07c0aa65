"""Makes the picture that opens each lab, by running the lab's solution.

The figure of the cell marked labkit={"opening": true} becomes docs/pictures/NN-name.jpg. The
build attaches it to the notebook, and the README shows it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from autograder.build import KERNEL, PICTURES
from autograder.lab import ROOT, lab_names, read_source, require_labs

WIDTH = 720  # pixels
QUALITY = 72


def make_pictures(names: Iterable[str] = (), root: Path = ROOT) -> list[Path]:
    """Run the solutions of these labs (all when none is named) and save their opening pictures.

    Raises: ValueError where a lab marks no opening cell, or the cell shows no figure.
    """
    return [make_picture(name, root) for name in require_labs(names, root) or lab_names(root)]


def make_picture(name: str, root: Path = ROOT) -> Path:
    """Run one lab's solution up to its opening figure, save it, and return its path."""
    source = read_source(root / "solutions" / f"{name}.py")
    marked = [i for i, c in enumerate(source.cells) if c.metadata.get("labkit", {}).get("opening")]
    if len(marked) != 1:
        raise ValueError(f'{name}: expected one cell with labkit={{"opening": true}}')
    source.cells = source.cells[: marked[0] + 1]
    source.metadata["kernelspec"] = KERNEL
    png = _figure_of(run(source, root / "solutions").cells[-1], name)
    path = root / PICTURES / f"{name}.jpg"
    path.parent.mkdir(exist_ok=True)
    _save_small(png, path)
    return path


def run(notebook: Any, folder: Path, on_cell: Callable[..., Any] | None = None) -> Any:
    """Execute a notebook in a folder and return it; an exception in a cell ends it.

    Args:
        on_cell: called after each code cell, with keyword arguments.
    """
    from nbclient import NotebookClient

    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(
        notebook,
        timeout=600,
        resources=resources,
        on_cell_complete=on_cell,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # no warning about TCP on this machine
    ).execute()
    return notebook


def _figure_of(cell: Any, name: str) -> bytes:
    for output in reversed(cell.outputs):
        if "image/png" in output.get("data", {}):
            return base64.b64decode(output["data"]["image/png"])
    raise ValueError(f"{name}: the opening cell shows no figure")


def _save_small(png: bytes, path: Path) -> None:
    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("RGB")
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)))
    image.save(path, quality=QUALITY, optimize=True)
