"""When timestamps continue on another timeline. Pure."""

from __future__ import annotations

# A step back of the timestamps by more than this is another timeline, not a reordered frame; a step
# forward by more than this is a clock set anew, not a pause.
JUMP_BACK_S = 1.0
JUMP_AHEAD_S = 600.0


def is_jump(before_s: float, now_s: float) -> bool:
    """Whether ``now_s``, which comes after ``before_s`` in the stream, belongs to another timeline."""
    return not before_s - JUMP_BACK_S <= now_s <= before_s + JUMP_AHEAD_S
