# %% [markdown]
# # 01 First-layer filters: what does a network look for first?
#
# ![First-layer filters as colour images: those of trained networks show edges and opposing colours, those of random weights show noise.](../docs/pictures/01-first-layer-filters.jpg)
#
# **The question.** A network has millions of weights. Which of them can we look at and understand?
#
# The first layer's: its **filters** slide over the image, so they have three channels as the image
# has, and a filter can be drawn as a small colour picture. What the picture shows is what the filter
# looks for, because the filter answers with an inner product. One layer further up, this stops
# working, and the other labs begin.
#
# You write three functions: `normalize_filters`, `filter_response`, `grayscale_slices`. About 60
# minutes. Lecture: 03:00 to 07:40.

# %%
import math

import torch
import torch.nn.functional as F
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.hooks import activations
from labkit.models import available_models, load_model, random_model
from labkit.optimize import fast

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% [markdown]
# ## The networks
#
# The lecture shows AlexNet, ResNet-18, ResNet-101 and DenseNet-121. The kit shows those of them that
# this computer has; `load_model("alexnet")` downloads one. Two networks are always here:
#
# - `filters`, the lecture's toy network: sixteen 7 x 7 filters, then twenty 7 x 7 filters on their
#   sixteen responses. It learned to tell from which photo a patch was cut, **and was helped**: a
#   regularizer asked its first layer for sparse, uncorrelated responses, the classical condition
#   under which edges come out of photos (Olshausen and Field, 1996). On classification alone, such
#   a small network learns mostly flat colours. Large networks arrive at edges without the help.
# - `lite0`, this course's network, trained on ImageNet without such help. Its first filters have
#   3 x 3 pixels only: little room for a picture.

# %%
lecture = ["alexnet", "resnet18", "resnet101", "densenet121"]
shown = ["filters", "lite0", *(name for name in lecture if name in available_models())]
left_out = [name for name in lecture if name not in shown]
print("shown:", ", ".join(shown), "| left out, no weights here:", ", ".join(left_out) or "none")


def first_filters(network):
    """Return the weights (F, 3, k, k) of a network's first convolution."""
    return next(m.weight for m in network.modules() if isinstance(m, torch.nn.Conv2d))


filters = {name: first_filters(load_model(name, device=device)) for name in shown}
for name, weights in filters.items():
    span = f"weights from {weights.min():.2f} to {weights.max():.2f}"
    print(f"{name:12} {tuple(weights.shape)!s:16} {span}")

# %% [markdown]
# ## Exercise 1: filters as colour images
#
# *Difficulty 1 of 5, importance 4 of 5, 10 minutes.*
#
# An image needs values in [0, 1], and weights have both signs and any size.
#
# **Goal.** Scale each filter to [0, 1], with one scale a filter.
#
# $$ \hat w_f(c, i, j) = \frac{w_f(c, i, j) - \min w_f}{\max w_f - \min w_f} $$
#
# where minimum and maximum run over **all** channels and places of filter $f$: a scale for each
# colour would change the filter's hue. A **constant filter**, whose weights are all equal, becomes
# mid-grey, 0.5.
#
# | | shape | range |
# |---|---|---|
# | `weights` | (F, C, k, k), any F, C and k | any |
# | result | (F, C, k, k) | [0, 1] |
#
# The given weights stay as they are: they are the network's own.
#
# **Predict first.** How many of the sixteen filters of `filters` will show an oriented edge or two
# opposing colours?

# %%
prediction = "..."  # a number from 0 to 16

# %% [markdown]
# <details><summary>Hint 1: the colours come out wrong, or most filters are grey</summary>
#
# Over which axes is the minimum taken? A result of shape (F, 1, 1, 1) holds one number a filter.
# `weights.amin(dim=..., keepdim=True)` takes several axes at once and keeps them with length 1.
# </details>
# <details><summary>Hint 2: the constant filter gives NaN</summary>
#
# There the formula says 0 / 0. `torch.where(condition, a, b)` picks from `a` or `b`, place by place.
# </details>


# %% nbgrader={"grade_id": "normalize_filters", "solution": true}
def normalize_filters(weights):
    """Return (F, C, k, k) in [0, 1]: each filter from its own minimum to its own maximum."""
    ### BEGIN SOLUTION
    low = weights.amin(dim=(1, 2, 3), keepdim=True)  # (F, 1, 1, 1)
    span = weights.amax(dim=(1, 2, 3), keepdim=True) - low
    return torch.where(span > 0, (weights - low) / span, 0.5)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_normalize_filters", "grade": true}
