"""Windows put into words on one GPU: livereel's describer beside two plain ways of using vLLM.

Needs ``livereel[vllm]`` and a model folder (no weights are needed to measure speed:
``python tests/kit/models/qwen.py FOLDER --shapes 7b``). Prints a JSON line for each measurement.

    python bench/describe.py FOLDER --ways blocking,all-at-once,livereel,live [--load-format dummy]

``blocking``     one ``LLM.generate`` a window, its pictures as PNG data URLs, each waited for
``all-at-once``  one ``LLM.generate`` for all windows, decoded and in memory before the clock starts
``livereel``     the describer, from JPEG files to text, 128 windows in flight
``live``         the same, fed as N cameras do that never rest: a window every 10 s from each

A window is ``--frames`` pictures of ``--size``, different in every window, and an answer of exactly
``--new-tokens`` tokens. The plain ways show the model the pictures as they are; livereel shrinks them where
they would take more than ``--vision-tokens``: 12 of 640x360 take 1794. It also sends its whole prompt, and
its answers are held to a JSON schema.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from analyzer.describe.model.answer import object_schema
from analyzer.describe.model.prompt import Prompts
from analyzer.describe.model.text_model import Sampling
from analyzer.describe.settings import EngineSettings
from analyzer.describe.vllm.engine import Engine, VideoInput
from analyzer.describe.vllm.process import EngineProcess
from analyzer.signal.window import Keyframe, Window

WAYS = ("blocking", "all-at-once", "livereel", "live")
_DESCRIBING = (0.9, 0.001, 1.05)
_PROMPT = (
    "<|im_start|>system\nYou are a helpful video assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
    "<|video_pad|><|vision_end|>These pictures are part of a video. Tell its story in great detail, as one "
    "would tell it to a friend, and be sure to name whatever is interesting about it: who is there, what "
    "they do, where they go, and what changes.<|im_end|>\n<|im_start|>assistant\n"
)
_LONG = object_schema({f"text_{n}": {"type": "string"} for n in range(100)})
"""An answer that is cut off before its end, so that all have the same length."""
_KINDS = 64
_BLOCKING_WINDOWS = 6
_WARM_UP = 64
"""So many at once that all is compiled which a full engine needs: the first burst holds it up for seconds."""
_IN_FLIGHT = 128

Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Job:
    """What is measured, from the command line."""

    model: str
    frames: int
    width: int
    height: int
    new_tokens: int
    windows: int
    cameras: tuple[int, ...]
    rounds: int
    vision_tokens: tuple[int, ...]
    load_format: str
    engine: dict[str, Any]
    in_process: bool

    def sampling(self) -> Sampling:
        return Sampling(*_DESCRIBING, max_tokens=self.new_tokens)


def scene(job: Job, kind: int) -> Pictures:
    """Pictures of a drawn street: a gradient, texture as a camera's, and blocks that move."""
    noise = np.random.default_rng(kind)
    y, x = np.mgrid[0 : job.height, 0 : job.width]
    ground = np.stack([(x + 7 * kind) % 256, (y + 3 * kind) % 256, (x + y) // 4 % 256], -1) // 2
    texture = cv2.resize(
        noise.integers(0, 90, (job.height // 4, job.width // 4, 3), np.uint8), (job.width, job.height)
    )
    pictures = np.repeat((ground + texture)[None].astype(np.uint8), job.frames, 0)
    for n, picture in enumerate(pictures):
        left = (37 * n + 11 * kind) % (job.width - 60)
        picture[job.height // 2 : job.height // 2 + 80, left : left + 60] = noise.integers(0, 256, 3)
    return pictures


def marked(pictures: Pictures, number: int) -> Pictures:
    """The pictures, made different from all others by the first one's corner: no cache can answer."""
    ours = pictures.copy()
    digits = np.array([number >> shift & 255 for shift in (16, 8, 0)], np.uint8)
    ours[0, :32, :32] = digits
    return ours


class Camera:
    """Writes windows as livereel does: JPEG files, and the record."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._job = job
        self._folder = folder
        self._number = 0
        with ThreadPoolExecutor() as pool:
            self._kinds = list(pool.map(self._write_kind, range(_KINDS)))

    def _write_kind(self, kind: int) -> tuple[Pictures, list[Path]]:
        pictures = scene(self._job, kind)
        files = [self._write(f"{kind}-{n}.jpg", picture) for n, picture in enumerate(pictures)]
        return pictures, files

    def _write(self, name: str, picture: Pictures) -> Path:
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
        file = self._folder / name
        file.write_bytes(jpeg.tobytes())
        return file

    def take(self, count: int) -> list[Window]:
        """So many new windows."""
        numbers = range(self._number, self._number + count)
        self._number += count
        with ThreadPoolExecutor() as pool:
            return list(pool.map(self._window, numbers))

    def _window(self, number: int) -> Window:
        pictures, files = self._kinds[number % _KINDS]
        own = self._write(f"own-{number}.jpg", marked(pictures[:1], number)[0])
        step_s = 9.0 / self._job.frames
        keyframes = tuple(Keyframe(0.5 + step_s * n, 900.0, file) for n, file in enumerate([own, *files[1:]]))
        return Window(
            id=f"bench-{number}",
            camera="bench",
            epoch=0,
            index=number,
            start_s=0.0,
            end_s=10.0,
            start_utc="2026-03-12T14:00:00Z",
            quiet=False,
            signal_max=900.0,
            noise_floor=20.0,
            threshold=100.0,
            keyframes=keyframes,
        )


def report(
    way: str, job: Job, windows: int, wall_s: float, latencies_s: Sequence[float], **facts: Any
) -> None:
    """Print one measurement."""
    row: dict[str, Any] = {
        "way": way,
        "model": Path(job.model).name,
        "frames": job.frames,
        "pixels": f"{job.width}x{job.height}",
        "new_tokens": job.new_tokens,
        "windows": windows,
        "wall_s": round(wall_s, 2),
        "windows_per_s": round(windows / wall_s, 2),
    }
    if latencies_s:
        ordered = sorted(latencies_s)
        row |= {
            "p50_s": round(ordered[len(ordered) // 2], 2),
            "p95_s": round(ordered[int(len(ordered) * 0.95)], 2),
            "max_s": round(ordered[-1], 2),
        }
    print(json.dumps(row | facts | {"engine": job.engine}), flush=True)


def plain_ways(job: Job, ways: Iterable[str]) -> None:
    """``blocking`` and ``all-at-once``: they share one engine."""
    from vllm import LLM, SamplingParams  # noqa: PLC0415  # heavy, and needed by these ways only

    temperature, top_p, penalty = _DESCRIBING
    params = SamplingParams(
        temperature=temperature,
        top_p=top_p,
        repetition_penalty=penalty,
        max_tokens=job.new_tokens,
        ignore_eos=True,
    )
    llm = LLM(
        model=job.model,
        load_format=job.load_format,
        max_model_len=8192,
        gpu_memory_utilization=0.9,
        limit_mm_per_prompt={"image": 0, "video": 1},
        mm_processor_cache_gb=0,
        **job.engine,
    )
    kinds = [scene(job, kind) for kind in range(_KINDS)]

    def prompt(pictures: Pictures) -> dict[str, Any]:
        return {"prompt": _PROMPT, "multi_modal_data": {"video": pictures}}

    llm.generate([prompt(marked(kinds[n], 1_000_000 + n)) for n in range(_WARM_UP)], params, use_tqdm=False)
    if "blocking" in ways:
        windows = [marked(kinds[n], 2_000_000 + n) for n in range(_BLOCKING_WINDOWS)]
        started_s, latencies_s = time.monotonic(), []
        for pictures in windows:
            asked_s = time.monotonic()
            llm.generate([prompt(through_png(pictures))], params, use_tqdm=False)
            latencies_s.append(time.monotonic() - asked_s)
        report("blocking", job, len(windows), time.monotonic() - started_s, latencies_s)
    if "all-at-once" in ways:
        prompts = [prompt(marked(kinds[n % _KINDS], n)) for n in range(job.windows)]
        started_s = time.monotonic()
        outputs = llm.generate(prompts, params, use_tqdm=False)
        wall_s = time.monotonic() - started_s
        report("all-at-once", job, len(prompts), wall_s, (), prompt_tokens=len(outputs[0].prompt_token_ids))


def through_png(pictures: Pictures) -> Pictures:
    """What a window goes through on its way into a chat message and out of it."""
    from PIL import Image  # noqa: PLC0415  # needed by one way only

    urls = []
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, format="PNG")
        urls.append("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())
    decoded = [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in urls]
    return np.stack([np.asarray(picture) for picture in decoded])


async def livereel_ways(job: Job, ways: Iterable[str]) -> None:
    """``livereel`` and ``live``: they share one engine."""
    settings = EngineSettings(load_format=job.load_format, options=job.engine)
    started_s = time.monotonic()
    engine = (Engine if job.in_process else EngineProcess)(job.model, settings)
    if isinstance(engine, EngineProcess):
        await engine.ready
    print(json.dumps({"engine_up_s": round(time.monotonic() - started_s, 1)}), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        camera = Camera(job, Path(folder))
        for budget in job.vision_tokens:
            bench = Describing(engine, job, budget)
            await asyncio.gather(*(bench.describe(window) for window in camera.take(_WARM_UP)))
            if "livereel" in ways:
                await bench.throughput(camera.take(job.windows))
            if "live" in ways:
                for cameras in job.cameras:
                    await bench.live(cameras, camera.take(cameras * job.rounds))
    if isinstance(engine, EngineProcess):
        await engine.close()
    else:
        engine.close()


class Describing:
    """The describer's way from a window to text, with answers of a fixed length."""

    def __init__(self, engine: Engine | EngineProcess, job: Job, budget: int) -> None:
        self._engine = engine
        self._job = job
        self._budget = budget
        self._prompts = Prompts()

    async def describe(self, window: Window) -> float:
        """Seconds that it took."""
        started_s = time.monotonic()
        question = self._prompts.question(window)
        files = [keyframe.file for keyframe in window.keyframes if keyframe.file]
        video = VideoInput(files, [keyframe.pts_s for keyframe in window.keyframes], self._budget)
        await self._engine.ask(question.system, question.user, _LONG, self._job.sampling(), video=video)
        return time.monotonic() - started_s

    async def throughput(self, windows: Sequence[Window]) -> None:
        """As many at a time as a queue would let in."""
        gate = asyncio.Semaphore(_IN_FLIGHT)

        async def one(window: Window) -> float:
            async with gate:
                return await self.describe(window)

        started_s, cpu_s = time.monotonic(), time.process_time()
        latencies_s = await asyncio.gather(*(one(window) for window in windows))
        wall_s, cpu_s = time.monotonic() - started_s, time.process_time() - cpu_s
        report("livereel", self._job, len(windows), wall_s, latencies_s, **self._facts(cpu_s / wall_s))

    async def live(self, cameras: int, windows: Sequence[Window]) -> None:
        """Each camera's window arrives every 10 s, the cameras spread evenly."""
        started_s, cpu_s, tasks = time.monotonic(), time.process_time(), []
        for n, window in enumerate(windows):
            await asyncio.sleep(max(0.0, started_s + n * 10.0 / cameras - time.monotonic()))
            tasks.append(asyncio.create_task(self.describe(window)))
        latencies_s = await asyncio.gather(*tasks)
        wall_s, cpu_s = time.monotonic() - started_s, time.process_time() - cpu_s
        facts = self._facts(cpu_s / wall_s)
        report("live", self._job, len(windows), wall_s, latencies_s, cameras=cameras, **facts)

    def _facts(self, cores: float) -> dict[str, Any]:
        """Budget, where the engine runs, and how many cores this process keeps busy."""
        return {
            "vision_tokens_at_most": self._budget,
            "in_process": self._job.in_process,
            "cores": round(cores, 1),
        }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--ways", default=",".join(WAYS), help="separated by commas")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--new-tokens", type=int, default=100)
    parser.add_argument("--windows", type=int, default=256)
    parser.add_argument("--cameras", default="60,100,150", help="how many, separated by commas")
    parser.add_argument("--rounds", type=int, default=4, help="windows of each camera")
    parser.add_argument("--vision-tokens", default="2000,1300", help="budgets, separated by commas")
    parser.add_argument("--load-format", default="auto", help="dummy for a folder without weights")
    parser.add_argument("--engine", default="{}", help="more engine arguments, as JSON")
    parser.add_argument(
        "--in-process", action="store_true", help="the engine in this process rather than in a child"
    )
    return parser.parse_args()


def main() -> None:
    """Measure and print; the plain ways and livereel's each in a process of their own."""
    arguments = _arguments()
    width, height = (int(side) for side in arguments.size.split("x"))
    job = Job(
        model=arguments.model,
        frames=arguments.frames,
        width=width,
        height=height,
        new_tokens=arguments.new_tokens,
        windows=arguments.windows,
        cameras=_numbers(arguments.cameras),
        rounds=arguments.rounds,
        vision_tokens=_numbers(arguments.vision_tokens),
        load_format=arguments.load_format,
        engine=json.loads(arguments.engine),
        in_process=arguments.in_process,
    )
    ways = arguments.ways.split(",")
    plain, ours = [way for way in ways if way in WAYS[:2]], [way for way in ways if way in WAYS[2:]]
    if plain and ours:  # an engine takes the whole GPU: each group gets a process of its own
        for group in (plain, ours):
            subprocess.run([sys.executable, *_with_ways(sys.argv, group)], check=True)
    elif plain:
        plain_ways(job, plain)
    else:
        asyncio.run(livereel_ways(job, ours))


def _with_ways(command: Sequence[str], ways: Sequence[str]) -> list[str]:
    return [*command, "--ways", ",".join(ways)]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
