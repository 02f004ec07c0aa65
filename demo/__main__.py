"""make demo: build the notebooks, run the saliency lab, grade a small class, name the results."""

from __future__ import annotations

import base64
import os
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAB = "06-saliency"


def main() -> int:
    """Do the main job and name what it wrote."""
    os.environ.setdefault("LABKIT_FAST", "1")  # fewer steps, same code
    from autograder.feedback import page_name

    out = ROOT / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    os.environ["LABKIT_PROGRESS"] = str(out / "progress.json")  # not the student's own record
    started = time.perf_counter()
    print("1. Building the students' notebooks from solutions/")
    build_notebooks()
    print(f"2. Running lab {LAB} on photos, with the embedded ImageNet network")
    pictures = run_lab(out / "lab")
    print("3. Grading a class of seven, and the untouched release")
    grade_class(out)
    print(f"\nDone in {time.perf_counter() - started:.0f} s. Look at:")
    print(f"  the lab, executed    {shown(out / 'lab' / f'{LAB}.html')}")
    for path in pictures[:3]:
        print(f"  a picture of it      {shown(path)}")
    for name in ("ada", "dana", "gus"):
        submission = shown(ROOT / "demo" / "class" / LAB / f"{name}.py")
        page = out / "feedback" / f"{page_name(submission)}.html"
        print(f"  {name}'s feedback{' ' * (11 - len(name))}{shown(page)}")
    print(f"  every row            {shown(out / 'class.json')}")
    return 0


def shown(path: Path) -> str:
    """Return a path as the reader would type it."""
    return os.path.relpath(path)


def build_notebooks() -> None:
    """Write notebooks/ through nbgrader: the labs that the course uses, and the demo's own."""
    from autograder.build import build
    from autograder.course import load_course
    from autograder.lab import lab_names

    labs = sorted({*load_course().in_use(lab_names()), LAB})
    build(labs, say=lambda line: print("  ", line))


def run_lab(folder: Path) -> list[Path]:
    """Run the solution of the lab; write it as a page, and its figures as PNG."""
    import nbformat
    from nbconvert import HTMLExporter
    from tqdm import tqdm

    from autograder.pictures import run

    source = ROOT / "solutions" / LAB / f"{LAB}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    with tqdm(total=cells, desc="   cells", unit="cell") as bar:
        run(notebook, source.parent, on_cell=lambda **_: bar.update())
    folder.mkdir()
    page, _ = HTMLExporter().from_notebook_node(notebook)
    (folder / f"{LAB}.html").write_text(page, encoding="utf-8")
    return [save_figure(png, folder, number) for number, png in enumerate(figures(notebook), 1)]


def figures(notebook: dict) -> list[str]:
    """Return the PNG outputs of a notebook, in order, as base64."""
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    return [o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})]


def save_figure(png: str, folder: Path, number: int) -> Path:
    """Write one figure and return its path."""
    path = folder / f"figure-{number}.png"
    path.write_bytes(base64.b64decode(png))
    return path


def grade_class(out: Path) -> None:
    """Grade the class that the repository carries as text, and the untouched release."""
    from autograder.__main__ import main as autograder

    submissions = [ROOT / "demo" / "class", ROOT / "notebooks" / LAB]
    command = ["grade", *map(shown, submissions)]
    command += ["--json", shown(out / "class.json"), "--feedback", shown(out / "feedback")]
    if autograder(command):
        raise SystemExit("grading failed; see above")


if __name__ == "__main__":
    sys.exit(main())
