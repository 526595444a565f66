"""What waits is described newest first, fairly, again after failures, and gives way in the stated order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.moment import Moment
from analyzer.describe.queue import DescribeQueue
from analyzer.describe.settings import MODEL_BACKOFF, DescribeSettings
from analyzer.describe.window_store import WindowStoreError
from analyzer.signal.window import Keyframe, Window
from base.backoff import Backoff
from tests.kit.mqtt.sink_thread import looped, until
from tests.kit.program.live_run import LONG_S
from tests.kit.records.waiting import Store
from tests.kit.records.windows import measured


def window(camera: str, index: int, value: float = 1000.0, keyframes: int = 4) -> Window:
    made = measured(index, [(1.0, value)])
    shown = tuple(Keyframe(index * 10 + n, value - n) for n in range(keyframes))
    return replace(made, id=f"{camera}-{index}", camera=camera, signal_max=value, keyframes=shown)


class Scripted:
    """A describer that does what its script says for each window."""

    model = "scripted"

    def __init__(self, script: Callable[[Window], Awaitable[None]], cost: int = 0) -> None:
        self._script = script
        self._cost = cost
        self.asked: list[Window] = []
        self.at_once = 0
        self.most_at_once = 0

    async def describe(self, asked: Window) -> Moment:
        self.asked.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._script(asked)
        finally:
            self.at_once -= 1
        return Moment(asked, "Title", "Text.", 5.0, (), self.model, 0.1)

    def tokens(self, _: Window) -> int:
        return self._cost

    async def close(self) -> None: ...


async def at_once(_: Window) -> None:
    await asyncio.sleep(0)


def queue(
    store: Store,
    describer: Scripted,
    settings: DescribeSettings | None = None,
    backoff: Backoff = MODEL_BACKOFF,
) -> DescribeQueue:
    return DescribeQueue(
        describer,
        store,
        settings or DescribeSettings(),
        age_s=lambda w: 100.0 - w.end_s,
        backoff=backoff,
    )


@looped
async def test_newest_of_each_camera_goes_first_and_the_backlog_is_late() -> None:
    store = Store([window("a", n) for n in range(9)] + [window("b", n) for n in range(3)])
    describer = Scripted(at_once)
    await queue(store, describer, DescribeSettings(max_in_flight=1)).drain(5.0)
    order = [w.id for w in describer.asked]
    assert order[:4] == ["a-8", "b-2", "a-7", "b-1"]
    assert set(store.ended.values()) == {"described"}
    late = {moment.window.id: moment.late for moment in store.moments}
    assert not late["a-8"]
    assert late["a-0"]


@looped
async def test_a_drain_that_is_cancelled_leaves_no_request_behind() -> None:
    describer = Scripted(lambda _: asyncio.sleep(LONG_S))
    jobs = queue(Store([window("a", 0)]), describer)
    draining = asyncio.create_task(jobs.drain(60.0))
    await until(lambda: describer.at_once)
    draining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await draining
    assert describer.at_once == 0


class Full(Store):
    """Cannot be written at first."""

    room = False

    def end_window(self, window_id: str, outcome: str, moment: Moment | None = None) -> None:
        if not self.room:
            raise WindowStoreError("disk is full")
        super().end_window(window_id, outcome, moment)


@looped
async def test_an_answer_that_cannot_be_kept_is_not_asked_for_again() -> None:
    store = Full([window("a", n) for n in range(2)])
    describer = Scripted(at_once)
    jobs = queue(store, describer)
    for _ in range(20):
        with pytest.raises(WindowStoreError):
            await jobs.run()
    assert len(describer.asked) == 2
    store.room = True
    await jobs.drain(5.0)
    assert len(describer.asked) == 2
    assert store.ended == {"a-0": "described", "a-1": "described"}
    assert len(store.moments) == 2


@looped
async def test_a_model_that_comes_back_describes_all_that_waited() -> None:
    answers = iter([False] * 7)

    async def down_at_first(_: Window) -> None:
        if next(answers, True) is False:
            raise DescribeError("connection refused", retryable=True)

    store = Store([window("a", n) for n in range(5)])
    jobs = queue(store, Scripted(down_at_first), backoff=Backoff((0.01,)))
    running = asyncio.create_task(jobs.run())
    await until(lambda: len(store.ended) == 5)
    running.cancel()
    assert jobs.counts.retried == 7
    assert not jobs.is_down
    assert set(store.ended.values()) == {"described"}


@looped
async def test_while_the_model_is_down_one_window_asks_after_it() -> None:
    async def down(_: Window) -> None:
        raise DescribeError("connection refused", retryable=True)

    store = Store([window("a", n) for n in range(20)])
    describer = Scripted(down)
    jobs = queue(store, describer)
    await jobs.drain(5.0)
    assert jobs.is_down
    assert not store.ended
    assert len(describer.asked) <= 8


@looped
async def test_an_answer_that_cannot_be_used_ends_its_window_and_no_other() -> None:
    async def one_is_bad(asked: Window) -> None:
        if asked.index == 2:
            raise DescribeError("not the asked form", retryable=False)

    store = Store([window("a", n) for n in range(4)])
    await queue(store, Scripted(one_is_bad)).drain(5.0)
    assert store.ended["a-2"] == "model_failed"
    assert sorted(store.ended.values()) == ["described"] * 3 + ["model_failed"]


@looped
async def test_beyond_what_may_wait_the_lowest_peaks_give_way() -> None:
    store = Store([window("a", n, value=100.0 * (n + 1)) for n in range(10)])
    jobs = queue(store, Scripted(at_once), DescribeSettings(max_waiting=6))
    await jobs.drain(5.0)
    skipped = {window_id for window_id, outcome in store.ended.items() if outcome == "skipped_overload"}
    assert skipped == {"a-0", "a-1", "a-2", "a-3"}
    assert jobs.counts.skipped == 4


@looped
async def test_behind_by_half_of_what_may_wait_keyframes_give_way_first() -> None:
    store = Store([window("a", n) for n in range(5)])
    describer = Scripted(at_once)
    jobs = queue(store, describer, DescribeSettings(max_waiting=8, max_in_flight=1))
    await jobs.drain(5.0)
    assert [len(asked.keyframes) for asked in describer.asked] == [2, 4, 4, 4, 4]
    assert jobs.counts.thinned == 1
    assert jobs.counts.skipped == 0


@looped
async def test_a_server_that_pushes_back_is_asked_less_at_once() -> None:
    limit = 3
    describer: Scripted

    async def too_many(_: Window) -> None:
        if describer.at_once > limit:
            raise DescribeError("429", retryable=True)
        await asyncio.sleep(0.001)

    describer = Scripted(too_many)
    store = Store([window("a", n) for n in range(8)])
    jobs = queue(store, describer, backoff=Backoff((0.01,)))
    running = asyncio.create_task(jobs.run())
    await until(lambda: len(store.ended) == 8)
    running.cancel()
    assert set(store.ended.values()) == {"described"}
    assert describer.most_at_once == 4


@looped
async def test_cancelling_leaves_windows_waiting_and_nothing_running() -> None:
    async def never(_: Window) -> None:
        await asyncio.Event().wait()

    store = Store([window("a", n) for n in range(3)])
    describer = Scripted(never)
    running = asyncio.create_task(queue(store, describer).run())
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert describer.at_once == 0
    assert store.count_pending() == 3


async def thinned_at_rest(store: Store, describer: Scripted, settings: DescribeSettings) -> int:
    """Let a queue go until it rests, while its clock stands still; returns how many windows it thinned."""
    jobs = DescribeQueue(describer, store, settings, age_s=lambda _: 0.0, now_s=lambda: 0.0)
    running = asyncio.create_task(jobs.run())
    for _ in range(200):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return jobs.counts.thinned


@looped
async def test_no_more_windows_a_minute_are_asked_about_than_the_budget_allows() -> None:
    store = Store([window("a", n) for n in range(6)])
    describer = Scripted(at_once)
    await thinned_at_rest(store, describer, DescribeSettings(windows_per_minute=2.0))
    assert [w.id for w in describer.asked] == ["a-5", "a-4"]
    assert store.count_pending() == 4, "the rest wait, and none is lost"


@looped
async def test_a_token_budget_that_runs_low_takes_keyframes_first_and_then_waits() -> None:
    store = Store([window("a", n) for n in range(6)])
    describer = Scripted(at_once, cost=100)
    thinned = await thinned_at_rest(store, describer, DescribeSettings(tokens_per_hour=250.0))
    assert [len(w.keyframes) for w in describer.asked] == [4, 4, 2]
    assert thinned == 1
    assert store.count_pending() == 3


# Whatever a describer raises


RAISED: list[Callable[[], BaseException]] = [
    lambda: AttributeError("'NoneType' object has no attribute 'content'"),
    lambda: KeyError("choices"),
    lambda: RuntimeError("two\nlines"),
    RecursionError,
    StopIteration,
    asyncio.CancelledError,
    TimeoutError,
    lambda: ExceptionGroup("group", [ValueError("inner")]),
    lambda: DescribeError("no", retryable=False),
    lambda: DescribeError("down", retryable=True),
    lambda: RefusedError("answers 401"),
]


@pytest.mark.parametrize("raised", RAISED)
@looped
async def test_a_describer_that_always_fails_is_asked_ever_less_often_for_any_exception(
    raised: Callable[[], BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """Half an hour, on a clock of its own."""
    clock = Clock()

    async def fail(_: Window) -> None:
        await asyncio.sleep(0)
        raise raised()

    store = Store([window("a", n) for n in range(300)] + [window("b", n) for n in range(300)])
    describer = Scripted(fail)
    jobs = DescribeQueue(describer, store, DescribeSettings(), age_s=lambda _: 0.0, now_s=clock)
    asked_by_minute = await clock.run(jobs, describer, minutes=30)
    assert asked_by_minute[0] <= 70
    assert all(asked <= 12 for asked in asked_by_minute[3:])
    assert jobs.is_down
    assert jobs.down_reason
    assert "\n" not in jobs.down_reason
    assert "Traceback" not in caplog.text
    lines = [record for record in caplog.records if record.name == "analyzer.describe.queue"]
    assert len(lines) <= len(describer.asked) + 1
    assert len(store.ended) + store.count_pending() == 600


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def run(self, jobs: DescribeQueue, describer: Scripted, minutes: int) -> list[int]:
        """Let a queue go on for so long; returns how many windows were asked about in each minute."""
        counts = []
        running = asyncio.create_task(jobs.run())
        for _ in range(minutes):
            before = len(describer.asked)
            for _ in range(120):
                self.now_s += 0.5
                jobs.wake()
                for _ in range(6):
                    await asyncio.sleep(0)
            counts.append(len(describer.asked) - before)
        assert not running.done()
        running.cancel()
        await asyncio.wait([running])
        return counts


@looped
async def test_an_unforeseen_failure_is_one_line_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_: Window) -> None:
        raise KeyError("choices")

    store = Store([window("a", n) for n in range(3)])
    jobs = queue(store, Scripted(fail), backoff=Backoff((0.01,)))
    await jobs.drain(5.0)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "describe: unexpected KeyError: 'choices'; the window waits",
        "describe: the model does not answer: unexpected KeyError: 'choices'; windows wait",
    ]
    assert not [record for record in caplog.records if record.exc_info]


@looped
async def test_a_window_that_a_describer_always_fails_with_ends_and_holds_up_no_other() -> None:
    async def one_is_bad(asked: Window) -> None:
        await asyncio.sleep(0)
        if asked.index == 5:
            raise KeyError("bug")

    store = Store([window("a", n) for n in range(6)])
    describer = Scripted(one_is_bad)
    jobs = queue(store, describer, DescribeSettings(max_in_flight=1), Backoff((0.01,)))
    running = asyncio.create_task(jobs.run())
    await until(lambda: len(store.ended) == 5)
    assert sum(asked.index == 5 for asked in describer.asked) <= 5
    for n in range(6, 20):  # others come and succeed
        store.waiting.append(window("a", n))
        jobs.wake()
        await until(lambda: f"a-{n}" in store.ended)  # noqa: B023  # awaited at once
    await until(lambda: store.ended.get("a-5") == "model_failed")
    running.cancel()
    assert set(store.ended.values()) == {"described", "model_failed"}
    assert not jobs.is_down


@looped
async def test_a_describer_that_cannot_count_its_tokens_fails_a_window_and_the_queue_goes_on() -> None:
    class Wordless(Scripted):
        def tokens(self, asked: Window) -> int:
            if asked.index == 1:
                raise TypeError("no count")
            return 0

    store = Store([window("a", n) for n in range(3)])
    jobs = queue(store, Wordless(at_once), backoff=Backoff((0.01,)))
    running = asyncio.create_task(jobs.run())
    await until(lambda: store.ended.keys() >= {"a-0", "a-2"})
    running.cancel()
    assert jobs.counts.described == 2


@looped
async def test_an_answer_that_is_no_moment_is_a_failure() -> None:
    class Mute(Scripted):
        async def describe(self, asked: Window) -> Moment:
            await super().describe(asked)
            return None  # type: ignore[return-value]  # as another package's describer might

    store = Store([window("a", 0)])
    jobs = queue(store, Mute(at_once), backoff=Backoff((0.01,)))
    await jobs.drain(5.0)
    assert jobs.down_reason
    assert store.count_pending() == 1


@looped
async def test_a_refusal_is_reported_at_once_and_windows_wait_until_it_is_resolved() -> None:
    paid = False

    async def refuse(_: Window) -> None:
        if not paid:
            raise RefusedError("answers 402: Insufficient Balance")

    store = Store([window("a", n) for n in range(8)])
    describer = Scripted(refuse)
    jobs = queue(store, describer, DescribeSettings(max_in_flight=1), Backoff((0.01,)))
    running = asyncio.create_task(jobs.run())
    await until(lambda: len(describer.asked) == 1)
    await until(lambda: jobs.is_down)
    assert jobs.down_reason == "answers 402: Insufficient Balance"
    await until(lambda: len(describer.asked) >= 10)
    assert not store.ended
    paid = True
    await until(lambda: len(store.ended) == 8)
    running.cancel()
    assert jobs.down_reason is None
    assert set(store.ended.values()) == {"described"}


@looped
async def test_windows_that_all_fail_for_reasons_of_their_own_are_the_models_fault_and_wait() -> None:
    async def nonsense(_: Window) -> None:
        raise DescribeError("gave no answer that fits")

    store = Store([window("a", n) for n in range(50)])
    describer = Scripted(nonsense)
    jobs = queue(store, describer, DescribeSettings(max_in_flight=1))
    await jobs.drain(5.0)
    assert jobs.down_reason == "gave no answer that fits"
    assert list(store.ended.values()) == ["model_failed"] * 9
    assert store.count_pending() == 41
    assert len(describer.asked) == 10
