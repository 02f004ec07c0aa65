"""Hidden checks of lab 03: principal components, pictures on a map, the halves of t-SNE.

Each check asks one property, on inputs that hide the others. Signs of principal components are
free everywhere; only the check of the scale minds how long a column is.
"""

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from autograder import reference
from autograder.compare import close, proportional, require, require_answer, tensor_of
from labkit.check import points
from labkit.errors import NotAnswered, StudentError


def with_sign(value: Tensor, expected: Tensor) -> Tensor:
    """Return the columns with the sign that fits the expected ones."""
    return value * torch.where((value * expected).sum(0) < 0, -1.0, 1.0)


# pca(features, k) -> (N, k)

SPREADS = (5.0, 3.0, 1.6, 0.8)


def cloud(
    generator: Generator, rows: int, columns: int, spreads: Sequence[float] = SPREADS
) -> Tensor:
    """Return (N, D) with principal components of the given spreads, and means of 0.

    Not only every column but every row has a mean of 0, so that centring hides.
    """
    count = len(spreads)
    left, right = (torch.randn(n, count, generator=generator).double() for n in (rows, columns))
    left, right = (torch.linalg.qr(x - x.mean(0))[0] for x in (left, right))
    return ((left * torch.tensor(spreads)) @ right.T * rows**0.5).float()


def projections(student, features: Tensor, k: int) -> Tensor:
    """Return the student's coordinates as (N, k); (N,) where k = 1 is another check's matter."""
    value = student.pca(features, k)
    require_answer(value, features, "pca")
    if k == 1 and isinstance(value, Tensor) and tuple(value.shape) == (len(features),):
        value = value[:, None]
    if isinstance(value, Tensor) and tuple(value.shape) == (k, len(features)):
        raise AssertionError(f"the result has shape {tuple(value.shape)}: one row a vector, (N, k)")
    found = tensor_of(value, (len(features), k), "the result")
    assert found.abs().amax() > 1e-3, (
        "all projections are 0: these are the directions of smallest variance. `eigh` sorts in "
        "ascending order"
    )
    return found


def same_directions(value: Tensor, expected: Tensor) -> bool:
    """Return whether the columns agree but for sign and length."""
    value, expected = (x / x.norm(dim=0).clamp(min=1e-12) for x in (value, expected))
    return close(with_sign(value, expected), expected, 0.01)


@points(3, exercise="pca")
def test_direction(student):
    """The first component is the direction of the largest variance."""
    features = cloud(student.generator(1), 14, 6)
    require(
        projections(student, features, 1),
        reference.pca(features, 1),
        "with k = 1 these are not the projections on the direction of largest variance",
        same=same_directions,
        mistakes={
            "every feature is divided by its standard deviation first: leave them as they are": (
                reference.pca(features / features.std(0), 1)
            ),
            "this is a feature as it came, not a projection": features[:, :1].double(),
        },
    )
    features = cloud(student.generator(9), 40, 20, [5 * 0.9**i for i in range(12)])
    assert same_directions(projections(student, features, 1), reference.pca(features, 1)), (
        "where many directions have nearly the largest variance, another one is found: a method "
        "that only comes near it, such as `torch.pca_lowrank` with a small q, is not enough"
    )


@points(2, exercise="pca")
def test_order(student):
    """Of several components the one with the largest variance comes first."""
    features = cloud(student.generator(2), 14, 6)
    expected = reference.pca(features, 3)
    require(
        projections(student, features, 3),
        expected,
        "with k = 3 the columns are not the three components of largest variance, in this order",
        same=same_directions,
        mistakes={
            "the components are there, and the smallest variance comes first: reverse them": (
                expected.flip(1)
            )
        },
    )


@points(3, exercise="pca")
def test_centred(student):
    """The mean vector is subtracted first."""
    generator = student.generator(3)
    features = cloud(generator, 14, 6)
    away = 20 * torch.randn(6, generator=generator)
    moved = features + away - away.mean()  # to subtract another mean, over each row, does nothing
    directions = torch.linalg.svd(moved.double(), full_matrices=False)[2]
    require(
        projections(student, moved, 1),
        reference.pca(features, 1),
        "with vectors that lie far from zero the result is not right: subtract the mean over the "
        "rows, `features.mean(dim=0)`",
        same=lambda value, expected: close(
            with_sign(value / value.norm(), expected), expected / expected.norm(), 0.01
        ),
        mistakes={
            "the vectors are not centred: subtract their mean, `features.mean(dim=0)`": (
                moved.double() @ directions[:1].T
            )
        },
    )


