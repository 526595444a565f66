"""Decoding that is late: speech gives way first, then all sound, then frames; all of it is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.signal.window import Window
from livereel.camera.arrivals import MAX_BEHIND_S, NO_SOUND_BEHIND_S, NO_SPEECH_BEHIND_S
from livereel.camera.capture import Capture
from livereel.camera.reports import CaptureCounts
from tests.kit.sound import made
from tests.kit.sound.film import film_with_sound
from tests.kit.sound.spoken import ESPEAK, spoken
from tests.livereel.camera.test_capture_live import ArrivalClock, Camera, watch

pytestmark = pytest.mark.skipif(ESPEAK is None, reason="espeak-ng is not installed")

SPOKEN_S = 2.0, 9.0, 16.0
CRASH_S = 12.0


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds in the dark: three sentences, and a crash between the second and the third."""
    sentence = made.at_level(spoken("Please close the door behind you.").astype(np.float64), -30)
    events = [(at_s, sentence) for at_s in SPOKEN_S]
    sound = made.mixed(made.fan(20), *events, (CRASH_S, made.crash(-10)))
    return film_with_sound(tmp_path_factory.mktemp("film") / "film.ts", sound)


def late(film: Path, waited_s: float) -> tuple[list[Window], CaptureCounts]:
    """Watch it; its packets wait so long from the eighth second to the fourteenth."""
    camera = Camera(film, lambda at_s: ArrivalClock(at_s, waited_s if 8 <= at_s < 14 else 0.0))
    seen, capture = watch(camera)
    assert isinstance(capture, Capture)
    return [it for it in seen if isinstance(it, Window)], capture.counts


def found(windows: list[Window]) -> tuple[list[int], list[float], int]:
    """Which sentences were found, the times of loud noises, and steps of 0.2 s without a level."""
    sounds = [window.sound for window in windows if window.sound is not None]
    starts = [span.start_s for sound in sounds for span in sound.speech]
    sentences = [n for n, at_s in enumerate(SPOKEN_S) if any(abs(it - at_s) < 0.3 for it in starts)]
    loud = [peak.pts_s for sound in sounds for peak in sound.peaks if peak.rise_db > 25]
    return sentences, loud, sum(level is None for sound in sounds for level in sound.levels)


def test_nothing_gives_way_while_there_is_time(film: Path) -> None:
    windows, counts = late(film, NO_SPEECH_BEHIND_S - 0.1)
    assert (counts.skipped_speech_packets, counts.skipped_sound_packets, counts.skipped_packets) == (0, 0, 0)
    sentences, loud, _ = found(windows)
    assert sentences == [0, 1, 2]
    assert loud == [pytest.approx(CRASH_S, abs=0.04)]


def test_speech_gives_way_first(film: Path) -> None:
    windows, counts = late(film, NO_SPEECH_BEHIND_S + 0.1)
    sentences, loud, _ = found(windows)
    assert sentences == [0, 2]
    assert loud == [pytest.approx(CRASH_S, abs=0.04)]
    assert counts.skipped_speech_packets == pytest.approx(6 * made.RATE_HZ / 1024, abs=3)
    assert (counts.skipped_sound_packets, counts.skipped_packets) == (0, 0)


def test_then_all_sound_gives_way_and_no_frame(film: Path) -> None:
    windows, counts = late(film, NO_SOUND_BEHIND_S + 0.1)
    sentences, loud, holes = found(windows)
    assert sentences == [0, 2]
    assert loud == []
    assert holes == pytest.approx(30, abs=2)
    assert counts.skipped_sound_packets == counts.skipped_speech_packets > 0
    assert (counts.skipped_packets, counts.frames) == (0, 100)
    assert [(window.start_s, window.missed_s) for window in windows] == [
        (at_s, 0.0) for at_s in (0.0, 5.0, 10.0, 15.0)
    ]


def test_frames_give_way_last(film: Path) -> None:
    windows, counts = late(film, MAX_BEHIND_S + 0.1)
    assert counts.skipped_packets > 0
    assert counts.skipped_sound_packets > 0
    assert sum(window.missed_s for window in windows) > 5
