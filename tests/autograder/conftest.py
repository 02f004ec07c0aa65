"""The engine that tests of grading share: one warm sandbox, a fixed seed."""

from collections.abc import Iterator

import pytest

from autograder.grade import Engine
from autograder.lab import lab_names
from autograder.sandbox import Sandbox


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Sandbox() as sandbox:
        sandbox.wait_until_warm()
        seeds = dict.fromkeys(lab_names(), 1)
        yield Engine(sandbox.address, sandbox.limits, sandbox.isolation, seeds)
