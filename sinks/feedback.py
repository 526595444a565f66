"""Feedback on moments, as people give it over HTTP and MQTT."""

from __future__ import annotations

from typing import Any, Protocol

from analyzer.reel.preference.feedback import Verdict


class FeedbackError(ValueError):
    """Feedback that makes no sense; the message is one clear line that names what was expected."""


class FeedbackStore(Protocol):
    """Stores what people think of moments."""

    def judge(self, window_id: str, verdict: Verdict | None, *, camera: str | None = None) -> bool:
        """Store a verdict on a moment in place of an earlier one; None withdraws it.

        Returns False, changing nothing, where there is no such moment, or none of this ``camera``. Blocks for
        a commit; raises ArchiveError when it cannot be stored.
        """
        ...


def verdict_of(body: dict[str, Any], *more: str) -> Verdict | None:
    """Return the ``verdict`` of a JSON object that has this member, those of ``more``, and no other.

    Raises FeedbackError.
    """
    if set(body) != {"verdict", *more}:
        raise FeedbackError(f"expected an object with {' and '.join((*more, 'verdict'))}, and nothing else")
    text = body["verdict"]
    if text is None:
        return None
    if not isinstance(text, str) or text not in {it.value for it in Verdict}:
        raise FeedbackError('verdict: expected "keep", "dull" or null')
    return Verdict(text)
