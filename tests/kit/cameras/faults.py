"""What goes wrong with cameras and with the machine, by name; each lasts as long as its block."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.kit.cameras.rtsp import RtspServer


@contextmanager
def camera_vanishes(server: RtspServer) -> Iterator[None]:
    """The camera loses its power: its connections break, and new ones are refused until it is back."""
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def camera_silent(server: RtspServer) -> Iterator[None]:
    """The camera goes on talking RTSP, but no picture comes. A new client waits for its answer."""
    server.say(silent=True)
    try:
        yield
    finally:
        server.say(silent=False)


@contextmanager
def camera_frozen(server: RtspServer) -> Iterator[None]:
    """The camera hangs: the kernel still takes connections, nothing answers on them."""
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextmanager
def packets_lost(server: RtspServer, share: float) -> Iterator[None]:
    """A share of the RTP packets never arrives, chosen at random. On UDP that is what a bad radio does;
    real loss comes in bursts.
    """
    server.say(lost=share)
    try:
        yield
    finally:
        server.say(lost=0.0)


@contextmanager
def garbage_packets(server: RtspServer, share: float) -> Iterator[None]:
    """In this share of the pictures all bytes but the first eight are random."""
    server.say(garbage=share)
    try:
        yield
    finally:
        server.say(garbage=0.0)


@contextmanager
def bits_flipped(server: RtspServer, share: float) -> Iterator[None]:
    """In this share of the pictures one bit in the middle of a slice is wrong."""
    server.say(flipped=share)
    try:
        yield
    finally:
        server.say(flipped=0.0)


def timestamps_jump(server: RtspServer, by_s: float) -> None:
    """The camera's clock is set anew: its timestamps go on from another time, for good."""
    server.say(offset_s=by_s)


def resolution_changes(server: RtspServer) -> None:
    """The camera's picture size is changed: it comes in mid-stream, on the same connection, for good."""
    server.say(footage=1)


def worker_killed(pid: int) -> None:
    """A decoder crashes, or the kernel runs out of memory: the process is gone at once."""
    os.kill(pid, signal.SIGKILL)


@contextmanager
def worker_stopped(pid: int) -> Iterator[None]:
    """A camera's process hangs where nothing can interrupt it; it may be gone when it is let go."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A file system of so many bytes at ``folder``; for root on Linux."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def disk_full(folder: Path) -> Iterator[None]:
    """Something else takes all that is left on the disk of ``folder``."""
    hog = folder / "hog"
    with hog.open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"\0" * size):
                    pass
    try:
        yield
    finally:
        hog.unlink()
