"""Hidden checks of lab 10: one signed step, and a climb to a chosen class.

Whether a network is fooled says little: nearly every wrong attack fools it, too. So a climb is
judged by the places it passes: the input of every forward pass is recorded in the worker, and each
step between two of them is computed again here. A forged record would have to hold the right steps.
Directions count either way round, since one check of each exercise asks whether the way is up.
"""

import torch
from torch import Tensor, nn

from autograder import reference
from autograder.compare import close, proportional, require, require_answer, tensor_of
from autograder.probes import linear_probe
from labkit.check import points
from labkit.errors import NotAnswered, StudentError

SIZE = (9, 7)  # H != W


def calm_images(generator, count: int, reach: float = 0.1) -> Tensor:
    """Return (count, 3, 9, 7) within `reach` of mid-grey: no step gets near 0 or 1."""
    return 0.5 + reach * (2 * torch.rand(count, 3, *SIZE, generator=generator) - 1)


def signed(generator, count: int, lowest: float = 0.7) -> Tensor:
    """Return (count, 3, 9, 7) of random signs times sizes from `lowest` to 1."""
    sizes = lowest + (1 - lowest) * torch.rand(count, 3, *SIZE, generator=generator)
    return sizes * torch.randn(sizes.shape, generator=generator).sign()


# fgsm(model, images, labels, epsilon) -> (N, 3, H, W)

EPSILON = 1 / 16
WINS = 8.0  # logit of the last class: its probability is nearly 1


def loss_probe(weight: Tensor) -> nn.Module:
    """Return a linear network with one class more, which always wins and reads no pixel.

    The gradient of any loss is then minus that of the label's logit, up to a factor: weights are
    so small that the other classes are equally improbable, and cannot turn a sign.
    """
    bias = torch.zeros(len(weight) + 1)
    bias[-1] = WINS
    return linear_probe(torch.cat([0.02 * weight, torch.zeros_like(weight[:1])]), bias)


def folded_probe(weight: Tensor) -> nn.Module:
    """Return a network like `loss_probe` whose gradient changes its sign at mid-grey."""
    fold = nn.Conv2d(3, 6, 1)
    fold.weight.data = torch.eye(3).repeat(2, 1)[:, :, None, None]
    fold.bias.data = torch.tensor([0.0] * 3 + [-0.5] * 3)
    last = loss_probe(torch.cat([weight, -2 * weight], dim=1))  # x - 2 relu(x - 0.5), for x >= 0
    return nn.Sequential(fold, nn.ReLU(), *last).requires_grad_(False).eval()


def folded_images(generator, count: int) -> Tensor:
    """Return images whose values lie on either side of the fold, and none on it."""
    side = torch.randn(count, 3, *SIZE, generator=generator).sign()
    return 0.5 + side * (0.02 + 0.1 * torch.rand(side.shape, generator=generator))


def twins(generator, make=calm_images) -> Tensor:
    """Return the same image twice, which hides how a function treats the batch."""
    return make(generator, 1).repeat(2, 1, 1, 1)


def change(student, model, images, labels, epsilon=EPSILON) -> Tensor:
    """Return how far the student's step moves each value, in float64."""
    value = student.fgsm(model, images, labels, epsilon)
    require_answer(value, images, "fgsm")
    return tensor_of(value, images.shape, "the result") - images.double()


def signs_of(moved: Tensor) -> Tensor:
    """Return -1, 0 or 1 for each value; rounding is no movement."""
    return moved.sign() * (moved.abs() > 1e-6)


def either_way(signs: Tensor, expected: Tensor) -> bool:
    """Return whether the signs are the expected ones, or all of them turned round."""
    expected = expected.to(signs)
    return torch.equal(signs, expected) or torch.equal(signs, -expected)


def uphill(model, images, labels) -> Tensor:
    """Return the sign of the loss's gradient."""
    return reference.loss_gradients(model, images, labels).sign()


