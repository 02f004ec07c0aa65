"""What students answer in lab 02: common mistakes, and unusual ways that are right.

Each cell is one answer. `fails` names the hidden checks that it fails, the one whose message comes
first in front (`all`: every check of the exercise); `says` is a part of the first message that the student reads.
"""

# %% [markdown]
# # extract_features: mistakes

# %% The logits, the layer's output exercise="extract_features" fails="input_not_output embedded_network" says="these are the logits"
def extract_features(model, images):
    return model(images).detach()


# %% The output of the hook instead of its input exercise="extract_features" fails="input_not_output embedded_network model_unchanged" says="these are the logits"
import torch


def extract_features(model, images):
    found = []
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            last = module
    last.register_forward_hook(lambda module, inputs, output: found.append(output))
    model(images)
    return found[-1]


# %% Probabilities exercise="extract_features" fails="all" says="these are probabilities"
def extract_features(model, images):
    return model(images).softmax(dim=1)


# %% The input of the first linear layer exercise="extract_features" fails="last_of_several wherever_it_stands" says="first of three linear layers"
import torch


def extract_features(model, images):
    found = []
    first = next(m for m in model.modules() if isinstance(m, torch.nn.Linear))
    handle = first.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return found[0]


# %% The output of the linear layer before the last exercise="extract_features" fails="input_not_output each_call one_image several_images last_of_several wherever_it_stands image_size as_it_is embedded_network images_unchanged model_unchanged" says="IndexError"
import torch
from labkit.hooks import activations


def extract_features(model, images):
    names = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)]
    return activations(model, images, names[-2])[names[-2]]


# %% All children but the last exercise="extract_features" fails="wherever_it_stands" says="last *child* of the network"
import torch


def extract_features(model, images):
    body = torch.nn.Sequential(*list(model.children())[:-1])
    return body(images)


# %% The name of the embedded network's layer stands in the code exercise="extract_features" fails="input_not_output each_call one_image several_images last_of_several wherever_it_stands image_size as_it_is images_unchanged model_unchanged" says="no layer 'global_pool'"
from labkit.hooks import activations


def extract_features(model, images):
    return activations(model, images, "global_pool")["global_pool"]


# %% The maps before the average over the places exercise="extract_features" fails="input_not_output each_call one_image several_images image_size as_it_is embedded_network images_unchanged model_unchanged" says="maps with places"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.ReLU | torch.nn.ReLU6)][-1]
    handle = last.register_forward_hook(lambda module, inputs, output: found.append(output))
    model(images)
    handle.remove()
    return found[0]


# %% squeeze() drops the first axis of a single image exercise="extract_features" fails="one_image" says="`squeeze()`"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return found[0].squeeze()


# %% Only the first image exercise="extract_features" fails="all" says="should have shape"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return found[0][0]


# %% A loop that keeps the last image's vector exercise="extract_features" fails="several_images" says="the vector of the last one"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    for image in images:
        handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
        model(image[None])
        handle.remove()
    return found[-1].expand(len(images), -1)


# %% Averaged over the images exercise="extract_features" fails="several_images" says="the mean over the images"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return found[0].mean(dim=0, keepdim=True).repeat(len(images), 1)


# %% A list outside the function keeps the first call exercise="extract_features" fails="each_call one_image several_images last_of_several wherever_it_stands image_size as_it_is embedded_network images_unchanged model_unchanged" says="a second call gives what the first one gave"
import torch

found = []


def extract_features(model, images):
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return found[0]


# %% The hook stays on the network exercise="extract_features" fails="model_unchanged" says="a hook is still registered"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    return found[-1]


# %% The last layer is replaced for good exercise="extract_features" fails="model_unchanged" says="a layer is replaced"
import torch


def extract_features(model, images):
    name, last = [(n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)][-1]
    parent, _, child = name.rpartition(".")
    found = []

    class Keep(torch.nn.Identity):
        def forward(self, x):
            found.append(x)
            return last(x)

    setattr(model.get_submodule(parent), child, Keep())
    model(images)
    return found[0]


# %% The network is left in training mode exercise="extract_features" fails="model_unchanged" says="its mode changed"
import torch


def extract_features(model, images):
    model.train()
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return found[0]


# %% Scaled to length 1 exercise="extract_features" fails="as_it_is" says="the vector has length 1"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return torch.nn.functional.normalize(found[0])


