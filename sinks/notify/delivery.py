"""``NotifyDelivery``: sends what waits for one service, together where it may not be sent at once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile
from pathlib import Path

from base.clock import parse_utc
from base.daemon_thread import run_in_daemon_thread
from base.plural import counted
from base.tasks import cancel_all
from sinks.notify.notification import Notification, Notifications
from sinks.notify.pace import Pace, QuietHours
from sinks.notify.service import AppriseService, NotifyError
from sinks.notify.settings import NotifySettings
from sinks.outbox import StoredMessage
from sinks.outbox_sink import Delivered

log = logging.getLogger(__name__)

# Messages that are sent as one notification.
MAX_TOGETHER = 200
# What could not be sent for so long says nothing any more.
MAX_AGE = timedelta(days=2)
# A service that refuses the attachment, rather than the message, is found after so many attempts.
ATTEMPTS_WITH_ATTACHMENT = 2
# So long an answer is waited for, and so many that have not come by then are left waiting in their threads.
SEND_S = 60.0
MAX_UNANSWERED = 4


class NotifyDelivery:
    """A Delivery to one service; counts notifications ``sent`` and messages ``too_old``."""

    counters = ("sent", "too_old")

    def __init__(
        self,
        settings: NotifySettings,
        notifications: Notifications,
        service: AppriseService,
        *,
        name: str,
        limit: int = MAX_TOGETHER,
        max_age: timedelta = MAX_AGE,
        send_s: float = SEND_S,
    ) -> None:
        """Send to ``service`` what ``notifications`` has encoded, as the settings allow.

        Args:
            settings: when to send, and what to attach.
            notifications: joins messages.
            service: the peer.
            name: the sink's, for the log.
            limit: so many messages become one notification at most.
            max_age: older messages are dropped and counted.
            send_s: no answer within this time is a failure.
        """
        self.limit = limit
        self._settings = settings
        self._notifications = notifications
        self._service = service
        self._name = name
        self._max_age = max_age
        self._send_s = send_s
        hours = settings.quiet_hours
        self._pace = Pace(settings.min_interval_s, QuietHours.parse(hours) if hours else None)
        self._unanswered: set[asyncio.Task[None]] = set()

    async def deliver(self, messages: Sequence[StoredMessage], failures: int) -> Delivered:
        """Send all of these messages as one notification; those that are too old are only counted.

        Raises NotifyError.
        """
        now = datetime.now(UTC)
        old = list(takewhile(lambda message: now - _time_of(message) > self._max_age, messages))
        if old:
            log.warning("%s: %s too old, not sent", self._name, counted(len(old), "message"))
            return Delivered(len(old), {"too_old": len(old)}, reached=False)
        if wait_s := self._pace.wait_s(now):
            return Delivered(reached=False, wait_s=wait_s)
        notification = self._notifications.join([message.payload for message in messages], now)
        await self._send(notification, attach=failures < ATTEMPTS_WITH_ATTACHMENT)
        self._pace.sent()
        return Delivered(len(messages), {"sent": 1})

    async def _send(self, notification: Notification, *, attach: bool) -> None:
        """Send in a thread that does not hold up the end of the program; raises NotifyError."""
        if len(self._unanswered) >= MAX_UNANSWERED:
            raise NotifyError(f"{MAX_UNANSWERED} earlier notifications have not been answered")
        attachment = next(filter(self._fits, notification.attachments), None) if attach else None
        send = partial(self._service.send, notification, attachment)
        sending = asyncio.create_task(run_in_daemon_thread(send))
        self._unanswered.add(sending)
        sending.add_done_callback(self._answered)
        try:
            await asyncio.wait({sending}, timeout=self._send_s)
        except asyncio.CancelledError:
            await cancel_all(self._unanswered)
            raise
        if not sending.done():
            raise NotifyError(f"no answer within {self._send_s:g} s")
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
