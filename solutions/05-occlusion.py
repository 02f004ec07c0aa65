# %% [markdown]
# # 05 Occlusion: which part of the picture does the network need?
#
# ![Six photos, their occlusion maps below: red on the rim of the cup, on the tripod, the motorcycle and the pagoda's roofs; on the launch pad red lies on the towers beside the rocket.](../docs/pictures/05-occlusion.jpg)
#
# **The question.** A network says *espresso* with a probability of 0.92. Did it look at the cup, or
# at the wooden table? Cover a part, ask again, and see what the answer loses: that is **occlusion**.
#
# You write two functions: `occlude` and `occlusion_map`. About 50 minutes. Lecture: 24:30 to 27:20.

# %%
import time

import torch
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.images import load_image
from labkit.models import label_of, load_model, random_model
from labkit.optimize import blur, fast
from labkit.remember import Remembering

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)

# %% [markdown]
# The pictures, wider than high: these photos show an object *and* a background. Images are float32
# in [0, 1] of shape (N, 3, H, W), and the network brings its own normalization.

# %%
names = ["coffee", "rocket", "photographer", "motorcycle", "pagoda", "cat"][: fast(6, 3)]
cuts = {"photographer": (0, 140, 512, 341)}  # left, top, width, height; the others stay whole
files = {sample.name: sample.path for sample in data.samples()}
photos = [load_image(files[name], (160, 240), box=cuts.get(name)) for name in names]
images = torch.cat(photos).to(device)  # (6, 3, 160, 240)
with torch.no_grad():
    probabilities = model(images).softmax(dim=1)  # (6, 1000)
labels = [int(k) for k in probabilities.argmax(dim=1)]  # the class that the network gives each
says = [
    f"{model.categories[k]}, p = {p[k]:.2f}" for k, p in zip(labels, probabilities, strict=True)
]
plotting.show_images(images, says, columns=3, title="What the network says")

# %% [markdown]
# ## Exercise 1: cover a square
#
# *Difficulty 2 of 5, importance 3 of 5, 15 minutes.*
#
# **Goal.** Return a copy of the picture in which one square is covered.
#
# $$ J(c, i, j) = \begin{cases} F(c, i, j) & \text{if } r \le i < r + s \text{ and } q \le j < q + s \\ I(c, i, j) & \text{otherwise} \end{cases} $$
#
# with the upper left corner at row $r$ and column $q$, and $s$ pixels a side. What covers, the
# **fill** $F$, is one of three things: a number (the same in all channels), a colour, or another
# picture, of which the same place shows through.
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, 3, H, W) | [0, 1] |
# | `row`, `column` | whole numbers | -size < row < H, -size < column < W |
# | `size` | one whole number | 1 and up |
# | `fill` | a number, (3,) or (1, 3, H, W) | [0, 1] |
# | result | (1, 3, H, W) | [0, 1] |
#
# What of the square lies outside the picture is cut off, at all four borders: a square of size 5 at
# row -2 covers the first three rows. The caller's picture and fill keep their values.
#
# **Predict first.** Which rows of a picture with 10 rows does `picture[-2:3]` hold: the first three,
# the last two, or none?

# %%
prediction = "..."  # "first three", "last two" or "none"

# %% [markdown]
# <details><summary>Hint 1: my colours come out as stripes, or not at all.</summary>
#
# A tensor of shape (3,) is matched with the *last* axis of what it is assigned to, the columns.
# `colour.reshape(3, 1, 1)` has its three values along the channels.
# </details>
# <details><summary>Hint 2: at the upper or the left border nothing is covered.</summary>
#
# A negative number in a slice counts from the end. Let the slice start at `max(row, 0)`, and think
# about where it ends.
# </details>
# <details><summary>Hint 3: three kinds of fill, three branches?</summary>
#
# You can make a full picture of every kind first; then one line covers the square.
# </details>