# %% The images are shifted in place and shifted back wrongly exercise="extract_features" fails="images_unchanged" says="changed in place"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    images -= images.mean(dim=(2, 3), keepdim=True)
    return found[0]


# %% Normalized once more than the network does exercise="extract_features" fails="all" says="not what the last linear layer is given"
import torch


def extract_features(model, images):
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model((images - 0.5) / 0.5)
    handle.remove()
    return found[0]


# %% Every image is made 224 x 224 first exercise="extract_features" fails="all" says="not what the last linear layer is given"
import torch


def extract_features(model, images):
    images = torch.nn.functional.interpolate(images, (224, 224), mode="bilinear")
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return found[0]


# %% Tall images are turned exercise="extract_features" fails="input_not_output each_call one_image several_images last_of_several wherever_it_stands image_size as_it_is images_unchanged model_unchanged" says="not what the last linear layer is given"
import torch


def extract_features(model, images):
    if images.shape[2] > images.shape[3]:
        images = images.transpose(2, 3)
    found = []
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
    model(images)
    handle.remove()
    return found[0]


# %% A stub that returns its input exercise="extract_features" fails="all" says="not answered yet"
def extract_features(model, images):
    return images


# %% No return exercise="extract_features" fails="all" says="returns None"
def extract_features(model, images):
    model(images)

# %% [markdown]
# # extract_features: unusual and right

# %% A forward hook, whose second argument is the input exercise="extract_features" right=true
import torch


def extract_features(model, images):
    features = {}

    def keep(module, inputs, output):
        features["last"] = inputs[0].clone()

    *_, layer = (m for m in model.modules() if isinstance(m, torch.nn.Linear))
    with torch.no_grad():
        handle = layer.register_forward_hook(keep)
        model(images)
        handle.remove()
    return features["last"]


# %% A copy of the network that ends in an identity exercise="extract_features" right=true
import copy

import torch


def extract_features(model, images):
    model = copy.deepcopy(model)
    name = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)][-1]
    kept = []

    class Keep(torch.nn.Module):
        def forward(self, x):
            kept.append(x)
            return self.layer(x)

    keep = Keep()
    keep.layer = model.get_submodule(name)
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, keep)
    with torch.inference_mode():
        model(images)
    return kept[0]


# %% One image at a time, as NumPy, float64 exercise="extract_features" right=true
import numpy as np
import torch


def extract_features(model, images):
    layer = [m for m in model.modules() if type(m) is torch.nn.Linear][-1]
    rows = []
    for i in range(images.shape[0]):
        handle = layer.register_forward_pre_hook(lambda _, x: rows.append(x[0].detach().numpy()))
        model(images[i : i + 1])
        handle.remove()
    return np.concatenate(rows).astype(np.float64)


# %% The pass is ended by an exception exercise="extract_features" right=true
import torch


class Enough(Exception):
    pass


def extract_features(model, images):
    layer = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]

    def stop(module, inputs):
        raise Enough(inputs[0])

    handle = layer.register_forward_pre_hook(stop)
    try:
        model(images)
    except Enough as enough:
        return enough.args[0]
    finally:
        handle.remove()


# %% The layer's forward method is exchanged for a moment exercise="extract_features" right=true
import torch


def extract_features(model, images):
    layer = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
    seen = []
    original = layer.forward
    layer.forward = lambda x: (seen.append(x), original(x))[1]
    try:
        model(images)
    finally:
        del layer.forward
    return seen[0]

# %% [markdown]
# # nearest_neighbors: mistakes

# %% The farthest instead of the nearest exercise="nearest_neighbors" fails="nearest_first distances_then_indices one_query each_query from_one_to_all query_in_gallery far_from_zero ties inputs_unchanged" may="euclidean" says="farthest away"
import torch


def nearest_neighbors(queries, gallery, k):
    distances, indices = (queries[:, None] - gallery).norm(dim=2).topk(k)
    return distances, indices


# %% Squared distances exercise="nearest_neighbors" fails="euclidean" says="squared: take the root"
def nearest_neighbors(queries, gallery, k):
    squared = (queries[:, None] - gallery[None]).pow(2).sum(dim=2)
    return squared.topk(k, largest=False)


# %% The city-block distance exercise="nearest_neighbors" fails="euclidean" says="city-block"
import torch


def nearest_neighbors(queries, gallery, k):
    return torch.cdist(queries, gallery, p=1).topk(k, largest=False)


