"""Dana: typical mistakes: the loss instead of the logit, no absolute value, the weights' default."""

import copy

import torch
import torch.nn.functional as F


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    loss = F.cross_entropy(model(images), labels, reduction="sum")
    loss.backward()
    return images.grad.abs().max(dim=1)[0]


def randomize_top(model, depth, seed):
    torch.manual_seed(seed)
    model = copy.deepcopy(model)
    layers = [m for m in model.modules() if hasattr(m, "weight")]
    for layer in layers[-depth:]:
        layer.reset_parameters()
    return model


def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort()
    curve = []
    for i in range(steps + 1):
        image = image.clone()
        image.view(3, -1)[:, order[: i * len(order) // steps]] = 0
        with torch.no_grad():
            curve.append(model(image)[0, label])
    return torch.stack(curve)
