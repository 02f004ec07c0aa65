"""What students answer in lab 03: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the
student reads.
"""

# %% [markdown]
# # pca: mistakes


# %% The vectors are not centred exercise="pca" fails="centred" says="are not centred"
import torch


def pca(features, k):
    _, _, directions = torch.linalg.svd(features, full_matrices=False)
    return features @ directions[:k].T


# %% Each vector loses its own mean exercise="pca" fails="centred features_as_they_are" says="are not centred"
import torch


def pca(features, k):
    centred = features - features.mean(dim=1, keepdim=True)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:k].T


# %% The mean is one number exercise="pca" fails="centred" says="are not centred"
import torch


def pca(features, k):
    centred = features - features.mean()
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:k].T


# %% The smallest variances exercise="pca" fails="direction order centred not_scaled features_as_they_are fewer_vectors_than_features" says="ascending order"
import torch


def pca(features, k):
    centred = features - features.mean(0)
    _, directions = torch.linalg.eigh(torch.cov(centred.T))
    return centred @ directions[:, :k]


# %% The right components in ascending order exercise="pca" fails="order" says="reverse them"
import torch


def pca(features, k):
    centred = features - features.mean(0)
    _, directions = torch.linalg.eigh(torch.cov(centred.T))
    return centred @ directions[:, -k:]


# %% Whitened exercise="pca" fails="not_scaled" says="divided by their standard deviation"
import torch


