"""Clips: the packets that were given, playable anywhere, sound in step, and the packets untouched."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.packet import Packet
from av.stream import Stream
from playwright.sync_api import Page

from stream.av_source import AvSource
from stream.codec.random_access import access
from stream.media.clip import WrittenClip, write_clip
from stream.media.file import MediaError
from stream.media.probe import probe, verify
from tests.kit.films.numbered import (
    FASTEST,
    SIZE,
    beeps,
    complaints,
    film,
    flashes,
    number_of,
    packets_of,
    shown,
    shown_elsewhere,
)
from tests.kit.films.random_access import FPS, OPEN, refreshed
from tests.kit.films.slices import sliced_film, split
from tests.kit.web.chromium import wait_until

B_FRAMES = {**FASTEST, "bf": "3", "x264-params": "b-pyramid=normal:scenecut=0"}
IN_STEP_S = 0.04


def cut(source: Path, out: Path, *, from_s: float = 0.0, to_s: float = 99.0) -> WrittenClip:
    """A clip of the packets between two times of a film, from whatever packet comes first."""
    with packets_of(source) as (container, packets):
        audio = container.streams.audio[0] if container.streams.audio else None
        kept = [p for p in packets if from_s <= float((p.pts or 0) * p.time_base) < to_s]
        return write_clip(out, container.streams.video[0], audio, kept)


def check_clip(path: Path, clip: WrittenClip, *, missing: str | None = None) -> None:
    """What holds for every clip; ``missing`` is what a decoder may log of missing frames."""
    said = complaints(path).splitlines()
    assert not [line for line in said if missing is None or missing not in line]
    verified = verify(path)
    assert verified.frames == clip.frames
    assert verified.duration_s == pytest.approx(clip.duration_s, abs=1e-3)
    times_s = [at_s for at_s, _ in shown(path)]
    assert times_s[0] == 0
    assert shown_elsewhere(path) == pytest.approx(times_s, abs=1e-4)
    assert b"moov" in path.read_bytes()[:64], "not faststart"


def check_in_step(path: Path) -> None:
    assert flashes(path)
    heard = beeps(path)
    assert heard == pytest.approx(flashes(path)[-len(heard) :], abs=IN_STEP_S)
    assert len(heard) >= len(flashes(path)) - 1  # the first may begin before the clip


@pytest.mark.parametrize(
    ("container", "options"), [("mp4", B_FRAMES), ("matroska", FASTEST), ("mpegts", B_FRAMES)]
)
def test_a_clip_begins_at_zero_with_its_first_keyframe(
    tmp_path: Path, container: str, options: Mapping[str, str]
) -> None:
    source = film(tmp_path / "film", seconds=4, sound="aac", options=options, container=container)
    zero_s = shown(source)[0][0]
    out = tmp_path / "clip.mp4"
    clip = cut(source, out, from_s=0.5)
    check_clip(out, clip)
    check_in_step(out)
    assert [number for _, number in shown(out)] == list(range(25, 100))
    assert clip.first_s - zero_s == pytest.approx(1.0, abs=1e-3)
    assert clip.duration_s == pytest.approx(3.0, abs=1e-3)


SOUNDS: dict[str, dict[str, Any]] = {
    "G.711 mu-law": {"sound": "pcm_mulaw", "rate_hz": 8_000, "layout": "mono", "container": "mov"},
    "G.711 A-law": {"sound": "pcm_alaw", "rate_hz": 8_000, "layout": "mono", "container": "mov"},
    "PCM": {"sound": "pcm_s16le", "rate_hz": 44_100, "container": "mov"},
    "AC-3": {"sound": "ac3", "container": "mpegts"},
    "MP3 at a low rate": {"sound": "libmp3lame", "rate_hz": 8_000, "layout": "mono", "container": "matroska"},
    "a rate that AAC lacks": {"sound": "pcm_s16le", "rate_hz": 7_000, "container": "mov"},
    "5.1": {"sound": "pcm_s16le", "layout": "5.1", "container": "mov"},
}


@pytest.mark.parametrize("form", SOUNDS.values(), ids=SOUNDS.keys())
def test_sound_that_browsers_do_not_play_becomes_aac(tmp_path: Path, form: Mapping[str, Any]) -> None:
    source = film(tmp_path / "film", seconds=3, **form)
    out = tmp_path / "clip.mp4"
    check_clip(out, cut(source, out, from_s=0.3))
    check_in_step(out)
    assert probe(out).audio_codec == "aac"


COPIED = [
    ("aac", "mp4", "aac"),
    ("aac", "mpegts", "aac"),
    ("libmp3lame", "matroska", "mp3"),
    ("libopus", "matroska", "opus"),
]


@pytest.mark.parametrize(("sound", "container", "codec"), COPIED)
def test_sound_that_browsers_play_is_copied(tmp_path: Path, sound: str, container: str, codec: str) -> None:
    source = film(tmp_path / "film", seconds=3, sound=sound, container=container)
    out = tmp_path / "clip.mp4"
    check_clip(out, cut(source, out, from_s=0.3))
    check_in_step(out)
    assert probe(out).audio_codec == codec
    with packets_of(source) as (_, packets):
        given = [bytes(p) for p in packets if p.stream.type == "audio"]
    with packets_of(out) as (_, packets):
        kept = [bytes(p) for p in packets if p.stream.type == "audio"]
    # In MPEG-TS each has a header of its own, which MP4 does not want.
    begin = next(i for i, data in enumerate(given) if data.endswith(kept[0]))
    assert all(a.endswith(b) for a, b in zip(given[begin:], kept, strict=False))


def test_sound_can_be_left_out(tmp_path: Path) -> None:
    source = film(tmp_path / "film", seconds=1, sound="aac")
    with packets_of(source) as (container, packets):
        write_clip(tmp_path / "clip.mp4", container.streams.video[0], None, packets)
    assert probe(tmp_path / "clip.mp4").audio_codec is None


def stamps(packets: list[Packet[Stream]]) -> list[tuple[object, ...]]:
    return [
        (p.pts, p.dts, p.duration, p.time_base, p.stream_index, p.is_keyframe, id(p.stream), bytes(p))
        for p in packets
    ]


@pytest.mark.parametrize("sound", ["aac", "ac3"])
def test_packets_stay_as_they_are_and_can_be_written_again(tmp_path: Path, sound: str) -> None:
    source = film(tmp_path / "film", seconds=2, sound=sound, options=B_FRAMES, container="mpegts")
    with packets_of(source) as (container, packets):
        before = stamps(packets)
        video, audio = container.streams.video[0], container.streams.audio[0]
        for name in ("one.mp4", "two.mp4"):
            write_clip(tmp_path / name, video, audio, packets)
        assert stamps(packets) == before
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_hevc_is_tagged_for_safari(tmp_path: Path) -> None:
    options = {**FASTEST, "x265-params": "log-level=none"}
    for container in ("mp4", "mpegts"):
        source = film(tmp_path / container, seconds=1, codec="libx265", options=options, container=container)
        out = tmp_path / "clip.mp4"
        check_clip(out, cut(source, out))
        with av.open(str(out)) as written:
            assert written.streams.video[0].codec_context.codec_tag == "hvc1"


def test_h264_from_a_stream_becomes_avc1(tmp_path: Path) -> None:
    source = film(tmp_path / "film.ts", seconds=1, container="mpegts")
    out = tmp_path / "clip.mp4"
    cut(source, out)
    with av.open(str(out)) as written:
        context = written.streams.video[0].codec_context
        assert context.codec_tag == "avc1"
        assert (context.extradata or b"")[0] == 1


def test_rotation_and_pixel_aspect_are_kept(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1, rotation_deg=90, pixel_aspect=Fraction(4, 3))
    out = tmp_path / "clip.mp4"
    check_clip(out, cut(source, out))
    assert (probe(out).rotation_deg, probe(out).width, probe(out).height) == (90, 128, 256)


def test_pictures_that_need_what_is_not_there_are_left_out(tmp_path: Path) -> None:
    """An open group of pictures: those shown before its keyframe need the group before."""
    options = {**FASTEST, "bf": "3", "x264-params": "open-gop=1:scenecut=0"}
    source = film(tmp_path / "film.mp4", seconds=3, gop=25, options=options)
    with packets_of(source) as (_, packets):
        keyframe = [p for p in packets if p.is_keyframe][1]
        first = round(float((keyframe.pts or 0) * keyframe.time_base) * 25)
    out = tmp_path / "clip.mp4"
    clip = cut(source, out, from_s=0.5)
    assert clip.frames == 75 - first
    assert [number for _, number in shown(out)] == list(range(first, 75))


@pytest.mark.parametrize("container", ["mpegts", "mp4"])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_frames_that_a_refresh_has_not_completed_are_hidden_before_zero(
    codec: str, container: str, tmp_path: Path
) -> None:
    source = refreshed(tmp_path / "film", codec, container=container, seconds=10, sound="aac")
    out = tmp_path / "clip.mp4"
    with AvSource(str(source)) as opened:
        packets = list(opened.packets())
        videos = [p for p in packets if p.stream.type == "video"]
        first_s = min(float((p.pts or 0) * p.time_base) for p in videos)
        point = [p for p in videos if access(p).lead][1]
        from_s = float((point.pts or 0) * point.time_base)
        kept = packets[packets.index(point) :]
        clip = write_clip(out, opened.video, opened.audio, kept)
        lead = access(point).lead
    assert lead
    assert clip.first_s == pytest.approx(from_s + lead / FPS, abs=1e-3)
    check_clip(out, clip, missing="Could not find ref" if codec == "hevc" else None)
    check_in_step(out)
    numbers = [number for _, number in shown(out)]
    assert numbers == list(range(round((clip.first_s - first_s) * FPS), 10 * FPS))


_PLAYER = """<style>body {margin: 0}</style>
<video src="clip.mp4" muted preload="auto" width="192" height="128"></video>
<script>
const video = document.querySelector("video");
video.onseeked = () => setTimeout(() => { window.there = true; }, 300);
</script>"""


@pytest.mark.parametrize("b_frames", [0, 3])
def test_a_browser_shows_complete_frames_of_a_refresh_and_at_their_times(
    b_frames: int, page: Page, tmp_path: Path
) -> None:
    options = {"preset": "veryfast", "x264-params": f"intra-refresh=1:keyint=36:bframes={b_frames}"}
    source = refreshed(tmp_path / "film.ts", "h264", container="mpegts", seconds=10, options=options)
    with AvSource(str(source)) as opened:
        packets = list(opened.packets())
        zero_s = min(float((p.pts or 0) * p.time_base) for p in packets)
        point = [n for n, packet in enumerate(packets) if access(packet).lead][1]
        clip = write_clip(tmp_path / "clip.mp4", opened.video, None, packets[point:])
    first = round((clip.first_s - zero_s) * FPS)
    (tmp_path / "page.html").write_text(_PLAYER)
    page.goto((tmp_path / "page.html").as_uri())
    assert page.evaluate("video.duration") == pytest.approx(clip.duration_s, abs=0.01)
    for nth in (0, 12, 20, 0):
        page.evaluate(f"window.there = false; video.currentTime = {(nth + 0.5) / FPS}")
        wait_until(page, "() => window.there")
        seen = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        assert seen is not None
        assert number_of(seen[: SIZE[1], : SIZE[0]]) == first + nth


def test_packets_of_which_no_frame_is_completed_make_no_clip(tmp_path: Path) -> None:
    source = refreshed(tmp_path / "film.ts", "h264", container="mpegts", seconds=6)
    with AvSource(str(source)) as opened:
        videos = list(opened.packets())
        at = next(n for n, p in enumerate(videos) if access(p).lead)
        with pytest.raises(MediaError, match="no complete frame"):
            write_clip(tmp_path / "clip.mp4", opened.video, None, videos[at : at + 5])
    assert not (tmp_path / "clip.mp4").exists()


def test_a_clip_from_a_cra_on_leaves_out_what_it_leads(tmp_path: Path) -> None:
    source = film(tmp_path / "film.ts", container="mpegts", seconds=4, fps=12, **OPEN["HEVC with CRA"])
    out = tmp_path / "clip.mp4"
    clip = cut(source, out, from_s=shown(source)[0][0] + 0.5)
    check_clip(out, clip)
    assert [number for _, number in shown(out)] == list(range(24, 48))


BROKEN: dict[str, Any] = {
    "no decoding times": lambda p, _: (p.pts, None),
    "decoding times that step back": lambda p, n: (p.pts, (p.dts or 0) - (n % 3) * 2000),
    "decoding times that repeat": lambda p, _: (p.pts, 0),
    "decoding times after the picture": lambda p, _: (p.pts, (p.dts or 0) + 90_000),
    "some without any": lambda p, n: (p.pts, None) if n % 4 else (p.pts, p.dts),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_broken_timestamps_are_repaired(tmp_path: Path, broken: Any) -> None:
    source = film(tmp_path / "film.ts", seconds=2, container="mpegts", options=B_FRAMES, sound="aac")
    out = tmp_path / "clip.mp4"
    with packets_of(source) as (container, packets):
        for nth, packet in enumerate(packets):
            if packet.stream.type == "video":
                packet.pts, packet.dts = broken(packet, nth)
        clip = write_clip(out, container.streams.video[0], container.streams.audio[0], packets)
    check_clip(out, clip)
    check_in_step(out)
    assert [number for _, number in shown(out)] == list(range(50))


def test_only_decoding_times_will_do_without_b_frames(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    with packets_of(source) as (container, packets):
        for packet in packets:
            packet.pts = None
        clip = write_clip(tmp_path / "clip.mp4", container.streams.video[0], None, packets)
    check_clip(tmp_path / "clip.mp4", clip)


def test_two_pictures_at_one_time_are_both_kept(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    with packets_of(source) as (container, packets):
        packets[7].pts = packets[7].dts = packets[6].pts
        clip = write_clip(tmp_path / "clip.mp4", container.streams.video[0], None, packets)
    times_s = [at_s for at_s, _ in shown(tmp_path / "clip.mp4")]
    assert clip.frames == len(times_s) == 25
    assert all(a < b for a, b in pairwise(times_s))


def test_sound_far_ahead_or_behind_in_the_file_stays_in_step(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=3, sound="aac")
    with packets_of(source) as (container, packets):
        video, audio = container.streams.video[0], container.streams.audio[0]
        pictures = [p for p in packets if p.stream.type == "video"]
        sounds = [p for p in packets if p.stream.type == "audio"]
        for name, order in (("ahead", sounds + pictures), ("behind", pictures + sounds)):
            out = tmp_path / f"{name}.mp4"
            check_clip(out, write_clip(out, video, audio, order))
            check_in_step(out)


def test_holes_in_sound_do_not_shift_what_follows(tmp_path: Path) -> None:
    for sound, container in (("aac", "mp4"), ("pcm_mulaw", "mov")):
        source = film(
            tmp_path / "film", seconds=4, sound=sound, container=container, rate_hz=16_000, layout="mono"
        )
        out = tmp_path / "clip.mp4"
        with packets_of(source) as (container_, packets):
            kept = [
                p
                for p in packets
                if p.stream.type == "video" or not 1.3 < float((p.pts or 0) * p.time_base) < 1.8
            ]
            clip = write_clip(out, container_.streams.video[0], container_.streams.audio[0], kept)
        assert verify(out).frames == clip.frames
        check_in_step(out)


def test_sound_that_steps_back_at_a_seam_is_played_once(tmp_path: Path) -> None:
    """As where segments of a transport stream overlap a little; its times are finer than the track's."""
    source = film(tmp_path / "film.ts", seconds=3, sound="aac", container="mpegts")
    with packets_of(source) as (container, packets):
        video, audio = container.streams.video[0], container.streams.audio[0]
        again = [
            p for p in packets if p.stream.type == "audio" and 1.3 < float((p.pts or 0) * p.time_base) < 1.5
        ]
        place = packets.index(again[-1]) + 1
        out = tmp_path / "clip.mp4"
        clip = write_clip(out, video, audio, [*packets[:place], *again, *packets[place:]])
    check_clip(out, clip)
    check_in_step(out)


