"""The visible checks in a notebook: the table, its plain text, Validate, a stub, an exception."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch

from labkit import check as module
from labkit import progress
from labkit.check import ChecksFailed, LocalStudent, check, check_file, ready, run_checks
from labkit.errors import NotAnswered, StudentError

LAB = "06-saliency"
CHECKS = module.VISIBLE_CHECKS / "lab_06_saliency.py"
COUNT = CHECKS.read_text().count('exercise="saliency_map")')  # each worth one point


@pytest.fixture(autouse=True)
def own_record(tmp_path, monkeypatch):
    """The progress record of this test, not of whoever runs it."""
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("NBGRADER_VALIDATING", raising=False)


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels[:, None]).sum().backward()
    return images.grad.abs().amax(1)


def signed(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels[:, None]).sum().backward()
    return images.grad.amax(1)


def named(function, name="saliency_map"):
    """Return a function under the exercise's name."""
    function.__name__ = name
    return function


# The table


def test_a_right_answer_passes_every_check():
    report = check(LAB, saliency_map)
    assert report.passed
    assert report.headline == f"saliency_map: {COUNT} of {COUNT} visible checks pass"
    assert "FAIL" not in str(report)


def test_the_plain_text_form_is_the_points():
    """nbgrader reads it as the score."""
    assert float(repr(check(LAB, saliency_map))) == COUNT
    assert 0 < float(repr(check(LAB, named(signed)))) < COUNT
    assert repr(check(LAB, named(lambda *_: None))) == "0.0"


def test_the_table_is_html_with_one_row_a_check():
    html = check(LAB, named(signed))._repr_html_()
    assert html.count("<tr>") == COUNT
    assert "absolute value" in html


def test_a_students_text_is_no_html():
    def evil(model, images, labels):
        raise ValueError("<script>alert(1)</script>")

    assert "<script>" not in check(LAB, named(evil))._repr_html_()


def test_a_stub_is_not_answered_yet():
    report = check(LAB, named(lambda model, images, labels: None))
    assert report.headline == str(report) == "saliency_map: not answered yet (it returns None)"
    assert "<tr>" not in report._repr_html_()


def test_an_exception_is_shown_with_its_line():
    def fails(model, images, labels):
        return images.reshape(7, 7)

    text = str(check(LAB, named(fails)))
    assert "`saliency_map` raised RuntimeError: shape '[7, 7]' is invalid" in text
    assert "return images.reshape(7, 7)`)" in text
    assert "could not use" not in text


def test_a_result_that_a_check_cannot_use_is_said():
    text = str(check(LAB, named(lambda *_: "text")))
    assert "a str" in text


def test_a_wrong_signature_shows_no_line_of_the_kit():
    message = check(LAB, named(lambda images: images)).results[0].message
    assert "takes 1 positional argument but 3 were given" in message
    assert "labkit" not in message
    assert "value = function" not in message


def test_an_export_to_latex_shows_a_list():
    """Without it, nbconvert would print the points alone."""
    text = check(LAB, named(signed))._repr_markdown_()
    assert text.startswith(f"**saliency_map: {COUNT - 1} of {COUNT} visible checks pass**")
    assert text.count("- pass: ") == COUNT - 1
    assert text.count("- FAIL: ") == 1
    stub = check(LAB, named(lambda model, images, labels: None))._repr_markdown_()
    assert stub.strip() == "**saliency_map: not answered yet (it returns None)**"


def test_leaving_the_program_costs_a_check_and_not_the_kernel():
    def leaves(model, images, labels):
        sys.exit(1)

    assert check(LAB, named(leaves)).points == 0


def test_an_interrupt_stops_the_checks():
    """Half a table would look like a wrong answer."""

    def interrupted(model, images, labels):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(LAB, named(interrupted))


