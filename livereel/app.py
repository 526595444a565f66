"""Composition: the only module that names concrete classes and wires them, runs and closes them."""

from __future__ import annotations

import asyncio
import logging
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import livereel
from analyzer.describe.describer import DescribeError
from analyzer.reel.manifest import VIDEO
from base.clock import utc_text
from base.local_time import date_time_text, length_text
from base.plural import counted
from livereel.background_task import running
from livereel.camera.names import REQUESTED
from livereel.camera.settings import CameraSettings
from livereel.camera.supervisor import RestartPolicy
from livereel.camera.worker import CameraJob
from livereel.config.describers import LanguageModels, make_language_models
from livereel.config.options import Options
from livereel.config.schema import Config
from livereel.ledger.ledger import Ledger
from livereel.live.archive import LedgerArchive
from livereel.live.live_views import LiveViews
from livereel.live.reel_jobs import ReelPauses, Requested
from livereel.live.run_summary import RunSummary
from livereel.live.service import Intervals, Live
from livereel.reels.now import ReelRequest, add_reel_now
from livereel.reels.series import ReelLook, ReelSeries, ScheduledReel
from livereel.reels.spec import KEPT_ROLLING, ReelSpec, reel_specs
from livereel.replay.tuner import LedgerTuner
from livereel.storage.data_dir import LATEST, REELS, FolderInUseError, lock_data_dir
from livereel.storage.recovery import recover
from livereel.storage.retention import Retention
from sinks.mqtt.messages import Messages
from sinks.mqtt.settings import MqttSettings
from sinks.mqtt.sink import MqttSink
from sinks.notify.settings import BACKOFF, KEY_PREFIX, OUTBOX_MAX_BYTES, NotifySettings, named
from sinks.outbox import Outbox
from sinks.outbox_sink import OutboxSink
from sinks.sink import Sink
from sinks.web.settings import WebSettings

log = logging.getLogger(__name__)

Outlet = Callable[[Live, asyncio.Event], AbstractAsyncContextManager[Sink]]


class _RunningSink(Sink, Protocol):
    async def run(self) -> None: ...


DEMO_CAMERAS = (
    CameraSettings(name="street", source="synthetic://street?seed=7&light=dusk&groups_per_minute=2"),
    CameraSettings(name="field", source="synthetic://field?seed=3&groups_per_minute=2"),
)
DEMO_EVERY_S = 15.0
# A window is in the ledger so long after its end.
CLOSE_S = 2.0


def watch(cameras: Sequence[CameraSettings], data: Path, options: Options, seconds: float | None) -> None:
    """Watch cameras live until stopped, or for ``seconds``; print where their reels are.

    Raises as ``LiveRun.run`` and ``prepared`` do.
    """
    with prepared(cameras, data, options) as run:
        _log_start(cameras, data, options, run.specs, seconds)
        asyncio.run(_until_signal(run, seconds))
        run.log_end()
    videos = {spec.name: data / REELS / spec.name / LATEST / VIDEO for spec in run.specs}
    made = {name: video for name, video in videos.items() if video.exists()}
    command = "reel --out my-reel" if run.summary.moments and not made else "ledger"
    log.info("next: livereel %s --data %s", command, shlex.quote(str(data)))
    for name, video in made.items():
        sys.stdout.write(f"{name}: {video}\n")


