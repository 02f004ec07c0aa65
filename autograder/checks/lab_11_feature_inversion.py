"""Hidden checks of lab 11: total variation, the loss of an inversion, the inversion itself.

Total variation and loss are asked for ratios between pictures that differ in one respect, so that
a mistake in scale does not cost the checks about neighbours. Inversions run through small linear
networks, where the picture that has to come back is known.
"""

import itertools
import math

import torch
from torch import Generator, Tensor, nn

from autograder import reference
from autograder.compare import require_answer, tensor_of
from autograder.probes import random_images
from autograder.worker.messages import shared_model
from labkit.check import points
from labkit.hooks import activations

SIZE = (6, 5)  # H != W, so that a mix-up of the two is seen


# total_variation(image, weight=1.0) -> scalar


def variation(student, image: Tensor, *weight) -> float:
    """Return the student's total variation as a number."""
    value = student.total_variation(image, *weight)
    require_answer(value, image, "total_variation")
    return float(tensor_of(value, (), "the result"))


def picture(rows=None, columns=None, pixels=()) -> Tensor:
    """Return (1, 3, 6, 5), zero but for the given rows, columns or pixels, which are 1."""
    image = torch.zeros(1, 3, *SIZE)
    if rows is not None:
        image[:, :, rows] = 1
    if columns is not None:
        image[..., columns] = 1
    for i, j in pixels:
        image[..., i, j] = 1
    return image


def near(value: float, expected: float) -> bool:
    """Return whether two numbers agree to one in a thousand."""
    return math.isclose(value, expected, rel_tol=1e-3, abs_tol=1e-4)


def sums_up(whole: float, *parts: float) -> bool:
    """Return whether parts add up; so do the squares of a root, which another check says."""
    return near(whole, sum(parts)) or near(whole**2, sum(p**2 for p in parts))


def require_alike(values: list[float], what: str) -> None:
    """Fail unless the steps between all rows (or columns) count, and count the same."""
    assert any(abs(v) > 1e-6 for v in values), (
        f"a picture whose {what} differ has no variation: the differences of neighbouring {what} "
        "are missing. In (N, 3, H, W) rows are axis 2 and columns axis 3"
    )
    assert min(values) > -1e-6, "the variation is negative: squares add up to 0 or more"
    wrong = [k for k, v in enumerate(values) if not near(v, max(values))]
    assert not wrong, (
        f"the step between {what} {wrong[0]} and {wrong[0] + 1} counts less than others: take "
        f"every pair of neighbouring {what}, from the first to the last, each once"
    )


@points(2, exercise="total_variation")
def test_rows(student):
    """A step between any two neighbouring rows counts the same."""
    values = [variation(student, picture(rows=slice(k, None))) for k in range(1, SIZE[0])]
    require_alike(values, "rows")


@points(2, exercise="total_variation")
def test_columns(student):
    """A step between any two neighbouring columns counts the same."""
    values = [variation(student, picture(columns=slice(k, None))) for k in range(1, SIZE[1])]
    require_alike(values, "columns")


@points(2, exercise="total_variation")
def test_border(student):
    """What lies outside does not count: no wrapping round, no padding."""
    plain = variation(student, torch.full((1, 3, *SIZE), 0.7))
    assert near(plain, 0), (
        "a picture of one colour has variation: is it padded at its border with another value, or "
        "are its channels compared with each other?"
    )
    for along in ("rows", "columns"):
        step = variation(student, picture(**{along: slice(3, None)}))
        stripe = variation(student, picture(**{along: slice(2, 3)}))
        assert near(stripe, 2 * step) or sums_up(stripe, step, step) or near(step, 0), (
            f"a stripe has two edges inside the picture, a step has one, yet among the {along} it "
            "does not count double: are the first and the last taken for neighbours (`roll` does "
            "that), or do a rise and a fall cancel before they are squared?"
        )