# %% nbgrader={"grade_id": "occlude", "solution": true}
def occlude(image, row, column, size, fill):
    """Return a copy of the image (1, 3, H, W) with one square covered by `fill`."""
    ### BEGIN SOLUTION
    fill = torch.as_tensor(fill).to(image)
    if fill.dim() == 1:  # a colour, its values along the channels
        fill = fill.reshape(1, 3, 1, 1)
    fill = fill.expand_as(image)
    covered = image.clone()
    place = (..., slice(max(row, 0), row + size), slice(max(column, 0), column + size))
    covered[place] = fill[place]
    return covered
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_occlude", "grade": true}
check("05-occlusion", occlude)

# %% [markdown]
# Six ways to cover the same place. The lecture takes a grey square, or one of the mean colour. Which
# of them is the best way to say *nothing is here*? We come back to that.

# %%
noise = torch.rand(images[:1].shape, generator=torch.Generator().manual_seed(0)).to(device)


def fills_for(image):
    """Return {name: fill} for an image (1, 3, H, W): numbers, a colour, pictures."""
    return {
        "grey 0.5": 0.5,
        "mean colour": image.mean(dim=(0, 2, 3)),  # (3,)
        "black": 0.0,
        "white": 1.0,
        "blur": blur(8.0)(image),  # (1, 3, H, W)
        "noise": noise,
    }


covered = [occlude(images[:1], 40, 96, 64, fill) for fill in fills_for(images[:1]).values()]
if ready(occlude=covered[0]):
    print(f"You predicted {prediction!r}. A list of ten: {list(range(10))[-2:3]}")
    title = "One square, six fills"
    display(plotting.show_images(torch.cat(covered), list(fills_for(images[:1])), 3, title=title))

# %% [markdown]
# ## Exercise 2: the occlusion map
#
# *Difficulty 3 of 5, importance 5 of 5, 20 minutes.*
#
# **Goal.** Slide the square over the picture and note the probability of the label at each place.
#
# $$ M(i, j) = p_y\big(\text{occlude}(I,\; i \cdot \text{stride},\; j \cdot \text{stride},\; s,\; F)\big) $$
#
# where $p_y$ is the **probability** of class $y$: softmax over the network's logits.
# (Zeiler and Fergus, *Visualizing and understanding convolutional networks*, 2014.)
#
# | | shape | range |
# |---|---|---|
# | `image` | (1, 3, H, W) | [0, 1] |
# | `label` | one class number | |
# | `size`, `stride` | whole numbers | 1 and up |
# | `fill` | as in exercise 1 | |
# | result | (rows, columns) | probabilities |
#
# Only squares that lie in the picture as a whole count, so there are
# $\lfloor (H - s) / \text{stride} \rfloor + 1$ rows, and columns likewise with $W$.
#
# A map costs one forward pass a square. Keep that bounded: send as many pictures through the network
# as there are squares and no more, **at most 16 at a time**, and keep no graph for gradients, even
# where the image that is given requires them. (Larger batches need more memory and are not faster on
# a processor.) The caller's picture and the network stay as they are.
#
# **Predict first.** With the cup covered the *espresso* should go. What about *moped* if only the
# wall behind the motorcycle is covered: falls by half, falls a little, or may even rise?

# %%
prediction = "..."  # "half", "little" or "rises"

# %% [markdown]
# <details><summary>Hint 1: the places</summary>
#
# `range(0, H - size + 1, stride)` are the rows at which a full square can start. Why the `+ 1`? Try
# it with a square as large as the picture.
# </details>
# <details><summary>Hint 2: batches</summary>
#
# Make a list of all places first. `places[k : k + 16]` is one batch, the last one may be shorter,
# and `torch.cat` makes one batch of several pictures.
# </details>
# <details><summary>Hint 3: all my values are 1, or they depend on the batch.</summary>
#
# Softmax has to run over the classes, `dim=1`, not over the pictures of the batch.
# </details>


# %% nbgrader={"grade_id": "occlusion_map", "solution": true} labkit={"uses": ["occlude"]}
def occlusion_map(model, image, label, size, stride, fill):
    """Return (rows, columns): the label's probability with a square covered at each place."""
    ### BEGIN SOLUTION
    rows = range(0, image.shape[2] - size + 1, stride)
    columns = range(0, image.shape[3] - size + 1, stride)
    places = [(row, column) for row in rows for column in columns]
    values = []
    with torch.no_grad():
        for k in range(0, len(places), 16):
            batch = [occlude(image, *place, size, fill) for place in places[k : k + 16]]
            values.append(model(torch.cat(batch)).softmax(dim=1)[:, label])
    return torch.cat(values).reshape(len(rows), len(columns))
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_occlusion_map", "grade": true}
check("05-occlusion", occlusion_map, occlude)

