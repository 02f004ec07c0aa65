"""The `student` that hidden checks call: its functions run in the sandbox, its results are data."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import torch

from autograder.garbage import constant_of
from autograder.process import Process, Result, process_at
from autograder.sandbox import Limits, SandboxError
from autograder.slices import Slice
from labkit.errors import NotAnswered, StudentError

FEWEST_CALLS = 4  # after which a result that never changes is no coincidence
MOST_STARTS = 2  # a crash in one check costs that check; an endless loop is not waited for often


class Student:
    """One exercise of one submission.

    `student.saliency_map(model, images, labels)` returns what the student's function returns, on
    copies of the arguments, in a process of its own. `student.call(...)` takes the options of
    `Process.call` and returns a `Result` with the gradients and what the process witnessed.

    Args:
        address: of the sandbox's server.
        code: the statements that the exercise needs.
        seed: decides the hidden inputs, see `generator`.
    """

    def __init__(self, address: str, limits: Limits, code: Slice, exercise: str, seed: int):
        self._address, self._limits = address, limits
        self._code, self._exercise = code, exercise
        self._seed = seed
        self._open = contextlib.ExitStack()
        self._process: Process | None = None
        self._starts = 0
        self._constants: list[float | None] = []  # of each result
        self.error = ""  # why the code could not be run at all
        self.broken: SandboxError | None = None  # no fault of the student's

    @property
    def cut_short(self) -> bool:
        """Whether a process was ended by a limit or by itself: another time it may not be."""
        return self._starts > 1 or bool(self._process and self._process.ended)

    @property
    def constant(self) -> float | None:
        """The number that every result consisted of, whatever came in; None where they differ."""
        found = set(self._constants)
        return found.pop() if len(self._constants) >= FEWEST_CALLS and len(found) == 1 else None

    def __enter__(self) -> Student:
        torch.set_num_threads(1)  # what the checks compute is small
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_"):
            raise AttributeError(name)
        return functools.partial(self._value, name)

    def _value(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self.call(name, *args, **kwargs).value

    def call(self, name: str, *args: Any, **options: Any) -> Result:
        """Call a function by name; see `Process.call` for the options."""
        result = self._running().call(name, *args, **options)
        self._constants.append(constant_of(result.value))
        return result

    def generator(self, number: int = 0) -> torch.Generator:
        """Return a generator of the assignment's hidden inputs, the same for the whole class."""
        return torch.Generator().manual_seed((self._seed * 1_000 + number) % (1 << 63))

    def _running(self) -> Process:
        if self._process is None or (self._process.ended and self._starts < MOST_STARTS):
            self._process = self._start()
        return self._process

    def _start(self) -> Process:
        if self.error:
            raise StudentError(self.error)
        if self._code.error:
            self.error = self._code.error
            raise StudentError(self.error)
        if not self._code.defined:
            raise NotAnswered(f"not answered yet: `{self._exercise}` is not defined")
        self._starts += 1
        try:
            process = self._open.enter_context(process_at(self._address, self._limits))
            process.run_cells(self._code.cells)
        except SandboxError as error:
            self.broken = error
            raise
        except StudentError as error:
            self.error = str(error)
            raise
        return process
