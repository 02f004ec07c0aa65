"""Every figure states its scale, carries alternative text and leaves nothing open."""

import base64
import io

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from PIL import Image

from labkit import plotting
from labkit.plotting import mosaic, stretch

matplotlib.use("Agg")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def images(rng):
    return rng.random((3, 3, 20, 30), dtype=np.float32)


def every_figure(rng):
    images, maps = rng.random((3, 3, 20, 30)), rng.random((3, 20, 30))
    yield plotting.show_images(images)
    yield plotting.show_images(images, ["a", "b", "c"], contrast=99, center=0.5, title="Title")
    yield plotting.show_maps(maps)
    yield plotting.show_maps(maps - 0.5, per_map=True, signed=True)
    yield plotting.show_saliency(images, maps, ["a", "b", "c"])
    yield plotting.show_saliency(images, maps - 0.5)
    yield plotting.overlay(images[0], maps[0, :4, :6], label="probability")
    yield plotting.show_curves({"ours": [3, 2, 1], "random": [3, 3, 2]}, "step", "loss")
    yield plotting.show_filters(rng.normal(size=(10, 3, 7, 7)))


def texts(figure):
    """All the words in a figure, after it was drawn."""
    figure.canvas.draw()
    return " | ".join(t.get_text() for t in figure.findobj(matplotlib.text.Text) if t.get_text())


def png(figure):
    data, _ = figure._repr_mimebundle_()
    return Image.open(io.BytesIO(base64.b64decode(data["image/png"])))


def test_the_legend_of_many_curves_is_whole_and_hides_none():
    names = ["no attack (control)", "fgsm, 1 grey level", "fgsm, 4 grey levels"]
    names += ["target, first success", "target, won by 10"]
    figure = plotting.show_curves({name: [0, 1] for name in names}, "quality", "share")
    figure.savefig(io.BytesIO())  # lays it out
    legend = figure.legends[0].get_window_extent()
    assert 0 <= legend.x0 < legend.x1 <= figure.bbox.x1
    assert not legend.overlaps(figure.axes[0].get_window_extent())


def test_no_figure_stays_open_and_none_is_wider_than_a_notebook(rng):
    for figure in every_figure(rng):
        assert isinstance(figure, matplotlib.figure.Figure)
        assert figure.get_size_inches()[0] <= plotting.WIDTH
    assert plt.get_fignums() == []


def test_every_figure_draws_something_and_cuts_off_no_text(rng):
    for figure in every_figure(rng):
        pixels = np.asarray(png(figure).convert("L"), dtype=float)
        assert pixels.std() > 10
        box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert box.x0 > -0.02
        assert box.y0 > -0.02
        assert box.x1 < width + 0.02
        assert box.y1 < height + 0.02


def test_nothing_of_the_global_matplotlib_state_changes(rng):
    before = dict(matplotlib.rcParams)
    list(every_figure(rng))
    assert dict(matplotlib.rcParams) == before


def test_alternative_text_is_escaped_into_html_and_kept_in_the_png(images):
    figure = plotting.show_images(images, alt='a "cat" & <dog>')
    data, metadata = figure._repr_mimebundle_()
    assert 'alt="a &quot;cat&quot; &amp; &lt;dog&gt;"' in data["text/html"]
    assert data["text/plain"] == 'a "cat" & <dog>'
    assert metadata["image/png"]["alt"] == 'a "cat" & <dog>'
    assert png(figure).text["Description"] == 'a "cat" & <dog>'


def test_without_alt_the_text_is_made_of_what_the_figure_says(rng, images):
    assert all(figure.alt for figure in every_figure(rng))
    figure = plotting.show_images(images, ["cat", "dog", "cup"], title="Photos")
    assert figure.alt == "Photos. 3 images. cat; dog; cup."


def test_a_notebook_shows_a_figure_once_with_its_alternative_text():
    pytest.importorskip("IPython")
    from IPython.core.formatters import DisplayFormatter

    formatter = DisplayFormatter(active_types=["text/plain", "text/html", "image/png"])
    figure = plotting.show_images(torch.rand(1, 3, 8, 8), alt="noise")
    data, _ = formatter.format(figure)
    assert sorted(data) == ["image/png", "text/html", "text/plain"]
    assert data["text/html"].count("<img") == 1
    assert 'alt="noise"' in data["text/html"]


# What comes in


def test_torch_tensors_with_a_gradient_or_of_half_precision_are_taken(images):
    for tensor in (torch.tensor(images, requires_grad=True), torch.tensor(images).bfloat16()):
        plotting.show_images(tensor)
        plotting.show_images(list(tensor), ["a", "b", "c"])
        plotting.show_maps(tensor[0])


def test_a_list_of_tensors_with_a_gradient_is_taken(images):
    losses = [torch.tensor(value, requires_grad=True) * 2 for value in (2.0, 1.0)]
    (axes,) = plotting.show_curves({"loss": losses}, "step", "loss").axes
    assert axes.lines[0].get_ydata().tolist() == [4, 2]
    map_ = torch.rand(20, 30, requires_grad=True) * 2
    assert plotting.show_saliency(images[:1], [map_]).axes
    assert plotting.mosaic([map_, map_]).shape == (20, 61)


