"""The benchmark times only what agrees, takes turns, and names what cannot run."""

import pytest
import torch

from benchmarks import harness
from benchmarks.harness import Rival, Task, Times, agreement_row, alike, close, meet, time_row


def task(*rivals, calls=None):
    calls = [] if calls is None else calls

    def way(name, result):
        def run():
            calls.append(name)
            if isinstance(result, Exception):
                raise result
            return torch.tensor(result)

        return run

    ours = way("ours", [1.0, 2.0, 3.0])
    return Task("a task", "of one size", ours, [Rival(n, way(n, r), close, 2.0) for n, r in rivals])


def test_a_rival_with_another_result_is_not_timed():
    calls = []
    one = task(("same", [1.0, 2.0, 3.0]), ("other", [1.0, 2.0, 4.0]), calls=calls)
    met = meet(one)
    assert [m.agrees for m in met] == [True, False]
    calls.clear()
    times = harness.time_in_turns(one, met, rounds=2)
    assert "other" not in calls
    assert times[1] is None
    assert "DIFFERENT" in agreement_row(met[1])
    assert "another" in " ".join(time_row(met[1], times[1]))


def test_the_ways_take_turns_there_and_back():
    calls = []
    one = task(("a", [1.0, 2.0, 3.0]), ("b", [1.0, 2.0, 3.0]), calls=calls)
    met = meet(one)
    calls.clear()
    harness.time_in_turns(one, met, rounds=3)
    assert "".join(c[0] for c in calls) == "oab" + "bao" + "oab"


def test_each_rival_gets_its_own_times_where_another_cannot_run():
    missing = ModuleNotFoundError("No module named 'lucent'", name="lucent")
    one = task(("gone", missing), ("broken", TypeError("not so\nmore")), ("a", [1.0, 2.0, 3.0]))
    met = meet(one)
    assert [m.reason for m in met] == ["lucent is not installed", "TypeError: not so", ""]
    times = harness.time_in_turns(one, met, rounds=2)
    assert times[:2] == [None, None]
    assert len(times[2].theirs) == len(times[2].ours) == 2
    for m, t in zip(met[:2], times, strict=False):
        assert m.reason in agreement_row(m)
        assert m.reason in time_row(m, t)


def test_a_slow_task_ends_early_but_not_before_three_rounds(monkeypatch):
    monkeypatch.setattr(harness, "SECONDS", 0.0)
    one = task(("a", [1.0, 2.0, 3.0]))
    (times,) = harness.time_in_turns(one, meet(one), rounds=9)
    assert len(times.ours) == harness.ROUNDS


def test_the_ratio_is_that_of_the_medians():
    times = Times(ours=[1.0, 2.0, 9.0], theirs=[6.0, 8.0, 9.0])
    assert times.ratio == 4
    assert times.ratios == [6, 4, 1]
    row = time_row(meet(task(("a", [1.0, 2.0, 3.0])))[0], times)
    assert row == ["a task", "a", "8.00 s", "2.00 s", "4 (1 to 6)", "2"]


@pytest.mark.parametrize("compare", [close, alike])
def test_comparisons_tell_equal_from_different(compare):
    a = torch.randn(50, generator=torch.Generator().manual_seed(0))
    assert compare(a, a.numpy().copy()).good
    assert not compare(a, -a).good


@pytest.mark.parametrize("compare", [close, alike])
def test_a_result_that_is_not_finite_does_not_agree(compare):
    a = torch.arange(4.0)
    assert not compare(a, torch.full((4,), torch.nan)).good


def test_results_of_two_shapes_are_an_error_that_names_both():
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        close(torch.zeros(2), torch.zeros(3))
