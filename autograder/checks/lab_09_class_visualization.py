"""Hidden checks of lab 09: a step uphill, blur and clip, facets, a step in a decoder.

Each check asks one property, on a probe that hides the others. Directions count either way round
where another check asks whether the way is up, lengths only where the length is asked. A climb's
pictures are never compared with stored ones.
"""

import itertools

import torch
from torch import Tensor, nn

from autograder import reference
from autograder.compare import close, proportional, require, require_answer, tensor_of
from autograder.probes import linear_probe
from labkit.check import points
from labkit.errors import NotAnswered, StudentError

SIZE = (9, 7)  # H != W, so that a transposed picture is seen


def either_way(value: Tensor, expected: Tensor) -> bool:
    """Return whether each of (N, ...) is a multiple of the expected one, of either sign."""
    flipped = (value * expected.to(value)).flatten(1).sum(1) < 0
    sign = torch.where(flipped, -1.0, 1.0).to(value).view(-1, *[1] * (value.dim() - 1))
    return proportional(sign * value, expected)


# class_visualization_step(model, image, label, l2_reg, step_size) -> (1, 3, H, W)

FAINT = (
    "where the gradient is small, the step is small, too: what keeps the divisor above zero has to "
    "be far below any gradient, such as 1e-12"
)
READ = 4  # columns that `half_read` reads
DISTANCE_NORM = (3 * SIZE[0] * (SIZE[1] - READ)) ** 0.5  # norm of the unread part, all ones


def calm_image(generator) -> Tensor:
    """Return (1, 3, 9, 7) within 0.1 of mid-grey: no step gets near 0 or 1."""
    return 0.5 + 0.2 * (torch.rand(1, 3, *SIZE, generator=generator) - 0.5)


def random_weight(generator, classes: int = 3) -> Tensor:
    """Return (classes, 3, 9, 7) weights of norm 4, of both signs, none of them near 0."""
    signs = torch.randn(classes, 3, *SIZE, generator=generator).sign()
    weight = signs * (0.5 + torch.rand(signs.shape, generator=generator))
    return 4 * weight / weight.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def lonely(weight: Tensor) -> nn.Module:
    """Return a network whose class 1 alone reads the picture, with (1, 3, H, W), and wins.

    The gradient of a loss or a probability of class 1 is then a multiple of that of its logit, and
    so is that of the largest logit.
    """
    rows = torch.zeros(3, *weight.shape[1:])
    rows[1] = weight[0]
    return linear_probe(rows, torch.tensor([0.0, 5 - float(weight.sum()) / 2, 0.0]))


def step(student, model, image, l2_reg=0.0, step_size=0.5, label=1) -> Tensor:
    """Return how far the student's step moves each value, in float64."""
    value = student.class_visualization_step(model, image, label, l2_reg, step_size)
    require_answer(value, image, "class_visualization_step")
    return tensor_of(value, tuple(image.shape), "the result") - image.double()


def require_a_step(moved: Tensor, weight: Tensor) -> None:
    """Fail unless the picture moves about along the gradient: garbage earns no side matters."""
    likeness = (moved * weight).sum() / (moved.norm() * weight.norm())
    assert likeness.abs() > 0.3, "the picture does not move along the gradient of the logit"


@points(2, exercise="class_visualization_step")
def test_direction(student):
    """The picture moves along the gradient, upwards."""
    generator = student.generator(1)
    weight, image = random_weight(generator, 1), calm_image(generator)
    moved = step(student, lonely(weight), image)
    uphill = reference.ascent_direction(lonely(weight), image, 1)
    if not either_way(moved, uphill):
        other = step(student, lonely(random_weight(generator, 1)), image)
        assert not torch.equal(other, moved), (
            "another network gives the same step: use the `model` that is passed in, load none"
        )
    require(
        moved,
        uphill,
        "the picture does not move along the gradient of the label's logit",
        same=proportional,
        mistakes={
            "the step goes downhill: we climb, so the gradient is added": -uphill,
            "every value moves by the same amount: divide the gradient by its norm, do not take "
            "its sign": uphill.sign(),
            "the result is the step alone: add it to the image": 0.5 * uphill - image,
        },
    )


@points(2, exercise="class_visualization_step")
def test_step_length(student):
    """The picture moves by exactly the step size."""
    generator = student.generator(2)
    weight, image = random_weight(generator, 1), calm_image(generator)
    faint = float(step(student, lonely(weight / 400), image, 0.0, 0.5).norm())  # of norm 0.01
    sizes, scales = (0.5, 1.25), (0.25, 2.0)  # gradients of norm 1 and 8
    lengths = {
        (size, 4 * scale): float(step(student, lonely(scale * weight), image, 0.0, size).norm())
        for size, scale in itertools.product(sizes, scales)
    }
    if all(abs(length / size - 1) < 2e-3 for (size, _), length in lengths.items()):
        assert abs(faint / 0.5 - 1) < 0.02, FAINT
        return
    known = {
        "the step is as long as the gradient: divide the gradient by its norm": lambda s, g: s * g,
        "the gradient is divided by its squared norm: divide by the norm": lambda s, g: s / g,
    }
    for text, rule in known.items():
        ratios = [length / rule(*key) for key, length in lengths.items()]
        assert max(ratios) > 1.01 * min(ratios), text
    same = all(abs(lengths[0.5, g] / lengths[1.25, g] - 1) < 1e-2 for g in (1.0, 8.0))
    assert not same, "`step_size` has no influence on the length of the step"
    raise AssertionError(
        "the picture does not move by `step_size`: divide the gradient by its Euclidean norm over "
        "all pixels and channels, one number"
    )


