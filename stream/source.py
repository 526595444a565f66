"""Open an address with PyAV and yield its packets; every failure becomes a SourceError."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 20.0

# Containers with an index of their own: any place can be found again without reading up to it.
_INDEXED_FORMATS = frozenset({"mov", "mp4", "matroska", "webm", "avi"})
# FFmpeg draws any text file as a terminal's screen; nobody means that.
_NOT_VIDEO_FORMATS = frozenset({"tty"})
# Video4Linux, as PyAV names its demuxer.
_DEVICE_FORMAT = "video4linux2,v4l2"
# Schemes of which Python reads nothing itself; a one-letter scheme would be a Windows drive.
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+://")
_SECRET_PARAMETER = re.compile(
    r"((?:^|[?&;])[^=&;]*(?:pass|pwd|token|key|secret|auth|sig)[^=&;]*=)[^&;]*", re.IGNORECASE
)


class SourceError(Exception):
    """A source cannot be opened or read on; the message names it without its credentials.

    Attributes:
        address: the address, without credentials.
        reason: what went wrong, in a few words.
        retryable: whether trying again later may help (a camera that is down, not a wrong password).
    """

    def __init__(self, address: str, reason: str, *, retryable: bool = False) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address
        self.reason = reason
        self.retryable = retryable


def redact(address: str) -> str:
    """Return the address without user, password and secret query values.

    Passwords of cameras often hold unescaped ``@`` or ``/``: all up to the last ``@`` goes.
    """
    scheme = _SCHEME.match(address)
    if scheme is None:
        return address
    rest = address[scheme.end() :]
    if "@" in rest:
        rest = "***@" + rest.rpartition("@")[2]
    return scheme.group() + _SECRET_PARAMETER.sub(r"\1***", rest)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source once it is open.

    Attributes:
        address: without credentials.
        codec: FFmpeg's name of the video codec.
        width_px, height_px: of the decoded picture, before any rotation.
        fps: nominal frame rate, None when the source does not say.
        duration_s: None for live sources.
        start_utc: wall time of the first frame: now for live sources; for files the recorded time of
            creation, else the file's last change less its duration.
        live: the source cannot be read faster than it happens.
        file: the file that any part can be read from again by its index; None for all else.
    """

    address: str
    codec: str
    width_px: int
    height_px: int
    fps: float | None
    duration_s: float | None
    start_utc: datetime
    live: bool
    file: Path | None


class PacketSource(Protocol):
    """Encoded packets of one video stream and at most one audio stream.

    ``packets`` raises SourceError when the source fails and ends when the source ends. The streams
    serve as templates for files that the packets are copied into.
    """

    info: SourceInfo
    video: VideoStream
    audio: AudioStream | None

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield packets in the order of the source, never an empty one."""
        ...

    def close(self) -> None:
        """Release the source. Safe to call twice."""
        ...


class AvSource:
    """A PacketSource over whatever PyAV opens: files, streams, devices and the drawn camera."""

    def __init__(self, address: str, *, transport: str = "tcp") -> None:
        """Open the address; raises SourceError.

        ``transport`` is how RTSP brings its packets: ``tcp`` or ``udp``.
        """
        self._name = redact(address)
        self._live = is_live(address)
        with _mapped(self._name, live=self._live):
            self._container = _open(address, transport)
        try:
            self.video, self.audio = self._choose_streams()
            self.info = self._describe(address)
        except BaseException:
            self._container.close()
            raise

    def _choose_streams(self) -> tuple[VideoStream, AudioStream | None]:
        if self._container.format.name in _NOT_VIDEO_FORMATS:
            raise SourceError(self._name, "a text file, not a video")
        videos = [s for s in self._container.streams.video if not s.disposition & Disposition.attached_pic]
        if not videos:
            raise SourceError(self._name, "has no video stream", retryable=self._live)
        video = max(videos, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))
        if not video.codec_context.width or not video.codec_context.height:
            raise SourceError(self._name, "its video stream holds no readable picture", retryable=self._live)
        return video, next(iter(self._container.streams.audio), None)

    def _describe(self, address: str) -> SourceInfo:
        context = self.video.codec_context
        formats = set(self._container.format.name.split(","))
        path = None if _SCHEME.match(address) else Path(address)
        regular = path is not None and path.is_file()
        duration = self._container.duration
        duration_s = duration / av.time_base if duration and regular else None
        rate = self.video.average_rate or self.video.guessed_rate
        return SourceInfo(
            address=self._name,
            codec=context.name,
            width_px=context.width,
            height_px=context.height,
            fps=float(rate) if rate else None,
            duration_s=duration_s,
            start_utc=_recorded_utc(path, self._container.metadata, duration_s)
            if path is not None and regular
            else datetime.now(UTC),
            # A film on a web server has an end, and comes as fast as it is asked for.
            live=self._live and not duration,
            file=path if regular and formats & _INDEXED_FORMATS else None,
        )

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield packets of the chosen streams; raises SourceError when reading fails."""
        streams: list[Stream] = [self.video] if self.audio is None else [self.video, self.audio]
        with _mapped(self._name, live=self._live):
            for packet in self._container.demux(streams):
                if packet.size:
                    yield packet

    def close(self) -> None:
        """Close the container."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RealTimeSource:
    """A PacketSource that hands out another's packets no faster than they would happen."""

    def __init__(self, source: PacketSource) -> None:
        self._source = source
        self.info = source.info
        self.video = source.video
        self.audio = source.audio

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield each packet when its decoding time has come, counted from the first one's."""
        offset_s: float | None = None
        for packet in self._source.packets():
            if packet.dts is not None:
                due_s = float(packet.dts * packet.time_base)
                now_s = time.monotonic()
                if offset_s is None:
                    offset_s = now_s - due_s
                time.sleep(max(0.0, min(due_s + offset_s - now_s, READ_TIMEOUT_S)))
            yield packet

    def close(self) -> None:
        """Close the other source."""
        self._source.close()


