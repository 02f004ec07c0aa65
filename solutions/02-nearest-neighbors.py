# %% [markdown]
# # 02 Nearest neighbours: what does the last layer know of a picture?
#
# ![A motorcycle and a flower with five neighbours each: in pixels brick walls, retinas and cats of like colours, in features five motorcycles and five flowers.](../docs/pictures/02-nearest-neighbors.jpg)
#
# **The question.** A picture is 150 528 numbers, its pixels. Just before its answer, the network
# has turned them into 1280 others. Which of the two lists says what the picture *shows*?
#
# The test is old and plain: take one picture and look up its **nearest neighbours** in a large
# collection, once in pixels and once in those 1280 numbers.
#
# You write two functions: `extract_features`, `nearest_neighbors`. About 50 minutes.
# Lecture: 07:39 to 11:30.

# %%
import torch
import torch.nn.functional as F
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.features import stream_features
from labkit.models import available_models, load_model, random_model
from labkit.optimize import fast

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
control = random_model(seed=0, device=device)  # the same architecture with random weights

# %% [markdown]
# The collection is called the **gallery**. This one needs no network: 23 pictures, and of each eight
# **views**, cut out at a random place and size and mirrored half of the time. The views of one
# picture are a **group**: a good list of numbers has them near each other.

# %%
gallery = data.sample_gallery(size=fast(224, 128))  # 184 views in 23 groups
groups = gallery.groups
pick = [i for i, name in enumerate(groups) if name in ("cat", "motorcycle", "flower", "waves")]
few = [i for i in pick if i % 8 < 5]
plotting.show_images(
    gallery.images[few], [gallery.names[i] for i in few], columns=5, title="Five views of a group"
)

# %% [markdown]
# ## Exercise 1: the feature vector
#
# *Difficulty 3 of 5, importance 5 of 5, 20 minutes.*
#
# A network that classifies ends with a linear layer: its logits are $W \varphi(I) + b$. All the rest
# of the network computes $\varphi(I)$, the **feature vector**, such that a linear classifier can tell
# the classes apart. In the lecture's AlexNet it has 4096 numbers (the layer fc7; Krizhevsky et al.,
# 2012), in ours 1280.
#
# **Goal.** For each image, return the input of the network's last linear layer.
#
# The *last linear layer* is the last `nn.Linear` in the order of `model.modules()`, wherever it
# stands: other linear layers may come before it, it may sit inside a block, and something that is
# not linear may follow it.
#
# | | shape | range |
# |---|---|---|
# | `images` | (N, 3, H, W) | [0, 1] |
# | result | (N, D), D = the layer's `in_features` | any |
#
# Each image gets the vector that it would get alone, as it is (not scaled), for any N, N = 1
# included, and for any H and W that the network takes. Every call is about its own images. The
# images stay as they are, and so does the network: same mode, no hook left behind.
#
# **Predict first.** A linear classifier is trained on half of the views and has to name the group
# of the others, of 23. What share will it get right, on pixels and on features?

# %%
prediction = "..."  # such as "pixels 0.30, features 0.90"

# %% [markdown]
# <details><summary>Hint 1: find the layer</summary>
#
# `[m for m in model.modules() if isinstance(m, ...)]` lists the modules of a kind, in order.
# </details>
# <details><summary>Hint 2: get at what goes in</summary>
#
# Lab 00 took the *output* of a layer with a hook. A **forward pre-hook** sees the input:
# `layer.register_forward_pre_hook(function)` makes the layer call `function(layer, inputs)` each
# time before it computes; `inputs` is a tuple, with the tensor at its front.
# </details>
# <details><summary>Hint 3: the visible check finds a hook that is left</summary>
#
# Registering returns a handle. Call its `remove()` after the forward pass, best in a `finally`, so
# that it happens even if the pass fails.
# </details>
# <details><summary>Hint 4: it works with our network and fails with another</summary>
#
# Leaving out the last child of the network gives the right thing only if that child is the last
# linear layer. Look the layer up instead.
# </details>


