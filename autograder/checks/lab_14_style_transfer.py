"""Hidden checks of lab 14: content and style loss, mixed Gram matrices, style transfer.

The losses are compared with themselves where that is enough: twice the weight gives twice of what
this very function gave, so that a wrong factor costs one check. `stylize` runs on a chain of four
linear layers that carry the names its locked cell knows; at the end of an optimization the
gradients of the terms cancel, which tells the weights it obeyed, whatever the optimizer.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor, nn

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

SIZE, OTHER_SIZE = (9, 7), (6, 8)  # H != W


def random(generator: Generator, *shape: int) -> Tensor:
    """Return normally distributed values, which have both signs."""
    return torch.randn(shape, generator=generator)


def number(value) -> Tensor:
    """Return a result that should be one number."""
    return tensor_of(value, (), "the result")


# content_loss(features, target_features, weight) -> scalar


def content_pair(generator: Generator, count: int = 1) -> tuple[Tensor, Tensor]:
    """Return features and their target, (count, 3, 9, 7)."""
    return random(generator, count, 3, *SIZE), random(generator, count, 3, *SIZE)


@points(3, exercise="content_loss")
def test_sum_of_squares(student):
    """The content loss is the sum of squared differences."""
    features, target = content_pair(student.generator(1))
    value = number(student.content_loss(features, target, 1.0))
    d = (features - target).double()
    expected = torch.tensor(reference.content_loss(features, target, 1.0))
    require(
        value,
        expected,
        "this is not the sum of the squared differences: subtract, square, add up",
        mistakes={
            "this is the mean of the squared differences: the formula has a sum": expected
            / d.numel(),
            "this is the norm: the squared norm is wanted, without the root": expected.sqrt(),
            "these are absolute differences: square them": d.abs().sum(),
            "this is half of the sum: the formula has no factor of one half": expected / 2,
            "the differences are added up before they are squared": d.sum().square(),
            "this compares the lengths of the two, not place with place: subtract first": (
                features.double().square().sum() - target.double().square().sum()
            ),
            "this is divided by H * W: the formula has a sum over all places": expected
            / (SIZE[0] * SIZE[1]),
        },
    )


@points(2, exercise="content_loss")
def test_weight(student):
    """The loss is proportional to the weight."""
    features, target = content_pair(student.generator(2))
    one = number(student.content_loss(features, target, 1.0))
    assert one != 0, "the loss of two different tensors is 0"
    found = number(student.content_loss(features, target, 2.5))
    require(
        found,
        2.5 * one,
        "weight 2.5 does not give 2.5 times of what weight 1 gives: multiply the sum by the weight",
        mistakes={
            "the weight is not used": one,
            "the weight is squared: multiply the sum, not the differences, by it": 6.25 * one,
            "the sum is divided by the weight": one / 2.5,
        },
    )


@points(2, exercise="content_loss")
def test_several_images(student):
    """Several images give the sum of what each gives alone."""
    features, target = content_pair(student.generator(3), 3)
    pairs = zip(features, target, strict=True)
    each = [number(student.content_loss(f[None], t[None], 1.0)) for f, t in pairs]
    value = number(student.content_loss(features, target, 1.0))
    require(
        value,
        sum(each),
        "three images do not give the sum of what each gives alone: the images are mixed, or one "
        "is left out",
        mistakes={
            "three images give the mean of what each gives alone: take the sum": sum(each) / 3,
            "only the first image counts": each[0],
            "only the last image counts": each[2],
        },
    )


def content_gradient(student, number_: int, at_target: bool = False) -> tuple[Tensor, Tensor]:
    """Return the gradient by the features, and the differences."""
    features, target = content_pair(student.generator(number_), 2)
    target = features.clone() if at_target else target
    call = student.call("content_loss", features, target, 1.0, gradients=(0,))
    number(call.value)
    return call.gradients[0].double(), (features - target).double()


@points(3, exercise="content_loss")
def test_gradient(student):
    """The gradient by the features is proportional to the differences."""
    gradient, difference = content_gradient(student, 4)
    assert gradient.any(), (
        "no gradient reaches the features: look for detach(), .data, .item(), no_grad() or NumPy"
    )
    require(
        gradient[None],
        difference[None],
        "the gradient by the features is not proportional to their differences from the target",
        same=proportional,
        mistakes={
            "the gradient leads away from the target: a loss is lowered": -difference[None],
        },
    )


@points(1, exercise="content_loss")
def test_gradient_at_the_target(student):
    """At the target the loss is 0, and so is its gradient: style transfer starts there."""
    away, _ = content_gradient(student, 5)
    assert away.isfinite().all() and away.any(), "no gradient reaches the features"  # noqa: PT018
    gradient, _ = content_gradient(student, 5, at_target=True)
    assert gradient.isfinite().all(), (
        "at the target the gradient is NaN: the root of 0 has no slope, and squaring it again does "
        "not bring one back. Leave the root out"
    )
    assert not gradient.any(), "at the target the gradient should be 0"


@points(1, exercise="content_loss")
def test_inputs_unchanged(student):
    """The features and their target keep their values (witnessed by the worker)."""
    features, target = content_pair(student.generator(6))
    call = student.call("content_loss", features, target, 1.0)
    assert number(call.value) != 0, "the loss of two different tensors is 0"
    assert call.inputs_unchanged, (
        "the features or their target are changed in place: no `-=`, no `sub_`"
    )


# style_loss(features, target_grams, weights) -> scalar

LAYERS = {"fine": SIZE, "middle": OTHER_SIZE, "coarse": (3, 5)}
CHANNELS = 4  # the same in all layers, so that a mix-up is no error but a wrong number


def style_input(
    generator: Generator, count: int = 1, layers: tuple[str, ...] = tuple(LAYERS)
) -> tuple[dict, dict]:
    """Return features and target Gram matrices by layer, the deeper the larger."""
    features, targets = {}, {}
    for k, layer in enumerate(layers, start=1):
        features[layer] = k * random(generator, count, CHANNELS, *LAYERS[layer])
        other = 1.3 * k * random(generator, count, CHANNELS, 5, 6)  # of another size
        targets[layer] = reference.gram_matrix(other).float()
    return features, targets


def only(layer: str, *dictionaries: dict) -> list[dict]:
    """Return the dictionaries with this layer alone."""
    return [{layer: d[layer]} for d in dictionaries]


def layers_alone(student, features: dict, targets: dict) -> dict[str, Tensor]:
    """Return what the student's function gives for each layer alone, with weight 1."""
    alone = {
        layer: number(student.style_loss(*only(layer, features, targets), {layer: 1.0}))
        for layer in targets
    }
    assert all(value != 0 for value in alone.values()), "the loss of a layer is 0"
    return alone


