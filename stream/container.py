"""Open an address with PyAV; its errors become SourceErrors."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import av
import av.error
from av.container import InputContainer

from stream.address import (
    OBJECT_STORES,
    host,
    is_bare_host,
    local_path,
    redact,
    scheme,
    unresolved,
    unusable,
)
from stream.objects.file import ObjectFile
from stream.source import SourceError, SourceFault
from stream.tracks.motion_photo import url

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 20.0

# One picture is enough to know the stream; FFmpeg would wait for fifty to find a rate and times.
_KNOWN_DEMUXER = {"fpsprobesize": "0", "max_ts_probe": "0"}

# Kinds of addresses that are often mistyped.
_KINDS = ("rtsp", "rtsps", "rtmp", "http", "https", "srt", "udp", "tcp", "synthetic", *OBJECT_STORES)
# An address with something before it.
_AFTER_OTHERS = re.compile(r"[^/]*?[^a-z0-9+.-]([a-z][a-z0-9+.-]*://.*)", re.IGNORECASE | re.DOTALL)
# Video4Linux, as PyAV names its demuxer.
_DEVICE_FORMAT = "video4linux2,v4l2"


def _options(address: str, transport: str) -> dict[str, str]:
    """FFmpeg's options with which reading begins soon after opening."""
    if scheme(address) in {"rtsp", "rtsps"}:
        # Two frames are enough for the rate; FFmpeg would wait for twenty.
        return {"rtsp_transport": transport, "fpsprobesize": "2"}
    if scheme(address) in {"http", "https"}:  # any may be a playlist
        # Begin with the newest segment, not the third newest; accept segments with any file name extension.
        return {"live_start_index": "-1", "extension_picky": "0"}
    return {}


def open_container(address: str, transport: str, demuxer: str | None = None) -> InputContainer:
    """Open a file, stream, device or synthetic camera; the caller closes it.

    ``transport`` is that of RTSP: ``tcp`` or ``udp``. ``demuxer`` is FFmpeg's name of the one that
    reads what a server sends; None lets FFmpeg choose. Opening takes at most OPEN_TIMEOUT_S, each later read
    READ_TIMEOUT_S. Raises SourceError for what cannot be a source, otherwise what PyAV raises: see
    ``as_source_errors``.
    """
    name = redact(address)
    if address.startswith("synthetic:"):
        from synthetic import SyntheticCamera, parse_address  # noqa: PLC0415  # real cameras need none

        try:
            camera = SyntheticCamera(parse_address(address))
        except ValueError as error:
            raise SourceError(name, str(error)) from error
        # A second is enough to probe a synthetic stream.
        return av.open(camera, mode="r", format="mpegts", options={"analyzeduration": "1000000"})
    path = local_path(address)
    if path is None:
        return _open_remote(address, transport, demuxer)
    _refuse(address, path)
    if path.is_char_device():
        return av.open(str(path), mode="r", format=_DEVICE_FORMAT)
    # A playlist may name segments and keys of any ending.
    options = {"allowed_extensions": "ALL"} if path.suffix.lower() == ".m3u8" else {}
    return av.open(url(path), mode="r", options=options, metadata_errors="replace")


def open_object(file: ObjectFile) -> InputContainer:
    """Open an object of a store; the caller closes both. Raises what PyAV raises.

    What it refers to, as a playlist does, is not opened: FFmpeg would take it for a file of this machine.
    """
    file.rewind()
    return av.open(file, mode="r", options={"protocol_whitelist": "none"}, metadata_errors="replace")


