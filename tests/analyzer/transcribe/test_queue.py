"""The queue of speech over a real ledger and real clips: who waits for what, and what is late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.moment import Moment
from analyzer.signal.sound.record import Speech
from analyzer.signal.window import Clip, Outcome
from analyzer.transcribe.queue import TranscribeQueue
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.speech_audio import RATE_HZ, SpeechAudio
from analyzer.transcribe.transcriber import TranscriberProbe
from base.backoff import Backoff
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from tests.kit.records.moments import heard, moment
from tests.kit.sound import made
from tests.kit.sound.film import film_with_sound

LONG_S = 60.0


class Scripted:
    """Answers with what a function says, and keeps what it was asked about."""

    model = "scripted"

    def __init__(self, answer: Callable[[int], Awaitable[str]]) -> None:
        self._answer = answer
        self.asked: list[SpeechAudio] = []

    async def transcribe(self, speech: SpeechAudio) -> tuple[str, ...]:
        self.asked.append(speech)
        return (await self._answer(len(self.asked)),) * len(speech.spans)

    async def probe(self) -> TranscriberProbe:
        return TranscriberProbe(self.model, timed=True, answer_s=0.0)

    async def close(self) -> None:
        """Hold nothing."""


class Run:
    """A queue over a ledger, with what it has released and what was late."""

    def __init__(
        self, ledger: Ledger, transcriber: Scripted, clip: Path, settings: TranscribeSettings
    ) -> None:
        self.ledger = ledger
        self.clip = clip
        self.releases = 0
        self.late: list[Moment] = []
        self.queue = TranscribeQueue(
            transcriber,
            ledger.speech,
            settings,
            on_release=self._released,
            on_late=self._late,
            backoff=Backoff((0.05, 0.1)),
        )

    def _released(self) -> None:
        self.releases += 1

    async def _late(self, moment: Moment) -> None:
        self.late.append(moment)

    def add(self, index: int) -> Moment:
        """Add a window with speech to ledger and queue; returns its description."""
        it = heard(moment(index), Speech(10.0 * index + 2.0, 10.0 * index + 3.0))
        window = replace(it.window, clip=Clip(self.clip, 10.0 * index))
        self.ledger.windows.add(window, PENDING, to_transcribe=True)
        self.queue.add(window.id)
        return replace(it, window=window)

    def text(self, it: Moment) -> str:
        entry = self.ledger.windows.find(it.window.id)
        assert entry is not None
        return entry.window.speech[0].text


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten seconds, of which the third is loud."""
    sound = np.zeros(10 * RATE_HZ, np.float32)
    sound[2 * RATE_HZ : 3 * RATE_HZ] = made.talk(1.0, -20.0)
    return film_with_sound(tmp_path / "clip.mp4", sound)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_S):
        while not condition():  # noqa: ASYNC110  # what is waited for sets no event
            await asyncio.sleep(0.01)


async def said(n: int) -> str:
    return f"text {n}"


def test_the_speech_of_the_clip_is_sent_and_its_text_stored_in_time(ledger: Ledger, clip: Path) -> None:
    async def run() -> None:
        transcriber = Scripted(said)
        it = Run(ledger, transcriber, clip, TranscribeSettings(wait_s=LONG_S))
        first = it.add(1)
        assert list(it.queue.held()) == [first.window.id]
        await it.queue.drain(LONG_S)
        assert it.text(first) == "text 1"
        assert not it.queue.held()
        assert (it.releases, it.late, it.queue.counts.transcribed) == (1, [], 1)
        (speech,) = transcriber.asked
        (span,) = speech.spans
        assert span == pytest.approx((0.3, 1.3), abs=1e-6)
        inside = speech.samples[round(0.35 * RATE_HZ) : round(1.25 * RATE_HZ)]
        outside = speech.samples[: round(0.2 * RATE_HZ)]
        assert np.sqrt(np.mean(inside**2)) > 20 * np.sqrt(np.mean(outside**2))

    asyncio.run(run())


def test_a_slow_transcriber_holds_no_window_longer_and_its_text_is_late(ledger: Ledger, clip: Path) -> None:
    async def run() -> None:
        answered = asyncio.Event()

        async def slow(n: int) -> str:
            await answered.wait()
            return f"text {n}"

        it = Run(ledger, Scripted(slow), clip, TranscribeSettings(wait_s=0.05))
        running = asyncio.create_task(it.queue.run())
        first = it.add(0)
        await until(lambda: not it.queue.held())
        assert it.releases == 1
        ledger.windows.end(first.window.id, Outcome.DESCRIBED, first)
        answered.set()
        await until(lambda: bool(it.late))
        assert it.text(first) == "text 1"
        assert it.late[0].window.speech[0].text == "text 1"
        assert it.late[0].window.sound is not None
        assert it.late[0].window.sound.transcript is not None
        assert it.late[0].window.sound.transcript.late
        assert (it.queue.counts.transcribed, it.queue.counts.late) == (1, 1)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(run())


def test_a_transcriber_that_refuses_releases_all_and_speech_waits_until_it_answers(
    ledger: Ledger, clip: Path
) -> None:
    async def run() -> None:
        key_is_right = False

        async def refuses(n: int) -> str:
            if not key_is_right:
                raise RefusedError("server answers 401: wrong key")
            return f"text {n}"

        it = Run(ledger, Scripted(refuses), clip, TranscribeSettings(wait_s=LONG_S, max_in_flight=1))
        running = asyncio.create_task(it.queue.run())
        added = [it.add(0), it.add(1)]
        await until(lambda: it.queue.down_reason is not None)
        assert it.queue.down_reason == "server answers 401: wrong key"
        assert not it.queue.held()
        added.append(it.add(2))
        assert not it.queue.held()
        key_is_right = True
        await until(lambda: ledger.speech.count_speech() == 0)
        assert it.queue.down_reason is None
        assert all(it.text(each).startswith("text ") for each in added)
        assert it.queue.counts.failed == 0
        assert it.queue.counts.retried > 0
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(run())


def test_a_window_that_alone_fails_stays_without_text(ledger: Ledger, clip: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async def fails_once(n: int) -> str:
            if n == 1:
                raise DescribeError("this sound cannot be read")
            return f"text {n}"

        it = Run(ledger, Scripted(fails_once), clip, TranscribeSettings(max_in_flight=1))
        second, first = it.add(0), it.add(1)  # the newest comes first
        gone = Run(ledger, Scripted(said), tmp_path / "gone.mp4", TranscribeSettings()).add(2)
        await it.queue.drain(LONG_S)
        assert [it.text(each) for each in (first, second, gone)] == ["", "text 2", ""]
        assert (it.queue.counts.failed, it.queue.counts.transcribed) == (2, 1)
        assert ledger.speech.count_speech() == 0

    asyncio.run(run())


def test_beyond_the_permitted_number_the_oldest_is_left_and_counted(ledger: Ledger, clip: Path) -> None:
    async def run() -> None:
        it = Run(ledger, Scripted(said), clip, TranscribeSettings(max_waiting=2, max_in_flight=1))
        added = [it.add(index) for index in range(4)]
        await it.queue.drain(LONG_S)
        assert [it.text(each) for each in added] == ["", "", "text 2", "text 1"]
        assert it.queue.counts.dropped == 2

    asyncio.run(run())
