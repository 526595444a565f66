"""The records of a recap whose folder has been renamed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from analyzer.describe.moment import Moment
from analyzer.reel.records import Chapter, Reel
from analyzer.signal.window import Clip, Keyframe, Window
from livereel.once.describe import EndedWindow


class Move:
    """Renames the files below a folder in records; others stay as they are."""

    def __init__(self, old: Path, new: Path) -> None:
        self._old = old
        self._new = new

    def ended(self, ended: EndedWindow) -> EndedWindow:
        """Return how a window ended."""
        return replace(
            ended, window=self.window(ended.window), moment=ended.moment and self.moment(ended.moment)
        )

    def reel(self, reel: Reel) -> Reel:
        """Return a reel with its chapters."""
        return replace(reel, folder=self._new, chapters=tuple(map(self._chapter, reel.chapters)))

    def moment(self, moment: Moment) -> Moment:
        """Return a moment with its window."""
        return replace(moment, window=self.window(moment.window))

    def window(self, window: Window) -> Window:
        """Return a window with its keyframes; without a clip that was removed with the scratch."""
        clip = window.clip
        keyframes = tuple(map(self._keyframe, window.keyframes))
        return replace(window, keyframes=keyframes, clip=clip and self._clip(clip))

    def _chapter(self, chapter: Chapter) -> Chapter:
        return replace(chapter, moment=self.moment(chapter.moment))

    def _keyframe(self, keyframe: Keyframe) -> Keyframe:
        if keyframe.file is None or not keyframe.file.is_relative_to(self._old):
            return keyframe
        return replace(keyframe, file=self._new / keyframe.file.relative_to(self._old))

    def _clip(self, clip: Clip) -> Clip | None:
        return None if clip.path.is_relative_to(self._old) else clip