# %% The mean over the numbers instead of the sum exercise="nearest_neighbors" fails="euclidean" says="means over the D numbers"
def nearest_neighbors(queries, gallery, k):
    distances = (queries[:, None] - gallery).pow(2).mean(dim=-1).sqrt()
    return distances.topk(k, largest=False)


# %% The cosine distance exercise="nearest_neighbors" fails="euclidean far_from_zero" says="cosine distance"
import torch.nn.functional as F


def nearest_neighbors(queries, gallery, k):
    distances = 1 - F.normalize(queries) @ F.normalize(gallery).T
    return distances.topk(k, largest=False)


# %% The vectors are scaled to length 1 first exercise="nearest_neighbors" fails="euclidean far_from_zero" says="scaled to length 1 first"
import torch
import torch.nn.functional as F


def nearest_neighbors(queries, gallery, k):
    distances = torch.cdist(F.normalize(queries), F.normalize(gallery))
    return distances.topk(k, largest=False)


# %% The largest inner product exercise="nearest_neighbors" fails="nearest_first euclidean query_in_gallery far_from_zero" says="their distances are not"
def nearest_neighbors(queries, gallery, k):
    products = queries @ gallery.T
    return products.topk(k)


# %% The nearest first, without sorting exercise="nearest_neighbors" fails="nearest_first" says="not sorted"
import torch


def nearest_neighbors(queries, gallery, k):
    distances = (queries[:, None] - gallery).norm(dim=2)
    indices = distances.argsort(dim=1)[:, :k].flip(1)
    return distances.gather(1, indices), indices


# %% Distances of the first k rows beside the nearest rows exercise="nearest_neighbors" fails="nearest_first query_in_gallery" says="their distances are not"
import torch


def nearest_neighbors(queries, gallery, k):
    distances = (queries[:, None] - gallery).norm(dim=2)
    return distances[:, :k], distances.argsort(dim=1)[:, :k]


# %% The nearest is left out exercise="nearest_neighbors" fails="nearest_first euclidean one_query each_query from_one_to_all query_in_gallery far_from_zero ties distances_then_indices inputs_unchanged" says="left out, as if it were the query"
import torch


def nearest_neighbors(queries, gallery, k):
    distances = (queries[:, None] - gallery).norm(dim=2)
    order = distances.argsort(dim=1)[:, 1 : k + 1]
    return distances.gather(1, order), order


# %% The query itself is left out where it is in the gallery exercise="nearest_neighbors" fails="query_in_gallery" says="neither to be left out"
import torch


def nearest_neighbors(queries, gallery, k):
    distances = torch.cdist(queries, gallery, compute_mode="donot_use_mm_for_euclid_dist")
    distances[distances == 0] = float("inf")
    return distances.topk(k, largest=False)


# %% Indices first exercise="nearest_neighbors" fails="distances_then_indices" says="the indices come first"
import torch


def nearest_neighbors(queries, gallery, k):
    distances, indices = (queries[:, None] - gallery).norm(dim=2).topk(k, largest=False)
    return indices, distances


# %% Only the indices exercise="nearest_neighbors" fails="all" says="two tensors"
import torch


def nearest_neighbors(queries, gallery, k):
    return (queries[:, None] - gallery).norm(dim=2).topk(k, largest=False).indices


# %% The first axis of a single query is dropped exercise="nearest_neighbors" fails="one_query" says="`squeeze()`"
import torch


def nearest_neighbors(queries, gallery, k):
    distances = (queries.unsqueeze(1) - gallery).norm(dim=2).squeeze()
    return torch.topk(distances, k, largest=False)


# %% The last axis is dropped for a single neighbour exercise="nearest_neighbors" fails="from_one_to_all" says="k = 1 fails"
import torch


def nearest_neighbors(queries, gallery, k):
    distances, indices = (queries[:, None] - gallery).norm(dim=2).topk(k, largest=False)
    return distances.squeeze(-1), indices.squeeze(-1)


# %% k and one more, for the query exercise="nearest_neighbors" fails="nearest_first distances_then_indices one_query each_query from_one_to_all query_in_gallery far_from_zero ties inputs_unchanged euclidean" says="should have shape"
import torch


def nearest_neighbors(queries, gallery, k):
    distances, indices = (queries[:, None] - gallery).norm(dim=2).sort(dim=1)
    return distances[:, : k + 1], indices[:, : k + 1]