@points(3, exercise="style_loss")
def test_one_layer(student):
    """One layer's loss is the sum of the squared differences of its Gram matrices."""
    features, targets = style_input(student.generator(11), layers=("fine",))
    value = number(student.style_loss(features, targets, {"fine": 1.0}))
    x, height, width = features["fine"], *LAYERS["fine"]
    d = reference.gram_matrix(x) - targets["fine"]
    raw = reference.gram_matrix(x, normalize=False)
    expected = reference.layer_losses(features, targets)["fine"]
    scaled = {
        "the Gram matrix is not normalized: `gram_matrix` divides by C*H*W unless told not to": 1,
        "the Gram matrix is divided by H*W only: it is C*H*W": height * width,
        "the Gram matrix is divided by C*H*W twice": (CHANNELS * height * width) ** 2,
    }
    require(
        value,
        expected,
        "this is not the sum of squared differences between the layer's Gram matrix and its target",
        mistakes={
            "this is the mean of the squared differences: the formula has a sum": expected
            / d.numel(),
            "this is the norm: the squared norm is wanted, without the root": expected.sqrt(),
            "these are absolute differences: square them": d.abs().sum(),
            "this is half or a quarter of the sum: the formula has no such factor": expected / 2,
            "this has the paper's factor of one quarter; here the formula has none": expected / 4,
            **{m: (raw / by - targets["fine"]).square().sum() for m, by in scaled.items()},
        },
    )


