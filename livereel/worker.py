"""One camera's process: it opens the source, runs the loop, and reports over its pipe.

Nothing but small records crosses the pipe; pictures and clips go to disk, and the records name them.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from av.packet import Packet
from av.stream import Stream

from analyzer.chapter import Gap
from analyzer.window import Window, WindowSettings
from stream.source import SourceError

BEAT_S = 0.5
# Packets that may wait for the loop; beyond it reading waits, and the sender's own buffer fills.
MAX_PACKETS = 1024


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """All that a camera's process must know; it crosses a process border by pickling."""

    name: str
    source: str
    windows: WindowSettings
    data: Path
    realtime: bool = True
    loop: bool = False
