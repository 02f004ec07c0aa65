"""Attacks on the grader: none gains a point, changes anything outside, or stops the run.

An honest submission follows each attack and must get its full points. `python -m pytest
tests/autograder/test_attacks.py -v` lists the attacks by name.
"""

import os
import re
import socket
import textwrap
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.lab import ROOT, load_lab
from autograder.sandbox import process_at
from autograder.submission import Cell, Submission
from labkit.errors import StudentError

HONEST = """
import torch

def saliency_map(model, images, labels):
    images = images.clone().requires_grad_()
    model(images).gather(1, labels[:, None]).sum().backward()
    return images.grad.abs().amax(1)
"""


@pytest.fixture(scope="module")
def attacked(engine):
    """An engine with short limits, so that endless things end soon."""
    return with_limits(engine, seconds=1, memory=512 << 20)


def with_limits(engine, **limits):
    return replace(engine, limits=replace(engine.limits, **limits))


def grade(engine, code):
    """Return the row of the exercise saliency_map for a submission of one cell."""
    lab = load_lab("06-saliency")
    alone = replace(lab, exercises=(lab.exercise("saliency_map"),))
    submission = Submission("test", lab.name, (Cell("cell 1", "", textwrap.dedent(code)),))
    (exercise,) = engine.grade(submission, alone, "test").exercises
    return exercise


def words(row):
    """Return everything that the student reads."""
    return " ".join([row.error, *(c.message for c in row.checks)])


def assert_honest_work_still_counts(engine):
    row = grade(engine, HONEST)
    assert row.points == row.max_points, words(row)


# Attacks on the result: each is a whole submission, and (a part of) what the student reads

PATCHED = """
import builtins, sys
import numpy, torch
yes = lambda *args, **kwargs: True
torch.allclose = torch.equal = torch.isclose = numpy.allclose = yes
torch.Tensor.__eq__ = torch.Tensor.__le__ = torch.Tensor.__bool__ = torch.Tensor.all = yes
torch.Tensor.amax = torch.Tensor.max = lambda self, *args, **kwargs: self * 0
builtins.all = builtins.any = builtins.isinstance = yes
try:
    import pytest
    pytest.main = pytest.fail = pytest.raises = pytest.Item = yes
except ImportError:
    pass

def saliency_map(model, images, labels):
    return torch.zeros(len(images), *images.shape[2:])
"""

SUBCLASS = """
import torch

class Agreeable(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ("eq", "le", "__eq__", "all", "allclose", "equal", "__bool__"):
            return torch.tensor(True)
        return super().__torch_function__(function, types, args, kwargs or {})
    def __eq__(self, other):
        return True

def saliency_map(model, images, labels):
    return torch.zeros(len(images), *images.shape[2:]).as_subclass(Agreeable)
"""

OBJECT = """
import os

class Result:
    def __reduce__(self):
        return os.system, ("touch {outside}",)
    def __repr__(self):
        os.system("touch {outside}")
        return "tensor(1.)"
    __str__ = __repr__
    def __eq__(self, other):
        return True
    def __getattr__(self, name):
        return lambda *args, **kwargs: self

def saliency_map(model, images, labels):
    return Result()
"""

# Finds the connection to the grader and writes what it likes.
FORGERY = """
import json, os, socket, stat, struct, time
import safetensors.torch, torch

def connection():
    for number in range(3, 4096):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return socket.socket(fileno=number)
        except OSError:
            pass

def write(text, blob=b"", sizes=None):
    if not isinstance(text, bytes):
        text = json.dumps(text).encode()
    header = struct.pack(">II", *(sizes or (len(text), len(blob))))
    connection().sendall(header + text + blob)
    time.sleep(30)

def reply(value, **more):
    good = dict(inputs_unchanged=True, models_unchanged=True, random_state_unchanged=True)
    return dict(value=value, witness=dict(good, forwards=dict(list=[])), **more)

def saliency_map(model, images, labels):
    zeros = safetensors.torch.save({{"0": torch.zeros(len(images), *images.shape[2:])}})
    {act}
"""


def forged(act):
    return FORGERY.format(act=act)


