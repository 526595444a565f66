"""What a server supports, and which form of a request to try when it refuses one.

Servers with OpenAI's protocol differ in fields, in the number of pictures and in the length of a question
that they accept; few document it in a readable way. A refusal usually names its cause: then only that is
changed. Otherwise each change is tried alone, then all together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

Sampled = Literal["both", "one", "top_p", "temperature", "none"]

# Tokens for the reasoning of a model, in addition to those of its answer.
REASONING_TOKENS = 4096

_SMALL_PX = 320  # a quarter of the tokens of 640; persons are still visible
_SMALLEST_PX = 160
_FEW = 4  # pictures that most hosted models accept


@dataclass(frozen=True, slots=True)
class Fit:
    """How many pictures a question may show, and how long their longer side may be; None for no limit."""

    pictures: int | None = None
    side_px: int | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """The form of a request that a server supports.

    Attributes:
        video: the pictures of a window are sent as one video rather than one by one.
        schema: the server enforces a JSON schema; otherwise it is part of the prompt.
        limit: the name of the field for the maximum length of an answer.
        sampled: which of temperature and top_p are sent; ``one``: the stricter of them.
        penalty: ``repetition_penalty`` is sent, where the server is one that knows it.
        system: instructions are sent as a system message rather than in the user's message.
        reasons: the model reasons before it answers, and its token limit is raised for that.
        fit: limits of the pictures.
    """

    video: bool = False
    schema: bool = True
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    sampled: Sampled = "both"
    penalty: bool = True
    system: bool = True
    reasons: bool = False
    fit: Fit = Fit()

    def fallbacks(self) -> Iterator[str]:
        """Yield what is not supported, except video and schema, which are reported separately."""
        if self.limit != "max_tokens":
            yield f"{self.limit} in place of max_tokens"
        if self.sampled != "both":
            kept = {"one": "temperature or top_p, not both", "none": "no temperature, no top_p"}
            yield kept.get(self.sampled, f"{self.sampled} alone")
        if not self.penalty:
            yield "no repetition_penalty"
        if not self.system:
            yield "no system message"
        if self.reasons:
            yield f"{REASONING_TOKENS} more tokens for its reasoning"
        if self.fit.pictures is not None:
            yield f"at most {self.fit.pictures} picture{'s' if self.fit.pictures > 1 else ''} a window"
        if self.fit.side_px is not None:
            yield f"pictures of at most {self.fit.side_px} px"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The refusal of a question: HTTP status and message; empty if the message is not the server's own."""

    status: int
    message: str


def _video(dialect: Dialect, pictures: int, _: str) -> Dialect | None:
    return replace(dialect, video=False) if dialect.video and pictures else None


def _schema(dialect: Dialect, _pictures: int, _message: str) -> Dialect | None:
    return replace(dialect, schema=False) if dialect.schema else None


def _limit(dialect: Dialect, _pictures: int, _message: str) -> Dialect | None:
    return replace(dialect, limit="max_completion_tokens") if dialect.limit == "max_tokens" else None


def _penalty(dialect: Dialect, _pictures: int, _message: str) -> Dialect | None:
    return replace(dialect, penalty=False) if dialect.penalty else None


def _system(dialect: Dialect, _pictures: int, _message: str) -> Dialect | None:
    return replace(dialect, system=False) if dialect.system else None


def _sampled(dialect: Dialect, _pictures: int, message: str) -> Dialect | None:
    """Omit temperature or top_p, whichever the message names."""
    named = {name for name in ("temperature", "top_p") if name in message.lower()}
    sent: dict[Sampled, set[str]] = {"both": {"temperature", "top_p"}, "top_p": {"top_p"}}
    sent |= {"one": {"temperature", "top_p"}, "temperature": {"temperature"}, "none": set()}
    left = sent[dialect.sampled] - named
    if len(left) == 2:
        return None
    if len(named) == 2 and dialect.sampled == "both":
        return replace(dialect, sampled="one")
    if not sent[dialect.sampled] & named:
        return None
    kept: Sampled = "temperature" if "temperature" in left else "top_p" if left else "none"
    return replace(dialect, sampled=kept)


def _unsampled(dialect: Dialect, _pictures: int, _message: str) -> Dialect | None:
    plain = replace(dialect, sampled="none", penalty=False)
    return plain if plain != dialect else None


