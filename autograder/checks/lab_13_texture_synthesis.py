"""Hidden checks of lab 13: masked distances, growing a texture, the Gram matrix, the texture loss.

Each check asks one property, on an input that hides the others: windows that look the same
mirrored, features of mean 0, a single layer. Side matters count only once the function does its
work: garbage that leaves its input alone earns nothing.
"""

import torch
from torch import Tensor

from autograder import reference
from autograder.compare import (
    close,
    proportional,
    require,
    require_answer,
    require_slope,
    tensor_of,
)
from labkit.check import points

# masked_distances(window (3, w, w), mask (w, w), sample (3, h, w')) -> (h - w + 1, w' - w + 1)

SIDE = 3  # of the window
SAMPLE = (7, 10)
PLACES = (5, 8)


def raw_distances(student, window: Tensor, mask: Tensor, sample: Tensor) -> Tensor:
    """Return the student's distances, whatever their shape."""
    value = student.masked_distances(window, mask, sample)
    require_answer(value, sample, "masked_distances")
    assert isinstance(value, Tensor), (
        f"the result should be a tensor, and is a {type(value).__name__}"
    )
    return value


def distances(student, window: Tensor, mask: Tensor, sample: Tensor) -> Tensor:
    """Return the student's distances at whole windows; a wrong border is test_size's matter."""
    value = raw_distances(student, window, mask, sample)
    rows, columns = (n - mask.shape[-1] + 1 for n in sample.shape[1:])
    same = tuple(sample.shape[1:])
    if value.shape == same:  # padded: the whole windows are in the middle
        margin = mask.shape[-1] // 2
        value = value[margin : margin + rows, margin : margin + columns]
    elif value.shape == (rows - 1, columns - 1):  # the last row and column forgotten
        value = torch.cat([value, value[-1:]])
        value = torch.cat([value, value[:, -1:]], dim=1)
    return tensor_of(value, (rows, columns), "the result")


def whole(found: Tensor) -> Tensor:
    """Return the part of the distances that a forgotten last row and column does not touch."""
    return found[:-1, :-1]


def scaled_alike(found: Tensor, expected: Tensor) -> bool:
    """Return whether the distances agree up to one factor."""
    return proportional(whole(found)[None], whole(expected)[None])


def exactly(found: Tensor, expected: Tensor) -> bool:
    """Return whether the distances agree."""
    return close(whole(found), whole(expected))


def same_order(found: Tensor, expected: Tensor) -> bool:
    """Return whether near places are near and far ones far: true for roots and means, too."""
    order = whole(expected).flatten().argsort()
    steps = whole(found).flatten()[order].diff()
    return bool((steps >= -1e-4 * found.abs().max()).all()) and bool(steps.any())


def same_when_turned(values: Tensor) -> Tensor:
    """Return (..., w, w) values that look the same mirrored, turned over and transposed."""
    values = values + values.flip(-1)
    values = values + values.flip(-2)
    return (values + values.transpose(-1, -2)) / 8


def window_and_sample(generator, *, grey: bool = True) -> tuple[Tensor, Tensor]:
    """Return a window that is the same when turned, and a sample; grey has three equal channels."""
    channels = 1 if grey else 3
    window = same_when_turned(torch.rand(channels, SIDE, SIDE, generator=generator))
    sample = torch.rand(channels, *SAMPLE, generator=generator)
    return window.expand(3, -1, -1).contiguous(), sample.expand(3, -1, -1).contiguous()


ALL = torch.ones(SIDE, SIDE)
CROSS = torch.tensor([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])  # the same when turned


@points(3, exercise="masked_distances")
def test_squared_differences(student):
    """The squared differences of all pixels are added up."""
    window, sample = window_and_sample(student.generator(1))
    expected = reference.masked_distances(window, ALL, sample)
    difference = sample[0].unfold(0, SIDE, 1).unfold(1, SIDE, 1) - window[0]
    products = sample[0].unfold(0, SIDE, 1).unfold(1, SIDE, 1) * window[0]
    found = distances(student, window, ALL, sample)
    assert found.any(), (
        "with a mask of ones the distances are zero: the mask is 1 where the window is known, "
        "and 0 where it is not"
    )
    require(
        found,
        expected,
        "with a mask of ones the result is not the sum of squared differences",
        same=scaled_alike,
        mistakes={
            "this is the root of the sum: leave it out": expected.sqrt(),
            "the differences are not squared, these are absolute ones": difference.abs().sum(
                (2, 3)
            ),
            "the differences are added up first and squared then: square each": difference.sum(
                (2, 3)
            ).square(),
            "this is an inner product, which is large where the window fits; a distance is small "
            "there": products.sum((2, 3)),
        },
    )
    require(
        distances(student, window / 100, ALL, sample / 100),
        expected / 1e4,
        "distances far below 1 are not what they should be: is something added or cut off?",
        same=scaled_alike,
    )


