"""Train the filter network on photo patches: python training/train_filters.py.

The task is to tell from which of 18 photos a patch was cut. That alone gives mostly flat colour
filters, because colour tells photos apart. A regularizer therefore asks the first layer for sparse
and uncorrelated responses, which natural images grant to oriented edges and opposing colours.
"""

import argparse
import csv
import math
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from batch_norm import fold_batch_norm, with_batch_norm
from PIL import Image
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from labkit.small_networks import FILTER_CATEGORIES, filter_network

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    files("skimage") / "data",
    files("sklearn") / "datasets" / "images",
    files("matplotlib") / "mpl-data" / "sample_data",
)
LONGEST_SIDE, PATCH = 640, 32
TEST_SHARE = 0.2  # the right-hand strip of every photo; no training patch reaches into it
BATCH, TEST_PATCHES = 128, 2000
LEARNING_RATE, MOMENTUM = 0.1, 0.9
WEIGHT_DECAY, CONV1_WEIGHT_DECAY = 2e-3, 1e-2  # the stronger one wears off initial noise
SPARSITY, DECORRELATION = 4.0, 1.0


def main() -> None:
    """Train, save weights and log, and print the numbers that training/README.md quotes."""
    args = parse_arguments()
    torch.set_num_threads(1)  # sums in another order would give other weights
    photos = load_photos()
    model, log = train(photos, args.steps, args.seed)
    args.output.write_bytes(save(model.state_dict()))
    with args.log.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("step", "cross_entropy", "regularizer"))
        writer.writerows((step, f"{a:.4f}", f"{b:.4f}") for step, a, b in log[::20])
    print(f"patches of the held-out strips: {held_out_accuracy(model, photos):.3f} correct")
    torch.manual_seed(args.seed)
    for name, network in (("trained", model), ("random", filter_network())):
        for layer in ("conv1", "conv2"):
            weight = network.get_submodule(layer).weight.detach()
            print(
                f"{name:8s}{layer}  orientedness {orientedness(weight).mean():.2f}  "
                f"channel correlation {channel_correlation(weight).abs().mean():.2f}"
            )


def parse_arguments() -> argparse.Namespace:
    """Return steps, seed and the two files to write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=ROOT / "labkit/weights/filters.safetensors")
    parser.add_argument("--log", type=Path, default=ROOT / "training/filters.log.csv")
    return parser.parse_args()


def load_photos() -> list[Tensor]:
    """Return the photos of FILTER_CATEGORIES, each (3, H, W) in [0, 1]."""
    return [load_photo(name) for name in FILTER_CATEGORIES]


def load_photo(name: str) -> Tensor:
    """Return one photo of the installed wheels, its longest side at most LONGEST_SIDE."""
    paths = [folder / (name + suffix) for folder in FOLDERS for suffix in (".png", ".jpg")]
    path = next(path for path in paths if path.is_file())
    image = Image.open(path).convert("RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def train(
    photos: list[Tensor], steps: int, seed: int
) -> tuple[nn.Sequential, list[tuple[int, float, float]]]:
    """Return the trained network, folded, frozen, in eval mode, and both losses of every step."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # PyTorch's initializers know the global generator only
        model = with_batch_norm(filter_network())
    optimizer = make_optimizer(model)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.1
    )
    log = []
    for step in tqdm(range(steps), mininterval=5):
        patches, labels = sample_patches(photos, BATCH, generator)
        patches = jitter_colors(patches, generator)
        responses = model[:2](patches)  # normalize, conv1
        cross_entropy = F.cross_entropy(model[2:](responses), labels)
        regularizer = sparse_and_uncorrelated(responses)
        optimizer.zero_grad()
        (cross_entropy + regularizer).backward()
        optimizer.step()
        schedule.step()
        log.append((step, cross_entropy.item(), regularizer.item()))
    return fold_batch_norm(model).requires_grad_(False).eval(), log


def make_optimizer(model: nn.Module) -> torch.optim.SGD:
    """Return SGD (Adam leaves noise in the filters) with a stronger decay on conv1."""
    first = model.get_parameter("conv1.weight")
    later = [p for p in model.parameters() if p.ndim > 1 and p is not first]
    vectors = [p for p in model.parameters() if p.ndim == 1]  # decay would silence channels
    groups = [
        {"params": [first], "weight_decay": CONV1_WEIGHT_DECAY},
        {"params": later, "weight_decay": WEIGHT_DECAY},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, LEARNING_RATE, momentum=MOMENTUM, nesterov=True)


