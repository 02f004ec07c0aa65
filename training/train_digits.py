"""Train the digit network on scikit-learn's digits: python training/train_digits.py."""

import argparse
import csv
from pathlib import Path

import torch
import torch.nn.functional as F
from batch_norm import fold_batch_norm, with_batch_norm
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from labkit.data import digits
from labkit.small_networks import digit_network

ROOT = Path(__file__).resolve().parents[1]
BATCH = 64
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-2
MAX_ANGLE, MAX_SHIFT, MAX_SCALE = 0.25, 0.12, 0.15  # radians; shares of the half side; share


def main() -> None:
    """Train, save weights and log, and print the numbers that training/README.md quotes."""
    args = parse_arguments()
    torch.set_num_threads(1)  # sums in another order would give other weights
    model, losses = train(args.steps, args.seed)
    args.output.write_bytes(save(model.state_dict()))
    with args.log.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("step", "loss"))
        writer.writerows((step, f"{loss:.4f}") for step, loss in list(enumerate(losses))[::10])
    images, labels = digits("test")
    features = model[:-1](images)  # all but the classifier: relu4's output
    print(f"test accuracy        {accuracy(model, images, labels):.4f}")
    print(f"t-SNE 5-NN, pixels   {tsne_neighbor_accuracy(images.flatten(1), labels):.4f}")
    print(f"t-SNE 5-NN, features {tsne_neighbor_accuracy(features, labels):.4f}")


def parse_arguments() -> argparse.Namespace:
    """Return steps, seed and the two files to write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=ROOT / "labkit/weights/digits.safetensors")
    parser.add_argument("--log", type=Path, default=ROOT / "training/digits.log.csv")
    return parser.parse_args()


def train(steps: int, seed: int) -> tuple[nn.Sequential, list[float]]:
    """Return the trained network, frozen and in eval mode, and the loss of every step."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # PyTorch's initializers know the global generator only
        model = with_batch_norm(digit_network())  # without, 25 of 64 features are never active
    images, labels = digits("train")
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses = []
    for _ in tqdm(range(steps), mininterval=5):
        chosen = torch.randint(len(images), (BATCH,), generator=generator)
        logits = model(jitter(images[chosen], generator))
        loss = F.cross_entropy(logits, labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return fold_batch_norm(model).requires_grad_(False).eval(), losses


def jitter(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return the images (N, 3, H, W), each a little rotated, scaled and shifted."""
    angle, scale, right, down = 2 * torch.rand(4, len(images), generator=generator) - 1
    scale = 1 + MAX_SCALE * scale
    cosine, sine = scale * (MAX_ANGLE * angle).cos(), scale * (MAX_ANGLE * angle).sin()
    rows = [cosine, -sine, MAX_SHIFT * right, sine, cosine, MAX_SHIFT * down]
    maps = torch.stack(rows, dim=1).view(-1, 2, 3)  # output place -> input place
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is their label's."""
    with torch.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


def tsne_neighbor_accuracy(vectors: Tensor, labels: Tensor, k: int = 5) -> float:
    """Return how often the k nearest neighbors in a t-SNE plane vote for the right label.

    Args:
        vectors: (N, D). labels: (N,).
    """
    from sklearn.manifold import TSNE

    plane = TSNE(perplexity=30, init="pca", random_state=0, n_jobs=1).fit_transform(vectors)
    distances = torch.cdist(torch.from_numpy(plane), torch.from_numpy(plane))
    distances.fill_diagonal_(torch.inf)  # a point is no neighbor of its own
    votes = labels[distances.topk(k, largest=False).indices]  # (N, k)
    return (votes.mode(dim=1).values == labels).float().mean().item()


if __name__ == "__main__":
    main()
