"""Sound for live playing: AAC stays as it is, other codecs become AAC, all at their time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from stream.av_source import AvSource
from stream.media.fragments import Fragment, Header
from stream.media.sound_fragments import SoundFragments
from tests.kit.films.numbered import beeps, complaints, film

SECONDS = 4.0
# An encoder's start, and the block in which a beep begins.
NEAR_S = 0.05


def made_of(path: Path, zero_s: Fraction = Fraction(0)) -> list[Header | Fragment]:
    with AvSource(str(path)) as source:
        assert source.audio is not None
        sound = SoundFragments(source.audio, zero_s)
        return [
            made
            for packet in source.packets()
            if packet.stream.type == "audio"
            for made in sound.push(packet)
        ]


def written(made: list[Header | Fragment], to: Path) -> Path:
    to.write_bytes(b"".join(it.data for it in made))
    return to


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz", "layout"),
    [
        ("mp4", "aac", 48_000, "stereo"),
        ("mpegts", "aac", 16_000, "mono"),  # ADTS
        ("mov", "pcm_alaw", 8_000, "mono"),
        ("mov", "pcm_mulaw", 8_000, "mono"),
        ("matroska", "libopus", 48_000, "stereo"),
    ],
)
def test_sound_is_played_at_its_time(
    container: str, codec: str, rate_hz: int, layout: str, tmp_path: Path
) -> None:
    path = film(
        tmp_path / "film", seconds=SECONDS, container=container, sound=codec, rate_hz=rate_hz, layout=layout
    )
    made = made_of(path)
    assert isinstance(made[0], Header)
    assert made[0].mime == 'audio/mp4; codecs="mp4a.40.2"'
    live = written(made, tmp_path / "live.mp4")
    assert complaints(live) == ""
    found, expected = beeps(live), beeps(path)
    assert len(found) >= len(expected) - 1 >= 3
    assert found == pytest.approx(expected[: len(found)], abs=NEAR_S)


def test_aac_is_copied(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", seconds=SECONDS, sound="aac")
    live = written(made_of(path), tmp_path / "live.mp4")
    copied, original = packets(live), packets(path)
    assert len(copied) > 0.9 * len(original)
    start = original.index(copied[0])
    assert copied == original[start : start + len(copied)]


@pytest.mark.parametrize("sound", ["aac", "pcm_alaw"])
def test_no_silence_is_made_for_an_hour_before(sound: str, tmp_path: Path) -> None:
    """Media time is that of the video, which may have run for long."""
    rate_hz = 48_000 if sound == "aac" else 8_000
    path = film(
        tmp_path / "film.mov", seconds=1.0, container="mov", sound=sound, rate_hz=rate_hz, layout="mono"
    )
    made = made_of(path, zero_s=Fraction(-3600))
    assert len(made) < 20
    live = written(made, tmp_path / "live.mp4")
    with av.open(str(live)) as container:
        first = next(container.decode(audio=0))
    assert first.time == pytest.approx(3600, abs=0.2)
