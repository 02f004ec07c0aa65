"""Hidden checks of lab 06: saliency maps, randomized weights, the deletion curve."""

import math

import torch
from torch import Tensor

from autograder import reference
from autograder.compare import proportional, require, tensor_of
from autograder.probes import deep_probe, linear_probe, random_images, saliency_probe
from labkit.check import points
from labkit.errors import NotAnswered, StudentError

SIZE = (9, 7)  # H != W, so that a transposed map is seen


# saliency_map(model, images, labels) -> (N, H, W)


def saliency(student, model, images, labels) -> Tensor:
    """Return the student's maps as a tensor of the right shape."""
    maps = student.saliency_map(model, images, labels)
    return tensor_of(maps, (len(images), *images.shape[2:]), "the result")


@points(2, exercise="saliency_map")
def test_one_image(student):
    """One image gives one map, with its first axis."""
    generator = student.generator(1)
    model, images = saliency_probe(generator, SIZE), random_images(generator, 1, SIZE)
    label = torch.tensor([1])
    try:
        maps = saliency(student, model, images, label)
    except NotAnswered:
        raise
    except (AssertionError, StudentError) as error:
        pair = images.repeat(2, 1, 1, 1)
        saliency(student, model, pair, label.repeat(2))  # fails as well: not about N = 1
        raise AssertionError(
            f"N = 1 fails although N = 2 works: {error}. Does a `squeeze()` without an axis, or "
            "a fixed batch size, drop the first axis of a single image?"
        ) from error
    expected = reference.saliency_map(model, images, label)
    require(maps, expected, "the map of a single image is not its gradient", same=proportional)


@points(2, exercise="saliency_map")
def test_several_images(student):
    """Several images give one map each, the map each has alone."""
    generator = student.generator(2)
    model, images = saliency_probe(generator, SIZE), random_images(generator, 3, SIZE)
    labels = torch.tensor([2, 2, 2])
    maps = saliency(student, model, images, labels)
    expected = reference.saliency_map(model, images, labels)
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
    model, images = saliency_probe(generator, SIZE, classes=6), random_images(generator, 3, SIZE)
    labels = torch.tensor([4, 0, 2])
    maps = saliency(student, model, images, labels)
    summed = sum(reference.saliency_map(model, images, labels[i].expand(3)) for i in range(3))
    require(
        maps,
        reference.saliency_map(model, images, labels),
        "with different labels, a map is not about the label of its own image",
        same=proportional,
        mistakes={
            "every map sums the gradients of all labels: `logits[:, labels]` picks N x N logits, "
            "one column a label; you want the N logits of each image's own label": summed,
            "every map is about the first image's label": reference.saliency_map(
                model, images, labels[:1].expand(3)
            ),
        },
    )


