"""The pixel loop reaches known answers, tells what went wrong, and touches only its own copy."""

import functools
import math
import re

import pytest
import torch

from labkit import optimize
from labkit.optimize import blur, fast, jitter, optimize_pixels, pixel_steps, random_scale

STEP_SIZES = {"norm": 0.5, "mean_abs": 0.02, "adam": 0.05, "lbfgs": 1.0}


@pytest.fixture
def start():
    return torch.rand(2, 3, 6, 5, generator=torch.Generator().manual_seed(0))


def to_grey(image):
    """Smallest, 0, where every pixel is 0.5."""
    return (image - 0.5).square().sum()


def run(start, loss=to_grey, **options):
    options = {"steps": 20, "step_size": 0.05, "progress": False} | options
    return optimize_pixels(start, loss, **options)


@pytest.mark.parametrize("optimizer", STEP_SIZES)
def test_every_optimizer_moves_towards_the_known_answer(start, optimizer):
    before = start.clone()
    result = run(start, optimizer=optimizer, step_size=STEP_SIZES[optimizer])
    assert to_grey(result.image) < 0.1 * to_grey(start)
    assert len(result.losses) == 20
    assert result.losses[0] == pytest.approx(to_grey(start).item())
    assert torch.equal(start, before)
    assert not result.image.requires_grad


def test_lbfgs_equals_one_call_of_pytorch_with_as_many_iterations(start):
    def curved(image):
        return (image - 0.5).pow(4).sum() + image.diff(dim=3).square().sum()

    theirs = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([theirs], max_iter=12)

    def closure():
        optimizer.zero_grad()
        value = curved(theirs)
        value.backward()
        return value

    optimizer.step(closure)
    ours = run(start, curved, optimizer="lbfgs", step_size=1.0, steps=12).image
    assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("optimizer", STEP_SIZES)
def test_the_loss_is_evaluated_once_a_step(start, optimizer):
    calls = []
    run(start, lambda x: calls.append(1) or to_grey(x), optimizer=optimizer, steps=7)
    assert len(calls) == 7


def test_a_norm_step_has_the_length_asked_for_in_every_image(start):
    moved = run(start, optimizer="norm", steps=1, step_size=0.3).image - start
    assert torch.allclose(moved.flatten(1).norm(dim=1), torch.tensor([0.3, 0.3]))


def test_a_mean_abs_step_moves_the_average_pixel_by_the_step_size(start):
    moved = run(start, optimizer="mean_abs", steps=1, step_size=0.3).image - start
    assert torch.allclose(moved.abs().mean((1, 2, 3)), torch.tensor([0.3, 0.3]))


@pytest.mark.parametrize("optimizer", ["norm", "mean_abs", "adam"])
def test_images_of_a_batch_move_as_they_would_alone(start, optimizer):
    together = run(start, optimizer=optimizer, steps=3).image
    alone = torch.cat([run(image[None], optimizer=optimizer, steps=3).image for image in start])
    assert torch.allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("optimizer", STEP_SIZES)
def test_a_gradient_of_zero_moves_nothing(optimizer):
    grey = torch.full((1, 3, 4, 4), 0.5)
    assert torch.equal(run(grey, optimizer=optimizer, steps=2).image, grey)


def test_start_may_be_float64_non_contiguous_or_attached_to_a_graph(start):
    strange = start.double().transpose(2, 3).requires_grad_() * 1
    for optimizer in STEP_SIZES:
        image = run(strange, optimizer=optimizer, steps=2, transforms=TRANSFORMS).image
        assert (image.dtype, image.shape) == (torch.float64, (2, 3, 5, 6))


def test_a_surrounding_no_grad_does_not_matter(start):
    with torch.no_grad():
        assert to_grey(run(start).image) < to_grey(start)


def test_the_model_gets_no_gradient_and_keeps_requires_grad(start):
    model = torch.nn.Conv2d(3, 2, 3)
    run(start, lambda image: model(image).square().sum(), steps=2)
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


# transforms and project

TRANSFORMS = [jitter(2), random_scale(0.9, 1.1), blur(0.8)]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_transform_keeps_the_shape_and_lets_gradients_through(start, transform):
    start.requires_grad_()
    out = transform(start, torch.Generator().manual_seed(3))
    assert out.shape == start.shape
    (gradient,) = torch.autograd.grad(out.square().sum(), start)
    assert gradient.abs().sum() > 0


