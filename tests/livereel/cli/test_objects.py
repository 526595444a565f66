"""``livereel scan`` and ``recap`` of objects: as of a file, by ranges, and cleanly where one changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.films.encrypted import common_encryption, fragments_of_no_use
from tests.kit.films.scene import scene
from tests.kit.program.command_line import CommandLine
from tests.kit.program.recap_folder import recapped
from tests.kit.store.buckets import KEY, SECRET, Bucket
from tests.kit.store.proxy import StoreProxy, store_proxy

SECONDS = 36.0
EVENTS = [(2.0, 4.0), (13.0, 15.0), (23.0, 25.0), (33.0, 35.0)]
# Filler makes each second a megabyte, of which hardly anything must be decoded.
RATE = "nal-hrd=cbr:bitrate=8000:vbv-maxrate=8000:vbv-bufsize=8000:filler=1"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same film of many blocks in containers with an index at the end, with none, and at its start."""
    folder = tmp_path_factory.mktemp("films")
    names = {"film.mp4": {}, "film.ts": {}, "fast.mp4": {"movflags": "faststart"}}
    return {name: _film(folder / name, muxer) for name, muxer in names.items()}


def _film(path: Path, muxer: dict[str, str]) -> Path:
    options = {"preset": "ultrafast", "x264-params": RATE}
    return scene(path, seconds=SECONDS, events=EVENTS, options=options, muxer=muxer, sound="aac")


@pytest.fixture
def proxy(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreProxy]:
    """A proxy before the server, which the environment points to."""
    with store_proxy(bucket.url) as it:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", it.url)
        yield it


@pytest.fixture
def proxied(bucket: Bucket, proxy: StoreProxy) -> tuple[Bucket, StoreProxy]:
    """A bucket, and the proxy before it."""
    return bucket, proxy


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where a recap goes."""
    return tmp_path / "reel"


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def without_names(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was seen, without what an upload changes: wall times, and the names made of them."""
    return [{k: v for k, v in row.items() if k not in {"id", "start_utc", "end_utc"}} for row in found]


@pytest.mark.parametrize("name", ["film.mp4", "film.ts", "fast.mp4"])
def test_an_object_is_scanned_as_a_file_is_and_read_once(
    livereel: CommandLine, films: dict[str, Path], bucket: Bucket, proxy: StoreProxy, name: str
) -> None:
    whole = livereel("scan", films[name], "--json")
    data = films[name].read_bytes()
    found = livereel("scan", bucket.put(name, data), "--json")
    assert (found.code, found.err) == (0, "")
    assert without_names(rows(found.out)) == without_names(rows(whole.out))
    assert len(rows(found.out)) == 4
    assert proxy.read_bytes < 1.1 * len(data)
    assert max(count for _, count in proxy.ranges) < len(data) / 4


