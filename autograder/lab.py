"""What the course knows of a lab: its source, its exercises, what they build on, their points."""

from __future__ import annotations

import functools
import importlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.submission import Cell

ROOT = Path(__file__).resolve().parent.parent
HIDDEN_CHECKS = Path(__file__).parent / "checks"
LAB_NAME = re.compile(r"\d\d-[a-z0-9-]+")


@dataclass(frozen=True)
class Exercise:
    """One graded function: its points, what it builds on, and the cell that solves it."""

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


def lab_names(root: Path = ROOT) -> list[str]:
    """Return the names of all labs, in the order of the lecture."""
    return sorted(p.stem for p in (root / "solutions").glob("*.py") if LAB_NAME.fullmatch(p.stem))


@functools.cache
def load_lab(name: str, root: Path = ROOT) -> Lab:
    """Return a lab by name; raise ValueError naming the labs there are."""
    path = root / "solutions" / f"{name}.py"
    if name not in lab_names(root):
        raise ValueError(f"there is no lab {name!r}; expected one of {lab_names(root)}")
    cells = read_source(path).cells
    points = points_by_exercise(name)
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
    """Return {exercise: points}, the sums over the hidden checks; empty for an ungraded lab."""
    if not (HIDDEN_CHECKS / f"{check_module(lab)}.py").exists():
        return {}
    module = importlib.import_module(f"autograder.checks.{check_module(lab)}")
    sums: dict[str, float] = {}
    for name, function in vars(module).items():
        if name.startswith("test_"):
            sums[function.exercise] = sums.get(function.exercise, 0) + function.points
    return sums


def grade_info(cell: Any) -> dict:
    """Return a source cell's nbgrader metadata, {} where it has none."""
    return cell.metadata.get("nbgrader", {})


def _exercises(cells: Iterable, points: dict[str, float]) -> Iterable[Exercise]:
    for cell in cells:
        name = grade_info(cell).get("grade_id", "")
        if grade_info(cell).get("solution") and name in points:
            uses = tuple(cell.metadata.get("labkit", {}).get("uses", ()))
            yield Exercise(name, points[name], uses, cell.source)


def _locked(cells: Iterable) -> Iterable[Cell]:
    for cell in cells:
        info = grade_info(cell)
        if cell.cell_type == "code" and info.get("locked") and not info.get("grade"):
            yield Cell(f"cell {info['grade_id']}", info["grade_id"], cell.source)


# The course's own settings


@dataclass(frozen=True)
class Course:
    """The settings of course.toml."""

    name: str = "Visualizing and understanding convolutional networks"
    worked_answers: bool = False  # show the worked answer as the last hint of an exercise
    scale: float = 1.0  # gradebook points for one point of a check


def load_course(root: Path = ROOT) -> Course:
    """Return the course's settings; ValueError names an unknown one."""
    path = root / "course.toml"
    settings = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known = Course.__dataclass_fields__
    if unknown := set(settings) - set(known):
        raise ValueError(f"course.toml: unknown {sorted(unknown)}; expected {list(known)}")
    return Course(**settings)
