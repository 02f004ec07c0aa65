"""One widget of each kind in JupyterLab: a knob moves the picture, and nothing is there twice."""

import io
from base64 import b64decode
from pathlib import Path

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

CELLS = [
    """
import time, torch
from IPython.display import display
from labkit import widgets
greys = {"dark": torch.full((1, 3, 32, 32), 0.2), "light": torch.full((1, 3, 32, 32), 0.8)}
""",
    """
def draw(photo, gain):
    time.sleep(0.1)  # slower than the mouse
    return photo * gain / 10
display(widgets.explore(draw, photo=widgets.photo(greys), gain=widgets.slider(0, 10, 5)))
""",
    """
def climb(knobs):
    for step in range(1, 1000):
        time.sleep(0.02)
        print(f"after {step} steps")
        yield greys["dark"] * knobs.gain
display(widgets.live(climb, steps=1000, gain=widgets.slider(0, 4, 2)))
""",
    """
levels = torch.tensor([0.0, 1.0, 0.5, 0.2])
paint = lambda weights: torch.full((3, 32, 32), float(weights @ levels))
display(widgets.blending_square(paint, ["black", "white", "grey", "dark"]))
""",
    """
places = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]])
display(widgets.map_viewer(places, torch.rand(3, 3, 16, 16), ["low", "high", "middle"]))
""",
]

GREY = """image => {
    if (!image.complete || !image.naturalWidth) return -1;
    const pen = new OffscreenCanvas(1, 1).getContext("2d");
    pen.drawImage(image, 0, 0, 1, 1);
    return pen.getImageData(0, 0, 1, 1).data[0] / 255;
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def page(folder, start_jupyter, open_notebook):
    """A notebook with one widget of each kind, run."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, folder / "widgets.ipynb")
    page = open_notebook(f"{start_jupyter(ROOT, folder)}/lab/tree/widgets.ipynb")
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.locator("iframe").wait_for()
    return page


def cell(page, number):
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    cell.scroll_into_view_if_needed()
    return cell


def wait_for_grey(cell, level):
    """Wait until the widget's picture has this grey."""
    image = cell.locator("img.widget-image").element_handle()
    condition = f"image => Math.abs(({GREY})(image) - {level}) < 0.02"
    cell.page.wait_for_function(condition, arg=image)


def drag(page, handle, distance):
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 21):
        page.mouse.move(x + distance * step / 20, y)
    page.mouse.up()


def test_a_slider_moves_the_picture_which_is_there_once(page):
    explore = cell(page, 1)
    wait_for_grey(explore, 0.1)
    assert explore.locator("img").count() == 2
    expect(explore.locator("[class^=labkit-still] img")).to_be_hidden()
    drag(page, explore.locator(".noUi-handle"), 300)  # beyond the end
    wait_for_grey(explore, 0.2)
    explore.locator("select").select_option("light")
    wait_for_grey(explore, 0.8)


def test_a_photo_of_ones_own(page):
    white = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(white, "PNG")
    explore = cell(page, 1)
    with page.expect_file_chooser() as chooser:
        explore.get_by_text("your photo").click()
    chooser.value.set_files(
        [{"name": "me.png", "mimeType": "image/png", "buffer": white.getvalue()}]
    )
    wait_for_grey(explore, 1.0)
    assert explore.locator("select").input_value() == "me.png"


def test_an_optimization_shows_itself_hears_its_knob_and_stops(page):
    live = cell(page, 2)
    button = live.locator("button").first
    status = live.locator(".widget-label", has_text="1000")
    expect(button).to_have_text("Start")
    button.click()
    expect(status).to_contain_text("s left")
    wait_for_grey(live, 0.4)
    drag(page, live.locator(".noUi-handle"), 300)
    wait_for_grey(live, 0.8)  # while it runs
    button.click()
    expect(button).to_have_text("Go on")
    expect(status).to_contain_text("stopped")
    wait_for_grey(live, 0.8)


def test_the_square_blends_its_corners(page):
    square = cell(page, 3)
    wait_for_grey(square, 1.7 / 4)
    across, up = square.locator(".noUi-horizontal"), square.locator(".noUi-vertical")
    across.locator(".noUi-handle").press("End")
    up.locator(".noUi-handle").press("End")
    wait_for_grey(square, 1.0)  # top right
    expect(square.locator(".widget-html").get_by_text("0.00 black + 1.00 white")).to_be_visible()


def test_the_map_names_what_lies_under_the_pointer_and_zooms(page):
    view = cell(page, 4)
    inside = view.locator("iframe").content_frame
    box = view.locator("iframe").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    expect(inside.locator("figcaption")).to_have_text("middle")
    page.mouse.wheel(0, -2000)
    page.wait_for_function("() => document.querySelector('iframe').contentWindow.eval('zoom') > 10")
    inside.get_by_text("whole map").click()
    assert inside.locator("#map").evaluate("() => zoom") == 1


def test_the_saved_notebook_holds_the_last_pictures(page, folder):
    """Without a kernel, exported or printed, it shows what the student saw last."""
    square = cell(page, 3)
    for slider in (".noUi-horizontal", ".noUi-vertical"):
        square.locator(slider).locator(".noUi-handle").press("Home")
    wait_for_grey(square, 0.5)  # bottom left
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.get_by_text("Save Notebook", exact=True).click()
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    saved = nbformat.read(folder / "widgets.ipynb", as_version=4)
    still, view = (output["data"] for output in saved.cells[3].outputs)
    assert "1.00 grey" in still["text/html"]
    assert Image.open(io.BytesIO(b64decode(still["image/png"]))).getpixel((9, 9))[0] in (127, 128)
    assert view["text/plain"] == "Run this cell to change: across, up"
