"""What live viewers of a camera get: messages of video, sound, previews and motion.

A message is a tag of one byte, the size of its content (4 bytes, big-endian), and the content. It is made
once, in the camera's process, and passed on to all viewers as it is.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Collection
from enum import StrEnum
from typing import Any, Protocol

HEAD_BYTES = 5


class ViewKind(StrEnum):
    """What a viewer can ask for; each is made only for a viewer."""

    VIDEO = "video"
    """The camera's own video packets."""
    SOUND = "sound"
    """Its sound, for a viewer of its video."""
    PREVIEW = "preview"
    """Two JPEGs a second, for browsers that do not decode its video."""
    MOTION = "motion"
    """The motion signal of each analysed frame."""


class Tag(StrEnum):
    """The kinds of messages."""

    START = "S"
    """A track begins: a JSON object in a line, then the header of its MP4 fragments.

    ``track`` is ``video`` or ``sound``; ``run`` is the same for tracks of one timeline, and another where
    the earlier fragments cannot be continued; ``mime`` is null for a codec without fragments. For video,
    ``sound`` is the codec of the camera's sound, null where it has none.
    """
    KEY = "K"
    """A video fragment with which decoding can begin."""
    VIDEO = "V"
    """Any other video fragment."""
    SOUND = "A"
    """A sound fragment."""
    PREVIEW = "P"
    """A JPEG."""
    EVENT = "J"
    """A JSON object with its kind in ``event``.

    ``motion``: ``samples``, each time, value and threshold; ``peaks``, each time and value; ``now_utc``.
    ``away``: the camera's process has ended, and all that comes after it begins anew. ``missed``: how many
    messages this viewer has lost so far, in ``count``. ``idle``: nothing was sent for some seconds.
    """


def packed(tag: Tag, content: bytes) -> bytes:
    """Return a message."""
    return tag.encode() + len(content).to_bytes(4, "big") + content


def event(name: str, **values: Any) -> bytes:
    """Return an event's message."""
    return packed(Tag.EVENT, json.dumps({"event": name, **values}).encode())


def started(header: bytes, **values: Any) -> bytes:
    """Return the message with which a track begins."""
    return packed(Tag.START, json.dumps(values).encode() + b"\n" + header)


class LiveView(Protocol):
    """Shows cameras as they are now. All calls come from one loop."""

    @property
    def viewers(self) -> int:
        """How many watch now."""
        ...

    @property
    def lost(self) -> int:
        """How many messages viewers did not take, so far."""
        ...

    def watch(self, camera: str, kinds: Collection[ViewKind]) -> AsyncGenerator[bytes]:
        """Yield messages of these kinds, several at once, until the caller closes the iterator.

        A viewer that takes them too slowly loses messages, up to the next key fragment. Nothing is yielded
        of a camera that does not exist.
        """
        ...

    def close(self) -> None:
        """End all iterators, those that begin from now on, too."""
        ...
