"""A microphone that is dead, muted or overdriven."""

from __future__ import annotations

from analyzer.signal.sound.blocks import BLOCK_S, Block
from analyzer.signal.sound.record import MicrophoneState

# A room or a street is louder than this at least once a minute; a microphone that is not connected is not.
_DEAD_DB, _DEAD_S = -72.0, 60.0


class Microphone:
    """Follows the state of a microphone, in windows.

    The minute after which it counts as dead may reach over several of them.
    """

    def __init__(self) -> None:
        self._faint_s = 0.0
        self._blocks = self._constant = self._clipped = 0

    def push(self, block: Block) -> None:
        """Add a block of the window.

        Low hum, which levels leave out, is no sign of life: it comes from cables as well.
        """
        self._faint_s = self._faint_s + BLOCK_S if block.level_db < _DEAD_DB else 0.0
        self._blocks += 1
        self._constant += block.constant
        self._clipped += block.clipped

    def close(self) -> tuple[MicrophoneState, float]:
        """End a window; returns the state, and how many seconds were overdriven."""
        clipped_s = self._clipped * BLOCK_S
        state: MicrophoneState = "live"
        if self._faint_s >= _DEAD_S - BLOCK_S / 2:
            state = "dead"
        elif self._blocks and self._constant == self._blocks:
            state = "silent"
        self._blocks = self._constant = self._clipped = 0
        return state, clipped_s
