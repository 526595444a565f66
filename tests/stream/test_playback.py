"""A file that starts over goes on in time."""

from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import pytest

from stream.av_source import AvSource
from stream.playback import LoopedSource
from stream.source import SourceError
from tests.kit.films.footage import Look, write_file

LOOK = Look(width_px=160, height_px=120, round_s=1, audio="aac")
PACKETS = 80


@pytest.mark.parametrize("name", ["film.mp4", "film.ts"])
def test_time_goes_on_from_round_to_round(name: str, tmp_path: Path) -> None:
    film = write_file(tmp_path / name, LOOK)
    source = LoopedSource(lambda: AvSource(str(film)))
    packets = list(islice(source.packets(), PACKETS))
    video = [p for p in packets if p.stream.type == "video"]
    times = [float((p.pts or 0) * p.time_base) for p in video]
    assert len(times) > 2 * LOOK.fps, "more than two rounds"
    assert [b - a for a, b in pairwise(times)] == pytest.approx([1 / LOOK.fps] * (len(times) - 1), abs=0.02)
    assert sum(p.is_keyframe for p in video) >= 3
    assert {p.stream.type for p in packets} == {"video", "audio"}


def test_its_packets_decode_with_the_first_rounds_stream(tmp_path: Path) -> None:
    film = write_file(tmp_path / "film.ts", LOOK)
    source = LoopedSource(lambda: AvSource(str(film)))
    packets = [p for p in islice(source.packets(), PACKETS) if p.stream.type == "video"]
    frames = [frame for packet in packets for frame in source.video.codec_context.decode(packet)]
    assert len(frames) >= len(packets) - 3


def test_a_file_that_is_gone_in_the_next_round_is_an_error(tmp_path: Path) -> None:
    film = write_file(tmp_path / "film.ts", LOOK)
    source = LoopedSource(lambda: AvSource(str(film)))
    packets = source.packets()
    next(packets)
    film.unlink()
    with pytest.raises(SourceError, match="no such file"):
        list(packets)
