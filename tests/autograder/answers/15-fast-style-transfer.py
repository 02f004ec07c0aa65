"""What students answer in lab 15: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the
student reads. `gram_matrix` is a locked cell of the lab, and `torch` and `nn` come with it.
"""

# %% [markdown]
# # perceptual_loss: mistakes

# %% Mean instead of sum for the content exercise="perceptual_loss" fails="content_of_one_image" says="averaged over the layer"
import torch.nn.functional as F


def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        loss = loss + weight * F.mse_loss(features[layer], content_features[layer].detach())
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% Mean instead of sum for the Gram matrices exercise="perceptual_loss" fails="style_of_one_image" says="averaged"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).mean()
    return loss


# %% The content term divided by H * W exercise="perceptual_loss" fails="content_of_one_image" says="divided by H * W"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).mean((2, 3)).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% Half the sum of squares, as in Gatys's paper exercise="perceptual_loss" fails="content_of_one_image" says="another paper's constant"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * 0.5 * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% The norm of the content difference, not squared exercise="perceptual_loss" fails="content_of_one_image several_images" says="not its square"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * difference.norm() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% Absolute differences of the Gram matrices exercise="perceptual_loss" fails="style_of_one_image" says="absolute differences"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * difference.abs().sum() / len(difference)
    return loss


# %% A Gram matrix of one's own, not divided exercise="perceptual_loss" fails="style_of_one_image" says="not divided by C * H * W"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        flat = features[layer].flatten(2)
        difference = flat @ flat.transpose(1, 2) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% The Gram matrix divided twice exercise="perceptual_loss" fails="style_of_one_image" says="divided by C * H * W twice"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        gram = gram_matrix(features[layer]) / features[layer][0].numel()
        difference = gram - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% A Gram matrix of the places instead of the channels exercise="perceptual_loss" fails="style_of_one_image each_style_layer_its_weight a_layer_may_be_both several_images layers_without_a_weight gradient targets_get_no_gradient dicts_unchanged" says="RuntimeError"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        flat = features[layer].flatten(2)
        gram = flat.transpose(1, 2) @ flat / flat[0].numel()
        loss = loss + weight * ((gram - style_grams[layer].detach()) ** 2).sum() / len(gram)
    return loss


# %% The content term has no weight exercise="perceptual_loss" fails="each_content_layer_its_weight a_layer_may_be_both" says="the weights are not used"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer in weights["content"]:
        difference = features[layer] - content_features[layer].detach()
        loss = loss + (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% Style weights paired with layers by their order exercise="perceptual_loss" fails="each_style_layer_its_weight" says="paired by their order"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    chosen = [layer for layer in features if layer in weights["style"]]
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in zip(chosen, weights["style"].values()):
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% Content weights paired with layers by their order exercise="perceptual_loss" fails="each_content_layer_its_weight" says="paired by their order"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    chosen = [layer for layer in features if layer in weights["content"]]
    for layer, weight in zip(chosen, weights["content"].values()):
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% The weight is squared with the difference exercise="perceptual_loss" fails="each_style_layer_its_weight a_layer_may_be_both" says="the weights are squared"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = weight * (gram_matrix(features[layer]) - style_grams[layer].detach())
        loss = loss + (difference**2).sum() / len(difference)
    return loss


# %% Only the last style layer counts exercise="perceptual_loss" fails="each_style_layer_its_weight" says="only the last style layer"
def perceptual_loss(features, content_features, style_grams, weights):
    content, style = 0.0, 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        content += weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        style = weight * (difference**2).sum() / len(difference)
    return content + style


# %% The return stands inside the loop exercise="perceptual_loss" fails="each_content_layer_its_weight each_style_layer_its_weight a_layer_may_be_both" says="inside the loop"
def perceptual_loss(features, content_features, style_grams, weights):
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        return weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        return weight * (difference**2).sum() / len(difference)


# %% The style term overwrites the content term exercise="perceptual_loss" fails="a_layer_may_be_both" says="the content term is lost"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = sum(
        w * ((features[l] - content_features[l].detach()) ** 2).sum() / len(features[l])
        for l, w in weights["content"].items()
    )
    if weights["style"]:
        loss = sum(
            w * ((gram_matrix(features[l]) - style_grams[l].detach()) ** 2).sum() / len(features[l])
            for l, w in weights["style"].items()
        )
    return loss


