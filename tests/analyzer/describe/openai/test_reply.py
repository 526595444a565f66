"""Answers: read wherever they are, never a draft; what is none is an error of one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.text_model import DESCRIBING
from tests.kit.models.chat_server import GOOD
from tests.kit.models.describing import asked, twice
from tests.kit.models.model_server import Answer, ModelServer, Rule, completion, listed
from tests.kit.records.keyframe_files import pictured


def described(says: Any, folder: Path) -> str:
    return asked(ModelServer(says=says), lambda d: d.describe(pictured(folder))).title


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [1],
        "text",
        5,
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": "m"}]},
    ],
)
def test_what_is_no_completion_is_a_failure_that_may_pass(value: Any, tmp_path: Path) -> None:
    server = ModelServer(says=Answer(value) if not isinstance(value, str) else Answer(f'"{value}"'))
    with pytest.raises(DescribeError, match="answers with something else than a completion") as failed:
        asked(server, lambda describer: describer.describe(pictured(tmp_path)))
    assert failed.value.retryable
    assert len(server.asked) == 1


@pytest.mark.parametrize("content", [None, [], {}, 5, [None], ""])
def test_an_empty_answer_is_requested_once_more_and_then_an_error(content: Any, tmp_path: Path) -> None:
    value = completion()
    value["choices"][0]["message"]["content"] = content
    server = ModelServer(says=value)
    with pytest.raises(DescribeError, match="no answer that fits"):
        asked(server, lambda describer: describer.describe(pictured(tmp_path)))
    assert len(server.asked) == 2


def test_all_tokens_spent_on_thought_raise_the_limit_once(tmp_path: Path) -> None:
    cut = Answer(completion("", "length", reasoning_content="Hm. {"))
    rule: Rule = lambda body: cut if body["max_tokens"] < 2000 else None  # noqa: E731  # short
    server = ModelServer((rule,))
    assert asked(server, twice(tmp_path)) == (GOOD["title"],) * 2
    most = DESCRIBING.max_tokens
    assert [body["max_tokens"] for body in server.asked] == [most, most + 4096, most + 4096]


def test_a_model_that_never_stops_thinking_is_reported(tmp_path: Path) -> None:
    server = ModelServer(says=completion(None, "length", reasoning="Let me see"))
    with pytest.raises(DescribeError, match=r"all of its 4352 tokens on reasoning \(finish_reason: length\)"):
        asked(server, lambda describer: describer.describe(pictured(tmp_path)))
    assert len(server.asked) == 2


@pytest.mark.parametrize("finish", ["length", "MAX_TOKENS", "max_tokens", "max_output_tokens"])
def test_the_end_of_the_tokens_is_known_by_any_of_its_names(finish: str, tmp_path: Path) -> None:
    server = ModelServer(says=completion("", finish))
    with pytest.raises(DescribeError, match="all of its 4352 tokens on reasoning"):
        asked(server, lambda describer: describer.describe(pictured(tmp_path)))


def test_a_model_that_fails_in_mid_answer_may_succeed_later(tmp_path: Path) -> None:
    with pytest.raises(DescribeError, match=r"the model failed \(finish_reason: error\)") as failed:
        described(completion("", "error"), tmp_path)
    assert failed.value.retryable


def test_the_raised_limit_leaves_half_of_the_context_to_the_question(tmp_path: Path) -> None:
    server = ModelServer(says=completion("Hm", "length"), models=listed("m", max_model_len=4096))
    with pytest.raises(DescribeError, match="all of its 2304 tokens"):
        asked(server, lambda describer: describer.describe(pictured(tmp_path)))


FINAL = '{"text": "A.", "title": "T", "importance": 1, "tags": []}'
DRAFT = '{"text": "draft", "title": "draft", "importance": 1, "tags": ["draft"]}'


@pytest.mark.parametrize(
    "says",
    [
        completion([{"type": "text", "text": FINAL[:20]}, FINAL[20:]]),
        completion(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": DRAFT}]},
                {"type": "text", "text": FINAL},
            ]
        ),
        completion(f"Draft: {DRAFT}. But no.</think>{FINAL}"),
        completion(f"<think>{DRAFT}</think>\n\n{FINAL}"),
        completion(
            f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final"
            f"<|constrain|>json<|message|>{FINAL}<|return|>"
        ),
        completion(f"analysisWe could say {DRAFT}assistantfinal{FINAL}"),
        completion(None, reasoning_content=FINAL),
        completion("", reasoning=f"```json\n{FINAL}\n```"),
        completion("", thinking=FINAL),
        completion("", reasoning_content=f"{DRAFT} no </think> {FINAL}"),
        completion(FINAL, reasoning_content=DRAFT),
        completion(FINAL, "length"),
    ],
)
def test_an_answer_is_read_wherever_it_stands_and_never_the_draft(says: Any, tmp_path: Path) -> None:
    assert described(says, tmp_path) == "T"


@pytest.mark.parametrize(
    "says",
    [
        completion(f"<think>I could say {DRAFT} but"),
        completion(f"I could say {DRAFT} but", "length"),
        completion(None, "length", reasoning_content=DRAFT),
        completion(None, reasoning_content=f"I could say {DRAFT}. Let me look again."),
        completion(f"<|channel|>analysis<|message|>{DRAFT}<|end|>"),
        completion(f'{DRAFT} Better: {{"text": "A man'),
        completion(f"[THINK]{DRAFT}[/THINK]"),
        completion(f"◁think▷{DRAFT}"),
    ],
)
def test_a_draft_alone_is_no_answer(says: Any, tmp_path: Path) -> None:
    with pytest.raises(DescribeError, match=r"no answer that fits|tokens on reasoning"):
        described(says, tmp_path)


def test_a_model_that_will_not_answer_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(DescribeError, match="the model will not answer: I cannot look at people"):
        described(completion(None, refusal="I cannot look\nat people"), tmp_path)


def test_an_answer_held_back_by_a_filter_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DescribeError, match="held back by a content filter"):
        described(completion("", "content_filter"), tmp_path)
