"""The zoomable map: a page that holds everything it needs, and a still picture on paper."""

import base64
import html
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from labkit.widgets import map_viewer

PLACES = torch.tensor([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0]])
THUMBNAILS = torch.tensor([0.0, 0.5, 1.0])[:, None, None, None].expand(3, 3, 8, 6)
GREY = torch.full((3, 300, 300), 0.5)


def parts(view):
    """Return the page's data and the frame around it."""
    frame = view._repr_mimebundle_()["text/html"]
    page = html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])
    assert page == view.page
    return json.loads(re.search(r"= (\{.*\});\n", page)[1]), frame


def test_the_page_holds_places_on_one_scale_and_every_picture():
    data, _ = parts(
        map_viewer(PLACES, THUMBNAILS, ["black", "grey", "white"], alt="Greys", still=GREY)
    )
    assert data["places"] == [[0, 0.25], [1, 0.25], [1, 0.75]]  # twice as wide as high, y up
    assert (data["names"], data["alt"]) == (["black", "grey", "white"], "Greys")
    sprite = base64.b64decode(data["sprite"].split(",")[1])
    sheet = np.asarray(Image.open(io.BytesIO(sprite))) / 255
    for i, level in enumerate((0, 0.5, 1)):
        top, left = i // data["columns"] * data["height"], i % data["columns"] * data["width"]
        tile = sheet[top : top + 8, left : left + 6]
        assert tile.mean() == pytest.approx(level, abs=0.01)


def test_nothing_is_fetched():
    page = map_viewer(PLACES, THUMBNAILS, still=GREY).page
    assert not re.search(r"(src|href)\s*=\s*\"?(https?:)?//", page)
    assert "import " not in page


def test_a_name_cannot_leave_the_script():
    name = '</script><script>alert("x")</script>'
    data, _ = parts(map_viewer(PLACES, THUMBNAILS, [name] * 3, still=GREY))
    assert data["names"][0] == name
    assert "<script>alert" not in map_viewer(PLACES, THUMBNAILS, [name] * 3, still=GREY).page


def test_printed_it_is_a_still_picture():
    bundle = map_viewer(PLACES, THUMBNAILS, still=GREY, alt='Three "greys"')._repr_mimebundle_()
    png = base64.b64decode(bundle["image/png"])
    assert np.asarray(Image.open(io.BytesIO(png))).mean() / 255 == pytest.approx(0.5, abs=0.01)
    assert bundle["text/plain"] == 'Three "greys"'
    image = re.search(r"<img [^>]*>", bundle["text/html"])[0]
    assert bundle["image/png"] in image  # what is seen where frames are taken away
    assert 'alt="Three &quot;greys&quot;"' in image
    assert map_viewer(PLACES, THUMBNAILS)._repr_mimebundle_()["image/png"]  # dots


@pytest.mark.parametrize(
    ("places", "names", "message"),
    [
        (PLACES[:2], None, r"coordinates of shape \(3, 2\).*got shape \(2, 2\)"),
        (PLACES[:, :1], None, r"coordinates of shape \(3, 2\)"),
        (PLACES * torch.nan, None, "with 6 that are not"),
        (PLACES, ["one"], "expected 3 names, one a thumbnail, got 1"),
    ],
)
def test_what_does_not_fit_is_named(places, names, message):
    with pytest.raises(ValueError, match=message):
        map_viewer(places, THUMBNAILS, names)


def test_one_picture_and_equal_places_are_fine():
    data, _ = parts(map_viewer(torch.zeros(1, 2), THUMBNAILS[:1], still=GREY))
    assert data["places"] == [[0.5, 0.5]]
