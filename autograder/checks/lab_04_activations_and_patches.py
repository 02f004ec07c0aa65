"""Hidden checks of lab 04: maps in [0, 1], receptive fields, maximally activating patches.

Each check asks one property, on a probe that hides the others: equal maps, for instance, look the
same on their own scales and on a common one. What a constant answer would satisfy counts only once
the answers depend on what is given.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from autograder import reference
from autograder.compare import close, require, require_answer, tensor_of
from labkit.check import points
from labkit.errors import NotAnswered, StudentError

SIZE = (5, 7)  # h != w, so that a transposed map is seen


# scale_maps(maps, per_map) -> [0, 1]


def maps_between(generator: Generator, *spans: tuple[float, float]) -> Tensor:
    """Return (C, 5, 7), one map a (lowest, highest) value, which it reaches."""
    maps = 0.8 * torch.rand(len(spans), *SIZE, generator=generator) + 0.1
    for one, (low, high) in zip(maps, spans, strict=True):
        first, second = torch.randperm(one.numel(), generator=generator)[:2]
        one.view(-1)[first], one.view(-1)[second] = 0, 1
        one.mul_(high - low).add_(low)
    return maps


def twins(generator: Generator, low: float, high: float) -> Tensor:
    """Return two equal maps: both ways of scaling agree on them."""
    return maps_between(generator, (low, high)).repeat(2, 1, 1)


def scaled(student, maps: Tensor, per_map: bool) -> Tensor:
    """Return the student's maps, of the right shape."""
    value = student.scale_maps(maps, per_map)
    require_answer(value, maps, "scale_maps")
    return tensor_of(value, tuple(maps.shape), "the result")


def require_scaling(student, generator: Generator) -> None:
    """Fail unless maps from 0 to 4 are divided by 4: side matters of garbage earn nothing."""
    maps = twins(generator, 0, 4)
    require(scaled(student, maps, True), maps / 4, "maps from 0 to 4 do not become 0 to 1 yet")


@points(2, exercise="scale_maps")
def test_from_minimum_to_maximum(student):
    """The smallest value becomes 0, the largest 1, the others in proportion."""
    maps = twins(student.generator(1), -3, 5)
    spread = (maps - maps[0].mean()) / maps[0].std()
    require(
        scaled(student, maps, True),
        reference.scale_maps(maps, True),
        "maps from -3 to 5 do not reach from 0 to 1 in proportion: subtract the minimum, divide by "
        "maximum minus minimum",
        mistakes={
            "the maps are divided by their maximum alone: subtract the minimum first, and divide "
            "by maximum minus minimum": maps / 5,
            "the minimum is subtracted, but the maximum is not made smaller by it: divide by "
            "maximum minus minimum": (maps + 3) / 5,
            "values below 0 are cut off: move the map up by its minimum": maps.clamp(min=0) / 5,
            "values outside [0, 1] are cut off: scale them": maps.clamp(0, 1),
            "0 became mid-grey: the minimum should become 0, the maximum 1": 0.5 + maps / 10,
            "the result goes up to 255: the range is [0, 1]": 255 * (maps + 3) / 8,
            "the maps are standardized: use minimum and maximum, not mean and deviation": spread,
            "the map is upside down: its maximum should become 1": (5 - maps) / 8,
        },
    )


@points(2, exercise="scale_maps")
def test_each_map_its_own_maximum(student):
    """With per_map=True, every map reaches 1."""
    maps = maps_between(student.generator(2), (0, 1), (0, 4), (0, 10))
    require(
        scaled(student, maps, True),
        reference.scale_maps(maps, True),
        "with per_map=True a map does not reach from 0 to 1: take minimum and maximum over its "
        "rows and columns",
        mistakes={
            "with per_map=True all maps are on one scale: each should have its own": maps / 10,
        },
    )


@points(1, exercise="scale_maps")
def test_each_map_its_own_minimum(student):
    """With per_map=True, every map reaches 0."""
    generator = student.generator(3)
    maps = maps_between(generator, (1, 3), (2, 4), (6, 8))
    require_scaling(student, generator)
    low = scaled(student, maps, True).amin((1, 2))
    assert close(1 + low, torch.ones(3)), (
        "with per_map=True some map does not reach 0: subtract the minimum of each map"
    )


