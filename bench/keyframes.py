"""What finding keyframes costs, compared with decoding alone, PySceneDetect and DVR-Scan.

Each way runs in its own process, all ways in turn, several times; one JSON line for each way, with the
median CPU milliseconds a frame, frames a second of wall time, peak memory, and the ratios of CPU and of user
CPU to decoding alone, or to another way (``--base``), taken round by round.

    make bench
    .venv-bench/bin/python bench/keyframes.py FILE [--rounds 5] [--only decode,livereel] [--against CHECKOUT]
    .venv-bench/bin/python bench/keyframes.py FILE --only luma,livereel --base luma --rounds 20

FILE ``camera`` stands for a minute of a synthetic street as a camera sends it: 1080p at 25 frames a second,
H.264 at 6 Mbit/s without B-frames, a key frame every 2 s. ``--against`` adds the scan of another checkout of
livereel as a way of its own, ``other``, so that two versions are compared in one run. The way ``luma`` is the
scan without colour: its ratio to ``livereel`` is what colour costs.
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
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout that the benchmark belongs to

_DECODE = """
import sys, av
with av.open(sys.argv[1]) as container:
    for _ in container.decode(video=0):
        pass
"""
# The program's entry point by its checkout's own word, as another version may have it elsewhere.
_LIVEREEL = """
import importlib, os, sys, tomllib
with open(os.path.join(os.environ["PYTHONPATH"].partition(os.pathsep)[0], "pyproject.toml"), "rb") as file:
    module, main = tomllib.load(file)["project"]["scripts"]["livereel"].split(":")
sys.argv = ["livereel", "scan", "--json", sys.argv[1]]
getattr(importlib.import_module(module), main)()
"""
_LUMA = (
    """
import livereel.camera.epoch as epoch
class Luma(epoch.FrameDecoder):
    def __init__(self, *args, **options):
        super().__init__(*args, **{**options, "chroma": False})
epoch.FrameDecoder = Luma
"""
    + _LIVEREEL
)
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
_USUAL = {"decode": _DECODE, "livereel": _LIVEREEL, "pyscenedetect": _SCENEDETECT, "dvr-scan": _DVR_SCAN}
WAYS = {**_USUAL, "luma": _LUMA}
_OTHER = "other"
_CAMERA = "synthetic://street?size=1920x1080&fps=25&noise=2&audio=off"
_CAMERA_S = 60
_BIT_RATE = 6_000_000
_NEEDS = {"pyscenedetect": "scenedetect", "dvr-scan": "dvr_scan"}


@dataclass(frozen=True, slots=True)
class Run:
    """One process: user and system CPU seconds, those of the user alone, wall seconds, peak memory."""

    cpu_s: float
    user_s: float
    wall_s: float
    peak_mb: float


def run_once(script: str, file: Path, checkout: Path) -> Run:
    """Run one way in a process of its own; raises SystemExit with its output when it fails."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(checkout), os.environ.get("PYTHONPATH", "")]),
    }
    with tempfile.TemporaryFile() as output, tempfile.TemporaryDirectory() as folder:
        started_s = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(file)],
            stdout=output,
            stderr=output,
            cwd=folder,
            env=environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(output.read().decode(errors="replace"))
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_utime, wall_s, usage.ru_maxrss / 1024)


def count_frames(file: Path) -> int:
    """Count the frames that the file decodes to."""
    import av  # noqa: PLC0415  # the ways import what they measure

    with av.open(str(file)) as container:
        return sum(1 for _ in container.decode(video=0))


def encode_camera(file: Path) -> None:
    """Write a minute of a synthetic camera's stream to an MP4 file."""
    import av  # noqa: PLC0415  # the ways import what they measure

    from synthetic import parse_address, photograph  # noqa: PLC0415  # only for this FILE

    scene = parse_address(_CAMERA)
    options = {"preset": "veryfast", "bf": "0", "b-adapt": "0"}
    with av.open(str(file), "w") as container:
        video = container.add_stream("libx264", rate=Fraction(scene.fps), options=options)
        video.width, video.height, video.pix_fmt = scene.width, scene.height, "yuv420p"
        video.bit_rate, video.codec_context.gop_size = _BIT_RATE, round(2 * scene.fps)
        for number in range(round(_CAMERA_S * scene.fps)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(photograph(scene, number), format="bgr24")))
        container.mux(video.encode(None))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", help="a video file, or 'camera'")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(_USUAL), help=f"of {', '.join(WAYS)}; separated by commas")
    parser.add_argument(
        "--base", default="decode", choices=WAYS, help="the way that others are compared with"
    )
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout of livereel")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.file == "camera":
            file = Path(folder) / "camera.mp4"
            # In a process of its own: the peak memory of this one would count as that of all it starts.
            with ProcessPoolExecutor(1, get_context("spawn")) as encoder:
                encoder.submit(encode_camera, file).result()
        else:
            file = Path(arguments.file).resolve()
        measure(file, arguments.only.split(","), arguments.rounds, arguments.against, arguments.base)


def measure(file: Path, only: list[str], rounds: int, against: Path | None, base: str = "decode") -> None:
    """Run each way in turn, ``rounds`` times, and print a row for each, compared with ``base``."""
    own = Path(__file__).resolve().parents[1]
    ways = {way: (WAYS[way], own) for way in only if _installed(way)}
    if against is not None:
        ways[_OTHER] = (_LIVEREEL, against.resolve())
    frames = count_frames(file)
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, (script, checkout) in ways.items():
            runs[way].append(run_once(script, file, checkout))
    for way in ways:
        print(json.dumps(_row(way, file, frames, runs, base)))


def _installed(way: str) -> bool:
    if importlib.util.find_spec(_NEEDS.get(way, "av")):
        return True
    print(f"{way}: not installed (make bench)", file=sys.stderr)
    return False


def _row(way: str, file: Path, frames: int, runs: dict[str, list[Run]], base: str) -> dict[str, object]:
    mine = runs[way]
    both = list(zip(mine, runs.get(base, mine), strict=True))
    return {
        "way": way,
        "file": file.name,
        "frames": frames,
        "rounds": len(mine),
        "cpu_ms_per_frame": round(statistics.median(run.cpu_s for run in mine) / frames * 1e3, 3),
        "wall_fps": round(frames / statistics.median(run.wall_s for run in mine), 1),
        "peak_mb": round(max(run.peak_mb for run in mine), 1),
        f"cpu_to_{base}": round(statistics.median(a.cpu_s / b.cpu_s for a, b in both), 3),
        f"user_to_{base}": round(statistics.median(a.user_s / b.user_s for a, b in both), 3),
    }


if __name__ == "__main__":
    main()
