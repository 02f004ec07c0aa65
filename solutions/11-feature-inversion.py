# %% [markdown]
# # 11 Feature inversion: what does a layer still know of the picture?
#
# ![A cup and a portrait, each followed by what comes back from four depths: nearly the photo, then a pale one with sharp outlines, then outlines drawn in coloured grain, then scattered strokes.](../docs/pictures/11-feature-inversion.jpg)
#
# **The question.** A layer turns a photo into numbers. Which pictures have these numbers? If only
# the photo has them, the layer has kept everything; if quite different pictures have them as well,
# then what these do not share was thrown away.
#
# So: set the features of a photo aside, start from grey noise, and change the pixels until their
# features match. What comes back from a shallow layer, what from a deep one?
#
# You write three functions: `total_variation`, `inversion_loss`, `invert_features`. About 60
# minutes. Lecture: 46:30 to 49:15.

# %%
import torch
import torch.nn.functional as F
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.hooks import activations
from labkit.models import load_model, random_model
from labkit.optimize import blur, fast, optimize_pixels

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = load_model(device=device)
prediction = "..."  # yours come further down

# %% [markdown]
# The pictures are small, 128 x 128, so that an inversion takes seconds. For a photo of your own,
# put `dog.jpg` into a folder `my-photos` beside this notebook, and write `mine = ["dog"]`. The
# four depths are rectified layers, as in the lecture, from the first layer almost to the last.

# %%
mine = []
names = ["coffee", "admiral", "cat"][: fast(3, 2)] + mine
photos = [data.photo(name, 128).to(device) for name in names]  # each (1, 3, 128, 128)
depths = ["bn1.act", "blocks.2.1.bn2.act", "blocks.4.2.bn2.act", "blocks.5.3.bn2.act"]
found = activations(model, photos[0], depths)
print(f"pixels {tuple(photos[0].shape[1:])}: {photos[0].numel()} numbers")
for layer in depths:
    print(f"  {layer:20} {tuple(found[layer].shape[1:])}: {found[layer].numel()} numbers")
plotting.show_images(torch.cat(photos), names, title="The photos")

# %% [markdown]
# ## Exercise 1: what a picture should look like
#
# *Difficulty 2 of 5, importance 4 of 5, 15 minutes.*
#
# Where the features leave a pixel open, something else has to decide. The **regularizer** says
# what pictures tend to be like: neighbouring pixels are nearly the same.
#
# **Goal.** Add up the squared differences of all neighbouring pixels, down and to the right.
#
# $$ TV(I) = w \sum_n \sum_c \left[ \sum_{i < H-1,\; j} \big(I_{n,c,i+1,j} - I_{n,c,i,j}\big)^2 + \sum_{i,\; j < W-1} \big(I_{n,c,i,j+1} - I_{n,c,i,j}\big)^2 \right] $$
#
# ($\beta = 2$ in Mahendran and Vedaldi, *Understanding deep image representations by inverting
# them*, 2015. Without the square it would be the total variation of the textbooks.)
#
# | | shape | range |
# |---|---|---|
# | `image` | (N, 3, H, W) | any |
# | `weight` $w$ | one number, 1 if left out | 0 and up |
# | result | a scalar tensor | 0 and up |
#
# Each pair of neighbours counts once; there is none across the border. For several images the
# values add up. An optimizer will differentiate the result with respect to `image`, so the
# gradient must exist. The caller's image keeps its values.
#
# **Predict first.** An edge rises from 0 to 1 at once, or in four steps of 1/4. Which of the two
# has the larger value, and how many times larger?

# %%
prediction = "..."  # "at once, ... times", "in steps, ... times" or "the same"

# %% [markdown]
# <details><summary>Hint 1: neighbours without a loop</summary>
#
# `x[1:] - x[:-1]` holds the differences of all neighbours along the first axis. Which axes of
# (N, 3, H, W) are the rows and the columns?
# </details>
# <details><summary>Hint 2: the two directions</summary>
#
# The differences down are (N, 3, H - 1, W), those to the right (N, 3, H, W - 1). They do not fit
# on each other, and need not: sum each first.
# </details>


