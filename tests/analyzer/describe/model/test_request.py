from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.answer import InvalidAnswerError
from analyzer.describe.model.prompt import CameraBrief, Prompts
from analyzer.describe.model.request import deadline, request_moment, request_with_retry
from tests.kit.records.keyframe_files import pictured


class Model:
    """Says its texts one after the other, and keeps the notes that it was given."""

    def __init__(self, *texts: str) -> None:
        self._texts = list(texts)
        self.notes: list[str] = []

    async def __call__(self, note: str) -> str:
        self.notes.append(note)
        return self._texts.pop(0)


def number(text: str) -> int:
    if not text.isdigit():
        raise InvalidAnswerError(f"{text} is no number")
    return int(text)


def test_an_answer_that_fits_is_asked_for_once() -> None:
    model = Model("7")
    assert asyncio.run(request_with_retry("m", model, number)) == 7
    assert model.notes == [""]


def test_one_that_does_not_fit_is_asked_for_once_more_with_what_was_wrong() -> None:
    model = Model("seven", "7")
    assert asyncio.run(request_with_retry("m", model, number)) == 7
    assert "seven is no number" in model.notes[1]


def test_after_two_that_do_not_fit_it_is_an_error_that_will_not_pass() -> None:
    with pytest.raises(DescribeError, match="m gave no answer that fits: eight is no number") as failed:
        asyncio.run(request_with_retry("m", Model("seven", "eight", "9"), number))
    assert not failed.value.retryable


def test_an_answer_that_comes_too_late_is_an_error_that_may_pass() -> None:
    async def wait() -> None:
        async with deadline("m", 0.01):
            await asyncio.Event().wait()

    with pytest.raises(DescribeError, match=r"m gave no answer within 0\.01 s") as failed:
        asyncio.run(wait())
    assert failed.value.retryable


def test_the_moment_holds_window_description_model_alerts_and_latency(tmp_path: Path) -> None:
    window = pictured(tmp_path)
    question = Prompts({"front": CameraBrief(tell_me_when=("a dog barks",))}).question(window)
    answer = (
        '{"text": "A dog barks at the gate.", "title": "Dog barks", "importance": 4, "tags": ["dog"], '
        '"alerts": {"rule_1": true}}'
    )
    made = asyncio.run(request_moment(window, question, "m", Model(answer), time.monotonic() - 2))
    assert (made.window, made.title, made.text) == (window, "Dog barks", "A dog barks at the gate.")
    assert (made.importance, made.tags, made.alerts, made.model) == (4.0, ("dog",), ("a dog barks",), "m")
    assert 2 <= made.latency_s < 60
