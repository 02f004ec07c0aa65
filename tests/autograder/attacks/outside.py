"""Code that writes, calls, signals or rises outside of its sandbox; see secrets.py.

PORT is one that listens, where nobody may call.
"""
# ruff: noqa

# %%
import ctypes
import os
import resource
import signal
import socket
import sys

import torch


def tell(found):
    raise RuntimeError(f"found {list(found)}")


def done(acts):
    """Yield the names of the acts that the operating system lets pass."""
    for name, act in acts.items():
        try:
            act()
        except (OSError, ValueError):
            continue
        yield name


# %% writes into the course, the packages, the machine, another student's folder says="found []"
TORCH = os.path.dirname(torch.__file__)
FOLDERS = [COURSE, f"{COURSE}/labkit", f"{COURSE}/autograder/worker", f"{COURSE}/.graded", OUTSIDE]
FOLDERS += [f"{OUTSIDE}/ada", TORCH, f"{sys.prefix}/bin", HOME, "/", "/dev", "/usr/lib"]
FOLDERS += ["/etc", "/var/tmp", "/run", "/srv"]
dream_loss = tell(done({f: lambda f=f: open(f"{f}/was-here", "w") for f in FOLDERS}))

# %% changes and removes the kit says="found []"
HOOKS = f"{COURSE}/labkit/hooks.py"
ACTS = {
    "remove": lambda: os.remove(HOOKS),
    "chmod": lambda: os.chmod(HOOKS, 0o777),
    "append": lambda: open(HOOKS, "a"),
    "rename": lambda: os.rename(HOOKS, HOOKS + ".old"),
    "link": lambda: os.link(HOOKS, "own"),
}
dream_loss = tell(done(ACTS))


# %% writes through a link says="found []"
def through_links():
    for number, target in enumerate((f"{OUTSIDE}/was-here", f"{COURSE}/was-here")):
        os.symlink(target, f"link-{number}")
        yield from done({target: lambda: open(f"link-{number}", "w")})


dream_loss = tell(through_links())

# %% calls somebody: this machine, another one, a name says="found []"
HOSTS = [("127.0.0.1", PORT), ("192.0.2.1", 80), ("::1", PORT), ("example.org", 80)]
dream_loss = tell(done({str(h): lambda h=h: socket.create_connection(h, timeout=1) for h in HOSTS}))

# %% signals to every other process says="found []"
dream_loss = tell(
    number
    for number in range(2, 40_000)
    if any(done({number: lambda n=number: os.kill(n, signal.SIGKILL)}))
)


# %% other users, namespaces, mounts, tracing, raised limits says="found []"
def won():
    libc = ctypes.CDLL(None)
    yield from done({act.__name__: lambda act=act: act(0) for act in (os.setuid, os.setgid)})
    yield from ["root"] * (0 in os.getresuid())
    calls = {
        "mount": (b"tmpfs", b"/scratch", b"tmpfs", 0, None),
        "umount2": (b"/proc", 2),
        "unshare": (0x10000000,),
        "chroot": (b"/scratch",),
        "sethostname": (b"x", 1),
        "ptrace": (16, os.getppid(), 0, 0),
    }
    yield from (name for name, arguments in calls.items() if getattr(libc, name)(*arguments) == 0)
    if os.uname().machine == "x86_64" and libc.syscall(56, 0x10000011, 0, 0, 0, 0) >= 0:
        yield "clone"
    limits = (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE)
    yield from done({limit: lambda k=limit: resource.setrlimit(k, (-1, -1)) for limit in limits})


dream_loss = tell(won())
