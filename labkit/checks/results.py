"""What the visible checks of several labs share: reading a result, and networks worked by hand."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def tensor_of(value: object, shape: tuple[int, ...], what: str = "the result") -> Tensor:
    """Return a result as a detached float64 tensor, or say how its type, shape or values differ.

    A list of numbers or of tensors will do, as it does for the grader.

    Args:
        shape: expected; () also takes a tensor of one element.
        what: how the message calls it.
    """
    if isinstance(value, list | tuple):
        value = stacked(value, what)
    assert isinstance(value, Tensor), f"{what} should be a tensor, and is a {type(value).__name__}"
    if shape == () and value.numel() == 1:
        value = value.reshape(())
    assert tuple(value.shape) == shape, (
        f"{what} should have shape {shape}, and has {tuple(value.shape)}"
    )
    assert torch.isfinite(value).all(), f"{what} holds NaN or infinity"
    return value.detach().double()


def stacked(values: Sequence, what: str = "the result") -> Tensor:
    """Return a list of numbers, of lists or of tensors as one float64 tensor."""
    try:
        return torch.stack([torch.as_tensor(v, dtype=torch.float64) for v in values])
    except (TypeError, ValueError, RuntimeError) as error:
        raise AssertionError(
            f"{what} should be a tensor, and is a {type(values).__name__} of other things than "
            "numbers of one shape"
        ) from error


def near(found: Tensor, expected: object, atol: float = 1e-5) -> bool:
    """Return whether a result has these values; `torch.allclose` raises where dtypes differ."""
    return torch.allclose(found, torch.as_tensor(expected).to(found), atol=atol)


def numbers(values: Tensor, digits: int = 3) -> list[float]:
    """Return values as a readable list."""
    return [round(float(v), digits) for v in values.flatten()]


class Picky(nn.Sequential):
    """A network for (N, 3, H, W) that says so when it gets something else."""

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        if images.dim() != 4 or images.shape[1] != 3:
            raise ValueError(f"the network takes (N, 3, H, W), and got {tuple(images.shape)}")
        return super().forward(images)


def linear_network(weight: Tensor, bias: Sequence[float] | Tensor | None = None) -> Picky:
    """Return a network whose logits are inner products with weight (K, 3, H, W), plus a bias."""
    layer = nn.Linear(weight[0].numel(), len(weight))
    layer.weight.data = weight.flatten(1).clone()
    layer.bias.data = torch.zeros(len(weight)) if bias is None else torch.as_tensor(bias).float()
    return Picky(nn.Flatten(), layer).requires_grad_(False).eval()
