"""The guides' commands exist, with these options; their links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from nbgrader.apps.nbgraderapp import NbGraderApp

from autograder.__main__ import _parser

ROOT = Path(__file__).resolve().parents[1]
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_commands_are_ones_of_the_autograder(guide):
    text = guide.read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(r"python -m autograder ([^`\n]*)", text)
    commands += re.findall(r"^ +convnet-grader ([^`\n]*)", text, flags=re.MULTILINE)
    assert commands or guide.name == "students.md"  # students have no autograder
    for command in commands:
        words = shlex.split(re.sub(r"\[[^]]*\]|\.\.\.", "", command), comments=True)
        _parser().parse_args(words)  # exits where a command or an option does not exist


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_commands_of_nbgrader_exist(guide):
    """Formgrader is none: it is a page in JupyterLab."""
    text = guide.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|, )nbgrader ([a-z_]+)", text, flags=re.MULTILINE))
    assert named <= set(NbGraderApp.subcommands) - {"formgrade"}
    assert named or guide.name != "grading.md", "else this tests nothing"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(guide):
    text = re.sub(r"`[^`\n]*`", "", guide.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        path = guide.parent / name if name else guide
        assert path.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert heading in {t.lower().replace(" ", "-") for t in titles}, target
