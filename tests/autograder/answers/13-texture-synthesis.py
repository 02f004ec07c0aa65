"""What students answer in lab 13: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
Exercises that build on another one bring their own version of it.
"""

# %% [markdown]
# # masked_distances: mistakes


# %% The root of the sum exercise="masked_distances" fails="squared_differences" says="root of the sum"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    squares = (windows - window[:, None, None]) ** 2 * mask
    return squares.sum((0, 3, 4)).sqrt()


# %% Absolute differences exercise="masked_distances" fails="squared_differences channels unknown_pixels fractions orientation distances_inputs_unchanged" says="absolute ones"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]).abs() * mask).sum((0, 3, 4))


# %% Added up before they are squared exercise="masked_distances" fails="squared_differences channels unknown_pixels fractions orientation distances_inputs_unchanged" says="square each"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) * mask).sum((0, 3, 4)) ** 2


# %% The inner product, as of a filter exercise="masked_distances" fails="squared_differences channels unknown_pixels fractions orientation distances_inputs_unchanged" says="inner product"
import torch.nn.functional as F


def masked_distances(window, mask, sample):
    return F.conv2d(sample[None], (window * mask)[None])[0, 0]


# %% The mask is left out exercise="masked_distances" fails="unknown_pixels fractions orientation" says="the mask has no effect"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2).sum((0, 3, 4))


# %% The mask is on the window alone exercise="masked_distances" fails="unknown_pixels fractions orientation" says="on the window alone"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - (window * mask)[:, None, None]) ** 2).sum((0, 3, 4))


# %% The mask is the wrong way round exercise="masked_distances" fails="squared_differences channels unknown_pixels fractions orientation distances_inputs_unchanged" says="1 where the window is known"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2 * (1 - mask)).sum((0, 3, 4))


# %% The mask is squared with the difference exercise="masked_distances" fails="fractions orientation" says="weights are squared"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return (((windows - window[:, None, None]) * mask) ** 2).sum((0, 3, 4))


# %% Every weight above 0 counts as 1 exercise="masked_distances" fails="fractions orientation" says="counts as 1"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2 * (mask > 0)).sum((0, 3, 4))


# %% The mean over all values exercise="masked_distances" fails="sum_not_mean" says="number of pixels"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2 * mask).mean((0, 3, 4))


# %% Divided by the sum of the mask, as in the paper exercise="masked_distances" fails="sum_not_mean" says="sum of the mask"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4)) / mask.sum()


# %% The mean over the channels exercise="masked_distances" fails="sum_not_mean" says="averaged over the channels"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2).mean(0).mul(mask).sum((2, 3))


# %% Grey before the comparison exercise="masked_distances" fails="channels orientation" says="mixed to grey"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows.mean(0) - window.mean(0)) ** 2 * mask).sum((2, 3))


# %% Only the first channel exercise="masked_distances" fails="channels orientation" says="only channel 0"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows[0] - window[0]) ** 2 * mask).sum((2, 3))


# %% The largest channel exercise="masked_distances" fails="channels orientation" says="the largest counts"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((3, 4)).amax(0)


# %% Padded, so that every pixel has a distance exercise="masked_distances" fails="size" says="no padding"
import torch.nn.functional as F


