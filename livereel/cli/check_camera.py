"""What ``check`` finds of one camera: its stream, and its regions against its picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.signal.motion import MotionMeter
from analyzer.signal.settings import MotionSettings, Polygon
from livereel.camera.settings import CameraSettings
from livereel.config.schema import ConfigError
from stream.frames.decoder import FrameDecoder
from stream.frames.frame import Frame
from stream.media.file import MediaError
from stream.media.track import holds_video
from stream.open import open_source
from stream.source import PacketSource, SourceError, SourceFault

_MAX_SNAPSHOT_PX = 65_536  # as it is: its pixels are what regions are given in
_REGION_BGR, _IGNORE_BGR = (80, 220, 80), (60, 60, 230)


@dataclass(frozen=True, slots=True)
class CameraCheck:
    """The checks of one camera.

    Attributes:
        camera: the camera.
        motion: how its signal is made.
        snapshots: the folder in which its picture is written, with its regions drawn; None for no picture.
    """

    camera: CameraSettings
    motion: MotionSettings
    snapshots: Path | None = None

    def source(self) -> str:
        """Open the source and return what it is; raises SourceError, MediaError or ConfigError."""
        camera = self.camera
        return self._look(camera.source, camera.poll_s, analysed=camera.detect_source is None)

    def detect_source(self) -> str:
        """Open the stream that is analysed in place of the source; see ``source``."""
        return self._look(self.camera.detect_source or "", None, analysed=True)

    def _look(self, address: str, poll_s: float | None, *, analysed: bool) -> str:
        with closing(open_source(address, self.camera.transport, poll_s=poll_s)) as source:
            found = _describe(source)
            notes = self._check_picture(source) if analysed else ()
            return "; ".join(
                [found, *(note for note in (source.info.choice, source.warning) if note), *notes]
            )

    def _check_picture(self, source: PacketSource) -> Sequence[str]:
        """Hold the areas against the first picture, if there are any; return what the user should know."""
        areas = self.camera.areas
        if not (areas.regions or areas.ignore or self.snapshots):
            return ()
        frame = first_frame(source)
        notes = [f"snapshot: {self._write(frame, self.snapshots)}"] if self.snapshots else []
        size = frame.source_size_px
        outside, partly = _misplaced(self.camera, *size)
        if outside:
            raise ConfigError(f"{_joined(outside)} outside the picture, which is {size[0]}x{size[1]}")
        try:
            MotionMeter(self.motion, *size, areas)
        except ValueError as error:
            raise ConfigError(f"{error}, which is {size[0]}x{size[1]}") from error
        if partly:
            notes.append(f"{_joined(partly)} partly outside the picture, which is {size[0]}x{size[1]}")
        return notes

    def _write(self, frame: Frame, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.camera.name}.jpg"
        _, jpeg = cv2.imencode(".jpg", draw_areas(frame.picture(_MAX_SNAPSHOT_PX), self.camera))
        file.write_bytes(jpeg.tobytes())
        return file


def first_frame(source: PacketSource) -> Frame:
    """Return the first complete frame of a source; raises SourceError where there is none."""
    decoder = FrameDecoder(source.video, 64, 48)
    for packet in chain(source.packets(), [None]):
        frames = decoder.decode(packet).frames
        if frames:
            return frames[0]
    raise SourceError(source.info.address, "no picture can be decoded", fault=SourceFault.UNREADABLE)


def draw_areas(picture: NDArray[np.uint8], camera: CameraSettings) -> NDArray[np.uint8]:
    """Draw a camera's areas on its picture (BGR), each with its name: regions green, ignored areas red."""
    drawn = np.ascontiguousarray(picture)
    for name, polygon in _named_areas(camera):
        colour = _REGION_BGR if name.startswith("regions") else _IGNORE_BGR
        thick = max(1, drawn.shape[1] // 400)
        _draw(drawn, name, polygon, (0, 0, 0), 2 * thick + 1)  # what lies under it may be of its colour
        _draw(drawn, name, polygon, colour, thick)
    return drawn


def _draw(
    picture: NDArray[np.uint8], name: str, polygon: Polygon, colour: tuple[int, int, int], thick: int
) -> None:
    corners = np.rint(np.array(polygon)).astype(np.int32)
    cv2.polylines(picture, [corners], isClosed=True, color=colour, thickness=thick)
    size = max(0.4, picture.shape[1] / 1000)
    (width, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x, y = corners.min(axis=0) + 6
    place = (int(np.clip(x, 0, picture.shape[1] - width)), int(max(0, y)) + height)
    cv2.putText(picture, name, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)


def _describe(source: PacketSource) -> str:
    info = source.info
    if not holds_video(source.video):
        raise MediaError(f"{info.address}: no clips can be cut: MP4 cannot hold {info.codec} video")
    rate = f" at {info.fps:g} fps" if info.fps else ""
    sound = ", with sound" if source.audio is not None else ""
    return f"{info.address}, {info.codec} {info.width_px}x{info.height_px}{rate}{sound}"


def _named_areas(camera: CameraSettings) -> Iterator[tuple[str, Polygon]]:
    for option, polygons in (("regions", camera.areas.regions), ("ignore", camera.areas.ignore)):
        for number, polygon in enumerate(polygons):
            yield f"{option}[{number}]", polygon


def _misplaced(camera: CameraSettings, width_px: int, height_px: int) -> tuple[list[str], list[str]]:
    """Return the areas that lie outside a picture of this size, and those that reach beyond it."""
    outside, partly = [], []
    for name, polygon in _named_areas(camera):
        xs, ys = zip(*polygon, strict=True)
        if min(xs) >= width_px or min(ys) >= height_px:
            outside.append(name)
        elif max(xs) > width_px or max(ys) > height_px:
            partly.append(name)
    return outside, partly


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
