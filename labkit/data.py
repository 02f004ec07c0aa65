"""Pictures for the labs: sample photos, textures, styles, digits; the galleries that download.

A photo of your own: put it into a folder `my-photos` beside the notebook, or one folder up (or set
LABKIT_PHOTOS to any folder). `my-photos/dog.jpg` is then `photo("dog")`, and `my-photos/cat.jpg`
takes the place of the kit's cat in every lab that uses it.
"""

import csv
import os
import warnings
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from labkit.galleries import (
    DownloadError,
    Gallery,
    cache_folder,
    cifar10,
    gallery,
    gallery_available,
    gallery_groups,
    imagenette,
    painting,
    painting_names,
)
from labkit.images import Size, check_images, height_width, load_image, resize, to_tensor

__all__ = [
    "DownloadError",
    "Gallery",
    "Sample",
    "cache_folder",
    "cifar10",
    "digits",
    "gallery",
    "gallery_available",
    "gallery_groups",
    "imagenette",
    "painting",
    "painting_names",
    "patches",
    "photo",
    "photo_label",
    "photo_names",
    "photos",
    "sample_gallery",
    "samples",
    "style",
    "style_names",
    "texture",
    "texture_names",
]

OWN_PHOTOS = "my-photos"
# Pictures that Pillow may not read: they are taken, so that the error can say what to do.
OFTEN_UNREADABLE = {".heic", ".heif", ".avif"}
DIGIT_TEST_SHARE = 0.3


@dataclass(frozen=True)
class Sample:
    """A picture that a Python package carries, with what its credits have to say."""

    kind: str  # "photo" or "texture"
    name: str
    package: str
    file: str  # inside the package
    box: tuple[int, int, int, int]  # left, top, width, height: the object well in view
    imagenet_index: int | None  # None where no ImageNet class fits
    label: str
    author: str
    licence: str
    source: str

    @property
    def path(self) -> Path:
        """The file on this computer."""
        return Path(find_spec(self.package).submodule_search_locations[0]) / self.file


@cache
def samples() -> tuple[Sample, ...]:
    """Return every photo and texture that needs no network, with author, licence and source."""
    text = (files("labkit") / "samples.csv").read_text(encoding="utf-8")
    return tuple(_sample(row) for row in csv.DictReader(text.splitlines()))


def photo(name: str, size: Size = 224) -> Tensor:
    """Return one of `photo_names()`, (1, 3, size, size), in [0, 1].

    Args:
        name: a file of your own called so goes before the kit's photo: see the top of this module.
        size: an int for a square, or (h, w).
    Raises: ValueError for an unknown name; the message lists the known ones.
    """
    own = _own_photos().get(name)
    return _own(own, size) if own else _packaged("photo", name, height_width(size)).clone()


def photos(names: list[str] | None = None, size: Size = 224) -> Tensor:
    """Return several photos (all by default) as one batch, (N, 3, size, size)."""
    names = photo_names() if names is None else names
    if len(names) == 0:
        raise ValueError("names is empty; expected some of photo_names(), or None for all")
    return torch.cat([photo(name, size) for name in names])


def photo_names() -> list[str]:
    """Return the names that `photo` takes: the kit's own, then those that you added."""
    names = [sample.name for sample in samples() if sample.kind == "photo"]
    return names + [name for name in _own_photos() if name not in names]


def photo_label(name: str) -> int | None:
    """Return the ImageNet class of a photo: None where there is none, or for your own photo."""
    if name not in photo_names():
        raise _unknown("photo", name, photo_names())
    known = {sample.name: sample.imagenet_index for sample in samples()}
    return None if name in _own_photos() else known[name]


def texture(name: str, size: Size = 256) -> Tensor:
    """Return one of `texture_names()`, (1, 3, size, size); all but "histology" are grey."""
    return _packaged("texture", name, height_width(size)).clone()


def texture_names() -> list[str]:
    """Return the names that `texture` takes."""
    return [sample.name for sample in samples() if sample.kind == "texture"]


def style(name: str, size: int = 256) -> Tensor:
    """Return one of `style_names()`, painted by code, (1, 3, size, size)."""
    return _painted(name, size).clone()


def style_names() -> list[str]:
    """Return the names that `style` takes."""
    from labkit.styles import PAINTINGS

    return list(PAINTINGS)


def digits(split: str | None = None) -> tuple[Tensor, Tensor]:
    """Return scikit-learn's handwritten digits, white strokes on black, enlarged from 8 x 8.

    Args:
        split: "train" (70 %), "test" (30 %) or None for all 1797; stratified and fixed.
    Returns: images (N, 3, 32, 32) float32 in [0, 1] with three equal channels; labels (N,) int64.
    Raises: ValueError for another split.
    """
    images, labels, in_test = _all_digits()
    if split not in (None, "train", "test"):
        raise ValueError(f"split is {split!r}; expected 'train', 'test' or None for all digits")
    chosen = torch.ones_like(in_test) if split is None else in_test == (split == "test")
    return images[chosen], labels[chosen]


