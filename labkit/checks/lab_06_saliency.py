"""Visible checks of lab 06: constants worked by hand, and identities."""

import torch
from torch import nn

from labkit.check import points
from labkit.checks.results import Picky, linear_network, near, tensor_of


def tensor(value, shape, what):
    """Return a detached tensor of that shape; say what `max(dim)` returns where that is it."""
    if hasattr(value, "indices") and hasattr(value, "values") and not torch.is_tensor(value):
        raise AssertionError(
            f"{what} is what `max(dim)` returns, values and indices: use `amax`, or `.values`"
        )
    return tensor_of(value, shape, what)


# saliency_map


@points(1, exercise="saliency_map")
def test_shape(student):
    """Two images of 4 x 5 pixels give maps of shape (2, 4, 5)."""
    model = linear_network(torch.ones(3, 3, 4, 5))
    maps = student.saliency_map(model, torch.rand(2, 3, 4, 5), torch.tensor([0, 2]))
    tensor(maps, (2, 4, 5), "the result")


@points(1, exercise="saliency_map")
def test_linear_network(student):
    """A linear network's gradient is its weight: by hand, 3 and 0.5 for class 0."""
    weight = torch.tensor([  # one row of two pixels; three channels
        [[[1.0, 0.0]], [[-3.0, 0.5]], [[2.0, -0.25]]],
        [[[0.0, 4.0]], [[0.0, 1.0]], [[-1.0, 0.0]]],
    ])  # fmt: skip
    images = torch.full((2, 3, 1, 2), 0.5)
    maps = tensor(
        student.saliency_map(linear_network(weight), images, torch.tensor([0, 0])),
        (2, 1, 2),
        "the result",
    )
    got = [round(float(v), 2) for v in maps[0].flatten()]
    known = {
        (2.0, 0.5): "take the absolute value before the maximum over the channels",
        (2.0, 0.25): "take the maximum over the channels, not the mean",
        (6.0, 0.75): "take the maximum over the channels, not the sum",
        (1.0, 4.0): "differentiate the logit of the given label, not the largest logit",
    }
    assert got == [3.0, 0.5], (
        "the weights of pixel 1 are (1, -3, 2), so its saliency is 3; of pixel 2 (0, 0.5, -0.25), "
        f"so 0.5. Got {got}: "
        + known.get(
            tuple(got), "is it the logit that you differentiate, before any softmax or loss?"
        )
    )


@points(1, exercise="saliency_map")
def test_two_images_alone(student):
    """Two images together give the maps that each gives alone."""
    generator = torch.Generator().manual_seed(0)
    model = Picky(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 3 * 2, 3))
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    model.requires_grad_(False).eval()
    images = torch.rand(2, 3, 5, 4, generator=generator)
    labels = torch.tensor([2, 0])
    maps = student.saliency_map(model, images.clone(), labels)
    together = tensor(maps, (2, 5, 4), "the result")
    for i in range(2):
        one = student.saliency_map(model, images[i : i + 1].clone(), labels[i : i + 1])
        alone = tensor(one, (1, 5, 4), "the result for a single image")[0]
        if torch.allclose(together[i], alone, atol=1e-5):
            continue
        ratio = together[i] / alone
        assert not torch.allclose(ratio, ratio.mean(), atol=1e-3), (
            "N = 2 and N = 1 differ by a factor: is there a mean over the images, or one scale for "
            "all of them?"
        )
        raise AssertionError(
            "N = 2 differs from two runs with N = 1: the images are mixed. Does each image use the "
            "logit of its own label only?"
        )


@points(1, exercise="saliency_map")
def test_nothing_changes(student):
    """The caller's images keep their values, and the network its mode."""
    model, images = linear_network(torch.ones(2, 3, 2, 2)), torch.rand(1, 3, 2, 2)
    before = images.clone()
    student.saliency_map(model, images, torch.tensor([0]))
    assert torch.equal(images.detach(), before), "the images have other values: work on a copy"
    assert not model.training, "the network was in eval mode, and is in training mode now"


# randomize_top


def small_network():
    """Return a nested network of three weighted layers with deviations of about 1, 0.1 and 2."""
    generator = torch.Generator().manual_seed(1)
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU()),
        nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 10)),
    )
    for layer, spread in zip(weighted(model), (1.0, 0.1, 2.0), strict=True):
        layer.weight.data = spread * torch.randn(layer.weight.shape, generator=generator)
        layer.bias.data = torch.rand(layer.bias.shape, generator=generator)
    return model.requires_grad_(False).eval()


def weighted(model):
    """Return the three layers that have weights."""
    return [model[0][0], model[0][2], model[1][2]]


def redrawn(model, other):
    """Return which of the weighted layers 1, 2 and 3 differ."""
    assert isinstance(other, nn.Module), f"the result is a {type(other).__name__}, not a network"
    pairs = zip(weighted(model), weighted(other), strict=True)
    return [i for i, (a, b) in enumerate(pairs, start=1) if not torch.equal(a.weight, b.weight)]


