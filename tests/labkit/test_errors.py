"""Errors in the student's terms: the function, what it raised, the student's own line."""

import functools

import pytest
import torch

from labkit.errors import NotAnswered, StudentError, describe_error


def described(function, *args, **options):
    """Return how the error of a call is described."""
    try:
        function(*args)
    except Exception as error:
        return describe_error(error, "f", **options)
    raise AssertionError("nothing was raised")


def test_the_students_line_is_the_last_of_their_own():
    """The error comes from inside torch; the line that called it is what helps."""

    def helper(x):
        return x.view(7)

    text = described(lambda: helper(torch.zeros(2)))
    assert text.startswith("`f` raised RuntimeError: shape '[7]' is invalid")
    assert text.endswith("return x.view(7)`)")


def test_a_folder_can_be_hidden():
    here = __file__.rpartition("/")[0]
    assert "(line" in described(lambda: 1 / 0)
    assert described(lambda: 1 / 0, hidden=here) == "`f` raised ZeroDivisionError: division by zero"


def test_a_folder_whose_name_only_begins_alike_is_not_hidden():
    here = __file__.rpartition("/")[0]
    assert "(line" in described(lambda: 1 / 0, hidden=here[:-1])


def test_code_without_a_file_has_a_line_number_only_if_its_text_is_known():
    text = described(functools.partial(exec, compile("1 / 0", "<cell 3>", "exec")))
    assert text.startswith("`f` raised ZeroDivisionError: division by zero")


def test_long_texts_are_cut_and_empty_ones_end_well():
    def fails(text):
        raise ValueError(text)

    assert len(described(fails, "x" * 10_000)) < 500
    assert described(fails, "").startswith("`f` raised ValueError (line")


def test_an_exception_that_cannot_be_shown_is_named():
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError

    def fails():
        raise Broken

    assert described(fails).startswith("`f` raised Broken (line")


def test_not_answered_is_a_students_error_with_fixed_words():
    assert issubclass(NotAnswered, StudentError)
    with pytest.raises(
        StudentError, match=r"^not answered yet: `f` returns None \(or is a `return` missing\?\)$"
    ):
        raise NotAnswered.returns_none("f")
