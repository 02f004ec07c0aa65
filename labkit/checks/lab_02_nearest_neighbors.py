"""Visible checks of lab 02: constants worked by hand, and identities."""

import torch
from torch import nn

from labkit.check import points
from labkit.checks.results import near, stacked
from labkit.hooks import hook_count

SIZE = (4, 5)


def network():
    """Return a network with a hidden linear layer of 12 and a last one of 7 features."""
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(12, 7), nn.ReLU(), nn.Linear(7, 4),
    )  # fmt: skip
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return model.requires_grad_(False).eval()


def random_images(count):
    return torch.rand(count, 3, *SIZE, generator=torch.Generator().manual_seed(1))


def shape_of(value):
    """Return the shape of a tensor, or say that the result is none."""
    assert isinstance(value, torch.Tensor), f"the result is a {type(value).__name__}, not a tensor"
    return tuple(value.shape)


def pair_of(value):
    """Return distances and indices, or say that the result is no pair of tensors."""
    kind = type(value).__name__
    assert isinstance(value, tuple | list), (
        f"the result is a {kind}; return two things: `return distances, indices`"
    )
    assert len(value) == 2, f"the result holds {len(value)} things; return distances and indices"
    distances, indices = (stacked(v) if isinstance(v, list) else v for v in value)
    shape_of(distances), shape_of(indices)
    return distances, indices


# extract_features


@points(1, exercise="extract_features")
def test_by_hand(student):
    """A network that is one linear layer on the pixels: the pixels are its features."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 2)).requires_grad_(False).eval()
    images = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]).view(1, 3, 1, 2)
    features = student.extract_features(model, images)
    assert shape_of(features) != (1, 2), "these are the logits, the layer's output; take its input"
    assert shape_of(features) == (1, 6), f"expected (1, 6), got {shape_of(features)}"
    found = [round(float(v), 3) for v in features[0]]
    assert near(features, images.flatten(1)), (
        f"the linear layer is given 0.1, 0.2, 0.3, 0.4, 0.5, 0.6. Got {found}"
    )


@points(1, exercise="extract_features")
def test_last_layer(student):
    """Two linear layers: the last one makes the network's logits of your features."""
    model, images = network(), random_images(2)
    features = student.extract_features(model, images)
    assert shape_of(features) != (2, 4), "these are the logits, the layer's output; take its input"
    assert shape_of(features) != (2, 12), "this goes into the first linear layer; take the last"
    assert shape_of(features) == (2, 7), f"expected (2, 7), got {shape_of(features)}"
    assert near(model[-1](features.float()), model(images), atol=1e-4), (
        "the last layer makes something other than the network's logits of this vector"
    )


@points(1, exercise="extract_features")
def test_two_images_alone(student):
    """Two images together give the vectors that each gives alone."""
    model, images = network(), random_images(2)
    together = student.extract_features(model, images)
    for i in range(2):
        alone = student.extract_features(model, images[i : i + 1])
        assert shape_of(alone) == (1, 7), f"for N = 1 expected (1, 7), got {shape_of(alone)}"
        assert near(together[i], alone[0]), (
            "a second call gives another vector for the same image: are the images mixed, or does "
            "a list outside the function still hold what an earlier call put there?"
        )


@points(1, exercise="extract_features")
def test_no_hook_left(student):
    """The network carries no hook afterwards."""
    model = network()
    student.extract_features(model, random_images(1))
    assert hook_count(model) == 0, (
        f"{hook_count(model)} hook is left on the network: `handle.remove()`, or every later pass "
        "runs it again"
    )


# nearest_neighbors


@points(1, exercise="nearest_neighbors")
def test_by_hand_neighbors(student):
    """From (0, 0): (0, 1) is at distance 1, (3, 4) at 5, (6, 8) at 10."""
    gallery = torch.tensor([[3.0, 4.0], [6.0, 8.0], [0.0, 1.0]])
    distances, indices = pair_of(student.nearest_neighbors(torch.zeros(1, 2), gallery, 3))
    shapes = shape_of(distances), shape_of(indices)
    assert shapes == ((1, 3), (1, 3)), (
        f"expected (1, 3) and (1, 3), got {shapes[0]} and {shapes[1]}"
    )
    assert not near(indices, [[1.0, 5.0, 10.0]]), "the distances come first, then the indices"
    found = [round(float(d), 3) for d in distances[0]]
    assert near(distances, [[1.0, 5.0, 10.0]]), (
        f"expected the distances 1, 5, 10; got {found}. Is the square root there, and the nearest "
        "first?"
    )
    assert indices[0].tolist() == [2, 0, 1], f"expected rows 2, 0, 1; got {indices[0].tolist()}"


@points(1, exercise="nearest_neighbors")
def test_each_query(student):
    """Two queries, two lists: each has its own neighbours."""
    gallery = torch.tensor([[0.0], [1.0], [5.0], [7.0]])
    queries = torch.tensor([[0.2], [6.6]])
    _, indices = pair_of(student.nearest_neighbors(queries, gallery, 2))
    assert shape_of(indices) == (2, 2), f"expected (2, 2), got {shape_of(indices)}"
    assert indices.tolist() == [[0, 1], [3, 2]], (
        f"on a line at 0, 1, 5, 7: nearest to 0.2 are rows 0, 1, to 6.6 rows 3, 2. Got "
        f"{indices.tolist()}"
    )


@points(1, exercise="nearest_neighbors")
def test_itself(student):
    """Every vector of the gallery is its own nearest neighbour, at distance 0."""
    gallery = 100 + torch.rand(12, 30, generator=torch.Generator().manual_seed(2))
    distances, indices = pair_of(student.nearest_neighbors(gallery, gallery, 1))
    assert not distances.isnan().any(), (
        "a distance is NaN, the root of a number below zero: see hint 3"
    )
    assert indices.flatten().tolist() == list(range(12)), (
        "a vector's nearest is another one: is it left out, or lost in rounding (hint 3)?"
    )
    assert float(distances.max()) < 0.02, (
        f"a vector is {float(distances.max()):.2g} from itself and about 2 from others: see hint 3"
    )
