# %% [markdown]
# # 00 Start here
#
# ![A photo and what six channels of an early layer of the network make of it.](../docs/pictures/00-start-here.jpg)
#
# **The question of this course.** A convolutional network tells an espresso from a missile. What has
# it learned, and how can we see it? Fifteen labs follow the lecture, from the first layer's filters
# to paintings made in one pass. This one makes sure that everything runs, shows how a lab works, and
# builds the one tool that all others use: a look at what happens *inside* the network.
#
# Nothing here is graded. About 30 minutes.

# %%
import torch
from IPython.display import display

from labkit import data, plotting
from labkit.check import check, ready
from labkit.models import available_models, load_model
from labkit.progress import show_progress
from labkit.setup import setup_check

setup_check()

# %% [markdown]
# A line that says *missing* tells what to do. When all are ok, you need no network from here on.
#
# ## Pictures
#
# Every picture in every lab is a tensor of shape (N, 3, H, W): N images, three colours, H rows,
# W columns; float32, from 0 (black) to 1 (white).

# %%
images = data.photos(["coffee", "cat", "rocket"])
print(images.shape, images.dtype, f"from {images.min():.2f} to {images.max():.2f}")
plotting.show_images(images, ["coffee", "cat", "rocket"], title="Three photos of the kit")

# %% [markdown]
# The kit brings a few photos, textures and painted styles along; `data.photo_names()`,
# `data.texture_names()` and `data.style_names()` list them. **A photo of your own:** make a folder
# `my-photos` beside this notebook and put `dog.jpg` into it; `data.photo("dog")` is then your photo,
# in every lab.
#
# ## The network
#
# `load_model()` gives EfficientNet-Lite0, trained on the 1000 classes of ImageNet. It takes images
# in [0, 1] as they are, its weights do not change, and it returns **logits**: one number a class,
# which softmax makes into probabilities.

# %%
model = load_model()
with torch.no_grad():
    logits = model(images)  # (3, 1000)
for image_logits in logits:
    best = image_logits.softmax(0).topk(3)
    guesses = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    print(", ".join(f"{model.categories[k]} {p:.2f}" for k, p in guesses))

# %% [markdown]
# The lecture also shows AlexNet, VGG and ResNet. `load_model("vgg16")` fetches one from the internet
# the first time; without a network the labs do without. On this computer there are:

# %%
print("networks:", ", ".join(available_models()))
print("layers:  ", ", ".join(model.layers[:8]), "...")

# %% [markdown]
# ## Exercise: activations by hand
#
# *Difficulty 2 of 5, importance 5 of 5, 20 minutes. Not graded.*
#
# A network is a chain of layers, and each layer's output is called its **activations** or
# **features**. To see them, PyTorch offers *forward hooks*: functions that a module calls with its
# output (`module.register_forward_hook`).
#
# **Goal.** Run the images through the network and return the activations of the named layers.
#
# | | |
# |---|---|
# | `images` | (N, 3, H, W) in [0, 1] |
# | `layers` | a list of names, as `model.get_submodule(name)` takes them |
# | result | a dict: name to activations (N, C, h, w) |
#
# Three things make it safe. The activations stay **attached to the graph**, so that later labs can
# differentiate them. They are **clones**: a ReLU that works in place would otherwise overwrite what
# you captured. And **no hook stays behind**, even if the network raises an exception.
#
# **Predict first.** The photo is 224 x 224. How large are the maps of `blocks.2.1`?

# %%
prediction = "... x ..."

# %% [markdown]
# <details><summary>Hint 1: what a hook gets</summary>
#
# `hook(module, inputs, output)` is called after the module's forward pass. Its return value, if it
# is not None, replaces the output: let it return None.
# </details>
# <details><summary>Hint 2: one function, several layers</summary>
#
# Make the hook in a small function that takes the layer's name, or the loop's last name is used for
# all of them.
# </details>
# <details><summary>Hint 3: nothing stays behind</summary>
#
# `register_forward_hook` returns a handle with a method `remove()`. Call it in a `finally:` block.
# </details>


# %% nbgrader={"grade_id": "capture_activations", "solution": true}
def capture_activations(model, images, layers):
    """Return {layer: (N, C, h, w)}, clones that keep the graph; leave no hook behind."""
    ### BEGIN SOLUTION
    captured = {}

    def keep(name):
        def hook(module, inputs, output):
            captured[name] = output.clone()

        return hook

    modules = {name: model.get_submodule(name) for name in layers}
    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        model(images)
    finally:
        for handle in handles:
            handle.remove()
    return captured
    ### END SOLUTION


# %%
check("00-start-here", capture_activations)

# %% labkit={"opening": true}
layer = "blocks.0.0.bn1.act"
captured = capture_activations(model, images, [layer, "blocks.2.1"])
if ready(capture_activations=captured):
    print(f"You predicted {prediction}; blocks.2.1 has {tuple(captured['blocks.2.1'].shape)}.")
    maps = captured[layer][0]  # (32, 112, 112), of the coffee
    lively = maps.std(dim=(1, 2)).topk(5).indices
    stretched = [maps[c].expand(3, -1, -1) / maps[c].max() for c in lively]
    titles = ["the photo", *(f"channel {int(c)}" for c in lively)]
    pictures = [images[0], *stretched]
    display(plotting.show_images(pictures, titles, columns=3, title=f"Inside {layer}"))

# %% [markdown]
# Each map is one channel, scaled to its own maximum; bright is strong. Lab 04 asks what each of them
# looks for. From here on the kit's own version of your function is at your service:
#
# ```python
# from labkit.hooks import activations, capture
#
# features = activations(model, images, ["blocks.2.1"])     # stops after the last layer needed
# with capture(model, ["blocks.2.1"]) as features:            # or around a pass of your own
#     logits = model(images)
# ```
#
# ## How a lab works
#
# - **Predict first.** A guess written down makes a surprise visible.
# - **Write the function.** Until then it returns `None`, and cells that need it say so.
# - **Run the check below it.** It says at once what is right, and what is misunderstood. The hidden
#   checks of your instructor look at more cases of the same rules.
# - **Hints** come in steps; open as many as you need.
# - **Explain what you saw.** A few sentences, read by a person.
# - A lab takes at most three minutes to run from top to bottom on two cores. To try things faster,
#   set the environment variable `LABKIT_FAST=1` before you start Jupyter.
#
# Your progress over all labs:

# %%
show_progress()

# %% [markdown]
# Next: lab 01, the filters of the first layer.
