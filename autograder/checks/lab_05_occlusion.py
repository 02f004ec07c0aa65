"""Hidden checks of lab 05: covering a square, and the occlusion map.

Each check asks one property, on a probe that hides the others. A picture that nothing covers is
not an answer; side matters only count once the function does its work.
"""

import torch
from torch import Tensor

from autograder import reference
from autograder.compare import close, require, require_answer, tensor_of
from autograder.probes import linear_probe, random_images
from labkit.check import points

# occlude(image, row, column, size, fill) -> image

SIZE = (9, 13)  # H != W, so that exchanged rows and columns are seen


def covered(student, image, row, column, size, fill) -> Tensor:
    """Return the student's covered picture, with the shape of the given one."""
    value = student.occlude(image, row, column, size, fill)
    return picture_of(value, image)


def picture_of(value, image) -> Tensor:
    """Return what occlude gave as (1, 3, H, W); fail where it is none, or the untouched picture."""
    require_answer(value, image, "occlude")
    return tensor_of(value, tuple(image.shape), "the result")


def changed(value: Tensor, image: Tensor) -> Tensor:
    """Return (3, H, W), True where a value differs from the given picture's."""
    return (value - image.double()).abs()[0] > 1e-6


def square(row: int, column: int, size: int, shape=SIZE) -> Tensor:
    """Return (H, W), True where the square lies."""
    black = torch.zeros(1, 3, *shape)
    return reference.occlude(black, row, column, size, 1.0)[0, 0] > 0


def places(student, image, row, column, size) -> Tensor:
    """Return (H, W), True where the student's square changed a pixel."""
    return changed(covered(student, image, row, column, size, 0.4), image).any(0)


def bright(generator) -> Tensor:
    """Return a random picture whose values lie above all numbers used as a fill."""
    return 0.8 + random_images(generator, 1, SIZE) / 5


@points(2, exercise="occlude")
def test_place(student):
    """The square covers the rows from `row`, the columns from `column`, `size` of each."""
    image = bright(student.generator(1))
    for row, column, size in ((2, 6, 3), (1, 3, 4), (5, 4, 1)):
        found, expected = places(student, image, row, column, size), square(row, column, size)
        if not torch.equal(found, expected):
            raise AssertionError(misplaced(found, row, column, size))


def misplaced(found: Tensor, row: int, column: int, size: int) -> str:
    """Return what is wrong with the covered pixels (H, W)."""
    half = size // 2
    known = {
        "row and column are exchanged: the row counts downwards, the third axis of the picture": (
            square(column, row, size)
        ),
        "the square is a pixel too large: a slice's end is not part of it": square(
            row, column, size + 1
        ),
        "the square is centred at the place; its upper left corner should lie there": square(
            row - half, column - half, size
        ),
        "everything but the square is covered": ~square(row, column, size),
    }
    for text, wrong in known.items():
        if torch.equal(found, wrong):
            return text
    rows, columns = (int(found.any(axis).sum()) for axis in (1, 0))
    return (
        f"a square of side {size} covers {rows} rows and {columns} columns, or lies elsewhere than "
        "at `row` and `column`"
    )


@points(2, exercise="occlude")
def test_number(student):
    """A number is what the covered pixels become."""
    image = bright(student.generator(2))
    for fill in (0.0, 0.3, 0.5):
        value = covered(student, image, 1, 2, 5, fill)
        inside = value[0][changed(value, image)]
        assert len(inside), f"with fill={fill} nothing is covered"
        assert (inside - fill).abs().max() < 1e-4, (
            f"with fill={fill} the covered pixels are {float(inside.min()):.2f} to "
            f"{float(inside.max()):.2f}: they should all be that number"
        )


@points(1, exercise="occlude")
def test_all_channels(student):
    """A covered pixel is covered in all three channels."""
    image = bright(student.generator(3))
    touched = changed(covered(student, image, 3, 5, 4, 0.2), image)
    kept = [c for c in range(3) if not torch.equal(touched[c], touched.any(0))]
    assert not kept, f"channel {kept[0]} shows through: cover all three channels"