@points(3, exercise="class_visualization_step")
def test_logit(student):
    """It is the label's logit that climbs, not a probability or a loss."""
    generator = student.generator(3)
    model, image = linear_probe(random_weight(generator, 4) / 4), calm_image(generator)
    order = model(image)[0].argsort()
    label, best = int(order[1]), torch.tensor([int(order[-1])])
    loss = reference.loss_gradients(model, image, torch.tensor([label]))
    every = sum(reference.logit_gradients(model, image, torch.tensor([k])) for k in range(4))
    require(
        step(student, model, image, label=label),
        reference.ascent_direction(model, image, label),
        "the step is not along the gradient of the label's logit",
        same=either_way,
        mistakes={
            "this is the gradient of a loss or a probability (cross-entropy, log-softmax or "
            "softmax): it also lowers the other classes. Climb the logit, the network's output "
            "itself": loss,
            "this climbs the largest logit, whatever it is: use `label`": (
                reference.logit_gradients(model, image, best)
            ),
            "this climbs the sum of all logits: pick that of `label`": every,
        },
    )


def half_read(generator, unread: Tensor | float) -> tuple[nn.Module, Tensor, Tensor]:
    """Return a network that reads the left columns only, its weight, and an image grey there.

    So the right columns move for the penalty alone, and the left ones for the logit alone. The
    weights of the left add up to 0: a penalty measured from 0 cannot hide their direction.
    """
    weight = random_weight(generator, 1)
    weight[..., READ:] = 0
    weight[..., :READ] -= weight[..., :READ].mean()
    weight = 4 * weight / weight.norm()
    image = torch.full((1, 3, *SIZE), 0.5)
    image[..., READ:] = unread
    return lonely(weight), weight, image


def pull(student, generator, unread: Tensor | float, l2_reg: float) -> Tensor:
    """Return the move of the unread columns for each unit that the logit's gradient is followed.

    It is minus the gradient of the penalty, downhill steps included.
    """
    model, weight, image = half_read(generator, unread)
    moved = step(student, model, image, l2_reg)
    followed = (moved * weight).sum() / weight.square().sum()
    assert followed.abs() > 1e-6, "with a penalty, the picture does not follow the logit any more"
    return moved[..., READ:] / followed


def unmoved(values: Tensor) -> bool:
    """Return whether the penalty moves nothing, which `test_pulls_to_grey` says."""
    return bool(values.abs().max() < 1e-6)


@points(3, exercise="class_visualization_step")
def test_pulls_to_grey(student):
    """The L2 penalty pulls the picture towards mid-grey."""
    pulled = pull(student, student.generator(4), 0.9, 0.3)
    assert not unmoved(pulled), (
        "the penalty moves no pixel. It is about the image's own values, and it has a gradient "
        "only if it is computed from the tensor that asks for one: not from `.data`, `.item()` or "
        "`.detach()`, and not under `no_grad`"
    )
    assert not pulled.mean() > 0, (
        "the penalty pushes the picture away from grey: it is subtracted from the logit"
    )
    assert pulled.max() < 0, "pixels of one colour are pulled in different directions"


@points(2, exercise="class_visualization_step")
def test_measured_from_grey(student):
    """The penalty measures from mid-grey, 0.5."""
    generator = student.generator(5)
    shape = (1, 3, SIZE[0], SIZE[1] - READ)
    away = torch.randn(shape, generator=generator).sign()
    away *= 0.1 + 0.3 * torch.rand(shape, generator=generator)
    pulled = pull(student, generator, 0.5 + away, 0.3)
    if unmoved(pulled):
        return
    require(
        pulled,
        away.double(),
        "a pixel is not pulled in proportion to its distance from mid-grey",
        same=either_way,
        mistakes={
            "the penalty measures from 0: images lie in [0, 1] here, and mid-grey is 0.5": (
                0.5 + away.double()
            ),
            "every pixel is pulled alike: the penalty is a sum of squares, not of absolute "
            "values": away.double().sign(),
        },
    )


@points(3, exercise="class_visualization_step")
def test_squared_norm(student):
    """The penalty is l2_reg times the squared norm."""
    trials = list(itertools.product((0.7, 0.9), (0.15, 0.4)))  # value, l2_reg
    pulls = [float(pull(student, student.generator(6), v, w).norm()) for v, w in trials]
    from_zero = [p / (2 * w * v * DISTANCE_NORM) for p, (v, w) in zip(pulls, trials, strict=True)]
    if max(pulls) < 1e-6 or agree(from_zero):
        return  # no penalty at all, or one that measures from 0, which other checks say
    factors = [  # 1 if it is right
        p / (2 * w * (v - 0.5) * DISTANCE_NORM) for p, (v, w) in zip(pulls, trials, strict=True)
    ]
    as_norm = [p / w for p, (_, w) in zip(pulls, trials, strict=True)]
    without_weight = [p / (v - 0.5) for p, (v, _) in zip(pulls, trials, strict=True)]
    assert not agree(as_norm), (
        "the penalty is the norm: far from grey it pulls no harder than near. The exercise asks "
        "for the squared norm, without a root"
    )
    assert not agree(factors, 0.5), (
        "the penalty pulls half as hard as it should: it is l2_reg * ||image - 0.5||^2, without "
        "the factor 1/2, and the derivative of a square has a 2"
    )
    assert not agree(factors, 1 / (3 * SIZE[0] * SIZE[1])), (
        "the penalty is the mean of the squares: the squared norm is their sum"
    )
    assert not (max(without_weight) < 1.01 * min(without_weight)), (
        "`l2_reg` has no influence on the penalty"
    )
    assert agree(factors), "the penalty is not `l2_reg` times the sum of (image - 0.5) ** 2"


