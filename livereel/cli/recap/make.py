"""Watch the sources of a recap, plan the reel and compile it."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzer.describe.describer import DescribeError, Describer
from analyzer.describe.moment import Moment
from analyzer.reel.compile import MAX_EMBEDDED_BYTES, ReelPlan, compile_reel, summary
from analyzer.reel.export.formats import export
from analyzer.reel.records import Gap, Reel, ReelError, Span
from analyzer.reel.settings import ExportFormat, ReelSettings
from analyzer.report.axis import Axis
from analyzer.report.page import report
from analyzer.signal.window import Window
from base.atomic import atomic_folder, write_text
from base.clock import utc_after
from base.local_time import length_text
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips, FileClips
from livereel.camera.names import name_cameras
from livereel.cli.interrupt import arrivals, ended_by_ctrl_c
from livereel.cli.progress import progress
from livereel.cli.recap.describe import EndedWindow, Listen, as_it_is, describe_all, in_thread
from livereel.cli.recap.files import expanded, open_in_order, placed
from livereel.cli.recap.listen import Listener
from livereel.cli.recap.request import WHOLE, RecapRequest
from livereel.config.describers import LanguageModels, make_language_models
from livereel.config.options import Options
from livereel.config.schema import Config
from livereel.reels.plan import Planner, ReelPeriod
from sinks.serialize import window_row
from stream.part import FilePart
from stream.source import PacketSource

log = logging.getLogger(__name__)

WINDOWS = "windows.jsonl"
SCRATCH = "clips"
# A reel of a file lasts at most so much of it, though long enough to show one event whole.
FILE_SHARE = 0.25


@dataclass(slots=True)
class RecapResult:
    """What a run has seen, in order."""

    ended: list[EndedWindow] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def take(self, item: EndedWindow | Gap) -> None:
        """Add a window's end or a gap."""
        if isinstance(item, Gap):
            self.gaps.append(item)
        else:
            self.ended.append(item)

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows, in order."""
        return tuple(it.window for it in self.ended)

    @property
    def moments(self) -> list[Moment]:
        """The moments that can be shown, in order."""
        return [it.moment for it in self.ended if it.moment and it.window.clip]

    def period(self) -> ReelPeriod:
        """Return all of it as what a reel is planned from; raises ReelError where there is no window."""
        if not self.ended:
            raise ReelError("nothing was seen: there is no moment to make a reel of")
        last = self.windows[-1]
        ends = [utc_after(last.start_utc, last.end_s - last.start_s), *(gap.end_utc for gap in self.gaps)]
        return ReelPeriod(
            cameras=tuple(dict.fromkeys(window.camera for window in self.windows)),
            start_utc=min([self.windows[0].start_utc, *(gap.start_utc for gap in self.gaps)]),
            end_utc=max(ends),
            windows=self.windows,
            moments=tuple(self.moments),
            gaps=tuple(self.gaps),
        )

    def _when(self, gap: Gap) -> str:
        """Say when a gap was, in the time of its file, which is named where there are several."""
        axis = Axis.of(self.windows, self.gaps, media_time=True)
        ends = (axis.wall(gap.camera, at_utc) for at_utc in (gap.start_utc, gap.end_utc))
        name = f" in {gap.camera}" if len({window.camera for window in self.windows}) > 1 else ""
        return f"{' to '.join(map(axis.label, ends))}{name}"

    def warnings(self) -> list[str]:
        """What the user should know of it, a line each."""
        gaps = [gap for gap in self.gaps if not gap.is_short]
        lines = [f"not observed: {self._when(gap)} ({gap.reason})" for gap in gaps]
        failed = [it.error for it in self.ended if it.error]
        if failed:
            have = "window has" if len(failed) == 1 else "windows have"
            lines.append(f"{len(failed)} {have} no description: {failed[0]}")
        return lines


def recap(request: RecapRequest, options: Options) -> None:
    """Make one reel of whole files, or of a live source until Ctrl-C, in the new folder ``request.out``.

    This is the one place that wires a recap: ``livereel.app``, which wires all else, loads the ledger.
    Prints where the reel is.

    The folder appears complete or not at all. Raises DescribeError before a source is opened when the model
    does not answer; SourceError, ReelError, MediaError, ConfigError or OSError.
    """
    cameras = name_cameras(expanded(request.sources))
    models = make_language_models(options.config, cameras)
    planner = Planner.of(options.config.reel, models)
    # One loop for all that is asynchronous. The reel is made outside: it could not be interrupted there.
    with asyncio.Runner() as loop, ExitStack() as stack:
        try:
            loop.run(_try(models))
            sources = open_in_order(cameras, request.span, stack)
            with atomic_folder(request.out) as folder, _threads_ended(loop):
                seen = RecapResult()
                captures = [_capture(name, source, folder, options) for name, source in sources]
                for capture, (_, source) in zip(captures, sources, strict=True):
                    with ended_by_ctrl_c(source):
                        loop.run(_watch(seen, capture, source, models, options))
                failure = next((capture.clip_failure for capture in captures if capture.clip_failure), None)
                if failure and not seen.moments:
                    raise failure
                _write_windows(seen, folder)
                plan, settings = loop.run(_plan(seen, sources[0][1], options, planner))
                plan = replace(plan, complete=_complete(request.span, [source for _, source in sources]))
                _print_notes(captures, seen)  # also where nothing happened: another track may hold it
                reel = _compile(plan, folder, settings, options.exports, embed=request.single_file)
        finally:
            loop.run(models.close())
    if request.single_file and reel.bytes > MAX_EMBEDDED_BYTES:
        sys.stderr.write(f"livereel: warning: {_too_large(reel)}\n")
    sys.stdout.write(summary(reel, request.out))


def _too_large(reel: Reel) -> str:
    """Say why a report does not hold its video."""
    size, most = (f"{count / 1e6:.0f} MB" for count in (reel.bytes, MAX_EMBEDDED_BYTES))
    return f"report.html plays the reel.mp4 next to it: {size} are more than the {most} that a page may hold"


def _print_notes(captures: Sequence[Capture], seen: RecapResult) -> None:
    """Write what the user should know of the sources and the run, a line each."""
    for capture in captures:
        for flicker in capture.flickers:
            log.info("%s", flicker)
    warnings = [line for capture in captures for line in capture.warnings()]
    for warning in [*warnings, *seen.warnings()]:
        log.warning("%s", warning)


@contextmanager
def _threads_ended(loop: asyncio.Runner) -> Iterator[None]:
    """Whatever ends the block early, wait for the threads: what they read and write is about to go.

    A second Ctrl-C, or a ``timeout`` that signals the whole group, interrupts the loop's own wait.
    """
    try:
        yield
    except BaseException:
        loop.run(loop.get_loop().shutdown_default_executor())
        raise


def _complete(span: Span, sources: Sequence[PacketSource]) -> str | None:
    """Say that all was read, of what was asked for; None for the usual words."""
    if sources[0].info.live:
        return "Nothing: every second was observed."
    if span == WHOLE:
        return None if len(sources) == 1 else f"All {len(sources)} files were read."
    ends = "the end" if math.isinf(span.end_s) else length_text(span.end_s)
    return f"All from {length_text(span.start_s)} to {ends} was read."


async def _try(models: LanguageModels) -> None:
    if models.probe is not None:
        await models.probe()
    if models.transcriber is not None:
        try:
            await models.transcriber.probe()
        except DescribeError as error:  # a reel without what was said is better than none
            log.warning("speech stays without text while this lasts: %s", error)


def _compile(
    plan: ReelPlan, folder: Path, settings: ReelSettings, exports: Sequence[ExportFormat], *, embed: bool
) -> Reel:
    with progress("making the reel") as advance:
        reel = compile_reel(plan, folder, settings, report, embed=embed, on_progress=advance)
        for kind in exports:
            export(reel, kind, folder / kind.file_name)
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    return reel


def _capture(name: str, source: PacketSource, folder: Path, options: Options) -> Capture:
    """Return what watches a source.

    A file with an index is its own clip; of anything else the clips are kept until the reel is made.
    """
    file, window_s = source.info.file, options.config.window_s
    clips = FileClips(file.absolute()) if file else BufferClips(source, folder / SCRATCH, window_s)
    return Capture(
        source,
        name,
        options.windows(pictures=True),
        clips,
        folder / "keyframes",
        arrivals=arrivals(source),
        wanted=source.holds if isinstance(source, FilePart) else None,
    )


async def _watch(
    seen: RecapResult, capture: Capture, source: PacketSource, models: LanguageModels, options: Options
) -> None:
    config = options.config
    if models.transcriber is None:
        await _describe(seen, capture, source, models.describer, config)
        return
    listener = Listener(models.transcriber, config.transcribe)
    known = len(seen.ended)
    try:
        await _describe(seen, capture, source, models.describer, config, listen=listener.listen)
        with progress("listening", known=False):
            for number in range(known, len(seen.ended)):
                seen.ended[number] = await listener.finish(seen.ended[number])
    finally:
        await listener.close()
    if warning := listener.warning():
        log.warning("%s", warning)


async def _describe(
    seen: RecapResult,
    capture: Capture,
    source: PacketSource,
    describer: Describer,
    config: Config,
    *,
    listen: Listen = as_it_is,
) -> None:
    duration_s = source.info.duration_s
    with progress("watching", known=duration_s is not None) as advance:
        begin_s = source.offset_s if isinstance(source, FilePart) else 0.0

        def take(item: EndedWindow | Gap) -> None:
            seen.take(item)
            if isinstance(item, EndedWindow):
                advance((item.window.end_s - begin_s) / duration_s if duration_s else 0.0)

        windows = in_thread(placed(capture.windows(), source))
        await describe_all(windows, describer, config.describe.at_once, take, listen=listen)


async def _plan(
    seen: RecapResult, first: PacketSource, options: Options, planner: Planner
) -> tuple[ReelPlan, ReelSettings]:
    """Plan the reel; of files, unless a length was asked for, it is short compared with what was seen."""
    failed = next((it.error for it in seen.ended if it.error), None)
    if failed is not None and not seen.moments:
        raise DescribeError(f"not one window could be described: {failed}")
    settings, whole = options.config.reel, False
    if options.length_s is None and not first.info.live:
        share_s = FILE_SHARE * sum(window.end_s - window.start_s for window in seen.windows)
        settings, whole = replace(settings, max_duration_s=min(settings.max_duration_s, share_s)), True
    period = seen.period()
    with progress("choosing", known=False):
        plan = await planner.plan(
            period, settings, reel_id=period.cameras[0], seq=1, of_files=True, whole=whole
        )
    return plan, settings


def _write_windows(seen: RecapResult, folder: Path) -> None:
    rows = (window_row(_named(it.window, folder), it.outcome, it.moment, base=folder) for it in seen.ended)
    write_text(folder / WINDOWS, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _named(window: Window, folder: Path) -> Window:
    """Return a window whose clip is named as the source's file is: the folder may go to other machines.

    A clip that is removed with the scratch is not to be found under its name.
    """
    if window.clip is None:
        return window
    scratch = window.clip.path.is_relative_to(folder / SCRATCH)
    return replace(window, clip=None if scratch else replace(window.clip, path=Path(window.clip.path.name)))
