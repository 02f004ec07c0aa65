"""Hidden checks of lab 06: saliency maps, randomized weights, the deletion curve.

Each check asks one property, on a probe that hides the others (autograder/probes.py). Side matters,
such as an image left unchanged, only count once the result itself is one: garbage earns nothing.
"""

import itertools
import math
from collections.abc import Iterator

import torch
from torch import Tensor

from autograder import reference
from autograder.compare import close, proportional, require, require_answer, tensor_of
from autograder.probes import deep_probe, linear_probe, random_images, saliency_probe
from autograder.worker.messages import ReturnedModel
from labkit.check import points
from labkit.errors import NotAnswered, StudentError

SIZE = (9, 7)  # H != W, so that a transposed map is seen


# saliency_map(model, images, labels) -> (N, H, W)


def saliency(student, model, images, labels) -> Tensor:
    """Return the student's maps as a tensor of the right shape."""
    maps = student.saliency_map(model, images, labels)
    return maps_of(maps, images)


def maps_of(value, images: Tensor) -> Tensor:
    """Return what saliency_map gave as (N, H, W); fail where it is none."""
    require_answer(value, images, "saliency_map")
    return tensor_of(value, (len(images), *images.shape[2:]), "the result")


def twins(generator, label: int) -> tuple[Tensor, Tensor]:
    """Return two equal images and labels: they hide how a function treats the batch."""
    return random_images(generator, 1, SIZE).repeat(2, 1, 1, 1), torch.tensor([label, label])


def size_that_works(student, model, image, label) -> int:
    """Return the number of images that the function takes, 0 where it takes none of these."""
    for count in (2, 5, 6):  # 5 and 6: the lecture's and the notebook's numbers of photos
        try:
            saliency(student, model, image.repeat(count, 1, 1, 1), label.repeat(count))
        except (AssertionError, StudentError):
            continue
        return count
    return 0


@points(2, exercise="saliency_map")
def test_one_image(student):
    """One image gives one map, with its first axis."""
    generator = student.generator(1)
    model, image = saliency_probe(generator, SIZE), random_images(generator, 1, SIZE)
    label = torch.tensor([1])
    try:
        maps = saliency(student, model, image, label)
    except NotAnswered:
        raise
    except (AssertionError, StudentError) as error:
        works = size_that_works(student, model, image, label)
        if works == 2:
            raise AssertionError(
                f"N = 1 fails although N = 2 works: {error}. Does a `squeeze()` without an axis "
                "drop the first axis of a single image?"
            ) from error
        if works:
            raise AssertionError(
                f"only N = {works} works: {error}. The number of images stands in your code; take "
                "it from `len(images)`"
            ) from error
        raise
    expected = reference.saliency_map(model, image, label)
    if not proportional(maps, expected):
        other = saliency(student, saliency_probe(generator, SIZE, rivals=True), image, label)
        assert not torch.equal(other, maps), (
            "another network gives the same map: use the `model` that is passed in, load none"
        )
    assert maps.any(), (
        "the map is zero everywhere: differentiate the logit of the label that is given, not the "
        "largest logit"
    )
    require(maps, expected, "the map of a single image is not its gradient", same=proportional)


@points(2, exercise="saliency_map")
def test_several_images(student):
    """Several images give one map each, the map each has alone."""
    generator = student.generator(2)
    model, images = saliency_probe(generator, SIZE), random_images(generator, 3, SIZE)
    labels = torch.tensor([2, 2, 2])
    maps = saliency(student, model, images, labels)
    expected = reference.saliency_map(model, images, labels)
    only_first = not maps[1:].any() and proportional(maps[:1], expected[:1])
    assert not only_first, (
        "only the first image has a map, the others are zero: differentiate the sum of the N "
        "logits, one an image"
    )
    require(
        maps,
        expected,
        "the maps of three images are not the maps that each has alone",
        same=proportional,
        mistakes={
            "all images got the map of the first one": expected[:1].expand_as(expected),
            "the images are mixed: every map is the sum of all": expected.sum(0).expand_as(
                expected
            ),
        },
    )


