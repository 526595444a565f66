"""``check``: try everything that a configuration names."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from livereel.cli.errors import EXPECTED, explain
from livereel.config.describers import make_language_models
from livereel.config.options import Options
from livereel.config.schema import Config
from sinks.mqtt.access_check import check_broker
from sinks.mqtt.connection.errors import BrokerError
from stream.media.file import MediaError
from stream.media.track import holds_video
from stream.open import open_source

Try = Callable[[], Awaitable[str]]


def check(options: Options) -> bool:
    """Try cameras, model, broker and disk; prints a line for each and returns whether all work."""
    return asyncio.run(_check(options))


async def _check(options: Options) -> bool:
    config = options.config
    tries: list[tuple[str, Try]] = [
        (f"camera {camera.name}{which}", _camera(address, camera.transport, poll_s))
        for camera in config.cameras
        for which, address, poll_s in (
            ("", camera.source, camera.poll_s),
            (" (detect_source)", camera.detect_source, None),
        )
        if address is not None
    ]
    tries += [("words", _words(options)), ("mqtt", _mqtt(config)), ("disk", _disk(config))]
    if not config.cameras:
        sys.stdout.write("ok    cameras: none\n")
    return all([await _try(name, attempt) for name, attempt in tries])


async def _try(name: str, attempt: Try) -> bool:
    try:
        found = await attempt()
    except (*EXPECTED, BrokerError) as error:
        sys.stdout.write(f"FAIL  {name}: {explain(error)}\n")
        return False
    sys.stdout.write(f"ok    {name}: {found}\n")
    return True


def _camera(address: str, transport: str, poll_s: float | None) -> Try:
    def look() -> str:
        with closing(open_source(address, transport, poll_s=poll_s)) as source:
            info = source.info
            if not holds_video(source.video):
                raise MediaError(f"{info.address}: no clips can be cut: MP4 cannot hold {info.codec} video")
            rate = f" at {info.fps:g} fps" if info.fps else ""
            sound = ", with sound" if source.audio is not None else ""
            notes = "".join(f"; {note}" for note in (info.choice, source.warning) if note)
            return f"{info.address}, {info.codec} {info.width_px}x{info.height_px}{rate}{sound}{notes}"

    async def attempt() -> str:
        return await asyncio.to_thread(look)

    return attempt


def _words(options: Options) -> Try:
    async def attempt() -> str:
        words = make_language_models(options.config, options.config.cameras)
        try:
            if words.probe is None:
                return "built in, no model"
            probe = await words.probe()
        finally:
            await words.describer.close()
        context = f"{probe.context_tokens} tokens of context, " if probe.context_tokens else ""
        schema = "held to a schema" if probe.schema else "asked for a schema in words"
        video = "a window as one video" if probe.video else "a window as images"
        told = f"{probe.model}, {context}{schema}, {video}, {probe.window_s:.1f} s a window"
        return told + (f"; falls back to: {'; '.join(probe.fallbacks)}" if probe.fallbacks else "")

    return attempt


def _mqtt(config: Config) -> Try:
    async def attempt() -> str:
        if config.mqtt.host is None:
            return "off (no host)"
        return await check_broker(config.mqtt, [camera.name for camera in config.cameras])

    return attempt


def _disk(config: Config) -> Try:
    async def attempt() -> str:
        folder = _existing(config.data)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"livereel")
        free = shutil.disk_usage(folder).free
        wanted = config.retention.min_free_bytes
        if free < wanted:
            raise OSError(f"{folder}: {free / 1e9:.1f} GB free, {wanted / 1e9:.1f} GB are to stay free")
        return f"{config.data}, {free / 1e9:.1f} GB free"

    return attempt


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
