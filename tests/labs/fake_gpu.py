"""A GPU that is none: its tensors lie on the CPU, say "cuda", and refuse to be mixed with others.

A tensor is "on the GPU" when its storage is marked. Two modes see to it: one sees what torch
computes, gradients too, and marks what comes of marked tensors; the other sees what Python calls,
takes `device=` and `.to` for itself, and refuses what CUDA would refuse. A mix inside torch's own
C++ or in a backward pass is not looked at: there, torch makes helpers where the data truly is.
"""

import contextlib

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

GPU, CPU = torch.device("cuda"), torch.device("cpu")

MOVES = {Tensor.to, Tensor.cpu, Tensor.cuda, torch.as_tensor}
TO_NUMPY = {Tensor.numpy, Tensor.__array__}
STAY = {"aten::copy_", "aten::index_put_"}  # what is written to remains where it is
INDEXING = {Tensor.__getitem__, Tensor.__setitem__}
JOINS = {torch.stack, torch.cat}  # these take not even a single number from elsewhere
# CUDA takes these mixed: copies, what reads the shape alone, and gradients across a `.to`.
MAY_MIX = {
    Tensor.copy_, Tensor.type_as, Tensor.expand_as, Tensor.view_as, Tensor.reshape_as,
    Tensor.data.__set__, torch._has_compatible_shallow_copy_type, torch.broadcast_tensors,
    torch.tensor, torch.autograd.grad, torch.autograd.backward, Tensor.backward,
}  # fmt: skip


@contextlib.contextmanager
def fake_gpu():
    """Give "cuda" a meaning: `torch.zeros(3, device="cuda") + torch.zeros(3)` raises."""
    with Computed(), Called():
        yield


def on_gpu(tensor):
    return getattr(tensor.untyped_storage(), "on_gpu", False)


def mark(tensor, gpu):
    tensor.untyped_storage().on_gpu = gpu
    return tensor


def tensors(*values):
    """Return the tensors among values, and in their lists, tuples and dicts."""
    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += tensors(*value)
        elif isinstance(value, dict):
            found += tensors(*value.values())
    return found


class Computed(TorchDispatchMode):
    """Marks what is computed from marked tensors."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = tensors(args, kwargs or {})
        out = func(*args, **(kwargs or {}))
        if func._schema.name not in STAY and any(on_gpu(tensor) for tensor in given):
            for tensor in tensors(out):
                mark(tensor, True)
        return out


class Move(torch.autograd.Function):
    """Copies to the other device; the gradient comes back to the first."""

    @staticmethod
    def forward(ctx, tensor, gpu):
        ctx.came_from = on_gpu(tensor)
        return mark(tensor.clone(), gpu)

    @staticmethod
    def backward(ctx, gradient):
        return mark(gradient.clone(), ctx.came_from), None


class Called(TorchFunctionMode):
    """Answers for the device, and refuses what mixes."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        args, kwargs = list(args), dict(kwargs or {})
        if func == Tensor.device.__get__:
            return GPU if on_gpu(args[0]) else CPU
        if func == Tensor.is_cuda.__get__:
            return on_gpu(args[0])
        if func in TO_NUMPY and on_gpu(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu()")
        gpu = _asked_for(func, args, kwargs)
        if gpu and kwargs.get("generator") is not None:
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
        if func not in MOVES:
            _refuse_a_mix(func, args, kwargs)
        out = func(*args, **kwargs)
        if func == Tensor.__deepcopy__:  # copies a storage, which nothing computes
            gpu = on_gpu(args[0])
        if gpu is None or not isinstance(out, Tensor) or on_gpu(out) == gpu:
            return out
        return Move.apply(out, gpu) if func in MOVES else mark(out, gpu)


def _asked_for(func, args, kwargs):
    """Return whether a call asks for the GPU, None where it names no device; ask for the CPU."""
    if func == Tensor.cpu:
        return False
    if kwargs.get("device") is not None:
        device, kwargs["device"] = kwargs["device"], CPU
        return torch.device(device).type == "cuda"
    if func == Tensor.to and isinstance(args[1] if len(args) > 1 else None, str | torch.device):
        device, args[1] = args[1], CPU
        return torch.device(device).type == "cuda"
    others = tensors(args[1:], kwargs) if func == Tensor.to else []
    return on_gpu(others[0]) if others else None


def _refuse_a_mix(func, args, kwargs):
    given = tensors(args, kwargs)
    if func in INDEXING:  # the places may lie on the CPU, but not on the GPU alone
        given = [] if on_gpu(args[0]) else [args[0], *tensors(args[1])]
    there = [tensor for tensor in given if on_gpu(tensor)]
    here = [tensor for tensor in given if not on_gpu(tensor) and (tensor.ndim or func in JOINS)]
    if there and here and func not in MAY_MIX:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in here)
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but {func.__name__} found "
            f"{shapes} on the CPU beside others on the GPU"
        )
