"""Which files are submissions, and of which lab."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePath

from autograder.lab import LAB_NAME, lab_names
from autograder.submission import UnreadableSubmission

# What browsers, platforms and Jupyter add to the name of a second copy.
COPY = r"(?:-\d+| ?\(\d+\)|-[Cc]opy\d*)"
# What learning platforms call a file: ada_06-saliency.ipynb, ada/06-saliency.ipynb, with numbers
# (Canvas: ada_LATE_12345_67890_06-saliency-1.ipynb; Moodle: Ada L_123_assignsubmission_file/...).
# A login may hold "_" and a number; two numbers, or one and Moodle's words, are the platform's, and
# the first of them is the student's.
HANDED_IN = (
    r"(?P<student_id>(?!\d\d-[a-z])[^/\\]+?)"
    r"(?:_LATE)?(?:_(?P<number>\d+)(?:_\d+|_assignsubmission_file_?))?"
    rf"[/\\_](?:\d\d-[^/\\]*[/\\])?(?P<file_id>\d\d-[a-z0-9-]*?[a-z0-9]){COPY}?\.ipynb$"
)


def find_submissions(paths: Iterable[Path]) -> list[Path]:
    """Return the files named; of a folder the answers, and what students handed in instead.

    Every student gets a row: one without an answer is a failed one that says what was found.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            answers = find_answers(path)
            found += sorted(answers + find_instead(path, answers))
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def find_answers(folder: Path) -> list[Path]:
    """Return every notebook in a folder, and every .py that is neither source nor helper of one."""
    labs, files = lab_names(), [p for p in folder.rglob("*") if _is_visible(p, folder)]
    notebooks = [path for path in files if is_notebook(path)]
    sources = {p.parent / p.stem for p in notebooks} | {p.parent for p in notebooks}
    students = {p.parent for p in notebooks if _called_after(p)}  # others hold a whole class
    scripts = [
        path
        for path in files
        if path.suffix == ".py"
        and path.with_suffix("") not in sources
        and (path.parent not in students or any(lab in path.stem for lab in labs))
    ]
    return sorted(notebooks + scripts)


def find_instead(folder: Path, answers: Iterable[Path]) -> list[Path]:
    """Return a path for each student's folder without an answer: what lies there, else *.ipynb.

    Students' folders are those beside others' that hold answers, as in `exports.students_of`.
    """
    labs, places = lab_names(), {path.parent for path in answers}
    filled = places.union(*(place.parents for place in places))
    homes = {_home(place) for place in places}
    if not all(folder in home.parents for home in homes):
        return []  # answers lie loose in it: it is one student's own
    classes = {home.parent for home in homes}
    classes = {p for p in classes if classes.isdisjoint(p.parents)}  # deeper is a student's own
    found = []
    for student in (path for place in classes for path in _folders(place)):
        if student not in places and student.name not in labs:
            own = [path for path in _folders(student) if path.name in labs]
            found += [_first_file(path) for path in own or [student] if path not in filled]
    return found


def _home(place: Path) -> Path:
    """Return the student's folder: what is around folders of labs."""
    return _home(place.parent) if place.name in lab_names() else place


def _folders(folder: Path) -> list[Path]:
    """Return the folders in one, without links, hidden ones and those that the kit makes."""
    found = [p for p in folder.iterdir() if p.is_dir() and not p.is_symlink()]
    return [p for p in found if _is_visible(p, folder) and p.name != "my-photos"]


def _first_file(folder: Path) -> Path:
    """Return the file that looks most like an answer, and *.ipynb where there is none."""
    found = [p for p in folder.rglob("*") if p.is_file() and _is_visible(p, folder)]
    found, labs = [p for p in found if p.name != "timestamp.txt"], lab_names()  # nbgrader's file
    named = [p for p in found if any(lab in p.name for lab in labs)]
    return min(named or found, default=folder / "*.ipynb")


def is_notebook(path: PurePath) -> bool:
    """Return whether a name is a notebook's, in capitals or not."""
    return path.suffix.lower() == ".ipynb"


def _is_visible(path: Path, folder: Path) -> bool:
    return not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)


def _called_after(path: Path) -> str:
    """Return the lab after which a file, or a copy of it, is called; "" for another name."""
    match = re.fullmatch(rf"({LAB_NAME.pattern}?){COPY}?", path.stem)
    return match[1] if match and match[1] in lab_names() else ""


def submitted_twice(files: Iterable[Path]) -> dict[Path, str]:
    """Return {file: reason} for files of one folder that are copies of one lab's notebook."""
    copies = defaultdict(list)
    for path in files:
        if lab := _called_after(path):
            copies[path.parent, lab].append(path)
    return {
        path: f"two submissions of one student: {', '.join(p.name for p in paths)}; keep one"
        for paths in copies.values()
        if len(paths) > 1
        for path in paths
    }


def lab_of(path: Path, stated: str = "") -> str:
    """Return the lab a file answers: what it states, else its name's, else a folder's.

    Raises: UnreadableSubmission naming the labs there are, or where its name is another lab's: the
        wrong notebook must not be a 0 for one lab and nothing for the other.
    """
    known = lab_names()
    places = (stated, path.stem, *reversed(path.absolute().parent.parts))
    found = [[lab for lab in known if lab in place] for place in places]
    own, named = found[:2]
    if own and named and own[0] not in named:
        raise UnreadableSubmission(f"handed in as {named[0]}, but it is the notebook of {own[0]}")
    for labs in filter(None, found):
        return labs[0]
    raise UnreadableSubmission(
        f"cannot tell which lab {path.name} answers; expected its name or folder to hold one of "
        f"{', '.join(known)}"
    )


def likely_lab(path: Path) -> str:
    """Return the lab that the path alone speaks for, "" where it names none."""
    with contextlib.suppress(UnreadableSubmission):
        return lab_of(path)
    return ""
