"""Ada: everything right, in the usual way."""

import copy

import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    logits = model(images)
    logits[torch.arange(len(labels)), labels].sum().backward()
    return images.grad.abs().max(dim=1).values


def randomize_top(model, depth, seed):
    generator = torch.Generator().manual_seed(seed)
    model = copy.deepcopy(model)
    weighted = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    with torch.no_grad():
        for layer in weighted[len(weighted) - depth :]:
            layer.weight.normal_(0, layer.weight.std(), generator=generator)
    return model


def deletion_curve(model, image, label, saliency, steps):
    ranks = saliency.flatten().argsort(descending=True)
    values = []
    for i in range(steps + 1):
        picture = image.clone()
        picture.view(3, -1)[:, ranks[: i * ranks.numel() // steps]] = 0.5
        with torch.no_grad():
            values.append(torch.softmax(model(picture), dim=1)[0, label].item())
    return torch.tensor(values)
