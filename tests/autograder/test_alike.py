"""Near-identical answers come as groups, and what was given to everybody makes none."""

from dataclasses import replace

import pytest

from autograder import alike
from autograder.alike import Group, given_cells, groups_in, groups_of
from autograder.course import Course
from autograder.lab import load_lab
from autograder.rows import Row
from autograder.similar import Pair

LAB = "06-saliency"


def test_pairs_that_connect_are_one_group_and_the_largest_comes_first():
    pairs = [
        Pair("eve", "fay", 1.0),
        Pair("gus", "hal", 0.95),
        Pair("ada", "bob", 0.99),
        Pair("cy", "dee", 0.93),
        Pair("bob", "cy", 0.91),
    ]
    assert groups_of(pairs) == [
        Group(("ada", "bob", "cy", "dee"), 0.91, 0.99),
        Group(("eve", "fay"), 1.0, 1.0),
        Group(("gus", "hal"), 0.95, 0.95),
    ]
    assert groups_of(reversed(pairs)) == groups_of(pairs)


def test_one_answer_that_went_round_is_one_group_and_hides_no_other():
    copies = [f"s{n:02}" for n in range(40)]
    pairs = [Pair(a, b, 1.0) for i, a in enumerate(copies) for b in copies[i + 1 :]]
    first, second = groups_of([*pairs, Pair("x", "y", 0.9)])
    assert first.submissions == tuple(copies)
    assert second.submissions == ("x", "y")


@pytest.mark.parametrize("worked_answers", [True, False])
def test_a_worked_answer_is_no_sign_where_the_release_shows_it(
    tmp_path, monkeypatch, worked_answers
):
    monkeypatch.setattr(alike, "load_course", lambda: Course(worked_answers=worked_answers))
    rows = []
    for name in ("ada", "bob"):
        path = tmp_path / name / f"{LAB}.py"
        path.parent.mkdir()
        solutions = [exercise.solution for exercise in load_lab(LAB).exercises]
        path.write_text("\n\n".join(dict.fromkeys(solutions)))
        rows.append(Row(str(path), LAB, "graded", "", 1, 1, 1, "bubblewrap", 1))
    found = groups_in(LAB, [*rows, replace(rows[0], submission="gone.py")])
    assert [len(group.submissions) for group in found] == ([] if worked_answers else [2])


def test_the_released_stubs_are_given():
    assert any("def saliency_map" in cell.source for cell in given_cells(LAB))
    assert groups_in("", []) == []
