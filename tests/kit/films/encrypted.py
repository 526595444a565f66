"""Encrypted films of each kind, by name; none of them comes with its key."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.kit.films.numbered import ffmpeg
from tests.kit.films.scene import scene

_KEY = "00112233445566778899aabbccddeeff"
_TS = 188
_PMT_PID, _VIDEO_PID = 0x1000, 0x100  # as FFmpeg's muxer gives them


def common_encryption(folder: Path) -> Path:
    """MP4, CENC: each NAL unit's head is clear."""
    return _cenc(folder, "film.mp4")


def fragments(folder: Path) -> Path:
    """The same in fragments, as DASH has it."""
    return _cenc(folder, "fragments.mp4", "-movflags", "frag_keyframe+empty_moov")


def mpeg4(folder: Path) -> Path:
    """MP4 of MPEG-4 part 2, of which not even the size can be read."""
    return _cenc(folder, "film.mp4", "-c:v", "mpeg4")


def fragments_of_no_use(folder: Path) -> Path:
    """Fragments without the length of the cipher's data: FFmpeg refuses them."""
    film = fragments(folder)
    film.write_bytes(film.read_bytes().replace(b"saiz", b"free"))
    return film


def hls_key_gone(folder: Path) -> Path:
    """HLS, AES-128, whose key file is not there."""
    return _hls(folder, 'METHOD=AES-128,URI="gone.bin"')


def hls_sample_aes(folder: Path) -> Path:
    """HLS, SAMPLE-AES, whose key only Apple's players get."""
    return _hls(folder, 'METHOD=SAMPLE-AES,URI="skd://key",KEYFORMAT="com.apple.streamingkeydelivery"')


def hls_master(folder: Path) -> Path:
    """A master playlist that names such a playlist."""
    named = hls_key_gone(folder)
    master = folder / "master.m3u8"
    master.write_text(f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\n{named.name}\n")
    return master


def sample_aes_segment(folder: Path) -> Path:
    """A segment of SAMPLE-AES on its own; some of the pictures' bytes are encrypted."""
    plain, film = folder / "plain.ts", folder / "film.ts"
    source = "testsrc2=s=320x240:r=25:d=4"
    said = ffmpeg("-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-g", "25", str(plain))
    assert not said, said
    rng = random.Random(1)  # noqa: S311  # no secret hangs on it
    packets = (_spoilt(packet, rng) for packet in _packets(plain.read_bytes()))
    film.write_bytes(b"".join(_declared(packet) for packet in packets))
    plain.unlink()
    return film


def scrambled(folder: Path) -> Path:
    """MPEG-TS with conditional access: the payload is scrambled and marked so."""
    film = scene(folder / "film.ts", seconds=4)
    rng = random.Random(1)  # noqa: S311  # no secret hangs on it
    packets = []
    for packet in _packets(film.read_bytes()):
        if _pid(packet) == _VIDEO_PID:
            head = bytearray(packet[: _start(packet)])
            head[3] |= 0x80
            packets.append(bytes(head) + rng.randbytes(_TS - len(head)))
        else:
            packets.append(packet)
    film.write_bytes(b"".join(packets))
    return film


def matroska(folder: Path) -> Path:
    """Matroska with an encrypted track: its frames are noise behind a signal byte."""
    plain = scene(folder / "plain.mkv", seconds=4)
    data = plain.read_bytes()
    plain.unlink()
    tracks = data.rindex(b"\x16\x54\xae\x6b")  # the list of places, before it, names it too
    entry = data.index(b"\xae\x01", tracks + 4)
    encryption = _element(b"\x47\xe1", b"\x05") + _element(b"\x47\xe2", b"0123456789abcdef")
    encoding = _element(b"\x50\x33", b"\x01") + _element(b"\x50\x35", encryption)
    added = _element(b"\x6d\x80", _element(b"\x62\x40", encoding))
    data = _grown(data, data.index(b"\x18\x53\x80\x67"), 4, len(added))
    data = _grown(data, tracks, 4, len(added))
    data = _grown(data, entry, 1, len(added))
    inside = entry + 1 + _length(data[entry + 1])
    film = folder / "film.mkv"
    film.write_bytes(data[:inside] + added + data[inside:])
    return film


SINGLE_FILES: tuple[Callable[[Path], Path], ...] = (
    common_encryption,
    fragments,
    mpeg4,
    fragments_of_no_use,
    sample_aes_segment,
    scrambled,
    matroska,
)
KINDS = (*SINGLE_FILES, hls_key_gone, hls_sample_aes, hls_master)


def _cenc(folder: Path, name: str, *options: str) -> Path:
    plain = scene(folder / "plain.mp4", seconds=4)
    said = ffmpeg(
        "-v", "error", "-i", str(plain), "-c", "copy", "-encryption_scheme", "cenc-aes-ctr",
        "-encryption_key", _KEY, "-encryption_kid", _KEY, *options, str(folder / name),
    )  # fmt: skip
    assert not said, said
    plain.unlink()
    return folder / name


def _hls(folder: Path, key: str) -> Path:
    plain = scene(folder / "plain.mp4", seconds=4)
    (folder / "key.bin").write_bytes(bytes.fromhex(_KEY))
    (folder / "key.txt").write_text(f"key.bin\n{folder / 'key.bin'}\n")
    playlist = folder / "film.m3u8"
    said = ffmpeg(
        "-v", "error", "-i", str(plain), "-c", "copy", "-hls_time", "1", "-hls_list_size", "0",
        "-hls_key_info_file", str(folder / "key.txt"), str(playlist),
    )  # fmt: skip
    assert not said, said
    playlist.write_text(playlist.read_text().replace('METHOD=AES-128,URI="key.bin"', key))
    return playlist


def _packets(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _TS] for at in range(0, len(data), _TS))


