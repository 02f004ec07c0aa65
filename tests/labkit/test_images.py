"""Files, arrays and tensors: every kind of file ends in the one image convention."""

import struct
import warnings
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from labkit import images
from labkit.images import check_images, load_folder, load_image, save_image, to_array, to_tensor

# Left half red, right half blue, 6 x 4 (width x height).
TWO_COLOURS = np.zeros((4, 6, 3), dtype=np.uint8)
TWO_COLOURS[:, :3, 0] = TWO_COLOURS[:, 3:, 2] = 255


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def png(tmp_path):
    path = tmp_path / "two.png"
    path.write_bytes(encoded(Image.fromarray(TWO_COLOURS)))
    return path


# --- load_image -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrap", [lambda p: p, str, lambda p: p.read_bytes(), lambda p: p.open("rb")]
)
def test_load_image_takes_a_path_bytes_or_an_open_file(png, wrap):
    image = load_image(wrap(png))
    assert image.shape == (1, 3, 4, 6)
    assert image.dtype == torch.float32
    assert torch.equal(image, torch.from_numpy(TWO_COLOURS).permute(2, 0, 1)[None] / 255)


def test_orientation_of_the_camera_is_respected():
    """A phone stores the picture lying and a tag that turns it."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    image = load_image(encoded(Image.fromarray(TWO_COLOURS), exif=exif))
    assert image.shape == (1, 3, 6, 4)
    assert image[0, 0, 0].eq(1).all()  # what was left is now at the top
    assert image[0, 2, -1].eq(1).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "PA", "CMYK", "I;16"])
def test_every_mode_becomes_rgb_with_its_white_white(mode):
    kind = {"CMYK": "TIFF", "PA": "TIFF"}.get(mode, "PNG")
    white = Image.new("L", (5, 4), 255)
    if mode == "I;16":
        white = Image.fromarray(np.full((4, 5), 65535, dtype=np.uint16))
    elif mode == "PA":
        white = white.convert("RGBA").convert("P").convert("PA")
    elif mode == "CMYK":
        white = white.convert("RGB").convert("CMYK")
    else:
        white = white.convert(mode)
    if mode == "PA":
        pixels = images.to_tensor(images._to_rgb(white))  # no common file format stores PA
    else:
        pixels = load_image(encoded(white, kind))
    assert pixels.shape == (1, 3, 4, 5)
    assert pixels.eq(1).all()


def test_16_bit_grey_keeps_its_brightness():
    """Pillow's own conversion clips everything above 255 to white."""
    deep = np.array([[0, 16384], [32768, 65535]], dtype=np.uint16)
    image = load_image(encoded(Image.fromarray(deep)))
    expected = torch.from_numpy(deep / 65535).float()
    assert torch.allclose(image, expected.expand(1, 3, 2, 2), atol=0.5 / 255 + 1e-6)


def test_a_dark_16_bit_picture_stays_dark():
    image = load_image(encoded(Image.fromarray(np.full((2, 2), 200, dtype=np.uint16))))
    assert image.max() < 2 / 255


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_floating_point_tiff_is_scaled_by_its_range(top):
    values = np.array([[0, 0.5], [0.25, 1]], dtype=np.float32)
    image = load_image(encoded(Image.fromarray(values * top), "TIFF"))
    assert torch.allclose(image[0, 1], torch.from_numpy(values), atol=0.5 / 255 + 1e-6)


def test_transparency_is_laid_over_white():
    half = Image.new("RGBA", (2, 2), (255, 0, 0, 128))
    assert torch.allclose(
        load_image(encoded(half))[0, :, 0, 0], torch.tensor([1, 127 / 255, 127 / 255]), atol=1e-6
    )
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert load_image(encoded(palette, transparency=0)).eq(1).all()


