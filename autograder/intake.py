"""Takes in what students hand in, for nbgrader: archives, folders, links; trusts none of them.

nbgrader's own way lets one student stop the class (an archive that cannot be read, two files, a
pipe), fill the disk (an archive in an archive in an archive), answer for another (a folder with
another's name inside an archive), and read the instructor's files (a symbolic link). Here each
costs its student alone. nbgrader_config.py names what stands here.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from traitlets import Unicode
from traitlets.log import get_logger

from autograder.collect import HANDED_IN, is_notebook
from autograder.lab import LAB_NAME
from autograder.submission import LARGEST_FILE, UnreadableSubmission, require_file
from labkit.errors import printable

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")


# nbgrader zip_collect: downloaded/LAB/archive -> downloaded/LAB/extracted -> submitted


class Extractor(ExtractorPlugin):
    """Takes one notebook of each student out of archives and folders."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Write extracted/STUDENT/LAB.ipynb, and copy the notebooks that lie loose."""
        lab = self.parent.coursedir.assignment_id
        take_in(Path(archive_path), Path(extracted_path), lab, self.log.warning)


class Collector(FileNameCollectorPlugin):
    """Tells whose a file is; a student's second one is left out, and stops nobody."""

    named_regexp = Unicode(rf".*[/\\]extracted[/\\]{HANDED_IN}").tag(config=True)

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.seen: dict[tuple, str] = {}

    def collect(self, submitted_file: str) -> dict | None:
        """Return the student and the lab of a file, None for one that is no submission."""
        about = super().collect(submitted_file)
        if about is None:
            return None
        student, lab = about["student_id"], about["file_id"]
        first = self.seen.setdefault((student, lab), submitted_file)
        if first != submitted_file:
            files = printable(f"{first}, {submitted_file}")
            self.log.warning("two of %s for %s: %s; the first counts", student, lab, files)
            return None
        return about


def take_in(archive: Path, extracted: Path, lab: str, say: Callable[[str], None]) -> None:
    """Write the notebook of each student whose archive, folder or notebook lies in a folder.

    What lies deeper belongs to the student whom the outermost name names, whatever it is called.

    Args:
        say: called with one sentence for each that is left out.
    """
    entries = sorted(archive.iterdir())
    names = {entry: _name_outside(entry, lab) for entry in entries}
    namesakes = _namesakes(names.values())
    for entry, name in names.items():
        try:
            if LAB_NAME.match(name):
                raise UnreadableSubmission("expected a name that begins with the student's")
            if name in namesakes:
                raise UnreadableSubmission(namesakes[name])
            target = extracted / name
            content = _content(entry) if _is_loose(entry) else notebook_in(entry, lab)
        except UnreadableSubmission as error:
            say(printable(f"{entry.name} is left out: {error}"))
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _is_loose(entry: Path) -> bool:
    return is_notebook(entry) and not entry.is_dir()


def _name_outside(entry: Path, lab: str) -> str:
    """Return STUDENT/LAB.ipynb, or a loose notebook's own name."""
    if _is_loose(entry):
        return f"{entry.stem}.ipynb"
    owner = entry.name if entry.is_dir() else entry.name[: -len(_ending(entry)) or None]
    return f"{owner}/{lab}.ipynb"


def _namesakes(names: Iterable[str]) -> dict[str, str]:
    """Return {name: reason} for the files of two students whom the platform calls the same.

    Only its numbers tell them apart: to take one for the other's second file would lose a grade.
    """
    found = [match for name in names if (match := re.fullmatch(HANDED_IN, name))]
    numbers: dict[str, set[str]] = defaultdict(set)
    for match in found:
        numbers[match["student_id"]].add(match["number"] or "none")
    return {
        match[0]: f"{len(own)} students are called {match['student_id']} (numbers: "
        f"{', '.join(sorted(own))}); name each file after its student's login or number"
        for match in found
        if len(own := numbers[match["student_id"]]) > 1
    }


def notebook_in(entry: Path, lab: str) -> bytes:
    """Return the one notebook of a lab in an archive or a folder.

    Raises: UnreadableSubmission where there is none or more than one, or the archive is none.
    """
    found = {}
    for name, read in _notebooks(entry):
        if not any(part.startswith((".", "__")) for part in PurePosixPath(name).parts):
            found[name] = read
    named = [name for name in found if lab in PurePosixPath(name).name] or list(found)
    if len(named) != 1:
        names = ", ".join(sorted(named)[:5]) or "none"
        raise UnreadableSubmission(f"expected one notebook of {lab} in it, found {names}")
    content = found[named[0]]()
    if len(content) > LARGEST_FILE:
        raise UnreadableSubmission(f"expected a notebook of at most {LARGEST_FILE >> 20} MB")
    return content


