"""Builds the students' notebooks from the labs' sources.

solutions/NN-name.py becomes solutions/NN-name/NN-name.ipynb, the instructor's notebook, which
nbgrader's generate_assignment turns into notebooks/NN-name/NN-name.ipynb, the release. Two builds
of one source are identical to the byte.
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest import mock

from autograder.course import Course, load_course
from autograder.first_cell import with_first_cell
from autograder.lab import (
    ROOT,
    check_source,
    grade_info,
    lab_names,
    points_by_exercise,
    read_source,
    require_labs,
)
from autograder.own_work import keep_own_work

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SOLUTION_REGION = re.compile(r"[ \t]*### BEGIN SOLUTION\n(.*?)[ \t]*### END SOLUTION", re.DOTALL)
PICTURES = "docs/pictures"  # not below solutions/: nbgrader takes every folder there for a lab
PICTURE = re.compile(rf"!\[[^\]]*\]\(\.\./{PICTURES}/([\w.-]+\.jpg)\)")


def build(
    names: Iterable[str] = (), root: Path = ROOT, say: Callable[[str], None] = print
) -> list[Path]:
    """Write the instructor's notebook and the release of each lab, and fill the gradebook.

    Args:
        names: labs; all that the course uses when empty.
        root: the course's folder, with solutions/ and nbgrader_config.py.
    Returns: the paths of the releases.
    Raises: ValueError for a lab that does not exist or a source that breaks a rule.
    """
    course = load_course(root)
    wanted = require_labs(names, root) or course.in_use(lab_names(root))
    for name in wanted:
        write_instructor_notebook(name, course, root)
    releases = [release(name, root, say) for name in wanted]
    for name in wanted:
        set_due(name, course, root)
    return releases


def write_instructor_notebook(name: str, course: Course, root: Path = ROOT) -> Path:
    """Write solutions/NN-name/NN-name.ipynb and return its path."""
    import nbformat

    notebook = instructor_notebook(name, course, root)
    path = root / "solutions" / name / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


def instructor_notebook(name: str, course: Course, root: Path = ROOT) -> Any:
    """Return a lab's source as a notebook with complete nbgrader metadata and stable cell ids."""
    notebook = read_source(root / "solutions" / f"{name}.py")
    points = points_by_exercise(name)
    check_source(name, notebook.cells, points)
    scale = course.scale_of(name, sum(points.values()))
    if course.worked_answers:
        notebook.cells = list(_with_worked_answers(notebook.cells))
    for position, cell in enumerate(notebook.cells):
        attach_pictures(cell, root)
        complete_metadata(cell, points, scale)
        key = grade_info(cell).get("grade_id") or f"cell {position}"
        cell.metadata.pop("lines_to_next_cell", None)
        cell.id = _cell_id(name, key)
    notebook.cells = with_first_cell(name, notebook.cells, root)
    notebook.cells[1].id = _cell_id(name, "install")
    notebook.metadata = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "labkit": {"lab": name},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _cell_id(lab: str, key: str) -> str:
    return hashlib.sha256(f"{lab} {key}".encode()).hexdigest()[:8]


def complete_metadata(cell: Any, points: dict[str, float], scale: float) -> None:
    """Fill in what nbgrader wants to know and the source need not repeat."""
    info = grade_info(cell)
    cell.metadata.pop("labkit", None)
    if not info:
        return
    grade, solution = info.get("grade", False), info.get("solution", False)
    full = {
        "schema_version": 3,
        "grade_id": info["grade_id"],
        "cell_type": cell.cell_type,
        "grade": grade,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }
    if grade:
        exercise = info["grade_id"].removeprefix("check_")
        full["points"] = info["points"] if solution else scale * points.get(exercise, 0)
    cell.metadata["nbgrader"] = full


def attach_pictures(cell: Any, root: Path) -> None:
    """Put the pictures that a text shows into the cell, so that a notebook alone is complete."""
    for name in PICTURE.findall(cell.source) if cell.cell_type == "markdown" else ():
        path = root / PICTURES / name
        if not path.exists():
            raise ValueError(f"no {PICTURES}/{name}; make it with: python -m autograder pictures")
        data = base64.b64encode(path.read_bytes()).decode()
        cell.setdefault("attachments", {})[name] = {"image/jpeg": data}
        cell.source = cell.source.replace(f"](../{PICTURES}/{name})", f"](attachment:{name})")


def _with_worked_answers(cells: Iterable) -> Iterable:
    """Yield the cells with each exercise's solution as a folded hint before it."""
    import nbformat

    for cell in cells:
        if cell.cell_type == "code" and (answer := _worked_answer(cell.source)):
            summary = "<details><summary>Worked answer</summary>"
            text = f"{summary}\n\n```python\n{answer}```\n\n</details>"
            yield nbformat.v4.new_markdown_cell(text)
        yield cell


def _worked_answer(source: str) -> str:
    """Return the solution of a cell; of several parts, as a class has, the whole cell."""
    parts = SOLUTION_REGION.findall(source)
    whole = SOLUTION_REGION.sub(lambda found: found[1].rstrip(), source).rstrip() + "\n"
    return whole if len(parts) > 1 else "".join(parts)


def release(name: str, root: Path = ROOT, say: Callable[[str], None] = print) -> Path:
    """Run nbgrader's generate_assignment for one lab and return the release's path.

    The release takes the old one's place once it is whole; other files there, and a notebook that
    somebody worked in, are kept, see `autograder.own_work`.

    Raises: RuntimeError with nbgrader's own words where it fails.
    """
    from nbgrader.converters import GenerateAssignment

    path = root / "notebooks" / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=root / "notebooks") as folder:
        run_converter(GenerateAssignment, name, root, release_directory=folder)
        keep_own_work(path, say)
        (Path(folder) / name / path.name).replace(path)
    say(f"built {path.relative_to(root)}")
    return path


def set_due(lab: str, course: Course, root: Path = ROOT) -> None:
    """Write a lab's due date into the gradebook; without one, what stands there stays."""
    from nbgrader.api import Gradebook

    if (due := course.due(lab)) is None:
        return
    config = nbgrader_config(root)
    url = config.CourseDirectory.get("db_url") or f"sqlite:///{root / 'gradebook.db'}"
    course_id = config.CourseDirectory.get("course_id") or ""
    with environment_in_path(), Gradebook(url, str(course_id)) as gradebook:
        gradebook.update_or_create_assignment(lab, duedate=due)


def run_converter(
    converter: type, lab: str, root: Path, student: str = "*", **directories: str
) -> None:
    """Run one of nbgrader's converters as its command would, with --force.

    Args:
        directories: settings of nbgrader's CourseDirectory for this run alone.
    """
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    config = nbgrader_config(root)
    config.CourseDirectory.assignment_id = lab
    config.CourseDirectory.student_id = student
    config.CourseDirectory.update(directories)
    config[converter.__name__].force = True
    words = io.StringIO()
    log = logging.Logger("nbgrader", logging.WARNING)
    log.addHandler(logging.StreamHandler(words))
    with environment_in_path():
        try:
            converter(coursedir=CourseDirectory(config=config), config=config, log=log).start()
        except (NbGraderException, SystemExit) as error:
            raise RuntimeError(f"{lab}: {error}\n{words.getvalue()}") from error


def environment_in_path() -> Any:
    """Return a context in which PATH leads to alembic, which nbgrader calls, beside Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return mock.patch.dict(os.environ, {"PATH": path})


def nbgrader_config(root: Path) -> Any:
    """Return the settings in a course's nbgrader_config.py, with this folder as its root."""
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(root)
    return config
