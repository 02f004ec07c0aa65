"""Finds submissions whose code is nearly the same, whatever was renamed or moved between lines.

A hint for a conversation, never a proof: short exercises have few good answers. What every
solution shares because the release gave it is left out.
"""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.lab import Lab
from autograder.slices import slice_for
from autograder.submission import Cell, parse

LEAST_TOKENS = 60  # shorter answers are alike by necessity
SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Pair:
    """Two submissions and how alike they are, 0 to 1; 1 is the same but for names and layout."""

    first: str
    second: str
    likeness: float


def similar_pairs(answers: Mapping[str, Sequence[int]], threshold: float = 0.9) -> list[Pair]:
    """Return the pairs at least `threshold` alike, the most alike first.

    Args:
        answers: {submission: `tokens_of` its code}.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Indel

    names = [name for name, tokens in answers.items() if len(tokens) >= LEAST_TOKENS]
    if len(names) < 2:
        return []
    codes = [answers[name] for name in names]
    scorer = Indel.normalized_similarity  # of the longest common subsequence
    found = process.cdist(codes, codes, scorer=scorer, score_cutoff=threshold, dtype=np.float32)
    rows, columns = np.nonzero(np.triu(found, k=1) >= threshold)
    pairs = [
        Pair(names[i], names[j], float(found[i, j])) for i, j in zip(rows, columns, strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-pair.likeness, pair.first, pair.second))


def code_of(lab: Lab, cells: Iterable[Cell], given: Iterable[Cell] = ()) -> str:
    """Return the statements of a submission that its exercises need, without what was given.

    Args:
        cells: of the submission.
        given: cells of the release: imports and helpers that everybody has.
    """
    known = {text for cell in given for text in _statements(cell.source)}
    pieces: dict[str, None] = {}  # each once, in order
    for exercise in lab.exercises:
        for _, source, indices in slice_for(exercise.name, tuple(cells)).cells:
            every = _statements(source)
            pieces |= dict.fromkeys(every[index] for index in indices)
    return "\n".join(text for text in pieces if text not in known)


def _statements(source: str) -> list[str]:
    try:
        return [ast.unparse(statement) for statement in parse(source).body]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def tokens_of(code: str) -> list[int]:
    """Return code as numbers: each keyword and operator its own, each name by its first mention.

    Comments, docstrings and layout do not count, and renaming changes nothing. Attributes and
    what is called keep their names, since `amax` for `mean` is no renaming.
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    numbers: list[int] = []
    names: dict[str, int] = {}
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type in SKIPPED or _is_docstring(before, token):
            continue
        text = token.string
        own = token.type == tokenize.NAME and not keyword.iskeyword(text)
        if own and not (before and before.string in (".", "def", "class")):
            numbers.append(names.setdefault(text, len(names)))
        else:
            numbers.append(1000 + _number_of(text))
    return numbers


def _is_docstring(before: tokenize.TokenInfo | None, token: tokenize.TokenInfo) -> bool:
    starts = before is None or before.type in (tokenize.INDENT, tokenize.NEWLINE, tokenize.NL)
    return token.type == tokenize.STRING and starts


def _number_of(text: str) -> int:
    """Return the same small number for the same text, in every process."""
    return zlib.crc32(text.encode()) % 1_000_000
