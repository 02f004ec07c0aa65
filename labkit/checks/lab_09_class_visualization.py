"""Visible checks of lab 09: steps worked by hand, and identities."""

import torch
from torch import Tensor, nn

from labkit.check import points
from labkit.checks.results import Picky, linear_network, numbers, tensor_of


def said(got: list[float], known: dict[tuple, str], otherwise: str) -> str:
    """Return what is known of a result: the nearest known mistake's text, or another one."""
    for values, text in known.items():
        if all(abs(a - b) < 0.015 for a, b in zip(got, values, strict=True)):
            return text
    return otherwise


# class_visualization_step

CLAMPED = "the result is clamped to [0, 1]: leave that to our loop"


def two_pixels(red: list[float]) -> Tensor:
    """Return (1, 3, 1, 2), grey but for the red of its two pixels."""
    image = torch.full((1, 3, 1, 2), 0.5)
    image[0, 0, 0] = torch.tensor(red)
    return image


def reading(*rows: list[float]) -> Picky:
    """Return a network with one class a row: its weights of the red of two pixels."""
    weight = torch.zeros(len(rows), 3, 1, 2)
    weight[:, 0, 0] = torch.tensor(rows)
    return linear_network(weight)


def moves(student, network, image, label, l2_reg, step_size) -> list[float]:
    """Return how far the red of the two pixels moves."""
    result = student.class_visualization_step(network, image.clone(), label, l2_reg, step_size)
    result = tensor_of(result, tuple(image.shape))
    return numbers(result[0, 0, 0] - image[0, 0, 0])


@points(1, exercise="class_visualization_step")
def test_one_step(student):
    """Weights 3 and 4, a step of 1, no penalty: the two pixels move by 0.6 and 0.8."""
    got = moves(student, reading([0.0, 0.0], [3.0, 4.0]), two_pixels([0.4, 0.5]), 1, 0.0, 1.0)
    known = {
        (-0.6, -0.8): "the step goes down: we climb, so add the gradient",
        (3.0, 4.0): "the gradient is added as it is: divide it by its norm, 5",
        (0.12, 0.16): "the gradient is divided by the square of its norm",
        (1.0, 1.0): "every value moves alike: divide by the norm of the whole gradient",
        (0.75, 1.0): "the gradient is divided by its largest value, not by its norm",
        (0.2, 0.3): "this is the step alone: add it to the image",
        (0.6, 0.5): CLAMPED,
    }
    assert all(abs(a - b) < 1e-3 for a, b in zip(got, (0.6, 0.8), strict=True)), (
        f"expected moves of 0.6 and 0.8, got {got}: "
        + said(got, known, "is it the logit of `label` that is differentiated by the image?")
    )


@points(1, exercise="class_visualization_step")
def test_step_size(student):
    """With a step size of 0.25 the picture moves by 0.25."""
    got = moves(student, reading([0.0, 0.0], [3.0, 4.0]), two_pixels([0.4, 0.5]), 1, 0.0, 0.25)
    length = torch.tensor(got).norm()
    assert abs(length - 0.25) < 2e-3, f"it moves by {length:.3g}, not by `step_size`"


@points(1, exercise="class_visualization_step")
def test_logit(student):
    """It is the logit that climbs: what another class reads does not move."""
    got = moves(student, reading([1.0, 0.0], [0.0, 1.0]), two_pixels([0.5, 0.5]), 0, 0.0, 1.0)
    assert got != [0.5, 0.0], CLAMPED
    assert all(abs(a - b) < 1e-3 for a, b in zip(got, (1.0, 0.0), strict=True)), (
        f"class 0 reads pixel 1 alone, so pixel 1 moves by 1 and pixel 2 by 0. Got {got}: is there "
        "a softmax or a loss before the gradient? It also lowers the other classes"
    )


