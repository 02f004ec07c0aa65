"""References of lab 10: full Jacobians in float64, and a climb that keeps every place it passes."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from autograder.references.lab_06_saliency import logit_gradients, loss_gradients


def fgsm(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    """Return (N, 3, H, W) in float64, one signed step up the loss. Goodfellow et al., 2014."""
    signs = np.sign(loss_gradients(model, images, labels).numpy())
    return torch.from_numpy(np.clip(images.double().numpy() + epsilon * signs, 0, 1))


def climb(
    model: nn.Module, image: Tensor, target: int, step_size: float, most: int, beyond: int = 0
) -> Tensor:
    """Return (steps + 1, 3, H, W), the places of a climb to the target's first success.

    Args:
        most: steps, at most.
        beyond: so many more steps after the success.
    """
    exact, places, left = copy.deepcopy(model).double(), [image.double()], beyond
    while len(places) <= most:
        if int(exact(places[-1])[0].argmax()) == target:
            if left == 0:
                break
            left -= 1
        direction = logit_gradients(model, places[-1], torch.tensor([target]))
        places.append(places[-1] + step_size * direction / torch.linalg.vector_norm(direction))
    return torch.cat(places)
