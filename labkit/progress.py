"""Remembers which visible checks have passed, so that lab 00 can show the progress over all labs.

The record is a small JSON file of the student's own. It grades nothing, and a folder that cannot
be written costs nothing but the record.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

CHECKS = Path(__file__).parent / "checks"
PATIENCE = 5.0  # seconds to wait for another notebook that records, too


def progress_file() -> Path:
    """Return the record's path: LABKIT_PROGRESS, or a file in the user's home."""
    return Path(os.environ.get("LABKIT_PROGRESS") or "~/.labkit-progress.json").expanduser()


def record(lab: str, exercise: str, passed: int, total: int) -> None:
    """Remember that `passed` of `total` visible checks of an exercise pass.

    Notebooks that record at once do not lose each other's results. A damaged record is kept
    beside the new one, as `.damaged`.
    """
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: no home
        path = progress_file().resolve()  # a link to the record stays one
        with _alone(path):
            try:
                everything = _read(path)
            except FileNotFoundError:
                everything = {}
            except ValueError:
                path.replace(f"{path}.damaged")
                everything = {}
            everything.setdefault(lab, {})[exercise] = [passed, total]
            _write(path, json.dumps(everything, indent=1))


def load() -> dict[str, dict[str, list[int]]]:
    """Return {lab: {exercise: [passed, total]}}; empty when there is no readable record."""
    try:
        return _read(progress_file())
    except (OSError, RuntimeError, ValueError):
        return {}


def _read(path: Path) -> dict[str, dict[str, list[int]]]:
    """Return what a record holds; ValueError for a damaged one."""
    try:
        everything = json.loads(path.read_text(encoding="utf-8"))
        return {
            lab: {name: [int(passed), int(total)] for name, (passed, total) in exercises.items()}
            for lab, exercises in everything.items()
        }
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{path} holds no record of progress") from error


def _write(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from a file; where no lock is to be had, go on without one."""
    from filelock import FileLock

    lock = FileLock(f"{path}.lock", timeout=PATIENCE)
    if path.parent.is_dir():  # or the lock would make it
        # Not on every network drive, nor in a folder that is read-only.
        with contextlib.suppress(OSError, RuntimeError):
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


class ProgressTable:
    """The progress over all labs as text, and as a table in a notebook."""

    def __init__(self, exercises: dict[str, list[str]]):
        """Take {lab: [exercise]}, the exercises there are."""
        done = load()
        self.rows = [
            (lab, name, *done.get(lab, {}).get(name, (0, 0)))
            for lab, names in exercises.items()
            for name in names
        ]

    def __repr__(self) -> str:
        return "\n".join(f"{lab:34} {name:28} {_state(p, t)}" for lab, name, p, t in self.rows)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{lab}</td><td style='text-align:left'>"
            f"<code>{name}</code></td><td style='text-align:left'>{_state(p, t)}</td></tr>"
            for lab, name, p, t in self.rows
        )
        head = "<tr><th>lab</th><th>exercise</th><th>visible checks</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _state(passed: int, total: int) -> str:
    if not total:
        return "not tried yet"
    return f"{passed} of {total} pass" if passed < total else f"all {total} pass"


def show_progress() -> ProgressTable:
    """Return the table of every exercise that has visible checks, tried or not."""
    return ProgressTable(exercises())


def exercises() -> dict[str, list[str]]:
    """Return {lab: [exercise]} as the installed visible checks name them, in lab order."""
    found: dict[str, list[str]] = {}
    for path in sorted(CHECKS.glob("lab_*.py")):
        lab = path.stem.removeprefix("lab_").replace("_", "-")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "exercise":
                name = getattr(node.value, "value", None)
                if isinstance(name, str) and name not in found.setdefault(lab, []):
                    found[lab].append(name)
    return found
