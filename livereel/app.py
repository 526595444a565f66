"""Composition: the only module that names concrete classes and wires them, runs and closes them."""

from __future__ import annotations

import asyncio
import logging
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import livereel
from analyzer.describe.describer import DescribeError
from analyzer.reel.choose import Chosen
from analyzer.reel.compile import ReelPlan, compile_reel, summary
from analyzer.reel.export.formats import export
from analyzer.reel.length import fit
from analyzer.reel.manifest import VIDEO
from analyzer.report.page import report
from base.atomic import atomic_folder
from base.clock import utc_text
from base.local_time import length_text
from base.plural import counted
from livereel.camera.names import ALL, REQUESTED
from livereel.camera.settings import CameraSettings
from livereel.camera.supervisor import RestartPolicy
from livereel.camera.worker import CameraJob
from livereel.config.describers import LanguageModels, make_language_models
from livereel.config.options import Options
from livereel.config.schema import Config, UsageError
from livereel.config.since import parse_since
from livereel.ledger.ledger import Ledger
from livereel.live.archive import LedgerArchive
from livereel.live.background_task import running
from livereel.live.run_summary import RunSummary
from livereel.live.service import Intervals, Live
from livereel.reels.explain import ExplainAs, explain
from livereel.reels.plan import Planner, ReelPeriod
from livereel.reels.rolling import RollingReel, read_moments, read_period
from livereel.replay.tuner import LedgerTuner
from livereel.storage.data_dir import LATEST, REELS, lock_data_dir
from livereel.storage.recovery import recover
from livereel.storage.retention import Retention
from sinks.mqtt.messages import Messages
from sinks.mqtt.settings import MqttSettings
from sinks.mqtt.sink import MqttSink
from sinks.notify.settings import NotifySettings
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


def watch(cameras: Sequence[CameraSettings], data: Path, options: Options, seconds: float | None) -> None:
    """Watch cameras live until stopped, or for ``seconds``; print where their reels are.

    Raises UnwatchedError when no camera could be watched, DescribeError when its own model cannot be loaded;
    FolderInUseError, LedgerError or OSError.
    """
    start = datetime.now(UTC)
    summary = RunSummary({camera.name: camera.source for camera in cameras}, start)
    models = make_language_models(options.config, cameras)
    with lock_data_dir(data), closing(Ledger(data)) as ledger:
        jobs = [_job(camera, data, options) for camera in cameras]
        outlets = _outlets(ledger, jobs, options.config)
        recover(data, ledger)
        live = build(jobs, ledger, models, options)
        _log_start(cameras, data, options, seconds)
        asyncio.run(_run(live, models, outlets, seconds, summary))
        summary.require_watched()
        end = datetime.now(UTC)
        log.info("%s", summary.text(ledger.gaps.since(utc_text(start), utc_text(end)), end))
    log.info("next: livereel ledger --data %s", shlex.quote(str(data)))
    for reel_id in _reel_ids([camera.name for camera in cameras]):
        video = data / REELS / reel_id / LATEST / VIDEO
        if video.exists():
            sys.stdout.write(f"{reel_id}: {video}\n")


def _log_start(
    cameras: Sequence[CameraSettings], data: Path, options: Options, seconds: float | None
) -> None:
    log.info("watching %s: %s", counted(len(cameras), "camera"), ", ".join(camera.name for camera in cameras))
    log.info("data: %s", data)
    reels = "reels: the first %g s from now, if something has happened by then; then every %g s"
    log.info(reels, options.config.reel.every_s, options.config.reel.every_s)
    log.info("Ctrl-C ends it%s", "" if seconds is None else f"; else it ends after {length_text(seconds)}")


def build(
    cameras: Sequence[CameraJob],
    ledger: Ledger,
    models: LanguageModels,
    options: Options,
    *,
    patience: RestartPolicy | None = None,
    intervals: Intervals | None = None,
    retention: Retention | None = None,
) -> Live:
    """Wire a live run of these cameras over an open ledger; nothing is started yet.

    Args:
        cameras: what to watch, with all files in the ledger's data folder.
        ledger: stays the caller's to close.
        models: describes windows, chooses chapters and writes stories; also closed by the caller.
        options: of reels, of the describe queue and of retention.
        patience: timeouts of cameras; the defaults if None.
        intervals: how often the run does what; the defaults if None.
        retention: in place of one over the options' limits.
    """
    config = options.config
    names = [job.camera.name for job in cameras]
    reel = partial(_reel, ledger=ledger, config=config, models=models)
    return Live(
        cameras,
        ledger,
        models.describer,
        [reel(reel_id, names if reel_id == ALL else [reel_id]) for reel_id in _reel_ids(names)],
        reel(REQUESTED, names),
        retention=retention or Retention(ledger.data, ledger, config.retention),
        every_s=config.reel.every_s,
        patience=patience or RestartPolicy(),
        describe=config.describe,
        intervals=intervals or Intervals(),
    )


def demo(data: Path, seconds: float, options: Options) -> None:
    """Watch two synthetic cameras."""
    watch(DEMO_CAMERAS, data, options.with_reel_every(DEMO_EVERY_S), seconds)


