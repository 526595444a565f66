"""Playlists: what they list, and what is new in them."""

from __future__ import annotations

import pytest

from stream.source import SourceError, SourceFault
from stream.web.playlist import Listing, Segment, await_segment, parse
from tests.kit.cameras.pages import Page, pages

URL = "http://camera/live/index.m3u8?token=1"


def listing(*names: str, first: int | None = 0, ended: bool = False) -> Listing:
    return Listing(
        tuple(Segment(None if first is None else first + n, f"/live/{it}") for n, it in enumerate(names)),
        2.0,
        ended,
    )


def text(*names: str, first: int | None = 0, ended: bool = False) -> str:
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:2"]
    lines += [] if first is None else [f"#EXT-X-MEDIA-SEQUENCE:{first}"]
    for name in names:
        lines += ["#EXTINF:2.0,", name]
    return "\r\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else [])])


@pytest.mark.parametrize("first", [0, 17, None])
@pytest.mark.parametrize("ended", [False, True])
def test_a_media_playlist_lists_segments_by_number_and_path(first: int | None, ended: bool) -> None:  # noqa: FBT001  # a parameter of the test
    found = parse(text("a.ts?token=2", "b.ts", first=first, ended=ended), URL)
    assert found == listing("a.ts", "b.ts", first=first, ended=ended)


def test_a_master_playlist_names_its_best_variant() -> None:
    master = (
        '#EXTM3U\n#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=9,BANDWIDTH=100,CODECS="avc1,mp4a"\nlow.m3u8\n'
        "#EXT-X-STREAM-INF:PROGRAM-ID=1,BANDWIDTH=900\n../high.m3u8?token=3\n"
    )
    assert parse(master, URL) == "http://camera/high.m3u8?token=3"


def test_anything_else_is_no_playlist() -> None:
    for other in ("", "<html>", "\x00\x01"):
        with pytest.raises(ValueError, match="not a playlist"):
            parse(other, URL)


@pytest.mark.parametrize(
    ("now", "past"),
    [
        (listing("h.ts", "i.ts", first=7), False),
        (listing("i.ts", "j.ts", first=8), True),
        (listing("g.ts", "h.ts", first=6), False),
        (listing("a.ts", "b.ts", first=0), True),
        (listing(first=9), False),
        (listing("h.ts", "i.ts", first=None), False),
        (listing("i.ts", "j.ts", first=None), True),
    ],
    ids=["stale", "newer", "older copy", "started over", "empty", "stale, no numbers", "newer, no numbers"],
)
def test_what_is_newer_than_what_was_seen(now: Listing, past: bool) -> None:  # noqa: FBT001  # as above
    assert now.is_past(Segment(8, "/live/i.ts")) is past


def test_an_unchanged_playlist_is_stale_and_an_ended_one_is_reported_as_ended() -> None:
    kind = "application/vnd.apple.mpegurl"
    seen: list[Segment] = []
    with pages(live_m3u8=Page(text("a.ts", first=5).encode(), kind)) as server:
        with pytest.raises(SourceError, match="lists nothing new") as caught:
            await_segment(server.address("/live.m3u8"), None, seen.append)
        assert caught.value.fault == SourceFault.STALLED
        assert caught.value.retryable
        assert seen == [Segment(5, "/a.ts")]
        await_segment(server.address("/live.m3u8"), Segment(4, "/x.ts"), seen.append)
        server.pages["/live.m3u8"] = Page(text("a.ts", first=5, ended=True).encode(), kind)
        with pytest.raises(SourceError, match="has ended") as caught:
            await_segment(server.address("/live.m3u8"), None, seen.append)
        assert caught.value.retryable
