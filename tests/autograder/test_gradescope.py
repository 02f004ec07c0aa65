"""Gradescope: the zip, results.json by its published format, and a run as Gradescope runs it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder import bundle, gradescope
from autograder.__main__ import main
from autograder.course import load_course
from autograder.lab import ROOT, load_lab
from autograder.rows import ExerciseRow, Row
from autograder.sandbox import parents
from autograder.seeds import load_seeds
from autograder.submission import UnreadableSubmission
from labkit.check import CheckResult

LAB = "06-saliency"
# "Autograder Specifications", output format: the keys that Gradescope knows.
KEYS = {"score", "execution_time", "output", "output_format", "test_output_format",
        "test_name_format", "visibility", "stdout_visibility", "extra_data", "tests",
        "leaderboard"}  # fmt: skip
TEST_KEYS = {"score", "max_score", "status", "name", "name_format", "number", "output",
             "output_format", "tags", "visibility", "extra_data"}  # fmt: skip
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
# Docker's default capabilities: no namespaces can be made with them.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
                "NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE",
                "SETFCAP")  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return bundle.write_zip(LAB, tmp_path_factory.mktemp("zip") / "new" / "autograder.zip")


@pytest.fixture
def unpacked(archive, tmp_path):
    """The folder that Gradescope makes of the zip, with this interpreter for a virtual one."""
    source = tmp_path / "autograder" / "source"
    with zipfile.ZipFile(archive) as file:
        file.extractall(source)
        for info in file.infolist():  # extractall leaves permissions out
            (source / info.filename).chmod(info.external_attr >> 16)
    for name in ("submission", "results"):
        (source.parent / name).mkdir()
    shutil.copy(source / "run_autograder", source.parent)
    (source.parent / "venv").symlink_to(sys.prefix)
    return source.parent


def result(root):
    return json.loads((root / "results" / "results.json").read_text())


# The zip


def test_the_zip_holds_what_one_lab_takes_and_nothing_of_others(archive):
    with zipfile.ZipFile(archive) as file:
        names = set(file.namelist())
        seeds = file.read("seeds.toml").decode()
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in file.infolist()}
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    assert modes["seeds.toml"] == archive.stat().st_mode & 0o777 == 0o600
    hidden = {n for n in names if n.startswith("autograder/checks/lab_")}
    assert hidden == {"autograder/checks/lab_06_saliency.py"}
    assert {n for n in names if n.startswith("solutions/")} == {f"solutions/{LAB}.py"}
    assert seeds == f'"{LAB}" = {load_seeds()[LAB]}\n'
    assert {n.split("/")[0] for n in names} == {
        "setup.sh", "run_autograder", "seeds.toml", "pyproject.toml", "README.md", "LICENSE",
        "course.toml", "solutions", "labkit", "autograder",
    }  # fmt: skip
    assert not [n for n in names if "__pycache__" in n or "/." in n]
    assert {str(p.relative_to(ROOT)) for p in (ROOT / "labkit").rglob("*.py")} <= names


def test_equal_courses_give_equal_zips(archive, tmp_path):
    again = bundle.write_zip(LAB, tmp_path / "again.zip")
    assert again.read_bytes() == archive.read_bytes()


def test_the_command_says_the_points_and_that_the_zip_is_secret(tmp_path, capsys):
    assert main(["gradescope", LAB, "--output", str(tmp_path / "x.zip")]) == 0
    said = capsys.readouterr().out
    assert f"an assignment with {load_lab(LAB).max_points:g} points" in said
    assert "keep it to yourself" in said
    assert main(["gradescope", "00-start-here"]) == 2
    assert "nothing in 00-start-here is graded" in capsys.readouterr().err


def test_the_courses_other_labs_and_points_make_no_trouble_where_one_lab_is(tmp_path, monkeypatch):
    """What course.toml says of this lab is there; what it says of others is not."""
    course = tmp_path / "course"
    for folder in ("labkit", "autograder", "solutions"):
        (course / folder).mkdir(parents=True)
    for lab in (LAB, "05-occlusion"):
        shutil.copy(ROOT / "solutions" / f"{lab}.py", course / "solutions")
    (course / "course.toml").write_text(
        f"scale = 3\n[labs]\n05-occlusion = {{}}\n{LAB} = {{ points = 50 }}\n"
    )
    monkeypatch.setattr(bundle, "files_of", lambda lab, root: [])
    with zipfile.ZipFile(bundle.write_zip(LAB, tmp_path / "x.zip", root=course)) as file:
        file.extractall(tmp_path / "source")
    (tmp_path / "source" / "solutions").mkdir()
    shutil.copy(ROOT / "solutions" / f"{LAB}.py", tmp_path / "source" / "solutions")
    scale = load_course(tmp_path / "source").scale
    assert scale * load_lab(LAB).max_points == pytest.approx(50)


def test_the_self_test_fails_where_no_submission_could_get_results(monkeypatch):
    def refuse():
        raise ValueError("course.toml: there is no lab")

    monkeypatch.setattr(gradescope, "grade", lambda submission, lab: ROW)
    monkeypatch.setattr(gradescope, "load_course", refuse)
    with pytest.raises(ValueError, match=r"course\.toml"):
        gradescope.self_test(LAB)


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_the_scripts_are_bash(script, tmp_path):
    shutil.copy(bundle.SCRIPTS / script, tmp_path)
    subprocess.run(["bash", "-n", tmp_path / script], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", tmp_path / script], check=True)


def test_an_index_for_pytorch_is_quoted():
    setup = {n: c for n, c, _ in bundle.entries(LAB, "file:///a b;c", ROOT)}["setup.sh"].decode()
    assert "\ntorch_index='file:///a b;c' #" in setup


def test_grading_needs_nothing_but_the_extra_that_setup_installs():
    """JupyterLab and Dask would make the image larger and its build slower."""
    code = (
        "import sys\nfor name in ('nbgrader', 'jupyterlab', 'distributed', 'nbconvert', "
        "'playwright'): sys.modules[name] = None\nimport autograder.gradescope, autograder.lab\n"
        f"autograder.lab.load_lab({LAB!r})"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert '"${here}[grading]"' in (bundle.SCRIPTS / "setup.sh").read_text()


# What was handed in


def notebook(lab=""):
    made = nbformat.v4.new_notebook(metadata={"labkit": {"lab": lab}} if lab else {})
    return nbformat.writes(made)


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"homework.ipynb": notebook()}, "homework.ipynb"),
        ({"Untitled.ipynb": notebook(LAB), "dog.jpg": "", "helper.py": ""}, "Untitled.ipynb"),
        ({f"{LAB} (1).ipynb": notebook(LAB), "old.ipynb": notebook()}, f"{LAB} (1).ipynb"),
        ({"a/b/06-saliency.py": "", "__MACOSX/a/b/._06-saliency.py": ""}, "06-saliency.py"),
        ({"05-occlusion.ipynb": notebook(LAB)}, "05-occlusion.ipynb"),  # renamed
    ],
)
def test_the_answer_is_found_whatever_it_is_called(tmp_path, files, chosen):
    hand_in(tmp_path, files)
    assert Path(gradescope.read_answer(tmp_path, LAB).path).name == chosen


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "expected 06-saliency.ipynb, got no file"),
        (
            {"answers.pdf": "", "notes.txt": ""},
            "expected 06-saliency.ipynb, got answers.pdf, notes",
        ),
        ({"lab.zip": ""}, "expected the notebook itself, got the archive lab.zip; unpack it"),
        (
            {"a.ipynb": notebook(), "b/c.ipynb": notebook()},
            "expected one notebook, got 2: a.ipynb, b/c.ipynb; hand in 06-saliency.ipynb alone",
        ),
        ({f"{LAB}.ipynb": "", f"{LAB}-Copy1.ipynb": ""}, "expected one notebook, got 2: 06-sal"),
        ({f"{LAB}.ipynb": "{"}, "expected a Jupyter notebook"),
        (
            {f"{LAB}.ipynb": notebook("05-occlusion")},
            "expected lab 06-saliency, got 06-saliency.ipynb of lab 05-occlusion",
        ),
        (
            {"05-occlusion.py": "x = 1"},
            "expected lab 06-saliency, got 05-occlusion.py of lab 05-occlusion",
        ),
    ],
)
def test_what_cannot_be_graded_gets_no_points_and_the_reason(tmp_path, files, says):
    hand_in(tmp_path, files)
    row = gradescope.grade_folder(tmp_path, LAB)
    gradescope.write_results(gradescope.results_of(row), tmp_path / "results.json")
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["score"] == 0
    assert says in found["output"]
    assert found["tests"] == []


def test_a_link_to_the_solution_is_no_submission(tmp_path):
    (tmp_path / f"{LAB}.py").symlink_to(ROOT / "solutions" / f"{LAB}.py")
    with pytest.raises(UnreadableSubmission, match="symbolic link"):
        gradescope.read_answer(tmp_path, LAB)


def hand_in(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


# results.json


def row(*exercises):
    points, most = sum(e.points for e in exercises), sum(e.max_points for e in exercises)
    return Row("x.ipynb", LAB, "graded", "", points, most, 1.5, "bubblewrap", 987654, [*exercises])


def check(title, passed, message=""):
    return CheckResult("one", title, "f", 2.0, passed, message)


ROW = row(
    ExerciseRow("f", 2.0, 4.0, "", [check("A", True), check("B <b>", False, "the sign is lost")]),
    ExerciseRow("g", 0.0, 3.0, "`g` took longer than 10 s", [check("C", False)]),
    ExerciseRow("h", 2.0, 2.0, "", [check("D", True)], ("f",)),
)


def test_results_are_as_published_and_lead_with_what_was_misunderstood():
    found = gradescope.results_of(ROW)
    assert set(found) <= KEYS
    assert all(set(test) <= TEST_KEYS for test in found["tests"])
    assert {found["visibility"], found["stdout_visibility"]} <= VISIBILITIES
    assert {test["status"] for test in found["tests"]} == {"passed", "failed"}
    assert found["score"] == sum(test["score"] for test in found["tests"]) == 4
    assert sum(test["max_score"] for test in found["tests"]) == 9
    assert found["output"].splitlines() == [
        "f: 2 of 4. The sign is lost.",
        "g: 0 of 3. `g` took longer than 10 s.",
        "h: 2 of 2. Graded with a correct f: one mistake costs once.",
    ]
    assert [(t["number"], t["name"], t["output"]) for t in found["tests"]] == [
        ("1.1", "f: A", ""),
        ("1.2", "f: B <b>", "The sign is lost."),
        ("2.1", "g", "`g` took longer than 10 s."),
        ("3.1", "h: D", ""),
    ]
    assert {found[f] for f in ("output_format", "test_output_format", "test_name_format")} == {
        "text"
    }, "a student's words are never markup"
    assert str(ROW.seed) not in json.dumps(found), "later submissions can read the file"


def test_the_gradebooks_scale_counts():
    found = gradescope.results_of(ROW.scaled(0.5))
    assert found["output"].splitlines()[0] == "f: 1 of 2. The sign is lost."
    assert found["score"] == sum(test["score"] for test in found["tests"]) == 2
    assert sum(test["max_score"] for test in found["tests"]) == 4.5


# Runs


def test_a_grader_that_fails_leaves_a_result_all_the_same(unpacked):
    (unpacked / "venv").unlink()
    done = subprocess.run([unpacked / "run_autograder"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "The grader failed" in done.stdout
    assert result(unpacked)["score"] == 0
    assert "not your mistake" in result(unpacked)["output"]
    assert set(result(unpacked)) <= KEYS
    closed = [unpacked / "results", *(unpacked / "source" / n for n in ("autograder", "solutions"))]
    assert {path.stat().st_mode & 0o777 for path in closed} == {0o700}
    assert (unpacked / "source" / "seeds.toml").stat().st_mode & 0o777 == 0o600
    assert (unpacked / "source" / "labkit" / "hooks.py").stat().st_mode & 0o777 == 0o644


def test_where_nothing_protects_the_grader_nothing_is_run(monkeypatch):
    monkeypatch.setattr(gradescope.Sandbox, "__enter__", lambda self: self)
    monkeypatch.setattr(gradescope.Sandbox, "__exit__", lambda *_: None)
    monkeypatch.setattr("autograder.sandbox.why_not_isolated", lambda: "no bubblewrap")
    monkeypatch.setattr("autograder.sandbox.plain_mode", lambda needed: "plain")
    with pytest.raises(RuntimeError, match="run as root, or install bubblewrap"):
        gradescope.grade(None, LAB)


ATTACK = """
import os, signal, socket, time
import torch

