"""Events as stored messages, and stored messages as one notification."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from analyzer.describe.moment import Moment
from analyzer.reel.manifest import POSTER, VIDEO
from analyzer.reel.records import Reel
from base.clock import utc_after
from base.local_time import date_time_text, length_text, local, time_text
from base.plural import counted
from sinks.events import LateText
from sinks.notify.settings import ALERT, MOMENT, OF_REEL, REEL, NotifySettings
from sinks.outbox import OutboxMessage

TOPIC = "notify"
# Of many messages that are sent together so many are listed.
MAX_LINES = 10


@dataclass(frozen=True, slots=True)
class Notification:
    """What is sent at once.

    Attributes:
        title: one line.
        body: plain text, a line or more.
        attachments: files to choose from, the best first: one at most is attached.
    """

    title: str
    body: str
    attachments: tuple[Path, ...] = ()


class Notifications:
    """Chooses the events that a service is to be sent, and writes them for people."""

    def __init__(self, settings: NotifySettings, *, base: Path, page_url: str | None) -> None:
        """Files are named relative to ``base``, the data folder; links go to pages below ``page_url``."""
        self._settings = settings
        self._base = base
        self._page_url = page_url.rstrip("/") if page_url else None

    def encode(self, event: Moment | Reel | LateText) -> OutboxMessage | None:
        """Build the message of an event; None for one that is not to be sent."""
        if isinstance(event, LateText):
            return None  # its moment has been sent
        return self._of_reel(event) if isinstance(event, Reel) else self._of_moment(event)

    def _of_moment(self, moment: Moment) -> OutboxMessage | None:
        settings, window = self._settings, moment.window
        is_alert = ALERT in settings.when and bool(moment.alerts)
        is_important = MOMENT in settings.when and moment.importance >= settings.min_importance
        if not (is_alert or is_important) or (settings.cameras and window.camera not in settings.cameras):
            return None
        strongest = max(window.keyframes, key=lambda keyframe: keyframe.value, default=None)
        until = utc_after(window.start_utc, 1)
        query = urlencode({"camera": window.camera, "since": window.start_utc, "until": until})
        body = {
            "kind": ALERT if is_alert else MOMENT,
            "at_utc": window.start_utc,
            "of": window.camera,
            "title": "; ".join(moment.alerts) if is_alert else moment.title,
            "text": moment.text,
            "rank": moment.importance + 10 * is_alert,
            "files": self._files([strongest.file] if strongest and strongest.file else []),
            "link": f"/timeline?{query}",
        }
        return OutboxMessage(TOPIC, window.id, body)

    def _of_reel(self, reel: Reel) -> OutboxMessage | None:
        settings = self._settings
        if not {REEL, OF_REEL + reel.id} & set(settings.when):
            return None
        if settings.cameras and not set(reel.cameras) <= set(settings.cameras):
            return None
        body = {
            "kind": REEL,
            "at_utc": reel.end_utc,
            "of": reel.id,
            "title": reel.title,
            "text": f"{_size(reel)}\n{reel.narrative}",
            "rank": 20.0,
            "files": self._files([reel.folder / VIDEO, reel.folder / POSTER]),
            "link": f"/reels/{quote(reel.id)}?seq={reel.seq}",
        }
        return OutboxMessage(TOPIC, f"{reel.id}/{reel.seq}", body)

    def _files(self, files: Iterable[Path]) -> list[str]:
        return [file.relative_to(self._base).as_posix() for file in files if file.is_relative_to(self._base)]

    def join(self, payloads: Sequence[bytes], now: datetime) -> Notification:
        """Return one notification of stored messages, given oldest first; of each reel only the newest."""
        newest: dict[object, dict[str, Any]] = {}
        for number, payload in enumerate(payloads):
            row = json.loads(payload)
            key = ("reel", row["of"]) if row["kind"] == REEL else number
            newest.pop(key, None)
            newest[key] = row
        rows = list(newest.values())
        best = max(rows, key=lambda row: row["rank"])
        files = tuple(self._base / file for file in best["files"])
        if len(rows) == 1:
            text = [f"{_when(best['at_utc'], now)}\n{best['text']}", *self._link(best["link"])]
            return Notification(_title(best), "\n".join(text), files)
        lines = [f"{_when(row['at_utc'], now)} {_title(row)}" for row in rows]
        more = [f"and {counted(len(lines) - MAX_LINES, 'earlier one')}"] if len(lines) > MAX_LINES else []
        text = [*more, *lines[-MAX_LINES:], *self._link("/")]
        return Notification(_heading(rows), "\n".join(text), files)

    def _link(self, page: str) -> list[str]:
        return [f"{self._page_url}{page}"] if self._page_url else []


def _size(reel: Reel) -> str:
    return f"{counted(len(reel.chapters), 'chapter')}, {length_text(reel.duration_s)}."


def _title(row: dict[str, Any]) -> str:
    return f"{'reel ' if row['kind'] == REEL else ''}{row['of']}: {row['title']}"


def _heading(rows: Sequence[dict[str, Any]]) -> str:
    """``3 alerts, 1 reel: front, yard``."""
    kinds = [row["kind"] for row in rows]
    counts = [counted(kinds.count(kind), kind) for kind in (ALERT, MOMENT, REEL) if kind in kinds]
    return f"{', '.join(counts)}: {', '.join(dict.fromkeys(row['of'] for row in rows))}"


def _when(at_utc: str, now: datetime) -> str:
    """Return local time, with its date where that is not today's."""
    is_today = local(at_utc).date() == local(now).date()
    return time_text(at_utc) if is_today else date_time_text(at_utc)
