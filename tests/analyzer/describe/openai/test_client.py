"""Keys, headers, proxies, redirects and pages: one clear line each, and no secret in it."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.openai.client import ChatClient, StatusError, UnreachableError, retry_after_s
from tests.kit.models.chat_server import GOOD
from tests.kit.models.model_server import Answer, ModelServer, always, completion, listed, page, refusal

BODY = {"model": "m", "messages": [{"role": "user", "content": "?"}]}
NOWHERE = "http://127.0.0.1:9/v1"
KEY = "sk-geheim-123456"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


def made(base_url: str | None = NOWHERE, **headers: str) -> ChatClient:
    return ChatClient(base_url, "OPENAI_API_KEY", headers)


def completed(server: ModelServer, times: int = 1, suffix: str = "") -> Any:
    """What the last of so many equal questions is answered with."""

    async def run() -> Any:
        async with server.serving():
            client = made(server.url + suffix)
            try:
                for _ in range(times):
                    value = await client.complete(BODY, {})
                return value
            finally:
                await client.close()

    return asyncio.run(run())


def failure(server: ModelServer) -> DescribeError:
    with pytest.raises(DescribeError) as failed:
        completed(server)
    assert "\n" not in str(failed.value)
    return failed.value


# Keys and headers


@pytest.mark.parametrize("key", [f"{KEY}\n", f"  {KEY}\r\n", f"\ufeff{KEY}", f"{KEY}\u200b\n"])
def test_space_around_a_key_is_not_part_of_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    server = ModelServer()
    completed(server)
    assert server.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", [f"{KEY}ä", f"{KEY}\n{KEY}", f"{KEY}\x07x", f"“{KEY}”", f"{KEY}\tx"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(DescribeError, match="OPENAI_API_KEY holds a line break or a letter") as failed:
        made()
    assert "geheim" not in str(failed.value)


def test_a_key_of_space_alone_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " \n")
    with pytest.raises(DescribeError, match="no API key: set OPENAI_API_KEY"):
        made(None)


@pytest.mark.parametrize("value", ["geheim\nx", "gehéim"])
def test_a_header_that_cannot_be_sent_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(DescribeError, match="extra_headers: X-Key holds a line break or a letter") as failed:
        made(**{"X-Key": value})
    assert value not in str(failed.value)


@pytest.mark.parametrize("name", ["X Key", "", "X:Key", "X-Kéy", "X\nY"])
def test_a_headers_name_must_be_one(name: str) -> None:
    with pytest.raises(DescribeError, match="cannot be a header's name"):
        made(**{name: "x"})


@pytest.mark.parametrize("organization", ["geheim\n", "gehéim"])
def test_a_header_of_the_environment_that_cannot_be_sent_is_not_shown(
    organization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", organization)
    error = failure(ModelServer())
    assert "a header cannot be sent (OPENAI_ORG_ID" in str(error)
    assert "geh" not in str(error)


def test_a_server_that_repeats_the_key_does_not_get_it_into_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    error = failure(ModelServer((always(refusal(f"Incorrect API key provided: {KEY}.", 401)),)))
    assert str(error).endswith("answers 401: Incorrect API key provided: ***.")


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "geheim",
        "/v1",
        "gpu-box:8000/v1",
        "ftp://gpu-box/v1",
        "http://",
        "http://gpu box/v1",
        "http://gpu-box:80a/v1",
        "http://gpu-box:0/v1",
        "http://gpu-box:99999/v1",
        "http://[::1/v1",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(
        DescribeError, match="base_url is no address such as http://gpu-box:8000/v1"
    ) as failed:
        made(address)
    assert "geheim" not in str(failed.value)


@pytest.mark.parametrize("suffix", ["", "/", "/chat/completions", "\n"])
def test_an_address_may_be_written_in_some_ways(suffix: str) -> None:
    server = ModelServer()
    assert completed(server, suffix=suffix) == server.says
    assert server.requests == [("POST", "/v1/chat/completions")]


def test_a_query_of_the_address_goes_with_each_request() -> None:
    server = ModelServer()
    completed(server, suffix="?api-version=2024-10-21")
    assert server.requests == [("POST", "/v1/chat/completions?api-version=2024-10-21")]


# Proxies


def test_a_socks_proxy_without_its_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:geheim@127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "socksio", None)  # as if it were not there
    with pytest.raises(
        DescribeError, match=r"a SOCKS proxy .* needs a package .*pip install socksio"
    ) as failed:
        made()
    assert "geheim" not in str(failed.value)


@pytest.mark.parametrize(
    "proxy", ["socks://me:geheim@127.0.0.1:9", "geheim://127.0.0.1:9", "http://geheim:x:y"]
)
def test_a_proxy_that_is_none_is_one_line(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(DescribeError, match=r"the environment's proxy .* is none that can be used") as failed:
        made()
    assert "geheim" not in str(failed.value)


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = ModelServer()

    async def run() -> Any:
        async with proxy.serving():
            monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
            client = made("http://gpu-box.invalid:8000/v1")
            try:
                return await client.complete(BODY, {})
            finally:
                await client.close()

    assert asyncio.run(run()) == proxy.says
    assert proxy.requests == [("POST", "http://gpu-box.invalid:8000/v1/chat/completions")]


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://me:geheim@127.0.0.1:9")
    error = failure(ModelServer())
    assert " cannot be reached through the environment's proxy: " in str(error)
    assert "geheim" not in str(error)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    completed(ModelServer())


def test_a_proxy_that_wants_a_password_is_a_failure_with_its_number() -> None:
    assert "answers 407: a web page" in str(failure(ModelServer((always(page("407 Proxy", 407)),))))


# Redirects


def moved(status: int, to: str) -> ModelServer:
    """A server that answers on another path than the one it is asked on."""
    server = ModelServer()
    server.rules = (
        lambda _: Answer("", status, "text/html", {"location": to}) if len(server.requests) == 1 else None,
    )
    return server


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_method_is_followed(status: int) -> None:
    server = moved(status, "/v2/chat/completions")
    assert completed(server) == server.says
    assert server.requests == [("POST", "/v1/chat/completions"), ("POST", "/v2/chat/completions")]
    assert server.asked == [BODY, BODY]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_lose_the_question_is_an_error_with_where_to(status: int) -> None:
    server = moved(status, "/v2/chat/completions?token=geheim")
    error = failure(server)
    assert isinstance(error, RefusedError)
    assert f"/v2/chat/completions ({status}): set base_url to that address" in str(error)
    assert "geheim" not in str(error)
    assert server.requests == [("POST", "/v1/chat/completions")]


@pytest.mark.parametrize("to", ["http://elsewhere.invalid/v1/chat/completions", "//elsewhere.invalid/"])
def test_pictures_and_key_are_not_carried_to_another_host(to: str) -> None:
    error = failure(moved(307, to))
    assert "redirects to http://elsewhere.invalid/" in str(error)


# Pages and failures


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
        (Answer({"error": {"message": "upstream"}}), "502: upstream"),
    ],
)
def test_a_failure_has_the_servers_message_or_its_own_reason(answer: Answer, told: str) -> None:
    error = failure(ModelServer((always(answer),)))
    assert isinstance(error, StatusError)
    assert str(error).endswith(f" answers {told}")
    assert error.retryable is (error.status >= 500)


def test_a_page_in_place_of_an_answer_is_named() -> None:
    error = failure(ModelServer((always(page("Sign in", 200)),)))
    assert isinstance(error, RefusedError)
    assert str(error).endswith(' answers with a web page, "Sign in", not JSON: is base_url right?')


def test_what_is_no_json_is_garbled() -> None:
    error = failure(ModelServer((always(Answer("{it is no JSON")),)))
    assert str(error).endswith("answers with garbled data")
    assert error.retryable


# The ceiling


def test_no_more_requests_fail_in_a_minute_than_is_allowed() -> None:
    server = ModelServer((always(refusal("down", 500)),), models=refusal("down", 500))

    async def run() -> None:
        async with server.serving():
            client = ChatClient(server.url, "OPENAI_API_KEY", {}, failures_per_minute=5.0)
            for _ in range(20):
                with pytest.raises(DescribeError) as failed:
                    await client.complete(BODY, {})
                with pytest.raises(DescribeError) as failed:
                    await client.models()
            assert isinstance(failed.value, UnreachableError)
            assert str(failed.value).endswith("is not asked: 5 requests failed within a minute")
            await client.close()

    asyncio.run(run())
    assert len(server.requests) <= 6  # and what is earned again meanwhile


def test_requests_that_are_answered_are_without_a_ceiling() -> None:
    server = ModelServer(says=completion(GOOD), models=listed("qwen"))

    async def run() -> None:
        async with server.serving():
            client = ChatClient(server.url, "OPENAI_API_KEY", {}, failures_per_minute=2.0)
            for _ in range(20):
                await client.complete(BODY, {})
            await client.close()

    asyncio.run(run())
    assert len(server.asked) == 20


# When to ask again


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("7", 7.0),
        (" 2.5 ", 2.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("999999", 600.0),
        ("soon", 0.0),
        ("", 0.0),
        ("Thu, 12 Mar 2026 14:00:20 GMT", 20.0),
        ("Thu, 12 Mar 2026 13:00:00 GMT", 0.0),
        ("Thu, 99 Mar 2026 13:00:00 GMT", 0.0),
    ],
)
def test_the_time_to_ask_again_is_read_from_the_header(header: str, wait_s: float) -> None:
    now_s = datetime(2026, 3, 12, 14, tzinfo=UTC).timestamp()
    assert retry_after_s({"retry-after": header}, now_s) == wait_s


@pytest.mark.parametrize(("status", "wait_s"), [(429, 30.0), (503, 30.0), (400, 0.0)])
def test_a_busy_server_says_when_to_ask_again(status: int, wait_s: float) -> None:
    answer = replace(refusal("slow down", status), headers={"retry-after": "30"})
    with pytest.raises(StatusError) as caught:
        completed(ModelServer((always(answer),)))
    assert caught.value.retry_after_s == wait_s
