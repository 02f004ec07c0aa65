"""Notebooks that were edited by hand, and files that are none.

These cells run in the test itself. Each changes `notebook`, the honest one as a dict, or writes
something else to `path`; `cells` are the honest cells by grade id, `bystander` is another
student's file. What nbgrader makes of them is graded, too.
"""
# ruff: noqa

# %% points edited plain=true
for cell in cells.values():
    cell["metadata"]["nbgrader"]["points"] = 1000

# %% points edited into what is no number plain=true
for cell in cells.values():
    cell["metadata"]["nbgrader"]["points"] = {"__float__": "nan"}

# %% tags that skip cells, and a kernel that is another one, called Python plain=true
cells["check_dream_loss"]["metadata"]["tags"] = ["skip-execution", "remove-cell", "parameters"]
notebook["metadata"]["kernelspec"] = {"name": "evil", "language": "python", "display_name": "x"}

# %% check cells that show full points as their output plain=true
for name, cell in cells.items():
    if name.startswith("check_"):
        shown = {"text/plain": "12.0", "text/html": "<script>alert(1)</script>"}
        cell["outputs"] = [
            {"output_type": "execute_result", "data": shown, "metadata": {}, "execution_count": 1}
        ]

# %% check cells rewritten plain=true
cells["check_dream_loss"]["source"] = "12.0"

# %% check cells duplicated, three times each plain=true
copies = [cell for name, cell in cells.items() if name.startswith("check_")]
notebook["cells"] += copies * 3

# %% the right answer's cell duplicated plain=true
notebook["cells"].insert(3, cells["octave_sizes"])

# %% check cells deleted plain=true
notebook["cells"] = [c for c in notebook["cells"] if c is not cells["check_dream_loss"]]

# %% check cells renamed: the right answer's check for all exercises plain=true
for name in ("check_dream_loss", "check_dream_step"):
    cells[name]["metadata"]["nbgrader"]["grade_id"] = "check_octave_sizes"

# %% the right answer renamed: an answer to another exercise plain=true
cells["dream_loss"]["source"] = (
    "def dream_loss(height, width, octaves, scale):\n    return octave_sizes(height, width, octaves, scale)"
)

# %% cells re-typed: checks are text, text is code plain=true
for cell in notebook["cells"]:
    cell["cell_type"] = "markdown" if cell["cell_type"] == "code" else "code"
cells["octave_sizes"]["cell_type"] = "code"

# %% a cell of a type that does not exist plain=true says="expected a Jupyter notebook"
cells["dream_loss"]["cell_type"] = 5

# %% locked cells that do the work plain=true
for cell in cells.values():
    if cell["metadata"]["nbgrader"]["locked"]:
        cell["source"] += "\ndef dream_loss(activation):\n    return 0.0"

# %% metadata of nbgrader from the future plain=true
for cell in cells.values():
    cell["metadata"]["nbgrader"] |= {"schema_version": 99, "locked": False, "task": True}

# %% another lab's name, stated in the metadata plain=true
notebook["metadata"]["labkit"] = {"lab": "../../solutions/12-deepdream"}

# %% a hundred copies of everything plain=true
notebook["cells"] = notebook["cells"] * 12

# %% an answer that is a page with a script plain=true
for cell in notebook["cells"]:
    if cell["cell_type"] == "markdown":
        cell["source"] = "<script>alert(1)</script> ![](x:y) [x](javascript:alert(1))" * 50

# %% 200 MB plain=true says="expected at most 50 MB, got 200 MB"
with path.open("wb") as file:
    file.truncate(200 << 20)

# %% 100,000 cells plain=true says="expected at most 1,000 cells|at most 200,000 parts"
notebook["cells"] += [cells["dream_loss"]] * 100_000

# %% JSON that unpacks to gigabytes plain=true says="at most 200,000 parts"
path.write_text('{"metadata": {"x": [' + "{}," * 5_000_000 + '{}]}, "nbformat": 4, "cells": []}')

# %% JSON nested a hundred thousand deep plain=true says="expected a Jupyter notebook"
path.write_text('{"cells":' + "[" * 100_000)

# %% JSON that ends too soon plain=true says="expected a Jupyter notebook"
path.write_text(json.dumps(notebook)[:-1])

# %% no JSON plain=true says="expected a Jupyter notebook"
path.write_text("12/12")

# %% nothing plain=true says="expected a Jupyter notebook"
path.write_text("")

# %% bytes that are no text plain=true says="expected text in UTF-8"
path.write_bytes(b"\xff\xfe\x00")

# %% a kernel of another language plain=true says="expected a Python notebook, got the kernel of 'R'"
notebook["metadata"]["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}

# %% a format of the year 2011, and cells that are none plain=true says="expected a Jupyter notebook"
path.write_text('{"nbformat": 2, "worksheets": [{"cells": 5}]}')

# %% a link to another student's answer plain=true says="symbolic link"
path.symlink_to(bystander)

# %% a link to everything there is plain=true says="symbolic link"
path.symlink_to("/dev/zero")

# %% a folder plain=true says="found no file"
path.mkdir()

# %% a pipe, which blocks whoever opens it plain=true says="found no file"
os.mkfifo(path)

# %% 30,000 empty lines, and 90,000 more, for whoever looks for magics with a regular expression plain=true
cells["dream_loss"]["source"] = "\n" * 90_000

# %% an f-string that takes the square of its length to print plain=true
cells["dream_loss"]["source"] = "dream_loss = f'" + "{1}" * 30_000 + "'"

# %% code as long as a book plain=true says="characters of code"
cells["dream_loss"]["source"] = "dream_loss = 1\n" * 10_000