@points(2, exercise="fgsm")
def test_one_image(student):
    """One image is moved along the signs of its gradient."""
    generator = student.generator(1)
    weight, image, label = signed(generator, 3), calm_images(generator, 1), torch.tensor([1])
    model = loss_probe(weight)
    try:
        moved = change(student, model, image, label)
    except NotAnswered:
        raise
    except (AssertionError, StudentError) as error:
        try:
            change(student, model, image.repeat(2, 1, 1, 1), label.repeat(2))
        except (AssertionError, StudentError):
            raise error from None
        raise AssertionError(
            f"N = 1 fails although N = 2 works: {error}. Does a `squeeze()` without an axis drop "
            "the first axis of a single image?"
        ) from error
    assert (image + moved).abs().max() > 2 * EPSILON, (
        "the result is the change alone: add it to the images"
    )
    signs, expected = signs_of(moved), uphill(model, image, label)
    if not either_way(signs, expected):
        other = change(student, loss_probe(-weight), image, label)
        assert not torch.equal(signs_of(other), signs), (
            "another network gives the same change: use the `model` that is passed in, load none"
        )
    require(
        signs,
        expected,
        "the signs of the change are not those of the gradient of the loss",
        same=either_way,
        mistakes={
            "the image is driven away from the class that the network gives it; the label is "
            "another one: use `labels`": uphill(model, image, model(image).argmax(dim=1))
        },
    )


@points(2, exercise="fgsm")
def test_several_images(student):
    """Each of several images gets the step that it gets alone."""
    generator = student.generator(2)
    model, images = folded_probe(signed(generator, 3)), folded_images(generator, 3)
    labels = torch.tensor([2, 2, 2])
    expected = uphill(model, images, labels)
    total = reference.loss_gradients(model, images, labels).sum(0).sign()
    require(
        signs_of(change(student, model, images, labels)),
        expected,
        "the changes of three images are not those that each has alone",
        same=either_way,
        mistakes={
            "all images get one change, from the sum of their gradients: keep one an image": (
                total.expand_as(expected)
            ),
            "all images get the change of the first one": expected[:1].expand_as(expected),
        },
    )


@points(2, exercise="fgsm")
def test_each_its_own_label(student):
    """Each image is driven away from its own label."""
    generator = student.generator(3)
    model = loss_probe(signed(generator, 3))
    images, labels = calm_images(generator, 1).repeat(3, 1, 1, 1), torch.tensor([2, 0, 1])
    expected = uphill(model, images, labels)
    signs = signs_of(change(student, model, images, labels))
    if torch.equal(signs[0], signs[1]) and torch.equal(signs[0], signs[2]):
        first = either_way(signs[0], expected[0])
        raise AssertionError(
            "with different labels, all images get the change that is meant for the first label"
            if first
            else "the same image with three labels is changed in the same way each time: "
            "use the label that is given, each image its own"
        )
    require(
        signs,
        expected,
        "with different labels, an image's change is not about its own label",
        same=either_way,
    )


@points(2, exercise="fgsm")
def test_uphill(student):
    """The step makes the loss of the label larger."""
    generator = student.generator(4)
    model, images, labels = loss_probe(signed(generator, 3)), twins(generator), torch.tensor([0, 0])
    moved = change(student, model, images, labels)[0]
    gradient = reference.loss_gradients(model, images, labels)[0]
    likeness = torch.cosine_similarity(moved.flatten(), gradient.flatten(), dim=0)
    assert likeness > -0.3, (
        "the step goes downhill: it makes the given label more probable. Training subtracts the "
        "gradient of the loss; this attack adds it"
    )
    assert likeness > 0.3, "the step leads neither up nor down: it has little to do with the loss"


@points(3, exercise="fgsm")
def test_gradient_of_the_cross_entropy(student):
    """The gradient is that of the cross-entropy, taken of the logits."""
    generator = student.generator(5)
    weight, images = 0.15 * signed(generator, 4, lowest=0), twins(generator)
    logits = torch.tensor([0.0, -2.5, -1.0, -1.5])  # the label is improbable, one rival is not
    bias = logits - (weight * images[:1]).sum((1, 2, 3))  # these logits whatever the seed
    model, labels = linear_probe(weight, bias), torch.tensor([1, 1])
    gradient = reference.loss_gradients(model, images, labels)[0]
    clear = gradient.abs() > 0.02 * gradient.abs().max()  # a sign that rounding cannot turn

    def same(signs, expected):
        return either_way(signs[clear], expected[clear])

    logit = reference.logit_gradients(model, images, labels)[0]
    require(
        signs_of(change(student, model, images, labels, 1e-3))[0],
        gradient.sign(),
        "the signs are not those of the gradient of the cross-entropy",
        same=same,
        mistakes={
            "this is the gradient of the label's logit. The loss here is the cross-entropy: it "
            "also says what would raise the other classes. (`nll_loss` wants log-probabilities)": (
                logit.sign()
            ),
            "softmax is taken twice: `F.cross_entropy` takes the logits themselves": (
                twice_softmaxed(model, images, labels)[0].sign()
            ),
        },
    )


