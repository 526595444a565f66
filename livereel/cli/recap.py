"""``recap``: make the reel of a whole file."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzer.describe.describer import DescribeError, Describer
from analyzer.describe.moment import Moment
from analyzer.reel.block_chooser import BlockChooser
from analyzer.reel.compile import ReelPlan, compile_reel, summary
from analyzer.reel.records import Gap, Reel
from analyzer.signal.window import Window
from base.atomic import atomic_folder, write_text
from base.clock import utc_after
from livereel.camera.capture import Capture, camera_name
from livereel.camera.clips import BufferClips, Clipper, FileClips
from livereel.camera.settings import CameraSettings
from livereel.cli.interrupt import arrivals, ended_by_ctrl_c, opened
from livereel.cli.progress import progress
from livereel.cli.recap_describe import EndedWindow, describe_all, in_thread
from livereel.config.describers import LanguageModels, make_language_models
from livereel.config.options import Options
from sinks.serialize import window_row
from stream.source import PacketSource

WINDOWS = "windows.jsonl"
SCRATCH = "clips"


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
        """What was put into words and can be shown, in order."""
        return [it.moment for it in self.ended if it.moment and it.window.clip]

    def warnings(self) -> list[str]:
        """What the user should know of it, a line each."""
        lines = [f"not seen: {gap.start_utc} to {gap.end_utc} ({gap.reason})" for gap in self.gaps]
        failed = [it.error for it in self.ended if it.error]
        if failed:
            have = "window has" if len(failed) == 1 else "windows have"
            lines.append(f"{len(failed)} {have} no description: {failed[0]}")
        return lines


def recap(address: str, out: Path, options: Options) -> None:
    """Make the reel of a whole source in the new folder ``out`` and print where it is.

    The folder appears complete or not at all. Raises DescribeError before the source is opened when its
    model does not answer; SourceError, ReelError, MediaError or OSError.
    """
    camera = camera_name(address)
    words = make_language_models(options.config, [CameraSettings(camera, address)])
    # One loop for all that is asynchronous. The reel is made outside: it could not be interrupted there.
    with asyncio.Runner() as loop:
        try:
            loop.run(_try(words))
            with closing(opened(address)) as source, atomic_folder(out) as folder, _threads_ended(loop):
                capture = Capture(
                    source,
                    camera,
                    options.windows(pictures=True),
                    _clips(source, folder, options.config.window_s),
                    folder / "keyframes",
                    arrivals=arrivals(source),
                )
                at_once = options.config.describe.at_once
                with ended_by_ctrl_c(source):
                    watched = loop.run(_watch(capture, source.info.duration_s, words.describer, at_once))
                if capture.clip_failure and not watched.moments:
                    raise capture.clip_failure
                _write_windows(watched, folder)
                plan = loop.run(_plan(watched, options, words))
                _print_notes(capture, watched)  # also where nothing happened: another track may hold it
                reel = _compile(plan, folder, options)
        finally:
            loop.run(words.describer.close())
    sys.stdout.write(summary(reel, out))


def _print_notes(capture: Capture, watched: RecapResult) -> None:
    """Write what the user should know of the source and the run, a line each."""
    for flicker in capture.flickers:
        sys.stderr.write(f"livereel: note: {flicker}\n")
    for warning in [*capture.warnings(), *watched.warnings()]:
        sys.stderr.write(f"livereel: warning: {warning}\n")


@contextmanager
def _threads_ended(loop: asyncio.Runner) -> Iterator[None]:
    """Whatever ends the block early, wait for the threads: what they read and write is about to go.

    Who presses Ctrl-C twice, or is a ``timeout`` that tells the whole group, breaks off the loop's own wait.
    """
    try:
        yield
    except BaseException:
        loop.run(loop.get_loop().shutdown_default_executor())
        raise


async def _try(words: LanguageModels) -> None:
    if words.probe is not None:
        await words.probe()


def _compile(plan: ReelPlan, folder: Path, options: Options) -> Reel:
    with progress("making the reel") as advance:
        reel = compile_reel(plan, folder, options.config.reel, on_progress=advance)
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    return reel


def _clips(source: PacketSource, folder: Path, window_s: float) -> Clipper:
    """A file with an index is its own clip; of anything else the clips are kept until the reel is made."""
    file = source.info.file
    return FileClips(file.absolute()) if file else BufferClips(source, folder / SCRATCH, window_s)


async def _watch(
    capture: Capture, duration_s: float | None, describer: Describer, max_in_flight: int
) -> RecapResult:
    watched = RecapResult()
    with progress("watching", known=duration_s is not None) as advance:

        def take(item: EndedWindow | Gap) -> None:
            watched.take(item)
            if isinstance(item, EndedWindow):
                advance(item.window.end_s / duration_s if duration_s else 0.0)

        await describe_all(in_thread(capture.windows()), describer, max_in_flight, take)
    return watched


async def _plan(watched: RecapResult, options: Options, words: LanguageModels) -> ReelPlan:
    failed = next((it.error for it in watched.ended if it.error), None)
    if failed is not None and not watched.moments:
        raise DescribeError(f"not one window could be put into words: {failed}")
    cameras = tuple(dict.fromkeys(window.camera for window in watched.windows))
    with progress("choosing", known=False):
        chosen = await BlockChooser(options.config.reel, words.propose).choose(watched.moments)
        story = await words.narrate(chosen.choices, watched.gaps, cameras, media_time=True)
    return ReelPlan(
        id=cameras[0],
        seq=1,
        choices=chosen.choices,
        story=story,
        cameras=cameras,
        start_utc=min([watched.windows[0].start_utc, *(gap.start_utc for gap in watched.gaps)]),
        end_utc=_end_utc(watched),
        gaps=tuple(watched.gaps),
        changed=chosen.changed,
        windows=watched.windows,
        media_time=True,
    )


def _write_windows(watched: RecapResult, folder: Path) -> None:
    rows = (
        window_row(_without_scratch(it.window, folder), it.outcome, it.moment, base=folder)
        for it in watched.ended
    )
    write_text(folder / WINDOWS, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _without_scratch(window: Window, folder: Path) -> Window:
    """What is removed with the scratch is not to be found under its name."""
    scratch = window.clip is not None and window.clip.path.is_relative_to(folder / SCRATCH)
    return replace(window, clip=None) if scratch else window


def _end_utc(watched: RecapResult) -> str:
    last = watched.windows[-1]
    ends = [utc_after(last.start_utc, last.end_s - last.start_s), *(gap.end_utc for gap in watched.gaps)]
    return max(ends)
