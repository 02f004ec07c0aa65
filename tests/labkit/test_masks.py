"""The hand-drawn masks: where the objects are, at any size."""

import numpy as np
import pytest
import torch

from labkit import data
from labkit.masks import _outlines, mask_names, object_mask


def test_every_mask_belongs_to_a_sample_photo():
    photos = {sample.name for sample in data.samples() if sample.kind == "photo"}
    assert len(mask_names()) >= 6
    assert set(mask_names()) <= photos


def test_corners_lie_inside_the_photo():
    for outlines in _outlines().values():
        for outline in outlines:
            assert len(outline) >= 10
            assert all(0 <= value <= 1 for corner in outline for value in corner)


@pytest.mark.parametrize("name", mask_names())
def test_a_mask_is_a_part_of_the_picture_and_the_same_at_any_size(name):
    mask = object_mask(name)
    assert mask.shape == (224, 224)
    assert mask.dtype == torch.bool
    share = mask.float().mean()
    assert 0.03 < share < 0.7
    small, wide = object_mask(name, 96), object_mask(name, (60, 128))
    assert small.shape == (96, 96)
    assert wide.shape == (60, 128)
    assert torch.equal(small, object_mask(name, np.int64(96)))
    assert (small.float().mean() - share).abs() < 0.01
    assert (wide.float().mean() - share).abs() < 0.01


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("coffee", (0.4, 0.45), (0.7, 0.1)),  # (row, column) as shares; outside: the saucer
        ("rocket", (0.6, 0.41), (0.6, 0.85)),  # outside: the mast
        ("motorcycle", (0.4, 0.6), (0.45, 0.95)),  # outside: the red box
        ("photographer", (0.5, 0.2), (0.5, 0.8)),
        ("pagoda", (0.6, 0.5), (0.95, 0.1)),  # outside: the trees
        ("admiral", (0.3, 0.5), (0.3, 0.1)),  # outside: the flag
        ("flower", (0.6, 0.5), (0.1, 0.5)),
        ("astronaut", (0.2, 0.45), (0.3, 0.8)),  # outside: the model of the shuttle
    ],
)
def test_the_object_is_inside_and_its_surroundings_are_not(name, inside, outside):
    mask = object_mask(name, 100)
    (r, c), (y, x) = [tuple(round(100 * share) for share in place) for place in (inside, outside)]
    assert mask[r, c]
    assert not mask[y, x]


def test_the_caller_gets_a_copy():
    object_mask("coffee")[:] = True
    assert not object_mask("coffee").all()


def test_a_photo_without_a_mask_is_refused_by_name():
    with pytest.raises(ValueError, match="no mask for 'galaxies'; expected one of coffee, rocket"):
        object_mask("galaxies")
