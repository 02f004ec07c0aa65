"""Lab 03: what it prints beats its controls, and its functions agree with others' results."""

import pytest
import torch

from autograder import reference
from autograder.lab import ROOT, read_source
from labkit import data
from labkit.data import Gallery

LAB = "03-embedding-maps"


def test_principal_plane_keeps_more_variance_than_a_random_one(solution):
    for principal, control in solution(LAB)["kept"].values():
        assert principal > control + 0.15


def test_variance_kept_does_not_say_which_map_is_best(solution):
    """What the student explains: features keep the least, and their neighbours the most."""
    lab = solution(LAB)
    kept = {name: principal for name, (principal, _) in lab["kept"].items()}
    assert min(kept, key=kept.get) == "features"
    assert max(kept, key=kept.get) == "random weights"


@pytest.mark.parametrize("where", ["in_plane", "on_map"])
def test_neighbours_of_features_are_of_the_same_class_more_often(solution, where):
    accuracy = solution(LAB)[where]
    assert accuracy["features"] > accuracy["pixels"] + 0.03
    assert accuracy["features"] > accuracy["random weights"] + 0.08


def test_tsne_keeps_the_neighbours_that_the_plane_loses(solution):
    lab = solution(LAB)
    for name in lab["vectors"]:
        assert lab["on_map"][name] > lab["in_plane"][name] + 0.1
        assert lab["on_map"][name] > lab["in_full"][name] - 0.03


def test_affinities_of_features_stay_inside_the_classes(solution):
    lab = solution(LAB)
    assert lab["inside"]["features"] > lab["inside"]["pixels"] + 0.15
    assert lab["inside"]["features"] > lab["inside"]["random weights"] + 0.25
    assert lab["inside"]["random weights"] > lab["chance"] + 0.3


def test_descent_by_hand_gets_as_low_as_scikit_learn(solution):
    reached = solution(LAB)["reached"]
    assert reached["your t-SNE"] < reached["scikit-learn"] + 0.05
    assert reached["your t-SNE"] < reached["principal plane"] / 3 < reached["random places"] / 5


def test_islands_keep_their_neighbours_and_not_their_order(solution):
    lab = solution(LAB)
    assert all(agreement < 0.9 for agreement in lab["order"].values())
    for places in list(lab["several"].values())[:3]:
        assert lab["neighbour_accuracy"](places, lab["labels"]) > 0.98


def test_views_of_a_photo_lie_together(solution):
    accuracy = solution(LAB)["view_accuracy"]
    assert accuracy["features"] > accuracy["pixels"] + 0.1
    assert accuracy["features"] > accuracy["random weights"] + 0.05


def test_neighbour_accuracy_by_hand(solution):
    """On a line at 0, 1, 2.1, 10, 11, the nearest other is of its class for four of five."""
    line = torch.tensor([[0.0], [1.0], [2.1], [10.0], [11.0]])
    accuracy = solution(LAB)["neighbour_accuracy"]
    assert accuracy(line, torch.tensor([0, 0, 1, 2, 2]), k=1) == pytest.approx(4 / 5)


def test_functions_agree_with_the_reference(solution):
    lab, generator = solution(LAB), torch.Generator().manual_seed(0)
    x, places = (torch.randn(30, d, generator=generator) for d in (6, 2))
    squared = lab["squared_distances"](x)
    mine, P = lab["pca"](x, 3), reference.perplexity_affinities(squared, 7)
    assert torch.allclose(mine.abs().double(), reference.pca(x, 3).abs(), atol=1e-4)
    assert torch.allclose(lab["perplexity_affinities"](squared, 7).double(), P, atol=1e-6)
    gradient = lab["tsne_gradient"](P.float(), places).double()
    assert torch.allclose(gradient, reference.tsne_gradient(P, places), atol=1e-6)
    thumbnails = torch.rand(30, 3, 3, 5, generator=generator)
    picture = lab["paste_on_map"](places, thumbnails, 50).double()
    assert float((picture - reference.paste_on_map(places, thumbnails, 50)).abs().mean()) < 0.02


def test_reference_agrees_with_scikit_learn():
    """A third road to affinities and gradient; scikit-learn may rename what it keeps private."""
    tsne = pytest.importorskip("sklearn.manifold._t_sne")
    from scipy.spatial.distance import squareform

    generator = torch.Generator().manual_seed(1)
    x, places = (torch.randn(25, d, generator=generator).double() for d in (5, 2))
    squared = torch.cdist(x, x).square()
    theirs = tsne._joint_probabilities(squared.numpy(), 6, 0)
    P = reference.perplexity_affinities(squared, 6)
    assert torch.allclose(torch.from_numpy(squareform(theirs)), P, atol=1e-5)
    _, flat = tsne._kl_divergence(places.numpy().ravel(), theirs, 1, 25, 2)
    ours = reference.tsne_gradient(P, places)
    assert torch.allclose(torch.from_numpy(flat).view(25, 2), ours, atol=1e-5)


def test_the_photo_gallery_branch_draws_a_map(solution, monkeypatch, tmp_path):
    """The cell that needs a download, run on a gallery of the kit's own views."""
    lab, views = solution(LAB), data.sample_gallery(size=64, views=4)
    gallery = Gallery(views.images, views.labels, views.names, views.groups)
    monkeypatch.setattr(data, "gallery_available", lambda **_: True)
    monkeypatch.setattr(data, "gallery", lambda **_: gallery)
    monkeypatch.chdir(tmp_path)
    cells = read_source(ROOT / "solutions" / f"{LAB}.py").cells
    cell = next(c.source for c in cells if "data.gallery_available(limit=limit)" in c.source)
    names = dict(lab)
    exec(cell, names)
    assert names["real_accuracy"]["features"] > names["real_accuracy"]["pixels"] + 0.1
    assert (tmp_path / "out" / "map-of-photos.png").stat().st_size > 100_000