# %% Weights of both kinds thrown into one dict exercise="perceptual_loss" fails="a_layer_may_be_both" says="takes the layer's style weight"
def perceptual_loss(features, content_features, style_grams, weights):
    merged = {**weights["content"], **weights["style"]}
    loss = 0.0
    for layer in weights["content"]:
        difference = features[layer] - content_features[layer].detach()
        loss = loss + merged[layer] * (difference**2).sum() / len(difference)
    for layer in weights["style"]:
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + merged[layer] * (difference**2).sum() / len(difference)
    return loss


# %% The style loop takes the content weights exercise="perceptual_loss" fails="style_of_one_image each_style_layer_its_weight a_layer_may_be_both several_images layers_without_a_weight gradient" says="KeyError"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer in features:
        if layer in style_grams:
            difference = gram_matrix(features[layer]) - style_grams[layer].detach()
            loss = loss + weights["content"][layer] * (difference**2).sum() / len(difference)
        if layer in content_features:
            difference = features[layer] - content_features[layer].detach()
            loss = loss + weights["content"][layer] * (difference**2).sum() / len(difference)
    return loss


# %% Summed over the images instead of averaged exercise="perceptual_loss" fails="several_images" says="three times too large"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        loss = loss + weight * ((features[layer] - content_features[layer].detach()) ** 2).sum()
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum()
    return loss


# %% Divided by the number of images twice exercise="perceptual_loss" fails="several_images" says="divided by N twice"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).mean(0).sum()
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).mean(0).sum()
    return loss / len(next(iter(features.values())))


# %% One Gram matrix for the whole batch exercise="perceptual_loss" fails="several_images" says="averaged before they are compared"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        gram = gram_matrix(features[layer]).mean(0, keepdim=True)
        loss = loss + weight * ((gram - style_grams[layer].detach()) ** 2).sum()
    return loss


# %% Only the first image of the batch exercise="perceptual_loss" fails="several_images" says="only the first image"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        loss = loss + weight * ((features[layer][0] - content_features[layer][0].detach()) ** 2).sum()
    for layer, weight in weights["style"].items():
        gram = gram_matrix(features[layer])[0]
        loss = loss + weight * ((gram - style_grams[layer][0].detach()) ** 2).sum()
    return loss


# %% All layers that have a Gram matrix count exercise="perceptual_loss" fails="layers_without_a_weight" says="layers that have no weight"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer in style_grams:
        if weights["style"]:
            difference = gram_matrix(features[layer]) - style_grams[layer].detach()
            weight = weights["style"].get(layer, max(weights["style"].values()))
            loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% The loss as a plain number exercise="perceptual_loss" fails="gradient" says="`.item()`"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer]
        loss += weight * (difference**2).sum().item() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer]
        loss += weight * (difference**2).sum().item() / len(difference)
    return loss


# %% The paintings' Gram matrix is detached exercise="perceptual_loss" fails="gradient" says="style term reaches"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer].detach()) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% A gradient flows into the targets exercise="perceptual_loss" fails="targets_get_no_gradient" says="`.detach()` them"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer]
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer]
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% The difference is made in place exercise="perceptual_loss" fails="dicts_unchanged" says="changed in place"
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * (difference**2).sum() / len(difference)
    for layer, weight in weights["content"].items():
        difference = content_features[layer].detach()
        difference -= features[layer]
        loss = loss + weight * (difference**2).sum() / len(difference)
    return loss


# %% The features are taken out of their dict exercise="perceptual_loss" fails="dicts_unchanged" says="`pop`"
def gram_matrix(features):
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / features[0].numel()


def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features.pop(layer).detach()
        loss = loss + weight * difference.square().sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * difference.square().sum() / len(difference)
    return loss


# %% [markdown]
# # perceptual_loss: unusual, and right

# %% A loop over images, mse_loss that sums exercise="perceptual_loss" right=true
import torch
import torch.nn.functional as F


