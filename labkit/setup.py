"""Says whether this computer is ready for the labs, and what to do where it is not."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do where it is not all right."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


class Findings(list[Finding]):
    """A list of findings that shows itself as text, and as a table in a notebook."""

    @property
    def ok(self) -> bool:
        """Whether everything is all right."""
        return all(finding.ok for finding in self)

    def __repr__(self) -> str:
        lines = []
        for finding in self:
            lines.append(f"{'ok' if finding.ok else 'MISSING':8} {finding.name}: {finding.found}")
            lines += [f"         {finding.remedy}"] if not finding.ok else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<table><tbody>{''.join(map(_row, self))}</tbody></table>"


def _row(finding: Finding) -> str:
    word = "ok" if finding.ok else "<strong>missing</strong>"
    text = finding.found if finding.ok else f"{finding.found} {finding.remedy}"
    cells = (word, html.escape(finding.name), html.escape(text))
    return "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>"


def setup_check() -> Findings:
    """Return what this computer has and lacks: Python, packages, the network, a record."""
    return Findings([_python(), _packages(), look("embedded network", _network), _device()])


def look(name: str, test: Callable[[], str], remedy: str = "Install the kit again.") -> Finding:
    """Return a finding: what `test` returns, or the exception that it raised."""
    try:
        return Finding(name, True, test())
    except Exception as error:  # whatever is wrong, the student gets a line and not a traceback
        return Finding(name, False, f"{type(error).__name__}: {error}", remedy)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST_PYTHON))
    ok = sys.version_info >= OLDEST_PYTHON
    return Finding("Python", ok, found, f"The labs need Python {oldest} or newer.")


def _packages() -> Finding:
    """Compare the installed packages with what the kit asks for."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in requires("convnet-labkit") or []]
    problems = []
    for requirement in (r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})):
        try:
            if not requirement.specifier.contains(version(requirement.name), prereleases=True):
                problems.append(f"{requirement} (found {version(requirement.name)})")
        except PackageNotFoundError:
            problems.append(f"{requirement} (not installed)")
    found = ", ".join(problems) or f"torch {version('torch')}, and all the others"
    quoted = " ".join(f"'{p.split(' (')[0]}'" for p in problems)
    return Finding(
        "packages", not problems, found, f"Run: {sys.executable} -m pip install {quoted}"
    )


def _network() -> str:
    from labkit.data import photo
    from labkit.models import load_model

    model = load_model()
    probabilities = model(photo("coffee")).softmax(dim=1)[0]
    label = int(probabilities.argmax())
    if model.categories[label] != "espresso":
        raise RuntimeError(f"it takes the espresso for {model.categories[label]!r}")
    return (
        f"calls the photo of a coffee {model.categories[label]!r} (p = {probabilities[label]:.2f})"
    )


def _device() -> Finding:
    import torch

    device = "a GPU (cuda)" if torch.cuda.is_available() else f"{os.cpu_count()} processor cores"
    return Finding("computing on", True, f"{device}; every lab is made for two cores")
