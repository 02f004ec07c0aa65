"""The sandbox: what it can see, what it says when something ends, and the plain mode."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from autograder import sandbox as module
from autograder.process import process_at
from autograder.sandbox import (
    COURSE,
    ISOLATED,
    NOT_ISOLATED,
    Limits,
    Sandbox,
    SandboxError,
)
from autograder.worker.messages import ReturnedModel
from labkit.errors import NotAnswered, StudentError, printable


def cell(source, count=1):
    """Return a cell of which the first `count` statements are run."""
    return [["cell 1", source, list(range(count))]]


@pytest.fixture(params=["isolated", "plain"])
def warm(request):
    """Both sandboxes, one after the other: what a student's code may do is the same in both."""
    return request.getfixturevalue("sandbox" if request.param == "isolated" else "plain_sandbox")


def test_a_call_sends_copies_and_returns_data(warm):
    images = torch.rand(2, 3, 4, 5)
    with warm.process() as process:
        process.run_cells(cell("def f(x, y=1):\n    x += y\n    return x"))
        result = process.call("f", images, y=2)
    torch.testing.assert_close(result.value, images + 2)
    assert not result.inputs_unchanged


def test_every_kind_of_result_travels(warm):
    source = (
        "def f():\n    import numpy as np, torch\n"
        "    return {'a': [1, 2.5, None, 'x', True], 'b': np.float32(3), 'c': (torch.ones(2),)}"
    )
    with warm.process() as process:
        process.run_cells(cell(source))
        value = process.call("f").value
    assert value["a"] == [1, 2.5, None, "x", True]
    assert value["b"].item() == 3
    assert torch.equal(value["c"][0], torch.ones(2))


def test_a_network_comes_back_as_its_weights(warm):
    model = torch.nn.Linear(2, 1).requires_grad_(False).eval()
    with warm.process() as process:
        process.run_cells(cell("def f(model):\n    return model"))
        value = process.call("f", model).value
    assert isinstance(value, ReturnedModel)
    assert torch.equal(value.state_dict["weight"], model.weight)
    assert (value.training, value.frozen) == (False, True)


def test_gradients_are_taken_where_the_graph_is(warm):
    x = torch.tensor([1.0, 2.0])
    with warm.process() as process:
        process.run_cells(cell("def f(x, y):\n    return (x ** 2).sum()"))
        result = process.call("f", x, torch.ones(3), gradients=(0, 1))
        twice = process.call("f", x, torch.ones(3), gradients=(0,), upstream=torch.tensor(2.0))
    assert torch.equal(result.gradients[0], 2 * x)
    assert torch.equal(result.gradients[1], torch.zeros(3)), "no dependence is a gradient of 0"
    assert torch.equal(twice.gradients[0], 4 * x)


def test_every_forward_pass_is_recorded_on_request(warm):
    source = "def f(model, x):\n    model(x)\n    x += 1\n    return model(x)"
    with warm.process() as process:
        process.run_cells(cell(source))
        result = process.call("f", torch.nn.Flatten(), torch.zeros(1, 2), record=True)
    assert [float(x.sum()) for x in result.forwards] == [0, 2]


def test_a_class_is_built_in_the_sandbox_and_its_object_called(warm):
    source = (
        "from torch import nn\nimport torch\nclass Scale(nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n"
        "        self.weight = nn.Parameter(torch.ones(channels))\n"
        "    def forward(self, x):\n        return x * self.weight"
    )
    x, weight = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    with warm.process() as process:
        process.run_cells(cell(source, 3))
        made = process.call("Scale", 2).value
        options = {"built_with": (2,), "attributes": {"weight": weight}}
        result = process.call("Scale", x, gradients=(0, "weight"), **options)
    assert isinstance(made, ReturnedModel)
    assert not made.frozen
    assert torch.equal(result.value, x * weight)
    assert torch.equal(result.gradients[0], weight)
    assert torch.equal(result.gradients[1], x)


def test_shared_networks_travel_by_name(warm):
    """The worker has the embedded network already; 14 MB a call would take longer than the call."""
    from autograder.worker.messages import dump_call, shared_model

    model = shared_model("lite0")
    assert len(dump_call({"model": model}, ["lite0"])) < 1000
    with warm.process() as process:
        process.run_cells(cell("def f(model):\n    return len(list(model.parameters()))"))
        assert process.call("f", model, shared=("lite0",)).value > 50


def test_a_missing_function_and_none_are_not_answered_yet(warm):
    with warm.process() as process:
        process.run_cells(cell("def f():\n    pass"))
        with pytest.raises(NotAnswered, match="not answered yet: `g` is not defined"):
            process.call("g")
        with pytest.raises(NotAnswered, match="not answered yet: `f` returns None"):
            process.call("f")


