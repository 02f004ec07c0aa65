"""What students answer in lab 08: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""

# %% [markdown]
# # GuidedReLU: mistakes

# %% The mask of the forward pass is forgotten (deconvnet) exercise="GuidedReLU" fails="input_mask zero_input" says="deconvnet"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        return upstream.clamp(min=0)

# %% The mask of the upstream gradient is forgotten (plain backpropagation) exercise="GuidedReLU" fails="upstream_mask" says="this is plain backpropagation"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream * (x > 0)

# %% The sign of the gradient is dropped exercise="GuidedReLU" fails="upstream_mask" says="without their sign"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream.abs() * (x > 0)

# %% The negative gradients are kept exercise="GuidedReLU" fails="input_mask upstream_mask both_masks zero_input size several_at_once any_shape" says="not even where x and g are positive"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream * (x > 0) * (upstream < 0)

# %% One mask for the product exercise="GuidedReLU" fails="both_masks" says="each by itself"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream * (x * upstream > 0)

# %% Where one of the two is positive exercise="GuidedReLU" fails="input_mask upstream_mask zero_input" says="deconvnet"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return torch.where((x > 0) | (upstream > 0), upstream, 0)

# %% The derivative at 0 is taken as 1 exercise="GuidedReLU" fails="zero_input" says="the mask is x > 0, not x >= 0"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream * (x >= 0) * (upstream > 0)

# %% The mask goes back exercise="GuidedReLU" fails="size" says="the mask goes back"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return ((x > 0) & (upstream > 0)).float()

# %% The clamped input goes back exercise="GuidedReLU" fails="size" says="x goes back"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return x.clamp(min=0) * (upstream > 0)

# %% The output instead of a mask exercise="GuidedReLU" fails="size" says="multiplied by the output"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.clamp(min=0)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, upstream):
        (y,) = ctx.saved_tensors
        return upstream.clamp(min=0) * y

# %% The gradient is scaled to length 1 exercise="GuidedReLU" fails="size" says="scaled to a length of 1"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        upstream = upstream.clamp(min=0) * (x > 0)
        return upstream / upstream.norm().clamp(min=1e-12)

# %% The input is kept in the class exercise="GuidedReLU" fails="several_at_once" says="the later one overwrites"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        GuidedReLU.x = x
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        return upstream.clamp(min=0) * (GuidedReLU.x > 0)

# %% The upstream gradient is changed in place exercise="GuidedReLU" fails="upstream_unchanged" says="in place"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        upstream[upstream < 0] = 0
        return upstream * (x > 0)

# %% The input is changed in place exercise="GuidedReLU" fails="input_unchanged" says="changes x in place"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x.clamp_(min=0)
        ctx.save_for_backward(x)
        return x.clone()

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream.clamp(min=0) * (x > 0)

# %% Forward is the identity exercise="GuidedReLU" fails="forward input_unchanged" says="returns x as it is"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clone()

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream.clamp(min=0) * (x > 0)

# %% Forward is a ReLU6 exercise="GuidedReLU" fails="forward" says="that is ReLU6"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(0, 6)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream.clamp(min=0) * (x > 0)

# %% Forward takes the absolute value exercise="GuidedReLU" fails="forward" says="lost their sign"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.abs()

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream.clamp(min=0) * (x > 0)

# %% Forward leaks exercise="GuidedReLU" fails="forward" says="not that of a ReLU"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x > 0, x, 0.1 * x)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream.clamp(min=0) * (x > 0)

# %% The mask is turned around exercise="GuidedReLU" fails="input_mask upstream_mask both_masks zero_input size any_shape upstream_unchanged" says="the mask is turned around"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream.clamp(min=0) * (x < 0)

# %% The gradient is shifted to start at 0 exercise="GuidedReLU" fails="upstream_mask" says="does not depend on the sign"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return (upstream - upstream.min().clamp(max=0)) * (x > 0)

# %% A return is missing exercise="GuidedReLU" fails="input_mask upstream_mask both_masks zero_input size several_at_once any_shape upstream_unchanged" says="does `backward` return a gradient"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        upstream * (x > 0) * (upstream > 0)

# %% A loop that wants four axes exercise="GuidedReLU" fails="any_shape" says="IndexError"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        result = torch.zeros_like(x)
        for n in range(x.shape[0]):
            for c in range(x.shape[1]):
                result[n, c] = upstream[n, c] * (x[n, c] > 0) * (upstream[n, c] > 0)
        return result


# %% A list of inputs in the class, the last one taken back first exercise="GuidedReLU" fails="several_at_once" says="never asked for its gradient"
import torch


class GuidedReLU(torch.autograd.Function):
    inputs = []

    @staticmethod
    def forward(ctx, x):
        GuidedReLU.inputs.append(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        x = GuidedReLU.inputs.pop()
        return upstream * (x > 0) * (upstream > 0)


# %% The ceiling of ReLU6 on the way back alone exercise="GuidedReLU" fails="size" says="where x is above 6"
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return torch.where((x > 0) & (x < 6) & (upstream > 0), upstream, 0)

# %% [markdown]
# # GuidedReLU: unusual, and right

# %% The output is kept instead of the input exercise="GuidedReLU" right=true
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.relu()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, upstream):
        (y,) = ctx.saved_tensors
        return upstream.relu() * (y > 0)

# %% A mask as an attribute of ctx exercise="GuidedReLU" right=true
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.active = x > 0
        return x * ctx.active

    @staticmethod
    def backward(ctx, upstream):
        return upstream * ctx.active * (upstream > 0)

# %% A clone, then indexing exercise="GuidedReLU" right=true
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        gradient = upstream.clone()
        gradient[x <= 0] = 0
        gradient[gradient < 0] = 0
        return gradient

# %% The newer form, with setup_context exercise="GuidedReLU" right=true
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return torch.maximum(x, torch.zeros_like(x))

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream.masked_fill((x <= 0) | (upstream <= 0), 0)

# %% NumPy on the way back exercise="GuidedReLU" right=true
import numpy as np
import torch


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(np.maximum(x.detach().numpy(), 0))

    @staticmethod
    def backward(ctx, upstream):
        x, g = ctx.saved_tensors[0].numpy(), upstream.numpy()
        return torch.from_numpy(np.where(np.logical_and(x > 0, g > 0), g, 0).astype(g.dtype))

# %% A class with a hook, no autograd.Function exercise="GuidedReLU" right=true
import torch


class GuidedReLU:
    @staticmethod
    def apply(x):
        y = torch.relu(x)
        if y.requires_grad:
            y.register_hook(lambda upstream: upstream.clamp(min=0))
        return y


# %% A base class does half of it exercise="GuidedReLU" right=true
import torch
from torch.autograd.function import once_differentiable


class Rectified(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.off = x <= 0
        return torch.maximum(x, torch.zeros_like(x))


class GuidedReLU(Rectified):
    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        return upstream.masked_fill(ctx.off | (upstream <= 0), 0)

# %% [markdown]
# # guided_backprop: mistakes

# %% The forward pass runs outside of the block exercise="guided_backprop" fails="rule rule_for_relu6 embedded_network" says="this is the plain gradient: run the forward pass"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    features = activations(model, image, layer)[layer]
    with replace_activations(model, GuidedReLU.apply):
        (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% The rule is applied to the pixels alone exercise="guided_backprop" fails="rule rule_for_relu6 sign embedded_network" says="the rule belongs to every ReLU on the way"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0].clamp(min=0)

# %% The size of the plain gradient exercise="guided_backprop" fails="rule rule_for_relu6 sign embedded_network" says="plain gradient without its sign"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0].abs()

# %% Hooks with the deconvnet's rule exercise="guided_backprop" fails="silent_neurons" says="as in the deconvnet"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    def deconvnet(module, passed, upstream):
        below = passed[0] != 0 if isinstance(module, torch.nn.ReLU6) else True
        return (upstream[0].clamp(min=0) * below,)

    image = image.clone().requires_grad_()
    kinds = (torch.nn.ReLU, torch.nn.ReLU6)
    hooks = [m.register_full_backward_hook(deconvnet) for m in model.modules() if isinstance(m, kinds)]
    features = activations(model, image, layer)[layer]
    features[0, channel].max().backward()
    for hook in hooks:
        hook.remove()
    return image.grad[0]

# %% Only nn.ReLU is replaced exercise="guided_backprop" fails="rule_for_relu6 embedded_network" says="not nn.ReLU alone"
import copy

import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


class Act(torch.nn.Module):
    def __init__(self, ceiling):
        super().__init__()
        self.ceiling = ceiling

    def forward(self, x):
        return GuidedReLU.apply(x).clamp(max=self.ceiling)


def guided_backprop(model, image, layer, channel):
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.ReLU:
                setattr(parent, name, Act(float("inf")))
    image = image.detach().clone().requires_grad_()
    features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% The ceiling of ReLU6 is forgotten exercise="guided_backprop" fails="ceiling embedded_network" says="the ceiling of ReLU6 is lost"
import copy

import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


class Act(torch.nn.Module):
    def __init__(self, ceiling):
        super().__init__()
        self.ceiling = ceiling

    def forward(self, x):
        return GuidedReLU.apply(x).clamp(max=self.ceiling)


def guided_backprop(model, image, layer, channel):
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.ReLU | torch.nn.ReLU6):
                setattr(parent, name, Act(float("inf")))
    image = image.detach().clone().requires_grad_()
    features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% Only the last activation is replaced exercise="guided_backprop" fails="rule rule_for_relu6 embedded_network" says="plain gradient: run"
import copy

import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


class Act(torch.nn.Module):
    def __init__(self, ceiling):
        super().__init__()
        self.ceiling = ceiling

    def forward(self, x):
        return GuidedReLU.apply(x).clamp(max=self.ceiling)


def guided_backprop(model, image, layer, channel):
    model = copy.deepcopy(model)
    places = [
        (parent, name)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, torch.nn.ReLU | torch.nn.ReLU6)
    ]
    setattr(*places[-1], Act(float("inf")))
    image = image.detach().clone().requires_grad_()
    features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% Only the first activation is replaced exercise="guided_backprop" fails="rule rule_for_relu6 embedded_network" says="GuidedReLU has to stand for every activation"
import copy

import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


class Act(torch.nn.Module):
    def __init__(self, ceiling):
        super().__init__()
        self.ceiling = ceiling

    def forward(self, x):
        return GuidedReLU.apply(x).clamp(max=self.ceiling)


def guided_backprop(model, image, layer, channel):
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.ReLU | torch.nn.ReLU6):
                setattr(parent, name, Act(6.0 if isinstance(child, torch.nn.ReLU6) else float("inf")))
                break
        else:
            continue
        break
    image = image.detach().clone().requires_grad_()
    features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% The sum over the places exercise="guided_backprop" fails="largest_place layer embedded_network" says="added up or averaged"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].sum(), image)
    return gradient[0]

# %% The mean over the places exercise="guided_backprop" fails="largest_place layer embedded_network" says="added up or averaged"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].mean(), image)
    return gradient[0]

# %% The place in the middle exercise="guided_backprop" fails="largest_place layer embedded_network" says="the map belongs to another place"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    maps = features[0, channel].reshape(-1)
    (gradient,) = torch.autograd.grad(maps[len(maps) // 2], image)
    return gradient[0]

# %% The activation of the largest size exercise="guided_backprop" fails="largest_place embedded_network" says="not the one of the largest size"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    maps = features[0, channel].reshape(-1)
    (gradient,) = torch.autograd.grad(maps[maps.abs().argmax()], image)
    return gradient[0]

# %% Channel 0 exercise="guided_backprop" fails="channel layer logits embedded_network" says="about channel 0"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, 0].max(), image)
    return gradient[0]

# %% The strongest of all channels exercise="guided_backprop" fails="channel layer logits embedded_network" says="about the strongest channel"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features.max(), image)
    return gradient[0]

# %% All channels together exercise="guided_backprop" fails="largest_place channel layer logits embedded_network" says="added up or averaged"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features.sum(), image)
    return gradient[0]

# %% The network's output instead of the layer's exercise="guided_backprop" fails="largest_place channel layer scale embedded_network" says="belongs to another place"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        logits = model(image)
    (gradient,) = torch.autograd.grad(logits[0, min(channel, logits.shape[1] - 1)], image)
    return gradient[0]

# %% The last convolution, whatever layer is asked for exercise="guided_backprop" fails="layer logits embedded_network" says="not that of the layer that was asked for"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    kinds = torch.nn.Conv2d
    layer = [name for name, module in model.named_modules() if isinstance(module, kinds)][-1]
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% Activations deep in the network are not found exercise="guided_backprop" fails="embedded_network" says="at any depth of the network"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    replaced = []
    for name, module in model.named_modules():
        if name.count(".") < 3 and isinstance(module, torch.nn.ReLU | torch.nn.ReLU6):
            top = 6.0 if isinstance(module, torch.nn.ReLU6) else float("inf")
            module.forward = lambda x, top=top: GuidedReLU.apply(x).clamp(max=top)
            replaced.append(module)
    features = activations(model, image, layer)[layer]
    for module in replaced:
        del module.forward
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% The batch axis stays exercise="guided_backprop" fails="shape" says="take the one image out"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient

# %% The largest gradient over the colours, as in lab 06 exercise="guided_backprop" fails="all" says="should have shape (3, 6, 8), and has (6, 8)"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0].abs().amax(0)

# %% Colours last, for Matplotlib exercise="guided_backprop" fails="all" says="should have shape (3, 6, 8), and has (6, 8, 3)"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0].permute(1, 2, 0)

# %% The absolute value exercise="guided_backprop" fails="sign embedded_network" says="lost its sign"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0].abs()

# %% Positive values alone exercise="guided_backprop" fails="sign embedded_network" says="the negative values of the map are gone"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0].clamp(min=0)

# %% The gradient of the negative exercise="guided_backprop" fails="gradient rule silent_neurons rule_for_relu6 ceiling largest_place channel layer sign scale logits embedded_network image_unchanged model_restored" says="the map is zero everywhere"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(-features[0, channel].max(), image)
    return gradient[0]

# %% Gradient times picture exercise="guided_backprop" fails="gradient rule silent_neurons rule_for_relu6 ceiling largest_place channel layer sign scale logits embedded_network image_unchanged model_restored" says="multiplied by the picture"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return (gradient * image)[0].detach()

# %% Scaled to a largest value of 1 exercise="guided_backprop" fails="scale" says="a multiple of the gradient"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0] / gradient.abs().max().clamp(min=1e-12)

# %% Averaged over the pixels exercise="guided_backprop" fails="scale" says="a multiple of the gradient"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0] / image[0].numel()

# %% Maps alone, no logits exercise="guided_backprop" fails="logits" says="IndexError"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].amax(dim=(0, 1)), image)
    return gradient[0]

# %% The picture is changed in place exercise="guided_backprop" fails="image_unchanged" says="changed in place"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image.mul_(255).div_(255)
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% The activations stay replaced exercise="guided_backprop" fails="model_restored" says="still in it"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    for module in model.modules():
        if isinstance(module, torch.nn.ReLU):
            module.forward = GuidedReLU.apply
        if isinstance(module, torch.nn.ReLU6):
            module.forward = lambda x: GuidedReLU.apply(x).clamp(max=6)
    features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% The photos' size stands in the code exercise="guided_backprop" fails="all" says="and has (3, 224, 224)"
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = torch.nn.functional.interpolate(image, (224, 224)).requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]


# %% The place where all channels together are strongest exercise="guided_backprop" fails="embedded_network" says="that of this channel alone"
import torch
from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return torch.where((x > 0) & (upstream > 0), upstream, 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer][0]
    features = features.reshape(len(features), -1)  # (C, places)
    return torch.autograd.grad(features[channel, features.sum(0).argmax()], image)[0][0]

# %% [markdown]
# # guided_backprop: unusual, and right

# %% Other modules in a copy of the network exercise="guided_backprop" right=true
import copy

import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


class Act(torch.nn.Module):
    def __init__(self, ceiling):
        super().__init__()
        self.ceiling = ceiling

    def forward(self, x):
        return GuidedReLU.apply(x).clamp(max=self.ceiling)


def guided_backprop(model, image, layer, channel):
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.ReLU):
                setattr(parent, name, Act(float("inf")))
            elif isinstance(child, torch.nn.ReLU6):
                setattr(parent, name, Act(6.0))
    image = image.detach().clone().requires_grad_()
    features = activations(model, image, layer)[layer]
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]

# %% Backward hooks on the activations, no function of its own exercise="guided_backprop" right=true
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    def drop_negative(module, passed, upstream):
        return (passed[0].clamp(min=0),)

    image = image.clone().requires_grad_()
    kinds = (torch.nn.ReLU, torch.nn.ReLU6)
    modules = [m for m in model.modules() if isinstance(m, kinds)]
    hooks = [m.register_full_backward_hook(drop_negative) for m in modules]
    try:
        features = activations(model, image, layer)[layer]
        features[0, channel].max().backward()
    finally:
        for hook in hooks:
            hook.remove()
    return image.grad[0]

# %% Forwards put in place and taken out by hand, with a hook for the layer exercise="guided_backprop" right=true
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().clone().requires_grad_()
    kept, replaced = [], []
    for module in model.modules():
        if isinstance(module, torch.nn.ReLU | torch.nn.ReLU6):
            top = 6.0 if isinstance(module, torch.nn.ReLU6) else float("inf")
            module.forward = lambda x, top=top: GuidedReLU.apply(x).clamp(max=top)
            replaced.append(module)
    hook = dict(model.named_modules())[layer].register_forward_hook(lambda m, i, o: kept.append(o))
    try:
        model(image)
    finally:
        hook.remove()
        for module in replaced:
            del module.forward
    kept[-1][0, channel].max().backward()
    return image.grad.squeeze(0)

# %% A one at the largest place, and backward exercise="guided_backprop" right=true
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.detach().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
        place = features[0, channel].argmax()
        seed = torch.zeros_like(features)
        seed[0, channel].reshape(-1)[place] = 1 if features.dim() == 4 else 0
        if features.dim() == 2:
            seed[0, channel] = 1
        features.backward(seed)
    return image.grad[0].clone()

# %% topk, and gradients that are still attached exercise="guided_backprop" right=true
import torch

from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, upstream):
        return upstream.relu() * (ctx.saved_tensors[0] > 0)


def guided_backprop(model, image, layer, channel):
    image = image.clone().requires_grad_(True)
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]
        best = features.reshape(1, features.shape[1], -1)[0, channel].topk(1).values
        (gradient,) = torch.autograd.grad(best.sum(), image, create_graph=True)
    return gradient[0]


# %% A function of the picture, and its vector-Jacobian product exercise="guided_backprop" right=true
import torch
from labkit.hooks import activations, replace_activations


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return torch.where((x > 0) & (upstream > 0), upstream, 0)


def guided_backprop(model, image, layer, channel):
    def largest(picture):
        return activations(model, picture[None], layer)[layer][0, channel].amax()

    with replace_activations(model, GuidedReLU.apply):
        return torch.autograd.functional.vjp(largest, image.detach()[0])[1]
