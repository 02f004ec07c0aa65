"""Attacks on the grader: what each gains, and what the instructor sees.

    python -m benchmarks.attacks [WORD ...]

tests/autograder/attacks/ holds them, one cell an attack; the tests run the same. Each is mallory's
answer to one exercise, handed in with an honest answer to another: it gains what the submission
earns beyond that, and harms where anything outside is another than before. WORDs choose by title.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.collect import lab_of
from autograder.feedback import first_message
from autograder.grade import Engine, reason_of
from autograder.intake import take_in
from autograder.lab import ROOT, Lab, load_lab, load_release, read_source
from autograder.process import process_at
from autograder.rows import Row
from autograder.sandbox import ISOLATED, Sandbox, why_not_isolated
from autograder.sanitize import grade_id, sanitize
from autograder.submission import (
    UnreadableSubmission,
    parse_notebook,
    read_submission,
    submission_from_notebook,
)
from labkit.errors import StudentError

ATTACKS = ROOT / "tests" / "autograder" / "attacks"
LAB, ATTACKED, HONEST = "12-deepdream", "dream_loss", "octave_sizes"
SHORT = {"memory": 512 << 20, "seconds": 10.0}  # limits
ENDLESS = {"seconds": 1.0}


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        theme: its file; those of `notebooks` and `archives` make the file that is handed in.
        says: a part of what the instructor sees; "|" stands between two that will do.
        plain: whether it fails without isolation, too.
        endless: whether it is worth no waiting.
    """

    theme: str
    title: str
    source: str
    says: str = ""
    plain: bool = False
    endless: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of an attack: points beyond the honest ones, harm done, the instructor's view."""

    gained: float
    harm: list[str]
    seen: str


