# %% [markdown]
# # 15 Fast style transfer: a painting in one pass
#
# ![Five style images in a row: stained glass, swirls, flames, a mosaic, waves. Below, a cat and a pagoda, each painted in the five styles; eyes and roofs stay where they are, colours and strokes change.](../docs/pictures/15-fast-style-transfer.jpg)
#
# **The question.** Lab 14 makes a painting by optimizing its pixels, many steps for every photo.
# The lecture's largest ones took half an hour on four graphics cards. Yet phones paint a video while
# it is filmed. How?
#
# Train a second network: photo in, painting out, in one forward pass. Lab 14's loss says what a good
# painting is, and here it trains that network. You write three things: `perceptual_loss`, which it
# learns from, `instance_norm`, which was invented for it, and `ConditionalInstanceNorm2d`, which
# makes room for many styles in one network. About 75 minutes. Lecture: 66:45 to the end.

# %%
import time

import torch
import torch.nn.functional as F
from IPython.display import display
from torch import nn
from tqdm.auto import tqdm

from labkit import data, plotting
from labkit.check import check, ready
from labkit.hooks import activations
from labkit.models import load_model
from labkit.optimize import fast, optimize_pixels
from labkit.style_networks import (
    STYLES,
    ScaleAndShift,
    StyleNetwork,
    load_style_network,
    training_log,
)

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)  # judges the paintings; never trained here
prediction = "..."  # yours come further down

# %% [markdown]
# Three photos that no network of this lab was trained on, and a stained-glass window to paint them
# like. For a photo of your own, put `dog.jpg` into a folder `my-photos` beside this notebook, and
# write `mine = ["dog"]`.

# %%
mine = []
names = ["cat", "pagoda", "coffee", *mine]
photos = data.photos(names, fast(256, 128)).to(device)  # (3, 3, 256, 256)
window = data.style("glass", 192).to(device)
content_layers = ["blocks.2.1"]
style_layers = ["bn1.act", "blocks.0.0", "blocks.1.1", "blocks.2.1", "blocks.3.2"]
plotting.show_images([*photos, window[0]], [*names, "the style"], columns=4)

# %% [markdown]
# From lab 13, ready to use: the Gram matrices, which say what features occur together and not where.


# %% nbgrader={"grade_id": "gram_matrix", "locked": true}
def gram_matrix(features):
    """Return (N, C, C), the products of the channels of (N, C, H, W), divided by C * H * W."""
    flat = features.flatten(2)  # (N, C, H*W)
    return flat @ flat.transpose(1, 2) / flat[0].numel()


# %%
def grams_of(images):
    """Return {layer: (N, C, C)} of the style layers."""
    with torch.no_grad():
        found = activations(model, images, style_layers)
    return {layer: gram_matrix(features) for layer, features in found.items()}


window_grams = grams_of(window)
for layer, gram in window_grams.items():
    print(f"{layer:12} Gram matrix {tuple(gram.shape)}")

# %% [markdown]
# ## Exercise 1: the loss to learn from
#
# *Difficulty 2 of 5, importance 5 of 5, 20 minutes.*
#
# **Goal.** Add up how far paintings are from their photos' content and from the style.
#
# $$ L = \frac{1}{N} \sum_{n=1}^{N} \Big( \sum_{l} w^\text{content}_l \, \| F_l(n) - T_l(n) \|^2 \; + \; \sum_{l} w^\text{style}_l \, \| G(F_l(n)) - G_l \|^2 \Big) $$
#
# with features $F$ of the paintings, $T$ of their photos, and the Gram matrices $G_l$ of the style;
# $\|\cdot\|^2$ is the sum of all squares, as in lab 14. (Johnson, Alahi and Fei-Fei, *Perceptual
# losses for real-time style transfer*, 2016. They divide by the layer's size; our weights do.)
#
# | | | shapes |
# |---|---|---|
# | `features` | of the paintings | layer → (N, C, H, W) |
# | `content_features` | of the photos | layer → (N, C, H, W) |
# | `style_grams` | of the style image | layer → (1, C, C), the same for all N |
# | `weights` | `{"content": {...}, "style": {...}}` | each layer → a number |
# | result | a scalar | |
#
# The layers that count are those in `weights["content"]` and in `weights["style"]`: a layer may be
# in both, either may be empty, and the other dicts may hold more. Use `gram_matrix` from above. H
# and W may differ. The gradient reaches the features and nothing else: `content_features` and
# `style_grams` are what to steer towards, even if they carry a graph. No argument is changed.
#
# **Predict first.** The untouched photo is a bad painting of itself, and so is the style image. Which
# of the two terms is 0 for the photo, which for the style image?

