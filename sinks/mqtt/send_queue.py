"""What waits in memory for the broker: the newest of each state, and events that are worth it only now."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from itertools import islice

from sinks.mqtt.errors import Message

# Events waiting while a broker is slow; beyond that the oldest is dropped. A JPEG is a state, not an event.
MAX_EVENTS = 1000


class Backlog:
    """States and events on their way out; nothing here waits or fails. ``unsent`` is set when there are any.

    A state is kept for each topic, and sent again on each connection. Events go out in order, behind
    the states that changed before them; while the backlog is shut they are dropped. ``dropped`` counts
    by kind: events that were not sent, and under ``states`` those replaced before they were sent.
    """

    def __init__(self) -> None:
        self._states: dict[str, Message] = {}
        self._changed: dict[str, None] = {}  # topics, in the order of their change
        self._events: deque[tuple[str, Message]] = deque()
        self._open = False
        self.dropped: Counter[str] = Counter()
        self.unsent = asyncio.Event()

    def set(self, *states: Message) -> None:
        """Tell states; what is told already is not told again."""
        for state in states:
            if self._states.get(state.topic) == state:
                continue
            if state.topic in self._changed:
                self.dropped["states"] += 1
            self._states[state.topic] = state
            self._changed[state.topic] = None
            self.unsent.set()

    def add(self, kind: str, event: Message) -> None:
        """Tell an event, if somebody listens."""
        if not self._open:
            self.dropped[kind] += 1
            return
        self._events.append((kind, event))
        if len(self._events) > MAX_EVENTS:
            self.dropped[self._events.popleft()[0]] += 1
        self.unsent.set()

    def again(self) -> None:
        """Tell all states again, in the order in which they were first told."""
        self._changed = dict.fromkeys(self._states)
        self.unsent.set()

    def open(self) -> None:
        """Take events from now on."""
        self._open = True

    def shut(self) -> None:
        """Take no events, and drop those that wait: they would come too late."""
        self._open = False
        self.dropped.update(kind for kind, _ in self._events)
        self._events.clear()

    def batch(self, limit: int) -> list[Message]:
        """Take the next messages to send, at most so many; a state that is lost comes by ``again``."""
        topics = list(islice(self._changed, limit))
        for topic in topics:
            del self._changed[topic]
        messages = [self._states[topic] for topic in topics]
        while self._events and len(messages) < limit:
            messages.append(self._events.popleft()[1])
        return messages
