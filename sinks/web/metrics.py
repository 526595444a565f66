"""``/metrics``: the counters of a run in the text format of Prometheus, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from analyzer.describe.moment import Moment
from sinks.archive import ArchiveError
from sinks.events import CameraStatus, Stats
from sinks.web.board import Board

LATENCY_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

# Outcomes of windows, by the counters that add up to each.
OUTCOMES = {
    "described": ("words_described",),
    "quiet": ("windows_quiet",),
    "skipped_overload": ("words_skipped", "windows_skipped_overload"),
    "model_failed": ("words_failed",),
    "disk_full": ("windows_disk_full",),
}
OF_RUN = {
    "words_late": ("counter", "describe_late", "Windows described late"),
    "words_retried": ("counter", "describe_retries", "Requests to the describer that were repeated"),
    "words_thinned": ("counter", "describe_thinned", "Windows described by fewer keyframes, under load"),
    "words_waiting": ("gauge", "describe_waiting", "Windows that wait for a description"),
    "speech_transcribed": ("counter", "transcribed", "Windows whose speech got its text"),
    "speech_late": ("counter", "transcribe_late", "Windows whose text came after their description"),
    "speech_failed": ("counter", "transcribe_failed", "Windows whose speech stays without text"),
    "speech_retried": ("counter", "transcribe_retries", "Requests to the transcriber that were repeated"),
    "speech_dropped": ("counter", "transcribe_dropped", "Windows left without text, as too many waited"),
    "speech_waiting": ("gauge", "transcribe_waiting", "Windows whose speech waits for its text"),
    "ledger_waiting": ("gauge", "ledger_writes_waiting", "Writes that the ledger could not take yet"),
    "ledger_lost": ("counter", "ledger_writes_lost", "Writes dropped, as too many waited"),
    "sinks_lost": ("counter", "sink_events_lost", "Events that a sink could not take"),
    "reels_passed": ("counter", "reels_passed", "Times of reels that passed while others were made"),
    "retention_windows": ("counter", "retention_windows", "Windows whose files retention has removed"),
    "retention_reels": ("counter", "retention_reels", "Reels that retention has removed"),
    "disk_free_bytes": ("gauge", "disk_free_bytes", "Free space on the disk of the data folder"),
    "stored_bytes": ("gauge", "stored_bytes", "What clips, keyframes and reels take"),
}
OF_CAMERA = {
    "frames": ("camera_frames", "Frames decoded"),
    "starts": ("camera_process_starts", "Processes started for the camera"),
    "damaged_packets": ("camera_damaged_packets", "Packets that could not be decoded"),
    "timeline_breaks": ("camera_timeline_breaks", "Jumps of the stream's timestamps"),
    "windows_without_room": ("camera_windows_without_room", "Windows not stored, as the disk was full"),
    "clips_failed": ("camera_clips_failed", "Clips that could not be written"),
    "unbuffered_packets": ("camera_unbuffered_packets", "Packets dropped, as the buffer was full"),
    "skipped_packets": ("camera_skipped_packets", "Packets skipped, as the analysis was late"),
    "skipped_sound_packets": (
        "camera_skipped_sound_packets",
        "Packets of sound not measured, as the analysis was late",
    ),
    "skipped_speech_packets": (
        "camera_skipped_speech_packets",
        "Packets of sound in which no speech was looked for, as the analysis was late",
    ),
}


class Telemetry(Protocol):
    """Reads the counters of a run."""

    def counts(self) -> Stats:
        """Return the counters since the start; quick. Raises ArchiveError."""
        ...


class Metrics:
    """The endpoint ``/metrics``, and the events that it counts itself."""

    def __init__(self, telemetry: Telemetry, board: Board) -> None:
        self._telemetry = telemetry
        self._board = board
        self._events = CollectorRegistry()
        self._latency = Histogram(
            "livereel_describe_seconds",
            "From the request to the description of a window",
            buckets=LATENCY_BUCKETS_S,
            registry=self._events,
        )

    def take(self, moment: Moment) -> None:
        """Count a described window."""
        self._latency.observe(moment.latency_s)

    async def metrics(self, _: Request) -> Response:
        """Return all metrics; 503 where the counters cannot be read now."""
        try:
            stats = self._telemetry.counts()
        except ArchiveError as error:
            raise HTTPException(503, str(error)) from error
        registry = CollectorRegistry()
        registry.register(_Snapshot(stats, self._board))
        text = generate_latest(self._events) + generate_latest(registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)


class _Snapshot(Collector):
    """The counters of one moment as metrics."""

    def __init__(self, stats: Stats, board: Board) -> None:
        self._stats = stats
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once."""
        stats = self._stats
        windows = CounterMetricFamily("livereel_windows", "Windows, by how they ended", labels=["outcome"])
        for outcome, names in OUTCOMES.items():
            windows.add_metric([outcome], sum(stats.counters[name] for name in names))
        yield windows
        for name, (kind, metric, text) in OF_RUN.items():
            if name in stats.counters:
                family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
                yield family(f"livereel_{metric}", text, value=stats.counters[name])
        for name, (metric, text) in OF_CAMERA.items():
            yield _by("camera", metric, text, {camera: own[name] for camera, own in stats.cameras.items()})
        yield from self._now()
        gaps = CounterMetricFamily(
            "livereel_gap_seconds", "Time not observed, in gaps that have ended", labels=["camera", "reason"]
        )
        for camera, seconds in stats.gaps_s.items():
            for reason, lasted_s in seconds.items():
                gaps.add_metric([camera, reason], lasted_s)
        yield gaps
        sinks = GaugeMetricFamily(
            "livereel_sink", "Counters of the sinks since the start, and what waits", labels=["sink", "name"]
        )
        for sink, counters in stats.sinks.items():
            for name, value in counters.items():
                sinks.add_metric([sink, name], value)
        yield sinks

    def _now(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("livereel_camera_up", "1 while the camera is watched", labels=["camera"])
        for name, camera in self._board.cameras.items():
            up.add_metric([name], camera.state == CameraStatus.WATCHING)
        yield up
        well = self._board.describer is None
        yield GaugeMetricFamily("livereel_describer_up", "1 while windows are described", value=well)
        if "speech_waiting" in self._stats.counters:  # there is a transcriber
            well = self._board.transcriber is None
            yield GaugeMetricFamily("livereel_transcriber_up", "1 while speech gets its text", value=well)


def _by(label: str, metric: str, text: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"livereel_{metric}", text, labels=[label])
    for name, value in values.items():
        family.add_metric([name], value)
    return family
