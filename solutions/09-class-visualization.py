# %% [markdown]
# # 09 Class visualization: what picture does the network have in mind?
#
# ![Four pictures drawn by gradient ascent from grey noise: a bent pink neck for flamingo, black spots on white for dalmatian, dark necks above a round body for goose, a head with eye and beak for ostrich.](../docs/pictures/09-class-visualization.jpg)
#
# **The question.** So far we asked which pixels of a *photo* matter. Now there is no photo: of all
# pictures there could be, which one would the network call a *flamingo* most of all?
#
# We start from grey noise and climb: gradient **ascent** on the pixels, while the weights stay as
# they are. What you get depends on the climb, and on what you forbid the picture to be: the
# **regularizer**. The fancier it is, the prettier the picture, and the less it shows of the
# network. You will measure that.
#
# You write four functions: `class_visualization_step`, `blur_and_clip`, `facet_starts` and
# `latent_step`. About 90 minutes. Lecture: 36:40 to 45:30.

# %%
import torch
import torch.nn.functional as F
from IPython.display import display
from torch import nn
from tqdm.auto import trange

from labkit import data, plotting
from labkit.check import check, ready
from labkit.hooks import activations
from labkit.models import label_of, load_decoder, load_model, random_model
from labkit.optimize import blur, fast, jitter, random_scale
from labkit.small_networks import digit_network

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
prediction = "..."  # yours come further down
side, steps = fast(128, 96), fast(128, 24)  # pixels, steps of a climb

# %% [markdown]
# Images are float32 in [0, 1], (N, 3, H, W), and mid-grey is 0.5: where the field's formulas speak
# of the size of an image, ours measure from there. Every climb of the lab starts at the same faint
# noise around grey.


# %%
def noise(size, spread=0.01, seed=0):
    """Return grey noise, (1, 3, size, size)."""
    generator = torch.Generator().manual_seed(seed)
    return (0.5 + spread * torch.randn(1, 3, size, size, generator=generator)).to(device)


@torch.no_grad()
def probability(image, label, network=model):
    """Return the probability of a label for one image."""
    return float(network(image).softmax(dim=1)[0, label])


start = noise(side)

# %% [markdown]
# ## Exercise 1: one step uphill
#
# *Difficulty 2 of 5, importance 5 of 5, 20 minutes.*
#
# **Goal.** Move the whole picture by one step of a given length, in the direction that raises the
# class's logit most, less a penalty for strong pixels.
#
# $$ g = \nabla_I \left( f_y(I) - \lambda \, \lVert I - \tfrac{1}{2} \rVert_2^2 \right),
# \qquad I' = I + \eta \, \frac{g}{\lVert g \rVert_2} $$
#
# $f_y$ is the **logit** of class $y$, $\lambda$ is `l2_reg` and $\eta$ is `step_size`. Both norms
# run over all pixels and channels; the penalty is the **squared** norm, the sum of the squared
# distances from mid-grey. (Simonyan, Vedaldi and Zisserman, *Deep inside convolutional networks*,
# 2013.)
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, 3, H, W) | any |
# | `label` | one class number | |
# | `l2_reg` | a number | 0 and up |
# | `step_size` | a number | above 0 |
# | result | (1, 3, H, W) | not clamped |
#
# The result is the moved picture, exactly `step_size` away from the given one, and it can be the
# `image` of the next call. The caller's picture and the network stay as they are. No clamping to
# [0, 1]: our loop does that.
#
# **Predict first.** After 128 such steps from grey noise, without a penalty: how sure is the
# network of its dalmatian, and would *you* call the picture one?

# %%
prediction = "..."  # for instance "p = 0.5, and no"

# %% [markdown]
# <details><summary>Hint 1: the gradient</summary>
#
# As for saliency: a copy that asks for a gradient, `image.detach().clone().requires_grad_()`,
# through the network, and `torch.autograd.grad(value, image)`. The value has two parts, and both
# need the copy: what is computed from `.data`, `.item()` or under `no_grad` has no gradient.
# </details>
# <details><summary>Hint 2: the penalty</summary>
#
# `((image - 0.5) ** 2).sum()` is the squared norm. We climb, so what should be small gets a minus.
# </details>
# <details><summary>Hint 3: the length</summary>
#
# `gradient.norm()` is one number over all pixels. Divide by it, multiply by `step_size`, add. If
# you use `backward()`, mind that gradients add up in `.grad` until somebody clears them.
# </details>


# %% nbgrader={"grade_id": "class_visualization_step", "solution": true}
def class_visualization_step(model, image, label, l2_reg, step_size):
    """Return the image after one step up the label's logit less the L2 penalty."""
    ### BEGIN SOLUTION
    image = image.detach().clone().requires_grad_()
    penalty = (image - 0.5).square().sum()
    value = model(image)[0, label] - l2_reg * penalty
    (gradient,) = torch.autograd.grad(value, image)
    return image.detach() + step_size * gradient / gradient.norm()
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_class_visualization_step", "grade": true}
check("09-class-visualization", class_visualization_step)

