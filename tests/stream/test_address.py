"""Addresses: what they name, and that none shows a password."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from stream.address import (
    host,
    is_live,
    local_path,
    redact,
    split_credentials,
    unresolved,
    unusable,
    with_encoded_credentials,
)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:geheim@10.0.0.5/main", "rtsp://***@10.0.0.5/main"),
        ("rtsp://admin:ge@he/geheim@10.0.0.5:554/main", "rtsp://***@10.0.0.5:554/main"),
        ("RTSP://admin@10.0.0.5/main", "RTSP://***@10.0.0.5/main"),
        ("http://cam/video?user=a&password=geheim&x=1", "http://cam/video?user=***&password=***&x=***"),
        ("http://cam/video?loginuse=a&loginpas=geheim", "http://cam/video?loginuse=***&loginpas=***"),
        ("http://cam/video?pw=geheim", "http://cam/video?pw=***"),
        ("http://cam/video?u=admin&p=ge/heim?geheim", "http://cam/video?u=***&p=***"),
        ("http://cam/video?jwt=ey.geheim==", "http://cam/video?jwt=***"),
        ("http://cam/video?geheim", "http://cam/video?***"),
        ("http://cam/video?", "http://cam/video?"),
        ("http://cam/live.m3u8?Signature=geheim;Expires=3", "http://cam/live.m3u8?Signature=***;Expires=***"),
        (
            "rtsp://10.0.0.5/user=admin_password=geheim_channel=1_stream=0.sdp?real_stream",
            "rtsp://10.0.0.5/user=***_password=***_channel=***_stream=***?***",
        ),
        (
            "rtsp://10.0.0.5/user=admin&password=ge_heim/geheim&channel=1",
            "rtsp://10.0.0.5/user=***&password=***&channel=***",
        ),
        ("rtsp://10.0.0.5/_password=geheim_", "rtsp://10.0.0.5/_password=***"),
        (
            "rtsp://10.0.0.5/user=admin&password=&channel=1",
            "rtsp://10.0.0.5/user=***&password=***&channel=***",
        ),
        ("rtsp://a:b@10.0.0.5/live?pwd=geheim", "rtsp://***@10.0.0.5/live?pwd=***"),
        ("a:b@10.0.0.5/live?pwd=geheim", "***@10.0.0.5/live?pwd=***"),
        ("admin:geheim@10.0.0.5/main", "***@10.0.0.5/main"),
        ("rtsp:/admin:geheim@10.0.0.5/main", "***@10.0.0.5/main"),
        ("rtsp:admin:ge/geheim@10.0.0.5/main", "***@10.0.0.5/main"),
        ("s3://AKIA:ge/geheim@bucket/dt=1/film.mp4", "s3://***@bucket/dt=1/film.mp4"),
        ("s3://bucket/film.mp4?versionId=geheim", "s3://bucket/film.mp4?versionId=***"),
        (
            "https://bucket.s3.amazonaws.com/film.mp4?X-Amz-Credential=A&X-Amz-Signature=geheim",
            "https://bucket.s3.amazonaws.com/film.mp4?X-Amz-Credential=***&X-Amz-Signature=***",
        ),
    ],
)
def test_an_address_is_shown_without_its_credentials(address: str, shown: str) -> None:
    assert redact(address) == shown
    assert "geheim" not in redact(address)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://10.0.0.5:554/cam_1/main",
        "file:///data/a=b?.mp4",
        "synthetic://street?seed=1",
        "a:b.mp4",
        "/data/me@home/film.mp4",
        "C:film.mp4",
        "s3://bucket/dt=2026-01-01/door=front/10:30 @ night.mp4",
        "abfs://container@account.dfs.core.windows.net/film.mp4",
        "%d key=1.mp4",
        "",
    ],
)
def test_an_address_without_credentials_is_shown_as_it_is(address: str) -> None:
    assert redact(address) == address


@pytest.mark.parametrize(
    ("address", "credentials", "rest"),
    [
        ("rtsp://10.0.0.5/main", None, "10.0.0.5/main"),
        ("rtsp://admin:geheim@10.0.0.5/main", "admin:geheim", "10.0.0.5/main"),
        ("rtsp://admin@10.0.0.5", "admin", "10.0.0.5"),
        ("rtsp://user:p@ss@host:554/x", "user:p@ss", "host:554/x"),
        ("rtsp://user:p@ss#word@host/x", "user:p@ss#word", "host/x"),
        ("rtsp://user:#p@[fe80::1]:554/x", "user:#p", "[fe80::1]:554/x"),
        ("rtsp://user:pa/ss@host/x", "user:pa/ss", "host/x"),
        ("rtsp://user:pa?ss@host", "user:pa?ss", "host"),
        ("rtsp://user:pa?s@/s@host/x", "user:pa?s@/s", "host/x"),
        ("rtsp://user:p@ss/word@10.0.0.5/x", "user:p@ss/word", "10.0.0.5/x"),
        ("rtsp://user:p@ss/word@host/x", "user:p", "ss/word@host/x"),
        # A host and a port stand before the slash: the rest is a path.
        ("http://host:8080/snap@2x.jpg", None, "host:8080/snap@2x.jpg"),
        ("http://host/snap@2x.jpg", None, "host/snap@2x.jpg"),
        ("http://a:b@host/snap@2x.jpg", "a:b", "host/snap@2x.jpg"),
        ("http://host/snap.jpg?user=a&password=p@ss", None, "host/snap.jpg?user=a&password=p@ss"),
        ("udp://@:5000", "", ":5000"),
        ("udp://@239.0.0.1:5000", "", "239.0.0.1:5000"),
    ],
)
def test_where_the_credentials_end(address: str, credentials: str | None, rest: str) -> None:
    begin, found, remains = split_credentials(address)
    assert (found, remains) == (credentials, rest)
    assert address.startswith(begin)


@pytest.mark.parametrize(
    ("address", "encoded"),
    [
        ("rtsp://user:p@ss#word@host/x?a=#1", "rtsp://user:p%40ss%23word@host/x?a=#1"),
        ("rtsp://user:pa/s s@host", "rtsp://user:pa%2Fs%20s@host"),
        ("rtsp://us%40er:50%@host/x", "rtsp://us%40er:50%25@host/x"),
        ("rtsp://user:p%40ss!$&'()*+,;=-._~@host/x", "rtsp://user:p%40ss!$&'()*+,;=-._~@host/x"),
        ("udp://@239.0.0.1:5000", "udp://@239.0.0.1:5000"),
        ("film@home.mp4", "film@home.mp4"),
    ],
)
def test_credentials_are_encoded_where_they_need_it(address: str, encoded: str) -> None:
    assert with_encoded_credentials(address) == encoded
    assert with_encoded_credentials(encoded) == encoded


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("rtsp://a:b@10.0.0.5:554/x", "10.0.0.5"),
        ("rtsp://[fe80::1]:554/x", "fe80::1"),
        ("http://camera.local", "camera.local"),
        ("udp://@:5000", ""),
    ],
)
def test_the_host_of_an_address(address: str, name: str) -> None:
    assert host(address) == name


def test_an_unknown_host_is_named_unless_it_may_be_of_the_password() -> None:
    assert unresolved("rtsp://a:b@camera.local/x") == "the host name camera.local cannot be resolved"
    assert "geheim" not in unresolved("rtsp://user:a@geheim/word@host/x")
    assert "password is not encoded" in unresolved("rtsp://user:a@geheim/word@host/x")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("a:b.mp4", "a:b.mp4"),
        ("-x.mp4", "-x.mp4"),
        ("/data/film.mp4", "/data/film.mp4"),
        ("file:///data/film.mp4", "/data/film.mp4"),
        ("file:///data/a%20b.mp4", "/data/a b.mp4"),
        ("file://localhost/data/film.mp4", "/data/film.mp4"),
        ("rtsp://10.0.0.5/main", None),
        ("http://10.0.0.5/film.mp4", None),
        ("synthetic://street", None),
        ("synthetic:street", None),
    ],
)
def test_only_paths_and_file_addresses_are_of_this_machine(address: str, path: str | None) -> None:
    assert local_path(address) == (None if path is None else Path(path))


def test_what_happens_now_is_live_and_a_file_is_not(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    assert is_live("rtsp://10.0.0.5/main")
    assert is_live("http://10.0.0.5/video")
    assert is_live("/dev/video0")
    assert not is_live(str(film))
    assert not is_live(f"file://{film}")
    assert not is_live("synthetic://street")


def test_a_file_among_the_devices_is_a_file() -> None:
    memory = Path("/dev", "shm")
    if not memory.is_dir():
        pytest.skip("this system keeps no files among its devices")
    with NamedTemporaryFile(dir=memory) as file:
        assert not is_live(file.name)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("rtsp://", "names no host, as in rtsp://10.0.0.5/stream1"),
        ("http:///main", "names no host, as in rtsp://10.0.0.5/stream1"),
        ("rtsp://user:geheim@/main", "names no host, as in rtsp://10.0.0.5/stream1"),
        ("rtsp://10.0.0.5:99999/main", "there is no port 99999: they go from 1 to 65535"),
        ("rtsp://user:geheim@10.0.0.5:0/main", "there is no port 0: they go from 1 to 65535"),
        ("rtsp://10.0.0.5:8554/main", None),
        ("rtsp://user:p@ss:99999@cam/main", None),
        ("rtsp://[fd00::5]:554/main", None),
        ("udp://@:1234", None),
        ("srt://:9000?mode=listener", None),
    ],
)
def test_what_names_no_host_or_no_port_is_not_tried(address: str, why: str | None) -> None:
    assert unusable(address) == why