@points(2, exercise="masked_distances")
def test_channels(student):
    """The three channels count alike."""
    window, sample = window_and_sample(student.generator(2), grey=False)
    each = [
        reference.masked_distances(window[c].expand(3, -1, -1), ALL, sample[c].expand(3, -1, -1))
        for c in range(3)
    ]
    grey_window, grey_sample = (t.mean(0).expand(3, -1, -1) for t in (window, sample))
    require(
        distances(student, window, ALL, sample),
        reference.masked_distances(window, ALL, sample),
        "the three channels are not added up alike",
        same=same_order,
        mistakes={
            **{f"only channel {c} is compared: add the three up": each[c] for c in range(3)},
            "the colours are mixed to grey before they are compared: two colours that are equally "
            "bright differ, too": reference.masked_distances(grey_window, ALL, grey_sample),
            "of the three channels the largest counts: add them up": torch.stack(each).amax(0),
        },
    )


@points(3, exercise="masked_distances")
def test_unknown_pixels(student):
    """What the mask leaves out has no influence."""
    generator = student.generator(3)
    window, sample = window_and_sample(generator)
    mask = CROSS
    half_masked = reference.masked_distances(window * mask, ALL, sample)
    require(
        distances(student, window, mask, sample),
        reference.masked_distances(window, mask, sample),
        "pixels where the mask is 0 change the result, or pixels where it is 1 do not",
        same=same_order,
        mistakes={
            "the mask has no effect: unknown pixels are compared like known ones": (
                reference.masked_distances(window, ALL, sample)
            ),
            "the mask is on the window alone, so that the sample's pixels are compared with black "
            "where nothing is known: mask the difference": half_masked,
        },
    )


@points(2, exercise="masked_distances")
def test_fractions(student):
    """A weight of 0.3 counts 0.3 times."""
    generator = student.generator(4)
    window, sample = window_and_sample(generator)
    mask = 0.05 + 0.9 * same_when_turned(torch.rand(SIDE, SIDE, generator=generator).pow(3))
    mask[1, 1] = 0.7  # the largest, and still no 1
    found = distances(student, window, mask, sample)
    expected = reference.masked_distances(window, mask, sample)
    require(
        found,
        expected,
        "the mask's weights between 0 and 1 do not count as what they are",
        same=same_order,
        mistakes={
            "the weights are squared: the mask belongs outside of the square": (
                reference.masked_distances(window, mask.square(), sample)
            ),
            "every weight above 0 counts as 1": reference.masked_distances(window, ALL, sample),
            "weights up to 0.5 count as 0, larger ones as 1": (
                reference.masked_distances(window, (mask > 0.5).float(), sample)
            ),
        },
    )
    assert not exactly(found, expected / 0.7), (
        "the weights are divided by the largest of them: use them as they are"
    )


@points(2, exercise="masked_distances")
def test_orientation(student):
    """Window and mask lie on the sample as they are, neither mirrored nor transposed."""
    generator = student.generator(5)
    window, mask = (torch.rand(*shape, generator=generator) for shape in ((3, 3, 3), (3, 3)))
    sample = torch.rand(3, *SAMPLE, generator=generator)
    turned = {
        "window and mask are turned by half a turn: a sliding inner product is what `F.conv2d` "
        "computes as it is, without `flip`": (window.flip(1, 2), mask.flip(0, 1)),
        "window and mask are transposed": (window.transpose(1, 2), mask.T),
        "the mask is transposed": (window, mask.T),
    }
    require(
        distances(student, window, mask, sample),
        reference.masked_distances(window, mask, sample),
        "with a window and a mask that are not symmetric the distances are wrong",
        same=same_order,
        mistakes={
            text: reference.masked_distances(x, m, sample) for text, (x, m) in turned.items()
        },
    )


@points(1, exercise="masked_distances")
def test_sum_not_mean(student):
    """The weighted squares are added up, not averaged."""
    window, sample = window_and_sample(student.generator(6), grey=False)
    expected = reference.masked_distances(window, CROSS, sample)
    found = distances(student, window, CROSS, sample)
    known = {
        "divided by the number of pixels or of values": (9, 27),
        "divided by the sum of the mask": (5, 15),
        "averaged over the channels": (3,),
    }
    texts = {f"the sum is {what}: leave it a sum": v for what, v in known.items()}
    for text, divisors in texts.items():
        assert not any(exactly(found, expected / d) for d in divisors), text
    if scaled_alike(found, expected):  # else another check says what is wrong
        require(found, expected, "the result is a multiple of the sum", same=exactly)
    assert found.any(), "the result is zero everywhere"


@points(1, exercise="masked_distances")
def test_size(student):
    """There is one distance for every whole window of the sample, and no other."""
    window, sample = window_and_sample(student.generator(7))
    value = raw_distances(student, window, ALL, sample)
    shape = tuple(value.shape)
    assert shape != SAMPLE, (
        f"the result has the sample's shape {SAMPLE}: windows that reach beyond its border do not "
        "count, so there is no padding"
    )
    assert shape != (PLACES[0] - 1, PLACES[1] - 1), (
        f"a window of {SIDE} x {SIDE} has {PLACES} places in a sample of {SAMPLE}, and you have "
        f"{shape}: the last row and column are missing"
    )
    tensor_of(value, PLACES, "the result")
    even = torch.rand(3, 4, 4, generator=student.generator(17))
    value = raw_distances(student, even, torch.ones(4, 4), sample)
    tensor_of(value, (4, 7), f"with a window of 4 x 4 in a sample of {SAMPLE} the result")


