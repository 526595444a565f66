"""The lines that the log has of a connection."""

from __future__ import annotations

import pytest

from sinks.mqtt.connection.connection_log import CUT_OFFS, ConnectionLog
from tests.kit.mqtt.sink_thread import looped


@pytest.fixture
def connection_log(caplog: pytest.LogCaptureFixture) -> ConnectionLog:
    caplog.set_level("INFO")
    return ConnectionLog("broker:1883", "livereel")


def test_each_change_is_logged_once(connection_log: ConnectionLog, caplog: pytest.LogCaptureFixture) -> None:
    connection_log.lost("Connection refused")
    connection_log.lost("Connection refused")
    connection_log.lost("Not authorized")
    connection_log.connected()
    assert caplog.messages == [
        "mqtt broker:1883: no connection: Connection refused",
        "mqtt broker:1883: no connection: Not authorized",
        "mqtt broker:1883: connected",
    ]


@looped
async def test_a_connection_that_is_cut_off_repeatedly_is_logged_once_with_a_hint(
    connection_log: ConnectionLog, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(CUT_OFFS + 5):
        connection_log.connected()
        connection_log.lost("gone", is_cut_off=True)
    connection_log.close()
    assert len(caplog.messages) == 2 * CUT_OFFS
    assert "another client connecting as livereel" in caplog.messages[-1]


@looped
async def test_a_connection_that_is_cut_off_later_and_later_is_logged_no_more(
    connection_log: ConnectionLog, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(CUT_OFFS):
        connection_log.connected()
        connection_log.lost("gone", is_cut_off=True)
    told = len(caplog.messages)
    for _ in range(5):  # the other client's pauses have grown beyond what counts as a short connection
        connection_log.connected()
        connection_log.lost("gone")
    assert len(caplog.messages) == told
    connection_log.lost("Connection refused")
    assert caplog.messages[-1] == "mqtt broker:1883: no connection: Connection refused"
    connection_log.connected()
    assert caplog.messages[-1] == "mqtt broker:1883: connected"


def test_connections_that_end_with_their_broker_are_logged_each_time(
    connection_log: ConnectionLog, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(CUT_OFFS + 2):
        connection_log.connected()
        connection_log.lost("gone")
    assert len(caplog.messages) == 2 * (CUT_OFFS + 2)
