"""Capture leaves no hook, replacement leaves no activation behind; both restore everything."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.hooks import activations, capture, hook_count, replace_activations
from labkit.models import load_model


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU6(), nn.Flatten()
    ).requires_grad_(False)


@pytest.fixture
def images():
    return torch.rand(2, 3, 8, 7, generator=torch.Generator().manual_seed(1))


class Net(nn.Module):
    """A network whose forward pass is given as a function of its parts."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.steps = forward

    def forward(self, x):
        return self.steps(self, x)


# capture


def test_captured_values_equal_running_the_layers_by_hand(model, images):
    with capture(model, ["0", "2"]) as features:
        model(images)
    assert torch.equal(features["0"], model[0](images))
    assert torch.equal(features["2"], model[:3](images))
    assert hook_count(model) == 0


def test_captured_activations_lie_on_the_path_from_image_to_logits(model, images):
    images.requires_grad_()
    with capture(model, ["2"]) as features:
        logits = model(images)
    through = torch.autograd.grad(logits.sum(), features["2"], retain_graph=True)[0]
    chained = torch.autograd.grad(features["2"], images, through, retain_graph=True)[0]
    assert torch.allclose(chained, torch.autograd.grad(logits.sum(), images)[0])


def test_captured_activations_of_the_embedded_network_lie_on_the_path(images):
    """It works in channels-last order, and a contiguous copy must not stand beside the path."""
    model, layer = load_model(), "blocks.2.1"
    images = torch.rand(1, 3, 64, 64, requires_grad=True)
    with capture(model, [layer]) as features:
        logits = model(images)
    through = torch.autograd.grad(logits[0, 281], features[layer], retain_graph=True)[0]
    chained = torch.autograd.grad(features[layer], images, through, retain_graph=True)[0]
    whole = torch.autograd.grad(logits[0, 281], images)[0]
    assert torch.allclose(chained, whole, atol=1e-5 * whole.abs().max())
    assert features[layer].is_contiguous()


def test_a_later_in_place_module_does_not_change_what_was_captured(images):
    conv = nn.Conv2d(3, 4, 3)
    model = nn.Sequential(conv, nn.ReLU(inplace=True))
    with capture(model, ["0", "1"]) as features:
        logits = model(images)
    assert torch.equal(features["0"], conv(images))
    assert features["0"].min() < 0
    assert torch.equal(features["1"], logits)
    features["0"].sum().backward()


def test_no_hook_exists_before_entering(model):
    captured = capture(model, ["0"])
    assert hook_count(model) == 0
    with captured:
        assert hook_count(model) == 1


def test_a_misspelt_layer_leaves_no_hook_and_names_close_ones(model):
    with (
        pytest.raises(ValueError, match=r"no layer 'conv1'; did you mean 'conv_1'"),
        capture(nn.ModuleDict({"conv_1": model}), ["conv1"]),
    ):
        pass
    with (
        pytest.raises(ValueError, match=r"named_modules\(\)"),
        capture(model, ["0", "nothing like it"]),
    ):
        pass
    assert hook_count(model) == 0


def test_the_error_points_to_model_layers_where_they_exist(model):
    model.layers = ["0"]
    with pytest.raises(ValueError, match=r"model\.layers"):
        activations(model, torch.zeros(1, 3, 8, 8), ["00"])


def test_an_empty_list_of_layers_is_an_error(model, images):
    with pytest.raises(ValueError, match="at least one layer"):
        activations(model, images, [])


def test_hooks_are_gone_after_an_exception(model, images):
    with pytest.raises(ZeroDivisionError), capture(model, ["0"]):
        raise ZeroDivisionError
    with pytest.raises(RuntimeError):
        activations(model, torch.zeros(1, 9, 8, 8), ["2"])  # nine channels: the model fails
    assert hook_count(model) == 0


def test_reading_before_the_forward_pass_says_what_to_do(model):
    with capture(model, ["0"]) as features, pytest.raises(LookupError, match=r"model\(images\)"):
        features["0"]


def test_reading_a_layer_that_was_not_asked_for_lists_the_captured_ones(model, images):
    with capture(model, ["0"]) as features:
        model(images)
    with pytest.raises(LookupError, match=r"'1' was not captured; captured are \['0'\]"):
        features["1"]


def test_an_output_that_is_not_a_tensor_is_named(images):
    pool = nn.MaxPool2d(2, return_indices=True)
    with pytest.raises(TypeError, match=r"layer '0' \(MaxPool2d\) returned a tuple"):
        activations(nn.Sequential(pool), images, ["0"])
    assert hook_count(pool) == 0


def test_captures_nest_and_a_capture_can_be_entered_again(model, images):
    outer = capture(model, ["0"])
    with outer, capture(model, ["0"]) as inner:
        model(images)
    assert torch.equal(outer["0"], inner["0"])
    with outer, outer:
        model(images * 2)
    assert not torch.equal(outer["0"], inner["0"])
    assert hook_count(model) == 0


