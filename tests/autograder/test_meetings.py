"""Two submissions graded at the same time cannot meet: they share no file, port or memory."""

from contextlib import suppress

import pytest

from autograder.process import process_at
from labkit.errors import StudentError


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
