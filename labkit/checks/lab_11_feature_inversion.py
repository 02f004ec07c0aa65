"""Visible checks of lab 11: pictures of few pixels, features of few numbers, worked by hand."""

import torch
from torch import nn

from labkit.check import points
from labkit.checks.results import Picky, numbers, tensor_of
from labkit.hooks import hook_count

# total_variation


def grey(rows):
    """Return a picture (1, 3, H, W) whose three channels hold these rows."""
    return torch.tensor(rows).expand(1, 3, -1, -1).clone()


@points(1, exercise="total_variation")
def test_by_hand(student):
    """Two rows of three pixels, one of them 2: by hand, 36 in three channels."""
    image = grey([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    value = float(tensor_of(student.total_variation(image), ()))
    known = {
        12.0: "one direction is missing, or two of the three channels",
        18.0: "half of it: the differences are not squared (4 each, not 2), or halved",
        24.0: "the differences down are missing",
        48.0: "that is a pair too many: last and first (`roll`) and diagonals are no neighbours",
        72.0: "each pair counts twice",
        0.0: "nothing counts: do rises and falls cancel before they are squared?",
    }
    hint = known.get(round(value, 2), "count each pair of neighbours once, none across the border")
    assert abs(value - 36) < 1e-3, (
        "the pixel differs by 2 from its left, its right and its lower neighbour: 3 times 4 in "
        f"each of 3 channels is 36. Got {value:.3g}: {hint}"
    )


@points(1, exercise="total_variation")
def test_border(student):
    """A step down and a step to the right count once, not again across the border: 6 and 9."""
    steps = grey([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]), grey([[0.0, 1.0]] * 3)
    values = numbers(torch.stack([tensor_of(student.total_variation(x), ()) for x in steps]))
    assert values == [6.0, 9.0], (
        "3 rows of 2 pixels. A step between two rows has 2 pairs, between two columns 3, in each "
        f"of 3 channels: 6 and 9. Got {values}: last and first are no neighbours (`roll`), and in "
        "(N, 3, H, W) rows are axis 2, columns axis 3"
    )


@points(1, exercise="total_variation")
def test_weight(student):
    """`weight` multiplies the whole sum, and two pictures add up."""
    image = torch.rand(1, 3, 3, 4, generator=torch.Generator().manual_seed(0))
    one = tensor_of(student.total_variation(image), ())
    weighted = tensor_of(student.total_variation(image, 0.5), ())
    assert torch.allclose(weighted, 0.5 * one, rtol=1e-4), (
        f"weight 0.5 gives {float(weighted / one):.3g} times the value of weight 1: multiply the "
        "sum of both directions, once"
    )
    twice = tensor_of(student.total_variation(torch.cat([image, image])), ())
    assert torch.allclose(twice, 2 * one, rtol=1e-4), (
        "the same picture twice should have twice the variation: add up over the images"
    )


@points(1, exercise="total_variation")
def test_gradient(student):
    """The gradient exists: of one bright pixel in a corner, 4 there and -2 at its neighbours."""
    image = grey([[1.0, 0.0], [0.0, 0.0]]).requires_grad_()
    value = student.total_variation(image)
    tensor_of(value, ())
    assert value.requires_grad, (
        "the result has no gradient: look for `.item()`, `.detach()`, `no_grad()` or NumPy"
    )
    (gradient,) = torch.autograd.grad(value, image)
    found = numbers(gradient[0, 0])
    assert found == [4.0, -2.0, -2.0, 0.0], f"expected a gradient of [4, -2, -2, 0], got {found}"


# inversion_loss


@points(1, exercise="inversion_loss")
def test_loss_by_hand(student):
    """Features (3, 0) and target (3, 4): by hand, 16 over 25. Features (3, 5): 1 over 25."""
    target = torch.tensor([[3.0, 4.0]])
    rows = torch.tensor([[[3.0, 0.0]], [[3.0, 5.0]], [[6.0, 8.0]]])
    values = numbers(torch.stack([tensor_of(student.inversion_loss(x, target), ()) for x in rows]))
    known = {
        (16.0, 1.0, 25.0): "divide by the squared norm of the target",
        (8.0, 0.5, 12.5): "divide by the squared norm of the target, and sum, no mean",
        (3.2, 0.2, 5.0): "the norm below has to be squared",
        (0.8, 0.2, 1.0): "the root is too much: squared distance, squared norm",
        (0.32, 0.02, 0.5): "a factor 1/2 too much: a mean above and a sum below?",
        (0.36, 1.36, 4.0): "it is about the *difference* of the two",
    }
    hint = known.get(tuple(values), "is it the *target's* norm that you divide by, once?")
    assert values == [0.64, 0.04, 1.0], (
        f"for (3, 0), (3, 5) and (6, 8) expected 0.64, 0.04 and 1, got {values}: {hint}"
    )


@points(1, exercise="inversion_loss")
def test_zeros(student):
    """Zeros in the target, as a ReLU leaves them, do no harm."""
    target = torch.tensor([[[[0.0, 2.0]], [[0.0, 0.0]]]])  # (1, 2, 1, 2)
    value = float(tensor_of(student.inversion_loss(torch.ones(1, 2, 1, 2), target), ()))
    assert abs(value - 1) < 1e-4, (
        f"features of 1, target (0, 2, 0, 0): four differences of size 1 over 4 is 1, got "
        f"{value:.3g}: add up over the whole tensor, then divide once"
    )


@points(1, exercise="inversion_loss")
def test_where_gradients_go(student):
    """The gradient reaches the features, not the target, and neither changes."""
    features = torch.tensor([[3.0, 0.0]], requires_grad=True)
    target = torch.tensor([[3.0, 4.0]], requires_grad=True)
    value = student.inversion_loss(features, target)
    tensor_of(value, ())
    assert value.requires_grad, (
        "the loss has no gradient at all: detach the target alone, and no `.item()`"
    )
    leaves = [x for x in (features, target) if x.requires_grad]  # the target may be cut off
    found = torch.autograd.grad(value, leaves, allow_unused=True)
    found = [torch.zeros(1, 2) if g is None else g for g in found]
    assert numbers(found[0]) == [0.0, -0.32], (
        "for features (3, 0) and target (3, 4) the gradient is (0, -8/25), got "
        f"{numbers(found[0])}: is it the features that are detached?"
    )
    assert not any(g.any() for g in found[1:]), (
        "a gradient flows into the target: use `target_features.detach()`"
    )
    values = numbers(features.detach()), numbers(target.detach())
    assert values == ([3.0, 0.0], [3.0, 4.0]), (
        "features or target have other values now: work on copies"
    )


# invert_features


class Counted(Picky):
    """A network that counts how often it is called."""

    calls = 0

    def forward(self, images):
        """Return the output, and count."""
        self.calls += 1
        return super().forward(images)


def swapped_colours():
    """Return a network: layer 0 turns (r, g, b) into (b, r, -g), layer 1 halves it."""
    first, second = nn.Conv2d(3, 3, 1, bias=False), nn.Conv2d(3, 3, 1, bias=False)
    first.weight.data = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]])[:, :, None, None]
    second.weight.data = 0.5 * torch.eye(3)[:, :, None, None]
    return Counted(first, second).requires_grad_(False).eval()


