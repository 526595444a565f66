"""Join segments in one MP4 file with a chapter for each: copied where possible, else re-encoded."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from stream.media.edit.cut import UnsuitableError
from stream.media.edit.encode import encode
from stream.media.edit.remux import copy
from stream.media.edit.segment import Joined, OnProgress, Place, Segment
from stream.media.file import MediaError

__all__ = ["Joined", "MediaError", "Place", "Segment", "join"]

_LOG = logging.getLogger(__name__)


def join(
    segments: Sequence[Segment],
    out_path: Path,
    *,
    titles: Sequence[str | None],
    title: str = "",
    max_early_s: float = 1.0,
    max_copied_s: float = math.inf,
    max_height_px: int = 1080,
    allow_copy: bool = True,
    on_progress: OnProgress | None = None,
) -> Joined:
    """Write the segments into ``out_path``: H.264 and AAC in a faststart MP4, a chapter for each.

    The video is copied where all segments are H.264 that every browser plays, of the same parameters, and
    each has a key frame at most ``max_early_s`` before its start, at which it then begins, without showing
    frames twice. Otherwise the whole reel is re-encoded at the largest segment's size.

    Args:
        segments: at least one; each ends after it starts.
        out_path: replaced when the reel is complete; an incomplete one is removed.
        titles: the chapters' titles, one for each segment; None for one that belongs to the chapter before.
        title: the reel's title in the file's metadata.
        max_early_s: how much earlier than requested a copied segment may begin.
        max_copied_s: how long a copied reel may be; a longer one is re-encoded, to the segments' exact times.
        max_height_px: a re-encoded reel is not higher.
        allow_copy: False to re-encode in any case, as when a copy does not verify; with stamps it always is.
        on_progress: called with the share that is written.

    Raises MediaError where a segment cannot be read or the reel not be written, DiskFullError where the
    disk is full, ValueError for arguments that do not fit.
    """
    _check(segments, titles)
    report = on_progress or _no_progress
    reason = "it was asked for"
    if allow_copy and not any(segment.stamp for segment in segments):
        try:
            places = copy(
                segments,
                out_path,
                max_early_s=max_early_s,
                max_s=max_copied_s,
                titles=titles,
                title=title,
                on_progress=report,
            )
            return Joined("copy", places)
        except UnsuitableError as error:
            reason = str(error)
    _LOG.debug("%s is re-encoded: %s", out_path.name, reason)
    places = encode(
        segments,
        out_path,
        titles=titles,
        title=title,
        max_height_px=max_height_px,
        on_progress=report,
    )
    return Joined("encode", places)


def _no_progress(_done: float) -> None:
    """Do nothing."""


def _check(segments: Sequence[Segment], titles: Sequence[str | None]) -> None:
    if not segments or len(titles) != len(segments):
        raise ValueError(f"{len(segments)} segments and {len(titles)} titles")
    for segment in segments:
        if not 0 <= segment.start_s < segment.end_s:
            raise ValueError(f"no time between {segment.start_s} and {segment.end_s} s")
