"""Drawing: one mosaic of a layer's maps against as many subplots."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure

from benchmarks.harness import Agreement, Rival, Task, close
from benchmarks.subjects import kit_network
from labkit import data, plotting
from labkit.hooks import activations

LAYER, MAPS = "blocks.1.1.bn2.act", 64


def mosaic_of_maps() -> Task:
    """Show 64 maps in a notebook, numbered, each on its own scale."""
    with torch.no_grad():
        maps = activations(kit_network(), data.photo("cat"), LAYER)[LAYER][0, :MAPS].numpy()

    def ours() -> Figure:
        figure = plotting.show_maps(maps, columns=8, per_map=True)
        figure._repr_mimebundle_()
        return figure

    def subplots() -> Figure:
        from IPython.core.pylabtools import print_figure
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(8, 8, figsize=(9, 9))
        for channel, (ax, one) in enumerate(zip(axes.flat, maps, strict=True)):
            ax.imshow(one, cmap="gray")
            ax.set_title(channel, fontsize=7)
            ax.axis("off")
        pyplot.close(figure)
        print_figure(figure, "png", bbox_inches="tight", dpi=100)  # as a notebook does
        return figure

    def by_greys(ours: Figure, theirs: Figure) -> Agreement:
        whole = np.asarray(ours.axes[0].images[0].get_array())
        h, w = maps.shape[1:]
        places = [(i // 8 * (h + 1), i % 8 * (w + 1)) for i in range(MAPS)]
        drawn = [whole[top : top + h, left : left + w] for top, left in places]
        pictures = [ax.images[0] for ax in theirs.axes]
        return close(
            np.stack(drawn), np.stack([np.asarray(p.norm(p.get_array())) for p in pictures])
        )

    size = f"{MAPS} of {maps.shape[1]} x {maps.shape[2]}, as a notebook shows them"
    return Task("maps", size, ours, [Rival("Matplotlib, 64 subplots", subplots, by_greys, 8)])
