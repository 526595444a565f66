"""Text files that appear complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write the file beside its place, sync it, then rename it; raises OSError, leaving nothing.

    What stands in the text for a file name's bytes that are no UTF-8 is escaped as JSON escapes it.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
