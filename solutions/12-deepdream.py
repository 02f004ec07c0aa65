# %% [markdown]
# # 12 DeepDream: a picture of what the network sees in a picture
#
# ![A flower and a pagoda; beside them both are covered with swirling lines; at the right the flower has become the face of a dog, and the pagoda has grown eyes.](../docs/pictures/12-deepdream.jpg)
#
# **The question.** Show somebody a cloud, and ask what it looks like; then ask to draw just that,
# a little more clearly, into the cloud. What does a network draw, if we ask the same of one of its
# layers?
#
# Labs 09 and 10 climbed towards a class that *we* chose. Here nobody chooses: whatever a layer
# already sees in the picture is made stronger.
#
# You write three functions: `dream_loss`, `dream_step`, `octave_sizes`. About 50 minutes.
# Lecture: 49:15 to 54:30.

# %%
import time

import torch
import torch.nn.functional as F
from IPython.display import display
from tqdm.auto import tqdm

from labkit import data, plotting
from labkit.check import check, ready
from labkit.hooks import activations
from labkit.models import load_model, random_model
from labkit.optimize import fast

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
prediction = "..."  # yours come further down

# %% [markdown]
# The pictures, and the two layers that this lab compares: one near the beginning of the network, one
# near its end. For a photo of your own, put `dog.jpg` into a folder `my-photos` beside this notebook,
# and write `mine = ["dog"]`.

# %%
mine = []
names = ["flower", "pagoda", *mine]
photos = [data.photo(name).to(device) for name in names]  # each (1, 3, 224, 224)
low, high = "blocks.2.1", "blocks.4.2"
for layer, features in activations(model, photos[0], [low, high]).items():
    print(f"{layer}: {tuple(features.shape[1:])} activations")
plotting.show_images(torch.cat(photos), names, title="The photos")

# %% [markdown]
# ## Exercise 1: which function is climbed?
#
# *Difficulty 2 of 5, importance 5 of 5, 15 minutes.*
#
# The lecture gives a recipe, not a function: run the picture through the network up to a layer, **set
# the gradient at this layer equal to the activations themselves**, and go backwards from there to the
# pixels. A strong activation gets a strong push, a weak one hardly any. A few minutes later it says that
# this maximizes "some L2 sense" of the features. Which function exactly?
#
# **Goal.** Write the function whose gradient is that recipe, as a loss, since the kit always
# minimizes: the negative of half the sum of squares.
#
# $$ L(a) = -\tfrac{1}{2} \sum_k a_k^2 \qquad \Rightarrow \qquad -\frac{\partial L}{\partial a_k} = a_k $$
#
# (Mordvintsev, Olah and Tyka, *Inceptionism: going deeper into neural networks*, 2015.)
#
# | | shape | range |
# |---|---|---|
# | `activation` $a$ | (N, C, h, w) | any |
# | result | a scalar tensor | 0 and below |
#
# For several images the values add up. The result will be differentiated, so the gradient must
# exist, and the caller's activations keep their values.
#
# **Predict first.** Two activations, 10 and 1. By what factor is the first pushed harder than the second
# under this loss, and by what factor if we maximized the plain sum of the activations?

# %%
prediction = "..."  # "... times, and ... times"

# %% [markdown]
# <details><summary>Hint 1: the sum runs over everything</summary>
#
# Over channels, places and images: one number comes out, however many axes there are.
# </details>
# <details><summary>Hint 2: is it right?</summary>
#
# For the activations 1, 2 and 3 the loss is -7, and its gradient is -1, -2 and -3.
# </details>


# %% nbgrader={"grade_id": "dream_loss", "solution": true}
def dream_loss(activation):
    """Return minus half the sum of the squared activations (N, C, h, w), a scalar."""
    ### BEGIN SOLUTION
    return -0.5 * activation.square().sum()
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_dream_loss", "grade": true}
check("12-deepdream", dream_loss)

# %% [markdown]
# Is the recipe the same as climbing this function? Finite differences decide. Raise the contrast of
# the picture a tiny bit, and measure how much half the sum of squares grows; then ask the *recipe*
# how much it should have grown. If the recipe is the gradient, the quotient of the two is 1. The
# **controls** are two other recipes: a gradient of ones (the plain sum) and of signs.


