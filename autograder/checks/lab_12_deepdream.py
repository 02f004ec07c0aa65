"""Hidden checks of lab 12: the climbed function, one step of the dream, the sizes of octaves."""

import itertools
from fractions import Fraction

import torch
from torch import Tensor, nn

from autograder import reference
from autograder.compare import (
    close,
    proportional,
    require,
    require_answer,
    require_slope,
    tensor_of,
)
from labkit.check import points

# dream_loss(activation (N, C, h, w)) -> scalar

SHAPE = (4, 3, 5)  # C, h, w


def positive(generator, count: int) -> Tensor:
    """Return (count, 4, 3, 5) between 0.5 and 1.5: no value is near 0, none is negative."""
    return 0.5 + torch.rand(count, *SHAPE, generator=generator)


def signed(generator, count: int) -> Tensor:
    """Return (count, 4, 3, 5) of both signs."""
    values = positive(generator, count)
    return values * torch.randn(values.shape, generator=generator).sign()


def loss_of(value) -> Tensor:
    """Return the loss as a scalar; one a sample or a list of one is another check's matter."""
    return tensor_of(value, (), "the loss")


@points(2, exercise="dream_loss")
def test_half_the_sum_of_squares(student):
    """The loss of one image has the size of half the sum of squares."""
    activation = positive(student.generator(1), 1)
    half = -reference.dream_loss(activation)
    squares = 2 * half
    require(
        loss_of(student.dream_loss(activation)).abs(),
        half,
        "the loss is not half the sum of the squared activations",
        mistakes={
            "the half is missing: with it, the gradient is the activation itself": squares,
            "this is a norm: square it, and take half": squares.sqrt(),
            "this is half a norm: square the norm": squares.sqrt() / 2,
            "the mean is taken: the push would depend on the size of the layer": (
                activation.double().square().mean() / 2
            ),
            "the activations are added up without squaring them": activation.double().sum(),
        },
    )


@points(2, exercise="dream_loss")
def test_negative(student):
    """Stronger activations give a smaller loss."""
    activation = positive(student.generator(2), 1)
    weak, strong = (loss_of(student.dream_loss(x)) for x in (activation, 2 * activation))
    assert strong != weak, "twice the activations give the same loss"
    assert strong < weak, (
        "stronger activations give a larger loss: the kit minimizes, so take the negative"
    )


@points(2, exercise="dream_loss")
def test_both_signs_count(student):
    """A negative activation counts like a positive one of the same size."""
    generator = student.generator(3)
    activation = positive(generator, 1)
    flipped = activation * torch.randn(activation.shape, generator=generator).sign()
    one, other = (loss_of(student.dream_loss(x)).abs() for x in (activation, flipped))
    assert one > 0, "activations that are not zero give a loss of 0"
    assert close(other, one), (
        "a change of sign changes the size of the loss: square each activation, before adding up "
        "and without cutting off what is below zero"
    )


@points(3, exercise="dream_loss")
def test_gradient(student):
    """Each activation is pushed in proportion to itself."""
    activation = positive(student.generator(4), 1)
    call = student.call("dream_loss", activation, gradients=(0,))
    loss_of(call.value)
    gradient = tensor_of(call.gradients[0], activation.shape, "the gradient")
    assert gradient.abs().max() > 0, (
        "the loss has no gradient: look for .detach(), .item(), .data, no_grad() or NumPy"
    )
    size = torch.where((gradient * activation).sum() < 0, -gradient, gradient)  # signs: elsewhere
    assert proportional(size, activation), (
        "the gradient is not proportional to the activations themselves, which the recipe asks "
        "for: are they squared, all of them, and is the result differentiable?"
    )
    if not close(size, activation):  # another factor than the task's is another check's matter
        require_slope(
            lambda moved: loss_of(student.dream_loss(moved["a"])), {"a": activation}, [gradient]
        )


