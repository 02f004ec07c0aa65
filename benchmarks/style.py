"""Style transfer: the embedded network against VGG-19, the kit's steps against pystiche's."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.harness import Agreement, Rival, Task, alike
from benchmarks.subjects import kit_network, solved
from labkit import data
from labkit.hooks import activations
from labkit.models import random_model

SIDE, STEPS = 224, 4
CONTENT_WEIGHT = 0.05
CONTENT = "features.22"  # of VGG-19, as in lab 14
STYLE = [f"features.{number}" for number in (1, 6, 11, 20, 29)]


def small_network() -> Task:
    """One style, two networks: the pictures differ, so what is asked is that each gets nearer."""
    vgg = random_model("vgg19")

    def distance_left(network: nn.Module, image: Tensor) -> float:
        look, loss = solved("14-style-transfer", "look"), solved("14-style-transfer", "style_loss")
        grams = solved("14-style-transfer", "style_grams")(network, _style())
        weights = solved("14-style-transfer", "relative")(1.0, grams)
        with torch.no_grad():
            before, after = (loss(look(network, x)[1], grams, weights) for x in (_photo(), image))
        return float(after / before)

    def both_get_nearer(ours: Tensor, theirs: Tensor) -> Agreement:
        left = distance_left(kit_network(), ours), distance_left(vgg, theirs)
        measure = f"style distance left: ours {left[0]:.0%}, VGG-19 {left[1]:.0%}"
        return Agreement(measure, max(left) < 0.9)

    return Task(
        "style transfer",
        f"embedded network, {STEPS} steps, {SIDE} px",
        lambda: _stylize(kit_network()),
        [Rival("VGG-19, the kit's steps", lambda: _stylize(vgg), both_get_nearer, 20)],
    )


def same_network() -> Task:
    """The same steps on one VGG-19 with random weights, which do for time."""
    vgg = random_model("vgg19")

    def of_the_change(ours: Tensor, theirs: Tensor) -> Agreement:
        return alike(ours - _photo(), theirs - _photo())

    return Task(
        "style transfer",
        f"VGG-19, random weights, {STEPS} steps, {SIDE} px",
        lambda: _stylize(vgg),
        [Rival("pystiche, the same VGG-19", _pystiche(vgg), of_the_change)],
    )


def _photo() -> Tensor:
    return data.photo("pagoda", SIDE)


def _style() -> Tensor:
    return data.style("swirls", SIDE)


def _stylize(network: nn.Module) -> Tensor:
    stylize = solved("14-style-transfer", "stylize")
    return stylize(network, _photo(), _style(), CONTENT_WEIGHT, 1.0, 0.0, STEPS)


def _pystiche(network: nn.Module) -> Callable[[], Tensor]:
    def run() -> Tensor:
        pystiche = _import_pystiche()
        encoder = pystiche.enc.MultiLayerEncoder(
            [("normalize", network.normalize), *network.features.named_children()]
        )
        losses = [("content", _content(pystiche, encoder, network))]
        losses += [(layer[9:], _gram(pystiche, encoder, network, layer)) for layer in STYLE]
        criterion = pystiche.loss.LossContainer(losses)
        options = {"num_steps": STEPS, "quiet": True}
        image = pystiche.optim.image_optimization(_photo().clone(), criterion, **options)
        return image.clamp(0, 1)

    return run


def _content(pystiche, encoder, network: nn.Module):
    """Return its loss, a mean, weighted so that it is the lab's, a share of the target's norm."""
    with torch.no_grad():
        target = activations(network, _photo(), CONTENT)[CONTENT]
    weight = CONTENT_WEIGHT * target.numel() / float(target.square().sum())
    encode = encoder.extract_encoder(CONTENT[9:])
    loss = pystiche.loss.FeatureReconstructionLoss(encode, score_weight=weight)
    loss.set_target_image(_photo())
    return loss


def _gram(pystiche, encoder, network: nn.Module, name: str):
    with torch.no_grad():
        gram = pystiche.gram_matrix(activations(network, _style(), name)[name])
    weight = gram.numel() / len(STYLE) / float(gram.square().sum())
    encode = encoder.extract_encoder(name[9:])
    loss = pystiche.loss.GramLoss(encode, normalize=False, score_weight=weight)
    loss.set_target_image(_style())
    return loss


def _import_pystiche():
    """Import pystiche 1.0.1, which asks torchvision for tables of addresses that are gone."""
    for name, network in (("alexnet", "alexnet"), ("vgg", "vgg19")):
        module = importlib.import_module(f"torchvision.models.{name}")
        vars(module).setdefault("model_urls", {network: ""})
    import pystiche
    import pystiche.enc
    import pystiche.loss
    import pystiche.optim

    return pystiche
