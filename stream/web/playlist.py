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
# Several servers behind one address may have copies of different age: so many answers in a row must be new.
_COPIES = 2
_ENDED, _STALE = "its playlist has ended", "its playlist lists nothing new"
_NO_NUMBERS = "its playlist removes segments and does not number them (EXT-X-MEDIA-SEQUENCE)"
_BANDWIDTH = re.compile(r"[:,]BANDWIDTH=(\d+)")


@dataclass(frozen=True, slots=True)
class Listing:
    """The current content of a media playlist.

    Attributes:
        first: media sequence number of the first segment.
        paths: of the segments' addresses, oldest first, without the queries: tokens change.
        target_s: no segment is longer.
        ended: nothing will be added.
        numbered: the playlist states ``first``; otherwise it is 0 (RFC 8216, 4.3.3.2).
    """

    first: int
    paths: tuple[str, ...]
    target_s: float
    ended: bool
    numbered: bool = True

    def is_past(self, seen: Listing | None) -> bool:
        """Whether the newest segment comes after all that ``seen`` lists; None comes before all.

        Numbers that are lower by more than the length of the list are of a server that was restarted;
        slightly lower ones are of an older copy of the list. The same list with higher numbers lists nothing
        new, unless all addresses differ only in their queries.
        """
        if seen is None or not seen.paths or not self.paths:
            return bool(self.paths)
        ahead = self._ahead_of(seen)
        if ahead < -len(self.paths):
            return True
        if ahead > 0:
            return self.paths != seen.paths or len(set(self.paths)) == 1
        return not self.numbered and self.paths[-1] not in seen.paths

    def has_dropped(self, seen: Listing | None) -> bool:
        """Whether segments of ``seen`` were removed, and no number says how many."""
        if self.numbered or seen is None or not seen.paths or not self.paths:
            return False
        return self.paths[0] != seen.paths[0] and self._ahead_of(seen) >= -len(self.paths)

    def _ahead_of(self, other: Listing) -> int:
        return self.first + len(self.paths) - other.first - len(other.paths)


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
    return Listing(
        int(first or 0),
        tuple(urlsplit(urljoin(url, line)).path for line in lines if not line.startswith("#")),
        float(_value(lines, "#EXT-X-TARGETDURATION") or _LEAST_POLL_S),
        "#EXT-X-ENDLIST" in lines,
        numbered=first is not None,
    )


def _value(lines: Sequence[str], tag: str) -> str | None:
    return next((line.partition(":")[2] for line in lines if line.startswith(f"{tag}:")), None)


def await_segment(address: str, seen: Listing | None, on_seen: Callable[[Listing], None]) -> None:
    """Wait until a live playlist lists a segment after those of ``seen``; with None, of what it lists now.

    ``on_seen`` is called with what may not be played any more. Raises SourceError when the list is stale, has
    ended, or cannot be followed.
    """
    web = Web(address)
    listing = _fetched(web)
    seen = seen or (listing if listing.paths else None)
    if seen is not None:
        on_seen(seen)
    timeout_s = min(max(_STALE_S[0], _STALE_SEGMENTS * listing.target_s), _STALE_S[1])
    deadline_s = time.monotonic() + timeout_s
    past = 0
    while True:
        if listing.ended:
            raise SourceError(web.name, _ENDED, fault=SourceFault.STALLED, retryable=True)
        past = past + 1 if listing.is_past(seen) else 0
        if past == _COPIES:
            break
        if not past and time.monotonic() > deadline_s:
            raise SourceError(web.name, _STALE, fault=SourceFault.STALLED, retryable=True)
        if not past:
            time.sleep(max(_LEAST_POLL_S, listing.target_s / 2))
        listing = _fetched(web)
    if listing.has_dropped(seen):  # FFmpeg goes by the numbers: it would play one segment, and no other
        on_seen(listing)
        raise SourceError(web.name, _NO_NUMBERS, fault=SourceFault.UNREADABLE, retryable=True)


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