@points(1, exercise="masked_distances")
def test_never_negative(student):
    """No distance is below 0, not even by rounding."""
    generator = student.generator(8)
    sample = 0.5 + 0.5 * torch.rand(3, 24, 30, generator=generator)
    lowest, typical = [], []
    for top, left in [(0, 3), (2, 9), (7, 11), (4, 18), (9, 1), (12, 17), (5, 6), (13, 8)]:
        window = sample[:, top : top + 9, left : left + 9].clone()
        mask = torch.rand(9, 9, generator=generator)
        found = distances(student, window, mask, sample)
        lowest.append(float(found.min()))
        typical.append(float(found.median()))
    assert min(typical) > 0, "the distances are not those of different windows"
    assert min(lowest) >= 0, (
        "a window's distance to itself is below 0, by rounding. 1.1 times a negative number is "
        "smaller still, and no window is left to choose from: `.clamp(min=0)`"
    )


@points(1, exercise="masked_distances")
def test_distances_inputs_unchanged(student):
    """Window, mask and sample keep their values (witnessed by the worker)."""
    window, sample = window_and_sample(student.generator(9))
    require(
        distances(student, window, ALL, sample),
        reference.masked_distances(window, ALL, sample),
        "there are no distances yet that could be looked at",
        same=same_order,
    )
    call = student.call("masked_distances", window, CROSS, sample)
    assert call.inputs_unchanged, "the window, the mask or the sample is changed in place"


# grow_texture(sample, size, window, seed) -> (3, size, size)


def grow(student, sample: Tensor, size: int, window: int = 5, seed: int = 0) -> Tensor:
    """Return what the student grows; a margin left on it is test_texture_size's matter."""
    value = student.grow_texture(sample, size, window, seed)
    require_answer(value, sample, "grow_texture")
    margin = window // 2
    if isinstance(value, Tensor) and value.shape == (3, size + 2 * margin, size + 2 * margin):
        value = value[:, margin : margin + size, margin : margin + size]
    return tensor_of(value, (3, size, size), "the result")


def noise(generator, height: int, width: int) -> Tensor:
    """Return a sample without two pixels of one colour, none of them dark."""
    return 0.2 + 0.8 * torch.rand(3, height, width, generator=generator)


def stripes(generator, height: int, width: int, widths=(2, 1)) -> Tensor:
    """Return upright stripes of two random colours and these widths, from a random column on."""
    colours = torch.rand(3, 2, generator=generator) * 0.3
    colours[:, 0] += 0.2
    colours[:, 1] = colours[:, 0] + 0.2 + colours[:, 1]
    rhythm = torch.tensor([0] * widths[0] + [1] * widths[1])
    shift = int(torch.randint(len(rhythm), (), generator=generator))
    columns = rhythm[(torch.arange(width) + shift) % len(rhythm)]
    return colours[:, columns][:, None].repeat(1, height, 1)


def striped(texture: Tensor, sample: Tensor, widths=(2, 1)) -> float:
    """Return the share of pixels that go on with the sample's stripes, wherever they begin."""
    period = sum(widths)
    columns = torch.arange(texture.shape[2])
    rhythm = sample[:, 0].double()  # (3, width): one row of it
    shares = [
        (texture == rhythm[:, (columns + shift) % period][:, None]).all(0).float().mean()
        for shift in range(period)
    ]
    return float(max(shares))


def require_growth(student) -> None:
    """Fail unless upright stripes mostly go on: side matters of garbage earn nothing."""
    sample = stripes(student.generator(30), 8, 11)
    assert striped(grow(student, sample, 16), sample) > 0.9, (
        "upright stripes do not go on as upright stripes, so nothing grows yet that could be "
        "looked at more closely"
    )


def places_in(sample: Tensor, texture: Tensor) -> Tensor:
    """Return for each pixel of the texture whether its colour is one of the sample's."""
    ours, theirs = (t.double().flatten(1).T for t in (texture, sample))
    return (torch.cdist(ours, theirs).amin(1) < 1e-5).reshape(texture.shape[1:])


@points(1, exercise="grow_texture")
def test_texture_size(student):
    """The result has the size asked for, odd, even or smaller than the sample."""
    sample = stripes(student.generator(31), 8, 11)
    for size in (10, 13, 5):
        value = student.grow_texture(sample, size, 5, 0)
        assert isinstance(value, Tensor), (
            f"the result should be a tensor, and is a {type(value).__name__}"
        )
        assert value.shape != (3, size + 4, size + 4), (
            f"the result is {size + 4} pixels wide where {size} were asked for: cut the margin off"
        )
        tensor_of(value, (3, size, size), f"a texture of size {size}")


