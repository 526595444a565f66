"""The formats in which a reel can be exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from analyzer.reel.export.bundle import write_zip
from analyzer.reel.export.edits import edits
from analyzer.reel.export.segments import csv_text
from analyzer.reel.export.timeline import edl_text, otio_text
from analyzer.reel.records import Reel
from analyzer.reel.settings import ExportFormat
from base.atomic import write_text


def export(reel: Reel, kind: ExportFormat, file: Path, url_of: Callable[[Path], str] | None = None) -> None:
    """Write a reel in a format to ``file``.

    A timeline names media files by ``url_of``: where they are, by default, and those of the reel's own
    folder by their names. Raises ReelError, MediaError or OSError.
    """
    match kind:
        case ExportFormat.OTIO:
            write_text(file, otio_text(edits(reel), reel.title, url_of or _place_of(reel.folder)))
        case ExportFormat.EDL:
            write_text(file, edl_text(edits(reel), reel.title))
        case ExportFormat.CSV:
            write_text(file, csv_text(reel))
        case ExportFormat.ZIP:
            write_zip(reel, file)
        case _:
            assert_never(kind)


def _place_of(folder: Path) -> Callable[[Path], str]:
    def place(path: Path) -> str:
        return path.name if path.parent == folder else path.resolve().as_uri()

    return place
