"""Visible checks of lab 10: networks of two pixels worked by hand, and identities."""

import torch
from torch import Tensor, nn

from labkit.check import points
from labkit.checks.results import Picky, linear_network, numbers, tensor_of
from labkit.errors import NotAnswered

# fgsm


def red_pixels(*values: float) -> Tensor:
    """Return an image (1, 3, 1, W) whose red values are these; green and blue are 0.5."""
    image = torch.full((1, 3, 1, len(values)), 0.5)
    image[0, 0, 0] = torch.tensor(values)
    return image


def reads_red(*weights: float, bias: float = 0.0) -> Picky:
    """Return a network of two classes: 0 reads nothing, 1 weighs the red values."""
    weight = torch.zeros(2, 3, 1, len(weights))
    weight[1, 0, 0] = torch.tensor(weights)
    return linear_network(weight, [0.0, bias])


@points(1, exercise="fgsm")
def test_shape(student):
    """Two images give two, one gives one."""
    for count in (2, 1):
        images, labels = torch.rand(count, 3, 4, 5), torch.tensor([0, 1])[:count]
        attacked = student.fgsm(linear_network(torch.rand(3, 3, 4, 5)), images, labels, 0.1)
        tensor_of(attacked, (count, 3, 4, 5), f"the result for {count} image(s)")


@points(1, exercise="fgsm")
def test_by_hand(student):
    """Three values with weights 2, -1 and 0, epsilon 0.1: by hand, 0.4, 0.6 and 0.5."""
    image, label = red_pixels(0.5, 0.5, 0.5), torch.tensor([1])
    attacked = student.fgsm(reads_red(2.0, -1.0, 0.0), image, label, 0.1)
    got = numbers(tensor_of(attacked, (1, 3, 1, 3))[0, 0])
    known = {
        (0.6, 0.4, 0.5): "this makes the label more probable: add the gradient of the loss",
        (0.5, 0.5, 0.5): "nothing moved",
        (0.4, 0.6, 0.6): "the sign of 0 is 0",
        (0.4, 0.6, 0.4): "the sign of 0 is 0",
    }
    assert got == [0.4, 0.6, 0.5], (
        "the label's logit rises with the first value, falls with the second and does not read the "
        f"third. Its loss grows with 0.4, 0.6, 0.5. Got {got}: "
        + known.get(tuple(got), "every value moves by epsilon, up or down, or stays")
    )


@points(1, exercise="fgsm")
def test_other_classes(student):
    """The label reads the first value, another class the second: by hand, 0.4 and 0.6."""
    weight = torch.zeros(2, 3, 1, 2)
    weight[0, 0, 0, 1] = weight[1, 0, 0, 0] = 1.0
    image, label = red_pixels(0.5, 0.5), torch.tensor([1])
    attacked = student.fgsm(linear_network(weight), image, label, 0.1)
    got = numbers(tensor_of(attacked, (1, 3, 1, 2))[0, 0])
    assert got == [0.4, 0.6], (
        "the cross-entropy grows when the label's logit falls, and when another class's logit "
        f"rises: 0.4 and 0.6. Got {got}"
        + (": is it the logit that you differentiate?" if got == [0.4, 0.5] else "")
    )


@points(1, exercise="fgsm")
def test_clamped(student):
    """Values of 0.05 and 0.95 do not leave [0, 1] with a step of 0.1."""
    image, label = red_pixels(0.05, 0.95), torch.tensor([1])
    attacked = student.fgsm(reads_red(1.0, -1.0), image, label, 0.1)
    got = numbers(tensor_of(attacked, (1, 3, 1, 2))[0, 0])
    uphill = got != [0.15, 0.85]
    hint = "clamp the result to [0, 1]" if uphill else "the step makes the loss smaller"
    assert got == [0.0, 1.0], f"expected 0 and 1, got {got}: {hint}"


@points(1, exercise="fgsm")
def test_two_images_alone(student):
    """Two images together get the steps that each gets alone."""
    generator = torch.Generator().manual_seed(0)
    model = Picky(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 3 * 2, 3))
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    model.requires_grad_(False).eval()
    images = 0.2 + 0.6 * torch.rand(2, 3, 5, 4, generator=generator)
    labels = torch.tensor([2, 0])
    together = tensor_of(student.fgsm(model, images.clone(), labels, 0.1), (2, 3, 5, 4))
    assert not torch.allclose(together, images.double()), "the images did not move"
    for i in range(2):
        one = student.fgsm(model, images[i : i + 1].clone(), labels[i : i + 1], 0.1)
        alone = tensor_of(one, (1, 3, 5, 4), "the result for a single image")[0]
        assert torch.allclose(together[i], alone, atol=1e-4), (
            "N = 2 differs from two runs with N = 1: the images are mixed, or one of them has the "
            "other's label"
        )


@points(1, exercise="fgsm")
def test_nothing_changes(student):
    """The caller's images keep their values, and the network its mode."""
    model, images = reads_red(1.0, -1.0), red_pixels(0.3, 0.6)
    before = images.clone()
    student.fgsm(model, images, torch.tensor([1]), 0.1)
    assert torch.equal(images.detach(), before), "the images have other values: work on a copy"
    assert not model.training, "the network was in eval mode, and is in training mode now"


# fooling_image


