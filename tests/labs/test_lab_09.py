"""Lab 09: what it prints beats its controls, and its functions agree with the reference."""

import torch

from autograder import reference
from labkit.models import load_model

LAB = "09-class-visualization"


def test_climbing_reaches_the_class_and_wandering_does_not(solution):
    lab = solution(LAB)
    assert lab["logits"][-1] > lab["logits"][0] + 5
    assert lab["logits"][-1] > lab["control"][-1] + 5
    assert lab["probability"](lab["bare"], lab["dalmatian"]) > 0.9


def test_the_norm_falls_along_the_penalty_and_the_probability_holds_at_first(solution):
    lab = solution(LAB)
    norms = lab["norms"]
    assert norms[0] > norms[1] > 2 * norms[-1]
    assert lab["sure"][1] > 0.9


def test_each_regularizer_brings_the_total_variation_closer_to_a_photos(solution):
    ladder = solution(LAB)["ladder"]
    bare, blurred, moved = (
        ladder[name][1] for name in ("nothing", "+ blur and clip", "+ shift and zoom")
    )
    assert bare > blurred + 0.05
    assert bare > moved + 0.05
    assert ladder["white noise"][1] > bare > ladder["photo of a cat"][1]
    assert ladder["+ blur and clip"][2] > 0.9
    assert ladder["white noise"][2] < 0.1


def test_a_drawn_picture_excites_its_channel_more_than_the_best_patch(solution):
    for layer, channel, drawn, best in solution(LAB)["found"]:
        assert drawn > 1.2 * best, (layer, channel)


def test_facets_are_further_apart_than_random_groups(solution):
    for digit, (facets, chance) in solution(LAB)["spreads"].items():
        assert facets > 1.5 * chance, digit


def test_the_decoders_pictures_look_like_digits_whatever_the_network_knows(solution):
    """The lecture's warning: the looks come from the prior, not from the network."""
    lab = solution(LAB)
    table = {(name, way.__name__[3:]): values for (name, way), values in lab["table"].items()}
    for name in lab["networks"]:
        assert table[name, "decoder"][1] < 1.4 * lab["held_out"] < table[name, "pixels"][1]
    agreement = {name: table[name, "decoder"][2] for name in lab["networks"]}
    assert agreement["honest"] >= 0.8
    assert max(agreement["cheating"], agreement["random"]) <= agreement["honest"] - 0.3
    p = {name: table[name, "decoder"][0] for name in lab["networks"]}
    assert p["honest"] > max(p["cheating"], p["random"]) + 0.2


def test_pixels_show_the_mark_that_the_cheating_network_looks_for(solution):
    lab = solution(LAB)
    marks = {name: lab["table"][name, lab["in_pixels"]][3] for name in lab["networks"]}
    assert marks["cheating"] > max(marks["honest"], marks["random"]) + 0.1


def test_the_steps_agree_with_the_reference(solution):
    lab = solution(LAB)
    model = load_model("digits")
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    moved = lab["class_visualization_step"](model, image, 4, 0.3, 0.5) - image
    expected = 0.5 * reference.ascent_direction(model, image, 4, 0.3)
    torch.testing.assert_close(moved.double(), expected, rtol=0, atol=1e-4)
    z = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    moved = lab["latent_step"](lab["decoder"], model, z, 4, 0.5) - z
    expected = 0.5 * reference.latent_directions(lab["decoder"], model, z, 4)
    torch.testing.assert_close(moved.double(), expected, rtol=0, atol=1e-4)


def test_blur_and_clip_agrees_with_the_reference(solution):
    image = torch.full((1, 3, 31, 27), 0.5)
    image[:, :, 15, 13] = 1.0
    blurred = solution(LAB)["blur_and_clip"](image, 2.0, 0.0)
    expected = reference.gaussian_spot((31, 27), (15, 13), 2.0)
    torch.testing.assert_close((blurred[0, 0].double() - 0.5) * 2, expected, rtol=0, atol=1e-3)
    noise = torch.rand(1, 3, 9, 8, generator=torch.Generator().manual_seed(0))
    clipped = solution(LAB)["blur_and_clip"](noise, 0.05, 0.25)
    assert torch.equal((clipped == 0.5).all(1)[0], reference.nearest_to_grey(noise, 18))