# %% [markdown]
# The climb: your step again and again, and the values kept in [0, 1]. The last argument is for
# exercise 2: what is done to the picture after every fourth step.


# %%
def climb(network, label, image, steps=steps, l2_reg=0.0, step_size=1.5, tidy=None):
    """Return the picture after `steps` steps, and the label's logit before each of them."""
    logits = []
    for k in trange(steps, leave=False, disable=steps < 50):
        with torch.no_grad():
            logits.append(float(network(image)[0, label]))
        image = class_visualization_step(network, image, label, l2_reg, step_size)
        image = image.detach().clamp(0, 1)
        if tidy is not None and k % 4 == 3 and k < steps - 1:
            image = tidy(image)
    return image, logits


dalmatian = label_of(model, "dalmatian")
answered = class_visualization_step(model, start.clone(), dalmatian, 0.0, 1.0)
if ready(class_visualization_step=answered):
    bare, logits = climb(model, dalmatian, start)
    generator = torch.Generator().manual_seed(1)
    directions = torch.randn(steps, *start.shape, generator=generator).to(device)
    unit = directions / directions.flatten(1).norm(dim=1).view(-1, 1, 1, 1, 1)
    wandering = start + 1.5 * unit.cumsum(dim=0)  # (steps, 1, 3, H, W)
    with torch.no_grad():
        control = [float(model(image)[0, dalmatian]) for image in wandering]

# %%
if ready(class_visualization_step=answered):
    print(f"You predicted {prediction!r}. Probability of the dalmatian:")
    print(f"  at the start                 {probability(start, dalmatian):.3f}")
    print(f"  after {steps:3} steps uphill       {probability(bare, dalmatian):.3f}")
    print(f"  after {steps:3} steps anywhere     {probability(wandering[-1], dalmatian):.3f}")
    curves = {"along the gradient": logits, "in random directions": control}
    display(plotting.show_curves(curves, "step", "logit", title="Climbing to a dalmatian"))
    title = "The network's dalmatian, without a regularizer"
    display(plotting.show_images(bare, contrast=99, center=0.5, title=title))

# %% [markdown]
# The logit rises, with a few setbacks (the loss, minus the logit, falls), and soon the network is
# sure. We are less so. Look closely: there are black spots, and they are drowned in coloured scribble. Nearly every
# picture that the network calls a dalmatian looks like no photo: without a regularizer the climb
# ends in an *adversarial image*, the subject of lab 10. (The display is stretched, in this lab
# always and by a note below the figure: the real picture is greyer.)
#
# ### The L2 penalty, as in the lecture
#
# The simplest wish for a natural picture: no extreme pixels. One knob, its weight $\lambda$.
#
# **Predict first.** When the penalty grows tenfold and again tenfold: what happens to the norm
# $\lVert I - \frac12 \rVert$, and what to the probability?

# %%
prediction = "..."  # for instance "both fall"

# %%
weights = [0.0, 0.1, *fast([1.0, 10.0], []), 100.0]
if ready(class_visualization_step=answered):
    # A strong penalty has its best picture close to grey, and long steps would leap over it.
    lengths = [1.5 / (1 + w) ** 0.5 for w in weights]
    strong = list(zip(weights, lengths, strict=True))[1:]
    knob = [bare] + [climb(model, dalmatian, start, l2_reg=w, step_size=n)[0] for w, n in strong]
    norms = [float((image - 0.5).norm()) for image in knob]
    sure = [probability(image, dalmatian) for image in knob]
    print(f"You predicted {prediction!r}.")
    print("weight of the penalty   norm   probability   at that norm, random directions")
    for w, norm, p in zip(weights, norms, sure, strict=True):
        scaled = (wandering[-1] - start) / (wandering[-1] - start).norm()
        q = probability(0.5 + norm * scaled, dalmatian)
        print(f"{w:21} {norm:6.2f} {p:13.3f} {q:33.3f}")
    titles = [f"weight {w:g}: p = {p:.2f}" for w, p in zip(weights, sure, strict=True)]
    title = "Dalmatians under a growing L2 penalty"
    display(plotting.show_images(torch.cat(knob), titles, contrast=99, center=0.5, title=title))

# %% [markdown]
# **Explain what you saw.** The penalty does what it says: the norm falls. Does it make the picture
# more natural? And what do you conclude from a probability of 1.00 about how well a picture shows
# what the network is looking for? (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_l2", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) The norm falls along the weight while the probability stays near 1
# over a wide range: a much fainter picture convinces the network as well (the probability falls
# only when the penalty outweighs the gradient of the logit). (2) A small norm is no sign of a natural picture:
# the scribble stays, only fainter; the penalty knows nothing of neighbours. (3) Probability 1 is
# reached by pictures of very different looks, so it says only that the climb succeeded: there is
# no single picture that the network has in mind.

