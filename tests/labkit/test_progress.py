"""The progress record: what has passed, and that a damaged record costs nothing."""

import json

import pytest

from labkit import progress


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


def test_the_last_result_of_each_exercise_is_kept():
    progress.record("06-saliency", "saliency_map", 1, 3)
    progress.record("06-saliency", "saliency_map", 3, 3)
    progress.record("06-saliency", "deletion_curve", 0, 3)
    assert progress.load() == {"06-saliency": {"saliency_map": [3, 3], "deletion_curve": [0, 3]}}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", '{"a": 3}', '{"a": {"b": 3}}', '{"a": {"b": [1]}}',
     '{"a": {"b": ["x", "y"]}}', '{"a": [1, 2]}', "\x00"],
)  # fmt: skip
def test_a_damaged_record_starts_again(path, text):
    path.write_text(text)
    assert progress.load() == {}
    assert repr(progress.show_progress())
    progress.record("06-saliency", "saliency_map", 3, 3)
    assert json.loads(path.read_text()) == {"06-saliency": {"saliency_map": [3, 3]}}


def test_no_record_yet_and_no_place_for_one(monkeypatch):
    assert progress.load() == {}
    monkeypatch.setenv("LABKIT_PROGRESS", "/nonexistent/progress.json")
    progress.record("06-saliency", "saliency_map", 3, 3)
    assert progress.load() == {}


def test_without_the_variable_it_lies_at_home(monkeypatch, tmp_path):
    monkeypatch.delenv("LABKIT_PROGRESS")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert progress.progress_file() == tmp_path / ".labkit-progress.json"


def test_the_table_lists_every_exercise_tried_or_not():
    progress.record("06-saliency", "saliency_map", 3, 3)
    progress.record("06-saliency", "deletion_curve", 1, 3)
    lines = {line.split()[1]: line for line in repr(progress.show_progress()).splitlines()}
    assert lines["saliency_map"].endswith("all 3 pass")
    assert lines["deletion_curve"].endswith("1 of 3 pass")
    assert lines["randomize_top"].endswith("not tried yet")


def test_the_table_in_a_notebook_has_a_row_for_each():
    table = progress.show_progress()
    html = table._repr_html_()
    assert html.count("<tr>") == len(table.rows) + 1
    assert "<code>saliency_map</code>" in html


def test_exercises_come_in_lab_order_without_running_the_checks():
    found = progress.exercises()
    assert found["06-saliency"] == ["saliency_map", "randomize_top", "deletion_curve"]
    assert list(found) == sorted(found)