# %% nbgrader={"grade_id": "extract_features", "solution": true}
def extract_features(model, images):
    """Return (N, D), what goes into the network's last linear layer."""
    ### BEGIN SOLUTION
    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    found = []
    handle = last.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
    try:
        model(images)
    finally:
        handle.remove()
    return found[0]
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_extract_features", "grade": true}
check("02-nearest-neighbors", extract_features)

# %% [markdown]
# `stream_features` calls your function for a few images at a time, shows how far it is, and keeps
# the result on disk under a name made of its content: change your function, the network or an image,
# and it computes anew. If you got everything right, the last layer makes the network's logits out
# of your features.

# %%
features = stream_features(extract_features, model, gallery.images)
random_features = stream_features(extract_features, control, gallery.images)
if ready(extract_features=features):
    print(f"features: {tuple(features.shape)}")
    with torch.no_grad():
        logits = model(gallery.images[:8].to(device))
        rebuilt = model.classifier(features[:8].to(device))
    logit_error = float((logits - rebuilt).abs().max() / logits.abs().max())
    print(f"W features + b against the logits: largest difference {logit_error:.6f} of a logit")

# %% [markdown]
# The features are made for a linear classifier. Three lists of numbers compete: pixels, shrunk to
# 32 x 32 as in the lecture's example; the features of the *same architecture with random weights*;
# and the features.


# %%
def pixels(images, size=32):
    """Return (N, 3 * size * size), the pixels of the images shrunk to size x size."""
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True).flatten(1)


def linear_accuracy(vectors, groups):
    """Return how often a linear classifier is right that learned from the other half."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    return cross_val_score(classifier, vectors.numpy(), groups, cv=2).mean()


if ready(extract_features=features):
    vectors = {
        "pixels": pixels(gallery.images),
        "random weights": random_features,
        "features": features,
    }
    print(f"You predicted {prediction!r}. Accuracy of a linear classifier (chance 0.04):")
    accuracy = {name: linear_accuracy(v, groups) for name, v in vectors.items()}
    for name, share in accuracy.items():
        print(f"  {name:15} {share:.2f}")

# %% [markdown]
# **Explain what you saw.** The features of the network with *random* weights are no worse than the
# pixels, or better. Where does that come from, and what does training add? (Three to five
# sentences, with the numbers.)

# %% [markdown] nbgrader={"grade_id": "explain_linear", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) The architecture: convolutions look everywhere in the same way and
# the last step averages over all places, so that where something stands matters less; that needs no
# training. (2) Training adds *what* is looked for: the step from random weights to features, with
# numbers. (3) A reservation: views of one picture share their colours and textures, so the task is
# easier than naming what a photo shows; or random weights win little where pictures have nothing
# but their subject in common.

# %% [markdown]
# ## Exercise 2: the nearest neighbours
#
# *Difficulty 2 of 5, importance 4 of 5, 20 minutes.*
#
# **Goal.** For each query, find the k vectors of the gallery that are nearest to it.
#
# Near means a small **Euclidean distance**, the square root included:
#
# $$ d(q, g) = \sqrt{\textstyle\sum_i (q_i - g_i)^2} $$
#
# | | shape | range |
# |---|---|---|
# | `queries` | (Q, D) | any |
# | `gallery` | (N, D) | any |
# | `k` | 1 to N | |
# | result, two tensors | `distances` (Q, k), `indices` (Q, k) | 0 and up; rows of the gallery |
#
# The nearest comes first, and each row of the gallery at most once; equally near ones may come in
# any order. Q = 1 is fine. A query that is itself in the gallery is found, at a distance of 0. The
# vectors are float32; a distance may be off by 1 % of a typical distance between two vectors, even
# if all numbers lie around 4000. Queries and gallery stay as they are.
#
# **Predict first.** Of the five nearest *pixel* neighbours of a view, how many show the same thing?

# %%
prediction = "..."  # 0 to 5

# %% [markdown]
# <details><summary>Hint 1: one query first</summary>
#
# `gallery - query` has shape (N, D), one difference a row; `.norm(dim=1)` makes distances of it.
# A loop over the queries is fine.
# </details>
# <details><summary>Hint 2: the k smallest</summary>
#
# `distances.topk(k, largest=False)` gives values and indices, sorted.
# </details>
# <details><summary>Hint 3: a distance is NaN, or a vector is not at distance 0 of itself</summary>
#
# $|q|^2 + |g|^2 - 2 q \cdot g$ is the squared distance, and fast. In float32 it is the small
# difference of large numbers: most digits cancel, and what is left may be below zero. Subtract
# first, or compute in float64. (`torch.cdist` does it the fast way for more than 25 rows, unless
# its `compute_mode` is `"donot_use_mm_for_euclid_dist"`.)
# </details>


# %% nbgrader={"grade_id": "nearest_neighbors", "solution": true}
def nearest_neighbors(queries, gallery, k):
    """Return distances (Q, k) and indices (Q, k) of each query's nearest vectors, nearest first."""
    ### BEGIN SOLUTION
    nearest = [(gallery - query).norm(dim=1).topk(k, largest=False) for query in queries]
    distances, indices = zip(*nearest, strict=True)
    return torch.stack(distances), torch.stack(indices)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_nearest_neighbors", "grade": true}
