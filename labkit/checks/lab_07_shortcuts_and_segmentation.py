"""Visible checks of lab 07: constants worked by hand, and identities."""

import numpy as np
import torch

from labkit.check import points
from labkit.checks.results import tensor_of

# plant_shortcut


def marked(student, images, labels):
    """Return the student's marked images, of the shape of the given ones."""
    value = student.plant_shortcut(images, torch.tensor(labels))
    return tensor_of(value, tuple(images.shape))


@points(1, exercise="plant_shortcut")
def test_places(student):
    """In a black picture, the mark of 7 begins at row 3, column 6, and is 3 x 3."""
    for label, row, column in ((0, 0, 0), (4, 0, 12), (5, 3, 0), (7, 3, 6)):
        images = torch.zeros(2, 3, 15, 17)
        mark = marked(student, images, [label, label])[0].amax(0).nonzero()
        assert len(mark), f"the image of label {label} has no mark"
        first, last = mark.amin(0).tolist(), mark.amax(0).tolist()
        assert (first, last) == ([row, column], [row + 2, column + 2]), (
            f"the mark of {label} should go from row {row}, column {column} to row {row + 2}, "
            f"column {column + 2}; yours goes from row {first[0]}, column {first[1]} to row "
            f"{last[0]}, column {last[1]}"
        )


@points(1, exercise="plant_shortcut")
def test_white_mark(student):
    """The mark is 1 in all three channels, and nothing else of a grey picture changes."""
    after = marked(student, torch.full((1, 3, 6, 15), 0.25), [3])
    white = int((after == 1.0).sum())
    assert white == 27, (
        f"expected 27 values of 1 (3 x 3 pixels, 3 channels), found {white}; the largest value is "
        f"{float(after.max()):.4g}"
    )
    kept = int((after == 0.25).sum())
    assert kept == 3 * 90 - 27, (
        f"243 values lie outside the mark and should stay at 0.25; {kept} have that value"
    )


@points(1, exercise="plant_shortcut")
def test_each_image_its_own(student):
    """Labels 6 and 2 together give each image the mark that it gets alone."""
    images = torch.rand(2, 3, 7, 15, generator=torch.Generator().manual_seed(0)) / 2
    together = marked(student, images.clone(), [6, 2])
    for i, label in enumerate((6, 2)):
        alone = marked(student, images[i : i + 1].clone(), [label])[0]
        assert torch.equal(together[i], alone), (
            f"the image of label {label} looks otherwise when it comes with another one: does each "
            "get the mark of its own label only?"
        )


@points(1, exercise="plant_shortcut")
def test_images_kept(student):
    """The images that were given are not changed."""
    images = torch.zeros(2, 3, 6, 15)
    student.plant_shortcut(images, torch.tensor([1, 8]))
    assert not images.any(), "the given images have marks now: clone them before you write"


# grabcut_seeds

RAMP = torch.arange(200.0).reshape(10, 20)  # the pixel number k has the value k


def codes(student, saliency, low, high):
    """Return the student's seeds; an array of NumPy is a result, too."""
    value = student.grabcut_seeds(saliency, low, high)
    value = torch.as_tensor(value) if isinstance(value, np.ndarray) else value
    return tensor_of(value, tuple(saliency.shape), "the seeds")


@points(1, exercise="grabcut_seeds")
def test_ramp(student):
    """Of the values 0 to 199, 20 gets code 0, 75 gets 2, 125 gets 3, 180 gets 1."""
    found = codes(student, RAMP.clone(), 0.25, 0.75)  # thresholds near 50 and 150, their middle 100
    got = [int(v) for v in found.flatten()[[20, 75, 125, 180]]]
    known = {
        (0, 3, 2, 1): "2 is probably background, 3 probably object",
        (1, 2, 3, 0): "0 is sure background, 1 surely object",
        (0, 1, 2, 3): "the codes are not in the order of the saliency",
        (2, 2, 3, 1): "what is written last stays: is sure background overwritten?",
        (0, 2, 3, 3): "what is written last stays: is surely object overwritten?",
        (0, 3, 3, 1): "between the thresholds it is 2 below their middle, 3 above it",
        (0, 2, 2, 1): "between the thresholds it is 2 below their middle, 3 above it",
        (1, 1, 1, 1): "`low` and `high` are shares: the thresholds are quantiles of the map",
    }
    assert got == [0, 2, 3, 1], (
        f"the values 20, 75, 125, 180 should get the codes 0, 2, 3, 1, and get {got}: "
        + known.get(tuple(got), "see the table of the codes")
    )


