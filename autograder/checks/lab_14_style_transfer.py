"""Hidden checks of lab 14: content and style loss, mixed Gram matrices, style transfer.

The losses are compared with themselves where that is enough: twice the weight gives twice of what
this very function gave, so that a wrong factor costs one check. `stylize` runs on a chain of four
linear layers that carry the names its locked cell knows; at the end of an optimization the
gradients of the terms cancel, which tells the weights it obeyed, whatever the optimizer.
"""

from collections import OrderedDict

import torch
from torch import Generator, Tensor, nn

from autograder import reference
from autograder.compare import close, proportional, require, require_answer, tensor_of
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


@points(1, exercise="style_loss")
def test_style_inputs_unchanged(student):
    """Features, targets and weights keep their values (witnessed by the worker)."""
    features, targets = style_input(student.generator(17))
    weights = {layer: torch.tensor(2.0) for layer in targets}
    call = student.call("style_loss", features, targets, weights)
    assert number(call.value) != 0, "the loss is 0"
    assert call.inputs_unchanged, (
        "the features, targets or weights are changed in place: no `-=`, no `*=`, no `sub_` on "
        "what belongs to the caller"
    )


# stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start) -> image

STEPS = 60  # enough to arrive, for a chain of linear layers
LONGER = 100  # for Adam to settle


def probe(generator: Generator) -> nn.Sequential:
    """Return a linear chain whose layers carry the names that the lab's `look` knows.

    The content layer turns the colours and triples them, so that its features are neither the
    pixels nor of their size.
    """
    layers = OrderedDict(
        content=nn.Conv2d(3, 3, 1),
        fine=nn.Conv2d(3, 4, 1),
        middle=nn.Conv2d(4, 4, 3, padding=1),
        coarse=nn.Conv2d(4, 5, 3, stride=2, padding=1),
    )
    for layer in layers.values():
        shape = layer.weight.shape
        layer.weight.data = torch.randn(shape, generator=generator) / shape[1:].numel() ** 0.5
        layer.bias.data.zero_()
    turn, _ = torch.linalg.qr(layers["content"].weight[:, :, 0, 0])
    layers["content"].weight.data = 3 * turn[:, :, None, None]
    return nn.Sequential(layers).requires_grad_(False).eval()


def noise(generator: Generator, size: tuple[int, int], low: float, high: float) -> Tensor:
    """Return (1, 3, *size) of uniform noise from low to high."""
    return low + (high - low) * torch.rand(1, 3, *size, generator=generator)


class Studio:
    """A network, a pale content, a strong style and a start, from the secret seed."""

    def __init__(self, student, seed: int, style_size: tuple[int, int] = SIZE):
        generator = student.generator(seed)
        self.student, self.model = student, probe(generator)
        self.content = noise(generator, SIZE, 0.35, 0.65)
        self.style = noise(generator, style_size, 0.0, 0.8)
        self.start = noise(generator, SIZE, 0.2, 0.8)
        self.targets = reference.style_targets(self.model, self.style)

    def arguments(self, weights: tuple, steps: int = STEPS, start: Tensor | None = None) -> tuple:
        """Return what stylize is called with; weights are those of content, style, smoothing."""
        return self.model, self.content, self.style, *weights, steps, start

    def paint(self, weights: tuple, **options) -> Tensor:
        """Return the student's picture."""
        value = self.student.stylize(*self.arguments(weights, **options))
        return tensor_of(value, tuple(self.content.shape), "the result")

    def terms(self, image: Tensor) -> list[float]:
        """Return the content term, the style term and the smoothing of a picture."""
        found = reference.style_terms(self.model, image, self.content, self.targets)
        return [float(value) for value in found]

    def witnessed(self, steps: int = 12) -> "Result":  # noqa: F821
        """Return what the worker saw of a call that made a picture."""
        arguments = self.arguments((1.0, 1.0, 0.1), steps, self.start)
        call = self.student.call("stylize", *arguments, record=True)
        image = tensor_of(call.value, tuple(self.content.shape), "the result")
        require_answer(image.float(), self.start, "stylize")
        before, after = (sum(self.terms(x)[:2]) for x in (self.start, image))
        assert after < before, "there is no picture yet that could be looked at"
        return call


