"""The class at a glance: one HTML page of what was understood, what was not, and what to look at.

    python -m autograder report submitted/ --output report.html --roster roster.csv

The page needs no network, and no script but to sort a table; its plots are SVG and print.
"""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from autograder.feedback import render
from autograder.lab import LAB_NAME
from autograder.roster import Attendance, attendance, read_roster
from autograder.rows import Row
from autograder.similar import LEAST_TOKENS
from autograder.summary import LabSummary, summarize

MOST_CLAIMS = 20
MOST_GROUPS = 30


def write_report(rows: Iterable[Row], path: Path, roster: Path | None = None) -> Path:
    """Write the page of these rows; their files are read again for claims and likeness.

    Args:
        roster: see `autograder.roster`; adds names, and who handed in nothing.
    Raises: ValueError for a roster that is none, before the first row is asked for.
    """
    people = read_roster(roster) if roster else None
    rows = list(rows)
    there = attendance(people, rows) if people else {}
    page = render_report(summarize(rows), there)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8", errors="backslashreplace")
    return path


def render_report(labs: Sequence[LabSummary], there: Mapping[str, Attendance] | None = None) -> str:
    """Return the page of these labs, and of who is there by lab."""
    names = {lab.name: short_names([row.submission for row in lab.rows]) for lab in labs}
    return render(
        "report.html",
        labs=labs,
        names=names,
        tables={lab.name: by_name(lab, names[lab.name]) for lab in labs},
        there=there or {},
        plots={lab.name: distribution(lab) for lab in labs if lab.max_points},
        most_claims=MOST_CLAIMS,
        most_groups=MOST_GROUPS,
        least_tokens=LEAST_TOKENS,
    )


def by_name(lab: LabSummary, names: Mapping[str, str]) -> list[Row]:
    """Return a lab's rows as a reader looks for them: student-2 before student-10."""

    def key(row: Row) -> list[tuple[int, str]]:
        pieces = re.split(r"([0-9]+)", names[row.submission].casefold())
        return [(int(p), "") if n % 2 else (0, p) for n, p in enumerate(pieces)]

    return sorted(lab.rows, key=key)


def short_names(submissions: Sequence[str]) -> dict[str, str]:
    """Return {path: what tells it from the others}.

    `submitted/ada/06-saliency/06-saliency.ipynb` is called ada beside others of the lab, and
    `submitted/ada/06-saliency.ipynb`, too. Where two would be called the same, both keep their
    paths.
    """
    parts = {path: _without_lab(Path(path)) for path in submissions}
    alike = 0
    while all(len(p) > alike + 1 for p in parts.values()):
        if len({p[alike] for p in parts.values()}) > 1:
            break
        alike += 1
    names = {path: str(Path(*p[alike:])) for path, p in parts.items()}
    count = Counter(names.values())
    return {path: name if name and count[name] == 1 else path for path, name in names.items()}


def _without_lab(path: Path) -> tuple[str, ...]:
    """Return a path's parts, without a notebook that is called as its lab, and the lab's folder."""
    if path.parent.name == path.stem:
        return path.parts[:-2] if len(path.parts) > 2 else path.parts
    named = LAB_NAME.fullmatch(path.stem) and len(path.parts) > 1
    return path.parts[:-1] if named else path.parts


def distribution(lab: LabSummary) -> Markup:
    """Return the points of a class as a picture."""
    return histogram([row.points for row in lab.graded], lab.max_points)


def histogram(points: Sequence[float], most: float) -> Markup:
    """Return the distribution of points as SVG, ten bars from none to all."""
    figure = Figure(figsize=(6.4, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.hist(points, bins=10, range=(0, most or 1), color="#0072B2", edgecolor="none", rwidth=0.92)
    axes.set_xlabel("points")
    axes.set_ylabel("submissions")
    axes.yaxis.get_major_locator().set_params(integer=True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return _svg(figure, f"Points of {len(points)} submissions, of at most {most:g}.")


def _svg(figure: Figure, alt: str) -> Markup:
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "report", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue().partition("<svg")[2].replace("#000000", "currentColor")  # light, dark
    return Markup(f'<svg role="img" aria-label="{html.escape(alt)}"{text}')
