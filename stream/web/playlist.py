"""Live HLS playlists: which segments are listed, and which are new."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urljoin, urlsplit

from stream.source import SourceError, SourceFault
from stream.web.http import Web

# A playlist is stale when it lists nothing new for three times its longest segment, within these limits.
_STALE_SEGMENTS = 3
_STALE_S = (4.0, 15.0)
_MAX_BYTES = 4_000_000
_LEAST_POLL_S = 0.5
# Master playlists that may refer to each other.
_MAX_MASTERS = 3
_BANDWIDTH = re.compile(r"[:,]BANDWIDTH=(\d+)")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment's place in its playlist.

    Attributes:
        number: its media sequence number; None where the playlist has none.
        path: of its address, without the query: tokens change.
    """

    number: int | None
    path: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The current content of a media playlist.

    Attributes:
        segments: oldest first.
        target_s: no segment is longer.
        ended: nothing will be added.
    """

    segments: tuple[Segment, ...]
    target_s: float
    ended: bool

    def is_past(self, seen: Segment | None) -> bool:
        """Whether the newest segment comes after ``seen``; None comes before all.

        Numbers that are lower by more than the length of the list are of a server that was restarted;
        slightly lower ones are of an older copy of the list.
        """
        if seen is None or not self.segments:
            return bool(self.segments)
        newest = self.segments[-1]
        if newest.number is None or seen.number is None:
            return newest.path != seen.path
        return newest.number > seen.number or newest.number < seen.number - len(self.segments)


def parse(text: str, url: str) -> Listing | str:
    """Parse a media playlist; of a master playlist return the address of its best variant.

    Raises ValueError where the text is no playlist.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if not lines or not lines[0].startswith("#EXTM3U"):
        raise ValueError("not a playlist")
    variants = [
        (int(found[1]) if (found := _BANDWIDTH.search(line)) else 0, uri)
        for line, uri in pairwise(lines)
        if line.startswith("#EXT-X-STREAM-INF") and not uri.startswith("#")
    ]
    if variants:
        return urljoin(url, max(variants)[1])
    first = _value(lines, "#EXT-X-MEDIA-SEQUENCE")
    paths = [urlsplit(urljoin(url, line)).path for line in lines if not line.startswith("#")]
    return Listing(
        tuple(Segment(None if first is None else int(first) + nth, path) for nth, path in enumerate(paths)),
        float(_value(lines, "#EXT-X-TARGETDURATION") or _LEAST_POLL_S),
        "#EXT-X-ENDLIST" in lines,
    )


def _value(lines: Sequence[str], tag: str) -> str | None:
    return next((line.partition(":")[2] for line in lines if line.startswith(f"{tag}:")), None)


def await_segment(address: str, seen: Segment | None, on_seen: Callable[[Segment], None]) -> None:
    """Wait until a live playlist lists a segment after ``seen``; with None, after all that it lists now.

    ``on_seen`` is called with the last segment that may not be played. Raises SourceError when the list is
    stale or has ended.
    """
    web = Web(address)
    listing = _fetched(web)
    seen = seen or (listing.segments[-1] if listing.segments else None)
    if seen is not None:
        on_seen(seen)
    timeout_s = min(max(_STALE_S[0], _STALE_SEGMENTS * listing.target_s), _STALE_S[1])
    deadline_s = time.monotonic() + timeout_s
    while listing.ended or not listing.is_past(seen):
        if listing.ended or time.monotonic() > deadline_s:
            reason = "its playlist has ended" if listing.ended else "its playlist lists nothing new"
            raise SourceError(web.name, reason, fault=SourceFault.STALLED, retryable=True)
        time.sleep(max(_LEAST_POLL_S, listing.target_s / 2))
        listing = _fetched(web)


def _fetched(web: Web) -> Listing:
    """Fetch the playlist; of a master playlist, that of the best variant."""
    url = web.url
    for _ in range(_MAX_MASTERS):
        answer = web.get(url=url, max_bytes=_MAX_BYTES)
        try:
            found = parse(answer.body.decode("utf-8", "replace"), answer.url)
        except ValueError:
            break
        if isinstance(found, Listing):
            return found
        url = found
    raise SourceError(web.name, "not a playlist", retryable=True)
