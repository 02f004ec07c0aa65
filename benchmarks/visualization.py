"""Pictures made by steps: of a class, of a neuron, inversion, DeepDream.

Every way takes the same steps from the same start; results are compared after a few. Where no
library does a thing, the rival is the recipe that one finds in tutorials: a forward hook, the whole
network, `loss.backward()`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.harness import Agreement, Rival, Task, alike
from benchmarks.subjects import kit_network, layer_of, solved, with_either
from labkit import data
from labkit.hooks import activations
from labkit.models import label_of

SIDE, STEPS, STEP_SIZE = 224, 16, 1.5
FEW = {"steps": 2}
CHANNEL_LAYER, CHANNEL, CHANNEL_SIDE = "blocks.2.1", 10, 80
INVERTED, DREAMT = "blocks.2.1", "blocks.4.2"


def class_visualization() -> Task:
    """Steps along the normalized gradient of a logit."""
    label, start = label_of(kit_network(), "dalmatian"), _grey(SIDE)
    rivals = _lucents("labels", label, start, aim=2.4)
    ours = _climb(kit_network(), label, start)
    return Task("class visualization", f"{STEPS} steps, {SIDE} px", ours, rivals, FEW)


def neuron_visualization() -> Task:
    """The same for the mean of a channel, as in the lab."""
    network = solved("09-class-visualization", "Channels")(kit_network(), CHANNEL_LAYER)
    start = _grey(CHANNEL_SIDE)
    rivals = _lucents(CHANNEL_LAYER, CHANNEL, start, aim=3.7)
    size = f"a channel of {CHANNEL_LAYER}, {STEPS} steps, {CHANNEL_SIDE} px"
    return Task("neuron visualization", size, _climb(network, CHANNEL, start), rivals, FEW)


def _climb(network: nn.Module, label: int, start: Tensor) -> Callable[..., Tensor]:
    step = solved("09-class-visualization", "class_visualization_step")

    def ours(steps: int = STEPS) -> Tensor:
        image = start
        for _ in range(steps):
            image = step(network, image, label, 0.0, STEP_SIZE)
        return image

    return ours


def inversion() -> Task:
    """A picture back from a photo's features, by Adam."""
    invert = solved("11-feature-inversion", "invert_features")
    photo = data.photo("cat", SIDE)
    with torch.no_grad():
        target = activations(kit_network(), photo, INVERTED)[INVERTED]
    noise = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))

    def ours(steps: int = STEPS) -> Tensor:
        return invert(kit_network(), INVERTED, target, SIDE, steps, 2e-4, 0)

    def recipe(network: nn.Module) -> Callable[..., Tensor]:
        def run(steps: int = STEPS) -> Tensor:
            image = (0.5 + 0.02 * noise).requires_grad_()
            adam = torch.optim.Adam([image], lr=0.03)
            with _HookRecipe(network, INVERTED) as features_of:
                for _ in range(steps):
                    adam.zero_grad()
                    difference = (features_of(image) - target).square().sum()
                    loss = difference / target.square().sum() + 2e-4 * _total_variation(image)
                    loss.backward()
                    adam.step()
                    with torch.no_grad():
                        image.clamp_(0, 1)
            return image.detach()

        return run

    size = f"{INVERTED}, {STEPS} steps, {SIDE} px"
    return Task("inversion", size, ours, _recipes(recipe, alike, aim=2.3), FEW)


