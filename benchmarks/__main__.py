"""The kit's techniques and what one would take instead, side by side: do they agree, how fast.

    python -m benchmarks [TASK ...] [--repeat 7] [--threads 1]

Same network, same picture, same steps, same process and threads; each way is called once before
it is timed, and they take turns. Each task has a process of its own. "timm's network" is the
embedded one as timm builds it; "the kit's network" is the same one frozen, folded and in
channels-last order, so that a rival with it has the kit's network for a start. A time counts only
where the results agree; the exit status is 1 where they do not. One thread unless told otherwise,
timed by the processor's clock: with more threads than idle cores, threads wait for each other, and
times mean nothing. The libraries: `pip install '.[benchmarks]'`; one that is missing or cannot run
is said to be.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from benchmarks import harness
from benchmarks.tasks import TASKS, measure_apart

LIBRARIES = ("torch", "timm", "captum", "grad-cam", "torch-lucent", "kornia", "pystiche")
LIBRARIES += ("scikit-learn", "matplotlib")


def main() -> int:
    """Print both tables; return 1 where results differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {', '.join(TASKS)}")
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="rounds of a task")
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="of torch; 1 if not set"
    )
    options = parser.parse_args()
    if unknown := set(options.tasks) - set(TASKS):
        parser.error(f"no task {', '.join(sorted(unknown))}; expected some of {', '.join(TASKS)}")
    print(conditions(options.threads), flush=True)
    print(f"\n{harness.header(['task', 'other way', 'results', ''])}", flush=True)
    measured = []
    for name in options.tasks or TASKS:
        measured.append(measure_apart(name, options.repeat, options.threads))
        print("\n".join(measured[-1].results), flush=True)
    columns = ["task", "other way", "theirs", "ours", "theirs / ours (single rounds)", "aim"]
    print(f"\n{harness.header(columns)}")
    print("\n".join(row for rows in measured for row in rows.times))
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")
    return int(any(rows.differ for rows in measured))


def conditions(threads: int) -> str:
    """Return the versions and the machine."""
    found = []
    for library in LIBRARIES:
        try:
            found.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            found.append(f"{library} is not installed")
    machine = f"{os.cpu_count()} cores, {threads} threads"
    load = f"load {os.getloadavg()[0]:.1f}"
    return f"Python {platform.python_version()}, {', '.join(found)}\n{machine}, {load}"


if __name__ == "__main__":
    sys.exit(main())
