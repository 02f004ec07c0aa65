"""Lab 11: what is lost with depth, against its controls; solutions agree with the references."""

import pytest
import torch

from autograder import reference

LAB = "11-feature-inversion"
PIXELS, COLOUR, TEXTURE, STRUCTURE = range(4)


@pytest.fixture
def lab(solution):
    return solution(LAB)


def test_the_first_layer_keeps_almost_everything(lab):
    first = lab["table"]["trained"][0]
    assert first[[COLOUR, TEXTURE, STRUCTURE]].max() < 0.2
    assert (first < lab["table"]["another photo"][0] - 0.5).all()


@pytest.mark.parametrize("what", [COLOUR, TEXTURE, STRUCTURE])
def test_errors_grow_with_depth(lab, what):
    values = lab["table"]["trained"][:, what]
    assert (values.diff() > -0.02).all()  # what is gone altogether does not grow further
    assert values[2] > values[0] + 0.2


def test_colour_goes_before_structure(lab):
    """At the third depth nothing is left of the colours, and the edges still run the same way."""
    lost = lab["table"]["trained"][2] / lab["table"]["another photo"][2]
    assert lost[COLOUR] > 0.8
    assert lost[COLOUR] > lost[STRUCTURE] + 0.15


@pytest.mark.parametrize("what", [TEXTURE, STRUCTURE])
def test_two_depths_keep_more_than_another_photo_and_than_random_weights(lab, what):
    names = ("trained", "another photo", "random weights")
    for depth in (1, 2):
        own, other, random = (lab["table"][name][depth, what] for name in names)
        assert own < other - 0.15
        assert own < random - 0.15


def test_random_weights_keep_the_photo_in_the_first_layer_too(lab):
    assert lab["table"]["random weights"][0, STRUCTURE] < 0.2


def test_deep_layers_mind_missing_colour_less_than_faint_noise(lab):
    without, noisy = (lab["losses"][name] for name in ("without colour", "nearly the same"))
    assert float(without[0]) > 2 * float(noisy[0])
    assert float(without[2]) < float(noisy[2])


def test_inverted_pictures_match_the_features_better_than_another_photo(lab):
    for reached, other in zip(lab["reached"], lab["losses"]["another photo"], strict=True):
        assert reached < 0.5 * float(other)


def test_the_knob_makes_pictures_smoother_and_features_worse(lab):
    variations = [float(lab["total_variation"](x)) for x in lab["knob"]]
    assert variations == sorted(variations, reverse=True)
    little, much = (
        float(lab["layer_loss"](lab["knob"][k], lab["photo"], lab["depths"][2])) for k in (1, 3)
    )
    assert much > 1.5 * little


def test_a_photo_has_less_variation_than_its_shuffled_pixels(lab):
    values = lab["variations"]
    assert values["photo, blurred"] < values["photo"] < 0.2 * values["photo, pixels shuffled"]


def test_two_seeds_share_no_detail(lab):
    assert abs(lab["alike"]) < 0.2


def test_a_painting_that_no_network_saw_comes_back(lab):
    errors, painted, painting = lab["errors"], lab["new"][1], lab["painting"]
    own, other = (errors(painted, x)[STRUCTURE] for x in (painting, lab["photo"]))
    assert own < other - 0.3


@pytest.mark.parametrize("shape", [(1, 3, 4, 6), (2, 3, 5, 3)])
def test_total_variation_agrees_with_the_reference(lab, shape):
    image = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    value = float(lab["total_variation"](image, 0.5))
    assert value == pytest.approx(0.5 * reference.total_variation(image), rel=1e-5)


def test_inversion_agrees_with_the_known_answer(lab):
    truth = torch.rand(1, 3, 5, 4, generator=torch.Generator().manual_seed(0))
    keep = torch.nn.Sequential(torch.nn.Identity())
    weight = 1 / float(truth.square().sum())
    image = lab["invert_features"](keep, "0", truth, (5, 4), 200, weight, 0)
    assert (image - reference.smoothest_match(truth, 1.0)).abs().max() < 0.03
