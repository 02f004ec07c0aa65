"""Hidden checks of lab 08: a ReLU with the guided way back, and guided backpropagation.

Each check asks one property, on inputs that hide the others: where the rule does not matter, all
weights are positive and no gradient is negative; where the place does not matter, the map has one
place. Side matters only count once the result itself is one.
"""

import torch
from torch import Tensor, fx, nn

from autograder import reference
from autograder.compare import close, proportional, require, tensor_of
from autograder.probes import random_images
from autograder.worker.messages import shared_model
from labkit.check import points

# GuidedReLU: forward(ctx, x), backward(ctx, upstream)

SHAPE = (2, 3, 5, 4)


def signs(generator, shape=SHAPE) -> Tensor:
    """Return random values of -1 and 1: they hide by what a gradient is multiplied."""
    return torch.randint(0, 2, shape, generator=generator).float() * 2 - 1


def magnitudes(generator, shape=SHAPE) -> Tensor:
    """Return random values between 0.5 and 2.5."""
    return torch.rand(shape, generator=generator) * 2 + 0.5


def sent_back(student, x: Tensor, upstream: Tensor) -> Tensor:
    """Return what the student's ReLU sends back for an upstream gradient."""
    call = student.call("GuidedReLU.apply", x, gradients=(0,), upstream=upstream)
    tensor_of(call.value, tuple(x.shape), "what `forward` returns")
    gradient = tensor_of(call.gradients[0], tuple(x.shape), "what `backward` returns")
    assert gradient.any(), (
        "nothing goes back, not even where x and g are positive: does `backward` return a gradient?"
    )
    return gradient


@points(2, exercise="GuidedReLU")
def test_forward(student):
    """Forward it is a ReLU."""
    generator = student.generator(1)
    x = signs(generator) * magnitudes(generator) * 4  # from -10 to 10
    value = student.call("GuidedReLU.apply", x).value
    require(
        tensor_of(value, SHAPE, "what `forward` returns"),
        torch.where(x > 0, x, 0.0),
        "the forward pass is not that of a ReLU: max(x, 0)",
        mistakes={
            "values above 6 are cut: that is ReLU6. Here there is no ceiling, the kit adds it "
            "where it belongs": x.clamp(0, 6),
            "the forward pass returns x as it is: values below 0 become 0": x,
            "values below 0 lost their sign: they become 0": x.abs(),
        },
    )


@points(2, exercise="GuidedReLU")
def test_input_mask(student):
    """Where the input was negative, nothing goes back."""
    x, upstream = signs(student.generator(2)), torch.ones(SHAPE)
    require(
        sent_back(student, x, upstream),
        reference.sent_back(x, upstream),
        "what goes back does not depend on the input as it should: g where x > 0, else 0",
        same=proportional,
        mistakes={
            "gradients pass where the input was negative, too: that is the deconvnet's rule. Keep "
            "x in `ctx`, and mask by x > 0": upstream,
            "gradients pass where the input was negative, and not where it was positive: the mask "
            "is turned around": (x < 0).float(),
        },
    )


@points(3, exercise="GuidedReLU")
def test_upstream_mask(student):
    """Where the upstream gradient is negative, nothing goes back."""
    generator = student.generator(3)
    x, upstream = torch.ones(SHAPE), signs(generator)
    upstream = torch.where(upstream > 0, upstream, upstream * magnitudes(generator))
    require(
        sent_back(student, x, upstream),
        reference.sent_back(x, upstream),
        "what goes back does not depend on the sign of the upstream gradient as it should: g where "
        "g > 0, else 0",
        same=proportional,
        mistakes={
            "negative gradients go on: this is plain backpropagation. Mask by g > 0 as well": (
                upstream
            ),
            "negative gradients go on without their sign: they become 0": upstream.abs(),
            "the negative gradients go on, and the positive ones do not": upstream.clamp(max=0),
        },
    )


@points(1, exercise="GuidedReLU")
def test_both_masks(student):
    """Where input and gradient are both negative, nothing goes back either."""
    generator = student.generator(4)
    x, upstream = signs(generator), torch.ones(SHAPE)
    upstream = torch.where(x > 0, upstream, -upstream)  # both positive, or both negative
    require(
        sent_back(student, x, upstream),
        reference.sent_back(x, upstream),
        "something goes back where x and g are both negative: ask for x > 0 and g > 0, each by "
        "itself, not for the sign of their product or for one of the two",
        same=proportional,
    )