def _pid(packet: bytes) -> int:
    return (packet[1] & 31) << 8 | packet[2]


def _start(packet: bytes) -> int:
    """Where the payload begins."""
    return 4 + (1 + packet[4] if packet[3] & 0x20 else 0)


def _spoilt(packet: bytes, rng: random.Random) -> bytes:
    """Sixteen bytes of each 160 are noise, but for the packet in which a picture begins."""
    if _pid(packet) != _VIDEO_PID or packet[1] & 0x40:
        return packet
    spoilt = bytearray(packet)
    for at in range(_start(packet), _TS - 16, 160):
        spoilt[at : at + 16] = rng.randbytes(16)
    return bytes(spoilt)


def _declared(packet: bytes) -> bytes:
    """A programme map whose H.264 is of the type that SAMPLE-AES has; any other packet as it is."""
    if _pid(packet) != _PMT_PID:
        return packet
    table = bytearray(packet)
    at = _start(packet) + 1 + table[_start(packet)]
    end = at + 3 + ((table[at + 1] & 15) << 8 | table[at + 2])
    table[at + 12 + ((table[at + 10] & 15) << 8 | table[at + 11])] = 0xDB
    table[end - 4 : end] = struct.pack(">I", _crc(bytes(table[at : end - 4])))
    return bytes(table)


def _crc(data: bytes) -> int:
    """CRC-32 of MPEG-2 tables."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def _element(name: bytes, content: bytes) -> bytes:
    """An EBML element of less than 127 bytes."""
    return name + bytes([0x80 | len(content)]) + content


def _length(first: int) -> int:
    """How many bytes an EBML size takes that begins with this one."""
    return 9 - first.bit_length()


def _grown(data: bytes, at: int, name_bytes: int, by: int) -> bytes:
    """The data with the size of the element at this place raised; the number of its bytes must do."""
    begin = at + name_bytes
    length = _length(data[begin])
    size = int.from_bytes(data[begin : begin + length], "big") + by
    return data[:begin] + size.to_bytes(length, "big") + data[begin + length :]
