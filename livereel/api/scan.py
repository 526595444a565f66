"""``scan``: the windows of a source, with their keyframes and signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.reel.records import Gap
from analyzer.signal.window import Outcome, Window
from base.temporary import TemporaryFolder
from livereel.api.html import strips
from livereel.api.options import Area, Configured, Section, read_options
from livereel.api.plot import figure
from livereel.api.progress import shown_progress
from livereel.api.records import Picture, SeenWindow, frame
from livereel.errors import explained
from livereel.once.scan import opened

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure


@dataclass(frozen=True, slots=True)
class Scan:
    """What was seen of a source.

    Attributes:
        source: its address, without credentials.
        live: it was watched as it happened; its times are wall time, else media time.
        windows: in order.
        gaps: time that was not observed.
        warnings: what the user should know of the source, a line each.
    """

    source: str
    live: bool
    windows: tuple[SeenWindow, ...]
    gaps: tuple[Gap, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def keyframes(self) -> tuple[Picture, ...]:
        """The keyframes of all windows, in order."""
        return tuple(picture for window in self.windows for picture in window.keyframes)

    def plot(self) -> Figure:
        """Draw the signal with threshold and peaks (blue crosses), and the sound where there is any."""
        return figure([w.window for w in self.windows], media_time=not self.live, title=_name(self.source))

    def to_frame(self) -> DataFrame:
        """Return a pandas table, a row for each window."""
        return frame(window.row() for window in self.windows)

    def __repr__(self) -> str:
        busy = sum(not window.quiet for window in self.windows)
        return f"<Scan of {_name(self.source)}: {len(self.windows)} windows, {busy} with motion or sound>"

    def _repr_html_(self) -> str:
        return strips(self.windows, media_time=not self.live, title=_name(self.source))


def scan(
    source: str | Path,
    *,
    seconds: float | None = None,
    realtime: bool = False,
    window_s: float | None = None,
    motion: Section | None = None,
    peaks: Section | None = None,
    sound: Section | None = None,
    keyframe_px: int | None = None,
    regions: Sequence[Area] = (),
    ignore: Sequence[Area] = (),
    config: Configured = None,
    progress: bool = True,
) -> Scan:
    """Find the keyframes of a file, or of a live source until it is interrupted, and return its windows.

    A first interrupt (Ctrl-C, or the notebook's stop button) ends a live source and keeps what was seen.

    Args:
        source: a file, an address, or a synthetic camera.
        seconds: a live source ends after so many seconds.
        realtime: a file is played at the speed at which it was taken.
        window_s: length of a window, in seconds; 10 unless the configuration says otherwise.
        motion: options of how motion is measured, such as ``{"signal": "notebook"}``.
        peaks: options of what a peak is, such as ``{"height_ratio": 0.3, "max_keyframes": 6}``.
        sound: options of how sound is measured.
        keyframe_px: longer side of the keyframes, in pixels, at most the source's.
        regions, ignore: look only there, never there; pixels of the picture as shown.
        config: a configuration, or its file.
        progress: whether a bar is shown.

    Raises LivereelError.
    """
    with explained():
        describe = None if keyframe_px is None else {"keyframe_px": keyframe_px}
        given = {"window_s": window_s, "motion": motion, "peaks": peaks, "sound": sound, "describe": describe}
        options = read_options(config, given, regions=regions, ignore=ignore)
        folder = TemporaryFolder()
        settings = options.windows(pictures=True)
        with opened(str(source), settings, folder.path, realtime=realtime) as run:
            items = list(run.items(shown_progress(show=progress), seconds))
            return Scan(
                source=run.info.address,
                live=run.info.live,
                windows=tuple(_seen(item, folder) for item in items if isinstance(item, Window)),
                gaps=tuple(item for item in items if isinstance(item, Gap)),
                warnings=tuple(run.warnings()),
            )


def _seen(window: Window, folder: object) -> SeenWindow:
    return SeenWindow(window, Outcome.QUIET if window.quiet else None, keeps=folder)


def _name(address: str) -> str:
    """Return the end of an address as a title."""
    path = address.partition("?")[0] if "://" in address else address
    return path.rpartition("/")[2] or address
