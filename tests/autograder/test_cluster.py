"""Grading on a Dask cluster: the same rows as here, a lost worker is no loss, clear errors."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import cluster as module
from autograder.cache import Cache
from autograder.cluster import grade_on_cluster
from autograder.grade import Engine, grade_all
from autograder.rows import Row
from autograder.sandbox import Limits, why_not_isolated

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(bool(why_not_isolated()), reason="needs bubblewrap")

SEEDS = {"06-saliency": 1}
SALIENCY = """
import torch

def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels[:, None]).sum().backward()
    return images.grad.abs().{}(1)
"""


@pytest.fixture(scope="module")
def cluster():
    """Two workers on this machine, a process each."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    ) as local:
        yield local


@pytest.fixture
def classroom(tmp_path):
    """Five submissions that can be graded, one that is none, one that came twice."""
    for n, how in enumerate(["amax", "amax", "mean", "sum", "amin"]):
        path = tmp_path / "class" / f"student-{n}" / "06-saliency.py"
        path.parent.mkdir(parents=True)
        path.write_text(SALIENCY.format(how) + f"# student {n}\n")
    broken = tmp_path / "class" / "zoe" / "06-saliency.ipynb"
    broken.parent.mkdir()
    broken.write_text("{")
    for name in ("06-saliency.py", "06-saliency (1).py"):
        (tmp_path / "class" / "yan").mkdir(exist_ok=True)
        (tmp_path / "class" / "yan" / name).write_text("x = 1")
    return tmp_path / "class"


def untimed(rows):
    return [replace(row, seconds=0) for row in rows]


@pytest.mark.slow
def test_a_worker_that_is_lost_in_the_middle_costs_nothing(cluster, classroom, tmp_path):
    cache = Cache(tmp_path / "kept")
    rows = []
    graded = grade_on_cluster(cluster.scheduler_address, [classroom], SEEDS, cache=cache)
    rows.append(next(graded))  # all are on their way
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        victim = next(iter(client.run(os.getpid).values()))
    os.kill(victim, signal.SIGKILL)
    rows += graded
    here = list(grade_all([classroom], SEEDS))
    assert untimed(rows) == untimed(here)
    assert [r.points for r in rows][:3] == [16, 16, 13]
    # Another run takes everything from the cache, whoever asks, and knows how long it took there.
    looking = Engine("", Limits(), rows[0].isolation, SEEDS, cache)
    kept = looking.grade_file(classroom / "student-2" / "06-saliency.py")
    assert kept.took > kept.seconds
    assert untimed([looking.grade_file(classroom / "student-2" / "06-saliency.py")]) == untimed(
        [replace(rows[2], submission=str(classroom / "student-2" / "06-saliency.py"))]
    )


def test_no_scheduler_is_a_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PATIENCE", 1)
    with pytest.raises(RuntimeError, match="no Dask scheduler answers at"):
        list(grade_on_cluster("tcp://127.0.0.1:9", [tmp_path], SEEDS))


class Client:
    """A cluster whose workers say this of themselves."""

    def __init__(self, *workers):
        self.workers = workers

    def wait_for_workers(self, *_, **__):
        if not self.workers:
            raise TimeoutError("no workers")

    def run(self, _):
        return dict(enumerate(self.workers))


def test_workers_that_would_grade_otherwise_are_refused():
    own = module.grader_version()
    assert module.require_like_us(Client((own, "bubblewrap"))) == "bubblewrap"
    for workers, says in (
        ((), "no worker of the cluster can grade"),
        (((own, "bubblewrap"), ("other", "bubblewrap")), "workers \\[1\\] have another version"),
        (((own, "bubblewrap"), (own, "not isolated")), "some workers isolate"),
    ):
        with pytest.raises(RuntimeError, match=says):
            module.require_like_us(Client(*workers))


def test_a_file_that_cannot_be_opened_costs_one_row(monkeypatch, tmp_path):
    """Nothing is sent to the cluster, and the class goes on."""
    monkeypatch.setattr(module, "read_submission", lambda path: (_ for _ in ()).throw(OSError(5)))
    here = Engine("", Limits(), "bubblewrap", {})
    row = module._task(None, here, tmp_path / "06-saliency.py", "")
    assert row.reason == "the grader failed, grade this one again: OSError: 5"


def test_what_no_worker_can_do_costs_one_row():
    class Lost:
        def result(self):
            raise RuntimeError("three workers died\x1b[2J")

    file = Path("ann") / "06-saliency.ipynb"
    row = module._result(Engine("", Limits(), "bubblewrap", SEEDS), file, Lost())
    assert isinstance(row, Row)
    assert row.status == "failed"
    assert (row.submission, row.lab, row.max_points) == (str(file), "06-saliency", 40)
    assert "three workers died" in row.reason
    assert row.reason.isprintable()