def sparse_and_uncorrelated(responses: Tensor) -> Tensor:
    """Return a scalar that is low where responses (N, F, H, W) are sparse and uncorrelated.

    Each filter's responses are centred and scaled to variance 1 first, so that small weights gain
    nothing. After Bell and Sejnowski, 1997: edges are the independent components of natural scenes.
    """
    z = responses[:, :, ::2, ::2].transpose(0, 1).flatten(1)  # (F, N*h*w)
    z = (z - z.mean(1, keepdim=True)) / z.std(1, keepdim=True)
    correlation = z @ z.T / z.shape[1]  # (F, F)
    off_diagonal = correlation - torch.diag(correlation.diagonal())
    return SPARSITY * z.abs().mean() + DECORRELATION * off_diagonal.square().mean(1).sum()


def sample_patches(
    photos: list[Tensor], n: int, generator: torch.Generator, *, test: bool = False
) -> tuple[Tensor, Tensor]:
    """Return n patches (n, 3, 32, 32), rotated, mirrored and scaled, and their photos (n,)."""
    labels = torch.randint(len(photos), (n,), generator=generator).sort().values
    counts = torch.bincount(labels, minlength=len(photos)).tolist()
    patches = [cut(photo, k, generator, test) for photo, k in zip(photos, counts, strict=True) if k]
    return torch.cat(patches), labels


def cut(photo: Tensor, n: int, generator: torch.Generator, test: bool) -> Tensor:
    """Return n patches (n, 3, 32, 32) of the photo's left part, or of the strip held out."""
    height, width = photo.shape[1:]
    angle, log_scale, mirror, across, down = torch.rand(5, n, generator=generator)
    angle = 0.6 * (angle - 0.5)
    half = PATCH / 2 * 1.5 * (log_scale * math.log(0.5)).exp()  # 0.75 to 1.5 pixels a pixel
    margin = half * math.sqrt(2)  # half the diagonal: no corner leaves the part
    left, right = ((1 - TEST_SHARE) * width, width) if test else (0, (1 - TEST_SHARE) * width)
    x = left + margin + across * (right - left - 2 * margin)
    y = margin + down * (height - 2 * margin)
    cosine, sine = half * angle.cos(), half * angle.sin()
    flip = 2 * (mirror < 0.5) - 1
    across_row = [2 / width * v for v in (cosine * flip, -sine, x)]
    down_row = [2 / height * v for v in (sine * flip, cosine, y)]
    maps = torch.stack(across_row + down_row, dim=1).view(n, 2, 3)
    maps[:, :, 2] -= 1  # affine_grid measures from -1 to 1
    grid = F.affine_grid(maps, [n, 3, PATCH, PATCH], align_corners=False)
    return F.grid_sample(photo.expand(n, -1, -1, -1), grid, align_corners=False)


def jitter_colors(patches: Tensor, generator: torch.Generator) -> Tensor:
    """Return patches with other saturation, colour balance, contrast and brightness."""

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        values = torch.rand(len(patches), channels, 1, 1, generator=generator)
        return low + (high - low) * values

    grey = patches.mean(1, keepdim=True)
    patches = grey + (patches - grey) * uniform(0.6, 1.8)
    patches = patches * uniform(0.8, 1.2, channels=3)
    mean = patches.mean((1, 2, 3), keepdim=True)
    patches = (patches - mean) * uniform(0.6, 1.4) + mean
    return (patches + uniform(-0.15, 0.15, channels=3)).clamp(0, 1)


def held_out_accuracy(model: nn.Module, photos: list[Tensor]) -> float:
    """Return the share of held-out patches, colours as they are, put to the right photo."""
    generator = torch.Generator().manual_seed(0)
    patches, labels = sample_patches(photos, TEST_PATCHES, generator, test=True)
    with torch.no_grad():
        return (model(patches).argmax(1) == labels).float().mean().item()


def orientedness(weight: Tensor) -> Tensor:
    """Return how far each slice's spectrum lies along one direction: 0 in all, 1 in one.

    Args:
        weight: (F, C, k, k).
    Returns: (F, C), the length of the power-weighted mean of exp(2i * direction).
    """
    centred = weight - weight.mean((2, 3), keepdim=True)
    power = torch.fft.fft2(centred, s=(16, 16)).abs().square()
    frequency = torch.fft.fftfreq(16)
    double_angle = 2 * torch.atan2(frequency[:, None], frequency[None, :])
    mean = (power * torch.polar(torch.ones(16, 16), double_angle)).sum((2, 3))
    return mean.abs() / power.sum((2, 3))


def channel_correlation(weight: Tensor) -> Tensor:
    """Return the correlation of every pair of a filter's slices: (F, C, k, k) -> (F, pairs).

    Near 1 they show one pattern in grey, near -1 in opposing colours, near 0 unrelated noise.
    """
    flat = weight.flatten(2)
    flat = F.normalize(flat - flat.mean(2, keepdim=True), dim=2)
    first, second = torch.triu_indices(weight.shape[1], weight.shape[1], offset=1)
    return (flat @ flat.transpose(1, 2))[:, first, second]


if __name__ == "__main__":
    main()
