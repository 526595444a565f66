"""Coverage: every second of a camera, from start to stop, lies in a window or in a gap."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.reel.records import Gap, GapReason
from base.clock import utc_after
from livereel.ledger.gaps import MIN_GAP_S
from livereel.ledger.ledger import Ledger


class GapTracker:
    """Opens and closes gaps in the ledger as cameras come and go. Every method raises LedgerError.

    Attributes:
        seconds: how long the gaps of this run lasted that have ended, by camera and reason.
    """

    def __init__(self, ledger: Ledger, cameras: Sequence[str]) -> None:
        self._ledger = ledger
        self._cameras = cameras
        self.seconds: dict[str, dict[GapReason, float]] = {camera: {} for camera in cameras}

    def start(self, now_utc: str) -> None:
        """Begin a run: the time since an earlier one is a gap, and each camera is ``starting``."""
        for camera in self._cameras:
            self._ledger.gaps.close(camera, now_utc)
            self._fill(camera, now_utc, GapReason.NOT_RUNNING)
            self.seconds[camera].clear()
            self._ledger.gaps.open(camera, now_utc, GapReason.STARTING)

    def began(self, camera: str, at_utc: str) -> None:
        """Note that an epoch has begun: windows follow from then on."""
        self._close(camera, at_utc)
        self._fill(camera, at_utc, GapReason.SOURCE_DOWN)

    def change_reason(self, camera: str, now_utc: str, reason: GapReason) -> None:
        """End the camera's open gap, if it has another reason, and begin one of this reason."""
        if self._ledger.gaps.open_reason(camera) not in {None, reason}:
            self._close(camera, now_utc)
            self._ledger.gaps.open(camera, now_utc, reason)

    def lost(self, camera: str, now_utc: str, reason: GapReason) -> None:
        """Begin a gap at the camera's last window.

        A camera that turns out to be down or unreadable was so all the time that it was ``starting``.
        """
        if reason not in {GapReason.NOT_RUNNING, GapReason.DISABLED}:
            self._ledger.gaps.set_open_reason(camera, GapReason.STARTING, reason)
        last_utc = self._ledger.observed_until(camera)
        self._ledger.gaps.open(camera, min(last_utc or now_utc, now_utc), reason)

    def end(self, now_utc: str) -> None:
        """End the run: open gaps end, and what follows the last window is a gap."""
        for camera in self._cameras:
            self._close(camera, now_utc)
            self._fill(camera, now_utc, GapReason.NOT_RUNNING)

    def add(self, gap: Gap) -> None:
        """Add a gap that has ended."""
        self._ledger.gaps.add(gap)
        self._count(gap)

    def _close(self, camera: str, end_utc: str) -> None:
        gap = self._ledger.gaps.close(camera, end_utc)
        if gap is not None:
            self._count(gap)

    def _count(self, gap: Gap) -> None:
        seconds = self.seconds[gap.camera]
        seconds[gap.reason] = seconds.get(gap.reason, 0.0) + max(0.0, gap.length_s)

    def _fill(self, camera: str, until_utc: str, reason: GapReason) -> None:
        last_utc = self._ledger.observed_until(camera)
        if last_utc is not None and utc_after(last_utc, MIN_GAP_S) < until_utc:
            self.add(Gap(camera, last_utc, until_utc, reason))
