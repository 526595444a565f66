"""How a stream's time and ours are brought together."""

from __future__ import annotations

import pytest

from stream.timing.arrival_clock import MAX_DRIFT, ArrivalClock


def test_the_packet_that_was_delayed_least_sets_the_offset() -> None:
    arrival = ArrivalClock()
    for stream_s, delay_s in ((10.0, 0.3), (10.1, 0.02), (10.2, 0.5)):
        assert not arrival.jumps_to(stream_s)
        arrival.note_arrival(stream_s, 100.0 + stream_s + delay_s)
    assert arrival.stream_epoch_s == pytest.approx(100.02, abs=1e-3)
    assert arrival.newest_s == 10.2


def test_a_clock_that_is_slow_is_followed() -> None:
    arrival = ArrivalClock()
    slow = 1 - MAX_DRIFT / 2
    for second in range(10_000):
        arrival.note_arrival(second * slow, 100.0 + second)
    assert arrival.stream_epoch_s == pytest.approx(100.0 + 9_999 * (1 - slow), abs=1e-3)


@pytest.mark.parametrize("to_s", [0.0, 5_000.0])
def test_a_jump_begins_anew(to_s: float) -> None:
    arrival = ArrivalClock()
    arrival.note_arrival(1000.0, 1.0)
    assert arrival.jumps_to(to_s)
    arrival.note_arrival(to_s, 2.0)
    assert arrival.stream_epoch_s == 2.0 - to_s
    assert not arrival.jumps_to(to_s + 0.1)


def test_pictures_out_of_order_are_no_jump() -> None:
    arrival = ArrivalClock()
    arrival.note_arrival(1.2, 2.0)
    assert not arrival.jumps_to(1.1)


def test_a_picture_that_is_sent_before_its_time_is_ignored() -> None:
    arrival = ArrivalClock()
    arrival.note_arrival(0.0, 100.0)
    arrival.note_arrival(0.32, 100.08, timely=False)
    assert arrival.stream_epoch_s == 100.0
    assert arrival.newest_s == 0.32
