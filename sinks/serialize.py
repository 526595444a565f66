"""Windows and gaps as JSON objects: for windows.jsonl, ``--json`` and the ledger's listing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap
from analyzer.signal.sound.record import Sound, Transcript
from analyzer.signal.window import Outcome, Window


def window_row(
    window: Window,
    outcome: Outcome | Literal["pending", "seen"],
    moment: Moment | None = None,
    *,
    base: Path,
) -> dict[str, Any]:
    """Return the JSON object for a window; file names are relative to ``base`` where they lie in it.

    ``outcome`` is ``pending`` for a window that waits to be described, and ``seen`` for one that is not to
    be described.
    """
    return {
        "id": window.id,
        "camera": window.camera,
        "epoch": window.epoch,
        "index": window.index,
        "start_s": round(window.start_s, 3),
        "end_s": round(window.end_s, 3),
        "start_utc": window.start_utc,
        "outcome": outcome,
        "signal_max": round(window.signal_max, 1),
        "noise_floor": round(window.noise_floor, 1),
        "threshold": round(window.threshold, 1),
        "peaks": [{"pts_s": round(p.pts_s, 3), "value": round(p.value, 1)} for p in window.peaks],
        "keyframes": [
            {"pts_s": round(k.pts_s, 3), "file": _relative(k.file, base)} for k in window.keyframes
        ],
        "activity": asdict(window.activity) | {"at_once": window.activity.at_once},
        "sound": _sound_row(window.sound) if window.sound else None,
        "clip": _relative(window.clip.path, base) if window.clip else None,
        "title": moment.title if moment else None,
        "text": moment.text if moment else None,
        "importance": moment.importance if moment else None,
        "tags": list(moment.tags) if moment else [],
        "alerts": list(moment.alerts) if moment else [],
        "model": moment.model if moment else None,
        "latency_s": round(moment.latency_s, 3) if moment else None,
        "late": moment.late if moment else False,
    }


def _sound_row(sound: Sound) -> dict[str, Any]:
    return {
        "level_db_max": sound.level_db_max,
        "floor_db": sound.floor_db,
        "threshold_db": sound.threshold_db,
        "peaks": [asdict(peak) for peak in sound.peaks],
        "speech": [asdict(speech) for speech in sound.speech],
        "transcript": _transcript_row(sound.transcript) if sound.transcript else None,
        "clipped_s": sound.clipped_s,
        "microphone": sound.microphone,
    }


def _transcript_row(transcript: Transcript) -> dict[str, Any]:
    return {**asdict(transcript), "latency_s": round(transcript.latency_s, 3)}


def gap_row(gap: Gap) -> dict[str, Any]:
    """Return the JSON object for a gap."""
    return asdict(gap)


def _relative(path: Path | None, base: Path) -> str | None:
    if path is None:
        return None
    try:
        return path.relative_to(base).as_posix()
    except ValueError:
        return str(path)