@points(2, exercise="pca")
def test_not_scaled(student):
    """The projections keep their lengths."""
    features = cloud(student.generator(4), 16, 6)
    expected = reference.pca(features, 1)
    unit = expected / expected.norm()
    found = projections(student, features, 1)
    require(
        with_sign(found, expected),
        expected,
        "the projections do not have the lengths they should have",
        mistakes={
            "the projections are divided by their standard deviation (whitened): leave them": (
                unit * 16**0.5
            ),
            "the projections are divided by their length; `U` of the SVD has to be multiplied by "
            "the singular values": unit,
            "the projections are divided by the root of N": expected / 4,
        },
    )


@points(2, exercise="pca")
def test_features_as_they_are(student):
    """A feature of large variance counts more: the features are not standardized."""
    generator = student.generator(5)
    features = torch.randn(20, 5, generator=generator)
    features[:, 2] *= 12
    features -= features.mean(0)
    standard = reference.pca(features / features.std(0), 1)
    require(
        projections(student, features, 1),
        reference.pca(features, 1),
        "where one feature varies more than the others, the direction is not right",
        same=same_directions,
        mistakes={
            "every feature is divided by its standard deviation first: leave them as they are": (
                standard
            )
        },
    )


@points(2, exercise="pca")
def test_fewer_vectors_than_features(student):
    """N may be smaller than D."""
    features = cloud(student.generator(6), 7, 30)
    try:
        found = projections(student, features, 1)
    except NotAnswered:
        raise
    except (AssertionError, StudentError) as error:
        raise AssertionError(f"7 vectors of 30 features fail: {error}") from error
    message = "with 7 vectors of 30 features the projections are not right"
    require(found, reference.pca(features, 1), message, same=same_directions)


@points(1, exercise="pca")
def test_one_column(student):
    """k = 1 gives one column, (N, 1)."""
    features = cloud(student.generator(7), 14, 6)
    value = student.pca(features, 1)
    require_answer(value, features, "pca")
    found = tensor_of(value, (14, 1), "the result for k = 1")
    assert found.abs().max() > 0, "the projections are all 0"


@points(1, exercise="pca")
def test_features_unchanged(student):
    """The features keep their values (witnessed by the worker)."""
    features = cloud(student.generator(8), 14, 6) + 1
    call = student.call("pca", features, 2)
    require_answer(call.value, features, "pca")
    assert tensor_of(call.value, (14, 2), "the result").abs().max() > 0, "there is no projection"
    assert call.inputs_unchanged, "the features are changed in place: work on a copy"


# paste_on_map(coordinates, thumbnails, size) -> (3, size, size)

CORNERS = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
SHADE = 1 / 250  # Pillow pastes with 8 bits, and may round down: a colour may be off by 1 / 255


def painted(student, coordinates: Tensor, thumbnails: Tensor, size: int) -> Tensor:
    """Return the student's map, which shows something."""
    value = student.paste_on_map(coordinates, thumbnails, size)
    for given in (coordinates, thumbnails):
        require_answer(value, given, "paste_on_map")
    picture = tensor_of(value, (3, size, size), "the result")
    assert picture.max() - picture.min() > 1e-3, "the picture is of one colour: nothing is pasted"
    return picture


def blocks(count: int, h: int, w: int) -> Tensor:
    """Return (N, 3, h, w) of one colour each, no two alike, none white, black or grey."""
    steps = torch.arange(1, count + 1).view(-1, 1, 1, 1) / (count + 1)
    colours = torch.cat([steps, 0.2 * torch.ones_like(steps), 1 - steps], dim=1)
    return colours.expand(-1, -1, h, w).contiguous()