@points(2, exercise="grow_texture")
def test_colours_of_the_sample(student):
    """Every pixel has a colour that occurs in the sample."""
    sample = noise(student.generator(32), 9, 11)
    for size in (12, 7):
        grown = grow(student, sample, size)
        empty = grown.abs().sum(0) < 1e-6
        assert not empty.any(), (
            f"{int(empty.sum())} of {size * size} pixels are still black: fill every place, those "
            "at the border too, where a part of the window lies outside"
        )
        strange = ~places_in(sample, grown)
        assert not strange.any(), (
            f"{int(strange.sum())} of {size * size} pixels have a colour that the sample does not "
            "have: copy one pixel of one window, no average, no noise"
        )


@points(3, exercise="grow_texture")
def test_stripes(student):
    """Stripes of two colours go on, upright ones and level ones."""
    sample = stripes(student.generator(33), 8, 11)
    for grown in (
        grow(student, sample, 16),
        grow(student, sample.transpose(1, 2).contiguous(), 16).transpose(1, 2),
    ):
        share = striped(grown, sample)
        if share < 1:  # the sample has no whole number of stripes
            tiled = sample.repeat(1, 2, 2)[:, :16, :16].double()
            assert not any(torch.equal(t, tiled) for t in (grown, grown.transpose(1, 2))), (
                "this is the sample, laid side by side: where two copies meet the stripes break. "
                "Grow it pixel by pixel"
            )
        assert share == 1, (
            f"of the pixels {1 - share:.0%} break the rhythm of the stripes. Is it the middle of "
            "the window that is copied, is its place marked in `known`, and is what is unknown "
            "left out of the comparison?"
        )


@points(2, exercise="grow_texture")
def test_window(student):
    """The window is as large as `window` says: wide stripes need a wide one."""
    sample = stripes(student.generator(34), 14, 22, widths=(5, 3))
    share = striped(grow(student, sample, 24, window=13), sample, (5, 3))
    assert share == 1, (
        f"of the pixels {1 - share:.0%} break the rhythm of stripes 5 and 3 pixels wide, although "
        "a window of 13 sees where one ends: use `window`, for the window and for its weights"
    )


@points(1, exercise="grow_texture")
def test_low_contrast(student):
    """Stripes that hardly differ, and are equally bright, go on, too."""
    wide = stripes(student.generator(35), 8, 11)
    wide = (wide > wide.mean(2, keepdim=True)).float()
    sample = 0.5 + 0.05 * wide * torch.tensor([1, -0.5, -0.5])[:, None, None]
    assert striped(grow(student, sample, 14), sample) == 1, (
        "stripes of nearly the same colour, and equally bright, break: a window may be at most 1.1 "
        "times as far as the best one, in all three channels. That is a ratio, not a fixed "
        "difference or a number of candidates"
    )


def farthest(sample: Tensor, texture: Tensor, window: int, weights: Tensor | None = None) -> float:
    """Return how many times as far as the best window the farthest is that was drawn.

    By the Gaussian weights if none are given. Far above 1.1 also where the places were filled in
    another order than the lab's, so only a limit that fits all draws says something.
    """
    weights = reference.gaussian_weights(window) if weights is None else weights
    return max(draw.ratio for draw in reference.draws_of(sample, texture, window, weights))


NEARLY = 1.15  # the most that rounding makes of 1.1


def other_weights(window: int) -> dict[str, Tensor]:
    """Return {message: the weights that the known pixels have by mistake}."""
    gaussian = reference.gaussian_weights(window)
    return {
        "far pixels of the window count as much as near ones: where a pixel is known the mask is "
        "its Gaussian weight, not 1": torch.ones_like(gaussian),
        "far pixels of the window count more than near ones: the Gaussian weights are the wrong "
        "way round": 1 - gaussian,
        "the Gaussian weights count twice: once in the mask is enough": gaussian.square(),
    }


@points(1, exercise="grow_texture")
def test_near_pixels(student):
    """Near pixels of the window count more than far ones, by the Gaussian weights."""
    require_growth(student)
    sample = noise(student.generator(43), 20, 23)
    grown = grow(student, sample, 18)
    if farthest(sample, grown, 5) > NEARLY:
        for text, weights in other_weights(5).items():
            assert farthest(sample, grown, 5, weights) > NEARLY, text


def together(sample: Tensor, texture: Tensor) -> float:
    """Return the share of neighbours that are neighbours in the sample, whose colours differ."""
    colours, ours = (t.double().flatten(1).T for t in (sample, texture))
    source = torch.cdist(ours, colours).argmin(1).view(texture.shape[1:])
    row, column = source // sample.shape[2], source % sample.shape[2]
    right = (row.diff(dim=1) == 0) & (column.diff(dim=1) == 1)
    below = (row.diff(dim=0) == 1) & (column.diff(dim=0) == 0)
    return float(torch.cat([right.flatten(), below.flatten()]).float().mean())


