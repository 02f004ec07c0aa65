"""Hidden checks of lab 07: the planted mark, seeds for GrabCut, intersection over union.

Each check asks one property, on inputs that hide the others. Side matters, such as images left
unchanged, only count once the function does its work.
"""

import torch
from torch import Tensor

from autograder import reference
from autograder.compare import require_answer, tensor_of
from autograder.probes import random_images
from labkit.check import points
from labkit.errors import NotAnswered, StudentError

SIZE = (16, 31)  # H != W; places that are exchanged, or all in one line, lie inside, too
VISIBLE = 0.05

# plant_shortcut(images, labels) -> images


def dark_images(generator, count: int) -> Tensor:
    """Return (count, 3, *SIZE) of values from 0.1 to 0.2, and 0.4 in the last pixel.

    Every mark is brighter, one of the images' own largest value, too.
    """
    images = 0.1 + 0.1 * random_images(generator, count, SIZE)
    images[..., -1, -1] = 0.4
    return images


def planted(student, images: Tensor, labels: list[int]) -> Tensor:
    """Return the student's images, of the shape of the given ones, each with something in it."""
    value = student.plant_shortcut(images, torch.tensor(labels))
    return images_of(value, images)


def images_of(value, images: Tensor) -> Tensor:
    """Return what plant_shortcut gave; fail where it is no images, or nothing was planted."""
    require_answer(value, images, "plant_shortcut")
    return tensor_of(value, tuple(images.shape), "the result")


def raised(after: Tensor, images: Tensor) -> Tensor:
    """Return (N, H, W), True where a channel became brighter: the mark, whatever its value."""
    return (after - images.double()).amax(1) > VISIBLE


def corner_of(places: Tensor) -> tuple[int, int]:
    """Return the upper left pixel of what is True in (H, W)."""
    assert places.any(), "an image has no mark at all: no pixel became brighter"
    return int(places.any(1).float().argmax()), int(places.any(0).float().argmax())


