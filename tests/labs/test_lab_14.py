"""Lab 14: what it prints beats its controls, and its functions agree with the reference."""

import pytest
import torch

from autograder import reference

LAB = "14-style-transfer"


def test_shuffled_tiles_keep_the_style_and_swapped_colours_the_content(solution):
    lab = solution(LAB)
    content, style = lab["content_losses"], lab["style_losses"]
    tiles, colours, other = "16 tiles, shuffled", "colours swapped", "another photo"
    assert content[colours] < 0.3 * content[tiles]
    assert style[tiles] < 0.6 * style[other]
    assert content[tiles] > 0.7 * content[other]


def test_the_style_is_reached_and_random_weights_do_not_reach_it(solution):
    photo, trained, control = (style for _, style in solution(LAB)["judged"].values())
    assert trained < 0.4 * photo
    assert trained < 0.5 * control


def test_from_noise_both_distances_fall_and_from_the_photo_content_is_given_up(solution):
    paths = solution(LAB)["paths"]
    assert (paths["noise"][-1] < 0.7 * paths["noise"][0]).all()
    assert paths["photo"][0, 0] < 1e-6 < paths["photo"][-1, 0] < paths["noise"][-1, 0]
    assert paths["photo"][-1, 1] < 0.4 * paths["photo"][0, 1]


def test_the_weight_trades_content_for_style(solution):
    rows = torch.tensor(solution(LAB)["weight_rows"])
    assert (rows[1:, 0] < rows[:-1, 0]).all()
    assert rows[-1, 0] < 0.1 * rows[0, 0]
    assert rows[-1, 1] > 3 * rows[0, 1]


def test_a_larger_style_picture_gives_coarser_panes(solution):
    _, same, _, largest = solution(LAB)["frequencies"]
    assert largest < same - 1.5


def test_a_mixture_lies_between_its_styles_and_is_reached(solution):
    lab = solution(LAB)
    rows = torch.tensor(lab["blend_rows"])
    assert (rows[1:, 0] > rows[:-1, 0]).all()
    assert (rows[1:, 1] < rows[:-1, 1]).all()
    assert (rows[:, 2] < 0.4 * min(lab["photo_row"])).all()


def test_memory_grows_with_the_pixels_and_checkpointing_saves_it(solution):
    costs = solution(LAB)["costs"]
    small, large = (costs[size] for size in (64, 128))
    assert large[0][1] > 3 * small[0][1]
    assert large[1][1] < 0.75 * large[0][1]
    assert torch.allclose(large[0][2], large[1][2], atol=1e-5)


def test_coarse_to_fine_brings_the_large_shapes_of_the_style(solution):
    rows = solution(LAB)["coarse_rows"]
    assert rows["coarse to fine"][1] < 0.7 * rows["directly"][1]
    assert rows["directly"][1] < rows["the photo"][1]


def test_dream_and_style_together(solution):
    rows = solution(LAB)["dream_rows"]
    assert rows["style and dream"][0] > 1.1 * rows["style alone"][0]
    assert rows["style and dream"][1] < 0.3 * rows["the photo"][1]


def test_painted_styles_are_reached_better_than_realistic_ones(solution):
    painted, realistic = solution(LAB)["means"]
    assert painted < 0.6 * realistic


def test_every_run_has_a_row_with_seconds_and_both_distances(solution):
    runs = solution(LAB)["runs"]
    assert len(runs) > 30
    assert all(seconds > 0 and style > 0 for _, _, seconds, _, style in runs)


def test_losses_agree_with_the_reference(solution):
    lab, generator = solution(LAB), torch.Generator().manual_seed(1)
    a, b = torch.randn(2, 2, 3, 5, 4, generator=generator)
    assert float(lab["content_loss"](a, b, 0.7)) == pytest.approx(
        reference.content_loss(a, b, 0.7), rel=1e-5
    )
    features, targets = {"a": a, "b": b[:, :2]}, {}
    for layer, x in features.items():
        targets[layer] = reference.gram_matrix(x.flip(3) + 1).float()
    losses = reference.layer_losses(features, targets)
    expected = 2.0 * losses["a"] + 0.5 * losses["b"]
    value = lab["style_loss"](features, targets, {"b": 0.5, "a": 2.0})
    assert float(value) == pytest.approx(float(expected), rel=1e-5)
    mixed = lab["mix_grams"]([targets, losses | targets], [1, 3])
    assert torch.allclose(mixed["a"].double(), reference.mix_grams([targets] * 2, [1, 3])["a"])
