"""Reading submissions: what students make of notebooks, and the statements an exercise needs."""

import ast
import json
import time

import pytest

from autograder.gradebook import read_notebook
from autograder.lab import load_release
from autograder.slices import slice_for
from autograder.submission import (
    LARGEST_CELL,
    MOST_CELLS,
    MOST_PARTS,
    ZIPPED,
    Cell,
    Submission,
    UnreadableSubmission,
    parse_notebook,
    read_submission,
    restore_locked,
    submission_from_notebook,
)


def code(source, grade_id="", **more):
    """Return a code cell as JSON has it."""
    metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [],
            "execution_count": None} | more  # fmt: skip


def notebook(*cells, **more):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 4} | more


def read(tmp_path, content, name="06-saliency.ipynb"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_submission(path)


def chosen(*sources, name="f"):
    """Return the statements that `name` needs, as text."""
    cells = [Cell(f"cell {n}", "", s) for n, s in enumerate(sources)]
    lines = []
    for _, source, indices in slice_for(name, cells).cells:
        body = ast.parse(source).body
        lines += [ast.unparse(body[i]).splitlines()[0] for i in indices]
    return lines


def result_of(*sources, name="f"):
    """Run the statements that `f` needs and return f()."""
    namespace = {}
    for _, source, indices in slice_for(
        name, [Cell(f"cell {n}", "", s) for n, s in enumerate(sources)]
    ).cells:
        body = [ast.parse(source).body[i] for i in indices]
        exec(compile(ast.Module(body, type_ignores=[]), "cell", "exec"), namespace)
    return namespace[name]()


# Notebooks


def test_cells_are_named_by_grade_id_or_number(tmp_path):
    submission = read(
        tmp_path,
        notebook(
            {"cell_type": "markdown", "source": "text", "metadata": {}},
            code("a = 1", "saliency_map"),
            code(["b = 2\n", "c = 3"]),
            metadata={"labkit": {"lab": "06-saliency"}},
        ),
    )
    assert [c.label for c in submission.cells] == ["cell saliency_map", "cell 3"]
    assert [c.grade_id for c in submission.cells] == ["saliency_map", ""]
    assert submission.cells[1].source.strip() == "b = 2\nc = 3"
    assert submission.lab == "06-saliency"


def test_only_code_cells_count():
    """A markdown or raw cell that carries a function is no answer."""
    cells = [
        {"cell_type": kind, "source": "def f(): pass", "metadata": {}}
        for kind in ("markdown", "raw")
    ]
    assert submission_from_notebook("", notebook(*cells)).cells == ()


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_answer_that_was_made_a_text_cell_counts_as_in_the_gradebook(kind):
    """nbgrader's copy gives it its type back: grade gave 24 of 40, and autograde 40."""
    notebook = load_release("06-saliency")
    answers = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells}
    answers["saliency_map"].update(cell_type=kind, source="def saliency_map(): return 1")
    got = {c.grade_id: c.source for c in submission_from_notebook("x", notebook).cells}
    assert got["saliency_map"] == "def saliency_map(): return 1"
    assert "explain_deletion" not in got, "text stays text"


def test_magics_and_shell_commands_become_python():
    source = (
        "%matplotlib inline\n!pip install torch\nfiles = !ls\nhelp?\nx = 1\ndef f():\n    return x"
    )
    (cell,) = submission_from_notebook("", notebook(code(source))).cells
    assert result_of(cell.source) == 1


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "  %%prun -l 5", "%%time\n%%capture"])
def test_a_magic_around_the_cell_keeps_the_answer(magic):
    (cell,) = submission_from_notebook("", notebook(code(f"{magic}\ndef f():\n    return 1"))).cells
    assert result_of(cell.source) == 1


def test_other_cell_magics_hold_no_python():
    (cell,) = submission_from_notebook("", notebook(code("%%bash\necho f = 1"))).cells
    assert not slice_for("f", [cell]).defined


HOSTILE = {
    "a number": 1,
    "a list": [],
    "nothing": None,
    "no cells": {},
    "cells that are a number": {"cells": 1},
    "cells that are no cells": {"cells": [1, None, [], "x"]},
    "empty cells": {"cells": [{}]},
    "a cell without source": {"cells": [{"cell_type": "code"}]},
    "a source that is a number": {"cells": [code(5)]},
    "a source of numbers": {"cells": [code([1, 2])]},
    "metadata that is a list": {"cells": [code("a", metadata=[])], "metadata": []},
    "nbgrader metadata that is a list": {"cells": [code("a", metadata={"nbgrader": [1]})]},
    "a grade id that is a list": {"cells": [code("a", metadata={"nbgrader": {"grade_id": [1]}})]},
    "a kernel that is text": {"metadata": {"kernelspec": "x"}, "cells": []},
    "worksheets": {"worksheets": [{"cells": [code("a")]}]},
    "worksheets that are a number": {"worksheets": 5},
}