# %% Five neighbours, whatever k is exercise="nearest_neighbors" fails="all" says="should have shape (2, 200), and has (2, 5)"
import torch


def nearest_neighbors(queries, gallery, k=5):
    return (queries[:, None] - gallery).norm(dim=2).topk(min(5, len(gallery)), largest=False)


# %% Sorted along the queries exercise="nearest_neighbors" fails="nearest_first distances_then_indices one_query each_query from_one_to_all query_in_gallery far_from_zero ties inputs_unchanged euclidean" says="should have shape"
import torch


def nearest_neighbors(queries, gallery, k):
    distances, indices = (queries[:, None] - gallery).norm(dim=2).sort(dim=0)
    return distances[:k], indices[:k]


# %% All queries get the neighbours of the first exercise="nearest_neighbors" fails="each_query query_in_gallery" says="of the first one"
def nearest_neighbors(queries, gallery, k):
    distances, indices = (gallery - queries[0]).norm(dim=1).topk(k, largest=False)
    return distances.repeat(len(queries), 1), indices.repeat(len(queries), 1)


# %% The queries are averaged exercise="nearest_neighbors" fails="each_query query_in_gallery" says="other rows than alone"
def nearest_neighbors(queries, gallery, k):
    distances, indices = (gallery - queries.mean(dim=0)).norm(dim=1).topk(k, largest=False)
    return distances.repeat(len(queries), 1), indices.repeat(len(queries), 1)


# %% The expanded formula in float32: NaN exercise="nearest_neighbors" fails="query_in_gallery far_from_zero" says="lost as NaN"
def nearest_neighbors(queries, gallery, k):
    a, b = queries.pow(2).sum(1), gallery.pow(2).sum(1)
    distances = (a[:, None] + b - 2 * queries @ gallery.T).sqrt()
    return distances.sort(dim=1).values[:, :k], distances.argsort(dim=1)[:, :k]


# %% The expanded formula, clamped exercise="nearest_neighbors" fails="far_from_zero" says="loses its digits"
def nearest_neighbors(queries, gallery, k):
    a, b = queries.pow(2).sum(1), gallery.pow(2).sum(1)
    distances = (a[:, None] + b - 2 * queries @ gallery.T).clamp(min=0).sqrt()
    return distances.topk(k, largest=False)


# %% Half precision exercise="nearest_neighbors" fails="far_from_zero" says="get other distances"
import torch


def nearest_neighbors(queries, gallery, k):
    apart = queries.half()[:, None] - gallery.half()
    return apart.float().norm(dim=2).topk(k, largest=False)


# %% Equal distances are looked up again exercise="nearest_neighbors" fails="ties" says="listed twice"
import torch


def nearest_neighbors(queries, gallery, k):
    distances, rows = [], []
    for query in queries:
        d = (gallery - query).norm(dim=1).tolist()
        best = sorted(d)[:k]
        distances.append(best)
        rows.append([d.index(value) for value in best])
    return torch.tensor(distances), torch.tensor(rows)


# %% Equal rows overwrite each other in a dictionary exercise="nearest_neighbors" fails="ties" says="where rows are equal"
import torch


def nearest_neighbors(queries, gallery, k):
    distances, rows = [], []
    for query in queries:
        by_distance = {float(d): i for i, d in enumerate((gallery - query).norm(dim=1))}
        best = sorted(by_distance)[:k]
        distances.append(best)
        rows.append([by_distance[d] for d in best])
    return torch.tensor(distances), torch.tensor(rows)


# %% The gallery is shifted in place exercise="nearest_neighbors" fails="inputs_unchanged" says="changed in place"
import torch


def nearest_neighbors(queries, gallery, k):
    center = gallery.mean(dim=0)
    gallery -= center
    queries -= center
    return (queries[:, None] - gallery).norm(dim=2).topk(k, largest=False)


# %% Random rows exercise="nearest_neighbors" fails="all" says="not the rows nearest"
import torch


def nearest_neighbors(queries, gallery, k):
    generator = torch.Generator().manual_seed(0)
    rows = torch.stack([torch.randperm(len(gallery), generator=generator)[:k] for _ in queries])
    return torch.rand(rows.shape, generator=generator).sort(dim=1).values, rows


# %% A stub that returns its input exercise="nearest_neighbors" fails="all" says="not answered yet"
def nearest_neighbors(queries, gallery, k):
    return queries, gallery


