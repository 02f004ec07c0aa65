"""Visible checks of lab 15: constants worked by hand, and identities."""

import torch
from torch import nn

from labkit.check import points
from labkit.checks.results import numbers, tensor_of
from labkit.errors import NotAnswered, StudentError, describe_error

# perceptual_loss

ONES = {"a": torch.ones(1, 2, 1, 3)}  # its Gram matrix is 0.5 everywhere: 3 / (2 * 1 * 3)
FOURS = {"a": torch.full((1, 2, 1, 3), 4.0)}
GRAMS = {"a": torch.full((1, 2, 2), 3.5)}


def loss(student, features, target, grams, content=None, style=None) -> float:
    """Return the loss of copies as a number."""
    weights = {"content": content or {}, "style": style or {}}
    copies = [{name: t.clone() for name, t in d.items()} for d in (features, target, grams)]
    return float(tensor_of(student.perceptual_loss(*copies, weights), (), "the loss"))


@points(1, exercise="perceptual_loss")
def test_content_by_hand(student):
    """Six features that are each off by 3, with a weight of 0.5: the loss is 27."""
    found = loss(student, ONES, FOURS, {}, content={"a": 0.5})
    known = {
        4.5: "that is the mean of the squares: add them up",
        54.0: "multiply by the layer's weight",
        9.0: "that is the sum of absolute differences, or the squares divided by H * W",
        13.5: "that is half of it, another paper's constant",
    }
    assert abs(found - 27) < 1e-4, f"6 * 3^2 * 0.5 = 27, got {found:.4g}: " + known.get(
        round(found, 3), "the weight times the sum of squared differences"
    )


@points(1, exercise="perceptual_loss")
def test_style_by_hand(student):
    """A Gram matrix of four entries 0.5 against one of 3.5, with a weight of 2: the loss is 72."""
    found = loss(student, ONES, {}, GRAMS, style={"a": 2.0})
    known = {
        18.0: "that is the mean of the squares: add them up",
        36.0: "multiply by the layer's weight",
        24.0: "that is the sum of absolute differences: square them",
        144.0: "the weight is squared, too: multiply by it afterwards",
        2.0: "is the Gram matrix divided by C * H * W? `gram_matrix` does it",
    }
    assert abs(found - 72) < 1e-4, f"4 * 3^2 * 2 = 72, got {found:.4g}: " + known.get(
        round(found, 3), "compare `gram_matrix(features[layer])` with `style_grams`"
    )


@points(1, exercise="perceptual_loss")
def test_both_terms(student):
    """The same layer for content and for style: the loss is the sum of both, 99."""
    found = loss(student, ONES, FOURS, GRAMS, content={"a": 0.5}, style={"a": 2.0})
    known = {
        27.0: "the style term is lost: is there a `return` inside the first loop?",
        72.0: "the content term is lost when the style term comes: add them",
    }
    assert abs(found - 99) < 1e-4, (
        f"27 for the content and 72 for the style are 99, got {found:.4g}: "
        + known.get(
            round(found, 3),
            "each term has its own weight, `weights['content'][layer]` and "
            "`weights['style'][layer]`",
        )
    )


@points(1, exercise="perceptual_loss")
def test_twice_the_same_image(student):
    """Two equal images have the loss of one."""
    options = {"content": {"a": 0.5}, "style": {"a": 2.0}}
    one = loss(student, ONES, FOURS, GRAMS, **options)
    twice = [{"a": d["a"].repeat(2, 1, 1, 1)} for d in (ONES, FOURS)]
    two = loss(student, *twice, GRAMS, **options)
    assert abs(two - one) < 1e-4 * abs(one), (
        f"one image has {one:.4g}, the same image twice {two:.4g}: take the mean over the images, "
        "and each image's own Gram matrix"
    )


@points(1, exercise="perceptual_loss")
def test_gradient_goes_to_the_features_alone(student):
    """The gradient reaches `features`, and no target."""
    features, target = ({"a": torch.rand(2, 3, 4, 5, requires_grad=True)} for _ in range(2))
    grams = {"a": torch.rand(1, 3, 3, requires_grad=True)}
    weights = {"content": {"a": 1.0}, "style": {"a": 1.0}}
    value = student.perceptual_loss(features, target, grams, weights)
    tensor_of(value, (), "the loss")
    assert value.requires_grad, "the loss has no gradient: look for `.item()` or `.detach()`"
    value.sum().backward()
    assert features["a"].grad is not None, "no gradient reaches the features"
    assert target["a"].grad is None, "a gradient flows into `content_features`: detach them"
    assert grams["a"].grad is None, "a gradient flows into `style_grams`: detach them"


