# %% [markdown]
# # 13 Texture synthesis: what is a texture, if not its pixels?
#
# ![A brick wall and a painting of swirls, and beside each five pictures made from noise: with more layers specks become strokes, and strokes become bricks or swirls.](../docs/pictures/13-texture-synthesis.jpg)
#
# **The question.** Every picture in the right columns was made from noise. None is a copy: no brick
# lies where it lay. And yet each is *of the same stuff* as the picture on the left. What has to be
# kept for that, and what can be thrown away?
#
# Two answers. The first, of 1999, needs no network: it keeps the neighbourhoods of single pixels.
# The second keeps, for each layer of a network, which features occur together: the **Gram matrix**.
#
# You write four functions: `masked_distances`, `grow_texture`, `gram_matrix`, `texture_loss`. About
# 90 minutes. Lecture: 54:30 to 61:00.

# %%
import math
import time

import torch
import torch.nn.functional as F
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.hooks import activations
from labkit.models import load_model
from labkit.optimize import fast, optimize_pixels

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
prediction = "..."  # yours come further down

# %% [markdown]
# Three textures, and a small **sample** of each: the only part that the synthesis may look at. The
# strip to the right of the sample stays **unseen**; it will be the judge. For a texture of your own,
# put `wall.jpg` into a folder `my-photos` beside this notebook, and write `mine = ["wall"]`.

# %%
mine = []
side = fast(48, 24)  # of a sample, in pixels
corners = {"brick": (0, 0), "gravel": (60, 60), "mosaic": (105, 20)} | dict.fromkeys(mine, (0, 0))
pictures = {
    "brick": data.texture("brick", 112)[0],
    "gravel": data.texture("gravel", 192)[0],
    "mosaic": data.style("mosaic", 160)[0],
} | {name: data.photo(name, 112)[0] for name in mine}
samples, unseen = {}, {}
for name, picture in pictures.items():
    top, left = corners[name]
    samples[name] = picture[:, top : top + side, left : left + side].contiguous().to(device)
    unseen[name] = picture[:, top : top + 60, left + side :].to(device)
plotting.show_images(
    list(samples.values()), list(samples), title=f"The samples, {side} x {side} pixels"
)

# %% [markdown]
# ## Exercise 1: a neighbourhood, compared where it is known
#
# *Difficulty 2 of 5, importance 3 of 5, 20 minutes.*
#
# Half of a picture is there, and the next pixel is to be filled in. Look at the **window** around
# it: some of its pixels are known, the others are not yet. Where does the sample hold something that
# looks like the known part? There the sample says what could come next. It is a nearest-neighbour
# search, as in lab 02, in raw pixels, and with a **mask** that leaves out what nobody knows.
#
# **Goal.** Compare a window with every window of the sample, weighted by a mask.
#
# $$ D(i, j) = \sum_{u, v} m(u, v) \sum_{c} \bigl( x(c, u, v) - s(c, i + u, j + v) \bigr)^2 $$
#
# (Efros and Leung, *Texture synthesis by non-parametric sampling*, 1999. They also divide by the sum
# of the mask, which changes no order of places; we do not.)
#
# | | shape | range |
# |---|---|---|
# | `window` $x$ | (3, w, w) | [0, 1]; anything where the mask is 0 |
# | `mask` $m$ | (w, w) | weights, 0 and up, fractions too |
# | `sample` $s$ | (3, h, w'), h and w' may differ | [0, 1] |
# | result $D$, a tensor | (h - w + 1, w' - w + 1): whole windows only | 0 and up |
#
# Entry (i, j) belongs to the window of the sample whose upper left corner is at row i, column j. The
# given tensors stay as they are. The next exercise calls this function some ten thousand times, so
# one call should take a few milliseconds: no Python loop over the places.
#
# **Predict first.** Unknown pixels are 0, black, until they are filled. Suppose the mask were left
# out, and black compared like any other colour. Would the windows found be too dark, too light, or
# right on average?

# %%
prediction = "..."  # "dark", "light" or "right"

# %% [markdown]
# <details><summary>Hint 1: all windows of the sample at once</summary>
#
# `sample.unfold(1, w, 1).unfold(2, w, 1)` is a view of shape (3, h - w + 1, w' - w + 1, w, w): the
# windows, for each place. `window[:, None, None]` is (3, 1, 1, w, w), ready to be subtracted.
# </details>
# <details><summary>Hint 2: where does the mask go?</summary>
#
# Outside of the square. Multiplied into the difference before squaring, a weight of 0.5 counts as
# 0.25.
# </details>
# <details><summary>Hint 3: faster</summary>
#
# Multiply the square out: $\sum m x^2 - 2 \sum m x s + \sum m s^2$. The last two are sliding inner
# products with the sample, what `F.conv2d` computes. Rounding may leave -0.000001 where 0 is
# meant, and a distance is never negative: `.clamp(min=0)`.
# </details>


