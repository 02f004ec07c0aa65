"""The worker's parts, in this process: messages, slices of cells, the witness, limits."""

import ast
import io
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.sandbox import WORKER
from autograder.worker import messages
from autograder.worker.messages import decode, encode

sys.path.insert(0, str(WORKER))  # the worker's modules know each other by their bare names
import calls
import family
import isolation
import syscalls


def there_and_back(value):
    tensors = {}
    text = json.dumps(encode(value, tensors))
    return decode(json.loads(text), messages.load_tensors(messages.safetensors.torch.save(tensors)))


# Messages


@pytest.mark.parametrize(
    "value", [None, True, 3, -2.5, "text", [], [1, [2, "x"]], {"a": {"b": 1}}], ids=repr
)
def test_plain_values_come_back_as_they_were(value):
    assert there_and_back(value) == value


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_come_back_with_values_and_dtype(dtype):
    value = torch.tensor([[0, 1], [1, 0]]).to(dtype).T  # not contiguous
    back = there_and_back(value)
    assert back.dtype == dtype
    assert torch.equal(back, value)


def test_numpy_comes_back_as_tensors():
    assert torch.equal(there_and_back(np.arange(6.0)[::2]), torch.tensor([0.0, 2, 4]).double())
    assert there_and_back(np.float64(0.5)).item() == 0.5


def test_a_tensor_that_still_has_a_graph_comes_back_without():
    assert not there_and_back(torch.ones(2, requires_grad=True) * 2).requires_grad


def test_what_is_no_data_is_refused():
    for value in (object(), {1, 2}, iter([]), 1j, b"x"):
        with pytest.raises(TypeError, match="is not a tensor, number, text, list or dict"):
            encode(value, {})


def test_complex_numbers_are_refused_in_words():
    for dtype in (torch.complex64, torch.complex128):
        with pytest.raises(TypeError, match=rf"it holds {dtype}"):
            encode({"a": torch.ones(2, dtype=dtype)}, {})


def test_nesting_is_limited_on_both_sides():
    deep, forged = 0, {"plain": 0}
    for _ in range(20):
        deep, forged = [deep], {"list": [forged]}
    with pytest.raises(ValueError, match="nested too deeply"):
        encode(deep, {})
    with pytest.raises(ValueError, match="no worker writes"):
        decode(forged, {})


@pytest.mark.parametrize(
    "forged",
    [
        5,
        [],
        {},
        {"tensor": "9"},
        {"tensor": ["0"]},
        {"plain": [1]},
        {"plain": {}},
        {"list": "ab"},
        {"dict": [1]},
        {"model": {"plain": 1}, "training": True, "frozen": True},
        {"model": {"dict": {"w": {"plain": 1}}}, "training": True, "frozen": True},
        {"model": {"dict": {}}, "training": 1, "frozen": True},
    ],
    ids=str,
)
def test_a_forged_form_is_refused(forged):
    with pytest.raises(ValueError, match="no worker writes"):
        decode(forged, {"0": torch.ones(1)})


def test_a_pickle_is_no_safetensors():
    file = io.BytesIO()
    torch.save({"0": torch.ones(1)}, file)
    with pytest.raises(ValueError, match="no safetensors"):
        messages.load_tensors(file.getvalue())


def test_replies_are_never_unpickled():
    """`load_call` reads what the trusted side wrote; nothing else in the file may unpickle."""
    tree = ast.parse((WORKER / "messages.py").read_text())
    grader = [(WORKER.parent / name).read_text() for name in ("sandbox.py", "student.py")]
    users = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)
             and "Unpickler" in ast.unparse(n)]  # fmt: skip
    assert sorted(users) == ["_CallUnpickler", "load_call"]
    assert not any("load_call" in text or "pickle" in text for text in grader)


def test_a_message_arrives_in_pieces():
    left, right = socket.socketpair()
    with left, right:
        messages.send(left, {"a": 1}, blob=b"xyz")
        assert messages.receive(right) == ({"a": 1}, b"xyz")


def test_a_closed_connection_and_a_late_one_are_told_apart():
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"12")
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            messages.read_exactly(right, 4, deadline=time.monotonic() + 0.1)
        assert time.monotonic() - started < 1
        left.close()
        with pytest.raises(EOFError, match="closed"):
            messages.read_exactly(right, 4)


