"""A part of a file begins with what it can be decoded from, and its times can be put back into the file's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from av.packet import Packet
from av.stream import Stream

from stream.av_source import AvSource
from stream.part import FilePart
from tests.kit.films.scene import scene

FPS, GOP = 10, 20


@pytest.fixture(scope="module", params=["film.mp4", "film.ts", "film.mkv"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scene(tmp_path_factory.mktemp("part") / request.param, seconds=12, fps=FPS, gop=GOP, sound="aac")


def video_times(part: FilePart) -> list[float]:
    """Media times of the part's video packets in the file, in order of presentation."""
    video = [packet for packet in part.packets() if packet.stream is part.video]
    assert video[0].is_keyframe
    times_s = sorted(float((packet.pts or 0) * packet.time_base) for packet in video)
    return [at_s - times_s[0] + part.offset_s for at_s in times_s]


def test_it_begins_at_the_key_packet_before_and_ends_in_time(source: Path) -> None:
    with closing(FilePart(AvSource(str(source)), 5.1, 8.0)) as part:
        assert part.offset_s == pytest.approx(4.0, abs=0.01)
        times_s = video_times(part)
    assert times_s[0] == pytest.approx(4.0, abs=0.01)
    assert 7.85 < times_s[-1] < 8.5


def test_it_says_which_pictures_belong_to_it(source: Path) -> None:
    with closing(AvSource(str(source))) as whole:
        first = next(packet for packet in whole.packets() if packet.stream is whole.video)
        zero_s = float((first.pts or 0) * first.time_base)
    with closing(FilePart(AvSource(str(source)), 5.1, 8.0)) as part:
        held = [part.holds(zero_s + at_s) for at_s in (5.0, 5.1, 7.9, 8.0)]
    assert held == [False, True, True, False]


def test_its_wall_time_and_length_are_the_parts(source: Path) -> None:
    start = datetime(2026, 3, 12, 14, tzinfo=UTC)
    with closing(FilePart(AvSource(str(source)), 5.0, 8.0, start_utc=start)) as part:
        late = part.info.start_utc - start
        assert late == timedelta(seconds=part.offset_s)
        assert part.info.duration_s == pytest.approx(8.0 - part.offset_s, abs=0.01)


def test_without_bounds_it_is_the_whole_file(source: Path) -> None:
    with closing(AvSource(str(source))) as whole:
        count = sum(1 for _ in whole.packets())
    with closing(FilePart(AvSource(str(source)))) as part:
        assert part.offset_s == 0
        assert sum(1 for _ in part.packets()) == count


class Counted(AvSource):
    """A file that counts the packets that are read of it."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.count = 0

    def packets(self) -> Iterator[Packet[Stream]]:
        for packet in super().packets():
            self.count += 1
            yield packet


def test_what_lies_before_it_is_not_read(source: Path) -> None:
    """Its packets are the same as those of a file that is read up to it."""
    with closing(Counted(str(source))) as whole:
        stamps = [packet.pts for packet in whole.packets() if packet.stream is whole.video]
    counted = Counted(str(source))
    with closing(FilePart(counted, 9.0)) as part:
        before = counted.count
        own = [packet.pts for packet in part.packets() if packet.stream is part.video]
    assert own == stamps[-len(own) :]
    assert part.offset_s == pytest.approx(8.0, abs=0.01)
    assert before < len(stamps) / 2


def test_a_file_without_its_index_is_read_up_to_the_part(tmp_path: Path) -> None:
    """Here the only key packet that can be found is the first."""
    film = scene(tmp_path / "film.mp4", seconds=12, fps=FPS, gop=1000)
    with closing(FilePart(AvSource(str(film)), 9.0)) as part:
        assert part.offset_s == 0
        assert video_times(part)[0] == 0


def test_a_transport_stream_that_is_joined_of_two_is_still_read(tmp_path: Path) -> None:
    """Its timestamps begin anew in the middle, so that a search for one may end in either half."""
    half = scene(tmp_path / "half.ts", seconds=6, fps=FPS, gop=GOP).read_bytes()
    film = tmp_path / "film.ts"
    film.write_bytes(half * 2)
    with closing(FilePart(AvSource(str(film)), 3.0, 5.0)) as part:
        assert part.offset_s == pytest.approx(2.0, abs=0.01)
        assert video_times(part)[0] == pytest.approx(2.0, abs=0.01)