def _notebooks(entry: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield (name inside, a function that reads at most LARGEST_FILE + 1 bytes of it)."""
    if entry.is_dir() and not entry.is_symlink():
        for path in sorted(entry.rglob("*")):
            if is_notebook(path) and not path.is_symlink():
                yield str(path.relative_to(entry)), lambda path=path: _content(path)
        return
    require_file(entry)
    try:
        files = dict(_zipped(entry) if _ending(entry) == ".zip" else _tarred(entry))
    except Exception as error:  # the libraries raise many kinds for broken archives
        raise UnreadableSubmission(f"expected one of {', '.join(ARCHIVES)}: {error}") from error
    yield from files.items()


def _zipped(entry: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    def read(name: str) -> bytes:
        try:
            with zipfile.ZipFile(entry) as archive, archive.open(name) as file:
                return file.read(LARGEST_FILE + 1)
        except Exception as error:  # encrypted, damaged, packed in an unknown way
            raise UnreadableSubmission(f"{name} cannot be unpacked: {error}") from error

    with zipfile.ZipFile(entry) as archive:
        for name in archive.namelist():
            if is_notebook(PurePosixPath(name)):
                yield name, lambda name=name: read(name)


def _tarred(entry: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with entry.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(entry) if packed else entry.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(f"it unpacks to more than {LARGEST_FILE >> 20} MB")
    room = LARGEST_FILE  # for all together: what holes a sparse file has, no archive's size tells
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            if member.isfile() and is_notebook(PurePosixPath(member.name)):  # no links, no devices
                data = archive.extractfile(member).read(room + 1)
                room -= len(data)
                if room < 0:
                    raise ValueError(f"its notebooks are larger than {LARGEST_FILE >> 20} MB")
                yield member.name, lambda data=data: data


def _content(path: Path) -> bytes:
    require_file(path)
    return path.read_bytes()


def _ending(path: Path) -> str:
    """Return the ending that makes a file an archive, else its suffix."""
    return next((e for e in ARCHIVES if path.name.lower().endswith(e)), path.suffix)


# nbgrader collect and autograde: the exchange -> submitted -> autograded


class Collect(ExchangeCollect):
    """Collects from the exchange, without links, and goes on where one cannot be copied."""

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy the files and folders of a submission."""
        try:
            with tempfile.TemporaryDirectory(prefix="labkit-collect-") as folder:
                clean = Path(folder) / "submission"
                shutil.copytree(src, clean, ignore=_special)
                if said := name_as_released(clean, self.coursedir.assignment_id):
                    self.log.warning("%s: %s", printable(dest), said)
                super().do_copy(str(clean), dest, log)
        except (OSError, RuntimeError) as error:
            self.log.error("%s was not collected: %s", src, printable(str(error)))
            shutil.rmtree(dest, ignore_errors=True)


def name_as_released(folder: Path, lab: str) -> str:
    """Name the one notebook in a folder LAB.ipynb, the only name autograde knows; say what came."""
    wanted = folder / f"{lab}.ipynb"
    if wanted.exists():
        return ""
    found = [path for path in sorted(folder.iterdir()) if is_notebook(path)]
    names = printable(", ".join(path.name for path in found) or "no notebook")
    if len(found) == 1:
        found[0].rename(wanted)
        return f"{names} is now called {wanted.name}"
    return f"expected {wanted.name}, found {names}: it cannot be graded"


def _special(folder: str, names: list[str]) -> list[str]:
    """Return what is no plain file or folder: links, pipes, sockets."""
    paths = {name: Path(folder) / name for name in names}
    return [n for n, p in paths.items() if p.is_symlink() or not (p.is_file() or p.is_dir())]


def drop_links(assignment: str, student: str, notebooks: list[str]) -> None:
    """Remove links from a submission's folder: autograde would copy what they lead to.

    A notebook that is a link stays, and is refused by name; see `gradebook.SubmissionExporter`.
    """
    for folder in {Path(notebook).parent for notebook in notebooks}:
        for path in folder.rglob("*"):
            if path.is_symlink() and path.suffix != ".ipynb":
                get_logger().warning("%s is a symbolic link, and is removed", path)
                os.unlink(path)
