"""Fixtures and hooks of all tests: in CI a skipped test is a failure."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"


def pytest_configure() -> None:
    """Reset SIGHUP: a nohup around the tests must not be inherited by the program under test."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


# Modules and folders whose tests start servers or processes, play video in real time or encode a lot of it.
SLOW = (
    "analyzer/reel/test_compile", "analyzer/report/test_page", "analyzer/signal/test_bodies",
    "base/test_child", "contracts/test_clipper", "contracts/test_packet_source",
    "contracts/test_sink", "faults/", "livereel/camera/test_", "livereel/cli/", "livereel/live/",
    "livereel/reels/", "sinks/mqtt/", "stream/media/", "stream/test_open", "stream/test_threaded",
    "stream/web/", "synthetic/", "test_media",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what ``make test-fast`` leaves out."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder) and item.path.relative_to(folder).as_posix().startswith(SLOW):
            item.add_marker("slow")


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