def box(picture: Tensor, colour: Tensor) -> tuple[int, int, int, int]:
    """Return top, left, height and width of what has that colour; all 0 where nothing has."""
    places = (picture - colour.view(3, 1, 1)).abs().amax(0) < SHADE
    rows, columns = places.any(1).nonzero().flatten(), places.any(0).nonzero().flatten()
    if not len(rows):
        return 0, 0, 0, 0
    top, left = int(rows[0]), int(columns[0])
    return top, left, int(rows[-1]) - top + 1, int(columns[-1]) - left + 1


def ink(picture: Tensor) -> Tensor:
    """Return where a block is: their middle channel is 0.2, and the background has no such."""
    return (picture[1] - 0.2).abs() < SHADE


def near(found: tuple, expected: tuple) -> bool:
    """Return whether each number is at most one pixel off, rounding included."""
    return all(abs(a - b) <= 1.01 for a, b in zip(found, expected, strict=True))


@points(3, exercise="paste_on_map")
def test_right_and_up(student):
    """x goes to the right, y goes up."""
    colours = blocks(4, 5, 5)
    picture = painted(student, CORNERS, colours, 41)
    found = [box(picture, c[:, 0, 0])[:2] for c in colours]
    sides = [(top < 18, left < 18) for top, left in found]
    wanted = [(bool(y > 0), bool(x < 0)) for x, y in CORNERS]
    if sides == wanted:
        return
    known = {
        "the map is upside down: a larger y is higher, and a row number grows downwards": [
            (not up, left) for up, left in wanted
        ],
        "left and right are exchanged": [(up, not left) for up, left in wanted],
        "the map is turned by 180 degrees": [(not up, not left) for up, left in wanted],
        "x and y are exchanged: x decides the column, y the row, with a minus sign": [
            (not left, not up) for up, left in wanted
        ],
        "x decides the row and y the column: exchange them, and let y grow upwards": [
            (left, not up) for up, left in wanted
        ],
    }
    for message, mistaken in known.items():
        assert sides != mistaken, message
    raise AssertionError("four thumbnails in the corners of a square do not lie as they should")


@points(3, exercise="paste_on_map")
def test_nothing_cut(student):
    """Every thumbnail lies inside the picture as a whole."""
    colour = blocks(1, 8, 8)
    picture = painted(student, CORNERS, colour.expand(4, -1, -1, -1), 40)
    area = int(ink(picture).sum())
    assert area >= 4 * 64, (
        f"four thumbnails of 8 x 8 pixels cover {area} pixels: those at the border are cut off, or "
        "lie on each other. The corner of a thumbnail moves over `size - h` rows and `size - w` "
        "columns"
    )


@points(3, exercise="paste_on_map")
def test_scale(student):
    """The scale is the largest that cuts nothing, and the coordinates' middle is in the middle."""
    generator = student.generator(21)
    inner = (torch.rand(1, 2, generator=generator) * 0.5 + 0.2) * torch.tensor([[1.0, 1.0]])
    # Symmetric in all directions, so that no mirror changes the picture.
    flips = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    inner = torch.cat([inner * flips, inner.flip(1) * flips])
    colour = blocks(1, 1, 1)
    for unit in (7, 2e-4):
        coordinates = unit * (torch.cat([CORNERS, inner]) + 4)
        picture = painted(student, coordinates, colour.expand(12, -1, -1, -1), 61)
        _, _, height, width = box(picture, colour[0, :, 0, 0])
        assert near((height, width), (61, 61)), (
            f"where coordinates differ by {2 * unit:g}, the thumbnails cover {height} rows and "
            f"{width} columns of 61 x 61: the scale should be the largest with which every "
            "thumbnail lies inside"
        )
        dots = ink(picture).nonzero()
        for top, left in reference.map_corners(coordinates, 1, 1, 61):
            away = (dots - torch.tensor([top, left])).abs().amax(1).min()
            assert away <= 1.01, "the outermost thumbnails lie right, those between them do not"
    crowded = torch.cat([CORNERS, CORNERS[:1].expand(8, -1)])  # most of them in one corner
    picture = painted(student, crowded, colour.expand(12, -1, -1, -1), 61)
    assert near(box(picture, colour[0, :, 0, 0])[2:], (61, 61)), (
        "where most points lie in one corner, the map does not reach from border to border: the "
        "middle is that of the coordinates' bounding box, not the mean of the points"
    )


