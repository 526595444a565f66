"""Video and sound for viewers: what they begin with, and what a new timeline does."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest
from av.packet import Packet
from av.stream import Stream

from livereel.camera.view.channel import Channels
from livereel.camera.view.packets import PacketView
from sinks.live_view import HEAD_BYTES, ViewKind
from stream.av_source import AvSource
from tests.kit.films.numbered import film, number_of
from tests.kit.program.live_run import LONG_S

FPS, GOP = 10, 5
LOW_DELAY = {"preset": "ultrafast", "tune": "zerolatency"}


@dataclass
class Watcher:
    """The main process's end of a channel."""

    connection: socket.socket
    unread: bytes = b""

    def next(self) -> tuple[str, bytes]:
        head = self._take(HEAD_BYTES)
        return chr(head[0]), self._take(int.from_bytes(head[1:], "big"))

    def start(self) -> tuple[dict[str, Any], bytes]:
        """The next message, with which a track begins: what it says, and its header."""
        tag, content = self.next()
        assert tag == "S"
        about, _, header = content.partition(b"\n")
        return json.loads(about), header

    def _take(self, size: int) -> bytes:
        while len(self.unread) < size:
            chunk = self.connection.recv(1 << 16)
            assert chunk, "the channel has ended"
            self.unread += chunk
        taken, self.unread = self.unread[:size], self.unread[size:]
        return taken


@dataclass
class Camera:
    """A source whose packets are pushed one by one."""

    source: AvSource
    packets: list[Packet[Stream]]
    channels: Channels = field(default_factory=Channels)
    view: PacketView = field(init=False)
    watchers: list[Watcher] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.view = PacketView(self.channels, self.source)

    def push(self, frames: slice) -> None:
        """Push so many frames of the film, with the sound between them."""
        video = [nth for nth, packet in enumerate(self.packets) if packet.stream.type == "video"]
        chosen = video[frames]
        for packet in self.packets[chosen[0] : chosen[-1] + 1]:
            self.view.push(packet)

    def watch(self, kind: ViewKind) -> Watcher:
        ours, theirs = socket.socketpair()
        ours.settimeout(LONG_S)
        self.channels.open(kind, theirs)
        self.watchers.append(Watcher(ours))
        return self.watchers[-1]

    def close(self) -> None:
        for watcher in self.watchers:
            watcher.connection.close()
        for channel in map(self.channels.get, ViewKind):
            if channel is not None:
                channel.close()


def opened(path: Path) -> Iterator[Camera]:
    with AvSource(str(path)) as source:
        camera = Camera(source, list(source.packets()))
        yield camera
        camera.close()


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    """Two seconds with sound, a key packet each half second."""
    path = film(
        tmp_path / "film.mov", seconds=2.0, fps=FPS, gop=GOP, container="mov", options=LOW_DELAY,
        sound="pcm_alaw", rate_hz=8000, layout="mono",
    )  # fmt: skip
    yield from opened(path)


def first_number(header: bytes, fragment: bytes) -> int:
    with av.open(io.BytesIO(header + fragment), "r") as container:
        return number_of(next(container.decode(video=0)).to_ndarray(format="rgb24"))


def test_a_viewer_begins_with_the_newest_group_of_pictures(camera: Camera) -> None:
    camera.push(slice(0, 8))
    watcher = camera.watch(ViewKind.VIDEO)
    camera.push(slice(8, 10))
    about, header = watcher.start()
    assert (about["track"], about["sound"]) == ("video", "pcm_alaw")
    assert about["mime"].startswith('video/mp4; codecs="avc1.')
    tag, fragment = watcher.next()
    assert (tag, first_number(header, fragment)) == ("K", GOP)
    assert [watcher.next()[0] for _ in range(3)] == ["V", "V", "V"], "frames 6, 7 and 8; 9 waits for the next"


def test_sound_is_of_the_same_run(camera: Camera) -> None:
    video, sound = camera.watch(ViewKind.VIDEO), camera.watch(ViewKind.SOUND)
    camera.push(slice(0, 20))
    assert video.start()[0]["run"] == 1
    about, header = sound.start()
    assert (about["track"], about["run"]) == ("sound", 1)
    tag, fragment = sound.next()
    assert tag == "A"
    with av.open(io.BytesIO(header + fragment), "r") as container:
        assert next(container.decode(audio=0)).time == pytest.approx(0.0, abs=0.1)


def test_timestamps_that_start_over_begin_another_run(camera: Camera) -> None:
    watcher = camera.watch(ViewKind.VIDEO)
    sound = camera.watch(ViewKind.SOUND)
    camera.push(slice(0, 20))
    camera.push(slice(0, 10))
    assert watcher.start()[0]["run"] == 1
    assert [watcher.next()[0] for _ in range(19)].count("K") == 4
    about, header = watcher.start()
    assert about["run"] == 2
    tag, fragment = watcher.next()
    assert (tag, first_number(header, fragment)) == ("K", 0)
    assert sound.start()[0]["run"] == 1
    while (message := sound.next())[0] == "A":
        pass
    assert json.loads(message[1].partition(b"\n")[0])["run"] == 2


def test_a_codec_without_fragments_is_named_as_such(tmp_path: Path) -> None:
    path = film(
        tmp_path / "film.avi",
        seconds=0.5,
        fps=FPS,
        codec="mjpeg",
        container="avi",
        pixel_format="yuvj420p",
        options={},
    )
    for camera in opened(path):
        watcher = camera.watch(ViewKind.VIDEO)
        camera.push(slice(0, 3))
        assert watcher.start() == ({"track": "video", "run": 0, "mime": None, "sound": None}, b"")
