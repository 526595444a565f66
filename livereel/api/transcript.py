"""What was described, in the order of time: numbered, and with what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from analyzer.reel.records import Reel
from base.local_time import length_text
from livereel.api.html import paragraphs, pictures, when
from livereel.api.records import SeenWindow


@dataclass(frozen=True, slots=True)
class Entry:
    """A described window.

    Attributes:
        number: from 1, in the order of time.
        window: the window, with its moment.
        reason: why it was chosen for the reel; None where it was not.
        media_time: whether its times are media time.
    """

    number: int
    window: SeenWindow
    reason: str | None
    media_time: bool

    @property
    def chosen(self) -> bool:
        """Whether it is in the reel."""
        return self.reason is not None

    @property
    def title(self) -> str:
        """The moment's title."""
        return self.window.moment.title if self.window.moment else ""

    @property
    def text(self) -> str:
        """The moment's text."""
        return self.window.moment.text if self.window.moment else ""

    def __str__(self) -> str:
        chosen = f"\n-> in the reel: {self.reason}" if self.reason is not None else ""
        return f"{self.number}. {self._when()}: {self.title}\n{self.text}{chosen}"

    def _when(self) -> str:
        return when(self.window, media_time=self.media_time)

    def _repr_html_(self) -> str:
        mark = "#2ca02c" if self.chosen else "rgba(128,128,128,.35)"
        reason = (
            f'<div style="color:#2ca02c">In the reel: {escape(self.reason or "")}</div>'
            if self.chosen
            else ""
        )
        head = f"<b>{self.number}. {self._when()}</b> {escape(self.title)}"
        body = f"{head}{paragraphs(self.text)}{reason}{pictures(self.window.keyframes)}"
        style = f"border-left:3px solid {mark};padding-left:10px;margin:8px 0;text-align:left"
        return f'<div style="{style}">{body}</div>'


@dataclass(frozen=True, slots=True)
class Transcript(Sequence[Entry]):
    """The described windows of a recap; each that is in the reel is one of its chapters."""

    entries: tuple[Entry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, at: Any) -> Any:
        return self.entries[at]

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.entries))

    def _repr_html_(self) -> str:
        return "".join(entry._repr_html_() for entry in self.entries)  # of this module


def transcript(windows: Sequence[SeenWindow], reel: Reel, *, media_time: bool) -> Transcript:
    """Return the described windows, with the reel's reasons."""
    reasons = {chapter.moment.window.id: chapter.reason for chapter in reel.chapters}
    described = [window for window in windows if window.moment]
    return Transcript(
        tuple(
            Entry(number, window, reasons.get(window.id), media_time)
            for number, window in enumerate(described, 1)
        )
    )


def chapters_html(reel: Reel) -> str:
    """Return the reel's chapters as a list: where each stands, what it is and why."""
    rows = "".join(
        f"<li>{length_text(it.reel_start_s)} <b>{escape(it.moment.title)}</b> {escape(it.reason)}</li>"
        for it in reel.chapters
    )
    return f'<ol style="text-align:left">{rows}</ol>'
