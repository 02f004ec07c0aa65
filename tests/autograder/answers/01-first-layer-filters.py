"""What students answer in lab 01: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""

# %% [markdown]
# # normalize_filters: mistakes

# %% Each colour has its own scale exercise="normalize_filters" fails="one_scale_for_the_colours" says="changes the filter's hue"
import torch


def normalize_filters(weights):
    low = weights.amin(dim=(2, 3), keepdim=True)
    span = weights.amax(dim=(2, 3), keepdim=True) - low
    return torch.where(span > 0, (weights - low) / span, 0.5)


# %% One scale for all filters exercise="normalize_filters" fails="a_scale_for_each_filter constant_filter" says="all filters share one scale"
def normalize_filters(weights):
    low, high = weights.min(), weights.max()
    return (weights - low) / (high - low)


# %% The scale of the first filter for all exercise="normalize_filters" fails="a_scale_for_each_filter constant_filter" says="scale of the first one"
def normalize_filters(weights):
    low, high = weights[0].min(), weights[0].max()
    return (weights - low) / (high - low)


# %% Zero is mid-grey exercise="normalize_filters" fails="from_minimum_to_maximum constant_filter" says="zero became mid-grey"
def normalize_filters(weights):
    return 0.5 + weights / (2 * weights.abs().amax(dim=(1, 2, 3), keepdim=True))


# %% Minimum and maximum across the colours of each place exercise="normalize_filters" fails="from_minimum_to_maximum one_scale_for_the_colours a_scale_for_each_filter other_filters faint_filter filters_unchanged" says="in proportion"
import torch


def normalize_filters(weights):
    low = weights.amin(dim=1, keepdim=True)
    span = weights.amax(dim=1, keepdim=True) - low
    return torch.where(span > 0, (weights - low) / span, 0.5)


# %% Divided by the maximum exercise="normalize_filters" fails="all" says="divided by the maximum"
import torch


def normalize_filters(weights):
    high = weights.amax(dim=(1, 2, 3), keepdim=True)
    return (weights - weights.amin(dim=(1, 2, 3), keepdim=True)) / high


# %% Negative weights are cut off exercise="normalize_filters" fails="all" says="values below 0 are cut off"
def normalize_filters(weights):
    return (weights / weights.amax(dim=(1, 2, 3), keepdim=True)).clamp(min=0)


# %% Clamped, not scaled exercise="normalize_filters" fails="all" says="weights outside [0, 1] are cut off"
def normalize_filters(weights):
    return weights.clamp(0, 1)


# %% A sigmoid exercise="normalize_filters" fails="all" says="in proportion"
def normalize_filters(weights):
    return weights.sigmoid()


# %% Standardized exercise="normalize_filters" fails="all" says="in proportion"
def normalize_filters(weights):
    mean = weights.mean(dim=(1, 2, 3), keepdim=True)
    return (weights - mean) / weights.std(dim=(1, 2, 3), keepdim=True)


# %% A constant filter gives NaN exercise="normalize_filters" fails="constant_filter" says="divides 0 by 0"
def normalize_filters(weights):
    low = weights.amin(dim=(1, 2, 3), keepdim=True)
    return (weights - low) / (weights.amax(dim=(1, 2, 3), keepdim=True) - low)


# %% A small number in the denominator makes a constant filter black exercise="normalize_filters" fails="constant_filter" says="is black"
def normalize_filters(weights):
    low = weights.amin(dim=(1, 2, 3), keepdim=True)
    return (weights - low) / (weights.amax(dim=(1, 2, 3), keepdim=True) - low + 1e-8)


# %% Sixteen filters of 3 x 7 x 7, as in the notebook exercise="normalize_filters" fails="other_filters" says="written into your code"
import torch


def normalize_filters(weights):
    flat = weights.reshape(-1, 3 * 7 * 7)
    low, high = flat.min(1).values, flat.max(1).values
    low, span = low.view(-1, 1, 1, 1), (high - low).view(-1, 1, 1, 1)
    return torch.where(span > 0, (weights - low) / span, 0.5)


# %% The network's weights are changed in place exercise="normalize_filters" fails="filters_unchanged" says="network's own"
def normalize_filters(weights):
    for weight in weights:
        span = float(weight.max() - weight.min())
        if span > 0:
            weight -= weight.min().item()
            weight /= span
        else:
            weight[:] = 0.5
    return weights.clone()


# %% A stub that returns its input exercise="normalize_filters" fails="all" says="returns what it was given"
def normalize_filters(weights):
    return weights


# %% No return exercise="normalize_filters" fails="all" says="not answered yet"
def normalize_filters(weights):
    weights - weights.min()


# %% A small number in the denominator, and a where exercise="normalize_filters" fails="faint_filter" says="something added to what you divide by"
import torch


def normalize_filters(weights):
    low = weights.amin((1, 2, 3), keepdim=True)
    span = weights.amax((1, 2, 3), keepdim=True) - low
    return torch.where(span > 0, (weights - low) / (span + 1e-6), 0.5)


# %% A range below a millionth counts as none exercise="normalize_filters" fails="faint_filter" says="Only a range of exactly 0"
import torch


def normalize_filters(weights):
    low = weights.amin((1, 2, 3), keepdim=True)
    span = weights.amax((1, 2, 3), keepdim=True) - low
    return torch.where(span > 1e-5, (weights - low) / span.clamp(min=1e-12), 0.5)

# %% [markdown]
# # normalize_filters: unusual and right

# %% A loop over the filters exercise="normalize_filters" right=true
import torch


def normalize_filters(weights):
    pictures = []
    for w in weights:
        if w.max() == w.min():
            pictures.append(torch.full_like(w, 0.5))
        else:
            pictures.append((w - w.min()) / (w.max() - w.min()))
    return torch.stack(pictures)


# %% NumPy, float64 exercise="normalize_filters" right=true
import numpy as np
import torch


def normalize_filters(weights):
    array = weights.detach().numpy().astype(np.float64)
    low = array.min(axis=(1, 2, 3), keepdims=True)
    span = np.ptp(array, axis=(1, 2, 3), keepdims=True)
    out = np.where(span == 0, 0.5, (array - low) / np.where(span == 0, 1, span))
    return torch.from_numpy(out)


# %% Flattened, in place on a copy, NaN replaced exercise="normalize_filters" right=true
def normalize_filters(weights):
    out = weights.clone().view(len(weights), -1)
    out -= out.min(dim=1, keepdim=True)[0]
    out /= out.max(dim=1, keepdim=True)[0]
    out[out.isnan()] = 0.5
    return out.view(weights.shape)


# %% aminmax and lerp, a small number in the denominator exercise="normalize_filters" right=true
import torch


def normalize_filters(weights):
    low, high = torch.aminmax(weights.flatten(1), dim=1, keepdim=True)
    scaled = (weights.flatten(1) - low) / (high - low + 1e-12)
    scaled = torch.where(high == low, torch.tensor(0.5), scaled)
    return scaled.reshape_as(weights)

# %% [markdown]
# # filter_response: mistakes

# %% A true convolution: the filter is turned by 180 degrees exercise="filter_response" fails="not_mirrored" says="turned by 180 degrees"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters.flip(2, 3))[0]


# %% scipy's convolve turns the filter, and the channels with it exercise="filter_response" fails="not_mirrored channels_are_summed" says="turned by 180 degrees"
import torch
from scipy.signal import convolve


def filter_response(image, filters):
    maps = [convolve(image[0].numpy(), f.numpy(), mode="valid", method="direct") for f in filters]
    return torch.stack([torch.as_tensor(m[0]) for m in maps])


# %% Rows and columns of the filter are exchanged exercise="filter_response" fails="not_mirrored" says="rows and columns of the filter"
import torch


def filter_response(image, filters):
    k = filters.shape[-1]
    windows = image[0].unfold(1, k, 1).unfold(2, k, 1)  # (C, H', W', k, k)
    return torch.einsum("chwab,fcba->fhw", windows, filters)


# %% Mirrored upside down exercise="filter_response" fails="not_mirrored" says="upside down"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters.flip(2))[0]


# %% The first channel alone exercise="filter_response" fails="channels_are_summed" says="only the first channel"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image[:, :1], filters[:, :1])[0]


# %% Grey image and grey filter exercise="filter_response" fails="channels_are_summed inner_product" says="averaged over their colours first"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image.mean(1, keepdim=True), filters.mean(1, keepdim=True))[0]


# %% The channels are reversed, as OpenCV has them exercise="filter_response" fails="channels_are_summed" says="BGR"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters.flip(1))[0]


# %% The mean of the products exercise="filter_response" fails="inner_product" says="mean of the products"
import torch


def filter_response(image, filters):
    k = filters.shape[-1]
    windows = image[0].unfold(1, k, 1).unfold(2, k, 1).permute(1, 2, 0, 3, 4)
    return torch.stack([(windows * f).mean(dim=(2, 3, 4)) for f in filters])


# %% Averaged over the channels exercise="filter_response" fails="inner_product" says="number of channels"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters)[0] / image.shape[1]


# %% Filters of norm 1 exercise="filter_response" fails="inner_product" says="divided by its norm"
import torch.nn.functional as F


def filter_response(image, filters):
    norms = filters.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    return F.conv2d(image, filters / norms)[0]


# %% Cosines instead of inner products exercise="filter_response" fails="all" says="which gives a cosine"
import torch
import torch.nn.functional as F


def filter_response(image, filters):
    norms = F.conv2d(image.square(), torch.ones_like(filters[:1])).sqrt()
    unit = filters / filters.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    return (F.conv2d(image, unit) / norms)[0]


# %% The image is centred first exercise="filter_response" fails="all" says="is the image used as it is"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image - 0.5, filters)[0]


# %% Padded to the image's size exercise="filter_response" fails="shape" says="as large as the image"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters, padding="same")[0]


# %% The batch axis stays exercise="filter_response" fails="shape" says="batch axis"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters)


# %% One row and one column too few exercise="filter_response" fails="all" says="should have shape (1, 6, 6)"
import torch


def filter_response(image, filters):
    k = filters.shape[-1]
    rows, columns = image.shape[2] - k, image.shape[3] - k
    out = torch.zeros(len(filters), rows, columns)
    for i in range(rows):
        for j in range(columns):
            out[:, i, j] = (filters * image[:, :, i : i + k, j : j + k]).sum((1, 2, 3))
    return out


# %% Height and width are exchanged exercise="filter_response" fails="shape" says="should have shape"
import torch


def filter_response(image, filters):
    k, (W, H) = filters.shape[-1], image.shape[2:]
    out = torch.zeros(len(filters), H - k + 1, W - k + 1)
    for i in range(min(H, W) - k + 1):
        for j in range(min(H, W) - k + 1):
            out[:, i, j] = (filters * image[:, :, i : i + k, j : j + k]).sum((1, 2, 3))
    return out


# %% Non-overlapping windows exercise="filter_response" fails="all" says="should have shape"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters, stride=filters.shape[-1])[0]


# %% Only the last filter is kept exercise="filter_response" fails="several_filters" says="that of the last filter"
import torch
import torch.nn.functional as F


def filter_response(image, filters):
    for f in filters:
        response = F.conv2d(image, f[None])[0]
    return response.repeat(len(filters), 1, 1)


# %% 7 x 7 pixels are written into the code exercise="filter_response" fails="other_sizes" says="written into your code"
import torch


def filter_response(image, filters):
    rows, columns = image.shape[2] - 6, image.shape[3] - 6
    response = 0
    for a in range(7):
        for b in range(7):
            shifted = image[0, :, a : a + rows, b : b + columns]
            response = response + torch.einsum("fc,chw->fhw", filters[:, :, a, b], shifted)
    return response


# %% With the ReLU exercise="filter_response" fails="negative_responses" says="the ReLU comes later"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.relu(F.conv2d(image, filters))[0]


# %% The absolute value exercise="filter_response" fails="negative_responses" says="became positive"
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters)[0].abs()


# %% The image is used up exercise="filter_response" fails="inputs_unchanged" says="work on a copy"
import torch.nn.functional as F


def filter_response(image, filters):
    response = F.conv2d(image, filters)[0]
    image -= image.mean()
    return response


# %% A stub that returns its input exercise="filter_response" fails="all" says="returns what it was given"
def filter_response(image, filters):
    return image


# %% No return exercise="filter_response" fails="all" says="not answered yet"
def filter_response(image, filters):
    image * 2

# %% [markdown]
# # filter_response: unusual and right

# %% PyTorch's own convolution exercise="filter_response" right=true
import torch.nn.functional as F


def filter_response(image, filters):
    return F.conv2d(image, filters).squeeze(0)


# %% A layer with the filters as its weights, still attached to the graph exercise="filter_response" right=true
import torch


def filter_response(image, filters):
    F_, C, k, _ = filters.shape
    layer = torch.nn.Conv2d(C, F_, k, bias=False)
    layer.weight = torch.nn.Parameter(filters.clone())
    return layer(image)[0]


# %% Four loops in NumPy, float64 exercise="filter_response" right=true
import numpy as np
import torch


def filter_response(image, filters):
    x, w = image[0].numpy().astype(np.float64), filters.numpy()
    F_, C, k, _ = w.shape
    H, W = x.shape[1] - k + 1, x.shape[2] - k + 1
    out = np.zeros((F_, H, W))
    for f in range(F_):
        for i in range(H):
            for j in range(W):
                out[f, i, j] = np.sum(x[:, i : i + k, j : j + k] * w[f])
    return torch.from_numpy(out)


# %% Unfold and one matrix product exercise="filter_response" right=true
import torch.nn.functional as F


def filter_response(image, filters):
    k = filters.shape[-1]
    columns = F.unfold(image, k)[0]  # (C * k * k, places)
    rows = image.shape[2] - k + 1
    return (filters.flatten(1) @ columns).reshape(len(filters), rows, -1)


# %% Through the Fourier transform exercise="filter_response" right=true
import torch


def filter_response(image, filters):
    H, W = image.shape[2:]
    k = filters.shape[-1]
    spectrum = torch.fft.rfft2(image.double()) * torch.fft.rfft2(filters.double(), s=(H, W)).conj()
    full = torch.fft.irfft2(spectrum.sum(1), s=(H, W))
    return full[:, : H - k + 1, : W - k + 1].float()

# %% [markdown]
# # grayscale_slices: mistakes

# %% From minimum to maximum, as in exercise 1 exercise="grayscale_slices" fails="zero_is_grey" says="zero should be mid-grey"
import torch


def grayscale_slices(weights):
    low = weights.amin(dim=(2, 3), keepdim=True)
    span = weights.amax(dim=(2, 3), keepdim=True) - low
    return torch.where(span > 0, (weights - low) / span, 0.5)


# %% One scale a filter exercise="grayscale_slices" fails="each_slice_its_own_scale" says="slices of a filter share one scale"
def grayscale_slices(weights):
    return 0.5 + weights / (2 * weights.abs().amax(dim=(1, 2, 3), keepdim=True))


# %% One scale for all exercise="grayscale_slices" fails="each_slice_its_own_scale" says="all slices share one scale"
def grayscale_slices(weights):
    return 0.5 + 0.5 * weights / weights.abs().max()


# %% One scale a channel exercise="grayscale_slices" fails="each_slice_its_own_scale" says="slices of a channel share one scale"
def grayscale_slices(weights):
    return 0.5 + 0.5 * weights / weights.abs().amax(dim=(0, 2, 3), keepdim=True)


# %% The maximum, not the largest size exercise="grayscale_slices" fails="largest_size" says="the scale is the largest weight, not"
import torch


def grayscale_slices(weights):
    largest = weights.amax(dim=(2, 3), keepdim=True)
    return 0.5 + 0.5 * torch.where(largest > 0, weights / largest, 0.0)


# %% The maximum, and what leaves [0, 1] cut off exercise="grayscale_slices" fails="largest_size" says="darker values are cut off"
import torch


def grayscale_slices(weights):
    largest = weights.amax(dim=(2, 3), keepdim=True)
    return (0.5 + 0.5 * torch.where(largest > 0, weights / largest, 0.0)).clamp(0, 1)


# %% The size of the minimum exercise="grayscale_slices" fails="zero_is_grey" says="mostly positive"
import torch


def grayscale_slices(weights):
    largest = -weights.amin(dim=(2, 3), keepdim=True)
    return 0.5 + 0.5 * torch.where(largest > 0, weights / largest, 0.0)


# %% Positive and negative weights have scales of their own exercise="grayscale_slices" fails="zero_is_grey largest_size" says="different scales"
import torch


def grayscale_slices(weights):
    high = weights.amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)
    low = (-weights.amin(dim=(2, 3), keepdim=True)).clamp(min=1e-12)
    return 0.5 + 0.5 * torch.where(weights > 0, weights / high, weights / low)


# %% From -1 to 1 exercise="grayscale_slices" fails="all" says="halve it"
import torch


def grayscale_slices(weights):
    largest = weights.abs().amax(dim=(2, 3), keepdim=True)
    return torch.where(largest > 0, weights / largest, 0.0)


# %% Not halved exercise="grayscale_slices" fails="range zero_is_grey largest_size each_slice_its_own_scale other_slices slices_unchanged" says="leaves [0, 1]"
import torch


def grayscale_slices(weights):
    largest = weights.abs().amax(dim=(2, 3), keepdim=True)
    return 0.5 + torch.where(largest > 0, weights / largest, 0.0)


# %% Bright and dark are exchanged exercise="grayscale_slices" fails="range zero_is_grey largest_size each_slice_its_own_scale other_slices slices_unchanged" says="bright and dark are exchanged"
import torch


def grayscale_slices(weights):
    largest = weights.abs().amax(dim=(2, 3), keepdim=True)
    return 0.5 - 0.5 * torch.where(largest > 0, weights / largest, 0.0)


# %% The sign is lost exercise="grayscale_slices" fails="all" says="the size alone"
import torch


def grayscale_slices(weights):
    largest = weights.abs().amax(dim=(2, 3), keepdim=True)
    return torch.where(largest > 0, weights.abs() / largest, 0.0)


# %% A sigmoid exercise="grayscale_slices" fails="range zero_is_grey largest_size each_slice_its_own_scale other_slices slices_unchanged" says="in proportion"
def grayscale_slices(weights):
    return weights.sigmoid()


# %% A slice of zeros gives NaN exercise="grayscale_slices" fails="slice_of_zeros" says="divides 0 by 0"
def grayscale_slices(weights):
    return 0.5 + weights / (2 * weights.abs().amax(dim=(2, 3), keepdim=True))


# %% A slice of zeros is black exercise="grayscale_slices" fails="slice_of_zeros" says="should be 0.5"
import torch


def grayscale_slices(weights):
    pictures = 0.5 + weights / (2 * weights.abs().amax(dim=(2, 3), keepdim=True))
    return torch.nan_to_num(pictures)


# %% 20 filters of 16 slices, 7 x 7, as in the notebook exercise="grayscale_slices" fails="other_slices" says="written into your code"
import torch


def grayscale_slices(weights):
    largest = weights.reshape(*weights.shape[:2], 7 * 7).abs().amax(2)[:, :, None, None]
    return 0.5 + 0.5 * torch.where(largest > 0, weights / largest, 0.0)


# %% The network's weights are changed in place exercise="grayscale_slices" fails="slices_unchanged" says="network's own"
def grayscale_slices(weights):
    weights /= weights.abs().amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)
    return 0.5 + weights / 2


# %% A stub that returns its input exercise="grayscale_slices" fails="all" says="returns what it was given"
def grayscale_slices(weights):
    return weights


# %% No return exercise="grayscale_slices" fails="all" says="not answered yet"
def grayscale_slices(weights):
    weights / 2

# %% [markdown]
# # grayscale_slices: unusual and right

# %% Two loops exercise="grayscale_slices" right=true
import torch


def grayscale_slices(weights):
    out = torch.full(weights.shape, 0.5)
    for f in range(weights.shape[0]):
        for c in range(weights.shape[1]):
            biggest = weights[f, c].abs().max()
            if biggest != 0:
                out[f, c] += weights[f, c] / biggest / 2
    return out


# %% A small number in the denominator exercise="grayscale_slices" right=true
def grayscale_slices(weights):
    peak = weights.flatten(2).abs().max(dim=2).values[..., None, None]
    return (weights / (peak + 1e-9) + 1) / 2


# %% The norm of infinite order, float64 exercise="grayscale_slices" right=true
import torch


def grayscale_slices(weights):
    flat = torch.nn.functional.normalize(weights.double().flatten(2), p=float("inf"), dim=2)
    return flat.add(1).mul(0.5).view_as(weights)


# %% From the larger of both ends, NumPy exercise="grayscale_slices" right=true
import numpy as np
import torch


def grayscale_slices(weights):
    w = weights.numpy()
    reach = np.maximum(w.max((2, 3)), -w.min((2, 3)))[:, :, None, None]
    out = np.divide(w + reach, 2 * reach, out=np.full_like(w, 0.5), where=reach > 0)
    return torch.from_numpy(out)