@points(2, exercise="style_loss")
def test_sum_over_layers(student):
    """Several layers give the sum of what each gives alone."""
    features, targets = style_input(student.generator(12))
    alone = layers_alone(student, features, targets)
    total = sum(alone.values())
    value = number(student.style_loss(features, targets, dict.fromkeys(targets, 1.0)))
    require(
        value,
        total,
        "three layers with weight 1 do not give the sum of what each gives alone",
        mistakes={
            "only the first layer counts: is `return` inside the loop?": alone["fine"],
            "only the last layer counts: add to a sum that you made before the loop": alone[
                "coarse"
            ],
            "this is the mean over the layers: take the sum": total / 3,
        },
    )


@points(2, exercise="style_loss")
def test_weights(student):
    """Each layer has its own weight."""
    features, targets = style_input(student.generator(13))
    alone = layers_alone(student, features, targets)
    alone_in_sum = number(student.style_loss(features, targets, dict.fromkeys(targets, 1.0)))
    for layer in targets:
        weights = {name: 5.0 if name == layer else 1.0 for name in targets}
        grown = number(student.style_loss(features, targets, weights)) - alone_in_sum
        require(
            grown,
            4 * alone[layer],
            "one layer's weight is raised from 1 to 5, and the loss does not grow by four times of "
            "what that layer gives alone",
            same=lambda a, b: close(a, b, 1e-2),  # a difference of two sums
            mistakes={
                "the weights are not used: a larger weight changes nothing": torch.zeros(()),
                "the weights are squared: multiply the sum by the weight": 24 * alone[layer],
            },
        )


@points(2, exercise="style_loss")
def test_names(student):
    """Features, targets and weights belong together by name, whatever their order."""
    features, targets = style_input(student.generator(14))
    weights = {"fine": 0.5, "middle": 2.0, "coarse": 4.0}
    expected = number(student.style_loss(features, targets, weights))
    assert expected != 0, "the loss is 0"
    for order in (("coarse", "fine", "middle"), ("middle", "coarse", "fine")):
        again = [{k: d[k] for k in order} for d in (targets, weights)]
        for shuffled in ((again[0], weights), (targets, again[1])):
            value = number(student.style_loss(features, *shuffled))
            require(
                value,
                expected,
                "the same layers in another order give another loss, so a target or a weight goes "
                "to the wrong layer: use the layer's name for all three dictionaries",
            )


@points(2, exercise="style_loss")
def test_several_images_with_style(student):
    """Several images give the sum of what each gives alone, each with its own target."""
    features, targets = style_input(student.generator(15), 3, ("middle",))
    weights = {"middle": 1.0}
    each = [
        number(student.style_loss(*({"middle": d["middle"][i : i + 1]} for d in pair), weights))
        for pair in [(features, targets)]
        for i in range(3)
    ]
    value = number(student.style_loss(features, targets, weights))
    require(
        value,
        sum(each),
        "three images do not give the sum of what each gives alone: the images are mixed, or one "
        "is left out",
        mistakes={
            "three images give the mean of what each gives alone: take the sum": sum(each) / 3,
            "only the first image counts": each[0],
        },
    )


@points(2, exercise="style_loss")
def test_style_gradient(student):
    """The gradient reaches the features of every layer, and lowers its distance."""
    features, targets = style_input(student.generator(16))
    call = student.call(
        "style_loss", features, targets, dict.fromkeys(targets, 1.0), gradients=(0,)
    )
    number(call.value)
    leaves = [x.double().requires_grad_() for x in features.values()]
    exact = reference.layer_losses(dict(zip(features, leaves, strict=True)), targets)
    expected = torch.autograd.grad(sum(exact.values()), leaves)
    for layer, found, wanted in zip(features, call.gradients, expected, strict=True):
        assert found.any(), (
            f"no gradient reaches the features of the layer {layer!r}: look for detach(), .data, "
            ".item(), no_grad() or NumPy, and for a layer that is left out"
        )
        require(
            found.double()[None],
            wanted[None],
            f"the gradient by the features of the layer {layer!r} is not that of the squared "
            "distance of its Gram matrix",
            same=proportional,
        )

    def loss(moved: dict) -> Tensor:
        return number(student.style_loss(moved, targets, dict.fromkeys(targets, 1.0)))

    require_slope(loss, features, call.gradients)