# %%
prediction = "..."  # "photo: ..., style image: ..."

# %% [markdown]
# <details><summary>Hint 1: two loops</summary>
#
# One over `weights["content"].items()`, which gives each layer with its weight, and one over
# `weights["style"].items()`. Start from `loss = 0.0` and add.
# </details>
# <details><summary>Hint 2: the mean over the images</summary>
#
# Sum over everything, and divide by N in the end. A `style_grams[layer]` of shape (1, C, C) minus
# (N, C, C) is (N, C, C): broadcasting repeats it for each image.
# </details>
# <details><summary>Hint 3: the targets</summary>
#
# `.detach()` returns a tensor with the same values that no gradient flows into.
# </details>


# %% nbgrader={"grade_id": "perceptual_loss", "solution": true}
def perceptual_loss(features, content_features, style_grams, weights):
    """Return the mean over the images of the weighted content and style terms, a scalar."""
    ### BEGIN SOLUTION
    loss = 0.0
    for layer, weight in weights["content"].items():
        difference = features[layer] - content_features[layer].detach()
        loss = loss + weight * difference.square().sum() / len(difference)
    for layer, weight in weights["style"].items():
        difference = gram_matrix(features[layer]) - style_grams[layer].detach()
        loss = loss + weight * difference.square().sum() / len(difference)
    return loss
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_perceptual_loss", "grade": true}
check("15-fast-style-transfer", perceptual_loss)

# %% [markdown]
# What the loss says of pictures that we know. Each term is *relative* here: 1 means as far from the
# target as a picture whose features are all zero.


# %%
def relative_weights(content_features, style_grams, content=0.4):
    """Return weights that divide each layer's term by its target's own sum of squares."""
    sizes = {layer: f.square().sum() / len(f) for layer, f in content_features.items()}
    return {
        "content": {layer: content / float(size) for layer, size in sizes.items()},
        "style": {layer: 1 / float(gram.square().sum()) for layer, gram in style_grams.items()},
    }


def terms(paintings, photos, grams):
    """Return the relative content and style terms of some paintings, as two numbers."""
    with torch.no_grad():
        target = activations(model, photos, content_layers)
        features = activations(model, paintings, style_layers)
        weights = relative_weights(target, grams, content=1.0)
        content = perceptual_loss(features, target, grams, {**weights, "style": {}})
        style = perceptual_loss(features, target, grams, {**weights, "content": {}})
    return float(content), float(style)


# %%
small = F.interpolate(photos[:1], window.shape[2:], mode="bilinear")  # as large as the window
features = activations(model, small, style_layers)
weights = relative_weights(features, window_grams)
first_loss = perceptual_loss(features, features, window_grams, weights)
if ready(perceptual_loss=first_loss):
    noise = torch.rand(small.shape, generator=torch.Generator().manual_seed(0)).to(device)
    print(f"You predicted {prediction!r}.\n{'as a painting':16}content   style")
    for name, picture in {"the photo": small, "the window": window, "noise": noise}.items():
        content, style = terms(picture, small, window_grams)
        print(f"{name:15}{content:8.2f}{style:8.2f}")

# %% [markdown]
# A painting lies between the two: lab 14 looks for the pixels that make 0.4 times the first term plus
# the second one small. Here is that search again, with your loss and a little total variation, for
# each photo anew. (About 20 s.)


