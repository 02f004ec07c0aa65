"""Visible checks of lab 04: constants worked by hand, and identities."""

import torch

from labkit.check import points

# scale_maps


def shape_of(maps):
    """Return the shape of a tensor, or say that the result is none."""
    assert isinstance(maps, torch.Tensor), f"the result is a {type(maps).__name__}, not a tensor"
    return tuple(maps.shape)


def two_maps():
    """Return (2, 1, 3): values 1 to 3, and 3 to 11."""
    return torch.tensor([[[1.0, 3.0, 2.0]], [[3.0, 11.0, 7.0]]])


def values_of(maps):
    """Return a result's values as rounded numbers."""
    return [round(float(value), 2) for value in maps.flatten()]


@points(1, exercise="scale_maps")
def test_each_map_by_itself(student):
    """Maps (1, 3, 2) and (3, 11, 7), each by itself: (0, 1, 0.5) twice."""
    maps = student.scale_maps(two_maps(), True)
    assert shape_of(maps) == (2, 1, 3), f"expected (2, 1, 3), got {shape_of(maps)}"
    found = values_of(maps)
    assert found == [0, 1, 0.5] * 2, (
        f"got {found}: take minimum and maximum over rows and columns of each map, and subtract "
        "the minimum first"
    )


@points(1, exercise="scale_maps")
def test_one_scale_for_all(student):
    """The same maps on one scale, 1 to 11: (0, 0.2, 0.1) and (0.2, 1, 0.6)."""
    maps = student.scale_maps(two_maps(), False)
    assert shape_of(maps) == (2, 1, 3), f"expected (2, 1, 3), got {shape_of(maps)}"
    found = values_of(maps)
    assert found == [0, 0.2, 0.1, 0.2, 1, 0.6], (
        f"got {found}: with `per_map=False` one minimum and one maximum serve all maps"
    )


@points(1, exercise="scale_maps")
def test_constant_map(student):
    """A constant map is 0 everywhere, the map beside it is scaled as ever."""
    maps = student.scale_maps(torch.tensor([[[4.0, 4.0]], [[0.0, 2.0]]]), True)
    found = values_of(maps)
    assert not any(value != value for value in found), (
        "the result holds NaN: a constant map's range is 0, do not divide by it"
    )
    assert found == [0, 0, 0, 1], f"expected 0, 0 for the constant map and 0, 1, got {found}"


# receptive_field


def field_of(student, layers):
    """Return the student's three numbers."""
    field = student.receptive_field(layers)
    try:
        size, stride, offset = (float(number) for number in field)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"expected (size, stride, offset), got {field!r}") from error
    return size, stride, offset


@points(1, exercise="receptive_field")
def test_lectures_example(student):
    """As in the lecture: 3 x 3 sees 3 pixels, two of them see 5."""
    for count, size in ((1, 3), (2, 5)):
        found = field_of(student, [(3, 1, 0)] * count)[0]
        assert found == size, f"{count} of 3 x 3: expected size {size}, got {found:g}"


@points(1, exercise="receptive_field")
def test_stride_by_hand(student):
    """3 x 3 with stride 2, then 3 x 3: pixels 0 to 6, so size 7, stride 2, centre 3."""
    found = field_of(student, [(3, 2, 0), (3, 1, 0)])
    assert found == (7, 2, 3), (
        f"expected (7, 2, 3), got {found}: the second kernel's three units lie 2 pixels apart"
    )


@points(1, exercise="receptive_field")
def test_same_padding(student):
    """With one pixel of padding, unit 0 of 3 x 3 is centred on pixel 0, however many follow."""
    for count in (1, 3):
        found = field_of(student, [(3, 1, 1)] * count)[2]
        assert found == 0, f"{count} of (3, 1, 1): expected offset 0, got {found:g}"


@points(1, exercise="receptive_field")
def test_picture_itself(student):
    """No layer at all: each pixel sees itself, (1, 1, 0)."""
    found = field_of(student, [])
    assert found == (1, 1, 0), f"expected (1, 1, 0), got {found}"


# top_patches


def three_images():
    """Return (3, 2, 2, 3): in channel 1, image 1 reaches 9 and 8, image 2 reaches 5, image 0 2."""
    maps = torch.zeros(3, 2, 2, 3)
    maps[:, 0] = 10.0
    maps[0, 1, 0, 1] = 2.0
    maps[1, 1, 1, 2], maps[1, 1, 0, 0] = 9.0, 8.0
    maps[2, 1, 1, 0] = 5.0
    return maps


def places_of(student, k):
    """Return the student's places as tuples of whole numbers."""
    places = student.top_patches(three_images(), 1, k)
    try:
        return [tuple(int(number) for number in place) for place in places]
    except (TypeError, ValueError) as error:
        raise AssertionError(f"expected a list of (image, row, column), got {places!r}") from error


@points(1, exercise="top_patches")
def test_strongest_place(student):
    """The strongest place of channel 1 is in image 1, row 1, column 2."""
    found = places_of(student, 1)
    assert found == [(1, 1, 2)], f"for k = 1 expected [(1, 1, 2)], got {found}"


@points(1, exercise="top_patches")
def test_best_first_one_an_image(student):
    """The next best are 5 in image 2 and 2 in image 0: image 1 appears once."""
    found = places_of(student, 3)
    images = [place[0] for place in found]
    assert len(set(images)) == len(images), (
        f"image {max(images, key=images.count)} appears twice: only its strongest place counts"
    )
    expected = [(1, 1, 2), (2, 1, 0), (0, 0, 1)]
    assert found == expected, f"expected {expected}, got {found}"


@points(1, exercise="top_patches")
def test_fewer_images_than_k(student):
    """Three images give three places, though k is 5."""
    found = places_of(student, 5)
    assert len(found) == 3, f"expected 3 places, got {len(found)}"