@points(2, exercise="paste_on_map")
def test_one_scale_for_both_axes(student):
    """Both axes have the same scale, and the shorter one is centred."""
    for stretch in (torch.tensor([3.0, 1.0]), torch.tensor([1.0, 3.0])):
        colour = blocks(1, 5, 5)
        picture = painted(student, CORNERS * stretch, colour.expand(4, -1, -1, -1), 65)
        _, _, *sides = box(picture, colour[0, :, 0, 0])
        if near(sides, (25, 65)) or near(sides, (65, 25)):
            top, left, *_ = box(picture, colour[0, :, 0, 0])
            assert 19 <= max(top, left) <= 21, (
                "the axis with the smaller range does not lie in the middle of the picture"
            )
            continue
        assert not near(sides, (65, 65)), (
            "each axis has a scale of its own: a distance should mean the same in both directions, "
            "so take the smaller of the two scales"
        )
        raise AssertionError(
            f"points of 3 x 1 units cover {sides[0]} x {sides[1]} pixels of 65: one scale for both "
            "axes, the largest that cuts nothing"
        )


@points(2, exercise="paste_on_map")
def test_thumbnails_as_they_are(student):
    """A thumbnail appears as it is: upright, in its colours."""
    thumbnail = 0.1 + 0.8 * torch.rand(1, 3, 6, 6, generator=student.generator(22))
    picture = painted(student, torch.zeros(4, 2) + CORNERS, thumbnail.expand(4, -1, -1, -1), 30)
    windows = picture.unfold(1, 6, 1).unfold(2, 6, 1).permute(1, 2, 0, 3, 4).flatten(0, 1)
    given = thumbnail[0].double()

    def shows(pattern: Tensor) -> bool:
        return bool(((windows - pattern).abs().flatten(1).amax(1) < SHADE).any())

    assert not shows(given.flip(1)), "the thumbnails are upside down: turn the map, not them"
    assert not shows(given.mT), "rows and columns of the thumbnails are exchanged"
    assert not shows(given.flip(0)), "the thumbnails' channels are reversed (BGR)"
    assert shows(given), "no thumbnail appears in the picture as it is"


@points(1, exercise="paste_on_map")
def test_wide_and_tall(student):
    """Thumbnails may be wide or tall."""
    for h, w in ((3, 11), (11, 3)):
        colours = blocks(4, h, w)
        what = f"thumbnails of {h} x {w} pixels"
        try:
            picture = painted(student, CORNERS, colours, 45)
        except NotAnswered:
            raise
        except StudentError as error:
            raise AssertionError(f"{what} fail: {error}") from error
        for colour in colours:
            height, width = box(picture, colour[:, 0, 0])[2:]
            assert (height, width) == (h, w), f"{what} come out as {height} x {width}, or cut off"
        extents = []
        for stretch in (torch.tensor([9.0, 1.0]), torch.tensor([1.0, 9.0])):
            picture = painted(student, CORNERS * stretch, colours[:1].expand(4, -1, -1, -1), 45)
            extents.append(max(box(picture, colours[0, :, 0, 0])[2:]))
        assert abs(extents[0] - extents[1]) <= 2, (  # a margin on all sides is no matter of theirs
            f"{what} reach over {extents[0]} of 45 pixels on a map nine times as wide as high, and "
            f"over {extents[1]} on one nine times as high as wide: `size - w` is the room in x, "
            "`size - h` that in y"
        )


@points(1, exercise="paste_on_map")
def test_white(student):
    """The background is white."""
    picture = painted(student, CORNERS, blocks(4, 5, 5), 41)
    background = picture[:, 20, 20]
    shade = float(background.mean())
    assert close(background, torch.ones(3)), f"the background is {shade:.2f}, and should be white"


@points(1, exercise="paste_on_map")
def test_later_on_top(student):
    """Where thumbnails overlap, the later one is on top."""
    colours = blocks(7, 9, 9)
    # Between four others, so that it is the middle for everybody; the last lies between the two
    # before it, so that no order by place has it last.
    middle = torch.tensor([[0.1, 0.1], [-0.1, -0.1], [0.0, 0.0]])
    picture = painted(student, torch.cat([CORNERS, middle]), colours, 41)[:, 20, 20]
    shown = [bool(((picture - c[:, 0, 0]).abs() < SHADE).all()) for c in colours[4:]]
    assert not shown[0], "the first thumbnail is on top of the later ones"
    assert shown[2], (
        "of three thumbnails that overlap the last one should be seen, as it is: paste them in the "
        "order in which they are given"
    )


