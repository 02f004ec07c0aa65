"""What students answer in lab 10: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the
student reads. Nearly all wrong climbs fool the network: looking at the result finds few of them.
"""

# %% [markdown]
# # fgsm: mistakes

# %% Downhill, as in training exercise="fgsm" fails="uphill" says="goes downhill"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images - epsilon * images.grad.sign()).clamp(0, 1)

# %% The label's logit is lowered exercise="fgsm" fails="gradient_of_the_cross_entropy" says="gradient of the label's logit"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels[:, None]).sum().backward()
    return (images - epsilon * images.grad.sign()).clamp(0, 1)

# %% nll_loss of the logits, uphill in the logit exercise="fgsm" fails="uphill gradient_of_the_cross_entropy" says="goes downhill"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    (-F.nll_loss(model(images), labels)).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% Softmax before the cross-entropy exercise="fgsm" fails="gradient_of_the_cross_entropy improbable_label" says="softmax is taken twice"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images).softmax(dim=1), labels, reduction="sum").backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% The gradient itself instead of its sign exercise="fgsm" fails="epsilon" says="different amounts"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels, reduction="sum").backward()
    return (images + epsilon * images.grad).clamp(0, 1)

# %% The gradient divided by its largest value exercise="fgsm" fails="epsilon" says="take the sign of the gradient"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels, reduction="sum").backward()
    gradients = images.grad / images.grad.abs().amax((1, 2, 3), keepdim=True)
    return (images + epsilon * gradients).clamp(0, 1)

# %% Epsilon counted in grey levels exercise="fgsm" fails="epsilon" says="in units of the images' range"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon / 255 * images.grad.sign()).clamp(0, 1)

# %% An epsilon of one's own exercise="fgsm" fails="epsilon" says="makes no difference"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + 0.01 * images.grad.sign()).clamp(0, 1)

# %% Not clamped exercise="fgsm" fails="clamped" says="outside [0, 1]"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return images + epsilon * images.grad.sign()

# %% Clamped to [-1, 1] exercise="fgsm" fails="clamped" says="clamp it after the step"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon * images.grad.sign()).clamp(-1, 1)

# %% The clamped images are thrown away exercise="fgsm" fails="clamped" says="outside [0, 1]"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    attacked = images + 1.0001 * epsilon * images.grad.sign()
    attacked.clamp(0, 1)
    return attacked

# %% A value that would leave [0, 1] stays where it is exercise="fgsm" fails="clamped" says="near 0 and 1"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    moved = images + epsilon * images.grad.sign()
    return torch.where((moved < 0) | (moved > 1), images, moved)

# %% Scaled into [0, 1] instead of clamped exercise="fgsm" fails="clamped" says="do not scale"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    moved = images + epsilon * images.grad.sign()
    low, high = moved.min().clamp(max=0), moved.max().clamp(min=1)
    return (moved - low) / (high - low)

# %% Zero counts as negative exercise="fgsm" fails="sign_of_zero" says="the sign of 0 is 0"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    up = images.grad > 0
    return torch.where(up, images + epsilon, images - epsilon).clamp(0, 1)

# %% Zero counts as positive exercise="fgsm" fails="sign_of_zero" says="torch.sign"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    signs = 1 - 2 * (images.grad < 0).float()
    return (images + epsilon * signs).clamp(0, 1)

# %% Ten small steps exercise="fgsm" fails="one_step" says="one step from the given images"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    attacked = images.clone()
    for _ in range(10):
        attacked = attacked.detach().requires_grad_()
        F.cross_entropy(model(attacked), labels).backward()
        attacked = attacked + epsilon / 10 * attacked.grad.sign()
    return attacked.detach().clamp(0, 1)

# %% A random start exercise="fgsm" fails="several_images epsilon clamped sign_of_zero one_step" says="not those that each has alone"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    noise = torch.rand_like(images) - 0.5
    start = (images + epsilon * noise).requires_grad_()
    F.cross_entropy(model(start), labels).backward()
    return (start + epsilon * start.grad.sign()).clamp(0, 1)

# %% squeeze() drops the first axis of a single image exercise="fgsm" fails="one_image" says="N = 1 fails although N = 2 works"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1).squeeze()

# %% The gradients of all images are added up exercise="fgsm" fails="several_images" says="from the sum of their gradients"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    if len(labels.unique()) == 1:
        images.grad[:] = images.grad.sum(0, keepdim=True)
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% All images get the step of the first one exercise="fgsm" fails="several_images each_its_own_label" says="change of the first one"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon * images.grad[:1].sign()).clamp(0, 1)

