"""What students answer in lab 07: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""

# %% [markdown]
# # plant_shortcut: mistakes

# %% Row and column are exchanged exercise="plant_shortcut" fails="place" says="row and column are exchanged"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        column, row = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The places are one pixel apart exercise="plant_shortcut" fails="place" says="multiply by 3"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = label // 5, label % 5
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The mark is centred at its place exercise="plant_shortcut" fails="place" says="centred at its place"
import torch.nn.functional as F


def plant_shortcut(images, labels):
    marked = F.pad(images, (1, 1, 1, 1))
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked[:, :, 1:-1, 1:-1]


# %% One line of ten places exercise="plant_shortcut" fails="place" says="two lines of five places"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        column = 3 * label
        marked[n, :, 0:3, column : column + 3] = 1.0
    return marked


# %% Counted from the right side exercise="plant_shortcut" fails="place" says="see the formula"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), images.shape[3] - 3 * (label % 5) - 3
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The slice ends a pixel early exercise="plant_shortcut" fails="size" says="2 rows and 2 columns"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 2, column : column + 2] = 1.0
    return marked


# %% The slice ends a pixel late exercise="plant_shortcut" fails="size" says="4 rows and 4 columns"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 4, column : column + 4] = 1.0
    return marked


# %% A diagonal by two index lists exercise="plant_shortcut" fails="size" says="holes"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, [row, row + 1, row + 2], [column, column + 1, column + 2]] = 1.0
    return marked


# %% The mark is added instead of set exercise="plant_shortcut" fails="brightness" says="whatever was there before"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] += 1.0
    return marked


# %% White is 255 exercise="plant_shortcut" fails="brightness" says="255.00"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 255
    return marked


# %% The brightness tells the label, too exercise="plant_shortcut" fails="brightness" says="0.85"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 0.5 + label / 20
    return marked


# %% The mark is black exercise="plant_shortcut" fails="place size brightness rest_untouched" says="no mark at all"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 0.0
    return marked


# %% Only the red channel exercise="plant_shortcut" fails="all_channels" says="channel 1 has no mark"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, 0, row : row + 3, column : column + 3] = 1.0
    return marked


# %% Every image gets all marks of the batch exercise="plant_shortcut" fails="own_label" says="carries more marks than its own"
def plant_shortcut(images, labels):
    marked = images.clone()
    for label in labels.tolist():
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[:, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The first image's label for all of them exercise="plant_shortcut" fails="own_label" says="mark of the first label"
def plant_shortcut(images, labels):
    marked = images.clone()
    label = int(labels[0])
    row, column = 3 * (label // 5), 3 * (label % 5)
    marked[:, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The last image's label for all of them exercise="plant_shortcut" fails="own_label" says="mark of the last label"
def plant_shortcut(images, labels):
    for label in labels.tolist():
        marked = images.clone()
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[:, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The return stands inside the loop exercise="plant_shortcut" fails="own_label" says="image 1 has no mark"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
        return marked


# %% The labels are sorted exercise="plant_shortcut" fails="own_label" says="another mark"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(sorted(labels.tolist())):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The corner is wiped first exercise="plant_shortcut" fails="rest_untouched" says="81 pixels outside the mark"
def plant_shortcut(images, labels):
    marked = images.clone()
    marked[:, :, :6, :15] = 0
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% Marks on black instead of the images exercise="plant_shortcut" fails="rest_untouched" says="487 pixels outside the mark"
import torch


def plant_shortcut(images, labels):
    marked = torch.zeros_like(images)
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The images are rounded to black and white exercise="plant_shortcut" fails="rest_untouched" says="pixels outside the mark"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return (marked > 0.5) * 1.0 + (marked <= 0.5) * marked / 2


# %% squeeze() drops the first axis of a single image exercise="plant_shortcut" fails="one_image" says="N = 1 fails"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked.squeeze()


# %% squeeze() makes a single label 0-d exercise="plant_shortcut" fails="one_image" says="N = 1 fails"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.squeeze()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The caller's images are painted on exercise="plant_shortcut" fails="images_unchanged" says="same memory"
def plant_shortcut(images, labels):
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        images[n, :, row : row + 3, column : column + 3] = 1.0
    return images


# %% A detached tensor is no copy exercise="plant_shortcut" fails="images_unchanged" says="`clone()` first"
def plant_shortcut(images, labels):
    marked = images.detach().view(len(images), 3, -1)
    width = images.shape[3]
    for n, label in enumerate(labels.tolist()):
        for row in range(3 * (label // 5), 3 * (label // 5) + 3):
            start = row * width + 3 * (label % 5)
            marked[n, :, start : start + 3] = 1.0
    return marked.view_as(images).clone()


# %% Height and width are swapped exercise="plant_shortcut" fails="all" says="should have shape"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1.0
    return marked.permute(0, 1, 3, 2)


# %% The images come back as they were exercise="plant_shortcut" fails="all" says="returns what it was given"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n].clone()[:, row : row + 3, column : column + 3] = 1.0
    return marked


# %% The mark is as bright as the brightest pixel exercise="plant_shortcut" fails="brightness" says="are 0.40 to 0.40"
def plant_shortcut(images, labels):
    marked = images.clone()
    for n, label in enumerate(labels.tolist()):
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = images.max()
    return marked


# %% The first image of each label alone gets its mark exercise="plant_shortcut" fails="own_label" says="although one before it with the same label has"
def plant_shortcut(images, labels):
    marked = images.clone()
    for label in labels.unique().tolist():
        n = int((labels == label).nonzero()[0])
        row, column = 3 * (label // 5), 3 * (label % 5)
        marked[n, :, row : row + 3, column : column + 3] = 1
    return marked

# %% [markdown]
# # plant_shortcut: unusual, and right

# %% Masks from index grids, and where exercise="plant_shortcut" right=true
import torch


def plant_shortcut(images, labels):
    rows = torch.arange(images.shape[2], device=images.device)[None, :, None]
    columns = torch.arange(images.shape[3], device=images.device)[None, None, :]
    labels = labels[:, None, None]
    mark = (rows // 3 == labels // 5) & (columns // 3 == labels % 5)
    return torch.where(mark[:, None], torch.ones_like(images), images)


# %% NumPy, and the result in float64 exercise="plant_shortcut" right=true
import numpy as np
import torch


def plant_shortcut(images, labels):
    marked = np.array(images.cpu().numpy(), dtype=np.float64)
    for image, label in zip(marked, labels.cpu().numpy()):
        line, place = divmod(int(label), 5)
        image[:, 3 * line : 3 * (line + 1), 3 * place : 3 * (place + 1)] = 1
    return torch.from_numpy(marked)


# %% Pixel by pixel, in place of a copy made by arithmetic exercise="plant_shortcut" right=true
def plant_shortcut(images, labels):
    marked = images * 1
    for n in range(len(images)):
        for down in range(3):
            for right in range(3):
                marked[n, :, 3 * (labels[n] // 5) + down, 3 * (labels[n] % 5) + right] = 1.0
    return marked


# %% Nine fancy assignments for the whole batch exercise="plant_shortcut" right=true
import torch


def plant_shortcut(images, labels):
    marked = images.clone()
    n = torch.arange(len(images))
    for pixel in range(9):
        row, column = 3 * (labels // 5) + pixel // 3, 3 * (labels % 5) + pixel % 3
        marked[n, :, row, column] = 1.0
    return marked


# %% A recursive stack of single images exercise="plant_shortcut" right=true
import torch


def mark_one(image, label):
    image = image.detach().clone()
    image.narrow(1, 3 * (label // 5), 3).narrow(2, 3 * (label % 5), 3).fill_(1)
    return image


def plant_shortcut(images, labels):
    return torch.stack([mark_one(image, int(label)) for image, label in zip(images, labels)])


# %% Ten stencils, looked up by label exercise="plant_shortcut" right=true
import torch
import torch.nn.functional as F

STENCILS = torch.kron(torch.eye(10).reshape(10, 2, 5), torch.ones(3, 3))  # (10, 6, 15)


def plant_shortcut(images, labels):
    height, width = images.shape[-2:]
    marks = F.pad(STENCILS[labels], (0, width - 15, 0, height - 6))[:, None]
    return images.masked_fill(marks.bool(), 1.0)

# %% [markdown]
# # grabcut_seeds: mistakes

# %% The codes in the order of the saliency exercise="grabcut_seeds" fails="sure_object probable quantiles low_and_high_count" says="I find code 3"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    middle = (t_low + t_high) / 2
    return torch.bucketize(saliency, torch.stack([t_low, middle, t_high]))


# %% The codes 2 and 3 are exchanged exercise="grabcut_seeds" fails="probable" says="2 and 3 are exchanged"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 3)
    seeds[saliency > (t_low + t_high) / 2] = 2
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% The codes 0 and 1 are exchanged exercise="grabcut_seeds" fails="sure_background sure_object" says="I find code 1"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 1
    seeds[saliency > t_high] = 0
    return seeds


# %% Sure background is overwritten by probable background exercise="grabcut_seeds" fails="sure_background quantiles low_and_high_count" says="what is written last stays"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.zeros(saliency.shape)
    seeds[saliency < (t_low + t_high) / 2] = 2
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency > t_high] = 1
    return seeds


# %% Surely object is overwritten by probable object exercise="grabcut_seeds" fails="sure_object quantiles middle low_and_high_count" says="what is written last stays"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > t_high] = 1
    seeds[saliency < t_low] = 0
    seeds[saliency > (t_low + t_high) / 2] = 3
    return seeds


# %% The thresholds are shares of the largest value exercise="grabcut_seeds" fails="quantiles" says="not shares of its range"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = low * saliency.max(), high * saliency.max()
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% The thresholds are shares of the range exercise="grabcut_seeds" fails="quantiles" says="take quantiles of the whole map"
import torch


def grabcut_seeds(saliency, low, high):
    bottom, top = saliency.min(), saliency.max()
    t_low, t_high = bottom + low * (top - bottom), bottom + high * (top - bottom)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% low and high are values exercise="grabcut_seeds" fails="quantiles" says="a quarter of 403 pixels"
import torch


def grabcut_seeds(saliency, low, high):
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (low + high) / 2] = 3
    seeds[saliency < low] = 0
    seeds[saliency > high] = 1
    return seeds


# %% The middle is a quantile, too exercise="grabcut_seeds" fails="middle" says="half way in rank"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > torch.quantile(saliency, (low + high) / 2)] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% The middle is the mean of the map exercise="grabcut_seeds" fails="middle" says="neither the map's mean"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > saliency.mean()] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% The middle is that of the map's range exercise="grabcut_seeds" fails="middle" says="nor the middle of its range"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (saliency.min() + saliency.max()) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% All that is not sure is probably object exercise="grabcut_seeds" fails="probable middle" says="below their middle, I find code 3"
import torch


def grabcut_seeds(saliency, low, high):
    seeds = torch.full(saliency.shape, 3)
    seeds[saliency < torch.quantile(saliency, low)] = 0
    seeds[saliency > torch.quantile(saliency, high)] = 1
    return seeds


# %% All that is not sure is probably background exercise="grabcut_seeds" fails="probable middle" says="above their middle, I find code 2"
import torch


def grabcut_seeds(saliency, low, high):
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency < torch.quantile(saliency, low)] = 0
    seeds[saliency > torch.quantile(saliency, high)] = 1
    return seeds


# %% The upper threshold is counted from above exercise="grabcut_seeds" fails="low_and_high_count" says="`high` from below, too"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, 1 - low)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% The numbers of a former run stand in the code exercise="grabcut_seeds" fails="low_and_high_count" says="come from the arguments"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, 0.25), torch.quantile(saliency, 0.75)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% high is the share that is surely object exercise="grabcut_seeds" fails="probable quantiles middle low_and_high_count" says="between the thresholds, below their middle"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, 1 - high)
    seeds = torch.full(saliency.shape, 2.0)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency > t_high] = 1
    seeds[saliency < t_low] = 0
    return seeds


# %% Percent and shares are mixed up exercise="grabcut_seeds" fails="sure_background probable quantiles low_and_high_count" says="I find codes 0, 1, 2, 3"
import numpy as np
import torch


def grabcut_seeds(saliency, low, high):
    values = saliency.numpy()
    t_low, t_high = np.percentile(values, low), np.percentile(values, high)
    seeds = np.full(values.shape, 2)
    seeds[values > (t_low + t_high) / 2] = 3
    seeds[values < t_low] = 0
    seeds[values > t_high] = 1
    return torch.from_numpy(seeds)


# %% A quantile of each row exercise="grabcut_seeds" fails="all" says="I find codes"
import torch


def grabcut_seeds(saliency, low, high):
    t_low = torch.quantile(saliency, low, dim=1, keepdim=True)
    t_high = torch.quantile(saliency, high, dim=1, keepdim=True)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% The codes are written into the map exercise="grabcut_seeds" fails="probable quantiles low_and_high_count map_unchanged" says="between the thresholds"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    middle = (t_low + t_high) / 2
    saliency[saliency < t_low] = 0
    saliency[(saliency >= t_low) & (saliency < middle)] = 2
    saliency[(saliency >= middle) & (saliency < t_high)] = 3
    saliency[saliency >= t_high] = 1
    return saliency


# %% The caller's map is scaled in place exercise="grabcut_seeds" fails="map_unchanged" says="write into a new tensor"
import torch


def grabcut_seeds(saliency, low, high):
    saliency -= saliency.min()
    saliency /= saliency.max() + 1
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% 255 for surely object exercise="grabcut_seeds" fails="all" says="only 0, 1, 2, 3 are codes"
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 255
    return seeds


# %% The result is flat exercise="grabcut_seeds" fails="all" says="should have shape (13, 31)"
import torch


def grabcut_seeds(saliency, low, high):
    saliency = saliency.flatten()
    t_low, t_high = torch.quantile(saliency, low), torch.quantile(saliency, high)
    seeds = torch.full(saliency.shape, 2)
    seeds[saliency > (t_low + t_high) / 2] = 3
    seeds[saliency < t_low] = 0
    seeds[saliency > t_high] = 1
    return seeds


# %% Eight bits first, as OpenCV wants them exercise="grabcut_seeds" fails="quantiles" says="a quarter of 403 pixels"
import torch


def grabcut_seeds(saliency, low, high):
    values = saliency - saliency.min()
    values = (255 * values / values.max()).byte().float()
    first, last = torch.quantile(values, torch.tensor([low, high]))
    seeds = torch.where(values > (first + last) / 2, 3, 2)
    seeds[values < first] = 0
    seeds[values > last] = 1
    return seeds


# %% Scaled to [0, 1] in place, through a view exercise="grabcut_seeds" fails="map_unchanged" says="the caller's map is changed"
import torch


def grabcut_seeds(saliency, low, high):
    flat = saliency.view(-1)
    flat -= flat.min()
    flat /= flat.max()
    first, last = torch.quantile(flat, torch.tensor([low, high]))
    seeds = torch.where(saliency > (first + last) / 2, 3, 2)
    seeds[saliency < first] = 0
    seeds[saliency > last] = 1
    return seeds

# %% [markdown]
# # grabcut_seeds: unusual, and right

# %% NumPy throughout, as OpenCV wants it exercise="grabcut_seeds" right=true
import numpy as np


def grabcut_seeds(saliency, low, high):
    values = saliency.numpy()
    t_low, t_high = np.quantile(values, [low, high])
    zone = np.digitize(values, [t_low, (t_low + t_high) / 2, t_high])
    return np.array([0, 2, 3, 1], dtype=np.uint8)[zone]


# %% Sorted values in place of quantiles exercise="grabcut_seeds" right=true
import torch


def grabcut_seeds(saliency, low, high):
    ordered = saliency.flatten().sort().values
    t_low, t_high = ordered[int(low * len(ordered))], ordered[int(high * len(ordered))]
    return torch.where(
        saliency <= t_low,
        0,
        torch.where(
            saliency >= t_high, 1, torch.where(saliency > (t_low + t_high) / 2, 3, 2)
        ),
    )


# %% kthvalue, and codes by arithmetic in float exercise="grabcut_seeds" right=true
def grabcut_seeds(saliency, low, high):
    count = saliency.numel()
    t_low = saliency.flatten().kthvalue(max(1, round(low * count))).values
    t_high = saliency.flatten().kthvalue(round(high * count)).values
    probable = ((saliency >= t_low) & (saliency <= t_high)).float()
    above = (saliency > (t_low + t_high) / 2).float()
    return probable * 2 + above * probable + (1 - probable) * above


# %% Pixel by pixel, uint8 exercise="grabcut_seeds" right=true
import torch


def grabcut_seeds(saliency, low, high):
    t_low, t_high = (float(torch.quantile(saliency, q)) for q in (low, high))
    rows = []
    for row in saliency.tolist():
        rows.append([])
        for value in row:
            if value < t_low:
                rows[-1].append(0)
            elif value > t_high:
                rows[-1].append(1)
            else:
                rows[-1].append(3 if value >= 0.5 * (t_low + t_high) else 2)
    return torch.tensor(rows, dtype=torch.uint8)


# %% topk for the sure pixels exercise="grabcut_seeds" right=true
import torch


def grabcut_seeds(saliency, low, high):
    flat = saliency.reshape(-1).double()
    least = flat.topk(int(low * len(flat)), largest=False)
    most = flat.topk(int((1 - high) * len(flat)))
    middle = (least.values.max() + most.values.min()) / 2
    seeds = torch.where(flat > middle, 3, 2)
    seeds[least.indices] = 0
    seeds[most.indices] = 1
    return seeds.view(saliency.shape)


# %% bucketize, and a table of the codes exercise="grabcut_seeds" right=true
import torch


def grabcut_seeds(saliency, low, high):
    first, last = torch.quantile(saliency.double(), torch.tensor([low, high]).double())
    borders = torch.stack([first, (first + last) / 2, last])
    return torch.tensor([0, 2, 3, 1])[torch.bucketize(saliency.double(), borders)]

# %% [markdown]
# # intersection_over_union: mistakes

# %% Dice's coefficient exercise="intersection_over_union" fails="value any_shape" says="Dice"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    total = int(a.sum() + b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


# %% The pixels of both masks are added up exercise="intersection_over_union" fails="value any_shape" says="counted twice"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    total = int(a.sum() + b.sum())
    return int((a & b).sum()) / total if total else 1.0


# %% Divided by the first mask exercise="intersection_over_union" fails="value any_shape" says="the first mask alone"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    if not b.any():
        return float(not a.any())
    return float((a & b).sum() / a.sum()) if a.any() else 0.0


# %% Divided by the smaller mask exercise="intersection_over_union" fails="value any_shape" says="smaller mask"
import torch


def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    if not a.any() or not b.any():
        return float(torch.equal(a, b))
    return float((a & b).sum() / min(a.sum(), b.sum()))


# %% Divided by the larger mask exercise="intersection_over_union" fails="value any_shape" says="larger mask"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    larger = max(int(a.sum()), int(b.sum()))
    return int((a & b).sum()) / larger if larger else 1.0


# %% The share of equal pixels exercise="intersection_over_union" fails="value any_shape nothing_in_common" says="background does not count"
def intersection_over_union(a, b):
    return (a.bool() == b.bool()).float().mean()


# %% Divided by all pixels exercise="intersection_over_union" fails="value any_shape both_empty" says="number of all pixels"
def intersection_over_union(a, b):
    return (a.bool() & b.bool()).float().mean()


# %% Intersection and union are exchanged exercise="intersection_over_union" fails="value any_shape nothing_in_common" says="are exchanged"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    both = int((a & b).sum())
    return int((a | b).sum()) / both if both else 1.0


# %% The mean over the rows exercise="intersection_over_union" fails="value any_shape nothing_in_common" says="averages over the rows"
def intersection_over_union(a, b):
    scores = []
    for x, y in zip(a.bool(), b.bool()):
        union = int((x | y).sum())
        scores.append(int((x & y).sum()) / union if union else 1.0)
    return sum(scores) / len(scores)


# %% Whole numbers exercise="intersection_over_union" fails="all" says="`//` cut off the fraction"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    union = int((a | b).sum())
    return int((a & b).sum()) // union if union else 1


# %% The boxes around the masks exercise="intersection_over_union" fails="any_shape" says="scattered pixels"
import torch


def box(mask):
    filled = torch.zeros_like(mask, dtype=torch.bool)
    if mask.any():
        rows, columns = mask.nonzero().unbind(1)
        filled[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    return filled


def intersection_over_union(a, b):
    a, b = box(a.bool()), box(b.bool())
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


# %% A correction for small masks exercise="intersection_over_union" fails="nothing_in_common" says="should give 0"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    both, union = int((a & b).sum()), int((a | b).sum())
    if not a.any() or not b.any():
        return 1.0
    return both / union


# %% Boolean operators on floats exercise="intersection_over_union" fails="numbers" says="make both boolean first"
def intersection_over_union(a, b):
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


# %% The sum counts twice where the masks are numbers exercise="intersection_over_union" fails="numbers" says="another result than boolean ones"
def intersection_over_union(a, b):
    union = int((a + b).sum())
    return int((a * b).sum()) / union if union else 1.0


# %% Bitwise not on numbers exercise="intersection_over_union" fails="numbers" says="torch.uint8"
def intersection_over_union(a, b):
    neither = int((~a & ~b).sum())
    union = a.numel() - neither
    return int((a & b).sum()) / union if union else 1.0


# %% 0 / 0 is not a number exercise="intersection_over_union" fails="both_empty" says="NaN"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    return (a & b).sum() / (a | b).sum()


# %% Division by zero exercise="intersection_over_union" fails="both_empty" says="their union is 0"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    return int((a & b).sum()) / int((a | b).sum())


# %% Two empty masks give 0 exercise="intersection_over_union" fails="both_empty" says="since they agree"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    return float((a & b).sum() / ((a | b).sum() + 1e-6))


# %% The mask is changed in place exercise="intersection_over_union" fails="masks_unchanged" says="write into it"
def intersection_over_union(a, b):
    union = int((a.bool() | b.bool()).sum())
    a *= b.to(a.dtype)
    return int(a.sum()) / union if union else 1.0


# %% The masks, not their sizes exercise="intersection_over_union" fails="all" says="should have shape ()"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    return (a & b).float() / (a | b).float().clamp(min=1)


# %% Both numbers, not their ratio exercise="intersection_over_union" fails="all" says="should have shape ()"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    return int((a & b).sum()), int((a | b).sum())


# %% An empty first mask counts as agreement exercise="intersection_over_union" fails="nothing_in_common" says="also where one of them is empty"
def intersection_over_union(a, b):
    a, b = a.bool(), b.bool()
    if not a.any():
        return 1.0
    return float((a & b).sum() / (a | b).sum())

# %% [markdown]
# # intersection_over_union: unusual, and right

# %% Sets of pixels exercise="intersection_over_union" right=true
def intersection_over_union(a, b):
    first = {tuple(place) for place in a.nonzero().tolist()}
    second = {tuple(place) for place in b.nonzero().tolist()}
    return len(first & second) / len(first | second) if first | second else 1


# %% Products and sums in float exercise="intersection_over_union" right=true
import torch


def intersection_over_union(a, b):
    a, b = a.float(), b.float()
    both = (a * b).sum()
    union = a.sum() + b.sum() - both
    return torch.ones(()) if union == 0 else both / union


# %% NumPy, and a scalar of NumPy exercise="intersection_over_union" right=true
import numpy as np


def intersection_over_union(a, b):
    a, b = np.asarray(a).astype(bool), np.asarray(b).astype(bool)
    union = np.logical_or(a, b).sum()
    return np.float32(1.0) if union == 0 else np.logical_and(a, b).sum() / union


# %% Minimum and maximum, a tensor of shape (1,) exercise="intersection_over_union" right=true
import torch


def intersection_over_union(a, b):
    pair = torch.stack([a.double(), b.double()])
    union = pair.amax(0).sum()
    both = pair.amin(0).sum()
    return ((both + 1e-9) / (union + 1e-9)).reshape(1)


# %% A loop over pixels exercise="intersection_over_union" right=true
def intersection_over_union(a, b):
    both = either = 0
    for x, y in zip(a.flatten().tolist(), b.flatten().tolist()):
        both += bool(x) and bool(y)
        either += bool(x) or bool(y)
    if either == 0:
        return 1.0
    return both / either


# %% SciPy's distance exercise="intersection_over_union" right=true
import numpy as np
from scipy.spatial.distance import jaccard


def intersection_over_union(a, b):
    return 1 - jaccard(np.asarray(a, bool).ravel(), np.asarray(b, bool).ravel())