def reel_now(
    data: Path,
    out: Path | None,
    since: str | None,
    cameras: Sequence[str],
    options: Options,
    *,
    show: ExplainAs | None = None,
) -> None:
    """Make a reel of what a data folder holds since then, in the new folder ``out``; print where it is.

    With ``show``, what was decided about each moment is printed first; ``out`` may then be None, and no reel
    is made. May run while another process watches. Raises LedgerError, ConfigError, ReelError, MediaError or
    OSError.
    """
    now = datetime.now(UTC)
    with closing(Ledger(data, read_only=True)) as ledger, ExitStack() as stack:
        folder = None if out is None else stack.enter_context(atomic_folder(out))
        known = ledger.cameras()
        unknown = [camera for camera in cameras if camera not in known]
        if unknown:
            raise UsageError(f"--camera {unknown[0]}: {data} knows only {', '.join(known) or 'no camera'}")
        since_utc = parse_since(since, now)
        seen = read_period(ledger, cameras or known, since_utc, utc_text(now))
        models = make_language_models(options.config, options.config.cameras)
        chosen, plan = asyncio.run(_plan(seen, None if out is None else out.name, models, options))
        if show is not None:
            settings, moments = options.config.reel, read_moments(ledger, seen, since_utc)
            rows = explain(moments, chosen, fit(chosen, settings), seen.preferences)
            sys.stdout.writelines(f"{line}\n" for line in show.lines(rows))
        if plan is None or out is None or folder is None:
            return
        reel = compile_reel(plan, folder, options.config.reel, report)
        for kind in options.exports:
            export(reel, kind, folder / kind.file_name)
    sys.stdout.write(summary(reel, out))


async def _plan(
    seen: ReelPeriod, reel_id: str | None, models: LanguageModels, options: Options
) -> tuple[Chosen, ReelPlan | None]:
    """Choose a period's chapters, and plan their reel if it has an id."""
    settings = options.config.reel
    planner = Planner.of(settings, models)
    try:
        chosen = await planner.choose(seen)
        if reel_id is None:
            return chosen, None
        return chosen, await planner.plan(seen, settings, reel_id=reel_id, seq=1, chosen=chosen)
    finally:
        await models.describer.close()


async def _run(
    live: Live,
    models: LanguageModels,
    outlets: Sequence[Outlet],
    seconds: float | None,
    summary: RunSummary,
) -> None:
    """Run until a signal, then close: the cameras first, the sinks last."""
    stop = asyncio.Event()
    for number in _ending_signals():
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    loading = asyncio.create_task(_load(models, stop))
    async with AsyncExitStack() as stack:
        sinks = [await stack.enter_async_context(opened(live, stop)) for opened in outlets]
        live.attach([summary, *sinks])
        try:
            await live.run(stop, seconds)
        finally:
            loading.cancel()
            await asyncio.wait([loading])
            await models.describer.close()
    if not loading.cancelled():
        loading.result()


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


def _outlets(ledger: Ledger, jobs: Sequence[CameraJob], config: Config) -> list[Outlet]:
    """Return what opens each sink of a run; a sink that fails for good stops the run.

    Outboxes are opened at once, as they hold all events that are made from now on, and so is the port of the
    pages. Raises SinkError where that is in use.
    """
    outlets: list[Outlet] = []
    cameras = [job.camera.name for job in jobs]
    if config.mqtt.host is not None:
        outlets.append(_mqtt(ledger, cameras, config.mqtt))
    ledger.outboxes.remove_others("notify-", [settings.name for settings in config.notify])
    outlets += [_notify(ledger, settings, config.web.public_url) for settings in config.notify]
    if config.web.enabled:
        outlets.append(_web(ledger, jobs, config.web))
    return outlets


def _mqtt(ledger: Ledger, cameras: Sequence[str], settings: MqttSettings) -> Outlet:
    messages = Messages(settings.topic_prefix, base=ledger.data)
    outbox = ledger.outboxes.open("mqtt", messages.stored, max_bytes=settings.outbox_max_bytes)

    def make(live: Live) -> _RunningSink:
        reels, version = _reel_ids(cameras), livereel.__version__
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


def _notify(ledger: Ledger, settings: NotifySettings, page_url: str | None) -> Outlet:
    from sinks.notify.notification import Notifications  # noqa: PLC0415  # for who wants notifications
    from sinks.notify.service import AppriseService  # noqa: PLC0415
    from sinks.notify.sink import OUTBOX_MAX_BYTES, NotifySink  # noqa: PLC0415

    service = AppriseService(settings.url)
    notifications = Notifications(settings, base=ledger.data, page_url=page_url)
    outbox = ledger.outboxes.open(settings.name, notifications.encode, max_bytes=OUTBOX_MAX_BYTES)

    return _outlet(settings.name, lambda _: NotifySink(settings, outbox, notifications, service))


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
            reels=live,
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


def _reel_ids(cameras: Sequence[str]) -> list[str]:
    """A reel for each camera, and one over all where there are several."""
    return [*cameras, *([ALL] if len(cameras) > 1 else [])]


def _reel(
    reel_id: str, cameras: Sequence[str], ledger: Ledger, config: Config, models: LanguageModels
) -> RollingReel:
    return RollingReel(
        reel_id,
        cameras,
        ledger=ledger,
        folder=ledger.data / REELS,
        planner=Planner.of(config.reel, models),
        settings=config.reel,
    )