@points(1, exercise="grabcut_seeds")
def test_shares(student):
    """`low` and `high` are shares of the pixels, whatever their values."""
    for low, high in ((0.25, 0.9), (0.4, 0.7)):
        found = codes(student, (RAMP / 200) ** 3, low, high)
        counts = [int((found == code).sum()) for code in (0, 1)]
        expected = [round(200 * low), round(200 * (1 - high))]
        assert all(abs(c - e) <= 2 for c, e in zip(counts, expected, strict=True)), (
            f"with low = {low}, high = {high}, about {expected[0]} of 200 pixels should be 0 and "
            f"{expected[1]} should be 1; got {counts[0]} and {counts[1]}: the thresholds are "
            "quantiles of the map, at `low` and at `high`"
        )


@points(1, exercise="grabcut_seeds")
def test_middle(student):
    """The middle is half way between the thresholds in saliency, not in rank."""
    steep = RAMP.clone()
    steep[8:] += 1000  # the values 0 to 159, and 1160 to 1199
    steep[-1, 10:] = 100000.0  # far above both thresholds, of about 20 and 1180
    got = [int(v) for v in codes(student, steep, 0.1, 0.9).flatten()[[150, 165]]]
    assert got == [2, 3], (
        "with thresholds of about 20 and 1180, half way is 600: the value 150 should get 2 and "
        f"1165 should get 3, and they get {got[0]} and {got[1]}; is it the middle of the two "
        "thresholds?"
    )


@points(1, exercise="grabcut_seeds")
def test_map_kept(student):
    """The map that was given is not changed."""
    saliency = RAMP.clone()
    student.grabcut_seeds(saliency, 0.25, 0.75)
    assert torch.equal(saliency, RAMP), (
        "the given map has other values now: write into a new tensor"
    )


# intersection_over_union

LEFT = torch.tensor([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0]]).bool()
MIDDLE = torch.tensor([[0, 1, 1, 0, 0], [0, 1, 1, 0, 0]]).bool()


def score(student, a, b):
    """Return the student's number."""
    value = student.intersection_over_union(a, b)
    assert not isinstance(value, tuple | list), "the result should be one number"
    if isinstance(value, int | float | np.number):
        value = torch.tensor(float(value))
    return float(tensor_of(value, (), "the result"))


@points(1, exercise="intersection_over_union")
def test_third(student):
    """Two squares of four pixels share two: 2 of 6 pixels are in both."""
    got = score(student, LEFT.clone(), MIDDLE.clone())
    known = {
        0.5: "that is the share of one square, or Dice's coefficient: divide by the union",
        0.25: "two pixels are counted twice below: the union is 6, not 4 + 4",
        0.6: "that is the share of equal pixels: the background does not count",
        0.2: "divide by the pixels in at least one mask, not by all pixels",
        0.0: "does `//` cut off the fraction?",
        3.0: "intersection and union are exchanged",
    }
    hint = known.get(round(got, 2), "count the pixels in both, and those in at least one")
    assert abs(got - 1 / 3) < 1e-3, f"expected 2 / 6, got {got:.3f}: {hint}"


@points(1, exercise="intersection_over_union")
def test_extremes(student):
    """A mask with itself gives 1, with its complement 0."""
    got = score(student, LEFT.clone(), LEFT.clone()), score(student, LEFT.clone(), ~LEFT)
    assert np.allclose(got, (1, 0), atol=1e-3), (
        f"expected 1 and 0, got {got[0]:.3f} and {got[1]:.3f}"
    )


@points(1, exercise="intersection_over_union")
def test_types(student):
    """Masks of 0 and 1 in other types give the same number."""
    for kind, other in ((torch.float32, torch.float32), (torch.uint8, torch.bool)):
        got = score(student, LEFT.to(kind), MIDDLE.to(other))
        assert abs(got - 1 / 3) < 1e-3, (
            f"masks of types {kind} and {other} give {got:.3f} instead of 1/3"
        )


@points(1, exercise="intersection_over_union")
def test_empty(student):
    """Two empty masks agree: 1."""
    empty = torch.zeros(2, 5).bool()
    got = score(student, empty, empty.clone())
    assert abs(got - 1) < 1e-3, (
        f"two empty masks give {got:.3f}; their union is empty, and they agree"
    )


@points(1, exercise="intersection_over_union")
def test_masks_kept(student):
    """The masks that were given are not changed."""
    a, b = LEFT.clone(), MIDDLE.clone()
    student.intersection_over_union(a, b)
    kept = torch.equal(a, LEFT) and torch.equal(b, MIDDLE)
    assert kept, "a given mask is changed: `&=` and `|=` write into it, `&` and `|` do not"
