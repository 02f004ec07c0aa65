# %% [markdown]
# # 08 Guided backpropagation: a pretty hack, and what it hides
#
# ![Patches in the first row. Below, plain gradients look like noise, the deconvnet's like a grid; guided maps show the face and the rims in the patches.](../docs/pictures/08-guided-backprop.jpg)
#
# **The question.** The first row shows patches that four channels of the network like best. Which
# pixels of a patch make its neuron fire? The second row is the honest answer, the gradient. It
# looks like noise. The last row answers with a trick: faces and rims appear. Is the trick true?
#
# Lab 06 differentiated the logit of a class. Here you ask a **neuron in the middle** of the network,
# and change the rule by which the answer travels back. The lecture calls this "kind of horrible,
# ugly hack", and does it all the same. You write the hack, look at what it shows, and then at what
# it does not know.
#
# You write `GuidedReLU` and `guided_backprop`. About 55 minutes. Lecture: 31:50 and 33:50.

# %%
import copy

import torch
import torch.nn.functional as F
from IPython.display import display
from torch import nn

from labkit import data, plotting
from labkit.check import check, ready
from labkit.hooks import activations, replace_activations
from labkit.models import available_models, load_model, random_model
from labkit.optimize import fast
from labkit.patches import best_places, cut_patches, windows

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
prediction = "..."  # yours come further down

# %% [markdown]
# The pictures. For a photo of your own, put `dog.jpg` into a folder `my-photos` beside this notebook,
# and write `mine = ["dog"]`.

# %%
mine = []
photos = ["coffee", "motorcycle", "photographer", "cat", "admiral", "astronaut", *mine]
names = photos + [name for name in ("rocket", "pagoda", "flower", "coins") if name not in mine]
images = data.photos(names).to(device)  # (10, 3, 224, 224)
plotting.show_images(images, names, columns=5, title="The pictures")

# %% [markdown]
# ## Exercise 1: a ReLU with another way back
#
# *Difficulty 2 of 5, importance 5 of 5, 20 minutes.*
#
# Forward, a ReLU sets everything below zero to zero. Backward, it gets an **upstream gradient** $g$,
# one number for each of its outputs, and has to say what goes on to its input $x$. Three rules:
#
# | rule | what goes on | who |
# |---|---|---|
# | plain backpropagation | $g$ where $x > 0$, else 0 | the derivative of ReLU |
# | deconvnet | $g$ where $g > 0$, else 0 | Zeiler and Fergus, 2013 |
# | **guided** | $g$ where $x > 0$ **and** $g > 0$, else 0 | Springenberg et al., *Striving for simplicity*, 2014 |
#
# **Goal.** Write a ReLU whose backward pass follows the guided rule:
#
# $$ f(x) = \max(x, 0), \qquad
#    \text{gradient for } x \;=\; \mathbb{1}[x > 0] \cdot \mathbb{1}[g > 0] \cdot g $$
#
# A `torch.autograd.Function` is how PyTorch lets you write a backward pass of your own. It has two
# static methods. `forward(ctx, x)` returns the output and may keep tensors for later in `ctx`;
# `backward(ctx, upstream)` returns the gradient for `x`. You use it as `y = GuidedReLU.apply(x)`.
#
# | | shape | range |
# |---|---|---|
# | `x` | any | any; where `x` is exactly 0, nothing goes back |
# | `forward` returns | that of `x` | 0 and up, not cut at any ceiling |
# | `upstream` | that of `x` | any |
# | `backward` returns | that of `x` | 0 and up |
#
# A network holds many ReLUs, and all go forward before the first goes back: each remembers its own
# input. Neither `x` nor `upstream` is changed in place.
#
# **Predict first.** A ReLU got $x = (2, -1, 3, 0)$, and now the upstream gradient
# $g = (5, 4, -6, 7)$ arrives. What does the guided rule send on?

# %%
prediction = "..."  # four numbers, such as (5, 4, -6, 7)

