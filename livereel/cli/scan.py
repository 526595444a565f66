"""``scan``: print the windows and keyframes of a source."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from analyzer.reel.records import Gap
from analyzer.signal.window import Outcome, Window
from base.atomic import write_text
from base.clock import parse_utc, utc_after, utc_text
from base.local_time import length_text, span_text
from livereel.cli.progress import progress
from livereel.config.options import Options
from livereel.once.scan import opened
from sinks.serialize import gap_row, window_row

log = logging.getLogger(__name__)


def scan(address: str, options: Options, *, as_json: bool, plot: Path | None, realtime: bool = False) -> None:
    """Print the windows of a source; with ``plot``, draw them as a page too.

    With ``realtime`` a file is played at the speed at which it was taken.

    Raises SourceError, or OSError when the page cannot be written. What could be read of a damaged
    source is printed; its gaps too.
    """
    if plot is not None:
        _check_place(plot)
    with TemporaryDirectory(prefix="livereel-") as scratch:
        pictures = Path(scratch) if plot else None
        settings = options.windows(pictures=plot is not None)
        with opened(address, settings, pictures, realtime=realtime) as source:
            seen: list[Window | Gap] = []
            info = source.info
            lines = _Lines(None if info.live else utc_text(info.start_utc))
            for item in source.items(progress):
                if line := _row(item) if as_json else lines.line(item):
                    _print(line)
                if plot:
                    seen.append(item)
            for warning in source.warnings():
                log.warning("%s", warning)
        if plot:
            title = os.fsencode(info.address.rpartition("/")[2]).decode(errors="replace")
            _draw(plot, title, seen, media_time=not info.live)


def _check_place(plot: Path) -> None:
    """See that a page can be written there before a long film is watched for it; raises OSError."""
    if plot.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(plot))
    if not os.access(plot.absolute().parent, os.W_OK):
        missing = errno.EACCES if plot.absolute().parent.is_dir() else errno.ENOENT
        raise OSError(missing, os.strerror(missing), str(plot.parent))


def _draw(file: Path, title: str, seen: list[Window | Gap], *, media_time: bool) -> None:
    from analyzer.report.page import plot as page  # noqa: PLC0415  # jinja2 is only for those who draw

    windows = [item for item in seen if isinstance(item, Window)]
    gaps = [item for item in seen if isinstance(item, Gap)]
    write_text(file, page(windows, title=title, gaps=gaps, media_time=media_time))


def _print(line: str) -> None:
    """Print now: of a live source, the next line may be long in coming."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _row(item: Window | Gap) -> str:
    """Return a JSON object: a window's row, or a gap's with ``"kind": "gap"``."""
    if isinstance(item, Gap):
        row = {"kind": "gap", **gap_row(item)}
    else:
        row = window_row(item, Outcome.QUIET if item.quiet else "seen", base=Path())
    return json.dumps(row, ensure_ascii=False)


class _Lines:
    """Windows and gaps as a person reads them, a line each."""

    def __init__(self, zero_utc: str | None) -> None:
        """``zero_utc`` is the wall time of a file's media time 0; None for a live source."""
        self._zero_utc = zero_utc

    def line(self, item: Window | Gap) -> str | None:
        """Return the line; None for a gap that is too short to be shown."""
        if isinstance(item, Gap):
            return None if item.is_short else f"{self._span(item)}  not observed ({item.reason})"
        if self._zero_utc is not None:
            self._zero_utc = utc_after(item.start_utc, -item.start_s)
        span = f"{_clock(item.start_s)}-{_clock(item.end_s)}"
        if item.quiet:
            return f"{span}  quiet{_speech(item)}"
        times = " ".join(_clock(keyframe.pts_s) for keyframe in item.keyframes)
        return f"{span}  highest {item.signal_max:.0f} px{_loudest(item)}{_speech(item)}  keyframes {times}"

    def _span(self, gap: Gap) -> str:
        if self._zero_utc is None:
            return span_text(gap.start_utc, gap.end_utc)
        zero = parse_utc(self._zero_utc)
        ends = (parse_utc(gap.start_utc), parse_utc(gap.end_utc))
        return "-".join(_clock((end - zero).total_seconds()) for end in ends)


def _loudest(window: Window) -> str:
    """Return how loud the window's loudest noise was, or that its sound changed; empty without either."""
    peak = window.sound and window.sound.loudest
    if not peak:
        return ""
    return f"  loudest +{peak.rise_db:.0f} dB" if peak.kind == "loud" else "  sound changes"


def _speech(window: Window) -> str:
    """Return when there is speech in a window; empty without any."""
    spans = window.sound.speech if window.sound else ()
    shown = ", ".join(f"{_clock(it.start_s)}-{_clock(it.end_s)}" for it in spans)
    return f"  speech {shown}" if shown else ""


def _clock(at_s: float) -> str:
    return length_text(at_s, tenths=True)
