"""Which pauses of a stream's packets are usual."""

from __future__ import annotations

from stream.timing.continuity import SEGMENT_S, Continuity


def seen(*came_s: float) -> Continuity:
    continuity = Continuity()
    for at_s in came_s:
        continuity.note_arrival(at_s)
    return continuity


def steady(seconds: float) -> list[float]:
    return [nth / 10 for nth in range(round(seconds * 10))]


def test_a_pause_of_a_steady_stream_is_unusual() -> None:
    assert seen(*steady(30)).unbroken
    assert not seen(*steady(30), 32.0).unbroken
    assert not seen(*steady(30), 32.0, 32.5).unbroken, "frames are decoded later"
    assert seen(*steady(30), 32.0, 32.5, 33.0, 33.5).unbroken


def test_pauses_between_segments_are_usual_once_there_were_some() -> None:
    bursts = [4.0 * nth + frame / 100 for nth in range(8) for frame in range(10)]
    assert not seen(*bursts[:20]).unbroken
    assert seen(*bursts).unbroken
    assert seen(*bursts, 32.0).unbroken
    assert not seen(*bursts, 45.0).unbroken


def test_a_single_long_pause_makes_no_other_usual() -> None:
    assert not seen(*steady(20), 30.0, *[30 + at_s for at_s in steady(5)], 38.0).unbroken


def test_a_playlist_may_pause_from_the_start() -> None:
    continuity = Continuity(SEGMENT_S)
    for at_s in (0.0, 0.1, 6.0):
        continuity.note_arrival(at_s)
    assert continuity.unbroken
    continuity.note_arrival(20.0)
    assert not continuity.unbroken
