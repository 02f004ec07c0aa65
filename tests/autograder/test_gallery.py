"""The gallery shows what every lab draws, leads to every page, and keeps the answers back."""

import re
from html.parser import HTMLParser

import nbformat
import pytest

from autograder import gallery
from autograder.gallery import (
    card_of,
    hide_answers,
    page_exporter,
    set_formulas,
    write_gallery,
)
from autograder.kit import answers_in
from autograder.lab import lab_names, load_release


class Places(HTMLParser):
    """Collects what a page refers to, and its pictures without alternative text."""

    def __init__(self, page):
        super().__init__()
        self.places, self.silent = [], 0
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        self.places += [about[key] for key in ("href", "src") if about.get(key)]
        self.silent += tag == "img" and not about.get("alt")


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A gallery of two labs, whose cells are not run: each shows a figure instead."""

    def run(notebook, folder):
        figure = nbformat.v4.new_output("display_data", {"image/png": "AAAA"})
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [figure]
        return notebook

    monkeypatch.setattr(gallery, "run", run)
    write_gallery(tmp_path, ["06-saliency"])
    return write_gallery(tmp_path, ["08-guided-backprop"]).parent


def test_the_index_leads_to_pages_and_pictures_that_exist(written):
    found = Places((written / "index.html").read_text())
    assert {"06-saliency.html", "08-guided-backprop.html"} <= set(found.places)
    assert not [place for place in found.places if not (written / place).exists()]
    assert found.silent == 0


def test_a_page_shows_figures_and_no_answer(written):
    page = (written / "06-saliency.html").read_text()
    assert "data:image/png;base64,AAAA" in page
    assert "your code replaces this line" in page
    assert "BEGIN SOLUTION" not in page
    assert "<title>06 Saliency: which pixels does the network look at?</title>" in page


def test_hints_stay_folded(written):
    page = (written / "06-saliency.html").read_text()
    assert "<summary>Hint 1: where do I start?</summary>" in page
    assert not re.search(r"</summary>\s*</details>", page)


def test_hiding_leaves_no_line_of_a_solution(monkeypatch):
    notebook = gallery.instructor_notebook("06-saliency", gallery.load_course())
    hide_answers(notebook, load_release("06-saliency"))
    assert answers_in("\n".join(cell.source for cell in notebook.cells), "06-saliency") == []


def test_formulas_need_no_network_and_code_stays_code():
    """MathJax would come from elsewhere."""
    page = set_formulas("so $x &lt; 1$, and $$\\frac{a}{b}$$ is <code>$HOME or $$ 5 $$</code>")
    assert page.count("<math") == 2
    assert "<mo>&#x0003C;</mo>" in page
    assert "<mfrac>" in page
    assert page.endswith("<code>$HOME or $$ 5 $$</code>")


@pytest.mark.parametrize("lab", lab_names())
def test_every_formula_of_the_labs_can_be_shown(lab):
    cells = [cell for cell in load_release(lab).cells if cell.cell_type == "markdown"]
    page, _ = page_exporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    formulas = "".join(re.findall(r"<math.*?</math>", page, re.DOTALL))
    assert formulas or lab == "00-start-here"
    assert "\\" not in formulas
    assert "<mo />" not in formulas


@pytest.mark.parametrize("lab", lab_names())
def test_every_lab_opens_with_a_title_a_picture_and_a_question(lab):
    card = card_of(lab)
    assert card.title.startswith(lab[:2])
    assert len(card.alt) > 30
    assert "?" in card.question
    assert card.question.startswith("<p>")