@points(2, exercise="dream_loss")
def test_several_images(student):
    """The losses of several images add up to one number."""
    strengths = torch.tensor([1.0, 2.0, 4.0]).view(3, 1, 1, 1)  # none has the mean loss
    activation = strengths * positive(student.generator(5), 3)
    value = student.dream_loss(activation)
    assert not isinstance(value, Tensor) or value.numel() == 1, (
        f"three images give a result of shape {tuple(getattr(value, 'shape', ()))}: sum over the "
        "images, too"
    )
    each = [loss_of(student.dream_loss(activation[i : i + 1])) for i in range(3)]
    total = sum(each)
    assert total != 0, "activations that are not zero give a loss of 0"
    require(
        loss_of(value),
        total,
        "the loss of three images is not the sum of theirs",
        mistakes={
            "the mean over the images is taken: add them up": total / 3,
            "only the first image counts": each[0],
        },
    )


@points(1, exercise="dream_loss")
def test_activation_unchanged(student):
    """The caller's activations keep their values (witnessed by the worker)."""
    call = student.call("dream_loss", signed(student.generator(6), 1))
    assert loss_of(call.value) != 0, "activations that are not zero give a loss of 0"
    assert call.inputs_unchanged, "the activations are changed in place: square a copy"


# dream_step(model, image, layer, step_size) -> (1, 3, H, W)

SIZE = (9, 7)  # H != W
LAYER, DEPTH = "1", 2  # a ReLU after the first convolution


def dreamer(generator) -> nn.Sequential:
    """Return a network of two layers whose activations are worth dreaming of."""
    layers = [nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 4, 3, padding=1), nn.ReLU()]
    for layer in (layers[0], layers[2]):
        layer.weight.data = torch.randn(layer.weight.shape, generator=generator)
        layer.bias.data = torch.randn(layer.bias.shape, generator=generator)
    layers += [nn.Flatten(), nn.Linear(4 * SIZE[0] * SIZE[1], 5)]
    layers[-1].weight.data = torch.randn(layers[-1].weight.shape, generator=generator)
    return nn.Sequential(*layers).requires_grad_(False).eval()


def grey(generator, reach: float = 0.2) -> Tensor:
    """Return (1, 3, 9, 7) within `reach` of mid-grey: small steps get near neither 0 nor 1."""
    return 0.5 + reach * (2 * torch.rand(1, 3, *SIZE, generator=generator) - 1)


def moved(student, model, image: Tensor, layer: str = LAYER, step_size: float = 0.01) -> Tensor:
    """Return the change (1, 3, H, W) that one step makes, in float64."""
    value = student.dream_step(model, image, layer, step_size)
    require_answer(value, image, "dream_step")
    return tensor_of(value, image.shape, "the result") - image.double()


def either_way(change: Tensor, gradient: Tensor) -> bool:
    """Return whether a change is along a gradient, or against it, which another check says."""
    return proportional(change, gradient, 5e-3) or proportional(-change, gradient, 5e-3)


def unit(gradient: Tensor) -> Tensor:
    """Return a gradient over its mean absolute value."""
    return gradient / gradient.abs().mean()


@points(3, exercise="dream_step")
def test_direction(student):
    """The step is along the gradient of the layer's half squared norm."""
    generator = student.generator(11)
    model, image = dreamer(generator), grey(generator)
    gradient = reference.dream_gradient(model, image, DEPTH)
    change = moved(student, model, image)
    if either_way(change, gradient):
        return
    known = {
        "it is the sign of the gradient that is used; divide by its mean size instead": (
            gradient.sign()
        ),
        "it is the sum of the activations that grows, not half the sum of their squares": (
            pulled_back(model, image, torch.ones_like)
        ),
        "negative values of the gradient are lost": gradient.clamp(min=0),
    }
    for text, wrong in known.items():
        assert not either_way(change, wrong), text
    raise AssertionError(
        "the step is not along the gradient of `dream_loss` of the layer's activations with "
        "respect to the image"
    )


