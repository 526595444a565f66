"""A live camera whose pictures are damaged within their slices: no events, gaps where nothing is left."""

from __future__ import annotations

from pathlib import Path

from tests.faults.test_cameras import reasons
from tests.kit.cameras import faults
from tests.kit.cameras.rtsp import rtsp_server
from tests.kit.films.footage import write_units_of
from tests.kit.films.noisy import noisy_film
from tests.kit.program.invariants import assert_all_recorded
from tests.kit.program.live_run import until, watching


def test_damaged_slices_of_a_still_picture_are_gaps_and_no_story(tmp_path: Path) -> None:
    units = write_units_of(tmp_path / "units", noisy_film(tmp_path / "film.ts", seconds=10))
    with (
        rtsp_server({"/front": [units]}) as server,
        watching(tmp_path / "data", {"front": server.address("/front")}) as watch,
    ):
        watch.more_windows("front", 3)
        with faults.packets_lost(server, 0.02):
            watch.more_windows("front", 12)
        with faults.bits_flipped(server, 0.1):
            watch.more_windows("front", 6)
        events = [row for row in watch.windows("front") if row["outcome"] != "quiet"]
        with faults.packets_lost(server, 0.5):
            until(lambda: "unreadable" in reasons(watch, "front"), "a gap")
        watch.more_windows("front", 3)
        assert watch.live.cameras["front"].state == "watching"
        assert watch.windows("front")[-1]["outcome"] == "quiet"
    assert watch.live.cameras["front"].total.damaged_packets > 0
    # One bit may change a picture without the decoder noticing it.
    assert len(events) <= 7, events
    assert_all_recorded(watch, "front")
