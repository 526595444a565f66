"""What is copied for an event, as messages of the outbox.

A message names files relative to the data folder, which are also their names in the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from analyzer.signal.window import Outcome
from sinks.events import LateText
from sinks.outbox import OutboxMessage
from sinks.serialize import window_row

WINDOWS, REELS = "windows", "reels"


@dataclass(frozen=True, slots=True)
class StoreMessages:
    """Builds messages; ``base`` is the data folder. Pure: nothing is read or sent here."""

    base: Path

    def encode(self, event: Moment | Reel | LateText) -> OutboxMessage | None:
        """Return the message of a described window or of a reel; None for text that comes later."""
        match event:
            case Moment():
                return self._window(event)
            case Reel():
                folder = event.folder.relative_to(self.base).as_posix()
                body = {"folder": folder, "sha256": event.sha256}
                return OutboxMessage(REELS, f"{event.id}/{event.seq}", body)
            case LateText():
                return None

    def _window(self, moment: Moment) -> OutboxMessage:
        window = moment.window
        row = window_row(window, Outcome.DESCRIBED, moment, base=self.base)
        files: list[Any] = [row["clip"], *(keyframe["file"] for keyframe in row["keyframes"])]
        manifest = f"{WINDOWS}/{window.camera}/{window.start_utc[:10]}/{window.id}.json"
        body = {"files": [name for name in files if name], "manifest": manifest, "row": row}
        return OutboxMessage(WINDOWS, window.id, body)
