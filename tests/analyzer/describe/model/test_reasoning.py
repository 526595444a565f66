"""Where an answer begins behind a model's thoughts, as models and templates mark them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.describe.model.answer import InvalidAnswerError, read_object
from analyzer.describe.model.reasoning import OnlyReasoningError, without_reasoning

DRAFT = '{"title": "draft"}'
ANSWER = '{"title": "answer"}'


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{DRAFT}</think>{ANSWER}",
        f"{DRAFT} or so</think>\n\n{ANSWER}",
        f"<think>a</think><think>{DRAFT}</think>{ANSWER}",
        f"<thinking>{DRAFT}</thinking>{ANSWER}",
        f"<seed:think>{DRAFT}</seed:think>{ANSWER}",
        f"<longcat_think>{DRAFT}</longcat_think>{ANSWER}",
        f"<Thought>{DRAFT}</Thought>{ANSWER}",
        f"[THINK]{DRAFT}[/THINK]{ANSWER}",
        f'<think effort="high">{DRAFT}</think>{ANSWER}',
        f"< think >{DRAFT}</ think>{ANSWER}",
        f'<details type="reasoning" done="true">{DRAFT}</details>{ANSWER}',
        f"<|START_THINKING|>{DRAFT}<|END_THINKING|>{ANSWER}",
        f"<|inner_prefix|>{DRAFT}<|inner_suffix|>{ANSWER}",
        f"Here is my thought process: {DRAFT} Here is my response: {ANSWER}",
        f"◁think▷{DRAFT}◁/think▷{ANSWER}",
        f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>{ANSWER}",
        f"<unused94>thought\n{DRAFT}<unused95>{ANSWER}",
        f"<|channel>thought\n{DRAFT}<channel|>{ANSWER}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
        f"<|channel|>final<|message|>{ANSWER}<|end|><|start|>assistant<|channel|>analysis<|message|>{DRAFT}",
        f"<|channel|>final <|constrain|>JSON<|message|>{ANSWER}<|return|>",
        f"analysisThe user wants {DRAFT}.assistantfinal{ANSWER}",
        f"analysis {DRAFT} assistant final json {ANSWER}",
        f"{DRAFT}\n\nOn second thoughts:\n```json\n{ANSWER}\n```",
        f"<|begin_of_box|>{ANSWER}<|end_of_box|>",
        f"<answer>{ANSWER}</answer>",
    ],
)
def test_the_answer_is_what_stands_behind_the_thoughts(text: str) -> None:
    assert read_object(text) == {"title": "answer"}


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{DRAFT}",
        f"<think>{DRAFT}</think>",
        f"<think>a</think><think>{DRAFT}",
        f"[THINK]{DRAFT}",
        f'<think effort="high">{DRAFT}',
        f"<reflection>{DRAFT}",
        f'<details type="reasoning">{DRAFT}',
        f"<|START_THINKING|>{DRAFT}",
        f"<|inner_prefix|>{DRAFT}",
        f"Here's my thought process: {DRAFT}",
        f"{DRAFT}<think>or rather {DRAFT}",
        f"<|channel|>analysis<|message|>{DRAFT}",
        f'{DRAFT} and then {{"title": "ans',
    ],
)
def test_thoughts_alone_hold_no_answer(text: str) -> None:
    with pytest.raises(InvalidAnswerError):
        read_object(text)


@pytest.mark.parametrize("quoted", ["</think>", "<think>", "<|channel|>analysis", "[/THINK]"])
def test_marks_within_an_answer_are_only_quoted(quoted: str) -> None:
    assert read_object(f'{{"text": "A sign says {quoted}."}}') == {"text": f"A sign says {quoted}."}


@given(st.text(alphabet="abc {}[]:,\n\"'"))
def test_a_text_without_marks_is_left_as_it_is(text: str) -> None:
    assert without_reasoning(text) == text


@given(st.text())
def test_any_text_has_an_answer_or_none(text: str) -> None:
    with contextlib.suppress(OnlyReasoningError):
        assert without_reasoning(text) in text