@points(2, exercise="saliency_map")
def test_each_its_own_label(student):
    """Each image is explained by its own label."""
    generator = student.generator(3)
    model, image = saliency_probe(generator, SIZE, classes=6), random_images(generator, 1, SIZE)
    images, labels = image.repeat(3, 1, 1, 1), torch.tensor([4, 0, 2])
    maps = saliency(student, model, images, labels)
    single = [reference.saliency_map(model, image, label[None])[0] for label in labels]
    message = "with different labels, a map is not about the label of its own image"
    if proportional(maps[:1], single[0][None]) and not maps[1:].any():
        return  # only the first image has a map, which another check says
    require(
        maps,
        torch.stack(single),
        message,
        same=proportional,
        mistakes={
            "every map sums the gradients of all labels: `logits[:, labels]` picks N x N logits, "
            "one column a label; you want the N logits of each image's own label": sum(
                single
            ).expand_as(maps),
            "every map is about the first image's label": single[0].expand_as(maps),
        },
    )


@points(2, exercise="saliency_map")
def test_absolute_value(student):
    """A pixel that lowers the logit is as salient as one that raises it."""
    generator = student.generator(4)
    model = saliency_probe(generator, SIZE, signed=True)
    images, labels = twins(generator, 1)
    signed = reference.logit_gradients(model, images, labels)[:1, 1]  # the one channel that counts
    require(
        saliency(student, model, images, labels)[:1],
        signed.abs(),
        "where the gradient is negative the map is wrong: take its absolute value",
        same=proportional,
        mistakes={
            "the absolute value comes too late, or never: it belongs before the maximum over the "
            "channels, or a negative gradient loses against a zero": signed.clamp(min=0),
            "negative gradients stay negative: take the absolute value": signed,
        },
    )


@points(2, exercise="saliency_map")
def test_largest_channel(student):
    """Of a pixel's three channels the largest one counts."""
    generator = student.generator(5)
    model = saliency_probe(generator, SIZE, coloured=True)
    images, labels = twins(generator, 0)
    gradients = reference.logit_gradients(model, images, labels)[:1]
    require(
        saliency(student, model, images, labels)[:1],
        gradients.amax(1),
        "the three channels of a pixel are not combined by their maximum",
        same=proportional,
        mistakes={
            "the channels are added up or averaged: take their maximum": gradients.sum(1),
            "the channels are combined by their norm: take their maximum": gradients.norm(dim=1),
            "the channels are combined by their minimum: take their maximum": gradients.amin(1),
            **{f"only channel {c} is used: take the maximum": gradients[:, c] for c in range(3)},
        },
    )


@points(3, exercise="saliency_map")
def test_gradient_of_the_logit(student):
    """The gradient is that of the logit, not of a loss or a probability."""
    generator = student.generator(6)
    model = saliency_probe(generator, SIZE, rivals=True)
    images, _ = twins(generator, 0)
    labels = model(images).argmin(dim=1)  # the largest logit is another mistake
    loss = reference.loss_gradients(model, images, labels)[:1].abs().amax(1)
    require(
        saliency(student, model, images, labels)[:1],
        reference.saliency_map(model, images[:1], labels[:1]),
        "the map is not the gradient of the label's logit",
        same=proportional,
        mistakes={
            "this is the gradient of a loss or of a probability (cross-entropy, log-softmax or "
            "softmax): it also says what would lower the other classes. Saliency differentiates "
            "the label's logit, the network's output itself": loss
        },
    )


@points(1, exercise="saliency_map")
def test_scale(student):
    """The map is the gradient itself, not scaled for display."""
    generator = student.generator(7)
    model = saliency_probe(generator, SIZE)
    images, labels = twins(generator, 2)
    expected = reference.saliency_map(model, images, labels)[:1]
    require(
        saliency(student, model, images, labels)[:1],
        expected,
        "the map is a multiple of the gradient: return the gradient itself, scale it for display "
        "only",
        mistakes={
            "the map shrinks when there are more images: this differentiates the mean over the "
            "images; take the sum of their logits": expected / len(images),
        },
    )