@points(2, exercise="occlude")
def test_colour(student):
    """A colour fills each channel with its own value, for every size."""
    image, colour = bright(student.generator(4)), torch.tensor([0.1, 0.7, 0.4])
    for size in (4, 3):
        value = covered(student, image, 2, 3, size, colour)
        inside = changed(value, image).any(0)
        pixels = value[0][:, inside]  # (3, pixels)
        stripes = size == 3 and close(value[0, 0][inside].reshape(-1)[:3], colour.double())
        assert not stripes, (
            "the colour lies along the columns: (3,) is matched with the last axis, so reshape it "
            "to (3, 1, 1); with a square of side 3 nothing warns you"
        )
        require(
            pixels,
            colour.double()[:, None].expand_as(pixels),
            "the covered pixels do not have the colour's three values, one a channel",
            mistakes={
                "all channels get the mean of the colour": colour.mean().expand_as(pixels),
                "all channels get the colour's first value": colour[0].expand_as(pixels),
                "the colour's channels are in reverse order": (
                    colour.flip(0)[:, None].expand_as(pixels)
                ),
            },
        )


@points(2, exercise="occlude")
def test_picture_as_fill(student):
    """Of a fill picture the same place shows through."""
    generator = student.generator(5)
    image, fill = bright(generator), random_images(generator, 1, SIZE) / 2
    value = covered(student, image, 3, 6, 4, fill)
    inside = changed(value, image).any(0)
    pixels, expected = value[0][:, inside], fill[0].double()[:, inside]
    corner = fill[0, :, :4, :4].double().flatten(1)
    mistakes = {"all covered pixels get the mean of the fill picture": fill.mean()}
    mistakes["each channel gets its mean over the fill picture"] = fill.mean((0, 2, 3))[:, None]
    mistakes = {text: wrong.expand_as(pixels) for text, wrong in mistakes.items()}
    if corner.shape == pixels.shape:
        mistakes["the upper left corner of the fill picture is used, not the same place"] = corner
    message = "the covered pixels are not those of the fill picture at the same place"
    require(pixels, expected, message, mistakes=mistakes)


def cut_off(found: Tensor, row: int, column: int, size: int) -> bool:
    """Return whether a square is cut off at the borders, wherever else it errs."""
    half = size // 2
    kinds = ((row, column, size), (column, row, size), (row, column, size + 1))
    kinds += ((row - half, column - half, size),)
    return any(torch.equal(x, square(*kind)) for x in (found, ~found) for kind in kinds)


@points(1, exercise="occlude")
def test_lower_and_right_border(student):
    """What lies below or to the right of the picture is cut off."""
    image = bright(student.generator(6))
    for row, column in ((5, 4), (2, 8), (6, 8)):
        found = places(student, image, row, column, 6)
        moved = square(min(row, 9 - 6), min(column, 13 - 6), 6)
        assert not torch.equal(found, moved), (
            "a square that reaches over the lower or the right border is moved into the picture; "
            "cut off what lies outside"
        )
        assert cut_off(found, row, column, 6), (
            f"a square of side 6 at row {row}, column {column} of a 9 x 13 picture covers the "
            "wrong pixels: cut off what lies below or to the right"
        )


@points(2, exercise="occlude")
def test_upper_and_left_border(student):
    """What lies above or to the left of the picture is cut off."""
    image = bright(student.generator(7))
    require_a_square(student, image)
    for row, column in ((-2, 4), (3, -2), (-2, -2)):
        value = tensor_of(student.occlude(image, row, column, 5, 0.4), (1, 3, *SIZE), "the result")
        found = changed(value, image).any(0)
        assert found.any(), (
            f"a square of side 5 at row {row}, column {column} covers nothing: in a slice a "
            "negative number counts from the end, so start at `max(row, 0)`"
        )
        assert not torch.equal(found, square(max(row, 0), max(column, 0), 5)), (
            "a square that begins outside is moved into the picture, and keeps its size; what lies "
            "outside should be cut off: it still ends at `row + size`"
        )
        assert cut_off(found, row, column, 5), (
            f"a square of side 5 at row {row}, column {column} covers the wrong pixels: cut off "
            "what lies above or to the left of the picture"
        )


def require_a_square(student, image) -> None:
    """Fail unless a square inside the picture covers something."""
    covered(student, image, 2, 2, 4, 0.4)