@points(1, exercise="total_variation")
def test_other_neighbours(student):
    """Only pixels that share a side are neighbours."""
    for a, b, where in (
        ((2, 2), (3, 3), "diagonally below"),
        ((2, 2), (3, 1), "diagonally below"),
        ((1, 2), (3, 2), "two rows apart"),
        ((2, 1), (2, 3), "two columns apart"),
    ):
        alone = [variation(student, picture(pixels=[p])) for p in (a, b)]
        both = variation(student, picture(pixels=[a, b]))
        assert sums_up(both, *alone), (
            f"two bright pixels {where} do not count as much as each alone: square the differences "
            "down and the differences to the right on their own, and compare with the next pixel "
            "only; a diagonal is no neighbour"
        )


@points(1, exercise="total_variation")
def test_corners(student):
    """A bright pixel counts the same in each of the four corners."""
    places = [(i, j) for i in (0, SIZE[0] - 1) for j in (0, SIZE[1] - 1)]
    values = [variation(student, picture(pixels=[p])) for p in places]
    assert max(values) > 0, "a bright pixel in a corner has no variation"
    assert all(near(v, values[0]) for v in values), (
        "a pixel in one corner counts more than in another: the last row, or the last column, is "
        "cut off in both directions. Differences down have the shape (H - 1, W), to the right "
        "(H, W - 1)"
    )


@points(3, exercise="total_variation")
def test_squares(student):
    """Each difference is squared, and then they are added up."""
    image = random_images(student.generator(1), 1, SIZE)
    once, twice = variation(student, image), variation(student, 2 * image)
    assert abs(once) > 1e-4, "a random picture has no variation"
    assert variation(student, picture(pixels=[(2, 2)])) > 1e-4, (
        "one bright pixel has no variation: rises and falls cancel. Square each difference before "
        "you add them up"
    )
    assert not near(twice, 2 * once), (
        "twice the contrast should be four times the variation, and is twice: the differences are "
        "not squared (an absolute value, or a root or `norm()` around the squares)"
    )
    assert near(twice, 4 * once), "twice the contrast should be four times the variation"


@points(2, exercise="total_variation")
def test_sum(student):
    """The result is the sum over all pairs and channels, no mean."""
    rows, columns = picture(rows=slice(2, 3)), picture(columns=slice(2, 3))
    for image, count in ((rows, SIZE[1]), (columns, SIZE[0])):
        value, pairs = variation(student, image), 2.0 * 3
        # A missing direction, a cut-off row and a root are other checks' matters.
        if any(near(v, pairs * n) for v in (value, value**2) for n in (count, count - 1)):
            return
    larger = torch.zeros(1, 3, 12, 10)
    larger[..., 2, 2] = 1
    small, large = variation(student, picture(pixels=[(2, 2)])), variation(student, larger)
    assert small < 1.5 * large, (
        "the variation of one pixel shrinks as the picture grows: take the sum over the picture, "
        "not the mean"
    )
    raise AssertionError(
        "a known edge does not have the variation of the formula: count each pair of neighbours "
        "once in every channel, without a factor, and no others"
    )


@points(2, exercise="total_variation")
def test_weight(student):
    """The whole sum is multiplied by `weight`, which is 1 where none is given."""
    image = random_images(student.generator(2), 1, SIZE)
    one, default = variation(student, image, 1.0), variation(student, image)
    assert near(one, default), "without a `weight` the result is not that of weight 1"
    for weight in (0.25, 3.0):
        ratio = variation(student, image, weight) / (one or math.nan)
        assert not near(ratio, 1), "the result does not depend on `weight`: multiply the sum by it"
        assert not near(ratio, weight**2), "the weight is squared: multiply after squaring"
        assert near(ratio, weight), (
            "the result is not proportional to `weight`: multiply the sum of *both* directions "
            "(`weight * a + b` multiplies only `a`)"
        )
    assert near(variation(student, image, 0.0), 0), (
        "with a `weight` of 0 something is left: multiply the whole sum, whatever the weight "
        "(`weight or 1` makes a 1 of 0)"
    )