ROOT = "/autograder/"
CLOSED = ("source/seeds.toml", "source/solutions/06-saliency.py", "results/results.json",
          "source/autograder/checks/lab_06_saliency.py", "source/autograder/reference.py",
          "../proc/1/environ", "../etc/shadow")

def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels[:, None]).sum().backward()
    return images.grad.abs().amax(1)

def randomize_top(model, depth, seed):
    found = []
    for path in CLOSED:
        try:
            found.append(open(ROOT + path).read(9))
        except OSError:
            pass
    for path in ("results/results.json", "results/x", "run_autograder", "source/labkit/hooks.py"):
        try:
            found.append(open(ROOT + path, "a"))
        except OSError:
            pass
    for pid in range(1, os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
            found.append(pid)
        except OSError:
            pass
    for act in (lambda: os.setuid(0), lambda: socket.socket()):
        try:
            act()
            found.append(act)
        except OSError:
            pass
    raise RuntimeError(f"found {found} as {os.getuid() >= 5000}")

def deletion_curve(model, image, label, saliency, steps):
    if os.fork() == 0:  # stays behind and waits for the results
        os.setsid()
        if os.fork() == 0:
            for _ in range(600):
                time.sleep(0.1)
        os._exit(0)
    return torch.ones(steps + 1)
"""


def test_as_gradescope_runs_it_a_cheat_gains_nothing_and_honest_work_counts(unpacked):
    """As root in a container without namespaces: the submission is nobody's user."""
    if os.getuid() != 0 or not shutil.which("bwrap"):
        pytest.skip("needs root and bubblewrap, which stands in for Gradescope's container")
    (unpacked / "submission" / "solved.py").write_text(ATTACK)
    script = "./run_autograder; for p in /proc/[0-9]*; do cat $p/comm; done | grep python"
    done = subprocess.run(
        [*container(unpacked), "bash", "-c", script], capture_output=True, text=True
    )
    assert "isolation: not isolated" in done.stdout, done.stdout + done.stderr
    assert not done.stdout.rstrip().endswith("python"), "something is left of the submission"
    exercises = {line.partition(":")[0]: line for line in result(unpacked)["output"].splitlines()}
    assert exercises["saliency_map"].startswith("saliency_map: 16 of 16")
    assert "found [] as True" in exercises["randomize_top"]
    assert exercises["randomize_top"].startswith("randomize_top: 0 of 12")
    assert exercises["deletion_curve"].startswith("deletion_curve: 0 of 12")
    assert result(unpacked)["score"] == 16


def container(root):
    """Return the start of a command that runs as in Gradescope's container, by bubblewrap."""
    command = ["bwrap", "--unshare-pid", "--unshare-ipc", "--clearenv", "--cap-drop", "ALL"]
    for name in CAPABILITIES:
        command += ["--cap-add", f"CAP_{name}"]
    seen = ["/usr", "/bin", "/lib", "/lib64", "/etc", sys.base_prefix, sys.prefix]
    command += ["--perms", "1777", "--tmpfs", "/tmp"]  # first: the checkout may lie in it
    for path in parents(seen):
        command += ["--perms", "0755", "--dir", path]
    for path in seen:
        command += ["--ro-bind-try", path, path]
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += ["--bind", str(root), "/autograder", "--chdir", "/autograder"]
    return [*command, "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "OMP_NUM_THREADS", "1"]