@points(2, exercise="paste_on_map")
def test_equal_coordinates(student):
    """A single thumbnail, or several at one place, or in one line, come to the middle."""
    for places in ([[3.0, 4.0]], [[5.0, -2.0]] * 2, [[-1.0, 4.0], [1.0, 4.0]]):
        colour = blocks(1, 5, 5)
        coordinates = torch.tensor(places)
        what = f"coordinates {places}"
        try:
            picture = painted(student, coordinates, colour.expand(len(coordinates), -1, -1, -1), 25)
        except NotAnswered:
            raise
        except (AssertionError, StudentError) as error:
            raise AssertionError(
                f"{what} fail: {error}. An axis without range divides by zero"
            ) from error
        top, left, height, width = box(picture, colour[0, :, 0, 0])
        middle = (top + height / 2, left + width / 2)
        assert near(middle, (12.5, 12.5)), f"with {what} the thumbnails do not lie in the middle"


@points(1, exercise="paste_on_map")
def test_inputs_unchanged(student):
    """Coordinates and thumbnails keep their values (witnessed by the worker)."""
    coordinates, thumbnails = CORNERS * 3 + 5, blocks(4, 5, 5)
    painted(student, coordinates, thumbnails, 41)
    call = student.call("paste_on_map", coordinates, thumbnails, 41)
    assert call.inputs_unchanged, (
        "the coordinates or the thumbnails are changed in place: work on a copy"
    )


# perplexity_affinities(squared_distances, perplexity) -> (N, N)


def squared(x: Tensor) -> Tensor:
    """Return (N, N) squared distances, exactly symmetric."""
    return (x[:, None] - x[None]).square().sum(2)


def circle(count: int) -> Tensor:
    """Return squared distances of a regular polygon: all rows are alike, and so are their betas."""
    angles = torch.arange(count) * (2 * torch.pi / count)
    return squared(torch.stack([angles.cos(), angles.sin()], dim=1))


def affinities(student, distances: Tensor, perplexity: float) -> Tensor:
    """Return the student's affinities, where nearer pairs have more."""
    value = student.perplexity_affinities(distances, perplexity)
    require_answer(value, distances, "perplexity_affinities")
    found = tensor_of(value, tuple(distances.shape), "the result")
    near, far = distances.clone().fill_diagonal_(torch.inf).argmin(), distances.argmax()
    assert found.flatten()[near] > found.flatten()[far], (
        "the farthest pair does not have less affinity than the nearest one"
    )
    return found


def balanced(found: Tensor) -> Tensor:
    """Return affinities made symmetric, without diagonal, of sum 1: other checks ask for these."""
    found = (found + found.mT).fill_diagonal_(0)
    return found / found.sum()


def agree(value: Tensor, expected: Tensor) -> bool:
    """Return whether affinities agree as far as a perplexity within 0.1 % promises."""
    return close(balanced(value), balanced(expected.clone()), 0.01)


@points(1, exercise="perplexity_affinities")
def test_diagonal(student):
    """No point has an affinity to itself."""
    found = affinities(student, circle(12), 4.0)
    assert found.diagonal().abs().max() < 1e-6, (
        "the diagonal is not 0: leave a point out of its own row before the shares are formed"
    )


@points(4, exercise="perplexity_affinities")
def test_perplexity(student):
    """The rows have the perplexity asked for."""
    distances, perplexity = circle(16), 5.0
    found = affinities(student, distances, perplexity)
    for wrong in (2 ** math.log(perplexity), math.exp(math.log2(perplexity))):
        assert not agree(found, reference.perplexity_affinities(distances, wrong)), (
            "entropy and power disagree: with log2 the perplexity is 2 ** H, with log it is exp(H)"
        )
    mistakes = {
        "take the distances as they are, they came squared: no root": distances.sqrt(),
        "the distances are squared once more: they came squared": distances.square(),
    }
    mistakes = {t: reference.perplexity_affinities(d, perplexity) for t, d in mistakes.items()}
    for beta, name in ((1.0, "1"), (0.5, "1/2")):
        weights = (-beta * distances.double()).exp()
        mistakes[f"all rows have beta = {name}, whatever the perplexity: search for it"] = weights
    require(
        found,
        reference.perplexity_affinities(distances, perplexity),
        "on 16 points of a circle the affinities are not those of the perplexity asked for",
        same=agree,
        mistakes=mistakes,
    )


