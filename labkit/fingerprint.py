"""Names what a result depends on by its content: tensors, networks, and functions with their code.

A function is known by what it does: its bytecode, constants, defaults, the variables it closes
over, the globals it reads and the modules it imports, helpers included, however deep. Python's own
modules and packages that carry a version are known by name and version, labkit by its source files.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from labkit.hooks import hook_count

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), range, slice)
TORCH_PLAIN = (torch.dtype, torch.device, torch.memory_format, torch.layout)
HERE = Path(__file__).parent


def fingerprint(*values: Any) -> str:
    """Return 64 hexadecimal digits that are the same for the same content, and differ otherwise.

    Args:
        values: numbers, texts, tensors, arrays, networks, functions, classes, and lists, tuples,
            sets or dicts of them.
    Raises: TypeError for anything else, and for a network that carries hooks: what they do is
        not in its weights.
    """
    return _of(values, ()).hex()


def _of(value: Any, above: tuple[int, ...]) -> bytes:
    """Return the digest of one value; `above` holds the ids of what it is part of."""
    if id(value) in above:  # a function that calls itself
        return _digest("again", len(above) - above.index(id(value)))
    above = (*above, id(value))
    for kinds, describe in _KINDS:
        if isinstance(value, kinds):
            kind = type(value).__qualname__
            return _digest(kind, *(_part(part, above) for part in describe(value)))
    raise TypeError(f"a {type(value).__name__} has no fingerprint")


def _part(part: Any, above: tuple[int, ...]) -> bytes:
    return part if isinstance(part, bytes | memoryview) else _of(part, above)


def _digest(kind: str, *parts: Any) -> bytes:
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        part = part if isinstance(part, bytes | memoryview) else repr(part).encode()
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


# What a value is made of: bytes, or further values


def _plain(value: Any) -> Iterator[bytes]:
    yield repr(value).encode()


def _tensor(value: Tensor) -> Iterator:
    yield from (str(value.dtype), tuple(value.shape))
    flat = value.detach().cpu().contiguous().reshape(-1)
    yield memoryview(flat.view(torch.uint8).numpy())


def _array(value: np.ndarray | np.generic) -> Iterator:
    if value.dtype.hasobject:
        raise TypeError("an array of Python objects has no fingerprint")
    yield from (value.dtype.str, value.shape, value.tobytes())


def _mapping(value: dict) -> Iterator:
    for key in sorted(value, key=repr):
        yield from (key, value[key])


def _set(value: set | frozenset) -> Iterator[bytes]:
    yield from sorted(_of(item, ()) for item in value)


def _code(value: CodeType) -> Iterator:
    """Not the file and the line numbers: a cell that moved does the same."""
    yield from (value.co_code, value.co_consts, value.co_names, value.co_varnames)
    yield from (value.co_freevars, value.co_cellvars, value.co_exceptiontable)
    yield from (value.co_argcount, value.co_kwonlyargcount, value.co_flags)


def _function(value: FunctionType) -> Iterator:
    if library := _library(value.__module__):
        yield from (library, value.__qualname__)
        return
    yield from (value.__code__, value.__defaults__, value.__kwdefaults__)
    for cell in value.__closure__ or ():
        yield cell.cell_contents
    for name in sorted(_arguments(value.__code__, *_READS_GLOBAL)):
        yield from (name, value.__globals__.get(name))  # None for a builtin
    # In a package, `from .types import A` names "types", and does not mean Python's.
    package = value.__globals__.get("__package__")
    for name in sorted(_arguments(value.__code__, "IMPORT_NAME")):
        yield _versioned(f"{package}.{name}" if package else name)


def _arguments(code: CodeType, *operations: str) -> set[str]:
    """Return the names that these operations have in a function, and in the functions inside it."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname in operations}
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return found.union(*(_arguments(c, *operations) for c in inner))


_READS_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


def _class(value: type) -> Iterator:
    yield value.__qualname__
    if library := _library(value.__module__):
        yield library
        return
    yield value.__bases__
    for name, item in sorted(vars(value).items()):
        if isinstance(item, staticmethod | classmethod):
            item = item.__func__
        if name not in ("__dict__", "__weakref__", "__module__", "__firstlineno__"):
            yield from (name, item)


def _network(value: nn.Module) -> Iterator:
    if hook_count(value):
        raise TypeError("a network that carries hooks has no fingerprint")
    for name, module in value.named_modules():
        yield from (name, type(module), getattr(module, "code", None))  # code: torch.fx's
        yield {k: v for k, v in vars(module).items() if k[0] != "_" and k not in _NOT_ITS_OWN}
    yield dict(value.named_parameters(remove_duplicate=False))
    yield dict(value.named_buffers(remove_duplicate=False))


_NOT_ITS_OWN = ("call_super_init", "dump_patches")


def _property(value: property) -> Iterator:
    yield from (value.fget, value.fset)


def _library(module: str | None) -> str:
    """Return name and version of what a package provides; empty where the code itself counts."""
    root = (module or "").partition(".")[0]
    if root in sys.stdlib_module_names and root != "__main__":
        return f"{module} of Python {sys.version}"
    if root == HERE.name:
        return f"{module} {_kit()}"
    version = getattr(sys.modules.get(root), "__version__", None)
    return f"{module} {version}" if version and root != "__main__" else ""


@functools.cache
def _kit() -> str:
    """Return a digest of labkit's own source files."""
    return _digest("kit", *(path.read_bytes() for path in sorted(HERE.rglob("*.py")))).hex()


def _module(value: ModuleType) -> Iterator:
    yield _versioned(value.__name__)


def _versioned(module: str) -> str:
    """Return what stands for a module; one that is not loaded yet has no version either."""
    if not (library := _library(module)):
        raise TypeError(
            f"the module {module} carries no version: import its functions, outside of the function"
        )
    return library


_KINDS = (
    (PLAIN + TORCH_PLAIN, _plain),
    (Tensor, _tensor),
    (np.ndarray | np.generic, _array),
    (list | tuple, iter),
    (dict, _mapping),
    (set | frozenset, _set),
    (CodeType, _code),
    (FunctionType, _function),
    (functools.partial, lambda value: iter((value.func, value.args, value.keywords))),
    (MethodType, lambda value: iter((value.__func__, value.__self__))),
    (BuiltinFunctionType, lambda value: iter((_library(value.__module__), value.__qualname__))),
    (type, _class),
    (property, _property),
    (nn.Module, _network),
    (ModuleType, _module),
)
