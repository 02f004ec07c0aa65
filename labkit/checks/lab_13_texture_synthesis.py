"""Visible checks of lab 13: distances and matrices worked by hand, stripes that must go on."""

import torch
from torch import Tensor

from labkit.check import points
from labkit.checks.results import numbers, tensor_of

# masked_distances


@points(1, exercise="masked_distances")
def test_distances_shape(student):
    """A window of 3 x 3 has 3 x 5 places in a sample of 5 x 7."""
    window, mask, sample = torch.rand(3, 3, 3), torch.ones(3, 3), torch.rand(3, 5, 7)
    tensor_of(student.masked_distances(window, mask, sample), (3, 5))


@points(1, exercise="masked_distances")
def test_distances_by_hand(student):
    """A window of one pixel, red 1, green 0.5: by hand, distances 0, 1 and 0.3125."""
    window = torch.tensor([1.0, 0.5, 0.0]).reshape(3, 1, 1)
    colours = [[1.0, 0.5, 0.0], [0.0, 0.5, 0.0], [0.75, 0.0, 0.0]]
    sample = torch.tensor(colours).T.reshape(3, 1, 3)
    got = student.masked_distances(window, torch.ones(1, 1), sample)
    got = numbers(tensor_of(got, (1, 3)), digits=4)
    known = {
        (0.0, 1.0, 0.559): "this is the root of the sum; the formula has none",
        (0.0, 0.3333, 0.1042): "add the three channels up, do not average them",
        (0.0, 1.0, 0.75): "square the differences; these are absolute ones",
        (0.0, 1.0, 0.5625): "square each difference before they are added up",
        (0.0, 1.0, 0.0625): "only the red channel is compared",
        (0.0, 0.1111, 0.0625): "the colours are mixed to grey first; compare each channel",
        (0.0, 1.0, 0.25): "add the three channels up, do not take their maximum",
        (0.0, 0.0, 0.0): "the mask is 1 where the window is known",
    }
    assert got == [0.0, 1.0, 0.3125], (
        "the sample's pixels differ by (0, 0, 0), (1, 0, 0) and (0.25, 0.5, 0), so the distances "
        f"are 0, 1 and 0.0625 + 0.25. Got {got}: {known.get(tuple(got), 'add up the squares')}"
    )


@points(1, exercise="masked_distances")
def test_distances_mask(student):
    """What the mask leaves out has no influence, and a weight of 0.5 counts half."""
    generator = torch.Generator().manual_seed(1)
    window, sample = (torch.rand(3, n, n, generator=generator) for n in (3, 6))
    mask = torch.zeros(3, 3)
    mask[0, 1] = 0.5
    got = tensor_of(student.masked_distances(window, mask, sample), (4, 4))
    squares = (sample.unfold(1, 3, 1).unfold(2, 3, 1) - window[:, None, None]).square().sum(0)
    alone = squares[..., 0, 1].double()  # the one pixel that counts, at each place
    known = {
        "the mask has no effect": squares.sum((2, 3)).double(),
        "the mask is squared: it belongs outside of the square": 0.25 * alone,
        "a weight of 0.5 counts as 1": alone,
    }
    why = [text for text, value in known.items() if torch.allclose(got, value, atol=1e-5)]
    assert torch.allclose(got, 0.5 * alone, atol=1e-5), (
        "one pixel of the window, in row 0 and column 1, has weight 0.5, all others 0: the "
        "distance should be half of its squared difference from row i, column j + 1 of the "
        f"sample. {why[0] if why else 'Is it the difference that is masked?'}"
    )


@points(1, exercise="masked_distances")
def test_distances_own_place(student):
    """A window cut out at row 1, column 3 has distance 0 there, and nowhere else."""
    sample = torch.rand(3, 6, 8, generator=torch.Generator().manual_seed(2))
    got = student.masked_distances(sample[:, 1:4, 3:6].clone(), torch.ones(3, 3), sample)
    got = tensor_of(got, (4, 6))
    place = divmod(int(got.argmin()), 6)
    assert place == (1, 3), f"the smallest distance is at {place}, and should be at (1, 3)"
    assert abs(float(got[1, 3])) < 1e-4, "the distance of a window to itself should be 0"
    assert got.min() >= 0, (
        "a distance is below 0, by rounding; the next exercise multiplies the smallest one by 1.1: "
        "`.clamp(min=0)`"
    )


# grow_texture


def stripes(height: int, width: int) -> Tensor:
    """Return (3, height, width) of upright stripes, two pixels of one colour, one of another."""
    red, blue = torch.tensor([0.9, 0.2, 0.1]), torch.tensor([0.1, 0.3, 0.8])
    columns = torch.stack([blue if x % 3 == 2 else red for x in range(width)], dim=1)
    return columns[:, None].repeat(1, height, 1)


def texture(student, sample: Tensor, size: int, window: int = 5, seed: int = 0) -> Tensor:
    """Return what the student grows, as (3, size, size)."""
    return tensor_of(student.grow_texture(sample, size, window, seed), (3, size, size))


