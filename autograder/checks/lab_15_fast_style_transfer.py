"""Hidden checks of lab 15: the perceptual loss, instance normalization, and its conditional form.

Each check asks one property, on inputs that hide the others: maps are large where the divisor of
the variance must not matter and small where it must, statistics agree between images where only
the channels are asked about, and so on.
"""

from functools import partial

import torch
from torch import Tensor

from autograder import reference
from autograder.compare import close, require, require_answer, tensor_of
from autograder.worker.messages import ReturnedModel
from labkit.check import points
from labkit.errors import NotAnswered, StudentError

WIDE = (20, 30)  # H != W; 599 or 600 in the variance's divisor changes less than `alike` sees
SMALL = (2, 3)

alike = partial(close, tolerance=5e-3)


# perceptual_loss(features, content_features, style_grams, weights) -> scalar


def maps(generator, count: int, channels: int, size: tuple[int, int]) -> Tensor:
    """Return features (count, channels, *size) as a ReLU leaves them."""
    return torch.randn(count, channels, *size, generator=generator).clamp(min=0)


def symmetric(generator, channels: int) -> Tensor:
    """Return a target Gram matrix (1, C, C)."""
    half = torch.rand(1, channels, channels, generator=generator)
    return half + half.mT


def loss(student, features, content_features, style_grams, content=None, style=None) -> Tensor:
    """Return the student's loss as a float64 scalar."""
    weights = {"content": content or {}, "style": style or {}}
    value = student.perceptual_loss(features, content_features, style_grams, weights)
    return tensor_of(value, (), "the loss")


def grams(features: Tensor) -> Tensor:
    """Return (N, C, C), divided by C * H * W: the mistakes' building block."""
    flat = features.double().flatten(2)
    return flat @ flat.mT / flat[0].numel()


@points(2, exercise="perceptual_loss")
def test_content_of_one_image(student):
    """The content term is the sum of squared differences."""
    generator = student.generator(1)
    features, target = (maps(generator, 1, 4, (3, 5)) for _ in range(2))
    difference = (features - target).double()
    squares = difference.square()
    weights = {"content": {"a": 1.0}, "style": {}}
    require(
        loss(student, {"a": features}, {"a": target}, {}, **weights),
        reference.perceptual_loss({"a": features}, {"a": target}, {}, weights),
        "for one image and one content layer of weight 1 the loss is not the sum of the squared "
        "differences",
        mistakes={
            "the squared differences are averaged over the layer: add them up (the weights take "
            "care of a layer's size)": squares.mean(),
            "the squared differences are divided by H * W: add them up": squares.sum() / 15,
            "this is the norm of the difference, not its square": squares.sum().sqrt(),
            "these are absolute differences: square them": difference.abs().sum(),
            "half the sum of squares is another paper's constant: add up the squares": (
                squares.sum() / 2
            ),
        },
    )


@points(2, exercise="perceptual_loss")
def test_style_of_one_image(student):
    """The style term is the sum of squared differences of the Gram matrices."""
    generator = student.generator(2)
    features, target = maps(generator, 1, 4, (3, 5)), symmetric(generator, 4)
    found, wanted = grams(features), target.double()
    squares = (found - wanted).square()
    size = features[0].numel()
    weights = {"content": {}, "style": {"a": 1.0}}
    require(
        loss(student, {"a": features}, {}, {"a": target}, **weights),
        reference.perceptual_loss({"a": features}, {}, {"a": target}, weights),
        "for one image and one style layer of weight 1 the loss is not the sum of the squared "
        "differences of the two Gram matrices",
        mistakes={
            "the squared differences of the Gram matrices are averaged: add them up": (
                squares.mean()
            ),
            "this is the norm of the Gram matrices' difference, not its square": (
                squares.sum().sqrt()
            ),
            "the Gram matrix is not divided by C * H * W: `gram_matrix` above does it": (
                (found * size - wanted).square().sum()
            ),
            "the Gram matrix is divided by C * H * W twice: `gram_matrix` does it already": (
                (found / size - wanted).square().sum()
            ),
            "these are absolute differences: square them": (found - wanted).abs().sum(),
        },
    )


