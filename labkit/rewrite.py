"""Rewrite networks so that activations can be seen, replaced and redrawn; logits stay the same."""

import copy
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def separate_activations(network: nn.Module, blocks: tuple[type[nn.Module], ...]) -> None:
    """Make every activation of `network` a module of its own that changes nothing in place.

    A hook then sees each activation once, its capture stays as it was, and putting a function in
    its place reaches all of them. The network is changed, its logits are not.

    Args:
        network: what to change.
        blocks: the classes whose `forward` calls functional activations, calls one module several
            times, or adds in place; none contains another. Only these are traced, so all other
            modules keep their class.
    """
    for module in network.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    for name, module in list(network.named_modules()):
        if isinstance(module, blocks):
            network.set_submodule(name, _rewrite_block(module))


class _ThisForwardOnly(fx.Tracer):
    """Traces one `forward` and no deeper, so that containers are still called and hooks fire."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return True


def _rewrite_block(block: nn.Module) -> fx.GraphModule:
    graph = _ThisForwardOnly().trace(block)  # records `out += x` as `out + x`
    called: list[str] = []
    for node in graph.nodes:
        if node.target is F.relu:
            block.add_module("relu", nn.ReLU())
            node.op, node.target, node.args, node.kwargs = "call_module", "relu", node.args[:1], {}
        elif node.op == "call_module":
            again = called.count(node.target)
            called.append(node.target)
            if again:
                twin = f"{node.target}_{again}"  # relu_1, relu_2, as torchvision's own tracer says
                block.add_module(twin, copy.deepcopy(block.get_submodule(node.target)))
                node.target = twin
    return fx.GraphModule(block, graph, type(block).__name__)


def fold_batch_norm(network: nn.Module) -> None:
    """Fold timm's batch normalizations into the convolutions before them, in place.

    `bn2` then holds nothing but its activation, so `bn2.act` is still a name. Computed in double
    precision; logits differ by rounding only.
    """
    from timm.layers import BatchNormAct2d

    for parent in network.modules():
        conv = None
        for name, child in list(parent.named_children()):
            if isinstance(child, BatchNormAct2d):
                _fold(conv, child)
                setattr(parent, name, nn.Sequential(OrderedDict(act=child.act)))
            conv = child


@torch.no_grad()
def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    bias = None if conv.bias is None else conv.bias.double()
    weight, bias = fuse_conv_bn_weights(
        conv.weight.double(),
        bias,
        norm.running_mean.double(),
        norm.running_var.double(),
        norm.eps,
        norm.weight.double(),
        norm.bias.double(),
    )
    conv.weight, conv.bias = nn.Parameter(weight.float()), nn.Parameter(bias.float())


def weighted_layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    """Return the convolutions and linear layers, shallow to deep."""
    return [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


@torch.no_grad()
def randomize(network: nn.Module, side: int, generator: torch.Generator) -> None:
    """Draw every weight anew, normal, scaled until its layer's output has deviation 1; no biases.

    One forward pass over noise images of `side` x `side` pixels. Without the scaling, random
    weights fade to nothing in GoogLeNet and grow to 10^4 in ResNet-101, where batch normalization
    has no statistics yet.

    Reference: Mishkin and Matas, "All you need is a good init", 2016. Ours keeps the draw normal
    where theirs is orthogonal, and takes one pass where theirs repeats.
    """
    for layer in weighted_layers(network):
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
    handles = [m.register_forward_hook(_scale_to_one) for m in weighted_layers(network)]
    try:
        network(torch.rand(2, 3, side, side, generator=generator))
    finally:
        for handle in handles:
            handle.remove()


def _scale_to_one(layer: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    if layer.bias is not None:
        output = output - layer.bias.view(-1, *[1] * (output.ndim - 2))  # channels or features
        layer.bias.zero_()
    std = output.std()
    layer.weight.div_(std)
    return output / std