# %%
size, stride = 48, 16


def reached(image, size):
    """Return what the centres of the squares reach: squares stay inside, so a margin is left."""
    margin = (size - stride) // 2
    return image[:, margin : image.shape[1] - margin, margin : image.shape[2] - margin]


started = time.perf_counter()
maps = [
    occlusion_map(model, image[None], label, size, stride, 0.5)
    for image, label in zip(images, labels, strict=True)
]  # each (8, 13)
if ready(occlusion_map=maps[0]):
    seconds = (time.perf_counter() - started) / len(images)
    print(f"{maps[0].numel()} forward passes and {seconds:.1f} s for one map")
    label, photo = "probability of espresso, square centred here", reached(images[0], size)
    display(plotting.overlay(photo, maps[0], label=label, title="The map as it is"))

# %% [markdown]
# This is the lecture's heat map, over the part of the photo that the squares' centres reach. Two
# things make it hard to read. It has one value a *square*, and at a border fewer squares reach a
# pixel than in the middle. And a probability near 1 hardly moves: 0.999 to 0.99 is ten times the
# doubt, and the eye sees nothing.
#
# So the maps below show, for each **pixel**, the mean over the squares that cover it of the
# **evidence lost**: the fall of the log-odds $\log \frac{p}{1 - p}$. Zero means that the network
# did not care; red, that it needs what is there; blue, that it is surer without.


# %%
def coverage(values, shape):
    """Add up each square's value on the pixels that it covers: (H, W)."""
    total = torch.zeros(shape)
    for i, line in enumerate(values):
        for j, value in enumerate(line):
            top, left = i * stride, j * stride
            total[top : top + size, left : left + size] += float(value)
    return total


def per_pixel(values):
    """Return (H, W): the mean over the squares that cover a pixel, 0 where none does."""
    shape = images.shape[2:]
    return coverage(values, shape) / coverage(torch.ones_like(values), shape).clamp(min=1)


def evidence_lost(values, p):
    """Return how far the log-odds fall from the probability `p` of the untouched picture."""
    return torch.logit(p, 1e-6) - torch.logit(values, 1e-6)


# %% labkit={"opening": true}
if ready(occlusion_map=maps[0]):
    counts = coverage(torch.ones_like(maps[0]), images.shape[2:])
    print(
        f"squares that cover a pixel: {counts[0, 0]:.0f} in the corner, {counts.max():.0f} inside"
    )
    whole = [float(p[k]) for p, k in zip(probabilities, labels, strict=True)]
    lost = [evidence_lost(m, torch.tensor(p)) for m, p in zip(maps, whole, strict=True)]
    pixels = torch.stack([per_pixel(x.cpu()) for x in lost])  # (6, 160, 240)
    print(f"You predicted {prediction!r} for the wall: blue would be 'rises'.")
    title = "Evidence lost when a place is covered: red, the network needs it"
    display(plotting.show_saliency(images, pixels, says, columns=3, title=title))

# %% [markdown]
# ### Why compute the rest again?
#
# A square changes a few pixels, and the early layers see little more than those (lab 04: their
# receptive fields are small), so that nearly everywhere they give what they gave for the untouched
# picture. `Remembering` keeps that and computes anew what the square can reach. It is called like
# the network, so your function takes it as it is.

# %%
started = time.perf_counter()
again = occlusion_map(Remembering(model, images[:1]), images[:1], labels[0], size, stride, 0.5)
if ready(occlusion_map=again):
    sooner = time.perf_counter() - started
    apart = float((again - maps[0]).abs().max())
    print(f"{sooner:.1f} s instead of {seconds:.1f} s; the maps differ by {apart:.0e} at most")

# %% [markdown]
# ### Turn the knobs
#
# Put the square yourself, on any photo, yours too. How small a square takes the espresso away from
# the coffee, and where does it have to be?

