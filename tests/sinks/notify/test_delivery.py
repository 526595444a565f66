"""Notifications to a real HTTP service by Apprise: none is lost, none is sent twice, none delays another."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from analyzer.signal.window import Keyframe
from base.backoff import Backoff
from livereel.ledger.ledger import Ledger
from sinks.notify.delivery import MAX_UNANSWERED, SEND_S, NotifyDelivery
from sinks.notify.notification import Notifications
from sinks.notify.service import AppriseService
from sinks.notify.settings import KEY_PREFIX, NotifySettings, named
from sinks.outbox_sink import OutboxSink
from sinks.sink import SinkError
from tests.kit.mqtt.sink_thread import looped, store, until
from tests.kit.program.live_run import LONG_S
from tests.kit.records.events import JPEG, moment_now, reel_in, watching
from tests.kit.web.webhook import Webhook, webhook


@pytest.fixture
def received() -> Iterator[Webhook]:
    with webhook() as it:
        yield it


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


@asynccontextmanager
async def notifying(
    ledger: Ledger,
    url: str,
    *,
    max_age: timedelta = timedelta(days=1),
    send_s: float = SEND_S,
    **options: Any,
) -> AsyncIterator[OutboxSink]:
    """A sink as the program wires it, with short pauses."""
    settings = NotifySettings(url, **{"min_interval_s": 0.0, **options})
    notifications = Notifications(settings, base=ledger.data, page_url=None)
    outbox = ledger.outboxes.open(settings.key, notifications.encode, max_bytes=10**7)
    name, service = settings.name(1), AppriseService(url)
    delivery = NotifyDelivery(settings, notifications, service, name=name, max_age=max_age, send_s=send_s)
    sink = OutboxSink(name, outbox, delivery, backoff=Backoff.doubling(0.05, 0.4))
    task = asyncio.create_task(sink.run())
    try:
        yield sink
    finally:
        await sink.close()
        await task


def alert(index: int, camera: str = "front", *, ago_s: float = 0.0) -> Moment:
    return replace(moment_now(index, camera, ago_s=ago_s), alerts=(f"rule {index}",))


async def publish(ledger: Ledger, sink: OutboxSink, *events: Moment | Reel) -> None:
    """Store events and pass them on, as a run does."""
    for event in events:
        await asyncio.to_thread(store, ledger, event)
        await sink.take(event)


@looped
async def test_an_alert_is_sent_with_its_picture(ledger: Ledger, received: Webhook) -> None:
    picture = ledger.data / "picture.jpg"
    picture.write_bytes(JPEG)
    made = alert(1)
    made = replace(made, window=replace(made.window, keyframes=(Keyframe(12.0, 900.0, picture),)))
    async with notifying(ledger, received.url) as sink:
        await sink.take(watching())
        await publish(ledger, sink, moment_now(0), made)
        await until(lambda: received.titles == ["front: rule 1"])
    (attached,) = received.bodies[0]["attachments"]
    assert (attached["filename"], attached["mimetype"]) == ("picture.jpg", "image/jpeg")


@looped
async def test_a_large_video_gives_way_to_the_poster(ledger: Ledger, received: Webhook) -> None:
    reel = reel_in(ledger.data, video=b"v" * 3000)
    (reel.folder / "poster.jpg").write_bytes(JPEG)
    async with notifying(ledger, received.url, when=("reel",), attach_max_bytes=1000) as sink:
        await publish(ledger, sink, reel)
        await until(lambda: received.titles)
    assert [it["filename"] for it in received.bodies[0]["attachments"]] == ["poster.jpg"]


@looped
async def test_a_service_that_fails_gets_everything_once_it_works_again(
    ledger: Ledger, received: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    received.status = 500
    async with notifying(ledger, received.url) as sink:
        await publish(ledger, sink, alert(1))
        await until(lambda: sink.counts["failed"] >= 2)
        await publish(ledger, sink, alert(2))
        received.status = 200
        await until(lambda: received.bodies)
    assert received.titles == ["2 alerts: front"]
    assert [line.partition(" ")[2] for line in received.bodies[0]["message"].splitlines()] == [
        "front: rule 1",
        "front: rule 2",
    ]
    lines = [it.getMessage() for it in caplog.records if it.name == "sinks.outbox_sink"]
    assert ": not sent, tried again: Failed to send JSON" in lines[0]
    assert "Internal server error" in lines[0]
    assert lines.count(lines[0]) == 1, "a reason is logged once"
    assert not any(secret in line for line in lines for secret in ("sesame", "secret-path"))


@looped
async def test_a_restart_sends_what_was_not_sent_and_nothing_twice(ledger: Ledger, received: Webhook) -> None:
    async with notifying(ledger, received.url) as sink:
        await publish(ledger, sink, alert(1))
        await until(lambda: sink.counts["sent"] == 1)
        received.status = 503
        await publish(ledger, sink, alert(2))
        await until(lambda: sink.counts["failed"])
    received.status = 200
    async with notifying(ledger, received.url) as sink:
        await publish(ledger, sink, alert(2))  # the same event again, as after a crash
        await until(lambda: len(received.bodies) == 2)
    async with notifying(ledger, received.url):
        pass
    assert received.titles == ["front: rule 1", "front: rule 2"]


@looped
async def test_a_service_that_does_not_answer_delays_no_other_and_no_end(ledger: Ledger) -> None:
    with webhook() as slow, webhook() as quick:
        slow.open.clear()
        async with notifying(ledger, slow.url) as one, notifying(ledger, quick.url) as other:
            await publish(ledger, one, alert(1))
            await other.take(alert(1))
            await until(lambda: quick.bodies and slow.asked)
            await publish(ledger, other, alert(2))
            await until(lambda: len(quick.bodies) == 2)
            assert slow.bodies == []


# Ends while a notification is on its way.
PROGRAM = """
import asyncio, sys
from functools import partial
from base.daemon_thread import run_in_daemon_thread
from sinks.notify.notification import Notification
from sinks.notify.service import AppriseService