@points(1, exercise="class_visualization_step")
def test_penalty(student):
    """Pixel 2 is 1 above grey and unread, `l2_reg` is 2: its gradient is -4, pixel 1's is 3."""
    got = moves(student, reading([0.0, 0.0], [3.0, 0.0]), two_pixels([0.5, 1.5]), 1, 2.0, 1.0)
    known = {
        (0.6, 0.8): "the penalty pushes away from grey: we climb, so it gets a minus",
        (1.0, 0.0): "the penalty has no gradient: compute it from the copy that asks for one, not "
        "from `.data`, `.item()` or under `no_grad`",
        (0.832, -0.555): "is it the norm, or half of its square? The penalty is the squared norm",
        (0.5, -0.8): CLAMPED,
    }
    assert all(abs(a - b) < 1e-3 for a, b in zip(got, (0.6, -0.8), strict=True)), (
        f"expected moves of 0.6 and -0.8, got {got}: "
        + said(got, known, "the penalty is the sum of (image - 0.5) ** 2, times `l2_reg`")
    )


@points(1, exercise="class_visualization_step")
def test_second_step(student):
    """A step from the returned picture is the step from a copy of it."""
    network, image = reading([0.0, 0.0], [3.0, 0.0]), two_pixels([0.5, 1.5])
    first = student.class_visualization_step(network, image, 1, 2.0, 0.5)
    tensor_of(first, (1, 3, 1, 2))
    copy = first.detach().clone()
    fresh = student.class_visualization_step(network, copy, 1, 2.0, 0.5)
    try:
        again = student.class_visualization_step(network, first, 1, 2.0, 0.5)
    except Exception as error:
        if not first.requires_grad:
            raise
        raise AssertionError(
            "a step from the returned picture fails: it still carries its graph, and then `.grad` "
            "stays None. Begin with `image.detach().clone().requires_grad_()`"
        ) from error
    assert torch.allclose(again, fresh, atol=1e-4), (
        "they differ: gradients add up in `.grad` from step to step. Work on a fresh copy, "
        "`image.detach().clone().requires_grad_()`, or clear the gradient"
    )


@points(1, exercise="class_visualization_step")
def test_nothing_else_changes(student):
    """The caller's picture keeps its values, the network its mode, and nothing is clamped."""
    network, image = reading([0.0, 0.0], [3.0, 4.0]), two_pixels([0.9, 0.9])
    before = image.clone()
    result = student.class_visualization_step(network, image, 1, 0.0, 1.0)
    result = tensor_of(result, (1, 3, 1, 2))
    assert torch.equal(image.detach(), before), "the image has other values: work on a copy"
    assert not network.training, "the network was in eval mode, and is in training mode now"
    assert not 0.5 < result.max() < 1.01, CLAMPED


# blur_and_clip


def cleaned(student, image, sigma, fraction) -> Tensor:
    """Return the student's result, of the image's shape."""
    result = student.blur_and_clip(image, sigma, fraction)
    return tensor_of(result, tuple(image.shape))


def grey_pixels(values: list[float]) -> Tensor:
    """Return four rows of grey pixels with these values, (1, 3, 4, W): a blur may mirror them."""
    return torch.tensor(values).expand(1, 3, 4, len(values)).clone()


@points(1, exercise="blur_and_clip")
def test_one_colour_stays(student):
    """A picture of one colour stays as it is when nothing is clipped."""
    image = torch.full((1, 3, 9, 6), 0.8)
    result = cleaned(student, image, 1.0, 0.0)
    assert (result - 0.5).abs().min() > 1e-6, "with `fraction=0` no pixel is clipped"
    assert torch.allclose(result, image.double(), atol=2e-3), (
        "it does not stay: the blur's weights should add up to 1, and beyond the border the "
        "picture goes on with its own pixels, not with zeros"
    )


@points(1, exercise="blur_and_clip")
def test_one_bright_pixel(student):
    """With sigma 1, one pixel that is 1 above grey leaves 0.16 there, 0.10 beside, 0.02 two off."""
    image = torch.full((1, 3, 13, 11), 0.5)
    image[:, :, 6, 5] += 1
    row = numbers(cleaned(student, image, 1.0, 0.0)[0, 0, 6, 5:8] - 0.5, 2)
    assert row == [0.16, 0.1, 0.02], f"got {row}: `sigma` is the Gaussian's standard deviation"


