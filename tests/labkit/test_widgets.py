"""The widgets, driven without a browser: they call the function passed in, and lose nothing."""

import asyncio
import io
import threading
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

import labkit
from labkit import plotting, widgets
from labkit.check import ready

GREY = {"dark": torch.full((1, 3, 8, 6), 0.2), "light": torch.full((1, 3, 8, 6), 0.8)}


class Recorder:
    """A function that remembers how it was called, and paints a grey of the level asked for."""

    __name__ = "draw"

    def __init__(self):
        self.calls, self.threads = [], []

    def __call__(self, level=0.0, **others):
        self.calls.append({"level": level, **others})
        self.threads.append(threading.current_thread())
        print(f"level {level:.2f}")
        return torch.full((1, 3, 8, 8), float(level))


@pytest.fixture
def draw():
    return Recorder()


@pytest.fixture
def shown(monkeypatch):
    """What `display` was given, and what its handles were updated with."""
    outputs = []

    class Handle:
        def update(self, data, raw):
            assert raw
            outputs.append(("update", data))

    def display(data, raw, display_id=None):
        assert raw
        outputs.append(("display", data))
        return Handle() if display_id else None

    monkeypatch.setattr("IPython.display.display", display)
    return outputs


def grey_of(panel):
    """Return the level of a panel's picture, 0 to 1."""
    return np.asarray(Image.open(io.BytesIO(panel.picture.value))).mean() / 255


async def settled(panel):
    """Wait until nothing is on its way."""
    while panel._due or getattr(panel, "running", False):
        await asyncio.sleep(0.01)


# explore


def test_explore_shows_what_the_function_passed_in_makes(draw):
    panel = widgets.explore(draw, level=widgets.slider(0.0, 1.0, 0.25), guided=True)
    assert draw.calls == [{"level": 0.25, "guided": True}]
    assert grey_of(panel) == pytest.approx(0.25, abs=0.01)
    assert "level 0.25" in panel.text.value
    panel.knobs["level"].value = 0.75
    panel.knobs["guided"].value = False
    assert draw.calls[-1] == {"level": 0.75, "guided": False}
    assert grey_of(panel) == pytest.approx(0.75, abs=0.01)
    assert "level 0.75" in panel.text.value


def test_turns_never_queue_and_the_latest_one_wins(draw):
    async def drag():
        panel = widgets.explore(draw, level=widgets.slider(0.0, 1.0, 0.0))
        for level in np.linspace(0, 0.9, 50):
            panel.knobs["level"].value = level
        assert len(draw.calls) == 1  # the kernel was not kept busy
        await settled(panel)
        return panel

    panel = asyncio.run(drag())
    assert [call["level"] for call in draw.calls] == [0.0, pytest.approx(0.9)]
    assert grey_of(panel) == pytest.approx(0.9, abs=0.01)


def test_a_turn_while_it_computes_is_not_lost(draw):
    async def turn_meanwhile():
        panel = widgets.explore(lambda level: turning(level), level=widgets.slider(0.0, 1.0, 0.0))
        panel.knobs["level"].value = 0.5
        await settled(panel)

    def turning(level):
        if level == 0.5:
            panels[-1].knobs["level"].value = 0.7
        return draw(level)

    panels = []
    make = widgets.Explorer.__init__

    def remember(self, *arguments):
        panels.append(self)
        make(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widgets.Explorer, "__init__", remember)
        asyncio.run(turn_meanwhile())
    assert [call["level"] for call in draw.calls] == [0.0, 0.5, 0.7]


def test_knobs_turned_on_another_thread_compute_on_the_thread_of_the_cells(draw):
    """JupyterLab hands a widget's messages to a thread of its own."""

    async def from_outside():
        panel = widgets.explore(draw, level=widgets.slider(0.0, 1.0, 0.0))
        await asyncio.to_thread(setattr, panel.knobs["level"], "value", 0.5)
        await settled(panel)

    asyncio.run(from_outside())
    assert len(draw.calls) == 2
    assert set(draw.threads) == {threading.main_thread()}


def test_an_error_is_a_message_and_the_picture_stays():
    def draw(level):
        if level > 0.5:
            raise IndexError("no such channel <b>")
        return GREY["light"]

    panel = widgets.explore(draw, level=widgets.slider(0.0, 1.0, 0.5))
    before = panel.picture.value
    panel.knobs["level"].value = 0.9
    assert "<code>draw</code> raised IndexError: no such channel &lt;b&gt;" in panel.text.value
    assert "raise IndexError" in panel.text.value  # the line
    assert panel.picture.value == before
    panel.knobs["level"].value = 0.1
    assert "IndexError" not in panel.text.value