@points(1, exercise="grow_texture")
def test_near_matches(student):
    """Only windows that are nearly as near as the best one are drawn from."""
    require_growth(student)
    generator = student.generator(42)
    shares = []
    for seed in range(3):  # 1.1 gives 0.65 to 0.81, twice the smallest distance at most 0.25
        sample = noise(generator, 20, 23)
        grown = grow(student, sample, 20, window=7, seed=seed)
        shares.append(together(sample, grown))
    assert sum(shares) / 3 > 0.4, (
        "grown from noise, hardly any two neighbours stood side by side in the sample: windows are "
        "drawn that fit far worse than the best one. At most 1.1 times the smallest distance"
    )
    found = farthest(sample, grown, 7)  # of the last one
    if NEARLY < found < 3:  # where other weights explain it, another check says so
        assert any(farthest(sample, grown, 7, w) < NEARLY for w in other_weights(7).values()), (
            f"a window is drawn that is {found:.2f} times as far as the best one, by the distances "
            "of Exercise 1 as they are: at most 1.1 times the smallest"
        )


@points(1, exercise="grow_texture")
def test_start(student):
    """The 3 x 3 pixels in the middle are a piece of the sample, and stay."""
    require_growth(student)
    sample = noise(student.generator(36), 9, 10)
    pieces = sample.unfold(1, 3, 1).unfold(2, 3, 1).reshape(3, -1, 9).double()
    for seed in range(4):
        middle = grow(student, sample, 11, window=7, seed=seed)[:, 4:7, 4:7].reshape(3, 1, 9)
        assert (pieces == middle).all(2).all(0).any(), (
            "the middle of the result is no 3 x 3 piece of the sample: fill one pixel a step, and "
            "leave those alone that are known"
        )


def dots(generator) -> Tensor:
    """Return (3, 21, 23) of grey with nine red dots, far apart, none near the border."""
    sample = torch.full((3, 21, 23), 0.5)
    for row in (4, 10, 16):
        for column in (5, 11, 17):
            down, right = torch.randint(2, (2,), generator=generator).tolist()
            sample[:, row + down, column + right] = torch.tensor([0.9, 0.1, 0.1])
    return sample


@points(2, exercise="grow_texture")
def test_drawn_at_random(student):
    """Among windows that fit, one is drawn at random, each alike."""
    require_growth(student)
    sample = dots(student.generator(37))
    counts = [int((grow(student, sample, 22, seed=seed)[0] > 0.7).sum()) for seed in (0, 1)]
    assert max(counts) > 2, (
        "on grey with red dots, a window that sees nothing but grey may go on with grey or with a "
        f"dot; the results have {counts[0]} and {counts[1]} dots. Draw one of the windows that "
        "fit, do not always take the first"
    )
    generator, draws = student.generator(44), []
    for _ in range(2):
        sample = noise(generator, 20, 23)
        grown = grow(student, sample, 20)
        draws += reference.draws_of(sample, grown, 5, reference.gaussian_weights(5))
    far = max(draw.ratio for draw in draws)
    if far > NEARLY:
        return  # other windows than it should be, or another order: other checks' matter
    assert far > 1.06, (
        f"of {len(draws)} draws none took a window more than {far:.2f} times as far as the best "
        "one: draw from all that are at most 1.1 times as far"
    )
    pairs = [draw for draw in draws if draw.candidates == 2]  # about seventy
    for what, later in {
        "first": [d.place for d in pairs],
        "nearer": [d.rank for d in pairs],
    }.items():
        share = later.count(0) / len(later)
        assert 0.15 < share < 0.85, (
            f"of two windows that fit, the {what} one was taken in {share:.0%} of the draws: draw "
            "each alike, with the one generator that was made before the loop"
        )


@points(1, exercise="grow_texture")
def test_same_seed(student):
    """The same seed gives the same texture."""
    require_growth(student)
    sample = dots(student.generator(38))  # where much is left to chance
    first, again = (grow(student, sample, 16, seed=3) for _ in range(2))
    assert torch.equal(first, again), (
        "the same seed gave two different textures: draw with `generator=generator`"
    )


@points(1, exercise="grow_texture")
def test_another_seed(student):
    """Another seed gives another texture."""
    require_growth(student)
    sample = noise(student.generator(39), 9, 10)
    textures = [grow(student, sample, 10, seed=seed) for seed in range(3)]
    assert any(not torch.equal(textures[0], other) for other in textures[1:]), (
        "three seeds gave the same texture: use `seed`, not a number of your own"
    )


@points(1, exercise="grow_texture")
def test_growing_leaves_no_trace(student):
    """The sample and the global random state are left alone (witnessed by the worker)."""
    require_growth(student)
    sample = noise(student.generator(40), 9, 10)
    call = student.call("grow_texture", sample, 10, 5, 41)  # a seed that nothing before has set
    assert call.inputs_unchanged, "the sample is changed in place"
    assert call.random_state_unchanged, (
        "the global random state changed, PyTorch's, NumPy's or Python's: "
        "`torch.randint(..., generator=generator)`, and no `torch.manual_seed`"
    )


# gram_matrix(features (N, C, H, W), normalize=True) -> (N, C, C)

