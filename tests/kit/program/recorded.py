"""A film recorded into a ledger as a camera's windows, with clips and keyframes, faster than it was taken."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Outcome, Window
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from livereel.storage.data_dir import CLIPS, KEYFRAMES
from stream.av_source import AvSource


def record(ledger: Ledger, film: Path, camera: str, settings: WindowSettings) -> list[Window]:
    """Capture a film; quiet windows have no clip, as live. Return all windows."""
    with closing(AvSource(str(film))) as source:
        clips = BufferClips(source, ledger.data / CLIPS / camera, settings.window_s)
        pictures = ledger.data / KEYFRAMES / camera
        capture = Capture(source, camera, settings, clips, pictures)
        windows = [it for it in capture.windows() if isinstance(it, Window)]
    for window in windows:
        ledger.windows.add(window, Outcome.QUIET if window.quiet else PENDING)
    return windows