@points(1, exercise="grow_texture")
def test_texture_size(student):
    """The result has the size asked for, odd or even."""
    for size in (8, 11):
        texture(student, stripes(8, 10), size)


@points(1, exercise="grow_texture")
def test_texture_colours(student):
    """Every pixel is copied from the sample."""
    sample = 0.2 + 0.8 * torch.rand(3, 9, 8, generator=torch.Generator().manual_seed(3))
    grown = texture(student, sample, 12).flatten(1).T
    apart = torch.cdist(grown, sample.double().flatten(1).T).amin(1) > 1e-5
    black = (grown.abs().sum(1) < 1e-6).sum()
    assert not black, f"{int(black)} of 144 pixels are still black: fill every place"
    assert not apart.any(), (
        f"{int(apart.sum())} of 144 pixels have a colour that the sample does not have: copy one "
        "pixel, do not average"
    )


@points(1, exercise="grow_texture")
def test_texture_stripes(student):
    """Upright stripes go on as upright stripes, level ones as level ones."""
    upright = stripes(8, 11)
    for way, line, grown in (
        ("upright", "columns", texture(student, upright, 16)),
        ("level", "rows", texture(student, upright.mT.contiguous(), 16).mT),
    ):
        broken = int((grown != grown[:, :1]).any(0).any(0).sum())
        assert not broken, (
            f"{way} stripes: {broken} of 16 {line} are not of one colour. Is the pixel copied from "
            "the window's middle, is its place marked in `known`, and does the mask leave out what "
            "is unknown?"
        )
        wide = [int(c) for c in (grown[0, 0] > 0.5).int()]
        assert all(sum(wide[x : x + 3]) == 2 for x in range(14)), (
            f"the {line} are {way}, but their rhythm is not two and one: {wide}"
        )


@points(1, exercise="grow_texture")
def test_texture_seed(student):
    """The same seed gives the same texture, another seed another; nothing else changes."""
    sample = torch.rand(3, 9, 9, generator=torch.Generator().manual_seed(4))
    before, state = sample.clone(), torch.get_rng_state()
    first, again, other = (texture(student, sample, 10, seed=s) for s in (7, 7, 8))
    assert torch.equal(first, again), "the same seed gave two different textures: use `generator`"
    assert not torch.equal(first, other), "two seeds gave the same texture"
    assert torch.equal(sample, before), "the sample was changed"
    assert torch.equal(state, torch.get_rng_state()), (
        "the global random state changed: give `torch.randint` the argument `generator=generator`"
    )


# gram_matrix


@points(1, exercise="gram_matrix")
def test_gram_shape(student):
    """Two images with 3 features give two 3 x 3 matrices, one image gives one."""
    for count in (2, 1):
        features = torch.rand(count, 3, 2, 5)
        tensor_of(student.gram_matrix(features), (count, 3, 3), f"the result for N = {count}")


@points(1, exercise="gram_matrix")
def test_gram_by_hand(student):
    """Features (1, 2) and (3, -4) at two places: by hand, products 5, -5, 25."""
    features = torch.tensor([[1.0, 2.0], [3.0, -4.0]]).reshape(1, 2, 1, 2)
    got = numbers(tensor_of(student.gram_matrix(features, normalize=False), (1, 2, 2)))
    known = {
        (4.5, -1.5, -1.5, 0.5): "these are all pairs of places; take the same place twice",
        (0.5, -3.5, -3.5, 24.5): "take no mean away",
        (10.0, -10.0, -10.0, 20.0): "the memory is cut into the wrong pieces: view(N, C, H * W)",
        (5.0, 3.0, 3.0, 9.0): "negative features count as they are",
        (1.25, -1.25, -1.25, 6.25): "it is divided although normalize is False",
    }
    assert got == [5.0, -5.0, -5.0, 25.0], (
        "1*1 + 2*2 = 5, 1*3 + 2*(-4) = -5, 3*3 + 4*4 = 25, so without normalization the matrix is "
        f"[5, -5, -5, 25]. Got {got}: {known.get(tuple(got), 'which places are multiplied?')}"
    )
    got = numbers(tensor_of(student.gram_matrix(features), (1, 2, 2)))
    assert got == [1.25, -1.25, -1.25, 6.25], (
        "without the second argument it is divided by C * H * W = 2 * 1 * 2: "
        f"[1.25, -1.25, -1.25, 6.25], got {got}"
    )


@points(1, exercise="gram_matrix")
def test_gram_batch(student):
    """Two images together give the matrices that each gives alone."""
    features = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(5))
    before = features.clone()
    together = tensor_of(student.gram_matrix(features), (2, 3, 3))
    assert torch.equal(features, before), "the given features were changed"
    for n in range(2):
        alone = tensor_of(student.gram_matrix(features[n : n + 1]), (1, 3, 3))[0]
        assert torch.allclose(together[n], alone, atol=1e-5), (
            "N = 2 differs from two runs with N = 1: are the images mixed, or is there an N below "
            "the line?"
        )


