"""What is live, what is a film, and what is a single picture; each is opened as it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stream.av_source import AvSource
from stream.open import POLL_S, open_live, open_source
from stream.timing.timed_source import TimedSource
from stream.web.snapshot import SnapshotSource
from tests.kit.cameras import senders
from tests.kit.cameras.pages import Page, Pages, pages
from tests.kit.films.scene import scene
from tests.kit.records.keyframe_files import snapshot


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scene(tmp_path_factory.mktemp("film") / "film.mp4", seconds=3)


@pytest.fixture(scope="module")
def served(film: Path) -> Iterator[Pages]:
    """A film in several containers, with and without its length, and as a finished HLS playlist."""
    folder = film.parent
    ts, bare = scene(folder / "film.ts", seconds=3), scene(folder / "bare", seconds=3, container="h264")
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfilm.ts\n"
    with pages(
        film_mp4=Page(film.read_bytes()),
        film_ts=Page(ts.read_bytes()),
        bare=Page(bare.read_bytes()),
        endless_ts=Page(ts.read_bytes(), length=False),
        endless=Page(bare.read_bytes(), length=False),
        finished_m3u8=Page(playlist + b"#EXT-X-ENDLIST\n", kind="application/x-mpegurl"),
        live_m3u8=Page(playlist, kind="application/x-mpegurl"),
    ) as server:
        yield server


@pytest.mark.parametrize("path", ["/film.mp4", "/film.ts", "/bare", "/finished.m3u8"])
def test_a_file_of_known_length_on_a_server_is_a_film(path: str, served: Pages) -> None:
    with closing(open_source(served.address(path))) as source:
        assert not source.info.live
        assert isinstance(source, AvSource)
        assert len(list(source.packets())) == 30


@pytest.mark.parametrize("path", ["/endless.ts", "/endless", "/live.m3u8"])
def test_what_has_no_length_on_a_server_is_live(path: str, served: Pages) -> None:
    with closing(open_source(served.address(path))) as source:
        assert source.info.live
        assert isinstance(source, TimedSource)


def test_pictures_in_parts_are_live_whatever_length_the_server_names(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mkv", seconds=1, codec="mjpeg", pixel_format="yuvj420p")
    body = b"".join(unit.data for unit in senders.multipart(film, 5))
    with (
        pages(stream=Page(body, senders.MULTIPART)) as server,
        closing(open_source(server.address("/stream"))) as source,
    ):
        assert source.info.live
        assert source.info.fps is None, "the demuxer's 25 is invented"


def test_a_single_picture_on_a_server_is_polled() -> None:
    for name in ("a.jpg", "a.png"):
        picture = snapshot(name[1:])
        for length in (True, False):
            with (
                pages(
                    **{name.replace(".", "_"): Page(picture, f"image/{name[2:]}", length=length)}
                ) as server,
                closing(open_live(server.address(f"/{name}"))) as source,
            ):
                assert isinstance(source, SnapshotSource)
                assert source.info.fps == 1 / POLL_S
                assert source.warning == "a single picture is served there: it is fetched each 2 s"


@pytest.mark.parametrize("segment", ["film.ts?token=1", "film", "film.php?id=3", "film.jpg"])
def test_segments_of_a_playlist_may_have_any_name(segment: str, film: Path) -> None:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:4\n#EXTINF:3,\n{segment}\n"
    ts = scene(film.parent / "segment.ts", seconds=3)
    with pages() as server:
        server.pages["/live"] = Page(playlist.encode(), "application/vnd.apple.mpegurl")
        server.pages["/" + segment.partition("?")[0]] = Page(ts.read_bytes(), "video/mp2t")
        with closing(open_source(server.address("/live"))) as source:
            assert source.info.live
            assert source.info.playlist