@pytest.mark.parametrize("version", [4, 3, 2, 1, "4", 99, None])
@pytest.mark.parametrize("name", HOSTILE)
def test_metadata_of_wrong_types_is_read_or_refused(tmp_path, name, version):
    """Whatever JSON holds: a submission, or the one error that becomes a row."""
    content = HOSTILE[name]
    if isinstance(content, dict):
        content = content | {"nbformat": version, "nbformat_minor": 0}
    try:
        refused = "" if read(tmp_path, content) else "no submission"
    except UnreadableSubmission as error:
        refused = str(error)
    assert not refused or refused.startswith("expected a Jupyter notebook")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a":' * 50_000, '{"nbformat":4e400}'])
def test_invalid_json_is_refused(text):
    with pytest.raises(UnreadableSubmission, match="expected a Jupyter notebook"):
        parse_notebook(text)


def test_another_kernel_is_refused(tmp_path):
    content = notebook(metadata={"kernelspec": {"language": "R", "name": "ir"}})
    with pytest.raises(UnreadableSubmission, match=r"expected a Python notebook, got .* 'R'"):
        read(tmp_path, content)


def test_a_notebook_of_200_mb_is_refused_unread(tmp_path):
    path = tmp_path / "06-saliency.ipynb"
    with path.open("wb") as file:
        file.truncate(200 << 20)  # takes no room on the disk
    with pytest.raises(UnreadableSubmission, match="expected at most 50 MB, got 200 MB: clear the"):
        read_submission(path)


def test_code_as_long_as_a_book_is_refused(tmp_path):
    """Python's parser would take a gigabyte for it."""
    with pytest.raises(UnreadableSubmission, match="expected at most 400,000 characters of code"):
        read(tmp_path, notebook(code("x" * (LARGEST_CELL + 1))))
    with pytest.raises(UnreadableSubmission, match="in a cell; got 480,000"):
        read(tmp_path, notebook(*[code("#" * 80_000) for _ in range(6)]))


def test_more_cells_than_anybody_writes_are_refused(tmp_path):
    for content, name in (
        (notebook(*[code("")] * (MOST_CELLS + 1)), "06-saliency.ipynb"),
        ("# %%\n" * (MOST_CELLS + 1), "06-saliency.py"),
    ):
        with pytest.raises(UnreadableSubmission, match="expected at most 1,000 cells of code, got"):
            read(tmp_path, content, name)


@pytest.mark.parametrize("bomb", ["{}", "[]", '{"a":[]}'])
def test_json_that_unpacks_to_gigabytes_is_refused_unread(bomb):
    """50 MB of `{},` would take 8 GB; the memory belongs to everybody who is graded."""
    parts = ",".join([bomb] * (MOST_PARTS + 1))
    with pytest.raises(
        UnreadableSubmission, match=r"at most 200,000 parts, got \d+,\d+: clear the"
    ):
        parse_notebook(f'{{"nbformat": 4, "nbformat_minor": 4, "metadata": {{"x": [{parts}]}}}}')


def test_reading_writes_nothing_on_the_instructors_terminal(recwarn, capfd):
    """nbformat warns of each double id, with the student's text in it."""
    cells = [code("a = 1", id="\x1b[2J")] * 3
    parse_notebook(json.dumps(notebook(*cells, nbformat_minor=5)))
    assert not recwarn.list
    assert capfd.readouterr().err.isprintable()


def test_a_reason_moves_no_cursor(tmp_path):
    """It quotes the file, and a terminal shows it."""
    evil = code("x" * (LARGEST_CELL + 1), "\x1b[2J\n")
    with pytest.raises(UnreadableSubmission) as caught:
        read(tmp_path, notebook(evil))
    assert str(caught.value).isprintable()


def test_names_of_cells_and_files_move_no_cursor(tmp_path):
    """An error of syntax names the cell."""
    for path, text in {
        "a.ipynb": json.dumps(notebook(code("def f(:", "\x1b[2Jf"))),
        "\x1b[2J.py": "def f(:",
    }.items():
        (tmp_path / path).write_text(text)
        error = slice_for("f", read_submission(tmp_path / path).cells).error
        assert "[2J" in error
        assert error.isprintable()


@pytest.mark.parametrize("name", ["a.ipynb", "a.py"])
def test_a_mark_that_windows_editors_put_in_front_costs_nothing(tmp_path, name):
    source = "def f():\n    return 1"
    text = json.dumps(notebook(code(source))) if name.endswith("nb") else source
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    assert result_of(*[c.source for c in read_submission(tmp_path / name).cells]) == 1
    if name.endswith("nb"):  # nbgrader's commands hand over the text
        assert parse_notebook((tmp_path / name).read_text(encoding="utf-8"))["cells"]


