"""What the log tells of a connection."""

from __future__ import annotations

import pytest

from sinks.news import FLAPS, SHORT_S, News
from tests.kit.mqtt import looped


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def news(clock: Clock, caplog: pytest.LogCaptureFixture) -> News:
    caplog.set_level("INFO")
    return News("broker:1883", "livereel", clock)


def test_each_change_is_told_once(news: News, caplog: pytest.LogCaptureFixture) -> None:
    news.lost("Connection refused")
    news.lost("Connection refused")
    news.lost("Not authorized")
    news.connected()
    assert caplog.messages == [
        "mqtt broker:1883: no connection: Connection refused",
        "mqtt broker:1883: no connection: Not authorized",
        "mqtt broker:1883: connected",
    ]


@looped
async def test_a_connection_that_comes_and_goes_is_told_once_with_what_it_may_mean(
    news: News, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(FLAPS + 5):
        news.connected()
        clock.now_s += SHORT_S / 2
        news.lost("gone")
    news.close()
    assert len(caplog.messages) == 2 * FLAPS
    assert "another client there named livereel" in caplog.messages[-1]


def test_connections_that_last_are_told_each_time(
    news: News, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(FLAPS + 2):
        news.connected()
        clock.now_s += SHORT_S * 2
        news.lost("gone")
    assert len(caplog.messages) == 2 * (FLAPS + 2)
