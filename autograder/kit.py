"""Packs what students get: notebooks in use, labkit, and how to start; nothing of the answers."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder.build import SOLUTION_REGION
from autograder.course import load_course
from autograder.lab import ROOT, lab_names, load_release, read_source

FOLDER = "labkit-course"  # what the zip unpacks to
# What becomes what in the kit.
README = "docs/students.md"
SETTINGS = "autograder/templates/student_config.py"
AS_THEY_ARE = ("LICENSE", "CREDITS.md", "pyproject.toml")
SHORTEST = 30  # characters of a solution's line that can only be its own


def write_kit(output: Path, root: Path = ROOT) -> Path:
    """Write the students' kit, a zip, and return its path.

    Raises: ValueError where a release is missing or holds a line of its solution.
    """
    course = load_course(root)
    for lab in course.in_use(lab_names(root)):
        text = "\n".join(cell.source for cell in load_release(lab, root=root).cells)
        if not course.worked_answers and (lines := answers_in(text, lab, root)):
            raise ValueError(f"{lab}: the release holds a line of its solution: {lines[0]!r}")
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_suffix(".part")  # the file is the old one or the new one, never half
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries(root):
            archive.writestr(zipfile.ZipInfo(f"{FOLDER}/{name}"), content, zipfile.ZIP_DEFLATED)
    return unfinished.replace(output)


def answers_in(text: str, lab: str, root: Path = ROOT) -> list[str]:
    """Return the lines of a lab's solutions and rubrics that a text holds.

    The first line of a function is given to everybody: a solution may call what it names.
    """
    given = (line for line in text.splitlines() if not line.lstrip(' "').startswith("def "))
    text, found = "\n".join(given), []
    for cell in read_source(root / "solutions" / f"{lab}.py").cells:
        bodies = SOLUTION_REGION.findall(cell.source)
        if cell.metadata.get("nbgrader", {}).get("points"):
            bodies.append(cell.source)
        lines = [line.strip() for body in bodies for line in body.splitlines()]
        found += [line for line in lines if len(line) > SHORTEST and line in text]
    return found


def entries(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of the files that the kit holds."""
    course = load_course(root)
    _, _, text = (root / README).read_text(encoding="utf-8").partition("\n")
    yield "README.md", f"# {course.name}: the labs\n{text}".encode()
    yield "nbgrader_config.py", (root / SETTINGS).read_bytes()
    environment = (root / "environment.yml").read_text(encoding="utf-8")
    yield "environment.yml", environment.replace("-e .[dev]", "-e .[lab]").encode()
    for name in AS_THEY_ARE:
        yield name, (root / name).read_bytes()
    for path in sorted((root / "labkit").rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and not any(part.startswith((".", "__pyc")) for part in name.parts):
            yield name.as_posix(), path.read_bytes()
    for lab in course.in_use(lab_names(root)):  # alone: no work of the instructor's own
        name = f"notebooks/{lab}/{lab}.ipynb"
        yield name, (root / name).read_bytes()