def perceptual_loss(features, content_features, style_grams, weights):
    layers = list(weights["content"]) + list(weights["style"])
    n = len(features[layers[0]])
    total = torch.zeros(())
    for i in range(n):
        for l, w in weights["content"].items():
            total = total + w * F.mse_loss(features[l][i], content_features[l][i].detach(), reduction="sum")
        for l, w in weights["style"].items():
            gram = gram_matrix(features[l][i][None])[0]
            total = total + w * F.mse_loss(gram, style_grams[l][0].detach(), reduction="sum")
    return total / n


# %% norm() ** 2, and a result of shape (1,) exercise="perceptual_loss" right=true
def perceptual_loss(features, content_features, style_grams, weights):
    loss = 0
    for layer in weights["content"]:
        fixed = content_features[layer].clone().detach()
        loss += weights["content"][layer] * (features[layer] - fixed).norm() ** 2 / fixed.shape[0]
    for layer in weights["style"]:
        gram = gram_matrix(features[layer])
        loss += weights["style"][layer] * (gram - style_grams[layer].data).norm() ** 2 / gram.shape[0]
    return loss.view(1)


# %% einsum for everything, with a Gram matrix of one's own exercise="perceptual_loss" right=true
import torch


def gram(f):
    n, c, h, w = f.size()
    return torch.einsum("nchw,ndhw->ncd", f, f).div(c * h * w)


def perceptual_loss(features, content_features, style_grams, weights):
    parts = []
    for layer, weight in weights["content"].items():
        d = features[layer] - content_features[layer].detach()
        parts.append(weight * torch.einsum("nchw,nchw->n", d, d).mean())
    for layer, weight in weights["style"].items():
        d = gram(features[layer]) - style_grams[layer].detach()
        parts.append(weight * torch.einsum("nij,nij->n", d, d).mean())
    return torch.stack(parts).sum()


# %% Targets computed under no_grad, squares by hand, the mean per image exercise="perceptual_loss" right=true
import torch


def perceptual_loss(features, content_features, style_grams, weights):
    with torch.no_grad():
        targets = {k: v + 0 for k, v in content_features.items()}
        grams = {k: v + 0 for k, v in style_grams.items()}
    each = 0
    for layer, weight in weights["content"].items():
        each = each + weight * (features[layer] - targets[layer]).pow(2).flatten(1).sum(1)
    for layer, weight in weights["style"].items():
        wanted = grams[layer].expand(features[layer].shape[0], -1, -1)
        each = each + weight * (gram_matrix(features[layer]) - wanted).pow(2).sum(dim=(1, 2))
    return each.mean()


# %% [markdown]
# # instance_norm: mistakes

# %% Batch statistics exercise="instance_norm" fails="each_image_by_itself" says="batch normalization"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    variance = x.var(dim=(0, 2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


# %% Layer statistics: the channels together exercise="instance_norm" fails="each_channel_by_itself" says="layer normalization"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    variance = x.var(dim=(1, 2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


# %% The mean of each channel, the deviation of all exercise="instance_norm" fails="each_channel_by_itself" says="the deviation that of all channels"
def instance_norm(x, eps=1e-5):
    centred = x - x.mean(dim=(2, 3), keepdim=True)
    variance = centred.square().mean(dim=(1, 2, 3), keepdim=True)
    return centred / (variance + eps).sqrt()


# %% One mean and one deviation for everything exercise="instance_norm" fails="each_image_by_itself each_channel_by_itself" says="batch normalization"
def instance_norm(x, eps=1e-5):
    return (x - x.mean()) / (x.var(unbiased=False) + eps) ** 0.5


