"""Composition: concrete classes are named and wired here, run, and closed in order."""

from __future__ import annotations

import asyncio
import fcntl
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from analyzer.blocks import BlockChooser
from analyzer.choose import Proposal
from analyzer.describe.builtin import BuiltinDescriber
from analyzer.moment import Moment
from analyzer.reel import VIDEO
from livereel.ledger import Ledger
from livereel.live import Live
from livereel.options import Options
from livereel.rolling import LATEST, RollingReel
from livereel.supervise import Patience
from livereel.worker import CameraSettings

ALL = "all"

DEMO_CAMERAS = {
    "street": "synthetic://street?seed=7&light=dusk&events_per_minute=6",
    "field": "synthetic://field?seed=3&events_per_minute=6",
}
DEMO_EVERY_S = 15.0


class FolderInUseError(Exception):
    """Another process watches with this data folder."""


def watch(sources: Mapping[str, str], data: Path, options: Options, seconds: float | None) -> None:
    """Watch cameras (name: address) live until stopped; print where their reels are.

    Raises FolderInUseError, LedgerError or OSError.
    """
    data.mkdir(parents=True, exist_ok=True)
    with _alone(data):
        ledger = Ledger(data)
        try:
            reels = _reels(tuple(sources), ledger, data, options)
            cameras = [
                CameraSettings(name, source, options.windows(pictures=True), data)
                for name, source in sources.items()
            ]
            asyncio.run(_run(cameras, ledger, reels, options, seconds))
        finally:
            ledger.close()
    for reel in reels:
        video = data / "reels" / reel.id / LATEST / VIDEO
        if video.exists():
            sys.stdout.write(f"{reel.id}: {video}\n")


def demo(data: Path, seconds: float, options: Options) -> None:
    """Watch two drawn cameras."""
    watch(DEMO_CAMERAS, data, options.with_reel_every(DEMO_EVERY_S), seconds)


async def _run(
    cameras: list[CameraSettings],
    ledger: Ledger,
    reels: list[RollingReel],
    options: Options,
    seconds: float | None,
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    describer = BuiltinDescriber()
    every_s = options.config.reel.every_s
    live = Live(cameras, ledger, describer, reels, every_s=every_s, patience=Patience())
    try:
        await live.run(stop, seconds)
    finally:
        await describer.close()


def _reels(cameras: tuple[str, ...], ledger: Ledger, data: Path, options: Options) -> list[RollingReel]:
    """A reel for each camera, and one over all where there are several."""
    ids = {name: (name,) for name in cameras} | ({ALL: cameras} if len(cameras) > 1 else {})
    return [
        RollingReel(
            reel_id,
            names,
            ledger=ledger,
            folder=data / "reels",
            chooser=BlockChooser(options.rules(), _no_model),
            settings=options.reel(media_time=False),
            horizon_s=options.config.reel.horizon_s,
        )
        for reel_id, names in ids.items()
    ]


async def _no_model(_: tuple[Moment, ...]) -> Proposal | None:
    return None


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Hold the data folder for this process alone; the lock goes with the process, however it ends."""
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FolderInUseError(f"{data}: another livereel is watching with this folder") from error
        yield