check("01-first-layer-filters", normalize_filters)


# %% labkit={"opening": true}
def random_filters(count, size, seed=0):
    """Return (count, 3, size, size) of normal random weights: the control."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, size, size, generator=generator).to(device)


scaled = normalize_filters(filters["filters"])
if ready(normalize_filters=scaled):
    panels = {f"{name}, trained": w for name, w in filters.items()}
    panels |= {f"random, {k} x {k}": random_filters(n, k) for n, k in ((16, 7), (32, 3))}
    tiles = [torch.from_numpy(plotting.mosaic(normalize_filters(w))) for w in panels.values()]
    columns = 2 if len(shown) == 2 else 4
    title = "First-layer filters, each on its own scale"
    display(plotting.show_images(tiles, list(panels), columns=columns, title=title))

# %% [markdown]
# Edges in several directions, and colours against each other: blue against orange, green against
# pink. Neurons that answer to an edge in one direction are what Hubel and Wiesel found in the
# visual cortex of cats (1959): mammals and trained networks begin alike. The larger the filter, the
# better it can be seen: on 3 x 3 pixels there is hardly room for an edge.
#
# ### In numbers
#
# *Orientedness* looks at a filter's spectrum: 0 if it has no preferred direction, 1 if it has only
# one. *Opposition* is the lowest cosine between two of its colours: -1 if one colour is the negative
# of another. Random filters, too, have some of both by chance, small ones the most. So a filter
# counts as oriented, or opponent, if it is more so than 99 of 100 random filters of its size.


# %%
def orientedness(weights):
    """Return (F,), the length of the power-weighted mean of exp(2i * direction)."""
    centred = weights - weights.mean((2, 3), keepdim=True)
    power = torch.fft.fft2(centred, s=(16, 16)).abs().square().sum(1)  # (F, 16, 16)
    down, right = torch.meshgrid(*[torch.fft.fftfreq(16, device=device)] * 2, indexing="ij")
    direction = torch.polar(torch.ones_like(down), 2 * torch.atan2(down, right))
    mean = (power * direction).sum((1, 2)).abs()
    return mean / power.sum((1, 2)).clamp(min=1e-30)  # a constant filter has none


def slice_cosines(weights):
    """Return (F, pairs), the cosine of every pair of a filter's slices (F, C, k, k)."""
    flat = F.normalize(weights.flatten(2), dim=2)
    first, second = torch.triu_indices(weights.shape[1], weights.shape[1], offset=1)
    return (flat @ flat.mT)[:, first, second]


def shares(weights):
    """Return the shares of filters that are oriented, opponent, and at least one of the two."""
    chance = random_filters(4000, weights.shape[-1], seed=1)
    oriented = orientedness(weights) > orientedness(chance).quantile(0.99)
    opposition = [slice_cosines(w).amin(1) for w in (weights, chance)]
    opponent = opposition[0] < opposition[1].quantile(0.01)
    return [float(x.float().mean()) for x in (oriented, opponent, oriented | opponent)]


# %% [markdown]
# One more thing the pictures hide: each filter has a scale of its own, so a filter whose weights are
# nearly zero looks as lively as the others. The table counts as *dead* the filters with less than a
# thousandth of the strongest one's norm, and leaves them out.

# %%
table = {}  # name: (trained, random), each oriented, opponent, either
print("                       trained | random filters of the same size")
print("             filters  dead  oriented       opponent       either")
for name, weights in filters.items():
    norms = weights.flatten(1).norm(dim=1)
    alive = norms > 1e-3 * norms.max()
    mine, control = shares(weights[alive]), shares(random_filters(1000, weights.shape[-1]))
    table[name] = mine, control
    columns = "  ".join(f"{a:5.0%} | {b:5.1%}" for a, b in zip(mine, control, strict=True))
    print(f"{name:12} {len(weights):7} {int((~alive).sum()):5}  {columns}")
found = round(table["filters"][0][2] * len(filters["filters"]))
print(f"You predicted {prediction} of 16 filters of `filters`. It is {found}.")

# %%
norms = filters["lite0"].flatten(1).norm(dim=1)
order = norms.argsort(descending=True)[[0, 1, -2, -1]]  # the two strongest, the two weakest
pictures = normalize_filters(filters["lite0"][order])
if ready(normalize_filters=pictures):
    titles = [f"filter {int(f)}, norm {float(norms[f]):.1e}" for f in order]
    display(plotting.show_images(pictures, titles, columns=4, title="Four filters of lite0"))

