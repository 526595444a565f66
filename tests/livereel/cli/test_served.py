"""A model on a server, as the program uses it: asked, out of reach, and lost half-way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.reel.choose import ChooseRules
from livereel.cli.check import check
from livereel.config.describers import make_words
from livereel.config.options import Options
from livereel.config.schema import CameraConfig, Config, DescribeConfig, RetentionConfig
from tests.kit.chat_server import GOOD, ChatServer
from tests.kit.commandline import CommandLine
from tests.kit.loop import Loop
from tests.kit.pictures import pictured
from tests.kit.scene import scene

EVENTS = ((1.0, 2.0), (4.0, 5.0), (7.0, 8.0), (10.0, 11.0))
NOWHERE = "http://127.0.0.1:9/v1"


@contextmanager
def serving(server: ChatServer) -> Iterator[str]:
    """The server's URL, beside what runs in this thread."""
    with Loop().running() as loop:
        stack = AsyncExitStack()
        loop.run(stack.enter_async_context(server.serving()))
        try:
            yield server.url
        finally:
            loop.run(stack.aclose())


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Four windows of three seconds, and something happens in each."""
    return scene(tmp_path / "film.mp4", seconds=12.0, events=EVENTS)


def arguments(film: Path, tmp_path: Path, url: str) -> list[str | Path]:
    config = tmp_path / "config.yaml"
    config.write_text("window_s: 3\ndescribe: {kind: openai, max_in_flight: 1}\n")
    asked: list[str | Path] = [
        "recap",
        film,
        "--out",
        tmp_path / "reel",
        "--config",
        config,
        "--base-url",
        url,
    ]
    return [*asked, "--model", "qwen"]


def lost_after(questions: int) -> ChatServer:
    """A server that answers so many questions, and then has lost its model."""
    server = ChatServer()
    server.refuse = lambda _: "the model is gone" if len(server.heard) > questions else None
    return server


def test_a_model_out_of_reach_fails_before_the_file_is_read(livereel: CommandLine, tmp_path: Path) -> None:
    said = livereel.failure(*arguments(tmp_path / "not there.mp4", tmp_path, NOWHERE))
    assert said.startswith("127.0.0.1:9 cannot be reached")
    assert not (tmp_path / "reel").exists()


def test_a_model_lost_half_way_leaves_a_reel_of_what_has_words(
    livereel: CommandLine, tmp_path: Path, film: Path
) -> None:
    with serving(lost_after(3)) as url:  # one to try it, two windows
        ended = livereel(*arguments(film, tmp_path, url))
    assert ended.code == 0, ended
    assert "warning: 2 windows have no words: " in ended.err
    assert "the model is gone" in ended.err
    rows = [json.loads(line) for line in (tmp_path / "reel" / "windows.jsonl").read_text().splitlines()]
    assert [row["outcome"] for row in rows] == ["described"] * 2 + ["model_failed"] * 2
    chapters = json.loads((tmp_path / "reel" / "reel.json").read_text())["chapters"]
    assert [chapter["title"] for chapter in chapters] == [GOOD["title"]] * 2


def test_a_model_lost_at_once_is_a_failure_that_leaves_nothing(
    livereel: CommandLine, tmp_path: Path, film: Path
) -> None:
    with serving(lost_after(1)) as url:
        said = livereel.failure(*arguments(film, tmp_path, url))
    assert said.startswith("not one window could be put into words: ")
    assert not (tmp_path / "reel").exists()


def test_check_tells_what_the_model_can_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(ChatServer()) as url:
        describe = replace(DescribeConfig(), kind="openai", base_url=url)
        config = Config(tmp_path, describe=describe, retention=RetentionConfig(min_free_bytes=0))
        assert check(Options(config))
    (words,) = [line for line in capsys.readouterr().out.splitlines() if "words" in line]
    told = "qwen, 8192 tokens of context, held to a schema, a window as one video, "
    assert words.startswith(f"ok    words: {told}")
    assert words.endswith(" s a window")


def test_a_camera_is_asked_about_in_its_own_words(tmp_path: Path) -> None:
    server = ChatServer(says=[{**GOOD, "alerts": {"rule_1": True}}])
    camera = CameraConfig(
        "front",
        "rtsp://10.0.0.5/main",
        profile="opera",
        normal="a red car is parked",
        tell_me_when=("the gate stands open",),
        language="Welsh",
    )

    async def describe() -> tuple[str, ...]:
        async with server.serving():
            settings = replace(
                DescribeConfig(), kind="openai", base_url=server.url, profiles={"opera": "Watch the tenor."}
            )
            words = make_words(replace(Config(), describe=settings), [camera], ChooseRules())
            moment = await words.describer.describe(pictured(tmp_path, camera="front"))
            await words.describer.close()
            return moment.alerts

    assert asyncio.run(describe()) == ("the gate stands open",)
    asked = json.dumps(server.heard[0]["messages"])
    for words in ("Watch the tenor.", "a red car is parked", "the gate stands open", "Welsh"):
        assert words in asked
