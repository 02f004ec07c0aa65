"""Hidden checks of lab 01: filters as pictures, the sliding inner product, slices in grey.

Each check asks one property, on weights that hide the others: `balanced` slices reach equally far
to both sides of zero, so that a scale from minimum to maximum and one about zero agree on them.
"""

import contextlib
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from autograder import reference
from autograder.compare import close, proportional, require, require_answer, tensor_of
from labkit.check import points
from labkit.errors import NotAnswered, StudentError


def balanced(generator: Generator, count: int, channels: int, size: int) -> Tensor:
    """Return (F, C, k, k) of which every slice reaches from -1 to 1."""
    slices = 1.8 * torch.rand(count, channels, size * size, generator=generator) - 0.9
    for one in slices.flatten(0, 1):
        low, high = torch.randperm(size * size, generator=generator)[:2]
        one[low], one[high] = -1.0, 1.0
    return slices.view(count, channels, size, size)


@contextlib.contextmanager
def other_size(what: str) -> Iterator[None]:
    """Say what may be behind an exception of the student's code at another size."""
    try:
        yield
    except NotAnswered:
        raise
    except StudentError as error:
        raise AssertionError(
            f"{what} fail: {error}. Is a size of the notebook written into your code?"
        ) from error


# normalize_filters(weights) -> (F, C, k, k)


def normalized(student, weights: Tensor) -> Tensor:
    """Return the student's pictures of filters, of the right shape."""
    value = student.normalize_filters(weights)
    require_answer(value, weights, "normalize_filters")
    return tensor_of(value, tuple(weights.shape), "the result")


@points(2, exercise="normalize_filters")
def test_from_minimum_to_maximum(student):
    """A filter's smallest weight becomes 0, its largest 1, the others in proportion."""
    weights = 3 * balanced(student.generator(1), 1, 1, 7).repeat(1, 3, 1, 1) + 1  # -2 to 4
    require(
        normalized(student, weights),
        reference.normalize_filters(weights),
        "a filter does not reach from 0 to 1 in proportion: subtract the minimum, divide by "
        "maximum minus minimum",
        mistakes={
            "zero became mid-grey: the filter's minimum should become 0, its maximum 1": 0.5
            + weights / 8,
            "the values are divided by the maximum, and should be by maximum minus minimum": (
                weights + 2
            )
            / 4,
            "values below 0 are cut off: move the whole filter up by its minimum": (
                weights / 4
            ).clamp(min=0),
            "weights outside [0, 1] are cut off: scale them": weights.clamp(0, 1),
            "the filter is upside down: its minimum should become 0": (4 - weights) / 6,
        },
    )


@points(3, exercise="normalize_filters")
def test_one_scale_for_the_colours(student):
    """The channels of a filter share one scale, which keeps its hue."""
    weights = balanced(student.generator(2), 1, 3, 7)
    weights *= torch.tensor([1.0, 0.3, 0.6]).view(1, 3, 1, 1)
    alone = torch.cat([reference.normalize_filters(weights[:, c : c + 1]) for c in range(3)], dim=1)
    across = (weights - weights.amin(1, keepdim=True)) / (
        weights.amax(1, keepdim=True) - weights.amin(1, keepdim=True)
    )
    require(
        normalized(student, weights),
        reference.normalize_filters(weights),
        "with three channels of different range the result is not right: one minimum and one "
        "maximum for all channels of a filter",
        mistakes={
            "each colour has a scale of its own, which changes the filter's hue: take minimum and "
            "maximum over the channels, too (`dim=(1, 2, 3)`)": alone,
            "each place has a scale of its own: take minimum and maximum over the places, too "
            "(`dim=(1, 2, 3)`)": across,
        },
    )


@points(3, exercise="normalize_filters")
def test_a_scale_for_each_filter(student):
    """Each filter has a scale of its own."""
    weights = balanced(student.generator(3), 4, 3, 7)
    sizes = torch.tensor([0.2, 1.0, 3.0, 0.5]).view(4, 1, 1, 1)
    require(
        normalized(student, sizes * weights),
        reference.normalize_filters(sizes * weights),
        "with filters of different size the result is not right: does each use its own minimum and "
        "maximum?",
        mistakes={
            "all filters share one scale, and weak ones are grey: one minimum and one maximum a "
            "filter (`dim=(1, 2, 3), keepdim=True`)": 0.5 + sizes * weights / 6,
            "all filters use the scale of the first one": 0.5 + sizes * weights / 0.4,
        },
    )


