"""What was asked and answered, to be read: system, user with pictures, assistant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.prompt import Question
from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from analyzer.signal.window import Window
from base.local_time import length_text
from livereel.api.html import paragraphs, pictures
from livereel.api.records import Picture, SeenWindow

Role = Literal["system", "user", "assistant"]
_COLOURS = {"system": "#888888", "user": "#1f77b4", "assistant": "#2ca02c"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        role: who says it.
        text: what is said.
        pictures: what is shown with it.
        model: the assistant's name.
    """

    role: Role
    text: str
    pictures: tuple[Picture, ...] = ()
    model: str = ""

    def __str__(self) -> str:
        name = f" ({self.model})" if self.model else ""
        shown = "".join(f"\n[picture at {length_text(it.pts_s, tenths=True)}]" for it in self.pictures)
        return f"{self.role.capitalize()}{name}:{shown}\n{self.text}"

    def _repr_html_(self) -> str:
        name = f' <span style="opacity:.65">{escape(self.model)}</span>' if self.model else ""
        style = f"border-left:3px solid {_COLOURS[self.role]};padding-left:10px;margin:8px 0;text-align:left"
        head = f"<b>{self.role.capitalize()}</b>{name}"
        return f'<div style="{style}">{head}{pictures(self.pictures)}{paragraphs(self.text)}</div>'


@dataclass(frozen=True, slots=True)
class Conversation(Sequence[Message]):
    """All messages: the descriptions in the order of time, then choice and story."""

    messages: tuple[Message, ...]

    def __len__(self) -> int:
        return len(self.messages)

    def __getitem__(self, at: Any) -> Any:
        return self.messages[at]

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.messages))

    def _repr_html_(self) -> str:
        return "".join(message._repr_html_() for message in self.messages)  # of this module


@dataclass(slots=True)
class Recorder:
    """Records questions and answers in any order; of each window only the last one."""

    _windows: dict[str, tuple[Question | None, str, Moment | DescribeError]] = field(default_factory=dict)
    _texts: list[tuple[str, str, str, Mapping[str, Any]]] = field(default_factory=list)

    def described(
        self, window: Window, question: Question | None, model: str, answer: Moment | DescribeError
    ) -> None:
        """Record the question about a window and its answer."""
        self._windows[window.id] = (question, model, answer)

    def completed(self, system: str, user: str, model: str, answer: Mapping[str, Any]) -> None:
        """Record a question without pictures and its answer."""
        self._texts.append((system, user, model, answer))

    def conversation(self, windows: Sequence[SeenWindow], reel: Reel) -> Conversation:
        """Return all of it, with the pictures of these windows."""
        messages = [message for window in windows for message in self._about(window)]
        if not self._texts:
            messages += _chosen(reel)
        for system, user, model, answer in self._texts:
            messages += [Message("system", system), Message("user", user)]
            messages.append(
                Message("assistant", json.dumps(answer, ensure_ascii=False, indent=1), model=model)
            )
        return Conversation(tuple(_without_repeats(messages)))

    def _about(self, window: SeenWindow) -> Iterator[Message]:
        if window.id not in self._windows:
            return
        question, model, answer = self._windows[window.id]
        if question is not None:
            yield Message("system", question.system)
        span = f"{window.camera}, {length_text(window.start_s)} to {length_text(window.end_s)}"
        yield Message("user", question.user if question else f"{span}: what happens?", window.keyframes)
        yield Message("assistant", _answer(answer), model=model)


def _answer(answer: Moment | DescribeError) -> str:
    if isinstance(answer, DescribeError):
        return f"No answer: {answer}"
    tags = f"\n{', '.join(answer.tags)}" if answer.tags else ""
    return f"{answer.title} (importance {answer.importance:g})\n{answer.text}{tags}"


def _chosen(reel: Reel) -> Iterator[Message]:
    """The choice where no model was asked for it."""
    yield Message("user", "Which of these moments make the reel, and why?")
    lines = (f"{n}. {it.moment.title}: {it.reason}" for n, it in enumerate(reel.chapters, 1))
    yield Message("assistant", "\n".join(lines), model="builtin")


def _without_repeats(messages: Sequence[Message]) -> Iterator[Message]:
    """Leave out system messages that are the same as the one before."""
    system: str | None = None
    for message in messages:
        if message.role != "system":
            yield message
        elif message.text != system:
            system = message.text
            yield message
