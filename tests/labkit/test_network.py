"""A network takes images in [0, 1] and nothing else, and survives being copied."""

import copy
import pickle

import pytest
import torch
from torch import nn

from labkit.network import Layer, Network, Normalization


@pytest.fixture
def network():
    torch.manual_seed(0)
    chain = {
        "normalize": Normalization([0.2, 0.5, 0.7], [0.1, 0.2, 0.4]),
        "conv": nn.Conv2d(3, 4, 3),
        "relu": nn.ReLU(),
    }
    return Network(chain, [("conv", False), ("relu", True)], ["a", "b"]).requires_grad_(False)


@pytest.fixture
def images():
    return torch.rand(2, 3, 8, 7, generator=torch.Generator().manual_seed(1))


def test_normalizes_each_channel(network, images):
    expected = torch.stack(
        [(images[:, 0] - 0.2) / 0.1, (images[:, 1] - 0.5) / 0.2, (images[:, 2] - 0.7) / 0.4], dim=1
    )
    assert torch.allclose(network.normalize(images), expected)
    assert torch.allclose(network(images), network.relu(network.conv(expected)), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: (x * 255).to(torch.uint8), r"torch\.uint8; expected torch\.float32.*/ 255"),
        (lambda x: x * 255, "reach 25.; expected about .*divide by 255"),
        (lambda x: -x * 255, "reach 25."),
        (lambda x: x[0], r"shape \(3, 8, 7\); expected \(N, 3, H, W\).*image\[None\]"),
        (lambda x: x[:, :1], r"shape \(2, 1, 8, 7\).*grey"),
        (lambda x: x.movedim(1, -1), r"shape \(2, 8, 7, 3\).*channels come last"),
        (lambda x: x.double(), r"torch\.float64; expected torch\.float32"),
        (lambda x: x / 0, "NaN or infinity"),
    ],
)
def test_says_what_is_wrong_with_the_images(network, images, change, message):
    with pytest.raises(ValueError, match=message):
        network(change(images))


def test_an_array_is_refused(network, images):
    with pytest.raises(TypeError, match="ndarray; expected a tensor"):
        network(images.numpy())


def test_images_slightly_outside_the_range_pass(network, images):
    """Fooling images and optimized images are not clamped."""
    assert network(images * 6 - 3).shape == (2, 4, 6, 5)


def test_gradient_flows_and_is_contiguous(network, images):
    """Channels-last weights give gradients that `.view(N, -1)` refuses."""
    network.to(memory_format=torch.channels_last)
    images.requires_grad_()
    (gradient,) = torch.autograd.grad(network(images).sum(), images)
    assert gradient.is_contiguous()
    assert gradient.abs().sum() > 0
    assert not images._backward_hooks, "the caller's tensor keeps no hook"


def test_gradient_equals_that_of_plain_operations(network, images):
    images.requires_grad_()
    (gradient,) = torch.autograd.grad(network(images).square().sum(), images)
    mean, std = network.normalize.mean, network.normalize.std
    plain = network.relu(network.conv((images - mean) / std)).square().sum()
    assert torch.allclose(gradient, torch.autograd.grad(plain, images)[0], rtol=1e-4)


def test_works_without_a_graph_on_images_that_require_one(network, images):
    with torch.no_grad():
        assert not network(images.requires_grad_()).requires_grad


def test_a_double_network_takes_double_images(network, images):
    """Finite differences need double precision."""
    assert network.double()(images.double()).dtype == torch.float64


def test_a_copy_keeps_layers_and_categories(network):
    for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert [(layer, layer.rectified) for layer in twin.layers] == [
            ("conv", False),
            ("relu", True),
        ]
        assert twin.categories == ("a", "b")


def test_a_slice_is_the_beginning_of_the_network(network, images):
    assert torch.equal(network[:2](images), network.conv(network.normalize(images)))


def test_a_slice_without_weights_is_one_too(network, images):
    assert torch.equal(network[:1](images), network.normalize(images))
    assert network.double()[:1](images.double()).dtype == torch.float64
    assert torch.equal(Network({"relu": nn.ReLU()})(images), images)


def test_a_layer_is_a_name(network):
    layer = Layer("conv", rectified=False)
    assert layer == "conv"
    assert network.get_submodule(layer) is network.conv
