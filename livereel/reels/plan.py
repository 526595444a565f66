"""Plan a reel: choose its chapters, hold them to its length, and write its story."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.describe.moment import Moment
from analyzer.reel.block_chooser import BlockChooser
from analyzer.reel.choose import Chosen
from analyzer.reel.compile import ReelPlan
from analyzer.reel.length import fit
from analyzer.reel.preference.preferences import Preferences
from analyzer.reel.records import Gap
from analyzer.reel.settings import ReelSettings
from analyzer.signal.window import Window
from livereel.config.describers import LanguageModels, Narrate


@dataclass(frozen=True, slots=True)
class ReelPeriod:
    """What was seen of some cameras, or files, in a span of time.

    Attributes:
        cameras: their names.
        start_utc, end_utc: the span.
        windows, gaps: all of it, in time order.
        moments: those that can be shown.
        preferences: what moments that were judged say of these.
    """

    cameras: tuple[str, ...]
    start_utc: str
    end_utc: str
    windows: tuple[Window, ...]
    moments: tuple[Moment, ...]
    gaps: tuple[Gap, ...]
    preferences: Preferences = field(default_factory=Preferences)


class Planner:
    """Plans reels with a chooser and a narrator."""

    def __init__(self, chooser: BlockChooser, narrate: Narrate) -> None:
        self._chooser = chooser
        self._narrate = narrate

    @classmethod
    def of(cls, settings: ReelSettings, models: LanguageModels, profile: str | None = None) -> Planner:
        """Return a planner that asks these models or their stand-ins; a profile says what counts."""
        return cls(BlockChooser(settings, models.proposing(settings, profile)), models.narrate)

    async def choose(self, period: ReelPeriod) -> Chosen:
        """Choose the chapters of a period, not yet held to the reel's length."""
        return await self._chooser.choose(period.moments, period.preferences)

    async def plan(
        self,
        period: ReelPeriod,
        settings: ReelSettings,
        *,
        reel_id: str,
        seq: int,
        of_files: bool = False,
        whole: bool = False,
        chosen: Chosen | None = None,
    ) -> ReelPlan:
        """Plan the reel of a period.

        Args:
            period: what was seen.
            settings: what the reel holds.
            reel_id, seq: its name.
            of_files: its times are media time.
            whole: it may be longer than the settings' limit where that is needed to show one event whole.
            chosen: what ``choose`` has returned for the period; None chooses now.
        """
        if chosen is None:
            chosen = await self.choose(period)
        chosen = fit(chosen, settings, whole=whole, windows=period.windows)
        story = await self._narrate(chosen.choices, period.gaps, period.cameras, media_time=of_files)
        return ReelPlan(
            id=reel_id,
            seq=seq,
            choices=chosen.choices,
            story=story,
            cameras=period.cameras,
            start_utc=period.start_utc,
            end_utc=period.end_utc,
            gaps=period.gaps,
            changed=chosen.changed,
            windows=period.windows,
            media_time=of_files,
        )