def test_a_recap_of_an_object_is_made_while_it_is_read_once(
    livereel: CommandLine, films: dict[str, Path], bucket: Bucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    data = films["film.mp4"].read_bytes()
    address = bucket.put("match/dt=2026-11-27/film.mp4", data)
    ended = livereel("recap", address, "--out", tmp_path / "reel", "--log-level", "debug")
    assert ended.code == 0, ended
    made = recapped(tmp_path / "reel")
    assert len(made.chapters) >= 2
    assert proxy.read_bytes < 1.1 * len(data)
    texts = [
        path for path in (tmp_path / "reel").iterdir() if path.suffix in {".json", ".jsonl", ".html", ".md"}
    ]
    written = [path.read_text() for path in texts]
    assert len(written) >= 4
    for text in (*written, ended.out, ended.err):
        assert KEY not in text
        assert SECRET not in text


@pytest.mark.parametrize("name", ["film.mp4", "film.ts"])
def test_a_recap_of_a_part_reads_little_more_than_the_part(
    livereel: CommandLine, films: dict[str, Path], proxied: tuple[Bucket, StoreProxy], out: Path, name: str
) -> None:
    data = films[name].read_bytes()
    bucket, proxy = proxied
    ended = livereel("recap", bucket.put(name, data), "--from", "0:22", "--to", "0:26", "--out", out)
    assert ended.code == 0, ended
    (chapter,) = recapped(out).chapters
    assert chapter["start_s"] >= 22
    assert proxy.read_bytes < 0.6 * len(data)


def test_an_object_that_changes_while_it_is_read_fails_in_one_line_and_leaves_nothing(
    livereel: CommandLine, films: dict[str, Path], bucket: Bucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    data = films["film.mp4"].read_bytes()
    address = bucket.put("film.mp4", data)
    proxy.on_data = lambda number: bucket.put("film.mp4", data + b"more") if number == 6 else None
    said = livereel.failure("recap", address, "--out", tmp_path / "reel")
    assert said == f"{address}: it has changed while it was read"
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_slow_busy_and_cut_off_is_read_to_the_end(
    livereel: CommandLine, films: dict[str, Path], bucket: Bucket, proxy: StoreProxy
) -> None:
    data = films["film.mp4"].read_bytes()
    proxy.faults.extend(["none", "busy_503", "cut", "slow", "none", "hangs_up", "error_500"])
    found = livereel("scan", bucket.put("film.mp4", data), "--json")
    assert found.code == 0, found
    assert sum(len(row.get("peaks", ())) > 0 for row in rows(found.out)) == 4
    assert not proxy.faults


def test_what_cannot_be_read_is_said_in_one_line(livereel: CommandLine, bucket: Bucket) -> None:
    missing = bucket.address("none.mp4")
    assert livereel.failure("scan", missing) == f"{missing}: there is no such object"
    other = bucket.put("notes.mp4", b"Not a video. " * 999)
    assert livereel.failure("scan", other).startswith(f"{other}: not a video")
    assert "its address holds a key" in livereel.failure("scan", f"s3://{KEY}:{SECRET}@{bucket.name}/a.mp4")


@pytest.mark.parametrize("encrypted", [common_encryption, fragments_of_no_use])
def test_an_encrypted_object_is_named_as_one(
    livereel: CommandLine, bucket: Bucket, tmp_path: Path, encrypted: Callable[[Path], Path]
) -> None:
    film = encrypted(tmp_path)
    address = bucket.put("encrypted.mp4", film.read_bytes())
    assert "encrypted, and livereel has no key" in livereel.failure("scan", address)


def test_a_playlist_in_a_store_opens_no_file_of_this_machine(
    livereel: CommandLine, films: dict[str, Path], bucket: Bucket
) -> None:
    lines = [
        "#EXTM3U",
        "#EXT-X-TARGETDURATION:36",
        "#EXTINF:36,",
        f"file:{films['film.ts']}",
        "#EXT-X-ENDLIST",
    ]
    address = bucket.put("film.m3u8", "\n".join(lines).encode())
    assert livereel.failure("scan", address).startswith(address)


def test_a_recap_is_written_to_a_store_with_its_manifest_last(
    livereel: CommandLine, bucket: Bucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    film = scene(tmp_path / "film.mp4", seconds=12, events=EVENTS[:1])
    proxy.faults.extend(["none", "busy_503", "answer_lost"])
    out = bucket.address("reels/goal")
    ended = livereel("recap", film, "--out", out)
    assert ended.code == 0, ended
    assert ended.out.splitlines()[1].endswith(f"{out}/reel.mp4")
    assert proxy.writes[-1] == f"{bucket.name}/reels/goal/reel.json"
    for key in bucket.names():
        file = tmp_path / "reel" / key.removeprefix("reels/goal/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bucket.get(key))
    assert recapped(tmp_path / "reel").chapters
    assert livereel.failure("recap", film, "--out", out).startswith(f"{out}: there is a reel already")


def test_a_recap_that_cannot_be_written_stays_on_this_machine(
    livereel: CommandLine, bucket: Bucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    film = scene(tmp_path / "film.mp4", seconds=12, events=EVENTS[:1])
    proxy.always = "denied_403"
    said = livereel.failure("recap", film, "--out", bucket.address("reels/goal"))
    assert "access is denied" in said
    kept = Path(said.rpartition("the reel is in ")[2])
    assert recapped(kept).chapters
    shutil.rmtree(kept.parent)


@pytest.mark.parametrize("command", [("reel",), ("recap", "film.mp4")])
def test_a_store_whose_address_lacks_a_slash_is_refused(
    livereel: CommandLine, command: tuple[str, ...]
) -> None:
    reason = "s3:/bucket/out: an object store's address has two slashes, as in s3://bucket/folder"
    assert livereel.failure(*command, "--out", "s3:/bucket/out", code=2).startswith(
        f"invalid value for '--out': {reason}"
    )
