"""A TextModel that answers from a list."""

from __future__ import annotations

from typing import Any

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.text_model import Sampling, Schema


class ScriptedModel:
    """Gives its answers one after the other; one that is a DescribeError is raised. Keeps the questions."""

    model = "scripted"

    def __init__(self, *answers: dict[str, Any] | DescribeError) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str, Schema, Sampling]] = []

    async def complete(self, system: str, user: str, schema: Schema, sampling: Sampling) -> dict[str, Any]:
        self.asked.append((system, user, schema, sampling))
        answer = self._answers.pop(0)
        if isinstance(answer, DescribeError):
            raise answer
        return answer
