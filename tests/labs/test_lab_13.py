"""Lab 13: what it prints beats its controls, and its functions agree with the reference."""

import torch

from autograder import reference

LAB = "13-texture-synthesis"


def test_the_mask_keeps_unknown_pixels_out(solution):
    """Without it, unknown black pixels draw dark windows; with it brightness stays right."""
    lab = solution(LAB)
    (masked, unmasked), truth = lab["brightness"], float(lab["samples"]["gravel"].mean())
    assert abs(masked - truth) < 0.03
    assert unmasked < truth - 0.08


def test_grown_textures_are_less_strange_than_the_controls(solution):
    scores = solution(LAB)["scores"]
    rows = [row for (measure, _), row in scores.items() if measure == "strangeness"]
    assert all(row["grown"] < row["pixels"] / 1.5 for row in rows)
    mean = {kind: sum(row[kind] for row in rows) / len(rows) for kind in rows[0]}
    assert mean["grown"] < mean["patches"] - 0.3


def test_grown_textures_do_not_repeat_the_sample(solution):
    scores = solution(LAB)["scores"]
    rows = [row for (measure, _), row in scores.items() if measure == "repetition"]
    assert all(row["grown"] < 0.7 < 0.99 < row["tiled"] for row in rows)


def test_a_grown_texture_has_the_colours_of_its_sample(solution):
    lab = solution(LAB)
    for name, sample in lab["samples"].items():
        known = {tuple(colour.tolist()) for colour in sample.flatten(1).T}
        assert {tuple(colour.tolist()) for colour in lab["grown"][name].flatten(1).T} <= known


def test_one_matrix_product_is_faster_than_the_loop_and_equal(solution):
    lab = solution(LAB)
    assert lab["ratio"] > 20
    assert lab["difference"](lab["looped"], lab["product"]) < 1e-4


def test_the_gram_matrix_forgets_places_and_keeps_what_occurs_together(solution):
    together, apart = solution(LAB)["changes"].values()
    assert together < 1e-4
    assert apart > 0.2


def test_all_pairs_of_places_give_a_matrix_of_rank_one(solution):
    lab = solution(LAB)
    assert lab["difference"](lab["all_pairs"], lab["of_the_mean"]) < 1e-4
    assert all(pairs == 1 and same > 10 for same, pairs in lab["ranks"].values())


def test_matched_layers_come_nearer_than_those_that_are_not(solution):
    """Each further set of layers brings the distances of its layers down, far below the noise."""
    for rows in solution(LAB)["left_over"].values():
        stem, middle, deep = rows[1], rows[3], rows[5]
        assert middle[2] < stem[2] / 5
        assert deep[4] < middle[4] / 2
        assert deep[4] < rows["noise"][4] / 5


def test_the_same_place_twice_beats_all_pairs(solution):
    same, pairs = solution(LAB)["pair_scores"]
    assert same < pairs / 2


def test_the_functions_agree_with_the_reference(solution):
    lab, generator = solution(LAB), torch.Generator().manual_seed(0)
    features = torch.randn(2, 4, 3, 5, generator=generator)
    for normalize in (True, False):
        ours = lab["gram_matrix"](features, normalize)
        assert torch.allclose(ours.double(), reference.gram_matrix(features, normalize), atol=1e-5)
    window, mask, sample = (
        torch.rand(shape, generator=generator) for shape in ((3, 5, 5), (5, 5), (3, 9, 12))
    )
    ours = lab["masked_distances"](window, mask, sample).double()
    assert torch.allclose(ours, reference.masked_distances(window, mask, sample), atol=1e-4)
