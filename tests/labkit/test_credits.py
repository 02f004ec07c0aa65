"""Everything the kit uses is credited, and the page is what the command prints."""

from pathlib import Path

from labkit.credits import KINDS, all_credits, credits_page
from labkit.data import samples

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_command_prints():
    page = (ROOT / "CREDITS.md").read_text(encoding="utf-8")
    assert page.strip() == credits_page().strip(), "run: python -m labkit.credits > CREDITS.md"


def test_every_credit_names_author_licence_and_address():
    for credit in all_credits():
        assert credit.kind in KINDS
        assert credit.name
        assert credit.author, credit
        assert credit.licence, credit
        assert credit.address, credit


def test_every_sample_picture_is_credited():
    names = " ".join(credit.name for credit in all_credits())
    assert all(f"{s.kind} {s.name}" in names for s in samples())
