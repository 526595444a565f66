"""An MP4 file of still pictures with chapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from stream.media.edit.segment import Joined, Place, mark_chapters
from stream.media.file import MediaError, as_media_errors, demux_with_flush, muxing
from stream.media.track import add_copy, copied
from stream.picture.colour import BLACK_YUV, assumed_matrix, name_colours
from stream.picture.display import Size
from stream.picture.render import Rgb


@dataclass(frozen=True, slots=True)
class Slides:
    """A chapter of pictures of shape (height, width, 3), RGB, uint8; taken one by one, at least one."""

    title: str
    pictures: Iterable[Rgb]


def slideshow(chapters: Sequence[Slides], out_path: Path, *, hold_s: float = 0.4, title: str = "") -> Joined:
    """Show each picture for ``hold_s``, the last one too; H.264 yuv420p in a faststart MP4.

    The file has the first picture's size, made even; others are fitted into it with black bars. A place's
    ``start_s`` counts from its chapter's own start: it is 0.

    Args:
        chapters: what to show.
        out_path: replaced when the file is complete; an incomplete one is removed.
        hold_s: how long each picture is shown.
        title: the file's title in its metadata.

    Raises MediaError where a chapter has no picture or writing fails, DiskFullError where the disk is
    full.
    """
    counts: list[int] = []
    fps = Fraction(1 / hold_s).limit_denominator(65535)
    with as_media_errors(f"cannot write {out_path}"), _temporary(out_path) as slides:
        _encode(_fitted(_counted(chapters, counts)), slides, fps)
        if not counts or 0 in counts:
            raise MediaError(f"cannot write {out_path}: a chapter without pictures")
        places = _places(counts, 1 / fps)
        slides.seek(0)
        _finish(slides, out_path, places, [chapter.title for chapter in chapters], title)
    return Joined("encode", places)


def _temporary(out_path: Path) -> BinaryIO:
    """Open a file without a name on the disk of the result."""
    return cast("BinaryIO", TemporaryFile(dir=out_path.parent))


def _counted(chapters: Iterable[Slides], counts: list[int]) -> Iterator[Rgb]:
    for chapter in chapters:
        counts.append(0)
        for picture in chapter.pictures:
            counts[-1] += 1
            yield picture


def _places(counts: list[int], step_s: Fraction) -> tuple[Place, ...]:
    places, begin = [], 0
    for count in counts:
        end = begin + count
        places.append(Place(0.0, float(count * step_s), float(begin * step_s), float(end * step_s)))
        begin = end
    return tuple(places)


def _fitted(pictures: Iterable[Rgb]) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures as yuv444p of shape (3, height, width), all of the first one's size."""
    box: Size | None = None
    for picture in pictures:
        size = Size(picture.shape[1], picture.shape[0])
        box = box or size.even()
        shown = size.within(box)
        planes = VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24").reformat(
            width=shown.width,
            height=shown.height,
            format="yuv444p",
            dst_colorspace=assumed_matrix(box.height),  # _finish names it
            interpolation="AREA",
        )
        boxed = np.empty((3, box.height, box.width), np.uint8)
        boxed[:] = np.array(BLACK_YUV, np.uint8)[:, None, None]
        top, left = (box.height - shown.height) // 2, (box.width - shown.width) // 2
        boxed[:, top : top + shown.height, left : left + shown.width] = planes.to_ndarray()
        yield boxed


def _encode(pictures: Iterator[NDArray[np.uint8]], file: BinaryIO, fps: Fraction) -> None:
    import imageio.v3 as iio  # noqa: PLC0415 - heavy, and only a slideshow needs it

    first = next(pictures, None)
    if first is None:
        return
    with iio.imopen(file, "w", plugin="pyav", extension=".mp4", container="mp4") as writer:
        writer.init_video_stream("libx264", fps=float(fps), pixel_format="yuv420p")
        writer.write_frame(first, pixel_format="yuv444p")
        for picture in pictures:
            writer.write_frame(picture, pixel_format="yuv444p")


def _finish(
    slides: BinaryIO, out_path: Path, places: Sequence[Place], titles: Sequence[str], title: str
) -> None:
    """Copy the video into a faststart file with chapters."""
    with av.open(slides, "r") as source, muxing(out_path) as out:
        out.metadata.update({"title": title} if title else {})
        video = source.streams.video[0]
        track = add_copy(out, video)
        name_colours(track.codec_context, assumed_matrix(video.height))
        for packet in demux_with_flush(source, [video]):
            if packet.pts is not None and packet.dts is not None:
                stamps = {"pts": packet.pts, "dts": packet.dts, "duration": packet.duration or 0}
                out.mux(copied(packet, track, **stamps, tick_s=packet.time_base))
        mark_chapters(out, places, titles)