def witnessed(student, number: int):
    """Return what the worker saw of a call, provided that its result is a saliency map."""
    generator = student.generator(number)
    model = saliency_probe(generator, SIZE)
    images, labels = twins(generator, 1)
    call = student.call("saliency_map", model, images, labels)
    require(
        maps_of(call.value, images)[:1],
        reference.saliency_map(model, images[:1], labels[:1]),
        "there is no map yet that could be looked at",
        same=proportional,
    )
    return call


@points(1, exercise="saliency_map")
def test_images_unchanged(student):
    """The caller's images keep their values (witnessed by the worker)."""
    call = witnessed(student, 8)
    assert call.inputs_unchanged, "the images or labels are changed in place: work on a copy"


@points(1, exercise="saliency_map")
def test_model_unchanged(student):
    """The network is as it was: mode, weights, hooks (witnessed by the worker)."""
    call = witnessed(student, 9)
    assert call.models_unchanged, (
        "the network is not as it was before: its mode, a weight, `requires_grad` or a hook changed"
    )


# randomize_top(model, depth, seed) -> model

SPREADS = (0.5, 0.02, 0.1, 0.3)
LAYERS = 4


def randomized(student, depth: int, seed: int, number: int, **probe) -> tuple[dict, dict]:
    """Return the weights of the network sent and of the one that came back."""
    model = deep_probe(student.generator(number), SPREADS, **probe)
    return compared(model, student.randomize_top(model, depth, seed), depth)


def compared(model, returned, depth: int) -> tuple[dict, dict]:
    """Return the weights before and after; fail where the result is no network like the model."""
    assert isinstance(returned, ReturnedModel), (
        f"the result should be a network, and is a {type(returned).__name__}"
    )
    before, after = model.state_dict(), returned.state_dict
    assert {n: w.shape for n, w in before.items()} == {n: w.shape for n, w in after.items()}, (
        "the result should have the layers of the given network"
    )
    after = {n: w.to(before[n]) for n, w in after.items()}
    assert all(w.isfinite().all() for w in after.values()), "a weight is not finite"
    if depth and not changed(before, after):
        raise NotAnswered("not answered yet: `randomize_top` changes no weight")
    return before, after


def weights_of(state: dict) -> list[str]:
    """Return the names of the weights of convolutions and linear layers, in order."""
    return [n for n, w in state.items() if n.endswith("weight") and w.dim() > 1]


def changed(before: dict, after: dict) -> list[str]:
    """Return the names of the weights (not biases) that differ."""
    return [n for n in weights_of(before) if not torch.equal(before[n], after[n])]


