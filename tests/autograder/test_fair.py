"""Right answers earn every point however they are written and laid out, in labs of both kinds.

tests/autograder/answers/ has further right answers to each exercise; here whole notebooks change.
"""

import ast
import re

import nbformat
import pytest
from nbformat import v4

from autograder.lab import ROOT, load_lab, read_source

LABS = ("06-saliency", "12-deepdream")

# Each returns the cells, as text, of a solution that is written in another way. A function of the
# student's that is called F below is each of the lab's graded functions in turn.

WRAPPED = """
def wrapped(function):
    def call(*args, **kwargs):
        return after(function(*before(args), **kwargs))
    return call

F = wrapped(F)
"""
FLOAT64 = """
import torch

def doubled(value):
    return value.double() if torch.is_tensor(value) and value.is_floating_point() else value

def before(args):
    networks = any(isinstance(value, torch.nn.Module) for value in args)
    return args if networks else [doubled(value) for value in args]

after = doubled
"""
DEVICES = """
import torch
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

def moved(value):
    return value.to(device) if isinstance(value, (torch.Tensor, torch.nn.Module)) else value

def before(args):
    return [moved(value) for value in args]

after = moved
"""
NOISE = """
import logging, sys, time, warnings
from tqdm.auto import tqdm

def before(args):
    print("args", args)
    warnings.warn("careful")
    logging.warning("careful")
    sys.stderr.write("careful")
    for _ in tqdm(range(5)):
        time.sleep(0.002)
    return args

def after(value):
    print(value)
    return value
"""


def wrapping(head):
    return lambda cells, names: [*cells, head, *(WRAPPED.replace("F", name) for name in names)]


def with_helpers(cells, names):
    """The work is done by a function of another name, which stands in a later cell."""
    moved = [re.sub(rf"\b{name}\b", f"my_{name}", c) for name in names for c in cells if name in c]
    calls = [f"def {name}(*args):\n    return my_{name}(*args)" for name in names]
    return [*calls, *(c for c in cells if not any(name in c for name in names)), *moved]


def split(cells, names):
    """One statement a cell, and text between."""
    statements = [ast.unparse(s) for cell in cells for s in ast.parse(cell).body]
    return [piece for text in statements for piece in (text, TEXT)]


def defined_twice(cells, names):
    """A first try stays, in the same cell and in another one; the last one counts."""
    tries = {name: f"def {name}(*args):\n    raise NotImplementedError" for name in names}
    first = {cell: next((t for n, t in tries.items() if f"def {n}(" in cell), "") for cell in cells}
    assert sum(map(bool, first.values())) == len(names)
    return [*tries.values(), *(f"{first[cell]}\n\n{cell}" for cell in cells)]


class Renamed(ast.NodeTransformer):
    """Gives each variable of a function another name."""

    def visit_FunctionDef(self, node):
        inside = list(ast.walk(node))
        self.names = {n.arg for n in inside if isinstance(n, ast.arg)}
        names = [n for n in inside if isinstance(n, ast.Name)]
        self.names |= {n.id for n in names if isinstance(n.ctx, ast.Store)}
        return self.generic_visit(node)

    def visit_Name(self, node):
        if node.id in getattr(self, "names", ()):
            node.id = f"my_{node.id}"
        return node

    def visit_arg(self, node):
        node.arg = f"my_{node.arg}"
        return self.generic_visit(node)


def renamed(cells, names):
    return [
        ast.unparse(Renamed().visit(ast.parse(c))) if c.startswith("def ") else c for c in cells
    ]


TEXT = "**Text** that mentions `def saliency_map(model, images, labels): return None`"
WAYS = {
    "float64": wrapping(FLOAT64),
    "other devices": wrapping(DEVICES),
    "warnings, progress bars, prints, and slower": wrapping(NOISE),
    "extra helper cells": with_helpers,
    "code split over cells, markdown in between": split,
    "functions defined twice": defined_twice,
    "renamed variables": renamed,
}


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("way", WAYS)
def test_a_right_notebook_earns_every_point(engine, tmp_path, lab, way):
    names = [exercise.name for exercise in load_lab(lab).exercises]
    found = WAYS[way](solution_cells(lab), names)
    notebook = v4.new_notebook(cells=[as_cell(text) for text in found])
    path = tmp_path / f"{lab}.ipynb"
    path.write_text(nbformat.writes(notebook))
    row = engine.grade_file(path)
    assert row.status == "graded", row.reason
    assert row.points == row.max_points, [
        c.message for e in row.exercises for c in e.checks if not c.passed
    ]


def as_cell(text):
    return v4.new_markdown_cell(text) if text is TEXT else v4.new_code_cell(text)


def solution_cells(lab):
    """Return the imports of a solution and its functions, a cell each."""
    cells = [c.source for c in read_source(ROOT / "solutions" / f"{lab}.py").cells]
    return [c for c in cells if c.startswith(("def ", "import ", "from "))]
