"""Many cameras in one run: descriptions, reels and states, and how the run ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.describe.describer import Describer
from analyzer.describe.moment import Moment
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.settings import DescribeSettings
from analyzer.reel.records import Reel
from analyzer.signal.window import Outcome, Window
from base.backoff import Backoff
from base.clock import utc_text
from livereel.app import build
from livereel.camera.settings import CameraSettings
from livereel.camera.worker import CameraJob
from livereel.config.describers import make_language_models
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from livereel.live.service import Intervals, Live
from livereel.storage.retention import Retention
from livereel.storage.settings import RetentionSettings
from sinks.events import DescriberState, KeyframePreview, LateText, MotionChanged, Restored, Stats
from sinks.outbox import Outbox, OutboxMessage
from sinks.sink import Event
from tests.kit.films.footage import Look, write_file
from tests.kit.films.scene import scene
from tests.kit.models.chat_server import ChatServer
from tests.kit.models.fault_proxy import Fault, Proxy
from tests.kit.models.model_server import Answer, ModelServer, always, refusal
from tests.kit.mqtt.sink_thread import until
from tests.kit.program.live_run import QUICK, WINDOWS, few_chapters
from tests.kit.program.received import Received
from tests.kit.records.waiting import pending_in
from tests.kit.records.windows import measured

LONG_S = 180.0
LOOK = Look(width_px=320, height_px=240, round_s=2, moving_s=1.5)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds."""
    return write_file(tmp_path_factory.mktemp("film") / "film.mp4", LOOK)


class Slow(BuiltinDescriber):
    """Takes longer than any test would wait."""

    async def describe(self, window: Window) -> Moment:
        await asyncio.sleep(600)
        return await super().describe(window)


@asynccontextmanager
async def live(
    data: Path,
    cameras: dict[str, CameraJob],
    describer: Describer | None = None,
    *,
    intervals: Intervals | None = None,
    retention: Callable[[Ledger], Retention] | None = None,
) -> AsyncIterator[tuple[Live, Ledger, Received]]:
    """A run of these cameras that is yet to begin."""
    options = few_chapters()
    words = make_language_models(options.config, ())
    if describer is not None:
        words = replace(words, describer=describer)
    with closing(Ledger(data)) as ledger:
        it = build(
            list(cameras.values()),
            ledger,
            words,
            options,
            restarts=QUICK,
            intervals=intervals,
            retention=retention(ledger) if retention else None,
        )
        received = Received()
        it.attach([received])
        async with asyncio.timeout(LONG_S):
            yield it, ledger, received


def camera(source: Path, data: Path, *, loop: bool = False) -> dict[str, CameraJob]:
    return {"front": CameraJob(CameraSettings("front", str(source), loop=loop), WINDOWS, data)}


def test_all_is_published_movement_before_its_window_ends_and_the_run_ends_with_its_sources(
    film: Path, tmp_path: Path
) -> None:
    async def run() -> None:
        async with live(tmp_path, camera(film, tmp_path)) as (it, ledger, received):
            await it.run(asyncio.Event())
            outcomes = [entry.outcome for entry in ledger.windows.entries("")]
            assert len(outcomes) == LOOK.round_s
            assert "described" in outcomes
            assert PENDING not in outcomes
            assert received.states("front") == [("watching", None), ("ended", None)]
            assert len(received.of(Window)) == len(outcomes)
            assert len(received.of(Moment)) == outcomes.count(Outcome.DESCRIBED)
            assert len(received.of(Reel)) == len(ledger.reels.since()) == 1
            first_window = received.events.index(received.of(Window)[0])
            assert received.events.index(received.of(MotionChanged)[0]) < first_window
            keyframe_preview, windows = received.of(KeyframePreview)[0], received.of(Window)
            # It may settle just after the end of its window, which lasts a second here.
            assert keyframe_preview.window_id == windows[0].id
            assert received.events.index(keyframe_preview) < received.events.index(windows[1])

    asyncio.run(run())


