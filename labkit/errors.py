"""Says in the student's terms what went wrong in the student's own code."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

LONGEST = 300  # characters of an exception's own text that are worth repeating


class StudentError(Exception):
    """Something that the student's code did; the text is written for the student."""


class NotAnswered(StudentError):
    """The exercise still returns None."""

    @classmethod
    def returns_none(cls, name: str) -> NotAnswered:
        """Return the error for a function that gave back None."""
        return cls(f"not answered yet: `{name}` returns None (or is a `return` missing?)")


def describe_error(error: BaseException, name: str, hidden: str = "") -> str:
    """Return "`f` raised ValueError: ... (line 3: `code`)", naming the student's own last line.

    Args:
        error: what was raised.
        name: the function that was called.
        hidden: a folder of the caller's, whose lines are not the student's either.
    """
    text = f"`{name}` raised {type(error).__name__}: {text_of(error)[:LONGEST]}".rstrip(": ")
    libraries = [sys.prefix, sys.base_prefix, str(Path(__file__).parent), *filter(None, [hidden])]
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not _is_inside(f.filename, libraries)]
    if own and own[-1].line:
        text += f" (line {own[-1].lineno}: `{own[-1].line}`)"
    return text


def text_of(error: BaseException) -> str:
    """Return an exception's own text, "" where it cannot be made."""
    try:
        return str(error).strip()
    except Exception:  # the student's own exception may be broken
        return ""


def printable(text: str, longest: int = 1000) -> str:
    """Return a student's text without what would move a terminal's cursor or break a file."""
    return "".join(c if c.isprintable() else " " for c in text[:longest])


def _is_inside(filename: str, folders: list[str]) -> bool:
    return filename.startswith(("<frozen", *(folder + os.sep for folder in folders)))