@points(1, exercise="normalize_filters")
def test_other_filters(student):
    """Other numbers of filters, channels and pixels are fine."""
    for number, (count, channels, size) in enumerate(((5, 4, 3), (2, 1, 6))):
        weights = balanced(student.generator(10 + number), count, channels, size)
        what = f"weights of shape {tuple(weights.shape)}"
        with other_size(what):
            found = normalized(student, weights)
        expected = reference.normalize_filters(weights)
        require(found, expected, f"{what} fail: is a size of the notebook written into your code?")


@points(2, exercise="normalize_filters")
def test_constant_filter(student):
    """A constant filter becomes mid-grey, and those beside it are not disturbed."""
    weights = balanced(student.generator(4), 3, 3, 7)
    weights[1] = 0.25
    value = student.normalize_filters(weights)
    require_answer(value, weights, "normalize_filters")
    if isinstance(value, Tensor) and value.shape == weights.shape:
        bad = ~torch.isfinite(value.double()).flatten(1).all(1)
        assert not bad[1], (
            "a filter whose weights are all equal gives NaN or infinity: its maximum is its "
            "minimum, so the formula divides 0 by 0"
        )
    value = tensor_of(value, tuple(weights.shape), "the result")
    expected = reference.normalize_filters(weights)
    require(
        value[1],
        expected[1],
        "a constant filter should be mid-grey, 0.5",
        mistakes={
            "a constant filter is black, and should be 0.5": torch.zeros_like(expected[1]),
        },
    )
    apart = [0, 2]
    spans = value[apart].amax((1, 2, 3)) - value[apart].amin((1, 2, 3))
    assert (spans > 0).all(), "the filters beside a constant one became constant, too"


@points(1, exercise="normalize_filters")
def test_faint_filter(student):
    """A filter of tiny weights reaches from 0 to 1, too."""
    weights = balanced(student.generator(6), 1, 1, 7).repeat(1, 3, 1, 1)
    found = normalized(student, 1e-6 * weights)  # lite0 has some that are fainter still
    strong = normalized(student, weights)
    expected = reference.normalize_filters(weights)
    require(strong, expected, "there is no picture of the filter yet")
    assert close(found, strong, 0.02), (
        "a filter a million times as faint as another looks otherwise: is something added to what "
        "you divide by, or is a small range taken for none? Only a range of exactly 0 is constant"
    )


@points(1, exercise="normalize_filters")
def test_filters_unchanged(student):
    """The network's weights keep their values (witnessed by the worker)."""
    weights = 3 * balanced(student.generator(5), 1, 1, 7).repeat(1, 3, 1, 1)
    call = student.call("normalize_filters", weights)
    require_answer(call.value, weights, "normalize_filters")
    value = tensor_of(call.value, tuple(weights.shape), "the result")
    require(value, reference.normalize_filters(weights), "there is no picture of the filter yet")
    assert call.inputs_unchanged, (
        "the weights are changed in place, and they are the network's own: work on a copy"
    )


# filter_response(image, filters) -> (F, H - k + 1, W - k + 1)

SIDE, SIZE = 12, 7  # of the image, and of a filter; 6 x 6 windows


def positive(generator: Generator, *shape: int) -> Tensor:
    """Return weights or pixels between 0.1 and 1: no response is negative."""
    return 0.1 + 0.9 * torch.rand(shape, generator=generator)


def grey_image(generator: Generator, height: int, width: int, channels: int = 3) -> Tensor:
    """Return a positive image (1, C, H, W) of equal channels: which of them count is hidden."""
    return positive(generator, 1, 1, height, width).repeat(1, channels, 1, 1)


def symmetric(patterns: Tensor) -> Tensor:
    """Return patterns that no mirror and no exchange of rows and columns changes."""
    patterns = patterns + patterns.mT
    patterns = patterns + patterns.flip(2)
    return patterns + patterns.flip(3)


def response(student, image: Tensor, filters: Tensor) -> Tensor:
    """Return the student's response as (F, H', W').

    A batch axis, or a border from padding, which are test_shape's matter, are taken off.
    """
    value = student.filter_response(image, filters)
    for given in (image, filters):
        require_answer(value, given, "filter_response")
    count, size = filters.shape[0], filters.shape[-1]
    rows, columns = (n - size + 1 for n in image.shape[2:])
    if isinstance(value, Tensor) and value.dim() == 4 and len(value) == 1:
        value = value[0]
    if isinstance(value, Tensor) and tuple(value.shape) == (count, *image.shape[2:]):
        start = (size - 1) // 2
        value = value[:, start : start + rows, start : start + columns]
    return tensor_of(value, (count, rows, columns), "the result")