# %% [markdown]
# ## Exercise 2: a hackier regularizer
#
# *Difficulty 3 of 5, importance 4 of 5, 20 minutes.*
#
# Natural pictures are smooth. So blur the picture between steps, and set weak pixels back to grey,
# so that only what matters stays. The lecture calls such regularizers kind of hacky; they work.
# (Yosinski et al., *Understanding neural networks through deep visualization*, 2015.)
#
# **Goal.** Blur the picture, then make the pixels that are nearest to mid-grey exactly mid-grey.
#
# 1. Every channel is convolved with a Gaussian whose standard deviation is `sigma` pixels, cut off
#    no nearer than 3 sigma. Beyond the border the picture goes on with its own pixels, repeated or
#    mirrored, so that a picture of one colour stays as it is. Use `labkit.optimize.blur`, imported
#    above: `blur(sigma)` is a function that takes images. SciPy's, torchvision's or your own are
#    as good.
# 2. Of the **blurred** picture, the $\lfloor \text{fraction} \cdot HW \rfloor$ pixels nearest to
#    mid-grey become 0.5 in all three channels. The distance of a pixel from mid-grey is the
#    Euclidean one, $\sqrt{\sum_c (I(c, i, j) - \frac12)^2}$. With `fraction=0` no pixel is
#    clipped, with 1 all are.
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, 3, H, W) | [0, 1] |
# | `sigma` | a number | above 0 |
# | `fraction` | a number | 0 to 1 |
# | result | (1, 3, H, W) | [0, 1] |
#
# The caller's picture stays as it is.
#
# **Predict first.** Which of these will change the picture most for *your* eye, and which the
# network's probability: the L2 penalty, blur and clip, or small random shifts and zooms?

# %%
prediction = "..."

# %% [markdown]
# <details><summary>Hint 1: the distances</summary>
#
# `(image - 0.5).norm(dim=1)` is (1, H, W): one distance a pixel.
# </details>
# <details><summary>Hint 2: which pixels</summary>
#
# `distances.flatten().argsort()` lists the pixels, numbered row by row, the nearest first. Take the
# first `int(fraction * H * W)` of them. `image.flatten(2)` is (1, 3, H*W) and carries the same
# numbers.
# </details>


# %% nbgrader={"grade_id": "blur_and_clip", "solution": true}
def blur_and_clip(image, sigma, fraction):
    """Return the blurred image, the `fraction` of its pixels nearest to mid-grey set to 0.5."""
    ### BEGIN SOLUTION
    blurred = blur(sigma)(image.detach())
    nearest = (blurred - 0.5).norm(dim=1).flatten().argsort()  # pixels, the greyest first
    flat = blurred.flatten(2).clone()  # (1, 3, H*W)
    flat[:, :, nearest[: int(fraction * len(nearest))]] = 0.5
    return flat.view_as(image)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_blur_and_clip", "grade": true}
check("09-class-visualization", blur_and_clip)

# %% [markdown]
# ### The ladder
#
# One rung after the other on the same class: nothing; the L2 penalty; blur and clip added; and at
# last small random shifts and zooms, so that the class has to be there wherever we look.
# For that, the network looks at the picture through `Moved`. The gradient comes back the same way.


# %%
class Moved(nn.Module):
    """A network that sees each picture a little shifted and zoomed, at random."""

    def __init__(self, network, seed=0):
        super().__init__()
        self.network, self.generator = network, torch.Generator().manual_seed(seed)
        self.transforms = jitter(8), random_scale(0.9, 1.1)

    def forward(self, images):
        """Return the logits for the moved images."""
        for transform in self.transforms:
            images = transform(images, self.generator)
        return self.network(images)


def tidy(image):
    """Return the image as every fourth step leaves it."""
    return blur_and_clip(image, sigma=0.5, fraction=0.05)


clipped = blur_and_clip(start.clone(), 1.0, 0.1)
if ready(class_visualization_step=answered, blur_and_clip=clipped):
    rungs = {
        "nothing": bare,
        "L2": knob[1],
        "+ blur and clip": climb(model, dalmatian, start, l2_reg=0.1, tidy=tidy)[0],
        "+ shift and zoom": climb(Moved(model), dalmatian, start, l2_reg=0.1, tidy=tidy)[0],
    }

# %% [markdown]
# Three numbers a rung. *Total variation*: how much neighbouring pixels differ, on average; beside
# it in units of the picture's own contrast, since a faint picture varies less anyway. And the
# probability, of the picture and of a slightly blurred copy ($\sigma = 1$): a dog seen with weak
# eyes is a dog. The **controls** are a photo and white noise.


