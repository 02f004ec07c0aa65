"""A process in the sandbox: runs an exercise's cells, calls its functions, returns data.

What the process sends is never trusted: it runs a student's code.
"""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from autograder.sandbox import Limits, SandboxError
from autograder.users import unused_user
from autograder.worker import messages
from labkit.errors import NotAnswered, StudentError, printable


@dataclass(frozen=True)
class Result:
    """What a call gave, and what only the worker could witness (it may be forged)."""

    value: Any
    gradients: list
    forwards: list
    inputs_unchanged: bool
    models_unchanged: bool
    random_state_unchanged: bool


@contextlib.contextmanager
def process_at(address: str, limits: Limits) -> Iterator[Process]:
    """Give one fresh process of the server at `address`; it ends with the context."""
    with (
        tempfile.TemporaryDirectory(prefix="labkit-plain-") as folder,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        try:
            connection.connect(address)
        except OSError as error:
            raise SandboxError(f"the worker's server does not answer: {error}") from error
        yield Process(connection, limits, folder)


class Process:
    """A process for one exercise of one submission.

    Its methods raise StudentError when the student's code fails or exceeds a limit. After that a
    process that was killed keeps saying so, without being waited for again. The constructor
    raises SandboxError where no process starts.
    """

    def __init__(self, connection: socket.socket, limits: Limits, folder: str):
        self._connection = connection
        self._limits = limits
        self.ended = ""  # why the process is no more
        uid = unused_user()  # whom the limit on processes counts for this one alone
        self._deadline = time.monotonic() + limits.exercise_seconds
        try:
            messages.send(connection, asdict(limits) | {"uid": uid, "folder": folder})
            ready, _ = self._read_reply(time.monotonic() + 60)
        except (EOFError, OSError, ValueError) as error:
            raise SandboxError(f"no process could be started: {error or 'too slow'}") from error
        if ready != {"ready": True}:
            raise SandboxError(f"no process could be started: {printable(str(ready))}")

    def run_cells(self, cells: list) -> None:
        """Execute the wanted statements of each cell: [label, source, indices]."""
        self._exchange("your code", {"cells": cells})

    def call(
        self,
        function: str,
        *args: Any,
        gradients: tuple = (),
        upstream: Any = None,
        record: bool = False,
        shared: tuple[str, ...] = (),
        built_with: tuple | None = None,
        attributes: dict | None = None,
        inside: Any = None,
        again: tuple[int, int] | None = None,
        **kwargs: Any,
    ) -> Result:
        """Call a function by name on copies of the arguments.

        Args:
            gradients: positions of arguments to differentiate the result by: tensors, or lists and
                dicts of tensors, whose gradients follow one another in order. A name stands for
                that attribute of the object that `built_with` makes.
            upstream: the gradient of the result, ones where None.
            shared: names of the networks among the arguments that `shared_model` returned.
            record: note the input of every forward pass of the networks among the arguments.
            built_with: `function` is a class: make an object with these arguments, and call it.
            attributes: name -> tensor that this object is given before, a parameter for instance.
            inside: a network, which is called with the arguments while the function stands for
                every activation in it.
            again: (position, times): call it so often, each result in that argument's place in
                the next call; the value is the list of results.
        """
        call = {"function": function, "args": args, "kwargs": kwargs, "gradients": gradients}
        call |= {"built_with": built_with, "attributes": attributes or {}, "inside": inside}
        call |= {"again": again}
        blob = messages.dump_call(call | {"upstream": upstream, "record": record}, shared)
        reply, tensors = self._exchange(function, {"function": function}, blob)
        try:
            value = messages.decode(reply["value"], tensors)
            witness = reply["witness"]
            result = Result(
                value,
                gradients=messages.decode(reply["gradients"], tensors) if gradients else [],
                forwards=messages.decode(witness["forwards"], tensors),
                inputs_unchanged=witness["inputs_unchanged"] is True,
                models_unchanged=witness["models_unchanged"] is True,
                random_state_unchanged=witness["random_state_unchanged"] is True,
            )
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise StudentError(f"`{function}` sent a result that cannot be read") from error
        if value is None:
            raise NotAnswered.returns_none(function)
        return result

    def _exchange(self, name: str, request: dict, blob: bytes = b"") -> tuple[dict, dict]:
        """Send a request and return the reply, or raise what the student should read."""
        if self.ended:
            raise StudentError(self.ended)
        seconds = min(self._limits.seconds, self._deadline - time.monotonic())
        if seconds <= 0:
            total = self._limits.exercise_seconds
            self._end(f"all calls together took longer than {total:g} s; `{name}` was not called")
        try:
            self._connection.settimeout(seconds)
            with contextlib.suppress(BrokenPipeError):  # an ended process says so when we read
                messages.send(self._connection, request, blob=blob)
            reply, tensors = self._read_reply(time.monotonic() + seconds)
        except TimeoutError:
            self._end(f"`{name}` took longer than {seconds:.3g} s and was stopped")
        except (EOFError, OSError):
            self._end(
                f"`{name}` ended the process it ran in (a crash, an exit, too many processes, too "
                "much memory)"
            )
        except (ValueError, RecursionError) as error:
            self._end(f"`{name}` sent a result that cannot be read: {printable(str(error))}")
        match reply:
            case {"error": {"not_answered": str(text)}}:
                raise NotAnswered(printable(text))
            case {"error": error}:
                raise StudentError(printable(str(error)))
        return reply, tensors

    def _read_reply(self, deadline: float) -> tuple[dict, dict]:
        read = functools.partial(messages.read_exactly, self._connection, deadline=deadline)
        head, body = messages.HEADER.unpack(read(messages.HEADER.size))
        if head > self._limits.text or head + body > self._limits.result:
            raise ValueError(
                f"it is larger than {self._limits.result >> 20} MB, or a list of very many values"
            )
        return json.loads(read(head)), messages.load_tensors(read(body))

    def _end(self, why: str) -> None:
        self.ended = why
        self._connection.close()
        raise StudentError(why)