def redrawn(student, number: int, mean: float = 0.0) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the old and the new weights of each layer that has new ones, as flat float64.

    Args:
        mean: of the old weights, in units of their standard deviation.
    """
    model = deep_probe(student.generator(number), SPREADS)
    for weight in (model.get_parameter(name) for name in weights_of(model.state_dict())):
        weight.data += mean * weight.std()
    before, after = compared(model, student.randomize_top(model, LAYERS, 0), LAYERS)
    for name in changed(before, after):
        yield before[name].double().flatten(), after[name].double().flatten()


@points(2, exercise="randomize_top")
def test_last_layer(student):
    """`depth=1` redraws the last weighted layer, and no other."""
    before, after = randomized(student, 1, 0, 11)
    last, found = weights_of(before)[-1], changed(before, after)
    assert last in found, "with depth=1 the last weighted layer kept its weights"
    assert found == [last], "with depth=1 layers before the last one changed, too"


@points(2, exercise="randomize_top")
def test_depth(student):
    """`depth` counts the layers that have weights, from the output."""
    for depth in (2, 3, 0):
        before, after = randomized(student, depth, 0, 12, normalized=True, nested=True)
        names, found = weights_of(before), changed(before, after)
        assert depth or found != names, (
            "with depth=0 all weighted layers changed, and none should: `layers[-0:]` is the whole "
            "list"
        )
        assert found == names[len(names) - depth :], (
            f"with depth={depth}, {len(found)} weighted layers changed; the last {depth} should. "
            "Count nn.Conv2d and nn.Linear, those inside of other modules, too "
            "(`model.modules()`); ReLU, pooling, flattening and normalization are none"
        )


@points(2, exercise="randomize_top")
def test_spread(student):
    """A redrawn layer keeps the standard deviation it had."""
    for had, has in redrawn(student, 13):
        assert 0.8 < float(has.std() / had.std()) < 1.25, (
            "a redrawn layer's standard deviation is not the one it had: measure the layer's own "
            "`weight.std()`; a default initialization kills a network without batch normalization"
        )


@points(1, exercise="randomize_top")
def test_random(student):
    """The redrawn weights are new draws from a normal distribution with mean 0."""
    layers = []
    for had, has in redrawn(student, 14):
        assert abs(likeness(had, has)) < 0.5, (
            "the redrawn weights resemble the old ones: draw new ones, do not add noise or scale"
        )
        assert not torch.equal(had.sort().values, has.sort().values), (
            "the redrawn weights are the old ones in another order: draw new ones"
        )
        assert abs(has.mean() / has.std()) < 0.25, "the redrawn weights should have a mean of 0"
        fourth_moment = ((has - has.mean()) / has.std()).pow(4).mean()  # 3 if normal, 1.8 if flat
        assert len(has) < 2000 or 2.3 < fourth_moment < 4, (
            "the redrawn weights are not normally distributed: draw them with `torch.randn`, and "
            "scale all of a layer's by one number, its standard deviation"
        )
        layers.append(has)
    for _, has in redrawn(student, 20, mean=2.0):
        assert abs(has.mean() / has.std()) < 0.25, (
            "the redrawn weights should have a mean of 0, also where the old ones had another"
        )
    assert all(abs(likeness(a, b)) < 0.5 for a, b in itertools.combinations(layers, 2)), (
        "two layers got the same random numbers: make the generator once, before the loop"
    )


def likeness(a: Tensor, b: Tensor) -> float:
    """Return the correlation of two lists of weights, as far as the shorter one goes."""
    count = min(len(a), len(b))
    return float(torch.corrcoef(torch.stack([a[:count], b[:count]]))[0, 1])


@points(1, exercise="randomize_top")
def test_biases_stay(student):
    """The biases stay as they were."""
    before, after = randomized(student, LAYERS, 0, 15)
    biases = [n for n in before if n.endswith("bias")]
    same = all(torch.equal(before[n], after[n]) for n in biases)
    assert same, "a bias changed; redraw the weights alone"


@points(1, exercise="randomize_top")
def test_seed_repeats(student):
    """The same seed gives the same network."""
    _, first = randomized(student, 2, 5, 16)
    _, again = randomized(student, 2, 5, 16)
    assert not changed(first, again), "the same seed gave two different networks: use `seed`"


@points(1, exercise="randomize_top")
def test_seed_matters(student):
    """Another seed gives another network."""
    _, first = randomized(student, 2, 5, 17)
    _, other = randomized(student, 2, 6, 17)
    assert changed(first, other), (
        "two seeds gave the same network: use `seed`, not a number of your own"
    )


@points(1, exercise="randomize_top")
def test_original_unchanged(student):
    """The given network keeps its weights (witnessed by the worker)."""
    model = deep_probe(student.generator(18), SPREADS)
    call = student.call("randomize_top", model, 2, 0)
    compared(model, call.value, 2)
    assert call.models_unchanged, (
        "the given network was changed: redraw a copy (`copy.deepcopy`), or what comes next "
        "explains a broken network"
    )


@points(1, exercise="randomize_top")
def test_global_seed_untouched(student):
    """The global random state is left alone (witnessed by the worker)."""
    model = deep_probe(student.generator(19), SPREADS)
    call = student.call("randomize_top", model, 2, 19)  # a seed that nothing before has set
    compared(model, call.value, 2)
    assert call.random_state_unchanged, (
        "the global random state changed, PyTorch's, NumPy's or Python's: draw from "
        "`torch.Generator().manual_seed(seed)`"
    )


# deletion_curve(model, image, label, saliency, steps) -> (steps + 1,)

PICTURE = (6, 8)
PIXELS = 48
WHITE, GREY = torch.ones(1, 3, *PICTURE), torch.full((1, 3, *PICTURE), 0.5)


def shuffled_saliency(generator) -> Tensor:
    """Return (6, 8) of the values 1 to 48 in random order: the pixel of rank r has 49 - r."""
    return (torch.randperm(PIXELS, generator=generator).float() + 1).reshape(PICTURE)


def reading(places: Tensor, channels=(0, 1, 2)) -> torch.nn.Module:
    """Return a network whose class 1 reads the pixels where `places` (H, W) is true."""
    weight = torch.zeros(2, 3, *PICTURE)
    count = max(float(places.sum()), 1.0)
    weight[1, list(channels)] = places.float() * 2 / (len(channels) * count)
    return linear_probe(weight)


EVERYWHERE, NOWHERE = reading(torch.ones(PICTURE)), reading(torch.zeros(PICTURE))


def curve(student, model, image, label, order, steps) -> Tensor:
    """Return the student's curve as (steps + 1,).

    One that lacks its first or its last value, which is test_length's matter, gets it back.
    """
    value = student.deletion_curve(model, image, label, order, steps)
    for given in (image, order):
        require_answer(value, given, "deletion_curve")
    if length(value) != steps:
        return tensor_of(value, (steps + 1,), "the curve")
    value = tensor_of(value, (steps,), "the curve")
    falling = student.deletion_curve(EVERYWHERE, WHITE, 1, order, steps)  # a new value each step
    falling = tensor_of(falling, (steps,), "the curve")
    if close(falling[0], probability(EVERYWHERE, WHITE, 1)):
        return torch.cat([value, probability(model, torch.full_like(image, 0.5), label)[None]])
    return torch.cat([probability(model, image, label)[None], value])


def length(value) -> int:
    """Return the length of a list or of a tensor with one axis, else -1."""
    is_curve = isinstance(value, list) or (isinstance(value, Tensor) and value.dim() == 1)
    return len(value) if is_curve else -1


def probability(model, image, label: int) -> Tensor:
    """Return the label's probability, in float64."""
    return model(image)[0].double().softmax(0)[label]


