# %% [markdown]
# # 06 Saliency: which pixels does the network look at?
#
# ![Photos above, their saliency maps below: the maps are noisy, and brightest on the cup, the rocket and the camera.](../docs/pictures/06-saliency.jpg)
#
# **The question.** A network says *espresso* with a probability of 0.94. Which pixels made it say
# so, and how would we notice that the answer is wrong?
#
# Lab 05 covered the picture with a grey square, over a hundred times. Here one backward pass does the
# work: the **gradient** of a class's logit with respect to the pixels says how much the logit would
# change if a pixel changed a little. The map of its size is the **saliency map**.
#
# You write three functions: `saliency_map`, `randomize_top`, `deletion_curve`. About 60 minutes.
# Lecture: 28:00 to 33:00.

# %%
import time

import torch
import torch.nn.functional as F
from IPython.display import display
from torch import nn

from labkit import data, plotting
from labkit.check import check, ready
from labkit.models import load_model, random_model
from labkit.optimize import fast

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
prediction = "..."  # yours come further down

# %% [markdown]
# The pictures. Images are float32 in [0, 1] of shape (N, 3, H, W), and the network brings its own
# normalization, so there is nothing to preprocess. For a photo of your own, put `dog.jpg` into a
# folder `my-photos` beside this notebook, and write `mine = ["dog"]`.

# %%
mine = []
names = ["coffee", "rocket", "motorcycle", "photographer", "cat", "admiral"][: fast(6, 3)] + mine
images = data.photos(names).to(device)  # (N, 3, 224, 224)
with torch.no_grad():
    probabilities = model(images).softmax(dim=1)  # (6, 1000)
labels = probabilities.argmax(dim=1)  # the class that the network gives each photo
titles = [
    f"{model.categories[int(k)]}, p = {p[k]:.2f}"
    for k, p in zip(labels, probabilities, strict=True)
]
plotting.show_images(images, titles, columns=3, title="What the network says")

# %% [markdown]
# ## Exercise 1: the saliency map
#
# *Difficulty 2 of 5, importance 5 of 5, 20 minutes.*
#
# **Goal.** For each image, find how strongly each pixel moves the logit of the image's label.
#
# $$ M_n(i, j) = \max_{c \in \{R, G, B\}} \left| \frac{\partial\, f_{y_n}(I_n)}{\partial\, I_n(c, i, j)} \right| $$
#
# where $f_k(I)$ is the **logit** of class $k$: the network's output before softmax.
# (Simonyan, Vedaldi and Zisserman, *Deep inside convolutional networks*, 2013.)
#
# | | shape | range |
# |---|---|---|
# | `images` | (N, 3, H, W) | [0, 1] |
# | `labels` | (N,) | class numbers |
# | result | (N, H, W) | 0 and up |
#
# Each image gets the map that it would get alone, for any N, N = 1 included. The caller's images
# and the network stay as they are.
#
# **Predict first.** The network is nearly sure of its espresso, p = 0.94. Had we differentiated this
# *probability* instead of the logit, would the values of the map be larger, smaller, or the same?

# %%
prediction = "..."  # "larger", "smaller" or "the same"

# %% [markdown]
# <details><summary>Hint 1: where do I start?</summary>
#
# A gradient with respect to the images exists only if the images were marked before the forward
# pass: make a copy with `images.detach().clone().requires_grad_()`.
# </details>
# <details><summary>Hint 2: there are N logits to differentiate, and only one backward pass.</summary>
#
# Pick from the (N, K) logits the one of each image's own label (`gather` does it, or indexing with
# two index tensors), and differentiate their sum. Image 3 has no influence on the logits of image 5,
# so the gradient of the sum holds each image's own gradient.
# </details>
# <details><summary>Hint 3: my shapes fail for a single image.</summary>
#
# `squeeze()` without an axis removes every axis of length 1, the one of the images included.
# </details>


