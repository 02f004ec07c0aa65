# %% [markdown]
# # 10 Adversarial images: how little does it take to fool a network?
#
# ![A cup of coffee that the network calls iPod and a cat that it calls koala. Between each photo and its attacked copy stands the change, ten times enlarged: faint coloured noise.](../docs/pictures/10-adversarial-images.jpg)
#
# **The question.** The pictures on the right look like those on the left. To the network the cup is
# an *iPod* and the cat a *koala*. What was done to them, and why does so little suffice?
#
# Lab 09 climbs the gradient of a class with respect to the pixels, and needs regularizers to get a
# picture of anything. Leave the regularizers out and start from a photo, and the same climb ends
# right beside the photo, in an **adversarial image**.
#
# You write two functions: `fgsm`, one step that spoils an answer, and `fooling_image`, a few steps
# to an answer of your choice. About 50 minutes. Lecture: 45:35 to 46:30.

# %%
import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import display
from PIL import Image
from torch import nn

from labkit import data, plotting
from labkit.check import check, ready
from labkit.models import available_models, label_of, load_model
from labkit.optimize import fast

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
prediction = "..."  # yours come further down

# %% [markdown]
# The pictures, float32 in [0, 1], (N, 3, H, W). One step of an 8-bit picture file is 1/255 of that
# range: we call it a **grey level**. The *label* of a photo is here what the network says of it.
# For photos of your own, put `dog.jpg` into a folder `my-photos` beside this notebook, and write
# `mine = ["dog"]`.

# %%
mine = []
names = mine + ["coffee", "cat", "photographer", "rocket", "motorcycle", "pagoda"][: fast(6, 4)]
images = data.photos(names).to(device)  # (N, 3, 224, 224)


@torch.no_grad()
def probabilities(images, network=model):
    """Return (N, K), what a network gives each class, a few images at a time."""
    return torch.cat([network(few).softmax(dim=1) for few in images.split(8)])


def says(images):
    """Return what our network says of each image, for instance "espresso, p = 0.94"."""
    best = probabilities(images).max(dim=1)
    pairs = zip(best.values, best.indices, strict=True)
    return [f"{model.categories[int(k)]}, p = {p:.2f}" for p, k in pairs]


labels = probabilities(images).argmax(dim=1)
plotting.show_images(images, says(images), columns=3, title="What the network says")

# %% [markdown]
# ## Exercise 1: one step by the gradient's sign
#
# *Difficulty 2 of 5, importance 5 of 5, 15 minutes.*
#
# **Goal.** Spoil the network's answers by one step in which no pixel moves by more than `epsilon`.
#
# $$ I'_n = \mathrm{clip}_{[0, 1]}\Bigl( I_n + \varepsilon \, \mathrm{sign} \frac{\partial L_n}{\partial I_n} \Bigr), \qquad L_n = -\log \mathrm{softmax}(f(I_n))_{y_n} $$
#
# $L_n$ is the cross-entropy of the given label: we want it *larger*. Before the clipping, every value
# moves by exactly $\varepsilon$, up or down, and one whose gradient is 0 stays ($\mathrm{sign}(0) = 0$). It is called
# the *fast gradient sign method*. (Goodfellow, Shlens and Szegedy, *Explaining and harnessing
# adversarial examples*, 2014.)
#
# | | shape | range |
# |---|---|---|
# | `images` | (N, 3, H, W) | [0, 1] |
# | `labels` | (N,) | class numbers |
# | `epsilon` | number | 0 and up, in units of the range |
# | result | (N, 3, H, W) | [0, 1], clamped after the step |
#
# One step, from the gradient at the given images, also where the network gives the label no chance.
# Each image gets the step that it would get alone, for any N, N = 1 included. The caller's images
# and the network stay as they are.
#
# **Predict first.** Take photos that the network gets right, and move every value by *one* grey
# level, `epsilon=1/255`. Of how many is its answer still right: nearly all, half, or nearly none?

# %%
prediction = "..."  # "nearly all", "half" or "nearly none"

# %% [markdown]
# <details><summary>Hint 1: where does the gradient come from?</summary>
#
# As in lab 06: mark a copy of the images with `requires_grad_()` before the forward pass, and
# differentiate with `torch.autograd.grad`. Lab 06 differentiated a logit; here it is the loss,
# `F.cross_entropy(model(images), labels)`.
# </details>
# <details><summary>Hint 2: mean or sum over the images?</summary>
#
# `F.cross_entropy` takes the mean. That divides each image's gradient by N, and the sign does not
# care.
# </details>
# <details><summary>Hint 3: the network gets better at it.</summary>
#
# Uphill is *plus* the gradient. Minus is what training does.
# </details>