def masked_distances(window, mask, sample):
    margin = mask.shape[-1] // 2
    sample = F.pad(sample, (margin, margin, margin, margin))
    windows = sample.unfold(1, 2 * margin + 1, 1).unfold(2, 2 * margin + 1, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


# %% The last row and column are forgotten exercise="masked_distances" fails="size" says="last row and column are missing"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    rows = []
    for i in range(sample.shape[1] - w):
        row = []
        for j in range(sample.shape[2] - w):
            difference = sample[:, i : i + w, j : j + w] - window
            row.append((mask * difference**2).sum())
        rows.append(torch.stack(row))
    return torch.stack(rows)


# %% Turned over, as mathematicians define a convolution exercise="masked_distances" fails="orientation" says="half a turn"
import torch.nn.functional as F


def masked_distances(window, mask, sample):
    window, mask = window.flip(1, 2), mask.flip(0, 1)
    weights = mask.expand_as(window)
    squares = F.conv2d(sample[None] ** 2, weights[None])
    products = F.conv2d(sample[None], (weights * window)[None])
    return (squares - 2 * products)[0, 0].add((weights * window**2).sum()).clamp(min=0)


# %% Rows and columns of the window are swapped exercise="masked_distances" fails="orientation" says="are transposed"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    difference = windows.transpose(3, 4) - window[:, None, None]
    return (difference**2 * mask).sum((0, 3, 4))


# %% Rows and columns of the result are swapped exercise="masked_distances" fails="all" says="should have shape (5, 8)"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4)).T


# %% Multiplied out, below 0 by rounding exercise="masked_distances" fails="never_negative" says="clamp(min=0)"
import torch.nn.functional as F


def masked_distances(window, mask, sample):
    weights = mask.expand_as(window)
    squares = F.conv2d(sample[None] ** 2, weights[None])
    products = F.conv2d(sample[None], (weights * window)[None])
    return (squares - 2 * products)[0, 0] + (weights * window**2).sum()


# %% The window is masked in place exercise="masked_distances" fails="distances_inputs_unchanged" says="changed in place"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    window *= mask > 0
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


# %% The nearest place instead of the distances exercise="masked_distances" fails="all" says="should have shape (5, 8)"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)  # (3, h', w'', w, w)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4)).argmin()


# %% The weights are divided by the largest one exercise="masked_distances" fails="fractions" says="divided by the largest"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    m = mask / mask.max()
    return ((windows - window[:, None, None]).square() * m).sum((0, 3, 4))


# %% Padded and cut again, for odd windows only exercise="masked_distances" fails="size" says="window of 4 x 4"
import torch


import torch.nn.functional as F


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    r = w // 2
    h, wd = sample.shape[1:]
    m = mask.expand_as(window)
    s = sample[None]
    d = (
        F.conv2d(s**2, m[None], padding=r)
        - 2 * F.conv2d(s, (m * window)[None], padding=r)
        + (m * window**2).sum()
    )
    return d[0, 0, r : h - r, r : wd - r].clamp(min=0)


# %% Overwritten in the loop over the channels exercise="masked_distances" fails="channels orientation" says="only channel 2"
def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    for c in range(3):
        windows = sample[c].unfold(0, w, 1).unfold(1, w, 1)
        out = ((windows - window[c]).square() * mask).sum((2, 3))
    return out


# %% [markdown]
# # masked_distances: unusual, and right


# %% A loop over the places of the sample exercise="masked_distances" right=true
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    rows, columns = sample.shape[1] - w + 1, sample.shape[2] - w + 1
    result = torch.zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            result[i, j] = (mask * (sample[:, i : i + w, j : j + w] - window) ** 2).sum()
    return result


# %% A loop over the pixels of the window exercise="masked_distances" right=true
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    rows, columns = sample.shape[1] - w + 1, sample.shape[2] - w + 1
    result = torch.zeros(rows, columns, dtype=torch.float64)
    for u in range(w):
        for v in range(w):
            if mask[u, v] > 0:
                moved = sample[:, u : u + rows, v : v + columns]
                result += mask[u, v] * (moved - window[:, u, v, None, None]).square().sum(0)
    return result


# %% NumPy exercise="masked_distances" right=true
import numpy as np
import torch


def masked_distances(window, mask, sample):
    window, mask, sample = window.numpy(), mask.numpy(), sample.numpy()
    windows = np.lib.stride_tricks.sliding_window_view(sample, mask.shape, axis=(1, 2))
    squares = (windows - window[:, None, None]) ** 2
    return torch.from_numpy(np.einsum("cijuv,uv->ij", squares, mask))


# %% im2col and a matrix product exercise="masked_distances" right=true
import torch.nn.functional as F


def masked_distances(window, mask, sample):
    columns = F.unfold(sample.unsqueeze(0), mask.shape[-1])[0]  # (3 w w, places)
    squares = (columns - window.reshape(-1, 1)).pow(2)
    distances = mask.repeat(3, 1, 1).reshape(1, -1) @ squares
    return distances.view(sample.shape[1] - mask.shape[-1] + 1, -1)


# %% The Fourier transform exercise="masked_distances" right=true
import torch


def masked_distances(window, mask, sample):
    (h, w), k = sample.shape[1:], mask.shape[-1]
    images = torch.cat([sample.square().sum(0, keepdim=True), sample]).double()
    filters = torch.cat([mask[None], -2 * mask * window]).double()
    spectrum = torch.fft.rfft2(images) * torch.fft.rfft2(filters, s=(h, w)).conj()
    full = torch.fft.irfft2(spectrum.sum(0), s=(h, w))
    constant = (mask * window.square()).sum().double()
    return (full[: h - k + 1, : w - k + 1] + constant).clamp(min=0).float()


# %% cdist of weighted windows, squared exercise="masked_distances" right=true
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[0]
    h, wd = sample.shape[1] - w + 1, sample.shape[2] - w + 1
    root = mask.sqrt().flatten().repeat(3)
    patches = torch.nn.functional.unfold(sample[None], w)[0].T * root
    return torch.cdist(patches, (window.flatten() * root)[None]).square().view(h, wd)


# %% scikit-image's windows, as a NumPy array exercise="masked_distances" right=true
import torch


import numpy as np
from skimage.util import view_as_windows


def masked_distances(window, mask, sample):
    s = np.ascontiguousarray(sample.permute(1, 2, 0).numpy())
    x = window.permute(1, 2, 0).numpy()
    v = view_as_windows(s, x.shape)[:, :, 0]
    d = v - x
    return torch.tensor(np.sum(d * d * mask.numpy()[..., None], axis=(2, 3, 4)))


# %% [markdown]
# # grow_texture: mistakes


# %% The corner of the window is copied, not its middle exercise="grow_texture" fails="stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="middle of the window"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)]
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The place is never marked as known exercise="grow_texture" fails="stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="marked in `known`"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
    return image[:, margin : margin + size, margin : margin + size]


# %% The mask does not know what is known exercise="grow_texture" fails="stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="left out of the comparison"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The worst windows are chosen exercise="grow_texture" fails="stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="break the rhythm"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances >= 0.9 * distances.max()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The first best window, always exercise="grow_texture" fails="drawn_at_random" says="do not always take the first"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        i, j = divmod(int(distances.argmin()), distances.shape[1])
        i, j = i + margin, j + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The last best window, always exercise="grow_texture" fails="drawn_at_random" says="do not always take the first"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[-1] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% One of the ten best, however far exercise="grow_texture" fails="stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="break the rhythm"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        best = distances.flatten().argsort()[:10]
        drawn = int(best[torch.randint(10, (), generator=generator)])
        i, j = drawn // distances.shape[1] + margin, drawn % distances.shape[1] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% Up to twice the smallest distance exercise="grow_texture" fails="near_matches" says="1.1 times"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 2 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% A fixed difference from the smallest distance exercise="grow_texture" fails="low_contrast" may="stripes" says="ratio"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= distances.min() + 0.01).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The candidates are averaged exercise="grow_texture" fails="colours_of_the_sample stripes low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" may="window" says="no average"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = (candidates + margin).T
        image[:, row + margin, column + margin] = sample[:, i, j].mean(1)
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% A little noise on every pixel exercise="grow_texture" fails="colours_of_the_sample stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="no noise"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j] + 0.001 * torch.rand(
            3, generator=generator
        )
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% Row and column of the window are swapped exercise="grow_texture" fails="texture_size stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="raised IndexError"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        j, i = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% Filled only where the window is inside exercise="grow_texture" fails="colours_of_the_sample stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="still black"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        if not (margin <= row < size - margin and margin <= column < size - margin):
            continue
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The whole window is copied exercise="grow_texture" fails="start" says="leave those alone"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)]
        image[:, rows, columns] = sample[:, i : i + window, j : j + window]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The canvas with its margin exercise="grow_texture" fails="texture_size" says="cut the margin off"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image