def patches(images: Tensor, size: int, count: int, seed: int = 0) -> Tensor:
    """Cut `count` square patches at random places out of random images.

    Args:
        images: (N, 3, H, W) in [0, 1].
        size: side of a patch, at most the shorter side of the images.
    Returns: (count, 3, size, size), a copy.
    """
    check_images(images)
    N, _, H, W = images.shape
    if not 1 <= size <= min(H, W):
        raise ValueError(f"size is {size}; expected 1 to {min(H, W)}, images are {H} x {W}")
    generator = torch.Generator().manual_seed(seed)
    which, top, left = (
        torch.randint(stop, (count,), generator=generator).to(images.device)
        for stop in (N, H - size + 1, W - size + 1)
    )
    along = torch.arange(size, device=images.device)
    rows = (top[:, None] + along)[:, :, None]  # (count, size, 1)
    columns = (left[:, None] + along)[:, None, :]  # (count, 1, size)
    return images[which[:, None, None], :, rows, columns].movedim(-1, 1).contiguous()


def sample_gallery(size: int = 224, views: int = 8, seed: int = 0) -> Gallery:
    """Return a gallery that needs no network: several views of every picture of the kit.

    A view is a random cut, mirrored half of the time. The group of a view is the picture that it
    was cut from, so neighbours in feature space should share it.

    Args:
        size: side of a view.
        views: how many views of each picture.
    Returns: `Gallery` of views * (photos + textures + styles), labels as in `photo_label`, or -1.
    """
    if views < 1:
        raise ValueError(f"views is {views}; expected at least 1 of each picture")
    generator = torch.Generator().manual_seed(seed)
    pictures = {
        sample.name: _packaged(sample.kind, sample.name, (256, 256)) for sample in samples()
    }
    pictures |= {name: _painted(name, 256) for name in style_names()}
    labels = {sample.name: sample.imagenet_index for sample in samples()}
    cuts = [
        resize(_view(image, generator), (size, size))
        for image in pictures.values()
        for _ in range(views)
    ]
    groups = [name for name in pictures for _ in range(views)]
    known = [labels.get(name) for name in groups]
    return Gallery(
        images=torch.cat(cuts),
        labels=torch.tensor([-1 if label is None else label for label in known]),
        names=[f"{name}-{i % views}" for i, name in enumerate(groups)],
        groups=groups,
    )


def _view(image: Tensor, generator: torch.Generator) -> Tensor:
    """Cut a square of 60 to 95 % of the side, mirrored at random."""
    side = image.shape[-1]
    share, down, right, mirror = torch.rand(4, generator=generator).tolist()
    cut = round(side * (0.6 + 0.35 * share))
    top, left = round(down * (side - cut)), round(right * (side - cut))
    view = image[..., top : top + cut, left : left + cut]
    return view.flip(-1) if mirror < 0.5 else view


def _own_photos() -> dict[str, Path]:
    """Return the user's own photos by name; the folder may change while a notebook runs."""
    chosen = os.environ.get("LABKIT_PHOTOS")
    folders = [Path(chosen)] if chosen else [Path(OWN_PHOTOS), Path("..") / OWN_PHOTOS]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        if chosen:
            message = (
                f"LABKIT_PHOTOS is {chosen}, which is no folder: only the kit's photos are used"
            )
            warnings.warn(message, stacklevel=3)
        return {}
    # Not what systems leave behind (Thumbs.db, desktop.ini), nor notes about the photos.
    found = [f for f in sorted(folder.iterdir()) if f.is_file() and _is_picture_name(f.name)]
    return {file.stem: file for file in reversed(found)}


def _is_picture_name(name: str) -> bool:
    return name[0] != "." and Path(name).suffix.lower() in _picture_endings()


@cache
def _picture_endings() -> set[str]:
    known = Image.registered_extensions()
    return {ending for ending, kind in known.items() if kind in Image.OPEN} | OFTEN_UNREADABLE


def _own(path: Path, size: Size) -> Tensor:
    # Said aloud, or a forgotten file would make a lab's numbers a riddle.
    print(f"Your own photo {path} is used for {path.stem!r}.")
    return load_image(path, size)


@lru_cache(maxsize=64)
def _packaged(kind: str, name: str, size: tuple[int, int]) -> Tensor:
    known = {sample.name: sample for sample in samples() if sample.kind == kind}
    if name not in known:
        raise _unknown(kind, name, photo_names() if kind == "photo" else list(known))
    return load_image(known[name].path, size, box=known[name].box)


@lru_cache(maxsize=16)
def _painted(name: str, size: int) -> Tensor:
    from labkit.styles import paint

    return to_tensor(paint(name, size))


def _unknown(kind: str, name: str, known: list[str]) -> ValueError:
    own = f", or a file of your own in {OWN_PHOTOS}/" if kind == "photo" else ""
    return ValueError(f"No {kind} {name!r}; expected one of {', '.join(known)}{own}")


def _sample(row: dict[str, str]) -> Sample:
    left, top, width, height = map(int, row["box"].split())
    index = int(row["imagenet_index"]) if row["imagenet_index"] else None
    return Sample(**{**row, "box": (left, top, width, height), "imagenet_index": index})


@cache
def _all_digits() -> tuple[Tensor, Tensor, Tensor]:
    """Return every digit, its label, and whether it belongs to the test split (N,) bool."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    raw = load_digits()
    small = torch.from_numpy(raw.images).float().div(16)[:, None]  # (N, 1, 8, 8)
    large = F.interpolate(small, size=(32, 32), mode="bilinear", align_corners=False)
    labels = torch.from_numpy(raw.target).long()
    _, test = train_test_split(
        range(len(labels)), test_size=DIGIT_TEST_SHARE, random_state=0, stratify=raw.target
    )
    in_test = torch.zeros(len(labels), dtype=torch.bool)
    in_test[test] = True
    return large.repeat(1, 3, 1, 1), labels, in_test