# %% Only the first image is attacked exercise="fgsm" fails="several_images each_its_own_label" says="not those that each has alone"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images)[:1], labels[:1]).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% The first label for all images exercise="fgsm" fails="each_its_own_label" says="meant for the first label"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels[:1].expand(len(images))).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% The labels in reversed order exercise="fgsm" fails="each_its_own_label" says="not about its own label"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels.flip(0)).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% The class that the network gives, instead of the label exercise="fgsm" fails="one_image several_images each_its_own_label uphill gradient_of_the_cross_entropy improbable_label clamped fgsm_leaves_the_images fgsm_leaves_the_network" says="the class that the network gives it"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    logits = model(images)
    F.cross_entropy(logits, logits.argmax(dim=1)).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% The caller's images are changed exercise="fgsm" fails="fgsm_leaves_the_images" says="in place"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images.requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    images.data += epsilon * images.grad.sign()
    images.data.clamp_(0, 1)
    return images

# %% The network is left in training mode exercise="fgsm" fails="fgsm_leaves_the_network" says="mode"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    model.train()
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% The weights ask for gradients exercise="fgsm" fails="fgsm_leaves_the_network" says="requires_grad"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    model.requires_grad_(True)
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% A network of one's own exercise="fgsm" fails="one_image several_images each_its_own_label uphill gradient_of_the_cross_entropy improbable_label clamped sign_of_zero fgsm_leaves_the_images fgsm_leaves_the_network" says="use the `model` that is passed in"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    generator = torch.Generator().manual_seed(0)
    linear = torch.nn.Linear(3 * 9 * 7, 4)
    linear.weight.data = torch.randn(linear.weight.shape, generator=generator)
    linear.bias.data = torch.tensor([0.0, 0.0, 0.0, 40.0])
    model = torch.nn.Sequential(torch.nn.Flatten(), linear)
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% The change alone is returned exercise="fgsm" fails="one_image several_images each_its_own_label uphill gradient_of_the_cross_entropy improbable_label epsilon clamped sign_of_zero one_step fgsm_leaves_the_images fgsm_leaves_the_network" says="the change alone"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return epsilon * images.grad.sign()

# %% Height and width are swapped exercise="fgsm" fails="all" says="should have shape"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1).transpose(2, 3)

# %% No return exercise="fgsm" fails="all" says="not answered yet: `fgsm` returns None"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    attacked = (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% A stub that returns its input exercise="fgsm" fails="all" says="returns what it was given"
def fgsm(model, images, labels, epsilon):
    return images

# %% The images never ask for a gradient exercise="fgsm" fails="all" says="does not require grad"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone()
    F.cross_entropy(model(images), labels).backward()
    return (images + epsilon * images.grad.sign()).clamp(0, 1)

# %% The logarithm of the softmax exercise="fgsm" fails="improbable_label" says="cross-entropy of the logits"
import torch


def fgsm(model, images, labels, epsilon):
    x = images.detach().clone().requires_grad_()
    p = model(x).softmax(1).gather(1, labels[:, None])
    g = torch.autograd.grad(-p.log().sum(), x)[0]
    return (x.detach() + epsilon * g.sign()).clamp(0, 1)


# %% Down the probability exercise="fgsm" fails="improbable_label" says="neither the probability"
import torch


def fgsm(model, images, labels, epsilon):
    x = images.detach().clone().requires_grad_()
    g = torch.autograd.grad(model(x).softmax(1).gather(1, labels[:, None]).sum(), x)[0]
    return (x.detach() - epsilon * g.sign()).clamp(0, 1)


# %% The gradient over its absolute value and a little exercise="fgsm" fails="epsilon" says="however small it is"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    x = images.detach().clone().requires_grad_()
    g = torch.autograd.grad(F.cross_entropy(model(x), labels), x)[0]
    return (x.detach() + epsilon * g / (g.abs() + 1e-8)).clamp(0, 1)


# %% Gradients below a millionth count as 0 exercise="fgsm" fails="epsilon" says="no threshold"
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    x = images.detach().clone().requires_grad_()
    g = torch.autograd.grad(F.cross_entropy(model(x), labels), x)[0]
    s = torch.where(g.abs() < 1e-6, 0.0, g.sign())
    return (x.detach() + epsilon * s).clamp(0, 1)


