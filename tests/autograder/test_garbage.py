"""What a constant, or a function that does nothing, would get by luck."""

import pytest
import torch

from autograder.answers import Answer, grade_answer
from autograder.garbage import constant_of, garbage_earns_nothing
from labkit.check import CheckResult


@pytest.mark.parametrize(
    ("value", "constant"),
    [
        (True, 1),
        (0.5, 0.5),
        (torch.full((2, 3), 4), 4),
        ([1, torch.ones(2), {"a": 1.0}], 1),
        (torch.tensor([1.0, 2.0]), None),
        ([1, 2], None),
        (float("nan"), None),
        (torch.empty(0), None),
        ([], None),
        ("1", None),
        (10**400, None),
        (torch.tensor(1j), None),
        (print, None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_one_number_that_a_result_consists_of(value, constant):
    assert constant_of(value) == constant


def check(title, passed):
    return CheckResult(title, title, "f", 1, passed, "" if passed else "no")


VALUE, SIDE = "The value", "The input keeps its values (witnessed by the worker)"


def test_what_only_the_worker_saw_counts_once_something_else_is_right():
    """A function that does nothing leaves everything as it was."""
    right = [check(VALUE, True), check(SIDE, True)]
    assert garbage_earns_nothing(right, None) == right
    value, side = garbage_earns_nothing([check(VALUE, False), check(SIDE, True)], None)
    assert value.message == "no"
    assert not side.passed
    assert side.message == "this counts once something of the result is right"


def test_a_constant_fails_what_suited_it():
    (value, side) = garbage_earns_nothing([check(VALUE, True), check(SIDE, True)], 1.0)
    assert not value.passed
    assert not side.passed
    assert value.message == "the result is always 1, whatever comes in: use the arguments"


@pytest.mark.parametrize("constant", [0, 1, -1])
def test_a_result_that_never_changes_earns_nothing(engine, constant):
    source = f"import torch\ndef inversion_loss(*_):\n    return torch.tensor({constant}.0)"
    row = grade_answer(engine, Answer("11-feature-inversion", "inversion_loss", "", source))
    assert row.points == 0
    assert any(f"always {constant}, whatever comes in" in c.message for c in row.checks)
