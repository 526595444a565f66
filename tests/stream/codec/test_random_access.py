"""At which packets decoding can begin, held against what a decoder makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from av.packet import Packet
from av.stream import Stream

from stream.av_source import AvSource
from stream.codec.random_access import Access, Start, access
from tests.kit.films.numbered import FASTEST, film, number_of
from tests.kit.films.random_access import OPEN, UNFLAGGED, refreshed, without_keys
from tests.kit.films.slices import sliced_film, split


def video_packets(source: AvSource) -> list[Packet[Stream]]:
    return [packet for packet in source.packets() if packet.stream.type == "video"]


def complete_from(packets: list[Packet[Stream]], nth: int) -> int | None:
    """The timestamp that ``Start`` finds for decoding from the ``nth`` packet on."""
    start = Start(packets[nth])
    for packet in packets[nth + 1 :]:
        start.push(packet)
    return start.complete


def accesses(path: Path) -> list[int]:
    """The numbers, in decoding order, of the packets with which decoding can begin."""
    with AvSource(str(path)) as source:
        return [n for n, packet in enumerate(video_packets(source)) if packet.is_keyframe]


@pytest.mark.parametrize("container", ["mpegts", "mp4", "matroska"])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_recovery_point_is_complete_when_the_decoder_shows_its_first_frame(
    codec: str, container: str, tmp_path: Path
) -> None:
    path = refreshed(tmp_path / "film", codec, container=container, seconds=12)
    with AvSource(str(path)) as source:
        packets = video_packets(source)
        points = [n for n, packet in enumerate(packets) if access(packet).lead]
        assert len(points) >= 3
        for nth in points[:2]:
            source.video.codec_context.flush_buffers()
            shown = [frame for p in packets[nth:] for frame in source.video.codec_context.decode(p)]
            assert complete_from(packets, nth) == shown[0].pts
            times = sorted(p.pts for p in packets if p.pts is not None)
            assert number_of(shown[0].to_ndarray(format="rgb24")) == times.index(shown[0].pts or 0)


@pytest.mark.parametrize("form", OPEN.values(), ids=OPEN.keys())
def test_an_open_group_can_be_begun_with_and_is_complete_at_once(
    form: Mapping[str, Any], tmp_path: Path
) -> None:
    path = film(tmp_path / "film.ts", container="mpegts", **{"seconds": 6, "fps": 12, **form})
    with AvSource(str(path)) as source:
        packets = video_packets(source)
        begins = [n for n, packet in enumerate(packets) if packet.is_keyframe]
        assert len(begins) >= 3
        assert all(complete_from(packets, n) == packets[n].pts for n in begins)


# Which of 50 frames are key, with a group of 20: all, or those of each group.
_EVERY, _FIRST = list(range(50)), [0, 20, 40]


@pytest.mark.parametrize("but_first", [False, True], ids=["no key", "one key"])
@pytest.mark.parametrize("name", UNFLAGGED)
def test_key_frames_are_found_where_the_file_marks_none(
    name: str, tmp_path: Path, *, but_first: bool
) -> None:
    path = film(tmp_path / "film.avi", container="avi", seconds=2, gop=20, **UNFLAGGED[name])
    found = _EVERY if name in {"MJPEG", "Huffyuv", "raw"} else _FIRST
    assert accesses(without_keys(path, but_first=but_first)) == found


def test_a_marked_frame_that_builds_on_others_is_not_a_random_access_point(tmp_path: Path) -> None:
    path = film(tmp_path / "film.ts", container="mpegts", gop=20, options={**FASTEST, "bf": "0"})
    with AvSource(str(path)) as source:
        packets = video_packets(source)
        assert not packets[1].is_keyframe
        assert access(packets[1]) == Access(None)


def test_packets_without_a_mark_have_their_containers_flag() -> None:
    packet: Packet[Stream] = Packet(10)
    assert access(packet).lead is None
    packet.is_keyframe = True
    assert access(packet).lead == 0


def test_what_is_known_of_a_packet_stays_while_others_go(tmp_path: Path) -> None:
    with AvSource(str(refreshed(tmp_path / "film.ts", "h264", container="mpegts", seconds=8))) as source:
        packets = video_packets(source)
        leads = [access(packet).lead for packet in packets]
        assert any(leads)
        kept, known = packets[40:], leads[40:]
        del packets
        assert [access(packet).lead for packet in kept] == known


def test_the_rest_of_a_picture_is_no_place_to_begin(tmp_path: Path) -> None:
    path = sliced_film(tmp_path / "film.ts", seconds=1, fps=10, gop=5)
    with AvSource(str(path)) as source:
        parts = split(source.video, video_packets(source))
    assert [n for n, part in enumerate(parts) if part.is_keyframe] == [0, 10]
    assert [access(part).continues for part in parts] == [False, True] * 10