# %%
def recipe(image, layer, upstream):
    """Return the pixels' gradient (1, 3, H, W) when the layer's gradient is set to upstream(a)."""
    pixels = image.detach().clone().requires_grad_()
    activation = activations(exact, pixels, layer)[layer]
    return torch.autograd.grad(activation, pixels, upstream(activation.detach()))[0]


def growth(image, layer, direction, h=1e-6):
    """Return the slope of -dream_loss along a direction, by finite differences."""
    with torch.no_grad():
        ends = [activations(exact, image + s * h * direction, layer)[layer] for s in (1, -1)]
        return float(dream_loss(ends[1]) - dream_loss(ends[0])) / (2 * h)


exact = load_model().double()  # differences of large numbers want many digits
recipes = {"the activations": lambda a: a, "ones": torch.ones_like, "signs": torch.sign}
quotients = {}
if ready(dream_loss=dream_loss(torch.ones(1, 1, 1, 1))):
    small = data.photo("flower", 96).double()
    direction = small - 0.5  # towards more contrast
    print(
        f"You predicted {prediction!r}; it is 10 times, and 1 time: the plain sum pushes both alike."
    )
    print("growth by finite differences / growth by the recipe, in two layers:")
    for name, upstream in recipes.items():
        measured = [growth(small, layer, direction) for layer in (low, high)]
        said = [float((recipe(small, x, upstream) * direction).sum()) for x in (low, high)]
        quotients[name] = [a / b for a, b in zip(measured, said, strict=True)]
        print(f"  gradient = {name:16}{quotients[name][0]:9.4f}{quotients[name][1]:9.4f}")

# %% [markdown]
# **Explain what you saw.** A friend says: "I left the squares out and maximized the sum of all
# activations. It is the same dream, only slower." Is your friend right? Use the table, and say what
# happens to a weak activation, and to a negative one, under both. (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_equivalence", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) The quotient is 1 for the activations and another number for ones: a
# different function with another gradient, and no mere change of the step size, since the quotients of
# the two layers differ. (2) Under the squares a push is proportional to what is there, so
# strong activations win and weak ones stay weak; under the sum all are pushed alike. (3) A negative
# activation is driven further down by the squares, up towards zero by the sum.

# %% [markdown]
# ## Exercise 2: one step of the dream
#
# *Difficulty 2 of 5, importance 5 of 5, 15 minutes.*
#
# **Goal.** Change the image by one step that makes the layer's activations larger.
#
# $$ I \leftarrow I + s \, \frac{g}{\operatorname{mean} |g|} \qquad \text{with } g = -\frac{\partial L(a(I))}{\partial I} $$
#
# The mean runs over all values of $g$. How large the gradient is depends on the layer, the picture
# and its size: here some hundreds, for pixels between 0 and 1. Divided by its mean size, a step
# changes the values of the image by `step_size` in the mean, whatever the layer.
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, 3, H, W) | about [0, 1] |
# | `layer` | a name, as in `model.layers` | |
# | `step_size` $s$ | a number | above 0 |
# | result | (1, 3, H, W) | not clamped |
#
# `activations(model, image, layer)[layer]` gives the layer's activations, attached to the graph, and
# leaves no hook behind. The caller's image and the network stay as they are. Where nothing in the
# layer is active the gradient is zero: the image then stays as it is (mind 0 / 0).
#
# **Predict first.** After 20 steps on the low layer, how much larger is the norm of its activations:
# 1.2 times, 2 times, or 5 times?

# %%
prediction = "..."  # "1.2", "2" or "5"

# %% [markdown]
# <details><summary>Hint 1: where does the gradient come from?</summary>
#
# Mark a copy of the image (`image.detach().clone().requires_grad_()`), compute the activations and
# `dream_loss` of them, and differentiate that with respect to the copy.
# </details>
# <details><summary>Hint 2: plus or minus?</summary>
#
# The loss falls where the activations grow. A step *against* the gradient of the loss is a step up.
# </details>
# <details><summary>Hint 3: 0 / 0</summary>
#
# `(size).clamp(min=1e-12)`, or a small number added to it, will do.
# </details>


# %% nbgrader={"grade_id": "dream_step", "solution": true} labkit={"uses": ["dream_loss"]}
def dream_step(model, image, layer, step_size):
    """Return the image (1, 3, H, W) after one step that strengthens the layer's activations."""
    ### BEGIN SOLUTION
    image = image.detach().clone().requires_grad_()
    loss = dream_loss(activations(model, image, layer)[layer])
    (gradient,) = torch.autograd.grad(loss, image)
    size = gradient.abs().mean().clamp(min=1e-12)
    return (image - step_size * gradient / size).detach()
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_dream_step", "grade": true}
check("12-deepdream", dream_step, dream_loss)


