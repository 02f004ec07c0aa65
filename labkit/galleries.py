"""Pictures that are downloaded once and kept: photo gallery, paintings, CIFAR-10, Imagenette."""

import csv
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from labkit.downloads import no_stalling
from labkit.images import Size, load_image, to_tensor

# Fixed commits: an address names the same bytes for ever, and the lists hold their SHA-256.
ADDRESSES = {
    "photos": "https://raw.githubusercontent.com/EliSchwartz/imagenet-sample-images/"
    "bc69043e2862758a1906c6a24a792bb28c6bb2ff",
    "paintings": "https://raw.githubusercontent.com/jcjohnson/neural-style/"
    "07c4b8299f8fbdafec0c514fc820ff1d7ff62e46/examples/inputs",
}
LISTS = {"photos": "gallery.csv", "paintings": "paintings.csv"}
# Imagenette's ten classes as ImageNet indices, so that its labels fit the networks.
IMAGENETTE_CLASSES = torch.tensor([0, 217, 482, 491, 497, 566, 569, 571, 574, 701])
WITHOUT_NETWORK = (
    "data.photo, data.texture, data.style, data.digits and data.sample_gallery need no network"
)


class DownloadError(OSError):
    """A picture could not be fetched; the message says where it can be put by hand."""


class Gallery(NamedTuple):
    """N photos with what is known about them."""

    images: Tensor  # (N, 3, size, size)
    labels: Tensor  # (N,) int64 ImageNet classes, -1 where there is none
    names: list[str]
    groups: list[str]


def gallery(
    groups: list[str] | None = None,
    limit: int | None = None,
    size: Size = 224,
    progress: bool = True,
) -> Gallery:
    """Return ImageNet photos, one a class, sorted into groups such as "dog" or "boat".

    They are fetched once (at most 30 MB) and kept in `cache_folder()`. An interrupted download
    goes on where it stopped. The photos are for teaching and research and not part of the kit.

    Args:
        groups: names from `gallery_groups()`; None takes all.
        limit: at most this many photos, taken from the groups in turn.
        size: as in `labkit.images.load_image`.
        progress: show a bar while files are missing.
    Raises: DownloadError without a network; ValueError for an unknown group.
    """
    rows = _gallery_rows(groups, limit)
    missing = [row["file"] for row in rows if not _is_cached("photos", row["file"])]
    _fetch_all("photos", missing, progress)
    paths = [_fetch("photos", row["file"]) for row in rows]
    return Gallery(
        images=torch.cat([load_image(path, size) for path in paths]),
        labels=torch.tensor([int(row["imagenet_index"]) for row in rows]),
        names=[path.stem for path in paths],
        groups=[row["group"] for row in rows],
    )


def gallery_groups() -> list[str]:
    """Return the names of the gallery's groups."""
    return sorted({row["group"] for row in _rows("photos").values()})


def gallery_available(groups: list[str] | None = None, limit: int | None = None) -> bool:
    """Return whether `gallery(groups, limit)` can be had: all here, or a missing file comes."""
    files_needed = [row["file"] for row in _gallery_rows(groups, limit)]
    missing = [file for file in files_needed if not _is_cached("photos", file)]
    try:
        _fetch_all("photos", missing[:1], progress=False)
    except DownloadError:
        return False
    return True


def painting_names() -> list[str]:
    """Return the names that `painting` takes: public-domain paintings, and photos to paint."""
    return [Path(file).stem for file in _rows("paintings")]


def painting(name: str, size: Size | None = 256) -> Tensor:
    """Return a painting, (1, 3, H, W), downloaded at its first use; size as in `load_image`.

    Raises: DownloadError without a network; ValueError for an unknown name.
    """
    by_name = {Path(file).stem: file for file in _rows("paintings")}
    if name not in by_name:
        raise ValueError(f"No painting {name!r}; expected one of {', '.join(by_name)}")
    return load_image(_fetch("paintings", by_name[name]), size)


def cifar10(split: str = "test", limit: int | None = None) -> tuple[Tensor, Tensor]:
    """Return CIFAR-10 (170 MB, once): images (N, 3, 32, 32) and labels (N,) in 0..9.

    Args:
        split: "train" (50 000) or "test" (10 000).
        limit: the first that many in a fixed shuffled order, so that classes are mixed.
    Raises: DownloadError without a network; ValueError for another split.
    """
    from torchvision.datasets import CIFAR10

    _check_split(split, ("train", "test"))
    folder = cache_folder() / "cifar10"
    hand = f"put {CIFAR10.filename} from {CIFAR10.url} into {folder}"
    dataset = _torchvision(CIFAR10, hand, root=folder, train=split == "train")
    chosen = _shuffled(len(dataset), limit)
    return to_tensor(dataset.data[chosen]), torch.tensor(dataset.targets)[chosen]


