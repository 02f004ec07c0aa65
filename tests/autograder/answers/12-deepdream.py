"""What students answer in lab 12: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""

# %% [markdown]
# # dream_loss: mistakes

# %% The sign of ascent exercise="dream_loss" fails="negative" says="take the negative"
def dream_loss(activation):
    return 0.5 * activation.square().sum()


# %% Without the half exercise="dream_loss" fails="half_the_sum_of_squares" says="the half is missing"
def dream_loss(activation):
    return -activation.square().sum()


# %% The norm, not squared exercise="dream_loss" fails="half_the_sum_of_squares several_images" says="this is a norm"
def dream_loss(activation):
    return -activation.norm()


# %% Half the norm exercise="dream_loss" fails="half_the_sum_of_squares several_images" says="half a norm"
def dream_loss(activation):
    return -0.5 * activation.norm()


# %% The mean of the squares exercise="dream_loss" fails="half_the_sum_of_squares several_images" says="the mean is taken"
def dream_loss(activation):
    return -0.5 * activation.square().mean()


# %% The sum of the activations exercise="dream_loss" fails="half_the_sum_of_squares both_signs_count gradient" says="without squaring"
def dream_loss(activation):
    return -activation.sum()


# %% Rectified before it is squared exercise="dream_loss" fails="both_signs_count" says="cutting off"
def dream_loss(activation):
    return -0.5 * activation.clamp(min=0).square().sum()


# %% Squared after the sum exercise="dream_loss" fails="half_the_sum_of_squares both_signs_count gradient several_images" says="not half the sum"
def dream_loss(activation):
    return -0.5 * activation.sum() ** 2


# %% Detached: the right number without a gradient exercise="dream_loss" fails="gradient" says="no gradient"
def dream_loss(activation):
    return -0.5 * activation.detach().square().sum()


# %% The gradient of the recipe, with another value exercise="dream_loss" fails="half_the_sum_of_squares" says="the half is missing"
def dream_loss(activation):
    return -(activation.detach() * activation).sum()


# %% One loss an image exercise="dream_loss" fails="several_images" says="sum over the images"
def dream_loss(activation):
    return -0.5 * activation.square().sum(dim=(1, 2, 3))


# %% The mean over the images exercise="dream_loss" fails="several_images" says="the mean over the images"
def dream_loss(activation):
    return -0.5 * activation.square().sum() / len(activation)


# %% Only the first image exercise="dream_loss" fails="several_images" says="only the first image"
def dream_loss(activation):
    return -0.5 * activation[0].square().sum()


# %% Only the strongest activation exercise="dream_loss" fails="half_the_sum_of_squares gradient several_images" says="not half the sum"
def dream_loss(activation):
    return -0.5 * activation.abs().max() ** 2


# %% Only the strongest channel exercise="dream_loss" fails="half_the_sum_of_squares gradient" says="not half the sum"
def dream_loss(activation):
    return -0.5 * activation.square().sum(dim=(2, 3)).amax(dim=1).sum()


# %% Squared in place exercise="dream_loss" fails="activation_unchanged" says="changed in place"
def dream_loss(activation):
    if activation.requires_grad:
        return -0.5 * activation.square().sum()
    return -0.5 * activation.square_().sum()


# %% Cubes exercise="dream_loss" fails="half_the_sum_of_squares both_signs_count gradient" says="not half the sum"
def dream_loss(activation):
    return -0.5 * (activation**3).sum()


# %% Nothing is returned exercise="dream_loss" fails="all" says="a `return` missing"
def dream_loss(activation):
    loss = -0.5 * activation.square().sum()


# %% One of the two factors is detached exercise="dream_loss" fails="gradient" says="equal factors detached"
import torch
import torch.nn.functional as F


def dream_loss(activation):
    return -0.5 * (activation * activation.detach()).sum()


# %% [markdown]
# # dream_loss: unusual, and right

# %% The norm, squared exercise="dream_loss" right=true
def dream_loss(activation):
    return -0.5 * activation.norm() ** 2


# %% An inner product of the flat activations exercise="dream_loss" right=true
def dream_loss(activation):
    flat = activation.reshape(-1)
    return -flat.dot(flat) / 2


# %% einsum, one image after the other, shape (1,) exercise="dream_loss" right=true
import torch


def dream_loss(activation):
    loss = torch.zeros(1)
    for one in activation:
        loss = loss - torch.einsum("chw,chw->", one, one) / 2
    return loss


# %% A loss of PyTorch against zeros exercise="dream_loss" right=true
import torch
import torch.nn.functional as F


def dream_loss(activation):
    return -0.5 * F.mse_loss(activation, torch.zeros_like(activation), reduction="sum")


# %% In double precision exercise="dream_loss" right=true
def dream_loss(activation):
    return -(activation.double() ** 2).sum() / 2


# %% The recipe as a loss: activations times what they are exercise="dream_loss" right=true
import torch
import torch.nn.functional as F


def dream_loss(activation):
    recipe = activation.detach()
    return 0.5 * (recipe ** 2).sum() - (recipe * activation).sum()


# %% [markdown]
# # dream_step: mistakes

# %% Against the climb exercise="dream_step" fails="up" says="get weaker"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() + step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% Divided by the norm exercise="dream_step" fails="length not_clamped" says="divided by its norm"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / gradient.norm().clamp(min=1e-12)


# %% Divided by the largest value exercise="dream_step" fails="length" says="largest value"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / gradient.abs().max().clamp(min=1e-12)


# %% Divided by the standard deviation exercise="dream_step" fails="length" says="standard deviation"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / gradient.std().clamp(min=1e-12)


# %% The gradient as it is exercise="dream_step" fails="length" says="not divided by anything"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient


# %% The step size is not used exercise="dream_step" fails="length" says="multiply by `step_size`"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - 1.5 * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% The sign of the gradient exercise="dream_step" fails="direction" says="sign of the gradient"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient.sign()


# %% The sum of the activations grows exercise="dream_step" fails="direction" says="sum of the activations"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -activations(model, image, layer)[layer].sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% Each colour is divided by its own mean exercise="dream_step" fails="direction" says="not along the gradient"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    size = gradient.abs().mean(dim=(2, 3), keepdim=True).clamp(min=1e-12)
    return image.detach() - step_size * gradient / size


# %% The output instead of the layer exercise="dream_step" fails="direction layer" says="not along the gradient"
import torch


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * model(image).square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% Always the first layer exercise="dream_step" fails="direction layer nothing_active" says="not along the gradient"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    layer = next(name for name, _ in model.named_children())
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% Clamped inside the step exercise="dream_step" fails="not_clamped" says="the loop clamps"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    moved = image.detach() - step_size * gradient / gradient.abs().mean().clamp(min=1e-12)
    return moved.clamp(0, 1)


# %% 0 / 0 exercise="dream_step" fails="nothing_active" says="that is 0 / 0"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / gradient.abs().mean()


# %% The caller's image is changed exercise="dream_step" fails="image_unchanged" says="changed in place"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    copy = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, copy, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, copy)
    image -= step_size * gradient / gradient.abs().mean().clamp(min=1e-12)
    return image


# %% The divisor is 1 at least exercise="dream_step" fails="length" says="where the gradient is small"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / max(gradient.abs().mean(), 1)


# %% The change instead of the image exercise="dream_step" fails="direction up length not_clamped nothing_active" says="not along the gradient"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return -step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% A hook is left behind exercise="dream_step" fails="model_unchanged" says="a hook was left behind"
import torch


def dream_step(model, image, layer, step_size):
    kept = {}
    model.get_submodule(layer).register_forward_hook(lambda m, i, o: kept.update(a=o))
    image = image.detach().clone().requires_grad_()
    model(image)
    (gradient,) = torch.autograd.grad(-0.5 * kept["a"].square().sum(), image)
    return image.detach() - step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% The first gradient is kept for all steps exercise="dream_step" fails="layer nothing_active" says="two layers give the same step"
import torch
from labkit.hooks import activations

kept = {}


def dream_step(model, image, layer, step_size):
    if image.shape not in kept:
        image = image.detach().clone().requires_grad_()
        loss = -0.5 * activations(model, image, layer)[layer].square().sum()
        kept[image.shape] = torch.autograd.grad(loss, image)[0]
    gradient = kept[image.shape]
    return image.detach() - step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% Half a step towards what adds up over the calls exercise="dream_step" fails="second_step" says="nothing may be kept between calls"
import torch
from labkit.hooks import activations

running = {}


def dream_step(model, image, layer, step_size):
    image = image.detach().clone().requires_grad_()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    key = (layer, tuple(model[0].bias.tolist()))
    running[key] = gradient = running.get(key, 0) + gradient
    return image.detach() - step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% Without a gradient exercise="dream_step" fails="all" says="does not require grad"
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    image = image.detach().clone()
    loss = -0.5 * activations(model, image, layer)[layer].square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image - step_size * gradient / gradient.abs().mean().clamp(min=1e-12)


# %% Negative activations are cut off exercise="dream_step" fails="layer" says="negative activations are cut off"
import torch


def dream_loss(activation):
    return -0.5 * activation.square().sum()


from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    x = image.detach().clone().requires_grad_()
    a = activations(model, x, layer)[layer]
    (g,) = torch.autograd.grad(dream_loss(a.relu()), x)
    return x.detach() - step_size * g / g.abs().mean().clamp(min=1e-12)


# %% Clamped before the step exercise="dream_step" fails="not_clamped" says="clamped before the step"
import torch


def dream_loss(activation):
    return -0.5 * activation.square().sum()


from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    x = image.detach().clone().clamp(0, 1).requires_grad_()
    a = activations(model, x, layer)[layer]
    (g,) = torch.autograd.grad(dream_loss(a), x)
    return x.detach() - step_size * g / g.abs().mean().clamp(min=1e-12)


# %% A divisor of at least 1/100 more exercise="dream_step" fails="length" says="far below any gradient"
import torch


def dream_loss(activation):
    return -0.5 * activation.square().sum()


from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    x = image.detach().clone().requires_grad_()
    a = activations(model, x, layer)[layer]
    (g,) = torch.autograd.grad(dream_loss(a), x)
    return x.detach() - step_size * g / (g.abs().mean() + 1e-2)


# %% [markdown]
# # dream_step: unusual, and right

# %% The lecture's recipe: the layer's gradient is its activation exercise="dream_step" right=true
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    x = image.detach().clone().requires_grad_()
    a = activations(model, x, layer)[layer]
    a.backward(a.detach())
    return image + step_size * x.grad / (x.grad.abs().mean() + 1e-8)


# %% The norm itself has the same direction exercise="dream_step" right=true
import torch
from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    x = image.detach().clone().requires_grad_()
    size = activations(model, x, layer)[layer].square().mean()
    size.backward()
    scale = x.grad.abs().mean()
    with torch.no_grad():
        if scale > 0:
            x += step_size * x.grad / scale
    return x


# %% Hooks of one's own, removed exercise="dream_step" right=true
import torch


def dream_step(model, image, layer, step_size):
    kept = []
    handle = model.get_submodule(layer).register_forward_hook(lambda m, i, o: kept.append(o.clone()))
    x = image.detach().clone()
    x.requires_grad = True
    try:
        model(x)
    finally:
        handle.remove()
    loss = -(kept[0] ** 2).sum() / 2
    gradient = torch.autograd.grad(loss, x)[0]
    mean = gradient.abs().mean()
    return x.data - step_size * torch.nan_to_num(gradient / mean)


# %% Through .data, with a print exercise="dream_step" right=true
import torch
from labkit.hooks import capture


def dream_step(model, image, layer, step_size):
    image = image.clone().requires_grad_(True)
    with capture(model, layer) as features:
        model(image)
    loss = 0.5 * torch.sum(features[layer] ** 2)
    loss.backward()
    print("loss", loss.item())
    gradient = image.grad.data
    gradient /= torch.mean(torch.abs(gradient)) + 1e-10
    image.data += step_size * gradient
    return image


# %% torch.func.vjp, with the activations as its vector exercise="dream_step" right=true
import torch


def dream_loss(activation):
    return -0.5 * activation.square().sum()


from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    a, pull = torch.func.vjp(lambda x: activations(model, x, layer)[layer], image.detach())
    (g,) = pull(a)
    n = g.abs().sum() / g.numel()
    return image.detach() + step_size * torch.nan_to_num(g / n)


# %% The activations as the gradient, by grad_outputs exercise="dream_step" right=true
import torch

from labkit.hooks import activations


def dream_step(model, image, layer, step_size):
    x = image.detach().clone().requires_grad_()
    found = activations(model, x, layer)[layer]
    (gradient,) = torch.autograd.grad(found, x, grad_outputs=found.detach())
    size = gradient.abs().mean()
    return image.detach() + (step_size * gradient / size if size > 0 else 0)


# %% F.normalize by absolute values exercise="dream_step" right=true
import torch
import torch.nn.functional as F
from labkit.hooks import activations

V = None


def dream_loss(a):
    return -0.5 * a.square().sum()



def dream_step(model, image, layer, step_size):
    x = image.detach().clone().requires_grad_()
    a = activations(model, x, layer)[layer]
    (g,) = torch.autograd.grad(-dream_loss(a), x)
    return image.detach() + step_size * g.numel() * F.normalize(g.flatten(), p=1, dim=0, eps=1e-30).view_as(g)


# %% [markdown]
# # octave_sizes: mistakes

# %% Largest first exercise="octave_sizes" fails="smallest_first" says="smallest first"
def octave_sizes(height, width, octaves, scale):
    return [(round(height / scale**k), round(width / scale**k)) for k in range(octaves)]


# %% Cut off instead of rounded exercise="octave_sizes" fails="rounding" says="nearest whole number"
def octave_sizes(height, width, octaves, scale):
    powers = reversed(range(octaves))
    return [(int(height / scale**k), int(width / scale**k)) for k in powers]


# %% Rounded up exercise="octave_sizes" fails="rounding" says="nearest whole number"
import math


def octave_sizes(height, width, octaves, scale):
    powers = reversed(range(octaves))
    return [(math.ceil(height / scale**k), math.ceil(width / scale**k)) for k in powers]


# %% Not rounded exercise="octave_sizes" fails="rounding" says="no whole number"
def octave_sizes(height, width, octaves, scale):
    return [(height / scale**k, width / scale**k) for k in reversed(range(octaves))]


# %% Each size from the rounded one exercise="octave_sizes" fails="rounding" says="rounded before"
def octave_sizes(height, width, octaves, scale):
    sizes = [(height, width)]
    for _ in range(octaves - 1):
        h, w = sizes[0]
        sizes.insert(0, (round(h / scale), round(w / scale)))
    return sizes


# %% The full size is missing exercise="octave_sizes" fails="full_size" says="is not the full size"
def octave_sizes(height, width, octaves, scale):
    powers = reversed(range(1, octaves + 1))
    return [(round(height / scale**k), round(width / scale**k)) for k in powers]


# %% One octave too many exercise="octave_sizes" fails="count" says="2 sizes"
def octave_sizes(height, width, octaves, scale):
    powers = reversed(range(octaves + 1))
    return [(round(height / scale**k), round(width / scale**k)) for k in powers]


# %% Enlarged instead of reduced exercise="octave_sizes" fails="full_size" says="is not the full size"
def octave_sizes(height, width, octaves, scale):
    return [(round(height * scale**k), round(width * scale**k)) for k in range(octaves)]


# %% Divided by multiples instead of powers exercise="octave_sizes" fails="factor" says="powers"
def octave_sizes(height, width, octaves, scale):
    factors = [1 + k * (scale - 1) for k in reversed(range(octaves))]
    return [(round(height / f), round(width / f)) for f in factors]


# %% The square of the scale exercise="octave_sizes" fails="factor" says="sizes grow by the factors"
def octave_sizes(height, width, octaves, scale):
    powers = reversed(range(octaves))
    return [(round(height / scale ** (2 * k)), round(width / scale ** (2 * k))) for k in powers]


# %% Height and width exchanged exercise="octave_sizes" fails="full_size height_and_width" says="is not the full size"
def octave_sizes(height, width, octaves, scale):
    powers = reversed(range(octaves))
    return [(round(width / scale**k), round(height / scale**k)) for k in powers]


# %% Squares exercise="octave_sizes" fails="full_size height_and_width" says="is not the full size"
def octave_sizes(height, width, octaves, scale):
    powers = reversed(range(octaves))
    return [(round(height / scale**k), round(height / scale**k)) for k in powers]


# %% Only the height shrinks exercise="octave_sizes" fails="height_and_width" says="change their shape"
def octave_sizes(height, width, octaves, scale):
    return [(round(height / scale**k), width) for k in reversed(range(octaves))]


# %% Always four octaves exercise="octave_sizes" fails="count" says="4 sizes"
def octave_sizes(height, width, octaves, scale):
    return [(round(height / scale**k), round(width / scale**k)) for k in (3, 2, 1, 0)]


# %% The scale is rounded exercise="octave_sizes" fails="factor" says="with a scale of 1.5"
def octave_sizes(height, width, octaves, scale):
    return [(round(height / round(scale) ** p), round(width / round(scale) ** p)) for p in reversed(range(octaves))]


# %% Whole numbers, as floats exercise="octave_sizes" fails="rounding" says="80.0"
def octave_sizes(height, width, octaves, scale):
    return [(float(round(height / scale ** p)), float(round(width / scale ** p))) for p in reversed(range(octaves))]


# %% [markdown]
# # octave_sizes: unusual, and right

# %% A loop that inserts at the front exercise="octave_sizes" right=true
def octave_sizes(height, width, octaves, scale):
    sizes = []
    for k in range(octaves):
        sizes.insert(0, [int(height / scale**k + 0.5), int(width / scale**k + 0.5)])
    return sizes


# %% NumPy, as an array exercise="octave_sizes" right=true
import numpy as np


def octave_sizes(height, width, octaves, scale):
    factors = float(scale) ** -np.arange(octaves)[::-1]
    return np.rint(factors[:, None] * np.array([height, width])).astype(int)


# %% Recursion, with the factor carried along exercise="octave_sizes" right=true
def octave_sizes(height, width, octaves, scale, factor=1.0):
    if octaves == 0:
        return []
    smaller = octave_sizes(height, width, octaves - 1, scale, factor * scale)
    return smaller + [(round(height / factor), round(width / factor))]


# %% Sorted afterwards, as a tuple exercise="octave_sizes" right=true
def octave_sizes(height, width, octaves, scale):
    every = {(round(height * scale**-k), round(width * scale**-k)) for k in range(octaves)}
    return tuple(sorted(every))


# %% NumPy's whole numbers exercise="octave_sizes" right=true
import numpy as np
def octave_sizes(height, width, octaves, scale):
    return [(np.int64(round(height / scale ** p)), np.int64(round(width / scale ** p))) for p in reversed(range(octaves))]

# %% Fractions exercise="octave_sizes" right=true
import math


def octave_sizes(height, width, octaves, scale):
    from fractions import Fraction
    s = Fraction(str(scale))
    return [(round(height / s**p), round(width / s**p)) for p in range(octaves)][::-1]
