from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import jsonschema
import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.pictures import read_jpegs
from analyzer.describe.model.prompt import CameraBrief, Prompts
from analyzer.describe.model.text_model import DESCRIBING, Sampling
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.settings import DescribeSettings
from tests.kit.models.chat_server import GOOD, ChatServer
from tests.kit.records.keyframe_files import pictured

T = TypeVar("T")


def asked(
    server: ChatServer,
    use: Callable[[OpenAiDescriber], Awaitable[T]],
    prompts: Prompts | None = None,
    **settings: Any,
) -> T:
    """What comes of a describer that asks this server."""

    async def run() -> T:
        async with server.serving():
            made = DescribeSettings(kind="openai", base_url=server.url, timeout_s=20.0, **settings)
            describer = OpenAiDescriber(made, prompts)
            try:
                return await use(describer)
            finally:
                await describer.close()
                await describer.close()

    return asyncio.run(run())


def parts(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part for part in body["messages"][1]["content"] if part["type"] == kind]


def refuses(field: str) -> Callable[[dict[str, Any]], str | None]:
    """A server that does not know a field or a kind of part."""
    return lambda body: f"{field} is not known here" if f'"{field}"' in json.dumps(body) else None


def test_a_window_becomes_a_moment(tmp_path: Path) -> None:
    server = ChatServer()
    window = pictured(tmp_path)
    moment = asked(server, lambda describer: describer.describe(window))
    assert (moment.title, moment.text) == (GOOD["title"], GOOD["text"])
    assert (moment.importance, moment.tags, moment.model) == (6.0, ("person", "delivery"), "qwen")
    assert moment.window is window
    assert moment.latency_s > 0


def test_vllm_is_sent_one_video_of_the_jpegs_as_they_are(tmp_path: Path) -> None:
    server = ChatServer()
    window = pictured(tmp_path)
    asked(server, lambda describer: describer.describe(window))
    (body,) = server.asked
    (video,) = parts(body, "video_url")
    encoded = video["video_url"]["url"].removeprefix("data:video/jpeg;base64,").split(",")
    assert [base64.b64decode(each) for each in encoded] == read_jpegs(window)
    assert not parts(body, "image_url")


def test_the_prompt_stands_first_and_the_times_behind_the_pictures(tmp_path: Path) -> None:
    server = ChatServer()
    prompts = Prompts()
    window = pictured(tmp_path)
    asked(server, lambda describer: describer.describe(window), prompts)
    (body,) = server.asked
    question = prompts.question(window)
    assert body["messages"][0] == {"role": "system", "content": question.system}
    assert body["messages"][1]["content"][-1] == {"type": "text", "text": question.user}
    form = body["response_format"]["json_schema"]["schema"]
    assert form == question.schema
    jsonschema.validate(GOOD, form)


def test_the_sampling_is_the_describing_one(tmp_path: Path) -> None:
    server = ChatServer()
    asked(server, lambda describer: describer.describe(pictured(tmp_path)))
    (body,) = server.asked
    assert {name: body[name] for name in ("temperature", "top_p", "repetition_penalty", "max_tokens")} == {
        "temperature": DESCRIBING.temperature,
        "top_p": DESCRIBING.top_p,
        "repetition_penalty": DESCRIBING.repetition_penalty,
        "max_tokens": DESCRIBING.max_tokens,
    }


def test_others_are_sent_pictures_one_by_one_each_with_its_time(tmp_path: Path) -> None:
    server = ChatServer(runner="library")
    window = pictured(tmp_path)
    asked(server, lambda describer: describer.describe(window))
    (body,) = server.asked
    assert len(parts(body, "image_url")) == len(window.keyframes)
    assert not parts(body, "video_url")
    times = [part["text"] for part in parts(body, "text")]
    assert times[:-1] == ["0.4 s:", "2.0 s:", "3.1 s:", "5.5 s:"]
    assert "repetition_penalty" not in body


def test_a_server_that_refuses_video_is_sent_pictures_from_then_on(tmp_path: Path) -> None:
    server = ChatServer(refuse=refuses("video_url"))
    windows = [pictured(tmp_path, n) for n in range(2)]

    async def both(describer: OpenAiDescriber) -> None:
        for window in windows:
            await describer.describe(window)

    asked(server, both)
    assert [bool(parts(body, "video_url")) for body in server.asked] == [True, False, False]
    assert all("response_format" in body for body in server.asked)


def test_a_server_that_refuses_a_schema_gets_it_in_the_prompt(tmp_path: Path) -> None:
    server = ChatServer(refuse=refuses("response_format"), says=[f"Here it is: {json.dumps(GOOD)}"])

    async def twice(describer: OpenAiDescriber) -> str:
        await describer.describe(pictured(tmp_path))
        return (await describer.describe(pictured(tmp_path, 1))).title

    assert asked(server, twice) == GOOD["title"]
    understood = [body for body in server.asked if "response_format" not in body]
    assert len(understood) == 2
    assert len(parts(understood[0], "video_url")) == 1
    assert '"required": ["text", "title", "importance", "tags"]' in understood[0]["messages"][0]["content"]