# Calls


def test_only_the_wanted_statements_run():
    namespace = {}
    calls.run_cells([["cell 1", "a = 1\nb = 1 / 0\nc = a + 1", [0, 2]]], namespace)
    assert (namespace["a"], namespace["c"]) == (1, 2)
    assert "b" not in namespace


def test_a_call_finds_attributes_of_classes():
    namespace = {}
    calls.run_cells(
        [["cell 1", "class G:\n    @staticmethod\n    def apply(x): return x", [0]]], namespace
    )
    assert calls.find("G.apply", namespace)(3) == 3


def witness(function, *args):
    """Return what the witness reports of a call."""
    seen = calls.Witness(args, record=False)
    function(*args)
    return seen.report({})


def network():
    return torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()).requires_grad_(False).eval()


CHANGES = {
    "nothing": (lambda m: m(torch.ones(1, 2)), True),
    "gradients asked for and given back": (
        lambda m: m.requires_grad_(True) and m.requires_grad_(False),
        True,
    ),
    "a weight, in place": (lambda m: m[0].weight.add_(1), False),
    "a weight, through .data": (lambda m: m[0].weight.data.add_(1), False),
    "a weight, replaced through .data": (
        lambda m: setattr(m[0].weight, "data", torch.zeros(2, 2)),
        False,
    ),
    "training mode": (lambda m: m.train(), False),
    "training mode of one layer": (lambda m: m[1].train(), False),
    "requires_grad": (lambda m: m.requires_grad_(True), False),
    "a forward hook": (lambda m: m.register_forward_hook(lambda *a: None), False),
    "a forward pre-hook": (lambda m: m.register_forward_pre_hook(lambda *a: None), False),
    "a backward hook": (lambda m: m.register_full_backward_hook(lambda *a: None), False),
    "a layer": (lambda m: m.append(torch.nn.Linear(2, 2)), False),
    "another layer in its place": (lambda m: m.__setitem__(1, torch.nn.ReLU()), False),
    "a forward of its own": (lambda m: setattr(m[1], "forward", torch.relu), False),
    "a hook, removed": (lambda m: m.register_forward_hook(lambda *a: None).remove(), True),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_witness_sees_what_happened_to_a_network(name):
    act, unchanged = CHANGES[name]
    assert witness(act, network())["models_unchanged"] is unchanged


OPTIONS = {"kwargs": {}, "gradients": (), "upstream": None, "record": False}
OPTIONS |= {"built_with": None, "attributes": {}, "inside": None, "again": None}


def test_arguments_may_hold_tensors_inside():
    """Losses over layers take {layer: features}, and lists of such."""
    a, b, c = (torch.full((2,), float(k)) for k in range(3))
    assert [t[0].item() for t in calls.tensors_in(([a, {"x": b}], 5, {"y": c}, "z"))] == [0, 1, 2]
    names = {"f": lambda features, scale: scale * sum((k * t).sum() for k, t in features.items())}
    call = {"function": "f", "args": ({1: a, 3: b}, 2), "gradients": (0,)}
    tensors = {}
    reply = calls.run_call(OPTIONS | call, names, tensors)
    assert [g.tolist() for g in decode(reply["gradients"], tensors)] == [[2, 2], [6, 6]]
    witness = calls.Witness(({"x": c},), record=False)
    c.add_(1)
    assert not witness.report({})["inputs_unchanged"]


def run_again(function):
    call = {"function": "f", "args": (torch.ones(2), 3), "again": (0, 2)}
    tensors = {}
    reply = calls.run_call(OPTIONS | call, {"f": function}, tensors)
    return [t.tolist() for t in decode(reply["value"], tensors) or ()]


def test_a_result_is_an_argument_of_the_next_call():
    assert run_again(lambda x, k: x * k) == [[3, 3], [9, 9]]
    assert run_again(lambda x, k: x.mul_(k)) == [[3, 3], [9, 9]], "the first result is a copy"
    assert run_again(lambda x, k: None) == []


def test_a_gradient_left_on_a_result_spoils_the_next_call():
    def never_zeroed(x, k):
        (k * x.requires_grad_()).sum().backward()
        x.data += x.grad
        return x

    assert run_again(never_zeroed) == [[4, 4], [10, 10]]


class Scale(torch.nn.Module):
    """What a student's class may look like: a parameter, and a tensor that is none."""

    def __init__(self, channels):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(channels))
        self.bias = torch.zeros(channels)

    def forward(self, x):
        return x * self.weight + self.bias


