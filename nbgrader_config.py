"""nbgrader's settings: its stock commands at the root of the checkout use the kit's own engine."""

import sys
from pathlib import Path

root = Path(__file__).resolve().parent
sys.path.insert(0, str(root))  # the commands import autograder from the checkout

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "convnet-labkit"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"

# A stub runs: the untouched release goes from top to bottom without an exception.
c.ClearSolutions.code_stub = {"python": "return None  # your code replaces this line"}
c.ClearSolutions.text_stub = "*Your answer replaces this line.*"

# Submissions are never executed by nbgrader: they are made safe, then graded in the sandbox.
c.Autograde.sanitize_preprocessors = [
    "autograder.gradebook.Sanitize",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.gradebook.GradeInSandbox",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.OverwriteCells.add_missing_cells = True
