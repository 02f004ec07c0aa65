"""Says in the student's terms what went wrong in the student's own code."""

from __future__ import annotations

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
        return cls(f"not answered yet: `{name}` returns None")


def describe_error(error: BaseException, name: str) -> str:
    """Return "`f` raised ValueError: ... (line 3: `code`)", naming the student's own last line.

    Args:
        error: what was raised.
        name: the function that was called.
    """
    text = f"`{name}` raised {type(error).__name__}: {str(error).strip()[:LONGEST]}".rstrip(": ")
    own = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    if own and own[-1].line:
        text += f" (line {own[-1].lineno}: `{own[-1].line}`)"
    return text


def _is_library(filename: str) -> bool:
    folders = (sys.prefix, sys.base_prefix, str(Path(__file__).parent))
    return filename.startswith(folders) or filename.startswith("<frozen")