# %% [markdown]
# **Is your friend right?** "Every filter of `lite0` shows a pattern in full colour, the last one
# above as well as the first. So the network uses all of its filters." (Three to five sentences. What
# did `normalize_filters` do to the last one, and how would you draw all filters so that this is seen?)

# %% [markdown] nbgrader={"grade_id": "explain_scale", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) No: the weakest filters have norms of less than a millionth of the
# strongest one's, so their responses are practically zero whatever the image; the
# network does not use them. (2) One scale a filter stretches even rounding dust to full contrast: the
# picture shows a filter's pattern, not its strength. (3) A remedy: one scale for all filters, or the
# norm written beside each; with the remark that weak filters' patterns are then hard to see.

# %% [markdown]
# ## Exercise 2: template matching
#
# *Difficulty 2 of 5, importance 5 of 5, 25 minutes.*
#
# Why does a picture of its weights say what a filter looks for? Because of how it answers: at each
# place it multiplies its weights with the pixels below and adds up.
#
# **Goal.** Slide each filter over the image and return its inner product with every window.
#
# $$ R_f(i, j) = \sum_{c} \sum_{a=0}^{k-1} \sum_{b=0}^{k-1} w_f(c, a, b)\; I(c, i + a, j + b) $$
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, C, H, W) | any |
# | `filters` | (F, C, k, k), any F, C and k | any |
# | result | (F, H - k + 1, W - k + 1) | any, negative values too |
#
# Full windows only, every one of them; the filter is not mirrored, nothing is added and nothing
# rescaled. The given image and filters stay as they are. Any way of computing it is fine; writing
# the sum yourself once shows what a convolutional layer does.
#
# **Predict first.** Below you see four filters. Each of four pictures makes one of them answer most:
# `brick` (a wall whose long joints stand upright), `turned` (the same by a quarter turn), `retina`
# (an eye's red inside) and `rocket` (before an evening sky). Which one?

# %%
chosen = [0, 14, 4, 15]
predictions = {0: "...", 14: "...", 4: "...", 15: "..."}  # filter: picture
pictures = normalize_filters(filters["filters"][chosen])
if ready(normalize_filters=pictures):
    display(plotting.show_images(pictures, [f"filter {f}" for f in chosen], columns=4))

# %% [markdown]
# <details><summary>Hint 1: four nested loops are slow</summary>
#
# Two loops of length k are enough. Fix a place (a, b) inside the filter: its weight meets the pixels
# `image[0, :, a : a + rows, b : b + columns]`, all windows at once.
# </details>
# <details><summary>Hint 2: weights and pixels have different shapes</summary>
#
# `filters[:, :, a, b]` is (F, C) and the shifted image (C, rows, columns). The sum over C is
# `torch.einsum("fc,chw->fhw", ...)`.
# </details>


# %% nbgrader={"grade_id": "filter_response", "solution": true}
def filter_response(image, filters):
    """Return (F, H', W'), the inner product of each filter with each window of the image."""
    ### BEGIN SOLUTION
    size = filters.shape[-1]
    rows, columns = (n - size + 1 for n in image.shape[2:])
    response = 0
    for a in range(size):
        for b in range(size):
            shifted = image[0, :, a : a + rows, b : b + columns]  # (C, H', W')
            response = response + torch.einsum("fc,chw->fhw", filters[:, :, a, b], shifted)
    return response
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_filter_response", "grade": true}
check("01-first-layer-filters", filter_response)

# %% [markdown]
# ### Is that what the network does?
#
# A convolutional layer returns this response plus one constant a filter, the bias. The network
# first maps the pixels so that mid-grey is 0 (its layer `normalize`).

# %%
model = load_model("filters", device=device)
weights, bias = model.conv1.weight, model.conv1.bias
names = ["pagoda", "motorcycle"]
photos = data.photos(names).to(device)
response = filter_response(model.normalize(photos[:1]), weights)
if ready(filter_response=response):
    layer = activations(model, photos[:1], "conv1")["conv1"][0]  # (16, 218, 218)
    mirrored = filter_response(model.normalize(photos[:1]), weights.flip(2, 3))
    differences = [
        float((r + bias[:, None, None] - layer).abs().max()) for r in (response, mirrored)
    ]
    print(f"largest difference to conv1: {differences[0]:.1e}", end=" | ")
    print(f"with mirrored filters: {differences[1]:.1e}")

