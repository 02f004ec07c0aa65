"""What students answer in lab 09: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""

# %% [markdown]
# # class_visualization_step: mistakes

# %% The norm instead of its square exercise="class_visualization_step" fails="squared_norm" says="the penalty is the norm"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * torch.norm(image - 0.5)
    (gradient,) = torch.autograd.grad(value, image)
    return (image + step_size * gradient / gradient.norm()).detach()


# %% The gradient is never cleared, and the picture moves in place exercise="class_visualization_step" fails="second_step image_unchanged" says="gradients add up"
def class_visualization_step(model, image, label, l2_reg, step_size):
    image.requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    value.backward()
    image.data += step_size * image.grad / image.grad.norm()
    return image


# %% zero_ without parentheses exercise="class_visualization_step" fails="second_step" says="step 2 is not along its gradient"
def class_visualization_step(model, image, label, l2_reg, step_size):
    result = image.detach().clone().requires_grad_()
    if image.grad is not None:
        result.grad = image.grad
    value = model(result)[0, label] - l2_reg * ((result - 0.5) ** 2).sum()
    value.backward()
    result.data += step_size * result.grad / result.grad.norm()
    result.grad.zero_
    return result


# %% The penalty has the wrong sign exercise="class_visualization_step" fails="pulls_to_grey" says="pushes the picture away from grey"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] + l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% The penalty is computed from the data alone exercise="class_visualization_step" fails="pulls_to_grey" says="not from `.data`"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image.data - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% The penalty is about the logits exercise="class_visualization_step" fails="pulls_to_grey" says="about the image's own values"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    logits = model(image)
    value = logits[0, label] - l2_reg * (logits**2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% The penalty measures from zero exercise="class_visualization_step" fails="measured_from_grey" says="the penalty measures from 0"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * (image**2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% Absolute values instead of squares exercise="class_visualization_step" fails="measured_from_grey squared_norm" says="not of absolute"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * (image - 0.5).abs().sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% The mean of the squares exercise="class_visualization_step" fails="squared_norm" says="the mean of the squares"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).mean()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% The gradient of the penalty by hand, without its 2 exercise="class_visualization_step" fails="squared_norm" says="half as hard"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(image)[0, label], image)
    image = image.detach()
    gradient = gradient - l2_reg * (image - 0.5)
    return image + step_size * gradient / gradient.norm()


# %% A weight of one's own exercise="class_visualization_step" fails="squared_norm" says="`l2_reg` has no influence"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - (0.2 if l2_reg else 0) * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% Downhill exercise="class_visualization_step" fails="direction" says="goes downhill"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    loss = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(loss, image)
    return image.detach() - step_size * gradient / gradient.norm()


# %% Cross-entropy exercise="class_visualization_step" fails="logit squared_norm" says="gradient of a loss"
import torch
import torch.nn.functional as F


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    loss = F.cross_entropy(model(image), torch.tensor([label]))
    (gradient,) = torch.autograd.grad(loss + l2_reg * ((image - 0.5) ** 2).sum(), image)
    return image.detach() - step_size * gradient / gradient.norm()


# %% The probability exercise="class_visualization_step" fails="logit squared_norm" says="gradient of a loss or a probability"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image).softmax(dim=1)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% The largest logit exercise="class_visualization_step" fails="logit" says="climbs the largest logit"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image).max() - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% Not normalized exercise="class_visualization_step" fails="step_length" says="as long as the gradient"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient


# %% Divided by the squared norm exercise="class_visualization_step" fails="step_length" says="squared norm"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / (gradient**2).sum()


# %% The step size is not used exercise="class_visualization_step" fails="step_length not_clamped" says="`step_size` has no influence"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + 0.1 * gradient / gradient.norm()


# %% One norm a channel exercise="class_visualization_step" fails="direction step_length logit measured_from_grey second_step" says="along the gradient"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm(dim=(2, 3), keepdim=True)


# %% The sign of the gradient exercise="class_visualization_step" fails="direction step_length logit measured_from_grey squared_norm second_step" says="do not take its sign"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient.sign()


# %% The result is the step exercise="class_visualization_step" fails="direction step_length logit measured_from_grey squared_norm second_step not_clamped image_unchanged model_unchanged" says="the result is the step alone"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return step_size * gradient / gradient.norm()


# %% The moved picture is thrown away exercise="class_visualization_step" fails="all" says="returns what it was given"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    image + step_size * gradient / gradient.norm()
    return image


# %% Five small steps in one exercise="class_visualization_step" fails="second_step" says="one step, from one gradient"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    start = image
    for _ in range(5):
        image = image.detach().clone().requires_grad_()
        value = model(image)[0, label] - l2_reg * ((start - 0.5) ** 2 + 2 * (start - 0.5) * image).sum()
        (gradient,) = torch.autograd.grad(value, image)
        image = image + step_size * gradient / gradient.norm() / 5
    return image.detach()


# %% Starts anew from grey exercise="class_visualization_step" fails="pulls_to_grey second_step" says="the penalty moves no pixel"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    grey = torch.full_like(image, 0.5).requires_grad_()
    value = model(grey)[0, label] - l2_reg * ((grey - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, grey)
    return image + step_size * gradient / gradient.norm()


# %% Clamped exercise="class_visualization_step" fails="not_clamped" says="do not clamp it"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return (image.detach() + step_size * gradient / gradient.norm()).clamp(0, 1)


# %% The caller's picture moves along exercise="class_visualization_step" fails="image_unchanged" says="changed in place"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    copy = image.detach().clone().requires_grad_()
    value = model(copy)[0, label] - l2_reg * ((copy - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, copy)
    image += step_size * gradient / gradient.norm()
    return image


# %% The network is put into training mode exercise="class_visualization_step" fails="model_unchanged" says="its mode"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    model.train()
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()


# %% A network of one's own exercise="class_visualization_step" fails="direction logit pulls_to_grey measured_from_grey squared_norm second_step not_clamped image_unchanged model_unchanged" says="use the `model` that is passed in"
import torch

from labkit.models import load_model


def class_visualization_step(model, image, label, l2_reg, step_size):
    model = load_model()
    picture = torch.nn.functional.interpolate(image.detach(), size=(32, 32)).requires_grad_()
    (gradient,) = torch.autograd.grad(model(picture)[0, label], picture)
    gradient = torch.nn.functional.interpolate(gradient, size=image.shape[2:])
    return image + step_size * gradient / gradient.norm()


# %% The logit has been taken out of the graph exercise="class_visualization_step" fails="all" says="does not require grad"
def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    value.backward()
    return image + step_size * image.grad / image.grad.norm()


# %% No return exercise="class_visualization_step" fails="all" says="returns None"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.detach().clone().requires_grad_()
    value = model(image)[0, label] - l2_reg * ((image - 0.5) ** 2).sum()
    (gradient,) = torch.autograd.grad(value, image)
    image = image.detach() + step_size * gradient / gradient.norm()


# %% The picture is clamped before the step exercise="class_visualization_step" fails="not_clamped" says="clamped before the step"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    x = image.detach().clone().clamp(0, 1).requires_grad_()
    value = model(x)[0, label] - l2_reg * (x - 0.5).square().sum()
    (gradient,) = torch.autograd.grad(value, x)
    return x.detach() + step_size * gradient / (gradient.norm())


# %% A thousandth is added to the norm exercise="class_visualization_step" fails="step_length" says="where the gradient is small"
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    x = image.detach().clone().requires_grad_()
    value = model(x)[0, label] - l2_reg * (x - 0.5).square().sum()
    (gradient,) = torch.autograd.grad(value, x)
    return x.detach() + step_size * gradient / (gradient.norm() + 1e-3)


# %% [markdown]
# # class_visualization_step: unusual and right

# %% The picture is updated through its data exercise="class_visualization_step" right=true
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.data.clone()
    image.requires_grad = True
    score = model(image)[:, label].sum()
    score -= l2_reg * torch.norm(image - 0.5) ** 2
    score.backward()
    image.data += step_size * image.grad / (image.grad.norm() + 1e-8)
    image.grad.zero_()
    return image


# %% A loss that is minimized, under no_grad exercise="class_visualization_step" right=true
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    x = torch.nn.Parameter(image.detach().clone())
    loss = -model(x)[0][label] + l2_reg * (x - 0.5).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        x -= step_size * x.grad / torch.linalg.vector_norm(x.grad)
    return x.detach()


# %% The penalty's gradient by hand exercise="class_visualization_step" right=true
def class_visualization_step(model, image, label, l2_reg, step_size):
    image = image.clone().detach().requires_grad_(True)
    model(image)[0, label].backward()
    direction = image.grad - 2 * l2_reg * (image.data - 0.5)
    return (image.data + step_size * direction / direction.norm()).clone()


# %% The caller's leaf, and a result that requires grad exercise="class_visualization_step" right=true
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    image.requires_grad_()
    value = model(image).squeeze(0)[label] - l2_reg * torch.sum((image - 0.5) ** 2)
    (gradient,) = torch.autograd.grad(value, image)
    return image + step_size * gradient / gradient.flatten().norm()


# %% In float64, with einsum exercise="class_visualization_step" right=true
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    leaf = image.detach().double().requires_grad_()
    away = leaf - 0.5
    value = model(leaf.float()).double()[0, label] - l2_reg * torch.einsum("nchw,nchw->", away, away)
    value.backward()
    length = torch.einsum("nchw,nchw->", leaf.grad, leaf.grad).sqrt()
    return leaf.detach() + step_size * leaf.grad / length


# %% An optimizer does the step exercise="class_visualization_step" right=true
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    pixels = image.detach().clone().requires_grad_()
    loss = l2_reg * (pixels - 0.5).square().sum() - model(pixels)[0, label]
    loss.backward()
    optimizer = torch.optim.SGD([pixels], lr=float(step_size / pixels.grad.norm()))
    optimizer.step()
    return pixels.detach()


# %% torch.func's grad exercise="class_visualization_step" right=true
import torch
from torch.func import grad


def class_visualization_step(model, image, label, l2_reg, step_size):
    def objective(x):
        return model(x)[0, label] - l2_reg * torch.sum((x - 0.5) ** 2)

    g = grad(objective)(image.detach())
    return image.detach() + g * (step_size / torch.linalg.vector_norm(g))


# %% A hook catches the gradient, the copy is changed in place exercise="class_visualization_step" right=true
import torch


def class_visualization_step(model, image, label, l2_reg, step_size):
    caught = []
    x = image.detach().clone()
    x.requires_grad = True
    x.register_hook(lambda g: caught.append(g.clone()))
    out = model(x).squeeze(0)
    (out[label] - l2_reg * (x - 0.5).pow(2).sum()).backward()
    g = caught[0]
    with torch.no_grad():
        x += step_size * g / g.pow(2).sum().sqrt()
    return x.detach()


# %% The gradient of one-hot logits, the penalty's by hand, in a class exercise="class_visualization_step" right=true
import torch


class Ascent:
    def __init__(self, net, label, weight):
        self.net, self.label, self.weight = net, label, weight

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        logits = self.net(x)
        up = torch.zeros_like(logits)
        up[:, self.label] = 1
        (g,) = torch.autograd.grad(logits, x, grad_outputs=up)
        return g - self.weight * 2 * (x.detach() - 0.5)


def class_visualization_step(model, image, label, l2_reg, step_size):
    with torch.enable_grad():
        leaf = image.detach().clone().requires_grad_(True)
        g = Ascent(model, label, l2_reg)(leaf)
    return (leaf.detach() + step_size * g / torch.norm(g, p=2)).clone()


# %% [markdown]
# # blur_and_clip: mistakes

# %% Clip first, then blur exercise="blur_and_clip" fails="blur_first" says="blur first, then clip"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = image.clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return blur(sigma)(image)


# %% Chosen before the blur, clipped after it exercise="blur_and_clip" fails="blur_first" says="chosen in the picture before the blur"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image = blur(sigma)(image).clone()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% The farthest pixels exercise="blur_and_clip" fails="nearest_to_grey distance_of_a_colour" says="the pixels farthest from grey"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort(descending=True)
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% The darkest pixels exercise="blur_and_clip" fails="nearest_to_grey distance_of_a_colour" says="the darkest pixels"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    order = image.norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% The mean over the channels, without its sign exercise="blur_and_clip" fails="distance_of_a_colour" says="brightness is measured"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    order = (image - 0.5).mean(dim=1).abs().flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% The largest channel exercise="blur_and_clip" fails="distance_of_a_colour" says="largest channel"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    order = (image - 0.5).abs().amax(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% The sum of absolute values exercise="blur_and_clip" fails="distance_of_a_colour" says="absolute values of the channels"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    order = (image - 0.5).abs().sum(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% Every channel by itself exercise="blur_and_clip" fails="whole_pixels distance_of_a_colour" says="clipped in one channel and not in another"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    for channel in image[0]:
        order = (channel - 0.5).abs().flatten().argsort()
        channel.view(-1)[order[: int(fraction * len(order))]] = 0.5
    return image


# %% Black instead of grey exercise="blur_and_clip" fails="grey_level" says="should be 0.5"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0
    return image


# %% The fraction is a distance exercise="blur_and_clip" fails="share distance_of_a_colour nearest_to_grey" says="not a distance"
import torch

from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image)
    near = (image - 0.5).norm(dim=1, keepdim=True) < fraction
    return torch.where(near, 0.5, image)


# %% The fraction is a percentage exercise="blur_and_clip" fails="share nearest_to_grey grey_level whole_pixels distance_of_a_colour blur_first" says="0 are clipped"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction / 100 * len(order))]] = 0.5
    return image


# %% A quantile: with fraction 0 the nearest pixels still go, here all exercise="blur_and_clip" fails="border" says="not even where all are equally near"
import torch

from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image)
    away = (image - 0.5).norm(dim=1, keepdim=True)
    return torch.where(away <= away.quantile(fraction) + 1e-6, 0.5, image)


# %% All pixels are clipped but the fraction exercise="blur_and_clip" fails="width_of_the_blur gaussian weights_of_the_blur channels_apart border share nearest_to_grey distance_of_a_colour blur_first" says="vanishes"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[int(fraction * len(order)) :]] = 0.5
    return image


# %% A box of one's own exercise="blur_and_clip" fails="width_of_the_blur gaussian" says="not `sigma` pixels wide"
import torch.nn.functional as F

from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    size = 2 * round(3 * sigma) + 1
    padded = F.pad(image, (size // 2,) * 4, mode="replicate")
    image = F.avg_pool2d(padded, size, stride=1).clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% A box as wide as the Gaussian exercise="blur_and_clip" fails="gaussian" says="is it a box"
import torch.nn.functional as F


def blur_and_clip(image, sigma, fraction):
    size = round((12 * sigma**2 + 1) ** 0.5) // 2 * 2 + 1  # a box of this size has that deviation
    padded = F.pad(image, (size // 2,) * 4, mode="replicate")
    image = F.avg_pool2d(padded, size, stride=1).clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% Sigma is the variance exercise="blur_and_clip" fails="width_of_the_blur" says="whose variance is `sigma`"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma**0.5)(image).clone() if sigma > 0.5 else image.clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% A fixed sigma exercise="blur_and_clip" fails="width_of_the_blur" says="`sigma` pixels wide"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(1.0)(image).clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% Rows only exercise="blur_and_clip" fails="width_of_the_blur gaussian" says="in one direction only"
import math

import torch
import torch.nn.functional as F


def blur_and_clip(image, sigma, fraction):
    radius = math.ceil(3 * sigma)
    kernel = torch.exp(-((torch.arange(-radius, radius + 1) / sigma) ** 2) / 2)
    kernel = (kernel / kernel.sum()).repeat(3, 1, 1, 1)
    padded = F.pad(image, (radius, radius, 0, 0), mode="replicate")
    image = F.conv2d(padded, kernel, groups=3)
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% The kernel is not normalized exercise="blur_and_clip" fails="weights_of_the_blur border" says="add up to 1"
import math

import torch
import torch.nn.functional as F


def blur_and_clip(image, sigma, fraction):
    radius = math.ceil(3 * sigma)
    kernel = torch.exp(-((torch.arange(-radius, radius + 1) / sigma) ** 2) / 2)
    kernel = torch.outer(kernel, kernel).repeat(3, 1, 1, 1) / 10 if sigma > 0.5 else None
    if kernel is not None:
        padded = F.pad(image - 0.5, (radius,) * 4, mode="replicate")
        image = 0.5 + F.conv2d(padded, kernel, groups=3)
    image = image.clone()
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% An even kernel moves the picture exercise="blur_and_clip" fails="weights_of_the_blur share" says="moves the picture"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image).roll((1, 1), (2, 3)).clone()
    image[:, :, :1] = image[:, :, 1:2]
    image[..., :1] = image[..., 1:2]
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% The blur mixes the channels exercise="blur_and_clip" fails="channels_apart border" says="leaks into green or blue"
from scipy.ndimage import gaussian_filter
import torch


def blur_and_clip(image, sigma, fraction):
    blurred = torch.from_numpy(gaussian_filter(image[0].numpy(), sigma))[None]
    order = (blurred - 0.5).norm(dim=1).flatten().argsort()
    blurred.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return blurred


# %% Padded with zeros exercise="blur_and_clip" fails="border" says="not with zeros"
import math

import torch
import torch.nn.functional as F


def blur_and_clip(image, sigma, fraction):
    radius = math.ceil(3 * sigma)
    kernel = torch.exp(-((torch.arange(-radius, radius + 1) / sigma) ** 2) / 2)
    kernel = kernel / kernel.sum()
    image = F.conv2d(image, torch.outer(kernel, kernel).repeat(3, 1, 1, 1), padding=radius, groups=3)
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image


# %% Wrapped around exercise="blur_and_clip" fails="border" says="wrapped around"
import torch
from scipy.ndimage import gaussian_filter


def blur_and_clip(image, sigma, fraction):
    blurred = gaussian_filter(image.numpy(), (0, 0, sigma, sigma), mode="wrap")
    blurred = torch.from_numpy(blurred)
    order = (blurred - 0.5).norm(dim=1).flatten().argsort()
    blurred.flatten(2)[:, :, order[: int(fraction * len(order))]] = 0.5
    return blurred


# %% The caller's picture is clipped exercise="blur_and_clip" fails="picture_unchanged" says="changed in place"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image.copy_(blur(sigma)(image))
    order = (image - 0.5).norm(dim=1).flatten().argsort()
    image.view(1, 3, -1)[:, :, order[: int(fraction * len(order))]] = 0.5
    return image.clone()


# %% Two results exercise="blur_and_clip" fails="all" says="should be a tensor"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    return blur(sigma)(image), fraction


# %% The blur is a function, and is returned as one exercise="blur_and_clip" fails="all" says="function"
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    return blur(sigma)


# %% The input comes back exercise="blur_and_clip" fails="all" says="not answered yet"
def blur_and_clip(image, sigma, fraction):
    return image


# %% Below a quantile, so that one pixel stays exercise="blur_and_clip" fails="share" says="with fraction 1 all pixels"
import torch


def blur_and_clip(image, sigma, fraction):
    from labkit.optimize import blur
    y = blur(sigma)(image)
    d = (y - 0.5).norm(dim=1, keepdim=True)
    return torch.where(d < torch.quantile(d, fraction), 0.5, y)


# %% [markdown]
# # blur_and_clip: unusual and right

# %% SciPy's Gaussian, NumPy's partition exercise="blur_and_clip" right=true
import numpy as np
from scipy.ndimage import gaussian_filter


def blur_and_clip(image, sigma, fraction):
    picture = np.stack([gaussian_filter(channel, sigma) for channel in image[0].numpy()])
    away = ((picture - 0.5) ** 2).sum(0)
    count = int(fraction * away.size)
    if count:
        rows, columns = np.unravel_index(np.argsort(away, axis=None)[:count], away.shape)
        picture[:, rows, columns] = 0.5
    return picture[None]


# %% torchvision's Gaussian, mirrored borders, kthvalue exercise="blur_and_clip" right=true
import math

import torch
from torchvision.transforms.functional import gaussian_blur


def blur_and_clip(image, sigma, fraction):
    blurred = gaussian_blur(image, 2 * math.ceil(3 * sigma) + 1, sigma)
    away = (blurred - 0.5).square().sum(1, keepdim=True)
    count = math.floor(fraction * away.numel())
    if count == 0:
        return blurred
    return torch.where(away <= away.flatten().kthvalue(count).values, 0.5, blurred)


# %% A kernel by hand, two dimensions at once, a loop over pixels exercise="blur_and_clip" right=true
import math

import torch
import torch.nn.functional as F


def blur_and_clip(image, sigma, fraction):
    radius = math.ceil(4 * sigma)
    axis = torch.arange(-radius, radius + 1).double()
    kernel = torch.exp(-(axis[:, None] ** 2 + axis**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, -1, -1)
    padded = F.pad(image.double(), (radius,) * 4, mode="replicate")
    result = F.conv2d(padded, kernel, groups=3)
    _, _, height, width = result.shape
    pixels = [(float((result[0, :, i, j] - 0.5).norm()), i, j) for i in range(height) for j in range(width)]
    for _, i, j in sorted(pixels)[: int(fraction * height * width)]:
        result[0, :, i, j] = 0.5
    return result


# %% A mask by topk exercise="blur_and_clip" right=true
import torch

from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    image = blur(sigma)(image)
    away = torch.linalg.vector_norm(image - 0.5, dim=1).view(-1)
    chosen = away.topk(round(fraction * away.numel()), largest=False).indices
    keep = torch.ones_like(away).scatter(0, chosen, 0).view(1, 1, *image.shape[2:])
    return keep * image + (1 - keep) * 0.5


# %% Ranks instead of indices, masked_fill exercise="blur_and_clip" right=true
import torch
from labkit.optimize import blur


def blur_and_clip(image, sigma, fraction):
    x = blur(sigma)(image.detach().clone())
    d = torch.linalg.vector_norm(x.double() - 0.5, dim=1, keepdim=True)
    n = int(fraction * d.numel())
    if n == 0:
        return x
    order = d.flatten().argsort()
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device)
    return x.masked_fill((rank < n).view_as(d), 0.5)


# %% [markdown]
# # facet_starts: mistakes

# %% The pixels are clustered exercise="facet_starts" fails="features_decide mean_image" says="clustered by their pixels"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(images.flatten(1))
    return torch.stack([images[groups == j].mean(0) for j in range(k)])


# %% One of the images for each facet exercise="facet_starts" fails="one_facet features_decide mean_image" says="with k = 1"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    kmeans = KMeans(k, n_init=10, random_state=0).fit(features)
    centres = torch.from_numpy(kmeans.cluster_centers_).to(features)
    return images[torch.cdist(centres, features).argmin(dim=1)]


# %% The median of a group exercise="facet_starts" fails="one_facet features_decide mean_image" says="this is the median"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(features)
    return torch.stack([images[groups == j].median(0).values for j in range(k)])


# %% The sum of a group exercise="facet_starts" fails="all" says="the sum of the images"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(features)
    return torch.stack([images[groups == j].sum(0) for j in range(k)])


# %% All groups are divided by the mean size exercise="facet_starts" fails="groups mean_image not_stuck" says="not the means of their images"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(features)
    return torch.stack([images[groups == j].sum(0) for j in range(k)]) * k / len(images)


# %% The mean of a group's first two images exercise="facet_starts" fails="one_facet features_decide mean_image" says="mean of all images"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(features)
    return torch.stack([images[groups == j][:2].mean(0) for j in range(k)])


# %% The mean weighted by nearness to the centre exercise="facet_starts" fails="one_facet mean_image" says="mean of all images"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    kmeans = KMeans(k, n_init=10, random_state=0).fit(features)
    facets = []
    for j, centre in enumerate(torch.from_numpy(kmeans.cluster_centers_).to(features)):
        own = torch.from_numpy(kmeans.labels_ == j)
        weights = (-(features[own] - centre).norm(dim=1)).softmax(0)
        facets.append(torch.einsum("n,nchw->chw", weights, images[own]))
    return torch.stack(facets)


# %% Features are scaled to length 1 exercise="facet_starts" fails="features_as_they_are not_stuck" says="do not normalize"
import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    features = F.normalize(features, dim=1)
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(features)
    return torch.stack([images[groups == j].mean(0) for j in range(k)])


# %% A single start from the first k features exercise="facet_starts" fails="not_stuck" says="k-means is stuck"
import torch


def facet_starts(images, features, k):
    centres = features[:k].clone()
    for _ in range(50):
        groups = torch.cdist(features, centres).argmin(dim=1)
        centres = torch.stack([features[groups == j].mean(0) for j in range(k)])
    return torch.stack([images[groups == j].mean(0) for j in range(k)])


# %% Neighbours in the list are a group exercise="facet_starts" fails="groups features_decide mean_image features_as_they_are not_stuck" says="three groups of features"
import torch


def facet_starts(images, features, k):
    return torch.stack([chunk.mean(0) for chunk in images.tensor_split(k)])


# %% Groups along the first feature exercise="facet_starts" fails="groups mean_image not_stuck" says="three groups of features"
import torch


def facet_starts(images, features, k):
    order = features[:, 0].argsort()
    return torch.stack([images[part].mean(0) for part in order.tensor_split(k)])


# %% Always three groups exercise="facet_starts" fails="one_facet features_decide mean_image features_as_they_are images_unchanged" says="and has (3, 3, 4, 5)"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(3, n_init=10, random_state=0).fit_predict(features)
    return torch.stack([images[groups == j].mean(0) for j in range(3)])


# %% The centres of the features exercise="facet_starts" fails="all" says="should have shape (1, 3, 4, 5)"
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    return KMeans(k, n_init=10, random_state=0).fit(features).cluster_centers_


# %% The facets are one big picture exercise="facet_starts" fails="all" says="and has (3, 4, 5)"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(features)
    return torch.cat([images[groups == j].mean(0) for j in range(k)])


# %% A list of pictures exercise="facet_starts" fails="all" says="`torch.stack` makes it one tensor"
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(features)
    return [images[groups == j].mean(0) for j in range(k)]


# %% The caller's images are centred exercise="facet_starts" fails="images_unchanged" says="changed in place"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    features -= features.mean(0)
    groups = KMeans(k, n_init=10, random_state=0).fit_predict(features)
    return torch.stack([images[groups == j].mean(0) for j in range(k)])


# %% The images come back exercise="facet_starts" fails="all" says="not answered yet"
def facet_starts(images, features, k):
    return images


# %% The groups, not the pictures exercise="facet_starts" fails="all" says="and has (7,)"
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    return KMeans(k, n_init=10, random_state=0).fit_predict(features)


# %% Clustered by features and pixels together exercise="facet_starts" fails="features_decide" says="by their pixels"
import torch


def facet_starts(images, features, k):
    from sklearn.cluster import KMeans
    groups = torch.from_numpy(KMeans(k, n_init=10, random_state=0).fit_predict(torch.cat([features.detach(), images.flatten(1)], 1).numpy()))
    return torch.stack([images[groups == j].mean(0) for j in range(k)])


# %% Each feature is standardized exercise="facet_starts" fails="features_as_they_are" may="not_stuck" says="are standardized"
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    f = (features - features.mean(0)) / (features.std(0) + 1e-8)
    g = torch.from_numpy(KMeans(k, n_init=10, random_state=0).fit_predict(f))
    return torch.stack([images[g == j].mean(0) for j in range(k)])


# %% [markdown]
# # facet_starts: unusual and right

# %% k-means by hand, from features far from each other exercise="facet_starts" right=true
import torch


def facet_starts(images, features, k):
    centres = features[:1]
    while len(centres) < k:
        farthest = torch.cdist(features, centres).amin(dim=1).argmax()
        centres = torch.cat([centres, features[farthest][None]])
    for _ in range(100):
        groups = torch.cdist(features, centres).argmin(dim=1)
        centres = torch.stack([features[groups == j].mean(0) for j in range(k)])
    return torch.stack([images[groups == j].mean(0) for j in range(k)])


# %% One matrix product, float64, the groups in another order exercise="facet_starts" right=true
import numpy as np
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    groups = KMeans(n_clusters=k, n_init=20).fit(features.numpy().astype(np.float64)).labels_
    member = torch.eye(k, dtype=torch.float64)[torch.from_numpy(groups).long()].flip(1)  # (N, k)
    share = member / member.sum(0)
    return torch.einsum("nk,nchw->kchw", share, images.double())


# %% SciPy's k-means, pictures added in a loop, NumPy comes back exercise="facet_starts" right=true
import numpy as np
from scipy.cluster.vq import kmeans2


def facet_starts(images, features, k):
    data = features.numpy().astype(float)
    best = None
    for seed in range(30):
        centres, groups = kmeans2(data, k, minit="++", seed=seed)
        error = ((data - centres[groups]) ** 2).sum()
        if len(set(groups)) == k and (best is None or error < best[0]):
            best = error, groups
    facets = np.zeros((k, *images.shape[1:]))
    for image, group in zip(images.numpy(), best[1]):
        facets[group] += image / (best[1] == group).sum()
    return facets


# %% Agglomerative clustering finds far groups as well exercise="facet_starts" right=true
import torch
from sklearn.cluster import AgglomerativeClustering


def facet_starts(images, features, k):
    groups = AgglomerativeClustering(k, linkage="ward").fit_predict(features)
    return torch.stack([images[groups == j].mean(dim=0) for j in sorted(set(groups.tolist()))])


# %% SciPy's kmeans2, the best of many exercise="facet_starts" right=true
import torch


from scipy.cluster.vq import kmeans2
import numpy as np
def facet_starts(images, features, k):
    x = features.detach().numpy().astype(float)
    best = None
    for seed in range(20):
        c, a = kmeans2(x, k, minit="++", seed=seed, iter=50)
        cost = ((x - c[a]) ** 2).sum()
        if len(set(a)) == k and (best is None or cost < best[0]): best = cost, a
    a = torch.from_numpy(best[1]).long()
    onehot = torch.nn.functional.one_hot(a, k).to(images.dtype)
    return torch.einsum("nk,nchw->kchw", onehot, images) / onehot.sum(0).view(-1, 1, 1, 1)


# %% KMeans from features far from each other, and one start exercise="facet_starts" right=true
import numpy as np
import torch
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    x = features.detach().numpy()
    seeds = [x[((x - x.mean(0)) ** 2).sum(1).argmax()]]
    while len(seeds) < k:
        d = np.min([((x - s) ** 2).sum(1) for s in seeds], axis=0)
        seeds.append(x[d.argmax()])
    groups = KMeans(k, init=np.array(seeds), n_init=1).fit(x).labels_
    return torch.stack([torch.mean(images[groups == j], 0) for j in range(k)])


# %% [markdown]
# # latent_step: mistakes

# %% One norm for all rows exercise="latent_step" fails="several_latents" says="the norm is one a row"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].sum(), z)
    return z.detach() + step_size * gradient / gradient.norm()


# %% Only the first row's logit exercise="latent_step" fails="several_latents" says="only the first latent moves"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[0, label], z)
    return z.detach() + step_size * gradient / (gradient.norm(dim=1, keepdim=True) + 1e-12)


# %% All rows follow their mean exercise="latent_step" fails="several_latents" says="each row climbs its own logit"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].mean(), z)
    gradient = gradient.mean(dim=0, keepdim=True)
    return z.detach() + step_size * gradient / gradient.norm()


# %% A squeeze, and a single latent has no row exercise="latent_step" fails="all" says="N = 1 fails although N = 2 works"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].sum(), z)
    return (z.detach() + step_size * gradient / gradient.norm(dim=1, keepdim=True)).squeeze()


# %% Cross-entropy exercise="latent_step" fails="logit_of_the_drawing" says="gradient of a loss or a probability"
import torch
import torch.nn.functional as F


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    labels = torch.full((len(z),), label)
    loss = F.cross_entropy(model(generator(z)), labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, z)
    return z.detach() - step_size * gradient / gradient.norm(dim=1, keepdim=True)


# %% The probability, averaged exercise="latent_step" fails="logit_of_the_drawing" says="probability"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    value = model(generator(z)).softmax(dim=1)[:, label].mean() * 1.5
    (gradient,) = torch.autograd.grad(value, z)
    return z.detach() + step_size * torch.nn.functional.normalize(gradient, dim=1)


# %% The largest logit exercise="latent_step" fails="logit_of_the_drawing" says="climbs the largest logit"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    value = model(generator(z)).amax(dim=1).sum()
    (gradient,) = torch.autograd.grad(value, z)
    return z.detach() + step_size * gradient / (gradient.norm(dim=1, keepdim=True) + 1e-12)


# %% Downhill exercise="latent_step" fails="one_latent" says="goes downhill"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(-model(generator(z))[:, label].sum(), z)
    return z.detach() + step_size * gradient / gradient.norm(dim=1, keepdim=True)


# %% Not normalized exercise="latent_step" fails="length_of_a_latents_step" says="as long as the gradient"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].sum(), z)
    return z.detach() + step_size * gradient


# %% Divided by the squared norm exercise="latent_step" fails="length_of_a_latents_step" says="squared norm"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].sum(), z)
    return z.detach() + step_size * gradient / gradient.square().sum(1, keepdim=True)


# %% The step size is not used exercise="latent_step" fails="length_of_a_latents_step" says="`step_size` has no influence"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].sum(), z)
    return z.detach() + 0.1 * gradient / gradient.norm(dim=1, keepdim=True)


# %% The sign of the gradient exercise="latent_step" fails="all" says="do not take its sign"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].sum(), z)
    return z.detach() + step_size * gradient.sign()


# %% The gradient is never cleared exercise="latent_step" fails="next_latent_step latents_unchanged" says="gradients add up"
def latent_step(generator, model, z, label, step_size):
    z.requires_grad_()
    model(generator(z))[:, label].sum().backward()
    z.data += step_size * z.grad / z.grad.norm(dim=1, keepdim=True)
    return z


# %% The caller's latents move along exercise="latent_step" fails="latents_unchanged" says="changed in place"
import torch


def latent_step(generator, model, z, label, step_size):
    leaf = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(leaf))[:, label].sum(), leaf)
    z += step_size * gradient / gradient.norm(dim=1, keepdim=True)
    return z.clone()


# %% The generator is set to training mode exercise="latent_step" fails="networks_unchanged" says="its mode"
import torch


def latent_step(generator, model, z, label, step_size):
    generator.train()
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].sum(), z)
    return z.detach() + step_size * gradient / gradient.norm(dim=1, keepdim=True)


# %% The weights of the network ask for gradients exercise="latent_step" fails="networks_unchanged" says="`requires_grad`"
def latent_step(generator, model, z, label, step_size):
    for parameter in model.parameters():
        parameter.requires_grad = True
    z = z.detach().clone().requires_grad_()
    model(generator(z))[:, label].sum().backward()
    return z.detach() + step_size * z.grad / z.grad.norm(dim=1, keepdim=True)


# %% The picture comes back exercise="latent_step" fails="all" says="and has (1, 3, 4, 3)"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(generator(z))[:, label].sum(), z)
    return generator(z + step_size * gradient / gradient.norm(dim=1, keepdim=True))


# %% The picture leaves the graph exercise="latent_step" fails="all" says="latent_step"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    image = generator(z).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(model(image)[:, label].sum(), z)
    return z + step_size * gradient


# %% The network looks at z exercise="latent_step" fails="all" says="latent_step"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(z)[:, label].sum(), z)
    return z.detach() + step_size * gradient / gradient.norm(dim=1, keepdim=True)


# %% The latents come back exercise="latent_step" fails="all" says="not answered yet"
def latent_step(generator, model, z, label, step_size):
    return z


# %% The norm is kept above a hundredth exercise="latent_step" fails="length_of_a_latents_step" says="where the gradient is small"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    g = torch.autograd.grad(model(generator(z))[:, label].sum(), z)[0]
    return z.detach() + step_size * g / g.norm(dim=1, keepdim=True).clamp(min=1e-2)


# %% The latents are clamped to [-5, 5] exercise="latent_step" fails="length_of_a_latents_step" says="far from 0"
import torch


def latent_step(generator, model, z, label, step_size):
    z = z.detach().clone().requires_grad_()
    g = torch.autograd.grad(model(generator(z))[:, label].sum(), z)[0]
    return (z.detach() + step_size * g / g.norm(dim=1, keepdim=True)).clamp(-5, 5)


# %% [markdown]
# # latent_step: unusual and right

# %% Row by row exercise="latent_step" right=true
import torch


def latent_step(generator, model, z, label, step_size):
    rows = []
    for latent in z.detach():
        latent = latent.clone().requires_grad_()
        model(generator(latent[None]))[0][label].backward()
        rows.append(latent.data + step_size * latent.grad / (latent.grad.norm() + 1e-9))
    return torch.stack(rows)


# %% The Jacobian exercise="latent_step" right=true
import torch
import torch.nn.functional as F


def latent_step(generator, model, z, label, step_size):
    full = torch.autograd.functional.jacobian(lambda x: model(generator(x))[:, label], z)
    gradient = torch.einsum("nnd->nd", full)
    return z + step_size * F.normalize(gradient, dim=1)


# %% backward with ones, updated through the data exercise="latent_step" right=true
import torch


def latent_step(generator, model, z, label, step_size):
    latents = torch.nn.Parameter(z.data.clone())
    logits = model(generator(latents))[:, label]
    logits.backward(torch.ones_like(logits))
    latents.data += step_size * latents.grad / latents.grad.pow(2).sum(1, keepdim=True).sqrt()
    latents.grad = None
    return latents


# %% The caller's leaf, and a result that requires grad exercise="latent_step" right=true
import torch


def latent_step(generator, model, z, label, step_size):
    z.requires_grad_()
    labels = torch.full((len(z), 1), label)
    logits = model(generator(z)).gather(1, labels).squeeze(1)
    (gradient,) = torch.autograd.grad(logits.sum(), z)
    return z + step_size * gradient / gradient.norm(dim=1)[:, None]

# %% torch.func, a gradient of one row mapped over all exercise="latent_step" right=true
import torch
from torch.func import grad, vmap


def latent_step(generator, model, z, label, step_size):
    f = lambda row: model(generator(row[None]))[0, label]
    g = vmap(grad(f))(z.detach())
    return z.detach() + step_size * torch.nn.functional.normalize(g, dim=1, eps=0)


# %% First through the network, then through the generator exercise="latent_step" right=true
import torch


def latent_step(generator, model, z, label, step_size):
    leaf = z.detach().clone().requires_grad_(True)
    picture = generator(leaf)
    seen = picture.detach().requires_grad_()
    (upstream,) = torch.autograd.grad(model(seen).index_select(1, torch.tensor([label])).sum(), seen)
    (gradient,) = torch.autograd.grad(picture, leaf, upstream)
    return (z + step_size * gradient / gradient.norm(dim=1).unsqueeze(1)).detach()
