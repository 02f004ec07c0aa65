"""Lab 04: what it prints beats its controls, and its functions agree with the reference."""

import pytest
import torch

from autograder import reference

LAB = "04-activations-and-patches"


def test_rectified_layers_are_mostly_exact_zeros_and_linear_ones_never(solution):
    zeros = solution(LAB)["zeros"]
    trained, random = zeros["blocks.3.2.bn2.act"]
    assert trained > random + 0.05
    assert trained > 0.6
    assert max(zeros["blocks.3.2"]) < 0.001


def test_a_scale_for_each_map_shows_more_than_one_scale_for_all(solution):
    shared, own = solution(LAB)["dark"]
    assert own < shared - 0.02


def test_the_face_channel_finds_the_face_it_was_not_searched_on(solution):
    trained, *random = solution(LAB)["tested"]
    assert trained > 0.8
    assert trained > sum(random) / len(random) + 0.3


def test_computed_receptive_fields_are_the_measured_ones(solution):
    lab = solution(LAB)
    assert len(lab["measured"]) == 6
    for name, (first, last) in lab["measured"].items():
        size, stride, offset = lab["fields"][name]
        maps = lab["side"] // stride
        centre = offset + (maps // 2) * stride
        assert (first, last) == (centre - (size - 1) / 2, centre + (size - 1) / 2), name


def test_fields_for_cutting_are_the_computed_ones(solution):
    lab = solution(LAB)
    for name, field in lab["field_of"].items():
        assert lab["receptive_field"](lab["windows"](lab["model"], name, 224)) == field


def test_the_middle_of_the_field_counts_most(solution):
    """Against a quarter, if all pixels counted alike; more so in the trained network."""
    (trained, _), (random, _) = solution(LAB)["central"]
    assert random > 0.25 + 0.2
    assert trained > random + 0.1


def test_the_face_channels_best_pictures_show_faces(solution):
    trained, *random = solution(LAB)["faces"]
    assert trained == 4
    assert max(random) <= 2


def test_best_patches_are_alike_and_random_channels_are_no_exception(solution):
    """What the friend is wrong about: likeness in colour and edges is no sign of training."""
    trained, random, anywhere = solution(LAB)["alike"]
    assert trained > anywhere + 0.08
    assert random > trained + 0.08


@pytest.mark.parametrize("seed", range(3))
def test_solution_agrees_with_the_reference(solution, seed):
    lab, generator = solution(LAB), torch.Generator().manual_seed(seed)
    maps = torch.randn(4, 3, 5, 7, generator=generator)
    for per_map in (True, False):
        torch.testing.assert_close(
            lab["scale_maps"](maps[0], per_map).double(), reference.scale_maps(maps[0], per_map)
        )
    assert lab["top_patches"](maps, 1, 3) == reference.top_patches(maps, 1, 3)
    layers = torch.randint(1, 4, (4, 3), generator=generator).tolist()
    assert lab["receptive_field"](layers) == reference.receptive_field(layers)
