"""Every technique meets something else, the aims stand, and a rival's time counts if it agrees."""

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import attribution, pictures, subjects, tasks, visualization
from benchmarks.harness import meet


def test_a_labs_function_comes_with_what_it_needs():
    stylize = subjects.solved("14-style-transfer", "stylize")
    assert {"content_loss", "style_loss", "look"} <= set(stylize.__globals__)
    with pytest.raises(ValueError, match="no 'saliency_maps'"):
        subjects.solved("06-saliency", "saliency_maps")


def test_the_kits_network_and_timms_are_the_same_network():
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours, theirs = subjects.kit_network()(images), subjects.timm_network()(images)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    assert all(p.requires_grad for p in subjects.timm_network().parameters())


def test_maps_in_one_mosaic_have_the_greys_of_subplots():
    assert all(met.agrees for met in meet(pictures.mosaic_of_maps()))


def test_the_hook_recipe_dreams_the_same_dream(monkeypatch):
    monkeypatch.setattr(visualization, "SIDE", 96)
    assert all(met.agrees for met in meet(visualization.deepdream()))


def test_captum_gives_the_same_saliency():
    pytest.importorskip("captum", reason="needs Captum, of the extra `dev`")
    met = meet(attribution.saliency())
    assert [m.rival.aim for m in met] == [1.5, None]
    assert all(m.agrees for m in met)


def test_captum_gives_the_same_occlusion_map(monkeypatch):
    pytest.importorskip("captum", reason="needs Captum, of the extra `dev`")
    monkeypatch.setattr(attribution, "SIDE", 64)
    assert all(met.agrees for met in meet(attribution.occlusion()))


def test_the_command_refuses_a_task_that_it_does_not_know(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "salience"])
    with pytest.raises(SystemExit):
        command.main()
    assert "no task salience" in capsys.readouterr().err


def test_the_command_says_by_its_status_that_results_differ(monkeypatch, capsys):
    from benchmarks.harness import Rival, Task, close

    def wrong():
        rival = Rival("a faster one", lambda: torch.ones(3), close)
        return Task("counting", "to 3", lambda: torch.arange(3.0), [rival])

    threads = torch.get_num_threads()
    monkeypatch.setitem(tasks.TASKS, "counting", wrong)
    monkeypatch.setattr(command, "measure_apart", tasks.measure)  # which knows that task
    monkeypatch.setattr("sys.argv", ["benchmarks", "counting", "--repeat", "1"])
    try:
        assert command.main() == 1
    finally:
        torch.set_num_threads(threads)
    assert "DIFFERENT" in capsys.readouterr().out


def test_a_task_is_measured_in_a_process_of_its_own():
    rows = tasks.measure_apart("maps", repeat=1, threads=1)
    assert not rows.differ
    assert "agree" in rows.results[0]
    assert "| 8 |" in rows.times[0]
