"""``recap``: one reel of whole files, with its story and report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.describe.moment import Moment
from analyzer.reel.compile import MAX_EMBEDDED_BYTES
from analyzer.reel.manifest import POSTER, VIDEO
from analyzer.reel.records import Gap, Reel, Span
from analyzer.reel.settings import ExportFormat, Style
from analyzer.report.page import report
from analyzer.report.thumbnail import data_uri
from base.temporary import TemporaryFolder
from livereel.api.conversation import Conversation, Recorder
from livereel.api.describers import DescribeBy, models_for_call, shared_loop
from livereel.api.html import page, video
from livereel.api.options import Area, Configured, Section, one_or_more, read_options
from livereel.api.plot import figure
from livereel.api.progress import shown_progress
from livereel.api.records import SeenWindow, frame
from livereel.api.transcript import Transcript, transcript
from livereel.camera.names import name_cameras
from livereel.config.options import Options
from livereel.config.schema import UsageError
from livereel.errors import explained
from livereel.once.files import expanded
from livereel.once.progress import ShowProgress
from livereel.once.recap import MadeRecap, make_recap
from livereel.once.request import MIN_LENGTH_S, RecapRequest
from stream.address import is_shortened, is_stored

if TYPE_CHECKING:
    from IPython.display import HTML
    from pandas import DataFrame
    from plotly.graph_objects import Figure

    from sinks.objectstore.upload import Upload


@dataclass(frozen=True, slots=True)
class Recap:
    """A reel of files, and what it was made from.

    Attributes:
        reel: the reel; ``reel.folder`` holds its files.
        windows: how each window was seen and ended, in order.
        gaps: time that was not observed.
        conversation: what was asked and answered.
        warnings: what the user should know, a line each.
    """

    reel: Reel
    windows: tuple[SeenWindow, ...]
    gaps: tuple[Gap, ...]
    conversation: Conversation
    warnings: tuple[str, ...]
    _media_time: bool = field(repr=False, default=True)
    _complete: str | None = field(repr=False, default=None)
    _keeps: object = field(repr=False, compare=False, default=None)

    @property
    def folder(self) -> Path:
        """Where the reel, its report and its pictures are on this machine.

        A temporary one is removed with this record; what goes to an object store is made in such a one.
        """
        return self.reel.folder

    @property
    def video(self) -> Path:
        """The reel's video."""
        return self.folder / VIDEO

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The descriptions, in order."""
        return tuple(window.moment for window in self.windows if window.moment)

    @property
    def transcript(self) -> Transcript:
        """What was described, in the order of time, and what of it is in the reel."""
        return transcript(self.windows, self.reel, media_time=self._media_time)

    def plot(self) -> Figure:
        """Draw the signal with threshold and peaks (blue crosses), and the sound where there is any."""
        windows = [window.window for window in self.windows]
        return figure(windows, media_time=self._media_time, title=self.reel.title)

    def show(self, *, width_px: int = 640) -> HTML:
        """Return a player with the reel in it, for a notebook; raises LivereelError above 50 MB."""
        with explained():
            return video(self.video, width_px=width_px, poster=self.folder / POSTER)

    def to_frame(self) -> DataFrame:
        """Return a pandas table: a row for each window, and which are in the reel."""
        shown = {chapter.moment.window.id for chapter in self.reel.chapters}
        return frame(self.rows(shown))

    def rows(self, shown: set[str]) -> list[dict[str, Any]]:
        """Return the rows of the table; ``shown`` are the ids of the reel's windows."""
        return [{**window.row(), "chosen": window.id in shown} for window in self.windows]

    def report(self) -> str:
        """Return the reel's report as an HTML page that holds its video, up to 50 MB."""
        held = self.reel.bytes <= MAX_EMBEDDED_BYTES
        with explained():
            return report(
                self.reel,
                [window.window for window in self.windows],
                poster=(self.folder / POSTER).read_bytes(),
                media_time=self._media_time,
                video_src=data_uri(self.video.read_bytes(), "video/mp4") if held else VIDEO,
                complete=self._complete,
            )

    def __repr__(self) -> str:
        length = f"{len(self.reel.chapters)} chapters, {self.reel.duration_s:.1f} s"
        return f"<Recap {self.reel.title!r}: {length}, {self.folder}>"

    def _repr_html_(self) -> str:
        return page(self.report())


