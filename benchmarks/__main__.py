"""The kit's techniques and what one would take instead, side by side: do they agree, how fast.

    python -m benchmarks [TASK ...] [--repeat 7] [--threads 1]

Same network, same picture, same steps, same process and threads; each way is called once before
it is timed, and they take turns. "timm's network" is the embedded one as timm builds it; "the
kit's network" is the same one frozen, folded and in channels-last order, so that a rival with it
has the kit's network for a start. A time counts only where the results agree; the exit status is 1
where they do not. One thread unless told otherwise, timed by the processor's clock: with more
threads than idle cores, threads wait for each other, and times mean nothing. The libraries:
`pip install '.[benchmarks]'`; one that is missing or cannot run is said to be.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version

import torch

from benchmarks import attribution, harness, pictures, search, style, visualization

TASKS = {
    "saliency": attribution.saliency,
    "gradients": attribution.integrated_gradients,
    "occlusion": attribution.occlusion,
    "guided": attribution.guided_backprop,
    "class": visualization.class_visualization,
    "neuron": visualization.neuron_visualization,
    "inversion": visualization.inversion,
    "deepdream": visualization.deepdream,
    "style": style.small_network,
    "vgg": style.same_network,
    "patches": search.best_patches,
    "tsne": search.tsne_of_digits,
    "pca": search.tsne_of_features,
    "maps": pictures.mosaic_of_maps,
}
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
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore", module="captum|kornia|lucent|pystiche|pytorch_grad_cam")
    print(conditions(), flush=True)
    print(f"\n{harness.header(['task', 'other way', 'results', ''])}", flush=True)
    meetings = []
    for name in options.tasks or TASKS:
        met = harness.meet(TASKS[name]())
        meetings.append(met)
        print("\n".join(harness.line(harness.agreement_row(m)) for m in met), flush=True)
    columns = ["task", "other way", "theirs", "ours", "theirs / ours (single rounds)", "aim"]
    print(f"\n{harness.header(columns)}", flush=True)
    for met in meetings:
        times = harness.time_in_turns(met[0].task, met, options.repeat)
        rows = (harness.time_row(m, t) for m, t in zip(met, times, strict=True))
        print("\n".join(map(harness.line, rows)), flush=True)
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")
    return int(any(m.agreement and not m.agrees for met in meetings for m in met))


def conditions() -> str:
    """Return the versions and the machine."""
    found = []
    for library in LIBRARIES:
        try:
            found.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            found.append(f"{library} is not installed")
    machine = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    load = f"load {os.getloadavg()[0]:.1f}"
    return f"Python {platform.python_version()}, {', '.join(found)}\n{machine}, {load}"


if __name__ == "__main__":
    sys.exit(main())