# %% The margin is cut off on one side only exercise="grow_texture" fails="all" says="should have shape (3, "
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin:, margin:]


# %% A window of 5, whatever is asked for exercise="grow_texture" fails="window" says="use `window`"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    window = 5
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% A seed of its own exercise="grow_texture" fails="another_seed" says="use `seed`"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(0)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The global random numbers exercise="grow_texture" fails="same_seed growing_leaves_no_trace" says="generator=generator"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), ())] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The global seed is set exercise="grow_texture" fails="growing_leaves_no_trace" says="global random state"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    torch.manual_seed(seed)
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), ())] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The sample is clamped in place exercise="grow_texture" fails="growing_leaves_no_trace" says="changed in place"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    sample.clamp_(max=0.5)
    return image[:, margin : margin + size, margin : margin + size]


# %% The sample, tiled exercise="grow_texture" fails="stripes low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" may="window" says="laid side by side"
def grow_texture(sample, size, window, seed):
    copies = size // min(sample.shape[1:]) + 1
    return sample.repeat(1, copies, copies)[:, :size, :size]


# %% Pixels of the sample in random order exercise="grow_texture" fails="stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="break the rhythm"
import torch


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    pixels = sample.flatten(1)
    drawn = torch.randint(pixels.shape[1], (size * size,), generator=generator)
    return pixels[:, drawn].view(3, size, size)


