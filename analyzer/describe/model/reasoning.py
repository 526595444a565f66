"""Remove a model's reasoning from its answer."""

from __future__ import annotations

import re

_NAMES = (
    r"(?:\w+:|\w+_)?"
    r"(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad|inner_monologue|inner_prefix)"
)
_GRANITE = r"\s*here(?:'s| is) my "  # IBM's Granite marks its parts by a sentence
# Qwen, DeepSeek and others; Cohere and Apertus; Magistral; Kimi-VL; OpenThinker; MedGemma; Gemma; Open WebUI.
_START = re.compile(
    rf"<\s*{_NAMES}(?:\s[^<>]*)?>|<\|(?!end_){_NAMES}\|>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<unused94>"
    r"|<\|channel>|<details\s[^<>]*\breasoning\b[^<>]*>",
    re.IGNORECASE,
)
_BEGINS = re.compile(rf"\s*(?:{_START.pattern})|{_GRANITE}thought process", re.IGNORECASE)
_END = re.compile(
    rf"<\s*/\s*{_NAMES}\s*>|<\|end_{_NAMES}\|>|<\|inner_suffix\|>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>"
    rf"|<unused95>|<channel\|>|</details>|{_GRANITE}response:",
    re.IGNORECASE,
)
# gpt-oss: each message names its channel; without its special tokens the names are plain text.
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")
_MESSAGE = "<|message|>"
_BARE_CHANNELS = re.compile(r"\s*(?:analysis|commentary)(?=\W|[A-Z]).*?assistant\s*final", re.DOTALL)


class OnlyReasoningError(Exception):
    """A text ends within the model's reasoning: it contains no answer."""


def without_reasoning(text: str) -> str:
    """Return the answer of a model without the reasoning before it; raises OnlyReasoningError.

    A closing tag alone is enough: many chat templates put the opening one into the prompt. What stands before
    reasoning that does not end is a draft, too.
    """
    if _CHANNEL.search(text):
        return _final_channel(text)
    if bare := _BARE_CHANNELS.match(text):
        return text[bare.end() :]
    ends = list(_END.finditer(text))
    rest = text[ends[-1].end() :] if ends else text
    if _BEGINS.match(rest) or _START.search(_unquoted(rest)):
        raise OnlyReasoningError("it ends within its reasoning")
    return rest


def _unquoted(text: str) -> str:
    """Return a text without its strings of JSON, in which a tag is only quoted."""
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)


def _final_channel(text: str) -> str:
    finals = [channel.end() for channel in _CHANNEL.finditer(text) if channel[1].lower() == "final"]
    _, begun, answer = text[finals[-1] :].partition(_MESSAGE) if finals else ("", "", "")
    if not begun:
        raise OnlyReasoningError("it ends within its reasoning")
    return re.split(r"<\|(?:return|end|start|call)\|>", answer)[0]
