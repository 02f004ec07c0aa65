"""Who lost only what nearly everybody has is named; who lost more, or what many lost, is not."""

import pytest

from autograder.rows import ExerciseRow, Row
from autograder.unusual import Unusual, unusual
from labkit.check import CheckResult

FULL = {"f": "", "g": ""}


def exercise(name, lost):
    """Return the row of an exercise that lost the checks a or b, or was not answered."""
    answered = lost != "left out"
    checks = [
        CheckResult(c, f"Title of {c}", name, 1.0, answered and c not in lost, f"no {c}", answered)
        for c in "ab"
    ]
    return ExerciseRow(name, sum(c.points for c in checks if c.passed), 2.0, "", checks)


def row(student, lost):
    found = [exercise(name, lost.get(name, "")) for name in FULL]
    points = sum(e.points for e in found)
    return Row(student, "06-saliency", "graded", "", points, 4.0, 1.0, "bubblewrap", 1, found)


def found_among(*special, others=39):
    rows = [row(f"s{n}", {}) for n in range(others)]
    return unusual(rows + [row(f"special{n}", lost) for n, lost in enumerate(special)])


def test_one_in_forty_who_lost_nothing_else_is_named():
    assert found_among({"f": "b"}) == [
        Unusual("special0", "f", "Title of b", "no b", failed=1, answered=40)
    ]


def test_the_check_that_failed_first_is_named_and_the_rarest_comes_first():
    found = found_among({"f": "a"}, {"f": "ab"}, {"g": "b"}, others=57)
    assert [(u.submission, u.title, u.failed) for u in found] == [
        ("special2", "Title of b", 1),
        ("special0", "Title of a", 2),
        ("special1", "Title of a", 2),
    ]


@pytest.mark.parametrize(
    ("special", "others"),
    [
        ([{"f": "b", "g": "a"}], 39),  # lost more
        ([{"f": "left out"}], 39),  # nothing that could be unusual
        ([{"f": "b"}] * 3, 37),  # 3 of 40 are not so few
        ([{"f": "b"}], 18),  # 1 of 19 says little
    ],
)
def test_nobody_else_is(special, others):
    assert found_among(*special, others=others) == []
