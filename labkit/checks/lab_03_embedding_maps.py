"""Visible checks of lab 03: constants worked by hand, and identities."""

import math

import torch

from labkit.check import points
from labkit.checks.results import near, numbers, tensor_of

# pca


@points(1, exercise="pca")
def test_points_on_a_line(student):
    """(0, 0), (3, 4) and (6, 8) lie 5 apart on a line: -5, 0 and 5, or 5, 0 and -5."""
    features = torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    found = tensor_of(student.pca(features.clone(), 1), (3, 1))[:, 0]
    assert abs(found[1]) < 1e-3, f"the middle point is the mean, so 0; got {numbers(found)}"
    wanted = torch.tensor([5.0, 0.0, 5.0]).double()
    assert torch.allclose(found.abs(), wanted, atol=1e-3), f"got {numbers(found)}"
    assert found[0] * found[2] < 0, f"the ends lie on different sides; got {numbers(found)}"


@points(1, exercise="pca")
def test_largest_variance_first(student):
    """The column with the largest variance comes first, also for three rows of 40 features."""
    features = torch.zeros(3, 40)
    features[:, 7] = torch.tensor([1.0, -2.0, 1.0])  # the two columns are at right angles
    features[:, 30] = torch.tensor([-9.0, 0.0, 9.0])
    found = tensor_of(student.pca(features.clone(), 2), (3, 2))
    spread = found.var(dim=0, correction=0)
    assert torch.allclose(spread, torch.tensor([54.0, 2.0]).double(), rtol=1e-3), (
        f"the variances of the two columns should be 54 and 2; got {numbers(spread)}"
    )


@points(1, exercise="pca")
def test_fewer_components(student):
    """One component is the first of many, whatever k is."""
    features = torch.randn(40, 12, generator=torch.Generator().manual_seed(1))
    first = tensor_of(student.pca(features.clone(), 1), (40, 1))[:, 0]
    many = tensor_of(student.pca(features.clone(), 12), (40, 12))[:, 0]
    assert abs(first @ many) > 0.999 * first.norm() * many.norm(), (
        "with k = 1 the column is another one than the first of k = 12: a method that only comes "
        "near the principal directions, such as `torch.pca_lowrank` with a small q, is not enough"
    )


@points(1, exercise="pca")
def test_moved_features(student):
    """A constant added to all vectors changes nothing; all D components keep all distances."""
    features = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    moved = features + torch.tensor([5.0, 0.0, -7.0, 1.0])
    given = moved.clone()
    one, two = (tensor_of(student.pca(x, 4), (9, 4)) for x in (features.clone(), given))
    assert torch.equal(given, moved), "the features are changed in place: work on a copy"
    assert torch.allclose(one.abs(), two.abs(), atol=1e-3), (
        "the same vectors moved by a constant give another result: subtract the mean of each column"
    )
    before, after = torch.cdist(features, features).double(), torch.cdist(one, one)
    assert torch.allclose(before, after, atol=1e-3), (
        "with k = D the projections should keep every distance: is something scaled?"
    )


# paste_on_map


@points(1, exercise="paste_on_map")
def test_right_and_up(student):
    """The point further right is further right, the higher one is higher."""
    coordinates = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    thumbnails = torch.eye(3).view(3, 3, 1, 1).repeat(1, 1, 2, 2)  # red, green, blue
    given = coordinates.clone(), thumbnails.clone()
    picture = tensor_of(student.paste_on_map(*given, 10), (3, 10, 10))
    corners = {"bottom left": picture[:, 9, 0], "bottom right": picture[:, 9, 9]}
    corners["top left"] = picture[:, 0, 0]
    for (where, colour), wanted in zip(corners.items(), torch.eye(3).double(), strict=True):
        assert torch.equal(colour, wanted), (
            f"thumbnail {int(wanted.argmax())} belongs into the corner at the {where}: x goes to "
            "the right, y up, and the scale is the largest that cuts nothing"
        )
    assert torch.equal(given[0], coordinates), "the coordinates are changed in place"
    assert torch.equal(picture[:, 0, 9], torch.ones(3).double()), "the background should be white"


