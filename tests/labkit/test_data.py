"""The pictures that need no network: right convention, right credits, nothing shared."""

import socket

import numpy as np
import pytest
import torch
from PIL import Image

from labkit import data
from labkit.images import check_images


@pytest.fixture(autouse=True)
def no_own_photos(tmp_path, monkeypatch):
    """Run in an empty folder, so that a developer's own photos cannot change a test."""
    (tmp_path / "lab").mkdir()
    monkeypatch.chdir(tmp_path / "lab")
    monkeypatch.delenv("LABKIT_PHOTOS", raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("this must need no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


# --- photos and textures ----------------------------------------------------------------------


def test_every_photo_and_texture_is_there_and_keeps_the_convention():
    """The files come with scikit-image, scikit-learn and Matplotlib; a release may drop one."""
    for sample in data.samples():
        assert sample.path.is_file(), sample.name
        load = data.photo if sample.kind == "photo" else data.texture
        image = check_images(load(sample.name, 64))
        assert image.shape == (1, 3, 64, 64)
        assert image.std() > 0.04, f"{sample.name} shows nothing"


def test_boxes_lie_inside_their_pictures_and_are_square():
    for sample in data.samples():
        left, top, width, height = sample.box
        with Image.open(sample.path) as picture:
            assert left + width <= picture.width
            assert top + height <= picture.height
        assert width == height


def test_every_sample_has_its_credits():
    """CC BY asks for author, licence, source, and to say what was changed."""
    for sample in data.samples():
        assert sample.author
        assert sample.licence
        assert sample.source.startswith("http")
        if "CC BY" in sample.licence:
            assert "cut and resized" in sample.licence


def test_labels_name_the_class():
    from torchvision.models import ResNet18_Weights

    categories = ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
    labelled = [sample for sample in data.samples() if sample.imagenet_index is not None]
    assert len(labelled) >= 6
    for sample in labelled:
        assert categories[sample.imagenet_index] == sample.label
        assert data.photo_label(sample.name) == sample.imagenet_index


def test_photo_label_is_none_where_no_class_fits_and_refuses_unknown_names():
    assert data.photo_label("astronaut") is None
    with pytest.raises(ValueError, match="No photo 'dgo'; expected one of cat, coffee"):
        data.photo_label("dgo")


def test_photos_is_the_batch_of_photo():
    both = data.photos(["coffee", "cat"], size=32)
    assert torch.equal(both[1:], data.photo("cat", 32))
    assert len(data.photos(size=16)) == len(data.photo_names())
    assert data.photo("cat", (20, 30)).shape == (1, 3, 20, 30)


def test_a_size_may_be_a_list_or_numpys():
    assert data.photo("cat", [8, 9]).shape == (1, 3, 8, 9)
    assert data.texture("brick", np.int64(8)).shape == (1, 3, 8, 8)
    with pytest.raises(ValueError, match="size is 0; expected a positive int"):
        data.photo("cat", 0)


def test_none_of_the_photos_or_views_is_refused_by_name():
    with pytest.raises(ValueError, match="names is empty"):
        data.photos([])
    with pytest.raises(ValueError, match="views is 0; expected at least 1"):
        data.sample_gallery(views=0)


def test_grey_textures_stay_grey_and_histology_is_coloured():
    assert data.texture_names() == ["brick", "grass", "gravel", "histology"]
    for name in data.texture_names():
        image = data.texture(name, 32)
        assert torch.equal(image[:, 0], image[:, 2]) == (name != "histology")


@pytest.mark.parametrize(
    ("make", "known"),
    [(data.photo, "cat"), (data.texture, "brick"), (data.style, "swirls")],
)
def test_unknown_names_list_the_known_ones(make, known):
    with pytest.raises(ValueError, match=rf"No \w+ 'nothing'; expected one of .*{known}"):
        make("nothing", 32)


@pytest.mark.parametrize(
    "make",
    [
        lambda: data.photo("cat", 32),
        lambda: data.photos(["cat"], 32),
        lambda: data.texture("brick", 32),
        lambda: data.style("dots", 32),
        lambda: data.digits()[0],
        lambda: data.digits()[1],
        lambda: data.digits("test")[0],
        lambda: data.sample_gallery(8, views=1).images,
    ],
)
def test_a_change_in_place_does_not_leak_into_the_next_call(make):
    before = make().clone()
    make().zero_()
    assert torch.equal(make(), before)


# --- the user's own photos ----------------------------------------------------------------------


@pytest.mark.parametrize("where", ["lab/my-photos", "my-photos", "elsewhere"])
def test_own_photo_is_found_beside_or_above_the_notebook_or_where_told(
    no_own_photos, monkeypatch, capsys, where
):
    folder = no_own_photos / where
    folder.mkdir(parents=True)
    if where == "elsewhere":
        monkeypatch.setenv("LABKIT_PHOTOS", str(folder))
    Image.new("RGB", (50, 40), (255, 0, 0)).save(folder / "dog.png")
    assert data.photo("dog", 8)[0, :, 4, 4].tolist() == [1, 0, 0]
    assert "Your own photo" in capsys.readouterr().out
    assert data.photo_names()[-1] == "dog"
    assert data.photo_label("dog") is None


def test_own_photo_replaces_the_kits_until_it_is_taken_away(no_own_photos):
    kits = data.photo("cat", 16)
    own = no_own_photos / "my-photos" / "cat.jpg"
    own.parent.mkdir()
    Image.new("L", (30, 30), 128).save(own)
    assert (data.photo("cat", 16) - 128 / 255).abs().max() < 0.01
    assert data.photo_label("cat") is None
    assert data.photo_names().count("cat") == 1
    own.unlink()
    assert torch.equal(data.photo("cat", 16), kits)
    assert data.photo_label("cat") == 285


def test_damaged_own_photo_says_which_file(no_own_photos):
    folder = no_own_photos / "my-photos"
    folder.mkdir()
    (folder / "cat.heic").write_bytes(b"not readable here")
    with pytest.raises(ValueError, match=r"cat\.heic cannot be read.*HEIC"):
        data.photo("cat")


def test_hidden_files_are_no_photos(no_own_photos):
    folder = no_own_photos / "my-photos"
    folder.mkdir()
    (folder / ".DS_Store").write_bytes(b"x")
    assert ".DS_Store" not in data.photo_names()


def test_what_a_system_leaves_in_the_folder_is_no_photo(no_own_photos):
    folder = no_own_photos / "my-photos"
    folder.mkdir()
    kits = data.photo_names()
    for name in ("Thumbs.db", "desktop.ini", "._dog.png", "notes.txt", "photo.pdf", "README"):
        (folder / name).write_bytes(b"x")
    Image.new("L", (9, 9)).save(folder / "dog.PNG")
    assert data.photo_names() == [*kits, "dog"]
    assert data.photos(size=8).shape == (len(kits) + 1, 3, 8, 8)


def test_a_folder_of_photos_that_is_not_there_is_named(no_own_photos, monkeypatch):
    monkeypatch.setenv("LABKIT_PHOTOS", str(no_own_photos / "phtos"))
    with pytest.warns(UserWarning, match="LABKIT_PHOTOS is .*phtos, which is no folder"):
        assert "cat" in data.photo_names()


# --- digits -------------------------------------------------------------------------------------


def test_digits_contract():
    images, labels = data.digits()
    assert images.shape == (1797, 3, 32, 32)
    check_images(images)
    assert labels.dtype == torch.int64
    assert torch.equal(images[:, 0], images[:, 2])
    assert images[:, :, 0, 0].mean() < 0.05, "black ground"
    assert images.amax() == 1, "white strokes"


def test_digits_split_is_fixed_disjoint_and_stratified():
    train, train_labels = data.digits("train")
    test, test_labels = data.digits("test")
    assert (len(train), len(test)) == (1257, 540)
    shares = test_labels.bincount() / (test_labels.bincount() + train_labels.bincount())
    assert (shares - 0.3).abs().max() < 0.01
    state = torch.get_rng_state()
    assert torch.equal(data.digits("test")[0], test)
    assert torch.equal(torch.get_rng_state(), state)
    whole = data.digits()[0].flatten(1).numpy()
    parts = torch.cat([train, test]).flatten(1).numpy()
    assert np.array_equal(np.sort(whole.sum(1)), np.sort(parts.sum(1)))
    with pytest.raises(ValueError, match="split is 'val'; expected 'train', 'test'"):
        data.digits("val")


# --- patches and the gallery without a network ----------------------------------------------------


def numbered(count: int, height: int, width: int) -> torch.Tensor:
    """Images whose every pixel is different, so that a patch tells where it came from."""
    values = torch.arange(count * height * width).float() / (count * height * width)
    return values.reshape(count, 1, height, width).repeat(1, 3, 1, 1)


def test_patches_are_whole_windows_of_the_images():
    images = numbered(3, 9, 11)
    windows = images.unfold(2, 4, 1).unfold(3, 4, 1)  # (N, 3, 6, 8, 4, 4)
    known = {tuple(w.flatten().tolist()) for w in windows[:, 0].reshape(-1, 4, 4)}
    cut = data.patches(images, 4, 200, seed=1)
    assert cut.shape == (200, 3, 4, 4)
    assert all(tuple(patch[0].flatten().tolist()) in known for patch in cut)
    assert len({tuple(patch[0].flatten().tolist()) for patch in cut}) > 90, "spread over places"


def test_patches_reach_every_border_and_keep_colours():
    cut = data.patches(numbered(1, 3, 4), 2, 100)
    assert {round(v * 12) for v in cut[:, 0, 0, 0].tolist()} == {0, 1, 2, 4, 5, 6}
    red = torch.zeros(1, 3, 6, 6)
    red[:, 0] = 1
    assert data.patches(red, 3, 5).mean((0, 2, 3)).tolist() == [1, 0, 0]


def test_patches_are_seeded_and_refuse_a_size_too_large():
    images = numbered(2, 8, 8)
    assert torch.equal(data.patches(images, 3, 9, seed=5), data.patches(images, 3, 9, seed=5))
    assert not torch.equal(data.patches(images, 3, 9, seed=5), data.patches(images, 3, 9, seed=6))
    assert data.patches(images, 8, 2).shape == (2, 3, 8, 8)
    with pytest.raises(ValueError, match="size is 9; expected 1 to 8, images are 8 x 8"):
        data.patches(images, 9, 2)


def test_sample_gallery_has_groups_and_labels():
    found = data.sample_gallery(size=16, views=2)
    check_images(found.images)
    kinds = len(data.samples()) + len(data.style_names())
    assert len(found.images) == len(found.labels) == len(found.names) == len(found.groups)
    assert len(found.images) == 2 * kinds
    assert len(set(found.groups)) == kinds
    assert len(set(found.names)) == 2 * kinds
    assert found.labels[found.groups.index("cat")] == 285
    assert found.labels[found.groups.index("swirls")] == -1
    assert not torch.equal(found.images[0], found.images[1]), "views of one picture differ"
