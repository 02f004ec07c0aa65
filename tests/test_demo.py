"""The demo names pages that exist: it grades the class that the repository carries."""

import pytest

from autograder.feedback import page_name
from demo import __main__ as demo


@pytest.mark.slow
def test_the_pages_that_the_demo_names_are_there(tmp_path, capsys):
    demo.grade_class(tmp_path)
    for name in ("ada", "dana", "gus"):
        submission = demo.shown(demo.ROOT / "demo" / "class" / demo.LAB / f"{name}.py")
        assert (tmp_path / "feedback" / f"{page_name(submission)}.html").exists()
    table = capsys.readouterr().out
    assert "8 graded, 0 failed" in table
    lines = {line.split()[0].rsplit("/")[-1]: line for line in table.splitlines() if ".py" in line}
    assert "40/40" in lines["ada.py"]
    assert "40/40" in lines["cho.py"]
    assert "0/40" in lines["gus.py"]
    assert "took longer than" in lines["eli.py"]