@points(1, exercise="total_variation")
def test_channels(student):
    """All three channels count, each on its own."""
    pattern = random_images(student.generator(3), 1, SIZE)[:, :1]
    alone = [torch.zeros(1, 3, *SIZE) for _ in range(3)]
    for channel, image in enumerate(alone):
        image[:, channel] = pattern[:, 0]
    values = [variation(student, image) for image in alone]
    wrong = [c for c, v in enumerate(values) if v <= 0 or not near(v, max(values))]
    assert not wrong, (
        f"a pattern in channel {wrong[0]} alone counts less than in another channel: all three "
        "count alike, and a channel is no neighbour of the next (axis 1)"
    )
    opposed = variation(student, alone[0] - alone[1])
    assert opposed > 1.1 * values[0], (
        "red and green edges of opposite sign cancel: square the differences in each channel, and "
        "do not average the channels first"
    )


@points(1, exercise="total_variation")
def test_several_images(student):
    """For several images the variations add up."""
    image = random_images(student.generator(4), 1, SIZE)
    images = torch.cat([image, 2 * image.flip(2, 3)])  # four times the variation, elsewhere
    alone = [variation(student, images[i : i + 1]) for i in range(2)]
    both = variation(student, images)
    assert not near(both, alone[0]), "only the first of two images counts: add up all of them"
    assert not near(both, sum(alone) / 2), "for two images the result is the mean: add them up"
    assert sums_up(both, *alone), (
        "the variation of two images is not the sum of what each has alone: are neighbours taken "
        "along the axis of the images?"
    )


def slope_agrees(call, value, at: Tensor, generator: Generator, step=0.002) -> bool:
    """Return whether the gradient of `call` is the slope of the values, in three directions."""
    (gradient, *_) = call.gradients
    for _ in range(3):
        direction = torch.randn(at.shape, generator=generator)
        direction = gradient.sign() + 0.5 * direction if gradient.any() else direction
        slope = (value(at + step * direction) - value(at - step * direction)) / (2 * step)
        found = float((gradient * direction).sum())
        if not math.isclose(found, slope, rel_tol=0.03):
            return False
    return True


@points(2, exercise="total_variation")
def test_gradient(student):
    """Its gradient with respect to the image is the slope of its values."""
    generator = student.generator(5)
    image = random_images(generator, 1, SIZE)
    call = student.call("total_variation", image, 0.7, gradients=(0,))
    tensor_of(call.value, (), "the result")
    (gradient,) = call.gradients
    assert gradient.any(), (
        "the result has no gradient with respect to the image: an optimizer could not use it. "
        "Look for `.item()`, `.detach()`, `.data`, `no_grad()` or NumPy"
    )
    assert slope_agrees(call, lambda x: variation(student, x, 0.7), image, generator), (
        "the gradient is not the slope of the values: is one of the two neighbours detached, or a "
        "part computed under `no_grad()`?"
    )


@points(1, exercise="total_variation")
def test_image_unchanged(student):
    """The caller's image keeps its values (witnessed by the worker)."""
    image = random_images(student.generator(6), 1, SIZE)
    call = student.call("total_variation", image, 2.0)
    assert tensor_of(call.value, (), "the result") > 0, "a random picture has no variation"
    assert call.inputs_unchanged, "the image is changed in place: work on a copy"


# inversion_loss(features, target_features) -> scalar

SHAPE = (1, 4, 3, 2)
COUNT = 24


def loss(student, features: Tensor, target: Tensor) -> float:
    """Return the student's loss as a number."""
    value = student.inversion_loss(features, target)
    require_answer(value, features, "inversion_loss")
    require_answer(value, target, "inversion_loss")
    return float(tensor_of(value, (), "the result"))


def directions(generator: Generator) -> tuple[Tensor, Tensor]:
    """Return two orthogonal tensors of length 1; the values of the first differ in sign only."""
    first = torch.randn(SHAPE, generator=generator).sign() / math.sqrt(COUNT)
    second = torch.randn(SHAPE, generator=generator)
    second -= (second * first).sum() * first
    return first, second / second.norm()


