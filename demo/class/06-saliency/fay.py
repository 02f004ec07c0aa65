"""Fay: one function crashes the process it runs in; the others are right."""

import ctypes



def saliency_map(model, images, labels):
    ctypes.string_at(0)  # reads address 0: no exception, the process is gone
    return images[:, 0]


def deletion_curve(model, image, label, saliency, steps):
    curve = []
    count = saliency.numel()
    ranked = saliency.reshape(-1).sort(descending=True).indices
    for i in range(steps + 1):
        flat = image.reshape(1, 3, count).clone()
        flat[..., ranked[: i * count // steps]] = 0.5
        curve.append(float(model(flat.reshape(image.shape)).softmax(1)[0, label]))
    return curve
