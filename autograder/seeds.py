"""The secret seed of each assignment's hidden inputs, the same for the whole class.

Kept in seeds.toml at the root of the checkout, which git ignores. A regrade reuses the seed.
"""

from __future__ import annotations

import secrets
import sys
import tomllib
from pathlib import Path

from autograder.lab import ROOT, lab_names


def load_seeds(choice: str | None = None, root: Path = ROOT) -> dict[str, int]:
    """Return the seed of every lab; labs that have none yet get one, and it is kept.

    Args:
        choice: None keeps the seeds, "new" redraws them for everybody, a number is used for
            this run alone.
    Raises: ValueError for any other choice, or a seeds.toml that cannot be read or written.
    """
    if choice not in (None, "new"):
        return dict.fromkeys(lab_names(root), _number(choice))
    path = root / "seeds.toml"
    seeds = {} if choice == "new" or not path.exists() else read_seeds(path)
    missing = [name for name in lab_names(root) if name not in seeds]
    if missing:
        seeds |= {name: secrets.randbelow(1 << 31) for name in missing}
        lines = [f'"{name}" = {seed}\n' for name, seed in sorted(seeds.items())]
        try:
            path.touch(mode=0o600)
            path.write_text("# Secret: decides the hidden inputs.\n" + "".join(lines))
        except OSError as error:  # grades from seeds that nobody keeps could not be had again
            raise ValueError(
                f"{path} does not hold the seeds of {', '.join(missing)} and cannot be written "
                f"({error.strerror}): make it first, where the course can be, or give --seed N"
            ) from error
        which = "all labs" if len(missing) == len(seeds) else ", ".join(missing)
        print(f"drew new secret seeds of {which}: {path}", file=sys.stderr)
    return seeds


def read_seeds(path: Path) -> dict[str, int]:
    """Return the seeds in a file; raise ValueError where it cannot be read."""
    try:
        seeds = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    if not all(type(seed) is int for seed in seeds.values()):
        raise ValueError(f"{path.name}: expected a whole number for each lab")
    return seeds


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"expected --seed new or a whole number, got {text!r}")
    return int(text)
