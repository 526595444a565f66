"""Open an address with PyAV and yield its packets; every failure is a SourceError."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.stream import VideoStream

from stream.address import is_live, local_path, may_be_file, redact, scheme
from stream.codec.encryption import (
    ENCRYPTED,
    KEY_MISSING,
    is_declared,
    is_encrypted,
    is_protected,
    is_scrambled,
    needs_key,
)
from stream.demux import demuxed
from stream.media.track import holds_video
from stream.read_guard import ReadGuard
from stream.track_choice import choose_video, clock_s, has_decoder, said, video_tracks

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 20.0

# Containers with an index of their own: any place can be found again without reading up to it.
_INDEXED_FORMATS = frozenset({"mov", "mp4", "matroska", "webm", "avi"})
# FFmpeg draws any text file as a terminal's screen; nobody means that.
_NOT_VIDEO_FORMATS = frozenset({"tty"})
# Video4Linux, as PyAV names its demuxer.
_DEVICE_FORMAT = "video4linux2,v4l2"
# Playlists: they tell a duration when they are complete, and only then.
_PLAYLIST_FORMATS = frozenset({"hls", "dash"})
# JPEG after JPEG in one answer: without end, whatever length the server names.
_MULTIPART_FORMAT = "mpjpeg"
# Readers of single pictures; the first goes by the address's ending.
_PICTURE_FORMATS = frozenset({"image2", "jpeg_pipe", "png_pipe"})
_NO_TIMESTAMPS = 0x0080  # AVFMT_NOTIMESTAMPS, libavformat/avformat.h
# What tells no times counts in 25ths of a second: too coarse for times by arrival.
_FINE_TICK = Fraction(1, 90_000)
# When a container's clock was never set, or its bytes are damaged.
_CREDIBLE_YEARS = range(1980, 2200)
_MAX_DURATION_S = 366 * 86_400.0


class SourceError(Exception):
    """A source cannot be opened or read on; the message names it without its credentials.

    Attributes:
        address: the address, without credentials.
        reason: what went wrong, in a few words.
        retryable: whether trying again later may help (a camera that is down, not a wrong password).
        unreadable: it is there, but what it sends cannot be decoded.
        stalled: the connection is there, but nothing has come over it for too long.
    """

    def __init__(
        self,
        address: str,
        reason: str,
        *,
        retryable: bool = False,
        unreadable: bool = False,
        stalled: bool = False,
    ) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address
        self.reason = reason
        self.retryable = retryable
        self.unreadable = unreadable
        self.stalled = stalled


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source once it is open.

    Attributes:
        address: without credentials.
        codec: FFmpeg's name of the video codec.
        width_px, height_px: of the decoded picture, before any rotation.
        fps: nominal frame rate, None when the source does not say.
        duration_s: None for live sources.
        timed: packets carry times; else they are counted at a nominal rate, which no live source keeps to.
        end_s: stream time at which, as the file says, its pictures end; where it says nothing of
            pictures alone, all of it. None where it says nothing.
        start_utc: wall time of the first frame: now for live sources; for files the recorded time of
            creation, else the file's last change less its duration.
        live: the source cannot be read faster than it happens.
        playlist: it is named by a playlist, segment by segment.
        file: the file that any part can be read from again; None where packets must be kept as they pass.
        choice: which of several video tracks is taken, in a line; None where there is only one.
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
    end_s: float | None = None
    choice: str | None = None
    timed: bool = True
    playlist: bool = False


class PacketSource(Protocol):
    """Encoded packets of one video stream and at most one audio stream.

    ``packets`` raises SourceError when the source fails, and ends when the source ends or is closed. The
    streams serve as templates for files that the packets are copied into, until ``close``.
    """

    info: SourceInfo
    video: VideoStream
    audio: AudioStream | None

    @property
    def warning(self) -> str | None:
        """What the user should know of how the source is read; None while there is nothing."""
        ...

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield packets in the order of the source, never an empty one, and none after ``close``."""
        ...

    def close(self) -> None:
        """Release the source. Safe to call twice, and while another thread reads: it gets no more packets."""
        ...


