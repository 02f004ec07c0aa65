"""Runs a lab's solution once, with LABKIT_FAST=1, and hands its names to the tests."""

import functools
import os
import tempfile
from pathlib import Path
from unittest import mock

import pytest

from autograder.lab import ROOT


@functools.cache
def run_solution(name: str) -> dict:
    """Return the names that the solution of a lab leaves behind, run from top to bottom."""
    path = ROOT / "solutions" / f"{name}.py"
    names = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "LABKIT_FAST": "1",
            "LABKIT_PROGRESS": str(Path(folder) / "progress.json"),
            "LABKIT_DATA": folder,  # no gallery from the user's cache, no features into it
        }
        with mock.patch.dict(os.environ, settings):
            exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return names


@pytest.fixture
def solution():
    """Return `run_solution`: a lab's name gives its names."""
    return run_solution
