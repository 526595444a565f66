"""Counters of a run: published each minute, and read at any time."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from statistics import fmean

from analyzer.describe.moment import Moment
from analyzer.describe.queue import DescribeQueue
from analyzer.describe.window_store import WindowStoreError
from analyzer.signal.window import Outcome
from analyzer.transcribe.queue import TranscribeQueue
from base.clock import utc_text
from livereel.camera.supervisor import Supervisor
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING, WindowState
from livereel.live.coverage import GapTracker
from livereel.live.publisher import Publisher
from livereel.live.reel_jobs import ReelJobs
from livereel.live.write_queue import WriteQueue
from livereel.storage.retention import Retention
from sinks.archive import ArchiveError
from sinks.events import Stats
from sinks.sink import SinkError

# How a window ends that no describer sees.
WITHOUT_DESCRIPTION = (Outcome.QUIET, Outcome.SKIPPED_OVERLOAD, Outcome.DISK_FULL)


@dataclass(frozen=True, slots=True)
class Counted:
    """The parts of a run that count what they do."""

    cameras: Mapping[str, Supervisor]
    queue: DescribeQueue
    transcribe_queue: TranscribeQueue | None
    ledger: Ledger
    writes: WriteQueue
    gaps: GapTracker
    publisher: Publisher
    retention: Retention
    reels: ReelJobs


class StatsCollector:
    """Reads the counters of a run; rates and means cover the time since the last ``stats``."""

    def __init__(self, counted: Counted) -> None:
        self._of = counted
        self._last_s = time.monotonic()
        self._frames = dict.fromkeys(counted.cameras, 0)
        self._latencies_s: dict[str, list[float]] = {name: [] for name in counted.cameras}
        self._windows: Counter[WindowState] = Counter()

    def add_window(self, outcome: WindowState) -> None:
        """Count a closed window."""
        if outcome != PENDING:
            self._windows[outcome] += 1

    def add_moment(self, moment: Moment) -> None:
        """Count a described window of a camera."""
        self._latencies_s.setdefault(moment.window.camera, []).append(moment.latency_s)

    def counts(self) -> Stats:
        """Return the counters since the start; raises ArchiveError where they cannot be read now."""
        try:
            return Stats(
                at_utc=utc_text(datetime.now(UTC)),
                counters=self._run(),
                cameras={name: self._camera(name) for name in self._of.cameras},
                gaps_s={
                    camera: {reason.value: seconds for reason, seconds in own.items()}
                    for camera, own in self._of.gaps.seconds.items()
                },
                sinks=self._of.publisher.counters(),
            )
        except (WindowStoreError, SinkError, OSError) as error:
            raise ArchiveError(str(error)) from error

    def stats(self) -> Stats:
        """Return the counters with rates and means; raises ArchiveError."""
        counts = self.counts()
        now_s = time.monotonic()
        elapsed_s = max(now_s - self._last_s, 1e-3)
        self._last_s = now_s
        cameras = {name: {**own, **self._rates(name, elapsed_s)} for name, own in counts.cameras.items()}
        return replace(counts, cameras=cameras)

    def _run(self) -> dict[str, float]:
        stored_bytes = self._of.retention.stored_bytes
        return {
            **{f"words_{name}": count for name, count in asdict(self._of.queue.counts).items()},
            "words_waiting": self._of.ledger.pending.count_pending(),
            **{f"windows_{outcome}": self._windows[outcome] for outcome in WITHOUT_DESCRIPTION},
            **self._speech(),
            "ledger_waiting": self._of.writes.waiting,
            "ledger_lost": self._of.writes.lost,
            "sinks_lost": self._of.publisher.lost,
            "retention_windows": self._of.retention.removed_windows,
            "retention_reels": self._of.retention.removed_reels,
            "reels_passed": self._of.reels.passed,
            "disk_free_bytes": shutil.disk_usage(self._of.ledger.data).free,
            **({} if stored_bytes is None else {"stored_bytes": stored_bytes}),
        }

    def _speech(self) -> dict[str, float]:
        """Return the counters of transcription; none where speech stays without text."""
        queue = self._of.transcribe_queue
        if queue is None:
            return {}
        waiting = self._of.ledger.speech.count_speech()
        counts = {f"speech_{name}": count for name, count in asdict(queue.counts).items()}
        return {**counts, "speech_waiting": waiting}

    def _camera(self, name: str) -> dict[str, float]:
        camera = self._of.cameras[name]
        return {**asdict(camera.total), "starts": camera.starts}

    def _rates(self, name: str, elapsed_s: float) -> dict[str, float]:
        total = self._of.cameras[name].total.frames
        frames, self._frames[name] = total - self._frames[name], total
        latencies_s, self._latencies_s[name] = self._latencies_s[name], []
        described = {"describe_s": round(fmean(latencies_s), 3)} if latencies_s else {}
        return {"fps": round(frames / elapsed_s, 2), **described}