# %%
from labkit import widgets


def draw_covered(photo, row, column, size, fill):
    """Return a photo with a square covered, and print what that does to the network's answer."""
    height, width = photo.shape[2:]
    row, column = min(row, height - size), min(column, width - size)
    covered = occlude(photo, row, column, size, fill)
    if ready(occlude=covered):
        with torch.no_grad():
            before, after = model(torch.cat([photo, covered])).softmax(dim=1)
        label = int(before.argmax())
        print(f"{model.categories[label]}: p = {before[label]:.3f}, covered {after[label]:.3f}")
        print(f"covered, the network says: {model.categories[int(after.argmax())]}")
        return covered


knobs = {"row": widgets.slider(0, 144, 40), "column": widgets.slider(0, 224, 90)}
knobs |= {"size": widgets.slider(16, 128, 48), "fill": {"grey": 0.5, "black": 0.0, "white": 1.0}}
pictures = widgets.photo(dict(zip(names, images.split(1), strict=True)))
display(widgets.explore(draw_covered, photo=pictures, **knobs))

# %% [markdown]
# ### Object against background
#
# Is red where the object is? To make that a number, somebody has to say where the object is: boxes
# drawn by hand. For the rocket, too, although the network calls that photo a *drilling platform*.
# The cat has none: its face is all over the picture.

# %%
boxes = {  # top, left, bottom, right: the thing that the photo is named for
    "coffee": (6, 68, 124, 170),  # the cup
    "rocket": (46, 110, 160, 132),
    "photographer": (30, 95, 160, 190),  # the tripod
    "motorcycle": (12, 28, 146, 224),
    "pagoda": (8, 22, 150, 140),
}
boxed = [i for i, name in enumerate(names) if name in boxes]


def in_box(box, shape=(160, 240)):
    """Return (H, W), True inside a box."""
    top, left, bottom, right = box
    mask = torch.zeros(shape, dtype=torch.bool, device=device)
    mask[top:bottom, left:right] = True
    return mask


objects = [in_box(boxes[names[i]]) for i in boxed]
without = torch.stack([torch.where(m, 0.5, images[i]) for m, i in zip(objects, boxed, strict=True)])
alone = torch.stack([torch.where(m, images[i], 0.5) for m, i in zip(objects, boxed, strict=True)])
titles = [f"{names[i]}: {what} covered" for what in ("object", "background") for i in boxed]
plotting.show_images(torch.cat([without, alone]), titles, columns=len(boxed))

# %% [markdown]
# **Predict first.** Rocket covered, or everything but the rocket covered: which of the two is still a
# *drilling platform*?

# %%
prediction = "..."  # "rocket covered", "all else covered", "both" or "neither"

# %%
control = random_model(seed=0, device=device)  # the same architecture with random weights


def covered_object_and_background(network):
    """Return (photos, 3): p of the network's own class; object covered; background covered."""
    with torch.no_grad():
        before = network(images[boxed]).softmax(dim=1)
        label = before.argmax(dim=1, keepdim=True)
        after = [network(x).softmax(dim=1) for x in (without, alone)]
    return torch.cat([p.gather(1, label) for p in (before, *after)], dim=1).cpu()


trained, untrained = (covered_object_and_background(n) for n in (model, control))
print(f"You predicted {prediction!r}.")
print("                trained network: p of its class       random weights")
print("                whole   no object  no background      whole   no object  no background")
for i, a, b in zip(boxed, trained, untrained, strict=True):
    print(f"{names[i]:13}{a[0]:8.3f}{a[1]:12.3f}{a[2]:15.3f}{b[0]:11.3f}{b[1]:12.3f}{b[2]:15.3f}")
kept = [table[:, 1:] / table[:, :1] for table in (trained, untrained)]  # shares of p

# %% [markdown]
# Four of five come out as in the lecture: without the object the class is gone, without the
# background most of it stays; the network is even surer of the *moped* without the garage.
#
# **It did not have to come out this way.** Nobody told the network which part is the object; had all
# training photos of mopeds been taken in garages, the garage would have done. The rocket shows it:
# the network's answer hangs on the towers and the lights, and the rocket may as well be missing. The
# answer is wrong, and the map says why.
#
# The same number, square by square: the evidence lost by squares with their centre in the box,
# against all others. Two controls: random weights, and the trained network's map with its squares
# shuffled.