def test_inputs_are_left_as_they_were(images):
    before = images.copy()
    plotting.show_images(images, contrast=90)
    plotting.show_saliency(images, images[:, 0])
    plotting.show_maps(images[0], per_map=True)
    assert np.array_equal(images, before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: plotting.show_images(x[0]), r"image of shape \(3, H, W\), got \(20, 30\)"),
        (lambda x: plotting.show_images(x.transpose(0, 2, 3, 1)), r"\(N, 3, H, W\).*\(20, 30, 3\)"),
        (lambda x: plotting.show_images([]), "got none"),
        (lambda x: plotting.show_images(x, ["a"]), "expected 3 titles, one an image, got 1"),
        (lambda x: plotting.show_maps(x), r"maps of shape \(C, h, w\), got \(3, 3, 20, 30\)"),
        (lambda x: plotting.show_saliency(x, x), r"maps of shape \(N, H, W\), got \(3, 3"),
        (lambda x: plotting.show_saliency(x, x[:2, 0]), "each of 3 images, got 2 maps"),
        (lambda x: plotting.overlay(x[0], x[0]), r"map of shape \(h, w\), got \(3, 20, 30\)"),
        (lambda x: plotting.show_filters(x[:, :2]), r"\(F, 3, k, k\), got \(3, 2.*show_maps"),
        (lambda x: plotting.show_curves({}, "x", "y"), "at least one curve"),
        (lambda x: plotting.show_curves({"a": x[0, 0]}, "x", "y"), r"curve 'a' of shape \(n,\)"),
        (lambda x: plotting.show_curves({"a": [1]}, "x", "y", x=[1, 2]), "1 values for 2 places"),
        (lambda x: stretch(x, 1), "percentile above 50 and up to 100, got 1"),
        (lambda x: mosaic(x[0, 0]), r"\(N, 3, h, w\) or \(N, h, w\), got \(20, 30\)"),
    ],
)
def test_a_wrong_shape_is_named_with_what_was_expected(images, call, message):
    with pytest.raises(ValueError, match=message):
        call(images)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_counted(images, bad):
    images[0, 0, 0, :2] = bad
    with pytest.raises(ValueError, match=r"maps of shape \(3, 20, 30\) has 2 values that are NaN"):
        plotting.show_maps(images[0])
    with pytest.raises(ValueError, match="2 values that are NaN"):
        plotting.show_images(images)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 2.0, -1.0])
def test_a_constant_map_is_drawn_without_dividing_by_zero(images, value):
    maps = np.full((3, 20, 30), value)
    for figure in (
        plotting.show_maps(maps),
        plotting.show_maps(maps, per_map=True),
        plotting.show_maps(maps, signed=True),
        plotting.show_saliency(images, maps),
        plotting.overlay(images[0], maps[0]),
        plotting.show_filters(np.full((2, 3, 5, 5), value)),
    ):
        figure.canvas.draw()
    assert np.array_equal(stretch(maps)[0], np.full_like(maps, 0.5))


# What is stated


def test_images_outside_the_range_say_that_they_are_clipped(images):
    assert "clipped" not in texts(plotting.show_images(images, ["a", "b", "c"]))
    assert "values outside [0, 1] are clipped" in texts(plotting.show_images(images * 2))


def test_a_contrast_stretch_is_stated(images):
    figure = plotting.show_images(images, contrast=99)
    assert "contrast stretched: 1st to 99th percentile" in texts(figure)
    assert "contrast stretched" in figure.alt


def test_maps_state_their_scale(rng):
    maps = rng.random((9, 4, 5)) * np.arange(1, 10)[:, None, None]
    assert "activation, one scale for all maps" in texts(plotting.show_maps(maps))
    assert "activation, every map on its own scale" in texts(plotting.show_maps(maps, per_map=True))
    assert "scale" not in texts(plotting.show_maps(maps[:1]))


def shown(figure):
    return np.ma.getdata(figure.axes[0].images[0].get_array())


def test_maps_are_scaled_alone_or_together(rng):
    maps = rng.random((4, 5, 5)) * np.array([1, 2, 3, 4])[:, None, None]
    together = plotting.show_maps(maps, columns=2)
    assert np.allclose(shown(together)[:5, :5], maps[0])
    assert together.axes[0].images[0].get_clim() == pytest.approx((maps.min(), maps.max()))
    alone = shown(plotting.show_maps(maps, columns=2, per_map=True))
    for tile in (alone[:5, :5], alone[6:, :5], alone[:5, 6:], alone[6:, 6:]):
        assert tile.min() == 0
        assert tile.max() == pytest.approx(1)


def test_signed_maps_have_zero_in_the_middle_of_the_colours(rng):
    maps = rng.random((2, 5, 5)) - 0.2
    low, high = plotting.show_maps(maps, signed=True).axes[0].images[0].get_clim()
    assert -low == high == pytest.approx(np.abs(maps).max())
    maps[0, 0, 0] = 0
    zero = shown(plotting.show_maps(maps, signed=True, per_map=True))[0, 0]
    assert zero == pytest.approx(0.5)


