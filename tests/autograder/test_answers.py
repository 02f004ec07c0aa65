"""Every planted mistake fails the checks named for it, and every unusual right answer passes.

tests/autograder/answers/NN-name.py lists them; a new lab's file is found and tested as it is.
"""

from dataclasses import replace
from pathlib import Path

import jupytext
import pytest

from autograder.lab import lab_names, load_lab
from autograder.sandbox import Process
from autograder.submission import Cell, Submission
from labkit.errors import StudentError

ANSWERS = Path(__file__).parent / "answers"


def answers(*, right):
    """Return one pytest parameter for each answer that is right, or that is a mistake."""
    found = []
    for path in sorted(ANSWERS.glob("*.py")):
        for cell in jupytext.read(path, fmt="py:percent").cells:
            about = cell.metadata
            if "exercise" in about and bool(about.get("right")) == right:
                name = f"{path.stem}: {about['exercise']}: {about['title']}"
                found.append(pytest.param(path.stem, about, cell.source, id=name))
    return found


def grade_answer(engine, lab, about, source, monkeypatch):
    """Return the exercise's row, and everything that the function gave back to the checks."""
    seen = []

    def call(self, function, *args, **options):
        try:
            result = original(self, function, *args, **options)
        except StudentError as error:
            seen.append(str(error))
            raise
        seen.append(repr(result))
        return result

    original = Process.call
    monkeypatch.setattr(Process, "call", call)
    submission = Submission("answer", lab, (Cell("answer", "", source),))
    full = load_lab(lab)
    alone = replace(full, exercises=(full.exercise(about["exercise"]),))
    (exercise,) = engine.grade(submission, alone, about["title"]).exercises
    return exercise, "\n".join(seen)


BEHAVIOUR: dict[tuple, str] = {}


@pytest.mark.parametrize(("lab", "about", "source"), answers(right=False))
def test_mistake_fails_the_check_meant_for_it(engine, lab, about, source, monkeypatch):
    row, seen = grade_answer(engine, lab, about, source, monkeypatch)
    failed = {c.check: c.message for c in row.checks if not c.passed}
    expected = about["fails"].split()
    if expected == ["all"]:
        expected = [c.check for c in row.checks]
    assert set(failed) == set(expected), failed
    first = next(iter(failed))
    assert first == expected[0], f"the first message is that of {first}"
    assert about.get("says", "") in failed[first], failed[first]
    key = (lab, about["exercise"], about.get("says"), seen)
    twin = BEHAVIOUR.setdefault(key, about["title"])
    assert twin == about["title"], f"the mistake {twin!r} behaves in the same way"


@pytest.mark.parametrize(("lab", "about", "source"), answers(right=True))
def test_unusual_right_answer_earns_every_point(engine, lab, about, source, monkeypatch):
    row, _ = grade_answer(engine, lab, about, source, monkeypatch)
    assert not [f"{c.check}: {c.message}" for c in row.checks if not c.passed]
    assert row.points == row.max_points


def test_answers_belong_to_labs_and_their_exercises():
    """A misspelt lab, exercise or check in an answers file would test nothing."""
    for lab, about, _ in (p.values for p in answers(right=False) + answers(right=True)):
        assert lab in lab_names()
        assert about["exercise"] in [e.name for e in load_lab(lab).exercises], about["title"]
        known = {"title", "exercise", "fails", "says", "right", "lines_to_next_cell"}
        assert set(about) <= known, about["title"]


@pytest.mark.parametrize("lab", [name for name in lab_names() if load_lab(name).exercises])
def test_every_exercise_has_mistakes_and_right_answers(lab):
    for exercise in load_lab(lab).exercises:
        for right in (False, True):
            mine = [p for p in answers(right=right) if p.values[0] == lab]
            assert any(p.values[1]["exercise"] == exercise.name for p in mine), exercise.name