@points(1, exercise="GuidedReLU")
def test_zero_input(student):
    """Where the input is exactly 0, nothing goes back."""
    x, upstream = torch.ones(SHAPE), torch.ones(SHAPE)
    x[:, :, ::2] = 0
    gradient = sent_back(student, x, upstream)
    assert not gradient[:, :, ::2].any(), (
        "where x is exactly 0 the gradient passes: the mask is x > 0, not x >= 0. Most inputs of a "
        "ReLU that follows another one are exactly 0"
    )


@points(2, exercise="GuidedReLU")
def test_size(student):
    """What goes back is the upstream gradient itself, neither scaled nor multiplied."""
    generator = student.generator(6)
    x, upstream = 4 * magnitudes(generator), magnitudes(generator)  # x from 2 to 10
    require(
        sent_back(student, x, upstream),
        upstream,
        "where x and g are positive, g should go back as it is",
        mistakes={
            "the mask goes back, not the gradient: multiply it with g": torch.ones(SHAPE),
            "x goes back, not the gradient": x,
            "the gradient is multiplied by the output: by a mask of zeros and ones instead": (
                upstream * x
            ),
            "the gradient is cut at 1": upstream.clamp(max=1),
            "nothing goes back where x is above 6: that is ReLU6. Here there is no ceiling, the "
            "kit adds it where it belongs": torch.where(x < 6, upstream, 0.0),
            "the gradient is scaled to a length of 1: leave its size": upstream / upstream.norm(),
            "the gradient is divided by its maximum: leave its size": upstream / upstream.max(),
        },
    )


@points(2, exercise="GuidedReLU")
def test_several_at_once(student):
    """In a network each ReLU remembers its own input."""
    generator = student.generator(7)
    between = nn.Conv2d(3, 3, 1)
    between.weight.data = torch.randn(between.weight.shape, generator=generator)
    between.bias.data = torch.randn(3, generator=generator)
    model = nn.Sequential(nn.ReLU(), between, nn.ReLU()).requires_grad_(False).eval()
    x, upstream = signs(generator) * magnitudes(generator), magnitudes(generator)
    given = between(student.call("GuidedReLU.apply", x).value.float())
    second = sent_back(student, given, upstream).float()
    second = torch.einsum("noij,ok->nkij", second, between.weight[:, :, 0, 0])
    alone = sent_back(student, x, second)
    call = student.call("GuidedReLU.apply", x, gradients=(0,), upstream=upstream, inside=model)
    together = tensor_of(call.gradients[0], SHAPE, "the gradient")
    require(
        together,
        alone,
        "two ReLUs in one network send back something else than each by itself: the later one "
        "overwrites what the earlier one has kept. Keep it in `ctx`, not in the class or outside",
    )
    call = student.call("GuidedReLU.apply", x, gradients=(0,), upstream=upstream, inside=unused())
    require(
        tensor_of(call.gradients[0], SHAPE, "the gradient"),
        sent_back(student, x, upstream),
        "where a second ReLU has gone forward and is never asked for its gradient, the first one "
        "sends back something else: it takes up what the second one has kept. Keep it in `ctx`, "
        "not in a list of the class or outside",
    )


def unused() -> nn.Module:
    """Return a network of two ReLUs, of which the second one reads -x and is not in the result."""
    graph = fx.Graph()
    x = graph.placeholder("x")
    result = graph.call_module("first", (x,))
    graph.call_module("second", (graph.call_function(torch.neg, (x,)),))
    graph.output(result)
    return fx.GraphModule({"first": nn.ReLU(), "second": nn.ReLU()}, graph)


@points(1, exercise="GuidedReLU")
def test_any_shape(student):
    """It works for any shape."""
    for shape in ((7,), (2, 6), (3, 2, 5), (1, 2, 3, 4, 2)):
        ones = torch.ones(shape)
        gradient = sent_back(student, ones, ones)
        assert proportional(gradient[None], ones[None]), (
            f"x of shape {shape} gets another gradient than one of four axes"
        )


@points(1, exercise="GuidedReLU")
def test_input_unchanged(student):
    """The forward pass leaves x as it is (witnessed by the worker)."""
    x = signs(student.generator(9))
    call = student.call("GuidedReLU.apply", x)
    assert not close(tensor_of(call.value, SHAPE, "the result"), x.double()), (
        "there is no forward pass yet that could be looked at"
    )
    assert call.inputs_unchanged, (
        "`forward` changes x in place: others read the same tensor. Return a new one"
    )