def test_a_reel_of_one_chapter_is_logged_as_such(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    film = scene(tmp_path / "film.mp4", seconds=WINDOWS.window_s, fps=25, events=[(0.2, WINDOWS.window_s)])

    async def run() -> None:
        async with live(tmp_path, camera(film, tmp_path)) as (it, _, __):
            await it.run(asyncio.Event())

    with caplog.at_level("INFO"):
        asyncio.run(run())
    (said,) = [
        record.getMessage() for record in caplog.records if record.getMessage().startswith("reel front")
    ]
    assert ", 1 chapter: " in said


def test_a_run_ends_after_its_time_with_open_windows_kept(film: Path, tmp_path: Path) -> None:
    async def length_s(seconds: float) -> float:
        async with live(tmp_path, camera(film, tmp_path, loop=True)) as (it, ledger, _):
            await it.run(asyncio.Event(), seconds)
            assert it.cameras["front"].pid is None
            return sum(now.window.end_s - now.window.start_s for now in ledger.windows.entries("")[-1:])

    # A slow machine may need longer to see anything.
    assert 0 < next(filter(None, (asyncio.run(length_s(s)) for s in (2.0, 20.0, 60.0)))) <= WINDOWS.window_s


def test_windows_that_an_earlier_run_left_are_described(film: Path, tmp_path: Path) -> None:
    just_now = utc_text(datetime.now(UTC) - timedelta(minutes=1))
    window = measured(0, [(2.0, 900.0)], camera="garden", start_utc=just_now)
    left = replace(window, id="garden-left")

    async def run() -> None:
        async with live(tmp_path, camera(film, tmp_path)) as (it, ledger, _):
            ledger.windows.add(left, PENDING)
            await it.run(asyncio.Event())
            entry = next(e for e in ledger.windows.entries("") if e.window.id == left.id)
            assert entry.outcome == "described"

    asyncio.run(run())


def test_stopping_does_not_wait_for_descriptions_which_go_on_in_the_next_run(
    film: Path, tmp_path: Path
) -> None:
    async def stopped() -> None:
        async with live(tmp_path, camera(film, tmp_path, loop=True), Slow()) as (it, ledger, _):
            stop = asyncio.Event()
            running = asyncio.create_task(it.run(stop))
            await until(ledger.pending.count_pending)
            stop.set()
            await running
            assert ledger.pending.count_pending()

    async def again() -> None:
        async with live(tmp_path, camera(film, tmp_path)) as (it, ledger, _):
            await it.run(asyncio.Event())
            assert not ledger.pending.count_pending()

    asyncio.run(stopped())
    asyncio.run(again())


# One fault of each kind that the queue distinguishes; the contract of Describer maps the others to these.
@pytest.mark.parametrize("fault", ["never", "busy_429", "garbled"])
def test_cameras_do_not_wait_for_a_model_that_fails_and_no_window_is_lost(
    fault: Fault, film: Path, tmp_path: Path
) -> None:
    async def run() -> None:
        async with (
            ChatServer().serving() as server,
            Proxy(server.url, fault, late_s=LONG_S).serving() as proxy,
        ):
            await seen_without_descriptions(proxy)
            proxy.fault = "none"
            async with live(tmp_path, camera(film, tmp_path), asking(proxy)) as (it, ledger, _):
                waited = pending_in(ledger)
                await it.run(asyncio.Event())
                outcomes = {entry.window.id: entry.outcome for entry in ledger.windows.entries("")}
                assert [outcomes[window.id] for window in waited] == ["described"] * len(waited)
                assert PENDING not in outcomes.values()

    async def seen_without_descriptions(proxy: Proxy) -> None:
        """The whole film is seen, and its windows are in the ledger, while no answer has come."""
        async with live(tmp_path, camera(film, tmp_path), asking(proxy)) as (it, ledger, received):
            stop = asyncio.Event()
            running = asyncio.create_task(it.run(stop))
            await until(lambda: ("ended", None) in received.states("front") and proxy.questions)
            assert len(ledger.windows.entries("")) == LOOK.round_s
            assert ledger.pending.count_pending()
            assert not received.of(Moment)
            stop.set()
            await running

    asyncio.run(run())


def asking(proxy: Proxy) -> OpenAiDescriber:
    return OpenAiDescriber(DescribeSettings(base_url=proxy.url, model="qwen", timeout_s=5.0))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal("Incorrect API key provided", 401), "answers 401: Incorrect API key provided"),
        (Answer({"choices": [{}]}), "answers with something else than a completion"),
    ],
)
def test_refused_in_mid_run_windows_wait_with_a_reason_and_go_on_when_it_is_resolved(
    answer: Answer, reason: str, film: Path, tmp_path: Path
) -> None:
    server = ModelServer()

    async def run() -> None:
        async with server.serving():
            describer = OpenAiDescriber(DescribeSettings(base_url=server.url, model="m", timeout_s=5.0))
            quick = Intervals(model_backoff=Backoff((0.1,)))
            cameras = camera(film, tmp_path, loop=True)
            async with live(tmp_path, cameras, describer, intervals=quick) as (it, ledger, received):
                stop = asyncio.Event()
                running = asyncio.create_task(it.run(stop))
                await until(lambda: received.of(Moment))
                server.rules = (always(answer),)
                await until(lambda: states(received))
                assert "model_failed" not in outcomes(ledger)
                server.rules = ()
                await until(lambda: len(states(received)) > 1)
                waited = [window.id for window in pending_in(ledger)]
                await until(lambda: not {window.id for window in pending_in(ledger)} & set(waited))
                assert "model_failed" not in outcomes(ledger)
                stop.set()
                await running
            await describer.close()
            (offline, why), online = states(received)
            assert (offline, online) == ("offline", ("online", None))
            assert reason in (why or "")

    def states(received: Received) -> list[tuple[str, str | None]]:
        return [(it.state, it.reason) for it in received.of(DescriberState)]

    def outcomes(ledger: Ledger) -> list[str]:
        return [entry.outcome for entry in ledger.windows.entries("")]

    asyncio.run(run())