def three_layers(generator) -> tuple[dict, dict, dict]:
    """Return features, content features and Gram matrices of x, y and z, in two orders."""
    sizes = {"x": (3, 5), "y": (4, 2), "z": (2, 7)}
    features = {name: maps(generator, 1, 4, size) for name, size in sizes.items()}
    target = {name: maps(generator, 1, 4, sizes[name]) for name in reversed(sizes)}
    return features, target, {name: symmetric(generator, 4) for name in reversed(sizes)}


def only(name: str, dicts: tuple) -> list[dict]:
    """Return the dicts with one layer left."""
    return [{name: tensors[name]} for tensors in dicts]


LAYER_WEIGHTS = {"y": 5.0, "x": 0.5, "z": 0.05}


def require_weighted_layers(student, kind: str, number: int) -> None:
    """Compare three layers together with the weighted sum of each alone, by the student's code."""
    inputs = three_layers(student.generator(number))
    one = {n: loss(student, *only(n, inputs), **{kind: {n: 1.0}}) for n in LAYER_WEIGHTS}
    right = sum(LAYER_WEIGHTS[name] * one[name] for name in one)
    in_order = zip(LAYER_WEIGHTS.values(), (one[name] for name in "xyz"), strict=True)
    require(
        loss(student, *inputs, **{kind: LAYER_WEIGHTS}),
        right,
        f"with three {kind} layers the loss is not the sum of each layer's weight times its own "
        "term: look up features, target and weight by the layer's name",
        mistakes={
            "weights and layers are paired by their order in the dict: look the weight up by the "
            "layer's name": sum(weight * term for weight, term in in_order),
            f"the weights are not used: multiply each layer's term by `weights['{kind}'][layer]`": (
                sum(one.values())
            ),
            f"only the last {kind} layer counts: add them all": LAYER_WEIGHTS["z"] * one["z"],
            f"only the first {kind} layer counts: is the `return` inside the loop?": (
                LAYER_WEIGHTS["y"] * one["y"]
            ),
            "the sum over the layers is divided by their number: add them up": right / 3,
            "the weights are squared with the differences: multiply afterwards": sum(
                LAYER_WEIGHTS[name] ** 2 * one[name] for name in one
            ),
        },
    )


@points(2, exercise="perceptual_loss")
def test_each_content_layer_its_weight(student):
    """Each content layer has its own weight, whatever the order of the dicts."""
    require_weighted_layers(student, "content", 3)


@points(2, exercise="perceptual_loss")
def test_each_style_layer_its_weight(student):
    """Each style layer has its own weight, whatever the order of the dicts."""
    require_weighted_layers(student, "style", 4)


@points(2, exercise="perceptual_loss")
def test_a_layer_may_be_both(student):
    """A layer that stands for content and for style has two weights, and both terms count."""
    inputs = three_layers(student.generator(5))
    content, style = (loss(student, *inputs, **{k: {"x": 1.0}}) for k in ("content", "style"))
    require(
        loss(student, *inputs, content={"x": 0.02}, style={"x": 0.9}),
        0.02 * content + 0.9 * style,
        "with one layer that is both, the loss is not the weighted content term plus the weighted "
        "style term",
        mistakes={
            "the two weights are exchanged": 0.9 * content + 0.02 * style,
            "the style term takes the layer's content weight": 0.02 * (content + style),
            "the content term takes the layer's style weight": 0.9 * (content + style),
            "the content term is lost when there is a style term: add the two": 0.9 * style,
            "the style term is lost when there is a content term: add the two": 0.02 * content,
            "the mean of the two terms is returned: add them": 0.01 * content + 0.45 * style,
        },
    )


def batch(generator) -> tuple[dict, dict, dict]:
    """Return features and content features of three unlike images, and Gram matrices, float64."""
    strengths = torch.tensor([1.0, 3.0, 2.0]).view(3, 1, 1, 1)
    features, target = (strengths * maps(generator, 3, 4, (3, 5)).double() for _ in range(2))
    return {"a": features}, {"a": target}, {"a": symmetric(generator, 4).double()}


