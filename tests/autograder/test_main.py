"""The command line: one clear line for bad input, and the exit status that scripts rely on."""

import json

import pytest

from autograder.__main__ import main
from autograder.lab import ROOT


def test_a_path_that_does_not_exist_is_named(capsys):
    assert main(["grade", "no/such/folder"]) == 2
    assert "['no/such/folder'] do not exist" in capsys.readouterr().err


def test_an_empty_folder_is_named(tmp_path, capsys):
    assert main(["grade", str(tmp_path)]) == 2
    assert "no notebook and no .py file below" in capsys.readouterr().err


def test_a_bad_seed_is_named(tmp_path, capsys):
    (tmp_path / "06-saliency.py").write_text("")
    assert main(["grade", str(tmp_path), "--seed", "lucky"]) == 2
    assert "expected --seed new or a whole number, got 'lucky'" in capsys.readouterr().err


def test_an_unknown_lab_is_named(capsys):
    assert main(["build", "77-nothing"]) == 2
    assert "there is no lab '77-nothing'" in capsys.readouterr().err


@pytest.mark.slow
def test_grading_writes_a_row_and_a_page_for_each_file_and_survives_the_bad_ones(tmp_path, capsys):
    """The solution, an unreadable notebook and a file of no lab: three rows, exit status 0."""
    (tmp_path / "06-saliency").mkdir()
    solution = (ROOT / "solutions" / "06-saliency.py").read_text(encoding="utf-8")
    (tmp_path / "06-saliency" / "ada.py").write_text(solution, encoding="utf-8")
    (tmp_path / "06-saliency" / "broken.ipynb").write_text("{")
    (tmp_path / "notes.py").write_text("x = 1")
    rows, pages = tmp_path / "rows.json", tmp_path / "pages"
    command = ["grade", str(tmp_path), "--json", str(rows), "--feedback", str(pages)]
    assert main([*command, "--workers", "1", "--seed", "7"]) == 0
    found = {row["submission"].rsplit("/", 1)[1]: row for row in json.loads(rows.read_text())}
    assert found["ada.py"]["points"] == found["ada.py"]["max_points"] > 0
    assert found["ada.py"]["seed"] == 7
    assert found["broken.ipynb"]["status"] == "failed"
    assert "expected a Jupyter notebook" in found["broken.ipynb"]["reason"]
    assert "cannot tell which lab notes.py answers" in found["notes.py"]["reason"]
    assert len(list(pages.glob("*.html"))) == 3
    assert "1 graded, 2 failed" in capsys.readouterr().out
