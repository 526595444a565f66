"""A real RTSP server as a fixture: GStreamer's, in the system's Python, with faults on demand."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_PYTHON = "/usr/bin/python3"
_SERVER = Path(__file__).with_name("rtsp_server.py")
_ANSWER_S = 90.0


def missing() -> str | None:
    """What is not installed of the server; None when all is."""
    if not shutil.which(_PYTHON):
        return f"{_PYTHON} is not here"
    probe = subprocess.run([_PYTHON, str(_SERVER), "--check"], capture_output=True, check=False)
    return None if probe.returncode == 0 else "GStreamer's RTSP server is not installed"


def free_port() -> int:
    """A TCP port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtspServer:
    """A server whose cameras can be spoilt, stopped, frozen and started again on the same port."""

    def __init__(
        self,
        mounts: Mapping[str, Sequence[Path]],
        *,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        """Serve each mount's footage (folders of ``footage.write_units``), the first of them at first.

        An MP4 file in place of folders is served as a recorder does: the server names its duration.
        """
        self._asked = {
            "mounts": {mount: [str(folder) for folder in folders] for mount, folders in mounts.items()},
            "port": free_port(),
            "user": user,
            "password": password,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.begun_s = 0.0
        """The monotonic time from which the times of its pictures are counted."""

    def address(self, mount: str, credentials: str = "") -> str:
        """The mount's address; ``credentials`` are ``user:password@``."""
        return f"rtsp://{credentials}127.0.0.1:{self._asked['port']}{mount}"

    @property
    def port(self) -> int:
        """Where it listens, whether it runs or not."""
        return int(str(self._asked["port"]))

    @property
    def pid(self) -> int:
        """Of the running process."""
        return self._running().pid

    def start(self) -> None:
        """Start it, anew with no fault."""
        self._process = subprocess.Popen(
            [_PYTHON, str(_SERVER), json.dumps(self._asked)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.begun_s = int(self._answer().split()[1]) / 1e6

    def say(self, **faults: float | bool) -> None:
        """Set faults: ``silent``, ``garbage``, ``flipped``, ``lost``, ``offset_s``, ``footage``."""
        process = self._running()
        assert process.stdin is not None  # asked for when it was started
        process.stdin.write(json.dumps(faults).encode() + b"\n")
        process.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        process = self._running()
        assert process.stdout is not None  # asked for when it was started
        if not select.select([process.stdout], [], [], _ANSWER_S)[0]:
            raise TimeoutError("the RTSP server does not answer")
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the RTSP server has died")
        return line.decode().strip()

    def kill(self) -> None:
        """End it as a power cut does."""
        process = self._running()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def freeze(self) -> None:
        """Stop the process where it is; its connections stay open."""
        os.kill(self._running().pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.kill(self._running().pid, signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the RTSP server is not running")
        return self._process

    def close(self) -> None:
        """Kill it if it runs."""
        if self._process is not None:
            self.kill()


@contextmanager
def rtsp_server(
    mounts: Mapping[str, Sequence[Path]], *, user: str | None = None, password: str | None = None
) -> Iterator[RtspServer]:
    """A running server; the test skips where GStreamer is not installed."""
    lacking = missing()
    if lacking:
        pytest.skip(lacking)
    server = RtspServer(mounts, user=user, password=password)
    server.start()
    try:
        yield server
    finally:
        server.close()