@points(1, exercise="GuidedReLU")
def test_upstream_unchanged(student):
    """The backward pass leaves the upstream gradient as it is (witnessed by the worker)."""
    generator = student.generator(10)
    x, upstream = signs(generator).clamp(min=0), signs(generator)  # a ReLU in place keeps this x
    call = student.call("GuidedReLU.apply", x, gradients=(0,), upstream=upstream)
    gradient = call.gradients[0]
    same = close(gradient.double(), upstream.double())
    assert not same, "there is no rule yet that could be looked at: everything goes back"
    assert gradient.any(), "there is no rule yet that could be looked at: nothing goes back"
    assert call.inputs_unchanged, (
        "`backward` changes the upstream gradient in place: another branch of the network may be "
        "waiting for the same tensor. Clone it first, or multiply by a mask"
    )


# guided_backprop(model, image, layer, channel) -> (3, H, W)

SIZE = (6, 8)  # H != W, so that a transposed map is seen


def probe(
    generator,
    *,
    channels: int = 1,
    places: tuple[int, int] = (1, 1),
    inhibiting: bool = False,
    silent: bool = False,
    six: bool = False,
    high: bool = False,
    signed: bool = False,
    logits: int = 0,
) -> nn.Sequential:
    """Return a network whose layer "last.1" is a rectified map; neutral unless asked otherwise.

    All weights are positive, so that every rule gives the same map, and no value is negative; the
    map has one channel and one place. The layers after it are there to be left out.

    Args:
        channels, places: of the map.
        inhibiting: half of the hidden neurons get a negative gradient, all are active.
        silent: half of the hidden neurons are not active.
        six: the hidden activations are ReLU6, all below their ceiling.
        high: half of the first hidden neurons are above 6.
        signed: red has negative weights, green and blue have positive ones.
        logits: a linear layer "logits" of so many classes reads the map.
    """
    act = nn.ReLU6 if six else nn.ReLU
    first, second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 6, 3, padding=1)
    window = (SIZE[0] - places[0] + 1, SIZE[1] - places[1] + 1)
    last = nn.Conv2d(6, channels, window)
    for layer in (first, second, last):
        layer.weight.data = torch.rand(layer.weight.shape, generator=generator) + 0.1
        layer.weight.data /= layer.weight[0].sum()
        layer.bias.data = 0.1 * torch.rand(len(layer.bias), generator=generator)
    if signed:
        first.weight.data[:, 0] *= -1
        first.bias.data += 0.5
    if silent:
        first.bias.data[::2] -= 5
    if inhibiting:
        first.weight.data[::2, 1:] = first.weight.data[1::2, :1] = 0  # half see red alone
        second.weight.data[:, ::2] *= -1
        last.weight.data[:, ::2] *= -0.5
        second.bias.data += 0.5
        last.bias.data += 0.5
    if high:
        first.bias.data[::2] += 6.5
        second.weight.data /= 8
    body = nn.Sequential(first, act(), nn.Sequential(second, act()))
    parts = {"body": body, "last": nn.Sequential(last, nn.ReLU()), "flatten": nn.Flatten()}
    parts["logits"] = nn.Linear(channels * places[0] * places[1], max(logits, 2))
    parts["logits"].weight.data = torch.rand(parts["logits"].weight.shape, generator=generator)
    parts["logits"].bias.data[:] = 0
    model = nn.Sequential()
    for name, part in parts.items():
        model.add_module(name, part)
    return model.requires_grad_(False).eval()


def guided(student, model, image, layer="last.1", channel=0) -> Tensor:
    """Return the student's map as (1, 3, H, W); the batch axis is test_shape's matter."""
    result = map_of(student.guided_backprop(model, image, layer, channel), image)
    assert result.any(), (
        "the map is zero everywhere. Is it the activation itself that you differentiate? The rule "
        "stops a negative one at the first ReLU"
    )
    return result


def map_of(value, image: Tensor) -> Tensor:
    """Return a map as (1, 3, H, W), with or without the axis of the one image."""
    if isinstance(value, Tensor) and value.shape == image.shape:
        value = value[0]
    return tensor_of(value, tuple(image.shape[1:]), "the result")[None]


def expected_of(model, image, layer="last.1", channel=0, rule="guided") -> Tensor:
    """Return the reference's map as (1, 3, H, W)."""
    return reference.guided_backprop(model, image, layer, channel, rule)[None]


@points(1, exercise="guided_backprop")
def test_shape(student):
    """The map has the shape of the one image: (3, H, W)."""
    generator = student.generator(11)
    model, image = probe(generator), random_images(generator, 1, SIZE)
    value = student.guided_backprop(model, image, "last.1", 0)
    if isinstance(value, Tensor) and value.shape == image.shape:
        raise AssertionError(
            f"the result has shape {tuple(value.shape)}: take the one image out of the batch, `[0]`"
        )
    tensor_of(value, (3, *SIZE), "the result")