@points(2, exercise="filter_response")
def test_every_window(student):
    """A filter meets every window of the image."""
    generator = student.generator(21)
    image, filters = grey_image(generator, SIDE, SIDE), torch.ones(1, 3, SIZE, SIZE)
    expected = reference.filter_response(image, filters)
    norms = reference.filter_response(image.square(), filters).sqrt()
    require(
        response(student, image, filters),
        expected,
        "a filter whose weights are all equal, which sums a window's pixels, gives other values: "
        "does window (i, j) begin at row i and column j of the image, and is the image used as it "
        "is?",
        same=proportional,
        mistakes={
            "each window is divided by its norm, which gives a cosine: return the inner product "
            "itself": expected / norms,
        },
    )


@points(2, exercise="filter_response")
def test_not_mirrored(student):
    """The filter lies on the window as it is, neither mirrored nor transposed."""
    generator = student.generator(22)
    image = grey_image(generator, SIDE, SIDE)
    filters = positive(generator, 1, 1, SIZE, SIZE).pow(3).repeat(1, 3, 1, 1)
    turned = {
        "the filter is turned by 180 degrees, as in a mathematician's convolution: here weight "
        "(a, b) meets pixel (i + a, j + b)": filters.flip(2, 3),
        "the filter is mirrored upside down": filters.flip(2),
        "the filter is mirrored left to right": filters.flip(3),
        "rows and columns of the filter are exchanged": filters.mT.contiguous(),
    }
    require(
        response(student, image, filters),
        reference.filter_response(image, filters),
        "with a lopsided filter the response is not right: which weight meets which pixel?",
        same=proportional,
        mistakes={text: reference.filter_response(image, f) for text, f in turned.items()},
    )


@points(2, exercise="filter_response")
def test_channels_are_summed(student):
    """Each colour has its own weights, and the three products are added."""
    generator = student.generator(23)
    image = positive(generator, 1, 3, SIDE, SIDE)
    filters = torch.tensor([1.0, 0.2, 3.0]).view(1, 3, 1, 1).repeat(1, 1, SIZE, SIZE)
    require(
        response(student, image, filters),
        reference.filter_response(image, filters),
        "with other weights for each colour the response is not right: sum over the channels the "
        "products of each with its own weights",
        same=proportional,
        mistakes={
            "only the first channel counts: sum over all": reference.filter_response(
                image[:, :1], filters[:, :1]
            ),
            "image and filter are averaged over their colours first: multiply, then sum": (
                reference.filter_response(image, torch.ones_like(filters))
            ),
            "the channels are in reverse order (BGR)": reference.filter_response(
                image.flip(1), filters
            ),
        },
    )


@points(2, exercise="filter_response")
def test_several_filters(student):
    """Each of several filters gives the response that it gives alone."""
    generator = student.generator(24)
    image = grey_image(generator, SIDE, SIDE)
    filters = symmetric(positive(generator, 4, 1, SIZE, SIZE).pow(3)).repeat(1, 3, 1, 1)
    expected = reference.filter_response(image, filters)
    require(
        response(student, image, filters),
        expected,
        "the maps of four filters are not those that each gives alone",
        same=proportional,
        mistakes={
            "all maps are that of the first filter": expected[:1].expand_as(expected),
            "all maps are that of the last filter": expected[-1:].expand_as(expected),
            "all maps are the sum over the filters": expected.sum(0).expand_as(expected),
        },
    )


@points(2, exercise="filter_response")
def test_shape(student):
    """The map has one value for each full window, also where H and W differ."""
    generator = student.generator(25)
    filters = torch.ones(2, 3, SIZE, SIZE)
    for height, width in ((SIDE, SIDE + 4), (SIDE + 3, SIDE)):
        image = grey_image(generator, height, width)
        value = student.filter_response(image, filters)
        for given in (image, filters):
            require_answer(value, given, "filter_response")
        shape = (2, height - SIZE + 1, width - SIZE + 1)
        found = tuple(value.shape) if isinstance(value, Tensor) else ()
        if found == (1, *shape):
            raise AssertionError("the result has a batch axis: return (F, H', W') for one image")
        if found == (2, height, width):
            raise AssertionError(
                "the map is as large as the image: pad nothing, only full windows count"
            )
        value = tensor_of(value, shape, f"the response to {height} x {width} pixels")
        assert proportional(value, reference.filter_response(image, filters)), (
            f"on {height} x {width} pixels values are not right; are rows and columns exchanged?"
        )


