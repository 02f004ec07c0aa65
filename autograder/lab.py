"""What the course knows of a lab: its source, its exercises, what they build on, their points."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.slices import slice_for
from autograder.submission import Cell
from labkit.check import VISIBLE_CHECKS

ROOT = Path(__file__).resolve().parent.parent
HIDDEN_CHECKS = Path(__file__).parent / "checks"
LAB_NAME = re.compile(r"\d\d-[a-z0-9-]+")


@dataclass(frozen=True)
class Exercise:
    """One graded function: its points, what it builds on, and code that is sound on its own."""

    name: str
    points: float
    uses: tuple[str, ...]
    solution: str


@dataclass(frozen=True)
class Lab:
    """One lab as its source in solutions/ and its hidden checks describe it."""

    name: str
    exercises: tuple[Exercise, ...]
    locked: tuple[Cell, ...]
    checks: Path

    @property
    def max_points(self) -> float:
        """The points that the checks give; points given by hand come on top."""
        return sum(e.points for e in self.exercises)

    def exercise(self, name: str) -> Exercise:
        """Return an exercise by name."""
        return next(e for e in self.exercises if e.name == name)

    def builds_on(self, exercise: Exercise) -> tuple[Exercise, ...]:
        """Return the exercises that one uses, and those that these use, in the lab's order."""
        names = set(exercise.uses)
        for earlier in reversed(self.exercises):  # an exercise uses only earlier ones
            if earlier.name in names:
                names |= set(earlier.uses)
        return tuple(e for e in self.exercises if e.name in names)


def lab_names(root: Path = ROOT) -> list[str]:
    """Return the names of all labs, in the order of the lecture."""
    return sorted(p.stem for p in (root / "solutions").glob("*.py") if LAB_NAME.fullmatch(p.stem))


def require_labs(names: Iterable[str], root: Path = ROOT) -> list[str]:
    """Return the names; raise ValueError naming what is no lab, and the labs there are."""
    wanted, known = list(names), lab_names(root)
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(
            f"there is no lab {', '.join(map(repr, unknown))}; expected one of {known}"
        )
    return wanted


@functools.cache
def load_lab(name: str, root: Path = ROOT) -> Lab:
    """Return a lab by name; raise ValueError naming the labs there are."""
    require_labs([name], root)
    cells = read_source(root / "solutions" / f"{name}.py").cells
    points = points_by_exercise(name)
    check_source(name, cells, points)
    return Lab(
        name,
        tuple(_exercises(cells, points)),
        tuple(_locked(cells)),
        HIDDEN_CHECKS / f"{check_module(name)}.py",
    )


def read_source(path: Path) -> Any:
    """Return a percent-format source as a notebook, with its cells' metadata."""
    import jupytext

    return jupytext.read(path, fmt="py:percent")


def check_module(lab: str) -> str:
    """Return the module name of a lab's checks: `06-saliency` has `lab_06_saliency`."""
    return f"lab_{lab.replace('-', '_')}"


@functools.cache
def points_by_exercise(lab: str) -> dict[str, float]:
    """Return {exercise: points}, the sums over the hidden checks; empty for an ungraded lab.

    Raises: ValueError for a check without @points, or two checks of one name.
    """
    return _points_in("autograder.checks", HIDDEN_CHECKS / f"{check_module(lab)}.py")


@functools.cache
def visible_points(lab: str) -> dict[str, float]:
    """Return {exercise: points}, the sums over the checks that students see."""
    return _points_in("labkit.checks", VISIBLE_CHECKS / f"{check_module(lab)}.py")


def _points_in(package: str, path: Path) -> dict[str, float]:
    if not path.exists():
        return {}
    module = importlib.import_module(f"{package}.{path.stem}")
    sums: dict[str, float] = {}
    for name in _check_names(path):
        function = getattr(module, name)
        if not hasattr(function, "points"):
            raise ValueError(f"{path.name}: {name} carries no @points(..., exercise=...)")
        sums[function.exercise] = sums.get(function.exercise, 0) + function.points
    return sums


