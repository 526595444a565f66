"""Keys, headers, addresses, and how often a server is asked: one clear line each, and no secret in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.openai.client import ChatClient, StatusError, UnreachableError, retry_after_s
from tests.kit.models.chat_server import GOOD
from tests.kit.models.client import BODY, completed, failure, made
from tests.kit.models.model_server import ModelServer, always, completion, listed, refusal

KEY = "sk-geheim-123456"


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


@pytest.mark.parametrize("key", ["Bearer sk-geheim", "sk geheim", '"sk-geheim"', "'sk-geheim'"])
def test_what_stands_around_a_key_is_refused_and_not_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(DescribeError, match="OPENAI_API_KEY holds a space or quotation marks") as failed:
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
        ("99999999999", 600.0),
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
