"""Attacks on the grader: none gains a point, harms anybody, or stops the run.

tests/autograder/attacks/ holds them; `python -m benchmarks.attacks` prints them as a table. All are
graded in one sandbox, one after the other, each with an honest answer that must keep its points.
"""

import socket

import pytest

from benchmarks.attacks import ATTACKED, Attack, Neighbours, read_attacks, run, solution

EVERY = list(read_attacks())
SEEN_TWICE = ("bombs", "tricks")  # themes that the tests also run without isolation


def parameters(attacks):
    return [pytest.param(attack, id=f"{attack.theme}: {attack.title}") for attack in attacks]


@pytest.fixture(scope="module")
def isolated(sandbox, tmp_path_factory):
    """Those whom an attack could harm."""
    with Neighbours(sandbox, tmp_path_factory.mktemp("isolated")) as neighbours:
        yield neighbours


@pytest.fixture(scope="module")
def plain(plain_sandbox, tmp_path_factory):
    """The same, without isolation."""
    with Neighbours(plain_sandbox, tmp_path_factory.mktemp("plain")) as neighbours:
        yield neighbours


def assert_in_vain(attack, neighbours):
    outcome = run(attack, neighbours)
    assert (outcome.gained, outcome.harm) == (0, [])
    assert any(text in outcome.seen for text in attack.says.split("|")), outcome.seen
    assert outcome.seen.isprintable(), "a terminal shows this text"


@pytest.mark.parametrize("attack", parameters(EVERY))
def test_gains_nothing_and_harms_nobody(attack, isolated):
    assert_in_vain(attack, isolated)


@pytest.mark.parametrize(
    "attack", parameters(a for a in EVERY if a.plain and a.theme in SEEN_TWICE)
)
def test_gains_nothing_without_isolation(attack, plain):
    """What is promised there, too: limits on time, memory and output; results are data."""
    assert_in_vain(attack, plain)


def test_honest_work_still_counts(isolated, plain):
    """Runs behind all attacks, in the sandboxes that they were graded in."""
    for neighbours in (isolated, plain):
        row = neighbours.honest()
        assert (row.status, row.points) == ("graded", row.max_points)


# These tests can fail


def test_no_attack_stands_twice():
    assert len({(attack.theme, attack.title) for attack in EVERY}) == len(EVERY) > 100


def test_a_gain_is_seen(isolated):
    """A right answer is an attack that works."""
    outcome = run(Attack("results", "a right answer", solution(ATTACKED)), isolated)
    assert outcome.gained > 10
    assert outcome.seen == ""


def test_harm_is_seen(isolated, tmp_path):
    """A file, a call, and a process that ends."""
    with Neighbours(isolated.sandbox, tmp_path) as neighbours:
        assert neighbours.harm() == []
        (neighbours.folder / "was-here").write_text("")
        neighbours._process._connection.close()
        with socket.create_connection(("127.0.0.1", neighbours.port)):
            found = " ".join(neighbours.harm())
    for text in ("was-here was written", "somebody called", "process has ended"):
        assert text in found