# %% [markdown]
# <details><summary>Hint 1: how does backward know x?</summary>
#
# `ctx.save_for_backward(x)` in `forward`; in `backward`, `(x,) = ctx.saved_tensors`. Not an
# attribute of the class: there is one class, and there are many ReLUs.
# </details>
# <details><summary>Hint 2: "where"</summary>
#
# `x > 0` is a tensor of True and False, and `upstream * (x > 0)` is 0 wherever it is False. The
# guided rule needs two such masks; `torch.where` and `clamp(min=0)` are other ways.
# </details>
# <details><summary>Hint 3: may I write `upstream[upstream < 0] = 0`?</summary>
#
# That changes the tensor you were given. Another branch of the network may be waiting for the very
# same tensor. Make a new one, or clone it first.
# </details>


# %% nbgrader={"grade_id": "GuidedReLU", "solution": true}
class GuidedReLU(torch.autograd.Function):
    """A ReLU that sends back positive gradients alone, and those only where its input was."""

    @staticmethod
    def forward(ctx, x):
        """Return max(x, 0)."""
        ### BEGIN SOLUTION
        ctx.save_for_backward(x)
        return x.clamp(min=0)
        ### END SOLUTION

    @staticmethod
    def backward(ctx, upstream):
        """Return the gradient for x, by the guided rule."""
        ### BEGIN SOLUTION
        (x,) = ctx.saved_tensors
        return torch.where((x > 0) & (upstream > 0), upstream, 0)
        ### END SOLUTION


# %% nbgrader={"grade_id": "check_GuidedReLU", "grade": true}
check("08-guided-backprop", GuidedReLU)

# %% [markdown]
# The other two rules, to compare with. Plain backpropagation is PyTorch's own. The deconvnet's is
# written as a hook here, since it is none of the derivatives that PyTorch knows.


# %%
class PlainReLU:
    """The derivative of ReLU: gradients pass where the input was positive."""

    apply = staticmethod(torch.relu)


class DeconvReLU:
    """The deconvnet's rule: gradients pass where they are positive, whatever the input was."""

    @staticmethod
    def apply(x):
        y = x + (x.relu() - x).detach()  # the value of a ReLU, with a derivative of 1
        if y.requires_grad:
            y.register_hook(lambda upstream: upstream.clamp(min=0))
        return y


def sent_back(rule, x, upstream):
    """Return what a rule makes of an upstream gradient."""
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(rule.apply(x), x, upstream)
    return gradient


# %%
tried = GuidedReLU.apply(torch.ones(2))
RULES = {"plain": PlainReLU, "deconvnet": DeconvReLU, "guided": GuidedReLU}
if ready(GuidedReLU=tried):
    x, g = torch.tensor([2.0, -1, 3, 0]), torch.tensor([5.0, 4, -6, 7])
    print(f"You predicted {prediction!r}; it is {tuple(sent_back(GuidedReLU, x, g).tolist())}.")
    grid = torch.linspace(-3, 3, 61)
    x, g = grid.expand(61, 61).contiguous(), grid.flip(0)[:, None].expand(61, 61).contiguous()
    passed = [(0.5 + sent_back(rule, x, g) / 6).expand(3, 61, 61) for rule in RULES.values()]
    title = "Sent back, for x (left -3, right 3), g (bottom -3, top 3). Black -3, grey 0, white 3"
    display(plotting.show_images(passed, list(RULES), columns=3, title=title))
    noise = torch.randn(2, 100_000, generator=torch.Generator().manual_seed(0))
    shares = {r: float((sent_back(RULES[r], *noise) != 0).float().mean()) for r in RULES}
    print("share of random gradients that one ReLU lets through:", end=" ")
    print(", ".join(f"{rule} {share:.2f}" for rule, share in shares.items()))

# %% [markdown]
# **Explain what you saw.** A gradient that is negative says: *less* of this would make the neuron fire
# more. Which of the four quarters of the picture does each rule keep, and what kind of evidence is
# it that the guided rule throws away? (Two to four sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_rules", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Plain keeps the right half (x > 0), the deconvnet the upper half
# (g > 0), guided the quarter where both hold. (2) Thrown away is evidence against: features that
# should be absent or weaker for the neuron to fire more (inhibition). (3) Therefore the guided map is
# no derivative of the neuron any more: it tells of one of two kinds of influence; or: after several
# layers, two negatives that would make a positive are lost as well.

