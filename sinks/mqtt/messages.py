"""Events as MQTT messages: docs/mqtt.md lists the topics, docs/schemas the payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, assert_never

from analyzer.describe.moment import Moment
from analyzer.reel.manifest import VIDEO, manifest
from analyzer.reel.records import Reel
from analyzer.signal.window import Outcome
from base.clock import utc_after
from sinks.events import (
    CameraState,
    CameraStatus,
    DescriberState,
    KeyframePreview,
    LateText,
    Stats,
    TranscriberState,
)
from sinks.mqtt.connection.message import Message
from sinks.outbox import OutboxMessage
from sinks.serialize import window_row

# Home Assistant refuses longer states.
MAX_STATE_CHARS = 255
ONLINE, OFFLINE, DISABLED = "online", "offline", "disabled"
ON, OFF, PRESS = "ON", "OFF", "PRESS"
# The camera on whose topics ``livereel check`` publishes; none can exist, as no name may hold a dot.
CHECK = "livereel.check"
ALERT, HIGHLIGHT, REEL_READY = "alert", "highlight", "reel_ready"

_CAMERA_STATES = (
    "status", "status/capture", "status/describe", "motion", "keyframe", "caption/state", "enabled/state",
)  # fmt: skip
_REEL_STATE_TOPIC = "reel/state"
_EVENTS = ("peak", "highlight")
_CAPTION = (
    "id", "camera", "epoch", "index", "start_s", "end_s", "start_utc", "title", "text", "importance",
    "tags", "alerts", "keyframes", "clip", "model", "latency_s", "late",
)  # fmt: skip
_HIGHLIGHT = ("id", "camera", "title", "text", "importance", "tags", "alerts", "start_utc")
_REEL_STATE = ("id", "seq", "title", "narrative", "cameras", "start_utc", "end_utc", "duration_s", "bytes")


class Messages:
    """Builds messages under one topic prefix. Pure: nothing is sent here.

    States are retained, events never.
    """

    def __init__(self, prefix: str, *, base: Path) -> None:
        """Topics begin with ``prefix``; files are named relative to ``base``, the data folder."""
        self._prefix = prefix
        self._base = base
        self.available = f"{prefix}/available"
        self.stats_topic = f"{prefix}/stats"
        self.describer_topic = f"{prefix}/describer"
        self.transcriber_topic = f"{prefix}/transcriber"
        self.captions_topic = f"{prefix}/captions"
        self.reels_topic = f"{prefix}/reels"

    def topic(self, name: str, *levels: str) -> str:
        """Return a topic of a camera or a reel."""
        return "/".join((self._prefix, name, *levels))

    def retained_topics(self, cameras: Sequence[str], reels: Sequence[str]) -> Iterator[str]:
        """Yield all topics that may hold a retained message."""
        yield self.available
        yield self.describer_topic
        yield self.transcriber_topic
        for camera in cameras:
            yield from (self.topic(camera, levels) for levels in _CAMERA_STATES)
        for reel in reels:
            yield self.topic(reel, _REEL_STATE_TOPIC)

    def topics_of(self, name: str) -> list[str]:
        """Return all topics published for a camera and its reel."""
        return [self.topic(name, levels) for levels in (*_CAMERA_STATES, _REEL_STATE_TOPIC, *_EVENTS)]

    # Commands

    def command_filters(self) -> list[str]:
        """Return the topic filters of all commands."""
        return [
            self.topic("+", *levels) for levels in (("enabled", "set"), ("reel", "make"), ("feedback", "set"))
        ]

    def parse_command(self, topic: str) -> tuple[str, str]:
        """Split a command's topic into the camera or reel that it names, and its verb."""
        name, _, verb = topic.removeprefix(f"{self._prefix}/").partition("/")
        return name, verb

    # States

    def availability(self, state: str) -> Message:
        """Build the state of livereel itself: ONLINE or OFFLINE."""
        return Message(self.available, state.encode(), qos=1, retain=True)

    def motion(self, camera: str, *, moving: bool) -> Message:
        """Build whether something moves: ON or OFF."""
        return Message(self.topic(camera, "motion"), (ON if moving else OFF).encode(), retain=True)

    def keyframe(self, preview: KeyframePreview) -> Message:
        """Build the camera's newest picture, a JPEG."""
        return Message(self.topic(preview.camera, "keyframe"), preview.jpeg, retain=True)

    def camera(self, state: CameraState) -> list[Message]:
        """Build a camera's states: detail, capture state, and whether its analysis is on."""
        detail = {"state": state.state, "reason": state.reason, "at_utc": state.at_utc}
        on = state.state != CameraStatus.DISABLED
        return [
            self._state(state.camera, "status", payload=_json(detail)),
            self.capture(state.camera, _capture(state.state)),
            self._state(state.camera, "enabled", "state", payload=(ON if on else OFF).encode()),
        ]

    def capture(self, camera: str, state: str) -> Message:
        """Build whether the camera is watched: ONLINE, OFFLINE or DISABLED."""
        return self._state(camera, "status", "capture", payload=state.encode())

    def describe(self, camera: str, state: str) -> Message:
        """Build whether the camera's windows are described: ONLINE, OFFLINE or DISABLED."""
        return self._state(camera, "status", "describe", payload=state.encode())

    def describer(self, state: DescriberState) -> Message:
        """Build whether windows are described, and why not."""
        return Message(self.describer_topic, _json(asdict(state)), qos=1, retain=True)

    def transcriber(self, state: TranscriberState) -> Message:
        """Build whether speech gets its text, and why not."""
        return Message(self.transcriber_topic, _json(asdict(state)), qos=1, retain=True)

    def caption_state(self, moment: Moment) -> Message:
        """Build the last caption: ``short`` fits a Home Assistant state, the rest are attributes."""
        body = self._caption(moment)
        short = {"short": shorten(moment.text, MAX_STATE_CHARS)}
        return self._state(moment.window.camera, "caption", "state", payload=_json(short | body))

    def reel_state(self, reel: Reel) -> Message:
        """Build the newest reel of an id: parts of its manifest, and its video's path."""
        row = manifest(reel)
        body = {key: row[key] for key in _REEL_STATE} | {"chapters": len(reel.chapters)} | self._path(reel)
        return self._state(reel.id, "reel", "state", payload=_json(body))

    def _state(self, name: str, *levels: str, payload: bytes) -> Message:
        return Message(self.topic(name, *levels), payload, qos=1, retain=True)

    # Events

    def peak(self, preview: KeyframePreview) -> Message:
        """Build the event of a motion's first peak, before its window is closed."""
        body = {
            "id": preview.window_id,
            "camera": preview.camera,
            "at_utc": preview.at_utc,
            "value": preview.value,
        }
        return Message(self.topic(preview.camera, "peak"), _json(body))

    def highlight(self, caption: Mapping[str, Any]) -> Message:
        """Build the highlight of a caption, as stored: ``alert`` where a ``tell_me_when`` rule holds."""
        kind = ALERT if caption["alerts"] else HIGHLIGHT
        body = {"event_type": kind, **{key: caption[key] for key in _HIGHLIGHT}}
        return Message(self.topic(caption["camera"], "highlight"), _json(body), qos=1)

    def reel_ready(self, reel: Mapping[str, Any]) -> Message:
        """Build the event of a new reel from its message, as stored."""
        after = reel["after"]
        body = {
            "event_type": REEL_READY,
            "id": f"{after['id']}/{after['seq']}",
            "reel_id": after["id"],
            "seq": after["seq"],
            "title": after["title"],
            "text": after["narrative"],
            "path": after["path"],
        }
        return Message(self.topic(after["id"], "highlight"), _json(body), qos=1)

    def stats(self, stats: Stats, own: Mapping[str, int]) -> Message:
        """Build the event of a run's counters; ``own`` are those of the sink."""
        return Message(self.stats_topic, _json({**asdict(stats), "mqtt": dict(own)}))

    # For the outbox

    def stored(self, event: Moment | Reel | LateText) -> OutboxMessage:
        """Build the message by which an event arrives; see ``sinks.outbox.Encode``."""
        match event:
            case Moment():
                return self.caption(event)
            case LateText():
                return self.late_text(event.moment)
            case Reel():
                return self.reel(event)
            case _:
                assert_never(event)

    def caption(self, moment: Moment) -> OutboxMessage:
        """Build a moment's message; the window's id is its key."""
        body = {"type": "new", **self._caption(moment)}
        return OutboxMessage(self.captions_topic, moment.window.id, body)

    def late_text(self, moment: Moment) -> OutboxMessage:
        """Build the message of a caption that now has what was said."""
        body = {"type": "update", **self._caption(moment)}
        return OutboxMessage(self.captions_topic, f"{moment.window.id}/text", body)

    def reel(self, reel: Reel) -> OutboxMessage:
        """Build a reel's message. Its number alone is not a key: a new ledger counts from 1 again."""
        first = reel.seq == 1
        body = {
            "type": "new" if first else "update",
            "before": None if first else {"id": reel.id, "seq": reel.seq - 1},
            "after": manifest(reel) | self._path(reel),
        }
        return OutboxMessage(self.reels_topic, f"{reel.id}/{reel.seq}/{reel.sha256}", body)

    def _caption(self, moment: Moment) -> dict[str, Any]:
        window = moment.window
        row = window_row(window, Outcome.DESCRIBED, moment, base=self._base)
        return {
            **{key: row[key] for key in _CAPTION},
            "speech": row["sound"]["speech"] if row["sound"] else [],
            "end_utc": utc_after(window.start_utc, window.end_s - window.start_s),
        }

    def _path(self, reel: Reel) -> dict[str, str]:
        """Return the video's path, relative to the data folder if it lies there."""
        video = reel.folder / VIDEO
        path = video.relative_to(self._base) if video.is_relative_to(self._base) else video
        return {"path": path.as_posix()}


def shorten(text: str, max_chars: int) -> str:
    """Return the text, cut after a word and marked with an ellipsis where it is longer than that."""
    if len(text) <= max_chars:
        return text
    end = text.rfind(" ", 0, max_chars)
    return text[: end if end >= 0 else max_chars - 1].rstrip(" ,;:") + "…"


def _capture(state: CameraStatus) -> str:
    match state:
        case CameraStatus.WATCHING:
            return ONLINE
        case CameraStatus.DISABLED:
            return DISABLED
        case CameraStatus.CONNECTING | CameraStatus.WAITING | CameraStatus.REFUSED | CameraStatus.ENDED:
            return OFFLINE
        case _:
            assert_never(state)


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
