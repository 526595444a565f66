"""A moment: a window with its description."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.signal.window import Window

MAX_TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """What one window shows, in words, and who said so.

    Attributes:
        window: the window that was described.
        title: at most 60 characters, no line break.
        text: one to four sentences of plain text.
        importance: 0.0 (nothing worth a look) to 10.0.
        tags: short lower-case words.
        model: name of the model, or ``builtin``.
        latency_s: from the window's close to these words.
        late: described after the live queue had moved on.
        alerts: the camera's ``tell me when`` rules that hold in this window.
    """

    window: Window
    title: str
    text: str
    importance: float
    tags: tuple[str, ...]
    model: str
    latency_s: float
    late: bool = False
    alerts: tuple[str, ...] = ()
