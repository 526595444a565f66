"""Write the clip and the keyframes of a window."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from analyzer.signal.peaks import Candidate
from analyzer.signal.window import Clip, Keyframe
from analyzer.signal.windower import LazyJpeg, MeasuredWindow
from livereel.camera.clips import Clipper
from livereel.camera.reports import CaptureCounts
from livereel.storage.free_space import FreeSpace, is_full
from stream.media.file import MediaError


class WindowFiles:
    """Writes the files of one window after the other.

    Attributes:
        clip_failure: why the last clip that failed could not be written; None where none failed.
    """

    def __init__(
        self, clips: Clipper, pictures: Path | None, space: FreeSpace | None, counts: CaptureCounts
    ) -> None:
        """Write clips by ``clips``, and keyframes to the folder ``pictures`` (None: no keyframes).

        With ``space``, a window for which there is no free space has no files; without it, a full disk is an
        error. What could not be written is added to ``counts``.
        """
        self._clips = clips
        self._pictures = pictures
        self._space = space
        self._counts = counts
        self.clip_failure: MediaError | None = None

    def write(
        self, measured: MeasuredWindow, place: str, media_start_s: float
    ) -> tuple[Clip | None, tuple[Keyframe, ...]]:
        """Write a window's files under the name ``place``; media time 0 is stream time ``media_start_s``.

        Raises MediaError or OSError; then, as where there is no free space, no file of the window is left.
        """
        if measured.quiet:
            return None, ()
        bare = tuple(_without_picture(peak) for peak in measured.candidates)
        if self._space is not None and self._space.missing_bytes():
            self._counts.windows_without_room += 1
            return None, bare
        try:
            keyframes = tuple(self._keyframe(place, n, peak) for n, peak in enumerate(measured.candidates))
            return self._clip(measured, place, media_start_s), keyframes
        except (MediaError, OSError) as error:
            self._unlink(place, len(measured.candidates))
            if self._space is None or not is_full(error):
                raise
        self._counts.windows_without_room += 1
        return None, bare

    def _clip(self, measured: MeasuredWindow, place: str, media_start_s: float) -> Clip | None:
        """Write the clip; packets that no file can hold cost the clip, not the window."""
        try:
            return self._clips.clip(place, media_start_s, measured.start_s, measured.end_s)
        except MediaError as error:
            if is_full(error):
                raise
            self.clip_failure = error
        self._counts.clips_failed += 1
        return None

    def _keyframe(self, place: str, number: int, peak: Candidate[LazyJpeg]) -> Keyframe:
        if self._pictures is None or peak.payload is None:
            return _without_picture(peak)
        file = _picture(self._pictures, place, number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(peak.payload.data)
        return Keyframe(peak.pts_s, peak.value, file, peak.sound)

    def _unlink(self, place: str, count: int) -> None:
        """Remove the keyframes; of a clip that failed nothing is left."""
        if self._pictures is None:
            return
        for number in range(count):
            with suppress(OSError):  # recovery at the next start removes it
                _picture(self._pictures, place, number).unlink(missing_ok=True)


def _without_picture(peak: Candidate[LazyJpeg]) -> Keyframe:
    return Keyframe(peak.pts_s, peak.value, sound=peak.sound)


def _picture(folder: Path, place: str, number: int) -> Path:
    return folder / f"{place}-{number}.jpg"