@points(1, exercise="fgsm")
def test_improbable_label(student):
    """A label that has no chance at all can be made less probable still."""
    generator = student.generator(12)
    weight, images, labels = signed(generator, 3), twins(generator), torch.tensor([1, 1])
    change(student, loss_probe(weight), images, labels)  # it does work where there is a chance
    model = loss_probe(weight)
    model[-1].bias.data[-1] = 200.0  # the label's probability is exp(-200), which rounds to 0
    value = student.fgsm(model, images, labels, EPSILON)
    message = (
        "where the label's probability rounds to 0, its gradient vanishes and its logarithm is "
        "infinite: take the cross-entropy of the logits, `F.cross_entropy` or `log_softmax`, "
        "neither the probability nor `log(softmax)`"
    )
    assert not isinstance(value, Tensor) or value.isfinite().all(), message
    moved = tensor_of(value, images.shape, "the result") - images.double()
    assert either_way(signs_of(moved)[:1], uphill(model, images, labels)[:1]), message


def twice_softmaxed(model, images, labels) -> Tensor:
    """Return the gradient of the cross-entropy of probabilities instead of logits."""
    leaf = images.clone().requires_grad_()
    loss = nn.functional.cross_entropy(model(leaf).softmax(1), labels)
    return torch.autograd.grad(loss, leaf)[0].double()


@points(2, exercise="fgsm")
def test_epsilon(student):
    """Every value moves by exactly epsilon."""
    generator = student.generator(6)
    model, images, labels = loss_probe(signed(generator, 3)), twins(generator), torch.tensor([1, 1])
    sizes = [change(student, model, images, labels, e)[0].abs() for e in (EPSILON, EPSILON / 4)]
    assert all(size.max() - size.min() < 1e-4 * size.max() + 2e-7 for size in sizes), (
        "the values move by different amounts: take the sign of the gradient, which makes every "
        "step `epsilon`"
    )
    assert not close(sizes[1], sizes[0]), "`epsilon` makes no difference: use it"
    assert all(
        (size - e).abs().max() < 1e-5 for size, e in zip(sizes, (EPSILON, EPSILON / 4), strict=True)
    ), (
        "every value moves by the same amount, but it is not `epsilon`, which is in units of the "
        "images' range already: do not divide it by 255 or by the number of images"
    )
    value = student.fgsm(loss_probe(1e-7 * signed(generator, 3)), images, labels, EPSILON)
    faint = tensor_of(value, images.shape, "the result") - images.double()
    assert (faint[0].abs() - EPSILON).abs().max() < 1e-5, (
        "where the gradient is tiny, the values do not move by `epsilon`: the sign of a number is "
        "-1 or 1 however small it is. Take `sign()`, and no quotient and no threshold"
    )


@points(2, exercise="fgsm")
def test_clamped(student):
    """The result stays in [0, 1]."""
    generator = student.generator(7)
    weight = signed(generator, 3)
    image = 0.005 + 0.03 * torch.rand(1, 3, *SIZE, generator=generator)
    image[:, :, ::2] = 1 - image[:, :, ::2]  # rows near 0 and near 1
    image[:, :, 3:6] = calm_images(generator, 1)[:, :, 3:6]
    model, images, labels = loss_probe(weight), image.repeat(2, 1, 1, 1), torch.tensor([2, 2])
    moved = change(student, model, images, labels)[:1]
    after = image.double() + moved
    assert (after - after.clamp(0, 1)).abs().max() < 1e-6, (
        "the result has values outside [0, 1]: clamp it after the step"
    )
    require(
        signs_of(moved),
        uphill(model, image, labels[:1]),
        "near 0 and 1 the values are not those of the step, clamped to [0, 1]",
        same=either_way,
    )
    calm = torch.where((images - 0.5).abs() < 0.2, images, 0.5)
    elsewhere = change(student, model, calm, labels)[:1, :, 3:6]
    assert close(moved[:, :, 3:6], elsewhere, 0.01), (
        "values far from 0 and 1 move differently when others reach the border: clamp, do not "
        "scale the image into [0, 1]"
    )


