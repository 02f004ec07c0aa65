"""Ben: has not started."""


def saliency_map(model, images, labels):
    return None  # your code replaces this line


def randomize_top(model, depth, seed):
    return None  # your code replaces this line


def deletion_curve(model, image, label, saliency, steps):
    return None  # your code replaces this line