@points(2, exercise="scale_maps")
def test_one_scale_for_all(student):
    """With per_map=False, all maps are on one scale and can be compared."""
    maps = maps_between(student.generator(4), (0, 1), (2, 4), (5, 10))
    maps = torch.cat([maps, torch.full((1, *SIZE), 3.0)])  # a grey like any other on this scale
    own = reference.scale_maps(maps[:3], True)
    found = scaled(student, maps, False)
    require(
        found[:3],
        maps[:3] / 10,
        "with per_map=False the maps are not on one scale: one minimum and one maximum serve all",
        mistakes={
            "with per_map=False every map is on its own scale: is `per_map` looked at, and the "
            "right way round?": own,
            "with per_map=False each map has its own minimum: subtract the smallest of all": (
                maps[:3] - maps[:3].amin((1, 2), keepdim=True)
            )
            / 10,
        },
    )
    require(
        found[3],
        maps[3] / 10,
        "with per_map=False a constant map is a grey like any other: it becomes 0 only where the "
        "whole layer is constant",
    )


def require_zeros(student, generator: Generator, per_map: bool) -> None:
    """Fail unless constant maps become 0."""
    require_scaling(student, generator)
    beside = maps_between(generator, (0, 4))
    for value in (3.0, -2.0, 0.0):
        maps = torch.full((2, *SIZE), value)
        try:
            found = scaled(student, maps, per_map)
            scaled(student, torch.cat([maps, beside]), per_map)  # finite beside another map, too
        except NotAnswered:
            continue  # zeros come back as they were: right
        except AssertionError as error:
            if "finite" not in str(error):
                raise
            raise AssertionError(
                f"with per_map={per_map}, maps that are {value:g} everywhere become NaN or "
                "infinite: their range is 0, do not divide by it"
            ) from error
        assert not found.any(), (
            f"with per_map={per_map}, maps that are {value:g} everywhere should become 0 everywhere"
        )


@points(2, exercise="scale_maps")
def test_constant_map(student):
    """A constant map becomes 0."""
    require_zeros(student, student.generator(5), True)


@points(1, exercise="scale_maps")
def test_constant_layer(student):
    """A constant layer becomes 0."""
    require_zeros(student, student.generator(6), False)


@points(1, exercise="scale_maps")
def test_faint_maps(student):
    """Faint maps fill [0, 1], too."""
    generator = student.generator(7)
    maps = twins(generator, 0, 1e-3)
    try:
        found = scaled(student, maps, True)
    except NotAnswered as untouched:
        require_scaling(student, generator)
        raise AssertionError(
            "maps from 0 to 0.001 come back as they are: those inside [0, 1] are scaled, too"
        ) from untouched
    require(
        found,
        1e3 * maps,
        "maps from 0 to 0.001 do not reach 1: is something added to what you divide by, or is a "
        "small range taken for none?",
        same=lambda a, b: close(a, b, 5e-3),
    )


@points(1, exercise="scale_maps")
def test_single_map(student):
    """One map alone, (1, h, w), keeps its three axes."""
    maps = maps_between(student.generator(8), (0, 4))
    for per_map in (True, False):
        try:
            found = scaled(student, maps, per_map)
        except NotAnswered:
            raise
        except StudentError as error:
            raise AssertionError(f"C = 1 fails: {error}") from error
        require(found, maps / 4, f"a single map comes out wrong with per_map={per_map}")


@points(1, exercise="scale_maps")
def test_maps_unchanged(student):
    """The caller's maps keep their values (witnessed by the worker)."""
    maps = twins(student.generator(9), 0, 4)
    for per_map in (True, False):
        call = student.call("scale_maps", maps, per_map)
        require_answer(call.value, maps, "scale_maps")
        found = tensor_of(call.value, tuple(maps.shape), "the result")
        require(found, maps / 4, "there are no scaled maps yet that could be looked at")
        assert call.inputs_unchanged, (
            f"with per_map={per_map} the maps are changed in place: work on a new tensor"
        )


# receptive_field(layers) -> (size, stride, offset)

PARTS = ("size", "stride", "offset")