# %% nbgrader={"grade_id": "total_variation", "solution": true}
def total_variation(image, weight=1.0):
    """Return weight times the sum of squared differences of neighbouring pixels (N, 3, H, W)."""
    ### BEGIN SOLUTION
    down = image[:, :, 1:, :] - image[:, :, :-1, :]  # (N, 3, H - 1, W)
    right = image[:, :, :, 1:] - image[:, :, :, :-1]  # (N, 3, H, W - 1)
    return weight * (down.square().sum() + right.square().sum())
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_total_variation", "grade": true}
check("11-feature-inversion", total_variation)

# %%
photo = photos[0]
generator = torch.Generator().manual_seed(0)
order = torch.randperm(128 * 128, generator=generator).to(device)
shuffled = photo.flatten(2)[:, :, order].view_as(photo)  # the control: same pixels, other places
edges = [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0.25, 0.5, 0.75, 1, 1]]
at_once, in_steps = (torch.tensor(edge).expand(1, 3, 1, 8) for edge in edges)
variations = {
    "photo": total_variation(photo),
    "photo, blurred": total_variation(blur(1.5)(photo)),
    "photo, pixels shuffled": total_variation(shuffled),
}
if ready(total_variation=variations["photo"]):
    once, steps = (float(total_variation(edge)) for edge in (at_once, in_steps))
    print(f"You predicted {prediction!r}: at once {once:.2f}, in steps {steps:.2f}")
    for name, value in variations.items():
        print(f"  {name:24}{float(value):8.0f}")

# %% [markdown]
# A photo has far less variation than the same pixels in random order: that is what the
# regularizer knows of photos. It likes the blurred one better still: with the square, one large
# step costs more than many small ones, so it will soften edges. Keep that in mind when a picture
# comes back soft.
#
# ## Exercise 2: how far are the features from the target?
#
# *Difficulty 1 of 5, importance 4 of 5, 10 minutes.*
#
# **Goal.** Measure the squared distance of the features from those that were set aside, relative
# to the size of the latter.
#
# $$ L(f, f_0) = \frac{\lVert f - f_0 \rVert^2}{\lVert f_0 \rVert^2} \qquad \text{with } \lVert f \rVert^2 = \sum_k f_k^2 $$
#
# The values of one layer may be a hundred times those of another. Divided by the target's squared
# norm, the loss is on the same scale at every depth, and one weight for the total variation
# serves all of them.
#
# | | shape | range |
# |---|---|---|
# | `features` $f$ | any, such as (1, C, h, w) or (1, D) | any |
# | `target_features` $f_0$ | the same | any, not all 0 |
# | result | a scalar tensor | 0 and up |
#
# The sums run over the whole tensor. The gradient reaches `features`; **no gradient flows into
# `target_features`**, which are a constant, even if they require one. Both keep their values.
#
# **Predict first.** What is the loss of features that are all 0?

# %%
prediction = "..."  # a number

# %% [markdown]
# <details><summary>Hint 1: a constant</summary>
#
# `x.detach()` has the values of `x`, and no gradient flows through it. Which of the two arguments
# is the constant?
# </details>
# <details><summary>Hint 2: my value is off by a factor</summary>
#
# `mean()` above and `sum()` below differ by the number of features. `norm()` holds a root.
# </details>


# %% nbgrader={"grade_id": "inversion_loss", "solution": true}
def inversion_loss(features, target_features):
    """Return the squared distance of features and target, over the target's squared norm."""
    ### BEGIN SOLUTION
    target_features = target_features.detach()
    return (features - target_features).square().sum() / target_features.square().sum()
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_inversion_loss", "grade": true}
check("11-feature-inversion", inversion_loss)


# %%
def layer_loss(image, photo, layer, network=model):
    """Return the loss between two pictures at a layer, None while it is not answered."""
    f, f0 = (activations(network, x, layer)[layer] for x in (image, photo))
    return inversion_loss(f, f0)


grey_photo = photo.mean(dim=1, keepdim=True).expand_as(photo)  # without its colours
others = {
    "nearly the same": (photo + 0.02 * torch.randn(photo.shape, generator=generator).to(device)),
    "without colour": grey_photo,
    "mid-grey": torch.full_like(photo, 0.5),
    "another photo": photos[1],
}
losses = {name: [layer_loss(x, photo, d) for d in depths] for name, x in others.items()}
if ready(inversion_loss=losses["mid-grey"][0]):
    zero = inversion_loss(torch.zeros_like(found[depths[0]]), found[depths[0]])
    print(f"You predicted {prediction!r}: features of 0 have a loss of {float(zero):.2f}")
    print(f"loss against the {names[0]:7}" + "".join(f"{d[:10]:>13}" for d in depths))
    for name, row in losses.items():
        print(f"  {name:22}" + "".join(f"{float(value):13.3f}" for value in row))

