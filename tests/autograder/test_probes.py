"""The probes: each argument reveals one property of a saliency map and hides the others."""

import pytest
import torch

from autograder import reference
from autograder.compare import close, proportional
from autograder.probes import deep_probe, linear_probe, random_images, saliency_probe

SIZE = (9, 7)
SEEDS = range(5)


def probe(seed, **options):
    """Return a probe, two images and their labels."""
    generator = torch.Generator().manual_seed(seed)
    model = saliency_probe(generator, SIZE, **options)
    return model, random_images(generator, 2, SIZE), torch.tensor([1, 1])


def rules(model, images, labels):
    """Return {rule: maps} for the true rule and for each mistake that a probe may reveal."""
    gradients = reference.logit_gradients(model, images, labels)
    loss = reference.loss_gradients(model, images, labels)
    right = gradients.abs().amax(1)
    return {
        "right": right,
        "signed": gradients.amax(1),
        "coloured": gradients.abs().sum(1),
        "coloured by norm": gradients.norm(dim=1),
        "rivals": loss.abs().amax(1),
        "scaled": right / right.amax((1, 2), keepdim=True),
    }


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("option", ["", "signed", "coloured", "rivals"])
def test_a_probe_reveals_its_own_property_and_hides_the_others(option, seed):
    """A mistake in one rule must not fail the checks of another."""
    found = rules(*probe(seed, **({option: True} if option else {})))
    right = found.pop("right")
    for rule, maps in found.items():
        hidden = proportional(maps, right, tolerance=1e-6)
        assert hidden != (bool(option) and rule.startswith(option)), rule


@pytest.mark.parametrize("seed", SEEDS)
def test_a_map_scaled_to_its_range_is_a_multiple(seed):
    """Some pixel has no influence, so that subtracting the minimum changes nothing."""
    for option in ({}, {"signed": True}, {"coloured": True}, {"rivals": True}):
        right = rules(*probe(seed, **option))["right"]
        assert (right.flatten(1).amin(1) == 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_colour_wins_somewhere(seed):
    """Else a map of one colour alone would pass."""
    model, images, labels = probe(seed, coloured=True)
    gradients = reference.logit_gradients(model, images, labels)
    right = gradients.amax(1)
    for channel in range(3):
        assert not proportional(gradients[:, channel], right)


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_images_and_axes_matter(seed):
    model, images, labels = probe(seed, classes=6)
    maps = reference.saliency_map(model, images, labels)
    assert not proportional(maps[:1], maps[1:])
    assert not proportional(reference.saliency_map(model, images, labels + 1), maps)
    assert not proportional(maps.flip(1), maps)


def test_probes_are_frozen_and_repeat():
    one, again = (saliency_probe(torch.Generator().manual_seed(3), SIZE) for _ in range(2))
    assert not one.training
    assert not any(p.requires_grad for p in one.parameters())
    assert all(map(torch.equal, one.state_dict().values(), again.state_dict().values()))


def test_linear_probe_reads_the_weight():
    weight, image = torch.rand(2, 3, 4, 5), torch.rand(1, 3, 4, 5)
    logits = linear_probe(weight, torch.tensor([0.0, 1.0]))(image)[0]
    torch.testing.assert_close(logits, (weight * image).sum((1, 2, 3)) + torch.tensor([0.0, 1.0]))


def test_deep_probe_has_the_spreads_and_survives_being_redrawn():
    spreads = (0.5, 0.02, 0.1, 0.3)
    model = deep_probe(torch.Generator().manual_seed(0), spreads)
    weights = [w for n, w in model.state_dict().items() if n.endswith("weight")]
    torch.testing.assert_close(
        torch.stack([w.std() for w in weights]), torch.tensor(spreads), rtol=0.1, atol=0
    )
    assert model(torch.rand(2, 3, 9, 7)).std(0).min() > 0


def test_normalization_adds_weights_that_are_no_layers():
    for normalized, count in ((False, 3), (True, 5)):
        state = deep_probe(torch.Generator(), (1, 1, 1), normalized=normalized).state_dict()
        assert len([name for name in state if name.endswith("weight")]) == count


def test_references_agree_with_autograd():
    """The references take Jacobians; this takes one backward pass."""
    model, images, labels = probe(0, rivals=True, signed=True, coloured=True)
    leaf = images.clone().requires_grad_()
    model(leaf).gather(1, labels[:, None]).sum().backward()
    assert close(leaf.grad, reference.logit_gradients(model, images, labels), 1e-5)
    leaf = images.clone().requires_grad_()
    torch.nn.functional.cross_entropy(model(leaf), labels, reduction="sum").backward()
    assert close(leaf.grad, reference.loss_gradients(model, images, labels), 1e-5)