# %% nbgrader={"grade_id": "saliency_map", "solution": true}
def saliency_map(model, images, labels):
    """Return (N, H, W), the largest absolute gradient of the label's logit over the channels."""
    ### BEGIN SOLUTION
    images = images.detach().clone().requires_grad_()
    logits = model(images).gather(1, labels[:, None])  # (N, 1), each image's own label
    (gradients,) = torch.autograd.grad(logits.sum(), images)  # (N, 3, H, W)
    return gradients.abs().amax(dim=1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_saliency_map", "grade": true}
check("06-saliency", saliency_map)

# %% labkit={"opening": true}
maps = saliency_map(model, images.clone(), labels)
if ready(saliency_map=maps):
    short = [model.categories[int(k)] for k in labels]
    title = "What moves the network's answer"
    display(plotting.show_saliency(images, maps, short, columns=3, title=title))

# %%
if ready(saliency_map=maps):
    of_probability = saliency_map(nn.Sequential(model, nn.Softmax(dim=1)), images.clone(), labels)
    print(f"You predicted {prediction!r}. Largest value of each map:")
    for name, p, k, a, b in zip(names, probabilities, labels, maps, of_probability, strict=True):
        values = f"of the logit {a.max():.2f}, of the probability {b.max():.3f}"
        print(f"  {name:14} p = {p[k]:.2f}: gradient {values}")

# %% [markdown]
# A probability near 1 hardly moves any more, whatever the pixels do: softmax flattens it. The logit
# still moves, and that is why saliency differentiates the logit.
#
# Look at the maps again. The coffee's is brightest inside the cup and on its front, and dark along
# the rim; the moped's is brightest on the white panel behind it. Real examples rarely come out as
# well as the paper's, as the lecture says. That is no bug: the gradient is that of a function which
# wiggles, measured at one point.

# %% [markdown]
# ### Turn the knobs
#
# A photo, yours too, and a class: `rank` 1 is the network's first guess, 2 its second. The cat's second
# guess is another animal: do the two maps look at different things?

# %%
from labkit import widgets


def draw_saliency(photo, rank):
    """Return a photo above the saliency of the class that the network ranks here."""
    with torch.no_grad():
        p = model(photo).softmax(dim=1)
    label = p.argsort(descending=True)[:, rank - 1]  # (1,)
    title = f"{model.categories[int(label)]}, p = {p[0, int(label)]:.3f}"
    return plotting.show_saliency(photo, saliency_map(model, photo, label), [title])


if ready(saliency_map=maps):
    pictures = widgets.photo(dict(zip(names, images.split(1), strict=True)))
    display(widgets.explore(draw_saliency, photo=pictures, rank=widgets.slider(1, 10, 1)))

# %% [markdown]
# ### Against occlusion
#
# The next cell holds the occlusion map of lab 05, ready to use: it covers the picture with a grey
# square at each place and notes the probability. Both maps claim to say what matters. How long does
# each take, and do they agree? (About 20 s.)


# %% nbgrader={"grade_id": "occlusion_map", "locked": true}
@torch.no_grad()
def occlusion_map(model, image, label, size, stride, fill=0.5):
    """Return (rows, columns): the label's probability with a square covered at each place."""
    starts = [range(0, n - size + 1, stride) for n in image.shape[2:]]
    rows = []
    for top in starts[0]:
        covered = image.repeat(len(starts[1]), 1, 1, 1)  # one image a column
        for k, left in enumerate(starts[1]):
            covered[k, :, top : top + size, left : left + size] = fill
        rows.append(model(covered).softmax(dim=1)[:, label])
    return torch.stack(rows)


# %%
def rank_correlation(a, b):
    """Return Spearman's rank correlation of two tensors: 1 same order, 0 none, -1 reversed."""
    ranks = [x.flatten().argsort().argsort().float() for x in (a, b)]
    return float(torch.corrcoef(torch.stack(ranks))[0, 1])


def in_squares(saliency, size, stride):
    """Return the mean saliency (rows, columns) in each square of an occlusion map."""
    return F.avg_pool2d(saliency[None, None], size, stride)[0, 0]


size, stride = 64, fast(16, 40)
if ready(saliency_map=maps):
    started = time.perf_counter()
    drops = [
        p[k] - occlusion_map(model, image[None], k, size, stride)
        for image, p, k in zip(images, probabilities, labels, strict=True)
    ]  # how much the probability drops when a place is covered
    occlusion_seconds = (time.perf_counter() - started) / len(images)
    started = time.perf_counter()
    saliency_map(model, images.clone(), labels)
    saliency_seconds = (time.perf_counter() - started) / len(images)
    print(f"occlusion {occlusion_seconds:.2f} s an image, saliency {saliency_seconds:.3f} s")

# %% [markdown]
# Do they agree? The number is the rank correlation of the two maps, saliency averaged over the same
# squares: 1 is the same order, 0 no relation. The right column is a **control**, the mean of
# three networks of the same architecture with random weights: agreement that random weights reach as well says nothing
# about what was learned. Single photos scatter by several tenths; look at the mean.

# %%
if ready(saliency_map=maps):
    controls = [random_model(seed=seed, device=device) for seed in range(3)]
    control_maps = [saliency_map(network, images.clone(), labels) for network in controls]
    print("rank correlation with occlusion: trained network | random weights")
    rows = []
    for i, name in enumerate(names):
        own, *others = [
            rank_correlation(drops[i], in_squares(m[i], size, stride))
            for m in (maps, *control_maps)
        ]
        rows.append([own, sum(others) / len(others)])
        print(f"  {name:29} {rows[-1][0]:16.2f} | {rows[-1][1]:6.2f}")
    agreement = torch.tensor(rows).mean(0)
    print(f"  {'mean':29} {agreement[0]:16.2f} | {agreement[1]:6.2f}")

# %%
margin = (size - stride) // 2  # squares stay inside, so their centres leave a margin
inside = slice(margin, 224 - margin)
if ready(saliency_map=maps):
    for i in (0, 1):
        photo, pooled = images[i][:, inside, inside], in_squares(maps[i], size, stride)
        title = f"{names[i]}, covered with a grey square"
        display(plotting.overlay(photo, drops[i], title=title, label="probability lost"))
        title = f"{names[i]}, saliency in the same squares"
        display(plotting.overlay(photo, pooled, title=title, label="mean of the map"))

# %% [markdown]
# **Explain what you saw.** Saliency needs one backward pass, occlusion over a hundred forward passes,
# and the two agree only in part. Name one thing that each measures and the other does not, and a
# photo, or a row of the table, where you see it. (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_two_maps", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Saliency is about infinitesimal changes of single pixels, at this
# picture; occlusion about a large change, a whole square removed. (2) Redundancy: where covering one
# part leaves enough evidence, occlusion shows nothing although the gradient is not zero (the cat's
# two eyes); and grey squares are themselves unusual input. (3) A photo named with an observation
# that fits its numbers.

# %% [markdown]
# ## Exercise 2: what does the map know of the training?
#
# *Difficulty 2 of 5, importance 4 of 5, 15 minutes.*
#
# Somebody asks in the lecture: are these maps from before or after training? After, is the answer;
# before, you would get pretty bad garbage, though not entirely random. Let us look: give the top
# layers new random weights, then more and more of them, and see what is left of the map. A map that
# stays the same was not about what the network has learned.
# (Adebayo et al., *Sanity checks for saliency maps*, 2018.)
#
# **Goal.** Return a copy of the network in which the last `depth` weighted layers have new random
# weights.
#
# A *weighted layer* is an `nn.Conv2d` or `nn.Linear`; count them in the order of `model.modules()`.
# Its new weights are independent draws from a normal distribution with mean 0 and the **standard
# deviation that this layer's weights had**. (PyTorch's default would be too small: our network has
# no batch normalization left, and its signal would die.) Biases stay. With
# `depth=0` nothing changes. The given network stays as it is, the same `seed` gives the same copy, and the global random state is left alone.
#
# **Predict first.** How alike are the maps before and after the *last* layer alone is redrawn, in
# rank correlation: nearly 1, about 0.7, or about 0?

# %%
prediction = "..."  # "1", "0.7" or "0"

# %% [markdown]
# <details><summary>Hint 1: a copy</summary>
#
# `copy.deepcopy(model)` copies a network with its weights.
# </details>
# <details><summary>Hint 2: the layers, and random numbers of your own</summary>
#
# Collect the weighted layers in a list and take the last `depth` of them; mind that `layers[-0:]` is
# the whole list. A `torch.Generator().manual_seed(seed)` can be passed to `torch.randn(..., generator=...)`.
# </details>

# %% nbgrader={"grade_id": "randomize_top", "solution": true}
import copy


def randomize_top(model, depth, seed):
    """Return a copy whose last `depth` weighted layers are redrawn with the deviation they had."""
    ### BEGIN SOLUTION
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    for layer in layers[len(layers) - depth :]:
        noise = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data = noise.to(layer.weight) * layer.weight.std()
    return model
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_randomize_top", "grade": true}
check("06-saliency", randomize_top)

# %%
depths = [0, 1, 5, 20, 50]  # of 50 weighted layers
networks = [randomize_top(model, depth, seed=0) for depth in depths]
if ready(saliency_map=maps, randomize_top=networks[0]):
    ladder = [
        saliency_map(network, images.clone(), labels) for network in networks
    ]  # each (N, H, W)
    for i in (0, 1):
        row = torch.stack([step[i] for step in ladder])
        captions = [f"{depth} of 50 layers random" for depth in depths]
        same = images[i : i + 1].expand(len(depths), -1, -1, -1)
        display(plotting.show_saliency(same, row, captions, title=f"Saliency of the {names[i]}"))

# %% [markdown]
# All maps ask about the labels that the *trained* network gave. Two numbers say the same as the
# pictures. *Likeness*: the rank correlation with the trained network's map, in
# squares of 8 pixels. *Smoothness*: the rank correlation of a map with itself, moved by 4 pixels.
# White noise has a smoothness of 0: what a random network has above 0, it owes to convolution.


# %%
def likeness(a, b):
    """Return the mean rank correlation of two batches of maps (N, H, W), in 8 x 8 squares."""
    pairs = [(in_squares(x, 8, 8), in_squares(y, 8, 8)) for x, y in zip(a, b, strict=True)]
    return sum(rank_correlation(x, y) for x, y in pairs) / len(pairs)


def smoothness(a):
    """Return the mean rank correlation of maps (N, H, W) with themselves, 4 pixels to the right."""
    return sum(rank_correlation(x[:, 4:], x[:, :-4]) for x in a) / len(a)


if ready(saliency_map=maps, randomize_top=networks[0]):
    noise = torch.rand(maps.shape, generator=torch.Generator().manual_seed(0)).to(device)
    guesses = [network(images[:1]).argmax(dim=1) for network in networks[:2]]
    first, second = (model.categories[int(k)] for k in guesses)
    print(f"You predicted {prediction!r} for one layer. Trained, the network calls the coffee")
    print(f"{first!r}; with one random layer, {second!r}.")
    print(f"{'':22}likeness  smoothness")
    for depth, step in zip(depths, ladder, strict=True):
        print(
            f"{depth:3} of 50 redrawn     {likeness(ladder[0], step):8.2f}  {smoothness(step):10.2f}"
        )
    print(f"{'white noise':21}{likeness(ladder[0], noise):9.2f}  {smoothness(noise):10.2f}")

# %% [markdown]
# The network that is random throughout makes the *smoothest* map: convolution and striding see to
# that, whatever the weights.
#
# **Is your friend right?** "With the last layer random, the network guesses classes at random, yet
# its saliency map still looks like the photo. So saliency maps are useless." (Three to five
# sentences, with one of the numbers above.)

# %% [markdown] nbgrader={"grade_id": "explain_randomized", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Part of every such map comes from the picture and the architecture:
# its edges and textures, seen through convolutions, survive random weights (smoothness above that of
# noise). (2) The map does change as more layers are redrawn, so it does depend on what was learned;
# likeness falls from 1 towards that of noise. (3) A conclusion between the extremes, with a number:
# a map that looks like the object is no proof that it explains the answer; compare with a control.

# %% [markdown]
# ## Exercise 3: a number for a map
#
# *Difficulty 3 of 5, importance 4 of 5, 20 minutes.*
#
# A picture convinces too easily. A test: delete the pixels that the map calls salient, the most
# salient first, and watch the probability. If the map is right, it falls fast: the **area under
# the deletion curve** is small. (Samek et al., 2015; Petsiuk et al., 2018.)
#
# **Goal.** Return the label's probability after each of `steps` equal steps of deletion.
#
# After step $i$, the $\lfloor i \cdot HW / \text{steps} \rfloor$ most salient pixels of the picture
# are mid-grey, 0.5 in all three channels; the rest is as it was. The first value belongs to the
# untouched picture, the last to one that is all grey. The caller's picture stays as it is.
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, 3, H, W) | [0, 1] |
# | `label` | one class number | |
# | `saliency` | (H, W) | any |
# | result | (steps + 1,), a tensor | probabilities |
#
# **Predict first.** Which order deletes the espresso faster: the most salient pixels first, or the
# pixels in random order?