@points(1, exercise="inversion_loss")
def test_zero(student):
    """The loss is 0 where the features are the target, and larger elsewhere."""
    first, second = directions(student.generator(11))
    assert near(loss(student, first.clone(), first), 0), (
        "features that equal the target have a loss: it is about their *difference*"
    )
    assert loss(student, first + second, first) > 1e-3, "features far from the target have no loss"


@points(3, exercise="inversion_loss")
def test_relative(student):
    """The loss does not change when features and target are both multiplied by a number."""
    first, second = directions(student.generator(12))
    value = loss(student, first + second, first)
    assert abs(value) > 1e-4, "features far from the target have no loss"
    for factor in (3.0, 0.2):
        scaled = loss(student, factor * (first + second), factor * first)
        assert near(scaled, value), (
            "with all features multiplied by a number the loss changes: divide by the squared norm "
            "of the target, so that layers with large and with small values can share one weight"
        )


@points(2, exercise="inversion_loss")
def test_target_norm(student):
    """The distance is measured against the target's norm, not the features' own."""
    target, _ = directions(student.generator(13))
    far, near_zero = loss(student, 3 * target, target), loss(student, -target, target)
    assert near(far, near_zero), (
        "3 times the target and -1 times the target are equally far from it, and have different "
        "losses: divide by the norm of the target alone. With the features' own norm below, large "
        "features look good"
    )


@points(2, exercise="inversion_loss")
def test_squared(student):
    """Twice the distance is four times the loss."""
    target, aside = directions(student.generator(14))
    step = 0.5 * aside - math.sqrt(3) / 2 * target  # of length 1
    step = step * math.sqrt(3) / 3  # target + step and target + 2 * step are equally long
    once, twice = (loss(student, target + k * step, target) for k in (1, 2))
    assert not near(twice, 2 * once), (
        "twice the distance is twice the loss: it is not squared. Take the squared norm"
    )
    assert near(twice, 4 * once), "twice the distance should be four times the loss"


@points(2, exercise="inversion_loss")
def test_sums_above_and_below(student):
    """The loss is 1 where the distance is as large as the target."""
    target, aside = directions(student.generator(15))
    features = 0.5 * target + math.sqrt(3) / 2 * aside  # as long as the target, and as far from it
    value = loss(student, features, target)
    assert near(value, 1), (
        "features as far from the target as zero is should have a loss of 1: sum above and sum "
        "below, or mean above and mean below, and no further factor"
    )


@points(2, exercise="inversion_loss")
def test_one_ratio(student):
    """It is one ratio for the whole tensor, and zeros in the target do no harm."""
    target, features = torch.zeros(2, *SHAPE)  # of length 1, and their distance is 1
    target[:, :2] = features[:, 1:3] = 1 / math.sqrt(12)  # half of both is 0, as after a ReLU
    try:
        value = loss(student, features, target)
    except AssertionError as error:
        raise AssertionError(
            f"{error}. After a ReLU many features are 0: divide one sum by one sum, not value by "
            "value"
        ) from error
    assert near(value, 1), (
        "with features that are zero in whole channels the loss is wrong: add up over all channels "
        "and places first, then divide once"
    )
    target = torch.cat([target, 3 * target])  # of two images, the second three times as strong
    both = loss(student, torch.cat([2 * target[:1], target[1:]]), target)
    assert not near(both, 1 / 2), (
        "for two images the loss is the mean of two ratios: add up over all axes, the images' too, "
        "and divide once"
    )


@points(3, exercise="inversion_loss")
def test_gradient_to_features(student):
    """Its gradient with respect to the features is the slope of its values."""
    generator = student.generator(16)
    target, aside = directions(generator)
    features = 1.6 * target + 0.05 * aside  # no difference is near 0
    call = student.call("inversion_loss", features, target, gradients=(0,))
    tensor_of(call.value, (), "the result")
    (gradient,) = call.gradients
    assert gradient.any(), (
        "the loss has no gradient with respect to the features, so the picture could not move: "
        "detach the target, not the features; no `.item()`, no `.data`"
    )
    agrees = slope_agrees(call, lambda x: loss(student, x, target), features, generator)
    assert agrees, "the gradient is not the slope of the values: is a part of it detached?"


