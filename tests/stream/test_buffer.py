"""The rolling buffer: what it promises to hold, and where it can be cut."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from av.packet import Packet
from av.stream import Stream
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.av_source import AvSource
from stream.buffer import PacketBuffer
from stream.codec.random_access import Access
from stream.spool import HeldPacket
from tests.kit.films.scene import scene

MS = Fraction(1, 1000)


class Camera:
    """Makes packets of real streams, with the times, sizes and kinds that a test wants."""

    def __init__(self, source: AvSource) -> None:
        self._streams: dict[str, Stream] = {"video": source.video}
        if source.audio is not None:
            self._streams["audio"] = source.audio

    def packet(
        self, kind: str, at_s: float | None, *, dts_s: float | None = None, key: bool = False, size: int = 100
    ) -> Packet[Stream]:
        packet: Packet[Stream] = Packet(size)
        packet.stream = self._streams[kind]
        packet.time_base = MS
        packet.pts = None if at_s is None else round(at_s * 1000)
        packet.dts = packet.pts if dts_s is None else round(dts_s * 1000)
        packet.is_keyframe = key
        return packet

    def picture(self, nth: int, *, gop: int = 10, from_s: float = 0.0, size: int = 100) -> Packet[Stream]:
        """Ten pictures a second, a keyframe each ``gop``."""
        return self.packet("video", from_s + nth / 10, key=nth % gop == 0, size=size)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    film = scene(tmp_path_factory.mktemp("camera") / "film.mp4", seconds=1, sound="aac")
    with AvSource(str(film)) as source:
        yield Camera(source)


def filled(packets: Iterator[Packet[Stream]], keep_s: float = 10.0, max_bytes: int = 10**9) -> PacketBuffer:
    buffer = PacketBuffer(keep_s, max_bytes)
    for packet in packets:
        buffer.push(packet)
    return buffer


def times_s(packets: tuple[HeldPacket, ...], kind: str = "video") -> list[float]:
    return [float((p.pts or 0) * p.time_base) for p in packets if p.stream.type == kind]


def test_a_cut_begins_at_the_keyframe_at_or_before_its_start(camera: Camera) -> None:
    buffer = filled(camera.picture(nth) for nth in range(100))
    cut = buffer.cut(3.5, 5.2)
    assert cut is not None
    assert cut.start_s == 3.0
    assert times_s(cut.packets) == pytest.approx([n / 10 for n in range(30, 52)])
    exact = buffer.cut(3.0, 3.5)
    assert exact is not None
    assert exact.start_s == 3.0


def test_at_least_the_time_to_keep_is_there_and_not_much_more(camera: Camera) -> None:
    buffer = filled(camera.picture(nth) for nth in range(1000))
    cut = buffer.cut(0.0, 1000.0)
    assert cut is not None
    assert 88.9 <= cut.start_s <= 89.9
    assert buffer.bytes == 100 * len(cut.packets)


def test_the_newest_group_stays_however_long_it_is(camera: Camera) -> None:
    buffer = filled(camera.picture(nth, gop=500) for nth in range(480))
    cut = buffer.cut(40.0, 48.0)
    assert cut is not None
    assert cut.start_s == 0.0
    assert len(cut.packets) == 480


def refreshing(camera: Camera, nth: int) -> Packet[Stream]:
    """Ten pictures a second, a recovery point each 3 s that needs 20 more."""
    packet = camera.picture(nth, gop=30)
    packet.opaque = Access(20 if packet.is_keyframe else None)
    return packet


def test_a_cut_begins_where_the_picture_is_complete_by_its_start(camera: Camera) -> None:
    buffer = filled(refreshing(camera, nth) for nth in range(300))
    for start_s, point_s in [(26.0, 24.0), (25.9, 21.0), (23.0, 21.0), (29.9, 27.0)]:
        cut = buffer.cut(start_s, start_s + 1.0)
        assert cut is not None
        assert times_s(cut.packets)[0] == point_s
        assert cut.start_s == point_s + 2.0


def test_what_is_to_be_kept_is_kept_from_where_it_is_complete(camera: Camera) -> None:
    buffer = filled((refreshing(camera, nth) for nth in range(1000)), keep_s=10.0)
    cut = buffer.cut(89.9, 99.0)
    assert cut is not None
    assert cut.start_s <= 89.9
    first = buffer.cut(0.0, 99.0)
    assert first is not None
    assert first.start_s >= 89.9 - 3.0, "and not much more"


def test_a_group_that_is_not_complete_yet_cannot_be_cut(camera: Camera) -> None:
    buffer = filled(refreshing(camera, nth) for nth in range(15))
    assert buffer.cut(0.0, 1.5) is None
    for nth in range(15, 25):
        buffer.push(refreshing(camera, nth))
    cut = buffer.cut(0.0, 2.5)
    assert cut is not None
    assert cut.start_s == 2.0


def test_a_pause_costs_nothing_of_what_was_before_it(camera: Camera) -> None:
    """The frames before it are cut when the first one after it has been decoded."""
    buffer = filled(camera.picture(nth, from_s=0.0 if nth < 100 else 60.0) for nth in range(110))
    cut = buffer.cut(3.0, 10.0)
    assert cut is not None
    assert times_s(cut.packets) == pytest.approx([n / 10 for n in range(30, 100)])


def test_a_frame_in_five_seconds_is_kept_as_long_as_others(camera: Camera) -> None:
    frames = (camera.packet("video", 5.0 * nth, key=True) for nth in range(60))
    cut = filled(frames, keep_s=10.0).cut(260.0, 275.0)
    assert cut is not None
    assert times_s(cut.packets) == [260.0, 265.0, 270.0]


def test_nothing_is_held_before_the_first_keyframe(camera: Camera) -> None:
    buffer = filled(camera.picture(nth) for nth in range(1, 10))
    assert buffer.bytes == 0
    assert buffer.cut(0.0, 10.0) is None
    buffer.push(camera.picture(10))
    cut = buffer.cut(0.0, 10.0)
    assert cut is not None
    assert cut.start_s == 1.0


def test_what_is_not_there_cannot_be_cut(camera: Camera) -> None:
    buffer = filled(camera.picture(nth) for nth in range(500))
    assert buffer.cut(0.0, 5.0) is None, "too old"
    late = buffer.cut(49.95, 60.0)
    assert late is not None
    assert late.start_s == 49.0
    assert buffer.cut(55.0, 60.0) is None, "the pictures have ceased before"


def test_the_cap_drops_whole_groups_and_counts_them(camera: Camera) -> None:
    buffer = filled((camera.picture(nth) for nth in range(100)), max_bytes=3500)
    assert buffer.bytes <= 3500
    cut = buffer.cut(0.0, 100.0)
    assert cut is not None
    assert cut.packets[0].is_keyframe
    assert buffer.dropped == 100 - len(cut.packets)


def test_a_group_that_alone_exceeds_the_cap_is_dropped_too(camera: Camera) -> None:
    buffer = filled((camera.picture(nth, gop=50) for nth in range(49)), max_bytes=2000)
    assert buffer.bytes == 0
    assert buffer.cut(0.0, 100.0) is None
    buffer.push(camera.picture(50, gop=50))
    assert buffer.bytes == 100, "it waits for the next keyframe"


def test_sound_goes_with_its_pictures(camera: Camera) -> None:
    def both() -> Iterator[Packet[Stream]]:
        for nth in range(60):
            yield camera.picture(nth)
            yield camera.packet("audio", nth / 10 + 0.05)

    cut = filled(both()).cut(2.0, 4.0)
    assert cut is not None
    assert times_s(cut.packets, "audio") == pytest.approx([n / 10 + 0.05 for n in range(20, 40)])


def test_sound_begins_a_little_earlier_where_it_stands_behind_the_keyframe(camera: Camera) -> None:
    buffer = PacketBuffer()
    buffer.push(camera.picture(0))
    for at_s in (-0.5, -0.2, 0.1):
        buffer.push(camera.packet("audio", at_s))
    cut = buffer.cut(0.0, 1.0)
    assert cut is not None
    assert times_s(cut.packets, "audio") == [-0.2, 0.1]


def test_sound_that_goes_on_alone_drops_no_picture(camera: Camera) -> None:
    buffer = filled(camera.picture(nth) for nth in range(60))
    for second in range(6, 100):
        buffer.push(camera.packet("audio", float(second)))
    cut = buffer.cut(0.0, 6.0)
    assert cut is not None
    assert len(times_s(cut.packets)) == 60
    assert not times_s(cut.packets, "audio")


def test_pictures_that_shown_ones_need_are_kept(camera: Camera) -> None:
    """Decoded before its end, shown after it: the ones shown between lean on it."""
    order = [(0.0, -0.2), (0.4, -0.1), (0.1, 0.0), (0.2, 0.1), (0.3, 0.2), (0.8, 0.3), (0.5, 0.4)]
    buffer = PacketBuffer()
    for nth, (shown_s, decoded_s) in enumerate(order):
        buffer.push(camera.packet("video", shown_s, dts_s=decoded_s, key=nth == 0))
    cut = buffer.cut(0.0, 0.35)
    assert cut is not None
    assert times_s(cut.packets) == [0.0, 0.4, 0.1, 0.2, 0.3, 0.8]


def test_packets_without_times_stand_where_the_last_one_stood(camera: Camera) -> None:
    buffer = filled(camera.picture(nth) for nth in range(15))
    buffer.push(camera.packet("video", None))
    cut = buffer.cut(1.0, 1.45)
    assert cut is not None
    assert len(cut.packets) == 6


def test_no_cut_reaches_over_a_jump_of_the_times(camera: Camera) -> None:
    def started_over() -> Iterator[Packet[Stream]]:
        for nth in range(60):
            yield camera.picture(nth, from_s=20.0)
            yield camera.packet("audio", 20.0 + nth / 10)
        yield camera.packet("audio", 20.1)  # sound may be ahead
        for nth in range(3):
            yield camera.picture(nth, from_s=20.0)
            yield camera.packet("audio", 20.2 + nth / 10)

    buffer = filled(started_over())
    cut = buffer.cut(20.0, 30.0)
    assert cut is not None
    assert times_s(cut.packets) == pytest.approx([20 + n / 10 for n in range(60)])
    assert times_s(cut.packets, "audio") == pytest.approx([20 + n / 10 for n in range(60)])
    buffer.start_over(20.0)
    new = buffer.cut(20.0, 30.0)
    assert new is not None
    assert times_s(new.packets) == pytest.approx([20.0, 20.1, 20.2])


def test_starting_over_keeps_what_has_come_of_the_new_pictures(camera: Camera) -> None:
    buffer = filled(camera.picture(nth) for nth in range(45))
    buffer.start_over(4.0)
    cut = buffer.cut(0.0, 100.0)
    assert cut is not None
    assert (cut.start_s, len(cut.packets)) == (4.0, 5)


@pytest.mark.parametrize("at_s", [None, -1.0])
def test_starting_over_from_nowhere_forgets_everything(camera: Camera, at_s: float | None) -> None:
    buffer = filled(camera.picture(nth) for nth in range(45))
    buffer.start_over(at_s)
    assert buffer.bytes == 0
    assert buffer.cut(0.0, 100.0) is None
    buffer.push(camera.picture(45))
    assert buffer.bytes == 0, "the new pictures begin with a keyframe"


def test_starting_over_far_ahead_within_a_group_forgets_the_old_one(camera: Camera) -> None:
    """It starts before that time by its number alone; cuts begin with the first new key packet."""
    buffer = filled(camera.picture(nth) for nth in range(45))
    for nth in range(45, 48):
        buffer.push(camera.picture(nth, from_s=10_000.0))
    buffer.start_over(10_004.5)
    assert buffer.bytes == 0
    for nth in range(48, 70):
        buffer.push(camera.picture(nth, from_s=10_000.0))
    cut = buffer.cut(10_004.5, 10_007.0)
    assert cut is not None
    assert times_s(cut.packets) == pytest.approx([10_000 + n / 10 for n in range(50, 70)])


def test_an_old_timeline_is_let_go_once_the_new_one_is_long_enough(camera: Camera) -> None:
    buffer = filled(camera.picture(nth) for nth in range(60))
    for nth in range(200):
        buffer.push(camera.picture(nth, from_s=-100.0))
    assert buffer.bytes <= 100 * 121


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_comes_the_bounds_hold_and_each_cut_begins_with_a_keyframe(
    camera: Camera, data: st.DataObject
) -> None:
    max_bytes = data.draw(st.integers(100, 5000))
    buffer = PacketBuffer(data.draw(st.floats(0.5, 5.0)), max_bytes)
    at_s = 0.0
    for pushed in range(1, data.draw(st.integers(2, 80))):
        at_s += data.draw(st.sampled_from([0.1, 0.1, 0.1, 0.5, -0.05, 3.0, -30.0, 700.0]))
        kind = data.draw(st.sampled_from(["video", "video", "audio"]))
        size = data.draw(st.integers(1, 1000))
        key = kind == "video" and data.draw(st.booleans())
        buffer.push(camera.packet(kind, at_s, key=key, size=size))
        assert 0 <= buffer.bytes <= max_bytes
        assert buffer.dropped <= pushed
        start_s = at_s - data.draw(st.floats(0.0, 10.0))
        cut = buffer.cut(start_s, start_s + data.draw(st.floats(0.1, 10.0)))
        if cut is not None:
            assert cut.packets[0].is_keyframe
            assert cut.packets[0].stream.type == "video"
            assert times_s(cut.packets)[0] == pytest.approx(cut.start_s)