@points(1, exercise="gram_matrix")
def test_gram_gradient(student):
    """The result can be differentiated."""
    features = torch.rand(1, 2, 3, 3, requires_grad=True)
    got = student.gram_matrix(features)
    assert getattr(got, "requires_grad", False), (
        "the result carries no gradient: look for `.detach()`, `.data`, `no_grad` or NumPy"
    )


# texture_loss


def plain_features(*values: float) -> Tensor:
    """Return (1, 1, 1, 1) features, or more channels: their Gram matrix is easy by hand."""
    return torch.tensor(values).reshape(1, len(values), 1, 1)


@points(1, exercise="texture_loss")
def test_loss_by_hand(student):
    """One layer of one feature, 2, so its Gram matrix is 4: by hand, 9 from a target of 1."""
    features = {"a": plain_features(2.0)}
    known = {
        (1, 3.0): "this is a norm, and the formula has squared norms",
        (1, 0.562): "divide by the target's squared norm, not by that of the picture",
        (2, 4.0): "the division by the target's squared norm is missing",
        (2, 2.0): "square what you divide by, too",
    }
    for target, expected in ((1, 9), (2, 1)):  # (4 - 1)^2 / 1^2 and (4 - 2)^2 / 2^2
        grams = {"a": torch.full((1, 1, 1), float(target))}
        got = float(tensor_of(student.texture_loss(features, grams, {"a": 1.0}), ()))
        why = known.get((target, round(got, 3)), "is it squared, and relative to the target?")
        assert abs(got - expected) < 1e-4, (
            f"(4 - {target})^2 / {target}^2 = {expected}, got {got:.4g}: {why}"
        )


@points(1, exercise="texture_loss")
def test_loss_two_features(student):
    """Two features of 2, so a Gram matrix of twos, against (1, 2, 2, 4): by hand, 5 / 25."""
    grams = {"a": torch.tensor([[[1.0, 2.0], [2.0, 4.0]]])}
    features = {"a": plain_features(2.0, 2.0)}
    got = float(tensor_of(student.texture_loss(features, grams, {"a": 1.0}), ()))
    known = {
        1.25: "divide the sum by the sum, not each entry by the target's",
        0.68: "the target is normalized, so leave `normalize` as it is by default",
    }
    assert abs(got - 0.2) < 1e-4, (
        "squared differences 1, 0, 0, 4 over squares 1, 4, 4, 16 are 5 / 25 = 0.2, "
        f"got {got:.4g}: {known.get(round(got, 3), 'add all four entries up')}"
    )


@points(1, exercise="texture_loss")
def test_loss_weights(student):
    """Two layers with weights 2 and 0.5 and distances 9 and 1: by hand, 18.5."""
    features = {"a": plain_features(2.0), "b": plain_features(1.0)}
    grams = {"b": torch.full((1, 1, 1), 0.5), "a": torch.ones(1, 1, 1)}  # another order
    got = float(tensor_of(student.texture_loss(features, grams, {"b": 0.5, "a": 2.0}), ()))
    known = {
        10.0: "the weights are not used",
        6.5: "the weights are at the wrong layers",
        24.5: "features of one layer meet the target of another: take them by name",
        36.25: "the weights are squared",
        9.25: "add the layers up, do not average them",
        7.4: "do not divide by the sum of the weights",
        18.0: "only the last layer of `weights` counts",
        0.5: "only the first layer of `weights` counts",
    }
    assert abs(got - 18.5) < 1e-4, f"expected 2 * 9 + 0.5 * 1 = 18.5, got {got:.4g}: " + known.get(
        round(got, 3), "take all three by the layer's name"
    )


@points(1, exercise="texture_loss")
def test_loss_layers(student):
    """Layers that have no weight do not count."""
    features = {"a": plain_features(2.0), "b": plain_features(3.0)}
    grams = {"a": torch.ones(1, 1, 1), "c": torch.ones(1, 1, 1)}
    got = float(tensor_of(student.texture_loss(features, grams, {"a": 1.0}), ()))
    assert abs(got - 9) < 1e-4, f"only layer 'a' has a weight: expected 9, got {got:.4g}"


@points(1, exercise="texture_loss")
def test_loss_again(student):
    """The loss has a gradient, and a second call gives the same value."""
    features = {"a": torch.rand(1, 2, 3, 2, requires_grad=True)}
    grams = {"a": torch.ones(1, 2, 2)}
    first, again = (student.texture_loss(features, grams, {"a": 1.0}) for _ in range(2))
    assert getattr(first, "requires_grad", False), (
        "the loss carries no gradient: look for `.item()`, `float()`, `.detach()` or `no_grad`"
    )
    assert torch.equal(grams["a"], torch.ones(1, 2, 2)), "the target is changed in place (`-=`?)"
    assert torch.equal(tensor_of(first, ()), tensor_of(again, ())), (
        "the second call differs from the first"
    )
