"""What is wired together: the names of cameras that have none."""

from __future__ import annotations

from livereel.app import named


def test_sources_are_named_after_their_address_and_never_after_a_password() -> None:
    sources = [
        "rtsp://10.0.0.5/main",
        "http://10.0.0.6/main",
        "rtsp://cam/user=admin_password=geheim_channel=1",
    ]
    assert [camera.name for camera in named(sources)] == ["main", "main-2", "user__password__channel"]