@points(1, exercise="filter_response")
def test_other_sizes(student):
    """Other numbers of channels and of filter pixels are fine."""
    generator = student.generator(26)
    for channels, size in ((5, 4), (1, 1)):
        image = grey_image(generator, SIDE, SIDE, channels)
        filters = torch.ones(2, channels, size, size)
        what = f"{channels} channels and filters of {size} x {size}"
        with other_size(what):
            found = response(student, image, filters)
        message = f"{what} fail: is a size of the notebook written into your code?"
        require(found, reference.filter_response(image, filters), message, same=proportional)


@points(2, exercise="filter_response")
def test_inner_product(student):
    """The response is the inner product itself: not averaged, not divided by a norm."""
    generator = student.generator(27)
    image = grey_image(generator, SIDE, SIDE) * torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    filters = torch.full((1, 3, SIZE, SIZE), 2.0)
    expected = reference.filter_response(image, filters)
    require(
        response(student, image, filters),
        expected,
        "the response to a filter of equal weights is not the sum of the products: nothing is "
        "averaged, nothing divided by a norm, nothing added",
        mistakes={
            "this is the mean of the products: take their sum": expected / filters.numel(),
            "this is divided by the number of channels: take the sum": expected / 3,
            "this is divided by the number of a filter's pixels: take the sum": expected / SIZE**2,
            "the filter is divided by its norm: use it as it is": expected / filters.norm(),
        },
    )


@points(1, exercise="filter_response")
def test_negative_responses(student):
    """Where the image looks like the filter's negative, the response is negative."""
    generator = student.generator(28)
    image, filters = grey_image(generator, SIDE, SIDE), -torch.ones(1, 3, SIZE, SIZE)
    found = response(student, image, filters)
    assert not (found == 0).all(), "negative responses are cut off: the ReLU comes later"
    assert not (found > 0).all(), "negative responses became positive: return them as they are"
    require(
        -found,
        -reference.filter_response(image, filters),
        "the negative responses are not right",
        same=proportional,
    )


@points(1, exercise="filter_response")
def test_inputs_unchanged(student):
    """Image and filters keep their values (witnessed by the worker)."""
    generator = student.generator(29)
    image, filters = grey_image(generator, SIDE, SIDE), torch.ones(1, 3, SIZE, SIZE)
    expected = reference.filter_response(image, filters)
    assert proportional(response(student, image, filters), expected), "there is no response yet"
    call = student.call("filter_response", image, filters)
    assert call.inputs_unchanged, "the image or the filters are changed in place: work on a copy"


# grayscale_slices(weights) -> (F, C, k, k)


def grey(student, weights: Tensor) -> Tensor:
    """Return the student's grey slices, of the right shape."""
    value = student.grayscale_slices(weights)
    require_answer(value, weights, "grayscale_slices")
    return tensor_of(value, tuple(weights.shape), "the result")


@points(2, exercise="grayscale_slices")
def test_range(student):
    """A slice from -1 to 1 becomes a picture from 0 to 1."""
    weights = 3 * balanced(student.generator(41), 1, 1, 7)
    require(
        grey(student, weights),
        reference.grayscale_slices(weights),
        "a slice that reaches equally far to both sides of zero should become a picture from 0 to "
        "1, in proportion",
        mistakes={
            "the picture reaches from -1 to 1: halve it, and add 0.5": weights / 3,
            "half of the slice leaves [0, 1]: divide by twice its largest size": 0.5 + weights / 3,
            "values are cut off: divide by twice the slice's largest size": (
                0.5 + weights / 3
            ).clamp(0, 1),
            "weights outside [0, 1] are cut off: scale them": weights.clamp(0, 1),
            "this shows the size alone; negative weights should be dark": weights.abs() / 3,
            "bright and dark are exchanged": 0.5 - weights / 6,
        },
    )


