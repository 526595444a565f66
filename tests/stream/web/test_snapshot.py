"""Single pictures, fetched again and again."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from stream.media.clip import write_clip
from stream.source import SourceError
from stream.web.snapshot import SnapshotSource
from tests.contracts.packet_source_checks import check_packets
from tests.kit.cameras.pages import Page, pages
from tests.kit.records.keyframe_files import snapshot

JPEG = Page(snapshot(), "image/jpeg")


@pytest.mark.parametrize(
    "page", [JPEG, Page(snapshot(".png"), "image/png"), Page(snapshot(), "", length=False)]
)
def test_a_polled_picture_is_a_source(page: Page) -> None:
    with pages(snap=page) as server, closing(SnapshotSource(server.address("/snap"), poll_s=0.1)) as source:
        check_packets(source, 5)


def test_pictures_are_as_far_apart_as_they_are_fetched() -> None:
    with pages(snap=JPEG) as server, closing(SnapshotSource(server.address("/snap"), poll_s=0.5)) as source:
        times = [float((p.pts or 0) * p.time_base) for p in islice(source.packets(), 5)]
        assert times == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0], abs=0.25)
        assert len(server.requests) == 5, "the first one is not fetched twice"
        assert source.info.fps == 2.0


def test_each_picture_is_decoded_as_it_is_now() -> None:
    with (
        pages(snap=JPEG) as server,
        closing(SnapshotSource(server.address("/snap"), poll_s=0.05)) as source,
    ):
        packets = source.packets()
        first = next(packets)
        server.pages["/snap"] = Page(snapshot(at=1.0), "image/jpeg")
        second = list(islice(packets, 3))[-1]
        before, after = (source.video.codec_context.decode(packet)[0] for packet in (first, second))
        assert (before.width, before.height) == (320, 240)
        assert abs(before.to_ndarray().astype(int) - after.to_ndarray()).max() > 50


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_clips_can_be_cut_of_either_kind(ending: str, tmp_path: Path) -> None:
    with (
        pages(snap=Page(snapshot(ending), f"image/{ending[1:]}")) as server,
        closing(SnapshotSource(server.address("/snap"), poll_s=0.05)) as source,
    ):
        packets = list(islice(source.packets(), 4))
        write_clip(tmp_path / "clip.mp4", source.video, None, packets)
        with av.open(str(tmp_path / "clip.mp4")) as film:
            shown = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    served = cv2.imdecode(np.frombuffer(snapshot(ending), np.uint8), cv2.IMREAD_COLOR)
    assert len(shown) == 4
    assert served is not None
    assert abs(shown[0].astype(int) - served).mean() < 8


def test_a_picture_that_has_not_changed_is_a_frame_of_the_same() -> None:
    with (
        pages(snap=Page(snapshot(), "image/jpeg", tags=True)) as server,
        closing(SnapshotSource(server.address("/snap"), poll_s=0.05)) as source,
    ):
        pictures = [bytes(packet) for packet in islice(source.packets(), 4)]
        assert server.unchanged == 3
        assert len(set(pictures)) == 1


@pytest.mark.parametrize("digest", [False, True])
def test_user_and_password_are_in_the_address_and_in_no_message(digest: bool) -> None:  # noqa: FBT001  # a parameter of the test
    with pages(snap_jpg=JPEG) as server:
        server.digest = digest
        server.password = "p@ss/word"  # noqa: S105  # a test's
        address = server.address("/snap.jpg", "admin:p@ss/word@")
        with closing(SnapshotSource(address, poll_s=0.05)) as source:
            check_packets(source, 2)
        with pytest.raises(SourceError) as caught:
            SnapshotSource(server.address("/snap.jpg", "admin:geheim@"), poll_s=1)
        assert caught.value.reason == "wrong user or password"
        assert not caught.value.retryable
        assert "geheim" not in str(caught.value)


def test_a_busy_camera_may_fail_once() -> None:
    with (
        pages(snap=JPEG) as server,
        closing(SnapshotSource(server.address("/snap"), poll_s=0.2)) as source,
    ):
        packets = source.packets()
        next(packets)
        server.pages["/snap"] = Page(status=503)
        threading.Timer(0.3, lambda: server.pages.update({"/snap": JPEG})).start()
        assert len(list(islice(packets, 2))) == 2


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page(status=503), "the server answers 503"),
        (Page(status=404), "nothing is served at this address"),
        (Page(b"<html>", "text/html"), "not a JPEG or PNG picture but text/html"),
        (Page(JPEG.body[:-2], "image/jpeg"), "its picture is cut off"),
        (Page(snapshot(".png"), "image/png"), "its pictures have changed their kind"),
    ],
)
def test_a_camera_that_goes_on_failing_is_a_failure(page: Page, reason: str) -> None:
    with (
        pages(snap=JPEG) as server,
        closing(SnapshotSource(server.address("/snap"), poll_s=0.05)) as source,
    ):
        packets = source.packets()
        next(packets)
        server.pages["/snap"] = page
        with pytest.raises(SourceError) as caught:
            list(packets)
        assert caught.value.reason == reason
        assert caught.value.retryable


def test_closing_ends_the_packets_at_once() -> None:
    with pages(snap=JPEG) as server:
        source = SnapshotSource(server.address("/snap"), poll_s=600)
        threading.Timer(0.3, source.close).start()
        assert len(list(source.packets())) == 1
