# %% [markdown]
# # 03 Embedding maps: what lies near what?
#
# ![540 handwritten digits, each pasted at its place on a map: ten islands, one a digit, with a few strays.](../docs/pictures/03-embedding-maps.jpg)
#
# **The question.** A network describes a picture by a list of numbers, its **feature vector**. Lab 02
# looked up neighbours one query at a time. What does the whole space of vectors look like?
#
# Nobody can look at 64 dimensions. So we lay the pictures out on a plane, neighbours near each other:
# an **embedding map**. First with straight lines (PCA), then with t-SNE, which you write yourself.
#
# You write four functions: `pca`, `paste_on_map`, `perplexity_affinities`, `tsne_gradient`. About 75
# minutes. Lecture: 12:17 to 17:00.

# %%
from pathlib import Path

import torch
import torch.nn.functional as F
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.features import stream_features
from labkit.images import resize, save_image
from labkit.models import load_model, random_model
from labkit.optimize import fast
from labkit.zoom import zoomable

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% [markdown]
# ## Digits, as in the lecture
#
# The network `digits` tells handwritten digits apart. Its last layer but one gives 64 numbers a
# picture. We compare three descriptions of the 540 test digits, which the network has never seen: its
# **features**, those of the same architecture with **random weights**, and the **pixels** themselves.

# %%
images, labels = data.digits("test")  # (540, 3, 32, 32), (540,)
vectors = {}
for name, network in (
    ("features", load_model("digits", device=device)),
    ("random weights", random_model("digits", seed=0, device=device)),
):
    with torch.no_grad():
        vectors[name] = network[:-1](images.to(device)).cpu()  # all but the last linear layer
vectors["pixels"] = images[:, 0].flatten(1)  # the three channels are equal
for name, x in vectors.items():
    print(f"{name:15} {tuple(x.shape)}")

# %% [markdown]
# ## Exercise 1: principal components
#
# *Difficulty 2 of 5, importance 4 of 5, 15 minutes.*
#
# **Goal.** Project the vectors on the k directions along which they vary most.
#
# With the mean vector $\mu$ subtracted, direction $v_1$ of length 1 is the one with the largest
# variance of the projections $(x_n - \mu) \cdot v_1$; $v_2$ is the best one at right angles to it,
# and so on (Pearson, 1901). They are the right singular vectors of the centred matrix, and the
# eigenvectors of its covariance matrix.
#
# $$ y_n = \big( (x_n - \mu) \cdot v_1, \dots, (x_n - \mu) \cdot v_k \big) $$
#
# | | shape | range |
# |---|---|---|
# | `features` | (N, D), N < D or N > D | any |
# | `k` | 1 to min(N, D) | |
# | result | (N, k), largest variance first | any |
#
# The sign of each column is free: $-v$ is as good as $v$. The projections are as they are, not
# scaled, and so are the features beforehand. The features stay unchanged.
#
# **Predict first.** Which of the three descriptions keeps the largest share of its variance in two
# dimensions? And which will show ten groups best?

# %%
prediction = "..."  # such as "variance: pixels; groups: features"

# %% [markdown]
# <details><summary>Hint 1: which mean?</summary>
#
# The mean vector has D numbers, one a feature: an average over the rows.
# </details>
# <details><summary>Hint 2: where are the directions?</summary>
#
# `torch.linalg.svd(centred, full_matrices=False)` returns U, S and Vh with the largest singular value
# first. The *rows* of Vh are the directions.
# </details>
# <details><summary>Hint 3: I took `torch.linalg.eigh`, and the map is a blob.</summary>
#
# `eigh` sorts the eigenvalues in ascending order: the directions you want come last.
# </details>


# %% nbgrader={"grade_id": "pca", "solution": true}
def pca(features, k):
    """Return (N, k), the projections of the centred vectors on their k principal directions."""
    ### BEGIN SOLUTION
    centred = features - features.mean(dim=0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)  # (min(N, D), D)
    return centred @ directions[:k].T
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_pca", "grade": true}
check("03-embedding-maps", pca)


# %% [markdown]
# **Variance kept** is the variance of the projections as a share of all variance. The control is a
# plane through two random directions.


# %%
def variance_kept(projections, features):
    """Return the share of the variance of the features that the projections have."""
    return float(projections.var(dim=0).sum() / features.var(dim=0).sum())


