"""What waits in memory for the broker: the newest of each state, and events that are worth it only now."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from itertools import islice

from sinks.mqtt.message import Message

# Events waiting while a broker is slow; beyond that the oldest is dropped. A JPEG is a state, not an event.
MAX_EVENTS = 1000


class SendQueue:
    """States and events to send. No method waits or fails. ``not_empty`` is set while there may be any.

    A state is kept for each topic, and sent again on each connection. Events go out in order, behind
    the states that changed before them; while the backlog is shut they are dropped. ``dropped`` counts
    by kind: events that were not sent, and under ``states`` those replaced before they were sent.
    """

    def __init__(self) -> None:
        self._states: dict[str, Message] = {}
        self._changed: dict[str, None] = {}  # topics, in the order of their change
        self._events: deque[tuple[str, Message]] = deque()
        self._accepts_events = False
        self.dropped: Counter[str] = Counter()
        self.not_empty = asyncio.Event()

    def set_states(self, *states: Message) -> None:
        """Tell states; what is told already is not told again."""
        for state in states:
            if self._states.get(state.topic) == state:
                continue
            if state.topic in self._changed:
                self.dropped["states"] += 1
            self._states[state.topic] = state
            self._changed[state.topic] = None
            self.not_empty.set()

    def add_event(self, kind: str, event: Message) -> None:
        """Tell an event, if somebody listens."""
        if not self._accepts_events:
            self.dropped[kind] += 1
            return
        self._events.append((kind, event))
        if len(self._events) > MAX_EVENTS:
            self.dropped[self._events.popleft()[0]] += 1
        self.not_empty.set()

    def requeue_states(self) -> None:
        """Tell all states again, in the order in which they were first told."""
        self._changed = dict.fromkeys(self._states)
        self.not_empty.set()

    def accept_events(self) -> None:
        """Take events from now on."""
        self._accepts_events = True

    def drop_events(self) -> None:
        """Take no events, and drop those that wait: they would come too late."""
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