def test_jitter_rolls_both_axes_within_its_distance():
    image = torch.zeros(1, 3, 9, 9)
    image[..., 4, 4] = 1
    generator = torch.Generator().manual_seed(0)
    places = {tuple(jitter(1)(image, generator)[0, 0].nonzero()[0].tolist()) for _ in range(99)}
    assert places == {(row, column) for row in (3, 4, 5) for column in (3, 4, 5)}


def test_random_scale_zooms_about_the_centre():
    image = torch.zeros(1, 3, 21, 21)
    image[..., 9:12, 9:12] = 1  # 3 x 3 at the centre, 9 pixels
    double = random_scale(2.0, 2.0)(image, torch.Generator())
    assert double[0, 0].sum().item() == pytest.approx(36, rel=0.05)
    assert torch.allclose(double, double.flip(2, 3), atol=1e-5)
    assert torch.allclose(random_scale(1.0, 1.0)(image, torch.Generator()), image, atol=1e-5)


def test_blur_has_the_width_asked_for_and_keeps_a_constant():
    image = torch.zeros(1, 3, 41, 41)
    image[..., 20, 20] = 1
    spread = blur(2.0)(image)[0, 0]
    offsets = torch.arange(41.0) - 20
    assert spread.sum().item() == pytest.approx(1, abs=1e-5)
    assert (spread.sum(0) * offsets**2).sum().sqrt().item() == pytest.approx(2.0, abs=0.05)
    assert torch.allclose(blur(5.0)(torch.full((1, 3, 4, 4), 0.3)), torch.tensor(0.3))


@pytest.mark.parametrize("sigma", [0, -1.0, math.nan, math.inf])
def test_blur_refuses_a_width_that_is_none(sigma):
    """Dividing by 0 made every pixel NaN."""
    with pytest.raises(ValueError, match=r"sigma is .*; expected above 0 pixels"):
        blur(sigma)


def test_transforms_are_applied_in_order_before_the_loss_only(start):
    def halve(image, generator):
        return image / 2

    def add_one(image, generator):
        return image + 1

    seen = []
    result = run(
        start,
        lambda image: seen.append(image.detach().clone()) or to_grey(image),
        transforms=[halve, add_one],
        steps=1,
        step_size=0.0,
    )
    assert torch.equal(seen[0], start / 2 + 1)
    assert torch.equal(result.image, start)


def test_the_same_seed_gives_the_same_image_and_the_global_seed_is_left_alone(start):
    state = torch.get_rng_state()
    first, second, other = (
        run(start, lambda x: x[..., :2, :2].sum(), transforms=TRANSFORMS, seed=seed, steps=4)
        for seed in (1, 1, 2)
    )
    assert torch.equal(first.image, second.image)
    assert first.losses == second.losses
    assert not torch.equal(first.image, other.image)
    assert torch.equal(torch.get_rng_state(), state)


def test_project_follows_every_step_and_carries_no_gradient(start):
    def project(image):
        assert not torch.is_grad_enabled()
        return image.clamp(0.4, 0.45)

    for optimizer in STEP_SIZES:
        result = run(start, optimizer=optimizer, project=project, steps=5, snapshots=5)
        for _, image in result.snapshots:
            assert image.min() >= 0.4
            assert image.max() <= 0.45


def test_a_project_that_returns_nothing_is_named(start):
    with pytest.raises(ValueError, match=r"`project` to return \(2, 3, 6, 5\), got None"):
        run(start, project=lambda image: None)


# snapshots, progress, interrupts


def test_snapshots_are_evenly_spaced_and_end_with_the_result(start):
    result = run(start, steps=10, snapshots=3)
    assert [step for step, _ in result.snapshots] == [4, 7, 10]
    assert torch.equal(result.snapshots[-1][1], result.image)
    assert torch.equal(result.snapshots[0][1], run(start, steps=4).image)
    assert run(start, steps=10).snapshots == []
    assert [step for step, _ in run(start, steps=2, snapshots=9).snapshots] == [1, 2]


def test_no_steps_return_the_start(start):
    result = run(start, steps=0, snapshots=2)
    assert torch.equal(result.image, start)
    assert (result.losses, result.snapshots) == ([], [])


