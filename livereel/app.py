"""Composition: concrete classes are named and wired here, run, and closed in order."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from analyzer.blocks import BlockChooser
from analyzer.choose import Proposal
from analyzer.describe.builtin import BuiltinDescriber
from analyzer.describe.describer import Describer
from analyzer.moment import Moment
from analyzer.reel import VIDEO, compile_reel
from livereel.capture import camera_name
from livereel.config import CameraConfig, ConfigError
from livereel.folder import REELS, alone
from livereel.history import parse_since
from livereel.ledger import Ledger
from livereel.live import Live
from livereel.options import Options
from livereel.retention import Limits, Retention
from livereel.rolling import LATEST, RollingReel, look_back
from livereel.supervise import Patience
from livereel.worker import CameraSettings
from stream.clock import utc_text
from stream.staging import staged

ALL = "all"

DEMO_CAMERAS = (
    CameraConfig(name="street", source="synthetic://street?seed=7&light=dusk&groups_per_minute=2"),
    CameraConfig(name="field", source="synthetic://field?seed=3&groups_per_minute=2"),
)
DEMO_EVERY_S = 15.0


def watch(cameras: Sequence[CameraConfig], data: Path, options: Options, seconds: float | None) -> None:
    """Watch cameras live until stopped, or for ``seconds``; print where their reels are.

    Raises FolderInUseError, LedgerError or OSError.
    """
    with alone(data), closing(Ledger(data)) as ledger:
        retention = Retention(data, ledger, Limits(**asdict(options.config.retention)))
        retention.sweep_unnamed()
        reels = _reels([camera.name for camera in cameras], ledger, data, options)
        describer = BuiltinDescriber()
        live = Live(
            [_settings(camera, data, options) for camera in cameras],
            ledger,
            describer,
            reels,
            retention=retention,
            every_s=options.config.reel.every_s,
            patience=Patience(),
        )
        asyncio.run(_run(live, describer, seconds))
    for reel in reels:
        video = data / REELS / reel.id / LATEST / VIDEO
        if video.exists():
            sys.stdout.write(f"{reel.id}: {video}\n")


def demo(data: Path, seconds: float, options: Options) -> None:
    """Watch two drawn cameras."""
    watch(DEMO_CAMERAS, data, options.with_reel_every(DEMO_EVERY_S), seconds)


def reel_now(data: Path, out: Path, since: str | None, cameras: Sequence[str], options: Options) -> None:
    """Make a reel of what a data folder holds since then, in the new folder ``out``; print where it is.

    Works beside a running instance. Raises LedgerError, ConfigError, ReelError, MediaError or OSError.
    """
    now = datetime.now(UTC)
    with closing(Ledger(data, read_only=True)) as ledger, staged(out) as folder:
        known = ledger.cameras()
        unknown = [camera for camera in cameras if camera not in known]
        if unknown:
            raise ConfigError(f"--camera {unknown[0]}: {data} knows only {', '.join(known) or 'no camera'}")
        seen = look_back(ledger, cameras or known, parse_since(since, now), utc_text(now))
        chosen = asyncio.run(BlockChooser(options.rules(), _no_model).choose(seen.moments))
        reel = compile_reel(seen.plan(out.name, 1, chosen), folder, options.reel(media_time=False))
    sys.stdout.write(
        f"{out}: {reel.title}\n{len(reel.chapters)} chapters, {reel.duration_s:.1f} s, {out / VIDEO}\n"
    )


def named(sources: Sequence[str]) -> list[CameraConfig]:
    """Name each source after its address; names that would be equal are numbered."""
    names: list[str] = []
    for source in sources:
        name = camera_name(source)[:60]
        same = sum(1 for other in names if other.rpartition("-")[0] == name or other == name)
        names.append(f"{name}-{same + 1}" if same or name == ALL else name)
    return [CameraConfig(name=name, source=source) for name, source in zip(names, sources, strict=True)]


async def _run(live: Live, describer: Describer, seconds: float | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await live.run(stop, seconds)
    finally:
        await describer.close()


def _settings(camera: CameraConfig, data: Path, options: Options) -> CameraSettings:
    windows = options.for_camera(camera).windows(pictures=True)
    min_free_bytes = options.config.retention.min_free_bytes
    return CameraSettings(camera.name, camera.source, windows, data, min_free_bytes)


def _reels(cameras: Sequence[str], ledger: Ledger, data: Path, options: Options) -> list[RollingReel]:
    """A reel for each camera, and one over all where there are several."""
    ids = {name: [name] for name in cameras} | ({ALL: list(cameras)} if len(cameras) > 1 else {})
    return [_reel(reel_id, names, ledger, data, options) for reel_id, names in ids.items()]


def _reel(reel_id: str, cameras: Sequence[str], ledger: Ledger, data: Path, options: Options) -> RollingReel:
    return RollingReel(
        reel_id,
        cameras,
        ledger=ledger,
        folder=data / REELS,
        chooser=BlockChooser(options.rules(), _no_model),
        settings=options.reel(media_time=False),
        horizon_s=options.config.reel.horizon_s,
    )


async def _no_model(_: tuple[Moment, ...]) -> Proposal | None:
    return None