@points(2, exercise="inversion_loss")
def test_target_is_constant(student):
    """No gradient flows into the target."""
    target, aside = directions(student.generator(17))
    features = 0.7 * target + 0.9 * aside
    call = student.call("inversion_loss", features, target, gradients=(0, 1))
    assert tensor_of(call.value, (), "the result") > 0, "features far from it have no loss"
    assert not call.gradients[1].any(), (
        "a gradient flows into the target, which is set aside and stays as it is: use "
        "`target_features.detach()`"
    )


@points(1, exercise="inversion_loss")
def test_any_shape(student):
    """Features of any shape will do, such as (1, D)."""
    target, aside = (x.reshape(1, COUNT) for x in directions(student.generator(18)))
    message = "features of shape (1, D), a linear layer's, should do as well: sum over all axes"
    assert loss(student, target + aside, target) > 1e-3, message


@points(1, exercise="inversion_loss")
def test_features_unchanged(student):
    """Features and target keep their values (witnessed by the worker)."""
    target, aside = directions(student.generator(19))
    call = student.call("inversion_loss", target + aside, target)
    assert tensor_of(call.value, (), "the result") > 0, "features far from it have no loss"
    assert call.inputs_unchanged, "features or target are changed in place: work on copies"


# invert_features(model, layer, target_features, size, steps, tv_weight, seed) -> (1, 3, H, W)

LAYER = "0.0"
STEPS = 200


def mixing(generator: Generator) -> nn.Conv2d:
    """Return a layer that mixes the colours of each pixel and keeps all lengths."""
    layer = nn.Conv2d(3, 3, 1, bias=False)
    matrix, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator))
    layer.weight.data = matrix[:, :, None, None].clone()
    return layer


def lossless(generator: Generator) -> nn.Sequential:
    """Return a network whose layer 0.0 loses nothing, and is the output as well."""
    return nn.Sequential(nn.Sequential(mixing(generator))).requires_grad_(False).eval()


def reordering(order: tuple[int, int, int]) -> nn.Conv2d:
    """Return a layer that puts the colours into another order, so that all stay in [0, 1]."""
    layer = nn.Conv2d(3, 3, 1, bias=False)
    layer.weight.data = torch.eye(3)[list(order)][:, :, None, None].clone()
    return layer


def lossy() -> nn.Sequential:
    """Return a network whose layer 0.0 keeps four means: a picture of any size will do."""
    return nn.Sequential(nn.Sequential(nn.AdaptiveAvgPool2d(2)), nn.ReLU()).eval()


def features_of(model: nn.Module, image: Tensor, layer: str = LAYER) -> Tensor:
    """Return the features of a picture, without a graph."""
    with torch.no_grad():
        return activations(model, image.float(), layer)[layer]


def inverted(student, model, target, size, steps, *, tv=0.0, seed=0, **options):
    """Return what the worker gave for an inversion; its value is a picture of that size."""
    call = student.call(
        "invert_features", model, options.pop("layer", LAYER), target, size, steps, tv, seed,
        **options,
    )  # fmt: skip
    require_answer(call.value, target, "invert_features")
    shape = (1, 3, size, size) if isinstance(size, int) else (1, 3, *size)
    image = tensor_of(call.value, shape, "the picture")
    return call, image


def plain(colour: tuple[float, float, float]) -> Tensor:
    """Return a picture of one colour."""
    return torch.tensor(colour).reshape(1, 3, 1, 1).expand(1, 3, *SIZE).clone()


def distance(a: Tensor, b: Tensor) -> float:
    """Return the root of the mean squared difference."""
    return float((a.double() - b.double()).square().mean().sqrt())


@points(1, exercise="invert_features")
def test_square_size(student):
    """A whole number as `size` gives a square picture."""
    target = torch.full((1, 3, 2, 2), 0.3)
    inverted(student, lossy(), target, 7, 3)


