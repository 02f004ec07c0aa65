"""The doctor names what is missing and how to get it, and breaks nothing."""

import contextlib
import sqlite3

from autograder import doctor
from autograder.lab import ROOT, lab_names


def test_without_bubblewrap_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(doctor, "why_not_isolated", lambda: "bubblewrap is not installed")
    finding = doctor._isolation()
    assert not finding.ok
    assert "apt-get install bubblewrap" in finding.remedy


def test_a_course_without_releases_and_gradebook_is_told_to_build(tmp_path):
    (tmp_path / "solutions").mkdir()
    for name in lab_names():
        (tmp_path / "solutions" / f"{name}.py").symlink_to(ROOT / "solutions" / f"{name}.py")
    findings = {f.name: f for f in doctor.examine(tmp_path)}
    assert not findings["releases"].ok
    assert not findings["gradebook"].ok
    assert findings["gradebook"].remedy == "Run: python -m autograder build"
    assert not (tmp_path / "gradebook.db").exists()


def test_labs_that_the_course_does_not_use_are_not_missing(tmp_path):
    (tmp_path / "solutions").mkdir()
    for name in lab_names():
        (tmp_path / "solutions" / f"{name}.py").symlink_to(ROOT / "solutions" / f"{name}.py")
    (tmp_path / "course.toml").write_text("[labs]\n06-saliency = {}\n")
    (tmp_path / "notebooks" / "06-saliency").mkdir(parents=True)
    (tmp_path / "notebooks" / "06-saliency" / "06-saliency.ipynb").touch()
    with contextlib.closing(sqlite3.connect(tmp_path / "gradebook.db")) as database, database:
        database.execute("CREATE TABLE assignment (name TEXT)")
        database.execute("INSERT INTO assignment VALUES ('06-saliency')")
    findings = {f.name: f for f in doctor.examine(tmp_path)}
    assert findings["releases"].found == "1 labs"
    assert findings["gradebook"].found == "1 assignments"
    (tmp_path / "course.toml").write_text("[labs]\n05-occlusion = {}\n06-saliency = {}\n")
    findings = {f.name: f for f in doctor.examine(tmp_path)}
    assert "no release of 05-occlusion" in findings["releases"].found
    assert "it does not know 05-occlusion" in findings["gradebook"].found


def test_an_unreadable_seed_file_is_a_finding(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "seeds.toml").write_text("06-saliency = ")
    findings = {f.name: f for f in doctor.examine(tmp_path)}
    assert not findings["seeds"].ok
