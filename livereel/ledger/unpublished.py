"""What the ledger holds and the sinks have not all taken yet."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from livereel.ledger.reels import Reels


@dataclass(frozen=True, slots=True)
class Untold:
    """A moment or a reel that the sinks have not all taken; ``number`` is its place in the line."""

    number: int
    event: Moment | Reel


class Tellings(Reels):
    """Moments and reels in the order in which they are to be told."""

    def untold(self, after: int, limit: int) -> list[Untold]:
        """The next moments and reels behind number ``after`` (0: from the first) that are not ``told``.

        In the order in which they were kept. What retention has removed meanwhile is not among them.
        """
        rows = self.read(
            "SELECT number, windows.window, windows.outcome, windows.moment, reels.manifest, reels.folder"
            " FROM untold LEFT JOIN windows ON windows.id = window_id"
            " LEFT JOIN reels ON reels.id = reel_id AND reels.seq = untold.seq"
            " WHERE number > ? ORDER BY number LIMIT ?",
            after, limit,
        )  # fmt: skip
        return [Untold(row[0], event) for row in rows if (event := self._event(*row[1:]))]

    def _event(
        self, window: str | None, outcome: str, words: str | None, text: str, folder: str
    ) -> Moment | Reel | None:
        return self._reel(text, folder) if window is None else self._entry(window, outcome, words).moment

    def told(self, until: int) -> None:
        """Say that all sinks have taken what is untold up to this number."""
        with self.writing() as db:
            db.execute("DELETE FROM untold WHERE number <= ?", (until,))
