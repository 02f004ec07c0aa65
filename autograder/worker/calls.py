"""Runs the statements of a submission and calls its functions, as the grading process asks."""

from __future__ import annotations

import ast
import copy
import errno
import linecache
import random
import socket
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from messages import encode, load_call, receive, send

from labkit.errors import NotAnswered, StudentError, describe_error, text_of
from labkit.hooks import replace_activations


def answer(connection: socket.socket) -> None:
    """Run the cells and the calls that the grader asks for."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    while True:
        try:
            request, blob = receive(connection)
        except EOFError:
            return
        tensors: dict[str, Any] = {}
        try:
            if "cells" in request:
                reply = run_cells(request["cells"], namespace)
            else:
                reply = run_call(load_call(blob), namespace, tensors)
        except BaseException as error:
            reply, tensors = {"error": explain(error, request)}, {}
        try:
            send(connection, reply, tensors)
        except (TypeError, ValueError, RuntimeError, KeyError) as error:
            send(connection, {"error": f"the result cannot be sent to the grader: {error}"})


def run_cells(cells: list, namespace: dict) -> dict:
    """Execute the wanted statements of each cell; a cell is [label, source, wanted indices]."""
    for label, source, wanted in cells:
        filename = f"<{label}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        body = ast.parse(source).body
        tree = ast.Module([body[i] for i in wanted], type_ignores=[])
        exec(compile(tree, filename, "exec"), namespace)
    return {"done": True}


def run_call(call: dict, namespace: dict, tensors: dict) -> dict:
    """Call a student's function; return its value and what only this process can witness."""
    name, args, kwargs = call["function"], call["args"], call["kwargs"]
    function = find(name, namespace)
    if call["built_with"] is not None:
        function = build(function, call["built_with"], call["attributes"])
    if call["inside"] is not None:
        function = partial(call_inside, call["inside"], function)
    if call["again"] is not None:
        function = partial(call_again, call["again"], function)
    leaves = [leaf for place in call["gradients"] for leaf in leaves_at(place, args, function)]
    witness = Witness((*args, call["upstream"]), call["record"])
    value = function(*args, **kwargs)
    reply = {"name": name}
    if leaves:
        gradients = differentiate(value, leaves, call["upstream"])
        reply["gradients"] = encode(gradients, tensors)
    reply["witness"] = witness.report(tensors)
    reply["value"] = encode(value, tensors)
    return reply


def find(name: str, namespace: dict) -> Callable:
    """Return `GuidedReLU.apply` for that name, from what the student's cells defined."""
    first, *rest = name.split(".")
    if first not in namespace:
        raise NotAnswered(f"not answered yet: `{first}` is not defined")
    value = namespace[first]
    for part in rest:
        value = getattr(value, part)
    return value


def call_inside(model: torch.nn.Module, function: Callable, *args: Any) -> Any:
    """Return what the network gives while the function stands for its activations."""
    with replace_activations(model, function):
        return model(*args)


