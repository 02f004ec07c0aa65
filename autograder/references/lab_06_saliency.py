"""References of lab 06: full Jacobians, one image at a time, in float64."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian


def logit_gradients(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return (N, 3, H, W), d logit of its label / d pixel, one Jacobian an image."""
    exact = copy.deepcopy(model).double()
    rows = []
    for image, label in zip(images, labels, strict=True):
        full = jacobian(exact, image[None].double())  # (1, K, 1, 3, H, W)
        rows.append(full[0, int(label), 0])
    return torch.stack(rows)


def loss_gradients(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return (N, 3, H, W), d cross-entropy / d pixel: what saliency is not."""
    exact = copy.deepcopy(model).double()
    rows = []
    for image, label in zip(images, labels, strict=True):
        full = jacobian(exact, image[None].double())[0, :, 0]  # (K, 3, H, W)
        p = torch.softmax(exact(image[None].double())[0], dim=0)  # (K,)
        rows.append(torch.einsum("k,kchw->chw", p, full) - full[int(label)])
    return torch.stack(rows)


def saliency_map(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return (N, H, W), the largest absolute gradient over the channels. Simonyan et al., 2013."""
    return torch.from_numpy(np.abs(logit_gradients(model, images, labels).numpy()).max(axis=1))
