"""The schema of a model's answer, and its parser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.describe.describer import one_line
from analyzer.describe.model.reasoning import OnlyReasoningError, without_reasoning
from analyzer.describe.model.text_model import Schema
from analyzer.describe.moment import MAX_TITLE_CHARS

MAX_TEXT_CHARS = 600
MAX_TAGS = 5
MAX_TAG_CHARS = 24

_SENTENCE_END = re.compile(r"[.!?…]['\")»”]*(?=\s|$)")
_MARKUP = re.compile(r"\*\*|__|`")
_KEY = re.compile(r'\{\s*"')  # the start of an object, as opposed to a brace in prose
_MAX_OBJECTS = 50  # an answer with more braces before an object is noise


class InvalidAnswerError(Exception):
    """An answer is invalid; the message gives the reason, for the model to read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A validated answer; fields as in Moment."""

    title: str
    text: str
    importance: float
    tags: tuple[str, ...]
    alerts: tuple[str, ...]


def answer_schema(rules: Sequence[str] = ()) -> Schema:
    """Return the schema of an answer; the text comes first, so that the title summarizes it.

    No schema limits the length of strings: xgrammar (0.2) needs up to 20 ms a token to count characters, and
    all answers of a batch wait for it. An answer that repeats itself ends at the sampling's ``max_tokens``,
    and ``read_answer`` shortens long ones.
    """
    properties: dict[str, Any] = {
        "text": {"type": "string"},
        "title": {"type": "string"},
        "importance": {"type": "integer", "minimum": 0, "maximum": 10},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_TAGS},
    }
    if rules:
        names = [rule_name(n) for n in range(1, len(rules) + 1)]
        properties["alerts"] = object_schema({name: {"type": "boolean"} for name in names})
    return object_schema(properties)


def object_schema(properties: Mapping[str, Any]) -> Schema:
    """Return the schema of an object with exactly these properties, in this order."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def rule_name(n: int) -> str:
    """Return the name of the nth rule (from 1) in prompt and answer."""
    return f"rule_{n}"


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object in an answer, whatever surrounds it; raises InvalidAnswerError.

    Reasoning is skipped. Of several objects the last one is the answer, and those before it are drafts; if
    the last one is incomplete, there is no answer.
    """
    if not text.strip():
        raise InvalidAnswerError("it is empty, not a JSON object")
    decoder = json.JSONDecoder(strict=False, parse_constant=_refuse_constant)
    whole = _whole_object(decoder, text)
    if whole is not None:
        return whole
    try:
        answer = without_reasoning(text)
    except OnlyReasoningError as error:
        raise InvalidAnswerError(str(error)) from error
    found: dict[str, Any] | None = None
    at = 0
    for _ in range(_MAX_OBJECTS):
        at = answer.find("{", at)
        if at < 0:
            break
        try:
            found, at = decoder.raw_decode(answer, at)
        except (ValueError, RecursionError):
            if found is not None and _KEY.match(answer, at):
                found = None
                break
            at += 1
    if found is None:
        raise InvalidAnswerError("it is not one complete JSON object")
    return found


def _whole_object(decoder: json.JSONDecoder, text: str) -> dict[str, Any] | None:
    """Return the object that the whole text is; tags of reasoning in it are then only quoted."""
    try:
        value = decoder.decode(text.strip())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def read_answer(values: Mapping[str, Any], rules: Sequence[str] = ()) -> Answer:
    """Validate the values of an answer; raises InvalidAnswerError.

    A title or text that is too long is shortened at a word or sentence; nothing else is repaired.
    """
    return Answer(
        title=shortened(_line(values, "title"), MAX_TITLE_CHARS),
        text=_cut_text(_line(values, "text")),
        importance=_importance(values.get("importance")),
        tags=_tags(values.get("tags")),
        alerts=_alerts(values.get("alerts"), rules),
    )


def plain(text: str) -> str:
    """Return text on one line, without markup and unprintable characters."""
    return one_line(_MARKUP.sub("", one_line(text)))


def numbered(listed: object, number: str, text: str, count: int) -> Iterator[tuple[int, str]]:
    """Yield the entries of a list that have a number from 1 to ``count`` and a text; others are ignored."""
    for entry in listed if isinstance(listed, list) else ():
        n, value = (entry.get(number), entry.get(text)) if isinstance(entry, dict) else (None, None)
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= count:
            continue
        if isinstance(value, str) and (line := plain(value)):
            yield n, line


def _line(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    line = plain(value) if isinstance(value, str) else ""
    if not line:
        raise InvalidAnswerError(f"{key} must be a text")
    return line


def shortened(line: str, max_chars: int) -> str:
    """Return as much of a line as fits, shortened at a word."""
    if len(line) <= max_chars:
        return line
    words = line[: max_chars - 1].rpartition(" ")[0] or line[: max_chars - 1]
    return f"{words.rstrip(' ,;:-')}…"


def _cut_text(text: str) -> str:
    if len(text) <= MAX_TEXT_CHARS:
        return text
    ends = [end.end() for end in _SENTENCE_END.finditer(text[:MAX_TEXT_CHARS])]
    return text[: ends[-1]] if ends else shortened(text, MAX_TEXT_CHARS)


def _importance(value: object) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidAnswerError("importance must be a number")
    if not 0 <= value <= 10:
        raise InvalidAnswerError("importance must be from 0 to 10")
    return float(value)


def _tags(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise InvalidAnswerError("tags must be a list of words")
    tags = [plain(tag).lower() for tag in value]
    return tuple(dict.fromkeys(tag for tag in tags if 0 < len(tag) <= MAX_TAG_CHARS))[:MAX_TAGS]


def _alerts(value: object, rules: Sequence[str]) -> tuple[str, ...]:
    """Return the rules that hold; every rule must be true or false."""
    if not rules:
        return ()
    verdicts = value if isinstance(value, dict) else {}
    names = [rule_name(n) for n in range(1, len(rules) + 1)]
    if not all(isinstance(verdicts.get(name), bool) for name in names):
        raise InvalidAnswerError(f"alerts must say true or false for each of {', '.join(names)}")
    return tuple(rule for name, rule in zip(names, rules, strict=True) if verdicts[name])
