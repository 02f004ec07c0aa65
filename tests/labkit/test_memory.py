"""Peak memory is that of the tensors alive at once; checkpointing changes memory and no value."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from labkit.hooks import capture
from labkit.memory import checkpointed, peak_memory

MEGA = 1 << 20


def deep_network():
    torch.manual_seed(0)
    blocks = [nn.Sequential(*(nn.Tanh() for _ in range(8))) for _ in range(4)]
    return nn.Sequential(*blocks)


def test_a_tensor_counts_while_it_lives():
    with peak_memory() as peak:
        a = torch.zeros(MEGA // 4)
        assert peak.bytes == MEGA
        del a
        b = torch.zeros(MEGA // 4)
        assert peak.bytes == MEGA
        c = torch.zeros(MEGA // 4)
        assert peak.bytes == 2 * MEGA
        del b, c


def test_a_view_costs_nothing():
    with peak_memory() as peak:
        a = torch.zeros(MEGA // 4)
        views = [a.view(2, -1), a[1:], a.reshape(4, -1)]
    assert len(views) == 3
    assert peak.bytes == MEGA


def test_what_the_backward_pass_has_to_remember_counts():
    image = torch.zeros(1, 3, 64, 64, requires_grad=True)
    with peak_memory() as with_graph:
        deep_network()(image).sum().backward()
    with peak_memory() as without, torch.no_grad():
        deep_network()(image).sum()
    assert with_graph.bytes > 8 * without.bytes


def test_checkpointing_saves_memory_and_keeps_values_and_gradients():
    model, image = deep_network(), torch.rand(1, 3, 64, 64, requires_grad=True)
    with peak_memory() as plain:
        (expected,) = torch.autograd.grad(model(image).sum(), image)
    with peak_memory() as saving, checkpointed(model, ["0", "1", "2", "3"]):
        (gradient,) = torch.autograd.grad(model(image).sum(), image)
    assert torch.equal(gradient, expected)
    assert saving.bytes < plain.bytes / 2


def test_hooks_see_a_checkpointed_module_once():
    model, image = deep_network(), torch.rand(1, 3, 8, 8, requires_grad=True)
    with checkpointed(model, ["1"]), capture(model, "1") as features:
        model(image)
    assert torch.equal(features["1"], model[1](model[0](image)))


def test_afterwards_the_model_is_as_it_was():
    model = deep_network()
    with pytest.raises(RuntimeError, match="inside"), checkpointed(model, ["0", "1"]):
        raise RuntimeError("inside")
    assert not any("forward" in vars(module) for module in model.modules())


def test_an_unknown_name_changes_nothing():
    model = deep_network()
    with pytest.raises(AttributeError), checkpointed(model, ["0", "nowhere"]):
        pass
    assert "forward" not in vars(model[0])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc alone is told")
def test_freed_memory_is_reused_without_new_pages():
    script = """
import resource, torch
from labkit.memory import keep_freed_memory

def fewest_new_pages():
    counts = []
    for _ in range(12):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(20 << 20)  # 80 MiB: more than glibc ever keeps of its own
        counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    return min(counts)

alone = fewest_new_pages()
print(keep_freed_memory(), alone, fewest_new_pages())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    known, alone, kept = done.stdout.split()
    if known == "False":
        pytest.skip("this C library has no mallopt, or refuses")
    assert int(kept) < int(alone) / 10