def test_tiles_are_numbered(rng):
    words = texts(plotting.show_maps(rng.random((20, 4, 5))))
    assert "channel = row + column" in words
    for number in ("0", "8", "16", "+0", "+7"):
        assert f"| {number} |" in f"| {words} |"


def test_saliency_states_its_percentile_and_the_scale_of_each_map(images):
    maps = images[:, 0] * 0
    maps[:, 0, :] = 0.25
    figure = plotting.show_saliency(images, maps, ["a", "b", "c"], percentile=97.5)
    assert "display clipped at the 97.5th percentile of each map" in texts(figure)
    assert "black 0, bright 0.25" in texts(figure)
    assert "blue -0.25, red 0.25" in texts(plotting.show_saliency(images, -maps))


def test_a_sparse_map_whose_percentile_is_zero_is_still_seen(images):
    sparse = images[:, 0] * 0
    sparse[:, 3, 3] = 0.5
    assert "bright 0.5" in texts(plotting.show_saliency(images, sparse))


def test_each_image_stands_above_its_own_map(images):
    images, maps = images.repeat(3, axis=0), np.arange(9.0)[:, None, None] * np.ones((9, 20, 30))
    figure = plotting.show_saliency(images, maps, [f"image {i}" for i in range(9)], columns=4)
    figure.canvas.draw()
    named = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    for i in range(9):
        above = named[f"image {i}"].get_position()
        (below,) = (
            ax
            for ax in figure.axes
            if ax.images[0].get_array().shape == (20, 30) and ax.images[0].get_array().max() == i
        )
        assert below.get_position().x0 == pytest.approx(above.x0)
        assert 0 < above.y0 - below.get_position().y1 < 0.1


def test_curves_differ_in_more_than_colour():
    figure = plotting.show_curves({"a": [1, 2], "b": [2, 1]}, "step", "loss", log=True)
    first, second = figure.axes[0].lines
    assert first.get_linestyle() != second.get_linestyle()
    assert "step" in texts(figure)
    assert "loss" in texts(figure)
    assert figure.alt == "curves of loss over step. a: 1 to 2; b: 2 to 1."


# mosaic and stretch


def test_a_mosaic_puts_tiles_row_by_row_with_padding_between(images):
    canvas = mosaic(images, columns=2, pad=3, fill=0.5)
    assert canvas.shape == (3, 43, 63)
    assert np.array_equal(canvas[:, :20, :30], images[0])
    assert np.array_equal(canvas[:, :20, 33:], images[1])
    assert np.array_equal(canvas[:, 23:, :30], images[2])
    assert (canvas[:, 20:23] == 0.5).all()
    assert (canvas[:, 23:, 33:] == 0.5).all()
    assert mosaic(images[:, 0], pad=0).shape == (40, 60)


def test_many_maps_are_one_picture_and_not_as_many_subplots(rng):
    figure = plotting.show_maps(rng.random((64, 14, 14)))
    assert len(figure.axes) == 2  # the mosaic and its colour bar


def test_stretch_fills_the_range_and_names_its_percentiles(rng):
    image = 0.5 + 0.01 * rng.random((3, 50, 50))
    out, note = stretch(image, 98)
    assert (out.min(), out.max()) == (0, 1)
    assert (out == 0).mean() == pytest.approx(0.02, abs=0.005)
    assert note == "contrast stretched: 2nd to 98th percentile"


def test_stretch_about_a_center_keeps_it_grey_and_both_sides_alike():
    out, note = stretch(np.array([-4.0, -1, 0, 1, 2]), 100, center=0)
    assert out.tolist() == [0, 0.375, 0.5, 0.625, 0.75]
    assert "about 0 (grey)" in note


@pytest.mark.parametrize(
    ("center", "note"),
    [
        (0, "contrast stretched to the 100th percentile about 0 (grey)"),
        (None, "contrast stretched: 0th to 100th percentile"),
    ],
)
def test_a_sparse_map_is_stretched_to_its_extremes(center, note):
    """The gradient of an early unit is not 0 in 11 x 11 of 224 x 224 pixels, below 1 %."""
    gradient = np.zeros((3, 50, 50))
    gradient[:, 10:12, 20:22] = [[-2, 1], [2, 1]]
    out, told = stretch(gradient, 99, center)
    assert out[0, 10:12, 20:22].tolist() == [[0, 0.75], [1, 0.75]]
    assert out[0, 0, 0] == 0.5
    assert told == note


@pytest.mark.parametrize("center", [0, None])
def test_a_constant_is_stretched_to_mid_grey_and_says_so(center):
    out, note = stretch(np.zeros((3, 4, 4)), center=center)
    assert (out == 0.5).all()
    assert note == "constant, shown as mid-grey"


@pytest.mark.parametrize(
    ("percentile", "text"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (11, "11th"),
        (95, "95th"),
        (92, "92nd"),
        (99.5, "99.5th"),
    ],
)
def test_percentiles_are_read_as_words(percentile, text):
    assert plotting._ordinal(percentile) == text
