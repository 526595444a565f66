"""Where clips come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.signal.window import Clip
from livereel.camera.clips import BufferClips, FileClips, NoClips
from stream.av_source import AvSource
from tests.kit.films.numbered import film, shown


def test_a_scan_has_none() -> None:
    clips = NoClips()
    clips.start_over(None)
    assert clips.clip("a", 0.0, 0.0, 10.0) is None


def test_a_file_with_an_index_is_its_own_clip(tmp_path: Path) -> None:
    clips = FileClips(tmp_path / "film.mp4")
    assert clips.clip("a", 3.0, 20.0, 30.0) == Clip(tmp_path / "film.mp4", 0.0)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def source(tmp_path: Path) -> AvSource:
    """A transport stream of numbered pictures, ten a second, whose times begin at 1.4 s or so."""
    return AvSource(str(film(tmp_path / "film.ts", seconds=20, fps=10, gop=10, container="mpegts")))


def filled(source: AvSource, folder: Path, until_s: float = 100.0) -> tuple[BufferClips, float]:
    clips, media_start_s = BufferClips(source, folder, 10.0), None
    for packet in source.packets():
        at_s = float((packet.pts or 0) * packet.time_base)
        media_start_s = at_s if media_start_s is None else media_start_s
        if at_s - media_start_s < until_s:
            clips.push(packet)
    assert media_start_s is not None
    return clips, media_start_s


def test_a_stream_is_cut_from_the_keyframe_before(source: AvSource, tmp_path: Path) -> None:
    with source:
        clips, media_start_s = filled(source, tmp_path / "clips")
        clip = clips.clip("2026-03-12/a", media_start_s, 12.5, 15.0)
    assert clip is not None
    assert clip.path == tmp_path / "clips" / "2026-03-12" / "a.mp4"
    assert clip.file_start_s == pytest.approx(12.0)
    assert [number for _, number in shown(clip.path)] == list(range(120, 150))


def test_what_the_buffer_has_let_go_cannot_be_cut(source: AvSource, tmp_path: Path) -> None:
    with source:
        clips, media_start_s = filled(source, tmp_path / "clips")
        assert clips.clip("a", media_start_s, 0.0, 1.0) is None
    assert not (tmp_path / "clips").exists()


def test_after_starting_over_only_the_new_pictures_are_there(source: AvSource, tmp_path: Path) -> None:
    with source:
        clips, media_start_s = filled(source, tmp_path / "clips")
        clips.start_over(media_start_s + 18.0)
        clip = clips.clip("a", media_start_s, 10.0, 20.0)
        clips.start_over(None)
        assert clips.clip("b", media_start_s, 10.0, 20.0) is None
    assert clip is not None
    assert [number for _, number in shown(clip.path)] == list(range(180, 200))