@points(1, exercise="blur_and_clip")
def test_nearest_to_grey(student):
    """Half of the pixels of four greys: those at 0.4 and 0.7 are nearer to 0.5 than 0.8 and 0.1."""
    got = numbers(cleaned(student, grey_pixels([0.8, 0.4, 0.7, 0.1]), 0.05, 0.5)[0, 0, 0])
    known = {
        (0.5, 0.4, 0.7, 0.5): "the pixels farthest from grey were clipped",
        (0.8, 0.5, 0.7, 0.5): "the darkest pixels were clipped: distance counts on either side",
        (0.8, 0.0, 0.0, 0.1): "clipped pixels become 0.5, not 0",
    }
    assert all(abs(a - b) < 2e-3 for a, b in zip(got, (0.8, 0.5, 0.5, 0.1), strict=True)), (
        f"expected 0.8, 0.5, 0.5, 0.1, got {got}. "
        + said(got, known, "Half are two columns of four; so small a sigma blurs nothing")
    )


@points(1, exercise="blur_and_clip")
def test_a_pixel_is_clipped_whole(student):
    """Of two colours, (0.8, 0.5, 0.5) is nearer to grey than (0.7, 0.7, 0.7), and goes whole."""
    two = torch.tensor([[0.8, 0.5, 0.5], [0.7, 0.7, 0.7]])
    image = two.T.reshape(1, 3, 1, 2).repeat(1, 1, 4, 1)  # a blur may mirror the rows
    result = cleaned(student, image, 0.05, 0.5)
    first, second = numbers(result[0, :, 0, 0], 2), numbers(result[0, :, 0, 1], 2)
    assert (first, second) == ([0.5] * 3, [0.7] * 3), (
        f"got {first} and {second}: a pixel's distance is one number for its three channels, "
        "`(image - 0.5).norm(dim=1)`: 0.30 and 0.35 here"
    )


@points(1, exercise="blur_and_clip")
def test_blur_comes_first(student):
    """What is clipped is the blurred picture: the clipped pixels are exactly 0.5 at the end."""
    image = torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(0))
    result = cleaned(student, image, 1.0, 0.5)
    count = int((result == 0.5).all(1).sum())
    assert abs(count - 40) <= 1, f"half of 80 pixels should be 0.5, {count} are: blur, then clip"


@points(1, exercise="blur_and_clip")
def test_picture_stays(student):
    """The caller's picture stays as it is."""
    image = torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(1))
    before = image.clone()
    cleaned(student, image, 1.0, 0.5)
    assert torch.equal(image, before), (
        "your function changed the caller's picture (`flatten` and `view` show the same memory)"
    )


# facet_starts


def flat_images(values: list[float]) -> Tensor:
    """Return (N, 3, 2, 3), every image of one grey."""
    return torch.tensor(values)[:, None, None, None].expand(-1, 3, 2, 3).clone()


def facet_values(student, images, features, k) -> list[float]:
    """Return the grey of each facet, sorted."""
    facets = tensor_of(student.facet_starts(images, features, k), (k, *images.shape[1:]))
    return sorted(numbers(facets.mean((1, 2, 3)), 2))


@points(1, exercise="facet_starts")
def test_two_groups(student):
    """Images 1, 3, 4 and images 2, 5 have features alike: means 0.4 and 0.5."""
    images = flat_images([0.1, 0.2, 0.3, 0.8, 0.8])
    features = torch.tensor([[0.0, 1.0], [50.0, 2.0], [0.5, 0.0], [0.0, 0.2], [51.0, 1.0]])
    got = facet_values(student, images, features, 2)
    assert got == [0.4, 0.5], (
        f"got {got}: cluster the features, not the pixels, and take the mean of each group's images"
    )


@points(1, exercise="facet_starts")
def test_one_group(student):
    """With k = 1 the only facet is the mean of all images."""
    images = flat_images([0.0, 0.2, 0.7])
    got = facet_values(student, images, torch.tensor([[0.0], [5.0], [9.0]]), 1)
    assert got == [0.3], f"expected the mean 0.3, got {got}"


@points(1, exercise="facet_starts")
def test_three_groups(student):
    """Three groups far apart, the first three images in one of them: each has its facet."""
    images = flat_images([0.1, 0.2, 0.3, 0.5, 0.6, 0.9])
    features = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [80.0, 0], [81.0, 0], [0.0, 90.0]])
    got = facet_values(student, images, features, 3)
    assert got == [0.2, 0.55, 0.9], (
        f"expected 0.2, 0.55 and 0.9, got {got}: did k-means get stuck? Start it several times"
    )


