"""The reels of one id: numbered, each complete before it is published, the newest few kept."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from analyzer.reel.compile import ReelPlan
from analyzer.reel.records import Reel, ReelError
from analyzer.reel.settings import ReelSettings
from base.clock import utc_text
from base.daemon_thread import run_in_daemon_thread
from livereel.config.describers import LanguageModels
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError
from livereel.reels.compile_process import compile_in_process
from livereel.reels.period import broken, can_be_shown, read_period, without_clips
from livereel.reels.plan import Planner
from livereel.reels.spec import ReelSpec
from livereel.storage.data_dir import LATEST, remove_reel, update_link
from stream.media.file import MediaError

log = logging.getLogger(__name__)

REEL_ERRORS = (MediaError, ReelError, LedgerError, OSError)
"""Why a reel cannot be made."""


@dataclass(frozen=True, slots=True)
class ReelLook:
    """How reels are planned, and with which settings they are compiled."""

    planner: Planner
    settings: ReelSettings

    @classmethod
    def of(cls, settings: ReelSettings, models: LanguageModels, profile: str | None = None) -> ReelLook:
        """Return how reels with these settings are made; a profile says what counts in them."""
        return cls(Planner.of(settings, models, profile), settings)


class ReelSeries:
    """The reels of one id, in a folder of their own."""

    def __init__(self, reel_id: str, *, ledger: Ledger, folder: Path, keep: int) -> None:
        """Reels ``reel_id`` in ``folder/reel_id``, of which the newest ``keep`` stay."""
        self.id = reel_id
        self._ledger = ledger
        self._folder = folder / reel_id
        self._keep = keep
        self._shown: frozenset[str] = frozenset()
        self._unshowable: frozenset[str] = frozenset()  # windows whose clips have turned out to be broken

    async def make(
        self, look: ReelLook, cameras: Sequence[str], since_utc: str, until_utc: str, *, only_new: bool
    ) -> Reel | None:
        """Make the next reel, of a time of some cameras; None where nothing happened.

        With ``only_new`` also None where all that happened was there for the last reel of this run.

        Raises one of REEL_ERRORS; then, or when cancelled, nothing half-made is left. A clip that was the
        reason is left out of the next one.
        """
        shown = self._shown if only_new else frozenset()
        # In a thread of its own: a slow disk must not take one from others for minutes.
        seen = await run_in_daemon_thread(partial(read_period, self._ledger, cameras, since_utc, until_utc))
        period = without_clips(seen, self._unshowable)
        known = frozenset(moment.window.id for moment in period.moments)
        if known <= shown:
            return None
        plan = await look.planner.plan(period, look.settings, reel_id=self.id, seq=self._next_seq())
        windows = [window for choice in plan.choices for window in choice.windows]
        with self._ledger.windows.using_files(window.id for window in windows):
            if not all(map(can_be_shown, windows)):
                # A clip was removed while the story was written.
                return await self.make(look, cameras, since_utc, until_utc, only_new=only_new)
            return await self._made(plan, look.settings, known)

    async def _made(self, plan: ReelPlan, settings: ReelSettings, known: frozenset[str]) -> Reel:
        reel = await self._compiled(plan, settings)
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

    async def _compiled(self, plan: ReelPlan, settings: ReelSettings) -> Reel:
        try:
            return await compile_in_process(plan, self._folder / f"{plan.seq:06}", settings)
        except (MediaError, ReelError):
            windows = [window for choice in plan.choices for window in choice.windows]
            self._unshowable |= await run_in_daemon_thread(partial(broken, windows))
            raise

    def _next_seq(self) -> int:
        """Return a number that neither the ledger nor an entry of the folder has."""
        seq = self._ledger.reels.next_seq(self.id)
        while os.path.lexists(self._folder / f"{seq:06}"):
            seq += 1
        return seq

    def newest_end_utc(self) -> str:
        """Return where the newest reel of this id ends; "" where there is none. Raises LedgerError."""
        newest = self._ledger.reels.manifest(self.id, None)
        return str(newest["end_utc"]) if newest else ""

    def drop_old(self) -> None:
        """Remove the reels that newer ones have replaced, but those that are kept."""
        for seq in self._ledger.reels.seqs(self.id)[: -self._keep]:
            self._ledger.reels.remove(self.id, seq)
            remove_reel(self._folder / f"{seq:06}")


class ScheduledReel:
    """A reel that is made at its times.

    Attributes:
        spec: what it shows, and when.
        look: how it is made.
        series: where its reels go.
    """

    def __init__(self, spec: ReelSpec, look: ReelLook, series: ReelSeries) -> None:
        self.spec = spec
        self.look = look
        self.series = series

    async def make(self, until: datetime) -> Reel | None:
        """Make the reel that ends then; None where nothing is new. Raises as ``ReelSeries.make`` does."""
        since_utc, until_utc = utc_text(self.spec.since(until)), utc_text(until)
        return await self.series.make(self.look, self.spec.cameras, since_utc, until_utc, only_new=True)

    def is_missing(self, due: datetime) -> bool:
        """Return whether there is no reel of this time, or of a later one; blocks, and raises LedgerError."""
        return self.series.newest_end_utc() < utc_text(due)
