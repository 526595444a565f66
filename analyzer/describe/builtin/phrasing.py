"""Varied but reproducible wording; numbers and shares as words."""

from __future__ import annotations

import zlib

from analyzer.signal.window import Window

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
    """Picks one wording of several for a window.

    Windows that follow each other take turns through all of a slot's wordings, each round from another
    start, so that neighbours differ and pairs of slots do not march in step.
    """

    def __init__(self, window: Window) -> None:
        self._name = f"{window.camera}/{window.epoch}"
        self._index = window.index

    def pick(self, slot: str, *wordings: str) -> str:
        """One of the wordings; ``slot`` names the place in the text that they are for."""
        turn, step = divmod(self._index, len(wordings))
        start = (
            zlib.crc32(f"{self._name}/{turn}/{slot}".encode()) >> 7
        )  # the low bits of like names are alike
        return wordings[(start + step) % len(wordings)]


def number(n: int) -> str:
    """In words up to ninety-nine; none is ``no``."""
    if n < len(_NUMBERS):
        return _NUMBERS[n]
    if n > 99:
        return str(n)
    tens, unit = divmod(n, 10)
    return _TENS[tens - 2] + (f"-{_NUMBERS[unit]}" if unit else "")


def seconds(span_s: float) -> str:
    """A span as a reader would say it."""
    if span_s < 0.75:
        return "half a second"
    n = round(span_s)
    return "a second" if n == 1 else f"{number(n)} seconds"


def the_first(span_s: float) -> str:
    """A span from the start on, as in "for the first four seconds"."""
    return f"the first {seconds(span_s).removeprefix('a ').replace('half a second', 'half second')}"


def share_of_picture(share: float) -> str:
    if share < 0.085:
        return f"about {share:.0%} of the picture" if share >= 0.01 else "less than 1% of the picture"
    return next((words for most, words in _SHARES if share < most), "nearly all") + " of the picture"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