def field(student, layers: list[tuple[int, int, int]]) -> dict[str, float]:
    """Return the student's three numbers by name."""
    value = student.receptive_field(layers)
    if isinstance(value, Tensor) and value.dim() == 1:
        value = value.tolist()
    if isinstance(value, list) and value == [list(layer) for layer in layers] and layers:
        raise NotAnswered("not answered yet: `receptive_field` returns what it was given")
    assert isinstance(value, list), (
        f"the result should be (size, stride, offset), and is a {type(value).__name__}"
    )
    assert len(value) == 3, f"the result should be three numbers, and has {len(value)} parts"
    numbers = [tensor_of(v, (), name) for name, v in zip(PARTS, value, strict=True)]
    return dict(zip(PARTS, map(float, numbers), strict=True))


def require_part(
    student, part: str, layers: list, message: str, mistakes: dict[str, float] | None = None
) -> None:
    """Fail unless this part of the field is right; a known mistake gets its own message."""
    found = field(student, layers)[part]
    expected = dict(zip(PARTS, reference.receptive_field(layers), strict=True))[part]
    if math.isclose(found, expected, abs_tol=1e-6):
        return
    for text, wrong in (mistakes or {}).items():
        if wrong != expected and math.isclose(found, wrong, abs_tol=1e-6):
            raise AssertionError(text)
    raise AssertionError(f"{message}. Your {part} is {found:g} for the layers {layers}")


def odd_kernels(generator: Generator) -> list[int]:
    """Return 3, 5 and 7 in random order."""
    return [(3, 5, 7)[i] for i in torch.randperm(3, generator=generator)]


def some_strides(generator: Generator) -> list[int]:
    """Return 2, 3 and 4 in random order."""
    return [(2, 3, 4)[i] for i in torch.randperm(3, generator=generator)]


def unpadded(generator: Generator) -> list[tuple[int, int, int]]:
    """Return three layers without padding, whose field backwards would be another one."""
    while True:
        sides = zip(odd_kernels(generator), some_strides(generator), strict=True)
        layers = [(kernel, stride, 0) for kernel, stride in sides]
        pair = [reference.receptive_field(order) for order in (layers, layers[::-1])]
        if pair[0][0] != pair[1][0]:
            return layers


@points(2, exercise="receptive_field")
def test_size_without_strides(student):
    """Each kernel adds its width less one."""
    kernels = odd_kernels(student.generator(11))
    layers = [(k, 1, 0) for k in kernels]
    first, again = (field(student, layers) for _ in range(2))
    assert first == again, (
        "a second call with the same layers gives another field: start each call from the picture. "
        "A list as default argument keeps what an earlier call wrote into it"
    )
    require_part(
        student,
        "size",
        layers,
        "without strides, each kernel adds k - 1 pixels to a field of 1",
        {
            "the kernels are added up: a field of 1 grows by k - 1 with each": sum(kernels),
            "1 is missing, or counted twice: a pixel alone has a field of 1": sum(kernels) - 3,
            "the kernels are multiplied: a field of 1 grows by k - 1 with each": math.prod(kernels),
            "only the last kernel counts: sum up over all layers": kernels[-1],
            "only the largest kernel counts: sum up over all layers": max(kernels),
        },
    )


def wrong_sizes(layers: list[tuple[int, int, int]]) -> dict[str, float]:
    """Return {message: the size that this mistake gives} for three layers without padding."""
    kernels, strides, _ = zip(*layers, strict=True)
    below = [1, strides[0], strides[0] * strides[1]]
    own = [b * s for b, s in zip(below, strides, strict=True)]
    grown = [k - 1 for k in kernels]
    return {
        "the stride is multiplied too early: a layer's own stride widens the fields of the "
        "layers above it, not its own": 1 + sum(g * o for g, o in zip(grown, own, strict=True)),
        "the strides are left out: after a stride of 2 a kernel reaches twice as far": 1
        + sum(grown),
        "only the layer's own stride counts: multiply the strides of all layers below": 1
        + sum(g * s for g, s in zip(grown, strides, strict=True)),
        "only the stride of the layer right below counts: multiply those of all below": 1
        + sum(g * s for g, s in zip(grown, [1, *strides], strict=False)),
        "the layers are gone through from the last to the first: the first lies on the picture": (
            reference.receptive_field(layers[::-1])[0]
        ),
    }


