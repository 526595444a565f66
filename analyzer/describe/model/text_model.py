"""The protocol of a model that answers a question with a JSON object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Protocol, runtime_checkable

from annotated_types import Ge, Gt, Le

Schema = dict[str, Any]
"""A JSON schema whose root is an object."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn.

    Attributes:
        temperature: above 0; low values make answers deterministic.
        top_p: tokens are drawn from the most likely ones that together have this probability.
        repetition_penalty: above 1, repeated tokens become less likely.
        max_tokens: the maximum length of an answer, complete or not.
    """

    temperature: Annotated[float, Gt(0), Le(2)]
    top_p: Annotated[float, Gt(0), Le(1)]
    repetition_penalty: Annotated[float, Gt(0)]
    max_tokens: Annotated[int, Ge(16)]


DESCRIBING = Sampling(temperature=0.9, top_p=0.001, repetition_penalty=1.05, max_tokens=256)
"""For the description of a window."""

SELECTING = Sampling(temperature=0.1, top_p=0.01, repetition_penalty=1.05, max_tokens=1024)
"""For choosing the moments of a reel and for its story."""


@runtime_checkable
class TextModel(Protocol):
    """A model that answers a question with a JSON object."""

    model: str

    async def complete(self, system: str, user: str, schema: Schema, sampling: Sampling) -> dict[str, Any]:
        """Return an object that follows the schema as far as the backend can enforce it; validate its values.

        Raises DescribeError. Cancellation leaves nothing running.
        """
        ...
