"""Which of several video tracks is taken, everywhere."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from stream.av_source import AvSource
from stream.media.probe import probe, verify
from stream.media.reader import MediaReader
from tests.kit.films.numbered import ffmpeg, film, picture
from tests.kit.films.random_access import together

CONTAINERS = ["mp4", "mov", "matroska"]
SMALL, LARGE = (192, 128), (384, 256)


def taken(path: Path) -> tuple[int, int]:
    """The width and height of the track that is analysed, which must be that of the reel."""
    with AvSource(str(path)) as source, MediaReader(path) as footage:
        assert footage.video.index == source.video.index
        return source.info.width_px, source.info.height_px


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("stands_s", [1, 20], ids=["a short still", "a still that stands for long"])
@pytest.mark.parametrize("first", [False, True], ids=["after", "before"])
def test_a_film_is_chosen_over_a_larger_still(
    stands_s: int, container: str, tmp_path: Path, *, first: bool
) -> None:
    moving = film(tmp_path / "film.mp4", seconds=4, size=SMALL)
    still = film(tmp_path / "still.mp4", seconds=stands_s, fps=Fraction(1, stands_s), size=LARGE)
    films = (still, moving) if first else (moving, still)
    both = together(tmp_path / "both", *films, defaults=(True, True), container=container)
    assert taken(both) == SMALL


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_track_that_plays_longest_is_chosen_even_if_smaller_and_not_default(
    container: str, tmp_path: Path
) -> None:
    short = film(tmp_path / "short.mp4", seconds=2, size=LARGE)
    long = film(tmp_path / "long.mp4", seconds=5, size=SMALL)
    both = together(tmp_path / "both", short, long, defaults=(True, False), container=container)
    assert taken(both) == SMALL


@pytest.mark.parametrize("container", CONTAINERS)
def test_of_equally_long_tracks_the_default_one_is_taken(container: str, tmp_path: Path) -> None:
    large = film(tmp_path / "large.mp4", seconds=2, size=LARGE)
    small = film(tmp_path / "small.mp4", seconds=2.2, size=SMALL)
    both = together(tmp_path / "both", large, small, defaults=(False, True), container=container)
    assert taken(both) == SMALL
    both = together(tmp_path / "both", large, small, defaults=(True, False), container=container)
    assert taken(both) == LARGE


@pytest.mark.parametrize("container", [*CONTAINERS, "mpegts"])
def test_of_equal_tracks_the_largest_is_taken(container: str, tmp_path: Path) -> None:
    small = film(tmp_path / "small.mp4", seconds=2, size=SMALL)
    large = film(tmp_path / "large.mp4", seconds=2, size=LARGE)
    both = together(tmp_path / "both", small, large, defaults=(True, True), container=container)
    assert taken(both) == LARGE


def with_cover(source: Path, path: Path) -> Path:
    """A copy with cover art, larger than the film and the first of its tracks."""
    with av.open(str(source)) as given, av.open(str(path), "w", format="mp4") as out:
        cover = out.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 480, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        track = out.add_stream_from_template(given.streams.video[0])
        image = av.VideoFrame.from_ndarray(picture(7, (640, 480)), "rgb24")
        for packet in cover.encode(image):
            out.mux(packet)
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)
    return path


def test_cover_art_is_no_choice(tmp_path: Path) -> None:
    covered = with_cover(film(tmp_path / "film.mp4", seconds=2, size=SMALL), tmp_path / "covered.mp4")
    assert taken(covered) == SMALL
    with AvSource(str(covered)) as source:
        assert source.info.choice is None


def test_a_choice_of_tracks_is_described_in_a_line(tmp_path: Path) -> None:
    small = film(tmp_path / "small.mp4", seconds=4, size=SMALL)
    large = film(tmp_path / "large.mp4", seconds=2, size=LARGE)
    with AvSource(str(together(tmp_path / "both", large, small))) as source:
        assert source.info.choice == (
            "of 2 video tracks, track 1 (h264 192x128, 4.0 s) is used, not track 0 (h264 384x256, 2.0 s)"
        )
    with AvSource(str(small)) as source:
        assert source.info.choice is None


def test_the_track_that_is_probed_and_verified_is_the_same(tmp_path: Path) -> None:
    short = film(tmp_path / "short.mp4", seconds=2, size=LARGE)
    long = film(tmp_path / "long.mp4", seconds=4, size=SMALL)
    both = together(tmp_path / "both", short, long)
    assert (probe(both).width, probe(both).height) == SMALL
    assert verify(both).duration_s == pytest.approx(4.0, abs=0.05)


def combined(path: Path, *given: str) -> Path:
    """One file of what FFmpeg's own program is given, copied."""
    said = ffmpeg("-v", "error", *given, "-c", "copy", str(path))
    assert not said, said
    return path


def test_lengths_that_no_header_states_are_measured(tmp_path: Path) -> None:
    """Of a Matroska file that was written to a pipe."""
    large = film(tmp_path / "large.mp4", seconds=2, size=LARGE)
    small = film(tmp_path / "small.mp4", seconds=5, size=SMALL)
    tracks = ("-i", str(large), "-i", str(small), "-map", "0", "-map", "1", "-live", "1")
    both = combined(tmp_path / "both.mkv", *tracks)
    assert taken(both) == SMALL
    with AvSource(str(both)) as source:
        assert source.info.choice is not None
        assert "384x256, 2.0 s" in source.info.choice


@pytest.mark.parametrize("name", ["both.mkv", "both.ts", "both.mp4"])
def test_a_track_that_begins_late_counts_for_no_longer_than_it_plays(name: str, tmp_path: Path) -> None:
    """Matroska states when it ends; MPEG-TS has no packet of it where FFmpeg looks for its size."""
    large = film(tmp_path / "large.mp4", seconds=2, size=LARGE)
    small = film(tmp_path / "small.mp4", seconds=10, size=SMALL)
    late = ("-itsoffset", "8", "-i", str(large), "-i", str(small), "-map", "0", "-map", "1")
    both = combined(tmp_path / name, *late)
    assert taken(both) == SMALL
    with AvSource(str(both)) as source:
        assert source.info.choice is not None
        assert ", 2.0 s)" in source.info.choice


def test_sound_is_that_of_the_videos_programme(tmp_path: Path) -> None:
    small = film(tmp_path / "small.mp4", seconds=2, size=SMALL, sound="aac")
    large = film(tmp_path / "large.mp4", seconds=2, size=LARGE, sound="aac")
    programs = ("-program", "title=one:st=0:st=1", "-program", "title=two:st=2:st=3")
    both = combined(
        tmp_path / "both.ts", "-i", str(small), "-i", str(large), "-map", "0", "-map", "1", *programs
    )
    assert taken(both) == LARGE
    with AvSource(str(both)) as source, MediaReader(both) as footage:
        assert (source.video.index, source.audio and source.audio.index) == (2, 3)
        assert footage.audio is not None
        assert footage.audio.index == 3
