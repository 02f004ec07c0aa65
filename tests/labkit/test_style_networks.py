"""The networks of fast style transfer: shapes, what is handed in, what is shipped."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit import data
from labkit.style_networks import (
    STYLES,
    TRAINED,
    WEIGHTS,
    ScaleAndShift,
    StyleNetwork,
    load_style_network,
    training_log,
)


def instance(channels):
    return ScaleAndShift(channels, F.instance_norm)


def unnormalized(channels):
    return ScaleAndShift(channels, nn.Identity())


class Conditional(nn.Module):
    """Scales by the condition, and notes its shape."""

    seen: list = []  # noqa: RUF012

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(len(STYLES), channels))
        self.bias = nn.Parameter(torch.zeros(len(STYLES), channels))

    def forward(self, x, style_weights):
        self.seen.append(tuple(style_weights.shape))
        return F.instance_norm(x) * (style_weights @ self.weight)[:, :, None, None]


@pytest.mark.parametrize("size", [(32, 48), (33, 46), (31, 31)])
def test_a_painting_has_the_size_of_its_photo(size):
    paintings = StyleNetwork(instance)(torch.rand(2, 3, *size))
    assert paintings.shape == (2, 3, *size)
    assert 0 < paintings.min() < paintings.max() < 1


def test_every_convolution_but_the_last_is_normalized_by_what_was_handed_in():
    made = []
    network = StyleNetwork(lambda channels: made.append(channels) or nn.Identity())
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert made == [c.out_channels for c in convolutions[:-1]]
    assert convolutions[-1].out_channels == 3


def test_the_condition_reaches_every_normalization():
    Conditional.seen.clear()
    network = StyleNetwork(Conditional)
    network(torch.rand(2, 3, 16, 20), torch.rand(2, len(STYLES)))
    assert Conditional.seen == [(2, len(STYLES))] * 11


def test_scale_and_shift_act_on_each_channel_after_the_normalization():
    module = ScaleAndShift(2, lambda x: x + 1)
    module.weight.data = torch.tensor([2.0, 3.0])
    module.bias.data = torch.tensor([0.5, -1.0])
    expected = torch.tensor([2.5, 2.0]).view(1, 2, 1, 1).expand(4, 2, 3, 5)
    assert torch.equal(module(torch.zeros(4, 2, 3, 5)), expected)


@pytest.mark.parametrize("name", TRAINED)
def test_what_is_shipped_loads_frozen_and_paints(name):
    norms = dict(zip(TRAINED, (instance, nn.BatchNorm2d, unnormalized, Conditional), strict=True))
    network = load_style_network(name, norms[name])
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    condition = [torch.eye(len(STYLES))[:1]] if name == "styles" else []
    with torch.no_grad():
        painting = network(data.photo("cat", 64), *condition)
    assert painting.std() > 0.1


def test_what_is_shipped_is_small():
    assert sum(file.stat().st_size for file in WEIGHTS.glob("style-*")) < 1_500_000


@pytest.mark.parametrize("name", TRAINED)
def test_the_log_has_equal_columns_that_fall(name):
    log = training_log(name)
    assert list(log) == ["step", "content", "style"]
    assert len({len(column) for column in log.values()}) == 1
    assert log["style"][-1] < 0.3 * log["style"][0]


def test_an_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="no style network 'layer'; expected one of instance, "):
        load_style_network("layer", instance)
