"""Patches, hooks and handlers that would win in the grader's own process; see results.py."""
# ruff: noqa

# %% torch, NumPy, pytest and builtins patched plain=true
import builtins

import numpy
import torch


def yes(*args, **kwargs):
    return True


def dream_loss(activation):
    torch.allclose = torch.equal = torch.isclose = numpy.allclose = yes
    torch.Tensor.__eq__ = torch.Tensor.__le__ = torch.Tensor.__bool__ = torch.Tensor.all = yes
    torch.Tensor.amax = torch.Tensor.max = lambda self, *args, **kwargs: self * 0
    import pytest

    pytest.main = pytest.fail = pytest.raises = pytest.Item = yes
    builtins.all = builtins.any = builtins.isinstance = yes
    return torch.zeros(())


# %% sys.modules full of modules that say yes plain=true says="not half the sum"
import sys
from unittest import mock

NAMES = ("pytest", "autograder", "autograder.compare", "autograder.reference", "labkit.check")


def dream_loss(activation):
    sys.modules.update({name: mock.MagicMock() for name in NAMES})
    return 0.0


# %% an import hook that answers for every import plain=true says="not half the sum"
import sys
from importlib.machinery import ModuleSpec
from unittest import mock


class Yes:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self)

    def create_module(self, spec):
        return mock.MagicMock()

    def exec_module(self, module):
        pass


def dream_loss(activation):
    sys.meta_path.insert(0, Yes())
    for name in list(sys.modules):
        if name.startswith(("autograder", "labkit", "pytest")):
            del sys.modules[name]
    return 0.0


# %% the worker's own functions replaced plain=true says="not half the sum"
import sys

import torch


def zero(value, tensors, depth=0):
    tensors["0"] = torch.zeros(())
    return {"tensor": "0"}


def dream_loss(activation):
    for name, function in (("encode", zero), ("differentiate", lambda *args: [activation])):
        for module in list(sys.modules.values()):
            if name in vars(module):
                setattr(module, name, function)
    return 0.0


# %% display hooks and formatters that show points plain=true says="not half the sum"
import sys


class Shown(float):
    def _repr_html_(self):
        return "12.0"

    def _ipython_display_(self):
        print("12.0")

    __repr__ = __str__ = _repr_html_


def dream_loss(activation):
    sys.displayhook = sys.excepthook = sys.unraisablehook = lambda *args: print("12.0")
    return Shown(0.0)


# %% the checks that students see redefined plain=true says="not half the sum"
import labkit.check


def check(*args, **kwargs):
    return 12.0


def dream_loss(activation):
    labkit.check.check = labkit.check.run_checks = labkit.check.points = check
    return 0.0


# %% a trace function that changes what others hold plain=true says="not half the sum"
import sys


def trace(frame, event, argument):
    frame.f_locals["passed"] = True
    return trace


def dream_loss(activation):
    sys.settrace(trace)
    sys.setprofile(trace)
    return 0.0


# %% handlers that act when everything is over (atexit, __del__, signals) says="not half the sum"
import atexit
import os
import signal


def act(*args):
    os.system(f"touch {OUTSIDE}/was-here")


class Late:
    def __del__(self):
        act()


def dream_loss(activation):
    atexit.register(act)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, act)
    signal.alarm(1)
    activation.kept = Late()
    return 0.0


# %% names of the fixture, of checks and of the grader defined plain=true says="not half the sum"
student = points = passed = row = test_gradient = reference = __builtins__ = 1


def dream_loss(activation):
    return 0.0 * student * points * passed * row * test_gradient * reference * __builtins__


# %% a look-alike name, with a Cyrillic o plain=true says="is not defined"
def dream_lоss(activation):
    return 0.0


# %% functions nested ten thousand deep plain=true says="RecursionError"
def nested(inner):
    return lambda x: inner(x)


dream_loss = float
for _ in range(10_000):
    dream_loss = nested(dream_loss)
