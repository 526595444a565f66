"""Varied but reproducible wording; numbers and shares as words."""

from __future__ import annotations

import zlib

from analyzer.signal.window import Window

_MOMENT_S = 0.25
_UNITS = "no one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_NUMBERS = (*_UNITS.split(), "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SHARES = (
    (0.11, "about a tenth"),
    (0.15, "about an eighth"),
    (0.23, "about a fifth"),
    (0.29, "about a quarter"),
    (0.41, "about a third"),
    (0.59, "about half"),
    (0.72, "about two thirds"),
    (0.9, "most"),
)


class Phrasing:
    """Picks one wording of several for a window, reproducibly.

    Consecutive windows use all wordings of a slot in turn, each round from another start, so that neighbours
    differ and two slots do not always combine the same wordings.
    """

    def __init__(self, window: Window) -> None:
        self._name = f"{window.camera}/{window.epoch}"
        self._index = window.index

    def pick(self, slot: str, *wordings: str) -> str:
        """Return one of the wordings; ``slot`` names the place in the text that they are for."""
        turn, step = divmod(self._index, len(wordings))
        # Shifted, since similar names have similar low bits.
        start = zlib.crc32(f"{self._name}/{turn}/{slot}".encode()) >> 7
        return wordings[(start + step) % len(wordings)]


def number(n: int) -> str:
    """Return a count in words up to ninety-nine, then in digits; 0 is ``no``."""
    if n < len(_NUMBERS):
        return _NUMBERS[n]
    if n > 99:
        return str(n)
    tens, unit = divmod(n, 10)
    return _TENS[tens - 2] + (f"-{_NUMBERS[unit]}" if unit else "")


def seconds(span_s: float) -> str:
    """Return a span of time in words, as in "after a second" or "lasts four seconds"."""
    if span_s < _MOMENT_S:
        return "a moment"
    if span_s < 0.75:
        return "half a second"
    n = round(span_s)
    return "a second" if n == 1 else f"{number(n)} seconds"


def the_first(span_s: float) -> str:
    """Return a span at the start, as in "the first four seconds"."""
    return f"the first {seconds(span_s).removeprefix('a ').replace('half a second', 'half second')}"


def share_of_picture(share: float) -> str:
    """Return a share (0 to 1) of the picture in words."""
    if share < 0.085:
        return f"about {share:.0%} of the picture" if share >= 0.01 else "less than 1% of the picture"
    return next((words for most, words in _SHARES if share < most), "nearly all") + " of the picture"


def capital(text: str) -> str:
    """Return the text capitalised."""
    return text[:1].upper() + text[1:]
