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

WINDOWS, TEXTS, REELS = "windows", "texts", "reels"


@dataclass(frozen=True, slots=True)
class StoreMessages:
    """Builds messages; ``base`` is the data folder. Pure: nothing is read or sent here."""

    base: Path

    def encode(self, event: Moment | Reel | LateText) -> OutboxMessage:
        """Return the message of a described window, of a reel, or of text that came later.

        Nothing is overwritten: such text is in an object of its own, next to that of its window.
        """
        match event:
            case Moment():
                return self._window(event)
            case Reel():
                folder = event.folder.relative_to(self.base).as_posix()
                body = {"folder": folder, "sha256": event.sha256}
                return OutboxMessage(REELS, f"{event.id}/{event.seq}", body)
            case LateText():
                return self._text(event.moment)

    def _window(self, moment: Moment) -> OutboxMessage:
        row = self._row(moment)
        files: list[Any] = [row["clip"], *(keyframe["file"] for keyframe in row["keyframes"])]
        body = {"files": [name for name in files if name], "manifest": f"{_name(moment)}.json", "row": row}
        return OutboxMessage(WINDOWS, moment.window.id, body)

    def _text(self, moment: Moment) -> OutboxMessage:
        body = {"files": [], "manifest": f"{_name(moment)}.text.json", "row": self._row(moment)}
        return OutboxMessage(TEXTS, moment.window.id, body)

    def _row(self, moment: Moment) -> dict[str, Any]:
        return window_row(moment.window, Outcome.DESCRIBED, moment, base=self.base)


def _name(moment: Moment) -> str:
    """Return what the names of a window's JSON objects begin with."""
    window = moment.window
    return f"{WINDOWS}/{window.camera}/{window.start_utc[:10]}/{window.id}"