@points(1, exercise="paste_on_map")
def test_one_scale(student):
    """Three points twice as wide as high: one scale, centred from top to bottom."""
    coordinates = torch.tensor([[-2.0, 5.0], [2.0, 5.0], [0.0, 7.0]])
    picture = tensor_of(student.paste_on_map(coordinates, torch.zeros(3, 3, 1, 1), 9), (3, 9, 9))
    rows = picture.mean(0).lt(0.5).any(dim=1).nonzero().flatten().tolist()
    columns = picture.mean(0).lt(0.5).any(dim=0).nonzero().flatten().tolist()
    assert columns == [0, 4, 8], f"expected thumbnails in the columns 0, 4 and 8, got {columns}"
    assert rows == [2, 6], f"expected thumbnails in the rows 2 and 6, got {rows}"


@points(1, exercise="paste_on_map")
def test_single_thumbnail(student):
    """A single thumbnail comes to the middle, complete."""
    thumbnail = torch.rand(1, 3, 2, 4, generator=torch.Generator().manual_seed(0))
    coordinates = torch.tensor([[3.0, -8.0]])
    picture = tensor_of(student.paste_on_map(coordinates, thumbnail, 8), (3, 8, 8))
    assert near(picture[:, 3:5, 2:6], thumbnail[0], atol=4e-3), (  # Pillow has 8 bits
        "expected its 2 x 4 pixels in the rows 3 and 4, columns 2 to 5"
    )


# perplexity_affinities


@points(1, exercise="perplexity_affinities")
def test_square(student):
    """The corners of a square, by hand: 0.1 along a side, 0.05 along a diagonal."""
    # beta = ln 2 halves the share of the diagonal: rows of 0.4, 0.4 and 0.2.
    perplexity = 2 ** (0.8 * math.log2(2.5) + 0.2 * math.log2(5))  # 2.8717
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    P = tensor_of(student.perplexity_affinities(torch.cdist(x, x).square(), perplexity), (4, 4))
    assert torch.allclose(P[0], torch.tensor([0, 0.1, 0.05, 0.1]).double(), atol=1e-3), (
        f"with perplexity {perplexity:.4f} the first row should be 0, 0.1, 0.05, 0.1; got "
        f"{numbers(P[0])}"
    )


@points(1, exercise="perplexity_affinities")
def test_pairs(student):
    """Two far pairs and a perplexity near 1: each point gives its share to its partner."""
    x = torch.tensor([0.0, 1.0, 100.0, 101.0])[:, None]
    given = torch.cdist(x, x).square()
    squared = given.clone()
    P = tensor_of(student.perplexity_affinities(squared, 1.001), (4, 4))
    assert torch.equal(squared, given), "the distances are changed in place: work on a copy"
    assert torch.allclose(P[0], torch.tensor([0, 0.25, 0, 0]).double(), atol=1e-3), (
        f"expected a first row of 0, 0.25, 0, 0; got {numbers(P[0])}"
    )


@points(1, exercise="perplexity_affinities")
def test_matrix(student):
    """The result is symmetric, zero on its diagonal, of sum 1, and nearer pairs have more."""
    x = torch.rand(12, 3, generator=torch.Generator().manual_seed(0))
    squared = torch.cdist(x, x).square()
    P = tensor_of(student.perplexity_affinities(squared.clone(), 4), (12, 12))
    assert torch.allclose(P, P.T, atol=1e-6), "it is not symmetric: average P and its transpose"
    assert (P.diagonal() == 0).all(), "a point has an affinity to itself"
    assert abs(P.sum() - 1) < 1e-4, f"it sums to {float(P.sum()):.4f}, not to 1"
    near, far = squared.fill_diagonal_(9).argmin(), squared.fill_diagonal_(0).argmax()
    assert P.flatten()[near] > P.flatten()[far], "the farthest pair has more than the nearest"


