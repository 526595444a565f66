"""The ledger and the data folder, as sinks read them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from heapq import merge
from operator import attrgetter
from pathlib import Path

from analyzer.reel.export.formats import export
from analyzer.reel.preference.feedback import Verdict
from analyzer.reel.records import ReelError
from analyzer.reel.settings import ExportFormat
from analyzer.signal.window import Keyframe
from base.clock import utc_after, utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import Entry, LedgerError, WindowState
from livereel.live.sound_marks import close_joined, marks_of
from livereel.live.spans import edges_of, joined, longest, without
from sinks.archive import ArchiveError, MomentQuery, Row, SoundMark, Span
from sinks.serialize import gap_row, window_row
from stream.media.file import MediaError

log = logging.getLogger(__name__)

# Up to this length of a part all windows are read, some ten thousand for a day and a camera.
EXACT_S = 60.0
# No window is longer.
LONG_WINDOW_S = 60.0
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

    def count(self, query: MomentQuery) -> int:
        """Return how many moments match, MAX_COUNTED at most."""
        with self._mapped():
            return self._ledger.moments.count(query)

    def moment(self, window_id: str) -> Row | None:
        """Return one window with its moment."""
        entry = self._find(window_id)
        with self._mapped():
            verdicts = self._ledger.feedback.verdicts([window_id])
        return self._row(entry, verdicts) if entry else None

    def spans(
        self, cameras: Sequence[str], since_utc: str, until_utc: str, least_s: float
    ) -> dict[str, list[Span]]:
        """Return each camera's time in order; a span shorter than ``least_s`` is joined with its neighbour.

        Of the two the more active state holds, so that a short event in a long quiet stays visible. Where
        ``least_s`` is longer than EXACT_S, spans begin and end with parts of that length, or with gaps, and
        of the gaps that begin in one part the longest is there.
        """
        if least_s <= EXACT_S:
            return {camera: self._exact(camera, since_utc, until_utc, least_s) for camera in cameras}
        edges = edges_of(since_utc, until_utc, least_s)
        return {camera: self._coarse(camera, edges) for camera in cameras}

    def _exact(self, camera: str, since_utc: str, until_utc: str, least_s: float) -> list[Span]:
        with self._mapped():
            windows = self._ledger.windows.states(camera, since_utc, until_utc)
        missing = self._missing(camera, since_utc, until_utc)
        return joined(_merged(map(_observed, windows), missing), least_s)

    def _coarse(self, camera: str, edges: Sequence[str]) -> list[Span]:
        with self._mapped():
            windows = self._ledger.windows.parts(camera, edges)
        missing = longest(self._missing(camera, edges[0], edges[-1]), edges)
        # Joined before, too: most parts have their neighbour's state.
        return joined(_merged(without(joined(map(_observed, windows), 0.0), missing), missing), 0.0)

    def _missing(self, camera: str, since_utc: str, until_utc: str) -> list[Span]:
        with self._mapped():
            gaps = self._ledger.gaps.since(since_utc, utc_text(datetime.now(UTC)), camera=camera)
        return [
            Span(gap.start_utc, gap.end_utc, gap.reason, observed=False)
            for gap in gaps
            if gap.start_utc < until_utc
        ]

    def sounds(self, camera: str, since_utc: str, until_utc: str, least_s: float) -> list[SoundMark]:
        """Return the camera's speech and peaks of sound in order; marks of a kind so close are one.

        All its windows of the time are looked through: some ten thousand for a day.
        """
        with self._mapped():
            ended_utc = utc_after(until_utc, LONG_WINDOW_S)
            windows = self._ledger.windows.with_sound(camera, since_utc, ended_utc)
        marks = [mark for window in windows for mark in marks_of(window)]
        shown = [mark for mark in marks if mark.end_utc > since_utc and mark.start_utc < until_utc]
        return close_joined(shown, least_s)

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
            with self._ledger.windows.using_files(shown):
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


def _observed(window: tuple[str, str, WindowState]) -> Span:
    return Span(*window, observed=True)


def _merged(observed: Iterable[Span], missing: Iterable[Span]) -> Iterator[Span]:
    return merge(observed, missing, key=attrgetter("start_utc"))


def _strongest(keyframes: Sequence[Keyframe]) -> int | None:
    """Return the number of the keyframe with the highest signal; None where there is none."""
    return max(range(len(keyframes)), key=lambda number: keyframes[number].value, default=None)


def reason_without_folder(error: Exception, data: Path) -> str:
    """Return why something failed, for who may not know where the data folder lies on this machine."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    folder = str(data)
    return str(error).replace(f"{folder}/", "").replace(folder, "the data folder")