@points(3, exercise="perplexity_affinities")
def test_a_beta_for_each_row(student):
    """Every row has a bandwidth of its own: dense and sparse regions get the same perplexity."""
    generator = student.generator(41)
    dense, sparse = (torch.randn(8, 2, generator=generator) for _ in range(2))
    distances = squared(torch.cat([dense, 6 * sparse + 20]))
    expected = reference.perplexity_affinities(distances, 4.0)
    found = balanced(affinities(student, distances, 4.0))
    assert agree(found, expected), (
        "with a dense and a sparse group of points the affinities are not right: each row needs a "
        "beta of its own, such that this row has the perplexity"
    )


@points(2, exercise="perplexity_affinities")
def test_other_perplexities(student):
    """Any number of points, and any perplexity between 1 and N - 1."""
    for count, perplexity in ((6, 2.5), (40, 30.0), (11, 7.0)):
        distances = circle(count)
        what = f"{count} points and perplexity {perplexity:g}"
        try:
            found = affinities(student, distances, perplexity)
        except NotAnswered:
            raise
        except (AssertionError, StudentError) as error:
            raise AssertionError(f"{what} fail: {error}") from error
        expected = reference.perplexity_affinities(distances, perplexity)
        assert agree(found, expected), f"for {what} the affinities are not right"


@points(2, exercise="perplexity_affinities")
def test_unit_of_the_distances(student):
    """Squared distances a million times larger or smaller give the same affinities."""
    expected = reference.perplexity_affinities(circle(12), 4.0)
    affinities(student, circle(12), 4.0)
    for factor in (1e6, 1e-6):
        what = f"with squared distances {factor:g} times as large"
        try:
            found = affinities(student, factor * circle(12), 4.0)
        except (AssertionError, StudentError) as error:
            raise AssertionError(
                f"{what}: {error}. Does exp() underflow to 0, or is beta searched in a fixed range?"
            ) from error
        assert agree(found, expected), (
            f"{what} the affinities differ: search for beta without a fixed upper bound, and with "
            "enough steps"
        )


@points(1, exercise="perplexity_affinities")
def test_equal_vectors(student):
    """Two equal vectors, at a distance of 0, are neighbours like any others."""
    x = torch.randn(14, 2, generator=student.generator(43))
    nearly, equal = x.clone(), x.clone()
    nearly[5], equal[5] = x[9] + 1e-4, x[9]
    expected = balanced(affinities(student, squared(nearly), 4.0))
    found = student.perplexity_affinities(squared(equal), 4.0)
    found = tensor_of(found, tuple(expected.shape), "the result for two equal vectors")
    assert close(balanced(found), expected, 0.01), (
        "two equal vectors get another affinity than two that are nearly equal: a distance of 0 is "
        "a point's own on the diagonal alone"
    )


@points(2, exercise="perplexity_affinities")
def test_symmetric(student):
    """The affinity of i and j is that of j and i."""
    x = torch.randn(10, 2, generator=student.generator(42)).exp()
    found = affinities(student, squared(x), 3.0)
    assert close(found, found.mT.clone(), 1e-4), (
        "the result is not symmetric: average the shares p(j | i) and p(i | j)"
    )


@points(1, exercise="perplexity_affinities")
def test_sum(student):
    """All affinities sum to 1."""
    total = float(affinities(student, circle(12), 4.0).sum())
    assert abs(total - 12) > 0.01, "they sum to N: divide by N, so that the whole matrix has sum 1"
    assert abs(total - 2) > 0.01, "they sum to 2: two shares are added, so divide by 2 N"
    assert abs(total - 1) < 1e-3, f"they sum to {total:.4g}, and should sum to 1"


