"""Reads a submission: the source of its code cells, and nothing else of what it says.

A submission is a notebook or a .py file. Everything in it is the student's, tags and ids and
locked cells included, so only the source of code cells is used; locked cells come from the
release. Files are read outside of the sandbox, so each has limits: on its size, its parts, its
cells, its code.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from labkit.errors import printable

ZIPPED = "it is a zip archive: unpack it, or use nbgrader zip_collect"
LARGEST_FILE = 50 << 20  # bytes; a notebook full of pictures has about 5 MB
LARGEST_CELL = 100_000  # characters of code; Python's parser takes a hundred times as many bytes
LARGEST_CODE = 400_000  # of all cells together
MOST_CELLS = 1_000
MOST_PARTS = 200_000  # lists and dicts in the file: two characters each, half a kilobyte in memory
MAGIC = re.compile(r"^[ \t]*[%!?]|=[ \t]*[%!]|\?[ \t]*$", re.MULTILINE)
MOST_MAGICS = 100  # each costs IPython another pass over the whole cell
LONGEST_LINE = 10_000  # characters in a cell with magics: Python 3.12 needs their square in time
RUNS_THE_CELL = re.compile(r"\s*%%(time|capture|prun)\b.*\n")  # magics around ordinary code


class UnreadableSubmission(Exception):
    """A file that is no submission; the text says what was expected and what came."""

    def __init__(self, text: str):
        super().__init__(printable(text))  # it quotes the file, and a terminal shows it


@dataclass(frozen=True)
class Cell:
    """One code cell: how to call it in a message, its grade id (or ""), its source."""

    label: str
    grade_id: str
    source: str


@dataclass(frozen=True)
class Submission:
    """A submission's code cells, in order, and the lab it says it answers ("" if it does not)."""

    path: str
    lab: str
    cells: tuple[Cell, ...]


def read_submission(path: Path) -> Submission:
    """Return the submission in a notebook or .py file.

    Raises: UnreadableSubmission naming what is wrong with the file.
    """
    kind = path.suffix.lower()
    if path.is_file() and kind not in (".ipynb", ".py"):
        hint = f". {ZIPPED.capitalize()}" if kind == ".zip" else ""
        raise UnreadableSubmission(f"found {path.name}; expected a notebook{hint}")
    require_file(path)
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors put a mark in front
    except UnicodeDecodeError as error:
        raise UnreadableSubmission(about_bytes(error)) from error
    if kind == ".ipynb":
        return submission_from_notebook(str(path), parse_notebook(text))
    pieces = re.split(r"^(?=# %%)", text, flags=re.MULTILINE)  # one broken cell costs only itself
    file = printable(path.name, 80)
    cells = (Cell(f"{file} cell {n}", "", piece) for n, piece in enumerate(pieces, start=1))
    return Submission(str(path), "", _not_too_long(cells))


def about_bytes(error: UnicodeDecodeError) -> str:
    """Return what to say of a file that is no text."""
    if bytes(error.object[:2]) == b"PK":
        return f"expected text in UTF-8; {ZIPPED}"
    return f"expected text in UTF-8, got other bytes ({error})"


def require_file(path: Path) -> None:
    """Raise UnreadableSubmission for a link, for no file, and for one that is too large."""
    if path.is_symlink():  # it may lead to anybody's file
        raise UnreadableSubmission(f"expected a file, got the symbolic link {path.name}")
    if not path.is_file():
        raise UnreadableSubmission(f"expected a notebook or .py file, found no file {path.name}")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise UnreadableSubmission(
            f"expected at most {LARGEST_FILE >> 20} MB, got {size / (1 << 20):.0f} MB: "
            "clear the outputs and save again"
        )


