"""Who watched when: every second of a camera from start to stop lies in a window or in a gap."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.reel.records import Gap
from base.clock import utc_after
from livereel.ledger.ledger import MIN_GAP_S, Ledger


class Attendance:
    """Keeps the gaps between the windows in the ledger. Raises LedgerError."""

    def __init__(self, ledger: Ledger, cameras: Sequence[str]) -> None:
        self._ledger = ledger
        self._cameras = cameras

    def start(self, now_utc: str) -> None:
        """From now on we look; what lies between an earlier run and this one, nobody saw."""
        for camera in self._cameras:
            self._ledger.close_gap(camera, now_utc)
            self._fill(camera, now_utc, "not_running")
            self._ledger.open_gap(camera, now_utc, "source_down")

    def began(self, camera: str, at_utc: str) -> None:
        """Pictures come, from then on."""
        self._ledger.close_gap(camera, at_utc)
        self._fill(camera, at_utc, "source_down")

    def turn(self, camera: str, now_utc: str, reason: str) -> None:
        """From now on nobody sees the camera for another reason."""
        if self._ledger.open_reason(camera) not in {None, reason}:
            self._ledger.close_gap(camera, now_utc)
            self._ledger.open_gap(camera, now_utc, reason)

    def lost(self, camera: str, now_utc: str, reason: str) -> None:
        """Nobody sees the camera from its last window on."""
        seen_utc = self._ledger.seen_until(camera)
        self._ledger.open_gap(camera, min(seen_utc or now_utc, now_utc), reason)

    def end(self, now_utc: str) -> None:
        """We look no longer."""
        for camera in self._cameras:
            self._ledger.close_gap(camera, now_utc)
            self._fill(camera, now_utc, "ended")

    def _fill(self, camera: str, until_utc: str, reason: str) -> None:
        seen_utc = self._ledger.seen_until(camera)
        if seen_utc is not None and utc_after(seen_utc, MIN_GAP_S) < until_utc:
            self._ledger.add_gap(Gap(camera, seen_utc, until_utc, reason))
