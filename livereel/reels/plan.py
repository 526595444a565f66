"""Plan a reel: choose its chapters, hold them to its length, and write its story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.describe.moment import Moment
from analyzer.reel.block_chooser import BlockChooser
from analyzer.reel.compile import ReelPlan
from analyzer.reel.length import fit
from analyzer.reel.records import Gap
from analyzer.reel.settings import ReelSettings
from analyzer.signal.window import Window
from livereel.config.describers import Narrate
from livereel.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class ReelPeriod:
    """What was seen of some cameras, or files, in a span of time.

    Attributes:
        cameras: their names.
        start_utc, end_utc: the span.
        windows, gaps: all of it, in time order.
        moments: those that can be shown.
    """

    cameras: tuple[str, ...]
    start_utc: str
    end_utc: str
    windows: tuple[Window, ...]
    moments: tuple[Moment, ...]
    gaps: tuple[Gap, ...]


class Planner:
    """Plans reels with a chooser and a narrator."""

    def __init__(self, chooser: BlockChooser, narrate: Narrate) -> None:
        self._chooser = chooser
        self._narrate = narrate

    async def plan(
        self,
        period: ReelPeriod,
        settings: ReelSettings,
        *,
        reel_id: str,
        seq: int,
        of_files: bool = False,
        whole: bool = False,
    ) -> ReelPlan:
        """Plan the reel of a period.

        Args:
            period: what was seen.
            settings: what the reel holds.
            reel_id, seq: its name.
            of_files: its times are media time.
            whole: it may be longer than the settings' limit where that is needed to show one event whole.
        """
        chosen = fit(await self._chooser.choose(period.moments), settings, whole=whole)
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
        moments=tuple(entry.moment for entry in entries if entry.moment and can_be_shown(entry.window)),
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.start_utc, gap.camera))),
    )


def can_be_shown(window: Window) -> bool:
    """Return whether its clip is there: a user may have removed it."""
    return window.clip is not None and window.clip.path.is_file()