# %% Random patches side by side exercise="grow_texture" fails="stripes window low_contrast near_pixels near_matches start drawn_at_random same_seed another_seed growing_leaves_no_trace" says="break the rhythm"
import torch


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    image = torch.zeros(3, size + window, size + window)
    for row in range(0, size, window):
        for column in range(0, size, window):
            i, j = (
                int(torch.randint(n - window + 1, (), generator=generator))
                for n in sample.shape[1:]
            )
            image[:, row : row + window, column : column + window] = sample[
                :, i : i + window, j : j + window
            ]
    return image[:, :size, :size]


# %% No Gaussian weights exercise="grow_texture" fails="near_pixels" says="as much as near ones"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)

    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The weights are squared exercise="grow_texture" fails="near_pixels" says="count twice"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)

    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = (weights * known[rows, columns]) ** 2
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% 1.1 times the root of the distance exercise="grow_texture" fails="near_matches" says="times as far as the best one"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)

    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances.sqrt() <= 1.1 * distances.sqrt().min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% Compared in grey exercise="grow_texture" fails="low_contrast" says="all three channels"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)

    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(
            image[:, rows, columns].mean(0, keepdim=True).expand(3, -1, -1),
            mask,
            sample.mean(0, keepdim=True).expand(3, -1, -1),
        )
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% Only the nearest, drawn where several are exercise="grow_texture" fails="drawn_at_random" says="at most 1.1 times"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)

    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances == distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% Never the last candidate exercise="grow_texture" fails="drawn_at_random" says="the first one was taken in 100%"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)

    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = (
            candidates[torch.randint(max(len(candidates) - 1, 1), (), generator=generator)] + margin
        )
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% A new generator at every place exercise="grow_texture" fails="drawn_at_random" says="made before the loop"
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)

    for row, column in growing_order(size):
        generator = torch.Generator().manual_seed(seed)
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% [markdown]
# # grow_texture: unusual, and right


# %% Python's own random numbers exercise="grow_texture" right=true
import random

import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    draw = random.Random(seed)
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = (k + margin for k in draw.choice(candidates.tolist()))
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% A draw with equal chances, in float64 exercise="grow_texture" right=true
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    sample = sample.double()
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        near = (distances <= 1.1 * distances.min()).double().flatten()
        drawn = int(torch.multinomial(near, 1, generator=generator))
        i, j = (k + margin for k in divmod(drawn, distances.shape[1]))
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% Most known neighbours first, as in the paper exercise="grow_texture" right=true
import torch
import torch.nn.functional as F


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    while True:
        inside = known[margin : margin + size, margin : margin + size]
        neighbours = F.conv2d(inside[None, None], torch.ones(1, 1, 3, 3), padding=1)[0, 0]
        neighbours[inside > 0] = 0
        if not neighbours.any():
            break
        row, column = divmod(int(neighbours.argmax()), size)
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% Its own distances, at the known pixels only exercise="grow_texture" right=true
import torch


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)
    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        seen = mask > 0
        windows = sample.unfold(1, window, 1).unfold(2, window, 1)[..., seen]  # (3, h, w, n)
        differences = windows - image[:, rows, columns][:, None, None, seen]
        distances = differences.square().sum(0) @ mask[seen]
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        i, j = candidates[torch.randint(len(candidates), (), generator=generator)] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% NumPy throughout exercise="grow_texture" right=true
import numpy as np
import torch


