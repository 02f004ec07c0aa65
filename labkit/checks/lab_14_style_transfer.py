"""Visible checks of lab 14: constants worked by hand, and a network of three weights."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from labkit.check import points
from labkit.checks.results import tensor_of


def number(value: object) -> float:
    """Return the result, one number, or say what it is instead."""
    return float(tensor_of(value, ()))


# content_loss

FEATURES = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])  # (1, 1, 2, 3)
TARGET = torch.tensor([[[[1.0, 0.0, 3.0], [4.0, 5.0, 9.0]]]])  # differs by 2 and by -3


@points(1, exercise="content_loss")
def test_sum_of_squares(student):
    """Differences of 2 and -3: by hand, 4 + 9 = 13."""
    got = round(number(student.content_loss(FEATURES.clone(), TARGET.clone(), 1.0)), 3)
    known = {
        round(13 / 6, 3): "this is the mean: take the sum",
        round(13**0.5, 3): "this is the norm: leave out the square root",
        5.0: "these are absolute differences: square them",
        1.0: "the differences are added up before they are squared",
        6.5: "this is half of it: the formula has no factor of one half",
    }
    hint = known.get(got, "square each difference, then add up")
    assert got == 13.0, (
        f"the squares of the differences are 4 and 9, together 13. Got {got:g}: {hint}"
    )


@points(1, exercise="content_loss")
def test_weight_multiplies(student):
    """With the weight 0.5 it is half as much."""
    one, half = (
        number(student.content_loss(FEATURES.clone(), TARGET.clone(), w)) for w in (1.0, 0.5)
    )
    assert abs(half - 0.5 * one) < 1e-4, (
        f"weight 1 gives {one:.4g} and weight 0.5 gives {half:.4g}: multiply the sum by the weight"
    )


@points(1, exercise="content_loss")
def test_two_images(student):
    """Two images give the sum of what each gives."""
    pair = [torch.cat([FEATURES, 2 * FEATURES]), torch.cat([TARGET, TARGET])]
    both = number(student.content_loss(*(x.clone() for x in pair), 1.0))
    each = [
        number(student.content_loss(*(x[i : i + 1].clone() for x in pair), 1.0)) for i in (0, 1)
    ]
    assert abs(both - sum(each)) < 1e-3, (
        f"the images alone give {each[0]:.4g} and {each[1]:.4g}, together {both:.4g}: add them up"
    )


@points(1, exercise="content_loss")
def test_gradient(student):
    """The gradient at each place points along its own difference."""
    features = FEATURES.clone().requires_grad_()
    loss = student.content_loss(features, TARGET.clone(), 1.0)
    number(loss)
    assert loss.requires_grad, (
        "the result has no gradient: look for detach(), .data, .item() or no_grad()"
    )
    (gradient,) = torch.autograd.grad(loss, features)
    assert gradient.sign().equal((FEATURES - TARGET).sign()), (
        "to lower the loss, a feature should move towards its target, and this gradient says "
        "otherwise"
    )


# style_loss


def constant(value: float, height: int, width: int) -> Tensor:
    """Return features of one channel whose Gram matrix is [[value ** 2]]."""
    return torch.full((1, 1, height, width), value)


def gram(value: float) -> Tensor:
    """Return the Gram matrix [[value]] of one channel."""
    return torch.full((1, 1, 1), value)


@points(1, exercise="style_loss")
def test_one_layer(student):
    """One channel, 2 everywhere, has the Gram matrix [[4]]: against [[1]], by hand, 9."""
    loss = student.style_loss({"a": constant(2.0, 2, 3)}, {"a": gram(1.0)}, {"a": 1.0})
    got = round(number(loss), 3)
    known = {
        3.0: "this is the norm, or an absolute value: square the difference",
        1.0: "these are the features themselves: take their Gram matrix first",
        529.0: "this Gram matrix is not divided by C*H*W: `gram_matrix` does that by default",
    }
    hint = known.get(got, "the squared difference of the Gram matrices is wanted, summed")
    assert got == 9.0, f"(4 - 1) squared is 9. Got {got:g}: {hint}"


@points(1, exercise="style_loss")
def test_four_entries(student):
    """Two channels have a Gram matrix of four entries: by hand, 4 * 0.25 = 1."""
    features = {"a": torch.ones(1, 2, 2, 3)}  # each entry of its Gram matrix: 6 / 12 = 0.5
    got = number(student.style_loss(features, {"a": torch.zeros(1, 2, 2)}, {"a": 1.0}))
    assert abs(got - 1.0) < 1e-4, (
        f"four entries of 0.5 have squares of 0.25, together 1. Got {got:.4g}"
        + (": this is their mean; take the sum" if abs(got - 0.25) < 1e-4 else "")
    )


@points(1, exercise="style_loss")
def test_weights_by_name(student):
    """Two layers, weights 10 and 1, in dictionaries of different order: by hand, 10 * 9 + 16."""
    features = {"a": constant(2.0, 2, 3), "b": constant(2.0, 3, 1)}
    got = number(
        student.style_loss(features, {"b": gram(0.0), "a": gram(1.0)}, {"b": 1.0, "a": 10.0})
    )
    known = {
        25: "the weights are not used",
        160: "only the last layer counts: add to a sum that you made before the loop",
        169: "a weight went to the wrong layer: use the layer's name for all three dictionaries",
        16: "only one of the layers counts: is `return` inside the loop?",
        90: "only one of the layers counts: is `return` inside the loop?",
        53: "this is the mean over the layers: take the sum",
    }
    hint = known.get(round(got), "look up features, target and weight by the same name")
    assert abs(got - 106) < 1e-2, f"10 * 9 + 1 * 16 = 106. Got {got:.4g}: {hint}"


@points(1, exercise="style_loss")
def test_style_gradient(student):
    """The gradient reaches the features of every layer."""
    features = {"a": constant(2.0, 2, 3), "b": constant(3.0, 3, 1)}
    leaves = [x.requires_grad_() for x in features.values()]
    loss = student.style_loss(features, {"a": gram(1.0), "b": gram(1.0)}, {"a": 1.0, "b": 1.0})
    number(loss)
    assert loss.requires_grad, (
        "the result has no gradient: look for detach(), .data, .item() or no_grad()"
    )
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    reached = [g is not None and bool((g > 0).all()) for g in gradients]
    assert all(reached), "the gradient does not reach the features of every layer"


# stylize


def small_network(seed: int = 0) -> nn.Sequential:
    """Return a linear network whose layers carry the names that `look` knows."""
    generator = torch.Generator().manual_seed(seed)
    layers = OrderedDict(
        content=nn.Conv2d(3, 3, 1),
        fine=nn.Conv2d(3, 3, 1),
        middle=nn.Conv2d(3, 4, 3, padding=1),
        coarse=nn.Conv2d(4, 4, 3, stride=2, padding=1),
    )
    for layer in layers.values():
        layer.weight.data = torch.randn(layer.weight.shape, generator=generator) / 3
        layer.bias.data.zero_()
    layers["content"].weight.data = torch.eye(3)[:, :, None, None]  # its features are the pixels
    return nn.Sequential(layers).requires_grad_(False).eval()


def picture(seed: int, height: int, width: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Return (1, 3, height, width) of noise from low to high."""
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(1, 3, height, width, generator=generator)