@points(1, exercise="style_loss")
def test_style_inputs_unchanged(student):
    """Features, targets and weights keep their values (witnessed by the worker)."""
    features, targets = style_input(student.generator(17))
    weights = {layer: torch.tensor(2.0) for layer in targets}
    call = student.call("style_loss", features, targets, weights)
    assert number(call.value) != 0, "the loss is 0"
    assert call.inputs_unchanged, (
        "the features, targets or weights are changed in place: no `-=`, no `*=`, no `sub_`, no "
        "`pop` on what belongs to the caller"
    )


# stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start) -> image

STEPS = 60  # enough to arrive, for Adam as well
FILTERS = {"content": (3, 1), "fine": (4, 1), "middle": (4, 3), "coarse": (5, 3)}  # number, size


def probe(generator: Generator, blind: str = "", pointwise: bool = False) -> nn.Sequential:
    """Return a linear chain whose layers carry the names that the lab's `look` knows.

    Its filters are orthogonal and mid-grey gives 0, so that every optimizer soon settles. The
    first one triples: features are neither the pixels nor of their size.

    Args:
        blind: "content" or "style": that layer, or those, put out the same for every picture, so
            that neither this term nor its weight matters. "blue": no layer sees that colour.
        pointwise: filters of one pixel, so that a Gram matrix does not depend on places.
    """
    names = [*LAYERS, "content"] if blind == "content" else ["content", *LAYERS]
    layers, channels = OrderedDict(), 3
    for name in names:
        count, size = FILTERS[name]
        size, stride = (1, 1) if pointwise else (size, 2 if name == "coarse" else 1)
        layer = nn.Conv2d(channels, count, size, stride, size // 2)
        nn.init.orthogonal_(layer.weight, generator=generator)
        nn.init.zeros_(layer.bias)
        layers[name], channels = layer, count
    first = layers[names[0]]
    first.weight.data *= 3
    if blind == "blue":
        first.weight.data[:, 2] = 0
    first.bias.data = -0.5 * first.weight.data.sum((1, 2, 3))
    if blind in ("content", "style"):
        layer = layers["content" if blind == "content" else "fine"]
        nn.init.zeros_(layer.weight)
        nn.init.ones_(layer.bias)
    return nn.Sequential(layers).requires_grad_(False).eval()


def noise(generator: Generator, size: tuple[int, int], low: float, high: float) -> Tensor:
    """Return (1, 3, *size) of uniform noise from low to high."""
    return low + (high - low) * torch.rand(1, 3, *size, generator=generator)


class Studio:
    """A network, a pale content, a strong style and a start, from the secret seed.

    Each check's network is blind to what the check is not about.
    """

    def __init__(self, student, seed: int, blind: str = "", pointwise: bool = False):
        generator = student.generator(seed)
        self.student, self.model = student, probe(generator, blind, pointwise)
        self.content = noise(generator, SIZE, 0.35, 0.65)
        self.style = noise(generator, SIZE, 0.0, 0.8)
        self.start = noise(generator, SIZE, 0.2, 0.8)
        self.grams = reference.style_targets(self.model, self.style)

    def level(self) -> None:
        """Scale every layer so that its target has the length 1: relative is absolute here."""
        for name, layer in self.model.named_children():
            picture = self.content if name == "content" else self.style
            features = reference.probe_outputs(self.model, picture)[name]
            gram = reference.gram_matrix(features)
            length = features.norm() if name == "content" else gram.norm().sqrt()
            for values in layer.parameters():
                values.data /= float(length)
        self.grams = reference.style_targets(self.model, self.style)

    def call(self, weights=(1.0, 1.0, 0.0), steps=STEPS, start=None, style=None, **options):
        """Return the student's result; weights are those of content, style and smoothing."""
        pictures = self.model, self.content, self.style if style is None else style
        return self.student.call("stylize", *pictures, *weights, steps, start, **options)

    def paint(self, *weights, **options) -> Tensor:
        """Return the student's picture."""
        value = self.call(*weights, **options).value
        return tensor_of(value, tuple(self.content.shape), "the result")

    def terms(self, image: Tensor) -> list[float]:
        """Return the content term, the style term and the smoothing of a picture."""
        found = reference.style_terms(self.model, image, self.content, self.grams)
        return [float(value) for value in found]

    def obeyed(self, image: Tensor, term: int) -> float:
        """Return the weight of style (1) or smoothing (2), by the content's, a picture obeyed."""
        return reference.weight_obeyed(self.model, image, self.content, self.grams, term)

    def witnessed(self, steps: int = 8):
        """Return what the worker saw of a call that made a picture."""
        call = self.call((1.0, 1.0, 1.0), steps, self.start, record=True)
        image = tensor_of(call.value, tuple(self.content.shape), "the result").float()
        for given in (self.start, self.content):
            require_answer(image, given, "stylize")
        return call


def begun(student, seed: int, given: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return the blue of a picture, of its content, and of another start, each of one shade.

    No layer sees blue and there is nothing to smooth, so it stays as it was at the beginning.
    """
    studio = Studio(student, seed, "blue")
    shade = 0.4 * torch.rand((), generator=student.generator(seed + 100))
    studio.content[:, 2], studio.start[:, 2] = 0.1 + shade, 0.3 + shade
    image = studio.paint((1.0, 1.0, 1.0), steps=5, start=studio.start if given else None)
    require_answer(image.float(), studio.start if given else studio.content, "stylize")
    return tuple(x[:, 2].double() for x in (image, studio.content, studio.start))


@points(2, exercise="stylize")
def test_starts_at_the_content(student):
    """Without a start, the content picture is where it begins."""
    blue, of_content, _ = begun(student, 21, given=False)
    assert (blue - of_content).abs().max() < 0.01, (
        "this network does not see blue, so the picture keeps the blue that it begins with, and "
        "that is not the content's: begin at `content` when `start` is None"
    )


@points(2, exercise="stylize")
def test_content_is_found(student):
    """From another start, the picture goes to the content."""
    studio = Studio(student, 22, blind="style")
    image = studio.paint(start=studio.start, steps=40)
    left = studio.terms(image)[0] / studio.terms(studio.start)[0]
    assert not 0.95 < left < 1.05, (
        "where the style does not matter, 40 steps from another start bring the picture no nearer "
        "to the content. The target features are those of `content`, made before the loop and "
        "never again: features of the picture that changes are no target"
    )
    assert left < 0.05, (
        f"where the style does not matter, 40 steps from another start leave {left:.0%} of the "
        "content distance. Is the gradient set to zero before each step, and the step neither tiny "
        "nor huge? `optimize_pixels` sees to both"
    )


@points(2, exercise="stylize")
def test_style_is_reached(student):
    """The picture reaches the style's Gram matrices."""
    studio = Studio(student, 23, blind="content")
    studio.level()
    left = studio.terms(studio.paint())[1] / studio.terms(studio.content)[1]
    assert left < 0.1, (
        f"where the content does not matter, {STEPS} steps leave {left:.0%} of the style distance: "
        "are the targets the Gram matrices of `style` at every style layer, and is the style loss "
        "part of the loss?"
    )


def require_same_style(student, seed: int, given: Callable[[Studio], Any], message: str) -> None:
    """Fail unless a style in another form gives the picture that the style itself gives.

    Few steps: what rounding makes of two equal ways has no time to grow.
    """
    studio = Studio(student, seed, "content", pointwise=True)
    by_style, by_other = (studio.paint(steps=8, style=s) for s in (None, given(studio)))
    path = (by_style - studio.content).norm()
    assert path > 0, "the style changes nothing yet"
    assert (by_other - by_style).norm() < 0.05 * path, message


@points(1, exercise="stylize")
def test_style_of_another_size(student):
    """The style picture may have another size than the content."""
    require_same_style(
        student,
        24,
        lambda studio: studio.style.reshape(1, 3, 3, 21),  # the same pixels in other places
        "this network sees single pixels, and the pixels of one style, laid out in another height "
        "and width, give another picture: take the Gram matrices of `style` as it is, without "
        "resizing or cropping; their shape does not depend on its size",
    )


@points(1, exercise="stylize")
def test_ready_gram_matrices(student):
    """The style may be a dictionary of Gram matrices."""
    require_same_style(
        student,
        25,
        lambda studio: {layer: gram.float() for layer, gram in studio.grams.items()},
        "a dictionary of a style's Gram matrices gives another picture than the style itself: "
        "`style_grams(model, style)` takes both",
    )


def require_weight(found: float, wanted: float, what: str, known: dict[str, float]) -> None:
    """Fail unless the weight that a picture obeyed is the wanted one, to a tenth."""
    if abs(found / wanted - 1) < 0.1:
        return
    for text, mistaken in known.items():
        if abs(found / mistaken - 1) < 0.1:
            raise AssertionError(text)
    raise AssertionError(
        f"{what} counts {'more' if found > wanted else 'less'} than it should, by the weights given"
    )


@points(3, exercise="stylize")
def test_balance_of_content_and_style(student):
    """Content and style are balanced as the weights say, each relative to its target's size."""
    studio = Studio(student, 26)
    image = studio.paint((0.4, 1.2, 0.0))
    size = float(reference.probe_outputs(studio.model, studio.content)["content"].square().sum())
    require_weight(
        studio.obeyed(image, 1),
        1.2 / 0.4,
        "with content_weight=0.4 and style_weight=1.2 the style, against the content,",
        {
            "content weight and style weight are swapped": 0.4 / 1.2,
            "each layer has the whole style weight: the layers share it. `relative(style_weight, "
            "target_grams)` on the whole dictionary does that": 9.0,
            "the content loss is not relative to its target's size: its weight is "
            "`relative(content_weight, target_features)`": 3.0 / size,
            "the weights are not used: both terms count alike": 1.0,
        },
    )


SMOOTH = 15.0  # about as stiff as the content


@points(3, exercise="stylize")
def test_smoothing(student):
    """Total variation counts per value of the image, as its weight says."""
    studio = Studio(student, 27, blind="style")
    studio.level()
    image = studio.paint((1.0, 1.0, SMOOTH))
    smoothness = studio.terms(image)[2] / studio.terms(studio.content)[2]
    assert smoothness > 0.01, (
        "the picture became one flat colour: total variation is divided by the number of values, "
        "`total_variation(image, tv_weight / image.numel())`, and does not count alone"
    )
    assert smoothness < 0.98, (
        f"with tv_weight={SMOOTH:g} the picture is no smoother than the content: add the third "
        "term, with a plus sign, of the picture that changes"
    )
    require_weight(
        studio.obeyed(image, 2),
        SMOOTH,
        f"with tv_weight={SMOOTH:g} the smoothing, against the content,",
        {
            "total variation is divided by H * W; it is the number of values, 3 * H * W": (
                3 * SMOOTH
            ),
        },
    )


@points(1, exercise="stylize")
def test_start(student):
    """It begins at `start` where one is given."""
    blue, _, of_start = begun(student, 28, given=True)
    assert (blue - of_start).abs().max() < 0.01, (
        "this network does not see blue, so the picture keeps the blue that it begins with, and "
        "that is not the blue of the given start: begin at `start` unless it is None"
    )


@points(1, exercise="stylize")
def test_range(student):
    """The result lies in [0, 1]."""
    studio = Studio(student, 29, blind="content")
    studio.content = noise(student.generator(30), SIZE, 0.0, 1.0)
    studio.style = noise(student.generator(31), SIZE, 0.0, 1.0).round()  # of more contrast still
    image = studio.paint(steps=20)
    assert not torch.equal(image.float(), studio.content), "the style changes nothing yet"
    low, high = float(image.min()), float(image.max())
    assert low > -1e-4, f"the result reaches down to {low:.2f}: clamp it to [0, 1]"
    assert high < 1 + 1e-4, f"the result reaches up to {high:.2f}: clamp it to [0, 1]"


def shown(call, picture: Tensor) -> int:
    """Return how often the network was shown this very picture."""
    return sum(x.shape == picture.shape and torch.equal(x, picture) for x in call.forwards)


def evaluations(student, steps: int) -> int:
    """Return how often the network was shown another picture than content and style."""
    studio = Studio(student, 32, blind="content")
    call = studio.witnessed(steps)
    return len(call.forwards) - shown(call, studio.content) - shown(call, studio.style)


@points(1, exercise="stylize")
def test_steps(student):
    """The loss is evaluated about `steps` times (witnessed by the worker)."""
    few, many = (evaluations(student, steps) for steps in (5, 15))
    assert many > few, "more steps do not mean more evaluations: use `steps`"
    assert few >= 3 and many >= 13, (  # noqa: PT018
        f"5 steps mean {few} evaluations of the loss, 15 steps {many}: one step is one evaluation"
    )
    assert few <= 21, (  # two or three passes a step are fair
        f"5 steps mean {few} evaluations of the loss: one step is one evaluation. "
        "torch.optim.LBFGS makes up to 20 in each call unless it has max_iter=1"
    )


@points(1, exercise="stylize")
def test_targets_once(student):
    """The targets are computed once, not in every step (witnessed by the worker)."""
    studio = Studio(student, 33)
    call = studio.witnessed()
    for name, picture in {"content": studio.content, "style": studio.style}.items():
        assert shown(call, picture) < 5, (
            f"the network is shown the {name} picture {shown(call, picture)} times in 8 steps: it "
            "does not change, so compute its targets once, before the loop"
        )


@points(1, exercise="stylize")
def test_pictures_unchanged(student):
    """The content, the style and the start keep their values (witnessed by the worker)."""
    assert Studio(student, 34).witnessed().inputs_unchanged, (
        "a picture that was given has other values now: change a copy, `start.detach().clone()`"
    )


@points(1, exercise="stylize")
def test_model_unchanged(student):
    """The network is as it was: mode, weights, hooks (witnessed by the worker)."""
    assert Studio(student, 35).witnessed().models_unchanged, (
        "the network is not as it was before: its mode, a weight, `requires_grad` or a hook changed"
    )


# mix_grams(grams, weights) -> dict


def gram_sets(
    generator: Generator, count: int, layers: tuple[str, ...], images: int = 1
) -> list[dict]:
    """Return Gram matrices of several styles; layers differ in size and in strength."""
    sets = []
    for k in range(1, count + 1):
        features = {n: k * random(generator, images, 3 + i, 5, 4) for i, n in enumerate(layers)}
        sets.append({n: reference.gram_matrix(f).float() for n, f in features.items()})
    return sets


def mixture(student, grams: list[dict], weights: list[float]) -> dict[str, Tensor]:
    """Return the student's Gram matrices by layer."""
    mixed = student.mix_grams(grams, weights)
    assert isinstance(mixed, dict), (
        f"the result should be a dictionary of Gram matrices, and is a {type(mixed).__name__}"
    )
    assert set(mixed) == set(grams[0]), (
        f"the result should have the layers {sorted(grams[0])}, and has {sorted(mixed)}"
    )
    return {
        n: tensor_of(mixed[n], tuple(g.shape), f"the mixture at {n!r}") for n, g in grams[0].items()
    }


def same_layers(mixed: dict, expected: dict) -> bool:
    """Return whether two mixtures agree at every layer."""
    return all(close(mixed[name], expected[name]) for name in expected)


@points(2, exercise="mix_grams")
def test_mean_of_two(student):
    """Two styles with equal weights give their mean, for each image."""
    grams = gram_sets(student.generator(41), 2, ("fine",), images=2)
    mixed = mixture(student, grams, [0.5, 0.5])["fine"]
    a, b = (g["fine"].double() for g in grams)
    require(
        mixed,
        (a + b) / 2,
        "half of one and half of the other is not their mean",
        mistakes={
            "this is the sum: weigh, and divide by the sum of the weights": a + b,
            "this is a quarter of the sum: the weights already add up to 1, and their sum is what "
            "you divide by, not the number of styles": (a + b) / 4,
            "this is the first style alone": a,
            "this is the second style alone": b,
        },
    )


@points(3, exercise="mix_grams")
def test_each_its_weight(student):
    """Each style counts by its own weight."""
    grams = gram_sets(student.generator(42), 2, ("fine",))
    mixed = mixture(student, grams, [0.8, 0.2])["fine"]
    a, b = (g["fine"].double() for g in grams)
    p = torch.tensor([0.8, 0.2]).softmax(0).double()
    require(
        mixed / mixed.sum(),  # a wrong common factor is another check's affair
        (0.8 * a + 0.2 * b) / (0.8 * a + 0.2 * b).sum(),
        "weights 0.8 and 0.2 do not give 0.8 of the first style and 0.2 of the second",
        mistakes={
            "the weights are not used: this is the plain mean": (a + b) / (a + b).sum(),
            "the weights went to the wrong styles": (0.2 * a + 0.8 * b) / (0.2 * a + 0.8 * b).sum(),
            "the weights are squared": (0.64 * a + 0.04 * b) / (0.64 * a + 0.04 * b).sum(),
            "a softmax changes the weights: divide by their sum": (p[0] * a + p[1] * b)
            / (p[0] * a + p[1] * b).sum(),
        },
    )


@points(2, exercise="mix_grams")
def test_sum_of_weights(student):
    """Weights that do not add up to 1 are divided by their sum."""
    grams = gram_sets(student.generator(43), 2, ("fine",))
    shares = mixture(student, grams, [0.75, 0.25])
    for weights in ([6.0, 2.0], [0.3, 0.1]):
        assert same_layers(mixture(student, grams, weights), shares), (
            f"weights {weights} give another mixture than 0.75 and 0.25: divide by the sum of the "
            "weights, whatever it is"
        )


@points(2, exercise="mix_grams")
def test_any_number_of_styles(student):
    """One style stays itself, and three styles all count."""
    grams = gram_sets(student.generator(44), 3, ("fine",))
    alone = mixture(student, grams[:1], [1.0])
    assert same_layers(alone, grams[0]), "one style, mixed with nothing, is not itself"
    three = mixture(student, grams, [1 / 3, 1 / 3, 1 / 3])
    others = [mixture(student, [*grams[:2], grams[i]], [1 / 3, 1 / 3, 1 / 3]) for i in (0, 1)]
    assert not all(same_layers(three, other) for other in others), (
        "the third of three styles changes nothing: go over the whole list"
    )
    assert same_layers(three, reference.mix_grams(grams, [1, 1, 1])), (
        "three styles with equal weights do not give their mean"
    )


@points(2, exercise="mix_grams")
def test_layers_apart(student):
    """Each layer is mixed for itself."""
    grams = gram_sets(student.generator(45), 2, ("fine", "middle", "coarse"))
    mixed = mixture(student, grams, [0.5, 0.5])
    for layer in grams[0]:
        alone = mixture(student, only(layer, *grams), [0.5, 0.5])
        assert close(mixed[layer], alone[layer]), (
            f"the layer {layer!r} among others is not what it is alone: a sum or a weight goes on "
            "from one layer to the next"
        )


@points(1, exercise="mix_grams")
def test_order_of_layers(student):
    """The layers belong together by name, whatever their order."""
    first, second = gram_sets(student.generator(46), 2, ("fine",))
    first |= {"middle": 2 * first["fine"]}
    second |= {"middle": 3 * second["fine"]}
    turned = dict(reversed(second.items()))
    expected = mixture(student, [first, second], [0.5, 0.5])
    assert same_layers(mixture(student, [first, turned], [0.5, 0.5]), expected), (
        "the second style lists its layers in another order, and the mixture changes: use names, "
        "not positions"
    )


@points(1, exercise="mix_grams")
def test_grams_unchanged(student):
    """The Gram matrices that were given keep their values (witnessed by the worker)."""
    grams = gram_sets(student.generator(47), 2, ("fine", "middle"))
    call = student.call("mix_grams", grams, [0.5, 0.5])
    assert isinstance(call.value, dict) and set(call.value) == set(grams[0]), (  # noqa: PT018
        "the result should be a dictionary of the same layers"
    )
    assert call.inputs_unchanged, (
        "a Gram matrix that was given is changed in place, or a dict or list of them: the caller "
        "wants the same styles again. Build new ones, without `*=`, `+=` and `pop`"
    )