# %% nbgrader={"grade_id": "fgsm", "solution": true}
def fgsm(model, images, labels, epsilon):
    """Return (N, 3, H, W), the images after one step that raises each label's cross-entropy."""
    ### BEGIN SOLUTION
    images = images.detach().clone().requires_grad_()
    loss = F.cross_entropy(model(images), labels, reduction="sum")
    (gradients,) = torch.autograd.grad(loss, images)
    return (images + epsilon * gradients.sign()).detach().clamp(0, 1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_fgsm", "grade": true}
check("10-adversarial-images", fgsm)


# %%
def show_attacks(before, after, names, title):
    """Show photo, change and attacked photo in a row each; the change is enlarged ten times."""
    shown, captions = [], []
    answers = zip(before, after, says(before), says(after), names, strict=True)
    for old, new, was, now, name in answers:
        shown += [old, (0.5 + 10 * (new - old)).clamp(0, 1), new.clamp(0, 1)]
        captions += [f"{name}: {was}", "change x 10 (grey is 0)", now]
    return plotting.show_images(torch.stack(shown), captions, columns=3, title=title)


attacked = fgsm(model, images[:3].clone(), labels[:3], 1 / 255)
if ready(fgsm=attacked):
    title = "Every value moved by one grey level of 255"
    display(show_attacks(images[:3], attacked, names[:3], title))

# %% [markdown]
# The photos are 8-bit pictures: one grey level is the smallest difference that a file can hold, and
# in the right column you do not see it. Is this the photos' fault, would *any* change of that size do
# it? The **control** moves every value by the same `epsilon`, with signs drawn at random.
#
# To have more than six pictures, the next cell cuts windows out of each photo and keeps those whose
# class the network gets right. Both curves therefore begin at 1.


# %%
def windows(names, places):
    """Return cuts of 224 x 224 out of photos of 256 x 256, and the photos' true classes."""
    large = data.photos(names, size=256)
    cuts = [large[..., top : top + 224, left : left + 224] for top, left in places]
    classes = torch.tensor([data.photo_label(name) for name in names] * len(places))
    return torch.cat(cuts).to(device), classes.to(device)


places = [(0, 0), (32, 32), (0, 32), (32, 0), (16, 16)][: fast(5, 2)]
views, truth = windows([n for n in names if data.photo_label(n) is not None], places)
right = probabilities(views).argmax(dim=1) == truth
views, truth = views[right], truth[right]


def random_signs(images, seed=0):
    """Return -1 or 1 for every value of the images."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(images.shape, generator=generator).sign().to(images)


def attack(images, labels, epsilon, network=model):
    """Return your attack on many images, a few at a time."""
    batches = zip(images.split(8), labels.split(8), strict=True)
    return torch.cat([fgsm(network, few.clone(), k, epsilon) for few, k in batches])


def accuracy(images, labels, network=model):
    """Return the share of images whose label the network gives."""
    return float((probabilities(images, network).argmax(dim=1) == labels).float().mean())


# %%
levels = [0.25, 0.5, 1, 2, 4, 8, 16][:: fast(1, 2)]  # in grey levels of 255
table = {"gradient sign (fgsm)": [], "random sign (control)": []}
if ready(fgsm=attacked):
    signs = random_signs(views)
    for level in levels:
        table["gradient sign (fgsm)"].append(accuracy(attack(views, truth, level / 255), truth))
        noisy = (views + level / 255 * signs).clamp(0, 1)
        table["random sign (control)"].append(accuracy(noisy, truth))
    print(f"You predicted {prediction!r} for one grey level. Right answers of {len(views)} views:")
    print("  epsilon     fgsm  random sign")
    for level, a, b in zip(levels, *table.values(), strict=True):
        print(f"  {level:5} / 255 {a:5.2f} {b:10.2f}")
    x = [math.log2(level) for level in levels]
    label = "epsilon in grey levels, as a power of 2 (-2 is a quarter, 4 is 16)"
    title = "Right answers after one step"
    display(plotting.show_curves(table, label, "share that is right", x=x, title=title))

# %% [markdown]
# ### Turn the knobs
#
# The attack on any photo, yours too. At which epsilon does the answer change, and at which do *you*
# begin to see it? Then random signs: how far can you go?

# %%
from labkit import widgets


def draw_attack(photo, grey_levels, signs):
    """Return a photo, ten times the change, and the attacked photo."""
    label, epsilon = probabilities(photo).argmax(dim=1), grey_levels / 255
    noisy = (photo + epsilon * random_signs(photo)).clamp(0, 1)
    after = fgsm(model, photo.clone(), label, epsilon) if signs == "gradient" else noisy
    return show_attacks(
        photo, after, ["photo"], f"epsilon = {grey_levels:.2f} / 255, {signs} signs"
    )


if ready(fgsm=attacked):
    own = widgets.photo(dict(zip(names, images.split(1), strict=True)))
    knobs = {
        "grey_levels": widgets.slider(0.05, 32.0, 1.0, log=True),
        "signs": ["gradient", "random"],
    }
    display(widgets.explore(draw_attack, photo=own, **knobs))

# %% [markdown]
# ### Why so little suffices
#
# Goodfellow and his coauthors explain it with the plainest network there is: a **linear** one, whose
# logit is the inner product of the pixels with a weight $w$, as in lab 01. The step
# $\varepsilon\,\mathrm{sign}(w)$ changes the logit by
#
# $$ w \cdot \varepsilon\,\mathrm{sign}(w) = \varepsilon \sum_i |w_i| = \varepsilon \|w\|_1 . $$
#
# Every pixel adds its share *in the same direction*. With random signs the shares cancel, and about
# $\varepsilon \|w\|_2$ is left. The more pixels, the larger the advantage: up to $\sqrt{D}$ for $D$
# values. The table runs your `fgsm` on linear networks with random weights of length
# $\|w\|_2 = 1$, at grey, `epsilon=1/255`. In the last row $w$ is the gradient of our own network at
# the first photo, scaled to the same length.


# %%
def linear_network(weight):
    """Return a network with two logits: 0, and the inner product of the image with the weight."""
    layer = nn.Linear(weight.numel(), 2, bias=False).to(weight.device)
    layer.weight.data = torch.stack([torch.zeros_like(weight.flatten()), weight.flatten()])
    return nn.Sequential(nn.Flatten(), layer).requires_grad_(False)


def logit_changes(weight, epsilon):
    """Return how far fgsm, and random signs on the average, move the logit of a linear network."""
    network, grey = linear_network(weight), torch.full_like(weight, 0.5)[None]
    moved = fgsm(network, grey.clone(), torch.tensor([1], device=weight.device), epsilon) - grey
    noise = [(epsilon * random_signs(weight, seed) * weight).sum().abs() for seed in range(50)]
    return float((moved[0] * weight).sum().abs()), float(sum(noise) / 50)


def own_gradient(image, label):
    """Return (3, H, W), the gradient of our network's logit for one image."""
    leaf = image[None].clone().requires_grad_()
    return torch.autograd.grad(model(leaf)[0, label], leaf)[0][0]


# %%
if ready(fgsm=attacked):
    generator = torch.Generator().manual_seed(0)
    weights = {
        f"random, {n} x {n}": torch.randn(3, n, n, generator=generator).to(device)
        for n in (8, 32, 224)
    }
    weights[f"the network at the {names[0]}"] = own_gradient(images[0], labels[0])
    changes = {}
    print("weight of length 1               D   eps |w|_1   fgsm  random sign  ratio")
    for name, weight in weights.items():
        weight = weight / weight.norm()
        expected, (a, b) = float(weight.abs().sum() / 255), logit_changes(weight, 1 / 255)
        changes[name] = a, b, expected
        print(f"{name:27} {weight.numel():7} {expected:10.3f} {a:7.3f} {b:9.4f} {a / b:9.0f}")

# %% [markdown]
# Noise moves the logit by the same small amount in every row. The attack grows with the number of
# pixels, although each of them moves by one grey level as before. Near a photo, the gradient of our
# network is nearly as spread over the pixels as random weights are.
#
# But our network is not linear. How far does the straight line carry? Below, the logit of the
# photo's own class under a signed step against its gradient: what the line foretells,
# $\varepsilon \|g\|_1$, and what the network does.

# %%
falls = {}
if ready(fgsm=attacked):
    print("fall of the label's logit, mean of the photos")
    print("  epsilon     by the line  by the network")
    slopes = [own_gradient(x, k) for x, k in zip(images, labels, strict=True)]
    slopes = torch.stack(slopes)  # (N, 3, H, W)
    own = labels[:, None]
    with torch.no_grad():
        start = model(images).gather(1, own)
        for level in levels:
            end = model(images - level / 255 * slopes.sign()).gather(1, own)
            line = slopes.abs().sum((1, 2, 3)).mean() * level / 255
            falls[level] = float(line), float((start - end).mean())
            print(f"  {level:5} / 255 {falls[level][0]:11.1f} {falls[level][1]:15.1f}")

# %% [markdown]
# **Explain what you saw.** From the three tables: why does the network withstand random signs of 4
# grey levels and break at a quarter of one with the right signs? And why is a step 64 times as long
# no 64 times stronger? (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_small_steps", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Numbers of the first table: the share that is right under fgsm and
# under random signs at the same epsilon. (2) Aligned signs add up to epsilon times the sum of
# absolute weights, random ones cancel to epsilon times the norm; the ratio grows with the number of
# pixels, about as its root. (3) The gradient holds near the photo only: at
# a quarter of a grey level the network falls half as far as the line foretells, and from one on
# hardly further, since the signs of the gradient are others out there.

# %% [markdown]
# ## Exercise 2: to a class of your choice
#
# *Difficulty 3 of 5, importance 5 of 5, 25 minutes.*
#
# `fgsm` only drives the network away from its answer. Now the attacker chooses the answer: the
# lecture turns an elephant into a koala, and a schooner into an iPod.
#
# **Goal.** Climb from one image, in short steps, until the network says the target class.
#
# $$ I \leftarrow I + s \, \frac{g}{\|g\|_2}, \qquad g = \frac{\partial f_t(I)}{\partial I} $$
#
# $f_t$ is the **logit** of the target $t$, and $\|g\|_2$ the Euclidean norm over all values of the
# image, so every step has the length $s$. (The targeted attack is from Szegedy et al., *Intriguing
# properties of neural networks*, 2013; they use another optimizer.)
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, 3, H, W) | any |
# | `target` | int | a class number |
# | `step_size` | number | the length $s$ of each step |
# | `max_steps` | int | take at most that many steps |
# | result | (1, 3, H, W) | any: not clamped |
#
# - Each step follows the gradient at the image *where it has arrived*, and that gradient alone.
# - Stop at the first image for which the target has the largest logit. An image that starts out so
#   needs no step.
# - If `max_steps` steps do not get there, return the image as it is then.
# - The caller's image and the network stay as they are.
#
# **Predict first.** The values of a photo, taken as one vector, have a length of about 200. How many
# steps of length 1 lead from the coffee to an iPod: about 3, 30 or 300?