# %% No return exercise="nearest_neighbors" fails="all" says="returns None"
def nearest_neighbors(queries, gallery, k):
    (gallery - queries[0]).norm(dim=1).topk(k)


# %% Ranked by the cosine, with Euclidean distances exercise="nearest_neighbors" fails="euclidean" may="far_from_zero" says="rank the rows by the distance"
import torch
import torch.nn.functional as F


def nearest_neighbors(queries, gallery, k):
    indices = (F.normalize(queries) @ F.normalize(gallery).T).topk(k).indices
    return (queries[:, None] - gallery[indices]).norm(dim=2), indices


# %% The k smallest in no order exercise="nearest_neighbors" fails="nearest_first" says="they are not sorted"
import torch


def nearest_neighbors(queries, gallery, k):
    distances = (queries[:, None] - gallery).norm(dim=2)
    return distances.topk(k, largest=False, sorted=False)


# %% The first column is the query itself, where all are queries exercise="nearest_neighbors" fails="query_in_gallery" says="neither to be left out"
import torch


def nearest_neighbors(queries, gallery, k):
    distances = (queries[:, None] - gallery).norm(dim=2)
    if queries.shape == gallery.shape:
        distances.fill_diagonal_(torch.inf)
    return distances.topk(k, largest=False)

# %% [markdown]
# # nearest_neighbors: unusual and right

# %% cdist and topk exercise="nearest_neighbors" right=true
import torch


def nearest_neighbors(queries, gallery, k):
    return torch.cdist(queries, gallery).topk(k, dim=1, largest=False)


# %% cdist that must not multiply, and topk exercise="nearest_neighbors" right=true
import torch


def nearest_neighbors(queries, gallery, k):
    distances = torch.cdist(queries, gallery, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.topk(k, dim=1, largest=False)


# %% The expanded formula in float64 exercise="nearest_neighbors" right=true
def nearest_neighbors(queries, gallery, k):
    q, g = queries.double(), gallery.double()
    squared = (q**2).sum(1, keepdim=True) + (g**2).sum(1) - 2 * q @ g.T
    distances, indices = squared.clamp(min=0).sqrt().sort(dim=1)
    return distances[:, :k], indices[:, :k]


# %% Python lists, and the last of equal rows first exercise="nearest_neighbors" right=true
def nearest_neighbors(queries, gallery, k):
    distances, indices = [], []
    for query in queries.tolist():
        pairs = [
            (sum((a - b) ** 2 for a, b in zip(query, row)) ** 0.5, -i)
            for i, row in enumerate(gallery.tolist())
        ]
        best = sorted(pairs)[:k]
        distances.append([d for d, _ in best])
        indices.append([-i for _, i in best])
    return [distances, indices]


# %% NumPy, with argpartition exercise="nearest_neighbors" right=true
import numpy as np


def nearest_neighbors(queries, gallery, k):
    q, g = queries.numpy(), gallery.numpy()
    all_distances = np.linalg.norm(q[:, None] - g[None], axis=-1)
    indices = np.argpartition(all_distances, k - 1, axis=1)[:, :k]
    distances = np.take_along_axis(all_distances, indices, axis=1)
    order = np.argsort(distances, axis=1)
    return np.take_along_axis(distances, order, 1), np.take_along_axis(indices, order, 1)


# %% scikit-learn exercise="nearest_neighbors" right=true
def nearest_neighbors(queries, gallery, k):
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=k).fit(gallery.numpy()).kneighbors(queries.numpy())


# %% k times the minimum, int32 indices exercise="nearest_neighbors" right=true
import torch


def nearest_neighbors(queries, gallery, k):
    remaining = torch.stack([((gallery - q) ** 2).sum(1).sqrt() for q in queries])
    distances, indices = [], []
    for _ in range(k):
        value, index = remaining.min(dim=1)
        distances.append(value)
        indices.append(index)
        remaining[torch.arange(len(queries)), index] = float("inf")
    return torch.stack(distances, dim=1), torch.stack(indices, dim=1).int()


# %% SciPy's tree of the gallery exercise="nearest_neighbors" right=true
import torch
from scipy.spatial import cKDTree


def nearest_neighbors(queries, gallery, k):
    distances, indices = cKDTree(gallery.numpy()).query(queries.numpy(), k=list(range(1, k + 1)))
    return torch.from_numpy(distances), torch.from_numpy(indices)
