"""Windows are described in order, within bounds, and with one failure at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Window
from livereel.once.describe import EndedWindow, RetryPolicy, describe_all, in_thread
from tests.kit.records.moments import moment
from tests.kit.records.windows import START_UTC, measured

SOON_S = 60.0
GAP = Gap("front", START_UTC, START_UTC, GapReason.UNREADABLE)


class Scripted:
    """Describes as its script says: after how many turns of the loop, or with which failures first."""

    model = "scripted"

    def __init__(
        self, turns: Callable[[int], int] = lambda _: 0, failures: Sequence[DescribeError] = ()
    ) -> None:
        self._turns = turns
        self._failures = list(failures)
        self.asked: list[int] = []
        self.under_way = 0
        self.most = 0
        self.cancelled = 0

    async def describe(self, window: Window) -> Moment:
        self.asked.append(window.index)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            for _ in range(self._turns(window.index)):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
        if self._failures:
            raise self._failures.pop(0)
        return replace(moment(window.index), window=window)

    def tokens(self, window: Window) -> int:  # noqa: ARG002  # the seam's
        return 0

    async def close(self) -> None:
        """Nothing is held."""


def active(index: int) -> Window:
    return measured(index, [(2.0, 900.0)])


async def given(items: Sequence[Window | Gap]) -> AsyncIterator[Window | Gap]:
    for item in items:
        yield item


AT_ONCE = RetryPolicy(retries_s=(0.0, 0.0))


def describe(
    items: Sequence[Window | Gap],
    describer: Scripted,
    max_in_flight: int = 4,
    policy: RetryPolicy | None = None,
) -> list[EndedWindow | Gap]:
    taken: list[EndedWindow | Gap] = []
    asyncio.run(describe_all(given(items), describer, max_in_flight, taken.append, policy))
    return taken


def indices(taken: Sequence[EndedWindow | Gap]) -> list[int | None]:
    return [item.window.index if isinstance(item, EndedWindow) else None for item in taken]


def test_outcomes_and_gaps_keep_their_order_however_long_descriptions_take() -> None:
    items: list[Window | Gap] = [active(0), measured(1), GAP, active(2), active(3), measured(4)]
    taken = describe(items, Scripted(turns=lambda index: 20 - 5 * index))
    assert indices(taken) == [0, 1, None, 2, 3, 4]
    names = [item.outcome for item in taken if isinstance(item, EndedWindow)]
    assert names == ["described", "quiet", "described", "described", "quiet"]


def test_quiet_windows_are_not_described() -> None:
    describer = Scripted()
    describe([measured(0), active(1), measured(2)], describer)
    assert describer.asked == [1]


def test_no_more_windows_wait_for_a_description_than_may() -> None:
    describer = Scripted(turns=lambda _: 50)
    taken = describe([active(index) for index in range(20)], describer, max_in_flight=3)
    assert len(taken) == 20
    assert describer.most <= 4


def test_a_model_that_fails_for_good_is_an_outcome() -> None:
    describer = Scripted(failures=[DescribeError("the answer does not fit")])
    first, second = describe([active(0), active(1)], describer, max_in_flight=1)
    assert isinstance(first, EndedWindow)
    assert (first.outcome, first.error, first.moment) == ("model_failed", "the answer does not fit", None)
    assert isinstance(second, EndedWindow)
    assert second.outcome == "described"


def test_a_busy_model_is_asked_again_and_a_while_later_given_up() -> None:
    busy = DescribeError("busy", retryable=True)
    for failures, name in ([busy, busy], "described"), ([busy] * 3, "model_failed"):
        describer = Scripted(failures=failures)
        (outcome,) = describe([active(0)], describer, policy=AT_ONCE)
        assert isinstance(outcome, EndedWindow)
        assert outcome.outcome == name
        assert describer.asked == [0, 0, 0]


async def breaking(items: Sequence[Window]) -> AsyncIterator[Window | Gap]:
    for item in items:
        yield item
    raise OSError(28, "No space left on device")


def test_a_failure_of_the_source_comes_through_as_it_is_and_nothing_runs_on() -> None:
    describer = Scripted(turns=lambda _: 10**6)
    with pytest.raises(OSError, match="No space left"):
        asyncio.run(describe_all(breaking([active(0), active(1)]), describer, 4, lambda _: None))
    assert describer.under_way == 0


def test_a_bug_in_the_describer_ends_its_window_and_is_named() -> None:

    class Broken(Scripted):
        async def describe(self, window: Window) -> Moment:
            if window.index == 1:
                raise KeyError("bug")
            return await super().describe(window)

    taken = describe([active(0), active(1), active(2)], Broken(), policy=AT_ONCE)
    assert [item.outcome for item in taken if isinstance(item, EndedWindow)] == [
        "described",
        "model_failed",
        "described",
    ]
    assert isinstance(taken[1], EndedWindow)
    assert taken[1].error == "unexpected KeyError: 'bug'"


@pytest.mark.parametrize(
    ("failure", "asked"),
    [
        (DescribeError("down", retryable=True), 9),
        (RefusedError("answers 401"), 3),
        (KeyError("bug"), 9),
    ],
)
def test_a_describer_that_fails_window_after_window_is_not_asked_about_the_rest(
    failure: Exception, asked: int
) -> None:

    class Gone(Scripted):
        async def describe(self, window: Window) -> Moment:
            await super().describe(window)
            raise failure

    describer = Gone()
    taken = describe([active(index) for index in range(200)], describer, max_in_flight=0, policy=AT_ONCE)
    assert {item.outcome for item in taken if isinstance(item, EndedWindow)} == {"model_failed"}
    assert asked <= len(describer.asked) <= asked + 1  # and one more each ten seconds
    assert isinstance(taken[-1], EndedWindow)
    assert str(taken[-1].error).startswith("not asked, after: ")


def test_a_describer_that_comes_back_is_asked_again() -> None:
    describer = Scripted(failures=[DescribeError("down", retryable=True)] * 5)
    taken = describe(
        [active(index) for index in range(8)],
        describer,
        max_in_flight=0,
        policy=RetryPolicy(retries_s=(), ask_again_s=0.0),
    )
    names = [item.outcome for item in taken if isinstance(item, EndedWindow)]
    assert names == ["model_failed"] * 5 + ["described"] * 3


def test_answers_that_do_not_fit_do_not_keep_others_from_being_asked_for() -> None:
    describer = Scripted(failures=[DescribeError("does not fit")] * 5)
    taken = describe([active(index) for index in range(8)], describer, max_in_flight=0)
    names = [item.outcome for item in taken if isinstance(item, EndedWindow)]
    assert names == ["model_failed"] * 5 + ["described"] * 3


def test_a_cancellation_of_the_describers_own_ends_its_window() -> None:

    class Cancelled(Scripted):
        async def describe(self, window: Window) -> Moment:
            await super().describe(window)
            raise asyncio.CancelledError

    taken = describe([active(0), active(1)], Cancelled(), policy=RetryPolicy(retries_s=()))
    assert [item.outcome for item in taken if isinstance(item, EndedWindow)] == ["model_failed"] * 2


def test_an_iterator_that_blocks_is_pulled_in_a_thread() -> None:
    threads = set()

    def blocking() -> Iterator[int]:
        for number in range(3):
            threads.add(threading.current_thread())
            yield number

    async def pull() -> list[int]:
        return [number async for number in in_thread(blocking())]

    assert asyncio.run(pull()) == [0, 1, 2]
    assert threading.main_thread() not in threads


def test_cancelling_waits_until_the_thread_has_let_go() -> None:
    """What the thread reads may be closed as soon as this ends."""
    entered, release = threading.Event(), threading.Event()
    left = []

    def blocking() -> Iterator[int]:
        entered.set()
        assert release.wait(SOON_S)
        left.append(True)
        yield 1

    async def cancel() -> None:
        async def pull() -> None:
            async for _ in in_thread(blocking()):
                pytest.fail("cancelled before")

        task = asyncio.create_task(pull())
        await asyncio.to_thread(entered.wait, SOON_S)
        task.cancel()
        await asyncio.sleep(0.05)
        assert not task.done()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert left

    asyncio.run(cancel())
