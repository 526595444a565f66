"""What all tests share: in CI a skipped test is a failure, so that none is lost unseen."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"


def pytest_configure() -> None:
    """What a nohup or a script around us ignores, the program under test is not to ignore."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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
    """The folder of real clips beside the checkout; tests that need it skip where it is not."""
    if not SHARED_MEDIA.is_dir():
        pytest.skip("the folder of real clips (../shared/media) is not here")
    return SHARED_MEDIA
