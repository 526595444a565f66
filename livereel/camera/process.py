"""The camera's process as the main process sees it."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from multiprocessing.reduction import send_handle

from base.child_process import Child
from base.daemon_thread import run_in_daemon_thread
from livereel.camera.reports import Report, ViewRequest
from livereel.camera.worker import CameraJob
from sinks.live_view import ViewKind

# Reports that may wait for the main process. When it is full the camera's process waits to send, and its
# packets wait in its own bounded queue.
MAX_REPORTS = 256


class CameraProcess:
    """A camera's process and what it reports.

    Its pipe is read in a thread: a process that is stopped within a report would block the loop.

    Attributes:
        pid: its number.
    """

    def __init__(self, job: CameraJob) -> None:
        """Start it; raises OSError."""
        self._child = Child("livereel.camera.worker", "run", job.camera.name)
        self.pid = self._child.pid
        with suppress(OSError):  # it has died already, and the pipe reports its end
            self._child.pipe.send(job)
        self._loop = asyncio.get_running_loop()
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue(MAX_REPORTS)
        self._over = False
        threading.Thread(target=self._read, name=job.camera.name, daemon=True).start()

    async def next(self) -> Report | None:
        """Return the next report, as soon as there is one; None when the process is gone."""
        report = None if self._over else await self._reports.get()
        self._over = report is None
        return report

    def _read(self) -> None:
        report: Report | None = None
        while True:
            try:
                report = self._child.pipe.recv()
            except (EOFError, OSError):
                report = None
            try:
                asyncio.run_coroutine_threadsafe(self._reports.put(report), self._loop).result()
            except (RuntimeError, CancelledError):
                return  # the loop is closed
            if report is None:
                return

    def view(self, kind: ViewKind) -> socket.socket:
        """Return a connection over which it sends what is of this kind, until either end is closed.

        Raises OSError when the process is gone, or has stopped and takes no more requests.
        """
        if not self._takes_requests():
            raise BlockingIOError
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._child.pipe.send(ViewRequest(kind))
                send_handle(self._child.pipe, theirs.fileno(), self.pid)
        except OSError:
            ours.close()
            raise
        ours.setblocking(False)
        return ours

    def request_stop(self) -> None:
        """Ask the process to close its window and end; one that takes no requests is left to be killed."""
        with suppress(OSError):
            if self._takes_requests():
                self._child.pipe.send("stop")

    def _takes_requests(self) -> bool:
        """Whether a request fits into the pipe, whose other end may be stopped: it would block the loop."""
        poll = select.poll()
        poll.register(self._child.pipe.fileno(), select.POLLOUT)
        return bool(poll.poll(0))

    def kill(self) -> None:
        """Kill the process."""
        self._child.kill()

    async def died_of(self) -> str:
        """Wait for its end, and return its cause, as ``SIGSEGV`` or ``exit code 1``."""
        # Not in the default executor, which a slow disk may fill: the camera is started again after this.
        return await run_in_daemon_thread(self._child.wait)

    async def end(self) -> None:
        """Kill the process if it still runs, and wait until its pipe and thread are released."""
        self.kill()
        await self.died_of()
        while await self.next() is not None:
            pass  # the reading thread may be waiting for room in the queue
        self._child.pipe.close()
