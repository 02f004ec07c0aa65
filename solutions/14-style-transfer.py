# %% [markdown]
# # 14 Style transfer: this picture, painted like that one
#
# ![A pagoda and a painted night sky give a pagoda in curved brush strokes; a cat and a stained-glass window give a cat in coloured panes.](../docs/pictures/14-style-transfer.jpg)
#
# **The question.** Lab 11 rebuilt a picture from its features: a middle layer keeps where things are
# and forgets colour and texture. Lab 13 rebuilt a texture from Gram matrices: they keep colour and
# texture and forget where things are. Each keeps what the other forgets. What if one picture has to
# match the *features* of a photo and the *Gram matrices* of a painting?
#
# You write four functions: `content_loss`, `style_loss`, `stylize`, `mix_grams`. About 80 minutes.
# Lecture: 61:10 to 67:20.

# %%
import time
from contextlib import contextmanager

import torch
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.images import resize
from labkit.memory import checkpointed, peak_memory
from labkit.models import available_models, load_model, random_model
from labkit.optimize import fast, jitter, optimize_pixels

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
prediction = "..."  # yours come further down

# %% [markdown]
# The pictures: photos for the content, and for the style paintings that are made by code. Images are
# float32 in [0, 1] of shape (N, 3, H, W). For a photo of your own, put `dog.jpg` into a folder
# `my-photos` beside this notebook, and write `mine = ["dog"]`: it is painted, too.

# %%
mine = []
side, large_side = fast(144, 80), fast(256, 112)  # pixels, of the experiments and of the showpiece
content = data.photo("pagoda", side).to(device)
style = data.style("swirls", side).to(device)
paintings = torch.cat([data.style(name, large_side) for name in data.style_names()])
title = "The styles: seven paintings made by code"
display(plotting.show_images(paintings, data.style_names(), columns=7, title=title))

# %% [markdown]
# Three things are given. First, two functions that you wrote in labs 11 and 13.


# %% nbgrader={"grade_id": "earlier_labs", "locked": true}
def gram_matrix(features, normalize=True):
    """Return (N, C, C): features (N, C, H, W) times themselves, divided by C * H * W. Lab 13."""
    N, C, H, W = features.shape
    flat = features.reshape(N, C, H * W)
    grams = flat @ flat.transpose(1, 2)
    return grams / (C * H * W) if normalize else grams


def total_variation(image, weight=1.0):
    """Return weight times the sum of squared differences of neighbouring pixels. Lab 11."""
    down = image[:, :, 1:] - image[:, :, :-1]
    right = image[:, :, :, 1:] - image[:, :, :, :-1]
    return weight * (down.square().sum() + right.square().sum())


# %% [markdown]
# Second, **which layers to look at**. `look(model, image)` returns two things from one forward pass:
# the features of one middle layer, for the content, and a dictionary of the features of several
# layers, early to middle, for the style. `style_grams(model, style)` returns the Gram matrices of
# a painting, as a dictionary; Gram matrices that you made yourself pass through as they are.

# %% nbgrader={"grade_id": "look", "locked": true}
import torch

from labkit.hooks import activations

LAYERS = {  # content layer: style layers
    "blocks.2.1": ["bn1.act", "blocks.0.0", "blocks.1.1", "blocks.2.1", "blocks.3.2"],  # Lite0
    "features.22": [f"features.{number}" for number in (1, 6, 11, 20, 29)],  # VGG-19
    "content": ["fine", "middle", "coarse"],  # the small networks of the checks
}


def look(model, image):
    """Return the content layer's features (1, C, h, w), and {style layer: its features}."""
    names = {name for name, _ in model.named_modules()}
    content_layer = next(layer for layer in LAYERS if layer in names)
    style_layers = LAYERS[content_layer]
    features = activations(model, image, [content_layer, *style_layers])
    return features[content_layer], {layer: features[layer] for layer in style_layers}


def style_grams(model, style):
    """Return {style layer: (1, C, C)} of a picture; a dictionary of Gram matrices stays one."""
    if isinstance(style, dict):
        return style
    with torch.no_grad():
        return {layer: gram_matrix(x) for layer, x in look(model, style)[1].items()}


# %% [markdown]
# Third, **weights that mean the same everywhere**. A sum over 100,000 squared differences at one
# layer and over 256 at another cannot share one weight: the first would drown the second, and
# the balance would change with the size of the picture. `relative(weight, target)` divides the weight
# by the target's own squared length,
#
# $$ \frac{w}{\lVert \text{target} \rVert^2} \qquad\text{and for a dictionary of}\ L\ \text{targets, each}\qquad \frac{w}{L\,\lVert \text{target}_\ell \rVert^2}, $$
#
# so that a loss with this weight is 0 for a picture that matches its target, and $w$ for one
# whose features are all zero. For a dictionary the layers share the weight evenly.


# %% nbgrader={"grade_id": "relative", "locked": true}
def relative(weight, target):
    """Return the weight over the target's squared length; for a dictionary, one for each name."""
    if isinstance(target, dict):
        return {name: relative(weight / len(target), value) for name, value in target.items()}
    return weight / float(target.square().sum().clamp(min=1e-12))


