"""Seconds per submission: our engine against stock `nbgrader autograde`, on the same notebooks.

    python -m benchmarks.grading [--submissions 8] [--lab 06-saliency]

Stock nbgrader runs with its own settings and preprocessors, its Execute among them, in a course
folder of its own. To be fair to it, its notebooks hold only the code that the graded cells need:
imports and the network, the student's functions, and the check cells, which call the lab's
*visible* checks. Nothing is drawn. Our engine gets the very same files and runs the *hidden*
checks, which are more. Both run one after the other, on one core each.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from autograder.build import instructor_notebook
from autograder.course import load_course
from autograder.grade import Engine
from autograder.lab import ROOT, load_lab
from autograder.rows import Row
from autograder.sandbox import Process, Sandbox
from autograder.seeds import load_seeds
from autograder.slices import slice_for
from autograder.submission import submission_from_notebook


def main() -> None:
    """Measure both and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--submissions", type=int, default=8, metavar="N")
    parser.add_argument("--lab", default="06-saliency")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as folder:
        course = make_course(Path(folder), options.lab, options.submissions)
        stock = time_stock(course, options.lab)
        start, ours, parts = time_ours(course, options.lab)
    report(options.submissions, stock, start, ours, parts)


def make_course(folder: Path, lab: str, count: int) -> Path:
    """Write a stock course with `count` copies of the solution submitted, and return its folder."""
    notebook = graded_cells_only(instructor_notebook(lab, load_course()), lab)
    students = [f"student-{n}" for n in range(count)]
    for place in ("source", *(f"submitted/{student}" for student in students)):
        path = folder / place / lab / f"{lab}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    (folder / "nbgrader_config.py").write_text("c = get_config()\n")
    return folder


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


def time_stock(course: Path, lab: str) -> float:
    """Return the seconds that `nbgrader autograde` takes for the class, start-up included."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | threads | {"PATH": path, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nbgrader"]
    run = {"cwd": course, "env": environment, "check": True, "capture_output": True}
    subprocess.run([*command, "generate_assignment", lab], **run)
    started = time.perf_counter()
    subprocess.run([*command, "autograde", lab], **run)
    seconds = time.perf_counter() - started
    require_no_error(course / "autograded", lab)
    return seconds


def require_no_error(autograded: Path, lab: str) -> None:
    """Raise RuntimeError where a cell of stock nbgrader's runs failed: else too little was run."""
    for path in autograded.glob(f"*/{lab}/{lab}.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                if output.output_type == "error":
                    raise RuntimeError(f"{path}: {output.ename}: {output.evalue}")


def time_ours(course: Path, lab: str) -> tuple[float, float, dict[str, float]]:
    """Return the seconds of start-up, of grading the class, and of what grading consists of."""
    paths = sorted((course / "submitted").glob(f"*/{lab}/{lab}.ipynb"))
    started = time.perf_counter()
    with Sandbox() as sandbox:
        sandbox.wait_until_warm()
        engine = Engine(sandbox.address, sandbox.limits, sandbox.isolation, load_seeds())
        warm = time.perf_counter()
        with measured_parts() as parts:
            rows = [engine.grade_file(path) for path in paths]
        ended = time.perf_counter()
    require_full_points(rows)
    return warm - started, ended - warm, parts


@contextlib.contextmanager
def measured_parts() -> Iterator[dict[str, float]]:
    """Give {part: seconds}, filled while the context is open."""
    parts = {"starting processes": 0.0, "running cells": 0.0, "calling functions": 0.0}
    methods = {"__init__": "starting processes", "run_cells": "running cells"}
    methods["call"] = "calling functions"
    originals = {name: getattr(Process, name) for name in methods}

    def timed(name: str) -> Any:
        def method(*args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return originals[name](*args, **options)
            finally:
                parts[methods[name]] += time.perf_counter() - started

        return method

    for name in methods:
        setattr(Process, name, timed(name))
    try:
        yield parts
    finally:
        for name, original in originals.items():
            setattr(Process, name, original)


def require_full_points(rows: list[Row]) -> None:
    """Raise RuntimeError unless every submission has every point: else too little was run."""
    for row in rows:
        if row.points != row.max_points:
            raise RuntimeError(f"{row.submission}: {row.points} of {row.max_points}; {row.reason}")


def report(count: int, stock: float, start: float, ours: float, parts: dict[str, float]) -> None:
    """Print seconds per submission of both, the ratio, and what ours consist of."""
    print(f"{count} submissions, seconds each")
    print(f"  nbgrader autograde, stock       {stock / count:6.2f}")
    print(f"  our engine                      {ours / count:6.2f}")
    for part, seconds in parts.items():
        print(f"    {part:30}{seconds / count:6.2f}")
    print(f"    {'inputs, references, comparison':30}{(ours - sum(parts.values())) / count:6.2f}")
    print(f"  our start-up, once a class      {start:6.2f}")
    ratio = (start + ours) / stock
    print(f"ours / stock: {ours / stock:.2f}; with our start-up: {ratio:.2f}")


if __name__ == "__main__":
    main()