@points(3, exercise="plant_shortcut")
def test_place(student):
    """The mark's upper left pixel lies where its label says."""
    generator = student.generator(1)
    for label in (7, 1, 8, 2, 9, 3, 6, 4, 5, 0):
        images = dark_images(generator, 2)  # two images, one label: how they share it is not asked
        found = corner_of(raised(planted(student, images, [label, label]), images)[0])
        expected = 3 * (label // 5), 3 * (label % 5)
        if found == expected:
            continue
        known = {
            (3 * (label % 5), 3 * (label // 5)): (
                "row and column are exchanged: label // 5 is the line, label % 5 the place in it"
            ),
            (label // 5, label % 5): "the places are 3 pixels apart: multiply by 3",
            (0, 3 * label): "there are two lines of five places, not one line of ten",
            (max(expected[0] - 1, 0), expected[1] - 1): (
                "the mark is centred at its place; its upper left pixel should lie there"
            ),
        }
        raise AssertionError(
            f"the mark of label {label} begins at row {found[0]}, column {found[1]}: "
            + known.get(found, "see the formula for its row and its column")
        )


@points(2, exercise="plant_shortcut")
def test_size(student):
    """The mark is a square of 3 x 3 pixels."""
    images = dark_images(student.generator(2), 2)
    for label in (6, 8):
        places = raised(planted(student, images, [label, label]), images)[0]
        rows, columns = (int(places.any(axis).sum()) for axis in (1, 0))
        assert (rows, columns) == (3, 3), (
            f"the mark covers {rows} rows and {columns} columns, and should be 3 x 3 pixels; a "
            "slice's end is not part of it"
        )
        assert int(places.sum()) == 9, "the mark has holes: all nine pixels belong to it"


@points(2, exercise="plant_shortcut")
def test_brightness(student):
    """The mark's pixels are 1."""
    images = dark_images(student.generator(3), 2)
    after = planted(student, images, [7, 7])
    inside = after[0].amax(0)[raised(after, images)[0]]  # the brightest channel of each pixel
    assert len(inside), "an image has no mark at all: no pixel became brighter"
    assert (inside - 1).abs().max() < 1e-4, (
        f"the mark's pixels are {float(inside.min()):.2f} to {float(inside.max()):.2f}: set them "
        "to 1, the largest value of an image here, whatever was there before"
    )


@points(1, exercise="plant_shortcut")
def test_all_channels(student):
    """The mark is in all three channels."""
    images = dark_images(student.generator(4), 2)
    after = planted(student, images, [1, 1])
    change = (after - images.double())[0] > VISIBLE
    without = [c for c in range(3) if not torch.equal(change[c], change.any(0))]
    assert not without, (
        f"channel {without[0]} has no mark, or another one: a white mark has all three"
    )


@points(2, exercise="plant_shortcut")
def test_own_label(student):
    """Each image of a batch gets the mark of its own label, and only that one."""
    images, labels = dark_images(student.generator(5), 4), [8, 3, 8, 5]
    together = raised(planted(student, images, labels), images)
    alone = [
        raised(planted(student, images[[n, n]], [k, k]), images[[n, n]])[0]
        for n, k in enumerate(labels)
    ]
    if all(map(torch.equal, together, alone)):
        return
    for n, label in enumerate(labels):
        again = ", although one before it with the same label has" * (label in labels[:n])
        assert together[n].any(), f"in a batch of four, image {n} has no mark{again}"
        assert not (alone[n] < together[n]).any() or not (alone[n] <= together[n]).all(), (
            "in a batch, an image carries more marks than its own: index the image, too, "
            "`images[n, :, ...]`"
        )
    assert not all(torch.equal(one, alone[0]) for one in together), (
        "in a batch, all images get the mark of the first label"
    )
    assert not all(torch.equal(one, alone[-1]) for one in together), (
        "in a batch, all images get the mark of the last label"
    )
    raise AssertionError("in a batch, an image has another mark than the one that it gets alone")


@points(2, exercise="plant_shortcut")
def test_rest_untouched(student):
    """All other pixels keep their values."""
    images = dark_images(student.generator(6), 2)
    after = planted(student, images, [9, 9])
    mark = raised(after, images)
    assert mark.any(), "an image has no mark at all: no pixel became brighter"
    moved = ((after - images.double()).abs().amax(1) > 1e-5) & ~mark
    assert not moved.any(), (
        f"{int(moved[0].sum())} pixels outside the mark have other values: start from a copy of "
        "the images and change the mark's pixels alone"
    )
    assert not mark.all(), "the whole image became brighter, not only the mark's pixels"


@points(1, exercise="plant_shortcut")
def test_one_image(student):
    """One image gets its mark, and stays a batch of one."""
    images = dark_images(student.generator(7), 1)
    try:
        after = planted(student, images, [4])
    except NotAnswered:
        raise
    except (AssertionError, StudentError) as error:
        raise AssertionError(f"N = 1 fails: {error}") from error
    pair = planted(student, images[[0, 0]], [4, 4])
    assert torch.equal(after[0], pair[0]), "a single image looks otherwise than the same in a batch"


@points(1, exercise="plant_shortcut")
def test_images_unchanged(student):
    """The caller's images and labels keep their values (witnessed by the worker)."""
    images = dark_images(student.generator(8), 2)
    call = student.call("plant_shortcut", images, torch.tensor([6, 0]))
    if call.inputs_unchanged:  # a changed image is returned as it was given, and still no stub
        images_of(call.value, images)
    assert call.inputs_unchanged, (
        "the caller's images have marks, or the labels changed: `clone()` first, since a slice or "
        "a `view` is the same memory"
    )


# grabcut_seeds(saliency (H, W), low, high) -> (H, W) of {0, 1, 2, 3}

MAP = (13, 31)  # 403 pixels
PIXELS = 403
EDGE = 2  # ranks: so near to a threshold, quantiles may be computed in several ways
SURE_BACKGROUND, SURE_OBJECT, MAYBE_BACKGROUND, MAYBE_OBJECT = 0, 1, 2, 3


def even_map(generator) -> Tensor:
    """Return (13, 31) of evenly spaced values from 0 to 1 in random places.

    Here a quantile is its own value, and half way in saliency is half way in rank.
    """
    return (torch.randperm(PIXELS, generator=generator) / (PIXELS - 1)).reshape(MAP)


def steep_map(generator, power: int = 4) -> Tensor:
    """Return a map whose values are far from even, some negative, with a large offset of ranks."""
    return 40 * even_map(generator) ** power - 3


def seeds(student, saliency: Tensor, low: float, high: float) -> Tensor:
    """Return the student's seeds, (H, W) of the four codes."""
    value = student.grabcut_seeds(saliency, low, high)
    return seeds_of(value, saliency)


def seeds_of(value, saliency: Tensor) -> Tensor:
    """Return what grabcut_seeds gave; fail where it is none."""
    require_answer(value, saliency, "grabcut_seeds")
    found = tensor_of(value, tuple(saliency.shape), "the seeds")
    known = torch.isin(found, torch.arange(4.0, dtype=found.dtype))
    assert known.all(), f"the seeds hold {float(found[~known][0]):.3g}: only 0, 1, 2, 3 are codes"
    return found


def zones(saliency: Tensor, low: float, high: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return three masks (H, W): surely below, between and above the thresholds.

    By rank, with a gap at each threshold, so that any way to compute a quantile is right.
    """
    ranks = saliency.flatten().argsort().argsort().reshape(saliency.shape)
    first, last = low * (PIXELS - 1), high * (PIXELS - 1)
    between = (ranks > first + EDGE) & (ranks < last - EDGE)
    return ranks < first - EDGE, between, ranks > last + EDGE


def held(found: Tensor, places: Tensor) -> list[int]:
    """Return the codes at some places, the most frequent first."""
    codes, counts = found[places].unique(return_counts=True)
    return [int(code) for code in codes[counts.argsort(descending=True)]]


def named(codes: list[int]) -> str:
    """Return the codes as words."""
    return f"code{'s' * (len(codes) > 1)} {', '.join(map(str, sorted(codes)))}"


@points(2, exercise="grabcut_seeds")
def test_sure_background(student):
    """The least salient pixels are sure background, code 0."""
    saliency = even_map(student.generator(11))
    below, *_ = zones(saliency, 0.25, 0.75)
    codes = held(seeds(student, saliency, 0.25, 0.75), below)
    assert codes == [SURE_BACKGROUND], (
        f"below the lower threshold I find {named(codes)}: sure background is 0, and what is "
        "written last stays"
    )


@points(2, exercise="grabcut_seeds")
def test_sure_object(student):
    """The most salient pixels are surely object, code 1."""
    saliency = even_map(student.generator(12))
    *_, above = zones(saliency, 0.25, 0.75)
    codes = held(seeds(student, saliency, 0.25, 0.75), above)
    assert codes == [SURE_OBJECT], (
        f"above the upper threshold I find {named(codes)}: surely object is 1, and what is "
        "written last stays"
    )


@points(2, exercise="grabcut_seeds")
def test_probable(student):
    """Between the thresholds pixels are only probable: 2 below the middle, 3 above it."""
    saliency = even_map(student.generator(13))
    _, between, _ = zones(saliency, 0.25, 0.75)
    found = seeds(student, saliency, 0.25, 0.75)
    lower = held(found, between & (saliency < 0.45))
    upper = held(found, between & (saliency > 0.55))
    assert (lower, upper) != ([MAYBE_OBJECT], [MAYBE_BACKGROUND]), (
        "the codes 2 and 3 are exchanged: 2 is probably background, 3 probably object"
    )
    assert lower == [MAYBE_BACKGROUND], (
        f"between the thresholds, below their middle, I find {named(lower)}: probably background "
        "is 2"
    )
    assert upper == [MAYBE_OBJECT], (
        f"between the thresholds, above their middle, I find {named(upper)}: probably object is 3"
    )


@points(3, exercise="grabcut_seeds")
def test_quantiles(student):
    """The thresholds are quantiles: shares of the pixels, whatever their values."""
    saliency = steep_map(student.generator(14), power=6)  # a quarter lies below 1/4000 of the range
    found = seeds(student, saliency, 0.25, 0.75)
    sure = found < MAYBE_BACKGROUND  # 0 or 1: which of the two is another check's matter
    below, between, above = zones(saliency, 0.25, 0.75)
    if sure[below].all() and sure[above].all() and not sure[between].any():
        return
    counts = [int((found == code).sum()) for code in (SURE_BACKGROUND, SURE_OBJECT)]
    raise AssertionError(
        f"with low = 0.25 and high = 0.75 a quarter of {PIXELS} pixels should be sure background, "
        f"and a quarter surely object; {counts[0]} and {counts[1]} are, or others than the least "
        "and the most salient: take quantiles of the whole map, not shares of its range, nor of "
        "its rows"
    )


@points(2, exercise="grabcut_seeds")
def test_middle(student):
    """The middle lies half way between the two thresholds in saliency."""
    saliency = steep_map(student.generator(15))
    found = seeds(student, saliency, 0.3, 0.9)
    probable = found >= MAYBE_BACKGROUND  # where the thresholds lie is another check's matter
    assert probable.any(), "no pixel has a probable code, 2 or 3"
    first, last = saliency[probable].min(), saliency[probable].max()
    if halves(found, probable, saliency, (first + last) / 2, 0.05 * (last - first)):
        return
    ranks = saliency.flatten().argsort().argsort().reshape(MAP).double()
    middle = (ranks[probable].min() + ranks[probable].max()) / 2
    assert not halves(found, probable, ranks, middle, 2 * EDGE), (
        "2 and 3 meet half way in rank, at the quantile (low + high) / 2; the middle is that of "
        "the two thresholds' values"
    )
    raise AssertionError(
        "2 and 3 do not meet half way between the two thresholds: the middle is "
        "(t_low + t_high) / 2, neither the map's mean, nor its median, nor the middle of its range"
    )


def halves(found: Tensor, probable: Tensor, values: Tensor, middle: Tensor, gap) -> bool:
    """Return whether the probable pixels hold one code below the middle, the other one above."""
    lower = held(found, probable & (values < middle - gap))
    upper = held(found, probable & (values > middle + gap))
    return len(lower) == len(upper) == 1 and lower != upper


@points(2, exercise="grabcut_seeds")
def test_low_and_high_count(student):
    """Other values of `low` and `high` give other seeds."""
    saliency = even_map(student.generator(16))
    for low, high in ((0.1, 0.6), (0.4, 0.85)):
        found = seeds(student, saliency, low, high)
        below, between, above = zones(saliency, low, high)
        probable = found >= MAYBE_BACKGROUND  # which code is sure background is not asked here
        shares = [float(probable[zone].double().mean()) for zone in (below, between, above)]
        wrong = [
            name
            for name, share, right in zip(("low", "", "high"), shares, (0, 1, 0), strict=True)
            if abs(share - right) > 0.01
        ]
        assert not wrong, (
            f"with low = {low} and high = {high} the borders of the probable pixels do not lie "
            "there: do both thresholds come from the arguments, `low` from below and `high` from "
            "below, too?"
        )


@points(1, exercise="grabcut_seeds")
def test_map_unchanged(student):
    """The caller's map keeps its values (witnessed by the worker)."""
    saliency = 3 * even_map(student.generator(17)) + 1  # no scaling to [0, 1] leaves it as it is
    call = student.call("grabcut_seeds", saliency, 0.25, 0.75)
    if call.inputs_unchanged:
        seeds_of(call.value, saliency)
    assert call.inputs_unchanged, (
        "the caller's map is changed: codes that are written into it hide the values that are "
        "compared next; write into a new tensor"
    )


# intersection_over_union(a, b) -> number

PICTURE = (11, 17)


def rectangle(top: int, left: int, height: int, width: int) -> Tensor:
    """Return (11, 17) bool, True on a rectangle."""
    mask = torch.zeros(PICTURE, dtype=torch.bool)
    mask[top : top + height, left : left + width] = True
    return mask


def overlap(student, a: Tensor, b: Tensor) -> float:
    """Return the student's number."""
    value = student.intersection_over_union(a, b)
    for given in (a, b):
        require_answer(value, given, "intersection_over_union")
    if isinstance(value, bool):  # True is a 1 that came from a comparison of masks
        value = float(value)
    return float(tensor_of(value, (), "the result"))


def known_wrong(a: Tensor, b: Tensor) -> dict[str, float]:
    """Return what known mistakes give for two masks with an overlap."""
    both, either = int((a & b).sum()), int((a | b).sum())
    one, other, everything = int(a.sum()), int(b.sum()), a.numel()
    rows = [(int((x & y).sum()), int((x | y).sum())) for x, y in zip(a, b, strict=True)]
    return {
        "this is Dice's coefficient, 2 |a and b| / (|a| + |b|)": 2 * both / (one + other),
        "the pixels of both masks are counted twice below: |a| + |b| is not the union": (
            both / (one + other)
        ),
        "this divides by the first mask alone, not by the union": both / one,
        "this divides by the second mask alone, not by the union": both / other,
        "this divides by the smaller mask, not by the union": both / min(one, other),
        "this divides by the larger mask, not by the union": both / max(one, other),
        "this divides by the number of all pixels, not by the union": both / everything,
        "this is the share of pixels where the masks agree: the background does not count": (
            1 - (either - both) / everything
        ),
        "intersection and union are exchanged": either / both,
        "the result is 0 although the masks overlap: does `//` cut off the fraction?": 0.0,
        "this is 1 less the result: the share of the union in one mask alone": 1 - both / either,
        "this averages over the rows: count the pixels of the whole mask": sum(
            i / u if u else 1.0 for i, u in rows
        )
        / len(rows),
    }


@points(3, exercise="intersection_over_union")
def test_value(student):
    """The result is |a and b| / |a or b|."""
    generator = student.generator(21)
    down, right = torch.randint(0, 3, (2,), generator=generator).tolist()
    a, b = rectangle(1 + down, 2, 6, 7), rectangle(3, 4 + right, 7, 9)
    pairs = [(a, b), (b, a), (b, rectangle(4, 2, 3, 8))]
    got = [overlap(student, *pair) for pair in pairs]
    if same(got, [reference.intersection_over_union(*pair) for pair in pairs]):
        return
    mistakes = [known_wrong(*pair) for pair in pairs]
    wrong = [text for text in mistakes[0] if same(got, [known[text] for known in mistakes])]
    raise AssertionError(wrong[0] if wrong else "the result is not the intersection over the union")


def same(found: list[float], expected: list[float]) -> bool:
    """Return whether two lists of numbers agree."""
    return all(abs(x - y) < 1e-3 for x, y in zip(found, expected, strict=True))


@points(2, exercise="intersection_over_union")
def test_any_shape(student):
    """Masks may have any shape, and any number of pieces; their order does not matter."""
    generator = student.generator(22)
    down = torch.where(torch.arange(PICTURE[0]) < 5, 0.2, 1.0)[:, None]  # the upper rows hold less
    a, b = (torch.rand(PICTURE, generator=generator) < share * down for share in (0.9, 0.5))
    expected = reference.intersection_over_union(a, b)
    first, second = overlap(student, a, b), overlap(student, b, a)
    assert abs(first - second) < 1e-3, "exchanging the two masks changes the result"
    assert abs(first - expected) < 1e-3, (
        "for masks of scattered pixels the result is not the intersection over the union: count "
        "pixels"
    )


@points(1, exercise="intersection_over_union")
def test_nothing_in_common(student):
    """Masks without a common pixel give 0, an empty one beside a full one, too."""
    require_a_score(student)
    empty, mask = rectangle(0, 0, 0, 0), rectangle(1, 1, 4, 5)
    for a, b in ((mask, rectangle(6, 8, 3, 4)), (empty, mask), (mask, empty)):
        assert abs(overlap(student, a, b)) < 1e-3, (
            "masks that have no pixel in common should give 0, also where one of them is empty"
        )


@points(2, exercise="intersection_over_union")
def test_numbers(student):
    """Masks of 0 and 1 of any number type count like boolean ones."""
    require_a_score(student)
    a, b = rectangle(2, 2, 5, 5), rectangle(3, 4, 7, 9)
    expected = overlap(student, a, b)
    for kind in (torch.uint8, torch.int64, torch.float32):
        for other in (kind, torch.bool):
            try:
                got = overlap(student, a.to(kind), b.to(other))
            except (AssertionError, StudentError) as error:
                raise AssertionError(
                    f"masks of {kind} and {other} fail: {error}; make both boolean first"
                ) from error
            assert abs(got - expected) < 1e-3, (
                f"masks of {kind} and {other} give another result than boolean ones: make both "
                "boolean first"
            )


@points(2, exercise="intersection_over_union")
def test_both_empty(student):
    """Two empty masks agree: 1."""
    require_a_score(student)
    empty = rectangle(0, 0, 0, 0)
    try:
        got = overlap(student, empty, empty.clone())
    except (AssertionError, StudentError) as error:
        raise AssertionError(
            f"two empty masks fail: {error}; their union is 0, so look at it before you divide"
        ) from error
    assert abs(got - 1) < 1e-3, (
        "two empty masks should give 1, since they agree: look at the union before you divide by it"
    )


@points(1, exercise="intersection_over_union")
def test_masks_unchanged(student):
    """The caller's masks keep their values (witnessed by the worker)."""
    require_a_score(student)
    a, b = rectangle(2, 2, 5, 5), rectangle(3, 4, 7, 9)
    call = student.call("intersection_over_union", a, b)
    assert call.inputs_unchanged, "a mask is changed: `&=` and `|=` write into it, `&` does not"


def require_a_score(student) -> None:
    """Fail unless a larger overlap gives another number: side matters of garbage earn nothing."""
    fixed = rectangle(2, 2, 6, 6)
    near, far = (overlap(student, fixed, rectangle(2, left, 6, 6)) for left in (3, 6))
    assert abs(near - far) > 1e-3, "a large overlap and a small one give the same number"
