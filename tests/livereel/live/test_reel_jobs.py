"""Reels by name, made from a real ledger: each at its time or later, and none of them silently skipped."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from analyzer.reel.records import Reel
from analyzer.signal.window import Outcome
from base.clock import parse_utc, utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from livereel.ledger.tables import moments, windows
from livereel.live.reel_jobs import ReelJobs, ReelPauses
from livereel.live.service import Intervals
from livereel.reels.settings import NamedReel
from sinks.archive import ArchiveError
from sinks.sink import Event
from tests.kit.program.live_run import LONG_S
from tests.kit.web.site import idle

QUICK = ReelPauses(close_s=0.0, describe_s=LONG_S, poll_s=0.05, retry_s=(0.1,) * 100)


class Received:
    """A sink that keeps the reels."""

    name = "received"

    def __init__(self) -> None:
        self.reels: list[Reel] = []
        self._came = asyncio.Event()

    async def take(self, event: Event) -> None:
        if isinstance(event, Reel):
            self.reels.append(event)
            self._came.set()

    def counters(self) -> dict[str, float]:
        return {"reels": len(self.reels)}

    async def close(self) -> None:
        pass

    async def until(self, condition: Callable[[list[Reel]], bool]) -> None:
        async with asyncio.timeout(LONG_S):
            while not condition(self.reels):
                self._came.clear()
                await self._came.wait()


@pytest.fixture
def data(watched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(watched, tmp_path / "data"))


@pytest.fixture
def ledger(data: Path) -> Iterator[Ledger]:
    with closing(Ledger(data)) as it:
        yield it


def jobs_of(ledger: Ledger, *reels: NamedReel) -> tuple[ReelJobs, Received]:
    live = idle(ledger, ["front"], reels, intervals=Intervals(reels=QUICK))
    received = Received()
    live.attach([received])
    return live.reels, received


def running(jobs: ReelJobs, work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Let jobs run until the work is done."""

    async def run() -> None:
        task = asyncio.create_task(jobs.run())
        try:
            await work()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(run())


def daily(at: datetime, name: str = "day", **options: object) -> NamedReel:
    """A reel of the second of the day that ``at`` lies in."""
    return NamedReel(name, at=f"{at:%H:%M:%S}", timezone="UTC", **options)  # type: ignore[arg-type]  # each of its own


def soon(seconds: float = 2.0) -> datetime:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)


def test_a_daily_reel_is_made_at_its_time_over_the_day_before_it(data: Path, ledger: Ledger) -> None:
    due = soon()
    jobs, received = jobs_of(ledger, daily(due, cameras=("front",), max_duration_s=5.0))
    running(jobs, lambda: received.until(bool))
    (made,) = received.reels
    assert (made.id, made.seq, made.end_utc) == ("day", 1, utc_text(due))
    assert made.folder == data / "reels" / "day" / "000001"
    assert made.duration_s <= 5.0 + 0.1
    assert (data / "reels" / "day" / "latest").resolve() == made.folder.resolve()
    assert [row["id"] for row in ledger.reels.since()] == ["day"]


