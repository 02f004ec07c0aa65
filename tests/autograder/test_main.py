"""The command line: one clear line for bad input, and the exit status that scripts rely on."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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


@pytest.mark.parametrize("command", ["build", "pictures", "gallery", "audit", "gradescope"])
def test_an_unknown_lab_is_named(command, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main([command, "77-nothing"]) == 2
    assert "there is no lab '77-nothing'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_the_system_refuses_is_one_line(tmp_path, capsys):
    (tmp_path / "06-saliency.py").write_text("")
    (tmp_path / "file").write_text("")
    assert main(["grade", str(tmp_path), "--feedback", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: [Errno 17] File exists")
    assert said.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_grading_that_is_ended_from_outside_leaves_no_process(tmp_path, sent):
    for i in range(4):
        (tmp_path / str(i)).mkdir()
        text = "def saliency_map(*_):\n    while True:\n        pass\n"
        (tmp_path / str(i) / "06-saliency.py").write_text(text)
    command = ["-m", "autograder", "grade", tmp_path, "--workers", "2", "--anew", "--seed", "7"]
    own = os.environ | {"LABKIT_TEST": str(tmp_path)}  # its processes, but students', inherit it
    grading = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=own, stderr=-1, text=True)
    wait_until(lambda: len(running(tmp_path)) >= 5)  # itself, two graders, and what starts them
    grading.send_signal(sent)
    said = grading.communicate(timeout=60)[1]
    wait_until(lambda: not running(tmp_path))
    if sent == signal.SIGTERM:
        assert grading.returncode == 130
        assert "interrupted" in said
        assert "Traceback" not in said


def running(mark):
    """Return the processes whose environment holds a test's mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"LABKIT_TEST={mark}".encode() in path.read_bytes():
                found.append(path)
    return found


def wait_until(happens, seconds=60):
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.1)


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