@points(2, exercise="perceptual_loss")
def test_several_images(student):
    """The loss of several images is the mean of the losses that each has alone."""
    features, target, gram = batch(student.generator(6))
    mean_gram = (grams(features["a"]).mean(0) - gram["a"][0]).square().sum()
    for kind in ("content", "style"):
        each = [
            loss(student, *alone(n, features, target), gram, **{kind: {"a": 1.0}}) for n in range(3)
        ]
        require(
            loss(student, features, target, gram, **{kind: {"a": 1.0}}),
            sum(each) / 3,
            f"the {kind} term of three images is not the mean of what each gets alone",
            mistakes={
                f"the {kind} term of three images is three times too large: take the mean over "
                "the images, so that a batch of any size gives the same step": sum(each),
                f"the {kind} term of three images is three times too small: it is divided by N "
                "twice": sum(each) / 9,
                "the Gram matrices of the images are averaged before they are compared: compare "
                "each image's own": mean_gram,
                f"only the first image counts in the {kind} term": each[0],
                f"only the first image counts in the {kind} term, a third of it": each[0] / 3,
            },
        )


def alone(n: int, *dicts: dict) -> list[dict]:
    """Return dicts of tensors with image n alone."""
    return [{name: tensor[n : n + 1] for name, tensor in d.items()} for d in dicts]


@points(1, exercise="perceptual_loss")
def test_layers_without_a_weight(student):
    """Only layers with a weight count; the other dicts may hold more."""
    inputs = three_layers(student.generator(7))
    weights = {"content": {"x": 0.3}, "style": {"z": 2.0}}
    # Where one term is lost, another check says so: each is asked for alone.
    for kind, chosen in weights.items():
        (name,) = chosen
        require(
            loss(student, *inputs, **{kind: chosen}),
            loss(student, *only(name, inputs), **{kind: chosen}),
            "layers that have no weight count, too: loop over `weights['content']` and over "
            "`weights['style']`",
        )


@points(2, exercise="perceptual_loss")
def test_gradient(student):
    """The gradient reaches the features, through both terms."""
    generator = student.generator(8)
    features, target, gram = batch(generator)
    direction = torch.randn(features["a"].shape, generator=generator).double()
    for kind in ("content", "style"):
        weights = {"content": {}, "style": {}, kind: {"a": 1.0}}
        call = student.call("perceptual_loss", features, target, gram, weights, gradients=(0,))
        tensor_of(call.value, (), "the loss")
        slope = float((call.gradients[0] * direction).sum())
        ahead, behind = (
            loss(student, {"a": features["a"] + h * direction}, target, gram, **weights)
            for h in (1e-3, -1e-3)
        )
        assert abs((ahead - behind) / 2e-3 - slope) < 1e-2 * abs(ahead - behind) / 2e-3, (
            f"the {kind} term's gradient by the features is not its slope"
            if slope
            else f"no gradient of the {kind} term reaches the features, so nothing can be trained "
            "by it: look for `.item()`, `.detach()`, `no_grad()` or NumPy"
        )


@points(1, exercise="perceptual_loss")
def test_targets_get_no_gradient(student):
    """No gradient flows into the targets (witnessed by the worker)."""
    inputs = batch(student.generator(9))
    weights = {"content": {"a": 1.0}, "style": {"a": 1.0}}
    call = student.call("perceptual_loss", *inputs, weights, gradients=(0, 1, 2))
    assert tensor_of(call.value, (), "the loss") > 0, "the loss of unequal features is not above 0"
    assert not any(gradient.any() for gradient in call.gradients[1:]), (
        "a gradient flows into `content_features` or `style_grams`: they are what to steer towards "
        "and must not move. `.detach()` them"
    )