def deepdream() -> Task:
    """Steps that strengthen a layer."""
    step = solved("12-deepdream", "dream_step")
    photo = data.photo("cat", SIDE)

    def ours(steps: int = STEPS) -> Tensor:
        image = photo
        for _ in range(steps):
            image = step(kit_network(), image, DREAMT, 0.012)
        return image

    def recipe(network: nn.Module) -> Callable[..., Tensor]:
        def run(steps: int = STEPS) -> Tensor:
            image = photo.clone().requires_grad_()
            with _HookRecipe(network, DREAMT) as features_of:
                for _ in range(steps):
                    loss = -0.5 * features_of(image).square().sum()
                    loss.backward()
                    with torch.no_grad():
                        image -= 0.012 * image.grad / image.grad.abs().mean()
                    image.grad.zero_()
            return image.detach()

        return run

    def of_the_change(ours: Tensor, theirs: Tensor) -> Agreement:
        return alike(ours - photo, theirs - photo)

    size = f"{DREAMT}, {STEPS} steps, {SIDE} px"
    return Task("DeepDream", size, ours, _recipes(recipe, of_the_change, aim=2.3), FEW)


def _grey(side: int) -> Tensor:
    noise = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    return 0.5 + 0.01 * noise


# The recipe of tutorials


class _HookRecipe:
    """A forward hook that keeps a layer's output; the network runs to its end."""

    def __init__(self, network: nn.Module, layer: str):
        self.network, self.layer = network, layer_of(network, layer)

    def __enter__(self) -> Callable[[Tensor], Tensor]:
        self.kept: Tensor
        self.handle = self.layer.register_forward_hook(self._keep)
        return self._features

    def __exit__(self, *_: object) -> None:
        self.handle.remove()

    def _keep(self, module: nn.Module, inputs: tuple, output: Tensor) -> None:
        self.kept = output

    def _features(self, image: Tensor) -> Tensor:
        self.network(image)
        return self.kept


def _recipes(recipe: Callable, compare: Callable, aim: float) -> list[Rival]:
    return [
        Rival(f"hook recipe, {name}", run, compare, aim if number == 0 else None)
        for number, (name, run) in enumerate(with_either(recipe).items())
    ]


def _total_variation(image: Tensor) -> Tensor:
    down, right = image.diff(dim=2), image.diff(dim=3)
    return down.square().sum() + right.square().sum()


# Lucent


def _lucents(layer: str, channel: int, start: Tensor, aim: float) -> list[Rival]:
    def of_the_change(ours: Tensor, theirs: Tensor) -> Agreement:
        return alike(ours - start, theirs - start)

    ways = with_either(lambda network: _lucent(network, layer, channel, start))
    return [
        Rival(f"Lucent, {name}", run, of_the_change, aim if number == 0 else None)
        for number, (name, run) in enumerate(ways.items())
    ]


def _lucent(network: nn.Module, layer: str, channel: int, start: Tensor) -> Callable[..., Tensor]:
    def run(steps: int = STEPS) -> Tensor:
        from lucent.optvis import objectives, render

        pixels = start.clone().requires_grad_()
        objective = objectives.channel(_lucents_name(network, layer), channel)
        hooked = {m: m._forward_hooks.copy() for m in network.modules()}
        try:
            pictures = render.render_vis(
                network,
                objective,
                param_f=lambda: ([pixels], lambda: pixels),
                optimizer=lambda parameters: _NormalizedSteps(parameters, lr=STEP_SIZE),
                transforms=[],
                thresholds=(steps,),
                fixed_image_size=start.shape[2],  # else small ones are enlarged
                preprocess=False,  # the network does it
                progress=False,
                show_image=False,
            )
        finally:  # it leaves its hooks behind
            for module, hooks in hooked.items():
                module._forward_hooks = hooks
        return torch.from_numpy(pictures[-1]).movedim(-1, 1)

    return run


def _lucents_name(network: nn.Module, layer: str) -> str:
    if layer == "labels":  # the last layer
        return layer
    module = layer_of(network, layer)
    return next(n for n, other in network.named_modules() if other is module).replace(".", "_")


class _NormalizedSteps(torch.optim.Optimizer):
    """Steps of one length along the gradient, as the lab takes them."""

    def __init__(self, parameters: list[Tensor], lr: float):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> None:
        """Evaluate the loss and go down."""
        with torch.enable_grad():
            closure()
        for group in self.param_groups:
            for pixels in group["params"]:
                pixels -= group["lr"] * pixels.grad / pixels.grad.norm()
