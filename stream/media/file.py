"""Media files on disk: read, or written completely or not at all; failures are MediaErrors."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from stream.media.write_guard import Output
from stream.tracks.motion_photo import url

_COPY_BYTES = 1 << 20


class MediaError(Exception):
    """A media file cannot be read or written; the message is one clear line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))  # a file name may hold a line break


class DiskFullError(MediaError):
    """There is no space left, or the quota is used up."""


@contextmanager
def as_media_errors(doing: str) -> Iterator[None]:
    """Raise MediaError (or DiskFullError) for whatever PyAV or the operating system raises inside.

    Args:
        doing: begins the message, as ``cannot write reel.mp4``.
    """
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"{doing}: no space left") from error
        raise MediaError(f"{doing}: {error.strerror or type(error).__name__}") from error


def open_media(path: Path) -> InputContainer:
    """Open the file for reading; the caller closes it. Raises what PyAV raises."""
    _check_name(path)
    return av.open(url(path), "r", metadata_errors="replace")


def demux_with_flush(container: InputContainer, streams: Sequence[Stream]) -> Iterator[Packet[Stream]]:
    """Yield the packets of these streams, then an empty one for each. Raises what PyAV raises."""
    try:
        yield from container.demux(streams)
    except IndexError:
        # PyAV counts the streams again at the end, and fails on those that appeared on the way.
        return


def _check_name(path: Path) -> None:
    if "\0" in str(path):  # FFmpeg would end the name there
        raise MediaError(f"not a file name: {str(path)!r}")


@contextmanager
def reading(path: Path) -> Iterator[InputContainer]:
    """Open a media file; whatever fails inside becomes a MediaError that names it."""
    with as_media_errors(f"cannot read {path}"), open_media(path) as container:
        yield container


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path in the same folder to write to; that file replaces ``path`` if nothing fails inside."""
    _check_name(path)
    part = path.with_name(f"{path.name}.part")
    try:
        with as_media_errors(f"cannot write {path}"):
            yield part
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


@contextmanager
def muxing(path: Path, options: Mapping[str, str] = MappingProxyType({})) -> Iterator[OutputContainer]:
    """Yield an MP4 container that replaces ``path``, flushed to the disk, if nothing fails inside.

    Args:
        options: of the muxer, in addition to faststart.
    """
    with replacing(path) as part, part.open("wb+", buffering=_COPY_BYTES) as file:
        output = Output(file)
        container = _mp4(output, part, options)
        try:
            yield container
            container.close()
            file.flush()
        except BaseException as error:
            # The container is closed without writing a trailer, and the part is dropped.
            output.discard()
            with suppress(OSError):
                file.close()
            with suppress(av.FFmpegError, OSError):
                container.close()
            if output.interrupted:
                raise KeyboardInterrupt from error
            raise


def _mp4(output: Output, part: Path, options: Mapping[str, str]) -> OutputContainer:
    def reopened(_url: str, _flags: int, _options: dict[str, str]) -> BinaryIO:
        # Faststart reads the written data again, to move it behind the index.
        output.flush()
        return part.open("rb")

    return av.open(
        output,
        "w",
        format="mp4",
        container_options={"movflags": "+faststart", **options},
        io_open=reopened,
        buffer_size=_COPY_BYTES,
    )
