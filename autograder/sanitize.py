"""Makes a student's notebook safe to process: the student's text in the release's frame.

Only the text of cells is taken from the student. Everything that nbgrader believes (ids, points,
types, locks, tags, outputs, the kernel) comes from the release, so that no edit of it can matter,
and the pages that show the notebook run nothing of the student's.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

TAG = re.compile(r"<(?=[A-Za-z/!?])")
ATTACHMENT = re.compile(r"attachment:([^\s)\"'>]*)")
PICTURES = ("image/png", "image/jpeg")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
MISSING = {
    "code": "# This cell was missing from the submission.",
    "markdown": "*This cell was missing from the submission. Is the answer in another cell?*",
}


def sanitize(notebook: Any, release: Any, say: Callable[[str], None] = lambda text: None) -> Any:
    """Return the student's notebook as far as it can be believed; both arguments stay as they are.

    A cell of the release that the student copied stays once (the first answered copy keeps the id,
    the others become plain cells), one that was deleted comes back where it stood, locked ones get
    the release's text.

    Args:
        notebook: the student's notebook, format 4; anything in it may be wrong.
        release: the lab's release.
        say: called with one sentence for each repair that an instructor may want to know.
    """
    known = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    untouched = {cell.source: cell for cell in release.cells if cell.cell_type == "markdown"}
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
    keepers = {_keeper(cells, name, cell): name for name, cell in known.items()}
    trusted = []
    for position, cell in enumerate(cells):
        if position in keepers:
            trusted.append(_restore(cell, known[keepers[position]], say))
        else:
            if name := grade_id(cell):
                say(f"cell {name!r} is a copy or none of this lab's: it counts as a plain cell")
            trusted.append(_plain(cell, position, untouched))
    _put_back(trusted, release, say)
    clean = copy.deepcopy(release)
    clean.cells = trusted
    return clean


def grade_id(cell: Any) -> str:
    """Return a cell's grade id, "" where it has none that can be used."""
    metadata = cell.get("metadata")
    info = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = info.get("grade_id") if isinstance(info, dict) else None
    return name if isinstance(name, str) else ""


def _keeper(cells: list, name: str, released: Any) -> int | None:
    """Return the position of the cell that keeps the id: the first answered one, else the first.

    A cell that lost its metadata, as tools that strip notebooks leave it, is known by its cell id.
    """
    copies = [i for i, cell in enumerate(cells) if grade_id(cell) == name]
    copies = copies or [
        i for i, cell in enumerate(cells) if not grade_id(cell) and cell.get("id") == released.id
    ]
    answered = (i for i in copies if _text(cells[i]) != released.source)
    return next(answered, copies[0] if copies else None)


def _restore(cell: Any, released: Any, say: Callable[[str], None]) -> Any:
    """Return the release's cell with the student's text, where students may write."""
    restored = copy.deepcopy(released)
    name = grade_id(released)
    if cell.get("cell_type") != released.cell_type:
        say(f"cell {name!r} was made a {cell.get('cell_type')} cell: it is {released.cell_type}")
    if _is_students(released):
        restored.source = _text(cell)
    elif _text(cell) != released.source:
        say(f"cell {name!r} is locked and was changed: the release's text is back")
    return _defused(restored, cell) if restored.source != released.source else restored


def _plain(cell: Any, position: int, untouched: dict[str, Any]) -> Any:
    """Return a cell without metadata; raw ones become text, since pages would run their HTML."""
    from nbformat import v4

    source, identity = _text(cell), f"student-{position}"
    if cell.get("cell_type") == "code":
        return v4.new_code_cell(source, id=identity)
    if source not in untouched:
        return _defused(v4.new_markdown_cell(source, id=identity), cell)
    pictures = untouched[source].get("attachments", {})
    return v4.new_markdown_cell(source, id=identity, attachments=pictures)


def _defused(trusted: Any, cell: Any) -> Any:
    """Take HTML and lost attachments out of a text: the formgrader's pages would run or miss them.

    The formgrader shows answers in the instructor's own session, where a script could give points.
    """
    if trusted.cell_type == "markdown":
        trusted.attachments = pictures = _pictures(cell.get("attachments"))
        text = TAG.sub("< ", trusted.source)
        trusted.source = ATTACHMENT.sub(
            lambda found: found[0] if found[1] in pictures else f"lost:{found[1]}", text
        )
    return trusted


def _pictures(attachments: Any) -> dict[str, dict[str, str]]:
    """Return the attachments that are pictures and nothing else: {name: {type: base64}}."""
    found = {}
    for name, kinds in attachments.items() if isinstance(attachments, dict) else ():
        for kind, data in kinds.items() if isinstance(kinds, dict) else ():
            if kind in PICTURES and isinstance(data, str) and BASE64.fullmatch(data):
                found[name] = {kind: data}
    return found


def _put_back(cells: list, release: Any, say: Callable[[str], None]) -> None:
    """Insert the release's cells that were deleted, each where it stood."""
    for index, released in enumerate(release.cells):
        name = grade_id(released)
        if name and all(grade_id(cell) != name for cell in cells):
            say(f"cell {name!r} was deleted: it is back")
            returned = copy.deepcopy(released)
            if _is_students(released):
                returned.source = MISSING[released.cell_type]
            cells.insert(_place_behind(release.cells[:index], cells), returned)


def _place_behind(before: list, cells: list) -> int:
    """Return the position behind the last of the cells before that is still there."""
    for released in reversed(before):
        for position, cell in enumerate(cells):
            name = grade_id(released)
            if grade_id(cell) == name and (name or cell.source == released.source):
                return position + 1
    return 0


def _is_students(released: Any) -> bool:
    return bool(released.metadata.nbgrader.get("solution"))


def _text(cell: Any) -> str:
    source = cell.get("source")
    return source if isinstance(source, str) else ""