def agree(factors: list[float], value: float = 1.0) -> bool:
    """Return whether all factors are about that value."""
    return all(abs(factor / value - 1) < 0.02 for factor in factors)


def curved_probe(generator) -> nn.Module:
    """Return a network whose gradient turns from step to step; class 1 alone reads anything."""
    first, last = nn.Linear(3 * SIZE[0] * SIZE[1], 12), nn.Linear(12, 3)
    first.weight.data = torch.randn(first.weight.shape, generator=generator) / 2
    first.bias.data = torch.randn(first.bias.shape, generator=generator) / 2
    last.weight.data = torch.zeros(last.weight.shape)
    last.weight.data[1] = torch.randn(12, generator=generator) / 4
    last.bias.data = torch.tensor([0.0, 5.0, 0.0])
    return nn.Sequential(nn.Flatten(), first, nn.Tanh(), last).requires_grad_(False).eval()


@points(2, exercise="class_visualization_step")
def test_second_step(student):
    """Each step follows the gradient at the picture that it was given."""
    generator = student.generator(7)
    model, image = curved_probe(generator), calm_image(generator)
    call = student.call("class_visualization_step", model, image, 1, 0.0, 0.25, again=(1, 3))
    places = [image.double()]
    for number, value in enumerate(call.value, start=1):
        if number == 1:
            require_answer(value, image, "class_visualization_step")
        places.append(tensor_of(value, tuple(image.shape), "the result"))
        moved = places[-1] - places[-2]
        uphill = reference.ascent_direction(model, places[-2], 1)
        if either_way(moved, uphill) or not uphill.isfinite().all():
            continue
        assert number > 1, (
            "the step is not along the gradient at the picture that was given: one step, from one "
            "gradient, at `image`"
        )
        raise AssertionError(
            f"the first step is right, step {number} is not along its gradient: gradients add up "
            "in `.grad`. Take a fresh copy at every call, or clear the gradient"
        )


@points(1, exercise="class_visualization_step")
def test_not_clamped(student):
    """The result is not clamped to [0, 1]."""
    generator = student.generator(8)
    weight = random_weight(generator, 1)
    image = torch.where(torch.rand(weight.shape, generator=generator) > 0.5, 0.99, 0.01)
    moved = step(student, lonely(weight / 2), image, step_size=1.2)
    require_a_step(moved, weight)
    result = image + moved
    assert result.max() > 1.001 or result.min() < -0.001, (
        "the result stays in [0, 1]: do not clamp it, the loop around your step does"
    )
    image = torch.where(image > 0.5, 1.5, -0.5)  # outside already
    moved = step(student, lonely(weight / 2), image, step_size=0.1)
    assert moved.abs().max() < 0.2, (
        "values that lie outside [0, 1] already are clamped before the step: start from the "
        "picture as it is"
    )


def witnessed_step(student, number: int):
    """Return what the worker saw of a call, provided that its result is a moved picture."""
    generator = student.generator(number)
    weight, image = random_weight(generator, 1), calm_image(generator)
    call = student.call("class_visualization_step", lonely(weight), image, 1, 0.0, 0.5)
    require_answer(call.value, image, "class_visualization_step")
    moved = tensor_of(call.value, tuple(image.shape), "the result") - image.double()
    require_a_step(moved, weight)
    return call


@points(1, exercise="class_visualization_step")
def test_image_unchanged(student):
    """The caller's picture keeps its values (witnessed by the worker)."""
    assert witnessed_step(student, 9).inputs_unchanged, (
        "the picture that was given is changed in place: work on a copy"
    )


@points(1, exercise="class_visualization_step")
def test_model_unchanged(student):
    """The network stays as it was: weights, mode, hooks (witnessed by the worker)."""
    assert witnessed_step(student, 10).models_unchanged, (
        "the network is changed: its weights, its mode, a hook, or `requires_grad`"
    )


# blur_and_clip(image, sigma, fraction) -> (1, 3, H, W)

CANVAS, CENTRE = (41, 37), (20, 18)
WINDOW = 10  # pixels around the centre that are looked at: what is done at the border is not seen
TINY = 0.05  # a sigma that blurs nothing
NOISE_SIZE = (8, 9)


def cleaned(student, image, sigma, fraction) -> Tensor:
    """Return the student's result in float64."""
    value = student.blur_and_clip(image, sigma, fraction)
    return tensor_of(value, tuple(image.shape), "the result")


def spot(student, sigma, channels=(0, 1, 2)) -> Tensor:
    """Return (3, 21, 21), what the blur makes of a bright pixel on grey, less the grey.

    Grey stays grey whether it is clipped or not, so that nothing but the blur is seen.
    """
    image = torch.full((1, 3, *CANVAS), 0.5)
    image[:, list(channels), CENTRE[0], CENTRE[1]] = 1.0
    value = student.blur_and_clip(image, sigma, 0.0)
    require_answer(value, image, "blur_and_clip")
    rows, columns = (slice(c - WINDOW, c + WINDOW + 1) for c in CENTRE)
    blurred = tensor_of(value, tuple(image.shape), "the result")[0, :, rows, columns]
    blurred = (blurred - 0.5) / 0.5
    assert blurred.sum() > 0.01, "a bright pixel on grey vanishes although `fraction` is 0"
    return blurred


