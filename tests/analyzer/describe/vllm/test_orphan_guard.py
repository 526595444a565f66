"""What a killed program's engine would outlive is ended with it, and a dismissed guard ends nothing."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]

# An engine's process is one of multiprocessing's, spawned; this one only sleeps.
PROGRAM = """
import multiprocessing, os, sys, time
from analyzer.describe.vllm.orphan_guard import Guard

if __name__ == "__main__":
    engine = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(300,))
    guard = Guard()
    engine.start()
    time.sleep(2.5)  # to be seen by who looks every second
    if "dismissed" in sys.argv:
        guard.dismiss()
    print(engine.pid, flush=True)
    time.sleep(300)
"""


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "dismissed"])
def test_an_engine_ends_with_a_program_that_is_killed(guarded: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a case
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    arguments = [] if guarded else ["dismissed"]
    with subprocess.Popen(
        [sys.executable, str(program), *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        engine = os.pidfd_open(int(process.stdout.readline()))
        try:
            process.kill()
            process.wait()
            if guarded:
                assert _ended(engine, within_s=60.0)
            else:
                time.sleep(2.5)  # as long as a guard would take
                assert not _ended(engine, within_s=0.0)
        finally:
            if not _ended(engine, within_s=0.0):
                signal.pidfd_send_signal(engine, signal.SIGKILL)
            os.close(engine)


def _ended(process: int, within_s: float) -> bool:
    return bool(select.select([process], [], [], within_s)[0])
