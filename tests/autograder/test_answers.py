"""Every planted mistake fails the checks named for it, and every unusual right answer passes.

tests/autograder/answers/NN-name.py lists them; a new lab's file is found and tested as it is.
"""

import pytest

from autograder.answers import ANSWERS, Answer, grade_answer, judge, read_answers
from autograder.lab import lab_names, load_lab
from autograder.process import Process
from labkit.errors import StudentError


def answers(*, right):
    """Return one pytest parameter for each answer that is right, or that is a mistake."""
    every = (a for lab in lab_names() for a in read_answers(lab) if a.right == right)
    return [pytest.param(a.lab, a, id=f"{a.lab}: {a.exercise}: {a.title}") for a in every]


@pytest.fixture
def seen(monkeypatch):
    """A list that fills with everything that the functions give back to the checks."""
    given, original = [], Process.call

    def call(self, function, *args, **options):
        try:
            result = original(self, function, *args, **options)
        except StudentError as error:
            given.append(str(error))
            raise
        given.append(repr(result))
        return result

    monkeypatch.setattr(Process, "call", call)
    return given


BEHAVIOUR: dict[tuple, str] = {}


@pytest.mark.parametrize(("lab", "answer"), answers(right=False))
def test_mistake_fails_the_check_meant_for_it(engine, lab, answer, seen):
    verdict = judge(answer, grade_answer(engine, answer))
    assert not verdict.slip
    key = (lab, answer.exercise, answer.says, "\n".join(seen))
    twin = BEHAVIOUR.setdefault(key, answer.title)
    assert twin == answer.title, f"the mistake {twin!r} behaves in the same way"


@pytest.mark.parametrize(("lab", "answer"), answers(right=True))
def test_unusual_right_answer_earns_every_point(engine, lab, answer):
    row = grade_answer(engine, answer)
    assert not judge(answer, row).slip
    assert row.points == row.max_points


def test_every_answers_file_belongs_to_a_lab():
    """A misspelt name would test nothing."""
    assert {path.stem for path in ANSWERS.glob("*.py")} <= set(lab_names())


@pytest.mark.parametrize("lab", [name for name in lab_names() if load_lab(name).exercises])
def test_every_exercise_has_mistakes_and_right_answers(lab):
    for exercise in load_lab(lab).exercises:
        kinds = [a.right for a in read_answers(lab) if a.exercise == exercise.name]
        assert kinds.count(False) >= 6, exercise.name
        assert kinds.count(True) >= 3, exercise.name


def test_a_misspelt_exercise_or_setting_is_an_error(tmp_path):
    for line in ('exercise="saliency_mapp" right=true', 'exercise="saliency_map" rihgt=true'):
        (tmp_path / "06-saliency.py").write_text(f"# %% A title {line}\npass\n")
        with pytest.raises(ValueError, match="A title"):
            list(read_answers("06-saliency", tmp_path))


def row_of(**failed):
    """Return a row of three checks, of which some failed with these messages."""
    from autograder.rows import ExerciseRow
    from labkit.check import CheckResult

    names = ("shape", "value", "sign")
    checks = [CheckResult(n, n, "f", 1, n not in failed, failed.get(n, ""), True) for n in names]
    return ExerciseRow("f", 3 - len(failed), 3, "", checks)


@pytest.mark.parametrize(
    ("answer", "failed", "slip"),
    [
        (Answer("l", "f", "t", "", right=True), {}, ""),
        (Answer("l", "f", "t", "", right=True), {"sign": "no"}, "it is right, and fails sign: no"),
        (Answer("l", "f", "t", "", fails=("value",), says="mean"), {"value": "the mean"}, ""),
        (Answer("l", "f", "t", "", fails=("value",)), {}, "fails []"),
        (Answer("l", "f", "t", "", fails=("value",)), {"value": "", "sign": ""}, "fails ['sign'"),
        (Answer("l", "f", "t", "", fails=("sign", "value")), {"value": "", "sign": ""}, "not of"),
        (Answer("l", "f", "t", "", fails=("value",), says="sum"), {"value": "mean"}, "should say"),
        (Answer("l", "f", "t", "", fails=("all",)), {"shape": "", "sign": ""}, "expected to fail"),
    ],
)
def test_a_verdict_says_what_slipped(answer, failed, slip):
    verdict = judge(answer, row_of(**failed))
    assert slip in verdict.slip
    assert bool(verdict.slip) == bool(slip)