def spread(profile: Tensor) -> float:
    """Return the standard deviation of a profile (n,) about its middle."""
    places = torch.arange(len(profile)).double()
    share = profile / profile.sum()
    middle = (share * places).sum()
    return float((share * (places - middle) ** 2).sum().clamp(min=0).sqrt())


@points(2, exercise="blur_and_clip")
def test_width_of_the_blur(student):
    """The blur has a standard deviation of sigma pixels, down and across."""
    for sigma in (2.0, 2.0**0.5):
        blurred = spot(student, sigma).mean(0)
        found = spread(blurred.sum(1)), spread(blurred.sum(0))
        if all(abs(f / sigma - 1) < 0.06 for f in found):
            continue
        assert min(found) > 0.1 or max(found) < 0.1, (
            "the blur works in one direction only: down and across are needed"
        )
        assert not all(abs(f / sigma**0.5 - 1) < 0.06 for f in found), (
            "the blur is that of a Gaussian whose variance is `sigma`: it is the standard deviation"
        )
        raise AssertionError(
            "the blur is not `sigma` pixels wide: sigma is the Gaussian's standard deviation, and "
            "its kernel reaches at least 3 sigma to each side"
        )


@points(1, exercise="blur_and_clip")
def test_gaussian(student):
    """The blur is a Gaussian."""
    sigma = 2.0
    blurred = spot(student, sigma).mean(0)
    blurred = blurred / blurred.sum()
    own = spread(blurred.sum(1)), spread(blurred.sum(0))  # the width is another check's
    usable = all(0.8 < width < 4 for width in own)
    peak = int(blurred.sum(1).argmax()), int(blurred.sum(0).argmax())
    expected = reference.gaussian_spot(blurred.shape, peak, sum(own) / 2 if usable else sigma)
    assert close(blurred, expected, 0.08), (
        "one bright pixel does not become a Gaussian: is it a box, or a mean over a window?"
    )


@points(1, exercise="blur_and_clip")
def test_weights_of_the_blur(student):
    """The blur keeps the brightness, and its place."""
    blurred = spot(student, 1.5).mean(0)
    offsets = torch.arange(-WINDOW, WINDOW + 1).double()
    middle = [float(blurred.sum(axis) @ offsets / blurred.sum()) for axis in (0, 1)]
    assert abs(float(blurred.sum()) - 1) < 0.03, (
        "the blur makes the picture brighter or darker: the kernel's weights should add up to 1"
    )
    assert all(abs(offset) < 0.1 for offset in middle), (
        "the blur moves the picture: the kernel needs an odd size and its peak in the middle"
    )


@points(1, exercise="blur_and_clip")
def test_channels_apart(student):
    """Each channel is blurred by itself."""
    blurred = spot(student, 1.5, channels=(0,))
    assert blurred[1:].abs().max() < 1e-3, (
        "a red spot leaks into green or blue: blur each channel by itself"
    )


@points(2, exercise="blur_and_clip")
def test_border(student):
    """At the border the picture goes on with its own pixels."""
    spot(student, 1.5)  # something is blurred at all
    colour = torch.tensor([0.8, 0.3, 0.7]).view(1, 3, 1, 1)
    result = cleaned(student, colour.expand(1, 3, 12, 10).clone(), 1.5, 0.0)
    assert (result - 0.5).abs().amin() > 1e-6, (
        "with `fraction=0` no pixel is clipped, not even where all are equally near to grey"
    )
    assert close(result, colour.expand_as(result), 0.02), (
        "a picture of one colour does not keep it at the border: pad with the picture's own "
        "pixels, repeated or mirrored, not with zeros"
    )
    striped = torch.full((1, 3, 14, 16), 0.5)
    striped[..., -1] = 1.0
    assert (cleaned(student, striped, 1.5, 0.0)[..., 0] - 0.5).abs().max() < 1e-3, (
        "what is at the right border appears at the left one: the picture is wrapped around"
    )


def grey_noise(generator) -> Tensor:
    """Return (1, 3, 8, 9) of grey pixels on both sides of 0.5, all distances different."""
    count = NOISE_SIZE[0] * NOISE_SIZE[1]
    distances = 0.02 + 0.43 * torch.randperm(count, generator=generator).float() / count
    signs = torch.randn(count, generator=generator).sign()
    return (0.5 + signs * distances).view(1, 1, *NOISE_SIZE).repeat(1, 3, 1, 1)


def clipped(result: Tensor) -> tuple[Tensor, Tensor]:
    """Return (H, W) bool, the pixels that share the most common value, and that value (3,)."""
    pixels = result[0].flatten(1).T  # (H * W, 3)
    values, inverse, counts = pixels.unique(dim=0, return_inverse=True, return_counts=True)
    common = int(counts.argmax())
    places = (inverse == common) & (counts[common] > 1)
    return places.view(result.shape[2:]), values[common]


@points(2, exercise="blur_and_clip")
def test_share(student):
    """The given fraction of the pixels is clipped."""
    image = grey_noise(student.generator(21))
    count = NOISE_SIZE[0] * NOISE_SIZE[1]
    for fraction in (0.25, 0.6, 1.0):
        found = int(clipped(cleaned(student, image, TINY, fraction))[0].sum())
        assert abs(found - fraction * count) <= 1, (
            f"with fraction {fraction} of {count} pixels, {found} are clipped: count pixels, a "
            "share of all H * W, not values and not a distance"
        )
    assert found == count, f"with fraction 1 all pixels are clipped, and {count - found} is left"
    found = int(clipped(cleaned(student, image, TINY, 0.0))[0].sum())
    assert found == 0, f"with fraction 0, {found} pixels are clipped"


