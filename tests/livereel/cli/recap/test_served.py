"""A model on a server, as the program uses it: asked, out of reach, and lost half-way."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.describe.settings import DescribeSettings
from livereel.camera.settings import CameraSettings
from livereel.cli.check import check
from livereel.config.describers import make_language_models
from livereel.config.file import load
from livereel.config.options import Options
from livereel.config.schema import Config
from livereel.storage.settings import RetentionSettings
from sinks.web.settings import WebSettings
from tests.kit.films.scene import scene
from tests.kit.models.chat_server import GOOD, ChatServer
from tests.kit.models.event_loop import Loop
from tests.kit.models.model_server import (
    NO_SUCH_PAGE,
    Answer,
    ModelServer,
    always,
    at_most,
    completion,
    old_limit,
    only_default,
    page,
    refusal,
)
from tests.kit.program.command_line import CommandLine
from tests.kit.records.keyframe_files import pictured

EVENTS = ((1.0, 2.0), (4.0, 5.0), (7.0, 8.0), (10.0, 11.0))
NOWHERE = "http://127.0.0.1:9/v1"


@contextmanager
def serving(server: ChatServer | ModelServer) -> Iterator[str]:
    """The URL of the server, which runs in another thread."""
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
    server.refuse = lambda _: "the model is gone" if len(server.asked) > questions else None
    return server


def test_a_model_out_of_reach_fails_before_the_file_is_read(livereel: CommandLine, tmp_path: Path) -> None:
    said = livereel.failure(*arguments(tmp_path / "not there.mp4", tmp_path, NOWHERE))
    assert said.startswith("127.0.0.1:9 cannot be reached")
    assert not (tmp_path / "reel").exists()


def test_a_model_lost_half_way_leaves_a_reel_of_what_is_described(
    livereel: CommandLine, tmp_path: Path, film: Path
) -> None:
    with serving(lost_after(3)) as url:  # one to try it, two windows
        ended = livereel(*arguments(film, tmp_path, url))
    assert ended.code == 0, ended
    assert "warning: 2 windows have no description: " in ended.err
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
    assert said.startswith("not one window could be described: ")
    assert not (tmp_path / "reel").exists()


def test_check_reports_what_the_model_can_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(ChatServer()) as url:
        describe = replace(DescribeSettings(), kind="openai", base_url=url)
        web, retention = WebSettings(enabled=False), RetentionSettings(min_free_bytes=0)
        config = Config(tmp_path, describe=describe, retention=retention, web=web)
        assert check(Options(config))
    (described,) = [line for line in capsys.readouterr().out.splitlines() if "describe:" in line]
    told = "qwen, 8192 tokens of context, held to a schema, a window as one video, "
    assert described.startswith(f"ok    describe: {told}")
    assert described.endswith(" s a window")


def test_a_camera_is_described_by_its_own_prompt(tmp_path: Path) -> None:
    server = ChatServer(says=[{**GOOD, "alerts": {"rule_1": True}}])
    camera = CameraSettings(
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
                DescribeSettings(), kind="openai", base_url=server.url, profiles={"opera": "Watch the tenor."}
            )
            words = make_language_models(replace(Config(), describe=settings), [camera])
            moment = await words.describer.describe(pictured(tmp_path, camera="front"))
            await words.describer.close()
            return moment.alerts

    assert asyncio.run(describe()) == ("the gate stands open",)
    asked = json.dumps(server.asked[0]["messages"])
    for words in ("Watch the tenor.", "a red car is parked", "the gate stands open", "Welsh"):
        assert words in asked


def failing_after(questions: int, answer: Answer) -> ModelServer:
    """A server that answers so many questions, and each later one so."""
    server = ModelServer()
    server.rules = (lambda _: answer if len(server.asked) > questions else None,)
    return server


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refusal("Incorrect API key", 401), "answers 401: Incorrect API key"),
        (Answer({"choices": [{}]}), "answers with something else than a completion"),
        (Answer(completion(None)), "gave no answer that fits"),
        (page("504 Gateway Time-out", 504), 'answers 504: a web page, "504 Gateway Time-out", not JSON'),
    ],
)
def test_whatever_a_server_answers_half_way_a_recap_ends_with_its_reel_and_a_line(
    answer: Answer, why: str, livereel: CommandLine, tmp_path: Path, film: Path
) -> None:
    server = failing_after(3, answer)  # one to try it, two windows
    with serving(server) as url:
        ended = livereel(*arguments(film, tmp_path, url))
    assert ended.code == 0, ended
    assert "Traceback" not in ended.err
    assert "warning: 2 windows have no description: " in ended.err
    assert why in ended.err
    rows = [json.loads(line) for line in (tmp_path / "reel" / "windows.jsonl").read_text().splitlines()]
    assert [row["outcome"] for row in rows] == ["described"] * 2 + ["model_failed"] * 2
    assert len(server.asked) <= 3 + 2 * 3 + 4  # two windows, and the choice and the story twice each


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (ModelServer((always(page("Sign in", 200)),)), 'answers with a web page, "Sign in", not JSON'),
        (ModelServer(says=Answer([])), "answers with something else than a completion"),
        (ModelServer((always(page("403 Forbidden", 403)),)), 'answers 403: a web page, "403 Forbidden"'),
        (ModelServer((always(NO_SUCH_PAGE),)), "answers 404: Not Found: are base_url and model right?"),
    ],
)
def test_a_server_that_is_none_is_one_line_before_the_file_is_read(
    server: ModelServer, why: str, livereel: CommandLine, tmp_path: Path
) -> None:
    with serving(server) as url:
        said = livereel.failure(*arguments(tmp_path / "not there.mp4", tmp_path, url))
    assert why in said


def test_a_socks_proxy_without_its_package_is_one_line(
    livereel: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:geheim@127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "socksio", None)  # as if it were not there
    said = livereel.failure(*arguments(tmp_path / "film.mp4", tmp_path, NOWHERE))
    assert "pip install socksio" in said
    assert "geheim" not in said


def test_a_key_that_is_not_ascii_is_one_line_without_the_key(
    livereel: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-gehéim")
    said = livereel.failure(*arguments(tmp_path / "film.mp4", tmp_path, NOWHERE))
    assert said == "OPENAI_API_KEY holds a line break or a letter that cannot be sent: copy it again"


def test_check_names_each_fallback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = ModelServer((old_limit, only_default("temperature", "top_p"), at_most(4, "at most 4 images")))
    with serving(server) as url:
        describe = replace(DescribeSettings(), kind="openai", base_url=url)
        web, retention = WebSettings(enabled=False), RetentionSettings(min_free_bytes=0)
        config = Config(tmp_path, describe=describe, retention=retention, web=web)
        assert check(Options(config))
    (described,) = [line for line in capsys.readouterr().out.splitlines() if "describe:" in line]
    assert described.endswith(
        " s a window; falls back to: max_completion_tokens in place of max_tokens; "
        "no temperature, no top_p; at most 4 pictures a window"
    )


def test_extra_fields_and_headers_come_from_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "describe: {kind: openai, model: m, extra_body: {keep_alive: 1h}, extra_headers: {X-Key: sesame}}"
    )
    config = load(file)
    assert "sesame" not in repr(config)
    server = ModelServer()

    async def describe() -> None:
        async with server.serving():
            settings = replace(config.describe, base_url=server.url)
            words = make_language_models(replace(config, describe=settings), [])
            await words.describer.describe(pictured(tmp_path))
            await words.describer.close()

    asyncio.run(describe())
    assert server.asked[0]["keep_alive"] == "1h"
    assert server.headers["x-key"] == "sesame"