# instance_norm


@points(1, exercise="instance_norm")
def test_by_hand(student):
    """The map ((1, 3), (5, 7)) has mean 4 and variance 5: by hand, -1.34, -0.45, 0.45, 1.34."""
    x = torch.tensor([1.0, 3.0, 5.0, 7.0]).reshape(1, 1, 2, 2)
    found = numbers(tensor_of(student.instance_norm(x), (1, 1, 2, 2), "the result"), 2)
    known = {
        (-1.16, -0.39, 0.39, 1.16): "the variance is divided by H * W - 1: `unbiased=False`",
        (-0.6, -0.2, 0.2, 0.6): "divide by the root of the variance",
        (-1.0, 1.0, -1.0, 1.0): "each row is normalized by itself: the axes are rows and columns",
        (0.0, 0.0, 0.0, 0.0): "every number became its own mean: the axes are rows and columns",
    }
    assert found == [-1.34, -0.45, 0.45, 1.34], f"got {found}: " + known.get(
        tuple(found), "subtract the mean, divide by the root of the variance"
    )


@points(1, exercise="instance_norm")
def test_each_map(student):
    """Two images of three channels, 4 x 5 pixels: every map has mean 0 and variance 1."""
    scale, offset = torch.arange(1.0, 7).reshape(2, 3, 1, 1), torch.arange(6.0).reshape(2, 3, 1, 1)
    x = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)) * scale + offset
    y = tensor_of(student.instance_norm(x), (2, 3, 4, 5), "the result")
    means, variances = y.mean((2, 3)), y.var((2, 3), unbiased=False)
    assert means.abs().max() < 1e-4, (
        f"the means of the six maps are {numbers(means, 2)}: each image and each channel has its "
        "own mean, over rows and columns"
    )
    assert (variances - 1).abs().max() < 1e-2, (
        f"the variances of the six maps are {numbers(variances, 2)}: each image and each channel "
        "has its own variance, divided by H * W"
    )


@points(1, exercise="instance_norm")
def test_alone_and_together(student):
    """An image in a batch gets what it gets alone."""
    x = torch.rand(3, 2, 4, 5, generator=torch.Generator().manual_seed(1))
    x = x * torch.tensor([1.0, 5, 0.2]).reshape(3, 1, 1, 1)
    together = tensor_of(student.instance_norm(x), (3, 2, 4, 5), "the result")
    alone = tensor_of(student.instance_norm(x[1:2]), (1, 2, 4, 5), "the result for one image")
    assert torch.allclose(together[1:2], alone, atol=1e-4), (
        "the second of three images comes out otherwise than alone: are mean and variance taken "
        "over the batch, too?"
    )


@points(1, exercise="instance_norm")
def test_eps(student):
    """A map of variance 5 with `eps=4` is divided by 3."""
    x = torch.tensor([1.0, 3.0, 5.0, 7.0]).reshape(1, 1, 2, 2)
    found = numbers(tensor_of(student.instance_norm(x, 4.0), (1, 1, 2, 2), "the result"), 2)
    assert found == [-1.0, -0.33, 0.33, 1.0], (
        f"expected -1, -0.33, 0.33, 1, got {found}: `eps` is added to the variance, under the root"
    )


@points(1, exercise="instance_norm")
def test_x_stays(student):
    """The caller's tensor keeps its values."""
    x = torch.rand(2, 3, 4, 5)
    before = x.clone()
    student.instance_norm(x)
    assert torch.equal(x, before), "x has other values afterwards: make a new tensor"


# ConditionalInstanceNorm2d


def module(student, channels: int, styles: int) -> nn.Module:
    """Return a module of the student's class."""
    try:
        made = student.ConditionalInstanceNorm2d(channels, styles)
    except Exception as error:
        raise StudentError(describe_error(error, "ConditionalInstanceNorm2d")) from error
    assert isinstance(made, nn.Module), f"the class makes a {type(made).__name__}, no nn.Module"
    return made