@points(3, exercise="receptive_field")
def test_size_with_strides(student):
    """After strides, a kernel adds its width less one times the strides below it."""
    generator = student.generator(12)
    sizes: list[float] = [0, 0]
    while len(set(sizes)) < len(sizes):  # until every mistake has a size of its own
        layers = unpadded(generator)
        sizes = [reference.receptive_field(layers)[0], *wrong_sizes(layers).values()]
    require_part(
        student,
        "size",
        layers,
        "with strides the size is wrong: a kernel looks at units that lie as far apart as the "
        "strides of all layers below it say",
        wrong_sizes(layers),
    )


@points(2, exercise="receptive_field")
def test_stride(student):
    """The strides of all layers are multiplied."""
    strides = some_strides(student.generator(13))
    require_part(
        student,
        "stride",
        [(3, s, 0) for s in strides],
        "the stride of the fields is the product of all layers' strides",
        {
            "the strides are added: multiply them": sum(strides),
            "the strides are added: multiply them, from 1 on": 1 + sum(strides),
            "only the last layer's stride is returned: multiply all": strides[-1],
            "the last layer's stride is missing": strides[0] * strides[1],
        },
    )


@points(2, exercise="receptive_field")
def test_offset_of_kernels(student):
    """Without padding, the first centre moves in by half a kernel a layer."""
    kernels = odd_kernels(student.generator(14))
    require_part(
        student,
        "offset",
        [(k, 1, 0) for k in kernels],
        "without padding and strides, each kernel moves the first centre by (k - 1) / 2",
        {
            "the offset is where the field ends; asked is its centre": sum(kernels) - 3,
            "the offset is where the field begins; asked is its centre": 0,
            "the centre of a kernel of 3 is its pixel 1: add (k - 1) / 2, not k / 2": sum(kernels)
            / 2,
            "pixels are numbered from 0: the centre of the picture's first unit is 0": sum(kernels)
            / 2
            - 1,
        },
    )


@points(2, exercise="receptive_field")
def test_offset_of_strides(student):
    """After strides, the first centre moves by as much more."""
    layers = unpadded(student.generator(15))
    kernels, strides, _ = zip(*layers, strict=True)
    halves = [(k - 1) / 2 for k in kernels]
    below = [1, strides[0], strides[0] * strides[1]]
    own = [b * s for b, s in zip(below, strides, strict=True)]
    require_part(
        student,
        "offset",
        layers,
        "with strides the first centre is wrong: half a kernel is (k - 1) / 2 units of the layer "
        "below, which lie its stride apart",
        {
            "the stride is multiplied too early: a layer's own stride does not move its own "
            "centre": sum(h * o for h, o in zip(halves, own, strict=True)),
            "the offset leaves out the strides: half a kernel counts in units of the layer "
            "below": sum(halves),
        },
    )


@points(2, exercise="receptive_field")
def test_padding_in_front(student):
    """Padding moves the first centre back."""
    kernels = odd_kernels(student.generator(16))
    halves, paddings = sum(k - 1 for k in kernels) / 2, [2, 1, 4]
    require_part(
        student,
        "offset",
        [(k, 1, p) for k, p in zip(kernels, paddings, strict=True)],
        "padding in front moves the first centre back by as many units",
        {
            "the padding is left out: it makes the offset smaller": halves,
            "the padding is added: it makes the offset smaller": halves + sum(paddings),
            "half of the padding counts: `padding` is already that in front alone": halves
            - sum(paddings) / 2,
            "the offset is 0: it may be negative, and the padding is the one that is given, not "
            "always half a kernel": 0,
        },
    )


