"""Packets past damage: what comes is used, and what was lost leaves a mark."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.packet import Packet
from av.stream import Stream

from stream.demux import demuxed, follows_loss
from tests.kit.cameras.damage import junk, zeroed
from tests.kit.films.scene import scene


def packets(path: Path) -> list[Packet[Stream]]:
    with av.open(path) as container:
        return list(demuxed(container, container.streams.video[:1]))


def time_s(packet: Packet[Stream]) -> float:
    assert packet.pts is not None
    return float(packet.pts * packet.time_base)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi"])
def test_nothing_is_lost_of_a_whole_file(tmp_path: Path, name: str) -> None:
    film = scene(
        tmp_path / name, seconds=3, codec="mpeg4" if name.endswith("avi") else "libx264", sound="aac"
    )
    found = packets(film)
    assert len(found) == 30
    assert not any(follows_loss(packet) for packet in found)


@pytest.mark.parametrize("name", ["film.mkv", "film.ts"])
@pytest.mark.parametrize("sound", [None, "aac"], ids=["silent", "with sound"])
def test_the_packet_behind_a_hole_or_the_last_before_it_is_marked(
    tmp_path: Path, name: str, sound: str | None
) -> None:
    film = junk(scene(tmp_path / name, seconds=20, sound=sound), 0.4, 0.6)
    found = packets(film)
    marked = [time_s(packet) for packet in found if follows_loss(packet)]
    hole_s = max(pairwise(found), key=lambda pair: time_s(pair[1]) - time_s(pair[0]))
    assert time_s(hole_s[1]) - time_s(hole_s[0]) > 2
    assert any(time_s(hole_s[0]) - 0.5 <= at_s <= time_s(hole_s[1]) for at_s in marked)
    assert time_s(found[-1]) == pytest.approx(20, abs=2)


def test_a_long_stretch_of_zeros_in_a_transport_stream_is_read_over(tmp_path: Path) -> None:
    film = zeroed(scene(tmp_path / "film.ts", seconds=40, gop=5, size=(320, 240)), 0.3, 0.7)
    assert film.stat().st_size * 0.4 > 65_536, "too short to make FFmpeg give up"
    assert time_s(packets(film)[-1]) > 39


def test_a_bare_stream_gets_decoding_times_by_its_rate(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.h264", seconds=1, container="h264")
    times_s = [float((p.dts or 0) * p.time_base) for p in packets(film)]
    steps = {round(b - a, 6) for a, b in pairwise(times_s)}
    assert times_s[0] == 0
    assert len(steps) == 1
