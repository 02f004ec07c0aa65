"""Painted styles: deterministic, the same picture at any size, rich enough to be a style."""

import time

import numpy as np
import pytest
from PIL import Image

from labkit.brushes import noise, ramp
from labkit.styles import PAINTINGS, paint


@pytest.fixture(scope="module", params=list(PAINTINGS))
def painted(request) -> tuple[str, np.ndarray]:
    return request.param, paint(request.param, 128)


def blurred(picture: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BOX), float)


def test_shape_and_determinism(painted):
    name, picture = painted
    assert picture.shape == (128, 128, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(paint(name, 128), picture)


def test_any_size_shows_the_same_composition(painted):
    """Places are fractions of the side: shrunk to 16 x 16, two sizes must agree."""
    name, picture = painted
    other = paint(name, 192)
    assert np.abs(blurred(picture, 16) - blurred(other, 16)).mean() < 9


def test_rich_in_colour_and_in_scales(painted):
    """A style image needs many hues, and contrast both in the large and in the small."""
    _, picture = painted
    colours = np.unique(picture.reshape(-1, 3) // 32, axis=0)
    assert len(colours) > 45  # of 512; the woodcut has the fewest inks
    large = blurred(picture, 16)
    small = picture - np.kron(large, np.ones((8, 8, 1)))
    assert large.std() > 15
    assert small.std() > 12


def test_styles_differ_from_each_other():
    means = {name: blurred(paint(name, 64), 8) for name in PAINTINGS}
    names = list(means)
    gaps = [np.abs(means[a] - means[b]).mean() for a in names for b in names if a < b]
    assert min(gaps) > 25


def test_global_random_state_is_untouched(painted):
    name, _ = painted
    before = np.random.get_state()[1].copy()
    paint(name, 32)
    assert np.array_equal(np.random.get_state()[1], before)


def test_painting_takes_under_two_seconds(painted):
    name, _ = painted
    start = time.process_time()
    paint(name, 256)
    assert time.process_time() - start < 4, "two seconds here, with room for a slower machine"


def test_unknown_style_lists_the_known_ones():
    with pytest.raises(ValueError, match="No style 'monet'; expected one of swirls, dots"):
        paint("monet", 64)


@pytest.mark.parametrize("size", [1, 7, 33])
def test_small_and_odd_sizes(size):
    for name in PAINTINGS:
        assert paint(name, size).shape == (size, size, 3)


@pytest.mark.parametrize("size", [0, -4, 2.5])
def test_size_must_be_a_positive_int(size):
    with pytest.raises(ValueError, match="expected a positive int"):
        paint("dots", size)


def test_noise_is_smooth_wraps_and_fills_its_range():
    field = noise(0, 4, octaves=3)
    x = np.linspace(0, 1, 2001)
    values = field(x, np.full_like(x, 0.3))
    assert np.abs(np.diff(values)).max() < 0.05
    assert abs(values[0] - values[-1]) < 1e-9
    y, x = np.meshgrid(np.linspace(0, 1, 50), np.linspace(0, 1, 50))
    everywhere = field(x, y)
    assert everywhere.min() >= 0
    assert everywhere.max() <= 1
    assert everywhere.std() > 0.1


def test_ramp_meets_its_colours():
    tones = ramp(np.array([0, 0.25, 1]), "000000 ff8000")
    assert np.allclose(tones, [[0, 0, 0], [63.75, 32, 0], [255, 128, 0]])
