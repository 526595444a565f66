"""A scripted RTSP camera, run by the system's Python, which has GStreamer's RTSP server.

Access units are played from a folder that ``tests.kit.films.footage`` has written, each at its own time,
round and round; faults are commanded over stdin, a JSON object a line, each answered by a line.
Arguments: a JSON object, see ``main``. The first line on stdout is the port, and the
monotonic time (us) from which the times of units are counted.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402  # versions come first

_VIDEO = {
    "h264": "video/x-h264,stream-format=byte-stream,alignment=au ! rtph264pay config-interval=-1 mtu=1400",
    "hevc": "video/x-h265,stream-format=byte-stream,alignment=au ! rtph265pay config-interval=-1 mtu=1400",
}
_AUDIO = {
    "aac": "audio/mpeg,mpegversion=4,stream-format=raw,rate=16000,channels=1,codec_data=(buffer)1408"
    " ! rtpmp4gpay",
    "pcma": "audio/x-alaw,rate=8000,channels=1 ! rtppcmapay",
}
# The payloader's packets come out, are spoilt as requested, and go into what looks like a payloader.
_TRACK = (
    "appsrc name={name} is-live=true format=time max-bytes=8000000 ! {payloaded} pt=9{n}"
    " ! appsink name=raw{n} emit-signals=true sync=false async=false"
    " appsrc name=pay{n} is-live=true format=time max-bytes=8000000"
)
_NEEDED = ("appsrc", "appsink", "rtph264pay", "rtpbin", "udpsink", "qtdemux", "h264parse")
_TICK_MS = 10
_BEGUN_US = GLib.get_monotonic_time()


def _now_s() -> float:
    """Since the program's start."""
    return float(GLib.get_monotonic_time() - _BEGUN_US) / 1e6


class Track:
    """One elementary stream in a loop: its units, their times, and how long a round takes."""

    def __init__(self, folder: Path, name: str, round_s: float) -> None:
        self._data = (folder / f"{name}.bin").read_bytes()
        self._index: list[list[Any]] = json.loads((folder / f"{name}.json").read_text())
        self._round_s = round_s
        self._next = 0

    def start_at(self, at_s: float) -> None:
        """Begin with the first keyframe that is due by then or later."""
        self._next = int(at_s / self._round_s) * len(self._index)
        while self.due_s() < at_s or not self._index[self._next % len(self._index)][3]:
            self._next += 1

    def due_s(self) -> float:
        """When the next unit is due, counted from the program's start."""
        turn, place = divmod(self._next, len(self._index))
        return float(turn * self._round_s + self._index[place][0])

    def take(self) -> tuple[bytes, float]:
        """The next unit and its duration in seconds."""
        _, start, size, _, duration_s = self._index[self._next % len(self._index)]
        self._next += 1
        return self._data[start : start + size], duration_s


class Faults:
    """What is wrong at the moment with all that a server plays.

    ``silent``: nothing is sent. ``garbage``: share of the units whose bytes are spoilt. ``flipped``: share
    of those in whose middle a single bit is. ``lost``: share of the RTP packets dropped. ``offset_s``: added
    to the timestamps. ``footage``: which folder is played.
    """

    def __init__(self) -> None:
        self.silent = False
        self.garbage = 0.0
        self.flipped = 0.0
        self.lost = 0.0
        self.offset_s = 0.0
        self.footage = 0
        self.random = random.Random(1)  # noqa: S311  # a fault that can be had again


