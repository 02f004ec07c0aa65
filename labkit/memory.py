"""What memory a computation needs at its peak, a backward pass that needs less, and its reuse."""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint


class peak_memory(TorchDispatchMode):  # noqa: N801 - read as a noun: `with peak_memory() as peak`
    """Count the bytes of the tensors that are alive at once while the block runs.

    ::

        with peak_memory() as peak:
            loss = model(image).sum()
            loss.backward()
        peak.bytes

    What was there before is not counted, nor what an operation needs for a moment inside itself,
    so a process grows by a little more: about a fifth for the kit's networks on a CPU.

    Attributes:
        bytes: the largest sum of the block so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self._now = 0
        self._alive: dict[int, int] = {}  # storage -> bytes

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None) -> Any:
        result = operation(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                self._meet(value.untyped_storage())
        return result

    def _meet(self, storage: torch.UntypedStorage) -> None:
        """Count a storage once, and take it off when it dies; views share one storage."""
        key = storage._cdata
        if key not in self._alive:
            self._alive[key] = storage.nbytes()
            self._now += storage.nbytes()
            self.bytes = max(self.bytes, self._now)
            weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self._now -= self._alive.pop(key, 0)


@contextmanager
def checkpointed(model: nn.Module, names: Sequence[str]) -> Iterator[None]:
    """Let the named modules forget what happened inside them, and redo it for the backward pass.

    ::

        with checkpointed(model, ["blocks.0.0", "blocks.1.0", "blocks.1.1"]):
            loss = model(image).sum()  # keeps what the blocks put out, not their insides
            loss.backward()

    Values and gradients stay the same; time grows by about one forward pass. Hooks on the named
    modules fire once; those inside them may fire again when the work is redone.

    Raises: AttributeError for a name that the model does not have, before anything is changed.
    """
    modules = [model.get_submodule(name) for name in names]
    before = [vars(module).get("forward") for module in modules]
    try:
        for module in modules:
            # An attribute of the instance hides the method of its class, and hooks go on working.
            module.forward = partial(checkpoint, module.forward, use_reentrant=False)
        yield
    finally:
        for module, forward in zip(modules, before, strict=True):
            vars(module).pop("forward", None)
            if forward is not None:
                module.forward = forward


GIB = 1 << 30
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of glibc's <malloc.h>


def keep_freed_memory(threshold: int = GIB, trim: int = GIB) -> bool:
    """Let glibc keep what tensors free: the next batch reuses it, up to 1.7 times as fast.

    Of its own, glibc gives large tensors back to the system at once, which hands out every page
    anew, one by one. The process then stays as large as it was at its peak.

    Args:
        threshold: bytes; larger tensors are still given back at once.
        trim: bytes that are kept at most.
    Returns: whether this C library can do it.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    return bool(mallopt(_MMAP_THRESHOLD, threshold) and mallopt(_TRIM_THRESHOLD, trim))
