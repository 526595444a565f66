"""Addresses: what they name, and that none shows a password."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from stream.address import is_live, local_path, redact


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
        "%d key=1.mp4",
        "",
    ],
)
def test_an_address_without_credentials_is_shown_as_it_is(address: str) -> None:
    assert redact(address) == address


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
