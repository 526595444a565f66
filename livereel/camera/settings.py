"""The settings of one camera, with their bounds; light to import: the configuration embeds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

from analyzer.signal.settings import Areas, MinRise, Polygon, SoundSettings, rectangle
from base.backoff import Backoff

NAME = r"^[A-Za-z0-9_-]{1,64}$"
"""Names of cameras: they become parts of file names and topics."""

RESTARTS = Backoff((1.0, 2.0, 5.0, 10.0, 30.0, 60.0), spread=0.25)
"""The pauses before a camera's process is started again: cameras of one switch return one by one."""

MOST_PX = 65_536
"""The largest width or height of a frame."""

Place = Annotated[float, Ge(0), Le(MOST_PX)]
Extent = Annotated[float, Gt(0), Le(MOST_PX)]
Point = tuple[Place, Place]
Rectangle = tuple[Place, Place, Extent, Extent]
Area = Rectangle | Annotated[tuple[Point, ...], MinLen(3)]
"""``[x, y, width, height]``, or a polygon's corners ``[[x, y], ...]``; pixels of the displayed picture."""


@dataclass(frozen=True, slots=True)
class CameraSound:
    """How one camera's sound is measured.

    Attributes:
        enabled: False for a camera whose sound is not measured; where the sound of all cameras is not, this
            one's is not either.
        min_rise_db: None for that of all cameras.
        changes: False where changes of sound do not count; otherwise as for all cameras.
        speech: False where speech is not marked; otherwise as for all cameras.
        speech_counts: None for that of all cameras.
    """

    enabled: bool = True
    min_rise_db: MinRise | None = None
    changes: bool = True
    speech: bool = True
    speech_counts: bool | None = None

    def of(self, all_cameras: SoundSettings) -> SoundSettings:
        """Return this camera's settings, given those of all cameras."""
        return SoundSettings(
            enabled=self.enabled and all_cameras.enabled,
            min_rise_db=self.min_rise_db or all_cameras.min_rise_db,
            changes=self.changes and all_cameras.changes,
            speech=self.speech and all_cameras.speech,
            speech_counts=all_cameras.speech_counts if self.speech_counts is None else self.speech_counts,
        )


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera: its address, the areas that count, and what a describer should know of it.

    Attributes:
        name: the camera's, as NAME has it.
        source: its address, with credentials.
        detect_source: address of another stream of the same camera, which is analysed instead; None
            where there is none.
        transport: how RTSP brings its packets.
        loop: a file starts over when it ends.
        poll_s: interval at which the single picture at an http address is fetched; with None every 2 s, where
            it is one.
        regions, ignore: where motion counts, and where it does not.
        sound: how its sound is measured, if it has any.
        profile, language: None for those of all cameras.
        normal, tell_me_when: as in CameraBrief.
    """

    name: str
    source: Annotated[str, MinLen(1)]
    detect_source: Annotated[str, MinLen(1)] | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    loop: bool = False
    poll_s: Annotated[float, Ge(0.1), Le(600)] | None = None
    regions: tuple[Area, ...] = ()
    ignore: tuple[Area, ...] = ()
    sound: CameraSound = CameraSound()
    profile: str | None = None
    normal: str = ""
    tell_me_when: tuple[str, ...] = ()
    language: str | None = None

    @property
    def areas(self) -> Areas:
        """Where motion counts, as polygons."""
        return Areas(_polygons(self.regions), _polygons(self.ignore))


def _polygons(areas: Sequence[Area]) -> tuple[Polygon, ...]:
    return tuple(rectangle(*area) if isinstance(area[0], float) else area for area in areas)