# %%
prediction = "..."  # "3", "30" or "300"

# %% [markdown]
# <details><summary>Hint 1: the loop</summary>
#
# `for _ in range(max_steps):` forward pass; stop if `logits.argmax()` is the target; else the gradient
# of `logits[0, target]`, and a step.
# </details>
# <details><summary>Hint 2: my steps do not follow the gradient.</summary>
#
# `backward()` *adds* to `image.grad`. Unless you clear it, the second step follows the sum of two
# gradients, and still fools the network in the end: looking at the result does not show this mistake.
# `torch.autograd.grad` gives a fresh gradient each time.
# </details>
# <details><summary>Hint 3: "a leaf Variable that requires grad is being used in an in-place operation"</summary>
#
# Autograd watches the image. Make the step inside `with torch.no_grad():`, or begin each round with a
# fresh leaf, `image = image.detach().requires_grad_()`.
# </details>


# %% nbgrader={"grade_id": "fooling_image", "solution": true}
def fooling_image(model, image, target, step_size=1.0, max_steps=100):
    """Return (1, 3, H, W), an image close to the given one that the network takes for the target."""
    ### BEGIN SOLUTION
    image = image.detach().clone()
    for _ in range(max_steps):
        image.requires_grad_()
        logits = model(image)  # (1, K)
        if logits.argmax() == target:
            break
        (gradient,) = torch.autograd.grad(logits[0, target], image)
        image = image.detach() + step_size * gradient / gradient.norm()
    return image.detach()
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_fooling_image", "grade": true}
check("10-adversarial-images", fooling_image)