# %% [markdown]
# Two rows are worth a second look. *Nearly the same* is the photo with noise that you would
# hardly see; *without colour* is plain to see. The first layers mind the missing colour more, the
# deep ones the noise: colour weighs little there.
#
# ## Exercise 3: the inversion
#
# *Difficulty 3 of 5, importance 5 of 5, 25 minutes.*
#
# **Goal.** Find a picture whose features at a layer match the target and whose total variation is
# small.
#
# $$ I^* = \mathrm{arg}\min_I \; L\big(f(I), f_0\big) + TV(I) \quad \text{with weight } w = \text{tv-weight} $$
#
# where $f(I)$ are the features of the picture at `layer`. (Mahendran and Vedaldi, 2015.)
#
# | | what it is |
# |---|---|
# | `model`, `layer` | a network and the name of one of its layers |
# | `target_features` | what the layer gave for the photo, (1, C, h, w) |
# | `size` | of the picture: a whole number for a square, or a pair (height, width) |
# | `steps` | how often the network looks at a picture: once a step |
# | `tv_weight` | $w$, 0 and up |
# | `seed` | decides the start, a random picture of your choice |
# | result | (1, 3, H, W), values in [0, 1] |
#
# The same seed gives the same picture, another seed starts from another one, and the global
# random state is left alone. Network and target stay as they are. How you step is up to you, as
# long as it works: where features determine the picture (small networks that lose nothing), 200
# steps have to find it to within 0.06 on average (root mean square), and in our network 60 steps
# have to halve the loss of a grey picture.
#
# **Predict first.** Of colour, fine texture and the direction of edges: which is lost first on the
# way down, which last?

# %%
prediction = "..."  # "... first, ... last"

# %% [markdown]
# <details><summary>Hint 1: who makes the steps?</summary>
#
# `optimize_pixels(start, loss, steps=..., step_size=..., project=...)` of the kit does: `loss` is
# a function of the picture, `project` is applied after each step, and the picture is in `.image`
# of what it returns. `help(optimize_pixels)` says more. A loop of your own with
# `torch.optim.Adam` is as good; set the gradient to zero before each step. With Adam, 0.03 is a
# good step size.
# </details>
# <details><summary>Hint 2: the loss as a function of the picture</summary>
#
# Define it inside `invert_features`: it knows `layer` and `target_features` and takes only
# `image`. `activations(model, image, layer)[layer]` are the features, and their gradient reaches
# the image.
# </details>
# <details><summary>Hint 3: the start</summary>
#
# `torch.randn(1, 3, h, w, generator=torch.Generator().manual_seed(seed))` is random and touches
# no global state. A little of it around 0.5, say 0.02 times, is enough. Move it to where
# `target_features` is: `.to(target_features)`.
# </details>


# %% nbgrader={"grade_id": "invert_features", "solution": true} labkit={"uses": ["total_variation", "inversion_loss"]}
def invert_features(model, layer, target_features, size, steps, tv_weight, seed):
    """Return a picture (1, 3, H, W) in [0, 1] whose features at `layer` match the target."""
    ### BEGIN SOLUTION
    height, width = (size, size) if isinstance(size, int) else size
    noise = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(seed))
    start = (0.5 + 0.02 * noise).to(target_features)  # its device and type

    def loss(image):
        features = activations(model, image, layer)[layer]
        return inversion_loss(features, target_features) + total_variation(image, tv_weight)

    found = optimize_pixels(
        start, loss, steps=steps, step_size=0.03, project=lambda image: image.clamp(0, 1)
    )
    return found.image
    ### END SOLUTION


# %% nbgrader={"grade_id": "check_invert_features", "grade": true}
check("11-feature-inversion", invert_features, total_variation, inversion_loss)

# %% [markdown]
# Now all photos at all depths, with one and the same `tv_weight`. (Half a minute on two cores.)

# %%
STEPS, TV = fast(120, 25), 2e-4


