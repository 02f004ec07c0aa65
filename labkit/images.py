"""Files, arrays and tensors: the one image convention, RGB float32 in [0, 1], (N, 3, H, W)."""

import math
import operator
import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

Size = int | tuple[int, int]

ROUNDING = 1e-6  # by which resizing may overshoot: its float32 weights do not sum to exactly 1
READABLE = "JPEG, PNG, WebP, GIF, BMP or TIFF (save a phone's HEIC photo as JPEG first)"


def load_image(
    source: str | Path | bytes | BinaryIO,
    size: Size | None = None,
    *,
    box: tuple[int, int, int, int] | None = None,
) -> Tensor:
    """Read a picture of any kind as a batch of one.

    Grey, palette, 16-bit and CMYK pictures become RGB, transparency is laid over white, the
    camera's orientation is respected, and of an animation the first frame is taken.

    Args:
        source: a path, the bytes of a file, or an open binary file.
        size: None keeps the picture as it is; (h, w) cuts the largest centred rectangle of that
            shape and resizes it, antialiased; an int is the square (size, size).
        box: (left, top, width, height) in pixels of the file, cut out before anything else.
    Returns: (1, 3, H, W) float32 in [0, 1].
    Raises: FileNotFoundError; ValueError if the file is no picture or a damaged one.
    """
    opened = BytesIO(source) if isinstance(source, bytes) else source
    label = f"{source}" if isinstance(source, str | Path) else "the data"
    if isinstance(opened, str | Path) and not Path(opened).is_file():
        raise FileNotFoundError(f"No file {label}; expected a picture: {READABLE}")
    try:
        with Image.open(opened) as picture:
            rgb = _to_rgb(ImageOps.exif_transpose(picture))
    # Of a damaged file, Pillow's plugins raise whatever their parsers do: struct.error, TypeError.
    except Exception as error:
        raise ValueError(
            f"{label} cannot be read as a picture, or is damaged: {error}. Expected {READABLE}"
        ) from error
    if box is not None:
        left, top, width, height = box
        rgb = rgb.crop((left, top, left + width, top + height))
    if size is not None:
        height, width = height_width(size)
        rgb = ImageOps.fit(rgb, (width, height), method=Image.Resampling.BICUBIC)
    return to_tensor(rgb)


def load_folder(
    path: str | Path, size: Size = 224, limit: int | None = None
) -> tuple[Tensor, list[str]]:
    """Read the pictures of one folder in the order of their names.

    Files that are no pictures are left out with one warning that names them; hidden files and
    folders inside are ignored.

    Args:
        path: the folder.
        size: as in `load_image`; one size, so that the pictures form a batch.
        limit: read at most this many pictures.
    Returns: images (N, 3, H, W) and the N file names.
    Raises: FileNotFoundError without the folder; ValueError if it holds no readable picture.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise FileNotFoundError(f"No folder {folder}; expected a folder of pictures: {READABLE}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; expected at least 1, or None for every picture")
    images, names, skipped = [], [], []
    for file in sorted(f for f in folder.iterdir() if f.is_file() and f.name[0] != "."):
        if len(images) == limit:
            break
        try:
            images.append(load_image(file, size))
            names.append(file.name)
        except ValueError:
            skipped.append(file.name)
    if skipped:
        warnings.warn(f"Left out of {folder}, not readable: {', '.join(skipped)}", stacklevel=2)
    if not images:
        raise ValueError(f"No picture in {folder}; expected at least one file: {READABLE}")
    return torch.cat(images), names


def save_image(image: Tensor, path: str | Path) -> Path:
    """Write one picture, (3, H, W) or (1, 3, H, W); the path's ending decides the format.

    Values outside [0, 1] are clipped, and a missing folder is made.
    """
    if image.ndim == 4 and len(image) != 1:
        raise ValueError(f"A file holds one picture, got a batch of {len(image)}; pass images[i]")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(to_array(image.reshape(image.shape[-3:]))).save(path)
    return path


def to_tensor(array: np.ndarray | Image.Image) -> Tensor:
    """Return a copy of an array or PIL picture in the image convention.

    Args:
        array: (H, W) grey, (H, W, 1 | 3 | 4) or (N, H, W, 1 | 3 | 4); uint8 in [0, 255], or bool or
            floating point in [0, 1]. A fourth channel is opacity over white. A PIL picture may have
            any mode that `load_image` takes, but for "I", whose range is unknown.
    Returns: (N, 3, H, W) float32 in [0, 1].
    Raises: ValueError for another shape, type or range.
    """
    if isinstance(array, Image.Image) and array.mode not in ("I", "F"):  # those are plain numbers
        array = _to_rgb(array)
    array = np.asarray(array)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim == 3:
        array = array[None]
    if array.ndim != 4 or array.shape[3] not in (1, 3, 4) or 0 in array.shape:
        raise ValueError(
            f"The array has shape {array.shape}; expected (H, W), (H, W, 3) or (N, H, W, 3)"
        )
    if array.dtype != np.uint8 and array.dtype != bool and array.dtype.kind != "f":
        raise ValueError(f"The array is {array.dtype}; expected uint8, bool or floating point")
    scale = 255 if array.dtype == np.uint8 else 1
    # A float32 copy in channels-first order, whatever strides came in.
    images = torch.from_numpy((array.astype(np.float32) / scale).transpose(0, 3, 1, 2).copy())
    if images.shape[1] == 4:
        images = images[:, :3] * images[:, 3:] + (1 - images[:, 3:])
    images = images.expand(-1, 3, -1, -1).contiguous()
    return check_images(images) if array.dtype.kind == "f" else images


def to_array(images: Tensor, *, dtype: type = np.uint8) -> np.ndarray:
    """Return pictures with channels last, for Matplotlib, PIL or OpenCV.

    Args:
        images: (N, 3, H, W), or one picture (3, H, W); values outside [0, 1] are clipped.
        dtype: np.uint8 for [0, 255], or a floating-point type for [0, 1].
    Returns: (N, H, W, 3), or (H, W, 3) for one picture without the batch axis.
    Raises: ValueError for another shape or type, or if a value is not finite.
    """
    if images.ndim not in (3, 4) or images.shape[-3] != 3 or 0 in images.shape:
        raise ValueError(
            f"Images have shape {_shape(images)}; expected (N, 3, H, W) or (3, H, W), not empty"
        )
    if np.dtype(dtype) != np.uint8 and np.dtype(dtype).kind != "f":
        raise ValueError(
            f"dtype is {np.dtype(dtype)}; expected uint8, or floating point: scale that yourself"
        )
    _finite_range(images)
    array = images.detach().float().clamp(0, 1).movedim(-3, -1).cpu().numpy()
    if np.dtype(dtype) == np.uint8:
        return (array * 255).round().astype(np.uint8)
    return array.astype(dtype)  # always a copy: the caller's tensor shares no memory with it


def resize(images: Tensor, size: Size) -> Tensor:
    """Resize (N, 3, H, W), antialiased and, but for rounding, within the range of the input.

    Args:
        images: (N, 3, H, W).
        size: (h, w), or an int for the shorter side with the shape kept, as in torchvision.
    Returns: (N, 3, h, w).
    Raises: ValueError for images without a batch axis, or another size.
    """
    if images.ndim != 4:
        raise ValueError(
            f"Images have shape {_shape(images)}; expected (N, 3, H, W)" + _shape_hint(images)
        )
    height, width = images.shape[-2:]
    if not np.iterable(size):
        scale = height_width(size)[0] / min(height, width)
        size = (round(height * scale), round(width * scale))
    # Bilinear cannot overshoot as bicubic does, so no clamp cuts the gradient.
    size = height_width(size)
    return F.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=True)


def center_crop(images: Tensor, size: Size) -> Tensor:
    """Cut the central (h, w), or the central square of an int, out of (N, 3, H, W); no resizing."""
    height, width = height_width(size)
    if height > images.shape[-2] or width > images.shape[-1]:
        raise ValueError(
            f"Cannot cut {height} x {width} out of {images.shape[-2]} x {images.shape[-1]} pixels; "
            "resize the images first"
        )
    top, left = (images.shape[-2] - height) // 2, (images.shape[-1] - width) // 2
    return images[..., top : top + height, left : left + width].clone()


def height_width(size: Size) -> tuple[int, int]:
    """Return both sides of a size, an int or a pair of them, NumPy's integers too."""
    try:
        pair = tuple(operator.index(side) for side in (size if np.iterable(size) else (size, size)))
    except TypeError:  # no whole numbers
        pair = ()
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(f"size is {size!r}; expected a positive int or (height, width)")
    return pair


