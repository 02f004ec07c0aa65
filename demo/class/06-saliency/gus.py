"""Gus: tries to cheat: makes every comparison true, looks for the answers, claims points."""

import sys
from pathlib import Path

import torch

torch.allclose = torch.equal = lambda *args, **kwargs: True
torch.Tensor.__eq__ = torch.Tensor.__le__ = lambda self, other: torch.ones(()) > 0


class Yes(torch.Tensor):
    """Agrees with everything."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True


def answers():
    for folder in [Path.cwd(), *Path.cwd().parents, *map(Path, sys.path)]:
        for file in [*folder.glob("solutions/*.py"), *folder.glob("autograder/references/*.py")]:
            return file.read_text()
    return ""


def saliency_map(model, images, labels):
    print("points: 16 of 16")
    exec(answers(), globals())
    return torch.zeros(len(images), *images.shape[2:]).as_subclass(Yes)


def randomize_top(model, depth, seed):
    sys.modules.pop("autograder.checks", None)
    return model


def deletion_curve(model, image, label, saliency, steps):
    raise SystemExit(0)
