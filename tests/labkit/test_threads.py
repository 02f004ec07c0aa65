import pytest
import torch

from labkit.models import load_model
from labkit.threads import spare_threads


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("started", "cores", "left"), [(4, 2, 2), (4, 1, 1), (2, 3, 2), (1, 2, 1)])
def test_no_more_threads_than_cores(started, cores, left, monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: cores)
    torch.set_num_threads(started)
    assert spare_threads() == torch.get_num_threads() == left


def test_whoever_loads_a_network_gets_them(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    torch.set_num_threads(3)
    load_model("digits")
    assert torch.get_num_threads() == 2