# %% labkit={"opening": true}
wishes = ["iPod", "koala", "African elephant", "schooner"][: fast(4, 2)]  # for the first photos
targets = [label_of(model, wish) for wish in wishes]
first = fooling_image(model, images[:1].clone(), targets[0], step_size=0.25)
if ready(fooling_image=first):
    second = fooling_image(model, images[1:2].clone(), targets[1], step_size=0.25)
    pair = torch.cat([first, second]).detach()
    title = f"Climbing to {wishes[0]} and {wishes[1]}, stopped at first success"
    display(show_attacks(images[:2], pair, names[:2], title))

# %% [markdown]
# How large are these changes? Two norms: $L_\infty$, the largest change of any value, in grey levels,
# and $L_2$, the length of the change as a vector, to compare with the photo's own of about 200. The
# **control** goes as far in a random direction, and asks for the probability of the same target.
# One knob: the length of a step.


# %%
def sizes(change):
    """Return a change's largest value in grey levels, and its Euclidean length."""
    return float(change.abs().max() * 255), float(change.norm())


def random_change(change, seed=0):
    """Return a change of the same length in a random direction."""
    noise = torch.randn(change.shape, generator=torch.Generator().manual_seed(seed)).to(change)
    return noise / noise.norm() * change.norm()


if ready(fooling_image=first):
    rows, reached = [], {}
    print(f"You predicted {prediction!r} steps. Probability of the target:")
    print(f"{'step size   L_inf    L_2':>55}   photo  attacked  random")
    for i, (wish, target) in enumerate(zip(wishes, targets, strict=True)):
        for step_size in (1.0, 0.25):
            image = images[i : i + 1]
            fooled = fooling_image(model, image.clone(), target, step_size=step_size).detach()
            control = image + random_change(fooled - image)
            p = [float(probabilities(x)[0, target]) for x in (image, fooled, control)]
            reached[i, step_size] = fooled
            rows.append([*sizes(fooled - image), *p])
            print(f"  {names[i]:13} to {wish:17} {step_size:6} {rows[-1][0]:7.1f} ", end="")
            print(f"{rows[-1][1]:6.2f} {p[0]:7.4f} {p[1]:9.2f} {p[2]:7.4f}")
    fewest = math.ceil(rows[0][1])
    print(f"The first way is {rows[0][1]:.2f} long: at least {fewest} steps of length 1.")