# %%
@torch.no_grad()
def norm(network, image, layer):
    """Return the Euclidean norm of a layer's activations."""
    return float(activations(network, image, layer)[layer].norm())


def random_step(image, step_size, generator):
    """Return the image after a step of the same size in a random direction: the control."""
    noise = torch.randn(image.shape, generator=generator).to(image)
    return image + step_size * noise / noise.abs().mean()


steps, step_size = fast(20, 8), 0.01
walks = {}
if ready(dream_step=dream_step(model, photos[0].clone(), low, step_size)):
    generator = torch.Generator().manual_seed(0)
    for layer in (low, high):
        dreamt = drifted = photos[0]
        walks[layer], walks[f"{layer}, random"] = [], []
        for _ in range(steps):
            dreamt = dream_step(model, dreamt.clone(), layer, step_size).clamp(0, 1)
            drifted = random_step(drifted, step_size, generator).clamp(0, 1)
            walks[layer].append(norm(model, dreamt, layer) / norm(model, photos[0], layer))
            control = norm(model, drifted, layer) / norm(model, photos[0], layer)
            walks[f"{layer}, random"].append(control)

# %%
if ready(dream_step=walks or None):
    print(f"You predicted {prediction!r}. Norm after {steps} steps, times that of the photo:")
    for layer in (low, high):
        own, control = walks[layer][-1], walks[f"{layer}, random"][-1]
        print(f"  {layer}: dreamt {own:5.2f} | random steps of the same size {control:5.2f}")
    title = "The layer's norm while the flower is dreamt"
    taken = range(1, len(walks[low]) + 1)
    axes = ("steps taken", "norm / norm of the photo")
    display(plotting.show_curves(walks, *axes, x=taken, title=title))

# %% [markdown]
# Steps of the same size in a random direction do little to the norm, or take it down. So it is not
# that *any* change excites the layer: the gradient knows which one does.
#
# ## Exercise 3: from coarse to fine
#
# *Difficulty 1 of 5, importance 3 of 5, 10 minutes.*
#
# A step strengthens patterns of the size that the layer looks for, measured in pixels. To get them in
# many sizes, shrink the picture, dream, enlarge, dream again: the patterns found first grow with the
# picture, and finer ones are drawn into them. Each size is an **octave**.
#
# **Goal.** List the sizes, smallest first. The last is the full size, and each of the others is
# the full size divided by a power of `scale`, rounded to the nearest whole number.
#
# $$ (h_k, w_k) = \left( \operatorname{round} \frac{H}{s^{\,n - 1 - k}},\; \operatorname{round} \frac{W}{s^{\,n - 1 - k}} \right) \qquad k = 0, \dots, n - 1 $$
#
# | | |
# |---|---|
# | `height` $H$, `width` $W$ | whole numbers, the full size |
# | `octaves` $n$ | how many sizes, at least 1 |
# | `scale` $s$ | above 1 |
# | result | a list of `octaves` pairs of whole numbers (h, w) |
#
# **Predict first.** With a scale of 1.4: how many sizes lead from about 80 pixels to 224, both ends
# counted?

# %%
prediction = "..."  # a number

# %% [markdown]
# <details><summary>Hint 1: the powers</summary>
#
# The last size is divided by `scale ** 0`, the one before by `scale ** 1`. So the powers come in
# falling order.
# </details>
# <details><summary>Hint 2: whole numbers</summary>
#
# `int(...)` cuts off what follows the point, `round(...)` rounds.
# </details>


# %% nbgrader={"grade_id": "octave_sizes", "solution": true}
def octave_sizes(height, width, octaves, scale):
    """Return the sizes [(h, w)] of the octaves, smallest first, (height, width) last."""
    ### BEGIN SOLUTION
    factors = [scale**power for power in reversed(range(octaves))]
    return [(round(height / factor), round(width / factor)) for factor in factors]
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_octave_sizes", "grade": true}
check("12-deepdream", octave_sizes)

