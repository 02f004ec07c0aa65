"""The secret seed of each lab: kept, the same for the class, drawn again on request."""

import pytest

from autograder.seeds import load_seeds


@pytest.fixture
def course(tmp_path):
    """A course of two labs."""
    (tmp_path / "solutions").mkdir()
    for name in ("01-one", "02-two"):
        (tmp_path / "solutions" / f"{name}.py").write_text("")
    return tmp_path


def test_seeds_are_drawn_once_and_kept_and_it_is_said(course, capsys):
    first = load_seeds(root=course)
    assert "drew new secret seeds of all labs" in capsys.readouterr().err
    assert set(first) == {"01-one", "02-two"}
    assert load_seeds(root=course) == first
    assert not capsys.readouterr().err
    assert first["01-one"] != first["02-two"]
    assert (course / "seeds.toml").stat().st_mode & 0o777 == 0o600


def test_a_new_lab_gets_a_seed_and_the_others_keep_theirs(course):
    first = load_seeds(root=course)
    (course / "solutions" / "03-three.py").write_text("")
    later = load_seeds(root=course)
    assert {name: later[name] for name in first} == first
    assert "03-three" in later


def test_new_draws_for_everybody(course):
    first = load_seeds(root=course)
    new = load_seeds("new", root=course)
    assert all(new[name] != first[name] for name in first)
    assert load_seeds(root=course) == new


def test_a_number_is_for_one_run_alone(course):
    first = load_seeds(root=course)
    assert load_seeds("12", root=course) == {"01-one": 12, "02-two": 12}
    assert load_seeds(root=course) == first


@pytest.mark.parametrize("choice", ["old", "-1", "1.5", ""])
def test_another_choice_is_refused(course, choice):
    with pytest.raises(ValueError, match="expected --seed new or a whole number, got"):
        load_seeds(choice, root=course)


@pytest.mark.parametrize("text", ["01-one = ", '"01-one" = "x"', '"01-one" = true'])
def test_a_broken_file_is_named_and_not_overwritten(course, text):
    (course / "seeds.toml").write_text(text)
    with pytest.raises(ValueError, match=r"seeds\.toml"):
        load_seeds(root=course)
    assert (course / "seeds.toml").read_text() == text


def test_seeds_that_cannot_be_kept_are_not_drawn(course):
    """As in a container where nobody mounted seeds.toml: another day gives other grades."""
    (course / "seeds.toml").symlink_to(course / "no" / "folder")
    with pytest.raises(ValueError, match="seeds of 01-one, 02-two and cannot be written"):
        load_seeds(root=course)
