"""The guide for writing an exercise is followed word by word, in a copy of the checkout."""

import json
import re

import pytest
from classroom import ROOT, copy_checkout

GUIDE = (ROOT / "docs" / "writing-an-exercise.md").read_text(encoding="utf-8")
ANSWERS = "tests/autograder/answers/90-contrast.py"
HEADING, BLOCK = r"^## \d\. [^\n]*`(?P<path>[\w/.-]+)`\n", r"```python\n(?P<text>.*?)```"
STEP = re.compile(f"{HEADING}.*?{BLOCK}", re.M | re.S)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A checkout with the files of the guide; the last one, which is not needed, comes later."""
    clone = copy_checkout(tmp_path_factory.mktemp("guide"))
    for path, text in files()[:-1]:
        (clone.root / path).write_text(text, encoding="utf-8")
    clone.run("autograder", "build", "90-contrast")
    return clone


def files():
    return [(step["path"], step["text"]) for step in STEP.finditer(GUIDE)]


def test_the_guide_has_four_files():
    assert [path.partition("/")[0] for path, _ in files()] == [
        "solutions", "autograder", "tests", "labkit",
    ]  # fmt: skip


@pytest.mark.slow
def test_two_files_make_an_exercise_that_is_built_and_graded(course):
    command = ["autograder", "grade", "solutions/90-contrast", "notebooks/90-contrast"]
    course.run(*command, "--json", "rows.json")
    solution, stub = json.loads((course.root / "rows.json").read_text())
    assert (solution["points"], solution["max_points"]) == (4, 4)
    assert (stub["points"], stub["max_points"]) == (0, 4)


@pytest.mark.slow
def test_its_planted_answers_are_judged_as_the_guide_says(course):
    said = course.run("autograder", "audit", "90-contrast", expect=1)
    assert "only 3 mistakes; expected at least 6" in said
    assert "only 1 unusual right answers; expected at least 3" in said
    assert "survives: line 4: amax() dropped" in said
    titles = re.findall(r"^# %% (.+?) exercise=", dict(files())[ANSWERS], re.M)
    assert len(titles) == 4
    assert not [title for title in titles if f"stretch_contrast: {title}:" in said]


@pytest.mark.slow
def test_with_visible_checks_the_cell_shows_a_table(course):
    path, text = files()[-1]
    (course.root / path).write_text(text, encoding="utf-8")
    code = (
        "import torch\nfrom labkit.check import check\n"
        "def stretch_contrast(images):\n    return images\n"
        "print(check('90-contrast', stretch_contrast))"
    )
    (course.root / "try.py").write_text(code)
    said = course.run("try")
    assert "subtract the minimum, divide by the range" in said
