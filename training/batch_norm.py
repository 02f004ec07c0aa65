"""Train with batch normalization, ship without: put it in, and fold it into the weights."""

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


def with_batch_norm(model: nn.Sequential) -> nn.Sequential:
    """Return a network with batch normalization before every ReLU, sharing the model's layers."""
    result = nn.Sequential()
    for name, module in model.named_children():
        result.add_module(name, module)
        if name == "classifier":
            continue
        if isinstance(module, nn.Conv2d):
            result.add_module(f"norm_{name}", nn.BatchNorm2d(module.out_channels))
        elif isinstance(module, nn.Linear):
            result.add_module(f"norm_{name}", nn.BatchNorm1d(module.out_features))
    return result


def fold_batch_norm(model: nn.Sequential) -> nn.Sequential:
    """Return, in eval mode, the same function with the names it had before `with_batch_norm`."""
    fuse = {nn.Conv2d: fuse_conv_bn_eval, nn.Linear: fuse_linear_bn_eval}
    modules = dict(model.eval().named_children())
    result = nn.Sequential()
    for name, module in modules.items():
        norm = modules.get(f"norm_{name}")
        if norm is not None:
            module = fuse[type(module)](module, norm)
        if not name.startswith("norm_"):
            result.add_module(name, module)
    return result.eval()
