"""What is too old or too much goes, oldest first; what is still needed stays."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from analyzer.signal.window import Clip, Keyframe, Outcome, Window
from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING, LedgerError, WindowState
from livereel.storage.data_dir import LATEST, update_link
from livereel.storage.free_space import FreeSpace
from livereel.storage.retention import DOUBT_S, Retention
from livereel.storage.settings import RetentionSettings
from tests.kit.cameras import faults
from tests.kit.records.events import reel_in
from tests.kit.records.full_ledger import full
from tests.kit.records.windows import measured

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
PLENTY = RetentionSettings(max_age_h=100.0, max_bytes=10**12, min_free_bytes=0)
CLIP_BYTES = 1000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def keep(
    ledger: Ledger,
    data: Path,
    hours_ago: float,
    outcome: WindowState = Outcome.DESCRIBED,
    *,
    held_bytes: int = CLIP_BYTES,
) -> Window:
    """A window of that age in the ledger, with its files on disk."""
    start_utc = utc_text(NOW - timedelta(hours=hours_ago))
    name = f"front-{hours_ago}"
    clip, picture = data / "clips" / f"{name}.mp4", data / "keyframes" / f"{name}.jpg"
    for file in (clip, picture):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x" * (held_bytes // 2))
    window = replace(
        measured(0, [(1.0, 500.0)], start_utc=start_utc),
        id=name,
        clip=Clip(clip, 0.0),
        keyframes=(Keyframe(1.0, 500.0, picture),),
    )
    ledger.windows.add(window, outcome)
    return window


def files(data: Path) -> set[str]:
    return {file.stem for file in data.rglob("*") if file.suffix in {".mp4", ".jpg"}}


def test_what_is_too_old_goes_from_disk_and_ledger(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (90.0, 50.0, 1.0, 0.5):
        keep(ledger, tmp_path, hours)
    Retention(tmp_path, ledger, replace(PLENTY, max_age_h=72.0)).sweep(NOW)
    assert files(tmp_path) == {"front-50.0", "front-1.0", "front-0.5"}
    assert [e.window.id for e in ledger.windows.entries("")] == ["front-50.0", "front-1.0", "front-0.5"]


def test_too_much_is_removed_oldest_first_and_stays_in_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (4.0, 3.0, 2.0, 1.0):
        keep(ledger, tmp_path, hours)
    retention = Retention(tmp_path, ledger, replace(PLENTY, max_bytes=2 * CLIP_BYTES + CLIP_BYTES // 2))
    retention.sweep(NOW)
    assert files(tmp_path) == {"front-2.0", "front-1.0"}
    assert len(ledger.windows.entries("")) == 4
    assert retention.removed_windows == 2
    assert retention.removed_bytes == 2 * CLIP_BYTES
    assert ledger.files.total_bytes() == 2 * CLIP_BYTES


def test_a_disk_that_others_fill_costs_the_oldest_clips(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (2.0, 1.0):
        keep(ledger, tmp_path, hours)
    Retention(tmp_path, ledger, replace(PLENTY, min_free_bytes=10**18)).sweep(NOW)
    assert files(tmp_path) == set()


def test_pending_windows_are_never_removed(ledger: Ledger, tmp_path: Path) -> None:
    keep(ledger, tmp_path, 90.0, PENDING)
    Retention(tmp_path, ledger, RetentionSettings(max_age_h=1.0, max_bytes=1, min_free_bytes=0)).sweep(NOW)
    assert files(tmp_path) == {"front-90.0"}
    assert ledger.pending.count_pending() == 1


def test_what_is_lent_stays_until_it_is_given_back(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (3.0, 2.0, 1.0):
        keep(ledger, tmp_path, hours)
    retention = Retention(tmp_path, ledger, replace(PLENTY, max_bytes=1))
    with ledger.windows.using_files(["front-3.0", "front-1.0"]):
        retention.sweep(NOW)
        assert files(tmp_path) == {"front-3.0", "front-1.0"}
    retention.sweep(NOW)
    assert files(tmp_path) == set()


def reel_of(
    ledger: Ledger, data: Path, name: tuple[str, int], hours_ago: float, shown: Window | None = None
) -> Reel:
    """A reel of that age in the ledger and on disk, which takes as much as a window's files."""
    made = reel_in(data, *name, video=b"x" * CLIP_BYTES)
    told = Moment(shown or measured(999), "Title", "Text.", 5.0, (), "scripted", 0.1)
    end_utc = utc_text(NOW - timedelta(hours=hours_ago))
    reel = replace(made, end_utc=end_utc, chapters=(replace(made.chapters[0], moment=told),))
    ledger.reels.add(reel)
    update_link(reel.folder.with_name(LATEST), reel.folder.name)
    return reel


