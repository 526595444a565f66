"""High dynamic range: what is drawn in cd/m2 comes out as ITU-R BT.2390 wants it on an ordinary screen."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stream.av_source import AvSource
from stream.frames.decoder import FrameDecoder
from stream.media.clip import write_clip
from stream.media.edit.join import Segment, join
from stream.media.frame_grab import grab
from stream.picture.tone import Grade, sdr
from tests.kit.films.colour_patches import patches_of
from tests.kit.films.hdr import HLG, PQ, hdr_film, hlg_value, pq_value
from tests.kit.films.numbered import packets_of

# cd/m2, and what BT.2390 makes of it from 1000 cd/m2 to 203, by an 8-bit screen of gamma 2.4. Up to the
# knee at 87 cd/m2 it is (L / 203) ** (1 / 2.4) alone.
GREYS = {1.0: 28, 5.0: 54, 20.0: 97, 50.0: 142, 100.0: 189, 203.0: 230, 400.0: 250, 1000.0: 255}

# Linear light of BT.709, cd/m2: four greys, then colours that BT.709 can hold.
SCENE = np.array(
    [
        [(1.0, 1.0, 1.0), (20.0, 20.0, 20.0), (100.0, 100.0, 100.0), (203.0, 203.0, 203.0)],
        [(80.0, 8.0, 8.0), (8.0, 80.0, 8.0), (8.0, 8.0, 80.0), (70.0, 60.0, 10.0)],
    ]
)
SEEN = np.round(255 * np.clip(SCENE / 203, 0, 1) ** (1 / 2.4))
SEEN[0, 2:] = [[189], [230]]


def test_greys_follow_the_curve() -> None:
    nits = np.array(list(GREYS))
    values = pq_value(nits)[:, None].repeat(3, axis=1)
    found = np.round(255 * sdr(values, Grade(16, 9, 1000.0)))
    assert np.abs(found[:, 0] - list(GREYS.values())).max() <= 1
    assert np.array_equal(found[:, 0], found[:, 2])


def test_the_reference_white_of_both_kinds_is_alike() -> None:
    """75 % of HLG and 203 cd/m2 of PQ are the same white, BT.2408."""
    hlg = sdr(np.full((1, 3), 0.75), Grade(18, 9, 1000.0))
    pq = sdr(pq_value(np.full((1, 3), 203.0)), Grade(16, 9, 1000.0))
    assert hlg == pytest.approx(pq, abs=0.01)


@pytest.mark.parametrize("peak_nits", [203.0, 600.0, 4000.0, 10_000.0])
@pytest.mark.parametrize("transfer", [16, 18])
def test_brighter_is_never_darker_and_the_peak_is_white(transfer: int, peak_nits: float) -> None:
    values = np.linspace(0, 1, 500)[:, None].repeat(3, axis=1)
    found = sdr(values, Grade(transfer, 9, 1000.0 if transfer == 18 else peak_nits))
    assert np.diff(found[:, 0]).min() >= -1e-9
    assert found[0, 0] == pytest.approx(0.0, abs=1e-3)
    assert found[-1, 0] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("coding", [PQ, HLG], ids=["PQ", "HLG"])
def test_stills_keyframes_and_reels_look_like_the_scene(coding: str, tmp_path: Path) -> None:
    film = hdr_film(tmp_path / "film.mp4", SCENE, coding)
    assert off(grab(film, [0.0])[0]) <= 6
    assert off(keyframe(film)) <= 6
    reel = tmp_path / "reel.mp4"
    assert join([Segment(film, 0.0, 0.5)], reel, titles=["a"]).mode == "encode"
    assert off(grab(reel, [0.2])[0]) <= 8
    with av.open(str(reel)) as container:
        frame = next(container.decode(video=0))
        assert (frame.format.name, frame.colorspace, frame.color_trc, frame.color_primaries) == (
            "yuv420p", 1, 1, 1,
        )  # fmt: skip


def test_a_film_with_a_declared_brightness_keeps_what_an_ordinary_screen_can_show(tmp_path: Path) -> None:
    """Graded for 203 cd/m2: nothing is brighter, and nothing need be compressed."""
    film = hdr_film(tmp_path / "film.mp4", SCENE, PQ, max_cll=203)
    white = patches_of(grab(film, [0.0])[0])[0, 3]
    assert white == pytest.approx([254, 254, 254], abs=3)


def test_a_film_graded_for_a_brighter_screen_is_compressed_more(tmp_path: Path) -> None:
    film = hdr_film(tmp_path / "film.mp4", SCENE, PQ, mastered_nits=4000)
    assert patches_of(grab(film, [0.0])[0])[0, 3] == pytest.approx([210, 210, 210], abs=2)


def test_wide_colours_of_ordinary_range_are_not_pale(tmp_path: Path) -> None:
    film = hdr_film(tmp_path / "film.mp4", np.minimum(SCENE, 203.0), "bt2020-10")
    seen = 255 * np.clip(SCENE / 203, 0, 1) ** (1 / 2.4)
    found = patches_of(grab(film, [0.0])[0])
    assert np.abs(found - seen).max() <= 6


def test_copies_keep_their_colour_tags(tmp_path: Path) -> None:

    film = hdr_film(tmp_path / "film.mp4", SCENE, PQ, mastered_nits=4000)
    with packets_of(film) as (container, packets):
        write_clip(tmp_path / "clip.mp4", container.streams.video[0], None, packets)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (9, 9, 16)
    assert (grab(tmp_path / "clip.mp4", [0.0])[0] == grab(film, [0.0])[0]).all()
    assert b"colr" in (tmp_path / "clip.mp4").read_bytes()


def test_hlg_is_the_curve_that_it_is_tested_with() -> None:
    """BT.2100 gives 0.5 for a twelfth of the light, and 1 for all of it."""
    assert hlg_value(np.array([0.0, 1 / 12, 1.0])) == pytest.approx([0.0, 0.5, 1.0], abs=1e-4)


def off(picture: NDArray[np.uint8]) -> float:
    return float(np.abs(patches_of(picture) - SEEN).max())


def keyframe(film: Path) -> NDArray[np.uint8]:
    with AvSource(str(film)) as source:
        decoder = FrameDecoder(source.video, 80, 60)
        parts = [decoder.decode(packet) for packet in source.packets()]
        parts.append(decoder.decode(None))
    frame = next(frame for part in parts for frame in part.frames)
    return frame.picture(4000)[:, :, ::-1]
