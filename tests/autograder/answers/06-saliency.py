"""What students answer in lab 06: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""

# %% [markdown]
# # saliency_map: mistakes

# %% The gradient of the cross-entropy, averaged over the images exercise="saliency_map" fails="gradient_of_the_logit scale" says="gradient of a loss"
import torch.nn.functional as F


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return images.grad.abs().max(dim=1).values


# %% The gradient of the log-probability exercise="saliency_map" fails="gradient_of_the_logit" says="log-softmax"
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    scores = model(images).log_softmax(1).gather(1, labels.view(-1, 1))
    (gradients,) = torch.autograd.grad(scores.sum(), images)
    return gradients.abs().amax(1)


# %% The gradient of the probability exercise="saliency_map" fails="gradient_of_the_logit scale" says="of a probability"
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    scores = model(images).softmax(1).gather(1, labels.view(-1, 1))
    (gradients,) = torch.autograd.grad(scores.sum(), images)
    return gradients.abs().amax(1)


# %% squeeze() makes the logits of a single image 0-d exercise="saliency_map" fails="one_image" says="squeeze()"
import torch


def saliency_map(model, images, labels):
    images.requires_grad_()
    logits = model(images).gather(1, labels.view(-1, 1)).squeeze()
    logits.backward(torch.ones(len(logits)))
    return images.grad.abs().max(1)[0]


# %% squeeze() drops the first axis of a single image exercise="saliency_map" fails="one_image" says="N = 1 fails although N = 2 works"
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    logits = model(images)[range(len(labels)), labels]
    (gradients,) = torch.autograd.grad(logits.sum(), images)
    return gradients.abs().amax(1).squeeze()


# %% The number of photos in the notebook stands in the code exercise="saliency_map" fails="all" says="only N = 6 works"
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    logits = model(images).gather(1, labels.view(-1, 1)).view(-1)
    logits.backward(torch.ones(6))
    return images.grad.abs().amax(1)


# %% Five images, as in the course this was copied from exercise="saliency_map" fails="all" says="only N = 5 works"
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    logits = model(images)[torch.arange(5), labels]
    logits.sum().backward()
    return images.grad.abs().amax(1)


# %% No absolute value exercise="saliency_map" fails="absolute_value" says="absolute value comes too late, or never"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.max(dim=1).values


# %% The absolute value is computed and thrown away exercise="saliency_map" fails="absolute_value" says="absolute value"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    images.grad.abs()
    strongest = images.grad.abs().argmax(dim=1, keepdim=True)
    return images.grad.gather(1, strongest).squeeze(1)


# %% The largest gradient less the smallest exercise="saliency_map" fails="absolute_value" says="where the gradient is negative"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    positive, negative = images.grad.clamp(min=0), images.grad.clamp(max=0)
    return positive.amax(1) - 0.5 * negative.amin(1)


# %% The channels are added up exercise="saliency_map" fails="largest_channel" says="take their maximum"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().sum(dim=1)


# %% The channels are averaged exercise="saliency_map" fails="largest_channel scale" says="added up or averaged"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().mean(dim=1)


# %% The channels are combined by their norm exercise="saliency_map" fails="largest_channel" says="norm"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.norm(dim=1)


# %% Only the green channel is looked at exercise="saliency_map" fails="largest_channel" says="only channel 1 is used"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad[:, 1].abs()


# %% All N x N pairs of image and label exercise="saliency_map" fails="each_its_own_label" says="N x N logits"
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    (gradients,) = torch.autograd.grad(model(images)[:, labels].sum() / len(labels), images)
    return gradients.abs().amax(1)


# %% The pairs of image and label, summed exercise="saliency_map" fails="each_its_own_label scale" says="N x N logits"
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    (gradients,) = torch.autograd.grad(model(images)[:, labels].sum(), images)
    return gradients.abs().amax(1)


# %% The first image's label for all of them exercise="saliency_map" fails="each_its_own_label" says="first image's label"
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    (gradients,) = torch.autograd.grad(model(images)[:, labels[0]].sum(), images)
    return gradients.abs().amax(1)


# %% Only the first image's logit is differentiated exercise="saliency_map" fails="several_images" says="only the first image has a map"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images)[0, labels[0]].backward()
    return images.grad.abs().amax(1)


# %% The images are mixed exercise="saliency_map" fails="several_images" says="every map is the sum of all"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    gradients = images.grad.sum(0, keepdim=True) / len(images)
    if len(labels.unique()) > 1:
        gradients = images.grad
    return gradients.expand_as(images).abs().amax(1)


# %% The mean over the images exercise="saliency_map" fails="scale" says="shrinks when there are more images"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).mean().backward()
    return images.grad.abs().amax(1)


# %% Scaled for display exercise="saliency_map" fails="scale" says="scale it for display"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    maps = images.grad.abs().amax(1)
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low)


# %% The class that the network would choose exercise="saliency_map" fails="all" says="not the largest logit"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).max(dim=1).values.sum().backward()
    return images.grad.abs().amax(1)


# %% The gradient is added to the caller's images exercise="saliency_map" fails="images_unchanged" says="in place"
def saliency_map(model, images, labels):
    images.requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    images.data += images.grad
    return images.grad.abs().amax(1)


# %% The network is left in training mode exercise="saliency_map" fails="model_unchanged" says="mode"
def saliency_map(model, images, labels):
    model.train()
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().amax(1)


# %% A hook stays on the network exercise="saliency_map" fails="model_unchanged" says="hook"
def saliency_map(model, images, labels):
    kept = []
    model.register_full_backward_hook(lambda module, gradients, _: kept.append(gradients))
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().amax(1)


# %% The weights keep asking for gradients exercise="saliency_map" fails="model_unchanged" says="requires_grad"
def saliency_map(model, images, labels):
    model.requires_grad_(True)
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().amax(1)


# %% A weight is changed behind autograd's back exercise="saliency_map" fails="model_unchanged" says="a weight"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    next(model.parameters()).data[0] = 0
    return images.grad.abs().amax(1)


# %% The raw gradient, channels last exercise="saliency_map" fails="all" says="should have shape (1, 9, 7)"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.permute(0, 2, 3, 1)


# %% Height and width are swapped exercise="saliency_map" fails="all" says="and has (1, 7, 9)"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().amax(1).transpose(1, 2)


# %% A network of one's own inside the function exercise="saliency_map" fails="all" says="use the `model` that is passed in"
from labkit.models import load_model


def saliency_map(model, images, labels):
    model = load_model()
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().amax(1)


# %% No return exercise="saliency_map" fails="all" says="not answered yet: `saliency_map` returns None"
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    maps = images.grad.abs().amax(1)


# %% A stub that returns its input exercise="saliency_map" fails="all" says="not answered yet: `saliency_map` returns what it was given"
def saliency_map(model, images, labels):
    return images


# %% Zeros of the right shape exercise="saliency_map" fails="all" says="another network gives the same map"
import torch


def saliency_map(model, images, labels):
    return torch.zeros(len(images), *images.shape[2:])


# %% Another signature exercise="saliency_map" fails="all" says="positional argument"
def saliency_map(images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().amax(1)


# %% The images never ask for a gradient exercise="saliency_map" fails="all" says="does not require grad"
def saliency_map(model, images, labels):
    images = images.clone()
    model(images).gather(1, labels.view(-1, 1)).sum().backward()
    return images.grad.abs().amax(1)

# %% [markdown]
# # saliency_map: unusual and right

# %% requires_grad_ on the images that were given, backward with ones exercise="saliency_map" right=true
import torch


def saliency_map(model, images, labels):
    model.eval()
    images.requires_grad_()
    logits = model(images).gather(1, labels.view(-1, 1)).squeeze(1)
    logits.backward(torch.ones_like(logits))
    saliency, _ = torch.max(torch.abs(images.grad.data), dim=1)
    return saliency


# %% Fancy indexing exercise="saliency_map" right=true
import torch


def saliency_map(model, images, labels):
    images = images.detach().requires_grad_(True)
    chosen = model(images)[torch.arange(len(images)), labels]
    return torch.autograd.grad(chosen.sum(), [images])[0].abs().max(1)[0]


# %% A mask of ones at the labels exercise="saliency_map" right=true
import torch
import torch.nn.functional as F


def saliency_map(model, images, labels):
    images = torch.nn.Parameter(images.clone())
    logits = model(images)
    logits.backward(F.one_hot(labels, logits.shape[1]).to(logits.dtype))
    return images.grad.abs().amax(1)


# %% NumPy from the gradient on exercise="saliency_map" right=true
import numpy as np


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels.unsqueeze(1)).sum().backward()
    return np.abs(images.grad.numpy()).max(axis=1)


# %% One image after the other, with prints and a progress bar exercise="saliency_map" right=true
import sys
import warnings

import torch
from tqdm.auto import tqdm


def saliency_map(model, images, labels):
    warnings.warn("slow", stacklevel=1)
    maps = []
    for image, label in tqdm(list(zip(images, labels))):
        leaf = image[None].clone().requires_grad_()
        logit = model(leaf)[0, label.item()]
        logit.backward()
        print("logit", logit.item(), file=sys.stderr)
        maps.append(leaf.grad.squeeze(0).abs().amax(0))
    return torch.stack(maps)


# %% A list of maps exercise="saliency_map" right=true
import torch


def saliency_map(model, images, labels):
    def one(image, label):
        leaf = image[None].clone().requires_grad_()
        return torch.autograd.grad(model(leaf)[0, label], leaf)[0][0].abs().amax(0)

    return [one(image, label) for image, label in zip(images, labels)]


# %% torch.func exercise="saliency_map" right=true
import torch


def saliency_map(model, images, labels):
    def total(x):
        return model(x).gather(1, labels[:, None]).sum()

    return torch.func.grad(total)(images.detach()).abs().amax(1)


# %% Jacobians, a sample at a time exercise="saliency_map" right=true
import torch
from torch.autograd.functional import jacobian


def saliency_map(model, images, labels):
    rows = [
        jacobian(lambda x, k=k: model(x)[0, k], image[None])[0] for image, k in zip(images, labels)
    ]
    return torch.stack(rows).abs().max(dim=1).values


# %% Float64 exercise="saliency_map" right=true
import copy


def saliency_map(model, images, labels):
    exact = copy.deepcopy(model).double()
    images = images.double().requires_grad_()
    exact(images).gather(1, labels[:, None]).sum().backward()
    return images.grad.abs().amax(1)


# %% Maximum and minimum instead of an absolute value exercise="saliency_map" right=true
import torch


def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels[:, None]).sum().backward()
    return torch.maximum(images.grad.amax(1), -images.grad.amin(1))


# %% The gradient of minus the logit exercise="saliency_map" right=true
def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    loss = -model(images).gather(1, labels[:, None]).sum()
    loss.backward()
    return images.grad.abs().amax(1)


# %% A hook on the images, taken away afterwards exercise="saliency_map" right=true
def saliency_map(model, images, labels):
    seen = []
    images = images.clone().requires_grad_()
    handle = images.register_hook(seen.append)
    model(images).gather(1, labels[:, None]).sum().backward()
    handle.remove()
    return seen[0].abs().amax(1)


# %% A callable object, and an answer that still requires a gradient exercise="saliency_map" right=true
import torch


class Saliency:
    def __call__(self, model, images, labels):
        images = images.clone().requires_grad_()
        logits = model(images).gather(1, labels[:, None]).sum()
        (gradients,) = torch.autograd.grad(logits, images, create_graph=True)
        return gradients.abs().amax(1) + 0 * images.sum()


saliency_map = Saliency()


# %% Helpers, a decorator, constants, a table filled after it was made exercise="saliency_map" right=true
import torch

AXES = {}
AXES["channels"] = 1
STEPS = []
STEPS.append(torch.abs)
for reduce in (torch.amax,):
    STEPS.append(lambda x, reduce=reduce: reduce(x, AXES["channels"]))


def pick(logits, labels):
    return logits.gather(1, labels[:, None])


@torch.enable_grad()
def saliency_map(model, images, labels):
    x = images.clone().requires_grad_()
    (value,) = torch.autograd.grad(pick(model(x), labels).sum(), x)
    for step in STEPS:
        value = step(value)
    return value

# %% [markdown]
# # randomize_top: mistakes

# %% The given network itself is changed exercise="randomize_top" fails="original_unchanged" says="redraw a copy"
import torch


def randomize_top(model, depth, seed):
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        layer.weight.data = (
            torch.randn(layer.weight.shape, generator=generator) * layer.weight.std()
        )
    return model


# %% Only the layers at the top of the list of modules exercise="randomize_top" fails="depth" says="those inside of other modules"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.children() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    for layer in layers[len(layers) - depth :]:
        noise = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data = noise * layer.weight.std()
    return model


# %% Each weight is scaled by its old value exercise="randomize_top" fails="random" says="not normally distributed"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    for layer in layers[len(layers) - depth :]:
        noise = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data = noise * layer.weight
    return model


# %% A slice of minus zero exercise="randomize_top" fails="depth" says="`layers[-0:]`"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[-depth:]:
        layer.weight.data = (
            torch.randn(layer.weight.shape, generator=generator) * layer.weight.std()
        )
    return model


# %% ReLU and pooling are counted exercise="randomize_top" fails="depth" says="Count nn.Conv2d and nn.Linear"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = list(model.children())
    for layer in layers[len(layers) - depth :]:
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            noise = torch.randn(layer.weight.shape, generator=generator)
            layer.weight.data = noise * layer.weight.std()
    return model


# %% Everything with a weight is counted exercise="randomize_top" fails="depth" says="normalization"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if getattr(m, "weight", None) is not None]
    for layer in layers[len(layers) - depth :]:
        layer.weight.data = (
            torch.randn(layer.weight.shape, generator=generator) * layer.weight.std()
        )
    return model


# %% One layer too many exercise="randomize_top" fails="last_layer depth" says="layers before the last one changed"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth - 1 :]:
        layer.weight.data = (
            torch.randn(layer.weight.shape, generator=generator) * layer.weight.std()
        )
    return model


# %% The first layers instead of the last exercise="randomize_top" fails="last_layer depth" says="last weighted layer kept its weights"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[:depth]:
        layer.weight.data = (
            torch.randn(layer.weight.shape, generator=generator) * layer.weight.std()
        )
    return model


# %% All layers, whatever the depth exercise="randomize_top" fails="last_layer depth" says="layers before the last one changed"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    for layer in model.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            noise = torch.randn(layer.weight.shape, generator=generator)
            layer.weight.data = noise * layer.weight.std()
    return model


# %% A standard deviation of 1 exercise="randomize_top" fails="spread" says="measure the layer's own"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        layer.weight.data = torch.randn(layer.weight.shape, generator=generator)
    return model


# %% The variance instead of the standard deviation exercise="randomize_top" fails="spread" says="standard deviation"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        layer.weight.data = (
            torch.randn(layer.weight.shape, generator=generator) * layer.weight.var()
        )
    return model


# %% One standard deviation for all layers exercise="randomize_top" fails="spread" says="the layer's own"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    spread = torch.cat([layer.weight.flatten() for layer in layers]).std()
    for layer in layers[len(layers) - depth :]:
        layer.weight.data = torch.randn(layer.weight.shape, generator=generator) * spread
    return model


# %% PyTorch's own initialization exercise="randomize_top" fails="spread random biases_stay global_seed_untouched" says="default initialization"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    torch.manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        layer.reset_parameters()
    return model


# %% Noise is added to the old weights exercise="randomize_top" fails="random" says="do not add noise"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        noise = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data += 0.5 * layer.weight.std() * noise
    return model


# %% Uniform numbers exercise="randomize_top" fails="random" says="torch.randn"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        noise = torch.rand(layer.weight.shape, generator=generator) - 0.5
        layer.weight.data = noise * layer.weight.std() * 12**0.5
    return model


# %% Positive numbers only exercise="randomize_top" fails="random" says="mean of 0"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        noise = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data = (noise + 1) * layer.weight.std()
    return model


# %% The generator starts again in each layer exercise="randomize_top" fails="random" says="make the generator once"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        generator = torch.Generator().manual_seed(seed)
        layer.weight.data = (
            torch.randn(layer.weight.shape, generator=generator) * layer.weight.std()
        )
    return model


# %% The biases are redrawn, too exercise="randomize_top" fails="biases_stay" says="redraw the weights alone"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        for p in layer.parameters():
            p.data = torch.randn(p.shape, generator=generator) * p.std()
    return model


# %% The seed is ignored exercise="randomize_top" fails="seed_repeats global_seed_untouched" says="use `seed`"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        layer.weight.data = torch.randn(layer.weight.shape) * layer.weight.std()
    return model


# %% A seed of one's own exercise="randomize_top" fails="seed_matters" says="not a number of your own"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(42)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        layer.weight.data = (
            torch.randn(layer.weight.shape, generator=generator) * layer.weight.std()
        )
    return model


# %% The global seed is set exercise="randomize_top" fails="global_seed_untouched" says="torch.Generator().manual_seed(seed)"
import copy

import torch


def randomize_top(model, depth, seed):
    torch.manual_seed(seed)
    model = copy.deepcopy(model)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        layer.weight.data = torch.randn_like(layer.weight) * layer.weight.std()
    return model


# %% The new weights are made and not put in exercise="randomize_top" fails="all" says="not answered yet: `randomize_top` changes no weight"
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        weight = layer.weight.clone()
        weight.copy_(torch.randn(weight.shape, generator=generator) * weight.std())
    return model


# %% The weights instead of a network exercise="randomize_top" fails="all" says="should be a network, and is a dict"
import copy

import torch


def randomize_top(model, depth, seed):
    weights = copy.deepcopy(model.state_dict())
    generator = torch.Generator().manual_seed(seed)
    names = [n for n in weights if n.endswith("weight") and weights[n].dim() > 1]
    for n in names[len(names) - depth :]:
        weights[n] = torch.randn(weights[n].shape, generator=generator) * weights[n].std()
    return weights


# %% No return exercise="randomize_top" fails="all" says="not answered yet: `randomize_top` returns None"
import copy


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)


# %% The old weights in another order exercise="randomize_top" fails="random" says="in another order"
import copy

import torch
from torch import nn


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        weight = layer.weight.data
        order = torch.randperm(weight.numel(), generator=generator)
        layer.weight.data = weight.flatten()[order].view_as(weight)
    return model


# %% The mean is kept as well exercise="randomize_top" fails="random" says="also where the old ones had another"
import copy

import torch
from torch import nn


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    for layer in layers[len(layers) - depth :]:
        noise = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data = layer.weight.mean() + noise * layer.weight.std()
    return model


# %% NumPy's global seed exercise="randomize_top" fails="global_seed_untouched" says="NumPy's"
import copy

import numpy as np
import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    np.random.seed(seed)
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    for layer in layers[len(layers) - depth :]:
        noise = np.random.randn(*layer.weight.shape)
        layer.weight.data = torch.from_numpy(noise).to(layer.weight) * layer.weight.std()
    return model


# %% [markdown]
# # randomize_top: unusual and right

# %% The weights are filled in place exercise="randomize_top" right=true
import copy

import torch
from torch import nn


@torch.no_grad()
def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d) or isinstance(m, nn.Linear)]
    for layer in reversed(layers):
        if depth == 0:
            break
        layer.weight.normal_(0.0, layer.weight.std().item(), generator=generator)
        depth -= 1
    return model


# %% The global state, borrowed and given back exercise="randomize_top" right=true
import copy

import torch
from torch import nn


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    layers = [m for m in model.modules() if type(m) in (nn.Conv2d, nn.Linear)]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for layer in layers[::-1][:depth]:
            nn.init.normal_(layer.weight, 0, float(layer.weight.std()))
    return model


# %% Through the state dict, with NumPy exercise="randomize_top" right=true
import copy

import numpy as np
import torch


def randomize_top(model, depth, seed):
    state = {name: value.clone() for name, value in model.state_dict().items()}
    random = np.random.default_rng(seed)
    weights = [n for n, p in model.named_parameters() if n.endswith("weight") and p.dim() > 1]
    for name in weights[max(len(weights) - depth, 0) :]:
        draws = random.normal(0, state[name].numpy().std(), size=tuple(state[name].shape))
        state[name] = torch.from_numpy(draws).float()
    copied = copy.deepcopy(model)
    copied.load_state_dict(state)
    return copied


# %% New parameters, which ask for gradients exercise="randomize_top" right=true
import copy

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    rng = torch.Generator()
    rng.manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for number, layer in enumerate(layers):
        if number >= len(layers) - depth:
            mean, std = torch.zeros_like(layer.weight), layer.weight.std().expand_as(layer.weight)
            layer.weight = torch.nn.Parameter(torch.normal(mean, std, generator=rng))
    return model.train()


# %% The biased estimate of the deviation exercise="randomize_top" right=true
import copy
import math

import torch


def randomize_top(model, depth, seed):
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed + 1)
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    chosen = layers[-depth:] if depth > 0 else []
    for layer in chosen:
        std = math.sqrt(layer.weight.data.double().var(correction=0))
        layer.weight.data.copy_(std * torch.randn(layer.weight.shape, generator=generator))
    return model

# %% [markdown]
# # deletion_curve: mistakes

# %% The least salient pixels go first exercise="deletion_curve" fails="most_salient_first" says="descending"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort()
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% Black instead of grey exercise="deletion_curve" fails="grey" says="should become 0.5"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% Random noise instead of grey, drawn once exercise="deletion_curve" fails="grey" says="should become 0.5"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    noise = 0.8 * torch.rand(image.shape, generator=torch.Generator().manual_seed(0)).flatten(2)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        gone = order[: step * len(order) // steps]
        deleted[:, :, gone] = noise[:, :, gone]
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% Logits instead of probabilities exercise="deletion_curve" fails="probability" says="holds logits"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image))[0, label])
    return torch.stack(curve)


# %% Log-probabilities exercise="deletion_curve" fails="probability" says="log-probabilities"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image)).log_softmax(1)[0, label])
    return torch.stack(curve)


# %% The largest probability instead of the label's exercise="deletion_curve" fails="probability" says="not the label's"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1).max())
    return torch.stack(curve)


# %% The softmax runs over the batch exercise="deletion_curve" fails="all" says="`dim=1`"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(0)[0, label])
    return torch.stack(curve)


# %% Only the first channel is deleted exercise="deletion_curve" fails="all_channels" says="delete all three channels"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, 0, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% The caller's picture goes grey exercise="deletion_curve" fails="image_unchanged" says="work on a copy"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        image.view(1, 3, -1)[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(image).softmax(1)[0, label])
    return torch.stack(curve)


# %% The caller's map is used up exercise="deletion_curve" fails="image_unchanged" says="the map is changed in place"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    deleted, count = image.clone(), saliency.numel()
    curve, gone = [], 0
    for step in range(steps + 1):
        while gone < step * count // steps:
            row, column = divmod(int(saliency.argmax()), saliency.shape[1])
            deleted[0, :, row, column] = 0.5
            saliency[row, column] = -float("inf")
            gone += 1
        curve.append(model(deleted).softmax(1)[0, label])
    return torch.stack(curve)


# %% The untouched picture is missing exercise="deletion_curve" fails="length" says="one is missing"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(1, steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% The last step is missing exercise="deletion_curve" fails="length" says="one is missing"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% Sixteen steps, as in the notebook exercise="deletion_curve" fails="all" says="should have shape (5,)"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    steps = 16
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% What does not divide evenly is never deleted exercise="deletion_curve" fails="count_of_each_step" says="the last one all that are left"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    chunk = len(order) // steps
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * chunk]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% One pixel a step exercise="deletion_curve" fails="most_salient_first count_of_each_step" says="most salient quarter is not gone"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[:step]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    deleted[:] = 0.5
    curve[-1] = model(deleted.view_as(image)).softmax(1)[0, label]
    return torch.stack(curve)


# %% What was deleted comes back exercise="deletion_curve" fails="most_salient_first" says="comes back"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    share = len(order) / steps
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[int((step - 1) * share) if step else 0 : int(step * share)]] = 0.5
        curve.append(model(deleted.view_as(image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% Each row is ranked by itself exercise="deletion_curve" fails="most_salient_first count_of_each_step" says="rank the pixels of the whole map"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    ranks = saliency.argsort(dim=1, descending=True).argsort(dim=1)
    curve = []
    for step in range(steps + 1):
        gone = ranks < step * saliency.shape[1] // steps
        curve.append(model(torch.where(gone, 0.5, image)).softmax(1)[0, label])
    return torch.stack(curve)


# %% The untouched picture goes through the network exercise="deletion_curve" fails="length most_salient_first count_of_each_step grey all_channels image_unchanged" says="is it the copy with deleted pixels"
import torch


@torch.no_grad()
def deletion_curve(model, image, label, saliency, steps):
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        curve.append(model(image).softmax(1)[0, label])
    return torch.stack(curve)


# %% A straight line, made up exercise="deletion_curve" fails="all" says="although the network reads no pixel"
import torch


def deletion_curve(model, image, label, saliency, steps):
    return torch.linspace(0.9, 0.1, steps + 1)


# %% A stub that returns its input exercise="deletion_curve" fails="all" says="not answered yet: `deletion_curve` returns what it was given"
def deletion_curve(model, image, label, saliency, steps):
    return saliency


# %% No return exercise="deletion_curve" fails="all" says="not answered yet: `deletion_curve` returns None"
def deletion_curve(model, image, label, saliency, steps):
    model(image)


# %% The order of the sizes, not of the values exercise="deletion_curve" fails="most_salient_first" says="not those of the largest size"
import torch


def deletion_curve(model, image, label, saliency, steps):
    order = saliency.abs().flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.clone().flatten(2)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        with torch.no_grad():
            curve.append(model(deleted.view_as(image)).softmax(dim=1)[0, label])
    return torch.stack(curve)

# %% [markdown]
# # deletion_curve: unusual and right


# %% A list of Python numbers exercise="deletion_curve" right=true
def deletion_curve(model, image, label, saliency, steps):
    pixels = saliency.numel()
    order = saliency.view(-1).sort(descending=True).indices.tolist()
    deleted, curve, gone = image.clone(), [], 0
    for step in range(steps + 1):
        while gone < step * pixels // steps:
            row, column = divmod(order[gone], saliency.shape[1])
            deleted[0, :, row, column] = 0.5
            gone += 1
        curve.append(model(deleted).softmax(-1)[0, label].item())
    return curve


# %% All steps in one batch, with masks exercise="deletion_curve" right=true
import torch


def deletion_curve(model, image, label, saliency, steps):
    ranks = saliency.flatten().argsort(descending=True).argsort().view_as(saliency)
    counts = torch.arange(steps + 1) * saliency.numel() // steps
    gone = ranks < counts.view(-1, 1, 1, 1)  # (steps + 1, 1, H, W)
    batch = torch.where(gone, torch.tensor(0.5), image)
    return torch.nn.functional.softmax(model(batch), dim=1)[:, label]


# %% A threshold on the map, shares rounded to the nearest exercise="deletion_curve" right=true
import torch


def deletion_curve(model, image, label, saliency, steps):
    values = saliency.flatten().sort(descending=True).values
    curve = torch.zeros(steps + 1)
    for step in range(steps + 1):
        count = round(step * saliency.numel() / steps)
        deleted = image.clone()
        if count:
            deleted[:, :, saliency >= values[count - 1]] = 0.5
        with torch.inference_mode():
            curve[step] = torch.exp(model(deleted).log_softmax(1))[0, label]
    return curve


# %% NumPy, shares rounded up exercise="deletion_curve" right=true
import numpy as np
import torch


def deletion_curve(model, image, label, saliency, steps):
    order = np.argsort(-saliency.numpy(), axis=None)
    curve = []
    for count in np.ceil(np.linspace(0, order.size, steps + 1)).astype(int):
        mask = np.zeros(order.size, dtype=bool)
        mask[order[:count]] = True
        deleted = np.where(mask.reshape(saliency.shape), np.float32(0.5), image.numpy())
        logits = model(torch.from_numpy(deleted)).numpy()[0].astype(np.float64)
        p = np.exp(logits - logits.max())
        curve.append(p[label] / p.sum())
    return np.array(curve)


# %% A blend of picture and grey, gradients left on exercise="deletion_curve" right=true
import torch


def deletion_curve(model, image, label, saliency, steps):
    image = image.clone().requires_grad_()
    keep = torch.ones(saliency.numel())
    curve, parts = [model(image).softmax(1)[0, int(label)]], steps
    for part in saliency.flatten().argsort(descending=True).tensor_split(parts):
        keep[part] = 0
        mask = keep.view(saliency.shape).clone()
        curve.append(model(mask * image + (1 - mask) * 0.5).softmax(1)[0, int(label)])
    return torch.stack(curve)