@points(1, exercise="perplexity_affinities")
def test_distances_unchanged(student):
    """The distances keep their values (witnessed by the worker)."""
    distances = circle(12)
    affinities(student, distances, 4.0)
    call = student.call("perplexity_affinities", distances, 4.0)
    assert call.inputs_unchanged, "the distances are changed in place: work on a copy"


# tsne_gradient(P, Y) -> (N, 2)


def random_affinities(generator: Generator, count: int) -> Tensor:
    """Return (N, N), symmetric, zero diagonal, sum 1."""
    P = torch.rand(count, count, generator=generator).double().square()
    P = (P + P.mT).fill_diagonal_(0)
    return (P / P.sum()).float()


def random_rotation(generator: Generator, size: int) -> Tensor:
    """Return a random orthogonal matrix in float64."""
    return torch.linalg.qr(torch.randn(size, size, generator=generator).double())[0]


def gradient(student, P: Tensor, Y: Tensor) -> Tensor:
    value = student.tsne_gradient(P, Y)
    for given in (P, Y):
        require_answer(value, given, "tsne_gradient")
    return tensor_of(value, tuple(Y.shape), "the result")


def parallel(value: Tensor, expected: Tensor) -> bool:
    """Return whether one is a multiple of the other, of either sign."""
    return any(proportional(s * value[None], expected[None]) for s in (1, -1))


def variants(P: Tensor, Y: Tensor) -> dict[str, Tensor]:
    """Return {message: the gradient that this mistake gives}."""
    P, Y = P.double(), Y.double()
    apart = Y[:, None] - Y[None]
    far = apart.square().sum(2)
    w, whole = (1 / (1 + far)).fill_diagonal_(0), 1 / (1 + far)
    bell = (-far).exp().fill_diagonal_(0)

    def total(p_minus_q: Tensor, weight: Tensor) -> Tensor:
        return ((p_minus_q * weight)[..., None] * apart).sum(1)

    return {
        "the factor 1 / (1 + distance squared) behind p - q is missing": total(
            P - w / w.sum(), torch.ones_like(w)
        ),
        "w is normalized row by row: divide by the sum over all pairs": total(
            P - w / w.sum(1, keepdim=True), w
        ),
        "w is not normalized: q = w / w.sum()": total(P - w, w),
        "the diagonal of w, which should be 0, is in the sum": total(P - whole / whole.sum(), w),
        "w falls like a normal distribution (that is SNE): it should be 1 / (1 + d ** 2)": total(
            P - bell / bell.sum(), torch.ones_like(w)
        ),
        "q is a normal distribution's: use w = 1 / (1 + d ** 2) for q, too": total(
            P - bell / bell.sum(), w
        ),
        "the map's distances are not squared in w": total(
            P - (r := (1 / (1 + far.sqrt())).fill_diagonal_(0)) / r.sum(), r
        ),
        "q is left out: the points only attract each other": total(P, w),
    }


def require_forces(found: Tensor, P: Tensor, Y: Tensor, message: str) -> None:
    """Fail for what is neither the gradient nor a known mistake, which test_gradient names."""
    known = [reference.tsne_gradient(P, Y), *variants(P, Y).values()]
    assert any(parallel(found, one) for one in known), message


@points(4, exercise="tsne_gradient")
def test_gradient(student):
    """Every point is moved by all others, in the right proportion."""
    generator = student.generator(61)
    P, Y = random_affinities(generator, 7), torch.randn(7, 2, generator=generator)
    require(
        gradient(student, P, Y),
        reference.tsne_gradient(P, Y),
        "this is no multiple of the gradient of KL(P || Q)",
        same=parallel,
        mistakes=variants(P, Y),
    )


@points(2, exercise="tsne_gradient")
def test_sign(student):
    """Against the gradient the divergence falls."""
    generator = student.generator(62)
    # Points 0 and 1 alone attract each other, far apart; 2 and 3, beside them, only push sideways.
    P = torch.zeros(4, 4)
    P[0, 1] = P[1, 0] = 0.5
    Y = torch.tensor([[-3.0, 0.0], [3.0, 0.0], [-3.0, 1.0], [3.0, 1.0]])
    Y = Y @ random_rotation(generator, 2).float()
    pull = float(gradient(student, P, Y)[0] @ (Y[0] - Y[1]).double())
    assert abs(pull) > 1e-6, "the gradient is 0 where it should not be"
    assert pull > 0, (
        "the sign is wrong: against this gradient, points that should be nearer go apart. Is it "
        "y_i - y_j, and p - q?"
    )