# %%
def split(lost, box, stride=stride):
    """Return the values of (rows, columns) whose square is centred in the box, and the others."""
    rows, columns = (torch.arange(n, device=lost.device) * stride + size // 2 for n in lost.shape)
    inside = in_box(box)[rows[:, None], columns]
    return lost[inside], lost[~inside]


def random_lost(i):
    """Return the evidence lost by the random network, for the class that it prefers."""
    with torch.no_grad():
        p, label = control(images[i : i + 1]).softmax(dim=1)[0].max(dim=0)
    return evidence_lost(
        occlusion_map(control, images[i : i + 1], int(label), size, stride, 0.5), p
    )


if ready(occlusion_map=maps[0]):
    print("evidence lost   trained: box  elsewhere | random weights      | shuffled map")
    rows = []
    for i in boxed:
        order = torch.randperm(lost[i].numel(), generator=torch.Generator().manual_seed(i))
        shuffled = lost[i].flatten()[order.to(device)].view_as(lost[i])
        three = [split(x, boxes[names[i]]) for x in (lost[i], random_lost(i), shuffled)]
        pairs = [(float(a.mean()), float(b.mean())) for a, b in three]
        print(f"{names[i]:16}" + " | ".join(f"{a:9.2f}  {b:9.2f}" for a, b in pairs))
        rows.append(pairs)
    contrasts = torch.tensor(rows)  # (photos, 3 maps, 2 places)

# %% [markdown]
# **Is your friend right?** "The network is right about the coffee, the tripod and the motorcycle, and
# wrong about the rocket. So it looks at objects when it is right, and whoever wants to know whether a
# network cheats only needs its accuracy." (Three to five sentences, with a number from a table.)

# %% [markdown] nbgrader={"grade_id": "explain_cheating", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) Being right says nothing about where the evidence comes from: if object
# and background always come together in the data, a network that reads only the background is as
# accurate on such data. (2) How one would see it: cover the object and the probability stays, cover
# the background and it falls, as with the rocket; with its numbers. (3) A limit or a control: a few
# photos prove little; or the box is drawn by hand; or random weights, which lose something, too,
# without preferring the object in the mean.

# %% [markdown]
# ## One knob: the size of the square
#
# A small square leaves enough of the object to recognize it. A large one covers everything at once.


# %%
last = len(images) - 1  # the cat, or in a fast run the photographer
sides = [16, 32, 64, 96]
knob = [occlusion_map(model, images[last:], labels[last], side, 16, 0.5) for side in sides]
if ready(occlusion_map=knob[0]):
    print(f"{'side':>6}{'squares':>9}   most evidence lost   (untouched p = {whole[last]:.2f})")
    for side, values in zip(sides, knob, strict=True):
        most = evidence_lost(values, torch.tensor(whole[last])).max()
        print(f"{side:6}{values.numel():9}{most:21.2f}")
    for side, values in zip(sides[1::2], knob[1::2], strict=True):
        title = f"{names[last]}, squares of {side} pixels"
        lost_here = evidence_lost(values, torch.tensor(whole[last]))
        photo = reached(images[last], side)
        display(plotting.overlay(photo, lost_here, label="evidence lost", title=title))

# %% [markdown]
# ## What covers best?
#
# A square is itself something to see. If a grey square on an empty wall changes the answer, the map
# shows the square and not the wall. So compare the fills: the best one is the least *noticeable*,
# the one that changes little where only background is covered, in either direction, and much where
# the object is.
#
# **Predict first.** Which of the six is the least noticeable, which the most?

# %%
prediction = "..."  # two names

# %%
if ready(occlusion_map=maps[0]):
    used = [i for i in boxed if names[i] != "rocket"]
    table = {name: [] for name in fills_for(images[:1])}
    for i in used:
        for name, fill in fills_for(images[i : i + 1]).items():
            values = occlusion_map(model, images[i : i + 1], labels[i], size, fast(16, 32), fill)
            table[name].append(evidence_lost(values, torch.tensor(whole[i])))

# %%
if ready(occlusion_map=maps[0]):
    print(f"You predicted {prediction!r}.")
    print(f"{'fill':14}evidence lost, object   change either way, background   ratio")
    fills = {}
    for name, maps_of_fill in table.items():
        rows = []
        for x, i in zip(maps_of_fill, used, strict=True):
            inside, outside = split(x, boxes[names[i]], fast(16, 32))
            rows.append(torch.stack([inside.mean(), outside.abs().mean()]))
        fills[name] = torch.stack(rows).mean(0).tolist()
        inside, outside = fills[name]
        print(f"{name:14}{inside:21.2f}{outside:31.2f}{inside / outside:8.1f}")

# %% [markdown]
# **Explain what you saw.** Which fill would you use, and why is no fill the same as *nothing is there*?
# Look at the six covered cups again: what might the network take the black square for, or the
# blurred one? (Three to five sentences, with two numbers from the table.)

# %% [markdown] nbgrader={"grade_id": "explain_fills", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) A choice with numbers: little change on the background, much on the
# object; both columns read, not only one. (2) Every fill is input of its own: sharp edges, a colour
# or a texture that speaks for other classes, or a picture unlike all training photos. (3) What a
# particular fill does: blur leaves the coarse colours, so part of the evidence stays; noise is a
# texture; black may be a screen, a hole; grey is near the mean of the training photos.

# %% [markdown]
# ## The lecture's elephant and schooner
#
# The lecture shows an elephant and a schooner. Where the photo gallery can be had, here are some;
# otherwise this cell says so.

# %%
elsewhere = {  # file, class, box in a picture of 160 x 160
    "n01871265_tusker": ("tusker", (30, 14, 152, 146)),
    "n02504458_African_elephant": ("African elephant", (68, 0, 102, 160)),
    "n04147183_schooner": ("schooner", (24, 0, 136, 160)),
}
groups = ["elephant_and_hoofed", "boat"]
available = data.gallery_available(groups)
if available and ready(occlusion_map=maps[0]):
    found = data.gallery(groups, size=160, progress=False)
    chosen = [found.names.index(name) for name in elsewhere]
    photos = found.images[chosen].to(device)
    scenes = []
    for photo, (category, box) in zip(photos, elsewhere.values(), strict=True):
        mask, k = in_box(box, (160, 160)), label_of(model, category)
        views = torch.stack([photo, torch.where(mask, 0.5, photo), torch.where(mask, photo, 0.5)])
        with torch.no_grad():
            p = model(views).softmax(dim=1)[:, k]
        values = occlusion_map(model, photo[None], k, size, stride, 0.5)
        scenes.append(evidence_lost(values, p[0]))
        print(f"{category:17} whole {p[0]:.3f}, no object {p[1]:.3f}, no background {p[2]:.3f}")
    title = "Evidence lost, one value a square"
    display(plotting.show_saliency(photos, torch.stack(scenes), columns=3, title=title))
elif not available:
    print("Left out: the gallery's elephants and schooner, which need a download.")

# %% [markdown]
# ## What to keep, and the limits
#
# - Occlusion asks a question that everybody understands: what does the answer lose without this
#   part? It needs no gradient, and works on any network that can be called.
# - It shows when a network looks at the wrong part. Networks cheat where the data let them; lab 07
#   catches one at it.
# - It is expensive: one forward pass a square. Lab 06 needs one backward pass for the whole picture.
#   (A square changes only the part of each early layer that can see it. Recomputing that part alone
#   saves most of the work; it is exact only if the part is cut with room for the reach of all its
#   layers.)
# - The answer depends on the size of the square and on its fill, and two parts that can stand in for
#   each other both come out as unimportant.
#
# ## Try it yourself
#
# - The map of another class: what must be covered for the photo of the cat to be a *lynx*?
# - Two squares at once, one on each eye of the cat: is the loss the sum of the two?
# - A photo of your own: `load_image("my-photos/dog.jpg", (160, 240))`, with a box that you draw.