def painted(student, weights: tuple, steps: int = 40, **options) -> tuple[Tensor, Tensor]:
    """Return the content and the result, (1, 3, 6, 8), for a style of another size."""
    content, style = picture(1, 6, 8, 0.3, 0.7), picture(2, 7, 5, 0.0, 0.4)
    image = student.stylize(small_network(), content.clone(), style, *weights, steps, **options)
    return content.double(), tensor_of(image, (1, 3, 6, 8))


def style_distance(image: Tensor) -> float:
    """Return how far the mean brightness squared of the first style layer is from the style's."""
    network = small_network()
    first = network[:2]
    own, wanted = (
        first(x.float()).square().mean((2, 3)) for x in (image, picture(2, 7, 5, 0, 0.4))
    )
    return float((own - wanted).norm() / wanted.norm())


@points(1, exercise="stylize")
def test_content_alone(student):
    """Without style and smoothing, the picture stays the content."""
    content, image = painted(student, (1.0, 0.0, 0.0), steps=10)
    assert (image - content).abs().max() < 0.05, (  # Adam steps away a little, and comes back
        "with style_weight=0 and tv_weight=0 the content picture is perfect from the start, and it "
        "changed: begin at `content`, and compare with the features of `content`"
    )


@points(1, exercise="stylize")
def test_style_alone(student):
    """Without content, the picture takes on the style."""
    content, image = painted(student, (0.0, 1.0, 0.0))
    before, after = style_distance(content), style_distance(image)
    assert after < 0.5 * before, (
        "with content_weight=0, 40 steps should bring the style distance below half of what it "
        f"was; it went from {before:.2f} to {after:.2f}"
    )


