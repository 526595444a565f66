"""The program watches four cameras while its broker stops reading or is away: no camera is delayed."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from tests.faults.conftest import CAMERAS
from tests.faults.test_delivery import LEFT
from tests.kit.mqtt.delivery import CAPTIONS
from tests.kit.mqtt.scripted_broker import scripted_broker
from tests.kit.mqtt.sink_thread import looped
from tests.kit.program.coverage import coverage, holes
from tests.kit.program.delays import kept_windows
from tests.kit.program.invariants import TOLERANCE_S
from tests.kit.program.live_run import until
from tests.kit.program.process import REELS_OF_MANY, Program


@looped
async def test_a_broker_that_stops_reading_and_one_that_is_away_delay_no_camera(
    cameras: list[dict[str, Any]], tmp_path: Path
) -> None:
    async with scripted_broker() as deaf:
        mqtt = {"host": "127.0.0.1", "port": deaf.port}
        program = Program(tmp_path / "data", cameras, mqtt=mqtt, reel=REELS_OF_MANY)
        program.start()
        try:
            await asyncio.to_thread(until, lambda: bool(deaf.on(CAPTIONS)), "a caption")
            await asyncio.to_thread(more_windows, program, 3, "a broker that reads")
            deaf.reads.clear()
            await asyncio.to_thread(more_windows, program, 12, "a broker that does not read")
            connections = deaf.connections  # given up, and tried again
            await asyncio.to_thread(until, lambda: deaf.connections > connections, "another attempt")
        except BaseException:
            program.close()
            raise
    try:
        await asyncio.to_thread(more_windows, program, 3, "no broker")
        assert program.stop(signal.SIGTERM, everyone=False) == 0, program.log
    finally:
        program.close()
    rows = program.rows()
    for name in CAMERAS:
        mine = [row for row in rows if row.get("camera") == name]
        began_utc, ended_utc = mine[0]["start_utc"], mine[-1]["start_utc"]
        found = coverage(rows, name, began_utc, ended_utc)
        assert max(found.uncovered_s, found.doubled_s) <= TOLERANCE_S, [found, *holes(rows, name)]
    assert LEFT in program.log
    assert "Traceback" not in program.log


def more_windows(program: Program, count: int, meanwhile: str) -> None:
    """Wait until the ledger has so many more windows of each camera; print how long each took to it."""
    before = program.windows_kept()

    def came() -> bool:
        now = program.windows_kept()
        return all(now[name] >= before[name] + count for name in CAMERAS)

    with kept_windows(program.data) as kept:
        until(came, f"windows with {meanwhile}")
    sys.stdout.write(f"window's end to ledger, {meanwhile}: {kept}\n")
