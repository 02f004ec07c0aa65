"""Hidden checks of lab 02: the feature vector, the nearest neighbours.

Most networks here have one linear layer, the identity, and most galleries order their vectors in
the same way by any sensible distance, so that taking the logits, or another distance, fails the one
check that asks for it.
"""

import torch
from torch import Tensor, nn

from autograder import reference
from autograder.compare import close, proportional, require, require_answer, tensor_of
from autograder.probes import random_images
from autograder.worker.messages import shared_model
from labkit.check import points
from labkit.errors import NotAnswered, StudentError

SIZE = (9, 7)  # H != W

# extract_features(model, images) -> (N, D)

MAPS, CELLS = 5, 4  # channels and places before flattening
D = MAPS * CELLS


def trunk(generator) -> list[nn.Module]:
    """Return layers that make D positive numbers of an image of any size."""
    convolution = nn.Conv2d(3, MAPS, 3, padding=1)
    convolution.weight.data = torch.randn(convolution.weight.shape, generator=generator)
    convolution.bias.data = torch.rand(MAPS, generator=generator)
    return [convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()]


def linear(generator, inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    layer.weight.data = torch.randn(outputs, inputs, generator=generator)
    layer.bias.data = torch.rand(outputs, generator=generator)
    return layer


def identity() -> nn.Linear:
    """Return a layer whose output is its input: the logits are the features."""
    layer = nn.Linear(D, D)
    layer.weight.data, layer.bias.data = torch.eye(D), torch.zeros(D)
    return layer


def network(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers).requires_grad_(False).eval()


def features_of(value, images: Tensor, width: int = D) -> Tensor:
    """Return what extract_features gave as (N, width); fail where it is none."""
    require_answer(value, images, "extract_features")
    if isinstance(value, Tensor) and value.dim() == 4:
        raise AssertionError(
            f"the result has shape {tuple(value.shape)}, maps with places; the linear layer is "
            "given one vector an image"
        )
    return tensor_of(value, (len(images), width), "the result")


def features(student, model, images, width: int = D) -> Tensor:
    return features_of(student.extract_features(model, images), images, width)


def twins(generator, size=SIZE) -> Tensor:
    """Return two equal images: they hide how a function treats the batch."""
    return random_images(generator, 1, size).repeat(2, 1, 1, 1)


@points(3, exercise="extract_features")
def test_input_not_output(student):
    """The result is what goes into the last linear layer, not what comes out of it."""
    generator = student.generator(1)
    model, images = network(*trunk(generator), linear(generator, D, D)), twins(generator)
    logits = model(images)
    require(
        features(student, model, images)[:1],
        reference.extract_features(model, images)[:1],
        "this is not what the last linear layer is given: pass the images on as they are, and read "
        "the input of the last `nn.Linear`",
        same=proportional,
        mistakes={
            "these are the logits, the output of the last linear layer: take its input": logits[:1],
            "these are probabilities: take the input of the last linear layer": logits[:1].softmax(
                1
            ),
        },
    )


@points(1, exercise="extract_features")
def test_each_call(student):
    """Each call is about its own images."""
    generator = student.generator(2)
    model, images = network(*trunk(generator), identity()), twins(generator)
    others = twins(generator)
    first = features(student, model, images)
    require(
        features(student, model, others)[:1],
        reference.extract_features(model, others)[:1],
        "a second call, with other images, gives something else than their vectors",
        same=proportional,
        mistakes={
            "a second call gives what the first one gave: does a list outside the function still "
            "hold it?": first[:1]
        },
    )


@points(2, exercise="extract_features")
def test_one_image(student):
    """One image gives one vector, with its first axis."""
    generator = student.generator(3)
    model, image = network(*trunk(generator), identity()), random_images(generator, 1, SIZE)
    try:
        found = features(student, model, image)
    except NotAnswered:
        raise
    except (AssertionError, StudentError) as error:
        features(student, model, image.repeat(2, 1, 1, 1))  # fails as well: not about N = 1
        raise AssertionError(
            f"N = 1 fails although N = 2 works: {error}. Does a `squeeze()` without an axis drop "
            "the first axis of a single image?"
        ) from error
    expected = reference.extract_features(model, image)
    require(found, expected, "the vector of a single image is wrong", same=proportional)


@points(2, exercise="extract_features")
def test_several_images(student):
    """Several images give one vector each, the one each has alone."""
    generator = student.generator(4)
    model, images = network(*trunk(generator), identity()), random_images(generator, 3, SIZE)
    expected = reference.extract_features(model, images)
    require(
        features(student, model, images),
        expected,
        "the vectors of three images are not the vectors that each has alone",
        same=proportional,
        mistakes={
            "all images got the vector of the first one": expected[:1].expand_as(expected),
            "all images got the vector of the last one": expected[-1:].expand_as(expected),
            "all images got the mean over the images": expected.mean(0).expand_as(expected),
        },
    )


@points(3, exercise="extract_features")
def test_last_of_several(student):
    """Of several linear layers it is the last one."""
    generator = student.generator(5)
    layers = [linear(generator, D, D), nn.ReLU(), linear(generator, D, D), nn.ReLU(), identity()]
    model, images = network(*trunk(generator), *layers), twins(generator)
    expected = reference.extract_features(model, images)
    require(
        features(student, model, images)[:1],
        expected[:1],
        "with three linear layers, this is not what the last one is given",
        same=proportional,
        mistakes={
            "this goes into the first of three linear layers: take the last": model[:4](images)[:1],
            "this goes into the second of three linear layers: take the last": model[:6](images)[
                :1
            ],
            "this comes before the activation function: take what the linear layer itself is "
            "given": model[:7](images)[:1],
        },
    )


@points(2, exercise="extract_features")
def test_wherever_it_stands(student):
    """The last linear layer may sit inside a block, with something after it."""
    generator = student.generator(6)
    head = nn.Sequential(linear(generator, D, D), nn.ReLU(), identity(), nn.ReLU())
    model, images = network(nn.Sequential(*trunk(generator)), head), twins(generator)
    flat = model[0](images)
    require(
        features(student, model, images)[:1],
        reference.extract_features(model, images)[:1],
        "where the last linear layer sits inside a block, or a layer follows it, the result is "
        "wrong: look for the last `nn.Linear` among `model.modules()`",
        same=proportional,
        mistakes={
            "this goes into the last *child* of the network, a whole block here: look for the last "
            "`nn.Linear` among `model.modules()`": flat[:1]
        },
    )


@points(1, exercise="extract_features")
def test_image_size(student):
    """Images may be wide or tall, of any size that the network takes."""
    generator = student.generator(7)
    model = network(*trunk(generator), identity())
    for size in ((6, 14), (12, 5)):
        images = twins(generator, size)
        require(
            features(student, model, images)[:1],
            reference.extract_features(model, images)[:1],
            f"for images of {size[0]} x {size[1]} pixels the vector is wrong: give the images to "
            "the network as they are",
            same=proportional,
        )


@points(1, exercise="extract_features")
def test_as_it_is(student):
    """The vector is what the layer is given, not scaled."""
    generator = student.generator(8)
    model, images = network(*trunk(generator), identity()), twins(generator)
    expected = reference.extract_features(model, images)[:1]
    require(
        features(student, model, images)[:1],
        expected,
        "the vector is a multiple of what the linear layer is given: leave it as it is",
        mistakes={
            "the vector has length 1: leave it as it is": expected / expected.norm(),
            "the vector is divided by its largest value: leave it": expected / expected.amax(),
        },
    )


@points(1, exercise="extract_features")
def test_embedded_network(student):
    """The course's own network gives 1280 features an image."""
    model, images = shared_model("lite0"), twins(student.generator(9), (64, 96))
    value = student.call("extract_features", model, images, shared=("lite0",)).value
    require(
        features_of(value, images, 1280)[:1],
        reference.extract_features(model, images)[:1],
        "the vector of the embedded network is not what its last linear layer is given",
        same=proportional,
    )


def witnessed(student, number: int):
    """Return what the worker saw of a call, provided that its result is right."""
    generator = student.generator(number)
    model, images = network(*trunk(generator), identity()), twins(generator)
    call = student.call("extract_features", model, images)
    require(
        features_of(call.value, images)[:1],
        reference.extract_features(model, images)[:1],
        "there is no feature vector yet that could be looked at",
        same=proportional,
    )
    return call


@points(1, exercise="extract_features")
def test_images_unchanged(student):
    """The caller's images keep their values (witnessed by the worker)."""
    assert witnessed(student, 10).inputs_unchanged, (
        "the images are changed in place: work on a copy, or leave them alone"
    )


@points(1, exercise="extract_features")
def test_model_unchanged(student):
    """The network is as it was: mode, weights, no hook left (witnessed by the worker)."""
    assert witnessed(student, 11).models_unchanged, (
        "the network is not as it was: a hook is still registered (`handle.remove()`), a layer is "
        "replaced, or its mode changed"
    )


# nearest_neighbors(queries, gallery, k) -> distances (Q, k), indices (Q, k)

WIDE = 8  # length of the vectors on a fan


def fan(generator, planes: int = 1, rows: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    """Return a query a plane, a gallery, and the nearest rows (planes, rows), nearest first.

    Each plane holds its query and `rows` vectors of length 1 at growing angles to it. Euclidean,
    squared, city-block and cosine distance give them the same order.
    """
    gaps = 0.5 + torch.rand(rows, generator=generator)
    angles = 0.1 + gaps.cumsum(0) / gaps.sum()  # up to 1.1
    gallery = torch.zeros(planes, rows, WIDE)
    for plane in range(planes):
        gallery[plane, :, 2 * plane] = angles.cos()
        gallery[plane, :, 2 * plane + 1] = angles.sin()
    order = torch.randperm(planes * rows, generator=generator)
    nearest = order.argsort().view(planes, rows)  # where each row went
    return torch.eye(WIDE)[: 2 * planes : 2], gallery.flatten(0, 1)[order], nearest


def pair(student, queries, gallery, k: int) -> tuple[Tensor, Tensor]:
    """Return the student's distances and indices; exchanged ones, another check's matter, too."""
    value = student.nearest_neighbors(queries, gallery, k)
    for part in value if isinstance(value, list) else [value]:
        require_answer(part, queries, "nearest_neighbors")
        require_answer(part, gallery, "nearest_neighbors")
    return pair_of(value, (len(queries), k), len(gallery))


def pair_of(value, shape: tuple[int, int], rows: int) -> tuple[Tensor, Tensor]:
    """Return a result as (distances, indices); fail where it is none."""
    if not isinstance(value, list) or len(value) != 2:
        raise AssertionError("the result should be two tensors: `return distances, indices`")
    first, second = value
    if is_exchanged(value):
        first, second = second, first
    indices = tensor_of(second, shape, "`indices`")
    if not torch.equal(indices, indices.round()) or indices.min() < 0 or indices.max() >= rows:
        raise AssertionError(f"`indices` should hold rows of the gallery, 0 to {rows - 1}")
    if isinstance(first, Tensor) and first.isnan().any():
        raise AssertionError(
            "a distance is NaN: the root of a number that rounding has pushed below zero? Subtract "
            "the vectors first, then square"
        )
    return tensor_of(first, shape, "`distances`"), indices.long()


def is_exchanged(value: list) -> bool:
    """Return whether the indices come first."""
    kinds = [isinstance(v, Tensor) and v.is_floating_point() for v in value]
    return kinds == [False, True]


def same_rows(found: Tensor, expected: Tensor) -> bool:
    """Return whether each query has the rows expected, in any order."""
    return torch.equal(found.sort(1).values, expected.sort(1).values)


def require_neighbors(student, number: int) -> None:
    """Fail unless the nearest rows are found at all: side matters of garbage earn nothing."""
    query, gallery, nearest = fan(student.generator(number))
    _, found = pair(student, query.repeat(2, 1), gallery, 3)
    assert same_rows(found, nearest[:, :3].repeat(2, 1)), "the nearest rows are not found yet"


@points(3, exercise="nearest_neighbors")
def test_nearest_first(student):
    """The k nearest rows come, the nearest first, each with its own distance."""
    query, gallery, nearest = fan(student.generator(21), rows=600)
    distances, found = pair(student, query.repeat(2, 1), gallery, 200)
    rows = nearest.repeat(2, 1)
    assert not same_rows(found, rows[:, -200:]), (
        "these are the rows farthest away: take the smallest distances (`largest=False`)"
    )
    assert not same_rows(found, rows[:, 1:201]), (
        "the nearest row is left out, as if it were the query: a query need not be in the gallery"
    )
    assert same_rows(found, rows[:, :200]), "these are not the rows nearest to the query"
    assert torch.equal(found, rows[:, :200]), (
        "the nearest rows are found, but they are not sorted: the nearest comes first"
    )
    assert bool((distances.diff(dim=1) > 0).all()), (
        "the rows are sorted and their distances are not: each distance belongs to its row"
    )


@points(1, exercise="nearest_neighbors")
def test_distances_then_indices(student):
    """The distances are returned first, the indices second."""
    query, gallery, _ = fan(student.generator(22))
    value = student.nearest_neighbors(query.repeat(2, 1), gallery, 3)
    pair_of(value, (2, 3), len(gallery))
    assert not is_exchanged(value), "the indices come first: `return distances, indices`"
    require_neighbors(student, 22)


@points(3, exercise="nearest_neighbors")
def test_euclidean(student):
    """The distance is the Euclidean one, the square root included."""
    generator = student.generator(23)
    by_cosine = smallest = torch.zeros(3)
    while close(by_cosine, smallest, 0.1):  # until a cosine prefers rows that are farther away
        query = torch.rand(1, WIDE, generator=generator)
        lengths = 0.3 + 2 * torch.rand(7, 1, generator=generator)
        gallery = lengths * torch.rand(7, WIDE, generator=generator)
        away = (gallery - query).double().norm(dim=1)
        by_cosine = away[torch.cosine_similarity(gallery, query).topk(3).indices].sort().values
        smallest = away.sort().values[:3]
    expected, _ = reference.nearest_neighbors(query, gallery, 7)
    distances, _ = pair(student, query.repeat(2, 1), gallery, 7)
    apart = (gallery - query).double()
    cosine = torch.cosine_similarity(gallery, query).double()
    unit = [v / v.norm(dim=1, keepdim=True) for v in (gallery.double(), query.double())]
    names = {
        "the distances are squared: take the root": apart.square().sum(1),
        "the distances are means over the D numbers: take the sum": apart.square().mean(1).sqrt(),
        "the distances are mean squares: take the root of the sum": apart.square().mean(1),
        "this is the city-block distance (sum of absolute differences)": apart.abs().sum(1),
        "this is the largest difference, not the Euclidean distance": apart.abs().amax(1),
        "this is the cosine distance, which knows no lengths": 1 - cosine,
        "this is a cosine, large where vectors are alike": cosine,
        "the vectors are scaled to length 1 first: leave them": (unit[0] - unit[1]).norm(dim=1),
    }
    require(
        distances.sort(1).values[:1],
        expected,
        "the distances are not the square roots of the sums of squared differences",
        mistakes={text: wrong.sort().values[None] for text, wrong in names.items()},
    )
    distances, _ = pair(student, query.repeat(2, 1), gallery, 3)
    assert not close(distances.sort(1).values[0], by_cosine), (
        "the distances are Euclidean, and those of the rows with the largest cosine: rank the rows "
        "by the distance, too"
    )


@points(2, exercise="nearest_neighbors")
def test_one_query(student):
    """One query gives one row of neighbours, with its first axis."""
    query, gallery, nearest = fan(student.generator(24))
    try:
        _, found = pair(student, query, gallery, 3)
    except NotAnswered:
        raise
    except (AssertionError, StudentError) as error:
        pair(student, query.repeat(2, 1), gallery, 3)  # fails as well: not about Q = 1
        raise AssertionError(
            f"Q = 1 fails although Q = 2 works: {error}. Does a `squeeze()` drop the first axis?"
        ) from error
    assert same_rows(found, nearest[:, :3]), "for a single query other rows are found"


@points(2, exercise="nearest_neighbors")
def test_each_query(student):
    """Each query has neighbours of its own."""
    queries, gallery, nearest = fan(student.generator(25), planes=3)
    _, found = pair(student, queries, gallery, 4)
    expected = nearest[:, :4]
    assert not same_rows(found, expected[:1].expand(3, -1)), (
        "all queries got the neighbours of the first one"
    )
    assert not same_rows(found, expected[-1:].expand(3, -1)), (
        "all queries got the neighbours of the last one"
    )
    assert same_rows(found, expected), "with several queries, a query gets other rows than alone"


@points(1, exercise="nearest_neighbors")
def test_from_one_to_all(student):
    """k may be 1, and may be the whole gallery."""
    query, gallery, nearest = fan(student.generator(26))
    for k in (1, len(gallery)):
        try:
            _, found = pair(student, query.repeat(2, 1), gallery, k)
        except NotAnswered:
            raise
        except (AssertionError, StudentError) as error:
            raise AssertionError(f"k = {k} fails for N = {len(gallery)}: {error}") from error
        assert same_rows(found, nearest[:, :k].repeat(2, 1)), (
            f"with k = {k} of N = {len(gallery)}, other rows are found"
        )


@points(2, exercise="nearest_neighbors")
def test_query_in_gallery(student):
    """A query that is in the gallery is found, at a distance of 0."""
    gallery = torch.randn(24, 40, generator=student.generator(27))
    for first, last in ((2, 20), (0, 24)):
        distances, found = pair(student, gallery[first:last], gallery, 3)
        nearest = distances.argmin(1, keepdim=True)
        assert torch.equal(found.gather(1, nearest)[:, 0], torch.arange(first, last)), (
            "a query that is itself in the gallery is not the nearest to itself: it is neither to "
            "be left out nor to be lost as NaN, the root of a number that rounding has pushed "
            "below zero"
        )
        smallest, largest = distances.gather(1, nearest).abs().max(), distances.max()
        assert smallest < 0.01 * largest, (
            "a query that is itself in the gallery should be at a distance of 0 (within 1 %)"
        )


@points(2, exercise="nearest_neighbors")
def test_far_from_zero(student):
    """The distances are right where all numbers are large."""
    require_neighbors(student, 28)
    generator = student.generator(28)
    tied = True  # which is another check's matter
    while tied:
        queries = torch.randint(0, 9, (2, WIDE), generator=generator).float()
        # Few rows: above 25 `torch.cdist` multiplies, and whoever trusts it is not to blame.
        gallery = torch.randint(0, 9, (6, WIDE), generator=generator).float()
        squared = (queries[:, None] - gallery).square().sum(2).tolist()
        tied = any(len(set(row)) < len(row) for row in squared)
    near, _ = pair(student, queries, gallery, 6)
    far, _ = pair(student, queries + 4000, gallery + 4000, 6)  # exact in float32
    require(
        far.sort(1).values,
        near.sort(1).values,
        "the same vectors, 4000 further out in every number, get other distances: |q|^2 + |g|^2 - "
        "2qg loses its digits there; subtract first, or compute in float64",
        same=lambda value, expected: close(value, expected, 0.01),
    )


@points(1, exercise="nearest_neighbors")
def test_ties(student):
    """Equally near rows are listed one by one, in any order."""
    query, gallery, nearest = fan(student.generator(29))
    gallery[nearest[0, 1:4]] = gallery[nearest[0, 2]].clone()  # three equal rows
    _, found = pair(student, query.repeat(2, 1), gallery, 4)
    assert all(len(set(row)) == len(row) for row in found.tolist()), (
        "of several equal rows one is listed twice: take the indices from the sort, do not look "
        "the distances up again"
    )
    assert same_rows(found, nearest[:, :4].repeat(2, 1)), "where rows are equal, others are found"


@points(1, exercise="nearest_neighbors")
def test_inputs_unchanged(student):
    """Queries and gallery keep their values (witnessed by the worker)."""
    require_neighbors(student, 30)
    query, gallery, _ = fan(student.generator(30))
    call = student.call("nearest_neighbors", query.repeat(2, 1), gallery, 3)
    assert call.inputs_unchanged, "queries or gallery are changed in place: work on copies"
