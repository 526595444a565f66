"""Where pages may be served, and to whom: what is refused, and that the token is never named."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from livereel.config.file import load
from livereel.config.options import Options, read_options
from livereel.config.schema import Config, ConfigError, UsageError
from sinks.sink import SinkError
from sinks.web.settings import WebSettings, problems
from sinks.web.sink import listen, url_of
from tests.kit.records.events import reel_in
from tests.kit.web.site import TOKEN, serving

REFUSED = {
    "an address of the network without a token": (WebSettings(host="10.0.0.5"), "token"),
    "every address without a token": (WebSettings(host="0.0.0.0"), "token"),  # noqa: S104  # it is refused
    "every IPv6 address without a token": (WebSettings(host="::"), "token"),
    "a name without a token": (WebSettings(host="house.lan"), "token"),
    "a short token": (WebSettings(token="short"), "token"),  # noqa: S106  # none
    "a token with a line break": (WebSettings(token=f"{TOKEN}\n"), "token"),
    "a token that is not ASCII": (WebSettings(token=f"{TOKEN}é"), "token"),
    "a path that is none": (WebSettings(root_path="livereel"), "root_path"),
    "a path that ends with a slash": (WebSettings(root_path="/livereel/"), "root_path"),
    "an empty part of a path": (WebSettings(root_path="/live//reel"), "root_path"),
    "a path in a frame's site": (WebSettings(frame_ancestors=("http://ha.local:8123/",)), "frame_ancestors"),
    "any frame's site": (WebSettings(frame_ancestors=("*",)), "frame_ancestors"),
    "a further directive": (WebSettings(frame_ancestors=("http://ha; script-src *",)), "frame_ancestors"),
    "a name as an ingress": (WebSettings(ingress_from=("homeassistant.local",)), "ingress_from"),
    "a network as an ingress": (WebSettings(ingress_from=("172.30.32.0/23",)), "ingress_from"),
    "a path with a line break": (WebSettings(root_path="/live\nreel"), "root_path"),
}
ACCEPTED = [
    WebSettings(),
    WebSettings(host="localhost", port=0),
    WebSettings(host="127.1.2.3"),
    WebSettings(host="::1"),
    WebSettings(host="0.0.0.0", token=TOKEN),  # noqa: S104  # nothing listens
    WebSettings(host="0.0.0.0", enabled=False),  # noqa: S104  # nothing listens
    WebSettings(root_path="/cameras/livereel"),
    WebSettings(frame_ancestors=("http://homeassistant.local:8123", "https://[fd00::5]")),
    WebSettings(ingress_from=("172.30.32.2", "fd00::5")),
]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_named(name: str) -> None:
    settings, key = REFUSED[name]
    assert [named for named, _ in problems(settings)] == [key]


@pytest.mark.parametrize("settings", ACCEPTED, ids=str)
def test_what_can_be_used_is_accepted(settings: WebSettings) -> None:
    assert list(problems(settings)) == []


def test_the_token_is_in_no_message_and_no_representation(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("web: {token: geheim}\n")
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert "web.token" in str(refused.value)
    assert "geheim" not in str(refused.value)
    assert TOKEN not in repr(WebSettings(token=TOKEN))


def test_options_of_the_command_line_come_before_the_configuration() -> None:
    options = read_options(None, [], [])
    assert options.with_web(None, None, serve=True).config.web == WebSettings()
    assert options.with_web("::1", 0, serve=True).config.web == WebSettings(host="::1", port=0)
    assert not options.with_web(None, None, serve=False).config.web.enabled
    off = Options(Config(web=WebSettings(enabled=False)))
    assert not off.with_web(None, None, serve=True).config.web.enabled
    with pytest.raises(UsageError, match=r"^--host 10\.0\.0\.5: web\.token is needed"):
        options.with_web("10.0.0.5", None, serve=True)
    with pytest.raises(UsageError, match=r"^--no-web and --host: choose one"):
        options.with_web("10.0.0.5", None, serve=False)


def test_a_port_that_is_in_use_is_one_line() -> None:
    with listen(WebSettings(port=0)) as first:
        port = first.getsockname()[1]
        in_use = rf"^web: 127\.0\.0\.1:{port}: Address already in use \(web\.port"
        with pytest.raises(SinkError, match=in_use):
            listen(WebSettings(port=port))


def test_an_address_that_is_not_here_is_one_line() -> None:
    with pytest.raises(SinkError, match=r"^web: 203\.0\.113\.7:0: "):
        listen(WebSettings(host="203.0.113.7", port=0, token=TOKEN))


def test_the_url_names_the_address_and_the_path() -> None:
    with listen(WebSettings(port=0)) as listening:
        port = listening.getsockname()[1]
        assert url_of(listening, WebSettings()) == f"http://127.0.0.1:{port}/"
        assert url_of(listening, WebSettings(root_path="/a/b")) == f"http://127.0.0.1:{port}/a/b/"


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6")
def test_an_ipv6_address_is_in_brackets() -> None:
    try:
        listening = listen(WebSettings(host="::1", port=0))
    except SinkError:
        pytest.skip("there is no IPv6")
    with listening:
        assert url_of(listening, WebSettings(host="::1")).startswith("http://[::1]:")


@pytest.mark.parametrize("path", ["/", "/login", "/media/reels/front/1/report.html"])
def test_other_sites_frame_the_pages_only_where_they_are_named(path: str, tmp_path: Path) -> None:
    allowed = ("http://homeassistant.local:8123", "https://home.example")
    for framed_by in ((), allowed):
        with serving(tmp_path / str(len(framed_by)), WebSettings(port=0, frame_ancestors=framed_by)) as site:
            reel = reel_in(site.ledger.data)
            (reel.folder / "report.html").write_text("<p>A report</p>")
            site.ledger.reels.add(reel)
            answer = site.get(path)
        assert answer.status == 200
        directives = answer.headers["content-security-policy"].split("; ")
        assert directives[-1] == " ".join(("frame-ancestors", "'self'", *framed_by))


@pytest.mark.parametrize("module", ["livereel.cli.commands", "livereel.app", "livereel.config.options"])
def test_no_web_server_is_imported_before_one_is_wanted(module: str) -> None:
    script = f"import sys, {module}; print({{'starlette', 'uvicorn', 'sse_starlette'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
