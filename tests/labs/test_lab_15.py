"""Lab 15: what it prints beats its controls, and its functions agree with the reference."""

import torch

from autograder import reference

LAB = "15-fast-style-transfer"


def test_one_pass_is_much_faster_than_the_optimization(solution):
    """Even against 4 steps of it, with LABKIT_FAST=1; in full it is 100."""
    assert solution(LAB)["speed_up"] > 2


def test_the_trained_network_paints_better_than_the_photo_itself(solution):
    scores = solution(LAB)["scores"]
    total = {way: 0.4 * content + style for way, (content, style) in scores.items()}
    assert total["trained longer"] < total["the photo itself"] / 2
    assert total["trained longer"] < total["your network"]


def test_a_few_steps_of_training_lower_the_loss(solution):
    losses = solution(LAB)["losses"]
    assert losses[-1] < 0.9 * losses[0]


def test_instance_normalization_ends_lowest_and_takes_the_contrast_out(solution):
    by_kind = solution(LAB)["by_kind"]
    assert by_kind["instance"]["loss"] < by_kind["none"]["loss"] - 0.05
    assert by_kind["instance"]["change"] < 0.1 * by_kind["batch"]["change"]
    assert by_kind["instance"]["change"] < 0.1 * by_kind["none"]["change"]


def test_a_style_costs_less_than_a_hundredth_of_the_network(solution):
    lab = solution(LAB)
    assert 0 < lab["a_style"] < 0.01 * lab["total"]


def test_each_painting_has_the_style_it_was_asked_for(solution):
    lab = solution(LAB)
    for own, other in zip(lab["right"], lab["others"], strict=True):
        assert own < 0.6 * other


def test_along_the_blend_one_style_gives_way_to_the_other(solution):
    first, second, _ = torch.tensor(solution(LAB)["blend_rows"]).T  # (5,) each
    assert first[0] < 0.6 * first[-1]
    assert second[-1] < 0.6 * second[0]
    assert (first.diff() > -0.05).all()
    assert (second.diff() < 0.05).all()


def test_halfway_strokes_stay_strong_when_styles_are_blended_and_fade_when_pixels_are(solution):
    lab = solution(LAB)
    blended, faded = (torch.tensor(lab[rows])[:, 2] for rows in ("blend_rows", "fade_rows"))
    assert blended[2] > 0.8 * (blended[0] + blended[-1]) / 2
    assert faded[2] < 0.8 * blended[2]


def test_functions_agree_with_the_reference(solution):
    lab, generator = solution(LAB), torch.Generator().manual_seed(0)
    x = 3 * torch.randn(2, 3, 4, 5, generator=generator) + 1
    torch.testing.assert_close(
        lab["instance_norm"](x).double(), reference.instance_norm(x), atol=1e-5, rtol=1e-5
    )
    features, target = ({"a": torch.randn(2, 3, 4, 5, generator=generator)} for _ in range(2))
    grams = {"a": torch.rand(1, 3, 3, generator=generator)}
    weights = {"content": {"a": 0.3}, "style": {"a": 2.0}}
    arguments = (features, target, grams, weights)
    torch.testing.assert_close(
        lab["perceptual_loss"](*arguments).double(), reference.perceptual_loss(*arguments)
    )
