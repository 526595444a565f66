"""The MQTT sink: publishes events to a broker and executes commands that come back."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol, assert_never

from analyzer.describe.moment import Moment
from analyzer.reel.manifest import VIDEO
from analyzer.reel.records import Gap, Reel
from analyzer.signal.window import Window
from base.clock import parse_utc, utc_text
from sinks.archive import ArchiveError
from sinks.events import (
    CameraState,
    CameraStatus,
    DescriberState,
    DescriberStatus,
    KeyframePreview,
    LateText,
    MotionChanged,
    Restored,
    Stats,
    TranscriberState,
    TranscriberStatus,
)
from sinks.feedback import FeedbackError, FeedbackStore, verdict_of
from sinks.mqtt.connection.message import Message
from sinks.mqtt.connection.send_queue import SendQueue
from sinks.mqtt.connection.session import Session, SessionSpec
from sinks.mqtt.connection.tls import tls_context, usable_endpoint
from sinks.mqtt.homeassistant import Discovery
from sinks.mqtt.messages import CHECK, DISABLED, OFF, OFFLINE, ON, ONLINE, PRESS, Messages
from sinks.mqtt.settings import MqttSettings, Timing, topic_problem
from sinks.outbox import Outbox, StoredMessage
from sinks.outbox_reader import OutboxReader
from sinks.sink import Event, SinkError

log = logging.getLogger(__name__)

# A moment older than this is published, but not as a highlight: automations must not fire late.
HIGHLIGHT_MAX_AGE = timedelta(minutes=2)
# So many ignored commands are logged, the others only counted.
MAX_LOGGED = 10
MAX_COMMAND_BYTES = 1000


class Commands(Protocol):
    """Executes commands that arrive over MQTT.

    Both methods return at once; the work continues elsewhere and its result shows in the events. Names have
    been checked: only cameras and reels of this livereel are passed.
    """

    async def set_analysis(self, camera: str, *, on: bool) -> None:
        """Turn a camera's analysis on or off."""
        ...

    async def make_reel(self, reel_id: str) -> None:
        """Make the next reel now instead of at its scheduled time."""
        ...


