"""Grades submissions: exercise by exercise, in the sandbox, by the hidden checks."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from multiprocessing import forkserver
from pathlib import Path

from autograder.cache import Cache, name_of
from autograder.collect import find_submissions, lab_of, likely_lab, submitted_twice
from autograder.lab import Exercise, Lab, load_lab
from autograder.rows import ExerciseRow, Row
from autograder.sandbox import Limits, Sandbox
from autograder.slices import Slice, slice_for
from autograder.submission import (
    Cell,
    Submission,
    UnreadableSubmission,
    read_submission,
    restore_locked,
)
from labkit.check import run_checks
from labkit.errors import printable

IMPORTED_LATER = ("autograder.student", "nbformat", "IPython")  # heavy: where they are used


class NotKept(LookupError):
    """A result that the cache does not hold, asked of an engine that can only look there."""


@dataclass(frozen=True)
class Engine:
    """What grading one submission takes; small enough to send to another process.

    With `address=""` it gives what the cache holds, and raises NotKept for the rest.
    """

    address: str
    limits: Limits
    isolation: str
    seeds: dict[str, int]
    cache: Cache | None = None  # None grades everything anew

    def grade_file(self, path: Path, name: str = "") -> Row:
        """Return the row of one file; a file that cannot be read is a row that says why.

        Raises: NotKept, of an engine without an address.
        """
        started = time.perf_counter()
        lab = likely_lab(path)
        try:
            submission = read_submission(path)
            lab = lab_of(path, submission.lab)
            return self.grade(submission, load_lab(lab), name or str(path))
        except NotKept:
            raise
        except Exception as error:  # not worth the rest of the class
            seconds = time.perf_counter() - started
            return self.failed(name or str(path), lab, reason_of(error), seconds)

    def grade(self, submission: Submission, lab: Lab, name: str) -> Row:
        """Return the row of one submission."""
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
        name = self.name_of(exercise, lab, code, helped_by) if self.cache is not None else ""
        if self.cache is not None and (kept := self.cache.load(name)):
            return kept
        if not self.address:
            raise NotKept(exercise.name)
        from autograder.garbage import garbage_earns_nothing  # torch: what is kept needs none
        from autograder.student import Student

        started = time.perf_counter()
        with Student(self.address, self.limits, code, exercise.name, seed) as student:
            checks = [
                replace(check, message=printable(check.message))  # it may quote a result
                for check in run_checks(lab.checks, student, exercise.name)
            ]
            if student.broken:
                raise student.broken
            checks = garbage_earns_nothing(checks, student.constant)
            cut_short = student.cut_short
        points = sum(c.points for c in checks if c.passed)
        row = ExerciseRow(exercise.name, points, exercise.points, student.error, checks, helped_by)
        if self.cache is not None and not cut_short:  # on a less busy machine it may be in time
            seconds = round(time.perf_counter() - started, 3)
            self.cache.keep(name, replace(row, kept_seconds=seconds))
        return row

    def name_of(self, exercise: Exercise, lab: Lab, code: Slice, helped_by: tuple) -> str:
        """Return the name under which a result is kept."""
        limits, seed = asdict(self.limits), self.seeds[lab.name]
        about = [exercise.name, exercise.points, helped_by, seed, limits, self.isolation]
        return name_of(lab.checks, *about, code.cells, code.defined, code.error)

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
        reason = printable(reason)  # it may quote the file or its name, and a terminal shows it
        return Row(
            name, lab, "failed", reason, 0.0, points, round(seconds, 3), self.isolation, seed
        )


def reason_of(error: Exception) -> str:
    """Return why a submission has no grade: what is wrong with the file, or with the grader."""
    if isinstance(error, UnreadableSubmission):
        return str(error)
    return f"the grader failed, grade this one again: {type(error).__name__}: {error}"


def grade_all(
    paths: Iterable[Path],
    seeds: dict[str, int],
    *,
    workers: int = 1,
    limits: Limits | None = None,
    isolate: bool = True,
    cache: Cache | None = None,
) -> Iterator[Row]:
    """Yield one row a submission, in the order of `find_submissions`.

    Args:
        paths: notebooks, .py files or folders.
        seeds: the secret seed of each lab's hidden inputs.
        workers: processes that compare and score.
        isolate: False grades in plain processes.
        cache: where results are kept, and taken from; None grades everything.
    """
    files = find_submissions(paths)
    twice = submitted_twice(files)
    sandbox = Sandbox(limits, isolate=isolate)
    engine = Engine("", sandbox.limits, sandbox.isolation, seeds, cache)
    for path in files.copy():  # while all is kept, nothing has to start
        try:
            yield _grade_one(engine, path, twice.get(path, ""))
        except NotKept:
            break
        files.remove(path)
    if not files:
        return
    if workers > 1:
        start_imports()
    with sandbox:
        engine = replace(engine, address=sandbox.address)
        sandbox.wait_until_warm()
        if workers > 1:
            yield from grade_in_processes(engine, files, twice, workers)
        else:
            yield from (_grade_one(engine, f, twice.get(f, "")) for f in files)


def grade_in_processes(
    engine: Engine, files: Iterable[Path], twice: dict[Path, str], workers: int
) -> Iterator[Row]:
    """Yield the rows, in order; a process that dies takes its pool along, and costs one file."""
    waiting = list(files)
    while waiting:
        with grading_pool(workers) as pool, contextlib.suppress(BrokenProcessPool):
            tasks = [pool.submit(_grade_one, engine, f, twice.get(f, "")) for f in waiting]
            for task in tasks:
                row = task.result()
                del waiting[0]
                yield row
        if waiting:  # perhaps the file that did it, perhaps one behind it
            path = waiting.pop(0)
            yield _grade_apart(engine, path, twice.get(path, ""))


def _grade_apart(engine: Engine, path: Path, twice: str) -> Row:
    """Return the row of a file that gets a process of its own."""
    with grading_pool(1) as pool:
        try:
            return pool.submit(_grade_one, engine, path, twice).result()
        except BrokenProcessPool:
            reason = "a grading process ended (out of memory?): grade this one again"
            return engine.failed(str(path), likely_lab(path), reason)


@contextlib.contextmanager
def grading_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that compare and score, forked from one that has imported everything.

    An exception, an interrupt above all, ends them at once: the pool itself would do the rest of
    the class first.
    """
    start_imports()
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(workers, context, initializer=_end_with_parent) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def _end_with_parent() -> None:
    """End this process when the one that asked for it is gone, killed perhaps."""

    def watch() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def start_imports() -> None:
    """Let the process from which graders are forked import what they need, if it has not begun."""
    forkserver.set_forkserver_preload(["autograder.grade", *IMPORTED_LATER])
    forkserver.ensure_running()


def _grade_one(engine: Engine, path: Path, twice: str) -> Row:
    if twice:
        return engine.failed(str(path), lab_of(Path(path.name)), twice)
    return engine.grade_file(path)
