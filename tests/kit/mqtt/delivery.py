"""Checks that a subscriber received what the ledger holds: captions, reels and their order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from livereel.reels.spec import KEPT_ROLLING
from stream.media.probe import verify
from tests.kit.mqtt.subscriber import Received

CAPTIONS, REELS = "livereel/captions", "livereel/reels"
Named = tuple[str, int]
"""A reel: its id and its number."""


class Witness:
    """Looks for a reel's video at the moment in which it is announced, and keeps it as it was then.

    Attributes:
        gone: announced reels whose video was not there.
    """

    def __init__(self, data: Path, kept: Path) -> None:
        """Look in ``data``, keep in the new folder ``kept`` of the same disk."""
        self._data = data
        self._kept = kept
        self._told: dict[Path, dict[str, Any]] = {}
        self.gone: list[Named] = []
        kept.mkdir()

    def __call__(self, message: Received) -> None:
        """Check a message as it arrives."""
        if message.topic != REELS:
            return
        reel = message.json()["after"]
        video = self._kept / f"{reel['id']}-{reel['seq']}.mp4"
        self._told[video] = reel
        try:
            with suppress(FileExistsError):  # it was announced twice
                os.link(self._data / reel["path"], video)
        except FileNotFoundError:
            self.gone.append((reel["id"], reel["seq"]))

    def assert_playable(self) -> None:
        """Every announced reel is the one that its message names and plays, unless newer ones replaced it."""
        newest: dict[str, int] = {}
        for reel in self._told.values():
            newest[reel["id"]] = max(reel["seq"], newest.get(reel["id"], 0))
        for reel_id, seq in self.gone:
            assert newest[reel_id] - seq >= KEPT_ROLLING, f"{reel_id} {seq} was not there"
        for video, reel in self._told.items():
            if (reel["id"], reel["seq"]) not in self.gone:
                assert verify(video).sha256 == reel["sha256"], video.name


def once(messages: Sequence[Received]) -> list[dict[str, Any]]:
    """The messages, in the order in which each came for the first time."""
    first: dict[int, dict[str, Any]] = {}
    for message in messages:
        told = message.json()
        first.setdefault(told["seq"], told)
    return list(first.values())


def names(reels: Sequence[dict[str, Any]]) -> list[Named]:
    """The reels' ids and numbers."""
    return [(reel["id"], reel["seq"]) for reel in reels]


def described(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The ledger's described windows, by id, in time order."""
    return {row["id"]: row for row in rows if row["kind"] == "window" and row["outcome"] == "described"}