def moves(values: Tensor) -> bool:
    """Return whether a curve leaves its first value."""
    return bool((values - values[0]).abs().max() > 1e-3)


def require_a_curve(student, order) -> None:
    """Fail unless the values depend on the network: side matters of garbage earn nothing."""
    assert moves(curve(student, EVERYWHERE, WHITE, 1, order, 4)), (
        "all pixels were deleted, and no value moved: is it the copy with deleted pixels that goes "
        "through the network, and is softmax taken over the classes (`dim=1`)?"
    )
    assert not moves(curve(student, NOWHERE, WHITE, 1, order, 4)), (
        "the values move although the network reads no pixel"
    )


@points(1, exercise="deletion_curve")
def test_length(student):
    """A curve of `steps` steps has `steps + 1` values, the untouched picture first."""
    order = shuffled_saliency(student.generator(21))
    require_a_curve(student, order)
    for steps in (4, 12):
        value = student.deletion_curve(EVERYWHERE, WHITE, 1, order, steps)
        assert length(value) != steps, (
            f"{steps} steps give {steps} values; one is missing: the untouched picture's comes "
            "first, that of the picture which is all grey last"
        )
        tensor_of(value, (steps + 1,), "the curve")


@points(2, exercise="deletion_curve")
def test_probability(student):
    """The values are probabilities of the label."""
    generator = student.generator(22)
    weight = torch.randn(5, 3, *PICTURE, generator=generator) / 8
    model, image = linear_probe(weight), random_images(generator, 1, PICTURE)
    logits = model(image)[0].double()
    p = logits.softmax(0)
    label = int(p.argsort()[-2])
    values = curve(student, model, image, label, shuffled_saliency(generator), 6)
    require(
        values[0],
        p[label],
        "the first value is not the label's probability for the untouched picture",
        mistakes={
            "the curve holds logits: softmax makes them probabilities": logits[label],
            "the curve holds log-probabilities": p[label].log(),
            "the curve holds the largest probability, not the label's": p.max(),
        },
    )


