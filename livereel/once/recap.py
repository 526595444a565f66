"""Watch the sources of a recap, plan the reel and compile it."""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from analyzer.describe.describer import DescribeError, Describer
from analyzer.reel.compile import ReelPlan, compile_reel
from analyzer.reel.export.formats import export
from analyzer.reel.records import Gap, Reel, Span
from analyzer.reel.settings import ExportFormat, ReelSettings
from analyzer.report.page import report
from analyzer.signal.window import Window
from base.atomic import atomic_folder, write_text
from base.local_time import length_text
from base.loop_thread import LoopThread
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips, FileClips
from livereel.camera.settings import CameraSettings
from livereel.config.describers import LanguageModels
from livereel.config.options import Options
from livereel.config.schema import Config
from livereel.once.describe import EndedWindow, Transcribe, describe_all, in_thread, without_text
from livereel.once.files import open_in_order, placed
from livereel.once.interrupt import arrivals, ended_by_ctrl_c
from livereel.once.moved import Move
from livereel.once.progress import ShowProgress
from livereel.once.request import MIN_LENGTH_S, WHOLE, RecapRequest
from livereel.once.seen import RecapResult
from livereel.once.transcribe import WindowTranscriber
from livereel.reels.plan import Planner
from sinks.serialize import window_row
from stream.part import FilePart
from stream.source import PacketSource
from stream.spool import Spool

log = logging.getLogger(__name__)

WINDOWS = "windows.jsonl"
SCRATCH = "clips"
# A reel of a file lasts at most so much of it, though MIN_LENGTH_S, and long enough to show one event whole.
FILE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class MadeRecap:
    """A recap that is complete.

    Attributes:
        reel: the reel, in the folder that was asked for.
        ended: how each window ended, in order.
        gaps: what was not observed.
        media_time: its times are media time, of files.
        complete: what its report says where no time was missed; None for the usual words.
        warnings: what the user should know, a line each.
    """

    reel: Reel
    ended: tuple[EndedWindow, ...]
    gaps: tuple[Gap, ...]
    media_time: bool
    complete: str | None
    warnings: tuple[str, ...]


def make_recap(
    request: RecapRequest,
    cameras: Sequence[CameraSettings],
    options: Options,
    models: LanguageModels,
    *,
    loop: LoopThread,
    progress: ShowProgress,
) -> MadeRecap:
    """Make one reel of whole files, or of a live source until it ends, in the new folder ``request.out``.

    This is the one place that wires a recap: ``livereel.app``, which wires all else, loads the ledger.

    The folder appears complete or not at all. Raises DescribeError before a source is opened when the model
    does not answer; SourceError, ReelError, MediaError, ConfigError or OSError.

    Args:
        request: what is asked for.
        cameras: its sources, with their names.
        options: how windows are measured and described, and what the reel is like.
        models: what describes, chooses and narrates; the caller closes them.
        loop: runs all that is asynchronous. The reel is made in this thread, where Ctrl-C interrupts it.
        progress: how it is shown.
    """
    planner = Planner.of(options.config.reel, models)
    loop.run(_tried(models))
    with ExitStack() as stack:
        sources = open_in_order(cameras, request.span, stack)
        with atomic_folder(request.out) as folder:
            seen = RecapResult()
            captures = [_capture(name, source, folder, options) for name, source in sources]
            for capture, (_, source) in zip(captures, sources, strict=True):
                with ended_by_ctrl_c(source):
                    loop.run(_watch(seen, capture, source, models, options.config, progress=progress))
            failure = next((capture.clip_failure for capture in captures if capture.clip_failure), None)
            if failure and not seen.moments:
                raise failure
            _write_windows(seen, folder)
            plan, settings = loop.run(_plan(seen, sources[0][1], options, planner, progress))
            plan = replace(plan, complete=_complete(request.span, [source for _, source in sources]))
            warnings = _noted(captures, seen)  # also where nothing happened: another track may hold it
            reel = _compile(plan, folder, settings, options.exports, progress, embed=request.single_file)
    move = Move(folder, request.out)
    return MadeRecap(
        reel=move.reel(reel),
        ended=tuple(map(move.ended, seen.ended)),
        gaps=tuple(seen.gaps),
        media_time=plan.media_time,
        complete=plan.complete,
        warnings=warnings,
    )