# %% [markdown]
# # fgsm: unusual and right

# %% The caller's images as the leaf, requires_grad_ and a result that requires it exercise="fgsm" right=true
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images.requires_grad_()
    loss = torch.nn.CrossEntropyLoss()(model(images), labels)
    loss.backward()
    return torch.clamp(images + epsilon * torch.sign(images.grad.data), 0, 1)

# %% One image after the other exercise="fgsm" right=true
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    attacked = []
    for image, label in zip(images, labels):
        leaf = image[None].clone().requires_grad_()
        F.cross_entropy(model(leaf), label[None]).backward()
        with torch.no_grad():
            attacked.append((leaf + epsilon * leaf.grad.sign()).clamp(min=0, max=1)[0])
    return torch.stack(attacked)

# %% Cross-entropy by hand, logsumexp less the logit exercise="fgsm" right=true
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    leaf = torch.nn.Parameter(images.clone())
    logits = model(leaf)
    loss = logits.logsumexp(1) - logits[torch.arange(len(labels)), labels]
    loss.backward(torch.ones_like(loss))
    return (images + epsilon * leaf.grad.sign()).clamp(0, 1)

# %% The log-probability, downhill, and NumPy from the gradient on exercise="fgsm" right=true
import numpy as np
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.detach().requires_grad_()
    chosen = F.nll_loss(F.log_softmax(model(images), dim=1), labels, reduction="sum")
    (gradients,) = torch.autograd.grad(-chosen, images)
    attacked = images.detach().numpy() - epsilon * np.sign(gradients.numpy())
    return torch.from_numpy(np.clip(attacked, 0.0, 1.0).astype(np.float32))

# %% torch.where with three cases, no sign() exercise="fgsm" right=true
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    F.cross_entropy(model(images), labels).backward()
    g = images.grad
    with torch.no_grad():
        images[g > 0] += epsilon
        images[g < 0] -= epsilon
        images.clamp_(0, 1)
    return images

# %% In steps of the clamp: maximum and minimum exercise="fgsm" right=true
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    images = images.clone().requires_grad_()
    gradients = torch.autograd.grad(F.cross_entropy(model(images), labels), images)[0]
    attacked = images.double() + epsilon * gradients.double().sign()
    attacked = torch.minimum(torch.maximum(attacked, torch.tensor(0.0)), torch.tensor(1.0))
    print("now:", model(attacked.float()).argmax(1).tolist())
    return attacked

# %% torch.func, a gradient of one image mapped over all exercise="fgsm" right=true
import torch
from torch.func import grad, vmap


def fgsm(model, images, labels, epsilon):
    def loss(x, y):
        logits = model(x[None])[0]
        return torch.logsumexp(logits, 0) - logits.gather(0, y[None])[0]

    g = vmap(grad(loss))(images.detach(), labels)
    return torch.clip(images.detach() + epsilon * g.sign(), 0.0, 1.0)


# %% Backwards from softmax less one-hot exercise="fgsm" right=true
import torch


def fgsm(model, images, labels, epsilon):
    x = images.detach().clone().requires_grad_()
    logits = model(x)
    up = logits.detach().softmax(1)
    up[torch.arange(len(labels)), labels] -= 1
    (g,) = torch.autograd.grad(logits, x, up)
    return (x.detach() + epsilon * g.sgn()).clamp_(0, 1)


# %% A copy of the network in float64 exercise="fgsm" right=true
import copy
import torch
import torch.nn.functional as F


def fgsm(model, images, labels, epsilon):
    exact = copy.deepcopy(model).double()
    x = images.detach().double().requires_grad_()
    g = torch.autograd.grad(F.cross_entropy(exact(x), labels), x)[0]
    return (images.detach() + epsilon * g.sign().to(images)).clamp(0, 1)


# %% [markdown]
# # fooling_image: mistakes

# %% The gradient is never cleared exercise="fooling_image" fails="fresh_gradient" says="sum of all gradients so far"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone().requires_grad_()
    for _ in range(max_steps):
        logits = model(image)
        if logits.argmax() == target:
            break
        logits[0, target].backward()
        model.zero_grad()
        image.data += step_size * image.grad / image.grad.norm()
        image.grad.zero_
    return image

# %% The sum of the normalized gradients exercise="fooling_image" fails="fresh_gradient" says="does not follow the gradient at the image where it begins"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image, total = image.clone(), 0
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        logits[0, target].backward()
        total = 0.9 * total + image.grad / image.grad.norm()
        image = image + step_size * total / total.norm()
    return image.detach()

