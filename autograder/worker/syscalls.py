"""Takes away the system calls that a submission never needs and an attack does.

A user namespace may make another one, in which it may mount folders and hide memory; System V
memory and memory files count in no limit; a socket may lead to another machine. No capability is
needed for these, so giving up capabilities does not help: a seccomp filter does, hand-made, since
it is a list of numbers.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

# Architecture as audit.h names it, and its numbers of: clone; socket; the calls taken away.
NUMBERS = {
    "x86_64": (0xC000003E, 56, 41, {
        "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155,
        "chroot": 161, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311,
        "kcmp": 312, "shmget": 29, "msgget": 68, "semget": 64, "memfd_create": 319,
        "add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321, "perf_event_open": 298,
        "userfaultfd": 323, "open_by_handle_at": 304,
    }),
    "aarch64": (0xC00000B7, 220, 198, {
        "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41,
        "chroot": 51, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
        "kcmp": 272, "shmget": 194, "msgget": 186, "semget": 190, "memfd_create": 279,
        "add_key": 217, "request_key": 218, "keyctl": 219, "bpf": 280, "perf_event_open": 241,
        "userfaultfd": 282, "open_by_handle_at": 265,
    }),
}  # fmt: skip
# Newer calls have one number everywhere: io_uring, the new mount API, pidfd_getfd, mount_setattr.
EVERYWHERE = (425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442)
CLONE3 = 435
NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW flag
AF_UNIX = 1  # the only family of sockets that stays on this machine
FIRST_X32 = 0x40000000  # a second set of numbers on x86_64

# linux/filter.h and linux/seccomp.h; the data are: number, architecture, address, arguments
LOAD, IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


def forbid() -> None:
    """Install the filter for this process and all that it will start; cannot be undone.

    Needs PR_SET_NO_NEW_PRIVS. On processors that are not listed nothing is taken away.
    """
    if platform.machine() not in NUMBERS or sys.byteorder != "little":
        return
    lines = program(*NUMBERS[platform.machine()])
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in lines))
    header = struct.pack("@HP", len(lines), ctypes.addressof(code))
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp filter")


def program(architecture: int, clone: int, socket: int, calls: dict[str, int]) -> list[tuple]:
    """Return the filter's lines (operation, lines to skip if true, if false, operand)."""
    no = (RETURN, 0, 0, REFUSE | errno.EPERM)
    lines = [(LOAD, 0, 0, ARCHITECTURE), (IF_EQUAL, 1, 0, architecture), no]
    lines += [(LOAD, 0, 0, NUMBER), (IF_AT_LEAST, 0, 1, FIRST_X32), no]
    for number in (*calls.values(), *EVERYWHERE):
        lines += [(IF_EQUAL, 0, 1, number), no]
    # glibc falls back to clone, whose flags can be read, where clone3 does not exist.
    lines += [(IF_EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    lines += [(IF_EQUAL, 0, 3, socket), (LOAD, 0, 0, FIRST_ARGUMENT)]
    lines += [(IF_EQUAL, 1, 0, AF_UNIX), no, (LOAD, 0, 0, NUMBER)]
    lines += [(IF_EQUAL, 0, 3, clone), (LOAD, 0, 0, FIRST_ARGUMENT)]
    lines += [(IF_ANY_BIT, 0, 1, NEW_NAMESPACES), no]
    return [*lines, (RETURN, 0, 0, ALLOW)]
