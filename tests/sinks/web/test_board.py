"""The board: what it shows of now, and that a page which does not read loses its own events only."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from analyzer.reel.records import Gap, GapReason
from sinks.events import (
    CameraState,
    CameraStatus,
    DescriberState,
    DescriberStatus,
    Restored,
    TranscriberState,
    TranscriberStatus,
)
from sinks.web.board import MAX_WAITING, Board
from tests.kit.mqtt.sink_thread import looped
from tests.kit.records.events import JPEG, keyframe_preview, moment_now, motion_changed, now_utc, watching


def test_a_camera_is_shown_as_it_is_now() -> None:
    board = Board(["front"])
    assert board.cameras["front"].row("front")["state"] == "connecting"
    newest, older = moment_now(2), moment_now(1, ago_s=60)
    for event in (watching(), motion_changed(moving=True), keyframe_preview(), newest, older):
        board.take(event)
    row = board.cameras["front"].row("front")
    assert (row["state"], row["moving"]) == ("watching", True)
    assert row["window_id"] == newest.window.id, "an older moment that comes late changes nothing"
    assert board.cameras["front"].preview == JPEG


def test_a_camera_that_is_not_watched_does_not_move() -> None:
    board = Board(["front"])
    board.take(watching())
    board.take(motion_changed(moving=True))
    board.take(CameraState("front", CameraStatus.WAITING, "connection refused", now_utc()))
    row = board.cameras["front"].row("front")
    assert (row["state"], row["reason"], row["moving"]) == ("waiting", "connection refused", False)


def test_a_moment_of_an_earlier_run_is_shown() -> None:
    board = Board(["front"])
    board.take(Restored(moment_now(3)))
    assert board.cameras["front"].title


def test_the_describers_reason_is_shown_and_removed() -> None:
    board = Board(["front"])
    board.take(DescriberState(DescriberStatus.OFFLINE, "no answer", now_utc()))
    assert board.describer == "no answer"
    board.take(DescriberState(DescriberStatus.ONLINE, None, now_utc()))
    assert board.describer is None


def test_the_transcribers_reason_is_shown_and_removed() -> None:
    board = Board(["front"])
    board.take(TranscriberState(TranscriberStatus.OFFLINE, "wrong key", now_utc()))
    assert (board.transcriber, board.describer) == ("wrong key", None)
    board.take(TranscriberState(TranscriberStatus.ONLINE, None, now_utc()))
    assert board.transcriber is None


@looped
async def test_events_reach_every_page_in_order() -> None:
    board = Board(["front"])
    async with aclosing(board.messages()) as first, aclosing(board.messages()) as second:
        pages = [asyncio.create_task(anext(page)) for page in (first, second)]
        await asyncio.sleep(0)
        board.take(watching())
        board.take(Gap("front", now_utc(9), now_utc(), GapReason.SOURCE_DOWN))
        for (name, body), page in zip(await asyncio.gather(*pages), (first, second), strict=True):
            assert (name, body["state"]) == ("camera", "watching")
            assert (await anext(page))[0] == "gap"
    assert board.pages == 0


@looped
async def test_a_page_that_does_not_read_loses_its_own_events_and_they_are_counted() -> None:
    board = Board(["front"])
    async with aclosing(board.messages()) as stalled, aclosing(board.messages()) as reading:
        waiting = [asyncio.create_task(anext(page)) for page in (stalled, reading)]
        await asyncio.sleep(0)
        board.take(watching())
        await asyncio.gather(*waiting)
        for number in range(2 * MAX_WAITING + 1):
            board.take(motion_changed(moving=number % 2 == 0))
            assert (await anext(reading))[0] == "motion"
        assert (await anext(stalled))[0] == "missed"
        left = 0
        while board.missed + left < 2 * MAX_WAITING + 1:
            assert (await anext(stalled))[0] == "motion"
            left += 1
        board.take(watching())
        assert (await anext(stalled))[0] == "camera", "nothing is left of the others"
    assert left > 0
    assert board.missed > 0


@looped
async def test_a_board_that_is_closed_ends_its_pages() -> None:
    board = Board(["front"])
    async with aclosing(board.messages()) as early, aclosing(board.messages()) as late:
        waiting = asyncio.create_task(anext(early, None))
        await asyncio.sleep(0)
        board.close()
        board.take(watching())
        assert await waiting is None
        assert await anext(late, None) is None