# %%
prediction = "..."  # "salient" or "random"

# %% [markdown]
# <details><summary>Hint 1: the order</summary>
#
# `saliency.flatten().argsort(descending=True)` lists the pixels, numbered row by row, the most
# salient first.
# </details>
# <details><summary>Hint 2: deleting by number</summary>
#
# `image.clone().flatten(2)` is (1, 3, H*W): there the pixels carry the same numbers. `view_as(image)`
# brings the shape back before the network sees it.
# </details>
# <details><summary>Hint 3: it is slow</summary>
#
# Nothing here needs gradients: `with torch.no_grad():`. A few steps at a time can share a batch.
# </details>


# %% nbgrader={"grade_id": "deletion_curve", "solution": true}
def deletion_curve(model, image, label, saliency, steps):
    """Return (steps + 1,) probabilities of the label while the most salient pixels go to 0.5."""
    ### BEGIN SOLUTION
    order = saliency.flatten().argsort(descending=True)
    curve = []
    for step in range(steps + 1):
        deleted = image.detach().clone().flatten(2)  # (1, 3, H*W)
        deleted[:, :, order[: step * len(order) // steps]] = 0.5
        with torch.no_grad():
            logits = model(deleted.view_as(image))
        curve.append(logits.softmax(dim=1)[0, label])
    return torch.stack(curve)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_deletion_curve", "grade": true}
check("06-saliency", deletion_curve)


# %%
def random_map(seed):
    """Return a map of random values: deletes the pixels in random order."""
    return torch.rand(224, 224, generator=torch.Generator().manual_seed(seed)).to(device)


steps = 16
curve = deletion_curve(model, images[:1], labels[0], random_map(0), steps)
if ready(saliency_map=maps, deletion_curve=curve):
    salient = deletion_curve(model, images[:1], labels[0], maps[0], steps)
    print(f"You predicted {prediction!r}.")
    print(f"area, salient first {salient.mean():.2f}, random order {curve.mean():.2f}")
    curves = {"most salient pixels first": salient.cpu(), "pixels in random order": curve.cpu()}
    title = f"Deleting single pixels of the {names[0]}"
    display(plotting.show_curves(curves, "step", "probability of espresso", title=title))

# %% [markdown]
# Both curves plunge, and the areas hardly differ: grey pixels sprinkled over an eighth of a photo
# (step 2) are strong *noise*, a kind of picture that the network has never seen, and it fails long
# before the object is gone. (Lab 10's attacks are something else: far fainter, and aimed along the
# gradient.) A fair test deletes connected pieces. So: average the map in squares of 56 pixels, one
# square a step, and compare with squares in random order, on all photos. (About 20 s.)


# %%
def in_patches(saliency, size=56):
    """Return the map with each square of `size` pixels at its mean."""
    means = F.avg_pool2d(saliency[None, None], size)
    return F.interpolate(means, scale_factor=size)[0, 0]


def area(i, order_by):
    """Return the area under photo i's deletion curve: its mean."""
    return float(deletion_curve(model, images[i : i + 1], labels[i], order_by, 16).mean())


if ready(saliency_map=maps, deletion_curve=curve):
    print("area under the deletion curve    salient first | random order | salient last")
    areas = []
    for i, name in enumerate(names):
        chance = [area(i, in_patches(random_map(seed))) for seed in range(fast(5, 1))]
        first, last = area(i, in_patches(maps[i])), area(i, in_patches(-maps[i]))
        areas.append([first, sum(chance) / len(chance), last])
        print(f"  {name:29} {first:14.2f} | {areas[-1][1]:12.2f} | {last:12.2f}")
    mean_areas = torch.tensor(areas).mean(0)
    print(f"  {'mean':29} {mean_areas[0]:14.2f} | {mean_areas[1]:12.2f} | {mean_areas[2]:12.2f}")

# %% [markdown]
# **Explain what you saw.** On which photo does the map pass the test best, on which worst? What does
# the number tell that the picture does not, and what can the number get wrong? (Three to five
# sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_deletion", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Best and worst photo named from the table, against random order.
# (2) The number is a test that could have failed: it compares with a control, where a picture only
# convinces. (3) A weakness: grey squares are input the network never saw, so a drop may come from the
# square and not from what it hides; or the choice of square size; or one class in six photos.

# %% [markdown]
# ## What to keep, and the limits
#
# - One backward pass gives a map of what would move a logit. It is the gradient of the **logit**:
#   a loss also says what would lower the other classes.
# - The map is a derivative at one point. It is noisy, and part of it is the picture and the
#   architecture alone.
# - A map is worth as much as the test it passes against a control.
#
# ## Try it yourself
#
# - The saliency of a class the network did *not* choose: `saliency_map(model, images, other_labels)`.
# - Average the maps of ten copies of a photo with a little noise added (SmoothGrad, Smilkov et al.,
#   2017). Which of the three tables improves?
# - A photo of your own, with two objects in it: does the map move when you change the label?
