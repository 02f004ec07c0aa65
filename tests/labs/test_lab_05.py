"""Lab 05: the object matters to the trained network, not to its controls, and the fills differ."""

import pytest
import torch
from torch import nn

from autograder import reference

LAB = "05-occlusion"


def looked_at(lab):
    """Return the rows of the tables whose photo the network recognizes by its object."""
    return [k for k, i in enumerate(lab["boxed"]) if lab["names"][i] != "rocket"]


def test_without_the_object_the_class_is_gone_and_without_the_background_it_stays(solution):
    lab = solution(LAB)
    trained, untrained = (table[looked_at(lab)].mean(0) for table in lab["kept"])
    no_object, no_background = trained
    assert no_object < 0.1
    assert no_background > no_object + 0.5
    assert no_background - no_object > untrained[1] - untrained[0] + 0.4


def test_the_drilling_platform_is_not_the_rocket(solution):
    """It did not have to come out well: here the network looks at what stands beside the object."""
    lab = solution(LAB)
    _, no_object, no_background = lab["trained"][lab["names"].index("rocket")]
    assert no_object > no_background + 0.5


def test_squares_on_the_object_cost_more_evidence_than_random_weights_or_shuffling(solution):
    lab = solution(LAB)
    means = lab["contrasts"][looked_at(lab)].mean(0)  # (3 maps, box and elsewhere)
    trained, random, shuffled = (means[:, 0] - means[:, 1]).tolist()
    assert trained > random + 0.15
    assert trained > shuffled + 0.15


def test_every_fill_costs_more_on_the_object_than_it_is_noticed_on_the_background(solution):
    fills = solution(LAB)["fills"]
    assert len(fills) == 6
    for inside, outside in fills.values():
        assert inside > outside + 0.1


def test_noise_is_noticed_more_than_the_mean_colour(solution):
    fills = solution(LAB)["fills"]
    assert fills["noise"][1] > fills["mean colour"][1] + 0.05


def test_larger_squares_take_more_evidence(solution):
    lab = solution(LAB)
    smallest, largest = (float(lab["knob"][k].min()) for k in (0, -1))
    assert largest < smallest - 0.1


def test_border_pixels_are_covered_less_often(solution):
    counts = solution(LAB)["counts"]
    assert counts[0, 0] == 1
    assert counts.max() == 9
    assert counts.min() == 1


@pytest.mark.parametrize("fill", [0.3, torch.tensor([0.1, 0.5, 0.9]), "picture"])
def test_solution_agrees_with_the_reference(solution, fill):
    lab = solution(LAB)
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 11, 8, generator=generator)
    fill = torch.rand(1, 3, 11, 8, generator=generator) if isinstance(fill, str) else fill
    for row, column in ((2, 3), (-2, 6), (9, -3)):
        ours = lab["occlude"](image, row, column, 4, fill)
        assert torch.allclose(ours.double(), reference.occlude(image, row, column, 4, fill))
    model = nn.Sequential(nn.Flatten(), nn.Linear(264, 5)).requires_grad_(False)
    model[1].weight.data = torch.randn(5, 264, generator=generator) / 4
    ours = lab["occlusion_map"](model, image, 3, 3, 2, fill)
    logits = reference.occlusion_logits(model, image, 3, 2, fill)
    assert ours.shape == (5, 3)
    assert torch.allclose(ours.double(), logits.softmax(-1)[..., 3], atol=1e-6)