check("02-nearest-neighbors", nearest_neighbors)


# %%
def others(vectors, k, which=slice(None)):
    """Return (Q, k) indices of the nearest pictures other than the query itself."""
    _, found = nearest_neighbors(vectors[which], vectors, k + 1)
    queries = torch.arange(len(vectors))[which].tolist()
    rows = zip(queries, found.tolist(), strict=True)
    return torch.tensor([[j for j in row if j != i][:k] for i, row in rows])


def show_neighbors(pictures, names, groups, queries, lists, title):
    """Show five neighbours a row, in each list of numbers; brackets mark another group."""
    shown, titles = [], []
    for i in queries:
        for name, vectors in lists.items():
            row = others(vectors, 5, [i])[0].tolist()
            shown += [i, *row]
            titles += [f"{names[i]}, in {name}:"]
            titles += [names[j] if groups[j] == groups[i] else f"({names[j]})" for j in row]
    return plotting.show_images(pictures[shown], titles, columns=6, title=title)


# %% labkit={"opening": true}
answer = nearest_neighbors(pixels(gallery.images)[:1], pixels(gallery.images), 1)
if ready(extract_features=features, nearest_neighbors=answer):
    print(f"You predicted {prediction!r} of 5.")
    queries = [gallery.names.index(name) for name in ("motorcycle-2", "flower-0")]
    two = {name: vectors[name] for name in ("pixels", "features")}
    title = "Five nearest neighbours; brackets mark another group"
    display(show_neighbors(gallery.images, groups, groups, queries, two, title))

# %% [markdown]
# Two queries prove little. **Precision at k** is the share of the k nearest other pictures that
# belong to the query's own group, averaged over *all* pictures as queries.


# %%
def precision_at_k(vectors, groups, k=5):
    """Return the share of each picture's k nearest others that belong to its own group."""
    number = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    group = torch.tensor([number[name] for name in groups])
    return float((group[others(vectors, k)] == group[:, None]).float().mean())


if ready(extract_features=features, nearest_neighbors=answer):
    precision = {name: precision_at_k(v, groups) for name, v in vectors.items()}
    print(f"precision at 5 over {len(groups)} views (chance 0.04)")
    for name, share in precision.items():
        print(f"  {name:15} {share:.2f}")

# %% [markdown]
# ### What may change, and what may not
#
# The lecture's elephant stands on the left, its neighbours' elephants on the right, in other
# colours. Which changes does each list of numbers forgive? We change every photo in one respect and
# ask: is the photo itself the nearest in the gallery of originals? And how far away has the copy
# moved, in units of the mean distance between two photos?


