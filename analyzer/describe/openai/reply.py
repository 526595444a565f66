"""Parse the JSON of a server: its models and its answers, all of it validated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.reasoning import OnlyReasoningError, without_reasoning

_CONTEXT_KEYS = ("max_model_len", "context_length", "context_window", "max_context_length")
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
# A finish_reason that means that the token limit was reached: OpenAI's, Anthropic's and Google's.
_AT_LIMIT = frozenset({"length", "max_tokens", "max_output_tokens"})


@dataclass(frozen=True, slots=True)
class Listed:
    """A model in a server's list: name, server software (``vllm``, ``sglang``, ...), context in tokens."""

    model: str
    runner: str
    context_tokens: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's text.

    Attributes:
        text: the text of the answer.
        only_reasoning: whether the token limit was reached before the answer began.
    """

    text: str
    only_reasoning: bool = False


def read_models(value: Any) -> list[Listed] | None:
    """Return the models of a list in the format of OpenAI, Ollama or Together; None for anything else."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("data", "models") if isinstance(value.get(key), list)), None)
    if not isinstance(value, list):
        return None
    return [listed for entry in value if (listed := _listed(entry)) is not None]


def _listed(entry: Any) -> Listed | None:
    if isinstance(entry, str):
        return Listed(entry, "", None)
    if not isinstance(entry, dict):
        return None
    name = entry.get("id") or entry.get("name")
    if not isinstance(name, str) or not name.isprintable():
        return None
    contexts = [entry.get(key) for key in _CONTEXT_KEYS]
    context = next((tokens for tokens in contexts if type(tokens) is int and tokens > 0), None)
    return Listed(name, str(entry.get("owned_by") or ""), context)


def read_reply(name: str, value: Any) -> Reply:
    """Return the answer in a completion; raises DescribeError, retryable if it is not a completion."""
    choices = value.get("choices") if isinstance(value, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise DescribeError(f"{name} answers with something else than a completion", retryable=True)
    text = _text(message.get("content"))
    refusal = message.get("refusal")
    if not text.strip() and isinstance(refusal, str) and refusal.strip():
        raise DescribeError(f"{name}: the model will not answer: {' '.join(refusal.split())[:200]}")
    finish = str(choice.get("finish_reason")).lower()
    if finish == "content_filter":
        raise DescribeError(f"{name}: the answer was held back by a content filter")
    if finish == "error" and not text.strip():
        raise DescribeError(f"{name}: the model failed (finish_reason: error)", retryable=True)
    if finish in _AT_LIMIT and not _begun(text):
        return Reply("", only_reasoning=True)
    return Reply(text if text.strip() else _reasoned(message))


def _text(content: Any) -> str:
    """Return the text of a message's content: a string, or a list of parts, some of which are reasoning."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "".join(_part(part) for part in parts)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping) or part.get("type", "text") not in {"text", "output_text"}:
        return ""
    text = part.get("text")
    if isinstance(text, Mapping):  # as in OpenAI's threads
        text = text.get("value")
    return text if isinstance(text, str) else ""


def _begun(text: str) -> bool:
    """Whether a truncated text contains the start of the answer's object."""
    try:
        return _bare(without_reasoning(text)).startswith("{")
    except OnlyReasoningError:
        return False


def _reasoned(message: Mapping[str, Any]) -> str:
    """Return an answer that the server put into the reasoning: only a text that is one whole object."""
    for text in _reasonings(message):
        try:
            answer = _bare(without_reasoning(text))
        except OnlyReasoningError:
            continue
        if answer.startswith("{") and answer.endswith("}"):
            return answer
    return ""


def _reasonings(message: Mapping[str, Any]) -> Iterator[str]:
    for key in _REASONING_KEYS:
        if isinstance(text := message.get(key), str):
            yield text


def _bare(text: str) -> str:
    """Return a text without a surrounding Markdown code fence."""
    bare = text.strip()
    if bare.startswith("```"):
        bare = bare[3:].lstrip()
        bare = bare[4:].lstrip() if bare[:4].lower() == "json" else bare
    return bare.removesuffix("```").rstrip()
