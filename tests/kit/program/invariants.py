"""What must hold of a data folder after any fault."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from stream.media.probe import verify
from tests.kit.program.coverage import coverage, holes
from tests.kit.program.live_run import Watch

# What the issue of accounting allows a camera, from start to stop.
TOLERANCE_S = 1.0
# Of the tests' cameras: a keyframe a second.
GOP_S = 1.0


def assert_all_recorded(watch: Watch, camera: str) -> None:
    """Every second of the camera, from start to stop, lies in a window or in a gap, and in one only."""
    rows = watch.rows(camera)
    found = coverage(rows, camera, watch.start_utc, watch.end_utc)
    told = "\n".join([f"{watch.start_utc} to {watch.end_utc}: {found}", *holes(rows, camera)])
    assert found.uncovered_s <= TOLERANCE_S, told
    assert found.doubled_s <= TOLERANCE_S, told


def assert_files_good(rows: list[dict[str, Any]], data: Path, *, damaged: bool = False) -> None:
    """Every clip, keyframe and reel that the ledger names is there, and every moving picture decodes.

    With ``damaged``, what came damaged may be so in a clip, which must still play; never in a reel.
    """
    for row in rows:
        if row["kind"] == "window":
            for keyframe in row["keyframes"]:
                if keyframe["file"]:
                    assert (data / keyframe["file"]).read_bytes().endswith(b"\xff\xd9"), keyframe
            if row["clip"]:
                window_s = row["end_s"] - row["start_s"]
                if damaged:
                    assert_plays_from_the_last_key_packet(data / row["clip"], window_s)
                    continue
                length_s = verify(data / row["clip"]).duration_s
                # No longer than its window and the group of pictures before it: nothing was joined to it.
                assert 0 < length_s <= window_s + GOP_S + 0.5, (length_s, row)
        elif row["kind"] == "reel":
            verify(data / row["folder"] / row["file"])


def assert_plays_from_the_last_key_packet(clip: Path, window_s: float) -> None:
    """The clip plays, and begins at the last key packet before its window that was not damaged.

    Several groups of pictures may have lost theirs, so its length says nothing.
    """
    assert played_s(clip) > 0.0, clip
    with av.open(clip) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    times_s = [float((packet.pts or 0) * packet.time_base) for packet in packets]
    later = [at_s for at_s, packet in zip(times_s, packets, strict=True) if packet.is_keyframe][1:]
    assert all(at_s > max(times_s) - window_s - 0.5 for at_s in later), (clip, later)


def played_s(clip: Path) -> float:
    """How long a player that tolerates damage shows pictures."""
    times = []
    with av.open(clip) as container:
        for packet in container.demux(video=0):
            with suppress(av.FFmpegError):
                times += [frame.time for frame in packet.decode()]
    return max(times) - min(times) if times else 0.0


def assert_no_partial_files(data: Path) -> None:
    """Nothing half-written is left."""
    assert not list(data.rglob("*.part"))


def epochs(rows: list[dict[str, Any]]) -> list[int]:
    """The epochs of the windows, in time order, each once; they must never come back."""
    told = [row["epoch"] for row in rows if row["kind"] == "window"]
    changes = [b for a, b in pairwise([None, *told]) if a != b and b is not None]
    assert len(changes) == len(set(changes)), changes
    return changes
