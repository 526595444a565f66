"""Proxies, redirects, and replies that are broken or without end."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.openai.client import UnreachableError
from tests.kit.models.chat_server import GOOD
from tests.kit.models.client import BODY, completed, failure, made
from tests.kit.models.model_server import Answer, ModelServer, always, completion, page
from tests.kit.models.wire import read_request, served
from tests.kit.mqtt.broker import certificates

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


# Certificates


def test_certificates_of_the_environment_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "junk.pem").write_text("no certificate")
    for name in ("absent.pem", "junk.pem"):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / name))
        with pytest.raises(DescribeError, match="SSL_CERT_FILE or SSL_CERT_DIR names no certificates"):
            made()


def test_a_certificate_is_checked_against_the_environments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    signed = certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.server, signed.server_key)
    says = Answer(completion(GOOD))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await read_request(reader) is not None:
            writer.write(says.encoded())
            await writer.drain()
        writer.close()

    async def ask() -> Any:
        async with await asyncio.start_server(serve, "localhost", 0, ssl=context) as server:
            client = made(f"https://localhost:{server.sockets[0].getsockname()[1]}/v1")
            try:
                return await client.complete(BODY, {})
            finally:
                await client.close()

    with pytest.raises(UnreachableError, match="cannot be reached: its certificate is refused: "):
        asyncio.run(ask())
    monkeypatch.setenv("SSL_CERT_FILE", str(signed.ca))
    assert asyncio.run(ask()) == says.value


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
    assert f"/v2 ({status}): set base_url to that address" in str(error)
    assert "geheim" not in str(error)
    assert server.requests == [("POST", "/v1/chat/completions")]


@pytest.mark.parametrize("to", ["http://elsewhere.invalid/v1/chat/completions", "//elsewhere.invalid/"])
def test_pictures_and_key_are_not_carried_to_another_host(to: str) -> None:
    error = failure(moved(307, to))
    assert "redirects to http://elsewhere.invalid/" in str(error)


def test_pictures_and_headers_are_not_carried_to_another_port() -> None:
    other = ModelServer()

    async def run() -> None:
        async with other.serving(), moved(307, f"{other.url}/chat/completions").serving() as first:
            client = made(first.url, **{"X-Key": "geheim"})
            try:
                with pytest.raises(RefusedError, match=rf"redirects to {other.url} \(307\): set base_url"):
                    await client.complete(BODY, {})
            finally:
                await client.close()

    asyncio.run(run())
    assert other.requests == []


def test_redirects_in_a_circle_end() -> None:
    server = ModelServer((always(Answer("", 307, headers={"location": "/v1/chat/completions"})),))
    assert str(failure(server)).endswith("gives no proper answer: more than 5 redirects")
    assert len(server.requests) == 6


def test_a_redirect_to_a_form_asks_for_another_address() -> None:
    error = failure(moved(302, "/login?next=/v1"))
    assert str(error).endswith("/login (302): is base_url right?")


# Replies


HEAD = b"HTTP/1.1 200 OK\r\n"


def replied(*reply: bytes) -> DescribeError:
    """The failure of a question that is answered with these bytes, after which the connection is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        with contextlib.suppress(ConnectionError):
            for part in reply:
                writer.write(part)
                await writer.drain()
        writer.close()

    async def run() -> DescribeError:
        async with served(serve) as url:
            client = made(url)
            with pytest.raises(DescribeError) as failed:
                await client.complete(BODY, {})
            await client.close()
            return failed.value

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "Server disconnected without sending a response; does it want https?"),
        (b"HTTP/2 200 OK\r\n\r\n{}", "illegal status line"),
        (HEAD + b"content-length: 9\r\n\r\n{}", "without sending complete message body"),
        (HEAD + b"content-length: -5\r\n\r\n{}", "bad Content-Length"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", "illegal chunk header"),
        (HEAD + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", "decompressing"),
    ],
)
def test_a_reply_that_breaks_http_is_no_matter_of_reaching_the_server(reply: bytes, why: str) -> None:
    error = replied(reply)
    assert not isinstance(error, UnreachableError)
    assert error.retryable
    assert " gives no proper answer: " in str(error)
    assert why in str(error)


@pytest.mark.parametrize(
    ("head", "part"),
    [(b"", b" " * 1_000_000), (b"content-encoding: gzip\r\n", gzip.compress(b" " * 20_000_000))],
)
def test_a_reply_that_is_longer_than_any_answer_is_not_read(head: bytes, part: bytes) -> None:
    error = replied(HEAD + head + b"\r\n", *[part] * 20)
    assert isinstance(error, RefusedError)
    assert str(error).endswith("00000 bytes: is base_url right?")