# %% [markdown]
# ## Exercise 1: the content loss
#
# *Difficulty 1 of 5, importance 4 of 5, 10 minutes.*
#
# **Goal.** Measure how far features are from those of the content picture, place by place.
#
# $$ L_{\text{content}} = w \sum_{n, c, i, j} \left( F_{ncij} - F^{*}_{ncij} \right)^2 $$
#
# (Gatys, Ecker and Bethge, *Image style transfer using convolutional neural networks*, 2016; their
# $w$ includes a factor of one half.)
#
# | | shape | range |
# |---|---|---|
# | `features` $F$, `target_features` $F^*$ | (N, C, H, W) each | any |
# | `weight` $w$ | one number | 0 and up |
# | result | one number, a tensor | 0 and up |
#
# It is a **sum** over everything, also over the N images. The gradient flows back into `features`,
# and the inputs keep their values.
#
# **Predict first.** You cut a photo into 16 tiles and shuffle them. Does the content loss between the
# two pictures stay near 0, or is it about as large as that between two different photos?

# %%
prediction = "..."  # "near 0" or "large"

# %% [markdown]
# <details><summary>Hint 1: where do I start?</summary>
#
# Subtract the two tensors. They have one shape, so nothing needs to be reshaped.
# </details>
# <details><summary>Hint 2: my number is far too small.</summary>
#
# `mean()` divides by the number of entries; the formula has a sum. `norm()` takes a square root at
# the end; the formula has none.
# </details>


# %% nbgrader={"grade_id": "content_loss", "solution": true}
def content_loss(features, target_features, weight):
    """Return weight times the sum of squared differences between features and their target."""
    ### BEGIN SOLUTION
    return weight * (features - target_features).square().sum()
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_content_loss", "grade": true}
check("14-style-transfer", content_loss)

# %% [markdown]
# Let us see what this loss notices. Here are four pictures to compare with the pagoda: a lighter one,
# one with its colour channels swapped, one cut into 16 tiles and shuffled, and another photo.


# %%
def shuffled_tiles(image, rows=4, seed=0):
    """Return the image cut into rows * rows tiles, in random order."""
    step = image.shape[2] // rows
    tiles = [
        image[:, :, i : i + step, j : j + step]
        for i in range(0, rows * step, step)
        for j in range(0, rows * step, step)
    ]
    order = torch.randperm(len(tiles), generator=torch.Generator().manual_seed(seed)).tolist()
    lines = [torch.cat([tiles[k] for k in order[i::rows]], dim=3) for i in range(rows)]
    return torch.cat(lines, dim=2)


copies = {
    "lighter": 0.85 * content + 0.15,
    "colours swapped": content[:, [2, 0, 1]],
    "16 tiles, shuffled": shuffled_tiles(content),
    "another photo": data.photo("motorcycle", side).to(device),
}
shown = [content[0], *(copy[0] for copy in copies.values())]
title = "Which of these four is like the first?"
display(plotting.show_images(shown, ["the pagoda", *copies], columns=5, title=title))

# %%
with torch.no_grad():
    target_features, target_layers = look(model, content)
tried = content_loss(target_features + 1, target_features, 1.0)
if ready(content_loss=tried):
    print(f"You predicted {prediction!r}. Content loss with the pagoda, relative to its features:")
    content_losses = {}
    for name, copy in copies.items():
        features, _ = look(model, copy)
        share = relative(1.0, target_features)
        content_losses[name] = float(content_loss(features, target_features, share))
        print(f"  {name:20} {content_losses[name]:6.3f}")

# %% [markdown]
# The control is the last row: what the loss says of a photo of something else altogether. Moving
# things about is as bad as that; other colours cost less, though not nothing.
#
# ## Exercise 2: the style loss
#
# *Difficulty 2 of 5, importance 5 of 5, 15 minutes.*
#
# **Goal.** Measure how far the Gram matrices of several layers are from those of the style picture.
#
# $$ L_{\text{style}} = \sum_{\ell} w_\ell \sum_{n, a, b} \left( G^{\ell}_{nab} - G^{*\ell}_{nab} \right)^2, \qquad G^\ell = \text{gram_matrix}(F^\ell) $$
#
# with lab 13's `gram_matrix`, which divides by C*H*W. (Gatys, Ecker and Bethge, 2016; the paper puts
# its normalization into the weights.)
#
# | | what it is |
# |---|---|
# | `features` | a dictionary: layer -> (N, C, H, W), each layer with its own C, H and W |
# | `target_grams` | a dictionary: layer -> (N, C, C), the same layers |
# | `weights` | a dictionary: layer -> one number, the same layers |
# | result | one number, a tensor |
#
# It is a sum over the layers, each with its own weight, and a sum over the N images. The three
# dictionaries have the same layers, perhaps in another order. The gradient flows back into the features, and
# the inputs keep their values.
#
# **Predict first.** And the style loss between the pagoda and its 16 shuffled tiles: near 0, or as
# large as that between two different photos?

# %%
prediction = "..."  # "near 0" or "large"

# %% [markdown]
# <details><summary>Hint 1: where do I start?</summary>
#
# Begin with one layer: the Gram matrix of its features, minus its target, squared, summed.
# </details>
# <details><summary>Hint 2: several layers</summary>
#
# Go over the names, `for layer in target_grams:`, and use the name for all three dictionaries. Add
# up, and return after the loop.
# </details>
# <details><summary>Hint 3: the check says that a weight went to the wrong layer.</summary>
#
# `zip(features.values(), weights.values())` pairs by position. The order of two dictionaries
# may differ; the names are what they share.
# </details>


# %% nbgrader={"grade_id": "style_loss", "solution": true}
def style_loss(features, target_grams, weights):
    """Return the sum over layers of weight times the squared distance of the Gram matrices."""
    ### BEGIN SOLUTION
    loss = 0.0
    for layer, target in target_grams.items():
        difference = gram_matrix(features[layer]) - target  # (N, C, C)
        loss = loss + weights[layer] * difference.square().sum()
    return loss
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_style_loss", "grade": true}
check("14-style-transfer", style_loss)

