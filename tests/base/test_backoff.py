"""The pauses between attempts."""

from __future__ import annotations

from base.backoff import Backoff


def test_pauses_grow_and_the_last_one_repeats() -> None:
    backoff = Backoff((1.0, 2.0, 60.0))
    assert [backoff.pause_s(failures) for failures in range(1, 6)] == [1.0, 2.0, 60.0, 60.0, 60.0]
    assert backoff.longest_s == 60.0


def test_pauses_double_up_to_the_longest() -> None:
    assert Backoff.doubling(5.0, 600.0).pauses_s == (5, 10, 20, 40, 80, 160, 320, 600)
    assert Backoff.doubling(1.0, 1.0).pauses_s == (1,)


def test_pauses_are_shorter_by_their_spread_at_most_and_differ() -> None:
    backoff = Backoff((1.0, 2.0), spread=0.25)
    for failures, longest_s in ((1, 1.0), (2, 2.0), (3, 2.0)):
        pauses_s = [backoff.pause_s(failures) for _ in range(20)]
        assert all(0.75 * longest_s <= pause_s <= longest_s for pause_s in pauses_s)
        assert len(set(pauses_s)) > 1