def recap(
    source: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    describe: DescribeBy | None = None,
    prompt: str | None = None,
    model: str | None = None,
    base_url: str | None = None,
    profile: str | None = None,
    length_s: float | None = None,
    chapters: int | None = None,
    from_s: float = 0.0,
    to_s: float | None = None,
    style: Style | None = None,
    stamp: bool = False,
    single_file: bool = False,
    export: Sequence[ExportFormat | str] = (),
    window_s: float | None = None,
    motion: Section | None = None,
    peaks: Section | None = None,
    sound: Section | None = None,
    reel: Section | None = None,
    regions: Sequence[Area] = (),
    ignore: Sequence[Area] = (),
    config: Configured = None,
    progress: bool | ShowProgress = True,
) -> Recap:
    """Make one reel of a file, of several in order, or of a live source until it is interrupted.

    Args:
        source: a file, a pattern such as ``half*.mp4``, several of them, or one address.
        out: the reel's new folder, or one of an object store (``s3://bucket/reels/match``), where it is
            written when it is complete, its manifest last; None for a temporary one.
        describe: what describes: ``"builtin"``, ``"vllm"`` or ``"openai"``; options of ``describe`` in the
            configuration; a model of ``load_model``; a Describer; or an async function, which takes a
            SeenWindow and returns a text, or title, text, importance (0 to 10) and tags by name. Functions
            run in a loop of livereel's own, the same for all calls.
        prompt: what a model looks for and what importance means, in place of a profile's text.
        model: its name or folder.
        base_url: its server, up to and with ``/v1``.
        profile: what matters: one of the profiles of the configuration.
        length_s: how long the reel may be, in seconds; 90, of files at most a quarter.
        chapters: how many chapters it has.
        from_s, to_s: the part of the files that counts, in seconds.
        style: ``clips``, or ``keyframes`` for a slideshow.
        stamp: name and time are written into the picture.
        single_file: report.html holds the video.
        export: for editors, too: ``otio``, ``edl``, ``csv``, ``zip``.
        window_s: length of a window, in seconds.
        motion, peaks, sound, reel: options of these sections of the configuration.
        regions, ignore: look only there, never there; pixels of the picture as shown.
        config: a configuration, or its file.
        progress: whether a bar is shown; or a way of one's own to show it.

    Raises LivereelError. An interrupt leaves nothing behind.
    """
    with explained():
        sections = {
            "window_s": window_s,
            "motion": motion,
            "peaks": peaks,
            "sound": sound,
            "reel": reel,
            "describe": named(describe, model=model, base_url=base_url, profile=profile),
        }
        options = read_options(config, sections, regions=regions, ignore=ignore)
        options = options.with_style(style).with_reel(_length(length_s), chapters, stamp=stamp)
        options = replace(options, exports=tuple(map(_format, export)))
        span = Span(from_s, math.inf if to_s is None else to_s)
        if span.end_s <= span.start_s or span.start_s < 0:
            raise UsageError(f"to_s is {to_s}: it must be later than from_s, {from_s:g}")
        place = _place(out)
        request = RecapRequest(one_or_more(source), place.folder, span, length_s, single_file)
        made = _made(request, options, describe, prompt, place.keeps, progress=progress)
        if place.upload is not None:
            place.upload.send()
        return made


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reel is made, what holds that folder, and how it gets to an object store."""

    folder: Path
    keeps: object = None
    upload: Upload | None = None


def address_of(out: str | Path) -> str:
    """Return a folder, of this machine or of an object store, as text. Raises UsageError."""
    if is_shortened(str(out)):
        raise UsageError(f"out: {out}: give the address as a text, as a Path takes a slash away")
    return str(out)


def _place(out: str | Path | None) -> _Place:
    if out is None:
        temporary = TemporaryFolder()
        return _Place(temporary.path / "reel", temporary)
    if not is_stored(address_of(out)):
        return _Place(Path(out))
    from sinks.objectstore.upload import Upload  # noqa: PLC0415  # for who wants it

    upload = Upload(str(out))
    return _Place(upload.folder, upload, upload)


def _made(
    request: RecapRequest,
    options: Options,
    describe: DescribeBy | None,
    prompt: str | None,
    keeps: object,
    *,
    progress: bool | ShowProgress,
) -> Recap:
    cameras = name_cameras(expanded(request.sources))
    recorder = Recorder()
    call = models_for_call(options, describe, prompt, cameras, recorder)
    loop = shared_loop()
    try:
        show = shown_progress(show=progress)
        made = make_recap(request, cameras, call.options, call.models, loop=loop, progress=show)
    finally:
        loop.run(call.models.close())
    return _recap(made, recorder, keeps)


def _recap(made: MadeRecap, recorder: Recorder, keeps: object) -> Recap:
    windows = tuple(SeenWindow(it.window, it.outcome, it.moment, it.error, keeps) for it in made.ended)
    return Recap(
        reel=made.reel,
        windows=windows,
        gaps=made.gaps,
        conversation=recorder.conversation(windows, made.reel),
        warnings=made.warnings,
        _media_time=made.media_time,
        _complete=made.complete,
        _keeps=keeps,
    )


def named(describe: DescribeBy | None, **options: str | None) -> Section | None:
    """Return the options of ``describe`` that are named, by kind or one by one."""
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(describe, str):
        given["kind"] = describe
    section = {**describe, **given} if isinstance(describe, dict) else given
    return section or None


def _length(length_s: float | None) -> float | None:
    if length_s is not None and length_s < MIN_LENGTH_S:
        raise UsageError(f"length_s is {length_s:g}: a reel lasts at least {MIN_LENGTH_S:g} s")
    return length_s


def _format(name: ExportFormat | str) -> ExportFormat:
    try:
        return ExportFormat(name)
    except ValueError:
        known = ", ".join(kind.value for kind in ExportFormat)
        raise UsageError(f"export: no format {name!r}; there are {known}") from None


def show(reel: Reel | str | Path, *, width_px: int = 640) -> HTML:
    """Return a player for a reel of ``watch``, or another video; raises LivereelError above 50 MB."""
    with explained():
        if isinstance(reel, Reel):
            return video(reel.folder / VIDEO, width_px=width_px, poster=reel.folder / POSTER)
        return video(Path(reel), width_px=width_px)
