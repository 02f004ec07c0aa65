"""Garbage earns nothing: what a constant, or a function that does nothing, would get by luck.

A check asks for one property on inputs that hide all others, so that some right answers are 1, or
0; and whoever does nothing leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch

from labkit.check import CheckResult

WITNESSED = "(witnessed by the worker)"  # in the title of a check


def constant_of(value: Any) -> float | None:
    """Return the one number that a result consists of, None where there is none or more."""
    if isinstance(value, list | dict):
        numbers = {constant_of(v) for v in (value.values() if isinstance(value, dict) else value)}
        return numbers.pop() if len(numbers) == 1 else None
    if isinstance(value, torch.Tensor) and value.is_complex():
        return None
    try:
        flat = torch.as_tensor(value, dtype=torch.float64).flatten()
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
    return float(flat[0]) if len(flat) and (flat == flat[0]).all() else None


def garbage_earns_nothing(
    checks: Iterable[CheckResult], constant: float | None
) -> list[CheckResult]:
    """Return the checks, all of them failed where the results are no answer.

    Args:
        constant: the number that every result consisted of, whatever came in.
    """
    checks = list(checks)
    right = any(check.passed for check in checks if WITNESSED not in check.title)
    if right and constant is None:
        return checks
    if constant is None:
        why = "this counts once something of the result is right"
    else:
        why = f"the result is always {constant:g}, whatever comes in: use the arguments"
    return [replace(check, passed=False, message=check.message or why) for check in checks]
