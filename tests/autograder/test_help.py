"""One mistake costs once: an exercise is graded with sound versions of what it builds on."""

from pathlib import Path

import pytest

from autograder.grade import Engine
from autograder.lab import Exercise, Lab
from autograder.submission import Cell, Submission

CHECKS = """
import torch
from labkit.check import points

@points(1, exercise="double")
def test_double(student):
    assert student.double(torch.tensor(3.0)) == 6

@points(2, exercise="fourfold")
def test_fourfold(student):
    assert student.fourfold(torch.tensor(3.0)) == 12

@points(3, exercise="eightfold")
def test_eightfold(student):
    assert student.eightfold(torch.tensor(3.0)) == 24
"""
SOUND = {
    "double": "import torch\ndef double(x):\n    return torch.add(x, x)",
    "fourfold": "def fourfold(x):\n    return double(double(x))",
    "eightfold": "def eightfold(x):\n    return double(fourfold(x))",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A chain of three: eightfold uses fourfold, which uses double."""
    checks = tmp_path_factory.mktemp("chain") / "lab_98_chain.py"
    checks.write_text(CHECKS)
    uses = {"double": (), "fourfold": ("double",), "eightfold": ("fourfold",)}
    exercises = [Exercise(n, p, uses[n], SOUND[n]) for p, n in enumerate(uses, start=1)]
    return Lab("98-chain", tuple(exercises), (), Path(checks))


@pytest.fixture
def grade(engine, lab):
    """Return {exercise: (points, helped_by)} of a submission with some functions replaced."""
    own = Engine(engine.address, engine.limits, engine.isolation, {lab.name: 1})

    def run(**replaced):
        cells = tuple(Cell(n, "", replaced.get(n, SOUND[n])) for n in SOUND)
        row = own.grade(Submission("x", lab.name, cells), lab, "x")
        return {e.exercise: (e.points, e.helped_by) for e in row.exercises}

    return run


WRONG = "def double(x):\n    return x + 2"


def test_all_right_needs_no_help(grade):
    assert grade() == {"double": (1, ()), "fourfold": (2, ()), "eightfold": (3, ())}


def test_a_mistake_at_the_start_of_a_chain_costs_its_own_exercise_only(grade):
    assert grade(double=WRONG) == {
        "double": (0, ()),
        "fourfold": (2, ("double",)),
        "eightfold": (3, ("double", "fourfold")),
    }


def test_a_second_mistake_costs_its_own(grade):
    found = grade(double=WRONG, fourfold="def fourfold(x):\n    return double(x)")
    assert [found[n][0] for n in SOUND] == [0, 0, 3]


def test_the_sound_version_brings_its_own_imports(grade):
    """The student's file may name torch otherwise, or not import it."""
    assert (
        grade(double="import torch as t\ndef double(x):\n    return t.sin(x)")["fourfold"][0] == 2
    )


def test_an_exercise_that_does_not_call_what_it_builds_on_keeps_its_points(grade):
    found = grade(double=WRONG, fourfold="def fourfold(x):\n    return 4 * x")
    assert found["fourfold"] == (2, ())


def test_the_order_of_help_is_the_labs(lab):
    assert [e.name for e in lab.builds_on(lab.exercise("eightfold"))] == ["double", "fourfold"]