# %%
target_grams = style_grams(model, content)
tried = style_loss(target_layers, target_grams, relative(1.0, target_grams))
if ready(content_loss=content_loss(target_features, target_features, 1.0), style_loss=tried):
    print(f"You predicted {prediction!r}. Compared with the pagoda, relative to its size:")
    print(f"  {'':20} content loss | style loss")
    style_losses = {}
    for name, copy in copies.items():
        _, layers = look(model, copy)
        weights = relative(1.0, target_grams)
        style_losses[name] = float(style_loss(layers, target_grams, weights))
        print(f"  {name:20} {content_losses[name]:12.3f} | {style_losses[name]:10.3f}")
    print("As a share of the last row, which says how far is far:")
    for name in copies:
        shares = [
            losses[name] / losses["another photo"] for losses in (content_losses, style_losses)
        ]
        print(f"  {name:20} {shares[0]:12.0%} | {shares[1]:10.0%}")

# %% [markdown]
# **Explain what you saw.** Measured by the last row, two of the copies are near in one column and far
# in the other. Which, and why? What does this say about asking for both at once? (Three to five sentences, with numbers.)

# %% [markdown] nbgrader={"grade_id": "explain_two_losses", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Shuffled tiles: far in content, since every place is compared with
# itself, near in style, since a Gram matrix sums over places; what is left comes from the seams between the
# tiles. (2) Swapped colours: far in style, nearer in content, since a middle layer reacts to
# shapes more than to colour while the Gram matrices of early layers hold the colours. (3) The two losses ask
# for different things, so one picture can nearly satisfy both: place from one, colour and texture
# from the other. All with numbers from the table.

# %% [markdown]
# ## Exercise 3: style transfer
#
# *Difficulty 3 of 5, importance 5 of 5, 25 minutes.*
#
# **Goal.** Change the pixels of an image until it has the content of one picture and the style of
# another.
#
# $$ \min_I \;\; \alpha \, \frac{\lVert F(I) - F(I_c) \rVert^2}{\lVert F(I_c) \rVert^2} \;+\; \frac{\beta}{L} \sum_{\ell} \frac{\lVert G^\ell(I) - G^\ell(I_s) \rVert^2}{\lVert G^\ell(I_s) \rVert^2} \;+\; \gamma \, \frac{TV(I)}{\text{number of values in}\ I} $$
#
# The first two terms are your two losses with `relative` weights; the third is `total_variation`,
# and keeps the pixels from flickering.
#
# | | what it is |
# |---|---|
# | `model` | a network for `look` and `style_grams` |
# | `content` $I_c$ | (1, 3, H, W) in [0, 1] |
# | `style` $I_s$ | (1, 3, h, w) of any size, or a dictionary of Gram matrices |
# | `content_weight` $\alpha$, `style_weight` $\beta$, `tv_weight` $\gamma$ | one number each, 0 and up |
# | `steps` | how often the loss is evaluated; one or two more or fewer do not matter |
# | `start` | (1, 3, H, W), where to begin; the content picture when it is None |
# | result | (1, 3, H, W), in [0, 1] |
#
# The targets belong to the pictures that are given: they are computed before the first step, and stay.
# The given pictures and the network stay as they are. Which optimizer is your choice. The one to
# recommend is `optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")`, which
# returns a result with `.image`; L-BFGS learns from its last steps how the loss is curved, and
# strokes appear after a fifth of the steps that Adam needs.
#
# **Predict first.** The result is compared with the painting, by the style loss. The photo itself
# starts at about 0.7. Where does 150 steps of optimization bring it, if the content is kept as well:
# to about 0.5, 0.2, or below 0.05?

# %%
prediction = "..."  # "0.5", "0.2" or "below 0.05"

# %% [markdown]
# <details><summary>Hint 1: where do I start?</summary>
#
# Before the loop, make what does not change: `look(model, content)` without gradients, `style_grams`, and
# the two relative weights.
# </details>
# <details><summary>Hint 2: the loss</summary>
#
# Write `def loss(image):` inside `stylize`. It calls `look(model, image)`, this time with
# gradients, and adds up three terms. Then hand it to `optimize_pixels`.
# </details>
# <details><summary>Hint 3: the last details</summary>
#
# `total_variation(image, tv_weight / image.numel())` is the third term. Begin at `content` if
# `start is None`. The optimizer may leave [0, 1] a little: `clamp(0, 1)` what you return.
# </details>