# %% [markdown]
# ## Exercise 2: ask a neuron
#
# *Difficulty 3 of 5, importance 5 of 5, 20 minutes.*
#
# A **channel** of a layer is one filter, at every place of the picture. Where it fires most in a
# picture sits one neuron, and its activation is a number that can be differentiated like a logit.
#
# **Goal.** Return the gradient of a channel's largest activation with respect to the pixels, with
# your `GuidedReLU` in place of every activation function of the network.
#
# $$ G(c, i, j) = \frac{\partial \, \max_{u, v} a_k(u, v)}{\partial \, I(c, i, j)}
#    \quad \text{by the guided rule,} \quad a_k \text{ the map of channel } k $$
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, 3, H, W) | [0, 1] |
# | `layer` | a name, as in `model.named_modules()` | its output is (1, C, h, w), or (1, K) such as `classifier`'s logits, where each channel is one number |
# | `channel` | one number | |
# | result | (3, H, W) | any sign, not scaled |
#
# Use `replace_activations` of the kit: it puts a function in the place of every activation while its
# `with` block runs, and takes it out again. Our network has **ReLU6**, which also cuts at 6; the kit
# makes that `GuidedReLU.apply(x).clamp(max=6)`. It refuses networks in which an activation would be
# left as it was. Image and network are afterwards as they were. If several places share the
# largest activation, any will do.
#
# **Predict first.** The plain gradient of a neuron in the middle of the network: what share of it
# lies inside the neuron's receptive field (lab 04): about half, most, or all of it?

# %%
prediction = "..."  # "half", "most" or "all"

# %% [markdown]
# <details><summary>Hint 1: the parts</summary>
#
# Mark a copy of the image with `requires_grad_()`, as in lab 06. `activations(model, image, layer)`
# gives `{layer: (1, C, h, w)}` with its graph, so `torch.autograd.grad` can go from there.
# </details>
# <details><summary>Hint 2: what has to stand inside the `with` block?</summary>
#
# The forward pass: it builds the graph, and in the graph stand the backward passes of the functions
# that were called. Which of them are in the network later, when the gradient is taken, is all the same.
# </details>
# <details><summary>Hint 3: my result has four axes, or one too few.</summary>
#
# The gradient has the image's shape, (1, 3, H, W): `[0]` takes the one image out. And `.max()` of
# `features[0, channel]` works on a map (h, w) as well as on a single number.
# </details>


# %% nbgrader={"grade_id": "guided_backprop", "solution": true} labkit={"uses": ["GuidedReLU"]}
def guided_backprop(model, image, layer, channel):
    """Return (3, H, W): the guided gradient of the channel's largest activation."""
    ### BEGIN SOLUTION
    image = image.detach().clone().requires_grad_()
    with replace_activations(model, GuidedReLU.apply):
        features = activations(model, image, layer)[layer]  # (1, C, h, w)
    (gradient,) = torch.autograd.grad(features[0, channel].max(), image)
    return gradient[0]
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_guided_backprop", "grade": true}
check("08-guided-backprop", guided_backprop)

# %% [markdown]
# ### First without the hack
#
# One function for all three rules: the next cell runs *your* function with another rule in the place
# of your `GuidedReLU`. Below it stand two answers of lab 04, ready to use: the arithmetic of
# receptive fields, and the search for the place where a channel fires most.


# %%
def by_rule(rule, *arguments):
    """Return guided_backprop(*arguments) with another rule in the place of GuidedReLU."""
    names, own = globals(), GuidedReLU
    names["GuidedReLU"] = rule
    try:
        return guided_backprop(*arguments)
    finally:
        names["GuidedReLU"] = own


def receptive_field(layers):
    """Return (size, stride, offset) of the fields after these (kernel, stride, padding) layers."""
    size, stride, offset = 1, 1, 0.0
    for kernel, step, padding in layers:
        size, offset = size + (kernel - 1) * stride, offset + ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset


def top_patches(maps, channel, k):
    """Return [(image, row, column)] of the k images where the channel is strongest, best first."""
    peaks, places = maps[:, channel].flatten(1).max(dim=1)
    order = peaks.argsort(descending=True)[:k]
    return [(int(n), *divmod(int(places[n]), maps.shape[-1])) for n in order]


