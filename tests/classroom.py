"""A fresh clone of the course with a small class in it, graded by nbgrader's own commands."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
LAB = "06-saliency"


@dataclass(frozen=True)
class Clone:
    """A checkout of its own; `run` calls a module there as an instructor would."""

    root: Path

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run `python -m ...` in the clone and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            # Without the environment's own folder, as where nobody activated it.
            env=os.environ | {"PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        said = done.stdout + done.stderr
        assert done.returncode == expect, said
        return said

    def notebook(self, folder: str) -> Any:
        """Return the lab's notebook in solutions/, notebooks/ or autograded/STUDENT/."""
        return nbformat.read(self.root / folder / LAB / f"{LAB}.ipynb", as_version=4)

    def submit(self, student: str, notebook: Any) -> Path:
        """Put a notebook, or a text that is none, where nbgrader looks for it."""
        path = self.root / "submitted" / student / LAB / f"{LAB}.ipynb"
        path.parent.mkdir(parents=True)
        text = notebook if isinstance(notebook, str) else nbformat.writes(notebook)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone for all tests that only read it, or that grade one more student."""
    return copy_checkout(tmp_path_factory.mktemp("clone"))


def copy_checkout(root: Path) -> Clone:
    """Copy the files that git knows, and new ones, without any folder or database it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    assert not (root / "gradebook.db").exists()
    return Clone(root)


@pytest.fixture(scope="session")
def graded(clone: Clone) -> Clone:
    """The clone after build, autograde, generate_feedback and export for four students."""
    clone.run("autograder", "build", LAB)
    clone.submit("ada", clone.notebook("solutions"))
    clone.submit("bob", clone.notebook("notebooks"))
    clone.submit("eve", '{"cells": [')
    clone.submit("mal", damaged(clone))
    # eve's notebook cannot be read: nbgrader says so at the end, and grades the others.
    said = clone.run("nbgrader", "autograde", LAB, expect=1)
    (clone.root / "autograde.txt").write_text(said)
    clone.run("nbgrader", "generate_feedback", LAB)
    clone.run("nbgrader", "export")
    return clone


def damaged(clone: Clone) -> Any:
    """Return the solution with what students do to notebooks, and some that cheaters do.

    Right are saliency_map and randomize_top; deletion_curve divides by zero.
    """
    notebook = clone.notebook("solutions")
    cells = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
    steal = (
        f"try:\n    open({str(clone.root / 'gradebook.db')!r}, 'wb')\nexcept OSError:\n    pass\n"
    )
    noise = "import sys\nprint(1000.0)\nsys.stderr.write('warning')\n"
    cells["saliency_map"].source = noise + steal + cells["saliency_map"].source
    position = notebook.cells.index(cells["saliency_map"])
    notebook.cells.insert(position + 1, copy.deepcopy(cells["saliency_map"]))
    notebook.cells[position + 1].id = "copy"
    cells["check_saliency_map"].metadata.nbgrader.points = 1000
    cells["check_saliency_map"].metadata.tags = ["skip-execution"]
    cells["occlusion_map"].source = "raise SystemExit"
    notebook.cells.remove(cells["check_randomize_top"])
    cells["deletion_curve"].source = "def deletion_curve(*arguments):\n    return 1 / 0"
    cells["check_deletion_curve"].source = "import numpy as np\nnp.float64(0.0)"
    cells["explain_deletion"].source = "<script>alert(1)</script>"
    return notebook