COLOUR = (0.9, 0.2, 0.4)


def orange(height, width):
    """Return a picture of one colour and what layer 0 makes of it."""
    image = torch.tensor(COLOUR).reshape(1, 3, 1, 1).expand(1, 3, height, width)
    return image, swapped_colours()[0](image).detach()


@points(1, exercise="invert_features")
def test_size(student):
    """`size=4` gives (1, 3, 4, 4), `size=(3, 5)` gives (1, 3, 3, 5), both in [0, 1]."""
    for size, shape in ((4, (4, 4)), ((3, 5), (3, 5))):
        _, target = orange(*shape)
        image = student.invert_features(swapped_colours(), "0", 2 * target, size, 30, 0.0, 0)
        image = tensor_of(image, (1, 3, *shape), f"the picture for size={size}")
        assert 0 <= image.min() <= image.max() <= 1, (
            f"pixels lie between {image.min():.2f} and {image.max():.2f}: clamp after each step"
        )


@points(1, exercise="invert_features")
def test_known_picture(student):
    """A layer that only swaps colours: the orange picture comes back."""
    truth, target = orange(3, 4)
    image = student.invert_features(swapped_colours(), "0", target, (3, 4), 200, 0.0, 0)
    image = tensor_of(image, (1, 3, 3, 4), "the picture")
    found = numbers(image.mean((0, 2, 3)), 2)
    half = numbers(torch.tensor([min(2 * c, 1.0) for c in COLOUR]), 2)
    hint = "is the gradient zeroed before each step, and does the loop change what it returns?"
    if all(abs(a - 0.5) < 0.07 for a in found):
        hint = "it is still grey. Is it the start that is returned, or are the steps too small?"
    elif all(abs(a - b) < 0.1 for a, b in zip(found, half, strict=True)):
        hint = "this matches the network's *output*: take `activations(...)[layer]`"
    assert (image - truth).abs().max() < 0.1, (
        f"expected red, green, blue of about {list(COLOUR)}, got {found}: {hint}"
    )


@points(1, exercise="invert_features")
def test_smoother(student):
    """A larger `tv_weight` gives a smoother picture."""
    generator = torch.Generator().manual_seed(0)
    model, truth = swapped_colours(), torch.rand(1, 3, 4, 5, generator=generator)
    target = model[0](truth).detach()
    spreads = []
    for weight in (0.0, 1.0):
        image = student.invert_features(model, "0", target, (4, 5), 100, weight, 0)
        spreads.append(float(tensor_of(image, (1, 3, 4, 5), "the picture").std((2, 3)).mean()))
    rough, smooth = spreads
    assert smooth < 0.5 * rough, (
        f"pixels differ by {rough:.2f} with weight 0 and by {smooth:.2f} with weight 1: add "
        "`total_variation(image, tv_weight)` to the loss"
    )


@points(1, exercise="invert_features")
def test_steps_and_seed(student):
    """Seven steps look at the network seven times; the seed decides, and nothing else changes."""
    model = swapped_colours()
    picture, target = orange(3, 4)
    before, kept = torch.get_rng_state(), target.clone()
    image = student.invert_features(model, "0", target, (3, 4), 7, 0.0, 3)
    tensor_of(image, (1, 3, 3, 4), "the picture")
    arrived = (image - picture).abs().max() < 1e-3  # a good optimizer may stop there
    fewest = 1 if arrived else 6
    assert fewest <= model.calls <= 16, f"steps=7 called the network {model.calls} times, not 7"
    assert torch.equal(kept, target), "the target features were changed in place"
    assert not model.training, "the network was in eval mode, and is in training mode now"
    assert not hook_count(model), "a hook stays behind on the network: remove it"
    again = student.invert_features(model, "0", target, (3, 4), 7, 0.0, 3)
    other = student.invert_features(model, "0", target, (3, 4), 7, 0.0, 4)
    assert torch.equal(image, again), "the same seed gave two pictures"
    assert arrived or not torch.equal(image, other), (
        "two seeds gave the same picture after 7 steps: use it"
    )
    assert torch.equal(before, torch.get_rng_state()), (
        "the global random state changed: `torch.Generator().manual_seed(seed)` is one of your own"
    )
