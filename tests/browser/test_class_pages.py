"""The pages that the kit writes open in a browser, on a telephone too, and lead somewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from playwright.sync_api import Page

if TYPE_CHECKING:
    from classroom import Clone

pytest_plugins = ["classroom"]
pytestmark = pytest.mark.slow
LAB = "06-saliency"
TELEPHONE = 400  # pixels wide


@pytest.fixture(scope="module")
def pages(graded: Clone) -> Path:
    """A folder with the report, the students' pages and the gallery of one lab."""
    graded.run("autograder", "report", "submitted", "--output", "pages/report.html")
    graded.run("autograder", "grade", "submitted", "--feedback", "pages/feedback")
    with mock.patch.dict(os.environ, {"LABKIT_FAST": "1"}):
        graded.run("autograder", "gallery", LAB, "--output", "pages/gallery")
    return graded.root / "pages"


def too_wide(page: Page) -> list[str]:
    """Return what reaches beyond the right edge of the window, where the page scrolls sideways."""
    return page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.querySelectorAll("body *")]
                .filter(element => element.getBoundingClientRect().right > width + 1)
                .map(element => `${element.tagName} ${element.innerText}`.slice(0, 80));
        }"""
    )


@pytest.mark.parametrize("width", [1100, TELEPHONE])
@pytest.mark.parametrize(
    "name", ["report.html", "feedback/*mal*.html", "gallery/index.html", f"gallery/{LAB}.html"]
)
def test_a_page_opens_without_complaint_and_scrolls_down_only(pages, open_page, shoot, name, width):
    (path,) = pages.glob(name)
    page = open_page(path.as_uri(), width=width)
    shoot(page, f"{path.stem}-{width}")
    assert page.complaints == []
    assert page.outside == []
    assert too_wide(page) == []


def test_the_table_of_students_is_sorted_by_a_press_of_a_key(pages, open_page):
    page = open_page((pages / "report.html").as_uri())
    lines = page.locator(".students tbody tr td:first-child")
    assert lines.all_inner_texts() == ["ada", "bob", "eve", "mal"]
    points = page.get_by_role("button", name="points")
    points.press("Enter")
    assert lines.all_inner_texts() == ["eve", "bob", "mal", "ada"], "eve's could not be graded"
    points.press("Enter")
    assert lines.all_inner_texts() == ["ada", "mal", "bob", "eve"]
    assert page.locator("[aria-sort]").get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="submission").click()
    assert lines.all_inner_texts() == ["ada", "bob", "eve", "mal"]
    assert page.locator("[aria-sort]").count() == 1


def test_every_link_and_picture_of_the_gallery_leads_somewhere(pages, open_page):
    page = open_page((pages / "gallery" / "index.html").as_uri())
    pictures = page.locator("img").evaluate_all("all => all.map(i => [i.src, i.naturalWidth])")
    assert pictures
    assert not [source for source, width in pictures if not width]
    links = page.locator("a").evaluate_all("all => all.map(a => a.href)")
    assert links
    for link in links:
        page.goto(link)
        assert page.locator("h1").count()