@pytest.mark.filterwarnings("ignore::pluggy.PluggyTeardownRaisedWarning")
def test_a_failure_of_pytest_itself_is_no_result(monkeypatch):
    """Checks that were not run would look like checks that there are not."""

    def broken(*_):
        raise SystemError("recursion depth mismatch")

    monkeypatch.setattr(module, "_message", broken)
    with pytest.raises(RuntimeError, match=r"pytest itself failed .* lab_06_saliency\.py"):
        check(LAB, named(signed))


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="Python 3.13's own tracebacks parse")
def test_a_failed_check_is_reported_without_parsing_its_source(monkeypatch):
    """Where another thread parses at the same time, Python 3.11 may fail, and with it the run."""
    import ast

    results = run_checks(CHECKS, LocalStudent(named(signed)), "saliency_map")  # imports, caches
    monkeypatch.setattr(ast, "parse", lambda *_, **__: 1 / 0)
    assert run_checks(CHECKS, LocalStudent(named(signed)), "saliency_map") == results


# nbgrader's Validate


def test_validate_raises_one_short_message(monkeypatch):
    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    with pytest.raises(ChecksFailed) as caught:
        check(LAB, named(signed))
    text = str(caught.value)
    assert text.startswith(f"saliency_map: {COUNT - 1} of {COUNT} visible checks pass. ")
    assert "\n" not in text
    assert len(text) < 500
    lines = caught.value._render_traceback_()
    assert " ".join(lines) == text
    assert max(map(len, lines)) <= 83, "Validate cuts lines at 87 and indents by four"


def test_validate_says_of_a_stub_that_it_is_not_answered(monkeypatch):
    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    with pytest.raises(ChecksFailed) as caught:
        check(LAB, named(lambda model, images, labels: None))
    assert str(caught.value) == "saliency_map: not answered yet (it returns None)."


@pytest.mark.filterwarnings("ignore:deprecated")
def test_validate_passes_in_silence(monkeypatch, capsys):
    """It takes any number for the points of the grade, and any warning for a failure."""

    def warns(model, images, labels):
        warnings.warn("deprecated", stacklevel=1)
        print("a bar", file=sys.stderr)
        return saliency_map(model, images, labels)

    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    assert check(LAB, named(warns)) is None
    assert capsys.readouterr() == ("", "")


# Errors


def test_an_unknown_lab_names_the_known_ones():
    with pytest.raises(ValueError, match=r"no checks for lab '99-x'; expected one of \[.*'06-sal"):
        check("99-x", saliency_map)


def test_a_function_of_another_name_is_told_the_names():
    """A decorator without functools.wraps renames the function."""
    with pytest.raises(ValueError, match=r"called 'wrapper'; expected one of \[.*'saliency_map'"):
        check(LAB, named(lambda *_: None, "wrapper"))


def test_something_without_a_name_is_refused():
    with pytest.raises(ValueError, match="expected a function made with `def`, got a Linear"):
        check(LAB, torch.nn.Linear(1, 1))


# The progress record


def test_a_check_is_remembered():
    check(LAB, named(signed))
    assert progress.load() == {LAB: {"saliency_map": [COUNT - 1, COUNT]}}
    check(LAB, saliency_map)
    assert progress.load()[LAB]["saliency_map"] == [COUNT, COUNT]


def test_a_folder_that_cannot_be_written_costs_only_the_record(monkeypatch):
    monkeypatch.setenv("LABKIT_PROGRESS", "/nonexistent/folder/progress.json")
    assert check(LAB, saliency_map).passed


# Running a module of checks


def write(tmp_path, text):
    path = tmp_path / f"lab_{abs(hash((str(tmp_path), text)))}.py"
    path.write_text("from labkit.check import points\n" + text)
    return path


def test_a_check_without_points_is_an_error(tmp_path):
    path = write(tmp_path, "def test_a(student): pass\n")
    with pytest.raises(ValueError, match="test_a carries no @points"):
        run_checks(path, None)


