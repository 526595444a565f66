"""Remove a model's reasoning from its answer."""

from __future__ import annotations

import re

_NAMES = r"(?:\w+:|\w+_)?(?:think|thinking|thought|thoughts|reasoning|analysis|scratchpad)"
# Qwen, DeepSeek and others; Magistral; Kimi-VL; OpenThinker; MedGemma; Gemma.
_START = re.compile(
    rf"\s*(?:<{_NAMES}>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<unused94>|<\|channel>)", re.IGNORECASE
)
_END = re.compile(
    rf"</{_NAMES}>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<unused95>|<channel\|>", re.IGNORECASE
)
# gpt-oss: each message names its channel; without its special tokens the names are plain text.
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")
_MESSAGE = "<|message|>"
_BARE_CHANNELS = re.compile(r"\s*(?:analysis|commentary)(?=\W|[A-Z]).*?assistant\s*final", re.DOTALL)


class OnlyReasoningError(Exception):
    """A text ends within the model's reasoning: it contains no answer."""


def without_reasoning(text: str) -> str:
    """Return the answer of a model without the reasoning before it; raises OnlyReasoningError.

    A closing tag alone is enough: many chat templates put the opening one into the prompt.
    """
    if _CHANNEL.search(text):
        return _final_channel(text)
    if bare := _BARE_CHANNELS.match(text):
        return text[bare.end() :]
    ends = list(_END.finditer(text))
    rest = text[ends[-1].end() :] if ends else text
    if _START.match(rest):
        raise OnlyReasoningError("it ends within its reasoning")
    return rest


def _final_channel(text: str) -> str:
    finals = [channel.end() for channel in _CHANNEL.finditer(text) if channel[1].lower() == "final"]
    _, begun, answer = text[finals[-1] :].partition(_MESSAGE) if finals else ("", "", "")
    if not begun:
        raise OnlyReasoningError("it ends within its reasoning")
    return re.split(r"<\|(?:return|end|start|call)\|>", answer)[0]