def test_an_exercise_without_an_answer_is_waited_for():
    def saliency_map():
        return None

    def draw(level):
        if ready(saliency_map=saliency_map()):
            raise AssertionError

    panel = widgets.explore(draw, level=(0, 9))
    assert "waits for the exercise saliency_map" in panel.text.value
    assert panel.picture.layout.display == "none"
    panel = widgets.explore(lambda level: None, level=(0, 9))
    assert "returned None: it waits for an exercise" in panel.text.value


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("a picture", "expected a figure, or images of shape (N, 3, H, W), got a str"),
        (torch.zeros(1, 4, 8, 8), "expected (N, 3, H, W)"),
        (torch.full((1, 3, 8, 8), torch.nan), "NaN"),
    ],
)
def test_what_is_no_picture_is_told(made, message):
    panel = widgets.explore(lambda level: made, level=(0, 9))
    assert message in panel.text.value


def test_an_interrupt_between_cells_keeps_the_picture_and_within_a_cell_ends_it():
    def draw(level):
        if level > 5:
            raise KeyboardInterrupt
        return GREY["light"]

    panel = widgets.explore(draw, level=widgets.slider(0, 9, 1))
    before = panel.picture.value
    panel.knobs["level"].value = 9
    assert "Interrupted" in panel.text.value
    assert panel.picture.value == before
    with pytest.raises(KeyboardInterrupt):
        widgets.explore(draw, level=widgets.slider(0, 9, 9))


def test_what_takes_long_is_announced(draw):
    said = []

    def slow(level):
        said.append(panel.text.value if draw.calls else "")
        return draw(level)

    panel = widgets.explore(slow, level=widgets.slider(0.0, 1.0, 0.0))
    panel._seconds = 3.0
    panel.knobs["level"].value = 0.5
    assert "Computing, about 3.0 s" in said[-1]


# what a saved or exported notebook shows