# %% [markdown]
# Short steps cost more time and end nearer to the photo: a long last step overshoots. A random
# change of the same length leaves the probability of the target where it was.
#
# ### How sure can it be made?
#
# Your function stops as soon as the target is ahead. The lecture's koala is called so *very
# confidently*. To get there without another function, give the attacked network a handicap: it takes
# `margin` away from the target's logit, so that the target has to win by that much. The gradient
# stays the same.


# %%
class Handicap(nn.Module):
    """Takes a margin away from one class's logit."""

    def __init__(self, target, margin):
        super().__init__()
        self.target, self.margin = target, margin

    def forward(self, logits):
        taken = F.one_hot(torch.tensor(self.target), logits.shape[1]) * self.margin
        return logits - taken.to(logits)


def fool_by(margin, image, target):
    """Return your attack on the network with a handicap: the target wins by `margin`."""
    network = nn.Sequential(model, Handicap(target, margin))
    return fooling_image(network, image.clone(), target, step_size=0.5).detach()


margins, attacked_by = [0, 3, 10][:: fast(1, 2)], {}
if ready(fooling_image=first):
    print("mean of the photos   L_inf    L_2   p(target)   the photo's own class")
    for margin in margins:
        fooled = [fool_by(margin, images[i : i + 1], k) for i, k in enumerate(targets)]
        attacked_by[margin] = fooled = torch.cat(fooled)
        norms = torch.tensor([sizes(a - b) for a, b in zip(fooled, images, strict=False)]).mean(0)
        p, few = probabilities(fooled).cpu(), range(len(targets))
        its = p[few, labels[: len(targets)].cpu()].mean()
        print(f"  margin {margin:3} {norms[0]:14.1f} {norms[1]:6.2f} ", end="")
        print(f"{p[few, targets].mean():11.4f} {its:13.4f}")

# %%
if ready(fooling_image=first):
    title, last = f"Won by a margin of {margins[-1]}", slice(len(targets) - 2, len(targets))
    display(show_attacks(images[last], attacked_by[margins[-1]][last], names[last], title))

# %% [markdown]
# From the first success to near certainty is a short way. The change is still hard to see.
#
# ### What the saliency map has to do with it
#
# The map of lab 06 and the attack are the *same gradient*: the map shows its size at the photo, the
# attack walks along it. So the first step, seen as a picture, must be the target's saliency map. The
# next cell holds lab 06's function, ready to use. The number is the correlation of a change (its
# largest channel, in absolute value) with the saliency map of the target at the photo; 1 is the same
# picture up to scale, 0 no relation.


