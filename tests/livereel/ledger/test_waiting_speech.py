"""Speech that waits in the ledger for its text: what is next, and what becomes of text that comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.describe.moment import Moment
from analyzer.describe.window_store import WindowStoreError
from analyzer.reel.records import Reel
from analyzer.signal.sound.record import Speech, Transcript
from analyzer.signal.window import Outcome
from analyzer.transcribe.speech_store import SpeechStore
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from sinks.archive import MomentQuery
from sinks.events import LateText
from sinks.outbox import OutboxMessage
from tests.kit.records.moments import heard, moment

BY = Transcript("recogniser", 0.5)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def added(ledger: Ledger, index: int) -> Moment:
    """Add a window with two parts of speech, which waits; returns its description, not stored yet."""
    start_s = 10.0 * index
    made = heard(moment(index), Speech(start_s + 1, start_s + 2), Speech(start_s + 4, start_s + 5))
    ledger.windows.add(made.window, PENDING, to_transcribe=True)
    return made


def texts(ledger: Ledger, made: Moment) -> list[str]:
    """The text of a window's speech, as stored."""
    entry = ledger.windows.find(made.window.id)
    assert entry is not None
    return [part.text for part in entry.window.speech]


def test_the_newest_speech_is_next_except_that_in_work(ledger: Ledger) -> None:
    store: SpeechStore = ledger.speech
    ids = [added(ledger, index).window.id for index in (1, 0, 2)]
    assert store.newest_speech(2, []) == [ids[2], ids[0]]
    assert store.newest_speech(5, [ids[2]]) == [ids[0], ids[1]]
    assert store.count_speech() == 3
    store.leave_without_text(ids[0])
    assert store.drop_oldest_speech(5, [ids[2]]) == 1
    assert store.newest_speech(5, []) == [ids[2]]
    window = store.window(ids[1])
    assert window is not None
    assert window.id == ids[1]
    assert store.window("none") is None


def test_text_that_comes_in_time_is_described_indexed_and_published_with_the_moment(ledger: Ledger) -> None:
    events: list[Moment | Reel | LateText] = []

    def encode(event: Moment | Reel | LateText) -> OutboxMessage | None:
        events.append(event)
        return None

    ledger.outboxes.open("mqtt", encode, max_bytes=10**6)
    made = added(ledger, 0)
    assert ledger.speech.put_text(made.window.id, ["good morning", ""], BY) is None
    # The description was asked for before the text came.
    ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
    assert texts(ledger, made) == ["good morning", ""]
    (entry,) = ledger.search(MomentQuery(text='"good morning"'))
    assert entry.moment is not None
    assert entry.window.sound is not None
    assert entry.window.sound.transcript == BY
    assert events == [entry.moment]
    assert ledger.speech.count_speech() == 0


def test_text_that_comes_late_is_stored_found_published_and_marked(ledger: Ledger) -> None:
    events: list[Moment | Reel | LateText] = []

    def encode(event: Moment | Reel | LateText) -> OutboxMessage:
        events.append(event)
        late = isinstance(event, LateText)
        return OutboxMessage("captions", "late" if late else "first", {})

    ledger.outboxes.open("mqtt", encode, max_bytes=10**6)
    made, other = added(ledger, 0), added(ledger, 1)
    for each in (made, other):
        ledger.windows.end(each.window.id, Outcome.DESCRIBED, each)
    assert ledger.search(MomentQuery(text="parcel")) == []
    late = ledger.speech.put_text(made.window.id, ["a parcel", "thanks"], BY)
    assert late is not None
    assert late.window.sound is not None
    assert late.window.sound.transcript == replace(BY, late=True)
    assert [part.text for part in late.window.speech] == ["a parcel", "thanks"]
    (entry,) = ledger.search(MomentQuery(text="parcel thanks"))
    assert entry.moment == late
    assert events[-1] == LateText(late)
    assert ledger.search(MomentQuery(text="mover -parcel")) == [ledger.windows.find(other.window.id)]


def test_text_that_comes_twice_or_for_what_is_gone_changes_nothing(ledger: Ledger) -> None:
    made = added(ledger, 0)
    ledger.speech.put_text(made.window.id, ["first", "text"], BY)
    assert ledger.speech.put_text(made.window.id, ["second", "text"], BY) is None
    assert texts(ledger, made) == ["first", "text"]
    assert ledger.speech.put_text("none", ["a", "b"], BY) is None


def test_files_that_go_leave_the_text_that_has_come_meanwhile(ledger: Ledger) -> None:
    made = added(ledger, 0)
    ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
    ledger.speech.put_text(made.window.id, ["kept", ""], BY)
    ledger.windows.drop_files([made.window])  # as it was read before
    assert texts(ledger, made) == ["kept", ""]


def test_a_window_that_is_removed_waits_no_longer(ledger: Ledger) -> None:
    made = added(ledger, 0)
    ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
    ledger.files.forget_before("~")
    assert ledger.windows.find(made.window.id) is None
    assert ledger.speech.count_speech() == 0


def test_a_ledger_that_was_closed_raises_store_errors(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as it:
        store: SpeechStore = it.speech
    for call in (
        lambda: store.newest_speech(1, []),
        lambda: store.window("front-0-00000"),
        store.count_speech,
        lambda: store.drop_oldest_speech(1, []),
        lambda: store.put_text("front-0-00000", [], BY),
        lambda: store.leave_without_text("front-0-00000"),
    ):
        with pytest.raises(WindowStoreError, match="closed"):
            call()
