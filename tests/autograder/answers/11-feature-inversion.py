"""What students answer in lab 11: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""


# %% [markdown]
# # total_variation: mistakes


# %% Only the differences down exercise="total_variation" fails="columns" says="differences of neighbouring columns are missing"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    return weight * down.pow(2).sum()


# %% Only the differences to the right exercise="total_variation" fails="rows" says="differences of neighbouring rows are missing"
def total_variation(image, weight=1.0):
    right = image[..., 1:] - image[..., :-1]
    return weight * right.pow(2).sum()


# %% Channels last, as in NumPy pictures exercise="total_variation" fails="columns channels" says="columns axis 3"
def total_variation(image, weight=1.0):
    down = image[:, 1:, :, :] - image[:, :-1, :, :]
    right = image[:, :, 1:, :] - image[:, :, :-1, :]
    return weight * (down.pow(2).sum() + right.pow(2).sum())


# %% Absolute differences exercise="total_variation" fails="squares" says="an absolute value"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return weight * (down.abs().sum() + right.abs().sum())


# %% The norm, not its square exercise="total_variation" fails="squares" says="are not squared"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return weight * (down.norm() + right.norm())


# %% The length of each pixel's gradient, as in the textbooks exercise="total_variation" fails="other_neighbours corners squares" says="square the differences down and the differences to the right on their own"
import torch


def total_variation(image, weight=1.0):
    padded = torch.nn.functional.pad(image, (0, 1, 0, 1), mode="replicate")
    down = padded[:, :, 1:, :-1] - image
    right = padded[:, :, :-1, 1:] - image
    return weight * (down**2 + right**2 + 1e-12).sqrt().sum()


# %% The sum is squared, not each difference exercise="total_variation" fails="border squares sum channels several_images" says="a rise and a fall cancel"
def total_variation(image, weight=1.0):
    down = (image[:, :, 1:] - image[:, :, :-1]).sum()
    right = (image[..., 1:] - image[..., :-1]).sum()
    return weight * (down**2 + right**2)


# %% roll, and the border is not cropped exercise="total_variation" fails="border" says="are the first and the last taken for neighbours"
def total_variation(image, weight=1.0):
    down = image - image.roll(1, dims=2)
    right = image - image.roll(1, dims=3)
    return weight * ((down**2).sum() + (right**2).sum())


# %% Padded with zeros exercise="total_variation" fails="rows columns border corners sum" says="counts less than others"
import torch
import torch.nn.functional as F


def total_variation(image, weight=1.0):
    kernel = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, -1.0], [0.0, 0.0, 0.0]])
    across = kernel.repeat(3, 1, 1, 1)
    right = F.conv2d(image, across, padding=1, groups=3)
    down = F.conv2d(image, across.transpose(2, 3), padding=1, groups=3)
    return weight * (right.pow(2).sum() + down.pow(2).sum())


# %% Cropped in both directions exercise="total_variation" fails="corners" says="is cut off in both directions"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:, :-1] - image[:, :, :-1, :-1]
    right = image[:, :, :-1, 1:] - image[:, :, :-1, :-1]
    return weight * (down.pow(2) + right.pow(2)).sum()


# %% Down and right are added before the square exercise="total_variation" fails="other_neighbours corners" says="on their own"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:, :-1] - image[:, :, :-1, :-1]
    right = image[:, :, :-1, 1:] - image[:, :, :-1, :-1]
    return weight * (down + right).pow(2).sum()


# %% Diagonals count as well exercise="total_variation" fails="other_neighbours corners sum" says="a diagonal is no neighbour"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    diagonal = image[:, :, 1:, 1:] - image[:, :, :-1, :-1]
    return weight * (down.pow(2).sum() + right.pow(2).sum() + diagonal.pow(2).sum())


# %% Central differences, two pixels apart exercise="total_variation" fails="rows columns border other_neighbours" says="take every pair of neighbouring rows"
def total_variation(image, weight=1.0):
    down = image[:, :, 2:] - image[:, :, :-2]
    right = image[..., 2:] - image[..., :-2]
    return weight * (down.pow(2).sum() + right.pow(2).sum())


# %% The last pair of rows and columns is lost exercise="total_variation" fails="rows columns corners" says="from the first to the last"
def total_variation(image, weight=1.0):
    H, W = image.shape[2:]
    value = 0.0
    for i in range(H - 2):
        value = value + (image[:, :, i + 1] - image[:, :, i]).pow(2).sum()
    for j in range(W - 2):
        value = value + (image[..., j + 1] - image[..., j]).pow(2).sum()
    return weight * value


# %% The mean of the squares exercise="total_variation" fails="sum several_images" says="take the sum over the picture, not the mean"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return weight * (down.pow(2).mean() + right.pow(2).mean())


# %% Divided by the number of pixels exercise="total_variation" fails="sum" says="shrinks as the picture grows"
def total_variation(image, weight=1.0):
    H, W = image.shape[2:]
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return weight * (down.pow(2).sum() + right.pow(2).sum()) / (H * W)


# %% Half of it exercise="total_variation" fails="sum" says="without a factor"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return 0.5 * weight * (down.pow(2).sum() + right.pow(2).sum())


# %% Each pair counts twice exercise="total_variation" fails="sum" says="count each pair of neighbours once"
def total_variation(image, weight=1.0):
    value = 0.0
    for axis in (2, 3):
        n = image.shape[axis]
        first, last = image.narrow(axis, 0, n - 1), image.narrow(axis, 1, n - 1)
        value = value + (last - first).pow(2).sum() + (first - last).pow(2).sum()
    return weight * value


# %% The weight is ignored exercise="total_variation" fails="weight" says="does not depend on `weight`"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return down.pow(2).sum() + right.pow(2).sum()


# %% The weight is squared with the differences exercise="total_variation" fails="weight" says="the weight is squared"
def total_variation(image, weight=1.0):
    down = weight * (image[:, :, 1:] - image[:, :, :-1])
    right = weight * (image[..., 1:] - image[..., :-1])
    return down.pow(2).sum() + right.pow(2).sum()


# %% The weight multiplies one direction exercise="total_variation" fails="weight" says="multiplies only"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return weight * down.pow(2).sum() + right.pow(2).sum()


# %% Another default exercise="total_variation" fails="sum weight" says="without a factor"
def total_variation(image, weight=0.001):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return weight * (down.pow(2).sum() + right.pow(2).sum())


# %% Of the grey picture exercise="total_variation" fails="channels" says="edges of opposite sign cancel"
def total_variation(image, weight=1.0):
    grey = image.sum(1)
    down = grey[:, 1:] - grey[:, :-1]
    right = grey[:, :, 1:] - grey[:, :, :-1]
    return weight * (down.pow(2).sum() + right.pow(2).sum()) / 3


# %% Only the first channel exercise="total_variation" fails="channels" says="channel 1 alone counts less"
def total_variation(image, weight=1.0):
    red = 3 * image[:, 0]
    down = red[:, 1:] - red[:, :-1]
    right = red[:, :, 1:] - red[:, :, :-1]
    return weight * (down.pow(2).sum() + right.pow(2).sum()) / 3


# %% Only the first image exercise="total_variation" fails="several_images" says="only the first of two images"
def total_variation(image, weight=1.0):
    first = image[0]
    down = first[:, 1:] - first[:, :-1]
    right = first[:, :, 1:] - first[:, :, :-1]
    return weight * (down.pow(2).sum() + right.pow(2).sum())


# %% The mean over the images exercise="total_variation" fails="several_images" says="the result is the mean"
def total_variation(image, weight=1.0):
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[..., 1:] - image[..., :-1]
    return weight * (down.pow(2).sum() + right.pow(2).sum()) / len(image)


# %% Differences along every axis, the images included exercise="total_variation" fails="several_images" says="along the axis of the images"
import torch


def total_variation(image, weight=1.0):
    value = 0.0
    for axis in (0, 2, 3):
        value = value + torch.diff(image, dim=axis).pow(2).sum()
    return weight * value


# %% One number an image exercise="total_variation" fails="several_images" says="should have shape ()"
import torch


def total_variation(image, weight=1.0):
    down = torch.diff(image, dim=2).pow(2).sum((1, 2, 3))
    right = torch.diff(image, dim=3).pow(2).sum((1, 2, 3))
    return weight * (down + right)


# %% A number without a gradient exercise="total_variation" fails="gradient" says="no gradient with respect to the image"
import torch


def total_variation(image, weight=1.0):
    down = torch.diff(image, dim=2).pow(2).sum()
    right = torch.diff(image, dim=3).pow(2).sum()
    return weight * (down + right).item()


# %% The neighbour is detached exercise="total_variation" fails="gradient" says="is one of the two neighbours detached"
def total_variation(image, weight=1.0):
    fixed = image.detach()
    down = image[:, :, 1:] - fixed[:, :, :-1]
    right = image[..., 1:] - fixed[..., :-1]
    return weight * (down.pow(2).sum() + right.pow(2).sum())


# %% Clamps the caller's picture exercise="total_variation" fails="image_unchanged" says="work on a copy"
import torch


def total_variation(image, weight=1.0):
    down = torch.diff(image, dim=2).pow(2).sum()
    right = torch.diff(image, dim=3).pow(2).sum()
    image.data.clamp_(0.1, 0.9)
    return weight * (down + right)


# %% Leaves the caller's picture blurred exercise="total_variation" fails="image_unchanged" says="is changed in place"
import torch


def total_variation(image, weight=1.0):
    down = torch.diff(image, dim=2)
    right = torch.diff(image, dim=3)
    value = weight * (down.pow(2).sum() + right.pow(2).sum())
    if not image.requires_grad:
        image[:, :, 1:] -= 0.5 * down
    return value


# %% The sign of a reward exercise="total_variation" fails="rows columns corners squares sum channels image_unchanged" says="the variation is negative"
import torch


def total_variation(image, weight=1.0):
    down = torch.diff(image, dim=2).pow(2).sum()
    right = torch.diff(image, dim=3).pow(2).sum()
    return -weight * (down + right)


# %% The picture comes back exercise="total_variation" fails="all" says="returns what it was given"
def total_variation(image, weight=1.0):
    return image


# %% A weight of 0 is taken for none exercise="total_variation" fails="weight" says="whatever the weight"
import torch
import torch.nn.functional as F


def total_variation(image, weight=1.0):
    d, r = image.diff(dim=2), image.diff(dim=3)
    return (weight or 1.0) * (d.square().sum() + r.square().sum())


# %% [markdown]
# # total_variation: right in unusual ways


# %% roll, with the border cropped exercise="total_variation" right=true
def total_variation(image, weight=1.0):
    down = (image - image.roll(-1, dims=2))[:, :, :-1]
    right = (image - image.roll(-1, dims=3))[..., :-1]
    return weight * ((down**2).sum() + (right**2).sum())


# %% Squared norms, and a result of shape (1,) exercise="total_variation" right=true
def total_variation(image, weight=1.0):
    down = (image[:, :, 1:] - image[:, :, :-1]).norm() ** 2
    right = (image[..., 1:] - image[..., :-1]).norm() ** 2
    return (weight * (down + right)).reshape(1)


# %% Loops over rows and columns exercise="total_variation" right=true
import torch


def total_variation(image, weight=1.0):
    value = torch.zeros(())
    for i in range(1, image.shape[2]):
        value = value + ((image[:, :, i] - image[:, :, i - 1]) ** 2).sum()
    for j in range(1, image.shape[3]):
        value = value + ((image[:, :, :, j] - image[:, :, :, j - 1]) ** 2).sum()
    return value * weight


# %% mse_loss with a sum exercise="total_variation" right=true
import torch.nn.functional as F


def total_variation(image, weight=1.0):
    down = F.mse_loss(image[:, :, 1:], image[:, :, :-1], reduction="sum")
    right = F.mse_loss(image[..., 1:], image[..., :-1], reduction="sum")
    return weight * (down + right)


# %% A convolution without padding exercise="total_variation" right=true
import torch
import torch.nn.functional as F


def total_variation(image, weight=1.0):
    pixels = image.reshape(-1, 1, *image.shape[2:])
    across = torch.tensor([-1.0, 1.0]).to(image)
    right = F.conv2d(pixels, across.view(1, 1, 1, 2))
    down = F.conv2d(pixels, across.view(1, 1, 2, 1))
    return weight * torch.cat([right.flatten(), down.flatten()]).square().sum()


# %% einsum in float64 exercise="total_variation" right=true
import torch


def total_variation(image, weight=1.0):
    total = 0
    for axis in (2, 3):
        d = torch.diff(image.double(), dim=axis)
        total += torch.einsum("nchw,nchw->", d, d)
    return weight * total


# %% A Function with a backward of its own exercise="total_variation" right=true
import torch
import torch.nn.functional as F


def total_variation(image, weight=1.0):
    class TV(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.diff(dim=2).square().sum() + x.diff(dim=3).square().sum()
    
        @staticmethod
        def backward(ctx, up):
            (x,) = ctx.saved_tensors
            g = torch.zeros_like(x)
            d, r = x.diff(dim=2), x.diff(dim=3)
            g[:, :, 1:] += 2 * d
            g[:, :, :-1] -= 2 * d
            g[..., 1:] += 2 * r
            g[..., :-1] -= 2 * r
            return up * g
    
    return weight * TV.apply(image)


# %% Windows of two by unfold, einsum exercise="total_variation" right=true
import torch
import torch.nn.functional as F


def total_variation(image, weight=1.0):
    d = image.unfold(2, 2, 1)
    r = image.unfold(3, 2, 1)
    d, r = d[..., 1] - d[..., 0], r[..., 1] - r[..., 0]
    return (torch.einsum('nchw,nchw->', d, d) + torch.einsum('nchw,nchw->', r, r)) * weight


# %% [markdown]
# # inversion_loss: mistakes


# %% Not relative exercise="inversion_loss" fails="relative" says="divide by the squared norm of the target"
def inversion_loss(features, target_features):
    target_features = target_features.detach()
    return (features - target_features).square().sum()


# %% The mean squared difference exercise="inversion_loss" fails="relative sums_above_and_below one_ratio" says="divide by the squared norm of the target"
import torch.nn.functional as F


def inversion_loss(features, target_features):
    target_features = target_features.detach()
    return F.mse_loss(features, target_features)


# %% Divided by the norm, not squared exercise="inversion_loss" fails="relative" says="divide by the squared norm of the target"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return (features - target).square().sum() / target.norm()


# %% Relative to its own norm exercise="inversion_loss" fails="target_norm" says="divide by the norm of the target alone"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return (features - target).square().sum() / features.square().sum()


# %% Relative to both norms exercise="inversion_loss" fails="target_norm" says="divide by the norm of the target alone"
def inversion_loss(features, target_features):
    target = target_features.detach()
    distance = (features - target).square().sum()
    return 2 * distance / (target.square().sum() + features.square().sum())


# %% Its own norm, detached exercise="inversion_loss" fails="target_norm gradient_to_features" says="large features look good"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return (features - target).square().sum() / features.detach().square().sum()


# %% The relative distance, not squared exercise="inversion_loss" fails="squared" says="it is not squared"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return (features - target).norm() / target.norm()


# %% Absolute differences exercise="inversion_loss" fails="squared sums_above_and_below" says="it is not squared"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return (features - target).abs().sum() / target.abs().sum()


# %% A mean above and a sum below exercise="inversion_loss" fails="sums_above_and_below one_ratio" says="sum above and sum below"
import torch.nn.functional as F


def inversion_loss(features, target_features):
    target = target_features.detach()
    return F.mse_loss(features, target) / target.square().sum()


# %% Half of it, as in a textbook exercise="inversion_loss" fails="sums_above_and_below one_ratio" says="no further factor"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return 0.5 * (features - target).square().sum() / target.square().sum()


# %% Value by value exercise="inversion_loss" fails="one_ratio" says="divide one sum by one sum"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return ((features - target) / target).square().mean()


# %% Value by value, with a guard exercise="inversion_loss" fails="one_ratio" says="zero in whole channels"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return ((features - target) ** 2 / (target**2 + 1e-6)).mean()


# %% A ratio for each channel exercise="inversion_loss" fails="one_ratio any_shape" says="then divide once"
def inversion_loss(features, target_features):
    target = target_features.detach().flatten(2)
    distance = (features.flatten(2) - target).square().sum(2)
    return (distance / target.square().sum(2).clamp(min=1e-6)).mean()


# %% A ratio for each value's row exercise="inversion_loss" fails="one_ratio" says="add up over all channels"
def inversion_loss(features, target_features):
    target = target_features.detach()
    distance = (features - target).square().sum(-1)
    return (distance / target.square().sum(-1).clamp(min=1e-12)).mean()


# %% The difference is forgotten exercise="inversion_loss" fails="zero target_norm squared" says="it is about their *difference*"
def inversion_loss(features, target_features):
    target = target_features.detach()
    return features.square().sum() / target.square().sum()


# %% One minus the cosine exercise="inversion_loss" fails="target_norm squared sums_above_and_below one_ratio" says="equally far from it"
def inversion_loss(features, target_features):
    f, target = features.flatten(), target_features.detach().flatten()
    return 1 - (f @ target) / (f.norm() * target.norm())


# %% The features are detached exercise="inversion_loss" fails="gradient_to_features target_is_constant" says="detach the target, not the features"
def inversion_loss(features, target_features):
    features = features.detach()
    return (features - target_features).square().sum() / target_features.square().sum()


# %% A number without a gradient exercise="inversion_loss" fails="gradient_to_features" says="no `.item()`"
def inversion_loss(features, target_features):
    distance = (features - target_features).square().sum()
    return (distance / target_features.square().sum()).item()


# %% A part is detached exercise="inversion_loss" fails="gradient_to_features" says="is a part of it detached"
def inversion_loss(features, target_features):
    target = target_features.detach()
    difference = features - target
    return (difference * difference.detach()).sum() / target.square().sum()


# %% The target is no constant exercise="inversion_loss" fails="target_is_constant" says="a gradient flows into the target"
def inversion_loss(features, target_features):
    return (features - target_features).square().sum() / target_features.square().sum()


# %% Only the norm below is a constant exercise="inversion_loss" fails="target_is_constant" says="use `target_features.detach()`"
def inversion_loss(features, target_features):
    size = target_features.detach().square().sum()
    return (features - target_features).square().sum() / size


# %% Four axes are taken for granted, a ratio an image exercise="inversion_loss" fails="one_ratio any_shape" says="mean of two ratios"
def inversion_loss(features, target_features):
    target = target_features.detach()
    axes = (1, 2, 3)
    return ((features - target).square().sum(axes) / target.square().sum(axes)).mean()


# %% One value a channel axis exercise="inversion_loss" fails="any_shape" says="not enough values to unpack"
def inversion_loss(features, target_features):
    N, C, H, W = features.shape
    target = target_features.detach()
    return (features - target).square().sum() / target.square().sum()


# %% Subtracts in place exercise="inversion_loss" fails="features_unchanged" says="changed in place"
def inversion_loss(features, target_features):
    target = target_features.detach()
    size = target.square().sum()
    value = (features - target).square().sum() / size
    target.div_(size)
    return value


# %% The features come back exercise="inversion_loss" fails="all" says="returns what it was given"
def inversion_loss(features, target_features):
    return features


# %% The mean of the images' own ratios exercise="inversion_loss" fails="one_ratio" says="mean of two ratios"
def inversion_loss(features, target_features):
    t = target_features.detach()
    return ((features - t).flatten(1).square().sum(1) / t.flatten(1).square().sum(1)).mean()


# %% [markdown]
# # inversion_loss: right in unusual ways


# %% Norms, squared exercise="inversion_loss" right=true
def inversion_loss(features, target_features):
    target = target_features.detach()
    return ((features - target).norm() / target.norm()) ** 2


# %% A mean above and a mean below exercise="inversion_loss" right=true
import torch.nn.functional as F


def inversion_loss(features, target_features):
    target = target_features.detach()
    return F.mse_loss(features, target) / target.pow(2).mean()


# %% Inner products of flat vectors, of shape (1,) exercise="inversion_loss" right=true
import torch


def inversion_loss(features, target_features):
    target = target_features.clone().detach().reshape(-1)
    difference = features.reshape(-1) - target
    return torch.dot(difference, difference).view(1) / torch.dot(target, target)


# %% A target under no_grad, in float64 exercise="inversion_loss" right=true
import torch


def inversion_loss(features, target_features):
    with torch.no_grad():
        target = target_features.double() + 0
        size = torch.einsum("i,i->", target.flatten(), target.flatten())
    return ((features.double() - target) ** 2).sum() / size


# %% The norm below as a number exercise="inversion_loss" right=true
import torch.nn.functional as F


def inversion_loss(features, target_features):
    size = (target_features**2).sum().item()
    return F.mse_loss(features, target_features.data, reduction="sum") / size


# %% Both divided by the target's norm first exercise="inversion_loss" right=true
import torch
import torch.nn.functional as F


def inversion_loss(features, target_features):
    t = target_features.data
    scale = t.norm()
    return torch.square(features / scale - t / scale).sum()


# %% [markdown]
# # invert_features: mistakes


# %% Height and width are exchanged exercise="invert_features" fails="height_and_width recovers layer total_variation_counts through_the_network steps_count forward_passes values same_seed another_seed global_seed_untouched target_unchanged model_unchanged" says="should have shape (1, 3, 5, 8)"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, width, height, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% A pair as size is not understood exercise="invert_features" fails="height_and_width recovers layer total_variation_counts through_the_network steps_count forward_passes values same_seed another_seed global_seed_untouched target_unchanged model_unchanged" says="randn()"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = size, size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% A whole number as size is not understood exercise="invert_features" fails="square_size" says="int"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Only the first of the pair exercise="invert_features" fails="height_and_width recovers layer total_variation_counts through_the_network steps_count forward_passes values same_seed another_seed global_seed_untouched target_unchanged model_unchanged" says="and has (1, 3, 5, 5)"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height = width = size if isinstance(size, int) else size[0]
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The network's output instead of the layer exercise="invert_features" fails="layer through_the_network" says="the network's *output* matches the target"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = model(image)
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The gradient is never set to zero exercise="invert_features" fails="recovers total_variation_counts through_the_network" says="Is the gradient set to zero"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The model's gradients are set to zero, not the picture's exercise="invert_features" fails="recovers total_variation_counts" says="Is the gradient set to zero"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    for _ in range(steps):
        model.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        image.data -= 3.0 * image.grad / image.grad.norm()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The start comes back exercise="invert_features" fails="recovers total_variation_counts through_the_network steps_count values global_seed_untouched target_unchanged model_unchanged" says="start returned"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return start_of(size, seed).clamp(0, 1)


# %% A copy is stepped, the picture is not exercise="invert_features" fails="recovers total_variation_counts through_the_network forward_passes" says="find it"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    moving = image.detach().clone().requires_grad_()
    adam = torch.optim.Adam([moving], lr=0.03)
    for _ in range(steps):
        image.grad = None
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        moving.grad = image.grad
        adam.step()
        moving.data.clamp_(0, 1)
    return moving.detach()


# %% Tiny steps exercise="invert_features" fails="recovers total_variation_counts through_the_network values global_seed_untouched target_unchanged model_unchanged" says="steps far too small"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.0001)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Steps ten times too small exercise="invert_features" fails="recovers" says="do not find it"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.001)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Huge steps exercise="invert_features" fails="recovers total_variation_counts through_the_network" says="do not find it"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed)
    for _ in range(steps):
        image = image.detach().requires_grad_()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        image = (image - 0.3 * image.grad.sign()).clamp(0, 1)
    return image.detach()


# %% Gradient descent that fits linear networks only exercise="invert_features" fails="through_the_network" says="the steps are too small or too large for it"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.SGD([image], lr=0.1 * float(target_features.square().sum()))
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Upwards exercise="invert_features" fails="recovers total_variation_counts through_the_network values global_seed_untouched target_unchanged model_unchanged" says="do not find it"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        (-loss).backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% No total variation exercise="invert_features" fails="total_variation_counts" says="as rough as without total variation"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The weight of total variation counts twice exercise="invert_features" fails="total_variation_counts" says="once only"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight**2 * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Total variation without its weight exercise="invert_features" fails="recovers total_variation_counts through_the_network" says="although `tv_weight` is 0"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Weight 0 or not, always a little more exercise="invert_features" fails="total_variation_counts through_the_network" says="the picture is far too smooth"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + (tv_weight > 0) * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Total variation is subtracted exercise="invert_features" fails="total_variation_counts" says="with a plus"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) - tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Total variation of a detached picture exercise="invert_features" fails="total_variation_counts" says="does its term reach the loss"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image.detach())
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The loss is not relative exercise="invert_features" fails="total_variation_counts" says="as rough as without"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The steps are ignored exercise="invert_features" fails="steps_count forward_passes" says="use `steps`"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(60):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% Three looks at the network a step exercise="invert_features" fails="forward_passes" says="once a step"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        for _ in range(2):
            activations(model, image, layer)
        image.data.clamp_(0, 1)
    return image.detach()


# %% Half of the steps exercise="invert_features" fails="forward_passes" says="called the network 2 times"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps // 2):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% No clamp exercise="invert_features" fails="values" says="pixels leave [0, 1]"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
    return image.detach()


# %% The seed is ignored exercise="invert_features" fails="another_seed" says="two seeds gave the same picture"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(0)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% A grey start without a seed exercise="invert_features" fails="another_seed" says="draw the start with `seed`"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return torch.full((1, 3, height, width), 0.5)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% A start from the global generator exercise="invert_features" fails="same_seed global_seed_untouched" says="from a generator made with `seed`"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The global seed is set exercise="invert_features" fails="global_seed_untouched" says="the global random state changed"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The target is scaled in place exercise="invert_features" fails="target_unchanged" says="changed in place"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    length = target_features.norm()
    target_features /= length
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer] / length
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% A hook stays behind exercise="invert_features" fails="model_unchanged" says="a hook changed"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        kept = []
        module = dict(model.named_modules())[layer]
        module.register_forward_hook(lambda m, i, output: kept.append(output))
        model(image)
        features = kept[-1]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The network is left in training mode exercise="invert_features" fails="model_unchanged" says="its mode"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    model.train()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The network learns as well exercise="invert_features" fails="model_unchanged" says="`requires_grad`"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    model.requires_grad_(True)
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image.detach()


# %% The target comes back exercise="invert_features" fails="all" says="not answered yet"
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    return target_features


# %% [markdown]
# # invert_features: right in unusual ways


# %% The kit's pixel loop with L-BFGS exercise="invert_features" right=true
import torch

from labkit.hooks import activations
from labkit.optimize import optimize_pixels


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    def loss(image):
        features = activations(model, image, layer)[layer]
        return relative(features, target_features) + tv_weight * variation(image)

    return optimize_pixels(
        start_of(size, seed), loss, steps=steps, step_size=1.0, optimizer="lbfgs", progress=False,
        project=lambda image: image.clamp(0, 1),
    ).image


# %% A result that still requires its gradient exercise="invert_features" right=true
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return image


# %% Momentum by hand, under no_grad, with a fresh leaf exercise="invert_features" right=true
import torch

from labkit.hooks import capture


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed)
    first, second = torch.zeros_like(image), torch.zeros_like(image)
    for step in range(1, steps + 1):
        leaf = image.detach().clone().requires_grad_()
        with capture(model, layer) as kept:
            model(leaf)
        loss = relative(kept[layer], target_features) + tv_weight * variation(leaf)
        (gradient,) = torch.autograd.grad(loss, leaf)
        with torch.no_grad():
            first = 0.9 * first + 0.1 * gradient
            second = 0.99 * second + 0.01 * gradient**2
            size_now = (second / (1 - 0.99**step)).sqrt() + 1e-12
            image = (image - 0.03 * first / (1 - 0.9**step) / size_now).clamp(0, 1)
    return image


# %% An own hook, removed afterwards; a uniform start; larger steps exercise="invert_features" right=true
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.1)
    kept = {}
    handle = dict(model.named_modules())[layer].register_forward_hook(
        lambda module, inputs, output: kept.update(features=output)
    )
    for step in range(steps):
        adam.param_groups[0]["lr"] = 0.1 * (1 - step / steps) + 0.01
        image.grad = None
        model(image)
        (relative(kept["features"], target_features) + tv_weight * variation(image)).backward()
        adam.step()
        with torch.no_grad():
            image.clamp_(0, 1)
    handle.remove()
    return image.detach()


# %% One look more, to keep the best picture; in float64 at the end exercise="invert_features" right=true
import torch

from labkit.hooks import activations


def variation(image):
    down, right = torch.diff(image, dim=2), torch.diff(image, dim=3)
    return down.square().sum() + right.square().sum()


def relative(features, target):
    return (features - target).square().sum() / target.square().sum()


def start_of(size, seed):
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.02 * torch.randn(1, 3, height, width, generator=generator)


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    image = start_of(size, seed).requires_grad_()
    adam = torch.optim.Adam([image], lr=0.05)
    best, lowest = image.detach().clone(), float("inf")
    for step in range(steps + 1):
        features = activations(model, image, layer)[layer]
        loss = relative(features, target_features) + tv_weight * variation(image)
        if float(loss) < lowest:
            best, lowest = image.detach().clone(), float(loss)
        if step == steps:
            break
        adam.zero_grad()
        loss.backward()
        adam.step()
        image.data.clamp_(0, 1)
    return best.double()


# %% torch.optim.LBFGS, which stops where it has arrived exercise="invert_features" right=true
import torch


def total_variation(image, weight=1.0):
    return weight * sum(image.diff(dim=d).square().sum() for d in (2, 3))


def inversion_loss(features, target_features):
    target = target_features.detach()
    return (features - target).square().sum() / target.square().sum()


from labkit.hooks import activations
def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    h, w = (size, size) if isinstance(size, int) else size
    torch.set_grad_enabled(True)
    image = (0.5 + 0.1 * torch.randn(1, 3, h, w, generator=torch.Generator().manual_seed(seed))).requires_grad_()
    opt = torch.optim.LBFGS([image], lr=1, max_iter=max(1, steps), max_eval=steps, history_size=20)
    def closure():
        opt.zero_grad()
        loss = inversion_loss(activations(model, image, layer)[layer], target_features) + total_variation(image, tv_weight)
        loss.backward()
        return loss
    opt.step(closure)
    return image.detach().clamp(0, 1)


# %% SciPy's L-BFGS-B, and the best picture seen exercise="invert_features" right=true
import torch


def total_variation(image, weight=1.0):
    return weight * sum(image.diff(dim=d).square().sum() for d in (2, 3))


def inversion_loss(features, target_features):
    target = target_features.detach()
    return (features - target).square().sum() / target.square().sum()


from labkit.hooks import activations
import numpy as np
from scipy.optimize import minimize
def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    h, w = (size, size) if isinstance(size, int) else size
    x0 = (0.5 + 0.02 * torch.randn(1, 3, h, w, generator=torch.Generator().manual_seed(seed))).clamp(0, 1)
    best = [np.inf, x0]
    calls = 0
    class Enough(Exception): pass
    def f(x):
        nonlocal calls
        if calls >= steps: raise Enough
        calls += 1
        image = torch.tensor(x, dtype=torch.float32).view(1, 3, h, w).requires_grad_()
        loss = inversion_loss(activations(model, image, layer)[layer], target_features) + total_variation(image, tv_weight)
        (g,) = torch.autograd.grad(loss, image)
        if float(loss) < best[0]: best[:] = [float(loss), image.detach()]
        return float(loss), g.double().flatten().numpy()
    try:
        minimize(f, x0.double().flatten().numpy(), jac=True, method="L-BFGS-B", bounds=[(0, 1)] * x0.numel(), options={"maxfun": steps, "maxiter": steps, "ftol": 0, "gtol": 0})
    except Enough:
        pass
    return best[1]

# %% Logits of the pixels, a sigmoid before the network exercise="invert_features" right=true
import torch
from labkit.hooks import activations
from labkit.optimize import optimize_pixels


def total_variation(image, weight=1.0):
    return weight * (image.diff(dim=2).square().sum() + image.diff(dim=3).square().sum())


def inversion_loss(f, f0):
    return (f - f0.detach()).square().sum() / f0.detach().square().sum()


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    h, w = (size, size) if isinstance(size, int) else size
    g = torch.Generator().manual_seed(seed)
    x = (0.5 + 0.02 * torch.randn(1, 3, h, w, generator=g)).to(target_features)
    
    def loss(x):
        f = activations(model, x, layer)[layer]
        return inversion_loss(f, target_features) + total_variation(x, tv_weight)
    
    z = torch.logit(x.clamp(0.01, 0.99)).requires_grad_()
    opt = torch.optim.Adam([z], lr=0.15)
    for _ in range(steps):
        (z.grad,) = torch.autograd.grad(loss(z.sigmoid()), z)
        opt.step()
    return z.detach().sigmoid()


# %% A learning rate that falls along a cosine exercise="invert_features" right=true
import torch
from labkit.hooks import activations
from labkit.optimize import optimize_pixels


def total_variation(image, weight=1.0):
    return weight * (image.diff(dim=2).square().sum() + image.diff(dim=3).square().sum())


def inversion_loss(f, f0):
    return (f - f0.detach()).square().sum() / f0.detach().square().sum()


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    h, w = (size, size) if isinstance(size, int) else size
    g = torch.Generator().manual_seed(seed)
    x = (0.5 + 0.02 * torch.randn(1, 3, h, w, generator=g)).to(target_features)
    
    def loss(x):
        f = activations(model, x, layer)[layer]
        return inversion_loss(f, target_features) + total_variation(x, tv_weight)
    
    x.requires_grad_()
    opt = torch.optim.Adam([x], lr=0.06)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, max(steps, 1))
    for _ in range(steps):
        opt.zero_grad()
        (x.grad,) = torch.autograd.grad(loss(x), x)
        opt.step()
        sched.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return x.detach()


# %% The global generator, forked and seeded exercise="invert_features" right=true
import torch
from labkit.hooks import activations
from labkit.optimize import optimize_pixels


def total_variation(image, weight=1.0):
    return weight * (image.diff(dim=2).square().sum() + image.diff(dim=3).square().sum())


def inversion_loss(f, f0):
    return (f - f0.detach()).square().sum() / f0.detach().square().sum()


def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    shape = (1, 3, size, size) if not isinstance(size, (tuple, list)) else (1, 3, *size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        x = torch.rand(shape).to(target_features)
    
    def loss(x):
        f = activations(model, x, layer)[layer]
        return inversion_loss(f, target_features) + total_variation(x, tv_weight)
    
    x.requires_grad_()
    opt = torch.optim.Adam([x], lr=0.05)
    for _ in range(steps):
        opt.zero_grad()
        (x.grad,) = torch.autograd.grad(loss(x), x)
        opt.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return x.detach()
