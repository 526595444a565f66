"""Records as HTML, for notebooks: styles stand with each element, and colours suit light and dark themes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.report.thumbnail import data_uri, thumbnail
from base.local_time import length_text, time_text
from base.plural import counted
from livereel.api.records import Picture, SeenWindow
from livereel.errors import LivereelError

if TYPE_CHECKING:
    from IPython.display import HTML

MAX_WINDOWS = 60  # of one output; a picture takes about 20 kB
MAX_VIDEO_BYTES = 50_000_000

_LINE = "border-top:1px solid rgba(128,128,128,.35);padding:6px 0;text-align:left"
_FAINT = "opacity:.65"
_PICTURE = "height:96px;border-radius:3px;display:block"


def strips(windows: Sequence[SeenWindow], *, media_time: bool, title: str = "") -> str:
    """Return a strip of keyframes for each window; quiet ones are counted."""
    busy = [window for window in windows if not window.quiet]
    shown = busy[:MAX_WINDOWS]
    several = len({window.camera for window in windows}) > 1
    rows = "".join(_strip(window, media_time=media_time, named=several) for window in shown)
    notes = [counted(len(windows), "window")]
    if len(windows) > len(busy):
        notes.append(f"{len(windows) - len(busy)} quiet")
    if len(busy) > len(shown):
        notes.append(f"{len(busy) - len(shown)} not shown")
    head = f"<b>{escape(title)}</b> " if title else ""
    return f'<div><div>{head}<span style="{_FAINT}">{", ".join(notes)}</span></div>{rows}</div>'


def when(window: SeenWindow, *, media_time: bool) -> str:
    """Return a window's span as text: media time, or local time of the day."""
    if not media_time:
        return time_text(window.window.start_utc)
    return f"{length_text(window.start_s)} to {length_text(window.end_s)}"


def _strip(window: SeenWindow, *, media_time: bool, named: bool) -> str:
    moment = window.moment
    head = f"<b>{when(window, media_time=media_time)}</b>"
    if named:
        head += f' <span style="{_FAINT}">{escape(window.camera)}</span>'
    if moment is not None:
        head += f" {escape(moment.title)}"
    return f'<div style="{_LINE}"><div>{head}</div>{pictures(window.keyframes)}</div>'


def pictures(items: Iterable[Picture]) -> str:
    """Return pictures in a row, each with its time; those whose file is gone are left out."""
    shown = "".join(_figure(item, source) for item in items if (source := thumbnail(item.file)))
    return f"<div>{shown}</div>" if shown else ""


def _figure(item: Picture, source: str) -> str:
    image = f'<img src="{source}" style="{_PICTURE}">'
    time = f'<figcaption style="font-size:11px;{_FAINT}">{length_text(item.pts_s, tenths=True)}</figcaption>'
    return f'<figure style="margin:4px 6px 0 0;display:inline-block">{image}{time}</figure>'


def paragraphs(text: str) -> str:
    """Return text with its line breaks."""
    return f'<div style="white-space:pre-wrap;text-align:left">{escape(text)}</div>'


def page(html: str, *, height_px: int = 720) -> str:
    """Return a whole page inside a frame of its own: its styles and its script stay there."""
    return (
        f'<iframe srcdoc="{escape(html, quote=True)}" sandbox="allow-scripts allow-same-origin" '
        f'style="width:100%;height:{height_px}px;border:1px solid rgba(128,128,128,.35)"></iframe>'
    )


def video(file: Path, *, width_px: int, poster: Path | None = None) -> HTML:
    """Return a player that holds the video, up to 50 MB; raises LivereelError where that cannot be.

    It plays wherever the notebook is opened, without the file.
    """
    try:
        from IPython.display import HTML  # noqa: PLC0415  # for notebooks alone
    except ImportError as error:
        raise LivereelError("IPython is not installed: pip install 'livereel[notebook]'") from error
    size = file.stat().st_size
    if size > MAX_VIDEO_BYTES:
        raise LivereelError(f"{file}: {size / 1e6:.0f} MB are too large for a notebook; open it in a player")
    source = base64.b64encode(file.read_bytes()).decode()
    shown = f' poster="{data_uri(poster.read_bytes(), "image/jpeg")}"' if poster else ""
    tag = (
        f'<video controls playsinline width="{width_px}"{shown} src="data:video/mp4;base64,{source}"></video>'
    )
    return HTML(tag)  # type: ignore[no-untyped-call]  # of IPython
