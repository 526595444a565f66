"""Sources: their properties, their packets, and how they fail."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import numpy as np
import pytest

from stream.av_source import AvSource
from stream.source import SourceError, SourceInfo
from tests.kit.cameras.pages import Page, pages
from tests.kit.films.scene import scene


@contextmanager
def unprivileged() -> Iterator[None]:
    """Give up root's rights while the block runs."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def info_of(path: Path) -> SourceInfo:
    with closing(AvSource(str(path))) as source:
        return source.info


def failure(address: str | Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        AvSource(str(address))
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_drawn_camera_is_a_source_that_is_not_live() -> None:
    with closing(AvSource("synthetic://street?seed=1&size=320x180")) as source:
        assert not source.info.live
        assert source.info.file is None
        assert next(source.packets()).size


def test_a_file_has_its_codec_size_rate_and_length(tmp_path: Path) -> None:
    info = info_of(scene(tmp_path / "film.mp4", seconds=3, fps=20, size=(64, 48)))
    assert (info.codec, info.width_px, info.height_px, info.fps) == ("h264", 64, 48, 20.0)
    assert info.duration_s == pytest.approx(3.0)
    assert info.end_s == pytest.approx(3.0)
    assert not info.live


def test_a_file_with_an_index_is_looked_up_again_and_a_transport_stream_is_not(tmp_path: Path) -> None:
    for ending in ("mp4", "mkv", "avi"):
        film = scene(tmp_path / f"film.{ending}", seconds=1)
        assert info_of(film).file == film
    assert info_of(scene(tmp_path / "film.ts", seconds=1)).file is None


def test_what_mp4_cannot_hold_is_looked_up_in_its_file(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.gif", seconds=1, codec="gif", pixel_format="rgb8")
    assert info_of(film).file == film


@pytest.mark.parametrize(
    ("name", "start_s", "sound_s", "end_s"),
    [
        ("plain.mp4", 0.0, None, 2.0),
        ("late.mp4", 36_000.0, None, 36_002.0),
        ("late.mkv", 36_000.0, None, 36_002.0),
        ("late.ts", 36_000.0, None, 36_002.0),
        ("long sound.mp4", 0.0, 5.0, 2.0),
        ("long sound.mkv", 0.0, 5.0, 2.0),
        ("plain.avi", 0.0, None, 2.0),
    ],
)
def test_the_end_is_the_pictures_end_in_stream_time(
    tmp_path: Path, name: str, start_s: float, sound_s: float | None, end_s: float
) -> None:
    sound = None if sound_s is None else "aac"
    film = scene(tmp_path / name, seconds=2, start_s=start_s, sound=sound, sound_s=sound_s)
    assert info_of(film).end_s == pytest.approx(end_s, abs=0.11)


def test_an_avi_cut_off_has_the_length_of_its_header(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.avi", seconds=10, codec="mjpeg", pixel_format="yuvj420p")
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    assert info_of(film).end_s == pytest.approx(10.0)


def test_the_recorded_time_is_the_first_frames_time(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    scene(tmp_path / "bare.mp4", seconds=1)
    with av.open(tmp_path / "bare.mp4") as source, av.open(film, "w") as out:
        out.metadata["creation_time"] = "2024-05-06T07:08:09Z"
        track = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)
    assert info_of(film).start_utc == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_without_a_recorded_time_the_file_has_ended_when_it_changed_last(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=4)
    changed = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    os.utime(film, (changed.timestamp(), changed.timestamp()))
    assert info_of(film).start_utc == changed - timedelta(seconds=4)


def test_a_file_address_is_a_file(tmp_path: Path) -> None:
    film = scene(tmp_path / "a b.mp4", seconds=1)
    with closing(AvSource(film.as_uri())) as source:
        assert source.info.file == film
        assert source.info.duration_s == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["a:b.mp4", "%d.mp4", "-x.mp4", "a b.mp4", "a\nb.mp4", "ü.mp4", "#?&.mp4"])
def test_no_name_is_taken_for_a_protocol_or_a_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    scene(tmp_path / "film.mp4", seconds=1).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with closing(AvSource(name)) as source:
        assert len(list(source.packets())) == 10


def test_a_name_that_is_no_utf_8_is_opened(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.mp4")
    try:
        scene(tmp_path / "film.mp4", seconds=1).rename(tmp_path / name)
    except OSError as error:
        pytest.skip(f"this file system wants UTF-8: {error}")
    assert info_of(tmp_path / name).codec == "h264"


def test_a_cover_picture_is_not_the_video(tmp_path: Path) -> None:
    song = tmp_path / "song.mka"
    with av.open(song, "w", format="matroska") as out:
        sound = out.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 16_000
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    assert failure(song).reason == "has no video stream"


def test_an_unknown_codec_is_named_as_one(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=1)
    data = bytearray(film.read_bytes())
    place = data.index(b"avc1", data.index(b"stsd"))
    data[place : place + 4] = b"zzzz"
    film.write_bytes(data)
    assert "cannot decode" in failure(film).reason


def test_sound_of_an_unknown_kind_is_left_out(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mkv", seconds=1, sound="aac")
    film.write_bytes(film.read_bytes().replace(b"A_AAC", b"A_ZZZ"))
    with closing(AvSource(str(film))) as source:
        assert source.audio is None


def test_a_missing_file_is_no_such_file(tmp_path: Path) -> None:
    error = failure(tmp_path / "none.mp4")
    assert error.reason == "no such file"
    assert not error.retryable


def test_bad_files_are_distinguished(tmp_path: Path) -> None:
    empty, text, noise = tmp_path / "empty.mp4", tmp_path / "text.txt", tmp_path / "noise.mp4"
    empty.touch()
    text.write_text("Not a video.\n" * 100)
    noise.write_bytes(bytes(range(1, 256)) * 40)
    assert failure(empty).reason == "the file is empty"
    assert failure(text).reason == "a text file, not a video"
    assert "not a video" in failure(noise).reason
    assert failure(tmp_path).reason == "a folder, not a video: name the files in it"
    assert failure("").reason == "not an address"
    assert failure("a\0b.mp4").reason == "not an address"


def test_an_mp4_cut_off_before_its_index_is_reported_as_such(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=2)
    film.write_bytes(film.read_bytes()[:-2000])
    assert "cut off before its index" in failure(film).reason


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=1)
    film.chmod(0)
    with unprivileged():
        assert failure(film).reason == "permission denied"


def test_a_device_that_is_no_camera_is_none() -> None:
    assert failure("/dev/zero").reason == "not a video device"
    assert failure("/dev/null").reason == "not a video device"


def test_a_pipe_is_read_while_it_is_written(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.ts", seconds=2)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    writer = threading.Thread(target=lambda: pipe.write_bytes(film.read_bytes()))
    writer.start()
    with closing(AvSource(str(pipe))) as source:
        assert len(list(source.packets())) == 20
        assert source.info.file is None
        assert source.info.duration_s is None
    writer.join()


def test_a_camera_that_is_down_may_come_back_and_its_password_stays_hidden() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    error = failure(f"rtsp://admin:geheim@127.0.0.1:{port}/main")
    assert error.reason == "connection refused"
    assert error.retryable
    assert "geheim" not in str(error)
    assert error.address == f"rtsp://***@127.0.0.1:{port}/main"


class _Refusing(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Log nothing."""


@pytest.fixture
def refusing() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://admin:geheim@127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_refused_password_is_final_and_an_absent_stream_is_not(refusing: str) -> None:
    wrong, forbidden, absent = (
        failure(f"{refusing}/401"),
        failure(f"{refusing}/403"),
        failure(f"{refusing}/404"),
    )
    assert (wrong.reason, wrong.retryable) == ("wrong user or password", False)
    assert (forbidden.reason, forbidden.retryable) == ("access is forbidden", False)
    assert (absent.reason, absent.retryable) == ("nothing is served at this address", True)
    assert "geheim" not in f"{wrong}{forbidden}{absent}"


@pytest.mark.parametrize("kind", ["http", "rtsp", "rtmp", "tcp"])
def test_an_unknown_host_name_is_named(kind: str) -> None:
    error = failure(f"{kind}://nobody.invalid:80/film.mp4?token=geheim")
    assert error.reason == "the host name nobody.invalid cannot be resolved"
    assert error.retryable
    assert "geheim" not in str(error)


def test_a_password_with_special_characters_need_not_be_encoded(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    film = scene(tmp_path_factory.mktemp("film") / "film.ts", seconds=1)
    with pages(film_ts=Page(film.read_bytes())) as server:
        server.password = "p@ss#wo/rd?1"  # noqa: S105  # a test's
        with AvSource(server.address("/film.ts", f"admin:{server.password}@")) as source:
            assert source.info.codec == "h264"
        with AvSource(server.address("/film.ts", "admin:p%40ss%23wo%2Frd%3F1@")) as source:
            assert source.info.codec == "h264"