# %%
if ready(filter_response=response, normalize_filters=normalize_filters(weights)):
    display(plotting.show_images(photos, names, columns=2))
    some = [0, 14, 10, 13, 4]
    for name, photo in zip(names, photos, strict=True):
        maps = filter_response(model.normalize(photo[None]), weights[some])
        above, titles = normalize_filters(weights[some]), [f"filter {f}" for f in some]
        title = f"Filters above, their response to the {name} below"
        display(plotting.show_saliency(above, maps, titles, title=title))

# %% [markdown]
# Red where the photo looks like the filter, blue where it looks like its negative. The ReLU that
# follows keeps the red alone.
#
# Now your predictions. Each response is divided by its filter's norm, the negative ones cut off as
# the ReLU does, and the rest averaged over the picture.

# %%
brick = data.texture("brick", 224)
contest = {"brick": brick, "turned": brick.rot90(1, (2, 3))}
contest |= {name: data.photo(name) for name in ("retina", "rocket")}


def mean_responses(weights):
    """Return (F, 4), the mean positive response of filters of norm 1 to the four pictures."""
    unit = weights / weights.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    maps = [filter_response(model.normalize(p.to(device)), unit) for p in contest.values()]
    return torch.stack([m.clamp(min=0).mean((1, 2)) for m in maps], dim=1)


if ready(filter_response=response):
    display(plotting.show_images(list(torch.cat(list(contest.values()))), list(contest), columns=4))
    print("filter     ", "".join(f"{name:>9}" for name in contest), "   winner, your prediction")
    answers = mean_responses(weights[chosen])
    winners = [list(contest)[int(row.argmax())] for row in answers]
    for f, row, winner in zip(chosen, answers, winners, strict=True):
        print(f"{f:<11}", "".join(f"{v:9.2f}" for v in row), f"   {winner}, {predictions[f]}")

# %% [markdown]
# Two of the pictures differ by a quarter turn alone. How much does the turn change a filter's answer?

# %%
if ready(filter_response=response):
    random_weights = first_filters(random_model("filters", device=device))
    turn_changes = []
    for w in (weights, random_weights):
        upright, turned = mean_responses(w)[:, :2].T  # (16,) each
        turn_changes.append(float(((upright - turned).abs() / (upright + turned)).mean()))
    print("mean |brick - turned| / (brick + turned): ", end="")
    print(f"trained {turn_changes[0]:.2f} | random weights {turn_changes[1]:.2f}")

# %% [markdown]
# ### The best match is the filter itself
#
# Of all patches of equal norm, the one that makes a filter answer most is the filter's own pattern:
# an inner product of two vectors of given lengths is largest where they point the same way. Below,
# thousands of patches compete, cut from photos or made of noise, all scaled to norm 1. A response of
# 1 is a perfect match.
#
# An inner product does not care which of the two is called image. So one call can compare one
# filter with all patches: the patches play the filters.


# %%
def unit(patches):
    """Return patches (N, 3, k, k) scaled to norm 1."""
    return F.normalize(patches.flatten(1), dim=1).view_as(patches)


count = fast(20_000, 4_000)
gallery = data.photos(data.photo_names()).to(device)
cut = unit(model.normalize(data.patches(gallery, 7, count, seed=0)))
noise = random_filters(count, 7, seed=2)
rivals = {"photo patches": cut, "noise patches": unit(noise)}


def best_matches(weights, patches):
    """Return (F,) the largest response of unit filters to unit patches, and (F,) which patch."""
    responses = torch.stack([filter_response(w[None], patches).flatten() for w in unit(weights)])
    return responses.max(dim=1)


if ready(filter_response=response):
    matches = {}
    print(f"mean of the best of {count} patches     trained filters | random filters")
    for name, patches in {"the filter itself": None, **rivals}.items():
        pair = [
            best_matches(w, unit(w) if patches is None else patches).values
            for w in (weights, random_weights)
        ]
        matches[name] = pair
        print(f"  {name:32} {pair[0].mean():17.2f} | {pair[1].mean():14.2f}")
    closest = {name: float(pair[0].max()) for name, pair in matches.items()}
    print("closest of all:", ", ".join(f"{name} {v:.3f}" for name, v in closest.items()))

