"""Results that are none, too large or too strange, and some that agree with everything.

Each cell is one attack: the student's answer to `dream_loss`. `says` is a part of what the
instructor sees (`|` between two that will do); `plain` marks what holds without isolation, too.
"""
# ruff: noqa


# %% not a number plain=true says="not finite"
def dream_loss(activation):
    return float("nan")


# %% always one plain=true says="half"
import torch


def dream_loss(activation):
    return torch.ones(())


# %% always minus one plain=true says="half"
def dream_loss(activation):
    return -1.0


# %% infinity, negative plain=true says="not finite"
def dream_loss(activation):
    return -activation.sum() / 0


# %% a number too large for a float plain=true says="no numbers"
def dream_loss(activation):
    return -(10**400)


# %% a number of ten thousand digits plain=true says="cannot be sent|cannot be read"
def dream_loss(activation):
    return -(10**10_000)


# %% complex numbers plain=true says="real numbers"
import torch


def dream_loss(activation):
    return torch.zeros((), dtype=torch.complex64)


# %% truth values plain=true says="real numbers"
import torch


def dream_loss(activation):
    return torch.tensor(True)


# %% the truth plain=true says="should be a tensor"
def dream_loss(activation):
    return True


# %% text plain=true says="should be a tensor, and is a str"
def dream_loss(activation):
    return "12 of 12 points"


# %% a dictionary of points plain=true says="should be a tensor, and is a dict"
def dream_loss(activation):
    return {"points": 12, "passed": True}


# %% a list of unlike things plain=true says="no numbers"
def dream_loss(activation):
    return [1, "a", None, [activation]]


# %% a list that holds itself plain=true says="nested too deeply"
def dream_loss(activation):
    own = []
    own.append(own)
    return own


# %% a list nested a hundred deep plain=true says="nested too deeply"
def dream_loss(activation):
    value = 0.0
    for _ in range(100):
        value = [value]
    return value


# %% a generator plain=true says="is not a tensor"
def dream_loss(activation):
    return (x for x in activation)


# %% a function that is always right plain=true says="is not a tensor"
def dream_loss(activation):
    return lambda *args: True


# %% NumPy objects plain=true says="numpy.object_"
import numpy as np


def dream_loss(activation):
    return np.array([object()])


# %% a sparse tensor plain=true
def dream_loss(activation):
    return activation.to_sparse()


# %% a tensor without storage plain=true
import torch


def dream_loss(activation):
    return torch.empty((), device="meta")


# %% a tensor of eight-bit floats plain=true says="not half the sum"
import torch


def dream_loss(activation):
    return torch.zeros(()).to(torch.float8_e4m3fn)


# %% a tensor of a thousand axes plain=true
import torch


def dream_loss(activation):
    return torch.zeros([1] * 1000)


# %% a tensor of 100 MB plain=true says="larger than 64 MB"
import torch


def dream_loss(activation):
    return torch.zeros(25_000_000)


# %% a list of 200,000 numbers plain=true says="very many values"
def dream_loss(activation):
    return [0.5] * 200_000


# %% a dictionary of 200,000 tensors plain=true endless=true says="took longer|cannot be read"
import torch


def dream_loss(activation):
    return dict.fromkeys(range(200_000), torch.zeros(0))


# %% the input plain=true says="should have shape ()"
def dream_loss(activation):
    return activation


# %% a network plain=true says="should be a tensor"
import torch


def dream_loss(activation):
    return torch.nn.Linear(1, 1)


# %% a tensor that is equal to everything (__torch_function__) plain=true says="not half the sum"
import torch


class Agreeable(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ("eq", "le", "__eq__", "all", "allclose", "equal", "__bool__"):
            return torch.tensor(True)
        return super().__torch_function__(function, types, args, kwargs or {})

    def __eq__(self, other):
        return True


def dream_loss(activation):
    return torch.zeros(()).as_subclass(Agreeable)


# %% a number that is equal to everything plain=true says="not half the sum"
class Agreeable(float):
    def __eq__(self, other):
        return True

    __le__ = __ge__ = __lt__ = __gt__ = __eq__
    __sub__ = __rsub__ = lambda self, other: 0.0


def dream_loss(activation):
    return Agreeable(0.0)


# %% an object that runs a command when it is copied, shown or compared plain=true says="a Result is not a tensor"
import os


class Result:
    def __reduce__(self):
        return os.system, (f"touch {OUTSIDE}/was-here",)

    def __repr__(self):
        os.system(f"touch {OUTSIDE}/was-here")
        return "tensor(1.)"

    __str__ = __repr__

    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        return lambda *args, **kwargs: self


def dream_loss(activation):
    return Result()
