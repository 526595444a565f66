"""What the ledger holds of some cameras' time, as reels are planned from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from analyzer.describe.moment import Moment
from analyzer.reel.preference.preferences import Preferences
from analyzer.signal.window import Clip, Window
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import Entry
from livereel.reels.plan import ReelPeriod
from stream.media.file import MediaError
from stream.media.probe import verify


def read_period(ledger: Ledger, cameras: Sequence[str], since_utc: str, until_utc: str) -> ReelPeriod:
    """Read windows, gaps and the moments that can be shown; blocks while it reads."""
    entries = [
        _with_clip_if_there(entry)
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
        moments=tuple(entry.moment for entry in entries if entry.moment and entry.window.clip),
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


def can_be_shown(window: Window) -> bool:
    """Return whether its clip is there: a user may have removed it."""
    return window.clip is not None and window.clip.path.is_file()


def _with_clip_if_there(entry: Entry) -> Entry:
    return entry if can_be_shown(entry.window) else replace(entry, window=replace(entry.window, clip=None))


def without_clips(period: ReelPeriod, window_ids: Collection[str]) -> ReelPeriod:
    """Return a period in which these windows cannot be shown."""
    return replace(
        period,
        windows=tuple(replace(w, clip=None) if w.id in window_ids else w for w in period.windows),
        moments=tuple(moment for moment in period.moments if moment.window.id not in window_ids),
    )


def broken(windows: Sequence[Window]) -> frozenset[str]:
    """Return those whose clips cannot be played to their end, or do not show the keyframes."""
    return frozenset(window.id for window in windows if window.clip and not _plays(window, window.clip))


def _plays(window: Window, clip: Clip) -> bool:
    try:
        ends_s = clip.file_start_s + verify(clip.path).duration_s
    except MediaError:
        return False
    return all(clip.file_start_s <= keyframe.pts_s < ends_s for keyframe in window.keyframes)