# %%
def variation(images):
    """Return the mean squared difference of neighbours: total variation, for any size."""
    return images.diff(dim=2).square().mean() + images.diff(dim=3).square().mean()


def optimize_painting(photo, grams, steps):
    """Return the painting of one photo that L-BFGS finds, as in lab 14."""
    with torch.no_grad():
        target = activations(model, photo, content_layers)
    weights = relative_weights(target, grams)

    def loss(image):
        features = activations(model, image, style_layers)
        return perceptual_loss(features, target, grams, weights) + variation(image)

    found = optimize_pixels(photo, loss, steps=steps, step_size=1.0, optimizer="lbfgs")
    return found.image.clamp(0, 1)


if ready(perceptual_loss=first_loss):
    started = time.perf_counter()
    optimized = [optimize_painting(p[None], window_grams, fast(60, 4)) for p in photos]
    optimization_seconds = (time.perf_counter() - started) / len(photos)
    optimized = torch.cat(optimized)
    print(f"{optimization_seconds:.1f} s a photo")
    display(plotting.show_images(optimized, names, columns=3, title="Pixels, optimized"))

# %% [markdown]
# ## Exercise 2: instance normalization
#
# *Difficulty 2 of 5, importance 5 of 5, 15 minutes.*
#
# A network that paints should give a dull photo and a brilliant one the same bold colours: contrast
# is the style's business. But a network would have to learn that for every contrast. Ulyanov and
# colleagues took it out by hand: after each convolution, every map of every picture is brought to
# mean 0 and variance 1.
#
# **Goal.** Normalize each channel of each image by its own mean and variance.
#
# $$ y_{nc}(i, j) = \frac{x_{nc}(i, j) - \mu_{nc}}{\sqrt{\sigma^2_{nc} + \epsilon}}, \qquad
# \mu_{nc} = \frac{1}{HW} \sum_{i, j} x_{nc}(i, j), \qquad
# \sigma^2_{nc} = \frac{1}{HW} \sum_{i, j} \big( x_{nc}(i, j) - \mu_{nc} \big)^2 $$
#
# (Ulyanov, Vedaldi and Lempitsky, *Instance normalization: the missing ingredient for fast
# stylization*, 2016.)
#
# | | shape | |
# |---|---|---|
# | `x` | (N, C, H, W) | any values; H and W may differ |
# | `eps` | a number | added to the variance, under the root; 1e-5 unless given |
# | result | (N, C, H, W) | a new tensor; `x` keeps its values |
#
# An image gets what it would get alone, for any N. The network learns through this function: the
# gradient flows through $\mu$ and $\sigma$, too.
#
# **Predict first.** A trained network with instance normalization paints the cat, and then the cat
# at a third of its contrast, in dull greys. How does the second painting differ: as dull as the
# photo, a little paler, or hardly at all?

# %%
prediction = "..."  # "dull", "paler" or "hardly"

# %% [markdown]
# <details><summary>Hint 1: which axes?</summary>
#
# Of (N, C, H, W), the formula sums over i and j only: `dim=(2, 3)`. With `keepdim=True` the result is
# (N, C, 1, 1), and broadcasting does the rest.
# </details>
# <details><summary>Hint 2: which variance?</summary>
#
# `x.var(...)` divides by HW - 1 unless told `unbiased=False`.
# </details>


