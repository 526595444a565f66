"""What happens, as if it happened now."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analyzer.describe.moment import Moment
from analyzer.reel.manifest import VIDEO
from analyzer.reel.records import Chapter, Gap, GapReason, Reel
from base.clock import utc_text
from sinks.events import CameraState, CameraStatus, KeyframePreview, MotionChanged
from tests.kit.records.moments import moment

# The smallest thing that begins as a JPEG does and ends as one does.
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


def now_utc(ago_s: float = 0.0) -> str:
    return utc_text(datetime.now(UTC) - timedelta(seconds=ago_s))


def moment_now(index: int, camera: str = "front", *, ago_s: float = 0.0, importance: float = 6.0) -> Moment:
    """A moment whose window has ended ``ago_s`` ago."""
    made = moment(index, camera=camera, importance=importance, tags=["person"])
    return replace(made, window=replace(made.window, start_utc=now_utc(ago_s + 10)))


def keyframe_preview(camera: str = "front", number: int = 0, jpeg: bytes = JPEG) -> KeyframePreview:
    return KeyframePreview(camera, f"{camera}-0-{number:05}", now_utc(), 812.0, jpeg)


def watching(camera: str = "front") -> CameraState:
    return CameraState(camera, CameraStatus.WATCHING, None, now_utc())


def motion_changed(camera: str = "front", *, moving: bool) -> MotionChanged:
    return MotionChanged(camera, moving=moving, at_utc=now_utc())


def reel_in(base: Path, reel_id: str = "front", seq: int = 1, *, video: bytes = b"a video") -> Reel:
    """A reel whose folder lies in ``base``, with a video as long as it says (which no player would play)."""
    folder = base / "reels" / reel_id / f"{seq:06}"
    folder.mkdir(parents=True)
    (folder / VIDEO).write_bytes(video)
    told = moment_now(seq, reel_id)
    chapter = Chapter(told, "strongest", "A mover crosses.", 0.5, 4.5, 0.0, 4.0)
    return Reel(
        id=reel_id,
        seq=seq,
        title="One mover",
        narrative="A mover crosses.",
        cameras=(reel_id,),
        start_utc=now_utc(60),
        end_utc=now_utc(),
        duration_s=4.0,
        mode="copy",
        folder=folder,
        bytes=len(video),
        sha256=hashlib.sha256(video).hexdigest(),
        chapters=(chapter,),
        gaps=(Gap(reel_id, now_utc(50), now_utc(40), GapReason.SOURCE_DOWN),),
        changed=("left out a third chapter in a row",),
    )