# %% The gradient is taken once, before the loop exercise="fooling_image" fails="fresh_gradient" says="follows the gradient at the first image"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    leaf = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf)[0, target], leaf)
    image = image.clone()
    for _ in range(max_steps):
        if model(image).argmax() == target:
            break
        image = image + step_size * gradient / gradient.norm()
    return image

# %% Down the cross-entropy exercise="fooling_image" fails="gradient_of_the_logit" says="follows a loss or a probability"
import torch
import torch.nn.functional as F


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        loss = F.cross_entropy(logits, torch.tensor([target]))
        (gradient,) = torch.autograd.grad(loss, image)
        image = image - step_size * gradient / gradient.norm()
    return image.detach()

# %% Up the log-probability, not normalized exercise="fooling_image" fails="gradient_of_the_logit step_length" says="follows a loss or a probability"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits.log_softmax(1)[0, target], image)
        image = image + step_size * gradient
    return image.detach()

# %% Up the probability exercise="fooling_image" fails="gradient_of_the_logit" says="log-softmax or softmax"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits.double().softmax(1)[0, target], image)
        gradient = gradient.double() / gradient.double().norm()
        image = image + step_size * gradient.float()
    return image.detach()

# %% The target's logit less the old class's exercise="fooling_image" fails="gradient_of_the_logit" says="difference of two logits"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image, old = image.clone(), int(model(image).argmax())
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target] - logits[0, old], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% The logit that is largest exercise="fooling_image" fails="all" says="is it the logit of `target`"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits.max(), image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% The sign of the gradient, scaled to the step's length exercise="fooling_image" fails="gradient_of_the_logit fresh_gradient" says="that is `fgsm`"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient.sign() / gradient.sign().norm()
    return image.detach()

# %% Downhill exercise="fooling_image" fails="fools stops_at_first_success max_steps" says="the logit of the target falls"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image - step_size * gradient / gradient.norm()
    return image.detach()

# %% Not normalized exercise="fooling_image" fails="step_length" says="is not normalized"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient
    return image.detach()

# %% Divided by the squared norm exercise="fooling_image" fails="step_length" says="squared norm"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.square().sum()
    return image.detach()

# %% Divided by the largest value exercise="fooling_image" fails="step_length" says="divide the gradient by its Euclidean norm"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.abs().max() / 10
    return image.detach()

# %% Normalized per channel exercise="fooling_image" fails="gradient_of_the_logit fresh_gradient" says="does not follow the gradient of the target"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm(dim=(2, 3), keepdim=True) / 3**0.5
    return image.detach()

# %% The step size is a number of one's own exercise="fooling_image" fails="step_size fresh_gradient" says="does not make half the step"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + gradient / gradient.norm()
    return image.detach()

# %% Another default for the step size exercise="fooling_image" fails="step_length" says="do not have the length"
import torch