@points(2, exercise="saliency_map")
def test_absolute_value(student):
    """A pixel that lowers the logit is as salient as one that raises it."""
    generator = student.generator(4)
    model = saliency_probe(generator, SIZE, signed=True)
    images, labels = random_images(generator, 2, SIZE), torch.tensor([1, 1])
    signed = reference.logit_gradients(model, images, labels)[:, 1]  # the one channel that counts
    require(
        saliency(student, model, images, labels),
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
    images, labels = random_images(generator, 2, SIZE), torch.tensor([0, 0])
    gradients = reference.logit_gradients(model, images, labels)
    require(
        saliency(student, model, images, labels),
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
    images, labels = random_images(generator, 2, SIZE), torch.tensor([1, 1])
    loss = reference.loss_gradients(model, images, labels).abs().amax(1)
    require(
        saliency(student, model, images, labels),
        reference.saliency_map(model, images, labels),
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
    """The map is the gradient itself: twice the logits, twice the map."""
    generator = student.generator(7)
    model, images = saliency_probe(generator, SIZE), random_images(generator, 2, SIZE)
    labels = torch.tensor([3, 3]) - 1
    once = saliency(student, model, images, labels)
    model[-1].weight.mul_(2)
    twice = saliency(student, model, images, labels)
    require(
        twice,
        2 * once,
        "the map does not grow with the gradient: return the gradient, scale it for display only",
    )


@points(1, exercise="saliency_map")
def test_images_unchanged(student):
    """The caller's images keep their values (witnessed by the worker)."""
    generator = student.generator(8)
    model, images = saliency_probe(generator, SIZE), random_images(generator, 2, SIZE)
    call = student.call("saliency_map", model, images, torch.tensor([1, 2]))
    assert call.inputs_unchanged, "the images or labels are changed in place: work on a copy"


@points(1, exercise="saliency_map")
def test_model_unchanged(student):
    """The network is as it was: mode, weights, hooks (witnessed by the worker)."""
    generator = student.generator(9)
    model, images = saliency_probe(generator, SIZE), random_images(generator, 2, SIZE)
    call = student.call("saliency_map", model, images, torch.tensor([1, 2]))
    assert call.models_unchanged, (
        "the network is not as it was before: its mode, a weight, `requires_grad` or a hook changed"
    )


# randomize_top(model, depth, seed) -> model

SPREADS = (0.5, 0.02, 0.1, 0.3)
LAYERS = 4


def randomized(student, depth: int, seed: int, number: int):
    """Return the network sent and the weights that came back."""
    model = deep_probe(student.generator(number), SPREADS)
    returned = student.randomize_top(model, depth, seed)
    weights = getattr(returned, "state_dict", None)
    assert weights is not None, f"the result should be a network, and is {type(returned).__name__}"
    before = model.state_dict()
    assert set(weights) == set(before), "the result should have the layers of the given network"
    return before, weights


def changed(before: dict, after: dict) -> list[str]:
    """Return the names of the weights (not biases) that differ."""
    names = [n for n in before if n.endswith("weight")]
    return [n for n in names if not torch.equal(before[n], after[n].to(before[n]))]


@points(2, exercise="randomize_top")
def test_last_layer(student):
    """`depth=1` redraws the last weighted layer, and no other."""
    before, after = randomized(student, 1, 0, 11)
    last = [n for n in before if n.endswith("weight")][-1]
    found = changed(before, after)
    assert found, "with depth=1 no weight changed"
    assert last in found, "with depth=1 the last weighted layer kept its weights"
    assert found == [last], "with depth=1 layers before the last one changed, too"


@points(2, exercise="randomize_top")
def test_depth(student):
    """`depth` counts the layers that have weights, from the output."""
    for depth in (2, 3):
        before, after = randomized(student, depth, 0, 12)
        names = [n for n in before if n.endswith("weight")]
        count = len(changed(before, after))
        if changed(before, after) != names[-depth:]:
            raise AssertionError(
                f"with depth={depth}, {count} weighted layers changed; the last {depth} should. "
                "Count layers that have a weight; ReLU, pooling and flattening have none"
            )


@points(2, exercise="randomize_top")
def test_spread(student):
    """A redrawn layer keeps the standard deviation it had."""
    before, after = randomized(student, LAYERS, 0, 13)
    for name in (n for n in before if n.endswith("weight")):
        had, has = float(before[name].std()), float(after[name].double().std())
        assert 0.8 < has / had < 1.25, (
            "a redrawn layer's standard deviation is not the one it had: measure the layer's own "
            "`weight.std()`; a default initialization kills a network without batch normalization"
        )


@points(1, exercise="randomize_top")
def test_random(student):
    """The redrawn weights are new ones, unrelated to the old."""
    before, after = randomized(student, LAYERS, 0, 14)
    for name in (n for n in before if n.endswith("weight")):
        if torch.equal(before[name], after[name].to(before[name])):
            continue
        pair = torch.stack([before[name].flatten().double(), after[name].flatten().double()])
        likeness = float(torch.corrcoef(pair)[0, 1])
        assert abs(likeness) < 0.5, (
            "the redrawn weights resemble the old ones: draw new ones, do not add noise or scale"
        )


@points(1, exercise="randomize_top")
def test_biases_stay(student):
    """The biases stay as they were."""
    before, after = randomized(student, LAYERS, 0, 15)
    biases = [n for n in before if n.endswith("bias")]
    same = all(torch.equal(before[n], after[n].to(before[n])) for n in biases)
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
    before, first = randomized(student, 2, 5, 17)
    _, other = randomized(student, 2, 6, 17)
    assert not changed(before, first) or changed(first, other), (
        "two seeds gave the same network: use `seed`, not a number of your own"
    )


@points(1, exercise="randomize_top")
def test_original_unchanged(student):
    """The given network keeps its weights (witnessed by the worker)."""
    model = deep_probe(student.generator(18), SPREADS)
    call = student.call("randomize_top", model, 2, 0)
    assert call.models_unchanged, (
        "the given network was changed: redraw a copy (`copy.deepcopy`), or the next lab "
        "explains a broken network"
    )


@points(1, exercise="randomize_top")
def test_global_seed_untouched(student):
    """The global random state is left alone (witnessed by the worker)."""
    model = deep_probe(student.generator(19), SPREADS)
    call = student.call("randomize_top", model, 2, 0)
    assert call.random_state_unchanged, (
        "the global random state changed: draw from `torch.Generator().manual_seed(seed)`"
    )


# deletion_curve(model, image, label, saliency, steps) -> (steps + 1,)

PICTURE = (6, 8)


def curve(student, model, image, label, order, steps) -> Tensor:
    """Return the student's curve as a tensor of steps + 1 values."""
    values = student.deletion_curve(model, image, label, order, steps)
    return tensor_of(values, (steps + 1,), "the curve")


def shuffled_saliency(generator) -> Tensor:
    """Return (6, 8) of the values 1 to 48 in random order: the pixel of rank r has 49 - r."""
    return (torch.randperm(48, generator=generator).float() + 1).reshape(PICTURE)


def reading(places: Tensor, channels=(0, 1, 2)) -> torch.nn.Module:
    """Return a network whose class 1 reads the pixels where `places` (H, W) is true."""
    weight = torch.zeros(2, 3, *PICTURE)
    weight[1, list(channels)] = places.float() * 2 / (len(channels) * places.sum())
    return linear_probe(weight)


WHITE = torch.ones(1, 3, *PICTURE)


@points(1, exercise="deletion_curve")
def test_length(student):
    """A curve of `steps` steps has `steps + 1` values, the untouched picture first."""
    generator = student.generator(21)
    model, order = reading(torch.ones(PICTURE)), shuffled_saliency(generator)
    for steps in (4, 12):
        curve(student, model, WHITE, 1, order, steps)


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
    """The most salient pixels go first."""
    order = shuffled_saliency(student.generator(23))
    model = reading(order > 36)  # reads the 12 most salient of 48 pixels
    values = curve(student, model, WHITE, 1, order, 8)
    start, end = values[0], values[-1]
    assert abs(end - start) > 1e-3, "all pixels were deleted, and the probability did not move"
    if (values[2] - end).abs() > 1e-3 * (start - end).abs():  # after 2 of 8 steps: 12 pixels
        late = (values[6] - start).abs() < 1e-3 * (start - end).abs()
        raise AssertionError(
            "the least salient pixels go first: sort in descending order"
            if late
            else "after a quarter of the steps the most salient quarter is not gone: rank the "
            "pixels of the whole map, the largest first, and keep what is deleted deleted"
        )


@points(2, exercise="deletion_curve")
def test_count_of_each_step(student):
    """After step i, i * H * W // steps pixels are grey."""
    order = shuffled_saliency(student.generator(24))
    for rank in (1, 20, 47):  # the network reads the pixel of this rank alone
        model = reading(order == 49 - rank)
        steps = 7
        values = curve(student, model, WHITE, 1, order, steps)
        gone = (values - values[0]).abs() > 1e-3
        step = int(gone.float().argmax()) if gone.any() else steps + 1
        # Rounding the share up, down or to the nearest is all the same.
        assert (rank - 1) * steps / 48 < step <= math.ceil(rank * steps / 48), (
            f"with {steps} steps, the pixel of rank {rank} of 48 goes at step {step}: each step "
            "should delete the same share of the pixels, the last one all that are left"
        )


@points(2, exercise="deletion_curve")
def test_grey(student):
    """Deleted pixels become mid-grey, 0.5."""
    generator = student.generator(25)
    grey = torch.full((1, 3, *PICTURE), 0.5)
    values = curve(student, reading(torch.ones(PICTURE)), grey, 1, shuffled_saliency(generator), 4)
    same = (values - values[0]).abs().max() < 1e-4
    assert same, "on a picture that is all 0.5 the curve moves: deleted pixels should become 0.5"


@points(1, exercise="deletion_curve")
def test_all_channels(student):
    """A deleted pixel loses all three channels."""
    order = shuffled_saliency(student.generator(26))
    for channel in range(3):
        values = curve(student, reading(torch.ones(PICTURE), (channel,)), WHITE, 1, order, 4)
        moved = (values[-1] - values[0]).abs() > 1e-3
        assert moved, f"channel {channel} keeps its values: delete all three channels of a pixel"


@points(1, exercise="deletion_curve")
def test_image_unchanged(student):
    """The caller's picture and map keep their values (witnessed by the worker)."""
    order = shuffled_saliency(student.generator(27))
    call = student.call("deletion_curve", reading(order > 24), WHITE.clone(), 1, order, 4)
    assert call.inputs_unchanged, "the picture or the map is changed in place: work on a copy"
