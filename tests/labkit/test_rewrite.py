"""Rewriting changes what can be seen, never the logits; redrawing keeps a network alive."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.rewrite import (
    fold_batch_norm,
    randomize,
    separate_activations,
    weighted_layers,
)


class Residual(nn.Module):
    """All that torchvision's blocks do wrong: shared, functional, in place."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.relu(self.first(x))
        out = self.relu(self.second(out))
        out += x
        return self.relu(out)


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return F.relu(self.conv(x), inplace=True)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), Residual(), Functional())


@pytest.fixture
def images():
    return torch.randn(2, 3, 8, 7, generator=torch.Generator().manual_seed(1))


def test_every_activation_has_a_module_and_logits_stay(network, images):
    before = network(images)
    separate_activations(network, (Residual, Functional))
    names = [name for name, module in network.named_modules() if isinstance(module, nn.ReLU)]
    assert names == ["1", "2.relu", "2.relu_1", "2.relu_2", "3.relu"]
    assert torch.equal(network(images), before)


def test_each_activation_module_is_called_once_a_pass(network, images):
    separate_activations(network, (Residual, Functional))
    calls = []
    for name, module in network.named_modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda *_, name=name: calls.append(name))
    network(images)
    assert sorted(calls) == ["1", "2.relu", "2.relu_1", "2.relu_2", "3.relu"]


def test_captured_outputs_are_not_changed_later(network, images):
    separate_activations(network, (Residual, Functional))
    seen = []
    for module in network.modules():
        module.register_forward_hook(lambda m, inputs, out: seen.append((out, out.clone())))
    network(images)
    assert all(torch.equal(output, then) for output, then in seen)


def test_a_hook_on_the_block_itself_still_fires(network, images):
    separate_activations(network, (Residual, Functional))
    seen = []
    network[2].register_forward_hook(lambda m, inputs, out: seen.append(out))
    network(images)
    assert len(seen) == 1
    assert type(network[2]).__name__ == "Residual"


def test_folding_keeps_the_output_and_the_names():
    """`bn.act` stays a name; a wrong order of statistics would change the output."""
    from timm.layers import BatchNormAct2d

    torch.manual_seed(0)
    network = nn.Sequential()
    network.add_module("conv", nn.Conv2d(3, 4, 3, bias=False))
    network.add_module("bn", BatchNormAct2d(4, act_layer=nn.ReLU6))
    network.add_module("conv2", nn.Conv2d(4, 2, 1))
    network.add_module("bn2", BatchNormAct2d(2, apply_act=False))
    for values in network.state_dict().values():
        if values.is_floating_point():
            values.copy_(torch.rand_like(values) + 0.5)
    images = torch.randn(2, 3, 8, 7)
    before = network.eval()(images)
    fold_batch_norm(network)
    assert torch.allclose(network(images), before, atol=1e-5)
    assert isinstance(network.get_submodule("bn.act"), nn.ReLU6)
    assert not [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]


def test_random_weights_give_every_layer_unit_outputs():
    """Forty layers of default weights fade to nothing; ours do not."""
    torch.manual_seed(0)
    deep = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1))
    for _ in range(40):
        deep.extend([nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)])
    images = torch.rand(2, 3, 16, 16)
    faded = (deep(images[:1]) - deep(images[1:])).abs().mean()
    randomize(deep, 128, torch.Generator().manual_seed(0))
    assert not [module for module in deep.modules() if module._forward_hooks]
    assert all((layer.bias == 0).all() for layer in weighted_layers(deep))
    assert deep(torch.rand(2, 3, 128, 128)).std().item() == pytest.approx(1, abs=0.1)
    assert (deep(images[:1]) - deep(images[1:])).abs().mean() > 1000 * faded