def test_int_size_is_the_centred_square_and_pair_keeps_proportions():
    """A circle must not become an ellipse: the picture is cut, never stretched."""
    wide = np.zeros((40, 80, 3), dtype=np.uint8)
    wide[:, 20:60] = 255  # the central square is white
    data = encoded(Image.fromarray(wide))
    assert load_image(data, 16).shape == (1, 3, 16, 16)
    assert load_image(data, 16).min() > 0.9  # the filter sees a little of the black beside it
    assert load_image(data, (10, 20)).shape == (1, 3, 10, 20)
    assert load_image(data, (10, 20))[0, 0, 0, 0] == 0


def test_resizing_is_antialiased():
    """Fine noise shrinks to almost even grey, not to a sample of its pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (80, 80), dtype=np.uint8)
    assert to_tensor(noise).std() > 0.25
    assert load_image(encoded(Image.fromarray(noise)), 8).std() < 0.06
    assert images.resize(to_tensor(noise), 8).std() < 0.06


def test_missing_file_and_folder_say_what_was_expected(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"No file .*nothing\.jpg; expected a picture: JPEG"
    ):
        load_image(tmp_path / "nothing.jpg")
    with pytest.raises(FileNotFoundError, match="No file"):
        load_image(tmp_path)


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"%PDF-1.7"]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_damaged_and_foreign_files_are_named(tmp_path, damage, kind):
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    path = tmp_path / "photo.jpg"
    path.write_bytes(damage(encoded(Image.fromarray(noise), kind)))
    with pytest.raises(ValueError, match=r"photo\.jpg cannot be read as a picture.*Expected JPEG"):
        load_image(path)


@pytest.mark.parametrize("error", [struct.error, AttributeError, TypeError, KeyError, IndexError])
def test_whatever_pillow_raises_the_file_is_named_and_left_out(tmp_path, monkeypatch, error):
    """Its plugins raise these for damaged headers and camera data."""
    for name in ("bad", "good"):
        Image.new("L", (9, 7)).save(tmp_path / f"{name}.png")
    turn = ImageOps.exif_transpose

    def fail_at_the_bad_one(picture):
        if "bad" in picture.filename:
            raise error("required argument is not an integer")
        return turn(picture)

    monkeypatch.setattr(ImageOps, "exif_transpose", fail_at_the_bad_one)
    with pytest.raises(ValueError, match=r"bad\.png cannot be read .* not an integer"):
        load_image(tmp_path / "bad.png")
    with pytest.warns(UserWarning, match=r"not readable: bad\.png"):
        assert load_folder(tmp_path, 4)[1] == ["good.png"]


@pytest.mark.parametrize("size", [0, -3, (4,), (4, 0), 2.5, "big", (4, 2.5)])
def test_bad_size_is_refused(png, size):
    with pytest.raises(ValueError, match="expected a positive int or"):
        load_image(png, size)
    for function in (images.resize, images.center_crop):
        with pytest.raises(ValueError, match="expected a positive int or"):
            function(torch.zeros(1, 3, 4, 6), size)


@pytest.mark.parametrize("three", [np.int64(3), torch.tensor(3), np.array(3)])
def test_integers_of_numpy_and_torch_are_sizes(png, three):
    image = torch.zeros(1, 3, 4, 6)
    assert load_image(png, three).shape == (1, 3, 3, 3)
    assert load_image(png, (three, 2)).shape == (1, 3, 3, 2)
    assert load_image(png, [three, 2]).shape == (1, 3, 3, 2)
    assert images.resize(image, three).shape == (1, 3, 3, 4)
    assert images.center_crop(image, (three, 2)).shape == (1, 3, 3, 2)


# --- load_folder ----------------------------------------------------------------------------


def test_folder_is_sorted_and_unreadable_files_are_named_once(tmp_path):
    for grey, name in [(30, "b.png"), (10, "a.png"), (50, "c.png")]:
        Image.new("L", (9, 7), grey).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / ".DS_Store").write_bytes(b"hidden")
    (tmp_path / "more").mkdir()
    with pytest.warns(UserWarning, match=r"not readable: bad\.jpg, notes\.txt") as caught:
        pictures, names = load_folder(tmp_path, size=5)
    assert len(caught) == 1
    assert names == ["a.png", "b.png", "c.png"]
    assert torch.allclose(pictures[:, 0, 2, 2] * 255, torch.tensor([10.0, 30, 50]))
    assert pictures.shape == (3, 3, 5, 5)


def test_folder_limit_stops_reading(tmp_path):
    for name in "ab":
        Image.new("L", (4, 4)).save(tmp_path / f"{name}.png")
    (tmp_path / "z.txt").write_text("never reached")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures, _ = load_folder(tmp_path, size=4, limit=2)
    assert len(pictures) == 2
    with pytest.raises(ValueError, match="limit is 0"):
        load_folder(tmp_path, limit=0)


def test_empty_and_missing_folder(tmp_path):
    with pytest.raises(ValueError, match="No picture in"):
        load_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match="No folder"):
        load_folder(tmp_path / "none")


# --- arrays ---------------------------------------------------------------------------------


def test_to_tensor_and_to_array_are_inverse():
    array = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    assert np.array_equal(to_array(to_tensor(array)), array)
    assert np.array_equal(to_array(to_tensor(array)[1]), array[1])
    as_float = to_array(to_tensor(array), dtype=np.float32)
    assert np.allclose(as_float * 255, array, atol=1e-4)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4), (2, 4, 5, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.float16, bool])
def test_to_tensor_shapes_and_types(shape, dtype):
    tensor = to_tensor(np.ones(shape, dtype=dtype) * (255 if dtype == np.uint8 else dtype(1)))
    assert tensor.shape == (shape[0] if len(shape) == 4 else 1, 3, 4, 5)
    assert tensor.is_contiguous()
    assert tensor.eq(1).all()


def test_to_tensor_takes_reversed_views():
    """OpenCV's BGR turned round by [..., ::-1] has negative strides, which torch refuses."""
    assert to_tensor(TWO_COLOURS[..., ::-1])[0, 2, 0, 0] == 1