def test_an_interrupt_returns_what_was_made_so_far(start):
    calls = []

    def loss(image):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return to_grey(image)

    result = run(start, loss, snapshots=20)
    assert torch.equal(result.image, run(start, steps=3).image)
    assert len(result.losses) == len(result.snapshots) == 3


def test_the_bar_shows_the_time_left_and_is_silent_on_request(start, capsys, monkeypatch):
    every_step = functools.partial(optimize.tqdm, mininterval=0)
    monkeypatch.setattr(optimize, "tqdm", every_step)
    run(start, progress=True, steps=3)
    shown = capsys.readouterr().err
    assert re.search(r"2/3 \[\d\d:\d\d<\d\d:\d\d", shown)  # time taken, time left
    assert "loss=" in shown
    run(start, progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("optimizer", STEP_SIZES)
def test_the_steps_one_by_one_are_those_of_the_whole_run(start, optimizer):
    options = {"optimizer": optimizer, "steps": 5, "step_size": 0.05, "project": torch.sigmoid}
    seen = [(image.clone(), loss) for image, loss in pixel_steps(start, to_grey, **options)]
    whole = run(start, snapshots=5, **options)
    assert [loss for _, loss in seen] == whole.losses
    for (image, _), (_, snapshot) in zip(seen, whole.snapshots, strict=True):
        assert torch.equal(image, snapshot)


# errors


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_the_step(start, bad):
    calls = []

    def loss(image):
        calls.append(1)
        return to_grey(image) * (bad if len(calls) == 3 else 1)

    with pytest.raises(ValueError, match=rf"the loss is {bad} at step 3 of 20.*step_size"):
        run(start, loss)


def test_a_gradient_that_is_not_finite_is_caught_though_the_loss_is(start):
    with pytest.raises(ValueError, match=r"at step 1 of 20.*180 values that are not finite"):
        run(start, lambda image: (image - image.detach()).square().sqrt().sum())


@pytest.mark.parametrize(
    ("loss", "got"),
    [
        (lambda image: image.square().sum((1, 2, 3)), r"shape \(2,\)"),
        (lambda image: None, "None"),
        (lambda image: 0.5, "0.5"),
    ],
)
def test_a_loss_that_is_no_scalar_tensor_is_named(start, loss, got):
    with pytest.raises(ValueError, match=rf"loss at step 1 of 20 to be a scalar tensor, got {got}"):
        run(start, loss)


def test_a_loss_of_shape_1_is_a_scalar(start):
    assert run(start, lambda image: to_grey(image)[None]).losses == run(start).losses


@pytest.mark.parametrize(
    "loss",
    [lambda image: to_grey(image.detach()), lambda image: torch.ones((), requires_grad=True) * 2],
)
def test_a_loss_without_the_image_is_named(start, loss):
    with pytest.raises(ValueError, match=r"does not depend on the image: look for \.detach\(\)"):
        run(start, loss)


def test_an_unknown_optimizer_lists_the_known_ones(start):
    with pytest.raises(ValueError, match=r"'adam', 'lbfgs', 'norm', 'mean_abs'.*got 'sgd'"):
        run(start, optimizer="sgd")


@pytest.mark.parametrize(
    "wrong", [torch.zeros(3, 6, 5), torch.zeros(1, 3, 4, 4, dtype=torch.uint8)]
)
def test_a_start_of_another_shape_or_type_is_named(wrong):
    with pytest.raises(ValueError, match=r"start of shape \(N, 3, H, W\).*got \("):
        run(wrong)


def test_fast_follows_the_environment(monkeypatch):
    monkeypatch.delenv("LABKIT_FAST", raising=False)
    monkeypatch.delenv("NBGRADER_VALIDATING", raising=False)
    assert fast(256, 16) == 256
    monkeypatch.setenv("LABKIT_FAST", "0")
    assert fast(256, 16) == 256
    monkeypatch.setenv("LABKIT_FAST", "1")
    assert fast(256, 16) == 16


def test_validate_is_fast(monkeypatch):
    """It stops a cell after 30 s, unless the student's computer has a setting."""
    monkeypatch.setenv("LABKIT_FAST", "0")
    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    assert fast(256, 16) == 16
