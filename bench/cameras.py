"""What it takes to watch cameras live: RTSP, 640x360 at 10 frames a second, all by one instance.

Prints a JSON line for each look at the processes (every ``--look`` seconds), then one for the whole run:
windows kept and lost, how late after its end each window reached the main process, memory and CPU. The
cameras come from GStreamer's RTSP server on this machine, whose CPU time is told apart.

    .venv/bin/python bench/cameras.py [--cameras 8] [--seconds 180] [--transport tcp]

``--audio none,aac,pcma,off`` gives the cameras sound in turn: none, AAC at 16 kHz, G.711, or AAC that is not
measured. What each kind takes stands side by side, of the same minutes. A fifth of the sound is talk.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' RTSP server serves here too

from analyzer.signal.settings import SoundSettings, WindowSettings
from analyzer.signal.window import Window
from base.clock import parse_utc, utc_after, utc_text
from livereel.camera.settings import CameraSettings
from livereel.camera.supervisor import RestartPolicy
from livereel.camera.worker import CameraJob
from sinks.events import KeyframePreview, MotionChanged
from sinks.sink import Event
from tests.kit.cameras.rtsp import RtspServer, missing
from tests.kit.films.footage import Look, write_units
from tests.kit.program.coverage import coverage
from tests.kit.program.live_run import Watch, watching
from tests.kit.sound import made

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LOOK = Look(round_s=20, moving_s=6.0)
CODECS = {"none": None, "aac": "aac", "pcma": "pcma", "off": "aac"}


class TimedSink:
    """Notes how long after the picture motion and keyframes are published, and after its end a window."""

    name = "timed"

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self.late_s: dict[str, list[float]] = {"window": [], "MotionChanged": [], "KeyframePreview": []}

    async def take(self, event: Event) -> None:
        """Note how late the event is; a window is in the ledger by now."""
        if isinstance(event, MotionChanged | KeyframePreview):
            self._note(type(event).__name__, event.at_utc)
        elif isinstance(event, Window) and event.end_s - event.start_s == self._window_s:
            # One that was cut short is not late: it came when the run ended.
            self._note("window", utc_after(event.start_utc, self._window_s))

    def _note(self, what: str, at_utc: str) -> None:
        self.late_s[what].append((datetime.now(UTC) - parse_utc(at_utc)).total_seconds())

    def counters(self) -> dict[str, float]:
        """Nothing is counted."""
        return {}

    async def close(self) -> None:
        """Nothing is held."""


@dataclass
class Usage:
    """A process's memory (MB) over time, and CPU seconds so far."""

    rss_mb: list[float] = field(default_factory=list)
    cpu_s: float = 0.0

    def look(self, pid: int) -> None:
        """Look once; a process that has gone is as it was."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return
        kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        self.rss_mb.append(kilobytes / 1024)
        self.cpu_s = (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def main() -> None:
    """Serve, watch, look, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--look", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--transport", choices=("tcp", "udp"), default="tcp")
    parser.add_argument("--window", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--audio", default="none", metavar="KINDS", help=f"some of {', '.join(CODECS)}")
    asked = parser.parse_args()
    lacking = missing()
    if lacking:
        sys.exit(lacking)
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(folder), asked)


def _run(folder: Path, asked: argparse.Namespace) -> None:
    kinds = asked.audio.split(",")
    talk = made.mixed(made.fan(LOOK.round_s), (8.0, made.talk(LOOK.round_s / 5)))
    footage = {kind: write_units(folder / kind, replace(LOOK, audio=CODECS[kind]), talk) for kind in kinds}
    audio = {f"camera{n}": kinds[n % len(kinds)] for n in range(asked.cameras)}
    server = RtspServer({f"/{name}": [footage[kind]] for name, kind in audio.items()})
    server.start()
    try:
        data = folder / "data"
        cameras = {
            name: CameraJob(
                CameraSettings(name, server.address(f"/{name}"), transport=asked.transport),
                WindowSettings(
                    window_s=asked.window, keyframe_px=640, sound=SoundSettings(enabled=kind != "off")
                ),
                data,
            )
            for name, kind in audio.items()
        }
        usages: dict[str, Usage] = {}
        sink = TimedSink(asked.window)
        with watching(data, cameras, restarts=RestartPolicy(), reels_every_s=60.0, sinks=[sink]) as watch:
            _watch(asked, usages, watch, server.pid)
            stopping_s = time.monotonic()
        _tell(asked, watch, sink.late_s, usages, time.monotonic() - stopping_s)
        for kind in kinds if len(kinds) > 1 else ():
            _tell_kind(kind, [usages[name] for name in audio if audio[name] == kind], asked.seconds)
    finally:
        server.close()