# %% [markdown]
# The next cell puts your three functions together. Before each step the picture is shifted a little
# (**jitter**), and afterwards shifted back: what appears should not depend on where the
# grid of the network's strides happens to lie. Values are clamped to [0, 1]. From octave to octave only
# the *change* is enlarged and added to the photo, so that no sharpness of the photo is lost.


# %%
def resize(image, size):
    """Return the image at another size, without aliasing."""
    return F.interpolate(image, size, mode="bilinear", align_corners=False, antialias=True)


def shifted_step(network, image, layer, generator, jitter, step_size=0.012):
    """Return the image after one step that was taken on a shifted copy."""
    down, right = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
    moved = dream_step(network, image.roll((down, right), (2, 3)), layer, step_size)
    return moved.roll((-down, -right), (2, 3)).clamp(0, 1)


def dream(network, image, layer, *, steps, octaves=4, scale=1.4, jitter=8, seed=0):
    """Return the dream of an image, from its smallest octave to its full size; about 3 s."""
    generator = torch.Generator().manual_seed(seed)
    change = torch.zeros_like(image)
    sizes = octave_sizes(*image.shape[2:], octaves, scale)
    with tqdm(total=len(sizes) * steps, desc=f"dream of {layer}", leave=False) as bar:
        for size in sizes:
            smaller = resize(image, size)
            dreamt = (smaller + resize(change, size)).clamp(0, 1)
            for _ in range(steps):
                dreamt = shifted_step(network, dreamt, layer, generator, jitter)
                bar.update()
            change = dreamt - smaller
    return dreamt


# %%
steps = fast(12, 7)
answered = ready(dream_step=walks or None, octave_sizes=octave_sizes(224, 224, 4, 1.4))
dreams = {}
if answered:
    sizes = octave_sizes(224, 224, 4, 1.4)
    print(f"You predicted {prediction!r}: {len(sizes)} octaves, {sizes}.")
    started = time.perf_counter()
    dreams["one scale"] = dream(model, photos[0], high, steps=4 * steps, octaves=1)
    dreams["four octaves"] = dream(model, photos[0], high, steps=steps)
    print(f"{time.perf_counter() - started:.0f} s")
    pictures = torch.cat([photos[0], *dreams.values()])
    title = f"The same number of steps at {high}"
    display(plotting.show_images(pictures, ["photo", *dreams], title=title))

# %% [markdown]
# How much of the change is coarse? The number: of what the dream changed, the share (of the sum of
# squares) that is left after averaging over squares of 8 x 8 pixels. The control is the random walk of
# exercise 2.


# %%
def coarse_share(dreamt, image):
    """Return which share of a change survives averaging over 8 x 8 pixels, 0 to 1."""
    change = dreamt - image
    return float(F.avg_pool2d(change, 8).square().mean() / change.square().mean())


shares = {}
if answered:
    shares = {name: coarse_share(image, photos[0]) for name, image in dreams.items()}
    shares["random walk"] = coarse_share(drifted, photos[0])
    for name, share in shares.items():
        print(f"  {name:14}{share:7.3f}")

# %% [markdown]
# ## A low layer, a high layer
#
# The same dream in both layers, and in a network with **random weights**, the control.

# %% labkit={"opening": true}
if answered:
    dreamt = {
        layer: [dream(model, photo, layer, steps=steps) for photo in photos]
        for layer in (low, high)
    }
    rows = zip(photos, dreamt[low], dreamt[high], strict=True)
    titles = [f"{how}{name}" for name in names for how in ("", f"{low}: ", f"{high}: ")]
    pictures = torch.cat([picture for row in rows for picture in row])
    title = "Photos, dreamt by a low layer and by a high one"
    display(plotting.show_images(pictures, titles, 3, title=title))

# %%
control = random_model(seed=0, device=device)
if answered:
    dreamt["random weights"] = [dream(control, photo, high, steps=steps) for photo in photos]
    title = f"Dreamt by {high} of a network with random weights"
    display(plotting.show_images(torch.cat(dreamt["random weights"]), names, title=title))

# %% [markdown]
# Is it only us who see animals in it? Of ImageNet's 1000 classes, 118 are breeds of dogs. The number is
# the probability that the *whole trained network* gives to all dogs together, and beside it are the
# flower's most probable classes. Nobody asked for dogs in the loss.


# %%
@torch.no_grad()
def dogs(images):
    """Return the mean probability of the 118 breeds of dogs together."""
    return float(model(torch.cat(images)).softmax(1)[:, 151:269].sum(1).mean())


