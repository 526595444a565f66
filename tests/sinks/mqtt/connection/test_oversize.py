"""Which message is taken for too large, and which is not."""

from __future__ import annotations

from sinks.mqtt.connection.oversize import LOSSES, OversizeDetector


def suspected(losses: int = LOSSES, taken_bytes: int = 500) -> OversizeDetector:
    """After so many connections that ended at message 7, on each of which something else was taken."""
    detector = OversizeDetector()
    detector.acknowledged(10_000)  # before: the broker may have other limits now
    for _ in range(losses):
        detector.connection_lost(7)
        detector.acknowledged(taken_bytes)
    return detector


def test_the_largest_message_at_which_connections_end_is_too_large() -> None:
    assert suspected().is_too_large(7, 1_000)
    assert not suspected().is_too_large(8, 1_000)


def test_a_few_losses_prove_nothing() -> None:
    assert not suspected(losses=LOSSES - 1).is_too_large(7, 1_000)


def test_where_as_much_is_taken_or_nothing_it_is_not_the_size() -> None:
    assert not suspected(taken_bytes=1_000).is_too_large(7, 1_000)
    assert not suspected(taken_bytes=0).is_too_large(7, 1_000)


def test_losses_count_in_a_row() -> None:
    detector = suspected()
    detector.connection_lost(8)
    detector.connection_lost(7)
    assert not detector.is_too_large(7, 1_000)


def test_who_answers_does_not_hang_up() -> None:
    detector = suspected()
    detector.answered()
    assert not detector.is_too_large(7, 1_000)
