"""Every task by its name, and one of them measured in a process of its own."""

from __future__ import annotations

import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Rows:
    """A task's lines of both tables."""

    results: list[str]
    times: list[str]
    differ: bool  # whether any result is another than ours


def measure(name: str, repeat: int, threads: int) -> Rows:
    """Let all ways of a task meet, and time those that agree."""
    torch.set_num_threads(threads)
    warnings.filterwarnings("ignore", module="captum|kornia|lucent|pystiche|pytorch_grad_cam")
    task = TASKS[name]()
    met = harness.meet(task)
    times = harness.time_in_turns(task, met, repeat)
    return Rows(
        [harness.line(harness.agreement_row(m)) for m in met],
        [harness.line(harness.time_row(m, t)) for m, t in zip(met, times, strict=True)],
        differ=any(m.agreement and not m.agrees for m in met),
    )


def measure_apart(name: str, repeat: int, threads: int) -> Rows:
    """The same in a new process: what one task leaves in memory makes another faster or slower."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(measure, name, repeat, threads).result()
