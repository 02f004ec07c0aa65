"""A student's hour: a mistake, its message, the correction, a knob, a restart, Validate."""

import re
import zipfile

import nbformat
import pytest
from playwright.sync_api import expect

from autograder.answers import read_answers
from autograder.build import instructor_notebook
from autograder.course import load_course
from autograder.kit import FOLDER, write_kit
from autograder.lab import grade_info

pytestmark = pytest.mark.slow
LAB, EXERCISE = "06-saliency", "saliency_map"
MISTAKE = "The channels are added up"
SAID = "take the maximum over the channels, not the sum"
# What the cells hold that the student looks for.
WRITTEN, CHECK = "def saliency_map(", f'check("{LAB}", saliency_map)'
DRAWN, KNOBS = "plotting.show_saliency(images, maps", "widgets.explore("


@pytest.fixture(scope="module")
def sources():
    """Return {exercise: its solution} of the lab."""
    cells = instructor_notebook(LAB, load_course()).cells
    return {grade_info(c)["grade_id"]: c.source for c in cells if grade_info(c).get("solution")}


@pytest.fixture(scope="module")
def mistake():
    return next(a.source for a in read_answers(LAB) if a.title == MISTAKE)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory, sources):
    """The lab in an unpacked students' kit, with every exercise answered but the one."""
    folder = tmp_path_factory.mktemp("student")
    with zipfile.ZipFile(write_kit(folder / "kit.zip")) as archive:
        archive.extractall(folder)
    path = folder / FOLDER / "notebooks" / LAB / f"{LAB}.ipynb"
    content = nbformat.read(path, as_version=4)
    for cell in content.cells:
        name = grade_info(cell).get("grade_id")
        if grade_info(cell).get("solution") and name != EXERCISE:
            cell.source = sources[name]
    nbformat.write(content, path)
    return path


@pytest.fixture(scope="module")
def page(notebook, start_jupyter, open_notebook):
    """The lab in JupyterLab, run down to the exercise."""
    address = start_jupyter(notebook.parents[2], "notebooks", LABKIT_FAST="1")
    page = open_notebook(f"{address}/lab/tree/{LAB}/{LAB}.ipynb")
    cell(page, notebook, WRITTEN).click()
    choose(page, "Run", "Run All Above Selected Cell")
    return page


def cell(page, notebook, holds):
    """Return the first cell whose released text holds this."""
    texts = [c.source for c in nbformat.read(notebook, as_version=4).cells]
    number = next(i for i, text in enumerate(texts) if holds in text)
    found = page.locator(".jp-Notebook .jp-Cell").nth(number)
    found.scroll_into_view_if_needed()
    return found


def choose(page, menu, entry):
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_text(entry, exact=True).click()


def run(cell):
    """Run a cell, wait for its end, and return its output."""
    prompt = cell.locator(".jp-InputPrompt").first
    before = prompt.inner_text()
    cell.locator(".jp-InputPrompt").first.click()
    cell.page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"))
    return cell.locator(".jp-Cell-outputArea")


def write(page, notebook, source):
    """Type an answer, and return its cell."""
    exercise = cell(page, notebook, WRITTEN)
    exercise.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    return exercise


def answer(page, notebook, source):
    """Type an answer, run it, run its check, and return what the check shows."""
    run(write(page, notebook, source))
    return run(cell(page, notebook, CHECK))


# The least contrast with what lies behind: WCAG asks for 4.5 of texts and 3 of signs.
CONTRAST = """texts => {
    const light = colour => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map(
            v => v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    return Math.min(...texts.map(text => {
        let behind = text, paint;
        do {
            paint = getComputedStyle(behind).backgroundColor;
            behind = behind.parentElement;
        } while (behind && /, 0\\)$/.test(paint));
        const [a, b] = [getComputedStyle(text).color, paint].map(light);
        return Math.max(a, b) / Math.min(a, b);
    }));
}"""


def assert_legible(shown):
    """The table's texts stand out from the page, and none is cut off."""
    assert shown.locator("p, td, td div, td code").evaluate_all(CONTRAST) >= 4.5
    assert shown.locator("td span").evaluate_all(CONTRAST) >= 3
    for table in shown.locator("table").all():
        assert table.evaluate("t => t.scrollWidth <= t.closest('.jp-OutputArea').clientWidth")


def theme(page, name):
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.get_by_text("Theme", exact=True).hover()
    page.get_by_text(name, exact=True).click()
    page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")


def validate(page):
    """Restart the kernel, press Validate, and return what the dialog says."""
    choose(page, "Kernel", "Restart Kernel…")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.locator(".validate-button").click()
    dialog = page.locator(".jp-Dialog-content")
    dialog.wait_for()
    return dialog


def test_the_check_says_what_was_misunderstood(page, notebook, mistake, shoot):
    shown = answer(page, notebook, mistake)
    expect(shown).to_contain_text(SAID)
    expect(shown).not_to_contain_text("Traceback")
    assert_legible(shown)
    shoot(page, "student-mistake")
    theme(page, "JupyterLab Dark")
    page.set_viewport_size({"width": 600, "height": 1000})
    assert_legible(shown)
    shown.scroll_into_view_if_needed()
    shoot(page, "student-mistake-dark-narrow")
    theme(page, "JupyterLab Light")
    page.set_viewport_size({"width": 1100, "height": 1000})


def test_the_corrected_answer_passes(page, notebook, sources, shoot):
    shown = answer(page, notebook, sources[EXERCISE])
    expect(shown).to_contain_text(re.compile(r"(\d+) of \1 visible checks pass"))
    run(cell(page, notebook, DRAWN)).locator("img").wait_for()
    shoot(page, "student-right")


def test_a_knob_draws_with_the_students_function(page, notebook, sources, shoot):
    answer(page, notebook, sources[EXERCISE])
    run(cell(page, notebook, DRAWN))
    shown = run(cell(page, notebook, KNOBS))
    picture = shown.locator("img.widget-image")
    first = picture.get_attribute("src")
    shown.locator("select").select_option("rocket")
    expect(picture).not_to_have_attribute("src", first)
    shoot(page, "student-knobs")


def test_validate_names_the_mistake(page, notebook, mistake, shoot):
    write(page, notebook, mistake)
    said = validate(page)
    expect(said).to_contain_text(SAID)
    expect(said.get_by_text("The following cell failed")).to_have_count(1)
    shoot(page, "student-validate-mistake")
    page.keyboard.press("Escape")


def test_validate_passes_what_is_right(page, notebook, sources, shoot):
    write(page, notebook, sources[EXERCISE])
    expect(validate(page)).to_contain_text("Success")
    shoot(page, "student-validate-right")
    page.keyboard.press("Escape")
