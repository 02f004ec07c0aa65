"""The zoomable picture: whole at first, its text readable, nothing but one picture taken."""

import base64
import io
import re

import pytest
import torch
from PIL import Image

from labkit.zoom import zoomable


def test_the_whole_picture_is_inside():
    page = zoomable(torch.rand(3, 40, 60), alt="digits").data
    data = re.search(r"base64,([^\"]+)", page).group(1)
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (60, 40)


def test_text_for_those_who_listen_is_escaped():
    assert (
        'alt="digits &lt; &quot;10&quot;"'
        in zoomable(torch.rand(3, 4, 4), alt='digits < "10"').data
    )


def test_slider_starts_at_the_whole_picture_and_changes_its_height():
    page = zoomable(torch.rand(3, 4, 4), alt="", height=320, most=6).data
    assert 'max="6"' in page
    assert 'value="1"' in page
    assert "image.style.height = 300 * this.value" in page


def test_a_batch_is_refused():
    with pytest.raises(ValueError, match=r"\(3, H, W\), got \(1, 3, 4, 4\)"):
        zoomable(torch.rand(1, 3, 4, 4), alt="")
