"""Nearly the same code is found whatever was renamed; other answers are not."""

import pytest

from autograder.lab import load_lab
from autograder.similar import code_of, similar_pairs, tokens_of
from autograder.submission import Cell

CODE = '''
def saliency_map(model, images, labels):
    """Return the map."""
    images = images.detach().clone().requires_grad_()  # a copy
    logits = model(images)
    chosen = logits.gather(1, labels.view(-1, 1)).squeeze(1)
    chosen.sum().backward()
    result = images.grad.abs()
    result, places = result.max(dim=1)
    return result
'''
RENAMED = """
def saliency_map(net, x, y):
    x = x.detach().clone().requires_grad_()
    # my own idea
    out = net(x)
    mine = out.gather(1, y.view(-1, 1)).squeeze(1)

    mine.sum().backward()
    answer = x.grad.abs()
    answer, _ = answer.max(dim=1)
    return answer
"""
OTHER = """
import torch

def saliency_map(model, images, labels):
    maps = []
    for image, label in zip(images, labels):
        image = image[None].clone()
        image.requires_grad = True
        value = model(image)[0, label]
        gradient = torch.autograd.grad(value, image)[0]
        maps.append(gradient[0].abs().amax(0))
    return torch.stack(maps)
"""


def test_renaming_comments_and_layout_do_not_count():
    assert tokens_of(CODE) == tokens_of(RENAMED)


def test_another_method_or_operator_does():
    assert tokens_of(CODE) != tokens_of(CODE.replace("abs", "square"))
    assert tokens_of("x = a + b") != tokens_of("x = a - b")
    assert tokens_of("x = a + a") != tokens_of("x = a + b")


def test_what_is_no_python_has_no_tokens():
    assert tokens_of("def f(:\n  '''") == []


def test_the_copy_is_found_and_the_other_answer_is_not():
    answers = {"ada": tokens_of(CODE), "bob": tokens_of(RENAMED), "cy": tokens_of(OTHER)}
    (pair,) = similar_pairs(answers)
    assert (pair.first, pair.second, pair.likeness) == ("ada", "bob", 1.0)


def test_a_copy_with_one_line_changed_is_less_alike():
    answers = {"ada": tokens_of(CODE), "bob": tokens_of(CODE.replace(".squeeze(1)", "[:, 0]"))}
    (pair,) = similar_pairs(answers)
    assert 0.9 < pair.likeness < 1


def test_short_answers_are_not_compared():
    assert similar_pairs({"ada": [1] * 20, "bob": [1] * 20}) == []
    assert similar_pairs({}) == []


@pytest.mark.parametrize("given", [True, False])
def test_what_the_release_gave_is_left_out(given):
    lab = load_lab("06-saliency")
    helper = Cell("h", "", "import torch\ndef helper(x):\n    return x")
    answer = Cell("a", "", "def saliency_map(m, x, y):\n    return helper(torch.ones(2))")
    code = code_of(lab, [helper, answer], [helper] if given else [])
    assert "saliency_map" in code
    assert ("def helper" in code) != given
