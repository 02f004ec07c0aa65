"""Grades submissions: exercise by exercise, in the sandbox, by the hidden checks."""

from __future__ import annotations

import multiprocessing
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from autograder.lab import LAB_NAME, Exercise, Lab, lab_names, load_lab
from autograder.sandbox import Limits, Sandbox, printable
from autograder.student import Student
from autograder.submission import (
    Cell,
    Submission,
    UnreadableSubmission,
    read_submission,
    restore_locked,
    slice_for,
)
from labkit.check import CheckResult, run_checks


@dataclass(frozen=True)
class ExerciseRow:
    """The result of one exercise."""

    exercise: str
    points: float
    max_points: float
    error: str
    checks: list[CheckResult]
    helped_by: tuple[str, ...] = ()  # earlier exercises that a sound version stood in for


@dataclass(frozen=True)
class Row:
    """The result of one submission, one row of the class table."""

    submission: str
    lab: str
    status: str  # "graded" or "failed"
    reason: str
    points: float
    max_points: float
    seconds: float
    isolation: str
    seed: int
    exercises: list[ExerciseRow] = field(default_factory=list)

    def as_json(self) -> dict:
        """Return the row as DESIGN.md gives it."""
        row = asdict(self)
        for exercise in row["exercises"]:
            del exercise["helped_by"]
            keys = ("check", "passed", "points", "message")
            exercise["checks"] = [{k: check[k] for k in keys} for check in exercise["checks"]]
        return row


@dataclass(frozen=True)
class Engine:
    """What grading one submission takes; small enough to send to another process."""

    address: str
    limits: Limits
    isolation: str
    seeds: dict[str, int]

    def grade_file(self, path: Path, name: str = "") -> Row:
        """Return the row of one file; a file that cannot be read is a row that says why."""
        started = time.perf_counter()
        lab = ""
        try:
            submission = read_submission(path)
            lab = lab_of(path, submission.lab)
            return self.grade(submission, load_lab(lab), name or str(path))
        except UnreadableSubmission as error:
            reason = str(error)
        except Exception as error:  # ours, and not worth the rest of the class
            reason = f"the grader failed, grade this one again: {type(error).__name__}: {error}"
        seconds = time.perf_counter() - started
        return self.failed(name or str(path), lab, printable(reason), seconds)

    def grade(self, submission: Submission, lab: Lab, name: str) -> Row:
        """Return the row of one submission."""
        torch.set_num_threads(1)
        started = time.perf_counter()
        cells = restore_locked(submission, lab.locked)
        alone = {e.name: self._grade_exercise(e, lab, cells) for e in lab.exercises}
        rows = [self._with_help(e, lab, cells, alone) for e in lab.exercises]
        return Row(
            submission=name,
            lab=lab.name,
            status="graded",
            reason="",
            points=sum(r.points for r in rows),
            max_points=lab.max_points,
            seconds=round(time.perf_counter() - started, 3),
            isolation=self.isolation,
            seed=self.seeds[lab.name],
            exercises=rows,
        )

    def _grade_exercise(
        self, exercise: Exercise, lab: Lab, cells: tuple[Cell, ...], helped_by: tuple = ()
    ) -> ExerciseRow:
        code = slice_for(exercise.name, cells)
        seed = self.seeds[lab.name]
        with Student(self.address, self.limits, code, exercise.name, seed) as student:
            checks = run_checks(lab.checks, student, exercise.name)
            if student.broken:
                raise student.broken
            points = sum(c.points for c in checks if c.passed)
        return ExerciseRow(exercise.name, points, exercise.points, student.error, checks, helped_by)

    def _with_help(
        self, exercise: Exercise, lab: Lab, cells: tuple[Cell, ...], alone: dict[str, ExerciseRow]
    ) -> ExerciseRow:
        """Return the better of the row and one graded with sound versions of what failed before.

        One mistake costs once: an exercise is not to blame for what it builds on.
        """
        row = alone[exercise.name]
        failed = [e for e in lab.builds_on(exercise) if alone[e.name].points < e.points]
        if not failed or row.points == row.max_points:
            return row
        sound = tuple(Cell(f"sound {e.name}", "", e.solution) for e in failed)
        helped = self._grade_exercise(exercise, lab, cells + sound, tuple(e.name for e in failed))
        return max(row, helped, key=lambda r: r.points)

    def failed(self, name: str, lab: str, reason: str, seconds: float = 0.0) -> Row:
        """Return the row of a submission that could not be graded."""
        points = load_lab(lab).max_points if lab else 0.0
        seed = self.seeds.get(lab, 0)
        return Row(
            name, lab, "failed", reason, 0.0, points, round(seconds, 3), self.isolation, seed
        )


