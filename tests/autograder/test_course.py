"""The course's own settings."""

import pytest

from autograder.course import Course, load_course


def test_course_settings_are_read_and_unknown_ones_refused(tmp_path):
    assert load_course(tmp_path) == Course()
    (tmp_path / "course.toml").write_text("scale = 2.0\n")
    assert load_course(tmp_path).scale == 2
    (tmp_path / "course.toml").write_text("scales = 2.0\n")
    with pytest.raises(ValueError, match=r"unknown \['scales'\]; expected"):
        load_course(tmp_path)