# %% nbgrader={"grade_id": "stylize", "solution": true} labkit={"uses": ["content_loss", "style_loss"]}
def stylize(model, content, style, content_weight, style_weight, tv_weight, steps, start=None):
    """Return (1, 3, H, W): the content of one picture in the style of another."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        target_features, _ = look(model, content)
    target_grams = style_grams(model, style)
    weight = relative(content_weight, target_features)
    weights = relative(style_weight, target_grams)

    def loss(image):
        features, style_features = look(model, image)
        return (
            content_loss(features, target_features, weight)
            + style_loss(style_features, target_grams, weights)
            + total_variation(image, tv_weight / image.numel())
        )

    start = content if start is None else start
    result = optimize_pixels(start, loss, steps=steps, step_size=1, optimizer="lbfgs")
    return result.image.clamp(0, 1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_stylize", "grade": true}
check("14-style-transfer", stylize)

# %% [markdown]
# Two numbers are kept for every picture from here on: how far it is from the content and from the style,
# relative to the target's size, as above. `paint` runs your `stylize` and notes them, with the
# seconds, in a table that is printed at the end of the lab.


# %%
def distance(values, targets):
    """Return the mean over the names of |value - target|^2 / |target|^2."""
    shares = [((values[n] - targets[n]).norm() / targets[n].norm()) ** 2 for n in targets]
    return float(sum(shares) / len(shares))


@torch.no_grad()
def distances(image, content, style):
    """Return how far an image is from the content and from the style: 0 is a perfect match."""
    features, layers = look(model, image)
    grams = {layer: gram_matrix(x) for layer, x in layers.items()}
    content_distance = distance({"content": features}, {"content": look(model, content)[0]})
    return content_distance, distance(grams, style_grams(model, style))


runs = []  # a row for each picture: knob, setting, seconds, content distance, style distance
usual_steps = fast(80, 20)


def paint(knob, setting, content, style, weight=0.05, smooth=1.0, steps=usual_steps, start=None):
    """Return your picture for a content weight, and note a row of the table."""
    began = time.perf_counter()
    image = stylize(model, content.clone(), style, weight, 1.0, smooth, steps, start)
    seconds = time.perf_counter() - began
    if image is not None:
        runs.append([knob, setting, seconds, *distances(image, content, style)])
    return image


# %% [markdown]
# The showpiece: 150 steps at 256 pixels. (About 15 s a picture.)

# %% labkit={"opening": true}
pairs = [("pagoda", "swirls"), ("cat", "glass")] + [(name, "flames") for name in mine]
showpieces, inputs = [], []
for photo_name, style_name in pairs:
    a = data.photo(photo_name, large_side).to(device)
    b = data.style(style_name, large_side).to(device)
    inputs.append((a, b))
    setting = f"{photo_name} as {style_name}"
    showpieces.append(paint("showpiece", setting, a, b, steps=fast(150, 25)))
if ready(stylize=showpieces[0]):
    tiles, captions = [], []
    for (a, b), image, (photo_name, style_name) in zip(inputs, showpieces, pairs, strict=True):
        tiles += [a[0], b[0], image[0]]
        captions += [photo_name, style_name, f"{photo_name} as {style_name}"]
    alt = (
        "Photo, painting and result in each row: strokes and colours follow the things in the photo"
    )
    title = "Content, style, and your picture"
    display(plotting.show_images(tiles, captions, columns=3, title=title, alt=alt))

# %% [markdown]
# The number, and its control. `random_model` is the same network with random weights, and your
# `stylize` works with it as well. The trained network then judges all three: the photo, your picture,
# and the picture that the random network's losses gave.

# %%
if ready(stylize=showpieces[0]):
    untrained = random_model(seed=0, device=device)
    by_random = stylize(untrained, content.clone(), style, 0.05, 1.0, 1.0, usual_steps)
    by_trained = paint("trained", "pagoda as swirls", content, style)
    judged = {
        "the photo itself": distances(content, content, style),
        "painted by the trained network": distances(by_trained, content, style),
        "painted by random weights": distances(by_random, content, style),
    }
    print(f"You predicted {prediction!r} for the large picture: it reached {runs[0][4]:.3f}.")
    print(f"At {side} pixels and {usual_steps} steps:{'':12} content | style")
    for name, (of_content, of_style) in judged.items():
        print(f"  {name:32} {of_content:10.2f} | {of_style:5.2f}")
    three = [content[0], by_trained[0], by_random[0]]
    display(plotting.show_images(three, list(judged), title="Whose features are matched"))

# %% [markdown]
# Random weights can be matched as well; but their features are not what we see as style.
#
# ### Both losses by step, from two starts
#
# The lecture starts from noise, you start from the photo. A hook on the network sees every image that
# your loop shows it, so both losses can be drawn by step, whatever the loop looks like. The weights
# are the same for both starts; the content weight is 0.2 here.


# %%
@contextmanager
def watched(network):
    """Yield a list that fills with the images that the network is asked for gradients at."""
    seen = []

    def note(_, arguments):
        if arguments[0].requires_grad:
            seen.append(arguments[0].detach().clone())

    hook = network.register_forward_pre_hook(note)
    try:
        yield seen
    finally:
        hook.remove()


noise = torch.rand(content.shape, generator=torch.Generator().manual_seed(0)).to(device)
paths, ends = {}, {}
for name, start in {"photo": None, "noise": noise}.items():
    with watched(model) as seen:
        ends[name] = paint("start", f"from the {name}", content, style, weight=0.2, start=start)
    paths[name] = torch.tensor([distances(image, content, style) for image in seen[::4]])

# %%
if ready(stylize=ends["photo"]):
    for k, of in enumerate(("content", "style")):
        curves = {f"from the {name}": path[:, k] for name, path in paths.items()}
        title = f"Distance from the {of}, by step"
        at = [4 * i for i in range(len(paths["photo"]))]
        display(
            plotting.show_curves(
                curves, "step", f"{of} distance", x=at, log=of == "style", title=title
            )
        )
    pictures = [noise[0], ends["noise"][0], ends["photo"][0]]
    titles = ["noise", "from noise", "from the photo"]
    display(plotting.show_images(pictures, titles, title="Same losses, two starts"))
    print("distance from       content         style     (first | last step)")
    for name, path in paths.items():
        (c0, s0), (c1, s1) = path[0].tolist(), path[-1].tolist()
        print(f"  from the {name:6} {c0:6.2f} | {c1:4.2f}   {s0:6.2f} | {s1:5.3f}")

# %% [markdown]
# From the photo, the content distance starts at 0 and *rises*: style is paid for with content. From
# noise both fall. Colours differ most: the content layer hardly knows them, so only the start
# can have brought the photo's own.
#
# **Explain what you saw.** Which of the two starts ends nearer to the content, which nearer to the style,
# and what does the picture from noise show about the content layer that the other picture hides?
# (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_start", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Reads the table: the start at the photo ends nearer to the content, and
# the other at least as near to the style. (2) The picture from noise shows what the content
# layer itself asks for: edges and shapes in their places, hardly any of the photo's colours or of its
# light and dark areas. (3) So part of what looks like kept content in the usual result was never
# asked for by the loss: it is left over from the start, since an optimizer goes no farther than it has to.

# %% [markdown]
# ## The knobs, one at a time
#
# ### Knob 1: content against style
#
# Only the ratio of the two weights matters, so the style weight stays 1. (About 15 s.)

# %%
content_weights = [0.005, 0.05, 0.2, 1.0, 5.0]
by_weight = [paint("content weight", f"{w:g}", content, style, weight=w) for w in content_weights]
if ready(stylize=by_weight[0]):
    titles = [f"content weight {w:g}" for w in content_weights]
    title = "From super-painting to super-photo"
    display(plotting.show_images([x[0] for x in by_weight], titles, title=title))
    weight_rows = [distances(x, content, style) for x in by_weight]
    print("content weight   content distance | style distance")
    for w, (of_content, of_style) in zip(content_weights, weight_rows, strict=True):
        print(f"  {w:12g} {of_content:18.3f} | {of_style:14.3f}")

# %% [markdown]
# The two columns are each other's control: along the knob the one falls and the other rises, and
# no setting has both.
#
# ### Knob 2: the size of the style picture
#
# The network's filters have a fixed size in pixels. So the *same* painting, shown larger, has larger
# panes and strokes, and fewer of its shapes fit into what one unit sees.
#
# **Predict first.** To get *small* panes of glass, should the style picture be made smaller or larger?

# %%
prediction = "..."  # "smaller" or "larger"

# %%
sizes = [side * k // 4 for k in (3, 4, 6, 12)]
glass = {size: data.style("glass", size).to(device) for size in sizes}
by_size = [paint("style size", f"glass, {n} px", content, glass[n], 0.02) for n in sizes]
ends_of_knob = (side // 2, sizes[-1])
swirls = {size: data.style("swirls", size).to(device) for size in ends_of_knob}
strokes = [paint("style size", f"swirls, {n} px", content, swirls[n], 0.02) for n in ends_of_knob]
if ready(stylize=by_size[0]):
    titles = [f"glass, {n} px" for n in sizes] + [f"swirls, {n} px" for n in ends_of_knob]
    pictures = [x[0] for x in by_size + strokes]
    title = f"The style picture in several sizes; the photo has {side} px"
    display(plotting.show_images(pictures, titles, columns=3, title=title))

# %% [markdown]
# The number is the **dominant spatial frequency**: how many light-and-dark cycles fit across the
# picture, such that half of the power of its edges lies below. (Edges, since the brightness of every picture
# has most of its power at the lowest frequencies.) The first control is the painting itself, at that size, in cycles per
# width of the photo: a larger painting is coarser, so its number is smaller. The second is the photo, which is the same in every row.


# %%
def dominant_frequency(image, width):
    """Return the median frequency of the image's edges, in cycles per `width` pixels."""
    grey = image.mean(1)[0].cpu()
    window = torch.hann_window(len(grey))
    power = torch.fft.fft2((grey - grey.mean()) * window * window[:, None]).abs() ** 2
    f = torch.fft.fftfreq(len(grey)) * width
    radius = (f**2 + f[:, None] ** 2).sqrt()
    inside = (radius >= 2) & (radius < 0.42 * width)  # no shading, no checkerboards
    order = radius[inside].argsort()
    share = (power * radius**2)[inside][order].cumsum(0)  # edges: power times frequency squared
    return float(radius[inside][order][(share < share[-1] / 2).sum()])


