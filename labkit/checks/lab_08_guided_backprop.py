"""Visible checks of lab 08: constants worked by hand, on networks of one or two pixels."""

import torch
from torch import nn

from labkit.check import points
from labkit.checks.results import near, numbers, tensor_of
from labkit.errors import NotAnswered, StudentError, describe_error
from labkit.hooks import hook_count

# GuidedReLU


def rectify(student, x):
    """Return GuidedReLU.apply(x); whatever it raises is told as the student's error."""
    try:
        value = student.GuidedReLU.apply(x)
    except Exception as error:
        raise StudentError(describe_error(error, "GuidedReLU.forward")) from error
    if value is None:
        raise NotAnswered.returns_none("GuidedReLU.forward")
    return value


def back(student, x, upstream):
    """Return what goes back to x for an upstream gradient."""
    return back_through(rectify(student, x.requires_grad_()), x, upstream)


def back_through(y, x, upstream):
    """Return d (y . upstream) / dx; say what is missing where nothing comes back."""
    tensor_of(y, tuple(x.shape), "what `forward` returns")
    try:
        (gradient,) = torch.autograd.grad(y, x, upstream, allow_unused=True)
    except Exception as error:
        raise StudentError(describe_error(error, "GuidedReLU.backward")) from error
    if gradient is None:
        raise StudentError("`GuidedReLU.backward` returns None: it should return a gradient for x")
    return gradient + 0.0  # no -0.0 in a message


@points(1, exercise="GuidedReLU")
def test_forward(student):
    """Forward it is a ReLU: (-1, 0, 2, 8) becomes (0, 0, 2, 8)."""
    y = rectify(student, torch.tensor([[-1.0, 0.0, 2.0, 8.0]]))
    got = numbers(tensor_of(y, (1, 4), "what `forward` returns"))
    assert got != [0, 0, 2, 6], "got (0, 0, 2, 6): no ceiling at 6, the kit adds it where needed"
    assert got == [0, 0, 2, 8], f"expected (0, 0, 2, 8), got {tuple(got)}"


@points(1, exercise="GuidedReLU")
def test_rule(student):
    """For x = (1, -2, 4, -1) and g = (3, 5, -2, -6), the rule sends (3, 0, 0, 0) back."""
    x, upstream = torch.tensor([1.0, -2, 4, -1]), torch.tensor([3.0, 5, -2, -6])
    got = numbers(back(student, x, upstream))
    known = {
        (3, 0, -2, 0): "this is plain backpropagation: g must be positive, too",
        (3, 5, 0, 0): "this is the deconvnet's rule: x must be positive, too",
        (3, 0, 2, 0): "the sign of g is dropped: where g is negative, nothing goes back",
        (1, 0, 0, 0): "this is the mask alone: multiply it with g",
        (0, 0, -2, 0): "this keeps the negative gradients: keep the positive ones",
        (3, 5, -2, -6): "everything goes back: neither x > 0 nor g > 0 is asked for",
    }
    wrong = known.get(tuple(got), "g goes on where x > 0 and g > 0, and 0 elsewhere")
    assert got == [3, 0, 0, 0], f"got {tuple(got)}: {wrong}"


@points(1, exercise="GuidedReLU")
def test_zero(student):
    """Where x is exactly 0, nothing goes back."""
    got = numbers(back(student, torch.zeros(1, 2), torch.ones(1, 2)))
    assert got == [0, 0], f"x = (0, 0) and g = (1, 1) gave {tuple(got)}: the mask is x > 0, not >="


@points(1, exercise="GuidedReLU")
def test_two_at_once(student):
    """Two ReLUs go forward before the first goes back: each remembers its own input."""
    first, second = torch.tensor([1.0, -1.0]), torch.tensor([-1.0, 1.0])
    y = rectify(student, first.requires_grad_())
    rectify(student, second.requires_grad_())
    got = numbers(back_through(y, first, torch.ones(2)))
    assert got == [1, 0], (
        "the first ReLU used the input of the second: keep x in `ctx`, not in the class or a "
        "variable outside"
    )


@points(1, exercise="GuidedReLU")
def test_nothing_in_place(student):
    """x and the upstream gradient keep their values."""
    x, upstream = torch.tensor([1.0, -2, 4]), torch.tensor([3.0, 5, -2])
    back(student, x, upstream)
    assert numbers(x.detach()) == [1, -2, 4], "x has other values: make a new tensor in `forward`"
    assert numbers(upstream) == [3, 5, -2], (
        "the upstream gradient has other values: make a new tensor, or `clone()` it first"
    )


# guided_backprop