def call_built(attributes, gradients=()):
    call = {"function": "Scale", "args": (torch.tensor([1.0, 2]),), "gradients": gradients}
    call |= {"built_with": (2,), "attributes": attributes}
    tensors = {}
    reply = calls.run_call(OPTIONS | call, {"Scale": Scale}, tensors)
    return decode(reply["value"], tensors), decode(reply.get("gradients", {"list": []}), tensors)


def test_an_object_is_built_given_its_tensors_and_called():
    assert call_built({})[0].tolist() == [1, 2]
    given = {"weight": torch.tensor([3.0, 4]), "bias": torch.tensor([0.5, 0])}
    value, gradients = call_built(given, gradients=(0, "bias", "weight"))
    assert value.tolist() == [3.5, 8]
    expected = [[3, 4], [0, 0], [1, 2]]  # what is no parameter has a gradient of zero
    assert [g.tolist() for g in gradients] == expected
    assert given["weight"].tolist() == [3, 4], "the object got a copy"


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"weight": torch.ones(2, 1)}, r"`weight` should have shape \(2, 1\), and has \(2,\)"),
        ({"weight": torch.ones(2), "shift": torch.ones(2)}, "`shift` should be a tensor, and is a"),
        ({"scale": torch.ones(2), "shift": torch.ones(2)}, "makes no `scale` or `shift`"),
    ],
)
def test_an_object_without_the_promised_tensors_says_so(attributes, says):
    with pytest.raises(calls.StudentError, match=says):
        call_built(attributes)


class HalfReLU(torch.autograd.Function):
    """A rule of backpropagation as in lab 08, which changes the gradient it is given in place."""

    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        return upstream.mul_(0.5)


def call_half(**options):
    tensors = {}
    call = {"function": "HalfReLU.apply", "args": (torch.tensor([[1.0, 2]]),), "gradients": (0,)}
    reply = calls.run_call(OPTIONS | call | options, {"HalfReLU": HalfReLU}, tensors)
    (gradient,) = decode(reply["gradients"], tensors)
    return gradient.flatten().tolist(), reply["witness"]


def test_a_function_stands_for_the_activations_inside_a_network():
    model = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.ReLU())
    gradient, witness = call_half(inside=model)
    assert gradient == [0.25, 0.25]
    assert witness["models_unchanged"]


def test_the_witness_sees_a_changed_upstream_gradient():
    gradient, witness = call_half(upstream=torch.tensor([[2.0, 6]]))
    assert gradient == [1, 3]
    assert not witness["inputs_unchanged"]


def test_the_witness_sees_changed_inputs_and_random_state():
    x = torch.zeros(2)
    assert witness(lambda x: x + 1, x)["inputs_unchanged"]
    assert not witness(lambda x: x.add_(1), x)["inputs_unchanged"]
    assert witness(lambda x: x.requires_grad_(), x)["inputs_unchanged"], "a flag is no value"
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        for draw in (lambda: torch.rand(1), np.random.rand, random.random):
            assert not witness(draw)["random_state_unchanged"]
        assert witness(lambda: torch.rand(1, generator=torch.Generator()))["random_state_unchanged"]
        assert witness(np.random.default_rng(0).random)["random_state_unchanged"]
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("a"),
        lambda d: d.update(b=torch.zeros(1)),
        lambda d: d.update(a=d["a"].clone()),
        lambda d: d["a"].add_(1),
        lambda d: d["numbers"].pop("b"),
    ],
    ids=["taken out", "put in", "exchanged", "in place", "a number"],
)
def test_the_witness_sees_what_happened_to_a_dict(change):
    for function, unchanged in ((lambda d: dict(d, b=1), True), (change, False)):
        given = {"a": torch.zeros(2), "numbers": {"b": 0.5}}
        assert witness(function, given)["inputs_unchanged"] is unchanged


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "needed more memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "needed more memory"),
        (OSError(27, "File too large"), "printed or wrote more"),
        (BlockingIOError(11, "x"), "started more processes or threads"),
        (RuntimeError("can't start new thread"), "started more processes or threads"),
        (SystemExit(0), "left the program (SystemExit)"),
        (ValueError("no"), "raised ValueError: no"),
    ],
    ids=repr,
)
def test_errors_are_said_in_the_students_terms(error, says):
    assert says in calls.explain(error, {"function": "f"})