if ready(stylize=by_size[0]):
    print(
        f"You predicted {prediction!r} for small panes. Dominant frequency, cycles per {side} px:"
    )
    print("  size of the glass    result | the glass itself | the photo")
    frequencies = [dominant_frequency(x, side) for x in by_size]
    of_photo = dominant_frequency(content, side)
    for n, f in zip(sizes, frequencies, strict=True):
        of_style = dominant_frequency(glass[n], side)
        print(f"  {n:14} px {f:11.1f} | {of_style:16.1f} | {of_photo:9.1f}")

# %% [markdown]
# The swirls show the other half of it, which the lecture tells: the large painting gives its brush
# strokes and no more, for a whole star does not fit into what a unit sees; the small one
# gives whole stars, and no strokes.
#
# ## Exercise 4: two styles at once
#
# *Difficulty 2 of 5, importance 3 of 5, 10 minutes.*
#
# A style is a set of Gram matrices. Matrices can be averaged, and `stylize` takes Gram matrices as its
# style: nobody has to paint the mixture.
#
# **Goal.** Return the weighted mean of several sets of Gram matrices.
#
# $$ G^\ell = \frac{\sum_i w_i\, G^\ell_i}{\sum_i w_i} \qquad \text{for each layer}\ \ell $$
#
# | | what it is |
# |---|---|
# | `grams` | a list of dictionaries, each layer -> (N, C, C), with the same layers, perhaps in another order |
# | `weights` | one number for each dictionary, 0 and up; they need not add up to 1 |
# | result | a dictionary like each of them |
#
# The list may have any length. The inputs keep their values: you will want the same two styles again.
#
# **Predict first.** Half swirls, half flames. Is the result's style distance to the two originals about
# 0, about the distance of the plain photo (0.7), or between?