def test_the_still_picture_stands_beside_the_panel_which_hides_it(draw, shown):
    figure = plotting.show_images(GREY["dark"], alt='A "dark" grey')
    panel = widgets.explore(lambda level: figure, level=(0, 9))
    panel._ipython_display_()
    (_, still), (_, view) = shown
    assert still["image/png"]
    assert 'alt="A &quot;dark&quot; grey"' in still["text/html"]
    assert still["text/plain"] == 'A "dark" grey'
    assert view["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.widget.model_id
    assert view["text/plain"] == "Run this cell to change: level"
    name = still["text/html"].split('class="')[1].split('"')[0]
    assert f".{name}" in panel.widget.children[-1].value  # the style that hides it


def test_the_still_picture_follows_the_knobs(draw, shown):
    panel = widgets.explore(draw, level=widgets.slider(0.0, 1.0, 0.0))
    panel._ipython_display_()
    panel.knobs["level"].value = 0.5
    kind, data = shown[-1]
    assert kind == "update"
    assert data["image/png"] != shown[0][1]["image/png"]
    assert "level 0.50" in data["text/html"]


def test_a_still_picture_of_ones_own_saves_the_first_call_and_stays(draw, shown):
    panel = widgets.explore(draw, still=GREY["light"], level=widgets.slider(0.0, 1.0, 0.0))
    panel._ipython_display_()
    assert draw.calls == []
    assert grey_of(panel) == pytest.approx(0.8, abs=0.01)
    panel.knobs["level"].value = 0.5
    assert grey_of(panel) == pytest.approx(0.5, abs=0.01)
    assert [kind for kind, _ in shown] == ["display", "display"]


# knobs


def test_knobs_are_those_of_interact_or_any_widget():
    knobs = widgets.explore(
        lambda **all: GREY["dark"],
        a=(0, 9),
        b=(0.0, 1.0, 0.5),
        layer_name=["stem", "blocks.1"],
        c=True,
        d={"first": 1},
        e=ipywidgets.Text("free"),
    ).knobs
    kinds = [type(knob).__name__ for knob in knobs.values()]
    assert kinds == ["IntSlider", "FloatSlider", "Dropdown", "Checkbox", "Dropdown", "Text"]
    assert knobs["layer_name"].description == "layer name"


@pytest.mark.parametrize("knob", [(), (3, 1), None, object(), ipywidgets.HBox(), []])
def test_what_makes_no_knob_is_named(knob):
    with pytest.raises(ValueError, match=r"^level=.* makes no knob"):
        widgets.explore(lambda level: GREY["dark"], level=knob)


def test_sliders():
    assert isinstance(widgets.slider(1, 9), ipywidgets.IntSlider)
    assert widgets.slider(1, 9).value == 5
    assert widgets.slider(0, 1, 0.1).value == 0.1
    assert widgets.slider(0.01, 100, log=True).value == pytest.approx(1)
    assert widgets.slider(1, 100, 20, log=True).value == pytest.approx(20)
    for low, high, log in [(1, 1, False), (2, 1, False), (0, 1, True)]:
        with pytest.raises(ValueError, match="low < high, got"):
            widgets.slider(low, high, log=log)
    with pytest.raises(ValueError, match="expected a start from 0 to 1, got 2"):
        widgets.slider(0, 1, 2)


def upload(knob, name, content):
    file = {"name": name, "type": "", "size": len(content), "last_modified": 0}
    knob.upload.set_state({"value": [file | {"content": memoryview(content)}]})


def png(level, size=(40, 30)):
    file = io.BytesIO()
    Image.new("RGB", size, (level,) * 3).save(file, "PNG")
    return file.getvalue()


def test_a_photo_of_ones_own_goes_where_the_others_go():
    seen = []
    knob = widgets.photo(GREY)
    widgets.explore(lambda photo: seen.append(photo) or photo, photo=knob)
    knob.choice.value = "light"
    upload(knob, "me.png", png(255))
    upload(knob, "me.png", png(0))  # another of the same name
    assert [round(photo.mean().item(), 1) for photo in seen] == [0.2, 0.8, 1.0, 0.0]
    assert {photo.shape for photo in seen} == {(1, 3, 8, 6)}
    assert knob.choice.options == ("dark", "light", "me.png")


def test_a_file_that_is_no_picture_is_told_and_changes_nothing():
    knob = widgets.photo(GREY)
    upload(knob, "me.txt", b"hello")
    assert "cannot be read as a picture" in knob.problem.value
    assert knob.value is GREY["dark"]
    upload(knob, "me.png", png(255))
    assert knob.problem.value == ""


# live


def count_up(knobs):
    for step in range(1, 1000):
        print(f"step {step}, gain {knobs.gain}")
        yield torch.full((1, 3, 8, 8), step / 1000)


def test_live_takes_its_steps_and_says_so():
    panel = widgets.live(count_up, steps=7, gain=(0, 4))
    assert panel.picture.layout.display == "none"
    assert panel.status.value == "7 steps"
    panel.start()  # in a script: to the end
    assert panel.done == panel.bar.value == 7
    assert panel.result.mean() == pytest.approx(0.007)
    assert "step 7, gain 2" in panel.text.value
    assert panel.status.value.startswith("step 7 of 7, ")
    assert panel.button.description == "Start"


@pytest.fixture
def one_step_a_slice(monkeypatch):
    monkeypatch.setattr("labkit.live.SLICE", 0.0)


async def until(panel, steps):
    while panel.running and panel.done < steps:
        await asyncio.sleep(0)


@pytest.mark.usefixtures("one_step_a_slice")
def test_stop_is_heard_between_two_steps_and_keeps_what_was_made(shown):
    async def stop_and_go_on():
        panel = widgets.live(count_up, steps=1000, gain=(0, 4))
        panel._ipython_display_()
        panel.button.click()
        while not panel.running:
            await asyncio.sleep(0)
        assert panel.button.description == "Stop"
        await until(panel, 3)
        assert "about " in panel.status.value
        assert "s left" in panel.status.value
        await asyncio.to_thread(panel.button.click)
        await settled(panel)
        stopped = panel.done
        assert 3 <= stopped < 10
        assert panel.button.description == "Go on"
        assert panel.status.value.endswith("stopped")
        assert panel.result.mean() == pytest.approx(stopped / 1000)
        kind, data = shown[-1]
        assert (kind, f"step {stopped}," in data["text/html"]) == ("update", True)
        panel.button.click()
        while not panel.running:
            await asyncio.sleep(0)
        await until(panel, stopped + 2)
        panel.stop()
        await settled(panel)
        assert panel.done > stopped
        assert panel.result.mean() == pytest.approx(panel.done / 1000)

    asyncio.run(stop_and_go_on())


@pytest.mark.usefixtures("one_step_a_slice")
def test_a_knob_turned_while_it_runs_counts_at_the_next_step():
    async def turn():
        panel = widgets.live(count_up, steps=6, gain=(0, 4))
        panel.start()
        while not panel.done:
            await asyncio.sleep(0)
        panel.knobs["gain"].value = 4
        await settled(panel)
        assert "step 6, gain 4" in panel.text.value

    asyncio.run(turn())


@pytest.mark.usefixtures("one_step_a_slice")
def test_clicks_in_quick_succession_start_one_run_only():
    async def click():
        panel = widgets.live(count_up, steps=20, gain=(0, 4))
        for _ in range(3):
            panel.start()
            panel.stop()
        panel.start()
        panel.start(over=True)
        await asyncio.sleep(0.05)
        await settled(panel)
        assert panel.done == 20
        assert panel.result.mean() == pytest.approx(0.02)  # nobody else took a step

    asyncio.run(click())


def test_start_over_begins_again():
    panel = widgets.live(count_up, steps=5, gain=(0, 4))
    panel.start()
    panel.again.click()
    assert panel.done == 5
    assert panel.result.mean() == pytest.approx(0.005)


def test_an_interrupt_keeps_the_last_picture():
    def climb(knobs):
        yield GREY["light"]
        raise KeyboardInterrupt

    panel = widgets.live(climb, steps=5)
    panel.start()
    assert (panel.done, panel.running) == (1, False)
    assert panel.result is GREY["light"]
    assert grey_of(panel) == pytest.approx(0.8, abs=0.01)


def no_steps(knobs):
    return GREY["light"]


def unanswered(knobs):
    yield


def not_begun(knobs):
    return None


def wrong_knob(knobs):
    yield GREY["light"]
    yield GREY["light"] * knobs.strength


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (no_steps, "<code>no_steps</code> should yield pictures"),
        (unanswered, "<code>unanswered</code> returned None: it waits for an exercise"),
        (not_begun, "<code>not_begun</code> returned None"),
        (wrong_knob, "there is no knob &#x27;strength&#x27;, only [&#x27;gain&#x27;]"),
    ],
)
def test_what_goes_wrong_in_a_run_is_told(function, message):
    panel = widgets.live(function, steps=5, gain=(0, 4))
    panel.start()
    assert message in panel.text.value
    assert not panel.running
    assert panel.button.description == "Start"