@points(1, exercise="perceptual_loss")
def test_dicts_unchanged(student):
    """Features and targets keep their values (witnessed by the worker)."""
    inputs = batch(student.generator(10))
    weights = {"content": {"a": 1.0}, "style": {"a": 1.0}}
    call = student.call("perceptual_loss", *inputs, weights)
    assert tensor_of(call.value, (), "the loss") > 0, "the loss of unequal features is not above 0"
    assert call.inputs_unchanged, (
        "one of the dicts, or a tensor in it, is changed in place: build new ones, without `pop` "
        "and `-=`"
    )


# instance_norm(x, eps=1e-5) -> (N, C, H, W)


def noise(generator, *shape: int) -> Tensor:
    """Return normal noise whose maps (H, W) have a mean of exactly 0 and a variance of 1."""
    x = torch.randn(*shape, generator=generator)
    x = x - x.mean((2, 3), keepdim=True)
    return x / x.square().mean((2, 3), keepdim=True).sqrt()


def spread(generator, *shape: int) -> Tensor:
    """Return factors or offsets that differ by tenths of themselves."""
    return 0.5 + 2 * torch.rand(*shape, generator=generator)


def normalized(student, x: Tensor, *eps: float) -> Tensor:
    """Return what the student's instance_norm makes of x."""
    value = student.instance_norm(x, *eps)
    require_answer(value, x, "instance_norm")
    return tensor_of(value, tuple(x.shape), "the result")


def over(x: Tensor, axes: tuple[int, ...], eps: float = 1e-5) -> Tensor:
    """Return x with mean 0 and variance 1 over some axes: the mistakes' building block."""
    x = x.double()
    centred = x - x.mean(axes, keepdim=True)
    return centred / (centred.square().mean(axes, keepdim=True) + eps).sqrt()


@points(2, exercise="instance_norm")
def test_mean_and_variance(student):
    """A map comes out with a mean of 0 and a variance of 1."""
    generator = student.generator(11)
    x = 3 * noise(generator, 1, 1, *WIDE) + 5
    whole = x.double()
    deviation = whole.std()
    require(
        normalized(student, x),
        reference.instance_norm(x),
        "one map of one image does not come out with mean 0 and variance 1: subtract its mean and "
        "divide by its standard deviation",
        same=alike,
        mistakes={
            "the mean is not subtracted": whole / deviation,
            "the mean is subtracted after the division: subtract it first": whole / deviation
            - whole.mean(),
            "it is divided by the variance: take its square root": (whole - whole.mean())
            / deviation**2,
            "the variance stays as it was: divide by the standard deviation": whole - whole.mean(),
            "each row is normalized by itself: the statistics are over rows and columns, axes 2 "
            "and 3": over(x, (3,)),
            "each column is normalized by itself: the statistics are over rows and columns, axes 2 "
            "and 3": over(x, (2,)),
        },
    )


@points(3, exercise="instance_norm")
def test_each_image_by_itself(student):
    """Each image of a batch is normalized by its own statistics."""
    generator = student.generator(12)
    scale, offset = (spread(generator, 3, 1, 1, 1) * k for k in (1, 2))
    x = scale * noise(generator, 3, 1, *WIDE) + offset
    require(
        normalized(student, x),
        reference.instance_norm(x),
        "three images together do not give what each gives alone",
        same=alike,
        mistakes={
            "mean and variance are taken over the images, too: that is batch normalization. Leave "
            "out axis 0": over(x, (0, 2, 3)),
            "all images are normalized by the statistics of the first": over_first(x, 0),
        },
    )


def over_first(x: Tensor, axis: int) -> Tensor:
    """Return x normalized with the statistics of the first image (axis 0) or channel (axis 1)."""
    x = x.double()
    first = x.narrow(axis, 0, 1)
    mean = first.mean((2, 3), keepdim=True)
    return (x - mean) / ((first - mean).square().mean((2, 3), keepdim=True) + 1e-5).sqrt()


