"""nbgrader's settings: its stock commands at the root of the checkout use the kit's own engine."""

import os
import sys
import warnings
from pathlib import Path

root = Path(__file__).resolve().parent
if str(root) not in sys.path:
    sys.path.insert(0, str(root))  # the commands import autograder from the checkout

# nbgrader calls alembic, which lies beside the interpreter, through PATH.
folders = os.environ.get("PATH", "").split(os.pathsep)
if (beside := str(Path(sys.executable).parent)) not in folders:
    os.environ["PATH"] = os.pathsep.join([beside, *folders])

# nbgrader's own, and what sanitizing repairs anyway.
for text in ("Object of type .* not in session", "Non-unique cell id", "Cell is missing an id"):
    warnings.filterwarnings("ignore", message=text)

c = get_config()

c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "convnet-labkit"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"

# A stub runs: the untouched release goes from top to bottom without an exception.
c.ClearSolutions.code_stub = {"python": "return None  # your code replaces this line"}
c.ClearSolutions.text_stub = "*Your answer replaces this line.*"

# Validate: some cells optimize for longer than its 30 seconds. Students' kits say the same.
c.Execute.timeout = 300
c.Execute.iopub_timeout = 60

# Submissions are never executed by nbgrader: they are made safe, then graded in the sandbox.
c.Autograde.exporter_class = "autograder.gradebook.SubmissionExporter"
c.Autograde.sanitize_preprocessors = [
    "autograder.gradebook.Sanitize",
    "nbgrader.preprocessors.OverwriteCells",  # nothing is left to overwrite: points are as recorded
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.gradebook.GradeInSandbox",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Nothing a student hands in is believed: no link is followed, an archive is its student's alone.
c.Autograde.pre_convert_hook = "autograder.intake.drop_links"
c.ExchangeFactory.collect = "autograder.intake.Collect"
c.ZipCollectApp.extractor_plugin = "autograder.intake.Extractor"
c.ZipCollectApp.collector_plugin = "autograder.intake.Collector"  # autograder/collect.py: names
