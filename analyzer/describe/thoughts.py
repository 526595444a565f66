"""Where the answer of a thinking model begins, after its thoughts."""

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
# gpt-oss: each message names its channel; without its special tokens the names stand in the text.
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")
_MESSAGE = "<|message|>"
_BARE_CHANNELS = re.compile(r"\s*(?:analysis|commentary)(?=\W|[A-Z]).*?assistant\s*final", re.DOTALL)


class UnfinishedError(Exception):
    """A text ends within the model's thoughts: there is no answer in it."""


def without_thoughts(text: str) -> str:
    """Return what a model answers, without the thoughts before it; raises UnfinishedError.

    A closing mark alone is enough: many chat templates write the opening one into the prompt.
    """
    if _CHANNEL.search(text):
        return _final_channel(text)
    if bare := _BARE_CHANNELS.match(text):
        return text[bare.end() :]
    ends = list(_END.finditer(text))
    rest = text[ends[-1].end() :] if ends else text
    if _START.match(rest):
        raise UnfinishedError("it ends within its thoughts")
    return rest


def _final_channel(text: str) -> str:
    finals = [channel.end() for channel in _CHANNEL.finditer(text) if channel[1].lower() == "final"]
    _, begun, answer = text[finals[-1] :].partition(_MESSAGE) if finals else ("", "", "")
    if not begun:
        raise UnfinishedError("it ends within its thoughts")
    return re.split(r"<\|(?:return|end|start|call)\|>", answer)[0]
