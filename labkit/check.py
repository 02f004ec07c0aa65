"""Runs checks on a student's functions, and shows in a notebook what they found.

    check("06-saliency", saliency_map)

runs the visible checks of that exercise and displays a small table. The grader runs its hidden
checks through the same `run_checks`, with a `student` whose functions live in another process.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from labkit import progress
from labkit.errors import NotAnswered, StudentError, describe_error
from labkit.report import Report

VISIBLE_CHECKS = Path(__file__).parent / "checks"

# A check's module is an ordinary pytest module. Everything pytest would print is left out, since
# the results go to a table; plain asserts keep the message exactly as it was written.
PYTEST_OPTIONS = [
    "--assert=plain",
    "--capture=no",
    "--override-ini=addopts=",
    "--override-ini=filterwarnings=",
    f"--config-file={os.devnull}",
    *(f"-pno:{plugin}" for plugin in ("terminal", "cacheprovider", "faulthandler", "logging")),
    *(f"-pno:{plugin}" for plugin in ("warnings", "unraisableexception", "threadexception")),
]

# Keep the plugins that happen to be installed, and the user's own options, out of the run.
PYTEST_ALONE = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_ADDOPTS": "",
    "PYTEST_PLUGINS": "",
}


class ChecksFailed(Exception):
    """One short message for nbgrader's Validate, shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return textwrap.wrap(str(self), 80)  # Validate cuts longer lines


@dataclass(frozen=True)
class CheckResult:
    """What one check found; `message` is empty when it passed."""

    check: str
    title: str
    exercise: str
    points: float
    passed: bool
    message: str
    answered: bool = True


def points(value: float, *, exercise: str, hint: str = "") -> Callable:
    """Mark a pytest function as a check.

    Args:
        value: the points it is worth.
        exercise: the graded function it looks at.
        hint: what to try next; shown when the check fails without a message of its own.
    """

    def mark(function: Callable) -> Callable:
        function.points, function.exercise, function.hint = float(value), exercise, hint
        return function

    return mark


def check_file(folder: Path, lab: str) -> Path:
    """Return the path of a lab's check module: `06-saliency` is `lab_06_saliency.py`."""
    path = folder / f"lab_{lab.replace('-', '_')}.py"
    if not path.exists():
        known = sorted(p.stem[4:].replace("_", "-") for p in folder.glob("lab_*.py"))
        raise ValueError(f"there are no checks for lab {lab!r}; expected one of {known}")
    return path


def run_checks(path: Path, student: Any, exercise: str | None = None) -> list[CheckResult]:
    """Run the checks of one module with `student` as their fixture.

    Args:
        path: a pytest module whose functions carry `@points`.
        student: what the `student` fixture returns.
        exercise: only the checks of this exercise; None for all.
    Returns: one result a check, in the order of the file.
    Raises: ValueError when the module cannot be loaded or has no such check; RuntimeError where
        pytest fails, so that no check is left out unnoticed; KeyboardInterrupt.
    """
    run = _Run(student, exercise)
    with mock.patch.dict(os.environ, PYTEST_ALONE):
        options = [*PYTEST_OPTIONS, f"--rootdir={path.parent}", str(path)]
        status = pytest.main(options, plugins=[run])
    if run.broken:
        raise ValueError(f"the checks in {path} cannot be loaded: {run.broken}")
    if status == pytest.ExitCode.INTERNAL_ERROR:  # some checks were not run: half a result is none
        raise RuntimeError(f"pytest itself failed while it ran the checks in {path.name}")
    if status == pytest.ExitCode.INTERRUPTED:  # pytest swallows it
        raise KeyboardInterrupt
    if not run.results:
        raise ValueError(
            f"there are no checks for a function called {exercise!r}; expected one of "
            f"{sorted(run.exercises)}"
        )
    return run.results