def pca(features, k):
    centred = features - features.mean(0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    y = centred @ directions[:k].T
    return y / y.std(dim=0, correction=0)


# %% U without the singular values exercise="pca" fails="not_scaled" says="multiplied by the singular values"
import torch


def pca(features, k):
    U, _, _ = torch.linalg.svd(features - features.mean(0), full_matrices=False)
    return U[:, :k]


# %% Standardized features exercise="pca" fails="direction order centred not_scaled features_as_they_are fewer_vectors_than_features" says="divided by its standard deviation"
def pca(features, k):
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler
    import torch

    scaled = StandardScaler().fit_transform(features.numpy())
    return torch.from_numpy(PCA(k).fit_transform(scaled))


# %% The columns of Vh instead of its rows exercise="pca" fails="direction order centred not_scaled features_as_they_are fewer_vectors_than_features" says="not the projections on the direction"
import torch


def pca(features, k):
    centred = features - features.mean(0)
    Vh = torch.linalg.svd(centred, full_matrices=True)[2]
    return centred @ Vh[:, :k]


# %% More rows than columns taken for granted exercise="pca" fails="fewer_vectors_than_features" says="7 vectors of 30 features fail"
import torch


def pca(features, k):
    centred = features - features.mean(0)
    U, S, _ = torch.linalg.svd(centred, full_matrices=True)
    N, D = features.shape
    stretched = torch.zeros(N, D)
    stretched[:D, :D] = torch.diag(S)
    return (U @ stretched)[:, :k]


# %% Squeezed exercise="pca" fails="one_column" says="should have shape (14, 1)"
import torch


def pca(features, k):
    centred = features - features.mean(0)
    Vh = torch.linalg.svd(centred, full_matrices=False)[2]
    return (centred @ Vh[:k].T).squeeze()


# %% Transposed exercise="pca" fails="all" says="one row a vector"
import torch


def pca(features, k):
    centred = features - features.mean(0)
    Vh = torch.linalg.svd(centred, full_matrices=False)[2]
    return Vh[:k] @ centred.T


# %% Centred in place exercise="pca" fails="features_unchanged" says="work on a copy"
import torch


def pca(features, k):
    features -= features.mean(0)
    Vh = torch.linalg.svd(features, full_matrices=False)[2]
    return features @ Vh[:k].T


# %% The first features exercise="pca" fails="direction order centred not_scaled features_as_they_are fewer_vectors_than_features" says="a feature as it came"
def pca(features, k):
    return features[:, :k]


# %% A stub that returns its input exercise="pca" fails="all" says="returns what it was given"
def pca(features, k):
    return features


# %% No return exercise="pca" fails="all" says="not answered yet"
def pca(features, k):
    features - features.mean(0)


# %% A randomized method with as few dimensions as asked for exercise="pca" fails="direction" may="centred not_scaled fewer_vectors_than_features features_as_they_are order" says="largest variance"
import torch


def pca(features, k):
    _, _, V = torch.pca_lowrank(features, q=k)
    return torch.matmul(features - features.mean(0), V[:, :k])

# %% [markdown]
# # pca: unusual and right


# %% Eigenvectors of the covariance, the other sign exercise="pca" right=true
import torch


def pca(features, k):
    centred = features - features.mean(0, keepdim=True)
    values, vectors = torch.linalg.eigh(centred.T @ centred)
    return -(centred @ vectors.flip(1)[:, :k])


# %% Eigenvectors of the N x N matrix of inner products exercise="pca" right=true
import torch


def pca(features, k):
    centred = (features - features.mean(0)).double()
    values, vectors = torch.linalg.eigh(centred @ centred.T)
    order = values.argsort(descending=True)[:k]
    return vectors[:, order] * values[order].clamp(min=0).sqrt()


# %% scikit-learn exercise="pca" right=true
import torch
from sklearn.decomposition import PCA


def pca(features, k):
    return torch.as_tensor(PCA(n_components=k).fit_transform(features.detach().numpy()))


# %% NumPy, float64 exercise="pca" right=true
import numpy as np
import torch


def pca(features, k):
    x = features.numpy().astype(np.float64)
    x = x - x.mean(axis=0)
    U, S, _ = np.linalg.svd(x, full_matrices=False)
    return torch.from_numpy((U * S)[:, :k])


# %% Power iteration and deflation exercise="pca" right=true
import torch


def pca(features, k):
    x = features.double() - features.double().mean(0)
    rest, found = x.clone(), []
    for _ in range(k):
        v = torch.ones(x.shape[1]).double() + torch.arange(x.shape[1]) / 7
        for _ in range(300):
            v = rest.T @ (rest @ v)
            v = v / v.norm()
        found.append(v)
        rest = rest - (rest @ v)[:, None] * v
    return x @ torch.stack(found, 1)


# %% A randomized method with all dimensions exercise="pca" right=true
import torch


def pca(features, k):
    U, S, V = torch.pca_lowrank(features.double(), q=min(features.shape), niter=4)
    return (U * S)[:, :k].float()

# %% [markdown]
# # paste_on_map: mistakes


# %% y grows downwards exercise="paste_on_map" fails="right_and_up" says="upside down"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 + y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% x and y are exchanged exercise="paste_on_map" fails="right_and_up" says="x and y are exchanged"
import torch


def paste_on_map(coordinates, thumbnails, size):
    coordinates = coordinates.flip(1)
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% x is the row exercise="paste_on_map" fails="right_and_up wide_and_tall" says="exchange them"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 + x), round((size - w) / 2 + y)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% Mirrored exercise="paste_on_map" fails="right_and_up" says="left and right"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 - x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% Each axis has its own scale exercise="paste_on_map" fails="one_scale_for_both_axes" says="a scale of its own"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = torch.tensor([r / s if s > 0 else 0 for r, s in zip((size - w, size - h), (high - low).tolist())])
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% The corners fill the whole picture, so the border cuts exercise="paste_on_map" fails="nothing_cut one_scale_for_both_axes wide_and_tall equal_coordinates" says="cut off"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    scale = (size - 1) / (high - low).max().clamp(min=1e-9)
    places = (coordinates - (low + high) / 2) * scale + (size - 1) / 2
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round(size - 1 - y), round(x)
        space = picture[:, top : top + h, left : left + w]
        space[:] = thumbnail[:, : space.shape[1], : space.shape[2]]
    return picture