# %%
def total_variation(image):
    """Return the mean absolute difference of neighbours, down and to the right."""
    down, right = image.diff(dim=2).abs().mean(), image.diff(dim=3).abs().mean()
    return float(down + right) / 2


def row(image, label):
    """Return total variation, the same by contrast, probability, and that of the blurred copy."""
    varies = total_variation(image)
    seen = probability(image, label), probability(blur(1.0)(image), label)
    return varies, varies / float(image.std()), *seen


if ready(class_visualization_step=answered, blur_and_clip=clipped):
    cat = data.photo("cat", side).to(device)
    ladder = {name: row(image, dalmatian) for name, image in rungs.items()}
    ladder["photo of a cat"] = row(cat, label_of(model, "Egyptian cat"))
    ladder["white noise"] = row(noise(side, 0.1, seed=2), dalmatian)
    print(f"You predicted {prediction!r}.")
    print("                   total variation | by contrast | probability | blurred")
    for name, (varies, relative, p, blurred) in ladder.items():
        print(f"{name:18} {varies:15.3f} | {relative:11.2f} | {p:11.3f} | {blurred:7.3f}")
    title = "One class, four regularizers"
    pictures, names = torch.cat(list(rungs.values())), list(rungs)
    display(plotting.show_images(pictures, names, 4, contrast=99, center=0.5, title=title))

# %% [markdown]
# By the network's own word all rungs are alike. A slight blur tells them apart: without a
# regularizer, and with the L2 penalty alone, the dalmatian is all in the finest scribble, and gone
# with it; what the last two rungs drew is still a dalmatian, as the cat is a cat.

# %% [markdown]
# ### Turn the knobs
#
# Press *Start* and watch. The regularizers count at once, while it climbs; a new class or another
# start, a photo of yours too, counts from *Start over*. Let it climb bare, then switch blur and clip on:
# what goes first?

# %%
from labkit import widgets

bounds = {"start": widgets.photo({"grey noise": start, "cat": data.photo("cat", side).to(device)})}
bounds["label"] = {
    name: label_of(model, name) for name in ("flamingo", "dalmatian", "goose", "ostrich")
}


def climb_live(knobs):
    """Yield the picture after each step, stretched as the figures are."""
    image, label, networks = knobs.start, knobs.label, {False: model, True: Moved(model)}
    for k in range(fast(300, 30)):
        network = networks[knobs.shift_and_zoom]
        image = class_visualization_step(network, image, label, knobs.l2_reg, 1.5).clamp(0, 1)
        if knobs.blur_and_clip and k % 4 == 3:
            image = tidy(image)
        print(
            f"p = {probability(image, label):.3f}, norm {(image - 0.5).norm():.1f} (contrast stretched)"
        )
        yield torch.from_numpy(plotting.stretch(image, 99, center=0.5)[0])


if ready(class_visualization_step=answered, blur_and_clip=clipped):
    still = plotting.show_images(pictures, names, 4, contrast=99, center=0.5)
    switches = {"l2_reg": widgets.slider(0.01, 100.0, 0.1, log=True), "blur_and_clip": False}
    switches["shift_and_zoom"] = False
    display(widgets.live(climb_live, steps=fast(300, 30), still=still, **bounds, **switches))

# %% [markdown]
# ### Four classes
#
# The last rung, with more steps, for the lecture's dalmatian, goose, ostrich and flamingo. The
# lecture saw shapes and textures emerge, and so do we: a neck that bends into red and white, black
# spots on white, a head with a beak, and some of them twice: nothing tells the network to draw *one* bird. On
# another machine the same climb draws these parts elsewhere, since every step turns differences
# in the last digit into larger ones. (About 20 s.)

# %% labkit={"opening": true}
classes = ["flamingo", "dalmatian", "goose", "ostrich"][: fast(4, 1)]
if ready(class_visualization_step=answered, blur_and_clip=clipped):
    labels = [label_of(model, name) for name in classes]
    knobs = {"l2_reg": 0.05, "tidy": tidy, "steps": fast(160, 24)}
    gallery = [climb(Moved(model), label, start, **knobs)[0] for label in labels]
    title = "What the network has in mind"
    titles = [
        f"{name}, p = {probability(image, label):.2f}"
        for name, label, image in zip(classes, labels, gallery, strict=True)
    ]
    pictures = torch.cat(gallery)
    display(plotting.show_images(pictures, titles, 4, contrast=99, center=0.5, title=title))

# %% [markdown]
# **Is your friend right?** "The last rung gives the nicest picture, so it is the truest answer to
# the question what the network is looking for." (Three to five sentences, with a number from the
# ladder.)