# %% [markdown]
# **Which layer?** A ReLU6 that stands at its ceiling of 6 has a gradient of exactly 0, whatever the
# rule: a little more or less changes nothing. And the best patches of a channel reach the ceiling
# first. So we ask the convolution just below, whose output is the same neuron before its own ReLU6.
# In this network, `conv_pw` is the convolution below `bn1.act`, and `conv_dw` the one below `bn2.act`.

# %%
ceiling = {}
for rectified in ("blocks.2.1.bn2.act", "blocks.4.2.bn1.act"):
    with torch.no_grad():
        peaks = activations(model, images, rectified)[rectified].amax((0, 2, 3))  # (C,)
    ceiling[rectified] = float((peaks >= 6).float().mean())
    print(f"{rectified}: best place at the ceiling in {ceiling[rectified]:.0%} of the channels")

# %%
tried = guided_backprop(model, images[:1], "blocks.2.1.conv_dw", 178)


def strongest_place(layer, channel, image):
    """Return (0, row, column): where the channel fires most in the image."""
    with torch.no_grad():
        return top_patches(activations(model, image, layer)[layer], channel, 1)[0]


def field_box(layer, place, margin=0.0):
    """Return the rows and columns of the field, as two slices; with a margin, of its middle."""
    size, stride, offset = receptive_field(windows(model, layer, 224))
    reach = (size - 1) / 2 * (1 - margin)
    middles = [offset + stride * k for k in place[1:]]
    return [slice(max(round(m - reach), 0), round(m + reach) + 1) for m in middles]


def share_in(gradient, box):
    """Return how much of a gradient (3, H, W), by size, lies in a box."""
    sizes = gradient.abs()
    return float(sizes[:, box[0], box[1]].sum() / sizes.sum())


# %% [markdown]
# Now the lecture's question: which pixels would make the neuron fire more? Three depths, one photo,
# and the plain gradient. The bright square is the receptive field, computed. The **control** is the
# gradient of a logit, which may use the whole picture: its share in the same square, beside the
# square's share of the picture.

# %%
depths = {"blocks.2.1.conv_dw": 178, "blocks.3.2.conv_pw": 255, "blocks.4.0.conv_pw": 220}
photo = images[names.index("admiral")][None]
if ready(guided_backprop=tried):
    with torch.no_grad():
        label = int(model(photo).argmax())
    of_logit = by_rule(PlainReLU, model, photo, "classifier", label)
    print(f"You predicted {prediction!r}. Share of the gradient inside the neuron's field:")
    framed, stretched, inside = [], [], []
    for layer, channel in depths.items():
        rows, columns = field_box(layer, strongest_place(layer, channel, photo))
        plain = by_rule(PlainReLU, model, photo, layer, channel)
        area = photo[0, 0, rows, columns].numel() / photo[0, 0].numel()
        inside.append([share_in(g, (rows, columns)) for g in (plain, of_logit)] + [area])
        values = "neuron {:.4f} | logit {:.2f} | area {:.2f}".format(*inside[-1])
        print(f"  {layer:19} channel {channel:3}, {values}")
        framed.append(photo[0] * 0.4)
        framed[-1][:, rows, columns] = photo[0][:, rows, columns]
        shown, note = plotting.stretch(plain[:, rows, columns].cpu(), 98, center=0)
        stretched.append(torch.full((3, 224, 224), 0.5))
        stretched[-1][:, rows, columns] = torch.from_numpy(shown)

# %%
if ready(guided_backprop=tried):
    titles = [*depths, *["plain gradient"] * 3]
    pictures = [picture.cpu() for picture in framed] + stretched
    title = f"Bright: what the neuron can see. Below: its gradient, {note}"
    display(plotting.show_images(pictures, titles, columns=3, title=title))

# %% [markdown]
# All of it: outside the field the gradient is zero, not small. Inside, it looks like noise: "normal
# back propagation tends to give kind of ugly results". So people do the hack.
#
# ### The three rules on the best patches
#
# Each column below is a patch that a channel likes best among our pictures: an edge (`178`), faces
# (`85`), rims (`585`, `531`). Under it stand the three rules. Grey is zero; a colour says which way
# red, green and blue should change. Contrast is stretched, for each picture by itself.


