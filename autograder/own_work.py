"""Moves what somebody did beside a release out of the way before the release is made anew.

Self-learners and instructors work in notebooks/ itself. What is no release as it was built, an
answered notebook, other notebooks, photos, goes to notebooks/mine/LAB: there nothing is built, and
nothing is released to students.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

MINE = "mine"


def keep_own_work(release: Path, say: Callable[[str], None] = print) -> None:
    """Move everything in a release's folder but an untouched release.

    Args:
        release: notebooks/LAB/LAB.ipynb, there or not.
        say: called with one sentence for each file or folder that is moved.
    """
    root = release.parents[2]
    for path in sorted(release.parent.glob("[!.]*")):
        if path == release and is_untouched(path):
            continue
        target = _free(root / "notebooks" / MINE / release.stem / path.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
        say(f"kept {path.relative_to(root)} as {target.relative_to(root)}")


def is_untouched(release: Path) -> bool:
    """Tell whether a notebook is a release that nobody ran, answered or saved in an editor."""
    import nbformat
    from nbgrader.utils import compute_checksum

    try:
        notebook = nbformat.read(release, as_version=4)
    except Exception:  # no notebook any more; whatever it is, it is somebody's
        return False
    if notebook.metadata.get("language_info") != {"name": "python"}:  # editors write more
        return False
    for cell in notebook.cells:
        if cell.get("outputs") or cell.get("execution_count"):
            return False
        checksum = cell.metadata.get("nbgrader", {}).get("checksum")
        if checksum and checksum != compute_checksum(cell):
            return False
    return True


def _free(path: Path) -> Path:
    """Return the path, or the first of "name 2.ipynb", "name 3.ipynb", ... that is free."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem} {number}")
    return free
