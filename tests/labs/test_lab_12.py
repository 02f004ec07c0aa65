"""Lab 12: the recipe is a gradient, dreams beat their controls, functions agree with references."""

from fractions import Fraction

import pytest
import torch
from torch import nn

from autograder import reference

LAB = "12-deepdream"


def test_the_recipe_is_the_gradient_of_half_the_squared_norm_and_no_other_is(solution):
    quotients = solution(LAB)["quotients"]
    assert all(abs(q - 1) < 1e-3 for q in quotients["the activations"])
    for other in ("ones", "signs"):
        assert all(abs(q - 1) > 0.1 for q in quotients[other])


def test_dreaming_raises_the_norm_and_random_steps_of_that_size_do_not(solution):
    lab = solution(LAB)
    for layer in (lab["low"], lab["high"]):
        assert lab["walks"][layer][-1] > 1.4
        assert lab["walks"][f"{layer}, random"][-1] < 1.1


def test_octaves_bring_coarse_changes(solution):
    shares = solution(LAB)["shares"]
    assert shares["four octaves"] > shares["one scale"] + 0.04 > shares["random walk"] + 0.04


def test_the_high_layer_dreams_of_dogs(solution):
    lab = solution(LAB)
    kennel = lab["kennel"]
    dreamt = kennel[lab["high"]]
    assert dreamt > 0.1
    assert dreamt > 5 * max(kennel["photos"], kennel[lab["low"]], kennel["random weights"])


def test_without_jitter_and_octaves_the_dream_is_rougher(solution):
    rough = solution(LAB)["rough"]
    assert rough["neither"] > rough["all"] > rough["photo"]


def test_a_dream_from_noise_excites_the_layer(solution):
    norms = solution(LAB)["norms"]
    assert norms[-1] > norms[1] > 1.5


def test_the_digit_network_dreams_strokes(solution):
    stroked = solution(LAB)["stroked"]
    assert stroked["real digits"] > 0.6
    assert stroked["digit network"] > 0.6
    assert stroked["its random control"] < 0.3
    assert abs(stroked["dark noise"]) < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_solution_agrees_with_the_reference(solution, seed):
    lab, generator = solution(LAB), torch.Generator().manual_seed(seed)
    activation = torch.randn(2, 3, 4, 5, generator=generator)
    found = lab["dream_loss"](activation).double()
    assert torch.isclose(found, reference.dream_loss(activation), rtol=1e-5)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten())
    model[0].weight.data = torch.randn(model[0].weight.shape, generator=generator)
    model = model.requires_grad_(False).eval()
    image = torch.rand(1, 3, 6, 8, generator=generator)
    gradient = reference.dream_gradient(model, image, 2)
    step = lab["dream_step"](model, image, "1", 0.1).double() - image
    assert torch.allclose(step, 0.1 * gradient / gradient.abs().mean(), atol=1e-5)
    height, width = torch.randint(100, 400, (2,), generator=generator).tolist()
    expected = reference.octave_sizes(height, width, 4, Fraction(7, 5))
    assert lab["octave_sizes"](height, width, 4, 1.4) == expected