def grow_texture(sample, size, window, seed):
    draw = np.random.default_rng(seed)
    pixels, margin = sample.numpy(), window // 2
    weights = gaussian_weights(window).numpy()
    image, known = start_canvas(sample, size, window, torch.Generator().manual_seed(seed))
    image, known = image.numpy(), known.numpy()
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (window, window), axis=(1, 2))
    for row, column in growing_order(size):
        here = image[:, row : row + window, column : column + window]
        mask = weights * known[row : row + window, column : column + window]
        distances = ((windows - here[:, None, None]) ** 2 * mask).sum((0, 3, 4))
        i, j = draw.choice(np.argwhere(distances <= 1.1 * distances.min()))
        image[:, row + margin, column + margin] = pixels[:, i + margin, j + margin]
        known[row + margin, column + margin] = 1
    grown = image[:, margin : margin + size, margin : margin + size]
    return torch.from_numpy(grown.copy())


# %% The largest of random numbers among the candidates exercise="grow_texture" right=true
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)

    for row, column in growing_order(size):
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()
        r = torch.rand(distances.shape, generator=generator)
        r[distances > 1.1 * distances.min()] = -1
        i, j = (int(v) + margin for v in divmod(int(r.argmax()), distances.shape[1]))
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size]


# %% The global generator, in fork_rng exercise="grow_texture" right=true
import torch


def masked_distances(window, mask, sample):
    w = mask.shape[-1]
    windows = sample.unfold(1, w, 1).unfold(2, w, 1)
    return ((windows - window[:, None, None]) ** 2 * mask).sum((0, 3, 4))


def grow_texture(sample, size, window, seed):
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, torch.Generator().manual_seed(seed))
    with torch.random.fork_rng():
        torch.manual_seed(seed + 1)
        for row, column in growing_order(size):
            rows, columns = slice(row, row + window), slice(column, column + window)
            m = weights * known[rows, columns]
            m = m / m.sum()
            d = masked_distances(image[:, rows, columns], m, sample)
            c = torch.argwhere(d <= 1.1 * d.min())
            i, j = c[torch.randperm(len(c))[0]].tolist()
            image[:, row + margin, column + margin] = sample[:, i + margin, j + margin]
            known[row + margin, column + margin] = 1
    return image[:, margin : margin + size, margin : margin + size].clone()


# %% [markdown]
# # gram_matrix: mistakes


# %% No axis for the images exercise="gram_matrix" fails="all" says="no axis for the images"
def gram_matrix(features, normalize=True):
    _, C, H, W = features.shape
    rows = features.view(C, H * W)
    gram = rows @ rows.t()
    return gram / (C * H * W) if normalize else gram


# %% Only the first image exercise="gram_matrix" fails="several_images" says="matrix of the first one"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features[0].view(C, H * W)
    grams = (rows @ rows.t()).expand(N, C, C)
    return grams / (C * H * W) if normalize else grams


# %% All images in one matrix exercise="gram_matrix" fails="all" says="no axis for the images"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N * C, H * W)
    gram = rows @ rows.t()
    return gram / (C * H * W) if normalize else gram


# %% Right for one image, a batch is one long image exercise="gram_matrix" fails="several_images normalized not_normalized" says="sum of all matrices"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.permute(1, 0, 2, 3).reshape(C, N * H * W)
    grams = (rows @ rows.t()).unsqueeze(0).repeat(N, 1, 1)
    return grams / (C * H * W) if normalize else grams


# %% normalize is ignored, always divided exercise="gram_matrix" fails="not_normalized" says="divided by C * H * W"
import torch


def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    return torch.bmm(rows, rows.transpose(1, 2)) / (C * H * W)


# %% normalize is ignored, never divided exercise="gram_matrix" fails="normalized" says="not divided at all"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    return rows @ rows.transpose(1, 2)


