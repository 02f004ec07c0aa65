"""What was graded before is not graded again, unless something that it depends on changed."""

import json
from dataclasses import replace

import pytest

from autograder import cache as module
from autograder import student as students
from autograder.cache import Cache, grader_version
from autograder.grade import Engine, NotKept, grade_all
from autograder.lab import Exercise, Lab
from autograder.rows import ExerciseRow
from autograder.sandbox import Sandbox
from autograder.submission import Cell, Submission

CHECKS = """
import torch
from labkit.check import points

@points(1, exercise="double")
def test_double(student):
    assert student.double(torch.tensor(3.0)) == 6

@points(2, exercise="halve")
def test_halve(student):
    assert student.halve(torch.tensor(3.0)) == 1.5, "not a half"
"""
DOUBLE = "def double(x):\n    return x + x"
HALVE = "def halve(x):\n    return x / 2"


@pytest.fixture
def lab(tmp_path):
    """A lab of two exercises; pytest wants a name of its own for each module of checks."""
    checks = tmp_path / f"lab_97_{tmp_path.name}.py"
    checks.write_text(CHECKS)
    exercises = (Exercise("double", 1, (), DOUBLE), Exercise("halve", 2, (), HALVE))
    return Lab("97-pair", exercises, (), checks)


@pytest.fixture
def started(monkeypatch):
    """The exercises for which a process was started, in order."""
    names, original = [], students.Student._start

    def start(self):
        names.append(self._exercise)
        return original(self)

    monkeypatch.setattr(students.Student, "_start", start)
    return names


@pytest.fixture
def keeping(engine, tmp_path):
    """An engine that keeps what it finds."""
    return replace(engine, seeds={"97-pair": 1}, cache=Cache(tmp_path / "kept"))


def grade(engine, lab, *sources):
    cells = tuple(Cell(f"cell {n}", "", source) for n, source in enumerate(sources, start=1))
    return engine.grade(Submission("ann", lab.name, cells), lab, "ann")


def test_a_regrade_starts_nothing_and_gives_the_same_row(keeping, lab, started):
    first = grade(keeping, lab, DOUBLE, "def halve(x):\n    return x")
    assert started == ["double", "halve"]
    again = grade(keeping, lab, DOUBLE, "def halve(x):\n    return x")
    assert started == ["double", "halve"]
    assert replace(first, seconds=0) == replace(again, seconds=0)
    assert again.exercises[1].checks[0].message == "not a half"


def test_what_is_kept_remembers_how_long_it_took(keeping, lab):
    """Else the report of a graded class tells the time of looking up."""
    wait = "import time\ndef double(x):\n    time.sleep(0.3)\n    return x + x"
    first = grade(keeping, lab, wait, HALVE)
    assert first.took == first.seconds > 0.3
    again = grade(keeping, lab, wait, HALVE)
    assert again.exercises[0].kept_seconds > 0.3 > again.exercises[1].kept_seconds > 0
    assert again.seconds < 0.3 < again.took < first.took + again.seconds + 0.01
    partly = grade(keeping, lab, wait, "def halve(x):\n    return x * 0.5")
    assert partly.took > 0.3
    assert "kept_seconds" not in again.as_json()["exercises"][0], "DESIGN.md fixes the keys"


def test_a_file_of_before_times_were_kept_still_counts(tmp_path):
    cache = Cache(tmp_path)
    cache.keep("old", row := ExerciseRow("double", 1, 1, "", []))
    (file,) = tmp_path.rglob("*.json")
    kept = json.loads(file.read_text())
    del kept["kept_seconds"]
    file.write_text(json.dumps(kept))
    assert cache.load("old") == row


def test_what_changed_is_graded_and_nothing_else(keeping, lab, started):
    grade(keeping, lab, DOUBLE, HALVE)
    del started[:]
    assert grade(keeping, lab, DOUBLE, "def halve(x):\n    return x * 0.5").points == 3
    assert started == ["halve"]
    del started[:]
    grade(keeping, lab, DOUBLE, HALVE, "print('a cell that no exercise needs')")
    assert started == []


