"""Grading: rows, what one mistake costs, which files are submissions, a run that goes on."""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import grade as module
from autograder.grade import Engine, grade_all, grade_in_processes
from autograder.lab import ROOT, Exercise, Lab, lab_names, load_lab
from autograder.sandbox import NOT_ISOLATED, Limits
from autograder.submission import Cell, Submission

SALIENCY = """
import torch

def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels[:, None]).sum().backward()
    return images.grad.abs().amax(1)
"""
ROW = {"submission", "lab", "status", "reason", "points", "max_points", "seconds", "isolation",
       "seed", "exercises"}  # fmt: skip
EXERCISE = {"exercise", "points", "max_points", "error", "checks"}

# A lab of two exercises, the second of which uses the first

CHECKS = """
from labkit.check import points


@points(1, exercise="double")
def test_two(student):
    assert student.double(2) == 4, "twice two is four"


@points(1, exercise="double")
def test_zero(student):
    assert student.double(0) == 0, "twice zero is zero"


@points(3, exercise="quadruple")
def test_three(student):
    assert student.quadruple(3) == 12, "four times three is twelve"


@points(2, exercise="quadruple")
def test_witness(student):
    value = [1]
    call = student.call("quadruple", 1, value)
    assert call.value == 4
"""
DOUBLE = "TWO = 2\ndef double(x):\n    return TWO * x"
QUADRUPLE = "def quadruple(x, _=None):\n    return double(double(x))"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    checks = tmp_path_factory.mktemp("checks") / "lab_01_tiny.py"
    checks.write_text(CHECKS)
    exercises = (
        Exercise("double", 2, (), DOUBLE),
        Exercise("quadruple", 5, ("double",), QUADRUPLE),
    )
    return Lab("01-tiny", exercises, (), checks)


def graded(engine, lab, *sources):
    cells = tuple(Cell(f"cell {n}", "", s) for n, s in enumerate(sources, start=1))
    row = engine.grade(Submission("", "", cells), lab, "ann")
    return row, {e.exercise: e for e in row.exercises}


def test_right_answers_earn_every_point(engine, tiny):
    row, _ = graded(engine, tiny, DOUBLE, QUADRUPLE)
    assert (row.points, row.max_points, row.status) == (7, 7, "graded")


def test_one_mistake_costs_once(engine, tiny):
    """`quadruple` is right; that `double` is wrong is paid for in `double`."""
    row, exercises = graded(engine, tiny, "def double(x):\n    return x + 2", QUADRUPLE)
    assert exercises["double"].points == 1
    assert exercises["quadruple"].points == 5
    assert exercises["quadruple"].helped_by == ("double",)
    assert row.points == 6


@pytest.mark.parametrize("broken", ["def double(x):\n    1 / 0", "def double(:", ""])
def test_a_crash_or_a_missing_answer_costs_once_too(engine, tiny, broken):
    _, exercises = graded(engine, tiny, broken, QUADRUPLE)
    assert exercises["quadruple"].points == 5


def test_a_wrong_answer_is_not_helped_to_points(engine, tiny):
    _, exercises = graded(
        engine, tiny, "def double(x):\n    return x", "def quadruple(x): return 1"
    )
    assert exercises["quadruple"].points == 0
    assert exercises["quadruple"].helped_by == ()


def test_the_better_result_counts(engine, tiny):
    """Right with the student's own way, wrong with the sound one: the student's counts."""
    own = "def double(x):\n    return (x, 2)"
    _, exercises = graded(
        engine, tiny, own, "def quadruple(x, _=None):\n    return double(x)[0] * 4"
    )
    assert exercises["quadruple"].points == 5
    assert exercises["quadruple"].helped_by == ()