def check_images(images: Tensor, *, bounded: bool = True) -> Tensor:
    """Return `images` itself if it keeps the image convention.

    Args:
        images: what should be (N, 3, H, W) float32, finite, in [0, 1].
        bounded: False allows finite values outside [0, 1].
    Raises: TypeError if it is no tensor; ValueError that says what came and how to repair it.
    """
    if not isinstance(images, Tensor):
        raise TypeError(f"Images are a {type(images).__name__}; expected a tensor: use to_tensor")
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape:
        raise ValueError(
            f"Images have shape {_shape(images)}; expected (N, 3, H, W)" + _shape_hint(images)
        )
    if images.dtype != torch.float32:
        repair = ": use .float() / 255" if images.dtype == torch.uint8 else ": use .float()"
        raise ValueError(f"Images are {images.dtype}; expected torch.float32{repair}")
    low, high = _finite_range(images)
    if bounded and (low < -ROUNDING or high > 1 + ROUNDING):
        raise ValueError(
            f"Images lie in [{low:.3g}, {high:.3g}]; expected [0, 1]: "
            + (
                "divide by 255"
                if low >= 0 and high > 2
                else "clamp them; networks normalize inside"
            )
        )
    return images


def _to_rgb(picture: Image.Image) -> Image.Image:
    """Return an 8-bit RGB copy: 16-bit grey scaled down, transparency over white."""
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, dtype=np.float64)
        float_top = 1 if values.max() <= 1 else 255
        values *= 255 / (float_top if picture.mode == "F" else 65535)
        if not np.isfinite(values).all():
            raise ValueError("it holds NaN or infinity")
        picture = Image.fromarray(values.clip(0, 255).round().astype(np.uint8))
    if picture.has_transparency_data:
        opaque = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(opaque, picture.convert("RGBA"))
    return picture.convert("RGB")


def _finite_range(images: Tensor) -> tuple[float, float]:
    """Return the smallest and the largest value; one pass, in which NaN shows too."""
    low, high = (value.item() for value in images.detach().aminmax())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("Images hold NaN or infinity; a step before this one diverged")
    return low, high


def _shape_hint(images: Tensor) -> str:
    if images.ndim == 3 and images.shape[0] == 3:
        return ": add the batch axis with image[None]"
    if images.ndim in (3, 4) and images.shape[-1] == 3:
        return ": channels come last here, use to_tensor on the array, or movedim(-1, -3)"
    if images.ndim == 4 and images.shape[1] == 1:
        return ": a grey picture repeats its channel, images.expand(-1, 3, -1, -1)"
    return ""


def _shape(images: Tensor) -> tuple[int, ...]:
    return tuple(images.shape)