@points(2, exercise="instance_norm")
def test_each_channel_by_itself(student):
    """Each channel is normalized by its own statistics."""
    generator = student.generator(13)
    scale, offset = (spread(generator, 1, 4, 1, 1) * k for k in (1, 2))
    x = scale * noise(generator, 1, 4, *WIDE) + offset
    own = x.double() - x.double().mean((2, 3), keepdim=True)
    require(
        normalized(student, x),
        reference.instance_norm(x),
        "the channels of an image do not each come out with mean 0 and variance 1",
        same=alike,
        mistakes={
            "mean and variance are taken over the channels, too: that is layer normalization. "
            "Leave out axis 1": over(x, (1, 2, 3)),
            "the mean is each channel's own, and the deviation that of all channels together": own
            / own.square().mean().sqrt(),
            "each place is normalized over its channels: the statistics are over rows and columns, "
            "axes 2 and 3": over(x, (1,)),
        },
    )


@points(2, exercise="instance_norm")
def test_variance_divides_by_the_number_of_pixels(student):
    """The variance is the mean of the squares, divided by H * W and not by one less."""
    x = 1.0002 * noise(student.generator(14), 1, 1, *SMALL) + 0.01  # so that x is no answer
    require(
        normalized(student, x),
        reference.instance_norm(x),
        "a small map of variance 1 does not keep its deviation",
        mistakes={
            "the variance is divided by H * W - 1, PyTorch's default: `unbiased=False`": (
                reference.instance_norm(x) * (5 / 6) ** 0.5
            )
        },
    )


@points(2, exercise="instance_norm")
def test_eps(student):
    """`eps` is added to the variance, under the root."""
    generator = student.generator(15)
    x, eps = 0.3 * noise(generator, 1, 1, *WIDE), 0.2
    value = normalized(student, x, eps)
    unit = x.double()
    require(
        value,
        reference.instance_norm(x, eps),
        "with eps = 0.2 and a variance of 0.09 the result is not the map over the root of 0.29",
        same=alike,
        mistakes={
            "`eps` is added to the standard deviation: add it to the variance, under the root": unit
            / (0.3 + eps),
            "`eps` is not used: add the `eps` that is passed in to the variance": unit / 0.3,
            "the variance is raised to `eps` where it is smaller: add them": unit / eps**0.5,
        },
    )


@points(1, exercise="instance_norm")
def test_default_eps(student):
    """Without an argument, `eps` is 1e-5; a constant map becomes zero."""
    generator = student.generator(16)
    x = 0.002 * noise(generator, 1, 1, *WIDE)  # variance 4e-6
    value = normalized(student, x)
    factor = float(value.square().mean().sqrt() / x.double().square().mean().sqrt())
    inside, outside = 1 / (4e-6 + 1e-5) ** 0.5, 1 / (0.002 + 1e-5)
    assert abs(factor / inside - 1) < 5e-3 or abs(factor / outside - 1) < 1e-3, (
        "a map of variance 4e-6 is not divided by the root of 4e-6 + 1e-5: 1e-5 is the default"
    )
    flat = normalized(student, torch.full((1, 1, *SMALL), 0.5))
    assert flat.abs().max() < 1e-2, "a constant map should become zero: add `eps` to its variance"


@points(2, exercise="instance_norm")
def test_gradient_through_the_statistics(student):
    """The gradient also flows through mean and variance."""
    generator = student.generator(17)
    x = noise(generator, 1, 1, *WIDE) * 2 + 1
    upstream = torch.randn(x.shape, generator=generator)
    upstream += 0.5 + noise_of(x)  # so that both statistics matter
    call = student.call("instance_norm", x, gradients=(0,), upstream=upstream)
    require_answer(call.value, x, "instance_norm")
    found = call.gradients[0].double()
    assert found.any(), "no gradient reaches x: look for `.detach()`, `.data` or `no_grad()`"
    g, y = upstream.double(), reference.instance_norm(x)
    expected = (g - g.mean() - y * (g * y).mean()) / 2
    scale = float((found * expected).sum() / expected.square().sum())
    require(
        found,
        expected * scale,
        "the gradient of the result by x is not that of the formula",
        same=lambda a, b: close(a, b, 2e-2),
        mistakes={
            "mean and deviation are treated as constants: no gradient flows through them. Leave "
            "out `.detach()` and `no_grad()`": g / 2,
            "the deviation is treated as a constant: no gradient flows through it": (g - g.mean())
            / 2,
            "the mean is treated as a constant: no gradient flows through it": (
                (g - y * (g * y).mean()) / 2
            ),
        },
    )


