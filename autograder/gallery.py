"""Runs the solutions and shows what the labs draw, as web pages; the answers stay out of them.

    python -m autograder gallery [LAB ...] --output gallery/

One page a lab, by nbconvert, and an index with the opening pictures. Pages need no network.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from markupsafe import Markup

from autograder.build import PICTURES, instructor_notebook
from autograder.course import load_course
from autograder.feedback import render
from autograder.lab import ROOT, grade_info, lab_names, load_release, require_labs
from autograder.pictures import run

PICTURE = re.compile(r"^!\[([^\]]+)\]\(", re.MULTILINE)
FORMULA = re.compile(
    r"(?P<code><code.*?</code>)|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$]+)\$", re.DOTALL
)
QUESTION = re.compile(r"\*\*The question[^*]*\*\*(.+?)(?:\n\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Card:
    """What the index shows of a lab."""

    name: str
    title: str
    alt: str  # what the opening picture shows
    question: str  # HTML

    @property
    def picture(self) -> str:
        """The opening picture's place beside the index."""
        return f"pictures/{self.name}.jpg"


def write_gallery(
    output: Path,
    names: Iterable[str] = (),
    root: Path = ROOT,
    watch: Callable[[list[str]], Iterable[str]] = iter,
) -> Path:
    """Run the solutions of these labs (all in use when none is named), write their pages and index.

    Args:
        output: a folder; pages of labs that are not named stay as they are.
        watch: wraps the names, for a progress bar.
    Returns: the index's path.
    """
    course = load_course(root)
    in_use = course.in_use(lab_names(root))
    wanted = require_labs(names, root) or in_use
    (output / "pictures").mkdir(parents=True, exist_ok=True)
    for name in watch(wanted):
        write_page(name, output, root)
        shutil.copy(root / PICTURES / f"{name}.jpg", output / "pictures")
    cards = [card_of(name, root) for name in in_use if (output / f"{name}.html").exists()]
    index = output / "index.html"
    index.write_text(render("gallery.html", course=course.name, cards=cards), encoding="utf-8")
    return index


def write_page(name: str, output: Path, root: Path = ROOT) -> Path:
    """Run one lab's solution and write its page."""
    notebook = run(instructor_notebook(name, load_course(root), root), root / "solutions")
    hide_answers(notebook, load_release(name, root=root))
    notebook.metadata["title"] = card_of(name, root).title
    notebook.metadata.pop("widgets", None)  # without a kernel, the picture made last stands there
    page, _ = page_exporter().from_notebook_node(notebook)
    path = output / f"{name}.html"
    path.write_text(page, encoding="utf-8")
    return path


def hide_answers(notebook: Any, release: Any) -> None:
    """Put the release's text into every cell that students write; pictures and tables stay."""
    stubs = {grade_info(c).get("grade_id"): c.source for c in release.cells if grade_info(c)}
    for cell in notebook.cells:
        info = grade_info(cell)
        if info.get("solution"):
            cell.source = stubs[info["grade_id"]]


def page_exporter() -> Any:
    """Return nbconvert's exporter of web pages, with formulas that need no network."""
    from nbconvert import HTMLExporter

    class PageExporter(HTMLExporter):
        @pass_context
        def markdown2html(self, context: Any, source: str) -> str:
            return set_formulas(super().markdown2html(context, source))

    # Pictures are attachments; embed_images would only take the hints out of their folds.
    return PageExporter(require_js_url="", mathjax_url="")


def set_formulas(page: str) -> str:
    """Return HTML with MathML, which browsers know, in place of $formulas$ outside of code."""
    from latex2mathml.converter import convert

    def formula(found: re.Match) -> str:
        if found["code"]:
            return found["code"]
        display = "block" if found["block"] else "inline"
        return convert(html.unescape(found["block"] or found["inline"]), display=display)

    return FORMULA.sub(formula, page)


def card_of(name: str, root: Path = ROOT) -> Card:
    """Return what the index shows of a lab; ValueError where its opening has not the usual form."""
    from nbconvert.filters import markdown2html

    text = load_release(name, root=root).cells[0].source
    title, picture, question = text.partition("\n")[0], PICTURE.search(text), QUESTION.search(text)
    if not (title.startswith("# ") and picture and question):
        raise ValueError(f"{name}: expected a title, a picture and **The question.** at the top")
    return Card(name, title[2:], picture[1], Markup(markdown2html(question[1].strip())))
