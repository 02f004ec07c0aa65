"""Look inside a model for a moment: capture activations, replace activation functions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


def activations(model: nn.Module, images: Tensor, layers: str | Sequence[str]) -> dict[str, Tensor]:
    """Return what the named layers put out for the images, and compute nothing beyond them.

    The forward pass ends as soon as every layer has been called once, about twice as fast for an
    early layer. A layer that a model calls several times in one pass (torchvision's residual
    blocks share one ReLU) can therefore give an early call; `capture` gives the last one.

    Args:
        images: (N, 3, H, W), or whatever the model takes.
        layers: names as in `model.named_modules()`, in any order.
    Returns: layer -> (N, C, h, w), in the order asked for, attached to the autograd graph.
    Raises: ValueError if a layer does not exist, TypeError if its output is not a tensor,
        LookupError if the model never calls it.
    """
    with capture(model, layers, stop=True) as features:
        model(images)
    return {name: features[name] for name in features.layers}


class capture(dict[str, Tensor]):  # noqa: N801 - read as a verb, like contextlib's `suppress`
    """Keep what layers put out while the block runs, and leave no hook behind.

    ::

        with capture(model, ["blocks.2.1", "blocks.4.2"]) as features:
            logits = model(images)
        features["blocks.2.1"]  # (N, C, h, w)

    The tensors stay part of the autograd graph: the gradient of `logits` with respect to
    `features[layer]` exists, and so does that of `features[layer]` with respect to the images.
    A later module that works in place cannot change them. A layer called more than once gives
    its last call. With `stop=True` the forward pass ends once every layer has been called; the
    rest of the block is then skipped, so let the call of the model be its last line.

    Raises: see `activations`; a misspelt layer is reported on entering, before any hook exists.
    """

    def __init__(self, model: nn.Module, layers: str | Sequence[str], stop: bool = False):
        super().__init__()
        self.model = model
        self.layers = [layers] if isinstance(layers, str) else list(layers)
        self.stop = stop
        self._handles: list[list] = []  # one list for each time the block was entered

    def __enter__(self) -> capture:
        modules = _find(self.model, self.layers)
        self.clear()
        self._handles.append(
            [module.register_forward_hook(partial(self._keep, name)) for name, module in modules]
        )
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> bool:
        for handle in self._handles.pop():
            handle.remove()
        return isinstance(error, _Stop) and error.owner is self

    def __missing__(self, name: str) -> Tensor:
        if name not in self.layers:
            raise LookupError(f"layer {name!r} was not captured; captured are {self.layers}")
        raise LookupError(
            f"layer {name!r} has no activation yet: call model(images) inside the `with` block "
            "first. If you did, the model never calls this module itself; capture a child of it."
        )

    def _keep(self, name: str, module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
        if not isinstance(output, Tensor):
            raise TypeError(
                f"layer {name!r} ({type(module).__name__}) returned a {type(output).__name__}, "
                "expected one tensor; capture one of its children instead"
            )
        # The embedded network works in channels-last order, where a student's `.view` fails.
        self[name] = output = output.contiguous()
        if self.stop and len(self) == len(set(self.layers)):
            raise _Stop(self)
        return output.clone()  # the model goes on with a copy, which it may change in place


class _Stop(BaseException):
    """Ends a forward pass; not an Exception, so that no model catches it by accident."""

    def __init__(self, owner: capture):
        self.owner = owner


def _find(model: nn.Module, layers: list[str]) -> list[tuple[str, nn.Module]]:
    modules = dict(model.named_modules(remove_duplicate=False))
    if not layers:
        raise ValueError("expected at least one layer, got an empty list")
    for name in layers:
        if name not in modules:
            raise ValueError(_no_such_layer(model, name, list(modules)))
    return [(name, modules[name]) for name in dict.fromkeys(layers)]


def _no_such_layer(model: nn.Module, name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(str(name), names, n=3)
    hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else "."
    short = " Those worth looking at: model.layers." if hasattr(model, "layers") else ""
    return (
        f"{type(model).__name__} has no layer {name!r}{hint}{short} "
        "All of them: [name for name, _ in model.named_modules()]"
    )


@contextmanager
def replace_activations(
    model: nn.Module, function: Callable[[Tensor], Tensor]
) -> Iterator[list[str]]:
    """Let `function(x)` stand for every ReLU of the model while the block runs.

    ::

        with replace_activations(model, GuidedReLU.apply) as replaced:
            logits = model(images)

    ReLU6 becomes `function(x).clamp(max=6)`. The names of the replaced modules are yielded.
    All or nothing: a model with another kind of activation is refused on entering; a functional
    one (`F.relu`, `clamp(min=0)`), which only a call can show, when `model(images)` meets it.
    A ReLU spelt `torch.where` or `torch.maximum`, or inside TorchScript, goes unnoticed.

    Raises: ValueError naming the activations that would be left; TypeError if the function is a
        class or does not return a tensor of the shape it was given.
    """
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"expected a function such as GuidedReLU.apply, got {function!r}")
    modules = _rectifiers(model)
    forwards = {module: _replaced(module, function) for module in modules.values()}
    forwards[model] = _watched(forwards.get(model, model.forward))
    # An attribute of the instance hides the method of its class, and hooks go on working.
    before = {module: vars(module).get("forward") for module in forwards}
    try:
        for module, forward in forwards.items():
            module.forward = forward
        yield list(modules)
    finally:
        for module, forward in before.items():
            vars(module).pop("forward", None)
            if forward is not None:
                module.forward = forward


def _rectifiers(model: nn.Module) -> dict[str, nn.Module]:
    """Return every ReLU and ReLU6 by name, or refuse if there are other activations."""
    found, others = {}, []
    for name, module in model.named_modules():
        if _is_rectifier(module):
            found[name] = module
        elif _is_activation(module):
            others.append(f"{name!r} ({type(module).__name__})")
    if others:
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        raise ValueError(
            f"only ReLU and ReLU6 can be replaced; {type(model).__name__} also has "
            f"{', '.join(others[:5])}{more}"
        )
    return found


def _is_rectifier(module: nn.Module) -> bool:
    """A subclass counts only if it computes what its parent does."""
    relu6 = isinstance(module, nn.Hardtanh) and (module.min_val, module.max_val) == (0, 6)
    return type(module).forward is nn.ReLU.forward or (
        relu6 and type(module).forward in (nn.ReLU6.forward, nn.Hardtanh.forward)
    )


def _is_activation(module: nn.Module) -> bool:
    """Go by the file that a class comes from; softmax and attention live there, but mix places."""
    mixing = (nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin, nn.MultiheadAttention)
    files = ("torch.nn.modules.activation", "timm.layers.activations")
    parents = type(module).__mro__
    return not isinstance(module, mixing) and any(c.__module__.startswith(files) for c in parents)


def _replaced(module: nn.Module, function: Callable) -> Callable[[Tensor], Tensor]:
    def forward(x: Tensor) -> Tensor:
        token = _in_replacement.set(True)
        try:
            y = function(x)
        finally:
            _in_replacement.reset(token)
        if not isinstance(y, Tensor) or y.shape != x.shape:
            got = tuple(y.shape) if isinstance(y, Tensor) else repr(y)
            raise TypeError(
                f"expected a tensor of shape {tuple(x.shape)} in place of ReLU, got {got}"
            )
        return y.clamp(max=6) if isinstance(module, nn.Hardtanh) else y

    return forward


# True while the caller's own function runs: a `clamp` in there is not the model's.
_in_replacement: ContextVar[bool] = ContextVar("in_replacement", default=False)


def _watched(model_forward: Callable) -> Callable:
    def forward(*args, **kwargs):
        with _RefuseFunctional():
            return model_forward(*args, **kwargs)

    return forward


class _RefuseFunctional(TorchFunctionMode):
    """Sees every PyTorch function that a forward pass calls, and refuses activations."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").rstrip("_")
        if not _in_replacement.get() and _is_nonlinear(name, args, kwargs):
            raise ValueError(
                f"the model calls {name}() as a function inside its forward pass, where it cannot "
                "be replaced; give it an nn.ReLU module instead"
            )
        return func(*args, **kwargs)


_POINTWISE = re.compile(
    "relu|relu6|leaky_relu|prelu|rrelu|elu|selu|celu|gelu|silu|mish|glu|threshold|tanh|sigmoid|"
    "hardtanh|hardsigmoid|hardswish|logsigmoid|softplus|softsign"
)


def _is_nonlinear(name: str, args: tuple, kwargs: dict) -> bool:
    low = args[1] if len(args) > 1 else kwargs.get("min")
    clamped_at_0 = (
        name in ("clamp", "clip", "clamp_min") and isinstance(low, int | float) and low == 0
    )
    return clamped_at_0 or _POINTWISE.fullmatch(name) is not None


def hook_count(model: nn.Module) -> int:
    """Return how many forward and backward hooks the modules and parameters carry."""
    kinds = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
    on_modules = sum(len(getattr(m, kind)) for m in model.modules() for kind in kinds)
    return on_modules + sum(len(p._backward_hooks or ()) for p in model.parameters())
