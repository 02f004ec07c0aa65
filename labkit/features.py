"""Runs a feature extractor over many images: a few at a time, with progress, kept on disk."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from labkit.fingerprint import fingerprint
from labkit.galleries import cache_folder
from labkit.images import check_images

Extract = Callable[[nn.Module, Tensor], Tensor | None]
MOST_BYTES = 500 << 20  # kept at most, the latest first


def stream_features(
    extract: Extract,
    model: nn.Module,
    images: Tensor,
    *,
    batch: int = 8,
    cache: bool = True,
    progress: bool = True,
) -> Tensor | None:
    """Return what `extract(model, images)` gives for all images, computed a few at a time.

    The features of each batch are kept in `cache_folder() / "features"`, under a name made from
    the content of all they depend on: the function with its helpers, the network, the images. A
    corrected function never gets what a wrong one gave, and an interrupted call goes on where it
    stopped. What has no such name (a network with hooks) is computed anew each time, and so is
    everything where the folder cannot be written.

    Args:
        extract: takes the model and (n, 3, H, W) on its device, returns (n, D).
        images: (N, 3, H, W) in [0, 1], on any device, left as they are.
        batch: at most this many images at a time; 5 to 16 is fastest on a CPU.
        cache: False neither reads nor writes the folder.
        progress: show a bar.
    Returns: (N, D) on the CPU without gradient; None if `extract` returns None, as an exercise
        does that nobody has answered yet.
    Raises: ValueError for images that are none, for a batch below 1, and if `extract` gives
        anything but one row of numbers an image.
    """
    from tqdm.auto import tqdm

    check_images(images)
    if batch < 1:
        raise ValueError(f"batch is {batch}; expected at least 1 image at a time")
    name = _name(extract, model) if cache else None
    parts = []
    for some in tqdm(images.split(batch), "Features", leave=False, disable=not progress):
        file = _folder() / f"{fingerprint(name, some)}.safetensors" if name else None
        part = _kept(file, len(some))
        if part is None:
            part = _extract(extract, model, some)
            if part is None:
                return None
            _keep(file, part)
        parts.append(part)
    _make_room()
    return torch.cat(parts)


def _extract(extract: Extract, model: nn.Module, images: Tensor) -> Tensor | None:
    """Return one batch's features; the function gets a copy, so that it may change its input."""
    device = next((p.device for p in model.parameters()), images.device)
    with torch.no_grad():
        features = extract(model, images.detach().to(device, copy=True))
    if features is None:
        return None
    if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != len(images):
        got = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ValueError(
            f"the function gave {got} for a batch of {len(images)} images; expected a tensor of "
            f"shape ({len(images)}, D), one row an image"
        )
    return features.detach().cpu().contiguous()


# What is kept


def _name(extract: Extract, model: nn.Module) -> str | None:
    """Return what stands for the function and the network; None where nothing does."""
    try:
        return fingerprint(extract, model, torch.__version__, sys.version)
    except (TypeError, ValueError):  # ValueError: an empty closure cell
        return None


def _folder() -> Path:
    return cache_folder() / "features"


def _kept(file: Path | None, count: int) -> Tensor | None:
    """Return the features in a file; None where it is missing, damaged or of another length."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if file is None:
        return None
    try:
        features = load_file(file)["features"]
    except (OSError, SafetensorError, KeyError):
        return None
    return features if features.ndim == 2 and len(features) == count else None


def _keep(file: Path | None, features: Tensor) -> None:
    """Write the features; the file appears whole or not at all, and failing costs only time."""
    from safetensors.torch import save

    if file is None:
        return
    unfinished = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(save({"features": features}))
        unfinished.replace(file)
    except OSError:
        pass
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _make_room() -> None:
    """Remove the oldest files where there are more than MOST_BYTES."""
    with contextlib.suppress(OSError):  # no folder, or another process was faster
        stats = {file: file.stat() for file in _folder().iterdir()}
        kept = 0
        for file, stat in sorted(stats.items(), key=lambda item: -item[1].st_mtime):
            kept += stat.st_size
            if kept > MOST_BYTES:
                file.unlink()
