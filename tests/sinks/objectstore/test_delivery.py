"""Copies to a real S3 server: all that was promised arrives, manifests last; nothing is overwritten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.manifest import MANIFEST, VIDEO
from analyzer.reel.records import Reel
from analyzer.signal.sound.record import Speech
from analyzer.signal.window import Clip
from base.backoff import Backoff
from livereel.ledger.ledger import Ledger
from sinks.events import LateText
from sinks.objectstore.delivery import NAME, StoreDelivery
from sinks.objectstore.folder import ConflictError, StoreError, StoreFolder
from sinks.objectstore.messages import StoreMessages
from sinks.outbox_sink import OutboxSink
from sinks.sink import Event
from tests.kit.mqtt.sink_thread import add_to_outboxes, looped, until
from tests.kit.records.events import moment_now, motion_changed, reel_in
from tests.kit.records.keyframe_files import pictured
from tests.kit.records.moments import heard
from tests.kit.store.buckets import KEY, SECRET, Bucket
from tests.kit.store.proxy import StoreProxy, store_proxy

QUICK = Backoff((0.05,))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


@pytest.fixture
def proxy(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreProxy]:
    """A proxy before the server, which the environment points to."""
    with store_proxy(bucket.url) as it:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", it.url)
        yield it


@asynccontextmanager
async def copying(ledger: Ledger, bucket: Bucket) -> AsyncIterator[OutboxSink]:
    """A sink as the program wires it, with short pauses."""
    messages = StoreMessages(ledger.data)
    outbox = ledger.outboxes.open("store", messages.encode, max_bytes=10**7)
    folder = StoreFolder(bucket.address("home"))
    sink = OutboxSink(NAME, outbox, StoreDelivery(folder, base=ledger.data), backoff=QUICK)
    task = asyncio.create_task(sink.run())
    try:
        yield sink
    finally:
        await sink.close()
        await task


async def happens(ledger: Ledger, sink: OutboxSink, event: Event) -> None:
    """An event as the program passes it on: stored first."""
    await add_to_outboxes(ledger, event)
    await sink.take(event)


def moment_in(data: Path, index: int) -> Moment:
    """A moment whose clip and keyframes are in the data folder."""
    folder = data / "keyframes" / "front" / "2026-11-27"
    folder.mkdir(parents=True, exist_ok=True)
    window = pictured(folder, index)
    clip = data / "clips" / "front" / f"{window.id}.mp4"
    clip.parent.mkdir(parents=True, exist_ok=True)
    clip.write_bytes(b"a clip " * 1000)
    return replace(moment_now(index), window=replace(window, clip=Clip(clip, 0.0)))


def reel_with_manifest(data: Path, seq: int = 1) -> Reel:
    reel = reel_in(data, seq=seq, video=b"a video " * 1000)
    (reel.folder / MANIFEST).write_text('{"id": "front"}')
    (reel.folder / "story.md").write_text("A mover crosses.")
    (reel.folder / "another.txt").write_text("zzz")
    return reel


@looped
async def test_a_window_is_copied_with_its_manifest_last(
    ledger: Ledger, bucket: Bucket, proxy: StoreProxy
) -> None:
    moment = moment_in(ledger.data, 1)
    async with copying(ledger, bucket) as sink:
        await happens(ledger, sink, moment)
        await happens(ledger, sink, motion_changed(moving=True))
        await until(lambda: sink.counts["copied"] == 1)
        assert sink.counters()["waiting"] == 0
    window = moment.window
    assert window.clip is not None
    files = [window.clip.path, *(it.file for it in window.keyframes if it.file)]
    names = [file.relative_to(ledger.data).as_posix() for file in files]
    written = [key.removeprefix(f"{bucket.name}/home/") for key in proxy.writes]
    assert written == [*names, f"windows/front/{window.start_utc[:10]}/{window.id}.json"]
    for name, file in zip(names, files, strict=True):
        assert bucket.get(f"home/{name}") == file.read_bytes()
    row = json.loads(bucket.get(f"home/{written[-1]}"))
    assert (row["title"], row["clip"]) == (moment.title, names[0])
    assert [it["file"] for it in row["keyframes"]] == names[1:]


@looped
async def test_text_that_comes_late_is_copied_next_to_its_window(ledger: Ledger, bucket: Bucket) -> None:
    moment = moment_in(ledger.data, 1)
    async with copying(ledger, bucket) as sink:
        await happens(ledger, sink, moment)
        await until(lambda: sink.counts["copied"] == 1)
        before = bucket.names()
        await happens(ledger, sink, LateText(heard(moment, Speech(11.0, 12.0, "a parcel"))))
        await until(lambda: sink.counts["copied"] == 2)
    name = f"home/windows/front/{moment.window.start_utc[:10]}/{moment.window.id}"
    assert set(bucket.names()) - set(before) == {f"{name}.text.json"}
    first, later = (json.loads(bucket.get(f"{name}{end}")) for end in (".json", ".text.json"))
    assert first["sound"] is None
    assert [part["text"] for part in later["sound"]["speech"]] == ["a parcel"]
    assert later["title"] == first["title"] == moment.title


@looped
async def test_a_reel_is_copied_whole_with_its_manifest_last(
    ledger: Ledger, bucket: Bucket, proxy: StoreProxy
) -> None:
    reel = reel_with_manifest(ledger.data)
    async with copying(ledger, bucket) as sink:
        await happens(ledger, sink, reel)
        await until(lambda: sink.counts["copied"] == 1)
    names = {file.name for file in reel.folder.iterdir()}
    prefix = f"home/{reel.folder.relative_to(ledger.data).as_posix()}"
    assert set(bucket.names()) == {f"{prefix}/{name}" for name in names}
    assert proxy.writes[-1].endswith(f"/{MANIFEST}")
    assert sink.counts["bytes"] == sum(file.stat().st_size for file in reel.folder.iterdir())


@looped
async def test_a_store_that_is_away_gets_all_later_in_order(
    ledger: Ledger, bucket: Bucket, proxy: StoreProxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.always = "busy_503"
    async with copying(ledger, bucket) as sink:
        for index in range(3):
            await happens(ledger, sink, moment_in(ledger.data, index))
        await until(lambda: sink.counts["failed"] >= 3)
        assert sink.counters()["waiting"] == 3
        assert bucket.names() == []
        proxy.always = "none"
        await until(lambda: sink.counts["copied"] == 3)
    said = [record.getMessage() for record in caplog.records if "tried again" in record.getMessage()]
    assert len(said) == 1, "a reason is logged once"
    assert KEY not in caplog.text
    assert SECRET not in caplog.text
    manifests = [key for key in proxy.writes if "/windows/" in key]
    assert len(manifests) == 3
    assert manifests == sorted(manifests)


@looped
async def test_what_waits_is_copied_after_a_restart(
    ledger: Ledger, bucket: Bucket, proxy: StoreProxy
) -> None:
    proxy.always = "denied_403"
    async with copying(ledger, bucket) as sink:
        await happens(ledger, sink, reel_with_manifest(ledger.data))
        await until(lambda: sink.counts["failed"] >= 1)
    proxy.always = "none"
    async with copying(ledger, bucket) as sink:
        await until(lambda: sink.counts["copied"] == 1)
    assert any(key.endswith(MANIFEST) for key in bucket.names())


@looped
async def test_a_file_whose_answer_was_lost_is_not_taken_for_another(
    ledger: Ledger, bucket: Bucket, proxy: StoreProxy
) -> None:
    proxy.faults.extend(["answer_lost", "none", "answer_lost"])
    async with copying(ledger, bucket) as sink:
        await happens(ledger, sink, moment_in(ledger.data, 1))
        await until(lambda: sink.counts["copied"] == 1)
    assert sink.counts["refused"] == 0


@looped
async def test_another_file_of_the_name_is_left_as_it_is(ledger: Ledger, bucket: Bucket) -> None:
    reel = reel_with_manifest(ledger.data)
    name = f"home/{reel.folder.relative_to(ledger.data).as_posix()}/{VIDEO}"
    bucket.put(name, b"another one's")
    async with copying(ledger, bucket) as sink:
        await happens(ledger, sink, reel)
        await happens(ledger, sink, reel_with_manifest(ledger.data, seq=2))
        await until(lambda: sink.counts["copied"] == 1)
    assert sink.counts["refused"] == 1
    assert bucket.get(name) == b"another one's"
    assert f"{name.removesuffix(VIDEO)}{MANIFEST}" not in bucket.names()


@looped
async def test_what_is_damaged_or_gone_is_counted_and_not_copied(ledger: Ledger, bucket: Bucket) -> None:
    damaged, gone = reel_with_manifest(ledger.data), moment_in(ledger.data, 1)
    (damaged.folder / VIDEO).write_bytes(b"half")
    assert gone.window.clip is not None
    gone.window.clip.path.unlink()
    async with copying(ledger, bucket) as sink:
        await happens(ledger, sink, damaged)
        await happens(ledger, sink, gone)
        await happens(ledger, sink, moment_in(ledger.data, 2))
        await until(lambda: sink.counts["copied"] == 1)
    assert (sink.counts["refused"], sink.counts["gone"]) == (1, 1)
    assert not [key for key in bucket.names() if "reels/" in key]


def test_a_folder_is_checked_by_an_object_that_is_removed_again(bucket: Bucket, proxy: StoreProxy) -> None:
    StoreFolder(bucket.address("home")).check()
    assert len(proxy.writes) == 1
    assert bucket.names() == []
    proxy.always = "denied_403"
    with pytest.raises(StoreError, match="access is denied"):
        StoreFolder(bucket.address("home")).check()
    with pytest.raises(StoreError, match="there is no such bucket"):
        StoreFolder("s3://no-such-bucket-there/home").require_new()


def test_a_large_file_is_written_in_parts_and_only_once(bucket: Bucket, tmp_path: Path) -> None:
    data = bytes(range(256)) * (40 << 12)
    (tmp_path / "reel.mp4").write_bytes(data)
    folder = StoreFolder(bucket.address("home"))
    assert folder.put("reel.mp4", tmp_path / "reel.mp4") == len(data)
    assert bucket.get("home/reel.mp4") == data
    (tmp_path / "reel.mp4").write_bytes(data + b"more")
    with pytest.raises(ConflictError):
        folder.put("reel.mp4", tmp_path / "reel.mp4")
    assert bucket.get("home/reel.mp4") == data
