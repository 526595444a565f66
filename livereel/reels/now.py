"""A reel made now, as the command line asks for it: in a folder of its own, or as the next of its name."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analyzer.reel.choose import Chosen
from analyzer.reel.compile import ReelPlan, compile_reel, summary
from analyzer.reel.export.formats import export
from analyzer.reel.length import fit
from analyzer.reel.records import Reel, ReelError
from analyzer.report.page import report
from base.atomic import atomic_folder
from base.clock import utc_text
from base.local_time import date_time_text
from livereel.config.describers import LanguageModels, make_language_models
from livereel.config.options import Options
from livereel.config.schema import UsageError
from livereel.config.since import parse_since
from livereel.ledger.ledger import Ledger
from livereel.reels.explain import ExplainAs, explain
from livereel.reels.period import read_moments, read_period
from livereel.reels.plan import ReelPeriod
from livereel.reels.series import ReelLook, ReelSeries
from livereel.reels.spec import KEPT_ROLLING, reel_specs
from livereel.storage.data_dir import REELS
from stream.address import is_stored


@dataclass(frozen=True, slots=True)
class ReelRequest:
    """A reel as the command line asks for it.

    Attributes:
        since: from when on, as a person types it; None is as far as the named reel looks back, or everything.
        cameras: only these; none for those of the named reel, or all.
        name: the reel of the configuration as which it is made; None for none.
    """

    since: str | None
    cameras: tuple[str, ...]
    name: str | None


@dataclass(frozen=True, slots=True)
class _Resolved:
    cameras: tuple[str, ...]
    since_utc: str
    until_utc: str
    keep: int
    models: LanguageModels
    look: ReelLook


def reel_now(
    data: Path, out: str | None, request: ReelRequest, options: Options, show: ExplainAs | None = None
) -> None:
    """Make a reel of what a data folder holds, in the new folder ``out``; print where it is.

    That may be one of an object store, to which the reel is written when it is complete. With ``show``, what
    was decided about each moment is printed first; without ``out`` no reel is made. May run while another
    process watches. Raises LedgerError, ConfigError, ReelError, MediaError, SinkError or OSError.
    """
    if out is None or not is_stored(out):
        reel = _reel_now(data, None if out is None else Path(out), request, options, show)
        if reel is not None:
            sys.stdout.write(summary(reel, str(Path(out or ""))))
        return
    from sinks.objectstore.upload import Upload  # noqa: PLC0415  # for who wants it

    upload = Upload(out)
    reel = _reel_now(data, upload.folder, request, options, show)
    if reel is not None:
        upload.send()
        sys.stdout.write(summary(reel, upload.name))


def _reel_now(
    data: Path, out: Path | None, request: ReelRequest, options: Options, show: ExplainAs | None
) -> Reel | None:
    with closing(Ledger(data, read_only=True)) as ledger, ExitStack() as stack:
        folder = None if out is None else stack.enter_context(atomic_folder(out))
        asked = _resolved(ledger, request, options)
        seen = read_period(ledger, asked.cameras, asked.since_utc, asked.until_utc)
        chosen, plan = asyncio.run(_plan(asked, seen, None if out is None else out.name))
        if show is not None:
            moments = read_moments(ledger, seen, asked.since_utc)
            rows = explain(moments, chosen, fit(chosen, asked.look.settings), seen.preferences)
            sys.stdout.writelines(f"{line}\n" for line in show.lines(rows))
            if not rows:
                sys.stderr.write("livereel: note: there is no moment from that time\n")
        if plan is None or out is None or folder is None:
            return None
        reel = compile_reel(plan, folder, asked.look.settings, report)
        for kind in options.exports:
            export(reel, kind, folder / kind.file_name)
    return reel


def add_reel_now(ledger: Ledger, name: str, request: ReelRequest, options: Options) -> None:
    """Make the next reel of a name in the data folder of a ledger; print where it is.

    Raises as ``reel_now`` does.
    """
    asked = _resolved(ledger, request, options)
    reel = asyncio.run(_add(ledger, name, asked))
    if reel is None:
        raise ReelError(f"nothing to show since {date_time_text(asked.since_utc)}")
    sys.stdout.write(summary(reel, reel.folder))


def _resolved(ledger: Ledger, request: ReelRequest, options: Options) -> _Resolved:
    now, config = datetime.now(UTC), options.config
    known = ledger.cameras()
    for camera in request.cameras:
        if camera not in known:
            raise UsageError(f"--camera {camera}: {ledger.data} knows only {', '.join(known) or 'no camera'}")
    since_utc = parse_since(request.since, now)
    models = make_language_models(config, config.cameras)
    if request.name is None:
        cameras, own = request.cameras or tuple(known), ReelLook.of(config.reel, models)
        return _Resolved(cameras, since_utc, utc_text(now), KEPT_ROLLING, models, own)
    specs = reel_specs(config, [camera.name for camera in config.cameras] or known, now)
    spec = next((spec for spec in specs if spec.name == request.name), None)
    if spec is None:
        there = ", ".join(spec.name for spec in specs) or "none"
        raise UsageError(f"--name {request.name}: no such reel; there are {there}")
    cameras, own = request.cameras or spec.cameras, ReelLook.of(spec.settings, models, spec.profile)
    since_utc = since_utc or utc_text(spec.since(now))
    return _Resolved(cameras, since_utc, utc_text(now), spec.keep, models, own)


async def _plan(asked: _Resolved, seen: ReelPeriod, reel_id: str | None) -> tuple[Chosen, ReelPlan | None]:
    """Choose a period's chapters, and plan their reel if it has an id."""
    planner, settings = asked.look.planner, asked.look.settings
    try:
        chosen = await planner.choose(seen)
        if reel_id is None:
            return chosen, None
        return chosen, await planner.plan(seen, settings, reel_id=reel_id, seq=1, chosen=chosen)
    finally:
        await asked.models.close()


async def _add(ledger: Ledger, name: str, asked: _Resolved) -> Reel | None:
    series = ReelSeries(name, ledger=ledger, folder=ledger.data / REELS, keep=asked.keep)
    try:
        made = await series.make(asked.look, asked.cameras, asked.since_utc, asked.until_utc, only_new=False)
    finally:
        await asked.models.close()
    if made is not None:
        series.drop_old()
    return made
