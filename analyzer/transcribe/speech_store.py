"""The protocol of the store that keeps speech that waits for its text; the ledger implements it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from analyzer.describe.moment import Moment
from analyzer.signal.sound.record import Transcript
from analyzer.signal.window import Window


class SpeechStore(Protocol):
    """Stores which windows' speech waits for its text.

    Calls block only briefly and may raise ``analyzer.describe.window_store.WindowStoreError``.
    """

    def newest_speech(self, limit: int, without: Collection[str]) -> list[str]:
        """Return the ids of the newest windows whose speech waits, except those in ``without``."""
        ...

    def window(self, window_id: str) -> Window | None:
        """Return a window by its id; None where it has been removed."""
        ...

    def count_speech(self) -> int:
        """Return how many windows' speech waits."""
        ...

    def drop_oldest_speech(self, count: int, without: Collection[str]) -> int:
        """Leave the speech of up to ``count`` windows without text, the oldest; returns how many."""
        ...

    def put_text(self, window_id: str, texts: Sequence[str], transcript: Transcript) -> Moment | None:
        """Store the text of each part of a window's speech, which waits no longer.

        Returns the moment with it where the window has been described already: then the text is late.
        A window that has been removed, or whose speech does not wait, stays as it is.
        """
        ...

    def leave_without_text(self, window_id: str) -> None:
        """Store that a window's speech waits no longer."""
        ...