# %% The statistics of the first image for all exercise="instance_norm" fails="each_image_by_itself" says="statistics of the first"
def instance_norm(x, eps=1e-5):
    mean = x[:1].mean(dim=(2, 3), keepdim=True)
    variance = x[:1].var(dim=(2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


# %% Each row by itself exercise="instance_norm" fails="all" says="each row is normalized"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


# %% Over the channels of each place exercise="instance_norm" fails="all" says="mean 0 and variance 1"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=1, keepdim=True)
    variance = x.var(dim=1, unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


# %% The unbiased variance exercise="instance_norm" fails="variance_divides_by_the_number_of_pixels" says="unbiased=False"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=(2, 3), keepdim=True)
    return (x - mean) / (x.var(dim=(2, 3), keepdim=True) + eps).sqrt()


# %% eps added to the standard deviation exercise="instance_norm" fails="eps" says="under the root"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=(2, 3), keepdim=True)
    deviation = x.std(dim=(2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (deviation + eps)


# %% eps forgotten exercise="instance_norm" fails="eps default_eps" says="`eps` is not used"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=(2, 3), keepdim=True)
    deviation = x.var(dim=(2, 3), unbiased=False, keepdim=True).sqrt()
    return (x - mean) / deviation


# %% The default eps stands in the code exercise="instance_norm" fails="eps" says="the `eps` that is passed in"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = x.var(dim=(2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


# %% eps as a lower bound exercise="instance_norm" fails="eps default_eps" says="add them"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = x.var(dim=(2, 3), unbiased=False, keepdim=True)
    return (x - mean) / variance.clamp(min=eps).sqrt()


# %% Another default eps exercise="instance_norm" fails="default_eps" says="1e-5 is the default"
def instance_norm(x, eps=1e-3):
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = x.var(dim=(2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


# %% Divided by the variance exercise="instance_norm" fails="mean_and_variance each_image_by_itself each_channel_by_itself eps default_eps gradient_through_the_statistics" says="divided by the variance"
def instance_norm(x, eps=1e-5):
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = x.var(dim=(2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps)


# %% The mean is not subtracted exercise="instance_norm" fails="mean_and_variance each_image_by_itself each_channel_by_itself variance_divides_by_the_number_of_pixels default_eps gradient_through_the_statistics" says="the mean is not subtracted"
def instance_norm(x, eps=1e-5):
    variance = x.var(dim=(2, 3), unbiased=False, keepdim=True)
    return x / (variance + eps).sqrt()


# %% Only the mean is subtracted exercise="instance_norm" fails="mean_and_variance each_image_by_itself each_channel_by_itself eps default_eps gradient_through_the_statistics" says="the variance stays as it was"
def instance_norm(x, eps=1e-5):
    return x - x.mean(dim=(2, 3), keepdim=True)


# %% Statistics without a gradient exercise="instance_norm" fails="gradient_through_the_statistics" says="treated as constants"
import torch


def instance_norm(x, eps=1e-5):
    with torch.no_grad():
        mean = x.mean(dim=(2, 3), keepdim=True)
        variance = x.var(dim=(2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


# %% The deviation is detached exercise="instance_norm" fails="gradient_through_the_statistics" says="the deviation is treated"
def instance_norm(x, eps=1e-5):
    centred = x - x.mean(dim=(2, 3), keepdim=True)
    variance = centred.detach().square().mean(dim=(2, 3), keepdim=True)
    return centred / (variance + eps).sqrt()


# %% x is changed in place exercise="instance_norm" fails="gradient_through_the_statistics input_unchanged" says="in-place"
def instance_norm(x, eps=1e-5):
    x -= x.mean(dim=(2, 3), keepdim=True)
    x /= (x.square().mean(dim=(2, 3), keepdim=True) + eps).sqrt()
    return x


# %% x is changed in place, behind the back of the graph, exercise="instance_norm" fails="gradient_through_the_statistics input_unchanged" says="gradient"
def instance_norm(x, eps=1e-5):
    x.data -= x.data.mean(dim=(2, 3), keepdim=True)
    return x / (x.square().mean(dim=(2, 3), keepdim=True) + eps).sqrt()


# %% A smaller eps where none is given exercise="instance_norm" fails="default_eps" says="1e-5 is the default"
def instance_norm(x, eps=1e-8):
    m = x.mean((2, 3), keepdim=True)
    return (x - m) / (x.var((2, 3), keepdim=True, unbiased=False) + eps).sqrt()


# %% [markdown]
# # instance_norm: unusual, and right

# %% F.instance_norm exercise="instance_norm" right=true
import torch.nn.functional as F


def instance_norm(x, eps=1e-5):
    return F.instance_norm(x, eps=eps)


# %% nn.InstanceNorm2d made at each call exercise="instance_norm" right=true
from torch import nn


def instance_norm(x, eps=1e-5):
    return nn.InstanceNorm2d(x.shape[1], eps=eps)(x)


# %% F.batch_norm, with every map a channel of its own exercise="instance_norm" right=true
import torch.nn.functional as F


def instance_norm(x, eps=1e-5):
    N, C, H, W = x.shape
    return F.batch_norm(x.view(1, N * C, H, W), None, None, training=True, eps=eps).view(N, C, H, W)


# %% Loops over images and channels exercise="instance_norm" right=true
import torch


def instance_norm(x, eps=1e-5):
    y = torch.zeros_like(x)
    for n in range(len(x)):
        for c in range(x.shape[1]):
            m = x[n, c].mean()
            v = ((x[n, c] - m) ** 2).mean()
            y[n, c] = (x[n, c] - m) / torch.sqrt(v + eps)
    return y


# %% Mean of squares minus square of the mean, in float64 exercise="instance_norm" right=true
def instance_norm(x, eps=1e-5):
    flat = x.double().flatten(2)
    m = flat.mean(-1)
    v = (flat**2).mean(-1) - m**2
    return ((x - m[:, :, None, None]) * (v[..., None, None] + eps).rsqrt()).to(x.dtype)


# %% var_mean, and H * W / (H * W - 1) taken back by hand exercise="instance_norm" right=true
import torch


def instance_norm(x, eps=1e-5):
    k = x.size(2) * x.size(3)
    v, m = torch.var_mean(x, (2, 3), keepdim=True)
    return (x - m) / torch.sqrt(v * (k - 1) / k + eps)


# %% [markdown]
# # ConditionalInstanceNorm2d: mistakes

# %% Plain tensors instead of parameters exercise="ConditionalInstanceNorm2d" fails="parameters learns" says="is no parameter"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = torch.ones(styles, channels)
        self.bias = torch.zeros(styles, channels)

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% The shift is a buffer exercise="ConditionalInstanceNorm2d" fails="learns" says="`bias`"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.register_buffer("bias", torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% Channels first exercise="ConditionalInstanceNorm2d" fails="parameters one_style normalizes_each_image each_image_its_style blend weights_as_they_are learns x_unchanged" says="(styles, channels)"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, styles))
        self.bias = nn.Parameter(torch.zeros(channels, styles))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight.T, style_weights @ self.bias.T
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% The scales start at 0, too exercise="ConditionalInstanceNorm2d" fails="initial_values" says="zero everywhere"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% Random scales at first exercise="ConditionalInstanceNorm2d" fails="initial_values" says="starts at 1"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(1 + 0.3 * torch.randn(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% Scale and shift exchanged exercise="ConditionalInstanceNorm2d" fails="initial_values one_style normalizes_each_image each_image_its_style blend" says="starts at 1"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return F.instance_norm(x) * shift[:, :, None, None] + scale[:, :, None, None]


# %% Shifted before it is scaled exercise="ConditionalInstanceNorm2d" fails="one_style normalizes_each_image each_image_its_style blend weights_as_they_are" says="multiply first"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return (F.instance_norm(x) + shift[:, :, None, None]) * scale[:, :, None, None]


# %% The style weights are not used exercise="ConditionalInstanceNorm2d" fails="initial_values one_style normalizes_each_image each_image_its_style blend weights_as_they_are" says="a fresh module"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = self.weight.sum(0), self.bias.sum(0)
        return F.instance_norm(x) * scale[:, None, None] + shift[:, None, None]


# %% Without normalization exercise="ConditionalInstanceNorm2d" fails="normalizes_each_image" says="not normalized"
import torch
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return x * scale[:, :, None, None] + shift[:, :, None, None]


# %% Batch normalization inside exercise="ConditionalInstanceNorm2d" fails="normalizes_each_image" says="normalized together"
import torch
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return self.norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% Normalized after the scale and shift exercise="ConditionalInstanceNorm2d" fails="one_style normalizes_each_image each_image_its_style blend weights_as_they_are" says="not the normalized map times"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return F.instance_norm(x * scale[:, :, None, None] + shift[:, :, None, None])


# %% The first image's style for the whole batch exercise="ConditionalInstanceNorm2d" fails="each_image_its_style" says="the first one's style"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights[0] @ self.weight, style_weights[0] @ self.bias
        return F.instance_norm(x) * scale[:, None, None] + shift[:, None, None]


# %% The mean style of the batch for all exercise="ConditionalInstanceNorm2d" fails="each_image_its_style" says="the mean of the batch's styles"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        mixed = style_weights.mean(0)
        scale, shift = mixed @ self.weight, mixed @ self.bias
        return F.instance_norm(x) * scale[:, None, None] + shift[:, None, None]


# %% argmax: the largest weight takes all exercise="ConditionalInstanceNorm2d" fails="blend weights_as_they_are" says="`argmax` picks"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        style = style_weights.argmax(dim=1)
        scale, shift = self.weight[style], self.bias[style]
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% Only the scale is mixed exercise="ConditionalInstanceNorm2d" fails="blend weights_as_they_are" says="only the scale is mixed"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, self.bias[style_weights.argmax(dim=1)]
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% The styles' outputs are added up without their weights exercise="ConditionalInstanceNorm2d" fails="blend weights_as_they_are" says="is not 0.25 weight[0]"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        used = (style_weights > 0).to(x)
        scale, shift = used @ self.weight, used @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% The mixed outputs are divided by the number of styles used exercise="ConditionalInstanceNorm2d" fails="blend" says="divided by the number of styles"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        y, result = F.instance_norm(x), 0
        for s in range(len(self.weight)):
            painted = y * self.weight[s][:, None, None] + self.bias[s][:, None, None]
            result = result + style_weights[:, s, None, None, None] * painted
        return result / (style_weights != 0).sum(1).view(-1, 1, 1, 1)


# %% Style weights divided by their sum exercise="ConditionalInstanceNorm2d" fails="weights_as_they_are" says="divided by their sum"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        shares = style_weights / style_weights.sum(1, keepdim=True)
        scale, shift = shares @ self.weight, shares @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% Style weights through a softmax exercise="ConditionalInstanceNorm2d" fails="one_style each_image_its_style blend weights_as_they_are" says="not the normalized map times"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        shares = style_weights.softmax(1)
        scale, shift = shares @ self.weight, shares @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% The scales without a gradient exercise="ConditionalInstanceNorm2d" fails="learns" says="no gradient reaches `weight`"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight.data, style_weights @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% x is changed in place exercise="ConditionalInstanceNorm2d" fails="x_unchanged" says="changed in place"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        x.copy_(F.instance_norm(x))
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return x * scale[:, :, None, None] + shift[:, :, None, None]


# %% super().__init__() is missing exercise="ConditionalInstanceNorm2d" fails="all" says="before Module.__init__() call"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.weight, style_weights @ self.bias
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% The names are gamma and beta, as in the paper exercise="ConditionalInstanceNorm2d" fails="parameters one_style normalizes_each_image each_image_its_style blend weights_as_they_are learns x_unchanged" says="`weight`"
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(styles, channels))
        self.beta = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = style_weights @ self.gamma, style_weights @ self.beta
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


# %% Negative style weights are cut off exercise="ConditionalInstanceNorm2d" fails="weights_as_they_are" says="a style weight of -1"
import torch


def instance_norm(x, eps=1e-5):
    mean = x.mean((2, 3), keepdim=True)
    return (x - mean) / (x.var((2, 3), unbiased=False, keepdim=True) + eps).sqrt()


from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        a = style_weights.clamp(min=0)
        return instance_norm(x) * (a @ self.weight)[:, :, None, None] + (a @ self.bias)[:, :, None, None]


# %% The normalized maps are detached exercise="ConditionalInstanceNorm2d" fails="learns" says="passes through to x"
import torch


def instance_norm(x, eps=1e-5):
    mean = x.mean((2, 3), keepdim=True)
    return (x - mean) / (x.var((2, 3), unbiased=False, keepdim=True) + eps).sqrt()


from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        return instance_norm(x).detach() * (style_weights @ self.weight)[:, :, None, None] + (style_weights @ self.bias)[:, :, None, None]


# %% An affine norm inside exercise="ConditionalInstanceNorm2d" fails="parameters" says="is learned as well"
import torch


def instance_norm(x, eps=1e-5):
    mean = x.mean((2, 3), keepdim=True)
    return (x - mean) / (x.var((2, 3), unbiased=False, keepdim=True) + eps).sqrt()


from torch import nn
class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels, affine=True)
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))
    def forward(self, x, style_weights):
        return self.norm(x) * (style_weights @ self.weight)[:, :, None, None] + (style_weights @ self.bias)[:, :, None, None]


# %% Running statistics inside exercise="ConditionalInstanceNorm2d" fails="normalizes_each_image" says="remembers other images"
import torch


def instance_norm(x, eps=1e-5):
    mean = x.mean((2, 3), keepdim=True)
    return (x - mean) / (x.var((2, 3), unbiased=False, keepdim=True) + eps).sqrt()


from torch import nn
class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels, track_running_stats=True)
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))
    def forward(self, x, style_weights):
        return self.norm(x) * (style_weights @ self.weight)[:, :, None, None] + (style_weights @ self.bias)[:, :, None, None]


# %% [markdown]
# # ConditionalInstanceNorm2d: unusual, and right

# %% nn.InstanceNorm2d inside, einsum outside exercise="ConditionalInstanceNorm2d" right=true
import torch
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super(ConditionalInstanceNorm2d, self).__init__()
        self.norm = nn.InstanceNorm2d(channels)
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale = torch.einsum("ns,sc->nc", style_weights, self.weight)[..., None, None]
        shift = torch.einsum("ns,sc->nc", style_weights, self.bias)[..., None, None]
        return torch.addcmul(shift, self.norm(x), scale)


# %% The outputs of all styles, mixed afterwards exercise="ConditionalInstanceNorm2d" right=true
import torch
from torch import nn


def instance_norm(x, eps=1e-5):
    m = x.mean((2, 3), keepdim=True)
    return (x - m) / torch.sqrt(((x - m) ** 2).mean((2, 3), keepdim=True) + eps)


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.styles = styles
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        y, result = instance_norm(x), torch.zeros_like(x)
        for s in range(self.styles):
            painted = y * self.weight[s].view(1, -1, 1, 1) + self.bias[s].view(1, -1, 1, 1)
            result = result + style_weights[:, s].view(-1, 1, 1, 1) * painted
        return result


# %% Loops over images, one row at a time exercise="ConditionalInstanceNorm2d" right=true
import torch
import torch.nn as nn
import torch.nn.functional as F


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        nn.Module.__init__(self)
        for name, value in (("weight", 1.0), ("bias", 0.0)):
            self.register_parameter(name, nn.Parameter(torch.full((styles, channels), value)))

    def forward(self, x, style_weights):
        rows = []
        for image, a in zip(x, style_weights):
            scale = (a[:, None] * self.weight).sum(0)
            shift = (a[:, None] * self.bias).sum(0)
            rows.append(F.instance_norm(image[None], weight=scale, bias=shift))
        return torch.cat(rows)


# %% An embedding's table, looked up for every style and weighted exercise="ConditionalInstanceNorm2d" right=true
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.Module):
    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(styles, channels))
        self.bias = nn.Parameter(torch.empty(styles, channels))
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x, style_weights):
        every = torch.arange(style_weights.shape[1]).expand(len(x), -1)
        scale = (F.embedding(every, self.weight) * style_weights[:, :, None]).sum(1)
        shift = (F.embedding(every, self.bias) * style_weights[:, :, None]).sum(1)
        return F.instance_norm(x).mul(scale.view(*scale.shape, 1, 1)).add(shift.view(*shift.shape, 1, 1))


# %% A subclass of nn.InstanceNorm2d, linear layers' function exercise="ConditionalInstanceNorm2d" right=true
import torch
import torch.nn.functional as F
from torch import nn


class ConditionalInstanceNorm2d(nn.InstanceNorm2d):
    def __init__(self, channels, styles):
        super().__init__(channels, affine=False, track_running_stats=False)
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style_weights):
        scale, shift = F.linear(style_weights, self.weight.T), F.linear(style_weights, self.bias.T)
        return F.instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]
