"""Cho: right in unusual ways: NumPy, float64, one image at a time, helpers, a printed line."""

import copy

import numpy as np
import torch
from torch import nn

GREY = 0.5


def gradient_of_one(model, image, label):
    leaf = image[None].detach().clone().requires_grad_(True)
    model(leaf)[0, label].backward(torch.ones(()))
    return leaf.grad[0].numpy()


def saliency_map(model, images, labels):
    print("computing", len(images), "maps")
    maps = [np.abs(gradient_of_one(model, i, y)).max(0) for i, y in zip(images, labels)]
    return torch.from_numpy(np.stack(maps)).double()


def randomize_top(model, depth, seed):
    twin = copy.deepcopy(model)
    random = np.random.default_rng(seed)
    names = [n for n, m in twin.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for name in names[::-1][:depth]:
        weight = twin.get_submodule(name).weight
        draw = random.normal(0, float(weight.detach().numpy().std()), weight.shape)
        weight.data = torch.from_numpy(draw).float()
    return twin


def deletion_curve(model, image, label, saliency, steps):
    height, width = saliency.shape
    places = sorted(np.ndindex(height, width), key=lambda p: float(saliency[p]), reverse=True)
    batch = image.repeat(steps + 1, 1, 1, 1)
    for step in range(steps + 1):
        for row, column in places[: step * height * width // steps]:
            batch[step, :, row, column] = GREY
    with torch.no_grad():
        return model(batch).softmax(-1)[:, label]
