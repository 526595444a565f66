"""The MQTT sink: what happens, to a broker; what is wished, back."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import aiomqtt

from analyzer.describe.moment import Moment
from analyzer.happening import CameraState, CameraStatus, Glimpse, Stirring
from analyzer.reel.compile import VIDEO
from analyzer.reel.records import Reel
from base.clock import parse_utc, utc_after
from sinks.backlog import Backlog
from sinks.broker import Patience, tls_context
from sinks.client import Client
from sinks.courier import Courier, Manners
from sinks.homeassistant import Discovery
from sinks.letters import Letters
from sinks.messages import DISABLED, OFF, OFFLINE, ON, ONLINE, PRESS, Messages
from sinks.outbox import Outbox
from sinks.settings import MqttSettings
from sinks.sink import DescriberState, Event, SinkError, Stats

log = logging.getLogger(__name__)

# A moment older than this is news to nobody's automation: it is told, but not as a highlight.
HIGHLIGHT_MAX_AGE = timedelta(minutes=2)


class Commands(Protocol):
    """Who obeys wishes that come over MQTT.

    Both return at once, the work goes on elsewhere, and what comes of it shows in the events. Names are
    checked before: only cameras and reels of this livereel are asked for.
    """

    async def set_analysis(self, camera: str, *, on: bool) -> None:
        """Watch a camera, or leave it alone."""
        ...

    async def make_reel(self, reel_id: str) -> None:
        """Make the next reel now, not at its time."""
        ...


class MqttSink:
    """Publishes events to one broker, as docs/mqtt.md tells; a Sink.

    Captions and reels go through the outbox: they arrive, whatever happens. States are kept and sent
    again on each connection. All else is dropped while there is none. Run ``run`` as a task.
    """

    def __init__(
        self,
        settings: MqttSettings,
        cameras: Sequence[str],
        reels: Sequence[str],
        outbox: Outbox,
        commands: Commands,
        *,
        base: Path,
        version: str,
        patience: Patience | None = None,
    ) -> None:
        """Publish for these cameras and reel ids; files are named relative to ``base``, the data folder.

        The outbox stays the caller's to close. Raises SinkError when the settings cannot work.
        """
        tls_context(settings)  # what is wrong with the certificates is said at once
        self._settings = settings
        self._patience = patience or Patience()
        self._cameras = tuple(map(_topic_level, cameras))
        self._reels = tuple(map(_topic_level, reels))
        self._commands = commands
        prefix = _prefix(settings)
        self._messages = Messages(prefix, base=base)
        self._discovery: Discovery | None = None
        if settings.discovery_prefix is not None:
            self._discovery = Discovery(settings.discovery_prefix, prefix, self._messages, version=version)
        self._describer = ONLINE
        self._disabled: set[str] = set()
        self._captioned: dict[str, str] = {}
        self._calm: dict[str, asyncio.TimerHandle] = {}
        self._again: asyncio.TimerHandle | None = None
        self._counts: Counter[str] = Counter()
        self._backlog = Backlog()
        self._letters = Letters(outbox)
        self._courier = Courier(settings, self._patience, self._manners(), self._backlog, self._letters)
        self._first_states()

    def _manners(self) -> Manners:
        messages, discovery = self._messages, self._discovery
        return Manners(
            hello=messages.availability(ONLINE),
            goodbye=messages.availability(OFFLINE),
            listen=(*messages.commands(), *([discovery.status_topic] if discovery else [])),
            kept=frozenset(messages.kept(self._cameras, self._reels))
            | frozenset(discovery.kept(self._cameras) if discovery else ()),
            hear=self._hear,
        )

    def _first_states(self) -> None:
        """What an earlier run has left at the broker is no longer so; nothing is known of cameras yet."""
        if self._discovery is not None:
            self._backlog.set(*self._discovery.announce(self._cameras, self._reels))
        for camera in self._cameras:
            self._backlog.set(
                self._messages.capture(camera, OFFLINE),
                self._messages.describe(camera, ONLINE),
                self._messages.motion(camera, moving=False),
            )

    def counters(self) -> dict[str, int]:
        """Numbers since the start; ``outbox_dropped`` since the outbox was made."""
        counts, dropped = self._counts + self._courier.counts, self._backlog.dropped
        names = ("connections", "acknowledged", "refused", "too_large", "reels_missing", "commands_ignored")
        return {
            **self._letters.counters(),
            **{name: counts[name] for name in names},
            **{f"dropped_{kind}": dropped[kind] for kind in ("peak", "highlight", "stats", "states")},
        }

    async def run(self) -> None:
        """Keep a connection to the broker until ``close``; attempts never end."""
        await self._courier.run()

    async def close(self) -> None:
        """Send what can be sent within a second or two, say ``offline``, and hang up."""
        for timer in (*self._calm.values(), *([self._again] if self._again else [])):
            timer.cancel()
        await self._courier.close()
        self._letters.close()
        if waiting := self._letters.counters()["outbox_waiting"]:
            log.warning("mqtt: captions and reels that wait in the outbox for the next start: %d", waiting)

    # Taking

    async def take(self, event: Event) -> None:
        """Take an event; waits for the disk at most, and only with captions and reels. Raises SinkError."""
        if isinstance(event, Moment):
            await self._take_moment(event)
        elif isinstance(event, Reel):
            await self._take_reel(event)
        elif isinstance(event, Glimpse):
            self._backlog.set(self._messages.keyframe(event))
            self._backlog.add("peak", self._messages.peak(event))
        elif isinstance(event, Stirring):
            self._take_stirring(event)
        elif isinstance(event, CameraState):
            self._take_camera(event)
        elif isinstance(event, DescriberState):
            self._describer = event.state
            self._tell_describer()
        elif isinstance(event, Stats):
            self._backlog.add("stats", self._messages.stats(event, self.counters()))

    async def _take_moment(self, moment: Moment) -> None:
        window = moment.window
        is_new = await self._letters.put(self._messages.caption(moment))
        if window.start_utc >= self._captioned.get(window.camera, ""):  # a late one changes no state
            self._captioned[window.camera] = window.start_utc
            self._backlog.set(self._messages.caption_state(moment))
        worth_it = moment.alerts or moment.importance >= self._settings.highlight_min_importance
        end = parse_utc(utc_after(window.start_utc, window.end_s - window.start_s))
        if is_new and worth_it and not moment.late and datetime.now(UTC) - end <= HIGHLIGHT_MAX_AGE:
            self._backlog.add("highlight", self._messages.highlight(moment))

    async def _take_reel(self, reel: Reel) -> None:
        if not await self._letters.call(_in_place, reel):
            self._counts["reels_missing"] += 1
            log.warning("mqtt: reel %s/%d is not announced: its video is not in place", reel.id, reel.seq)
            return
        is_new = await self._letters.put(self._messages.reel(reel))
        self._backlog.set(self._messages.reel_state(reel))
        if is_new and datetime.now(UTC) - parse_utc(reel.end_utc) <= HIGHLIGHT_MAX_AGE:
            self._backlog.add("highlight", self._messages.reel_ready(reel))

    def _take_stirring(self, event: Stirring) -> None:
        if timer := self._calm.pop(event.camera, None):
            timer.cancel()
        if event.moving:
            self._tell_motion(event.camera, moving=True)
        else:
            later = partial(self._tell_motion, event.camera, moving=False)
            loop = asyncio.get_running_loop()
            self._calm[event.camera] = loop.call_later(self._settings.motion_off_delay_s, later)

    def _tell_motion(self, camera: str, *, moving: bool) -> None:
        self._backlog.set(self._messages.motion(camera, moving=moving))

    def _take_camera(self, state: CameraState) -> None:
        self._backlog.set(*self._messages.camera(state))
        if state.state == CameraStatus.DISABLED:
            self._disabled.add(state.camera)
        else:
            self._disabled.discard(state.camera)
        self._tell_describer()
        if state.state != CameraStatus.WATCHING:  # nobody would see it end
            if timer := self._calm.pop(state.camera, None):
                timer.cancel()
            self._tell_motion(state.camera, moving=False)

    def _tell_describer(self) -> None:
        for camera in self._cameras:
            state = DISABLED if camera in self._disabled else self._describer
            self._backlog.set(self._messages.describe(camera, state))

    # Obeying

    async def _hear(self, message: aiomqtt.Message) -> None:
        if self._discovery and str(message.topic) == self._discovery.status_topic:
            if message.payload == ONLINE.encode():
                self._tell_again()
        elif not await self._obey(message):
            self._counts["commands_ignored"] += 1
            log.warning("mqtt: ignored %s: %.80r", message.topic, message.payload)

    def _tell_again(self) -> None:
        """Home Assistant has come back; other clients hear the same, so not all answer at once."""
        if self._again is None or self._again.when() <= asyncio.get_running_loop().time():
            after_s = random.uniform(0, self._patience.announce_s)  # noqa: S311  # nothing secret
            self._again = asyncio.get_running_loop().call_later(after_s, self._backlog.again)

    async def _obey(self, message: aiomqtt.Message) -> bool:
        """Do as a command says; False for one that is not for us, or was kept by the broker.

        A kept command would be obeyed again on each connection, long after somebody wished it.
        """
        name, verb = self._messages.command(str(message.topic))
        payload = message.payload
        if message.retain:
            return False
        if verb == "enabled/set" and name in self._cameras and payload in (ON.encode(), OFF.encode()):
            await self._commands.set_analysis(name, on=payload == ON.encode())
            return True
        if verb == "reel/make" and name in self._reels and payload == PRESS.encode():
            await self._commands.make_reel(name)
            return True
        return False


async def check_broker(settings: MqttSettings) -> None:
    """Connect and hang up again; raises SinkError or BrokerError saying why it cannot be done."""
    _prefix(settings)
    async with Client(settings, Patience(), None):
        pass


def _prefix(settings: MqttSettings) -> str:
    """Return the topic prefix if topics can begin with it; raises SinkError."""
    prefix = settings.topic_prefix
    for level in prefix.split("/"):
        _topic_level(level)
    if prefix.startswith("$"):
        raise SinkError(f"mqtt: topic_prefix {prefix!r}: what begins with $ is the broker's own")
    return prefix


def _topic_level(name: str) -> str:
    """Return the name if it can stand in a topic; raises SinkError."""
    if not name or set(name) & set("+#/\0") or not name.isprintable():
        raise SinkError(f"mqtt: {name!r} cannot be part of a topic")
    return name


def _in_place(reel: Reel) -> bool:
    """The reel's video is there, and as long as it was when it was verified."""
    try:
        return (reel.folder / VIDEO).stat().st_size == reel.bytes
    except OSError:
        return False
