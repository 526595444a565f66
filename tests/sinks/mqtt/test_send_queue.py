"""The backlog: the newest of each state, events while somebody listens."""

from __future__ import annotations

from sinks.mqtt.errors import Message
from sinks.mqtt.send_queue import MAX_EVENTS, Backlog


def state(topic: str, payload: str) -> Message:
    return Message(topic, payload.encode(), qos=1, retain=True)


def event(number: int) -> Message:
    return Message("peak", str(number).encode())


def everything(backlog: Backlog) -> list[Message]:
    sent = []
    while batch := backlog.batch(3):
        assert len(batch) <= 3
        sent += batch
    return sent


def test_only_the_newest_of_a_state_is_sent() -> None:
    backlog = Backlog()
    backlog.set(state("a", "1"), state("b", "1"), state("a", "2"))
    assert everything(backlog) == [state("a", "2"), state("b", "1")]
    assert backlog.dropped == {"states": 1}


def test_a_state_that_did_not_change_is_not_sent() -> None:
    backlog = Backlog()
    backlog.set(state("a", "1"))
    everything(backlog)
    backlog.set(state("a", "1"))
    assert everything(backlog) == []


def test_all_states_are_sent_again_in_the_order_in_which_they_were_first_told() -> None:
    backlog = Backlog()
    backlog.set(state("a", "1"), state("b", "1"))
    everything(backlog)
    backlog.set(state("a", "2"))
    everything(backlog)
    backlog.again()
    assert everything(backlog) == [state("a", "2"), state("b", "1")]


def test_events_go_out_in_order_behind_the_states() -> None:
    backlog = Backlog()
    backlog.open()
    backlog.add("peak", event(1))
    backlog.set(state("a", "1"))
    backlog.add("peak", event(2))
    assert everything(backlog) == [state("a", "1"), event(1), event(2)]


def test_events_are_dropped_and_counted_while_nobody_listens() -> None:
    backlog = Backlog()
    backlog.add("peak", event(1))
    backlog.open()
    backlog.add("peak", event(2))
    backlog.add("stats", event(3))
    backlog.shut()
    backlog.add("stats", event(4))
    assert everything(backlog) == []
    assert backlog.dropped == {"peak": 2, "stats": 2}


def test_a_slow_broker_loses_the_oldest_events() -> None:
    backlog = Backlog()
    backlog.open()
    for number in range(MAX_EVENTS + 5):
        backlog.add("peak", event(number))
    assert everything(backlog)[0] == event(5)
    assert backlog.dropped == {"peak": 5}


def test_unsent_is_set_by_whatever_there_is_to_send() -> None:
    backlog = Backlog()
    backlog.add("peak", event(1))
    assert not backlog.unsent.is_set()
    backlog.open()
    backlog.add("peak", event(1))
    assert backlog.unsent.is_set()
    backlog.unsent.clear()
    backlog.set(state("a", "1"))
    assert backlog.unsent.is_set()
