"""Which files are submissions, and of which lab."""

import os
from pathlib import Path

import nbformat
import pytest

from autograder.collect import find_submissions, lab_of, submitted_twice
from autograder.grade import Engine
from autograder.sandbox import Limits
from autograder.submission import UnreadableSubmission


def make(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def test_every_notebook_and_every_python_file_without_one(tmp_path):
    make(
        tmp_path,
        "a/06-saliency.ipynb",
        "a/06-saliency.py",
        "b/06-saliency.py",
        "c/deep/er/06-saliency.ipynb",
        "c/notes.txt",
        ".hidden/06-saliency.ipynb",
        "a/.ipynb_checkpoints/06-saliency-checkpoint.ipynb",
        "a/__pycache__/x.py",
    )
    found = [str(p.relative_to(tmp_path)) for p in find_submissions([tmp_path])]
    assert found == ["a/06-saliency.ipynb", "b/06-saliency.py", "c/deep/er/06-saliency.ipynb"]


def test_the_source_beside_an_instructors_notebook_is_not_a_second_submission(tmp_path):
    make(tmp_path, "06-saliency.py", "06-saliency/06-saliency.ipynb")
    assert [p.suffix for p in find_submissions([tmp_path])] == [".ipynb"]


def test_a_helper_beside_a_students_notebook_is_not_a_second_submission(tmp_path):
    """It got a row of its own with 0 points, and export refused the whole class."""
    make(tmp_path, "ada/06-saliency.ipynb", "ada/helper.py", "ada/05-occlusion.py")
    make(tmp_path, "06-saliency/bob.ipynb", "06-saliency/cy.py", "dan/helper.py")
    found = [str(p.relative_to(tmp_path)) for p in find_submissions([tmp_path])]
    assert found == [
        "06-saliency/bob.ipynb",
        "06-saliency/cy.py",
        "ada/05-occlusion.py",
        "ada/06-saliency.ipynb",
        "dan/helper.py",
    ]


def test_a_file_named_twice_is_graded_once(tmp_path):
    make(tmp_path, "a.py")
    assert find_submissions([tmp_path, tmp_path / "a.py"]) == [tmp_path / "a.py"]


def test_a_link_to_a_folder_is_not_entered(tmp_path):
    """A student's link could lead to the solutions."""
    make(tmp_path, "real/06-saliency.py")
    make(tmp_path, "class/ann/readme.txt")
    os.symlink(tmp_path / "real", tmp_path / "class" / "ann" / "link")
    assert find_submissions([tmp_path / "class"]) == []


@pytest.mark.parametrize("copy", ["06-saliency (1)", "06-saliency(2)", "06-saliency-Copy1"])
def test_two_copies_of_one_notebook_are_noticed(tmp_path, copy):
    files = [tmp_path / "06-saliency.ipynb", tmp_path / f"{copy}.ipynb"]
    reasons = submitted_twice([*files, tmp_path / "other" / "06-saliency.ipynb"])
    assert set(reasons) == set(files)
    assert "keep one" in reasons[files[0]]


@pytest.mark.parametrize(
    ("path", "stated", "lab"),
    [
        ("x/anything.ipynb", "06-saliency", "06-saliency"),
        ("x/06-saliency_ann.ipynb", "", "06-saliency"),
        ("06-saliency/ann.ipynb", "", "06-saliency"),
        ("x/06-saliency.ipynb", "no such lab", "06-saliency"),
        ("00-start-here/06-saliency.ipynb", "", "06-saliency"),
    ],
)
def test_the_lab_is_what_it_states_or_its_name_or_its_folder(path, stated, lab):
    assert lab_of(Path("/course") / path, stated) == lab


def test_an_unknown_lab_names_the_known_ones():
    with pytest.raises(UnreadableSubmission, match=r"expected its name or folder .*06-saliency"):
        lab_of(Path("/course/homework.ipynb"))


def test_another_labs_notebook_is_no_zero_in_either_labs_column(tmp_path):
    """It was 0 for the lab that it states, and the one that it was handed in for stayed empty."""
    path = tmp_path / "ben" / "06-saliency (1).ipynb"
    path.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(metadata={"labkit": {"lab": "05-occlusion"}}), path)
    row = Engine("", Limits(), "none", {}).grade_file(path)
    assert (row.status, row.lab, row.max_points) == ("failed", "06-saliency", 40)
    assert row.reason == "handed in as 06-saliency, but it is the notebook of 05-occlusion"
    assert lab_of(path.with_name("homework.ipynb"), "05-occlusion") == "05-occlusion"
