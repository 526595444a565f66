"""What livereel says over MQTT: events as messages. docs/mqtt.md lists topics, docs/schemas payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, assert_never

from analyzer.describe.moment import Moment
from analyzer.happening import CameraState, CameraStatus, Glimpse
from analyzer.reel.compile import VIDEO, manifest
from analyzer.reel.records import Reel
from analyzer.signal.window import Outcome
from base.clock import utc_after
from sinks.broker import Message
from sinks.letters import Letter
from sinks.rows import window_row
from sinks.sink import Stats

# Home Assistant refuses longer states.
MAX_STATE_CHARS = 255
ONLINE, OFFLINE, DISABLED = "online", "offline", "disabled"
ON, OFF, PRESS = "ON", "OFF", "PRESS"
ALERT, HIGHLIGHT, REEL_READY = "alert", "highlight", "reel_ready"

_CAPTION = (
    "id", "camera", "epoch", "index", "start_s", "end_s", "start_utc", "title", "text", "importance",
    "tags", "keyframes", "clip", "model", "latency_s", "late",
)  # fmt: skip
_REEL_STATE = ("id", "seq", "title", "narrative", "cameras", "start_utc", "end_utc", "duration_s", "bytes")


class Messages:
    """Events as messages under one topic prefix. Pure: nothing is sent here.

    States are retained, one message for each topic, the newest counts. Events are never retained.
    """

    def __init__(self, prefix: str, *, base: Path) -> None:
        """Topics begin with ``prefix``; files are named relative to ``base``, the data folder."""
        self._prefix = prefix
        self._base = base
        self.available = f"{prefix}/available"
        self.stats_topic = f"{prefix}/stats"

    def topic(self, name: str, *levels: str) -> str:
        """Return a topic of a camera or a reel."""
        return "/".join((self._prefix, name, *levels))

    def kept(self, cameras: Sequence[str], reels: Sequence[str]) -> Iterator[str]:
        """Yield all topics at which a broker may keep a message of ours."""
        yield self.available
        for camera in cameras:
            for levels in ("status", "status/capture", "status/describe", "motion", "keyframe"):
                yield self.topic(camera, levels)
            yield self.topic(camera, "caption", "state")
            yield self.topic(camera, "enabled", "state")
        for reel in reels:
            yield self.topic(reel, "reel", "state")

    # Commands

    def commands(self) -> list[str]:
        """Topic filters of what we obey."""
        return [self.topic("+", "enabled", "set"), self.topic("+", "reel", "make")]

    def command(self, topic: str) -> tuple[str, str]:
        """Return whom a command is for, and what it is about."""
        name, _, verb = topic.removeprefix(f"{self._prefix}/").partition("/")
        return name, verb

    # States

    def availability(self, state: str) -> Message:
        return Message(self.available, state.encode(), qos=1, retain=True)

    def motion(self, camera: str, *, moving: bool) -> Message:
        return Message(self.topic(camera, "motion"), (ON if moving else OFF).encode(), retain=True)

    def keyframe(self, glimpse: Glimpse) -> Message:
        return Message(self.topic(glimpse.camera, "keyframe"), glimpse.jpeg, retain=True)

    def camera(self, state: CameraState) -> list[Message]:
        """How a camera is doing: in a word, in detail, and whether its analysis is on."""
        detail = {"state": state.state, "reason": state.reason, "at_utc": state.at_utc}
        on = state.state != CameraStatus.DISABLED
        return [
            self._state(state.camera, "status", payload=_json(detail)),
            self.capture(state.camera, _capture(state.state)),
            self._state(state.camera, "enabled", "state", payload=(ON if on else OFF).encode()),
        ]

    def capture(self, camera: str, state: str) -> Message:
        return self._state(camera, "status", "capture", payload=state.encode())

    def describe(self, camera: str, state: str) -> Message:
        return self._state(camera, "status", "describe", payload=state.encode())

    def caption_state(self, moment: Moment) -> Message:
        """The last caption: ``short`` fits a Home Assistant state, the rest are attributes."""
        body = self._caption(moment)
        short = {"short": shortened(moment.text, MAX_STATE_CHARS)}
        return self._state(moment.window.camera, "caption", "state", payload=_json(short | body))

    def reel_state(self, reel: Reel) -> Message:
        row = manifest(reel)
        body = {key: row[key] for key in _REEL_STATE} | {"chapters": len(reel.chapters)} | self._path(reel)
        return self._state(reel.id, "reel", "state", payload=_json(body))

    def _state(self, name: str, *levels: str, payload: bytes) -> Message:
        return Message(self.topic(name, *levels), payload, qos=1, retain=True)

    # Events

    def peak(self, glimpse: Glimpse) -> Message:
        body = {
            "id": glimpse.window_id,
            "camera": glimpse.camera,
            "at_utc": glimpse.at_utc,
            "value": glimpse.value,
        }
        return Message(self.topic(glimpse.camera, "peak"), _json(body))

    def highlight(self, moment: Moment) -> Message:
        """A moment worth acting on now: ``alert`` where a ``tell me when`` rule holds."""
        body = {
            "event_type": ALERT if moment.alerts else HIGHLIGHT,
            "id": moment.window.id,
            "camera": moment.window.camera,
            "title": moment.title,
            "text": moment.text,
            "importance": moment.importance,
            "tags": list(moment.tags),
            "alerts": list(moment.alerts),
            "start_utc": moment.window.start_utc,
        }
        return Message(self.topic(moment.window.camera, "highlight"), _json(body), qos=1)

    def reel_ready(self, reel: Reel) -> Message:
        body = {
            "event_type": REEL_READY,
            "id": f"{reel.id}/{reel.seq}",
            "reel_id": reel.id,
            "seq": reel.seq,
            "title": reel.title,
            "text": reel.narrative,
            **self._path(reel),
        }
        return Message(self.topic(reel.id, "highlight"), _json(body), qos=1)

    def stats(self, stats: Stats, own: Mapping[str, int]) -> Message:
        return Message(self.stats_topic, _json({**asdict(stats), "mqtt": dict(own)}))

    # For the outbox

    def caption(self, moment: Moment) -> Letter:
        body = {"type": "new", **self._caption(moment)}
        return Letter(f"{self._prefix}/captions", moment.window.id, body)

    def reel(self, reel: Reel) -> Letter:
        """A finished reel. Its number alone is no key: a new ledger counts from 1 again."""
        first = reel.seq == 1
        body = {
            "type": "new" if first else "update",
            "before": None if first else {"id": reel.id, "seq": reel.seq - 1},
            "after": manifest(reel) | self._path(reel),
        }
        return Letter(f"{self._prefix}/reels", f"{reel.id}/{reel.seq}/{reel.sha256}", body)

    def _caption(self, moment: Moment) -> dict[str, Any]:
        window = moment.window
        row = window_row(window, Outcome.DESCRIBED, moment, base=self._base)
        return {
            **{key: row[key] for key in _CAPTION},
            "end_utc": utc_after(window.start_utc, window.end_s - window.start_s),
            "alerts": list(moment.alerts),
        }

    def _path(self, reel: Reel) -> dict[str, str]:
        """Where the video is; there is no server yet of which a link could be told."""
        video = reel.folder / VIDEO
        path = video.relative_to(self._base) if video.is_relative_to(self._base) else video
        return {"path": path.as_posix()}


def shortened(text: str, max_chars: int) -> str:
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
