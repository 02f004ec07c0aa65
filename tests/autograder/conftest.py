"""The engines that tests of grading share: one warm sandbox each, a fixed seed."""

from collections.abc import Iterator

import pytest

from autograder.grade import Engine
from autograder.lab import lab_names
from autograder.sandbox import Limits, Sandbox, why_not_isolated

SEED = 1


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A warm, isolated sandbox."""
    if why := why_not_isolated():
        pytest.skip(f"needs bubblewrap: {why}")
    with Sandbox() as warm:
        warm.wait_until_warm()
        yield warm


@pytest.fixture(scope="session")
def plain_sandbox() -> Iterator[Sandbox]:
    """A warm sandbox of plain processes, as on a machine without bubblewrap."""
    with Sandbox(Limits(seconds=3), isolate=False) as warm:
        warm.wait_until_warm()
        yield warm


@pytest.fixture(scope="session")
def engine(sandbox: Sandbox) -> Engine:
    return engine_in(sandbox)


@pytest.fixture(scope="session")
def plain_engine(plain_sandbox: Sandbox) -> Engine:
    return engine_in(plain_sandbox)


def engine_in(sandbox: Sandbox) -> Engine:
    seeds = dict.fromkeys([*lab_names(), "01-tiny"], SEED)
    return Engine(sandbox.address, sandbox.limits, sandbox.isolation, seeds)
