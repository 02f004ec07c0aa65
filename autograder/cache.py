"""Keeps what grading found, so that a regrade does only what changed and a stopped run goes on.

One small file an exercise of a submission, named after all that its result depends on: the
statements that would run, the lab's checks, the grader, labkit and its weights, the seed, the
limits, and the versions of Python, torch and NumPy. Whatever changes, the name changes.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import labkit
from autograder.lab import ROOT
from autograder.rows import ExerciseRow
from labkit.check import CheckResult

FOLDER = ROOT / ".graded"  # ignored by git
LABKIT = Path(labkit.__file__).parent
GRADER = Path(__file__).parent


class Cache:
    """Results of exercises by name; a folder that cannot be written costs time and nothing else."""

    def __init__(self, folder: Path = FOLDER):
        self.folder = folder

    def load(self, name: str) -> ExerciseRow | None:
        """Return a kept result; None where there is none or its file is damaged."""
        try:
            kept = json.loads(self._file(name).read_text(encoding="utf-8"))
            checks = [CheckResult(**check) for check in kept.pop("checks")]
            helped_by = tuple(kept.pop("helped_by"))
            return ExerciseRow(**kept, checks=checks, helped_by=helped_by)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def keep(self, name: str, row: ExerciseRow) -> None:
        """Write a result; the file appears whole or not at all."""
        file = self._file(name)
        unfinished = file.with_suffix(f".{os.getpid()}.part")
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(json.dumps(asdict(row)), encoding="utf-8")
            unfinished.replace(file)

    def _file(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.json"


def name_of(checks: Path, *values: object) -> str:
    """Return the name of a result: of these plain values, a lab's checks, the grader, versions."""
    digest = hashlib.sha256(grader_version().encode())
    digest.update(checks.read_bytes())
    digest.update(json.dumps(values).encode())
    return digest.hexdigest()


@functools.cache
def grader_version() -> str:
    """Return 64 digits for the source of grader and labkit, the weights, and the versions used.

    The checks of labs are left out: each result depends on those of its own lab.
    """
    digest = hashlib.sha256("\n".join([sys.version, version("torch"), version("numpy")]).encode())
    for root in (GRADER, LABKIT):
        for file in sorted(_sources(root)):
            digest.update(str(file.relative_to(root)).encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _sources(root: Path) -> Iterable[Path]:
    for suffix in ("*.py", "*.csv", "*.safetensors"):
        for file in root.rglob(suffix):
            if file.parent != root / "checks" or not file.name.startswith("lab_"):
                yield file
