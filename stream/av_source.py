"""A source that PyAV opens: a file, a stream, a device or a synthetic camera."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.stream import VideoStream

from stream.address import (
    SYNTHETIC,
    is_live,
    is_stored,
    local_path,
    may_be_file,
    redact,
    scheme,
    with_encoded_credentials,
)
from stream.codec.encryption import (
    ENCRYPTED,
    KEY_MISSING,
    is_declared,
    is_encrypted,
    is_refused,
    is_refused_file,
    needs_key,
)
from stream.container import as_source_errors, open_container, open_object
from stream.demux import demuxed, read_ahead
from stream.media.track import holds_video
from stream.objects.file import ObjectFile
from stream.read_guard import ReadGuard
from stream.source import SourceError, SourceFault, SourceInfo
from stream.tracks.choice import choice_line, choose_audio, choose_video, clock_s, video_tracks

# Containers with an index of their own: any place can be found again without reading up to it.
_INDEXED_FORMATS = frozenset({"mov", "mp4", "matroska", "webm", "avi"})
# And these have none, but a time is found by searching for its timestamp.
_SEARCHED_FORMATS = frozenset({"mpegts"})
# FFmpeg decodes any text file as the screen of a terminal.
_NOT_VIDEO_FORMATS = frozenset({"tty"})
# Playlists: they have a duration only when they are complete.
_PLAYLIST_FORMATS = frozenset({"hls", "dash"})
# JPEG after JPEG in one response: endless, whatever length the server states.
_MULTIPART_FORMAT = "mpjpeg"
# JPEG after JPEG, with anything in between: each is found by its first bytes.
_JPEGS_FORMAT = "mjpeg"
# Demuxers of single pictures; FFmpeg chooses the first by the ending of the address.
_PICTURE_FORMATS = frozenset({"image2", "jpeg_pipe", "png_pipe"})
# Addresses that can be read once more without taking the stream from someone else.
_READ_AGAIN = frozenset({"http", "https", "udp"})
_NO_TIMESTAMPS = 0x0080  # AVFMT_NOTIMESTAMPS, libavformat/avformat.h
# Time base of a live stream without timestamps: its own, 1/25 s, is too coarse for arrival times.
_FINE_TICK = Fraction(1, 90_000)
# Other years come from a clock that was never set, or from damage.
_CREDIBLE_YEARS = range(1980, 2200)
# Video that ends so long before its playlist is not complete.
_MISSING_S = 1.0
_MAX_DURATION_S = 366 * 86_400.0


class AvSource:
    """A PacketSource over whatever PyAV opens: files, streams, devices and synthetic cameras."""

    warning: str | None = None

    def __init__(self, address: str, *, transport: str = "tcp", as_jpegs: bool = False) -> None:
        """Open the address; raises SourceError.

        ``transport`` is that of RTSP: ``tcp`` or ``udp``. With ``as_jpegs`` a server's endless response is
        searched for JPEG pictures, whatever stands between them.
        """
        self._name = redact(address)
        self._live = is_live(address)
        if self._live:
            address = with_encoded_credentials(address)
        self._address = address
        self._as_jpegs = as_jpegs
        self._object = ObjectFile(address) if is_stored(address) else None
        try:
            self._container = self._opened(transport)
        except SourceError as error:
            try:
                raise self._encrypted_or(error, address) from error
            finally:
                if self._object is not None:
                    self._object.close()
        path = local_path(address)
        self._is_file = self._object is not None or (path is not None and path.is_file())
        try:
            self.video, self.audio = self._choose_streams()
            if self.is_playlist:  # streams of other variants are not even fetched
                for stream in self._container.streams:
                    stream.discard = Discard.default if stream in {self.video, self.audio} else Discard.all
            self.info = self._describe(address)
        except SourceError as error:
            self._release()
            raise self._encrypted_or(error, address, answers=True) from error
        except BaseException:
            self._release()
            raise
        self._guard = ReadGuard(self._release)

    def _release(self) -> None:
        self._container.close()  # the one that is open then
        if self._object is not None:
            self._object.close()

    def _opened(self, transport: str) -> InputContainer:
        with as_source_errors(self._name, live=self._live, file=self._object):
            if self._object is not None:
                return open_object(self._object)
            return open_container(self._address, transport, _JPEGS_FORMAT if self._as_jpegs else None)

    def _encrypted(self, reason: str, *, retryable: bool = False) -> SourceError:
        return SourceError(self._name, reason, fault=SourceFault.UNREADABLE, retryable=retryable)

    def _encrypted_or(self, error: SourceError, address: str, *, answers: bool = False) -> SourceError:
        """Return the error of an encrypted source where it is one, else ``error``.

        ``answers``: a container was opened, so that a server may be asked once more.
        """
        invalid = isinstance(error.__cause__, av.error.InvalidDataError | None)
        again = scheme(address) in _READ_AGAIN and (answers or (invalid and may_be_file(address)))
        if (again or local_path(address) is not None) and is_refused(address):
            return self._encrypted(ENCRYPTED)
        if self._object is not None and invalid and is_refused_file(self._object):
            return self._encrypted(ENCRYPTED)
        if self._is_keyed(address):
            # The key server may only be down.
            return self._encrypted(KEY_MISSING, retryable=self._live)
        return error

    def _is_keyed(self, address: str) -> bool:
        return ".m3u8" in address.partition("?")[0] and needs_key(str(local_path(address) or address))

    @property
    def is_playlist(self) -> bool:
        """Whether the address names a playlist of segments."""
        return self._container.format.name in _PLAYLIST_FORMATS

    @property
    def serves_pictures(self) -> bool:
        """Whether a server has answered with a single picture, whose size may be unknown."""
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
        return video, choose_audio(self._container, video)

    def _describe(self, address: str) -> SourceInfo:
        context = self.video.codec_context
        indexed = not _INDEXED_FORMATS.isdisjoint(self._container.format.name.split(","))
        path = local_path(address)
        duration = self._container.duration
        lasts_s = _synthetic_s(address)
        duration_s = duration / av.time_base if duration and self._is_file else lasts_s
        rate = self.video.average_rate or self.video.guessed_rate
        live = self._live and not self._ends(address)
        timed = not self._container.format.flags & _NO_TIMESTAMPS
        if live and not timed:
            rate = None  # the demuxer's is only a default
            self.video.time_base = min(self.video.time_base or _FINE_TICK, _FINE_TICK)
        return SourceInfo(
            address=self._name,
            codec=context.name,
            width_px=context.width,
            height_px=context.height,
            fps=float(rate) if rate else None,
            duration_s=duration_s,
            start_utc=self._recorded_utc(duration_s) if self._is_file else datetime.now(UTC),
            live=live,
            # Video that MP4 cannot hold (GIF, Windows Media) is read from the file itself, if slowly. An
            # object is read but once: its clips are cut from what was read.
            file=path if path and self._is_file and (indexed or not holds_video(self.video)) else None,
            end_s=self._end_s() if self._is_file else None,
            choice=choice_line(self._container, self.video),
            timed=timed,
            playlist=self.is_playlist,
            endless=scheme(address) == SYNTHETIC and lasts_s is None,
        )

    def _ends(self, address: str) -> bool:
        """Whether a server serves a file: it has an end and comes as fast as it is read.

        A duration is no proof: recorders, simulators and looped files state one over RTSP, too.
        """
        multipart = self._as_jpegs or self._container.format.name == _MULTIPART_FORMAT
        if multipart or not may_be_file(address):
            return False
        if self.is_playlist:
            return bool(self._container.duration)
        # Negative where the server states none (an errno of FFmpeg's avio_size).
        return self._container.size > 0

    def _recorded_utc(self, duration_s: float | None) -> datetime:
        """When the file says that it begins, or else the time of its last change less its duration."""
        if created_utc := _created_utc(self._container.metadata):
            return created_utc
        path = local_path(self._address)
        if self._object is not None:
            changed_utc = self._object.changed_utc
        else:
            changed_utc = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else datetime.now(UTC)
        return changed_utc - timedelta(seconds=min(duration_s or 0.0, _MAX_DURATION_S))

    def _end_s(self) -> float | None:
        """The stream time at which the video ends, as the container states."""
        container, video = self._container, self.video
        if "matroska" in container.format.name:  # from zero, whatever its first timestamp
            named = clock_s(video.metadata.get("DURATION", ""))
            return named or (container.duration / av.time_base if container.duration else None)
        if video.duration and video.time_base:
            length_s = video.duration * video.time_base
            if (
                container.format.name == "avi" and video.average_rate
            ):  # of a file that was cut off, the frames that exist
                length_s = max(length_s, video.frames / video.average_rate)
            return float((video.start_time or 0) * video.time_base + length_s)
        if container.duration:
            return ((container.start_time or 0) + container.duration) / av.time_base
        return None

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield packets of the chosen streams; raises SourceError when reading fails or one is encrypted."""
        packets = self._read()
        return self._guard.until_closed(read_ahead(packets) if self._is_file else packets)

    def _read(self) -> Iterator[Packet[Stream]]:
        streams: list[Stream] = [self.video] if self.audio is None else [self.video, self.audio]
        reached = -math.inf  # in ticks
        with as_source_errors(self._name, live=self._live, reading=True, file=self._object):
            for packet in demuxed(self._container, streams):
                if packet.stream_index == self.video.index:
                    if is_encrypted(packet):
                        raise self._encrypted(ENCRYPTED)
                    if packet.pts is not None and packet.pts > reached:
                        reached = packet.pts
                yield packet
        # FFmpeg leaves out what it cannot decrypt.
        tick_s = float(self.video.time_base or Fraction(1, av.time_base))
        incomplete = self.info.end_s is not None and self.info.end_s - reached * tick_s > _MISSING_S
        if incomplete and self.is_playlist and self._is_keyed(self._address):
            self.warning = f"a part of it is {KEY_MISSING}"

    @property
    def seeks(self) -> bool:
        """Whether it is a file in which a time can be found without reading up to it."""
        formats = set(self._container.format.name.split(","))
        return self._is_file and bool(formats & (_SEARCHED_FORMATS | _INDEXED_FORMATS))

    def seek(self, stream_s: float) -> bool:
        """Have ``packets`` begin with a key packet at or before a stream time; returns whether that worked.

        To be called before anything is decoded.
        """
        try:
            ticks = math.floor(Fraction(stream_s) / (self.video.time_base or Fraction(1, av.time_base)))
            with as_source_errors(self._name, live=False, file=self._object):
                self._container.seek(ticks, stream=self.video)
        except SourceError:
            if self._object is not None:
                self._object.check()
            return False
        return True

    def rewind(self) -> None:
        """Have ``packets`` begin with the first one again: the file is opened anew. Raises SourceError.

        Its streams are new ones. Seeking to the start fails where the index begins later.
        """
        self._container.close()
        self._container = self._opened("tcp")
        self.video, self.audio = self._choose_streams()

    def close(self) -> None:
        """Close the container; a thread that reads it closes it once it has its packet."""
        self._guard.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _synthetic_s(address: str) -> float | None:
    """Return after how many seconds a synthetic camera ends; None where it never does, or is none."""
    if scheme(address) != SYNTHETIC:
        return None
    from synthetic import parse_address  # noqa: PLC0415  # real cameras need none

    return parse_address(address).duration_s


def _created_utc(metadata: dict[str, Any]) -> datetime | None:
    try:
        created = datetime.fromisoformat(str(metadata["creation_time"]))
    except (KeyError, ValueError):
        return None
    if created.year not in _CREDIBLE_YEARS:
        return None
    return created if created.tzinfo else created.replace(tzinfo=UTC)
