"""Objects of a real S3 server: versions, failures that pass and failures that do not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from stream.objects.failure import CHANGED, ObjectError
from stream.objects.store import StoredObject, file_system, stored
from tests.kit.store.buckets import KEY, SECRET, Bucket
from tests.kit.store.proxy import Fault, StoreProxy, store_proxy

DATA = bytes(range(256)) * 100
AT_ONCE = (0.0, 0.0, 0.0)


@pytest.fixture
def proxy(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreProxy]:
    """A proxy before the server, which the environment points to."""
    with store_proxy(bucket.url) as it:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", it.url)
        yield it


def opened(address: str) -> StoredObject:
    system, path = file_system(address)
    return StoredObject(system, path, is_conditional=True, pauses_s=AT_ONCE)


def refused(address: str) -> ObjectError:
    with pytest.raises(ObjectError) as caught:
        stored(address)
    text = str(caught.value)
    assert "\n" not in text
    assert KEY not in text
    assert SECRET not in text
    return caught.value


def test_any_range_of_an_object_is_read(bucket: Bucket) -> None:
    it = stored(bucket.put("a/dt=2026-01-01/film @ 10.mp4", DATA))
    assert it.size_bytes == len(DATA)
    assert it.fetch(300, 700) == DATA[300:700]
    assert it.fetch(0, len(DATA)) == DATA
    assert it.changed_utc.tzinfo is not None


def test_only_the_range_that_is_asked_for_is_read(bucket: Bucket, proxy: StoreProxy) -> None:
    it = stored(bucket.put("film.mp4", DATA))
    assert proxy.ranges == []
    it.fetch(1000, 1500)
    assert proxy.ranges == [(1000, 500)]


def test_an_object_that_was_written_again_is_not_read_on(bucket: Bucket) -> None:
    it = stored(bucket.put("film.mp4", DATA))
    assert it.fetch(0, 10) == DATA[:10]
    bucket.put("film.mp4", DATA[::-1])
    with pytest.raises(ObjectError, match=CHANGED) as caught:
        it.fetch(10, 20)
    assert not caught.value.passing


def test_an_object_that_was_removed_is_not_read_on(bucket: Bucket) -> None:
    it = stored(bucket.put("film.mp4", DATA))
    bucket.client.delete_object(Bucket=bucket.name, Key="film.mp4")
    with pytest.raises(ObjectError, match="no such object"):
        it.fetch(10, 20)


def test_a_store_without_conditions_is_asked_for_the_version_after_each_range() -> None:
    system = MemoryFileSystem()
    system.pipe_file("/versions/film.mp4", DATA)
    it = StoredObject(system, "/versions/film.mp4", is_conditional=False)
    assert it.fetch(0, 10) == DATA[:10]
    system.rm("/versions/film.mp4")
    system.pipe_file("/versions/film.mp4", DATA[::-1])
    with pytest.raises(ObjectError, match=CHANGED):
        it.fetch(10, 20)


@pytest.mark.parametrize("fault", ["busy_503", "error_500", "cut", "hangs_up", "slow"])
def test_a_fault_that_passes_is_not_noticed(bucket: Bucket, proxy: StoreProxy, fault: Fault) -> None:
    it = opened(bucket.put("film.mp4", DATA))
    proxy.faults.extend([fault, fault])
    assert it.fetch(100, 20_000) == DATA[100:20_000]
    assert proxy.asked == (1 if fault == "slow" else 3)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("busy_503", r"the store is busy \(SlowDown\)"),
        ("error_500", r"the store is busy \(InternalError\)"),
        ("cut", "the connection was lost"),
        ("hangs_up", "the connection was lost"),
    ],
)
def test_a_fault_that_lasts_is_an_error(bucket: Bucket, proxy: StoreProxy, fault: Fault, reason: str) -> None:
    it = opened(bucket.put("film.mp4", DATA))
    proxy.always = fault
    with pytest.raises(ObjectError, match=reason):
        it.fetch(100, 20_000)
    assert proxy.asked >= len(AT_ONCE) + 1  # the HTTP client asks once more where a connection was closed


def test_what_is_denied_is_not_asked_for_again(bucket: Bucket, proxy: StoreProxy) -> None:
    it = stored(bucket.put("film.mp4", DATA))
    proxy.always = "denied_403"
    with pytest.raises(ObjectError, match="access is denied"):
        it.fetch(100, 200)
    assert proxy.asked == 1


def test_what_is_not_there_is_named(bucket: Bucket) -> None:
    assert str(refused("s3://no-such-bucket-there/film.mp4")) == "there is no such bucket"
    assert str(refused(bucket.address("none.mp4"))) == "there is no such object"
    bucket.put("folder/film.mp4", DATA)
    assert "a folder or a bucket" in str(refused(bucket.address("folder")))
    assert "a folder or a bucket" in str(refused(f"s3://{bucket.name}"))
    assert str(refused(bucket.put("empty.mp4", b""))) == "the object is empty"


def test_no_credentials_are_one_clear_line(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    address = bucket.put("film.mp4", DATA)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert str(refused(address)) == "no credentials are found for its store"


def test_a_profile_that_there_is_not_is_one_clear_line(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    assert str(refused(bucket.address("film.mp4"))) == "no credentials are found for its store"


def test_a_key_in_an_address_is_refused_and_not_shown() -> None:
    assert "its address holds a key" in str(refused(f"s3://{KEY}:{SECRET}@bucket/film.mp4"))


@pytest.mark.parametrize(
    ("address", "module", "extra"),
    [
        ("s3://bucket/film.mp4", "s3fs", "s3"),
        ("gs://bucket/film.mp4", "gcsfs", "gcs"),
        ("az://bucket/film.mp4", "adlfs", "azure"),
        ("s3://bucket/film.mp4", "fsspec", "s3"),
    ],
)
def test_without_its_extra_the_error_names_what_to_install(address: str, module: str, extra: str) -> None:
    """In a process of its own: fsspec keeps what it has imported."""
    program = f"""
import sys
sys.modules[{module!r}] = None  # as if it were not there
from stream.objects.store import ObjectError, stored
try:
    stored({address!r})
except ObjectError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"pip install '.[{extra}]'" in done.stdout
    assert len(done.stdout.splitlines()) == 1