def pulled_back(model: nn.Sequential, image: Tensor, upstream) -> Tensor:
    """Return the pixels' gradient where the layer's is upstream(activation)."""
    pixels = image.clone().requires_grad_()
    activation = model[:DEPTH](pixels)
    return torch.autograd.grad(activation, pixels, upstream(activation.detach()))[0].double()


@points(2, exercise="dream_step")
def test_up(student):
    """The layer's norm grows."""
    generator = student.generator(12)
    model, image = dreamer(generator), grey(generator)
    change = moved(student, model, image)
    gradient = reference.dream_gradient(model, image, DEPTH)
    slope = (change * gradient).sum()
    assert change.abs().max() > 0, "the image did not change"
    assert slope > 0, (
        "the activations get weaker: a step against the gradient of the loss is a step up"
    )


def colourful(model: nn.Sequential) -> nn.Sequential:
    """Return the network, its filters nearly blind to grey: gradients then have both signs.

    So the mean of a gradient, or its standard deviation, is never about its mean absolute value.
    """
    filters = model[0]
    filters.weight.data -= 0.9 * filters.weight.data.mean(1, keepdim=True)
    filters.bias.data = 1 + filters.bias.data.abs()  # and yet they answer
    return model


@points(2, exercise="dream_step")
def test_length(student):
    """The mean absolute change is the step size."""
    generator = student.generator(13)
    model, image = colourful(dreamer(generator)), grey(generator)
    gradient = reference.dream_gradient(model, image, DEPTH)
    for step_size in (0.01, 0.03):
        change = moved(student, model, image, step_size=step_size)
        size = change.abs().mean() / step_size
        known = {
            "the gradient is divided by its norm, not by its mean absolute value": (
                (unit(gradient) / torch.linalg.vector_norm(unit(gradient))).abs().mean()
            ),
            "the gradient is divided by its largest value": (
                (gradient / gradient.abs().max()).abs().mean()
            ),
            "the gradient is divided by its standard deviation": (
                (gradient / gradient.std()).abs().mean()
            ),
            "the gradient is not divided by anything": gradient.abs().mean(),
            "the signed mean is taken: absolute values first": (
                (gradient / gradient.mean()).abs().mean()
            ),
        }
        for text, wrong in known.items():
            assert close(size, torch.ones(()), 0.02) or not close(size, wrong, 0.02), text
        assert close(size, torch.ones(()), 0.02), (
            "the mean absolute change is not `step_size`: divide by the mean over all values, and "
            "multiply by `step_size`"
        )
    for parameter in model[0].parameters():  # a mean absolute gradient of 1/100
        parameter.data /= (100 * float(gradient.abs().mean())) ** 0.5
    size = moved(student, model, image).abs().mean() / 0.01
    assert close(size, torch.ones(()), 0.02), (
        "where the gradient is small, the step is small, too: what keeps the divisor above zero "
        "has to be far below any gradient, such as 1e-12"
    )


@points(2, exercise="dream_step")
def test_layer(student):
    """The layer that was asked for is the one that grows."""
    generator = student.generator(14)
    model, image = dreamer(generator), grey(generator)
    steps = {name: moved(student, model, image, name) for name in ("0", "2")}
    assert not either_way(steps["0"], steps["2"]), (
        "two layers give the same step: use the activations of `layer`"
    )
    own = {"0": 1, "2": 3}
    right = {n: reference.dream_gradient(model, image, depth) for n, depth in own.items()}
    for name, other in itertools.permutations(own):
        assert not either_way(steps[name], right[other]), "another layer than `layer` is dreamt"
    rectified = reference.dream_gradient(model, image, 2)
    assert not either_way(steps["0"], rectified), (
        "of a layer that is not rectified, negative activations are cut off, or the next layer is "
        "dreamt: they count as they are"
    )


@points(2, exercise="dream_step")
def test_second_step(student):
    """The next step takes the gradient at the new place, and only that."""
    generator = student.generator(15)
    model, image = dreamer(generator), grey(generator)
    first = image.double() + moved(student, model, image, step_size=0.05)
    start = first.float()
    gradient = reference.dream_gradient(model, start, DEPTH)
    before = reference.dream_gradient(model, image, DEPTH)
    change = moved(student, model, start)
    if either_way(change, gradient):
        return
    assert not either_way(change, before), (
        "the second step repeats the first: take the gradient at the image that was given"
    )
    assert not either_way(change, before + gradient), (
        "the second step follows the sum of both gradients: nothing may be kept between calls"
    )