@points(1, exercise="fgsm")
def test_sign_of_zero(student):
    """A value whose gradient is 0 stays."""
    generator = student.generator(8)
    weight, images = signed(generator, 3), twins(generator)
    weight[:, :, 2:5] = 0  # no class reads these rows
    moved = change(student, loss_probe(weight), images, torch.tensor([0, 0]))[:1]
    assert moved[:, :, :2].abs().min() > 1e-6, "values that the network reads did not move"
    assert moved[:, :, 2:5].abs().max() < 1e-6, (
        "values with a gradient of 0 moved: the sign of 0 is 0 (`torch.sign` knows it)"
    )


@points(1, exercise="fgsm")
def test_one_step(student):
    """It is one step, from the gradient at the given images."""
    generator = student.generator(9)
    model = folded_probe(signed(generator, 3, lowest=1.0))
    moved = change(student, model, twins(generator, folded_images), torch.tensor([1, 1]))[0].abs()
    assert moved.max() - moved.min() < 0.02 * moved.max(), (
        "this is not one step from the given images: take the gradient once, at the images "
        "themselves (no smaller steps one after the other, no random start)"
    )


def attacked(student, number: int):
    """Return what the worker saw of a call, provided that its result is a step."""
    generator = student.generator(number)
    model, images, labels = loss_probe(signed(generator, 3)), twins(generator), torch.tensor([1, 1])
    call = student.call("fgsm", model, images, labels, EPSILON)
    require_answer(call.value, images, "fgsm")
    moved = tensor_of(call.value, images.shape, "the result") - images.double()
    right = either_way(signs_of(moved)[:1], uphill(model, images[:1], labels[:1]))
    assert right, "there is no attack yet that could be looked at"
    return call


@points(1, exercise="fgsm")
def test_fgsm_leaves_the_images(student):
    """The caller's images keep their values (witnessed by the worker)."""
    call = attacked(student, 10)
    assert call.inputs_unchanged, "the images or labels are changed in place: work on a copy"


@points(1, exercise="fgsm")
def test_fgsm_leaves_the_network(student):
    """The network is as it was: mode, weights, hooks (witnessed by the worker)."""
    assert attacked(student, 11).models_unchanged, MODEL_CHANGED


MODEL_CHANGED = (
    "the network is not as it was before: its mode, a weight, `requires_grad` or a hook changed"
)

# fooling_image(model, image, target, step_size=1.0, max_steps=100) -> (1, 3, H, W)

ORIGINAL, OTHER = 0, 1  # classes that no pixel changes, where a check does not need them to
MOST = 100


def road(generator, image: Tensor, distance: float, target: int = 2, gain: float = 1.0):
    """Return a linear network whose target wins once the image has moved `distance` towards it.

    Only the target reads pixels, so that every loss has the gradient of its logit, up to a
    factor; and with a gain of 1 a gradient need not be normalized.
    """
    weight = torch.zeros(3, 3, *SIZE)
    weight[target] = gain * unit(signed(generator, 1)[0])
    bias = torch.tensor([0.0, -1.0, -1.0])
    bias[target] = -float((weight[target] * image[0]).sum()) - gain * distance
    bias[(target + 1) % 3] = 0.0
    return linear_probe(weight, bias)


def unit(direction: Tensor) -> Tensor:
    """Return a vector of length 1."""
    return direction / direction.norm()


def end_of(value, image: Tensor) -> Tensor:
    """Return the result of a climb as float64 of the image's shape."""
    if isinstance(value, Tensor) and value.is_floating_point() and not value.isfinite().all():
        raise AssertionError(
            "the result holds NaN or infinity, as when a gradient of 0 is divided by its norm: is "
            "it the logit of `target` that is differentiated?"
        )
    return tensor_of(value, image.shape, "the result")


