"""Measures a process together with all that it started.

The limit on memory is each process's own, so that forty processes could take forty times as much,
and the kernel does not hold every user to the limit on processes.
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

    def exceeds(self, memory: int, processes: int) -> bool:
        """Return whether they hold more bytes, shared pages shared out, or are more.

        One process alone is not measured: its own limits hold it.
        """
        members = list(self.members())
        if len(members) == 1:
            return False
        return len(members) > processes or sum(map(self._size, members)) > memory

    def members(self) -> Iterator[str]:
        """Yield the process and all below it that live."""
        waiting = [self.pid]
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