class Player:
    """Feeds one client's (or one shared) media from the footage, in step with the clock.

    All players show the same moment of their footage at the same time, as one camera's streams do.
    """

    def __init__(self, media: GstRtspServer.RTSPMedia, folders: list[Path], faults: Faults) -> None:
        self._element = media.get_element()
        self._folders = folders
        self._faults = faults
        self._sources = {name: self._element.get_by_name(name) for name in ("video", "audio")}
        self._started_s = _now_s()
        self._footage = -1
        self._tracks: dict[str, Track] = {}
        for number in (0, 1):
            payloader = self._element.get_by_name(f"raw{number}")
            if payloader is not None:
                payloader.connect("new-sample", self._relay, self._element.get_by_name(f"pay{number}"))
        self._timer = GLib.timeout_add(_TICK_MS, self._tick)
        media.connect("unprepared", lambda _: GLib.source_remove(self._timer))

    def _relay(self, payloaded: Gst.Element, out: Gst.Element) -> Gst.FlowReturn:
        """Pass an RTP packet on, unless it is lost, with the time that it is to carry."""
        sample = payloaded.emit("pull-sample")
        if self._faults.lost and self._faults.random.random() < self._faults.lost:
            return Gst.FlowReturn.OK
        buffer = sample.get_buffer()
        data = bytearray(buffer.extract_dup(0, buffer.get_size()))
        rate = sample.get_caps().get_structure(0).get_int("clock-rate")[1]
        at = int.from_bytes(data[4:8], "big") + int(self._faults.offset_s * rate)
        data[4:8] = (at % (1 << 32)).to_bytes(4, "big")  # RFC 3550, 5.1
        told = Gst.Buffer.new_wrapped(bytes(data))
        told.pts, told.dts, told.duration = buffer.pts, buffer.dts, buffer.duration
        if out.get_property("caps") is None:
            out.set_property("caps", sample.get_caps())
        return out.emit("push-buffer", told)

    def _tick(self) -> bool:
        now_s = _now_s()
        if self._footage != self._faults.footage:
            self._take_up(self._folders[self._faults.footage], now_s)
        for name, track in self._tracks.items():
            while track.due_s() <= now_s:
                self._send(self._sources[name], track)
        return True

    def _take_up(self, folder: Path, now_s: float) -> None:
        about = json.loads((folder / "about.json").read_text())
        self._footage = self._faults.footage
        self._tracks = {
            name: Track(folder, name, about["round_s"])
            for name, source in self._sources.items()
            if source is not None
        }
        for track in self._tracks.values():
            track.start_at(now_s)

    def _send(self, source: Gst.Element, track: Track) -> None:
        due_s = track.due_s()
        data, duration_s = track.take()
        if self._faults.silent:
            return
        if self._faults.garbage and self._faults.random.random() < self._faults.garbage:
            data = self._spoilt(data)
        if self._faults.flipped and self._faults.random.random() < self._faults.flipped:
            data = self._flipped(data)
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.pts = buffer.dts = int((due_s - self._started_s) * Gst.SECOND)
        buffer.duration = int(duration_s * Gst.SECOND)
        source.emit("push-buffer", buffer)

    def _flipped(self, data: bytes) -> bytes:
        """One bit in the middle half of the unit is wrong: within a slice."""
        at = self._faults.random.randrange(len(data) // 4, 3 * len(data) // 4 + 1)
        return data[:at] + bytes([data[at] ^ 1 << self._faults.random.randrange(8)]) + data[at + 1 :]

    def _spoilt(self, data: bytes) -> bytes:
        """Random bytes in place of most of the unit; its first start code and NAL header stay."""
        keep = min(8, len(data))
        return data[:keep] + bytes(b or 1 for b in self._faults.random.randbytes(len(data) - keep))


def _factory(folders: list[Path], faults: Faults) -> GstRtspServer.RTSPMediaFactory:
    """Make the media of one mount, one for all its clients."""
    about = json.loads((folders[0] / "about.json").read_text())
    tracks = {"video": _VIDEO[about["video"]]}
    if about["audio"]:
        tracks["audio"] = _AUDIO[about["audio"]]
    launch = (_TRACK.format(n=n, name=name, payloaded=it) for n, (name, it) in enumerate(tracks.items()))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {' '.join(launch)} )")
    factory.set_shared(True)
    factory.set_suspend_mode(GstRtspServer.RTSPSuspendMode.NONE)
    factory.connect("media-configure", lambda _, media: Player(media, folders, faults))
    return factory


def _film_factory(film: Path) -> GstRtspServer.RTSPMediaFactory:
    """Make the media of a mount that plays an MP4 file to each client; its SDP names the file's duration."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f'( filesrc location="{film}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )'
    )
    return factory


def _allow(server: GstRtspServer.RTSPServer, user: str, password: str) -> None:
    """Ask for a user and a password, by digest."""
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)


def _obey(channel: GLib.IOChannel, _condition: GLib.IOCondition, faults: Faults, loop: GLib.MainLoop) -> bool:
    line = channel.readline()
    if not line:
        loop.quit()
        return False
    for name, value in json.loads(line).items():
        setattr(faults, name, value)
    sys.stdout.write("done\n")
    sys.stdout.flush()
    return True


def main() -> None:
    """Serve until stdin ends; with ``--check`` only return, as the exit code, whether it could.

    Takes ``{"mounts": {"/path": [folder, ...]}, "port": 0, "user": null, "password": null}``; with a user,
    every mount asks for it. The first folder of a mount is played until ``footage`` says otherwise.
    An MP4 file in place of folders is played to each client from its start, and no fault touches it.
    """
    Gst.init(None)
    if sys.argv[1] == "--check":
        sys.exit(0 if all(map(Gst.ElementFactory.find, _NEEDED)) else 1)
    asked = json.loads(sys.argv[1])
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(asked.get("port", 0)))
    server.get_thread_pool().set_max_threads(16)  # with one, cameras would be opened one after the other
    faults = Faults()
    if asked.get("user"):
        _allow(server, asked["user"], asked["password"])
    for mount, folders in asked["mounts"].items():
        first = Path(folders[0])
        factory = _film_factory(first) if first.is_file() else _factory([Path(it) for it in folders], faults)
        permissions = GstRtspServer.RTSPPermissions()
        for permission in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role("viewer", permission, True)
        factory.set_permissions(permissions)
        server.get_mount_points().add_factory(mount, factory)
    server.attach(None)
    loop = GLib.MainLoop()
    channel = GLib.IOChannel.unix_new(sys.stdin.fileno())
    GLib.io_add_watch(
        channel, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, _obey, faults, loop
    )
    sys.stdout.write(f"{server.get_bound_port()} {_BEGUN_US}\n")
    sys.stdout.flush()
    loop.run()


if __name__ == "__main__":
    main()
