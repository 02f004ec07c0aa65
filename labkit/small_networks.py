"""The small networks of the project itself: photo patches (filters to look at), digits, a decoder.

Only architectures; `labkit.models.load_model("filters" | "digits")` and `load_decoder()` add the
weights that the scripts in `training/` made.
"""

from collections import OrderedDict

from torch import Tensor, nn

# The photo that a patch was cut from: file stems in the wheels of scikit-image, scikit-learn
# and Matplotlib.
FILTER_CATEGORIES = (
    "astronaut", "brick", "camera", "chelsea", "china", "coffee", "coins", "flower",
    "grace_hopper", "grass", "gravel", "hubble_deep_field", "ihc", "motorcycle_left", "page",
    "retina", "rocket", "text",
)  # fmt: skip
DIGIT_CATEGORIES = tuple("0123456789")
DECODER_LATENTS = 8

# (module name, rectified), shallow to deep. A rectified output is never negative.
FILTER_LAYERS = (
    ("conv1", False),
    ("relu1", True),
    ("conv2", False),
    ("relu2", True),
    ("conv3", False),
    ("relu3", True),
)
DIGIT_LAYERS = (*FILTER_LAYERS, ("fc4", False), ("relu4", True))


def filter_network() -> nn.Sequential:
    """Return the untrained toy network of the lecture: three 7 x 7 convolutions and a classifier.

    Input: (N, 3, H, W) in [0, 1], sides of at least 10; trained on 32 x 32. No padding in
    the first layer, so that its responses see photo only, no black frame.
    Output: (N, 18) logits over FILTER_CATEGORIES.
    """
    return nn.Sequential(
        OrderedDict(
            normalize=Normalize(mean=0.5, std=0.25),
            conv1=nn.Conv2d(3, 16, 7),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(16, 20, 7, padding=3),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(20, 20, 7, padding=3),
            relu3=nn.ReLU(),
            pool3=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),  # (N, 20)
            classifier=nn.Linear(20, len(FILTER_CATEGORIES)),
        )
    )


def digit_network() -> nn.Sequential:
    """Return the untrained digit classifier; `relu4` is its 64-d feature vector.

    Input: (N, 3, 32, 32) in [0, 1], no other size. Output: (N, 10) logits over DIGIT_CATEGORIES.
    """
    return nn.Sequential(
        OrderedDict(
            normalize=Normalize(mean=0.5, std=0.5),
            conv1=nn.Conv2d(3, 16, 5, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(16, 32, 3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(32, 32, 3, padding=1),
            relu3=nn.ReLU(),
            pool3=nn.MaxPool2d(2),
            flatten=FlattenDigits(),  # (N, 32 * 4 * 4)
            fc4=nn.Linear(512, 64),
            relu4=nn.ReLU(),
            classifier=nn.Linear(64, len(DIGIT_CATEGORIES)),
        )
    )


def digit_decoder() -> nn.Sequential:
    """Return the untrained decoder of digits: it can draw nothing but what it has learned to.

    Input: (N, 8) latents, about standard normal. Output: (N, 3, 32, 32) in [0, 1], grey.
    """
    return nn.Sequential(
        OrderedDict(
            fc1=nn.Linear(DECODER_LATENTS, 128),
            relu1=nn.ReLU(),
            fc2=nn.Linear(128, 128),
            relu2=nn.ReLU(),
            fc3=nn.Linear(128, 64),
            sigmoid=nn.Sigmoid(),
            unflatten=nn.Unflatten(1, (1, 8, 8)),
            # The digits are 8 x 8 pictures enlarged in this very way.
            enlarge=nn.Upsample(scale_factor=4, mode="bilinear", align_corners=False),
            colours=ThreeChannels(),
        )
    )


class FlattenDigits(nn.Flatten):
    """Flatten the features of 32 x 32 pixels; of other sizes, the layers above take any."""

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, 32 * 4 * 4) of (N, 32, 4, 4)."""
        if features.shape[2:] != (4, 4):
            height, width = features.shape[2:]
            raise ValueError(
                "The digit classifier takes images of 32 x 32 pixels; these gave "
                f"{height} x {width} features, expected 4 x 4: use labkit.images.resize"
            )
        return super().forward(features)


class ThreeChannels(nn.Module):
    """Repeat the one channel of a grey picture."""

    def forward(self, grey: Tensor) -> Tensor:
        """Return (N, 3, H, W) of (N, 1, H, W)."""
        return grey.repeat(1, 3, 1, 1)


class Normalize(nn.Module):
    """Map images in [0, 1] to the range that the first convolution was trained on."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, images: Tensor) -> Tensor:
        """Return (images - mean) / std, same shape."""
        return (images - self.mean) / self.std
