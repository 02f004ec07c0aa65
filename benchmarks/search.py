"""Over many images: where a channel is strongest; maps of vectors by t-SNE."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.harness import Agreement, Rival, Task, close
from benchmarks.subjects import kit_network, layer_of, solved, timm_network, without_the_kit
from labkit import data
from labkit.patches import best_places

LAYER, CHANNELS, K = "blocks.2.1.bn2.act", (0, 30, 60, 90, 120, 150, 178, 203), 9
IMAGES, SIDE = 1000, 128
POINTS, PERPLEXITY = 150, 15


def best_patches() -> Task:
    """The places where eight channels are strongest."""
    images = data.patches(data.photos(size=256), SIDE, IMAGES)
    find = solved("04-activations-and-patches", "top_patches")

    def ours() -> Tensor:
        best = best_places(find, kit_network(), LAYER, CHANNELS, images.split(8), K)
        return torch.tensor([[place.activation for place in places] for places in best.values()])

    def recipe(network: nn.Module, batch: int) -> Callable[[], Tensor]:
        def run() -> Tensor:
            kept: list[Tensor] = []
            layer = layer_of(network, LAYER)
            handle = layer.register_forward_hook(lambda m, i, output: kept.append(output))
            with torch.no_grad():
                for some in images.split(batch):
                    network(some)
            handle.remove()
            maps = torch.cat(kept)[:, list(CHANNELS)]  # (N, C, h, w)
            return maps.flatten(2).amax(2).topk(K, dim=0).values.T

        return run

    return Task(
        "best patches",
        f"{LAYER}, {len(CHANNELS)} channels, {IMAGES} images of {SIDE} px",
        ours,
        [
            Rival(
                "hook recipe, 64 at a time, timm's network",
                without_the_kit(recipe(timm_network(), 64)),
                close,
                4.6,
            ),
            Rival("hook recipe, 8 at a time, the kit's network", recipe(kit_network(), 8), close),
        ],
    )


def tsne_of_digits() -> Task:
    """The lab's own exact descent; maps may differ, their divergence must not."""
    images, _ = data.digits("test")
    x = images[:POINTS, 0].flatten(1)
    affinities = solved("03-embedding-maps", "perplexity_affinities")
    squared, divergence = (
        solved("03-embedding-maps", name) for name in ("squared_distances", "divergence")
    )
    P = affinities(squared(x), PERPLEXITY)

    def ours() -> Tensor:
        start = 1e-2 * torch.randn(POINTS, 2, generator=torch.Generator().manual_seed(0))
        P = affinities(squared(x), PERPLEXITY)
        return solved("03-embedding-maps", "descend")(P, start, 1000)[0]

    def sklearn() -> Tensor:
        from sklearn.manifold import TSNE

        options = {"method": "exact", "init": "random", "random_state": 0, "max_iter": 1000}
        return torch.from_numpy(TSNE(perplexity=PERPLEXITY, **options).fit_transform(x.numpy()))

    def by_divergence(ours: Tensor, theirs: Tensor) -> Agreement:
        a, b = divergence(P, ours), divergence(P, theirs)
        return Agreement(f"divergence: ours {a:.3f}, theirs {b:.3f}", abs(a - b) < 0.1 * b)

    size = f"{POINTS} digits, exact, 1000 steps"
    return Task("t-SNE", size, ours, [Rival("scikit-learn, exact", sklearn, by_divergence)])


def tsne_of_features(count: int = 500) -> Task:
    """scikit-learn's t-SNE, after PCA in the lab, of all dimensions without."""
    images = data.patches(data.photos(size=256), 96, count)
    with torch.no_grad():
        x = solved("02-nearest-neighbors", "extract_features")(kit_network(), images)
    tsne_map = solved("03-embedding-maps", "tsne_map")

    def sklearn() -> Tensor:
        from sklearn.manifold import TSNE

        options = {"init": "pca", "random_state": 0, "max_iter": 1000}
        return torch.from_numpy(TSNE(perplexity=10, **options).fit_transform(x.numpy()))

    def by_neighbours(ours: Tensor, theirs: Tensor) -> Agreement:
        from sklearn.manifold import trustworthiness

        a, b = (float(trustworthiness(x.numpy(), y.numpy())) for y in (ours, theirs))
        return Agreement(f"trustworthiness: ours {a:.3f}, theirs {b:.3f}", a > b - 0.02)

    return Task(
        "t-SNE after PCA",
        f"{count} vectors of {x.shape[1]}",
        lambda: tsne_map(x),
        [Rival("scikit-learn, all dimensions", sklearn, by_neighbours)],
    )