CHANNELS, HEIGHT, WIDTH = 4, 3, 7
DIVISOR = CHANNELS * HEIGHT * WIDTH


def some_features(
    generator, count: int, mean: float = 0.0, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> Tensor:
    """Return (count, 4, *size) with this mean in every channel, and of both signs."""
    features = torch.randn(count, CHANNELS, *size, generator=generator)
    return features - features.mean((2, 3), keepdim=True) + mean


def gram(student, features: Tensor, **options) -> Tensor:
    """Return the student's matrices as (N, C, C); say what another shape means."""
    value = student.gram_matrix(features, **options)
    require_answer(value, features, "gram_matrix")
    count, C, H, W = features.shape
    shape = tuple(value.shape) if isinstance(value, Tensor) else ()
    known = {
        (count * C, count * C): "the features of all images are multiplied with each other: one "
        "matrix an image",
        (C, C): "the result has no axis for the images: return (N, C, C), for N = 1 too",
        (count, H * W, H * W): "these are products of places, summed over features; the Gram "
        "matrix has products of features, summed over places",
        (count, 1, C, C): "the result has an axis too many: return (N, C, C)",
    }
    assert shape == (count, C, C) or shape not in known, known.get(shape)
    return tensor_of(value, (count, C, C), "the result")


def wrong_grams(features: Tensor) -> dict[str, Tensor]:
    """Return {message: the matrices that this mistake gives}."""
    N, C, H, W = features.shape
    cut_wrong = features.reshape(N, H * W, C).transpose(1, 2).reshape(N, C, H, W)
    strength = features.double().square().sum((2, 3))
    expected = reference.gram_matrix(features)
    return {
        "the features are mixed up: `view(N, H * W, C)` does not swap axes, it cuts the memory "
        "into other pieces. Use `view(N, C, H * W)`": reference.gram_matrix(cut_wrong),
        "only the diagonal is there: all pairs of features count": expected
        * torch.eye(C, dtype=expected.dtype),
        "the matrix is scaled to ones on its diagonal: leave the products as they are": expected
        * DIVISOR
        / (strength[:, :, None] * strength[:, None]).sqrt(),
    }


@points(2, exercise="gram_matrix")
def test_one_image(student):
    """One image gives one matrix: which features occur together."""
    features = some_features(student.generator(51), 1, size=(40, 50))  # as large as a layer's
    found = gram(student, features)
    assert found.abs().max() > 1e-8, (
        "features whose mean is 0 give a matrix of zeros: this multiplies the means, which is all "
        "pairs of places. Take the same place twice, and add up over the places"
    )
    require(
        found,
        reference.gram_matrix(features),
        "the matrix of a single image does not hold the inner products of its features",
        same=proportional,
        mistakes=wrong_grams(features),
    )


@points(3, exercise="gram_matrix")
def test_several_images(student):
    """Several images give one matrix each, the one that each has alone."""
    features = some_features(student.generator(52), 3)
    expected = reference.gram_matrix(features)
    require(
        gram(student, features),
        expected,
        "the matrices of three images are not those that each has alone",
        same=proportional,
        mistakes={
            "all images got the matrix of the first one": expected[:1].expand_as(expected),
            "all images got the sum of all matrices: each has its own": expected.sum(
                0, keepdim=True
            ).expand_as(expected),
        },
    )


@points(1, exercise="gram_matrix")
def test_not_centred(student):
    """The features are multiplied as they are, no mean is taken away."""
    features = some_features(student.generator(53), 1, mean=1.5)
    require(
        gram(student, features),
        reference.gram_matrix(features),
        "with features whose mean is not 0 the matrix is another one",
        same=proportional,
        mistakes={
            "the mean is taken away first: that is the covariance, the Gram matrix has the "
            "features as they are": reference.gram_matrix(
                features - features.mean((2, 3), keepdim=True)
            ),
            "negative features are cut off or made positive: multiply them as they are": (
                reference.gram_matrix(features.clamp(min=0))
            ),
        },
    )


def scale_of(found: Tensor, expected: Tensor) -> Tensor:
    """Return how many times the expected size the first image's matrix has."""
    return found[0].diagonal().sum() / expected[0].diagonal().sum()


def require_scale(found: Tensor, expected: Tensor, divisor: int, message: str) -> None:
    """Fail unless the matrices, which should be divided by `divisor`, have the expected size."""
    scale = scale_of(found, expected)
    assert scale != 0, "the matrices are zero"
    known = {
        1: "it is not divided at all",
        HEIGHT * WIDTH: "it is divided by H * W, without C",
        CHANNELS: "it is divided by C alone",
        CHANNELS * HEIGHT: "it is divided by C * H: the width is missing",
        CHANNELS * WIDTH: "it is divided by C * W: the height is missing",
        DIVISOR: "it is divided by C * H * W",
        DIVISOR**2: "it is divided by C * H * W twice",
        CHANNELS**2 * HEIGHT * WIDTH: "it is divided by C twice",
        2 * DIVISOR: "it is divided by the number of images, too (`numel()` of the batch?)",
        2 * CHANNELS * DIVISOR: "it is divided by twice too much",
    }
    for found_divisor, text in known.items():
        same = close(scale * found_divisor, torch.tensor(float(divisor)))
        assert found_divisor == divisor or not same, f"{message}: {text}"
    assert close(scale, torch.ones(())), (
        f"{message}: it is {float(scale):.3g} times what it should be"
    )


@points(2, exercise="gram_matrix")
def test_normalized(student):
    """With normalize=True the products are divided by C * H * W."""
    features = some_features(student.generator(54), 2)
    found = gram(student, features, normalize=True)
    require_scale(found, reference.gram_matrix(features), DIVISOR, "divide by C * H * W")


@points(2, exercise="gram_matrix")
def test_not_normalized(student):
    """With normalize=False the products are not divided."""
    features = some_features(student.generator(55), 2)
    found = gram(student, features, normalize=False)
    expected = reference.gram_matrix(features, normalize=False)
    require_scale(found, expected, 1, "with normalize=False nothing should be divided")


@points(1, exercise="gram_matrix")
def test_default(student):
    """Without the second argument the matrices are normalized."""
    features = some_features(student.generator(56), 2)
    alone = gram(student, features)
    other = gram(student, features, normalize=False)
    named = gram(student, features, normalize=True)
    if not close(named, other):  # ignoring the argument is another check's matter
        assert close(alone, named), "without `normalize` the result should be normalized"
    assert alone.any(), "the matrices are zero"


@points(2, exercise="gram_matrix")
def test_gradient(student):
    """The gradient reaches the features."""
    generator = student.generator(57)
    features = some_features(generator, 1)
    upstream = torch.randn(1, CHANNELS, CHANNELS, generator=generator)
    call = student.call("gram_matrix", features, gradients=(0,), upstream=upstream)
    (gradient,) = call.gradients
    gradient = tensor_of(gradient, tuple(features.shape), "the gradient")
    assert gradient.any(), (
        "the result does not depend on the features as autograd sees it: look for `.detach()`, "
        "`.data`, `no_grad` or NumPy"
    )
    rows = features.double().flatten(2)
    expected = ((upstream + upstream.transpose(1, 2)).double() @ rows).view_as(features)
    half = (upstream.double() @ rows).view_as(features)
    text = "the gradient flows through {} of the two factors only: is the other one detached?"
    require(
        gradient,
        expected,
        "the gradient by the features is wrong",
        same=proportional,
        mistakes={text.format("the first"): half, text.format("the second"): expected - half},
    )


@points(1, exercise="gram_matrix")
def test_features_unchanged(student):
    """The given features keep their values (witnessed by the worker)."""
    features = some_features(student.generator(58), 1)
    require(
        gram(student, features),
        reference.gram_matrix(features),
        "there is no Gram matrix yet that could be looked at",
        same=proportional,
    )
    call = student.call("gram_matrix", features)
    assert call.inputs_unchanged, (
        "the features are changed in place: divide the result, not what was given"
    )


# texture_loss(features: dict, grams: dict, weights: dict) -> scalar

SHAPES = {"stem": (3, 5, 4), "middle": (5, 2, 6), "deep": (6, 3, 2)}


def layers_of(generator, names=tuple(SHAPES)) -> tuple[dict, dict]:
    """Return features and target Gram matrices of these layers, each of another size."""
    features, grams = {}, {}
    for power, name in enumerate(names):
        C, H, W = SHAPES[name]
        features[name] = torch.randn(1, C, H, W, generator=generator) * 2.0**power
        other = torch.randn(1, C, H, W, generator=generator) * 3.0**power
        grams[name] = reference.gram_matrix(other).float()
    return features, grams


def loss(student, features: dict, grams: dict, weights: dict) -> Tensor:
    """Return the student's loss as a scalar."""
    value = student.texture_loss(features, grams, weights)
    assert not isinstance(value, list | dict), "the loss should be one number, not one a layer"
    return tensor_of(value, (), "the loss")


@points(3, exercise="texture_loss")
def test_relative_distance(student):
    """One layer: the squared distance of the Gram matrices over the target's squared norm."""
    generator = student.generator(71)
    for name in SHAPES:
        features, grams = layers_of(generator, (name,))
        now, target = reference.gram_matrix(features[name]), grams[name].double()
        above, below = (now - target).square().sum(), target.square().sum()
        require(
            loss(student, features, grams, {name: 1.0}),
            above / below,
            "for one layer of weight 1 the loss is not the relative squared distance",
            mistakes={
                "the distance is not relative: divide by the target's squared norm. (Lab 14's "
                "style loss will be the plain one.)": above,
                "your Gram matrix is not normalized, and the target is: leave `normalize` as it is "
                "by default": (
                    (reference.gram_matrix(features[name], normalize=False) - target).square().sum()
                    / below
                ),
                "these are norms, not squared norms": (above / below).sqrt(),
                "the squared distance is divided by the norm: square that, too": above
                / below.sqrt(),
                "the norm of the distance is over a squared norm: square it, too": above.sqrt()
                / below,
                "this is a mean over the C x C entries: relative to the target, over its squared "
                "norm": above / target.numel(),
                "this is relative to the picture's own Gram matrix: divide by the target's": (
                    above / now.square().sum()
                ),
                "each entry is divided by the target's entry: divide the sum by the sum": (
                    ((now - target) / target).square().sum()
                ),
                "these are absolute differences: square them": (now - target).abs().sum()
                / target.abs().sum(),
            },
        )


def distances_and_loss(student, number: int, weights: dict) -> tuple[Tensor, Tensor]:
    """Return each layer's own distance by the student's function, and the loss of all layers.

    How a layer's distance is measured is another check's matter; here only how they are combined.
    """
    features, grams = layers_of(student.generator(number), tuple(weights))
    alone = [loss(student, {n: features[n]}, {n: grams[n]}, {n: 1.0}) for n in weights]
    assert all(value > 0 for value in alone), "the distance of different matrices should be above 0"
    return torch.stack(alone), loss(student, features, grams, weights)


@points(2, exercise="texture_loss")
def test_sum_over_layers(student):
    """The distances of the layers are added up."""
    alone, together = distances_and_loss(student, 72, dict.fromkeys(SHAPES, 1.0))
    require(
        together,
        alone.sum(),
        "with weights of 1 the loss is not the sum of the three layers' distances",
        mistakes={
            "the layers are averaged: add them up": alone.mean(),
            "only the last layer counts: is the loss overwritten in the loop?": alone[-1],
            "only the first layer counts: is the `return` inside the loop?": alone[0],
        },
    )


@points(2, exercise="texture_loss")
def test_weights(student):
    """Each layer's distance is multiplied by its weight."""
    weights = {"stem": 0.3, "middle": 2.0, "deep": 5.0}
    alone, together = distances_and_loss(student, 73, weights)
    w = torch.tensor(list(weights.values()), dtype=alone.dtype)
    if any(close(together, x) for x in (w[-1] * alone[-1], w[0] * alone[0])):
        return  # only one layer counts, which another check says
    if close(together, (w * alone).mean()):
        return  # a mean over the layers, the same
    require(
        together,
        (w * alone).sum(),
        "the weights of the layers do not count as they should",
        mistakes={
            "the weights are not used": alone.sum(),
            "the weights are squared: they belong outside of the square": (w * w * alone).sum(),
            "the weights are divided by their sum: use them as they are": (w * alone).sum()
            / w.sum(),
            "the sum is multiplied by all weights together: each belongs to its layer": (
                alone.sum() * w.sum()
            ),
        },
    )


@points(2, exercise="texture_loss")
def test_layers_by_name(student):
    """Layers belong together by name, in whatever order; those without a weight do not count."""
    features, grams = layers_of(student.generator(74))
    two = {"middle": 2.0, "stem": 1.0}
    chosen = {n: features[n] for n in two}, {n: grams[n] for n in two}
    expected = loss(student, *chosen, two)
    backwards = {n: grams[n] for n in reversed(SHAPES)}
    assert expected > 0, "the loss should be above 0"
    require(
        loss(student, features, backwards, two),
        expected,
        "the loss changes when `features` and `grams` list their layers in another order, or hold "
        "a layer that has no weight: go through `weights`, and take all three by the layer's name",
    )


@points(2, exercise="texture_loss")
def test_loss_gradient(student):
    """The gradient reaches the features of every layer."""
    features, grams = layers_of(student.generator(75))
    weights = {"stem": 0.5, "middle": 1.0, "deep": 2.0}
    call = student.call("texture_loss", features, grams, weights, gradients=(0,))
    gradients = dict(zip(features, call.gradients, strict=True))
    assert any(g.any() for g in gradients.values()), (
        "the loss does not depend on the features as autograd sees it: look for `.item()`, "
        "`float()`, `.detach()`, `.data` or `no_grad`"
    )
    for name, gradient in gradients.items():
        leaf = features[name].double().requires_grad_()
        own = reference.layer_distances({name: leaf}, grams)[name]
        (expected,) = torch.autograd.grad(own, leaf)
        if gradient.any():  # a layer that does not count is another check's matter
            require(
                tensor_of(gradient, tuple(leaf.shape), f"the gradient of {name!r}"),
                expected,
                f"the gradient by the features of layer {name!r} is wrong: is the Gram matrix, or "
                "a part of it, detached, or does something else depend on the features?",
                same=proportional,
            )
    require_slope(lambda moved: loss(student, moved, grams, weights), features, call.gradients)


@points(1, exercise="texture_loss")
def test_target_unchanged(student):
    """The target stays as it is, so that the next step has it, too (witnessed by the worker)."""
    features, grams = layers_of(student.generator(76))
    call = student.call("texture_loss", features, grams, dict.fromkeys(SHAPES, 1.0))
    assert tensor_of(call.value, (), "the loss") > 0, "the loss should be above 0"
    assert call.inputs_unchanged, (
        "the features, the target matrices or a dict of them are changed in place (`-=`, "
        "`.sub_()`, `.pop()`): the next step would compare with something else"
    )
