"""How late the live picture is, glass to glass, and what it costs to be watched.

A camera on this machine (GStreamer's RTSP server: H.264, 1280x720, 25 frames a second, a key packet each
second) shows a number in each picture, so that it is known when it was due. Chromium shows the camera's page.
The number is read in two ways: from screenshots, whose time is when the browser has returned them, so that
the latency is an upper bound; and by the page itself, when the browser presents a frame.

Then the CPU time of the camera's process and of the main process is measured without a viewer, with one and
with many, which read from a process of their own.

    .venv/bin/python bench/live.py [--screenshots 40] [--viewers 50] [--seconds 20]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' RTSP server serves here too

import cv2
import numpy as np
from playwright.sync_api import FloatRect, Page, expect

from analyzer.signal.settings import WindowSettings
from livereel.camera.settings import CameraSettings
from livereel.camera.supervisor import RestartPolicy
from livereel.camera.worker import CameraJob
from sinks.web.settings import WebSettings
from tests.kit.cameras.faults import camera_frozen, camera_vanishes
from tests.kit.cameras.rtsp import RtspServer, missing
from tests.kit.films.footage import write_units_of
from tests.kit.films.numbered import film, number_of
from tests.kit.program.live_run import Watch, until, watching
from tests.kit.web.chromium import launched, wait_for

SIZE, FPS, ROUND_S = (1280, 720), 25, 40
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# When the browser presents a frame, by the clock of the page: its number, and the moment.
WATCH_FRAMES = """
  window.shown = [];
  const video = document.querySelector("#live video");
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [240, 1];
  const pen = copy.getContext("2d", { willReadFrequently: true });
  const note = (now, { expectedDisplayTime }) => {
    pen.drawImage(video, 0, video.videoHeight / 6, video.videoWidth, 1, 0, 0, 240, 1);
    const row = pen.getImageData(0, 0, 240, 1).data;
    let number = 0;
    for (let bit = 0; bit < 12; bit += 1) number += (row[4 * (20 * bit + 10)] > 128) << bit;
    shown.push([number, performance.timeOrigin + expectedDisplayTime]);
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
"""


def main() -> None:
    """Serve, watch, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--screenshots", type=int, default=40)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--view", nargs=2, metavar=("URL", "NUMBER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.view:
        asyncio.run(_view(asked.view[0], int(asked.view[1])))
    elif lacking := missing():
        sys.exit(lacking)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _run(Path(folder), asked)


def _run(folder: Path, asked: argparse.Namespace) -> None:
    options = {"preset": "ultrafast", "tune": "zerolatency"}
    path = film(
        folder / "film.ts", seconds=ROUND_S, fps=FPS, size=SIZE, container="mpegts", gop=FPS, options=options
    )
    footage = write_units_of(folder / "footage", path)
    with closing(RtspServer({"/front": [footage]})) as server:
        server.start()
        data = folder / "data"
        job = CameraJob(
            CameraSettings("front", server.address("/front")), WindowSettings(keyframe_px=640), data
        )
        served = WebSettings(port=0)
        with watching(data, {"front": job}, restarts=RestartPolicy(), web=served) as watch:
            until(lambda: watch.live.cameras["front"].counts.frames > 0, "the camera")
            _print({"cores": os.cpu_count(), "load": os.getloadavg()[0], "size": SIZE, "fps": FPS})
            _latency(watch, server, asked.screenshots)
            _cost(watch, asked)


def _latency(watch: Watch, server: RtspServer, screenshots: int) -> None:
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{watch.url}cameras/front")
        live = page.locator("#live")
        expect(live).to_have_attribute("data-live", "live")
        time.sleep(3)  # as a person looks at it
        page.evaluate(WATCH_FRAMES)
        box = live.locator("video").bounding_box()
        if box is None:
            sys.exit("the page shows no video")
        seen = [_screenshot(page, box, server) for _ in range(screenshots)]
        _print({"screenshot_s": _spread(seen)})
        wall_s = time.time() - time.monotonic()
        presented = [
            _late_s(number, at_ms / 1000 - wall_s, server) for number, at_ms in page.evaluate("shown")
        ]
        _print({"presented_s": _spread(presented)})
        lag = page.locator("[data-live-lag]").text_content()
        dropped = live.locator("video").evaluate("(it) => it.getVideoPlaybackQuality().droppedVideoFrames")
        _print({"the_page_says": lag, "frames": len(presented), "dropped": dropped})
        for name, fault in (("vanished", camera_vanishes), ("frozen", camera_frozen)):
            with fault(server):
                begun_s = time.monotonic()
                wait_for(live, "(it) => it.dataset.live === 'away'")
                _print({f"{name}_shown_after_s": round(time.monotonic() - begun_s, 2)})
            expect(live).to_have_attribute("data-live", "live")
        page.goto("about:blank")


def _screenshot(page: Page, clip: FloatRect, server: RtspServer) -> float:
    time.sleep(0.13)  # not in step with the frames
    picture = page.screenshot(clip=clip)
    at_s = time.monotonic()
    rgb = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if rgb is None:
        sys.exit("the browser returned no picture")
    return _late_s(number_of(rgb), at_s, server)


def _late_s(number: int, at_s: float, server: RtspServer) -> float:
    """How long before ``at_s`` (monotonic) the picture of this number was last due."""
    return (at_s - server.begun_s - number / FPS) % ROUND_S


def _cost(watch: Watch, asked: argparse.Namespace) -> None:
    pid = watch.live.cameras["front"].pid
    if pid is None:
        sys.exit("the camera is away")
    until(lambda: watch.live.cameras["front"].counts.frames > 0, "the camera")
    for viewers in (0, 1, asked.viewers, 0, 1, asked.viewers):  # twice: other work on the machine changes
        with _viewers(watch.url, viewers):
            before = _cpu_s(pid), _cpu_s(os.getpid())
            time.sleep(asked.seconds)
            after = _cpu_s(pid), _cpu_s(os.getpid())
        camera, main_process = (
            round(100 * (b - a) / asked.seconds, 1) for a, b in zip(before, after, strict=True)
        )
        _print({"viewers": viewers, "camera_cpu_percent": camera, "main_cpu_percent": main_process})


@contextmanager
def _viewers(url: str, number: int) -> Iterator[None]:
    """So many viewers of video and motion, in a process of their own, all of which are being served."""
    if not number:
        yield
        return
    command = [sys.executable, __file__, "--view", url, str(number)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        if process.stdout is None or process.stdout.readline() != b"watching\n":
            sys.exit("the viewers are not served")
        yield
    finally:
        process.kill()
        process.wait()


async def _view(url: str, number: int) -> None:
    connections = [await _opened(url) for _ in range(number)]
    for reader, _ in connections:
        await reader.readexactly(10_000)
    print("watching", flush=True)
    await asyncio.gather(*(_drained(reader) for reader, _ in connections))


async def _opened(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(f"GET /api/cameras/front/live HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
    return reader, writer


async def _drained(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    at: dict[str, Callable[[int], int]] = {
        "p50": lambda n: n // 2,
        "p95": lambda n: int(n * 0.95),
        "max": lambda n: n - 1,
    }
    return {name: round(ordered[nth(len(ordered))], 3) for name, nth in at.items()} | {"count": len(ordered)}


def _print(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