# %%
def saliency_map(model, images, labels):
    """Return (N, H, W), the largest absolute gradient of the label's logit over the channels."""
    leaves = images.detach().clone().requires_grad_()
    logits = model(leaves).gather(1, labels[:, None])
    return torch.autograd.grad(logits.sum(), leaves)[0].abs().amax(dim=1)


def correlation(a, b):
    """Return Pearson's correlation of two maps."""
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])


def size_of(change):
    """Return (H, W), the largest change of each pixel over its channels, without the sign."""
    return change[0].abs().amax(dim=0)


image, target = images[:1], torch.tensor(targets[:1], device=device)
map_before = saliency_map(model, image, target)[0]
if ready(fooling_image=first):
    one_step = fooling_image(model, image.clone(), targets[0], max_steps=1).detach()
    alike = {
        "one step": correlation(size_of(one_step - image), map_before),
        "until fooled, steps of 0.25": correlation(size_of(reached[0, 0.25] - image), map_before),
        "random direction": correlation(size_of(random_change(one_step - image)), map_before),
    }
    print("correlation of the change with the saliency map of the target")
    for name, value in alike.items():
        print(f"  {name:28} {value:5.2f}")

# %% [markdown]
# After the first step the climb takes the gradient at other places, where it looks different: so
# the correlation falls. And does a saliency map show that something is wrong? Below are maps of the
# class that the network *gives* each picture: the photo, the photo with a random change of the same
# length, and the attacked photo. *Likeness* is lab 06's rank correlation with the photo's own map, in
# squares of 8 pixels.


# %%
def likeness(a, b):
    """Return the rank correlation of two maps (H, W), averaged in 8 x 8 squares."""
    pooled = [F.avg_pool2d(x[None], 8).flatten() for x in (a, b)]
    return correlation(*(x.argsort().argsort().float() for x in pooled))


if ready(fooling_image=first):
    triple = torch.cat([image, image + random_change(first - image), first.detach()])
    given = probabilities(triple).argmax(dim=1)
    maps = saliency_map(model, triple, given)
    near = [likeness(maps[0], m) for m in maps]
    kinds = ("photo", "random change", "attacked")
    captions = [f"{k}: {model.categories[int(g)]}" for k, g in zip(kinds, given, strict=True)]
    title = f"Saliency before and after: likeness {near[1]:.2f} random, {near[2]:.2f} attacked"
    display(plotting.show_saliency(triple.clamp(0, 1), maps, captions, title=title))

# %% [markdown]
# ### From nothing to a class
#
# If a photo of a cup is a step away from *iPod*, so is everything else. Start from plain grey and from
# noise, and ask for a few classes, each to be won by a margin of 5. Before you run it: what do you
# expect to see?

# %%
grey = torch.full_like(images[:1], 0.5)
noise = torch.rand(grey.shape, generator=torch.Generator().manual_seed(0)).to(device)
wanted = ["goldfish", "iPod", "flamingo", "koala"][: fast(4, 1)]
if ready(fooling_image=first):
    starts = [(start, wish) for start in (grey, noise) for wish in wanted]
    ends = torch.cat([fool_by(5, start, label_of(model, wish)) for start, wish in starts])
    title = "Climbing from grey (above) and from noise (below)"
    display(plotting.show_images(ends.clamp(0, 1), says(ends), len(wanted), title=title))
    start_p = [float(probabilities(s)[0, label_of(model, wish)]) for s, wish in starts]
    reached_p = zip(probabilities(ends), starts, strict=True)
    end_p = [float(p[label_of(model, wish)]) for p, (_, wish) in reached_p]
    print(
        f"mean probability of the class: {np.mean(start_p):.4f} before, {np.mean(end_p):.4f} after"
    )

# %% [markdown]
# Nothing to see: without a regularizer the climb ends at the nearest image with a large logit, and
# that is the start plus something invisible. (Such images far from any photo are from Nguyen, Yosinski
# and Clune, *Deep neural networks are easily fooled*, 2015.) Every picture of lab 09 owes its look
# to the regularizers.
#
# ## What survives saving?
#
# An image of ours holds 32-bit numbers. A file does not: PNG rounds to 256 levels, JPEG also throws
# away fine detail, more of it at lower quality. Is an attack still one after it was saved and opened
# again? All in memory. Two attacks of each kind, a weak and a strong one:
#
# - `fgsm` on the views above, by 1 and by 4 grey levels: the share whose answer is still *wrong*;
# - `fooling_image` on photos, first success and won by 10: the share that is still the *target*.
#
# The control is the views without an attack: saving alone makes the network err, too.


