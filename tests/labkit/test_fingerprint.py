"""Same content, same fingerprint; any other content, another one; what has none is refused."""

import copy
import functools
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn

from labkit.fingerprint import fingerprint
from labkit.hooks import capture


def compiled(source, **names):
    """Return the function `f` of some source, as a notebook's cell would define it."""
    names["__name__"] = "__main__"
    exec(source, names)
    return names["f"]


def network(slope=0.1):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.LeakyReLU(slope), nn.BatchNorm2d(2)).eval()


class Own(nn.Module):
    """A network of the student's own, whose forward pass is given."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, x):
        return x * self.scale


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, True),
        (1, 1.0),
        ("ab", b"ab"),
        (["a", "b"], ["ab"]),
        (["a", ["b"]], ["a", "b"]),
        ([1], (1,)),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (torch.zeros(2, 3), torch.zeros(3, 2)),
        (torch.zeros(2), torch.zeros(2, dtype=torch.int32)),
        (torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])),
        (np.zeros(2), np.ones(2)),
        (np.zeros(2), torch.zeros(2, dtype=torch.float64)),
        (functools.partial(max, 1), functools.partial(max, 2)),
        (functools.partial(max, 1), functools.partial(min, 1)),
        (nn.ReLU, nn.ReLU6),
        (Own(1.0), Own(2.0)),
    ],
)
def test_other_content_has_another_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(copy.deepcopy(one))
    assert fingerprint(one) != fingerprint(other)


def test_layout_of_a_tensor_does_not_matter():
    x = torch.rand(2, 3, 4, 5)
    assert fingerprint(x) == fingerprint(x.to(memory_format=torch.channels_last))
    assert fingerprint(torch.tensor(1.0)) != fingerprint(torch.tensor(2.0))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(x): return x.max()", "def f(x): return x.min()"),
        ("def f(x): return x + 1", "def f(x): return x + 2"),
        ("def f(x, k=1): return x", "def f(x, k=2): return x"),
        ("def f(x, *, k=1): return x", "def f(x, *, k=2): return x"),
        ("def f(x): return g(x)\ndef g(x): return x", "def f(x): return g(x)\ndef g(x): return -x"),
        ("def f(x): return [g(y) for y in x]\ng = 1", "def f(x): return [g(y) for y in x]\ng = 2"),
        ("k = 1\ndef f(x): return x + k", "k = 2\ndef f(x): return x + k"),
        (
            "def make(k):\n  def f(x): return x + k\n  return f\nf = make(1)",
            "def make(k):\n  def f(x): return x + k\n  return f\nf = make(2)",
        ),
        (
            "class A:\n  def g(self): return 1\ndef f(x): return A().g()",
            "class A:\n  def g(self): return 2\ndef f(x): return A().g()",
        ),
        ("def f(x): return g(lambda: 1)\ng = len", "def f(x): return g(lambda: 2)\ng = len"),
    ],
)
def test_a_corrected_function_has_another_fingerprint(before, after):
    """Its own code, its helpers, defaults, closures and the globals it reads all count."""
    assert fingerprint(compiled(before)) != fingerprint(compiled(after))


def test_moving_or_commenting_a_function_changes_nothing():
    source = "def f(x):\n    return g(x)\ndef g(x): return x"
    moved = "\n\n\n# a comment\ndef f(x):\n    # another\n    return g(x)\n\ndef g(x): return x"
    assert fingerprint(compiled(source)) == fingerprint(compiled(moved))


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    from myhelper import g\n    return g(x)",
        "def f(x):\n    import myhelper\n    return myhelper.g(x)",
        "def f(x):\n    import not_loaded_yet as m\n    return m.g(x)",
        "def f(x): return [h(y) for y in x]\ndef h(y):\n    import myhelper\n    return y",
        "def f(x):\n    def h(y):\n        import myhelper\n        return y\n    return h(x)",
        "__package__ = 'mine'\ndef f(x):\n    from .types import g\n    return g(x)",
    ],
)
def test_a_function_that_imports_what_has_no_version_is_refused(source, monkeypatch):
    """The imported code may be corrected, and nothing in the function tells."""
    monkeypatch.setitem(sys.modules, "myhelper", types.ModuleType("myhelper"))
    with pytest.raises(TypeError, match="carries no version: import its functions, outside"):
        fingerprint(compiled(source))


def test_what_a_function_imports_counts_by_its_version(monkeypatch):
    source = "def f(x):\n    import {}\n    return 1"
    versioned = types.ModuleType("myhelper")
    monkeypatch.setitem(sys.modules, "myhelper", versioned)
    found = {fingerprint(compiled(source.format(m))) for m in ("math", "numpy.linalg as m")}
    for versioned.__version__ in ("1.0", "1.1", "1.0"):
        found.add(fingerprint(compiled(source.format("myhelper"))))
    assert len(found) == 4


def test_a_function_that_calls_itself_has_a_fingerprint():
    one = compiled("def f(n): return n * f(n - 1) if n else 1")
    other = compiled("def f(n): return n + f(n - 1) if n else 1")
    assert fingerprint(one) != fingerprint(other)


def test_weights_buffers_settings_and_mode_of_a_network_count():
    found = {fingerprint(network()), fingerprint(network(slope=0.2))}
    for change in (
        lambda m: m[0].weight.data.add_(1e-3),
        lambda m: m[2].running_mean.add_(1e-3),
        lambda m: m.train(),
        lambda m: setattr(m, "1", nn.ReLU()),
        lambda m: setattr(m[1], "forward", lambda x: x),
    ):
        changed = network()
        change(changed)
        found.add(fingerprint(changed))
    assert len(found) == 7
    assert fingerprint(network()) in found


@pytest.mark.parametrize("value", [object(), iter([]), open, [object()], np.array([object()])])
def test_what_has_no_content_that_can_be_named_is_refused(value):
    if value is open:
        value = compiled("def f(x): return g\n", g=object())
    with pytest.raises(TypeError, match="no fingerprint"):
        fingerprint(value)


def test_a_network_that_carries_hooks_is_refused():
    model = network()
    with capture(model, "0"), pytest.raises(TypeError, match="carries hooks"):
        fingerprint(model)
    assert fingerprint(model) == fingerprint(network())