@points(1, exercise="invert_features")
def test_height_and_width(student):
    """A pair as `size` is height and width, in this order."""
    target = torch.full((1, 3, 2, 2), 0.3)
    inverted(student, lossy(), target, (5, 8), 3)


@points(3, exercise="invert_features")
def test_recovers(student):
    """From a layer that loses nothing the picture comes back."""
    generator = student.generator(21)
    model, noise = lossless(generator), random_images(generator, 1, SIZE)
    truth = 0.5 + 0.8 * (noise - noise.mean((2, 3), keepdim=True))  # grey, if it were smoothed
    target = features_of(model, truth)
    _, image = inverted(student, model, target, SIZE, STEPS)
    assert distance(image, torch.full_like(truth, 0.5)) > 0.08, (
        f"after {STEPS} steps the picture is still nearly grey: are the steps far too small, is "
        "the start returned, or does total variation count although `tv_weight` is 0?"
    )
    assert distance(image, truth) < 0.06, (
        f"the features determine this picture, and {STEPS} steps without total variation do not "
        "find it. Plot the loss: it should fall nearly to 0. Is the gradient set to zero before "
        "each step, and the step neither tiny nor huge? `optimize_pixels` does this for you"
    )


@points(2, exercise="invert_features")
def test_layer(student):
    """It is the named layer whose features are matched, not the network's output."""
    first, second = reordering((2, 0, 1)), reordering((1, 0, 2))
    model = nn.Sequential(nn.Sequential(first), second).requires_grad_(False).eval()
    target = features_of(model, random_images(student.generator(22), 1, SIZE))
    _, image = inverted(student, model, target, SIZE, STEPS)
    gap, at_output = (distance(features_of(model, image, x), target) for x in (LAYER, "1"))
    assert gap < 1.4 * at_output, (
        "the network's *output* matches the target, not the layer that was asked for: take the "
        "features from `activations(model, image, layer)[layer]`"
    )


@points(3, exercise="invert_features")
def test_total_variation_counts(student):
    """The picture is the best compromise between features and smoothness, for its `tv_weight`."""
    generator = student.generator(23)
    model, truth = lossless(generator), random_images(generator, 1, SIZE)
    target = features_of(model, truth)
    length = float(target.square().sum())
    weight = 1 / length  # makes the known answer's strength 1
    _, image = inverted(student, model, target, SIZE, STEPS, tv=weight)
    strengths = {
        "the picture is as rough as without total variation: does its term reach the loss, with "
        "the weight `tv_weight` and once only?": [0.0, weight],
        "the picture is far too smooth: is the total variation multiplied by `tv_weight`?": [
            length,
            math.sqrt(length),
        ],
    }
    wanted = reference.smoothest_match(truth, 1.0)
    if distance(image, wanted) < 0.04:
        return
    for message, wrong in strengths.items():
        for strength in wrong:
            assert distance(image, reference.smoothest_match(truth, strength)) > 0.06, message
    raise AssertionError(
        "features and total variation are not balanced as in the formula: add "
        "`total_variation(image, tv_weight)` to the relative loss, with a plus"
    )


@points(2, exercise="invert_features")
def test_through_the_network(student):
    """In the real network the features come near to the target."""
    model, layer = shared_model("lite0"), "blocks.1.1.bn2.act"
    size = (40, 56)
    coarse = random_images(student.generator(24), 1, (5, 7))
    truth = nn.functional.interpolate(coarse, size=size, mode="bilinear")
    target = features_of(model, truth, layer)
    options = {"layer": layer, "tv": 1e-4, "shared": ("lite0",)}
    _, image = inverted(student, model, target, size, 60, **options)
    grey = torch.full_like(truth, 0.5)
    left, start = (distance(features_of(model, x, layer), target) ** 2 for x in (image, grey))
    assert left < 0.5 * start, (
        "after 60 steps in the embedded network the loss is still more than half of a grey "
        "picture's: the steps are too small or too large for it. Adam with 0.03 works"
    )