def clip_at(student, image, sigma, fraction) -> tuple[Tensor, Tensor, Tensor]:
    """Return the clipped pixels (H, W), the result, and what the student's own blur gives.

    So a wrong blur, which other checks see, is no mistake here.
    """
    blurred = cleaned(student, image, sigma, 0.0)
    result = cleaned(student, image, sigma, fraction)
    return clipped(result)[0], result, blurred


def require_places(places: Tensor, blurred: Tensor, fraction: float, message: str, known: dict):
    """Fail unless the clipped pixels are the nearest to grey, but for two that tie or round."""
    count = int(fraction * places.numel())
    expected = reference.nearest_to_grey(blurred, count)
    if int((places != expected).sum()) <= 2:
        return
    for text, distances in known.items():
        order = distances.flatten().argsort()[:count]
        wrong = torch.zeros(places.numel(), dtype=torch.bool)
        wrong[order] = True
        assert int((places != wrong.view(places.shape)).sum()) > 2, text
    raise AssertionError(message)


@points(3, exercise="blur_and_clip")
def test_nearest_to_grey(student):
    """The pixels nearest to mid-grey are clipped, and no others change."""
    image = grey_noise(student.generator(22))
    places, result, blurred = clip_at(student, image, TINY, 0.4)
    assert places.any(), "with fraction 0.4 no pixels share a value: none is clipped"
    grey = blurred[0].mean(0)
    require_places(
        places,
        blurred,
        0.4,
        "the clipped pixels are not those nearest to mid-grey",
        {
            "the pixels farthest from grey are clipped: take the nearest": -(grey - 0.5).abs(),
            "the darkest pixels are clipped: a pixel above 0.5 and one below can be equally "
            "near, so take the distance without its sign": grey,
            "the brightest pixels are clipped: take those nearest to 0.5": -grey,
        },
    )
    kept = ~places.expand_as(result)
    assert close(result[kept], blurred[kept]), "pixels change that are not clipped"


@points(1, exercise="blur_and_clip")
def test_grey_level(student):
    """Clipped pixels become mid-grey, 0.5."""
    places, value = clipped(cleaned(student, grey_noise(student.generator(23)), TINY, 0.4))
    assert places.any(), "with fraction 0.4 no pixels share a value: none is clipped"
    assert (value - 0.5).abs().max() < 1e-6, "clipped pixels should be 0.5 in all three channels"


@points(2, exercise="blur_and_clip")
def test_whole_pixels(student):
    """A pixel is clipped in all three channels or in none."""
    generator = student.generator(24)
    image = torch.rand(1, 3, *NOISE_SIZE, generator=generator)
    _, result, blurred = clip_at(student, image, TINY, 0.4)
    changed = ((result - blurred).abs() > 1e-5)[0].sum(0)  # (H, W) channels
    assert changed.any(), "with fraction 0.4 nothing is clipped"
    assert int(((changed > 0) & (changed < 3)).sum()) <= 1, (
        "some pixels are clipped in one channel and not in another: the distance is one number a "
        "pixel, and a clipped pixel loses all its colour"
    )


def coloured_pixels(generator) -> Tensor:
    """Return (1, 3, 8, 9) of eight kinds of colours; each notion of distance orders them anew."""
    kinds = torch.tensor(
        [
            [0.10, 0.10, 0.10],
            [0.14, 0.00, 0.00],
            [0.00, 0.24, 0.00],
            [0.12, -0.12, 0.12],
            [0.30, -0.30, 0.00],
            [0.00, 0.02, 0.34],
            [0.19, 0.19, -0.19],
            [0.00, -0.22, 0.22],
        ]
    )
    colours = kinds.repeat(9, 1) * (1 + 0.02 * torch.rand(72, 1, generator=generator))
    order = torch.randperm(72, generator=generator)
    return 0.5 + colours[order].T.reshape(1, 3, *NOISE_SIZE)


@points(1, exercise="blur_and_clip")
def test_distance_of_a_colour(student):
    """The distance of a colour from mid-grey is the Euclidean one."""
    image = coloured_pixels(student.generator(25))
    for fraction in (0.25, 0.5, 0.75):
        places, result, blurred = clip_at(student, image, TINY, fraction)
        places = ((result - blurred).abs() > 1e-5)[0].any(0)
        away = blurred[0] - 0.5
        require_places(
            places,
            blurred,
            fraction,
            "the distance of a colour from grey is sqrt of the sum over the channels of "
            "(value - 0.5) ** 2: `(image - 0.5).norm(dim=1)`",
            {
                "a colour's brightness is measured, not its distance from grey: of the mean over "
                "the channels, opposite colours cancel": away.mean(0).abs(),
                "the largest channel is measured: the distance is the Euclidean one": (
                    away.abs().amax(0)
                ),
                "the absolute values of the channels are added: the distance is the Euclidean "
                "one": away.abs().sum(0),
            },
        )


