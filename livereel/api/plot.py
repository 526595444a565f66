"""The motion signal as a plotly figure, with its threshold and the sound level."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from analyzer.report.axis import Axis
from analyzer.signal.window import Window
from livereel.errors import LivereelError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_SIGNAL, _PEAKS, _FAINT, _SOUND = "#d62728", "#1f3fd6", "#888888", "#2ca02c"


def figure(windows: Sequence[Window], *, media_time: bool, title: str) -> Figure:
    """Return the signal with threshold and peaks, and below it the level of the sound where there is any.

    Raises LivereelError where plotly is not installed.
    """
    try:
        from plotly.subplots import make_subplots  # noqa: PLC0415  # for who draws
    except ImportError as error:
        raise LivereelError("plotly is not installed: pip install 'livereel[notebook]'") from error
    loud = any(window.sound for window in windows)
    rows = 2 if loud else 1
    drawn = make_subplots(
        rows=rows, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.65, 0.35][:rows]
    )
    curves = Curves(windows, media_time=media_time)
    for camera in dict.fromkeys(window.camera for window in windows):
        several = "" if curves.cameras == 1 else f" {camera}"
        for trace in curves.motion(camera, several):
            drawn.add_trace(trace, row=1, col=1)
        for trace in curves.sound(camera, several) if loud else ():
            drawn.add_trace(trace, row=2, col=1)
    drawn.update_layout(
        title=title,
        margin={"t": 60, "b": 40},
        template="plotly_white",
        height=560 if loud else 400,
        legend={"orientation": "h", "y": -0.16},
    )
    drawn.update_yaxes(title_text="changed pixels", rangemode="tozero", row=1, col=1)
    if loud:
        drawn.update_yaxes(title_text="sound level (dB)", row=2, col=1)
    drawn.update_xaxes(title_text="seconds" if media_time else "time (UTC)", row=rows, col=1)
    return drawn


class Curves:
    """The curves of windows over one axis."""

    def __init__(self, windows: Sequence[Window], *, media_time: bool) -> None:
        self._windows = windows
        self._axis = Axis.of(windows, (), media_time=media_time)
        self.cameras = len({window.camera for window in windows})

    def motion(self, camera: str, suffix: str) -> list[Any]:
        """The signal, the threshold and the peaks of a camera."""
        from plotly.graph_objects import Scatter  # noqa: PLC0415  # see figure

        own = [window for window in self._windows if window.camera == camera]
        signal = self._steps(own, lambda w: (w.signal, w.signal_step_s))
        edges = [(self._at(w, at_s), w.threshold) for w in own for at_s in (w.start_s, w.end_s)]
        peaks = [(self._at(w, p.pts_s), p.value) for w in own for p in w.peaks]
        return [
            Scatter(
                **_xy(signal), mode="lines", name=f"signal{suffix}", line={"color": _SIGNAL, "width": 1.5}
            ),
            Scatter(
                **_xy(edges), mode="lines", name=f"threshold{suffix}", line={"color": _FAINT, "dash": "dot"}
            ),
            Scatter(**_xy(peaks), mode="markers", name=f"peaks{suffix}", marker=_crosses()),
        ]

    def sound(self, camera: str, suffix: str) -> list[Any]:
        """The level of a camera's sound, and its peaks."""
        from plotly.graph_objects import Scatter  # noqa: PLC0415  # see figure

        own = [window for window in self._windows if window.camera == camera and window.sound]
        level = self._steps(own, lambda w: (w.sound.levels, w.sound.level_step_s) if w.sound else ((), 1.0))
        peaks = [(self._at(w, p.pts_s), p.level_db) for w in own if w.sound for p in w.sound.peaks]
        return [
            Scatter(**_xy(level), mode="lines", name=f"sound{suffix}", line={"color": _SOUND, "width": 1.5}),
            Scatter(**_xy(peaks), mode="markers", name=f"sound peaks{suffix}", marker=_crosses()),
        ]

    def _steps(self, windows: Sequence[Window], values: Any) -> list[tuple[Any, float | None]]:
        """Points in the middle of each step; windows that do not follow each other are not joined."""
        points: list[tuple[Any, float | None]] = []
        last: Window | None = None
        for window in windows:
            if last is not None and (last.epoch != window.epoch or window.start_s - last.end_s > 0.5):
                points.append((self._at(window, window.start_s), None))
            series, step_s = values(window)
            points += [
                (self._at(window, window.start_s + (n + 0.5) * step_s), value)
                for n, value in enumerate(series)
            ]
            last = window
        return points

    def _at(self, window: Window, at_s: float) -> float | datetime:
        at = self._axis.media(window, at_s)
        return at if self._axis.media_time else datetime.fromtimestamp(at, UTC)


def _xy(points: Sequence[tuple[Any, float | None]]) -> dict[str, list[Any]]:
    return {"x": [at for at, _ in points], "y": [value for _, value in points]}


def _crosses() -> dict[str, Any]:
    return {"color": _PEAKS, "symbol": "x-thin", "size": 9, "line": {"color": _PEAKS, "width": 2}}