@points(1, exercise="randomize_top")
def test_original(student):
    """The network that was given is not changed."""
    model = small_network()
    student.randomize_top(model, 3, 0)
    assert not redrawn(model, small_network()), "the given network has new weights: copy it first"


@points(1, exercise="randomize_top")
def test_which_layers(student):
    """Of three weighted layers, two of them nested, `depth=2` redraws the last two."""
    found = redrawn(small_network(), student.randomize_top(small_network(), 2, 0))
    assert found == [2, 3], f"expected new weights in layers 2 and 3, found them in {found}"


@points(1, exercise="randomize_top")
def test_depth_zero(student):
    """`depth=0` redraws nothing."""
    found = redrawn(small_network(), student.randomize_top(small_network(), 0, 0))
    assert not found, f"layers {found} have new weights: is it `layers[-0:]`, the whole list?"


@points(1, exercise="randomize_top")
def test_deviation(student):
    """The weights' deviations stay at about 1, 0.1 and 2; the biases stay altogether."""
    model, other = small_network(), student.randomize_top(small_network(), 3, 0)
    redrawn(model, other)
    pairs = zip(weighted(model), weighted(other), (1.0, 0.1, 2.0), strict=True)
    for i, (old, new, expected) in enumerate(pairs, start=1):
        found = float(new.weight.std())
        assert 0.8 < found / expected < 1.25, (
            f"layer {i} had a standard deviation of {expected}, and now has {found:.3g}"
        )
        assert torch.equal(old.bias, new.bias), f"the bias of layer {i} changed"


@points(1, exercise="randomize_top")
def test_seed(student):
    """The same seed gives the same weights, and the global random state is left alone."""
    models = small_network(), small_network()
    before = torch.get_rng_state()
    first, again = (student.randomize_top(model, 3, 4) for model in models)
    assert not redrawn(first, again), "the same seed gave two different networks: use `seed`"
    assert torch.equal(before, torch.get_rng_state()), (
        "the global random state changed: `torch.Generator().manual_seed(seed)` is one of your own"
    )


# deletion_curve


@points(1, exercise="deletion_curve")
def test_curve_length(student):
    """Four steps give five probabilities."""
    saliency = torch.arange(16.0).reshape(4, 4)
    model = linear_network(torch.ones(2, 3, 4, 4))
    curve = student.deletion_curve(model, torch.rand(1, 3, 4, 4), 1, saliency, 4)
    curve = tensor(curve, (5,), "the curve")
    assert near(curve, 0.5), "two classes with equal weights: every probability is 0.5"


@points(1, exercise="deletion_curve")
def test_picture_stays(student):
    """The caller's picture stays as it is."""
    image = torch.rand(1, 3, 4, 4)
    before = image.clone()
    student.deletion_curve(linear_network(torch.ones(2, 3, 4, 4)), image, 1, torch.rand(4, 4), 4)
    assert torch.equal(image, before), (
        "your function changed the caller's picture: clone it before you delete (`flatten` and "
        "`view` show the same memory)"
    )


@points(1, exercise="deletion_curve")
def test_ends(student):
    """The curve starts at the picture and ends at a grey one: by hand, 0.73 and 0.5."""
    weight = torch.zeros(2, 3, 1, 4)
    weight[1, 0] = 0.5  # class 1 sums the red of four pixels: 4 * 0.5 * (1 - 0.5) = 1 above grey
    model = linear_network(weight, bias=[0.0, -1.0])
    curve = student.deletion_curve(model, torch.ones(1, 3, 1, 4), 1, torch.rand(1, 4), 4)
    ends = [round(float(v), 2) for v in tensor(curve, (5,), "the curve")[[0, -1]]]
    assert ends == [0.73, 0.5], (
        f"expected 0.73 and 0.5, got {ends[0]} and {ends[1]}: the first is the untouched picture, "
        "and in the last every pixel is 0.5; values are softmax probabilities of `label`"
    )


@points(1, exercise="deletion_curve")
def test_salient_pixel_first(student):
    """A network that reads one pixel changes its mind in the step that this pixel goes."""
    weight = torch.zeros(2, 3, 2, 3)
    weight[1, :, 1, 0] = 2.0
    saliency = torch.tensor([[0.1, 0.4, 0.3], [0.9, 0.2, 0.0]])  # the pixel comes first of six
    model, image = linear_network(weight), torch.ones(1, 3, 2, 3)
    curve = tensor(student.deletion_curve(model, image, 1, saliency, 6), (7,), "the curve")
    early, late = abs(float(curve[1] - curve[0])), abs(float(curve[6] - curve[1]))
    assert early > 0.01, "after one of six steps the most salient of six pixels is not deleted"
    assert late < 1e-5, "after the most salient pixel was deleted the curve should stay flat"
    curve = tensor(student.deletion_curve(model, image, 1, -saliency, 4), (5,), "the curve")
    early, late = abs(float(curve[3] - curve[0])), abs(float(curve[4] - curve[0]))
    assert early < 1e-5 < late, (
        "six pixels in four steps: 1, 3, 4 and 6 of them are grey after steps 1 to 4, rounded "
        "down; the least salient goes in the last step"
    )