def inversions(network, photo, seed=0):
    """Return the pictures that come back from the four depths, None while not answered."""
    targets = activations(network, photo, depths)
    size = tuple(photo.shape[2:])
    return [invert_features(network, d, targets[d], size, STEPS, TV, seed) for d in depths]


trained = [inversions(model, photo) for photo in photos]

# %% labkit={"opening": true}
if ready(invert_features=trained[0][0]):
    rows = [torch.cat([photo, *back]) for photo, back in zip(photos, trained, strict=True)]
    captions = [caption for name in names[:2] for caption in (name, *depths)]
    title = "What comes back from four depths"
    display(plotting.show_images(torch.cat(rows[:2]), captions, 5, title=title))

# %%
if ready(invert_features=trained[0][0]):
    for name, row in zip(names[2:], rows[2:], strict=True):
        display(plotting.show_images(row, [name, *depths], 5, title=f"The same for the {name}"))

# %% [markdown]
# Did the search fail further down, or do the features not mind? Compare the loss that each picture
# reached with two losses from the table above. Where it is below that of the photo *without its
# colours*, the strange picture agrees with the features better than the photo in grey does.

# %%
if ready(invert_features=trained[0][0], inversion_loss=losses["mid-grey"][0]):
    reached = [float(layer_loss(x, photo, d)) for x, d in zip(trained[0], depths, strict=True)]
    print(f"loss of the features, {names[0]:10} inverted | without colour | another photo")
    for k, d in enumerate(depths):
        row = [reached[k], *(float(losses[n][k]) for n in ("without colour", "another photo"))]
        print(f"  {d:31}{row[0]:7.3f} | {row[1]:14.3f} | {row[2]:13.3f}")

# %% [markdown]
# ### Turn the knobs
#
# Your inversion of any photo, yours too. Take the deepest layer and many steps: is it the steps that are
# missing? Then take the smoothness away, and give too much of it. (120 steps take about 5 s.)

# %%
from labkit import widgets


def draw_inversion(photo, layer, steps, tv_weight):
    """Return a photo beside what comes back from one layer."""
    target = activations(model, photo, layer)[layer]
    back = invert_features(model, layer, target, tuple(photo.shape[2:]), steps, tv_weight, 0)
    titles = ["photo", f"{layer}, {steps} steps"]
    print(f"loss of the features {float(layer_loss(back, photo, layer)):.3f}")
    return plotting.show_images(torch.cat([photo, back]), titles)


if ready(invert_features=trained[0][0], inversion_loss=losses["mid-grey"][0]):
    still = plotting.show_images(rows[0], [names[0], *depths], 5)
    knobs = {"photo": widgets.photo(dict(zip(names, photos, strict=True))), "layer": depths}
    knobs |= {
        "steps": widgets.slider(5, 240, 40),
        "tv_weight": widgets.slider(1e-6, 1e-2, TV, log=True),
    }
    display(widgets.explore(draw_inversion, still=still, **knobs))

# %% [markdown]
# ### Colour, texture, structure
#
# The pictures show it; now the numbers, each a claim that could fail. All four errors are 0 for
# the photo itself.
#
# - **pixels**: mean squared error over the variance of the photo; 1 is a plain picture of its
#   mean colour.
# - **colour**: distance of the blurred colours (channels less their mean, 4 pixels of blur),
#   relative to those of the photo; 1 is a grey picture.
# - **texture**: is the finest detail strong in the same places and directions? Energies of second
#   differences in four directions, in squares of 8 pixels; 1 minus the correlation of their
#   logarithms.
# - **structure**: do edges run the same way? 1 minus the agreement of the directions of the
#   brightness gradients, over about 4 pixels, whatever the sign and height of the edge.


# %%
def grey(image, sigma):
    """Return the blurred brightness (1, 1, H, W)."""
    return blur(sigma)(image.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1))[:, :1]


def detail(image):
    """Return log energies (1, 4, h, w) of second differences in four directions, a square each."""
    y = image.mean(dim=1, keepdim=True)
    inside = y[..., 1:-1, 1:-1]
    height, width = y.shape[2:]
    steps = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a, b = (
            y[..., 1 + s * down : height - 1 + s * down, 1 + s * right : width - 1 + s * right]
            for s in (1, -1)
        )
        steps.append(2 * inside - a - b)
    return (F.avg_pool2d(torch.cat(steps, 1).square(), 8) + 1e-6).log()


