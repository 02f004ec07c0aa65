"""Packs what grading one lab takes into the zip that Gradescope calls an autograder."""

from __future__ import annotations

import os
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder.course import load_course
from autograder.lab import HIDDEN_CHECKS, ROOT, check_module, load_lab
from autograder.seeds import load_seeds

SCRIPTS = Path(__file__).parent / "templates" / "gradescope"
INSTALLABLE = ("pyproject.toml", "README.md", "LICENSE")


def write_zip(lab: str, output: Path, torch_index: str = "", root: Path = ROOT) -> Path:
    """Write the autograder of a lab and return its path.

    It holds solutions, checks and the lab's secret seed: only its owner may read the file.

    Args:
        torch_index: where setup.sh finds PyTorch without CUDA; "" is pip's own index.
    Raises: ValueError for an unknown lab, or one that is not graded.
    """
    if not load_lab(lab).exercises:
        raise ValueError(f"nothing in {lab} is graded by checks; expected another lab")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    with zipfile.ZipFile(
        os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT, 0o600), "wb"), "w"
    ) as archive:
        for name, content, mode in entries(lab, torch_index, root):
            info = zipfile.ZipInfo(name)  # with a date of its own: equal content, equal files
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return output


def entries(lab: str, torch_index: str, root: Path) -> Iterator[tuple[str, bytes, int]]:
    """Yield (name, content, permissions) of what the zip holds."""
    setup = (SCRIPTS / "setup.sh").read_text(encoding="utf-8")
    setup = setup.replace("torch_index=''", f"torch_index={shlex.quote(torch_index)}")
    yield "setup.sh", setup.encode(), 0o755
    yield "run_autograder", (SCRIPTS / "run_autograder").read_bytes(), 0o755
    # The zip knows one lab: a course.toml that names others would be refused there.
    scale = load_course(root).scale_of(lab, load_lab(lab).max_points)
    yield "course.toml", f"scale = {scale!r}\n".encode(), 0o644
    yield "seeds.toml", f'"{lab}" = {load_seeds(root=root)[lab]}\n'.encode(), 0o600
    for path in files_of(lab, root):
        yield path.relative_to(root).as_posix(), path.read_bytes(), 0o644


def files_of(lab: str, root: Path) -> Iterator[Path]:
    """Yield the files of the checkout that grading a lab takes; of the hidden checks its own."""
    yield from (root / name for name in INSTALLABLE if (root / name).exists())
    yield root / "solutions" / f"{lab}.py"
    others = set((root / HIDDEN_CHECKS.relative_to(ROOT)).glob("lab_*.py"))
    others = {path for path in others if path.stem != check_module(lab)}
    for folder in ("labkit", "autograder"):
        for path in sorted((root / folder).rglob("*")):
            hidden = any(part.startswith((".", "__pyc")) for part in path.relative_to(root).parts)
            if path.is_file() and not hidden and path not in others:
                yield path
