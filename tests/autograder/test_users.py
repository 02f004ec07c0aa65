"""Users of their own for submissions: who gets one, and that all they started ends."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder import users
from autograder.sandbox import WORKER

sys.path.insert(0, str(WORKER))  # the worker's modules know each other by their bare names
import isolation


def test_only_root_can_give_them_and_only_where_everybody_reads_the_kit(tmp_path, monkeypatch):
    if sys.platform != "linux":
        pytest.skip("users of their own are for Linux")
    monkeypatch.setattr(users, "everybody_reads", lambda folder: folder != "closed")
    monkeypatch.setattr(users, "users", lambda: 65_536)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert users.plain_mode(["open"]) == "own-user"
    assert users.plain_mode(["open", "closed"]) == "plain"
    monkeypatch.setattr(users, "users", lambda: 1)
    assert users.plain_mode(["open"]) == "plain", "as root in `unshare --map-root-user`"
    monkeypatch.setattr(users, "users", lambda: 1 << 32)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert users.plain_mode(["open"]) == "plain"


def test_everybody_reads_what_every_folder_above_lets_through():
    with tempfile.TemporaryDirectory() as root:  # pytest's own folders are closed
        inner = Path(root) / "a" / "b"
        inner.mkdir(parents=True)
        for folder in (Path(root), inner.parent, inner):
            folder.chmod(0o755)
        assert users.everybody_reads(str(inner))
        assert users.everybody_reads(str(inner / "lib64")), "what does not exist hides nothing"
        inner.chmod(0o711)
        assert not users.everybody_reads(str(inner)), "its files cannot be listed"
        inner.chmod(0o755)
        inner.parent.chmod(0o750)
        assert not users.everybody_reads(str(inner))


@pytest.mark.parametrize(("known", "lowest", "highest"), [(1 << 32, 200_000, 260_000),
                                                          (65_536, 5_000, 65_000)])  # fmt: skip
def test_numbers_are_those_of_nobody_and_the_kernel_knows_them(monkeypatch, known, lowest, highest):
    monkeypatch.setattr(users, "users", lambda: known)
    drawn = [users.unused_user() for _ in range(200)]
    assert all(lowest <= user < highest - 1 and user % 2 == 0 for user in drawn)
    assert len(set(drawn)) > 100


def test_all_that_a_user_started_ends_and_nothing_else():
    if os.getuid() != 0:
        pytest.skip("needs root")
    mine, others = (users.FIRST_IN_CONTAINERS + n for n in (2, 4))
    sleepers = [
        subprocess.Popen(["sleep", "60"], user=user, group=user, extra_groups=[])
        for user in (mine, mine, others)
    ]
    try:
        isolation.end_all_of(mine)
        assert [sleeper.wait(timeout=30) for sleeper in sleepers[:2]] == [-9, -9]
        assert sleepers[2].poll() is None
        isolation.end_all_of(mine)  # there is nobody left
        assert sleepers[2].poll() is None
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