async def main():
    sending = partial(AppriseService(sys.argv[1]).send, Notification("title", "body"), None)
    asked = asyncio.create_task(run_in_daemon_thread(sending))
    await asyncio.to_thread(sys.stdin.readline)
    asked.cancel()

asyncio.run(main())
"""


@looped
async def test_a_service_that_answers_without_end_does_not_hold_up_the_end(received: Webhook) -> None:
    """In a process of its own, as the interpreter waits at its end for threads that are no daemons."""
    received.endless = True
    received.open.clear()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, received.url, stdin=asyncio.subprocess.PIPE
    )
    await until(lambda: received.asked)
    await asyncio.wait_for(process.communicate(b"end\n"), LONG_S)
    assert process.returncode == 0


@looped
async def test_an_answer_that_does_not_come_is_a_failure(ledger: Ledger, received: Webhook) -> None:
    received.endless = True
    received.open.clear()
    async with notifying(ledger, received.url, send_s=0.2) as sink:
        await publish(ledger, sink, alert(1))
        await until(lambda: sink.counts["failed"] > MAX_UNANSWERED)
        assert received.asked == MAX_UNANSWERED  # no more threads than these
        received.endless = False
        received.open.set()
        await until(lambda: sink.counts["sent"])


@looped
async def test_what_happens_within_the_interval_is_sent_together(ledger: Ledger, received: Webhook) -> None:
    async with notifying(ledger, received.url, min_interval_s=1.0) as sink:
        await publish(ledger, sink, alert(1))
        await until(lambda: received.bodies)
        await publish(ledger, sink, alert(2), alert(3, "yard"))
        await until(lambda: len(received.bodies) == 2)
    assert received.titles == ["front: rule 1", "2 alerts: front, yard"]


@looped
async def test_what_is_too_old_is_dropped_and_counted(
    ledger: Ledger, received: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    async with notifying(ledger, received.url, max_age=timedelta(hours=1)) as sink:
        await publish(ledger, sink, alert(1, ago_s=7200), alert(2, ago_s=60))
        await until(lambda: received.bodies)
        assert sink.counts["too_old"] == 1
    assert received.titles == ["front: rule 2"]
    assert "1 message too old, not sent" in caplog.text


@looped
async def test_an_attachment_that_is_refused_does_not_keep_the_words_back(
    ledger: Ledger, received: Webhook
) -> None:
    picture = ledger.data / "picture.jpg"
    picture.write_bytes(JPEG)
    made = alert(1)
    made = replace(made, window=replace(made.window, keyframes=(Keyframe(12.0, 900.0, picture),)))
    received.status = 413
    async with notifying(ledger, received.url) as sink:
        await publish(ledger, sink, made)
        await until(lambda: sink.counts["failed"] >= 2)
        received.status = 200
        await until(lambda: received.bodies)
    assert not received.bodies[0]["attachments"]


def test_an_unknown_service_is_refused_without_its_secret() -> None:
    with pytest.raises(SinkError) as caught:
        AppriseService("nosuch://open-sesame/")
    assert str(caught.value) == (
        "notify: Apprise does not know the address nosuch://...: https://appriseit.com lists all"
    )


def test_a_service_that_was_removed_leaves_nothing_in_the_ledger(ledger: Ledger) -> None:
    kept, gone = NotifySettings("json://kept"), NotifySettings("json://gone")
    for settings in (kept, gone):
        notifications = Notifications(settings, base=ledger.data, page_url=None)
        ledger.outboxes.open(settings.key, notifications.encode, max_bytes=10**7)
    store(ledger, alert(1))
    ledger.outboxes.remove_others(KEY_PREFIX, [kept.key])
    reopened = {
        it: ledger.outboxes.open(it.key, lambda _: None, max_bytes=10**7).counts().waiting
        for it in (kept, gone)
    }
    assert reopened == {kept: 1, gone: 0}


def test_services_are_named_by_kind_and_place_without_their_secrets() -> None:
    services = [NotifySettings(url) for url in ("tgram://123456:token/42", "json://me:secret@host/hook")]
    assert [name for name, _ in named(services)] == ["notify-tgram-1", "notify-json-2"]
    assert len({each.key for each in services}) == 2