# %%
prediction = "..."  # "0", "0.7" or "between"

# %% [markdown]
# <details><summary>Hint 1: where do I start?</summary>
#
# The names are `grams[0]`; for each of them, go over the list of dictionaries together with the weights: `zip(grams, weights)`.
# </details>
# <details><summary>Hint 2: my styles change while I mix them.</summary>
#
# `mixed = grams[0]` gives the same dictionary a second name, and `mixed[layer] *= 0.5` changes the
# matrix that the caller holds. Build a new dictionary.
# </details>


# %% nbgrader={"grade_id": "mix_grams", "solution": true}
def mix_grams(grams, weights):
    """Return {layer: weighted mean of the Gram matrices}."""
    ### BEGIN SOLUTION
    total = sum(weights)
    return {
        layer: sum(w / total * g[layer] for g, w in zip(grams, weights, strict=True))
        for layer in grams[0]
    }
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_mix_grams", "grade": true}
check("14-style-transfer", mix_grams)

# %% [markdown]
# ### Knob 3: from one style to another

# %%
shares = [0.0, 0.25, 0.5, 0.75, 1.0]  # of the flames
two = [style_grams(model, data.style(name, side).to(device)) for name in ("swirls", "flames")]
mixtures = [mix_grams(two, [1 - share, share]) for share in shares]
blends = []
if ready(mix_grams=mixtures[0]):
    for share, mixture in zip(shares, mixtures, strict=True):
        blends.append(paint("two styles", f"{share:.0%} flames", content, mixture, 0.02))
    if ready(stylize=blends[0]):
        titles = [f"{share:.0%} flames" for share in shares]
        title = "From swirls to flames"
        display(plotting.show_images([x[0] for x in blends], titles, title=title))

# %%
if ready(mix_grams=mixtures[0], stylize=by_weight[0]):
    print(f"You predicted {prediction!r}. Style distance of each result")
    print("  flames    to the swirls | to the flames | to the mixture asked for")
    blend_rows = []
    for share, mixture, image in zip(shares, mixtures, blends, strict=True):
        blend_rows.append([distances(image, content, g)[1] for g in (*two, mixture)])
        a, b, c = blend_rows[-1]
        print(f"  {share:6.0%} {a:16.3f} | {b:13.3f} | {c:10.3f}")
    photo_row = [distances(content, content, g)[1] for g in two]
    print(f"  photo  {photo_row[0]:16.3f} | {photo_row[1]:13.3f} |   (control)")

# %% [markdown]
# ### All knobs at once
#
# Press *Start*, and turn them while it paints: your `stylize` and your mixture, on a photo of yours too.
# Let the style win, then bring the photo back. (*style size*: the painting's side, relative to the photo's.)

# %%
import functools

from labkit import widgets


@functools.cache
def both_styles(style_size):
    """Return the Gram matrices of swirls and of flames, painted at this size."""
    sized = [data.style(name, int(style_size * side)) for name in ("swirls", "flames")]
    return [style_grams(model, painting.to(device)) for painting in sized]


def paint_live(knobs):
    """Yield the picture after every eight steps of your `stylize`, which goes on where it was."""
    image = knobs.photo
    while True:
        mixture = mix_grams(both_styles(knobs.style_size), [1 - knobs.flames, knobs.flames])
        content, weight = knobs.photo.clone(), knobs.content_weight
        image = stylize(model, content, mixture, weight, 1.0, 1.0, 8, start=image)
        yield image


if ready(mix_grams=mixtures[0], stylize=by_weight[0]):
    own = {name: data.photo(name, side).to(device) for name in ("pagoda", "cat")}
    knobs = {"photo": widgets.photo(own), "flames": widgets.slider(0.0, 1.0, 0.5)}
    knobs["content_weight"] = widgets.slider(0.002, 5.0, 0.05, log=True)
    knobs["style_size"] = [1, 0.5, 2, 3]
    still = torch.cat([content, blends[2]])
    display(widgets.live(paint_live, steps=50, still=still, **knobs))

# %% [markdown]
# **Is your friend right?** "The half-and-half picture is at a distance from both styles, so the
# optimization has failed to match either: it needs more steps." (Two to four sentences, with numbers.)

# %% [markdown] nbgrader={"grade_id": "explain_mixture", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) No: it was asked to match the mean of the two sets, and the last column
# says that it does, as closely as the pure styles are matched. (2) The mean is at a distance from both, as
# the middle of a line is from its ends; more steps would bring it nearer to the mean only.
# (3) Numbers from the row, compared with the ends of the knob or with the photo.

# %% [markdown]
# ### Knob 4: more pixels
#
# A large picture needs memory: the backward pass wants everything that the forward pass computed.
# `peak_memory` counts the bytes that tensors hold at once. **Gradient checkpointing** keeps what each
# block puts out, forgets what happened inside it, and does that work again on the way
# back: less memory, more seconds, the same picture. (About 20 s.)

# %%
stages = [f"blocks.{i}.{j}" for i in range(4) for j in range(len(model.blocks[i]))]