def read_attacks(folder: Path = ATTACKS) -> Iterator[Attack]:
    """Yield the attacks, theme by theme; cells without title go before each one of their file."""
    for path in sorted(folder.glob("*.py")):
        before = ""
        for cell in read_source(path).cells:
            about = {k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"}
            if "title" in about:
                yield Attack(path.stem, source=before + cell.source, **about)
            else:
                before += f"{cell.source}\n\n\n"


# Those whom an attack could harm


class Neighbours:
    """Another student's files, a port where nobody may call, and another submission's process.

    Args:
        sandbox: the warm one in which all are graded.
        folder: an empty one. What mallory hands in lies in `mallory` or `archive`; a file that
            appears elsewhere is harm.
    """

    def __init__(self, sandbox: Sandbox, folder: Path):
        self.sandbox, self.folder = sandbox, folder
        self.engine = Engine(sandbox.address, sandbox.limits, sandbox.isolation, {LAB: 1})
        self.ada = folder / "ada" / f"{LAB}.py"
        self.mallory, self.archive = folder / "mallory", folder / "archive"
        self.extracted = folder / "extracted"

    def __enter__(self) -> Neighbours:
        for path in (self.ada, self.archive / f"ada_{LAB}.ipynb", self.extracted / "x"):
            path.parent.mkdir()
        self.ada.write_text(solution(ATTACKED, "dream_step", HONEST), encoding="utf-8")
        (self.archive / f"ada_{LAB}.ipynb").write_text("ada's own")
        take_in(self.archive, self.extracted, LAB, print)
        self._open = contextlib.ExitStack()
        self._listener = self._open.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        limits = replace(self.sandbox.limits, exercise_seconds=100_000)
        self._process = self._open.enter_context(process_at(self.sandbox.address, limits))
        self._process.run_cells([["cell", "def f(): return 'alive'", [0]]])
        self._processes, self._files = self._descendants(), self._contents()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def honest(self) -> Row:
        """Return the row of ada's submission."""
        return self.engine.grade_file(self.ada)

    def harm(self) -> list[str]:
        """Return what has changed."""
        found = [f"{name} was written" for name, _ in sorted(self._contents() ^ self._files)]
        with contextlib.suppress(BlockingIOError):
            self._listener.accept()[0].close()
            found.append("somebody called")
        try:
            self._process.call("f")
        except StudentError:
            found.append("another submission's process has ended")
        deadline = time.monotonic() + 10
        while (left := self._descendants() - self._processes) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found + [f"{len(left)} processes are left"] * bool(left)

    def _contents(self) -> set[tuple[str, bytes]]:
        """Return every file that is not mallory's own."""
        own = (self.mallory, self.archive, self.extracted / "mallory")
        paths = [ROOT / "was-here", Path.home() / "was-here", *self.folder.rglob("*")]
        others = [p for p in paths if not any(map(p.is_relative_to, own))]
        return {(str(p), p.read_bytes()) for p in others if p.is_file()}

    def _descendants(self) -> set[int]:
        """Return all processes below the server's; without isolation none are promised to end."""
        if self.sandbox.isolation != ISOLATED:
            return set()
        parents = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        found = {self.sandbox._server.pid}
        while more := {child for child, parent in parents.items() if parent in found} - found:
            found |= more
        return found


# One attack


def run(attack: Attack, neighbours: Neighbours) -> Outcome:
    """Hand in an attack, grade it as an instructor would, and look around."""
    limits = SHORT | (ENDLESS if attack.endless else {})
    engine = neighbours.engine
    engine = replace(engine, limits=replace(engine.limits, **limits))
    shutil.rmtree(neighbours.mallory, ignore_errors=True)
    neighbours.mallory.mkdir()
    said: list[str] = []
    path = hand_in(attack, neighbours, said.append)
    row = graded(path, engine) if path else None
    gained = 0.0
    if row and row.status == "graded":
        points = max(row.points, in_nbgrader(path, engine) if path.suffix == ".ipynb" else 0)
        gained = points - load_lab(LAB).exercise(HONEST).points
    return Outcome(gained, neighbours.harm(), seen(row) if row else " ".join(said))


def hand_in(attack: Attack, neighbours: Neighbours, say: Callable[[str], None]) -> Path | None:
    """Return the file that is graded; None where nothing is left to grade, and `say` tells why."""
    path = neighbours.mallory / f"{LAB}.ipynb"
    if attack.theme == "notebooks":
        return edited(attack, path, neighbours.ada)
    if attack.theme == "archives":
        return unpacked(attack, neighbours, say)
    known = {"COURSE": str(ROOT), "HOME": str(Path.home()), "PORT": neighbours.port}
    known["OUTSIDE"] = str(neighbours.folder)
    head = "\n".join(f"{name} = {value!r}" for name, value in known.items())
    path = path.with_suffix(".py")
    path.write_text("\n\n# %%\n".join([head, attack.source, solution(HONEST)]), encoding="utf-8")
    return path


def edited(attack: Attack, path: Path, bystander: Path) -> Path:
    """Write the honest notebook as the attack's code changes it, or what that code writes."""
    notebook = honest_notebook()
    cells = {grade_id(cell): cell for cell in notebook["cells"] if grade_id(cell)}
    names = {"notebook": notebook, "cells": cells, "path": path, "bystander": bystander}
    exec(attack.source, names | {"json": json, "os": os})
    if not os.path.lexists(path):
        path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def unpacked(attack: Attack, neighbours: Neighbours, say: Callable[[str], None]) -> Path | None:
    """Return mallory's notebook out of what the attack's code packs, if one is taken in."""
    names = {"folder": neighbours.archive, "notebook": json.dumps(honest_notebook())}
    exec(attack.source, names)
    try:
        take_in(neighbours.archive, neighbours.extracted, LAB, say)
    finally:
        for path in neighbours.archive.iterdir():
            if not path.name.startswith("ada"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    path = neighbours.extracted / "mallory" / f"{LAB}.ipynb"
    return path.rename(neighbours.mallory / path.name) if path.exists() else None


def graded(path: Path, engine: Engine) -> Row:
    """Return the row of a file, for the attacked exercise and the honest one."""
    try:
        submission = read_submission(path)
        lab = two_exercises(lab_of(path, submission.lab))
        return engine.grade(submission, lab, "mallory")
    except UnreadableSubmission as error:
        return engine.failed("mallory", LAB, reason_of(error))


def two_exercises(name: str = LAB) -> Lab:
    """Return the lab with no other exercise: it saves half of the time."""
    lab = load_lab(name)
    return replace(lab, exercises=(lab.exercise(ATTACKED), lab.exercise(HONEST)))


def solution(*exercises: str) -> str:
    """Return right answers to some exercises."""
    return "\n\n\n".join(load_lab(LAB).exercise(name).solution for name in exercises)


def honest_notebook() -> dict:
    """Return the released notebook with one exercise solved, as JSON has it."""
    notebook = load_release(LAB)
    for cell in notebook.cells:
        if grade_id(cell) == HONEST:
            cell.source = solution(HONEST)
    return json.loads(json.dumps(notebook))


def in_nbgrader(path: Path, engine: Engine) -> float:
    """Return the points that `nbgrader autograde` would give, on the scale of the checks."""
    from autograder.gradebook import is_autograded, score_of

    notebook = sanitize(parse_notebook(path.read_text(encoding="utf-8")), load_release(LAB))
    row = engine.grade(submission_from_notebook(str(path), notebook), two_exercises(), "mallory")
    names = {f"check_{name}" for name in (ATTACKED, HONEST)}
    cells = [cell for cell in notebook.cells if is_autograded(cell) and grade_id(cell) in names]
    most = sum(cell.metadata.nbgrader["points"] for cell in cells)
    return sum(score_of(cell, row) for cell in cells) * row.max_points / most


def seen(row: Row) -> str:
    """Return what the instructor sees of it first."""
    if row.status == "failed":
        return row.reason
    (attacked,) = [e for e in row.exercises if e.exercise == ATTACKED]
    return first_message(attacked)


# The table


def main() -> int:
    """Run all attacks, isolated and (where that promises as much) plain, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attacks", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD")
    words = parser.parse_args().words
    attacks = [a for a in read_attacks() if all(w in f"{a.theme} {a.title}" for w in words)]
    if why := why_not_isolated():
        print(f"error: {why}; attacks are for where code is isolated", file=sys.stderr)
        return 2
    with neighbourhood(isolate=True) as isolated, neighbourhood(isolate=False) as plain:
        print(f"{'points gained: isolated':>68}{'plain':>8}  what the instructor sees first")
        won = [line(attack, isolated, plain) for attack in attacks]
        for name, neighbours in (("isolated", isolated), ("plain", plain)):
            row = neighbours.honest()
            print(f"an honest submission afterwards, {name}: {row.points:g} of {row.max_points:g}")
    print(f"{len(attacks)} attacks, {sum(won)} of them with success")
    return int(any(won))


@contextlib.contextmanager
def neighbourhood(*, isolate: bool) -> Iterator[Neighbours]:
    """Give neighbours in a warm sandbox of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="labkit-attacks-") as folder,
        Sandbox(isolate=isolate) as sandbox,
    ):
        sandbox.wait_until_warm()
        with Neighbours(sandbox, Path(folder)) as neighbours:
            yield neighbours


def line(attack: Attack, isolated: Neighbours, plain: Neighbours) -> bool:
    """Run an attack, print its line, and return whether it had success."""
    outcomes = [run(attack, isolated)] + [run(attack, plain)] * attack.plain
    gains = [f"{outcome.gained:g}" for outcome in outcomes] + ["-"] * (not attack.plain)
    harm = [f"HARM: {text}" for outcome in outcomes for text in outcome.harm]
    text = "; ".join([*harm, outcomes[0].seen])
    print(f"{attack.theme + ': ' + attack.title:60.60}{gains[0]:>8}{gains[1]:>8}  {text:.90}")
    return bool(harm) or any(outcome.gained > 0 for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(main())
