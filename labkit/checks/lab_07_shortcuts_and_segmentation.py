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
    """In a black 8 x 16 picture, the mark of 7 begins at row 3, column 6, and is 3 x 3."""
    for label, row, column in ((0, 0, 0), (4, 0, 12), (5, 3, 0), (7, 3, 6)):
        images = torch.zeros(2, 3, 8, 16)
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
    assert white == 27, f"expected 27 values of 1 (3 x 3 pixels, 3 channels), found {white}"
    kept = int((after == 0.25).sum())
    assert kept == 3 * 90 - 27, (
        f"243 values lie outside the mark and should stay at 0.25; {kept} have that value"
    )


@points(1, exercise="plant_shortcut")
def test_each_image_its_own(student):
    """Labels 2 and 6 together give each image the mark that it gets alone."""
    images = torch.rand(2, 3, 7, 15, generator=torch.Generator().manual_seed(0)) / 2
    together = marked(student, images.clone(), [2, 6])
    for i, label in enumerate((2, 6)):
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

RAMP = torch.tensor([[0.0, 0.1, 0.2, 0.3, 0.4, 0.5], [1.1, 1.0, 0.9, 0.8, 0.7, 0.6]])  # 12 values


def codes(student, saliency, low, high):
    """Return the student's seeds; an array of NumPy is a result, too."""
    value = student.grabcut_seeds(saliency, low, high)
    value = torch.as_tensor(value) if isinstance(value, np.ndarray) else value
    return tensor_of(value, tuple(saliency.shape), "the seeds")


@points(1, exercise="grabcut_seeds")
def test_ramp(student):
    """Twelve values from 0 to 1.1, low = 0.2, high = 0.8: codes 0 0 0, 2 2 2, 3 3 3, 1 1 1."""
    found = codes(student, RAMP.clone(), 0.2, 0.8)  # thresholds 0.22 and 0.88, their middle 0.55
    got = [int(v) for v in torch.cat([found[0], found[1].flip(0)])]  # in the order of the saliency
    expected = [0, 0, 0, 2, 2, 2, 3, 3, 3, 1, 1, 1]
    if got == expected:
        return
    known = {
        (0, 0, 0, 3, 3, 3, 2, 2, 2, 1, 1, 1): "2 is probably background, 3 probably object",
        (1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 0, 0): "0 is sure background, 1 surely object",
        (0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3): "the codes are not in the order of the saliency",
    }
    hint = known.get(tuple(got), "what is written last stays: is a code overwritten?")
    raise AssertionError(f"sorted by saliency, expected {expected}, got {got}: {hint}")


@points(1, exercise="grabcut_seeds")
def test_shares(student):
    """`low` and `high` are shares of the pixels: squaring a map keeps its sure pixels."""
    for low, high in ((0.2, 0.8), (0.4, 0.7)):
        found = codes(student, RAMP.square(), low, high)
        counts = [int((found == code).sum()) for code in (0, 1)]
        expected = [int(np.ceil(11 * low)), int(np.ceil(11 * (1 - high)))]
        assert counts == expected, (
            f"with low = {low}, high = {high}, {expected[0]} of 12 pixels should be 0 and "
            f"{expected[1]} should be 1; got {counts[0]} and {counts[1]}: the thresholds are "
            "quantiles of the map, not values"
        )


@points(1, exercise="grabcut_seeds")
def test_middle(student):
    """The middle is half way between the thresholds in saliency, not in rank."""
    steep = torch.tensor([[0.0, 1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 70.0, 80.0, 90.0]])
    found = codes(student, steep, 0.15, 0.85)  # thresholds 1.35 and 76.5; 39 is half way
    got = [int(v) for v in found.flatten()]
    assert got == [0, 0, 2, 2, 2, 2, 2, 3, 1, 1], (
        f"of the values {[int(v) for v in steep.flatten()]} with thresholds 1.35 and 76.5, 2 to 6 "
        f"should be 2 and 70 should be 3 (39 is half way between the thresholds); got {got}"
    )


@points(1, exercise="grabcut_seeds")
def test_map_kept(student):
    """The map that was given is not changed."""
    saliency = RAMP.clone()
    student.grabcut_seeds(saliency, 0.2, 0.8)
    assert torch.equal(saliency, RAMP), "the given map holds codes now: write into a new tensor"


# intersection_over_union

LEFT = torch.tensor([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0]]).bool()
MIDDLE = torch.tensor([[0, 1, 1, 0, 0], [0, 1, 1, 0, 0]]).bool()


def score(student, a, b):
    """Return the student's number."""
    value = student.intersection_over_union(a, b)
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
