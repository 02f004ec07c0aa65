"""The training scripts: they learn, they are reproducible, and nothing held out leaks in."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

TRAINING = Path(__file__).resolve().parents[2] / "training"
sys.path.insert(0, str(TRAINING))

import batch_norm  # noqa: E402 - the scripts are no package: found through the line above
import train_digits  # noqa: E402
import train_filters  # noqa: E402

from labkit.small_networks import digit_network, filter_network  # noqa: E402


@pytest.fixture(scope="module")
def photos():
    return train_filters.load_photos()


def generator():
    return torch.Generator().manual_seed(0)


def test_a_few_steps_improve_the_digits():
    _, losses = train_digits.train(30, seed=0)
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])


def test_a_few_steps_improve_the_filters(photos):
    """The regularizer needs longer: noise filters, where it starts, are uncorrelated."""
    _, log = train_filters.train(photos, 30, seed=0)
    cross_entropy = [row[1] for row in log]
    assert sum(cross_entropy[-5:]) < 0.95 * sum(cross_entropy[:5])


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_one_alone():
    before = torch.get_rng_state()
    first, second = (train_digits.train(3, seed=1)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("script", ["train_digits.py", "train_filters.py"])
def test_a_script_writes_weights_and_log_and_prints_its_numbers(script, tmp_path):
    weights, log = tmp_path / "weights.safetensors", tmp_path / "log.csv"
    command = [sys.executable, TRAINING / script, "--steps", "3", "--seed", "0"]
    run = subprocess.run(
        [*command, "--output", weights, "--log", log], capture_output=True, text=True, check=True
    )
    make = digit_network if "digits" in script else filter_network
    make().load_state_dict(load_file(weights))
    assert log.read_text().startswith("step,")
    assert ("t-SNE" if "digits" in script else "orientedness") in run.stdout


@pytest.mark.parametrize("make", [digit_network, filter_network])
def test_folding_leaves_the_logits_unchanged(make):
    model = batch_norm.with_batch_norm(make())
    images = torch.rand(8, 3, 32, 32, generator=generator())
    model.train()(images)  # running statistics other than 0 and 1
    expected = model.eval()(images)
    folded = batch_norm.fold_batch_norm(model)
    torch.testing.assert_close(folded(images), expected, rtol=1e-4, atol=1e-5)
    assert list(folded.state_dict()) == list(make().state_dict())


@pytest.mark.parametrize("test", [False, True])
def test_no_training_patch_shows_the_held_out_strip(test):
    photo = torch.zeros(3, 200, 500)
    photo[:, :, 400:] = 1
    patches = train_filters.cut(photo, 200, generator(), test)
    assert patches.shape == (200, 3, 32, 32)
    assert (patches - float(test)).abs().max() < 1e-5


def test_colors_stay_in_range_and_differ_between_images():
    patches = torch.rand(1, 3, 8, 8, generator=generator()).expand(4, -1, -1, -1)
    jittered = train_filters.jitter_colors(patches, generator())
    assert jittered.min() >= 0
    assert jittered.max() <= 1
    assert not torch.allclose(jittered[0], jittered[1], atol=0.05)


def test_jittered_digits_are_moved_but_keep_shape_and_range():
    images = torch.rand(4, 3, 32, 32, generator=generator())
    jittered = train_digits.jitter(images, generator())
    assert jittered.shape == images.shape
    assert 0 <= jittered.min() <= jittered.max() <= 1
    assert not torch.allclose(jittered, images, atol=0.1)


def test_stripes_are_oriented_and_a_dot_is_not():
    stripes = torch.sin(torch.arange(7.0) * 2).expand(1, 1, 7, 7)
    dot = torch.zeros(1, 1, 7, 7)
    dot[..., 3, 3] = 1
    assert train_filters.orientedness(stripes).item() > 0.7
    assert train_filters.orientedness(stripes.mT).item() > 0.7
    assert train_filters.orientedness(dot).item() < 0.05


def test_channel_correlation_of_opposing_colors_is_minus_one():
    slice_ = torch.rand(7, 7, generator=generator())
    filters = torch.stack([slice_, -slice_, 2 * slice_ + 1])[None]
    correlations = train_filters.channel_correlation(filters)
    torch.testing.assert_close(correlations, torch.tensor([[-1.0, 1.0, -1.0]]))


def test_structure_is_clearest_in_layer_one_less_in_layer_two_and_absent_in_random_weights():
    """What lab 01 prints, with a margin."""
    weights = load_file(TRAINING.parent / "labkit/weights/filters.safetensors")
    torch.manual_seed(0)
    random = filter_network().requires_grad_(False)
    for statistic in (train_filters.orientedness, train_filters.channel_correlation):
        first, second, control_1, control_2 = (
            statistic(weight).abs().mean()
            for weight in (
                weights["conv1.weight"],
                weights["conv2.weight"],
                random.conv1.weight,
                random.conv2.weight,
            )
        )
        assert first > second + 0.1
        assert second > max(control_1, control_2) + 0.1


def test_sparse_responses_are_preferred_and_copies_are_not():
    dense = torch.randn(4, 2, 16, 16, generator=generator())
    copies = dense[:, :1].expand(-1, 2, -1, -1)
    loss = train_filters.sparse_and_uncorrelated
    assert loss(dense**3) < loss(dense) < loss(copies)
    torch.testing.assert_close(loss(5 * dense), loss(dense))