@torch.no_grad()
def best_classes(image, count=3):
    """Return the names of the most probable classes."""
    return ", ".join(model.categories[int(k)] for k in model(image)[0].topk(count).indices)


kennel = {}
if answered:
    kennel = {"photos": dogs(photos), **{name: dogs(found) for name, found in dreamt.items()}}
    print(f"probability of a dog, mean over {len(photos)} pictures; classes of the flower")
    for name, found in {"photos": photos, **dreamt}.items():
        print(f"  {name:15}{kennel[name]:7.3f}   {best_classes(found[0])}")

# %% [markdown]
# **Explain what you saw.** Why does the low layer draw lines and the high one eyes and fur, though the
# loss is the same? And why animals, in a flower? (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_layers", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Each layer can only strengthen what its features stand for: edges and
# lines with small receptive fields below, parts of objects with large ones above. (2) Nearly 400 of the
# 1000 classes it was trained on are animals (over 100 are dogs), so many features of a high layer stand
# for eyes, snouts and fur; it sees in the flower what it was taught to see. (3) A number used as
# evidence: the probability of dogs rises with the high layer and not with the low one
# or with random weights.

# %% [markdown]
# ## What holds it together
#
# The lecture mentions that the dream "needs a couple of image regularizers". Take them away one at a
# time. The number is the **total variation** per value: how much neighbouring pixels differ, on
# average (the sum of lab 11, divided by the number of values).


# %%
def roughness(image):
    """Return the mean squared difference of neighbouring pixels, both directions added."""
    down, right = image.diff(dim=2), image.diff(dim=3)
    return float(down.square().mean() + right.square().mean())


knobs = {"all": {}, "no jitter": {"jitter": 0}, "one scale": {"octaves": 1}}
knobs["neither"] = knobs["no jitter"] | knobs["one scale"]
rough = {}
if answered:
    found = {}
    for name, knob in knobs.items():
        count = steps * (4 if knob.get("octaves") else 1)  # the same number of steps in all
        found[name] = dream(model, photos[0], high, steps=count, **knob)
    rough = {"photo": roughness(photos[0])} | {n: roughness(x) for n, x in found.items()}
    titles = [f"{name}: {rough[name]:.4f}" for name in found]
    title = "The dream without its regularizers, and its roughness"
    display(plotting.show_images(torch.cat(list(found.values())), titles, 4, title=title))
    print(f"roughness of the photo: {rough['photo']:.4f}")

# %% [markdown]
# The octaves do most: with one scale the dream is about twice as rough, and stays small. Jitter
# changes little here.
#
# ## Turn the knobs
#
# A dream while it grows, of your own photo too; layer and length of the steps count at once. Let the
# low layer draw for a while, then hand the picture to the high one.

# %%
from labkit import widgets


