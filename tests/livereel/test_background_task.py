"""A task during the program's work: its end is waited for, its failure ends the run at once."""

from __future__ import annotations

import asyncio

import pytest

from livereel.background_task import running
from sinks.sink import SinkError
from tests.kit.mqtt.sink_thread import looped


async def failing() -> None:
    raise ZeroDivisionError("by nothing")


@looped
async def test_a_job_that_fails_stops_the_run_and_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = asyncio.Event()
    with pytest.raises(SinkError, match=r"^mqtt: ZeroDivisionError: by nothing$"):
        async with asyncio.timeout(60), running("mqtt", failing(), stop):
            await stop.wait()
    assert "in failing" in caplog.text


@looped
async def test_an_error_of_the_work_goes_before_that_of_the_job(caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.Event()

    async def work() -> None:
        async with asyncio.timeout(60), running("mqtt", failing(), stop):
            await stop.wait()
            raise KeyError

    with pytest.raises(KeyError):
        await work()
    assert "in failing" in caplog.text


@looped
async def test_a_job_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    stop, told, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def job() -> None:
        await told.wait()
        ended.set()

    async with running("mqtt", job(), stop):
        assert not stop.is_set()
        told.set()
    assert ended.is_set()
    assert not caplog.records