def test_stopping_while_the_last_descriptions_are_waited_for_ends_that_too(
    film: Path, tmp_path: Path
) -> None:
    async def run() -> None:
        async with live(tmp_path, camera(film, tmp_path), Slow()) as (it, _, received):
            stop = asyncio.Event()
            running = asyncio.create_task(it.run(stop))
            await until(lambda: ("ended", None) in received.states("front"))
            stop.set()
            await running

    asyncio.run(run())


def test_a_window_without_room_has_it_made_soon(film: Path, tmp_path: Path) -> None:
    watched = replace(camera(film, tmp_path, loop=True)["front"], min_free_bytes=10**18)
    sweeps: list[datetime] = []

    class Noted(Retention):
        def sweep(self, now: datetime) -> None:
            sweeps.append(now)

    def noted(ledger: Ledger) -> Noted:
        return Noted(tmp_path, ledger, RetentionSettings())

    async def run() -> None:
        rare = Intervals(sweep_s=3600.0)
        async with live(tmp_path, {"front": watched}, intervals=rare, retention=noted) as (it, ledger, _):
            stop = asyncio.Event()
            running = asyncio.create_task(it.run(stop))
            await until(lambda: len(sweeps) >= 3)
            stop.set()
            await running
            assert "disk_full" in {entry.outcome for entry in ledger.windows.entries("")}

    asyncio.run(run())


def test_counters_are_published_repeatedly(film: Path, tmp_path: Path) -> None:
    often = Intervals(stats_s=0.3)

    async def run() -> None:
        async with live(tmp_path, camera(film, tmp_path, loop=True), intervals=often) as (it, _, received):
            stop = asyncio.Event()
            running = asyncio.create_task(it.run(stop))
            await until(lambda: any(rate(event) and words(event) for event in received.of(Stats)))
            stop.set()
            await running
            assert len(received.of(Stats)) > 1

    def rate(event: Event) -> float:
        return event.cameras["front"]["fps"] if isinstance(event, Stats) else 0.0

    def words(event: Event) -> float:
        return event.counters["words_described"] if isinstance(event, Stats) else 0.0

    asyncio.run(run())


def stored(event: Moment | Reel | LateText) -> OutboxMessage:
    assert not isinstance(event, LateText)
    key = event.window.id if isinstance(event, Moment) else f"{event.id}/{event.seq}"
    return OutboxMessage(type(event).__name__, key, {"key": key})


def waiting(outbox: Outbox, topic: type[Moment | Reel]) -> list[str]:
    """The keys of what waits to be delivered."""
    messages = outbox.messages_after(0, 1000)
    return [json.loads(it.payload)["key"] for it in messages if it.topic == topic.__name__]


def test_each_moment_and_each_reel_of_a_run_is_in_the_outbox_when_it_is_stopped(
    film: Path, tmp_path: Path
) -> None:
    async def run() -> None:
        async with live(tmp_path, camera(film, tmp_path, loop=True)) as (it, ledger, received):
            outbox = ledger.outboxes.open("test", stored, max_bytes=10**9)
            stop = asyncio.Event()
            running = asyncio.create_task(it.run(stop))
            await until(lambda: received.of(Moment))
            await it.make_reel("front")
            await until(lambda: received.of(Reel))
            stop.set()
            await running
            described = {entry.window.id for entry in ledger.windows.entries("") if entry.moment}
            assert set(waiting(outbox, Moment)) == described
            assert waiting(outbox, Reel) == [f"front/{reel['seq']}" for reel in ledger.reels.since()]

    asyncio.run(run())


def test_the_last_moments_and_reels_of_a_run_are_restored_by_the_next(film: Path, tmp_path: Path) -> None:
    async def run() -> Received:
        async with live(tmp_path, camera(film, tmp_path)) as (it, _, received):
            await it.run(asyncio.Event())
            return received

    first, second = asyncio.run(run()), asyncio.run(run())
    assert first.of(Restored) == []
    last = [first.of(Moment)[-1], first.of(Reel)[-1]]
    assert [event.event for event in second.of(Restored) if isinstance(event, Restored)] == last
