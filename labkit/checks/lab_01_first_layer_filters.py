"""Visible checks of lab 01: constants worked by hand, and identities."""

import torch

from labkit.check import points
from labkit.checks.results import near, numbers, tensor_of

# normalize_filters


@points(1, exercise="normalize_filters")
def test_by_hand(student):
    """In a filter from -1 to 3, the weights -1, 0, 1 and 3 become 0, 0.25, 0.5 and 1."""
    weights = torch.tensor([[-1.0, 0.0], [1.0, 3.0]]).view(1, 2, 1, 2)  # two channels, two places
    found = tensor_of(student.normalize_filters(weights), (1, 2, 1, 2))
    assert near(found.flatten(), [0.0, 0.25, 0.5, 1.0]), (
        f"the filter reaches from -1 to 3, so 0 lies at a quarter of the way; got {numbers(found)}"
    )


@points(1, exercise="normalize_filters")
def test_scale_and_shift(student):
    """Another filter's size, or a constant added, changes nothing in the picture."""
    weights = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    given = weights.clone()
    one = tensor_of(student.normalize_filters(given), (2, 3, 5, 5))
    assert torch.equal(given, weights), "the given weights are changed in place: work on a copy"
    other = torch.stack([weights[0], 4 * weights[1] + 2])
    two = tensor_of(student.normalize_filters(other), (2, 3, 5, 5))
    assert one.clamp(0, 1).equal(one), "some values lie outside [0, 1]"
    assert not near(one, weights), "the weights came back as they were"
    assert near(one, two, atol=1e-4), (
        "filter 1 was made 4 times larger and shifted by 2, and the pictures changed: does each "
        "filter use its own minimum and maximum?"
    )


@points(1, exercise="normalize_filters")
def test_constant_filter(student):
    """A constant filter becomes mid-grey."""
    weights = torch.full((2, 3, 2, 2), 0.7)
    weights[0, 0, 0, 0] = 0.0
    found = tensor_of(student.normalize_filters(weights), (2, 3, 2, 2))
    assert found[0].max() == 1, "the filter beside the constant one should reach from 0 to 1"
    assert near(found[1], 0.5), (
        f"all weights of filter 1 are 0.7, so it should be 0.5; got {numbers(found[1, 0, 0, :1])}"
    )


# filter_response


@points(1, exercise="filter_response")
def test_shape(student):
    """Four 3 x 3 filters on 9 x 8 pixels give (4, 7, 6)."""
    given = torch.rand(1, 3, 9, 8), torch.rand(4, 3, 3, 3)
    image, filters = (x.clone() for x in given)
    tensor_of(student.filter_response(image, filters), (4, 7, 6))
    assert torch.equal(image, given[0]), "the image is changed in place: work on a copy"
    assert torch.equal(filters, given[1]), "the filters are changed in place: work on a copy"


@points(1, exercise="filter_response")
def test_window_by_hand(student):
    """One channel, by hand: 1 * 1 + 4 * 4 = 17 and 2 * 1 + 5 * 4 = 22."""
    image = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).view(1, 1, 2, 3)
    filters = torch.tensor([[1.0, 0.0], [4.0, 0.0]]).view(1, 1, 2, 2)
    found = numbers(tensor_of(student.filter_response(image, filters), (1, 1, 2)))
    assert found != [13.0, 18.0], "got 13 and 18: the filter is turned by 180 degrees"
    assert found == [17.0, 22.0], f"got {found}: multiply each weight with the pixel below it"


@points(1, exercise="filter_response")
def test_colours_by_hand(student):
    """Three colours, by hand: 0.5 * 1 - 1 * 10 + 0.25 * 100 = 15.5."""
    image = torch.tensor([0.5, -1.0, 0.25]).view(1, 3, 1, 1)
    filters = torch.tensor([[1.0, 10.0, 100.0], [0.0, 1.0, 0.0]]).view(2, 3, 1, 1)
    found = tensor_of(student.filter_response(image, filters), (2, 1, 1))
    assert near(found.flatten(), [15.5, -1.0], atol=1e-4), (
        f"expected 15.5 and, for the filter that reads green alone, -1; got {numbers(found)}"
    )


# grayscale_slices


@points(1, exercise="grayscale_slices")
def test_slice_by_hand(student):
    """A slice of 2, -1, 0 and 0.5 becomes 1, 0.25, 0.5 and 0.625."""
    weights = torch.tensor([2.0, -1.0, 0.0, 0.5]).view(1, 1, 2, 2)
    found = tensor_of(student.grayscale_slices(weights), (1, 1, 2, 2))
    assert near(found.flatten(), [1.0, 0.25, 0.5, 0.625]), (
        f"the largest size is 2, so -1 is halfway between mid-grey and black; got {numbers(found)}"
    )


@points(1, exercise="grayscale_slices")
def test_negative_slice(student):
    """A negative slice is dark: -4 and -1 become 0 and 0.375."""
    weights = torch.tensor([-4.0, -1.0, -1.0, -1.0]).view(1, 1, 2, 2)
    found = tensor_of(student.grayscale_slices(weights), (1, 1, 2, 2)).flatten()
    assert near(found, [0.0, 0.375, 0.375, 0.375]), (
        f"the largest size is 4, though the maximum is -1; got {numbers(found[:2])}"
    )


@points(1, exercise="grayscale_slices")
def test_own_scale(student):
    """Each slice has its own scale, and a slice of zeros is mid-grey."""
    weights = torch.tensor([1.0, 100.0, 0.0]).view(1, 3, 1, 1)
    given = weights.clone()
    found = tensor_of(student.grayscale_slices(given), (1, 3, 1, 1)).flatten()
    assert torch.equal(given, weights), "the given weights are changed in place: work on a copy"
    assert near(found[:2], [1.0, 1.0]), (
        f"slices of one weight, 1 and 100, are both white on their own scale; got "
        f"{numbers(found[:2])}"
    )
    assert found[2] == 0.5, f"the slice of zeros should be 0.5; got {numbers(found[2:])}"
