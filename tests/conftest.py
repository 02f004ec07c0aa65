"""One thread for every test, and what may run side by side (`pytest -n 2 --dist loadgroup`)."""

import pytest
import torch

torch.set_num_threads(1)  # small tensors are slower on two, and forked workers need it

# These share a clone of the course that takes a minute to grade.
GRADE_A_CLONE = {"test_gradebook", "test_regrade"}


def pytest_collection_modifyitems(items):
    """Keep together what shares something costly: a file's tests, and of some files each lab's."""
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        lab = parameters.get("lab") or (parameters.get("name") if "labs" in item.path.parts else "")
        file = "a graded clone" if item.path.stem in GRADE_A_CLONE else item.path.stem
        item.add_marker(pytest.mark.xdist_group(f"{file} {lab}".strip()))