def test_another_seed_limit_check_or_grader_is_another_result(keeping, lab, started, monkeypatch):
    grade(keeping, lab, DOUBLE)
    for change in (
        {"seeds": {"97-pair": 2}},
        {"limits": replace(keeping.limits, seconds=9)},
        {"isolation": "not isolated"},
    ):
        del started[:]
        grade(replace(keeping, **change), lab, DOUBLE)
        assert "double" in started, change
    del started[:]
    lab.checks.write_text(CHECKS + "\n# a comment\n")
    grade(keeping, lab, DOUBLE)
    assert "double" in started
    del started[:]
    monkeypatch.setattr(module, "grader_version", lambda: "another")
    grade(keeping, lab, DOUBLE)
    assert "double" in started


def test_a_damaged_file_is_graded_again(keeping, lab, started):
    grade(keeping, lab, DOUBLE, HALVE)
    damage = iter(["", "[]", '{"checks": []}', '{"checks": 1, "helped_by": []}'])
    for file in keeping.cache.folder.rglob("*.json"):
        file.write_text(next(damage))
    del started[:]
    assert grade(keeping, lab, DOUBLE, HALVE).points == 3
    assert started == ["double", "halve"]


def test_what_a_limit_cut_short_is_not_kept(keeping, lab, started):
    quick = replace(keeping, limits=replace(keeping.limits, seconds=0.5))
    source = "def double(x):\n    while True: pass"
    assert "took longer" in grade(quick, lab, source).exercises[0].checks[0].message
    del started[:]
    grade(quick, lab, source)
    assert "double" in started


def test_an_engine_without_a_sandbox_gives_what_is_kept_and_no_more(keeping, lab):
    row = grade(keeping, lab, DOUBLE, HALVE)
    looking = Engine("", keeping.limits, keeping.isolation, keeping.seeds, keeping.cache)
    assert replace(grade(looking, lab, DOUBLE, HALVE), seconds=0) == replace(row, seconds=0)
    with pytest.raises(NotKept):
        grade(looking, lab, DOUBLE, "def halve(x):\n    return 2")


def test_a_class_that_is_all_kept_starts_no_sandbox(engine, tmp_path, monkeypatch):
    ann, bob = (tmp_path / student / "08-guided-backprop.py" for student in ("ann", "bob"))
    for path in (ann, bob):
        path.parent.mkdir()
        path.write_text(f"def guided_backprop(*arguments):\n    return {path.parent.name!r}\n")
    seeds, cache = {"08-guided-backprop": 1}, Cache(tmp_path / "kept")
    first = replace(engine, seeds=seeds, cache=cache).grade_file(ann)
    with monkeypatch.context() as patched:
        patched.setattr(Sandbox, "__enter__", refuse)
        (again,) = grade_all([ann], seeds, cache=cache)
        with pytest.raises(AssertionError, match="a sandbox was started"):
            list(grade_all([ann, bob], seeds, cache=cache))
    assert replace(again, seconds=0) == replace(first, seconds=0)
    rows = list(grade_all([ann, bob, ann.parent], seeds, cache=cache))
    assert [row.submission for row in rows] == [str(ann), str(bob)]


def refuse(sandbox):
    raise AssertionError("a sandbox was started")


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(keeping, lab, tmp_path):
    (tmp_path / "file").write_text("")
    engine = replace(keeping, cache=Cache(tmp_path / "file" / "kept"))
    assert grade(engine, lab, DOUBLE, HALVE).points == 3


def test_the_version_covers_grader_and_kit_but_no_labs_checks(tmp_path, monkeypatch):
    for root in ("grader", "kit"):
        (tmp_path / root / "checks").mkdir(parents=True)
        (tmp_path / root / "a.py").write_text("1")
        (tmp_path / root / "checks" / "lab_01_x.py").write_text("1")
    monkeypatch.setattr(module, "GRADER", tmp_path / "grader")
    monkeypatch.setattr(module, "LABKIT", tmp_path / "kit")

    def version():
        grader_version.cache_clear()
        return grader_version()

    try:
        before = version()
        (tmp_path / "grader" / "checks" / "lab_01_x.py").write_text("2")
        assert version() == before
        (tmp_path / "kit" / "a.py").write_text("2")
        changed = version()
        (tmp_path / "grader" / "b.py").write_text("")
        assert len({before, changed, version()}) == 3
    finally:
        grader_version.cache_clear()