# %% normalize the other way round exercise="gram_matrix" fails="normalized not_normalized" says="not divided at all"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams if normalize else grams / (C * H * W)


# %% Not normalized unless asked for exercise="gram_matrix" fails="default" says="without `normalize`"
def gram_matrix(features, normalize=False):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


# %% Divided by H * W alone exercise="gram_matrix" fails="normalized" says="without C"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (H * W) if normalize else grams


# %% Divided by C alone exercise="gram_matrix" fails="normalized" says="by C alone"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / C if normalize else grams


# %% Divided twice exercise="gram_matrix" fails="normalized" says="twice"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) ** 2 if normalize else grams


# %% Divided by the size of the batch exercise="gram_matrix" fails="normalized" says="number of images"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / features.numel() if normalize else grams


# %% The width is forgotten exercise="gram_matrix" fails="normalized" says="the width is missing"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H) if normalize else grams


# %% The height is taken twice exercise="gram_matrix" fails="normalized" says="times what it should be"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * H) if normalize else grams


# %% Places against places exercise="gram_matrix" fails="all" says="products of places"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows.transpose(1, 2) @ rows
    return grams / (C * H * W) if normalize else grams


# %% Cut into the wrong pieces exercise="gram_matrix" fails="one_image several_images not_centred gradient features_unchanged" says="does not swap axes"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, H * W, C)
    grams = rows.transpose(1, 2) @ rows
    return grams / (C * H * W) if normalize else grams


# %% All pairs of places, as the lecture says exercise="gram_matrix" fails="one_image several_images not_centred normalized not_normalized gradient features_unchanged" says="all pairs of places"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    total = features.sum((2, 3))  # (N, C)
    grams = total[:, :, None] * total[:, None, :] / (H * W)
    return grams / (C * H * W) if normalize else grams


# %% The covariance exercise="gram_matrix" fails="not_centred" says="covariance"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    rows = rows - rows.mean(2, keepdim=True)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


# %% Negative features are cut off exercise="gram_matrix" fails="one_image several_images not_centred normalized not_normalized gradient features_unchanged" says="inner products of its features"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.clamp(min=0).view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


# %% The correlation exercise="gram_matrix" fails="one_image several_images normalized not_normalized not_centred gradient features_unchanged" says="ones on its diagonal"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    rows = rows / rows.norm(dim=2, keepdim=True)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


# %% Each feature with itself only exercise="gram_matrix" fails="one_image several_images not_centred gradient features_unchanged" says="diagonal"
import torch


def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    grams = torch.diag_embed(features.square().sum((2, 3)))
    return grams / (C * H * W) if normalize else grams


# %% Detached exercise="gram_matrix" fails="gradient" says="detach"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.detach().view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


# %% One factor is detached exercise="gram_matrix" fails="gradient" says="of the two factors only"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.detach().transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


# %% The features are divided in place exercise="gram_matrix" fails="features_unchanged" says="in place"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    if normalize:
        features.data /= (C * H * W) ** 0.5
    return grams / (C * H * W) if normalize else grams


# %% Every second place of a large map exercise="gram_matrix" fails="one_image" says="inner products of its features"
def gram_matrix(features, normalize=True):
    f = features.flatten(2)
    step = 2 if f.shape[2] > 500 else 1
    g = step * (f[:, :, ::step] @ f[:, :, ::step].transpose(1, 2))
    return g / features[0].numel() if normalize else g


# %% [markdown]
# # gram_matrix: unusual, and right


# %% bmm, view and in-place division exercise="gram_matrix" right=true
import torch


def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, -1)
    grams = torch.bmm(rows, rows.permute(0, 2, 1))
    if normalize:
        grams /= C * H * W
    return grams


# %% A loop over the images exercise="gram_matrix" right=true
import torch


def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    grams = torch.zeros(N, C, C)
    for n in range(N):
        rows = features[n].view(C, H * W)
        grams[n] = rows.mm(rows.t())
    if normalize:
        grams = grams.div(C * H * W)
    return grams


# %% einsum exercise="gram_matrix" right=true
import torch


def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    grams = torch.einsum("nahw,nbhw->nab", features, features)
    return grams / (C * H * W if normalize else 1)


