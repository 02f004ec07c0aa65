"""Builds the sandbox in which the worker runs students' code.

    with Sandbox() as sandbox, sandbox.process() as process:
        process.run_cells(cells)
        result = process.call("saliency_map", model, images, labels)

The fork server starts inside bubblewrap with an allow-list: the interpreter, its packages,
labkit, the worker's folder and nothing else of the machine. Each process it forks gets namespaces
and limits of its own (autograder/worker/isolation.py). Where bubblewrap is missing, processes are
plain ones with resource limits, and `isolation` says so; root at least gives each a user of its
own. What that promises, and what it does not: docs/isolation.md.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import labkit
from autograder.users import plain_mode

if TYPE_CHECKING:
    from autograder.process import Process

WORKER = Path(__file__).parent / "worker"
LABKIT = Path(labkit.__file__).resolve().parent
COURSE = Path(__file__).resolve().parent.parent
ISOLATED, NOT_ISOLATED = "bubblewrap", "not isolated"
SCRATCH = "/scratch"  # where processes may write; the checkout itself may lie in /tmp
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What one exercise of one submission may use."""

    seconds: float = 10  # one call
    exercise_seconds: float = 120  # all calls of a process
    memory: int = 2 * GIB  # bytes beyond what the warm process has mapped
    processes: int = 40  # threads count
    output: int = 8 << 20  # bytes printed, or in one file
    result: int = 64 << 20  # bytes of one reply
    text: int = 2 << 20  # bytes of its JSON; Python needs ten times as many to read it


class SandboxError(RuntimeError):
    """The sandbox itself fails: nobody's mistake but ours, and no reason to give 0 points."""


class Sandbox:
    """A warm server of isolated processes; a context manager.

    Args:
        limits: for each process.
        isolate: False starts plain processes even where bubblewrap works.
    """

    def __init__(self, limits: Limits | None = None, *, isolate: bool = True):
        self.limits = limits or Limits()
        self.isolation = isolation_here() if isolate else NOT_ISOLATED
        needed = [sys.base_prefix, sys.prefix, str(LABKIT), *import_folders()]
        self.mode = "isolated" if self.isolation == ISOLATED else plain_mode(needed)

    def __enter__(self) -> Sandbox:
        if not hasattr(socket, "AF_UNIX"):
            raise SandboxError(
                "grading needs Linux or macOS; on Windows use WSL 2 or a container, see "
                "docs/isolation.md"
            )
        self._folder = tempfile.TemporaryDirectory(prefix="labkit-grader-")
        self.address = str(Path(self._folder.name) / "socket")  # a folder only we can enter
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(self.address)
            except OSError as error:  # its address may have some hundred characters
                self._folder.cleanup()
                raise SandboxError(
                    f"no socket can be made at {self.address} ({error}): set TMPDIR to a folder "
                    "with a short name on this machine"
                ) from error
            listener.listen(64)
            self._server = subprocess.Popen(
                self._command(listener.fileno()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                env=self._environment(),
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stdin.close()
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server.stdout.close()
        self._folder.cleanup()

    def _command(self, listener: int) -> list[str]:
        python = [sys.executable, "-I", str(WORKER), str(listener), self.mode]
        python += [str(LABKIT.parent), *import_folders()]
        return [*bubblewrap_command(), *python] if self.mode == "isolated" else python

    def _environment(self) -> dict[str, str]:
        home = SCRATCH if self.mode == "isolated" else self._folder.name
        own = {"HOME": home, "MPLCONFIGDIR": home, "PATH": os.environ.get("PATH", "")}
        return ENVIRONMENT | own

    def process(self) -> contextlib.AbstractContextManager[Process]:
        """Return a context manager for one fresh process."""
        from autograder.process import process_at  # it imports torch

        return process_at(self.address, self.limits)

    def wait_until_warm(self) -> None:
        """Wait for the server's imports; raise SandboxError where it does not start."""
        if b"ready\n" not in self._server.stdout:  # libraries may print before it, when imported
            status = self._server.wait()
            raise SandboxError(f"the worker could not start (exit status {status}); see above")


@functools.cache
def warm_sandbox(limits: Limits | None = None) -> Sandbox:
    """Return the one sandbox of this process with these limits; it stops when the process ends."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    sandbox = stack.enter_context(Sandbox(limits))
    sandbox.wait_until_warm()
    return sandbox


ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
}


# The allow-list


def bubblewrap_command() -> list[str]:
    """Return bubblewrap's command line: everything that is not listed here is out of sight."""
    command = ["bwrap", "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-net"]
    command += ["--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--tmpfs", "/tmp"]
    for path in parents([*system_folders(), *kit_folders()]):
        command += ["--perms", "0755", "--dir", path]  # else closed to unprivileged users
    for path in system_folders():
        command += ["--ro-bind-try", path, path]
    for path in hidden_folders():
        command += ["--perms", "0755", "--tmpfs", path]
    for path in kit_folders():
        command += ["--ro-bind-try", path, path]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", SCRATCH]
    for path in ("/tmp", "/dev", *hidden_folders(), "/"):  # no place for notes to each other
        command += ["--remount-ro", path]
    return [*command, "--chdir", SCRATCH]


def system_folders() -> list[str]:
    """Return what the interpreter and its packages need of the system."""
    folders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"]
    folders += ["/sys/devices/system/cpu"]  # torch asks what the processor can do
    for prefix in (sys.base_prefix, sys.prefix):
        folders += [f"{prefix}/{name}" for name in ("bin", "lib", "lib64", "pyvenv.cfg")]
    return [f for f in [*folders, *import_folders()] if not _is_inside(f, COURSE)]


def hidden_folders() -> list[str]:
    """Return what must stay out of sight although it may lie inside a system folder."""
    exchange = ["/usr/local/share/nbgrader", "/srv/nbgrader"]
    visible = [Path(f) for f in system_folders()]
    return [f for f in [str(COURSE), *exchange] if any(_is_inside(f, v) for v in visible)]


def kit_folders() -> list[str]:
    """Return labkit, the worker, and a virtual environment inside the checkout."""
    folders = [str(LABKIT), str(WORKER)]
    if _is_inside(sys.prefix, COURSE):
        folders += [f"{sys.prefix}/{name}" for name in ("bin", "lib", "lib64", "pyvenv.cfg")]
    return folders


def import_folders() -> list[str]:
    """Return the folders of installed packages, a user's own included."""
    return [p for p in sys.path if Path(p).name in ("site-packages", "dist-packages")]


def parents(paths: list[str]) -> list[str]:
    """Return every folder above these paths, outer ones first, the root left out."""
    above = {str(folder) for path in paths for folder in Path(path).parents}
    return sorted(above - {"/"})


def _is_inside(path: str | Path, folder: Path) -> bool:
    return Path(path).is_relative_to(folder)


def isolation_here() -> str:
    """Return how this machine runs submissions: ISOLATED or NOT_ISOLATED."""
    return NOT_ISOLATED if why_not_isolated() else ISOLATED


@functools.cache
def why_not_isolated() -> str:
    """Return why bubblewrap cannot isolate here; empty when it can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    code = "import os; os.chdir('/scratch')"
    command = [*bubblewrap_command(), sys.executable, "-I", "-S", "-c", code]
    tried = subprocess.run(command, capture_output=True, text=True)
    return f"bubblewrap does not work here: {tried.stderr.strip()}" if tried.returncode else ""
