"""Counters of a run, published each minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from statistics import fmean

from analyzer.describe.moment import Moment
from analyzer.describe.queue import QueueCounts
from livereel.camera.supervisor import Supervisor
from sinks.events import Stats


class StatsCollector:
    """Counts for cameras and the describer; rates and means cover the time since the last ``stats``."""

    def __init__(self, cameras: Mapping[str, Supervisor], now_s: float) -> None:
        self._cameras = cameras
        self._last_s = now_s
        self._frames = dict.fromkeys(cameras, 0)
        self._latencies_s: dict[str, list[float]] = {name: [] for name in cameras}

    def add_moment(self, moment: Moment) -> None:
        """Count a described window of a camera."""
        self._latencies_s.setdefault(moment.window.camera, []).append(moment.latency_s)

    def stats(self, at_utc: str, now_s: float, queue: QueueCounts, others: Mapping[str, float]) -> Stats:
        """Return the counters, with ``others`` unchanged among them."""
        counters = {f"words_{name}": float(count) for name, count in asdict(queue).items()}
        elapsed_s = max(now_s - self._last_s, 1e-3)
        self._last_s = now_s
        return Stats(
            at_utc, {**counters, **others}, {name: self._camera(name, elapsed_s) for name in self._cameras}
        )

    def _camera(self, name: str, elapsed_s: float) -> dict[str, float]:
        camera = self._cameras[name]
        counts = {count: float(number) for count, number in asdict(camera.total).items()}
        frames, self._frames[name] = camera.total.frames - self._frames[name], camera.total.frames
        latencies_s, self._latencies_s[name] = self._latencies_s[name], []
        described = {"describe_s": round(fmean(latencies_s), 3)} if latencies_s else {}
        return {**counts, "starts": float(camera.starts), "fps": round(frames / elapsed_s, 2), **described}
