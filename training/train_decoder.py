"""Train the decoder that lab 09 uses as a prior on digits: python training/train_decoder.py.

A variational autoencoder (Kingma and Welling, 2013) on scikit-learn's digits, of which only the
decoder is kept: 8 numbers in, a picture that looks like handwriting out.
"""

import argparse
import csv
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from labkit.data import digits
from labkit.small_networks import DECODER_LATENTS, digit_decoder

ROOT = Path(__file__).resolve().parents[1]
BATCH = 64
LEARNING_RATE = 2e-3
KL_WEIGHT = 0.06  # more gives blurred digits, less gives latents whose samples are no digits
SIDE = 8  # of the digits before `labkit.data` enlarges them


def main() -> None:
    """Train, save weights and log, and print the numbers that training/README.md quotes."""
    args = parse_arguments()
    torch.set_num_threads(1)  # sums in another order would give other weights
    decoder, log = train(args.steps, args.seed)
    args.output.write_bytes(save(decoder.state_dict()))
    with args.log.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("step", "error", "divergence"))
        rows = list(enumerate(log))[::20]
        writer.writerows((step, f"{error:.4f}", f"{kl:.4f}") for step, (error, kl) in rows)
    known, fresh = digits("train")[0], digits("test")[0]
    noise = torch.rand(300, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    print(
        f"distance to the nearest training digit, samples     {nearest(draw(decoder), known):.4f}"
    )
    print(f"distance to the nearest training digit, test digits {nearest(fresh, known):.4f}")
    print(f"distance to the nearest training digit, white noise {nearest(noise, known):.4f}")


def parse_arguments() -> argparse.Namespace:
    """Return steps, seed and the two files to write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=ROOT / "labkit/weights/decoder.safetensors")
    parser.add_argument("--log", type=Path, default=ROOT / "training/decoder.log.csv")
    return parser.parse_args()


def train(steps: int, seed: int) -> tuple[nn.Sequential, list[tuple[float, float]]]:
    """Return the decoder, frozen and in eval mode, and (error, divergence) of every step."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # PyTorch's initializers know the global generator only
        encoder, decoder = digit_encoder(), digit_decoder()
    images, _ = digits("train")
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    log = []
    for _ in tqdm(range(steps), mininterval=5):
        batch = images[torch.randint(len(images), (BATCH,), generator=generator)]
        error, divergence = losses(encoder, decoder, batch, generator)
        optimizer.zero_grad()
        (error + KL_WEIGHT * divergence).backward()
        optimizer.step()
        schedule.step()
        log.append((error.item(), divergence.item()))
    return decoder.requires_grad_(False).eval(), log


def digit_encoder() -> nn.Sequential:
    """Return the untrained encoder: mean and log-variance of each latent, (N, 2 * latents)."""
    return nn.Sequential(
        nn.AvgPool2d(32 // SIDE),
        nn.Flatten(),
        nn.Linear(3 * SIDE * SIDE, 128),
        nn.ReLU(),
        nn.Linear(128, 128),
        nn.ReLU(),
        nn.Linear(128, 2 * DECODER_LATENTS),
    )


def losses(
    encoder: nn.Module, decoder: nn.Module, images: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return squared error, in pixels of the small digits, and divergence from N(0, 1)."""
    mean, log_variance = encoder(images).chunk(2, dim=1)
    noise = torch.randn(mean.shape, generator=generator)
    pictures = decoder(mean + (log_variance / 2).exp() * noise)
    error = F.mse_loss(pictures, images) * SIDE * SIDE
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
    return error, divergence


@torch.no_grad()
def draw(decoder: nn.Module, count: int = 300) -> Tensor:
    """Return pictures of random latents, (count, 3, 32, 32)."""
    generator = torch.Generator().manual_seed(0)
    return decoder(torch.randn(count, DECODER_LATENTS, generator=generator))


def nearest(images: Tensor, known: Tensor) -> float:
    """Return the mean distance to the nearest known image, root mean square over the pixels."""
    distances = torch.cdist(images.flatten(1), known.flatten(1)).amin(1)
    return float(distances.mean()) / images[0].numel() ** 0.5


if __name__ == "__main__":
    main()
