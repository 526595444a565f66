"""Which packets are skipped when decoding falls behind."""

from __future__ import annotations

# A picture that has waited so long is not worth waiting for: the queue is emptied up to what is fresh.
MAX_BEHIND_S = 5.0
FRESH_S = 0.5


class Overload:
    """Decides packet by packet; decoding goes on with a keyframe, as it must."""

    def __init__(self) -> None:
        self._skipping = False

    def skips(self, *, keyframe: bool, behind_s: float) -> bool:
        """Whether to leave out a packet that has waited ``behind_s`` since it came."""
        if self._skipping:
            self._skipping = not (keyframe and behind_s <= FRESH_S)
        else:
            self._skipping = behind_s > MAX_BEHIND_S
        return self._skipping
