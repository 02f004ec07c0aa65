"""Runs students' code: a warm server that forks one process for each exercise it is asked for.

The folder of this file runs on its own, inside the sandbox that `autograder.sandbox` builds, and
imports nothing of the autograder: a forked child can read its parent's memory, so the parent must
never have held a check, a reference or a solution.

Started as: python worker SOCKET_FD isolated|own-user|plain [FOLDER_FOR_SYS_PATH ...]
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import socket
import sys
import traceback
import warnings

sys.path[1:1] = sys.argv[3:]  # before what needs labkit: this checkout's, not an installed one

import calls  # noqa: E402 - needs the path above
import family  # noqa: E402
import isolation  # noqa: E402
import messages  # noqa: E402
import syscalls  # noqa: E402

ISOLATED, OWN_USER = "isolated", "own-user"


def serve(listener: socket.socket, mode: str) -> None:
    """Fork a child for each connection, until standard input closes."""
    warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in readable:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            supervise(connection, mode)
        connection.close()


SUBMISSIONS_IMPORT = (
    "matplotlib.pyplot",
    "sklearn.cluster",
    "torchvision.transforms",
    "labkit.data",
    "labkit.hooks",
    "labkit.optimize",
    "labkit.plotting",
)


def warm_up() -> None:
    """Import what submissions import, and run the network once, on one thread.

    A parent that ran one operation on two threads leaves locks that deadlock every child.
    """
    import torch

    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # joblib's: no semaphores in here
        for name in SUBMISSIONS_IMPORT:
            importlib.import_module(name)
    images = torch.full((1, 3, 64, 64), 0.5, requires_grad=True)
    torch.autograd.grad(messages.shared_model("lite0")(images).sum(), images)
    look_for_libraries()


def look_for_libraries() -> None:
    """Run k-means once: it looks into /proc for its libraries, which a child does not see."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        KMeans(1, n_init=1).fit([[0.0], [1.0]])


def supervise(connection: socket.socket, mode: str) -> None:
    """Start the student's process and end it, with all it started, when the grader hangs up."""
    limits, _ = messages.receive(connection)
    isolated = mode == ISOLATED
    if isolated:
        isolation.enter_namespaces(limits["uid"])
    proc = os.open("/proc", os.O_RDONLY) if isolated else -1  # the child hides it
    child = os.fork()
    if child == 0:
        run_child(connection, limits, mode)
    members = family.Family(child, proc) if isolated else None
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if poll.poll(20) or (members and members.exceeds(limits["memory"], limits["processes"])):
            end(child)
            break
    if mode == OWN_USER:
        isolation.end_all_of(limits["uid"])
    # Processes that the child left behind may hold the connection open.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    os._exit(0)


def end(child: int) -> None:
    """Kill the child and its process group; in a PID namespace that ends everything in it."""
    for kill, target in ((os.killpg, child), (os.kill, child)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(target, signal.SIGKILL)


def run_child(connection: socket.socket, limits: dict, mode: str) -> None:
    """Answer the grader's requests until it hangs up."""
    status = 1
    try:
        try:
            shut_in(connection, limits, mode)
        except Exception as error:  # the machine's fault, which the grader should know
            messages.send(connection, {"failed": f"{type(error).__name__}: {error}"})
            raise
        messages.send(connection, {"ready": True})
        calls.answer(connection)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def shut_in(connection: socket.socket, limits: dict, mode: str) -> None:
    """Take away from this process what a submission has no business with."""
    os.setsid()
    # Reads /proc, which the next step hides.
    isolation.set_limits(limits, own_user=mode in (ISOLATED, OWN_USER))
    if mode == ISOLATED:
        isolation.mount_own_folders(limits["output"])
    elif mode == OWN_USER:
        isolation.enter_own_folder(limits["folder"], limits["uid"])
    else:
        os.chdir(limits["folder"])
    isolation.close_doors(connection.fileno())
    if sys.platform == "linux":
        isolation.drop_privileges()
        syscalls.forbid()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
    os._exit(0)  # a second sooner: there is nothing to clean up
