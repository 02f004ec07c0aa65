"""The course's own settings, from course.toml, and the address that the kit is fetched from."""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.lab import ROOT, require_labs


@dataclass(frozen=True)
class LabSettings:
    """What a course says of one lab."""

    due: datetime.datetime | None = None  # with its time zone
    points: float | None = None  # gradebook points of all its checks together


@dataclass(frozen=True)
class Course:
    """The settings of course.toml."""

    name: str = "Visualizing and understanding convolutional networks"
    worked_answers: bool = False  # show the worked answer as the last hint of an exercise
    scale: float = 1.0  # gradebook points for one point of a check
    labs: dict[str, LabSettings] = field(default_factory=dict)  # those in use; empty: all

    def in_use(self, names: Iterable[str]) -> list[str]:
        """Return those of all labs that the course uses."""
        return [name for name in names if not self.labs or name in self.labs]

    def due(self, lab: str) -> datetime.datetime | None:
        """Return when a lab is due; None where nothing is said."""
        return self.labs.get(lab, LabSettings()).due

    def scale_of(self, lab: str, points: float) -> float:
        """Return the gradebook points for one point of a lab whose checks give `points` in all."""
        wanted = self.labs.get(lab, LabSettings()).points
        return self.scale if wanted is None or not points else wanted / points


def load_course(root: Path = ROOT) -> Course:
    """Return the course's settings; ValueError names what is unknown or of the wrong kind."""
    path = root / "course.toml"
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"course.toml cannot be read: {error}") from error
    _require_known("course.toml", settings, Course)
    _require_sound(settings)
    labs = settings.pop("labs", {})
    try:
        require_labs(labs, root)
    except ValueError as error:
        raise ValueError(f"course.toml: {error}") from error
    return Course(**settings, labs={lab: _settings(lab, about) for lab, about in labs.items()})


def _settings(lab: str, about: Any) -> LabSettings:
    place = f"course.toml, {lab}"
    if not isinstance(about, dict):
        raise ValueError(f"{place}: expected {{ due = ..., points = ... }}, got {about!r}")
    _require_known(place, about, LabSettings)
    due, points = about.get("due"), about.get("points")
    if due is not None and getattr(due, "tzinfo", None) is None:
        raise ValueError(
            f"{place}: expected due with a time zone, such as 2027-01-15T23:59:00+01:00, got {due}"
        )
    if points is not None and not _is_number_above_0(points):
        raise ValueError(f"{place}: expected points above 0, got {points!r}")
    return LabSettings(due, points)


def _require_sound(settings: dict) -> None:
    """Raise ValueError for a value of the wrong kind: the text "false" would count as true."""
    wanted = {
        "name": ("a text in quotes", lambda value: isinstance(value, str)),
        "worked_answers": ("true or false", lambda value: isinstance(value, bool)),
        "scale": ("a number above 0", _is_number_above_0),
        "labs": ("a table, [labs]", lambda value: isinstance(value, dict)),
    }
    for key, value in settings.items():
        expected, is_sound = wanted[key]
        if not is_sound(value):
            raise ValueError(f"course.toml: expected {key} to be {expected}, got {value!r}")


def _is_number_above_0(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < math.inf


def _require_known(place: str, settings: dict, kind: type) -> None:
    known = kind.__dataclass_fields__
    if unknown := set(settings) - set(known):
        raise ValueError(f"{place}: unknown {sorted(unknown)}; expected {list(known)}")


def kit_address(root: Path = ROOT) -> str:
    """Return the Repository of pyproject.toml's project urls, "" where none is set."""
    path = root / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"] if path.exists() else {}
    return project.get("urls", {}).get("Repository", "").removesuffix(".git")
