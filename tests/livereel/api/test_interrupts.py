"""The stop button of a notebook, on a real kernel: what runs ends, and leaves no process and no folder."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

LONG_S = 120.0

WATCH = """
import livereel
async for event in livereel.watch(
    ["synthetic://street?size=320x180", "synthetic://field?size=320x180"], data={folder!r}, window_s=2
):
    print(type(event).__name__, flush=True)
"""
BUSY = """
import time, livereel
async for event in livereel.watch("synthetic://street?size=320x180", data={folder!r}):
    print(type(event).__name__, flush=True)
    time.sleep(2)  # a kernel interrupts it at the next event
"""
RECAP = """
import livereel
def shown(label, *, known=True):
    print(label, flush=True)
    return livereel.once.progress.no_progress(label)
livereel.recap("synthetic://street?size=640x360&duration_s=600", {folder!r} + "/reel", progress=shown)
"""
BATCH = """
import asyncio, livereel
async def asked(window):
    print("asked", flush=True)
    await asyncio.Event().wait()  # an answer that never comes
films = ["synthetic://street?size=320x180&duration_s=20&seed=" + str(seed) for seed in range(4)]
livereel.batch(films, {folder!r} + "/reels", describe=asked, at_once=2, progress=False)
"""
CHILDREN = """
import asyncio, pathlib
def children():
    tasks = pathlib.Path("/proc/self/task").iterdir()
    return [pid for task in tasks for pid in (task / "children").read_text().split()]
for _ in range(300):
    if not children():
        break
    await asyncio.sleep(0.1)
print("left:", children())
"""


class Kernel:
    """A Jupyter kernel that runs cells."""

    def __init__(self, manager: Any, client: BlockingKernelClient) -> None:
        self._manager = manager
        self._client = client

    def interrupted(self, code: str, said: str) -> str:
        """Run a cell, interrupt it once it has said something, and return the name of what it raised."""
        self._client.execute(code)
        while said not in self._message("stream")["text"]:
            pass
        self._manager.interrupt_kernel()
        raised = str(self._message("error")["ename"])
        while self._message("status")["execution_state"] != "idle":  # it aborts what is sent before
            pass
        return raised

    def said(self, code: str) -> str:
        """Run a cell and return what it prints first."""
        self._client.execute(code)
        return str(self._message("stream")["text"])

    def _message(self, kind: str) -> dict[str, Any]:
        end_s = time.monotonic() + LONG_S
        while time.monotonic() < end_s:
            message = self._client.get_iopub_msg(timeout=LONG_S)
            if message["msg_type"] == kind:
                content: dict[str, Any] = message["content"]
                return content
            assert message["msg_type"] != "error", message["content"]["evalue"]
        raise TimeoutError(kind)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own making
        manager, client = start_new_kernel(kernel_name="python3")
        try:
            yield Kernel(manager, client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("code", [WATCH, BUSY], ids=["waiting", "busy"])
def test_watch_ends_with_its_cameras(kernel: Kernel, tmp_path: Path, code: str) -> None:
    raised = kernel.interrupted(code.format(folder=str(tmp_path / "data")), "CameraState")
    assert raised in {"CancelledError", "KeyboardInterrupt"}
    assert kernel.said(CHILDREN).strip() == "left: []"
    assert (tmp_path / "data" / "ledger.db").is_file()


def test_a_recap_leaves_no_folder(kernel: Kernel, tmp_path: Path) -> None:
    assert kernel.interrupted(RECAP.format(folder=str(tmp_path)), "watching") == "KeyboardInterrupt"
    assert kernel.said("print(1)").strip() == "1"
    assert list(tmp_path.iterdir()) == []


def test_a_batch_ends_where_it_waits_and_leaves_nothing_half_made(kernel: Kernel, tmp_path: Path) -> None:
    assert kernel.interrupted(BATCH.format(folder=str(tmp_path)), "asked") == "KeyboardInterrupt"
    assert kernel.said("print(1)").strip() == "1"
    assert list((tmp_path / "reels").iterdir()) == []
