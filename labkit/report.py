"""Shows what the visible checks of an exercise found: a table, a list, or the points alone."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.check import CheckResult


class Report:
    """What the visible checks of one exercise found.

    In a notebook it displays as a table, in an export to LaTeX as a list. Its plain-text form is
    the visible points alone, which is what nbgrader reads; `print(report)` gives the table as text.
    """

    def __init__(self, exercise: str, results: list[CheckResult]):
        self.exercise = exercise
        self.results = _each_message_once(results)
        self.points = sum(r.points for r in results if r.passed)
        self.max_points = sum(r.points for r in results)
        self.passed = all(r.passed for r in results)
        self.answered = any(r.answered for r in results)

    @property
    def headline(self) -> str:
        """One line: the exercise and how many of its checks pass."""
        if not self.answered:
            return f"{self.exercise}: not answered yet (it returns None)"
        count = sum(r.passed for r in self.results)
        return f"{self.exercise}: {count} of {len(self.results)} visible checks pass"

    @property
    def first_failure(self) -> str:
        """The headline, and what the student should read first; "" where every check passes."""
        if self.passed:
            return ""
        first = next(r for r in self.results if not r.passed)
        told = f" {first.title}: {first.message}" if self.answered else ""
        return f"{self.headline}.{told}"

    def __repr__(self) -> str:
        return str(float(self.points))

    def __str__(self) -> str:
        lines = [self.headline]
        if self.answered:
            for result in self.results:
                lines.append(f"  {'pass' if result.passed else 'FAIL'}  {result.title}")
                lines += [f"        {result.message}"] if result.message else []
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        lines = [f"**{self.headline}**", ""]
        for result in self.results if self.answered else ():
            told = f": {result.message}" if result.message else ""
            lines.append(f"- {'pass' if result.passed else 'FAIL'}: {result.title}{told}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(_row(result) for result in self.results) if self.answered else ""
        # The theme's own variables, so that the table is legible on light and dark.
        return (
            '<div style="max-width:46em;overflow-x:auto">'
            f'<p style="margin-left:.5em"><strong>{html.escape(self.headline)}</strong></p>'
            f'<table style="margin:0;text-align:left"><tbody>{rows}</tbody></table></div>'
        )


def _each_message_once(results: list[CheckResult]) -> list[CheckResult]:
    """Return the results with a message that was given before cut short."""
    seen: set[str] = set()
    once = []
    for result in results:
        again = result.message in seen and result.message != ""
        once.append(replace(result, message="as above") if again else result)
        seen.add(result.message)
    return once


def _row(result: CheckResult) -> str:
    word, colour, mark = (
        ("pass", "--jp-success-color1,#2e7d32", "&#10003;")
        if result.passed
        else ("fail", "--jp-error-color1,#c62828", "&#10007;")
    )
    # Colour is for the mark alone: as a word's, it is too pale on some themes.
    told = "border-left:.2em solid #c77700;padding-left:.6em"
    message = f'<div style="{told}">{inline(result.message)}</div>' if result.message else ""
    cell = "text-align:left;vertical-align:top;white-space:normal"
    return (
        f'<tr><td style="{cell};white-space:nowrap">'
        f'<span style="color:var({colour})">{mark}</span> {word}</td>'
        f'<td style="{cell}">{inline(result.title)}{message}</td></tr>'
    )


def inline(text: str) -> str:
    """Escape text for HTML and set `code` between backticks as code."""
    pieces = html.escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))
