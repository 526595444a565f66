"""The live path as the program runs it, in a thread of the test, with less restarts."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analyzer.reel.settings import ReelSettings
from analyzer.signal.settings import WindowSettings
from base.backoff import Backoff
from base.clock import utc_text
from livereel.app import build
from livereel.background_task import running
from livereel.camera.settings import CameraSettings
from livereel.camera.supervisor import RestartPolicy
from livereel.camera.worker import CameraJob
from livereel.config.describers import make_language_models
from livereel.config.options import Options
from livereel.config.schema import Config
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import FILE
from livereel.live.archive import LedgerArchive
from livereel.live.live_views import LiveViews
from livereel.live.service import Live
from livereel.reels.settings import NamedReel
from livereel.replay.tuner import LedgerTuner
from livereel.storage.settings import RetentionSettings
from sinks.serialize import gap_row
from sinks.sink import Sink
from sinks.web.settings import WebSettings
from sinks.web.sink import WebSink, listen

# Liveness only: far longer than anything takes on a slow machine.
LONG_S = 180.0
QUICK = RestartPolicy(open_s=15.0, stall_s=2.0, stop_s=2.0, backoff=Backoff((0.2, 0.5, 0.5)))
WINDOWS = WindowSettings(window_s=1.0, keyframe_px=320)


def few_chapters(reels_every_s: float = 3600.0, reels: Sequence[NamedReel] = ()) -> Options:
    """Options with reels of two to four chapters, and with room for all that a test makes."""
    reel = ReelSettings(every_s=reels_every_s, min_chapters=2, max_chapters=4)
    retention = RetentionSettings(max_age_h=24.0, max_bytes=1 << 40, min_free_bytes=0)
    return Options(Config(reel=reel, reels=tuple(reels), retention=retention))


def until(condition: Callable[[], bool], what: str) -> None:
    """Return once the condition holds; an AssertionError says ``what`` was never seen."""
    deadline_s = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < deadline_s, f"never seen: {what}"
        time.sleep(0.1)


def windows_kept(data: Path) -> Counter[str]:
    """How many windows of each camera the ledger in ``data`` holds; cheap enough to be asked again and again.

    Raises sqlite3.OperationalError while there is no ledger.
    """
    with closing(sqlite3.connect(f"{(data / FILE).as_uri()}?mode=ro", uri=True)) as db:
        return Counter(dict(db.execute("SELECT camera, count(*) FROM windows GROUP BY camera")))


@dataclass
class Watch:
    """A running Live. Times are UTC texts; ``start_utc`` is before it began, ``end_utc`` when it stopped.

    ``url`` is where its pages are, if it serves any.
    """

    data: Path
    live: Live
    start_utc: str
    end_utc: str = ""
    failure: list[BaseException] = field(default_factory=list)
    url: str = ""
    reader: Ledger | None = None  # while it runs: conditions are asked for many times a second

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        if self.reader is not None:
            yield self.reader
            return
        with closing(Ledger(self.data, read_only=True)) as ledger:
            yield ledger

    def rows(self, camera: str | None = None) -> list[dict[str, Any]]:
        """The rows of the ledger now, as ``livereel ledger --json`` prints it."""
        with self._ledger() as ledger:
            rows = list(ledger.history("", utc_text(datetime.now(UTC))))
        return [row for row in rows if camera in {None, row.get("camera")}]

    def windows(self, camera: str) -> list[dict[str, Any]]:
        """The camera's windows so far."""
        return [row for row in self.rows(camera) if row["kind"] == "window"]

    def described(self) -> list[dict[str, Any]]:
        """The windows that have become moments so far."""
        return [row for row in self.rows() if row.get("outcome") == "described"]

    def gaps(self, camera: str) -> list[dict[str, Any]]:
        """The camera's gaps so far; one that is still open ends now."""
        with self._ledger() as ledger:
            gaps = ledger.gaps.since("", utc_text(datetime.now(UTC)), camera=camera)
        return [gap_row(gap) for gap in gaps]

    def more_windows(self, camera: str, count: int = 2) -> None:
        """Wait until so many more windows of the camera are kept."""
        wanted = windows_kept(self.data)[camera] + count
        until(lambda: windows_kept(self.data)[camera] >= wanted, f"{count} more windows of {camera}")


def _jobs(sources: Mapping[str, str | CameraSettings | CameraJob], data: Path) -> Iterator[CameraJob]:
    for name, source in sources.items():
        if isinstance(source, CameraJob):
            yield source
        else:
            camera = source if isinstance(source, CameraSettings) else CameraSettings(name, source)
            yield CameraJob(camera, WINDOWS, data)


def end(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop as asyncio.run does: cancel what is left, and wait for its threads."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def _run(live: Live, stop: asyncio.Event, site: WebSink | None) -> None:
    if site is None:
        await live.run(stop)
        return
    async with running("web", site.run(), stop):
        try:
            await live.run(stop)
        finally:
            await site.close()


@contextmanager
def watching(
    data: Path,
    sources: Mapping[str, str | CameraSettings | CameraJob],
    *,
    restarts: RestartPolicy = QUICK,
    reels_every_s: float = 3600.0,
    reels: Sequence[NamedReel] = (),
    sinks: Sequence[Sink] = (),
    web: WebSettings | None = None,
) -> Iterator[Watch]:
    """Watch cameras, given by name and address, until the block ends; then stop as SIGTERM does.

    With ``web``, pages are served.
    """
    ledger = Ledger(data)
    options = few_chapters(reels_every_s, reels)
    words = make_language_models(options.config, ())
    jobs = list(_jobs(sources, data))
    live = build(jobs, ledger, words, options, restarts=restarts)
    archive = LedgerArchive(ledger, list(sources))
    telemetry = live.stats
    site = (
        WebSink(
            web,
            listen(web),
            list(sources),
            archive,
            reels=live.reels,
            view=LiveViews(live.cameras),
            feedback=ledger.feedback,
            tuner=LedgerTuner(ledger, jobs),
            telemetry=telemetry,
            version="1.2.3",
        )
        if web
        else None
    )
    live.attach([*sinks, *([site] if site else [])])
    reader = Ledger(data, read_only=True)
    watch = Watch(data, live, utc_text(datetime.now(UTC)), url=site.url if site else "", reader=reader)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def run() -> None:
        try:
            loop.run_until_complete(_run(live, stop, site))
        except BaseException as error:  # noqa: BLE001  # handed to the test's own thread
            watch.failure.append(error)
        finally:
            end(loop)

    thread = threading.Thread(target=run, name="live")
    thread.start()
    try:
        yield watch
    finally:
        watch.end_utc = utc_text(datetime.now(UTC))
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(LONG_S)
        assert not thread.is_alive(), "Live does not stop"
        watch.reader = None
        reader.close()
        ledger.close()
        for failure in watch.failure:
            raise failure
