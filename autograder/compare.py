"""Compares what a student's function returned with what it should have, in the student's terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from labkit.errors import NotAnswered

TOLERANCE = 1e-3  # of the largest value; `python -m benchmarks.noise` prints what right ones have


def tensor_of(value: Any, shape: tuple[int, ...], what: str) -> Tensor:
    """Return the value as a float64 tensor of that shape, or fail with both shapes.

    Args:
        value: a tensor, a number, or a list of numbers.
        shape: expected; () also takes a tensor of one element.
        what: how the message calls it.
    """
    if isinstance(value, list | float | int) and not isinstance(value, bool):
        value = _from_numbers(value, what)
    if not isinstance(value, Tensor):
        raise AssertionError(f"{what} should be a tensor, and is a {type(value).__name__}")
    if value.is_complex() or value.dtype == torch.bool:
        raise AssertionError(f"{what} should hold real numbers, and holds {value.dtype}")
    if shape == () and value.numel() == 1:
        value = value.reshape(())
    if tuple(value.shape) != tuple(shape):
        raise AssertionError(
            f"{what} should have shape {tuple(shape)}, and has {tuple(value.shape)}"
        )
    value = value.double()
    if not torch.isfinite(value).all():
        raise AssertionError(f"{what} holds values that are not finite (NaN or infinity)")
    return value


def _from_numbers(value: Any, what: str) -> Tensor:
    try:
        if not isinstance(value, list):
            return torch.tensor(value, dtype=torch.float64)
        items = [torch.as_tensor(v, dtype=torch.float64) for v in value]
        return torch.stack(items) if items else torch.empty(0)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise AssertionError(
            f"{what} should be a tensor, and holds things that are no numbers of one shape"
        ) from error


def require_answer(value: Any, given: Tensor, function: str) -> None:
    """Raise NotAnswered where a function gave back what it was given: that is still a stub."""
    if isinstance(value, Tensor) and value.shape == given.shape and torch.equal(value, given):
        raise NotAnswered(f"not answered yet: `{function}` returns what it was given")


def close(value: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> bool:
    """Return whether two tensors agree, relative to the largest expected value."""
    return relative_error(value, expected) <= tolerance


def relative_error(value: Tensor, expected: Tensor) -> float:
    """Return the largest difference over the largest expected value; 0 where both are zero."""
    expected = expected.to(value)
    difference, size = float((value - expected).abs().max()), float(expected.abs().max())
    return difference / size if size else math.inf if difference else 0.0


def proportional(maps: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> bool:
    """Return whether each map of (N, ...) is a positive multiple of the expected one."""
    flat, wanted = maps.flatten(1), expected.to(maps).flatten(1)
    scale = (flat * wanted).sum(1, keepdim=True) / (wanted * wanted).sum(1, keepdim=True)
    return bool((scale > 0).all()) and close(flat / scale.clamp(min=1e-300), wanted, tolerance)


def require(
    value: Tensor,
    expected: Tensor,
    message: str,
    *,
    same: Callable[[Tensor, Tensor], bool] = close,
    mistakes: dict[str, Tensor] | None = None,
) -> None:
    """Fail unless `value` is the expected one; a known mistake gets its own message.

    Args:
        value, expected: tensors of one shape.
        message: for a wrong value that is no known mistake.
        same: how to compare, `close` or `proportional`.
        mistakes: {message: the value that this mistake gives}.
    """
    if same(value, expected):
        return
    for text, wrong in (mistakes or {}).items():
        if not same(wrong.to(expected), expected) and same(value, wrong):
            raise AssertionError(text)
    raise AssertionError(message)


def require_slope(
    loss: Callable[[dict[str, Tensor]], Tensor],
    features: dict[str, Tensor],
    gradients: Sequence[Tensor],
    step: float = 2e-3,
) -> None:
    """Fail unless the loss rises along the signs of its gradient as steeply as that says.

    Args:
        loss: of features like these.
        gradients: of the loss by each of the features, in their order.
    """
    signs = dict(zip(features, (g.sign() for g in gradients), strict=True))
    ahead, behind = (
        float(loss({name: x + h * signs[name] for name, x in features.items()}))
        for h in (step, -step)
    )
    slope, found = (ahead - behind) / (2 * step), sum(float(g.abs().sum()) for g in gradients)
    assert abs(found - slope) < 0.05 * abs(slope), (
        "the gradient has the right direction and not the size of the loss's slope: is one of two "
        "equal factors detached?"
    )
