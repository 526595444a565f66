"""A camera's speech and peaks of sound, as marks of what a strip can show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import attrgetter

from base.clock import utc_after
from livereel.ledger.records import SoundOfWindow
from sinks.archive import SoundMark


def marks_of(window: SoundOfWindow) -> Iterator[SoundMark]:
    """Yield the marks of one window."""

    def utc(media_s: float) -> str:
        return utc_after(window.start_utc, media_s - window.start_s)

    for speech in window.sound.speech:
        amount_s = round(speech.end_s - speech.start_s, 3)
        yield SoundMark("speech", utc(speech.start_s), utc(speech.end_s), amount_s)
    for peak in window.sound.peaks:
        yield SoundMark(peak.kind, utc(peak.pts_s), utc(peak.pts_s))


def close_joined(marks: Iterable[SoundMark], least_s: float) -> list[SoundMark]:
    """Return marks in order of time; of a kind, one that begins within ``least_s`` of another joins it.

    So does speech that goes on over a window's end, which has two parts. Peaks that are so close stand where
    the first is.
    """
    newest: dict[str, int] = {}
    kept: list[SoundMark] = []
    for mark in sorted(marks, key=attrgetter("start_utc")):
        number = newest.get(mark.kind)
        last = None if number is None else kept[number]
        if number is None or last is None or utc_after(last.end_utc, least_s) < mark.start_utc:
            newest[mark.kind] = len(kept)
            kept.append(mark)
        else:
            end_utc = max(last.end_utc, mark.end_utc) if mark.kind == "speech" else last.end_utc
            kept[number] = replace(last, end_utc=end_utc, amount=round(last.amount + mark.amount, 3))
    return kept
