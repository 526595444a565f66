"""A zip of a reel's chapters, each a media file of its own."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from analyzer.reel.export.edits import Edit, edits
from analyzer.reel.manifest import MANIFEST, STORY
from analyzer.reel.records import Reel
from stream.media.edit.join import Segment, join

_MAX_NAME_CHARS = 40


def write_zip(reel: Reel, file: Path) -> None:
    """Write the chapters' clips, copied where possible, with the reel's story and manifest.

    Raises MediaError, DiskFullError or OSError; an incomplete file stays, for the caller to remove.
    """
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        tempfile.TemporaryDirectory(dir=file.parent, prefix=".clips-") as folder,
    ):
        for _, own in groupby(edits(reel), key=lambda edit: edit.chapter):
            clip = _clip(list(own), Path(folder))
            archive.write(clip, clip.name)
            clip.unlink()
        for name in (STORY, MANIFEST):
            archive.write(reel.folder / name, name)


def _clip(parts: Sequence[Edit], folder: Path) -> Path:
    clip = folder / f"{parts[0].chapter:02}-{_name(parts[0].title)}.mp4"
    segments = [Segment(part.media, part.start_s, part.end_s) for part in parts]
    titles = [parts[0].title, *[None] * (len(parts) - 1)]
    join(segments, clip, titles=titles, title=parts[0].title)
    return clip


def _name(title: str) -> str:
    """Return a title as part of a file's name."""
    return re.sub(r"[\W_]+", "-", title.lower()).strip("-")[:_MAX_NAME_CHARS].strip("-") or "clip"
