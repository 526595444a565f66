"""Open an address with PyAV; its errors become SourceErrors."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import av
import av.error
from av.container import InputContainer

from stream.address import local_path, redact, scheme
from stream.source import SourceError, SourceFault

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 20.0

# Video4Linux, as PyAV names its demuxer.
_DEVICE_FORMAT = "video4linux2,v4l2"


def _options(address: str, transport: str) -> dict[str, str]:
    """What FFmpeg must be told so that watching begins soon after opening."""
    if scheme(address) in {"rtsp", "rtsps"}:
        # Two frames tell the rate well enough; FFmpeg would wait for twenty.
        return {"rtsp_transport": transport, "fpsprobesize": "2"}
    if scheme(address) in {"http", "https"}:  # of which any may be a playlist
        # The newest segment, not the third newest; segments may be called as cameras like to.
        return {"live_start_index": "-1", "extension_picky": "0"}
    return {}


def opened(address: str, transport: str) -> InputContainer:
    name = redact(address)
    if address.startswith("synthetic:"):
        from synthetic import SyntheticCamera, parse_address  # noqa: PLC0415  # real cameras need none

        try:
            camera = SyntheticCamera(parse_address(address))
        except ValueError as error:
            raise SourceError(name, str(error)) from error
        # One second says all there is to know of a stream that we make ourselves.
        return av.open(camera, mode="r", format="mpegts", options={"analyzeduration": "1000000"})
    path = local_path(address)
    if path is None:
        timeout_s = (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
        return av.open(
            address,
            mode="r",
            options=_options(address, transport),
            timeout=timeout_s,
            metadata_errors="replace",
        )
    if not address or "\0" in address:
        raise SourceError(name, "not an address")
    if path.is_dir():
        raise SourceError(name, "a folder, not a video")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(name, "the file is empty")
    if path.is_char_device():
        return av.open(str(path), mode="r", format=_DEVICE_FORMAT)
    # "file:" keeps FFmpeg from reading a protocol or a pattern into a file's name.
    return av.open(f"file:{path}", mode="r", metadata_errors="replace")


@contextmanager
def translated(name: str, *, live: bool, timeout: SourceFault = SourceFault.DOWN) -> Iterator[None]:
    """Turn PyAV's errors into SourceError, whose text holds no password; ``timeout`` is what one means."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        reason, final = _explain(error, live=live)
        fault = timeout if isinstance(error, av.error.ExitError | TimeoutError) else SourceFault.DOWN
        raise SourceError(name, reason, fault=fault, retryable=live and not final) from error


def _explain(error: Exception, *, live: bool) -> tuple[str, bool]:
    """Say in a few words what PyAV means, and whether trying again is of no use even with a camera."""
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
        return "cannot be reached", False  # FFmpeg says this of a name that nobody knows
    return (getattr(error, "strerror", None) or type(error).__name__).lower(), False