@points(1, exercise="occlude")
def test_picture_unchanged(student):
    """The caller's picture and fill keep their values (witnessed by the worker)."""
    generator = student.generator(8)
    image, fill = bright(generator), random_images(generator, 1, SIZE) / 2
    require_a_square(student, image)
    for used in (0.2, fill):
        call = student.call("occlude", image, 2, 3, 4, used)
        assert call.inputs_unchanged, (
            "the given picture, or the fill, is painted on: work on a copy"
        )


# occlusion_map(model, image, label, size, stride, fill) -> (rows, columns)


def values_of(value, image: Tensor, expected: tuple[int, int]) -> Tensor:
    """Return the student's map, cut to the expected rows and columns where it has more.

    How many there are is the matter of one check, what they hold of the others.
    """
    require_answer(value, image, "occlusion_map")
    if isinstance(value, Tensor) and value.dim() == 2:
        value = value[: expected[0], : expected[1]]
    return tensor_of(value, expected, "the map")


def flat_probe(generator, shape, classes: int = 3, bias=None) -> torch.nn.Module:
    """Return a linear network with small logits: probabilities follow the logits in a line."""
    weight = torch.randn(classes, 3, *shape, generator=generator) * 0.03 / (3 * shape[0] ** 0.5)
    return linear_probe(weight, bias)


def winning_probe(generator, shape) -> torch.nn.Module:
    """Return one of two classes of which class 1 always wins, by little."""
    return flat_probe(generator, shape, classes=2, bias=torch.tensor([0.0, 1.0]))


def turned(value: Tensor) -> tuple[Tensor, ...]:
    """Return a square map as it is, transposed and mirrored: its order is one check's matter."""
    return value, value.T, value.flip(0), value.flip(1)


def alike(a: Tensor, b: Tensor) -> bool:
    """Return whether two maps agree up to a scale of either sign and a constant."""
    rows = torch.stack([a.double().flatten(), b.double().flatten()])
    spread = rows.std(dim=1)
    return bool((spread > 1e-6).all()) and abs(float(torch.corrcoef(rows)[0, 1])) > 0.99


def same_places(value: Tensor, logits: Tensor, label: int) -> bool:
    """Return whether a map is alike to the label's probabilities, or to its logits."""
    return any(alike(value, x[..., label]) for x in (logits, logits.softmax(-1)))


# Sizes: in all checks but that of the grid, H - size is no multiple of the stride, so that a map
# which lacks or adds squares at the border still holds the others.


@points(2, exercise="occlusion_map")
def test_grid(student):
    """There is one value for each square that lies in the picture as a whole."""
    generator = student.generator(11)
    for shape, size, stride in (((9, 14), 3, 3), ((10, 6), 4, 3), ((5, 8), 5, 2), ((8, 7), 3, 3)):
        image, model = random_images(generator, 1, shape), flat_probe(generator, shape)
        value = student.occlusion_map(model, image, 1, size, stride, 0.5)
        require_answer(value, image, "occlusion_map")
        expected = grid(shape, size, stride)
        found = tuple(torch.as_tensor(value).shape)
        if found != expected:
            case = f"{shape[0]} x {shape[1]} pixels, squares of {size}, stride {stride}"
            why = misshapen(found, shape, size, stride)
            raise AssertionError(f"{case}: expected shape {expected}, got {found}. {why}")
    require_a_map(student)