@points(1, exercise="perplexity_affinities")
def test_unit(student):
    """In millimetres or kilometres, the affinities are the same."""
    x = torch.rand(9, 2, generator=torch.Generator().manual_seed(1))
    squared = torch.cdist(x, x).square()
    P = tensor_of(student.perplexity_affinities(squared.clone(), 3), (9, 9))
    assert P.max() > 1.2 * P.sum() / 72, "all pairs have the same affinity"
    for factor in (1e-6, 1e6):
        other = tensor_of(student.perplexity_affinities(squared * factor, 3), (9, 9))
        assert torch.allclose(P, other, atol=1e-3), (
            f"with squared distances {factor:g} times as large the affinities differ: beta has to "
            "be searched over a range without bounds"
        )


# tsne_gradient


def random_affinities(count):
    """Return (N, N), symmetric, zero diagonal, sum 1."""
    P = torch.rand(count, count, generator=torch.Generator().manual_seed(3)).double()
    P = (P + P.T).fill_diagonal_(0)
    return P / P.sum()


def divergence(P, Y):
    """Return KL(P || Q), pair by pair."""
    pairs = [(i, j) for i in range(len(Y)) for j in range(len(Y)) if i != j]
    weight = {(i, j): 1 / (1 + float((Y[i] - Y[j]).square().sum())) for i, j in pairs}
    total = sum(weight.values())
    return sum(float(P[p] * (P[p] * total / weight[p]).log()) for p in pairs)


@points(1, exercise="tsne_gradient")
def test_by_hand(student):
    """Three points on a line, by hand."""
    P = torch.tensor([[0.0, 0.5, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]])
    Y = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    # w: 1/2, 1/2 and 1/3, twice each, so Q holds 3/16, 3/16 and 1/8.
    found = tensor_of(student.tsne_gradient(P.clone(), Y.clone()), (3, 2))
    x = 4 * (0.5 - 3 / 16) / 2  # what points 0 and 1 pull at each other
    y = 4 * (0 - 3 / 16) / 2  # what points 0 and 2 push
    z = 4 * (0 - 1 / 8) / 3  # what points 1 and 2 push
    wanted = torch.tensor([[-x, -y], [x + z, -z], [-z, y + z]]).double()
    assert torch.allclose(found, wanted, atol=1e-4), (
        f"got {numbers(found)}, expected {numbers(wanted)} (row by row)"
    )


@points(1, exercise="tsne_gradient")
def test_finite_differences(student):
    """It says how the divergence changes when one point moves a little."""
    P = random_affinities(5)
    Y = torch.randn(5, 2, generator=torch.Generator().manual_seed(4)).double()
    found = tensor_of(student.tsne_gradient(P.clone(), Y.clone()), (5, 2))
    for i, axis in ((0, 0), (3, 1)):
        step = torch.zeros_like(Y)
        step[i, axis] = 1e-4
        change = (divergence(P, Y + step) - divergence(P, Y - step)) / 2e-4
        assert abs(found[i, axis] - change) < 1e-4, (
            f"moving point {i} along axis {axis} changes the divergence by {change:.4f} a unit, "
            f"and the gradient says {float(found[i, axis]):.4f}"
        )


@points(1, exercise="tsne_gradient")
def test_nothing_left_to_do(student):
    """Three points as corners of a triangle of equal sides and equal affinities stay."""
    P = torch.full((3, 3), 1 / 6).fill_diagonal_(0)
    Y = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 3**0.5]])
    other = torch.tensor([[0.0, 0.0], [2.0, 0.0], [5.0, 1.0]])
    given = P.clone(), Y.clone()
    assert student.tsne_gradient(P.clone(), other).abs().max() > 1e-3, "the gradient is always 0"
    found = tensor_of(student.tsne_gradient(*given), (3, 2))
    assert found.abs().max() < 1e-5, f"the gradient should be 0 here; got {numbers(found)}"
    assert torch.equal(given[0], P), "P is changed in place: work on a copy"
    assert torch.equal(given[1], Y), "Y is changed in place: work on a copy"
