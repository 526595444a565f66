"""Retention: removes files by age, by total size and by free disk space, oldest first."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

from base.clock import utc_text
from base.plural import counted
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import StoredReel, StoredWindow, files_of
from livereel.storage.data_dir import remove_reel
from livereel.storage.free_space import FreeSpace
from livereel.storage.settings import RetentionSettings

log = logging.getLogger(__name__)

# When more than this share of the windows is suddenly too old, the clock is probably wrong, and nothing is
# removed for its age. A clock that has not changed back after DOUBT_S is trusted.
MAX_OLD_SHARE = 0.5
DOUBT_S = 24 * 3600.0
# Up to this many windows may all be too old: a folder that is used again after weeks.
_FEW = 100
# Windows removed in one commit.
_BATCH = 100
# Room is made for this many times what is written between two sweeps, and for this share of what is kept:
# with just enough room, the first window after a sweep would leave none for those that follow.
_SWEEPS_AHEAD = 2
_SHARE_AHEAD = 0.05
# A replaced reel may still be played for this long after its end; until then it is removed last.
_PLAYED = timedelta(minutes=10)


class Retention:
    """Removes what is too old or too much, oldest first.

    Pending windows are never removed. Reels of ``counted_ids``, the newest reel of any other id, and the
    windows that a stored reel shows are removed for the total size only if it cannot be held otherwise. A
    reel is as old as its end, and its windows are removed after it. Reels of ``counted_ids`` are never too
    old: they hold their own video, and go on without their clips. A window that loses its files stays in
    the ledger until it is too old and no stored reel shows it.

    Attributes:
        removed_windows, removed_bytes: what lost its files so far.
        removed_reels: how many reels were removed so far.
    """

    def __init__(
        self,
        data: Path,
        ledger: Ledger,
        limits: RetentionSettings,
        *,
        counted_ids: Collection[str] = (),
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold ``limits``; of the reels of ``counted_ids`` a number is kept by who makes them."""
        self._counted_ids = frozenset(counted_ids)
        self._ledger = ledger
        self._files = ledger.files
        self._limits = limits
        self._space = FreeSpace(data, limits.min_free_bytes)
        self._now_s = now_s
        self._doubts_since_s: float | None = None
        self._left_bytes: int | None = None
        self._written_bytes = 0
        self.removed_windows = 0
        self.removed_reels = 0
        self.removed_bytes = 0

    @property
    def stored_bytes(self) -> int | None:
        """What windows and reels took after the last sweep; None before the first."""
        return self._left_bytes

    def sweep(self, now: datetime) -> None:
        """Remove what the limits ask for. Raises LedgerError or OSError; the next sweep goes on."""
        oldest_utc = utc_text(now - timedelta(hours=self._limits.max_age_h))
        if not self._doubts(oldest_utc):
            self._remove_old(oldest_utc)
        self._make_room(now)

    def _doubts(self, oldest_utc: str) -> bool:
        """Return whether the clock may be wrong; logged once."""
        kept, old = self._files.count_windows(), self._files.count_windows(oldest_utc)
        few = self._doubts_since_s is None and kept <= _FEW  # while in doubt, removals by size may leave few
        if few or old <= MAX_OLD_SHARE * kept:
            self._doubts_since_s = None
            return False
        if self._doubts_since_s is None:
            self._doubts_since_s = self._now_s()
            log.error("retention: %d of %d windows would go for their age: is the clock right?", old, kept)
        return self._now_s() - self._doubts_since_s < DOUBT_S

    def _remove_old(self, oldest_utc: str) -> None:
        while reels := self._files.oldest_reels(_BATCH, oldest_utc, but=self._counted_ids):
            self._remove_reels(reels)
        while windows := self._files.oldest_windows(_BATCH, oldest_utc, shown_after_utc=oldest_utc):
            self._remove_windows(windows)
        self._files.forget_before(oldest_utc)

    def _make_room(self, now: datetime) -> None:
        stored_bytes = self._files.total_bytes()
        self._measure(stored_bytes)
        over_bytes = stored_bytes - self._limits.max_bytes
        wanted_bytes = self._wanted(min(-over_bytes, self._space.room_bytes()), stored_bytes)
        freed_bytes = self._free_reels(wanted_bytes, utc_text(now - _PLAYED))
        freed_bytes += self._free_windows(wanted_bytes - freed_bytes)
        while freed_bytes < over_bytes and (reels := self._files.oldest_reels(1)):
            freed_bytes += self._remove_reels(reels)
            freed_bytes += self._free_windows(over_bytes - freed_bytes)
        # Not counted again: what has been written meanwhile counts for the next sweep.
        self._left_bytes = stored_bytes - freed_bytes

    def _measure(self, stored_bytes: int) -> None:
        """Update the estimate of bytes written between two sweeps; in a pause it halves with each sweep."""
        new = 0 if self._left_bytes is None else stored_bytes - self._left_bytes
        self._written_bytes = max(new, self._written_bytes // 2)

    def _wanted(self, room_bytes: int, stored_bytes: int) -> int:
        """How much to free; nothing while there is room until the next sweep."""
        if room_bytes >= self._written_bytes:
            return 0
        ahead_bytes = max(_SWEEPS_AHEAD * self._written_bytes, int(_SHARE_AHEAD * stored_bytes))
        return ahead_bytes - room_bytes

    def _free_reels(self, wanted_bytes: int, until_utc: str) -> int:
        """Remove replaced reels until ``wanted_bytes`` are freed or none is left; return the bytes freed."""
        freed_bytes, but = 0, self._counted_ids
        while freed_bytes < wanted_bytes and (reels := self._files.replaced_reels(1, until_utc, but=but)):
            freed_bytes += self._remove_reels(reels)
        return freed_bytes

    def _free_windows(self, wanted_bytes: int) -> int:
        """Remove windows' files until ``wanted_bytes`` are freed or none is left; return the bytes freed."""
        freed_bytes = 0
        while freed_bytes < wanted_bytes and (windows := self._files.oldest_windows(_BATCH)):
            freed_bytes += self._remove_windows(_enough(windows, wanted_bytes - freed_bytes))
        return freed_bytes

    def _remove_windows(self, windows: Sequence[StoredWindow]) -> int:
        """Remove files before rows: on a full disk, the ledger can be written only then.

        If the ledger cannot be written, the next sweep removes the same windows again.
        """
        for held in windows:
            for file in files_of(held.window):
                _unlink(file)
        self._ledger.windows.drop_files([held.window for held in windows])
        freed_bytes = sum(held.stored_bytes for held in windows)
        self.removed_windows += len(windows)
        self.removed_bytes += freed_bytes
        log.info("retention: removed the files of %s", counted(len(windows), "window"))
        return freed_bytes

    def _remove_reels(self, reels: Sequence[StoredReel]) -> int:
        """Remove folders before rows, for the same reason."""
        for reel in reels:
            remove_reel(reel.folder)
            self._ledger.reels.remove(reel.id, reel.seq)
            self.removed_reels += 1
            log.info("retention: removed reel %s %d", reel.id, reel.seq)
        return sum(reel.stored_bytes for reel in reels)


def _unlink(file: Path) -> None:
    """Remove a file; log a failure, so that the other files are removed."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        log.warning("retention: %s cannot be removed: %s", file, error.strerror)


def _enough(windows: Sequence[StoredWindow], wanted_bytes: int) -> Sequence[StoredWindow]:
    """Return the first windows that take ``wanted_bytes`` together; all where they take less."""
    sums = accumulate(held.stored_bytes for held in windows)
    return windows[: next((n for n, total in enumerate(sums, 1) if total >= wanted_bytes), len(windows))]