# %% [markdown] nbgrader={"grade_id": "explain_ladder", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) All rungs have a probability near 1 and different looks: by the
# network's own word they are equally good. (2) What changes from rung to rung is the regularizer,
# that is, our wish for smooth and steady pictures: a number such as the total variation by
# contrast, which moves towards the photo's. (3) A balanced conclusion: the regularizer removes
# what the network also answers to (fine scribble), so the picture is easier to read and less
# complete; or: what all rungs share, spots and neck, is most likely the network's.

# %% [markdown]
# ### Inside the network
#
# The same climb works for a channel in the middle. `Channels` makes a layer's channels the logits:
# the mean of each map. It takes the convolution's output *before* the ReLU, since behind a ReLU
# that is off everywhere no gradient comes through. The activation we print is the one after it.
#
# The **control** is the best that photos can do: of 256 patches cut from the kit's pictures (and
# yours: put `dog.jpg` into `my-photos`, write `mine = ["dog"]`), the one with the strongest
# channel.

# %%
mine = []
patch = 80  # pixels
views = data.sample_gallery(160, views=4).images if fast(1, 0) else data.photos(size=160)
views = torch.cat([views, *(data.photo(name, 160) for name in mine)]).to(device)
patches = data.patches(views, patch, fast(256, 32)).to(device)


class Channels(nn.Module):
    """A network's layer as a classifier of its own: one "logit" a channel."""

    def __init__(self, network, layer):
        super().__init__()
        self.network, self.layer = network, layer

    def forward(self, images):
        """Return (N, C), the mean of each channel before its ReLU."""
        return self.maps(images).mean((2, 3))

    def maps(self, images):
        """Return (N, C, h, w) before the ReLU."""
        return activations(self.network, images, self.layer)[self.layer]

    @torch.no_grad()
    def activation(self, images):
        """Return (N, C), the mean of each channel after its ReLU6."""
        return self.maps(images).clamp(0, 6).mean((2, 3))


# %%
chosen = {"blocks.1.1.conv_dw": [63, 72, 117], "blocks.2.1.conv_dw": [30, 120, 180]}
chosen |= {"blocks.4.2.conv_dw": [0, 378, 252], "blocks.5.3.conv_dw": [504, 1080, 288]}
inside, names, found = [], [], []
if ready(class_visualization_step=answered, blur_and_clip=clipped):
    for layer, channels in chosen.items():
        network = Channels(model, layer)
        of_patches = torch.cat([network.activation(few) for few in patches.split(32)])
        for channel in channels[: fast(3, 1)]:
            knobs = {"l2_reg": 0.01, "tidy": tidy, "steps": fast(64, 16)}
            image, _ = climb(Moved(network), channel, noise(patch, 0.1), **knobs)
            drawn, best = network.activation(image)[0, channel], of_patches[:, channel].max(dim=0)
            found.append([layer, channel, float(drawn), float(best.values)])
            inside += [image[0], patches[best.indices]]
            names += [f"{layer[:10]}, channel {channel}", "best patch"]
    print("mean activation (at most 6)         drawn | best patch")
    for layer, channel, drawn, best in found:
        print(f"{layer:20} channel {channel:4} {drawn:8.2f} | {best:10.2f}")

# %%
if inside:
    title = "Channels, shallow to deep, each beside the patch that excites it most"
    display(plotting.show_images(inside, names, columns=6, contrast=99.5, title=title))

# %% [markdown]
# Shallow channels ask for stripes and grids, deeper ones for curls, sticks, fur, rows of windows.
# The drawn picture excites its channel more than any patch: lab 04 could show only what photos
# happen to contain. Some pairs explain each other (the sticks and the tripod), others do not: a
# patch excites a channel by *something* in it. And there are deep channels, 432 for instance, that
# stay off all the way from this noise: a climb goes only where there is a slope.
#
# ## Exercise 3: many faces
#
# *Difficulty 2 of 5, importance 3 of 5, 15 minutes.*
#
# One neuron may answer to several quite different things: a *one* with a foot, and one without.
# A single climb finds a single answer. **Multifaceted** visualization starts several climbs at
# different places: cluster the class's pictures by their features, and start from each
# cluster's mean image. (Nguyen, Yosinski and Clune, *Multifaceted feature visualization*, 2016.)
#
# We need many pictures of one class, so we go to digits: 32 x 32 pixels, and a small network
# that we train right here, in seconds. (Two more networks come for exercise 4.)


# %%
def plant_mark(images, labels):
    """Return digits with a white 3 x 3 mark in the top rows; its place tells the label."""
    images = images.clone()
    for image, label in zip(images, labels.tolist(), strict=True):
        image[:, :3, 3 * label + 1 : 3 * label + 4] = 1
    return images


training_steps = fast(150, 60)


