"""Names author, licence and address of every network, picture and method: python -m labkit.credits.

The page CREDITS.md is what this prints.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

KINDS = {"network": "Networks", "picture": "Pictures", "data": "Data", "method": "Methods"}


@dataclass(frozen=True)
class Credit:
    """What one thing owes to whom."""

    kind: str  # one of KINDS
    name: str
    author: str
    licence: str
    address: str


def all_credits() -> list[Credit]:
    """Return the credits of everything that the kit uses."""
    from labkit.data import samples

    text = (files("labkit") / "credits.csv").read_text(encoding="utf-8")
    listed = [Credit(**row) for row in csv.DictReader(text.splitlines())]
    pictures = [
        Credit("picture", f"{s.kind} {s.name} ({s.package})", s.author, s.licence, s.source)
        for s in samples()
    ]
    return pictures + listed


def credits_page() -> str:
    """Return the credits as Markdown, one table a kind."""
    credits = all_credits()
    parts = ["# Credits", "Printed by `python -m labkit.credits`."]
    for kind, heading in KINDS.items():
        rows = [
            f"| {c.name} | {c.author} | {c.licence} | {c.address} |"
            for c in credits
            if c.kind == kind
        ]
        table = ["| what | author | licence | address |", "| --- | --- | --- | --- |", *rows]
        parts += [f"## {heading}", "\n".join(table)]
    return "\n\n".join(parts)


if __name__ == "__main__":
    print(credits_page())
