"""Playlists: what they list, and what is new in them."""

from __future__ import annotations

import pytest

from stream.source import SourceError, SourceFault
from stream.web.playlist import Listing, await_segment, parse
from tests.kit.cameras.pages import Page, pages

KIND = "application/vnd.apple.mpegurl"
URL = "http://camera/live/index.m3u8?token=1"


def listing(*names: str, first: int | None = 0, ended: bool = False) -> Listing:
    return Listing(first or 0, tuple(f"/live/{it}" for it in names), 2.0, ended, numbered=first is not None)


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


GHI = listing("g.ts", "h.ts", "i.ts", first=6)
NO_NUMBERS = listing("g.ts", "h.ts", "i.ts", first=None)


@pytest.mark.parametrize(
    ("seen", "now", "past"),
    [
        (GHI, listing("h.ts", "i.ts", first=7), False),
        (GHI, listing("i.ts", "j.ts", first=8), True),
        (GHI, listing("g.ts", "h.ts", first=6), False),
        (GHI, listing("a.ts", "b.ts", first=0), True),
        (GHI, listing(first=9), False),
        (GHI, listing("g.ts", "h.ts", "i.ts", first=40), False),
        (GHI, listing("h.ts", "i.ts", "g.ts", first=7), True),
        (listing("s.ts", "s.ts", first=1), listing("s.ts", "s.ts", first=2), True),
        (NO_NUMBERS, listing("g.ts", "h.ts", "i.ts", first=None), False),
        (NO_NUMBERS, listing("g.ts", "h.ts", "i.ts", "j.ts", first=None), True),
        (NO_NUMBERS, listing("g.ts", "h.ts", first=None), False),
        (NO_NUMBERS, listing("f.ts", "g.ts", "h.ts", first=None), False),
        (NO_NUMBERS, listing("h.ts", "i.ts", "j.ts", first=None), True),
        (NO_NUMBERS, listing("g.ts", first=None), True),
        (NO_NUMBERS, listing(first=None), False),
    ],
    ids=[
        "stale",
        "newer",
        "older copy",
        "started over",
        "empty",
        "the same with other numbers",
        "names in a ring",
        "one name for all",
        "stale, no numbers",
        "longer, no numbers",
        "older copy, no numbers",
        "older copy of what slides, no numbers",
        "newer, no numbers",
        "started over, no numbers",
        "empty, no numbers",
    ],
)
def test_what_is_newer_than_what_was_seen(seen: Listing, now: Listing, past: bool) -> None:  # noqa: FBT001  # as above
    assert now.is_past(seen) is past


def test_an_unchanged_playlist_is_stale_and_an_ended_one_is_reported_as_ended() -> None:
    seen: list[Listing] = []
    with pages(live_m3u8=Page(text("a.ts", first=5).encode(), KIND)) as server:
        with pytest.raises(SourceError, match="lists nothing new") as caught:
            await_segment(server.address("/live.m3u8"), None, seen.append)
        assert caught.value.fault == SourceFault.STALLED
        assert caught.value.retryable
        assert seen == [Listing(5, ("/a.ts",), 2.0, ended=False)]
        await_segment(server.address("/live.m3u8"), Listing(4, ("/x.ts",), 2.0, ended=False), seen.append)
        server.pages["/live.m3u8"] = Page(text("a.ts", first=5, ended=True).encode(), KIND)
        with pytest.raises(SourceError, match="has ended") as caught:
            await_segment(server.address("/live.m3u8"), None, seen.append)
        assert caught.value.retryable


def test_a_playlist_that_drops_segments_without_numbers_cannot_be_followed() -> None:
    """Of one that only grows, the numbers are known: they begin at 0."""
    seen = Listing(0, ("/a.ts", "/b.ts"), 2.0, ended=False, numbered=False)
    with pages(live_m3u8=Page(text("b.ts", "c.ts", first=None).encode(), KIND)) as server:
        with pytest.raises(SourceError, match="does not number them") as caught:
            await_segment(server.address("/live.m3u8"), seen, lambda _: None)
        assert caught.value.fault == SourceFault.UNREADABLE
        assert caught.value.retryable
        server.pages["/live.m3u8"] = Page(text("a.ts", "b.ts", "c.ts", first=None).encode(), KIND)
        await_segment(server.address("/live.m3u8"), seen, lambda _: None)