def dream_live(knobs):
    """Yield the picture after each step, from the smallest octave to the full size."""
    generator, photo, change = torch.Generator().manual_seed(0), knobs.photo, 0
    for size in octave_sizes(*photo.shape[2:], knobs.octaves, 1.4):
        smaller = resize(photo, size)
        image = (smaller + (resize(change, size) if torch.is_tensor(change) else 0)).clamp(0, 1)
        for _ in range(60 // knobs.octaves):
            image = shifted_step(model, image, knobs.layer, generator, 8, knobs.step_size)
            print(f"octave of {size[0]} x {size[1]} pixels")
            yield resize(image, photo.shape[2:])
        change = image - smaller


if answered:
    pictures = widgets.photo(dict(zip(names, photos, strict=True)))
    layers = [high, low, "blocks.3.2", "blocks.5.3"]
    knobs = {"layer": layers, "octaves": widgets.slider(1, 5, 4)}
    knobs["step_size"] = widgets.slider(0.002, 0.05, 0.012, log=True)
    still = torch.cat([photos[0], dreamt[high][0]])
    display(widgets.live(dream_live, steps=60, still=still, photo=pictures, **knobs))

# %% [markdown]
# ## A long run from noise
#
# Where nothing is in the picture, the network draws what it likes to see. Dream, zoom in a little, dream
# again: after a while nothing of the noise is left, and eyes look back.

# %%
rounds = fast(5, 2)
journey, norms = [], []
if answered:
    generator = torch.Generator().manual_seed(0)
    noise = (0.5 + 0.1 * torch.randn(1, 3, 160, 160, generator=generator)).clamp(0, 1).to(device)
    journey = [noise]
    for seed in range(rounds):
        seen = dream(model, journey[-1], high, steps=steps, octaves=3, seed=seed)
        journey.append(resize(seen[:, :, 6:-6, 6:-6], (160, 160)))
    titles = ["noise", *[f"round {k + 1}" for k in range(rounds)]]
    display(plotting.show_images(torch.cat(journey), titles, 3, title=f"From noise, {high}"))
    norms = [norm(model, image, high) / norm(model, noise, high) for image in journey]
    print("norm of the layer, times that of the noise:", *[f"{value:.1f}" for value in norms])

# %% [markdown]
# ## A network that was shown other things
#
# The digit network of this kit has seen nothing in its life but handwritten digits, white on black.
# What does it dream in the dark? (The lecture shows the same with a network that was trained on
# photos of places: it dreams of buildings.) Beside it, its control with random weights, and
# ImageNet's network, all three from the same dark noise.


# %%
class Grey(torch.nn.Module):
    """Shows a network every picture in grey, as the digits are."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        """Return what the network makes of the grey images."""
        return self.network(images.mean(1, keepdim=True).expand(-1, 3, -1, -1))


dreamers = {
    "digit network": (Grey(load_model("digits", device=device)), "network.relu2"),
    "its random control": (Grey(random_model("digits", device=device)), "network.relu2"),
    "ImageNet's network": (Grey(model), f"network.{high}"),
}
in_the_dark = {}
if answered:
    generator = torch.Generator().manual_seed(0)
    specks = (0.1 * torch.randn(1, 1, 96, 96, generator=generator)).clamp(0, 1).to(device)
    start = in_the_dark["dark noise"] = specks.expand(-1, 3, -1, -1)
    for name, (network, layer) in dreamers.items():
        found = dream(network, start, layer, steps=fast(24, 16), octaves=2, jitter=4)
        in_the_dark[name] = found.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    pictures = torch.cat(list(in_the_dark.values()))
    title = "Dreams from the same dark noise"
    display(plotting.show_images(pictures, list(in_the_dark), 4, title=title))

# %% [markdown]
# Pen strokes are a few pixels wide and longer than wide. The number is how strongly a picture correlates
# with itself, moved by 2 pixels: grains do not, strokes do, and so do the digits themselves.


# %%
def self_correlation(images, shift=2):
    """Return the mean correlation of pictures with themselves, moved right and moved down."""
    grey = images.mean(1)
    pairs = [
        (grey[:, :, shift:], grey[:, :, :-shift]),
        (grey[:, shift:], grey[:, :-shift]),
    ]
    found = [torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] for a, b in pairs]
    return float(sum(found) / len(found))


stroked = {}
if answered:
    stroked = {name: self_correlation(image) for name, image in in_the_dark.items()}
    stroked["real digits"] = self_correlation(data.digits("test")[0])
    for name, value in stroked.items():
        print(f"  {name:20}{value:6.2f}")

# %% [markdown]
# **Explain what you saw.** Somebody shows a dream full of eyes and says: "This is what the photo hides."
# What would you answer, after the noise and the digit network? (Two to four sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_datasets", "grade": true, "solution": true, "points": 2}
# **Rubric, 1 point each.** (1) The dream shows what the network has learned to see, not what is in the
# photo: from pure noise the same eyes come. (2) Another training set gives other dreams from the same
# start: strokes instead of eyes.

# %% [markdown]
# ## What to keep, and the limits
#
# - Setting a layer's gradient to its activations **is** ascending half the squared norm of the layer.
#   What is strong gets stronger.
# - Low layers dream lines, high layers parts of objects, a digit network strokes: a dream shows the
#   network and its training set more than the picture.
# - The beauty comes in good part from the regularizers: jitter, octaves, clamping, and our choice of
#   layer and number of steps. As evidence for what a network knows, it is worth what a chosen example
#   is worth.
#
# **Try it yourself.** Dream a photo of your own (`mine`). Use the single channel of lab 04 that liked
# faces instead of the whole layer. Dream in `blocks.3.2`, or in the rectified `blocks.4.2.bn2.act`: what
# changes if negative activations are gone? Feed a dream to the occlusion map of lab 05: where is the dog?
