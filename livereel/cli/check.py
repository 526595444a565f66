"""``check``: try everything that a configuration names."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

from livereel.cli.check_camera import CameraCheck
from livereel.config.describers import make_language_models, make_transcriber, without_effect
from livereel.config.options import Options
from livereel.config.schema import Config
from livereel.errors import EXPECTED, explain
from livereel.storage.data_dir import is_in_use
from sinks.mqtt.access_check import check_broker
from sinks.mqtt.connection.errors import BrokerError
from sinks.notify.notification import Notification
from sinks.notify.settings import NotifySettings, named
from sinks.sink import SinkError

Try = Callable[[], Awaitable[str]]


def check(options: Options, snapshots: Path | None = None, *, notify: bool = False) -> bool:
    """Try cameras, model, broker, disk and pages; print a line for each and return whether all work.

    In the folder ``snapshots``, if given, a picture of each camera is written with its regions drawn. With
    ``notify`` a test is sent to each notification service.
    """
    return asyncio.run(_check(options, snapshots, notify=notify))


async def _check(options: Options, snapshots: Path | None, *, notify: bool) -> bool:
    config = options.config
    tries: list[tuple[str, Try]] = list(_cameras(options, snapshots))
    tries += [("describe", _describer(options)), ("speech", _speech(config))]
    tries += [("mqtt", _mqtt(config)), ("disk", _disk(config)), ("web", _web(config))]
    if config.store is not None:
        tries.append(("store", _store(config.store)))
    tries += [(name, _service(service, send=notify)) for name, service in named(config.notify)]
    if not config.cameras:
        sys.stdout.write("ok    cameras: none\n")
    return all([await _try(name, attempt) for name, attempt in tries])


async def _try(name: str, attempt: Try) -> bool:
    try:
        found = await attempt()
    except (*EXPECTED, BrokerError) as error:
        sys.stdout.write(f"FAIL  {name}: {explain(error).removeprefix(f'{name}: ')}\n")
        return False
    sys.stdout.write(f"ok    {name}: {found}\n")
    return True


def _cameras(options: Options, snapshots: Path | None) -> Iterator[tuple[str, Try]]:
    for camera in options.config.cameras:
        looked_at = CameraCheck(camera, options.config.motion, snapshots)
        yield f"camera {camera.name}", partial(asyncio.to_thread, looked_at.source)
        if camera.detect_source is not None:
            name = f"camera {camera.name} (detect_source)"
            yield name, partial(asyncio.to_thread, looked_at.detect_source)


def _describer(options: Options) -> Try:
    async def attempt() -> str:
        config = options.config
        if config.describe.kind == "builtin":
            unused = list(without_effect(config, config.cameras))
            note = f"; of no effect without one: {', '.join(unused)}" if unused else ""
            return f"built in, no model{note}"
        words = make_language_models(config, config.cameras)
        try:
            if words.probe is None:
                return "no model"
            probe = await words.probe()
        finally:
            await words.close()
        context = f"{probe.context_tokens} tokens of context, " if probe.context_tokens else ""
        schema = "held to a schema" if probe.schema else "asked for a schema in words"
        video = "a window as one video" if probe.video else "a window as images"
        found = f"{probe.model}, {context}{schema}, {video}, {probe.window_s:.1f} s a window"
        return found + (f"; falls back to: {'; '.join(probe.fallbacks)}" if probe.fallbacks else "")

    return attempt


def _speech(config: Config) -> Try:
    async def attempt() -> str:
        transcriber = make_transcriber(config.transcribe)
        if transcriber is None:
            return "without text (transcribe.kind is none)"
        try:
            probe = await transcriber.probe()
        finally:
            await transcriber.close()
        times = "says when something is said" if probe.timed else "says no times: speech is sent part by part"
        return f"{probe.model}, {times}, {probe.answer_s:.1f} s for a second of sound"

    return attempt


def _mqtt(config: Config) -> Try:
    async def attempt() -> str:
        if config.mqtt.host is None:
            return "off (no host)"
        return await check_broker(config.mqtt, [camera.name for camera in config.cameras])

    return attempt


def _web(config: Config) -> Try:
    async def attempt() -> str:
        from sinks.web.sink import listen, url_of  # noqa: PLC0415  # a web server

        if not config.web.enabled:
            return "off"
        try:
            with listen(config.web) as listening:
                return url_of(listening, config.web) if config.web.port else f"{config.web.host}, a free port"
        except SinkError:
            if is_in_use(config.data):
                return f"not tried: a livereel is watching with {config.data}"
            raise

    return attempt


def _service(settings: NotifySettings, *, send: bool) -> Try:
    async def attempt() -> str:
        from sinks.notify.service import AppriseService  # noqa: PLC0415  # an extra

        service = AppriseService(settings.url)
        if not send:
            return "Apprise knows the address; check --notify sends a test"
        test = Notification("livereel", "This is a test: notifications arrive.")
        await asyncio.to_thread(service.send, test, None)
        return "a test was accepted"

    return attempt


def _store(address: str) -> Try:
    async def attempt() -> str:
        from sinks.objectstore.folder import StoreFolder  # noqa: PLC0415  # an extra

        folder = StoreFolder(address)
        await asyncio.to_thread(folder.check)
        return f"{folder.name}: an object was written and removed"

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
