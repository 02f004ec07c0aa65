"""The setup check tells a student what is wrong, and never raises."""

import sys

from labkit import setup
from labkit.setup import Finding, Findings, look, setup_check


def test_all_is_well_here():
    findings = setup_check()
    assert findings.ok, findings
    assert "espresso" in repr(findings)


def test_an_exception_is_a_finding_with_its_remedy():
    def fails():
        raise OSError("the file is gone")

    finding = look("weights", fails, "Install the kit again.")
    assert finding == Finding(
        "weights", False, "OSError: the file is gone", "Install the kit again."
    )


def test_the_remedy_shows_only_where_something_is_missing():
    text = repr(Findings([Finding("a", True, "fine", "do A"), Finding("b", False, "gone", "do B")]))
    assert "do A" not in text
    assert "MISSING  b: gone" in text
    assert "do B" in text


def test_an_old_python_is_named(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    assert not setup._python().ok
    assert "3.11 or newer" in setup._python().remedy


def test_a_missing_package_is_named_with_the_command_to_install_it(monkeypatch):
    monkeypatch.setattr(setup, "requires", lambda _: ["no-such-package>=1", "torch>=999"])
    finding = setup._packages()
    assert "no-such-package>=1 (not installed)" in finding.found
    assert "torch>=999 (found" in finding.found
    assert "-m pip install 'no-such-package>=1' 'torch>=999'" in finding.remedy


def test_hostile_text_is_escaped_in_the_table():
    html = Findings([Finding("<b>", True, "<script>")])._repr_html_()
    assert "<script>" not in html