@points(2, exercise="stylize")
def test_starts_at_the_content(student):
    """Without a start, the content picture is where it begins; alone, it is perfect."""
    studio = Studio(student, 21)
    image = studio.paint((1.0, 0.0, 0.0), steps=3)
    assert (image - studio.content).abs().mean() < 0.02, (
        "with style_weight=0 and tv_weight=0 the content picture is perfect from the start, and "
        "three steps led away from it: begin at `content` when `start` is None, and compare with "
        "the features of `content`"
    )


@points(2, exercise="stylize")
def test_content_is_found(student):
    """From another start, with the content loss alone, the picture goes to the content."""
    studio = Studio(student, 22)
    image = studio.paint((1.0, 0.0, 0.0), start=studio.start)
    before, after = studio.terms(studio.start)[0], studio.terms(image)[0]
    assert after < 0.1 * before, (
        f"with style_weight=0, {STEPS} steps from another start leave {after / before:.0%} of the "
        "content distance. The target features are those of `content`, made before the loop and "
        "never again: features of the picture that changes are no target"
    )


def style_left(studio: Studio, image: Tensor) -> float:
    """Return the share of the style distance that a picture has left."""
    return studio.terms(image)[1] / studio.terms(studio.content)[1]


@points(2, exercise="stylize")
def test_style_is_reached(student):
    """With the style loss alone, the picture reaches the style's Gram matrices."""
    studio = Studio(student, 23)
    left = style_left(studio, studio.paint((0.0, 1.0, 0.0)))
    assert left < 0.2, (
        f"with content_weight=0, {STEPS} steps leave {left:.0%} of the style distance: are the "
        "targets the Gram matrices of `style`, and is the style loss part of the loss?"
    )


@points(1, exercise="stylize")
def test_style_of_another_size(student):
    """The style picture may have another size than the content."""
    studio = Studio(student, 24, OTHER_SIZE)
    left = style_left(studio, studio.paint((0.0, 1.0, 0.0)))
    assert left < 0.2, (
        f"the style has another size than the content, and {left:.0%} of the style distance is "
        "left: take its Gram matrices as it is, without resizing or cropping; their shape does not "
        "depend on the size"
    )


@points(1, exercise="stylize")
def test_ready_gram_matrices(student):
    """The style may be a dictionary of Gram matrices."""
    studio = Studio(student, 25)
    studio.style = {layer: gram.float() for layer, gram in studio.targets.items()}
    left = style_left(studio, studio.paint((0.0, 1.0, 0.0)))
    assert left < 0.2, (
        f"the style is a dictionary of Gram matrices, and {left:.0%} of the style distance is "
        "left: `style_grams(model, style)` takes both"
    )


def require_weight(found: float, wanted: float, what: str, known: dict[str, float]) -> None:
    """Fail unless the weight that a picture obeyed is the wanted one, to a fifth."""
    if abs(found / wanted - 1) < 0.2:
        return
    for text, mistaken in known.items():
        if abs(found / mistaken - 1) < 0.15:
            raise AssertionError(text)
    raise AssertionError(
        f"{what} counts {'more' if found > wanted else 'less'} than it should, by the weights given"
    )


