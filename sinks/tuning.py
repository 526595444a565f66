"""What the pages need to try other settings on a camera's stored windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sinks.archive import Row


class TuningError(ValueError):
    """Settings that cannot be tried; the message is one clear line that names what was expected."""


class Tuner(Protocol):
    """Tries other settings on what a camera has stored. Cameras are known ones.

    Both methods may take minutes and raise ArchiveError when what is stored cannot be read, or another replay
    runs.
    """

    async def tuning(self, camera: str) -> Row:
        """Return the camera's ``settings``, and the newest ``picture`` to draw on; None where there is none.

        A picture has ``window_id``, ``keyframe`` (its number), ``end_utc`` of its window, and the source's
        ``width_px`` and ``height_px`` as it is displayed.
        """
        ...

    async def replay(self, camera: str, since_utc: str, until_utc: str, settings: Mapping[str, Any]) -> Row:
        """Measure what is stored of a time with changed settings; return what was picked and would be picked.

        Raises TuningError.
        """
        ...
