"""The instructor's command line: python -m autograder build, grade, audit and others."""

from __future__ import annotations

import argparse
import functools
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.rows import Row


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; errors are one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, RuntimeError, OSError) as error:  # of the system: the file and the reason
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m autograder", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    build = commands.add_parser("build", help="make notebooks/ from solutions/")
    build.add_argument("labs", nargs="*", help="labs such as 06-saliency; all when none is named")
    build.set_defaults(run=_build)

    kit = commands.add_parser("release", help="pack the students' kit, without answers, as a zip")
    kit.add_argument("--output", type=Path, default=Path("labkit-course.zip"), metavar="FILE")
    kit.set_defaults(run=_release)

    pictures = commands.add_parser("pictures", help="run solutions for the picture that opens each")
    pictures.add_argument("labs", nargs="*")
    pictures.set_defaults(run=_pictures)

    gallery = commands.add_parser("gallery", help="run solutions for web pages of what they draw")
    gallery.add_argument("labs", nargs="*")
    gallery.add_argument("--output", type=Path, default=Path("gallery"), metavar="FOLDER")
    gallery.set_defaults(run=_gallery)

    grade = commands.add_parser("grade", help="grade notebooks, .py files or folders")
    grade.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    grade.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    grade.add_argument("--json", type=Path, metavar="FILE", help="write one row a submission")
    grade.add_argument("--feedback", type=Path, metavar="FOLDER", help="write one page each")
    grade.add_argument("--scheduler", metavar="ADDRESS", help="grade on this Dask cluster")
    grade.add_argument("--anew", action="store_true", help="grade what was graded before, too")
    grade.add_argument("--seed", metavar="new|N", help="of the hidden inputs; default: the kept")
    grade.set_defaults(run=_grade)

    regrade = commands.add_parser(
        "regrade", help="show what a new autograde would change in the gradebook"
    )
    regrade.add_argument("lab")
    regrade.add_argument("--write", action="store_true", help="change it")
    regrade.set_defaults(run=_regrade)

    report = commands.add_parser("report", help="write one page on how the class did")
    report.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    report.add_argument("--output", type=Path, default=Path("report.html"), metavar="FILE")
    report.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    report.add_argument("--roster", type=Path, metavar="CSV", help="adds who handed in nothing")
    report.set_defaults(run=_report)

    export = commands.add_parser("export", help="write grades for Canvas or Moodle")
    export.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    export.add_argument("--canvas", type=Path, metavar="FILE", help="write a gradebook")
    export.add_argument("--roster", type=Path, metavar="CSV", help="a gradebook Canvas exported")
    export.add_argument("--moodle", type=Path, metavar="FILE", help="write a grading worksheet")
    export.add_argument("--worksheet", type=Path, metavar="CSV", help="as Moodle gave it")
    export.add_argument("--lab", help="the lab that the worksheet is for")
    export.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    export.set_defaults(run=_export)

    gradescope = commands.add_parser(
        "gradescope", help="write a lab's autograder for Gradescope, a zip"
    )
    gradescope.add_argument("lab")
    gradescope.add_argument("--output", type=Path, metavar="FILE", help="gradescope-LAB.zip")
    gradescope.add_argument(
        "--torch-index", default="", metavar="URL", help="where PyTorch is without CUDA"
    )
    gradescope.set_defaults(run=_gradescope)

    audit = commands.add_parser("audit", help="ask of every exercise whether its checks tell apart")
    audit.add_argument("labs", nargs="*")
    audit.add_argument("--no-mutants", action="store_true", help="planted answers only")
    audit.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    audit.set_defaults(run=_audit)

    doctor = commands.add_parser("doctor", help="say what this machine lacks, and how to get it")
    doctor.set_defaults(run=_doctor)
    return parser


def _build(options: argparse.Namespace) -> int:
    from autograder.build import build

    build(options.labs)
    return 0


def _release(options: argparse.Namespace) -> int:
    from autograder.build import build
    from autograder.kit import write_kit

    build()
    print(f"students' kit: {write_kit(options.output)}")
    return 0


def _pictures(options: argparse.Namespace) -> int:
    from autograder.pictures import make_pictures

    for path in make_pictures(options.labs):
        print(path)
    return 0