@contextmanager
def prepared(
    cameras: Sequence[CameraSettings], data: Path, options: Options, models: LanguageModels | None = None
) -> Iterator[LiveRun]:
    """Lock the data folder, open its ledger and wire a run over it; nothing is watched yet.

    ``models`` describe, choose and narrate in place of what the options name.

    Raises FolderInUseError, LedgerError, ConfigError, DescribeError, SinkError or OSError.
    """
    start = datetime.now(UTC)
    specs = reel_specs(options.config, [camera.name for camera in cameras], start)
    models = models or make_language_models(options.config, cameras)
    with lock_data_dir(data), closing(Ledger(data)) as ledger:
        jobs = [_job(camera, data, options) for camera in cameras]
        outlets = _outlets(ledger, jobs, [spec.name for spec in specs], options.config)
        recover(data, ledger)
        live = build(jobs, ledger, models, options, start=start)
        summary = RunSummary({camera.name: camera.source for camera in cameras}, start)
        yield LiveRun(live, models, outlets, ledger, specs, summary, start)


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that is wired, over an open ledger.

    Attributes:
        live: what watches.
        models: what describes, chooses and narrates.
        outlets: open the sinks that the options name.
        ledger: holds all that is seen.
        specs: the reels that are made.
        summary: counts what happens.
        start: when it was wired.
    """

    live: Live
    models: LanguageModels
    outlets: Sequence[Outlet]
    ledger: Ledger
    specs: Sequence[ReelSpec]
    summary: RunSummary
    start: datetime

    async def run(self, stop: asyncio.Event, seconds: float | None, sinks: Sequence[Sink] = ()) -> None:
        """Watch until ``stop`` is set or ``seconds`` have passed, then close: cameras first, sinks last.

        ``sinks`` get all events, too. Raises UnwatchedError when no camera could be watched, DescribeError
        when its own model cannot be loaded, SinkError when a sink fails for good.
        """
        loading = asyncio.create_task(_load(self.models, stop))
        async with AsyncExitStack() as stack:
            opened = [await stack.enter_async_context(outlet(self.live, stop)) for outlet in self.outlets]
            every = [self.summary, *opened, *sinks]
            self.live.attach(every)
            try:
                await self.live.run(stop, seconds)
            finally:
                loading.cancel()
                await asyncio.wait([loading])
                # All at once: each sink may take its two seconds. The blocks that run them close them again.
                await asyncio.gather(self.models.close(), *(sink.close() for sink in every))
        if not loading.cancelled():
            loading.result()
        self.summary.require_watched()

    def log_end(self) -> None:
        """Log what was seen."""
        end = datetime.now(UTC)
        gaps = self.ledger.gaps.since(utc_text(self.start), utc_text(end))
        log.info("%s", self.summary.text(gaps, end))


def _log_start(
    cameras: Sequence[CameraSettings],
    data: Path,
    options: Options,
    specs: Sequence[ReelSpec],
    seconds: float | None,
) -> None:
    log.info("watching %s: %s", counted(len(cameras), "camera"), ", ".join(camera.name for camera in cameras))
    log.info("data: %s", data)
    if not options.config.reels:
        reels = "reels: the first %g s from now, if something has happened by then; then every %g s"
        log.info(reels, options.config.reel.every_s, options.config.reel.every_s)
    for spec in specs if options.config.reels else ():
        shown = ", ".join(spec.cameras)
        next_text = date_time_text(spec.schedule.next_after(datetime.now(UTC)))
        log.info("reel %s: %s, of %s; next at %s", spec.name, spec.schedule.text, shown, next_text)
    log.info("Ctrl-C ends it%s", "" if seconds is None else f"; else it ends after {length_text(seconds)}")


def build(
    cameras: Sequence[CameraJob],
    ledger: Ledger,
    models: LanguageModels,
    options: Options,
    *,
    start: datetime | None = None,
    restarts: RestartPolicy | None = None,
    intervals: Intervals | None = None,
    retention: Retention | None = None,
) -> Live:
    """Wire a live run of these cameras over an open ledger; nothing is started yet. Raises ConfigError.

    Args:
        cameras: what to watch, with all files in the ledger's data folder.
        ledger: stays the caller's to close.
        models: describes windows, chooses chapters and writes stories; also closed by the caller.
        options: of reels, of the describe queue and of retention.
        start: from when on rolling reels count their intervals; now if None.
        restarts: timeouts of cameras; the defaults if None.
        intervals: how often the run does what; the defaults if None.
        retention: in place of one over the options' limits.
    """
    config = options.config
    names = [job.camera.name for job in cameras]
    series = partial(ReelSeries, ledger=ledger, folder=ledger.data / REELS)
    specs = reel_specs(config, names, start or datetime.now(UTC))
    named = [spec.name for spec in specs if spec.is_named]
    return Live(
        cameras,
        ledger,
        models.describer,
        [
            ScheduledReel(
                spec, ReelLook.of(spec.settings, models, spec.profile), series(spec.name, keep=spec.keep)
            )
            for spec in specs
        ],
        Requested(series(REQUESTED, keep=KEPT_ROLLING), ReelLook.of(config.reel, models), tuple(names)),
        retention=retention or Retention(ledger.data, ledger, config.retention, counted_ids=named),
        restarts=restarts or RestartPolicy(),
        describe=config.describe,
        transcriber=models.transcriber,
        transcribe=config.transcribe,
        intervals=intervals or Intervals(reels=ReelPauses(close_s=config.window_s + CLOSE_S)),
    )


def demo(data: Path, seconds: float, options: Options) -> None:
    """Watch two synthetic cameras."""
    watch(DEMO_CAMERAS, data, options.with_reel_every(DEMO_EVERY_S), seconds)


def add_reel(data: Path, name: str, request: ReelRequest, options: Options) -> None:
    """Make the next reel of a name in the data folder; print where it is.

    Raises as ``reel_now`` does, and FolderInUseError while another process watches.
    """
    with _locked_for_reels(data), closing(Ledger(data)) as ledger:
        _open_outboxes(ledger, options.config)  # the next run sends what is in them
        add_reel_now(ledger, name, request, options)


@contextmanager
def _locked_for_reels(data: Path) -> Iterator[None]:
    try:
        with lock_data_dir(data):
            yield
    except FolderInUseError as error:
        raise FolderInUseError(f"{error}: make the reel on its page, or give --out DIR") from error


async def _until_signal(run: LiveRun, seconds: float | None) -> None:
    stop = asyncio.Event()
    for number in _ending_signals():
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run.run(stop, seconds)


def _ending_signals() -> list[signal.Signals]:
    """The signals that end a run; the end of its terminal does not, where nohup asks for that."""
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hangup]


async def _load(models: LanguageModels, stop: asyncio.Event) -> None:
    """Load the model while cameras start. A failure ends the run: no window would be described."""
    if models.load is not None:
        try:
            await models.load()
        except DescribeError:
            stop.set()
            raise


def _outlets(ledger: Ledger, jobs: Sequence[CameraJob], reels: Sequence[str], config: Config) -> list[Outlet]:
    """Return what opens each sink of a run; a sink that fails for good stops the run.

    Outboxes are opened at once, as they hold all events that are made from now on, and so is the port of the
    pages. Raises SinkError where that is in use.
    """
    outlets: list[Outlet] = []
    cameras = [job.camera.name for job in jobs]
    if config.mqtt.host is not None:
        outlets.append(_mqtt(ledger, cameras, reels, config.mqtt))
    ledger.outboxes.remove_others(KEY_PREFIX, [settings.key for settings in config.notify])
    outlets += [_notify(ledger, *service, config.web.public_url) for service in named(config.notify)]
    if config.store is not None:
        outlets.append(_store(ledger, config.store))
    if config.web.enabled:
        outlets.append(_web(ledger, jobs, config.web))
    return outlets


def _mqtt(ledger: Ledger, cameras: Sequence[str], reels: Sequence[str], settings: MqttSettings) -> Outlet:
    outbox = _open_mqtt_outbox(ledger, settings)

    def make(live: Live) -> _RunningSink:
        version = livereel.__version__
        return MqttSink(
            settings,
            cameras,
            reels,
            outbox,
            live,
            feedback=ledger.feedback,
            base=ledger.data,
            version=version,
        )

    return _outlet("mqtt", make)


def _notify(ledger: Ledger, name: str, settings: NotifySettings, page_url: str | None) -> Outlet:
    from sinks.notify.delivery import NotifyDelivery  # noqa: PLC0415  # for who wants notifications
    from sinks.notify.notification import Notifications  # noqa: PLC0415
    from sinks.notify.service import AppriseService  # noqa: PLC0415

    service = AppriseService(settings.url)
    notifications = Notifications(settings, base=ledger.data, page_url=page_url)
    outbox = ledger.outboxes.open(settings.key, notifications.encode, max_bytes=OUTBOX_MAX_BYTES, name=name)
    delivery = NotifyDelivery(settings, notifications, service, name=name)
    return _outlet(name, lambda _: OutboxSink(name, outbox, delivery, backoff=BACKOFF))


def _store(ledger: Ledger, address: str) -> Outlet:
    from sinks.objectstore import delivery as store  # noqa: PLC0415  # for who wants copies
    from sinks.objectstore.folder import StoreFolder  # noqa: PLC0415
    from sinks.objectstore.messages import StoreMessages  # noqa: PLC0415

    copies = store.StoreDelivery(StoreFolder(address), base=ledger.data)
    messages = StoreMessages(ledger.data)
    outbox = ledger.outboxes.open(store.NAME, messages.encode, max_bytes=store.OUTBOX_MAX_BYTES)
    return _outlet(store.NAME, lambda _: OutboxSink(store.NAME, outbox, copies, backoff=store.BACKOFF))


def _open_outboxes(ledger: Ledger, config: Config) -> None:
    """Have messages stored for all sinks that a run would have."""
    if config.mqtt.host is not None:
        _open_mqtt_outbox(ledger, config.mqtt)
    for service in named(config.notify):
        _notify(ledger, *service, config.web.public_url)
    if config.store is not None:
        _store(ledger, config.store)


def _open_mqtt_outbox(ledger: Ledger, settings: MqttSettings) -> Outbox:
    messages = Messages(settings.topic_prefix, base=ledger.data)
    return ledger.outboxes.open("mqtt", messages.stored, max_bytes=settings.outbox_max_bytes)


def _web(ledger: Ledger, jobs: Sequence[CameraJob], settings: WebSettings) -> Outlet:
    from sinks.web.sink import WebSink, listen, url_of  # noqa: PLC0415  # a web server, for who wants one

    listening = listen(settings)
    log.info("web: %s", url_of(listening, settings))

    def make(live: Live) -> _RunningSink:
        cameras = [job.camera.name for job in jobs]
        archive = LedgerArchive(ledger, cameras)
        return WebSink(
            settings,
            listening,
            cameras,
            archive,
            reels=live.reels,
            view=LiveViews(live.cameras),
            feedback=ledger.feedback,
            tuner=LedgerTuner(ledger, jobs),
            telemetry=live.stats,
            version=livereel.__version__,
        )

    return _outlet("web", make)


def _outlet(name: str, make: Callable[[Live], _RunningSink]) -> Outlet:
    """Return what runs a sink, made once the run exists, until the block ends."""

    @asynccontextmanager
    async def opened(live: Live, stop: asyncio.Event) -> AsyncIterator[Sink]:
        sink = make(live)
        async with running(name, sink.run(), stop):
            try:
                yield sink
            finally:
                await sink.close()

    return opened


def _job(camera: CameraSettings, data: Path, options: Options) -> CameraJob:
    windows = options.for_camera(camera).windows(pictures=True)
    return CameraJob(camera, windows, data, options.config.retention.min_free_bytes)
