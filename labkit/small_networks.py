"""The two small networks of the project itself: photo patches (filters to look at) and digits.

Only architectures; `labkit.models.load_model("filters" | "digits")` adds the weights that
`training/train_filters.py` and `training/train_digits.py` made.
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

    Input: (N, 3, 32, 32) in [0, 1]. Output: (N, 10) logits over DIGIT_CATEGORIES.
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
            flatten=nn.Flatten(),  # (N, 32 * 4 * 4)
            fc4=nn.Linear(512, 64),
            relu4=nn.ReLU(),
            classifier=nn.Linear(64, len(DIGIT_CATEGORIES)),
        )
    )


class Normalize(nn.Module):
    """Map images in [0, 1] to the range that the first convolution was trained on."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, images: Tensor) -> Tensor:
        """Return (images - mean) / std, same shape."""
        return (images - self.mean) / self.std