def grid(shape, size: int, stride: int) -> tuple[int, int]:
    """Return the rows and columns of full squares."""
    return tuple((n - size) // stride + 1 for n in shape)


def misshapen(found: tuple, shape: tuple, size: int, stride: int) -> str:
    """Return what may have led to a map of that shape."""
    rows, columns = grid(shape, size, stride)
    if found == (columns, rows):
        return "Rows and columns are exchanged"
    if found in [grid(shape, size, other) for other in {1, size} - {stride}]:
        return "The squares do not lie `stride` pixels apart"
    if len(found) != 2:
        return "The map has two axes, the rows and columns of squares"
    if found[0] > rows or found[1] > columns:
        return "Squares that reach over the border do not count; and is W used for the columns?"
    return (
        "Do the last squares, which end at the border, get lost? The last place is H - size, and "
        "`range` leaves out its end"
    )


def require_a_map(student) -> None:
    """Fail unless the map depends on the network: side matters of garbage earn nothing."""
    generator = student.generator(12)
    image, model = random_images(generator, 1, (7, 7)), flat_probe(generator, (7, 7))
    value = values_of(student.occlusion_map(model, image, 1, 2, 2, 0.5), image, (3, 3))
    assert value.std() > 1e-6, FLAT
    blind = linear_probe(torch.zeros(3, 3, 7, 7))
    value = values_of(student.occlusion_map(blind, image, 1, 2, 2, 0.5), image, (3, 3))
    assert value.std() < 1e-6, "the values vary although the network reads no pixel"


FLAT = (
    "the map is the same everywhere: is it the covered picture that goes through the network, "
    "and is softmax taken over the classes (`dim=1`)?"
)


@points(3, exercise="occlusion_map")
def test_each_square(student):
    """Row i and column j of the map belong to row i and column j of squares."""
    generator = student.generator(13)
    shape = (13, 13)
    image, model = random_images(generator, 1, shape), winning_probe(generator, shape)
    value = values_of(student.occlusion_map(model, image, 1, 3, 3, 0.5), image, (4, 4))
    assert value.std() > 1e-6, FLAT
    logits = reference.occlusion_logits(model, image, 3, 3, 0.5)
    together = torch.stack([keep_covering(model, image, k) for k in range(16)]).reshape(4, 4)
    p = logits.softmax(-1)[..., 1]
    known = {
        "rows and columns are exchanged": p.T,
        "the squares pile up: start each place from the untouched picture": together,
        "the map is upside down": p.flip(0),
    }
    if same_places(value, logits, 1):
        return
    for text, wrong in known.items():
        assert not alike(value, wrong), text
    raise AssertionError("the values are not those of the squares at their places")


def keep_covering(model, image, last: int) -> Tensor:
    """Return the probability of class 1 where the squares 0 to `last` are all covered."""
    image = image.double()
    for k in range(last + 1):
        image = reference.occlude(image, 3 * (k // 4), 3 * (k % 4), 3, 0.5)
    return model(image.float())[0].double().softmax(0)[1]


@points(2, exercise="occlusion_map")
def test_stride(student):
    """Squares lie `stride` apart: they overlap, or leave gaps."""
    generator = student.generator(14)
    for side, size, stride in ((11, 4, 2), (11, 2, 4), (12, 5, 3)):
        shape = (side, side)
        image, model = random_images(generator, 1, shape), winning_probe(generator, shape)
        count = (side - size) // stride + 1
        value = student.occlusion_map(model, image, 1, size, stride, 0.5)
        found = tuple(getattr(value, "shape", ()))
        assert len(found) != 2 or min(found) >= count, (
            f"with stride={stride}, squares of {size} and {side} pixels there are {found[0]} rows: "
            "the squares should start `stride` pixels apart"
        )
        logits = reference.occlusion_logits(model, image, size, stride, 0.5)
        value = values_of(value, image, (count, count))
        assert value.std() > 1e-6, FLAT
        assert any(same_places(v, logits, 1) for v in turned(value)), (
            f"with stride={stride} and size={size} the squares are not `stride` pixels apart"
        )


@points(2, exercise="occlusion_map")
def test_probability(student):
    """The values are probabilities of the class."""
    generator = student.generator(15)
    shape, bias = (7, 7), torch.tensor([3.0, 0.0, 0.0, 0.0, 0.0])  # class 0 wins, not by much
    weight = torch.randn(5, 3, *shape, generator=generator) / 20
    model, image = linear_probe(weight, bias), random_images(generator, 1, shape)
    label = 0
    logits = reference.occlusion_logits(model, image, 6, 2, 0.5)[0, 0]
    p, before = logits.softmax(0), model(image)[0].double().softmax(0)
    value = values_of(student.occlusion_map(model, image, label, 6, 2, 0.5), image, (1, 1))
    require(
        value[0, 0],
        p[label],
        "the value is not the label's probability for the covered picture",
        mistakes={
            "the map holds logits: softmax makes them probabilities": logits[label],
            "the map holds log-probabilities": p[label].log(),
            "this is the sigmoid of the label's logit alone, and knows no other class: take the "
            "softmax over all logits": logits[label].sigmoid(),
            "the map holds how far the probability falls; return the probability itself": (
                before[label] - p[label]
            ),
            "the map holds how far the probability rises; return the probability itself": (
                p[label] - before[label]
            ),
            "softmax runs over the pictures of the batch: take it over the classes (`dim=1`)": (
                torch.ones(())
            ),
        },
    )


@points(2, exercise="occlusion_map")
def test_label(student):
    """The map is about the label that is given, not about the class that wins."""
    generator = student.generator(16)
    shape, bias = (13, 13), torch.tensor([1.0, 0.0, 2.0, 0.0])
    image = random_images(generator, 1, shape)
    model = flat_probe(generator, shape, classes=4, bias=bias)
    logits = reference.occlusion_logits(model, image, 3, 3, 0.5)
    for label in (1, 3):
        value = values_of(student.occlusion_map(model, image, label, 3, 3, 0.5), image, (4, 4))
        about = [k for k in range(4) if any(same_places(v, logits, k) for v in turned(value))]
        assert about != [2], "the map is about the class that wins: use the `label` that is given"
        assert label in about or not about, "the map is about another class: use the `label` given"
    require_a_map(student)


@points(2, exercise="occlusion_map")
def test_fill(student):
    """The fill is the one that is given: a number, a colour, a picture."""
    generator = student.generator(17)
    shape = (9, 9)
    model = winning_probe(generator, shape)
    colour = torch.tensor([0.1, 0.9, 0.3])
    painted = colour.view(1, 3, 1, 1).expand(1, 3, *shape).contiguous()
    picture = random_images(generator, 1, shape)
    require_a_map(student)
    for what, image, fill in (
        ("the number 0.2", torch.full((1, 3, *shape), 0.2), 0.2),
        ("a colour", painted, colour),
        ("a picture", picture, picture.clone()),
    ):
        value = values_of(student.occlusion_map(model, image, 1, 2, 2, fill), image, (4, 4))
        assert value.std() < 1e-6, (
            f"the fill is {what}, and the picture looks just so; covering it should change nothing "
            "anywhere. Is `fill` passed on?"
        )


def witnessed(student, number: int, **options):
    """Return what the worker saw of a call with 45 squares, once the function makes maps."""
    require_a_map(student)
    generator = student.generator(number)
    image, model = random_images(generator, 1, SIZE), flat_probe(generator, SIZE)
    call = student.call("occlusion_map", model, image, 1, 5, 1, 0.5, **options)
    return call


@points(1, exercise="occlusion_map")
def test_at_most_16_at_a_time(student):
    """No forward pass gets more than 16 pictures (witnessed by the worker)."""
    batches = [len(x) for x in witnessed(student, 18, record=True).forwards]
    assert batches, "the network that is given was never called"
    assert max(batches) <= 16, (
        f"a batch holds {max(batches)} pictures: at most 16 at a time, so that memory stays "
        "bounded however many squares there are"
    )


@points(1, exercise="occlusion_map")
def test_one_picture_a_square(student):
    """As many pictures go through the network as there are squares (witnessed by the worker)."""
    call = witnessed(student, 19, record=True)
    batches = [len(x) for x in call.forwards]
    assert batches, "the network that is given was never called"
    squares = torch.as_tensor(call.value).numel()
    assert sum(batches) <= squares + 1, (  # one for the untouched picture does no harm
        f"{squares} squares took {sum(batches)} pictures through the network: one each is enough"
    )


@points(1, exercise="occlusion_map")
def test_no_graph(student):
    """No graph is kept, even for an image that requires gradients (witnessed by the worker)."""
    require_a_map(student)
    generator = student.generator(20)
    shape = (7, 7)
    image, model = random_images(generator, 1, shape), flat_probe(generator, shape)
    call = student.call("occlusion_map", model, image, 1, 2, 2, 0.5, gradients=(1,))
    assert not call.gradients[0].any(), (
        "the map depends on the image through a graph, which keeps every layer of every square in "
        "memory: work inside `torch.no_grad()`"
    )


@points(1, exercise="occlusion_map")
def test_image_and_model_unchanged(student):
    """The caller's picture and the network stay as they were (witnessed by the worker)."""
    call = witnessed(student, 21)
    assert call.inputs_unchanged, "the given picture is painted on: cover copies of it"
    assert call.models_unchanged, (
        "the network is not as it was before: its mode, a weight, `requires_grad` or a hook changed"
    )
