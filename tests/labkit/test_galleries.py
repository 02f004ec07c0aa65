"""Downloads, from a server on this machine: kept, checked, resumed, and refused with advice."""

import hashlib
import re
import socket
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pooch
import pytest
import torch
from PIL import Image

from labkit import downloads, galleries
from labkit.galleries import (
    DownloadError,
    cifar10,
    gallery,
    gallery_available,
    imagenette,
    painting,
)
from labkit.images import check_images

PHOTOS = {"cat_a": "cat", "cat_b": "cat", "cat_c": "cat", "dog_a": "dog", "dog_b": "dog"}
CLOSED = "http://127.0.0.1:9"  # the discard port: nobody listens


class CountingHandler(SimpleHTTPRequestHandler):
    """Serves a folder and remembers what was asked for."""

    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder of five small photos and one painting, the lists that go with it, a fresh cache."""
    rng = np.random.default_rng(0)
    lists = {"photos": {}, "paintings": {}}
    for i, (name, group) in enumerate([*PHOTOS.items(), ("night", "painting")]):
        kind = "paintings" if group == "painting" else "photos"
        path = tmp_path / "served" / kind / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
        row = {"file": path.name, "group": group, "imagenet_index": str(100 + i), "title": name}
        row["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        lists[kind][path.name] = row
    monkeypatch.setattr(galleries, "_rows", lists.__getitem__)
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("LABKIT_MIRROR", str(tmp_path / "served"))
    return tmp_path / "served"


@pytest.fixture
def server(served, monkeypatch):
    """The same folder over HTTP; gives the list of paths that were asked for."""
    handler = type("Handler", (CountingHandler,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(served))) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("LABKIT_MIRROR", f"http://127.0.0.1:{http.server_port}/")
        yield handler.asked
        http.shutdown()
        thread.join()


def cached(served: Path, kind: str = "photos") -> list[str]:
    folder = served.parent / "cache" / kind
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


# --- what comes -----------------------------------------------------------------------------------


def test_gallery_comes_with_labels_names_and_groups(server):
    found = gallery(size=16, progress=False)
    assert check_images(found.images).shape == (5, 3, 16, 16)
    assert found.names == ["cat_a", "dog_a", "cat_b", "dog_b", "cat_c"]
    assert found.groups == ["cat", "dog", "cat", "dog", "cat"]
    assert found.labels.tolist() == [100, 103, 101, 104, 102]
    assert found.labels.dtype == torch.int64


def test_each_file_is_fetched_once(server):
    first = gallery(size=16, progress=False)
    assert len(server) == 5
    second = gallery(size=16, progress=False)
    assert len(server) == 5
    assert torch.equal(first.images, second.images)
    assert second.images.data_ptr() != first.images.data_ptr()


def test_limit_takes_the_groups_in_turn(server):
    assert gallery(limit=4, size=8, progress=False).groups == ["cat", "dog", "cat", "dog"]
    assert gallery(["cat"], limit=2, size=8, progress=False).names == ["cat_a", "cat_b"]
    assert gallery("dog", size=8, progress=False).groups == ["dog", "dog"]
    assert len(server) == 4, "only what was needed, and nothing twice"


def test_a_folder_serves_as_well_as_a_server(served):
    assert len(gallery(size=8, progress=False).images) == 5
    assert painting("night", size=(10, 12)).shape == (1, 3, 10, 12)
    assert cached(served, "paintings") == ["night.jpg"]


def test_progress_bar_only_while_files_are_missing(server, capsys):
    gallery(size=8)
    assert "Fetching photos" in capsys.readouterr().err
    gallery(size=8)
    assert capsys.readouterr().err == ""


def test_pooch_does_not_log_every_file(server, monkeypatch):
    """254 lines of it would bury the progress bar."""
    lines = []
    monkeypatch.setattr(pooch.get_logger(), "handle", lines.append)
    pooch.get_logger().setLevel("INFO")
    gallery(size=8, progress=False)
    assert not lines


def test_files_put_by_hand_need_no_network(served, monkeypatch):
    (served.parent / "cache").mkdir()
    (served / "photos").rename(served.parent / "cache" / "photos")
    monkeypatch.setenv("LABKIT_MIRROR", CLOSED)
    assert gallery_available()
    assert len(gallery(size=8, progress=False).images) == 5


# --- what goes wrong ------------------------------------------------------------------------------


def test_offline_error_gives_address_file_folder_and_the_way_out(served, monkeypatch):
    monkeypatch.setenv("LABKIT_MIRROR", CLOSED)
    with pytest.raises(DownloadError) as error:
        painting("night")
    folder = served.parent / "cache" / "paintings"
    message = str(error.value)
    assert f"{CLOSED}/paintings/night.jpg cannot be reached" in message
    assert f"put night.jpg into {folder} by hand" in message
    assert "LABKIT_MIRROR" in message
    assert "data.photo, data.texture, data.style" in message


@pytest.mark.parametrize("mirror", ["http://", "no/such/folder", "http://[broken", "ftp://host"])
def test_a_wrong_mirror_is_unreachable_not_damaged(served, monkeypatch, mirror):
    monkeypatch.setenv("LABKIT_MIRROR", mirror)
    with pytest.raises(DownloadError, match="cannot be reached or stored"):
        painting("night")


def test_real_addresses_are_used_without_a_mirror(served, monkeypatch):
    asked = []

    def no_network(url, *args, **kwargs):
        asked.append(url)
        raise OSError("Network is unreachable")

    monkeypatch.delenv("LABKIT_MIRROR")
    monkeypatch.setattr("pooch.retrieve", no_network)
    with pytest.raises(DownloadError, match=r"raw\.githubusercontent\.com/EliSchwartz.*cat_a\.jpg"):
        gallery(limit=1, progress=False)
    assert re.search(r"/[0-9a-f]{40}/cat_a\.jpg$", asked[0]), "a fixed commit"


def test_corrupted_download_is_refused_and_removed(served, server):
    (served / "photos" / "dog_a.jpg").write_bytes(b"<html>Please log in to the hotel's wifi</html>")
    with pytest.raises(DownloadError, match=r"dog_a\.jpg came with another SHA-256.*damaged"):
        gallery(size=8, progress=False)
    assert "dog_a.jpg" not in cached(served)
    assert not [name for name in cached(served) if name.startswith("tmp")]


def test_what_was_fetched_before_a_failure_is_kept(served, server):
    missing = served / "photos" / "cat_c.jpg"
    content = missing.read_bytes()
    missing.unlink()
    with pytest.raises(DownloadError, match=r"cat_c\.jpg cannot be reached"):
        gallery(size=8, progress=False)
    assert cached(served) == ["cat_a.jpg", "cat_b.jpg", "dog_a.jpg", "dog_b.jpg"]
    missing.write_bytes(content)
    server.clear()
    gallery(size=8, progress=False)
    assert server == ["/photos/cat_c.jpg"]


def test_a_damaged_file_in_the_cache_is_fetched_again_or_named(served, server, monkeypatch):
    gallery(size=8, progress=False)
    broken = served.parent / "cache" / "photos" / "cat_a.jpg"
    broken.write_bytes(b"half a fi")
    assert len(gallery(size=8, progress=False).images) == 5
    broken.write_bytes(b"half a fi")
    monkeypatch.setenv("LABKIT_MIRROR", CLOSED)
    with pytest.raises(DownloadError, match="the file there is a damaged one"):
        gallery(size=8, progress=False)


def test_gallery_available_tries_one_file_only(served, server, monkeypatch):
    assert gallery_available()
    assert len(server) == 1
    monkeypatch.setenv("LABKIT_MIRROR", CLOSED)
    assert not gallery_available()
    assert gallery_available(limit=1), "the one that is here already"


def test_bad_arguments(served):
    with pytest.raises(ValueError, match="No group 'dgo'; expected some of cat, dog"):
        gallery(["cat", "dgo"])
    with pytest.raises(ValueError, match="limit is 0; expected at least 1"):
        gallery(limit=0)
    with pytest.raises(ValueError, match="No painting 'monet'; expected one of night"):
        painting("monet")


# --- the shipped lists ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["photos", "paintings"])
def test_shipped_lists_are_complete(kind):
    rows = galleries._rows(kind)
    assert rows
    for file, row in rows.items():
        assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])
        assert "/" not in file
    assert re.search(r"/[0-9a-f]{40}(/|$)", galleries.ADDRESSES[kind])


def test_shipped_photos_have_one_class_each():
    rows = galleries._rows("photos").values()
    indices = [int(row["imagenet_index"]) for row in rows]
    assert len(set(indices)) == len(indices)
    assert 0 <= min(indices) <= max(indices) < 1000
    assert "dog" in galleries.gallery_groups()


# --- torchvision's data sets ----------------------------------------------------------------------


class Absent:
    """A data set that is not there and cannot be fetched."""

    url, filename = "https://example.org/cifar.tar.gz", "cifar.tar.gz"

    def __init__(self, **options):
        if options["download"]:
            raise OSError("Network is unreachable")
        raise RuntimeError("Dataset not found")


@pytest.mark.parametrize(
    ("name", "load", "file"),
    [("CIFAR10", cifar10, "cifar.tar.gz"), ("Imagenette", imagenette, "imagenette2-160.tgz")],
)
def test_data_sets_offline_say_what_to_put_where(monkeypatch, tmp_path, name, load, file):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    monkeypatch.setattr(f"torchvision.datasets.{name}", Absent)
    Absent.__name__ = name
    with pytest.raises(DownloadError) as error:
        load()
    message = str(error.value)
    assert f"{name} cannot be downloaded" in message
    assert "Network is unreachable" in message
    assert f"put {file} from https://" in message
    assert f"into {tmp_path / name.lower()} by hand" in message
    assert "need no network" in message


@pytest.mark.parametrize(("name", "load"), [("CIFAR10", cifar10), ("Imagenette", imagenette)])
def test_a_silent_server_does_not_hang_the_notebook(monkeypatch, tmp_path, name, load):
    """A firewall that drops packets: connected, and never a byte."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        class Silent(Absent):
            def __init__(self, **options):
                if options["download"]:
                    urlopen(f"http://127.0.0.1:{server.getsockname()[1]}/").read()
                raise RuntimeError("Dataset not found")

        monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
        monkeypatch.setattr(downloads, "LONGEST_SILENCE", 0.2)
        monkeypatch.setattr(f"torchvision.datasets.{name}", Silent)
        with pytest.raises(DownloadError, match="timed out"):
            load()
    assert socket.getdefaulttimeout() is None


