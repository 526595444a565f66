"""What ``recap`` is asked for on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.reel.records import Span
from livereel.config.schema import UsageError

WHOLE = Span(0.0, math.inf)
MIN_LENGTH_S = 2.0

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:\.\d+)?)")
_UNITS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RecapRequest:
    """What a recap is of, and where it goes.

    Attributes:
        sources: addresses of files, patterns of their names, or one live source.
        out: the new folder.
        span: the part of them that counts, in seconds from the start of the first; infinity is their end.
        length_s: how long the reel may be; None for the default.
        single_file: the report holds the video.
    """

    sources: tuple[str, ...]
    out: Path
    span: Span = WHOLE
    length_s: float | None = None
    single_file: bool = False


def read_request(
    sources: Sequence[str],
    out: Path,
    length: str | None,
    from_: str | None,
    to: str | None,
    *,
    single_file: bool,
) -> RecapRequest:
    """Read the options; raises UsageError, which names the wrong one."""
    length_s = None if length is None else parse_media_time("--length", length)
    if length_s is not None and length_s < MIN_LENGTH_S:
        raise UsageError(f"--length {length}: a reel lasts at least {MIN_LENGTH_S:g} s")
    from_s = 0.0 if from_ is None else parse_media_time("--from", from_)
    to_s = math.inf if to is None else parse_media_time("--to", to)
    if to_s <= from_s:
        raise UsageError(f"--to {to}: it must be later than --from {from_ or 0}")
    return RecapRequest(tuple(sources), out, Span(from_s, to_s), length_s, single_file)


def parse_media_time(option: str, text: str) -> float:
    """Return the seconds that a text names: ``90``, ``1:30``, ``1:02:30.5``, ``1h2m`` or ``1m30s``.

    Raises UsageError, which names the option.
    """
    given = text.strip()
    parts = _CLOCK.fullmatch(given) or _UNITS.fullmatch(given)
    if not given or parts is None:
        raise UsageError(f"{option} {text}: expected seconds, 1:30 or 1m30s")
    hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return hours * 3600 + minutes * 60 + seconds
