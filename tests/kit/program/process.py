"""The program itself, as a user starts it, and what it leaves running."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError
from tests.kit.program.live_run import LONG_S, until, windows_kept

LIVEREEL = Path(sys.executable).with_name("livereel")

# Short windows and many reels, so that a kill meets the program at all it does; no port that is in use.
CONFIG: dict[str, Any] = {
    "window_s": 1.0,
    "reel": {"every_s": 5.0, "min_chapters": 2, "max_chapters": 3},
    "web": {"enabled": False},
}
# Of several cameras: each reel is compiled by a process of its own, which imports what it needs first.
REELS_OF_MANY = {**CONFIG["reel"], "every_s": 12.0}


class Program:
    """``livereel run``, in a session of its own, so that processes that it leaves behind can be found."""

    def __init__(
        self,
        data: Path,
        cameras: Sequence[dict[str, Any]],
        environment: dict[str, str] | None = None,
        **sections: Any,
    ) -> None:
        """A run of these cameras that is not started yet; ``sections`` are more of its configuration."""
        self.data = data
        self._config = data.with_name(f"{data.name}.yaml")
        told = {"data": str(data), "cameras": list(cameras), **CONFIG, **sections}
        self._config.write_text(json.dumps(told))  # which is YAML, too
        self._log = data.with_name(f"{data.name}.log")
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its log goes on from earlier starts."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [LIVEREEL, "run", str(self._config)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self._environment,
            )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The main process of the newest start."""
        if self._process is None:
            raise RuntimeError("livereel was never started")
        return self._process

    @property
    def log(self) -> str:
        """Its log so far, in all starts."""
        return self._log.read_text()

    def kill(self) -> None:
        """Kill the main process, and it alone."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals, *, everyone: bool) -> int:
        """Send a signal to the main process or to all; return the exit code."""
        (os.killpg if everyone else os.kill)(self.process.pid, number)
        return self.process.wait(LONG_S)

    def left_running(self) -> list[int]:
        """The processes of its session that run still; a dead main process leaves none for long."""
        return [pid for pid in _processes() if _session(pid) == self.process.pid]

    def none_left(self) -> None:
        """Wait until nothing of it runs."""
        until(lambda: not self.left_running(), "the end of all its processes")

    def rows(self) -> list[dict[str, Any]]:
        """The rows that ``livereel ledger --json`` prints now; empty while there is no ledger."""
        try:
            ledger = Ledger(self.data, read_only=True)
        except LedgerError:
            return []
        try:
            return list(ledger.history("", utc_text(datetime.now(UTC))))
        except LedgerError:
            return []  # it is just being made
        finally:
            ledger.close()

    def printed_rows(self) -> list[dict[str, Any]]:
        """The same by the program itself."""
        command = [str(LIVEREEL), "ledger", "--data", str(self.data), "--json"]
        done = subprocess.run(command, capture_output=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def windows_kept(self) -> Counter[str]:
        """How many windows of each camera the ledger holds; none while there is no ledger."""
        try:
            return windows_kept(self.data)
        except sqlite3.OperationalError:
            return Counter()

    def windows(self) -> list[dict[str, Any]]:
        """The windows of the ledger."""
        return [row for row in self.rows() if row["kind"] == "window"]

    def close(self) -> None:
        """Kill all of it."""
        for pid in self.left_running():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _session(pid: int) -> int | None:
    try:
        # Behind the name, which may hold spaces: state, parent, group, session (proc(5)).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[3])


def wait_a_while(seconds: float) -> None:
    """Let a fault meet the program at a random moment."""
    time.sleep(seconds)