def test_entering_again_forgets_the_earlier_activations(model, images):
    features = capture(model, ["0"])
    with features:
        model(images)
    with features, pytest.raises(LookupError):
        features["0"]


def test_a_layer_called_twice_gives_its_last_call(images):
    net = Net(lambda net, x: net.act(net.act(x) - 0.5), act=nn.ReLU())
    with capture(net, "act") as features:
        last = net(images)
    assert torch.equal(features["act"], last)


# activations


def test_activations_come_in_the_order_asked_for_and_equal_capture(model, images):
    found = activations(model, images, ["3", "0", "2"])
    with capture(model, ["0", "2", "3"]) as features:
        model(images)
    assert list(found) == ["3", "0", "2"]
    assert all(torch.equal(found[name], features[name]) for name in found)


def test_the_forward_pass_stops_after_the_last_layer_needed(model, images):
    reached = []
    handle = model[2].register_forward_hook(lambda *_: reached.append("2"))
    activations(model, images, ["1", "0", "1"])
    assert reached == []
    activations(model, images, ["2"])
    assert reached == ["2"]
    handle.remove()


def test_execution_order_may_differ_from_registration_order(images):
    first, second = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
    net = Net(lambda net, x: net.a(net.b(x)), a=second, b=first)
    found = activations(net, images, ["a", "b"])
    assert torch.equal(found["a"], second(first(images)))
    assert torch.equal(found["b"], first(images))


def test_a_layer_that_is_never_called_is_an_error_and_not_a_wrong_answer(images):
    net = Net(lambda net, x: net.a(x), a=nn.ReLU(), unused=nn.ReLU())
    with pytest.raises(LookupError, match="never calls this module"):
        activations(net, images, ["unused"])


def test_one_capture_does_not_swallow_the_stop_of_another(model, images):
    after = []
    with capture(model, ["2"], stop=True) as outer:
        with capture(model, ["0"]) as inner:
            model(images)
        after.append("the inner block must not go on")
    assert after == []
    assert set(outer) == {"2"}
    assert set(inner) == {"0"}


def test_activations_keep_mode_and_gradient_to_the_image(model, images):
    model.train()
    images.requires_grad_()
    found = activations(model, images, "2")["2"]
    assert torch.autograd.grad(found.sum(), images)[0].abs().sum() > 0
    assert model.training
    assert not any(p.requires_grad for p in model.parameters())


# replace_activations


def twice(x):
    """Not a rectifier, so that a module that was left alone changes the result."""
    return 2 * x


def test_relu_and_relu6_are_replaced_and_restored(model, images):
    before = model(images)
    with replace_activations(model, twice) as replaced:
        inside = model(images)
    hidden = 2 * model[2](2 * model[0](images))
    assert replaced == ["1", "3"]
    assert torch.equal(inside, hidden.clamp(max=6).flatten(1))
    assert torch.equal(model(images), before)


def test_relu6_keeps_its_ceiling():
    with replace_activations(act := nn.ReLU6(), twice):
        assert act(torch.tensor([-1.0, 2.0, 5.0])).tolist() == [-2.0, 4.0, 6.0]


def test_in_place_activations_no_longer_change_their_input(images):
    model = nn.Sequential(nn.Identity(), nn.ReLU(inplace=True))
    x = images - 0.5
    before = x.clone()
    with replace_activations(model, twice):
        assert torch.equal(model(x), 2 * before)
    assert torch.equal(x, before)


def test_a_custom_gradient_reaches_the_image(model, images):
    class Negated(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clamp(min=0)  # the caller's own clamp is not the model's

        @staticmethod
        def backward(ctx, gradient):
            return -gradient

    linear = nn.Sequential(nn.ReLU())
    images.requires_grad_()
    with replace_activations(linear, Negated.apply):
        gradient = torch.autograd.grad(linear(images).sum(), images)[0]
    assert torch.equal(gradient, -torch.ones_like(images))


@pytest.mark.parametrize(
    "other", [nn.SiLU(), nn.GELU(), nn.Hardswish(), nn.LeakyReLU(), nn.Sigmoid(), nn.Hardtanh()]
)
def test_another_activation_is_refused_by_name_and_nothing_is_changed(model, images, other):
    before = model(images)
    model.append(other)
    with (
        pytest.raises(ValueError, match=rf"only ReLU and ReLU6.*'5' \({type(other).__name__}\)"),
        replace_activations(model, twice),
    ):
        pytest.fail("the block must not run")
    assert torch.equal(model[:5](images), before)


def test_a_subclass_that_computes_something_else_is_refused():
    class Shifted(nn.ReLU):
        def forward(self, x):
            return F.relu(x) - 1

    class Same(nn.ReLU):
        pass

    with pytest.raises(ValueError, match="Shifted"), replace_activations(Shifted(), twice):
        pass
    with replace_activations(nn.Sequential(Same()), twice) as replaced:
        assert replaced == ["0"]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("relu", F.relu),
        ("relu", lambda x: x.clone().relu_()),
        ("relu6", F.relu6),
        ("silu", F.silu),
        ("sigmoid", lambda x: x * x.sigmoid()),
        ("clamp", lambda x: x.clamp(min=0)),
        ("clamp_min", lambda x: torch.clamp_min(x, 0)),
    ],
)
def test_a_functional_activation_is_refused_when_the_model_runs(images, name, call):
    net = Net(lambda net, x: call(net.act(x)), act=nn.ReLU())
    before = net(images)
    with (
        pytest.raises(ValueError, match=rf"calls {name}\(\) as a function"),
        replace_activations(net, twice),
    ):
        net(images)
    assert torch.equal(net(images), before)


