"""Which pixels matter: saliency, integrated gradients, occlusion, guided backpropagation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.harness import Agreement, Rival, Task, alike, close
from benchmarks.subjects import kit_network, solved, timm_network, with_either, without_the_kit
from labkit import data
from labkit.models import random_model
from labkit.remember import Remembering

PHOTO, SIDE = "coffee", 224
SIZE, STRIDE = 32, 8  # pixels: 625 windows


def saliency() -> Task:
    """|d logit / d pixel| of one photo: one forward and one backward pass."""
    image, label = _photo()
    saliency_map = solved("06-saliency", "saliency_map")

    def captum(network: nn.Module) -> Callable[[], Tensor]:
        def run() -> Tensor:
            from captum.attr import Saliency

            return Saliency(network).attribute(image, target=label).amax(dim=1)

        return run

    return Task(
        "saliency",
        f"one photo of {SIDE} px",
        lambda: saliency_map(kit_network(), image, torch.tensor([label])),
        [
            Rival(f"Captum, {name}", run, alike, aim)
            for (name, run), aim in zip(with_either(captum).items(), (1.5, None), strict=True)
        ],
    )


def integrated_gradients(steps: int = 50) -> Task:
    """The gradient along the way from grey to the photo. No lab has it: ours stands below."""
    image, label = _photo()
    grey = torch.full_like(image, 0.5)

    def captum(network: nn.Module, batch: int | None) -> Callable[[], Tensor]:
        def run() -> Tensor:
            from captum.attr import IntegratedGradients

            method = IntegratedGradients(network)
            options = {"n_steps": steps, "internal_batch_size": batch}
            return method.attribute(image, grey, target=label, **options)

        return run

    return Task(
        "integrated gradients",
        f"{steps} steps, {SIDE} px",
        lambda: _integrated(kit_network(), image, grey, label, steps),
        [
            Rival("Captum, timm's network", without_the_kit(captum(timm_network(), None)), alike),
            Rival("Captum, the kit's network", captum(kit_network(), None), alike),
            Rival("Captum, the kit's network, 8 at a time", captum(kit_network(), 8), alike),
        ],
    )


def _integrated(model: nn.Module, image: Tensor, start: Tensor, label: int, steps: int) -> Tensor:
    nodes, weights = (torch.tensor(x).to(image) for x in np.polynomial.legendre.leggauss(steps))
    shares = ((1 + nodes) / 2).view(-1, 1, 1, 1)  # from [-1, 1] to [0, 1]
    total = torch.zeros_like(image)
    for share, weight in zip(shares.split(8), (weights / 2).split(8), strict=True):
        points = (start + share * (image - start)).requires_grad_()  # (8, 3, H, W)
        (gradients,) = torch.autograd.grad(model(points)[:, label].sum(), points)
        total += (weight.view(-1, 1, 1, 1) * gradients).sum(dim=0, keepdim=True)
    return total * (image - start)


def occlusion() -> Task:
    """The probability with each of 625 windows covered in grey: the lab's loop, remembering."""
    image, label = _photo()
    occlusion_map = solved("05-occlusion", "occlusion_map")

    def lab(network: nn.Module) -> Tensor:
        return occlusion_map(network, image, label, SIZE, STRIDE, 0.5)

    def captum(network: nn.Module, batch: int) -> Callable[[], Tensor]:
        def run() -> Tensor:
            from captum.attr import Occlusion

            probability = nn.Sequential(network, nn.Softmax(dim=1))
            options = {"perturbations_per_eval": batch, "baselines": 0.5, "target": label}
            shapes = {"sliding_window_shapes": (3, SIZE, SIZE), "strides": (3, STRIDE, STRIDE)}
            with torch.no_grad():
                return Occlusion(probability).attribute(image, **shapes, **options)[0, 0]

        return run

    def compare(ours: Tensor, theirs: Tensor) -> Agreement:
        with torch.no_grad():
            fall = kit_network()(image).softmax(dim=1)[0, label] - ours
        return close(_per_pixel(fall), theirs)

    return Task(
        "occlusion",
        f"{((SIDE - SIZE) // STRIDE + 1) ** 2} windows of {SIZE} px, stride {STRIDE}, {SIDE} px",
        lambda: lab(Remembering(kit_network(), image)),
        [
            Rival("the lab's loop, not remembering", lambda: lab(kit_network()), close),
            Rival("Captum, timm's network", without_the_kit(captum(timm_network(), 1)), compare, 4),
            Rival("Captum, the kit's network", captum(kit_network(), 1), compare),
            Rival("Captum, the kit's network, 8 at a time", captum(kit_network(), 8), compare),
        ],
    )


def _per_pixel(values: Tensor) -> Tensor:
    """Return (H, W), the mean over the windows that cover a pixel: what Captum gives."""

    def spread(values: Tensor) -> Tensor:
        windows = values.reshape(1, 1, -1).expand(1, SIZE * SIZE, -1)
        return F.fold(windows, (SIDE, SIDE), SIZE, stride=STRIDE)[0, 0]

    return spread(values) / spread(torch.ones_like(values))


def guided_backprop() -> Task:
    """The guided gradient of a logit. Random weights do: the rule is what counts."""
    image, label = _photo()
    resnet = random_model("resnet18")
    ours = solved("08-guided-backprop", "guided_backprop")

    def captum(network: nn.Module) -> Callable[[], Tensor]:
        def run() -> Tensor:
            from captum.attr import GuidedBackprop

            return GuidedBackprop(network).attribute(image, target=label)[0]

        return run

    def grad_cam(network: nn.Module) -> Callable[[], Tensor]:
        def run() -> Tensor:
            from pytorch_grad_cam import GuidedBackpropReLUModel

            gradient = GuidedBackpropReLUModel(network)(image.clone(), label)
            return torch.from_numpy(gradient).movedim(-1, 0)

        return run

    return Task(
        "guided backprop",
        f"ResNet-18, random weights, {SIDE} px",
        lambda: ours(resnet, image, "fc", label),
        [
            Rival("Captum", captum(resnet), close),
            Rival("pytorch-grad-cam", grad_cam(resnet), close),
        ],
    )


def _photo() -> tuple[Tensor, int]:
    label = data.photo_label(PHOTO)
    assert label is not None
    return data.photo(PHOTO, SIDE), label