# %%
def saved(image, quality):
    """Return an image (3, H, W) after saving it as JPEG, or as PNG where `quality` is None."""
    levels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    file, options = io.BytesIO(), {} if quality is None else {"quality": quality}
    Image.fromarray(levels).save(file, "PNG" if quality is None else "JPEG", **options)
    opened = torch.from_numpy(np.array(Image.open(file)))
    return (opened.permute(2, 0, 1).float() / 255).to(image)


def share(images, classes, quality, same):
    """Return the share of saved images that get their class (`same`), or another one."""
    found = accuracy(torch.stack([saved(image, quality) for image in images]), classes)
    return found if same else 1 - found


# %%
qualities = [None, 95, 85, 75, 60, 45, 30][:: fast(1, 3)]
if ready(fgsm=attacked, fooling_image=first):
    classes = torch.tensor(targets, device=device)
    series = {
        "no attack (control)": (views, truth, False),
        "fgsm, 1 grey level": (attack(views, truth, 1 / 255), truth, False),
        "fgsm, 4 grey levels": (attack(views, truth, 4 / 255), truth, False),
        "target, first success": (attacked_by[0], classes, True),
        "target, won by 10": (attacked_by[10], classes, True),
    }
    survival = {
        name: [share(x, k, quality, same) for quality in qualities]
        for name, (x, k, same) in series.items()
    }
    print(f"{'share that is fooled':24}   PNG  JPEG " + "".join(f"{q:4}  " for q in qualities[1:]))
    for name, shares in survival.items():
        print(f"  {name:22}{shares[0]:6.2f}     " + "".join(f"{v:6.2f}" for v in shares[1:]))
    curves = {name: shares[1:] for name, shares in survival.items()}
    title, x = "Attacks saved as JPEG and opened again", qualities[1:]
    display(plotting.show_curves(curves, "JPEG quality", "share that is fooled", x=x, title=title))

# %% [markdown]
# **Explain what you saw.** Which attacks survive which file, and why does the targeted one, sure as
# the network was of it, die so soon? And somebody proposes "save every upload as JPEG" as a defence.
# What does the table say to that? (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_saving", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) PNG leaves most attacks alive, JPEG removes fine detail, in which the
# changes live; numbers from the table. (2) Any wrong answer counts for fgsm, one single class of 1000
# for the target, and a climb that stops at the first success stands right behind a border: a small
# push brings it back. (3) As a defence it is weak: a stronger step survives, JPEG costs right answers
# of its own (the control), and an attacker who knows of it can prepare for it.

# %% [markdown]
# ## Does it fool another network?
#
# The attacker above held the network: architecture, weights, gradients. Does an attack made with *one*
# network work on another? Here with digits: the project's convolutional network, and a linear
# classifier on the pixels, made in the next cell by least squares. (With the lecture's networks on
# this computer, the cell after it asks the same of photos.) Each is attacked with its own gradient
# and with the other's; the control is random signs of the same size.


# %%
def least_squares(images, labels):
    """Return a linear network for digits, fitted to images (N, 3, 32, 32) by least squares."""
    pixels = images.double().mean(1).flatten(1) - 0.5  # (N, 1024), the three channels are equal
    wanted = F.one_hot(labels).double() - 0.1
    ridge = pixels.T @ pixels + 100 * torch.eye(1024).to(pixels)
    weight = torch.linalg.solve(ridge, pixels.T @ wanted).T.float()  # (10, 1024)
    layer = nn.Linear(3072, 10).to(weight.device)
    layer.weight.data, layer.bias.data = weight.repeat(1, 3) / 3, -0.5 * weight.sum(1)
    return nn.Sequential(nn.Flatten(), layer).requires_grad_(False).eval()


def transfer(networks, images, labels, epsilon):
    """Return {attacked with: [accuracy of each network]}, random signs last."""
    made = {name: attack(images, labels, epsilon, n) for name, n in networks.items()}
    made["random sign (control)"] = (images + epsilon * random_signs(images)).clamp(0, 1)
    return {how: [accuracy(x, labels, n) for n in networks.values()] for how, x in made.items()}


