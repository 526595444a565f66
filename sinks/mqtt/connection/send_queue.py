"""The in-memory send queue: the newest value of each state, and events that matter only now."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from itertools import islice

from sinks.mqtt.connection.message import Message

# Queued events while a broker is slow; beyond that the oldest is dropped. A JPEG is a state, not an event.
MAX_EVENTS = 1000


class SendQueue:
    """States and events to send. No method waits or fails. ``not_empty`` is set while there may be any.

    The newest state of each topic is kept, and sent again on each connection. Events are sent in order,
    after the states that changed before them; they are dropped unless ``accept_events`` was called.
    ``dropped`` counts by kind: events that were not sent, and as ``states`` those replaced before sending.
    """

    def __init__(self) -> None:
        self._states: dict[str, Message] = {}
        self._changed: dict[str, None] = {}  # topics to send, in the order in which they changed
        self._events: deque[tuple[str, Message]] = deque()
        self._accepts_events = False
        self.dropped: Counter[str] = Counter()
        self.not_empty = asyncio.Event()

    def set_states(self, *states: Message) -> None:
        """Queue states; one equal to the state already set is not queued again."""
        for state in states:
            if self._states.get(state.topic) == state:
                continue
            if state.topic in self._changed:
                self.dropped["states"] += 1
            self._states[state.topic] = state
            self._changed[state.topic] = None
            self.not_empty.set()

    def add_event(self, kind: str, event: Message) -> None:
        """Queue an event, or drop it while events are not accepted."""
        if not self._accepts_events:
            self.dropped[kind] += 1
            return
        self._events.append((kind, event))
        if len(self._events) > MAX_EVENTS:
            self.dropped[self._events.popleft()[0]] += 1
        self.not_empty.set()

    def requeue_states(self) -> None:
        """Queue all states again, in the order in which they were first set."""
        self._changed = dict.fromkeys(self._states)
        self.not_empty.set()

    def accept_events(self) -> None:
        """Accept events from now on."""
        self._accepts_events = True

    def drop_events(self) -> None:
        """Accept no events, and drop those queued: they would arrive too late."""
        self._accepts_events = False
        self.dropped.update(kind for kind, _ in self._events)
        self._events.clear()

    def next_batch(self, limit: int) -> list[Message]:
        """Take the next messages, ``limit`` at most; ``requeue_states`` brings back a state that is lost."""
        topics = list(islice(self._changed, limit))
        for topic in topics:
            del self._changed[topic]
        messages = [self._states[topic] for topic in topics]
        while self._events and len(messages) < limit:
            messages.append(self._events.popleft()[1])
        return messages
