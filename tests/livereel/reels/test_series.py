"""The reel that rolls: made anew when there is something new, never half."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.reel.preference.feedback import Verdict
from analyzer.reel.preference.preferences import MAX_POINTS, Preferences
from analyzer.reel.records import Reel
from analyzer.reel.settings import ReelSettings
from base.clock import utc_text
from livereel.config.describers import make_language_models
from livereel.config.schema import Config
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError
from livereel.reels.period import read_period
from livereel.reels.plan import Planner
from livereel.reels.schedule import Every
from livereel.reels.series import ReelLook, ReelSeries, ScheduledReel
from livereel.reels.spec import KEPT_ROLLING, ReelSpec
from livereel.storage.data_dir import LATEST, remove_reel, update_link
from stream.media.file import MediaError
from stream.media.probe import verify
from tests.kit.records.full_ledger import full

HOUR_S = 3600.0


@pytest.fixture
def data(watched: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(watched, tmp_path / "data"))


@pytest.fixture
def ledger(data: Path) -> Iterator[Ledger]:
    with closing(Ledger(data)) as it:
        yield it


def rolling(data: Path, ledger: Ledger, horizon_s: float = HOUR_S) -> ScheduledReel:
    settings = ReelSettings(horizon_s=horizon_s, min_chapters=2, max_chapters=4)
    look = ReelLook(Planner.of(settings, make_language_models(Config(), ())), settings)
    spec = ReelSpec("front", ("front",), Every(60.0, datetime.now(UTC)), horizon_s, settings)
    series = ReelSeries("front", ledger=ledger, folder=data / "reels", keep=KEPT_ROLLING)
    return ScheduledReel(spec, look, series)


def make(reel: ScheduledReel) -> Reel | None:
    return asyncio.run(reel.make(datetime.now(UTC)))


def test_a_reel_is_complete_and_published_when_it_is_made(data: Path, ledger: Ledger) -> None:
    made = make(rolling(data, ledger))
    assert made is not None
    assert made.folder == data / "reels" / "front" / "000001"
    assert verify(made.folder / "reel.mp4").sha256 == made.sha256
    assert json.loads((made.folder / "reel.json").read_text())["seq"] == 1
    assert ledger.reels.since()[0]["folder"] == "reels/front/000001"
    assert (data / "reels" / "front" / LATEST).resolve() == made.folder.resolve()


def test_nothing_new_makes_no_reel(data: Path, ledger: Ledger) -> None:
    reel = rolling(data, ledger)
    assert make(reel) is not None
    assert make(reel) is None
    assert ledger.reels.seqs("front") == [1]


def test_moments_before_the_horizon_are_not_in_the_reel(data: Path, ledger: Ledger) -> None:
    assert make(rolling(data, ledger, horizon_s=0.001)) is None


def test_another_run_goes_on_with_the_numbers(data: Path, ledger: Ledger) -> None:
    for seq in (1, 2, 3):
        made = make(rolling(data, ledger))
        assert made is not None
        assert made.seq == seq
    assert (data / "reels" / "front" / LATEST).readlink() == Path("000003")


def test_old_reels_go_and_the_last_few_stay(data: Path, ledger: Ledger) -> None:
    count = KEPT_ROLLING + 2
    for _ in range(count):
        reel = rolling(data, ledger)
        make(reel)
    reel.series.drop_old()
    kept = list(range(count - KEPT_ROLLING + 1, count + 1))
    assert ledger.reels.seqs("front") == kept
    folders = sorted(p.name for p in (data / "reels" / "front").iterdir() if not p.is_symlink())
    assert folders == [f"{seq:06}" for seq in kept]


def test_a_number_that_a_stranger_uses_is_passed_over(data: Path, ledger: Ledger) -> None:
    stranger = data / "reels" / "front" / "000001"
    stranger.mkdir(parents=True)
    made = make(rolling(data, ledger))
    assert made is not None
    assert made.seq == 2
    assert not list(stranger.iterdir())


def test_a_reel_that_the_ledger_cannot_take_is_not_left_behind(data: Path, ledger: Ledger) -> None:
    with full(data, "reels"), pytest.raises(LedgerError, match="full"):
        make(rolling(data, ledger))
    assert not list((data / "reels" / "front").iterdir())
    assert make(rolling(data, ledger)) is not None


def test_a_clip_that_is_gone_is_left_out(data: Path, ledger: Ledger) -> None:
    clips = sorted((data / "clips").rglob("*.mp4"))
    clips[0].unlink()
    made = make(rolling(data, ledger))
    assert made is not None
    assert len(made.chapters) == len(clips) - 1
    assert all(chapter.moment.window.id != clips[0].stem for chapter in made.chapters)


def test_a_clip_that_cannot_be_read_costs_this_reel_and_nothing_is_left(data: Path, ledger: Ledger) -> None:
    for clip in (data / "clips").rglob("*.mp4"):
        clip.write_bytes(b"no video")
    with pytest.raises(MediaError, match=r"cannot read .*mp4"):
        make(rolling(data, ledger))
    assert not list((data / "reels").rglob("*.part"))
    assert ledger.reels.since() == []


def test_a_clip_that_was_the_reason_is_left_out_of_the_next_reel(data: Path, ledger: Ledger) -> None:
    broken = min((data / "clips").rglob("*.mp4"))
    broken.write_bytes(b"no video")
    reel = rolling(data, ledger)
    with pytest.raises(MediaError):
        make(reel)
    made = make(reel)
    assert made is not None
    assert broken.stem not in {chapter.moment.window.id for chapter in made.chapters}


def test_a_reel_is_published_where_no_link_can_be_made(
    data: Path, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "reels" / "front" / LATEST).mkdir(parents=True)  # as little a link as on exFAT
    reel = rolling(data, ledger)
    assert make(reel) is not None
    assert "does not point at it" in caplog.text
    assert make(reel) is None, "it is told"


def test_a_reel_given_up_leaves_neither_files_nor_a_process(data: Path, ledger: Ledger) -> None:
    async def give_up() -> None:
        making = asyncio.create_task(rolling(data, ledger).make(datetime.now(UTC)))
        while not list((data / "reels").rglob("*.part")):  # another process makes it
            assert not making.done()
            await asyncio.sleep(0.01)
        making.cancel()
        with suppress(asyncio.CancelledError):
            await making

    asyncio.run(give_up())
    assert not list((data / "reels").rglob("*.part"))
    assert ledger.reels.since() == []


def test_what_is_looked_back_on_begins_where_the_ledger_does(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    seen = read_period(ledger, ["front"], utc_text(now - timedelta(hours=1)), utc_text(now))
    assert seen.start_utc == min([w.start_utc for w in seen.windows] + [gap.start_utc for gap in seen.gaps])
    assert seen.start_utc > utc_text(now - timedelta(hours=1))
    assert {moment.window.id for moment in seen.moments} <= {window.id for window in seen.windows}
    assert read_period(ledger, ["back"], "", utc_text(now)).windows == ()
    assert seen.preferences == Preferences()


def test_what_was_judged_counts_in_the_next_reel(ledger: Ledger) -> None:
    now = utc_text(datetime.now(UTC))
    told = read_period(ledger, ["front"], "", now).moments[0]
    ledger.feedback.judge(told.window.id, Verdict.KEEP)
    assert read_period(ledger, ["front"], "", now).preferences.adjust(told).points == MAX_POINTS
    ledger.feedback.judge(told.window.id, None)
    assert read_period(ledger, ["front"], "", now).preferences == Preferences()


@pytest.mark.parametrize("left", ["whole", "half gone", "gone"])
def test_a_reel_that_goes_takes_the_link_to_it_along_and_no_other(left: str, tmp_path: Path) -> None:
    for name in ("000001", "000002"):
        (tmp_path / name / "inner").mkdir(parents=True)
    if left != "whole":
        (tmp_path / "000001").rename(tmp_path / "000001.part")
    if left == "gone":
        shutil.rmtree(tmp_path / "000001.part")
    update_link(tmp_path / LATEST, "000002")
    remove_reel(tmp_path / "000001")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000002", LATEST]
    remove_reel(tmp_path / "000002")
    assert not list(tmp_path.iterdir())


def test_a_link_is_moved_in_one_step(tmp_path: Path) -> None:
    for name in ("000001", "000002"):
        (tmp_path / name).mkdir()
        update_link(tmp_path / "latest", name)
        assert (tmp_path / "latest").readlink() == Path(name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000001", "000002", "latest"]
