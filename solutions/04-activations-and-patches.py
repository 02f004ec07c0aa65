# %% [markdown]
# # 04 Activations and patches: what makes a channel light up?
#
# ![Four rows of patches: edges that rise, edges that fall, faces, rings.](../docs/pictures/04-activations-and-patches.jpg)
#
# **The question.** Each row shows the patches, of 23 pictures, that one **channel** of the network
# likes best. Nobody told the network about faces. Is there a face detector in it, and how would we
# know?
#
# Labs 01 to 03 looked at weights and at the last features. Between them lie dozens of layers. Here
# you look at their **activations**: at one picture first, then at whole collections.
#
# You write three functions: `scale_maps`, `receptive_field`, `top_patches`. About 60 minutes.
# Lecture: 17:30 to 24:30.

# %%
import torch
import torch.nn.functional as F
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.hooks import activations
from labkit.models import available_models, load_model, random_model
from labkit.optimize import fast
from labkit.patches import best_places, cut_patches, windows

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
controls = [random_model(seed=seed, device=device) for seed in range(fast(5, 3))]

# %% [markdown]
# The pictures: photos, textures and paintings, 23 in all. To add a photo of your own, put it into a
# folder `my-photos` beside this notebook: `data.photo_names()` lists it from then on.

# %%
names = [*data.photo_names(), *data.texture_names(), *data.style_names()]
images = torch.cat(
    [data.photos(data.photo_names())]
    + [data.texture(name, 224) for name in data.texture_names()]
    + [data.style(name, 224) for name in data.style_names()]
).to(device)  # (23, 3, 224, 224)
plotting.show_images(images, columns=8, title="The pictures")

# %% [markdown]
# ## Exercise 1: a layer's maps as pictures
#
# *Difficulty 1 of 5, importance 4 of 5, 15 minutes.*
#
# A layer turns a picture into C **maps** of h x w numbers, one map a channel. Each number is the
# activation of one **unit**: the channel's filter at one place. To see a map, its numbers have to
# be squashed into [0, 1], black to white, and there are two ways:
#
# $$ \text{scaled} = \frac{a - \min a}{\max a - \min a} $$
#
# with minimum and maximum taken over **each map by itself**, or over **all maps of the layer**.
#
# **Goal.** Scale maps to [0, 1], one scale for each map or one for all.
#
# | | shape | range |
# |---|---|---|
# | `maps` | (C, h, w) | any, negative values too |
# | `per_map` | True: each map by itself; False: one scale for all | |
# | result | (C, h, w) | [0, 1]; the smallest value is 0, the largest 1 |
#
# With `per_map=True` a map that is constant, such as a channel that saw nothing, becomes 0
# everywhere; with `per_map=False` so does a whole layer that is constant. Any C, C = 1 included,
# and h need not be w. The caller's maps stay as they are.
#
# **Predict first.** The astronaut goes through the network, and you look at a rectified layer after
# half of its blocks. What share of its numbers is exactly zero: 10, 40 or 70 percent?

# %%
prediction = "..."  # 10, 40 or 70

# %% [markdown]
# <details><summary>Hint 1: one minimum a map</summary>
#
# `maps.amin(dim=(1, 2), keepdim=True)` is (C, 1, 1), which subtracts from (C, h, w) as it is. For
# the whole layer, `maps.min()` is one number.
# </details>
# <details><summary>Hint 2: my result holds NaN.</summary>
#
# A constant map has a range of 0, and 0 / 0 is not a number. Divide such a map by 1 instead:
# what stands above the line is 0 already. `torch.where` chooses place by place.
# </details>