@points(1, exercise="guided_backprop")
def test_gradient(student):
    """The map is a gradient with respect to the pixels."""
    generator = student.generator(24)
    model, image = probe(generator), random_images(generator, 1, SIZE)
    expected = expected_of(model, image)
    require(
        guided(student, model, image),
        expected,
        "where all weights are positive every rule gives the plain gradient, and the map is "
        "another one: differentiate the activation by the pixels, and return that",
        same=proportional,
        mistakes={
            "the gradient is multiplied by the picture: return the gradient alone": (
                expected * image
            ),
        },
    )


@points(3, exercise="guided_backprop")
def test_rule(student):
    """Negative gradients are dropped at every ReLU of the network."""
    generator = student.generator(12)
    model, image = probe(generator, inhibiting=True), random_images(generator, 1, SIZE)
    layers = ("last.1", "last.0")  # the rectified map, and the convolution below
    for layer in layers:
        expected = expected_of(model, image, layer)
        plain = expected_of(model, image, layer, rule="plain")
        require(
            guided(student, model, image, layer),
            expected,
            "negative gradients come through: GuidedReLU has to stand for every activation while "
            "the forward pass runs",
            same=proportional,
            mistakes={
                "this is the plain gradient: run the forward pass inside the `with` block of "
                "`replace_activations`": plain,
                "this is the plain gradient with its negative values cut: the rule belongs to "
                "every ReLU on the way, not to the result": plain.clamp(min=0),
                "this is the plain gradient without its sign": plain.abs(),
            },
        )


@points(2, exercise="guided_backprop")
def test_silent_neurons(student):
    """Nothing goes back through neurons that were not active."""
    generator = student.generator(25)
    model, image = probe(generator, silent=True), random_images(generator, 1, SIZE)
    require(
        guided(student, model, image),
        expected_of(model, image),
        "where some neurons are silent the map is another one",
        same=proportional,
        mistakes={
            "gradients go through silent neurons, as in the deconvnet: the guided rule asks for "
            "x > 0 as well": expected_of(model, image, rule="deconvnet")
        },
    )


@points(2, exercise="guided_backprop")
def test_rule_for_relu6(student):
    """A ReLU6 is replaced as well."""
    generator = student.generator(13)
    model, image = probe(generator, inhibiting=True, six=True), random_images(generator, 1, SIZE)
    require(
        guided(student, model, image),
        expected_of(model, image),
        "with ReLU6 the map is another: every activation is to be replaced, not nn.ReLU alone. "
        "`replace_activations` sees to it",
        same=proportional,
    )


@points(2, exercise="guided_backprop")
def test_ceiling(student):
    """A ReLU6 keeps its ceiling: what stands above 6 has no gradient."""
    generator = student.generator(14)
    model, image = probe(generator, six=True, high=True), random_images(generator, 1, SIZE)
    require(
        guided(student, model, image),
        expected_of(model, image),
        "the ceiling of ReLU6 is lost: it is `GuidedReLU.apply(x).clamp(max=6)`, as "
        "`replace_activations` makes it",
        same=proportional,
    )


@points(2, exercise="guided_backprop")
def test_largest_place(student):
    """Of all places of the map, the one with the largest activation is asked."""
    generator = student.generator(15)
    largest = 0
    while largest in (0, 5, 6, 11):  # until it is neither the first, nor a middle one, nor the last
        model = probe(generator, places=(3, 4))
        image = random_images(generator, 1, SIZE)
        image[0, :, :4, -5:] += 1.5
        image /= image.max()
        largest = int(model.last(model.body(image)).argmax())
    expected = expected_of(model, image)
    summed = sum_over_places(model, image)
    require(
        guided(student, model, image),
        expected,
        "the map belongs to another place: differentiate the largest activation of the channel",
        same=proportional,
        mistakes={
            "all places of the map are added up or averaged: take the largest activation": summed
        },
    )
    model.last[0].bias.data -= 10  # no activation of this convolution is positive now
    require(
        guided(student, model, image, "last.0"),
        expected_of(model, image, "last.0"),
        "where all activations are negative, the map belongs to another place: the largest "
        "activation is wanted, not the one of the largest size",
        same=proportional,
    )


def sum_over_places(model, image: Tensor) -> Tensor:
    """Return the gradient of the whole map's sum; with positive weights every rule gives it."""
    image = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model.last(model.body(image)).sum(), image)
    return gradient.double()