def test_an_exception_names_the_students_line(warm):
    with warm.process() as process:
        process.run_cells(cell("def f(x):\n    y = x[5]\n    return y"))
        with pytest.raises(
            StudentError, match=r"`f` raised IndexError: .*\(line 2: `y = x\[5\]`\)"
        ):
            process.call("f", [1, 2])


def test_a_wrong_signature_shows_no_line_of_the_grader(warm):
    with warm.process() as process:
        process.run_cells(cell("def f(x):\n    return x"))
        with pytest.raises(StudentError) as caught:
            process.call("f", 1, 2)
    assert str(caught.value).endswith("takes 1 positional argument but 2 were given")


def test_limits_on_time_memory_and_output_act(warm):
    """Also without bubblewrap, where they are the only protection."""
    limits = replace(warm.limits, seconds=1, memory=256 << 20)
    for body, says in (
        ("while True: pass", "`f` took longer than 1 s and was stopped"),
        ("return bytearray(1 << 30)", "`f` needed more memory"),
        ("while True: print('x' * 100_000)", "`f` printed or wrote more"),
    ):
        with process_at(warm.address, limits) as process:
            process.run_cells(cell(f"def f():\n    {body}"))
            with pytest.raises(StudentError, match=says):
                process.call("f")


@pytest.mark.parametrize("later", [999, 1001])
def test_all_calls_together_are_limited(warm, monkeypatch, later):
    """Many calls that are each just fast enough would take an hour. The clock is put forward."""
    limits = replace(warm.limits, seconds=200, exercise_seconds=1000)
    with process_at(warm.address, limits) as process:
        process.run_cells(cell("def f(endless):\n    while endless: pass\n    return 1"))
        assert process.call("f", False).value == 1
        clock = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: clock() + later)
        # One second is left, of which a busy machine may have taken all; or none is.
        stopped = r"`f` took longer than 0\.\d+ s and was stopped|" if later < 1000 else ""
        refused = "all calls together took longer than 1000 s; `f` was not called"
        with pytest.raises(StudentError, match=stopped + refused):
            process.call("f", True)
        assert process.ended


def test_scikit_learns_k_means_runs(warm):
    """It reads /proc/self/maps, which an isolated process does not see."""
    code = "from sklearn.cluster import KMeans\ndef f(x):\n    return KMeans(2).fit_predict(x)"
    with warm.process() as process:
        process.run_cells(cell(code, 2))
        first, second, third = process.call("f", [[0.0], [9.0], [9.1]]).value.tolist()
        assert first != second == third


def test_a_process_that_ended_keeps_saying_why(warm):
    """Nobody waits for it a second time."""
    with warm.process() as process:
        process.run_cells(cell("import os\ndef f():\n    os._exit(3)", 2))
        for _ in range(2):
            with pytest.raises(StudentError, match="`f` ended the process it ran in"):
                process.call("f")
        assert "ended the process" in process.ended


def test_a_large_reply_after_a_slow_call_is_not_cut_short(warm):
    """Each call has its own time, whatever was left of the last one's."""
    limits = replace(warm.limits, seconds=2)
    with process_at(warm.address, limits) as process:
        source = "import time\ndef f(x, wait):\n    time.sleep(wait)\n    return x"
        process.run_cells(cell(source, 2))
        process.call("f", torch.ones(1), 1.5)
        assert process.call("f", torch.ones(1_000_000), 0).value.sum() == 1_000_000


def test_output_and_warnings_cost_nothing(warm):
    source = (
        "import sys, warnings\ndef f():\n    print('hello'); print('x', file=sys.stderr)\n"
        "    warnings.warn('careful')\n    return 1"
    )
    with warm.process() as process:
        process.run_cells(cell(source, 2))
        assert process.call("f").value == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_no_other_machine_and_no_other_user_can_be_reached(warm):
    """Without bubblewrap, too: no sockets but local ones, and no program that makes one root."""
    source = (
        "import ctypes, socket\ndef f():\n    opened = []\n"
        "    for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):\n"
        "        try: opened.append(int(socket.socket(family).family))\n"
        "        except OSError: pass\n"
        "    return [opened, ctypes.CDLL(None).prctl(39, 0, 0, 0, 0)]"  # PR_GET_NO_NEW_PRIVS
    )
    with warm.process() as process:
        process.run_cells(cell(source, 2))
        assert process.call("f").value == [[1], 1]