# %%
def patch_and_maps(network, layer, channel, place, side):
    """Return (4, 3, 128, 128): a patch around the neuron, then what each rule says of it."""
    _, stride, offset = receptive_field(windows(network, layer, 224))
    image = images[place[0]][None]
    spot = [(0, *place[1:3])]
    shown = [cut_patches(image, spot, side, stride, offset)]
    for rule in (PlainReLU, DeconvReLU, GuidedReLU):
        map_ = by_rule(rule, network, image, layer, channel)[None]
        patch = cut_patches(map_ + 0.5, spot, side, stride, offset)  # beyond the picture it is 0.5
        shown.append(torch.from_numpy(plotting.stretch(patch.cpu(), 97.5, center=0.5)[0]))
    return torch.cat([F.interpolate(x.cpu(), (128, 128), mode="bilinear") for x in shown])


# %% labkit={"opening": true}
asked = [  # layer, channel, how many patches, side of a patch in pixels
    ("blocks.2.1.conv_dw", 178, 1, 49),
    ("blocks.4.2.conv_pw", 85, 2, 113),
    ("blocks.5.0.conv_pw", 585, 2, 113),
    ("blocks.4.2.conv_pw", 531, 1, 113),
]
if ready(guided_backprop=tried):
    columns, captions = [], []
    for layer, channel, k, side in asked:
        best = best_places(top_patches, model, layer, [channel], images.split(5), k)
        for place in best[channel]:
            columns.append(patch_and_maps(model, layer, channel, place, side))
            captions.append(f"channel {channel}")
    tiles = torch.stack(columns, dim=1).flatten(0, 1)  # patches first, then one rule a row
    blank = [""] * (len(columns) - 1)
    captions += ["plain", *blank, "deconvnet", *blank, "guided", *blank]
    title = "Best patches, and three rules for the way back (contrast stretched about 0, grey)"
    display(plotting.show_images(tiles, captions, columns=len(columns), title=title))

# %% [markdown]
# ### Turn the knobs
#
# Any neuron, on any photo, yours too: the place where the channel fires most, and the guided rule on
# and off. Find a channel whose guided map lets you guess what it looks for, and one that does not.

# %%
from labkit import widgets


def draw_neuron(photo, layer, channel, guided):
    """Return a photo and the gradient of a channel's largest activation in it."""
    with torch.no_grad():
        maps = activations(model, photo, layer)[layer][0]  # (C, h, w)
    channel = channel % len(maps)
    print(f"channel {channel} of {len(maps)}, largest activation {maps[channel].max():.2f}")
    rule = GuidedReLU if guided else PlainReLU
    gradient = by_rule(rule, model, photo, layer, channel)
    shown, note = plotting.stretch(gradient.cpu(), 98, center=0)
    titles = ["photo", f"{'guided' if guided else 'plain'} gradient"]
    alt = f"{layer}, channel {channel}: {note}"
    return plotting.show_images([photo[0].cpu(), torch.from_numpy(shown)], titles, alt=alt)


if ready(guided_backprop=tried):
    pictures = widgets.photo(dict(zip(names, images.split(1), strict=True)))
    knobs = {"layer": [*depths, "blocks.4.2.conv_pw"], "channel": widgets.slider(0, 671, 178)}
    display(widgets.explore(draw_neuron, photo=pictures, **knobs, guided=True))

# %% [markdown]
# Prettier it is. The deconvnet's maps are a grid: it does not know which neurons were active, and
# got that knowledge from max pooling, which our network has not.
#
# Numbers, so that taste is not the judge. **Spread**: what share of the field's
# pixels holds 90 percent of the map? Small means sparse. **Middle**: how much of the map lies in the
# middle half of the field, a quarter of its area? The mean over several channels, each in its best
# picture; the control is a network with random weights.


# %%
def spread(gradient, box):
    """Return the share of the field's pixels that hold 90 percent of the gradient."""
    sizes = gradient.abs().amax(0)[box[0], box[1]].flatten().sort(descending=True).values
    return float((sizes.cumsum(0) < 0.9 * sizes.sum()).float().mean())


