"""The first cell of every notebook, which installs the kit in Colab, and the badge above it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from autograder.course import kit_address
from autograder.lab import ROOT

TEMPLATE = Path(__file__).parent / "templates" / "first_cell.py"
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)/?")


def with_first_cell(name: str, cells: list[Any], root: Path = ROOT) -> list[Any]:
    """Return a lab's cells with the installing cell after the opening text, and a badge in that.

    The address is stamped in from pyproject.toml's project urls; without one the cell installs
    from a folder of the kit around the notebook, or says what to do.
    """
    import nbformat

    address = kit_address(root)
    opening, *rest = cells
    if badge := colab_badge(name, address):
        title, _, text = opening.source.partition("\n")
        opening.source = f"{title}\n\n{badge}\n{text}"
    source = TEMPLATE.read_text(encoding="utf-8").partition("\n")[2].strip()
    source = source.replace('"ADDRESS"', repr(install_from(address)).replace("'", '"'))
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["tags"] = ["install"]
    return [opening, cell, *rest]


def install_from(address: str) -> str:
    """Return what pip installs for an address: repositories on the web are reached through git."""
    return f"git+{address}" if address.startswith(("http://", "https://")) else address


def colab_badge(name: str, address: str) -> str:
    """Return a link that opens the released notebook in Colab; "" where it is not on GitHub."""
    if not (found := GITHUB.fullmatch(address)):
        return ""
    place = f"github/{found[1]}/blob/HEAD/notebooks/{name}/{name}.ipynb"
    image = "https://colab.research.google.com/assets/colab-badge.svg"
    return f"[![Open in Colab]({image})](https://colab.research.google.com/{place})"