def test_a_time_that_passed_while_nothing_ran_is_made_up_for_at_the_start_once(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    due = datetime.now(UTC).replace(microsecond=0)
    day, other = daily(due), NamedReel("other", every_s=3600.0)
    for _ in range(2):  # the second start finds it
        jobs, received = jobs_of(ledger, day, other)

        async def other_is_made(jobs: ReelJobs = jobs, received: Received = received) -> None:
            if not ledger.reels.seqs("day"):
                await received.until(bool)
            await jobs.make_named("other")

        running(jobs, other_is_made)
    assert ledger.reels.seqs("day") == [1]
    assert len(ledger.reels.seqs("other")) == 2
    assert next(reel["end_utc"] for reel in ledger.reels.since() if reel["id"] == "day") == utc_text(due)
    said = [line for line in caplog.messages if "is missing and is made now" in line]
    assert said == [f"reel day: the one of {due:%Y-%m-%d %H:%M:%S} UTC is missing and is made now"]


def test_a_time_before_the_ledger_was_begun_is_not_made_up_for(ledger: Ledger) -> None:
    begun = parse_utc(ledger.created_utc()) - timedelta(seconds=1)
    jobs, received = jobs_of(ledger, daily(begun), NamedReel("other", every_s=3600.0))

    async def other_is_made() -> None:
        await jobs.make_named("other")

    running(jobs, other_is_made)
    assert [reel.id for reel in received.reels] == ["other"]


def test_a_daily_reel_that_cannot_be_made_is_tried_again(
    data: Path, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "reels").mkdir(exist_ok=True)
    blocked = data / "reels" / "day"
    blocked.write_text("no folder")
    jobs, received = jobs_of(ledger, daily(soon(1.0)))

    async def unblocked() -> None:
        async with asyncio.timeout(LONG_S):
            while "tried again in 0.1 s" not in caplog.text:  # noqa: ASYNC110  # the log sets no event
                await asyncio.sleep(0.05)
        blocked.unlink()
        await received.until(bool)

    running(jobs, unblocked)
    assert ledger.reels.seqs("day") == [1]


def test_a_daily_reel_waits_for_the_words_of_its_last_windows(ledger: Ledger) -> None:
    described = [entry for entry in ledger.windows.entries("") if entry.moment]
    last = described[-1]
    assert last.moment is not None
    with ledger.database.writing() as connection:
        late = update(windows).where(windows.c.id == last.window.id)
        connection.execute(late.values(outcome=PENDING, moment=None))
        connection.execute(delete(moments).where(moments.c.window_id == last.window.id))
    due = soon()
    jobs, received = jobs_of(ledger, daily(due, min_chapters=9, max_chapters=9))

    async def described_at_last() -> None:
        await asyncio.sleep((due - datetime.now(UTC)).total_seconds() + 0.5)
        assert not received.reels
        ledger.windows.end(last.window.id, Outcome.DESCRIBED, last.moment)
        await received.until(bool)

    running(jobs, described_at_last)
    assert last.window.id in {chapter.moment.window.id for chapter in received.reels[0].chapters}


def test_reels_that_are_due_at_once_are_all_made_one_after_another(ledger: Ledger) -> None:
    due = soon()
    names = ("one", "two", "three")
    jobs, received = jobs_of(ledger, *(daily(due, name) for name in names))
    running(jobs, lambda: received.until(lambda reels: len(reels) == 3))
    assert {reel.id for reel in received.reels} == set(names)
    assert {reel.end_utc for reel in received.reels} == {utc_text(due)}
    assert jobs.passed == 0


def test_times_that_pass_while_another_reel_is_made_are_counted_and_logged_once(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    jobs, received = jobs_of(ledger, NamedReel("quick", every_s=0.02), NamedReel("slow", every_s=3600.0))

    async def both() -> None:
        await jobs.make_named("slow")
        await received.until(lambda reels: {reel.id for reel in reels} == {"quick", "slow"})

    running(jobs, both)
    assert jobs.passed > 0
    said = [line for line in caplog.messages if "comes late, and covers" in line]
    assert said
    assert said[0].startswith("reel quick: ")


def test_of_a_named_reel_as_many_are_kept_as_it_says(ledger: Ledger) -> None:
    for _ in range(4):  # what was shown in this run is not shown again
        jobs, _received = jobs_of(ledger, NamedReel("day", keep=2))
        asyncio.run(jobs.make_named("day"))
    assert ledger.reels.seqs("day") == [3, 4]


def test_a_reel_of_a_time_looks_as_the_named_one(ledger: Ledger) -> None:
    jobs, _ = jobs_of(ledger, NamedReel("short", max_duration_s=2.0, max_chapters=1, min_chapters=1))
    now = utc_text(datetime.now(UTC))

    async def both() -> list[dict[str, object] | None]:
        since = ledger.created_utc()
        return [await jobs.make_period(since, now, (), like) for like in (None, "short")]

    made = asyncio.run(both())
    assert made == [{"id": "requested", "seq": 1}, {"id": "requested", "seq": 2}]
    as_all, as_short = (ledger.reels.manifest("requested", seq) for seq in (1, 2))
    assert as_all is not None
    assert as_short is not None
    assert len(as_all["chapters"]) > len(as_short["chapters"]) == 1


def test_why_a_reel_on_demand_cannot_be_made_names_no_place_on_this_machine(
    data: Path, ledger: Ledger
) -> None:
    for clip in (data / "clips").rglob("*.mp4"):
        clip.write_bytes(b"no video")
    jobs, _ = jobs_of(ledger, NamedReel("day"))
    with pytest.raises(ArchiveError, match=r"^the reel cannot be made: .*clips/front/\S+\.mp4") as caught:
        asyncio.run(jobs.make_named("day"))
    assert str(data) not in str(caught.value)
