"""Lab 07: what it prints beats its controls, and its functions agree with the reference."""

import torch

from autograder import reference

LAB = "07-shortcuts-and-segmentation"


def test_accuracy_on_marked_digits_praises_the_cheater(solution):
    lab = solution(LAB)
    honest, cheater = lab["proof"][lab["honest_name"]], lab["proof"][lab["cheater_name"]]
    assert cheater[0] > 0.98
    assert cheater[0] >= honest[0]


def test_the_cheaters_saliency_lies_on_the_mark(solution):
    """Against the honest network, and against a map that is the same everywhere."""
    lab = solution(LAB)
    (on_mark, in_corner), (control_mark, control_corner) = (
        lab["shares"][lab[name]] for name in ("cheater_name", "honest_name")
    )
    even = lab["share"](lab["even"], lab["on_mark"])
    assert on_mark > 5 * max(control_mark, even)
    assert in_corner > control_corner + 0.1


def test_moving_the_mark_proves_the_cheat(solution):
    lab = solution(LAB)
    honest, cheater = lab["proof"][lab["honest_name"]], lab["proof"][lab["cheater_name"]]
    assert min(honest[:3]) > 0.8
    assert honest[3] < 0.1
    assert max(cheater[1:3]) < 0.5
    assert cheater[3] > 0.9


def test_a_network_that_can_read_the_digit_does_not_cheat(solution):
    by_ink = solution(LAB)["by_ink"]
    faint, full = by_ink[min(by_ink)], by_ink[max(by_ink)]
    assert full[0] > faint[0] + 0.3
    assert full[1] > faint[1] + 0.5


def test_seeds_from_saliency_beat_every_control(solution):
    saliency, *controls = solution(LAB)["overlap"].tolist()
    assert len(controls) == 4
    assert saliency > max(controls) + 0.02


def test_functions_agree_with_the_reference(solution):
    lab = solution(LAB)
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(10, 3, 7, 19, generator=generator), torch.arange(10)
    marked = lab["plant_shortcut"](images, labels)
    assert torch.equal(marked, reference.plant_shortcut(images, labels))
    saliency = torch.rand(40, 31, generator=generator) ** 3
    seeds = lab["grabcut_seeds"](saliency, 0.2, 0.9)
    assert torch.equal(seeds, reference.grabcut_seeds(saliency, 0.2, 0.9))
    a, b = torch.rand(2, 9, 14, generator=generator) > 0.6
    expected = reference.intersection_over_union(a, b)
    assert lab["intersection_over_union"](a, b) == expected
    assert lab["intersection_over_union"](a & ~a, b & ~b) == 1