def test_a_large_picture_in_an_output_is_no_code(tmp_path):
    output = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 3_000_000}}
    assert len(read(tmp_path, notebook(code("a = 1", outputs=[output]))).cells) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "expected a Jupyter notebook; the file is empty"),
        (b"\xef\xbb\xbf \n", "expected a Jupyter notebook; the file is empty"),
        (b" []", "expected a Jupyter notebook; it holds a list, not a notebook"),
        (b"PK\x03\x04\xff", f"expected text in UTF-8; {ZIPPED}"),
    ],
)
def test_a_reason_says_something_to_a_student(tmp_path, content, reason):
    """Not 'list' object has no attribute 'get'."""
    path = tmp_path / "06-saliency.ipynb"
    path.write_bytes(content)
    with path.open(encoding="utf-8") as file:
        for read in (lambda: read_submission(path), lambda: read_notebook(file)):
            with pytest.raises(UnreadableSubmission) as raised:
                read()
            assert str(raised.value) == reason


def test_other_bytes_are_refused(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableSubmission, match="expected text in UTF-8"):
        read_submission(tmp_path / "a.ipynb")


def test_a_link_is_not_followed(tmp_path):
    """It may lead to another student's answer, or to a file whose text would be shown."""
    (tmp_path / "other.ipynb").write_text("root:secret")
    (tmp_path / "mine.ipynb").symlink_to(tmp_path / "other.ipynb")
    with pytest.raises(UnreadableSubmission, match="symbolic link") as caught:
        read_submission(tmp_path / "mine.ipynb")
    assert "secret" not in str(caught.value)


def test_folders_and_missing_files_are_refused(tmp_path):
    for name in ("", "nothing.ipynb"):
        with pytest.raises(UnreadableSubmission, match="found no file"):
            read_submission(tmp_path / name)


def test_a_python_file_is_a_submission_and_its_cells_stand_alone(tmp_path):
    text = "import math\n\n# %% broken\ndef g(:\n\n# %%\ndef f():\n    return math.floor(1.5)\n"
    submission = read(tmp_path, text, "06-saliency.py")
    assert result_of(*[c.source for c in submission.cells]) == 1
    assert "06-saliency.py cell 2" in slice_for("g", submission.cells).error


# Locked cells

RELEASE = (Cell("cell data", "data", "data = 'release'"), Cell("cell tool", "tool", "tool = 1"))


def restored(*cells):
    return [c.source for c in restore_locked(Submission("", "", cells), RELEASE)]


def test_locked_cells_get_the_releases_text_where_they_stood():
    mine = Cell("cell 1", "", "mine = 1")
    changed = Cell("cell tool", "tool", "tool = 'cheat'")
    assert restored(mine, RELEASE[0], changed) == ["mine = 1", "data = 'release'", "tool = 1"]


def test_a_deleted_locked_cell_comes_back_before_all_others():
    assert restored(Cell("", "", "mine")) == ["data = 'release'", "tool = 1", "mine"]


def test_a_copied_locked_cell_stays_once():
    copied = Cell("cell tool", "tool", "tool = 'cheat'")
    assert restored(RELEASE[0], RELEASE[1], copied, copied) == ["data = 'release'", "tool = 1"]


def test_an_answer_cell_that_was_copied_counts_as_often_as_it_stands():
    """The last definition wins, as in the notebook."""
    cells = [Cell("cell f", "f", f"def f():\n    return {n}") for n in (1, 2)]
    assert result_of(*[c.source for c in restore_locked(Submission("", "", tuple(cells)), ())]) == 2


# Slices


def test_only_what_the_function_needs_is_run():
    lines = chosen(
        "import torch\nimport nothing_installed",
        "show(plot())\nboom = 1 / 0\nK = 2",
        "def helper():\n    return K",
        "def f():\n    return helper()",
        "f()\nprint(f())",
    )
    assert lines == ["K = 2", "def helper():", "def f():"]


def test_helpers_in_other_cells_constants_and_late_helpers():
    assert (
        result_of("def f():\n    return late(A)", "A = 2\nB = A + 1", "def late(x): return x * B")
        == 6
    )


def test_the_last_definition_wins():
    assert result_of("def f(): return 1", "def f(): return 2") == 2
    assert result_of("def f(): return 1", "g = f\ndef f(): return g() + 1") == 2


def test_letters_that_python_takes_for_the_same_are_the_same_name():
    """Python reads a long s as an s; a Cyrillic o only looks like one, and is another name."""
    assert result_of("def ſum(x): return 1", "def f(): return sum(0)") == 1
    assert result_of("def \uff46(): return 2") == 2
    assert not slice_for("foo", [Cell("", "", "def f\u043eo(): return 1")]).defined


