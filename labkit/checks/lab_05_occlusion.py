"""Visible checks of lab 05: constants worked by hand, and identities."""

import torch
from torch import nn

from labkit.check import points
from labkit.checks.results import near, numbers

BLACK = torch.zeros(1, 3, 5, 7)


def shape_of(value):
    """Return the shape of a tensor, or say that the result is none."""
    assert isinstance(value, torch.Tensor), f"the result is a {type(value).__name__}, not a tensor"
    return tuple(value.shape)


def covered_places(student, row, column, size):
    """Return (5, 7) of 0 and 1: where a white square covers a black picture."""
    covered = student.occlude(BLACK.clone(), row, column, size, 1.0)
    assert shape_of(covered) == (1, 3, 5, 7), (
        f"expected a picture of shape (1, 3, 5, 7), got {shape_of(covered)}"
    )
    return covered[0].amax(0)


# occlude


@points(1, exercise="occlude")
def test_square(student):
    """A square of side 2 at row 1, column 3 covers rows 1 and 2, columns 3 and 4."""
    places = covered_places(student, 1, 3, 2).nonzero().tolist()
    expected = [[1, 3], [1, 4], [2, 3], [2, 4]]
    assert places == expected, f"expected the pixels {expected}, got {places}"


@points(1, exercise="occlude")
def test_borders(student):
    """What lies outside the picture is cut off."""
    for row, column, expected in ((3, 5, [2, 2]), (-1, 2, [2, 3]), (2, -2, [3, 1])):
        covered = covered_places(student, row, column, 3)
        found = [int(covered.amax(1).sum()), int(covered.amax(0).sum())]
        assert found == expected, (
            f"a square of side 3 at row {row}, column {column} of a 5 x 7 picture covers "
            f"{expected[0]} rows and {expected[1]} columns, got {found[0]} and {found[1]}"
        )


@points(1, exercise="occlude")
def test_fills(student):
    """A colour fills each channel with its value; of a picture the same place shows through."""
    colour = torch.tensor([0.25, 0.5, 0.75])
    covered = student.occlude(BLACK.clone(), 1, 1, 3, colour)
    assert near(covered[0, :, 2, 2], colour), (
        f"the pixel in row 2, column 2 should be (0.25, 0.5, 0.75), and is "
        f"{[round(float(v), 2) for v in covered[0, :, 2, 2]]}"
    )
    picture = torch.arange(105.0).reshape(1, 3, 5, 7) / 105
    whole = student.occlude(BLACK.clone(), 0, 0, 7, picture)
    assert near(whole, picture), (
        "a square over the whole picture, filled with a picture, should give that picture"
    )
    part = student.occlude(BLACK.clone(), 2, 4, 2, picture)
    assert near(part[..., 2:4, 4:6], picture[..., 2:4, 4:6]), (
        "the fill picture should show through at the same place: rows 2 and 3, columns 4 and 5"
    )


@points(1, exercise="occlude")
def test_picture_kept(student):
    """The picture that was given is not changed."""
    image = BLACK.clone()
    student.occlude(image, 1, 1, 2, 1.0)
    assert torch.equal(image, BLACK), "the given picture was painted on: clone it first"


# occlusion_map


def red_counter(shape):
    """Return a network of two classes: the logit of class 1 is the sum of red, of class 0 zero."""
    weight = torch.zeros(2, 3, *shape)
    weight[1, 0] = 1.0
    model = nn.Sequential(nn.Flatten(), nn.Linear(weight[0].numel(), 2, bias=False))
    model[1].weight.data = weight.flatten(1)
    return model.requires_grad_(False).eval()


@points(1, exercise="occlusion_map")
def test_full_squares(student):
    """Squares of side 3 with stride 2 fit twice into 5 rows and three times into 8 columns."""
    image = torch.zeros(1, 3, 5, 8)
    values = student.occlusion_map(red_counter((5, 8)), image, 1, 3, 2, 0.0)
    assert shape_of(values) == (2, 3), f"expected (2, 3), got {shape_of(values)}"


@points(1, exercise="occlusion_map")
def test_by_hand(student):
    """One red pixel: its probability is 0.73, and 0.5 where the square covers it."""
    image = torch.zeros(1, 3, 2, 4)
    image[0, 0, 0, 3] = 1.0  # the logits are 0 and 1: 1 / (1 + exp(-1)) = 0.731
    values = student.occlusion_map(red_counter((2, 4)), image, 1, 1, 1, 0.0)
    assert shape_of(values) == (2, 4), f"expected (2, 4), got {shape_of(values)}"
    expected = torch.full((2, 4), 0.7311)
    expected[0, 3] = 0.5
    assert torch.allclose(values.float(), expected, atol=1e-3), (
        f"expected 0.5 in row 0, column 3, and 0.73 elsewhere, got {numbers(values)} (row by row)"
    )
    other = student.occlusion_map(red_counter((2, 4)), image, 0, 1, 1, 0.0)
    assert torch.allclose(other.float(), 1 - expected, atol=1e-3), (
        f"of two classes, class 0 has the rest: 0.5 and 0.27, got {numbers(other)} (row by row). "
        "Is it the softmax over all logits, and `label` the class?"
    )


@points(1, exercise="occlusion_map")
def test_fill_reaches_the_map(student):
    """A picture covered with itself keeps its probability everywhere."""
    image = torch.rand(1, 3, 6, 9, generator=torch.Generator().manual_seed(0)) / 20
    model = red_counter((6, 9))
    values = student.occlusion_map(model, image, 1, 2, 1, image)
    untouched = float(model(image).softmax(1)[0, 1])
    assert torch.allclose(values.float(), torch.tensor(untouched), atol=1e-4), (
        f"the fill is the picture itself, so every value should be {untouched:.3f}"
    )
    other = student.occlusion_map(model, image, 1, 2, 1, 1.0)
    assert bool((other > untouched + 0.01).all()), (
        "every white square adds red, so every probability of class 1 should rise"
    )


@points(1, exercise="occlusion_map")
def test_batches(student):
    """Each square costs one picture, and no batch holds more than 16."""
    sizes = []
    model = red_counter((5, 9))
    model.register_forward_pre_hook(lambda _, args: sizes.append(len(args[0])))
    student.occlusion_map(model, torch.zeros(1, 3, 5, 9), 1, 1, 1, 0.5)
    assert sizes, "the network was never called"
    assert max(sizes) <= 16, f"a batch holds {max(sizes)} pictures, expected at most 16"
    assert sum(sizes) <= 46, (  # one for the untouched picture does no harm
        f"45 squares took {sum(sizes)} pictures through the network, expected 45"
    )
