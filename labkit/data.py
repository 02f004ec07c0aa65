"""Pictures for the labs: sample photos, textures, styles and digits; galleries that download."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

DIGIT_TEST_SHARE = 0.3


def digits(split: str | None = None) -> tuple[Tensor, Tensor]:
    """Return scikit-learn's handwritten digits, white strokes on black, enlarged from 8 x 8.

    Args:
        split: "train" (70 %), "test" (30 %) or None for all 1797; the split is stratified and fixed.
    Returns: images (N, 3, 32, 32) float32 in [0, 1] with three equal channels; labels (N,) int64.
    Raises: ValueError for another split.
    """
    images, labels, in_test = _all_digits()
    if split not in (None, "train", "test"):
        raise ValueError(f"split is {split!r}; expected 'train', 'test' or None for all digits")
    chosen = torch.ones_like(in_test) if split is None else in_test == (split == "test")
    return images[chosen], labels[chosen]


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
