"""Code that never ends, takes everything, or takes the process down; see results.py.

`endless` gets a limit of one second a call.
"""
# ruff: noqa

# %%
import ctypes
import os
import signal
import sys
import threading
import time

import torch


# %% loops for ever plain=true endless=true says="took longer than 1 s"
def dream_loss(activation):
    while True:
        pass


# %% loops for ever beside the functions plain=true endless=true says="`your code` took longer than 1 s"
while True:
    dream_loss = 1


# %% sleeps for ever plain=true endless=true says="took longer than 1 s"
def dream_loss(activation):
    time.sleep(1000)


# %% swallows every interrupt plain=true endless=true says="took longer than 1 s"
def dream_loss(activation):
    while True:
        try:
            while True:
                time.sleep(0.1)
        except BaseException:
            pass


# %% ignores every signal plain=true endless=true says="took longer than 1 s"
def dream_loss(activation):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        pass


# %% stops itself plain=true endless=true says="took longer than 1 s"
def dream_loss(activation):
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(30)


# %% leaves the process at once (os._exit) plain=true says="ended the process"
def dream_loss(activation):
    os._exit(0)


# %% exits with a message plain=true says="left the program (SystemExit)"
def dream_loss(activation):
    sys.exit("12/12")


# %% crashes the interpreter plain=true says="ended the process"
def dream_loss(activation):
    ctypes.string_at(0)


# %% aborts plain=true says="ended the process"
def dream_loss(activation):
    os.abort()


# %% prints for ever plain=true says="printed or wrote more"
def dream_loss(activation):
    while True:
        print("x" * 10_000)


# %% writes a file for ever plain=true says="printed or wrote more"
def dream_loss(activation):
    with open("large", "wb") as file:
        while True:
            file.write(bytes(1 << 20))


# %% writes a thousand files says="No space left|printed or wrote more"
def dream_loss(activation):
    for number in range(1000):
        with open(f"file-{number}", "wb") as file:
            file.write(bytes(1 << 20))


# %% takes all memory plain=true says="more memory"
def dream_loss(activation):
    return torch.ones(1 << 34)


# %% takes all memory bit by bit plain=true says="more memory"
def dream_loss(activation):
    kept = []
    while True:
        kept.append(bytearray(1 << 24))


# %% takes all memory with eight processes says="too much memory"
def dream_loss(activation):
    for _ in range(8):
        if os.fork() == 0:
            kept = bytearray(b"x") * (150 << 20)
            time.sleep(60)
    time.sleep(60)


# %% recurses for ever plain=true says="RecursionError"
def dream_loss(activation):
    return dream_loss(activation)


# %% a fork bomb, graded as root or not says="met the limit|too many processes"
def dream_loss(activation):
    while True:
        try:
            if os.fork() == 0:
                time.sleep(60)
        except OSError:
            raise RuntimeError("met the limit") from None


# %% a fork bomb that leaves its parents behind (setsid) says="met the limit|too many processes"
def dream_loss(activation):
    while True:
        try:
            if os.fork() == 0:
                os.setsid()
                while True:
                    if os.fork():
                        os._exit(0)
        except OSError:
            raise RuntimeError("met the limit") from None


# %% leaves a child of its child behind says="not half the sum"
def dream_loss(activation):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
    return 0.0


# %% leaves threads behind plain=true
def spin():
    while True:
        pass


def dream_loss(activation):
    for _ in range(5):
        threading.Thread(target=spin, daemon=False).start()
    return 0.0


# %% kills everything it may
def dream_loss(activation):
    for target in (-1, os.getppid(), 0):
        try:
            os.kill(target, signal.SIGKILL)
        except OSError:
            pass
    time.sleep(30)


# %% raises an exception whose text cannot be made plain=true says="raised Broken"
class Broken(BaseException):
    def __str__(self):
        raise RuntimeError


def dream_loss(activation):
    raise Broken


# %% raises an exception with a page, a cursor and a formula in its text plain=true says="=1+1"
def dream_loss(activation):
    raise ValueError("=1+1\x1b[2J\x1b[H\ud800<script>alert(1)</script>\n12/12" * 100)