# %%
def changed_copies(images):
    """Return {what was changed: (N, 3, H, W)}."""
    H, W = images.shape[2:]
    inner = images[..., H // 5 : -H // 5, W // 5 : -W // 5]
    return {
        "mirrored": images.flip(-1),
        "shifted": F.pad(images, (W // 5, 0, H // 5, 0), mode="reflect")[..., :H, :W],
        "recoloured": images[:, [2, 0, 1]],  # red, green and blue change places
        "cropped": F.interpolate(inner, (H, W), mode="bilinear", antialias=True).clamp(0, 1),
        "upside down": images.flip(-2),
    }


photos = data.photos(size=fast(224, 128))
copies = changed_copies(photos)
show = torch.cat([photos[:1], *(copy[:1] for copy in copies.values())])
plotting.show_images(show, ["original", *copies], columns=6, title="One photo, five copies")


# %%
def found_again(encode):
    """Return {change: (share of copies whose nearest photo is their own, relative distance)}."""
    originals, own = encode(photos), torch.arange(len(photos))
    between, _ = nearest_neighbors(originals, originals, len(photos))
    typical = between.sum() / (between > 0).sum()  # leaves out a photo's distance to itself
    rows = {}
    for change, images in copies.items():
        moved = encode(images)
        _, nearest = nearest_neighbors(moved, originals, 1)
        distance = (moved - originals).norm(dim=1).mean() / typical
        rows[change] = (float((nearest[:, 0] == own).float().mean()), float(distance))
    return rows


def encoder(network):
    """Return a function from images to the network's features."""
    return lambda images: stream_features(extract_features, network, images, progress=False)


if ready(extract_features=features, nearest_neighbors=answer):
    encoders = {"pixels": pixels, "random weights": encoder(control), "features": encoder(model)}
    again = {name: found_again(encode) for name, encode in encoders.items()}
    print(f"found (relative distance)  {'':2}" + "".join(f"{name:>18}" for name in again))
    for change in copies:
        cells = [f"{rows[change][0]:.2f} ({rows[change][1]:.2f})" for rows in again.values()]
        print(f"  {change:26}" + "".join(f"{cell:>18}" for cell in cells))

# %% [markdown]
# ### Turn the knobs
#
# A query of your choice, or a photo of your own: which five views of the gallery are nearest to it?
# Take a photo of something that the gallery holds (a cup, a face, a wall), and guess first.

# %%
from labkit import widgets


def draw_neighbors(photo, numbers):
    """Return a photo and its five nearest views of the gallery, in one list of numbers."""
    distances, found = nearest_neighbors(encoders[numbers](photo), vectors[numbers], 5)
    row = found[0].tolist()
    titles = [
        "query",
        *(f"{gallery.names[j]}: {d:.1f}" for j, d in zip(row, distances[0], strict=True)),
    ]
    return plotting.show_images([photo[0], *gallery.images[row]], titles, columns=6)


if ready(extract_features=features, nearest_neighbors=answer):
    queries = widgets.photo(dict(zip(data.photo_names(), photos.split(1), strict=True)))
    names_of_lists = ["features", "pixels", "random weights"]
    display(widgets.explore(draw_neighbors, photo=queries, numbers=names_of_lists))

# %% [markdown]
# **Is your friend right?** "Features find every mirrored, shifted and recoloured copy. So they have
# thrown away place and colour, and keep only *what* is shown." (Three to five sentences, with two
# numbers of the table.)

# %% [markdown] nbgrader={"grade_id": "explain_copies", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Half right: place and colour matter so much less that the copy stays
# nearer than any other photo; pixels lose it, with numbers. (2) Nothing is thrown away entirely: the
# relative distances are not 0, and differ (a mirror image costs little, other colours or upside down
# cost more). (3) Why: a mirrored photo is of the same class in training, upside down hardly ever
# occurs there, and colour belongs to what some classes are (a lemon); or: random weights also forgive
# some of it, so part is the architecture.

# %% [markdown]
# ## The lecture's own test
#
# Views of one picture are an easy test. The lecture's was harder: *other* photos of the same kind.
# The next cells need pictures or weights that a download brings once; without them they say so, and
# the rest of the lab stands without them. The gallery holds one ImageNet photo a class, so no second
# jack-o'-lantern can turn up; its groups are kinds such as *dog* or *boat*. We add a fourth list:
# features scaled to length 1, since a vector that is short is near to everything.

# %%
limit = fast(254, 102)
photo_precision = {}
if not data.gallery_available(limit=limit):
    print("The photo gallery is not on this computer and cannot be fetched: left out.")
elif ready(extract_features=features, nearest_neighbors=answer):
    real = data.gallery(limit=limit)
    mine = stream_features(extract_features, model, real.images)
    photo_vectors = {
        "pixels": pixels(real.images),
        "random weights": stream_features(extract_features, control, real.images),
        "features": mine,
        "of length 1": F.normalize(mine),
    }
    print(f"{len(real.images)} photos in {len(set(real.groups))} groups (chance about 0.06)")
    print("                 precision at 5   linear classifier")
    for name, v in photo_vectors.items():
        photo_precision[name] = precision_at_k(v, real.groups), linear_accuracy(v, real.groups)
        print(f"  {name:15} {photo_precision[name][0]:13.2f} {photo_precision[name][1]:18.2f}")

# %%
if photo_precision:
    wanted = ("tusker", "jack-o'-lantern", "golden_retriever")
    queries = [i for i, name in enumerate(real.names) if name.endswith(wanted)] or [0, 1]
    short = [name.split("_", 1)[1].replace("_", " ") for name in real.names]
    two = {"pixels": photo_vectors["pixels"], "features": photo_vectors["of length 1"]}
    title = "Photos of other classes (features of length 1); brackets mark another group"
    display(show_neighbors(real.images, short, real.groups, queries, two, title))

# %% [markdown]
# And the lecture's networks, on our gallery of views: the same function, other networks.

# %%
lecture = ("alexnet", "resnet18", "densenet121")
here = [name for name in lecture if name in available_models()]
if ready(extract_features=features, nearest_neighbors=answer):
    for name in here:
        networks = load_model(name, device=device), random_model(name, device=device)
        theirs = [stream_features(extract_features, m, gallery.images) for m in networks]
        shares = [precision_at_k(v, groups) for v in theirs]
        print(f"{name}: {theirs[0].shape[1]} features, precision at 5 {shares[0]:.2f}", end=", ")
        print(f"with random weights {shares[1]:.2f}")
    print("left out, no weights on this computer:", ", ".join(set(lecture) - set(here)) or "none")

# %% [markdown]
# **Explain what you saw.** Pick a row of neighbours anywhere above that is *wrong* in features. What
# do query and neighbour have in common, and what does this say about the numbers that the network
# keeps? If there is none, say what kind of gallery would make the features fail, and why. (Three to
# five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_failure", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) A concrete pair, or a concrete gallery (two breeds that the network
# confuses, textures that belong to no class, faces of different people). (2) What they share: a
# texture, a background, a pose, a part; seen in the picture and not asserted. (3) The conclusion: the
# features keep what helps to tell *ImageNet's classes* apart and may drop the rest; nearness is
# nearness for that task.

# %% [markdown]
# ## What to keep, and the limits
#
# - A trained network maps a picture to a vector in which a linear classifier, or a ruler, finds what
#   the picture shows. In pixels the ruler finds the same colours at the same places.
# - Part of it is architecture: random weights forgive some changes, too. The control says how much.
# - Neighbours tell *that* two pictures look alike to the network, not *why*. Labs 04 to 08 ask why.
# - Euclidean distance is a choice. High-dimensional vectors have hubs, pictures that are near to
#   everything; the length of the vector matters, as the photo gallery shows.
#
# ## Try it yourself
#
# - Smaller pixels are better pixels: `pixels(images, size=8)`. Where does it stop to help, and why?
# - Features from an earlier layer: `labkit.hooks.activations(model, images, "blocks.2.1")`, averaged
#   over the places. Which changes does it forgive?
# - A photo of your own in the folder `my-photos`: which of the 184 views is nearest to it?
