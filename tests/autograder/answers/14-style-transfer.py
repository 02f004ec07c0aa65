"""What students answer in lab 14: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the
student reads.
"""

# %% [markdown]
# # content_loss: mistakes


# %% The mean instead of the sum exercise="content_loss" fails="sum_of_squares several_images" says="this is the mean"
def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().mean()


# %% mse_loss with its default reduction, the images added up exercise="content_loss" fails="sum_of_squares" says="this is the mean"
import torch.nn.functional as F


def content_loss(features, target_features, weight):
    pairs = zip(features, target_features, strict=True)
    return weight * sum(F.mse_loss(f, t) for f, t in pairs)


# %% The norm instead of the squared norm exercise="content_loss" fails="sum_of_squares several_images gradient_at_the_target" says="the squared norm is wanted"
def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum().sqrt()


# %% The norm, through torch exercise="content_loss" fails="sum_of_squares several_images" says="the squared norm is wanted"
def content_loss(features, target_features, weight):
    return weight * (features - target_features).norm()


# %% Absolute differences exercise="content_loss" fails="sum_of_squares gradient" says="square them"
def content_loss(features, target_features, weight):
    return weight * (features - target_features).abs().sum()


# %% One half, as in the paper exercise="content_loss" fails="sum_of_squares" says="no factor of one half"
def content_loss(features, target_features, weight):
    return 0.5 * weight * (features - target_features).pow(2).sum()


# %% The sum of the differences, squared exercise="content_loss" fails="sum_of_squares several_images gradient" says="added up before they are squared"
def content_loss(features, target_features, weight):
    return weight * (features - target_features).sum() ** 2


# %% The lengths are compared exercise="content_loss" fails="sum_of_squares gradient gradient_at_the_target" says="not place with place"
def content_loss(features, target_features, weight):
    return weight * (features.pow(2).sum() - target_features.pow(2).sum())


# %% Divided by the number of places exercise="content_loss" fails="sum_of_squares" says="divided by H * W"
def content_loss(features, target_features, weight):
    height, width = features.shape[2:]
    return weight * (features - target_features).pow(2).sum() / (height * width)


# %% H and W of the target transposed exercise="content_loss" fails="all" says="raised"
def content_loss(features, target_features, weight):
    return weight * (features - target_features.transpose(2, 3)).pow(2).sum()


# %% The mean over the channels before squaring: a grey picture of the features exercise="content_loss" fails="sum_of_squares gradient" says="not the sum of the squared differences"
def content_loss(features, target_features, weight):
    difference = (features - target_features).mean(dim=1)
    return weight * difference.pow(2).sum()


# %% The weight is not used exercise="content_loss" fails="weight" says="the weight is not used"
def content_loss(features, target_features, weight):
    return (features - target_features).pow(2).sum()


# %% The weight multiplies the differences exercise="content_loss" fails="weight" says="the weight is squared"
def content_loss(features, target_features, weight):
    return (weight * (features - target_features)).pow(2).sum()


# %% Divided by the weight exercise="content_loss" fails="weight" says="divided by the weight"
def content_loss(features, target_features, weight):
    return (features - target_features).pow(2).sum() / weight


# %% The weight is added exercise="content_loss" fails="weight" says="does not give 2.5 times"
def content_loss(features, target_features, weight):
    return (features - target_features).pow(2).sum() + (weight - 1)


# %% The mean over the images exercise="content_loss" fails="several_images" says="the mean of what each gives"
def content_loss(features, target_features, weight):
    each = (features - target_features).pow(2).flatten(1).sum(dim=1)
    return weight * each.mean()


# %% Only the first image exercise="content_loss" fails="several_images gradient" says="only the first image counts"
def content_loss(features, target_features, weight):
    return weight * (features[0] - target_features[0]).pow(2).sum()


# %% Every image is compared with the first target exercise="content_loss" fails="several_images gradient gradient_at_the_target" says="the images are mixed"
def content_loss(features, target_features, weight):
    return weight * (features - target_features[:1]).pow(2).sum()


# %% The images are averaged before they are compared exercise="content_loss" fails="several_images gradient" says="the images are mixed"
def content_loss(features, target_features, weight):
    difference = features.mean(dim=0) - target_features.mean(dim=0)
    return weight * difference.pow(2).sum()


# %% The features are detached exercise="content_loss" fails="gradient gradient_at_the_target" says="no gradient reaches the features"
def content_loss(features, target_features, weight):
    return weight * (features.detach() - target_features).pow(2).sum()


# %% A Python number comes back exercise="content_loss" fails="gradient gradient_at_the_target" says="no gradient reaches the features"
def content_loss(features, target_features, weight):
    total = (features - target_features).pow(2).sum()
    return weight * total.item()


# %% A target that leans on the features, so that the gradient flows into it, too exercise="content_loss" fails="gradient" says="leads away from the target"
def content_loss(features, target_features, weight):
    leaning = target_features + 2 * (features - features.detach())
    return weight * (features - leaning).pow(2).sum()