def places(student, model, image, target, *rest) -> Tensor:
    """Return the places that a climb passes, (steps + 1, 3, H, W), the given image first."""
    call = student.call("fooling_image", model, image, target, *rest, record=True)
    require_answer(call.value, image, "fooling_image")
    end = end_of(call.value, image)
    seen = [x for x in call.forwards if x.shape == image.shape]
    if not seen:  # `model.forward(x)` goes past the recorder: ask for 0, 1, 2 ... steps instead
        seen = shorter_climbs(student, model, image, target, *rest)
    return distinct([image, *seen, end])


def shorter_climbs(student, model, image, target, step_size=1.0, max_steps=MOST) -> list[Tensor]:
    """Return the results of climbs of at most 0, 1, 2 ... steps, until they stay the same."""
    found = [image]
    for steps in range(max_steps):
        value = student.fooling_image(model, image, target, step_size, steps)
        found.append(end_of(value, image).to(image))
        if steps > 2 and torch.equal(found[-1], found[-2]):
            break
    return found


def distinct(images: list[Tensor]) -> Tensor:
    """Return the images in order, each once: a second forward pass at a place is no step."""
    kept: list[Tensor] = []
    for image in images:
        if not any(torch.equal(image.double(), other) for other in kept):
            kept.append(image.double())
    return torch.cat(kept)


def steps_of(path: Tensor) -> Tensor:
    """Return (steps, 3, H, W), the differences of neighbouring places."""
    assert len(path) > 1, "the image is not moved at all"
    return path[1:] - path[:-1]


def answers(model, path: Tensor) -> list[int]:
    """Return what the network says at each place."""
    return model(path.float()).argmax(dim=1).tolist()


def along(steps: Tensor, directions: Tensor) -> bool:
    """Return whether each step follows its direction, forwards or backwards."""
    return proportional(steps, directions) or proportional(-steps, directions)


@points(2, exercise="fooling_image")
def test_fools(student):
    """The network takes the result for the target."""
    generator = student.generator(21)
    for target in (2, 1):
        image = calm_images(generator, 1)
        model = road(generator, image, 2.4, target)
        value = student.fooling_image(model, image, target)
        require_answer(value, image, "fooling_image")
        end = end_of(value, image)
        direction = reference.logit_gradients(model, image, torch.tensor([target]))
        assert not along(end, direction), "the result is the change alone: return the image with it"
        if answers(model, end) == [target]:
            continue
        other = student.fooling_image(road(generator, image, 2.4, target), image, target)
        assert not torch.equal(end, end_of(other, image)), (
            "another network gives the same result: use the `model` that is passed in"
        )
        before, after = (float(model(x.float())[0, target]) for x in (image, end))
        assert before <= after, (
            "the logit of the target falls: climb, add the gradient of its logit (or subtract that "
            "of a loss)"
        )
        raise AssertionError(
            "the network does not take the result for the target: is it the image of the last step "
            "that you return, and the logit of `target` that you climb?"
        )


@points(3, exercise="fooling_image")
def test_gradient_of_the_logit(student):
    """A step follows the gradient of the target's logit."""
    generator = student.generator(22)
    image, target = calm_images(generator, 1), 2
    weight = torch.stack([unit(w) for w in signed(generator, 4, lowest=0)])
    bias = -(weight * image).sum((1, 2, 3)) + torch.tensor([0.0, -0.2, -1.4, -0.4])
    model = linear_probe(weight, bias)
    step = steps_of(places(student, model, image, target, 0.5))[:1]
    loss = reference.loss_gradients(model, image, torch.tensor([target]))
    require(
        step,
        weight[target][None].double(),
        "the first step does not follow the gradient of the target's logit",
        same=along,
        mistakes={
            "the step follows a loss or a probability (cross-entropy, log-softmax or softmax): it "
            "also goes where the other classes fall. Climb the target's logit itself": -loss,
            "the step follows the difference of two logits: climb that of the target alone": (
                weight[target] - weight[ORIGINAL]
            )[None].double(),
            "the step follows the sign of the gradient: that is `fgsm`; here it is the gradient "
            "itself, divided by its norm": weight[target][None].sign().double(),
            "the step follows the logit that is largest now: climb that of `target`": (
                weight[ORIGINAL][None].double()
            ),
        },
    )