# %%
if ready(filter_response=response, normalize_filters=normalize_filters(weights)):
    values, which = best_matches(weights, cut)
    some = [0, 3, 5, 8, 9, 12, 13, 14]
    pairs = torch.cat([normalize_filters(weights[some]), normalize_filters(cut[which[some]])])
    titles = [f"filter {f}" for f in some] + [f"match {values[f]:.2f}" for f in some]
    title = "Filters, and below each the photo patch that matches it best"
    display(plotting.show_images(pairs, titles, columns=8, title=title))

# %% [markdown]
# A match says what a filter looks for *among patches of equal norm*. In an image, patches differ in
# norm. Which patch makes the response largest if nobody scales them?

# %%
if ready(filter_response=response):
    patches = model.normalize(data.patches(gallery, 7, count, seed=0))
    strength = patches.flatten(1).norm(dim=1)
    raw = torch.stack([filter_response(w[None], patches).flatten() for w in unit(weights)])
    winner = raw.argmax(1)  # (16,)
    its_match = raw.max(1).values / strength[winner]
    print(f"norm:  winner without scaling {strength[winner].mean():.1f}", end=" | ")
    print(f"best match {strength[which].mean():.1f} | any patch {strength.mean():.1f}")
    print(f"match: winner without scaling {its_match.mean():.2f}", end=" | ")
    print(f"best match {values.mean():.2f}")

# %% [markdown]
# ### As old as the linear classifier
#
# A linear classifier does the same with one filter a class, as large as the image: a **template**.
# Its logits are inner products of templates and image. Here is one for handwritten digits, and one
# that was trained on shuffled labels.

# %%
from sklearn.linear_model import LogisticRegression

digits, digit_labels = data.digits("train")
test_digits, test_labels = data.digits("test")
shuffled = digit_labels[
    torch.randperm(len(digit_labels), generator=torch.Generator().manual_seed(0))
]
templates, accuracy = {}, {}
for name, labels in {"true labels": digit_labels, "shuffled labels": shuffled}.items():
    classifier = LogisticRegression(C=0.01, max_iter=200)
    classifier.fit(digits[:, 0].flatten(1).numpy(), labels.numpy())
    templates[name] = torch.tensor(classifier.coef_).float().view(10, 1, 32, 32)
    offsets = torch.tensor(classifier.intercept_).float()
    rows = [filter_response(t[None], test_digits[:, :1]) for t in templates[name]]  # (540, 1, 1)
    if ready(filter_response=rows[0]):
        logits = torch.stack(rows, dim=1).flatten(1) + offsets  # (540, 10)
        accuracy[name] = float((logits.argmax(1) == test_labels).float().mean())
        print(f"{name}: your inner products name {accuracy[name]:.1%} of {len(logits)} digits")
    title = f"Ten templates, 0 to 9, {name}"
    display(plotting.show_maps(templates[name][:, 0], 10, signed=True, label="weight", title=title))

# %% [markdown]
# Red pixels speak for the digit, blue ones against it: the middle of the 0 should be empty.
#
# ### The experiment of Hubel and Wiesel
#
# They showed a cat bars of light in all directions and listened to one neuron at a time. Let us show
# the filters grey gratings, and note the largest response over all places and three widths.


# %%
def grating(degrees, period, size=32):
    """Return (1, 3, size, size), grey waves; at 0 degrees the stripes stand upright."""
    turn, places = math.radians(degrees), torch.arange(size, device=device)
    distance = places * math.cos(turn) + places[:, None] * math.sin(turn)
    wave = torch.cos(2 * math.pi * distance / period)
    return (0.5 + 0.5 * wave).expand(1, 3, -1, -1)


def tuning(weights):
    """Return (F, 12), the largest response to gratings in steps of 15 degrees."""
    angles = []
    for degrees in range(0, 180, 15):
        waves = [model.normalize(grating(degrees, period)) for period in (4, 6, 9)]
        maps = [filter_response(wave, weights).flatten(1).amax(1) for wave in waves]
        angles.append(torch.stack(maps).amax(0))
    return torch.stack(angles, dim=1)


