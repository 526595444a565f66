"""HEVC packets: which of them a decoder can begin with."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stream.codec.hevc import Head, head, length_bytes
from tests.kit.films.numbered import film, packets_of
from tests.kit.films.random_access import OPEN, refreshed


def heads(path: Path) -> list[Head | None]:
    with packets_of(path) as (container, packets):
        size = length_bytes(container.streams.video[0].codec_context.extradata)
        return [head(memoryview(packet), size) for packet in packets if packet.stream.type == "video"]


def test_a_cra_is_found_with_start_codes_and_with_lengths(tmp_path: Path) -> None:
    for container in ("mpegts", "mp4"):
        found = heads(film(tmp_path / container, container=container, seconds=4, **OPEN["HEVC with CRA"]))
        assert all(found)
        assert sum(one.irap for one in found if one) == 5
        assert not any(one.recovery for one in found if one)


def test_a_recovery_point_has_the_number_of_frames_that_must_follow(tmp_path: Path) -> None:
    for container in ("mpegts", "mp4"):
        found = heads(refreshed(tmp_path / container, "hevc", container=container, seconds=6))
        assert [(n, one.recovery) for n, one in enumerate(found) if one and one.recovery is not None] == [
            (24, 24),
            (48, 24),
        ]
        assert [n for n, one in enumerate(found) if one and one.irap] == [0]


@given(st.binary(max_size=60), st.sampled_from([0, 4]))
def test_damaged_packets_raise_nothing(data: bytes, size: int) -> None:
    head(memoryview(data), size)
    length_bytes(data)
