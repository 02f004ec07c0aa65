"""Visible checks of lab 12: numbers worked by hand, and identities."""

import torch
from torch import nn

from labkit.check import points
from labkit.checks.results import numbers, tensor_of
from labkit.hooks import hook_count

# dream_loss


@points(1, exercise="dream_loss")
def test_by_hand(student):
    """Activations 1, 2 and 3: (1 + 4 + 9) / 2 = 7, so the loss is -7."""
    activation = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    value = round(float(tensor_of(student.dream_loss(activation), (), "the loss")), 3)
    known = {
        7.0: "a loss is minimized, and the squares should grow: take the negative",
        -14.0: "half of it: then the gradient is the activation itself, not twice that",
        -3.742: "that is the norm; square it, and take half",
        -6.0: "that is the sum of the activations; square them first",
        -2.333: "add the squares up; a mean makes the push depend on the size of the layer",
    }
    assert value == -7, f"expected -7, got {value:g}: " + known.get(
        value, "minus half the sum of squares"
    )


@points(1, exercise="dream_loss")
def test_gradient_is_minus_the_activation(student):
    """The gradient at the activations 1, -2 and 0 is -1, 2 and 0."""
    activation = torch.tensor([1.0, -2.0, 0.0]).view(1, 1, 1, 3).requires_grad_()
    loss = student.dream_loss(activation)
    tensor_of(loss, (), "the loss")
    assert loss.requires_grad, "the loss has no gradient: look for .detach(), .item() or NumPy"
    (gradient,) = torch.autograd.grad(loss.sum(), activation)
    assert numbers(gradient) == [-1, 2, 0], f"got the gradient {numbers(gradient)}"


@points(1, exercise="dream_loss")
def test_two_images_add_up(student):
    """The loss of two images is the sum of theirs."""
    activation = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    both = tensor_of(student.dream_loss(activation.clone()), (), "the loss of two images")
    each = [
        tensor_of(student.dream_loss(activation[i : i + 1].clone()), (), "the loss") for i in (0, 1)
    ]
    assert torch.isclose(both, sum(each), rtol=1e-4), "sum over all axes, the images included"


# dream_step


def network():
    """Return a network whose layer "0" puts out 2 * red - green, and which then goes on."""
    first = nn.Conv2d(3, 1, 1, bias=False)
    first.weight.data = torch.tensor([2.0, -1.0, 0.0]).view(1, 3, 1, 1)
    model = nn.Sequential(first, nn.ReLU(), nn.Flatten(), nn.Linear(2, 4))
    return model.requires_grad_(False).eval()


def image(red, green):
    """Return an image (1, 3, 1, 2) with these values of red and green, and blue at 0.5."""
    return torch.tensor([red, green, [0.5, 0.5]]).view(1, 3, 1, 2)


@points(1, exercise="dream_step")
def test_step_by_hand(student):
    """Two pixels with activations 1 and 0.5: the values move by 2.67, -1.33, 0 and half of that."""
    start = image([0.5, 0.25], [0.0, 0.0])  # activations a = 1 and 0.5; gradient a * (2, -1, 0)
    moved = student.dream_step(network(), start.clone(), "0", 1.0)
    change = tensor_of(moved, (1, 3, 1, 2)) - start.double()
    # |gradient|: 2, 1, 0 and 1, 0.5, 0; its mean is 0.75
    expected = [2.667, 1.333, -1.333, -0.667, 0.0, 0.0]
    got = numbers(change)
    assert got != [-v for v in expected], "this makes the activations smaller: step the other way"
    clamped = [0.5, 0.75, 0.0, 0.0, 0.0, 0.0]
    assert got != clamped, "the result is clamped to [0, 1]: leave that to the loop"
    assert got == expected, (
        f"the change should be {expected} (red, red, green, green, blue, blue), and is {got}: the "
        "gradient of `dream_loss` with respect to the image, over its mean absolute value"
    )


@points(1, exercise="dream_step")
def test_length(student):
    """A step of 0.1 changes the values by 0.1 on average."""
    start = image([0.5, 0.25], [0.0, 0.1])
    moved = tensor_of(student.dream_step(network(), start.clone(), "0", 0.1), (1, 3, 1, 2))
    size = float((moved - start).abs().mean())
    assert abs(size - 0.1) < 1e-3, f"the mean absolute change is {size:.4g}"


@points(1, exercise="dream_step")
def test_nothing_active(student):
    """Where all activations are zero, the image stays as it is."""
    black = image([0.0, 0.0], [0.0, 0.0])
    moved = student.dream_step(network(), black.clone(), "0", 0.1)
    assert not torch.isnan(moved).any(), "the result is NaN: 0 / 0 where the gradient is zero"
    assert torch.equal(tensor_of(moved, (1, 3, 1, 2)), black.double()), "the image moved"


@points(1, exercise="dream_step")
def test_nothing_changes(student):
    """The caller's image keeps its values, and no hook stays behind."""
    model, start = network(), image([0.5, 0.25], [0.0, 0.1])
    given = start.clone()
    student.dream_step(model, given, "0", 0.1)
    assert torch.equal(given.detach(), start), "the image has other values: step a copy"
    assert hook_count(model) == 0, "a hook is left in the network"


# octave_sizes


def sizes_of(value):
    """Return the result as a list of pairs, or say why it is none."""
    value = value.tolist() if isinstance(value, torch.Tensor) else value
    assert isinstance(value, list | tuple), f"expected a list, got a {type(value).__name__}"
    assert all(isinstance(size, list | tuple) and len(size) == 2 for size in value), (
        f"expected pairs (h, w), got {value}"
    )
    return [tuple(size) for size in value]


@points(1, exercise="octave_sizes")
def test_three_octaves(student):
    """80 x 40 in three octaves with a scale of 2: 20 x 10, 40 x 20, 80 x 40."""
    found = sizes_of(student.octave_sizes(80, 40, 3, 2))
    assert found != [(80, 40), (40, 20), (20, 10)], "smallest first"
    assert found == [(20, 10), (40, 20), (80, 40)], f"got {found}"
    assert not any(isinstance(side, float) for size in found for side in size), (
        f"sides are whole numbers, `int(80.0)`, and not {found[-1][0]}"
    )


@points(1, exercise="octave_sizes")
def test_rounded(student):
    """100 x 70 with a scale of 1.4: the smaller size is 71.4 x 50, rounded 71 x 50."""
    found = sizes_of(student.octave_sizes(100, 70, 2, 1.4))
    assert found == [(71, 50), (100, 70)], f"got {found}"


@points(1, exercise="octave_sizes")
def test_one_octave(student):
    """One octave is the full size."""
    found = sizes_of(student.octave_sizes(31, 57, 1, 1.5))
    assert found == [(31, 57)], f"got {found}"