if ready(filter_response=response):
    curves = [tuning(w) for w in (weights, random_weights)]
    selectivity = [
        float(((c.amax(1) - c.amin(1)) / (c.amax(1) + c.amin(1))).mean()) for c in curves
    ]
    print(f"mean selectivity: trained {selectivity[0]:.2f} | random weights {selectivity[1]:.2f}")
    lines = {f"filter {f}": curves[0][f] for f in (0, 14, 9)} | {"random filter 0": curves[1][0]}
    lines = {name: line / line.max() for name, line in lines.items()}
    labels = ("direction of the stripes in degrees, 0 upright", "response / its largest")
    title = "Orientation tuning"
    display(plotting.show_curves(lines, *labels, x=range(0, 180, 15), title=title))

# %% [markdown]
# *Selectivity* is (largest - smallest) / (largest + smallest) over the directions: 1 if a filter is
# silent in one direction, 0 if it answers to all alike.
#
# **Explain what you saw.** "A filter answers most where the image looks most like the filter." Say
# where that is true, where it is not, and what of the above shows each. (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_matching", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) True among patches of equal norm: the response is norm times norm
# times cosine; the filter's own pattern gave 1, no patch of photos or noise did. (2) Not true without
# that: the largest responses in an image go to patches of high contrast with a moderate match, as the
# table of norms shows. (3) An observation from maps, tuning curves or templates that fits: a filter
# also answers, more weakly, to what looks partly like it (other directions, digits of other shape),
# or its negative gives the most negative response; or the random control.

# %% [markdown]
# ## Exercise 3: one layer further up
#
# *Difficulty 2 of 5, importance 3 of 5, 10 minutes.*
#
# Can we do the same one layer further up? The second layer of the toy network has 20 filters, and
# each stretches over the **16 channels** of the first layer's output. Sixteen channels are no colour
# image. What remains is to draw each **slice** of each filter, the 7 x 7 weights that it has for
# one channel, as a small grey picture.
#
# **Goal.** Make each slice a grey picture: weight 0 is mid-grey, brighter is positive, darker is
# negative, and the slice's weight of largest size is white or black.
#
# $$ s_{f,c}(i, j) = \frac12 + \frac{w_{f,c}(i, j)}{2 \max_{a, b} |w_{f,c}(a, b)|} $$
#
# | | shape | range |
# |---|---|---|
# | `weights` | (F, C, k, k), any F, C and k | any |
# | result | (F, C, k, k) | [0, 1] |
#
# Each slice has a scale of its own. A slice of zeros is mid-grey, 0.5. The given weights stay as
# they are. Zero in the middle, unlike in exercise 1, since here the sign matters: what comes in went
# through a ReLU and is never negative, so a positive weight always speaks for and a negative one
# always against.
#
# **Predict first.** Of the slices of layer 1, about three in four are oriented, of random ones one in
# a hundred. How many of layer 2?

# %%
prediction = "..."  # a share in percent

# %% [markdown]
# <details><summary>Hint 1: which axes now?</summary>
#
# One number a slice is a tensor of shape (F, C, 1, 1).
# </details>
# <details><summary>Hint 2: some values leave [0, 1]</summary>
#
# The largest *size* is that of `weights.abs()`: in a slice of negative weights the maximum is the
# wrong one.
# </details>


