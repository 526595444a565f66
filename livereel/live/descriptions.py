"""The descriptions of a live run: pending windows get their moments, and speech its text."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from analyzer.describe.describer import Describer
from analyzer.describe.moment import Moment
from analyzer.describe.queue import DescribeQueue
from analyzer.describe.settings import DescribeSettings
from analyzer.describe.window_store import WindowStoreError
from analyzer.signal.window import Window
from analyzer.transcribe.queue import TranscribeQueue
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.transcriber import Transcriber
from analyzer.transcribe.words import can_be_transcribed
from base.backoff import Backoff
from base.clock import parse_utc, utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError
from livereel.live.publisher import Publisher
from sinks.events import (
    DescriberState,
    DescriberStatus,
    LateText,
    TranscriberState,
    TranscriberStatus,
)

log = logging.getLogger(__name__)


class Descriptions:
    """Describes the ledger's pending windows and publishes their moments; run both ``*_forever`` as tasks.

    Attributes:
        queue: describes pending windows.
        transcribe_queue: gives waiting speech its text; None without a transcriber.
    """

    def __init__(
        self,
        ledger: Ledger,
        publisher: Publisher,
        describer: Describer,
        *,
        describe: DescribeSettings,
        transcriber: Transcriber | None,
        transcribe: TranscribeSettings,
        on_moment: Callable[[Moment], None],
        backoff: Backoff,
        retry_s: float,
    ) -> None:
        """Describe and transcribe windows of ``ledger``; the caller closes the models.

        Args:
            ledger: where windows and speech wait.
            publisher: gets moments, late texts and the states of both models.
            describer: describes windows.
            transcriber: turns speech into text; None leaves it without.
            describe, transcribe: the settings of both.
            on_moment: called with each moment, before it is published.
            backoff: pauses after failures of a model.
            retry_s: pause after a failure of the ledger.
        """
        self._ledger = ledger
        self._publisher = publisher
        self._on_moment = on_moment
        self._retry_s = retry_s
        self.transcribe_queue: TranscribeQueue | None = None
        if transcriber is not None:
            self.transcribe_queue = TranscribeQueue(
                transcriber,
                ledger.speech,
                transcribe,
                on_release=self.wake,
                on_late=self._late,
                backoff=backoff,
            )
        self.queue = DescribeQueue(
            describer,
            ledger.pending,
            describe,
            age_s=_age_s,
            held=self.transcribe_queue.held if self.transcribe_queue else tuple,
            backoff=backoff,
            on_moment=self._described,
            now_s=time.monotonic,
        )
        self._describer_reason: str | None = None
        self._transcriber_reason: str | None = None

    def add(self, window: Window) -> None:
        """Describe a window that has been stored, and transcribe its speech."""
        if self.transcribe_queue is not None and can_be_transcribed(window):
            self.transcribe_queue.add(window.id)
        self.wake()

    def wake(self) -> None:
        """Look for windows that can be described now."""
        self.queue.wake()

    async def describe_forever(self) -> None:
        """Describe pending windows; while the ledger fails, they wait."""
        while True:
            try:
                await self.queue.run()
            except WindowStoreError as error:
                log.warning("descriptions must wait: %s", error)
            await asyncio.sleep(self._retry_s)

    async def transcribe_forever(self) -> None:
        """Give waiting speech its text; while the ledger fails, it waits."""
        queue = self.transcribe_queue
        if queue is None:
            return
        await self._publisher.publish(TranscriberState(TranscriberStatus.ONLINE, None, _now()))
        while True:
            try:
                await queue.run()
            except WindowStoreError as error:
                log.warning("speech must wait: %s", error)
            await asyncio.sleep(self._retry_s)

    async def publish_states(self) -> None:
        """Publish whether describer and transcriber answer, where that has changed."""
        reason = self.queue.down_reason
        if reason != self._describer_reason:
            self._describer_reason = reason
            status = DescriberStatus.ONLINE if reason is None else DescriberStatus.OFFLINE
            await self._publisher.publish(DescriberState(status, reason, _now()))
        reason = self.transcribe_queue.down_reason if self.transcribe_queue else None
        if reason != self._transcriber_reason:
            self._transcriber_reason = reason
            state = TranscriberStatus.ONLINE if reason is None else TranscriberStatus.OFFLINE
            await self._publisher.publish(TranscriberState(state, reason, _now()))

    async def drain(self, max_s: float) -> None:
        """Describe and transcribe until nothing waits, a model is down or the time is over."""
        drains = [self.queue.drain(max_s)]
        if self.transcribe_queue is not None:
            drains.append(self.transcribe_queue.drain(max_s))
        await asyncio.gather(*drains)

    async def _described(self, moment: Moment) -> None:
        self._on_moment(moment)
        await self._publisher.publish(self._with_text(moment))

    def _with_text(self, moment: Moment) -> Moment:
        """Return a moment with the text that has come while it was described: as it was stored."""
        if not moment.window.speech:
            return moment
        with suppress(LedgerError):
            entry = self._ledger.windows.find(moment.window.id)
            return entry.moment or moment if entry else moment
        return moment

    async def _late(self, moment: Moment) -> None:
        await self._publisher.publish(LateText(moment))


def _age_s(window: Window) -> float:
    """Return how long ago the window ended, by the wall clock: it may be an earlier run's."""
    ended = parse_utc(window.start_utc) + timedelta(seconds=window.end_s - window.start_s)
    return (datetime.now(UTC) - ended).total_seconds()


def _now() -> str:
    return utc_text(datetime.now(UTC))
