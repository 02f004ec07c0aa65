"""The two small networks: layers as announced, weights that fit, and better than random ones."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import labkit
from labkit import small_networks as small
from labkit.data import digits, photos

WEIGHTS = Path(labkit.__file__).parent / "weights"
NETWORKS = {
    "filters": (small.filter_network, small.FILTER_LAYERS, small.FILTER_CATEGORIES),
    "digits": (small.digit_network, small.DIGIT_LAYERS, small.DIGIT_CATEGORIES),
}


def trained(name):
    model = NETWORKS[name][0]()
    model.load_state_dict(load_file(WEIGHTS / f"{name}.safetensors"))
    return model.requires_grad_(False).eval()


@pytest.fixture(params=NETWORKS)
def name(request):
    return request.param


def test_logits_have_one_column_a_category_and_images_do_not_mix(name):
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    model = trained(name)
    logits = model(images)
    assert logits.shape == (2, len(NETWORKS[name][2]))
    torch.testing.assert_close(logits, torch.cat([model(images[:1]), model(images[1:])]))


def test_digits_of_another_size_are_refused_in_words():
    model = trained("digits")
    with pytest.raises(ValueError, match=r"takes images of 32 x 32 pixels; these gave 3 x 3"):
        model(torch.rand(1, 3, 28, 28))
    assert model[:9](torch.rand(1, 3, 28, 28)).shape == (1, 32, 7, 7), "the layers above take any"


def test_layers_are_in_order_and_marked_rectified_where_they_are_relu(name):
    make, layers, _ = NETWORKS[name]
    modules = dict(make().named_children())
    names = [layer for layer, _ in layers]
    assert names == [module for module in modules if module in names]
    assert [rectified for _, rectified in layers] == [
        isinstance(modules[layer], nn.ReLU) for layer in names
    ]


def test_no_inplace_activation_and_no_batch_norm(name):
    for module in NETWORKS[name][0]().modules():
        assert not getattr(module, "inplace", False)
        assert not isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)


def test_weights_are_small_and_finite(name):
    path = WEIGHTS / f"{name}.safetensors"
    assert path.stat().st_size < 300_000
    assert all(tensor.isfinite().all() for tensor in load_file(path).values())


def test_the_filter_network_has_the_filters_that_the_lecture_shows():
    model = small.filter_network()
    assert model.conv1.weight.shape == (16, 3, 7, 7)
    assert model.conv2.weight.shape == (20, 16, 7, 7)


def test_the_filter_network_takes_other_sizes_down_to_ten():
    assert small.filter_network()(torch.rand(1, 3, 10, 47)).shape == (1, 18)


def test_normalization_is_inside():
    """Mid-grey is zero after the first module: students never preprocess."""
    for make, _, _ in NETWORKS.values():
        assert make()[0](torch.full((1, 3, 4, 4), 0.5)).abs().max() == 0


def test_trained_digits_are_recognized_and_random_weights_are_at_chance():
    images, labels = digits("test")
    torch.manual_seed(0)
    shares = [
        (model(images).argmax(1) == labels).float().mean()
        for model in (trained("digits"), small.digit_network())
    ]
    assert shares[0] >= 0.985
    assert shares[1] < 0.4


def test_every_digit_feature_is_active_for_some_digit():
    features = trained("digits")[:-1](digits("test")[0])  # (N, 64)
    assert features.shape[1] == 64
    assert (features.amax(0) > 0).all()


def test_every_first_layer_filter_is_smooth():
    """Neighbors in a filter agree; in noise they do not (about 0)."""
    assert (neighbor_correlation(trained("filters").conv1.weight) > 0.3).all()
    torch.manual_seed(0)
    assert neighbor_correlation(small.filter_network().conv1.weight).abs().max() < 0.3


def test_every_filter_and_feature_map_responds_to_photos():
    """No dead channel: each is active somewhere, and its activation varies from place to place."""
    x = photos(["astronaut", "cat", "coffee", "rocket", "pagoda"], size=128)
    for name, module in trained("filters").named_children():
        x = module(x)
        if isinstance(module, nn.ReLU):
            assert ((x > 0).float().mean((0, 2, 3)) > 0.01).all(), name
            assert (x.std((0, 2, 3)) > 0.02).all(), name


def neighbor_correlation(filters):
    """Return (F,): correlation of horizontally and vertically adjacent weights."""
    right = filters[..., 1:].flatten(1), filters[..., :-1].flatten(1)
    below = filters[..., 1:, :].flatten(1), filters[..., :-1, :].flatten(1)
    products = (right[0] * right[1]).mean(1) + (below[0] * below[1]).mean(1)
    return products / 2 / filters.flatten(1).square().mean(1)


def test_the_decoder_draws_digits_from_random_latents():
    """A 1-nearest-neighbour distance to training digits like that of digits held out."""
    from labkit.models import load_decoder

    decoder = load_decoder()
    assert not decoder.training
    assert not any(weight.requires_grad for weight in decoder.parameters())
    generator = torch.Generator().manual_seed(1)
    drawn = decoder(torch.randn(64, small.DECODER_LATENTS, generator=generator))
    assert drawn.shape == (64, 3, 32, 32)
    assert 0 <= drawn.min() <= drawn.max() <= 1
    known, fresh = digits("train")[0].flatten(1), digits("test")[0].flatten(1)
    noise = torch.rand(8, 3 * 32 * 32, generator=generator)
    near, held_out, far = (
        torch.cdist(x, known).amin(1).mean() for x in (drawn.flatten(1), fresh, noise)
    )
    assert near < 1.2 * held_out < far