# %% The features are detached once they are larger exercise="content_loss" fails="gradient" says="not proportional"
def content_loss(features, target_features, weight):
    low = (features - target_features).clamp(max=0).pow(2).sum()
    high = (features - target_features).clamp(min=0).detach().pow(2).sum()
    return weight * (low + high)


# %% The root is taken and squared again exercise="content_loss" fails="gradient_at_the_target" says="the gradient is NaN"
import torch


def content_loss(features, target_features, weight):
    distance = torch.sqrt(torch.sum((features - target_features) ** 2))
    return weight * distance**2


# %% A small number is added, so that a target is never reached exercise="content_loss" fails="gradient_at_the_target" says="should be 0"
def content_loss(features, target_features, weight):
    difference = features - target_features + 1e-6
    return weight * difference.pow(2).sum()


# %% The difference is written into the features exercise="content_loss" fails="gradient gradient_at_the_target inputs_unchanged" says="raised"
def content_loss(features, target_features, weight):
    features -= target_features
    return weight * features.pow(2).sum()


# %% The difference is written into the target exercise="content_loss" fails="inputs_unchanged" says="changed in place"
def content_loss(features, target_features, weight):
    target_features.sub_(features)
    return weight * target_features.pow(2).sum()


# %% [markdown]
# # content_loss: right, in unusual ways

# %% Reshaped first exercise="content_loss" right=true
import torch


def content_loss(features, target_features, weight):
    N, C, H, W = features.shape
    a, b = features.view(N, C, H * W), target_features.view(N, C, H * W)
    return weight * torch.sum((a - b) ** 2)


# %% The norm, squared exercise="content_loss" right=true
import torch


def content_loss(features, target_features, weight):
    return weight * torch.norm(features - target_features) ** 2


# %% mse_loss that sums exercise="content_loss" right=true
import torch.nn.functional as F


def content_loss(features, target_features, weight):
    return weight * F.mse_loss(features, target_features, reduction="sum")


# %% A result of shape (1,) exercise="content_loss" right=true
def content_loss(features, target_features, weight):
    total = (features - target_features).pow(2).sum()
    return (weight * total).reshape(1)


# %% einsum exercise="content_loss" right=true
import torch


def content_loss(features, target_features, weight):
    d = features - target_features
    return weight * torch.einsum("nchw,nchw->", d, d)


# %% A loop over images and channels, in float64 exercise="content_loss" right=true
def content_loss(features, target_features, weight):
    loss = 0.0
    for f, t in zip(features.double(), target_features.double(), strict=True):
        for a, b in zip(f, t, strict=True):
            loss = loss + ((a - b) ** 2).sum()
    return weight * loss


# %% A helper of one's own exercise="content_loss" right=true
def squared_length(x):
    return (x * x).sum()


def content_loss(features, target_features, weight):
    return weight * squared_length(target_features.detach() - features)


# %% [markdown]
# # style_loss: mistakes


# %% The mean instead of the sum exercise="style_loss" fails="one_layer several_images_with_style" says="this is the mean"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] * (gram_matrix(features[layer]) - target).pow(2).mean()
    return loss


# %% The norm instead of the squared norm exercise="style_loss" fails="one_layer several_images_with_style" says="the squared norm is wanted"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] * (gram_matrix(features[layer]) - target).norm()
    return loss


# %% Absolute differences exercise="style_loss" fails="one_layer style_gradient" says="square them"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] * (gram_matrix(features[layer]) - target).abs().sum()
    return loss


# %% Half of the sum exercise="style_loss" fails="one_layer" says="no such factor"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + 0.5 * weights[layer] * (gram_matrix(features[layer]) - target).pow(2).sum()
    return loss


# %% The paper's factor of one quarter exercise="style_loss" fails="one_layer" says="one quarter"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] / 4 * (gram_matrix(features[layer]) - target).pow(2).sum()
    return loss


# %% The Gram matrix is not normalized exercise="style_loss" fails="one_layer style_gradient" says="is not normalized"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] * (gram_matrix(features[layer], False) - target).pow(2).sum()
    return loss


# %% The Gram matrix is divided by H * W only exercise="style_loss" fails="one_layer style_gradient" says="by H*W only"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        N, C, H, W = features[layer].shape
        gram = gram_matrix(features[layer], False) / (H * W)
        loss = loss + weights[layer] * (gram - target).pow(2).sum()
    return loss


# %% The Gram matrix is divided twice exercise="style_loss" fails="one_layer style_gradient" says="C*H*W twice"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        gram = gram_matrix(features[layer]) / features[layer][0].numel()
        loss = loss + weights[layer] * (gram - target).pow(2).sum()
    return loss


