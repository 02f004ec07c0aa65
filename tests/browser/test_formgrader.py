"""nbgrader's formgrader over a graded class: labs, scores and messages as the engine gave them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from classroom import Clone

pytest_plugins = ["classroom"]
pytestmark = pytest.mark.slow
LAB = "06-saliency"


@pytest.fixture(scope="module")
def formgrader(graded: Clone, start_jupyter: Callable[..., str]) -> str:
    """The address of the formgrader in the instructor's checkout."""
    return f"{start_jupyter(graded.root)}/formgrader"


def gradebook(graded: Clone) -> Gradebook:
    return Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}", "convnet-labkit")


def rows(page: Page) -> list[list[str]]:
    """Return the texts of the page's table, once it is filled."""
    expect(page.locator("#main-table")).not_to_contain_text("Loading")
    return [row.locator("td").all_inner_texts() for row in page.locator("#main-table tr").all()]


def test_the_assignments_are_the_labs(formgrader, open_page, shoot):
    page = open_page(f"{formgrader}/manage_assignments")
    assert [row[0].strip() for row in rows(page)] == [LAB]
    shoot(page, "formgrader-assignments")


def test_the_class_has_the_scores_of_the_gradebook(graded, formgrader, open_page, shoot):
    page = open_page(f"{formgrader}/manage_submissions/{LAB}")
    shown = {row[1]: (row[3], row[4]) for row in rows(page)}
    shoot(page, "formgrader-submissions")
    with gradebook(graded) as book:
        kept = {s.student.id: (s.score, s.max_score) for s in book.assignment_submissions(LAB)}
    assert set(shown) == set(kept) >= {"ada", "bob", "eve", "mal"}
    for student in ("ada", "bob", "mal"):
        points = [float(number) for number in shown[student][1].split(" / ")]
        assert points == [round(number, 2) for number in kept[student]]
    assert shown["eve"] == ("needs autograding", ""), "it cannot be read"
    assert shown["bob"][0] == "graded"
    assert shown["mal"][0] == "needs manual grading"


def test_a_submission_shows_what_the_checks_said(graded, formgrader, open_page, shoot):
    with gradebook(graded) as book:
        number = book.find_submission_notebook(LAB, LAB, "mal").id
    page = open_page(f"{formgrader}/submissions/{number}")
    message = page.get_by_text("raised ZeroDivisionError: division by zero").first
    expect(message).to_be_visible()
    message.scroll_into_view_if_needed()
    shoot(page, "formgrader-submission")
    with gradebook(graded) as book:
        grades = book.find_submission_notebook(LAB, LAB, "mal").grades
        kept = {g.name: g.auto_score for g in grades if g.name.startswith("check_")}
    assert len(kept) == 3
    for name, points in kept.items():
        expect(page.locator(f"input#{name}")).to_have_attribute("placeholder", f"{points:g}")


def test_the_feedback_page_opens(graded, open_page, shoot):
    page = open_page((graded.root / "feedback" / "mal" / LAB / f"{LAB}.html").as_uri())
    message = page.get_by_text("raised ZeroDivisionError: division by zero").first
    message.scroll_into_view_if_needed()
    expect(message).to_be_visible()
    shoot(page, "formgrader-feedback")