def imagenette(
    split: str = "val", limit: int | None = 500, size: Size = 128
) -> tuple[Tensor, Tensor]:
    """Return photos of ten easy ImageNet classes (99 MB, once), labelled as in ImageNet.

    Args:
        split: "train" (9 469) or "val" (3 925).
        limit: the first that many in a fixed shuffled order, so that classes are mixed.
        size: as in `labkit.images.load_image`; the files' shorter side is 160.
    Returns: images (N, 3, H, W) and labels (N,), ImageNet indices.
    Raises: DownloadError without a network; ValueError for another split.
    """
    from torchvision.datasets import Imagenette

    _check_split(split, ("train", "val"))
    folder = cache_folder() / "imagenette"
    address = "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz"
    hand = f"put imagenette2-160.tgz from {address} into {folder}"
    dataset = _torchvision(
        Imagenette, hand, root=folder, split=split, size="160px", loader=lambda path: path
    )
    paths, classes = zip(*(dataset[i] for i in _shuffled(len(dataset), limit)), strict=True)
    return torch.cat([load_image(p, size) for p in paths]), IMAGENETTE_CLASSES[list(classes)]


def cache_folder() -> Path:
    """Return where downloads are kept: LABKIT_DATA, or the user's cache folder of this system."""
    import pooch

    return Path(os.environ.get("LABKIT_DATA") or pooch.os_cache("labkit"))


def _fetch_all(kind: str, names: list[str], progress: bool) -> None:
    """Fetch eight files at a time; the first failure stops the rest, what came is kept."""
    from tqdm.auto import tqdm

    with ThreadPoolExecutor(8) as pool:
        fetched = pool.map(lambda name: _fetch(kind, name), names)
        hidden = not progress or not names
        for _ in tqdm(fetched, total=len(names), desc=f"Fetching {kind}", disable=hidden):
            pass


def _fetch(kind: str, name: str) -> Path:
    """Return the path of a file whose SHA-256 is right, downloading it if need be."""
    import pooch

    folder = cache_folder() / kind
    address = f"{_base(kind)}/{name}"
    pooch.get_logger().setLevel("WARNING")  # or it writes a line for every file
    try:
        return Path(
            pooch.retrieve(
                address,
                known_hash=f"sha256:{_rows(kind)[name]['sha256']}",
                fname=name,
                path=folder,
                downloader=_copy if "://" not in address else pooch.HTTPDownloader(timeout=20),
            )
        )
    except OSError as error:  # requests' exceptions are OSErrors, some are ValueErrors too
        problem = f"{address} cannot be reached or stored ({type(error).__name__})"
        raise DownloadError(_advice(problem, name, folder)) from error
    except ValueError as error:  # pooch removes what it has just fetched
        problem = f"{address} came with another SHA-256 than the list's: damaged or replaced"
        raise DownloadError(_advice(problem, name, folder)) from error


def _copy(address: str, target: str, _pooch: object) -> None:
    """Fetch from a folder: LABKIT_MIRROR may be a path."""
    shutil.copyfile(address, target)


def _advice(problem: str, name: str, folder: Path) -> str:
    here = folder / name
    state = "; the file there is a damaged one" if here.exists() else ""
    return (
        f"{problem}. Connect to the network and try again, or put {name} into {folder} by hand"
        f"{state}, or set LABKIT_MIRROR to a server or folder that holds photos/ and paintings/. "
        f"{WITHOUT_NETWORK}."
    )


def _base(kind: str) -> str:
    mirror = os.environ.get("LABKIT_MIRROR")
    return f"{mirror.rstrip('/')}/{kind}" if mirror else ADDRESSES[kind]


def _is_cached(kind: str, name: str) -> bool:
    import pooch

    path = cache_folder() / kind / name
    return path.is_file() and pooch.file_hash(path) == _rows(kind)[name]["sha256"]


@cache
def _rows(kind: str) -> dict[str, dict[str, str]]:
    """Return the list of one kind, by file name."""
    text = (files("labkit") / LISTS[kind]).read_text(encoding="utf-8")
    return {row["file"]: row for row in csv.DictReader(text.splitlines())}


def _gallery_rows(groups: list[str] | None, limit: int | None) -> list[dict[str, str]]:
    """Return the rows of the chosen groups, taken in turn, so that a limit treats them alike."""
    known = gallery_groups()
    groups = known if groups is None else [groups] if isinstance(groups, str) else groups
    if unknown := [group for group in groups if group not in known]:
        raise ValueError(f"No group {unknown[0]!r}; expected some of {', '.join(known)}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; expected at least 1, or None for all")
    rows = list(_rows("photos").values())
    by_group = [[row for row in rows if row["group"] == group] for group in groups]
    in_turn = [row for turn in zip_longest(*by_group) for row in turn if row is not None]
    return in_turn[:limit]


def _torchvision(dataset: type, hand: str, **options: object):
    """Open a torchvision data set, downloading it only if it is not there yet."""
    try:
        return dataset(download=False, **options)
    except RuntimeError:  # not there, or damaged
        pass
    try:
        with no_stalling():
            return dataset(download=True, **options)
    except (OSError, RuntimeError) as error:
        raise DownloadError(
            f"{dataset.__name__} cannot be downloaded ({error}). Connect to the network and try "
            f"again, or {hand} by hand. {WITHOUT_NETWORK}."
        ) from error


def _shuffled(count: int, limit: int | None) -> list[int]:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    return order[:limit].tolist()


def _check_split(split: str, known: tuple[str, str]) -> None:
    if split not in known:
        raise ValueError(f"split is {split!r}; expected {known[0]!r} or {known[1]!r}")