def two_pixels(activation=nn.ReLU, red=1.0, green=1.0):
    """Return a network for (1, 3, 1, 2): h = act(red * R, green * G), a = act(5 + 2 h0 - 3 h1)."""
    first, second = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1)
    first.weight.data = torch.tensor([[red, 0.0, 0.0], [0.0, green, 0.0]])[:, :, None, None]
    second.weight.data = torch.tensor([[0.0, 0.0], [2.0, -3.0]])[:, :, None, None]
    first.bias.data, second.bias.data = torch.zeros(2), torch.tensor([0.0, 5.0])
    network = nn.Sequential(first, activation(), second, nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    network[5].weight.data = torch.tensor([[0.0, 0.0, 1.0, -4.0], [0.0, 0.0, -1.0, 2.0]])
    return network.requires_grad_(False).eval()


def picture():
    """Return the two pixels (1, 0.5, 0) and (0.5, 1, 0) as an image (1, 3, 1, 2)."""
    return torch.tensor([[[[1.0, 0.5]], [[0.5, 1.0]], [[0.0, 0.0]]]])


def ask(student, model, layer, channel):
    """Return the map (3, 1, 2) as six numbers: red, green, blue of two pixels."""
    value = student.guided_backprop(model, picture(), layer, channel)
    return tuple(numbers(tensor_of(value, (3, 1, 2), "the result")))


@points(1, exercise="guided_backprop")
def test_shape(student):
    """An image of 1 x 2 pixels gives a map of shape (3, 1, 2)."""
    ask(student, two_pixels(), "3", 1)


@points(1, exercise="guided_backprop")
def test_by_hand(student):
    """Channel 1 adds red and subtracts green; the guided map has the red alone."""
    got = ask(student, two_pixels(), "3", 1)
    known = {
        (2, 0, -3, 0, 0, 0): "this is the plain gradient: let GuidedReLU stand for the activations "
        "while the forward pass runs",
        (2, 2, 0, 0, 0, 0): "both pixels have a gradient: take the largest activation of the "
        "channel, not its sum",
        (1, 1, 0, 0, 0, 0): "both pixels have a gradient: take the largest activation of the "
        "channel, not its mean",
        (0, 0, 0, 0, 0, 0): "the map is zero: is it this `channel` of this `layer`, "
        "and its activation, not the negative?",
        (-2, 0, 0, 0, 0, 0): "the sign is turned around",
    }
    assert got == (2, 0, 0, 0, 0, 0), (
        "the neuron is 5 + 2 R - 3 G at the first pixel, where it is largest: R has a gradient of "
        f"2, G one of -3, which the rule drops. Got {got}: "
        + known.get(got, "which number did you differentiate, and by what?")
    )


@points(1, exercise="guided_backprop")
def test_ceiling(student):
    """A ReLU6 at its ceiling of 6 passes nothing, and the others pass by the guided rule."""
    got = ask(student, two_pixels(nn.ReLU6, red=10.0), "3", 1)
    first = got[::2]  # the pixel that is asked, R, G, B
    assert first != (0, -3, 0), "nn.ReLU6 kept its own backward pass: it was not replaced"
    assert first[0] != 20, "ReLU6 was replaced, but lost its ceiling: use `replace_activations`"
    assert first == (0, 0, 0), f"10 R is above 6, so it has no gradient; got {first} at pixel 1"


@points(1, exercise="guided_backprop")
def test_logits(student):
    """A layer of logits has one number a channel."""
    got = ask(student, two_pixels(), "5", 0)
    assert got == (2, 0, 0, 0, 0, 0), (
        "logit 0 is the neuron of pixel 1 less four times that of pixel 2, and the guided rule "
        f"drops the second: expected 2 for the red of pixel 1 and zeros, got {got}"
    )


@points(1, exercise="guided_backprop")
def test_nothing_changes(student):
    """The image keeps its values; the network keeps its activations and has no hook left."""
    model, image = two_pixels(), picture()
    modules = list(model.modules())
    first, again = (
        tensor_of(student.guided_backprop(model, image, "3", 1), (3, 1, 2), "the result").clone()
        for _ in range(2)
    )
    assert near(first, again), (
        "a second call with the same image gives another map: is a gradient left on the caller's "
        "image, to which the next one is added? Work on a copy"
    )
    assert torch.equal(image.detach(), picture()), "the image has other values: work on a copy"
    own = list(model.modules()) == modules and not any("forward" in vars(m) for m in modules)
    assert own, "GuidedReLU is still in the network: a `with` block takes it out, whatever happens"
    assert hook_count(model) == 0, "a hook is still in the network: remove it"
    assert not model.training, "the network was in eval mode, and is in training mode now"
