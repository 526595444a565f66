"""The rolling reel: one id, made anew over the last hour as moments come."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from analyzer.describe.moment import Moment
from analyzer.reel.compile import ReelPlan
from analyzer.reel.preference.preferences import Preferences
from analyzer.reel.records import Reel, ReelError
from analyzer.reel.settings import ReelSettings
from analyzer.signal.window import Clip, Window
from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError
from livereel.reels.compile_process import compile_in_process
from livereel.reels.plan import Planner, ReelPeriod
from livereel.storage.data_dir import LATEST, remove_reel, update_link
from stream.media.file import MediaError
from stream.media.probe import verify

log = logging.getLogger(__name__)

# Finished reels kept in addition to the newest: a player that has one open when the next appears can go on.
KEPT_BEFORE_LATEST = 2


def read_period(ledger: Ledger, cameras: Sequence[str], since_utc: str, until_utc: str) -> ReelPeriod:
    """Read windows, gaps and the moments that can be shown; blocks while it reads."""
    entries = [
        entry
        for camera in cameras
        for entry in ledger.windows.entries(since_utc, camera=camera)
        if entry.window.start_utc < until_utc
    ]
    gaps = [
        replace(gap, end_utc=min(gap.end_utc, until_utc))
        for camera in cameras
        for gap in ledger.gaps.since(since_utc, until_utc, camera=camera)
        if gap.start_utc < until_utc
    ]
    starts = [*(entry.window.start_utc for entry in entries), *(gap.start_utc for gap in gaps), until_utc]
    return ReelPeriod(
        cameras=tuple(cameras),
        start_utc=max(since_utc, min(starts)),
        end_utc=until_utc,
        windows=tuple(entry.window for entry in entries),
        moments=tuple(entry.moment for entry in entries if entry.moment and _can_be_shown(entry.window)),
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.start_utc, gap.camera))),
        preferences=Preferences(ledger.feedback.judged()),
    )


def read_moments(ledger: Ledger, period: ReelPeriod, since_utc: str) -> tuple[Moment, ...]:
    """Read all moments of a period that was read since then, with those that cannot be shown any more."""
    return tuple(
        entry.moment
        for camera in period.cameras
        for entry in ledger.windows.entries(since_utc, camera=camera)
        if entry.moment and entry.window.start_utc < period.end_utc
    )


def _can_be_shown(window: Window) -> bool:
    """Return whether its clip is there: a user may have removed it."""
    return window.clip is not None and window.clip.path.is_file()


def _broken(windows: Sequence[Window]) -> frozenset[str]:
    """Those whose clips cannot be played to their end, or do not show the keyframes."""
    return frozenset(window.id for window in windows if window.clip and not _plays(window, window.clip))


def _plays(window: Window, clip: Clip) -> bool:
    try:
        ends_s = clip.file_start_s + verify(clip.path).duration_s
    except MediaError:
        return False
    return all(clip.file_start_s <= keyframe.pts_s < ends_s for keyframe in window.keyframes)


class RollingReel:
    """One reel id over one camera or all, made anew when there is a new moment."""

    def __init__(
        self,
        reel_id: str,
        cameras: Sequence[str],
        *,
        ledger: Ledger,
        folder: Path,
        planner: Planner,
        settings: ReelSettings,
    ) -> None:
        """A reel ``reel_id`` of ``cameras`` over the settings' last ``horizon_s``, in ``folder/reel_id``."""
        self.id = reel_id
        self._cameras = tuple(cameras)
        self._ledger = ledger
        self._folder = folder / reel_id
        self._planner = planner
        self._settings = settings
        self._horizon = timedelta(seconds=settings.horizon_s)
        self._shown: frozenset[str] = frozenset()
        self._unshowable: frozenset[str] = frozenset()  # windows whose clips have turned out to be broken

    async def make(self, now: datetime) -> Reel | None:
        """Make the next reel; None when nothing is new since the last one.

        Raises MediaError, ReelError, LedgerError or OSError; then, or when cancelled, nothing half-made is
        left. A clip that was the reason is left out of the next one.
        """
        since_utc = utc_text(now - self._horizon)
        return await self._make(self._cameras, since_utc, utc_text(now), self._shown)

    async def make_between(self, cameras: Sequence[str], since_utc: str, until_utc: str) -> Reel | None:
        """Make a reel of some cameras and a time; None where nothing happened. Raises as ``make`` does."""
        return await self._make(cameras, since_utc, until_utc, frozenset())

    async def _make(
        self, cameras: Sequence[str], since_utc: str, until_utc: str, shown: frozenset[str]
    ) -> Reel | None:
        """Make a reel of a time; None where all its moments are in ``shown``."""
        seen = await asyncio.to_thread(read_period, self._ledger, cameras, since_utc, until_utc)
        moments = tuple(moment for moment in seen.moments if moment.window.id not in self._unshowable)
        known = frozenset(moment.window.id for moment in moments)
        if known <= shown:
            return None
        period = replace(seen, moments=moments)
        plan = await self._planner.plan(period, self._settings, reel_id=self.id, seq=self._next_seq())
        windows = [choice.moment.window for choice in plan.choices]
        with self._ledger.windows.lending(window.id for window in windows):
            if not all(map(_can_be_shown, windows)):
                # A clip was removed while the story was written.
                return await self._make(cameras, since_utc, until_utc, shown)
            return await self._made(plan, known)

    async def _made(self, plan: ReelPlan, known: frozenset[str]) -> Reel:
        reel = await self._compiled(plan)
        try:
            self._ledger.reels.add(reel)
        except LedgerError:
            shutil.rmtree(reel.folder)
            raise
        self._shown = known
        try:
            update_link(self._folder / LATEST, reel.folder.name)
        except OSError as error:  # some file systems have no links
            log.warning("reel %s: %s does not point at it: %s", self.id, LATEST, error)
        return reel

    async def _compiled(self, plan: ReelPlan) -> Reel:
        try:
            return await compile_in_process(plan, self._folder / f"{plan.seq:06}", self._settings)
        except (MediaError, ReelError):
            windows = [choice.moment.window for choice in plan.choices]
            self._unshowable |= await asyncio.to_thread(_broken, windows)
            raise

    def _next_seq(self) -> int:
        """Return a number that neither the ledger nor an entry of the folder has."""
        seq = self._ledger.reels.next_seq(self.id)
        while os.path.lexists(self._folder / f"{seq:06}"):
            seq += 1
        return seq

    def drop_old(self) -> None:
        """Remove the reels that newer ones have replaced, but the last few."""
        for seq in self._ledger.reels.seqs(self.id)[: -1 - KEPT_BEFORE_LATEST]:
            self._ledger.reels.remove(self.id, seq)
            remove_reel(self._folder / f"{seq:06}")