@points(1, exercise="fooling_image")
def test_step_size(student):
    """`step_size` is used: half of it makes half a step."""
    generator = student.generator(25)
    image = calm_images(generator, 1)
    model = road(generator, image, 2.4)
    first = [steps_of(places(student, model, image, 2, size))[0] for size in (0.5, 0.25)]
    assert close(first[0], 2 * first[1]), (
        "a `step_size` of 0.25 does not make half the step that 0.5 makes: use the argument"
    )


def curved_probe(generator, image: Tensor) -> nn.Module:
    """Return a network whose gradient turns along the climb, which takes 5 steps of 0.2."""
    first = nn.Conv2d(3, 8, 3, padding=1)
    first.weight.data = 2 * torch.randn(first.weight.shape, generator=generator)
    first.bias.data = -first.weight.data.sum((1, 2, 3)) / 2
    last = nn.Linear(8 * SIZE[0] * SIZE[1], 3)
    last.weight.data = torch.zeros_like(last.weight)
    last.weight.data[2] = torch.randn(last.weight.shape[1], generator=generator)
    last.bias.data = torch.zeros(3)
    model = nn.Sequential(first, nn.Tanh(), nn.Flatten(), last).requires_grad_(False).eval()
    slope = reference.logit_gradients(model, image, torch.tensor([2])).norm()
    last.weight.data /= slope  # a gradient of length 1 where the climb begins
    last.bias.data[1] = -1e3
    last.bias.data[0] = 1e3  # never won, to see where a climb gets
    path = reference.climb(model, image, 2, 0.2, 5)
    last.bias.data[0] = model(path[4:6].float())[:, 2].mean()
    return model


@points(3, exercise="fooling_image")
def test_fresh_gradient(student):
    """Every step follows the gradient at the place where it begins, and that alone."""
    generator = student.generator(23)
    image = calm_images(generator, 1)
    model = curved_probe(generator, image)
    path = places(student, model, image, 2, 0.2)
    steps = steps_of(path)
    assert len(steps) > 2, "the climb has fewer steps than it takes: is the image moved in each?"
    steps, path = steps[:12], path[:12]
    gradients = reference.logit_gradients(model, path[: len(steps)], torch.full((len(steps),), 2))
    require(
        steps,
        gradients,
        "after the first, a step does not follow the gradient at the image where it begins",
        same=along,
        mistakes={
            "the steps follow the sum of all gradients so far: `backward()` adds to `.grad`. Clear "
            "the *image's* gradient after each step (`image.grad = None`, or `zero_()` with its "
            "brackets), or use `torch.autograd.grad`": gradients.cumsum(0),
            "every step follows the gradient at the first image: compute it anew in each round": (
                gradients[:1].expand_as(gradients)
            ),
        },
    )


@points(2, exercise="fooling_image")
def test_step_length(student):
    """A step has the length `step_size`, 1 if not given."""
    generator = student.generator(24)
    image, gain = calm_images(generator, 1), 3.0
    lengths = steps_of(places(student, road(generator, image, 2.4, gain=gain), image, 2))
    lengths = lengths.flatten(1).norm(dim=1)
    require(
        lengths,
        torch.ones(len(lengths)),
        "the steps do not have the length `step_size`: divide the gradient by its Euclidean norm, "
        "over all values of the image",
        mistakes={
            "the gradient is not normalized: divide it by its norm": torch.full_like(lengths, gain),
            "the gradient is divided by its squared norm: take the root": torch.full_like(
                lengths, 1 / gain
            ),
        },
    )
    faint = road(generator, image, 2.4, gain=0.01)
    length = float(steps_of(places(student, faint, image, 2))[0].norm())
    assert abs(length - 1) < 0.02, (
        "where the gradient is small, the step is small, too: what keeps the divisor above zero "
        "has to be far below any gradient, such as 1e-12"
    )


@points(1, exercise="fooling_image")
def test_already_fooled(student):
    """An image that the network takes for the target already is left alone."""
    generator = student.generator(26)
    image = calm_images(generator, 1)
    steps_of(places(student, road(generator, image, 2.4), image, 2))  # it does move an image
    model = road(generator, image, -1.0)
    call = student.call("fooling_image", model, image, 2, record=True)
    end = end_of(call.value, image)
    seen = [x for x in call.forwards if x.shape == image.shape]
    path = distinct([image, *seen, end])
    moved = max(len(path) - 1, float((end - image).norm()))  # counted, or measured in steps of 1
    assert moved < 1.01, (
        "the image is the target already, and the climb goes on: look at the answer before the step"
    )


