"""What is too old or too much goes, oldest first; what is still needed stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.moment import Moment
from analyzer.window import Clip, Keyframe, Window
from livereel.ledger import PENDING, Ledger
from livereel.retention import Limits, Retention
from stream.clock import utc_text
from tests.kit.events import reel_in
from tests.kit.measured import measured

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
PLENTY = Limits(max_age_h=100.0, max_bytes=10**12, min_free_bytes=0)
CLIP_BYTES = 1000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def keep(ledger: Ledger, data: Path, hours_ago: float, outcome: str = "described") -> Window:
    """A window of that age in the ledger, with its files on disk."""
    start_utc = utc_text(NOW - timedelta(hours=hours_ago))
    name = f"front-{hours_ago}"
    clip, picture = data / "clips" / f"{name}.mp4", data / "keyframes" / f"{name}.jpg"
    for file in (clip, picture):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x" * (CLIP_BYTES // 2))
    window = replace(
        measured(0, [(1.0, 500.0)], start_utc=start_utc),
        id=name,
        clip=Clip(clip, 0.0),
        keyframes=(Keyframe(1.0, 500.0, picture),),
    )
    ledger.add_window(window, outcome)
    return window


def files(data: Path) -> set[str]:
    return {file.stem for file in data.rglob("*") if file.suffix in {".mp4", ".jpg"}}


def test_what_is_too_old_goes_from_disk_and_ledger(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (90.0, 50.0, 1.0, 0.5):
        keep(ledger, tmp_path, hours)
    Retention(tmp_path, ledger, replace(PLENTY, max_age_h=72.0)).sweep(NOW)
    assert files(tmp_path) == {"front-50.0", "front-1.0", "front-0.5"}
    assert [e.window.id for e in ledger.entries("")] == ["front-50.0", "front-1.0", "front-0.5"]


def test_too_much_goes_oldest_first_and_stays_told(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (4.0, 3.0, 2.0, 1.0):
        keep(ledger, tmp_path, hours)
    retention = Retention(tmp_path, ledger, replace(PLENTY, max_bytes=2 * CLIP_BYTES))
    retention.sweep(NOW)
    assert files(tmp_path) == {"front-2.0", "front-1.0"}
    assert len(ledger.entries("")) == 4
    assert retention.removed_windows == 2
    assert retention.removed_bytes == 2 * CLIP_BYTES
    assert ledger.kept_bytes() == 2 * CLIP_BYTES


def test_a_disk_that_others_fill_costs_the_oldest_clips(ledger: Ledger, tmp_path: Path) -> None:
    for hours in (2.0, 1.0):
        keep(ledger, tmp_path, hours)
    Retention(tmp_path, ledger, replace(PLENTY, min_free_bytes=10**18)).sweep(NOW)
    assert files(tmp_path) == set()


def test_what_waits_for_words_is_never_removed(ledger: Ledger, tmp_path: Path) -> None:
    keep(ledger, tmp_path, 90.0, PENDING)
    Retention(tmp_path, ledger, Limits(max_age_h=1.0, max_bytes=1, min_free_bytes=0)).sweep(NOW)
    assert files(tmp_path) == {"front-90.0"}
    assert ledger.count_pending() == 1


def test_what_a_kept_reel_shows_is_never_removed(ledger: Ledger, tmp_path: Path) -> None:
    shown, other = keep(ledger, tmp_path, 3.0), keep(ledger, tmp_path, 2.0)
    made = reel_in(tmp_path)
    told = Moment(shown, "Title", "Text.", 5.0, (), "scripted", 0.1)
    chapter = replace(made.chapters[0], moment=told)
    ledger.add_reel(replace(made, chapters=(chapter,)))
    Retention(tmp_path, ledger, replace(PLENTY, max_bytes=1)).sweep(NOW)
    assert shown.clip is not None
    assert other.clip is not None
    assert shown.clip.path.exists()
    assert not other.clip.path.exists()


def test_a_clock_set_far_ahead_empties_nothing(ledger: Ledger, tmp_path: Path) -> None:
    for n in range(120):
        keep(ledger, tmp_path, 1.0 + n / 1000)
    Retention(tmp_path, ledger, PLENTY).sweep(NOW + timedelta(days=3650))
    assert len(files(tmp_path)) == 120


def test_what_nothing_names_is_swept_at_the_start(ledger: Ledger, tmp_path: Path) -> None:
    window = keep(ledger, tmp_path, 1.0)
    (tmp_path / "clips" / "orphan.mp4").write_bytes(b"x")
    (tmp_path / "clips" / "half.mp4.part").write_bytes(b"x")
    (tmp_path / "reels" / "front" / "000007.part").mkdir(parents=True)
    (tmp_path / "reels" / "front" / "000008").mkdir()
    assert Retention(tmp_path, ledger, PLENTY).sweep_unnamed() == 4
    assert files(tmp_path) == {window.id}
    assert list((tmp_path / "reels" / "front").iterdir()) == []


def test_a_reel_finished_as_its_process_died_is_adopted(ledger: Ledger, tmp_path: Path) -> None:
    reel = reel_in(tmp_path, seq=3)
    manifest = '{"id": "front", "seq": 3, "end_utc": "2026-05-01T12:00:00.000Z", "bytes": 7, "chapters": []}'
    (reel.folder / "reel.json").write_text(manifest)
    Retention(tmp_path, ledger, PLENTY).sweep_unnamed()
    assert ledger.seqs("front") == [3]
    assert (tmp_path / "reels" / "front" / "latest").resolve() == reel.folder.resolve()