def _watch(asked: argparse.Namespace, usages: dict[str, Usage], watch: Watch, server_pid: int) -> None:
    """Look at the processes until the time is over."""
    begun_s = time.monotonic()
    while (elapsed_s := time.monotonic() - begun_s) < asked.seconds:
        time.sleep(min(asked.look, asked.seconds - elapsed_s))
        pids = {name: camera.pid for name, camera in watch.live.cameras.items()}
        for name, pid in {**pids, "main": os.getpid(), "server": server_pid}.items():
            if pid is not None:
                usages.setdefault(name, Usage()).look(pid)
        rss_mb = {name: round(usage.rss_mb[-1], 1) for name, usage in usages.items()}
        _print({"at_s": round(time.monotonic() - begun_s, 1), "rss_mb": rss_mb})


def _tell(
    asked: argparse.Namespace,
    watch: Watch,
    late_s: dict[str, list[float]],
    usages: dict[str, Usage],
    stop_s: float,
) -> None:
    rows = watch.rows()
    names = list(watch.live.cameras)
    told = [coverage(rows, name, watch.start_utc, watch.end_utc) for name in names]
    workers = [usages[name] for name in names]
    # What is flat after its first third has found its size.
    growth_mb = [usage.rss_mb[-1] - usage.rss_mb[len(usage.rss_mb) // 3] for usage in workers]
    windows = [row for row in rows if row["kind"] == "window"]
    _print(
        {
            "cameras": asked.cameras,
            "seconds": asked.seconds,
            "transport": asked.transport,
            "at_utc": utc_text(datetime.now(UTC)),
            "cores": os.cpu_count(),
            "windows": len(windows),
            "outcomes": {o: sum(w["outcome"] == o for w in windows) for o in {w["outcome"] for w in windows}},
            "processes_started": sum(camera.starts for camera in watch.live.cameras.values()),
            "opening_s": round(max(found.gaps_s for found in told), 2),
            "uncovered_s": round(max(found.uncovered_s for found in told), 3),
            "doubled_s": round(max(found.doubled_s for found in told), 3),
            **{f"{what.lower()}_late_s": _spread(them) for what, them in late_s.items()},
            "worker_rss_max_mb": round(max(max(usage.rss_mb) for usage in workers), 1),
            "worker_growth_max_mb": round(max(growth_mb), 1),
            "worker_cpu_percent": round(100 * statistics.mean(u.cpu_s for u in workers) / asked.seconds, 1),
            "main_cpu_percent": round(100 * usages["main"].cpu_s / asked.seconds, 1),
            "main_rss_max_mb": round(max(usages["main"].rss_mb), 1),
            "server_cpu_percent": round(100 * usages["server"].cpu_s / asked.seconds, 1),
            "stop_s": round(stop_s, 2),
        }
    )


def _tell_kind(kind: str, workers: list[Usage], seconds: float) -> None:
    _print(
        {
            "audio": kind,
            "cameras": len(workers),
            "cpu_percent": [round(100 * usage.cpu_s / seconds, 2) for usage in workers],
            "cpu_mean_percent": round(100 * statistics.mean(u.cpu_s for u in workers) / seconds, 2),
            "rss_mean_mb": round(statistics.mean(max(usage.rss_mb) for usage in workers), 1),
        }
    )


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values) or [0.0]
    at = {"p50": len(ordered) // 2, "p95": int(len(ordered) * 0.95), "max": -1}
    return {name: round(ordered[n], 3) for name, n in at.items()} | {"count": len(values)}


def _print(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
