"""The properties of media files, and whether they can be decoded to the end."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.packet import Packet
from av.stream import Stream

from stream.media.edit.join import Segment, join
from stream.media.file import MediaError
from stream.media.probe import ChapterMark, probe, verify
from tests.kit.films.numbered import FASTEST, film, packets_of


def test_a_probe_has_the_picture_size_as_it_is_shown(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", fps=10, rotation_deg=90, pixel_aspect=Fraction(4, 3), sound="aac")
    found = probe(source)
    assert (found.width, found.height, found.rotation_deg) == (128, 256, 90)
    assert (found.video_codec, found.audio_codec) == ("h264", "aac")
    assert (found.frames, found.chapters) == (20, ())
    assert found.fps == pytest.approx(10)
    assert found.duration_s == pytest.approx(2.0)


def test_codecs_are_named_by_themselves_not_by_their_decoder(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mkv", seconds=0.5, sound="libmp3lame", container="matroska")
    assert probe(source).audio_codec == "mp3"
    assert probe(source).frames is None  # Matroska does not count them


def test_chapters_are_read(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4")
    reel = tmp_path / "reel.mp4"
    titles = ["A man; a dog = two", "犬", ""]
    join(
        [Segment(source, 0.0, 0.4), Segment(source, 1.0, 1.2), Segment(source, 0.0, 0.2)], reel, titles=titles
    )
    assert probe(reel).chapters == (
        ChapterMark(0.0, 0.4, titles[0]),
        ChapterMark(0.4, 0.6, titles[1]),
        ChapterMark(0.6, 0.8, titles[2]),
    )


def test_real_films_are_what_their_page_states(shared_media: Path) -> None:
    page = {
        "dog_run_hevc10.mkv": ("hevc", 848, 464, 29.97, "vorbis"),
        "highway_video02.avi": ("mpeg4", 320, 240, 25.0, None),
        "small_bunny_1080p_60fps.ts": ("h264", 1920, 1080, 60.0, "aac"),
        "car-detection.mp4": ("h264", 768, 432, 12.5, "aac"),
    }
    for name, (codec, width, height, fps, sound) in page.items():
        found = probe(shared_media / name)
        assert (found.video_codec, found.width, found.height) == (codec, width, height)
        assert found.audio_codec == sound
        assert found.fps == pytest.approx(fps, abs=0.01)


def test_a_whole_film_verifies(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", sound="aac", options={**FASTEST, "bf": "2"})
    found = verify(source)
    data = source.read_bytes()
    assert (found.frames, found.bytes) == (50, len(data))
    assert found.duration_s == pytest.approx(2.0)
    assert found.sha256 == hashlib.sha256(data).hexdigest()


def damaged(source: Path, *, kind: str) -> Path:
    """A film with one packet of a kind overwritten in the middle."""
    with packets_of(source) as (_, packets):
        packet = [p for p in packets if p.stream.type == kind][20]
        at, size = packet.pos or 0, packet.size
    data = bytearray(source.read_bytes())
    data[at + size // 2 : at + size] = b"\xa5" * (size - size // 2)
    broken = source.with_name(f"{kind}.mp4")
    broken.write_bytes(data)
    return broken


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_one_damaged_packet_does_not_verify(tmp_path: Path, kind: str) -> None:
    source = film(tmp_path / "film.mp4", sound="aac", size=(320, 256))
    verify(source)
    with pytest.raises(MediaError, match=rf"{kind}\.mp4"):
        verify(damaged(source, kind=kind))


def test_a_film_that_was_cut_off_does_not_verify(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", sound="aac")
    reel = tmp_path / "reel.mp4"
    join([Segment(source, 0.0, 2.0)], reel, titles=["x"])
    reel.write_bytes(reel.read_bytes()[: -reel.stat().st_size // 4])
    with pytest.raises(MediaError, match=r"reel\.mp4"):
        verify(reel)


def test_pictures_that_step_back_do_not_verify(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    crooked = tmp_path / "crooked.nut"
    with packets_of(source) as (container, packets), av.open(str(crooked), "w") as out:
        track = out.add_stream_from_template(container.streams.video[0])
        for nth, packet in enumerate(packets):
            packet.stream = track
            packet.pts = packet.pts if nth != 9 else (packet.pts or 0) + 3000
            out.mux(packet)
    with pytest.raises(MediaError, match="video steps back at"):
        verify(crooked)


def test_a_last_picture_that_is_cut_off_does_not_verify(tmp_path: Path) -> None:
    """Decoders with several threads lose it silently."""
    whole = film(tmp_path / "film.mp4", seconds=2, options={"preset": "fast"}, gop=50)
    with packets_of(whole) as (container, packets), av.open(tmp_path / "cut.mp4", "w") as out:
        track = out.add_stream_from_template(container.streams.video[0])
        for number, packet in enumerate(packets):
            data = bytes(packet)
            copy: Packet[Stream] = Packet(data if number < len(packets) - 1 else data[: len(data) // 2])
            copy.stream, copy.time_base = track, packet.time_base
            copy.pts, copy.dts, copy.is_keyframe = packet.pts, packet.dts, packet.is_keyframe
            out.mux(copy)
    verify(whole)
    with pytest.raises(MediaError, match=r"cannot be decoded|damaged"):
        verify(tmp_path / "cut.mp4")
