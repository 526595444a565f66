"""Names of cameras: short and unique, without what an address must not show."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from analyzer.reel.settings import OF_ALL_CAMERAS
from livereel.camera.settings import CameraSettings
from stream.address import redact

REQUESTED = "requested"
"""The name of the reels that are asked for; no camera has it."""

MAX_CHARS = 60


def camera_name(address: str) -> str:
    """Return a name for a source: of A-Z, a-z, 0-9, ``-`` and ``_``, by its path's last part, or its host.

    It holds no credentials: names become folders and topics.
    """
    shown = redact(address).partition("?")[0].rstrip("/")
    _, is_url, rest = shown.rpartition("://")
    host, _, path = rest.partition("/") if is_url else ("", "", rest)
    last = path.rpartition("/")[2]
    stem = last.rpartition(".")[0] or last or host.rpartition("@")[2].partition(":")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_") or "camera"


def name_cameras(sources: Sequence[str], *, loop: bool = False) -> list[CameraSettings]:
    """Name each source after its address; names that would be equal are numbered."""
    names: list[str] = []
    for source in sources:
        stem = camera_name(source)[:MAX_CHARS]
        numbered = (f"{stem}-{number}" for number in itertools.count(2))
        taken = {OF_ALL_CAMERAS, REQUESTED, *names}
        names.append(next(name for name in itertools.chain([stem], numbered) if name not in taken))
    return [
        CameraSettings(name=name, source=source, loop=loop)
        for name, source in zip(names, sources, strict=True)
    ]