@points(1, exercise="guided_backprop")
def test_channel(student):
    """The channel that is asked for is the one that answers."""
    generator = student.generator(16)
    model, image = probe(generator, channels=4), random_images(generator, 1, SIZE)
    model.last[0].weight.data[2] *= 2  # the strongest
    maps = [expected_of(model, image, channel=c) for c in range(4)]
    require(
        guided(student, model, image, channel=1),
        maps[1],
        "the map is not that of the channel that was asked for",
        same=proportional,
        mistakes={
            "the map is about channel 0, whatever `channel` is": maps[0],
            "the map is about the strongest channel, whatever `channel` is": maps[2],
            "the map is about all channels together": sum(maps),
        },
    )


@points(1, exercise="guided_backprop")
def test_layer(student):
    """The layer that is asked for is the one that answers."""
    generator = student.generator(17)
    model, image = probe(generator, channels=8), random_images(generator, 1, SIZE)
    model.body[2][0].weight.data[:] = 0.02 * torch.eye(6, 8)[:, :, None, None]  # places differ
    expected = expected_of(model, image, "body.2.1", 2)
    require(
        guided(student, model, image, "body.2.1", 2),
        expected,
        "the map is not that of the layer that was asked for: it should reach a few pixels, the "
        "field of a neuron in a shallow layer",
        same=proportional,
    )


@points(1, exercise="guided_backprop")
def test_sign(student):
    """The map keeps its sign."""
    generator = student.generator(18)
    model, image = probe(generator, signed=True), random_images(generator, 1, SIZE)
    expected = expected_of(model, image)
    require(
        guided(student, model, image),
        expected,
        "with gradients of both signs the map is another one",
        same=proportional,
        mistakes={
            "the map has lost its sign: lab 06 took the absolute value, here the sign says whether "
            "a pixel should be brighter or darker": expected.abs(),
            "the negative values of the map are gone: the rule belongs to the ReLUs, and pixels "
            "have none": expected.clamp(min=0),
        },
    )


@points(1, exercise="guided_backprop")
def test_scale(student):
    """The map is the gradient itself, not scaled for display."""
    generator = student.generator(19)
    model, image = probe(generator), random_images(generator, 1, SIZE)
    require(
        guided(student, model, image),
        expected_of(model, image),
        "the map is a multiple of the gradient: return the gradient itself, scale it for display "
        "only",
    )


@points(1, exercise="guided_backprop")
def test_logits(student):
    """A layer of logits (1, K) has one activation a channel."""
    generator = student.generator(20)
    model = probe(generator, channels=3, logits=4)
    model.logits.weight.data[3] += 1  # the strongest
    image = random_images(generator, 1, SIZE)
    require(
        guided(student, model, image, "logits", 2),
        expected_of(model, image, "logits", 2),
        "for a layer of logits the map is another one: logits are (1, K), so "
        "`features[0, channel]` is one number already",
        same=proportional,
    )


@points(1, exercise="guided_backprop")
def test_embedded_network(student):
    """It works on the network of the lab."""
    model, image = shared_model("lite0"), random_images(student.generator(21), 1, (64, 80))
    layer, channel = "blocks.2.1.conv_pw", 100
    call = student.call("guided_backprop", model, image, layer, channel, shared=("lite0",))
    require(
        map_of(call.value, image),
        reference.guided_backprop_by_hooks(model, image, layer, channel)[None],
        "on EfficientNet-Lite0 the map is another one: is every activation replaced, at any depth "
        "of the network, and is the place that of this channel alone?",
        same=proportional,
    )


def witnessed(student, number: int):
    """Return what the worker saw of a call, provided that its result is a map."""
    generator = student.generator(number)
    model, image = probe(generator), random_images(generator, 1, SIZE)
    call = student.call("guided_backprop", model, image, "last.1", 0)
    require(
        map_of(call.value, image),
        expected_of(model, image),
        "there is no map yet that could be looked at",
        same=proportional,
    )
    return call


@points(1, exercise="guided_backprop")
def test_image_unchanged(student):
    """The caller's image keeps its values (witnessed by the worker)."""
    assert witnessed(student, 22).inputs_unchanged, "the image is changed in place: work on a copy"


@points(1, exercise="guided_backprop")
def test_model_restored(student):
    """The network is as it was: activations, hooks, mode, weights (witnessed by the worker)."""
    assert witnessed(student, 23).models_unchanged, (
        "the network is not as it was: GuidedReLU or a hook is still in it, or its mode or a "
        "weight changed. What comes next would use the hack without knowing; a `with` block takes "
        "it out"
    )
