"""The `student` of hidden checks: what it notices of all results together."""

import pytest
import torch

from autograder.student import constant_of


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
        (object(), None),
    ],
    ids=repr,
)
def test_the_one_number_that_a_result_consists_of(value, constant):
    assert constant_of(value) == constant
