"""Which files are submissions, and of which lab."""

import os
from pathlib import Path

import nbformat
import pytest

from autograder.collect import find_submissions, lab_of, submitted_twice
from autograder.exports import students_of
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


def test_who_handed_in_something_else_is_mentioned(tmp_path):
    """They were passed over: no row, no page, no line in any table."""
    make(tmp_path, "ada/06-saliency.ipynb", "bob/06-saliency.zip", "bob/a.pdf", "cy/my.pdf")
    make(tmp_path, "dan/06-saliency.ipynb.txt", "eve/06-saliency.IPYNB", "my-photos/dog.jpg")
    make(tmp_path, ".git/config", "fay/.ipynb_checkpoints/x.ipynb", "__MACOSX/x", "ada/data/x.csv")
    make(tmp_path, "06-saliency/notes.txt")
    os.symlink(tmp_path / "my-photos", tmp_path / "link")
    found = [str(p.relative_to(tmp_path)) for p in find_submissions([tmp_path])]
    assert found == [
        "ada/06-saliency.ipynb",
        "bob/06-saliency.zip",
        "cy/my.pdf",
        "dan/06-saliency.ipynb.txt",
        "eve/06-saliency.IPYNB",
        "fay/*.ipynb",
    ]
    rows = [Engine("", Limits(), "none", {}).grade_file(tmp_path / name) for name in found[1:]]
    assert [row.lab for row in rows] == ["06-saliency", "", "06-saliency", "06-saliency", ""]
    assert [row.reason for row in rows if row.status == "failed"] == [
        "found 06-saliency.zip; expected a notebook. It is a zip archive: unpack it, or use "
        "nbgrader zip_collect",
        "found my.pdf; expected a notebook",
        "found 06-saliency.ipynb.txt; expected a notebook",
        "expected a Jupyter notebook; the file is empty",
        "expected a notebook or .py file, found no file *.ipynb",
    ]
    assert students_of(rows) == ["bob", "cy", "dan", "eve", "fay"]


def test_who_handed_in_one_lab_and_something_else_for_another_is_mentioned(tmp_path):
    make(tmp_path, *(f"{name}/06-saliency/06-saliency.ipynb" for name in ("ada", "bob")))
    make(
        tmp_path, "bob/05-occlusion/timestamp.txt", "cy/06-saliency/timestamp.txt", "ada/data/x.csv"
    )
    make(tmp_path, "cy/06-saliency/answers.docx", "dan/x.rar")
    found = [str(p.relative_to(tmp_path)) for p in find_submissions([tmp_path])]
    assert found == [
        "ada/06-saliency/06-saliency.ipynb",
        "bob/05-occlusion/*.ipynb",
        "bob/06-saliency/06-saliency.ipynb",
        "cy/06-saliency/answers.docx",
        "dan/x.rar",
    ]


@pytest.mark.parametrize("answer", ["06-saliency.ipynb", "06-saliency/06-saliency.ipynb"])
def test_a_students_own_folder_is_no_class(tmp_path, answer, monkeypatch):
    """Neither that of one student nor one with a student's further tries."""
    make(tmp_path, answer, "data/x.csv", "notes/lecture.pdf")
    assert find_submissions([tmp_path]) == [tmp_path / answer]
    monkeypatch.chdir(tmp_path)
    assert find_submissions([Path()]) == [Path(answer)]
    make(tmp_path, "class/ada/06-saliency.ipynb", "class/ada/try/06-saliency.py", "class/ada/a/b.c")
    assert len(find_submissions([tmp_path / "class"])) == 2


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