@points(1, exercise="receptive_field")
def test_padding_after_strides(student):
    """Half a kernel of padding keeps the first centre on pixel 0, whatever the strides."""
    generator = student.generator(17)
    kernels, strides = odd_kernels(generator), some_strides(generator)
    layers = [(k, s, k // 2) for k, s in zip(kernels, strides, strict=True)]
    require_depends(student)
    require_part(
        student,
        "offset",
        layers,
        "after strides a unit of padding is as many pixels as the stride so far: multiply both, "
        "half the kernel and the padding",
    )


@points(1, exercise="receptive_field")
def test_even_kernels(student):
    """The centre of an even kernel lies between two pixels."""
    require_part(
        student,
        "offset",
        [(2, 1, 0), (4, 1, 0), (6, 1, 0)],
        "even kernels: half a kernel is (k - 1) / 2, with its half",
        {"the half is cut off: use `/`, not `//`": 3, "the half is rounded up": 6},
    )


@points(1, exercise="receptive_field")
def test_kernels_of_one(student):
    """A kernel of 1 has its stride and its padding like any other."""
    require_depends(student)

    def moved(part: str, kernel: int, *rest: int) -> float:
        before, after = (field(student, [(9, 1, 0), (kernel, *r)])[part] for r in ((1, 0), rest))
        return after - before

    for part, rest, what in (("stride", (3, 0), "stride"), ("offset", (1, 2), "padding")):
        one, other = (moved(part, kernel, *rest) for kernel in (1, 5))
        assert math.isclose(one, other, abs_tol=1e-6), (
            f"the {what} of a kernel of 1 changes the {part} otherwise than that of a kernel of "
            "5: a kernel of 1 sees no more pixels, but it strides and is padded all the same"
        )


@points(1, exercise="receptive_field")
def test_no_layers(student):
    """No layer at all is the picture itself: size 1, stride 1, offset 0."""
    require_depends(student)
    found = field(student, [])
    expected = {"size": 1, "stride": 1, "offset": 0}
    assert found == expected, (
        "without layers a unit is a pixel: start with size 1, stride 1, offset 0"
    )


def require_depends(student) -> None:
    """Fail where two different lists give the same field."""
    assert field(student, [(3, 2, 0)]) != field(student, [(7, 3, 1)]), (
        "the result does not depend on the layers"
    )


# top_patches(maps, channel, k) -> [(image, row, column)]

GRID = (4, 6)


def single_peaks(generator: Generator, heights: Sequence[float], channels: int = 3) -> Tensor:
    """Return (N, C, 4, 6) with one peak an image, at a random place, equal in all channels."""
    maps = torch.zeros(len(heights), math.prod(GRID))
    for one, height in zip(maps, heights, strict=True):
        one[int(torch.randint(len(one), (), generator=generator))] = height
    return maps.view(-1, 1, *GRID).repeat(1, channels, 1, 1)


def places(student, maps: Tensor, channel: int, k: int) -> list[tuple[int, int, int]]:
    """Return the student's places as tuples of whole numbers."""
    return as_places(student.top_patches(maps, channel, k), maps)


def as_places(value, maps: Tensor) -> list[tuple[int, int, int]]:
    """Return a result as places; fail where it is no list of three whole numbers each."""
    require_answer(value, maps, "top_patches")
    if isinstance(value, Tensor):
        value = value.tolist()
    assert isinstance(value, list), (
        f"the result should be a list of (image, row, column), and is a {type(value).__name__}"
    )
    found = [tensor_of(as_list(item), (3,), "each place") for item in value]
    assert all((place == place.round()).all() for place in found), (
        "a place should be three whole numbers, (image, row, column)"
    )
    return [tuple(int(number) for number in place) for place in found]


def as_list(item) -> list | Tensor:
    """Return a place with its numbers out of their tensors."""
    if not isinstance(item, list):
        return item
    return [float(v) if isinstance(v, Tensor) and v.numel() == 1 else v for v in item]


def images_of(found: list[tuple[int, int, int]]) -> list[int]:
    """Return the images of some places."""
    return [image for image, _, _ in found]


def either_way(found: list[int], expected: list[int]) -> bool:
    """Return whether a list is the expected one, or backwards, which another check says."""
    return found in (expected, expected[::-1])


def require_search(student, generator: Generator) -> None:
    """Fail where maps with another order of peaks give the same places."""
    maps = single_peaks(generator, [1, 2, 3, 4])
    answers = [places(student, given, 0, 2) for given in (maps, maps.flip(0, 2, 3))]
    assert answers[0] != answers[1], "the places do not depend on the maps"


def shuffled(generator: Generator, count: int) -> list[int]:
    """Return 1 to count in random order, neither sorted nor sorted backwards."""
    while True:
        order = (torch.randperm(count, generator=generator) + 1).tolist()
        if not either_way(order, sorted(order)):
            return order


@points(3, exercise="top_patches")
def test_best_first(student):
    """The images come in the order of their peaks, the strongest first."""
    generator = student.generator(21)
    best = [0, 1, 2, 3]
    while either_way(best, sorted(best)) or max(best) == 3:  # neither sorted nor the first four
        heights = shuffled(generator, 6)
        best = sorted(range(6), key=lambda n: -heights[n])[:4]
    maps = single_peaks(generator, [1 + height / 100 for height in heights])
    found = images_of(places(student, maps, 1, 4))[:4]  # their number is another check's matter
    expected = images_of(reference.top_patches(maps, 1, 4))
    if found == expected:
        return
    weakest = sorted(range(6), key=lambda n: heights[n])
    assert found != weakest[:4], "the weakest images come first: sort in descending order"
    assert found != expected[::-1], "the best comes last: the strongest place should be first"
    assert found != sorted(expected), (
        "the right images, in the order of their numbers: the strongest should come first"
    )
    assert found != [0, 1, 2, 3], "the first images are listed, not the best ones"
    raise AssertionError("these are not the images with the strongest activations, best first")


@points(3, exercise="top_patches")
def test_row_and_column(student):
    """Row and column are those of the image's strongest unit."""
    generator = student.generator(22)
    for row, column in ((2, 1), (1, 5), (3, 4)):
        maps = torch.rand(1, 1, *GRID, generator=generator)
        maps[0, 0, row, column] = 7.0
        answer = places(student, maps.repeat(2, 3, 1, 1), 0, 1)
        assert answer, "the list of places is empty"
        found = answer[0][1:]
        if found == (row, column):
            continue
        assert found != (column, row), "row and column are swapped: expected (image, row, column)"
        assert found != divmod(row * GRID[1] + column, GRID[0]), (
            "the number of a place is divided by the number of rows; there are w units in a row, "
            "so divide by the width"
        )
        raise AssertionError(
            f"on maps of 4 x 6 units, row {found[0]} and column {found[1]} are not those of the "
            "largest activation"
        )


@points(2, exercise="top_patches")
def test_channel(student):
    """Only the channel that is asked for counts."""
    generator = student.generator(23)
    heights = [[5.0, 1, 2, 3], [1.0, 3, 2, 4], [9.0, 8, 7, 9.5]]
    maps = torch.cat([single_peaks(generator, h, channels=1) for h in heights], dim=1)
    found = images_of(places(student, maps, 1, 4))
    if either_way(found, [3, 1, 2, 0]):
        return
    assert not either_way(found, [0, 3, 2, 1]), "channel 0 is looked at whatever `channel` says"
    raise AssertionError("with channels that differ, the places are not those of `channel` alone")


@points(3, exercise="top_patches")
def test_one_place_an_image(student):
    """An image with many strong places is listed once."""
    generator = student.generator(24)
    maps = single_peaks(generator, [2, 3, 1, 4])
    maps[1] = 5 + torch.rand(GRID, generator=generator)  # image 1 is strong everywhere
    require_search(student, generator)
    found = images_of(places(student, maps, 2, 4))
    assert len(set(found)) == len(found), REPEATED
    assert sorted(found) == [0, 1, 2, 3], "with k = 4, the 4 images should be listed once each"
    large = torch.zeros(3, 1, 25, 40)
    large[0] = 5 + torch.rand(25, 40, generator=generator)  # a thousand places above all others
    large[1:, 0, 3, 2] = 1.0
    found = images_of(places(student, large, 0, 2))
    assert len(set(found)) >= 2, (
        "where one image is strong at a thousand places, k = 2 does not give two images: take the "
        "strongest place of each image first, then the best images"
    )


REPEATED = (
    "one image is listed several times: take the strongest place of each image first, then the "
    "best images"
)


def lists_once(student, generator: Generator) -> bool:
    """Return whether an image with many strong places is listed once, which a check asks."""
    maps = single_peaks(generator, [1, 2])
    maps[1] = 5 + torch.rand(GRID, generator=generator)
    found = images_of(places(student, maps, 0, 2))
    return len(set(found)) == len(found)


@points(1, exercise="top_patches")
def test_peak_counts(student):
    """An image is as good as its strongest unit, not as the sum of all."""
    require_search(student, student.generator(25))
    maps = torch.zeros(3, 2, *GRID)
    maps[0, :, 2, 3], maps[1], maps[2, :, 1, 1] = 9.0, 5.0, 2.0
    for order in ([0, 1, 2], [1, 2, 0]):
        found = images_of(places(student, maps[order], 0, 3))
        if len(set(found)) < len(found):
            return  # an image is listed twice, which another check says
        assert either_way(found, sorted(range(3), key=lambda n: order[n])), (
            "a small strong spot should beat a large weak one: rank the images by their largest "
            "activation, not by sum or mean"
        )


@points(1, exercise="top_patches")
def test_negative_activations(student):
    """Of negative activations the one nearest to zero is the largest."""
    maps = torch.tensor([-8.0, -7.0, -9.0]).view(3, 1, 1, 1).repeat(1, 2, *GRID)
    for image, (high, low) in enumerate([(-2.0, -20.0), (-1.0, -10.0), (-3.0, -15.0)]):
        maps[image, :, 1, 2], maps[image, :, 3, 0] = high, low
    found = images_of(places(student, maps, 0, 3))
    assert either_way(found, [1, 0, 2]), (
        "with negative activations the order is wrong: the largest value counts, not the largest "
        "absolute value, and zero is not its lower bound"
    )


@points(1, exercise="top_patches")
def test_k(student):
    """k places are listed."""
    generator = student.generator(27)
    require_search(student, generator)
    maps = single_peaks(generator, shuffled(generator, 6))
    for k in (1, 3, 6):
        count = len(places(student, maps, 0, k))
        assert count == k, f"for k = {k} there should be as many places, and there are {count}"


@points(1, exercise="top_patches")
def test_fewer_images_than_k(student):
    """With fewer images than k, all of them are listed."""
    generator = student.generator(28)
    require_search(student, generator)
    for heights in ([2, 1, 3], [3]):
        maps, count = single_peaks(generator, heights), len(heights)
        try:
            found = images_of(places(student, maps, 0, 5))
        except NotAnswered:
            raise
        except StudentError as error:
            if count == 1:
                return  # N = 1 is another check's matter
            raise AssertionError(f"k larger than N fails: {error}") from error
        assert len(set(found)) == count, f"of {count} images with k = 5, all should be listed"
        assert len(found) == count or not lists_once(student, generator), (
            f"with k = 5, {count} of {count} images should be listed once each, and there are "
            f"{len(found)} places: do not fill the list up"
        )


@points(1, exercise="top_patches")
def test_equal_activations(student):
    """Of equal activations any will do: each image once, at one of its own."""
    generator = student.generator(31)
    require_search(student, generator)
    if not lists_once(student, generator):
        return  # which another check says
    peaks = ((1, 4), (3, 2)), ((0, 3), (2, 1)), ((3, 5), (1, 0))  # two alike in each image
    maps = torch.zeros(3, 2, *GRID)
    for image, ((row, column), _) in enumerate(peaks):
        maps[image, :, row, column] = 4.0 + image
    untied = places(student, maps, 1, 3)
    if sorted(untied) != [(n, *first) for n, (first, _) in enumerate(peaks)]:
        return  # wrong without equal activations, too, which other checks say
    for image, both in enumerate(peaks):
        for row, column in both:
            maps[image, :, row, column] = 6.0
    found = places(student, maps, 1, 3)
    assert sorted(images_of(found)) == [0, 1, 2], (
        "three images have the same largest activation, as often with zeros or a ceiling of 6: "
        "list each of them once. Do not look an image up by its value"
    )
    assert all(place in peaks[image] for image, *rest in found for place in [tuple(rest)]), (
        "where an image has its largest activation twice, row and column are those of different "
        "places: look up both together"
    )


@points(1, exercise="top_patches")
def test_single_image(student):
    """A single image gives its strongest place."""
    generator = student.generator(29)
    require_search(student, generator)
    maps = single_peaks(generator, [3])
    found = images_of(or_say("N = 1", lambda: places(student, maps, 0, 1)))
    assert found == [0], f"for one image expected image 0 alone, found images {found}"


def or_say(what: str, call: Callable[[], list]) -> list:
    """Return what the call gives; name the case where the student's code fails."""
    try:
        return call()
    except NotAnswered:
        raise
    except StudentError as error:
        raise AssertionError(f"{what} fails: {error}") from error


@points(1, exercise="top_patches")
def test_maps_unchanged_by_search(student):
    """The caller's maps keep their values (witnessed by the worker)."""
    generator = student.generator(30)
    require_search(student, generator)
    maps = single_peaks(generator, [2, 4, 1, 3])
    call = student.call("top_patches", maps, 0, 3)
    as_places(call.value, maps)
    assert call.inputs_unchanged, "the maps are changed in place: mark what is done in a copy"
