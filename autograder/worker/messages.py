"""What travels between the grading process and a worker.

Requests come from the grading process, which is trusted: JSON and a pickle. Replies come from a
process that runs a student's code, which is not: JSON and safetensors, never a pickle.
"""

from __future__ import annotations

import functools
import io
import json
import pickle
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.torch
import torch

HEADER = struct.Struct(">II")  # bytes of JSON, bytes of pickle or safetensors
DEEPEST = 6
LARGEST_HEADER = 1 << 20  # bytes of a safetensors header: a hundred of them name a tensor


def receive(connection: socket.socket) -> tuple[dict, bytes]:
    """Return the JSON part and the binary part of one message."""
    head, body = HEADER.unpack(read_exactly(connection, HEADER.size))
    return json.loads(read_exactly(connection, head)), read_exactly(connection, body)


def read_exactly(connection: socket.socket, count: int, deadline: float | None = None) -> bytes:
    """Return `count` bytes; raise EOFError, or TimeoutError after a time.monotonic() deadline."""
    pieces = []
    while count:
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
        piece = connection.recv(min(count, 1 << 20))
        if not piece:
            raise EOFError("the connection closed")
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def send(
    connection: socket.socket, message: dict, tensors: dict | None = None, blob: bytes = b""
) -> None:
    """Send a JSON message with tensors, as safetensors, or with a binary part."""
    if tensors:
        blob = safetensors.torch.save(tensors)
    text = json.dumps(message).encode()
    connection.sendall(HEADER.pack(len(text), len(blob)) + text + blob)


# Requests: a shared network goes by its name, since the worker has it already


@functools.cache
def shared_model(name: str) -> torch.nn.Module:
    """Return one of labkit's trained networks, the same object each time; do not change it."""
    from labkit.models import load_model

    return load_model(name)


class _CallPickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, shared: dict[int, str]):
        super().__init__(file)
        self.shared = shared

    def persistent_id(self, item: Any) -> str | None:
        return self.shared.get(id(item))


class _CallUnpickler(pickle.Unpickler):
    def persistent_load(self, name: str) -> torch.nn.Module:
        return shared_model(name)


def dump_call(call: dict, shared: Iterable[str] = ()) -> bytes:
    """Return a call as bytes for `load_call`; `shared` names the shared models in it."""
    file = io.BytesIO()
    _CallPickler(file, {id(shared_model(name)): name for name in shared}).dump(call)
    return file.getvalue()


def load_call(blob: bytes) -> dict:
    """Return the call that `dump_call` wrote."""
    return _CallUnpickler(io.BytesIO(blob)).load()


# Replies


@dataclass(frozen=True)
class ReturnedModel:
    """A network that a student's function returned: its weights, since code does not travel."""

    state_dict: dict[str, torch.Tensor]
    training: bool
    frozen: bool


def encode(value: Any, tensors: dict, depth: int = 0) -> Any:
    """Return a JSON form of a result; its tensors are added to `tensors`."""
    if depth > DEEPEST:
        raise ValueError("it is nested too deeply")
    if isinstance(value, torch.nn.Module):
        state = encode(dict(value.state_dict()), tensors, depth + 1)
        frozen = not any(p.requires_grad for p in value.parameters())
        return {"model": state, "training": value.training, "frozen": frozen}
    if isinstance(value, np.ndarray | np.generic):
        value = torch.from_numpy(np.array(value))
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous().clone().as_subclass(torch.Tensor)
        if tensors[name].is_complex():
            raise TypeError(f"it holds {tensors[name].dtype}, and results are real numbers")
        return {"tensor": name}
    if value is None or isinstance(value, bool | int | float | str):
        return {"plain": value}
    if isinstance(value, list | tuple):
        return {"list": [encode(item, tensors, depth + 1) for item in value]}
    if isinstance(value, dict):
        return {"dict": {str(k): encode(v, tensors, depth + 1) for k, v in value.items()}}
    raise TypeError(f"a {type(value).__name__} is not a tensor, number, text, list or dict")


def load_tensors(blob: bytes) -> dict[str, torch.Tensor]:
    """Return the tensors of a reply; raise ValueError where they are no safetensors."""
    if not blob:
        return {}
    if int.from_bytes(blob[:8], "little") > LARGEST_HEADER:
        raise ValueError("its tensors are no safetensors, or too many")
    try:
        return safetensors.torch.load(blob)
    except Exception as error:  # the library raises several kinds
        raise ValueError("its tensors are no safetensors") from error


def decode(value: Any, tensors: dict, depth: int = 0) -> Any:
    """Return the result that `encode` wrote; raise ValueError for anything else."""
    match value:
        case {"tensor": str(name)} if name in tensors:
            return tensors[name]
        case {"plain": None | bool() | int() | float() | str() as plain}:
            return plain
        case {"list": list(items)} if depth <= DEEPEST:
            return [decode(item, tensors, depth + 1) for item in items]
        case {"dict": dict(items)} if depth <= DEEPEST:
            return {k: decode(v, tensors, depth + 1) for k, v in items.items()}
        case {"model": state, "training": bool(), "frozen": bool()} if depth <= DEEPEST:
            weights = decode(state, tensors, depth + 1)
            if isinstance(weights, dict) and all(map(torch.is_tensor, weights.values())):
                return ReturnedModel(weights, value["training"], value["frozen"])
    raise ValueError("a result that no worker writes")