@points(2, exercise="fooling_image")
def test_stops_at_first_success(student):
    """The climb stops where the target first has the largest logit."""
    generator = student.generator(27)
    image = calm_images(generator, 1)
    weight = torch.zeros(3, 3, *SIZE)
    weight[2] = unit(signed(generator, 1)[0])
    weight[OTHER] = 0.4 * weight[2]  # this class wins on the way, before the target does
    bias = -(weight * image).sum((1, 2, 3)) + torch.tensor([0.0, -0.55, -2.1])
    model = linear_probe(weight, bias)
    path = places(student, model, image, 2, 0.25)  # short: p > 1/2 wants 2 more
    said = answers(model, path)
    assert 2 in said, (
        "the climb ends before the target has the largest logit. It goes on while any other class "
        "wins, also when that is no longer the class of the beginning"
        if OTHER in said
        else "the climb does not get to the target"
    )
    assert len(said) - said.index(2) <= 2, (
        "the climb goes on after the target has the largest logit: stop at the first success"
    )


@points(1, exercise="fooling_image")
def test_max_steps(student):
    """`max_steps` is the limit, no more and no less."""
    generator = student.generator(28)
    image = calm_images(generator, 1)
    model = road(generator, image, 30.0)
    steps = len(places(student, model, image, 2, 0.1, 7)) - 1
    assert steps <= 8, f"with max_steps=7 the image is moved {steps} times"
    assert steps >= 6, f"with max_steps=7 the climb gives up after {steps} steps"
    model = road(generator, image, 1.97)
    path = places(student, model, image, 2, 0.05)
    assert 2 in answers(model, path), (
        f"the climb gives up after {len(path) - 1} steps, and `max_steps` allows {MOST}"
    )
    steps = len(places(student, road(generator, image, 30.0), image, 2, 0.1)) - 1
    assert steps <= MOST + 1, (
        f"without `max_steps` the image is moved {steps} times: the default is {MOST}"
    )


@points(1, exercise="fooling_image")
def test_not_clamped(student):
    """Values may leave [0, 1]."""
    generator = student.generator(29)
    image = (signed(generator, 1).sign() * 0.48) + 0.5
    path = places(student, road(generator, image, 2.4), image, 2, 0.5)
    assert (path[-1] - 0.5).abs().max() > 0.51, (
        "values that would leave [0, 1] are held back: this climb is not clamped"
    )
    image = 0.5 + signed(generator, 1)  # outside already
    path = places(student, road(generator, image, 2.4), image, 2, 0.5)
    assert (path[1] - image.double()).norm() < 2, (  # a step of 0.5, and clamped 2.7 and more
        "values that lie outside [0, 1] already are clamped before the climb: an image may have "
        "any values, begin where it is"
    )


def climbed(student, number: int):
    """Return what the worker saw of a climb, provided that it moves along the gradient."""
    generator = student.generator(number)
    image = calm_images(generator, 1)
    model = road(generator, image, 2.4)
    call = student.call("fooling_image", model, image, 2)
    require_answer(call.value, image, "fooling_image")
    moved = end_of(call.value, image) - image.double()
    direction = reference.logit_gradients(model, image, torch.tensor([2]))
    likeness = torch.cosine_similarity(moved.flatten(), direction.flatten(), dim=0)
    assert likeness.abs() > 0.5, "there is no climb yet that could be looked at"
    return call


@points(1, exercise="fooling_image")
def test_climb_leaves_the_image(student):
    """The caller's image keeps its values (witnessed by the worker)."""
    assert climbed(student, 30).inputs_unchanged, (
        "the caller's image is changed in place: begin with a copy (`detach()` shares memory, "
        "`clone()` does not)"
    )


@points(1, exercise="fooling_image")
def test_climb_leaves_the_network(student):
    """The network is as it was: mode, weights, hooks (witnessed by the worker)."""
    assert climbed(student, 31).models_unchanged, MODEL_CHANGED