@points(2, exercise="blur_and_clip")
def test_blur_first(student):
    """The blurred picture is what is clipped."""
    generator = student.generator(26)
    board = (torch.arange(16)[:, None] + torch.arange(12)) % 2  # its mean is grey
    image = torch.where(board.bool(), 0.9, 0.1).repeat(1, 3, 1, 1)
    image[..., 6:] = 0.65
    image += 0.02 * torch.rand(image.shape, generator=generator)
    places, _, blurred = clip_at(student, image, 1.0, 0.3)
    assert int(places.sum()) > 5, (
        "after a blur that counts, no pixels share a value: blur first, then clip, or the blur "
        "washes the grey pixels out"
    )
    farthest = ~reference.nearest_to_grey(blurred, places.numel() - int(places.sum()))
    if torch.equal(places, farthest):
        return  # which another check says
    assert places[:, 6:].sum() < places[:, :6].sum(), (
        "the pixels are chosen in the picture before the blur: choose in the blurred one"
    )


@points(1, exercise="blur_and_clip")
def test_picture_unchanged(student):
    """The caller's picture keeps its values (witnessed by the worker)."""
    image = torch.rand(1, 3, 16, 12, generator=student.generator(27))
    call = student.call("blur_and_clip", image, 1.0, 0.4)
    require_answer(call.value, image, "blur_and_clip")
    tensor_of(call.value, tuple(image.shape), "the result")
    assert call.inputs_unchanged, "the picture that was given is changed in place: work on a copy"


# facet_starts(images, features, k) -> (k, 3, H, W)

FACET = (3, 4, 5)
FAR = 100.0  # distance of two groups of features; within a group it is about 1


def group_pictures(generator, groups: Tensor, noise: float = 0.0) -> Tensor:
    """Return (N, 3, 4, 5): the pictures of a group are alike, but for noise."""
    centres = torch.rand(int(groups.max()) + 1, *FACET, generator=generator)
    own = torch.rand(len(groups), *FACET, generator=generator) ** 3  # mean and median differ
    return (1 - noise) * centres[groups] + noise * own


def group_features(generator, groups: Tensor) -> Tensor:
    """Return (N, 6), groups far apart in random directions."""
    directions = torch.linalg.qr(torch.randn(6, 6, generator=generator)).Q
    return FAR * directions[groups] + torch.randn(len(groups), 6, generator=generator) / 3


def means(images: Tensor, groups: Tensor) -> Tensor:
    """Return (k, 3, H, W), the mean picture of each group."""
    return torch.stack([images[groups == j].double().mean(0) for j in groups.unique()])


def facets(student, images, features, k) -> Tensor:
    """Return the student's facets in float64."""
    return facets_of(student.facet_starts(images, features, k), images, k)


def facets_of(value, images, k) -> Tensor:
    """Return what facet_starts gave as (k, 3, H, W); fail where it is none."""
    require_answer(value, images, "facet_starts")
    assert not isinstance(value, list), "the result is a list: `torch.stack` makes it one tensor"
    return tensor_of(value, (k, *images.shape[1:]), "the result")


def same_set(value: Tensor, expected: Tensor) -> bool:
    """Return whether some order of the facets is the expected one."""
    return any(
        close(value[list(order)], expected) for order in itertools.permutations(range(len(value)))
    )


@points(2, exercise="facet_starts")
def test_one_facet(student):
    """With k = 1 the facet is the mean of all images."""
    generator = student.generator(31)
    images = torch.rand(7, *FACET, generator=generator) ** 3
    features = torch.randn(7, 6, generator=generator)
    require(
        facets(student, images, features, 1),
        images.double().mean(0, keepdim=True),
        "with k = 1 the result is not the mean of all images",
        mistakes={
            "this is the sum of the images: take their mean": images.double().sum(0, keepdim=True),
            "this is the median: take the mean": images.double().median(0, keepdim=True).values,
        },
    )


@points(3, exercise="facet_starts")
def test_groups(student):
    """Groups of unequal size that are far apart are found."""
    generator = student.generator(32)
    groups = torch.tensor([0, 1, 2, 0, 0, 2, 0, 1, 0, 0])
    images, features = group_pictures(generator, groups), group_features(generator, groups)
    require(
        facets(student, images, features, 3),
        means(images, groups),
        "three groups of features lie far apart, and the facets are not the means of their images",
        same=same_set,
    )


@points(2, exercise="facet_starts")
def test_features_decide(student):
    """The features decide which images belong together, not the pixels."""
    generator = student.generator(33)
    by_features = torch.tensor([0, 1, 0, 1, 0, 1, 0, 1])
    by_pixels = torch.tensor([0, 0, 1, 1, 0, 0, 1, 1])
    images = group_pictures(generator, by_pixels, noise=0.05)
    features = group_features(generator, by_features) / 100  # nearer together than the pixels
    require(
        facets(student, images, features, 2),
        means(images, by_features),
        "the facets are not the mean images of the two groups of features",
        same=same_set,
        mistakes={
            "the images are clustered by their pixels: cluster the features": means(
                images, by_pixels
            )
        },
    )


@points(2, exercise="facet_starts")
def test_mean_image(student):
    """A facet is the plain mean of its group's images."""
    generator = student.generator(34)
    groups = torch.tensor([0, 1, 0, 0, 1, 0, 0, 0])
    images, features = group_pictures(generator, groups, 0.9), group_features(generator, groups)
    expected = means(images, groups)
    counts = groups.bincount().view(-1, 1, 1, 1)
    medians = torch.stack([images[groups == j].double().median(0).values for j in (0, 1)])
    found = facets(student, images, features, 2)
    gaps = torch.cdist(found.flatten(1), images.double().flatten(1)).amin(1)
    assert same_set(found, expected) or gaps.max() > 1e-4, (
        "a facet is one of the images: take the mean of the group"
    )
    require(
        found,
        expected,
        "a facet is not the mean of its group's images",
        same=same_set,
        mistakes={
            "a facet is the sum of its images: divide by the size of its own group": (
                expected * counts
            ),
            "the sums are divided by the same number: each by the size of its own group": (
                expected * counts / counts.double().mean()
            ),
            "a facet is the median of its images: take the mean": medians,
        },
    )