# %% A fixed margin of a tenth exercise="paste_on_map" fails="scale one_scale_for_both_axes" says="should be the largest"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = 0.8 * min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% A range below 1 counts as 1 exercise="paste_on_map" fails="scale" says="where coordinates differ by 0.0004"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = (high - low).clamp(min=1).tolist()  # nothing is divided by 0
    scale = min((size - w) / spans[0], (size - h) / spans[1])
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% The smaller range is not centred exercise="paste_on_map" fails="one_scale_for_both_axes equal_coordinates" says="does not lie in the middle"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - low) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round(size - h - y), round(x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% Zero range divides by zero exercise="paste_on_map" fails="equal_coordinates" says="divides by zero"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    scale = min((size - w) / (high - low)[0].item(), (size - h) / (high - low)[1].item())
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% A black background exercise="paste_on_map" fails="white" says="background is 0.00"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.zeros(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% A grey background exercise="paste_on_map" fails="white" says="background is 0.50"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.full((3, size, size), 0.5)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% The first is on top exercise="paste_on_map" fails="later_on_top" says="first thumbnail is on top"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in reversed(list(zip(places.tolist(), thumbnails))):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% Overlaps are averaged exercise="paste_on_map" fails="later_on_top" says="last one should be seen"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        space = picture[:, top : top + h, left : left + w]
        space[:] = torch.where(space == 1, thumbnail, (space + thumbnail) / 2)
    return picture


# %% The whole picture is turned over in the end, thumbnails too exercise="paste_on_map" fails="thumbnails_as_they_are" says="upside down"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 + y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture.flip(1)


# %% Height and width of thumbnails are exchanged exercise="paste_on_map" fails="wide_and_tall" says="fail"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    w, h = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    places = (coordinates - (low + high) / 2) * scale
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% Coordinates scaled in place exercise="paste_on_map" fails="inputs_unchanged" says="in place"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = [(r, s) for r, s in zip((size - w, size - h), (high - low).tolist()) if s > 0]
    scale = min((r / s for r, s in spans), default=0.0)
    coordinates -= (low + high) / 2
    coordinates *= scale
    places = coordinates
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(places.tolist(), thumbnails):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% Nothing is pasted exercise="paste_on_map" fails="all" says="nothing is pasted"
import torch


def paste_on_map(coordinates, thumbnails, size):
    return torch.ones(3, size, size)


# %% No return exercise="paste_on_map" fails="all" says="not answered yet"
def paste_on_map(coordinates, thumbnails, size):
    coordinates * size


# %% The larger side of a thumbnail for both axes exercise="paste_on_map" fails="wide_and_tall" says="nine times as high as wide"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    span = float((high - low).max())
    scale = (size - max(h, w)) / span if span > 0 else 0
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip((coordinates - (low + high) / 2).tolist(), thumbnails):
        top, left = round((size - h) / 2 - scale * y), round((size - w) / 2 + scale * x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% The mean of the points in the middle exercise="paste_on_map" fails="scale" says="not the mean of the points"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    offsets = coordinates - coordinates.mean(0)
    reach = offsets.abs().amax(0).tolist()
    scale = min((r / 2 / d for r, d in zip((size - w, size - h), reach) if d > 1e-9), default=0)
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(offsets.tolist(), thumbnails):
        top, left = round((size - h) / 2 - scale * y), round((size - w) / 2 + scale * x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture


# %% Pasted from the top of the map to its bottom exercise="paste_on_map" fails="later_on_top" says="in the order in which they are given"
import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    rooms = zip((size - w, size - h), (high - low).tolist())
    scale = min((room / span for room, span in rooms if span > 0), default=0)
    picture = torch.ones(3, size, size)
    for n in coordinates[:, 1].argsort(descending=True).tolist():
        x, y = (coordinates[n] - (low + high) / 2).tolist()
        top, left = round((size - h) / 2 - scale * y), round((size - w) / 2 + scale * x)
        picture[:, top : top + h, left : left + w] = thumbnails[n]
    return picture

# %% [markdown]
# # paste_on_map: unusual and right


# %% NumPy, rounded down exercise="paste_on_map" right=true
import numpy as np
import torch


def paste_on_map(coordinates, thumbnails, size):
    xy, tiles = coordinates.numpy().astype(float), thumbnails.numpy()
    h, w = tiles.shape[2:]
    span = np.ptp(xy, axis=0)
    room = np.array([size - w, size - h])
    scale = min([r / s for r, s in zip(room, span) if s > 0] or [1.0])
    xy = (xy - (xy.min(0) + xy.max(0)) / 2) * scale
    canvas = np.ones((3, size, size))
    for (x, y), tile in zip(xy, tiles):
        top = int(np.clip(np.floor(room[1] / 2 - y), 0, room[1]))
        left = int(np.clip(np.floor(room[0] / 2 + x), 0, room[0]))
        canvas[:, top : top + h, left : left + w] = tile
    return torch.from_numpy(canvas)


# %% Turned over in the end, thumbnails turned before exercise="paste_on_map" right=true
import torch


def paste_on_map(coordinates, thumbnails, size):
    _, _, h, w = thumbnails.shape
    low, high = coordinates.min(0).values, coordinates.max(0).values
    room = torch.tensor([size - w, size - h], dtype=torch.float32)
    ratio = room / (high - low)
    scale = ratio[high > low].min() if (high > low).any() else torch.tensor(0.0)
    corner = ((coordinates - (low + high) / 2) * scale + room / 2).round().long()
    out = torch.ones(3, size, size)
    for (x, y), tile in zip(corner.tolist(), thumbnails.flip(2)):
        out[:, y : y + h, x : x + w] = tile
    return out.flip(1)


# %% Rounded up, from the centres, with a tiny number in the denominator exercise="paste_on_map" right=true
import math

import torch


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[-2:]
    xs, ys = coordinates[:, 0], coordinates[:, 1]
    sx = (size - w) / (xs.max() - xs.min() + 1e-12)
    sy = (size - h) / (ys.max() - ys.min() + 1e-12)
    s = float(min(sx, sy))
    x0, y0 = float(xs.max() + xs.min()) / 2, float(ys.max() + ys.min()) / 2
    out = torch.ones(3, size, size)
    for i in range(len(coordinates)):
        cx = size / 2 + s * (float(xs[i]) - x0)
        cy = size / 2 - s * (float(ys[i]) - y0)
        left = min(max(math.ceil(cx - w / 2 - 1e-6), 0), size - w)
        top = min(max(math.ceil(cy - h / 2 - 1e-6), 0), size - h)
        out[:, top : top + h, left : left + w] = thumbnails[i]
    return out


# %% Pillow exercise="paste_on_map" right=true
import numpy as np
import torch
from PIL import Image


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(0), coordinates.amax(0)
    spans = zip((size - w, size - h), (high - low).tolist())
    scale = min((r / s for r, s in spans if s > 0), default=0.0)
    layers = [Image.new("F", (size, size), 1.0) for _ in range(3)]
    for (x, y), tile in zip(((coordinates - (low + high) / 2) * scale).tolist(), thumbnails):
        place = (round((size - w) / 2 + x), round((size - h) / 2 - y))
        for layer, channel in zip(layers, tile):
            layer.paste(Image.fromarray(channel.numpy().copy()), place)
    return torch.from_numpy(np.stack([np.asarray(layer) for layer in layers]))


# %% Pillow in colours of 8 bits exercise="paste_on_map" right=true
import numpy as np
import torch
from PIL import Image


def paste_on_map(coordinates, thumbnails, size):
    h, w = thumbnails.shape[2:]
    places = coordinates.double().numpy()
    low, high = places.min(0), places.max(0)
    fits = [(size - d) / s for d, s in zip((w, h), high - low) if s > 0]
    scale = min(fits, default=0)
    page = Image.new("RGB", (size, size), "white")
    for (x, y), thumbnail in zip(places - (low + high) / 2, thumbnails):
        tile = Image.fromarray((255 * thumbnail.permute(1, 2, 0).numpy()).astype(np.uint8))
        page.paste(tile, (int((size - w) / 2 + scale * x), int((size - h) / 2 - scale * y)))
    return torch.from_numpy(np.array(page)).permute(2, 0, 1) / 255

# %% [markdown]
# # perplexity_affinities: mistakes


# %% Not symmetric exercise="perplexity_affinities" fails="symmetric" says="is not symmetric"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return p / N


# %% The sum is N exercise="perplexity_affinities" fails="sum" says="sum to N"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / 2


# %% The sum is 2 exercise="perplexity_affinities" fails="sum" says="sum to 2"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / N


# %% A point is its own neighbour exercise="perplexity_affinities" fails="diagonal perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="diagonal is not 0"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double()
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% The entropy in nats, the power of two exercise="perplexity_affinities" fails="perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="entropy and power disagree"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = 2**H > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% The entropy in bits, the power of e exercise="perplexity_affinities" fails="perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="entropy and power disagree"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = (H / 0.6931471805599453).exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% One bandwidth for all rows exercise="perplexity_affinities" fails="a_beta_for_each_row" says="beta of its own"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp().mean().expand(N, 1) > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% A fixed beta of 1/2 exercise="perplexity_affinities" fails="perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="whatever the perplexity"
import torch


def perplexity_affinities(squared_distances, perplexity):
    P = torch.exp(-squared_distances / 2).fill_diagonal_(0)
    return P / P.sum()


# %% A root is taken first exercise="perplexity_affinities" fails="perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="no root"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().sqrt().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% Squared once more exercise="perplexity_affinities" fails="perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="squared once more"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().square().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% Beta has an upper bound of 1000 exercise="perplexity_affinities" fails="unit_of_the_distances" says="fixed upper bound"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), 1000.0)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% Four steps exercise="perplexity_affinities" fails="perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="not those of the perplexity"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(4):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% The perplexity of the notebook exercise="perplexity_affinities" fails="perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="not those of the perplexity"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d, perplexity = squared_distances.double().clone().fill_diagonal_(torch.inf), min(15, len(squared_distances) - 2)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% exp underflows exercise="perplexity_affinities" fails="unit_of_the_distances" says="underflow"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        w = (-beta * d).exp()
        p = w / w.sum(1, keepdim=True)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp().nan_to_num(1e9) > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% Equal shares for the nearest exercise="perplexity_affinities" fails="perplexity a_beta_for_each_row other_perplexities unit_of_the_distances" says="not those of the perplexity"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N, k = len(squared_distances), round(perplexity)
    d = squared_distances.clone().fill_diagonal_(torch.inf)
    P = torch.zeros(N, N).scatter(1, d.topk(k, largest=False).indices, 1 / k)
    return (P + P.T) / (2 * N)


# %% The diagonal of the given matrix becomes infinite exercise="perplexity_affinities" fails="distances_unchanged" says="work on a copy"
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    squared_distances.fill_diagonal_(torch.inf)
    d = squared_distances.double()
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)
        H = torch.special.entr(p).sum(1, keepdim=True)
        wide = H.exp() > perplexity
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return (p + p.T) / (2 * N)


# %% A stub that returns its input exercise="perplexity_affinities" fails="all" says="returns what it was given"
def perplexity_affinities(squared_distances, perplexity):
    return squared_distances


# %% No return exercise="perplexity_affinities" fails="all" says="not answered yet"
def perplexity_affinities(squared_distances, perplexity):
    squared_distances / perplexity


# %% A distance of zero is taken for a point's own exercise="perplexity_affinities" fails="equal_vectors" says="on the diagonal alone"
import math

import torch


def perplexity_affinities(squared_distances, perplexity):
    d = squared_distances.double().clone()
    d /= d.mean()
    d[d == 0] = torch.inf
    N = len(d)
    low, high = torch.full((N, 1), -30.0).double(), torch.full((N, 1), 30.0).double()
    for _ in range(100):
        middle = (low + high) / 2
        p = torch.softmax(-middle.exp() * d, dim=1)
        too_wide = torch.special.entr(p).sum(1, keepdim=True) > math.log(perplexity)
        low, high = torch.where(too_wide, middle, low), torch.where(too_wide, high, middle)
    return (p + p.T) / (2 * N)

# %% [markdown]
# # perplexity_affinities: unusual and right


# %% Row by row, in plain Python, to 0.05 % exercise="perplexity_affinities" right=true
import math

import torch


def perplexity_affinities(squared_distances, perplexity):
    d = squared_distances.tolist()
    N = len(d)
    P = torch.zeros(N, N)
    for i in range(N):
        row = [d[i][j] for j in range(N) if j != i]
        beta, low, high = 1.0, 0.0, None
        while True:
            w = [math.exp(-beta * (x - min(row))) for x in row]
            p = [x / sum(w) for x in w]
            perp = 2 ** -sum(x * math.log2(x) for x in p if x > 0)
            if abs(perp / perplexity - 1) < 5e-4:
                break
            if perp > perplexity:
                low = beta
                beta = beta * 2 if high is None else (low + high) / 2
            else:
                high = beta
                beta = (low + high) / 2
        for j, value in zip([j for j in range(N) if j != i], p):
            P[i, j] += value / (2 * N)
            P[j, i] += value / (2 * N)
    return P


# %% scikit-learn's own search exercise="perplexity_affinities" right=true
import numpy as np
import torch
from scipy.spatial.distance import squareform
from sklearn.manifold._t_sne import _joint_probabilities


def perplexity_affinities(squared_distances, perplexity):
    d = squared_distances.numpy().astype(np.float64)
    return torch.from_numpy(squareform(_joint_probabilities(d / d.max(), perplexity, 0)))


# %% Bisection of the logarithm of sigma, float32 exercise="perplexity_affinities" right=true
import torch


def perplexity_affinities(squared_distances, perplexity):
    N = len(squared_distances)
    eye = torch.eye(N, dtype=torch.bool)
    unit = squared_distances / squared_distances.mean()
    low, high = torch.full((N, 1), -12.0), torch.full((N, 1), 12.0)
    for _ in range(60):
        middle = (low + high) / 2
        logits = (-unit / (2 * torch.exp(2 * middle))).masked_fill(eye, -torch.inf)
        p = logits.softmax(1)
        H = -(p * p.clamp(min=1e-30).log2()).sum(1, keepdim=True)
        small = 2**H < perplexity
        low, high = torch.where(small, middle, low), torch.where(small, high, middle)
    P = p + p.T
    return P / P.sum()


# %% SciPy's root finder exercise="perplexity_affinities" right=true
import numpy as np
import torch
from scipy.optimize import brentq
from scipy.special import softmax
from scipy.stats import entropy


def perplexity_affinities(squared_distances, perplexity):
    d = squared_distances.numpy().astype(float)
    N = len(d)
    P = np.zeros((N, N))
    for i in range(N):
        row = np.delete(d[i], i)
        row = row / row.mean()
        gap = lambda t: np.exp(entropy(softmax(-np.exp(t) * row))) - perplexity
        P[i, np.arange(N) != i] = softmax(-np.exp(brentq(gap, -20, 20)) * row)
    return torch.tensor((P + P.T) / (2 * N))


# %% Newton's method on the logarithm of beta exercise="perplexity_affinities" right=true
import math

import torch


def perplexity_affinities(squared_distances, perplexity):
    d = squared_distances.double()
    N = len(d)
    others = ~torch.eye(N, dtype=torch.bool)
    d = d[others].reshape(N, N - 1)
    d = d - d.amin(1, keepdim=True)
    d = d / d.mean(1, keepdim=True)
    t = torch.zeros(N, 1).double()
    low, high = torch.full_like(t, -40), torch.full_like(t, 40)
    for _ in range(200):
        p = torch.softmax(-t.exp() * d, dim=1)
        gap = torch.special.entr(p).sum(1, keepdim=True) - math.log(perplexity)
        low, high = torch.where(gap > 0, t, low), torch.where(gap > 0, high, t)
        spread = (p * d * d).sum(1, keepdim=True) - (p * d).sum(1, keepdim=True).square()
        step = t + gap / (t.exp().square() * spread)
        t = torch.where((step > low) & (step < high), step, (low + high) / 2)
    P = torch.zeros(N, N).double()
    P[others] = torch.softmax(-t.exp() * d, dim=1).flatten()
    return (P + P.T) / (2 * N)

# %% [markdown]
# # tsne_gradient: mistakes


# %% The sign is wrong exercise="tsne_gradient" fails="sign" says="the sign is wrong"
import torch


def tsne_gradient(P, Y):
    apart = Y[None] - Y[:, None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum()
    return 4 * (((P - Q) * w)[..., None] * apart).sum(1)


# %% The factor 4 is missing exercise="tsne_gradient" fails="factor" says="factor 4 is missing"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum()
    return (((P - Q) * w)[..., None] * apart).sum(1)


# %% The factor is 2 exercise="tsne_gradient" fails="factor" says="factor is 2"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum()
    return 2 * (((P - Q) * w)[..., None] * apart).sum(1)


# %% The mean instead of the sum exercise="tsne_gradient" fails="factor" says="times as long"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum()
    return 4 * (((P - Q) * w)[..., None] * apart).mean(1)


# %% The factor w is missing exercise="tsne_gradient" fails="gradient factor" says="behind p - q is missing"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum()
    return 4 * ((P - Q)[..., None] * apart).sum(1)


# %% Row by row exercise="tsne_gradient" fails="gradient factor at_rest" says="row by row"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum(1, keepdim=True)
    return 4 * (((P - Q) * w)[..., None] * apart).sum(1)


# %% Not normalized exercise="tsne_gradient" fails="gradient factor at_rest" says="not normalized"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w
    return 4 * (((P - Q) * w)[..., None] * apart).sum(1)


# %% The diagonal counts exercise="tsne_gradient" fails="gradient factor at_rest" says="diagonal of w"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = 1 / (1 + apart.square().sum(2))
    Q = w / w.sum()
    return 4 * (((P - Q) * w)[..., None] * apart).sum(1)


# %% SNE: a normal distribution exercise="tsne_gradient" fails="gradient factor at_rest" says="that is SNE"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = torch.exp(-apart.square().sum(2)).fill_diagonal_(0)
    Q = w / w.sum()
    return 4 * ((P - Q)[..., None] * apart).sum(1)


# %% Distances not squared exercise="tsne_gradient" fails="gradient factor at_rest" says="not squared"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2).sqrt())).fill_diagonal_(0)
    Q = w / w.sum()
    return 4 * (((P - Q) * w)[..., None] * apart).sum(1)


# %% Attraction alone exercise="tsne_gradient" fails="gradient factor at_rest" says="only attract"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum()
    return 4 * ((P * w)[..., None] * apart).sum(1)


# %% A root in the way of autograd exercise="tsne_gradient" fails="equal_places" says="one place"
import torch


def tsne_gradient(P, Y):
    Y = Y.detach().clone().requires_grad_()
    distance = (Y[:, None] - Y[None]).square().sum(2)[~torch.eye(len(Y), dtype=torch.bool)].sqrt()
    w = 1 / (1 + distance**2)
    p = P[~torch.eye(len(Y), dtype=torch.bool)]
    return torch.autograd.grad(-(p * (w / w.sum()).log()).sum(), Y)[0]


# %% 150 points, as in the notebook exercise="tsne_gradient" fails="all" says="raised RuntimeError"
import torch


def tsne_gradient(P, Y):
    Y = Y.reshape(150, 2)
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum()
    return 4 * (((P - Q) * w)[..., None] * apart).sum(1)


# %% Q is taken off P in place exercise="tsne_gradient" fails="inputs_unchanged_by_gradient" says="work on copies"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y[None]
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    Q = w / w.sum()
    P -= Q
    return 4 * ((P * w)[..., None] * apart).sum(1)


# %% A stub that returns its input exercise="tsne_gradient" fails="all" says="returns what it was given"
def tsne_gradient(P, Y):
    return Y


# %% Always zero exercise="tsne_gradient" fails="all" says="no multiple of the gradient"
import torch


def tsne_gradient(P, Y):
    return torch.zeros_like(Y)


# %% No return exercise="tsne_gradient" fails="all" says="not answered yet"
def tsne_gradient(P, Y):
    P @ Y


# %% Pairs without affinity are left out exercise="tsne_gradient" fails="pairs_without_affinity" says="q alone pushes"
import torch


def tsne_gradient(P, Y):
    apart = Y[:, None] - Y
    w = (1 / (1 + apart.square().sum(2))).fill_diagonal_(0)
    force = torch.where(P > 0, (P - w / w.sum()) * w, 0)
    return 4 * (force[:, :, None] * apart).sum(1)

# %% [markdown]
# # tsne_gradient: unusual and right


# %% Autograd of the divergence exercise="tsne_gradient" right=true
import torch


def tsne_gradient(P, Y):
    Y = Y.detach().clone().requires_grad_()
    w = 1 / (1 + (Y[:, None] - Y[None]).square().sum(2))
    w = w * (1 - torch.eye(len(Y), dtype=w.dtype))
    Q = (w / w.sum()).clamp(min=1e-30)
    loss = (torch.xlogy(P, P) - P * Q.log()).sum()
    loss.backward()
    return Y.grad


# %% Two loops in plain numbers exercise="tsne_gradient" right=true
import torch


def tsne_gradient(P, Y):
    N = len(Y)
    y, p = Y.tolist(), P.tolist()
    w = [[0.0] * N for _ in range(N)]
    for i in range(N):
        for j in range(N):
            if i != j:
                w[i][j] = 1 / (1 + (y[i][0] - y[j][0]) ** 2 + (y[i][1] - y[j][1]) ** 2)
    total = sum(map(sum, w))
    out = torch.zeros(N, 2)
    for i in range(N):
        for j in range(N):
            c = 4 * (p[i][j] - w[i][j] / total) * w[i][j]
            out[i, 0] += c * (y[i][0] - y[j][0])
            out[i, 1] += c * (y[i][1] - y[j][1])
    return out


# %% As a graph Laplacian, NumPy, float64 exercise="tsne_gradient" right=true
import numpy as np
import torch


def tsne_gradient(P, Y):
    y, p = Y.numpy().astype(np.float64), P.numpy().astype(np.float64)
    s = (y**2).sum(1)
    w = 1 / (1 + np.maximum(s[:, None] + s - 2 * y @ y.T, 0))
    np.fill_diagonal(w, 0)
    A = (p - w / w.sum()) * w
    return torch.from_numpy(4 * (np.diag(A.sum(1)) - A) @ y)


# %% einsum, cdist exercise="tsne_gradient" right=true
import torch


def tsne_gradient(P, Y):
    w = torch.cdist(Y, Y).pow(2).add(1).reciprocal()
    w = w - torch.diag(torch.diag(w))
    force = (P - w / w.sum()) * w
    return 4 * torch.einsum("ij,ijd->id", force, Y.unsqueeze(1) - Y.unsqueeze(0))


# %% scikit-learn's own gradient exercise="tsne_gradient" right=true
import torch
from scipy.spatial.distance import squareform
from sklearn.manifold._t_sne import _kl_divergence


def tsne_gradient(P, Y):
    pairs = squareform(P.double().numpy(), checks=False)
    _, gradient = _kl_divergence(Y.double().numpy().ravel(), pairs, 1, len(Y), 2)
    return torch.from_numpy(gradient.reshape(-1, 2))