# %% H and W mixed up in an own Gram matrix exercise="style_loss" fails="one_layer style_gradient" says="not the sum of squared differences"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        N, C, H, W = features[layer].shape
        x = features[layer].reshape(N, H * W, C)
        gram = x.transpose(1, 2) @ x / (C * H * W)
        loss = loss + weights[layer] * (gram - target).pow(2).sum()
    return loss


# %% Only the diagonal of the Gram matrices exercise="style_loss" fails="one_layer style_gradient" says="not the sum of squared differences"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        difference = gram_matrix(features[layer]) - target
        loss = loss + weights[layer] * difference.diagonal(dim1=1, dim2=2).pow(2).sum()
    return loss


# %% Return inside the loop exercise="style_loss" fails="sum_over_layers weights names style_gradient" says="only the first layer counts"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] * (gram_matrix(features[layer]) - target).pow(2).sum()
        return loss


# %% Each layer overwrites the loss exercise="style_loss" fails="sum_over_layers weights names style_gradient" says="only the last layer counts"
def style_loss(features, target_grams, weights):
    for layer, target in target_grams.items():
        loss = weights[layer] * (gram_matrix(features[layer]) - target).pow(2).sum()
    return loss


# %% The mean over the layers exercise="style_loss" fails="sum_over_layers weights" says="the mean over the layers"
def style_loss(features, target_grams, weights):
    losses = [
        weights[k] * (gram_matrix(features[k]) - g).pow(2).sum() for k, g in target_grams.items()
    ]
    return sum(losses) / len(losses)


# %% The weights are not used exercise="style_loss" fails="weights" says="the weights are not used"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + (gram_matrix(features[layer]) - target).pow(2).sum()
    return loss


# %% The weight multiplies the difference exercise="style_loss" fails="weights" says="the weights are squared"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + (weights[layer] * (gram_matrix(features[layer]) - target)).pow(2).sum()
    return loss


# %% The weights are made to add up to 1 exercise="style_loss" fails="sum_over_layers weights" says="the mean over the layers"
def style_loss(features, target_grams, weights):
    total = sum(weights.values())
    loss = 0.0
    for layer, target in target_grams.items():
        difference = gram_matrix(features[layer]) - target
        loss = loss + weights[layer] / total * difference.pow(2).sum()
    return loss


# %% The first layer's weight for all of them exercise="style_loss" fails="weights names" says="the loss does not grow"
def style_loss(features, target_grams, weights):
    weight = next(iter(weights.values()))
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weight * (gram_matrix(features[layer]) - target).pow(2).sum()
    return loss


# %% The weights go to the wrong layers, the last to the first exercise="style_loss" fails="weights names" says="the loss does not grow"
def style_loss(features, target_grams, weights):
    turned = dict(zip(target_grams, reversed([weights[k] for k in target_grams])))
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + turned[layer] * (gram_matrix(features[layer]) - target).pow(2).sum()
    return loss


# %% The weights are paired by position exercise="style_loss" fails="names" says="goes to the wrong layer"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for (layer, target), weight in zip(target_grams.items(), weights.values(), strict=True):
        loss = loss + weight * (gram_matrix(features[layer]) - target).pow(2).sum()
    return loss


# %% Features and targets are paired by position exercise="style_loss" fails="names" says="goes to the wrong layer"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for (layer, x), target in zip(features.items(), target_grams.values(), strict=True):
        loss = loss + weights[layer] * (gram_matrix(x) - target).pow(2).sum()
    return loss


# %% The mean over the images exercise="style_loss" fails="several_images_with_style" says="the mean of what each gives"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = (
            loss
            + weights[layer] * (gram_matrix(features[layer]) - target).pow(2).sum((1, 2)).mean()
        )
    return loss


# %% Only the first image exercise="style_loss" fails="several_images_with_style" says="only the first image counts"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] * (gram_matrix(features[layer])[0] - target[0]).pow(2).sum()
    return loss


# %% The Gram matrices of the images are averaged exercise="style_loss" fails="several_images_with_style" says="the images are mixed"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = (
            loss
            + weights[layer] * (gram_matrix(features[layer]).mean(0) - target.mean(0)).pow(2).sum()
        )
    return loss


# %% All images against the first target exercise="style_loss" fails="several_images_with_style" says="the images are mixed"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] * (gram_matrix(features[layer]) - target[:1]).pow(2).sum()
    return loss


# %% The features are detached exercise="style_loss" fails="style_gradient" says="no gradient reaches"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        loss = loss + weights[layer] * (gram_matrix(features[layer].detach()) - target).pow(2).sum()
    return loss


# %% Only the last layer keeps its gradient exercise="style_loss" fails="style_gradient" says="no gradient reaches the features of the layer"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        difference = gram_matrix(features[layer]) - target
        loss = float(loss) + weights[layer] * difference.pow(2).sum()
    return loss


# %% One side of the product is detached, as if it were a constant exercise="style_loss" fails="style_gradient" says="not that of the squared distance"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        x = features[layer].flatten(2)
        x = x.clamp(min=0) + x.clamp(max=0).detach()
        gram = x @ x.transpose(1, 2) / x[0].numel()
        loss = loss + weights[layer] * (gram - target).pow(2).sum()
    return loss