# %% A loop over the places exercise="gram_matrix" right=true
import torch


def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    total = 0
    for i in range(H):
        for j in range(W):
            f = features[:, :, i, j]
            total = total + torch.einsum("na,nb->nab", f, f)
    return total / (C * H * W) if normalize else total


# %% Normalized before the product, in float64 exercise="gram_matrix" right=true
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.double().flatten(2)
    if normalize:
        rows = rows / (C * H * W) ** 0.5
    return rows.matmul(rows.mT)


# %% Broadcast and summed exercise="gram_matrix" right=true
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    grams = (features[:, :, None] * features[:, None]).sum(dim=(3, 4))
    if not normalize:
        return grams
    return grams / features[0].numel()


# %% A convolution with the features as the kernel exercise="gram_matrix" right=true
import torch


import torch.nn.functional as F


def gram_matrix(features, normalize=True):
    n, c, h, w = features.shape
    k = features.reshape(n * c, 1, h, w)
    g = F.conv2d(features.permute(1, 0, 2, 3), k, groups=n).view(c, n, c).permute(1, 0, 2)
    return g / (c * h * w) if normalize else g


# %% From squared distances, by polarization exercise="gram_matrix" right=true
def gram_matrix(features, normalize=True):
    f = features.flatten(2).double()
    d = (f[:, :, None] - f[:, None]).square().sum(-1)
    s = f.square().sum(-1)
    g = (s[:, :, None] + s[:, None] - d) / 2
    return (g / features[0].numel() if normalize else g).to(features.dtype)


# %% [markdown]
# # texture_loss: mistakes


# %% Not relative to the target exercise="texture_loss" fails="relative_distance" says="divide by the target"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).square().sum()
    return loss


# %% Norms instead of squared norms exercise="texture_loss" fails="relative_distance" says="not squared norms"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).norm() / target.norm()
    return loss


# %% Divided by the norm exercise="texture_loss" fails="relative_distance" says="square that, too"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).square().sum() / target.norm()
    return loss


# %% The norm over a squared norm exercise="texture_loss" fails="relative_distance" says="square it, too"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).norm() / target.square().sum()
    return loss


# %% The mean over the entries exercise="texture_loss" fails="relative_distance" says="mean over the C x C"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).square().mean()
    return loss


# %% Relative to the picture itself exercise="texture_loss" fails="relative_distance loss_gradient" says="own Gram matrix"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).square().sum() / gram.square().sum()
    return loss


# %% Entry by entry exercise="texture_loss" fails="relative_distance loss_gradient" says="each entry is divided"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * ((gram - target) / target).square().sum()
    return loss


# %% Absolute differences exercise="texture_loss" fails="relative_distance loss_gradient" says="absolute differences"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).abs().sum() / target.abs().sum()
    return loss


# %% The plain matrices against a normalized target exercise="texture_loss" fails="relative_distance loss_gradient" says="not normalized, and the target is"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = (
            loss
            + weight
            * (gram_matrix(features[layer], False) - target).square().sum()
            / target.square().sum()
        )
    return loss


# %% The weights are not used exercise="texture_loss" fails="weights" says="not used"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + (gram - target).square().sum() / target.square().sum()
    return loss


# %% The weights are squared exercise="texture_loss" fails="weights" says="squared"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + (weight * (gram - target)).square().sum() / target.square().sum()
    return loss


# %% Divided by the sum of the weights exercise="texture_loss" fails="sum_over_layers weights" says="averaged"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).square().sum() / target.square().sum()
    return loss / sum(weights.values())


# %% The mean over the layers exercise="texture_loss" fails="sum_over_layers" says="averaged"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).square().sum() / target.square().sum()
    return loss / len(weights)


# %% Overwritten in the loop exercise="texture_loss" fails="sum_over_layers" says="only the last layer"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = weight * (gram - target).square().sum() / target.square().sum()
    return loss


# %% Returned inside the loop exercise="texture_loss" fails="sum_over_layers" says="only the first layer"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = weight * (gram - target).square().sum() / target.square().sum()
        return loss
    return loss


