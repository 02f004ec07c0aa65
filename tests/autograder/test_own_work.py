"""What somebody did in notebooks/ outlives a build, and a build that fails leaves the release."""

import nbformat
import pytest

from autograder import build as builder
from autograder.lab import ROOT, load_release
from autograder.own_work import is_untouched, keep_own_work

LAB = "06-saliency"


@pytest.fixture
def release(tmp_path):
    """A course's folder with one release, as it was built."""
    path = tmp_path / "notebooks" / LAB / f"{LAB}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes((ROOT / "notebooks" / LAB / path.name).read_bytes())
    return path


def answered(notebook):
    cell = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution"))
    cell.source += "\n    return 1"


def was_run(notebook):
    next(c for c in notebook.cells if c.cell_type == "code").execution_count = 1


def saved_by_jupyterlab(notebook):
    notebook.metadata.language_info = {"name": "python", "version": "3.11.7"}


@pytest.mark.parametrize("work", [answered, was_run, saved_by_jupyterlab])
def test_a_notebook_that_somebody_worked_in_is_kept_and_said(release, work):
    notebook = load_release(LAB)
    work(notebook)
    nbformat.write(notebook, release)
    text, said = release.read_text(), []
    keep_own_work(release, said.append)
    kept = release.parents[1] / "mine" / LAB / release.name
    assert kept.read_text() == text
    assert said == [f"kept notebooks/{LAB}/{LAB}.ipynb as notebooks/mine/{LAB}/{LAB}.ipynb"]


def test_an_untouched_release_makes_room_and_says_nothing(release):
    assert is_untouched(release)
    keep_own_work(release, pytest.fail)
    assert release.exists()


def test_other_notebooks_and_photos_are_kept_beside_what_was_kept_before(release):
    (release.parent / "my-photos").mkdir()
    (release.parent / "my-photos" / "dog.jpg").write_text("dog")
    (release.parent / ".ipynb_checkpoints").mkdir()
    for text in ("first", "second"):
        (release.parent / "attempt.ipynb").write_text(text)
        keep_own_work(release, lambda text: None)
    mine = release.parents[1] / "mine" / LAB
    assert (mine / "my-photos" / "dog.jpg").read_text() == "dog"
    assert (mine / "attempt.ipynb").read_text() == "first"
    assert (mine / "attempt 2.ipynb").read_text() == "second"
    assert {p.name for p in release.parent.iterdir()} == {release.name, ".ipynb_checkpoints"}


def test_a_build_that_fails_leaves_the_release_and_what_lies_beside_it(release, monkeypatch):
    def fail(converter, lab, root, **directories):
        raise RuntimeError("nbgrader failed")

    monkeypatch.setattr(builder, "run_converter", fail)
    (release.parent / "attempt.ipynb").write_text("mine")
    before = release.read_bytes()
    with pytest.raises(RuntimeError, match="nbgrader failed"):
        builder.release(LAB, release.parents[2])
    assert release.read_bytes() == before
    assert {p.name for p in release.parent.iterdir()} == {release.name, "attempt.ipynb"}
    assert [p.name for p in release.parents[1].iterdir()] == [LAB]
