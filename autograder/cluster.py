"""Grades on an existing Dask cluster: one submission a task, one process that keeps the results.

    python -m dask scheduler                              on one machine
    python -m dask worker tcp://HOST:8786 --nthreads 1    on each, in a checkout of this course
    python -m autograder grade submitted/ --scheduler tcp://HOST:8786

Submissions are read and judged readable here; a worker gets their cells, grades them in a warm
sandbox of its own, and sends a row. A worker that is lost is no loss: its tasks go to the others.
The rows go into this checkout's cache, so that `nbgrader autograde`, the one process that writes
the gradebook, finds every result there.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.cache import Cache, grader_version
from autograder.collect import find_submissions, lab_of, likely_lab, submitted_twice
from autograder.grade import Engine, NotKept, reason_of
from autograder.lab import load_lab
from autograder.rows import ExerciseRow, Row
from autograder.sandbox import Limits, isolation_here, warm_sandbox
from autograder.submission import Submission, read_submission

PATIENCE = 30  # seconds to wait for a scheduler, and for its first worker
ONE_AT_A_TIME = threading.Lock()  # pytest is not made for threads; use --nthreads 1


def grade_on_cluster(
    address: str,
    paths: Iterable[Path],
    seeds: dict[str, int],
    *,
    limits: Limits | None = None,
    cache: Cache | None = None,
) -> Iterator[Row]:
    """Yield one row a submission, in the order of `find_submissions`.

    Args:
        address: of the scheduler, such as tcp://host:8786.
        cache: gets every result, and gives those that it holds.
    Raises: RuntimeError where the scheduler or its workers cannot be used, and why.
    """
    limits = limits or Limits()
    files = find_submissions(paths)
    twice = submitted_twice(files)
    with connected(address) as client:
        isolation = require_like_us(client)
        here = Engine("", limits, isolation, seeds, cache)
        tasks = [_task(client, here, file, twice.get(file, "")) for file in files]
        for file, task in zip(files, tasks, strict=True):
            yield task if isinstance(task, Row) else _result(here, file, task)


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give a client of the cluster; a clear error where there is none."""
    try:
        from distributed import Client
    except ImportError as error:
        raise RuntimeError("--scheduler needs Dask: pip install -e '.[instructor]'") from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RuntimeError(
            f"no Dask scheduler answers at {address!r} ({error}); start one with "
            "`python -m dask scheduler` and give its address, such as tcp://host:8786"
        ) from error
    with client:
        yield client


def require_like_us(client: Any) -> str:
    """Return the workers' isolation; RuntimeError where they would not grade as this process."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
        found = client.run(about_worker)
    except Exception as error:  # no worker, or one without this checkout
        raise RuntimeError(
            f"no worker of the cluster can grade ({error}); start each in a checkout of this "
            "course, with its environment active: python -m dask worker ADDRESS --nthreads 1"
        ) from error
    others = [worker for worker, (version, _) in found.items() if version != grader_version()]
    if others:
        raise RuntimeError(
            f"the workers {others} have another version of grader, labkit, Python, torch or NumPy; "
            "check out the same commit and install the same packages everywhere"
        )
    kinds = {isolation for _, isolation in found.values()}
    if len(kinds) > 1:
        raise RuntimeError(f"some workers isolate submissions and some do not: {found}")
    return kinds.pop()


def about_worker() -> tuple[str, str]:
    """Return what decides how a worker grades: its version, and how it isolates."""
    return grader_version(), isolation_here()


def _task(client: Any, here: Engine, file: Path, twice: str) -> Any:
    """Return a row where one can be given here, else the future of one."""
    if twice:
        return here.failed(str(file), lab_of(Path(file.name)), twice)
    started = time.perf_counter()
    try:
        submission = read_submission(file)
        lab = lab_of(file, submission.lab)
    except Exception as error:  # not worth the rest of the class
        seconds = time.perf_counter() - started
        return here.failed(str(file), likely_lab(file), reason_of(error), seconds)
    with contextlib.suppress(NotKept):
        return here.grade(submission, load_lab(lab), str(file))
    return client.submit(
        grade_remotely, submission, lab, str(file), here.limits, here.seeds[lab], pure=False
    )


def grade_remotely(
    submission: Submission, lab: str, name: str, limits: Limits, seed: int
) -> tuple[Row, dict[str, ExerciseRow]]:
    """Grade one submission on a worker; return its row, and what is worth keeping by name."""
    found = Found()
    with ONE_AT_A_TIME:
        sandbox = warm_sandbox(limits)
        engine = Engine(sandbox.address, limits, sandbox.isolation, {lab: seed}, found)
        return engine.grade(submission, load_lab(lab), name), dict(found)


class Found(dict):
    """What a worker found, by name, on its way to the cache; see `autograder.cache.Cache`."""

    load, keep = dict.get, dict.__setitem__


def _result(here: Engine, file: Path, task: Any) -> Row:
    """Wait for a row and keep what it found; what no worker can do costs one row."""
    try:
        row, found = task.result()
    except Exception as error:  # Dask's own, such as KilledWorker, or ours
        reason = f"no worker could grade it, try again: {error}"
        return here.failed(str(file), likely_lab(file), reason)
    if here.cache is not None:
        for key, exercise in found.items():
            here.cache.keep(key, exercise)
    return row