def test_the_row_has_the_keys_of_the_design(engine, tiny):
    row, _ = graded(engine, tiny, DOUBLE, "def quadruple(x):\n    return 4 * x")
    data = json.loads(json.dumps(row.as_json()))
    assert set(data) == ROW
    assert all(set(e) == EXERCISE for e in data["exercises"])
    assert set(data["exercises"][1]["checks"][1]) == {"check", "passed", "points", "message"}
    assert data["points"] == sum(
        c["points"] for e in data["exercises"] for c in e["checks"] if c["passed"]
    )
    assert (data["isolation"], data["seed"]) == ("bubblewrap", 1)


def test_a_broken_cell_costs_its_own_exercise_only(engine, tiny):
    row, exercises = graded(engine, tiny, DOUBLE + "\n", "def quadruple(x:\n    pass", "1 / 0")
    assert exercises["double"].points == 2
    assert "cell 2, line 1 is not valid Python" in exercises["quadruple"].error
    assert row.points == 2


def test_processes_of_exercises_share_nothing(engine, tiny):
    """What one exercise's code leaves in its process is not there for the next."""
    leave = DOUBLE.replace("return", "import builtins; builtins.note = 1; return")
    look = "import builtins\ndef quadruple(x, _=None):\n    return builtins.note"
    _, exercises = graded(engine, tiny, leave, look)
    assert "AttributeError" in exercises["quadruple"].checks[0].message


def test_a_crash_in_one_check_costs_that_check(engine, tiny):
    """The next check gets a new process."""
    fragile = "import os\ndef double(x):\n    os._exit(1) if x else None\n    return 0"
    _, exercises = graded(engine, tiny, fragile, QUADRUPLE)
    assert [c.passed for c in exercises["double"].checks] == [False, True]


def test_a_sandbox_that_fails_is_nobodys_zero(engine, tmp_path):
    """The row says `failed`, and the instructor grades this one again."""
    path = tmp_path / "06-saliency.py"
    path.write_text(SALIENCY)
    row = replace(engine, address=str(tmp_path / "gone")).grade_file(path)
    assert row.status == "failed"
    assert "grade this one again" in row.reason
    assert row.max_points == load_lab("06-saliency").max_points


def test_an_error_of_the_graders_own_costs_one_row(engine, tmp_path, monkeypatch):
    path = tmp_path / "06-saliency.py"
    path.write_text(SALIENCY)
    monkeypatch.setattr(module, "slice_for", lambda *_: 1 / 0)
    row = engine.grade_file(path)
    assert row.status == "failed"
    assert "ZeroDivisionError" in row.reason


# A class


