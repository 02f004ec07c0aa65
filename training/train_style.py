"""Train the networks of lab 15: python training/train_style.py instance | batch | none | styles.

One network for one style with instance, batch or no normalization (Johnson et al., 2016; Ulyanov
et al., 2016), or one for several styles with conditional instance normalization (Dumoulin et al.,
2016). All learn from the same crops, in the same order, with the same number of steps.
"""

import argparse
import csv
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from labkit import data
from labkit.hooks import activations
from labkit.models import load_model
from labkit.style_networks import HELD_OUT, STYLES, ScaleAndShift, StyleNetwork

ROOT = Path(__file__).resolve().parents[1]
STYLE_LAYERS = ("bn1.act", "blocks.0.0", "blocks.1.1", "blocks.2.1", "blocks.3.2")
CONTENT_LAYER = "blocks.2.1"
CONTENT_WEIGHT, CONTENT_WEIGHT_STYLES = 0.4, 1.0  # strokes swallow more of a photo than glass
VARIATION_WEIGHT = 0.01
STYLE_SIDE, CROP, BATCH = 192, 96, 4
LEARNING_RATE, LEARNING_RATE_NONE = 5e-3, 1e-3  # unnormalized, 5e-3 ends in black paintings
WARM_UP = 0.1
LOG_EVERY = 50


class ConditionalNorm(nn.Module):
    """Instance normalization with a scale and a shift for each style, mixed by its weights."""

    def __init__(self, channels: int, styles: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x: Tensor, style_weights: Tensor) -> Tensor:
        """Return x (N, C, H, W) in the styles of style_weights (N, S)."""
        scale, shift = (style_weights @ p for p in (self.weight, self.bias))  # (N, C) each
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


NORMALIZATIONS = {
    "instance": partial(ScaleAndShift, normalize=F.instance_norm),
    "batch": nn.BatchNorm2d,
    "none": partial(ScaleAndShift, normalize=nn.Identity()),
    "styles": partial(ConditionalNorm, styles=len(STYLES)),
}


def main() -> None:
    """Train one network, save weights and log, and print the numbers of training/README.md."""
    args = parse_arguments()
    torch.set_num_threads(1)  # sums in another order would give other weights
    network, log = train(args.network, args.steps, args.seed)
    args.output.write_bytes(save(half_precision(network.state_dict())))
    with args.log.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("step", "content", "style"))
        writer.writerows((step, f"{c:.4f}", f"{s:.4f}") for step, c, s in log)
    step, content, style = log[-1]
    print(f"{args.network}: {sum(p.numel() for p in network.parameters()):,} parameters")
    print(f"held-out photos after {step} steps: content {content:.3f}, style {style:.3f}")


def parse_arguments() -> argparse.Namespace:
    """Return which network, steps, seed and the two files to write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=NORMALIZATIONS)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--log", type=Path)
    args = parser.parse_args()
    stem = ROOT / "labkit/weights" / f"style-{args.network}"  # the lab draws the logs, too
    args.output = args.output or stem.with_suffix(".safetensors")
    args.log = args.log or stem.with_suffix(".csv")
    return args


def train(kind: str, steps: int, seed: int) -> tuple[StyleNetwork, list[tuple[int, float, float]]]:
    """Return the trained network in eval mode, and (step, content, style) on held-out photos."""
    generator = torch.Generator().manual_seed(seed)
    model, crops = load_model(), training_crops()
    grams = style_grams(model, STYLES if kind == "styles" else STYLES[:1])
    content_weight = CONTENT_WEIGHT_STYLES if kind == "styles" else CONTENT_WEIGHT
    learning_rate = LEARNING_RATE_NONE if kind == "none" else LEARNING_RATE
    network = untrained(kind, seed)
    optimizer = torch.optim.Adam(network.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=steps, pct_start=WARM_UP
    )
    log = []
    for step in tqdm(range(steps), mininterval=5):
        if step % LOG_EVERY == 0:
            log.append((step, *held_out_losses(model, network, grams)))
        images = crops[torch.randint(len(crops), (BATCH,), generator=generator)]
        weights = one_style_each(BATCH, len(grams[CONTENT_LAYER]), generator)
        content, style, variation = losses(model, network, images, grams, weights)
        optimizer.zero_grad()
        (content_weight * content + style + VARIATION_WEIGHT * variation).backward()
        optimizer.step()
        schedule.step()
    log.append((steps, *held_out_losses(model, network, grams)))
    return network.requires_grad_(False).eval(), log


def untrained(kind: str, seed: int) -> StyleNetwork:
    """Return the network with He's initialization, which a network without normalization needs."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # PyTorch's initializers know the global generator only
        network = StyleNetwork(NORMALIZATIONS[kind])
        for module in network.modules():
            if isinstance(module, nn.Conv2d) and module is not network.last:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return network


