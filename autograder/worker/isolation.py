"""Shuts a student's process in: namespaces, folders of its own, limits, no privileges.

Linux only, apart from the limits. Each step was tried against the attack it is meant for; the
tests in tests/autograder/test_attacks.py repeat them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
from pathlib import Path
from typing import Any

# linux/sched.h, sys/mount.h, linux/prctl.h
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
CLONE_NEWNET = 0x40000000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 0x40000
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
CAPABILITY_VERSION_3 = 0x20080522


def enter_namespaces(uid: int) -> None:
    """Become an unprivileged user in user, mount, pid, IPC and network namespaces of its own.

    A network of its own, since two submissions could meet in a shared one, by a port or an
    abstract socket.

    A real user id of 0 would make the kernel ignore the limit on processes.
    """
    if os.getuid() == 0:
        become(uid)
        libc("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # else /proc/self belongs to root
    uid, gid = os.getuid(), os.getgid()
    libc("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def become(uid: int) -> None:
    """Turn from root into a user without a name, to whom nothing on the machine belongs."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def enter_own_folder(folder: str, uid: int) -> None:
    """Give an empty folder to a user and become that user in it."""
    os.chown(folder, uid, uid)
    os.chdir(folder)
    become(uid)


def end_all_of(uid: int) -> None:
    """Kill every process of a user; as root.

    The killer's real user is a second one that nobody else is: the victims cannot strike first.
    """
    if killer := os.fork():
        os.waitpid(killer, 0)
        return
    try:
        os.setresuid(uid + 1, uid, uid + 1)
        if 0 not in os.getresuid():  # or -1 would mean everybody
            os.kill(-1, signal.SIGKILL)
    finally:
        os._exit(0)


def mount_own_folders(output: int) -> None:
    """Give this process an empty /scratch, /tmp and /dev/shm, and hide /proc.

    Where the checkout lies in /tmp, that holds the kit and nothing else, and cannot be written.

    The server's /proc tells of other submissions' processes. A new one may not be mounted here,
    since bubblewrap covers parts of it; nothing that a submission needs reads it.
    """
    flags = MS_NOSUID | MS_NODEV
    libc("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    folders = [b"/scratch", b"/dev/shm", b"/proc"] + [b"/tmp"] * (not os.listdir("/tmp"))
    for folder in folders:
        libc("mount", b"tmpfs", folder, b"tmpfs", flags, b"size=%d,mode=700" % (8 * output))
    os.chdir("/scratch")


def close_doors(keep: int) -> None:
    """Leave no open file but the connection: output goes to a file of limited size."""
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)


def set_limits(limits: dict, own_user: bool) -> None:
    """Limit memory, processes, file sizes and processor time; none can be raised again."""
    bounds = {
        "RLIMIT_AS": address_space() + limits["memory"],
        "RLIMIT_FSIZE": limits["output"],
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": int(limits["exercise_seconds"]) + 1,
        "RLIMIT_NOFILE": 256,
    }
    if own_user:  # elsewhere the count would be of all the user's processes
        bounds["RLIMIT_NPROC"] = limits["processes"]
    for name, value in bounds.items():
        with contextlib.suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS
            resource.setrlimit(getattr(resource, name), (value, value))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # too much output raises instead


def address_space() -> int:
    """Return the bytes that this process has mapped already, most of them shared libraries."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0


def drop_privileges() -> None:
    """Give up the capabilities that the new user namespace came with, for good."""
    libc("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)  # 0: this process
    libc("capset", header, struct.pack("=6I", *[0] * 6))


def libc(function: str, *args: Any) -> None:
    """Call a C function and raise OSError where it fails."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, function)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