def folders(data: Path, reel_id: str = "front") -> list[str]:
    return sorted(path.name for path in (data / "reels" / reel_id).iterdir())


def test_what_a_kept_reel_shows_is_not_removed_for_its_size_while_anything_else_is_left(
    ledger: Ledger, tmp_path: Path
) -> None:
    shown, _ = keep(ledger, tmp_path, 3.0), keep(ledger, tmp_path, 2.0)
    reel_of(ledger, tmp_path, ("front", 1), 1.0, shown)
    Retention(tmp_path, ledger, replace(PLENTY, max_bytes=2 * CLIP_BYTES + 500)).sweep(NOW)
    assert files(tmp_path) - {"reel"} == {"front-3.0"}
    assert ledger.reels.seqs("front") == [1]


def test_a_disk_that_others_fill_costs_no_reel_that_is_the_newest(ledger: Ledger, tmp_path: Path) -> None:
    shown, _ = keep(ledger, tmp_path, 3.0), keep(ledger, tmp_path, 2.0)
    reel_of(ledger, tmp_path, ("front", 1), 1.5)
    reel_of(ledger, tmp_path, ("front", 2), 1.0, shown)
    Retention(tmp_path, ledger, replace(PLENTY, min_free_bytes=10**18)).sweep(NOW)
    assert files(tmp_path) - {"reel"} == {"front-3.0"}
    assert folders(tmp_path) == ["000002", LATEST]