# %% The caller's weights are changed exercise="style_loss" fails="style_inputs_unchanged" says="changed in place"
import torch


def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        weight = weights[layer]
        difference = (gram_matrix(features[layer]) - target).pow(2).sum()
        if torch.is_tensor(weight):
            loss = loss + weight.mul_(float(difference))
        else:
            loss = loss + weight * difference
    return loss


# %% One of the two equal factors is detached exercise="style_loss" fails="style_gradient" says="not the size"
def style_loss(features, target_grams, weights):
    loss = 0
    for k, w in weights.items():
        f = features[k].flatten(2)
        g = f @ f.detach().transpose(1, 2) / f[0].numel()
        loss = loss + w * (g - target_grams[k]).square().sum()
    return loss


# %% The targets are taken out of their dict exercise="style_loss" fails="style_inputs_unchanged" says="`pop` on what belongs"
def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer in list(target_grams):
        flat = features[layer].flatten(2)
        gram = flat @ flat.transpose(1, 2) / features[layer][0].numel()
        loss = loss + weights[layer] * (gram - target_grams.pop(layer)).square().sum()
    return loss


# %% [markdown]
# # style_loss: right, in unusual ways


# %% The norm, squared exercise="style_loss" right=true
def style_loss(features, target_grams, weights):
    loss = 0
    for layer in features:
        loss += weights[layer] * (gram_matrix(features[layer]) - target_grams[layer]).norm() ** 2
    return loss


# %% mse_loss that sums, and a result of shape (1,) exercise="style_loss" right=true
import torch
import torch.nn.functional as F


def style_loss(features, target_grams, weights):
    loss = torch.zeros(1)
    for layer in weights:
        same = F.mse_loss(gram_matrix(features[layer]), target_grams[layer], reduction="sum")
        loss = loss + weights[layer] * same
    return loss


# %% A generator in a sum exercise="style_loss" right=true
def style_loss(features, target_grams, weights):
    return sum(
        weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in target_grams.items()
    )


# %% An own Gram matrix by einsum exercise="style_loss" right=true
import torch


def style_loss(features, target_grams, weights):
    loss = 0.0
    for layer, target in target_grams.items():
        x = features[layer]
        gram = torch.einsum("nahw,nbhw->nab", x, x) / x[0].numel()
        loss = loss + weights[layer] * torch.sum((gram - target) ** 2)
    return loss


# %% bmm, divided in place, one image at a time exercise="style_loss" right=true
import torch


def style_loss(features, target_grams, weights):
    losses = []
    for layer, target in target_grams.items():
        for x, g in zip(features[layer], target, strict=True):
            flat = x.reshape(1, len(x), -1)
            gram = torch.bmm(flat, flat.permute(0, 2, 1))
            gram /= x.numel()
            losses.append(weights[layer] * (gram[0] - g).pow(2).sum())
    return torch.stack(losses).sum()


# %% A helper of one's own for a layer exercise="style_loss" right=true
def layer_loss(x, gram, weight):
    return weight * (gram_matrix(x) - gram.detach()).pow(2).sum()


def style_loss(features, target_grams, weights):
    return sum(layer_loss(features[k], target_grams[k], weights[k]) for k in sorted(features))


# %% [markdown]
# # stylize: mistakes