def random_plane(features, seed=0):
    """Return (N, 2), the projections on two random directions at right angles."""
    generator = torch.Generator().manual_seed(seed)
    directions, _ = torch.linalg.qr(torch.randn(features.shape[1], 2, generator=generator))
    return (features - features.mean(dim=0)) @ directions


planes = {name: pca(x.clone(), 2) for name, x in vectors.items()}
if ready(pca=planes["features"]):
    kept = {
        name: (variance_kept(planes[name], x), variance_kept(random_plane(x), x))
        for name, x in vectors.items()
    }
    print(f"You predicted {prediction!r}.\nvariance kept: principal plane | random plane")
    for name, (principal, control) in kept.items():
        print(f"  {name:15} {principal:12.2f} | {control:.3f}")

# %% [markdown]
# The random weights keep the most. Keep that in mind until you see the maps.
#
# ## Exercise 2: each picture at its place
#
# *Difficulty 2 of 5, importance 3 of 5, 15 minutes.*
#
# **Goal.** Paste each thumbnail on a white square, at its coordinates: x to the right, y **up**.
#
# - **One scale for both axes**, the largest with which every thumbnail lies inside the picture as a
#   whole. So a distance on the map means the same in every direction, and along at least one axis the
#   outermost thumbnails touch the border.
# - The middle of the coordinates' bounding box comes to the middle of the picture. With thumbnails of
#   h x w pixels, ranges $x_0$ to $x_1$ and $y_0$ to $y_1$, and $S$ = `size`:
#
# $$ s = \min\left(\frac{S - w}{x_1 - x_0}, \frac{S - h}{y_1 - y_0}\right), \quad
# \text{left} = \frac{S - w}{2} + s \left(x - \frac{x_0 + x_1}{2}\right), \quad
# \text{top} = \frac{S - h}{2} - s \left(y - \frac{y_0 + y_1}{2}\right) $$
#
# - Round as you like: one pixel off is fine, outside the picture is not.
# - An axis without range does not limit $s$. If all coordinates are equal (N = 1 included), the
#   thumbnails come to the middle.
# - Later thumbnails lie on top of earlier ones. What no thumbnail covers is white, 1.
#
# | | shape | range |
# |---|---|---|
# | `coordinates` | (N, 2), columns x and y | any |
# | `thumbnails` | (N, 3, h, w) | [0, 1] |
# | `size` | at least h and w | |
# | result | (3, size, size) | [0, 1] |
#
# Coordinates and thumbnails stay unchanged.

# %% [markdown]
# <details><summary>Hint 1: the map is upside down, or mirrored at its diagonal</summary>
#
# An image's first axis is the row, which grows downwards. x decides the column, y the row, with a
# minus sign.
# </details>
# <details><summary>Hint 2: a thumbnail at the border does not fit</summary>
#
# The formulas give the *top left corner*. It moves in a square of (S - h) x (S - w), so a thumbnail
# that starts there ends inside.
# </details>


# %% nbgrader={"grade_id": "paste_on_map", "solution": true}
def paste_on_map(coordinates, thumbnails, size):
    """Return (3, size, size), white, with each thumbnail at its place: x right, y up."""
    ### BEGIN SOLUTION
    h, w = thumbnails.shape[2:]
    low, high = coordinates.amin(dim=0), coordinates.amax(dim=0)
    spans = list(zip((size - w, size - h), (high - low).tolist(), strict=True))
    scale = min((room / span for room, span in spans if span > 0), default=0.0)
    offsets = scale * (coordinates - (low + high) / 2)
    picture = torch.ones(3, size, size)
    for (x, y), thumbnail in zip(offsets.tolist(), thumbnails, strict=True):
        top, left = round((size - h) / 2 - y), round((size - w) / 2 + x)
        picture[:, top : top + h, left : left + w] = thumbnail
    return picture
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_paste_on_map", "grade": true}
check("03-embedding-maps", paste_on_map)

# %% [markdown]
# Each class gets a colour, so that groups can be seen before the digits can be read.

# %%
PALETTE = torch.tensor(  # who cannot tell the ten colours apart reads the digits
    [
        *([0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0]),
        *([86, 180, 233], [90, 90, 90], [120, 60, 20], [150, 160, 0], [100, 60, 160]),
    ]
).div(255)
strokes = resize(images, 12)[:, :1]  # (540, 1, 12, 12), 1 where the pen was
thumbnails = 1 - strokes * (1 - PALETTE[labels][:, :, None, None])  # colour on white


