"""Lab 06: what it prints beats its controls, and its functions agree with the reference."""

LAB = "06-saliency"


def test_saliency_is_faster_than_occlusion(solution):
    lab = solution(LAB)
    assert lab["saliency_seconds"] < lab["occlusion_seconds"] / 3


def test_saliency_agrees_with_occlusion_more_than_a_random_networks_map_does(solution):
    trained, control = solution(LAB)["agreement"]
    assert trained > control + 0.1


def test_randomizing_layers_takes_the_map_away_step_by_step(solution):
    lab = solution(LAB)
    likeness, ladder = lab["likeness"], lab["ladder"]
    one, all_layers = (likeness(ladder[0], ladder[i]) for i in (1, -1))
    assert one > all_layers + 0.2


def test_a_random_networks_map_is_smoother_than_noise(solution):
    """The lecture: poor before training, but not entirely random, since convolution regularizes."""
    lab = solution(LAB)
    assert lab["smoothness"](lab["ladder"][-1]) > lab["smoothness"](lab["noise"]) + 0.1


def test_deleting_salient_patches_first_beats_random_order(solution):
    salient, chance, last = solution(LAB)["mean_areas"]
    assert salient < chance - 0.03
    assert salient < last - 0.1
