"""Patches: streaming equals one big batch, cut-outs lie where they should, windows are exact."""

import pytest
import torch
from torch import nn

from labkit.hooks import activations
from labkit.models import load_model, random_model
from labkit.patches import best_places, cut_patches, windows


def brute_force(maps, channel, k):
    """A find function by full sort: one place an image, the strongest first."""
    best = []
    for n, image in enumerate(maps[:, channel]):
        row, column = divmod(int(image.argmax()), image.shape[1])
        best.append((float(image.max()), n, row, column))
    return [place[1:] for place in sorted(best, key=lambda b: -b[0])[:k]]


@pytest.fixture
def network():
    """Two convolutions with weights of both signs, 8 x 10 maps from 16 x 20 pixels."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 5, 3, padding=1))
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return model.requires_grad_(False).eval()


@pytest.fixture
def images():
    return torch.rand(11, 3, 16, 20, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [1, 3, 11])
def test_batches_give_what_one_big_batch_gives(network, images, size):
    found = best_places(brute_force, network, "2", [3, 0], images.split(size), k=4)
    maps = network(images)
    for channel in (3, 0):
        expected = brute_force(maps, channel, 4)
        assert [place[:3] for place in found[channel]] == expected
        values = [float(maps[n, channel, r, c]) for n, r, c in expected]
        assert [p.activation for p in found[channel]] == pytest.approx(values, rel=1e-5)


def test_batches_may_be_fewer_images_than_asked_for(network, images):
    found = best_places(brute_force, network, "2", [1], iter([images[:2]]), k=5)
    assert len(found[1]) == 2


def test_of_equal_activations_the_earlier_image_comes_first(network, images):
    same = images[:1].repeat(3, 1, 1, 1)
    found = best_places(brute_force, network, "2", [1], same.split(1), k=2)
    assert [place.image for place in found[1]] == [0, 1]


def test_a_patch_is_the_window_around_its_unit():
    image = torch.arange(3 * 6 * 8.0).reshape(1, 3, 6, 8)
    (patch,) = cut_patches(image, [(0, 1, 2)], size=3, stride=2, offset=1)  # centre 3, 5
    assert torch.equal(patch, image[0, :, 2:5, 4:7])


def test_even_windows_have_their_centre_between_pixels():
    image = torch.arange(3 * 6 * 6.0).reshape(1, 3, 6, 6)
    (patch,) = cut_patches(image, [(0, 1, 0)], size=2, stride=2, offset=0.5)
    assert torch.equal(patch, image[0, :, 2:4, 0:2])


def test_beyond_the_border_a_patch_is_mid_grey():
    image = torch.ones(1, 3, 4, 4)
    (corner,) = cut_patches(image, [(0, 0, 1)], size=3, stride=3, offset=0)  # centre 0, 3
    assert torch.equal(corner[0], torch.tensor([[0.5, 0.5, 0.5], [1, 1, 0.5], [1, 1, 0.5]]))
    assert cut_patches(image, [], 3, 1, 0).shape == (0, 3, 3, 3)


def test_a_patch_outside_its_image_is_refused():
    with pytest.raises(ValueError, match=r"pixel \(19, -1\), outside the image of 4 x 4"):
        cut_patches(torch.ones(1, 3, 4, 4), [(0, 5, 0)], size=3, stride=4, offset=0)


def test_windows_lists_convolutions_and_poolings_with_their_leading_padding():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 5, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(4, 4, 3, padding="same"),
        nn.Conv2d(4, 4, 3, padding=2, dilation=2), nn.AvgPool2d(2), nn.Conv2d(4, 2, 1),
    )  # fmt: skip
    expected = [(5, 2, 1), (3, 2, 0), (3, 1, 1), (5, 1, 2), (2, 2, 0)]
    assert windows(model, "5", 40) == expected
    assert windows(model, "1", 40) == expected[:1]
    assert not [m for m in model.modules() if m._forward_pre_hooks]


@pytest.mark.parametrize(("size", "padding"), [(224, 0), (225, 1)])
def test_same_padding_depends_on_the_size_of_the_image(size, padding):
    """TensorFlow puts an odd pixel of padding behind the image."""
    assert windows(load_model(), "bn1.act", size) == [(3, 2, padding)]


def test_windows_of_the_embedded_network_reach_as_far_as_its_gradients():
    model, size = load_model(), 128
    images = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    maps = activations(model, images, "blocks.2.1.bn2.act")["blocks.2.1.bn2.act"]
    (gradient,) = torch.autograd.grad(maps[:, :, 8, 8].sum(), images)
    rows = (gradient != 0).any(0).any(0).any(1).nonzero().flatten()
    first, last = 8, 8  # of the units that the unit depends on, layer by layer downwards
    for kernel, stride, padding in reversed(windows(model, "blocks.2.1.bn2.act", size)):
        first, last = first * stride - padding, last * stride - padding + kernel - 1
    assert (int(rows[0]), int(rows[-1])) == (first, last)


def test_windows_refuses_what_it_cannot_tell():
    with pytest.raises(ValueError, match="parallel windows on the way to 'layer2'"):
        windows(random_model("resnet18"), "layer2", 64)
    with pytest.raises(ValueError, match=r"square window, Conv2d has kernel_size \(3, 5\)"):
        windows(nn.Sequential(nn.Conv2d(3, 1, (3, 5))), "0", 16)
    with pytest.raises(ValueError, match=r"expected a layer of shape \(N, C, h, w\), '1' has"):
        windows(nn.Sequential(nn.Conv2d(3, 1, 3), nn.Flatten()), "1", 16)
