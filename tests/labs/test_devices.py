"""Every lab runs on a GPU: nothing that lies on the CPU meets what lies there.

A lab takes 8 to 25 s, because Python sees every operation.
"""

import copy

import pytest
import torch
from fake_gpu import fake_gpu
from torch import nn

from autograder.lab import ROOT, lab_names

CHOICE = 'torch.device("cuda" if torch.cuda.is_available() else "cpu")'
LABS = [name for name in lab_names() if name != "00-start-here"]  # which asks for no device


@pytest.mark.slow
@pytest.mark.parametrize("name", LABS)
def test_the_solution_runs_on_a_gpu(name, tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_FAST", "1")
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    path = ROOT / "solutions" / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    assert CHOICE in source
    with fake_gpu():
        lab = compile(source.replace(CHOICE, 'torch.device("cuda")'), str(path), "exec")
        exec(lab, {"__name__": "__main__"})


# --- the pretended GPU itself ---------------------------------------------------------------------


@pytest.fixture
def there():
    with fake_gpu():
        yield torch.rand(3, generator=torch.Generator().manual_seed(0)).to("cuda")


@pytest.mark.parametrize(
    "mix",
    [
        lambda there: there + torch.zeros(3),
        lambda there: torch.zeros(3)[there > 0],
        lambda there: torch.zeros(3).__setitem__(there > 0, 1.0),
        lambda there: torch.stack([there[0], torch.tensor(1.0)]),
        lambda there: nn.Linear(3, 2)(there),
        lambda there: torch.randn(3, generator=torch.Generator(), device="cuda"),
        lambda there: there.numpy(),
    ],
)
def test_what_a_gpu_refuses_is_refused(there, mix):
    with pytest.raises((RuntimeError, TypeError), match=r"same device|device type"):
        mix(there)


@pytest.mark.parametrize(
    "good",
    [
        lambda there: there + torch.tensor(1.0),
        lambda there: there[torch.tensor([0, 2])],
        lambda there: torch.zeros(3).to(there) + torch.quantile(there, 0.5),
        lambda there: nn.functional.one_hot(there.long()) + torch.ones(3, 1, device=there.device),
        lambda there: copy.deepcopy(nn.BatchNorm1d(3).to("cuda").eval())(there[None]),
        lambda there: torch.zeros_like(there, device="cpu").to("cuda", torch.float64),
    ],
)
def test_what_a_gpu_takes_stays_there(there, good):
    assert good(there).device.type == "cuda"
    assert good(there).detach().cpu().numpy().size


def test_gradients_lie_where_their_tensors_do(there):
    here = torch.rand(3, requires_grad=True)
    (gradient,) = torch.autograd.grad((here.to("cuda") * there).sum(), here)
    assert gradient.device.type == "cpu"
    there.requires_grad_()
    (gradient,) = torch.autograd.grad(there.square().sum(), there)
    assert gradient.device.type == "cuda"