@pytest.fixture
def classroom(tmp_path):
    """Six submissions: two good ones, and four that cannot be read."""
    files = {
        "ann/06-saliency.py": SALIENCY,
        "bob/06-saliency.ipynb": "{",
        "cid/06-saliency.ipynb": json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": 3}),
        "dan/homework.py": "x = 1",
        "eve/06-saliency.py": SALIENCY,
        "eve/06-saliency (1).py": SALIENCY,
        "zoe/06-saliency.py": SALIENCY,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def untimed(rows):
    return [replace(row, seconds=0) for row in rows]


def test_the_rest_of_the_class_is_graded(classroom):
    seeds = {"06-saliency": 1}
    rows = {Path(r.submission).parent.name: r for r in grade_all([classroom], seeds)}
    assert rows["ann"].points == rows["zoe"].points == 16
    reasons = {name: row.reason for name, row in rows.items() if row.status == "failed"}
    assert set(reasons) == {"bob", "cid", "dan", "eve"}
    assert "expected a Jupyter notebook" in reasons["bob"]
    assert "expected a Jupyter notebook" in reasons["cid"]
    assert "cannot tell which lab homework.py answers" in reasons["dan"]
    assert "two submissions of one student" in reasons["eve"]
    assert rows["dan"].max_points == 0
    assert rows["bob"].max_points == rows["eve"].max_points == 40, "the file's name tells the lab"


def test_two_workers_give_the_same_rows_as_one(classroom):
    seeds = {"06-saliency": 1}
    one, two = (list(grade_all([classroom], seeds, workers=n)) for n in (1, 2))
    assert untimed(one) == untimed(two)


class Fragile(Engine):
    """Dies, as of too little memory, of every file that lies in `bob`."""

    def grade_file(self, path, name=""):
        if path.parent.name == "bob":
            os.kill(os.getpid(), signal.SIGKILL)
        return self.failed(str(path), "", "graded")


def test_a_grading_process_that_dies_costs_its_own_row(tmp_path):
    """It takes along what other processes were grading: that is graded again."""
    engine = Fragile("", Limits(), "none", {})
    names = ["ann", "bob", "cid", "dan", "eve"]
    files = [tmp_path / name / "06-saliency.py" for name in names]
    rows = list(grade_in_processes(engine, files, {}, 2))
    assert [row.submission for row in rows] == list(map(str, files))
    assert [row.reason == "graded" for row in rows] == [name != "bob" for name in names]
    assert rows[1].reason == "a grading process ended (out of memory?): grade this one again"


class Slow(Engine):
    """Leaves a mark for each file that it grades, after a while."""

    def grade_file(self, path, name=""):
        time.sleep(0.2)
        path.touch()
        return self.failed(str(path), "", "graded")


def test_after_an_interrupt_the_rest_of_the_class_is_not_graded(tmp_path):
    files = [tmp_path / f"{i}.py" for i in range(40)]
    rows = grade_in_processes(Slow("", Limits(), "none", {}), files, {}, 2)
    next(rows)
    rows.close()  # as an exception in the caller does
    assert len(list(tmp_path.iterdir())) < 20


def test_what_a_check_quotes_of_a_result_moves_no_cursor(engine, tiny):
    quote = CHECKS.replace('"twice two is four"', "student.double(2)")
    checks = tiny.checks.with_name("lab_02_tiny.py")
    checks.write_text(quote)
    evil = "def double(x):\n    return '\\x1b[2J' + 'x' * 5000"
    _, exercises = graded(engine, replace(tiny, checks=checks), evil)
    message = exercises["double"].checks[0].message
    assert message.startswith(" [2Jxxx")
    assert message.isprintable()
    assert len(message) == 1000


def test_without_isolation_it_works_and_says_so(classroom):
    """What a machine without bubblewrap does."""
    limits = Limits(seconds=5)
    rows = list(grade_all([classroom / "ann"], {"06-saliency": 1}, limits=limits, isolate=False))
    assert rows[0].points == 16
    assert rows[0].as_json()["isolation"] == NOT_ISOLATED


def test_without_isolation_an_endless_loop_still_ends(plain_engine):
    limits = replace(plain_engine.limits, seconds=1)
    code = "def saliency_map(model, images, labels):\n    while True: pass"
    row, exercises = graded(replace(plain_engine, limits=limits), load_lab("06-saliency"), code)
    assert row.points == 0
    assert "took longer than 1 s" in exercises["saliency_map"].checks[0].message


def test_the_same_seed_gives_the_same_inputs_and_another_gives_others(engine):
    lab = load_lab("06-saliency")
    show = "def saliency_map(model, images, labels):\n    raise ValueError(float(images.sum()))"
    first, again, other = (
        graded(replace(engine, seeds={"06-saliency": s}), lab, show)[0]
        .exercises[0]
        .checks[0]
        .message
        for s in (1, 1, 2)
    )
    assert first == again != other


def test_grading_runs_on_one_thread(engine, tiny):
    """More threads are slower on these small networks, and the sums then depend on the machine."""
    import torch

    graded(engine, tiny, DOUBLE)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("lab", lab_names())
def test_the_solution_earns_every_point(engine, lab):
    row = engine.grade_file(ROOT / "solutions" / f"{lab}.py")
    assert row.points == row.max_points


@pytest.mark.parametrize("lab", lab_names())
def test_the_release_earns_nothing_and_is_not_answered_yet(engine, lab):
    row = engine.grade_file(ROOT / "notebooks" / lab / f"{lab}.ipynb")
    assert (row.status, row.points) == ("graded", 0)
    answered = [c.message for e in row.exercises for c in e.checks if c.answered]
    assert not answered