def _check_names(path: Path) -> list[str]:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = [n.name for n in body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    if twice := sorted({name for name in found if found.count(name) > 1}):
        raise ValueError(f"{path.name}: {twice} stand twice; the first would never run")
    return found


def check_source(name: str, cells: Iterable, points: dict[str, float]) -> None:
    """Raise ValueError where a lab's source and its hidden checks do not fit together."""
    infos = [grade_info(c) for c in cells]
    ids = [i["grade_id"] for i in infos if i]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise ValueError(f"{name}: the grade ids {twice} stand twice; each must be unique")
    for exercise in points:
        for wanted in (exercise, f"check_{exercise}"):
            if wanted not in ids:
                raise ValueError(f"{name}: its checks grade {exercise!r}, no cell is {wanted!r}")
    earlier: set[str] = set()
    for cell in cells:
        if "BEGIN SOLUTION" in cell.source and not grade_info(cell).get("solution"):
            raise ValueError(f"{name}: a solution stands in a cell without nbgrader metadata")
        _check_pairs(name, cell)
        _check_own_metadata(name, cell, earlier)
        earlier.add(grade_info(cell).get("grade_id", ""))


def _check_pairs(name: str, cell: Any) -> None:
    """Each solution that begins ends before the next one begins."""
    lines = [line.strip() for line in cell.source.splitlines()]
    marks = [line for line in lines if re.match(r"#+ *(BEGIN|END)\b", line)]
    if marks != ["### BEGIN SOLUTION", "### END SOLUTION"] * (len(marks) // 2):
        raise ValueError(
            f"{name}: expected `### BEGIN SOLUTION` and `### END SOLUTION` in turns in cell "
            f"{grade_info(cell).get('grade_id', '')!r}, got {marks}"
        )


def _check_own_metadata(name: str, cell: Any, earlier: set[str]) -> None:
    own = cell.metadata.get("labkit", {})
    if unknown := set(own) - {"uses", "opening"}:
        raise ValueError(f"{name}: labkit={{...}} knows uses and opening, not {sorted(unknown)}")
    if missing := [used for used in own.get("uses", ()) if used not in earlier]:
        raise ValueError(f"{name}: uses names {missing}; expected exercises that come before")


def grade_info(cell: Any) -> dict:
    """Return a source cell's nbgrader metadata, {} where it has none."""
    return cell.metadata.get("nbgrader", {})


def _exercises(cells: Iterable, points: dict[str, float]) -> Iterable[Exercise]:
    for cell in cells:
        name = grade_info(cell).get("grade_id", "")
        if grade_info(cell).get("solution") and name in points:
            uses = tuple(cell.metadata.get("labkit", {}).get("uses", ()))
            yield Exercise(name, points[name], uses, _sound(name, cells))


def _sound(name: str, cells: Iterable) -> str:
    """Return the source's statements that a function needs, its imports included."""
    code = [Cell("source", "", cell.source) for cell in cells if cell.cell_type == "code"]
    wanted = []
    for _, source, indices in slice_for(name, code).cells:
        body = ast.parse(source).body
        wanted += [ast.unparse(body[index]) for index in indices]
    return "\n".join(wanted)


def _locked(cells: Iterable) -> Iterable[Cell]:
    for cell in cells:
        info = grade_info(cell)
        if cell.cell_type == "code" and info.get("locked") and not info.get("grade"):
            yield Cell(f"cell {info['grade_id']}", info["grade_id"], cell.source)


def load_release(lab: str, notebook: str = "", root: Path = ROOT) -> Any:
    """Return a released notebook; ValueError says how to make it."""
    path = root / "notebooks" / lab / f"{notebook or lab}.ipynb"
    if not path.exists():
        raise ValueError(f"there is no release {path.name}; run `python -m autograder build {lab}`")
    import nbformat

    return nbformat.read(path, as_version=4)
