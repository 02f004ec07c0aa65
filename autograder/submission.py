"""Reads a submission and picks the statements that one exercise needs.

A submission is a notebook or a .py file. Everything in it is the student's, tags and ids and
locked cells included, so only the source of code cells is used; locked cells come from the
release. Of these, only the statements that the graded function depends on are run: cells that
draw, train or print cost nothing and can break nothing.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LARGEST_FILE = 50 << 20  # bytes; a notebook full of pictures has about 5 MB


class UnreadableSubmission(Exception):
    """A file that is no submission; the text says what was expected and what came."""


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
    if not path.is_file():
        raise UnreadableSubmission(f"expected a notebook or .py file, found no file {path.name}")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise UnreadableSubmission(
            f"expected at most {LARGEST_FILE >> 20} MB, got {size / (1 << 20):.0f} MB: "
            "clear the outputs and save again"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableSubmission(f"expected text in UTF-8, got other bytes ({error})") from error
    if path.suffix == ".ipynb":
        return submission_from_notebook(str(path), parse_notebook(text))
    return Submission(str(path), "", (Cell(path.name, "", text),))


def parse_notebook(text: str) -> dict:
    """Return a notebook as a dict of the current format; UnreadableSubmission if it is none."""
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat raises many kinds for broken files
        first = (str(error).strip().splitlines() or [""])[0][:200]
        raise UnreadableSubmission(f"expected a Jupyter notebook; {first}") from error
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if language != "python":
        raise UnreadableSubmission(f"expected a Python notebook, got the kernel of {language!r}")
    return notebook


def submission_from_notebook(path: str, notebook: dict) -> Submission:
    """Return the code cells of a notebook, magics turned into plain Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    cells = []
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] != "code":
            continue
        grade_id = str(_dict(_dict(cell, "metadata"), "nbgrader").get("grade_id", ""))
        source = TransformerManager().transform_cell(str(cell["source"]))
        cells.append(Cell(f"cell {grade_id or number}", grade_id, source))
    lab = str(_dict(_dict(notebook, "metadata"), "labkit").get("lab", ""))
    return Submission(path, lab, tuple(cells))


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


# Slices


@dataclass(frozen=True)
class Slice:
    """The statements that a function needs: [label, source, indices] a cell, for the worker."""

    cells: list
    defined: bool  # whether any statement binds the function's name
    error: str  # a syntax error in a cell that would have defined it, else ""


@dataclass(frozen=True)
class _Statement:
    cell: int
    index: int
    binds: frozenset[str]
    uses: frozenset[str]


def slice_for(name: str, cells: Iterable[Cell]) -> Slice:
    """Return the statements that the function `name` needs, those that bind it included."""
    cells = tuple(cells)
    statements: list[_Statement] = []
    error = ""
    for number, cell in enumerate(cells):
        try:
            statements += _statements(number, cell.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            if re.search(
                rf"\b(def|class)\s+{re.escape(name)}\b|\b{re.escape(name)}\s*=", cell.source
            ):
                error = _describe_syntax(cell, problem)
    wanted = _closure(name, statements)
    chosen = [
        [cell.label, cell.source, [s.index for s in wanted if s.cell == number]]
        for number, cell in enumerate(cells)
        if any(s.cell == number for s in wanted)
    ]
    return Slice(chosen, any(name in s.binds for s in wanted), error)


def _statements(number: int, source: str) -> list[_Statement]:
    found = []
    for index, node in enumerate(ast.parse(source).body):
        table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
        binds, uses = _names(table)
        binds |= _mutated(node)
        found.append(_Statement(number, index, frozenset(binds), frozenset(uses)))
    return found


def _names(table: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """Return the module-level names that a statement binds, and those that it reads."""
    binds, uses = set(), set()
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if top or symbol.is_global():
            if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                binds.add(symbol.get_name())
            if symbol.is_referenced():
                uses.add(symbol.get_name())
    for child in table.get_children():
        inner_binds, inner_uses = _names(child)
        binds |= inner_binds
        uses |= inner_uses
    return binds, uses


def _mutated(node: ast.stmt) -> set[str]:
    """Return the names behind `table[0] = ...` and `options.size = ...`, and behind `import *`."""
    found = set()
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    for target in targets:
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name):
            found.add(target.id)
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        found.add("*")
    return found


def _closure(name: str, statements: list[_Statement]) -> list[_Statement]:
    """Return, in order, the statements that bind `name` or anything these need."""
    needed, before = {name, "*"}, set()
    while needed != before:
        before = set(needed)
        for statement in statements:
            if statement.binds & needed:
                needed |= statement.uses
    return [s for s in statements if s.binds & needed]


def _describe_syntax(cell: Cell, problem: Exception) -> str:
    line = f", line {problem.lineno}" if isinstance(problem, SyntaxError) else ""
    text = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    return f"{cell.label}{line} is not valid Python: {text}"