class _Run:
    """A pytest plugin: gives the checks their student and collects what they found."""

    def __init__(self, student: Any, exercise: str | None):
        self.student_under_check = student
        self.exercise = exercise
        self.exercises: set[str] = set()
        self.results: list[CheckResult] = []
        self.broken = ""

    def pytest_configure(self, config: Any) -> None:
        # Nobody reads pytest's own report; its other styles parse the source, which takes long
        # and fails in Python 3.11 where another thread does the same.
        config.option.tbstyle = "native"

    @pytest.fixture
    def student(self) -> Any:
        return self.student_under_check

    def pytest_collection_modifyitems(self, items: list) -> None:
        items[:] = [item for item in items if self._wanted(item)]

    def _wanted(self, item: Any) -> bool:
        exercise = getattr(item.function, "exercise", None)
        if exercise is None:
            self.broken = f"{item.name} carries no @points(..., exercise=...)"
            return False
        self.exercises.add(exercise)
        return self.exercise in (None, exercise)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.broken = str(report.longrepr).strip().splitlines()[-1]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        yield
        if call.when == "call" or call.excinfo is not None:
            error = call.excinfo.value if call.excinfo else None
            self.results.append(_result(item, error))


def _result(item: Any, error: BaseException | None) -> CheckResult:
    function = item.function
    title = (function.__doc__ or item.name.removeprefix("test_").replace("_", " ")).strip()
    return CheckResult(
        check=item.name.removeprefix("test_"),
        title=title.splitlines()[0].rstrip("."),
        exercise=function.exercise,
        points=function.points,
        passed=error is None,
        message=_message(error, function.hint),
        answered=not isinstance(error, NotAnswered),
    )


def _message(error: BaseException | None, hint: str) -> str:
    """Say in the student's terms what went wrong; a check's own bug is said to be one."""
    match error:
        case None:
            return ""
        case AssertionError():
            return str(error) or hint or "the result is not right"
        case StudentError():
            return str(error)
        case _:
            what = f"{type(error).__name__}: {error}"
            return f"the check could not use your result ({what}). {hint}".strip()


# The student's functions, called in this process


class LocalStudent:
    """The functions under check as attributes; whatever they raise becomes a StudentError."""

    def __init__(self, *functions: Callable):
        for function in functions:
            setattr(self, function.__name__, function)

    def __setattr__(self, name: str, function: Callable) -> None:
        self.__dict__[name] = _guarded(function) if _is_function(function) else function


def _is_function(function: Callable) -> bool:
    return callable(function) and not isinstance(function, type)


def _guarded(function: Callable) -> Callable:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            value = function(*args, **kwargs)
        except Exception as error:
            raise StudentError(describe_error(error, function.__name__)) from error
        if value is None:
            raise NotAnswered.returns_none(function.__name__)
        return arrays_as_tensors(value)

    return call


def arrays_as_tensors(value: Any) -> Any:
    """Return a result as the grader gets it: a NumPy array, also inside a list, is a tensor."""
    if isinstance(value, np.ndarray | np.generic):
        import torch  # the grading process shows its help without waiting for it

        return torch.from_numpy(np.array(value))
    if type(value) in (list, tuple):
        return type(value)(arrays_as_tensors(item) for item in value)
    if type(value) is dict:
        return {key: arrays_as_tensors(item) for key, item in value.items()}
    return value


# In a notebook


def check(lab: str, function: Callable, *helpers: Callable) -> Report | None:
    """Run the visible checks of one exercise and return their table.

    Under nbgrader's Validate nothing is returned where every check passes: it would take the
    points of the visible checks for a part of the grade's, and a warning for a failure.

    Args:
        lab: the lab's name, such as "06-saliency".
        function: the student's function; its name is the exercise.
        helpers: further functions of the student that the exercise builds on.
    Raises: ChecksFailed under nbgrader's Validate when a check fails; ValueError for an unknown
        lab or exercise.
    """
    if not hasattr(function, "__name__"):  # its name says which exercise it answers
        raise ValueError(f"expected a function made with `def`, got a {type(function).__name__}")
    exercise = function.__name__
    student = LocalStudent(function, *helpers)
    validating = bool(os.environ.get("NBGRADER_VALIDATING"))
    with contextlib.redirect_stderr(io.StringIO()) if validating else contextlib.nullcontext():
        results = run_checks(check_file(VISIBLE_CHECKS, lab), student, exercise)
    report = Report(exercise, results)
    progress.record(lab, exercise, sum(r.passed for r in report.results), len(report.results))
    if validating and not report.passed:
        raise ChecksFailed(report.first_failure)
    return None if validating else report


def ready(**results: object) -> bool:
    """Return whether these results of exercises are there; else say what the cell waits for.

    ::

        if ready(saliency_map=maps):
            ...  # draw them
    """
    missing = [name for name, result in results.items() if result is None]
    if missing:
        print(f"This cell waits for the exercise {' and '.join(missing)}.")
    return not missing
