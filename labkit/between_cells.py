"""Runs code between two cells of a notebook, on the kernel's main thread.

JupyterLab hands a turned knob to the kernel on a thread of its own. A network's hooks, Matplotlib
and captured output belong to one thread at a time, so everything that computes is sent back.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from labkit.errors import describe_error


class MainThread:
    """The thread on which it is made: in a notebook, the one that runs the cells."""

    def __init__(self):
        try:
            self.loop = asyncio.get_running_loop()
        except RuntimeError:  # a script, a terminal: nothing runs between two statements
            self.loop = None

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run a function there after some seconds, or at once where there is no event loop."""
        if self.loop is None:
            function()
        else:
            self.loop.call_soon_threadsafe(self.loop.call_later, seconds, function)


def call(function: Callable, *arguments: Any, name: str = "", **settings: Any) -> tuple[Any, str]:
    """Return what a function returned, and what it printed or what went wrong.

    Displayed output and progress bars are left out: they would appear under some other cell.

    Args:
        name: of the function, for the message.
    Raises: KeyboardInterrupt.
    """
    name = name or getattr(function, "__name__", "the function")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), _undisplayed():
        try:
            made = function(*arguments, **settings)
        except Exception as error:  # the student's own code may raise anything
            return None, describe_error(error, name)
    text = printed.getvalue().strip()
    if made is None and not text:
        text = f"`{name}` returned None: it waits for an exercise, or a `return` is missing."
    return made, text


@contextlib.contextmanager
def _undisplayed() -> Iterator[None]:
    """Swallow what is displayed on this thread.

    IPython's `capture_output` exchanges the publisher for all threads, and the thread that brings
    the knobs' messages fails on the other one.
    """
    from IPython import get_ipython

    publisher = getattr(get_ipython(), "display_pub", None)
    if not hasattr(publisher, "register_hook"):  # a script, a terminal
        yield
        return
    publisher.register_hook(_swallow)
    try:
        yield
    finally:
        publisher.unregister_hook(_swallow)


def _swallow(message: Any) -> None:
    """Return None: the message goes no further."""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let the notebook's stop button raise KeyboardInterrupt here, as it does within a cell.

    Between cells the kernel ignores it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