@pytest.mark.parametrize("mode", ["P", "PA", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_to_tensor_takes_a_picture_of_any_mode(mode):
    picture = Image.fromarray(TWO_COLOURS)
    converted = (picture.convert("P") if mode == "PA" else picture).convert(mode)
    assert (to_tensor(converted) - to_tensor(TWO_COLOURS)).abs().max() < 0.02


def test_to_tensor_lays_a_transparent_picture_over_white():
    assert to_tensor(Image.new("LA", (3, 2), (0, 0))).eq(1).all()
    assert to_tensor(Image.new("RGBA", (3, 2), (255, 0, 0, 0))).eq(1).all()


def test_to_tensor_refuses_a_picture_of_unknown_range():
    with pytest.raises(ValueError, match="int32; expected uint8"):
        to_tensor(Image.new("L", (3, 2), 200).convert("I"))


def test_arrays_and_tensors_share_no_memory():
    array = np.zeros((4, 5, 3), dtype=np.float32)
    tensor = to_tensor(array)
    back = to_array(tensor, dtype=np.float32)
    tensor += 1
    assert array.sum() == 0
    assert back.sum() == 0


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 4, 5)), r"shape \(1, 3, 4, 5\); expected"),
        (np.zeros(4), "expected"),
        (np.zeros((4, 5), dtype=np.int64), "int64; expected uint8"),
        (np.full((4, 5, 3), 200.0), r"\[200, 200\].*divide by 255"),
        (np.full((4, 5, 3), np.nan), "NaN"),
    ],
)
def test_to_tensor_refuses(array, message):
    with pytest.raises(ValueError, match=message):
        to_tensor(array)


def test_to_array_clips_and_refuses_nan():
    assert np.array_equal(to_array(torch.full((3, 1, 1), 1.7))[0, 0], [255, 255, 255])
    with pytest.raises(ValueError, match="NaN"):
        to_array(torch.full((3, 1, 1), float("nan")))
    with pytest.raises(ValueError, match="expected"):
        to_array(torch.zeros(4, 4))


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int8, bool])
def test_to_array_refuses_a_type_that_would_be_black(dtype):
    with pytest.raises(ValueError, match=f"dtype is {np.dtype(dtype)}; expected uint8, or float"):
        to_array(torch.rand(1, 3, 2, 2), dtype=dtype)


