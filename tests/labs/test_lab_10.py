"""Lab 10: what it prints beats its controls, and its functions agree with the reference."""

import pytest
import torch

from autograder import reference
from autograder.probes import random_images, saliency_probe

LAB = "10-adversarial-images"


def test_fgsm_fools_where_random_signs_of_the_same_size_do_not(solution):
    table = solution(LAB)["table"]
    for fooled, control in list(zip(*table.values(), strict=True))[:3]:
        assert fooled < control - 0.4


def test_on_a_linear_network_the_advantage_over_noise_grows_with_the_number_of_pixels(solution):
    changes = solution(LAB)["changes"].values()
    ratios = [attack / noise for attack, noise, _ in changes]
    assert ratios[0] > 5
    assert ratios[0] < ratios[1] / 2 < ratios[2] / 4
    assert ratios[3] > 100  # the network's own gradient
    for attack, _, by_formula in changes:
        assert attack == pytest.approx(by_formula, rel=0.01)


def test_the_line_holds_near_the_photo_only(solution):
    falls = solution(LAB)["falls"]
    near, far = falls[0.25], falls[16]
    assert near[1] > near[0] / 4
    assert far[1] < far[0] / 20


def test_a_climb_reaches_its_target_where_a_random_change_of_its_length_does_not(solution):
    for largest, length, before, after, control in solution(LAB)["rows"]:
        assert after > 0.2
        assert control < before + 0.05
        assert largest < 40  # grey levels
        assert length < 4  # of about 200


def test_a_margin_makes_the_network_sure(solution):
    lab = solution(LAB)
    p = [
        lab["probabilities"](fooled)[range(len(fooled)), lab["targets"]].mean()
        for fooled in lab["attacked_by"].values()
    ]
    assert p[-1] > 0.99 > p[0] + 0.1


def test_the_first_step_is_the_saliency_map(solution):
    alike = list(solution(LAB)["alike"].values())
    assert alike[0] > 0.999
    assert 0.2 < alike[1] < 0.9
    assert abs(alike[2]) < 0.05


def test_the_map_changes_more_under_attack_than_under_noise(solution):
    _, noise, attacked = solution(LAB)["near"]
    assert attacked < noise - 0.05


def test_grey_and_noise_become_any_class(solution):
    lab = solution(LAB)
    assert min(lab["end_p"]) > 0.9
    assert max(lab["start_p"]) < 0.1


def test_png_keeps_an_attack_and_jpeg_weakens_it(solution):
    lab = solution(LAB)
    control, weak, strong, _, sure = lab["survival"].values()
    assert strong[0] > control[0] + 0.5
    assert sure[0] > 0.9
    assert sure[-1] < 0.3
    assert weak[-1] < weak[0] - 0.3
    assert strong[-1] > weak[-1] + 0.1


def test_an_attack_on_the_linear_digit_network_crosses_to_the_other(solution):
    lab = solution(LAB)
    _, by_convolutional = lab["crossed"]["convolutional"]
    by_linear, _ = lab["crossed"]["linear"]
    noise = lab["crossed"]["random sign (control)"]
    assert min(lab["clean"].values()) > 0.9
    assert by_linear < noise[0] - 0.2
    assert by_convolutional > noise[1] - 0.1  # the other way round it hardly does


def test_functions_agree_with_the_reference(solution):
    lab, generator = solution(LAB), torch.Generator().manual_seed(0)
    model = saliency_probe(generator, (6, 5), signed=True, coloured=True, rivals=True)
    images, labels = random_images(generator, 3, (6, 5)), torch.tensor([0, 3, 1])
    attacked = lab["fgsm"](model, images, labels, 0.1)
    torch.testing.assert_close(attacked.double(), reference.fgsm(model, images, labels, 0.1))
    target = int(model(images[:1]).argmin())
    fooled = lab["fooling_image"](model, images[:1], target, 0.1)
    climb = reference.climb(model, images[:1], target, 0.1, 100)
    assert len(climb) > 2
    torch.testing.assert_close(fooled.double(), climb[-1:], rtol=0, atol=1e-3)
