"""Visible checks of lab 00: capturing activations by hand."""

import contextlib

import torch
from torch import nn

from labkit.check import points
from labkit.hooks import hook_count


def chain():
    """Return 3 -> 2 channels, doubled, then a ReLU that works in place."""
    first = nn.Conv2d(3, 2, 1, bias=False)
    first.weight.data = torch.tensor([[1.0, 0, 0], [0, -1, 0]]).reshape(2, 3, 1, 1)
    return nn.Sequential(first, nn.ReLU(inplace=True), nn.Flatten()).requires_grad_(False)


IMAGES = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))


@points(1, exercise="capture_activations")
def test_names_and_shapes(student):
    """Each name has its activations: (2, 2, 4, 5) for layer "0", (2, 40) for layer "2"."""
    captured = student.capture_activations(chain(), IMAGES, ["0", "2"])
    assert isinstance(captured, dict), f"expected a dict, got a {type(captured).__name__}"
    assert set(captured) == {"0", "2"}, f"expected the names '0' and '2', got {list(captured)}"
    shapes = [tuple(captured[name].shape) for name in ("0", "2")]
    assert shapes == [(2, 2, 4, 5), (2, 40)], f"got {shapes}: did every hook write the same name?"


@points(1, exercise="capture_activations")
def test_clones(student):
    """A later module that works in place does not change what was captured."""
    captured = student.capture_activations(chain(), IMAGES, ["0"])
    assert torch.equal(captured["0"][:, 1], -IMAGES[:, 1]), (
        "channel 1 should be minus the green of the image; its negative values are gone, because "
        "the ReLU after it works in place: capture a clone"
    )


@points(1, exercise="capture_activations")
def test_graph(student):
    """The activations can be differentiated with respect to the images."""
    images = IMAGES.clone().requires_grad_()
    captured = student.capture_activations(chain(), images, ["0"])
    assert captured["0"].requires_grad, "the graph is cut: no `detach()` and no `no_grad()`"
    (gradient,) = torch.autograd.grad(captured["0"][:, 0].sum(), images)
    assert torch.equal(gradient[:, 0], torch.ones(2, 4, 5)), "the gradient is not that of layer 0"


@points(1, exercise="capture_activations")
def test_no_hook_left(student):
    """No hook stays behind, neither after success nor after an exception."""
    model = chain()
    student.capture_activations(model, IMAGES, ["0", "1"])
    assert hook_count(model) == 0, "hooks stay behind: call `remove()` on each handle"
    with contextlib.suppress(Exception):
        student.capture_activations(model, IMAGES[:, :2], ["0", "1"])  # two colours: it raises
    assert hook_count(model) == 0, "after an exception hooks stay behind: remove them in `finally:`"
