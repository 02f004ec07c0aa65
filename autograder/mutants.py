"""Small changes to a solution, each of which the hidden checks should notice.

A mutant is the solution with one operator, constant, method or statement changed. One that earns
every point is either an equivalent program or a hole in the checks. The equivalent ones stand in
tests/autograder/survivors/NN-name.toml, each with the reason why no check could tell it apart:

    [saliency_map]
    "line 2: detach() dropped" = "a clone is differentiated, whatever it was made from"
"""

from __future__ import annotations

import ast
import copy
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.lab import ROOT, Exercise, grade_info, read_source

SURVIVORS = ROOT / "tests" / "autograder" / "survivors"
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
NAMES = {
    "amax": "amin", "amin": "amax", "max": "min", "min": "max", "sum": "mean", "mean": "sum",
    "argmax": "argmin", "argmin": "argmax", "floor": "ceil", "ceil": "floor",
    "zeros": "ones", "ones": "zeros", "zeros_like": "ones_like", "ones_like": "zeros_like",
    "rand": "randn", "randn": "rand", "square": "abs", "norm": "sum",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One changed solution; `change` names the line of the function and what was done to it."""

    lab: str
    exercise: str
    change: str
    source: str


def mutants(lab: str, exercise: Exercise, root: Path = ROOT) -> Iterator[Mutant]:
    """Yield every mutant of an exercise's solution, in the order of its lines.

    Only what the exercise's own cell defines is changed, not what it uses.
    """
    tree = ast.parse(exercise.solution)
    own = defined_in_cell(lab, exercise.name, root)
    seen: Counter[str] = Counter()
    for number, top in enumerate(tree.body):
        if getattr(top, "name", None) not in own:
            continue
        for change, mutated in changed_functions(top):
            seen[change] += 1
            label = change if seen[change] == 1 else f"{change} ({seen[change]})"
            body = [*tree.body[:number], mutated, *tree.body[number + 1 :]]
            source = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
            yield Mutant(lab, exercise.name, label, source)


def defined_in_cell(lab: str, exercise: str, root: Path = ROOT) -> set[str]:
    """Return the functions and classes that an exercise's solution cell defines."""
    for cell in read_source(root / "solutions" / f"{lab}.py").cells:
        if cell.cell_type == "code" and grade_info(cell).get("grade_id") == exercise:
            return {n.name for n in ast.parse(cell.source).body if hasattr(n, "name")}
    return set()


def changed_functions(function: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    """Yield (what was changed, the function with that change), one change at a time."""
    function = ast.parse(ast.unparse(function)).body[0]  # lines as in the printed function
    for position, node in enumerate(ast.walk(function)):
        for what, mutated in changes(node):
            twin = copy.deepcopy(function)
            target = list(ast.walk(twin))[position]
            _replace(twin, target, mutated)
            yield f"line {node.lineno if hasattr(node, 'lineno') else 0}: {what}", twin


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield (description, what stands in its place) for one node of a solution."""
    match node:
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            yield _operator(node, "op", op)
        case ast.BoolOp(op=op):
            yield _operator(node, "op", op)
        case ast.AugAssign(op=op) if type(op) in OPERATORS:
            yield _operator(node, "op", op)
        case ast.Compare(ops=[op]) if type(op) in OPERATORS:
            new = copy.deepcopy(node)
            new.ops = [OPERATORS[type(op)]()]
            yield f"{ast.unparse(node)} -> {ast.unparse(new)}", new
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield f"{ast.unparse(node)} -> {ast.unparse(operand)}", operand
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield f"{value} -> {value + 1}", ast.Constant(value + 1)
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args):
            yield from _method(node, owner, name, args)
        case ast.Assign() | ast.AugAssign() | ast.Expr() if not _is_docstring(node):
            yield f"{ast.unparse(node).splitlines()[0]} dropped", ast.Pass()
        case ast.If(test=test):
            new = copy.deepcopy(node)
            new.test = ast.UnaryOp(ast.Not(), test)
            yield f"if {ast.unparse(test)} -> its contrary", new


def _operator(node: ast.AST, field: str, op: ast.AST) -> tuple[str, ast.AST]:
    new = copy.deepcopy(node)
    setattr(new, field, OPERATORS[type(op)]())
    return f"{ast.unparse(node)} -> {ast.unparse(new)}", new


def _method(
    node: ast.Call, owner: ast.expr, name: str, args: list
) -> Iterator[tuple[str, ast.AST]]:
    module = isinstance(owner, ast.Name) and owner.id in ("torch", "F", "np", "math", "nn")
    if name in NAMES:
        new = copy.deepcopy(node)
        new.func.attr = NAMES[name]
        yield f"{name} -> {NAMES[name]}", new
    if not module:
        yield f"{name}() dropped", owner
    elif len(args) == 1:
        yield f"{name}() dropped", args[0]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replace(tree: ast.AST, target: ast.AST, new: ast.AST) -> None:
    """Put `new` where `target` stands in the tree."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, field, new)
                return
            if isinstance(value, list) and any(item is target for item in value):
                value[[item is target for item in value].index(True)] = new
                return


def known_survivors(lab: str, folder: Path = SURVIVORS) -> dict[str, dict[str, str]]:
    """Return {exercise: {change: why it is equivalent}}; ValueError where the file is none."""
    path = folder / f"{lab}.toml"
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