class MqttSink:
    """A Sink that publishes events to one broker, as documented in docs/mqtt.md.

    Captions and reels are in the outbox and arrive at least once. States are kept and sent again on
    each connection. Other events are dropped while there is none. Run ``run`` as a task.
    """

    name = "mqtt"

    def __init__(
        self,
        settings: MqttSettings,
        cameras: Sequence[str],
        reels: Sequence[str],
        outbox: Outbox,
        commands: Commands,
        *,
        feedback: FeedbackStore,
        base: Path,
        version: str,
        timing: Timing | None = None,
    ) -> None:
        """Publish for these cameras and reel ids; file names are relative to ``base``, the data folder.

        The caller closes the outbox. Raises SinkError if the settings cannot work.
        """
        usable_endpoint(settings)
        tls_context(settings)  # unusable certificates fail here, not at the first connection
        self._settings = settings
        self._timing = timing or Timing()
        self._cameras = tuple(map(_topic_level, cameras))
        self._reels = tuple(map(_topic_level, reels))
        self._commands = commands
        self._feedback = feedback
        prefix = settings.topic_prefix
        self._base = base
        self._messages = Messages(prefix, base=base)
        self._discovery: Discovery | None = None
        if settings.discovery_prefix is not None:
            self._discovery = Discovery(settings.discovery_prefix, prefix, self._messages, version=version)
        self._describer: DescriberStatus = DescriberStatus.ONLINE
        self._disabled: set[str] = set()
        self._newest_caption_utc: dict[str, str] = {}
        self._motion_off: dict[str, asyncio.TimerHandle] = {}
        self._announcement: asyncio.TimerHandle | None = None
        self._counts: Counter[str] = Counter()
        self._queue = SendQueue()
        self._outbox = OutboxReader(outbox)
        self._session = Session(settings, self._timing, self._session_spec(), self._queue, self._outbox)
        self._first_states()

    def _session_spec(self) -> SessionSpec:
        messages, discovery = self._messages, self._discovery
        return SessionSpec(
            online=messages.availability(ONLINE),
            offline=messages.availability(OFFLINE),
            subscriptions=(*messages.command_filters(), *([discovery.status_topic] if discovery else [])),
            retained_topics=frozenset(messages.retained_topics(self._cameras, self._reels))
            | frozenset(discovery.topics(self._cameras, self._reels) if discovery else ()),
            on_message=self._on_message,
            event_of=self._event_of,
        )

    def _first_states(self) -> None:
        """Replace states that an earlier run left at the broker, before anything is known of cameras."""
        if self._discovery is not None:
            self._queue.set_states(*self._discovery.announce(self._cameras, self._reels))
        now_utc = utc_text(datetime.now(UTC))
        self._queue.set_states(
            self._messages.describer(DescriberState(DescriberStatus.ONLINE, None, now_utc)),
            self._messages.transcriber(TranscriberState(TranscriberStatus.DISABLED, None, now_utc)),
        )
        for camera in self._cameras:
            self._queue.set_states(
                self._messages.capture(camera, OFFLINE),
                self._messages.describe(camera, ONLINE),
                self._messages.motion(camera, moving=False),
            )

    def counters(self) -> dict[str, int]:
        """Return counters since the start; ``outbox_dropped`` since the outbox was made."""
        counts, dropped = self._counts + self._session.counts, self._queue.dropped
        stored = self._outbox.counts()
        names = (
            "connections",
            "acknowledged",
            "refused",
            "too_large",
            "reels_missing",
            "commands_ignored",
            "commands_dropped",
        )
        return {
            "outbox_waiting": stored.waiting,
            "outbox_dropped": stored.dropped,
            **{name: counts[name] for name in names},
            **{f"dropped_{kind}": dropped[kind] for kind in ("peak", "highlight", "stats", "states")},
        }

    async def run(self) -> None:
        """Keep a connection to the broker until ``close``; retry without end."""
        await self._session.run()
        await self._outbox.log_waiting(self.name)

    async def close(self) -> None:
        """Send what can be sent within a second or two, publish ``offline`` and disconnect."""
        for timer in (*self._motion_off.values(), *([self._announcement] if self._announcement else [])):
            timer.cancel()
        await self._session.close()

    # Events

    async def take(self, event: Event) -> None:
        """Publish an event; raises SinkError if the outbox cannot be read for its counters."""
        match event:
            case Restored():
                await self._set_last(event.event)
            case Moment() | LateText() | Reel():
                await self._set_last(event.moment if isinstance(event, LateText) else event)
                self._outbox.not_empty.set()
            case TranscriberState():
                self._queue.set_states(self._messages.transcriber(event))
            case KeyframePreview():
                self._queue.set_states(self._messages.keyframe(event))
                self._queue.add_event("peak", self._messages.peak(event))
            case MotionChanged():
                self._take_motion(event)
            case CameraState():
                self._take_camera(event)
            case DescriberState():
                self._describer = event.state
                self._queue.set_states(self._messages.describer(event))
                self._set_describer_states()
            case Stats():
                self._queue.add_event("stats", self._messages.stats(event, self.counters()))
            case Window() | Gap():
                pass  # windows are published as moments; gaps are in reels and in the ledger
            case _:
                assert_never(event)

    async def _set_last(self, event: Moment | Reel) -> None:
        """Set the state that shows the last caption, or the last reel if it is in place."""
        if isinstance(event, Reel):
            await self._set_last_reel(event)
            return
        window = event.window
        # A late caption does not replace a newer one.
        if window.start_utc >= self._newest_caption_utc.get(window.camera, ""):
            self._newest_caption_utc[window.camera] = window.start_utc
            self._queue.set_states(self._messages.caption_state(event))

    async def _set_last_reel(self, reel: Reel) -> None:
        if not await asyncio.to_thread(_is_in_place, reel.folder / VIDEO, reel.bytes):
            self._counts["reels_missing"] += 1
            log.warning("mqtt: reel %s/%d is not announced: its video is not in place", reel.id, reel.seq)
            return
        self._queue.set_states(self._messages.reel_state(reel))

    async def _event_of(self, message: StoredMessage) -> Message | None:
        """Return the event on which automations act, of a caption or a reel that is sent; None for none.

        One that is too late for them is dropped and counted.
        """
        body = json.loads(message.payload)
        if message.topic == self._messages.reels_topic:
            after = body["after"]
            if not await asyncio.to_thread(_is_in_place, self._base / after["path"], after["bytes"]):
                return None
            event, at_utc = self._messages.reel_ready(body), after["end_utc"]
        else:
            important = body["alerts"] or body["importance"] >= self._settings.highlight_min_importance
            if body["type"] == "update" or body["late"] or not important:
                return None
            event, at_utc = self._messages.highlight(body), body["end_utc"]
        if not _is_recent(parse_utc(at_utc)):
            self._queue.dropped["highlight"] += 1
            return None
        return event

    def _take_motion(self, event: MotionChanged) -> None:
        if timer := self._motion_off.pop(event.camera, None):
            timer.cancel()
        if event.moving:
            self._set_motion(event.camera, moving=True)
        else:
            later = partial(self._set_motion, event.camera, moving=False)
            loop = asyncio.get_running_loop()
            self._motion_off[event.camera] = loop.call_later(self._settings.motion_off_delay_s, later)

    def _set_motion(self, camera: str, *, moving: bool) -> None:
        self._queue.set_states(self._messages.motion(camera, moving=moving))

    def _take_camera(self, state: CameraState) -> None:
        self._queue.set_states(*self._messages.camera(state))
        if state.state == CameraStatus.DISABLED:
            self._disabled.add(state.camera)
        else:
            self._disabled.discard(state.camera)
        self._set_describer_states()
        if state.state != CameraStatus.WATCHING:  # its end could not be seen
            if timer := self._motion_off.pop(state.camera, None):
                timer.cancel()
            self._set_motion(state.camera, moving=False)

    def _set_describer_states(self) -> None:
        for camera in self._cameras:
            state = DISABLED if camera in self._disabled else self._describer
            self._queue.set_states(self._messages.describe(camera, state))

    # Commands

    async def _on_message(self, message: Message) -> None:
        if self._discovery and message.topic == self._discovery.status_topic:
            if message.payload == ONLINE.encode():
                self._schedule_announcement()
        elif self._messages.parse_command(message.topic)[0] == CHECK:
            return  # published by ``livereel check`` to see whether commands arrive
        elif not await self._execute(message):
            self._counts["commands_ignored"] += 1
            if self._counts["commands_ignored"] <= MAX_LOGGED:
                log.warning("mqtt: ignored %.80s: %.80r", message.topic, message.payload)
            if self._counts["commands_ignored"] == MAX_LOGGED:
                log.warning("mqtt: further commands that are ignored are only counted (commands_ignored)")

    def _schedule_announcement(self) -> None:
        """Send all states again after Home Assistant has started, at a random time, since all clients do."""
        if self._announcement is None or self._announcement.when() <= asyncio.get_running_loop().time():
            after_s = random.uniform(0, self._timing.announce_s)  # noqa: S311  # nothing secret
            self._announcement = asyncio.get_running_loop().call_later(after_s, self._queue.requeue_states)

    async def _execute(self, message: Message) -> bool:
        """Execute a command; return False if it is unknown or retained.

        A retained command would be executed again on each connection, long after it was given.
        """
        name, verb = self._messages.parse_command(message.topic)
        payload = message.payload
        if message.retain:
            return False
        if verb == "enabled/set" and name in self._cameras and payload in (ON.encode(), OFF.encode()):
            await self._commands.set_analysis(name, on=payload == ON.encode())
            return True
        if verb == "reel/make" and name in self._reels and payload == PRESS.encode():
            await self._commands.make_reel(name)
            return True
        return verb == "feedback/set" and name in self._cameras and await self._judge(name, payload)

    async def _judge(self, camera: str, payload: bytes) -> bool:
        """Store a verdict on a moment of a camera; return False if there is none, or it cannot be stored."""
        try:
            body = _object(payload)
            verdict, window_id = verdict_of(body, "id"), str(body["id"])
            return await asyncio.to_thread(self._feedback.judge, window_id, verdict, camera=camera)
        except FeedbackError:
            return False
        except ArchiveError as error:
            log.warning("mqtt: feedback is not stored: %s", error)
            return False


def _topic_level(name: str) -> str:
    """Return the name if it can be a level of a topic; raises SinkError."""
    problem = topic_problem(name) or (
        f"{name!r} cannot be part of a topic: / divides it" if "/" in name else None
    )
    if problem:
        raise SinkError(f"mqtt: {problem}")
    return name


def _object(payload: bytes) -> dict[str, Any]:
    """Return the JSON object of a command; raises FeedbackError."""
    try:
        value = json.loads(payload) if len(payload) <= MAX_COMMAND_BYTES else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise FeedbackError("expected a JSON object")
    return value


def _is_in_place(video: Path, size_bytes: int) -> bool:
    """Return whether a reel's video exists with the size that was verified."""
    try:
        return video.stat().st_size == size_bytes
    except OSError:
        return False


def _is_recent(at: datetime) -> bool:
    return datetime.now(UTC) - at <= HIGHLIGHT_MAX_AGE