async def _tried(models: LanguageModels) -> None:
    if models.probe is not None:
        await models.probe()
    if models.transcriber is not None:
        try:
            await models.transcriber.probe()
        except DescribeError as error:  # a reel without what was said is better than none
            log.warning("speech stays without text while this lasts: %s", error)


def _noted(captures: Sequence[Capture], seen: RecapResult) -> tuple[str, ...]:
    """Log what the user should know of the sources and the run, a line each; return the warnings."""
    for capture in captures:
        for flicker in capture.flickers:
            log.info("%s", flicker)
    warnings = [line for capture in captures for line in capture.warnings()] + seen.warnings()
    for warning in warnings:
        log.warning("%s", warning)
    return tuple(warnings)


def _complete(span: Span, sources: Sequence[PacketSource]) -> str | None:
    """Say that all was read, of what was asked for; None for the usual words."""
    if sources[0].info.live:
        return "Nothing: every second was observed."
    if span == WHOLE:
        return None if len(sources) == 1 else f"All {len(sources)} files were read."
    ends = "the end" if math.isinf(span.end_s) else length_text(span.end_s)
    return f"All from {length_text(span.start_s)} to {ends} was read."


def _compile(
    plan: ReelPlan,
    folder: Path,
    settings: ReelSettings,
    exports: Sequence[ExportFormat],
    progress: ShowProgress,
    *,
    embed: bool,
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
    scratch = folder / SCRATCH
    spool = None if source.info.live else Spool(scratch)
    clips = FileClips(file.absolute()) if file else BufferClips(source, scratch, window_s, spool=spool)
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
    seen: RecapResult,
    capture: Capture,
    source: PacketSource,
    models: LanguageModels,
    config: Config,
    *,
    progress: ShowProgress,
) -> None:
    if models.transcriber is None:
        await _describe(seen, capture, source, models.describer, config, progress=progress)
        return
    transcriber = WindowTranscriber(models.transcriber, config.transcribe)
    known = len(seen.ended)
    try:
        await _describe(
            seen,
            capture,
            source,
            models.describer,
            config,
            progress=progress,
            transcribe=transcriber.transcribed,
        )
        with progress("listening", known=False):
            for number in range(known, len(seen.ended)):
                seen.ended[number] = await transcriber.finish(seen.ended[number])
    finally:
        await transcriber.close()
    if warning := transcriber.warning():
        log.warning("%s", warning)


async def _describe(
    seen: RecapResult,
    capture: Capture,
    source: PacketSource,
    describer: Describer,
    config: Config,
    *,
    progress: ShowProgress,
    transcribe: Transcribe = without_text,
) -> None:
    duration_s = source.info.duration_s
    with progress("watching", known=duration_s is not None) as advance:
        begin_s = source.offset_s if isinstance(source, FilePart) else 0.0

        def take(item: EndedWindow | Gap) -> None:
            seen.take(item)
            if isinstance(item, EndedWindow):
                advance((item.window.end_s - begin_s) / duration_s if duration_s else 0.0)

        windows = in_thread(placed(capture.windows(), source))
        await describe_all(windows, describer, config.describe.at_once, take, transcribe=transcribe)


async def _plan(
    seen: RecapResult, first: PacketSource, options: Options, planner: Planner, progress: ShowProgress
) -> tuple[ReelPlan, ReelSettings]:
    """Plan the reel; of files, unless a length was asked for, it is short compared with what was seen."""
    failed = next((it.error for it in seen.ended if it.error), None)
    if failed is not None and not seen.moments:
        raise DescribeError(f"not one window could be described: {failed}")
    settings, whole = options.config.reel, False
    if options.length_s is None and not first.info.live:
        seen_s = sum(window.end_s - window.start_s for window in seen.windows)
        share_s = max(MIN_LENGTH_S, FILE_SHARE * seen_s)
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
