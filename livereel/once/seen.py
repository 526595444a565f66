"""What a recap has seen, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, ReelError
from analyzer.report.axis import Axis
from analyzer.signal.window import Window
from base.clock import utc_after
from livereel.once.describe import EndedWindow
from livereel.reels.plan import ReelPeriod


@dataclass(slots=True)
class RecapResult:
    """What a recap has seen, in order."""

    ended: list[EndedWindow] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def take(self, item: EndedWindow | Gap) -> None:
        """Add a window's end or a gap."""
        if isinstance(item, Gap):
            self.gaps.append(item)
        else:
            self.ended.append(item)

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows, in order."""
        return tuple(it.window for it in self.ended)

    @property
    def moments(self) -> list[Moment]:
        """The moments that can be shown, in order."""
        return [it.moment for it in self.ended if it.moment and it.window.clip]

    def period(self) -> ReelPeriod:
        """Return all of it as what a reel is planned from; raises ReelError where there is no window."""
        if not self.ended:
            raise ReelError("nothing was seen: there is no moment to make a reel of")
        last = self.windows[-1]
        ends = [utc_after(last.start_utc, last.end_s - last.start_s), *(gap.end_utc for gap in self.gaps)]
        return ReelPeriod(
            cameras=tuple(dict.fromkeys(window.camera for window in self.windows)),
            start_utc=min([self.windows[0].start_utc, *(gap.start_utc for gap in self.gaps)]),
            end_utc=max(ends),
            windows=self.windows,
            moments=tuple(self.moments),
            gaps=tuple(self.gaps),
        )

    def _when(self, gap: Gap) -> str:
        """Say when a gap was, in the time of its file, which is named where there are several."""
        axis = Axis.of(self.windows, self.gaps, media_time=True)
        ends = (axis.wall(gap.camera, at_utc) for at_utc in (gap.start_utc, gap.end_utc))
        name = f" in {gap.camera}" if len({window.camera for window in self.windows}) > 1 else ""
        return f"{' to '.join(map(axis.label, ends))}{name}"

    def warnings(self) -> list[str]:
        """What the user should know of it, a line each."""
        gaps = [gap for gap in self.gaps if not gap.is_short]
        lines = [f"not observed: {self._when(gap)} ({gap.reason})" for gap in gaps]
        failed = [it.error for it in self.ended if it.error]
        if failed:
            have = "window has" if len(failed) == 1 else "windows have"
            lines.append(f"{len(failed)} {have} no description: {failed[0]}")
        return lines
