"""What a server says of a failure, in one line."""

from __future__ import annotations

import pytest

from analyzer.describe.describer import RefusedError
from analyzer.describe.openai.client import StatusError
from tests.kit.models.chat_server import GOOD
from tests.kit.models.client import completed, failure
from tests.kit.models.model_server import Answer, ModelServer, always, completion, page, refusal

KEY = "sk-geheim-123456"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            page("413 Request Entity Too Large", 413),
            '413: a web page, "413 Request Entity Too Large", not JSON',
        ),
        (page("403 Forbidden", 403), '403: a web page, "403 Forbidden", not JSON'),
        (Answer("<!DOCTYPE html><p>x", 502, "text/plain"), "502: a web page, not JSON"),
        (Answer("<html>\n<h1>Bad &amp;\n worse</h1>", 500), '500: a web page, "Bad & worse", not JSON'),
        (Answer("upstream is gone\nby far", 503, "text/plain"), "503: upstream is gone"),
        (Answer("", 400, "text/plain"), "400: nothing"),
        (Answer({"detail": "Not Found"}, 404), "404: Not Found"),
        (Answer({"error": "no such thing"}, 400), "400: no such thing"),
        (Answer({"object": "error", "message": "too long"}, 400), "400: too long"),
        (Answer({"detail": [{"loc": ["body", "n"], "msg": "is odd"}]}, 422), "422: body.n: is odd"),
        (Answer(["odd"], 400), "400: odd"),
        (Answer({"error": {"message": "overloaded", "code": 529}}), "529: overloaded"),
        (Answer({"error": {"message": "upstream"}}), "with an error: upstream"),
        (Answer({"error": True, "message": "upstream"}), "with an error: upstream"),
        (
            Answer({"success": False, "errors": [{"message": "Authentication"}]}),
            "with an error: Authentication",
        ),
        (Answer({"detail": "Not authenticated"}), "with an error: Not authenticated"),
        (Answer({"error": {"message": "bad key", "code": "401"}}), "401: bad key"),
        (Answer({"status": 500, "message": "Internal"}), "500: Internal"),
        (Answer({"error": {"message": "Slow down", "code": "rate_limit_exceeded"}}), "429: Slow down"),
        (
            Answer(
                {"choices": [{"error": {"code": 502, "message": "fell over"}, "message": {"content": ""}}]}
            ),
            "502: fell over",
        ),
        (Answer({**completion(None), "error": {"message": "partial"}}), "with an error: partial"),
        (refusal("odd \x1b[31mred\x07 \ud83d \u202e thing"), "400: odd [31mred thing"),
        (page("odd\x07 title", 403), '403: a web page, "odd title", not JSON'),
    ],
)
def test_a_failure_has_the_servers_message_or_its_own_reason(answer: Answer, told: str) -> None:
    error = failure(ModelServer((always(answer),)))
    assert isinstance(error, StatusError)
    assert str(error).endswith(f" answers {told}")
    assert error.retryable is (error.status >= 500 or error.status in {200, 429})


def test_an_error_next_to_an_answer_is_none() -> None:
    says = {**completion(GOOD), "error": {"message": "a warning"}}
    assert completed(ModelServer(says=says)) == says


def test_a_page_that_repeats_the_key_does_not_get_it_into_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for status in (200, 403):
        error = failure(ModelServer((always(page(f"No such key: {KEY}", status)),)))
        assert '"No such key: ***"' in str(error)


def test_a_page_in_place_of_an_answer_is_named() -> None:
    error = failure(ModelServer((always(page("Sign in", 200)),)))
    assert isinstance(error, RefusedError)
    assert str(error).endswith(' answers with a web page, "Sign in", not JSON: is base_url right?')


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer("{it is no JSON"), "garbled data"),
        (Answer("", kind="text/plain"), "nothing (200)"),
        (Answer("\n", 201), "nothing (201)"),
        (Answer("OK", kind="text/plain; charset=utf-8"), "text/plain, not JSON"),
        (Answer("<?xml version='1.0'?><Error/>", kind="application/xml"), "application/xml, not JSON"),
        (
            Answer('data: {"choices": []}\n\n', kind="text/event-stream"),
            "a stream of events, which was not asked for",
        ),
    ],
)
def test_what_is_no_json_is_named(answer: Answer, told: str) -> None:
    error = failure(ModelServer((always(answer),)))
    assert str(error).endswith(f"answers with {told}")
    assert error.retryable