def test_a_module_that_cannot_be_loaded_is_an_error(tmp_path):
    path = write(tmp_path, "import nothing_installed\n")
    with pytest.raises(ValueError, match=r"cannot be loaded: .*nothing_installed"):
        run_checks(path, None)


def test_results_keep_order_title_points_and_message(tmp_path):
    path = write(
        tmp_path,
        "@points(2, exercise='f')\ndef test_b(student):\n    '''Title one.'''\n"
        "@points(1, exercise='f', hint='try x')\ndef test_a(student):\n    assert False\n"
        "@points(1, exercise='f', hint='try y')\ndef test_c(student):\n    1 / 0\n"
        "@points(1, exercise='g')\ndef test_d(student):\n    assert False\n",
    )
    b, a, c = run_checks(path, None, "f")
    assert (b.check, b.title, b.points, b.passed, b.message) == ("b", "Title one", 2, True, "")
    assert (a.title, a.message) == ("a", "try x"), "the hint stands in for a missing message"
    assert "the check could not use your result (ZeroDivisionError" in c.message
    assert c.message.endswith("try y")
    assert len(run_checks(path, None)) == 4


def test_the_users_own_pytest_options_and_plugins_stay_out(tmp_path, monkeypatch):
    """A course's pytest.ini or PYTEST_ADDOPTS must not change what a student sees."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    path = write(tmp_path, "@points(1, exercise='f')\ndef test_own(student): pass\n")
    assert run_checks(path, None)[0].passed
    assert os.environ["PYTEST_ADDOPTS"] == "--no-such-option"


def test_nothing_is_printed():
    """The table is the answer; pytest's own output would bury it."""
    code = (
        "from labkit.check import check\n"
        "def saliency_map(model, images, labels): 1 / 0\n"
        "check('06-saliency', saliency_map)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")


def test_visible_checks_hold_no_points_twice():
    """Two checks of one name: Python keeps the last one alone."""
    import ast

    for path in sorted(module.VISIBLE_CHECKS.glob("lab_*.py")):
        names = [n.name for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
        assert len(names) == len(set(names)), path.name


def test_check_files_are_found_by_the_labs_name():
    assert check_file(module.VISIBLE_CHECKS, LAB).name == "lab_06_saliency.py"


# The student's functions


def test_local_functions_raise_in_the_students_terms():
    def f(x):
        return None if x else x.nothing

    student = LocalStudent(f)
    with pytest.raises(NotAnswered, match="not answered yet: `f` returns None"):
        student.f(1)
    with pytest.raises(StudentError, match="`f` raised AttributeError"):
        student.f(0)


def test_arrays_come_back_as_tensors_as_they_do_from_the_sandbox():
    def f(kind):
        array = np.arange(3.0)
        return {"array": array, "number": array.sum(), "list": [array], "dict": {"a": array}}[kind]

    student = LocalStudent(f)
    assert torch.equal(student.f("array"), torch.arange(3.0).double())
    assert student.f("number") == torch.tensor(3.0)
    assert [type(v) for v in student.f("list")] == [torch.Tensor]
    assert type(student.f("dict")["a"]) is torch.Tensor


def test_classes_are_passed_as_they_are():
    class GuidedReLU(torch.autograd.Function):
        pass

    assert LocalStudent(GuidedReLU).GuidedReLU is GuidedReLU


def test_ready_says_what_a_cell_waits_for(capsys):
    assert ready(saliency_map=torch.zeros(1))
    assert capsys.readouterr().out == ""
    assert not ready(saliency_map=None, randomize_top=1, deletion_curve=None)
    expected = "This cell waits for the exercise saliency_map and deletion_curve.\n"
    assert capsys.readouterr().out == expected


def test_a_message_that_was_given_before_is_cut_short():
    """One exception would otherwise fill every row of the table."""

    def fails(model, images, labels):
        raise KeyError("nothing")

    text = str(check(LAB, named(fails)))
    assert text.count("raised KeyError") == 1
    assert "as above" in text
