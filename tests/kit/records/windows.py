"""Windows as if measured: their signal is given, and what follows from it is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from analyzer.signal.window import Keyframe, Peak, Window
from base.clock import utc_after, utc_text

WINDOW_S = 10.0
STEP_S = 0.2
START_UTC = utc_text(datetime(2026, 3, 12, 14, 0, tzinfo=UTC))


def measured(
    index: int,
    peaks: Sequence[tuple[float, float]] = (),
    *,
    camera: str = "front",
    epoch: int = 0,
    start_utc: str | None = None,
    noise: float = 20.0,
    threshold: float = 100.0,
    picture: Path | None = None,
) -> Window:
    """The window ``index`` of an epoch; ``peaks`` are (seconds into the window, value).

    The signal is the noise, and at each peak its value. With a picture each peak is a keyframe.
    By default the epoch began at START_UTC.
    """
    start_s = index * WINDOW_S
    signal = [noise] * round(WINDOW_S / STEP_S)
    for at_s, value in peaks:
        signal[int(at_s / STEP_S)] = value
    return Window(
        id=f"{camera}-{epoch}-{index:05}",
        camera=camera,
        epoch=epoch,
        index=index,
        start_s=start_s,
        end_s=start_s + WINDOW_S,
        start_utc=start_utc or utc_after(START_UTC, start_s),
        quiet=not peaks,
        signal_max=max(signal),
        noise_floor=noise,
        threshold=threshold,
        peaks=tuple(Peak(start_s + at_s, value) for at_s, value in peaks),
        keyframes=tuple(Keyframe(start_s + at_s, value, picture) for at_s, value in peaks if picture),
        signal=tuple(signal),
        signal_step_s=STEP_S,
    )