# %% Layers by position exercise="texture_loss" fails="layers_by_name" says="raised RuntimeError"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for x, target, weight in zip(features.values(), grams.values(), weights.values()):
        gram = gram_matrix(x)
        loss = loss + weight * (gram - target).square().sum() / target.square().sum()
    return loss


# %% Every captured layer needs a weight exercise="texture_loss" fails="layers_by_name" says="KeyError"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer in features:
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weights[layer] * (gram - target).square().sum() / target.square().sum()
    return loss


# %% Weights by position exercise="texture_loss" fails="layers_by_name" says="another order"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss, values = 0, list(weights.values())
    for i, layer in enumerate(n for n in features if n in weights):
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + values[i] * (gram - target).square().sum() / target.square().sum()
    return loss


# %% A number without a gradient exercise="texture_loss" fails="loss_gradient" says=".item()"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * ((gram - target).square().sum() / target.square().sum()).item()
    return loss


# %% The features are detached exercise="texture_loss" fails="loss_gradient" says=".detach()"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer].detach()), grams[layer]
        loss = loss + weight * (gram - target).square().sum() / target.square().sum()
    return loss


# %% One loss a layer exercise="texture_loss" fails="all" says="not one a layer"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = []
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss.append(weight * (gram - target).square().sum() / target.square().sum())
    return loss


# %% The target is changed in place exercise="texture_loss" fails="target_unchanged" says="in place"
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        size = target.square().sum()
        difference = target.sub_(gram)
        loss = loss + weight * difference.square().sum() / size
    return loss


# %% One of the two equal factors is detached exercise="texture_loss" fails="loss_gradient" says="not the size"
def gram_matrix(features, normalize=True):
    rows = features.flatten(2)
    grams = rows @ rows.transpose(1, 2)
    return grams / features[0].numel() if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        rows = features[layer].flatten(2)
        gram = rows @ rows.detach().transpose(1, 2) / rows[0].numel()
        loss = loss + weight * (gram - grams[layer]).square().sum() / grams[layer].square().sum()
    return loss


# %% The weights are taken out of their dict exercise="texture_loss" fails="target_unchanged" says="`.pop()`"
def gram_matrix(features, normalize=True):
    flat = features.flatten(2)
    gram = flat @ flat.transpose(1, 2)
    return gram / features[0].numel() if normalize else gram


def texture_loss(features, grams, weights):
    loss = 0
    while weights:
        layer, weight = weights.popitem()
        difference = gram_matrix(features[layer]) - grams[layer]
        loss = loss + weight * difference.square().sum() / grams[layer].square().sum()
    return loss


# %% [markdown]
# # texture_loss: unusual, and right


# %% norm() ** 2 exercise="texture_loss" right=true
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss += weight * (gram - target).norm() ** 2 / target.norm() ** 2
    return loss


# %% mse_loss, summed exercise="texture_loss" right=true
import torch.nn.functional as F


def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        distance = F.mse_loss(gram, target, reduction="sum")
        loss = loss + weight * distance / target.pow(2).sum()
    return loss


# %% A result of shape (1,) exercise="texture_loss" right=true
import torch


def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = torch.zeros(1)
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).square().sum() / target.square().sum()
    return loss


# %% Two means, whose quotient is that of the sums exercise="texture_loss" right=true
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    loss = 0
    for layer, weight in weights.items():
        gram, target = gram_matrix(features[layer]), grams[layer]
        loss = loss + weight * (gram - target).square().mean() / target.square().mean()
    return loss


# %% Stacked, with einsum instead of gram_matrix exercise="texture_loss" right=true
import torch


def texture_loss(features, grams, weights):
    terms = []
    for name in sorted(weights):
        x, target = features[name], grams[name]
        own = torch.einsum("nahw,nbhw->nab", x, x) / x[0].numel()
        terms.append(weights[name] * torch.sum(((own - target) / target.norm()) ** 2))
    return torch.stack(terms).sum()


# %% One sum exercise="texture_loss" right=true
def gram_matrix(features, normalize=True):
    N, C, H, W = features.shape
    rows = features.view(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def texture_loss(features, grams, weights):
    return sum(
        w * (gram_matrix(features[k]) - grams[k]).pow(2).sum() / (grams[k] ** 2).sum()
        for k, w in weights.items()
    )