def noise_of(x: Tensor) -> Tensor:
    """Return the normalized map in x's type, a direction that the variance feels."""
    return reference.instance_norm(x).to(x)


@points(1, exercise="instance_norm")
def test_input_unchanged(student):
    """The caller's tensor keeps its values (witnessed by the worker)."""
    x = noise(student.generator(18), 2, 3, *WIDE) * 2 + 10
    call = student.call("instance_norm", x)
    value = tensor_of(call.value, tuple(x.shape), "the result")
    assert not close(value, x, 0.2), "the result is still the input, so this cannot be looked at"
    assert call.inputs_unchanged, "x is changed in place: make a new tensor"


# ConditionalInstanceNorm2d(channels, styles)

CHANNELS, STYLES = 4, 3
NAME = "ConditionalInstanceNorm2d"


def parameters(generator) -> dict[str, Tensor]:
    """Return a scale and a shift (S, C) for each style, unlike one another."""
    return {
        "weight": spread(generator, STYLES, CHANNELS),
        "bias": 3 * torch.randn(STYLES, CHANNELS, generator=generator),
    }


def painted(student, x: Tensor, style_weights: Tensor, given: dict[str, Tensor]) -> Tensor:
    """Return what the student's module makes of x, with the parameters that are given."""
    call = student.call(NAME, x, style_weights, built_with=(CHANNELS, STYLES), attributes=given)
    return tensor_of(call.value, tuple(x.shape), "the result")


def one_hot(*styles: int) -> Tensor:
    """Return style weights (N, S) that choose one style an image."""
    return torch.nn.functional.one_hot(torch.tensor(styles), STYLES).float()