@points(2, exercise="tsne_gradient")
def test_factor(student):
    """The gradient has the size that finite differences find."""
    generator = student.generator(63)
    P, Y = random_affinities(generator, 7), torch.randn(7, 2, generator=generator)
    for places in (Y, 3 * Y):  # no wrong formula has the right length on both maps
        found = gradient(student, P, places)
        ratio = float(found.norm() / reference.tsne_gradient(P, places).norm())
        assert abs(ratio - 0.25) > 0.005, "the factor 4 is missing"
        assert abs(ratio - 0.5) > 0.01, "the factor is 2, and should be 4"
        assert abs(ratio - 1) < 0.01, f"the gradient is {ratio:.3g} times as long as it should be"


@points(2, exercise="tsne_gradient")
def test_at_rest(student):
    """Where Q is P already, nothing moves."""
    generator = student.generator(64)
    Y = torch.randn(6, 2, generator=generator)
    P = reference.map_affinities(Y.double()).float()
    moved = gradient(student, random_affinities(generator, 6), Y)
    assert moved.abs().max() > 1e-4, "the gradient is always 0"
    left = gradient(student, P, Y).abs().max() / moved.abs().max()
    assert left < 1e-3, (
        "the map has the affinities P already, and the gradient is not 0: is q the w divided by "
        "their sum over all pairs, without the diagonal?"
    )


@points(1, exercise="tsne_gradient")
def test_pairs_without_affinity(student):
    """Points without any affinity to each other still push each other away."""
    generator = student.generator(68)
    P, Y = random_affinities(generator, 6), torch.randn(6, 2, generator=generator)
    require_forces(gradient(student, P, Y), P, Y, "there is no gradient yet")
    P[:3, 3:] = P[3:, :3] = 0  # two groups of three
    P /= P.sum()
    nearly = (P + 1e-8).fill_diagonal_(0)
    found = gradient(student, P, Y)
    assert close(found, gradient(student, nearly, Y)), (
        "where p is exactly 0 the gradient is another than where it is nearly 0: the sum runs over "
        "all points, and without attraction q alone pushes"
    )


@points(1, exercise="tsne_gradient")
def test_other_sizes(student):
    """Any number of points."""
    generator = student.generator(65)
    for count in (3, 31):
        P, Y = random_affinities(generator, count), torch.randn(count, 2, generator=generator)
        try:
            found = gradient(student, P, Y)
        except NotAnswered:
            raise
        except (AssertionError, StudentError) as error:
            raise AssertionError(f"{count} points fail: {error}") from error
        require_forces(found, P, Y, f"for {count} points the gradient is not right")


@points(1, exercise="tsne_gradient")
def test_equal_places(student):
    """Two points at one place give no NaN."""
    generator = student.generator(66)
    P, Y = random_affinities(generator, 5), torch.randn(5, 2, generator=generator)
    Y[3] = Y[1]
    value = student.tsne_gradient(P, Y)
    require_answer(value, Y, "tsne_gradient")
    if isinstance(value, Tensor) and value.shape == Y.shape:
        assert torch.isfinite(value.double()).all(), (
            "two points at one place give NaN or infinity: nothing has to be divided by their "
            "distance, and no root of it has to be differentiated"
        )
    found = tensor_of(value, (5, 2), "the result")
    require_forces(found, P, Y, "with two points at one place the gradient is not right")


@points(1, exercise="tsne_gradient")
def test_inputs_unchanged_by_gradient(student):
    """P and Y keep their values (witnessed by the worker)."""
    generator = student.generator(67)
    P, Y = random_affinities(generator, 5), torch.randn(5, 2, generator=generator)
    require_forces(gradient(student, P, Y), P, Y, "there is no gradient yet")
    call = student.call("tsne_gradient", P, Y)
    assert call.inputs_unchanged, "P or Y is changed in place: work on copies"
