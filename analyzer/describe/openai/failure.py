"""Read what a server says of a failure: messages, codes, web pages, errors in place of an answer."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from analyzer.describe.describer import one_line

_HTML = re.compile(r"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_MAX_MESSAGE = 300
_MAX_TITLE = 100
_MESSAGE_KEYS = ("error", "message", "detail", "errors", "error_description", "msg", "reason")
_STATUS_KEYS = ("code", "status", "status_code")
_BUSY = re.compile(r"rate.?limit|too many requests", re.IGNORECASE)


def page(response: Any) -> str | None:
    """Return a description of a response that is an HTML page, by its title; None for anything else."""
    text = response.text[:10_000]
    kind = str(response.headers.get("content-type", ""))
    if "html" not in kind.lower() and not _HTML.match(text):
        return None
    found = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.IGNORECASE | re.DOTALL)
    title = one_line(html.unescape(found[2])) if found else ""
    return f'a web page, "{title[:_MAX_TITLE]}", not JSON' if title else "a web page, not JSON"


def nature(response: Any) -> str:
    """Return what a successful response is that is neither JSON nor a page."""
    if not response.content.strip():
        return f"nothing ({response.status_code})"
    kind = one_line(str(response.headers.get("content-type", ""))).partition(";")[0]
    if kind == "text/event-stream":
        return "a stream of events, which was not asked for"
    return f"{kind[:_MAX_TITLE]}, not JSON" if kind and "json" not in kind.lower() else "garbled data"


def messages(response: Any, hidden: Callable[[str], str]) -> tuple[str, str]:
    """Return the message of a failed response: one line to be shown, and the full text to be searched.

    ``hidden`` removes secrets; the full text may contain them.
    """
    if found := page(response):
        return hidden(found), ""
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError):
        value = response.text
    shown = " ".join(_reported(value)) or response.text
    lines = hidden(shown).strip().splitlines()
    return (lines[0][:_MAX_MESSAGE] if lines else "nothing"), " ".join([shown, *_named(value)])


def contained_failure(value: Any) -> int | None:
    """Return the status of an error that a server reports in a successful response; None if there is none.

    It is 200 where the error names no status. An error next to an answer is none.
    """
    if not isinstance(value, dict) or any(isinstance(value.get(key), list) for key in ("data", "models")):
        return None
    choices = value.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    failure = choice.get("error") if isinstance(choice, dict) else None
    failure = failure or value.get("error")
    if choices:
        message = choice.get("message") if isinstance(choice, dict) else None
        has_text = isinstance(message, dict) and bool(message.get("content"))
        if not failure or has_text:
            return None
    elif not failure and not any(_reported(value)):
        return None
    return _status(failure, value)


def _status(*places: Any) -> int:
    for place in places:
        for key in _STATUS_KEYS if isinstance(place, dict) else ():
            digits = str(place.get(key))
            if re.fullmatch(r"[45]\d\d", digits):
                return int(digits)
    text = " ".join([*_reported(list(places)), *_named(places[-1])])
    return 429 if _BUSY.search(text) else 200


def _reported(value: Any) -> Iterator[str]:
    """Yield the error messages of a response, from the fields that servers use."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):  # FastAPI's
        for entry in value:
            where = entry.get("loc") if isinstance(entry, dict) else None
            yield from ([f"{'.'.join(map(str, where))}:"] if isinstance(where, list) else [])
            yield from _reported(entry.get("msg") or entry if isinstance(entry, dict) else entry)
    elif isinstance(value, dict):
        found = ([*_reported(value.get(key))] for key in _MESSAGE_KEYS)
        choices = value.get("choices")  # OpenRouter's
        nested = _reported(choices[0]) if isinstance(choices, list) and choices else ()
        yield from next((each for each in found if each), nested)


def _named(value: Any) -> Iterator[str]:
    """Yield more of a failure: codes, fields, and the raw message of an upstream server."""
    if isinstance(value, list):  # Google's
        for entry in value:
            yield from _named(entry)
    failure = value.get("error") if isinstance(value, dict) else None
    for each in (value, failure):
        if isinstance(each, dict):
            yield from (str(each[key]) for key in ("code", "type", "param", "status") if each.get(key))
            if isinstance(more := each.get("metadata"), dict):
                yield str(more.get("raw", ""))