def with_rows(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Return noise x, which is normalized already, scaled and shifted by (N, C)."""
    return x.double() * scale.double()[:, :, None, None] + shift.double()[:, :, None, None]


@points(2, exercise="ConditionalInstanceNorm2d")
def test_parameters(student):
    """`weight` and `bias` are parameters of shape (styles, channels)."""
    made = student.ConditionalInstanceNorm2d(CHANNELS, STYLES)
    assert isinstance(made, ReturnedModel), (
        f"the class should make an nn.Module, and makes a {type(made).__name__}"
    )
    if not made.state_dict and made.frozen:
        call = student.call(
            NAME, torch.zeros(1, CHANNELS, *SMALL), one_hot(0), built_with=(CHANNELS, STYLES)
        )  # a stub returns None here
        assert call.value is not None
    for name in ("weight", "bias"):
        assert name in made.state_dict, (
            f"`{name}` is no parameter: `self.{name} = nn.Parameter(...)`, or no optimizer finds it"
        )
        shape = tuple(made.state_dict[name].shape)
        assert shape == (STYLES, CHANNELS), (
            f"`{name}` should have shape (styles, channels) = ({STYLES}, {CHANNELS}), and has "
            f"{shape}"
        )
    assert not made.frozen, "the parameters do not require a gradient, so nothing can learn"
    for name in made.state_dict.keys() - {"weight", "bias"}:
        assert not name.endswith(("weight", "bias")), (
            f"`{name}` is learned as well: `weight` and `bias` are all the tensors that are learned"
        )


@points(1, exercise="ConditionalInstanceNorm2d")
def test_initial_values(student):
    """At first every style scales by 1 and shifts by 0."""
    x = noise(student.generator(21), 1, CHANNELS, *WIDE)
    call = student.call(NAME, x, one_hot(1), built_with=(CHANNELS, STYLES))
    value = tensor_of(call.value, tuple(x.shape), "the result")
    require(
        value,
        x.double(),
        "a fresh module changes a normalized map: `weight` starts at 1, `bias` at 0",
        same=alike,
        mistakes={"a fresh module gives zero everywhere: `weight` starts at 1": 0 * x.double()},
    )


@points(3, exercise="ConditionalInstanceNorm2d")
def test_one_style(student):
    """With all the weight on one style, its scale and shift act on each channel."""
    generator = student.generator(22)
    x, given = noise(generator, 1, CHANNELS, *WIDE), parameters(generator)
    weight, bias = given["weight"], given["bias"]
    value = painted(student, x, one_hot(2), given)
    require(
        value,
        with_rows(x, weight[2:], bias[2:]),
        "with style 2 alone the result is not the normalized map times `weight[2]` plus `bias[2]`, "
        "channel by channel",
        same=alike,
        mistakes={
            "scale and shift are exchanged: `weight` multiplies, `bias` is added": with_rows(
                x, bias[2:], weight[2:]
            ),
            "the shift comes before the scale: multiply first, then add": with_rows(
                x, weight[2:], weight[2:] * bias[2:]
            ),
            "the scale is 1 + weight: multiply by `weight` itself": with_rows(
                x, 1 + weight[2:], bias[2:]
            ),
            "the shift is missing": with_rows(x, weight[2:], 0 * bias[2:]),
            "the scale is missing": with_rows(x, 0 * weight[2:] + 1, bias[2:]),
            "the style weights are not used: all styles are added up": with_rows(
                x, weight.sum(0, keepdim=True), bias.sum(0, keepdim=True)
            ),
            "the style weights are not used: all styles are averaged": with_rows(
                x, weight.mean(0, keepdim=True), bias.mean(0, keepdim=True)
            ),
            "style 0 acts, whatever the style weights say": with_rows(x, weight[:1], bias[:1]),
        },
    )


@points(2, exercise="ConditionalInstanceNorm2d")
def test_normalizes_each_image(student):
    """Before that, each image is normalized by its own statistics."""
    generator = student.generator(23)
    clean, given = noise(generator, 2, CHANNELS, *WIDE), parameters(generator)
    given = {name: rows[:1].expand(STYLES, -1).contiguous() for name, rows in given.items()}
    scale, offset = (spread(generator, 2, CHANNELS, 1, 1) * k for k in (1, 2))
    x, style_weights = scale * clean + offset, one_hot(1, 1)
    rows = [given[name][:2] for name in ("weight", "bias")]
    require(
        painted(student, x, style_weights, given),
        with_rows(clean, *rows),
        "scale and shift do not act on the normalized maps: call `instance_norm` first",
        same=alike,
        mistakes={
            "the input is not normalized: call `instance_norm` first": with_rows(x, *rows),
            "the images are normalized together, as in batch normalization: call `instance_norm`": (
                with_rows(over(x, (0, 2, 3)), *rows)
            ),
        },
    )
    made = student.ConditionalInstanceNorm2d(CHANNELS, STYLES)
    for name in made.state_dict if isinstance(made, ReturnedModel) else ():
        assert not name.endswith(("running_mean", "running_var")), (
            f"`{name}` remembers other images: each is normalized by its own statistics, by "
            "`instance_norm`"
        )


@points(2, exercise="ConditionalInstanceNorm2d")
def test_each_image_its_style(student):
    """Each image of a batch is painted in its own style."""
    generator = student.generator(24)
    x, given = noise(generator, 3, CHANNELS, *WIDE), parameters(generator)
    weight, bias = given["weight"], given["bias"]
    chosen = [2, 0, 1]
    require(
        painted(student, x, one_hot(*chosen), given),
        with_rows(x, weight[chosen], bias[chosen]),
        "three images with three styles do not each get their own",
        same=alike,
        mistakes={
            "all images get the first one's style: `style_weights` has one row an image": with_rows(
                x, weight[2:].expand(3, -1), bias[2:].expand(3, -1)
            ),
            "all images get the mean of the batch's styles": with_rows(
                x, weight.mean(0).expand(3, -1), bias.mean(0).expand(3, -1)
            ),
            "image n gets style n, whatever its style weights say": with_rows(x, weight, bias),
        },
    )


@points(3, exercise="ConditionalInstanceNorm2d")
def test_blend(student):
    """Between styles, scale and shift are the weighted sums of the styles' own."""
    generator = student.generator(25)
    x, given = noise(generator, 1, CHANNELS, *WIDE), parameters(generator)
    weight, bias = given["weight"], given["bias"]
    mix = torch.tensor([[0.25, 0.2, 0.55]])
    largest = with_rows(x, weight[2:], bias[2:])
    require(
        painted(student, x, mix, given),
        with_rows(x, mix @ weight, mix @ bias),
        "with weights 0.25, 0.2 and 0.55 the scale is not 0.25 weight[0] + 0.2 weight[1] + 0.55 "
        "weight[2], or the shift not its like",
        same=alike,
        mistakes={
            "the largest weight takes all: `argmax` picks, where the weights should mix": largest,
            "only the scale is mixed: mix the shift, too": with_rows(x, mix @ weight, bias[2:]),
            "only the shift is mixed: mix the scale, too": with_rows(x, weight[2:], mix @ bias),
            "the style weights go through a softmax: use them as they are": with_rows(
                x, mix.softmax(1) @ weight, mix.softmax(1) @ bias
            ),
            "the mix is divided by the number of styles: add up the weighted styles": with_rows(
                x, mix @ weight / STYLES, mix @ bias / STYLES
            ),
            "the scale is mixed, and the shifts are added unweighted": with_rows(
                x, mix @ weight, bias.sum(0, keepdim=True)
            ),
        },
    )


@points(1, exercise="ConditionalInstanceNorm2d")
def test_weights_as_they_are(student):
    """Style weights need not add up to 1, nor be positive: they are used as they are."""
    generator = student.generator(26)
    x, given = noise(generator, 1, CHANNELS, *WIDE), parameters(generator)
    single = painted(student, x, one_hot(1), given)
    double = painted(student, x, 2 * one_hot(1), given)
    require(
        double,
        2 * single,
        "twice the weight does not give twice the scale and shift",
        same=alike,
        mistakes={
            "the style weights are divided by their sum: use them as they are, so that a style can "
            "also be exaggerated": single
        },
    )
    require(
        painted(student, x, -one_hot(1), given),
        -single,
        "a style weight of -1 does not turn scale and shift round: use negative ones as they are",
        same=alike,
    )


@points(2, exercise="ConditionalInstanceNorm2d")
def test_learns(student):
    """The gradient reaches `weight` and `bias`, and the layers before through x."""
    generator = student.generator(27)
    x, given = noise(generator, 1, CHANNELS, *WIDE), parameters(generator)
    upstream = torch.randn(x.shape, generator=generator) + x + 0.5
    options = {"built_with": (CHANNELS, STYLES), "attributes": given, "upstream": upstream}
    call = student.call(NAME, x, one_hot(1), gradients=("weight", "bias"), **options)
    tensor_of(call.value, tuple(x.shape), "the result")
    for name, found in zip(given, call.gradients, strict=True):
        assert found.any(), (
            f"no gradient reaches `{name}`, so the styles cannot be learned: make it an "
            "nn.Parameter, and look for `.data`, `.detach()` or `no_grad()`"
        )
    try:
        call = student.call(NAME, x, one_hot(1), gradients=(0,), **options)
    except StudentError:
        return  # x changed in place, which is another check's matter
    assert call.gradients[0].any(), (
        "no gradient passes through to x, so the convolutions before cannot learn: look for "
        "`.detach()` or `no_grad()`"
    )


@points(1, exercise="ConditionalInstanceNorm2d")
def test_x_unchanged(student):
    """The caller's maps keep their values (witnessed by the worker)."""
    generator = student.generator(28)
    x, given = 2 * noise(generator, 1, CHANNELS, *WIDE) + 1, parameters(generator)
    call = student.call(NAME, x, one_hot(0), built_with=(CHANNELS, STYLES), attributes=given)
    value = tensor_of(call.value, tuple(x.shape), "the result")
    if close(value, x, 0.2):
        raise NotAnswered("not answered yet: the module returns what it was given")
    assert call.inputs_unchanged, "x or style_weights is changed in place: make a new tensor"