@points(1, exercise="facet_starts")
def test_features_as_they_are(student):
    """Distances are Euclidean, of the features as they are."""
    generator = student.generator(35)
    groups = torch.tensor([0, 1, 1, 0, 1, 0, 1, 0])
    images = group_pictures(generator, groups)
    ray = torch.rand(1, 6, generator=generator) + 1
    lengths = torch.where(groups == 1, 40.0, 4.0)[:, None]
    features = lengths * ray  # the groups differ in length alone
    angles = torch.tensor([1.0, -1, 1, -1, -1, 1, -1, 1])[:, None]  # another split, by direction
    features = features + 0.05 * lengths * angles * torch.tensor([1.0, -1, 1, -1, 1, -1])
    require(
        facets(student, images, features, 2),
        means(images, groups),
        "two groups whose features differ in length alone are mixed: do not normalize the features",
        same=same_set,
    )
    wide, narrow = (torch.where(g == 1, 1.0, -1.0)[:, None] for g in (groups, angles[:, 0]))
    columns = torch.cat([10 * wide, narrow, narrow], dim=1)  # the split of the one with a spread
    require(
        facets(student, images, columns + 0.05 * torch.randn(8, 3, generator=generator), 2),
        means(images, groups),
        "the groups of the feature that varies most are mixed: take the features as they are",
        same=same_set,
        mistakes={
            "the features are standardized, so that each counts the same: take them as they are, "
            "do not divide by their standard deviations": means(images, (angles[:, 0] > 0).long())
        },
    )


@points(2, exercise="facet_starts")
def test_not_stuck(student):
    """Each far group gets its facet, wherever k-means starts."""
    generator = student.generator(36)
    groups = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2])  # the first images are all of one group
    images = group_pictures(generator, groups)
    places = torch.tensor([[0.0, 0.0], [100.0, 0.0], [130.0, 0.0]])
    features = places[groups] + torch.randn(8, 2, generator=generator) / 3
    require(
        facets(student, images, features, 3),
        means(images, groups),
        "a group that lies far from the others got no facet of its own: k-means is stuck. Start "
        "it several times and keep the best, or start from features far from each other",
        same=same_set,
    )


@points(1, exercise="facet_starts")
def test_images_unchanged(student):
    """The caller's images and features keep their values (witnessed by the worker)."""
    generator = student.generator(37)
    groups = torch.tensor([0, 1, 0, 1, 0])
    images, features = group_pictures(generator, groups), group_features(generator, groups)
    call = student.call("facet_starts", images, features, 2)
    facets_of(call.value, images, 2)
    assert call.inputs_unchanged, "the images or the features are changed in place: work on a copy"


# latent_step(generator, model, z, label, step_size) -> (N, D)

LATENTS = 5
DRAWN = (4, 3)


def drawing(generator) -> nn.Module:
    """Return a generator of pictures (N, 3, 4, 3) from (N, 5) latents; it is not linear."""
    first, last = nn.Linear(LATENTS, 10), nn.Linear(10, 3 * DRAWN[0] * DRAWN[1])
    for layer in (first, last):
        layer.weight.data = torch.randn(layer.weight.shape, generator=generator) / 2
        layer.bias.data = torch.randn(layer.bias.shape, generator=generator) / 2
    shape = nn.Unflatten(1, (3, *DRAWN))
    return nn.Sequential(first, nn.Tanh(), last, shape).requires_grad_(False).eval()


def onlooker(generator, classes=3, rivals=False) -> nn.Module:
    """Return a linear network; but for `rivals` its class 1 alone reads the picture."""
    weight = torch.randn(classes, 3, *DRAWN, generator=generator) / 8
    if rivals:
        return linear_probe(weight)
    weight[[0, 2]] = 0
    return linear_probe(weight, torch.tensor([0.0, 5.0, 0.0]))  # class 1 is the largest, too


def latent_move(student, draw, model, z, label=1, step_size=0.5) -> Tensor:
    """Return how far each latent moves, in float64."""
    value = student.latent_step(draw, model, z, label, step_size)
    require_answer(value, z, "latent_step")
    return tensor_of(value, tuple(z.shape), "the result") - z.double()


@points(2, exercise="latent_step")
def test_one_latent(student):
    """One latent moves along the gradient, upwards."""
    generator = student.generator(41)
    draw, model = drawing(generator), onlooker(generator)
    z = torch.randn(1, LATENTS, generator=generator)
    try:
        moved = latent_move(student, draw, model, z)
    except NotAnswered:
        raise
    except (AssertionError, StudentError) as error:
        try:
            latent_move(student, draw, model, z.repeat(2, 1))
        except (AssertionError, StudentError):
            raise error from None
        raise AssertionError(
            f"N = 1 fails although N = 2 works: {error}. Does a `squeeze()` drop the first axis?"
        ) from error
    uphill = reference.latent_directions(draw, model, z, 1)
    require(
        moved,
        uphill,
        "the latent does not move along the gradient of the logit with respect to z",
        same=proportional,
        mistakes={
            "the step goes downhill: we climb, so the gradient is added": -uphill,
            "every latent number moves by the same amount: divide the gradient by its norm, do "
            "not take its sign": uphill.sign(),
            "the result is the step alone: add it to z": 0.5 * uphill - z,
        },
    )


