"""Child processes end with what started them, and so do the processes that they start."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from base.child_process import Child, become_child, kill_own_group

ROOT = Path(__file__).resolve().parents[2]

# Starts the child of this module, prints the pids of child and grandchild, and waits.
PROGRAM = """
import time
from base.child_process import Child

child = Child("tests.base.test_child_process", {function!r}, "test")
print(child.pid, child.pipe.recv(), flush=True)
time.sleep(300)
"""


def sleep_with_grandchild(handle: int, parent_pid: int) -> None:
    """As a process that starts others: it reads its pipe to the end."""
    pipe = become_child(handle, parent_pid, dies_with_parent=False)
    pipe.send(_grandchild())
    try:
        pipe.recv()
    except EOFError:
        kill_own_group()


def sleep_alone(handle: int, parent_pid: int) -> None:
    """As a process that starts no other and may hang: it never reads its pipe."""
    pipe = become_child(handle, parent_pid)
    pipe.send(0)
    signal.pause()


def leave_grandchild(handle: int, parent_pid: int) -> None:
    """End, and leave a process behind."""
    become_child(handle, parent_pid).send(_grandchild())


def _grandchild() -> int:
    return subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]).pid


def fail(handle: int, parent_pid: int) -> None:
    """End by an exception."""
    become_child(handle, parent_pid)
    raise RuntimeError("gone wrong")


def test_a_child_that_fails_says_why_and_ends_with_code_1(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", _environment()["PYTHONPATH"])
    child = Child("tests.base.test_child_process", "fail", "test")
    with closing(child.pipe):
        assert child.wait() == "exit code 1"
    assert capfd.readouterr().err.endswith("RuntimeError: gone wrong\n")


@pytest.mark.parametrize("function", ["sleep_with_grandchild", "sleep_alone"])
def test_a_killed_program_leaves_nothing(function: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(function=function)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=_environment()) as program:
        assert program.stdout is not None
        handles = [os.pidfd_open(int(pid)) for pid in program.stdout.readline().split() if int(pid)]
        program.kill()
        assert all(_ended(handle) for handle in handles)


@pytest.mark.parametrize("function", ["sleep_with_grandchild", "leave_grandchild"])
def test_nothing_of_its_group_outlives_a_child(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", _environment()["PYTHONPATH"])
    child = Child("tests.base.test_child_process", function, "test")
    with closing(child.pipe):
        grandchild = os.pidfd_open(child.pipe.recv())
        if function == "sleep_with_grandchild":
            child.kill()
        assert child.wait() in {"SIGKILL", "exit code 0"}
        assert _ended(grandchild)
        child.kill()  # its id may be another's by now: nothing is sent


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _ended(handle: int) -> bool:
    """Whether the process ends; the handle is closed."""
    try:
        return bool(select.select([handle], [], [], 30.0)[0])
    finally:
        os.close(handle)