def _gallery(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from autograder.gallery import write_gallery

    bar = functools.partial(tqdm, desc="running", unit="lab")
    print(f"gallery: {write_gallery(options.output, options.labs, watch=bar)}")
    return 0


def _grade(options: argparse.Namespace) -> int:
    from autograder import feedback

    rows = []
    if options.feedback:
        options.feedback.mkdir(parents=True, exist_ok=True)  # before the work, if it cannot be
    for row in _rows(options, options.seed, options.scheduler, options.anew):
        rows.append(row)
        if options.feedback:
            feedback.write_page(row, options.feedback)
    print(feedback.table(rows))
    if options.feedback:
        print(f"feedback pages: {options.feedback}")
    if options.json:
        feedback.write_json(rows, options.json)
        print(f"rows: {options.json}")
    return 0


def _rows(
    options: argparse.Namespace, seed: str | None = None, scheduler: str = "", anew: bool = False
) -> Iterator[Row]:
    """Yield one row for each submission below the paths, with a bar; what is kept costs nothing."""
    from tqdm import tqdm

    from autograder.cache import Cache
    from autograder.collect import find_submissions
    from autograder.grade import grade_all
    from autograder.seeds import load_seeds

    if missing := [str(p) for p in options.paths if not p.exists()]:
        raise ValueError(f"expected notebooks, .py files or folders; {missing} do not exist")
    count = len(find_submissions(options.paths))
    if not count:
        raise ValueError(f"no notebook and no .py file below {[str(p) for p in options.paths]}")
    seeds, cache = load_seeds(seed), None if anew else Cache()
    if scheduler:
        from autograder.cluster import grade_on_cluster

        graded = grade_on_cluster(scheduler, options.paths, seeds, cache=cache)
    else:
        workers = max(1, min(options.workers, count))
        graded = grade_all(options.paths, seeds, workers=workers, cache=cache)
    yield from tqdm(graded, total=count, desc="grading", unit="submission")


def _report(options: argparse.Namespace) -> int:
    from autograder.report import write_report

    print(f"report: {write_report(_rows(options), options.output, options.roster)}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from autograder import exports
    from autograder.lab import load_lab

    if not (options.canvas or options.moodle):
        raise ValueError("expected --canvas FILE, or --moodle FILE with --worksheet and --lab")
    if options.moodle and not (options.worksheet and options.lab):
        raise ValueError("--moodle also needs --worksheet, as Moodle gave it, and --lab")
    if options.moodle:
        load_lab(options.lab)  # a misspelt one, before the work
    rows = list(_rows(options))
    if options.canvas:
        print(exports.write_csv(exports.canvas(rows, options.roster), options.canvas))
    if options.moodle:
        lines = exports.moodle(rows, options.lab, options.worksheet)
        print(exports.write_csv(lines, options.moodle))
    return 0


def _gradescope(options: argparse.Namespace) -> int:
    from autograder import bundle
    from autograder.course import load_course
    from autograder.lab import load_lab

    output = options.output or Path(f"gradescope-{options.lab}.zip")
    path = bundle.write_zip(options.lab, output, options.torch_index)
    most = load_lab(options.lab).max_points
    points = most * load_course().scale_of(options.lab, most)
    print(f"{path}: upload it as the autograder of an assignment with {points:g} points")
    print("It holds the solution, the hidden checks and their secret seed: keep it to yourself.")
    return 0


def _regrade(options: argparse.Namespace) -> int:
    from autograder.regrade import regrade

    return regrade(options.lab, write=options.write)


def _audit(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from autograder.audit import audit, table
    from autograder.lab import require_labs

    tallies = audit(
        require_labs(options.labs),
        with_mutants=not options.no_mutants,
        workers=max(1, options.workers),
        watch=lambda tasks, total: tqdm(tasks, total=total, desc="auditing", unit="answer"),
    )
    print(table(tallies))
    return int(any(tally.problems for tally in tallies))


def _doctor(_: argparse.Namespace) -> int:
    from autograder.doctor import report

    return report()


if __name__ == "__main__":
    for name in ("SIGTERM", "SIGHUP"):  # as Ctrl-C: what is done is kept, no process stays behind
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores it
            signal.signal(number, signal.default_int_handler)
    sys.exit(main())