def training_crops() -> Tensor:
    """Return crops (N, 3, CROP, CROP) of photos and textures at three scales, and their mirrors."""
    names = [name for name in data.photo_names() if name not in HELD_OUT]
    crops = []
    for scale in (1.3, 1.6, 2.3):
        side = round(scale * CROP)
        textures = [data.texture(name, side) for name in ("brick", "grass", "gravel")]
        images = torch.cat([data.photos(names, side), *textures])
        crops.append(data.patches(images, CROP, count=400))
    return torch.cat([side for crop in crops for side in (crop, crop.flip(3))])


@torch.no_grad()
def style_grams(model: nn.Module, names: tuple[str, ...]) -> dict[str, Tensor]:
    """Return layer -> (S, C, C), the Gram matrices of the style images."""
    images = torch.cat([data.style(name, STYLE_SIDE) for name in names])
    return {layer: gram(f) for layer, f in activations(model, images, STYLE_LAYERS).items()}


def gram(features: Tensor) -> Tensor:
    """Return (N, C, C), divided by C * H * W."""
    flat = features.flatten(2)
    return flat @ flat.mT / flat[0].numel()


def one_style_each(n: int, styles: int, generator: torch.Generator) -> Tensor:
    """Return style weights (n, S): a style drawn for each image."""
    return F.one_hot(torch.randint(styles, (n,), generator=generator), styles).float()


def losses(
    model: nn.Module,
    network: StyleNetwork,
    images: Tensor,
    grams: dict[str, Tensor],
    weights: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return content, style and total variation of the paintings, means over the images.

    Content and each layer's style are relative to their target's square.
    """
    paintings = network(images, weights) if len(grams[CONTENT_LAYER]) > 1 else network(images)
    features = activations(model, paintings, STYLE_LAYERS)
    with torch.no_grad():
        target = activations(model, images, CONTENT_LAYER)[CONTENT_LAYER]
    content = relative(features[CONTENT_LAYER], target)
    chosen = weights.argmax(dim=1)
    style = sum(relative(gram(features[layer]), g[chosen]) for layer, g in grams.items())
    return content, style, variation(paintings)


def relative(value: Tensor, target: Tensor) -> Tensor:
    """Return the squared distance over the target's square, the mean over the images."""
    axes = tuple(range(1, value.ndim))
    return ((value - target).square().sum(axes) / target.square().sum(axes)).mean()


def variation(images: Tensor) -> Tensor:
    """Return the mean squared difference of neighbours, down and across."""
    return images.diff(dim=2).square().mean() + images.diff(dim=3).square().mean()


@torch.no_grad()
def held_out_losses(
    model: nn.Module, network: StyleNetwork, grams: dict[str, Tensor]
) -> tuple[float, float]:
    """Return content and style loss of photos that no crop was cut from, in eval mode."""
    images = data.photos(list(HELD_OUT), 128)
    network.eval()
    rows = []
    for one_hot in torch.eye(len(grams[CONTENT_LAYER])):
        weights = one_hot.expand(len(images), -1)
        rows.append(torch.stack(losses(model, network, images, grams, weights)[:2]))
    network.train()
    content, style = torch.stack(rows).mean(0).tolist()
    return content, style


def half_precision(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of convolutions as float16, all else as it is: half the file."""
    return {name: w.half() if w.ndim == 4 else w for name, w in state.items()}


if __name__ == "__main__":
    main()