def cost(size, names):
    """Return the seconds and the MiB of one evaluation at this size, and the picture."""
    photo = data.photo("pagoda", size).to(device)
    began = time.perf_counter()
    with peak_memory() as peak, checkpointed(model, names):
        image = stylize(model, photo, style, 0.05, 1.0, 1.0, 1)
    return time.perf_counter() - began, peak.bytes / 2**20, image


costs = {}
for size in [64, 128, 256, 512, 1024][: fast(5, 2)]:
    cost(size, [])  # the first run of a size is slow: the system hands it new memory
    costs[size] = cost(size, []), cost(size, stages)
if ready(stylize=costs[64][0][2]):
    print("one evaluation       plain          |  checkpointed")
    for size, ((t, mib, a), (u, saved, b)) in costs.items():
        numbers = f"{t:5.2f} s {mib:6.0f} MiB  |  {u:5.2f} s {saved:6.0f} MiB"
        print(f"  {size:5} px     {numbers}     largest difference {(a - b).abs().max():.0e}")

# %% [markdown]
# Four times the pixels, four times the memory. Two more things want their share of a computer with
# 4 GiB: Python with its packages, about 0.8 GiB, and the optimizer. L-BFGS keeps two copies of the
# picture for each of its last 100 steps, 24 MiB a step at 1024 pixels.
#
# There is also a fault that memory cannot mend. In a large picture a filter sees a smaller part of
# it, so strokes come out fine and no large shape of the painting appears. **Coarse to fine** mends
# it: paint small, enlarge the result, and start the larger picture there. (Gatys et al.,
# *Controlling perceptual factors in neural style transfer*, 2017.) Here at twice the usual side,
# both ways given the same time, more or less. For up to 1024 pixels write `large = True`: it takes
# about two minutes and, measured, 2.9 GiB in all.

# %%
large = False


def coarse_to_fine(photo_name, style_name, sizes, counts):
    """Return the picture of the last size, each size started at the result of the one before."""
    image = None
    for size, steps in zip(sizes, counts, strict=True):
        photo, art = data.photo(photo_name, size), data.style(style_name, size)
        start = None if image is None else resize(image, (size, size))
        setting = f"{style_name}, to {size} px"
        a, b = photo.to(device), art.to(device)
        image = paint("coarse to fine", setting, a, b, steps=steps, start=start)
        if image is None:
            return None
    return image


double = 2 * side
a, b = data.photo("pagoda", double).to(device), data.style("glass", double).to(device)
direct = paint("coarse to fine", f"glass, {double} px directly", a, b, steps=fast(60, 16))
refined = coarse_to_fine("pagoda", "glass", [side, double], [fast(80, 20), fast(40, 11)])
if ready(stylize=direct):
    shown = [direct[0], refined[0]]
    titles = [f"{double} px directly", f"{side} px, then {double} px"]
    display(plotting.show_images(shown, titles, title="Coarse to fine, in the same time"))

# %%
if ready(stylize=direct):
    small = data.style("glass", side).to(device)  # what has the size of the panes
    print("style distance              in full | shrunken to half, against the small painting")
    coarse_rows = {}
    for name, image in {"the photo": a, "directly": direct, "coarse to fine": refined}.items():
        halved = resize(image, (side, side))
        in_full, in_half = distances(image, a, b)[1], distances(halved, content, small)[1]
        coarse_rows[name] = in_full, in_half
        print(f"  {name:22} {in_full:10.3f} | {in_half:10.3f}")

# %%
if large and ready(stylize=direct):
    with checkpointed(model, stages):
        poster = coarse_to_fine("pagoda", "swirls", [256, 512, 1024], [150, 60, 25])
    display(plotting.show_images(poster, columns=1, title="1024 pixels, coarse to fine"))

# %% [markdown]
# ### Knob 5: style transfer and DeepDream together
#
# Lab 12 amplified what a layer sees, and animals came out of walls. Now both take turns: a few steps of
# the dream, then your `stylize` with the dream as its content, and again. Animals, in
# brush strokes. (About 10 s.)


# %%
def dream(image, layer, steps, seed):
    """Return the image after some steps that enlarge a layer's activations: lab 12."""

    def loss(image):
        return -0.5 * activations(model, image, layer)[layer].square().sum()

    result = optimize_pixels(
        image, loss, steps=steps, step_size=0.02, optimizer="mean_abs", transforms=[jitter(8)],
        project=lambda pixels: pixels.clamp(0, 1), progress=False, seed=seed,
    )  # fmt: skip
    return result.image


dream_layer, rounds = "blocks.4.2", 5
dream_side = fast(192, 96)
awake = data.photo("pagoda", dream_side).to(device)
night = data.style("swirls", dream_side).to(device)
asleep = awake
for turn in range(rounds):
    dreamt = dream(asleep, dream_layer, fast(10, 6), seed=turn)
    asleep = paint("dream", f"turn {turn + 1}", dreamt, night, steps=fast(25, 10), start=dreamt)
    if asleep is None:
        break
plain = paint("dream", "no dream", awake, night, steps=rounds * fast(25, 10))

# %%
if ready(stylize=plain):
    dreamers = {"the photo": awake, "style alone": plain, "style and dream": asleep}
    shown = [image[0] for image in dreamers.values()]
    display(plotting.show_images(shown, list(dreamers), title="Pagoda, painted and dreamt"))
    print(f"                    norm of {dream_layer} | style distance")
    dream_rows = {}
    for name, image in dreamers.items():
        norm = float(activations(model, image, dream_layer)[dream_layer].norm())
        dream_rows[name] = norm, distances(image, awake, night)[1]
        print(f"  {name:17} {norm:18.0f} | {dream_rows[name][1]:10.3f}")

