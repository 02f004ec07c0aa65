"""Measures the memory of a process together with all that it started.

The limit on memory is each process's own: forty processes could take forty times as much.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


class Family:
    """A process and its descendants, watched from outside of their namespaces.

    One that outlives its parent in a PID namespace becomes a child of the first process there, so
    that none gets lost.

    Args:
        pid: the first process.
        proc: a file descriptor of /proc, opened before /proc is hidden.
    """

    def __init__(self, pid: int, proc: int):
        self.pid = str(pid)
        self._proc = proc

    def memory(self) -> int:
        """Return the bytes held together, shared pages shared out; 0 for one process alone."""
        members = list(self._members(self.pid))
        return sum(map(self._size, members)) if len(members) > 1 else 0

    def _members(self, pid: str) -> Iterator[str]:
        waiting = [pid]
        while waiting:
            yield (member := waiting.pop())
            for task in self._threads(member):
                waiting += self._read(f"{member}/task/{task}/children").split()

    def _threads(self, pid: str) -> list[str]:
        with contextlib.suppress(OSError):  # processes end while we look
            folder = os.open(f"{pid}/task", os.O_RDONLY, dir_fd=self._proc)
            try:
                return os.listdir(folder)
            finally:
                os.close(folder)
        return []

    def _size(self, pid: str) -> int:
        for line in self._read(f"{pid}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
        return 0

    def _read(self, path: str) -> str:
        with contextlib.suppress(OSError), self._open(path) as file:
            return file.read()
        return ""

    def _open(self, path: str):
        return open(path, opener=lambda name, flags: os.open(name, flags, dir_fd=self._proc))