def edge_directions(image):
    """Return (1, 2, H - 1, W - 1): cosine and sine of twice the angle, near 0 where none is clear."""
    y = grey(image, 1.5)
    down, right = y[..., 1:, :-1] - y[..., :-1, :-1], y[..., :-1, 1:] - y[..., :-1, :-1]
    parts = torch.cat([right**2 - down**2, 2 * right * down, right**2 + down**2], dim=1)
    parts = blur(4.0)(parts)
    return parts[:, :2] / (parts[:, 2:] + 1e-6)


# %%
def errors(image, photo):
    """Return the four errors of a picture against a photo, each 0 if they are the same."""
    variance = (photo - photo.mean(dim=(2, 3), keepdim=True)).square().mean()
    pixels = (image - photo).square().mean() / variance
    colours = [blur(4.0)(x - x.mean(dim=1, keepdim=True)) for x in (image, photo)]
    colour = (colours[0] - colours[1]).square().sum() / colours[1].square().sum()
    details = torch.stack([detail(x).flatten() for x in (image, photo)])
    ways = torch.stack([edge_directions(x).flatten() for x in (image, photo)])
    structure = 1 - torch.cosine_similarity(ways[0], ways[1], dim=0)
    return torch.stack([pixels, colour, 1 - torch.corrcoef(details)[0, 1], structure]).cpu()


def mean_errors(backs, photos):
    """Return (depths, 4): errors at each depth, the mean over the photos."""
    pairs = zip(backs, photos, strict=True)
    return torch.stack([torch.stack([errors(x, p) for x in back]) for back, p in pairs]).mean(0)


# %% [markdown]
# Two controls. **Another photo**: the picture that came back, measured against a photo that it
# does *not* come from. **Random weights**: the same inversion through a network of the same
# architecture that has learned nothing. (Another half minute.)

# %%
control = random_model(seed=0, device=device)
untrained = [inversions(control, photo) for photo in photos]

# %%
if ready(invert_features=trained[0][0]):
    table = {
        "trained": mean_errors(trained, photos),
        "another photo": mean_errors(trained, photos[1:] + photos[:1]),
        "random weights": mean_errors(untrained, photos),
    }
    print(f"You predicted {prediction!r}.")
    for k, what in enumerate(("pixels", "colour", "texture", "structure")):
        print(f"error in {what:12}" + " | ".join(f"{name:>14}" for name in table))
        for i, d in enumerate(depths):
            print(f"  {d:19}" + " | ".join(f"{values[i, k]:14.2f}" for values in table.values()))

# %%
if ready(invert_features=trained[0][0]):
    captions = [f"{who}, {d}" for who in ("trained", "random weights") for d in depths]
    both = torch.cat([*trained[0], *untrained[0]])
    display(plotting.show_images(both, captions, 4, title="Trained against random weights"))
    lost = table["trained"] / table["another photo"]  # 1: no better than a photo it is not of
    curves = {what: lost[:, k] for k, what in ((1, "colour"), (2, "texture"), (3, "structure"))}
    title = "What is lost by depth: error, as a share of that of another photo"
    display(plotting.show_curves(curves, "depth, first layer to last", "share", title=title))

# %% [markdown]
# **Explain what you saw.** In which order do colour, texture and structure go? For each, name the
# depth where the trained network's error comes near to that of another photo. And a claim to judge
# by the column of random weights: "Training makes the network forget colour and texture." (Four to
# six sentences.)

# %% [markdown] nbgrader={"grade_id": "explain_depth", "grade": true, "solution": true, "points": 4}
# **Rubric, 1 point each.** (1) Order read from the table, with numbers: colour goes first, then
# texture; structure stays longest. (2) At the first layer nearly everything comes back, for both
# networks: so early nothing is lost, trained or not. (3) The claim is wrong as it stands: random
# weights lose colour, texture and structure too, and sooner (`blocks.2.1`). What training adds is
# what is *kept*: structure above all, at `blocks.2.1` and `blocks.4.2`. (4) A limit: what comes
# back is also the work of the regularizer and of the steps; or three photos; or that a missing
# colour may be one that the features mind only a little (the row *without colour*).

# %% [markdown]
# ### One knob: the weight of total variation
#
# The same features, `blocks.4.2` of the first photo, with no total variation, with the weight
# from above, with more and with far too much.