def grade_all(
    paths: Iterable[Path],
    seeds: dict[str, int],
    *,
    workers: int = 1,
    limits: Limits | None = None,
    isolate: bool = True,
) -> Iterator[Row]:
    """Yield one row a submission, in the order of `find_submissions`.

    Args:
        paths: notebooks, .py files or folders.
        seeds: the secret seed of each lab's hidden inputs.
        workers: processes that compare and score.
        isolate: False grades in plain processes.
    """
    files = find_submissions(paths)
    twice = submitted_twice(files)
    with Sandbox(limits, isolate=isolate) as sandbox:
        engine = Engine(sandbox.address, sandbox.limits, sandbox.isolation, seeds)
        sandbox.wait_until_warm()
        if workers == 1:
            yield from (_grade_one(engine, f, twice.get(f, "")) for f in files)
            return
        with grading_pool(workers) as pool:
            tasks = [pool.submit(_grade_one, engine, f, twice.get(f, "")) for f in files]
            for path, task in zip(files, tasks, strict=True):
                try:
                    yield task.result()
                except BrokenProcessPool:
                    reason = "a grading process ended (out of memory?): grade this one again"
                    yield engine.failed(str(path), "", reason)


def grading_pool(workers: int) -> ProcessPoolExecutor:
    """Return processes that compare and score; each imports once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grade"])
    return ProcessPoolExecutor(workers, mp_context=context)


def _grade_one(engine: Engine, path: Path, twice: str) -> Row:
    if twice:
        return engine.failed(str(path), lab_of(Path(path.name)), twice)
    return engine.grade_file(path)


# Which files are submissions, and of which lab


def find_submissions(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and for a folder every notebook and every .py without a notebook."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            notebooks = [p for p in sorted(path.rglob("*.ipynb")) if _is_visible(p, path)]
            stems = {p.parent / p.stem for p in notebooks} | {p.parent for p in notebooks}
            scripts = [p for p in sorted(path.rglob("*.py")) if _is_visible(p, path)]
            found += sorted(notebooks + [p for p in scripts if p.with_suffix("") not in stems])
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _is_visible(path: Path, folder: Path) -> bool:
    return not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)


def submitted_twice(files: Iterable[Path]) -> dict[Path, str]:
    """Return {file: reason} for files of one folder that are copies of one lab's notebook."""
    copies = defaultdict(list)
    for path in files:
        match = re.fullmatch(rf"({LAB_NAME.pattern}?)( ?\(\d+\)|-[Cc]opy\d*)?", path.stem)
        if match and match[1] in lab_names():
            copies[path.parent, match[1]].append(path)
    return {
        path: f"two submissions of one student: {', '.join(p.name for p in paths)}; keep one"
        for paths in copies.values()
        if len(paths) > 1
        for path in paths
    }


def lab_of(path: Path, stated: str = "") -> str:
    """Return the lab a file answers: what it states, else its name's, else a folder's.

    Raises: UnreadableSubmission naming the labs there are.
    """
    known = lab_names()
    for place in (stated, path.stem, *reversed(path.absolute().parent.parts)):
        for name in known:
            if name in place:
                return name
    raise UnreadableSubmission(
        f"cannot tell which lab {path.name} answers; expected its name or folder to hold one of "
        f"{', '.join(known)}"
    )
