"""Visible checks of lab 06: constants worked by hand, and identities."""

import torch
from torch import nn

from labkit.check import points


def linear(weight):
    """Return a network whose logits are inner products with weight (K, 3, H, W)."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(weight[0].numel(), len(weight), bias=False))
    model[1].weight.data = weight.flatten(1).clone()
    return model.requires_grad_(False).eval()


def two_class_weights():
    """Return (2, 3, 1, 2): two classes, three channels, one row of two pixels."""
    first = torch.tensor([[[1.0, 0.0]], [[-3.0, 0.5]], [[2.0, -0.25]]])
    second = torch.tensor([[[0.0, 4.0]], [[0.0, 1.0]], [[-1.0, 0.0]]])
    return torch.stack([first, second])


def shape_of(maps):
    """Return the shape of a tensor, or say that the result is none."""
    assert isinstance(maps, torch.Tensor), f"the result is a {type(maps).__name__}, not a tensor"
    return tuple(maps.shape)


# saliency_map


@points(1, exercise="saliency_map")
def test_shape(student):
    """Two images of 4 x 5 pixels give maps of shape (2, 4, 5)."""
    model = linear(torch.ones(3, 3, 4, 5))
    maps = student.saliency_map(model, torch.rand(2, 3, 4, 5), torch.tensor([0, 2]))
    assert shape_of(maps) == (2, 4, 5), f"expected (2, 4, 5), got {shape_of(maps)}"


@points(1, exercise="saliency_map")
def test_linear_network(student):
    """A linear network's gradient is its weight: by hand, 3 and 0.5 for class 0."""
    maps = student.saliency_map(
        linear(two_class_weights()), torch.full((1, 3, 1, 2), 0.5), torch.tensor([0])
    )
    assert shape_of(maps) == (1, 1, 2), f"expected (1, 1, 2), got {shape_of(maps)}"
    expected = torch.tensor([[[3.0, 0.5]]])
    assert torch.allclose(maps.float(), expected, atol=1e-5), (
        f"the weights of pixel 1 are (1, -3, 2), so its saliency is 3; of pixel 2 "
        f"(0, 0.5, -0.25), so 0.5. Got {[round(float(v), 3) for v in maps.flatten()]}: is it the "
        "logit that you differentiate, its absolute value, the maximum over the channels?"
    )


@points(1, exercise="saliency_map")
def test_two_images_alone(student):
    """Two images together give the maps that each gives alone."""
    torch_generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 3 * 2, 3))
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=torch_generator)
    model.requires_grad_(False).eval()
    images = torch.rand(2, 3, 5, 4, generator=torch_generator)
    labels = torch.tensor([2, 0])
    together = student.saliency_map(model, images, labels)
    for i in range(2):
        try:
            alone = student.saliency_map(model, images[i : i + 1], labels[i : i + 1])
        except Exception as error:
            raise AssertionError(f"N = 2 works and N = 1 does not: {error}") from error
        assert shape_of(alone) == (1, 5, 4), f"for N = 1 expected (1, 5, 4), got {shape_of(alone)}"
        assert torch.allclose(together[i], alone[0], atol=1e-5), (
            "N = 2 differs from two runs with N = 1: the images are mixed. Does each image use the "
            "logit of its own label only?"
        )


# randomize_top


def small_network():
    """Return a network of three weighted layers with deviations of about 1, 0.1 and 2."""
    generator = torch.Generator().manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    for layer, spread in ((model[0], 1.0), (model[2], 0.1), (model[6], 2.0)):
        layer.weight.data = spread * torch.randn(layer.weight.shape, generator=generator)
    return model.requires_grad_(False).eval()


def redrawn(model, copy):
    """Return which of the weighted layers 0, 2 and 6 differ."""
    assert isinstance(copy, nn.Module), f"the result is a {type(copy).__name__}, not a network"
    return [i for i in (0, 2, 6) if not torch.equal(model[i].weight, copy[i].weight)]


@points(1, exercise="randomize_top")
def test_which_layers(student):
    """Of three weighted layers, `depth=2` redraws the last two."""
    model = small_network()
    found = redrawn(model, student.randomize_top(model, 2, 0))
    assert found == [2, 6], f"expected new weights in layers 2 and 6, found them in {found}"


@points(1, exercise="randomize_top")
def test_depth_zero(student):
    """`depth=0` redraws nothing."""
    model = small_network()
    found = redrawn(model, student.randomize_top(model, 0, 0))
    assert not found, f"layers {found} have new weights: is it `layers[-0:]`, the whole list?"


@points(1, exercise="randomize_top")
def test_original(student):
    """The network that was given is not changed."""
    model = small_network()
    student.randomize_top(model, 3, 0)
    assert not redrawn(model, small_network()), "the given network has new weights: copy it first"


@points(1, exercise="randomize_top")
def test_deviation(student):
    """The deviations stay at about 1, 0.1 and 2."""
    copy = student.randomize_top(small_network(), 3, 0)
    for i, expected in ((0, 1.0), (2, 0.1), (6, 2.0)):
        found = float(copy[i].weight.std())
        assert 0.8 < found / expected < 1.25, (
            f"layer {i} had a standard deviation of {expected}, and now has {found:.3g}"
        )


# deletion_curve


@points(1, exercise="deletion_curve")
def test_curve_length(student):
    """Four steps give five probabilities."""
    image, saliency = torch.rand(1, 3, 4, 4), torch.arange(16.0).reshape(4, 4)
    model = linear(torch.ones(2, 3, 4, 4))
    curve = torch.as_tensor(student.deletion_curve(model, image, 1, saliency, 4))
    assert tuple(curve.shape) == (5,), f"expected (5,), got {tuple(curve.shape)}"
    assert torch.allclose(curve.float(), torch.tensor(0.5), atol=1e-5), (
        "two classes with equal weights: every probability is 0.5"
    )


@points(1, exercise="deletion_curve")
def test_ends(student):
    """The curve starts at the picture and ends at a grey one: by hand, 0.73 and 0.5."""
    weight = torch.zeros(2, 3, 1, 4)
    weight[1, 0] = 0.5  # class 1 sums the red of four pixels: 4 * 0.5 * (1 - 0.5) = 1 above grey
    model = nn.Sequential(linear(weight))
    model[0][1].bias = nn.Parameter(torch.tensor([0.0, -1.0]))
    curve = student.deletion_curve(model, torch.ones(1, 3, 1, 4), 1, torch.rand(1, 4), 4)
    ends = [round(float(curve[i]), 2) for i in (0, -1)]
    assert ends == [0.73, 0.5], f"expected 0.73 and 0.5, got {ends[0]} and {ends[1]}"


@points(1, exercise="deletion_curve")
def test_salient_pixel_first(student):
    """A network that reads one pixel changes its mind in the first step, if it goes first."""
    weight = torch.zeros(2, 3, 2, 2)
    weight[1, :, 1, 0] = 2.0
    saliency = torch.tensor([[0.1, 0.4], [0.9, 0.2]])
    curve = student.deletion_curve(linear(weight), torch.ones(1, 3, 2, 2), 1, saliency, 4)
    early, late = abs(float(curve[1] - curve[0])), abs(float(curve[4] - curve[1]))
    assert early > 0.01, "one of four steps has passed, and the most salient pixel is still there"
    assert late < 1e-5, "after the most salient pixel was deleted the curve should stay flat"
