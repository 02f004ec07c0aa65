"""A remembering network gives what the network gives, wherever and however the image changed."""

import pytest
import torch
from torch import nn

from labkit.models import load_model, random_model
from labkit.remember import Remembering

SIDE = 96


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def covered(image, *boxes):
    images = image.repeat(len(boxes), 1, 1, 1)
    for one, (top, left, height, width) in zip(images, boxes, strict=True):
        one[:, top : top + height, left : left + width] = 0.5
    return images


@pytest.fixture(scope="module")
def small():
    """A chain whose output tells every cell, with odd kernels, strides and a pooling."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 4, 5, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(body, nn.Conv2d(4, 2, 3, padding=1), nn.Flatten()).eval()


@pytest.mark.parametrize("size", [8, 20])
def test_every_square_gives_what_the_network_gives(small, image, size):
    places = [(i, j) for i in range(0, SIDE, 11) for j in range(0, SIDE, 11)]
    images = covered(image, *((i, j, size, size) for i, j in places))
    for layers in (["0.2"], ["0.0", "0.2", "1"], ["0"]):
        remembering = Remembering(small, image, layers)
        torch.testing.assert_close(remembering(images), small(images))


def test_the_embedded_network_gives_its_logits(image):
    model = load_model()
    images = covered(image, (0, 0, 16, 16), (40, 33, 16, 16), (80, 80, 16, 16), (0, 90, 96, 6))
    torch.testing.assert_close(
        Remembering(model, image)(images), model(images), atol=1e-4, rtol=1e-4
    )


def test_an_image_that_did_not_change_and_one_that_changed_everywhere(small, image):
    images = torch.cat([image, 1 - image])
    torch.testing.assert_close(Remembering(small, image, ["0.2"])(images), small(images))


def test_sides_that_the_strides_do_not_divide(small):
    image = torch.rand(1, 3, 49, 50, generator=torch.Generator().manual_seed(0))
    images = covered(image, (20, 20, 8, 8), (45, 0, 4, 4))
    torch.testing.assert_close(Remembering(small, image, ["0.2"])(images), small(images))


@pytest.mark.parametrize("shape", [(64, 65), (65, 64), (64, 72), (97, 96)])
def test_both_axes_are_padded_as_their_own_side_wants(shape):
    """The embedded network pads by the side's size: with one axis' padding logits were 0.2 off."""
    model = load_model()
    image = torch.rand(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    images = covered(image, (0, 0, 16, 16), (40, 33, 16, 16), (48, 50, 20, 16))
    torch.testing.assert_close(
        Remembering(model, image)(images), model(images), atol=1e-4, rtol=1e-4
    )


def test_each_stage_sees_a_part_only():
    image, seen = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0)), []
    remembering = Remembering(load_model(), image)
    for stage in remembering.stages:
        stage.chain.register_forward_pre_hook(lambda module, given: seen.append(given[0].shape))
    remembering(covered(image, (96, 96, 32, 32), (0, 0, 32, 32)))
    sides = [(h, whole) for (_, _, h, _), whole in zip(seen, (224, 56, 28, 28, 14), strict=True)]
    assert all(side < 0.9 * whole for side, whole in sides)
    assert all(side < 0.5 * whole for side, whole in sides[:2])


def test_there_is_no_gradient_that_could_be_wrong(small, image):
    images = covered(image, (40, 40, 8, 8)).requires_grad_()
    assert not Remembering(small, image, ["0.2"])(images).requires_grad


def test_the_callers_image_and_batch_stay_as_they_are(small, image):
    mine = image.clone()
    remembering = Remembering(small, mine, "0.2")
    images = covered(image, (40, 40, 8, 8))
    expected, given = small(images), images.clone()
    mine.zero_()
    torch.testing.assert_close(remembering(images), expected)
    assert images.equal(given)


@pytest.mark.parametrize("layer", ["blocks.1.1.conv_pw", "blocks.9"])
def test_a_layer_inside_a_block_and_one_that_is_nowhere_are_refused(image, layer):
    with pytest.raises(ValueError, match=layer):
        Remembering(load_model(), image, [layer])


def test_layers_out_of_order_are_refused(small, image):
    with pytest.raises(ValueError, match="in order"):
        Remembering(small, image, ["1", "0.2"])


def test_parallel_windows_are_refused(image):
    with pytest.raises(ValueError, match="parallel"):
        Remembering(random_model("resnet18"), image, ["layer2"])