@points(2, exercise="grayscale_slices")
def test_zero_is_grey(student):
    """Weight 0 is mid-grey also where a slice reaches further to one side."""
    weights = balanced(student.generator(42), 1, 1, 7)
    weights = torch.where(weights > 0, 2 * weights, 0.5 * weights)  # from -0.5 to 2
    require(
        grey(student, weights),
        reference.grayscale_slices(weights),
        "a slice that is mostly positive is not right: 0 should be 0.5, the largest weight 1",
        mistakes={
            "the slice's minimum became black: zero should be mid-grey, so that the sign can be "
            "seen": (weights + 0.5) / 2.5,
            "positive and negative weights have different scales: one scale a slice": torch.where(
                weights > 0, 0.5 + weights / 4, 0.5 + weights
            ),
            "the slice's mean became mid-grey: weight 0 should": 0.5
            + (weights - weights.mean()) / (2 * (weights - weights.mean()).abs().max()),
        },
    )


@points(2, exercise="grayscale_slices")
def test_largest_size(student):
    """Where a negative weight is the largest in size, it sets the scale."""
    weights = balanced(student.generator(43), 1, 1, 7)
    weights = torch.where(weights < 0, 2 * weights, 0.5 * weights)  # from -2 to 0.5
    found, expected = grey(student, weights), reference.grayscale_slices(weights)
    if close(found, (weights + 2).double() / 2.5):
        return  # from minimum to maximum, which another check says
    require(
        found,
        expected,
        "a slice that is mostly negative is not right: its largest size is that of a negative "
        "weight, `weights.abs()`",
        mistakes={
            "the scale is the largest weight, not the weight of largest size: take the maximum of "
            "`weights.abs()`": 0.5 + weights,
            "the scale is the largest weight, and darker values are cut off: take the maximum of "
            "`weights.abs()`": (0.5 + weights).clamp(0, 1),
        },
    )


@points(3, exercise="grayscale_slices")
def test_each_slice_its_own_scale(student):
    """Each slice has a scale of its own."""
    weights = balanced(student.generator(44), 3, 2, 7)
    sizes = torch.tensor([[0.2, 1.0], [3.0, 0.5], [0.1, 2.0]]).view(3, 2, 1, 1)
    weights = sizes * weights
    largest = {"filter": sizes.amax(1, keepdim=True), "channel": sizes.amax(0, keepdim=True)}
    require(
        grey(student, weights),
        reference.grayscale_slices(weights),
        "with slices of different size the result is not right: does each use its own largest "
        "size? The result is in the order of the weights",
        mistakes={
            "all slices share one scale: one a slice (`dim=(2, 3)`)": 0.5 + weights / 6,
            "the slices of a filter share one scale: one a slice (`dim=(2, 3)`)": 0.5
            + weights / (2 * largest["filter"]),
            "the slices of a channel share one scale: one a slice (`dim=(2, 3)`)": 0.5
            + weights / (2 * largest["channel"]),
        },
    )


@points(1, exercise="grayscale_slices")
def test_other_slices(student):
    """Other numbers of filters, channels and pixels are fine."""
    for number, (count, channels, size) in enumerate(((1, 9, 4), (4, 1, 3))):
        weights = balanced(student.generator(50 + number), count, channels, size)
        what = f"weights of shape {tuple(weights.shape)}"
        with other_size(what):
            found = grey(student, weights)
        expected = reference.grayscale_slices(weights)
        require(found, expected, f"{what} fail: is a size of the notebook written into your code?")


@points(1, exercise="grayscale_slices")
def test_slice_of_zeros(student):
    """A slice of zeros is mid-grey."""
    weights = balanced(student.generator(45), 2, 2, 7)
    weights[1, 0] = 0
    value = student.grayscale_slices(weights)
    require_answer(value, weights, "grayscale_slices")
    if isinstance(value, Tensor) and value.shape == weights.shape:
        assert torch.isfinite(value[1, 0].double()).all(), (
            "a slice of zeros gives NaN or infinity: its largest size is 0, so the formula divides "
            "0 by 0"
        )
    value = tensor_of(value, tuple(weights.shape), "the result")
    assert value[0, 0].max() > value[0, 0].min(), "the slices beside the zeros have no picture"
    assert close(value[1, 0], torch.full((7, 7), 0.5)), "a slice of zeros should be 0.5"


@points(1, exercise="grayscale_slices")
def test_slices_unchanged(student):
    """The network's weights keep their values (witnessed by the worker)."""
    weights = 3 * balanced(student.generator(46), 1, 1, 7)
    call = student.call("grayscale_slices", weights)
    require_answer(call.value, weights, "grayscale_slices")
    value = tensor_of(call.value, tuple(weights.shape), "the result")
    require(value, reference.grayscale_slices(weights), "there is no picture of the slice yet")
    assert call.inputs_unchanged, (
        "the weights are changed in place, and they are the network's own: work on a copy"
    )
