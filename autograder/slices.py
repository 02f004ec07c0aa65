"""Picks the statements of a submission that one exercise needs.

Only these are run: cells that draw, train or print cost nothing and can break nothing.
"""

from __future__ import annotations

import ast
import functools
import re
import symtable
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.submission import Cell, parse


@dataclass(frozen=True)
class Slice:
    """The statements that a function needs: [label, source, indices] a cell, for the worker."""

    cells: list
    defined: bool  # whether any statement binds the function's name
    error: str  # a syntax error in a cell that would have defined it, else ""


@dataclass(frozen=True)
class _Statement:
    index: int  # in its cell
    binds: set[str]
    uses: set[str]
    calls_on: set[str]  # `table` in `table.append(3)`
    imports: bool


def slice_for(name: str, cells: Iterable[Cell]) -> Slice:
    """Return the statements that the function `name` needs, those that bind it included."""
    cells = tuple(cells)
    statements: list[_Statement] = []
    cell_of: list[int] = []  # of each statement
    error = ""
    for number, cell in enumerate(cells):
        try:
            statements += (found := _statements(cell.source))
            cell_of += [number] * len(found)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            if re.search(
                rf"\b(def|class)\s+{re.escape(name)}\b|\b{re.escape(name)}\s*=", cell.source
            ):
                error = _describe_syntax(cell, problem)
    wanted = _closure(name, statements)
    indices: dict[int, list[int]] = defaultdict(list)
    for place in wanted:
        indices[cell_of[place]].append(statements[place].index)
    chosen = [[cells[n].label, cells[n].source, indices[n]] for n in indices]
    return Slice(chosen, any(name in statements[place].binds for place in wanted), error)


@functools.lru_cache(256)  # each exercise of a submission asks for the same cells
def _statements(source: str) -> tuple[_Statement, ...]:
    found = []
    for index, node in enumerate(parse(source).body):
        table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
        binds, uses = _names(table)
        binds |= _mutated(node)
        imports = isinstance(node, ast.Import | ast.ImportFrom)
        found.append(_Statement(index, binds, uses, _called_on(node), imports))
    return tuple(found)


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


def _closure(name: str, statements: list[_Statement]) -> list[int]:
    """Return, in order, the places of the statements that bind `name` or anything these need.

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
    return sorted(wanted)


def _describe_syntax(cell: Cell, problem: Exception) -> str:
    line = f", line {problem.lineno}" if isinstance(problem, SyntaxError) else ""
    text = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    return f"{cell.label}{line} is not valid Python: {text}"