# The sandbox's own failures are nobody's mistake


def test_windows_is_told_where_to_grade(monkeypatch):
    monkeypatch.delattr(module.socket, "AF_UNIX")
    with pytest.raises(SandboxError, match="on Windows use WSL 2 or a container"):
        Sandbox(isolate=False).__enter__()


def test_a_server_that_is_gone_is_no_mistake_of_a_student(tmp_path):
    with pytest.raises(SandboxError, match="server does not answer"):
        process_at(str(tmp_path / "socket"), Limits()).__enter__()


def test_a_process_that_cannot_be_shut_in_runs_nothing_and_says_why(sandbox):
    """A kernel that lacks one of the means must not cost a student's points."""
    with pytest.raises(SandboxError, match=r"no process could be started: .*Error"):
        process_at(sandbox.address, replace(sandbox.limits, output="no number")).__enter__()


def test_a_worker_that_cannot_start_says_so(monkeypatch):
    monkeypatch.setattr(module, "WORKER", Path("/nonexistent"))
    with (
        pytest.raises(SandboxError, match=r"the worker could not start \(exit status \d+\)"),
        Sandbox(isolate=False) as sandbox,
    ):
        sandbox.wait_until_warm()


def test_what_libraries_print_while_they_are_imported_delays_nothing(monkeypatch, tmp_path):
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import sys\nprint('a library')\nprint('ready', flush=True)\nsys.stdin.read()"
    )
    monkeypatch.setattr(module, "WORKER", worker)
    with Sandbox(isolate=False) as sandbox:
        sandbox.wait_until_warm()


def test_a_temporary_folder_too_deep_for_a_socket_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path / ("deep" * 30)))
    (tmp_path / ("deep" * 30)).mkdir()
    with pytest.raises(SandboxError, match="set TMPDIR to a folder with a short name"):
        Sandbox(isolate=False).__enter__()
    assert not list((tmp_path / ("deep" * 30)).iterdir())


def test_without_bubblewrap_it_is_not_isolated(monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    module.why_not_isolated.cache_clear()
    try:
        assert module.why_not_isolated() == "bubblewrap is not installed"
        assert Sandbox().isolation == NOT_ISOLATED
    finally:
        module.why_not_isolated.cache_clear()


def test_plain_processes_on_request(sandbox):
    assert sandbox.isolation == ISOLATED
    assert Sandbox(isolate=False).isolation == NOT_ISOLATED


# The allow-list


def test_the_allow_list_holds_the_kit_and_not_the_course():
    bound = [b for a, b in zip(*[module.bubblewrap_command()[i:] for i in (0, 1)], strict=False)
             if a == "--ro-bind-try"]  # fmt: skip
    inside = {Path(b).relative_to(COURSE).parts[0] for b in bound if Path(b).is_relative_to(COURSE)}
    assert str(COURSE / "labkit") in bound
    assert str(COURSE / "autograder" / "worker") in bound
    assert inside <= {"labkit", "autograder", Path(sys.prefix).name}
    assert not {str(COURSE), str(COURSE / "autograder"), "/", str(Path.home())} & set(bound)


def test_the_in_tree_environment_and_the_editable_install_work(sandbox):
    """Here packages come from the checkout's own folder, which is hidden around them."""
    source = "import os, torch, labkit\ndef f():\n    return [torch.__file__, labkit.__file__]"
    with sandbox.process() as process:
        process.run_cells(cell(source, 2))
        seen_torch, seen_labkit = process.call("f").value
    assert seen_torch == torch.__file__
    assert Path(seen_labkit) == COURSE / "labkit" / "__init__.py"


def test_a_checkout_inside_a_system_folder_is_hidden(monkeypatch):
    """A course below the interpreter's own folder must not come along with it."""
    course = Path(sys.base_prefix) / "lib" / "course"
    monkeypatch.setattr(module, "COURSE", course)
    command = module.bubblewrap_command()
    assert command[command.index(str(course)) - 1] == "--tmpfs"


def test_no_submission_runs_as_root(sandbox):
    source = "import os\ndef f():\n    return [os.getuid(), os.getgid(), len(os.getgroups())]"
    with sandbox.process() as process:
        process.run_cells(cell(source, 2))
        uid, gid, groups = process.call("f").value
    assert (uid == 0) == (gid == 0) is False
    assert groups == 0 or os.getuid() != 0


def test_printable_takes_out_what_moves_a_terminal():
    assert printable("a\x1b[2J\nb\ud800\u202e`c`é") == "a [2J b  `c`é"
    assert len(printable("x" * 5000)) == 1000
