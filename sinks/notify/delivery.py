"""``NotifySink``: sends what waits in its outbox to one service."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile
from pathlib import Path

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from base.clock import parse_utc
from base.daemon_thread import run_in_daemon_thread
from base.plural import counted
from sinks.notify.notification import Notification, Notifications
from sinks.notify.pace import Pace
from sinks.notify.quiet_hours import QuietHours
from sinks.notify.service import AppriseService, NotifyError
from sinks.notify.settings import NotifySettings
from sinks.outbox import Outbox, StoredMessage
from sinks.sink import Event, SinkError

log = logging.getLogger(__name__)

# What the outbox holds of one service; beyond it the oldest are dropped and counted.
OUTBOX_MAX_BYTES = 10_000_000
# Messages that are sent as one notification.
MAX_TOGETHER = 200
# What could not be sent for so long says nothing any more.
MAX_AGE = timedelta(days=2)
# A service that refuses the attachment, rather than the message, is found after so many tries.
TRIES_WITH_ATTACHMENT = 2
# The wall clock, of which quiet hours are, is looked at so often: it may be set.
CHECK_S = 30.0
# So long an answer is waited for, and so many that have not come by then are left waiting in their threads.
SEND_S = 60.0
MAX_UNANSWERED = 4
# A run that ends waits so long for a notification that is on its way.
CLOSE_S = 2.0


class NotifySink:
    """A Sink for one service; run ``run`` as a task.

    A message stays in the outbox until the service has accepted it, and is then removed at once: a restart
    repeats a notification only where the process died between the two.

    Attributes:
        name: the service's name, which does not show its address.
        counts: notifications ``sent`` and ``failed``, messages ``too_old``.
    """

    def __init__(
        self,
        settings: NotifySettings,
        outbox: Outbox,
        notifications: Notifications,
        service: AppriseService,
        *,
        name: str,
        pace: Pace | None = None,
        max_age: timedelta = MAX_AGE,
        send_s: float = SEND_S,
    ) -> None:
        """Send what ``outbox`` holds; ``pace`` in place of the one that the settings ask for.

        An answer that has not come after ``send_s`` counts as a failure.
        """
        self.name = name
        self._settings = settings
        self._outbox = outbox
        self._notifications = notifications
        self._service = service
        self._max_age = max_age
        self._send_s = send_s
        self._unanswered: set[asyncio.Task[None]] = set()
        hours = settings.quiet_hours
        self._pace = pace or Pace(settings.min_interval_s, QuietHours.parse(hours) if hours else None)
        self._done_until = 0
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self.counts: Counter[str] = Counter()

    def counters(self) -> dict[str, float]:
        """Return counters since the start, and what waits; ``dropped`` since the outbox was made."""
        waiting = self._outbox.counts()
        done = {name: float(self.counts[name]) for name in ("sent", "failed", "too_old")}
        return {**done, "waiting": waiting.waiting, "dropped": waiting.dropped}

    async def take(self, event: Event) -> None:
        """Send what the outbox holds, now that something may have been added."""
        if isinstance(event, Moment | Reel):
            self._changed.set()

    async def close(self) -> None:
        """End ``run``, which is given CLOSE_S for a notification that is on its way. Safe to call twice."""
        self._closing.set()
        self._changed.set()

    async def run(self) -> None:
        """Send until ``close``; failures are tried again, with growing pauses."""
        while True:
            is_last = self._closing.is_set()
            self._changed.clear()
            wait_s = await self._send_waiting()
            if is_last:
                break
            if wait_s is None:
                await self._changed.wait()
            elif wait_s:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), min(wait_s, CHECK_S))
        with suppress(SinkError):
            if waiting := (await asyncio.to_thread(self._outbox.counts)).waiting:
                log.warning(
                    "%s: %s not sent yet, kept for the next start",
                    self.name,
                    counted(waiting, "message"),
                )

    async def _send_waiting(self) -> float | None:
        """Send one notification if one is due; return the seconds until the next may be, None for no end."""
        now = datetime.now(UTC)
        try:
            messages = await asyncio.to_thread(self._outbox.messages_after, self._done_until, MAX_TOGETHER)
            messages = await self._drop_old(messages, now)
            if not messages:
                return None
            if wait_s := self._pace.wait_s(now):
                return wait_s
            payloads = [message.payload for message in messages]
            await self._send(self._notifications.join(payloads, now))
        except SinkError as error:
            pause_s = self._pace.failed()
            self.counts["failed"] += 1
            log.warning("%s: not sent, again in %g s: %s", self.name, pause_s, error)
            return 0.0
        self.counts["sent"] += 1
        self._pace.sent()
        try:
            await self._mark_done(messages[-1])
        except SinkError as error:
            log.warning("%s: sent, but may be sent again after a restart: %s", self.name, error)
        return 0.0

    async def _drop_old(self, messages: list[StoredMessage], now: datetime) -> list[StoredMessage]:
        """Remove messages that are too old to be sent; returns the others."""
        old = list(takewhile(lambda message: now - _time_of(message) > self._max_age, messages))
        if old:
            self.counts["too_old"] += len(old)
            log.warning("%s: %s too old, not sent", self.name, counted(len(old), "message"))
            await self._mark_done(old[-1])
        return messages[len(old) :]

    async def _mark_done(self, message: StoredMessage) -> None:
        self._done_until = message.number
        await asyncio.to_thread(self._outbox.mark_done, message.number)

    async def _send(self, notification: Notification) -> None:
        """Send in a thread that does not hold up the end of the program; raises NotifyError."""
        attachment = None
        if self._pace.failures < TRIES_WITH_ATTACHMENT:
            attachment = next(filter(self._fits, notification.attachments), None)
        if len(self._unanswered) >= MAX_UNANSWERED:
            raise NotifyError(f"{MAX_UNANSWERED} earlier notifications have not been answered")
        sending = asyncio.create_task(
            run_in_daemon_thread(partial(self._service.send, notification, attachment))
        )
        self._unanswered.add(sending)
        sending.add_done_callback(self._answered)
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({sending, closing}, timeout=self._send_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
        if not sending.done() and self._closing.is_set():
            await asyncio.wait({sending}, timeout=CLOSE_S)
        if not sending.done():
            when = "by the end of the run" if self._closing.is_set() else f"within {self._send_s:g} s"
            raise NotifyError(f"no answer {when}")
        sending.result()

    def _answered(self, sending: asyncio.Task[None]) -> None:
        self._unanswered.discard(sending)
        if not sending.cancelled():
            sending.exception()  # of one that was given up it says nothing new

    def _fits(self, file: Path) -> bool:
        try:
            return file.stat().st_size <= self._settings.attach_max_bytes
        except OSError:  # removed by retention
            return False


def _time_of(message: StoredMessage) -> datetime:
    return parse_utc(json.loads(message.payload)["at_utc"])