# %% nbgrader={"grade_id": "instance_norm", "solution": true}
def instance_norm(x, eps=1e-5):
    """Return (N, C, H, W): each channel of each image with mean 0 and variance 1."""
    ### BEGIN SOLUTION
    mean = x.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
    variance = x.var(dim=(2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_instance_norm", "grade": true}
check("15-fast-style-transfer", instance_norm)

# %% [markdown]
# ### Train a painter
#
# The network: two convolutions down to a quarter of the side, three residual blocks, two convolutions
# up again, 170,000 parameters. After each convolution comes your `instance_norm`, then a learned
# scale and shift of each channel. It sees small cuts of the kit's photos (the three above are not
# among them), paints them, and your `perceptual_loss` says how well. At most one minute.

# %%
pictures = [data.photo(n, 160) for n in data.photo_names() if n not in names]
pictures += [data.texture(n, 160) for n in ("brick", "grass", "gravel")]
cuts = data.patches(torch.cat(pictures), size=96, count=800).to(device)  # (800, 3, 96, 96)


def instance(channels):
    """Return what follows each convolution: your function, a learned scale, a learned shift."""
    return ScaleAndShift(channels, instance_norm)


def paint_step(network, optimizer, images):
    """Take one step of training on a few images; return the loss."""
    with torch.no_grad():
        target = activations(model, images, content_layers)
    features = activations(model, network(images), style_layers)
    weights = relative_weights(target, window_grams)
    loss = perceptual_loss(features, target, window_grams, weights)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


# %%
import contextlib


def train_painter(steps, seconds=55, seed=0):
    """Return a network that paints, and its loss by step; after some seconds, or an interrupt."""
    with torch.random.fork_rng():  # leaves the notebook's own randomness alone
        torch.manual_seed(seed)
        network = StyleNetwork(instance).to(device)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses, end = [], time.perf_counter() + seconds
    with contextlib.suppress(KeyboardInterrupt):  # stopped by hand, it keeps what it has learned
        for _ in tqdm(range(steps), leave=False):
            chosen = torch.randint(len(cuts), (4,), generator=generator)
            losses.append(paint_step(network, optimizer, cuts[chosen]))
            if time.perf_counter() > end:
                break
    return network.requires_grad_(False), losses


normalized = instance_norm(photos.clone())
if ready(perceptual_loss=first_loss, instance_norm=normalized):
    started = time.perf_counter()
    own_network, losses = train_painter(fast(300, 12))
    training_seconds = time.perf_counter() - started
    print(
        f"{len(losses)} steps in {training_seconds:.0f} s, loss {losses[0]:.2f} to {losses[-1]:.2f}"
    )
    display(plotting.show_curves({"your network": losses}, "step", "loss of four cuts", log=True))

# %% [markdown]
# The same architecture was trained for longer beforehand, 1500 steps on one core
# (`training/train_style.py` in the kit; about ten minutes). It is loaded into a network with *your* `instance_norm`.

# %%
if ready(perceptual_loss=first_loss, instance_norm=normalized):
    trained = load_style_network("instance", instance, device=device)
    with torch.no_grad():
        own, shipped = own_network(photos), trained(photos)
    rows = torch.cat([optimized, own, shipped])
    captions = [
        f"{n}, {how}" for how in ("optimized", "your network", "trained longer") for n in names
    ]
    display(plotting.show_images(rows, captions, columns=len(names), title="Three ways to paint"))

# %% [markdown]
# Seconds and loss of each way, means over the photos. The controls are the photo itself, unpainted,
# and another photo.


# %%
def seconds_of(paint, repeats=5):
    """Return the shortest time of a few runs."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        with torch.no_grad():
            paint()
        times.append(time.perf_counter() - started)
    return min(times)


# %%
if ready(perceptual_loss=first_loss, instance_norm=normalized):
    pass_seconds = seconds_of(lambda: trained(photos)) / len(photos)
    ways = {
        "optimized pixels": (optimized, optimization_seconds),
        "your network": (own, pass_seconds),
        "trained longer": (shipped, pass_seconds),
        "the photo itself": (photos, 0),
        "another photo": (photos.roll(1, 0), 0),
    }
    scores = {way: terms(paintings, photos, window_grams) for way, (paintings, _) in ways.items()}
    print(f"{'':18}seconds a photo   content   style   0.4 content + style")
    for way, (_, seconds) in ways.items():
        content, style = scores[way]
        print(f"{way:18}{seconds:15.3f}{content:10.2f}{style:8.2f}{0.4 * content + style:22.2f}")
    speed_up = optimization_seconds / pass_seconds
    print(f"One pass is {speed_up:.0f} times faster than the optimization.")
    print(f"Your training paid off after {training_seconds / optimization_seconds:.0f} photos.")

# %% [markdown]
# The optimization reaches a lower loss: it may fit one picture for as long as it likes. The network
# has to answer at once, also for a photo it never saw, and it answers differently: more style, less
# content. Its content term even lies above that of *another photo*, the control, and yet you see
# the cat. The squared distance grows with the strength of the edges, too: panes and leads put strong
# ones where the photo has none. A number answers its own question only. The lecture's way out of
# slowness is to pay once, in training.
#
# ### Does the normalization matter?
#
# Two more networks of this architecture learned from the same cuts in the same order, for 1500 steps
# each: one with batch normalization, one without any. (That one had to take smaller steps: with the
# others' learning rate all its paintings went black.) Their losses on the three photos at 128 pixels,
# by step (the table below has them at 256, where all are larger):

# %%
logs = {kind: training_log(kind) for kind in ("instance", "batch", "none")}
curves = {
    kind: [0.4 * c + s for c, s in zip(log["content"], log["style"], strict=True)]
    for kind, log in logs.items()
}
plotting.show_curves(
    curves,
    "step of training",
    "0.4 content + style",
    x=logs["instance"]["step"],
    log=True,
    title="Three normalizations, the same steps",
)

# %%
if ready(perceptual_loss=first_loss, instance_norm=normalized):
    norms = {
        "instance": instance,
        "batch": nn.BatchNorm2d,  # it, too, has a learned scale and shift
        "none": lambda channels: ScaleAndShift(channels, nn.Identity()),
    }
    painters = {kind: load_style_network(kind, norm, device=device) for kind, norm in norms.items()}
    with torch.no_grad():
        by_norm = {kind: network(photos) for kind, network in painters.items()}
    captions = [f"{n}, {kind}" for kind in by_norm for n in names]
    rows = torch.cat(list(by_norm.values()))
    display(plotting.show_images(rows, captions, columns=len(names), title="Three normalizations"))

# %% [markdown]
# The last column of the table holds your prediction: how far the painting moves when the photo is
# turned down to a third of its contrast, about mid-grey, as a share of how far the photo itself
# moved (root of the mean square of both).

# %%
if ready(perceptual_loss=first_loss, instance_norm=normalized):
    dull = 0.5 + (photos - 0.5) / 3
    moved = (dull - photos).square().mean().sqrt()
    print(f"You predicted {prediction!r}.")
    print(f"{'normalization':16}content   style    sum   painting moves when the photo turns dull")
    by_kind, dull_paintings = {}, {}
    for kind, network in painters.items():
        with torch.no_grad():
            dull_paintings[kind] = network(dull)
        content, style = terms(by_norm[kind], photos, window_grams)
        change = float((dull_paintings[kind] - by_norm[kind]).square().mean().sqrt() / moved)
        by_kind[kind] = {"loss": 0.4 * content + style, "change": change}
        print(f"{kind:15}{content:8.2f}{style:8.2f}{0.4 * content + style:7.2f}{change:20.3f}")
    rows = [dull[0], *(paintings[0] for paintings in dull_paintings.values())]
    captions = ["dull photo", *(f"its painting, {kind}" for kind in dull_paintings)]
    display(plotting.show_images(rows, captions, columns=4, title=f"The {names[0]}, dull"))

# %% [markdown]
# **Explain what you saw.** Why does the dull photo's painting hardly differ with instance
# normalization? Follow the contrast through the first convolution (it has no bias, and the network
# starts with `2 * images - 1`) and your function. Why can batch normalization not do the same? And what
# does the table say about how much the normalization matters for the loss? (Four to six sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_normalization", "grade": true, "solution": true, "points": 4}
# **Rubric, 1 point each.** (1) A third of the contrast about 0.5 is a third of `2 * images - 1`, and,
# the convolution being linear, a third of each map; dividing by the map's own deviation takes the
# factor out again (up to eps), so that all that follows is the same. (2) Batch normalization divides by
# one number a channel, measured over many training images: a dull picture among them, or at test
# time with stored statistics, keeps its lower contrast. (3) The losses are named from the table, with
# the direction: instance lowest. (4) A limit: one training run each, one style, one learning rate; or
# that the curves of the batch and instance networks lie close; or that a painting that cannot be dull
# also cannot show that the photo was.

# %% [markdown]
# ## Exercise 3: many styles in one network
#
# *Difficulty 3 of 5, importance 4 of 5, 25 minutes.*
#
# A network a style is expensive. Dumoulin, Shlens and Kudlur found that the convolutions can be
# shared: all that has to differ from style to style is the **scale and shift** after each
# normalization. And numbers can be mixed: halfway between two styles lies the mean of their scales
# and shifts. (*A learned representation for artistic style*, 2017.)
#
# **Goal.** Write the module: instance normalization, then the scale and shift of the styles asked for.
#
# $$ z_{nc} = \Big( \sum_{s} a_{ns} \gamma_{sc} \Big) \, y_{nc} + \sum_{s} a_{ns} \beta_{sc}, \qquad y = \text{instance_norm}(x) $$
#
# | | shape | |
# |---|---|---|
# | `ConditionalInstanceNorm2d(channels, styles)` | | C channels, S styles |
# | its `weight`, $\gamma$ | (S, C) | an `nn.Parameter`, at first 1 everywhere |
# | its `bias`, $\beta$ | (S, C) | an `nn.Parameter`, at first 0 everywhere |
# | `x` | (N, C, H, W) | any values; keeps them, and the gradient passes through |
# | `style_weights`, $a$ | (N, S) | one row for each image, used as they are |
# | result of `forward` | (N, C, H, W) | |
#
# Each image has its own row: one may be all flames, the next half flames and half waves. A row need
# not add up to 1. No other tensors are learned; use your `instance_norm`.
#
# **Predict first.** The network has 170,000 parameters. How many more does each further style cost:
# 170,000, about 17,000, or under 1,000?

# %%
prediction = "..."  # "170000", "17000" or "1000"

# %% [markdown]
# <details><summary>Hint 1: the parameters</summary>
#
# `self.weight = nn.Parameter(...)`, with a tensor of ones inside: only an `nn.Parameter` that is an
# attribute of the module is found by the optimizer.
# </details>
# <details><summary>Hint 2: the sums over the styles are a matrix product</summary>
#
# (N, S) times (S, C) is (N, C): the scale of each channel of each image.
# </details>
# <details><summary>Hint 3: shapes</summary>
#
# (N, C) does not broadcast against (N, C, H, W). Two more axes of length 1 at the end do it.
# </details>


# %% nbgrader={"grade_id": "ConditionalInstanceNorm2d", "solution": true} labkit={"uses": ["instance_norm"]}
class ConditionalInstanceNorm2d(nn.Module):
    """Instance normalization with a scale and a shift for each style."""

    def __init__(self, channels, styles):
        super().__init__()
        ### BEGIN SOLUTION
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))
        ### END SOLUTION

    def forward(self, x, style_weights):
        """Return x (N, C, H, W), normalized, in the styles of style_weights (N, S)."""
        ### BEGIN SOLUTION
        scale = style_weights @ self.weight  # (N, C)
        shift = style_weights @ self.bias
        return instance_norm(x) * scale[:, :, None, None] + shift[:, :, None, None]
        ### END SOLUTION


# %% nbgrader={"grade_id": "check_ConditionalInstanceNorm2d", "grade": true}
check("15-fast-style-transfer", ConditionalInstanceNorm2d, instance_norm)

# %% [markdown]
# One network, trained for five styles at once (3000 steps, the style of each cut drawn by lot), with
# your module after each convolution. The style images, and two photos in each style:


# %%
def conditional(channels):
    """Return what follows each convolution of the network with several styles."""
    return ConditionalInstanceNorm2d(channels, len(STYLES))


one_each = torch.eye(len(STYLES), device=device)  # row s: all the weight on style s
answered = ConditionalInstanceNorm2d(3, len(STYLES)).to(device)(photos[:1], one_each[:1])

# %% labkit={"opening": true}
if ready(instance_norm=normalized, ConditionalInstanceNorm2d=answered):
    many = load_style_network("styles", conditional, device=device)
    style_images = [data.style(name, photos.shape[2]).to(device)[0] for name in STYLES]
    with torch.no_grad():
        columns = [many(photos, row.expand(len(photos), -1)) for row in one_each]
    rows = [torch.ones_like(photos[0]), *style_images]
    for i in range(2):
        rows += [photos[i], *(paintings[i] for paintings in columns)]
    titles = ["", *STYLES, *[""] * (2 * len(STYLES) + 2)]
    title = "One network, five styles"
    display(plotting.show_images(rows, titles, columns=len(STYLES) + 1, title=title))

# %% [markdown]
# Two numbers. The cost of a style; and whether each painting really has the style it was asked for:
# its style term against that style image, and against the other four (the control).

# %%
if ready(perceptual_loss=first_loss, instance_norm=normalized, ConditionalInstanceNorm2d=answered):
    total = sum(p.numel() for p in many.parameters())
    norm_modules = [m for m in many.modules() if isinstance(m, ConditionalInstanceNorm2d)]
    a_style = sum(m.weight[0].numel() + m.bias[0].numel() for m in norm_modules)
    print(f"You predicted {prediction!r}. All parameters {total:,}, of each style {a_style:,}:")
    print(f"{100 * a_style / total:.1f} % of the network. A network of its own would cost 100 %.")
    all_grams = {name: grams_of(data.style(name, 192).to(device)) for name in STYLES}
    right, others = [], []
    for name, paintings in zip(STYLES, columns, strict=True):
        found = {other: terms(paintings, photos, grams)[1] for other, grams in all_grams.items()}
        right.append(found.pop(name))
        others.append(sum(found.values()) / len(found))
        print(f"  {name:8} style term {right[-1]:6.2f}, against the others' {others[-1]:6.2f}")

# %% [markdown]
# ### Between styles
#
# Style weights from (1, 0) to (0, 1), in five steps. The second row is a **control** that needs no
# network: the two finished paintings, one fading into the other.

# %%
first, second = "glass", "waves"
steps = torch.linspace(0, 1, 5)
if ready(perceptual_loss=first_loss, instance_norm=normalized, ConditionalInstanceNorm2d=answered):
    ends = one_each[[STYLES.index(first), STYLES.index(second)]]
    mixes = torch.stack([torch.lerp(*ends, t) for t in steps])  # (5, S)
    with torch.no_grad():
        blended = many(photos[:1].expand(len(steps), -1, -1, -1), mixes)
    faded = torch.stack([torch.lerp(blended[0], blended[-1], t) for t in steps])
    captions = [f"{kind}, {t:.2f}" for kind in ("styles blended", "pixels faded") for t in steps]
    title = f"From {first} to {second}"
    display(plotting.show_images([*blended, *faded], captions, columns=5, title=title))

# %% [markdown]
# The style term against either style image, and the strength of the strokes: the mean squared
# difference of neighbouring pixels, times 1000.


# %%
def row_of(picture):
    """Return the style term against the first and the second style, and the strength of strokes."""
    both = [terms(picture[None], photos[:1], all_grams[name])[1] for name in (first, second)]
    return [*both, 1000 * float(variation(picture[None]))]


if ready(perceptual_loss=first_loss, instance_norm=normalized, ConditionalInstanceNorm2d=answered):
    print(f"{'':6}{'styles blended':^30} |{'pixels faded':^30}")
    print("   t  " + " |".join([f"{first:>10}{second:>10}{'strokes':>10}"] * 2))
    blend_rows, fade_rows = ([row_of(p) for p in pictures] for pictures in (blended, faded))
    for t, *pair in zip(steps, blend_rows, fade_rows, strict=True):
        columns_of = ["".join(f"{value:10.2f}" for value in row) for row in pair]
        print(f"{t:5.2f} " + " |".join(columns_of))

# %% [markdown]
# And in a square: four styles at the corners, every painting between them a mix of four.

# %%
corners = ["glass", "flames", "swirls", "waves"]  # upper left, upper right, lower left, lower right
if ready(instance_norm=normalized, ConditionalInstanceNorm2d=answered):
    a, b, c, d = (one_each[STYLES.index(name)] for name in corners)
    places = torch.linspace(0, 1, fast(5, 3))
    mixes = torch.stack(
        [
            torch.lerp(torch.lerp(a, b, right), torch.lerp(c, d, right), down)
            for down in places
            for right in places
        ]
    )  # (25, S)
    small = data.photo(names[1], 128).to(device)
    with torch.no_grad():
        square = many(small.expand(len(mixes), -1, -1, -1), mixes)
    title = " to ".join(corners[:2]) + ", below " + " to ".join(corners[2:])
    display(plotting.show_images(square, columns=len(places), title=title))

# %% [markdown]
# ### Turn the knobs
#
# Any place in the square, on any photo, yours too. Is there a place where a fifth style seems to
# appear, one that none of the four corners has?

# %%
from labkit import widgets


def paint_blend(weights, photo):
    """Return a photo painted in a mix of the corners' styles."""
    mix = weights.to(device) @ one_each[[STYLES.index(name) for name in corners]]  # (S,)
    with torch.no_grad():
        return many(photo, mix[None])


if ready(instance_norm=normalized, ConditionalInstanceNorm2d=answered):
    pictures = widgets.photo({name: data.photo(name, 160).to(device) for name in names})
    display(widgets.blending_square(paint_blend, corners, photo=pictures))

# %% [markdown]
# **Is your friend right?** "Your module is linear in the style weights. So painting with half glass
# and half waves gives the mean of the two paintings, and I could have faded them." Say where the
# argument holds and where it breaks, and name a row of the table or a place in the pictures that
# decides it. (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_blend", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) For one module alone the friend is right: the mix of scales and shifts
# gives the mix of the outputs. (2) For the network it is wrong: ReLUs stand between the modules, and
# each normalization sees what the mixed ones before it made. (3) Evidence: at t = 0.5 the blended
# painting has strokes of its own as strong as those at the ends, while in the faded one the strokes of
# both weaken each other (last columns of the row 0.50); or a style term that is lower when blended.

# %% [markdown]
# ## What to keep, and the limits
#
# - A loss that a network computes can train another network. Then one forward pass does what took
#   many steps of optimization, and all phones got it.
# - The price: training, for each style, before the first picture; and a somewhat higher loss than
#   the optimization reaches for each picture alone.
# - Instance normalization takes each picture's own contrast out. A few hundred numbers of scale and
#   shift are enough to tell one style from another, and styles can be mixed like colours.
# - As in lab 14, style is what Gram matrices of early layers hold: colour and texture. A painter whose
#   art is realism is not caught by it.
# - The networks here saw a dozen photos, cut into pieces. Where your own photo comes out badly, it may
#   lie far from all of them.
#
# ## Try it yourself
#
# - Other style weights: `many(photos, 2 * one_each[:1].expand(len(photos), -1))`, or negative ones. What does
#   an exaggerated style look like?
# - A larger picture: `trained(data.photo("pagoda", 512).to(device))`. The panes stay as small as
#   before. Why?
# - Train your own painter on another style: replace `window` by `data.style("waves", 192)` and run from there.
# - A new style for the trained network (Dumoulin et al. do this): freeze everything but one row of each
#   `weight` and `bias`, and train that row alone.