def _open_remote(address: str, transport: str, demuxer: str | None) -> InputContainer:
    if scheme(address) in _KINDS and (reason := unusable(address)):
        raise SourceError(redact(address), reason)
    try:
        return av.open(
            address,
            mode="r",
            format=demuxer,
            options=_options(address, transport) if demuxer is None else _KNOWN_DEMUXER,
            timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S),
            metadata_errors="replace",
        )
    except av.error.ProtocolNotFoundError as error:
        if hint := _meant(scheme(address)):
            raise SourceError(redact(address), f"there is no such kind of address{hint}") from error
        raise
    except OSError as error:
        if error.errno == errno.EIO and not _resolves(address):  # FFmpeg's error for an unknown name, too
            raise SourceError(redact(address), unresolved(address), retryable=True) from error
        raise


def _refuse(address: str, path: Path) -> None:
    """Raise SourceError for what is no file, device or pipe."""
    name = redact(address)
    if not address or "\0" in address:
        raise SourceError(name, "not an address")
    if path.is_dir():
        raise SourceError(name, "a folder, not a video: name the files in it")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(name, "the file is empty")
    if not path.exists() and (address_within := _address_within(address)):
        raise SourceError(
            name, f"no such file; a camera's address begins with its kind, such as {address_within}"
        )


def _address_within(text: str) -> str | None:
    """Return the address that was probably meant, without secrets; None where a file was."""
    if found := _AFTER_OTHERS.fullmatch(text):  # a name before it, as in ``front=rtsp://...``
        return redact(found[1])
    return f"rtsp://{redact(text)}" if is_bare_host(text) else None


def _meant(kind: str) -> str:
    """Return a hint at the kind of address that was probably meant; "" where there is none."""
    near = get_close_matches(kind, _KINDS, 1, 0.6)
    return f"; did you mean {near[0]}://?" if near else ""


def _resolves(address: str) -> bool:
    try:
        socket.getaddrinfo(host(address) or None, 0)
    except (OSError, UnicodeError):
        return False
    return True


@contextmanager
def as_source_errors(
    name: str, *, live: bool, reading: bool = False, file: ObjectFile | None = None
) -> Iterator[None]:
    """Turn PyAV's errors into SourceErrors without their text, which may hold the password.

    ``reading`` is whether the source has been opened already: a timeout then means that it has stalled.
    A failure of ``file`` comes before what PyAV makes of it, an end of the file included.
    """
    try:
        yield
        if file is not None:
            file.check()
    except (av.error.FFmpegError, OSError) as error:
        if file is not None:
            file.check()
        reason, final = _explain(error, live=live, reading=reading)
        stalled = reading and isinstance(error, av.error.ExitError | TimeoutError)
        fault = SourceFault.STALLED if stalled else SourceFault.DOWN
        raise SourceError(name, reason, fault=fault, retryable=live and not final) from error


def _explain(error: Exception, *, live: bool, reading: bool) -> tuple[str, bool]:
    """Return the reason in a few words, and whether it is final even for a camera."""
    table: list[tuple[type[Exception], str, bool]] = [
        (FileNotFoundError, "no such file", False),
        (PermissionError, "permission denied", True),
        (IsADirectoryError, "a folder, not a video", True),
        (av.error.HTTPUnauthorizedError, "wrong user or password", True),
        (av.error.HTTPForbiddenError, "access is forbidden", True),
        (av.error.HTTPNotFoundError, "nothing is served at this address", False),
        (av.error.ProtocolNotFoundError, "this kind of address is not supported by the PyAV build", True),
        (av.error.InvalidDataError, "not a video, or damaged, or cut off before its index", False),
        (av.error.EOFError, "ended before anything could be read", False),
        (av.error.ExitError, "no answer in time", False),
        (TimeoutError, "no answer in time", False),
        (ConnectionRefusedError, "connection refused", False),
    ]
    for kind, reason, final in table:
        if isinstance(error, kind):
            return reason, final
    if isinstance(error, OSError) and error.errno == errno.ENOTTY:
        return "not a video device", True
    if isinstance(error, OSError) and error.errno == errno.EIO and live:
        return "the connection was lost" if reading else "cannot be reached", False
    return (getattr(error, "strerror", None) or type(error).__name__).lower(), False