@points(3, exercise="deletion_curve")
def test_most_salient_first(student):
    """The most salient pixels go first, and stay deleted."""
    order = shuffled_saliency(student.generator(23))
    model = reading(order > 36)  # reads the 12 most salient of 48 pixels
    values = curve(student, model, WHITE, 1, order, 8)
    assert moves(values), "all pixels were deleted, and the probability did not move"
    small = 1e-3 * (values - values[0]).abs().max()
    if (values[2:] - values[2]).abs().max() < small < (values[2] - values[0]).abs():
        # After 2 of 8 steps these 12 pixels are gone, and nothing else matters.
        below_zero = curve(student, model, WHITE, 1, order - 100, 8)
        assert close(values, below_zero), (
            "100 less in every place of the map gives another curve: the most salient pixels are "
            "those of the largest value, not those of the largest size"
        )
        return
    assert not (values[:7] - values[0]).abs().max() < small, (
        "the least salient pixels go first: sort in descending order"
    )
    assert (values[-1] - values[0]).abs() > small, (
        "what was deleted comes back: after step i all pixels of the steps before are grey, too"
    )
    raise AssertionError(
        "after a quarter of the steps the most salient quarter is not gone: rank the pixels of the "
        "whole map, the largest first"
    )


@points(2, exercise="deletion_curve")
def test_count_of_each_step(student):
    """After step i, i * H * W // steps pixels are grey."""
    order, steps = shuffled_saliency(student.generator(24)), 7
    ranks = (1, 8, 20, 33, 47)
    found = []
    for rank in ranks:  # the network reads the pixel of this rank alone
        values = curve(student, reading(order == PIXELS + 1 - rank), WHITE, 1, order, steps)
        gone = (values - values[0]).abs() > 1e-3
        found.append(int(gone.float().argmax()) if gone.any() else steps + 1)
    backwards = [PIXELS + 1 - rank for rank in ranks]  # which another check says
    if not any(all(map(in_time, order, found)) for order in (ranks, backwards)):
        raise AssertionError(
            f"with {steps} steps, the pixels of ranks {ranks} of {PIXELS} go at the steps "
            f"{tuple(found)}: each step should delete the same share of the pixels, the last one "
            "all that are left"
        )


def in_time(rank: int, step: int, steps: int = 7) -> bool:
    """Return whether a pixel may go at that step; all roundings of the share are the same."""
    return (rank - 1) * steps / PIXELS < step <= math.ceil(rank * steps / PIXELS)


@points(2, exercise="deletion_curve")
def test_grey(student):
    """Deleted pixels become mid-grey, 0.5."""
    order = shuffled_saliency(student.generator(25))
    require_a_curve(student, order)
    assert not moves(curve(student, EVERYWHERE, GREY, 1, order, 4)), (
        "on a picture that is all 0.5 the curve moves: deleted pixels should become 0.5"
    )


@points(1, exercise="deletion_curve")
def test_all_channels(student):
    """A deleted pixel loses all three channels."""
    order = shuffled_saliency(student.generator(26))
    require_a_curve(student, order)
    for channel in range(3):
        values = curve(student, reading(torch.ones(PICTURE), (channel,)), WHITE, 1, order, 4)
        assert moves(values), (
            f"channel {channel} keeps its values: delete all three channels of a pixel"
        )


@points(1, exercise="deletion_curve")
def test_image_unchanged(student):
    """The caller's picture and map keep their values (witnessed by the worker)."""
    order = shuffled_saliency(student.generator(27))
    require_a_curve(student, order)
    call = student.call("deletion_curve", EVERYWHERE, WHITE, 1, order, 4)
    assert call.inputs_unchanged, "the picture or the map is changed in place: work on a copy"
