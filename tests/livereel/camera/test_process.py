"""The camera's process as the main process sees it, whose loop it must never block."""

from __future__ import annotations

import os
import signal
from collections import deque
from pathlib import Path

import pytest

from livereel.camera.process import CameraProcess
from livereel.camera.reports import Opening
from livereel.camera.settings import CameraSettings
from livereel.camera.worker import CameraJob
from sinks.live_view import ViewKind
from tests.kit.mqtt.sink_thread import looped
from tests.kit.program.live_run import WINDOWS


@looped
async def test_a_process_that_has_stopped_takes_requests_only_as_long_as_they_fit(tmp_path: Path) -> None:
    """Viewers come and go while a camera's process hangs."""
    process = CameraProcess(CameraJob(CameraSettings("front", "synthetic://street"), WINDOWS, tmp_path))
    try:
        assert isinstance(await process.next(), Opening)
        os.kill(process.pid, signal.SIGSTOP)
        requests = iter(lambda: process.view(ViewKind.VIDEO).close(), "never")
        with pytest.raises(BlockingIOError):
            deque(requests, maxlen=0)
        process.request_stop()
    finally:
        await process.end()