class AvSource:
    """A PacketSource over whatever PyAV opens: files, streams, devices and the drawn camera."""

    warning: str | None = None

    def __init__(self, address: str, *, transport: str = "tcp") -> None:
        """Open the address; raises SourceError.

        ``transport`` is how RTSP brings its packets: ``tcp`` or ``udp``.
        """
        self._name = redact(address)
        self._live = is_live(address)
        try:
            self._container = self._opened(address, transport)
        except SourceError as error:
            raise self._encrypted_or(error, address) from error
        try:
            self.video, self.audio = self._choose_streams()
            if self.is_playlist:  # what is not wanted of other variants is not even fetched
                for stream in self._container.streams:
                    stream.discard = Discard.default if stream in {self.video, self.audio} else Discard.all
            self.info = self._describe(address)
        except SourceError as error:
            self._container.close()
            raise self._encrypted_or(error, address) from error
        except BaseException:
            self._container.close()
            raise
        self._guard = ReadGuard(self._container.close)

    def _opened(self, address: str, transport: str) -> InputContainer:
        with _mapped(self._name, live=self._live):
            return _open(address, transport)

    def _encrypted(self, reason: str, *, retryable: bool = False) -> SourceError:
        return SourceError(self._name, reason, retryable=retryable, unreadable=True)

    def _encrypted_or(self, error: SourceError, address: str) -> SourceError:
        """The better reason why an address cannot be opened."""
        path = local_path(address)
        if path is not None and (is_scrambled(path) or is_protected(path)):
            return self._encrypted(ENCRYPTED)
        if ".m3u8" in address.partition("?")[0] and needs_key(str(path or address)):
            # The server of the keys may be back later.
            return self._encrypted(KEY_MISSING, retryable=self._live)
        return error

    @property
    def is_playlist(self) -> bool:
        """Whether a playlist names what is played, segment by segment."""
        return self._container.format.name in _PLAYLIST_FORMATS

    @property
    def serves_pictures(self) -> bool:
        """Whether a server has answered with a picture, of which the size may be unknown."""
        return self._live and self._container.format.name in _PICTURE_FORMATS

    def _choose_streams(self) -> tuple[VideoStream, AudioStream | None]:
        if self._container.format.name in _NOT_VIDEO_FORMATS:
            raise SourceError(self._name, "a text file, not a video")
        video = choose_video(self._container)
        if video is None and video_tracks(self._container):
            raise SourceError(self._name, "its video is of a kind that the PyAV build cannot decode")
        if video is None:
            raise SourceError(self._name, "has no video stream", retryable=self._live)
        sized = video.codec_context.width and video.codec_context.height
        if not sized and not self.serves_pictures:
            raise SourceError(self._name, "its video stream holds no readable picture", retryable=self._live)
        if is_declared(self._container, video):
            raise self._encrypted(ENCRYPTED)
        # Sound whose kind did not show while probing has no parameters to write a file with.
        heard = (
            s
            for s in self._container.streams.audio
            if has_decoder(s) and s.codec_context.sample_rate and s.channels
        )
        return video, next(heard, None)

    def _describe(self, address: str) -> SourceInfo:
        context = self.video.codec_context
        indexed = not _INDEXED_FORMATS.isdisjoint(self._container.format.name.split(","))
        path = local_path(address)
        regular = path is not None and path.is_file()
        duration = self._container.duration
        duration_s = duration / av.time_base if duration and regular else None
        rate = self.video.average_rate or self.video.guessed_rate
        live = self._live and not self._ends(address)
        timed = not self._container.format.flags & _NO_TIMESTAMPS
        if live and not timed:
            rate = None  # what the demuxer says of it is a default
            self.video.time_base = min(self.video.time_base or _FINE_TICK, _FINE_TICK)
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
            live=live,
            # What MP4 cannot hold (GIF, Windows Media) is looked up in the file, if slowly.
            file=path if regular and (indexed or not holds_video(self.video)) else None,
            end_s=self._end_s() if regular else None,
            choice=said(self._container, self.video),
            timed=timed,
            playlist=self.is_playlist,
        )

    def _ends(self, address: str) -> bool:
        """Whether a server's stream is a film: it has an end and comes as fast as it is asked for.

        A duration proves nothing: recorders, simulators and looped files name one over RTSP, too.
        """
        if not may_be_file(address) or self._container.format.name == _MULTIPART_FORMAT:
            return False
        if self.is_playlist:
            return bool(self._container.duration)
        # Negative where the server does not say (an errno of FFmpeg's avio_size).
        return self._container.size > 0

    def _end_s(self) -> float | None:
        """Where the container says that its pictures end, in stream time."""
        container, video = self._container, self.video
        if "matroska" in container.format.name:  # times from zero, whatever comes first
            named = clock_s(video.metadata.get("DURATION", ""))
            return named or (container.duration / av.time_base if container.duration else None)
        if video.duration and video.time_base:
            length_s = video.duration * video.time_base
            if container.format.name == "avi" and video.average_rate:  # where cut off, it tells what there is
                length_s = max(length_s, video.frames / video.average_rate)
            return float((video.start_time or 0) * video.time_base + length_s)
        if container.duration:
            return ((container.start_time or 0) + container.duration) / av.time_base
        return None

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield packets of the chosen streams; raises SourceError when reading fails or one is encrypted."""
        return self._guard.until_closed(self._read())

    def _read(self) -> Iterator[Packet[Stream]]:
        streams: list[Stream] = [self.video] if self.audio is None else [self.video, self.audio]
        try:
            with _mapped(self._name, live=self._live):
                for packet in demuxed(self._container, streams):
                    if packet.stream_index == self.video.index and is_encrypted(packet):
                        raise self._encrypted(ENCRYPTED)
                    yield packet
        except SourceError as error:
            error.stalled = isinstance(error.__cause__, av.error.ExitError | TimeoutError)
            raise

    def close(self) -> None:
        """Close the container; a thread that reads it closes it once it has its packet."""
        self._guard.close()

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
        self.warning = source.warning
        self._guard = ReadGuard(source.close)

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield each packet when its decoding time has come, counted from the first one's."""
        return self._guard.until_closed(self._paced())

    def _paced(self) -> Iterator[Packet[Stream]]:
        offset_s: float | None = None
        for packet in self._source.packets():
            if packet.dts is not None:
                due_s = float(packet.dts * packet.time_base)
                now_s = time.monotonic()
                if offset_s is None:
                    offset_s = now_s - due_s
                self._guard.closed.wait(max(0.0, min(due_s + offset_s - now_s, READ_TIMEOUT_S)))
            yield packet

    def close(self) -> None:
        """Close the other source, at once even while a packet's time is waited for."""
        self._guard.close()