@points(1, exercise="facet_starts")
def test_images_stay(student):
    """The given images and features stay as they are."""
    images, features = flat_images([0.1, 0.2, 0.9]), torch.tensor([[0.0], [0.1], [9.0]])
    before = images.clone(), features.clone()
    facet_values(student, images, features, 2)
    assert torch.equal(images, before[0]), "the images have other values now"
    assert torch.equal(features, before[1]), "the features have other values now"


# latent_step


def drawing(weight: list[list[float]]) -> nn.Sequential:
    """Return a generator of pictures of 1 x 2 pixels: weight (2, D) gives their red."""
    layer = nn.Linear(len(weight[0]), 6, bias=False)
    layer.weight.data = torch.zeros(6, len(weight[0]))
    layer.weight.data[:2] = torch.tensor(weight)
    return nn.Sequential(layer, nn.Unflatten(1, (3, 1, 2))).requires_grad_(False).eval()


def small_world() -> tuple[nn.Sequential, Picky]:
    """Return a generator and a network that are not linear."""
    generator = torch.Generator().manual_seed(3)
    draw = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 18), nn.Unflatten(1, (3, 2, 3)))
    network = Picky(nn.Flatten(), nn.Linear(18, 6), nn.Tanh(), nn.Linear(6, 3))
    for part in (draw, network):
        for parameter in part.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) / 2
        part.requires_grad_(False).eval()
    return draw, network


@points(1, exercise="latent_step")
def test_by_hand(student):
    """A network of weights 1 and 1, a generator that doubles: the gradient for z is 3 and 4."""
    z, network = torch.zeros(1, 2), reading([0.0, 0.0], [1.0, 1.0])
    moved = student.latent_step(drawing([[1.0, 4.0], [2.0, 0.0]]), network, z.clone(), 1, 2.0)
    got = numbers(tensor_of(moved, (1, 2)) - z)
    known = {
        (-1.2, -1.6): "the step goes down: we climb, so add the gradient",
        (3.0, 4.0): "divide the gradient by its norm, 5, and multiply by `step_size`",
        (6.0, 8.0): "divide the gradient by its norm, 5",
    }
    assert all(abs(a - b) < 2e-3 for a, b in zip(got, (1.2, 1.6), strict=True)), (
        f"with a step of 2, z moves by 1.2 and 1.6. Got {got}: "
        + said(got, known, "the gradient is that with respect to z, through the generator")
    )


@points(1, exercise="latent_step")
def test_logit_alone(student):
    """It is the logit that climbs: what moves another class's pixel stays."""
    network = reading([1.0, 0.0], [0.0, 1.0])
    draw, z = drawing([[1.0, 0.0], [0.0, 1.0]]), torch.zeros(1, 2)
    moved = student.latent_step(draw, network, z, 0, 1.0)
    got = numbers(tensor_of(moved, (1, 2)))
    assert all(abs(a - b) < 2e-3 for a, b in zip(got, (1.0, 0.0), strict=True)), (
        f"expected z to move by 1 and 0, got {got}: is there a softmax or a loss?"
    )


@points(1, exercise="latent_step")
def test_rows_alone(student):
    """Three latents together move as each moves alone, each by `step_size`."""
    draw, network = small_world()
    z = torch.randn(3, 4, generator=torch.Generator().manual_seed(4))
    together = tensor_of(student.latent_step(draw, network, z.clone(), 2, 0.5), (3, 4)) - z
    for i in range(3):
        one = student.latent_step(draw, network, z[i : i + 1].clone(), 2, 0.5)
        alone = tensor_of(one, (1, 4), "the result for a single latent")[0] - z[i]
        assert torch.allclose(together[i], alone, atol=1e-4), (
            "N = 3 differs from three runs with N = 1: the norm is one a row, `norm(dim=1, "
            "keepdim=True)`, and each row climbs its own logit"
        )
        assert abs(alone.norm() - 0.5) < 1e-3, "a row moves by another length than `step_size`"


@points(1, exercise="latent_step")
def test_z_stays(student):
    """The given latents keep their values, and both networks their mode."""
    draw, network = small_world()
    z = torch.ones(2, 4)
    student.latent_step(draw, network, z, 0, 0.5)
    assert torch.equal(z.detach(), torch.ones(2, 4)), "z has other values: work on a copy"
    assert not any(part.training for part in (draw, network)), "a network is in training mode"
