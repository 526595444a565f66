"""Recovery at start: removes or adopts what a killed process has left in a data folder."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from analyzer.reel.manifest import MANIFEST
from base.atomic import PART
from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.storage.data_dir import CLIPS, KEYFRAMES, LATEST, REELS, update_link

log = logging.getLogger(__name__)

# Any folder may be given as the data folder: only files whose names have livereel's form are its own.
_WINDOW_FILE = re.compile(
    r"(?P<camera>[A-Za-z0-9_-]+)/(?P<date>\d{4}-\d\d-\d\d)/"
    r"(?P<id>(?P=camera)-(?P<stamp>\d{8}T\d{9}Z))(\.mp4|\.mp4\.part|-\d+\.jpg)",
    re.ASCII,
)
_REEL_FOLDER = re.compile(rf"\d{{6,}}({re.escape(PART)})?", re.ASCII)


def recover(data: Path, ledger: Ledger) -> int:
    """Remove livereel's own files that are younger than the ledger and not in it.

    Older files may belong to another ledger, which was lost or lies elsewhere: they stay, as do all files of
    others. A reel that was finished when its process died is added to the ledger. Call it before anything
    is written. Returns how many files and folders were removed.
    """
    created_utc = ledger.created_utc()
    known = ledger.files.window_ids()
    gone = 0
    for part in (CLIPS, KEYFRAMES):
        for file, window_id, stamp in _window_files(data / part):
            if window_id not in known and stamp >= re.sub("[-:.]", "", created_utc):
                gone += _unlink(file)
    return gone + _remove_half_made(data, ledger, ledger.files.reel_folders(), created_utc)


def _unlink(file: Path) -> bool:
    try:
        file.unlink()
    except OSError as error:
        log.warning("%s cannot be removed: %s", file, error.strerror)
        return False
    return True


def _window_files(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield the files that are named as a window's, with the window's id and its time's digits."""
    for file in folder.glob("*/*/*"):
        name = _WINDOW_FILE.fullmatch(file.relative_to(folder).as_posix())
        if name and file.is_file():
            yield file, name["id"], name["stamp"]


def _remove_half_made(data: Path, ledger: Ledger, kept: set[Path], created_utc: str) -> int:
    gone = 0
    for folder in sorted((data / REELS).glob("*/*")):
        if folder in kept or folder.is_symlink() or not folder.is_dir():
            continue
        if not _REEL_FOLDER.fullmatch(folder.name):
            continue
        if folder.suffix != PART and (folder / MANIFEST).exists():
            _adopt(ledger, folder)
        elif _changed_utc(folder) >= created_utc:
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
    return gone


def _adopt(ledger: Ledger, folder: Path) -> None:
    if not ledger.reels.adopt(folder):
        log.warning("%s: not a reel of livereel, left alone", folder)
    elif ledger.reels.seqs(folder.parent.name)[-1] == int(folder.name):
        update_link(folder.with_name(LATEST), folder.name)


def _changed_utc(folder: Path) -> str:
    return utc_text(datetime.fromtimestamp(folder.stat().st_mtime, UTC))