# The parent that workers are forked from


def test_the_worker_imports_nothing_of_the_grader():
    """A forked child can read its parent's memory: no check, no reference may ever be in it."""
    code = (
        f"import runpy, sys; sys.path.insert(0, {str(WORKER)!r})\n"
        "import calls, isolation, family, syscalls\n"
        "main = runpy.run_path(sys.path[0] + '/__main__.py', run_name='worker')\n"
        "main['warm_up']()\n"
        "print([m for m in sys.modules if m.startswith(('autograder', 'solutions', 'tests'))])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path("/"), check=True
    )
    assert ran.stdout == "[]\n"


# Isolation


def test_one_process_alone_is_not_measured_and_two_are():
    """A process that never forks costs no more than a look."""
    proc = os.open("/proc", os.O_RDONLY)
    try:
        with subprocess.Popen(["sleep", "60"]) as alone:
            assert not family.Family(alone.pid, proc).exceeds(memory=0, processes=0)
            alone.kill()
        with subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60; true"]) as parent:
            time.sleep(0.3)
            watched = family.Family(parent.pid, proc)
            assert watched.exceeds(memory=0, processes=9)
            assert watched.exceeds(memory=1 << 30, processes=2)
            assert not watched.exceeds(memory=1 << 30, processes=9)
            for pid in reversed(list(watched.members())):
                os.kill(int(pid), 9)
        assert list(watched.members()) == [str(parent.pid)], "it is gone"
    finally:
        os.close(proc)


@pytest.mark.parametrize("machine", syscalls.NUMBERS)
def test_the_filter_refuses_and_allows_as_its_table_says(machine):
    """Runs the filter's lines by hand, for both processors."""
    architecture, clone, open_socket, denied = syscalls.NUMBERS[machine]
    lines = syscalls.program(architecture, clone, open_socket, denied)

    def verdict(number, argument=0, architecture=architecture):
        data, position, value = {0: number, 4: architecture, 16: argument}, 0, 0
        while True:
            operation, yes, no, operand = lines[position]
            position += 1
            match operation:
                case syscalls.LOAD:
                    value = data[operand]
                case syscalls.RETURN:
                    return operand
                case syscalls.IF_EQUAL:
                    position += yes if value == operand else no
                case syscalls.IF_AT_LEAST:
                    position += yes if value >= operand else no
                case syscalls.IF_ANY_BIT:
                    position += yes if value & operand else no

    assert all(verdict(n) == syscalls.REFUSE | 1 for n in (*denied.values(), 425))
    assert verdict(syscalls.CLONE3) == syscalls.REFUSE | 38
    assert verdict(clone, 0x10000011) == syscalls.REFUSE | 1
    assert verdict(clone, 0x003D0F00) == syscalls.ALLOW, "a thread"
    assert verdict(clone, 0x01200011) == syscalls.ALLOW, "a fork"
    assert verdict(open_socket, syscalls.AF_UNIX) == syscalls.ALLOW
    assert all(verdict(open_socket, n) == syscalls.REFUSE | 1 for n in (2, 10, 16, 40))
    assert verdict(0) == verdict(63) == syscalls.ALLOW
    assert verdict(0, architecture=3) != syscalls.ALLOW, "32-bit calls have other numbers"
    assert verdict(0x40000000) != syscalls.ALLOW
    assert all(len(struct.pack("<HBBI", *line)) == 8 for line in lines)


def test_a_failing_c_function_is_an_error():
    with pytest.raises(OSError, match="prctl"):
        isolation.libc("prctl", 9999, 0, 0, 0, 0)