def parse_notebook(text: str) -> dict:
    """Return a notebook as a dict of the current format; UnreadableSubmission if it is none."""
    import nbformat

    text = text.removeprefix("\ufeff")
    if odd := _other_than_a_dict(text):
        raise UnreadableSubmission(f"expected a Jupyter notebook; {odd}")
    parts = text.count("[") + text.count("{")
    if parts > MOST_PARTS:
        raise UnreadableSubmission(
            f"expected a Jupyter notebook of at most {MOST_PARTS:,} parts, got {parts:,}: "
            "clear the outputs and save again"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a line for every cell, with the student's text in it
            notebook = nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat raises many kinds for broken files
        first = (str(error).strip().splitlines() or [""])[0][:200]
        raise UnreadableSubmission(f"expected a Jupyter notebook; {first}") from error
    if not isinstance(notebook.get("cells"), list):  # reads() only logs what does not fit
        raise UnreadableSubmission("expected a Jupyter notebook with a list of cells")
    language = _dict(_dict(notebook, "metadata"), "kernelspec").get("language", "python")
    if language != "python":
        raise UnreadableSubmission(f"expected a Python notebook, got the kernel of {language!r}")
    return notebook


def _other_than_a_dict(text: str) -> str:
    """Return what is wrong with a file by its first character, "" where it may be a notebook."""
    first = text.lstrip()[:1]
    if not first:
        return "the file is empty"
    return "it holds a list, not a notebook" if first == "[" else ""


def submission_from_notebook(path: str, notebook: dict) -> Submission:
    """Return the code cells of a notebook, magics turned into plain Python."""
    cells = []
    for number, cell in enumerate(notebook["cells"], start=1):
        match cell:
            case {"cell_type": kind, "source": str(source)}:
                info = _dict(_dict(cell, "metadata"), "nbgrader")
                # An answer that was made a text cell: autograde makes it code again, too.
                was_code = info.get("solution") and info.get("cell_type") == "code"
                if kind == "code" or was_code:
                    grade_id = str(info.get("grade_id", ""))
                    label = f"cell {printable(grade_id, 80) or number}"
                    cells.append(Cell(label, grade_id, source))
    cells = tuple(map(_without_magics, _not_too_long(cells)))
    return Submission(path, stated_lab(notebook), cells)


def stated_lab(notebook: dict) -> str:
    """Return the lab that a notebook's metadata names, "" where they name none."""
    return str(_dict(_dict(notebook, "metadata"), "labkit").get("lab", ""))


def _not_too_long(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    cells = tuple(cells)
    if len(cells) > MOST_CELLS:
        raise UnreadableSubmission(
            f"expected at most {MOST_CELLS:,} cells of code, got {len(cells):,}"
        )
    total = sum(len(cell.source) for cell in cells)
    longest = max(cells, key=lambda cell: len(cell.source), default=None)
    if total > LARGEST_CODE or (longest and len(longest.source) > LARGEST_CELL):
        raise UnreadableSubmission(
            f"expected at most {LARGEST_CODE:,} characters of code, {LARGEST_CELL:,} in a cell; "
            f"got {total:,}, {len(longest.source):,} of them in {longest.label[:80]}"
        )
    return cells


def _without_magics(cell: Cell) -> Cell:
    """Return the cell as plain Python; one that IPython cannot transform stays as it is."""
    source = cell.source
    while found := RUNS_THE_CELL.match(source):
        source = source[found.end() :]
    try:
        parse(source)
    except SyntaxError:
        source = _transformed(source)
    except (MemoryError, RecursionError, ValueError):
        pass  # whoever runs it says so
    return replace(cell, source=source)


def _transformed(source: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    longest = max(map(len, source.splitlines()))
    if len(MAGIC.findall(source)) > MOST_MAGICS or longest > LONGEST_LINE:
        return source
    try:
        return TransformerManager().transform_cell(source)
    except (SyntaxError, RuntimeError, RecursionError, ValueError):
        return source


def parse(source: str) -> ast.Module:
    """Return a student's code as a tree, without Python's warnings about its style.

    Raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _dict(parent: dict, key: str) -> dict:
    value = parent.get(key, {})
    return value if isinstance(value, dict) else {}


def restore_locked(submission: Submission, locked: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return the cells with the release's locked ones in place of what the student made of them.

    A locked cell that the student deleted comes back at the front, one that was copied stays
    once, and code that only looks like a locked cell is the student's own.
    """
    release = {cell.grade_id: cell for cell in locked}
    cells, seen = [], set()
    for cell in submission.cells:
        if cell.grade_id not in release:
            cells.append(cell)
        elif cell.grade_id not in seen:
            seen.add(cell.grade_id)
            cells.append(release[cell.grade_id])
    missing = [cell for grade_id, cell in release.items() if grade_id not in seen]
    return tuple(missing + cells)
