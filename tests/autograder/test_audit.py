"""The audit: what it counts, what it calls a problem; and that its mutants differ."""

import ast

import pytest

from autograder.answers import Answer, Verdict
from autograder.audit import Tally, audit, table
from autograder.lab import lab_names, load_lab
from autograder.mutants import changed_functions, known_survivors, mutants
from autograder.sandbox import why_not_isolated

GRADED = [name for name in lab_names() if load_lab(name).exercises]


def verdict(title, *, right=False, slip="", message="no"):
    return Verdict(Answer("06-saliency", "f", title, "", right=right), slip, message)


def tally(**changes):
    """Return a tally without a problem, with some facts changed."""
    mistakes = [verdict(f"m{k}", message=f"message {k}") for k in range(6)]
    right = [verdict(f"r{k}", right=True, message="") for k in range(3)]
    facts = {"max_points": 5, "solution": 5, "verdicts": mistakes + right, "mutants": 4}
    return Tally("06-saliency", "f", **facts | changes)


def test_nothing_slips():
    assert not tally().problems
    text = table([tally()])
    assert "6/6" in text
    assert "3/3" in text
    assert "100 %" in text
    assert "Nothing slips." in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stub": 1}, "the release's stub earns 1 points"),
        ({"solution": 4}, "the solution earns 4 of 5 points"),
        ({"verdicts": []}, "only 0 mistakes; expected at least 6"),
        ({"survivors": ["line 2: + -> -"]}, "survives: line 2: + -> -"),
        ({"reasons": {"line 9": "why"}}, "listed as a survivor, and is none: line 9"),
    ],
)
def test_what_slips_is_a_problem(changes, says):
    assert any(says in problem for problem in tally(**changes).problems)
    assert says in table([tally(**changes)])


def test_a_slip_names_the_answer():
    slipped = [*tally().verdicts, verdict("squeeze", slip="expected to fail ['one']")]
    (problem,) = tally(verdicts=slipped).problems
    assert problem == "06-saliency f: squeeze: expected to fail ['one']"
    assert "6/7" in table([tally(verdicts=slipped)])


def test_a_listed_survivor_is_no_problem_and_is_shown_with_its_reason():
    found = tally(
        survivors=["line 3: clone() dropped"], reasons={"line 3: clone() dropped": "copies"}
    )
    assert not found.problems
    assert "06 f, line 3: clone() dropped: copies" in table([found])


def test_messages_that_two_mistakes_share_are_not_their_own():
    twins = [verdict(f"m{k}", message="the same") for k in range(2)] + [verdict("m", message="own")]
    assert tally(verdicts=twins).own_messages == 1
    assert "1 of 3 planted mistakes get a first message of their own." in table(
        [tally(verdicts=twins)]
    )


def changed(code):
    """Return {what was changed: the changed function's last line}."""
    (function,) = ast.parse(code).body
    return {
        what: ast.unparse(new).splitlines()[-1].strip() for what, new in changed_functions(function)
    }


def test_operators_constants_methods_and_statements_are_changed():
    found = changed("def f(x):\n    return -x.abs().amax(dim=1) * 2 >= 0")
    assert found == {
        "line 2: -x.abs().amax(dim=1) * 2 >= 0 -> -x.abs().amax(dim=1) * 2 > 0": (
            "return -x.abs().amax(dim=1) * 2 > 0"
        ),
        "line 2: -x.abs().amax(dim=1) * 2 -> -x.abs().amax(dim=1) / 2": (
            "return -x.abs().amax(dim=1) / 2 >= 0"
        ),
        "line 2: 0 -> 1": "return -x.abs().amax(dim=1) * 2 >= 1",
        "line 2: -x.abs().amax(dim=1) -> x.abs().amax(dim=1)": (
            "return x.abs().amax(dim=1) * 2 >= 0"
        ),
        "line 2: 2 -> 3": "return -x.abs().amax(dim=1) * 3 >= 0",
        "line 2: amax -> amin": "return -x.abs().amin(dim=1) * 2 >= 0",
        "line 2: amax() dropped": "return -x.abs() * 2 >= 0",
        "line 2: 1 -> 2": "return -x.abs().amax(dim=2) * 2 >= 0",
        "line 2: abs() dropped": "return -x.amax(dim=1) * 2 >= 0",
    }


def test_docstrings_and_returns_are_left_alone():
    assert changed('def f(x):\n    """Return 1 + 1."""\n    return x') == {}


@pytest.mark.parametrize("lab", GRADED)
def test_mutants_of_the_solutions_are_programs_of_their_own(lab):
    for exercise in load_lab(lab).exercises:
        found = list(mutants(lab, exercise))
        assert len(found) >= 3, exercise.name
        assert len({m.change for m in found}) == len(found)
        original = ast.unparse(ast.parse(exercise.solution))
        for mutant in found:
            assert ast.unparse(ast.parse(mutant.source)) != original, mutant.change


@pytest.mark.parametrize("lab", GRADED)
def test_listed_survivors_are_mutants_that_exist_and_have_a_reason(lab):
    made = {e.name: {m.change for m in mutants(lab, e)} for e in load_lab(lab).exercises}
    for exercise, reasons in known_survivors(lab).items():
        assert set(reasons) <= made[exercise]
        assert all(len(reason) > 20 for reason in reasons.values())


@pytest.mark.slow
def test_nothing_slips_in_lab_06():
    """The whole audit of one lab; the answers of all labs are judged in test_answers."""
    if why := why_not_isolated():
        pytest.skip(f"needs bubblewrap: {why}")
    found = audit(["06-saliency"], workers=2, seeds=dict.fromkeys(lab_names(), 1))
    assert [t.exercise for t in found] == ["saliency_map", "randomize_top", "deletion_curve"]
    assert not [problem for t in found for problem in t.problems]
    assert all(t.mutants > 10 for t in found)
