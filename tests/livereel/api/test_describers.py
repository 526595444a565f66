"""Describers from Python: functions, Describers, prompts, and a model that calls share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest

import livereel
from tests.kit.models.chat_server import GOOD, ChatServer
from tests.kit.models.event_loop import Loop
from tests.kit.records.moments import moment


def recapped(film: Path, describe: object, **options: object) -> livereel.Recap:
    return livereel.recap(film, describe=describe, window_s=3, progress=False, **options)  # type: ignore[arg-type]


def test_a_function_describes_with_the_pictures(film: Path) -> None:
    async def by_size(window: livereel.SeenWindow) -> dict[str, object]:
        await asyncio.sleep(0)
        frames = window.arrays
        return {
            "text": f"{len(frames)} of {frames[0].shape}.",
            "importance": window.start_s,
            "tags": ["film"],
        }

    made = recapped(film, by_size)
    assert [m.text for m in made.moments] == [f"{len(w.keyframes)} of (120, 160, 3)." for w in made.windows]
    assert [m.importance for m in made.moments] == [0, 3, 6, 9]
    assert {m.model for m in made.moments} == {"by_size"}
    assert made.moments[0].title == made.moments[0].text


def test_a_function_may_return_text_or_a_moment(film: Path) -> None:
    async def text(window: livereel.SeenWindow) -> str | livereel.Moment:
        return "Something." if window.start_s < 5 else moment(7)

    made = recapped(film, text)
    assert [m.text for m in made.moments][:2] == ["Something.", "Something."]
    assert [m.window.id for m in made.moments] == [w.id for w in made.windows]


def test_a_function_that_fails_is_asked_once_for_each_window(film: Path) -> None:
    asked: list[str] = []

    async def broken(window: livereel.SeenWindow) -> str:
        asked.append(window.id)
        if window.start_s < 4:
            raise KeyError("colour")
        return "Good."

    made = recapped(film, broken)
    assert len(asked) == len(set(asked)) == 4
    assert made.windows[0].error == "broken: unexpected KeyError: 'colour'"
    assert [w.outcome for w in made.windows][1:3] == ["model_failed", "described"]
    assert "No answer: broken: unexpected KeyError" in str(made.conversation)


@pytest.mark.parametrize(
    ("answer", "line"),
    [({"importance": 3}, "text"), ({"text": "Good.", "importance": 11}, "importance must be from 0 to 10")],
)
def test_an_answer_that_does_not_fit_is_a_failure(film: Path, answer: object, line: str) -> None:
    async def wrong(_: livereel.SeenWindow) -> object:
        return answer

    with pytest.raises(livereel.LivereelError, match=f"wrong gave no answer that fits: .*{line}"):
        recapped(film, wrong)


def test_a_plain_function_is_refused(film: Path) -> None:
    with pytest.raises(livereel.LivereelError, match=r"^describe: plain must be an async function$"):
        recapped(film, plain)


def plain(_: livereel.SeenWindow) -> str:
    return "Good."


class Counting:
    """A Describer that counts what it is asked, and whether it was closed."""

    model = "counting"

    def __init__(self) -> None:
        self.asked = self.closed = 0

    async def describe(self, window: livereel.Window) -> livereel.Moment:
        self.asked += 1
        return livereel.Moment(window, "Seen", "Seen.", 5.0, (), self.model, 0.0)

    def tokens(self, window: livereel.Window) -> int:  # noqa: ARG002  # the protocol's
        return 0

    async def close(self) -> None:
        self.closed += 1


def test_a_describer_stays_open_over_calls(film: Path) -> None:
    describer = Counting()
    for _ in range(2):
        recapped(film, describer)
    assert (describer.asked, describer.closed) == (8, 0)


@contextmanager
def serving(server: ChatServer) -> Iterator[str]:
    """The URL of the server, which runs in another thread."""
    with Loop().running() as loop:
        stack = AsyncExitStack()
        loop.run(stack.enter_async_context(server.serving()))
        try:
            yield server.url
        finally:
            loop.run(stack.aclose())


def test_a_loaded_model_is_reused_with_a_prompt_for_each_call(film: Path) -> None:
    server = ChatServer()
    with serving(server) as url, livereel.load_model("openai", base_url=url) as model:
        assert model.name == "qwen"
        tried = len(server.asked)
        first = recapped(film, model, prompt="Look for red cars.")
        asked = len(server.asked)
        second = recapped(film, model, prompt="Look for dogs.")
    assert tried == 1, "one probe, when it is loaded"
    questions = [json.dumps(body) for body in server.asked]
    assert all("red cars" in text for text in questions[tried : tried + 4])
    assert all("dogs" in text and "red cars" not in text for text in questions[asked : asked + 4])
    assert {m.title for m in [*first.moments, *second.moments]} == {GOOD["title"]}
    conversation = first.conversation
    assert conversation[0].role == "system"
    assert "Look for red cars." in conversation[0].text
    assert conversation[1].pictures == first.windows[0].keyframes
    assert conversation[2].model == "qwen"
    assert [message.role for message in conversation].count("system") >= 2, "the story has its own"


def test_a_model_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(livereel.LivereelError, match=r"127\.0\.0\.1:9"):
        livereel.load_model("openai", base_url="http://127.0.0.1:9/v1")
