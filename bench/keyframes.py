"""What finding keyframes costs, beside decoding alone and beside PySceneDetect and DVR-Scan.

Each way runs in its own process, all ways in turn, several times; one JSON line for each way, with the
median CPU milliseconds a frame, frames a second of wall time, peak memory, and the CPU ratio to decoding
alone, taken round by round.

    make bench
    .venv-bench/bin/python bench/keyframes.py FILE [--rounds 5] [--only decode,livereel]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_DECODE = """
import sys, av
with av.open(sys.argv[1]) as container:
    for _ in container.decode(video=0):
        pass
"""
_LIVEREEL = """
import sys
from livereel.cli.main import main
sys.argv = ["livereel", "scan", "--json", sys.argv[1]]
main()
"""
_SCENEDETECT = """
import sys
from scenedetect import ContentDetector, SceneManager, open_video
manager = SceneManager()
manager.add_detector(ContentDetector())
manager.detect_scenes(open_video(sys.argv[1], backend="pyav"))
"""
_DVR_SCAN = """
import sys
from dvr_scan.__main__ import main
sys.argv = ["dvr-scan", "--input", sys.argv[1], "--scan-only", "--quiet"]
main()
"""
WAYS = {"decode": _DECODE, "livereel": _LIVEREEL, "pyscenedetect": _SCENEDETECT, "dvr-scan": _DVR_SCAN}
_NEEDS = {"pyscenedetect": "scenedetect", "dvr-scan": "dvr_scan"}


@dataclass(frozen=True, slots=True)
class Run:
    """One process: user and system CPU seconds, wall seconds, peak memory."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def run_once(script: str, file: Path) -> Run:
    """Run one way in a process of its own; raises SystemExit with its output when it fails."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryDirectory() as folder:
        started_s = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(file)], stdout=output, stderr=output, cwd=folder
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(output.read().decode(errors="replace"))
    return Run(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / 1024)


def count_frames(file: Path) -> int:
    """Count the frames that the file decodes to."""
    import av  # noqa: PLC0415  # the ways import what they measure

    with av.open(str(file)) as container:
        return sum(1 for _ in container.decode(video=0))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(WAYS), help="ways, separated by commas")
    arguments = parser.parse_args()
    file = arguments.file.resolve()
    ways = [way for way in arguments.only.split(",") if _installed(way)]
    frames = count_frames(file)
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for _ in range(arguments.rounds):
        for way in ways:
            runs[way].append(run_once(WAYS[way], file))
    for way in ways:
        print(json.dumps(_row(way, file, frames, runs)))


def _installed(way: str) -> bool:
    if importlib.util.find_spec(_NEEDS.get(way, "av")):
        return True
    print(f"{way}: not installed (make bench)", file=sys.stderr)
    return False


def _row(way: str, file: Path, frames: int, runs: dict[str, list[Run]]) -> dict[str, object]:
    mine = runs[way]
    ratios = [a.cpu_s / b.cpu_s for a, b in zip(mine, runs.get("decode", mine), strict=True)]
    return {
        "way": way,
        "file": file.name,
        "frames": frames,
        "rounds": len(mine),
        "cpu_ms_per_frame": round(statistics.median(run.cpu_s for run in mine) / frames * 1e3, 3),
        "wall_fps": round(frames / statistics.median(run.wall_s for run in mine), 1),
        "peak_mb": round(max(run.peak_mb for run in mine), 1),
        "cpu_to_decode": round(statistics.median(ratios), 3),
    }


if __name__ == "__main__":
    main()