# %% nbgrader={"grade_id": "grayscale_slices", "solution": true}
def grayscale_slices(weights):
    """Return (F, C, k, k) in [0, 1]: each slice on its own scale, with zero at 0.5."""
    ### BEGIN SOLUTION
    largest = weights.abs().amax(dim=(2, 3), keepdim=True)  # (F, C, 1, 1)
    return 0.5 + 0.5 * torch.where(largest > 0, weights / largest, 0.0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_grayscale_slices", "grade": true}
check("01-first-layer-filters", grayscale_slices)

# %%
random_network = random_model("filters", device=device)
slices = grayscale_slices(model.conv2.weight)
if ready(grayscale_slices=slices):
    control = grayscale_slices(random_network.conv2.weight)
    for name, sheet in {"trained": slices, "random weights": control}.items():
        tiles = sheet.flatten(0, 1)[:, None].expand(-1, 3, -1, -1)  # (20 * 16, 3, 7, 7), grey
        title = f"Second layer, {name}: two filters of 16 slices in each row"
        display(plotting.show_images(tiles, columns=32, title=title))

# %% [markdown]
# Mid-grey is 0, each slice has its own scale. There is structure: blobs, stripes, edges. But they are no longer edges in the image. They are
# edges in the responses of sixteen filters, and one of the twenty takes sixteen pictures to show.
#
# The same two statistics, now slice by slice: the share of slices that are oriented, and the share of
# a filter's pairs of slices that oppose each other, with a cosine below -0.5. In layer 1, a slice is
# one colour of a filter.

# %%
layers = {
    "layer 1": (model.conv1.weight, random_network.conv1.weight),
    "layer 2": (model.conv2.weight, random_network.conv2.weight),
}
single = random_filters(4000, 7, seed=1)[:, :1]  # one slice each
threshold = orientedness(single).quantile(0.99)
fall = {}  # layer: ((oriented, opposing), the same of random weights)
for name, pair in layers.items():
    fall[name] = []
    for w in pair:
        oriented = orientedness(w.flatten(0, 1)[:, None]) > threshold
        opposing = slice_cosines(w) < -0.5
        fall[name].append((float(oriented.float().mean()), float(opposing.float().mean())))
    (a, b), (c, d) = fall[name]
    print(f"{name}: oriented slices {a:4.0%} | random {c:5.1%}", end="     ")
    print(f"opposing pairs {b:5.1%} | random {d:4.1%}")
print(f"You predicted {prediction} of oriented slices in layer 2.")

# %% [markdown]
# Both fall from layer 1 to layer 2, and stay above those of random weights.
#
# **Explain what you saw.** Pick one filter of layer 2, half a row of the sheet. What can you say about what this
# filter looks for, and what would you need to know to say more? Would it help to draw its slices in
# colour? (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_second_layer", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Structure in some slices of a named filter is described: stripes, blobs
# or edges, others close to noise; with the numbers: more than random, less than layer 1. (2) A slice
# acts on the response of a first-layer filter, not on the image: one would need the sixteen filters,
# and the strength of each slice, which its own scale hides, to add them up. (3) Colour would not help:
# sixteen channels have no colours, and any choice of three would be arbitrary. Other techniques are
# needed that start from images.

# %% [markdown]
# ## Turn the knobs
#
# Any filter of the first layers of each network: in colour above its response to a photo, yours too;
# from the second layer on, its slices. Try a filter of `conv1`, write down where on the cat it will
# answer, then look. And try a second-layer filter: could you write anything down?

# %%
from labkit import widgets

choices = {}
for name in shown:
    modules = load_model(name, device=device).named_modules()
    convolutions = [(n, m) for n, m in modules if isinstance(m, torch.nn.Conv2d)][:4]
    choices |= {f"{name}, {layer}": m.weight.detach() for layer, m in convolutions}


def draw_filter(layer, filter, photo):
    """Return one filter with its response to a photo, or the slices of a filter further up."""
    weights = choices[layer][filter % len(choices[layer])][None]  # (1, C, k, k)
    if weights.shape[1] != 3:
        tiles = grayscale_slices(weights)[0][:, None].expand(-1, 3, -1, -1)  # (C, 3, k, k)
        return plotting.show_images(tiles, columns=8, title=f"{layer}: the filter's slices")
    maps = filter_response(model.normalize(photo), weights)
    colours = normalize_filters(weights)
    figure = plotting.show_saliency(colours, maps, title=f"{layer}: filter and response")
    figure.set_size_inches(3.4, 7)
    return figure


if ready(filter_response=response, grayscale_slices=slices):
    own = {name: data.photo(name).to(device) for name in ("cat", "pagoda", "rocket", *names)}
    knobs = {"layer": list(choices), "filter": widgets.slider(0, 63, 0)}
    display(widgets.explore(draw_filter, **knobs, photo=widgets.photo(own)))

# %% [markdown]
# ## What to keep, and the limits
#
# - A filter answers with an inner product, so among patches of equal norm it answers most to its own
#   pattern. That makes first-layer filters, and the templates of a linear classifier, readable.
# - Trained first layers are alike in very different networks: oriented edges, opposing colours.
#   Seeing it takes filters large enough to see; in the toy network, a regularizer helped.
# - Every filter on its own scale: the picture shows the pattern, not the strength.
# - From the second layer on, weights show *that* something was learned, hardly *what*. The next labs
#   go to the other end of the network, and then look at responses instead of weights.
#
# ## Try it yourself
#
# - A photo of your own in `names` above. Which of the sixteen filters answers most to it?
# - `load_model("alexnet")`, where there is a network, then run the lab again: AlexNet's filters have
#   11 x 11 pixels. Which of the two statistics differs most from that of `filters`?
# - Sort the slices of one second-layer filter by norm, and draw the first-layer filters of its three
#   strongest slices beside them. Does the filter make more sense now?
