"""Torchvision's networks: the same logits as the originals, and clear words without a network."""

import re
import socket
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from labkit import downloads, torchvision_networks
from labkit.images import resize, to_tensor
from labkit.models import available_models, load_model, random_model
from labkit.torchvision_networks import NAMES, WeightsMissingError

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
RELU = nn.ReLU | nn.ReLU6


def photos():
    """Something smoother than noise, of which max pooling leaves nothing but the brightest."""
    seeds = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    return nn.functional.interpolate(seeds, size=(64, 72), mode="bilinear")


def original(name):
    """Return torchvision's own network with cheap random weights and busy statistics."""
    from torchvision.models import get_model

    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    if name == "googlenet":
        options["transform_input"] = True  # as its weights were trained
    with torch.device("meta"):  # no initialization: VGG's takes seconds
        network = get_model(name, weights=None, **options).to_empty(device="cpu")
    generator = torch.Generator().manual_seed(0)
    for values in network.state_dict().values():
        if values.ndim > 1:  # uniform with He's variance
            values.uniform_(-1, 1, generator=generator).mul_((6 / values[0].numel()) ** 0.5)
        elif values.is_floating_point():  # biases, scales, means and variances
            values.uniform_(0.2, 0.6, generator=generator)
        else:
            values.zero_()
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module", params=NAMES)
def rewritten(request):
    """Return the kit's network, and the logits that the original gave for `photos()`."""
    source = original(request.param)
    logits = source((photos() - MEAN) / STD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torchvision_networks, "_untrained", lambda name: source)
        patch.setattr("labkit.models.randomize", lambda *_: None)
        model = random_model(request.param)
    return model, logits


def test_logits_are_those_of_the_original(rewritten):
    model, logits = rewritten
    assert logits.std() > 0
    assert torch.allclose(model(photos()), logits, rtol=1e-4, atol=1e-4 * logits.abs().max())


def test_no_activation_is_functional_shared_or_in_place(rewritten):
    """Counts what PyTorch is asked to do, whatever the modules say."""
    model, _ = rewritten
    modules = [module for module in model.modules() if isinstance(module, RELU)]
    calls = []
    handles = [m.register_forward_hook(lambda m, inputs, out: calls.append(m)) for m in modules]
    with Record() as record:
        model(photos())
    for handle in handles:
        handle.remove()
    assert sorted(map(id, calls)) == sorted(map(id, modules))
    assert record.names.count("relu") == len(modules)
    assert not record.in_place()


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18", "googlenet"])
def test_the_originals_do_work_in_place(name):
    """Guards the test above: what it looks for can be found."""
    with Record() as record:
        original(name)(photos())
    assert record.in_place()


class Record(TorchFunctionMode):
    """Notes the names of all PyTorch functions called; `inplace=True` counts as in place."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", str(func))
        self.names.append(name + "_" * bool((kwargs or {}).get("inplace")))
        return func(*args, **(kwargs or {}))

    def in_place(self):
        return [
            name for name in self.names if name == "__iadd__" or re.fullmatch(r"[a-z].*_", name)
        ]


def test_captured_activations_are_not_changed_later(rewritten):
    model, _ = rewritten
    seen = []
    handles = [
        module.register_forward_hook(lambda m, inputs, out: seen.append((out, out.clone())))
        for module in model.modules()
    ]
    model(photos())
    for handle in handles:
        handle.remove()
    assert len(seen) > 10
    assert all(torch.equal(output, then) for output, then in seen)


def test_layers_exist_in_order_and_are_marked_rightly(rewritten):
    model, _ = rewritten
    outputs = {}
    handles = [
        model.get_submodule(layer).register_forward_hook(
            lambda m, inputs, out, layer=layer: outputs.update({layer: out})
        )
        for layer in model.layers
    ]
    model(photos())
    for handle in handles:
        handle.remove()
    assert list(outputs) == list(model.layers), "shallow to deep, each called"
    assert all((outputs[layer].min() >= 0) == layer.rectified for layer in model.layers)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return an empty torch hub folder for checkpoints."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


@pytest.fixture
def offline(monkeypatch):
    def refuse(request):
        raise URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "urlopen", refuse)


def test_a_cached_file_is_used_without_a_network(hub, offline):
    source = original("squeezenet1_1")
    torch.save(source.state_dict(), hub / "squeezenet1_1-b8a52dc0.pth")
    assert available_models() == ("lite0", "filters", "digits", "squeezenet1_1")
    logits = load_model("squeezenet1_1")(photos())
    assert torch.allclose(logits, source((photos() - MEAN) / STD), rtol=1e-4, atol=1e-4)


def test_googlenet_is_normalized_as_its_weights_were_trained(hub, offline):
    """Its file has auxiliary classifiers, and expects mean and standard deviation of 0.5."""
    from torchvision.models import googlenet

    torch.manual_seed(0)
    source = googlenet(init_weights=False, aux_logits=True, transform_input=True).eval()
    torch.save(source.state_dict(), hub / "googlenet-1378be20.pth")
    model = load_model("googlenet")
    inputs = []
    model.conv1.register_forward_pre_hook(lambda m, args: inputs.append(args[0]))
    logits = model(photos())
    assert torch.allclose(inputs[0], (photos() - 0.5) / 0.5, atol=1e-6)
    assert torch.allclose(logits, source((photos() - MEAN) / STD), atol=1e-5)
    assert not [name for name, _ in model.named_modules() if name.startswith("aux")]


def test_without_a_network_the_error_says_what_to_do(hub, offline):
    with pytest.raises(WeightsMissingError) as caught:
        load_model("alexnet")
    message = str(caught.value)
    for part in (
        "'alexnet' are not here and could not be downloaded",
        "Name or service not known",
        "alexnet-owt-7be5be79.pth",
        str(hub),
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        "load_model('digits')",
    ):
        assert part in message
    assert not list(hub.iterdir()), "a failed download leaves nothing behind"


def test_a_silent_server_does_not_hang_the_notebook(hub, monkeypatch):
    monkeypatch.setattr(downloads, "LONGEST_SILENCE", 0.2)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        monkeypatch.setattr(torch.hub, "urlopen", lambda request: urlopen(address))
        start = time.perf_counter()
        with pytest.raises(WeightsMissingError, match="timed out"):
            load_model("squeezenet1_1")
    assert time.perf_counter() - start < 5
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04cut off"])
def test_a_damaged_file_is_named(hub, offline, content):
    """A file copied by hand can be empty, a web page or half a file."""
    (hub / "squeezenet1_1-b8a52dc0.pth").write_bytes(content)
    with pytest.raises(WeightsMissingError, match=r"cannot be read(.|\n)*Delete it and try again"):
        load_model("squeezenet1_1")


def test_random_weights_need_no_download_and_stay_alive(hub, offline):
    """GoogLeNet's default initialization gives every image the same logits, to seven digits."""
    from skimage import data

    pictures = [resize(to_tensor(picture()), (96, 96)) for picture in (data.chelsea, data.coffee)]
    logits = random_model("googlenet", seed=1)(torch.cat(pictures))  # (2, 1000)
    assert 0.1 < logits.std() < 10
    assert (logits[0] - logits[1]).std() > 0.05
    assert torch.equal(logits, random_model("googlenet", seed=1)(torch.cat(pictures)))
