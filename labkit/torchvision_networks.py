"""Torchvision's ImageNet networks as chains of named modules: structure, weights, layer names."""

import pickle
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import nn

from labkit.downloads import no_stalling
from labkit.rewrite import separate_activations


class WeightsMissingError(RuntimeError):
    """The weights of a network are neither on this machine nor could they be downloaded."""


def _numbered(prefix: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"{prefix}.{number}" for number in numbers)


# Layers worth looking at, shallow to deep.
LAYERS = {
    "alexnet": (*_numbered("features", 1, 4, 7, 9, 11), *_numbered("classifier", 2, 5)),
    "vgg16": (
        *_numbered("features", 1, 3, 6, 8, 11, 13, 15, 18, 20, 22, 25, 27, 29),
        *_numbered("classifier", 1, 4),
    ),
    "vgg19": (
        *_numbered("features", 1, 3, 6, 8, 11, 13, 15, 17, 20, 22, 24, 26, 29, 31, 33, 35),
        *_numbered("classifier", 1, 4),
    ),
    "resnet18": ("relu", "layer1", "layer2", "layer3", "layer4"),
    "resnet101": ("relu", "layer1", "layer2", "layer3", "layer4"),
    "densenet121": (
        "features.relu0",
        *("features.denseblock1", "features.transition1.relu"),
        *("features.denseblock2", "features.transition2.relu"),
        *("features.denseblock3", "features.transition3.relu"),
        *("features.denseblock4", "relu"),
    ),
    "squeezenet1_1": _numbered("features", 1, 3, 4, 6, 7, 9, 10, 11, 12),
    "googlenet": (
        *("conv1", "conv2", "conv3", "inception3a", "inception3b", "inception4a", "inception4b"),
        *("inception4c", "inception4d", "inception4e", "inception5a", "inception5b"),
    ),
}
LINEAR = {f"features.denseblock{number}" for number in (1, 2, 3, 4)}  # all others are rectified
NAMES = tuple(LAYERS)


def torchvision_chain(name: str, *, trained: bool) -> dict[str, nn.Module]:
    """Return the network's modules under torchvision's names, in the order they are called.

    Raises: WeightsMissingError if `trained` and there are no weights to be had.
    """
    from torchvision.models.googlenet import BasicConv2d
    from torchvision.models.resnet import BasicBlock, Bottleneck

    network = _trained(name) if trained else _untrained(name)
    separate_activations(network, (BasicBlock, Bottleneck, BasicConv2d))
    *body, head = network.named_children()  # registered in the order of the forward pass
    # What torchvision's forward does by functions between these modules, or after them.
    if name == "densenet121":
        body += [("relu", nn.ReLU()), ("avgpool", nn.AdaptiveAvgPool2d(1))]
    flatten = ("flatten", nn.Flatten())
    return dict([*body, head, flatten] if name == "squeezenet1_1" else [*body, flatten, head])


def normalization(name: str) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of the three channels that the network was trained with.

    GoogLeNet's weights expect 0.5 and 0.5, into which torchvision's `transform_input` converts.
    """
    if name == "googlenet":
        return [0.5] * 3, [0.5] * 3
    preprocessing = _weights(name).transforms()
    return preprocessing.mean, preprocessing.std


def imagenet_categories() -> tuple[str, ...]:
    """Return the 1000 class names, which torchvision carries in its package."""
    return tuple(_weights("alexnet").meta["categories"])


def cached_file(name: str) -> Path:
    """Return where torchvision keeps the weights of a network, whether or not they are there."""
    return Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(_weights(name).url).path).name)


def _weights(name: str):
    from torchvision.models import get_model_weights

    return get_model_weights(name).IMAGENET1K_V1


def _untrained(name: str) -> nn.Module:
    from torchvision.models import get_model

    # Without auxiliary classifiers, and without minutes of truncated normal draws.
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    return get_model(name, weights=None, **options)


def _trained(name: str) -> nn.Module:
    from torchvision.models import get_model

    was_there = cached_file(name).exists()
    try:
        with no_stalling():
            return get_model(name, weights=_weights(name))
    except (OSError, HTTPException, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise WeightsMissingError(_explain(name, was_there, error)) from error


def _explain(name: str, was_there: bool, error: Exception) -> str:
    file = cached_file(name)
    if was_there:
        trouble, repair = "cannot be read", "Delete it and try again, or replace it by the file at"
    else:
        trouble, repair = "are not here and could not be downloaded", "Put there the file from"
    return (
        f"The weights of {name!r} {trouble} ({type(error).__name__}: {error}).\n"
        f"Wanted: {file.name}\nin the folder: {file.parent}\n{repair}: {_weights(name).url}\n"
        "No download is needed for load_model(), load_model('filters') and load_model('digits')."
    )
