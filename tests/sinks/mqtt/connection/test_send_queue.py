"""The queue: the newest of each state, and events while there is a connection."""

from __future__ import annotations

from sinks.mqtt.connection.message import Message
from sinks.mqtt.connection.send_queue import MAX_EVENTS, SendQueue


def state(topic: str, payload: str) -> Message:
    return Message(topic, payload.encode(), qos=1, retain=True)


def event(number: int) -> Message:
    return Message("peak", str(number).encode())


def everything(queue: SendQueue) -> list[Message]:
    sent = []
    while batch := queue.next_batch(3):
        assert len(batch) <= 3
        sent += batch
    return sent


def test_only_the_newest_of_a_state_is_sent() -> None:
    queue = SendQueue()
    queue.set_states(state("a", "1"), state("b", "1"), state("a", "2"))
    assert everything(queue) == [state("a", "2"), state("b", "1")]
    assert queue.dropped == {"states": 1}


def test_a_state_that_did_not_change_is_not_sent() -> None:
    queue = SendQueue()
    queue.set_states(state("a", "1"))
    everything(queue)
    queue.set_states(state("a", "1"))
    assert everything(queue) == []


def test_all_states_are_sent_again_in_the_order_in_which_they_were_first_set() -> None:
    queue = SendQueue()
    queue.set_states(state("a", "1"), state("b", "1"))
    everything(queue)
    queue.set_states(state("a", "2"))
    everything(queue)
    queue.requeue_states()
    assert everything(queue) == [state("a", "2"), state("b", "1")]


def test_events_go_out_in_order_behind_the_states() -> None:
    queue = SendQueue()
    queue.accept_events()
    queue.add_event("peak", event(1))
    queue.set_states(state("a", "1"))
    queue.add_event("peak", event(2))
    assert everything(queue) == [state("a", "1"), event(1), event(2)]


def test_events_are_dropped_and_counted_without_a_connection() -> None:
    queue = SendQueue()
    queue.add_event("peak", event(1))
    queue.accept_events()
    queue.add_event("peak", event(2))
    queue.add_event("stats", event(3))
    queue.drop_events()
    queue.add_event("stats", event(4))
    assert everything(queue) == []
    assert queue.dropped == {"peak": 2, "stats": 2}


def test_a_slow_broker_loses_the_oldest_events() -> None:
    queue = SendQueue()
    queue.accept_events()
    for number in range(MAX_EVENTS + 5):
        queue.add_event("peak", event(number))
    assert everything(queue)[0] == event(5)
    assert queue.dropped == {"peak": 5}


def test_not_empty_is_set_by_states_and_events() -> None:
    queue = SendQueue()
    queue.add_event("peak", event(1))
    assert not queue.not_empty.is_set()
    queue.accept_events()
    queue.add_event("peak", event(1))
    assert queue.not_empty.is_set()
    queue.not_empty.clear()
    queue.set_states(state("a", "1"))
    assert queue.not_empty.is_set()
