"""The pages below a path: the one of the options, or the one that Home Assistant's ingress names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sinks.web.settings import WebSettings
from tests.kit.web.site import TOKEN, serving

WITH_TOKEN = WebSettings(port=0, token=TOKEN)
BEARER = {"authorization": f"Bearer {TOKEN}"}
INGRESS = {**BEARER, "x_ingress_path": "/api/hassio_ingress/abc-_1"}


@pytest.mark.parametrize("as_seen", [True, False], ids=["whole path", "path removed by the proxy"])
def test_pages_work_below_a_path(as_seen: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a parameter of the test
    settings = replace(WITH_TOKEN, root_path="/house/cams")
    with serving(tmp_path, settings) as site:
        before = "" if as_seen else "/house/cams"
        prefix = "" if before else "/house/cams"
        proxied = replace(site, root_path=prefix)
        assert site.sink.url.endswith("/house/cams/")
        sent = proxied.get("/timeline", accept="text/html")
        assert (sent.status, sent.headers["location"]) == (303, "/house/cams/login")
        home = proxied.get("/", **BEARER)
        assert home.status == 200
        assert 'src="/house/cams/static/app.js"' in home.text
        assert 'aria-current="page">Home' in home.text
        for path in ("/static/app.js", "/healthz", "/login"):
            assert proxied.get(path).status == 200
        assert proxied.get("/api/nowhere", **BEARER).json() == {"error": "Not Found"}
        entered = proxied.post("/login", f"token={TOKEN}".encode())
        assert entered.headers["location"] == "/house/cams/"
        assert "Path=/house/cams" in entered.headers["set-cookie"]


def test_an_ingress_names_the_path_of_each_request(tmp_path: Path) -> None:
    with serving(tmp_path, replace(WITH_TOKEN, root_path="/cams", ingress_from=("127.0.0.1",))) as site:
        direct = replace(site, root_path="")
        home = direct.get("/", **INGRESS)
        assert 'src="/api/hassio_ingress/abc-_1/static/app.js"' in home.text
        assert direct.get("/", x_ingress_path="/api/hassio_ingress/abc-_1").status == 401
        without = direct.get("/", **BEARER)
        assert 'src="/cams/static/app.js"' in without.text


NO_PATHS = [
    "",
    "x",
    "//evil.example",
    "/a/../b",
    "/a//b",
    "/a/",
    '/a"><b',
    "/a\tb",
    "/a?b",
    "/é",
    "/" + 200 * "a",
]


@pytest.mark.parametrize("path", NO_PATHS)
def test_an_ingress_path_that_is_none_has_no_effect(tmp_path: Path, path: str) -> None:
    with serving(tmp_path, replace(WITH_TOKEN, ingress_from=("127.0.0.1",))) as site:
        answer = site.get("/", **BEARER, x_ingress_path=path)
        assert 'src="/static/app.js"' in answer.text


def test_no_other_address_names_a_path(tmp_path: Path) -> None:
    """Neither without the option, nor by saying that it speaks for the ingress."""
    for addresses in ((), ("172.30.32.2",)):
        with serving(tmp_path / str(len(addresses)), replace(WITH_TOKEN, ingress_from=addresses)) as site:
            answer = site.get("/", **INGRESS, x_forwarded_for="172.30.32.2")
            assert 'src="/static/app.js"' in answer.text
