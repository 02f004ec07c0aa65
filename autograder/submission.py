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
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

LARGEST_FILE = 50 << 20  # bytes; a notebook full of pictures has about 5 MB
LARGEST_CELL = 200_000  # characters of code; Python's parser takes a hundred times as many bytes
LARGEST_CODE = 1_000_000  # of all cells together
MAGIC = re.compile(r"^\s*[%!?]|=\s*[%!]|\?\s*$", re.MULTILINE)
MOST_MAGICS = 100  # each costs IPython another pass over the whole cell
RUNS_THE_CELL = re.compile(r"\s*%%(time|capture|prun)\b.*\n")  # magics around ordinary code


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
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableSubmission(f"expected text in UTF-8, got other bytes ({error})") from error
    if path.suffix == ".ipynb":
        return submission_from_notebook(str(path), parse_notebook(text))
    pieces = re.split(r"^(?=# %%)", text, flags=re.MULTILINE)  # one broken cell costs only itself
    cells = (Cell(f"{path.name} cell {n}", "", piece) for n, piece in enumerate(pieces, start=1))
    return Submission(str(path), "", _not_too_long(cells))


def parse_notebook(text: str) -> dict:
    """Return a notebook as a dict of the current format; UnreadableSubmission if it is none."""
    import nbformat

    try:
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


def submission_from_notebook(path: str, notebook: dict) -> Submission:
    """Return the code cells of a notebook, magics turned into plain Python."""
    cells = []
    for number, cell in enumerate(notebook["cells"], start=1):
        match cell:
            case {"cell_type": "code", "source": str(source)}:
                grade_id = str(_dict(_dict(cell, "metadata"), "nbgrader").get("grade_id", ""))
                cells.append(Cell(f"cell {grade_id[:80] or number}", grade_id, source))
    lab = str(_dict(_dict(notebook, "metadata"), "labkit").get("lab", ""))
    return Submission(path, lab, tuple(map(_without_magics, _not_too_long(cells))))


def _not_too_long(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    cells = tuple(cells)
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
    from IPython.core.inputtransformer2 import TransformerManager

    source = cell.source
    while found := RUNS_THE_CELL.match(source):
        source = source[found.end() :]
    if len(MAGIC.findall(source)) > MOST_MAGICS:
        return cell
    try:
        return replace(cell, source=TransformerManager().transform_cell(source))
    except (SyntaxError, RuntimeError, RecursionError, ValueError):
        return cell


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
    binds: set[str]
    uses: set[str]
    calls_on: set[str]  # `table` in `table.append(3)`
    imports: bool


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
        imports = isinstance(node, ast.Import | ast.ImportFrom)
        found.append(_Statement(number, index, binds, uses, _called_on(node), imports))
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


def _called_on(node: ast.stmt) -> set[str]:
    """Return the names whose methods a statement calls, outside of the functions it defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return set()
    functions = (call.func for call in ast.walk(node) if isinstance(call, ast.Call))
    owners = (f.value for f in functions if isinstance(f, ast.Attribute))
    return {owner.id for owner in owners if isinstance(owner, ast.Name)}


def _closure(name: str, statements: list[_Statement]) -> list[_Statement]:
    """Return, in order, the statements that bind `name` or anything these need.

    `table.append(3)` counts as binding `table` if one of the student's statements made it; what
    is only imported, such as `plt`, is not changed by calling it.
    """
    binding = defaultdict(list)
    for number, statement in enumerate(statements):
        for bound in statement.binds:
            binding[bound].append(number)
    made = {n for s in statements if not s.imports for n in s.binds}
    for number, statement in enumerate(statements):
        for changed in (statement.calls_on & made) - statement.binds:
            binding[changed].append(number)
    wanted: set[int] = set()
    needed, waiting = set(), [name, "*"]
    while waiting:
        if (current := waiting.pop()) not in needed:
            needed.add(current)
            for number in binding[current]:
                if number not in wanted:
                    wanted.add(number)
                    waiting += statements[number].uses
    return [statements[number] for number in sorted(wanted)]


def _describe_syntax(cell: Cell, problem: Exception) -> str:
    line = f", line {problem.lineno}" if isinstance(problem, SyntaxError) else ""
    text = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    return f"{cell.label}{line} is not valid Python: {text}"