# %% nbgrader={"grade_id": "masked_distances", "solution": true}
def masked_distances(window, mask, sample):
    """Return (h - w + 1, w' - w + 1), the masked squared distance to each window of the sample."""
    ### BEGIN SOLUTION
    weights = mask.expand_as(window)
    squares = F.conv2d(sample[None].square(), weights[None])  # (1, 1, h - w + 1, w' - w + 1)
    products = F.conv2d(sample[None], (weights * window)[None])
    distances = squares - 2 * products + (weights * window.square()).sum()
    return distances[0, 0].clamp(min=0)  # rounding may leave less than nothing
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_masked_distances", "grade": true}
check("13-texture-synthesis", masked_distances)

# %% [markdown]
# A window of the gravel, of which only the upper half is known, and the windows of the sample that
# fit best, of those that lie apart. (The best one is where the window was cut out: distance 0.)

# %%
w, (row, column) = 11, (6, 9)
mask = torch.zeros(w, w, device=device)
mask[: w // 2] = 1  # the upper half is known
window = samples["gravel"][:, row : row + w, column : column + w] * mask
distances = masked_distances(window, mask, samples["gravel"])
if ready(masked_distances=distances):
    lowest_around = -F.max_pool2d(-distances[None], 9, stride=1, padding=4)[0]
    apart = distances.where(distances == lowest_around, math.inf)  # not next to a better one
    best = apart.flatten().argsort()[:3].tolist()
    places = [divmod(k, distances.shape[1]) for k in best]
    found = [samples["gravel"][:, i : i + w, j : j + w] for i, j in places]
    captions = ["known half", *(f"{distances[i, j]:.2f} at ({i}, {j})" for i, j in places)]
    title = "A half-known window, and the windows with the smallest distances"
    display(plotting.show_images([window, *found], captions, columns=4, title=title))
    title = "Distance to every window of the sample"
    display(plotting.show_maps(distances[None], cmap="viridis", label="distance", title=title))


# %%
def brightness_found(mask):
    """Return the mean brightness of the lower half of the best match, over many gravel windows."""
    sample, values = samples["gravel"], []
    for i in range(0, sample.shape[1] - w + 1, 3):
        for j in range(0, sample.shape[2] - w + 1, 3):
            here = sample[:, i : i + w, j : j + w] * known_half
            near = masked_distances(here, mask, sample).flatten().argsort()[1]  # 0 is itself
            a, b = divmod(int(near), sample.shape[2] - w + 1)
            values.append(sample[:, a + w // 2 : a + w, b : b + w].mean())
    return float(torch.stack(values).mean())


known_half = mask
if ready(masked_distances=distances):
    brightness = [brightness_found(m) for m in (known_half, torch.ones_like(mask))]
    started = time.perf_counter()
    for _ in range(50):
        masked_distances(window, mask, samples["gravel"])
    milliseconds = (time.perf_counter() - started) / 50 * 1000
    print(f"You predicted {prediction!r}. Mean brightness below the known half, where it fits best")
    print(f"  with the mask {brightness[0]:.3f} | without {brightness[1]:.3f} | ", end="")
    print(f"gravel as a whole {samples['gravel'].mean():.3f}")
    print(f"one call {milliseconds:.1f} ms, a texture of 96 x 96 {milliseconds * 9.2:.0f} s")

# %% [markdown]
# Without the mask, black that means *nothing here yet* is taken for black that was seen, and the
# search prefers shadows.
#
# ## Exercise 2: growing a texture
#
# *Difficulty 3 of 5, importance 4 of 5, 30 minutes.*
#
# Start with 3 x 3 pixels of the sample in the middle, and go round and round, one pixel after the
# other. Each new pixel is *copied* from the sample: from the middle of a window whose known part
# looks nearly like what is already there.
#
# **Goal.** Write the step that fills one pixel. For each place,
#
# 1. cut out the window around it, and the part of `known` that belongs to it;
# 2. mask = Gaussian weights where a pixel is known, 0 elsewhere: near pixels count more;
# 3. compare with every window of the sample, and draw one **at random, each alike, among those whose
#    distance is at most 1.1 times the smallest**;
# 4. copy the pixel in the *middle* of that window, and mark the place as known.
#
# (Efros and Leung, 1999, who let a window be at most 1.1 times as far as the best one.)
#
# | | shape | range |
# |---|---|---|
# | `sample` | (3, h, w') | [0, 1] |
# | `size` | side of the result, 3 and up | |
# | `window` | side of the window: odd, 3 and up, at most h and w' | |
# | result, a tensor | (3, size, size) | only colours of the sample |
#
# The frame around your step is written. `start_canvas` puts the first 3 x 3 pixels in place, which
# stay as they are, and `growing_order` gives the places in rings around them. Both count on a canvas
# with a margin of `window // 2` unknown pixels all around: the window of place (row, column) fills
# the rows `row` to `row + window - 1` of the canvas, its middle is at row `row + margin`. The same
# `seed` gives the same texture, another seed another one; the sample and the global random state are
# left alone.


# %% nbgrader={"grade_id": "growing_tools", "locked": true}
import itertools
import math

import torch
from tqdm.auto import tqdm


def gaussian_weights(window):
    """Return (window, window) weights, largest in the middle; Efros and Leung's width."""
    x = torch.arange(window) - window // 2
    one = torch.exp(-0.5 * (x / (window / 6.4)) ** 2)
    return one[:, None] * one


def start_canvas(sample, size, window, generator):
    """Return the image with its margin, and where it is known (1) or not (0): the middle 3 x 3."""
    side, middle = size + 2 * (window // 2), size // 2 - 1 + window // 2
    top, left = (int(torch.randint(n - 2, (), generator=generator)) for n in sample.shape[1:])
    image, known = sample.new_zeros(3, side, side), sample.new_zeros(side, side)
    start = sample[:, top : top + 3, left : left + 3]
    image[:, middle : middle + 3, middle : middle + 3] = start
    known[middle : middle + 3, middle : middle + 3] = 1
    return image, known


def growing_order(size):
    """Return the places around the middle 3 x 3, ring by ring, each ring once around."""

    def ring_and_angle(place):
        down, right = place[0] - size // 2, place[1] - size // 2
        return max(abs(down), abs(right)), math.atan2(down, right)

    places = sorted(itertools.product(range(size), repeat=2), key=ring_and_angle)
    return tqdm([p for p in places if ring_and_angle(p)[0] > 1], delay=1, leave=False)


# %% [markdown]
# **Predict first.** The bricks of the sample are 6 to 8 pixels wide and about 20 long. Which of the
# windows 5, 11 and 17 is the smallest that keeps the bricks whole?

# %%
prediction = "..."  # 5, 11 or 17

# %% [markdown]
# <details><summary>Hint 1: cutting the window out</summary>
#
# `image[:, row : row + window, column : column + window]`, and `known` in the same way, which has no
# colours.
# </details>
# <details><summary>Hint 2: one of the places where a condition holds</summary>
#
# `(distances <= 1.1 * distances.min()).nonzero()` lists the (i, j) of all candidates, (n, 2).
# `torch.randint(n, (), generator=generator)` draws one of n.
# </details>
# <details><summary>Hint 3: my stripes drift to one side.</summary>
#
# (i, j) is the *corner* of the window in the sample. Its middle is at (i + margin, j + margin).
# </details>
# <details><summary>Hint 4: everything far from the start is noise, or one colour.</summary>
#
# Is the new place marked in `known`? Otherwise the next window sees the start only.
# </details>


# %% nbgrader={"grade_id": "grow_texture", "solution": true} labkit={"uses": ["masked_distances"]}
def grow_texture(sample, size, window, seed):
    """Return (3, size, size), grown from the sample pixel by pixel. Efros and Leung, 1999."""
    generator = torch.Generator().manual_seed(seed)
    margin = window // 2
    weights = gaussian_weights(window).to(sample)
    image, known = start_canvas(sample, size, window, generator)  # with a margin on each side
    for row, column in growing_order(size):
        ### BEGIN SOLUTION
        rows, columns = slice(row, row + window), slice(column, column + window)
        mask = weights * known[rows, columns]
        distances = masked_distances(image[:, rows, columns], mask, sample)
        candidates = (distances <= 1.1 * distances.min()).nonzero()  # (n, 2), corners
        drawn = torch.randint(len(candidates), (), generator=generator)
        i, j = candidates[drawn] + margin
        image[:, row + margin, column + margin] = sample[:, i, j]
        known[row + margin, column + margin] = 1
        ### END SOLUTION
    return image[:, margin : margin + size, margin : margin + size]


# %% nbgrader={"grade_id": "check_grow_texture", "grade": true}
check("13-texture-synthesis", grow_texture, masked_distances)

# %% [markdown]
# Now twice the sample's side, four times its area. (About 10 s each.) The sample is drawn at the same
# scale, in the corner of a white square.


# %%
def at_scale(sample, size):
    """Return the sample in the upper left corner of a white square."""
    return F.pad(sample, (0, size - sample.shape[2], 0, size - sample.shape[1]), value=1)


size, window = 2 * side, fast(11, 9)
first = grow_texture(samples["brick"], 8, window, seed=0)  # 8 x 8 pixels: is there an answer yet?
grown = {}
if ready(grow_texture=first):
    started = time.perf_counter()
    for name, sample in samples.items():
        grown[name] = grow_texture(sample, size, window, seed=0)
    seconds = (time.perf_counter() - started) / len(grown)
    shown = [at_scale(sample, size) for sample in samples.values()] + list(grown.values())
    title = f"Samples, and what grew from them, window {window} (same scale)"
    captions = [f"{n}, sample" for n in grown] + [f"{n}, grown" for n in grown]
    display(plotting.show_images(shown, captions, columns=len(grown), title=title))
    print(f"{seconds:.0f} s a texture of {size} x {size} pixels")

# %% [markdown]
# ### A number: would it pass for the real thing?
#
# Take every patch of 5 x 5 pixels of the result, and find the nearest patch in the part of the
# texture that nobody has seen. The mean squared distance, divided by what the *sample itself* scores,
# is the **strangeness**: 1 means that the local statistics are those of the texture. The controls:
# the sample's pixels in random order; random patches of 8 x 8 pixels side by side; the sample tiled.
#
# Tiling is local perfection, so a second number: the **repetition**, the correlation of the result
# with itself, moved by one sample's side. A result that only repeats has 1.


# %%
def nearest_patches(image, texture, size=5):
    """Return the mean squared distance of the image's patches to the nearest of the texture."""
    ours, theirs = (F.unfold(x[None], size)[0].T for x in (image, texture))
    return float(torch.cdist(ours[::5], theirs).amin(dim=1).square().mean())


def strangeness(image, name):
    """Return how far the image's patches are from the unseen texture: 1 as far as the sample's."""
    return nearest_patches(image, unseen[name]) / nearest_patches(samples[name], unseen[name])


def repetition(image):
    """Return the larger correlation of the image with itself, moved down or right by `side`."""
    pairs = [(image[:, side:], image[:, :-side]), (image[..., side:], image[..., :-side])]
    flat = [torch.stack([a.flatten(), b.flatten()]) for a, b in pairs]
    return max(float(torch.corrcoef(pair)[0, 1]) for pair in flat)


def controls_of(sample):
    """Return three pictures of the size of the results that anybody can make from the sample."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(side * side, (size, size), generator=generator).to(device)
    pieces = data.patches(sample[None], 8, (size // 8) ** 2)
    patches = torch.from_numpy(plotting.mosaic(pieces, size // 8, pad=0)).to(device)
    return {
        "pixels": sample.flatten(1)[:, pixels],
        "patches": patches,
        "tiled": sample.repeat(1, 2, 2),
    }


# %%
controls = {name: controls_of(sample) for name, sample in samples.items()}
scores = {}
if ready(grow_texture=first):
    print("                grown | pixels shuffled | random patches | tiled")
    for measure in ("strangeness", "repetition"):
        for name in samples:
            candidates = [grown[name], *controls[name].values()]
            values = [
                strangeness(x, name) if measure == "strangeness" else repetition(x)
                for x in candidates
            ]
            scores[measure, name] = dict(zip(["grown", *controls[name]], values, strict=True))
            a, b, c, d = values
            print(f"{name:7} {measure:11} {a:5.2f} | {b:7.2f} | {c:7.2f} | {d:5.2f}")
    shown = [grown["brick"], *controls["brick"].values()]
    captions = ["grown", "pixels shuffled", "random patches", "tiled"]
    display(plotting.show_images(shown, captions, columns=4, title="Brick and its controls"))

# %% [markdown]
# ### One knob: the window

# %%
ladder_size = fast(64, 48)
if ready(grow_texture=first):
    windows = {k: grow_texture(samples["brick"], ladder_size, k, seed=0) for k in (5, 11, 17)}
    captions = [f"window {k}" for k in windows]
    title = f"{ladder_size} x {ladder_size} pixels of brick, by the size of the window"
    display(plotting.show_images(list(windows.values()), captions, title=title))
    print(f"You predicted {prediction!r}. Strangeness by window:")
    window_scores = {k: strangeness(image, "brick") for k, image in windows.items()}
    print("  " + " | ".join(f"{k}: {value:.2f}" for k, value in window_scores.items()))

# %% [markdown]
# The window is the only thing that this method knows of a texture's scale, and *you* have to choose
# it: smaller than the pattern, and the pattern falls apart; larger, and hardly any window of a small
# sample fits, so that whole pieces are copied.
#
# **Explain what you saw.** Why does the window of 5 break the bricks, although every single
# neighbourhood looks right? Why is a strangeness of 1 no proof of a good synthesis? (Three to five
# sentences, with two of the numbers above.)

# %% [markdown] nbgrader={"grade_id": "explain_growing", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) A window smaller than a brick cannot see how long the brick already
# is, or where the next joint should be: every step is plausible, the whole is not. (2) Strangeness
# is local, and copying scores best: tiling (or random patches, but for their seams) is near 1; the
# repetition of 1 gives it away. (3) Two numbers quoted with what they are compared to.

# %% [markdown]
# ## Exercise 3: the Gram matrix
#
# *Difficulty 2 of 5, importance 5 of 5, 15 minutes.*
#
# Now with a network. At each place of a layer there is a vector of C features: *edge here, green
# here*. Its outer product with itself, C x C, says which features are there **together**. Averaged
# over all places, that is the Gram matrix: it keeps what occurs with what, and forgets where.
#
# **Goal.** Compute it for each image of a batch, by one reshape and one matrix product.
#
# $$ G_n(a, b) = \frac{1}{C H W} \sum_{i, j} F_n(a, i, j) \, F_n(b, i, j) $$
#
# (Gatys, Ecker and Bethge, *Texture synthesis using convolutional neural networks*, 2015. The paper
# divides in the loss, not here; the factor above is Johnson et al.'s, 2016.)
#
# | | shape | range |
# |---|---|---|
# | `features` | (N, C, H, W), contiguous; H and W may differ | any, negative too |
# | `normalize` | divide by C H W (the default), or not at all | True, False |
# | result | (N, C, C): one matrix an image, for N = 1 too | |
#
# Gradients flow through, since the next exercise needs them. The given features stay as they are.
#
# **Predict first.** Somebody cuts a feature map into its places and puts them together in random
# order. Does the Gram matrix change not at all, a little, or altogether?

# %%
prediction = "..."  # "not at all", "a little" or "altogether"

# %% [markdown]
# <details><summary>Hint 1: the places in one axis</summary>
#
# `features.view(N, C, H * W)` holds, in row a, feature a at all places. The sum over places of a
# product of two rows is an inner product, and all of them together are a matrix product.
# </details>
# <details><summary>Hint 2: a matrix product for each image</summary>
#
# `a @ b` and `torch.bmm` multiply the last two axes and go along the first. `.transpose(1, 2)` swaps
# the axes within each image; `.T` or `.t()` is for a single matrix.
# </details>


# %% nbgrader={"grade_id": "gram_matrix", "solution": true}
def gram_matrix(features, normalize=True):
    """Return (N, C, C): which features occur together, summed over the places of each image."""
    ### BEGIN SOLUTION
    N, C, H, W = features.shape
    rows = features.reshape(N, C, H * W)
    grams = rows @ rows.transpose(1, 2)  # (N, C, C)
    return grams / (C * H * W) if normalize else grams
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_gram_matrix", "grade": true}
check("13-texture-synthesis", gram_matrix)

# %%
layers = ["bn1.act", "blocks.0.0", "blocks.1.1", "blocks.2.1", "blocks.3.2"]  # shallow to deep
places = {"brick": (160, 10, 10), "grass": (192, 60, 0), "gravel": (256, 50, 50)}
targets = {
    name: data.texture(name, big)[:, :, top : top + 128, left : left + 128].to(device)
    for name, (big, top, left) in places.items()
}
targets["swirls"] = data.style("swirls", 160)[:, :, :128, 20:148].to(device)
with torch.no_grad():
    target_features = {n: activations(model, image, layers) for n, image in targets.items()}
first_gram = gram_matrix(target_features["brick"]["blocks.0.0"])
if ready(gram_matrix=first_gram):
    grams = torch.cat([gram_matrix(f["blocks.0.0"]) for f in target_features.values()])
    display(plotting.show_images(torch.cat(list(targets.values())), list(targets), columns=4))
    title = "Gram matrices in blocks.0.0, 16 x 16: brick (0), grass (1), gravel (2), swirls (3)"
    display(plotting.show_maps(grams, 4, signed=True, per_map=True, label="product", title=title))

# %% [markdown]
# ### One reshape against a loop over places
#
# The Gram matrix of a single place is the outer product of its features. So a loop over the places,
# with your function at each, has to give the same average. And the shuffle that you predicted:


# %%
def by_loop(features):
    """Return the average of the Gram matrices of the single places of (1, C, H, W)."""
    _, _, H, W = features.shape
    total = 0
    for i in range(H):
        for j in range(W):
            total = total + gram_matrix(features[:, :, i : i + 1, j : j + 1].contiguous())
    return total / (H * W)


def difference(a, b):
    """Return the distance of two tensors, relative to the size of the second."""
    return float((a - b).norm() / b.norm())


def seconds_of(function, *arguments):
    """Return what a call gives, and how long it takes."""
    started = time.perf_counter()
    return function(*arguments), time.perf_counter() - started


features = target_features["swirls"]["blocks.0.0"]  # (1, 16, 64, 64)
if ready(gram_matrix=first_gram):
    gram_matrix(features)  # the first call of anything is slow
    product, product_seconds = seconds_of(gram_matrix, features)
    looped, loop_seconds = seconds_of(by_loop, features)
    ratio = loop_seconds / product_seconds
    print(
        f"loop {loop_seconds:.3f} s, one product {product_seconds:.5f} s: {ratio:.0f} times faster"
    )
    print(f"they differ by {difference(looped, product):.1e}")

# %%
if ready(gram_matrix=first_gram):
    flat = features.flatten(2)  # (1, 16, 4096)
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(flat.shape[2], generator=generator).to(device)
    whole = flat[:, :, order].reshape(features.shape)  # the places move, each with all its features
    apart = torch.stack(
        [f[torch.randperm(len(f), generator=generator).to(device)] for f in flat[0]]
    )
    shuffled = {"places shuffled": whole, "each feature by itself": apart.reshape(features.shape)}
    changes = {n: difference(gram_matrix(x.contiguous()), product) for n, x in shuffled.items()}
    print(f"You predicted {prediction!r}. The Gram matrix changes, relative to its size, by")
    print(" | ".join(f"{name}: {change:.1e}" for name, change in changes.items()))
    maps = torch.stack([features[0, 3], whole[0, 3], apart[3].reshape(features.shape[2:])])
    title = "Feature 3: as it was (0), places shuffled (1), each feature shuffled by itself (2)"
    display(plotting.show_maps(maps, 3, cmap="viridis", title=title))

# %% [markdown]
# Shuffled as whole places, the features stay *together*, and the matrix does not notice. Shuffled
# each by itself, every single feature still has its values, but no longer with the others. That is
# all that the Gram matrix knows, and all that it knows.
#
# ### Is the lecturer right?
#
# At 57:00 the lecture takes the outer product of the features at *two* places, and repeats it "across
# all possible blue and red pairs", all pairs of places. Our formula takes the same place twice. Does
# it matter? For a 4 x 4 corner of the map we can afford all 256 pairs:

# %%
corner = features[0, :, 20:24, 20:24].flatten(1)  # (16 features, 16 places)
pairs = itertools.product(range(corner.shape[1]), repeat=2)
all_pairs = sum(torch.outer(corner[:, p], corner[:, q]) for p, q in pairs)
all_pairs = all_pairs / (len(corner) * corner.shape[1] ** 2)
mean_place = features[:, :, 20:24, 20:24].mean(dim=(2, 3), keepdim=True)  # (1, 16, 1, 1)
if ready(gram_matrix=first_gram):
    of_the_mean = gram_matrix(mean_place)[0]
    print(
        f"all pairs | the mean place alone: they differ by {difference(all_pairs, of_the_mean):.1e}"
    )
    print("rank:     same place twice | all pairs | features")
    ranks = {}
    for layer in layers:
        f = target_features["swirls"][layer]
        kinds = gram_matrix(f)[0], gram_matrix(f.mean(dim=(2, 3), keepdim=True))[0]
        ranks[layer] = [int(torch.linalg.matrix_rank(gram)) for gram in kinds]
        print(f"  {layer:12} {ranks[layer][0]:11} | {ranks[layer][1]:9} | {f.shape[1]:5}")

# %% [markdown]
# **Is the lecturer right?** What does the matrix over all pairs still know of a texture, and what
# not? Start from $\frac{1}{P^2} \sum_p \sum_q f_p f_q^T$ with P places. And why can the rank in
# `blocks.3.2`, with its 8 x 8 places, not be more than 64? (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_pairs", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) The double sum factors into the mean feature vector times itself:
# rank 1, so the lecture's words are a slip; it is the same place twice, summed over places. (2) All
# pairs know only how strong each feature is on average, C numbers; which features occur *together*
# is lost. (3) The Gram matrix is a sum of as many rank-one matrices as there are places, 64, so its
# rank is at most 64 (or at most the smaller of C and H W).

# %% [markdown]
# ## Exercise 4: matching Gram matrices
#
# *Difficulty 2 of 5, importance 5 of 5, 15 minutes.*
#
# Take noise, and change its pixels until its Gram matrices are those of the texture. The layers'
# matrices differ in size, their squares by up to a hundred times, so each layer's distance is
# measured **relative to its target**: 1 means as far as from nothing, 0 means the same.
#
# **Goal.** Return the weighted sum of the layers' relative distances.
#
# $$ L = \sum_{l} w_l \, \frac{\lVert G(F_l) - \hat G_l \rVert^2}{\lVert \hat G_l \rVert^2},
# \qquad \lVert A \rVert^2 = \sum_{a, b} A(a, b)^2 $$
#
# (Gatys, Ecker and Bethge, 2015, divide by fixed constants of the layer instead. Lab 14's
# `style_loss` is the plain weighted sum, with nothing below the line.)
#
# | | holds | |
# |---|---|---|
# | `features` | layer -> (1, C, H, W), of the picture in the making | differentiable |
# | `grams` $\hat G$ | layer -> (1, C, C), of the texture, as `gram_matrix` makes them by default | |
# | `weights` $w$ | layer -> a number | |
# | result | a scalar tensor, which can be differentiated by the features | 0 and up |
#
# The layers named in `weights` count. The other two may hold further layers, and each of the three
# may list its layers in another order. Nothing that is given changes: the target is needed again in
# the next step.
#
# **Predict first.** Only the Gram matrix of the stem is matched: the first layer, 3 x 3 pixels wide.
# What will the picture share with the swirls: only colours, strokes too, or whole stars?

# %%
prediction = "..."  # "colours", "strokes" or "stars"

# %% [markdown]
# <details><summary>Hint 1: a loop over names</summary>
#
# `weights.items()` gives the name and the weight of each layer that counts; `features[name]` and
# `grams[name]` belong to them.
# </details>
# <details><summary>Hint 2: a sum that starts at 0</summary>
#
# `loss = 0` and `loss = loss + weight * ...` works for tensors. `.item()`, `float(...)` and
# `.detach()` cut the gradient off.
# </details>


# %% nbgrader={"grade_id": "texture_loss", "solution": true} labkit={"uses": ["gram_matrix"]}
def texture_loss(features, grams, weights):
    """Return the weighted sum over layers of the squared Gram distance, relative to the target."""
    ### BEGIN SOLUTION
    loss = 0
    for layer, weight in weights.items():
        difference = gram_matrix(features[layer]) - grams[layer]
        loss = loss + weight * difference.square().sum() / grams[layer].square().sum()
    return loss
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_texture_loss", "grade": true}
check("13-texture-synthesis", texture_loss, gram_matrix)

# %% [markdown]
# Now from noise, with one layer, two, and so on to all five. The optimizer is L-BFGS, as in the
# paper; nothing but the loss shapes the picture, no regularizer. (About a minute.)


# %%
def synthesize(grams, used, prepare=lambda f: f):
    """Return a picture made from noise whose Gram matrices in the layers `used` are `grams`."""
    weights = dict.fromkeys(used, 1.0)

    def loss(image):
        features = {n: prepare(f) for n, f in activations(model, image, used).items()}
        return texture_loss(features, grams, weights)

    noise = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    start = (0.5 + 0.1 * noise).to(device)
    steps = fast(100, 30)
    result = optimize_pixels(start, loss, steps=steps, step_size=1.0, optimizer="lbfgs")
    return result.image.clamp(0, 1)


def distances_to(image, grams):
    """Return the relative squared Gram distance of a picture in each layer."""
    with torch.no_grad():
        features = activations(model, image, layers)
        return [float(texture_loss(features, grams, {layer: 1.0})) for layer in layers]


# %%
counts = [1, 2, 3, 4, 5][:: fast(1, 2)]
names = list(targets)[:: fast(1, 3)]
first_loss, made, target_grams = None, {}, {}
if ready(gram_matrix=first_gram):
    for n in targets:
        target_grams[n] = {layer: gram_matrix(f) for layer, f in target_features[n].items()}
    first_loss = texture_loss(target_features["swirls"], target_grams["brick"], {"bn1.act": 1.0})
if ready(texture_loss=first_loss):
    started = time.perf_counter()
    for n in names:
        for count in counts:
            made[n, count] = synthesize(target_grams[n], layers[:count])
    print(f"{len(made)} textures in {time.perf_counter() - started:.0f} s")


# %%
def show_ladder(chosen, title):
    """Display each chosen texture beside what matches its first layers."""
    shown, captions = [], []
    for n in chosen:
        shown += [targets[n][0], *(made[n, count][0] for count in counts)]
        captions += [n, *(f"{count} layer{'s' * (count > 1)}" for count in counts)]
    display(plotting.show_images(shown, captions, columns=len(counts) + 1, title=title))


if ready(texture_loss=first_loss) and names[1:-1]:
    show_ladder(names[1:-1], "Grass and gravel, and what matches their first layers")

# %% labkit={"opening": true}
if ready(texture_loss=first_loss):
    title = "Two textures, and what matches their Gram matrices in the first layers"
    show_ladder([names[0], names[-1]], title)

# %% [markdown]
# Down the table: how many layers were matched. Across: the distance that is left, in every layer,
# also in those that were *not* matched. The control is the noise that we started with.

# %%
if ready(texture_loss=first_loss):
    noise = 0.5 + 0.1 * torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    print(f"You predicted {prediction!r}. Relative squared Gram distance (* matched)")
    left_over = {}
    for n in names:
        left_over[n] = {count: distances_to(made[n, count], target_grams[n]) for count in counts}
        left_over[n]["noise"] = distances_to(noise.to(device), target_grams[n])
        print(f"{n:8} " + " | ".join(f"{layer:>10}" for layer in layers))
        for count, values in left_over[n].items():
            used = 0 if count == "noise" else count
            cells = [f"{v:9.3f}{'*' if i < used else ' '}" for i, v in enumerate(values)]
            print(f"{count!s:>8} " + " | ".join(cells))

# %% [markdown]
# Matching the first layer alone moves the deepest little: what a unit of `blocks.3.2` sees, 147
# pixels, is not in the statistics of 3 x 3 pixels. The third layer's units see 19, and matching it
# takes most of the distance off the two layers above it, too: part of a large pattern is in its
# small parts. What is left goes when they are matched themselves. So compare a column with the row
# above before you say what a layer adds.

# %% [markdown]
# ### Turn the knobs
#
# Press *Start*, and watch noise become a texture, yours too. The knobs count while it runs: begin with
# one layer, wait until nothing changes any more, then give it the next one.

# %%
import functools

from labkit import widgets
from labkit.optimize import pixel_steps


@functools.cache
def grams_of(picture):
    """Return the target's Gram matrices, computed once a picture."""
    with torch.no_grad():
        return {n: gram_matrix(f) for n, f in activations(model, picture, layers).items()}


def weave(knobs):
    """Yield noise on its way to the Gram matrices of the texture that is chosen."""

    def loss(image):
        used = layers[: knobs.layers]
        features = activations(model, image, used)
        return texture_loss(features, grams_of(knobs.texture), dict.fromkeys(used, 1.0))

    noise = 0.5 + 0.1 * torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    for image, value in pixel_steps(noise.to(device), loss, steps=300, step_size=0.03):
        print(f"relative squared Gram distance {value:.3f}")
        yield image.clamp(0, 1)


if ready(texture_loss=first_loss):
    last = made[names[-1], counts[-1]]
    knobs = {"texture": widgets.photo(targets), "layers": widgets.slider(1, 5, 1)}
    display(widgets.live(weave, steps=300, still=last, **knobs))

# %% [markdown]
# And the lecturer's matrix? The same five layers of the swirls, once with the same place twice, once
# over all pairs (which is the mean place alone).

# %%
mean_only = {}
if ready(texture_loss=first_loss):
    for layer, f in target_features["swirls"].items():
        mean_only[layer] = gram_matrix(f.mean(dim=(2, 3), keepdim=True))
    by_pairs = synthesize(mean_only, layers, lambda f: f.mean(dim=(2, 3), keepdim=True))
    shown = torch.cat([targets["swirls"], made["swirls", counts[-1]], by_pairs])
    captions = ["swirls", "same place twice", "all pairs"]
    title = "Two matrices as the target, five layers"
    display(plotting.show_images(shown, captions, title=title))
    pair_scores = [sum(distances_to(x[None], target_grams["swirls"])) / 5 for x in shown[1:]]
    print(f"mean Gram distance: same place {pair_scores[0]:.3f} | all pairs {pair_scores[1]:.3f}")

# %% [markdown]
# The means alone go a long way: they know that there are strokes, and how many. They do not know that
# yellow goes with bright and round: the stars are gone, and colours appear that the painting does not
# have.
#
# **Explain what you saw.** Describe for one texture what each further layer adds, with two numbers of
# the tables. And compare with Exercise 2: what does the window's size correspond to here, and which
# of the two methods could never give a colour that the sample does not hold? (Four to six sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_ladder", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Stem: colours and specks; then strokes and edges; then corners, bricks
# or swirls: larger patterns with deeper layers, because their receptive fields are larger; two
# numbers quoted. (2) The window corresponds to the receptive field of the deepest matched layer.
# (3) Growing copies pixels, so every colour is the sample's; matching Gram matrices makes new pixels,
# with slightly wrong colours and grain.

# %% [markdown]
# ## What to keep, and the limits
#
# - A texture is what stays when places are thrown away. Growing keeps neighbourhoods of pixels, the
#   Gram matrix keeps which features occur together.
# - One reshape, one matrix product: $G = F F^T / (CHW)$, the same place twice.
# - More layers, larger patterns; and nothing larger than the deepest layer sees. No layer here keeps
#   the bond of a wall: the neural bricks are crooked, those that grew with a window of 11 are not.
#   "As long as our textures are simple", the lecture says of growing; a painting as a whole is none.
#
# ## Try it yourself
#
# - `data.style("glass", 160)[0][:, 20:68, 20:68]` as a sample: growing goes wrong in a typical way
#   ("growing garbage", Efros and Leung call it). When does it start?
# - Match `blocks.3.2` alone, without the layers below.
# - A target of the astronaut instead of a texture. What survives of a face?
