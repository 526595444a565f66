"""What a run has done, for the line with which it ends, and whether any camera could be watched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, Reel
from analyzer.signal.window import Window
from base.clock import parse_utc, utc_text
from base.local_time import length_text
from base.plural import counted
from sinks.events import CameraState, CameraStatus
from sinks.sink import Event
from stream.address import redact

MAX_NAMED = 3
"""Cameras that one line names."""


class UnwatchedError(Exception):
    """No camera could be watched; the message names them, their addresses and the reasons."""


class RunSummary:
    """Counts the events of a run. Implements ``sinks.sink.Sink``."""

    name = "summary"

    def __init__(self, cameras: Mapping[str, str], start: datetime) -> None:
        """``cameras`` are the cameras' addresses by name."""
        self._cameras = cameras
        self._start = start
        self._windows = self._moments = self._reels = 0
        self._watched = False
        self._reasons: dict[str, str] = {}
        self._ended_utc: dict[str, str] = {}

    async def take(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, Window):
            self._windows += 1
        elif isinstance(event, Moment):
            self._moments += 1
        elif isinstance(event, Reel):
            self._reels += 1
        elif isinstance(event, CameraState):
            self._watched |= event.state == CameraStatus.WATCHING
            self._ended_utc.pop(event.camera, None)
            if event.state == CameraStatus.ENDED:
                self._ended_utc[event.camera] = event.at_utc
            if event.reason is not None:
                self._reasons[event.camera] = event.reason

    @property
    def moments(self) -> int:
        """How many moments there were."""
        return self._moments

    def counters(self) -> dict[str, float]:
        """Nothing: what it counts is logged at the end."""
        return {}

    async def close(self) -> None:
        """Nothing is held."""

    def require_watched(self) -> None:
        """Raise UnwatchedError unless at least one camera has sent a frame."""
        if self._watched:
            return
        named = [
            f"{name} ({redact(address)}): {self._reasons.get(name, 'no picture came')}"
            for name, address in self._cameras.items()
        ]
        more = f"; and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
        raise UnwatchedError(f"no camera could be watched: {'; '.join(named[:MAX_NAMED])}{more}")

    def text(self, gaps: Iterable[Gap], end: datetime) -> str:
        """One line: what was seen, and for how long cameras were not observed, by the ledger's gaps.

        It counts to the end of the last camera: reels may be made for long after that.
        """
        if len(self._ended_utc) == len(self._cameras):
            end = min(end, parse_utc(max(self._ended_utc.values())))
        counts = ((self._windows, "window"), (self._moments, "moment"), (self._reels, "reel"))
        seen = ", ".join(counted(*count) for count in counts)
        lasted = length_text((end - self._start).total_seconds())
        missed_s: defaultdict[str, float] = defaultdict(float)
        for gap in gaps:
            if gap.is_outage:
                missed_s[gap.camera] += self._missed_s(gap, utc_text(end))
        return f"seen in {lasted}: {seen}{self._missed_text(missed_s)}"

    def _missed_text(self, missed_s: Mapping[str, float]) -> str:
        """Say for how long which cameras were not observed: their times are not added up."""
        longest = sorted(
            ((name, missed) for name, missed in missed_s.items() if missed >= 1), key=lambda it: -it[1]
        )
        if not longest:
            return ""
        named = [
            f"{length_text(missed)} of {name}" if len(self._cameras) > 1 else length_text(missed)
            for name, missed in longest[:MAX_NAMED]
        ]
        more = f" and {counted(len(longest) - MAX_NAMED, 'more camera')}" if len(longest) > MAX_NAMED else ""
        return f"; not observed: {', '.join(named)}{more}"

    def _missed_s(self, gap: Gap, end_utc: str) -> float:
        """Return how much of a gap lies in the run."""
        start_utc = max(gap.start_utc, utc_text(self._start))
        return max(0.0, Gap(gap.camera, start_utc, min(gap.end_utc, end_utc), gap.reason).length_s)
