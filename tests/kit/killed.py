"""A livereel in small that is there to be killed: python -m tests.kit.killed PORT FOLDER COUNT.

Each moment is first written to a ledger, a file of ids, then handed over. As livereel does, it hands over
the newest of its ledger again when it starts, not knowing which of them the outbox had.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sinks.broker import MqttSettings
from tests.kit.events import moment_now
from tests.kit.mqtt import running, until

OFFERED_AGAIN = 50


async def main(port: int, folder: Path, count: int) -> None:
    """Hand over ``count`` more moments, then end when all have arrived."""
    ledger = folder / "ledger"
    known = ledger.read_text().split() if ledger.exists() else []
    async with running(MqttSettings("127.0.0.1", port), folder) as sink:
        for window_id in known[-OFFERED_AGAIN:]:
            await sink.take(moment_now(int(window_id.rpartition("-")[2])))
        with ledger.open("a") as file:
            for index in range(len(known), len(known) + count):
                moment = moment_now(index)
                file.write(f"{moment.window.id}\n")
                file.flush()
                os.fsync(file.fileno())
                await sink.take(moment)
                await asyncio.sleep(0.005)
        await until(lambda: sink.counters()["outbox_waiting"] == 0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
