"""Grades a submission where Gradescope runs it, and writes the results.json that it shows.

    python -m autograder.gradescope /autograder     as run_autograder does, for each submission
    python -m autograder.gradescope --self-test     as setup.sh does: the lab's own solution

Folders and keys are those of Gradescope's "Autograder Specifications". The results hold nothing
secret, the seed least of all: a later submission of the same student can read them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.collect import find_answers, is_notebook
from autograder.course import load_course
from autograder.feedback import as_sentence, comment, first_message, is_answered
from autograder.grade import Engine
from autograder.lab import ROOT, lab_names, load_lab
from autograder.rows import ExerciseRow, Row
from autograder.sandbox import Sandbox, SandboxError
from autograder.seeds import load_seeds
from autograder.submission import Submission, UnreadableSubmission, read_submission
from labkit.check import VISIBLE_CHECKS
from labkit.errors import printable

ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar")


def main(arguments: list[str]) -> int:
    """Grade what lies in ROOT/submission; instructors see what is printed."""
    (lab,) = lab_names()  # the zip holds one
    if arguments == ["--self-test"]:
        return self_test(lab)
    (root,) = map(Path, arguments)
    row = grade_folder(root / "submission", lab)
    write_results(results_of(row.scaled(load_course().scale)), root / "results" / "results.json")
    print(summary(row))
    return 0


def self_test(lab: str) -> int:
    """Grade the lab's own solution; 0 where it earns every point."""
    row = grade(read_submission(ROOT / "solutions" / f"{lab}.py"), lab)
    results_of(row.scaled(load_course().scale))  # what would fail for every student fails here
    print(summary(row))
    return int(row.points < row.max_points)


def summary(row: Row) -> str:
    """Return what instructors should know: points, isolation, first messages."""
    points = f"{row.points:g} of {row.max_points:g} points in {row.seconds:.1f} s"
    return f"{row.submission}: {points}; isolation: {row.isolation}\n{comment(row)}"


def grade_folder(folder: Path, lab: str) -> Row:
    """Return the row of the one submission in a folder, or the row that says why there is none."""
    try:
        return grade(read_answer(folder, lab), lab)
    except UnreadableSubmission as error:
        most, reason = load_lab(lab).max_points, printable(str(error))
        return Row(lab, lab, "failed", reason, 0.0, most, 0.0, "nothing was run", 0)


def grade(submission: Submission, lab: str) -> Row:
    """Return the row of a submission; SandboxError where nothing would protect the grader."""
    with Sandbox() as sandbox:
        if sandbox.mode == "plain":
            raise SandboxError(
                "students' code would run as the grader's own user: run as root, or install "
                "bubblewrap, see docs/isolation.md"
            )
        engine = Engine(sandbox.address, sandbox.limits, sandbox.isolation, load_seeds())
        sandbox.wait_until_warm()
        return engine.grade(submission, load_lab(lab), Path(submission.path).name)


# What was handed in


def read_answer(folder: Path, lab: str) -> Submission:
    """Return the submission in a folder, whatever its file is called.

    Raises: UnreadableSubmission naming what was handed in, and what to hand in.
    """
    path = find_answer(folder, lab)
    submission = read_submission(path)
    stated = [submission.lab] if submission.lab else [n for n in all_labs() if n in path.stem]
    if stated and lab not in stated:
        raise UnreadableSubmission(f"expected lab {lab}, got {path.name} of lab {stated[0]}")
    return submission


def find_answer(folder: Path, lab: str) -> Path:
    """Return the one file to grade: the one named after the lab, else the one notebook."""
    found = find_answers(folder)
    named = [path for path in found if lab in path.stem]
    notebooks = [path for path in found if is_notebook(path)]
    chosen = named or notebooks or found
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        names = ", ".join(str(path.relative_to(folder)) for path in chosen)
        raise UnreadableSubmission(
            f"expected one notebook, got {len(chosen)}: {names}; hand in {lab}.ipynb alone"
        )
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    if packed := [path.name for path in files if path.suffix in ARCHIVES]:
        raise UnreadableSubmission(
            f"expected the notebook itself, got the archive {packed[0]}; unpack it and hand in "
            f"{lab}.ipynb"
        )
    got = ", ".join(path.name for path in files[:5]) or "no file"
    raise UnreadableSubmission(f"expected {lab}.ipynb, got {got}")


def all_labs() -> list[str]:
    """Return the names of all labs of the course, by their visible checks."""
    return sorted(p.stem[4:].replace("_", "-") for p in VISIBLE_CHECKS.glob("lab_*.py"))


# results.json


def results_of(row: Row) -> dict[str, Any]:
    """Return what results.json holds."""
    return {
        "score": round(row.points, 6),
        "execution_time": row.seconds,
        "output": comment(row),
        "output_format": "text",
        "test_output_format": "text",  # students' own words: never markup
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"lab": row.lab, "isolation": row.isolation},
        "tests": [
            test | {"number": f"{number}.{position}"}
            for number, exercise in enumerate(row.exercises, start=1)
            for position, test in enumerate(tests_of(exercise), start=1)
        ],
    }


def tests_of(exercise: ExerciseRow) -> Iterator[dict[str, Any]]:
    """Yield a test for each check; for an exercise that was not checked, one that says why."""
    if not is_answered(exercise):
        yield _test(exercise.exercise, 0, exercise.max_points, first_message(exercise))
        return
    for check in exercise.checks:
        most = check.points
        name = f"{exercise.exercise}: {check.title}"
        yield _test(name, most if check.passed else 0, most, check.message, check.passed)


def _test(name: str, score: float, most: float, message: str, passed: bool = False) -> dict:
    return {
        "name": name,
        "score": round(score, 6),
        "max_score": round(most, 6),
        "status": "passed" if passed else "failed",
        "output": as_sentence(message),
        "visibility": "visible",
    }


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write the results; the file is the old one or the new one, never half of one."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
