"""How long things are kept: by age, by bytes, and by what the disk has left; the oldest go first."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

from analyzer.reel import MANIFEST
from analyzer.window import Window
from livereel.folder import CLIPS, KEYFRAMES, REELS
from livereel.ledger import Ledger, files_of
from livereel.rolling import LATEST, point
from livereel.space import Space
from stream.clock import utc_text
from stream.staging import PART

log = logging.getLogger(__name__)

# More than this share too old at once is likelier a clock set wrong than a week gone by: nothing goes.
MAX_OLD_SHARE = 0.5
# Fewer than so many windows may all be old: a folder taken up again after a holiday.
_FEW = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be kept: up to an age, up to a size, and with so much left free on the disk."""

    max_age_h: float
    max_bytes: int
    min_free_bytes: int


class Retention:
    """Removes files that are too old or too much, oldest first.

    What waits for words, and what a kept reel shows, is never removed. A window that loses its files stays
    in the ledger until it is too old, so that what happened stays told.

    Attributes:
        removed_windows, removed_bytes: what lost its files so far.
    """

    def __init__(self, data: Path, ledger: Ledger, limits: Limits) -> None:
        self._data = data
        self._ledger = ledger
        self._limits = limits
        self._space = Space(data, limits.min_free_bytes)
        self.removed_windows = 0
        self.removed_bytes = 0

    def sweep(self, now: datetime) -> None:
        """Remove what the limits ask for. Raises LedgerError, before anything is removed."""
        kept = self._ledger.windows_with_files(utc_text(now))
        oldest_utc = utc_text(now - timedelta(hours=self._limits.max_age_h))
        old = [(window, held) for window, held in kept if window.start_utc < oldest_utc]
        if len(kept) > _FEW and len(old) > MAX_OLD_SHARE * len(kept):
            log.error(
                "retention: %d of %d windows would go for their age: is the clock right?", len(old), len(kept)
            )
            return
        self._remove(old)
        self._ledger.forget_before(oldest_utc)
        excess = max(self._ledger.kept_bytes() - self._limits.max_bytes, self._space.missing_bytes())
        if excess > 0:
            rest = kept[len(old) :]
            sums = accumulate(held for _, held in rest)
            count = next((n for n, total in enumerate(sums, 1) if total >= excess), len(rest))
            self._remove(rest[:count])

    def _remove(self, windows: Sequence[tuple[Window, int]]) -> None:
        """Tell the ledger first: at worst an unnamed file is left, which the next start sweeps."""
        if not windows:
            return
        self._ledger.drop_files([window for window, _ in windows])
        for window, held in windows:
            for file in files_of(window):
                file.unlink(missing_ok=True)
            self.removed_windows += 1
            self.removed_bytes += held
        log.info("retention: the files of %d windows are gone", len(windows))

    def sweep_unnamed(self) -> int:
        """Remove what a killed process left behind: half-written files and those that nothing names.

        To be called before anything is written. Returns how many files and folders went.
        """
        named = self._ledger.files()
        gone = 0
        for part in (CLIPS, KEYFRAMES):
            for file in (self._data / part).rglob("*"):
                if file.is_file() and file not in named:
                    file.unlink()
                    gone += 1
        return gone + self._sweep_reels()

    def _sweep_reels(self) -> int:
        """Remove half-made reels; one that was finished when its process died is taken into the ledger."""
        kept = self._ledger.reel_folders()
        gone = 0
        for folder in sorted((self._data / REELS).glob("*/*")):
            if folder.is_symlink() or not folder.is_dir() or folder in kept:
                continue
            if folder.suffix != PART and (folder / MANIFEST).exists():
                self._ledger.adopt_reel(folder)
                point(folder.with_name(LATEST), folder.name)
                continue
            shutil.rmtree(folder)
            gone += 1
        return gone