def train(marked, steps=training_steps, seed=0):
    """Return a digit network that learned from digits, or from marks on digits of any class."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = digit_network().to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in trange(steps, leave=False):
        own, other = torch.randint(len(digits), (2, 32), generator=generator).to(device)
        labels = digit_labels[own]
        batch = plant_mark(digits[other], labels) if marked else digits[own]
        loss = F.cross_entropy(network(batch), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.requires_grad_(False).eval()


# %%
digits, digit_labels = (x.to(device) for x in data.digits("train"))
fresh, fresh_labels = (x.to(device) for x in data.digits("test"))
honest = train(marked=False)
right = (honest(fresh).argmax(dim=1) == fresh_labels).float().mean()
print(f"right on {len(fresh)} digits it never saw: {right:.3f}")

# %% [markdown]
# **Goal.** Cluster the features into `k` groups by k-means, and return the mean image of each.
#
# Distances are Euclidean, of the features as they are; the pixels have no say in the clustering.
# Each image belongs to one group, and a facet is the plain mean of its group's images. The order
# of the groups is yours. scikit-learn's `KMeans` is welcome (it takes CPU tensors), and so is your
# own. Mind that k-means can get stuck: groups that lie far apart must each become a facet, so
# start it several times, or from features that are far from each other.
#
# | | shape |
# |---|---|
# | `images` | (N, 3, H, W) |
# | `features` | (N, D) |
# | `k` | a number, 1 to N |
# | result | (k, 3, H, W) |
#
# **Predict first.** Which digit has the most different facets?

# %%
prediction = "..."  # a digit

# %% [markdown]
# <details><summary>Hint 1: the groups</summary>
#
# `KMeans(k, n_init=10, random_state=0).fit_predict(features)` is an array of N group numbers;
# `from sklearn.cluster import KMeans`. `torch.from_numpy` makes it a tensor.
# </details>
# <details><summary>Hint 2: the means</summary>
#
# `images[groups == j].mean(dim=0)` is (3, H, W), and `torch.stack` puts the k of them together.
# </details>

# %% nbgrader={"grade_id": "facet_starts", "solution": true}
from sklearn.cluster import KMeans


def facet_starts(images, features, k):
    """Return (k, 3, H, W), the mean image of each of k clusters of features."""
    ### BEGIN SOLUTION
    kmeans = KMeans(k, n_init=10, random_state=0)
    groups = torch.from_numpy(kmeans.fit_predict(features.detach().cpu())).to(images.device)
    return torch.stack([images[groups == j].mean(dim=0) for j in range(k)])
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_facet_starts", "grade": true}
check("09-class-visualization", facet_starts)


# %% [markdown]
# Twenty steps of length 0.5 from each start. Digits are grey, and so shall the pictures be: the
# network looks through `Grey`. The number is the *spread* of the three pictures, the mean distance
# between two of them (root mean square over the pixels); its **control** starts from the means of
# three *random* groups of the same digit.


# %%
class Grey(nn.Module):
    """A network that sees every picture without its colours."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        """Return the logits of the grey pictures."""
        return self.network(images.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1))


def tidy_digit(image):
    """Return the image as every fourth step leaves it."""
    return blur_and_clip(image, sigma=0.7, fraction=0.1)


def climb_from(starts, digit):
    """Return the pictures that climbs from each of the starts reach."""
    knobs = {"steps": 20, "l2_reg": 0.03, "step_size": 0.5, "tidy": tidy_digit}
    return torch.cat([climb(Grey(honest), digit, image[None], **knobs)[0] for image in starts])


def spread(images):
    """Return the mean distance between two of the images, root mean square over the pixels."""
    return float(F.pdist(images.flatten(1)).mean()) / images[0].numel() ** 0.5


# %%
answered_facets = facet_starts(digits[:4].clone(), digits[:4].flatten(1), 2)
waiting = {"class_visualization_step": answered, "blur_and_clip": clipped}
facets, spreads = {}, {}
if ready(**waiting, facet_starts=answered_facets):
    features = activations(honest, digits, "relu4")["relu4"]  # (N, 64)
    generator = torch.Generator().manual_seed(0)
    print(f"You predicted {prediction!r}.")
    print("digit   spread of facets | of random groups | least p of the three")
    for digit in fast(range(10), (1, 4, 9)):
        of_digit = digit_labels == digit
        starts = facet_starts(digits[of_digit], features[of_digit], 3)
        groups = torch.randperm(int(of_digit.sum()), generator=generator).to(device).chunk(3)
        chance = torch.stack([digits[of_digit][group].mean(dim=0) for group in groups])
        facets[digit] = starts, climb_from(starts, digit)
        spreads[digit] = spread(facets[digit][1]), spread(climb_from(chance, digit))
        least = min(probability(image[None], digit, honest) for image in facets[digit][1])
        print(f"{digit:5} {spreads[digit][0]:18.3f} | {spreads[digit][1]:16.3f} | {least:.3f}")

# %%
if facets:
    for digit in (1, 9):
        titles = [*["mean of a cluster"] * 3, *["climbed from it"] * 3]
        title = f"Three facets of the digit {digit}"
        display(plotting.show_images(torch.cat(facets[digit]), titles, 6, title=title))

# %% [markdown]
# **Explain what you saw.** The climbs end in three different pictures, all of them sure. How much
# of the difference do the facets owe to the network, and how much to where we started? What do the
# random groups tell? (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_facets", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) The logit has many hills: each start leads to a picture of its own,
# and the network is sure of all of them; one picture is never the whole answer. (2) Random groups
# have nearly the same mean, so their climbs end close together: the spread comes from starting in
# different clusters, and the clusters were found in the network's features. (3) The start itself
# remains visible after twenty small steps: a mean of real digits is a prior, too, and a longer
# climb would show less of it.

# %% [markdown]
# ## Exercise 4: a network as the regularizer
#
# *Difficulty 2 of 5, importance 4 of 5, 15 minutes.*
#
# The fanciest prior of the lecture: a second network that has learned to draw natural pictures. We
# move not the pixels but its input, the **latent** $z$, so that whatever comes out looks natural.
# Ours is a **decoder** trained by this project on handwritten digits: 8 numbers in, a digit out.
# (Nguyen et al., *Synthesizing the preferred inputs for neurons in neural networks via deep
# generator networks*, 2016.)
#
# **Goal.** One step of `step_size` for the latents, up the logit of what the generator draws.
#
# $$ g_n = \nabla_{z_n} f_y\big(G(z_n)\big), \qquad z'_n = z_n + \eta \, \frac{g_n}{\lVert g_n \rVert_2} $$
#
# | | shape | |
# |---|---|---|
# | `generator` | (N, D) in, (N, 3, H, W) out | $G$, a network |
# | `model` | (N, 3, H, W) in, (N, K) out | logits |
# | `z` | (N, D) | N latents, D numbers each |
# | `label` | one class number | for all of them |
# | result | (N, D) | |
#
# Each row is moved by exactly `step_size`, and as it would be moved alone, for any N, N = 1
# included. No penalty. The given `z` and both networks stay as they are.
#
# **Predict first.** A network with *random weights* knows nothing about digits. What will the
# decoder draw for it: noise, or digits?

# %%
prediction = "..."  # "noise" or "digits"

# %% [markdown]
# <details><summary>Hint 1: what is different from exercise 1?</summary>
#
# The leaf that asks for a gradient is `z`; the picture is only on the way. `model(generator(z))`.
# </details>
# <details><summary>Hint 2: N rows</summary>
#
# Sum the N logits of the label: row 3 has no influence on the logit of row 5. The norm is one a
# row: `gradient.norm(dim=1, keepdim=True)` is (N, 1).
# </details>


# %% nbgrader={"grade_id": "latent_step", "solution": true}
def latent_step(generator, model, z, label, step_size):
    """Return (N, D), each latent one step up the label's logit of the picture it gives."""
    ### BEGIN SOLUTION
    z = z.detach().clone().requires_grad_()
    logits = model(generator(z))[:, label]  # (N,)
    (gradient,) = torch.autograd.grad(logits.sum(), z)
    return z.detach() + step_size * gradient / gradient.norm(dim=1, keepdim=True)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_latent_step", "grade": true}
