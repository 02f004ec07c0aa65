"""The course's own settings, from course.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from autograder.lab import ROOT


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
