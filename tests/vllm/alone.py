"""A describer's life in a process of its own: alone.py lives|dies|given-up|killed MODEL.

Prints what came of it as JSON. With ``dies`` its engine is killed after a window, and a window is described
again. With ``given-up`` it is closed while its engine's processes start, and with ``killed`` this process is.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.answer import object_schema
from analyzer.describe.model.text_model import Sampling
from analyzer.describe.vllm.describer import VllmDescriber
from tests.kit.records.keyframe_files import pictured
from tests.vllm.conftest import tiny


async def live(model: Path, folder: Path, *, dies: bool) -> dict[str, Any]:
    """Describe a window, and where the engine dies one more."""
    describer = VllmDescriber(tiny(model))
    told: dict[str, Any] = {"described": 0, "died": ""}
    await describer.describe(pictured(folder))
    told["described"] += 1
    if dies:
        told["died"] = await _die(describer)
        await describer.describe(pictured(folder, 1))
        told["described"] += 1
    await describer.close()
    return told


async def give_up(model: Path, *, killed: bool) -> dict[str, Any]:
    """Close a describer whose engine has just begun, or end as if the system had run out of memory."""
    describer = VllmDescriber(tiny(model))
    starting = asyncio.create_task(describer.start())
    async with asyncio.timeout(300):
        while len(group(describer)) < 3:  # worker, resource tracker, engine core  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    if killed:
        os.kill(os.getpid(), signal.SIGKILL)
    leader = group(describer)[0]
    await describer.close()
    (outcome,) = await asyncio.gather(starting, return_exceptions=True)
    return {"started": outcome is None, "processes": len(members(leader))}


def group(describer: VllmDescriber) -> list[int]:
    """The engine's processes; none before there is a process to lead them."""
    process = describer._engine._process  # noqa: SLF001  # only a test wants to harm it
    return members(process.pid) if process is not None else []


def members(leader: int) -> list[int]:
    """The processes of a process group, its leader first."""
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(fields[2]) == leader and fields[0] != "Z":
            pids.append(int(stat.parent.name))
    return sorted(pids)


async def _die(describer: VllmDescriber) -> str:
    """Kill the engine in the middle of a long answer; returns what becomes of the question."""
    endless = object_schema({f"text_{n}": {"type": "string"} for n in range(500)})
    sampling = Sampling(temperature=0.9, top_p=0.001, repetition_penalty=1.05, max_tokens=3000)
    asking = asyncio.create_task(describer.complete("s", "u", endless, sampling))
    async with asyncio.timeout(60):
        await asyncio.sleep(1.0)  # the question is being answered: that takes longer
        for pid in group(describer)[1:]:
            os.kill(pid, signal.SIGKILL)
        try:
            await asking
        except DescribeError as error:
            return "retryable" if error.retryable else str(error)
    return "answered"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        fate, model = sys.argv[1], Path(sys.argv[2])
        if fate in {"given-up", "killed"}:
            result = asyncio.run(give_up(model, killed=fate == "killed"))
        else:
            result = asyncio.run(live(model, Path(temporary), dies=fate == "dies"))
    sys.stdout.write(json.dumps(result))
