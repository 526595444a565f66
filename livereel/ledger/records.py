"""The ledger's error and records; light to import, as the command line needs the error alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from analyzer.describe.moment import Moment
from analyzer.signal.sound.record import SoundPeak, Speech
from analyzer.signal.window import Outcome, Window

FILE = "ledger.db"
# In place of an outcome, while a window waits to be described.
PENDING: Final = "pending"
WindowState = Outcome | Literal["pending"]


# A strip reads thousands at once, for which calls of the enum would take long.
_STATES: dict[str, WindowState] = {PENDING: PENDING, **{it.value: it for it in Outcome}}


def parse_state(text: str) -> WindowState:
    """Return the state that a row names. Raises ValueError for text that names none."""
    return _STATES.get(text) or Outcome(text)


class LedgerError(Exception):
    """The ledger cannot be read or written; the message is one clear line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A window as the ledger holds it.

    Attributes:
        window: the window.
        outcome: how it ended, or PENDING.
        moment: its description; None unless the outcome is ``described``.
    """

    window: Window
    outcome: WindowState
    moment: Moment | None


@dataclass(frozen=True, slots=True)
class Audible:
    """The peaks and the speech of a window's sound; see ``Sound``."""

    peaks: tuple[SoundPeak, ...]
    speech: tuple[Speech, ...]


@dataclass(frozen=True, slots=True)
class SoundOfWindow:
    """What a strip shows of a window's sound; see ``Window``."""

    start_s: float
    start_utc: str
    sound: Audible


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window whose files take ``stored_bytes``."""

    window: Window
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class StoredReel:
    """A reel whose ``folder`` takes ``stored_bytes``."""

    id: str
    seq: int
    folder: Path
    stored_bytes: int


def files_of(window: Window) -> list[Path]:
    """Return the files that a window names."""
    clip = [window.clip.path] if window.clip else []
    return clip + [keyframe.file for keyframe in window.keyframes if keyframe.file]
