"""Features come batch by batch, are kept by content, and are never those of another function."""

from unittest import mock

import pytest
import torch
from torch import nn

from labkit import features
from labkit.features import stream_features
from labkit.hooks import capture


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    return tmp_path / "features"


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 5, 6)).requires_grad_(False).eval()


@pytest.fixture
def images():
    return torch.rand(7, 3, 4, 5, generator=torch.Generator().manual_seed(1))


def plain(model, images):
    return model(images)


def negative(model, images):
    return -model(images)


def calls(function, model, images, **options):
    """Return the features and the sizes of the batches that were computed."""
    with mock.patch.object(features, "_extract", wraps=features._extract) as spy:
        found = stream_features(function, model, images, progress=False, **options)
    return found, [len(call.args[2]) for call in spy.call_args_list]


def test_batches_give_what_one_call_gives(model, images):
    found, seen = calls(plain, model, images, batch=3)
    assert seen == [3, 3, 1]
    assert torch.allclose(found, model(images), atol=1e-6)


def test_a_second_call_computes_nothing(model, images):
    first, _ = calls(plain, model, images, batch=3)
    again, seen = calls(plain, model, images.clone(), batch=3)
    assert seen == []
    assert torch.equal(first, again)


def test_another_function_network_or_image_is_computed(model, images):
    """A corrected function is never served what the wrong one gave."""
    first, _ = calls(plain, model, images, batch=7)
    other, seen = calls(negative, model, images, batch=7)
    assert seen == [7]
    assert torch.equal(other, -first)
    images[6, 0, 0, 0] = 1 - images[6, 0, 0, 0]
    assert calls(plain, model, images, batch=4)[1] == [4, 3]
    assert calls(plain, model, images, batch=4)[1] == []
    model[1].weight.data *= 2
    assert calls(plain, model, images, batch=4)[1] == [4, 3]


def test_only_the_batches_that_changed_are_computed(model, images):
    calls(plain, model, images, batch=3)
    images[6] = 0
    assert calls(plain, model, images, batch=3)[1] == [1]


def test_an_interrupted_call_goes_on_where_it_stopped(model, images, folder):
    compute = features._extract

    def interrupted(extract, model, some):
        if len(some) == 1:
            raise KeyboardInterrupt
        return compute(extract, model, some)

    with (
        mock.patch.object(features, "_extract", interrupted),
        pytest.raises(KeyboardInterrupt),
    ):
        stream_features(plain, model, images, batch=3, progress=False)
    assert len(list(folder.iterdir())) == 2
    assert calls(plain, model, images, batch=3)[1] == [1]


def test_a_damaged_file_is_computed_again(model, images, folder):
    first, _ = calls(plain, model, images, batch=7)
    (file,) = folder.iterdir()
    for damage in (b"", file.read_bytes()[:-8], b"x" * 100):
        file.write_bytes(damage)
        again, seen = calls(plain, model, images, batch=7)
        assert seen == [7]
        assert torch.equal(first, again)
    assert [f.suffix for f in folder.iterdir()] == [".safetensors"]


def test_a_folder_that_cannot_be_made_costs_only_time(model, images, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "file"))
    for _ in range(2):
        found, seen = calls(plain, model, images, batch=7)
        assert seen == [7]
        assert torch.equal(found, model(images))


def test_without_cache_nothing_is_written(model, images, folder):
    calls(plain, model, images, cache=False)
    assert not folder.exists()


def test_a_network_with_hooks_is_computed_each_time(model, images):
    calls(plain, model, images, batch=7)
    with capture(model, "1"):
        assert calls(plain, model, images, batch=7)[1] == [7]


def test_the_oldest_files_make_room(model, images, folder, monkeypatch):
    calls(plain, model, images, batch=1)
    size = next(folder.iterdir()).stat().st_size
    monkeypatch.setattr(features, "MOST_BYTES", 3 * size)
    calls(plain, model, images, batch=1)
    assert len(list(folder.iterdir())) == 3


def test_the_function_cannot_change_the_callers_images(model, images):
    def careless(model, images):
        return model(images.zero_())

    before = images.clone()
    assert stream_features(careless, model, images, progress=False).shape == (7, 6)
    assert torch.equal(images, before)


def test_features_carry_no_gradient(model, images):
    found = stream_features(plain, model.requires_grad_(), images, progress=False, cache=False)
    assert not found.requires_grad


def test_an_unanswered_exercise_gives_none(model, images, folder):
    assert stream_features(lambda model, images: None, model, images, progress=False) is None
    assert not folder.exists()


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (lambda model, images: model(images)[0], r"gave \(6,\) for a batch of 7 images"),
        (lambda model, images: model(images)[:1], r"gave \(1, 6\).*shape \(7, D\)"),
        (lambda model, images: [1.0], "gave list"),
    ],
)
def test_anything_but_one_row_an_image_is_refused(model, images, wrong, got):
    with pytest.raises(ValueError, match=got):
        stream_features(wrong, model, images, progress=False)


def test_images_and_batch_are_checked(model, images):
    with pytest.raises(ValueError, match="expected at least 1 image"):
        stream_features(plain, model, images, batch=0)
    with pytest.raises(ValueError, match="expected"):
        stream_features(plain, model, images[0])
