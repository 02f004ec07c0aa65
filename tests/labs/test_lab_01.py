"""Lab 01: what it prints beats its controls, and its functions agree with the reference."""

import torch

from autograder import reference

LAB = "01-first-layer-filters"


def test_own_pattern_beats_every_patch_of_equal_norm(solution):
    """The lecture: the response is an inner product, largest where the image matches the filter."""
    matches = solution(LAB)["matches"]
    for own, photos, noise in zip(*matches.values(), strict=True):  # trained, then random filters
        assert torch.allclose(own, torch.ones_like(own), atol=1e-5)
        assert max(photos.max(), noise.max()) < 0.99


def test_photos_hold_the_patterns_of_trained_filters_more_than_those_of_random_ones(solution):
    matches = solution(LAB)["matches"]
    trained, control = (values.mean() for values in matches["photo patches"])
    assert trained > control + 0.2
    assert trained > matches["noise patches"][0].mean() + 0.15


def test_without_equal_norms_a_stronger_and_worse_match_wins(solution):
    lab = solution(LAB)
    assert lab["strength"][lab["winner"]].mean() > 1.15 * lab["strength"][lab["which"]].mean()
    assert lab["its_match"].mean() < lab["values"].mean() - 0.03


def test_trained_filters_are_oriented_or_opponent(solution):
    for name, margin in (("filters", 0.5), ("lite0", 0.2)):
        trained, control = solution(LAB)["table"][name]
        assert trained[2] > control[2] + margin
        assert trained[0] > control[0] + 0.1
        assert trained[1] > control[1] + 0.1


def test_each_filter_answers_to_the_picture_it_looks_like(solution):
    assert solution(LAB)["winners"] == ["brick", "turned", "retina", "rocket"]


def test_trained_filters_mind_the_direction_more_than_random_ones(solution):
    lab = solution(LAB)
    for trained, control in (lab["turn_changes"], lab["selectivity"]):
        assert trained > control + 0.1


def test_templates_of_true_labels_name_digits_and_those_of_shuffled_labels_do_not(solution):
    accuracy = solution(LAB)["accuracy"]
    assert accuracy["true labels"] > 0.9
    assert accuracy["shuffled labels"] < 0.3


def test_both_statistics_fall_from_layer_1_to_layer_2_and_stay_above_random(solution):
    (first, _), (second, control) = solution(LAB)["fall"].values()
    for one, two, chance, margin in zip(first, second, control, (0.1, 0.02), strict=True):
        assert one > two + margin > chance + 2 * margin


def test_response_is_that_of_the_networks_first_layer_and_not_with_mirrored_filters(solution):
    same, mirrored = solution(LAB)["differences"]
    assert same < 1e-3 < 1 < mirrored


def test_functions_agree_with_the_reference(solution):
    lab, generator = solution(LAB), torch.Generator().manual_seed(0)
    weights = torch.randn(4, 3, 5, 5, generator=generator)
    image = torch.rand(1, 3, 9, 11, generator=generator)
    for name, args in (
        ("normalize_filters", (weights,)),
        ("grayscale_slices", (weights,)),
        ("filter_response", (image, weights)),
    ):
        found, expected = lab[name](*args), getattr(reference, name)(*args)
        assert torch.allclose(found.double(), expected, atol=1e-4), name