# %% It starts from noise exercise="stylize" fails="starts_at_the_content" says="begin at `content`"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    if start is None:
        start = torch.rand(content.shape, generator=torch.Generator().manual_seed(0))
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% It starts from black exercise="stylize" fails="starts_at_the_content" says="begin at `content`"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = torch.zeros_like(content) if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% It starts from the style exercise="stylize" fails="starts_at_the_content style_of_another_size ready_gram_matrices" says="begin at `content`"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = style if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% It starts from the content, with noise on it exercise="stylize" fails="starts_at_the_content" says="begin at `content`"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    generator = torch.Generator().manual_seed(0)
    noisy = content + 0.1 * torch.randn(content.shape, generator=generator)
    start = noisy if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The content target is recomputed from the picture in every step exercise="stylize" fails="content_is_found balance_of_content_and_style smoothing" says="features of the picture that changes are no target"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, features.detach(), weight)
        own = own + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The target is that of the start exercise="stylize" fails="content_is_found" says="The target features are those of `content`"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    start = content if start is None else start
    with torch.no_grad():
        target = look(model, start)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The gradient flows into the target, which is the picture itself at the first step exercise="stylize" fails="content_is_found balance_of_content_and_style smoothing" says="are no target"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        kept = features - (features - target).detach()  # has the target's values, and a graph
        own = content_loss(features, kept, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The content loss is left out exercise="stylize" fails="content_is_found balance_of_content_and_style smoothing" says="no nearer to the content"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        layers = look(model, image)[1]
        smooth = total_variation(image, tv_weight / image.numel())
        return style_loss(layers, grams, weights) + smooth + 0 * content_loss(image, image, weight)

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The style's targets are those of the content exercise="stylize" fails="style_is_reached style_of_another_size ready_gram_matrices balance_of_content_and_style range" says="Gram matrices of `style`"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style if isinstance(style, dict) else style_grams(model, content)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The style loss is left out exercise="stylize" fails="style_is_reached style_of_another_size ready_gram_matrices balance_of_content_and_style range" says="is the style loss part of the loss"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features = look(model, image)[0]
        own = content_loss(features, target, weight)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The style is resized to the content exercise="stylize" fails="style_of_another_size" says="without resizing or cropping"
import torch
import torch.nn.functional as F

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    if not isinstance(style, dict):
        style = F.interpolate(style, size=content.shape[2:])
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The style picture is cropped to the content exercise="stylize" fails="style_of_another_size" says="without resizing or cropping"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    if not isinstance(style, dict):
        style = style[:, :, :5, :5] if style.shape != content.shape else style
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Gram matrices of a picture only exercise="stylize" fails="ready_gram_matrices" says="raised"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target, layers = look(model, content)[0], look(model, style)[1]
        grams = {layer: gram_matrix(x) for layer, x in layers.items()}
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Content weight and style weight are swapped exercise="stylize" fails="balance_of_content_and_style" says="are swapped"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(style_weight, target), relative(content_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The whole style weight for each layer exercise="stylize" fails="balance_of_content_and_style" says="the layers share it"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight = relative(content_weight, target)
    weights = {layer: relative(style_weight, gram) for layer, gram in grams.items()}

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The content loss is not relative exercise="stylize" fails="balance_of_content_and_style" says="not relative to its target's size"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = content_weight, relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The style loss is not relative exercise="stylize" fails="balance_of_content_and_style" says="counts"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight = relative(content_weight, target)
    weights = dict.fromkeys(grams, style_weight / len(grams))

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The weights are only switches exercise="stylize" fails="balance_of_content_and_style" says="both terms count alike"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight = relative(float(content_weight > 0), target)
    weights = relative(float(style_weight > 0), grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Only the deepest style layer exercise="stylize" fails="style_is_reached balance_of_content_and_style" says="at every style layer"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)
    *early, last = weights
    weights |= dict.fromkeys(early, 0.0)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Total variation is left out exercise="stylize" fails="smoothing" says="no smoother than the content"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        return content_loss(features, target, weight) + style_loss(layers, grams, weights)

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Total variation of the content, which never changes exercise="stylize" fails="smoothing" says="of the picture that changes"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(content, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Total variation with a minus sign exercise="stylize" fails="smoothing" says="with a plus sign"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own - total_variation(image, 0.1 * tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Total variation is not divided exercise="stylize" fails="smoothing" says="is divided by the number of values"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight)

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Total variation is divided by the number of pixels exercise="stylize" fails="smoothing" says="H * W"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image[0, 0].numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% Total variation of one direction exercise="stylize" fails="smoothing" says="counts"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        down = (image[:, :, 1:] - image[:, :, :-1]).square().sum()
        return own + tv_weight / image.numel() * down

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The start is ignored exercise="stylize" fails="start" says="begin at `start`"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The result is not clamped exercise="stylize" fails="range" says="clamp it"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image


# %% A fixed number of steps exercise="stylize" fails="steps" may="ready_gram_matrices" says="use `steps`"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=120, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% L-BFGS of torch with 20 evaluations in each step exercise="stylize" fails="steps" may="ready_gram_matrices" says="max_iter=1"
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    image = start.detach().clone().requires_grad_()
    optimizer = torch.optim.LBFGS([image])

    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    for _ in range(steps):
        optimizer.step(closure)
    return image.detach().clamp(0, 1)


# %% The targets are computed again in every step exercise="stylize" fails="targets_once" says="does not change"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):

    def loss(image):
        with torch.no_grad():
            target = look(model, content)[0]
        grams = style_grams(model, style)
        weight, weights = relative(content_weight, target), relative(style_weight, grams)
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The start itself is optimized exercise="stylize" fails="pictures_unchanged" says="change a copy"
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    image = start.requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(image).backward()
        optimizer.step()
    return image.detach().clamp(0, 1)


# %% The network is set to training mode exercise="stylize" fails="model_unchanged" says="not as it was before"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    model.train()
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The network's own weights are trained as well exercise="stylize" fails="model_unchanged" says="not as it was before"
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    image = start.detach().clone().requires_grad_()
    model.requires_grad_(True)
    optimizer = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(image).backward()
        optimizer.step()
    return image.detach().clamp(0, 1)


# %% Five steps are enough exercise="stylize" fails="style_is_reached steps" may="balance_of_content_and_style" says="steps leave"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=min(steps, 5), step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% The gradient is never zeroed exercise="stylize" fails="content_is_found style_is_reached balance_of_content_and_style smoothing" says="gradient set to zero"
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    image = (content if start is None else start).detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        loss(image).backward()
        optimizer.step()
    return image.detach().clamp(0, 1)


# %% Steps of plain gradient descent, too small to arrive exercise="stylize" fails="content_is_found style_is_reached balance_of_content_and_style smoothing" says="neither tiny"
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    image = (content if start is None else start).clone()
    for _ in range(steps):
        image.requires_grad_()
        (gradient,) = torch.autograd.grad(loss(image), image)
        image = (image - 0.001 * gradient).detach().clamp(0, 1)
    return image


# %% Half of the steps exercise="stylize" fails="steps" says="one step is one evaluation"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps // 2, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% It climbs the loss exercise="stylize" fails="content_is_found style_is_reached balance_of_content_and_style smoothing" says="neither tiny"
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    image = (content if start is None else start).clone()
    for _ in range(steps):
        image.requires_grad_()
        (gradient,) = torch.autograd.grad(loss(image), image)
        image = (image + 0.03 * gradient.sign()).detach().clamp(0, 1)
    return image


# %% The picture is not returned exercise="stylize" fails="all" says="not answered yet"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")


# %% The first axis is dropped exercise="stylize" fails="all" says="should have shape"
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)[0]


# %% [markdown]
# # stylize: right, in unusual ways

# %% Adam, the result clamped at the end exercise="stylize" right=true
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    image = start.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(image).backward()
        optimizer.step()
    return image.detach().clamp(0, 1)


# %% Adam, clamped after every step in place exercise="stylize" right=true
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    image = start.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(image).backward()
        optimizer.step()
        image.data.clamp_(0, 1)
    return image


# %% torch's L-BFGS with its own number of iterations, and a closure exercise="stylize" right=true
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    image = start.detach().clone().requires_grad_()
    optimizer = torch.optim.LBFGS([image], max_iter=steps, max_eval=steps)

    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    optimizer.step(closure)
    return image.detach().clamp(0, 1)


# %% Projected after every step exercise="stylize" right=true
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(
        start,
        loss,
        steps=steps,
        step_size=1,
        optimizer="lbfgs",
        project=lambda pixels: pixels.clamp(0, 1),
        progress=False,
    )
    return result.image


# %% Everything in one place, without the two loss functions exercise="stylize" right=true
import torch


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    kept = look(model, content)[0].detach()
    grams = {k: g.detach() for k, g in style_grams(model, style).items()}
    image = (content if start is None else start).clone()
    velocity, scale = torch.zeros_like(image), torch.zeros_like(image)
    for step in range(1, steps + 1):  # Adam by hand
        image = image.detach().requires_grad_()
        features, layers = look(model, image)
        loss = content_weight * (features - kept).pow(2).sum() / kept.pow(2).sum()
        for k, g in grams.items():
            far = (gram_matrix(layers[k]) - g).pow(2).sum() / g.pow(2).sum()
            loss = loss + style_weight / len(grams) * far
        loss = loss + tv_weight * total_variation(image) / image.numel()
        (gradient,) = torch.autograd.grad(loss, image)
        velocity = 0.9 * velocity + 0.1 * gradient
        scale = 0.99 * scale + 0.01 * gradient**2
        size = (scale / (1 - 0.99**step)).sqrt() + 1e-12
        image = image - 0.02 * velocity / (1 - 0.9**step) / size
    return image.detach().clamp(0, 1)


# %% The losses are written down on the way, which costs a second forward pass a step exercise="stylize" right=true
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    history = []

    def noted(image):
        with torch.no_grad():
            history.append(float(loss(image)))
        return loss(image)

    result = optimize_pixels(start, noted, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% L-BFGS of torch, one evaluation in each step, changed in place exercise="stylize" right=true
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    image = (content if start is None else start).detach().clone().requires_grad_()
    optimizer = torch.optim.LBFGS([image], max_iter=1)

    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    for _ in range(steps + 1):
        optimizer.step(closure)
    with torch.no_grad():
        image.clamp_(0, 1)
    return image


# %% optimize_pixels with Adam, two steps fewer exercise="stylize" right=true
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=max(steps - 2, 1), step_size=0.03)
    return result.image.clamp(0, 1)


# %% The parameter is what a sigmoid makes pixels of exercise="stylize" right=true
import torch


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    with torch.no_grad():
        target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    latent = torch.logit(start.clamp(0.001, 0.999)).requires_grad_()
    optimizer = torch.optim.Adam([latent], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(latent.sigmoid()).backward()
        optimizer.step()
    return latent.detach().sigmoid()


# %% The targets are made with a graph, and content and style are looked at one after the other exercise="stylize" right=true
import torch

from labkit.optimize import optimize_pixels


def content_loss(features, target_features, weight):
    return weight * (features - target_features).square().sum()


def style_loss(features, grams, weights):
    return sum(weights[k] * (gram_matrix(features[k]) - g).square().sum() for k, g in grams.items())


def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    target = look(model, content)[0]
    grams = style_grams(model, style)
    weight, weights = relative(content_weight, target), relative(style_weight, grams)

    def loss(image):
        features, layers = look(model, image)[0], look(model, image)[1]
        own = content_loss(features, target, weight) + style_loss(layers, grams, weights)
        return own + total_variation(image, tv_weight / image.numel())

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)


# %% [markdown]
# # mix_grams: mistakes


# %% The weights are not divided by their sum exercise="mix_grams" fails="sum_of_weights" says="divide by the sum of the weights"
def mix_grams(grams, weights):
    return {
        layer: sum(w * g[layer] for g, w in zip(grams, weights, strict=True)) for layer in grams[0]
    }


# %% Divided by the number of styles exercise="mix_grams" fails="mean_of_two sum_of_weights any_number_of_styles" says="a quarter of the sum"
def mix_grams(grams, weights):
    return {
        layer: sum(w * g[layer] for g, w in zip(grams, weights, strict=True)) / len(grams)
        for layer in grams[0]
    }


# %% The weights are not used exercise="mix_grams" fails="each_its_weight" says="the weights are not used"
def mix_grams(grams, weights):
    return {layer: sum(g[layer] for g in grams) / len(grams) for layer in grams[0]}


# %% Weights as if nobody gave any: the sum exercise="mix_grams" fails="mean_of_two each_its_weight any_number_of_styles" says="this is the sum"
def mix_grams(grams, weights):
    return {layer: sum(g[layer] for g in grams) for layer in grams[0]}


# %% The weights in reverse order exercise="mix_grams" fails="each_its_weight" says="went to the wrong styles"
def mix_grams(grams, weights):
    total = sum(weights)
    pairs = list(zip(grams, reversed(weights), strict=True))
    return {k: sum(w / total * g[k] for g, w in pairs) for k in grams[0]}


# %% A softmax of the weights exercise="mix_grams" fails="each_its_weight sum_of_weights" says="a softmax changes the weights"
import torch


def mix_grams(grams, weights):
    shares = torch.tensor(weights).softmax(0)
    pairs = list(zip(grams, shares, strict=True))
    return {k: sum(w * g[k] for g, w in pairs) for k in grams[0]}


# %% The weights are squared exercise="mix_grams" fails="each_its_weight" says="the weights are squared"
def mix_grams(grams, weights):
    squares = [w * w for w in weights]
    pairs = list(zip(grams, squares, strict=True))
    return {k: sum(w * g[k] for g, w in pairs) / sum(squares) for k in grams[0]}


# %% Divided by the largest weight exercise="mix_grams" fails="mean_of_two any_number_of_styles" says="this is the sum"
def mix_grams(grams, weights):
    pairs = list(zip(grams, weights, strict=True))
    return {k: sum(w * g[k] for g, w in pairs) / max(weights) for k in grams[0]}


# %% Only two styles, by one weight exercise="mix_grams" fails="any_number_of_styles" says="raised"
def mix_grams(grams, weights):
    share = weights[1] / sum(weights)
    return {k: (1 - share) * grams[0][k] + share * grams[1][k] for k in grams[0]}


# %% The third style is forgotten exercise="mix_grams" fails="any_number_of_styles" says="the third of three styles"
def mix_grams(grams, weights):
    pairs = list(zip(grams[:2], weights[:2], strict=True))
    total = sum(w for _, w in pairs)
    return {k: sum(w * g[k] for g, w in pairs) / total for k in grams[0]}


# %% The last style overwrites the others exercise="mix_grams" fails="mean_of_two each_its_weight any_number_of_styles" says="the second style alone"
def mix_grams(grams, weights):
    mixed = {}
    for g, w in zip(grams, weights, strict=True):
        for layer in g:
            mixed[layer] = w / w * g[layer]
    return mixed


# %% The geometric mean exercise="mix_grams" fails="mean_of_two each_its_weight any_number_of_styles" says="not their mean"
def mix_grams(grams, weights):
    total = sum(weights)
    mixed = {}
    for layer in grams[0]:
        product = 1.0
        for g, w in zip(grams, weights, strict=True):
            product = product * g[layer].abs() ** (w / total)
        mixed[layer] = product
    return mixed


# %% The sum goes on from one layer to the next exercise="mix_grams" fails="layers_apart" says="goes on from one layer to the next"
def mix_grams(grams, weights):
    total, largest = sum(weights), 0.0
    mixed = {}
    for layer in grams[0]:
        matrix = sum(w / total * g[layer] for g, w in zip(grams, weights, strict=True))
        mixed[layer] = matrix + largest
        largest = float(matrix.max())
    return mixed


# %% The weights are used up: each layer divides them again exercise="mix_grams" fails="layers_apart" says="goes on from one layer to the next"
def mix_grams(grams, weights):
    weights = [w / sum(weights) for w in weights]
    mixed = {}
    for layer in grams[0]:
        mixed[layer] = sum(w * g[layer] for g, w in zip(grams, weights, strict=True))
        weights = [w / 2 for w in weights]
    return mixed


# %% Layers are paired by position exercise="mix_grams" fails="order_of_layers" says="use names, not positions"
def mix_grams(grams, weights):
    total = sum(weights)
    columns = zip(*(g.values() for g in grams), strict=True)
    sums = [sum(w / total * x for x, w in zip(c, weights, strict=True)) for c in columns]
    return dict(zip(grams[0], sums, strict=True))


# %% The first style is the place for the sum exercise="mix_grams" fails="grams_unchanged" says="changed in place"
def mix_grams(grams, weights):
    total, mixed = sum(weights), {}
    for layer in grams[0]:
        mixed[layer] = grams[0][layer].mul_(weights[0] / total)
        for g, w in zip(grams[1:], weights[1:], strict=True):
            mixed[layer] += w / total * g[layer]
    return mixed


# %% A list comes back exercise="mix_grams" fails="all" says="should be a dictionary"
def mix_grams(grams, weights):
    total = sum(weights)
    pairs = list(zip(grams, weights, strict=True))
    return [sum(w / total * g[k] for g, w in pairs) for k in grams[0]]


# %% One matrix for all layers exercise="mix_grams" fails="all" says="should be a dictionary"
def mix_grams(grams, weights):
    total = sum(weights)
    first = next(iter(grams[0]))
    return sum(w / total * g[first] for g, w in zip(grams, weights, strict=True))


# %% Divided by the sum of the weights, if that is above 1 exercise="mix_grams" fails="sum_of_weights" says="whatever it is"
def mix_grams(grams, weights):
    t = sum(weights)
    return {k: sum(w * g[k] for g, w in zip(grams, weights)) / max(t, 1) for k in grams[0]}


# %% Averaged over the images as well exercise="mix_grams" fails="mean_of_two" says="should have shape (2"
def mix_grams(grams, weights):
    t = sum(weights)
    return {k: (sum(w * g[k] for g, w in zip(grams, weights)) / t).mean(0, keepdim=True) for k in grams[0]}


# %% The first matrices are taken out of the list exercise="mix_grams" fails="grams_unchanged" says="`pop`"
def mix_grams(grams, weights):
    total = sum(weights)
    first = grams.pop(0)
    mixed = {layer: weights[0] / total * gram for layer, gram in first.items()}
    for weight, other in zip(weights[1:], grams, strict=True):
        mixed = {layer: gram + weight / total * other[layer] for layer, gram in mixed.items()}
    return mixed


# %% [markdown]
# # mix_grams: right, in unusual ways

# %% Stacked, then one product exercise="mix_grams" right=true
import torch


def mix_grams(grams, weights):
    w = torch.tensor(weights, dtype=torch.float64)
    w = w / w.sum()
    mixed = {}
    for layer in grams[0]:
        stack = torch.stack([g[layer].double() for g in grams])
        mixed[layer] = torch.tensordot(w, stack, dims=1)
    return mixed


# %% NumPy's average exercise="mix_grams" right=true
import numpy as np
import torch


def mix_grams(grams, weights):
    return {
        k: torch.from_numpy(np.average([g[k].numpy() for g in grams], axis=0, weights=weights))
        for k in grams[0]
    }


# %% Added up in place, in a new matrix exercise="mix_grams" right=true
import torch


def mix_grams(grams, weights):
    mixed = {k: torch.zeros_like(g) for k, g in grams[0].items()}
    for g, w in zip(grams, weights, strict=True):
        for k in g:
            mixed[k] += w * g[k]
    for k in mixed:
        mixed[k] /= sum(weights)
    return mixed


# %% From one to the next by lerp exercise="mix_grams" right=true
import torch


def mix_grams(grams, weights):
    mixed, total = dict(grams[0]), weights[0]
    for g, w in zip(grams[1:], weights[1:], strict=True):
        total = total + w
        mixed = {k: torch.lerp(mixed[k], g[k], w / total) for k in mixed}
    return mixed


# %% einsum, the layers in sorted order exercise="mix_grams" right=true
import torch


def mix_grams(grams, weights):
    w = torch.tensor(weights) / sum(weights)
    stacks = {k: torch.stack([g[k] for g in grams]) for k in sorted(grams[0])}
    return {k: torch.einsum("s,snab->nab", w, stack) for k, stack in stacks.items()}


# %% A running mean, by lerp exercise="mix_grams" right=true
import torch


def mix_grams(grams, weights):
    out, seen = {}, 0
    for g, w in zip(grams, weights):
        if w == 0: continue
        seen += w
        for k, v in g.items():
            out[k] = torch.lerp(out[k], v, w / seen) if k in out else v.clone()
    return out
