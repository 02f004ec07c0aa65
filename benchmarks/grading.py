"""Seconds per submission: our commands against stock `nbgrader autograde`, on the same notebooks.

    python -m benchmarks.grading [--submissions 40] [--lab 06-saliency] [--whole]
    python -m benchmarks.grading --sizes 40 200 1000

Stock nbgrader runs with its own settings and preprocessors, its Execute among them, in a course
folder of its own. To be fair to it, its notebooks hold only the code that the graded cells need:
imports and the network, the student's functions, and the check cells, which call the lab's
*visible* checks. Nothing is drawn. With `--whole` they are what students hand in, and the stock
draws every figure (with LABKIT_FAST=1). Our commands run in a copy of this checkout, on the very
same files, by the *hidden* checks, which are more; each student's code differs, so that no result
is known before. Every command is timed from its start to its end, one after the other.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

from autograder.build import instructor_notebook
from autograder.course import load_course
from autograder.lab import ROOT, load_lab
from autograder.slices import slice_for
from autograder.submission import submission_from_notebook


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--submissions", type=int, default=40, metavar="N")
    parser.add_argument("--lab", default="06-saliency")
    parser.add_argument("--whole", action="store_true", help="notebooks with all their cells")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="ours alone, of N each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as folder:
        if options.sizes:
            compare_sizes(Path(folder), options.lab, options.sizes)
        else:
            compare_with_stock(Path(folder), options.lab, options.submissions, options.whole)


def compare_with_stock(folder: Path, lab: str, count: int, whole: bool) -> None:
    """Print the seconds of stock nbgrader and of our commands for one class, and the ratio."""
    print(f"{lab}, {count} submissions        whole | each", flush=True)
    notebook = instructor_notebook(lab, load_course())
    notebook = notebook if whole else graded_cells_only(notebook, lab)
    stock_course = stock_in(folder / "stock", notebook, lab)
    our_course = checkout_in(folder / "ours", lab)
    for course in (stock_course, our_course):
        submit(course, notebook, lab, count)
    stock = timed("nbgrader autograde, stock", stock_course, ["nbgrader", "autograde", lab], count)
    require_no_error(stock_course / "autograded", lab)
    grade = ["autograder", "grade", "submitted", "--json", "rows.json"]
    ours = timed("python -m autograder grade", our_course, grade, count)
    require_full_points(our_course / "rows.json", count)
    book = timed("  then nbgrader autograde", our_course, ["nbgrader", "autograde", lab], count)
    timed("  graded once more", our_course, grade, count)
    print(f"stock / ours: {stock / ours:.1f}; with the gradebook: {stock / (ours + book):.1f}")


def compare_sizes(folder: Path, lab: str, sizes: list[int]) -> None:
    """Print our seconds for classes of several sizes: does the cost grow in proportion?"""
    course = checkout_in(folder, lab)
    notebook = graded_cells_only(instructor_notebook(lab, load_course()), lab)
    for count in sizes:
        shutil.rmtree(course / "submitted", ignore_errors=True)
        submit(course, notebook, lab, count, prefix=f"class-of-{count}")
        command = ["autograder", "grade", "submitted", "--json", "rows.json"]
        timed(f"python -m autograder grade, {count:4}", course, command, count)
        require_full_points(course / "rows.json", count)


# Two courses


def stock_in(folder: Path, notebook: Any, lab: str) -> Path:
    """Return a new course folder with nbgrader's own settings and the lab as its assignment."""
    path = folder / "source" / lab / f"{lab}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    (folder / "nbgrader_config.py").write_text("c = get_config()\n")
    run(folder, ["nbgrader", "generate_assignment", lab])
    return folder


def checkout_in(folder: Path, lab: str) -> Path:
    """Return a copy of the files that git knows, with the lab in its gradebook."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    run(folder, ["autograder", "build", lab])
    return folder


def submit(course: Path, notebook: Any, lab: str, count: int, prefix: str = "student") -> None:
    """Write `count` submissions of the solution, each with a comment of its own in its code."""
    names = {exercise.name for exercise in load_lab(lab).exercises}
    for number in range(count):
        student, submitted = f"{prefix}-{number}", copy.deepcopy(notebook)
        for cell in submitted.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") in names:
                cell.source += f"\n# {student}"
        path = course / "submitted" / student / lab / f"{lab}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(submitted, path)


def graded_cells_only(notebook: Any, lab: str) -> Any:
    """Return the notebook without the cells that the check cells do not need."""
    submission = submission_from_notebook(lab, notebook)
    wanted = set()
    for exercise in load_lab(lab).exercises:
        wanted |= {label for label, _, _ in slice_for(exercise.name, submission.cells).cells}
    kept = []
    for number, cell in enumerate(notebook.cells, start=1):
        info = cell.metadata.get("nbgrader", {})
        label = f"cell {info.get('grade_id') or number}"
        imports_check = cell.cell_type == "code" and "import check" in cell.source
        if info.get("grade") or label in wanted or imports_check:
            kept.append(cell)
    notebook.cells = kept
    return notebook


# Running commands


def timed(name: str, course: Path, command: list[str], count: int) -> float:
    """Run a command, print its line of the table, and return its seconds."""
    started = time.perf_counter()
    run(course, command)
    seconds = time.perf_counter() - started
    print(f"{name:32}{seconds:7.1f} s | {seconds / count:6.3f} s", flush=True)
    return seconds


def run(course: Path, command: list[str]) -> None:
    """Run `python -m ...` in a course; RuntimeError with what it said where it fails."""
    # The stock's visible checks import labkit from here; a checkout has its own.
    path = str(course if (course / "labkit").exists() else ROOT)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | threads | {"PATH": search, "PYTHONPATH": path, "LABKIT_FAST": "1"}
    arguments = [sys.executable, "-m", *command]
    done = subprocess.run(arguments, cwd=course, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(done.stdout + done.stderr)[-2000:]}")


def require_no_error(autograded: Path, lab: str) -> None:
    """Raise RuntimeError where a cell of stock nbgrader's runs failed: else too little was run."""
    for path in autograded.glob(f"*/{lab}/{lab}.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                if output.output_type == "error":
                    raise RuntimeError(f"{path}: {output.ename}: {output.evalue}")


def require_full_points(rows: Path, count: int) -> None:
    """Raise RuntimeError unless every submission has every point: else too little was run."""
    graded = json.loads(rows.read_text(encoding="utf-8"))
    if len(graded) != count:
        raise RuntimeError(f"expected {count} rows, got {len(graded)}")
    for row in graded:
        if row["points"] != row["max_points"]:
            raise RuntimeError(f"{row['submission']}: {row['points']} points; {row['reason']}")


if __name__ == "__main__":
    main()