def _options(address: str, transport: str) -> dict[str, str]:
    """What FFmpeg must be told so that watching begins soon after opening."""
    if scheme(address) in {"rtsp", "rtsps"}:
        # Two frames tell the rate well enough; FFmpeg would wait for twenty.
        return {"rtsp_transport": transport, "fpsprobesize": "2"}
    if scheme(address) in {"http", "https"}:  # of which any may be a playlist
        # The newest segment, not the third newest; segments may be called as cameras like to.
        return {"live_start_index": "-1", "extension_picky": "0"}
    return {}


def _open(address: str, transport: str) -> InputContainer:
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
def _mapped(name: str, *, live: bool) -> Iterator[None]:
    """Turn PyAV's errors into SourceError; their own text may hold the password."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        reason, final = _explain(error, live=live)
        raise SourceError(name, reason, retryable=live and not final) from error


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


def _recorded_utc(path: Path, metadata: dict[str, Any], duration_s: float | None) -> datetime:
    try:
        recorded = datetime.fromisoformat(str(metadata["creation_time"]))
    except (KeyError, ValueError):
        recorded = None
    if recorded is not None and recorded.year in _CREDIBLE_YEARS:
        return recorded if recorded.tzinfo else recorded.replace(tzinfo=UTC)
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return changed - timedelta(seconds=min(duration_s or 0.0, _MAX_DURATION_S))
