"""The students' kit: complete, installable, without answers; and the cell that installs it."""

import os
import subprocess
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.apps import NbGrader

from autograder import first_cell, kit
from autograder.build import instructor_notebook
from autograder.course import Course, load_course
from autograder.first_cell import colab_badge, install_from
from autograder.lab import HIDDEN_CHECKS, ROOT, lab_names, read_source


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return kit.write_kit(tmp_path_factory.mktemp("kit") / "labkit-course.zip")


def test_the_kit_holds_every_lab_and_what_it_needs(packed):
    with zipfile.ZipFile(packed) as archive:
        names = {name.removeprefix("labkit-course/") for name in archive.namelist()}
        environment = archive.read("labkit-course/environment.yml").decode()
        readme = archive.read("labkit-course/README.md").decode()
    assert readme.startswith(f"# {load_course().name}: the labs\n\n")
    in_use = load_course().in_use(lab_names())
    assert {f"notebooks/{lab}/{lab}.ipynb" for lab in in_use} == {
        name for name in names if name.startswith("notebooks/")
    }
    assert {"README.md", "LICENSE", "pyproject.toml", "labkit/check.py"} <= names
    assert any(name.startswith("labkit/weights/") for name in names)
    assert "-e .[lab]" in environment


def test_the_kit_holds_no_solution_no_hidden_check_and_no_secret(packed):
    with zipfile.ZipFile(packed) as archive:
        texts = {n: archive.read(n).decode("utf-8", "ignore") for n in archive.namelist()}
    for name in texts:
        assert "/autograder/" not in name
        assert "/solutions/" not in name
        assert "seeds.toml" not in name
    everything = "\n".join(texts.values())
    for path in HIDDEN_CHECKS.glob("lab_*.py"):
        title = path.read_text(encoding="utf-8").splitlines()[0]
        assert title not in everything, path
    for lab in load_course().in_use(lab_names()):
        notebook = texts[f"labkit-course/notebooks/{lab}/{lab}.ipynb"]
        assert kit.answers_in(notebook, lab) == []


def test_validate_gives_a_student_the_time_that_it_gives_here(packed, tmp_path, monkeypatch):
    """nbgrader's own 30 seconds a cell would interrupt what optimizes."""

    def settings(folder):
        monkeypatch.chdir(folder)
        app = NbGrader()  # as the Validate button reads them
        app.load_config_file()
        return dict(app.config.Execute)

    with zipfile.ZipFile(packed) as archive:
        archive.extract("labkit-course/nbgrader_config.py", tmp_path)
    student = settings(tmp_path / "labkit-course")
    assert student == settings(ROOT)
    assert student["timeout"] == 300


def test_an_installed_labkit_has_every_file_that_is_no_module():
    """A file that package-data forgets is missed in Colab, and nowhere here."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["labkit"]
    packed = {path for pattern in patterns for path in (ROOT / "labkit").glob(pattern)}
    files = [p for p in (ROOT / "labkit").rglob("*") if p.is_file() and p.suffix != ".py"]
    assert {p for p in files if "__pycache__" not in p.parts} <= packed


def test_two_kits_of_one_course_are_the_same_file(packed, tmp_path):
    assert kit.write_kit(tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_labs_that_the_course_does_not_use_stay_out(tmp_path, monkeypatch):
    course = Course(labs={"06-saliency": None})
    monkeypatch.setattr(kit, "load_course", lambda _: course)
    with zipfile.ZipFile(kit.write_kit(tmp_path / "kit.zip")) as archive:
        notebooks = [name for name in archive.namelist() if name.endswith(".ipynb")]
    assert notebooks == ["labkit-course/notebooks/06-saliency/06-saliency.ipynb"]


def test_a_release_with_a_line_of_its_solution_is_not_packed(tmp_path, monkeypatch):
    leaking = nbformat.v4.new_notebook(cells=read_source(ROOT / "solutions/06-saliency.py").cells)
    monkeypatch.setattr(kit, "load_release", lambda *_, **__: leaking)
    monkeypatch.setattr(kit, "load_course", lambda _: Course(labs={"06-saliency": None}))
    with pytest.raises(ValueError, match="06-saliency: the release holds a line of its solution"):
        kit.write_kit(tmp_path / "kit.zip")


# The first cell


@pytest.mark.parametrize(
    ("address", "installs", "badge"),
    [
        ("", "", ""),
        ("https://example.org/a/b", "git+https://example.org/a/b", ""),
        (
            "https://github.com/lecture/labkit",
            "git+https://github.com/lecture/labkit",
            "https://colab.research.google.com/github/lecture/labkit/blob/HEAD/notebooks/01-x/01-x.ipynb",
        ),
    ],
)
def test_the_address_decides_what_is_installed_and_whether_there_is_a_badge(
    address, installs, badge, monkeypatch
):
    assert install_from(address) == installs
    assert (badge in colab_badge("01-x", address)) if badge else not colab_badge("01-x", address)
    monkeypatch.setattr(first_cell, "kit_address", lambda _: address)
    opening, cell, *_ = instructor_notebook("06-saliency", load_course()).cells
    assert f'next(around, "{installs}")' in cell.source
    assert ("colab-badge.svg" in opening.source) == bool(badge)


def test_where_nothing_can_be_installed_the_cell_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="unpack the course's kit around this notebook"):
        exec(first_cell.with_first_cell("06-saliency", [SimpleNamespace(source="")])[1].source, {})


@pytest.mark.slow
def test_a_notebook_alone_in_a_folder_installs_the_kit_and_keeps_torch(
    packed, tmp_path, monkeypatch
):
    """As in Colab: torch and Jupyter are there, labkit is not, and the notebook is alone."""
    monkeypatch.setattr(first_cell, "kit_address", lambda _: str(packed))
    notebook = instructor_notebook("00-start-here", load_course())
    keep = [c for c in notebook.cells if c.cell_type == "code"][:2]
    look = "import labkit, torch\nprint(labkit.__file__, torch.__file__)"
    notebook.cells = [*keep, nbformat.v4.new_code_cell(look)]
    (tmp_path / "alone").mkdir()
    nbformat.write(notebook, tmp_path / "alone" / "lab.ipynb")
    python = preinstalled(tmp_path / "colab")
    colab = {"COLAB_RELEASE_TAG": "release-colab", "COLAB_GPU": "0", "PYTHONPATH": ""}
    done = subprocess.run(
        [python, "-m", "nbconvert", "--execute", "--to", "notebook", "--inplace", "lab.ipynb"],
        cwd=tmp_path / "alone",
        env=os.environ | colab,
        capture_output=True,
        text=True,
    )
    if "No matching distribution" in done.stderr or "NewConnectionError" in done.stderr:
        pytest.skip("pip reaches no package index here")
    assert done.returncode == 0, done.stderr[-2000:]
    cells = nbformat.read(tmp_path / "alone" / "lab.ipynb", as_version=4).cells
    assert "Installing labkit from" in cells[0].outputs[0].text
    labkit_file, torch_file = cells[-1].outputs[0].text.split()
    assert labkit_file.startswith(str(tmp_path / "colab"))
    assert torch_file.startswith(sysconfig.get_path("purelib"))


def preinstalled(folder):
    """Make an environment that sees this one's packages but not the kit; return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    (Path(done.stdout.strip()) / "seen.pth").write_text(sysconfig.get_path("purelib"))
    return str(python)
