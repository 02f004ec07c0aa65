"""Lab 08: what it prints beats its controls, and its functions agree with the reference."""

import torch
from torch import nn

from autograder import reference

LAB = "08-guided-backprop"


def test_one_guided_relu_passes_a_quarter_of_random_gradients(solution):
    shares = solution(LAB)["shares"]
    assert abs(shares["guided"] - 0.25) < 0.01
    assert min(shares["plain"], shares["deconvnet"]) > shares["guided"] + 0.2


def test_the_gradient_of_a_neuron_lies_in_its_field_and_that_of_a_logit_does_not(solution):
    for neuron, logit, area in solution(LAB)["inside"]:
        assert neuron > 1 - 1e-6
        assert logit < 0.9
        assert area < 0.8


def test_many_best_places_stand_at_the_ceiling(solution):
    assert solution(LAB)["ceiling"]["blocks.2.1.bn2.act"] > 0.3


def test_guided_maps_are_sparser_and_nearer_the_middle_than_plain_and_random_ones(solution):
    lab = solution(LAB)
    spread, middle = ({r: float(v[k]) for r, v in lab["trained"].items()} for k in (0, 1))
    assert spread["guided"] < spread["plain"] - 0.03
    assert middle["guided"] > middle["plain"] + 0.02
    assert spread["guided"] < float(lab["random"]["guided"][0]) - 0.1


def test_more_of_the_guided_map_lies_on_the_face(solution):
    for plain, deconvnet, guided, random, area in solution(LAB)["on_face"]:
        assert guided > max(plain, deconvnet, random, area) + 0.08


def test_along_the_gradient_the_neuron_rises_most(solution):
    rises = solution(LAB)["rises"]
    assert rises["plain"] > 3 * rises["guided"] > 0
    assert rises["guided"] > abs(rises["random"]) + 0.02


def test_leaving_out_relu6_gives_the_plain_gradient(solution):
    lab = solution(LAB)
    assert (len(lab["relus"]), len(lab["sixes"])) == (0, 33)
    assert abs(lab["likeness"]) < 0.5
    assert lab["change"] > 0.5


def test_the_guided_map_hardly_notices_what_the_plain_gradient_does(solution):
    lab = solution(LAB)
    third = lab["steps"].index(10)
    assert lab["alike"]["guided"][third] > 0.95
    assert lab["alike"]["plain"][third] < 0.6
    assert lab["alike"]["guided"][-1] < 0.5, "with random lower layers it changes as well"
    assert lab["classes"]["guided"] > 0.95
    assert abs(lab["classes"]["plain"]) < 0.4


def test_a_neuron_that_only_inhibition_feeds_has_no_guided_map(solution):
    lab = solution(LAB)
    assert not lab["blind"].any()
    assert lab["seen"].abs().max() > 0.1


def test_the_solution_agrees_with_the_reference(solution):
    lab = solution(LAB)
    generator = torch.Generator().manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(3, 5, 3),
        nn.ReLU6(),
        nn.Conv2d(5, 4, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(96, 3),
    )
    for parameter in model.parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
    image = torch.rand(1, 3, 8, 10, generator=generator)
    for layer, channel in (("2", 1), ("3", 1), ("5", 0)):
        got = lab["guided_backprop"](model.requires_grad_(False).eval(), image, layer, channel)
        for road in (reference.guided_backprop, reference.guided_backprop_by_hooks):
            expected = road(model, image, layer, channel)
            assert expected.any()
            assert torch.allclose(got.double(), expected, atol=1e-4 * float(expected.abs().max()))


def test_the_rules_agree_with_the_reference(solution):
    lab = solution(LAB)
    x, upstream = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0))
    x[0] = 0
    for name, rule in lab["RULES"].items():
        got = lab["sent_back"](rule, x, upstream).double()
        assert torch.equal(got, reference.sent_back(x, upstream, name)), name