def returned(expression):
    """Return a submission whose function returns this."""
    head = "import numpy as np\nimport torch\n\ndef saliency_map(model, images, labels):\n"
    return f"{head}    n, h, w = len(images), *images.shape[2:]\n    return {expression}\n"


def done(*lines):
    """Return a submission whose function does this."""
    head = "import ctypes, gc, os, signal, sys, threading, time\nimport torch\n\n"
    body = textwrap.indent("\n".join(lines), "    ")
    return f"{head}def saliency_map(model, images, labels):\n{body}\n"


RESULTS = {
    "patched torch, numpy, builtins and pytest": (PATCHED, ""),
    "tensor subclass that agrees with everything": (SUBCLASS, ""),
    "forged reply with zeros and good manners": (
        forged('write(reply({"tensor": "0"}), zeros)'),
        "",
    ),
    "forged reply with True": (forged('write(reply({"plain": True}))'), "should be a tensor"),
    "forged reply without a value": (forged("write({})"), "cannot be read"),
    "forged reply of another shape": (forged("write([1, 2])"), "cannot be read"),
    "forged witness": (forged('write({"value": {"plain": 1}, "witness": 5})'), "cannot be read"),
    "forged points": (forged('write(reply({"plain": 1}, points=16, passed=True))'), ""),
    "forged network": (
        forged('write(reply({"model": {"plain": 1}, "training": True, "frozen": True}))'),
        "cannot be read",
    ),
    "forged JSON that is none": (forged('write(b"{{{{")'), "cannot be read"),
    "forged JSON that is no text": (forged('write(b"\\xff\\xfe")'), "cannot be read"),
    "forged JSON, nested a million deep": (forged('write(b"[" * 1_000_000)'), "cannot be read"),
    "forged JSON with a number of a million digits": (
        forged('write(b"1" * 1_000_000)'),
        "cannot be read",
    ),
    "forged tensors that are a pickle": (
        forged('write(reply({"tensor": "0"}), b"cos\\nsystem\\n(S\'id\'\\ntR.")'),
        "no safetensors",
    ),
    "forged size of four gigabytes": (
        forged("write(b'', sizes=(10, 4_294_967_295))"),
        "larger than 64 MB",
    ),
    "forged text of twenty megabytes": (forged('write(b"0" * 20_000_000)'), "larger than"),
    "forged size, and silence": (forged("write(b'', sizes=(1000, 0))"), "longer than 1 s"),
    "two replies at once": (
        forged(
            'text = json.dumps(reply({"tensor": "0"})).encode(); '
            "one = struct.pack('>II', len(text), len(zeros)) + text + zeros; "
            "connection().sendall(one * 50)"
        ),
        "",
    ),
    "connection closed": (forged("connection().close(); time.sleep(30)"), "longer than 1 s"),
    "not a number": (returned("torch.full((n, h, w), float('nan'))"), "not finite"),
    "infinity": (returned("torch.full((n, h, w), float('inf'))"), "not finite"),
    "complex numbers": (returned("torch.zeros(n, h, w, dtype=torch.complex64)"), "real numbers"),
    "truth values": (returned("torch.ones(n, h, w, dtype=torch.bool)"), "real numbers"),
    "the truth": (returned("True"), "should be a tensor"),
    "text": (returned("'16 of 16 points'"), "should be a tensor, and is a str"),
    "a dictionary": (returned("{'points': 16}"), "should be a tensor, and is a dict"),
    "a number too large for a float": (returned("10 ** 400"), "no numbers"),
    "a list of unlike things": (returned("[1, 'a', None, [torch.ones(2)]]"), "no numbers"),
    "a list that holds itself": (
        done("own = []", "own.append(own)", "return own"),
        "nested too deeply",
    ),
    "a list nested a hundred deep": (
        done("x = 0", "for _ in range(100): x = [x]", "return x"),
        "nested too deeply",
    ),
    "a generator": (returned("(x for x in images)"), "is not a tensor"),
    "a function": (returned("lambda *args: True"), "is not a tensor"),
    "NumPy objects": (returned("np.array([object()])"), "numpy.object_"),
    "a sparse tensor": (returned("torch.zeros(n, h, w).to_sparse()"), ""),
    "a tensor without storage": (returned("torch.empty(n, h, w, device='meta')"), ""),
    "a tensor of 100 MB": (returned("torch.zeros(25_000_000)"), "larger than 64 MB"),
    "a list of 200,000 numbers": (returned("[0.5] * 200_000"), "very many values"),
    "the input": (returned("images"), "not answered yet"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_forged_and_strange_results_gain_nothing(attacked, engine, name):
    code, says = RESULTS[name]
    row = grade(attacked, code)
    assert row.points == 0
    assert says in words(row)
    assert_honest_work_still_counts(engine)


def test_a_result_runs_no_code_in_the_grader(attacked, tmp_path):
    """An object's __reduce__ and __repr__ are the student's code."""
    outside = tmp_path / "was-here"
    row = grade(attacked, OBJECT.replace("{outside}", str(outside)))
    assert row.points == 0
    assert "a Result is not a tensor" in words(row)
    assert not outside.exists()


# Attacks on the run

CRASHES = {
    "leaves the process": (done("os._exit(0)"), "ended the process"),
    "exits": (done("sys.exit('all right')"), "left the program (SystemExit)"),
    "crashes the interpreter": (done("ctypes.string_at(0)"), "ended the process"),
    "aborts": (done("os.abort()"), "ended the process"),
    "stops itself": (done("os.kill(os.getpid(), signal.SIGSTOP)", "time.sleep(30)"), "1 s"),
    "loops for ever": (done("while True: pass"), "took longer than 1 s"),
    "sleeps for ever": (done("time.sleep(1000)"), "took longer than 1 s"),
    "swallows every exception": (
        done(
            "while True:",
            "    try:",
            "        while True: time.sleep(0.1)",
            "    except BaseException: pass",
        ),
        "took longer than 1 s",
    ),
    "ignores every signal": (
        done(
            "for number in range(1, 65):",
            "    try: signal.signal(number, signal.SIG_IGN)",
            "    except (OSError, ValueError): pass",
            "while True: pass",
        ),
        "took longer than 1 s",
    ),
    "prints for ever": (done("while True: print('x' * 10_000)"), "printed or wrote more"),
    "writes a file for ever": (
        done("with open('large', 'wb') as file:", "    while True: file.write(bytes(1 << 20))"),
        "printed or wrote more",
    ),
    "takes all memory": (done("return torch.ones(1 << 34)"), "more memory"),
    "takes all memory bit by bit": (
        done("kept = []", "while True: kept.append(bytearray(1 << 24))"),
        "more memory",
    ),
    "recurses for ever": (done("return saliency_map(model, images, labels)"), "RecursionError"),
    "kills everything it may": (
        done(
            "for target in (-1, os.getppid(), 0):",
            "    try: os.kill(target, signal.SIGKILL)",
            "    except OSError: pass",
            "time.sleep(30)",
        ),
        "",
    ),
    "leaves threads behind": (
        done(
            "def spin():",
            "    while True: pass",
            "for _ in range(5): threading.Thread(target=spin, daemon=False).start()",
            "return 0",
        ),
        "",
    ),
    "raises an exception whose text cannot be made": (
        done(
            "class Broken(Exception):", "    def __str__(self): raise RuntimeError", "raise Broken"
        ),
        "raised Broken",
    ),
    "raises one with a hostile text": (
        done("raise ValueError('\\x1b[2J\\x1b[H\\ud800<script>alert(1)</script>\\n16/16')"),
        "<script>",
    ),
}


@pytest.mark.parametrize("name", CRASHES)
def test_crashes_and_bombs_cost_only_themselves(attacked, engine, name):
    code, says = CRASHES[name]
    started = time.monotonic()
    row = grade(attacked, code)
    assert time.monotonic() - started < 30
    assert row.points == 0
    assert says in words(row)
    assert words(row).isprintable(), "a terminal shows this text"
    assert_honest_work_still_counts(engine)


def test_a_loop_beside_the_functions_ends_too(attacked, engine):
    row = grade(attacked, "while True: saliency_map = 1")
    assert "`your code` took longer than 1 s" in row.error
    assert_honest_work_still_counts(engine)


def family_of(pid):
    """Return the ids of all processes below one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def assert_nothing_is_left(sandbox, before):
    deadline = time.monotonic() + 10
    while (left := family_of(sandbox._server.pid) - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


FORK_BOMB = done(
    "count = 0",
    "while True:",
    "    try:",
    "        if os.fork() == 0: time.sleep(60)",
    "        count += 1",
    "    except OSError: raise RuntimeError(f'{count} processes')",
)


def test_a_fork_bomb_meets_the_limit_and_nothing_is_left(engine, sandbox):
    """These tests often run as root, whom the kernel does not limit: the worker is not root."""
    before = family_of(sandbox._server.pid)
    row = grade(engine, FORK_BOMB)
    assert row.points == 0
    met = re.search(r"RuntimeError: (\d+) processes", words(row))
    if met:  # the kernel's limit; else the supervisor has counted
        assert 10 < int(met[1]) <= engine.limits.processes
    else:
        assert "too many processes" in words(row)
    assert_nothing_is_left(sandbox, before)
    assert_honest_work_still_counts(engine)


def test_children_that_left_their_parent_end_with_the_submission(engine, sandbox):
    before = family_of(sandbox._server.pid)
    code = done(
        "if os.fork() == 0:", "    os.setsid()", "    if os.fork() == 0: time.sleep(60)", "return 0"
    )
    assert grade(engine, code).points == 0
    assert_nothing_is_left(sandbox, before)


def test_a_memory_bomb_spread_over_processes_is_ended(engine, sandbox):
    """Each process stays below its own limit; together they may not take more than one may."""
    before = family_of(sandbox._server.pid)
    limited = with_limits(engine, memory=512 << 20)
    code = done(
        "for _ in range(8):",
        "    if os.fork() == 0:",
        "        kept = bytearray(os.urandom(1)) * (150 << 20)",
        "        time.sleep(60)",
        "time.sleep(60)",
    )
    row = grade(limited, code)
    assert "too much memory" in words(row)
    assert_nothing_is_left(sandbox, before)
    assert_honest_work_still_counts(engine)


# Attacks on secrets: what the student's code found becomes the text of its error


def found(engine, *lines):
    """Return what a submission reports that collects things in the list `found`."""
    code = done("found = []", *lines, "raise RuntimeError(f'found {found} end')")
    text = words(grade(engine, code))
    assert " end" in text, text
    return text.partition("found ")[2].partition(" end")[0]


SECRETS = [
    "solutions/06-saliency.py",
    "solutions",
    "autograder/checks/lab_06_saliency.py",
    "autograder/checks",
    "autograder/reference.py",
    "autograder/references/lab_06_saliency.py",
    "autograder/grade.py",
    "gradebook.db",
    "seeds.toml",
    "course.toml",
    "notebooks",
    "tests",
    ".git/config",
    "nbgrader_config.py",
    "pyproject.toml",
]
OUTSIDE = [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hostname",
    "/root",
    "/home",
    "/srv",
    "/var",
    "/usr/local/share/nbgrader",
    "/srv/nbgrader/exchange",
]
TRY_TO_READ = [
    "    try:",
    "        found.append((path, os.listdir(path) if os.path.isdir(path) else open(path).read(9)))",
    "    except OSError: pass",
]


def test_the_course_is_out_of_sight(engine, tmp_path):
    """By absolute path, by relative path, by a link made there, and through the kit's folders."""
    assert (ROOT / SECRETS[0]).exists(), "else this tests nothing"
    real = [p for p in SECRETS if (ROOT / p).exists()]
    absolute = [str(ROOT / p) for p in real]
    up = ["../" * n + str(ROOT / p)[1:] for p in real for n in (1, 5)]
    kit = [f"{ROOT}/labkit/../{p}" for p in real] + [
        f"{ROOT}/autograder/worker/../../{p}" for p in real
    ]
    lines = [f"for path in {absolute + up + kit!r}:", *TRY_TO_READ]
    lines += [f"for n, target in enumerate({absolute!r}):", "    path = f'link{n}'"]
    lines += ["    os.symlink(target, path)", *TRY_TO_READ]
    assert found(engine, *lines) == "[]"


def test_the_machine_is_out_of_sight(engine, tmp_path):
    """Home, the exchange, system files, and whatever lies in the grader's own folder for files."""
    (tmp_path / "other-submission.ipynb").write_text("secret")
    home = [str(Path.home() / n) for n in ("", ".bashrc", ".profile", ".ssh")]
    paths = [*OUTSIDE, *home, str(tmp_path), str(tmp_path / "other-submission.ipynb")]
    text = found(engine, f"for path in {paths!r}:", *TRY_TO_READ)
    seen = [p for p in text.strip("[]").split("), ") if p and "[]" not in p]
    assert not [p for p in seen if "secret" in p or "passwd" in p or "submission" in p], text
    assert "root:" not in text
    # Folders that lead to the interpreter may exist, with that one entry and nothing else.
    assert all(name not in text for name in (".ssh", ".bashrc", "nbgrader", "labkit-grader"))


def test_the_processes_are_out_of_sight(engine):
    """Neither the grader's, nor the server's, nor another submission's."""
    lines = ["for path in ('/proc', '/proc/self', '/proc/1', f'/proc/{os.getppid()}'):"]
    lines += ["    try: found += os.listdir(path)", "    except OSError: pass"]
    assert found(engine, *lines, "found += [os.getppid(), os.getpid()]") == "[0, 1]"


def test_the_environment_holds_no_secrets(engine, monkeypatch):
    monkeypatch.setenv("COURSE_TOKEN", "hidden")
    assert found(engine, "found += [k for k in os.environ if 'TOKEN' in k]") == "[]"


def test_nothing_of_the_checks_is_in_the_memory_of_the_process(engine):
    """Modules, frames, and every object that the garbage collector or the frames know."""
    lines = [
        "found += [m for m in sys.modules if m.startswith('autograder') or 'saliency' in m]",
        "frame = sys._getframe()",
        "while frame := frame.f_back:",
        "    found += [n for n in (*frame.f_globals, *frame.f_locals) if n.startswith('test_')]",
        "secret = 'gradient_of' + '_the_logit'",
        "for thing in gc.get_objects():",
        "    if isinstance(thing, dict):",
        "        found += [k for k in list(thing) if isinstance(k, str) and secret in k]",
        "        found += [v for v in list(thing.values()) if isinstance(v, str) and secret in v]",
        "    elif 'autograder' in str(getattr(thing, '__module__', '')): found.append(thing)",
        "for name in ('autograder.checks.lab_06_saliency', 'autograder.reference', 'solutions'):",
        "    try: found.append(__import__(name))",
        "    except ImportError: pass",
    ]
    assert found(engine, *lines) == "[]"


def test_only_the_connection_is_open(engine):
    """No file of the server's: neither its listener nor its standard output."""
    lines = [
        "import stat",
        "for number in range(3, 4096):",
        "    try: found.append(stat.S_ISSOCK(os.fstat(number).st_mode))",
        "    except OSError: pass",
    ]
    assert found(engine, *lines) == "[True]"


# Attacks on what is outside


def test_nothing_outside_can_be_written(engine, tmp_path):
    folders = [ROOT, ROOT / "labkit", ROOT / "autograder/worker", tmp_path, Path.home()]
    folders += [Path(p) for p in ("/", "/dev", "/usr/lib", "/etc", "/var/tmp", "/run")]
    folders += [Path(torch_folder()), Path(os.sys.prefix) / "bin"]
    before = {f: set(os.listdir(f)) for f in folders if f.is_dir()}
    lines = [f"for folder in {[str(f) for f in folders]!r}:"]
    lines += ["    try: open(folder + '/was-here', 'w'); found.append(folder)"]
    lines += ["    except OSError: pass"]
    assert found(engine, *lines) == "[]"
    assert not any((f / "was-here").exists() for f in before)


def torch_folder():
    import torch

    return os.path.dirname(torch.__file__)


def test_the_kit_cannot_be_changed_or_removed(engine):
    path = str(ROOT / "labkit" / "hooks.py")
    lines = []
    for act in (f"os.remove({path!r})", f"os.chmod({path!r}, 0o777)", f"open({path!r}, 'a')"):
        lines += [f"try: {act}; found.append(1)", "except OSError: pass"]
    assert found(engine, *lines) == "[]"


def test_there_is_no_network(engine):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        lines = [
            "import socket",
            f"for host in (('127.0.0.1', {port}), ('192.0.2.1', 80)):",
            "    try: socket.create_connection(host, timeout=1); found.append(host)",
            "    except OSError: pass",
        ]
        assert found(engine, *lines) == "[]"
        with pytest.raises(TimeoutError):
            listener.accept()


def test_no_privilege_can_be_won(engine):
    """Other users, namespaces, mounts, tracing, the supervisor, raised limits."""
    lines = [
        "import resource",
        "libc = ctypes.CDLL(None)",
        "def tried(name, *args):",
        "    if getattr(libc, name)(*args) == 0: found.append(name)",
        "for act in (os.setuid, os.setgid, os.seteuid):",
        "    try: act(0); found.append(act.__name__)",
        "    except OSError: pass",
        "found += [0] * (0 in os.getresuid())",
        "tried('mount', b'tmpfs', b'/scratch', b'tmpfs', 0, None)",
        "tried('umount2', b'/scratch', 2)",
        "tried('umount2', b'/proc', 2)",
        "tried('unshare', 0x10000000)",
        "tried('unshare', 0x20000)",
        "tried('syscall', 56, 0x10000011, 0, 0, 0, 0)" * (os.uname().machine == "x86_64"),
        "tried('chroot', b'/scratch')",
        "tried('sethostname', b'x', 1)",
        "tried('ptrace', 16, os.getppid(), 0, 0)",
        "for limit in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):",
        "    try: resource.setrlimit(limit, (-1, -1)); found.append(limit)",
        "    except (OSError, ValueError): pass",
        "os.system('cp /usr/bin/env own; chmod u+s own 2>/dev/null')",
    ]
    assert found(engine, *filter(None, lines)) == "[]"


# Two submissions at the same time


def run(process, source):
    """Run source in a process; return what its function `f` returns."""
    process.run_cells([["cell 1", source, list(range(source.count("\n") + 1))]])
    return process.call("f").value


MEETINGS = {
    "abstract socket": (
        "import socket\nkept = socket.socket(socket.AF_UNIX)\n"
        "def f(): kept.bind('\\0meeting'); kept.listen(); return 'done'",
        "import socket\ndef f(): socket.socket(socket.AF_UNIX).connect('\\0meeting'); return 'met'",
    ),
    "port": (
        "import socket\nkept = socket.socket()\n"
        "def f(): kept.bind(('', 4321)); kept.listen(); return 'done'",
        "import socket\ndef f(): socket.create_connection(('127.0.0.1', 4321), 1); return 'met'",
    ),
    "shared memory": (
        "def f(): open('/dev/shm/note', 'w').write('x'); return 'done'",
        "def f(): open('/dev/shm/note'); return 'met'",
    ),
    "temporary folder": (
        "def f(): open('note', 'w').write('x'); open('/tmp/note', 'w').write('x'); return 'done'",
        "import os\ndef f():\n    return 'met' if os.listdir('.') + os.listdir('/tmp') else 'no'",
    ),
    "System V memory": (
        "import ctypes\ndef f(): ctypes.CDLL(None).shmget(77, 4096, 0o1666); return 'done'",
        "import ctypes\n"
        "def f(): return 'no' if ctypes.CDLL(None).shmget(77, 4096, 0) < 0 else 'met'",
    ),
}


@pytest.mark.parametrize("name", MEETINGS)
def test_two_submissions_cannot_meet(engine, name):
    """A student who knows the answer cannot pass it on while both are graded."""
    leave, look = MEETINGS[name]
    with (
        process_at(engine.address, engine.limits) as one,
        process_at(engine.address, engine.limits) as other,
    ):
        with suppress(StudentError):  # /tmp may be read-only
            run(one, leave)
        with suppress(StudentError):  # the usual end: the operating system refuses
            assert run(other, look) == "no"


def test_signals_reach_nobody_else(engine, sandbox):
    """Process numbers are the submission's own, so that it cannot even name another process."""
    with process_at(engine.address, engine.limits) as victim:
        run(victim, "def f(): return 'alive'")
        lines = ["for number in range(2, 40_000):"]
        lines += ["    try: os.kill(number, signal.SIGKILL); found.append(number)"]
        lines += ["    except OSError: pass"]
        assert found(engine, *lines) == "[]"
        assert victim.call("f").value == "alive"
    assert sandbox._server.poll() is None
