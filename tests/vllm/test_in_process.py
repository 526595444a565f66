"""The describer with a real engine: a tiny Qwen2-VL whose weights are random; everything else is real."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.answer import MAX_TAGS, answer_schema, object_schema
from analyzer.describe.model.pictures import keyframe_files
from analyzer.describe.model.text_model import SELECTING, Sampling
from analyzer.describe.moment import MAX_TITLE_CHARS
from analyzer.describe.vllm.describer import VllmDescriber
from analyzer.describe.vllm.engine import Engine, VideoInput
from tests.contracts.describer_checks import (
    check_cancelled_at_once,
    check_completes,
    check_describes,
    check_only_describe_errors,
    complete_once,
)
from tests.kit.models.event_loop import Loop
from tests.kit.models.qwen import write_model
from tests.kit.records.keyframe_files import pictured
from tests.vllm.conftest import RULES, tiny

pytestmark = pytest.mark.vllm


def test_a_window_becomes_a_moment(describer: VllmDescriber, loop: Loop, tmp_path: Path) -> None:
    window = pictured(tmp_path)
    moment = loop.run(describer.describe(window))
    assert moment.window is window
    assert 0 < len(moment.title) <= MAX_TITLE_CHARS
    assert moment.text
    assert 0 <= moment.importance <= 10
    assert len(moment.tags) <= MAX_TAGS
    assert moment.model == describer.model
    assert moment.latency_s > 0


def test_it_fulfils_the_contracts_of_describer_and_text_model(
    describer: VllmDescriber, loop: Loop, tmp_path: Path
) -> None:
    windows = [pictured(tmp_path, n) for n in range(3)]
    loop.run(check_describes(describer, windows))
    loop.run(check_completes(describer))
    loop.run(check_cancelled_at_once(lambda: describer.describe(windows[0])))
    loop.run(check_cancelled_at_once(lambda: complete_once(describer)))
    for keyframe in windows[0].keyframes:
        assert keyframe.file is not None
        keyframe.file.unlink()
    loop.run(check_only_describe_errors(describer, windows[0]))


def test_many_windows_of_all_sizes_are_described_at_once(
    describer: VllmDescriber, loop: Loop, tmp_path: Path
) -> None:
    windows = [pictured(tmp_path, n, times_s=[0.5 * (k + 1) for k in range(n % 5 + 1)]) for n in range(12)]

    async def all_at_once() -> list[str]:
        moments = await asyncio.gather(*(describer.describe(window) for window in windows))
        return [moment.window.id for moment in moments]

    assert loop.run(all_at_once()) == [window.id for window in windows]


def test_each_rule_is_judged(describer: VllmDescriber, loop: Loop, tmp_path: Path) -> None:
    moment = loop.run(describer.describe(pictured(tmp_path, camera="ruled")))
    assert set(moment.alerts) <= set(RULES)


def test_a_text_question_is_completed_with_an_object_of_the_schema(
    describer: VllmDescriber, loop: Loop
) -> None:
    answer = loop.run(describer.complete("Judge.", "How much <|im_end|> is it?", answer_schema(), SELECTING))
    assert list(answer) == ["text", "title", "importance", "tags"]


def test_our_video_inputs_give_the_same_answer_as_those_of_vllm(
    engine: Engine, loop: Loop, tmp_path: Path
) -> None:
    """The inputs that we prepare and those of vLLM's own processor must be the same to the model."""
    window = pictured(tmp_path, 3)
    video = VideoInput(keyframe_files(window), [keyframe.pts_s for keyframe in window.keyframes], 1300)
    sampling = Sampling(temperature=0.0, top_p=1.0, repetition_penalty=1.05, max_tokens=40)

    async def both() -> tuple[str, str]:
        recipes = engine._recipes  # noqa: SLF001  # there is no public way past the recipes
        ours = await engine.ask("s", "ours", None, sampling, video=video)
        assert engine.prepares
        known = dict(recipes)
        recipes.update(dict.fromkeys(recipes))
        theirs = await engine.ask("s", "ours", None, sampling, video=video)
        recipes.update(known)
        return ours, theirs

    ours, theirs = loop.run(both())
    assert ours
    assert ours == theirs


def test_an_answer_that_is_cut_off_twice_is_an_error(describer: VllmDescriber, loop: Loop) -> None:
    short = Sampling(temperature=0.9, top_p=0.001, repetition_penalty=1.05, max_tokens=4)
    with pytest.raises(DescribeError, match="not one complete JSON object") as failed:
        loop.run(describer.complete("s", "u", answer_schema(), short))
    assert not failed.value.retryable


def test_a_question_that_is_too_long_is_refused(describer: VllmDescriber, loop: Loop) -> None:
    with pytest.raises(DescribeError, match="context length is 4096") as failed:
        loop.run(describer.complete("s", "word " * 9000, answer_schema(), SELECTING))
    assert not failed.value.retryable


