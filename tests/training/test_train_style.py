"""The training of lab 15's networks: it learns, is reproducible, and holds its photos back."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

TRAINING = Path(__file__).resolve().parents[2] / "training"
sys.path.insert(0, str(TRAINING))

import train_style  # noqa: E402 - the scripts are no package: found through the line above

from labkit import data  # noqa: E402
from labkit.models import load_model  # noqa: E402
from labkit.style_networks import HELD_OUT, STYLES, StyleNetwork, training_log  # noqa: E402


@pytest.fixture(scope="module")
def few_crops():
    """The crops of the training, in twos of which the first is enough here."""
    return train_style.training_crops()[:40]


def test_a_few_steps_improve_the_style(few_crops, monkeypatch):
    monkeypatch.setattr(train_style, "training_crops", lambda: few_crops)
    _, log = train_style.train("instance", 12, seed=0)
    assert [step for step, *_ in log] == [0, 12]
    assert log[-1][2] < 0.8 * log[0][2]


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_one_alone(
    few_crops, monkeypatch
):
    monkeypatch.setattr(train_style, "training_crops", lambda: few_crops)
    before = torch.get_rng_state()
    first, second = (train_style.train("styles", 2, seed=1)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_script_writes_weights_and_log_and_prints_its_numbers(tmp_path):
    weights, log = tmp_path / "weights.safetensors", tmp_path / "log.csv"
    command = [sys.executable, TRAINING / "train_style.py", "batch", "--steps", "1"]
    run = subprocess.run(
        [*command, "--output", weights, "--log", log], capture_output=True, text=True, check=True
    )
    network = StyleNetwork(train_style.NORMALIZATIONS["batch"])
    network.load_state_dict(load_file(weights))
    assert log.read_text().startswith("step,content,style\n0,")
    assert "held-out photos after 1 steps: content " in run.stdout


def test_no_crop_shows_a_held_out_photo(monkeypatch):
    shown, photos = [], data.photos
    monkeypatch.setattr(
        data, "photos", lambda names, side: shown.append(names) or photos(names, side)
    )
    crops = train_style.training_crops()
    assert crops.shape[1:] == (3, train_style.CROP, train_style.CROP)
    assert shown
    assert not set(HELD_OUT) & {name for names in shown for name in names}


def test_relative_losses_are_0_at_the_target_and_1_at_zero():
    target = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    assert train_style.relative(target, target) == 0
    assert train_style.relative(0 * target, target) == pytest.approx(1)


def test_each_image_is_compared_with_its_own_style():
    """Style images, painted by a network that changes nothing, in their own style and another."""
    model = load_model()
    grams = train_style.style_grams(model, STYLES[:2])
    images = torch.cat([data.style(name, train_style.STYLE_SIDE) for name in STYLES[:2]])
    weights = torch.eye(2)
    content, own, _ = train_style.losses(model, lambda x, _: x, images, grams, weights)
    _, other, _ = train_style.losses(model, lambda x, _: x, images, grams, weights.flip(0))
    assert content == 0
    assert own < 1e-6 < 1 < other


def test_half_precision_changes_no_painting_visibly():
    """float16 for the convolutions: less than a quarter of a grey level of 256, on average."""
    network = train_style.untrained("instance", seed=0).eval()
    photo = data.photo("cat", 64)
    with torch.no_grad():
        before = network(photo)
        state = train_style.half_precision(network.state_dict())
        network.load_state_dict(state)
        after = network(photo)
    assert {w.dtype for w in state.values()} == {torch.float16, torch.float32}
    assert (after - before).abs().mean() < 0.25 / 256


def test_the_shipped_logs_say_that_normalizing_helps():
    """What training/README.md and the lab quote: instance normalization ends lowest."""
    final = {}
    for kind in ("instance", "batch", "none"):
        log = training_log(kind)
        final[kind] = train_style.CONTENT_WEIGHT * log["content"][-1] + log["style"][-1]
    assert final["instance"] < final["batch"] < final["none"] - 0.1