def _fewer(dialect: Dialect, pictures: int, message: str) -> Dialect | None:
    """Reduce the pictures to the limit in the message, else to half."""
    if pictures < 2:
        return None
    if _SINGLE.search(message):
        return _showing(dialect, 1)
    numbers = [int(digits) for digits in _LIMITS.findall(message) or re.findall(r"\b\d{1,4}\b", message)]
    if 0 in numbers and _LIMITS.search(message):
        return None
    fewer = max([number for number in numbers if 0 < number < pictures], default=pictures // 2)
    return _showing(dialect, fewer)


def _less(dialect: Dialect, pictures: int, _message: str) -> Dialect | None:
    """Make the pictures smaller, then fewer, then smaller again."""
    side_px = dialect.fit.side_px
    if not pictures:
        return None
    if side_px is None or side_px > _SMALL_PX:
        return replace(dialect, fit=replace(dialect.fit, side_px=_SMALL_PX))
    if pictures > 1:
        return _showing(dialect, pictures // 2)
    if side_px > _SMALLEST_PX:
        return replace(dialect, fit=replace(dialect.fit, side_px=_SMALLEST_PX))
    return None


def _few(dialect: Dialect, pictures: int, _message: str) -> Dialect | None:
    return _showing(dialect, _FEW) if pictures > _FEW else None


def _one(dialect: Dialect, pictures: int, _message: str) -> Dialect | None:
    return _showing(dialect, 1) if pictures > 1 else None


def _showing(dialect: Dialect, pictures: int) -> Dialect:
    return replace(dialect, fit=replace(dialect.fit, pictures=pictures))


Change = Callable[[Dialect, int, str], Dialect | None]
"""Returns another dialect by the number of pictures and the server's message; None if there is none."""

_IMAGE = r"(?:image|picture|photo|multi-?modal|media)"
_SINGLE = re.compile(rf"\b(?:only one|single|more than one|one|multiple)[ -]{_IMAGE}", re.IGNORECASE)
_LIMITS = re.compile(
    r"(?:at most|up to|maximum(?: number)?(?: of)?(?: is)?|limit(?:ed)?(?: of| to| is|:)?|more than|only)"
    r"\D{0,20}\b(\d{1,4})\b",
    re.IGNORECASE,
)


def _hint(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


# Changes by the cause that a refusal names; the first match is used. Messages about a context that is too
# short often contain max_tokens, too.
_HINTS: tuple[tuple[re.Pattern[str], Change], ...] = (
    (_hint(r"video"), _video),
    (
        _hint(
            r"context.{0,20}(?:length|size|window)|(?:model|prompt|sequence|input)[\W_]{0,3}(?:length|len\b)"
            r"|exceed.{0,30}\bcontext|(?:less|fewer) than \d+ tokens"
            r"|too (?:long|many (?:input )?tokens)|longer than|reduce the length|n_ctx|max_model_len"
            r"|tokens?\b.{0,40}exceed|exceed.{0,40}\btokens|\binputs?\W{0,2}tokens|input.{0,10}too large"
        ),
        _less,
    ),
    (
        _hint(
            rf"(?:{_IMAGE}|payload|body|entity|request)[^.]{{0,60}}(?:too (?:large|big)|size|bytes|\bMB\b"
            rf"|dimension|resolution|pixels)"
        ),
        _less,
    ),
    (
        _hint(
            rf"(?:too many|at most|up to|maximum|limit|only|more than|single|one|multiple)"
            rf"[^.]{{0,60}}{_IMAGE}"
            rf"|number of {_IMAGE}|{_IMAGE}s?(?:\(s\))?[^.]{{0,40}}(?:at most|limit|maximum|too many)"
        ),
        _fewer,
    ),
    (_hint(r"max_(?:completion_|output_|new_)?tokens"), _limit),
    (_hint(r"temperature|top_p"), _sampled),
    (_hint(r"repetition_penalty"), _penalty),
    (_hint(r"response_format|schema|structured|grammar|guided|json[ _]?(?:mode|object|output)"), _schema),
    (
        _hint(
            r"system.{0,20}(?:role|message|prompt|instruction)|role.{0,40}system|developer instruction"
            r"|roles must alternate"
        ),
        _system,
    ),
)

# What is tried in turn where a refusal names no cause.
_BLIND: tuple[Change, ...] = (_video, _schema, _limit, _unsampled, _system, _few, _one)
_BLIND_STATUSES: dict[int, tuple[Change, ...]] = {
    200: (),  # an error without a number
    400: _BLIND,
    415: _BLIND,
    422: _BLIND,
    404: (_schema,),
    500: (_schema, _few, _less, _one),
    501: (_schema, _few, _less, _one),
}
_TOO_LARGE = 413


class Search:
    """Searches for a form of one question that the server accepts.

    Attributes:
        dialect: the form to try next.
    """

    def __init__(self, dialect: Dialect, fixed: frozenset[str] = frozenset(), *, blind: bool = True) -> None:
        """Begin with ``dialect``; never change ``fixed`` fields, and only named causes if not ``blind``."""
        self.dialect = dialect
        self._fixed = fixed
        self._blind = blind
        self._guesses: Iterator[Dialect] | None = None
        self._tried = {dialect}

    def refused(self, refusal: Refusal, pictures: int) -> bool:
        """Choose another form after a refusal of so many pictures; returns False when there is none."""
        hinted = self._hinted(refusal, pictures)
        if hinted is not None:
            self._guesses = None
            return self._take(hinted)
        if not self._blind or any(hint.search(refusal.message) for hint, _ in _HINTS):
            return False  # the named cause cannot be changed
        if self._guesses is None:
            self._guesses = self._all_guesses(self.dialect, refusal, pictures)
        return any(self._take(guess) for guess in self._guesses)

    def _take(self, dialect: Dialect) -> bool:
        if dialect in self._tried:
            return False
        self._tried.add(dialect)
        self.dialect = dialect
        return True

    def _hinted(self, refusal: Refusal, pictures: int) -> Dialect | None:
        if refusal.status not in _BLIND_STATUSES and refusal.status != _TOO_LARGE:
            return None
        for hint, change in _HINTS:
            if hint.search(refusal.message):
                changed = self._changed(self.dialect, change, pictures, refusal.message)
                if changed is not None and changed not in self._tried:
                    return changed
        if refusal.status == _TOO_LARGE:
            return self._changed(self.dialect, _less, pictures, "")
        return None

    def _all_guesses(self, base: Dialect, refusal: Refusal, pictures: int) -> Iterator[Dialect]:
        changes = _BLIND_STATUSES.get(refusal.status, ())
        together = base
        for change in changes:
            changed = self._changed(base, change, pictures, "")
            if changed is not None:
                yield changed
            if change not in {_few, _less, _one}:
                together = self._changed(together, change, pictures, "") or together
        yield together
        if _one in changes and pictures > 1:
            yield _showing(together, 1)

    def _changed(self, dialect: Dialect, change: Change, pictures: int, message: str) -> Dialect | None:
        changed = change(dialect, pictures, message)
        if changed is None or any(getattr(changed, f) != getattr(dialect, f) for f in self._fixed):
            return None
        return changed
