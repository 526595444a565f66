"""Sources without a configuration get names."""

from __future__ import annotations

from livereel.app import named


def test_names_differ_whatever_the_addresses() -> None:
    cameras = named(["front-2.mp4", "front.mp4", "b/front.mp4", "rtsp://10.0.0.5/front", "all.mp4"])
    assert [camera.name for camera in cameras] == ["front-2", "front", "front-3", "front-4", "all-2"]


def test_names_hold_no_password() -> None:
    sources = ["rtsp://admin:s3cret@10.0.0.5", "rtsp://10.0.0.6/user=admin_password=s3cret_channel=1.sdp"]
    assert not any("s3cret" in camera.name for camera in named(sources))
