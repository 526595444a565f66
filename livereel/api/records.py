"""Windows and keyframes with their pictures, which are read when they are asked for."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analyzer.describe.moment import Moment
from analyzer.signal.sound.record import Sound
from analyzer.signal.window import Outcome, Peak, Window
from livereel.errors import LivereelError, explained

if TYPE_CHECKING:
    from pandas import DataFrame
    from PIL.Image import Image

Rgb = NDArray[np.uint8]
"""A picture of shape (height, width, 3), RGB."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A keyframe, whose picture is decoded each time that it is asked for.

    Attributes:
        pts_s: media time, in seconds.
        value: the signal there, in pixels of the analysis picture.
        file: its JPEG.
        keeps: what holds the file's folder while this is in use.
    """

    pts_s: float
    value: float
    file: Path
    keeps: object = field(default=None, repr=False, compare=False)

    @property
    def jpeg(self) -> bytes:
        """The picture as JPEG; raises LivereelError where it is gone."""
        with explained():
            return self.file.read_bytes()

    @property
    def image(self) -> Image:
        """The picture as a PIL image, RGB."""
        from PIL import Image  # noqa: PLC0415  # slow to import

        return Image.open(io.BytesIO(self.jpeg)).convert("RGB")

    @property
    def array(self) -> Rgb:
        """The picture as an array: uint8 (height, width, 3), RGB."""
        return np.asarray(self.image)

    def _repr_jpeg_(self) -> bytes:
        return self.jpeg


@dataclass(frozen=True, slots=True)
class SeenWindow:
    """A window, its pictures, and how it ended.

    Attributes:
        window: all that was measured.
        outcome: ``described``, ``quiet`` or ``model_failed``; None where nothing was to be described.
        moment: its description, when described.
        error: why the model failed, when it did.
        keeps: what holds the pictures' folder while this is in use.
    """

    window: Window
    outcome: Outcome | None = None
    moment: Moment | None = None
    error: str | None = None
    keeps: object = field(default=None, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Unique over all cameras and runs."""
        return self.window.id

    @property
    def camera(self) -> str:
        """The camera's, or the file's, name."""
        return self.window.camera

    @property
    def start_s(self) -> float:
        """Media time of its start, in seconds."""
        return self.window.start_s

    @property
    def end_s(self) -> float:
        """Media time of its end, in seconds."""
        return self.window.end_s

    @property
    def quiet(self) -> bool:
        """Whether nothing happened."""
        return self.window.quiet

    @property
    def threshold(self) -> float:
        """The signal above which it is not quiet."""
        return self.window.threshold

    @property
    def signal(self) -> NDArray[np.float64]:
        """The highest value of the signal in each ``window.signal_step_s`` from its start on."""
        return np.array(self.window.signal, np.float64)

    @property
    def peaks(self) -> tuple[Peak, ...]:
        """All peaks of the signal, in time order."""
        return self.window.peaks

    @property
    def sound(self) -> Sound | None:
        """What was measured of its sound; None where there is none."""
        return self.window.sound

    @property
    def keyframes(self) -> tuple[Picture, ...]:
        """The peaks that were chosen to be shown, with their pictures, in time order."""
        return tuple(
            Picture(keyframe.pts_s, keyframe.value, keyframe.file, self.keeps)
            for keyframe in self.window.keyframes
            if keyframe.file is not None
        )

    @property
    def arrays(self) -> list[Rgb]:
        """The keyframes as arrays: uint8 (height, width, 3), RGB."""
        return [picture.array for picture in self.keyframes]

    def row(self) -> dict[str, Any]:
        """Return it as a row of a table."""
        window, moment = self.window, self.moment
        sound = window.sound
        return {
            "id": window.id,
            "camera": window.camera,
            "start_s": window.start_s,
            "end_s": window.end_s,
            "start_utc": window.start_utc,
            "quiet": window.quiet,
            "outcome": None if self.outcome is None else str(self.outcome),
            "signal_max": window.signal_max,
            "threshold": window.threshold,
            "peaks": len(window.peaks),
            "keyframes": len(window.keyframes),
            "level_db_max": sound.level_db_max if sound else None,
            "title": moment.title if moment else None,
            "text": moment.text if moment else None,
            "importance": moment.importance if moment else None,
            "tags": list(moment.tags) if moment else [],
            "alerts": list(moment.alerts) if moment else [],
            "model": moment.model if moment else None,
            "latency_s": moment.latency_s if moment else None,
            "error": self.error,
        }

    def _repr_html_(self) -> str:
        from livereel.api.html import strips  # noqa: PLC0415  # html needs these records

        return strips([self], media_time=True)


def frame(rows: Iterable[dict[str, Any]]) -> DataFrame:
    """Return rows as a pandas table; raises LivereelError where pandas is not installed."""
    try:
        from pandas import DataFrame  # noqa: PLC0415  # optional
    except ImportError as error:
        raise LivereelError("pandas is not installed: pip install pandas") from error
    return DataFrame(list(rows))