def test_the_callers_own_relu_around_the_model_is_allowed(model, images):
    with replace_activations(model, twice):
        assert F.relu(model(images.clamp(min=0))).min() >= 0


def test_a_clamp_that_is_no_rectifier_is_allowed(images):
    net = Net(lambda net, x: net.act(x) / x.norm().clamp(min=1e-6), act=nn.ReLU())
    with replace_activations(net, twice):
        net(images)


def test_softmax_is_not_an_activation_to_replace(model, images):
    with replace_activations(model.append(nn.Softmax(dim=1)), twice):
        assert torch.allclose(model(images).sum(1), torch.ones(2))


def test_one_module_used_several_times_and_under_two_names(images):
    shared = nn.ReLU()
    net = Net(lambda net, x: net.a(net.b(net.a(x))), a=shared, b=shared)
    with replace_activations(net, twice) as replaced:
        assert torch.equal(net(images), 8 * images)
    assert replaced == ["a"]


def test_a_model_that_is_itself_a_relu(images):
    with replace_activations(act := nn.ReLU(), twice):
        assert torch.equal(act(-images), -2 * images)
    assert act(-images).abs().max() == 0


def test_replacements_nest_and_unwind_after_exceptions(model, images):
    def clamped(x):
        return x.clamp(min=0)

    def broken(x):
        raise ZeroDivisionError

    plain = model(images)
    with replace_activations(model, twice):
        doubled = model(images)
        with replace_activations(model, clamped):
            assert torch.equal(model(images), plain)
        with pytest.raises(ZeroDivisionError), replace_activations(model, broken):
            model(images)
        assert torch.equal(model(images), doubled)
    assert torch.equal(model(images), plain)
    assert all("forward" not in vars(module) for module in model.modules())


def test_mode_hooks_and_requires_grad_are_as_they_were(model, images):
    model[0].train()
    model[2].eval()
    state = copy.deepcopy(model.state_dict())
    with replace_activations(model, twice), capture(model, ["1"]) as features:
        model(images)
    assert torch.equal(features["1"], 2 * model[0](images))
    assert (model[0].training, model[2].training) == (True, False)
    assert not any(p.requires_grad for p in model.parameters())
    assert hook_count(model) == 0
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())


def test_a_stub_or_a_class_in_place_of_the_function_is_named(model, images):
    with (
        pytest.raises(TypeError, match=r"shape \(2, 4, 6, 5\) in place of ReLU, got None"),
        replace_activations(model, lambda x: None),
    ):
        model(images)
    with (
        pytest.raises(TypeError, match=r"such as GuidedReLU\.apply"),
        replace_activations(model, nn.ReLU),
    ):
        pass


def test_a_traced_graph_is_replaced_and_watched(images):
    relu = torch.fx.symbolic_trace(nn.Sequential(nn.ReLU()))
    with replace_activations(relu, twice) as replaced:
        assert torch.equal(relu(images), 2 * images)
    assert replaced == ["0"]
    functional = torch.fx.symbolic_trace(Net(lambda net, x: torch.relu(x)))
    with pytest.raises(ValueError, match="relu"), replace_activations(functional, twice):
        functional(images)


def test_efficientnet_lite0_is_captured_and_replaced_whole():
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    images = torch.rand(1, 3, 32, 32)
    plain = net(images)
    found = activations(net, images, ["blocks.2.1.bn2.act", "blocks.1.0"])
    assert found["blocks.2.1.bn2.act"].shape == (1, 240, 4, 4)
    assert found["blocks.2.1.bn2.act"].min() == 0
    with replace_activations(net, torch.relu) as replaced:
        assert torch.allclose(net(images), plain, atol=1e-6)
    assert len(replaced) == sum(isinstance(m, nn.ReLU6) for m in net.modules()) == 33
    assert hook_count(net) == 0


def test_a_long_list_of_refused_activations_is_cut_short():
    silus = nn.Sequential(*[nn.SiLU() for _ in range(7)])
    with (
        pytest.raises(ValueError, match=r"'4' \(SiLU\) and 2 more"),
        replace_activations(silus, twice),
    ):
        pass


def test_hook_count_sees_every_kind(model):
    model[0].register_forward_pre_hook(lambda *_: None)
    model[0].register_full_backward_hook(lambda *_: None)
    model[2].weight.requires_grad_().register_hook(lambda g: g)
    assert hook_count(model) == 3
