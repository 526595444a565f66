"""The CSV of LosslessCut: segments of one media file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from analyzer.reel.export.edits import edits
from analyzer.reel.manifest import VIDEO
from analyzer.reel.records import Reel


def media_of(reel: Reel) -> Path:
    """Return the file that the segments are of: the only one that the reel was cut from, else its video."""
    files = {edit.media for edit in edits(reel)}
    return files.pop() if len(files) == 1 else reel.folder / VIDEO


def csv_text(reel: Reel) -> str:
    """Return a line for each segment: start and end, in seconds in the file ``media_of``, and title."""
    rows = [(edit.start_s, edit.end_s, edit.title) for edit in edits(reel) if edit.media == media_of(reel)]
    if media_of(reel) == reel.folder / VIDEO:
        rows = [(it.reel_start_s, it.reel_end_s, it.moment.title) for it in reel.chapters]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows((f"{a:.3f}", f"{b:.3f}", title) for a, b, title in rows)
    return text.getvalue()