def show_maps(maps, pictures, title, size=420):
    """Show one map a name, side by side, four of them in two rows."""
    drawn = [paste_on_map(places.clone(), pictures, size) for places in maps.values()]
    columns = 2 if len(maps) == 4 else len(maps)
    return plotting.show_images(drawn, list(maps), columns=columns, title=title)


example = paste_on_map(torch.zeros(1, 2), thumbnails[:1], 20)
if ready(pca=planes["features"], paste_on_map=example):
    display(show_maps(planes, thumbnails, "Two principal components of 540 digits"))

# %% [markdown]
# ### In numbers
#
# Does the map put equals together? **Neighbour accuracy** asks for each picture which class has the
# majority among its five nearest *on the map*, and how often that is the picture's own class.


# %%
def neighbour_accuracy(places, classes, k=5):
    """Return how often the majority of a row's k nearest other rows is of its class."""
    distances = torch.cdist(places, places).fill_diagonal_(torch.inf)
    nearest = distances.topk(k, largest=False).indices  # (N, k)
    return float((classes[nearest].mode(dim=1).values == classes).float().mean())


in_full = {name: neighbour_accuracy(x, labels) for name, x in vectors.items()}
if ready(pca=planes["features"]):
    in_plane = {name: neighbour_accuracy(y, labels) for name, y in planes.items()}
    print("neighbour accuracy    all dimensions   principal plane   variance kept")
    for name in vectors:
        row = f"{in_full[name]:14.3f} {in_plane[name]:17.3f} {kept[name][0]:15.2f}"
        print(f"  {name:18} {row}")

# %% [markdown]
# **Explain what you saw.** The random weights keep the largest share of their variance in the plane,
# and their map is the worst. The features keep the smallest share, and theirs is the best. Why is
# that no contradiction? And what got lost between *all dimensions* and *principal plane*? (Three to
# five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_variance", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Variance kept counts spread in any respect (here: how much ink, how
# thick), and not what the classes differ in; a large share can be spread that no class depends on.
# (2) The features are spread over more directions, about one a class, so two of them hold little of
# the variance; and PCA, which knows no labels, picks them by variance and not by how well they keep
# the groups apart. (3) With numbers: features fall from 0.996 to 0.88 in the plane, pixels from 0.95
# to 0.54; the neighbours are there in all dimensions, and this projection lays unlike digits on top
# of each other.

# %% [markdown]
# ## t-SNE
#
# The two directions of largest variance lay some of the ten groups on top of each other, and without
# labels PCA cannot know better ones. But a map need not be a projection. **t-SNE** (van der Maaten
# and Hinton, 2008) gives up large distances and keeps neighbours: it turns the distances between
# vectors into **affinities** $p_{ij}$, does the same with the distances on the map, $q_{ij}$, and moves
# the points until the two agree.
#
# ## Exercise 3: affinities of a given perplexity
#
# *Difficulty 4 of 5, importance 4 of 5, 20 minutes.*
#
# **Goal.** Turn squared distances into affinities, so that each point has about as many neighbours as
# `perplexity` says.
#
# Point i gives each other point j a share, with a bandwidth $\beta_i$ of its own, and none to itself:
#
# $$ p_{j|i} = \frac{\exp(-\beta_i d_{ij}^2)}{\sum_{k \ne i} \exp(-\beta_i d_{ik}^2)}, \qquad p_{i|i} = 0 $$
#
# The **perplexity** of row i is $2^{H_i}$ with the entropy $H_i = -\sum_j p_{j|i} \log_2 p_{j|i}$: a
# row that gives equal shares to m points has perplexity m. It falls when $\beta_i$ grows, so
# **bisection** finds the $\beta_i$ that gives the perplexity asked for. In the end both directions are
# averaged, and everything sums to 1:
#
# $$ p_{ij} = \frac{p_{j|i} + p_{i|j}}{2N} $$
#
# | | shape | range |
# |---|---|---|
# | `squared_distances` | (N, N), symmetric, zero diagonal | 0 and up |
# | `perplexity` | a number | between 1 and N - 1, and such that every row can have it |
# | result | (N, N), symmetric, zero diagonal, sum 1 | 0 and up |
#
# Each row's perplexity is met within 0.1 %. The unit of the distances does not matter: squared
# distances a million times larger or smaller give the same affinities. The given matrix stays
# unchanged.