@points(1, exercise="invert_features")
def test_steps_count(student):
    """`steps` decides how long the search goes on."""
    generator = student.generator(25)
    model, truth = lossless(generator), random_images(generator, 1, SIZE)
    target = features_of(model, truth)
    few, many = (inverted(student, model, target, SIZE, steps)[1] for steps in (1, 60))
    assert not torch.equal(few, many), "1 step and 60 steps give the same picture: use `steps`"


@points(1, exercise="invert_features")
def test_forward_passes(student):
    """Each step looks at the network once, at another picture (witnessed by the worker)."""
    generator = student.generator(26)
    model, truth = lossless(generator), random_images(generator, 1, SIZE)
    target = features_of(model, truth)
    for steps in (5, 12):
        call, image = inverted(student, model, target, SIZE, steps, record=True)
        seen = call.forwards
        arrived = distance(image, truth) < 1e-3  # L-BFGS may stop there
        fewest = 1 if arrived else steps - 1
        assert fewest <= len(seen) <= 2 * steps + 2, (
            f"steps={steps} called the network {len(seen)} times: once a step, {steps} in all"
        )
        moved = [not torch.equal(a, b) for a, b in itertools.pairwise(seen)]
        assert sum(moved) >= 2, (  # no more: a good method may be there by then
            "the network sees the same picture again and again: the steps change another tensor "
            "than the one that goes through the network"
        )


@points(1, exercise="invert_features")
def test_values(student):
    """The picture lies in [0, 1]."""
    model = lossless(student.generator(27))
    outside = plain((2.0, -1.0, 2.0))  # no picture has its features
    _, image = inverted(student, model, features_of(model, outside), SIZE, 60)
    moved = (image.mean((2, 3)) - 0.5) * (outside[..., 0, 0] - 0.5)
    assert moved.min() > 0.02, "the picture does not follow the features"
    assert -1e-6 <= image.min() <= image.max() <= 1 + 1e-6, (
        "pixels leave [0, 1]: clamp the picture after each step"
    )


@points(1, exercise="invert_features")
def test_same_seed(student):
    """The same seed gives the same picture."""
    target = torch.full((1, 3, 2, 2), 0.3)
    _, first = inverted(student, lossy(), target, SIZE, 4, seed=5)
    _, again = inverted(student, lossy(), target, SIZE, 4, seed=5)
    assert torch.equal(first, again), (
        "the same seed gave two pictures: draw the start from a generator made with `seed`"
    )


@points(1, exercise="invert_features")
def test_another_seed(student):
    """Another seed starts from another picture."""
    target = torch.full((1, 3, 2, 2), 0.3)
    _, first = inverted(student, lossy(), target, SIZE, 4, seed=5)
    _, other = inverted(student, lossy(), target, SIZE, 4, seed=6)
    assert not torch.equal(first, other), (
        "two seeds gave the same picture although the features leave it open: draw the start with "
        "`seed`"
    )


def witnessed(student, number: int):
    """Return what the worker saw of a short inversion that moved towards the target."""
    model, truth = lossless(student.generator(number)), plain((0.9, 0.2, 0.8))
    call, image = inverted(student, model, features_of(model, truth), SIZE, 40, seed=number)
    grey = torch.full_like(truth, 0.5)
    assert distance(image, truth) < 0.95 * distance(grey, truth), (
        "the picture does not follow the features"
    )
    return call


@points(1, exercise="invert_features")
def test_global_seed_untouched(student):
    """The global random state is left alone (witnessed by the worker)."""
    assert witnessed(student, 28).random_state_unchanged, (
        "the global random state changed, PyTorch's, NumPy's or Python's: draw from "
        "`torch.Generator().manual_seed(seed)`"
    )


@points(1, exercise="invert_features")
def test_target_unchanged(student):
    """The features that were set aside keep their values (witnessed by the worker)."""
    assert witnessed(student, 29).inputs_unchanged, "the target features are changed in place"


@points(1, exercise="invert_features")
def test_model_unchanged(student):
    """The network is as it was: mode, weights, hooks (witnessed by the worker)."""
    assert witnessed(student, 30).models_unchanged, (
        "the network is not as it was before: its mode, a weight, `requires_grad` or a hook changed"
    )
