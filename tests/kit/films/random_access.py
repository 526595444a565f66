"""Films whose random access is unusual: intra refresh, open groups, recovery points, no key flags."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
from av.packet import Packet
from av.stream import Stream

from tests.kit.films.numbered import film

FPS = 12
_X265 = "log-level=none:repeat-headers=1"
REFRESH: Mapping[str, Any] = {
    "options": {"preset": "veryfast", "x264-params": "intra-refresh=1:keyint=36:bframes=0"},
}
"""H.264 as some cameras send it: one IDR, then recovery points each 3 s that need 11 more frames."""

# Whole pictures are refreshed within ``keyint`` frames by x265; it writes no message that says so.
_HEVC_REFRESH_FRAMES = 24
_HEVC_REFRESH: Mapping[str, Any] = {
    "codec": "libx265",
    "options": {
        "preset": "ultrafast",
        "x265-params": f"intra-refresh=1:keyint={_HEVC_REFRESH_FRAMES}:bframes=0:{_X265}",
    },
}
OPEN: Mapping[str, Mapping[str, Any]] = {
    "H.264 open GOP": {
        "options": {"preset": "veryfast", "x264-params": "open-gop=1:keyint=24:min-keyint=24:bframes=3"},
    },
    "HEVC with CRA": {
        "codec": "libx265",
        "options": {
            "preset": "ultrafast",
            "x265-params": f"open-gop=1:keyint=24:min-keyint=24:bframes=4:{_X265}",
        },
    },
    "MPEG-2 open GOP": {"codec": "mpeg2video", "options": {"bf": "2"}, "gop": 12, "fps": 25},
}
UNFLAGGED: Mapping[str, Mapping[str, Any]] = {
    "MPEG-4": {"codec": "mpeg4", "options": {}},
    "MS-MPEG-4 v2": {"codec": "msmpeg4v2", "options": {}},
    "DivX 3": {"codec": "msmpeg4", "options": {}},
    "WMV 1": {"codec": "wmv1", "options": {}},
    "MPEG-2": {"codec": "mpeg2video", "options": {}},
    "H.264": {"codec": "libx264", "options": {"preset": "ultrafast", "bf": "0"}},
    "MJPEG": {"codec": "mjpeg", "options": {}, "pixel_format": "yuvj420p"},
    "Huffyuv": {"codec": "huffyuv", "options": {}, "pixel_format": "yuv422p"},
    "raw": {"codec": "rawvideo", "options": {}},
}
"""Films for AVI files that ``without_keys`` can change."""


def refreshed(path: Path, codec: str, **form: Any) -> Path:
    """A numbered film of 12 frames a second with an intra refresh; ``codec`` is ``h264`` or ``hevc``."""
    if codec == "h264":
        return film(path, **{"fps": FPS, "gop": 300, **REFRESH, **form})
    plain = film(path.with_name(f"{path.name}.plain"), **{"fps": FPS, "gop": 300, **_HEVC_REFRESH, **form})
    return _with_recovery_points(plain, path, form.get("container", "mp4"))


def _with_recovery_points(source: Path, path: Path, container: str) -> Path:
    """A copy whose refreshes begin with the message that hardware encoders write."""
    with av.open(str(source)) as given, av.open(str(path), "w", format=container) as out:
        tracks = {stream.index: out.add_stream_from_template(stream) for stream in given.streams}
        pictures = 0
        for packet in given.demux():
            if not packet.size:
                continue
            data = bytes(packet)
            if packet.stream.type == "video":
                if pictures and pictures % _HEVC_REFRESH_FRAMES == 0:
                    data = _before_slice(data, _recovery_point(_HEVC_REFRESH_FRAMES))
                pictures += 1
            out.mux(_like(packet, data, tracks[packet.stream_index]))
    return path


def _like(packet: Packet[Stream], data: bytes, track: Stream) -> Packet[Stream]:
    copy: Packet[Stream] = Packet(data)
    copy.stream, copy.time_base = track, packet.time_base
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.is_keyframe = packet.is_keyframe
    return copy


def _before_slice(data: bytes, unit: bytes) -> bytes:
    """An HEVC packet, with start codes or lengths, with one more NAL unit before its TRAIL_R slice."""
    slice_start = b"\0\0\1\x02\x01"
    if data.startswith((b"\0\0\1", b"\0\0\0\1")):
        at = data.index(slice_start)
        return data[:at] + b"\0\0\1" + unit + data[at:]
    at = 0
    while data[at + 4] >> 1 & 63 != 1:
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return data[:at] + len(unit).to_bytes(4, "big") + unit + data[at:]


def _recovery_point(frames: int) -> bytes:
    """A prefix SEI NAL unit with recovery_poc_cnt as se(v), exact_match and broken_link."""
    code = f"{2 * frames:b}"
    bits = "0" * (len(code) - 1) + code + "10" + "1"
    bits += "0" * (-len(bits) % 8)
    payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([39 << 1, 1, 6, len(payload)]) + payload + b"\x80"


def without_keys(avi: Path, *, but_first: bool = False) -> Path:
    """The AVI file, its index changed in place: no frame is marked as key, or only the first one."""
    data = bytearray(avi.read_bytes())
    start = data.rindex(b"idx1")
    (size,) = struct.unpack_from("<I", data, start + 4)
    entries = range(start + 8, start + 8 + size, 16)
    pictures = [at for at in entries if bytes(data[at + 2 : at + 4]) in {b"dc", b"db"}]
    for at in pictures[1 if but_first else 0 :]:
        (flags,) = struct.unpack_from("<I", data, at + 4)
        struct.pack_into("<I", data, at + 4, flags & ~0x10)  # AVIIF_KEYFRAME
    avi.write_bytes(data)
    return avi


def together(path: Path, *films: Path, defaults: tuple[bool, ...] = (), container: str = "mp4") -> Path:
    """One file with the first video track of each film; ``defaults`` marks the default tracks."""
    with av.open(str(path), "w", format=container) as out:
        sources = [av.open(str(source)) for source in films]
        tracks = [out.add_stream_from_template(source.streams.video[0]) for source in sources]
        for track, is_default in zip(tracks, defaults, strict=False):
            track.disposition = av.stream.Disposition.default if is_default else av.stream.Disposition(0)
        for source, track in zip(sources, tracks, strict=True):
            for packet in source.demux(source.streams[0]):
                if packet.size:
                    out.mux(_like(packet, bytes(packet), track))
            source.close()
    return path
