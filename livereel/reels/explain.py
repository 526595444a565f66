"""Why each moment of a period is in its reel, or is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from analyzer.describe.moment import Moment
from analyzer.reel.choose import Chosen, in_order
from analyzer.reel.preference.preferences import Adjustment, Preferences
from analyzer.reel.records import Choice
from base.local_time import date_time_text

NO_CLIP = "Its clip is not stored any more."
_HEADINGS = ("time", "camera", "importance", "feedback", "chapter", "title", "why")
_RIGHT = frozenset({"importance", "feedback", "chapter"})


class ExplainAs(Enum):
    """How explanations are printed."""

    TABLE = auto()
    JSON = auto()

    def lines(self, rows: Sequence[Explained]) -> Iterator[str]:
        """Yield the lines of it."""
        return table_lines(rows) if self is ExplainAs.TABLE else json_lines(rows)


@dataclass(frozen=True, slots=True)
class Explained:
    """A moment with what was decided about it.

    Attributes:
        moment: the moment.
        adjustment: what feedback changes of its importance.
        chapter: its number in the reel, from 1; None where it is not shown.
        why: why it is shown, or is not, in a sentence.
    """

    moment: Moment
    adjustment: Adjustment
    chapter: int | None
    why: str

    def row(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        window, because = self.moment.window, self.adjustment.because
        like = because and {
            "id": because.traits.window_id,
            "title": because.traits.title,
            "verdict": because.verdict,
        }
        return {
            "id": window.id,
            "camera": window.camera,
            "start_utc": window.start_utc,
            "title": self.moment.title,
            "importance": self.moment.importance,
            "feedback_points": self.adjustment.points,
            "like": like,
            "chosen": self.chapter is not None,
            "chapter": self.chapter,
            "why": self.why,
        }

    def cells(self) -> tuple[str, ...]:
        """Return it as the cells of a table for people."""
        points = self.adjustment.points
        return (
            date_time_text(self.moment.window.start_utc),
            self.moment.window.camera,
            f"{self.moment.importance:.1f}",
            f"{points:+.1f}" if points else "",
            str(self.chapter or ""),
            " ".join(self.moment.title.split()),
            self.why,
        )


def explain(
    moments: Sequence[Moment], chosen: Chosen, fitted: Chosen, preferences: Preferences
) -> list[Explained]:
    """Return all moments of a period in the order of time, with what was decided about each.

    Args:
        moments: all of them, with those that cannot be shown.
        chosen: what was chosen, before it was held to the reel's length.
        fitted: what is shown.
        preferences: what the choice heeded.
    """
    shown = {choice.moment.window.id: (n, choice) for n, choice in enumerate(fitted.choices, 1)}
    picked = {choice.moment.window.id for choice in chosen.choices}
    ordered = in_order(moments)
    rows = []
    for moment in ordered:
        adjustment, window_id = preferences.adjust(moment), moment.window.id
        chapter, choice = shown.get(window_id, (None, None))
        if choice is not None:
            why = choice.reason
        elif moment.window.clip is None or not moment.window.clip.path.is_file():
            why = NO_CLIP
        elif window_id in picked:
            why = "The reel would be too long: it was the least important one."
        else:
            why = _why_not(moment, adjustment, ordered, shown)
        rows.append(Explained(moment, adjustment, chapter, " ".join(why.split())))
    return rows


def _why_not(
    moment: Moment, adjustment: Adjustment, ordered: Sequence[Moment], shown: Mapping[str, tuple[int, Choice]]
) -> str:
    """Return why a moment was not chosen: by feedback, or for the chosen one that is nearest to it."""
    if adjustment.points < 0 and (disliked := adjustment.sentence(moment.window.id)):
        return disliked
    place = {it.window.id: n for n, it in enumerate(ordered)}
    here = place[moment.window.id]
    if not shown:
        return "Nothing of this time can be shown."
    _, near = min(shown.values(), key=lambda it: abs(place[it[1].moment.window.id] - here))
    title = " ".join(near.moment.title.split())
    if near.importance > moment.importance + adjustment.points:
        return f'Less important than "{title}".'
    if set(moment.tags) & set(near.moment.tags):
        return f'Similar to "{title}".'
    return f'Close in time to "{title}".'


def json_lines(rows: Sequence[Explained]) -> Iterator[str]:
    """Yield a JSON object for each moment."""
    return (json.dumps(it.row(), ensure_ascii=False) for it in rows)


def table_lines(rows: Sequence[Explained]) -> Iterator[str]:
    """Yield the lines of a table for people; without moments, none."""
    if not rows:
        return
    cells = [_HEADINGS, *(it.cells() for it in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (
            text.rjust(width) if heading in _RIGHT else text.ljust(width)
            for text, width, heading in zip(line, widths, _HEADINGS, strict=True)
        )
        yield "  ".join(padded).rstrip()