def is_live(address: str) -> bool:
    """Whether what is at the address happens now: it may go away and come back."""
    if _SCHEME.match(address):
        return _scheme(address) not in {"file", "synthetic"}
    return address.startswith("/dev/")


def _scheme(address: str) -> str:
    """The address's scheme; of a path "". Passwords may hold what no URL may, so nothing more is parsed."""
    match = _SCHEME.match(address)
    return match.group()[:-3].lower() if match else ""


def _options(address: str, transport: str) -> dict[str, str]:
    """What FFmpeg must be told so that watching begins soon after opening."""
    if _scheme(address) in {"rtsp", "rtsps"}:
        # Two frames tell the rate well enough; FFmpeg would wait for twenty.
        return {"rtsp_transport": transport, "fpsprobesize": "2"}
    if address.partition("?")[0].endswith(".m3u8"):
        return {"live_start_index": "-1"}  # the newest segment, not the third newest
    return {}


def _open(address: str, transport: str) -> InputContainer:
    name = redact(address)
    if address.startswith("synthetic:"):
        from stream.synthetic import SyntheticCamera, parse_address  # noqa: PLC0415  # real cameras need none

        try:
            camera = SyntheticCamera(parse_address(address))
        except ValueError as error:
            raise SourceError(name, str(error)) from error
        # One second says all there is to know of a stream that we make ourselves.
        return av.open(camera, mode="r", format="mpegts", options={"analyzeduration": "1000000"})
    if _scheme(address) not in {"", "file"}:
        timeout_s = (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
        return av.open(address, mode="r", options=_options(address, transport), timeout=timeout_s)
    path = Path(address.removeprefix("file://"))
    if path.is_dir():
        raise SourceError(name, "a folder, not a video")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(name, "the file is empty")
    if path.is_char_device():
        return av.open(str(path), mode="r", format=_DEVICE_FORMAT)
    # "file:" keeps FFmpeg from reading a protocol or a pattern into a file's name.
    return av.open(f"file:{path}", mode="r")


@contextmanager
def _mapped(name: str, *, live: bool) -> Iterator[None]:
    """Turn PyAV's errors into SourceError; their own text may hold the password."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        reason, final = _explain(error)
        raise SourceError(name, reason, retryable=live and not final) from error


def _explain(error: Exception) -> tuple[str, bool]:
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
    return (getattr(error, "strerror", None) or type(error).__name__).lower(), False


def _recorded_utc(path: Path, metadata: dict[str, Any], duration_s: float | None) -> datetime:
    try:
        recorded = datetime.fromisoformat(str(metadata["creation_time"]))
    except (KeyError, ValueError):
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return changed - timedelta(seconds=duration_s or 0.0)
    return recorded if recorded.tzinfo else recorded.replace(tzinfo=UTC)