def test_reels_that_have_been_replaced_go_before_any_window(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (4.0, 3.0):
        keep(ledger, tmp_path, hours)
    for seq, hours in ((1, 2.0), (2, 1.5), (3, 1.0)):
        reel_of(ledger, tmp_path, ("front", seq), hours)
    Retention(tmp_path, ledger, replace(PLENTY, max_bytes=3 * CLIP_BYTES + 500)).sweep(NOW)
    assert files(tmp_path) - {"reel"} == {"front-4.0", "front-3.0"}
    assert folders(tmp_path) == ["000003", LATEST]


def test_a_reel_that_may_still_be_played_is_removed_after_the_windows(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (4.0, 3.0):
        keep(ledger, tmp_path, hours)
    for seq, hours in ((1, 0.1), (2, 0.05)):
        reel_of(ledger, tmp_path, ("front", seq), hours)
    Retention(tmp_path, ledger, replace(PLENTY, max_bytes=3 * CLIP_BYTES + 500)).sweep(NOW)
    assert files(tmp_path) - {"reel"} == {"front-3.0"}
    assert ledger.reels.seqs("front") == [1, 2]


def test_the_size_limit_holds_even_if_only_newest_reels_are_left(ledger: Ledger, tmp_path: Path) -> None:
    shown = keep(ledger, tmp_path, 5.0)
    for n, reel_id in enumerate(("barn", "gate", "yard")):
        reel_of(ledger, tmp_path, (reel_id, 1), 4.0 - n, shown if reel_id == "barn" else None)
    Retention(tmp_path, ledger, replace(PLENTY, max_bytes=2 * CLIP_BYTES + 500)).sweep(NOW)
    assert ledger.files.total_bytes() == 2 * CLIP_BYTES
    assert folders(tmp_path, "barn") == []
    assert folders(tmp_path, "gate") == folders(tmp_path, "yard") == ["000001", LATEST]
    assert files(tmp_path) - {"reel"} == set(), "nothing shows it any more"


def test_reels_grow_old_too_and_what_they_showed_goes_with_them(ledger: Ledger, tmp_path: Path) -> None:
    shown, young = keep(ledger, tmp_path, 91.0), keep(ledger, tmp_path, 1.0)
    reel_of(ledger, tmp_path, ("front", 1), 90.5, shown)
    reel_of(ledger, tmp_path, ("front", 2), 90.0, shown)
    reel_of(ledger, tmp_path, ("gate", 7), 0.5, young)
    Retention(tmp_path, ledger, replace(PLENTY, max_age_h=72.0)).sweep(NOW)
    assert files(tmp_path) - {"reel"} == {"front-1.0"}
    assert folders(tmp_path) == [], "the link goes with the newest"
    assert folders(tmp_path, "gate") == ["000007", LATEST]
    assert [e.window.id for e in ledger.windows.entries("")] == ["front-1.0"]
    assert ledger.reels.next_seq("front") == 3, "a number is given once"


def test_reels_of_which_a_number_is_kept_outlive_the_age_without_their_clips(
    ledger: Ledger, tmp_path: Path
) -> None:
    shown, young = keep(ledger, tmp_path, 91.0, PENDING), keep(ledger, tmp_path, 1.0)
    told = Moment(shown, "Title", "Text.", 5.0, (), "scripted", 0.1)
    ledger.windows.end(shown.id, Outcome.DESCRIBED, told)
    keep(ledger, tmp_path, 90.0)
    reel_of(ledger, tmp_path, ("day", 1), 90.5, shown)
    reel_of(ledger, tmp_path, ("day", 2), 0.5, young)
    retention = Retention(tmp_path, ledger, replace(PLENTY, max_age_h=72.0), counted_ids=["day"])
    retention.sweep(NOW)
    assert files(tmp_path) - {"reel"} == {"front-1.0"}
    assert folders(tmp_path, "day") == ["000001", "000002", LATEST]
    assert retention.removed_reels == 0
    kept = ledger.reels.find("day", 1)
    assert kept is not None
    assert [chapter.moment.window.id for chapter in kept.chapters] == [shown.id], "it knows what it shows"
    assert [e.window.id for e in ledger.windows.entries("")] == [shown.id, "front-1.0"]
    ledger.reels.remove("day", 1)
    retention.sweep(NOW)
    assert [e.window.id for e in ledger.windows.entries("")] == ["front-1.0"], "then it is forgotten"


def test_reels_of_which_a_number_is_kept_go_for_the_size_after_the_windows_oldest_first(
    ledger: Ledger, tmp_path: Path
) -> None:
    keep(ledger, tmp_path, 4.0)
    for seq in (1, 2, 3):
        reel_of(ledger, tmp_path, ("day", seq), 4.0 - seq)
    retention = Retention(
        tmp_path, ledger, replace(PLENTY, max_bytes=2 * CLIP_BYTES + 500), counted_ids=["day"]
    )
    retention.sweep(NOW)
    assert files(tmp_path) == {"reel"}
    assert folders(tmp_path, "day") == ["000002", "000003", LATEST]
    assert retention.removed_reels == 1


def test_after_a_sweep_there_is_room_for_what_two_more_bring(ledger: Ledger, tmp_path: Path) -> None:
    limit = 40 * CLIP_BYTES
    for n in range(38):
        keep(ledger, tmp_path, 50.0 - n)
    retention = Retention(tmp_path, ledger, replace(PLENTY, max_bytes=limit))
    retention.sweep(NOW)
    assert len(files(tmp_path)) == 38, "there is room"
    for n in range(6):
        keep(ledger, tmp_path, 5.0 - n / 10)
    retention.sweep(NOW)
    assert ledger.files.total_bytes() == limit - 2 * 6 * CLIP_BYTES
    for n in range(6):
        keep(ledger, tmp_path, 4.0 - n / 10)
    retention.sweep(NOW)
    assert retention.removed_windows == 38 + 6 - 28, "no sweep in between has anything to do"


def test_a_disk_so_full_that_the_ledger_cannot_be_written_has_room_made_first(
    ledger: Ledger, tmp_path: Path
) -> None:
    keep(ledger, tmp_path, 1.0)
    retention = Retention(tmp_path, ledger, replace(PLENTY, max_bytes=1))
    with full(tmp_path, "windows"), pytest.raises(LedgerError):
        retention.sweep(NOW)
    assert files(tmp_path) == set()
    retention.sweep(NOW)
    assert ledger.windows.entries("")[0].window.clip is None
    assert retention.removed_windows == 1


def test_so_it_is_with_reels(ledger: Ledger, tmp_path: Path) -> None:
    reel_of(ledger, tmp_path, ("front", 1), 1.0)
    retention = Retention(tmp_path, ledger, replace(PLENTY, max_bytes=1))
    with full(tmp_path, "reels"), pytest.raises(LedgerError):
        retention.sweep(NOW)
    assert folders(tmp_path) == []
    retention.sweep(NOW)
    assert ledger.reels.seqs("front") == []


def test_a_file_that_cannot_be_removed_keeps_none_after_it(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stuck, _ = keep(ledger, tmp_path, 2.0), keep(ledger, tmp_path, 1.0)
    assert stuck.clip is not None
    stuck.clip.path.unlink()
    stuck.clip.path.mkdir()  # which no unlink removes, not even root's
    Retention(tmp_path, ledger, replace(PLENTY, max_bytes=1)).sweep(NOW)
    assert files(tmp_path) == {"front-2.0"}
    assert "front-2.0.mp4 cannot be removed" in caplog.text


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that is soon full."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("a small file system can be mounted by root on Linux alone")
    with faults.small_disk(tmp_path / "disk", 32 << 20) as folder:
        yield folder


def test_near_the_mark_each_window_finds_its_room(disk: Path) -> None:
    limits = replace(PLENTY, min_free_bytes=8 << 20)
    space, without_room = FreeSpace(disk, limits.min_free_bytes), []
    with closing(Ledger(disk)) as ledger:
        retention = Retention(disk, ledger, limits)
        for sweep in range(20):
            retention.sweep(NOW)
            for n in range(3):
                if space.missing_bytes():
                    without_room.append((sweep, n))
                else:
                    keep(ledger, disk, 50.0 - sweep - n / 10, held_bytes=1 << 20)
    assert retention.removed_windows > 20
    assert without_room == []


def full_of_old(ledger: Ledger, data: Path) -> datetime:
    """More windows than may go at once for their age; returns a time at which they are all too old."""
    for n in range(120):
        keep(ledger, data, 1.0 + n / 1000)
    return NOW + timedelta(hours=200)


def test_a_clock_set_far_ahead_empties_nothing(ledger: Ledger, tmp_path: Path) -> None:
    later = full_of_old(ledger, tmp_path)
    reel_of(ledger, tmp_path, ("front", 1), 1.0)
    ledger.windows.add(measured(0, camera="back"), Outcome.QUIET)
    Retention(tmp_path, ledger, PLENTY).sweep(later)
    assert len(files(tmp_path) - {"reel"}) == 120
    assert len(ledger.windows.entries("")) == 121
    assert ledger.reels.seqs("front") == [1]


def test_a_doubt_about_the_clock_is_logged_once_and_lifts_no_other_limit(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    later = full_of_old(ledger, tmp_path)
    retention = Retention(tmp_path, ledger, replace(PLENTY, max_bytes=90 * CLIP_BYTES))
    for _ in range(3):
        retention.sweep(later)
    assert 80 <= len(files(tmp_path)) <= 90
    assert len(ledger.windows.entries("")) == 120
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said == ["retention: 120 of 120 windows would go for their age: is the clock right?"]


def test_a_clock_that_stays_as_it_is_for_a_day_is_believed(ledger: Ledger, tmp_path: Path) -> None:
    later = full_of_old(ledger, tmp_path)
    now_s = 1000.0
    retention = Retention(tmp_path, ledger, PLENTY, now_s=lambda: now_s)
    retention.sweep(later)
    now_s += DOUBT_S - 1
    retention.sweep(later)
    assert len(files(tmp_path)) == 120
    now_s += 2
    retention.sweep(later)
    assert files(tmp_path) == set()
    assert ledger.windows.entries("") == []