@points(1, exercise="stylize")
def test_from_another_start(student):
    """From another start, the content is found again."""
    start = picture(3, 6, 8)
    content, image = painted(student, (1.0, 0.0, 0.0), start=start.clone())
    before, after = (start - content).norm(), (image - content).norm()
    assert after < 0.2 * before, (
        f"with style_weight=0 and `start` somewhere else, the picture should go to the content; of "
        f"the way, {float(after / before):.0%} is still left after 40 steps. Are the target "
        "features those of `content`, computed once before the loop?"
    )


@points(1, exercise="stylize")
def test_smoothing(student):
    """Total variation makes the picture smoother."""
    _, rough = painted(student, (1.0, 0.0, 0.0), steps=20)
    _, smooth = painted(student, (1.0, 0.0, 20.0), steps=20)
    change = [(x[..., 1:] - x[..., :-1]).square().sum() for x in (rough, smooth)]
    assert change[1] < 0.8 * change[0], (
        "a large tv_weight should make neighbouring pixels more alike: is the third term added?"
    )


# mix_grams


@points(1, exercise="mix_grams")
def test_mean_of_two(student):
    """The mean of [[1]] and [[5]] with weights 0.75 and 0.25 is [[2]]."""
    mixed = mixture(student, [{"a": gram(1.0)}, {"a": gram(5.0)}], [0.75, 0.25])
    got = float(tensor_of(mixed["a"], (1, 1, 1)))
    known = {
        4.0: "the weights went to the wrong dictionaries",
        3.0: "the weights are not used",
        1.0: "divide by the sum of the weights, not by the number of dictionaries",
        6.0: "the weights are not used, and nothing is divided",
    }
    assert abs(got - 2) < 1e-4, (
        f"0.75 * 1 + 0.25 * 5 = 2. Got {got:.4g}: {known.get(round(got, 3), 'see the formula')}"
    )


def mixture(student, grams: list[dict], weights: list[float]) -> dict:
    """Return the mixed Gram matrices, a dictionary of the same layers."""
    mixed = student.mix_grams(grams, weights)
    assert isinstance(mixed, dict), f"the result should be a dictionary, got {type(mixed).__name__}"
    assert set(mixed) == set(grams[0]), (
        f"the result should have the layers {sorted(grams[0])}, and has {sorted(map(str, mixed))}"
    )
    return mixed


@points(1, exercise="mix_grams")
def test_any_sum(student):
    """Weights 3 and 1 mean the same as 0.75 and 0.25."""
    mixed = mixture(student, [{"a": gram(1.0)}, {"a": gram(5.0)}], [3.0, 1.0])
    got = float(tensor_of(mixed["a"], (1, 1, 1)))
    assert abs(got - 2) < 1e-4, (
        f"with weights 3 and 1 the mean is (3 * 1 + 1 * 5) / 4 = 2. Got {got:.4g}: divide by the "
        "sum of the weights"
    )


@points(1, exercise="mix_grams")
def test_layers_apart(student):
    """Three styles, two layers: each layer has a mean of its own."""
    grams = [{"a": gram(float(i)), "b": gram(10.0 * i)} for i in (1, 2, 6)]
    mixed = mixture(student, grams, [1.0, 1.0, 1.0])
    got = [round(float(tensor_of(mixed[name], (1, 1, 1))), 3) for name in ("a", "b")]
    assert got == [3.0, 30.0], f"the means of 1, 2, 6 and of 10, 20, 60 are 3 and 30. Got {got}"


@points(1, exercise="mix_grams")
def test_originals(student):
    """The dictionaries that were given keep their values."""
    grams = [{"a": gram(1.0)}, {"a": gram(5.0)}]
    mixture(student, grams, [0.5, 0.5])
    assert [float(g["a"]) for g in grams] == [1.0, 5.0], (
        "a Gram matrix that was given has another value now: make a new dictionary, and no `*=` or "
        "`+=` on what belongs to the caller"
    )