@points(3, exercise="stylize")
def test_balance_of_content_and_style(student):
    """Content and style are balanced as the weights say, each relative to its target's size."""
    studio = Studio(student, 26)
    image = studio.paint((0.4, 1.2, 0.0), steps=LONGER)
    arguments = studio.model, image, studio.content, studio.targets
    features = reference.probe_outputs(studio.model, studio.content)["content"]
    size = float(features.square().sum())
    require_weight(
        reference.weight_obeyed(*arguments, 1),
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


@points(3, exercise="stylize")
def test_smoothing(student):
    """Total variation counts per value of the image, as its weight says."""
    studio = Studio(student, 27)
    image = studio.paint((1.0, 0.0, 0.5), steps=LONGER)
    values = studio.content.numel()
    arguments = studio.model, image, studio.content, studio.targets
    flat = image.double().diff(dim=3).square().sum() < 0.01 * studio.content.diff(
        dim=3
    ).square().sum().to(image)
    assert not flat, (
        "the picture became one flat colour: total variation is divided by the number of values, "
        "`total_variation(image, tv_weight / image.numel())`"
    )
    assert studio.terms(image)[2] < 0.98 * studio.terms(studio.content)[2], (
        "with tv_weight=0.5 the picture is no smoother than the content: add the third term, with "
        "a plus sign, of the picture that changes"
    )
    require_weight(
        reference.weight_obeyed(*arguments, 2),
        0.5,
        "with tv_weight=0.5 the smoothing, against the content,",
        {
            "total variation is not divided by the number of values of the image": 0.5 * values,
            "total variation is divided by H * W; it is the number of values, 3 * H * W": 1.5,
        },
    )


@points(1, exercise="stylize")
def test_start(student):
    """It begins at `start` where one is given."""
    studio = Studio(student, 28)
    studio.start = noise(student.generator(29), SIZE, 0.7, 1.0)
    image = studio.paint((0.0, 1.0, 0.0), steps=2, start=studio.start)
    require_answer(image.float(), studio.start, "stylize")
    to_start, to_content = (float((image - x).norm()) for x in (studio.start, studio.content))
    assert to_start < to_content, (
        "after two steps the picture is nearer to the content than to `start`: begin at `start` "
        "unless it is None"
    )


@points(1, exercise="stylize")
def test_range(student):
    """The result lies in [0, 1]."""
    studio = Studio(student, 30)
    strong = reference.style_targets(studio.model, 3 * studio.style)  # wants what no picture has
    studio.style = {layer: gram.float() for layer, gram in strong.items()}
    image = studio.paint((0.0, 1.0, 0.0), steps=40)
    require_answer(image.float(), studio.content, "stylize")
    low, high = float(image.min()), float(image.max())
    assert low > -1e-4, f"the result reaches down to {low:.2f}: clamp it to [0, 1]"
    assert high < 1 + 1e-4, f"the result reaches up to {high:.2f}: clamp it to [0, 1]"


def seen(call, picture: Tensor) -> int:
    """Return how often the network was shown this very picture."""
    return sum(x.shape == picture.shape and torch.equal(x, picture) for x in call.forwards)


@points(1, exercise="stylize")
def test_steps(student):
    """The loss is evaluated about `steps` times (witnessed by the worker)."""
    studio = Studio(student, 31)
    few, many = (len(studio.witnessed(steps).forwards) for steps in (6, 26))
    assert many > few, "more steps do not mean more evaluations: use `steps`"
    assert 10 < many - few < 50, (
        f"20 steps more mean {many - few} forward passes more: one evaluation is one step. "
        "torch.optim.LBFGS makes up to 20 in each call unless it has max_iter=1"
    )


@points(1, exercise="stylize")
def test_targets_once(student):
    """The targets are computed once, not in every step (witnessed by the worker)."""
    studio = Studio(student, 32, OTHER_SIZE)
    call = studio.witnessed(12)
    names = {"content": studio.content, "style": studio.style}
    for name, picture in names.items():
        assert seen(call, picture) < 5, (
            f"the network is shown the {name} picture {seen(call, picture)} times in 12 steps: it "
            "does not change, so compute its targets once, before the loop"
        )


@points(1, exercise="stylize")
def test_pictures_unchanged(student):
    """The content, the style and the start keep their values (witnessed by the worker)."""
    call = Studio(student, 33).witnessed()
    assert call.inputs_unchanged, (
        "a picture that was given has other values now: change a copy, `start.detach().clone()`"
    )


@points(1, exercise="stylize")
def test_model_unchanged(student):
    """The network is as it was: mode, weights, hooks (witnessed by the worker)."""
    call = Studio(student, 34).witnessed()
    assert call.models_unchanged, (
        "the network is not as it was before: its mode, a weight, `requires_grad` or a hook changed"
    )


# mix_grams(grams, weights) -> dict


def gram_sets(generator: Generator, count: int, layers: tuple[str, ...]) -> list[dict]:
    """Return Gram matrices of several styles; layers differ in size and in strength."""
    sets = []
    for k in range(1, count + 1):
        features = {name: k * random(generator, 1, 3 + i, 5, 4) for i, name in enumerate(layers)}
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
    """Two styles with equal weights give their mean."""
    grams = gram_sets(student.generator(41), 2, ("fine",))
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
    whole = mixture(student, grams, [6.0, 2.0])
    assert same_layers(whole, shares), (
        "weights 6 and 2 give another mixture than 0.75 and 0.25: divide by the sum of the weights"
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
        "a Gram matrix that was given is changed in place: the caller wants the same styles again. "
        "Build new matrices, without `*=` and `+=`"
    )
