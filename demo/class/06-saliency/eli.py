"""Eli: right but for a loop that never ends."""

import copy

import torch


def saliency_map(model, images, labels):
    images = images.detach().requires_grad_()
    picked = model(images).gather(1, labels.view(-1, 1))
    return torch.autograd.grad(picked.sum(), images)[0].abs().amax(1)


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    done = 0
    while done < depth:
        layer = layers[-1 - done]
        layer.weight.data = torch.randn(layer.weight.shape) * layer.weight.std()
    return model


def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = torch.zeros(steps + 1)
    for i in range(steps + 1):
        deleted = image.flatten(1).clone().view(3, -1)
        deleted[:, order[: int(i * len(order) / steps)]] = 0.5
        curve[i] = model(deleted.view_as(image)).softmax(1)[0, label]
    return curve
