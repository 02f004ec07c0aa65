"""Gives submissions users of their own, where only file permissions keep the course from them.

Without bubblewrap a submission sees the whole machine as its user does. Root, as which graders
run in containers, can make that a user whom nothing belongs to and who may read little.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable
from pathlib import Path

FIRST, COUNT = 200_000, 60_000  # above every user of a usual machine
FIRST_IN_CONTAINERS = 5_000  # those that root did not start know 65,536 users


def plain_mode(needed: Iterable[str]) -> str:
    """Return how the worker runs without bubblewrap: "own-user" or "plain".

    Args:
        needed: folders that every user must be able to read for the former; root it takes, too.
    """
    if sys.platform != "linux" or os.getuid() != 0 or users() < FIRST_IN_CONTAINERS + COUNT:
        return "plain"
    return "own-user" if all(map(everybody_reads, needed)) else "plain"


def everybody_reads(folder: str) -> bool:
    """Return whether the permissions of a folder and those above it let every user in."""
    path = Path(folder).resolve()
    if not path.exists():
        return True  # nothing to read
    enter = all(above.stat().st_mode & 0o001 for above in path.parents)
    return enter and path.stat().st_mode & 0o005 == 0o005


def unused_user() -> int:
    """Return the number of a user who does not exist; the next one does not, either."""
    first = FIRST if users() >= FIRST + COUNT else FIRST_IN_CONTAINERS
    return first + 2 * random.randrange(COUNT // 2)


def users() -> int:
    """Return how many users the kernel knows here, in this user namespace."""
    maps = Path("/proc/self/uid_map")
    lines = maps.read_text().splitlines() if maps.exists() else []
    return max((int(line.split()[0]) + int(line.split()[2]) for line in lines), default=1 << 32)
