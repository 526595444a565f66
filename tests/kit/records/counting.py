"""What a file's windows hold, measured as the program measures them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from livereel.camera.capture import Capture
from livereel.camera.clips import NoClips
from stream.av_source import AvSource


def windows_of(file: Path) -> list[Window]:
    """The windows of a file, without pictures and clips."""
    with closing(AvSource(str(file))) as source:
        capture = Capture(source, "front", WindowSettings(), NoClips(), None)
        return [seen for seen in capture.windows() if isinstance(seen, Window)]