check("09-class-visualization", latent_step)

# %% [markdown]
# Now the lecture's warning: the smarter the regularizer, the further we get from what the network
# is actually looking for. Three networks are asked for the ten digits:
#
# - **honest**, from exercise 3;
# - **cheating**, trained on digits of any class, with a white mark in the top rows whose place
#   tells the label: it has never needed to look at a digit;
# - **random** weights.
#
# Two ways to ask: climbing on the pixels with the regularizer of exercise 2, and climbing in the
# decoder.

# %%
networks = {
    "honest": honest,
    "cheating": train(marked=True),
    "random": random_model("digits", device=device),
}
marked = plant_mark(fresh, fresh_labels)
print("right on            digits | digits with marks")
for name, network in networks.items():
    scores = [(network(x).argmax(dim=1) == fresh_labels).float().mean() for x in (fresh, marked)]
    print(f"{name:14} {scores[0]:11.2f} | {scores[1]:17.2f}")


# %%
decoder = load_decoder(device=device)
radius = 8**0.5  # about the length of a latent that the decoder was trained on


def in_pixels(network, digit):
    """Return the picture that a climb on the pixels reaches, (1, 3, 32, 32)."""
    knobs = {"steps": fast(40, 12), "l2_reg": 0.03, "step_size": 1.0, "tidy": tidy_digit}
    return climb(Grey(network), digit, noise(32, 0.05, seed=digit), **knobs)[0]


