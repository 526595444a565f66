"""Sound at exact places: jitter stays, holes become silence, overlaps are cut, segments do not drift."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stream.media.edit.audio_splice import SplicedSound
from stream.media.file import muxing
from stream.media.reader import MediaReader
from stream.media.sound import AacTrack, ReelSound
from tests.kit.films.numbered import film

RATE_HZ = 48_000


def tone(seconds: float) -> NDArray[np.float32]:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.tile(0.5 * np.sin(2 * np.pi * 1000 * at), (2, 1)).astype(np.float32)


def heard(path: Path, write: Callable[[AacTrack], None]) -> list[bool]:
    """Whether each hundredth of a second of a track sounds."""
    with muxing(path) as out:
        track = AacTrack(out, rate_hz=RATE_HZ, layout="stereo")
        write(track)
        track.finish()
    with av.open(str(path)) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert len(samples) == pytest.approx(track.end, abs=2048)
    step = RATE_HZ // 100
    return [bool(np.abs(samples[i : i + step]).max() > 0.1) for i in range(0, track.end - step, step)]


def test_a_hole_becomes_silence(tmp_path: Path) -> None:
    def write(track: AacTrack) -> None:
        track.write(tone(0.2), 0)
        track.write(tone(0.2), RATE_HZ * 5 // 10)
        track.fill(RATE_HZ)

    sounds = heard(tmp_path / "a.mp4", write)
    assert all(sounds[:20])
    assert not any(sounds[22:48])
    assert all(sounds[51:69])
    assert not any(sounds[73:])


def test_an_overlap_is_cut_and_jitter_left_in(tmp_path: Path) -> None:
    def write(track: AacTrack) -> None:
        track.write(tone(0.2), 0)
        track.write(tone(0.2), RATE_HZ // 10)
        assert track.end == RATE_HZ * 3 // 10
        for k in range(20):
            track.write(tone(0.02), RATE_HZ * 3 // 10 + k * 960 + (-1) ** k * 400)
        assert track.end == RATE_HZ * 7 // 10

    assert all(heard(tmp_path / "a.mp4", write)[:68])


def test_what_comes_before_the_start_is_cut(tmp_path: Path) -> None:
    def write(track: AacTrack) -> None:
        track.write(tone(0.2), -RATE_HZ // 10)
        assert track.end == RATE_HZ // 10
        track.write(tone(0.2), -RATE_HZ)
        assert track.end == RATE_HZ // 10

    heard(tmp_path / "a.mp4", write)


def test_segments_end_where_their_pictures_do(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=3, sound="aac", rate_hz=44_100)
    with MediaReader(source) as footage, muxing(tmp_path / "a.mp4") as out:
        sound = ReelSound(out)
        for k in range(3):
            sound.open(footage.audio)
            for packet in footage.packets(0.0):
                if packet.stream_index != footage.video.index:
                    sound.push(packet)
                    sound.advance(Fraction(k), Fraction(k) + Fraction(1, 2))
            sound.close(Fraction(k), Fraction(k + 1))
        sound.open(None)
        sound.close(Fraction(0), Fraction(4))
        sound.finish()
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert float(container.streams.audio[0].duration or 0) / RATE_HZ == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_spliced_packets_follow_without_a_gap_and_do_not_drift(tmp_path: Path, rate_hz: int) -> None:
    source = film(tmp_path / "film.mp4", seconds=3, sound="aac", rate_hz=rate_hz)
    length_s = Fraction(1033, 1000)
    with MediaReader(source) as footage, muxing(tmp_path / "a.mp4") as out:
        assert footage.audio is not None
        sound = SplicedSound(out, footage.audio)
        for k in range(40):
            sound.open(footage.audio)
            shift_s = k * length_s - Fraction(1, 2)
            for packet in footage.packets(0.5):
                if packet.stream_index != footage.video.index:
                    sound.push(packet)
                    sound.advance(shift_s, (k + 1) * length_s)
            sound.close(shift_s, (k + 1) * length_s)
        sound.finish()
    with av.open(str(tmp_path / "a.mp4")) as container:
        times = [p.pts for p in container.demux(audio=0) if p.pts is not None]
    assert set(np.diff(times)) == {1024}
    assert (times[-1] + 1024) / rate_hz == pytest.approx(40 * float(length_s), abs=0.04)