def test_classes_decorators_and_instances():
    source = "class A(Base):\n    @deco\n    def __call__(self): return N"
    assert (
        result_of(
            "import functools\nN = 3\nclass Base: pass\ndef deco(g): return functools.wraps(g)(g)",
            source,
            "f = A()",
        )
        == 3
    )


def test_a_global_that_a_helper_changes():
    assert (
        result_of(
            "n = 0\ndef count():\n    global n\n    n += 1\n    return n", "def f(): return count()"
        )
        == 1
    )


def test_tables_that_are_filled_after_they_were_made():
    assert result_of("t = {}\nt['a'] = 1", "import types\no = types.SimpleNamespace()\no.x = 2",
                     "l = []\nl.append(3)\nfor i in range(2):\n    l.append(i)",
                     "def f(): return [t['a'], o.x, l]") == [1, 2, [3, 0, 1]]  # fmt: skip


def test_drawing_with_an_imported_module_is_not_filling_it():
    """`plt.show()` changes nothing that the function needs: it stays out, with what it draws."""
    lines = chosen("import plt", "plt.imshow(maps)\nplt.show()", "def f(): return plt")
    assert lines == ["import plt", "def f():"]


def test_star_imports_branches_and_other_ways_to_bind():
    assert result_of("from math import *", "def f(): return floor(2.5)") == 2
    either = "try:\n    import nothing_installed as m\nexcept ImportError:\n    import math as m"
    assert result_of(either, "def f(): return m.floor(1.5)") == 1
    assert result_of("if True:\n    def f(): return 1\nelse:\n    f = None") == 1
    assert result_of("with open('/dev/null') as g:\n    n = 3", "f = lambda: n") == 3
    assert result_of("(a := 4)\nb, *c = a, 5, 6", "def f(): return [a, b, c]") == [4, 4, [5, 6]]


def test_a_syntax_error_elsewhere_costs_nothing():
    assert result_of("def f(): return 1", "this is no python", "x = (") == 1


def test_a_syntax_error_in_the_answer_is_named():
    found = slice_for("f", [Cell("cell f", "f", "x = 1\ndef f(:\n    pass")])
    assert not found.defined
    assert found.error == "cell f, line 2 is not valid Python: invalid syntax"


def test_a_broken_cell_that_only_mentions_the_name_is_not_the_answer():
    assert slice_for("f", [Cell("cell 1", "", "print(f( ")]).error == ""


def test_what_is_not_defined_is_said():
    assert not slice_for("f", [Cell("cell 1", "", "def g(): return f")]).defined


NESTED = {
    "unary": "x=" + "~" * 99_000 + "1",
    "attributes": "f=a" + ".b" * 30_000,
    "calls": "f=a" + "()" * 30_000,
    "brackets": "f=" + "[" * 96_000,
    "sums": "f=" + "1+" * 45_000 + "1",
    "nots": "f=" + "not " * 24_000 + "1",
    "lambdas": "f=" + "lambda:" * 14_000 + "0",
    "blocks": "".join(" " * i + "def f():\n" for i in range(150)),
    "branches": "if 1:\n  f = 1\n" + "elif 1:\n  pass\n" * 6_000,
    "decorators": "@a\n" * 30_000 + "def f(): pass",
    "numbers": "f=" + "9" * 96_000,
    "null": "f=1\0",
    "surrogate": "f='\ud800'",
    "chain": "\n".join(f"a{i}=a{i + 1}" for i in range(7_000)) + "\nf=a0",
    "magics": "%x\n" * 30_000,
    "questions": "a?\n" * 24_000,
    "assigned magics": "x = %y\n" * 12_000,
    "empty lines": "\n" * 90_000,
    "one f-string": "f=f'" + "{1}" * 30_000 + "'",
    "one line and a magic": "%x\nf=" + "~" * 99_000 + "1",
}


@pytest.mark.parametrize("name", NESTED)
def test_source_made_to_break_the_parser_neither_crashes_nor_stalls(name):
    """The grading process reads it, outside of any sandbox."""
    started = time.process_time()
    submission = submission_from_notebook("", notebook(code(NESTED[name])))
    for _ in range(4):  # once an exercise
        slice_for("f", submission.cells)
    assert time.process_time() - started < 10


def test_very_many_small_cells_that_need_each_other_do_not_stall():
    started = time.process_time()
    found = slice_for("f", [Cell(f"cell {n}", "", "f = f") for n in range(50_000)])
    assert len(found.cells) == 50_000
    assert time.process_time() - started < 10


def test_warnings_about_a_students_style_are_not_for_the_instructor(recwarn):
    submission = submission_from_notebook("", notebook(code("f = '\\d'")))
    assert slice_for("f", submission.cells).defined
    assert not recwarn.list