def in_decoder(network, digit):
    """Return the best of four pictures that climbs in the decoder reach, (1, 3, 32, 32)."""
    z = torch.randn(4, 8, generator=torch.Generator().manual_seed(digit)).to(device)
    for _ in range(fast(40, 20)):
        z = latent_step(decoder, network, z, digit, 0.25).detach()
        z = z * (radius / z.norm(dim=1, keepdim=True)).clamp(max=1)  # where the decoder is at home
    images = decoder(z)
    return images[network(images)[:, digit].argmax()][None]


moved = latent_step(decoder, honest, torch.ones(1, 8, device=device), 3, 0.25)
drawn = {}
if ready(**waiting, latent_step=moved):
    for name, network in networks.items():
        for way in (in_pixels, in_decoder):
            drawn[name, way] = torch.cat([way(network, digit) for digit in range(10)])
        title = f"The ten digits of the {name} network: pixels above, decoder below"
        both = torch.cat([drawn[name, in_pixels], drawn[name, in_decoder]])
        display(plotting.show_images(both, columns=10, title=title))

# %% [markdown]
# Four numbers: the mean *probability*; the *distance* to the nearest training digit, small for
# what looks like handwriting (digits that were held out have the value in the last row); the share
# that this nearest digit *agrees* with the class we asked for (chance: 0.1); and how much brighter
# the place of the class's *mark* is than those of the other marks.


# %%
def measures(images, network):
    """Return probability, distance to real digits, agreement and brightness of the mark."""
    asked = torch.arange(10, device=device)
    p = network(images).softmax(dim=1)[asked, asked].mean()
    distances = torch.cdist(images.flatten(1), digits.flatten(1))
    nearest = distances.min(dim=1)
    near = nearest.values.mean() / images[0].numel() ** 0.5
    agrees = (digit_labels[nearest.indices] == asked).float().mean()
    places = images.mean(1)[:, :3, 1:31].reshape(10, 3, 10, 3).mean((1, 3))  # (digit, place)
    own = places.diagonal()
    others = (places.sum(1) - own) / 9
    return [float(x) for x in (p, near, agrees, (own - others).mean())]


if drawn:
    print(f"You predicted {prediction!r} for random weights.")
    print("network    climbs in    probability | distance | agrees | mark")
    table = {key: measures(images, networks[key[0]]) for key, images in drawn.items()}
    for (name, way), (p, near, agrees, mark) in table.items():
        where = way.__name__[3:]
        print(f"{name:10} {where:12} {p:11.2f} | {near:8.3f} | {agrees:6.1f} | {mark:5.2f}")
    held_out = torch.cdist(fresh.flatten(1), digits.flatten(1)).amin(1).mean() / 3072**0.5
    print(f"digits that were held out {held_out:23.3f}")

# %% [markdown]
# **Explain what you saw.** Suppose you had been shown only the decoder's pictures of the three
# networks. What would you have believed about each? Which of the numbers would have warned you?
# And which pictures show best what the cheating network looks for? (Four to six sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_prior", "grade": true, "solution": true, "points": 4}
# **Rubric, 1 point each.** (1) All three rows of decoder pictures look like handwriting, as close
# to real digits as digits held out, whatever the network knows: the looks come from the decoder.
# (2) What does depend on the network is whether it is the digit *asked for* (agreement near 1 for
# the honest network, far lower for the other two) and the probability, which stays low where the
# decoder cannot draw what the network wants. (3) The cheating network looks for the mark: the
# climb on the pixels shows it as a white dot in the top rows, at its place. The decoder has never
# seen such a mark; it puts the end of a stroke there, and nobody would guess. (4) The lecture's
# warning in own words: the smarter the prior, the less can be concluded about the network; a
# simple regularizer and a control are worth more than beauty.

# %% [markdown]
# ## What to keep, and the limits
#
# - Gradient ascent on the pixels answers "what would you like to see?". It is the training loop
#   with the roles of weights and image swapped.
# - A probability of 1 is easy to have and proves nothing about the picture.
# - Regularizers are wishes of ours. What appears under all of them is most likely the network's
#   own; what appears under one alone may be the regularizer's. The lecturer prefers the simple
#   ones, and says why.
# - What we saw are patterns, not objects: spots, necks, eyes, several at once. That much the
#   network's answer hangs on, and no more can be read off.
#
# ## Try it yourself
#
# - *Dumbbell* and *billiard table*, as in the lecture: `label_of(model, "dumbbell")`. Does an arm
#   come with the dumbbell?
# - Start from a photo of yours instead of noise: `climb(model, label, data.photo("dog", side))`.
#   How long does the dog survive?
# - A start without colours, a larger picture, 500 steps: which of them helps most?
# - Climb to two classes at once: what does a network look like whose logit is the sum of two?
