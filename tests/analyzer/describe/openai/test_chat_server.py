"""Dialects: what a server does not take is found out by itself, remembered, and named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.model.text_model import DESCRIBING
from analyzer.describe.model_health import is_transient
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.settings import DescribeSettings
from tests.kit.models.chat_server import GOOD
from tests.kit.models.describing import TWELVE_S, asked, twice
from tests.kit.models.model_server import (
    NO_SUCH_PAGE,
    Answer,
    ModelServer,
    Rule,
    always,
    area,
    at_most,
    listed,
    no_system,
    not_both,
    old_limit,
    only_default,
    page,
    pictures,
    refusal,
    shorter,
    without,
    words,
)
from tests.kit.records.keyframe_files import pictured


def understood(server: ModelServer) -> list[dict[str, Any]]:
    """The questions that no rule refuses."""
    return [body for body in server.asked if all(rule(body) is None for rule in server.rules)]


THINKER = (old_limit, only_default("temperature", "top_p"))
MUTE = refusal("Bad Request")
BROKEN = refusal("Internal server error", 500)
FIVE = "Too many images provided. This model supports up to 5 images"
VLLM_ONE = "At most 1 image(s) may be provided in one request."
LLAMA_CPP = "the request exceeds the available context size (4096 tokens), try increasing it"
VLLM_LONG = (
    "This model's maximum context length is 4096 tokens. However, you requested 5256 tokens (5000 in the "
    "messages, 256 in the completion). Please reduce the length of the messages or completion."
)
VLLM_LIMIT = (
    "'max_tokens' or 'max_completion_tokens' is too large: 256. This model's maximum context length is 4096 "
    "tokens and your request has 5000 input tokens (256 > 4096 - 5000)."
)
TOO_LARGE = page("413 Request Entity Too Large", 413)
NESTED = Answer(
    {
        "error": {
            "message": "Provider returned error",
            "code": 400,
            "metadata": {"raw": '{"message": "`temperature` and `top_p` cannot both be specified"}'},
        }
    },
    400,
)


@pytest.mark.parametrize(
    ("rules", "extra_requests"),
    [
        (THINKER, 3),
        ((not_both,), 1),
        ((only_default("temperature"),), 1),
        ((only_default("top_p"),), 1),
        ((old_limit, not_both), 2),
        ((lambda body: NESTED if not_both(body) else None,), 1),
        ((without("response_format", refusal("response_format is not supported", 400)),), 1),
        ((without("response_format", refusal("This is not available", 404)),), 1),
        ((without("response_format", refusal("Internal server error", 500)),), 1),
        ((without("response_format", refusal("Failed to parse grammar", 500)),), 1),
        ((without("response_format", Answer({"detail": [{"loc": ["body"], "msg": "extra"}]}, 422)),), 1),
        ((no_system,), 1),
        ((at_most(5, FIVE),), 1),
        ((at_most(1, VLLM_ONE),), 1),
        ((at_most(4, "too many pictures"),), 2),
        ((at_most(4, "Bad Request"),), 5),
        ((at_most(1, "Bad Request"),), 6),
        ((at_most(4, "Internal server error", 500),), 2),
        ((at_most(1, "Internal server error", 500),), 4),
        ((at_most(1, "Internal server error", 500), without("response_format", BROKEN)), 5),
        ((without("max_tokens", MUTE),), 2),
        ((without("temperature", MUTE), without("top_p", MUTE)), 3),
        ((without("temperature", MUTE), without("max_tokens", MUTE)), 7),
        ((old_limit, without("response_format", MUTE)), 2),
        ((area(12 * 160 * 120 // 2 + 1, LLAMA_CPP),), 2),
        ((area(160 * 120, VLLM_LONG),), 4),
        ((area(160 * 120, VLLM_LIMIT),), 4),
        ((shorter(20_000, TOO_LARGE),), 2),
        ((*THINKER, at_most(1, VLLM_ONE), no_system), 5),
    ],
)
def test_a_dialect_is_found_out_and_remembered(
    rules: Sequence[Rule], extra_requests: int, tmp_path: Path
) -> None:
    server = ModelServer(rules)
    assert asked(server, twice(tmp_path)) == (GOOD["title"],) * 2
    assert len(server.asked) == extra_requests + 2
    assert understood(server) == server.asked[-2:], "the second window is understood at once"


def test_where_one_may_be_sent_it_is_the_one_that_keeps_answers_sure(tmp_path: Path) -> None:
    server = ModelServer((not_both,))
    asked(server, twice(tmp_path))
    assert server.asked[-1]["top_p"] == DESCRIBING.top_p
    assert "temperature" not in server.asked[-1]


def test_a_low_temperature_stands_for_top_p_where_that_is_not_accepted(tmp_path: Path) -> None:
    server = ModelServer((only_default("top_p"),))
    asked(server, twice(tmp_path))
    assert server.asked[-1]["temperature"] == 0.1


def test_the_limit_keeps_its_value_under_its_other_name(tmp_path: Path) -> None:
    server = ModelServer((old_limit,))
    asked(server, twice(tmp_path))
    assert server.asked[-1]["max_completion_tokens"] == DESCRIBING.max_tokens


def test_fewer_pictures_are_the_strongest_and_the_prompt_describes_these(tmp_path: Path) -> None:
    server = ModelServer((at_most(1, VLLM_ONE),))
    asked(server, twice(tmp_path))
    assert len(pictures(server.asked[0])) == 12
    assert len(pictures(server.asked[-1])) == 1
    assert words(server.asked[0]).startswith("The 12 pictures were taken 0.5, 1.2, ")
    assert words(server.asked[-1]).startswith("The picture was taken 0.5 s into")


def test_too_large_a_body_is_sent_again_smaller() -> None:
    server = ModelServer((shorter(60_000, TOO_LARGE),))

    asked(server, lambda describer: describer.probe())
    assert max(pictures(server.asked[0])) == (640, 360)
    assert set(pictures(server.asked[-1])) == {(320, 180)}


def test_a_question_without_pictures_that_is_too_long_leaves_pictures_alone(tmp_path: Path) -> None:
    long = area(-1, VLLM_LONG)
    server = ModelServer((lambda body: None if pictures(body) else long(body),))

    async def use(describer: OpenAiDescriber) -> None:
        with pytest.raises(DescribeError, match="maximum context length"):
            await describer.complete("s", "u", {"type": "object"}, DESCRIBING)
        await describer.describe(pictured(tmp_path, times_s=TWELVE_S))

    asked(server, use)
    assert len(server.asked) == 2
    assert len(pictures(server.asked[-1])) == 12


def test_what_the_configuration_fixes_is_not_changed(tmp_path: Path) -> None:
    server = ModelServer((without("response_format", refusal("response_format is not supported")),))
    with pytest.raises(DescribeError, match="response_format is not supported"):
        asked(server, lambda d: d.describe(pictured(tmp_path)), answers="schema")
    assert all("response_format" in body for body in server.asked)


def test_extra_fields_go_before_ours(tmp_path: Path) -> None:
    server = ModelServer()
    asked(server, twice(tmp_path), extra_body={"temperature": 1, "enable_thinking": False})
    assert (server.asked[0]["temperature"], server.asked[0]["enable_thinking"]) == (1, False)


def test_extra_headers_go_with_each_request_and_are_not_shown(tmp_path: Path) -> None:
    server = ModelServer(models=listed("qwen"))
    headers = {"X-Gateway-Key": " sesame-open\n"}
    asked(server, twice(tmp_path), extra_headers=headers)
    assert server.headers["x-gateway-key"] == "sesame-open"
    assert "sesame" not in repr(DescribeSettings(extra_headers=headers))


def test_every_fallback_is_named_by_the_probe() -> None:
    rules = (*THINKER, no_system, at_most(4, "at most 4 images"))
    unschemed = without("response_format", refusal("response_format: no"))
    server = ModelServer((*rules, unschemed), models=NO_SUCH_PAGE)
    probe = asked(server, lambda describer: describer.probe())
    assert probe.fallbacks == (
        "no list of models",
        "asked for a schema in words",
        "max_completion_tokens in place of max_tokens",
        "no temperature, no top_p",
        "no system message",
        "at most 4 pictures a window",
    )


def test_a_server_that_understands_all_has_no_fallbacks() -> None:
    assert asked(ModelServer(), lambda describer: describer.probe()).fallbacks == ()


# Models


@pytest.mark.parametrize(
    "models",
    [
        NO_SUCH_PAGE,
        page("Welcome to nginx!", 200),
        Answer("no JSON", 200, "text/plain"),
        refusal("no permission", 403),
        refusal("broken", 500),
        {"object": "list", "data": None},
        [],
        {"data": [{"id": None}, 5, None]},
        None,
    ],
)
def test_a_named_model_needs_no_list(models: Any, tmp_path: Path) -> None:
    server = ModelServer(models=models)
    assert asked(server, twice(tmp_path)) == (GOOD["title"],) * 2
    assert [target for _, target in server.requests].count("/v1/models") == 1


@pytest.mark.parametrize(
    "models", [["qwen"], [{"id": "qwen"}], {"models": [{"name": "qwen"}]}, listed("qwen", "b")]
)
def test_a_list_of_another_form_is_read(models: Any, tmp_path: Path) -> None:
    server = ModelServer(models=models)
    asked(server, twice(tmp_path), model=None)
    assert server.asked[0]["model"] == "qwen"


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (page("Open WebUI", 200), r'answers with a web page, "Open WebUI", not JSON: is base_url right\?$'),
        ({"object": "list"}, "lists no models: name one"),
        ([], "serves no model"),
        (NO_SUCH_PAGE, "answers 404: Not Found: are base_url and model right"),
    ],
)
def test_a_server_without_a_list_of_models_needs_a_name(models: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=told):
        asked(ModelServer(models=models), twice(tmp_path), model=None)


# Refused until it is put right


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refusal("Incorrect API key provided", 401), "answers 401: Incorrect API key provided"),
        (refusal("Insufficient Balance", 402), "answers 402: Insufficient Balance"),
        (refusal("Project is archived", 403), "answers 403: Project is archived"),
        (page("403 Forbidden", 403), 'answers 403: a web page, "403 Forbidden", not JSON'),
        (refusal("The model `m` does not exist", 404), "answers 404: The model `m` does not exist"),
        (Answer({"error": 'model "m" not found, try pulling it first'}, 404), "try pulling it first"),
        (refusal("Your credit balance is too low to access the API", 400), "credit balance is too low"),
        (refusal("API key not valid. Please pass a valid API key.", 400), "API key not valid"),
        (refusal("You exceeded your current quota", 429, code="insufficient_quota"), "current quota"),
        (refusal("image input is not supported - hint: provide the mmproj", 500), "takes no pictures: image"),
        (refusal("No endpoints found that support image input", 404), "that support image input"),
        (refusal("At most 0 image(s) may be provided in one request."), "takes no pictures: At most 0 image"),
        (Answer({"error": {"message": "Insufficient credits", "code": 402}}), "answers 402: Insufficient"),
        (refusal("Upgrade to HTTP/2", 426), "answers 426: Upgrade"),
        (refusal("Quota of this plan", 456), "answers 456: Quota"),
        (
            Answer([{"error": {"code": 400, "message": "Bad call", "status": "API_KEY_INVALID"}}], 400),
            "answers 400: Bad call",
        ),
    ],
)
def test_a_failure_that_needs_the_operator_is_a_refusal_and_rarely_retried(
    answer: Answer, told: str, tmp_path: Path
) -> None:
    server = ModelServer((always(answer),))
    with pytest.raises(RefusedError, match=told) as failed:
        asked(server, lambda describer: describer.describe(pictured(tmp_path)))
    assert "\n" not in str(failed.value)
    assert len(server.asked) <= 8


@pytest.mark.parametrize(
    "answer",
    [
        refusal("The response was filtered due to the prompt", 400, code="content_filter", param="prompt"),
        refusal("Your input image may contain content that is not allowed by our safety system."),
        refusal("Input data may contain inappropriate content.", code="data_inspection_failed"),
        refusal("the model requires moderation and your input was flagged", 403),
    ],
)
def test_a_window_that_a_filter_holds_back_says_nothing_of_others(answer: Answer, tmp_path: Path) -> None:
    server = ModelServer((always(answer),))
    with pytest.raises(DescribeError, match="holds the window back by a content filter: ") as failed:
        asked(server, lambda describer: describer.describe(pictured(tmp_path, times_s=TWELVE_S)))
    assert not is_transient(failed.value)
    assert len(server.asked) == 1


def test_an_error_in_a_successful_response_adapts_the_question(tmp_path: Path) -> None:
    told = Answer({"error": "the model is loaded with context length of only 4096 tokens"})
    server = ModelServer((lambda body: told if len(pictures(body)) > 6 else None,))
    assert asked(server, twice(tmp_path)) == (GOOD["title"],) * 2
    assert [len(pictures(body)) for body in server.asked] == [12, 12, 6, 6]


def test_a_question_refused_in_every_form_is_not_asked_in_every_form_again(tmp_path: Path) -> None:
    server = ModelServer((always(MUTE),))

    async def use(describer: OpenAiDescriber) -> list[int]:
        counts = []
        for n in range(4):
            with pytest.raises(DescribeError, match="refuses the question: Bad Request"):
                await describer.describe(pictured(tmp_path, n, times_s=TWELVE_S))
            counts.append(len(server.asked))
        server.rules = ()
        await describer.describe(pictured(tmp_path, 9))
        return counts

    first, *others = asked(server, use)
    assert first <= 12
    assert others == [first + 1, first + 2, first + 3]
