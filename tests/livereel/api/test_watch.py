"""``livereel.watch``: events as they come, and an end that leaves no process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

import livereel
from livereel.api.watch import EventQueue
from stream.media.probe import verify
from tests.kit.films.scene import scene

OPTIONS: dict[str, Any] = {"window_s": 1.0, "reel": {"every_s": 5, "min_chapters": 1}}


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("camera")
    return scene(folder / "front.mp4", seconds=4.0, events=[(0.5, 3.5)])


def children() -> set[str]:
    return {path.name for path in _tasks()}


def _tasks() -> Iterator[Path]:
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            yield Path("/proc", pid)


def test_events_come_until_all_sources_have_ended(camera: Path, tmp_path: Path) -> None:
    async def cell() -> list[object]:
        return [event async for event in livereel.watch(camera, data=tmp_path / "data", **OPTIONS)]

    before = children()
    events = asyncio.run(cell())
    kinds = {type(event).__name__ for event in events}
    assert {"CameraState", "MotionChanged", "KeyframePreview", "Window", "Moment", "Reel"} <= kinds
    reel = next(event for event in events if isinstance(event, livereel.Reel))
    assert verify(reel.folder / "reel.mp4").duration_s > 0.5
    assert children() == before


@pytest.mark.parametrize("end", ["break", "aclose", "cancel", "error"])
def test_leaving_it_stops_the_cameras(camera: Path, tmp_path: Path, end: str) -> None:
    async def cell() -> None:
        events = livereel.watch(camera, data=tmp_path / "data", loop=True, **OPTIONS)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, livereel.CameraState) and event.state == livereel.CameraStatus.WATCHING:
                    await leave()
                    return

    async def leave() -> None:
        match end:
            case "cancel":
                task = asyncio.current_task()
                assert task is not None
                asyncio.get_running_loop().call_soon(task.cancel)
                await asyncio.sleep(60)
            case "error":
                raise ZeroDivisionError
            case _:
                pass

    before = children()
    try:
        asyncio.run(cell())
    except (asyncio.CancelledError, ZeroDivisionError):
        assert end in {"cancel", "error"}
    assert children() == before
    assert (tmp_path / "data" / "ledger.db").is_file()


def test_a_camera_that_cannot_be_watched_is_one_line(tmp_path: Path) -> None:
    async def cell() -> None:
        async for _ in livereel.watch("nowhere.mp4", data=tmp_path, seconds=2):
            pass

    with pytest.raises(livereel.LivereelError, match=r"no camera could be watched: nowhere .*no such file"):
        asyncio.run(cell())


def test_a_mistake_is_raised_at_once() -> None:
    with pytest.raises(
        livereel.LivereelError, match=r"^reel\.every: no such option; did you mean every_s\?$"
    ):
        livereel.watch("front.mp4", reel={"every": 5})
    with pytest.raises(livereel.LivereelError, match="sources: there are none"):
        livereel.watch()


def test_events_that_are_not_taken_are_dropped_and_counted() -> None:
    async def run() -> None:
        queue = EventQueue(max_events=2)
        events = [livereel.MotionChanged("front", moving=True, at_utc=str(n)) for n in range(5)]
        for event in events:
            await queue.take(event)
        await queue.came()
        assert queue.next() == livereel.Missed(3)
        assert [queue.next(), queue.next(), queue.next()] == [*events[3:], None]
        assert queue.counters() == {"waiting": 0.0, "dropped": 3.0}

    asyncio.run(run())