def test_without_a_keyframe_there_is_no_clip(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    with packets_of(source) as (container, packets):
        for kept in ([], packets[1:]):
            with pytest.raises(MediaError, match="no key packet"):
                write_clip(tmp_path / "clip.mp4", container.streams.video[0], None, kept)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4"]


def test_video_that_mp4_cannot_hold_is_refused(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mkv", seconds=0.2, codec="ffv1", container="matroska", options={})
    with pytest.raises(MediaError, match="MP4 cannot hold ffv1 video"):
        cut(source, tmp_path / "clip.mp4")


def test_a_single_picture_is_a_clip(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    with packets_of(source) as (container, packets):
        clip = write_clip(tmp_path / "clip.mp4", container.streams.video[0], None, packets[:1])
    assert clip.frames == 1
    assert clip.duration_s == pytest.approx(0.04)
    check_clip(tmp_path / "clip.mp4", clip)


def test_real_films_become_clips(tmp_path: Path, shared_media: Path) -> None:
    for name in ("car-detection.mp4", "dog_run_hevc10.mkv", "small_bunny_1080p_60fps.ts"):
        source = shared_media / name
        out = tmp_path / "clip.mp4"
        clip = cut(source, out)
        check = verify(out)
        assert (check.frames, complaints(out)) == (clip.frames, "")
        assert check.duration_s == pytest.approx(clip.duration_s, abs=1e-3)
        assert clip.duration_s == pytest.approx(probe(source).duration_s or 0, abs=0.06)


def test_a_picture_that_comes_in_parts_is_one_frame(tmp_path: Path) -> None:
    """As from cameras that repeat parameter sets between the slices of a picture."""
    path = sliced_film(tmp_path / "film.ts", seconds=2.0, fps=10, gop=5)
    with AvSource(str(path)) as source:
        parts = split(source.video, [packet for packet in source.packets() if packet.stream.type == "video"])
        clip = write_clip(tmp_path / "clip.mp4", source.video, None, parts[1:])
    check_clip(tmp_path / "clip.mp4", clip)
    assert [number for _, number in shown(tmp_path / "clip.mp4")] == list(range(5, 20)), (
        "from the next key packet"
    )
