"""Says what an instructor's machine lacks for building and grading, and how to get it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path

from autograder.course import load_course
from autograder.lab import ROOT, lab_names
from autograder.sandbox import why_not_isolated
from autograder.seeds import read_seeds
from labkit.setup import Finding, Findings, look, setup_check

INSTALL_BUBBLEWRAP = (
    "Debian, Ubuntu: apt-get install bubblewrap. Fedora: dnf install bubblewrap. On macOS and "
    "Windows grade in a Linux container or virtual machine. Without it nothing stops a cheat."
)


def report() -> int:
    """Print the findings; 0 when nothing is missing, else 1."""
    findings = examine()
    print(findings)
    return 0 if findings.ok else 1


def examine(root: Path = ROOT) -> Findings:
    """Return what is there and what is missing, the student's set-up included."""
    return Findings(
        [
            *setup_check(),
            _isolation(),
            look("nbgrader", _nbgrader, "Run: python -m pip install -e '.[instructor]'"),
            look("releases", lambda: _releases(root), "Run: python -m autograder build"),
            look("gradebook", lambda: _gradebook(root), "Run: python -m autograder build"),
            look("seeds", lambda: _seeds(root), "Mend or delete seeds.toml."),
        ]
    )


def _isolation() -> Finding:
    why_not = why_not_isolated()
    return Finding("isolation", not why_not, why_not or "bubblewrap works", INSTALL_BUBBLEWRAP)


def _nbgrader() -> str:
    folder = Path(sys.executable).parent
    if not ((folder / "alembic").exists() or shutil.which("alembic")):
        raise RuntimeError("alembic, which comes with nbgrader, is not beside the interpreter")
    on_path = shutil.which("nbgrader") or f"not on PATH; its commands need {folder} there"
    return f"{version('nbgrader')} ({on_path})"


def _releases(root: Path) -> str:
    names = load_course(root).in_use(lab_names(root))
    missing = [n for n in names if not (root / "notebooks" / n / f"{n}.ipynb").exists()]
    if missing:
        raise FileNotFoundError(f"there is no release of {', '.join(missing)}")
    return f"{len(names)} labs"


def _gradebook(root: Path) -> str:
    """Read the assignments in gradebook.db, without changing it."""
    path = root / "gradebook.db"
    if not path.exists():
        raise FileNotFoundError("there is no gradebook.db yet")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        known = {name for (name,) in database.execute("SELECT name FROM assignment")}
    names = load_course(root).in_use(lab_names(root))
    if missing := [name for name in names if name not in known]:
        raise LookupError(f"it does not know {', '.join(missing)}")
    return f"{len(known)} assignments"


def _seeds(root: Path) -> str:
    path = root / "seeds.toml"
    if not path.exists():
        return "none yet; the first grading draws them"
    return f"{len(read_seeds(path))} labs"
