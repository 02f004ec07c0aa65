"""Comparison of results: what counts as the same, and the words for what does not."""

import pytest
import torch

from autograder.compare import (
    close,
    proportional,
    require,
    require_answer,
    require_slope,
    tensor_of,
)
from labkit.errors import NotAnswered


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor([1.0, 2.0]),
        torch.tensor([1.0, 2.0], dtype=torch.float64),
        torch.tensor([1.0, 2.0], dtype=torch.bfloat16),
        torch.tensor([1, 2]),
        [1, 2.0],
        [torch.tensor(1.0), torch.tensor(2)],
    ],
    ids=repr,
)
def test_tensors_and_lists_of_numbers_are_one(value):
    found = tensor_of(value, (2,), "the result")
    assert found.dtype == torch.float64
    assert found.tolist() == [1, 2]


@pytest.mark.parametrize("value", [3, 3.0, torch.tensor(3.0), torch.tensor([3.0]), [3]], ids=repr)
def test_a_scalar_may_have_shape_1(value):
    assert tensor_of(value, (), "the loss").shape == ()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (torch.ones(2, 3), r"the result should have shape \(3, 2\), and has \(2, 3\)"),
        (torch.ones(3), r"should have shape \(3, 2\), and has \(3,\)"),
        ("text", "should be a tensor, and is a str"),
        (True, "should be a tensor, and is a bool"),
        ({"a": 1}, "should be a tensor, and is a dict"),
        (torch.ones(3, 2, dtype=torch.complex64), "should hold real numbers"),
        (torch.ones(3, 2, dtype=torch.bool), "should hold real numbers"),
        (torch.full((3, 2), float("nan")), "not finite"),
        (torch.full((3, 2), float("-inf")), "not finite"),
        ([1, [2, 3]], "no numbers of one shape"),
        ([None], "no numbers of one shape"),
        ([{"a": 1}], "no numbers of one shape"),
        (["a", "b"], "no numbers of one shape"),
        (10**400, "no numbers of one shape"),
        ([], r"should have shape \(3, 2\), and has \(0,\)"),
    ],
    ids=lambda v: str(v)[:30],
)
def test_what_is_no_such_tensor_is_said(value, says):
    with pytest.raises(AssertionError, match=says):
        tensor_of(value, (3, 2), "the result")


def test_close_is_relative_to_the_largest_expected_value():
    expected = torch.tensor([1000.0, 0.0])
    assert close(torch.tensor([1000.5, 0.5]), expected)
    assert not close(torch.tensor([1002.0, 0.0]), expected)
    assert not close(torch.tensor([0.0, 0.0]), expected)


def test_proportional_takes_a_positive_factor_for_each_map():
    maps = torch.rand(2, 3, 4, dtype=torch.float64) + 0.1
    factors = torch.tensor([5.0, 1e-12]).view(2, 1, 1)
    assert proportional(factors * maps, maps)
    for wrong in (
        -maps,
        torch.zeros_like(maps),
        maps + 0.5,
        maps.flip(0),
        maps.transpose(0, 1).reshape(2, 3, 4),
    ):
        assert not proportional(wrong, maps)


def test_a_known_mistake_gets_its_own_message():
    expected, wrong = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0])
    with pytest.raises(AssertionError, match="reversed"):
        require(wrong, expected, "wrong", mistakes={"reversed": wrong})
    with pytest.raises(AssertionError, match=r"^wrong$"):
        require(wrong + 1, expected, "wrong", mistakes={"reversed": wrong})
    require(expected, expected, "wrong")


def test_a_mistake_that_gives_the_right_value_is_none():
    """On unlucky inputs two rules agree; then the message must not name the wrong one."""
    expected = torch.tensor([1.0, 2.0])
    with pytest.raises(AssertionError, match=r"^wrong$"):
        require(expected + 1, expected, "wrong", mistakes={"misleading": expected})


def test_the_input_given_back_is_no_answer():
    given = torch.rand(2, 3)
    with pytest.raises(NotAnswered, match="not answered yet: `f` returns what it was given"):
        require_answer(given.clone(), given, "f")
    for answer in (given + 1, given[:1], 3, None):
        require_answer(answer, given, "f")


def test_a_gradient_of_half_the_size_is_not_that_of_the_loss():
    features = {"a": torch.tensor([1.0, -2.0]), "b": torch.tensor([3.0])}

    def loss(features):
        return sum(x.square().sum() for x in features.values())

    gradients = [2 * x for x in features.values()]
    require_slope(loss, features, gradients)
    with pytest.raises(AssertionError, match="size of the loss's slope"):
        require_slope(loss, features, [g / 2 for g in gradients])
