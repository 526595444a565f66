"""Which packets are left out when decoding falls behind."""

from __future__ import annotations

from livereel.camera.arrivals import FRESH_S, MAX_BEHIND_S, Overload


def test_nothing_is_skipped_while_decoding_keeps_up() -> None:
    overload = Overload()
    assert not any(overload.skips(keyframe=n % 10 == 0, behind_s=0.9 * MAX_BEHIND_S) for n in range(50))


def test_skipping_goes_on_to_a_keyframe_that_is_fresh() -> None:
    overload = Overload()
    late = MAX_BEHIND_S + 0.1
    packets = [(False, late), (True, late), (False, 0.0), (True, FRESH_S + 0.1), (True, 0.0), (False, 0.0)]
    skipped = [overload.skips(keyframe=keyframe, behind_s=behind_s) for keyframe, behind_s in packets]
    assert skipped == [True, True, True, True, False, False]


def test_a_camera_that_stays_too_much_is_watched_in_pieces() -> None:
    """Decoding at half the speed: the queue grows again after each leap, and never beyond the limit."""
    overload, behind_s, decoded = Overload(), 0.0, 0
    for n in range(3000):
        if overload.skips(keyframe=n % 10 == 0, behind_s=behind_s):
            behind_s = max(0.0, behind_s - 0.04)
        else:
            behind_s += 0.04
            decoded += 1
        assert behind_s <= MAX_BEHIND_S + 0.1
    assert 0.4 < decoded / 3000 < 0.6
