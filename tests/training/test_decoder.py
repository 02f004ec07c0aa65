"""The decoder's script: it learns, is reproducible, writes what it says."""

import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

TRAINING = Path(__file__).resolve().parents[2] / "training"
sys.path.insert(0, str(TRAINING))

import train_decoder  # noqa: E402 - the scripts are no package: found through the line above

from labkit.small_networks import digit_decoder  # noqa: E402


def test_a_few_steps_improve_the_pictures():
    _, log = train_decoder.train(60, seed=0)
    errors = [error for error, _ in log]
    assert sum(errors[-5:]) < 0.7 * sum(errors[:5])


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_one_alone():
    before = torch.get_rng_state()
    first, second = (train_decoder.train(3, seed=1)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_script_writes_weights_and_log_and_prints_its_numbers(tmp_path):
    weights, log = tmp_path / "weights.safetensors", tmp_path / "log.csv"
    command = [sys.executable, TRAINING / "train_decoder.py", "--steps", "3", "--seed", "0"]
    run = subprocess.run(
        [*command, "--output", weights, "--log", log], capture_output=True, text=True, check=True
    )
    digit_decoder().load_state_dict(load_file(weights))
    assert log.read_text().startswith("step,error,divergence")
    assert "nearest training digit" in run.stdout