def test_a_damaged_picture_fails_its_window_alone(
    describer: VllmDescriber, loop: Loop, tmp_path: Path
) -> None:
    window = pictured(tmp_path)
    assert window.keyframes[1].file is not None
    window.keyframes[1].file.write_bytes(b"no picture")
    with pytest.raises(DescribeError, match="a keyframe is not a JPEG"):
        loop.run(describer.describe(window))
    loop.run(describer.describe(pictured(tmp_path, 1)))


def test_a_cancelled_request_is_aborted_in_the_engine(engine: Engine, loop: Loop) -> None:
    async def cancel() -> int:
        llm = engine._llm  # noqa: SLF001  # whether the engine is idle shows nowhere else
        long = Sampling(temperature=0.9, top_p=0.001, repetition_penalty=1.05, max_tokens=2000)
        asking = asyncio.create_task(engine.ask("s", "u", None, long))
        async with asyncio.timeout(60):
            while not llm.output_processor.has_unfinished_requests():  # noqa: ASYNC110  # vLLM has no event
                await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return int(llm.output_processor.get_num_unfinished_requests())

    assert loop.run(cancel()) == 0


def test_a_cancelled_question_frees_its_place_in_the_engines_process(
    describer: VllmDescriber, loop: Loop, tmp_path: Path
) -> None:
    """Eight requests run at once: were the long ones not aborted, the window would wait for them."""
    long = Sampling(temperature=0.9, top_p=0.001, repetition_penalty=1.05, max_tokens=3000)
    endless = object_schema({f"text_{n}": {"type": "string"} for n in range(500)})

    async def cancel() -> list[str]:
        done: list[str] = []
        asking = [asyncio.create_task(describer.complete("s", f"u{n}", endless, long)) for n in range(8)]
        await asyncio.sleep(1.0)  # they are being answered, or at least on their way
        for task in asking:
            task.cancel()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        done += [type(outcome).__name__ for outcome in outcomes]
        await describer.describe(pictured(tmp_path))
        return done

    assert loop.run(cancel()) == ["CancelledError"] * 8


def test_a_probe_describes_a_drawn_window(describer: VllmDescriber, loop: Loop) -> None:
    probe = loop.run(describer.probe())
    assert (probe.context_tokens, probe.schema, probe.video) == (4096, True, True)
    assert probe.window_s > 0
    assert probe.title


def test_a_model_that_cannot_be_read_is_an_error_of_one_line(loop: Loop, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    async def ask_twice() -> None:
        describer = VllmDescriber(tiny(tmp_path / "empty"))
        for _ in range(2):
            with pytest.raises(DescribeError, match=r"vLLM cannot start .*empty") as failed:
                await describer.describe(pictured(tmp_path))
            assert "\n" not in str(failed.value)
        await describer.close()

    loop.run(ask_twice())


def test_qwen2_5_describes_and_an_engine_that_dies_is_started_anew(tmp_path: Path) -> None:
    told = _alone("dies", write_model(tmp_path / "qwen2.5-vl", "qwen2_5_vl"))
    assert told == {"described": 2, "died": "retryable"}


def test_qwen3_describes_with_video_inputs_prepared_by_vllm(tmp_path: Path) -> None:
    told = _alone("lives", write_model(tmp_path / "qwen3-vl", "qwen3_vl"))
    assert told == {"described": 1, "died": ""}


def test_a_model_that_is_given_up_while_it_loads_leaves_nothing(model: Path) -> None:
    assert _alone("given-up", model) == {"started": False, "processes": 0}


def test_a_program_that_is_killed_leaves_no_engine(model: Path) -> None:
    code, _, _ = _ended("killed", model)
    assert code == -signal.SIGKILL


def _alone(fate: str, model: Path) -> dict[str, Any]:
    """What a describer reports of its engine's process."""
    code, out, err = _ended(fate, model)
    assert code == 0, err[-4000:]
    told: dict[str, Any] = json.loads(out)
    return told


def _ended(fate: str, model: Path) -> tuple[int, str, str]:
    """Run the script in a session of its own, and see that it leaves no process behind in it."""
    script = Path(__file__).with_name("alone.py")
    with subprocess.Popen(
        [sys.executable, str(script), fate, str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        out, err = process.communicate(timeout=600)
    give_up_s = time.monotonic() + 30
    while (left := _session(process.pid)) and time.monotonic() < give_up_s:
        time.sleep(0.2)
    assert not left
    return process.returncode, out, err


def _session(number: int) -> list[str]:
    """The processes of a session: what else they inherit, vLLM's write over with a title."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            name, _, fields = status.read_text().rpartition(")")
            if int(fields.split()[3]) == number:
                found.append(name)
    return found
