"""The progress record: what has passed, and that a damaged record costs nothing."""

import json
import subprocess
import sys
from pathlib import Path

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
     '{"a": {"b": ["x", "y"]}}', '{"a": {"b": [Infinity, 1]}}', '{"a": [1, 2]}', "\x00"],
)  # fmt: skip
def test_a_damaged_record_starts_again(path, text):
    path.write_text(text)
    assert progress.load() == {}
    assert repr(progress.show_progress())
    progress.record("06-saliency", "saliency_map", 3, 3)
    assert json.loads(path.read_text()) == {"06-saliency": {"saliency_map": [3, 3]}}


def test_a_damaged_record_is_kept_aside(path):
    path.write_text('{"05-occlusion": {"occlude": [3, 3]}')  # half written
    progress.record("06-saliency", "saliency_map", 3, 3)
    assert list(progress.load()) == ["06-saliency"]
    assert "05-occlusion" in Path(f"{path}.damaged").read_text()


def test_a_record_that_cannot_be_read_is_left_as_it_is(path, monkeypatch):
    progress.record("05-occlusion", "occlude", 3, 3)
    before = path.read_bytes()

    def refuse(*_, **__):
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        progress.record("06-saliency", "saliency_map", 3, 3)
    assert path.read_bytes() == before


def test_a_record_is_never_half_written(path, monkeypatch):
    """Killed while it writes, or on a full disk: what was there is still there."""
    progress.record("05-occlusion", "occlude", 3, 3)
    write = Path.write_text

    def half(file, text, **options):
        write(file, text[: len(text) // 2], **options)
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", half)
        progress.record("06-saliency", "saliency_map", 3, 3)
    assert progress.load() == {"05-occlusion": {"occlude": [3, 3]}}
    assert not list(path.parent.glob("*.part"))


def test_two_notebooks_at_once_keep_each_others_results():
    code = (
        "import sys; from labkit import progress\n"
        "for i in range(20): progress.record(f'{sys.argv[1]}-{i}', 'exercise', 1, 1)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(progress.load()) == 40


def test_where_no_lock_is_to_be_had_it_is_recorded_all_the_same(monkeypatch):
    """Some network drives know none."""

    def refuse(*_, **__):
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    progress.record("06-saliency", "saliency_map", 3, 3)
    assert progress.load() == {"06-saliency": {"saliency_map": [3, 3]}}


def test_a_link_to_the_record_stays_one(path, tmp_path):
    path.symlink_to(tmp_path / "elsewhere.json")
    progress.record("06-saliency", "saliency_map", 3, 3)
    assert path.is_symlink()
    assert progress.load() == {"06-saliency": {"saliency_map": [3, 3]}}


def test_no_record_yet_and_no_place_for_one(monkeypatch, tmp_path):
    assert progress.load() == {}
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "nowhere" / "progress.json"))
    progress.record("06-saliency", "saliency_map", 3, 3)
    assert progress.load() == {}
    assert not (tmp_path / "nowhere").exists(), "not even the lock made the folder"


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