class Bowl(nn.Module):
    """Logit 1 is a bowl upside down, highest where the two red values are 2 and 1; logit 0 is -1.

    It remembers the images that it was given.
    """

    def __init__(self):
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images.detach().clone())
        x, y = images[:, 0, 0, 0], images[:, 0, 0, 1]
        height = -((x - 2) ** 2) - 5 * (y - 1) ** 2
        return torch.stack([torch.full_like(height, -1.0), height], dim=1)


def climb(student, model, image, *rest):
    """Return where a climb to class 1 ends, (1, 3, 1, W); fail where that is the image itself."""
    value = student.fooling_image(model, image.clone(), 1, *rest)
    end = tensor_of(value, tuple(image.shape))
    if torch.equal(end, image.double()):
        raise NotAnswered("not answered yet: `fooling_image` returns what it was given")
    return end


@points(1, exercise="fooling_image")
def test_two_steps(student):
    """Weights 3 and 4, steps of 0.5: by hand, two steps of (0.3, 0.4) from (0.5, 0.5)."""
    model = reads_red(3.0, 4.0, bias=-7.0)  # 3.5 - 7 at the start; each step adds 2.5
    end = climb(student, model, red_pixels(0.5, 0.5), 0.5)
    got = numbers(end[0, 0])
    known = {
        (0.8, 0.9): "one step only: here the target does not win yet",
        (1.0, 1.0): "is it clamped? This climb is not",
        (1.7, 2.1): "the target has won long since: stop at the first success",
        (2.0, 2.5): "the gradient (3, 4) has the length 5: divide it by that",
        (0.2, 0.1): "this is downhill",
    }
    one_more = [1.4, 1.7]  # some loops step once more before they look; that is accepted
    assert got in ([1.1, 1.3], one_more), (
        "the gradient (3, 4) has the length 5, so a step of 0.5 is (0.3, 0.4), and the second one "
        f"makes the target win: (1.1, 1.3). Got {got}: "
        + known.get(tuple(got), "does each step have the length `step_size`?")
    )


@points(1, exercise="fooling_image")
def test_logit(student):
    """Another class, which reads the values with 4 and -3, does not bend the way along (3, 4)."""
    weight = torch.zeros(2, 3, 1, 2)
    weight[:, 0, 0] = torch.tensor([[4.0, -3.0], [3.0, 4.0]])
    model, image = linear_network(weight, [0.0, -4.0]), red_pixels(0.5, 0.5)
    first, second = numbers((climb(student, model, image, 0.1, 3) - image)[0, 0])
    assert abs(4 * first - 3 * second) < 0.01, (
        f"the target reads the values with 3 and 4, and your image moves by {first} and {second}: "
        "climb the target's logit alone; a loss or a probability also goes where others fall"
    )


@points(1, exercise="fooling_image")
def test_fresh_gradient(student):
    """Where the gradient turns along the way, each step follows the one where it begins."""
    model = Bowl()
    end = climb(student, model, red_pixels(0.5, 0.5), 0.2)
    path = [image.double() for image in model.seen if image.shape == end.shape] + [end]
    red = torch.stack([image[0, 0, 0] for image in path])  # (places, 2)
    steps, starts = red[1:] - red[:-1], red[:-1]
    moved = steps.norm(dim=1) > 0
    slopes = torch.stack([-2 * (starts[:, 0] - 2), -10 * (starts[:, 1] - 1)], dim=1)  # by hand
    off = (steps[:, 0] * slopes[:, 1] - steps[:, 1] * slopes[:, 0]).abs() / slopes.norm(dim=1)
    wrong = (moved & (off > 1e-3 * steps.norm(dim=1))).nonzero().flatten().tolist()
    assert moved.any(), "the network saw no image on the way: does the forward pass get the copy?"
    assert not wrong, (
        "a step does not follow the gradient at the image where it begins. If the first is right "
        "and the others are not, the gradients add up: `backward()` adds to `.grad`"
        if 0 not in wrong
        else "the first step does not follow the gradient of the target's logit"
    )


@points(1, exercise="fooling_image")
def test_already_there(student):
    """An image that is the target already is not led away."""
    image = red_pixels(0.5, 0.5)
    climb(student, reads_red(3.0, 4.0, bias=-7.0), image, 0.5)
    end = tensor_of(student.fooling_image(reads_red(3.0, 4.0), image.clone(), 1, 0.5), (1, 3, 1, 2))
    assert (end - image).norm() < 0.501, "the target has the largest logit before the first step"


@points(1, exercise="fooling_image")
def test_max_steps(student):
    """`max_steps=4` with steps of 0.1 moves the image by about 0.4."""
    image = red_pixels(0.5, 0.5)
    end = climb(student, reads_red(3.0, 4.0, bias=-50.0), image, 0.1, 4)
    moved = float((end - image).norm())
    assert 0.29 < moved < 0.51, f"4 steps of 0.1 moved the image by {moved:.2f}"


@points(1, exercise="fooling_image")
def test_image_stays(student):
    """The caller's image keeps its values, and the network its mode."""
    model, image = reads_red(3.0, 4.0, bias=-7.0), red_pixels(0.5, 0.5)
    before = image.clone()
    student.fooling_image(model, image, 1, 0.5)
    assert torch.equal(image.detach(), before), (
        "the caller's image has other values: `detach()` shares its memory, `clone()` does not"
    )
    assert not model.training, "the network was in eval mode, and is in training mode now"
