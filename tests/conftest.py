"""Fixtures and hooks of all tests: in CI a skipped test is a failure."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.kit.store.buckets", "tests.kit.web.chromium"]

# How long an example takes is the machine's affair.
settings.register_profile("livereel", deadline=None)
settings.load_profile("livereel")

# Zones by their rules, so that no database of zones is needed: Europe/Berlin, Asia/Kolkata, Asia/Kathmandu.
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
KOLKATA = "IST-5:30"
KATHMANDU = "<+0545>-5:45"

SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"


def pytest_configure() -> None:
    """Undo what the program under test would inherit: SIGHUP ignored by a nohup, and the time zone.

    What is compiled is kept, or each process would compile all modules anew, and each run all tests.
    Several processes share the cores, so each has one arithmetic thread: those of OpenBLAS and of OpenMP
    (Whisper) wait busily for each other.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    for library in ("OPENBLAS", "OMP"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    _set_zone("UTC")


def _set_zone(name: str) -> None:
    os.environ["TZ"] = name
    time.tzset()


# Modules and folders whose tests start servers or processes, play video in real time, or compute a lot; those
# that open a browser are slow, too.
SLOW = (
    "analyzer/describe/openai/test_chat_server", "analyzer/signal/test_colour", "sinks/web/test_metrics",
    "analyzer/reel/test_compile", "analyzer/signal/movers/test_bodies",
    "analyzer/signal/test_flicker.", "base/test_child", "contracts/test_clipper",
    "contracts/test_packet_source", "contracts/test_sink", "contracts/test_transcriber",
    "deploy/test_compose", "deploy/test_homeassistant", "deploy/test_wheel", "faults/",
    "livereel/camera/test_", "livereel/api/", "livereel/camera/view/", "livereel/cli/", "livereel/live/",
    "livereel/once/", "livereel/reels/", "sinks/mqtt/", "sinks/objectstore/",
    "sinks/web/test_access", "sinks/web/test_api", "sinks/web/tuning/",
    "stream/media/", "stream/objects/test_store",
    "stream/picture/", "stream/test_open", "stream/test_threaded", "stream/web/",
    "synthetic/", "test_media",
)  # fmt: skip


# What ``make test-long`` runs: faults in real time, and long films.
LONG = ("faults/", "livereel/camera/sound/test_noise_without_end")


# The longest modules, which start first: one that starts last leaves the other cores idle. Those that wait
# for video in real time take turns with those that compute, so that neither are side by side for long.
LONGEST = (
    "faults/test_delivery", "livereel/live/test_service", "analyzer/signal/movers/test_bodies",
    "faults/test_processes", "test_media", "faults/test_cameras", "livereel/cli/test_run_end",
    "livereel/camera/test_main_stream", "livereel/camera/test_flickers", "faults/test_sources",
    "livereel/api/test_notebooks", "livereel/cli/test_main", "faults/test_playlists",
    "faults/test_deaf_broker",
    "stream/media/edit/test_join", "livereel/camera/test_live_times", "sinks/web/pages/test_every",
    "contracts/test_packet_source",
    "livereel/cli/recap/test_recap", "livereel/camera/test_refresh_live", "livereel/live/test_run_mqtt",
    "livereel/camera/test_supervisor", "livereel/camera/test_worker", "sinks/web/pages/test_home",
    "contracts/test_transcriber", "livereel/live/test_live_views", "analyzer/signal/sound/test_meter",
    "livereel/reels/test_series", "livereel/camera/test_capture.", "sinks/web/test_live",
    "livereel/live/test_reel_jobs", "analyzer/report/test_page",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what ``make test-fast`` and ``make test`` leave out, and put the longest modules first.

    Raises pytest.UsageError for a name in the tables above that no module begins with any more.
    """
    folder = Path(__file__).parent
    if gone := [name for name in (*SLOW, *LONG, *LONGEST) if not list(folder.glob(f"{name}*"))]:
        raise pytest.UsageError(f"{__file__}: no tests are at {', '.join(gone)}")
    for item in items:
        if _place(item.path).startswith(SLOW) or "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")
        if _place(item.path).startswith(LONG):
            item.add_marker("long")
    items.sort(key=lambda item: _rank(item.path))


def pytest_collection_finish() -> None:
    """Search what all tests have loaded for garbage no more: that took an eighth of their time."""
    gc.collect()
    gc.freeze()


@cache
def _place(path: Path) -> str:
    folder = Path(__file__).parent
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else ""


@cache
def _rank(path: Path) -> int:
    longest = (rank for rank, name in enumerate(LONGEST) if _place(path).startswith(name))
    return next(longest, len(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {item.nodeid}: {call.excinfo and call.excinfo.value}"
    return report


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """The folder of real clips next to the checkout; tests that need it skip where it is not."""
    if not SHARED_MEDIA.is_dir():
        pytest.skip("the folder of real clips (../shared/media) is not here")
    return SHARED_MEDIA


@pytest.fixture
def in_zone() -> Iterator[Callable[[str], None]]:
    """Put the user into a time zone, until the test ends."""
    yield _set_zone
    _set_zone("UTC")
