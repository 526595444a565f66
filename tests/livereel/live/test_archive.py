"""What sinks read of a ledger: spans of time and marks of sound, joined where they are too short."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.sound.record import Sound, SoundPeak, Speech
from analyzer.signal.window import Clip, Keyframe, Outcome, Window
from base.clock import utc_after
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import FILE, PENDING, parse_state
from livereel.live.archive import EXACT_S, REEL_FILES, LedgerArchive
from livereel.live.sound_marks import close_joined
from livereel.live.spans import edges_of, joined, longest, without
from sinks.archive import ArchiveError, MomentQuery, SoundMark, Span
from tests.kit.records.events import reel_in
from tests.kit.records.moments import moment
from tests.kit.records.windows import START_UTC, measured

GAP = GapReason.SOURCE_DOWN


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


@pytest.fixture
def archive(ledger: Ledger) -> LedgerArchive:
    return LedgerArchive(ledger, ["front", "yard"])


def span(state: str, start_s: float, end_s: float) -> Span:
    start, end = (utc_after(START_UTC, seconds) for seconds in (start_s, end_s))
    observed = state != GAP
    return Span(start, end, parse_state(state) if observed else GAP, observed=observed)


def shown(spans: Sequence[Span]) -> list[tuple[str, float, float]]:
    known = {utc_after(START_UTC, float(second)): float(second) for second in range(200)}
    return [(it.state, known[it.start_utc], known[it.end_utc]) for it in spans]


@pytest.mark.parametrize(
    ("spans", "least_s", "expected"),
    [
        ([], 0.0, []),
        ([("quiet", 0, 10), ("quiet", 10, 20)], 0.0, [("quiet", 0, 20)]),
        ([("quiet", 0, 10), ("quiet", 11, 20)], 0.0, [("quiet", 0, 20)]),  # one second apart
        ([("quiet", 0, 10), ("quiet", 15, 20)], 0.0, [("quiet", 0, 10), ("quiet", 15, 20)]),
        ([("quiet", 0, 10), ("described", 10, 20)], 0.0, [("quiet", 0, 10), ("described", 10, 20)]),
        ([("quiet", 0, 10), ("described", 10, 20)], 30.0, [("described", 0, 20)]),
        ([("described", 0, 10), ("quiet", 10, 20)], 30.0, [("described", 0, 20)]),
        ([("pending", 0, 10), ("quiet", 10, 20)], 30.0, [("pending", 0, 20)]),
        (
            [("quiet", 0, 40), ("described", 40, 50), ("quiet", 50, 90)],
            30.0,
            [("quiet", 0, 40), ("described", 40, 90)],
        ),
        ([("quiet", 0, 10), (GAP, 10, 20)], 30.0, [("quiet", 0, 10), (GAP, 10, 20)]),  # a gap stays one
        ([(GAP, 0, 10), (GAP, 10, 20)], 0.0, [(GAP, 0, 20)]),
        ([("quiet", 0, 30), ("quiet", 10, 20)], 0.0, [("quiet", 0, 30)]),  # one within another
    ],
)
def test_spans_are_joined(
    spans: list[tuple[str, float, float]], least_s: float, expected: list[tuple[str, float, float]]
) -> None:
    assert shown(joined([span(*it) for it in spans], least_s)) == expected


def test_windows_and_gaps_are_one_order_of_time(ledger: Ledger, archive: LedgerArchive) -> None:
    for index in (0, 1, 5):
        ledger.windows.add(measured(index), Outcome.QUIET)
    ledger.windows.add(measured(2, [(1.0, 900.0)]), PENDING)
    ledger.windows.add(measured(2, camera="yard"), Outcome.QUIET)
    gap = Gap("front", utc_after(START_UTC, 30.0), utc_after(START_UTC, 50.0), GapReason.SOURCE_DOWN)
    ledger.gaps.add(gap)
    end = utc_after(START_UTC, 100.0)
    found = archive.spans(["front"], START_UTC, end, 0.0)["front"]
    assert shown(found) == [("quiet", 0, 20), ("pending", 20, 30), (GAP, 30, 50), ("quiet", 50, 60)]
    assert [it.observed for it in found] == [True, True, False, True]
    early = archive.spans(["front"], START_UTC, utc_after(START_UTC, 15.0), 0.0)["front"]
    assert shown(early) == [("quiet", 0, 20)], "what begins later is left out"


@pytest.mark.parametrize(
    ("spans", "gaps", "expected"),
    [
        ([("quiet", 0, 90)], [], [("quiet", 0, 90)]),
        (
            [("quiet", 0, 90)],
            [(GAP, 20, 30), (GAP, 50, 60)],
            [("quiet", 0, 20), ("quiet", 30, 50), ("quiet", 60, 90)],
        ),
        (
            [("quiet", 0, 40), ("described", 40, 90)],
            [(GAP, 30, 50)],
            [("quiet", 0, 30), ("described", 50, 90)],
        ),
        ([("quiet", 10, 40)], [(GAP, 0, 10), (GAP, 40, 50)], [("quiet", 10, 40)]),
        ([("quiet", 10, 40), ("quiet", 40, 50)], [(GAP, 0, 45)], [("quiet", 45, 50)]),
    ],
)
def test_gaps_are_cut_out_of_spans(
    spans: list[tuple[str, float, float]],
    gaps: list[tuple[str, float, float]],
    expected: list[tuple[str, float, float]],
) -> None:
    assert shown(without([span(*it) for it in spans], [span(*it) for it in gaps])) == expected


def test_of_the_gaps_of_a_part_the_longest_is_shown() -> None:
    edges = edges_of(START_UTC, utc_after(START_UTC, 90.0), 40.0)
    assert edges == [utc_after(START_UTC, at_s) for at_s in (0.0, 40.0, 80.0, 90.0)]
    gaps = [(GAP, 0, 5), (GAP, 10, 30), (GAP, 35, 39), (GAP, 45, 46), (GAP, 85, 86), (GAP, 88, 90)]
    assert shown(longest([span(*it) for it in gaps], edges)) == [(GAP, 10, 30), (GAP, 45, 46), (GAP, 88, 90)]


def test_a_coarse_strip_has_in_each_part_the_most_active_state(
    ledger: Ledger, archive: LedgerArchive
) -> None:
    """It is read by other queries than a fine one, and must show the same, part by part."""
    draw = random.Random(5)  # noqa: S311  # no secret
    states = [*[Outcome.QUIET] * 40, *[Outcome.SKIPPED_OVERLOAD] * 2, Outcome.DESCRIBED, None, None]
    count, part_s = 400, 2 * EXACT_S
    for index in range(count):
        state = draw.choice(states)
        if state is None:
            start, end = (utc_after(START_UTC, 10.0 * at) for at in (index, index + 1))
            ledger.gaps.add(Gap("front", start, end, GAP))
        else:
            ledger.windows.add(measured(index, camera="front"), state)
    end_utc = utc_after(START_UTC, 10.0 * count)
    fine, coarse = (
        archive.spans(["front"], START_UTC, end_utc, least_s)["front"] for least_s in (0.0, part_s)
    )
    edges = edges_of(START_UTC, end_utc, part_s)
    missing = longest((it for it in fine if not it.observed), edges)
    assert [it for it in coarse if not it.observed] == missing
    assert len(missing) > 5
    for start, end in itertools.pairwise(edges):
        there = {it.state for it in fine if it.observed and it.start_utc < end and start < it.end_utc}
        most = next(
            state for state in (Outcome.DESCRIBED, Outcome.SKIPPED_OVERLOAD, Outcome.QUIET) if state in there
        )
        assert {it.state for it in coarse if it.observed and it.start_utc < end and start < it.end_utc} == {
            most
        }
    for one, other in itertools.pairwise(coarse):
        assert one.end_utc <= other.start_utc, "spans do not overlap"


def test_a_moment_has_its_alerts_and_its_strongest_keyframe(
    ledger: Ledger, archive: LedgerArchive, tmp_path: Path
) -> None:
    frames = tuple(
        Keyframe(at_s, value, tmp_path / f"{at_s}.jpg") for at_s, value in ((1.0, 5.0), (4.0, 9.0))
    )
    told = moment(0, title="A red car")
    window = replace(told.window, keyframes=frames, clip=Clip(tmp_path / "one.mp4", 1.5))
    ledger.windows.add(window, PENDING)
    ledger.windows.end(window.id, Outcome.DESCRIBED, replace(told, window=window, alerts=("a car",)))
    row = archive.moment(window.id)
    assert row is not None
    assert (row["title"], row["alerts"], row["strongest"]) == ("A red car", ["a car"], 1)
    assert archive.search(MomentQuery("car")) == [row]
    assert archive.clip(window.id) == (tmp_path / "one.mp4", 1.5)
    assert archive.keyframe(window.id, 1) == tmp_path / "4.0.jpg"
    assert archive.keyframe(window.id, 2) is None
    for nothing in (archive.moment("none"), archive.clip("none"), archive.keyframe("none", 0)):
        assert nothing is None


@pytest.mark.parametrize(
    "name", ["../1/reel.mp4", "/etc/passwd", "", ".", "reel.mp4\0", "latest", "REEL.MP4"]
)
def test_only_a_reels_own_files_are_found(name: str, ledger: Ledger, archive: LedgerArchive) -> None:
    reel = reel_in(ledger.data)
    ledger.reels.add(reel)
    assert archive.reel_file("front", 1, name) is None
    assert archive.reel_file("front", 2, "reel.mp4") is None
    assert {archive.reel_file("front", 1, known) for known in REEL_FILES} == {
        reel.folder / known for known in REEL_FILES
    }


def test_a_ledger_that_cannot_be_read_is_an_archive_error(ledger: Ledger, archive: LedgerArchive) -> None:
    ledger.close()
    (ledger.data / FILE).write_bytes(b"no database " * 1000)
    with pytest.raises(ArchiveError):
        archive.search(MomentQuery())


# Sound


def utc(seconds: float) -> str:
    return utc_after(START_UTC, seconds)


def audible(
    index: int,
    *,
    noises: Sequence[float] = (),
    speech: Sequence[tuple[float, float]] = (),
    camera: str = "front",
) -> Window:
    """A window with sound, its times in seconds of the epoch."""
    peaks = tuple(SoundPeak(at_s, -20.0, 15.0) for at_s in noises)
    sound = Sound(-20.0, -45.0, -35.0, peaks=peaks, speech=tuple(Speech(*part) for part in speech))
    return replace(measured(index, camera=camera), sound=sound)


def marks(ledger: Ledger, end_s: float = 200.0, least_s: float = 0.0) -> list[tuple[str, float, float]]:
    """What is shown of the camera ``front``, in seconds."""
    known = {utc(tenth / 10): tenth / 10 for tenth in range(2000)}
    found = LedgerArchive(ledger, ["front", "yard"]).sounds("front", START_UTC, utc(end_s), least_s)
    return [(mark.kind, known[mark.start_utc], known[mark.end_utc]) for mark in found]


def test_speech_and_noises_are_found_in_order_of_time(ledger: Ledger) -> None:
    ledger.windows.add(audible(0, noises=[7.5], speech=[(2.0, 5.0)]), Outcome.QUIET)
    ledger.windows.add(measured(1), Outcome.QUIET)
    ledger.windows.add(audible(2), Outcome.QUIET)
    ledger.windows.add(audible(3, noises=[31.0]), Outcome.DESCRIBED)
    ledger.windows.add(audible(3, noises=[33.0], camera="yard"), Outcome.DESCRIBED)
    assert marks(ledger) == [("speech", 2.0, 5.0), ("loud", 7.5, 7.5), ("loud", 31.0, 31.0)]


def test_speech_over_a_windows_end_is_one(ledger: Ledger) -> None:
    ledger.windows.add(audible(0, speech=[(8.0, 10.0)]), Outcome.QUIET)
    ledger.windows.add(audible(1, speech=[(10.0, 12.0), (15.0, 16.0)]), Outcome.QUIET)
    assert marks(ledger) == [("speech", 8.0, 12.0), ("speech", 15.0, 16.0)]
    assert marks(ledger, least_s=5.0) == [("speech", 8.0, 16.0)]
    (joined_mark,) = LedgerArchive(ledger, ["front"]).sounds("front", START_UTC, utc(200), 5.0)
    assert joined_mark.amount == 5.0, "the pause in it is no speech"


def test_the_window_at_the_end_of_the_time_counts_and_what_comes_later_does_not(ledger: Ledger) -> None:
    ledger.windows.add(audible(0, noises=[1.0]), Outcome.QUIET)
    ledger.windows.add(audible(1, noises=[12.0, 18.0], speech=[(13.0, 19.0)]), Outcome.QUIET)
    assert marks(ledger, end_s=15.0) == [("loud", 1.0, 1.0), ("loud", 12.0, 12.0), ("speech", 13.0, 19.0)]


def test_words_that_look_like_a_peak_are_none(ledger: Ledger) -> None:
    said = replace(audible(0, speech=[(2.0, 3.0)]), camera="front", id='"rise_db": "speech":[{')
    ledger.windows.add(said, Outcome.QUIET)
    ledger.windows.add(replace(measured(1), id='x"rise_db":'), Outcome.QUIET)
    assert marks(ledger) == [("speech", 2.0, 3.0)]


def test_of_peaks_that_are_close_the_first_stays() -> None:
    peaks = [SoundMark("loud", utc(at), utc(at)) for at in (0, 1, 2, 9)]
    change = SoundMark("change", utc(1.5), utc(1.5))
    kept = close_joined([*peaks, change], 2.0)
    assert kept == [replace(peaks[0], amount=3), change, peaks[3]]