def fooling_image(model, image, target, step_size=0.5, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% Never stops when fooled exercise="fooling_image" fails="already_fooled stops_at_first_success" says="goes on"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(model(image)[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% Ten steps, always exercise="fooling_image" fails="already_fooled stops_at_first_success max_steps" says="look at the answer before the step"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(10):
        image = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(model(image)[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% max_steps is ignored exercise="fooling_image" fails="max_steps" says="with max_steps=7 the image is moved"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    while model(image).argmax() != target:
        image = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(model(image)[0, target], image)
        image = image.detach() + step_size * gradient / gradient.norm()
    return image

# %% Twenty steps at most, whatever max_steps says exercise="fooling_image" fails="max_steps" says="the climb gives up after"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(min(max_steps, 20)):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% Stops as soon as the answer changes exercise="fooling_image" fails="stops_at_first_success" says="no longer the class of the beginning"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    old, image = int(model(image).argmax()), image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target or logits.argmax() != old:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% Stops only when the target's probability is above 0.9 exercise="fooling_image" fails="already_fooled stops_at_first_success" says="goes on"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.softmax(1)[0, target] > 0.9:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% Looks at the answer every fifth step only exercise="fooling_image" fails="stops_at_first_success" says="goes on after"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for step in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if step % 5 == 0 and logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% Waits until the answer is another one than at first exercise="fooling_image" fails="already_fooled" says="is the target already"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image, old = image.clone(), int(model(image).argmax())
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target and target != old:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% The image before the last step is returned exercise="fooling_image" fails="fools" says="is it the image of the last step"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        leaf = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(model(leaf)[0, target], leaf)
        moved = image + step_size * gradient / gradient.norm()
        if model(moved).argmax() == target:
            break
        image = moved
    return image

# %% Clamped in every step exercise="fooling_image" fails="not_clamped" says="held back"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = (image + step_size * gradient / gradient.norm()).clamp(0, 1)
    return image.detach()

# %% Clamped at the end exercise="fooling_image" fails="not_clamped" says="not clamped"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach().clamp(0, 1)

# %% The caller's image is changed exercise="fooling_image" fails="climb_leaves_the_image" says="shares memory"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    fooled = image.detach().requires_grad_()
    for _ in range(max_steps):
        logits = model(fooled)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], fooled)
        fooled.data += step_size * gradient / gradient.norm()
    return fooled

# %% The network is left in training mode exercise="fooling_image" fails="climb_leaves_the_network" says="mode"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    model.train()
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% The change alone is returned exercise="fooling_image" fails="fools fresh_gradient step_length already_fooled climb_leaves_the_image climb_leaves_the_network" says="the change alone"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    start = image
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach() - start

# %% A network of one's own exercise="fooling_image" fails="fools gradient_of_the_logit fresh_gradient already_fooled stops_at_first_success max_steps climb_leaves_the_image climb_leaves_the_network" says="use the `model` that is passed in"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    generator = torch.Generator().manual_seed(0)
    linear = torch.nn.Linear(3 * 9 * 7, 4)
    linear.weight.data = torch.randn(linear.weight.shape, generator=generator)
    linear.bias.data = torch.tensor([0.0, 0.0, 0.0, 40.0])
    model = torch.nn.Sequential(torch.nn.Flatten(), linear)
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% The first axis is dropped exercise="fooling_image" fails="all" says="should have shape"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach().squeeze(0)

# %% No return exercise="fooling_image" fails="all" says="returns None"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()

# %% A stub that returns its input exercise="fooling_image" fails="all" says="returns what it was given"
def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    return image

# %% A step in place on a leaf exercise="fooling_image" fails="all" says="in-place operation"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone().requires_grad_()
    for _ in range(max_steps):
        logits = model(image)
        if logits.argmax() == target:
            break
        logits[0, target].backward()
        image += step_size * image.grad / image.grad.norm()
    return image

# %% A thousandth is added to the norm exercise="fooling_image" fails="step_length" says="where the gradient is small"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    x = image.detach().clone()
    for _ in range(max_steps):
        x.requires_grad_()
        logits = model(x)
        if logits.argmax() == target:
            break
        g = torch.autograd.grad(logits[0, target], x)[0]
        x = x.detach() + step_size * g / (g.norm() + 1e-3)
    return x.detach()


# %% Stops when the target's probability is above 1/2 exercise="fooling_image" fails="stops_at_first_success" says="stop at the first success"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    x = image.detach().clone()
    for _ in range(max_steps):
        x.requires_grad_()
        logits = model(x)
        if logits.softmax(1)[0, target] > 0.5:
            break
        g = torch.autograd.grad(logits[0, target], x)[0]
        x = x.detach() + step_size * g / g.norm()
    return x.detach()


# %% Up to a thousand steps where max_steps is not given exercise="fooling_image" fails="max_steps" says="the default is 100"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=1000):
    x = image.detach().clone()
    for _ in range(max_steps):
        x.requires_grad_()
        logits = model(x)
        if logits.argmax() == target:
            break
        g = torch.autograd.grad(logits[0, target], x)[0]
        x = x.detach() + step_size * g / g.norm()
    return x.detach()


# %% Clamped once, before the climb exercise="fooling_image" fails="not_clamped" says="clamped before the climb"
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    x = image.detach().clone().clamp(0, 1)
    for k in range(max_steps):
        x.requires_grad_()
        logits = model(x)
        if logits.argmax() == target:
            break
        g = torch.autograd.grad(logits[0, target], x)[0]
        x = x.detach() + step_size * g / g.norm()
    return x.detach()


# %% [markdown]
# # fooling_image: unusual and right

# %% Updates through .data, gradient zeroed by hand, a result that requires grad exercise="fooling_image" right=true
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image_fooling = image.clone().requires_grad_()
    for i in range(max_steps):
        scores = model(image_fooling)
        if torch.argmax(scores, dim=1).item() == target:
            break
        scores[:, target].backward()
        g = image_fooling.grad.data
        image_fooling.data += step_size * g / torch.norm(g)
        image_fooling.grad.zero_()
    return image_fooling

# %% A while loop with two forward passes a step, prints exercise="fooling_image" right=true
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    fooled, steps = image.clone(), 0
    while model(fooled).argmax(1)[0] != target and steps < max_steps:
        leaf = fooled.detach().clone().requires_grad_(True)
        model(leaf)[0, target].backward()
        fooled = fooled + step_size * leaf.grad / leaf.grad.norm()
        steps += 1
        print(steps, float(model(fooled)[0, target]))
    return fooled

# %% Under no_grad, in place, with a fresh gradient and an epsilon in the norm exercise="fooling_image" right=true
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone().requires_grad_()
    for _ in range(max_steps):
        logits = model(image)
        if logits.max(1).indices.item() == target:
            return image
        logits.squeeze()[target].backward()
        with torch.no_grad():
            image += step_size * image.grad / (image.grad.norm() + 1e-9)
        image.grad = None
    return image

# %% The step first, then the look: one step when already fooled exercise="fooling_image" right=true
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(model(image)[0, target], image)
        image = image + step_size * gradient / gradient.norm()
        with torch.no_grad():
            if int(model(image).argmax()) == target:
                break
    return image

# %% One step after the first success exercise="fooling_image" right=true
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image, done = image.clone(), False
    for _ in range(max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        done = bool(logits.argmax() == target)
        logits[0, target].backward()
        image = image + step_size * image.grad / image.grad.norm()
        if done:
            break
    return image.detach()

# %% One step fewer than max_steps exercise="fooling_image" right=true
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(1, max_steps):
        image = image.detach().requires_grad_()
        logits = model(image)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image + step_size * gradient / gradient.norm()
    return image.detach()

# %% model.forward, which hooks do not see, and NumPy for the step exercise="fooling_image" right=true
import numpy as np
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.clone()
    for _ in range(max_steps + 1):
        leaf = image.requires_grad_()
        logits = model.forward(leaf)
        if int(logits.detach().numpy().argmax()) == target:
            break
        gradient = torch.autograd.grad(logits[0, target], leaf)[0].numpy()
        step = step_size * gradient / np.sqrt((gradient**2).sum())
        image = torch.from_numpy(leaf.detach().numpy() + step.astype(np.float32))
    return image.detach()

# %% Recursion exercise="fooling_image" right=true
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    image = image.detach().clone().requires_grad_()
    logits = model(image)
    if max_steps == 0 or logits.argmax() == target:
        return image.detach()
    weights = torch.zeros_like(logits)
    weights[0, target] = 1
    logits.backward(weights)
    step = torch.nn.functional.normalize(image.grad.flatten(), dim=0).view_as(image)
    return fooling_image(model, image + step_size * step, target, step_size, max_steps - 1)

# %% torch.func gives the gradient and the logits exercise="fooling_image" right=true
import torch
from torch.func import grad_and_value


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    def climbed(x):
        logits = model(x)
        return logits[0, target], logits

    step = grad_and_value(climbed, has_aux=True)
    x = image.detach()
    for _ in range(max_steps):
        g, (_, logits) = step(x)
        if logits.squeeze(0).max(0).indices == target:
            return x.clone()
        x = x + g.mul(step_size).div(torch.linalg.vector_norm(g))
    return x.clone()


# %% torch.optim.SGD that maximizes exercise="fooling_image" right=true
import torch


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    x = torch.nn.Parameter(image.detach().clone())
    optimizer = torch.optim.SGD([x], lr=step_size, maximize=True)
    for _ in range(max_steps):
        optimizer.zero_grad()
        logits = model(x)
        if logits.topk(1).indices[0, 0] == target:
            break
        (x.grad,) = torch.autograd.grad(logits[0, target], x)
        x.grad /= x.grad.norm(p=2)
        optimizer.step()
    return x.data


# %% A generator walks, islice counts exercise="fooling_image" right=true
import itertools
import torch


def path(model, x, target, length):
    while True:
        leaf = x.requires_grad_()
        logits = model(leaf)
        yield leaf.detach(), int(logits.argmax()) == target
        g = torch.autograd.grad(logits[0, target], leaf)[0]
        x = leaf.detach() + length * g / g.square().sum().sqrt()


def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    for x, fooled in itertools.islice(path(model, image.detach().clone(), target, step_size), max_steps + 1):
        if fooled:
            break
    return x