def print_transfer(table, networks):
    """Print one row an attack, one column a network that looks at it."""
    print(f"{'attacked with':24}" + "".join(f"{name:>16}" for name in networks))
    for how, row in table.items():
        print(f"  {how:22}" + "".join(f"{value:16.2f}" for value in row))


# %%
train = [t.to(device) for t in data.digits("train")]
digits, digit_labels = [t[: fast(540, 200)].to(device) for t in data.digits("test")]
readers = {
    "convolutional": load_model("digits", device=device),
    "linear": least_squares(*train),
}
clean = {name: accuracy(digits, digit_labels, n) for name, n in readers.items()}
print("right without an attack:", ", ".join(f"{name} {a:.2f}" for name, a in clean.items()))
if ready(fgsm=attacked):
    crossed = transfer(readers, digits, digit_labels, 0.2)
    print(f"right answers of {len(digits)} digits, epsilon 0.2")
    print_transfer(crossed, readers)
    by_linear = attack(digits[:5], digit_labels[:5], 0.2, readers["linear"])
    now = readers["convolutional"](by_linear).argmax(dim=1).tolist()
    title = "Made with the linear network; the convolutional one reads:"
    captions = [f"{int(k)} read as {n}" for k, n in zip(digit_labels, now, strict=False)]
    display(plotting.show_images(by_linear, captions, title=title))

# %%
here = [n for n in ("alexnet", "resnet18", "squeezenet1_1") if n in available_models()]
if not here:
    print("Lecture's networks are not on this computer: photos are left out.")
elif ready(fgsm=attacked):
    viewers = {"lite0": model} | {name: load_model(name, device=device) for name in here}
    all_right = torch.stack(
        [probabilities(views, n).argmax(dim=1) == truth for n in viewers.values()]
    ).all(dim=0)  # the photos that every network gets right
    print(f"right answers of {int(all_right.sum())} views, epsilon 8 / 255")
    if all_right.any():
        known = views[all_right], truth[all_right]
        print_transfer(transfer(viewers, *known, 8 / 255), viewers)

# %% [markdown]
# And the lecture's own pairs, where the photo gallery can be had.

# %%
groups = ["elephant_and_hoofed", "boat"]
if not data.gallery_available(groups):
    print("The photo gallery is not on this computer and cannot be fetched: left out.")
elif ready(fooling_image=first):
    real = data.gallery(groups)
    lecture = [("African_elephant", "koala"), ("schooner", "iPod")]
    found = [(i, w) for s, w in lecture for i, n in enumerate(real.names) if n.endswith(s)]
    before = torch.stack([real.images[i] for i, _ in found]).to(device)
    after = [
        fool_by(5, x[None], label_of(model, w)) for x, (_, w) in zip(before, found, strict=True)
    ]
    short = [real.names[i].split("_", 1)[1].replace("_", " ") for i, _ in found]
    display(show_attacks(before, torch.cat(after), short, "The lecture's pairs"))

# %% [markdown]
# **Explain what you saw.** In which direction does the attack cross from one digit network to the
# other, in which hardly? Why can two networks that share neither layers nor weights fall for the same
# change at all? And what follows for someone who keeps a network's weights secret? (Three to five
# sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_transfer", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Both directions with their numbers, against random signs of the same
# size. (2) Both learned from the same digits, so similar pixels speak for the same class: the linear
# network's change weakens what the classes really share (strokes), the convolutional one's follows
# details of its own. (3) Secret weights are no protection: attack a network of one's own, trained for
# the same task, and send the result.

# %% [markdown]
# ## What to keep, and the limits
#
# - Without a regularizer, climbing a class's logit ends in an image that looks like the start. The
#   change is the gradient, the very thing that a saliency map shows.
# - Size is no mystery: a step that every pixel supports adds up over 150 528 values; a random one
#   cancels.
# - The network's probability says nothing about whether *you* would agree: it can be made 0.99 for any
#   class, from a photo, from grey, from noise.
# - Limits: the attacker here knows the network. Files, cameras and other networks weaken what was
#   made for one of them, until the attacker takes them into account. And success is not
#   explanation: *that* gradients fool the network is shown here; why training leaves it so is still
#   argued about.
#
# ## Try it yourself
#
# - Iterate `fgsm`: ten steps of `epsilon / 10`. Does the curve of exercise 1 change, and at which end?
# - Attack so that JPEG at quality 75 does not help: a larger margin, or climb the mean logit of a few
#   blurred copies. What does it cost in $L_2$?
# - A photo of your own to a class of your own. Which targets are near, which are far?
