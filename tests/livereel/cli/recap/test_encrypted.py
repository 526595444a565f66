"""Encrypted films: one line that says so, for whatever kind; and pictures of noise are no story."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from base.clock import parse_utc
from stream.codec.encryption import needs_key
from tests.kit.cameras.pages import Page, pages
from tests.kit.films import encrypted
from tests.kit.films.scene import scene
from tests.kit.program.command_line import CommandLine


@pytest.mark.parametrize("command", ["scan", "recap"])
@pytest.mark.parametrize("make", encrypted.KINDS)
def test_a_film_without_its_key_is_one_line(
    livereel: CommandLine, make: Callable[[Path], Path], command: str, tmp_path: Path
) -> None:
    film = make(tmp_path)
    out = ("--out", tmp_path / "reel") if command == "recap" else ()
    ended = livereel(command, film, *out)
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith(f"livereel: {film}: encrypted")
    assert not ended.out
    assert not (tmp_path / "reel").exists()


@pytest.mark.parametrize("make", encrypted.SINGLE_FILES)
def test_a_served_film_without_its_key_is_one_line(
    livereel: CommandLine, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    film = make(tmp_path)
    with pages() as server:
        server.pages[f"/{film.name}"] = Page(film.read_bytes())
        address = server.address(f"/{film.name}")
        assert livereel.failure("scan", address) == f"{address}: encrypted, and livereel has no key"


def test_pictures_of_noise_are_no_story(livereel: CommandLine, tmp_path: Path) -> None:
    """Nothing says that they are encrypted, but a decoder marks nearly all of them."""
    plain, film = tmp_path / "plain.mp4", tmp_path / "film.mp4"
    scene(plain, seconds=8, events=[(2, 6)], fps=25, gop=25, options=BUSY)
    garbled(plain, film, 0.0, 8.0)
    ended = livereel("recap", film, "--out", tmp_path / "reel")
    assert (ended.code, ended.out) == (1, "")
    *warnings, failure = ended.err.splitlines()
    assert all(line.startswith("livereel: warning: ") for line in warnings), warnings
    assert any("damaged packets" in line for line in warnings)
    assert not failure.startswith("livereel: warning: ")
    assert not (tmp_path / "reel").exists()


def test_pictures_that_are_broken_for_seconds_are_a_gap(livereel: CommandLine, tmp_path: Path) -> None:
    """Nothing moves but the noise that the damage makes, from 4 s to 8 s and up to the next key picture."""
    plain, film = tmp_path / "plain.mp4", tmp_path / "film.mp4"
    scene(plain, seconds=14, events=[(11, 13)], fps=25, gop=250, options=BUSY)
    garbled(plain, film, 4.0, 8.0)
    rows = [json.loads(line) for line in livereel("scan", film, "--json").out.splitlines()]
    (gap,) = [row for row in rows if row.get("kind") == "gap"]
    assert gap["reason"] == "unreadable"
    window = next(row for row in rows if "index" in row)
    assert seconds_between(window, gap["start_utc"]) == pytest.approx(4.0, abs=1.0)
    assert seconds_between(window, gap["end_utc"]) == pytest.approx(10.0, abs=0.2)
    seen = [keyframe["pts_s"] for row in rows if "keyframes" in row for keyframe in row["keyframes"]]
    assert seen
    assert all(10.9 <= at_s <= 13.3 for at_s in seen)


BUSY = {"preset": "ultrafast", "x264-params": "scenecut=0"}


def garbled(source: Path, target: Path, from_s: float, to_s: float) -> None:
    """Copy a film; of each frame from one time to another a third of the bytes are noise."""
    rng = random.Random(1)  # noqa: S311  # no secret hangs on it
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        video = read.streams.video[0]
        track = written.add_stream_from_template(video, opaque=True)
        for packet in read.demux(video):
            if packet.pts is None:
                continue
            data = bytearray(bytes(packet))
            if from_s <= float(packet.pts * packet.time_base) < to_s:
                for at in range(12, len(data) - 4, 12):
                    data[at : at + 4] = rng.randbytes(4)
            written.mux(copied(Packet(bytes(data)), track, packet))


def copied(data: Packet[Stream], track: Stream, packet: Packet[VideoStream]) -> Packet[Stream]:
    data.stream, data.time_base, data.is_keyframe = track, packet.time_base, packet.is_keyframe
    data.pts, data.dts, data.duration = packet.pts, packet.dts, packet.duration
    return data


def seconds_between(row: dict[str, str], at_utc: str) -> float:
    return (parse_utc(at_utc) - parse_utc(row["start_utc"])).total_seconds()


@pytest.mark.parametrize("name", ["key.bin", "film.key", "key"])
def test_a_playlist_whose_key_is_there_is_read(livereel: CommandLine, name: str, tmp_path: Path) -> None:
    playlist = encrypted.hls_key_gone(tmp_path)
    (tmp_path / "key.bin").rename(tmp_path / name)
    playlist.write_text(playlist.read_text().replace("gone.bin", name))
    assert needs_key(str(playlist))
    assert "keyframes" in livereel("scan", playlist).out


def test_a_playlist_that_is_encrypted_further_on_says_so(livereel: CommandLine, tmp_path: Path) -> None:
    playlist = encrypted.hls_key_gone(tmp_path)
    clear = scene(tmp_path / "clear.ts", seconds=1, events=())
    key, segment = '#EXT-X-KEY:METHOD=AES-128,URI="gone.bin"', f"#EXTINF:1.0,\n{clear.name}\n"
    head, _, rest = playlist.read_text().partition(key)
    playlist.write_text(f"{head}{segment}{key}{rest}")
    ended = livereel("scan", playlist)
    assert ended.err == "livereel: warning: a part of it is encrypted, and its key is missing or wrong\n"
    assert "-0:05.0  not observed (unreadable)" in ended.out


@pytest.mark.parametrize("make", [encrypted.scrambled, encrypted.mpeg4, encrypted.fragments_of_no_use])
def test_so_is_one_that_a_server_has(
    livereel: CommandLine, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    film = make(tmp_path)
    with pages(film=Page(film.read_bytes())) as server:
        address = server.address("/film")
        ended = livereel("scan", address)
    assert (ended.code, ended.err) == (1, f"livereel: {address}: encrypted, and livereel has no key\n")


def test_a_film_of_the_itunes_store_is_encrypted(livereel: CommandLine, tmp_path: Path) -> None:
    film = scene(tmp_path / "film.m4v", seconds=1)
    data = film.read_bytes()
    entry = data.index(b"avc1", data.index(b"stsd"))
    film.write_bytes(data[:entry] + b"drmi" + data[entry + 4 :])
    ended = livereel("scan", film)
    assert (ended.code, ended.err) == (1, f"livereel: {film}: encrypted, and livereel has no key\n")


def test_a_playlist_that_cannot_be_read_wants_no_key(tmp_path: Path) -> None:
    assert not needs_key(str(tmp_path / "nothing.m3u8"))
    assert not needs_key(str(scene(tmp_path / "film.ts", seconds=1)))