def given(student, weight: list, bias: list) -> nn.Module:
    """Return a module with these scales and shifts, one row a style."""
    values = {"weight": torch.tensor(weight), "bias": torch.tensor(bias)}
    made = module(student, values["weight"].shape[1], values["weight"].shape[0])
    for name, value in values.items():
        tensor = getattr(made, name, None)
        if not isinstance(tensor, torch.Tensor):
            raise NotAnswered(f"not answered yet: the module has no `{name}`")
        assert tensor.shape == value.shape, (
            f"`{name}` should have shape (styles, channels) = {tuple(value.shape)}, and has "
            f"{tuple(tensor.shape)}"
        )
        tensor.data = value
    return made


def painted(made: nn.Module, x: torch.Tensor, style_weights: list) -> torch.Tensor:
    """Return what a module makes of x."""
    try:
        value = made(x.clone(), torch.tensor(style_weights))
    except Exception as error:
        raise StudentError(describe_error(error, "forward")) from error
    if value is None:
        raise NotAnswered.returns_none("forward")
    return tensor_of(value, tuple(x.shape), "the result")


SIGNS = torch.tensor([-1.0, 1, 1, -1, -1, 1]).reshape(1, 1, 2, 3)  # mean 0, variance 1


@points(1, exercise="ConditionalInstanceNorm2d")
def test_parameters(student):
    """`weight` and `bias` are parameters of shape (styles, channels), all 1 and all 0."""
    made = module(student, 4, 3)
    found = dict(made.named_parameters())
    if not found and not hasattr(made, "weight"):
        raise NotAnswered("not answered yet: the module has no parameters")
    for name, value in (("weight", 1.0), ("bias", 0.0)):
        assert name in found, f"there is no parameter `{name}`: is it an `nn.Parameter`?"
        shape = tuple(found[name].shape)
        assert shape == (3, 4), f"3 styles, 4 channels: `{name}` is {shape}, expected (3, 4)"
        assert bool((found[name] == value).all()), f"`{name}` should be {value:g} everywhere"


@points(1, exercise="ConditionalInstanceNorm2d")
def test_one_style(student):
    """Style 1 of two scales by 3 and shifts by 10: a normalized map becomes 7 and 13."""
    made = given(student, [[2.0], [3.0]], [[-5.0], [10.0]])
    found = sorted(set(numbers(painted(made, SIGNS, [[0.0, 1.0]]), 1)))
    assert found == [7.0, 13.0], (
        f"-1 and 1, times 3, plus 10, are 7 and 13; got {found}: `weight` multiplies, `bias` is "
        "added, and `style_weights` says which row"
    )


@points(1, exercise="ConditionalInstanceNorm2d")
def test_normalizes(student):
    """Each image is normalized first: ten times the contrast gives the same result."""
    made = given(student, [[2.0], [3.0]], [[-5.0], [10.0]])
    x = torch.cat([SIGNS, 10 * SIGNS + 4])
    plain, strong = painted(made, x, [[1.0, 0.0], [1.0, 0.0]])
    assert torch.allclose(plain, strong, atol=1e-3), (
        "an image of ten times the contrast, in the same batch, gives another result: call "
        "`instance_norm` on x first"
    )


@points(1, exercise="ConditionalInstanceNorm2d")
def test_blend(student):
    """A quarter of style 0 and three quarters of style 1: scale 2.75, shift 6.25."""
    made = given(student, [[2.0], [3.0]], [[-5.0], [10.0]])
    found = sorted(set(numbers(painted(made, SIGNS, [[0.25, 0.75]]), 2)))
    assert found == [3.5, 9.0], (
        f"6.25 - 2.75 = 3.5 and 6.25 + 2.75 = 9; got {found}: scale and shift are the sums over "
        "the styles, each times its style weight"
    )


@points(1, exercise="ConditionalInstanceNorm2d")
def test_each_image_its_style(student):
    """Two images, two styles, three channels: each image has its own scale and shift."""
    made = given(student, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[0.0] * 3, [10.0] * 3])
    y = painted(made, SIGNS.expand(2, 3, 2, 3), [[0.0, 1.0], [1.0, 0.0]])
    found = numbers(y.amax((2, 3)), 1)
    assert found == [14.0, 15.0, 16.0, 1.0, 2.0, 3.0], (
        f"the largest values of the six maps should be 14, 15, 16 and 1, 2, 3; got {found}: row n "
        "of `style_weights` belongs to image n, column c of `weight` to channel c"
    )
