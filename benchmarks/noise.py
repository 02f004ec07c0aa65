"""The noise floor of right answers, against the tolerance of the hidden checks.

    python -m benchmarks.noise [LAB ...]

First the embedded network itself: how far its logits and gradients are from float64's with one
thread and two, unfolded, and in the other memory layout. A gradient jumps where an activation is
nearly zero, by more than any tolerance: that is why hidden checks compare gradients on small
networks. Then every comparison of the hidden checks while the solutions are graded, as they are
and in ways that students differ. What is printed is the largest difference relative to the largest
value; for the checks it must stay below the tolerance, and the last line says how far below.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

import torch

from autograder import compare
from autograder.grade import Engine
from autograder.lab import ROOT, lab_names, load_lab
from autograder.sandbox import Sandbox
from autograder.submission import Cell, read_submission
from labkit import data, models

# What happens to each argument of a student's function before, and to its result after.
BEFORE = {
    "as it is": "return value",
    "float64": "return copy.deepcopy(value).double() if kind or floating else value",
    "two threads": "torch.set_num_threads(2); return value",
    "channels last": "return value.to(memory_format=torch.channels_last) if four else value",
}
WRAPPER = """
import copy, torch

def before(value):
    kind, tensor = isinstance(value, torch.nn.Module), isinstance(value, torch.Tensor)
    floating, four = tensor and value.is_floating_point(), tensor and value.dim() == 4
    {before}

def wrapped(function):
    return lambda *args, **kwargs: function(*map(before, args), **kwargs)
"""


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.noise", description=__doc__)
    parser.add_argument("labs", nargs="*", metavar="LAB")
    labs = parser.parse_args().labs or [name for name in lab_names() if load_lab(name).exercises]
    print(f"{'the embedded network, from float64':36}{'logits':>10}{'gradients':>11}")
    for name, logits, gradients in of_the_network():
        print(f"{name:36}{logits:10.1e}{gradients:11.1e}")
    print(f"\n{'comparisons of the hidden checks':36}" + "".join(f"{way:>15}" for way in BEFORE))
    worst = 0.0
    with Sandbox() as sandbox:
        sandbox.wait_until_warm()
        engine = Engine(sandbox.address, sandbox.limits, sandbox.isolation, dict.fromkeys(labs, 1))
        for lab in labs:
            errors = [of_a_lab(lab, way, engine) for way in BEFORE]
            print(f"{lab:36}" + "".join(f"{error:15.1e}" for error in errors), flush=True)
            worst = max(worst, *errors)
    print(f"\ntolerance {compare.TOLERANCE:g}: {compare.TOLERANCE / worst:.0f} times the largest")


def of_the_network() -> Iterator[tuple[str, float, float]]:
    """Yield what differs, and the relative errors of logits and gradients for four photos."""
    images = data.photos(size=224)[:4]
    model = models.load_model()
    exact = outputs(models.load_model().double(), images.double())
    with mock.patch.object(models, "fold_batch_norm", lambda network: network):
        unfolded = models.load_model()
    threads = torch.get_num_threads()
    for name, network, count in (
        ("float32, one thread", model, 1),
        ("float32, two threads", model, 2),
        ("float32, unfolded", unfolded, 1),
        ("float32, channels first", model.to(memory_format=torch.contiguous_format), 1),
    ):
        torch.set_num_threads(count)
        pairs = zip(outputs(network, images), exact, strict=True)
        yield name, *(compare.relative_error(found.double(), best) for found, best in pairs)
    torch.set_num_threads(threads)


def outputs(model: torch.nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits (N, K), and the gradients (N, 3, H, W) of each largest one."""
    images = images.clone().requires_grad_()
    logits = model(images)
    (gradients,) = torch.autograd.grad(logits.amax(1).sum(), images)
    return logits.detach(), gradients


def of_a_lab(lab: str, way: str, engine: Engine) -> float:
    """Return the largest relative error in the comparisons that a lab's solution passes."""
    submission = read_submission(ROOT / "solutions" / f"{lab}.py")
    cells = [Cell("wrapper", "", WRAPPER.format(before=BEFORE[way]))]
    for exercise in load_lab(lab).exercises:
        name = exercise.name  # classes stay as they are
        again = f"{name} = {name} if isinstance({name}, type) else wrapped({name})"
        cells.append(Cell("wrapper", "", again))
    with errors_of_comparisons() as errors:
        engine.grade(replace(submission, cells=(*submission.cells, *cells)), load_lab(lab), lab)
    return max(errors, default=0.0)


@contextlib.contextmanager
def errors_of_comparisons() -> Iterator[list[float]]:
    """Give a list that fills with the error of each comparison that finds two tensors alike."""
    errors: list[float] = []
    measure = compare.relative_error

    def note(value: torch.Tensor, expected: torch.Tensor) -> float:
        error = measure(value, expected)
        if error <= compare.TOLERANCE:
            errors.append(error)
        return error

    with mock.patch.object(compare, "relative_error", note):
        yield errors


if __name__ == "__main__":
    main()
