"""Where clips come from, and the codec parameters with which they are written."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import closing
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import pytest
from av.packet import Packet
from av.video.stream import VideoStream

from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Clip, Window
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips, FileClips, NoClips
from livereel.camera.settings import CameraSettings
from livereel.camera.worker import CameraJob
from stream.av_source import AvSource
from stream.codec.h264 import in_band, parameter_sets
from stream.media.clip import write_clip
from stream.media.parameters import ClipParameters
from stream.media.probe import probe, verify
from stream.web.snapshot import SnapshotSource
from tests.kit.cameras.pages import Page, pages
from tests.kit.cameras.rtsp import rtsp_server
from tests.kit.films.footage import Look, pictures, write_units
from tests.kit.films.numbered import film, shown
from tests.kit.program.live_run import WINDOWS, until, watching
from tests.kit.records.keyframe_files import snapshot


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


def test_a_damaged_parameter_set_does_not_spoil_a_clip(source: AvSource, tmp_path: Path) -> None:
    """A unit of random bytes that looks like one comes with a key packet."""
    with source:
        packets = list(source.packets())
        noise = random.Random(1).randbytes(27_000).replace(b"\0", b"\1")  # noqa: S311  # no secret
        first = Packet(b"\0\0\0\1\x67\x42\xc0" + noise + bytes(packets[100]))
        first.stream, first.time_base = packets[100].stream, packets[100].time_base
        first.pts, first.dts, first.is_keyframe = packets[100].pts, packets[100].dts, True
        clips = BufferClips(source, tmp_path, 10.0)
        for packet in (*packets[:100], first, *packets[101:]):
            clips.push(packet)
        clip = clips.clip("a", float((packets[0].pts or 0) * packets[0].time_base), 10.0, 14.0)
    assert clip is not None
    assert [number for _, number in shown(clip.path)] == list(range(100, 140))


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


LARGE, SMALL = Look(), Look(width_px=320, height_px=180)
_HEADER_BYTES = {"flv": 13, "mpegts": 0}  # of a file, which come once


def stream(path: Path, container: str, encoder: str, looks: Iterable[Look]) -> Path:
    """A stream that goes on with other pictures and parameters: as one camera sends it, in one connection."""
    data, number = b"", 0
    for look in looks:
        part = path.with_name("part")
        with av.open(part, "w", format=container) as out:
            video = out.add_stream(encoder, rate=look.fps)
            assert isinstance(video, VideoStream)  # by its codec
            video.width, video.height, video.pix_fmt = look.width_px, look.height_px, "yuv420p"
            video.codec_context.gop_size, video.codec_context.max_b_frames = look.gop, 0
            video.options = {"preset": "ultrafast", "x265-params": "log-level=error:bframes=0"}
            for picture in pictures(look):
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, look.fps)
                out.mux(video.encode(frame))
                number += 1
            out.mux(video.encode(None))
        data += part.read_bytes()[_HEADER_BYTES[container] if data else 0 :]
    path.write_bytes(data)
    return path


def declared(path: Path) -> bool:
    """Whether the header of a file of H.264 has the parameter sets that its first key packet has."""
    with av.open(path) as container:
        sets = parameter_sets(container.streams.video[0].codec_context.extradata)
        first = next(packet for packet in container.demux(video=0) if packet.is_keyframe)
        return sets is not None and in_band(bytes(first), sets.length_bytes) <= sets.units


def size(path: Path) -> tuple[int, int]:
    """What the headers say, which is what players go by."""
    found = probe(path)
    return found.width, found.height


@pytest.mark.parametrize(
    ("container", "encoder"), [("mpegts", "libx264"), ("mpegts", "libx265"), ("flv", "libx264")]
)
def test_each_clip_has_the_parameters_of_its_own_pictures(
    tmp_path: Path, container: str, encoder: str
) -> None:
    film = stream(tmp_path / "film", container, encoder, [LARGE, SMALL, LARGE])
    with AvSource(str(film)) as source:
        capture = Capture(
            source, "film", WindowSettings(), BufferClips(source, tmp_path / "clips", 10.0), None
        )
        windows = [item for item in capture.windows() if isinstance(item, Window)]
    clips = [window.clip.path for window in windows if window.clip]
    assert [size(clip) for clip in clips] == [(640, 360), (320, 180), (640, 360)]
    for clip in clips:
        verify(clip)
        assert encoder != "libx264" or declared(clip)
        with av.open(clip) as container_:
            found = {(frame.width, frame.height) for frame in container_.decode(video=0)}
        assert found == {size(clip)}


def test_clips_of_an_rtsp_camera_whose_pictures_change_their_size_are_playable(tmp_path: Path) -> None:
    folders = [write_units(tmp_path / "large", LARGE), write_units(tmp_path / "small", SMALL)]
    data = tmp_path / "data"
    with rtsp_server({"/front": folders}) as server:
        camera = CameraJob(CameraSettings("front", server.address("/front")), WINDOWS, data)
        with watching(data, {"front": camera}) as watch:

            def sizes() -> list[tuple[int, int]]:
                return [size(data / row["clip"]) for row in watch.windows("front") if row["clip"]]

            until(lambda: bool(sizes()), "a clip of the large pictures")
            server.say(footage=1)
            until(lambda: (320, 180) in sizes(), "a clip of the small ones")
    assert set(sizes()) == {(640, 360), (320, 180)}
    for row in watch.windows("front"):
        if row["clip"]:
            verify(data / row["clip"])
            assert declared(data / row["clip"])


def test_clips_of_jpeg_pictures_that_change_their_size_are_playable(tmp_path: Path) -> None:
    """A decoder takes pictures of half the size in the header for the fields of an interlaced one."""
    sizes = [(640, 480), (320, 240), (640, 480), (480, 360)]
    with (
        pages(snap=Page(snapshot(size=sizes[0]), "image/jpeg")) as server,
        closing(SnapshotSource(server.address("/snap"), poll_s=0.05)) as source,
    ):
        parameters, packets = ClipParameters(source.video), source.packets()
        for nth, wanted in enumerate(sizes):
            server.pages["/snap"] = Page(snapshot(size=wanted), "image/jpeg")
            _earlier, *taken = islice(packets, 4)
            path = tmp_path / f"{nth}.mp4"
            write_clip(path, parameters.of(taken), None, taken)
            with av.open(path) as clip:
                assert [(frame.width, frame.height) for frame in clip.decode(video=0)] == [wanted] * 3
            assert size(path) == wanted


def test_a_stream_that_goes_on_with_another_codec_ends_without_an_error(tmp_path: Path) -> None:
    first = stream(tmp_path / "first", "flv", "libx264", [LARGE]).read_bytes()
    other = stream(tmp_path / "other", "flv", "libx265", [LARGE]).read_bytes()
    (tmp_path / "film").write_bytes(first + other[_HEADER_BYTES["flv"] :])
    with AvSource(str(tmp_path / "film")) as source:
        clips = BufferClips(source, tmp_path / "clips", 10.0)
        windows = list(Capture(source, "film", WindowSettings(), clips, None).windows())
    (clip,) = [window.clip.path for window in windows if isinstance(window, Window) and window.clip]
    assert probe(clip).video_codec == "h264"
    verify(clip)