def test_to_array_says_that_a_batch_is_empty():
    with pytest.raises(ValueError, match=r"shape \(0, 3, 4, 4\); expected"):
        to_array(torch.zeros(0, 3, 4, 4))


def test_to_array_takes_an_image_that_needs_grad():
    assert to_array(torch.zeros(1, 3, 2, 2, requires_grad=True)).shape == (1, 2, 2, 3)


def test_save_image_round_trip(tmp_path):
    image = to_tensor(TWO_COLOURS)
    path = save_image(image, tmp_path / "new" / "picture.png")
    assert torch.equal(load_image(path), image)
    save_image(image[0], path)
    with pytest.raises(ValueError, match=r"batch of 2; pass images\[i\]"):
        save_image(image.repeat(2, 1, 1, 1), path)


# --- tensors --------------------------------------------------------------------------------


def test_resize_keeps_range_shape_and_gradient():
    image = torch.rand(2, 3, 10, 20, generator=torch.Generator().manual_seed(0))
    assert images.resize(image, 5).shape == (2, 3, 5, 10)
    assert images.resize(image, (7, 9)).shape == (2, 3, 7, 9)
    up = images.resize(image.requires_grad_(), 37)
    assert up.min() >= 0
    assert up.max() <= 1
    up.sum().backward()
    assert image.grad.gt(0).all()


def test_resize_says_that_the_batch_axis_is_missing():
    with pytest.raises(ValueError, match=r"shape \(3, 4, 4\); expected .*image\[None\]"):
        images.resize(torch.zeros(3, 4, 4), 2)


def test_center_crop_cuts_the_middle_and_copies():
    image = torch.arange(25.0).reshape(1, 1, 5, 5).repeat(1, 3, 1, 1)
    cut = images.center_crop(image, 3)
    assert cut[0, 0].flatten().tolist() == [6, 7, 8, 11, 12, 13, 16, 17, 18]
    cut.zero_()
    assert image.sum() == 3 * 300
    with pytest.raises(ValueError, match=r"Cannot cut 6 x 6 out of 5 x 5"):
        images.center_crop(image, 6)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (torch.zeros(3, 4, 4), r"shape \(3, 4, 4\); expected \(N, 3, H, W\): add the batch axis"),
        (torch.zeros(1, 4, 4, 3), "channels come last"),
        (torch.zeros(1, 1, 4, 4), "repeats its channel"),
        (torch.zeros(0, 3, 4, 4), "shape"),
        (torch.zeros(1, 3, 4, 4, dtype=torch.uint8), r"uint8; expected torch.float32: .* / 255"),
        (torch.zeros(1, 3, 4, 4).double(), "float64"),
        (torch.full((1, 3, 4, 4), 255.0), "divide by 255"),
        (torch.full((1, 3, 4, 4), -1.2), "networks normalize inside"),
        (torch.full((1, 3, 4, 4), float("inf")), "infinity"),
    ],
)
def test_check_images_says_how_to_repair(bad, message):
    with pytest.raises(ValueError, match=message):
        check_images(bad)


def test_check_images_passes_good_ones_and_unbounded_on_request():
    good = torch.rand(1, 3, 2, 2)
    assert check_images(good) is good
    assert check_images(good + 3, bounded=False).min() >= 3
    with pytest.raises(TypeError, match="ndarray; expected a tensor"):
        check_images(np.zeros((1, 3, 2, 2)))


def test_resized_images_keep_the_convention():
    """The weights of a resize do not sum to exactly 1 in float32: white may become 1.0000002."""
    white = images.resize(torch.ones(1, 3, 61, 61), (224, 224))
    assert check_images(white) is white
    with pytest.raises(ValueError, match="clamp"):
        check_images(white + 1e-3)
