"""The container's and the dev container's files: what they copy exists, and what they run."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from autograder.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def instructions():
    """Return [(instruction, its text)] of the Containerfile, lines that go on joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


@pytest.fixture
def image(tmp_path):
    """The folder /course of the image: what the Containerfile copies, by its ignore file."""
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    for name, text in instructions():
        if name == "COPY":
            *sources, target = text.split()
            for pattern in sources:
                assert pattern in allowed, f".containerignore keeps {pattern} out"
                found = sorted(ROOT.glob(pattern))
                assert found, f"COPY {pattern}: there is no such file"
                for path in found:
                    inside = tmp_path / target
                    inside = inside / path.name if target.endswith("/") else inside
                    inside.parent.mkdir(parents=True, exist_ok=True)
                    copy = shutil.copytree if path.is_dir() else shutil.copy
                    copy(path, inside)
    return tmp_path


def test_what_the_image_holds_is_enough_to_grade_every_lab(image):
    """And no more: no seeds, no submissions, no gradebook."""
    code = (
        "from autograder.lab import ROOT, lab_names, load_lab\nimport autograder.grade\n"
        "print(ROOT, len([load_lab(name) for name in lab_names()]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=image, capture_output=True, text=True, check=True
    )
    count = len(list((ROOT / "solutions").glob("[0-9]*.py")))
    assert done.stdout.split() == [str(image), str(count)]
    assert {path.name for path in image.iterdir()} == {
        "pyproject.toml", "README.md", "LICENSE", "course.toml", "labkit", "autograder",
        "solutions",
    }  # fmt: skip


def test_the_image_installs_the_kit_and_runs_its_command_as_no_root(capsys):
    steps = dict(instructions())
    runs = " ".join(text for name, text in instructions() if name == "RUN")
    assert "bubblewrap" in runs
    assert re.search(r"pip install [^;&]*'\.\[grading\]'", runs)
    assert "grading" in EXTRAS
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert steps["USER"] != "root"
    python, *module = json.loads(steps["ENTRYPOINT"])
    assert f"-m venv {python.removesuffix('/bin/python')} " in runs
    assert module == ["-m", "autograder"]
    with pytest.raises(SystemExit) as ended:
        main(json.loads(steps["CMD"]))
    assert ended.value.code == 0
    assert "grade" in capsys.readouterr().out


def test_the_dev_container_installs_what_developers_need():
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert settings["image"].startswith("python:3.12")
    command = shlex.split(settings["postCreateCommand"])
    assert command == ["pip", "install", "-e", ".[dev]"]
    assert "dev" in EXTRAS