# %% nbgrader={"grade_id": "scale_maps", "solution": true}
def scale_maps(maps, per_map):
    """Return maps (C, h, w) in [0, 1]: each on its own scale, or all on one."""
    ### BEGIN SOLUTION
    axes = (1, 2) if per_map else (0, 1, 2)
    low, high = maps.amin(axes, keepdim=True), maps.amax(axes, keepdim=True)
    span = high - low
    return (maps - low) / torch.where(span > 0, span, 1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_scale_maps", "grade": true}
check("04-activations-and-patches", scale_maps)

# %% [markdown]
# The layer has 14 x 14 units in each of 480 channels. (The lecture's AlexNet has 13 x 13 in 128.)
# Its name ends in `act`: it is **rectified**, what comes out of a ReLU. Look at the first 128 maps,
# one scale for all above, each on its own scale below.

# %%
layer = "blocks.3.2.bn2.act"
features = activations(model, images, layer)[layer]  # (23, 480, 14, 14)
astronaut = names.index("astronaut")
shared, own = (scale_maps(features[astronaut], per_map) for per_map in (False, True))
if ready(scale_maps=own):
    print(f"You predicted {prediction!r} percent.")
    for scaled, per_map in ((shared, False), (own, True)):
        title = f"The astronaut in {layer}: the first 128 of 480 maps"
        display(plotting.show_maps(scaled[:128], per_map=per_map, label="scaled", title=title))

# %% [markdown]
# Why is most of it black? Somebody asks that in the lecture. Two answers: the ReLU made zeros, and
# the squashing made small numbers dark. Numbers tell them apart. The control for the first is the
# linear output of the same block, which no ReLU follows; for the second, the other scale.

# %%
print("share of exact zeros                     trained | random weights")
zeros = {}
for name in ["blocks.1.1.bn2.act", "blocks.2.1.bn2.act", layer, "blocks.3.2"]:
    outputs = [activations(net, images, name)[name] for net in (model, controls[0])]
    zeros[name] = [float((x == 0).float().mean()) for x in outputs]
    kind = "rectified" if name.endswith("act") else "linear"
    print(f"  {name:20} {kind:10} {zeros[name][0]:14.2f} | {zeros[name][1]:14.2f}")
if ready(scale_maps=own):
    dark = [float((scaled < 0.1).float().mean()) for scaled in (shared, own)]
    print("share of the astronaut's maps that looks black, below a tenth of white")
    print(f"  one scale {dark[0]:.2f} | own scales {dark[1]:.2f}")

# %% [markdown]
# ### A face detector?
#
# In the lecture one map lights up on the face and nowhere else. Let us search: the boxes below frame
# three faces. For each channel, compare its mean activation inside the box with that outside. The
# **face share** is inside / (inside + outside): 0.5 means no preference, 1 means the face alone.
#
# Searching 480 channels always finds one that looks good. So search on **two** photos and test on
# the **third**, and let random networks enter the same contest.

# %%
boxes = {  # top, bottom, left, right in pixels
    "astronaut": (35, 82, 77, 117),
    "admiral": (44, 116, 74, 163),
    "photographer": (47, 80, 79, 110),
}


def face_share(network):
    """Return (3, C): of each photo and channel, inside / (inside + outside); 0 where nothing is."""
    masks = torch.zeros(3, 1, 224, 224, device=device)
    for mask, (top, bottom, left, right) in zip(masks, boxes.values(), strict=True):
        mask[:, top:bottom, left:right] = 1
    maps = activations(network, data.photos(list(boxes)).to(device), layer)[layer]
    covered = F.adaptive_avg_pool2d(masks, maps.shape[-2:])  # (3, 1, h, w), the share of a unit
    inside = (maps * covered).sum((2, 3)) / covered.sum((2, 3))
    outside = (maps * (1 - covered)).sum((2, 3)) / (1 - covered).sum((2, 3))
    total = inside + outside
    return torch.where(total > 0.05, inside / total.clamp(min=0.05), 0)


# %%
winners, tested = [], []
print("face share of the winning channel      searched on       | tested on")
for network in [model, *controls]:
    name, share = "trained" if network is model else "random weights", face_share(network)
    winners.append(int(share[:2].mean(0).argmax()))
    values = share[:, winners[-1]]
    tested.append(float(values[2]))
    print(
        f"  {name:15} channel {winners[-1]:3}          {values[0]:.2f}  {values[1]:.2f} | {tested[-1]:.2f}"
    )
face_channel = winners[0]
print(f"tested, mean over random networks {sum(tested[1:]) / len(controls):.2f}")

# %%
for name in boxes:
    found = features[names.index(name), face_channel]
    title = f"Channel {face_channel} on the {name}"
    display(plotting.overlay(images[names.index(name)], found, label="activation", title=title))

# %%
if "alexnet" in available_models():
    alexnet = load_model("alexnet", device=device)
    conv5 = activations(alexnet, images[astronaut][None], "features.11")["features.11"][0]
    scaled = scale_maps(conv5, False)  # (256, 13, 13)
    if ready(scale_maps=scaled):
        title = "AlexNet, fifth convolution: first 128 maps, one scale"
        display(plotting.show_maps(scaled[:128], label="scaled", title=title))
else:
    print("AlexNet, the lecture's network, is left out: its weights are not on this computer.")

# %% [markdown]
# ### Turn the knobs
#
# Any channel of four layers, on any photo, yours too. What shape does channel 165 of
# `blocks.3.2.bn2.act` look for? Guess from three photos, then look for one that proves you wrong.

# %%
from labkit import widgets

rectified = [layer, *(f"blocks.{block}.bn2.act" for block in ("1.1", "2.1", "4.2"))]


def draw_map(photo, layer, channel, own_scale):
    """Return the photo under the map of one channel, scaled by itself or with its whole layer."""
    maps = activations(model, photo, layer)[layer][0]  # (C, h, w)
    channel = channel % len(maps)
    scaled = scale_maps(maps, False) if not own_scale else scale_maps(maps[channel][None], True)
    print(
        f"channel {channel} of {len(maps)}: largest activation {maps[channel].max():.2f}", end=", "
    )
    print(f"{(maps[channel] == 0).float().mean():.0%} of its places are 0")
    title = f"{layer}, channel {channel}"
    return plotting.overlay(photo[0], scaled[0 if own_scale else channel], title=title)


if ready(scale_maps=own):
    knobs = {"layer": rectified, "channel": widgets.slider(0, 479, face_channel)}
    pictures = widgets.photo(dict(zip(names, images.split(1), strict=True)))
    display(widgets.explore(draw_map, photo=pictures, **knobs, own_scale=True))

# %% [markdown]
# **Explain what you saw.** Why are most maps black? And what does the channel above detect: human
# faces, or human skin tones? "It's hard to say exactly", says the lecture. Which of the three photos
# says something about it, and what could you not decide with these three alone? (Three to five
# sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_maps", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Most values are exact zeros of the ReLU (a linear output has none),
# and one scale for all maps darkens the rest; both with a number from the table. (2) The photographer
# is grey and seen from the side, and the channel answers all the same: so it is not skin tones
# alone. (3) What stays open: eyes, hair, roundish things, heads of animals; three photos cannot tell,
# more pictures could; or: a winner of a search must be tested on pictures it was not searched on.

# %% [markdown]
# ## Exercise 2: how much of the picture does a unit see?
#
# *Difficulty 3 of 5, importance 5 of 5, 20 minutes.*
#
# One convolution of 3 x 3 sees 3 x 3 pixels. Two of them see 5 x 5: the second looks at three
# neighbours, and the outer ones see one pixel further. What a unit sees is its **receptive field**,
# and it grows with every layer.
#
# Three numbers describe the fields of a layer: the **size** of each; the **stride**, how many pixels
# lie between the fields of neighbouring units; and the **offset**, the pixel on which the first
# unit's field is centred. Pixels are numbered 0, 1, 2, ... from the left, so the field of unit $u$
# has its centre at pixel $\text{offset} + u \cdot \text{stride}$. Start with the picture itself: size 1,
# stride 1, offset 0. A layer with kernel $k$, stride $s$ and $p$ pixels of **padding before the
# first pixel** changes
#
# $$ \text{size} \mathrel{+}= (k - 1) \cdot \text{stride}, \qquad
#    \text{offset} \mathrel{+}= \left(\tfrac{k - 1}{2} - p\right) \cdot \text{stride}, \qquad
#    \text{stride} \mathrel{\times}= s $$
#
# where the stride on the right is still the old one, that of the layer below.
# (Araujo, Norris and Sim, *Computing receptive fields of convolutional neural networks*, 2019.)
#
# **Goal.** Return size, stride and offset of the last layer's receptive fields.
#
# | | |
# |---|---|
# | `layers` | list of `(kernel, stride, padding)`, from the picture upwards; convolutions and poolings alike |
# | result | `(size, stride, offset)` in pixels of the picture |
#
# An empty list is the picture itself. The offset of an even kernel lies between two pixels, and
# padding makes it smaller, below 0 if there is much of it.
#
# **Predict first.** How many pixels wide is the field of the layer above, whose units form a grid of
# 14 x 14 on 224 pixels: 16, about 50, or about 150?

# %%
prediction = "..."  # 16, 50 or 150

# %% [markdown]
# <details><summary>Hint 1: two layers by hand</summary>
#
# `[(3, 2, 0), (3, 1, 0)]`: unit 0 of the second layer looks at units 0, 1, 2 of the first, which
# see pixels 0-2, 2-4 and 4-6. Together 0 to 6: size 7, centre 3. Its neighbour sees 2 to 8: stride 2.
# </details>
# <details><summary>Hint 2: my size is too large.</summary>
#
# Do you multiply the stride first? The neighbours that a kernel looks at lie as far apart as the
# units of the layer *below*, so size and offset come first, the new stride last.
# </details>


# %% nbgrader={"grade_id": "receptive_field", "solution": true}
def receptive_field(layers):
    """Return (size, stride, offset) of the fields after these (kernel, stride, padding) layers."""
    ### BEGIN SOLUTION
    size, stride, offset = 1, 1, 0.0
    for kernel, step, padding in layers:
        size += (kernel - 1) * stride
        offset += ((kernel - 1) / 2 - padding) * stride
        stride *= step
    return size, stride, offset
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_receptive_field", "grade": true}
check("04-activations-and-patches", receptive_field)

# %% [markdown]
# A test that could fail: **measure** the field. Where a unit's gradient with respect to a pixel is not
# zero, the pixel belongs to its field. The reverse needs care: a ReLU that is off lets nothing
# through. So the next cell takes the unit in the middle of each layer in all channels at once, on
# four pictures of noise.
#
# `windows(model, layer, size)` lists the layers for your function. Strided convolutions here pad as
# TensorFlow does: as much as the picture's size needs, the odd pixel *behind* it. So the list
# depends on the size, and only the padding in front enters your formula.


# %%
def gradient_size(network, layer, side):
    """Return (side, side): the gradients' sizes for the middle unit, and that unit's row."""
    noise = torch.rand(4, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    noise.requires_grad_()
    maps = activations(network, noise, layer)[layer]
    middle = maps.shape[-1] // 2
    (gradients,) = torch.autograd.grad(maps[:, :, middle, middle].sum(), noise)
    return gradients.abs().mean((0, 1)), middle


def first_and_last(seen):
    """Return the first and the last column of (H, W) that is not zero everywhere."""
    columns = (seen > 0).any(0).nonzero().flatten()
    return int(columns[0]), int(columns[-1])


# %%
rectified = [name for name in model.layers if name.rectified][:6]
fields, measured, side = {}, {}, 416  # the largest field has to fit
for name in rectified:
    fields[name] = receptive_field(windows(model, name, side))
    size_of_gradient, _ = gradient_size(model, name, side)
    measured[name] = first_and_last(size_of_gradient)
if ready(receptive_field=fields[layer]):
    print(f"columns that the middle unit sees{'computed':>22}   measured")
    for name, (size, stride, offset) in fields.items():
        middle, reach = side // stride // 2, (size - 1) / 2
        computed = [offset + middle * stride + end for end in (-reach, reach)]
        text = f"  {name:20} size {size:3}, stride {stride:2}, offset {offset:4.1f}"
        print(
            f"{text}: {computed[0]:3.0f} to {computed[1]:3.0f}, {measured[name][0]:3} to {measured[name][1]:3}"
        )

# %%
if ready(receptive_field=fields[layer]):
    print(f"You predicted {prediction!r} pixels.")
    unit = {2: (56, 56), 4: (28, 28), 8: (14, 14), 16: (7, 7)}  # stride: a unit in the middle
    growing = []
    for name in rectified[1:5]:
        size, stride, offset = receptive_field(windows(model, name, 224))
        (patch,) = cut_patches(images, [(names.index("cat"), *unit[stride])], size, stride, offset)
        growing.append(patch)
    captions = [f"{patch.shape[-1]} x {patch.shape[-1]} pixels" for patch in growing]
    title = f"What one unit sees: {', '.join(rectified[1:5])}"
    display(plotting.show_images(growing, captions, columns=4, title=title))

# %% [markdown]
# Not every pixel of the field counts the same. The picture shows the size of the gradient in the
# field of the middle unit, and the number its share in the **middle half** of the field, both ways:
# a quarter of the area. If every pixel counted alike, a quarter it would be.


# %%
def middle_share(network, name):
    """Return how much of the gradient lies in the middle half of the field, and the gradient."""
    size, stride, offset = receptive_field(windows(network, name, side))
    gradient, middle = gradient_size(network, name, side)
    centre, quarter = round(offset + middle * stride), round(size / 4)
    inner = slice(centre - quarter, centre + quarter + 1)
    outer = slice(centre - size // 2, centre + size // 2 + 1)
    return float(gradient[inner, inner].sum() / gradient.sum()), gradient[outer, outer]


if ready(receptive_field=fields[layer]):
    central = [middle_share(network, layer) for network in (model, controls[0])]
    print(f"share of the gradient in the middle half of the field: trained {central[0][0]:.2f}")
    print(f"  random weights {central[1][0]:.2f}, if all pixels counted alike 0.25")
    shown = central[0][1][None].sqrt()  # the root makes the faint rim visible
    label = "square root of the gradient's size"
    title = "Where the middle unit listens"
    display(plotting.show_maps(shown, label=label, title=title))

# %% [markdown]
# **Explain what you saw.** A unit's receptive field is much larger than the square of 16 pixels that
# is "its own" on a 14 x 14 grid. Where does the rest come from, why does the middle count most, and
# what follows for reading the patches of the next exercise? (Three to five sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_fields", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Each kernel adds its width less one, times the stride so far, so
# neighbouring fields overlap; after strides a kernel adds many pixels at once. (2) Many paths lead
# from the middle to the unit, few from the rim (the distribution of paths is bell-shaped); also with
# random weights. (3) A patch cut at the field's full size shows all that could matter; what did
# matter lies near its middle. (Luo et al., 2016, call it the effective receptive field.)

# %% [markdown]
# ## Exercise 3: the patches a channel likes best
#
# *Difficulty 2 of 5, importance 5 of 5, 20 minutes.*
#
# One photo shows where a channel is active. What it is active *for*, only many pictures can tell:
# run them all through the network, note where the channel is strongest, and cut out what it saw.
# These are its **maximally activating patches**.
# (Springenberg et al., *Striving for simplicity*, 2014.)
#
# **Goal.** Find the k places where one channel is strongest, at most one in each image.
#
# | | shape |
# |---|---|
# | `maps` | (N, C, h, w) activations of N images; negative values are possible |
# | `channel` | which of the C channels |
# | `k` | how many places |
# | result | list of `(image, row, column)`, whole numbers, the strongest place first |
#
# A picture with five coins would fill the list with five coins, hence one place an image: the one
# with its largest activation. If there are fewer than k images, all N are listed. Among equal
# activations any order and any place will do. h need not be w; N = 1 is possible. The caller's maps
# stay as they are.
#
# **Predict first.** The channel with the highest face share answers to three faces. What will its
# fourth best picture, of the 23, be?

# %%
prediction = "..."  # the name of a picture

# %% [markdown]
# <details><summary>Hint 1: the best place of each image</summary>
#
# `maps[:, channel].flatten(1)` is (N, h*w): one row an image. `.max(dim=1)` gives its N largest values
# and where they are.
# </details>
# <details><summary>Hint 2: from a number back to row and column</summary>
#
# The places are numbered row by row, w to a row. `divmod(place, w)` gives the row and the column.
# </details>


# %% nbgrader={"grade_id": "top_patches", "solution": true}
def top_patches(maps, channel, k):
    """Return [(image, row, column)] of the k images where the channel is strongest, best first."""
    ### BEGIN SOLUTION
    peaks, places = maps[:, channel].flatten(1).max(dim=1)  # (N,), the best place of each image
    order = peaks.argsort(descending=True)[:k]
    return [(int(n), *divmod(int(places[n]), maps.shape[-1])) for n in order]
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_top_patches", "grade": true}
check("04-activations-and-patches", top_patches)

# %% [markdown]
# `best_places` of the kit runs your function over batch after batch and keeps the best k so far: a
# million pictures need no more memory than sixteen. A receptive field is needed to cut; the next cell
# has those of two layers, as the measurement above found them.

# %%
shallow, deep = "blocks.2.1.bn2.act", "blocks.3.2.bn2.act"
field_of = {shallow: (67, 8, 7), deep: (147, 16, 15)}  # size, stride, offset for 224 pixels


def rows_of_patches(images, name, best, side=96):
    """Return the patches of several channels, one channel after the other, all of one size."""
    rows = [cut_patches(images, places, *field_of[name]) for places in best.values()]
    return F.interpolate(torch.cat(rows), (side, side), mode="bilinear", antialias=True)


# %% labkit={"opening": true}
chosen = {shallow: [178, 169], deep: [face_channel, 165]}
tried = top_patches(features, face_channel, 4)
if ready(top_patches=tried):
    rows = []
    for name, channels in chosen.items():
        best = best_places(top_patches, model, name, channels, images.split(8), k=8)
        rows.append(rows_of_patches(images, name, best))
    print(f"You predicted {prediction!r} for the fourth; it is the {names[tried[3][0]]}.")
    title = (
        f"The best patches of 4 channels. Rows 1 and 2: {shallow}, {chosen[shallow]}, 67 pixels; "
        f"rows 3 and 4: {deep}, {chosen[deep]}, 147 pixels"
    )
    display(plotting.show_images(torch.cat(rows), columns=8, title=title))

# %% [markdown]
# As in the lecture, the deeper layer has larger patches and larger ideas: edges and curves above, a
# head or a ring below, whatever their colour. (Grey beside a patch: the field reaches beyond the
# picture.) Two numbers. Of the four best pictures of the face channel, how many show a face, a cat's
# included? The control: random networks, each with the winner of *its own* search.

# %%
with_face = {names.index(name) for name in ("astronaut", "admiral", "photographer", "cat")}


def faces_among_best(network, channel):
    """Return how many of the channel's four best pictures show a face."""
    (best,) = best_places(top_patches, network, deep, [channel], images.split(8), k=4).values()
    return len(with_face & {place.image for place in best})


if ready(top_patches=tried):
    faces = [faces_among_best(*pair) for pair in zip([model, *controls], winners, strict=True)]
    print(f"faces among the best 4 of {len(images)} pictures: trained {faces[0]}")
    print(
        f"  random weights {faces[1:]}; 4 pictures at random have {4 * len(with_face) / len(images):.1f}"
    )

# %% [markdown]
# Second number: how alike are the patches of a channel? Describe each patch by its mean colour, its
# contrast and how strong its edges are in four directions, and take the mean correlation of the
# descriptions, over 24 channels. Controls: random weights, and patches at random places.


# %%
def describe(patches):
    """Return (N, 10): mean and deviation of each colour, mean edge strength in four directions."""
    small = F.interpolate(patches, (32, 32), mode="bilinear", antialias=True)
    grey = small.mean(1)  # (N, 32, 32)
    across, down = grey[:, 1:, 1:] - grey[:, 1:, :-1], grey[:, 1:, 1:] - grey[:, :-1, 1:]
    edges = [across, down, (across + down) / 2**0.5, (across - down) / 2**0.5]
    strength = torch.stack([edge.abs().mean((1, 2)) for edge in edges], dim=1)  # (N, 4)
    return torch.cat([small.mean((2, 3)), small.std((2, 3)), strength], dim=1)


def alikeness(groups, reference):
    """Return the mean correlation, within groups (G, k, 10), of what departs from the average."""
    standard = F.normalize((groups - reference.mean(0)) / reference.std(0), dim=-1)
    k = groups.shape[1]
    pairs = (standard @ standard.transpose(1, 2)).sum((1, 2)) - k
    return float(pairs.mean() / (k * (k - 1)))


# %%
def descriptions(network, k=6):
    """Return (24, k, 10): the best k patches of every tenth channel of the shallow layer."""
    best = best_places(top_patches, network, shallow, range(0, 240, 10), images.split(8), k)
    patches = [cut_patches(images, places, *field_of[shallow]) for places in best.values()]
    return torch.stack([describe(p) for p in patches])


if ready(top_patches=tried):
    random = torch.Generator().manual_seed(0)
    places = torch.cat(
        [torch.randperm(len(images), generator=random)[:18, None] for _ in range(8)]
    )  # 24 groups of 6 different images
    spots = torch.randint(28, (len(places), 2), generator=random)
    places = torch.cat([places, spots], dim=1).tolist()
    anywhere = describe(cut_patches(images, places, *field_of[shallow]))  # (144, 10)
    groups = [descriptions(model), descriptions(controls[0]), anywhere.unflatten(0, (24, 6))]
    alike = [alikeness(group, anywhere) for group in groups]
    print("alikeness of a channel's best patches, in colour and edges")
    print(
        f"  trained {alike[0]:.2f} | random weights {alike[1]:.2f} | random places {alike[2]:.2f}"
    )

# %% [markdown]
# With a gallery of photographs, each in a group such as *dog* or *road vehicle*, meaning can be
# counted: how many of a channel's 8 best patches come from one group? The control searches as many
# channels of a random network.
#
# Over the kit's gallery of 254 photos, the eight best of the face channel are seven dogs and a
# monkey, one head each. If you have named the channel, here is the picture that tests the name.


# %%
def largest_group(network, gallery):
    """Return, for each channel, how many of its 8 best patches come from one group; and places."""
    channels = range(features.shape[1])
    batches = (batch.to(device) for batch in gallery.images.split(16))
    best = best_places(top_patches, network, deep, channels, batches, k=8)
    groups = [[gallery.groups[place.image] for place in places] for places in best.values()]
    return torch.tensor([max(group.count(g) for g in group) for group in groups]).float(), best


if ready(top_patches=tried) and data.gallery_available(limit=fast(254, 48)):
    gallery = data.gallery(limit=fast(254, 48))
    counts, best = largest_group(model, gallery)
    control_counts, _ = largest_group(controls[0], gallery)
    selective = [c.topk(10).values.mean() for c in (counts, control_counts)]
    print("of a channel's 8 best patches, how many are of one group? Mean of the 10 best channels:")
    print(f"  trained {selective[0]:.1f} | random weights {selective[1]:.1f}")
    others = [int(c) for c in counts.argsort(descending=True) if c != face_channel][:3]
    rows = {channel: best[channel] for channel in (face_channel, *others)}
    title = f"{deep} over the gallery: channels {', '.join(map(str, rows))}"
    patches = rows_of_patches(gallery.images, deep, rows)
    display(plotting.show_images(patches, columns=8, title=title))
elif tried is not None:
    print("The gallery of photographs is left out: it is not on this computer, nor to be had.")

# %% [markdown]
# **Is your friend right?** "The best patches of a channel look alike, so the channel has learned a
# concept." (Three to five sentences, with two of the numbers above.)

# %% [markdown] nbgrader={"grade_id": "explain_patches", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) No: the best patches of a random channel look alike, too, even more
# so in colour and edges: every filter prefers something. (2) What training adds is that patches
# agree in what they show while colours differ: four faces of four (0 or 1 with random weights), or
# groups of the gallery. (3) A limit: few pictures, the eight best only (what a channel does in
# between is not seen), names are given by us; the pick was searched for; a cat among the faces shows
# that "human face" was too narrow a name.

# %% [markdown]
# ## What to keep, and the limits
#
# - Most activations of a rectified layer are exactly zero, and a picture of the rest depends on how
#   you scale it. State the scale.
# - A unit sees its receptive field and no pixel more. The arithmetic is exact; that the middle counts
#   most is another matter.
# - The best patches suggest what a channel is for. A name for it is a guess: *faces*, *skin tones*,
#   *heads*? Look for pictures that could prove the guess wrong.
# - The network saw the world through its training set, and you see the channel through yours: with
#   no faces in the collection, nobody would have found this channel.
#
# ## Try it yourself
#
# - `chosen[deep]`: channels 221, 262, 345 and 428. Write down what each stands for before you look at
#   more than four patches. Does the name hold for the rest?
# - The *lowest* activations of a linear layer, such as `blocks.3.2`: pass `-maps` to `top_patches`.
# - A photo of your own: where does the face channel rank it? Try it upside down.
# - A deeper layer, `blocks.4.2.bn2.act`: its field is larger than the picture. Cut the middle half.