@points(1, exercise="dream_step")
def test_not_clamped(student):
    """The result is not clamped."""
    generator = student.generator(16)
    model, image = dreamer(generator), grey(generator)
    change = moved(student, model, image, step_size=1.0)
    inside = ((image + change) >= 0) & ((image + change) <= 1)
    assert not inside.all(), (
        "a step of 1 leaves [0, 1], and all values stayed inside: the loop clamps, not the step"
    )
    wide = grey(generator, reach=0.8)  # some values lie outside already
    end = wide + moved(student, model, wide, step_size=0.001)
    assert ((end < -0.1) | (end > 1.1)).any(), (
        "values that lie outside [0, 1] already are clamped before the step"
    )


@points(1, exercise="dream_step")
def test_nothing_active(student):
    """Where nothing is active, the image stays as it is."""
    generator = student.generator(17)
    model, image = dreamer(generator), grey(generator)
    moved(student, model, image)  # it does step where something is active
    model[0].bias.data -= 100  # no ReLU is on
    value = student.dream_step(model, image, LAYER, 0.01)
    assert not isinstance(value, Tensor) or not value.isnan().any(), (
        "the result is NaN where the gradient is zero: that is 0 / 0; keep the divisor above zero"
    )
    change = tensor_of(value, image.shape, "the result") - image.double()
    assert change.abs().max() < 1e-6, "the gradient is zero, and the image moved"


@points(1, exercise="dream_step")
def test_image_unchanged(student):
    """The caller's image keeps its values (witnessed by the worker)."""
    assert witnessed(student, 18).inputs_unchanged, "the image is changed in place: step a copy"


@points(1, exercise="dream_step")
def test_model_unchanged(student):
    """The network is as it was: weights, mode, hooks (witnessed by the worker)."""
    assert witnessed(student, 19).models_unchanged, (
        "the network is not as it was before: a hook was left behind, or a weight, its mode or "
        "`requires_grad` changed; `activations` cleans up by itself"
    )


def witnessed(student, number: int):
    """Return a call that did step; fail where nothing moved."""
    generator = student.generator(number)
    model, image = dreamer(generator), grey(generator)
    call = student.call("dream_step", model, image, LAYER, 0.01)
    value = tensor_of(call.value, image.shape, "the result")
    assert not (call.inputs_unchanged and close(value, image.double(), 1e-6)), "nothing moved"
    return call


# octave_sizes(height, width, octaves, scale) -> [(h, w)]


def sizes(student, height: int, width: int, octaves: int, scale: float) -> list[tuple]:
    """Return the sizes as pairs; fail where the result is no list of pairs of numbers."""
    value = student.octave_sizes(height, width, octaves, scale)
    if isinstance(value, Tensor):
        value = value.tolist()
    assert isinstance(value, list), f"expected a list of pairs, got a {type(value).__name__}"
    value = [v.tolist() if isinstance(v, Tensor) else v for v in value]
    assert all(isinstance(v, list) and len(v) == 2 for v in value), (
        f"expected a list of pairs (h, w), got {value}"
    )
    assert value, "the list is empty"
    return [tuple(float(side) for side in pair) for pair in value]


def is_whole(side) -> bool:
    """Return whether a side is an int, Python's or NumPy's: a picture has no size of 80.0."""
    return not side.is_floating_point() if isinstance(side, Tensor) else isinstance(side, int)


def ordered(found: list[tuple]) -> list[tuple]:
    """Return sizes smallest first, whichever way round they came: another check says that."""
    return sorted(found)


def drawn(generator, low: int, high: int) -> int:
    return int(torch.randint(low, high, (), generator=generator))