def test_cifar10_in_the_image_convention(monkeypatch):
    class Present:
        url = filename = ""

        def __init__(self, root, train, download):
            assert not download, "it is there already"
            self.data = np.full((10, 32, 32, 3), np.arange(10).reshape(-1, 1, 1, 1), dtype=np.uint8)
            self.targets = list(range(10))

        def __len__(self):
            return 10

    monkeypatch.setattr("torchvision.datasets.CIFAR10", Present)
    images, labels = cifar10("train", limit=4)
    assert check_images(images).shape == (4, 3, 32, 32)
    assert torch.allclose(images[:, 0, 0, 0] * 255, labels.float())
    assert labels.tolist() != [0, 1, 2, 3], "shuffled"
    assert torch.equal(cifar10("train", limit=4)[1], labels)
    with pytest.raises(ValueError, match="split is 'val'; expected 'train' or 'test'"):
        cifar10("val")


def test_imagenette_is_labelled_as_imagenet(monkeypatch, tmp_path):
    for i in range(10):
        Image.new("L", (30, 20), 20 * i).save(tmp_path / f"{i}.png")

    class Present:
        def __init__(self, root, split, size, loader, download):
            self.loader = loader

        def __len__(self):
            return 10

        def __getitem__(self, i):
            return self.loader(str(tmp_path / f"{i}.png")), i

    monkeypatch.setattr("torchvision.datasets.Imagenette", Present)
    images, labels = imagenette(limit=None, size=8)
    assert check_images(images).shape == (10, 3, 8, 8)
    assert sorted(labels.tolist()) == [0, 217, 482, 491, 497, 566, 569, 571, 574, 701]
    order = (images[:, 0, 0, 0] * 255 / 20).round().long()
    assert torch.equal(galleries.IMAGENETTE_CLASSES[order], labels)


def test_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    assert galleries.cache_folder() == tmp_path
    monkeypatch.delenv("LABKIT_DATA")
    assert "labkit" in str(galleries.cache_folder())
