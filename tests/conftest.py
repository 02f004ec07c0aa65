"""One thread for every test, and which tests stay together when they run side by side."""

import os
import re

import pytest
import torch

# Small tensors are slower on two, and forked workers need it; the variable tells kernels and
# other programs that tests start: beside other tests, two threads took five times as long.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"

# These share a clone of the course that takes a minute to grade.
GRADE_A_CLONE = {"test_gradebook", "test_regrade", "test_formgrader", "test_class_pages"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep together what shares something costly: a file's tests, and of some files each lab's.

    xdist's own groups need a private name of pytest's that pytest 9.2 no longer has.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return scope(nodeid)

    return Scheduler(config, log)


def scope(nodeid):
    """Return the name of what runs on one worker: "test_answers 06-saliency"."""
    path, _, test = nodeid.partition("::")
    file = re.sub(r".*/|\.py$", "", path)
    lab = re.search(r"\[(\d\d-[a-z0-9-]+)", test)
    if file in GRADE_A_CLONE:
        return "a graded clone"
    return f"{file} {lab[1]}" if lab else file