def call_again(again: tuple[int, int], function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Return the results of several calls; each result is an argument of the next call.

    It goes on as the very object that was returned: a gradient left on it may spoil the next step.
    """
    place, times = again
    results = []
    for _ in range(times):
        value = function(*args, **kwargs)
        if value is None:
            return None
        inside_graph = isinstance(value, torch.Tensor) and value.grad_fn is not None
        value = value.detach() if inside_graph else value
        results.append(copy.deepcopy(value))  # the next call may change it in place
        args = (*args[:place], value, *args[place + 1 :])
    return results


def build(kind: Callable, arguments: tuple, attributes: dict[str, torch.Tensor]) -> Any:
    """Return a class's object, its tensors of these names set to the grader's values."""
    made = kind(*arguments)
    found = {name: getattr(made, name, None) for name in attributes}
    if attributes and not any(isinstance(tensor, torch.Tensor) for tensor in found.values()):
        raise NotAnswered(f"not answered yet: `{kind.__name__}` makes no {listed(found)}")
    for name, tensor in found.items():
        if not isinstance(tensor, torch.Tensor):
            raise StudentError(f"`{name}` should be a tensor, and is a {type(tensor).__name__}")
        if tensor.shape != attributes[name].shape:
            raise StudentError(
                f"`{name}` should have shape {tuple(attributes[name].shape)}, and has "
                f"{tuple(tensor.shape)}"
            )
        tensor.data = attributes[name].clone()
    return made


def listed(names: Iterable[str]) -> str:
    """Return "`weight` or `bias`"."""
    return " or ".join(f"`{name}`" for name in names)


def leaves_at(place: int | str, args: tuple, function: Any) -> list[torch.Tensor]:
    """Return what to differentiate by: an argument's tensors, or an attribute of a built object."""
    if isinstance(place, str):
        return [getattr(function, place)]
    return [tensor.requires_grad_() for tensor in tensors_in(args[place])]


def tensors_in(value: Any) -> list[torch.Tensor]:
    """Return the tensors of an argument, in order: itself, or those in its list or dict."""
    return [item for _, item in contents(value) if isinstance(item, torch.Tensor)]


def contents(value: Any, place: tuple = ()) -> list[tuple[tuple, Any]]:
    """Return where, and what, the lists and dicts of an argument hold at any depth."""
    if not isinstance(value, dict | list | tuple):
        return [(place, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [found for key, item in items for found in contents(item, (*place, key))]


def differentiate(value: Any, leaves: list, upstream: Any) -> list:
    """Return d (value . upstream) / d leaf, with zeros where there is no dependence."""
    if not getattr(value, "requires_grad", False):  # a list or an array has no graph
        return [torch.zeros_like(leaf) for leaf in leaves]
    upstream = torch.ones_like(value) if upstream is None else upstream
    inside = [leaf for leaf in leaves if leaf.requires_grad]  # an attribute may be no parameter
    found = iter(torch.autograd.grad(value, inside, upstream, allow_unused=True) if inside else ())
    gradients = [next(found) if leaf.requires_grad else None for leaf in leaves]
    return [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, gradients, strict=True)]


def global_random_state() -> tuple:
    """Return the states of PyTorch's, NumPy's and Python's global generators."""
    name, keys, *rest = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), name, keys.tobytes(), rest, random.getstate()


class Witness:
    """What a call did besides returning a value.

    The student's code shares this process and could forge it, so it decides few points.
    """

    def __init__(self, args: tuple, record: bool):
        self.args, self.contents = args, contents(args)
        self.tensors = tensors_in(args)
        self.models = [a for a in args if isinstance(a, torch.nn.Module)]
        self.copies = [t.detach().clone() for t in self.tensors]
        self.states = [self._state(m) for m in self.models]
        self.random_state = global_random_state()
        self.forwards: list = []
        self.recorders = [m.register_forward_pre_hook(self._note) for m in self.models if record]

    def _note(self, _: Any, args: tuple) -> None:
        self.forwards.append(args[0].detach().clone())

    @staticmethod
    def _state(model: Any) -> tuple[list, list]:
        """Return modules, modes, hooks and `requires_grad`; and copies of all weights.

        Values, since a change through `.data` leaves a tensor's version as it was. A module that
        was put in another's place is another object; one may also hide its class's `forward`.
        """
        hooks = [name for name in vars(torch.nn.Module()) if name.endswith("_hooks")]
        facts: list = [
            (m, m.training, vars(m).get("forward"), *(len(vars(m)[h]) for h in hooks))
            for m in model.modules()
        ]
        facts += [(name, p.requires_grad) for name, p in model.named_parameters()]
        return facts, [w.detach().clone() for w in model.state_dict().values()]

    def _inputs_unchanged(self) -> bool:
        """Return whether lists and dicts hold what they held, and tensors their values.

        A tensor that was marked with `requires_grad_` is as it was.
        """
        now = contents(self.args)
        if [(place, id(item)) for place, item in now] != [(p, id(x)) for p, x in self.contents]:
            return False
        pairs = zip(self.tensors, self.copies, strict=True)
        return all(torch.equal(tensor.detach(), then) for tensor, then in pairs)

    def _models_unchanged(self) -> bool:
        for model, (facts, weights) in zip(self.models, self.states, strict=True):
            facts_now, weights_now = self._state(model)
            if facts_now != facts or not all(map(torch.equal, weights_now, weights)):
                return False
        return True

    def report(self, tensors: dict) -> dict:
        """Return what was seen, as plain values; recorded images are added to `tensors`."""
        for recorder in self.recorders:
            recorder.remove()
        return {
            "inputs_unchanged": self._inputs_unchanged(),
            "models_unchanged": self._models_unchanged(),
            "random_state_unchanged": self.random_state == global_random_state(),
            "forwards": encode(self.forwards, tensors),
        }


def explain(error: BaseException, request: dict) -> str | dict:
    """Return the text of an error in the student's terms."""
    if isinstance(error, NotAnswered):
        return {"not_answered": str(error)}
    if isinstance(error, StudentError):
        return str(error)
    name = request.get("function", "your code")
    text = text_of(error)
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return f"`{name}` needed more memory than a graded run may use"
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return f"`{name}` printed or wrote more than a graded run may write"
    if isinstance(error, BlockingIOError) or "can't start new thread" in text:
        return f"`{name}` started more processes or threads than a graded run may use"
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return f"`{name}` left the program ({type(error).__name__})"
    return describe_error(error, name, hidden=str(Path(__file__).parent))
