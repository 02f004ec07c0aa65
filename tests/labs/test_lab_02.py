"""Lab 02: what it prints beats its controls, and the network's logits come out of the features."""

import pytest
import torch
import torch.nn.functional as F

from labkit import data
from labkit.data import Gallery

LAB = "02-nearest-neighbors"


def test_features_are_what_the_last_layer_makes_logits_of(solution):
    lab = solution(LAB)
    assert lab["features"].shape == (184, 1280)
    assert lab["logit_error"] < 1e-4


def test_a_linear_classifier_does_better_on_features(solution):
    accuracy = solution(LAB)["accuracy"]
    assert accuracy["features"] > accuracy["pixels"] + 0.1
    assert accuracy["features"] > accuracy["random weights"] + 0.02


def test_neighbours_in_features_are_of_the_same_group(solution):
    precision = solution(LAB)["precision"]
    assert precision["features"] > precision["pixels"] + 0.3
    assert precision["features"] > precision["random weights"] + 0.1


@pytest.mark.parametrize("change", ["mirrored", "shifted", "recoloured", "cropped", "upside down"])
def test_changed_copies_are_found_in_features_and_lost_in_pixels(solution, change):
    again = solution(LAB)["again"]
    (found, distance), (in_pixels, _) = again["features"][change], again["pixels"][change]
    assert found > in_pixels + 0.1
    assert 0.05 < distance < 0.8  # forgiven, not forgotten: the friend is half right


def test_training_finds_more_copies_than_random_weights_do(solution):
    again = solution(LAB)["again"]
    mean = {name: sum(f for f, _ in rows.values()) / len(rows) for name, rows in again.items()}
    assert mean["features"] > mean["random weights"] + 0.15


def test_precision_counts_the_neighbours_of_the_same_group(solution):
    """By hand: on a line at 0, 1, 2, 10, 11 the nearest other is of its group for four of five."""
    line = torch.tensor([[0.0], [1.0], [2.1], [10.0], [11.0]])
    precision = solution(LAB)["precision_at_k"]
    assert precision(line, list("aabcc"), 1) == pytest.approx(4 / 5)
    assert precision(F.pad(line, (0, 3)), list("aaaaa"), 4) == 1


def test_the_photo_gallery_branch_counts_groups(solution, monkeypatch):
    """The cell that needs a download, run on a gallery of the kit's own views."""
    lab, views = solution(LAB), data.sample_gallery(size=64, views=4)
    names = [f"n0000_{name}" for name in views.names]
    gallery = Gallery(views.images, views.labels, names, views.groups)
    monkeypatch.setattr(data, "gallery_available", lambda **_: True)
    monkeypatch.setattr(data, "gallery", lambda **_: gallery)
    names = dict(lab)
    exec(cell_with("data.gallery_available(limit=limit)"), names)
    shares = {name: share for name, (share, _) in names["photo_precision"].items()}
    assert shares["features"] > shares["pixels"] + 0.2
    exec(cell_with("if photo_precision:"), names)


def cell_with(text):
    from autograder.lab import ROOT, read_source

    cells = read_source(ROOT / "solutions" / f"{LAB}.py").cells
    return next(c.source for c in cells if c.cell_type == "code" and text in c.source)