@points(3, exercise="latent_step")
def test_several_latents(student):
    """Several latents move as each moves alone."""
    generator = student.generator(42)
    draw, model = drawing(generator), onlooker(generator)
    z = torch.randn(4, LATENTS, generator=generator)
    moved = latent_move(student, draw, model, z)
    uphill = reference.latent_directions(draw, model, z, 1)
    assert not (either_way(moved[:1], uphill[:1]) and moved[1:].abs().max() < 1e-6), (
        "only the first latent moves: differentiate the sum of the N logits"
    )
    require(
        moved,
        uphill,
        "with N = 4 a latent does not move as it moves alone: each row climbs its own logit",
        same=either_way,
    )
    lengths, alone = moved.norm(dim=1), latent_move(student, draw, model, z[:1]).norm()
    assert abs(lengths[0] / alone - 1) < 2e-3, (
        "with N = 4 the first latent moves by another length than alone: the norm is one a row, "
        "`gradient.norm(dim=1, keepdim=True)`, not one for all rows"
    )


@points(2, exercise="latent_step")
def test_length_of_a_latents_step(student):
    """A latent moves by exactly the step size."""
    generator = student.generator(43)
    draw, weight = drawing(generator), torch.randn(1, 3, *DRAWN, generator=generator) / 6
    z = torch.randn(1, LATENTS, generator=generator)
    lengths = {}
    for size, scale in itertools.product((0.5, 1.25), (0.1, 1.0)):
        lengths[size, scale] = float(
            latent_move(student, draw, lonely(scale * weight), z, 1, size).norm()
        )
    if all(abs(length / size - 1) < 2e-3 for (size, _), length in lengths.items()):
        faint = float(latent_move(student, draw, lonely(3e-3 * weight), z).norm())
        assert abs(faint / 0.5 - 1) < 0.02, FAINT
        draw[0].weight.data /= 8  # so that tanh has a slope far from 0
        far = float(latent_move(student, draw, lonely(weight), 6 * z.sign()).norm())
        assert abs(far / 0.5 - 1) < 0.02, (
            "a latent far from 0 does not move by `step_size`: its numbers may have any size, so "
            "do not clamp them"
        )
        return
    known = {
        "the step is as long as the gradient: divide each row by its norm": lambda s, g: s * g,
        "the gradient is divided by its squared norm: divide by the norm": lambda s, g: s / g,
        "`step_size` has no influence on the length of the step": lambda s, g: 1.0,
    }
    for text, rule in known.items():
        ratios = [length / rule(*key) for key, length in lengths.items()]
        assert max(ratios) > 1.01 * min(ratios), text
    raise AssertionError("a latent does not move by `step_size`: divide by the Euclidean norm")


@points(3, exercise="latent_step")
def test_logit_of_the_drawing(student):
    """It is the label's logit that climbs, not a probability or a loss."""
    generator = student.generator(44)
    draw, model = drawing(generator), onlooker(generator, classes=4, rivals=True)
    z = torch.randn(1, LATENTS, generator=generator)
    order = model(draw(z))[0].argsort()
    label, best = int(order[1]), int(order[-1])
    logits = nn.Sequential(*model, nn.LogSoftmax(dim=1))
    require(
        latent_move(student, draw, model, z, label),
        reference.latent_directions(draw, model, z, label),
        "the step is not along the gradient of the label's logit",
        same=either_way,
        mistakes={
            "this is the gradient of a loss or a probability: climb the logit, the network's "
            "output itself": reference.latent_directions(draw, logits, z, label),
            "this climbs the largest logit, whatever it is: use `label`": (
                reference.latent_directions(draw, model, z, best)
            ),
        },
    )


@points(2, exercise="latent_step")
def test_next_latent_step(student):
    """Each step follows the gradient at the latents that it was given."""
    generator = student.generator(45)
    draw, model = drawing(generator), onlooker(generator)
    z = torch.randn(1, LATENTS, generator=generator)
    call = student.call("latent_step", draw, model, z, 1, 0.5, again=(2, 3))
    places = [z.double()]
    for number, value in enumerate(call.value, start=1):
        if number == 1:
            require_answer(value, z, "latent_step")
        places.append(tensor_of(value, (1, LATENTS), "the result"))
        uphill = reference.latent_directions(draw, model, places[-2], 1)
        if either_way(places[-1] - places[-2], uphill):
            continue
        assert number > 1, "the step is not along the gradient at the z that was given"
        raise AssertionError(
            f"the first step is right, step {number} is not along its gradient: gradients add up "
            "in `.grad`. Take a fresh copy at every call, or clear the gradient"
        )


def witnessed_latents(student, number: int):
    """Return what the worker saw of a call, provided that its result is moved latents."""
    generator = student.generator(number)
    draw, model = drawing(generator), onlooker(generator)
    z = torch.randn(2, LATENTS, generator=generator)
    call = student.call("latent_step", draw, model, z, 1, 0.5)
    require_answer(call.value, z, "latent_step")
    tensor_of(call.value, tuple(z.shape), "the result")
    return call


@points(1, exercise="latent_step")
def test_latents_unchanged(student):
    """The given latents keep their values (witnessed by the worker)."""
    assert witnessed_latents(student, 46).inputs_unchanged, "z is changed in place: work on a copy"


@points(1, exercise="latent_step")
def test_networks_unchanged(student):
    """Both networks stay as they were (witnessed by the worker)."""
    assert witnessed_latents(student, 47).models_unchanged, (
        "a network is changed: its weights, its mode, a hook, or `requires_grad`"
    )