def test_a_run_that_ends_by_itself_is_over():
    panel = widgets.live(lambda knobs: iter([GREY["dark"], GREY["light"]]), steps=5)
    panel.start()
    assert (panel.done, panel.running) == (2, False)
    with pytest.raises(ValueError, match="expected at least 1 step, got 0"):
        widgets.live(count_up, steps=0)


# the blending square


def test_each_corner_of_the_square_is_one_of_the_four():
    seen = []

    def paint(weights):
        seen.append(weights.tolist())
        return weights.sum() * GREY["light"]

    square = widgets.blending_square(paint, ["a", "b", "c", "d"])
    assert seen == [[0.25, 0.25, 0.25, 0.25]]
    assert "0.25 a + 0.25 b + 0.25 c + 0.25 d" in square.text.value
    across, up = square.knobs.values()
    for place, corner in zip([(0, 1), (1, 1), (0, 0), (1, 0)], range(4), strict=True):
        across.value, up.value = place
        assert seen[-1] == [float(i == corner) for i in range(4)]
    across.value, up.value = 0.25, 0.5
    assert seen[-1] == [0.375, 0.125, 0.375, 0.125]


def test_the_square_takes_other_knobs_too():
    square = widgets.blending_square(
        lambda weights, photo: photo, ["<a>", "b", "c", "d"], photo=widgets.photo(GREY)
    )
    square.knobs["photo"].choice.value = "light"
    assert grey_of(square) == pytest.approx(0.8, abs=0.01)
    assert "&lt;a&gt;" in square.text.value


def test_the_square_tells_what_went_wrong():
    square = widgets.blending_square(lambda weights: None, "abcd")
    assert "returned None: it waits for an exercise" in square.text.value
    with pytest.raises(ValueError, match="four corners, got"):
        widgets.blending_square(lambda weights: GREY["dark"], "abc")


# the room


def test_no_module_of_the_kit_imports_the_widgets():
    for path in Path(labkit.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "import widgets" not in source, path
        assert "labkit.widgets" not in source, path