def near(found: list[tuple], expected: list[tuple], most: float = 1.0) -> bool:
    """Return whether two lists of sizes differ by rounding alone."""
    pairs = zip(itertools.chain(*found), itertools.chain(*expected), strict=True)
    return len(found) == len(expected) and all(abs(a - b) <= most for a, b in pairs)


@points(2, exercise="octave_sizes")
def test_smallest_first(student):
    """The smallest size comes first, the full size last."""
    generator = student.generator(21)
    height, width = 8 * drawn(generator, 20, 40), 8 * drawn(generator, 45, 60)
    found = sizes(student, height, width, 4, 2)
    assert len(found) < 2 or found[0] != found[-1], "all sizes are the same"
    assert found == sorted(found), "the sizes do not grow: smallest first, the full size last"


@points(2, exercise="octave_sizes")
def test_full_size(student):
    """The largest size is the full one."""
    generator = student.generator(22)
    height, width = 8 * drawn(generator, 20, 40), 8 * drawn(generator, 45, 60)
    for octaves in (1, 3):
        found = ordered(sizes(student, height, width, octaves, 2))
        assert near(found[-1:], [(height, width)]), (
            f"the largest of {octaves} size(s) is not the full size: it is divided by `scale ** 0`"
        )


@points(1, exercise="octave_sizes")
def test_count(student):
    """There are as many sizes as octaves."""
    for octaves in (1, 2, 5):
        found = sizes(student, 320, 480, octaves, 2)
        assert len(found) == octaves, f"{octaves} octaves give {len(found)} sizes"


@points(3, exercise="octave_sizes")
def test_factor(student):
    """From octave to octave the size grows by the factor `scale`."""
    generator = student.generator(23)
    for scale in (2, 3, 1.5):
        unit_size = 24 * drawn(generator, 1, 3)  # an octave more comes out even, too
        side = round(unit_size * scale**3)
        found = ordered(sizes(student, side, side, 4, scale))
        factors = [b[0] / a[0] for a, b in itertools.pairwise(found) if a[0]]
        assert found[0][0], "a size is 0"
        assert all(abs(factor - scale) < 0.1 for factor in factors), (
            f"with a scale of {scale}, sizes grow by the factors "
            f"{[round(factor, 2) for factor in factors]}: divide the full size by the powers "
            "`scale ** 0`, `scale ** 1`, `scale ** 2`"
        )


@points(2, exercise="octave_sizes")
def test_height_and_width(student):
    """Height comes first, and each side shrinks from its own length."""
    generator = student.generator(24)
    height, width = 8 * drawn(generator, 20, 30), 8 * drawn(generator, 45, 60)
    found = ordered(sizes(student, height, width, 2, 2))
    largest = max(found, key=sum)
    assert not near([largest], [(width, height)]), "height and width are exchanged"
    ratios = [pair[0] / pair[1] for pair in found if pair[1]]
    assert all(abs(ratio - height / width) < 0.02 for ratio in ratios), (
        "the pictures change their shape: divide height and width by the same factor"
    )


@points(2, exercise="octave_sizes")
def test_rounding(student):
    """Sizes are rounded to the nearest whole number, from the full size each."""
    value = student.octave_sizes(80, 40, 2, 2.0)
    if isinstance(value, list) and all(isinstance(pair, list) for pair in value):
        assert all(is_whole(side) for pair in value for side in pair), (
            f"a size is no whole number: got {value}, and `80.0` is none, but `int(80.0)`"
        )
    for height, width, scale in ((199, 301, Fraction(7, 5)), (331, 223, Fraction(13, 10))):
        expected = reference.octave_sizes(height, width, 5, scale)
        found = ordered(sizes(student, height, width, 5, float(scale)))
        if not near(found, expected, 3):  # which other checks say
            continue
        assert all(side == int(side) for pair in found for side in pair), (
            "a size is no whole number: round it"
        )
        assert found == sorted(map(tuple, expected)), (
            "sizes are off by one: round to the nearest whole number, and divide the full size "
            "each time, not the size that was rounded before"
        )
