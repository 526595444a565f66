"""Frames: upright, in order, in time, and honest about damage."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from stream.av_source import AvSource
from stream.frames.decoder import MAX_HELD, MAX_HELD_S, Decoded, FrameDecoder
from stream.frames.frame import Frame
from stream.picture.display import Display
from tests.kit.cameras.damage import junk, pictures_junk
from tests.kit.films.scene import scene
from tests.kit.films.test_card import CORNERS, card_film, corners, roundness

SIZE = (80, 60)


def decoded(
    path: Path, *, held_bytes: int = 0, max_fps: float | None = None
) -> tuple[FrameDecoder, list[Decoded]]:
    with AvSource(str(path)) as source:
        decoder = FrameDecoder(source.video, *SIZE, held_bytes=held_bytes, max_fps=max_fps)
        found = [decoder.decode(p) for p in source.packets() if p.stream.type == "video"]
        return decoder, [*found, decoder.decode(None)]


def frames(path: Path) -> list[Frame]:
    return [frame for part in decoded(path)[1] for frame in part.frames]


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mp4", "libx264", "yuv444p"),
        ("a.mp4", "libx264", "yuv420p10le"),
        ("a.mp4", "libx265", "yuv420p10le"),
        ("a.mp4", "libx265", "yuv422p12le"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.mkv", "ffv1", "gray"),
        ("a.mkv", "ffv1", "bgr0"),
        ("a.gif", "gif", "rgb8"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
    ],
)
def test_luma_is_of_analysis_size_and_in_grey_levels_whatever_the_format(
    tmp_path: Path, name: str, codec: str, pixel_format: str
) -> None:
    like = frames(scene(tmp_path / "like.mp4", seconds=1))[0].luma
    film = scene(tmp_path / name, seconds=1, codec=codec, pixel_format=pixel_format)
    found = frames(film)
    assert len(found) == 10
    for frame in found:
        assert frame.luma.shape == (60, 80)
        assert frame.luma.dtype == np.uint8
    off = np.abs(found[0].luma.astype(int) - like)
    assert off.mean() < 16, "the range of levels differs, and nothing else may"


@pytest.mark.parametrize("size", [(161, 121), (320, 180), (50, 50), (16, 16), (2, 2), (1, 1)])
def test_any_size_is_brought_to_analysis_size(tmp_path: Path, size: tuple[int, int]) -> None:
    film = scene(tmp_path / "film.mkv", seconds=1, size=size, codec="ffv1")
    first = frames(film)[0]
    assert first.luma.shape == (60, 80)
    assert first.source_size_px == size
    assert max(first.picture(64).shape) <= 64


@pytest.mark.parametrize(("rotation_deg", "way"), [(0, (1, 0)), (90, (0, -1)), (180, (-1, 0)), (270, (0, 1))])
def test_a_rotated_film_is_seen_upright(tmp_path: Path, rotation_deg: int, way: tuple[int, int]) -> None:
    """The block crosses from left to right before it is turned counterclockwise."""
    film = scene(tmp_path / "film.mp4", seconds=2, events=[(0, 2)], rotation_deg=rotation_deg, size=(160, 96))
    found = frames(film)
    turned = rotation_deg in {90, 270}
    assert found[0].source_size_px == ((96, 160) if turned else (160, 96))
    red = [place_of_red(frame.picture(160)) for frame in (found[2], found[-3])]
    assert [np.sign(round(b - a, 1)) for a, b in zip(*red, strict=True)] == list(way)
    assert found[0].picture(160).shape[:2] == ((160, 96) if turned else (96, 160))
    assert found[0].luma.shape == (60, 80)


def place_of_red(bgr: NDArray[np.uint8]) -> tuple[float, float]:
    rows, columns = np.nonzero((bgr[:, :, 2] > 200) & (bgr[:, :, 1] < 90))
    return float(columns.mean() / bgr.shape[1]), float(rows.mean() / bgr.shape[0])


def test_the_luma_and_the_picture_are_turned_alike(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=1, rotation_deg=90, size=(160, 96))
    frame = frames(film)[0]
    grey = cv2.resize(cv2.cvtColor(frame.picture(160), cv2.COLOR_BGR2GRAY), SIZE).astype(float)
    alike, turned = (np.abs(grey - luma).mean() for luma in (frame.luma, np.rot90(frame.luma, 2)))
    assert alike < turned / 2


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_keyframes_and_luma_are_upright_in_all_eight_orientations(
    rotation_deg: int, *, mirrored: bool, tmp_path: Path
) -> None:
    display = Display(rotation_deg=rotation_deg, mirrored=mirrored)
    frame = frames(card_film(tmp_path / "film.mp4", (320, 240), display))[0]
    picture = frame.picture(640)[:, :, ::-1]
    assert picture.shape == (240, 320, 3)
    assert corners(picture) == CORNERS
    grey = cv2.resize(cv2.cvtColor(frame.picture(640), cv2.COLOR_BGR2GRAY), SIZE)
    assert np.abs(grey.astype(int) - frame.luma).mean() < 8


@pytest.mark.parametrize(
    ("shown", "aspect", "rotation_deg"),
    [((768, 576), Fraction(24, 11), 0), ((768, 576), Fraction(4, 5), 0), ((480, 640), Fraction(8, 9), 90)],
    ids=["half D1", "960H", "NTSC, turned"],
)
def test_pixels_that_are_not_square_do_not_squeeze_what_is_seen(
    tmp_path: Path, shown: tuple[int, int], aspect: Fraction, rotation_deg: int
) -> None:
    display = Display(aspect, rotation_deg)
    frame = frames(card_film(tmp_path / "film.mp4", shown, display, codec_aspect=aspect))[0]
    assert frame.source_size_px == shown
    picture = frame.picture(320)[:, :, ::-1]
    assert max(picture.shape) == 320
    assert roundness(picture) == pytest.approx(1.0, abs=0.03)
    assert corners(picture) == CORNERS


@pytest.mark.parametrize("start_s", [0.0, 36_000.0, 0.5])
def test_time_begins_with_the_first_frame_whatever_its_timestamp(tmp_path: Path, start_s: float) -> None:
    film = scene(tmp_path / "film.mkv", seconds=1, start_s=start_s)
    decoder, parts = decoded(film)
    times_s = [frame.pts_s for part in parts for frame in part.frames]
    assert times_s == pytest.approx([n / 10 for n in range(10)], abs=2e-3)
    assert decoder.media_start_s == pytest.approx(start_s, abs=2e-3)
    assert decoder.first_s == pytest.approx(start_s, abs=2e-3)


def test_frames_keep_their_own_times_where_the_rate_varies(tmp_path: Path) -> None:
    wanted_s = [n / 10 + 0.5 * (n // 4) for n in range(12)]
    film = scene(tmp_path / "film.mp4", seconds=1.2, time_s=wanted_s.__getitem__)
    assert [frame.pts_s for frame in frames(film)] == pytest.approx(wanted_s, abs=1e-3)


def test_times_grow_strictly_even_where_b_frames_are_packed(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.avi", seconds=4, codec="mpeg4", options={"bf": "2"})
    times_s = [frame.pts_s for frame in frames(film)]
    assert len(times_s) >= 38
    assert all(a < b for a, b in pairwise(times_s))


def test_frames_without_times_are_counted(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.h264", seconds=1, container="h264", options={"preset": "ultrafast"})
    assert [frame.pts_s for frame in frames(film)] == pytest.approx([n / 25 for n in range(10)], abs=1e-3), (
        "a bare stream names no rate: 25 by default"
    )


@pytest.mark.parametrize("held_bytes", [0, 10**9])
def test_a_timeline_that_starts_over_splits_what_was_decoded_and_nothing_is_lost(
    held_bytes: int, tmp_path: Path
) -> None:
    film = scene(tmp_path / "film.ts", seconds=3)
    film.write_bytes(film.read_bytes() * 2)
    with AvSource(str(film)) as source:
        decoder, before, after = FrameDecoder(source.video, *SIZE, held_bytes=held_bytes), 0, 0
        newest_s = jumped_s = 0.0
        for packet in [*source.packets(), None]:
            part = decoder.decode(packet)
            before += len(part.frames)
            if packet is not None and packet.pts is not None:
                at_s = float(packet.pts * packet.time_base)
                jumped_s = jumped_s or (at_s if at_s < newest_s - 1 else 0.0)
                newest_s = at_s
            if part.rest:
                assert newest_s - jumped_s < MAX_HELD_S, "what belongs to the new epoch must not wait for it"
                decoder = FrameDecoder(source.video, *SIZE, held_bytes=held_bytes)
                taken = decoder.take(part.rest)
                assert taken.frames[0].pts_s == 0
                assert decoder.media_start_s == part.rest_s
                assert not taken.rest
                after, before = before, len(taken.frames)
    assert (after, before) == (30, 30)


def test_another_size_splits_too(tmp_path: Path) -> None:
    film, other = scene(tmp_path / "a.ts", seconds=1), scene(tmp_path / "b.ts", seconds=1, size=(128, 96))
    film.write_bytes(film.read_bytes() + other.read_bytes())
    first = next(part.rest[0] for part in decoded(film)[1] if part.rest)
    assert isinstance(first, VideoFrame)
    assert (first.width, first.height) == (128, 96)


def test_damage_is_counted_and_the_frame_behind_it_is_marked(tmp_path: Path) -> None:
    film = junk(scene(tmp_path / "film.mp4", seconds=20), 0.45, 0.6)
    decoder, parts = decoded(film)
    found = [frame for part in parts for frame in part.frames]
    hole = max(pairwise(found), key=lambda pair: pair[1].pts_s - pair[0].pts_s)
    assert decoder.damaged > 20
    assert hole[1].pts_s - hole[0].pts_s > 2
    assert hole[1].after_damage
    assert not found[0].after_damage
    assert not found[-1].after_damage


def test_frames_in_another_order_than_their_packets_show_damage_at_the_right_place(tmp_path: Path) -> None:
    options = {"preset": "veryfast", "bf": "3"}
    film = junk(scene(tmp_path / "film.mp4", seconds=20, gop=20, options=options), 0.45, 0.6)
    found = frames(film)
    hole = max(pairwise(found), key=lambda pair: pair[1].pts_s - pair[0].pts_s)
    assert hole[1].pts_s - hole[0].pts_s > 1
    assert hole[1].after_damage


def test_a_pause_without_damage_is_none(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=2, time_s=lambda n: n / 10 + (5.0 if n > 9 else 0.0))
    assert not any(frame.after_damage for frame in frames(film))


def test_nothing_comes_of_a_file_whose_every_picture_is_broken(tmp_path: Path) -> None:
    decoder, parts = decoded(pictures_junk(scene(tmp_path / "film.mp4", seconds=2)))
    assert not any(part.frames for part in parts)
    assert decoder.damaged > 0
    assert decoder.first_s == 0
    assert decoder.media_start_s is None


def test_frames_handed_out_together_are_the_same_in_bounded_numbers(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=2, fps=50)
    one_by_one = [frame.pts_s for frame in frames(film)]
    together = [part.frames for part in decoded(film, held_bytes=10**9)[1]]
    assert [frame.pts_s for part in together for frame in part] == one_by_one
    assert max(map(len, together)) == MAX_HELD
    few = decoded(film, held_bytes=3 * 160 * 120 * 3 // 2)[1]
    assert max(len(part.frames) for part in few) == 3
    slow = decoded(scene(tmp_path / "slow.mp4", seconds=3), held_bytes=10**9)[1]
    lasts_s = max(part.frames[-1].pts_s - part.frames[0].pts_s for part in slow if part.frames)
    assert lasts_s == pytest.approx(MAX_HELD_S)


@pytest.mark.parametrize("bf", ["0", "2"])
def test_packets_decoded_together_show_the_same_damage(bf: str, tmp_path: Path) -> None:
    options = {"preset": "veryfast", "bf": bf}
    film = junk(scene(tmp_path / "film.mp4", seconds=20, gop=20, options=options), 0.45, 0.5)

    def seen(held_bytes: int) -> tuple[int, list[tuple[float, bool, bool]], list[int | None]]:
        decoder, parts = decoded(film, held_bytes=held_bytes)
        assert not any(part.rest for part in parts)
        shown = [(frame.pts_s, frame.after_damage, frame.repaired) for part in parts for frame in part.frames]
        return decoder.damaged, shown, [packet.pts for part in parts for packet in part.refused]

    damaged, shown, refused = seen(10**9)
    assert damaged
    assert any(after_damage for _, after_damage, _ in shown)
    assert refused
    assert (damaged, shown, refused) == seen(0)


@pytest.mark.parametrize("container", ["mp4", "mpegts"])
@pytest.mark.parametrize(("bf", "pyramid"), [(0, "none"), (1, "none"), (2, "none"), (3, "normal")])
def test_what_is_not_decoded_changes_nothing_of_what_is_handed_out(
    bf: int, pyramid: str, container: str, tmp_path: Path
) -> None:
    options = {"preset": "veryfast", "x264-params": f"bframes={bf}:b-adapt=0:b-pyramid={pyramid}"}
    film = scene(tmp_path / "film", seconds=3, fps=30, container=container, options=options)
    thinning, parts = decoded(film, max_fps=15.0)
    whole = {frame.pts_s: frame.luma for part in decoded(film)[1] for frame in part.frames}
    found = [frame for part in parts for frame in part.frames]
    assert all(np.array_equal(frame.luma, whole[frame.pts_s]) for frame in found)
    steps = [b.pts_s - a.pts_s for a, b in pairwise(found)]
    assert 1 / 16 < min(steps) <= max(steps) < 1 / 7.9
    assert (thinning.thinned > 15) == (bf > 0), "of 90 pictures"


def test_halves_of_interlaced_pictures_are_not_left_out(tmp_path: Path) -> None:
    options = {"preset": "veryfast", "x264-params": "interlaced=1:bframes=3:b-adapt=0"}
    film = scene(tmp_path / "film.ts", seconds=2, fps=30, container="mpegts", options=options)
    assert decoded(film, max_fps=15.0)[0].thinned == 0


def test_of_a_fast_stream_only_so_many_frames_a_second_are_handed_out(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=2, fps=60)
    found = [frame for part in decoded(film, max_fps=30.0)[1] for frame in part.frames]
    assert [round(frame.pts_s * 30) for frame in found] == list(range(60))