# %% [markdown]
# ### What kind of art works?
#
# A student asks in the lecture about a portrait in the style of a renaissance painter. That does not work
# too well, is the answer: the algorithm captures colour and texture, as of the impressionists,
# and renaissance painters are about realism. We have no renaissance paintings, but
# realism there is plenty of: photos as styles.
#
# **Predict first.** Which of these four photos makes the best *style*: admiral, astronaut, cat, rocket?

# %%
prediction = "..."  # one of the four names

# %%
painterly = ["swirls", "dots", "flames", "mosaic"]
realistic = ["admiral", "astronaut", "cat", "rocket"]
arts = {name: data.style(name, side).to(device) for name in painterly}
arts |= {name: data.photo(name, side).to(device) for name in realistic}
tries = {name: paint("kind of art", name, content, art, 0.02) for name, art in arts.items()}
if ready(stylize=tries["swirls"]):
    pictures = [image[0] for row in (painterly, realistic) for n in row for image in (arts[n],)]
    results = [tries[name][0] for name in arts]
    rows = [*pictures[:4], *results[:4], *pictures[4:], *results[4:]]
    titles = [*painterly, *[""] * 4, *realistic, *[""] * 4]
    title = "Four painted and four realistic styles, the pagoda below each"
    display(plotting.show_images(rows, titles, columns=4, title=title))

# %% [markdown]
# The number: of the style distance that the photo starts with, the share that is left at the end.

# %%
if ready(stylize=tries["swirls"]):
    print(f"You predicted {prediction!r}. Style distance")
    print(f"{'':14}at the start | at the end | share left")
    left = {}
    for name, art in arts.items():
        start, end = distances(content, content, art)[1], distances(tries[name], content, art)[1]
        left[name] = end / start
        print(f"  {name:12} {start:11.3f} | {end:10.3f} | {left[name]:10.3f}")
    means = [sum(left[name] for name in group) / 4 for group in (painterly, realistic)]
    print(f"  mean share left: painted {means[0]:.3f}, realistic {means[1]:.3f}")

# %% [markdown]
# **Explain what you saw.** Which of the eight styles works best, which worst, and what sets the two apart?
# Why is there no portrait in the pagoda's sky? (Three to five sentences, with numbers.)

# %% [markdown] nbgrader={"grade_id": "explain_art", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Names best and worst from the table. (2) A style is what a Gram matrix
# keeps: colours and small patterns that fill the picture. Dots, strokes and the cat's fur are
# such patterns; the rocket is a thing in an empty sky, the portraits are shapes in certain places, with
# flat areas between. (3) A face is an arrangement of places, which a Gram matrix has summed
# away: so even a small distance would bring skin colours and cloth, and no face.

# %% [markdown]
# ### Paintings, and another network
#
# With a network connection the painted night sky gives way to the one that it imitates. And where
# VGG-19 is already on this computer (548 MB; `load_model("vgg19")` fetches it), you see what the field used.

# %%
extra, names = [], []
for name in ["starry_night", "the_scream"]:
    try:
        art = data.painting(name, large_side).to(device)
    except data.DownloadError:
        print(f"{name} is not on this computer and cannot be fetched: left out")
        continue
    photo = data.photo("pagoda", large_side).to(device)
    extra.append(paint("real painting", name, photo, art, steps=fast(150, 30)))
    names.append(name.replace("_", " "))
if "vgg19" in available_models():
    vgg = load_model("vgg19", device=device)
    extra.append(stylize(vgg, content.clone(), style, 0.05, 1.0, 1.0, fast(80, 10)))
    names.append("swirls, by VGG-19")
else:
    print("VGG-19 is not on this computer: left out")
if extra and ready(stylize=extra[0]):
    display(plotting.show_images([x[0] for x in extra], names, title="More styles"))

# %% [markdown]
# ### Seconds and distances of every run

# %%
if runs:
    print(f"{'knob':16}{'setting':26}{'seconds':>8}{'content':>9}{'style':>8}")
    for knob, setting, seconds, of_content, of_style in runs:
        print(f"{knob:16}{setting:26}{seconds:8.1f}{of_content:9.3f}{of_style:8.3f}")
    print(f"\n{len(runs)} pictures in {sum(row[2] for row in runs):.0f} s")

# %% [markdown]
# Every row is an optimization of its own, with dozens of forward and backward passes: seconds for
# a small picture, minutes for a large one. A network that *makes* such pictures in one pass is lab 15.
#
# ## What to keep, and the limits
#
# - Style transfer matches the features of one picture and the Gram matrices of another at once. What
#   counts is the ratio of the two weights; nothing says which ratio is right.
# - "Style" here is what the early and middle layers' Gram matrices hold: colour, strokes, small patterns. What
#   an artist chooses to paint, and where, is not in it.
# - The result depends on the start, for the losses leave much open.
# - A small distance means that the loss is small, not that the picture is good. We had no
#   measure for that but your eyes.
# - It is slow, and needs memory in proportion to the pixels.
#
# ## Try it yourself
#
# - Only one of the five style layers: set `weights` by hand and let the others be 0. What does each add?
# - `mix_grams` with weights 2 and -1. What is the opposite of flames?
# - Keep the photo's own colours: take the result's brightness and the photo's colour. Which
#   loss notices?
# - `large = True`, with a photo of your own.