# %%
weights = [0.0, 2e-4, 5e-3, 0.2]
target = activations(model, photo, depths[2])[depths[2]]
knob = [invert_features(model, depths[2], target, 128, STEPS, w, 0) for w in weights]
if ready(invert_features=knob[0], total_variation=variations["photo"]):
    print("tv_weight   total variation   loss of the features   error in structure")
    for w, x in zip(weights, knob, strict=True):
        print(
            f"{w:9.4f}{float(total_variation(x)):18.0f}{float(layer_loss(x, photo, depths[2])):23.3f}"
            f"{errors(x, photo)[3]:21.2f}"
        )
    title = "One knob: the weight of total variation"
    display(
        plotting.show_images(torch.cat(knob), [f"weight {w:g}" for w in weights], 4, title=title)
    )

# %% [markdown]
# Too little: grain that the features do not mind covers the picture. Too much: the picture fades
# to grey and the features are no longer matched, although the little that is left of the edges
# still runs the right way (that number does not ask how high an edge is). The weight in between
# is chosen by eye: a taste, and no property of the network.
#
# ### Is your friend right?
#
# "A picture that comes back from deep features proves that the network stores pictures." Three
# more inversions to think about: a picture painted by a program, which no training set held, from
# the first depths; and the same deep features from two other seeds.

# %%
painting = data.style(data.style_names()[0], 128).to(device)
painted = activations(model, painting, depths[:2])
new = [invert_features(model, d, painted[d], 128, STEPS, TV, 0) for d in depths[:2]]
seeds = [invert_features(model, depths[3], found[depths[3]], 128, STEPS, TV, s) for s in (1, 2)]
if ready(invert_features=new[0], inversion_loss=losses["mid-grey"][0]):
    fine = [x - blur(4.0)(x) for x in seeds]
    alike = float(torch.corrcoef(torch.stack([x.flatten() for x in fine]))[0, 1])
    apart = [float(layer_loss(x, photo, depths[3])) for x in seeds]
    print(f"painting: error in structure {errors(new[0], painting)[3]:.2f} and", end=" ")
    print(f"{errors(new[1], painting)[3]:.2f}, against the photo {errors(new[1], photo)[3]:.2f}")
    print(f"two seeds: losses {apart[0]:.3f} and {apart[1]:.3f}, correlation of detail {alike:.2f}")
    captions = ["painting", *depths[:2], f"seed 1, {depths[3]}", f"seed 2, {depths[3]}"]
    shown = torch.cat([painting, *new, *seeds])
    display(plotting.show_images(shown, captions, 5, title="Never seen, and not unique"))

# %% [markdown]
# **Is your friend right?** (Three to five sentences, with two of the numbers above.)

# %% [markdown] nbgrader={"grade_id": "explain_friend", "grade": true, "solution": true, "points": 3}
# **Rubric, 1 point each.** (1) No: the numbers that were inverted are *this* picture's features,
# which we set aside; they are about as many as its pixels. The weights hold nothing of it: a
# painting that the network never saw comes back as well, and at the first layer random weights
# give the photo back, too. (2) Deep features do not determine the picture: two seeds reach about
# the same loss with detail that has little in common, so what looks like detail comes from start
# and regularizer. (3) What the experiment does show: which properties of a given picture a layer
# passes on (a network that *has* stored training pictures would have to be asked without their
# features).

# %% [markdown]
# ## What to keep, and the limits
#
# - Low layers keep almost everything. Deep ones lose colour and texture and keep, for longer, how
#   edges run. To keep these is learned: random weights have lost them by the second depth.
# - A loss relative to its target is on one scale at every depth.
# - What comes back is *one* picture with these features, the one that this regularizer, this
#   start and these steps lead to. Where the features leave something open, the prior decides, not
#   the network.
# - A missing colour does not mean that the layer is blind to colour, only that it minds it less
#   than the rest.
#
# ## Try it yourself
#
# - Start from another photo instead of noise. Which of its properties survive at `blocks.5.3`?
# - Match only one channel, or only a quarter of the places: `features[:, :, :4, :4]`.
# - The absolute value in place of the square in `total_variation`: are the edges sharper?
# - Print `errors` for `size=192`. Does a larger picture keep more?