@pytest.mark.parametrize(("pictures", "kind"), [("video", "video_url"), ("images", "image_url")])
def test_what_is_set_is_not_found_out(tmp_path: Path, pictures: str, kind: str) -> None:
    server = ChatServer(runner="somebody")
    asked(server, lambda d: d.describe(pictured(tmp_path)), pictures=pictures, answers="words")
    (body,) = server.asked
    assert parts(body, kind)
    assert "response_format" not in body


def test_a_question_that_is_refused_in_every_form_is_an_error_with_the_servers_message(
    tmp_path: Path,
) -> None:
    server = ChatServer(refuse=lambda _: "the prompt is too long\nby far")
    with pytest.raises(DescribeError, match=r"refuses the question: the prompt is too long$") as failed:
        asked(server, lambda describer: describer.describe(pictured(tmp_path)))
    assert not failed.value.retryable


def test_an_answer_that_does_not_fit_is_asked_for_once_more(tmp_path: Path) -> None:
    server = ChatServer(says=["I cannot help with that.", GOOD])
    moment = asked(server, lambda describer: describer.describe(pictured(tmp_path)))
    assert moment.title == GOOD["title"]
    first, second = (body["messages"][1]["content"] for body in server.asked)
    assert first[:-1] == second[:-1]
    assert "not one complete JSON object" in second[-1]["text"]


def test_two_answers_that_do_not_fit_are_an_error_and_no_invention(tmp_path: Path) -> None:
    server = ChatServer(says=["", {**GOOD, "importance": 99}])
    with pytest.raises(DescribeError, match="gave no answer that fits: importance") as failed:
        asked(server, lambda describer: describer.describe(pictured(tmp_path)))
    assert not failed.value.retryable
    assert len(server.asked) == 2


def test_rules_that_hold_are_the_moments_alerts(tmp_path: Path) -> None:
    rules = ("a dog barks", "the gate stands open")
    server = ChatServer(says=[{**GOOD, "alerts": {"rule_1": False, "rule_2": True}}])
    prompts = Prompts({"front": CameraBrief(tell_me_when=rules)})
    moment = asked(server, lambda describer: describer.describe(pictured(tmp_path)), prompts)
    assert moment.alerts == ("the gate stands open",)


def test_a_text_question_is_completed_with_an_object() -> None:
    server = ChatServer(says=[{"picks": []}])
    schema = {"type": "object", "properties": {"picks": {"type": "array"}}}
    sampling = Sampling(temperature=0.1, top_p=0.01, repetition_penalty=1.05, max_tokens=99)
    answer = asked(server, lambda describer: describer.complete("choose", "1. A", schema, sampling))
    assert answer == {"picks": []}
    (body,) = server.asked
    assert body["messages"][0]["content"] == "choose"
    assert body["messages"][1]["content"] == [{"type": "text", "text": "1. A"}]
    assert (body["temperature"], body["max_tokens"]) == (0.1, 99)


def test_the_key_comes_from_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_KEY", "sesame")
    server = ChatServer()
    asked(server, lambda d: d.describe(pictured(tmp_path)), api_key_variable="CAMERA_KEY")
    assert server.headers["authorization"] == "Bearer sesame"


def test_without_the_extra_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)  # as if it were not there
    with pytest.raises(DescribeError, match=r"not installed .*pip install '\.\[openai\]'"):
        OpenAiDescriber(DescribeSettings(base_url="http://127.0.0.1:9/v1"))


def test_a_hosted_model_without_a_key_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(DescribeError, match="set OPENAI_API_KEY"):
        OpenAiDescriber()


def test_a_model_is_asked_for_by_its_name_even_if_it_is_not_listed(tmp_path: Path) -> None:
    server = ChatServer()
    moment = asked(server, lambda describer: describer.describe(pictured(tmp_path)), model="alias")
    assert moment.model == "alias"
    assert server.asked[0]["model"] == "alias"


def test_more_fields_travel_with_each_question(tmp_path: Path) -> None:
    server = ChatServer()
    asked(server, lambda d: d.describe(pictured(tmp_path)), extra_body={"keep_alive": "1h"})
    assert server.asked[0]["keep_alive"] == "1h"


def test_a_server_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    settings = DescribeSettings(base_url="http://somebody:secret@127.0.0.1:9/v1")

    async def ask() -> None:
        describer = OpenAiDescriber(settings)
        try:
            await describer.describe(pictured(tmp_path))
        finally:
            await describer.close()

    with pytest.raises(DescribeError, match=r"^127\.0\.0\.1:9 cannot be reached") as failed:
        asyncio.run(ask())
    assert failed.value.retryable
    assert "secret" not in str(failed.value)


def test_a_probe_reports_what_was_found_out() -> None:
    probe = asked(ChatServer(refuse=refuses("video_url")), lambda describer: describer.probe())
    assert (probe.model, probe.context_tokens, probe.schema, probe.video) == ("qwen", 8192, True, False)
    assert probe.title == GOOD["title"]
    assert probe.window_s > 0


def test_pictures_that_are_too_large_are_shrunk(tmp_path: Path) -> None:
    server = ChatServer()

    async def run() -> None:
        async with server.serving():
            describer = OpenAiDescriber(DescribeSettings(base_url=server.url, keyframe_px=80))
            await describer.describe(pictured(tmp_path))
            await describer.close()

    asyncio.run(run())
    (video,) = parts(server.asked[0], "video_url")
    assert len(video["video_url"]["url"]) < sum(len(jpeg) for jpeg in read_jpegs(pictured(tmp_path)))
