"""A moment: a window with its description."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.signal.window import Window

MAX_TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """The description of a window, and its author.

    Attributes:
        window: the window that was described.
        title: at most 60 characters, no line break.
        text: one to four sentences of plain text.
        importance: 0.0 (irrelevant) to 10.0.
        tags: short lower-case words.
        model: name of the model, or ``builtin``.
        latency_s: from the request to the description.
        late: whether it was described later than ``late_after_s`` after its end.
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
