"""The ledger and the data folder, as sinks read them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from heapq import merge
from pathlib import Path
from typing import assert_never

from analyzer.reel.export.formats import export
from analyzer.reel.preference.feedback import Verdict
from analyzer.reel.records import GapReason, ReelError
from analyzer.reel.settings import ExportFormat
from analyzer.signal.window import Keyframe, Outcome
from base.clock import parse_utc, utc_after, utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import Entry, LedgerError
from sinks.archive import ArchiveError, MomentQuery, Row, Span
from sinks.serialize import gap_row, window_row
from stream.media.file import MediaError

log = logging.getLogger(__name__)

# Windows that follow each other may be this far apart by rounding and drift.
JOIN_S = 1.0
REEL_FILES = frozenset({"reel.mp4", "reel.json", "story.md", "captions.vtt", "poster.jpg", "report.html"})


class LedgerArchive:
    """Implements ``sinks.archive.Archive`` over a ledger; raises ArchiveError for LedgerError.

    Attributes:
        cameras: all cameras of this livereel.
    """

    def __init__(self, ledger: Ledger, cameras: Sequence[str]) -> None:
        self._ledger = ledger
        self.cameras = tuple(cameras)

    def search(self, query: MomentQuery) -> list[Row]:
        """Return the windows whose moments match, newest first."""
        with self._mapped():
            entries = self._ledger.search(query)
            verdicts = self._ledger.feedback.verdicts([entry.window.id for entry in entries])
            return [self._row(entry, verdicts) for entry in entries]

    def moment(self, window_id: str) -> Row | None:
        """Return one window with its moment."""
        entry = self._find(window_id)
        with self._mapped():
            verdicts = self._ledger.feedback.verdicts([window_id])
        return self._row(entry, verdicts) if entry else None

    def spans(self, camera: str, since_utc: str, until_utc: str, least_s: float) -> list[Span]:
        """Return the camera's time in order; a span shorter than ``least_s`` is joined with its neighbour.

        Of the two the more active state holds, so that a short event in a long quiet stays visible.
        """
        with self._mapped():
            windows = self._ledger.windows.states(camera, since_utc, until_utc)
            gaps = self._ledger.gaps.since(since_utc, utc_text(datetime.now(UTC)), camera=camera)
        observed = (Span(start, end, state, observed=True) for start, end, state in windows)
        missing = (
            Span(gap.start_utc, gap.end_utc, gap.reason, observed=False)
            for gap in gaps
            if gap.start_utc < until_utc
        )
        return joined(merge(observed, missing, key=lambda span: span.start_utc), least_s)

    def gaps(self, since_utc: str) -> list[Row]:
        """Return the gaps that ended after then, in time order."""
        with self._mapped():
            found = self._ledger.gaps.since(since_utc, utc_text(datetime.now(UTC)))
        return [gap_row(gap) for gap in found]

    def reels(self, limit: int, reel_id: str | None = None) -> list[Row]:
        """Return the newest reels, of all ids or of one, the newest first."""
        with self._mapped():
            return self._ledger.reels.newest(limit, reel_id)

    def reel(self, reel_id: str, seq: int | None) -> Row | None:
        """Return a reel, the newest of its id where ``seq`` is None."""
        with self._mapped():
            return self._ledger.reels.manifest(reel_id, seq)

    def clip(self, window_id: str) -> tuple[Path, float] | None:
        """Return a window's media file and the media time at which it begins."""
        entry = self._find(window_id)
        clip = entry and entry.window.clip
        return (clip.path, clip.file_start_s) if clip else None

    def keyframe(self, window_id: str, number: int) -> Path | None:
        """Return the picture of a window's keyframe, counted from 0."""
        entry = self._find(window_id)
        keyframes = entry.window.keyframes if entry else ()
        return keyframes[number].file if number < len(keyframes) else None

    def reel_file(self, reel_id: str, seq: int, name: str) -> Path | None:
        """Return a file of a reel's folder, if it is one that reels have."""
        row = self.reel(reel_id, seq) if name in REEL_FILES else None
        return self._ledger.data / row["folder"] / name if row else None

    def export(self, reel_id: str, seq: int, kind: ExportFormat, file: Path) -> bool:
        """Write a reel for editors to a new file; False where there is no such reel."""
        with self._mapped():
            reel = self._ledger.reels.find(reel_id, seq)
        if reel is None or not reel.chapters:
            return False
        shown = [chapter.moment.window.id for chapter in reel.chapters]
        try:
            with self._ledger.windows.lending(shown):
                export(reel, kind, file, url_of=lambda path: path.name)
        except (ReelError, MediaError, OSError) as error:
            log.warning("reel %s/%d: not exported: %s", reel_id, seq, error)
            raise ArchiveError("the export has failed; the log says why") from error
        return True

    def _find(self, window_id: str) -> Entry | None:
        with self._mapped():
            return self._ledger.windows.find(window_id)

    def _row(self, entry: Entry, verdicts: Mapping[str, Verdict]) -> Row:
        row = window_row(entry.window, entry.outcome, entry.moment, base=self._ledger.data)
        own = {"feedback": verdicts.get(entry.window.id)}
        return {**row, **own, "strongest": _strongest(entry.window.keyframes)}

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except LedgerError as error:
            raise ArchiveError(reason_without_folder(error, self._ledger.data)) from error


def joined(spans: Iterable[Span], least_s: float) -> list[Span]:
    """Join spans of one state that follow each other, and those shorter than ``least_s``."""
    result: list[Span] = []
    for span in spans:
        last = result[-1] if result else None
        if last is None or utc_after(last.end_utc, JOIN_S) < span.start_utc:
            result.append(span)
        elif last.state == span.state:
            result[-1] = replace(last, end_utc=max(last.end_utc, span.end_utc))
        elif last.observed == span.observed and length_s(last) < least_s:
            more = max(last, span, key=_activity)
            result[-1] = replace(more, start_utc=last.start_utc, end_utc=span.end_utc)
        else:
            result.append(span)
    return result


def length_s(span: Span) -> float:
    """Return how long a span is."""
    return (parse_utc(span.end_utc) - parse_utc(span.start_utc)).total_seconds()


def _strongest(keyframes: Sequence[Keyframe]) -> int | None:
    """Return the number of the keyframe with the highest signal; None where there is none."""
    return max(range(len(keyframes)), key=lambda number: keyframes[number].value, default=None)


def _activity(span: Span) -> int:
    """Return how much of a span's state a viewer wants to see, in comparison with its neighbour's."""
    match span.state:
        case Outcome.DESCRIBED:
            return 2
        case Outcome.SKIPPED_OVERLOAD | Outcome.MODEL_FAILED | Outcome.DISK_FULL | "pending" | GapReason():
            return 1
        case Outcome.QUIET:
            return 0
        case _:
            assert_never(span.state)


def reason_without_folder(error: Exception, data: Path) -> str:
    """Return why something failed, for who may not know where the data folder lies on this machine."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    folder = str(data)
    return str(error).replace(f"{folder}/", "").replace(folder, "the data folder")