def statistics(network, layer, count):
    """Return {rule: (spread, middle)}, the means over some channels of a layer."""
    channels = range(3, 480, 480 // count)
    best = best_places(top_patches, network, layer, channels, images.split(5), 1)
    found = {rule: [] for rule in RULES}
    for channel, (place,) in best.items():
        field, middle = (field_box(layer, place[:3], margin) for margin in (0, 0.5))
        for rule, values in found.items():
            map_ = by_rule(RULES[rule], network, images[place.image][None], layer, channel)
            values.append([spread(map_, field), share_in(map_, middle)])
    return {rule: torch.tensor(values).mean(0) for rule, values in found.items()}


# %%
if ready(guided_backprop=tried):
    control = random_model(seed=0, device=device)
    layer, count = "blocks.3.2.conv_pw", fast(12, 4)
    trained, random = (statistics(network, layer, count) for network in (model, control))
    print(f"{layer:18}   spread: trained | random      middle: trained | random")
    for rule in RULES:
        first, second = ([float(x[rule][k]) for x in (trained, random)] for k in (0, 1))
        print("  {:19}{:16.2f} | {:6.2f}".format(rule, *first), end="")
        print("{:22.2f} | {:6.2f}".format(*second))

# %% [markdown]
# Is it the right place, too? Channel 85 fires at three faces. The boxes frame them. How much of
# the map lies on the face? Controls: the box's share of the picture, and the same channel number of
# random networks.

# %%
boxes = {  # top, bottom, left, right in pixels
    "astronaut": (35, 82, 77, 117),
    "admiral": (44, 116, 74, 163),
    "photographer": (47, 80, 79, 110),
}
if ready(guided_backprop=tried):
    layer, channel = "blocks.4.2.conv_pw", 85
    controls = [random_model(seed=seed, device=device) for seed in range(fast(3, 1))]
    on_face = []
    print("share of the map on the face   plain  deconvnet  guided | guided, random    area")
    for name, (top, bottom, left, right) in boxes.items():
        box, image = (slice(top, bottom), slice(left, right)), images[names.index(name)][None]
        maps = [by_rule(rule, model, image, layer, channel) for rule in RULES.values()]
        maps += [guided_backprop(network, image, layer, channel) for network in controls]
        found = [share_in(map_, box) for map_ in maps]
        area = (bottom - top) * (right - left) / 224**2
        on_face.append([*found[:3], sum(found[3:]) / len(controls), area])
        print("  {:27} {:6.2f} {:10.2f} {:7.2f} | {:14.2f} {:7.2f}".format(name, *on_face[-1]))

# %% [markdown]
# ### Is it a gradient?
#
# A gradient makes a promise: move the picture a little along it, and the neuron rises, more than
# along any other direction. Let us take one small step, equally long (a Euclidean length of 0.1), along each
# map. The control is a random direction.

# %%
if ready(guided_backprop=tried):
    face = images[names.index("admiral")][None]
    directions = {rule: by_rule(RULES[rule], model, face, layer, channel) for rule in RULES}
    directions["random"] = torch.randn(3, 224, 224, generator=torch.Generator().manual_seed(0))
    rises = {}
    with torch.no_grad():
        before = activations(model, face, layer)[layer][0, channel].max()
        for name, direction in directions.items():
            moved = face + 0.1 * F.normalize(direction.flatten(), dim=0).view_as(face).to(face)
            rises[name] = float(activations(model, moved, layer)[layer][0, channel].max() - before)
    print(f"the neuron fires with {before:.2f}; after one step along the map it changes by")
    print("  " + ", ".join(f"{name} {rise:+.4f}" for name, rise in rises.items()))

# %% [markdown]
# ### The six that others forget
#
# Well-known libraries look for `nn.ReLU` when they do guided backpropagation, and leave every other
# activation alone, without a word. Our network has ReLU6. What would you have got? (You have met the
# cosine already: along the guided map the neuron rose by just this share of the gradient's rise.)

# %%
relus = [m for m in model.modules() if type(m) is nn.ReLU]
sixes = [m for m in model.modules() if type(m) is nn.ReLU6]
print(f"modules of type nn.ReLU: {len(relus)}, of type nn.ReLU6: {len(sixes)}")
if ready(guided_backprop=tried):
    left_out = by_rule(PlainReLU, model, face, layer, channel)  # nothing is replaced
    mine_now = guided_backprop(model, face, layer, channel)
    likeness = F.cosine_similarity(left_out.flatten(), mine_now.flatten(), dim=0)
    print(f"their map is the plain gradient; its cosine with the guided map is {likeness:.2f}")
without = copy.deepcopy(model)  # the other shortcut: a ReLU for each ReLU6
for module in list(without.modules()):
    for name, child in list(module.named_children()):
        if type(child) is nn.ReLU6:
            setattr(module, name, nn.ReLU())
with torch.no_grad():
    change = ((without(images) - model(images)).norm() / model(images).norm()).item()
print(f"without the ceiling of 6 the logits change by {change:.0%}: it is another network")

# %%
if "alexnet" in available_models() and tried is not None:
    alexnet = load_model("alexnet", device=device)
    with torch.no_grad():
        label = int(alexnet(face).argmax())
    maps = [by_rule(rule, alexnet, face, "classifier.6", label) for rule in RULES.values()]
    title = "AlexNet, all three rules: plain, deconvnet, guided"
    display(plotting.show_images(maps, list(RULES), contrast=99, center=0, title=title))
else:
    print("AlexNet, the lecture's network, is left out here.")

# %% [markdown]
# **Explain what you saw.** The lecture says that guided backpropagation makes nicer images, and
# "don't ask me why". Write for a friend what the guided maps of the patches show, with one number
# in their favour and one against them. (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_guided", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) In favour, with a number: sparser (spread), nearer the middle of the
# field, more of the map on the face than plain, than the area, or than random weights. (2) Against,
# with a number: along the guided map the neuron rises less than along the gradient, so it is no
# gradient; or sparser with random weights as well, so part of the beauty is not learned; or a cosine
# near 0 with the plain gradient. (3) What is not known is said to be so: nobody quite knows why;
# no claim that the guided map is "what the neuron thinks".

# %% [markdown]
# ### What it does not know
#
# The test of lab 06: give the top layers random weights, then more and more of them, and look. A map
# that stays the same was not about what those layers had learned. (Adebayo et al., *Sanity checks for
# saliency maps*, 2018.) The next cell holds `randomize_top` of that lab, ready to use. This
# time we ask the last layer, the logit of the photo's class.
#
# **Predict first.** With the last 10 of 50 layers random, the network guesses. How alike, in rank
# correlation, are guided maps before and after: about 0, 0.5, or 0.99?

# %%
prediction = "..."  # 0, 0.5 or 0.99


def randomize_top(model, depth, seed):
    """Return a copy whose last `depth` weighted layers are redrawn with the deviation they had."""
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for layer in layers[len(layers) - depth :]:
        noise = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data = noise.to(layer.weight) * layer.weight.std()
    return model


def rank_correlation(a, b):
    """Return Spearman's rank correlation of two tensors: 1 same order, 0 none, -1 reversed."""
    ranks = [x.flatten().argsort().argsort().float() for x in (a, b)]
    return float(torch.corrcoef(torch.stack(ranks))[0, 1])


# %%
steps = [0, 1, 10, 20, 30, 50]  # of 50 weighted layers
tested = photos[: fast(3, 1)]
with torch.no_grad():
    labels = model(images).argmax(1).tolist()
if ready(guided_backprop=tried):
    networks = [randomize_top(model, depth, seed=0) for depth in steps]
    ladder = {}  # rule -> one list a photo, of a map for each step
    for rule in ("plain", "guided"):
        ladder[rule] = [
            [
                by_rule(RULES[rule], n, images[i][None], "classifier", labels[i]).cpu()
                for n in networks
            ]
            for i in range(len(tested))
        ]
    shown = [plotting.stretch(m, 99, center=0)[0] for rule in ladder.values() for m in rule[0]]
    titles = [f"{rule}, {depth} of 50 random" for rule in ladder for depth in steps]
    title = f"The {tested[0]}'s class, by both rules (contrast stretched about 0, grey)"
    display(plotting.show_images(shown, titles, columns=len(steps), title=title))

# %%
if ready(guided_backprop=tried):
    print(f"You predicted {prediction!r}. Rank correlation with the trained network's map")
    print("layers redrawn    " + "".join(f"{depth:7}" for depth in steps))
    alike = {}
    for rule, rows in ladder.items():
        sizes = [[map_.abs().amax(0) for map_ in row] for row in rows]
        table = [[rank_correlation(row[0], map_) for map_ in row] for row in sizes]
        alike[rule] = torch.tensor(table).mean(0).tolist()
        print(f"  {rule:16}" + "".join(f"{value:7.2f}" for value in alike[rule]))
    classes = {}
    for rule, rows in ladder.items():
        pairs = []
        for i, row in enumerate(rows):
            other = (labels[i] + 500) % 1000  # some class that has nothing to do with the photo
            map_ = by_rule(RULES[rule], model, images[i][None], "classifier", other).cpu()
            pairs.append(rank_correlation(row[0], map_))
        classes[rule] = sum(pairs) / len(pairs)
    print("rank correlation of the maps of two classes, signs included")
    print(f"  plain {classes['plain']:.2f}, guided {classes['guided']:.2f}")

# %% [markdown]
# The guided map does not notice that the top of the network is gone, and it gives the same answer for
# *espresso* as for a class picked by its number. It does depend on the lower layers: the last column.
# An explanation that has been proposed: with one sign only, what comes down from above is little more
# than a brightness for each place, and the lower layers paint the edges of the picture (Nie, Zhang
# and Patel, 2018).
#
# One more thing it cannot show: **what should be absent**. In lab 04, channel 203 of
# `blocks.3.2.bn2.act` answered to faces. Its filter has nine weights, all negative: it fires where its one
# input is silent. No positive gradient gets through, and its guided map is black.

# %%
if ready(guided_backprop=tried):
    block = model.get_submodule("blocks.3.2.conv_dw")
    silent = (block.weight.flatten(1) <= 0).all(1)  # (480,)
    blind = guided_backprop(model, face, "blocks.3.2.conv_dw", 203)
    seen = by_rule(PlainReLU, model, face, "blocks.3.2.conv_dw", 203)
    print(f"channel 203, largest value of the map: plain {seen.abs().max():.2f}, ", end="")
    print(f"guided {blind.abs().max():.2f}")
    print(f"channels of this layer whose weights are all negative: {silent.float().mean():.0%}")

# %% [markdown]
# **Is your friend right?** "The guided map of the class shows the object, sharp and clean. So guided
# backpropagation explains why the network chose this class better than the plain gradient does."
# (Three to five sentences, with two of the numbers above.)

# %% [markdown] nbgrader={"grade_id": "explain_sanity", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) No: with 10 of 50 layers random the guided map is the same to 0.99, and
# for another class as well; what does not change cannot explain the choice. The plain gradient does
# change. (2) Why it looks like the object all the same: the lower layers' edges of the picture come
# through (the map changes once they are random). (3) A fair use: where in a patch the neuron's
# evidence lies; or a limit: blind to what should be absent (channel 203); or: beauty is no test,
# a control is.

# %% [markdown]
# ## What to keep, and the limits
#
# - The gradient of a neuron is zero outside its receptive field, and noisy inside.
# - Guided backpropagation keeps positive gradients of active neurons alone. It is a hack: it makes
#   sparse and pretty pictures, and nobody quite knows why.
# - It is not the gradient of anything, it hardly depends on the class or on the upper layers, and it
#   cannot show what a neuron wants to be absent.
# - An attribution method that is handed an activation it does not know may say nothing and return
#   something else. Check with a control.
#
# ## Try it yourself
#
# - Add a photo of your own to `mine`. Does it replace one of the six patches?
# - `asked`: `("blocks.4.2.conv_pw", 284, 2, 113)` or `("blocks.5.0.conv_pw", 210, 2, 113)`. Write down
#   what the channel stands for before you look at its guided map.
# - Write a rule of your own: `RULES["mine"] = ...`, for instance one that keeps negative gradients
#   alone. Does its picture look worse than the guided one?