# %% [markdown]
# <details><summary>Hint 1: start with one row and one beta</summary>
#
# `torch.softmax(-beta * row, dim=0)` gives the shares, once the point itself is out of the row (or its
# distance to itself is infinite). Print 2 ** H for beta = 0.1, 1 and 10.
# </details>
# <details><summary>Hint 2: where does the bisection begin?</summary>
#
# With beta = 1, a lower bound of 0 and no upper bound. Perplexity too large: beta becomes the lower
# bound, and doubles while there is no upper one. Too small: beta becomes the upper bound. Otherwise go
# to the middle. 100 steps are plenty.
# </details>
# <details><summary>Hint 3: NaN or infinity</summary>
#
# 0 times log 0 is NaN, and should be 0: `torch.special.entr(p)` is -p log p (natural logarithm) with
# that case done. And exp of a large negative number is 0 for the whole row; softmax subtracts the
# largest exponent first.
# </details>


# %% nbgrader={"grade_id": "perplexity_affinities", "solution": true}
def perplexity_affinities(squared_distances, perplexity):
    """Return (N, N) symmetric affinities of sum 1 whose rows have the given perplexity."""
    ### BEGIN SOLUTION
    N = len(squared_distances)
    d = squared_distances.double().clone().fill_diagonal_(torch.inf)  # no share for oneself
    beta, low, high = torch.ones(N, 1).double(), torch.zeros(N, 1), torch.full((N, 1), torch.inf)
    for _ in range(100):
        p = torch.softmax(-beta * d, dim=1)  # (N, N), rows p(j | i)
        entropy = torch.special.entr(p).sum(dim=1, keepdim=True)  # natural logarithm
        too_wide = entropy.exp() > perplexity
        low, high = torch.where(too_wide, beta, low), torch.where(too_wide, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return ((p + p.T) / (2 * N)).to(squared_distances.dtype)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_perplexity_affinities", "grade": true}
check("03-embedding-maps", perplexity_affinities)

# %% [markdown]
# A look at the affinities of 150 digits, sorted by class: which pairs hold the weight?


# %%
def squared_distances(x):
    """Return (N, N), the squared Euclidean distances of the rows."""
    return torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist").square()


sample = labels[:150].argsort(stable=True)  # 150 digits, the zeros first
affinities = {
    n: perplexity_affinities(squared_distances(x[sample]), 15) for n, x in vectors.items()
}
if ready(perplexity_affinities=affinities["features"]):
    same = labels[sample][:, None] == labels[sample]
    inside = {name: float(P[same].sum()) for name, P in affinities.items()}
    chance = float(same.float().sum() - 150) / (150 * 149)
    print(f"affinity between digits of one class (chance {chance:.2f}):")
    for name, share in inside.items():
        print(f"  {name:15} {share:.2f}")
    roots = [P.sqrt().expand(3, -1, -1) for P in affinities.values()]  # grey images
    shown = torch.stack(roots) / max(P.max() for P in roots)
    title = "Square roots of the affinities of 150 digits, one scale: black 0, white the largest"
    display(plotting.show_images(shown, list(affinities), columns=3, title=title))

# %% [markdown]
# ## Exercise 4: the gradient of t-SNE
#
# *Difficulty 3 of 5, importance 4 of 5, 15 minutes.*
#
# On the map the affinity of two points falls with a long tail, that of Student's t distribution,
# which leaves room for what is far apart:
#
# $$ q_{ij} = \frac{w_{ij}}{\sum_{k \ne l} w_{kl}}, \qquad w_{ij} = \frac{1}{1 + |y_i - y_j|^2}, \quad w_{ii} = 0 $$
#
# The sum in the denominator runs over **all** pairs. The loss is the Kullback-Leibler divergence
# $KL = \sum_{i \ne j} p_{ij} \log (p_{ij} / q_{ij})$.
#
# **Goal.** Return its gradient with respect to the points' places.
#
# $$ \frac{\partial KL}{\partial y_i} = 4 \sum_j (p_{ij} - q_{ij})\, w_{ij}\, (y_i - y_j) $$
#
# | | shape | range |
# |---|---|---|
# | `P` | (N, N), symmetric, zero diagonal, sum 1 | 0 and up |
# | `Y` | (N, 2) | any; points may coincide |
# | result | (N, 2) | any |
#
# `P` and `Y` stay unchanged.
#
# **Predict first.** Two points are too far apart on the map: $p_{ij} > q_{ij}$. Does a step *against*
# the gradient bring them together? Check the signs in the formula.

# %%
prediction = "..."  # "together" or "apart"

# %% [markdown]
# <details><summary>Hint 1: all pairs at once</summary>
#
# `Y[:, None] - Y[None, :]` has shape (N, N, 2) and holds $y_i - y_j$ at place (i, j).
# </details>
# <details><summary>Hint 2: near enough, but not equal to the finite differences</summary>
#
# Is `w` zero on its diagonal *before* you sum it?
# </details>


# %% nbgrader={"grade_id": "tsne_gradient", "solution": true}
def tsne_gradient(P, Y):
    """Return (N, 2), the gradient of KL(P || Q) with respect to the places on the map."""
    ### BEGIN SOLUTION
    apart = Y[:, None] - Y[None, :]  # (N, N, 2), y_i - y_j
    w = (1 / (1 + apart.square().sum(dim=2))).fill_diagonal_(0)
    Q = w / w.sum()
    return 4 * (((P - Q) * w)[:, :, None] * apart).sum(dim=1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_tsne_gradient", "grade": true}
check("03-embedding-maps", tsne_gradient)

# %% [markdown]
# Now descend. Two tricks of the paper: momentum, and **early exaggeration**, which pulls four times
# too strongly for the first quarter of the steps, while the groups find themselves.


# %%
def descend(P, Y, steps, rate=50.0):
    """Return the places after some steps of gradient descent, and the divergence on the way."""
    velocity, divergences = torch.zeros_like(Y), []
    for step in range(steps):
        early = step < steps // 4
        gradient = tsne_gradient(4 * P if early else P, Y)
        velocity = (0.5 if early else 0.8) * velocity - rate * gradient
        Y = Y + velocity
        divergences.append(divergence(P, Y))
    return Y, divergences


def divergence(P, Y):
    """Return KL(P || Q) for a map."""
    w = (1 / (1 + squared_distances(Y))).fill_diagonal_(0)
    Q = w / w.sum()
    return float((P * (P.clamp(min=1e-12) / Q.clamp(min=1e-12)).log()).sum())


# %%
P = affinities["features"]
start = 1e-2 * torch.randn(150, 2, generator=torch.Generator().manual_seed(0))  # a small heap
first = None if P is None else tsne_gradient(P, start.clone())
if ready(perplexity_affinities=P, tsne_gradient=first):
    places, divergences = descend(P, start, fast(1000, 500))
    curves = {"your t-SNE": divergences}
    title = "The divergence while the points move"
    display(plotting.show_curves(curves, "step", "KL(P || Q)", title=title))

# %% [markdown]
# The jump at a quarter of the way is the end of the exaggeration: islands that were held together
# spread out. scikit-learn minimizes the same divergence. Does yours get as low? As controls, the divergence of
# the principal plane (at its best size) and of random places.

# %%
if ready(perplexity_affinities=P, tsne_gradient=first, pca=planes["features"]):
    from sklearn.manifold import TSNE

    theirs = TSNE(perplexity=15, method="exact", init="random", random_state=0)
    their_places = torch.from_numpy(theirs.fit_transform(vectors["features"][sample].numpy()))
    sizes = torch.logspace(-2, 2, 41)
    flat = {"principal plane": planes["features"][sample], "random places": start}
    reached = {"your t-SNE": divergences[-1], "scikit-learn": divergence(P, their_places)}
    reached |= {n: min(divergence(P, s * y / y.std()) for s in sizes) for n, y in flat.items()}
    for name, value in reached.items():
        print(f"  {name:16} KL = {value:.3f}")
    if ready(paste_on_map=example):
        pair = {"your t-SNE": places, "scikit-learn": their_places}
        display(show_maps(pair, thumbnails[sample], "150 digits, two descents"))

# %% [markdown]
# Other islands in other places, the same divergence: a map may be turned and mirrored, and its islands
# may change places, at no cost.
#
# ## Ten islands
#
# From here on, scikit-learn's t-SNE, which is faster. It starts from the principal plane, and wide
# vectors are first reduced to 50 principal components: distances hardly change, and it saves time.


# %%
def tsne_map(x, perplexity=10, seed=0):
    """Return (N, 2), scikit-learn's t-SNE of vectors (N, D)."""
    from sklearn.manifold import TSNE

    x = pca(x, 50) if min(x.shape) > 50 else x
    settings = {"init": "pca", "random_state": seed, "max_iter": fast(1000, 500)}
    return torch.from_numpy(TSNE(perplexity=perplexity, **settings).fit_transform(x.numpy()))


if ready(pca=planes["features"]):
    maps = {name: tsne_map(x) for name, x in vectors.items()}

# %% labkit={"opening": true}
if ready(pca=planes["features"], paste_on_map=example):
    large = 1 - resize(images, 18)[:, :1] * (1 - PALETTE[labels][:, :, None, None])
    picture = paste_on_map(maps["features"], large, 900)
    alt = "540 digits on a t-SNE map of a digit network's features: ten islands, one a digit."
    title = "t-SNE of the features"
    figure = plotting.show_images([picture], columns=1, title=title, alt=alt)
    figure.set_size_inches(7.2, 7.5)
    display(figure)

# %%
if ready(pca=planes["features"], paste_on_map=example):
    display(show_maps(maps, thumbnails, "t-SNE of three descriptions of 540 digits"))

# %%
if ready(pca=planes["features"]):
    on_map = {name: neighbour_accuracy(y, labels) for name, y in maps.items()}
    print("neighbour accuracy    all dimensions   principal plane   t-SNE map")
    for name in vectors:
        row = f"{in_full[name]:14.3f} {in_plane[name]:17.3f} {on_map[name]:11.3f}"
        print(f"  {name:18} {row}")

# %% [markdown]
# The map loses next to nothing of what five neighbours know. Pixels have islands as well (a 1 looks
# like a 1), but one digit is split over several, and strays lie among strangers.
#
# ### What the map does not say
#
# On the map, islands have sizes and distances. Do those mean anything? We measure the distances of
# the ten classes' centres, 45 pairs, on the map and among the vectors, and compare their order: 1 is
# the same order, 0 no relation. And we draw a map of pure noise, in which there are no groups at all.


# %%
def centre_distances(x):
    """Return (45,), the distances between the centres of the ten digits."""
    return F.pdist(torch.stack([x[labels == digit].mean(dim=0) for digit in range(10)]))


def rank_correlation(a, b):
    """Return Spearman's rank correlation of two lists: 1 same order, 0 none, -1 reversed."""
    ranks = torch.stack([x.argsort().argsort().float() for x in (a, b)])
    return float(torch.corrcoef(ranks)[0, 1])


if ready(pca=planes["features"]):
    wanted = centre_distances(vectors["features"])
    several = {p: tsne_map(vectors["features"], perplexity=p) for p in (5, 30, 100)}
    order = {p: rank_correlation(centre_distances(y), wanted) for p, y in several.items()}
    for p, agreement in order.items():
        accuracy = neighbour_accuracy(several[p], labels)
        print(f"perplexity {p:3}: order of centres {agreement:.2f}, neighbours {accuracy:.3f}")

# %%
if ready(pca=planes["features"], paste_on_map=example):
    noise = torch.randn(540, 64, generator=torch.Generator().manual_seed(0))
    several |= {"noise, perplexity 2": tsne_map(noise, perplexity=2)}
    named = {f"perplexity {p}" if p in order else p: y for p, y in several.items()}
    display(show_maps(named, thumbnails, "Three maps of the features, and one of noise"))

# %% [markdown]
# **Is your friend right?** "On the map the 0s form a smaller island than the 9s, and the 3s lie nearer to
# the 5s than to the 6s. So the network is surer of 0s, and finds 3s more like 5s than like 6s."
# (Three to five sentences, with a number from above.)

# %% [markdown] nbgrader={"grade_id": "explain_map", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Sizes say nothing: each point's bandwidth is fitted to the perplexity,
# so that dense and sparse groups get about the same room. (2) Distances between islands say little:
# the order of the centres agrees with that of the vectors only in part and changes with the
# perplexity (numbers), while neighbours stay (numbers). (3) What would settle it: measure in the
# feature space itself (or in the logits); or the remark that a map at low perplexity shows small
# clumps even in noise, so islands prove nothing without labels or a control.

# %% [markdown]
# ## A map of photographs
#
# The same with the course's network and its 1280 features, on the views of lab 02: 23 pictures, eight
# random cuts of each. Where a download is possible, ImageNet photos as well, one a class.


# %%
def features_of(network, pictures):
    """Return (N, D), what goes into the last linear layer."""
    return network[:-1](pictures).flatten(1)


def describe(pictures):
    """Return three descriptions of photos: features, random weights, pixels (32 x 32)."""
    trained, control = load_model(device=device), random_model(seed=0, device=device)
    return {
        "features": stream_features(features_of, trained, pictures),
        "random weights": stream_features(features_of, control, pictures),
        "pixels": resize(pictures, 32).flatten(1),
    }


def photo_maps(gallery, perplexity=5):
    """Return the t-SNE maps of a gallery, and print how well groups hold together on them."""
    number = {name: i for i, name in enumerate(dict.fromkeys(gallery.groups))}
    groups = torch.tensor([number[name] for name in gallery.groups])
    found = {name: tsne_map(x, perplexity) for name, x in describe(gallery.images).items()}
    accuracy = {name: neighbour_accuracy(y, groups) for name, y in found.items()}
    chance = float((groups[:, None] == groups).float().mean())
    print(f"{len(groups)} photos in {len(number)} groups, neighbour accuracy (chance {chance:.2f})")
    for name, share in accuracy.items():
        print(f"  {name:15} {share:.2f}")
    return found, accuracy


# %%
gallery = data.sample_gallery(size=fast(224, 128))
if ready(pca=planes["features"]):
    view_maps, view_accuracy = photo_maps(gallery)

# %% [markdown]
# The lecture walks through its map by zooming. Move the slider, then scroll; the whole picture is
# also written to a file, which any image viewer shows larger still.


# %%
def walk_through(places, pictures, name, size=2000, side=72):
    """Save a large map of photos as out/NAME.png beside the notebook, and show it zoomable."""
    picture = paste_on_map(places, resize(pictures, side), size)
    path = save_image(picture, Path("out") / f"{name}.png")
    print(f"saved: {path} ({size} x {size} pixels)")
    return zoomable(picture, alt=f"{len(pictures)} photos on a t-SNE map of their features")


if ready(pca=planes["features"], paste_on_map=example):
    display(walk_through(view_maps["features"], gallery.images, "map-of-views"))

# %% [markdown]
# The same map once more, with the picture under the pointer: the wheel zooms, dragging moves. Zoom
# into a crowded place, and look for a view that lies among those of another picture.

# %%
from labkit import widgets

if ready(pca=planes["features"], paste_on_map=example):
    places = view_maps["features"]
    small = resize(gallery.images, 48)
    overview = paste_on_map(places, resize(small, 32), 640)
    alt = "184 photos on a t-SNE map of their features: views of one picture lie together."
    display(widgets.map_viewer(places, small, gallery.names, still=overview, alt=alt))

# %%
limit, real_accuracy = fast(254, 102), {}
if not data.gallery_available(limit=limit):
    print("The photo gallery is not on this computer and cannot be fetched: left out.")
elif ready(pca=planes["features"], paste_on_map=example):
    real = data.gallery(limit=limit)
    real_maps, real_accuracy = photo_maps(real)
    display(walk_through(real_maps["features"], real.images, "map-of-photos"))

# %% [markdown]
# **Explain what you saw.** Walk through a map of photographs and name a region: what do the pictures
# there have in common, as seen in the pictures? Find one picture whose neighbours surprise you, and
# say how you would find out whether the *features* or the *map* put it there. (Three to five
# sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_walk", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) A concrete region and what its pictures share (a subject, a texture, a
# colour, a background). (2) A concrete surprise, described. (3) A test: look up the nearest neighbours
# among the vectors, as in lab 02; if they differ from those on the map, the projection did it; or
# another seed or perplexity.

# %% [markdown]
# ## What to keep, and the limits
#
# - A trained network's features come in groups that correspond to the classes, for pictures it has
#   never seen. A map makes that visible; neighbour accuracy makes it a number.
# - PCA is linear, quick, and its axes mean something. Two dimensions hold two directions.
# - t-SNE keeps neighbours and little else: read neither sizes nor distances of islands, and
#   try several perplexities. At a low perplexity it finds pairs and
#   triples even in noise, so ask for a control.
# - The features *correspond roughly* to the classes, as the lecture says. The network was trained to
#   make a linear classifier's life easy: that its features form groups is what it was asked for.
#
# ## Try it yourself
#
# - A map of the training digits together with the test digits: do they mix?
# - Features of an earlier layer: `network[:8]` instead of `network[:-1]`. From where on are there ten
#   islands?
# - Start `descend` without early exaggeration, or from `planes["features"]`. What changes?
# - A folder of your own photos: `labkit.images.load_folder`, then `describe` and `walk_through`.
